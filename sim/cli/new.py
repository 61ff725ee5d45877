"""`hongbao new`: a scenario file written from flags, laid over one that is there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sim.cli.amounts import in_units
from sim.cli.options import DEBUG, PATH, SERVICE, SET, Setting
from sim.cli.screen import say


class EventAsked(click.ParamType[tuple[int, str, Any]]):
    """`DAY:section.key=value`, or `DAY:SHOCK`."""

    name = "day:change"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, str, Any]:
        """Read one `--event`: its day, the setting that changes and its value, or "" and what happens."""
        if isinstance(value, tuple):
            return value
        day, colon, what = (part.strip() for part in value.partition(":"))
        if not (day.isdecimal() and colon and what):
            form = "DAY:section.key=value or DAY:SHOCK, as in 180:promotion.disclosed=false or 90:breach"
            self.fail(f"{value!r} is not of the form {form}", param, ctx)
        if "=" not in what:
            return int(day), "", what
        return int(day), *Setting().convert(what, param, ctx)


@click.command()
@click.argument("name", type=PATH)
@click.option(
    "--from", "base", type=PATH, default="hongbao:baseline", show_default=True, help="The scenario it is laid over."
)
@click.option("--title", default="", help="A line for tables and pages.  [default: that of the other, and what is set]")
@SET
@click.option(
    "--event",
    "events",
    type=EventAsked(),
    multiple=True,
    metavar="DAY:CHANGE",
    help="A dated change, as 180:promotion.disclosed=false, or a shock, as 90:breach; repeatable.",
)
@SERVICE
@DEBUG
def new(
    name: Path,
    base: Path,
    title: str,
    changes: Sequence[tuple[str, Any]],
    events: Sequence[tuple[int, str, Any]],
    services: Sequence[str],
) -> None:
    """Write NAME.toml, a scenario laid over another, and print where it is. No file is ever written over."""
    from sim.experiments.write_scenario import write_scenario
    from sim.scenario_rules import idle_levers

    dated = [
        {"day": day} | ({"set": in_units({what: value}, services)} if what else {"happen": value})
        for day, what, value in events
    ]
    written = write_scenario(name, base, in_units(dict(changes), services), dated, title, services)
    file = name.with_name(f"{written.name}.toml")
    for line in idle_levers(written):
        say(f"{file}: {line}")
    click.echo(file)
