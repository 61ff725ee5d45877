"""What two scenarios differ in: levers, assumptions, events; and what a saved world was born with."""

import json
from collections.abc import Iterator
from typing import Any

from sim.engine.settings import BadInput
from sim.scenario import Scenario
from sim.scenario_rules import FIXED, Event, flat

NETWORK = ("friends.file", "friends.kind")  # where a network is read, these say where it lies


def differences(one: Scenario, other: Scenario) -> list[tuple[str, Any, Any, str]]:
    """Settings that differ: (name, value in one, value in other, origin), origin "decided", "assumed", "event" or "run"."""
    found: list[tuple[str, Any, Any, str]] = []
    same_file = one.friends.identity()["file"] == other.friends.identity()["file"] != ""
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        if a.value != b.value and not (same_file and a.name in NETWORK):
            found.append((a.name, a.value, b.value, "run" if a.name.startswith("run.") else a.origin))
    origins = {p.name: p.origin for p in one.parameters()}
    mine, theirs = ({(e.day, *item) for e in s.events for item in _moves(e)} for s in (one, other))
    for day, name, value in sorted(mine ^ theirs):
        noticed = (name, value) == ("happen", "policy_notice")  # the company's own doing
        decided = noticed or origins.get(name) == "decided"
        sides = (value, None) if (day, name, value) in mine else (None, value)
        found.append((f"day {day}: {name}", *sides, "decided" if decided else "event"))
    return found


def _moves(event: Event) -> Iterator[tuple[str, str]]:
    yield from ((name, json.dumps(value)) for name, value in flat(event.set).items())
    if event.happen:
        yield "happen", event.happen


def check_birth(path: str, scenario: Scenario, saved: Scenario, given: bool) -> None:
    """Refuse other settings than a saved world was born with; of a network that is read or `given` it looks itself."""
    may_change = ("run.days", *(NETWORK if given or scenario.friends.file else ()))
    for name, asked, had, _ in differences(scenario, saved):
        if name.partition(".")[0] in FIXED and name not in may_change:
            raise BadInput(f"{path}: {name} is {asked!r} in {scenario.name}, but the saved world was born with {had!r}")
