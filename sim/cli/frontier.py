"""`hongbao frontier`: what can be had of several aims at once, by which strategy and with which levers."""

import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import PATH, asking, load
from sim.cli.places import write_page
from sim.cli.screen import Row, progress, say, show
from sim.cli.tune import SEARCHING, usual

if TYPE_CHECKING:
    from sim.results.frontier import Frontier

OPTIONS = (
    click.argument("scenarios", nargs=-1, required=True, type=PATH),
    click.option(
        "--aim", "aims", multiple=True, help="A metric, twice or more.  [default: profit.total, welfare.users]"
    ),
    click.option(
        "--robust",
        type=click.FloatRange(0, 1, max_open=True),
        help="Count an aim as it is where only this share of futures is worse, as 0.1.",
    ),
    click.option("--assumptions", type=int, metavar="N", help="Futures drawn for --robust.  [default: 8]"),
    *SEARCHING,
)


@click.command()
@asking(OPTIONS)
def frontier(
    scenarios: Sequence[Path], aims: Sequence[str], out: Path | None, form: str, force: bool, levers: Any, **how: Any
) -> None:
    """Find what can be had of several aims at once: the Pareto front of SCENARIOS and their levers.

    Those with [levers] are searched; all stand in the picture as they are given. Finished runs are kept: the same command
    again goes on where it was.
    """
    from sim.experiments.frontier import AIMS
    from sim.experiments.frontier import frontier as find
    from sim.experiments.pairing import UnfairComparison

    asked = {name: how.pop(name) for name in ("users", "days", "seed", "changes", "services")}
    chosen = [load(path, asked) for path in scenarios]
    if levers:
        chosen = [scenario.with_levers(dict(levers)) for scenario in chosen]
    folder = out or usual("frontier", [scenario.name for scenario in chosen], force)
    command = shlex.join(["hongbao", *sys.argv[1:]])
    with progress("run") as told, warnings.catch_warnings():
        warnings.simplefilter("ignore", UnfairComparison)
        found = find(chosen, aims=aims or AIMS, out=folder, force=force, progress=told, command=command, **how)
    written = write_page(folder)
    _show(found, folder, form)
    say(f"the report is {written}")


def _show(found: "Frontier", folder: Path, form: str) -> None:
    """The points, those of the front first."""
    from sim.report.sections.front import headline, name_of, unit_of
    from sim.report.wording import number, shown
    from sim.results.frontier import FRONTIER

    if form == "json":
        click.echo((folder / FRONTIER).read_text(encoding="utf-8"), nl=False)
        return
    rows = list[Row]()
    for point in sorted(found.points, key=lambda it: (not it["front"], -it["values"][0]["mean"])):
        levers = ", ".join(f"{name} = {shown(value)}" for name, value in point["levers"].items())
        row: dict[str, Any] = {"scenario": point["scenario"], "given": "yes" if point["given"] else ""}
        for aim, it in zip(found.aims, point["values"], strict=True):
            if form == "csv":
                row |= {aim["name"]: it["mean"], f"{aim['name']}_low": it["low"], f"{aim['name']}_high": it["high"]}
            else:
                row[name_of(aim)] = number(it["mean"], unit_of(aim))
        row["front"] = "yes" if point["front"] else "surely not" if point["beaten_by"] is not None else ""
        rows.append(row | {"levers at their best": levers})
    show(rows, form, headline(found))
