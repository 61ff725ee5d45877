"""Stickers: bought by who looks, likes them more than their price, and can pay."""

from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.stickers.stickers import pack_value

EAGER: dict[str, Any] = {
    "messaging": {"on": False, "threads": 0.0},
    "wallet": {"on": False},
    "users": {"first_members": 1.0},
}


def test_each_further_pack_is_worth_less() -> None:
    worth = [pack_value(600.0, 0.8, packs, 0.3, 0.5) for packs in range(4)]
    assert worth == sorted(worth, reverse=True)
    assert worth[0] / worth[2] == pytest.approx(1.6)


def test_none_are_sold_when_the_shop_is_closed() -> None:
    world = lived(run={"users": 300, "days": 10})
    assert world.history["stickers.sold"].sum() == 0
    assert not world.users.stickers.packs.any()


def test_what_is_sold_is_owned_and_paid_for() -> None:
    world = lived(run={"users": 1_000, "days": 20}, stickers={"on": True, "browsing": 0.1})
    sold = world.history["stickers.sold"].sum()
    assert sold == world.users.stickers.packs.sum() > 50
    assert world.history["revenue.stickers"].sum() == 600 * sold


def test_a_first_pack_sells_to_who_finds_it_worth_its_price() -> None:
    """P(lognormal worth >= price): .345 at the mean; breaks if the surfeit counts the pack being bought."""
    world = lived(run={"users": 5_000, "days": 1}, stickers={"on": True, "browsing": 1.0}, **EAGER)
    bought = world.history["stickers.sold"].iloc[0] / world.history["users.daily"].iloc[0]
    assert bought == pytest.approx(0.3446, abs=5 * np.sqrt(0.23 / 3_300))


def test_a_higher_price_never_sells_a_pack_more() -> None:
    run = {"users": 1_000, "days": 20}
    packs = [
        lived(run=run, stickers={"on": True, "browsing": 0.1, "price": price}, **EAGER).users.stickers.packs.copy()
        for price in (300, 600, 1_200)
    ]
    sums = [int(one.sum()) for one in packs]
    assert sums == sorted(sums, reverse=True)
    assert sums[0] > sums[2] > 0


def test_nobody_buys_at_a_loss_and_the_gain_is_felt() -> None:
    run = {"users": 800, "days": 10}
    always = {"presence": {"eagerness": 50.0}, "attention": {"has_rival": 0.0, "installing": 0.0}, **EAGER}
    closed, opened = (lived(run=run, stickers={"on": on, "browsing": 0.2}, **always).surplus for on in (False, True))
    assert (opened - closed > -1e-6).all()
    assert (opened - closed).max() > 1


def test_who_has_no_money_buys_nothing() -> None:
    world = lived(
        run={"users": 300, "days": 5}, users={"income": 1, "income_spread": 0.0}, stickers={"on": True, "browsing": 1.0}
    )
    assert world.history["stickers.sold"].sum() == 0
