"""Two sides: whom to draw, customers or listings, hangs on how tight the market is (Johari, Li, Liskovich, Weintraub 2022).

Customers come one after another, choose among the listings that are free by a logit, and what is booked is taken for a
while. Where customers are few, they do not touch each other, but listings do: a treated one takes customers from the
others. Where they are many, every free listing finds somebody, and customers take listings from each other.
"""

import functools

import numpy as np
import pytest

from sim.engine import luck
from sim.ground.assignment import draw_arms
from sim.ground.choice import share, weight
from sim.results.intervals import between_arms, interval, paired

LISTINGS, CUSTOMERS, LIFT, WORLDS = 60, 5_000, 0.5, 8
SLACK, TIGHT = 0.2, 5.0  # customers who come a listing while a booking lasts


def booked(tightness: float, seed: int, customers: np.ndarray, listings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bookings of each customer and each listing, where a listing is better for the treated: either side may be."""
    luck_of_choice = luck.uniforms(luck.key(seed, "test.choice"), CUSTOMERS)
    luck_of_stay = luck.uniforms(luck.key(seed, "test.stay"), CUSTOMERS)
    free_at, by_customer, by_listing = np.zeros(LISTINGS), np.zeros(CUSTOMERS), np.zeros(LISTINGS)
    plain, better = weight(0.0, 1.0), weight(LIFT, 1.0)
    outside = 0.5 * LISTINGS * plain
    for who in range(CUSTOMERS):
        now = who / (tightness * LISTINGS)
        worth = np.where(listings + customers[who] > 0, better, plain) * (free_at <= now)
        total = outside + worth.sum()
        chosen = int(np.searchsorted(np.cumsum(worth) / total, luck_of_choice[who], side="right"))
        if chosen < LISTINGS:
            assert share(worth[chosen], total) > 0
            free_at[chosen] = now + luck.exponential(1.0, luck_of_stay[who])
            by_customer[who] += 1
            by_listing[chosen] += 1
    return by_customer, by_listing


@functools.cache
def biases(tightness: float) -> dict[str, np.ndarray]:
    """What either test is off, as a part of the true effect on bookings; a value a world."""
    off: dict[str, list[float]] = {"customers": [], "listings": []}
    nobody, none = np.zeros(CUSTOMERS, np.uint8), np.zeros(LISTINGS, np.uint8)
    true = np.mean([
        booked(tightness, seed, nobody + 1, none)[0].sum() - booked(tightness, seed, nobody, none)[0].sum()
        for seed in range(WORLDS)
    ])  # fmt: skip
    for seed in range(WORLDS):
        key = luck.key(seed, "test.arm")
        drawn = draw_arms(CUSTOMERS, 0.5, key)
        customers = between_arms(booked(tightness, seed, drawn, none)[0], np.ones(CUSTOMERS), drawn)
        off["customers"].append(CUSTOMERS * customers.effect / true - 1)
        drawn = draw_arms(LISTINGS, 0.5, key)
        listings = between_arms(booked(tightness, seed, nobody, drawn)[1], np.ones(LISTINGS), drawn)
        off["listings"].append(LISTINGS * listings.effect / true - 1)
    return {side: np.array(values) for side, values in off.items()}


def test_where_customers_are_few_they_are_to_be_drawn() -> None:
    found = biases(SLACK)
    assert abs(interval(found["customers"]).mean) < 0.3
    assert interval(found["listings"]).low > 0.2, (
        "listings that take customers from each other look better than they are"
    )
    assert paired(found["listings"], found["customers"]).low > 0


def test_where_customers_are_many_listings_are_to_be_drawn() -> None:
    found = biases(TIGHT)
    assert interval(found["customers"]).low > 1.0, (
        "customers who take listings from each other look better than they are"
    )
    assert paired(found["customers"], found["listings"]).low > 0


@pytest.mark.parametrize("side", ["customers", "listings"])
def test_each_side_overstates_and_the_tighter_the_market_the_more_do_customers_and_the_less_do_listings(
    side: str,
) -> None:
    slack, tight = biases(SLACK)[side], biases(TIGHT)[side]
    change = paired(tight, slack)
    assert change.low > 0 if side == "customers" else change.high < 0
