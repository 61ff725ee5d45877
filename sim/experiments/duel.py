"""A duel: each of our strategies against each of the rival's, on the same people with the same luck.

What a cell holds is what we earn, what the rival earns, and what people gain and how many come, where we run one
strategy and the rival another. From these follow best responses and equilibria, each with the luck that is left in it.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.experiments.compare import compare
from sim.experiments.games import best_responses, equilibria
from sim.experiments.pairing import UnfairComparison
from sim.experiments.run import Progress
from sim.results.comparisons import Comparison
from sim.results.files import write_json
from sim.results.intervals import interval, paired
from sim.scenario import Given, Scenario, against

OURS, THEIRS = "profit.total", "rival.profit"
SHOWN = (OURS, THEIRS, "welfare.users", "users.daily")


@dataclass(frozen=True)
class Duel:
    """What came of each pair of strategies.

    Attributes:
        ours, theirs: names of the strategies of either side.
        seeds: seeds of every cell.
        values: by metric, an array of shape (ours, theirs, seeds).
    """

    ours: list[str]
    theirs: list[str]
    seeds: list[int]
    values: dict[str, NDArray[np.float64]]

    def __repr__(self) -> str:
        return f"Duel({len(self.ours)} of ours against {len(self.theirs)} of theirs, {len(self.seeds)} seeds)"

    def _means(self, metric: str) -> NDArray[np.float64]:
        return np.asarray(self.values[metric].mean(axis=2))

    @property
    def equilibria(self) -> list[tuple[str, str]]:
        """Pairs from which neither side gains by moving alone, in the mean over seeds."""
        found = equilibria(self._means(OURS), self._means(THEIRS))
        return [(self.ours[i], self.theirs[j]) for i, j in found]

    def is_settled(self, ours: int, theirs: int) -> bool:
        """Whether luck leaves no doubt that both answer best here: no paired interval against another answer holds 0."""
        mine, other = self.values[OURS], self.values[THEIRS]
        rows = [paired(mine[ours, theirs], mine[i, theirs]).low for i in range(len(self.ours)) if i != ours]
        columns = [paired(other[ours, theirs], other[ours, j]).low for j in range(len(self.theirs)) if j != theirs]
        return len(self.seeds) > 1 and all(low > 0 for low in rows + columns)

    def table(self) -> pd.DataFrame:
        """A row a pair: `ours`, `theirs`, and for each metric its mean, low and high; who answers best; equilibria."""
        best_of_ours = best_responses(self._means(OURS))
        best_of_theirs = best_responses(self._means(THEIRS).T).T
        rows = []
        for i, ours in enumerate(self.ours):
            for j, theirs in enumerate(self.theirs):
                row: dict[str, Any] = {"ours": ours, "theirs": theirs}
                for metric, values in self.values.items():
                    found = interval(values[i, j])
                    row |= {metric: found.mean, f"{metric}.low": found.low, f"{metric}.high": found.high}
                both = bool(best_of_ours[i, j] and best_of_theirs[i, j])
                row |= {"our_best": bool(best_of_ours[i, j]), "their_best": bool(best_of_theirs[i, j])}
                rows.append(row | {"equilibrium": both, "settled": both and self.is_settled(i, j)})
        return pd.DataFrame(rows)

    def save(self, folder: Path) -> None:
        """Write `duel.json` into a folder: both sides' strategies, seeds, and every cell's figures."""
        cells = self.table().to_dict(orient="records")
        content = {"ours": self.ours, "theirs": self.theirs, "seeds": self.seeds, "cells": cells}
        write_json(Path(folder) / "duel.json", content)


def duel(
    ours: Sequence[Given],
    theirs: Sequence[Given] | None = None,
    *,
    replicates: int | None = None,
    jobs: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    force: bool = False,
) -> Duel:
    """Let each of our strategies meet each of the rival's.

    Args:
        ours, theirs: strategies of either side, or their files; the same if `theirs` is None. Of a rival's strategy its levers count:
            loads of adverts, the cut, paid places and what it knows; its policy is fixed.
        replicates, jobs, out, progress, force: as `compare` has them; with `out`, the runs and `duel.json` lie there.

    Raises:
        BadInput: fewer than two pairs, or scenarios that are not of the same people and luck.
    """
    mine_all = [Scenario.of(each) for each in ours]
    theirs_all = [Scenario.of(each) for each in theirs or ours]
    if len(mine_all) * len(theirs_all) < 2:
        raise BadInput("a duel needs at least two strategies: one answer is no choice")
    pairs = [
        against(mine, other)
        .with_values({"rival.policy": "fixed"})
        .model_copy(update={"name": f"{mine.name}.against.{other.name}"})
        for mine in mine_all
        for other in theirs_all
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnfairComparison)  # the rival's levers are what differs, on purpose
        found = compare(pairs, replicates=replicates, jobs=jobs, out=out, progress=progress, force=force)
    duelled = _duel_of(found, [mine.name for mine in mine_all], [other.name for other in theirs_all])
    if out is not None:
        duelled.save(Path(out))
    return duelled


def _duel_of(found: Comparison, ours: list[str], theirs: list[str]) -> Duel:
    """The cells of a comparison of all pairs, in their order."""
    by_pair = {name: [result.summary for result in found.results(name)] for name in found.scenarios}
    shape = (len(ours), len(theirs), len(found.seeds))
    values = {
        metric: np.array([[summary[metric] for summary in by_pair[name]] for name in found.scenarios]).reshape(shape)
        for metric in SHOWN
    }
    return Duel(ours, theirs, list(found.seeds), values)
