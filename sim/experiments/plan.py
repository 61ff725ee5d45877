"""Plan: what a sweep asks for, as its file says it, checked before anything runs.

Every scenario lives every point of the factors with every seed. A factor is a setting by its name: over listed values,
over steps of a range, or, given neither, sampled together with the others of its kind (Latin hypercube, Sobol). The
ranges are those that the settings declare, unless the plan says otherwise.
"""

import difflib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError
from scipy.stats import qmc

from sim.declared import metrics_of
from sim.engine.settings import BadInput, Settings, plain
from sim.experiments.pairing import check_fair, check_seeds
from sim.experiments.plan_file import Factor, PlanFile, Sample
from sim.ground import friend_files, paths
from sim.ground.toml_files import placed, read_toml
from sim.results.comparisons import Differing, listed
from sim.scenario import SECTIONS, Scenario
from sim.service import SomeNamed, all_called

MANY = 100_000  # runs above which a plan must be meant
FIGURES = 12  # significant figures of a value that is worked out: 0.3, not 0.30000000000000004


# The plan


class Axis(NamedTuple):
    """Settings that move together: one factor over its values, or all that are drawn, or listed, over their points."""

    names: tuple[str, ...]
    points: Sequence[tuple[Any, ...]]
    drawn: bool = False


class Point(NamedTuple):
    """One value of every factor.

    Attributes:
        number: from 0, in the order of the plan.
        places: where on each axis it lies.
        draw: which of the drawn points it belongs to, 0 where none are drawn.
        values: by the factor's name.
    """

    number: int
    places: tuple[int, ...]
    draw: int
    values: dict[str, Any]


@dataclass(frozen=True, repr=False)
class Plan:
    """What a sweep asks for, every name and value checked on its own.

    Attributes:
        file: as it was written.
        path: where.
        scenarios: with what the plan sets for all of them; names are unique, the first is the baseline.
        seeds: in order.
        axes: the factors, outermost first.
        only: by factor, the scenarios it applies to, where not to all.
        unfair: assumptions in which the scenarios differ from the start.
    """

    file: PlanFile
    path: Path
    text: str
    scenarios: tuple[Scenario, ...]
    seeds: tuple[int, ...]
    axes: tuple[Axis, ...]
    only: Mapping[str, frozenset[str]]
    unfair: list[Differing]

    @classmethod
    def load(
        cls,
        path: str | Path,
        instead: Mapping[str, Any] | None = None,
        most: int | None = None,
        services: SomeNamed = (),
    ) -> "Plan":
        """Read a plan.

        Args:
            instead: other values of the plan's own keys, as {"users": 500, "days": 30, "seeds": 2} to try it out.
            most: runs that it may ask for; a larger one is refused before its points are worked out.
            services: services of one's own, or their names as "module:NAME".

        Raises:
            BadInput: naming file, key path, value, rule and the nearest valid name.
        """
        return _Reading(paths.given(path), plain(dict(instead or {})), services).plan(most)

    def __repr__(self) -> str:
        of = listed([scenario.name for scenario in self.scenarios], "scenario")
        return f"<Plan {self.name!r}: {self.runs:,} runs, {of}, {listed(self.seeds, 'seed')}>"

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that it is made of, itself and its scenarios'."""
        return (self.path, *(file for scenario in self.scenarios for file in scenario.inputs))

    @property
    def name(self) -> str:
        """Short name: the file's."""
        return self.path.stem

    @property
    def title(self) -> str:
        """A line for tables and pages."""
        return self.file.title or self.name

    @property
    def factors(self) -> list[str]:
        """Names of the settings that vary."""
        return [name for axis in self.axes for name in axis.names]

    def applies(self, name: str, scenario: Scenario) -> bool:
        """Whether a factor changes a scenario."""
        return scenario.name in self.only.get(name, frozenset((scenario.name,)))

    @property
    def size(self) -> int:
        """Rows of the table: scenarios x points x seeds."""
        return len(self.scenarios) * math.prod(len(axis.points) for axis in self.axes) * len(self.seeds)

    @property
    def runs(self) -> int:
        """Runs to make: a scenario that a factor does not apply to lives once for all of the factor's values."""
        each = (
            math.prod(len(axis.points) for axis in self.axes if self._moves(axis, scenario))
            for scenario in self.scenarios
        )
        return sum(each) * len(self.seeds)

    def _moves(self, axis: Axis, scenario: Scenario) -> bool:
        return any(self.applies(name, scenario) for name in axis.names)

    def points(self) -> Iterator[Point]:
        """Every point of the factors, one at a time."""
        drawn = next((at for at, axis in enumerate(self.axes) if axis.drawn), None)
        ranges = [range(len(axis.points)) for axis in self.axes]
        for number, places in enumerate(itertools.product(*ranges)):
            values = {
                name: value
                for axis, place in zip(self.axes, places, strict=True)
                for name, value in zip(axis.names, axis.points[place], strict=True)
            }
            yield Point(number, places, 0 if drawn is None else places[drawn], values)

    def networks(self) -> list[str]:
        """Files of the networks that the runs read."""
        files = [scenario.friends.file for scenario in self.scenarios]
        for axis in self.axes:
            if "friends.file" in axis.names:
                files += [point[axis.names.index("friends.file")] for point in axis.points]
        return [file for file in dict.fromkeys(files) if file]

    def is_first(self, point: Point, scenario: Scenario) -> bool:
        """Whether a scenario has not lived this point before, on axes that do not move it."""
        return all(
            place == 0 or self._moves(axis, scenario) for place, axis in zip(point.places, self.axes, strict=True)
        )

    def resolve(self, scenario: Scenario, point: Point, seed: int | None = None) -> Scenario:
        """A scenario at a point, with a seed of the plan's.

        Raises:
            BadInput: its values do not go together.
        """
        values = {name: value for name, value in point.values.items() if self.applies(name, scenario)}
        try:
            return scenario.with_values(values if seed is None else values | {"run.seed": seed}).settled()
        except BadInput as error:
            raise BadInput(f"{self.path}: {scenario.name} at point {point.number} of the factors: {error}") from None


def check_size(path: Path, runs: int, most: int = MANY) -> None:
    """Refuse a plan of more runs than are meant.

    Raises:
        BadInput: it asks for more.
    """
    if runs > most:
        raise BadInput(f"{path}: {runs:,} runs, more than {most:,}: say that they are meant with --yes")


def fingerprint(scenario: Scenario) -> str:
    """Hash of all that shapes a run but its seed: the resolved scenario, and what its network's file holds.

    Raises:
        BadInput: there is no such file.
    """
    if scenario.friends.file:
        friend_files.existing(Path(scenario.friends.file))
    return scenario.digest()


# Reading


class _Reading:
    """One plan while it is read: every message begins with its file."""

    def __init__(self, path: Path, instead: Mapping[str, Any], services: SomeNamed) -> None:
        self.path, self.services = path, all_called(services)
        self.text, written = read_toml(path, "plan")
        if "scenarios" not in written and set(written) & ({"extends", *SECTIONS} - set(PlanFile.model_fields)):
            raise self.refuse("a scenario, not a plan of a sweep: hongbao run, or hongbao compare, takes it")
        if instead:
            written |= instead
            self.text = f"# with {', '.join(f'{key} = {value!r}' for key, value in instead.items())}\n{self.text}"
        for key in ("factors", "set"):
            if isinstance(written.get(key), dict):
                written[key] = self._flat(written[key], key)
        if isinstance(written.get("factors"), dict):
            factors = written["factors"].items()
            written["factors"] = {n: {"values": given} if isinstance(given, list) else given for n, given in factors}
        try:
            self.file = PlanFile.model_validate(written)
        except ValidationError as error:
            said = dict.fromkeys(_say(problem) for problem in error.errors())
            raise BadInput("\n".join(f"{path}: {line}" for line in said)) from None

    def refuse(self, what: str) -> BadInput:
        return BadInput(f"{self.path}: {what}")

    def _flat(self, given: Mapping[str, Any], where: str) -> dict[str, Any]:
        """`"section.key" = ...` and `[where.section] key = ...` alike."""
        found: dict[str, Any] = {}
        for name, content in given.items():
            if "." in name:
                found[name] = content
            elif isinstance(content, dict) and not set(content) & set(Factor.model_fields):
                found |= {f"{name}.{key}": inner for key, inner in content.items()}
            else:
                raise self.refuse(f'{where}: {name!r} is no setting: name it "section.key", as in "wallet.payer_fee"')
        return found

    def plan(self, most: int | None) -> Plan:
        """Check what goes beyond the form of the file."""
        self.scenarios = self._scenarios()
        self.known = {parameter.name: parameter for parameter in self.scenarios[0].parameters()}
        self._check_names()
        seeds = self.file.seeds
        if isinstance(seeds, int):
            seeds = check_seeds(self.scenarios[0].run.seed, seeds, f"{self.path}: seeds")
        if most is not None:
            check_size(self.path, self._runs() * len(seeds), most)
        axes = self._axes()
        unfair = check_fair(self.scenarios)[1] if len(self.scenarios) > 1 else []
        only = {name: frozenset(factor.only) for name, factor in self.file.factors.items() if factor.only}
        return Plan(self.file, self.path, self.text, tuple(self.scenarios), tuple(seeds), tuple(axes), only, unfair)

    def _scenarios(self) -> list[Scenario]:
        file, found = self.file, list[Scenario]()
        same = dict(file.set)
        for key in ("users", "days"):
            if (asked := getattr(file, key)) is not None:
                if f"run.{key}" in same | file.factors:
                    raise self.refuse(f"{key} = {asked} and run.{key}: say it once")
                same[f"run.{key}"] = asked
        same = {name: placed(name, value, self.path.parent) for name, value in same.items()}
        for name in file.scenarios:
            try:
                scenario = Scenario.load(self.path.parent / paths.given(name, "scenarios"), same, self.services)
            except BadInput as error:
                lines = (self._ours(line, same) for line in str(error).splitlines())
                raise BadInput("\n".join(lines)) from None
            scenario = scenario.settled()
            if scenario.name in [other.name for other in found]:
                raise self.refuse(f"scenarios: two are called {scenario.name!r}, by which runs are told apart")
            found.append(scenario)
        return found

    def _runs(self) -> int:
        """Runs a seed, as `Plan.runs` counts them, before any point is worked out."""
        many, sample = 0, self.file.sample
        for scenario in self.scenarios:
            each, drawn = max(1, len(self.file.points)), False
            for name, factor in self.file.factors.items():
                if factor.only and scenario.name not in factor.only:
                    continue
                if factor.values is not None:
                    each *= max(1, len(factor.values))
                elif factor.levels is not None or self.known[name].unit == "switch":
                    each *= factor.levels or 2
                else:
                    drawn = True
            many += each * (sample.points if drawn and sample is not None else 1)
        return many

    def _ours(self, line: str, same: Mapping[str, Any]) -> str:
        """What begins with a name that the plan sets is wrong there, not in the scenario."""
        name = next((name for name in same if line.startswith(name)), None)
        if name is None:
            return line
        key = name.removeprefix("run.")
        if name not in self.file.set and key in ("users", "days"):
            return f"{self.path}: {line.removeprefix('run.')}"
        return f"{self.path}: set: {line}"

    def _check_names(self) -> None:
        listed = {name for point in self.file.points for name in point}
        for name in [*self.file.factors, *sorted(listed)]:
            where = f"factors.{_quoted(name)}" if name in self.file.factors else f"points.{_quoted(name)}"
            if name not in self.known:
                raise self.refuse(f"{where}: no such setting{_nearest(name, self.known)}")
            if name == "run.seed":
                raise self.refuse(f"{where}: seeds are given by `seeds`, and are the same at every point")
            if name in self.file.set:
                raise self.refuse(f"{where}: `set` holds it still at {self.file.set[name]!r}: leave one of them out")
            if name in self.file.factors and name in listed:
                raise self.refuse(f"{where}: it is among `points` too: leave one of them out")
        metrics = metrics_of(self.services)
        kept = () if isinstance(self.file.save_days, bool) else self.file.save_days
        for key, names in (("metrics", self.file.metrics), ("save_days", kept)):
            for name in names:
                if name not in metrics:
                    raise self.refuse(f"{key} = {name!r}: no such metric{_nearest(name, metrics)}")

    def _axes(self) -> list[Axis]:
        steady, drawn, listed = list[Axis](), dict[str, tuple[float, float]](), list[Axis]()
        for name, factor in self.file.factors.items():
            where = f"factors.{_quoted(name)}"
            self._check_only(name, factor, where)
            given = [key for key in ("values", "levels") if getattr(factor, key) is not None]
            if len(given) == 2:
                raise self.refuse(f"{where}: values and levels: give one of them, or neither to have it drawn")
            if given == ["values"]:
                steady.append(Axis((name,), self._listed(name, factor, where)))
            elif given == ["levels"] or self.known[name].unit == "switch":
                steady.append(Axis((name,), self._steps(name, factor, where)))
            else:
                drawn[name] = self._range(name, factor, where)
        if drawn and self.file.sample is None:
            raise self.refuse(
                f"factors.{_quoted(next(iter(drawn)))} has neither values nor levels, so it is drawn: "
                "[sample] says how, as in points = 64"
            )
        if self.file.sample is not None and not drawn:
            raise self.refuse("sample: every factor has values or levels, so that there is nothing to draw")
        if self.file.points:
            listed.append(self._points())
        return listed + ([self._drawn(drawn)] if drawn else []) + steady

    def _check_only(self, name: str, factor: Factor, where: str) -> None:
        names = [scenario.name for scenario in self.scenarios]
        for scenario in factor.only:
            if scenario not in names:
                raise self.refuse(f"{where}.only = {scenario!r}: no scenario of the plan{_nearest(scenario, names)}")
        if factor.only and self.known[name].origin != "decided":
            raise self.refuse(f"{where}.only: it is no decision of the platform, so it holds in every scenario")

    def _listed(self, name: str, factor: Factor, where: str) -> list[tuple[Any, ...]]:
        if factor.low is not None or factor.high is not None:
            raise self.refuse(f"{where}: values and a range: give one of them")
        if not factor.values:
            raise self.refuse(f"{where}.values = []: it needs at least one")
        return self._tried(name, factor.values, f"{where}.values")

    def _steps(self, name: str, factor: Factor, where: str) -> list[tuple[Any, ...]]:
        if self.known[name].unit == "switch":
            return [(False,), (True,)]
        low, high = self._range(name, factor, where)
        steps = (_between(low, high, at, factor.scale) for at in np.linspace(0, 1, factor.levels or 2))
        values = [self._as_declared(name, value) for value in steps]
        if len(set(values)) < len(values):
            raise self.refuse(f"{where}.levels = {factor.levels}: there are not so many whole numbers in its range")
        return self._tried(name, values, where)

    def _tried(self, name: str, values: Sequence[Any], where: str) -> list[tuple[Any, ...]]:
        """Values as the scenarios take them, none twice."""
        found: list[Any] = []
        for value in values:
            taken = self._taken(name, value, where)
            if taken in found:
                raise self.refuse(f"{where}: {value!r} is given twice")
            found.append(taken)
        return [(value,) for value in found]

    def _taken(self, name: str, value: Any, where: str) -> Any:
        """What a scenario makes of a value."""
        section, _, key = name.partition(".")
        value = placed(name, value, self.path.parent)
        try:
            return getattr(getattr(self.scenarios[0].with_values({name: value}), section), key)
        except BadInput as error:
            raise self.refuse(f"{where}: {error}") from None

    def _range(self, name: str, factor: Factor, where: str) -> tuple[float, float]:
        it = self.known[name]
        if isinstance(it.value, bool | str | tuple):
            raise self.refuse(f"{where}: it is no number ({it.unit}): list its values, as in values = [{it.value!r}]")
        low = it.low if factor.low is None else factor.low
        high = it.high if factor.high is None else factor.high
        if low is None or high is None:
            raise self.refuse(f"{where}: no range is declared for it: give low and high, or values")
        if not low < high:
            raise self.refuse(f"{where}: low = {low:g} must be below high = {high:g}")
        if factor.scale == "log" and low <= 0:
            raise self.refuse(f'{where}: scale = "log" needs low above 0; it is {low:g}')
        for end, value in (("low", low), ("high", high)):
            self._taken(name, self._as_declared(name, value), f"{where}.{end}")
        return float(low), float(high)

    def _as_declared(self, name: str, value: float) -> Any:
        return round(value) if isinstance(self.known[name].value, int) else float(f"{value:.{FIGURES}g}")

    def _points(self) -> Axis:
        """Points that are listed: each names the same settings."""
        names = tuple(self.file.points[0])
        if not names:
            raise self.refuse('points.1: it names no setting, as in "wallet.payer_fee" = 0.01')
        found = []
        for number, point in enumerate(self.file.points, 1):
            if set(point) != set(names):
                wrong = ", ".join(sorted(set(point) ^ set(names)))
                raise self.refuse(f"points.{number}: every point names the same settings; {wrong} is not in all")
            found.append(tuple(self._taken(name, point[name], f"points.{number}") for name in names))
        if len(set(found)) < len(found):
            raise self.refuse("points: one is given twice")
        return Axis(names, found)

    def _drawn(self, ranges: Mapping[str, tuple[float, float]]) -> Axis:
        sample = self.file.sample
        assert sample is not None, "asked for by _axes"
        if sample.method == "sobol":
            power = max(1, round(math.log2(sample.points)))
            if sample.points != 2**power:
                raise self.refuse(
                    f"sample.points = {sample.points}: Sobol's points are even in powers of two only; the nearest is "
                    f"{2**power}"
                )
            cube = qmc.Sobol(len(ranges), seed=sample.seed).random(sample.points)
        else:
            cube = qmc.LatinHypercube(len(ranges), seed=sample.seed).random(sample.points)
        found = [tuple(self._placed(ranges, row)) for row in cube.tolist()]
        return Axis(tuple(ranges), found, drawn=True)

    def _placed(self, ranges: Mapping[str, tuple[float, float]], row: Sequence[float]) -> Iterator[Any]:
        for (name, (low, high)), at in zip(ranges.items(), row, strict=True):
            if isinstance(self.known[name].value, int):  # each whole number alike
                yield min(int(high), int(low) + math.floor(at * (int(high) - int(low) + 1)))
            else:
                yield self._as_declared(name, _between(low, high, at, self.file.factors[name].scale))


def _between(low: float, high: float, at: float, scale: str) -> float:
    return low * (high / low) ** at if scale == "log" else low + (high - low) * at


# Words

RULES = {  # in the words of who writes the file
    "tuple_type": "must be a list",
    "dict_type": "must be a table of names and values",
    "model_type": "must be a table of keys",
    "model_attributes_type": "must be a table of keys",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "too_short": "must have at least {min_length}",
}


def _nearest(name: str, valid: Any) -> str:
    near = difflib.get_close_matches(name, list(valid), 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _quoted(name: Any) -> str:
    return f'"{name}"' if "." in str(name) else str(name)


def _say(problem: Any) -> str:
    """A mistake in the form of the file, plainly."""
    place = [part + 1 if isinstance(part, int) else part for part in problem["loc"]]  # lists are counted from 1
    name = ".".join(_quoted(part) for part in place)
    if place[0] == "save_days":  # one of two kinds, of which each has its own complaint
        return "save_days: must be true, false, or a list of metrics"
    if problem["type"] == "extra_forbidden":
        homes: dict[str, type[Settings]] = {"factors": Factor, "sample": Sample}
        valid = homes.get(str(place[0]), PlanFile).model_fields if len(place) > 1 else PlanFile.model_fields
        return f"{name} = {problem['input']!r}: no such key{_nearest(str(place[-1]), valid)}"
    if problem["type"] == "missing":
        return f"{name} is missing: {_described(place)}"
    rule = problem["msg"].replace("Input should be", "must be").removeprefix("Value error, ")
    rule = RULES.get(problem["type"], rule).format(**problem.get("ctx", {}))
    return f"{name} = {problem['input']!r}: {rule}"


def _described(place: Sequence[Any]) -> str:
    homes: dict[str, type[Settings]] = {"factors": Factor, "sample": Sample}
    home = homes.get(str(place[0]), PlanFile) if len(place) > 1 else PlanFile
    return home.model_fields[str(place[-1])].description or "it must be given"
