"""A plain sample: every assumption spread evenly over its range, and none of them tied to another.

A Sobol sequence fills single ranges evenly too, but in hundreds of dimensions and with few points it ties pairs of them
together (Joe and Kuo 2008): what one does is then found with another, whatever is tested. Here each assumption is spread
over strata in an order of its own (a Latin hypercube: McKay, Beckman and Conover 1979), and spread again over the strata
left empty each time the sample doubles, so that more points begin with the same ones as fewer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.settings import BadInput
from sim.experiments.assumptions import placed_all
from sim.results.futures import Assumption

FIRST = 16  # points of the first hypercube
MORE = 8  # times as many are tried as are wanted, so that some may be refused


def sample_points(
    assumptions: Sequence[Assumption], many: int, refused: Callable[[Mapping[str, Any]], str]
) -> list[dict[str, Any]]:
    """So many points at which somebody can live.

    Args:
        refused: says why nobody can live at a point; empty where all can.

    Raises:
        BadInput: too many points were refused.
    """
    shares = np.column_stack([spread(it["name"], MORE * many) for it in assumptions])
    points, why = list[dict[str, Any]](), ""
    for row in shares.tolist():
        point = placed_all(assumptions, row)
        if said := refused(point):
            why = said
            continue
        points.append(point)
        if len(points) == many:
            return points
    raise BadInput(f"assumptions: of {MORE * many:,} points only {len(points):,} were not refused, the last for {why}")


def spread(name: str, many: int) -> NDArray[np.float64]:
    """Shares of a range, in an order that the name decides; shape (many,)."""
    found = np.empty(0)
    while len(found) < many:
        strata = max(FIRST, 2 * len(found))
        empty = np.setdiff1d(np.arange(strata), np.floor(found * strata).astype(np.int64))
        key = luck.key(0, f"sensitivity.{name}", strata)
        order, within = luck.uniforms(key, len(empty), 0).argsort(), luck.uniforms(key, len(empty), 1)
        found = np.concatenate([found, (empty[order] + within) / strata])
    return found[:many]
