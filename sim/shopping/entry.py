"""Entry: what a brand reckons to earn by a shop, of what it sees of those that stand and of those that closed.

Plain functions of the merchants' columns; see merchant.py for who decides when. `rows` are those columns, `terms` the
settings of shopping; places on a circle are its rows.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.ground.choice import logit_scale
from sim.people.taste import systematic_utility

Rows = NDArray[np.int64]


def worth_to_all(quality: Any, price: Any, terms: Any) -> Any:
    """Utility of a shop to people whom it suits as it does in the mean, in units of the noise of their choices."""
    return systematic_utility(quality, 0.0, terms.travel, 0.0, price, terms.price_weight) / logit_scale(terms.noise)


def warnings(rows: Any, rivals: Rows, stand: int, since: int, fees: float) -> Rows:
    """Shops of a market that closed after day `since`, when no more than `stand` stood, under fees no higher than these."""
    closed = (rows.open[rivals] == 0) & (rows.closed_on[rivals] >= max(0, since)) & (rows.weeks_lately[rivals] > 0)
    return rivals[closed & (rows.rivals_then[rivals] <= stand) & (rows.fees_then[rivals] <= fees + 1e-9)]


def of_like(rows: Any, shops: Rows, quality: float, price: float, terms: Any) -> tuple[float, float, float]:
    """How many times as good one is as the shop most like it, what that earned a week and what part of needs it won."""
    better = worth_to_all(quality, price, terms) - worth_to_all(rows.quality[shops], rows.price[shops], terms)
    at = int(np.argmin(np.abs(better)))
    weeks = rows.weeks_lately[shops[at]]
    earned, won = rows.earned_lately[shops[at]] / weeks, rows.won_lately[shops[at]] / weeks
    return math.exp(min(1.0, better[at])), float(earned), float(won)


def reckon(
    rows: Any, stand: Rows, closed: Rows, quality: float, price: float, terms: Any
) -> tuple[float, float] | None:
    """Cents a week that a new shop would earn before its keep, and the share of needs it would win; None if unknown.

    The mean of two estimates: from the open shop most like it, with one more beside it, and from the shop most like it that
    closed, each scaled by how much better or worse the new one is. One alone, where there is no other.
    """
    reckoned = []
    known = stand[rows.weeks_lately[stand] > 0]
    if known.size:
        better, earned, won = of_like(rows, known, quality, price, terms)
        crowding = better / (1.0 + won * better)
        reckoned.append((earned * crowding, won * crowding))
    if closed.size:
        better, earned, won = of_like(rows, closed, quality, price, terms)
        reckoned.append((earned * better, min(1.0, won * better)))
    if not reckoned:
        return None
    week, share = np.mean(reckoned, axis=0).tolist()
    return week, share


def alone(quality: float, price: float, margin: float, needs: float, terms: Any) -> tuple[float, float]:
    """The same for a shop that would stand alone: its sales to people whom it suits as it does in the mean.

    It would sell a little more than that, since those whom it suits best buy most.
    """
    scale = logit_scale(terms.noise)
    ours = worth_to_all(quality, price, terms)
    shop, outside, nothing = np.exp(np.array([ours, terms.outside / scale, terms.doing_without / scale]))
    share = float(shop / (shop + outside + nothing))
    return needs * share * margin, share


def share_out(rows: Any, others: Rows, factor: float) -> None:
    """Change what these shops reckon to earn, once one of their market has come or gone."""
    change = rows.earned_lately[others] * (factor - 1.0)
    rows.earned_lately[others] += change
    rows.profit_lately[others] += change


def widest_gap(places: NDArray[np.float64], place: float) -> float:
    """The middle of the widest gap between these places of a circle of length 1; one's own where there are none."""
    if places.size == 0:
        return place
    there = np.sort(places)
    gaps = np.diff(there, append=there[0] + 1.0)
    widest = int(np.argmax(gaps))
    return float((there[widest] + 0.5 * gaps[widest]) % 1.0)


def best_first(value: NDArray[np.float64], first: int, per_market: int) -> Rows:
    """Order rows so that each market's `first` best stand before its others; the order within both is kept."""
    by_market = value.reshape(-1, per_market)
    place = np.argsort(np.argsort(-by_market, axis=1, kind="stable"), axis=1, kind="stable")
    ordered = np.argsort(place >= first, axis=1, kind="stable")
    return np.asarray((ordered + per_market * np.arange(len(by_market))[:, None]).ravel())
