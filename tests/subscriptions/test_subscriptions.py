"""Subscriptions: extras for who finds them worth it, or membership itself."""

import math
from typing import Any

import numpy as np
import pytest
from worlds import lived, world_of

from sim.engine import luck
from sim.people import presence
from sim.people.experience import FeltColumns
from sim.people.users import LEFT, MEMBER
from sim.subscriptions import subscriptions
from sim.subscriptions.subscriptions import MONTH, SubscriptionsSettings, own_value

ALONE: dict[str, Any] = {
    "messaging": {"on": False, "threads": 0.0}, "wallet": {"on": False},
    "attention": {"has_rival": 0.0, "installing": 0.0, "dropping_out": 0.0}, "rival": {"on": False},
    "joining": {"innovation": 0.0, "imitation": 0.0, "invitation": 0.0},
}  # fmt: skip


def test_worth_has_the_mean_asked_for_under_either_law_among_those_interested() -> None:
    u = ((np.arange(20_000) + 0.5) / 20_000).tolist()
    laws = {law: SubscriptionsSettings(worth=700.0, worth_law=law).row for law in ("uniform", "lognormal")}
    for it in laws.values():
        assert np.mean([own_value(it, x, 0.0) for x in u]) == pytest.approx(700, rel=0.02)
    assert own_value(laws["uniform"], 1 - 1e-9, 0.0) <= 1_400
    assert own_value(laws["lognormal"], 0.999, 0.0) > 4_000
    assert own_value(laws["lognormal"], 0.999, 0.1) == 0.0, "nine in ten would never pay for extras"
    club = SubscriptionsSettings(sells="membership", worth_law="uniform").row
    assert own_value(club, 0.5, 0.9) > 0.0, "membership is worth something to all"


def share_at(price: int) -> float:
    """Members who find extras worth this price: a tenth of them times a lognormal's tail."""
    it = SubscriptionsSettings()
    z = (math.log(price / it.worth) + it.worth_spread**2 / 2) / it.worth_spread
    return it.interested * 0.5 * math.erfc(z / math.sqrt(2))


def test_at_its_price_as_many_pay_as_for_telegram_premium_and_at_a_third_four_times_as_many() -> None:
    assert 0.004 < share_at(3_000) < 0.013
    assert share_at(1_000) == pytest.approx(0.03, rel=0.05)


@pytest.mark.parametrize("price", [100, 600, 1_500])
def test_who_finds_the_extras_worth_their_price_pays(price: int) -> None:
    share = share_at(price)
    world = lived(run={"users": 4_000, "days": 31}, subscriptions={"on": True, "price": price}, **ALONE)
    assert world.history["subscriptions.share"].iloc[-1] == pytest.approx(share, abs=5 * np.sqrt(share / 3_600))


def test_everyone_pays_once_a_month_on_a_day_of_their_own() -> None:
    world = lived(run={"users": 3_000, "days": 3 * MONTH}, subscriptions={"on": True, "price": 500}, **ALONE)
    payments = world.history["subscriptions.payments"]
    months = [payments[month * MONTH : (month + 1) * MONTH].sum() for month in range(3)]
    assert months[0] == months[1] == months[2] == world.users.subscriptions.subscribed.sum()
    assert world.history["revenue.subscriptions"].sum() == 500 * sum(months)
    assert payments.max() < 3 * payments.mean()


def test_who_pays_loses_the_price_and_enjoys_the_extras() -> None:
    run = {"users": 2_000, "days": 2 * MONTH}
    without, sold = (
        lived(run=run, subscriptions={"on": on, "price": 1_000}, presence={"eagerness": 50.0}, **ALONE)
        for on in (False, True)
    )
    paying = sold.users.subscriptions.subscribed == 1
    gain = sold.surplus - without.surplus
    assert paying.any()
    assert np.abs(gain[~paying]).max() < 1e-6
    assert gain[paying].mean() > 0  # each is worth more than its price, every day of use
    assert gain[paying].min() > -11


def test_all_of_the_price_is_felt_and_as_much_of_the_extras_as_one_is_there_for() -> None:
    """Adverts apart, a subscriber's felt worth is a month's extras less its price. Breaks where a payment is not felt."""
    world = world_of(
        run={"users": 400, "days": 4 * MONTH}, subscriptions={"on": True, "price": 1_000, "interested": 1.0},
        presence={"eagerness": 50.0, "eagerness_spread": 0.0}, users={"first_members": 1.0, "income": 10_000_000}, **ALONE,
    )  # fmt: skip
    mine, felt = world.users.subscriptions, world[FeltColumns].worth
    total = np.zeros(world.size)
    while world.running:
        world.today = {}
        world.ledger.open_day()
        presence.open_app(world)
        subscriptions.step(world)
        total += felt
        felt[...] = 0.0
        world.day += 1
        world.running = world.day < 4 * MONTH
    world.close()
    key = world.lasting_luck("subscriptions.type")
    it = world.now.subscriptions.row
    month = np.array([own_value(it, u, 0.0) for u in luck.uniforms(key, world.size).tolist()]) / 100
    paying = mine.subscribed == 1
    assert 50 < paying.sum() < 350
    assert np.abs(total[~paying]).max() == 0
    days = 4 * MONTH - np.arange(world.size) % MONTH  # since the first payment
    felt_price = month * days / MONTH - total - (4 * 10 - mine.owing)
    assert np.abs(felt_price[paying]).max() < 0.02


def test_to_pay_for_being_spared_adverts_is_a_loss_against_a_world_without_them() -> None:
    """What one is spared is worth at most what it costs: who has no use for extras feels the price and gains nothing."""
    run = {"users": 800, "days": 3 * MONTH}
    sold = {"on": True, "price": 1_000, "interested": 0.0}
    adverts = {"on": True, "inbox_slots": 8.0}
    world = lived(run=run, subscriptions=sold, advertising=adverts, presence={"eagerness": 50.0}, **ALONE)
    without = lived(run=run, subscriptions=sold, presence={"eagerness": 50.0}, **ALONE)
    paying = world.users.subscriptions.subscribed == 1
    assert without.users.subscriptions.subscribed.sum() == 0
    assert 0.2 < paying.mean() < 0.95
    assert (world.users.felt.satisfaction < without.users.felt.satisfaction)[paying].all()


def test_a_dearer_extra_is_dropped() -> None:
    events = [{"day": MONTH, "set": {"subscriptions.price": 2_000}}]
    world = lived(
        run={"users": 3_000, "days": 2 * MONTH}, subscriptions={"on": True, "price": 500}, events=events, **ALONE
    )
    subscribers = world.history["subscriptions.subscribers"]
    assert subscribers[MONTH - 1] > 4 * subscribers[2 * MONTH - 1] > 0


def test_membership_is_left_by_whom_it_is_not_worth_its_price() -> None:
    world = lived(
        run={"users": 1_000, "days": 4 * MONTH}, users={"first_members": 1.0}, friends={"kind": "everyone"},
        subscriptions={"on": True, "sells": "membership", "worth_law": "uniform", "worth": 5_000.0, "price": 1_500},
        **ALONE,
    )  # fmt: skip
    membership = world.users.users.membership
    share = (membership == MEMBER).mean()
    assert share == pytest.approx(0.816, abs=0.08)  # the stable root of n = 1 - .15/n
    assert ((membership == LEFT) == (world.users.subscriptions.subscribed == 0)).all()
    assert world.history["users.leaves"].sum() == (membership == LEFT).sum() > 0


def test_a_membership_dearer_than_anyone_can_want_ends_the_platform() -> None:
    """Above a quarter of what the keenest would pay, n = 1 - p/n has no root (Rohlfs 1974)."""
    world = lived(
        run={"users": 500, "days": 30 * MONTH}, users={"first_members": 1.0}, friends={"kind": "everyone"},
        subscriptions={"on": True, "sells": "membership", "worth_law": "uniform", "worth": 5_000.0, "price": 3_000},
        **ALONE,
    )  # fmt: skip
    assert (world.users.users.membership == MEMBER).sum() == 0
    assert world.history["users.daily"].iloc[-1] == 0


def test_the_strategy_shows_adverts_to_who_does_not_pay_and_none_to_who_does() -> None:
    """subscription.toml, at a price at which many pay. Breaks when it has no adverts to be rid of, or shows them to all."""
    run = {"users": 1_500, "days": 3 * MONTH}
    world = world_of("subscription", run=run, subscriptions={"price": 1_000, "interested": 0.5})
    paid = np.zeros(world.size, np.int64)
    seen_before = np.zeros(world.size)
    while world.running:
        paying = world.users.subscriptions.subscribed == 1
        seen_before[...] = world.users.advertising.seen
        world.step()
        assert (world.users.advertising.seen[paying & (paid > 1)] <= seen_before[paying & (paid > 1)]).all()
        paid = np.where(world.users.subscriptions.subscribed == 1, paid + 1, 0)
    world.close()
    assert 0.05 < (paid > 0).mean() < 0.6
    assert world.users.advertising.seen[paid > MONTH].mean() < 0.7 * world.users.advertising.seen[paid == 0].mean()
    assert world.history["revenue.subscriptions"].sum() > 0 < world.history["revenue.advertising"].sum()
