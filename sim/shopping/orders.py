"""Orders: what people bought in a thread of late, when it is shipped and delivered, and who asks where it is.

The last ten days are kept, a tenth of the table a day, so that it neither grows nor needs clearing: a row counts if its
day is the one its tenth stands for. Shops write orders down; updates tell buyers how they stand; support hears from
buyers who wonder, fewer of them where they were told.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.engine.settings import Settings, assumed
from sim.people.users import AWAY
from sim.shopping.terms import ShoppingSettings
from sim.state import Planned, State, settings_of

KEPT = 10  # days
READERS = ("brands", "updates", "support")  # services that look at past orders: without them none are kept


class OrdersSettings(Settings):
    """[orders]"""

    packing: float = assumed.amount(1.0, "days", "mean time between order and shipping", "round figure", 0, 4)
    transport: float = assumed.amount(
        2.0, "days", "mean time between shipping and delivery, if not late", "round figure", 0, 6
    )
    late: float = assumed.share(0.08, "orders that are late", "round figure", 0.0, 0.3)
    late_days: float = assumed.amount(3.0, "days", "mean delay of those", "round figure", 0, 6)
    asking: float = assumed.share(
        0.15, "buyers told nothing who ask where their order is, if it takes its mean time",
        "vendors of tracking say up to a quarter; no sound source: sweep", 0.03, 0.3,
    )  # fmt: skip
    asking_informed: float = assumed.share(
        0.05, "the same, of buyers kept informed", "the same vendors say 60 to 70 % fewer; no sound source: sweep",
        0.0, 0.15,
    )  # fmt: skip


class OrderColumns(Table):
    """A row an order of the last KEPT days."""

    buyer = Column(np.uint32, 0, "person who bought")
    merchant = Column(np.uint32, 0, "row of the merchant")
    ordered = Column(np.int16, AWAY, "day of the order")
    shipped = Column(np.int16, AWAY, "day on which it leaves the merchant")
    delivered = Column(np.int16, AWAY, "day on which it arrives")
    informed = Column(np.uint8, 0, "1 if the buyer is sent updates on it")


class InformedColumns(Table):
    """A row a person and category, in the order of PurchaseColumns."""

    last_informed = Column(np.uint8, 0, "1 if the buyer was kept informed of their last purchase")


@rule
def delivery(ordered, late_share, packing, transport, late_days, u, v, lateness):
    """Days on which an order is shipped and arrives, within KEPT days: waits are Poisson, `lateness` picks the late."""
    late = luck.poisson(late_days, lateness / late_share) if lateness < late_share else 0
    shipped = ordered + min(KEPT - 1, luck.poisson(packing, u))
    return shipped, min(ordered + KEPT - 1, shipped + luck.poisson(transport, v) + late)


@rule
def wonders_on(ordered, delivered, chance_a_day, u):
    """Day on which a buyer first asks where the order is, or -1; the chance is the same on each day of waiting."""
    patient = 1.0
    for day in range(ordered + 1, delivered + 1):
        patient *= 1.0 - chance_a_day
        if u > patient:
            return day
    return -1


@kernel
def _write(orders, day, room, who, to, setting, key):
    """Write today's orders into today's tenth, behind those of an earlier call; returns how many found no room."""
    at = day % KEPT * room
    end = at + room
    while at < end and orders.ordered[at] == day:
        at += 1
    for i in range(who.size):
        if at == end:
            return who.size - i
        u, v = luck.pair(key, who[i], to[i], 0), luck.pair(key, who[i], to[i], 1)
        lateness = luck.pair(key, who[i], to[i], 2)
        shipped, arrives = delivery(
            day, setting.late, setting.packing, setting.transport, setting.late_days, u, v, lateness
        )
        orders.buyer[at], orders.merchant[at], orders.ordered[at] = who[i], to[i], day
        orders.shipped[at], orders.delivered[at], orders.informed[at] = shipped, arrives, 0
        at += 1
    return 0


@kernel
def _rows_of(orders, first_day, last_day, room):
    """Rows of the orders of these days, day by day."""
    rows = np.empty((last_day - first_day + 1) * room, np.int64)
    number = 0
    for day in range(max(0, first_day), last_day + 1):
        for at in range(day % KEPT * room, (day % KEPT + 1) * room):
            if orders.ordered[at] != day:
                break
            rows[number] = at
            number += 1
    return rows[:number]


@kernel
def _wondering(orders, rows, day, uninformed, informed, key):
    """Of these orders, those whose buyer asks today where they are."""
    found = np.empty(rows.size, np.int64)
    number = 0
    for at in rows:
        if orders.delivered[at] < day:
            continue
        chance = informed if orders.informed[at] else uninformed
        u = luck.pair(key, orders.buyer[at], orders.ordered[at], orders.merchant[at])
        if wonders_on(np.int64(orders.ordered[at]), np.int64(orders.delivered[at]), chance, u) == day:
            found[number] = at
            number += 1
    return found[:number]


def rows_needed(state: Planned) -> int:
    """Rows for KEPT days of as many orders as there can be needs, and some more; 0 where nobody looks at them."""
    scenario = state.scenario
    if not any(hasattr(scenario, service) and scenario.can_be_on(service) for service in READERS):
        return 0
    days = 0, *(event.day + 1 for event in scenario.events)
    most = state.size * max(settings_of(scenario.at(day), ShoppingSettings).needs for day in days)
    return KEPT * int(most + 6 * math.sqrt(most) + 16)


def take(state: State, who: NDArray[Any], to: NDArray[Any]) -> None:
    """Write down orders of today: buyers and rows of merchants; when each arrives is drawn by luck."""
    rows = state[OrderColumns]
    if rows.buyer.size:
        _write(
            rows,
            state.day,
            rows.buyer.size // KEPT,
            who,
            to,
            state.settings(OrdersSettings).row,
            state.luck("orders.delivery"),
        )


def today(state: State) -> NDArray[np.int64]:
    """Rows of today's orders."""
    rows = state[OrderColumns]
    found: NDArray[np.int64] = _rows_of(rows, state.day, state.day, rows.buyer.size // KEPT)
    return found


def recent(state: State) -> NDArray[np.int64]:
    """Rows of the orders of the last KEPT days, the oldest first."""
    rows = state[OrderColumns]
    found: NDArray[np.int64] = _rows_of(rows, state.day - KEPT + 1, state.day, rows.buyer.size // KEPT)
    return found


def questions(state: State) -> NDArray[np.int64]:
    """Rows of the orders whose buyer asks today where they are; nobody asks twice about one."""
    settings = state.settings(OrdersSettings)
    usual = max(1.0, settings.packing + settings.transport + settings.late * settings.late_days)  # days under way
    shares = settings.asking, settings.asking_informed
    uninformed, informed = (1.0 - (1.0 - share) ** (1.0 / usual) for share in shares)
    rows: NDArray[np.int64] = _wondering(
        state[OrderColumns], recent(state), state.day, uninformed, informed, state.lasting_luck("orders.asking")
    )
    return rows
