"""The story of the advert load: more places earn more in a month and lose people over three years.

Told over several seeds; the 95 % interval of each paired difference lies on the side the story says. What breaks it:
adverts that nobody minds, and harm that is felt at once (the best load is then the same for any horizon).
"""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.ground.friends.friends import Friends
from sim.scenario import Scenario
from sim.world import World

SEEDS = (1, 2, 3)
PEOPLE, MONTH, THREE_YEARS = 600, 30, 3 * 365
FEW, SOME, MANY = 2.0, 6.0, 12.0  # adverts a day of use between the threads of the inbox
USUAL, AVERSE = 0.07, 0.2  # advertising.nuisance: the default, and the end of its range


class Told(NamedTuple):
    """Revenue of a month and of three years, and daily users of the last four weeks; a number a seed."""

    month: NDArray[np.float64]
    three_years: NDArray[np.float64]
    users: NDArray[np.float64]


@functools.cache
def _friends(seed: int) -> Friends:
    return Friends.make(Scenario.make().friends, PEOPLE, seed)


@functools.cache
def lived(load: float, nuisance: float = USUAL) -> Told:
    """What a load brings in small worlds of talk and adverts, where no money is sent."""
    found = []
    for seed in SEEDS:
        scenario = Scenario.make(
            run={"users": PEOPLE, "days": THREE_YEARS, "seed": seed},
            wallet={"on": False},
            lucky_money={"on": False},
            advertising={"on": True, "inbox_slots": load, "nuisance": nuisance},
            company={"knows_profile": True},
        )
        world = World(scenario, friends=_friends(seed))
        while world.running:
            world.step()
        world.close()
        earned, users = (np.array(world.history[name], float) for name in ("revenue.advertising", "users.daily"))
        found.append((earned[:MONTH].sum(), earned.sum(), users[-28:].mean()))
    return Told(*np.array(found).T)


def surely_above(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> None:
    """The paired 95 % interval of higher - lower lies above zero."""
    difference = higher - lower
    half = stats.t.ppf(0.975, difference.size - 1) * stats.sem(difference)
    assert difference.mean() - half > 0, f"{difference.mean():g} +- {half:g}"


def test_more_places_earn_more_in_a_month_and_lose_people_over_three_years():
    few, some, many = lived(FEW), lived(SOME), lived(MANY)
    surely_above(some.month, few.month)
    surely_above(many.month, some.month)
    surely_above(few.users, some.users)
    surely_above(some.users, many.users)


def test_over_three_years_the_best_load_lies_inside_below_that_of_a_month():
    """Of these three the many are best for a month; over three years both ends earn less than what lies between."""
    few, some, many = lived(FEW), lived(SOME), lived(MANY)
    surely_above(many.month, some.month)
    surely_above(some.three_years, few.three_years)
    surely_above(some.three_years, many.three_years)


def test_the_best_load_falls_as_aversion_grows():
    """Beyond the few more places earn more where people mind as usual; where they mind much, many earn less than few."""
    few, some = lived(FEW).three_years, lived(SOME).three_years
    few_averse, some_averse, many_averse = (lived(load, AVERSE).three_years for load in (FEW, SOME, MANY))
    surely_above(some, few)
    surely_above(few_averse, many_averse)
    surely_above(some / few, some_averse / few_averse)
