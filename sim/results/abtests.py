"""Tests of a lever on disk: what each design would have said, and what was true. Nothing here runs a world.

The truth of a world is what it is wholly treated less what it is wholly untreated, same people and same luck. A test is
judged over worlds that differ in nothing but their luck.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.results.files import read_json, write_json
from sim.results.intervals import Estimate, interval, paired, share_interval
from sim.results.studies import whole

FILE = "abtest.json"


class Verdict(TypedDict):
    """How a design does on a metric, over worlds; amounts in the metric's unit, as `unit` of the study's metrics says.

    Attributes:
        effect, low, high: mean of the estimates, with its 95 % interval.
        truth, truth_low, truth_high: mean of what is true, with its interval.
        bias, bias_low, bias_high: estimates less truths, paired by world.
        biased: whether that interval excludes zero.
        error: mean standard error that a test reckons with.
        spread: standard deviation of what a test is off, bias left out; None of one world.
        miss: root of the mean square of what a test is off.
        coverage, coverage_low, coverage_high: share of tests whose 95 % interval holds their world's truth.
        power, power_low, power_high: share of tests whose interval excludes zero, on the side on which the truth lies.
        detectable: least effect that such a test finds in four of five, by its standard error.
    """

    effect: float
    low: float
    high: float
    truth: float
    truth_low: float
    truth_high: float
    bias: float
    bias_low: float
    bias_high: float
    biased: bool
    error: float
    spread: float | None
    miss: float
    coverage: float
    coverage_low: float
    coverage_high: float
    power: float
    power_low: float
    power_high: float
    detectable: float


def judge(estimates: Sequence[Estimate], truths: ArrayLike) -> Verdict:
    """How tests do, one a world, against what is true in each.

    Args:
        truths: shape (worlds,).
    """
    effects, true = np.array([it.effect for it in estimates]), np.asarray(truths, np.float64)
    intervals = [it.interval() for it in estimates]
    effect, truth, bias, worlds = interval(effects), interval(true), paired(effects, true), len(estimates)
    off = effects - true
    held = sum(it.low <= one <= it.high for it, one in zip(intervals, true, strict=True))
    found = sum((it.low > 0 if truth.mean >= 0 else it.high < 0) for it in intervals)
    coverage, power = share_interval(held, worlds), share_interval(found, worlds)
    return Verdict(
        effect=effect.mean, low=effect.low, high=effect.high,
        truth=truth.mean, truth_low=truth.low, truth_high=truth.high,
        bias=bias.mean, bias_low=bias.low, bias_high=bias.high, biased=bias.low > 0 or bias.high < 0,
        error=float(np.mean([it.error for it in estimates])),
        spread=float(off.std(ddof=1)) if worlds > 1 else None,
        miss=float(np.sqrt((off**2).mean())),
        coverage=held / worlds, coverage_low=coverage[0], coverage_high=coverage[1],
        power=found / worlds, power_low=power[0], power_high=power[1],
        detectable=float(np.mean([it.detectable() for it in estimates])),
    )  # fmt: skip


class Judged(TypedDict):
    """A design, and how it does.

    Attributes:
        name, kind, share, size, dropped: the design.
        units: mean number of units drawn.
        estimates: by metric, a row a world: effect, standard error, degrees of freedom, truth.
        verdicts: by metric.
    """

    name: str
    kind: str
    share: float
    size: int
    dropped: int
    units: float
    estimates: dict[str, list[list[float]]]
    verdicts: dict[str, Verdict]


@dataclass(frozen=True, repr=False)
class ABTest:
    """A study of tests of one change.

    Attributes:
        about: version, code, scenario, its title and digest, users, days, begin, seeds, machine, when and how long.
        treated: by lever, its value for the untreated and for the treated.
        metrics: by name, the unit of its amounts, what it means and whether more or less of it is better.
        designs: each, and how it does.
    """

    about: dict[str, Any]
    treated: dict[str, list[Any]]
    metrics: dict[str, dict[str, str]]
    designs: list[Judged]

    def __repr__(self) -> str:
        return (
            f"<ABTest of {', '.join(self.treated)}: {len(self.designs)} designs in {len(self.about['seeds'])} worlds>"
        )

    def best(self, metric: str) -> Judged | None:
        """The design that is least off in the mean, by the root of the mean square; None where two are alike in that."""
        ranked = sorted(self.designs, key=lambda it: it["verdicts"][metric]["miss"])
        if len(ranked) > 1 and ranked[0]["verdicts"][metric]["miss"] == ranked[1]["verdicts"][metric]["miss"]:
            return None
        return ranked[0]

    def table(self) -> pd.DataFrame:
        """A row a design and metric: the design, its units, and the verdict."""
        return pd.DataFrame([
            {"design": it["name"], "share": it["share"], "units": it["units"], "metric": metric,
             "unit": self.metrics[metric]["unit"], **verdict}
            for it in self.designs
            for metric, verdict in it["verdicts"].items()
        ])  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write `abtest.json` into a folder that is ours."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a study from its folder.

        Raises:
            BadInput: there is none, or its file is damaged.
        """
        folder = paths.given(folder, "folder")
        if not (folder / FILE).exists():
            raise BadInput(f"{folder} holds no finished study of tests: it has no {FILE}, which is written last")
        return whole(cls, folder / FILE, read_json(folder / FILE))


def is_abtest(folder: Path) -> bool:
    """Whether a folder holds a study of tests."""
    return paths.kind_of(folder) == "abtest"
