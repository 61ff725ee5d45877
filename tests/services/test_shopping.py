"""Shopping: a need is met here, outside or not at all, and what it is worth is what people who choose so get.

The harness puts one circle of shops and nothing else into a world, where everyone has a need a day; a price raised by
so much for everyone shows who buys for how much less than it was worth to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.experiments.limits.limit import AWAKE, endow, live, quiet_world
from sim.ground.ledger import BANK
from sim.people import presence
from sim.services import shopping
from sim.services.shopping import NONE
from sim.world import World

SHOPS = {"on": True, "needs": 0.3}


# every need ends somewhere


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"shopping": SHOPS | {"commission": 0.4, "dodging": 1.0}},
        {"promotion": {"weight": 0.6, "disclosed": True}},
        {"brands": {"on": True, "browsing": 0.1}},
        {"assistant": {"on": True, "asks": 0.5}},
        {"merchants": {"cost": 300_000, "quality": 95.0}},
        {"merchants": {"number": 0, "spare": 0}},
    ],
    ids=["plain", "a high cut", "paid places", "posts", "an assistant", "dear goods", "no shops"],
)
def test_every_need_is_met_here_or_outside_or_not_or_cannot_be_paid(lived: Any, changes: dict[str, Any]):
    """Breaks when a need is dropped or counted twice on any of the ways to it."""
    days = lived(run={"users": 300, "days": 12}, **({"shopping": SHOPS} | changes)).history
    ends = sum(days[f"shopping.{end}"] for end in ("orders", "outside", "unmet", "unaffordable"))
    assert (days["shopping.needs"] == ends).all()
    assert days["shopping.needs"].sum() > 300
    dear = changes.get("merchants", {}).get("cost", 0) > 0
    assert (days["shopping.unaffordable"].sum() > 0) == dear, "only where goods cost more than people have"


def test_nobody_settles_off_the_platform_where_there_is_no_fee_to_save(lived: Any):
    free, taxed = (
        lived(run={"users": 300, "days": 12}, shopping=SHOPS | {"commission": cut, "dodging": 1.0}).history
        for cut in (0.0, 0.2)
    )
    assert free["shopping.off_platform"].sum() == 0 < taxed["shopping.off_platform"].sum()


def test_the_cut_is_taken_of_every_sale_on_the_platform_and_of_no_other(lived: Any):
    world = lived(run={"users": 400, "days": 20}, shopping=SHOPS | {"commission": 0.2, "dodging": 1.0})
    on_platform = world.flows[world.flows["reason"] == "goods"]["cents"].sum()
    days = world.history
    assert 0 < on_platform < days["shopping.gmv"].sum()
    assert days["shopping.off_platform"].sum() > 0
    assert 0 <= 0.2 * on_platform - days["revenue.commission"].sum() < days["shopping.orders"].sum(), "whole cents"


# what needs are worth


class Found(NamedTuple):
    """A day in a market: what needs were worth by the service's own sum, what places cost people, and what they got."""

    worth: float  # CNY a need
    lost: float
    got: float
    error: float


RISES = np.arange(0.0, 600.0, 4.0)  # CNY by which all prices are raised


@contextmanager
def market(people: int = 4_000, number: int = 8, **sections: dict[str, Any]) -> Iterator[World]:
    """One circle of shops, where everyone is awake, rich and has a need a day."""
    firms = {"people_a_market": people, "categories": 1, "number": number, "spare": 0, "quality": 3.0}
    need = {"on": True, "needs": 1.0, "considered": 3, "followed": 0}
    sections["shopping"] = need | sections.get("shopping", {})
    world = quiet_world(people, 3, presence=AWAKE, merchants=firms | sections.pop("merchants", {}), **sections)
    endow(world, BANK, 10**9)
    yield world
    world.close()


def a_day(world: World) -> World:
    """Day 0 anew, with the same needs and the same luck, as if nobody had bought anything before."""
    world.day = 0
    world.tables["purchases"].shop = NONE
    world.tables["knowledge"].purchases = 0
    world.felt.worth = 0
    live(world, 1, presence.wake_up, shopping.step)
    return world


def found(world: World) -> Found:
    """What the service says of a day, beside the demand of those who chose on it at ever higher prices.

    Whoever buys until all prices are up by x gets x more from the best shop shown than from the best of the others.
    """
    prices = world.column("merchants", "price").copy()
    buying = np.empty(RISES.size)
    for at, rise in enumerate(RISES):
        world.tables["merchants"].price = prices + round(100 * rise)
        buying[at] = a_day(world).today.get("shopping.orders", 0) / world.size
    world.tables["merchants"].price = prices
    assert buying[0] > 0.3
    assert buying[-1] < 1e-3
    got = float(np.trapezoid(buying, RISES))
    square = float(np.trapezoid(2 * RISES * buying, RISES))
    said = a_day(world).today
    assert world.felt.worth.sum() * 100 == pytest.approx(said["shopping.worth"], rel=1e-4), "each person's is the total"
    worth, lost = said["shopping.worth"] / 100 / world.size, said["promotion.lost_worth"] / 100 / world.size
    return Found(worth, lost, got, ((square - got * got) / world.size) ** 0.5)


@pytest.mark.parametrize("choice", [{}, {"noise": 2.0}, {"noise": 0.0}, {"considered": 8, "outside": 1.0}], ids=str)
def test_the_worth_of_needs_is_what_simulated_choices_get_above_the_outside(choice: dict[str, Any]):
    """Breaks when the sum of exponentials and the noise of choices disagree: another scale, or a draw used twice."""
    with market(people=10_000, merchants={"quality": 6.0}, shopping=choice) as world:
        it = found(world)
    assert abs(it.worth - it.got) < 4 * it.error + 0.002 * it.worth
    assert it.error < 0.012 * it.worth


def test_distortion_is_what_people_in_fact_lose_by_paid_places():
    """The same needs, prices, data and luck, with and without places sold: the difference in what choices get."""
    bids = np.arange(1, 9) * 100
    gets = []
    for weight in (0.0, 0.7):
        with market(promotion={"weight": weight}, company={"knows_profile": True}) as world:
            world.tables["merchants"].bid = bids
            gets.append(found(world))
    honest, sold = gets
    assert honest.lost == 0 < sold.lost
    assert sold.lost == pytest.approx(honest.got - sold.got, rel=0.02)


def test_where_everything_is_looked_at_nothing_is_lost_for_want_of_knowledge():
    for considered, knows in ((3, False), (3, True), (8, False)):
        with market(shopping={"considered": considered}, company={"knows_profile": knows}) as world:
            lost = a_day(world).today["promotion.unknown_worth"] / 100 / world.size
        if considered == 8:
            assert lost == 0
        else:
            assert lost > 3, "CNY a need"


# what places cost

ALIKE = {"quality_spread": 0.0, "cost_spread": 0.0}  # so that an unpaid list that knows nothing is in any order
BIDS: NDArray[np.int64] = np.array([500, 1_500, 3_000, 900, 2_200, 100, 4_000, 700])


def clicks(world: World) -> set[tuple[int, int]]:
    """Shops clicked on a promoted place today, each with its price in cents."""
    shops, cents = a_day(world).promoted_clicks
    return set(zip(shops.tolist(), cents.tolist(), strict=True))


def test_the_price_of_a_place_is_set_by_the_next_of_the_full_ranking_shown_or_not():
    """Three places go to the three highest bids: the last pays the fourth's, which nobody is shown.

    Breaks when the ranking is cut before it is priced: the last would pay the reserve.
    """
    with market(promotion={"weight": 1.0, "reserve": 1}, merchants=ALIKE) as world:
        world.tables["merchants"].bid = BIDS
        assert clicks(world) == {(6, 3_000), (2, 2_200), (4, 1_500)}


def test_a_bid_under_the_reserve_takes_no_place_from_anyone():
    """Breaks when such a bid pushes others down the list before it is turned away."""
    with market(promotion={"weight": 1.0, "reserve": 2_500}, merchants=ALIKE) as world:
        world.tables["merchants"].bid = BIDS
        assert clicks(world) == {(6, 3_000), (2, 2_500)}
