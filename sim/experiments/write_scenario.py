"""Writing a scenario file that is laid over another: checked before it is there, and never over a file."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.engine.settings import BadInput
from sim.ground import packaged, paths
from sim.ground.toml_files import toml
from sim.results.files import whole_file
from sim.scenario import Scenario
from sim.scenario_rules import Event, flat
from sim.service import SomeNamed


def write_scenario(
    file: str | Path,
    base: str | Path,
    values: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]] = (),
    title: str = "",
    services: SomeNamed = (),
) -> Scenario:
    """Write a scenario file that extends another and says what differs, and return the scenario.

    Args:
        file: to be written; .toml is added where it is missing.
        base: a scenario file in the same folder or below it, or the name of one that comes with hongbao.
        values: by `section.key`.
        events: each as [[events]] has it: `day`, and `set` or `happen`; they come beside those of `base`.
        title: if empty, that of `base` and what is set.
        services: of one's own, or their names.

    Raises:
        BadInput: the file is there already, `base` may not be extended from there, or a value is wrong.
    """
    file = paths.given(file)
    file = file if file.suffix == ".toml" else file.with_name(f"{file.name}.toml")
    if os.path.lexists(file):
        raise BadInput(f"{file} is there already: choose another name")
    under = Scenario.load(base, services=services)
    said = title or ", ".join([under.title, *(f"{name} {value}" for name, value in values.items())])
    dated = [*map(_as_written, under.events), *events] if events else []  # a file's events take the place of its base's
    head = f"title = {toml(said)}\nextends = {toml(_extended(packaged.scenario_file(base), file))}\n"
    with whole_file(file) as part:
        part.write_text(head + sections(values) + _held(under, events) + "".join(map(_event, dated)), encoding="utf-8")
        try:
            Scenario.load(part, services=services)
        except BadInput as error:
            raise BadInput(str(error).replace(str(part), str(file))) from None
    return Scenario.load(file, services=services)


def sections(values: Mapping[str, Any]) -> str:
    """Settings by section, as a scenario file has them."""
    by_section: dict[str, list[str]] = {}
    for name, value in values.items():
        section, _, key = name.partition(".")
        by_section.setdefault(section, []).append(f"{key} = {toml(value)}")
    return "".join(f"\n[{section}]\n" + "\n".join(lines) + "\n" for section, lines in by_section.items())


def _extended(base: Path, file: Path) -> str:
    """A scenario as a file names it that extends it: one of ours by its name, another as seen from there."""
    if base.parent == packaged.folder() and not _beside(base, file):
        return packaged.PREFIX + base.stem
    home = paths.resolved(file.parent)
    if not _beside(base, file):
        raise BadInput(f"{base}: {file} can only extend what lies in its folder or below it ({home})")
    return Path(os.path.relpath(paths.resolved(base), home)).as_posix()


def _beside(base: Path, file: Path) -> bool:
    return paths.resolved(base).is_relative_to(paths.resolved(file.parent))


def _held(under: Scenario, events: Sequence[Mapping[str, Any]]) -> str:
    """Levers of the base that an event sets, which a search may then no longer move."""
    dated = {name for event in events for name in flat(event.get("set", {}))}
    held = [f"{toml(name)} = false" for name, said in under.levers.items() if name in dated and said is not False]
    return "\n[levers]\n" + "\n".join(held) + "\n" if held else ""


def _as_written(event: Event) -> dict[str, Any]:
    happens = {"happen": event.happen} if event.happen else {}
    return {"day": event.day} | ({"set": flat(event.set)} if event.set else {}) | happens


def _event(event: Mapping[str, Any]) -> str:
    lines = ["", "[[events]]", f"day = {event['day']}"]
    if event.get("set"):
        changes = ", ".join(f'"{name}" = {toml(value)}' for name, value in flat(event["set"]).items())
        lines.append(f"set = {{ {changes} }}")
    if event.get("happen"):
        lines.append(f"happen = {toml(event['happen'])}")
    return "\n".join(lines) + "\n"
