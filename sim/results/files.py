"""Results on disk: one run or one comparison, saved, loaded and summarised. Nothing here runs a world.

A file is written to a temporary name beside its own, forced to disk and renamed, so that a file that exists is whole.
`manifest.json` is written last and removed first: a folder that has one holds a finished result.
"""

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.ground.metrics import LAST_DAYS, Metric, noted
from sim.results.futures import RUNS, Futures

SETTLED = 0.975  # the probability of being best at which a 95 % interval of the lead, that of two, excludes zero
LEAST_GAIN = 1.0  # CNY a year: who is better off by less than this is counted neither among winners nor among losers
RUN_FILES = ("manifest.json", "scenario.toml", "days.parquet", "flows.parquet", "summary.json", "surplus.parquet")
COMPARISON_FILES = ("manifest.json", "comparison.json")
REPORT = "report.html"
OF_A_RUN = (*RUN_FILES, "comparison.json", REPORT)  # what a run writes into its folder, or removes there
OF_A_COMPARISON = (*RUN_FILES, "comparison.json", REPORT, "runs", ".graphs")

# Writing


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Hand out a temporary name beside `path`; what is written there takes `path`'s name when the block ends well.

    Folders are made where they are missing. On any failure, Ctrl-C included, the temporary file is removed and an
    earlier file at `path` stays as it was. The temporary name keeps the suffix, by which some writers choose a format.

    Raises:
        BadInput: the folder cannot be made or written to.
    """
    path = Path(path)
    check_folder(path.parent)
    part = paths.passing(path)
    try:
        with named(path, str(part)):
            yield part
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # the new name reaches the disk too, where a folder can be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def named(path: Path, called: str | None = None) -> Iterator[None]:
    """Where a file cannot be written the error says which: a full disk does not, nor does a temporary name `called`."""
    try:
        yield
    except OSError as problem:
        if problem.errno and problem.filename in (None, called):
            problem.filename = str(path)
        raise


@contextlib.contextmanager
def folder_for_results(folder: Path | None) -> Iterator[None]:
    """Make a folder before hours are spent on what goes into it; where the block fails and leaves it empty, it goes.

    Raises:
        BadInput: it cannot be made or written to.
    """
    if folder is None:
        yield
        return
    missing = [it for it in (folder, *folder.parents) if not it.exists()]
    check_folder(folder)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # what holds something stays, and so do those around it
            for it in missing:
                it.rmdir()
        raise


@contextlib.contextmanager
def unfinished(folder: Path) -> Iterator[None]:
    """Mark a folder that is ours while a result is written: what is left by a writer that was cut off may go."""
    mark = folder / paths.UNFINISHED
    mark.touch()
    try:
        yield
    except BaseException:
        left = any(os.path.lexists(folder / name) for name in OF_A_COMPARISON) or any(folder.glob("world-*.npz"))
        if not left or paths.kind_of(folder) != "unfinished":
            mark.unlink(missing_ok=True)
        raise
    mark.unlink(missing_ok=True)


def check_folder(folder: Path) -> None:
    """Make a folder and see that it can be written to, before hours are spent on what goes into it.

    Raises:
        BadInput: it cannot be made, is a file, or is read-only.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        link = paths.missing(Path(folder), "folder") if Path(folder).is_symlink() else ""
        way = link or "a file of that name is in the way"
        raise BadInput(f"{folder} cannot be a folder for results: {way}") from None
    except OSError as problem:
        raise BadInput(f"{folder} cannot be made: {problem.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(f"{folder} cannot be written to")


def write_json(path: Path, value: Any) -> None:
    """Write plain data as a whole JSON file; NumPy's numbers become Python's, tuples become lists.

    Raises:
        ValueError: a number is not finite, which JSON cannot hold; the message says which.
    """
    text = json.dumps(_plain(value, path.name), indent=1, ensure_ascii=False, allow_nan=False)
    with whole_file(path) as part:
        part.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any, where: str) -> Any:
    """Plain Python data, every number finite."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item, f"{where}: {name}") for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist(), where)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, where) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}: only finite numbers can be saved")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)  # dates and paths


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as a whole Parquet file, without its index."""
    with whole_file(path) as part:
        table.to_parquet(part, index=False)


# Reading


def read_json(path: Path, advice: str = "run it again") -> Any:
    """Read a JSON file of ours.

    Args:
        advice: what helps if it is damaged.

    Raises:
        BadInput: it is missing or damaged.
    """
    try:
        return json.loads(paths.text_of(path))
    except OSError as problem:
        raise _unreadable(path, problem) from None
    except ValueError as problem:  # not UTF-8, or not JSON
        raise _damaged(path, problem, advice) from None


def read_table(path: Path, advice: str = "run it again", columns: list[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file of ours.

    Args:
        advice: what helps if it is damaged.
        columns: those wanted; all if None.

    Raises:
        BadInput: it is missing or damaged.
    """
    try:
        return pd.read_parquet(path, columns=columns)
    except FileNotFoundError as problem:
        raise _unreadable(path, problem) from None
    except Exception as problem:  # pyarrow raises half a dozen kinds for a damaged file
        raise _damaged(path, problem, advice) from None


def _unreadable(path: Path, problem: OSError) -> BadInput:
    if isinstance(problem, FileNotFoundError):
        return BadInput(f"{path} is missing: the result is not whole; run it again")
    return BadInput(f"{path} cannot be read: {problem.strerror}")


def _damaged(path: Path, problem: Exception, advice: str = "run it again") -> BadInput:
    why = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    return BadInput(f"{path} is damaged ({why}): {advice}")


def _open_folder(folder: Path, wanted: str) -> dict[str, Any]:
    """The manifest of a folder that holds what is wanted: a "run" or a "comparison"."""
    if not folder.exists():
        raise BadInput(no_folder(folder))
    if not folder.is_dir():
        raise BadInput(f"{folder} is a file: give the folder that holds the result")
    if not (folder / "manifest.json").exists():
        raise BadInput(f"{folder} holds no finished result: it has no manifest.json, which is written last")
    is_comparison = (folder / "comparison.json").exists()
    if wanted == "run" and is_comparison:
        raise BadInput(f"{folder} holds a comparison; its single runs are in {folder / 'runs'}/SCENARIO/SEED")
    if wanted == "comparison" and not is_comparison:
        raise BadInput(f"{folder} holds a single run, not a comparison: it has no comparison.json")
    manifest = read_json(folder / "manifest.json")
    if not isinstance(manifest, dict):
        raise BadInput(f"{folder / 'manifest.json'} is damaged (not a table of names): run it again")
    return manifest


def no_folder(folder: Path) -> str:
    """What to say of a folder that is not there: where its link leads, or which results lie beside it."""
    if folder.is_symlink():
        return f"{folder}: {paths.missing(folder, 'folder', Path.is_dir)}"
    with contextlib.suppress(OSError):
        near = sorted(found.name for found in folder.parent.iterdir() if (found / "manifest.json").exists())
        if near:
            beside = f"{', '.join(near[:8])}{' ...' if len(near) > 8 else ''}"
            return f"there is no folder {folder}; {folder.parent} has {beside}"
    return f"there is no folder {folder}"


def _clear(folder: Path, names: Sequence[str]) -> None:
    """Forget an earlier result: its manifest first, so that what is left is never taken for a finished one."""
    for name in ("manifest.json", *names):
        (folder / name).unlink(missing_ok=True)


# Summaries


def summarise(days: pd.DataFrame, metrics: Mapping[str, Metric]) -> dict[str, float]:
    """One number a metric over a run.

    A flow is the sum of its days, a stock the mean of the last 28 days (of all where there are fewer), a ratio the sum
    of its top over the sum of its bottom, and 0 where that is 0.

    Args:
        days: a row a day, a column a metric.
        metrics: declarations by name; each name, and the two that a ratio divides, is a column of `days`.

    Raises:
        ValueError: a metric has no column.
    """
    missing = sorted(
        {name for metric in metrics.values() for name in (metric.of or (metric.name,))} - set(days.columns)
    )
    if missing:
        raise ValueError(f"the history has no column for {', '.join(missing)}")
    return {name: _over_the_run(days, metric) for name, metric in metrics.items()}


def _over_the_run(days: pd.DataFrame, metric: Metric) -> float:
    if metric.kind == "ratio":
        assert metric.of is not None, f"{metric.name} does not say what it divides"
        top, bottom = (float(days[name].sum()) for name in metric.of)
        return top / bottom if bottom else 0.0
    if metric.kind == "flow":
        return float(days[metric.name].sum())
    return float(days[metric.name].tail(LAST_DAYS).mean()) if len(days) else 0.0


def better_off(ours: NDArray[np.float64], theirs: NDArray[np.float64], days: int) -> float:
    """Share of users better off by more than LEAST_GAIN a year, over so many days of the same luck.

    Below that, differences are echoes: one message more or less today shifts what tomorrow brings to whom.
    """
    return float(np.mean(ours - theirs > LEAST_GAIN * days / 365))


@dataclass(repr=False)
class Result:
    """One run.

    Attributes:
        scenario: the resolved scenario as TOML, every value that applied.
        manifest: what ran, where and how long; see the project's page on files.
        days: a row a day; `day`, `date`, then a column a metric, in the metric's unit.
        flows: a row per day, payer sector, payee sector and reason; `cents` (int64).
        summary: one number a metric, by `summarise`.
        surplus: welfare of each person over the run in CNY, shape (users,); None where it was not kept.
    """

    scenario: str
    manifest: dict[str, Any]
    days: pd.DataFrame
    flows: pd.DataFrame
    summary: dict[str, float]
    surplus: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        said = self.manifest.get
        lived = f"{said('users', 0):,} people, {len(self.days):,} days, seed {said('seed')}"
        return f"<Result {said('name')!r}: {lived}, {len(self.summary):,} metrics>"

    @property
    def name(self) -> str:
        """Short name of the scenario."""
        return str(self.manifest["name"])

    @property
    def title(self) -> str:
        """The scenario's title."""
        return str(self.manifest["title"])

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.manifest["seed"])

    @property
    def metrics(self) -> dict[str, Metric]:
        """Declarations of every metric, by name."""
        return noted(self.manifest.get("metrics", {}))

    def save(self, folder: str | Path, *, force: bool = False) -> None:
        """Write the run to a folder, file by file, each whole.

        Args:
            force: an earlier result there may go; a file that no earlier result left there never does.

        Raises:
            BadInput: the folder cannot be written to, or holds what may not go.
            ValueError: a number is not finite.
        """
        folder = paths.given(folder, "folder")
        paths.check_free(folder, OF_A_RUN, force)
        self.write(folder)

    def write(self, folder: Path) -> None:
        """Write the run to a folder that is ours, over an earlier result there."""
        check_folder(folder)
        summary, manifest = _plain(self.summary, "summary.json"), _plain(self.manifest, "manifest.json")
        if paths.kind_of(folder) == "comparison":
            _forget_other_runs(folder, set())
        with unfinished(folder):
            _clear(folder, ("comparison.json", REPORT))
            with whole_file(folder / "scenario.toml") as part:
                part.write_text(self.scenario, encoding="utf-8")
            write_table(folder / "days.parquet", self.days)
            write_table(folder / "flows.parquet", self.flows)
            write_json(folder / "summary.json", summary)
            if self.surplus is None:
                (folder / "surplus.parquet").unlink(missing_ok=True)
            else:
                write_table(folder / "surplus.parquet", pd.DataFrame({"surplus": self.surplus}))
            write_json(folder / "manifest.json", manifest)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a run from its folder.

        Raises:
            BadInput: there is no finished run, or a file of it is damaged.
        """
        folder = paths.given(folder, "folder")
        manifest = _open_folder(folder, "run")
        try:
            scenario = paths.text_of(folder / "scenario.toml")
        except OSError as problem:
            raise _unreadable(folder / "scenario.toml", problem) from None
        except ValueError as problem:
            raise _damaged(folder / "scenario.toml", problem) from None
        surplus = None
        if (folder / "surplus.parquet").exists():
            surplus = read_table(folder / "surplus.parquet")["surplus"].to_numpy(np.float64)
        return cls(
            scenario,
            manifest,
            read_table(folder / "days.parquet"),
            read_table(folder / "flows.parquet"),
            read_json(folder / "summary.json"),
            surplus,
        )


def listed(names: Sequence[Any], one: str = "") -> str:
    """Some names in a line, however many there are; with `one`, a word for what they name: `seeds 1, 2, 3`."""
    few, more = ", ".join(map(str, names[:4])), len(names) - 4
    return f"{one}{'s' if one and len(names) != 1 else ''} {few}{f' and {more:,} more' if more > 0 else ''}".strip()


class Figures(TypedDict):
    """A metric of a scenario: its mean over seeds with a 95 % interval, and the same of its difference to the baseline.

    `variance_ratio` is the variance that the difference would have with luck of its own for each scenario, over the
    variance that it has with the luck they share: 1 means that sharing saved nothing.
    """

    mean: float
    low: float
    high: float
    diff: float
    diff_low: float
    diff_high: float
    variance_ratio: float


class Share(TypedDict):
    """A share, with a 95 % interval over seeds."""

    mean: float
    low: float
    high: float


class Differing(TypedDict):
    """A setting in which scenarios differ: its value in each."""

    name: str
    values: dict[str, Any]


_KEYS = ("baseline", "replicates", "scenarios", "titles", "seeds", "metrics", "best", "gaining", "decided", "unfair")


@dataclass(repr=False)
class Comparison:
    """Several scenarios over several seeds, with the same luck.

    Attributes:
        manifest: what ran, where and how long.
        baseline: name of the scenario that the others are compared to.
        scenarios: names in the order given, the baseline first.
        titles: title of each scenario.
        seeds: seeds in order; every scenario ran with each.
        metrics: by metric, then scenario.
        best: by metric, then scenario: the probability that its mean is the best. None for scenarios that are equal in
            every run, of which none is best, and where there is one seed; else it sums to 1. Metrics of which neither
            more nor less is better have none at all.
        gaining: by scenario, the share of users who are better off than in the baseline of the same seed.
        decided: levers that differ, which is what is compared.
        unfair: assumptions and run settings that differ, which makes the comparison unfair; empty if fair.
        runs: by (scenario, seed), the Result, or the folder that holds it.
        futures: how the scenarios stand under other assumptions, where that was asked.
    """

    manifest: dict[str, Any]
    baseline: str
    scenarios: list[str]
    titles: dict[str, str]
    seeds: list[int]
    metrics: dict[str, dict[str, Figures]]
    best: dict[str, dict[str, float | None]]
    gaining: dict[str, Share]
    decided: list[Differing]
    unfair: list[Differing]
    runs: dict[tuple[str, int], "Result | Path"] = field(default_factory=dict, repr=False)
    futures: Futures | None = None

    def __repr__(self) -> str:
        others = listed([name for name in self.scenarios if name != self.baseline])
        return f"<Comparison of {others} with {self.baseline}: {listed(self.seeds, 'seed')}, {len(self.metrics):,} metrics>"

    @property
    def replicates(self) -> int:
        """Number of seeds."""
        return len(self.seeds)

    def verdict(self, metric: str) -> str | None:
        """Which scenario is the best on a metric, if that is settled: as surely as a lead whose interval excludes 0."""
        found = {name: chance for name, chance in self.best.get(metric, {}).items() if chance is not None}
        return next((name for name, chance in found.items() if chance >= SETTLED), None)

    def result(self, scenario: str, seed: int) -> Result:
        """One of the runs, read from its folder where it lies in one.

        Raises:
            BadInput: there is no such run, or it is damaged.
        """
        if (scenario, seed) not in self.runs:
            raise BadInput(
                f"no run of {scenario!r} with seed {seed}: scenarios are {', '.join(self.scenarios)}, "
                f"seeds {', '.join(map(str, self.seeds))}"
            )
        run = self.runs[scenario, seed]
        return Result.load(run) if isinstance(run, Path) else run

    def results(self, scenario: str) -> Iterator[Result]:
        """Every run of a scenario, in the order of seeds, one at a time."""
        return (self.result(scenario, seed) for seed in self.seeds)

    def table(self) -> pd.DataFrame:
        """All figures: a row per metric and scenario, in columns as in Figures, and `best`."""
        rows = [
            {"metric": metric, "scenario": name, **figures, "best": _or_nan(self.best.get(metric, {}).get(name))}
            for metric, by_scenario in self.metrics.items()
            for name, figures in by_scenario.items()
        ]
        return pd.DataFrame(rows)

    def save(self, folder: str | Path, *, force: bool = False) -> None:
        """Write the comparison and its runs to a folder, each file whole.

        Args:
            force: an earlier result there may go; a file that no earlier result left there never does.

        Raises:
            BadInput: the folder cannot be written to, or holds what may not go.
            ValueError: a number is not finite.
        """
        folder = paths.given(folder, "folder")
        paths.check_free(folder, OF_A_COMPARISON, force)
        self.write(folder)

    def write(self, folder: Path) -> None:
        """Write the comparison to a folder that is ours.

        Runs that lie in the folder already are left as they are; those of an earlier comparison are removed.
        """
        check_folder(folder)
        content = {key: getattr(self, key) for key in _KEYS}
        content |= {} if self.futures is None else {"futures": self.futures.as_json()}
        content = _plain(
            content | {"verdicts": {metric: self.verdict(metric) for metric in self.best}}, "comparison.json"
        )
        manifest = _plain(self.manifest, "manifest.json")
        places = {(name, seed): run_folder(folder, name, seed) for name, seed in self.runs}
        with unfinished(folder):
            _clear(folder, (*COMPARISON_FILES, *RUN_FILES, REPORT))
            _forget_other_runs(folder, set(places.values()))
            for key, place in places.items():
                run = self.runs[key]
                if not (isinstance(run, Path) and place.exists() and run.samefile(place)):
                    self.result(*key).write(place)
            write_json(folder / "comparison.json", content)
            write_json(folder / "manifest.json", manifest)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a comparison from its folder; its runs are read when asked for.

        Raises:
            BadInput: there is no finished comparison, or a file of it is damaged.
        """
        folder = paths.given(folder, "folder")
        manifest = _open_folder(folder, "comparison")
        found = read_json(folder / "comparison.json")
        missing = [key for key in _KEYS if key not in found] if isinstance(found, dict) else list(_KEYS)
        if missing:
            raise BadInput(f"{folder / 'comparison.json'} is damaged (it lacks {', '.join(missing)}): run it again")
        del found["replicates"]
        futures = Futures.from_json(found.get("futures"))
        runs = {(name, seed): run_folder(folder, name, seed) for name in found["scenarios"] for seed in found["seeds"]}
        return cls(manifest, **{key: found[key] for key in _KEYS if key in found}, runs=dict(runs), futures=futures)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def run_folder(folder: Path, scenario: str, seed: int) -> Path:
    """Where a comparison keeps one of its runs."""
    return folder / "runs" / scenario / str(seed)


def _forget_other_runs(folder: Path, kept: set[Path]) -> None:
    """Remove the run files of an earlier comparison, and nothing else that may lie there."""
    for manifest in sorted(folder.glob("runs/*/*/manifest.json")):
        place = manifest.parent
        if place not in kept:
            _clear(place, (*RUN_FILES, REPORT))
            _drop(place)


def _drop(place: Path) -> None:
    with contextlib.suppress(OSError):  # somebody's own files are there too: the folder stays
        place.rmdir()
        place.parent.rmdir()


def forget(folder: Path) -> None:
    """Remove what an earlier result, finished or not, left in a folder that is ours; its manifest goes first."""
    _clear(folder, (*RUN_FILES, "comparison.json", REPORT))
    (folder / "runs" / RUNS).unlink(missing_ok=True)
    for place in sorted(folder.glob("runs/*/*")):
        _clear(place, (*RUN_FILES, paths.UNFINISHED))
        _drop(place)


def load(folder: str | Path) -> Result | Comparison:
    """Read whatever a folder holds: a run or a comparison.

    Raises:
        BadInput: it holds neither.
    """
    folder = paths.given(folder, "folder")
    return Comparison.load(folder) if (folder / "comparison.json").exists() else Result.load(folder)
