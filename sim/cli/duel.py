"""The command that sets strategies against strategies: duel."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import PATH, experiment, load
from sim.cli.places import folder_for
from sim.cli.screen import Row, progress, say, show

if TYPE_CHECKING:
    from sim.experiments.duel import Duel


@click.command()
@click.argument("scenarios", nargs=-1, required=True, type=PATH)
@experiment
@click.option("--against", "rivals", type=PATH, multiple=True, help="A strategy of the rival's; repeatable. Else ours.")
@click.option("--replicates", type=click.IntRange(min=1), help="Seeds each pair lives through.  [default: 8]")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes side by side.  [default: as many as fit]")
def duel(
    scenarios: Sequence[Path],
    rivals: Sequence[Path],
    out: Path | None,
    force: bool,
    form: str,
    replicates: int | None,
    jobs: int | None,
    **asked: Any,
) -> None:
    """Let each of our SCENARIOS meet each strategy of the rival: who earns what, and which pairs rest.

    Rows are what we run, columns what the rival runs. A pair is an equilibrium if neither side earns more by another
    answer to the other's.
    """
    from sim.experiments.duel import duel as fight

    ours = [load(path, asked) for path in scenarios]
    theirs = [load(path, asked) for path in rivals] or ours
    folder = folder_for(out, ["duel", *(scenario.name for scenario in ours)], force)
    with progress("run") as told:
        found = fight(ours, theirs, replicates=replicates, jobs=jobs, out=folder, progress=told, force=force)
    if form == "json":
        click.echo((folder / "duel.json").read_text(encoding="utf-8"), nl=False)
    elif form == "csv":
        click.echo(found.table().to_csv(index=False), nl=False)
    else:
        _show(found)
    say(f"every cell is in {folder / 'duel.json'}")


def _show(found: "Duel") -> None:
    """The matrix as people read it: money in CNY with its interval, marks beside it."""
    rows: list[Row] = []
    for row in found.table().to_dict(orient="records"):
        told: dict[str, Any] = {"we run": row["ours"], "the rival runs": row["theirs"]}
        for metric, name in (
            ("profit.total", "our profit"),
            ("rival.profit", "its profit"),
            ("welfare.users", "users' welfare"),
        ):
            told[f"{name}, CNY"] = row[metric] / 100
            told[f"± {name.split()[0]}"] = (row[f"{metric}.high"] - row[f"{metric}.low"]) / 200
        told["daily users"] = row["users.daily"]
        best = [side for side, key in (("ours", "our_best"), ("its", "their_best")) if row[key]]
        told["best answer"] = " and ".join(best)
        rows.append(told)
    show(rows, "table", f"What each earns against each, over {len(found.seeds)} seeds")
    settled = {(row["ours"], row["theirs"]): row["settled"] for row in found.table().to_dict(orient="records")}
    pairs = [f"{a} against {b}" + ("" if settled[a, b] else " (luck could undo it)") for a, b in found.equilibria]
    say("equilibrium: " + "; ".join(pairs) if pairs else "no equilibrium: whatever one side runs, somebody would move")
