"""One comparison: several scenarios with the same seeds, beside the baseline. Nothing here runs a world."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypedDict

import pandas as pd

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.results.files import check_folder, plain_data, read_json, write_json
from sim.results.folders import (
    COMPARISON_FILES,
    OF_A_COMPARISON,
    REPORT,
    RUN_FILES,
    clear,
    forget_other_runs,
    manifest_in,
    run_folder,
    unfinished,
)
from sim.results.futures import Futures
from sim.results.intervals import SETTLED
from sim.results.runs import Result


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
        content = plain_data(
            content | {"verdicts": {metric: self.verdict(metric) for metric in self.best}}, "comparison.json"
        )
        manifest = plain_data(self.manifest, "manifest.json")
        places = {(name, seed): run_folder(folder, name, seed) for name, seed in self.runs}
        with unfinished(folder):
            clear(folder, (*COMPARISON_FILES, *RUN_FILES, REPORT))
            forget_other_runs(folder, set(places.values()))
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
        manifest = manifest_in(folder, "comparison")
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


def load(folder: str | Path) -> Result | Comparison:
    """Read whatever a folder holds: a run or a comparison.

    Raises:
        BadInput: it holds neither.
    """
    folder = paths.given(folder, "folder")
    return Comparison.load(folder) if (folder / "comparison.json").exists() else Result.load(folder)
