"""Screening: Morris's elementary effects, of groups of assumptions or of single ones (Morris 1991; Campolongo and others 2007).

A trajectory moves one thing after another by two thirds of its range; `mu_star` is the mean size of what that does, as a
change over the whole range. Trajectories through a point at which nobody can live are drawn again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.experiments.assumptions import TRIES, placed_all
from sim.experiments.influence.library import salib
from sim.experiments.influence.quantities import Quantity
from sim.results.futures import Assumption
from sim.results.sensitivities import Effect

Array = NDArray[np.float64]
Point = Mapping[str, Any]
LEVELS = 4


class Trajectories(NamedTuple):
    """Points to live at, and what was moved between them.

    problem: as SALib has it; its groups are what is moved.
    shares: shape (points, assumptions); points: the same, placed.
    redrawn: trajectories that were refused.
    """

    problem: dict[str, Any]
    shares: Array
    points: list[dict[str, Any]]
    redrawn: int


def trajectories(
    assumptions: Sequence[Assumption], groups: Sequence[str], many: int, refused: Callable[[Point], str]
) -> Trajectories:
    """So many trajectories over assumptions, those of one group moved together.

    Args:
        groups: of each assumption; its own name moves it alone.

    Raises:
        BadInput: a thousand trajectories in a row were refused.
    """
    problem = problem_of(assumptions, groups)
    shares, points, redrawn, number = list[Array](), list[dict[str, Any]](), 0, 0
    while len(shares) < many:
        number += 1
        tried = np.asarray(salib().morris_sample.sample(problem, 1, num_levels=LEVELS, seed=number))
        there = [placed_all(assumptions, row) for row in tried.tolist()]
        why = next(filter(None, map(refused, there)), "")
        if not why:
            shares.append(tried)
            points += there
        elif (redrawn := redrawn + 1) - len(shares) >= TRIES:
            raise BadInput(f"assumptions: {TRIES:,} trajectories were refused, the last for {why}")
    return Trajectories(problem, np.concatenate(shares), points, redrawn)


def problem_of(assumptions: Sequence[Assumption], groups: Sequence[str]) -> dict[str, Any]:
    """Assumptions as SALib wants them: shares of their ranges."""
    names = [it["name"] for it in assumptions]
    problem: dict[str, Any] = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    return problem if list(groups) == names else problem | {"groups": list(groups)}


def effects(walked: Trajectories, quantity: Quantity) -> list[Effect]:
    """What each group or assumption does to a quantity, the largest first."""
    found = salib().morris_analyze.analyze(
        walked.problem, walked.shares, quantity.means.astype(np.float64), num_levels=LEVELS, seed=1
    )
    rows: list[Effect] = [
        {"name": str(name), "mu_star": float(size), "half_width": float(half)}
        for name, size, half in zip(found["names"], found["mu_star"], found["mu_star_conf"], strict=True)
    ]
    return sorted(rows, key=lambda it: (-it["mu_star"], it["name"]))


def scores(found: Sequence[Sequence[Effect]]) -> dict[str, float]:
    """How much each matters, to whichever quantity it matters most: 1 is the most that any does; in order."""
    best: dict[str, float] = {}
    for rows in found:
        most = max(it["mu_star"] for it in rows) or 1.0
        for it in rows:
            best[it["name"]] = max(best.get(it["name"], 0.0), it["mu_star"] / most)
    return dict(sorted(best.items(), key=lambda it: (-it[1], it[0])))
