"""Luck by name: even, unrelated between names, the same when asked again, and monotone."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from sim.engine import luck
from sim.engine.kernels import kernel

MANY = 40_000
chances = st.floats(1e-12, 1 - 1e-12)


@kernel
def _asked(key, people, k):
    """What a kernel draws: `uniform` for each person, and the halves of `two`."""
    one, high, low = np.empty(people), np.empty(people), np.empty(people)
    for who in range(people):
        one[who] = luck.uniform(key, who, k)
        high[who], low[who] = luck.two(key, who, k)
    return one, high, low


def far(statistic: float, degrees: float) -> bool:
    """Whether a chi-square lies beyond chance (one in a hundred thousand)."""
    return bool(stats.chi2.sf(statistic, degrees) < 1e-5)


@pytest.mark.parametrize("name", ["messaging.threads", "presence.opens", "x"])
def test_draws_are_even(name: str) -> None:
    """Breaks with one mixing round fewer over consecutive ids, or a sign error in the shift."""
    u = luck.uniforms(luck.key(1, name, 5), MANY)
    counts = np.bincount((u * 100).astype(int), minlength=100)
    assert not far(float(((counts - MANY / 100) ** 2 / (MANY / 100)).sum()), 99)
    assert u.min() > 0
    assert u.max() < 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "a", 0), (1, "b", 0)),  # names
        ((1, "a", 0), (1, "a", 1)),  # days
        ((1, "a", 0), (2, "a", 0)),  # seeds
        ((1, "a", luck.EVER), (1, "a", 0)),
    ],
)
def test_what_is_named_differently_is_unrelated(one: tuple[int, str, int], other: tuple[int, str, int]) -> None:
    """Breaks if a key forgets the name, the day or the seed: the two columns would be equal, or shifted."""
    a, b = luck.uniforms(luck.key(*one), MANY), luck.uniforms(luck.key(*other), MANY)
    table = np.histogram2d(a, b, bins=10, range=[[0, 1], [0, 1]])[0]
    assert not far(float(((table - MANY / 100) ** 2 / (MANY / 100)).sum()), 99)


@pytest.mark.parametrize("apart", [1, 2, 64, 65_536])
def test_neighbours_are_unrelated(apart: int) -> None:
    u = luck.uniforms(luck.key(3, "neighbours", 0), MANY + apart)
    assert abs(np.corrcoef(u[:MANY], u[apart:])[0, 1]) < 5 / math.sqrt(MANY)


def test_questions_to_one_person_are_unrelated() -> None:
    key = luck.key(4, "questions", 0)
    assert abs(np.corrcoef(luck.uniforms(key, MANY, 0), luck.uniforms(key, MANY, 1))[0, 1]) < 5 / math.sqrt(MANY)


def test_the_two_halves_of_a_draw_are_even_and_unrelated() -> None:
    _, high, low = _asked(luck.key(5, "halves", 0), MANY, 0)
    for half in (high, low):
        assert abs(half.mean() - 0.5) < 5 * math.sqrt(1 / 12 / MANY)
    assert abs(np.corrcoef(high, low)[0, 1]) < 5 / math.sqrt(MANY)


def test_the_four_quarters_of_a_word_are_even_and_unrelated() -> None:
    words = np.random.default_rng(1).integers(0, 2**64, 20_000, dtype=np.uint64)
    quarters = np.array([luck.quarters(word) for word in words])
    assert ((quarters > 0) & (quarters < 1)).all()
    assert (abs(quarters.mean(axis=0) - 0.5) < 5 * math.sqrt(1 / 12 / words.size)).all()
    assert (abs(np.corrcoef(quarters.T) - np.eye(4)) < 5 / math.sqrt(words.size)).all()
    parts = words[:, None] >> np.array([48, 32, 16, 0], np.uint64) & np.uint64(0xFFFF)
    assert (quarters == (parts + 0.5) / 2**16).all()  # the middle of each step


def test_no_word_gives_zero_or_one() -> None:
    for word in (np.uint64(0), np.uint64(2**64 - 1)):
        for u in (luck.fraction(word), *luck.halves(word), *luck.quarters(word)):
            assert 0.0 < u < 1.0


def test_normals_are_normal_one_by_one() -> None:
    u = np.concatenate([np.linspace(1e-9, 1 - 1e-9, 1_001), [luck.TAIL, 1 - luck.TAIL]])
    into = np.full(u.size + 1, 7.0)
    luck.normals(u, u.size, into)
    assert into.tolist() == [*(luck.normal(one) for one in u.tolist()), 7.0]


def test_what_a_draw_has_left_is_even_and_unrelated_to_it() -> None:
    u = luck.uniforms(luck.key(5, "rest", 0), MANY)
    left = np.array([luck.rest(one) for one in u.tolist()])
    assert (left >= 0).all()
    assert (left < 1).all()
    assert abs(left.mean() - 0.5) < 5 * math.sqrt(1 / 12 / MANY)
    assert abs(np.corrcoef(u, left)[0, 1]) < 5 / math.sqrt(MANY)
    assert np.unique(left).size > 0.9 * min(MANY, 2**20)


def test_a_question_has_one_answer_in_arrays_in_kernels_and_alone() -> None:
    key = luck.key(6, "same", 9)
    compiled, _, _ = _asked(key, 1_000, 3)
    assert compiled.tobytes() == luck.uniforms(key, 1_000, 3).tobytes()
    assert luck.draw(key, 17, 3) == compiled[17]
    assert luck.uniforms(key, np.array([17]), 3)[0] == compiled[17]


def test_many_pairs_at_once_are_pairs_one_by_one() -> None:
    key, others, drawn = luck.key(1, "pairs"), np.array([5, 9, 2, 70_000]), np.full(4, 7.0)
    with np.errstate(over="ignore"):
        luck.pairs(luck.of(key, 3), others, 3, 2, drawn)
        assert drawn.tolist() == [*(luck.pair(key, 3, other, 2) for other in (5, 9, 2)), 7.0]


def test_an_ordered_pair_has_luck_of_its_own() -> None:
    key = luck.key(7, "pairs", 0)
    with np.errstate(over="ignore"):
        assert luck.pair(key, 3, 5, 0) == luck.pair(key, 3, 5, 0)
        drawn = {luck.pair(key, a, b, 0) for a in range(20) for b in range(20)}
    assert len(drawn) == 400


def test_a_negative_seed_and_a_large_one_have_luck_too() -> None:
    assert luck.key(-1, "x", 0) != luck.key(1, "x", 0)
    assert 0 < luck.draw(luck.key(2**63 - 1, "x", 0)) < 1


# quantiles


@pytest.mark.parametrize("u", [1e-12, 1e-6, 0.01, 0.02425, 0.1, 0.5, 0.9, 0.97575, 0.999, 1 - 1e-9])
def test_the_normal_quantile_is_the_textbooks(u: float) -> None:
    assert luck.normal(u) == pytest.approx(stats.norm.ppf(u), rel=2e-9, abs=1e-8)


@pytest.mark.parametrize("u", [0.001, 0.2, 0.5, 0.8, 0.999])
def test_other_quantiles_are_the_textbooks(u: float) -> None:
    assert luck.exponential(3.0, u) == pytest.approx(stats.expon.ppf(u, scale=3.0))
    assert luck.lognormal(20.0, 0.7, u) == pytest.approx(
        stats.lognorm.ppf(u, 0.7, scale=20 * math.exp(-0.245)), rel=1e-7
    )
    for mean in (0.1, 1.0, 7.5, 49.0):
        assert luck.poisson(mean, u) == stats.poisson.ppf(u, mean)
    for mean in (50.1, 80.0, 400.0):  # by formula, within one
        assert abs(luck.poisson(mean, u) - stats.poisson.ppf(u, mean)) <= 1
    for mean in (1.5, 6.2):  # counted from the other end: a lucky draw is a long one or a short one alike
        assert luck.geometric(mean, u) == stats.geom.ppf(1 - u, 1 / mean)


@given(u=chances, v=chances)
def test_more_luck_never_lowers_a_draw(u: float, v: float) -> None:
    low, high = sorted((u, v))
    assert luck.normal(low) <= luck.normal(high)
    assert luck.exponential(2.0, low) <= luck.exponential(2.0, high)
    assert luck.lognormal(10.0, 1.0, low) <= luck.lognormal(10.0, 1.0, high)
    assert luck.poisson(6.0, low) <= luck.poisson(6.0, high)
    assert luck.rounded(3.3, low) <= luck.rounded(3.3, high)
    assert luck.geometric(4.0, low) >= luck.geometric(4.0, high)


@given(u=chances, mean=st.floats(0.01, 100), more=st.floats(0, 20))
@example(u=0.99, mean=49.999, more=0.002)  # from search to formula
@example(u=1e-12, mean=32.0, more=19.0)
def test_a_higher_rate_never_lowers_a_draw(u: float, mean: float, more: float) -> None:
    """What makes two strategies share their shocks; rejection sampling or numpy's Poisson would break it."""
    assert luck.poisson(mean, u) <= luck.poisson(mean + more, u)
    assert luck.geometric(mean, u) <= luck.geometric(mean + more, u)
    assert luck.exponential(mean, u) <= luck.exponential(mean + more, u)
    assert luck.rounded(mean, u) <= luck.rounded(mean + more, u)


def test_the_means_are_those_asked_for() -> None:
    u = luck.uniforms(luck.key(8, "means", 0), MANY)
    for rule, mean, spread in (
        (lambda x: luck.poisson(3.3, x), 3.3, math.sqrt(3.3)),
        (lambda x: luck.poisson(50.5, x), 50.5, math.sqrt(50.5)),
        (lambda x: luck.geometric(6.2, x), 6.2, math.sqrt(6.2 * 5.2)),
        (lambda x: luck.lognormal(20.0, 0.5, x), 20.0, 20 * math.sqrt(math.exp(0.25) - 1)),
        (lambda x: luck.exponential(2.0, x), 2.0, 2.0),
        (lambda x: luck.rounded(2.7, x), 2.7, 0.46),
    ):
        assert np.mean([rule(x) for x in u.tolist()]) == pytest.approx(mean, abs=5 * spread / math.sqrt(MANY))


def test_nothing_comes_of_a_rate_of_zero() -> None:
    assert luck.poisson(0.0, 0.999_999) == 0
    assert luck.geometric(1.0, 1e-12) == 1
    assert luck.geometric(0.2, 1e-12) == 1  # nobody who gives gives less than one
