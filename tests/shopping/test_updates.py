"""Updates and the orders they are about: when orders come, who asks where they are, and who pays for the answer.

What breaks the stories: updates that spare no question, that nobody likes to get, or that cost merchants nothing.
"""

import functools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import by_seed, lived, scenario_of, surely_above, world_of

from sim.engine.settings import BadInput
from sim.experiments.limits import laws
from sim.people.experience import FeltColumns
from sim.people.presence import HERE
from sim.scenario import Scenario
from sim.shopping import orders, updates
from sim.shopping.merchant import MERCHANTS
from sim.shopping.orders import KEPT, OrderColumns
from sim.shopping.terms import UpdatesSettings
from sim.shopping.updates import MESSAGES
from sim.world import World

SHOPS = {"shopping": {"on": True, "needs": 0.3}}  # needs enough for small worlds
SEEDS = (1, 2, 3, 4, 5)


def of(metric: str, **decided: Any) -> NDArray[np.float64]:
    """A metric of a small world with shops, by seed."""
    return by_seed(metric, SEEDS, run={"users": 800, "days": 63}, **SHOPS, **decided)


def updated(days: int, users: int = 500, **decided: Any) -> World:
    """A small world in which shops could send updates."""
    return lived(run={"users": users, "days": days}, updates__on=True, **SHOPS, **decided)


# rules


def test_an_order_is_shipped_and_then_delivered() -> None:
    assert orders.delivery(10, 0.1, 1.0, 2.0, 3.0, 0.5, 0.5, 0.5) == (11, 13), "medians of a day and of two"
    assert orders.delivery(10, 0.1, 0.0, 0.0, 3.0, 0.5, 0.5, 0.5) == (10, 10), "at once"


def test_the_late_come_later_and_none_after_ten_days() -> None:
    assert orders.delivery(10, 0.1, 1.0, 2.0, 3.0, 0.5, 0.5, 0.05)[1] > 13
    assert orders.delivery(10, 1.0, 9.0, 9.0, 9.0, 0.999, 0.999, 0.999)[1] == 10 + KEPT - 1


@pytest.mark.parametrize("chance", [0.0, 0.05, 0.3, 1.0])
def test_who_hears_nothing_asks_with_the_same_chance_each_day_that_it_is_not_there(chance: float) -> None:
    grid = (np.arange(20_000) + 0.5) / 20_000
    asked = np.array([orders.wonders_on(10, 14, chance, float(u)) for u in grid])
    for day in range(11, 15):
        expected = chance * (1 - chance) ** (day - 11)
        assert (asked == day).mean() == pytest.approx(expected, abs=1e-4)
    assert orders.wonders_on(10, 10, 0.9, 0.01) == -1, "what comes at once is not asked for"


def test_informed_buyers_ask_less_with_the_same_luck() -> None:
    for u in np.linspace(0.001, 0.999, 50):
        told, untold = (orders.wonders_on(0, 5, chance, float(u)) for chance in (0.02, 0.1))
        assert told == -1 or 0 < untold <= told


def test_updates_are_worth_the_questions_they_spare_and_the_next_sale() -> None:
    assert updates.gain_of_updates(300.0, 0.1, 0.0, 0.1, 0.1) == pytest.approx(30.0)
    assert updates.gain_of_updates(0.0, 0.1, 3_000.0, 0.1, 0.1) == pytest.approx(3_000 * 0.1 * 0.09)
    assert updates.gain_of_updates(0.0, 0.1, -3_000.0, 0.1, 0.1) == 0.0, "who sells at a loss gains no sale"


# orders


def test_the_orders_kept_are_those_of_the_last_ten_days() -> None:
    world = world_of(run={"users": 500, "days": 40}, updates__on=True, **SHOPS)
    rows = world[OrderColumns]
    while world.running:
        world.step()
        kept = rows.ordered[orders.recent(world)]  # the day has ended: today is yesterday
        assert (np.diff(kept) >= 0).all(), "the oldest first"
        assert set(kept.tolist()) <= set(range(world.day - KEPT + 1, world.day))
        daily = world.history["shopping.orders"].to_numpy()[-KEPT + 1 :]
        assert kept.size == daily.sum()
    assert (rows.delivered[orders.recent(world)] >= rows.shipped[orders.recent(world)]).all()
    world.close()


def test_more_orders_than_there_is_room_for_are_not_followed() -> None:
    world = world_of(run={"users": 200, "days": 5}, updates__on=True, **SHOPS)
    many = np.arange(10_000, dtype=np.uint32) % 200
    orders.take(world, many, many % 10)
    assert orders.today(world).size == world.tables["orders"].size // KEPT < many.size
    orders.take(world, many, many % 10)
    assert orders.today(world).size == world.tables["orders"].size // KEPT


def test_orders_are_written_down_only_where_somebody_looks_at_them() -> None:
    run = {"users": 200, "days": 3}
    assert world_of(run=run, shopping={"on": True}).tables["orders"].size == 0
    later = [{"day": 2, "set": {"shopping.needs": 0.3, "updates.on": True}}]
    ready = world_of(run=run, shopping={"on": True, "needs": 0.01}, events=later)
    assert ready.tables["orders"].size // KEPT > 0.3 * 200, "room for the days to come"


def test_nobody_asks_twice_about_an_order() -> None:
    world = world_of(run={"users": 800, "days": 40}, updates__on=True, **SHOPS)
    rows, asked = world[OrderColumns], []
    while world.running:
        world.step()
        world.day -= 1  # as support asks during the day
        found = orders.questions(world)
        world.day += 1
        assert found.size == world.history["updates.questions"].iloc[-1]
        asked += list(zip(rows.buyer[found], rows.ordered[found], rows.merchant[found], strict=True))
        assert (rows.ordered[found] < world.day - 1).all()
        assert (rows.delivered[found] >= world.day - 1).all()
    assert len(asked) == len(set(asked)) > 10
    world.close()


def test_as_many_buyers_ask_as_is_assumed() -> None:
    informed, uninformed = (
        updated(
            60, 2_000, updates__price=price, updates__cost_spread=0.0, orders__late=0.0, orders__packing=0.0,
            merchants__opening_cost=10_000_000,
        )  # nobody opens, who would try updates for a week
        for price in (0.0, 40.0)
    )  # fmt: skip
    for world, low, high in ((informed, 0.03, 0.07), (uninformed, 0.10, 0.20)):
        asked = world.history["updates.questions"].iloc[14:].sum() / world.history["shopping.orders"].iloc[14:].sum()
        assert low < asked < high
    assert uninformed.history["updates.informed"].iloc[14:].sum() == 0, "too dear for all, after a week's trial"


# laws


def test_an_order_is_told_of_three_times() -> None:
    world = updated(60)
    sent, informed = world.history["updates.sent"].sum(), world.history["updates.informed"].sum()
    assert informed == world.history["shopping.orders"].sum()
    assert sent == pytest.approx(MESSAGES * informed, rel=0.05), "the last orders are still under way"


@pytest.mark.parametrize("price", [0.3, 3.0, 7.5])
def test_every_message_is_paid_for(price: float) -> None:
    history = updated(60, updates__price=price).history
    earned = history["revenue.business_messages"].sum()
    assert earned == history["updates.spent"].sum()
    assert earned == pytest.approx(price * history["updates.sent"].sum(), rel=0.05, abs=200)


def test_merchants_without_money_send_nothing_and_owe_nothing() -> None:
    world = updated(30, merchants__capital=0, updates__price=3_000.0, updates__question_cost=1e6)
    assert (world.ledger[MERCHANTS] >= 0).all()
    assert 0 < world.history["updates.informed"].sum() < world.history["shopping.orders"].sum()


def test_buyers_who_are_here_are_relieved() -> None:
    calm, relieved = (updated(1, updates__relief=relief, messaging__on=False, rival__on=False) for relief in (0.0, 2.0))
    rows = relieved.tables["orders"].rows
    buyers = rows.buyer[rows.ordered == 0]
    here = relieved.here[buyers] == HERE
    gained = relieved.surplus - calm.surplus
    assert here.any()
    later = (
        relieved[FeltColumns].later - calm[FeltColumns].later
    )  # of whom the day brought more than can be felt at once
    relief = (gained > 0.1) | (later > 1.99)
    assert relief[buyers[here]].all(), "a first update on the day of the order; by the chance of a day of use"
    others = np.setdiff1d(np.arange(500), buyers)
    assert gained[others] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("way", ["in two threads", "in blocks", "stopped and resumed"])
def test_the_way_a_world_is_lived_changes_no_byte(way: str) -> None:
    scenario = scenario_of(run={"users": 300, "days": 24}, updates={"on": True, "price": 2.5}, **SHOPS)
    assert laws._lived(scenario, way) == _plain(scenario)


@functools.cache
def _plain(scenario: Scenario) -> str:
    return laws._lived(scenario)


# stories


def test_updates_are_welcome_and_bring_people_back() -> None:
    for metric in ("welfare.users", "satisfaction.mean", "users.daily"):
        surely_above(of(metric, updates__on=True), of(metric))


def test_buyers_who_were_kept_informed_come_back_to_the_shop() -> None:
    surely_above(of("shopping.orders", updates__on=True, updates__thanks=0.5), of("shopping.orders", updates__on=True))
    surely_above(of("welfare.merchants", updates__on=True, updates__thanks=0.5), of("welfare.merchants"))


def test_updates_cut_tickets() -> None:
    with_support = {"support__on": True}
    surely_above(of("support.tickets", **with_support), of("support.tickets", updates__on=True, **with_support))
    where = [of("support.where_is_it", **with_support, **more) for more in ({}, {"updates__on": True})]
    assert np.mean(where[1]) == pytest.approx(np.mean(where[0]) / 3, rel=0.25), "5 % ask instead of 15 %"


def test_a_price_keeps_merchants_from_sending_updates() -> None:
    shares = [of("updates.informed_share", updates__on=True, updates__price=price) for price in (0.0, 15.0, 40.0)]
    surely_above(shares[0], shares[1])
    surely_above(shares[1], shares[2])
    earned = [of("revenue.business_messages", updates__on=True, updates__price=price) for price in (0.0, 15.0, 40.0)]
    surely_above(earned[1], earned[0])
    surely_above(
        of("updates.questions", updates__on=True, updates__price=40.0), of("updates.questions", updates__on=True)
    )


def test_a_price_of_updates_is_passed_on_to_buyers() -> None:
    dear = {"updates__on": True, "updates__price": 50.0, "updates__question_cost": 1e5}
    surely_above(of("merchants.price", **dear), of("merchants.price", **(dear | {"updates__price": 0.0})))


# bad input


def test_updates_without_shops_are_refused_with_the_remedy() -> None:
    with pytest.raises(BadInput, match=r"updates\.on = true needs shopping\.on = true"):
        Scenario.make(updates={"on": True})
    with pytest.raises(BadInput, match=r"updates\.price = -1"):
        Scenario.make(shopping={"on": True}, updates={"on": True, "price": -1.0})
    assert UpdatesSettings(price=0.0).on is False


def test_a_world_without_merchants_or_orders_has_nothing_to_tell() -> None:
    for empty in ({"merchants__number": 0, "merchants__spare": 0}, {"shopping__needs": 0.0}):
        world = updated(12, 200, **empty)
        assert world.history["updates.sent"].sum() == world.history["updates.questions"].sum() == 0


def test_shops_are_spared_the_questions_of_buyers_who_are_told() -> None:
    """Breaks where shops pay for updates and gain nothing by them: a price would be a loss to nobody who could stop."""
    run = {"users": 1_000, "days": 40}
    cheap, dear = (
        lived(run=run, shopping={"on": True, "needs": 0.2}, updates={"on": True, "question_cost": cost}).history
        for cost in (100.0, 500.0)
    )
    informed = cheap["updates.informed"].sum()
    assert informed == dear["updates.informed"].sum() > 100
    spared = dear["welfare.merchants"].sum() - cheap["welfare.merchants"].sum()
    assert spared == pytest.approx(0.1 * 400 * informed, rel=0.25)  # what a question costs varies among shops
