"""The command that tries out tests of a lever before one is run: abtest."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import PATH, RIVAL, Setting, experiment, load
from sim.cli.places import folder_for, write_page
from sim.cli.screen import Row, progress, say, show

if TYPE_CHECKING:
    from sim.results.abtests import ABTest


@click.command()
@click.argument("scenario", type=PATH)
@click.option(
    "--set-treated", "treated", type=Setting(), multiple=True, required=True,
    help="A lever, and its value for the treated; repeatable.",
)  # fmt: skip
@click.option(
    "--designs", metavar="LIST",
    help="user, cluster:PEOPLE, shop, switchback:DAYS:DROPPED, by commas.  [default: every kind that can test this]",
)  # fmt: skip
@click.option("--metric", "metrics", multiple=True, help="What the effect on is to be found; repeatable.")
@click.option("--share", type=float, default=0.5, show_default=True, help="Chance of a unit of being treated.")
@click.option("--begin", type=int, default=0, show_default=True, help="Day on which tests begin.")
@click.option("--replicates", type=int, help="Worlds in which each design is tried.  [default: 20]")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes side by side.  [default: as many as fit]")
@click.option("--yes", is_flag=True, help="More than 10,000 runs are meant.")
@experiment
@RIVAL
def abtest(
    scenario: Path,
    treated: Sequence[tuple[str, Any]],
    designs: str | None,
    metrics: Sequence[str],
    replicates: int | None,
    share: float,
    begin: int,
    jobs: int | None,
    yes: bool,
    out: Path | None,
    force: bool,
    form: str,
    **asked: Any,
) -> None:
    """Try out tests of a change to a lever of SCENARIO: what each design would say, beside what is true.

    A world is lived untreated, wholly treated, and once a design, with many seeds. Cut off, the same command with the same
    --out goes on where it was.
    """
    from sim.experiments.abtest import CHOSEN, WORLDS
    from sim.experiments.abtest import abtest as try_out

    chosen = load(scenario, asked)
    folder = folder_for(out, ["abtest", chosen.name], force)
    with progress("run") as told:
        found = try_out(
            chosen, dict(treated), designs=None if designs is None else designs.split(","), metrics=metrics or CHOSEN,
            replicates=WORLDS if replicates is None else replicates, share=share, begin=begin, jobs=jobs, out=folder,
            progress=told, force=force, yes=yes,
        )  # fmt: skip
    written = write_page(folder)
    if form == "json":
        click.echo((folder / "abtest.json").read_text(encoding="utf-8"), nl=False)
    elif form == "csv":
        click.echo(found.table().to_csv(index=False), nl=False)
    else:
        _show(found)
    say(f"the report is {written}")


def _show(found: "ABTest") -> None:
    """A row a metric and design: what it would say, how far off it is, and how surely it finds the effect."""
    from sim.report.abtest_page import called
    from sim.report.wording import in_words, interval, number

    rows: list[Row] = []
    for metric, about in found.metrics.items():
        unit, best = about["unit"], found.best(metric)
        for it in found.designs:
            verdict = it["verdicts"][metric]
            rows.append({
                "metric": f"{metric}, {in_words(unit)[1]}".rstrip(", "),
                "design": called(it) + (" (least off)" if it is best else ""),
                "units": round(it["units"]),
                "estimate": number(verdict["effect"], unit, sign=True),
                "truth": number(verdict["truth"], unit, sign=True),
                "bias": number(verdict["bias"], unit, sign=True) + (" biased" if verdict["biased"] else ""),
                "95 % interval": interval(verdict["bias_low"], verdict["bias_high"], unit),
                "typical miss": number(verdict["miss"], unit),
                "covers": f"{verdict['coverage']:.0%}",
                "power": f"{verdict['power']:.0%}",
                "least effect found": number(verdict["detectable"], unit),
            })  # fmt: skip
    changes = ", ".join(f"{name} {usual} -> {treated}" for name, (usual, treated) in found.treated.items())
    worlds = len(found.about["seeds"])
    show(rows, "table", f"{changes}: what tests would say, in {worlds} worlds of {found.about['users']:,} people")
