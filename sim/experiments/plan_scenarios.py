"""The scenarios of a plan, with what it sets for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim.engine.settings import BadInput
from sim.experiments.plan_reading import Written
from sim.ground.packaged import scenario_file
from sim.ground.toml_files import placed
from sim.scenario import Scenario
from sim.service import Service


def scenarios_of(written: Written, services: Sequence[Service]) -> list[Scenario]:
    """Load a plan's scenarios, each under a name of its own.

    Raises:
        BadInput: one of them cannot be read, or what the plan sets is wrong.
    """
    folder, same = written.path.parent, _set_by(written)
    found = list[Scenario]()
    for name in written.file.scenarios:
        try:
            scenario = Scenario.load(scenario_file(name, folder, "scenarios"), same, services)
        except BadInput as error:
            lines = (_ours(written, line, same) for line in str(error).splitlines())
            raise BadInput("\n".join(lines)) from None
        scenario = scenario.settled()
        if scenario.name in [other.name for other in found]:
            raise written.refuse(f"scenarios: two are called {scenario.name!r}, by which runs are told apart")
        found.append(scenario)
    return found


def _set_by(written: Written) -> dict[str, Any]:
    """What a plan sets for all of its scenarios, `users` and `days` included."""
    file, same = written.file, dict(written.file.set)
    for key in ("users", "days"):
        if (asked := getattr(file, key)) is not None:
            if f"run.{key}" in same | file.factors:
                raise written.refuse(f"{key} = {asked} and run.{key}: say it once")
            same[f"run.{key}"] = asked
    return {name: placed(name, value, written.path.parent) for name, value in same.items()}


def _ours(written: Written, line: str, same: Mapping[str, Any]) -> str:
    """What begins with a name that the plan sets is wrong there, not in the scenario."""
    name = next((name for name in same if line.startswith(name)), None)
    if name is None:
        return line
    key = name.removeprefix("run.")
    if name not in written.file.set and key in ("users", "days"):
        return f"{written.path}: {line.removeprefix('run.')}"
    return f"{written.path}: set: {line}"
