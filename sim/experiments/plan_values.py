"""The values that a plan gives a setting, each as the scenarios take it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sim.engine.settings import BadInput, Parameter
from sim.experiments.plan_file import Factor
from sim.experiments.plan_reading import Written
from sim.ground.toml_files import placed
from sim.scenario import Scenario

FIGURES = 12  # significant figures of a value that is worked out: 0.3, not 0.30000000000000004


class Values:
    """Values of settings, checked on the first scenario; every message names the plan's file and key."""

    def __init__(self, written: Written, scenario: Scenario) -> None:
        self.written, self.scenario = written, scenario
        self.known: dict[str, Parameter] = {parameter.name: parameter for parameter in scenario.parameters()}

    def listed(self, name: str, factor: Factor, where: str) -> list[tuple[Any, ...]]:
        """The values that a factor lists."""
        if factor.low is not None or factor.high is not None:
            raise self.written.refuse(f"{where}: values and a range: give one of them")
        if not factor.values:
            raise self.written.refuse(f"{where}.values = []: it needs at least one")
        return self.tried(name, factor.values, f"{where}.values")

    def steps(self, name: str, factor: Factor, where: str) -> list[tuple[Any, ...]]:
        """Even steps through the range of a factor; both values of a switch."""
        if self.known[name].unit == "switch":
            return [(False,), (True,)]
        low, high = self.range_of(name, factor, where)
        evenly = (_between(low, high, at, factor.scale) for at in np.linspace(0, 1, factor.levels or 2))
        values = [self.as_declared(name, value) for value in evenly]
        if len(set(values)) < len(values):
            raise self.written.refuse(
                f"{where}.levels = {factor.levels}: there are not so many whole numbers in its range"
            )
        return self.tried(name, values, where)

    def tried(self, name: str, values: Sequence[Any], where: str) -> list[tuple[Any, ...]]:
        """Values as the scenarios take them, none twice."""
        found: list[Any] = []
        for value in values:
            taken = self.taken(name, value, where)
            if taken in found:
                raise self.written.refuse(f"{where}: {value!r} is given twice")
            found.append(taken)
        return [(value,) for value in found]

    def taken(self, name: str, value: Any, where: str) -> Any:
        """What a scenario makes of a value."""
        section, _, key = name.partition(".")
        value = placed(name, value, self.written.path.parent)
        try:
            return getattr(getattr(self.scenario.with_values({name: value}), section), key)
        except BadInput as error:
            raise self.written.refuse(f"{where}: {error}") from None

    def range_of(self, name: str, factor: Factor, where: str) -> tuple[float, float]:
        """The ends of the range of a factor: its own, else those that the setting declares."""
        setting = self.known[name]
        if isinstance(setting.value, bool | str | tuple):
            raise self.written.refuse(
                f"{where}: it is no number ({setting.unit}): list its values, as in values = [{setting.value!r}]"
            )
        low = setting.low if factor.low is None else factor.low
        high = setting.high if factor.high is None else factor.high
        if low is None or high is None:
            raise self.written.refuse(f"{where}: no range is declared for it: give low and high, or values")
        if not low < high:
            raise self.written.refuse(f"{where}: low = {low:g} must be below high = {high:g}")
        if factor.scale == "log" and low <= 0:
            raise self.written.refuse(f'{where}: scale = "log" needs low above 0; it is {low:g}')
        for end, value in (("low", low), ("high", high)):
            self.taken(name, self.as_declared(name, value), f"{where}.{end}")
        return float(low), float(high)

    def as_declared(self, name: str, value: float) -> Any:
        """A number that was worked out, as the setting has numbers: whole, or of so many figures."""
        return round(value) if isinstance(self.known[name].value, int) else float(f"{value:.{FIGURES}g}")

    def placed_at(self, ranges: Mapping[str, tuple[float, float]], row: Sequence[float]) -> Iterator[Any]:
        """The values of a drawn point, from its place between 0 and 1 in each range."""
        for (name, (low, high)), at in zip(ranges.items(), row, strict=True):
            if isinstance(self.known[name].value, int):  # each whole number alike
                yield min(int(high), int(low) + math.floor(at * (int(high) - int(low) + 1)))
            else:
                yield self.as_declared(name, _between(low, high, at, self.written.file.factors[name].scale))


def _between(low: float, high: float, at: float, scale: str) -> float:
    return low * (high / low) ** at if scale == "log" else low + (high - low) * at
