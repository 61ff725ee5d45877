"""Commands that show the model as it is: its day, its settings and metrics, the schema of a scenario."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from sim.cli.docs import said_of
from sim.cli.options import DEBUG, FORMAT, SCENARIO_OR_DEFAULT, SERVICE
from sim.cli.screen import plain, show
from sim.cli.searching import GREP, Pattern, searched


@click.command()
@SERVICE
@FORMAT
def day(services: Sequence[str], form: str) -> None:
    """Print a day, phase by phase."""
    from sim.day import phases
    from sim.scenario import Scenario

    own = Scenario.make(services=services).services
    day = phases(own) | {service.phase: service.step for service in own}
    rows = [{"phase": name, "what happens": said_of(phase).partition("\n")[0]} for name, phase in day.items()]
    show(rows, form, "A day, in order")


@click.command()
@SCENARIO_OR_DEFAULT
@GREP
@click.option("--decided", "origin", flag_value="decided", help="Only what the platform decides.")
@click.option("--assumed", "origin", flag_value="assumed", help="Only what is assumed of people and firms.")
@SERVICE
@FORMAT
@DEBUG
def parameters(
    scenario: Path | None, wanted: Pattern | None, origin: str | None, services: Sequence[str], form: str
) -> None:
    """List every setting, of SCENARIO or as it is by default: unit, range, origin, meaning, source."""
    from sim.scenario import Scenario

    chosen = Scenario.load(scenario, services=services) if scenario else Scenario.make(services=services)
    found = [it for it in chosen.parameters() if origin in (None, it.origin)]
    found = searched(found, wanted, f"{origin} setting" if origin else "setting")
    if form != "table":
        show([setting._asdict() for setting in found], form)
        return
    rows = []
    for setting in found:
        ends = (
            "" if setting.low is None or setting.unit == "switch" else f"{plain(setting.low)} to {plain(setting.high)}"
        )
        it = setting._asdict() | {"range": ends}
        it["origin"] += f", by {setting.differs} in a test" if setting.differs else ""
        rows.append({key: it[key] for key in ("name", "value", "unit", "range", "origin", "meaning", "source")})
    show(rows, form, "What is decided and what is assumed")


@click.command()
@GREP
@SERVICE
@FORMAT
@DEBUG
def metrics(wanted: Pattern | None, services: Sequence[str], form: str) -> None:
    """List every metric of a run: unit, kind, whether more of it is better, meaning.

    Over a run a flow is the total of its days, a stock the mean of the last 28, a ratio one total over another.
    """
    from sim.declared import metrics_of
    from sim.scenario import Scenario

    found = searched(list(metrics_of(Scenario.make(services=services).services).values()), wanted, "metric")
    keys = ("name", "unit", "kind", "better", "meaning")
    show([{key: getattr(metric, key) for key in keys} for metric in found], form, "What is measured, every day")


@click.command()
@SERVICE
def schema(services: Sequence[str]) -> None:
    """Print the JSON schema of a scenario file."""
    from sim.scenario import Scenario

    described = type(Scenario.make(services=services)).model_json_schema()
    del described["properties"]["name"]  # that of the file
    laid_over = "scenario file that this one is laid over: in the same folder or below it, or hongbao:NAME"
    extends = {"type": "string", "description": laid_over}
    described["properties"] = {"extends": extends, **described["properties"]}
    click.echo(json.dumps(described, indent=2))
