"""Metrics: what is measured every day, each declared once; collector, summary and report read the declarations."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Kind = Literal["flow", "stock", "ratio"]
Better = Literal["more", "less", "neither"]
LAST_DAYS = 28  # a stock over a run is the mean of so many last days: four whole weeks


class Metric(NamedTuple):
    """A daily series. A flow adds up over days, a stock is a level, a ratio is one flow (or stock) over another.

    `of` names the two series a ratio divides: a ratio is stored each day, and over a run it is the ratio of totals.
    `better` says which of two scenarios did better: the one with more of it, with less, or neither, where it is a
    circumstance, a price that one pays and another gets, or a count with no good side. `label` is what pages call it,
    where its name alone would not do.
    """

    name: str
    unit: str
    kind: Kind
    meaning: str
    of: tuple[str, str] | None = None
    better: Better = "more"
    label: str = ""

    def note(self) -> dict[str, Any]:
        """What a manifest says of it, under its name."""
        return {key: value for key, value in self._asdict().items() if key != "name"}


def noted(notes: Mapping[str, Mapping[str, Any]]) -> dict[str, Metric]:
    """The metrics that a manifest tells of, by name."""
    found = {}
    for name, said in notes.items():
        of = tuple(said["of"]) if said.get("of") else None
        found[name] = Metric(
            name, said["unit"], said["kind"], said["meaning"], of, said.get("better", "more"), said.get("label", "")
        )
    return found


def flow(name: str, unit: str, meaning: str, better: Better = "more") -> Metric:
    """Something that happens: its total over a run is the sum of its days."""
    return Metric(name, unit, "flow", meaning, better=better)


def stock(name: str, unit: str, meaning: str, better: Better = "more") -> Metric:
    """A level: over a run, the mean of the last 28 days (fewer where there are fewer)."""
    return Metric(name, unit, "stock", meaning, better=better)


def ratio(
    name: str, unit: str, meaning: str, top: Metric | str, bottom: Metric | str, better: Better = "more"
) -> Metric:
    """One series over another, 0 where the other is 0: over a run, the ratio of their totals.

    `top` and `bottom` are metrics, or names of metrics that another part of the model declares.
    """
    return Metric(name, unit, "ratio", meaning, (_name(top), _name(bottom)), better)


def _name(metric: Metric | str) -> str:
    return metric if isinstance(metric, str) else metric.name


def sample_gini(values: NDArray[Any], among: NDArray[np.bool_], most: int = 20_000) -> float:
    """Gini coefficient of the values of at most `most` people, evenly spaced over those marked."""
    chosen = np.flatnonzero(among)
    chosen = chosen[:: max(1, chosen.size // most)]
    sample = np.sort(values[chosen].astype(np.float64))
    total = sample.sum()
    if sample.size < 2 or total <= 0:
        return 0.0
    ranks = np.arange(1, sample.size + 1)
    return float((2 * (ranks * sample).sum() / total - sample.size - 1) / sample.size)
