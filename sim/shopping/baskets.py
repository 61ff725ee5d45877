"""Baskets: what a day's shoppers decided and what shops learn of them, as it leaves the kernel that decides."""

from typing import NamedTuple

import numpy as np

from sim.engine.kernels import rule, with_cached_type, with_type_of_first
from sim.ground.metrics import sample_gini
from sim.people.trust import NEEDS_WITHOUT_LIST
from sim.people.welfare import OUTSIDE_WELFARE
from sim.shopping import metrics, promotion
from sim.shopping.merchant import MerchantColumns
from sim.shopping.terms import ShoppingSettings
from sim.state import State

ROOM = 4_096
BY_FRIEND, BY_POST, FOUND_BY_POST, ADVISED = 1, 2, 4, 8  # why a shop was looked at; the third: not otherwise
IN_THREAD, OFF_PLATFORM, IN_THE_OPEN, PAID_CLICK = range(4)  # kinds of event
DEMAND, SLOPE, OPEN_DEMAND, OPEN_SLOPE, IMPRESSIONS, LIFT = range(6)
LEARNT = ("demand", "slope", "open_demand", "open_slope", "impressions", "lift")  # columns of merchants, in that order
(NEEDS, OUTSIDE, UNMET, UNAFFORDABLE, WORTH, LOST, UNKNOWN, PAID_LISTS, MISLED, DIVERTED, OWN_WAY) = range(11)


@with_cached_type
class Baskets(NamedTuple):
    """What a block of people decided: orders and clicks on promoted places (`kind`).

    `why` are the bits of why a shop was looked at. `learnt` is a row for each of LEARNT and a cell a merchant, in
    millionths but for impressions, and lift in hundredths of a cent; `tally` is needs, outside, unmet, unaffordable, worth,
    distortion, information loss (money in hundredths of a cent), lists with a promoted place, worth lost by paid answers
    of the assistant, cents sold that sellers outside would have had, and needs without the platform's list.
    """

    who: np.ndarray
    to: np.ndarray
    cents: np.ndarray
    kind: np.ndarray
    why: np.ndarray
    used: np.ndarray
    learnt: np.ndarray
    tally: np.ndarray


def empty(shops: int) -> Baskets:
    """Empty baskets of a world with so many shops."""
    return with_type_of_first(
        Baskets(
            np.empty(ROOM, np.uint32), np.empty(ROOM, np.uint32), np.empty(ROOM, np.int64), np.empty(ROOM, np.uint8),
            np.empty(ROOM, np.uint8), np.zeros(1, np.int64), np.zeros((len(LEARNT), shops), np.int64),
            np.zeros(OWN_WAY + 1, np.int64),
        )
    )  # fmt: skip


@rule
def add_event(box, who, to, cents, kind, why):
    """Write one order or click."""
    at = box.used[0]
    box.who[at], box.to[at], box.cents[at], box.kind[at], box.why[at] = who, to, cents, kind, why
    box.used[0] = at + 1


def note_needs(state: State, tally: np.ndarray) -> None:
    """Measure the day's needs, by `tally`: met, lost and bought elsewhere."""
    for metric, place in (
        (metrics.NEEDS, NEEDS), (metrics.OUTSIDE, OUTSIDE), (metrics.UNMET, UNMET), (metrics.UNAFFORDABLE, UNAFFORDABLE),
    ):  # fmt: skip
        state.note(metric, int(tally[place]))
    state.note(metrics.WORTH, tally[WORTH] / 100)
    state.note(promotion.SEARCHES, int(tally[NEEDS]))
    state.note(promotion.LOST_WORTH, tally[LOST] / 100)
    state.note(promotion.UNKNOWN_WORTH, tally[UNKNOWN] / 100)
    state.note(promotion.PAID_LISTS, int(tally[PAID_LISTS]))
    state.note(NEEDS_WITHOUT_LIST, int(tally[OWN_WAY]))
    state.note(metrics.WORTH_LOST_TO_ADVICE, tally[MISLED] / 100)
    state.add(OUTSIDE_WELFARE, -state.settings(ShoppingSettings).outside_margin * int(tally[DIVERTED]))
    shops = state[MerchantColumns]
    state.note_slowly(metrics.SELLER_GINI, lambda: sample_gini(shops.sold, shops.open == 1))
