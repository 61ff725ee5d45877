"""The command that asks which assumptions matter: sensitivity."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import PATH, experiment, load
from sim.cli.places import folder_for, usual_folder, write_page
from sim.cli.screen import Row, progress, say, show

if TYPE_CHECKING:
    from sim.experiments.sensitivity import Prepared
    from sim.results.sensitivities import Sensitivity

NUMBERS = ("replicates", "trajectories", "within", "factors", "points", "grid", "emulate")
SHOWN = 8  # assumptions on the screen


@click.command()
@click.argument("scenarios", nargs=-1, required=True, type=PATH, metavar="SCENARIO... | FOLDER")
@experiment
@click.option("--metric", default="profit.total", show_default=True, help="What is studied.")
@click.option(
    "--question",
    type=click.Choice(["metric", "difference", "winner"]),
    help="What chooses which assumptions are looked into; all are answered.  [default: winner, of one scenario metric]",
)
@click.option("--replicates", type=int, help="Seeds of the ends and the map; the sample has two.  [default: 3]")
@click.option("--trajectories", type=int, help="Of each screening.  [default: 3]")
@click.option("--within", type=int, help="Assumptions screened one by one, at most.  [default: 30]")
@click.option("--factors", type=int, help="Assumptions whose indices are found.  [default: 6]")
@click.option("--points", type=int, help="Of the sample in which all are drawn.  [default: 64]")
@click.option("--grid", type=int, help="Levels a side of the map of who wins; 0 makes none.  [default: 4]")
@click.option(
    "--emulator/--model", "emulate", default=None,
    help="Whether a Gaussian process or the model itself answers for the indices.  [default: the model where runs are cheap]",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(min=1), help="Processes side by side.  [default: as many as fit]")
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler whose workers do it, or `local` to start one.")
@click.option("--dry-run", is_flag=True, help="Say how many runs it would be; run nothing.")
@click.option("--yes", is_flag=True, help="More than 10,000 runs are meant.")
def sensitivity(
    scenarios: Sequence[Path], out: Path | None, force: bool, form: str, dry_run: bool, jobs: int | None,
    cluster: str | None, **asked: Any,
) -> None:  # fmt: skip
    """Study which assumptions matter: to a metric, to what SCENARIOS differ by, and to who wins; and what to find out.

    Of the FOLDER of a comparison over futures (compare --assumptions) it studies these, with no more runs.
    """
    from sim.experiments.sensitivity import goes_on, prepare
    from sim.experiments.sensitivity import sensitivity as study

    if len(scenarios) == 1 and scenarios[0].is_dir():
        _of_futures(scenarios[0], out, force, form, asked)
        return
    how = {name: asked.pop(name) for name in (*NUMBERS, "metric", "question", "yes")}
    chosen = [load(path, asked) for path in scenarios]
    prepared = prepare(chosen, jobs=jobs, **how)
    _say_budget(prepared, jobs)
    if dry_run:
        show([dict(stage) for stage in prepared.stages], form, "Points at most, seeds of each, runs of all strategies")
        return
    names = ["sensitivity", *(scenario.name for scenario in prepared.scenarios)]
    usual = out or usual_folder(names)
    folder = usual if goes_on(usual, prepared) and not force else folder_for(out, names, force)
    say(f"finished runs are kept in {folder}: if this is cut off, the same command with --out {folder} goes on")
    with progress("run") as told:
        found = study(chosen, jobs=jobs, cluster=cluster, out=folder, progress=told, force=force, **how)
    _tell(found, folder, form)


def _say_budget(prepared: "Prepared", jobs: int | None) -> None:
    """How many runs there will be at most, and how the indices are found."""
    from sim.experiments.machine import cores
    from sim.experiments.room import seconds_of
    from sim.report.wording import seconds as in_words

    said = ", ".join(f"{stage['runs']:,} {stage['stage']}" for stage in prepared.stages)
    by = "a Gaussian process" if prepared.plan.emulate else "the model itself"
    least = in_words(seconds_of(prepared.runs, prepared.scenarios[0]) / (jobs or cores()))
    say(
        f"{len(prepared.assumptions):,} assumptions, at most {prepared.runs:,} runs ({said}); indices by {by}; {least} or more"
    )


def _of_futures(folder: Path, out: Path | None, force: bool, form: str, asked: dict[str, Any]) -> None:
    """Study what a comparison over futures has saved."""
    from sim.experiments.studied_futures import sensitivity_of

    other = [name for name in ("metric", "trajectories", "within", "points", "grid", "emulate", "replicates", "users", "days",
             "seed", "changes") if asked[name] not in (None, (), "profit.total")]  # fmt: skip
    if other:
        raise click.UsageError(
            f"--{other[0]}: of a comparison that is there only --question and --factors can be asked"
        )
    place = folder_for(out, [f"sensitivity-{folder.resolve().name}"], force)
    question = {"question": asked["question"]} if asked["question"] else {}
    _tell(sensitivity_of(folder, factors=asked["factors"], out=place, force=force, **question), place, form)


def _tell(found: "Sensitivity", folder: Path, form: str) -> None:
    written = write_page(folder)
    if form == "json":
        click.echo((folder / "sensitivity.json").read_text(encoding="utf-8"), nl=False)
    elif form == "csv":
        click.echo(found.table().to_csv(index=False), nl=False)
    else:
        _show(found)
    say(f"the report is {written}")


def _show(found: "Sensitivity") -> None:
    """What matters, and what is worth finding out, under the line that says it."""
    from sim.report.sensitivity_page import called
    from sim.report.wording import interval as between
    from sim.report.wording import number

    asked = found.indices_of("winner") if found.favourite else found.indices[0]
    error = (
        "" if asked["explained"] is None else f"; the emulator foretells {asked['explained']:.0%} of held-out variance"
    )
    rows: list[Row] = [
        {"name": row["name"], "alone": number(row["first"], "share"), "has a part in": number(row["total"], "share"),
         "95 % interval": between(row["total_low"], row["total_high"], "share", sign=False)}
        for row in asked["rows"]
    ]  # fmt: skip
    show(rows, "table", f"{found.headline}\n{called(found, asked)}: shares of the variance{error}")
    if found.information is None:
        return
    it = found.information
    worth: list[Row] = [{"name": "all of them", "worth": it["all"]["worth"], "from": it["all"]["low"],
                         "to": it["all"]["high"], "by chance": ""}]  # fmt: skip
    worth += [
        {
            "name": row["name"],
            "worth": row["worth"],
            "from": row["low"],
            "to": row["high"],
            "by chance": row["by_chance"],
        }
        for row in it["each"][:SHOWN]
    ]
    show(worth, "table", f"What knowing is worth, {it['unit']}, from {it['points']:,} points")
