"""Designs: ways of testing a lever on a part of one world, and what each says of the effect of using it on all.

A test by user, by cluster of friends or by shop treats some of them all the time; a switchback treats all of them in
some blocks of days. What a test estimates is what one would have who ran it: a difference of means and its error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from sim.engine import luck
from sim.engine.names import nearest
from sim.engine.settings import BadInput
from sim.experiments.many import Summary
from sim.ground.assignment import FEWEST, draw_arms
from sim.ground.metrics import Metric
from sim.people.experiment import OUTCOMES
from sim.results.intervals import Estimate, between_arms
from sim.results.runs import Result
from sim.results.switchback import block_means, blocks_of
from sim.scenario import Scenario
from sim.scenario_rules import UNITS, Event, check_lever, check_place, flat
from sim.shopping import merchant
from sim.state import Planned

KINDS = (*UNITS, "switchback")
DAYS_A_BLOCK, IN_A_CLUSTER = 7, 100
YEAR = 365


class Design(NamedTuple):
    """One way of testing.

    kind: "user", "cluster", "shop" or "switchback".
    share: chance of a unit of being treated.
    size: most people in a cluster, or days in a block; 0 of others.
    dropped: days at the start of each block that are left out.
    """

    kind: str
    share: float = 0.5
    size: int = 0
    dropped: int = 0

    @classmethod
    def read(cls, text: str, share: float = 0.5) -> Self:
        """A design as it is written: `user`, `shop`, `cluster` or `cluster:PEOPLE`, `switchback` or `switchback:DAYS:DROPPED`.

        Raises:
            BadInput: there is no such design.
        """
        kind, *numbers = text.strip().split(":")
        most = {"cluster": 1, "switchback": 2}.get(kind, 0)
        if kind not in KINDS:
            raise BadInput(
                f"designs: there is no design {text!r}{nearest(kind, KINDS) or '; there are ' + ', '.join(KINDS)}"
            )
        if len(numbers) > most or not all(number.isdecimal() for number in numbers):
            raise BadInput(
                f"designs: {text!r} must be written as user, shop, cluster:PEOPLE or switchback:DAYS:DROPPED, in whole numbers"
            )
        usual = {"cluster": (IN_A_CLUSTER, 0), "switchback": (DAYS_A_BLOCK, 0)}.get(kind, (0, 0))
        size, dropped = (int(numbers[at]) if at < len(numbers) else usual[at] for at in (0, 1))
        if kind == "cluster" and size < 2:
            raise BadInput(f"designs: {text!r}: a cluster has 2 people at least")
        if kind == "switchback" and not dropped < size:
            raise BadInput(f"designs: {text!r}: of a block of {size} days, {dropped} cannot be dropped")
        return cls(kind, share, size, dropped)

    @property
    def name(self) -> str:
        """As `read` takes it."""
        parts = [self.kind, *([self.size] if self.size else []), *([self.dropped] if self.dropped else [])]
        return ":".join(map(str, parts))

    @property
    def each(self) -> str:
        """Whose value a lever is and whose doings are looked at: "user", "shop", or "" for all together."""
        return UNITS.get(self.kind, "")


class Treatment(NamedTuple):
    """What is tried.

    levers: values for the treated, by name of the lever.
    begin: day on which it begins.
    """

    levers: Mapping[str, Any]
    begin: int

    def untreated(self, scenario: Scenario) -> Scenario:
        """The world in which nobody is treated, with everything counted."""
        plain = scenario.model_copy(update={"levers": {}})  # nothing is searched for; what is dated may be among them
        return plain.with_values({"experiment.on": True, "experiment.begin": self.begin})

    def wholly(self, untreated: Scenario) -> Scenario:
        """The same world in which everybody is treated."""
        return _with_events(untreated, [Event(day=self.begin, set=dict(self.levers))])

    def under(self, design: Design, untreated: Scenario) -> Scenario:
        """The same world in which a part of its people or shops is treated."""
        test = {
            "unit": design.kind,
            "share": design.share,
            "levers": list(self.levers),
            "values": [float(value) for value in self.levers.values()],
        }
        test |= {"cluster_size": design.size} if design.size else {}
        return untreated.with_values({f"experiment.{key}": value for key, value in test.items()})

    def switched(self, design: Design, untreated: Scenario) -> Scenario:
        """The same world in which everybody is treated in some blocks of days, by the luck of its seed."""
        usual = {name: value_of(untreated, name) for name in self.levers}
        events, now = [], 0
        for block, arm in zip(*self.blocks(design, untreated.run.days, untreated.run.seed), strict=True):
            if arm != now:
                events.append(Event(day=block.start, set=dict(self.levers) if arm else usual))
            now = arm
        return _with_events(untreated, events)

    def blocks(self, design: Design, days: int, seed: int) -> tuple[list[range], list[int]]:
        """The blocks of a switchback, and which of them are treated."""
        blocks = blocks_of(self.begin, days, design.size)
        return blocks, draw_arms(len(blocks), design.share, luck.key(seed, "experiment.blocks")).tolist()


def value_of(scenario: Scenario, name: str) -> Any:
    """A setting's value."""
    section, _, key = name.partition(".")
    return getattr(getattr(scenario, section), key)


def seeded(scenario: Scenario, seed: int) -> Scenario:
    """The same with another seed."""
    return scenario.model_copy(update={"run": scenario.run.changed({"seed": seed})})


def _with_events(scenario: Scenario, events: Sequence[Event]) -> Scenario:
    return scenario.model_copy(update={"events": (*scenario.events, *events)})


# What can be tested, and how


def check_treatment(scenario: Scenario, treatment: Treatment) -> Treatment:
    """The treatment with values in the settings' own types.

    Raises:
        BadInput: nothing is treated, a lever is none, is moved by an event or a rule of the scenario's, has that value
            already or cannot have it, or the test begins after the last day.
    """
    if not treatment.levers:
        raise BadInput("treated: say what is another for the treated, as in advertising.discovery_slots=4")
    found = {}
    for name, value in treatment.levers.items():
        check_lever(scenario, name, "treated")
        usual = value_of(scenario, name)
        if isinstance(usual, bool) != isinstance(value, bool) or not isinstance(value, int | float):
            kind = "true or false" if isinstance(usual, bool) else "a number"
            raise BadInput(f"treated: {name} = {value!r}: must be {kind}")
        check_place(scenario, name, value, "treated")
        found[name] = type(usual)(value)
        if found[name] == usual:
            raise BadInput(f"treated: {name} = {value!r} is what {scenario.name} has already: nothing would be tested")
        for number, event in enumerate(scenario.events, 1):
            if name in flat(event.set):
                raise BadInput(f"treated: {name} is moved by events.{number} of {scenario.name}: take that out")
        if scenario.can_be_on("steering") and scenario.steering.lever == name:
            raise BadInput(f"treated: {name} is moved by the rule of [steering] in {scenario.name}: switch that off")
    if not 0 <= treatment.begin < scenario.run.days:
        raise BadInput(f"begin = {treatment.begin}: must be from 0 to {scenario.run.days - 1}, the last day")
    return treatment._replace(levers=found)


def check_design(design: Design, scenario: Scenario, treatment: Treatment, metrics: Sequence[str]) -> None:
    """Refuse a design that cannot test these levers, or has nothing to say of these metrics.

    Raises:
        BadInput: naming those that can, or the metrics that can be traced.
    """
    where = f"design {design.name}"
    if not 0.0 < design.share < 1.0:
        raise BadInput(f"share = {design.share:g}: must be between 0 and 1, both left out, so that there are two arms")
    if design.kind == "switchback":
        blocks = len(blocks_of(treatment.begin, scenario.run.days, design.size))
        if blocks < 2 * FEWEST:
            raise BadInput(
                f"{where}: there is room for {blocks} blocks of {design.size} days, and a test needs {2 * FEWEST} at least: "
                "more days, or shorter blocks"
            )
        return
    for name in treatment.levers:
        check_lever(scenario, name, f"{where}: treated", design.each)
    _check_units(design, scenario, where)
    for metric in metrics:
        if metric not in OUTCOMES[design.each]:
            can = ", ".join(OUTCOMES[design.each])
            raise BadInput(
                f"{where}: {metric} cannot be traced to a {design.each}; these can: {can}; a switchback has all"
            )


def _check_units(design: Design, scenario: Scenario, where: str) -> None:
    """Refuse a world that has too few units of the kind, or none."""
    people = scenario.run.users
    if design.kind == "cluster" and scenario.friends.kind == "everyone":
        raise BadInput(f"{where}: everyone knows everyone, so that no division spares any tie")
    if design.kind == "cluster" and people < 2 * FEWEST * design.size:
        raise BadInput(
            f"{where}: {people:,} people may be fewer than the {2 * FEWEST} clusters that a test needs; at most "
            f"{people // (2 * FEWEST)} in a cluster are sure to be enough"
        )
    if design.kind == "shop" and not scenario.can_be_on("shopping"):
        raise BadInput(f"{where}: there are no shops in {scenario.name}: shopping.on is false")
    if design.kind != "cluster":
        units = people if design.kind == "user" else merchant.rows_needed(Planned(scenario))
        if units < 2 * FEWEST:
            raise BadInput(f"{where}: there are {units} of them, and a test needs {2 * FEWEST} at least")


def designs_for(scenario: Scenario, treatment: Treatment, metrics: Sequence[str], share: float) -> list[Design]:
    """Every kind of design, as it is by default, that can test these levers on these metrics."""
    found = []
    for kind in KINDS:
        design = Design.read(kind, share)
        try:
            check_design(design, scenario, treatment, metrics)
        except BadInput:
            if not 0.0 < share < 1.0:
                raise
            continue
        found.append(design)
    if not found:
        raise BadInput("designs: none can test this: fewer metrics, other levers or more days")
    return found


# What a run is looked at for


@dataclass(frozen=True)
class Whole:
    """What a world is like that is wholly treated or untreated, a person and day, or a year: of all, and as traced to each."""

    begin: int
    people: int

    def __call__(self, result: Result) -> Summary:
        """By "world METRIC", "user METRIC" and "shop METRIC"."""
        days = result.days.iloc[self.begin :]
        found = {
            f"world {name}": float(days[name].mean()) * scale_of(metric, self.people)
            for name, metric in result.metrics.items()
        }
        assert result.units is not None
        for each, outcomes in OUTCOMES.items():
            rows = result.units[result.units["each"] == each]
            for name in outcomes:
                found[f"{each} {name}"] = (
                    float(rows[name].sum()) / len(days) * scale_of(result.metrics[name], self.people)
                )
        return found


@dataclass(frozen=True, repr=False)
class Tested:
    """What somebody learns who runs a test in this world."""

    design: Design
    treatment: Treatment
    people: int

    def __repr__(self) -> str:  # names the look: a mapping in it would not, in whatever order
        return f"Tested({self.design!r}, {sorted(self.treatment.levers.items())}, {self.treatment.begin})"

    def __call__(self, result: Result) -> Summary:
        """By "METRIC effect", "METRIC error" and "METRIC freedom"; and the number of units."""
        units, found = self._switchback(result) if self.design.kind == "switchback" else self._by_unit(result)
        parts = {
            f"{name} {part}": float(value)
            for name, estimate in found.items()
            for part, value in estimate._asdict().items()
        }
        return parts | {"units": float(units)}

    def _by_unit(self, result: Result) -> tuple[int, dict[str, Estimate]]:
        assert result.units is not None
        each = self.design.each
        rows = result.units[result.units["each"] == each]
        names = list(OUTCOMES[each])
        drawn = rows.groupby("cluster")
        arm, sizes, totals = drawn["arm"].first().to_numpy(), drawn.size().to_numpy(), drawn[names].sum()
        days = len(result.days) - self.treatment.begin
        many = 1 if each == "user" else len(rows) / self.people  # shops a person: what each brings is a person's part
        return len(arm), {
            name: _scaled(between_arms(totals[name], sizes, arm), many / days * scale_of(result.metrics[name], 1))
            for name in names
        }

    def _switchback(self, result: Result) -> tuple[int, dict[str, Estimate]]:
        blocks, arm = self.treatment.blocks(self.design, len(result.days), result.seed)
        return len(arm), {
            name: _scaled(
                between_arms(block_means(result.days[name], blocks, self.design.dropped), np.ones(len(blocks)), arm),
                scale_of(metric, self.people),
            )
            for name, metric in result.metrics.items()
        }


def _scaled(estimate: Estimate, by: float) -> Estimate:
    return Estimate(by * estimate.effect, by * estimate.error, estimate.freedom)


def scale_of(metric: Metric, people: int) -> float:
    """What a day's value of a world is multiplied with: money a person and year, counts a person and day, all else itself."""
    if metric.kind == "ratio" or (metric.kind == "stock" and metric.unit not in ("people", "cents")):
        return 1.0
    return (YEAR if metric.kind == "flow" and metric.unit == "cents" else 1.0) / people


def unit_of(metric: Metric) -> str:
    """The unit of what is scaled so."""
    if scale_of(metric, 2) == 1.0:
        return metric.unit
    if metric.unit == "cents":
        return "cents a person and year" if metric.kind == "flow" else "cents a person"
    return "share" if metric.unit == "people" else f"{metric.unit} a person and day"
