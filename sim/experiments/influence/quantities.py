"""What is asked about: a metric under each strategy, its differences, and who wins."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.results.sensitivities import DIFFERENCE, LEAD, METRIC, WINNER, About

Array = NDArray[np.float64]
ABOUT = {METRIC: METRIC, DIFFERENCE: DIFFERENCE, WINNER: LEAD}  # which quantities a question is about


class Quantity(NamedTuple):
    """A number that each point and seed has.

    kind: "metric", "difference" (to the baseline), "lead" (of a strategy over the best of the others; more is better) or
        "winner" (whether that lead is positive).
    scenario: whose; against: the baseline, of a difference.
    values: shape (points, seeds).
    """

    kind: str
    scenario: str
    against: str
    values: Array

    @property
    def about(self) -> About:
        """What it is, as results say it."""
        return {"kind": self.kind, "scenario": self.scenario, "against": self.against}

    @property
    def means(self) -> Array:
        """Over seeds; shape (points,)."""
        return np.asarray(self.values.mean(axis=1))


def quantities(values: Array, names: list[str], smaller: bool, favourite: int | None = None) -> list[Quantity]:
    """Everything that can be asked of a sample.

    Args:
        values: shape (points, seeds, strategies).
        names: of the strategies, the baseline first.
        smaller: whether less is better.
        favourite: whose lead; the strategy with the best mean if None.
    """
    found = [Quantity(METRIC, name, "", values[:, :, at]) for at, name in enumerate(names)]
    found += [
        Quantity(DIFFERENCE, name, names[0], values[:, :, at] - values[:, :, 0]) for at, name in enumerate(names) if at
    ]
    if len(names) > 1:
        first = best_of(values, smaller) if favourite is None else favourite
        lead = lead_of(values, first, smaller)
        found.append(Quantity(LEAD, names[first], "", lead))
        found.append(Quantity(WINNER, names[first], "", (lead > 0).astype(np.float64)))
    return found


def best_of(values: Array, smaller: bool) -> int:
    """The strategy with the best mean over points and seeds, the first of several."""
    means = values.mean(axis=(0, 1))
    return int(means.argmin() if smaller else means.argmax())


def lead_of(values: Array, first: int, smaller: bool) -> Array:
    """By how much a strategy is better than the best of the others; shape (points, seeds)."""
    better = -values if smaller else values
    return np.asarray(better[:, :, first] - np.delete(better, first, axis=2).max(axis=2))


def share_of_luck(values: Array) -> float | None:
    """The share of the variance of means over seeds that is luck's: what each point makes of each seed; None of one seed.

    A seed that is kind to all points moves them together and adds nothing (two-way random effects: Scheffé 1959).

    Args:
        values: shape (points, seeds).
    """
    points, seeds = values.shape
    whole = float(values.mean(axis=1).var(ddof=1))
    if seeds < 2:
        return None
    if whole == 0:
        return 0.0
    own = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    lucky = float((own**2).sum()) / ((points - 1) * (seeds - 1) * seeds)
    return float(min(1.0, lucky / whole))
