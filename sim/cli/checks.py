"""Commands that hold the model against something: theory, published figures, the clock."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from sim.cli.errors import Failed
from sim.cli.options import DEBUG, FORMAT, PATH, SCENARIO_OR_DEFAULT, THREADS
from sim.cli.screen import progress, say, show


@click.command()
@click.option("--only", type=int, multiple=True, metavar="N", help="Only this row of the limits; may be repeated.")
@click.option(
    "--fuzz", "cases", type=click.IntRange(min=1), metavar="N",
    help="Instead, let N worlds live whose settings are drawn over all that they may plausibly be.",
)  # fmt: skip
@click.option("--seed", type=int, help="Of what --fuzz draws.  [default: 0]")
@click.option("--first", type=click.IntRange(min=0), help="Number of the first case of --fuzz.  [default: 0]")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes side by side, for --fuzz.  [default: 1]")
@click.option("--out", type=PATH, help="Where --fuzz writes the scenarios that fail.  [default: outputs/fuzz]")
@click.option(
    "--levers", "pushing", is_flag=True, help="Instead, push levers from nothing to their most; all, or those of NAME."
)
@click.option("--users", type=click.IntRange(min=100), help="People of each world of --levers.  [default: 2000]")
@click.option("--days", type=click.IntRange(min=30), help="Days of each.  [default: 365]")
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help="Worlds at each place.  [default: 2]")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@FORMAT
@DEBUG
def validate(
    only: Sequence[int], cases: int | None, pushing: bool, names: Sequence[str], form: str, **how: Any
) -> None:
    """Hold the services against theory in their limiting cases, or levers against what anybody would expect."""
    from sim.experiments.validate import validate as hold

    asked = {name: value for name, value in how.items() if value is not None}
    kinds = {"--only": bool(only), "--fuzz": cases is not None, "--levers": pushing}
    if sum(kinds.values()) > 1:
        raise click.UsageError(
            "--only names limits of theory, --fuzz draws scenarios, --levers pushes levers: give one of the "
            + ("two" if sum(kinds.values()) == 2 else "three")
        )
    for option in asked:
        home = "--levers" if option in ("users", "days", "seeds") else "--fuzz"
        if not kinds[home]:
            raise click.UsageError(
                f"--{option} goes with {home}"
                + ("" if pushing or home == "--levers" else ": say how many scenarios to draw")
            )
    if names and not pushing:
        raise click.UsageError(f"{names[0]!r}: names of levers go with --levers")
    if pushing:
        _levers(names, form, **asked)
        return
    if cases is not None:
        _fuzz(cases, form, **asked)
        return
    found = hold(only or None)
    rows = [limit._asdict() for limit in found]
    if form == "table":
        keys = ("row", "name", "expected", "measured", "standard_error", "allowance")
        rows = [{key: row[key] for key in keys} | {"": "PASS" if row["passed"] else "FAIL"} for row in rows]
    show(rows, form, "Limits of theory, through the code that runs the economy")
    if failed := sum(not limit.passed for limit in found):
        raise Failed(f"{failed} of {len(found)} limits fail", 1)


def _levers(names: Sequence[str], form: str, users: int = 2_000, days: int = 365, seeds: int = 2) -> None:
    """Push levers, and show what each does and which laws it keeps."""
    from sim.experiments.levers import draw_curve, laws_of, places_of, pushed_by_name, rows_of

    pushed = pushed_by_name(names or None)
    worlds, done, curves = seeds * sum(len(places_of(it)) for it in pushed), 0, []
    lived: dict[str, dict[str, float]] = {}
    with progress("world") as told:
        for it in pushed:

            def one(of: str = it.title) -> None:
                nonlocal done
                done += 1
                told(done, worlds, of)

            curves.append(draw_curve(it, users, days, range(1, seeds + 1), one, lived))
    laws = [laws_of(curve) for curve in curves]
    if form == "json":
        rows = [row for curve in curves for row in rows_of(curve, every=True)]
        click.echo(json.dumps({"curves": rows, "laws": [law._asdict() for of in laws for law in of]}, indent=2))
    elif form == "csv":
        broken = ["; ".join(law.law for law in of if not law.kept) for of in laws]
        show(
            [
                row | {"broken": said}
                for curve, said in zip(curves, broken, strict=True)
                for row in rows_of(curve, every=True)
            ],
            form,
        )
    else:
        for curve, of in zip(curves, laws, strict=True):
            rows = [{key: value for key, value in row.items() if key != "lever"} for row in rows_of(curve)]
            show(rows, form, f"{curve.pushed.title}: money in CNY a person and year")
            for law in of:
                click.echo(f"  {'kept  ' if law.kept else 'BROKEN'}  {law.law}: {law.seen}")
            click.echo()
    if failed := sum(not law.kept for of in laws for law in of):
        raise Failed(f"{failed} of {sum(map(len, laws))} laws of levers are broken", 1)


def _fuzz(cases: int, form: str, **how: Any) -> None:
    """Let worlds of drawn settings live, and say what became of them."""
    from sim.experiments.fuzz import fuzz

    with progress("world") as told:
        found = fuzz(cases, progress=told, **how)
    rows = [
        {"name": "worlds that lived", "value": found.cases - len(found.failures)},
        {"name": "user-days lived", "value": found.user_days},
        {"name": "failures", "value": len(found.failures)},
        *({"name": f"drawn again: {rule}", "value": many} for rule, many in found.refused.items()),
    ]
    show(rows, form, "Worlds of settings drawn over all that they may plausibly be")
    for case, file in zip(found.failures, found.files, strict=True):
        say(f"case {case.number}: {case.error}")
        say(f"  again: hongbao run {file}")
    if found.failures:
        raise Failed(f"{len(found.failures)} of {cases} worlds failed; what they were is in {found.files[0].parent}", 1)


@click.command()
@click.option("--folder", type=PATH, default=Path("scenarios"), show_default=True, help="Where the scenario files are.")
@click.option(
    "--users", type=click.IntRange(min=1_000), default=10_000, show_default=True, help="People of each world."
)
@click.option(
    "--days", type=click.IntRange(min=60), default=120, show_default=True,
    help="Days of each world; in few days the New Year's festival weighs more.",
)  # fmt: skip
@FORMAT
@DEBUG
def magnitudes(folder: Path, users: int, days: int, form: str) -> None:
    """Hold the model's figures against published ones, and say which were fitted."""
    from sim.engine.settings import BadInput
    from sim.experiments.magnitudes import magnitudes as measure

    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; --folder says where the scenario files are")
    rows = [it._asdict() for it in measure(folder, users, days)]
    if form == "table":
        said = {True: "yes", False: "no"}
        rows = [row | {key: said[row[key]] for key in ("inside", "fitted")} for row in rows]
        for row in rows:  # one column of words is enough
            row["source"] += f". Outside: {why}" if (why := row.pop("why")) else ""
    show(rows, form, "The model's defaults beside published figures")


def _sizes(ctx: click.Context, param: click.Parameter, value: str) -> list[int]:
    with contextlib.suppress(ValueError):
        sizes = [int(part) for part in value.split(",")]
        if min(sizes) > 0:
            return sizes
    raise click.BadParameter(f"{value!r} is not a list of numbers of people, as in 10_000,100_000")


@click.command()
@SCENARIO_OR_DEFAULT
@click.option("--users", metavar="N,...", callback=_sizes, default="10_000,100_000,1_000_000", show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="Days timed.")
@click.option(
    "--starts/--no-starts", "starting", default=True, show_default=True, help="Time starts too: a minute or two."
)
@click.option(
    "--twin/--no-twin", "twinned", default=True, show_default=True,
    help="Race the same day written as ordinary Mesa agents, where the project's sources are at hand: a minute or two.",
)  # fmt: skip
@THREADS
@FORMAT
@DEBUG
def bench(
    scenario: Path | None, users: list[int], days: int, starting: bool, twinned: bool, threads: int, form: str
) -> None:
    """Measure user-days a CPU-second, of SCENARIO or of the model as it is by default."""
    from sim.experiments.bench import TWIN_USERS, against_twin, measure, start, starts
    from sim.scenario import Scenario

    chosen = Scenario.load(scenario) if scenario else Scenario()
    if chosen.friends.file and click.get_current_context().get_parameter_source("users") is ParameterSource.DEFAULT:
        users = [chosen.settled().run.users]  # as many as the network has
    started = starts(chosen)._asdict() if starting else None
    start(chosen, threads)
    rows = []
    with progress("world") as told:
        for size in users:
            rows.append(measure(chosen, size, days, threads)._asdict())
            told(len(rows), len(users))
    twin = against_twin(min(TWIN_USERS, *users), days) if twinned else []
    if form == "json":
        click.echo(json.dumps({"starts": started, "paces": rows, "twin": twin}, indent=2))
        return
    phases = [row.pop("phases") for row in rows]
    if form == "csv":
        named = ({f"seconds {phase}": spent for phase, spent in by_phase.items()} for by_phase in phases)
        show([row | seconds for row, seconds in zip(rows, named, strict=True)], form)
        return
    if started is not None:
        costs = (
            {"start": which, "seconds": started[f"{when}_seconds"], "CPU seconds": started[f"{when}_cpu_seconds"]}
            for which, when in (("the first, which compiles", "first"), ("a later one", "later"))
        )
        title = f"Starts: `hongbao run` of {started['users']:,} people and {started['days']} days, report included"
        show(list(costs), form, title)
    show(rows, form, "Pace, in CPU seconds")
    sizes = list(zip(users, phases, strict=True))
    by_phase = [
        {"phase": phase, **{f"{size:,}": spent[phase] / size / days * 1e9 for size, spent in sizes}}
        for phase in phases[0]
    ]
    show(by_phase, form, "Nanoseconds a person and day, by phase and number of people")
    if twin:
        raced = [{key: value for key, value in row.items() if key != "ratios"} for row in twin]
        show(raced, form, "Beside the same day as ordinary Mesa agents: CPU microseconds a user-day")
