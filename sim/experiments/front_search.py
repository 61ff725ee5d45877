"""Several aims at once: points of which none is better than another in every aim. It knows nothing of worlds.

A point is dominated if another is at least as good in every aim and better in one; the others are the Pareto front. Points
are tried by the multi-objective tree-structured Parzen estimator (Ozaki et al. 2022, as Optuna has it).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.ranges import LeverRange
from sim.experiments.search import AT_ONCE, Point, ask_point, begin_study, even_points
from sim.results.intervals import paired

MeasureAims = Callable[
    [Sequence[Point], Sequence[int]], NDArray[np.float64]
]  # to shape (points, seeds, aims); more is better


class Tried(NamedTuple):
    """A point that was tried, and its aims: means over the seeds of the search, more is better."""

    point: Point
    aims: tuple[float, ...]


def try_front(
    ranges: Sequence[LeverRange],
    measure: MeasureAims,
    aims: int,
    seeds: Sequence[int],
    tries: int,
    first: Point | None = None,
    fits: Callable[[Point], bool] = lambda point: True,
) -> list[Tried]:
    """Try so many points, as `search.try_points` does, where the front may lie.

    Args:
        ranges: of the levers.
        aims: how many.
        seeds: that every point lives.
        first: the levers as they are given, if they lie in their ranges.
        fits: whether settings go together at a point.

    Raises:
        BadInput: Optuna is not installed, or a hundred points in a row did not fit.
    """
    even = even_points(ranges, first)
    study = begin_study(even, aims)
    found: list[Tried] = []
    while len(found) < tries:
        asked = [ask_point(study, ranges, fits, aims) for _ in range(min(AT_ONCE, tries - len(found)))]
        seen = measure([point for _, point in asked], seeds)
        for (trial, point), values in zip(asked, seen.mean(axis=1), strict=True):
            study.tell(trial, values.tolist())
            found.append(Tried(point, tuple(map(float, values))))
    return found


def not_dominated(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points no other dominates.

    Args:
        values: shape (points, aims); more is better.
    """
    one, other = values[:, None, :], values[None, :, :]
    at_least: NDArray[np.bool_] = np.all(other >= one, axis=2)
    more: NDArray[np.bool_] = np.any(other > one, axis=2)
    return np.asarray(~np.any(at_least & more, axis=1))


def spread_out(values: NDArray[np.float64], many: int) -> list[int]:
    """So many points of a front that lie far from each other: its ends, and the least crowded (Deb et al. 2002).

    The most crowded goes, one at a time, so that the distances of those that stay are seen anew.
    """
    left = list(range(len(values)))
    span = np.ptp(values, axis=0)
    scaled = values / np.where(span > 0, span, 1.0)
    while len(left) > many:
        room = np.zeros(len(left))
        for aim in scaled[left].T:
            order = np.argsort(aim, kind="stable")
            room[order[[0, -1]]] = np.inf
            room[order[1:-1]] += aim[order[2:]] - aim[order[:-2]]
        left.pop(int(room.argmin()))
    return left


def surely_dominated(table: NDArray[np.float64]) -> list[int | None]:
    """By which other point each is surely dominated: better in every aim by more than luck can do; None where by none.

    Args:
        table: shape (points, seeds, aims), paired by seed; more is better.
    """
    found: list[int | None] = []
    for one in table:
        ahead = [min(paired(other[:, aim], one[:, aim]).low for aim in range(table.shape[2])) for other in table]
        best = int(np.argmax(ahead))
        found.append(best if ahead[best] > 0 else None)
    return found
