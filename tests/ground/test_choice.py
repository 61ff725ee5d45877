"""Choice: the logit, its logsum, and what an alternative is worth to who chose it."""

import math

import numpy as np
import pytest

from sim.engine import luck
from sim.ground import choice

CHANCES = (1e-9, 0.01, 0.3, 0.5, 0.9, 1.0 - 1e-9)


def test_gumbels_are_gumbel_one_by_one() -> None:
    u = np.linspace(1e-12, 1 - 1e-12, 999)
    into = np.full(u.size + 1, 7.0)
    choice.gumbels(u, u.size, into)
    assert into[:-1] == pytest.approx([choice.gumbel(one) for one in u], rel=1e-9, abs=1e-12)
    assert into[-1] == 7.0


def test_a_choice_between_two_is_a_logit_of_how_much_better_one_is() -> None:
    """Two Gumbel noises differ by a logistic one, and the better is chosen as often as the logit says."""
    u, v = (luck.uniforms(luck.key(1, name), 40_000) for name in ("one", "other"))
    chosen = [
        choice.random_utility(0.7, 1.0, x) > choice.random_utility(0.0, 1.0, y) for x, y in zip(u, v, strict=True)
    ]
    by_difference = [choice.logistic(x) < 0.7 for x in u]
    assert np.mean(chosen) == pytest.approx(choice.logit(0.7), abs=0.01)
    assert np.mean(by_difference) == pytest.approx(choice.logit(0.7), abs=0.01)
    assert choice.quick_logit(0.7) == pytest.approx(choice.logit(0.7), rel=1e-12)


def test_without_noise_the_utility_is_what_it_is() -> None:
    assert choice.random_utility(0.7, 0.0, 0.3) == 0.7
    assert choice.utilities_without(0.1, 0.2, 0.0, 0.3, 0.4) == (0.1, 0.2)
    assert choice.logit_scale(0.0) == 1.0
    assert choice.logit_scale(2.0) == 2.0


def test_shares_are_by_weight_and_sum_to_one() -> None:
    weights = [choice.weight(utility, 0.5) for utility in (0.3, -1.0, 2.0)]
    shares = [choice.share(weight, sum(weights)) for weight in weights]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[2] / shares[0] == pytest.approx(math.exp((2.0 - 0.3) / 0.5))
    assert choice.share(weights[0], sum(weights), 200.0) == pytest.approx(200.0 * shares[0])
    assert choice.odds(2.0, 0.3, -1.0) == pytest.approx(math.exp(2.0) / (math.exp(0.3) + math.exp(-1.0)))


@pytest.mark.parametrize("equals", [1, 2, 10])
def test_equal_alternatives_add_the_logarithm_of_their_number_to_the_logsum(equals: int) -> None:
    one = choice.weight(0.4, 2.0)
    assert choice.logsum_gain((1 + equals) * one, one, 2.0) == pytest.approx(2.0 * math.log(1 + equals))


def test_the_logsum_is_what_the_best_is_worth_in_the_mean() -> None:
    noise = -np.log(-np.log(luck.uniforms(luck.key(1, "noise"), 400_000))).reshape(4, -1)
    utilities = np.array([0.0, 1.0, -0.5, 0.3])[:, None]
    simulated = (utilities + noise).max(axis=0).mean() - noise[0].mean()
    weights = [choice.weight(utility, 1.0) for utility in utilities.ravel().tolist()]
    assert choice.logsum_gain(sum(weights), weights[0], 1.0) == pytest.approx(simulated, abs=0.01)


def test_the_logsum_stands_where_weights_are_more_than_a_computer_holds() -> None:
    assert choice.log_of_ratio(1e300, 1e-300) == pytest.approx(600.0 * math.log(10.0))


@pytest.mark.parametrize("chance", CHANCES)
def test_what_a_chosen_thing_is_worth_is_one_law_in_four_spellings(chance: float) -> None:
    """-ln(1 - P)/P, by the chance, the odds, both, and by how much better one of two is."""
    value = -math.log1p(-chance) / chance
    odds = chance / (1.0 - chance)
    assert choice.value_of_chosen(chance, 0.1) == pytest.approx(10.0 * value, rel=1e-6)
    assert choice.value_at_odds(odds) == pytest.approx(value, rel=1e-6)
    assert choice.value_at_odds_and_chance(odds, chance) == pytest.approx(value, rel=1e-6)
    assert choice.value_of_better(math.log(odds)) == pytest.approx(value, rel=1e-6)


def test_what_is_chosen_by_few_is_worth_one_unit_of_noise_and_what_is_chosen_by_all_has_no_end() -> None:
    assert choice.value_at_odds(0.0) == 1.0
    assert choice.value_of_chosen(1e-12, 1.0) == pytest.approx(1.0)
    assert math.isfinite(choice.value_of_chosen(1.0, 1.0))
    assert choice.value_of_better(500.0) == 500.0
    assert choice.value_of_better(29.999999) == pytest.approx(choice.value_of_better(30.000001), rel=1e-6)


def test_those_who_choose_have_among_them_all_that_the_alternative_adds() -> None:
    """Simulated: what the best is worth more with an alternative than without, over those who choose it."""
    noise = -np.log(-np.log(luck.uniforms(luck.key(1, "noise"), 600_000))).reshape(3, -1)
    here, other = -1.0 + noise[0], np.maximum(0.4 + noise[1], noise[2])
    gains = np.maximum(here, other) - other
    odds = choice.odds(-1.0, 0.4, 0.0)
    assert gains.sum() / (here > other).sum() == pytest.approx(choice.value_at_odds(odds), rel=0.02)
