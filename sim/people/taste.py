"""Taste: where people stand on the circle of each kind of goods, and what a shop is worth to them.

Shops and the assistant judge by the same rules and the same luck.
"""

import math

from sim.engine import elementary, luck
from sim.engine.kernels import rule

MOST_OF_ALL = 1e300  # near the most that a computer holds


@rule
def distance(one, other):
    """Shorter way round a circle of length 1."""
    apart = abs(one - other)
    return min(apart, 1.0 - apart)


@rule
def taste(group_place, u, alike):
    """A person's place on a circle: their group's, scattered the more the less friends are alike."""
    return (group_place + (1.0 - alike) * (u - 0.5)) % 1.0


@rule
def match(apart, peculiar, travel, pair_spread):
    """How well a shop suits a person, in logit units: centred on 0 over a circle."""
    return travel * (0.25 - apart) + pair_spread * peculiar


@rule
def worth_of_shop(quality, suits, travel, reservation, price, price_weight):
    """Systematic worth of buying at a price in cents: quality, match and the need's own worth, less the price."""
    return quality + suits - 0.25 * travel + price_weight * (reservation - price / 100.0)


@rule
def log_of_ratio(top, bottom):
    """Logarithm of the ratio of two positive numbers, also where that ratio is none that a computer holds."""
    ratio = top / bottom
    return elementary.log(ratio) if ratio < MOST_OF_ALL else elementary.log(top) - elementary.log(bottom)


@rule
def share(weight, others):
    """Chance of what has a weight among others, however large that is."""
    weight = min(weight, MOST_OF_ALL)
    return weight / (others + weight)


@rule
def gumbel(u):
    """Gumbel quantile: the noise of a logit choice."""
    return -math.log(-math.log(u))


@rule
def gumbels(u, number, into):
    """`gumbel` of the first `number` of `u`, vectorised."""
    for i in range(number):
        into[i] = -elementary.log(-elementary.log(u[i]))


@rule
def without_shops(it, who, key):
    """Worth of doing without and of buying elsewhere, as felt today."""
    if it.noise <= 0.0:
        return it.doing_without, it.outside
    nothing, elsewhere = gumbel(luck.uniform(key, who, 4)), gumbel(luck.uniform(key, who, 5))
    return it.doing_without + it.noise * nothing, it.outside + it.noise * elsewhere
