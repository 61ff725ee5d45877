"""Plan: what a sweep asks for, as its file says it, checked before anything runs.

Every scenario lives every point of the factors with every seed. A factor is a setting by its name: over listed values,
over steps of a range, or, given neither, sampled together with the others of its kind (Latin hypercube, Sobol). The
ranges are those that the settings declare, unless the plan says otherwise.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sim.engine.settings import BadInput, plain
from sim.experiments.pairing import check_fair, check_seeds
from sim.experiments.plan_axes import Axis, axes_of, check_names, runs_a_seed
from sim.experiments.plan_file import PlanFile
from sim.experiments.plan_reading import read_plan
from sim.experiments.plan_scenarios import scenarios_of
from sim.experiments.plan_values import Values
from sim.ground import paths
from sim.ground.friends import friend_files
from sim.results.comparisons import Differing, listed
from sim.scenario import Scenario
from sim.service import SomeNamed, all_called

MANY = 100_000  # runs above which a plan must be meant


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
            instead: other values of the plan's own keys, as {"users": 500, "days": 30, "seeds": 2} to try it out; what "set" has comes on
                top of what the plan sets.
            most: runs that it may ask for; a larger one is refused before its points are worked out.
            services: services of one's own, or their names as "module:NAME".

        Raises:
            BadInput: naming file, key path, value, rule and the nearest valid name.
        """
        written, own = read_plan(paths.given(path), plain(dict(instead or {}))), all_called(services)
        scenarios = scenarios_of(written, own)
        values = Values(written, scenarios[0])
        check_names(written, values.known, own)
        seeds = written.file.seeds
        if isinstance(seeds, int):
            seeds = check_seeds(scenarios[0].run.seed, seeds, f"{written.path}: seeds")
        if most is not None:
            check_size(written.path, runs_a_seed(written, scenarios, values) * len(seeds), most)
        axes = axes_of(written, scenarios, values)
        unfair = check_fair(scenarios)[1] if len(scenarios) > 1 else []
        only = {name: frozenset(factor.only) for name, factor in written.file.factors.items() if factor.only}
        return cls(written.file, written.path, written.text, tuple(scenarios), tuple(seeds), tuple(axes), only, unfair)

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
