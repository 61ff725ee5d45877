"""Customers: who turns to a shop for help, and with what.

They have questions of all kinds, ask where their order is, find defects, and come back with what was not solved: that
is noted by support/support.py, which helps them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, kernel, rule, with_cached_type, with_type_of_first
from sim.people.presence import HERE
from sim.shopping import orders
from sim.shopping.merchant import MerchantColumns
from sim.shopping.needs import PurchaseColumns
from sim.shopping.orders import OrderColumns
from sim.shopping.terms import MerchantsSettings
from sim.state import State
from sim.support.terms import SupportSettings

ROOM = 4_096
QUESTION, AGAIN, WHERE, DEFECT = range(4)  # what a customer comes with


class CustomerColumns(Table):
    """A row a person."""

    unsolved = Column(np.int32, -1, "shop to which the person comes back with what was not solved; -1 for none")


@with_cached_type
class SupportTickets(NamedTuple):
    """Who turns to which shop, with what; `mark` tells a person's tickets to one shop apart."""

    who: NDArray[np.uint32]
    shop: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    mark: NDArray[np.uint8]
    used: NDArray[np.int64]


@with_cached_type
class Terms(NamedTuple):
    """What kernels know of today."""

    setting: Any  # the settings of [support]
    day: int
    categories: int
    shops_per_market: int  # rows a market and category
    markets: int
    comes: np.uint64  # key of luck


def tickets(room: int = ROOM) -> SupportTickets:
    """An empty list of tickets."""
    return with_type_of_first(
        SupportTickets(
            np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room, np.uint8), np.empty(room, np.uint8),
            np.zeros(1, np.int64),
        )
    )  # fmt: skip


@rule
def add_ticket(box, who, shop, kind, mark):
    """Write one ticket."""
    at = box.used[0]
    box.who[at], box.shop[at], box.kind[at], box.mark[at] = who, shop, kind, mark
    box.used[0] = at + 1


@kernel
def _ask(awake, start, terms, unsolved, purchases, shops_open, people, box):
    """Questions of everyone awake, and what they come back with; returns where the box was full."""
    for at in range(start, awake.size):
        if box.used[0] + 2 > box.who.size:
            return at
        who = awake[at]
        back = unsolved[who]
        if back >= 0:
            unsolved[who] = -1
            if shops_open[back]:
                add_ticket(box, who, back, AGAIN, 0)
        u, about = luck.two(terms.comes, who, 0)
        if u >= terms.setting.questions:
            continue
        about *= terms.categories
        category = np.int64(about)
        first = (np.int64(who) * terms.markets // people * terms.categories + category) * terms.shops_per_market
        place = np.int64(purchases.shop[np.int64(who) * terms.categories + category])
        if place >= terms.shops_per_market:  # no customer yet: any shop will do
            place = np.int64((about - category) * terms.shops_per_market)
        for further in range(terms.shops_per_market):
            row = first + (place + further) % terms.shops_per_market
            if shops_open[row]:
                add_ticket(box, who, row, QUESTION, 0)
                break
    return awake.size


@kernel
def _after_sales(recent, wondering, orders_of, here, shops_open, terms, box):
    """Buyers here today who ask where their order is, and those to whom something came that is not as it should be."""
    for at in wondering:
        if here[orders_of.buyer[at]] == HERE and shops_open[orders_of.merchant[at]]:
            add_ticket(box, orders_of.buyer[at], orders_of.merchant[at], WHERE, terms.day - orders_of.ordered[at])
    for at in recent:
        who, shop = orders_of.buyer[at], orders_of.merchant[at]
        arrived = orders_of.delivered[at] == terms.day and here[who] == HERE and shops_open[shop]
        if arrived and luck.pair(terms.comes, who, shop, 1 + orders_of.ordered[at]) < terms.setting.defects:
            add_ticket(box, who, shop, DEFECT, terms.day - orders_of.ordered[at])


def come_today(state: State, shops_per_market: int, markets: int) -> SupportTickets:
    """All who turn to a shop for help today. Only those who open the app do: others have asked elsewhere.

    Args:
        shops_per_market, markets: rows of shops a market and category, and how many markets there are.
    """
    shops_open, unsolved = state[MerchantColumns].open, state[CustomerColumns].unsolved
    known, categories = state[PurchaseColumns], int(state.settings(MerchantsSettings).categories)
    terms = Terms(
        state.settings(SupportSettings).row,
        state.day,
        categories,
        shops_per_market,
        markets,
        state.luck("support.comes"),
    )
    asking = decide(state, _ask, tickets, terms, unsolved, known, shops_open, np.int64(state.size))
    parts = [_written(box) for box in asking]
    recent, wondering = orders.recent(state), orders.questions(state)
    if recent.size:
        box = tickets(recent.size + wondering.size)
        _after_sales(recent, wondering, state[OrderColumns], state.here, shops_open, terms, box)
        parts.append(_written(box))
    return SupportTickets(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) if parts else tickets(0)


def _written(box: SupportTickets) -> SupportTickets:
    many = int(box.used[0])
    return SupportTickets(
        box.who[:many].copy(), box.shop[:many].copy(), box.kind[:many].copy(), box.mark[:many].copy(), box.used
    )
