"""Rules of a scenario beyond each setting's own: events that may be, services that need others; and errors in words."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from sim.engine.names import nearest
from sim.engine.ranges import LeverRange, range_of
from sim.engine.settings import BadInput, Parameter, Settings
from sim.ground.toml_files import toml
from sim.people.clock import check_dates
from sim.people.trust import Shock

UNNAMED = (  # ends the message of a section that nobody knows
    "; a service of your own is named with --service module:NAME, or services=[...] in Python"
)


class Event(Settings):
    """[[events]] a dated change of settings, or a shock."""

    day: int = Field(ge=0, description="day of the run")
    set: dict[str, Any] = Field(default={}, description="settings that change on that day: `section.key` and value")
    happen: Shock | None = Field(default=None, description="what happens on that day")


def keys(kind: Any, section: str) -> list[str]:
    """The settings of a section, by name."""
    return list(getattr(kind.model_fields[section].annotation, "model_fields", {}))


def say(kind: Any, problem: Any, origins: Mapping[str, str], path: Path | None) -> str:
    """What is wrong with a value, in words: where, what, the rule and the nearest right thing."""
    sections = kind.section_names()
    place = [str(part + 1 if isinstance(part, int) else part) for part in problem["loc"]]  # events are counted from 1
    name = ".".join(place)
    origin = origins.get(".".join(place[:2]), origins.get(place[0] if place else "", str(path) if path else ""))
    where = f"{origin}: " if origin else ""
    if problem["type"] == "extra_forbidden":
        if len(place) == 1:
            return f"{where}[{name}]: no such section{nearest(name, sections)}{UNNAMED}"
        homes = [f"[{section}]" for section in sections if place[-1] in keys(kind, section)]
        near = f"; {place[-1]!r} belongs in {' or '.join(homes)}" if homes else ""
        near = near or nearest(place[-1], keys(kind, place[0]) if place[0] in sections else Event.model_fields)
        return f"{where}{name} = {problem['input']!r}: no such setting{near}"
    if problem["type"] == "missing":
        return f"{where}{name}: is missing"
    rule = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    rule = rule.replace("a valid boolean", "true or false")
    limits = {"greater_than_equal": "ge", "less_than_equal": "le", "greater_than": "gt", "less_than": "lt"}
    valid = ""
    if problem["type"] in limits and problem.get("ctx"):
        bound = problem["ctx"].get(limits[problem["type"]])
        if type(bound) is int and not problem["type"].endswith("equal"):
            bound += 1 if problem["type"] == "greater_than" else -1
            valid = f"; the nearest valid value is {bound}"
        elif problem["type"].endswith("equal"):
            valid = f"; the nearest valid value is {bound}"
    return f"{where}{name} = {problem['input']!r}: {rule}{valid}"


def check_calendar(scenario: Any, path: Path | None) -> None:
    """Dates are dates, and the run ends before the calendar does."""
    where = f"{path}: " if path else ""
    check_dates((scenario.run.start,), f"{where}run.start")
    check_dates(scenario.clock.festivals, f"{where}clock.festivals")
    last = datetime.date.fromisoformat(scenario.run.start).toordinal() + scenario.run.days
    if last > datetime.date.max.toordinal():
        raise BadInput(f"{where}run.days = {scenario.run.days}: the calendar ends in the year 9999")


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by `section.key`, however they are nested."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


FIXED = {
    "run",
    "friends",
    "users",
    "merchants",
    "advertisers",
    "drivers",
    "city",
    "experiment",
}  # a world is born with these


def check_events(scenario: Any, origins: Mapping[str, str], path: Path | None) -> None:
    """What an event sets may change while a world lives, and is valid with all that holds by then."""
    kind, plain = type(scenario), scenario.model_dump() | {"events": ()}
    sections = kind.section_names()
    where = f"{origins.get('events', path)}: " if path else ""
    for number, event in sorted(enumerate(scenario.events, 1), key=lambda item: item[1].day):
        if not event.set and event.happen is None:
            raise BadInput(f"{where}events.{number}: says neither what to `set` nor what should `happen`")
        for name, value in flat(event.set).items():
            place = name.split(".")
            if len(place) != 2 or place[0] in FIXED or place[0] not in sections:
                homes = [f"{section}.{name}" for section in sections if name in keys(kind, section)]
                why = "a world is born with it" if place[0] in FIXED else "a setting is named section.key"
                near = "" if place[0] in FIXED else nearest(place[0], sections)
                near = f"; did you mean {' or '.join(homes)}?" if homes else near
                raise BadInput(f"{where}events.{number}.set: {name!r} cannot change: {why}{near}")
            plain[place[0]][place[1]] = value
            try:
                then = kind.model_validate(plain)
                check_dates(then.clock.festivals, f"{where}events.{number}.set (day {event.day}): clock.festivals")
            except ValidationError as error:
                said = say(kind, error.errors()[0], {}, None)
                raise BadInput(f"{where}events.{number}.set (day {event.day}): {said}") from None


NEEDS = {  # a service, one that it cannot do without, and why
    "brands": ("shopping", "the brands that people follow are shops"),
    "updates": ("shopping", "updates tell how orders stand"),
    "support": ("shopping", "customers are helped by shops"),
    "rides": ("wallet", "riders pay from the wallet"),
    "bills": ("wallet", "bills in a thread are paid from the wallet"),
    "banking": ("wallet", "people bank through their wallet"),
}


def check_needs(scenario: Any, path: Path | None) -> None:
    """On no day may a service be on while one that it needs is off."""
    where = f"{path}: " if path else ""
    on = {name: section.on for name, section in scenario.sections().items() if hasattr(section, "on")}
    steps = sorted(
        ((event.day, number, event.set) for number, event in enumerate(scenario.events, 1)), key=lambda s: s[:2]
    )
    for day, number, values in [(0, 0, {}), *steps]:
        on |= {name.removesuffix(".on"): value for name, value in flat(values).items() if name.endswith(".on")}
        for service, (needed, why) in NEEDS.items():
            if on[service] and not on[needed]:
                when = f"events.{number} (day {day}): " if number else ""
                raise BadInput(f"{where}{when}{service}.on = true needs {needed}.on = true: {why}")


def idle_levers(scenario: Any) -> list[str]:
    """A line for each lever that was set and moves nothing, since what it works on is on no day."""
    usual = {setting.name: setting.value for setting in type(scenario)().parameters()}
    lines = []
    for setting in scenario.parameters():
        section, _, name = setting.name.partition(".")
        service = "shopping" if section == "promotion" else section
        if (
            setting.origin == "decided"
            and name != "on"
            and setting.value != usual[setting.name]
            and not scenario.can_be_on(service)
        ):
            lines.append(f"{setting.name} = {setting.value} moves nothing: {service}.on is false on every day")
    return lines


def check_steering(scenario: Any, path: Path | None) -> None:
    """What a rule moves must be a decided number that may change, valid wherever the rule may put it."""
    if not scenario.can_be_on("steering"):
        return
    where, rule = f"{path}: " if path else "", scenario.steering
    for number, event in enumerate(scenario.events, 1):
        if "steering.lever" in flat(event.set):
            raise BadInput(f"{where}events.{number}.set: 'steering.lever' cannot change: a rule keeps to one lever")
    levers = {
        setting.name: setting.value for setting in scenario.parameters()
        if setting.origin == "decided" and isinstance(setting.value, int | float) and not isinstance(setting.value, bool)
        and setting.name.partition(".")[0] not in {*FIXED, "steering"}
    }  # fmt: skip
    if rule.lever not in levers:
        near = nearest(rule.lever, levers)
        raise BadInput(f"{where}steering.lever = {rule.lever!r}: must be a decided number that may change{near}")
    if rule.least >= rule.most:
        raise BadInput(f"{where}steering.least = {rule.least:g}: must be below steering.most = {rule.most:g}")
    section, _, key = rule.lever.partition(".")
    whole = isinstance(levers[rule.lever], int)
    for name, place in (("least", rule.least), ("most", rule.most)):
        if whole and (place != round(place) or rule.step != round(rule.step)):
            raise BadInput(f"{where}steering.{name} = {place:g}: {rule.lever} moves in whole numbers, so must its rule")
        plain = getattr(scenario, section).model_dump() | {key: round(place) if whole else place}
        try:
            type(getattr(scenario, section)).model_validate(plain)
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            raise BadInput(f"{where}steering.{name} = {place:g}: {rule.lever} cannot stand there: {said}") from None


UNITS = {"user": "user", "cluster": "user", "shop": "shop"}  # what is drawn, and whose value a lever then has


def check_experiment(scenario: Any, path: Path | None) -> None:
    """What a test lets differ must be a lever that can differ by its unit, with a value that is valid."""
    where, test = f"{path}: " if path else "", scenario.experiment
    if not test.on:
        return
    if len(test.levers) != len(test.values):
        raise BadInput(
            f"{where}experiment.values = {list(test.values)}: must be one for each of the {len(test.levers)} levers"
        )
    for name, value in zip(test.levers, test.values, strict=True):
        check_lever(scenario, name, f"{where}experiment.levers", UNITS[test.unit])
        check_place(scenario, name, value, f"{where}experiment.values")


def check_lever(scenario: Any, name: str, where: str, differs: str = "") -> None:
    """Refuse what is no lever that may change while a world lives; or that cannot differ by a user or shop, as `differs` asks.

    Raises:
        BadInput: naming the nearest right one, or those that can differ so.
    """
    every = {it.name: it for it in scenario.parameters()}
    levers = {
        key: it for key, it in every.items()
        if it.origin == "decided" and it.unit not in ("word", "setting", "settings", "values")
        and key.partition(".")[0] not in {*FIXED, "steering"}
    }  # fmt: skip
    if name not in levers:
        assumed = name in every and every[name].origin == "assumed"
        why = (
            "is assumed, not decided" if assumed else "is no number or switch that the platform decides and may change"
        )
        raise BadInput(f"{where}: {name!r} {why}{nearest(name, levers)}")
    if differs and levers[name].differs != differs:
        can = [key for key, it in levers.items() if it.differs == differs]
        raise BadInput(f"{where}: {name} cannot differ by {differs}; these can: {', '.join(can)}")


def check_place(scenario: Any, name: str, value: Any, where: str) -> None:
    """Refuse a value that a setting cannot have."""
    section, _, key = name.partition(".")
    usual = getattr(getattr(scenario, section), key)
    if isinstance(usual, int) and value == round(value):
        value = type(usual)(value)
    try:
        type(getattr(scenario, section)).model_validate(getattr(scenario, section).model_dump() | {key: value})
    except ValidationError as error:
        raise BadInput(f"{where}: {say(type(scenario), _inside(error, section), {}, None)}") from None


def _inside(error: ValidationError, section: str) -> Any:
    """What is wrong with a value of a section, placed in its scenario."""
    problem: Any = error.errors()[0]
    return problem | {"loc": (section, *problem["loc"])}


def ranges_of(
    scenario: Any, said: Mapping[str, Any], origins: Mapping[str, str], path: Path | None
) -> list[LeverRange]:
    """From where to where levers may be moved, in the order in which they are named; those said to be false are not.

    Args:
        said: by lever, what a scenario's [levers] says of it: true for the declared range, two numbers, or a list.
        origins: the file that says it, by `levers.NAME`; of what is not there, `path`.

    Raises:
        BadInput: an unknown or undecided lever, an empty range, or a value that the setting cannot have.
    """
    known = {it.name: it for it in scenario.parameters()}
    found = []
    for name, value in said.items():
        if value is not False:
            origin = origins.get(f"levers.{name}", str(path or ""))
            found.append(_range_of(scenario, known, name, value, f"{origin}: " if origin else ""))
    return found


def _range_of(scenario: Any, known: Mapping[str, Parameter], name: str, said: Any, where: str) -> LeverRange:
    shown = f"{where}levers.{name} = {toml(said)}"
    decided = [it.name for it in known.values() if it.origin == "decided"]
    section, _, key = name.partition(".")
    if name not in known:
        raise BadInput(f"{shown}: no such setting{nearest(name, decided) or nearest(name, known)}")
    if name not in decided:
        raise BadInput(f"{shown}: it is {known[name].origin}, not decided by the platform: no search may move it")
    if any(name in flat(event.set) for event in scenario.events):
        raise BadInput(f"{shown}: a dated event sets it, so that its first value says little")
    if scenario.can_be_on("steering") and name == scenario.steering.lever:
        raise BadInput(f"{shown}: a rule moves it ([steering]), so that its first value says little")
    found = range_of(known[name], said, shown)
    for value in found.choices or (found.at(0.0), found.at(1.0)):
        plain = getattr(scenario, section).model_dump() | {key: value}
        try:
            type(getattr(scenario, section)).model_validate(plain)
        except ValidationError as error:
            rule = error.errors()[0]["msg"].replace("Input should be", "must be")
            raise BadInput(f"{shown}: {name} cannot be {value!r}: {rule}") from None
    return found
