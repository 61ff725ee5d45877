"""A comparison as its page sees it: levels, differences, and what the single runs say together."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.ground.metrics import Better
from sim.report.marks import Mark
from sim.report.wording import GAP, by_hand, interval
from sim.results.comparisons import Comparison, Figures
from sim.results.runs import Result, better_off

EQUAL = 1e-12  # of two numbers that differ by less than this share only a sum was rounded otherwise
OVER_TIME = ("users.daily", "users.monthly")


@dataclass
class Gathered:
    """What the single runs of a scenario say together, so that each is read once and let go.

    Attributes:
        days: by metric, shape (replicates, days).
        flows: cents by (payer, payee, reason), over all replicates.
        better, worse: a share of users each replicate: whose surplus is above, or below, the baseline's.
        change: deciles 10, 50, 90 of the change in surplus in CNY, a row a replicate.
        manifests: of each run.
    """

    days: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    flows: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    better: list[float] = field(default_factory=list)
    worse: list[float] = field(default_factory=list)
    change: list[NDArray[np.float64]] = field(default_factory=list)
    manifests: list[dict[str, Any]] = field(default_factory=list)

    def take(self, result: Result, baseline: Result) -> None:
        """Add a run and what it changes against the baseline's run of the same seed."""
        self.manifests.append(result.manifest)
        for name in OVER_TIME:
            if name in result.days:
                self.days.setdefault(name, []).append(result.days[name].to_numpy(np.float64))
        for key, cents in totals_of(result.flows).items():
            self.flows[key] += cents
        ours, theirs = result.surplus, baseline.surplus
        if ours is not None and theirs is not None and ours.shape == theirs.shape and ours.size:
            change = ours - theirs
            self.better.append(better_off(ours, theirs, len(result.days)))
            self.worse.append(better_off(theirs, ours, len(result.days)))
            self.change.append(np.quantile(change, (0.1, 0.5, 0.9)))


class Compared:
    """A comparison as the sections see it."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.names = list(comparison.scenarios)
        self.baseline = comparison.baseline
        self.others = [name for name in self.names if name != self.baseline]
        self.replicates = comparison.replicates
        self.gathered: dict[str, Gathered] = {}
        self.dates: list[str] = []
        if all(not isinstance(run, Path) or (run / "manifest.json").exists() for run in comparison.runs.values()):
            self._gather()
        run = next((one.manifests[0] for one in self.gathered.values()), {})
        self.manifest: dict[str, Any] = run | comparison.manifest
        self.metrics = Result("", self.manifest, pd.DataFrame(), pd.DataFrame(), {}).metrics
        titles = [comparison.titles.get(name, name) for name in self.names]
        self.titles = {
            name: title if titles.count(title) == 1 else f"{title} ({name})"
            for name, title in zip(self.names, titles, strict=True)
        }

    def _gather(self) -> None:
        for seed in self.comparison.seeds:
            if (self.baseline, seed) not in self.comparison.runs:
                continue
            baseline = self.comparison.result(self.baseline, seed)
            self.dates = self.dates or dates_of(baseline.days)
            for name in self.names:
                if (name, seed) in self.comparison.runs:
                    result = baseline if name == self.baseline else self.comparison.result(name, seed)
                    self.gathered.setdefault(name, Gathered()).take(result, baseline)

    @property
    def users(self) -> int:
        """People in each run."""
        return int(self.manifest.get("users", 0))

    @property
    def days(self) -> int:
        """Days in each run."""
        return int(self.manifest.get("days", 0))

    @property
    def certain(self) -> bool:
        """Whether there are enough replicates for intervals."""
        return self.replicates > 1

    @property
    def waited(self) -> str:
        """That seeds were added until intervals were small, where they were: an interval that looks small stops it."""
        if not self.manifest.get("precision"):
            return ""
        return (
            "Seeds were added until the intervals were small enough; intervals that were waited for cover the truth "
            f"a little less often than 95{GAP}% promises."
        )

    @property
    def by_hand(self) -> list[str]:
        """What was set by hand, and where if not in every scenario."""
        return by_hand(self.comparison.manifest.get("set_by_hand", {}), self.titles)

    def unit(self, metric: str) -> str:
        """Unit of a metric."""
        return self.metrics[metric].unit if metric in self.metrics else ""

    def meaning(self, metric: str) -> str:
        """Meaning of a metric."""
        return self.metrics[metric].meaning if metric in self.metrics else ""

    def figures(self, metric: str, name: str) -> Figures:
        """What a scenario reached."""
        return self.comparison.metrics[metric][name]

    def best(self, metric: str, name: str) -> float | None:
        """Probability that a scenario is the best; None where none can be, or it is no better than one that is alike."""
        known = self.certain and len(self.alike(metric, name)) == 1
        return self.comparison.best.get(metric, {}).get(name) if known else None

    def alike(self, metric: str, name: str) -> list[str]:
        """The scenarios that are equal to this one on a metric, itself among them."""
        return [other for other in self.names if _equal(self.figures(metric, other), self.figures(metric, name))]

    def better(self, metric: str) -> Better:
        """Whether more or less of a metric is better."""
        return self.metrics[metric].better if metric in self.metrics else "neither"

    def measured(self, metrics: Iterable[str]) -> list[str]:
        """Those that every scenario has, and that are not zero everywhere."""
        has = self.comparison.metrics
        return [
            metric
            for metric in metrics
            if metric in has
            and all(name in has[metric] for name in self.names)
            and any(has[metric][name]["mean"] or has[metric][name]["diff"] for name in self.names)
        ]

    def range(self, low: float, high: float, unit: str) -> tuple[str, ...]:
        """The interval of a level as a note, if there is one."""
        return (interval(low, high, unit, sign=False),) if self.certain and low < high else ()

    def mark(self, metric: str, name: str) -> Mark:
        """A difference to the baseline, with its interval if there is one."""
        it = self.figures(metric, name)
        ends = (it["diff_low"], it["diff_high"]) if self.certain else (None, None)
        return Mark(self.titles[name], it["diff"], *ends)


def _equal(one: Figures, other: Figures) -> bool:
    size = max(abs(one["mean"]), abs(other["mean"]))
    pairs = (
        (one["mean"], other["mean"]), (one["low"], other["low"]), (one["high"], other["high"]),
        (one["diff"], other["diff"]), (one["diff_low"], other["diff_low"]), (one["diff_high"], other["diff_high"]),
    )  # fmt: skip
    return all(math.isclose(*pair, rel_tol=EQUAL, abs_tol=EQUAL * size) for pair in pairs)


def dates_of(days: pd.DataFrame) -> list[str]:
    """The date of each day as ISO text, or its number."""
    return [str(date)[:10] for date in days["date"]] if "date" in days else [f"day {day}" for day in days["day"]]


def totals_of(flows: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    """Cents by (payer, payee, reason) over all days."""
    totals = flows.groupby(["payer", "payee", "reason"], sort=True, observed=True)["cents"].sum()
    return {(str(key[0]), str(key[1]), str(key[2])): int(cents) for key, cents in totals.items()}
