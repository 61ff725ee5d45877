"""Assumptions drawn together: futures, each a point of the ranges that the settings declare.

What is drawn are the assumed numbers with a range, of parts that are on in any of the compared scenarios. The law is the
same for all, since a declaration says no more than its ends: uniform over the range, or uniform over its logarithm where
both ends are above 0 and the upper is ten times the lower or more. Points are a scrambled Sobol sequence (Sobol 1967;
Matoušek 1998), which fills the ranges more evenly than chance would: what is reckoned from it as if it were chance errs on
the safe side (Owen 1997). More futures begin with the same ones as fewer.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scipy.stats import qmc

from sim.differences import differences
from sim.engine.settings import BadInput, Parameter
from sim.results.futures import Assumption
from sim.scenario import SECTIONS, Scenario
from sim.scenario_rules import flat

WIDE = 10.0  # a range whose ends are so many times apart is drawn over its logarithm
FIGURES = 12  # significant figures of a value that is worked out
LUCK = 1  # names the scrambling
TRIES = 1_000  # points refused in a row, after which the ranges and the scenarios do not go together
PART_OF = {  # sections that say nothing of being on, and the services that they belong to: any of them
    "orders": ("shopping",),
    "promotion": ("shopping",),
    "merchants": ("shopping",),
    "desks": ("support",),
    "advertisers": ("advertising",),
    "riders": ("rides",),
    "drivers": ("rides",),
    "city": ("rides",),
    "airlines": ("trips",),
    "bank": ("banking",),
    "credit": ("banking",),
}
RIVALS_LEVERS = ("inbox_slots", "discovery_slots", "commission", "promotion", "depth")
OFF = "its service is off in every scenario"


class Drawn(NamedTuple):
    """Futures, and what they are drawn from.

    Attributes:
        assumptions: what is drawn.
        held: assumptions that stay as they are, and why; by name.
        points: by future, the value of each assumption.
        redrawn: points that a scenario refused, each replaced by the next of the sequence.
    """

    assumptions: list[Assumption]
    held: dict[str, str]
    points: list[dict[str, Any]]
    redrawn: int


def draw_futures(scenarios: Sequence[Scenario], many: int) -> Drawn:
    """Draw so many futures in which each of the scenarios can live.

    Args:
        scenarios: those that are compared, of the same people.
        many: futures.

    Raises:
        BadInput: there is nothing to draw, or a thousand points in a row were refused.
    """
    assumptions, held = drawable(scenarios)
    if not assumptions:
        raise BadInput("assumptions: all of them are held still, so there is one future only; leave --assumptions out")
    points, refused = draw_points(assumptions, many, lambda point: refusal(scenarios, point))
    return Drawn(assumptions, held, points, refused)


def drawable(scenarios: Sequence[Scenario]) -> tuple[list[Assumption], dict[str, str]]:
    """The assumptions that may be drawn for these scenarios, and those that stay as they are, with the reason, by name."""
    held = dict(_held(scenarios))
    return [_assumption(it) for it in scenarios[0].parameters() if it.origin == "assumed" and it.name not in held], held


def draw_points(
    assumptions: Sequence[Assumption], many: int, refused: Callable[[Mapping[str, Any]], str]
) -> tuple[list[dict[str, Any]], int]:
    """So many points of the ranges, and how many were refused and replaced by the next of the sequence.

    Args:
        refused: says why nobody can live at a point; empty where all can.

    Raises:
        BadInput: a thousand points in a row were refused.
    """
    points, gone, in_a_row = list[dict[str, Any]](), 0, 0
    for row in _sobol(len(assumptions), many):
        point = placed_all(assumptions, row)
        if why := refused(point):
            gone, in_a_row = gone + 1, in_a_row + 1
            if in_a_row == TRIES:
                raise BadInput(
                    f"assumptions: {TRIES:,} points of their ranges were refused in a row, the last for {why}"
                )
            continue
        in_a_row = 0
        points.append(point)
        if len(points) == many:
            break
    return points, gone


def in_future(scenario: Scenario, point: Mapping[str, Any], seed: int) -> Scenario:
    """A scenario under the assumptions of a future, which nobody set by hand."""
    values = {**point, "run.seed": seed}
    return scenario.with_values(values).remember_set(scenario.set_by_hand)


# What is drawn


def _held(scenarios: Sequence[Scenario]) -> Iterator[tuple[str, str]]:
    """Assumptions that are not drawn, and why."""
    differing = {name for other in scenarios[1:] for name, *_ in differences(scenarios[0], other)}
    by_hand = {name for scenario in scenarios for name in scenario.set_by_hand}
    dated = {name for scenario in scenarios for event in scenario.events for name in flat(event.set)}
    for it in scenarios[0].parameters():
        section, _, key = it.name.partition(".")
        if it.origin != "assumed" or section == "run":
            continue
        if isinstance(it.value, bool) or not isinstance(it.value, int | float):
            yield it.name, f"no number but {'a switch' if isinstance(it.value, bool) else f'a {it.unit}'}"
        elif it.low is None or it.high is None or not it.low < it.high:
            yield it.name, "no range is declared for it"
        elif not any(_matters(scenario, section, key) for scenario in scenarios):
            yield it.name, OFF
        elif section == "friends" and any(s.friends.file or s.friends.kind != "generated" for s in scenarios):
            yield it.name, "the network is given, not grown"
        elif it.name in differing:
            yield it.name, "it differs between the scenarios"
        elif it.name in by_hand:
            yield it.name, "it was set by hand"
        elif it.name in dated:
            yield it.name, "a dated event sets it"
        elif section == "rival" and key in RIVALS_LEVERS and any(s.rival.strategy for s in scenarios):
            yield it.name, "the rival's strategy sets it"
    yield from ((f"run.{key}", "who lives, and how long") for key in type(scenarios[0].run).model_fields)


def _matters(scenario: Scenario, section: str, key: str) -> bool:
    """Whether a setting moves anything in a scenario, as far as services that are off can tell."""
    if section == "running":  # what each service costs to run is named after it
        service = next((name for name in SECTIONS if key.startswith(f"{name}_")), "")
        return not service or _is_on(scenario, service)
    return _is_on(scenario, section)


def _is_on(scenario: Scenario, section: str) -> bool:
    return any(scenario.can_be_on(service) for service in PART_OF.get(section, (section,)))


def _assumption(it: Parameter) -> Assumption:
    law = "log-uniform" if it.low > 0 and it.high >= WIDE * it.low else "uniform"
    whole = isinstance(it.value, int)
    return {
        "name": it.name, "unit": it.unit, "low": float(it.low), "high": float(it.high), "law": law, "whole": whole,
        "meaning": it.meaning,
    }  # fmt: skip


# Where a point lies


def _sobol(dimensions: int, many: int) -> Iterator[list[float]]:
    """Points of the unit cube without end: so many, rounded up to a power of two, then as many again, and so on."""
    sequence = qmc.Sobol(dimensions, seed=LUCK)
    power = math.ceil(math.log2(many))
    yield from sequence.random_base2(power).tolist()
    while True:
        yield from sequence.random_base2(power).tolist()
        power += 1


def placed_all(assumptions: Sequence[Assumption], shares: Sequence[float]) -> dict[str, Any]:
    """The point at these shares of the ranges, by name."""
    return {it["name"]: placed(it, float(at)) for it, at in zip(assumptions, shares, strict=True)}


def placed(it: Assumption, at: float) -> Any:
    """The value at a share of the range: a whole number stands for what lies from it to the next."""
    low, high = it["low"], it["high"] + it["whole"]
    value = low * (high / low) ** at if it["law"] == "log-uniform" else low + (high - low) * at
    if it["whole"]:
        return min(int(it["high"]), math.floor(value))
    return min(it["high"], max(low, float(f"{value:.{FIGURES}g}")))


def share_of(it: Assumption, value: float) -> float:
    """The share of the range at which a value lies, by the law it is drawn from; of a whole number the middle of its own."""
    low, high, at = it["low"], it["high"] + it["whole"], value + it["whole"] / 2
    share = math.log(at / low) / math.log(high / low) if it["law"] == "log-uniform" else (at - low) / (high - low)
    return min(1.0, max(0.0, share))


def refusal(scenarios: Sequence[Scenario], point: Mapping[str, Any]) -> str:
    """Why a scenario cannot live in a future; empty where all can."""
    for scenario in scenarios:
        try:
            there = scenario.with_values(point)
        except BadInput as problem:
            return str(problem)
        # the one rule that a section cannot know of itself: nobody has more friends than there are others
        if there.friends.kind == "generated" and there.friends.degree > there.run.users - 1:
            return f"friends.degree = {there.friends.degree:g} among {there.run.users} people"
    return ""
