"""Saving what a tuning found: a scenario file with its levers at their best, and the command that made it."""

import os
from collections.abc import Sequence
from pathlib import Path

from sim.experiments.write_scenario import sections
from sim.ground import paths
from sim.ground.toml_files import toml
from sim.results.files import check_folder, whole_file
from sim.results.tuning import Known, Tuning
from sim.scenario import Scenario

OURS = "# Tuned by hongbao"  # begins every file of ours


def check_saving(scenarios: Sequence[Scenario], folder: Path) -> None:
    """See that tuned scenarios can be written to a folder, before hours are spent on them.

    Raises:
        BadInput: they cannot, or a file of that name lies there that no tuning wrote.
    """
    check_folder(folder)
    for scenario in scenarios:
        paths.check_file(_file(scenario, folder), _is_ours, "tuned scenario of hongbao's", force=True)


def _file(scenario: Scenario, folder: Path) -> Path:
    return folder / f"{scenario.name}-tuned.toml"


def save_tuned(tuning: Tuning, scenario: Scenario, folder: Path) -> Path:
    """Write a tuned scenario as NAME-tuned.toml, and return its path; an earlier one of ours goes.

    Where the scenario's own file lies in that folder or below, the new one extends it and says only what differs; else it
    says every value.

    Args:
        scenario: as it was given.
        folder: made where it is missing.

    Raises:
        BadInput: the folder cannot be written to, or a file of that name lies there that no tuning wrote.
    """
    check_saving([scenario], folder)
    file, base = _file(scenario, folder), _below(folder, scenario)
    if base is None:
        text = tuning.scenarios[scenario.name]
    else:
        changes = scenario.set_by_hand | tuning.levers(scenario.name)
        text = f"title = {toml(f'{scenario.title}, tuned')}\nextends = {toml(base)}\n{sections(changes)}"
    with whole_file(file) as part:
        part.write_text(f"{_provenance(tuning, scenario.name)}\n\n{text}", encoding="utf-8")
    return file


def _is_ours(file: Path) -> bool:
    return file.read_bytes().startswith(OURS.encode())


def _below(folder: Path, scenario: Scenario) -> str | None:
    """The scenario's own file as seen from a folder, if it lies there or below: only so far may a file extend."""
    if not scenario.read_from:
        return None
    file, home = paths.resolved(scenario.read_from[0]), paths.resolved(folder)
    return Path(os.path.relpath(file, home)).as_posix() if file.is_relative_to(home) else None


def _provenance(tuning: Tuning, name: str) -> str:
    """What made the file, and what the levers came to."""
    one, fresh = tuning.tuned[name], tuning.seeds["fresh"]
    unit = f"{tuning.unit} a person" if tuning.per_person else tuning.unit
    subject = f", subject to {' and '.join(tuning.constraints)}" if tuning.constraints else ""

    def said(it: Known) -> str:
        return f"{it['mean']:,.5g} ({it['low']:,.5g} to {it['high']:,.5g})"

    measured = (
        f"# On fresh seeds {fresh[0]} to {fresh[-1]}, {tuning.users:,} people, {tuning.days:,} days: {said(one['value'])} "
        f"{unit}; with its levers as given {said(one['given'])}."
    )
    by = tuning.command or "sim.tune"
    return f"{OURS} {tuning.version} for {tuning.aim}{subject}, by: {by}\n{measured}"
