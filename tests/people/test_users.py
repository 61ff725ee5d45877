"""Users: traits are drawn once, by name, as the settings say."""

import numpy as np
import pytest
from worlds import lived

from sim.people.users import LEFT, MEMBER, NEVER, privacy_concern
from sim.scenario import Scenario
from sim.world import World


@pytest.fixture(scope="module")
def crowd() -> World:
    world = World(Scenario.make(run={"users": 20_000, "days": 1}, users={"first_members": 0.7}))
    world.close()
    return world


def test_a_concern_for_privacy_has_the_mean_asked_for_and_stays_a_share(crowd: World) -> None:
    concern = crowd.users.users.privacy_concern
    assert concern.mean() == pytest.approx(0.3, abs=0.01)
    assert concern.min() >= 0
    assert concern.max() <= 1


def test_a_fifth_does_not_mind_at_all_and_a_quarter_minds_much(crowd: World) -> None:
    """Westin's surveys; breaks if everybody minds a little."""
    concern = crowd.users.users.privacy_concern
    assert (concern == 0).mean() == pytest.approx(0.2, abs=0.012)
    assert (concern > 0.5).mean() == pytest.approx(0.27, abs=0.015)
    assert concern[concern > 0.5].mean() > 0.7


@pytest.mark.parametrize(("mean", "unconcerned"), [(0.1, 0.2), (0.3, 0.35), (0.6, 0.2), (0.9, 0.2)])
def test_concern_has_its_mean_whatever_the_share_of_those_who_do_not_mind(mean: float, unconcerned: float) -> None:
    """Where the mean leaves no room for so many of them there are fewer."""
    concern = np.array([privacy_concern(mean, u, unconcerned) for u in (np.arange(20_000) + 0.5) / 20_000])
    assert concern.mean() == pytest.approx(mean, abs=2e-4)
    assert (concern == 0).mean() == pytest.approx(min(unconcerned, 1 - mean), abs=1e-3)
    assert (np.diff(concern) >= 0).all(), "the same luck minds more than another's, whatever the mean"


@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_nobody_or_everybody_may_care(mean: float) -> None:
    assert privacy_concern(mean, 0.3) == mean


def test_traits_have_the_means_asked_for(crowd: World) -> None:
    users = crowd.users.users
    assert users.income.mean() == pytest.approx(450_000, rel=0.02)
    assert users.advert_aversion.mean() == pytest.approx(1.0, rel=0.03)
    assert users.sociability.mean() == pytest.approx(1.0, rel=0.12)  # a heavy tail: its mean is known less well
    assert np.bincount(users.age) / crowd.size == pytest.approx([0.3, 0.3, 0.25, 0.15], abs=0.015)


def test_the_young_wish_to_write_more(crowd: World) -> None:
    """In the ratio 74 to 44; breaks if the ages are the wrong way round or scaled away."""
    users = crowd.users.users
    young, old = (np.median(users.sociability[users.age == age]) for age in (0, 3))
    assert young / old == pytest.approx(74 / 44, rel=0.12)


def test_the_share_of_first_members_is_that_asked_for(crowd: World) -> None:
    membership = crowd.users.users.membership
    assert (membership == MEMBER).mean() == pytest.approx(0.7, abs=0.015)
    assert set(np.unique(membership)) == {NEVER, MEMBER}


def test_traits_are_luck_of_their_own(crowd: World) -> None:
    """Breaks if two traits share a key: the rich would all be sociable."""
    users = crowd.users.users
    traits = np.array([users.sociability, users.income, users.advert_aversion, users.privacy_concern], np.float64)
    ranks = np.argsort(np.argsort(traits, axis=1), axis=1)
    apart = np.corrcoef(ranks) - np.eye(4)
    assert np.abs(apart).max() < 5 / np.sqrt(crowd.size)


def test_another_seed_makes_other_people_and_more_people_do_not_change_the_first() -> None:
    one, two = (lived(run={"users": 300, "days": 1, "seed": seed}).users.users.income for seed in (1, 2))
    assert (one != two).mean() > 0.99
    assert (lived(run={"users": 500, "days": 1}).users.users.income[:300] == one).all()


def test_those_who_left_are_counted_apart() -> None:
    world = lived(
        run={"users": 400, "days": 130}, attention={"has_rival": 1.0, "leaving": 1.0, "dropping_out": 0.0}, rival={"advantage": 8.0},
        joining={"innovation": 0.0, "imitation": 0.0, "invitation": 0.0},
    )  # fmt: skip
    left = (world.users.users.membership == LEFT).sum()
    history = world.history
    assert left > 0
    assert history["users.left"].iloc[-1] == left == history["users.leaves"].sum()
    assert (
        history["users.members"].iloc[-1] == history["users.members"].iloc[0] + history["users.leaves"].iloc[0] - left
    )
