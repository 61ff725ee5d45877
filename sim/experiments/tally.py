"""Tally: what comes back from the runs of a comparison, and what they say together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.declared import metrics_of
from sim.results import intervals
from sim.results.comparisons import Comparison, Differing, Figures, Share
from sim.results.files import write_json
from sim.results.folders import run_folder
from sim.results.runs import Result, better_off
from sim.scenario import Scenario

GAINING = "welfare.gaining_share"


class Tally:
    """What comes back from the runs: summaries stay here, everything else goes to disk where there is a folder."""

    def __init__(self, scenarios: Sequence[Scenario], out: Path | None) -> None:
        self.scenarios, self.out = scenarios, out
        self.names = [scenario.name for scenario in scenarios]
        self.first_seed = scenarios[0].run.seed
        self.seeds: list[int] = []
        self.runs: dict[tuple[str, int], Result | Path] = {}
        self.manifests: dict[tuple[str, int], dict[str, Any]] = {}
        self.summaries: dict[tuple[str, int], dict[str, float]] = {}
        self._surplus: dict[int, dict[str, NDArray[np.float64]]] = {}

    def add(self, result: Result) -> None:
        """Take in a run."""
        name, seed = result.name, result.seed
        self.manifests[name, seed] = result.manifest
        self.summaries[name, seed] = result.summary | {GAINING: 0.0}
        self.runs[name, seed] = result
        if self.out is not None:
            place = run_folder(self.out, name, seed)
            result.write(place)
            self.runs[name, seed] = place
        assert result.surplus is not None, "a run knows who gained"
        together = self._surplus.setdefault(seed, {})
        together[name] = result.surplus
        if len(together) == len(self.names):  # all of this seed are there: count who gained, and let go
            for other in self.names:
                gaining = better_off(together[other], together[self.names[0]], len(result.days))
                self._say_who_gained(other, seed, gaining)
            del self._surplus[seed]

    def _say_who_gained(self, name: str, seed: int, share: float) -> None:
        """A single run cannot know this, so it is written into its summary afterwards."""
        summary, run = self.summaries[name, seed], self.runs[name, seed]
        summary[GAINING] = share
        if isinstance(run, Path):
            write_json(run / "summary.json", summary)
        else:
            run.summary = summary

    def keep(self, replicates: int) -> None:
        """Forget what was run beyond so many replicates."""
        self.seeds = self.seeds[:replicates]
        self.runs = {key: run for key, run in self.runs.items() if key[1] in self.seeds}

    def values(self, metric: str) -> NDArray[np.float64]:
        """A metric of every run; shape (replicates, scenarios)."""
        return np.array([[self.summaries[name, seed][metric] for name in self.names] for seed in self.seeds])

    def _chances(self, table: NDArray[np.float64], smaller: bool) -> dict[str, float | None]:
        """The probability of each scenario that it is the best; None where it has none."""
        found = intervals.chances_of_being_best(table, smaller).tolist()
        return {name: None if np.isnan(chance) else chance for name, chance in zip(self.names, found, strict=True)}

    def comparison(self, manifest: Mapping[str, Any], decided: list[Differing], unfair: list[Differing]) -> Comparison:
        """All runs compared."""
        metrics = metrics_of(self.scenarios[0].services)
        values = {metric: self.values(metric) for metric in self.summaries[self.names[0], self.first_seed]}
        return Comparison(
            manifest=dict(manifest),
            baseline=self.names[0],
            scenarios=self.names,
            titles={scenario.name: scenario.title for scenario in self.scenarios},
            seeds=self.seeds,
            metrics={
                metric: {name: figures(table[:, i], table[:, 0], i == 0) for i, name in enumerate(self.names)}
                for metric, table in values.items()
            },
            best={
                metric: self._chances(table, metrics[metric].better == "less")
                for metric, table in values.items()
                if metrics[metric].better != "neither"
            },
            gaining={name: _share(values[GAINING][:, i]) for i, name in enumerate(self.names)},
            decided=decided,
            unfair=unfair,
            runs=self.runs,
        )


# Figures


def figures(values: NDArray[np.float64], baseline: NDArray[np.float64], is_baseline: bool = False) -> Figures:
    """Mean, interval, paired difference and variance saved of one metric of one scenario.

    Args:
        values, baseline: shape (replicates,), paired by seed.
        is_baseline: they are the same.

    The baseline's difference to itself is 0 throughout, and it saves nothing: its ratio is 1.
    """
    mean, low, high = intervals.interval(values)
    diff, diff_low, diff_high = intervals.paired(values, baseline)
    saved = 1.0 if is_baseline else intervals.variance_ratio(values, baseline)
    return {
        "mean": mean,
        "low": low,
        "high": high,
        "diff": diff,
        "diff_low": diff_low,
        "diff_high": diff_high,
        "variance_ratio": saved,
    }


def _share(values: NDArray[np.float64]) -> Share:
    """A mean share with an interval that stays between 0 and 1."""
    mean, low, high = intervals.interval(values)
    return {"mean": mean, "low": max(0.0, low), "high": min(1.0, high)}


def is_precise(values: NDArray[np.float64], precision: float) -> bool:
    """Whether every paired difference to the first column is known well enough.

    Half the interval's width is at most `precision` times the mean difference or the baseline's mean, whichever is
    larger in size: a difference of nearly nothing need not be known to a share of itself.

    Args:
        values: shape (replicates, scenarios).
    """
    if len(values) < 2:
        return False
    baseline = values[:, 0]
    differences_known = (
        found.half_width <= precision * max(abs(found.mean), abs(float(baseline.mean())))
        for found in (intervals.paired(other, baseline) for other in values.T[1:])
    )
    return all(differences_known)
