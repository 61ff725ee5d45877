"""Shopping: a need is met here, outside or not at all, and what it is worth is what people who choose so get.

The harness puts one circle of shops and nothing else into a world, where everyone has a need a day; a price raised by
so much for everyone shows who buys for how much less than it was worth to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import lived

from sim.experiments.limits.limit import AWAKE, endow, live, quiet_world
from sim.ground.ledger import BANK
from sim.people import presence
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns
from sim.shopping import channels, promotion, shopping
from sim.shopping.merchant import MerchantColumns
from sim.shopping.needs import NONE, PurchaseColumns
from sim.shopping.terms import ShoppingSettings
from sim.world import World

SHOPS = {"on": True, "needs": 0.3, "shoppers": 1.0}


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
def test_every_need_is_met_here_or_outside_or_not_or_cannot_be_paid(changes: dict[str, Any]):
    """Breaks when a need is dropped or counted twice on any of the ways to it."""
    days = lived(run={"users": 300, "days": 12}, **({"shopping": SHOPS} | changes)).history
    ends = sum(days[f"shopping.{end}"] for end in ("orders", "showroomed", "outside", "unmet", "unaffordable"))
    assert (days["shopping.needs"] == ends).all()
    assert days["shopping.needs"].sum() > 300
    dear = changes.get("merchants", {}).get("cost", 0) > 0
    assert (days["shopping.unaffordable"].sum() > 0) == dear, "only where goods cost more than people have"


def test_without_noise_a_shop_learns_by_what_it_would_sell_a_little_dearer_and_cheaper():
    """Demand in millionths and its slope per CNY, at a price of 100 CNY: the replays are 4 CNY apart."""
    assert shopping.replayed_demand(1.0, 0.0, True, 10_000, 0.03) == (1_000_000, 0), "far better than all else"
    assert shopping.replayed_demand(-1.0, 0.0, False, 10_000, 0.03) == (0, 0), "far worse"
    assert shopping.replayed_demand(0.01, 0.0, True, 10_000, 0.03) == (1_000_000, 250_000)
    assert shopping.replayed_demand(-0.01, 0.0, False, 10_000, 0.03) == (0, 250_000)


def test_a_post_earns_what_is_sold_by_it_less_what_would_be_sold_anyway():
    terms = SimpleNamespace(setting=ShoppingSettings().row)
    weight, total, fees = 1.0, 4.0, 0.1
    alone = shopping.lift_of_post(weight, total, 1_000, 1_000, 500, fees, terms, 1.0, False)
    assert alone == int(100 * 0.25 * (900 - 500))
    assert shopping.lift_of_post(weight, total, 1_000, 1_000, 500, fees, terms, 1.0, True) == 0, "looked at anyway"
    offer = shopping.lift_of_post(weight, total, 800, 1_000, 500, fees, terms, 1.0, True)
    assert offer < 0, "an offer to who would have bought at the usual price is a loss"


def test_nobody_settles_off_the_platform_where_there_is_no_fee_to_save():
    free, taxed = (
        lived(run={"users": 300, "days": 12}, shopping=SHOPS | {"commission": cut, "dodging": 1.0}).history
        for cut in (0.0, 0.2)
    )
    assert free["shopping.off_platform"].sum() == 0 < taxed["shopping.off_platform"].sum()
    assert free["shopping.showroomed"].sum() == 0 < taxed["shopping.showroomed"].sum()


def test_a_cut_of_next_to_nothing_sends_next_to_nothing_off_the_platform():
    """Breaks when the chance does not begin at nothing: a cut of a millionth sent one deal in twenty off."""
    days = lived(run={"users": 400, "days": 20}, shopping=SHOPS | {"commission": 1e-6}).history
    assert days["shopping.orders"].sum() > 500
    assert days["shopping.off_platform"].sum() == days["shopping.showroomed"].sum() == 0
    chances = [channels.chance_of_dodging(channels.saved_each(fee, 9_600, 0.03), 3.0) for fee in (0, 1e-6, 0.1, 0.4, 1)]
    assert chances[0] == 0
    assert chances == sorted(chances)
    assert chances[1] < 1e-6 < 0.003 < chances[2] < 0.01


def test_the_worth_of_dodging_is_the_area_under_its_chance():
    saved = np.linspace(0.0, 0.8, 801)
    chances = [channels.chance_of_dodging(x, 2.0) for x in saved]
    assert channels.utility_of_dodging(0.8, 2.0) == pytest.approx(np.trapezoid(chances, saved), rel=1e-5)
    assert channels.utility_of_dodging(0.0, 2.0) == pytest.approx(0.0, abs=1e-15)


def test_nine_in_ten_know_the_open_price_and_their_trouble_is_exponential():
    trouble = [channels.trouble_of_the_open(u, 0.9, 15.0) for u in np.linspace(0.0005, 0.9995, 1_000)]
    knows = np.array(trouble) < channels.NEVER
    assert knows.mean() == pytest.approx(0.9)
    assert np.array(trouble)[knows].mean() == pytest.approx(1_500, rel=0.01)
    assert channels.goes_to_the_open(10_000, 9_000, 999.0, 9_000)
    assert not channels.goes_to_the_open(10_000, 9_000, 1_001.0, 9_000), "too much trouble"
    assert not channels.goes_to_the_open(10_000, 9_000, 999.0, 8_999), "not in the bank"


def test_of_those_left_in_the_thread_as_many_switch_as_their_trouble_says():
    """The density of the trouble at the gap over the share still above it, or who know nothing of the open."""
    u = (np.arange(200_000) + 0.5) / 200_000
    trouble = np.array([channels.trouble_of_the_open(x, 0.9, 15.0) for x in u]) / 100
    stay = (trouble > 10.0).mean()
    leave = ((trouble > 10.0) & (trouble <= 10.01)).mean() / 0.01
    assert channels.switchers(10.0, 0.9, 15.0) == pytest.approx(leave / stay, rel=0.01)
    assert channels.switchers(-5.0, 0.9, 15.0) == channels.switchers(0.0, 0.9, 15.0), "the open is no cheaper"


def test_needs_are_those_of_a_part_of_the_people_and_as_many_as_ever():
    few, all_ = (
        lived(run={"users": 3_000, "days": 30}, shopping={"on": True, "shoppers": share}) for share in (0.3, 1.0)
    )
    needs = [world.history["shopping.needs"].sum() for world in (few, all_)]
    assert needs[0] == pytest.approx(needs[1], rel=0.08)
    buyers = [(world[KnowledgeColumns].purchases > 0).mean() for world in (few, all_)]
    assert 0.15 < buyers[0] < 0.3 < 0.36 < buyers[1], "in a month"


def test_sellers_outside_lose_what_is_bought_here_instead_and_nothing_where_nobody_would_buy_there():
    world = lived(run={"users": 400, "days": 20}, shopping=SHOPS)
    lost = -world.history["welfare.outside"].sum()
    assert 0.1 * 0.5 < lost / world.history["shopping.gmv"].sum() < 0.2 * 0.9, (
        "a fifth of what one in two would buy there"
    )
    none = lived(run={"users": 400, "days": 20}, shopping=SHOPS | {"outside": -50.0})
    assert none.history["welfare.outside"].sum() == 0


def test_the_cut_is_taken_of_every_sale_on_the_platform_and_of_no_other():
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
    need = {"on": True, "needs": 1.0, "considered": 3, "followed": 0, "open_known": 0.0}
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
    world[FeltColumns].worth[...] = 0
    live(world, 1, presence.open_app, shopping.step)
    return world


def found(world: World) -> Found:
    """What the service says of a day, beside the demand of those who chose on it at ever higher prices.

    Whoever buys until all prices are up by x gets x more from the best shop shown than from the best of the others.
    """
    prices = world[MerchantColumns].price.copy()
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
    assert world[FeltColumns].worth.sum() * 100 == pytest.approx(said["shopping.worth"], rel=1e-4), (
        "each person's is the total"
    )
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
    shops, cents = a_day(world).handed(promotion.Clicks)
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


# the shop named by the assistant


def named(world: World, row: int, faith: float) -> World:
    """A day on which the assistant told everyone of one shop."""
    world.day, world[FeltColumns].worth[...] = 0, 0
    world.tables["purchases"].shop = NONE
    world.tables["needs"].advised, world.tables["needs"].faith = row, faith
    live(world, 1, presence.open_app, shopping.step)
    return world


def test_a_name_bought_by_pay_misleads_by_what_is_wrongly_believed_and_an_honest_one_does_not():
    """Breaks when belief counts as worth, or the loss is not held against what honest advice would have led to."""
    sold, worth, lost = {}, {}, {}
    with market(
        company={"knows_profile": True}, merchants={"quality_spread": 0.0}, shopping={"considered": 8}
    ) as world:
        for faith in (0.0, 3.0):
            today = named(world, 2, faith).today
            sold[faith] = int((world[PurchaseColumns].shop == 2).sum())
            worth[faith] = today["shopping.worth"]
            lost[faith] = world.today.get("promotion.lost_worth", 0)
    assert sold[3.0] > 2 * sold[0.0]
    assert worth[3.0] < worth[0.0], "who believes wrongly chooses worse"
    assert lost[0.0] == lost[3.0] == 0, "it is the assistant's doing, not the list's"
