"""The ends of ranges, one assumption at a time, and who wins over two of them: all others as given."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.experiments import regret
from sim.experiments.assumptions import placed
from sim.experiments.influence.quantities import Quantity, lead_of, quantities
from sim.results.futures import Assumption
from sim.results.intervals import interval
from sim.results.sensitivities import WINNER, Cell, Change, End, Map, Place, Swing

Array = NDArray[np.float64]


class Lived(NamedTuple):
    """What is lived, and how; as `study` takes it."""

    live: Callable[[Sequence[Mapping[str, Any]], Sequence[int]], Array]
    assumptions: Sequence[Assumption]
    given: Mapping[str, float]
    names: list[str]
    seeds: Sequence[int]
    smaller: bool
    refused: Callable[[Mapping[str, Any]], str]

    def at(self, points: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[Array | None]]:
        """Why each point cannot be lived at, and what each strategy came to, shape (1, seeds, strategies), where it can."""
        why = [self.refused(point) for point in points]
        values = self.live([point for point, said in zip(points, why, strict=True) if not said], self.seeds)
        rows = iter(values)
        return why, [None if said else next(rows)[None] for said in why]

    def called(self, name: str) -> Assumption:
        """The assumption of a name."""
        return next(it for it in self.assumptions if it["name"] == name)

    def winner(self, values: Array) -> tuple[str | None, float | None]:
        """Who is best at a point, and how surely as far as luck goes; None and None where the first are alike.

        Args:
            values: shape (1, seeds, strategies).
        """
        best = int(regret.best_of(values, self.smaller)[0])
        if best < 0:
            return None, None
        chance = float(regret.chances_by_future(values, self.smaller)[0][best])
        return self.names[best], None if np.isnan(chance) else chance

    def figures(self, values: Array, favourite: str) -> list[tuple[Change, Array]]:
        """Each quantity at a point, and its values over seeds."""
        first = self.names.index(favourite) if favourite else None
        asked = [it for it in quantities(values, self.names, self.smaller, first) if it.kind != WINNER]
        return [(_change(it, it.values[0]), it.values[0]) for it in asked]


def _change(it: Quantity, values: Array) -> Change:
    mean, low, high = interval(values)
    return {**it.about, "mean": mean, "low": low, "high": high}


def live_ends(lived: Lived, asked: Sequence[str], favourite: str) -> tuple[Place, list[Swing]]:
    """What holds as given, and each assumption at both ends of its range: changes are paired by seed."""
    points: list[dict[str, Any]] = [{}]
    for name in asked:
        points += [{name: placed(lived.called(name), share)} for share in (0.0, 1.0)]
    why, values = lived.at(points)
    assert values[0] is not None, "what is given can be lived"
    before = lived.figures(values[0], favourite)

    def end(at: int, name: str) -> End:
        there, said = values[at], why[at]
        found: End = {"value": points[at][name], "refused": said, "figures": [], "winner": None, "chance": None}
        if there is not None:
            found["winner"], found["chance"] = lived.winner(there)
            for (it, after), (_, as_given) in zip(lived.figures(there, favourite), before, strict=True):
                mean, low, high = interval(after - as_given)
                found["figures"].append({**it, "mean": mean, "low": low, "high": high})
        return found

    winner, chance = lived.winner(values[0])
    swings: list[Swing] = [
        {"name": name, "given": lived.given[name], "low": end(1 + 2 * at, name), "high": end(2 + 2 * at, name)}
        for at, name in enumerate(asked)
    ]
    return {"figures": [it for it, _ in before], "winner": winner, "chance": chance}, swings


def live_map(lived: Lived, across: str, down: str, grid: int) -> Map:
    """Who wins over two assumptions, from one end of their ranges to the other."""
    levels = [
        list(dict.fromkeys(placed(lived.called(name), float(share)) for share in np.linspace(0, 1, grid)))
        for name in (across, down)
    ]
    points = [{across: right, down: below} for below in levels[1] for right in levels[0]]
    _, values = lived.at(points)

    def cell(there: Array | None) -> Cell | None:
        if there is None:
            return None
        winner, chance = lived.winner(there)
        first = lived.names.index(winner) if winner is not None else 0
        return {"winner": winner, "chance": chance, "lead": float(lead_of(there, first, lived.smaller).mean())}

    cells = [cell(there) for there in values]
    width = len(levels[0])
    return {
        "across": across, "down": down, "across_values": levels[0], "down_values": levels[1],
        "cells": [cells[row : row + width] for row in range(0, len(cells), width)],
    }  # fmt: skip
