"""Taste: where people stand on the circle of each kind of goods, and what a shop is worth to them.

Shops and the assistant judge by the same rules and the same luck.
"""

from sim.engine import luck
from sim.engine.kernels import rule


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
def taste_of(keys, group, who, category, alike):
    """`taste` of a person of a group for a category; keys: `group_taste` and `taste`, both lasting."""
    return taste(luck.uniform(keys.group_taste, group, category), luck.uniform(keys.taste, who, category), alike)


@rule
def match(apart, peculiar, travel, pair_spread):
    """How well a shop suits a person, in logit units: centred on 0 over a circle."""
    return travel * (0.25 - apart) + pair_spread * peculiar


@rule
def systematic_utility(quality, suits, travel, reservation, price, price_weight):
    """Systematic utility of buying at a price in cents: quality, match and the need's own worth, less the price."""
    return quality + suits - 0.25 * travel + price_weight * (reservation - price / 100.0)
