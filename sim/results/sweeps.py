"""Sweeps on disk: thousands of small runs read as one table, and what they say together. Nothing here runs a world.

    sweep.json       what was asked for, and how it went
    plan.toml        the plan as it was given
    points.parquet   a row a point of the factors and scenario: its values, and the hash of the resolved scenario
    runs/3f/3f2a../  a run: run.json (seed, summary, seconds), scenario.toml, days.parquet
    failed/          a file a run that failed, with its traceback
    table.parquet    the summaries of all runs, where asked for

A run's folder takes its name, made of resolved scenario, seed and version, when it is whole. It is never written again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sim import __version__
from sim.engine.settings import BadInput
from sim.ground import paths
from sim.ground.metrics import Metric, noted
from sim.results.factors import Levels, end_of, levels_of
from sim.results.files import no_folder, read_json, read_table

ABOUT, PLAN, POINTS, TABLE = "sweep.json", "plan.toml", "points.parquet", "table.parquet"
RUNS, FAILED = "runs", "failed"  # folders
RUN, RUN_SCENARIO, DAYS = "run.json", "scenario.toml", "days.parquet"  # in the folder of a run
NETWORKS, PARTS, LOCK = "networks", ".parts", paths.LOCK  # while it is being made
IDENTITY = 24  # hexadecimal digits that name a run: no two alike among thousands of millions of them
SAID = {  # in sweep.json, always
    "version", "code", "name", "title", "plan", "scenarios", "titles", "seeds", "users", "days", "points", "runs",
    "factors", "sample", "chosen", "save_days", "unfair", "metrics", "machine", "started", "went",
}  # fmt: skip
AGAIN = "sweep again with the same plan, and this run alone is made again"
LEVEL = 0.95  # of intervals
FIXED = ("run", "scenario", "seed", "point")  # columns of the table before the factors
SOLVED = 30  # passes that fit points and seeds to a table with gaps; one does where there are none
COMPARED = (
    "draws",
    "seeds",
    "mean",
    "low",
    "high",
    "diff",
    "diff_low",
    "diff_high",
)  # a mean, and its difference to the baseline
MEASURED = " (measured)"  # ends the name of a metric that a factor of the sweep is called too


def identity(digest: str, seed: int, version: str = __version__) -> str:
    """The name of a run: the same for the same resolved scenario, seed and version, whatever sweep it is in."""
    return hashlib.sha256(f"{version} {digest} {seed}".encode()).hexdigest()[:IDENTITY]


def place_of(folder: Path, run: str) -> Path:
    """The folder of a run."""
    return folder / RUNS / run[:2] / run


def is_finished(folder: Path, run: str) -> bool:
    """Whether a run is there."""
    return (place_of(folder, run) / RUN).exists()


def is_whole(folder: Path, run: str) -> bool:
    """Whether a run is there and can be read; what a damaged disk or somebody's hand has left is made again."""
    try:
        about = read_json(place_of(folder, run) / RUN)
    except BadInput:
        return False
    return isinstance(about, dict) and isinstance(about.get("summary"), dict)


def failure_of(folder: Path, run: str) -> Path:
    """The file that says why a run failed."""
    return folder / FAILED / f"{run}.json"


class Interval(NamedTuple):
    """A mean and the ends of its 95 % interval; no width where there is a single value."""

    mean: float
    low: float
    high: float


def interval(values: ArrayLike) -> Interval:
    """Student's interval of independent values."""
    sample = np.asarray(values, np.float64)
    mean = float(sample.mean())
    if sample.size < 2:
        return Interval(mean, mean, mean)
    reach = _student(sample.size - 1) * float(sample.std(ddof=1)) / sample.size**0.5
    return Interval(mean, mean - reach, mean + reach)


def crossed(table: ArrayLike, other: ArrayLike | None = None) -> Interval:
    """Interval of a mean over drawn points that are all lived with the same seeds, or of the difference of two.

    Points and seeds are both samples, and what happens at two points is alike where a seed is kind to both. So the
    variance is that of the points' means, and that of the seeds' means, less what both count: two-way random effects,
    clusters in the words of Cameron, Gelbach and Miller (2011). It is at least each alone. Points are many and seeds
    few: the quantile is the mean of both's, weighted by their variances (Cochran 1964), which holds the truth a little
    more often than said where there are two seeds. With one seed it holds for its luck alone, with one point there.

    Args:
        table: shape (points, seeds), NaN where there is no value.
        other: what is taken from it: other points, the same seeds.
    """
    sides = [np.asarray(it, np.float64) for it in (table, other) if it is not None]
    spreads = [_spread(side) for side in sides]
    signs = np.array([1.0, -1.0])[: len(sides)]
    mean = float(signs @ [it.mean for it in spreads])
    seeds = sides[0].shape[1]
    known = seeds > 1
    by_seed = seeds / (seeds - 1) * float(((signs @ [it.by_seed for it in spreads]) ** 2).sum()) if known else 0.0
    by_point = sum(it.by_point for it in spreads) if all(len(side) > 1 for side in sides) else 0.0
    if by_seed + by_point == 0:
        return Interval(mean, mean, mean)
    variance = max(by_point + by_seed - sum(it.both for it in spreads), by_point, by_seed)
    quantile = by_seed * _student(seeds - 1) if known else 0.0
    if by_point:
        parts = sum(it.by_point**2 / (len(side) - 1) for it, side in zip(spreads, sides, strict=True))
        quantile += by_point * _student(by_point**2 / parts)  # Welch's degrees of freedom where there are two
    reach = quantile / (by_point + by_seed) * variance**0.5
    return Interval(mean, mean - reach, mean + reach)


class _Spread(NamedTuple):
    """A table's mean, and parts of its variance."""

    mean: float
    by_seed: NDArray[np.float64]  # how far each seed moves it
    by_point: float
    both: float  # what points and seeds do together, which both parts count


def _spread(table: NDArray[np.float64]) -> _Spread:
    there, (points, seeds) = ~np.isnan(table), table.shape
    mean, cells = float(table[there].mean()), int(there.sum())
    rest = np.where(there, table - mean, 0.0)
    by_seed, by_point, both = rest.sum(axis=0) / cells, 0.0, 0.0
    if points > 1:
        by_point = points / (points - 1) * float(((rest.sum(axis=1) / cells) ** 2).sum())
    if points > 1 and seeds > 1:
        for _ in range(1 if there.all() else SOLVED):
            for axis in (1, 0):
                many = np.maximum(there.sum(axis=axis, keepdims=True), 1)
                rest = np.where(there, rest - rest.sum(axis=axis, keepdims=True) / many, 0.0)
        both = points * seeds / (points - 1) / (seeds - 1) * float((rest**2).sum()) / cells**2
    return _Spread(mean, by_seed, by_point, both)


def _student(freedom: float) -> float:
    return float(special.stdtrit(freedom, (1 + LEVEL) / 2))


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
        if not folder.exists():
            raise BadInput(no_folder(folder))
        if not (folder / ABOUT).exists():
            raise BadInput(f"{folder} holds no sweep: it has no {ABOUT}")
        advice = "sweep again with the same plan, and it is written anew; finished runs are kept"
        about = read_json(folder / ABOUT, advice)
        if not isinstance(about, dict) or not set(about) >= SAID:
            raise BadInput(f"{folder / ABOUT} is damaged (it does not say all it should): {advice}")
        return cls(folder, about)

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
        return read_table(self.folder / POINTS, "sweep again with the same plan, and it is written anew")

    # the table

    def rows(self) -> pd.DataFrame:
        """What was asked for, lived or not: a row a run in the order of the plan, without what came of it."""
        version = self.about["version"]
        each = []
        for seed in self.seeds:
            names = [identity(digest, seed, version) for digest in self.points["hash"]]
            each.append(self.points.assign(run=names, seed=seed))
        return pd.concat(each, ignore_index=True)[[*FIXED, *self.factors]]

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
        self._check(wanted, self.about["metrics"])
        rows = self.rows()
        found = self.summaries(rows["run"].unique(), wanted)
        there = rows["run"].isin(found.index)
        rows = rows[there].reset_index(drop=True)
        values = found.loc[rows["run"]].reset_index(drop=True)
        values.columns = [name + MEASURED if name in self.factors else name for name in values.columns]
        return pd.concat([rows, values], axis=1)

    def summaries(self, runs: ArrayLike, wanted: list[str]) -> pd.DataFrame:
        """Summaries by run, of those that are finished."""
        known = pd.DataFrame(columns=wanted, dtype=np.float64)
        if (self.folder / TABLE).exists():
            advice = "remove it; the runs hold the same"
            known = read_table(self.folder / TABLE, advice).set_index("run")[wanted]
        read = {}
        for run in np.setdiff1d(np.asarray(runs, object), np.asarray(known.index, object)):
            file = place_of(self.folder, str(run)) / RUN
            if file.exists():
                read[run] = _summary(file, wanted)
        more = pd.DataFrame.from_dict(read, orient="index", columns=wanted, dtype=np.float64)
        return more if known.empty else pd.concat([known, more]) if read else known

    def days(self, metrics: str | Sequence[str], of: pd.DataFrame | None = None) -> pd.DataFrame:
        """Chosen metrics day by day: run, scenario, seed, point, the factors, day, and a column a metric.

        Only these columns of these runs are read.

        Args:
            of: rows of `table()` or `rows()`; all finished runs if None.

        Raises:
            BadInput: days were not kept, or not of this metric.
        """
        wanted = [metrics] if isinstance(metrics, str) else list(metrics)
        self._check(wanted, self.about["metrics"])
        kept = self.about["save_days"]
        if kept is False or (kept is not True and not set(wanted) <= set(kept)):
            had = ", ".join(kept) if isinstance(kept, list) else "none"
            raise BadInput(f"{self.folder} has no days of {', '.join(wanted)}: its plan keeps {had} (save_days)")
        rows = self.rows() if of is None else of
        each = [
            table for row in rows[[*FIXED, *self.factors]].to_dict("records") for table in _lived(self, row, wanted)
        ]
        if not each:
            return pd.DataFrame(columns=[*FIXED, *self.factors, "day", *wanted])
        return pd.concat(each, ignore_index=True)

    def failures(self) -> pd.DataFrame:
        """A row a run that failed: run, scenario, seed, point, the factors, `error` and `traceback`."""
        rows = self.rows().drop_duplicates("run")
        files = {run: failure_of(self.folder, run) for run in rows["run"] if not is_finished(self.folder, run)}
        said = {run: _failure(file) for run, file in files.items() if file.exists()}
        failed = rows[rows["run"].isin(said)].reset_index(drop=True)
        for column in ("error", "traceback"):
            failed[column] = [said[run][column] for run in failed["run"]]
        return failed

    def missing(self) -> int:
        """How many runs are not finished, failed ones included."""
        return sum(not is_finished(self.folder, run) for run in self.rows()["run"].unique())

    def _check(self, names: Sequence[str], known: Mapping[str, Any]) -> None:
        for name in names:
            if name not in known:
                raise BadInput(f"no metric {name!r} in {self.folder}")

    # what they say together

    def paired(self, metric: str) -> pd.DataFrame:
        """A metric by (point, seed), a column a scenario; only where every scenario is finished.

        A third level of the index, `draw`, says which of the drawn points a point belongs to; 0 where none were drawn.
        """
        return self._wide(metric).dropna()

    def _wide(self, metric: str) -> pd.DataFrame:
        """As `paired`, with what is finished in some scenarios only: NaN in the others."""
        self._check([metric], self.about["metrics"])
        table = self._chosen if metric in self.about["chosen"] else self.table([metric])
        column = metric + MEASURED if metric in self.factors else metric
        wide = table.pivot(index=["point", "seed"], columns="scenario", values=column)
        wide = wide.reindex(columns=self.scenarios)
        draws = self.points.drop_duplicates("point").set_index("point")["draw"]
        point, seed = wide.index.get_level_values("point"), wide.index.get_level_values("seed")
        wide.index = pd.MultiIndex.from_arrays([point, seed, draws.loc[point]], names=["point", "seed", "draw"])
        return wide

    @cached_property
    def _chosen(self) -> pd.DataFrame:
        """The table of the metrics that the plan names, read once."""
        return self.table(self.about["chosen"])

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
        wide, found = self.paired(metric), []
        points = wide.index.get_level_values("point")
        for factor in self.factors:
            levels = self.levels(factor)
            for place, label in enumerate(levels.labels):
                here = wide[levels.of[points] == place]
                found += [(factor, place, label, levels.at[place], *compared) for compared in self._compared(here)]
        columns = ["factor", "place", "level", "at", "scenario", *COMPARED]
        return pd.DataFrame(found, columns=columns)

    def changes(self, metric: str) -> pd.DataFrame:
        """What a metric changes by from the first level of each factor to the last: a row a factor and scenario."""
        wide, found = self.paired(metric), []
        points = wide.index.get_level_values("point")
        for factor in self.factors:
            levels = self.levels(factor)
            ends = [_cells(wide[levels.of[points] == place]) for place in (0, len(levels.labels) - 1)]
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

    def overall(self, metric: str) -> pd.DataFrame:
        """A metric over all points and seeds: a row a scenario, as `effects`."""
        return pd.DataFrame(self._compared(self.paired(metric)), columns=["scenario", *COMPARED])

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
        return _at_best(self, _picked(self, self._wide(metric), self._sign(metric)))

    def _sign(self, metric: str) -> float:
        return -1.0 if self.metrics[metric].better == "less" else 1.0

    def levers_of(self, scenario: str) -> list[str]:
        """The levers that apply to a scenario."""
        only = {factor["name"]: factor["only"] for factor in self.about["factors"]}
        return [lever for lever in self.levers if not only[lever] or scenario in only[lever]]

    def _compared(self, wide: pd.DataFrame) -> list[tuple[Any, ...]]:
        """Each scenario in rows of `paired`, beside the baseline."""
        cells = _cells(wide)
        many = [cells.index.unique(level).size for level in ("draw", "seed")]
        return [
            (name, *many, *self.interval(cells[name]), *self.interval(cells[name] - cells[self.baseline]))
            for name in self.scenarios
            if len(cells)
        ]

    def interval(self, cells: "pd.Series[float]") -> Interval:
        """Of values by draw and seed: over both where factors were drawn, else over seeds."""
        return crossed(cells.unstack("seed")) if self.drawn else interval(cells)

    def winners(self, metric: str, one: str, other: str) -> pd.DataFrame:
        """Who is best on a metric at each pair of levels of two factors, over the rest.

        Returns:
            A row a pair: the levels (`one`, `other`) and their places, `winner` (missing where the first two are equal),
            its `mean`, its lead over the `second` with a 95 % interval, and whether that is `sure` to be a lead.
        """
        wide, found = self.paired(metric), []
        points = wide.index.get_level_values("point")
        first, then = self.levels(one), self.levels(other)
        for i, label in enumerate(first.labels):
            for j, label_of_other in enumerate(then.labels):
                here = _cells(wide[(first.of[points] == i) & (then.of[points] == j)])
                if here.empty:
                    continue
                it = _lead(self, here, self._sign(metric))
                winner, mean = None if it.tied else it.winner, float(here[it.winner].mean())
                found.append((label, label_of_other, i, j, winner, mean, it.second, *it.by, it.sure))
        columns = ["one", "other", "i", "j", "winner", "mean", "second", "lead", "low", "high", "sure"]
        return pd.DataFrame(found, columns=columns)


def _summary(file: Path, wanted: list[str]) -> list[float]:
    """Metrics of a run; NaN for one that the code it was made with did not know."""
    about = read_json(file, AGAIN)
    if not isinstance(about, dict) or not isinstance(about.get("summary"), dict):
        raise BadInput(f"{file} is damaged (it has no summary): {AGAIN}")
    return [about["summary"].get(name, np.nan) for name in wanted]


def _lived(sweep: Sweep, row: Mapping[Any, Any], wanted: list[str]) -> Iterator[pd.DataFrame]:
    """Days of a run, if they were kept, beside its row of the table."""
    file = place_of(sweep.folder, row["run"]) / DAYS
    if file.exists():
        days = read_table(file, f"remove the folder {file.parent}, then {AGAIN}", ["day", *wanted])
        days.columns = [name + MEASURED if name in sweep.factors else name for name in days.columns]
        yield pd.concat([pd.DataFrame({name: [value] * len(days) for name, value in row.items()}), days], axis=1)


def _failure(file: Path) -> dict[str, str]:
    """What a failed run said; that it cannot be read is no reason to say nothing of the others."""
    try:
        about = read_json(file, "the next sweep tries the run again")
        return {key: str(about[key]) for key in ("error", "traceback")}
    except (BadInput, KeyError, TypeError) as problem:
        return {"error": f"{file.name} is damaged", "traceback": str(problem)}


def lead(sweep: Sweep, metric: str, choosing: bool) -> Lead | None:
    """Who is first on a metric and by how much; None where there are not two scenarios to compare.

    Args:
        choosing: with levers where they do best, as `Sweep.best`; else over all points, as `Sweep.overall`.
    """
    sign = sweep._sign(metric)
    picked = _picked(sweep, sweep._wide(metric), sign) if choosing else None
    cells = _cells(sweep.paired(metric)) if picked is None else picked.cells
    return _lead(sweep, cells, sign) if len(cells) and len(sweep.scenarios) > 1 else None


def _lead(sweep: Sweep, cells: pd.DataFrame, sign: float) -> Lead:
    """Who is first in values by draw and seed, a column a scenario."""
    ranked = (sign * cells.mean()).sort_values(ascending=False, kind="stable").index.tolist()
    winner, second = ranked[0], ranked[min(1, len(ranked) - 1)]
    ahead = sign * (cells[winner] - cells[second])
    interval = sweep.interval(ahead)
    return Lead(winner, second, interval, len(cells) > 1 and interval.low > 0, winner != second and not ahead.any())


class _Picked(NamedTuple):
    """Scenarios with their levers where they do best on a metric.

    Attributes:
        cells: values by draw and seed, a column a scenario.
        at: by scenario, then lever: where it stands, None where it does not apply or makes no difference.
        of: by scenario, how many combinations it is the best of.
    """

    cells: pd.DataFrame
    at: dict[str, dict[str, Any]]
    of: dict[str, int]


def _picked(sweep: Sweep, wide: pd.DataFrame, sign: float) -> _Picked | None:
    """From a metric as `paired` has it, gaps and all; of which more is better, or less where sign is -1."""
    names, levers = sweep.scenarios, sweep.levers
    settings = sweep.points.drop_duplicates("point").set_index("point")
    point = wide.index.get_level_values("point")
    around = _numbered(settings, [name for name in sweep.factors if name not in levers])
    keys = {"around": around.loc[point].to_numpy()}
    keys |= {level: wide.index.get_level_values(level) for level in ("draw", "seed")}
    chosen = {name: _numbered(settings, sweep.levers_of(name)) for name in names}
    tables = {
        name: pd.DataFrame({**keys, "choice": chosen[name].loc[point].to_numpy(), "value": wide[name].to_numpy()})
        .pivot_table("value", list(keys), "choice")
        for name in names
    }  # fmt: skip
    both = pd.concat(tables, axis=1).dropna()
    if both.empty or any(table.empty for table in tables.values()):
        return None
    cells = both.groupby(level=["draw", "seed"]).mean()
    at = {}
    for name in names:
        best = (sign * cells[name].mean()).idxmax()
        alike = [choice for choice in cells[name].columns if np.array_equal(cells[name][choice], cells[name][best])]
        values, mine = settings[chosen[name].isin(alike)], sweep.levers_of(name)
        at[name] = {
            it: _item(values[it].iloc[0]) if it in mine and values[it].nunique() == 1 else None for it in levers
        }
        tables[name] = cells[name][best]
    return _Picked(pd.DataFrame(tables), at, {name: cells[name].shape[1] for name in names})


def _at_best(sweep: Sweep, picked: _Picked | None) -> pd.DataFrame:
    """`Sweep.best` of what was picked."""
    found, columns = list[tuple[Any, ...]](), ["scenario", *sweep.levers, "at_end", "of", *COMPARED]
    if picked is None:
        return pd.DataFrame(found, columns=columns)
    cells, baseline = picked.cells, picked.cells[sweep.baseline]
    many = [cells.index.unique(level).size for level in ("draw", "seed")]
    about = {factor["name"]: factor for factor in sweep.about["factors"]}
    for name in sweep.scenarios:
        intervals = (*sweep.interval(cells[name]), *sweep.interval(cells[name] - baseline))
        ends = ", ".join(lever for lever, value in picked.at[name].items() if end_of(about[lever], value))
        found.append((name, *picked.at[name].values(), ends, picked.of[name], *many, *intervals))
    table = pd.DataFrame(found, columns=columns, dtype=object)
    return table.astype({"of": int, "draws": int, "seeds": int} | dict.fromkeys(COMPARED[2:], float))


def _item(value: Any) -> Any:
    """Python's own number or truth in place of NumPy's."""
    return value.item() if isinstance(value, np.generic) else value


def _numbered(settings: pd.DataFrame, names: list[str]) -> "pd.Series[int]":
    """By point, a number that is the same for the same values of these factors."""
    return settings.groupby(names, sort=False).ngroup() if names else pd.Series(0, settings.index)


def _cells(wide: pd.DataFrame) -> pd.DataFrame:
    """Rows of `paired` by draw and seed, over the other points."""
    return wide.groupby(level=["draw", "seed"]).mean()


def _side_by_side(*cells: "pd.Series[float]") -> list[pd.DataFrame]:
    """Values by draw and seed as tables of the same seeds."""
    tables = [one.unstack("seed") for one in cells]
    seeds = sorted(set().union(*(table.columns for table in tables)))
    return [table.reindex(columns=seeds) for table in tables]


def is_sweep(folder: Path) -> bool:
    """Whether a folder holds a sweep."""
    return (folder / ABOUT).exists()


def canonical(value: Any) -> Any:
    """A factor's value as a column of a table holds it: lists as text."""
    return json.dumps(value) if isinstance(value, list | tuple) else value
