"""Commands that let worlds live, save what happened and write its page: run, compare, sweep; report writes it again."""

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.amounts import in_units
from sim.cli.errors import Failed
from sim.cli.futures import ASKED, compared, folder_to_go_on_in, futures_asked, show_futures
from sim.cli.options import (
    DEBUG,
    FORMAT,
    PATH,
    QUIET,
    RIVAL,
    SCENARIO_OR_DEFAULT,
    SERVICE,
    SET,
    THREADS,
    experiment,
    load,
    load_branch,
    say_network,
)
from sim.cli.places import OPEN, folder_for, open_page, usual_folder, write_page
from sim.cli.screen import Row, progress, say, show
from sim.cli.tune import tuned_first

if TYPE_CHECKING:
    from sim.results.comparisons import Comparison
    from sim.results.runs import Result
    from sim.results.sweeps import Sweep

# What the screen shows of all metrics; --format json and csv have every one.
MAIN = ("users.daily", "revenue.total", "profit.total", "welfare.users", "welfare.total")


@click.command()
@SCENARIO_OR_DEFAULT
@experiment
@OPEN
@RIVAL
@THREADS
@click.option("--save-at", type=click.IntRange(min=1), multiple=True, help="Save the world after so many days too.")
@click.option("--from", "saved", type=PATH, help="A saved world to go on from, under SCENARIO or its own.")
def run(
    scenario: Path | None,
    out: Path | None,
    force: bool,
    form: str,
    threads: int,
    save_at: Sequence[int],
    saved: Path | None,
    **asked: Any,
) -> None:
    """Let the world of one SCENARIO live, and save what happened.

    SCENARIO is a file, or the name of one that comes with hongbao (`hongbao scenarios`).
    """
    from sim.experiments.run import run as live

    if saved is not None:
        chosen = load_branch(scenario, saved, asked)
    elif scenario is not None:
        chosen = load(scenario, asked)
    else:
        raise click.UsageError("name a SCENARIO, or with --from a saved world to go on from")
    folder = folder_for(out, [chosen.name], force)
    with progress("day") as told:
        result = live(chosen, out=folder, threads=threads, progress=told, save_at=save_at, saved=saved, force=force)
    written = write_page(folder)
    heading = _by_hand({result.name: result.manifest["set_by_hand"]}, form)
    if form == "json":
        click.echo(json.dumps(result.summary, indent=2))
    elif form == "csv":
        units = {name: metric.unit for name, metric in result.metrics.items()}
        show([{"metric": name, "value": value, "unit": units[name]} for name, value in result.summary.items()], form)
    else:
        _show_run(result, heading)
    for line in unserved(result.summary):
        say(line)
    say(f"the report is {written}")
    open_page(written)


@click.command()
@click.argument("scenarios", nargs=-1, required=True, type=PATH)
@experiment
@OPEN
@RIVAL
@click.option("--replicates", type=click.IntRange(min=1), help="Seeds each scenario lives through.  [default: 8]")
@click.option(
    "--precision",
    type=click.FloatRange(min=0, min_open=True),
    help="Add seeds, 4 at least, until the differences in profit are known to this share, as 0.05; intervals that were "
    "waited for cover a little less than 95 %.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes side by side.  [default: as many as fit]")
@futures_asked
def compare(
    scenarios: Sequence[Path],
    out: Path | None,
    force: bool,
    form: str,
    replicates: int | None,
    precision: float | None,
    jobs: int | None,
    **asked: Any,
) -> None:
    """Compare SCENARIOS on the same people with the same luck; the first is the baseline.

    Each is a file, or the name of one that comes with hongbao (`hongbao scenarios`).
    """
    if replicates is not None and precision is not None:
        raise click.UsageError("--replicates says how many seeds, --precision how sure to be: give one of the two")
    from sim.experiments.pairing import UnfairComparison

    futures = {name: asked.pop(name) for name in ASKED}
    how = {"replicates": replicates, "precision": precision, "force": force}
    chosen = [load(path, asked) for path in scenarios]
    names = [scenario.name for scenario in chosen]
    if futures["tuned"]:
        names.append("tuned")
        chosen = tuned_first(chosen, futures["metric"], out or usual_folder(names), jobs, futures["yes"])
    folder = folder_to_go_on_in(out or usual_folder(names), chosen, futures, how) or folder_for(out, names, force)
    with progress("run") as told, warnings.catch_warnings():
        warnings.simplefilter("ignore", UnfairComparison)  # said below, with the values
        found = compared(chosen, futures, jobs=jobs, out=folder, progress=told, **how)
    written = write_page(folder)
    heading = _by_hand(found.manifest["set_by_hand"], form)
    if form == "json":
        click.echo((folder / "comparison.json").read_text(encoding="utf-8"), nl=False)
    elif form == "csv":
        click.echo(found.table().to_csv(index=False), nl=False)
    else:
        _show_comparison(found, heading)
        show_futures(found)
    for differing in found.unfair:
        values = ", ".join(f"{value!r} in {name}" for name, value in differing["values"].items())
        say(f"not a fair comparison: {differing['name']} is no decision of the platform, yet it is {values}")
    if precision is not None and not found.manifest["precision"]["reached"]:
        say(f"{found.replicates} seeds were not enough for a precision of {precision:g}")
    say(f"the report is {written}")
    open_page(written)


@click.command()
@click.argument("plan", type=PATH)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes side by side.  [default: as many as fit]")
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler whose workers do it, or `local` to start one.")
@click.option("--out", type=PATH, help="Folder of the runs.  [default: outputs/NAME]")
@click.option("--users", type=int, help="People, instead of the plan's number.")
@click.option("--days", type=int, help="Days, instead of the plan's number.")
@click.option("--seeds", type=int, help="How many seeds, instead of the plan's.")
@SET
@click.option("--dry-run", is_flag=True, help="Say how many runs, hours and bytes it would be; run nothing.")
@click.option("--compact", is_flag=True, help="Put the summaries of all runs into one table as well.")
@click.option("--yes", is_flag=True, help="More than 100,000 runs are meant.")
@OPEN
@SERVICE
@FORMAT
@QUIET
@DEBUG
def sweep(plan: Path, out: Path | None, form: str, dry_run: bool, **how: Any) -> None:
    """Make every run that PLAN asks for: scenarios, times factors, times seeds.

    Finished runs are kept: the same command again goes on where it was.
    """
    from sim.experiments.estimate import estimate
    from sim.experiments.plan import MANY, Plan
    from sim.experiments.sweep import sweep as make
    from sim.experiments.sweep_tally import Standing
    from sim.report.wording import counted

    other = {name: how.pop(name) for name in ("users", "days", "seeds")}
    services = how.pop("services")
    other["set"] = in_units(dict(how.pop("changes")), services) or None
    most = None if how["yes"] or dry_run else MANY
    chosen = Plan.load(plan, {name: value for name, value in other.items() if value is not None}, most, services)
    heading = _by_hand({scenario.name: scenario.set_by_hand for scenario in chosen.scenarios}, form)
    for file in chosen.networks():
        say_network(file)
    if dry_run:
        with _notes_said():
            foreseen = estimate(chosen, jobs=how["jobs"], out=out)._asdict()
        title = f"{chosen.title}: what it would take here{heading}"
        show(_told(foreseen) if form == "table" else [foreseen], form, title)
        say("hours are those of this machine with nothing else to do; what else runs here comes on top")
        return
    with progress("run") as told, _notes_said():

        def stand(it: Standing) -> None:
            failed = f", {it.failed:,} failed" if it.failed else ""
            told(it.done, it.planned, f"{it.rate:.3g} a second{failed}")

        found = make(chosen, out=out, progress=stand, **how)
    written = write_page(found.folder)
    if form == "csv":
        click.echo(found.table().to_csv(index=False), nl=False)
    else:
        _show_sweep(found, form, heading)
    say(f"the report is {written}")
    open_page(written)
    if missing := found.missing():
        failed = len(found.failures())
        said = [f"{counted(failed, 'run')} failed; the report and {found.folder / 'failed'} say why"] if failed else []
        if waiting := missing - failed:
            said.append(f"{counted(waiting, 'run')} not made; sweep again with the same plan to make them")
        raise Failed("; ".join(said), 3)


@contextlib.contextmanager
def _notes_said() -> Iterator[None]:
    """What a sweep notes is said as everything else is."""
    from sim.experiments.sweep_folder import SweepNote

    with warnings.catch_warnings():
        warnings.simplefilter("always", SweepNote)
        warnings.showwarning = lambda message, *where: say(str(message))
        yield


def _told(foreseen: Mapping[str, float]) -> list[Row]:
    """An estimate for people: hours as a time they can feel."""
    from sim.report.wording import seconds

    called = {"core_hours": "time of one core", "hours": "on the clock"}
    return [
        {"name": called.get(what, what.replace("_", " ")), "value": seconds(3600 * it) if what in called else it}
        for what, it in foreseen.items()
    ]


@click.command()
@click.argument("folder", type=PATH)
@click.option("--pictures", type=PATH, help="Write its pictures as SVG files into this folder instead.")
@OPEN
@DEBUG
def report(folder: Path, pictures: Path | None) -> None:
    """Write the page of a saved run, comparison, sweep or study, and print where it is."""
    if pictures is None:
        click.echo(written := write_page(folder))
        open_page(written)
        return
    from sim.report import write_pictures

    for file in write_pictures(folder, pictures):
        click.echo(file)


# What the screen shows


def _by_hand(sets: Mapping[str, Mapping[str, Any]], form: str) -> str:
    """What was set by hand, as a line that ends a table's heading; of other forms it is said beside them."""
    from sim.report.wording import by_hand, by_hand_heading

    line = by_hand_heading(by_hand(sets))
    if line and form != "table":
        say(line)
    return f"\n{line}" if line and form == "table" else ""


def _show_run(result: "Result", heading: str) -> None:
    from sim.report.wording import measure

    it, about = result.manifest, result.metrics
    rows = [
        {"metric": name, "value": measure(result.summary[name], about[name].unit), "meaning": about[name].meaning}
        for name in MAIN
    ]
    show(rows, "table", f"{result.title}: {_size(it)}, seed {result.seed}{heading}")


UNSERVED = (  # what was asked for in vain, of which whole, in words
    ("rides.unserved", ("rides.asked",), "of the rides asked for no driver was near enough"),
    (
        "support.abandoned",
        ("support.tickets",),
        "of the customers who turned to a shop for help nobody answered in time",
    ),
    ("trips.full", ("trips.full", "trips.sold"), "of the tickets asked for there was no seat left"),
    ("advertising.unserved", ("advertising.shown", "advertising.unserved"), "of the places for adverts stayed empty"),
)
MUCH = 0.1  # from this share on, one should know


def unserved(summary: Mapping[str, float]) -> list[str]:
    """A line for each thing of which much could not be served; `summary` are the metrics of a run."""
    lines = []
    for name, of, words in UNSERVED:
        whole = sum(summary.get(part, 0.0) for part in of)
        if whole > 0 and summary.get(name, 0.0) >= MUCH * whole:
            lines.append(f"{summary[name] / whole:.0%} {words} ({name})")
    if summary.get("shopping.needs", 0.0) > 0 and not summary.get("shopping.orders", 0.0):
        lines.append(
            "of the needs for goods none was met in the app (shopping.orders); merchants.open says how many shops are open"
        )
    return lines


def _show_comparison(found: "Comparison", heading: str) -> None:
    from sim.report.wording import verdict

    it = found.manifest
    rows: list[Row] = []
    for metric in MAIN:
        unit = it["metrics"][metric]["unit"]
        for name in found.scenarios:
            row = _against(found.baseline, name, metric, unit, found.metrics[metric][name], found.replicates > 1)
            chances = found.best.get(metric, {})
            said = verdict(chances.get(name)).replace("best: ", "") or ("tied" if chances else "")
            rows.append(row | ({"is best": said} if found.replicates > 1 else {}))
    paired = _paired(found.replicates)
    waited = "; intervals were waited for, so cover a little less than 95 %" if it["precision"] else ""
    show(rows, "table", f"{_size(it)}, {paired}{waited}{heading}")


def _show_sweep(found: "Sweep", form: str, heading: str) -> None:
    """What a sweep says: each scenario with its levers where they do best, over all else."""
    from sim.report.swept import Swept, basis
    from sim.report.wording import counted

    chosen = found.about["chosen"]
    if form == "json":
        content = {
            "folder": str(found.folder),
            "missing": found.missing(),
            "metrics": {metric: found.overall(metric).to_dict("records") for metric in chosen},
            "best": {metric: found.best(metric).to_dict("records") for metric in chosen},
        }
        click.echo(json.dumps(content, indent=2))
        return
    seen, rows = Swept(found), list[Row]()
    for metric in seen.chosen:
        for name, it in seen.judged(metric).items():
            row = _against(found.baseline, name, metric, seen.unit(metric), vars(it), seen.certain)
            levers = {"levers at their best": ", ".join(seen.choices(metric, name))} if seen.levers else {}
            rows.append({key: row[key] for key in ("metric", "scenario")} | levers | row)
    if rows:
        points = counted(found.about["points"], "point")
        whole = f"; only {seen.done:,} of {points} are finished in every scenario" if found.missing() else ""
        over = f"Means over {seen.averaged(seen.chosen[0])}"
        show(rows, form, f"{found.title}\n{over}; {basis(found)}{whole}{heading}")
        if caution := seen.caution(seen.chosen[0]):
            say(caution)


def _size(about: Mapping[str, Any]) -> str:
    from sim.report.wording import counted

    return f"{counted(about['users'], 'person')}, {counted(about['days'], 'day')}"


def _paired(seeds: int) -> str:
    if seeds == 1:
        return "one seed: a single draw of luck has no interval"
    return f"{seeds:,} seeds; differences are paired by seed"


def _against(
    baseline: str, scenario: str, metric: str, unit: str, reached: Mapping[str, Any], certain: bool
) -> dict[str, str]:
    """What a scenario reached on a metric, and how far that is from the baseline: a row of a table."""
    from sim.report.wording import in_words, interval, number

    differs = scenario != baseline
    row = {
        "metric": "" if differs else f"{metric}, {in_words(unit)[1]}",
        "scenario": scenario,
        "mean": number(reached["mean"], unit),
        f"against {baseline}": number(reached["diff"], unit, sign=True) if differs else "",
    }
    if certain:
        row["95 % interval"] = interval(reached["diff_low"], reached["diff_high"], unit) if differs else ""
    return row
