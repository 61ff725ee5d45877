"""The command that lists the scenarios that come with hongbao."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sim.cli.options import DEBUG, FORMAT
from sim.cli.screen import show

if TYPE_CHECKING:
    from sim.scenario import Scenario


@click.command()
@FORMAT
@DEBUG
def scenarios(form: str) -> None:
    """List the scenarios that come with hongbao, each a line: its name, its title and the services that it has on.

    Commands take them by name: `hongbao run commission`, `hongbao compare shops commission`. A file of yours is laid
    over one with `extends = "hongbao:shops"`.
    """
    from sim.ground.packaged import PREFIX, names
    from sim.scenario import Scenario

    usual = _on(Scenario.make())
    rows = []
    for name in names():
        scenario = Scenario.load(PREFIX + name)
        rows.append({"name": name, "title": scenario.title, "services on": ", ".join(_services(scenario, usual))})
    show(rows, form, f"Scenarios that come with hongbao. On in each, unless it says otherwise: {', '.join(usual)}")


def _on(scenario: "Scenario") -> list[str]:
    """The parts that can be switched and are on at first."""
    return [name for name, section in scenario.sections().items() if getattr(section, "on", False)]


def _services(scenario: "Scenario", usual: Sequence[str]) -> list[str]:
    """What a scenario has on beside the usual, what is switched on later, and what of the usual it does without."""
    on = _on(scenario)
    later = [
        name
        for name, section in scenario.sections().items()
        if not getattr(section, "on", True) and scenario.can_be_on(name)
    ]
    return [
        *(name for name in on if name not in usual),
        *([f"later {', '.join(later)}"] if later else []),
        *(f"no {name}" for name in usual if name not in [*on, *later]),
    ]
