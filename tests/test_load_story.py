"""The story of the advert load: more places earn more in a month and lose people over three years.

Told over several seeds; the 95 % interval of each paired difference lies on the side the story says. What breaks it:
adverts that nobody minds, and harm that is felt at once (the best load is then the same for any horizon).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from worlds import outcomes, surely_above

SEEDS = (1, 2, 3)
PEOPLE, MONTH, THREE_YEARS = 600, 30, 3 * 365
FEW, SOME, MANY = 2.0, 6.0, 12.0  # adverts a day of use between the threads of the inbox
USUAL, AVERSE = 0.07, 0.2  # advertising.nuisance: the default, and the end of its range


class Told(NamedTuple):
    """Revenue of a month and of three years, and daily users of the last four weeks; a number a seed."""

    month: NDArray[np.float64]
    three_years: NDArray[np.float64]
    users: NDArray[np.float64]


def told(load: float, nuisance: float = USUAL) -> Told:
    """What a load brings in small worlds of talk and adverts, where no money is sent."""
    left = outcomes(
        SEEDS,
        run={"users": PEOPLE, "days": THREE_YEARS},
        wallet={"on": False},
        lucky_money={"on": False},
        advertising={"on": True, "inbox_slots": load, "nuisance": nuisance},
        company={"knows_profile": True},
    )
    earned, users = (np.array([it.days[name] for it in left]) for name in ("revenue.advertising", "users.daily"))
    return Told(earned[:, :MONTH].sum(axis=1), earned.sum(axis=1), users[:, -28:].mean(axis=1))


def test_more_places_earn_more_in_a_month_and_lose_people_over_three_years():
    few, some, many = told(FEW), told(SOME), told(MANY)
    surely_above(some.month, few.month)
    surely_above(many.month, some.month)
    surely_above(few.users, some.users)
    surely_above(some.users, many.users)


def test_over_three_years_the_best_load_lies_inside_below_that_of_a_month():
    """Of these three the many are best for a month; over three years both ends earn less than what lies between."""
    few, some, many = told(FEW), told(SOME), told(MANY)
    surely_above(many.month, some.month)
    surely_above(some.three_years, few.three_years)
    surely_above(some.three_years, many.three_years)


def test_the_best_load_falls_as_aversion_grows():
    """Beyond the few more places earn more where people mind as usual; where they mind much, many earn less than few."""
    few, some = told(FEW).three_years, told(SOME).three_years
    few_averse, some_averse, many_averse = (told(load, AVERSE).three_years for load in (FEW, SOME, MANY))
    surely_above(some, few)
    surely_above(few_averse, many_averse)
    surely_above(some / few, some_averse / few_averse)
