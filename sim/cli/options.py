"""What the command line can ask for: options that commands share, and the scenario that comes of them."""

import datetime
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.amounts import in_units
from sim.cli.screen import say

if TYPE_CHECKING:
    from sim.scenario import Scenario


class Setting(click.ParamType[tuple[str, Any]]):
    """`section.key=value`, the value in TOML, else text; what has a unit is read once the setting is known."""

    name = "section.key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """Read one `--set`."""
        key, equals, text = (part.strip() for part in value.partition("="))
        section, _, name = key.partition(".")
        if not (equals and section and name):
            self.fail(f"{value!r} is not of the form section.key=value, as in wallet.payer_fee=0.01", param, ctx)
        from sim.ground.toml_files import placed

        return key, placed(key, read_value(text), Path())  # seen from where the command is given


def read_value(text: str) -> Any:
    """A value as a command line has it: in TOML, else text."""
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        read = {"value": text}
    value = read["value"] if len(read) == 1 else text
    if isinstance(value, datetime.date | datetime.time):  # a scenario has its dates as text
        value = text
    return value


def _remember_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta["debug"] = value


def _remember_quiet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta["quiet"] = value


class GivenPath(click.ParamType[Path]):
    """A path as Python reads it too: `~` is a home; a URL, an empty path and what UTF-8 cannot hold are refused."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Read one."""
        from sim.ground.paths import given

        return given(value, (param.human_readable_name if param and not value else "").lower())


PATH = GivenPath()
SCENARIO_OR_DEFAULT = click.argument("scenario", required=False, type=PATH)
THREADS = click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of one world."
)
DEBUG = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_remember_debug, help="Show the traceback of an error."
)
QUIET = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_remember_quiet,
    help="Say no more than the answer and errors: no progress, notes or warnings.",
)
FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="What goes to stdout."
)
RIVAL = click.option("--rival", type=PATH, help="A scenario whose levers the rival runs.")
SERVICE = click.option(
    "--service",
    "services",
    multiple=True,
    metavar="MODULE:NAME",
    help="A service of your own, as mygame:GAME; repeatable.",
)
SET = click.option(
    "--set",
    "changes",
    type=Setting(),
    multiple=True,
    help="Another value of a setting, as shopping.commission=10% or company.capital='12 CNY'; repeatable.",
)
EXPERIMENT = (
    click.option("--users", type=int, help="People, instead of the scenario's number."),
    click.option("--days", type=int, help="Days, instead of the scenario's number."),
    click.option("--seed", type=int, help="Seed (of a comparison: the first), instead of the scenario's."),
    SET,
    SERVICE,
    click.option("--out", type=PATH, help="Folder of the results.  [default: outputs/NAME, numbered where taken]"),
    click.option(
        "--force", is_flag=True, help="Replace an earlier result in the folder; nothing else is ever replaced."
    ),
    FORMAT,
    QUIET,
    DEBUG,
)


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def asking(options: Sequence[Decorator]) -> Decorator:
    """Gives a command these options, in the order in which its help lists them."""

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return give


experiment = asking(EXPERIMENT)  # what changes the scenario comes as `asked`


# The scenario asked for


def load(path: Path, asked: Mapping[str, Any]) -> "Scenario":
    """The scenario of a file, with what the command line says instead; a network that is read says how many people."""
    from sim.engine.settings import BadInput
    from sim.scenario import Scenario
    from sim.scenario_rules import idle_levers

    changes = in_units(dict(asked["changes"]), asked["services"])
    changes |= {f"run.{name}": asked[name] for name in ("users", "days", "seed") if asked[name] is not None}
    if asked.get("rival"):
        changes["rival.strategy"] = str(asked["rival"])
    try:
        scenario = Scenario.load(path, changes, asked["services"])
    except BadInput:
        if _is_plan(path):
            raise BadInput(f"{path}: a plan of a sweep, not a scenario: hongbao sweep {path}") from None
        raise
    scenario = scenario.settled()
    say_network(scenario.friends.file)
    for line in idle_levers(scenario):
        say(f"{path}: {line}")
    return scenario


def say_network(file: str) -> None:
    """What the reader took for what in a network's file, once a command."""
    from sim.ground.friends.friends import Friends

    context = click.get_current_context(silent=True)
    said = set[str]() if context is None else context.meta.setdefault("networks", set())
    if file and file not in said:
        said.add(file)
        say(f"network {Friends.glance(file)[1]}")


def _is_plan(path: Path) -> bool:
    """Whether a file that is no scenario is a plan."""
    from sim.engine.settings import BadInput
    from sim.ground.toml_files import read_toml

    try:
        return "scenarios" in read_toml(path, "plan")[1]
    except BadInput:
        return False


def load_branch(path: Path | None, saved: Path, asked: Mapping[str, Any]) -> "Scenario":
    """The scenario that a saved world goes on under; what it was born with is as it was, unless asked otherwise."""
    from sim.differences import NETWORK
    from sim.scenario import Scenario
    from sim.scenario_rules import FIXED
    from sim.world import World

    before = World.saved(saved, asked["services"])[0]
    born = {it.name: it.value for it in before.parameters() if it.name.partition(".")[0] in FIXED}
    del born["run.days"]
    changes = {name: asked[name.removeprefix("run.")] for name in ("run.users", "run.seed", "run.days")
               if asked[name.removeprefix("run.")] is not None}  # fmt: skip
    changes = in_units(dict(asked["changes"]), asked["services"]) | changes
    if path is None:
        chosen = before.with_values(changes)
    else:
        if Scenario.load(path, changes, asked["services"]).friends.file:  # which says where the network lies now
            born = {name: value for name, value in born.items() if name not in NETWORK}
        kept = [name for name in before.set_by_hand if name in born]
        chosen = Scenario.load(path, born | changes, asked["services"]).remember_set([*kept, *changes])
    if Path(chosen.friends.file).is_file():
        say_network(chosen.friends.file)
    return chosen
