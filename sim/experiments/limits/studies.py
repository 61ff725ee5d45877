"""Limits of studies: published indices of sensitivity, and what knowing is worth where it is known (rows 41 and 42)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.experiments.influence.study import Plan, study
from sim.experiments.limits.limit import Limit, held_against
from sim.results.futures import Assumption
from sim.results.intervals import LEVEL

Array = NDArray[np.float64]
ERROR = 2 * float(special.ndtri((1 + LEVEL) / 2))  # standard errors that a 95 % interval is long
ISHIGAMI = (
    (0.3139, 0.5576),
    (0.4424, 0.4424),
    (0.0, 0.2437),
)  # first and total, at a = 7, b = .1 (Ishigami and Homma 1990)


def _inputs(many: int, low: float, high: float) -> list[Assumption]:
    return [
        {
            "name": f"input.{at + 1}",
            "unit": "",
            "low": low,
            "high": high,
            "law": "uniform",
            "whole": False,
            "meaning": "",
        }
        for at in range(many)
    ]


def _columns(points: Sequence[Mapping[str, Any]], assumptions: Sequence[Assumption]) -> Array:
    return np.array([[point.get(it["name"], 0.5) for it in assumptions] for point in points], np.float64)


def sobol_indices(points: int = 512, emulated: int = 192, a: float = 7.0, b: float = 0.1) -> list[Limit]:
    """Row 41: Ishigami's function, its indices from the function itself and from an emulator."""
    assumptions, limits = _inputs(3, -np.pi, np.pi), list[Limit]()

    def live(places: Sequence[Mapping[str, Any]], seeds: Sequence[int]) -> Array:
        x = _columns(places, assumptions)
        values = np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])
        return np.repeat(values[:, None, None], len(seeds), axis=1)

    for emulate, many in ((False, points), (True, emulated)):
        plan = Plan("metric", factors=3, points=many, grid=0, emulate=emulate)
        found = study(live, assumptions, {it["name"]: 0.0 for it in assumptions}, ["one"], [1, 2], plan)
        rows = {row["name"]: row for row in found.indices[0]["rows"]}
        how = f"{many} points, " + ("an emulator" if emulate else "the function itself")
        for it, (first, total) in zip(assumptions, ISHIGAMI, strict=True):
            row = rows[it["name"]]
            for what, expected, index, low, high in (
                ("first", first, row["first"], row["first_low"], row["first_high"]),
                ("total", total, row["total"], row["total_low"], row["total_high"]),
            ):
                name = f"Ishigami's {what} index of {it['name']}"
                limits.append(held_against(41, name, expected, index, (high - low) / ERROR, how))
    return limits


def worth_of_knowing(points: int = 256, mean: float = 0.5, slopes: tuple[float, ...] = (1.0, 0.5, 0.0)) -> list[Limit]:
    """Row 42: one strategy gains nothing, the other a normal sum: what knowing all of it, or a part, is worth.

    E max(0, D) − max(0, E D) = s φ(m/s) + m Φ(m/s) − max(0, m), s being the deviation of what is found out.
    """
    assumptions = _inputs(len(slopes), 0.0, 1.0)

    def live(places: Sequence[Mapping[str, Any]], seeds: Sequence[int]) -> Array:
        normal = special.ndtri(np.clip(_columns(places, assumptions), 1e-6, 1 - 1e-6))
        gains = mean + normal @ np.array(slopes)
        return np.repeat(np.column_stack([np.zeros_like(gains), gains])[:, None, :], len(seeds), axis=1)

    def expected(deviation: float) -> float:
        if deviation == 0:
            return 0.0
        at = mean / deviation
        density = np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi)
        return float(deviation * density + mean * special.ndtr(at) - max(0.0, mean))

    plan = Plan("difference", factors=2, points=points, grid=0, emulate=True)
    found = study(live, assumptions, {it["name"]: 0.5 for it in assumptions}, ["sure", "risky"], [1, 2], plan)
    assert found.information is not None, "there are two strategies"
    how, it = f"{points} points", found.information["all"]
    limits = [
        held_against(42, "worth of knowing all", expected(float(np.hypot.reduce(slopes))), it["worth"],
                     (it["high"] - it["low"]) / ERROR, how)
    ]  # fmt: skip
    for row in sorted(found.information["each"], key=lambda row: row["name"]):
        slope = slopes[int(row["name"].partition(".")[2]) - 1]
        error = (row["high"] - row["low"]) / ERROR
        limits.append(
            held_against(42, f"worth of knowing {row['name']}", expected(slope), row["worth"], error, how, 0.002)
        )
    return limits
