"""Sweeps: thousands of small runs read as one table, and what they say together. Nothing here runs a world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pandas as pd

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.ground.metrics import Metric, noted
from sim.results.factors import Levels, levels_of
from sim.results.files import read_table
from sim.results.sweep_folders import (
    ANEW,
    POINTS,
    column_of,
    identity,
    is_finished,
    read_about,
    read_days,
    read_failures,
    read_summaries,
)
from sim.results.sweep_levers import Choices, at_best, picked
from sim.results.sweep_measures import Lead, Measured, cells_of

FIXED = ("run", "scenario", "seed", "point")  # columns of the table before the factors


@dataclass
class Sweep:
    """Many runs: every scenario at every point of the factors with every seed.

    Attributes:
        folder: where it lies.
        about: what was asked for and how it went; see `sweep.json`.
    """

    folder: Path
    about: dict[str, Any] = field(repr=False)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Open a sweep, finished or not; what is large is read when asked for.

        Raises:
            BadInput: there is none in the folder.
        """
        folder = paths.given(folder, "folder")
        return cls(folder, read_about(folder))

    @property
    def title(self) -> str:
        """The plan's title."""
        return str(self.about["title"])

    @property
    def scenarios(self) -> list[str]:
        """Names, the baseline first."""
        return list(self.about["scenarios"])

    @property
    def titles(self) -> dict[str, str]:
        """The title of each scenario."""
        return dict(self.about["titles"])

    @property
    def baseline(self) -> str:
        """The scenario that the others are compared to."""
        return self.scenarios[0]

    @property
    def seeds(self) -> list[int]:
        """Seeds; every scenario lives every point with each."""
        return list(self.about["seeds"])

    @property
    def factors(self) -> list[str]:
        """Names of the settings that vary."""
        return [factor["name"] for factor in self.about["factors"]]

    @property
    def drawn(self) -> bool:
        """Whether factors were drawn, so that points are a sample of those there could be, as seeds are of luck."""
        return any(factor["drawn"] for factor in self.about["factors"])

    @property
    def levers(self) -> list[str]:
        """Factors that the platform decides, over listed values: what it could choose, rather than what may befall it."""
        return [it["name"] for it in self.about["factors"] if it["origin"] == "decided" and not it["drawn"]]

    @property
    def metrics(self) -> dict[str, Metric]:
        """Declarations of every metric, by name."""
        return noted(self.about["metrics"])

    @cached_property
    def points(self) -> pd.DataFrame:
        """A row a point of the factors and scenario: `point`, `draw`, `scenario`, `hash`, then the factors."""
        return read_table(self.folder / POINTS, ANEW)

    # the table

    def rows(self) -> pd.DataFrame:
        """What was asked for, lived or not: a row a run in the order of the plan, without what came of it."""
        return pd.concat([_rows(self, seed) for seed in self.seeds], ignore_index=True)[[*FIXED, *self.factors]]

    def table(self, metrics: Sequence[str] | None = None) -> pd.DataFrame:
        """A row a finished run: run, scenario, seed, point, the factors, and a column a metric over the run.

        Where a factor does not apply to a scenario, one run stands in the rows of all of its values. A metric that is
        called like a factor has "(measured)" after its name.

        Args:
            metrics: those wanted; all if None.

        Raises:
            BadInput: there is no such metric, or a file is damaged.
        """
        wanted = list(self.about["metrics"] if metrics is None else metrics)
        _check(self, wanted)
        rows = self.rows()
        found = read_summaries(self.folder, rows["run"].unique(), wanted)
        return _beside(rows, found.rename(columns=lambda name: column_of(name, self.factors)))

    def days(self, metrics: str | Sequence[str], of: pd.DataFrame | None = None) -> pd.DataFrame:
        """Chosen metrics day by day: run, scenario, seed, point, the factors, day, and a column a metric.

        Only these columns of these runs are read.

        Args:
            of: rows of `table()` or `rows()`; all finished runs if None.

        Raises:
            BadInput: days were not kept, or not of this metric.
        """
        wanted = [metrics] if isinstance(metrics, str) else list(metrics)
        _check_days(self, wanted)
        rows = (self.rows() if of is None else of)[[*FIXED, *self.factors]]
        each = [table for row in rows.to_dict("records") for table in read_days(self.folder, row, wanted)]
        return pd.concat(each, ignore_index=True) if each else pd.DataFrame(columns=[*rows.columns, "day", *wanted])

    def failures(self) -> pd.DataFrame:
        """A row a run that failed: run, scenario, seed, point, the factors, `error` and `traceback`."""
        rows = self.rows().drop_duplicates("run")
        said = read_failures(self.folder, rows["run"])
        failed = rows[rows["run"].isin(said)].reset_index(drop=True)
        return failed.assign(**{key: [said[run][key] for run in failed["run"]] for key in ("error", "traceback")})

    def missing(self) -> int:
        """How many runs are not finished, failed ones included."""
        return sum(not is_finished(self.folder, run) for run in self.rows()["run"].unique())

    # what they say together

    def paired(self, metric: str) -> pd.DataFrame:
        """A metric by (point, seed), a column a scenario; only where every scenario is finished.

        A third level of the index, `draw`, says which of the drawn points a point belongs to; 0 where none were drawn.
        """
        return _measured(self, metric).paired

    def levels(self, factor: str) -> Levels:
        """The values of a factor, or classes of about as many points each."""
        drawn = next((about["drawn"] for about in self.about["factors"] if about["name"] == factor), None)
        if drawn is None:
            raise BadInput(f"{factor!r} is no factor of the sweep: {', '.join(self.factors)}")
        values = self.points.drop_duplicates("point").sort_values("point")[factor].to_numpy()
        return levels_of(values, drawn)

    def effects(self, metric: str) -> pd.DataFrame:
        """A metric at each level of each factor, over all other factors and seeds.

        Returns:
            A row a factor, level and scenario: how many draws and seeds stand behind it, mean with its 95 % interval,
            and the same of the difference to the baseline, paired by point and seed. Intervals are over seeds; where
            factors were drawn, over drawn points and seeds (see `crossed`).
        """
        return _measured(self, metric).effects()

    def changes(self, metric: str) -> pd.DataFrame:
        """What a metric changes by from the first level of each factor to the last: a row a factor and scenario."""
        return _measured(self, metric).changes()

    def overall(self, metric: str) -> pd.DataFrame:
        """A metric over all points and seeds: a row a scenario, as `effects`."""
        return _measured(self, metric).overall()

    def best(self, metric: str) -> pd.DataFrame:
        """Each scenario with its levers where they do best on a metric, over everything else: a row a scenario.

        All combinations of levers of all scenarios are held against each other where all are finished: the same values
        of the other factors, the same seeds. Those that are finished nowhere are left out. What is picked as the best
        of many looks a little better than it is, for it was also the luckiest.

        Returns:
            `scenario`, a column a lever (None where it does not apply or makes no difference), `at_end` (levers that
            stand at the end of what was tried: beyond it may be better still), `of` (combinations that it is the best
            of), and as `effects`, with differences to the baseline where its own levers do best. Best is least where
            less is better, else most. Empty where a scenario has nothing finished that all others have too.
        """
        return at_best(_measured(self, metric), _choices(self))

    def winners(self, metric: str, one: str, other: str) -> pd.DataFrame:
        """Who is best on a metric at each pair of levels of two factors, over the rest.

        Returns:
            A row a pair: the levels (`one`, `other`) and their places, `winner` (missing where the first two are equal),
            its `mean`, its lead over the `second` with a 95 % interval, and whether that is `sure` to be a lead.
        """
        return _measured(self, metric).winners(one, other)

    def lead(self, metric: str, choosing: bool) -> Lead | None:
        """Who is first on a metric and by how much; None where there are not two scenarios to compare.

        Args:
            choosing: with levers where they do best, as `best`; else over all points, as `overall`.
        """
        measured = _measured(self, metric)
        best = picked(measured, _choices(self)) if choosing else None
        cells = cells_of(measured.paired) if best is None else best.cells
        return measured.lead(cells) if len(cells) and len(self.scenarios) > 1 else None

    @cached_property
    def _chosen(self) -> pd.DataFrame:
        """The table of the metrics that the plan names, read once."""
        return self.table(self.about["chosen"])


def _rows(sweep: Sweep, seed: int) -> pd.DataFrame:
    """Points and scenarios with the run that each is with a seed."""
    names = [identity(digest, seed, sweep.about["version"]) for digest in sweep.points["hash"]]
    return sweep.points.assign(run=names, seed=seed)


def _beside(rows: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Rows of which the run has a summary, and that summary beside each."""
    there = rows[rows["run"].isin(found.index)].reset_index(drop=True)
    return pd.concat([there, found.loc[there["run"]].reset_index(drop=True)], axis=1)


def _check(sweep: Sweep, metrics: Sequence[str]) -> None:
    for name in metrics:
        if name not in sweep.about["metrics"]:
            raise BadInput(f"no metric {name!r} in {sweep.folder}")


def _check_days(sweep: Sweep, metrics: Sequence[str]) -> None:
    _check(sweep, metrics)
    kept = sweep.about["save_days"]
    if kept is False or (kept is not True and not set(metrics) <= set(kept)):
        had = ", ".join(kept) if isinstance(kept, list) else "none"
        raise BadInput(f"{sweep.folder} has no days of {', '.join(metrics)}: its plan keeps {had} (save_days)")


def _measured(sweep: Sweep, metric: str) -> Measured:
    """A metric of every run beside those of the same point and seed."""
    _check(sweep, [metric])
    table = sweep._chosen if metric in sweep.about["chosen"] else sweep.table([metric])
    wide = table.pivot(index=["point", "seed"], columns="scenario", values=column_of(metric, sweep.factors))
    wide = wide.reindex(columns=sweep.scenarios)
    draws = sweep.points.drop_duplicates("point").set_index("point")["draw"]
    point, seed = wide.index.get_level_values("point"), wide.index.get_level_values("seed")
    wide.index = pd.MultiIndex.from_arrays([point, seed, draws.loc[point]], names=["point", "seed", "draw"])
    sign = -1.0 if sweep.metrics[metric].better == "less" else 1.0
    return Measured(wide, sweep.factors, sweep.levels, sweep.drawn, sign)


def _choices(sweep: Sweep) -> Choices:
    """What the scenarios can choose."""
    factors: Mapping[str, Mapping[str, Any]] = {factor["name"]: factor for factor in sweep.about["factors"]}
    only = {lever: factors[lever]["only"] for lever in sweep.levers}
    mine = {name: [it for it in sweep.levers if not only[it] or name in only[it]] for name in sweep.scenarios}
    return Choices(sweep.points.drop_duplicates("point").set_index("point"), factors, sweep.levers, mine)
