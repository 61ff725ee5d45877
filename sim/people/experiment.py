"""Experiment: a part of the people, or of the shops, lives under other values of some levers than the rest.

Who is treated is drawn once, by name. A lever that can differ says so where it is declared; from the day on which the
test begins its value is a column, of which kernels take each person's or shop's own (`state.row`, `state.own`). What
everyone did and brought since then is remembered, so that a test can be evaluated: see experiments/abtest.py.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.engine.columns import Column, Table
from sim.engine.settings import BadInput, Floats, Settings, Words, decided
from sim.ground.assignment import FEWEST, draw_arms
from sim.ground.friends.clusters import clusters
from sim.people.experience import FeltColumns
from sim.people.inbox import InboxColumns
from sim.people.users import UserColumns
from sim.service import Part, Rows
from sim.state import State


class ExperimentSettings(Settings):
    """[experiment]"""

    on: bool = decided.switch(False, "whether a part of the people or shops lives under other values of some levers")
    unit: Literal["user", "cluster", "shop"] = decided.word(
        "user", "what is drawn to be treated: people, clusters of friends with all their members, or shops"
    )
    share: float = decided.share(0.5, "chance of being treated")
    begin: int = decided.count(0, "days", "day on which it begins; before, all live as the untreated do", "", 0, 60)
    cluster_size: int = decided.count(
        100, "people", "most people in a cluster, but for a larger group thread", "", 20, 1_000, ge=2
    )
    levers: Words = decided.word((), "levers that have another value for the treated", unit="settings")
    values: Floats = decided.word((), "their values for the treated, in the same order", unit="values")


class ExperimentColumns(Table):
    """A row a person: whether treated, and what is known of them since the test began."""

    arm = Column(np.uint8, 0, "1 if treated")
    cluster = Column(np.uint32, 0, "number of the cluster, where clusters are drawn")
    opened = Column(np.int32, 0, "days on which the app was opened", "days")
    sent = Column(np.int64, 0, "messages sent before it began", "messages")
    surplus = Column(np.float64, 0, "welfare before it began", "CNY")
    orders = Column(np.int32, 0, "orders in the app", "orders")
    bought = Column(np.int64, 0, "what these cost", "cents")
    brought = Column(np.int64, 0, "revenue that can be traced to this person", "cents")


class ShopTestColumns(Table):
    """A row a shop: the same of shops."""

    arm = Column(np.uint8, 0, "1 if treated")
    orders = Column(np.int32, 0, "orders in the app", "orders")
    sold = Column(np.int64, 0, "sales in the app", "cents")
    brought = Column(np.int64, 0, "cut and fees of these that the company took", "cents")


# Day 0


def draw_treated(state: State) -> None:
    """Day 0: who is treated.

    Raises:
        BadInput: there are too few units, or no clusters to be had.
    """
    it = state.settings(ExperimentSettings)
    if not it.on:
        return
    state.ledger.traced = state[ExperimentColumns].brought
    if not it.levers:
        return
    people, key = state[ExperimentColumns], state.lasting_luck("experiment.arm")
    if it.unit == "cluster":
        if state.friends.rows.friend.size == 0:
            raise BadInput("experiment.unit = 'cluster': everyone knows everyone, so that no division spares any tie")
        people.cluster[...] = clusters(state.friends.rows, int(it.cluster_size))
        people.arm[...] = _drawn(int(people.cluster.max()) + 1, it, key)[people.cluster]
    elif it.unit == "user":
        people.arm[...] = _drawn(state.size, it, key)
    else:
        shops = state[ShopTestColumns].arm
        shops[...] = _drawn(shops.size, it, key)


def _drawn(units: int, it: ExperimentSettings, key: np.uint64) -> NDArray[np.uint8]:
    if 0.0 < it.share < 1.0 and units < 2 * FEWEST:
        raise BadInput(
            f"experiment.unit = {it.unit!r}: there are {units} of them, and a test needs {2 * FEWEST} at least"
        )
    return draw_arms(units, it.share, key)


# A day


def treat(state: State) -> None:
    """Who is treated lives under another value of the levers; on its first day the test begins to count."""
    it = state.settings(ExperimentSettings)
    if not it.on or state.day < it.begin:
        return
    if state.day == it.begin:
        _begin_to_count(state)
    arm = state[ShopTestColumns].arm if it.unit == "shop" else state[ExperimentColumns].arm
    differing: dict[str, dict[str, NDArray[Any]]] = {}
    for name, treated in zip(it.levers, it.values, strict=True):
        section, _, key = name.partition(".")
        usual = getattr(getattr(state.now, section), key)
        differing.setdefault(section, {})[key] = np.where(arm == 1, type(usual)(treated), usual)
    state.differing = differing


def _begin_to_count(state: State) -> None:
    """Forget what was before."""
    people, shops = state[ExperimentColumns], state[ShopTestColumns]
    for column in (
        people.opened,
        people.orders,
        people.bought,
        people.brought,
        shops.orders,
        shops.sold,
        shops.brought,
    ):
        column[...] = 0
    people.sent[...], people.surplus[...] = state[InboxColumns].sent, state[FeltColumns].surplus


def note_orders(
    state: State, who: NDArray[Any], to: NDArray[Any], cents: NDArray[np.int64], taken: NDArray[np.int64]
) -> None:
    """Orders in the app, while a test counts them.

    Args:
        who, to, cents: buyers, rows of shops and prices, an order each.
        taken: what the company took of each from the shop.
    """
    if not state.settings(ExperimentSettings).on:
        return
    people, shops = state[ExperimentColumns], state[ShopTestColumns]
    for rows, orders, paid, brought in (
        (who, people.orders, people.bought, people.brought), (to, shops.orders, shops.sold, shops.brought),
    ):  # fmt: skip
        np.add.at(orders, rows, 1)
        np.add.at(paid, rows, cents)
        np.add.at(brought, rows, taken)


def traced_revenue(state: State) -> NDArray[np.int64]:
    """Where kernels add what a person brought; of no rows while no test counts it."""
    return state[ExperimentColumns].brought


def count_days(state: State) -> None:
    """Remember who opened the app today."""
    if state.settings(ExperimentSettings).on:
        state[ExperimentColumns].opened[...] += state[UserColumns].active


# After


Outcome = Callable[[State], NDArray[Any]]
OUTCOMES: dict[str, dict[str, Outcome]] = {  # by whom it can be traced to, and by the metric that it is a part of
    "user": {
        "users.daily": lambda state: state[ExperimentColumns].opened,
        "messaging.messages": lambda state: state[InboxColumns].sent - state[ExperimentColumns].sent,
        "welfare.users": lambda state: 100 * (state[FeltColumns].surplus - state[ExperimentColumns].surplus),
        "shopping.orders": lambda state: state[ExperimentColumns].orders,
        "shopping.gmv": lambda state: state[ExperimentColumns].bought,
        "revenue.total": lambda state: state[ExperimentColumns].brought,
    },
    "shop": {
        "shopping.orders": lambda state: state[ShopTestColumns].orders,
        "shopping.gmv": lambda state: state[ShopTestColumns].sold,
        "revenue.total": lambda state: state[ShopTestColumns].brought,
    },
}


def units(state: State) -> pd.DataFrame | None:
    """What each person and shop did since the test began; None where there is none.

    Returns:
        a row a person, then a row a shop: `each` ("user" or "shop"), `arm`, `cluster` (the row itself where none was
        drawn), and a column an outcome, summed over days, in the unit of its metric; NaN where it has none.
    """
    it = state.settings(ExperimentSettings)
    if not it.on:
        return None
    people, shops = state[ExperimentColumns], state[ShopTestColumns]
    cluster = people.cluster if it.unit == "cluster" else np.arange(state.size)
    about = {
        "user": {"each": "user", "arm": people.arm, "cluster": cluster},
        "shop": {"each": "shop", "arm": shops.arm, "cluster": np.arange(shops.arm.size)},
    }
    tables = [
        pd.DataFrame(about[each] | {name: found(state) for name, found in outcomes.items()})
        for each, outcomes in OUTCOMES.items()
    ]
    return pd.concat(tables, ignore_index=True)


EXPERIMENT = Part(
    "experiment",
    tables={
        "experiment": Rows(ExperimentColumns, section="experiment"),
        "shop_tests": Rows(ShopTestColumns, "shop", section="experiment"),
    },
)
