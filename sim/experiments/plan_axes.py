"""The axes of a plan: its factors over their values, listed, stepped or drawn, and how many runs that makes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scipy.stats import qmc

from sim.declared import metrics_of
from sim.experiments.plan_file import Factor
from sim.experiments.plan_reading import Written, nearest, quoted
from sim.experiments.plan_values import Values
from sim.scenario import Scenario
from sim.service import Service


class Axis(NamedTuple):
    """Settings that move together: one factor over its values, or all that are drawn, or listed, over their points."""

    names: tuple[str, ...]
    points: Sequence[tuple[Any, ...]]
    drawn: bool = False


def check_names(written: Written, known: Mapping[str, Any], services: Sequence[Service]) -> None:
    """Refuse settings and metrics that there are not, and settings that are given twice."""
    in_points = {name for point in written.file.points for name in point}
    for name in [*written.file.factors, *sorted(in_points)]:
        where = f"factors.{quoted(name)}" if name in written.file.factors else f"points.{quoted(name)}"
        if name not in known:
            raise written.refuse(f"{where}: no such setting{nearest(name, known)}")
        if name == "run.seed":
            raise written.refuse(f"{where}: seeds are given by `seeds`, and are the same at every point")
        if name in written.file.set:
            raise written.refuse(f"{where}: `set` holds it still at {written.file.set[name]!r}: leave one of them out")
        if name in written.file.factors and name in in_points:
            raise written.refuse(f"{where}: it is among `points` too: leave one of them out")
    metrics = metrics_of(services)
    kept = () if isinstance(written.file.save_days, bool) else written.file.save_days
    for key, names in (("metrics", written.file.metrics), ("save_days", kept)):
        for name in names:
            if name not in metrics:
                raise written.refuse(f"{key} = {name!r}: no such metric{nearest(name, metrics)}")


def runs_a_seed(written: Written, scenarios: Sequence[Scenario], values: Values) -> int:
    """Runs a seed, as `Plan.runs` counts them, before any point is worked out."""
    many, sample = 0, written.file.sample
    for scenario in scenarios:
        each, drawn = max(1, len(written.file.points)), False
        for name, factor in written.file.factors.items():
            if factor.only and scenario.name not in factor.only:
                continue
            if factor.values is not None:
                each *= max(1, len(factor.values))
            elif factor.levels is not None or values.known[name].unit == "switch":
                each *= factor.levels or 2
            else:
                drawn = True
        many += each * (sample.points if drawn and sample is not None else 1)
    return many


def axes_of(written: Written, scenarios: Sequence[Scenario], values: Values) -> list[Axis]:
    """Factors over their values, outermost first: points that are listed, what is drawn, then one axis a factor.

    Raises:
        BadInput: a factor does not say what values it takes, or they are wrong.
    """
    steady, drawn, listed = list[Axis](), dict[str, tuple[float, float]](), list[Axis]()
    for name, factor in written.file.factors.items():
        where = f"factors.{quoted(name)}"
        _check_only(written, scenarios, values.known, name, factor, where)
        given = [key for key in ("values", "levels") if getattr(factor, key) is not None]
        if len(given) == 2:
            raise written.refuse(f"{where}: values and levels: give one of them, or neither to have it drawn")
        if given == ["values"]:
            steady.append(Axis((name,), values.listed(name, factor, where)))
        elif given == ["levels"] or values.known[name].unit == "switch":
            steady.append(Axis((name,), values.steps(name, factor, where)))
        else:
            drawn[name] = values.range_of(name, factor, where)
    if drawn and written.file.sample is None:
        raise written.refuse(
            f"factors.{quoted(next(iter(drawn)))} has neither values nor levels, so it is drawn: "
            "[sample] says how, as in points = 64"
        )
    if written.file.sample is not None and not drawn:
        raise written.refuse("sample: every factor has values or levels, so that there is nothing to draw")
    if written.file.points:
        listed.append(_points(written, values))
    return listed + ([_drawn(written, values, drawn)] if drawn else []) + steady


def _check_only(
    written: Written, scenarios: Sequence[Scenario], known: Mapping[str, Any], name: str, factor: Factor, where: str
) -> None:
    names = [scenario.name for scenario in scenarios]
    for scenario in factor.only:
        if scenario not in names:
            raise written.refuse(f"{where}.only = {scenario!r}: no scenario of the plan{nearest(scenario, names)}")
    if factor.only and known[name].origin != "decided":
        raise written.refuse(f"{where}.only: it is no decision of the platform, so it holds in every scenario")


def _points(written: Written, values: Values) -> Axis:
    """Points that are listed: each names the same settings."""
    names = tuple(written.file.points[0])
    if not names:
        raise written.refuse('points.1: it names no setting, as in "wallet.payer_fee" = 0.01')
    found = []
    for number, point in enumerate(written.file.points, 1):
        if set(point) != set(names):
            wrong = ", ".join(sorted(set(point) ^ set(names)))
            raise written.refuse(f"points.{number}: every point names the same settings; {wrong} is not in all")
        found.append(tuple(values.taken(name, point[name], f"points.{number}") for name in names))
    if len(set(found)) < len(found):
        raise written.refuse("points: one is given twice")
    return Axis(names, found)


def _drawn(written: Written, values: Values, ranges: Mapping[str, tuple[float, float]]) -> Axis:
    sample = written.file.sample
    assert sample is not None, "asked for by axes_of"
    if sample.method == "sobol":
        power = max(1, round(math.log2(sample.points)))
        if sample.points != 2**power:
            raise written.refuse(
                f"sample.points = {sample.points}: Sobol's points are even in powers of two only; the nearest is "
                f"{2**power}"
            )
        cube = qmc.Sobol(len(ranges), seed=sample.seed).random(sample.points)
    else:
        cube = qmc.LatinHypercube(len(ranges), seed=sample.seed).random(sample.points)
    found = [tuple(values.placed_at(ranges, row)) for row in cube.tolist()]
    return Axis(tuple(ranges), found, drawn=True)
