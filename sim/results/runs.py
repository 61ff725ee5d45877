"""One run: its days, flows and welfare as tables, and one number a metric over all of it. Nothing here runs a world."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.ground import paths
from sim.ground.metrics import LAST_DAYS, Metric, noted
from sim.results.files import (
    check_folder,
    damaged,
    plain_data,
    read_json,
    read_table,
    unreadable,
    whole_file,
    write_json,
    write_table,
)
from sim.results.folders import OF_A_RUN, REPORT, clear, forget_other_runs, manifest_in, unfinished

LEAST_GAIN = 1.0  # CNY a year: who is better off by less than this is counted neither among winners nor among losers


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
    if not len(days):
        return dict.fromkeys(metrics, 0.0)
    columns = list(dict.fromkeys(name for metric in metrics.values() for name in (metric.of or (metric.name,))))
    table = np.ascontiguousarray(days[columns].to_numpy(np.float64).T)  # a row a metric: summed as one column would be
    totals = dict(zip(columns, table.sum(axis=1).tolist(), strict=True))
    levels = dict(zip(columns, table[:, -LAST_DAYS:].mean(axis=1).tolist(), strict=True))
    return {name: _over_the_run(metric, totals, levels) for name, metric in metrics.items()}


def _over_the_run(metric: Metric, totals: Mapping[str, float], levels: Mapping[str, float]) -> float:
    """One number for a metric, from sums over all days and means of the last ones."""
    if metric.kind == "ratio":
        assert metric.of is not None, f"{metric.name} does not say what it divides"
        top, bottom = (totals[name] for name in metric.of)
        return top / bottom if bottom else 0.0
    return totals[metric.name] if metric.kind == "flow" else levels[metric.name]


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
        units: of a run with a test ([experiment]), a row a person and a row a shop: `each`, `arm`, `cluster`, and what each
            did since the test began, by metric, in its unit; else None.
    """

    scenario: str
    manifest: dict[str, Any]
    days: pd.DataFrame
    flows: pd.DataFrame
    summary: dict[str, float]
    surplus: NDArray[np.float64] | None = None
    units: pd.DataFrame | None = None

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
        summary, manifest = plain_data(self.summary, "summary.json"), plain_data(self.manifest, "manifest.json")
        if paths.kind_of(folder) == "comparison":
            forget_other_runs(folder, set())
        with unfinished(folder):
            clear(folder, ("comparison.json", REPORT))
            with whole_file(folder / "scenario.toml") as part:
                part.write_text(self.scenario, encoding="utf-8")
            write_table(folder / "days.parquet", self.days)
            write_table(folder / "flows.parquet", self.flows)
            write_json(folder / "summary.json", summary)
            kept = {
                "surplus": None if self.surplus is None else pd.DataFrame({"surplus": self.surplus}),
                "units": self.units,
            }
            for name, table in kept.items():
                if table is None:
                    (folder / f"{name}.parquet").unlink(missing_ok=True)
                else:
                    write_table(folder / f"{name}.parquet", table)
            write_json(folder / "manifest.json", manifest)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a run from its folder.

        Raises:
            BadInput: there is no finished run, or a file of it is damaged.
        """
        folder = paths.given(folder, "folder")
        manifest = manifest_in(folder, "run")
        try:
            scenario = paths.text_of(folder / "scenario.toml")
        except OSError as problem:
            raise unreadable(folder / "scenario.toml", problem) from None
        except ValueError as problem:
            raise damaged(folder / "scenario.toml", problem) from None
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
            read_table(folder / "units.parquet") if (folder / "units.parquet").exists() else None,
        )
