"""What the runs of a sweep say together of one metric: effects, changes, who wins where. All is paired by point and seed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from sim.results.factors import Levels
from sim.results.intervals import Interval, crossed, interval

COMPARED = ("draws", "seeds", "mean", "low", "high", "diff", "diff_low", "diff_high")  # a mean, and its difference


class Lead(NamedTuple):
    """Who is first on a metric.

    Attributes:
        winner, second: scenarios.
        by: how far the first is ahead, paired by point and seed.
        sure: whether the interval says that it is ahead.
        tied: whether the first two are equal in every run.
    """

    winner: str
    second: str
    by: Interval
    sure: bool
    tied: bool


@dataclass(frozen=True)
class Measured:
    """One metric of a sweep.

    Attributes:
        wide: a row a point, seed and draw, a column a scenario, the baseline first; NaN where a run is not finished.
        factors: their names.
        levels_of: the levels of a factor by its name.
        drawn: whether factors were drawn, so that points are a sample of those there could be, as seeds are of luck.
        sign: 1 where more is better, -1 where less is.
    """

    wide: pd.DataFrame
    factors: list[str]
    levels_of: Callable[[str], Levels]
    drawn: bool
    sign: float

    @cached_property
    def paired(self) -> pd.DataFrame:
        """The rows in which every scenario is finished."""
        return self.wide.dropna()

    @property
    def scenarios(self) -> list[str]:
        """Names, the baseline first."""
        return list(self.wide.columns)

    def effects(self) -> pd.DataFrame:
        """At each level of each factor, over all other factors and seeds: see `Sweep.effects`."""
        wide, found = self.paired, []
        points = wide.index.get_level_values("point")
        for factor in self.factors:
            levels = self.levels_of(factor)
            for place, label in enumerate(levels.labels):
                here = cells_of(wide[levels.of[points] == place])
                found += [(factor, place, label, levels.at[place], *compared) for compared in self.compared(here)]
        return pd.DataFrame(found, columns=["factor", "place", "level", "at", "scenario", *COMPARED])

    def changes(self) -> pd.DataFrame:
        """From the first level of each factor to the last: see `Sweep.changes`."""
        wide, found = self.paired, []
        points = wide.index.get_level_values("point")
        for factor in self.factors:
            levels = self.levels_of(factor)
            ends = [cells_of(wide[levels.of[points] == place]) for place in (0, len(levels.labels) - 1)]
            if len(levels.labels) < 2 or any(end.empty for end in ends):
                continue
            both = ends[0].index.intersection(ends[1].index)
            for name in self.scenarios:
                if len(both):  # the same luck and, but for this factor, the same points at both ends
                    change = self.interval(ends[1].loc[both, name] - ends[0].loc[both, name])
                else:
                    change = crossed(*_side_by_side(ends[1][name], ends[0][name]))
                found.append((factor, levels.labels[0], levels.labels[-1], name, *change))
        return pd.DataFrame(found, columns=["factor", "first", "last", "scenario", "change", "low", "high"])

    def overall(self) -> pd.DataFrame:
        """Over all points and seeds: a row a scenario."""
        return pd.DataFrame(self.compared(cells_of(self.paired)), columns=["scenario", *COMPARED])

    def winners(self, one: str, other: str) -> pd.DataFrame:
        """Who is best at each pair of levels of two factors, over the rest: see `Sweep.winners`."""
        wide, found = self.paired, []
        points = wide.index.get_level_values("point")
        first, then = self.levels_of(one), self.levels_of(other)
        for i, label in enumerate(first.labels):
            for j, label_of_other in enumerate(then.labels):
                here = cells_of(wide[(first.of[points] == i) & (then.of[points] == j)])
                if here.empty:
                    continue
                lead = self.lead(here)
                winner, mean = None if lead.tied else lead.winner, float(here[lead.winner].mean())
                found.append((label, label_of_other, i, j, winner, mean, lead.second, *lead.by, lead.sure))
        columns = ["one", "other", "i", "j", "winner", "mean", "second", "lead", "low", "high", "sure"]
        return pd.DataFrame(found, columns=columns)

    def lead(self, cells: pd.DataFrame) -> Lead:
        """Who is first in values by draw and seed, a column a scenario."""
        ranked = (self.sign * cells.mean()).sort_values(ascending=False, kind="stable").index.tolist()
        winner, second = ranked[0], ranked[min(1, len(ranked) - 1)]
        ahead = self.sign * (cells[winner] - cells[second])
        by = self.interval(ahead)
        return Lead(winner, second, by, len(cells) > 1 and by.low > 0, winner != second and not ahead.any())

    def compared(self, cells: pd.DataFrame) -> list[tuple[Any, ...]]:
        """Each scenario beside the baseline, in values by draw and seed: its name, then COMPARED."""
        many = [cells.index.unique(level).size for level in ("draw", "seed")]
        baseline = cells[self.scenarios[0]]
        return [
            (name, *many, *self.interval(cells[name]), *self.interval(cells[name] - baseline))
            for name in self.scenarios
            if len(cells)
        ]

    def interval(self, cells: "pd.Series[float]") -> Interval:
        """Of values by draw and seed: over both where factors were drawn, else over seeds."""
        return crossed(cells.unstack("seed")) if self.drawn else interval(cells)


def cells_of(wide: pd.DataFrame) -> pd.DataFrame:
    """Rows of `paired` by draw and seed, over the other points."""
    return wide.groupby(level=["draw", "seed"]).mean()


def _side_by_side(*cells: "pd.Series[float]") -> list[pd.DataFrame]:
    """Values by draw and seed as tables of the same seeds."""
    tables = [one.unstack("seed") for one in cells]
    seeds = sorted(set().union(*(table.columns for table in tables)))
    return [table.reindex(columns=seeds) for table in tables]
