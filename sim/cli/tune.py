"""`hongbao tune`: the levers that do best for an aim, strategy by strategy."""

import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import DEBUG, FORMAT, PATH, SERVICE, Setting, asking, load, read_value
from sim.cli.places import folder_for, usual_folder, write_page
from sim.cli.screen import Row, progress, say, show

if TYPE_CHECKING:
    from sim.results.tuning import Tuning
    from sim.scenario import Scenario


class LeverAsked(click.ParamType[tuple[str, Any]]):
    """`section.key`, or `section.key=LOW..HIGH`, or `section.key=[a, b, c]`."""

    name = "section.key[=range]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """Read one `--lever`."""
        if isinstance(value, tuple):
            return value
        key, equals, text = (part.strip() for part in value.partition("="))
        section, _, name = key.partition(".")
        if not (section and name) or (equals and not text):
            self.fail(f"{value!r} is not of the form section.key=0..0.4, as in shopping.commission=0..0.4", param, ctx)
        if not equals:
            return key, True
        low, dots, high = text.partition("..")
        return key, [read_value(low), read_value(high)] if dots else read_value(text)


SEARCHING = (  # what every search can ask for
    click.option(
        "--lever",
        "levers",
        type=LeverAsked(),
        multiple=True,
        help="What may be moved, in place of the files' [levers]; repeatable.",
    ),
    click.option("--horizon", "--days", "days", type=int, help="Days of each run, instead of the scenario's number."),
    click.option("--users", type=int, help="People, instead of the scenario's number."),
    click.option("--seed", type=int, help="The first seed, instead of the scenario's."),
    click.option("--set", "changes", type=Setting(), multiple=True, help="Another value of a setting; repeatable."),
    click.option("--tries", type=click.IntRange(min=1), help="Points of the search.  [default: 16, and 8 a lever]"),
    click.option("--replicates", type=click.IntRange(min=1), help="Fresh seeds of the last measurement.  [default: 8]"),
    click.option("--jobs", type=click.IntRange(min=1), help="Processes side by side.  [default: as many as fit]"),
    click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler whose workers do it, or `local` to start one."),
    click.option("--out", type=PATH, help="Folder of the results, gone on with.  [default: outputs/COMMAND-NAMES]"),
    click.option("--force", is_flag=True, help="Replace an earlier result of another question; its runs are kept."),
    click.option("--yes", is_flag=True, help="More than 10,000 runs are meant."),
    SERVICE,
    FORMAT,
    DEBUG,
)
OPTIONS = (
    click.argument("scenarios", nargs=-1, required=True, type=PATH),
    click.option("--aim", default="profit.total", show_default=True, help="A metric; money counts a person."),
    click.option(
        "--subject-to",
        multiple=True,
        metavar="RULE",
        help="As 'welfare.users >= -2%' of the first scenario as given, or 'profit.total >= 0'; repeatable.",
    ),
    click.option("--save", type=PATH, metavar="FOLDER", help="Write each tuned scenario there, as NAME-tuned.toml."),
    *SEARCHING,
)


@click.command()
@asking(OPTIONS)
def tune(
    scenarios: Sequence[Path], out: Path | None, save: Path | None, form: str, force: bool, levers: Any, **how: Any
) -> None:
    """Find the levers with which each of SCENARIOS does best for an aim.

    What may be moved stands in a scenario's [levers]. The first scenario, as it is given, is what constraints and
    differences refer to. Finished runs are kept: the same command again goes on where it was.
    """
    from sim.experiments.pairing import UnfairComparison
    from sim.experiments.save_tuned import check_saving, save_tuned
    from sim.experiments.tune import tune as find

    asked = {name: how.pop(name) for name in ("users", "days", "seed", "changes", "services")}
    chosen = [load(path, asked) for path in scenarios]
    if save is not None:
        check_saving(chosen, save)
    folder = out or usual("tune", [scenario.name for scenario in chosen], force)
    command = shlex.join(["hongbao", *sys.argv[1:]])
    with progress("run") as told, warnings.catch_warnings():
        warnings.simplefilter("ignore", UnfairComparison)
        found = find(
            chosen, levers=dict(levers) or None, out=folder, force=force, progress=told, command=command, **how
        )
    written = write_page(folder)
    if form == "table":
        _show(found)
    else:
        _show_for_machines(found, folder, form)
    for line in warned(found):
        say(line)
    if save is not None:
        for scenario in chosen:
            if scenario.name in found.tuned:
                say(f"the tuned scenario is {save_tuned(found, scenario, save)}")
    say(f"the report is {written}")


def tuned_first(chosen: Sequence["Scenario"], aim: str, folder: Path, jobs: int | None, yes: bool) -> list["Scenario"]:
    """The scenarios, each at its best by an aim, before they are compared; the tuning has a folder beside the comparison's.

    Args:
        folder: of the comparison.
    """
    from sim.experiments.pairing import UnfairComparison
    from sim.experiments.tune import tune as find
    from sim.experiments.tune import tuned_scenarios

    place = folder.with_name(f"{folder.name}-tuning")
    with progress("run") as told, warnings.catch_warnings():
        warnings.simplefilter("ignore", UnfairComparison)  # the comparison says it
        found = find(
            chosen, aim=aim, jobs=jobs, yes=yes, out=place, progress=told,
            command=shlex.join(["hongbao", *sys.argv[1:]]),
        )  # fmt: skip
    page = write_page(place)
    _show(found)
    for line in warned(found):
        say(line)
    say(f"how each was tuned is in {page}")
    return [
        scenario.model_copy(update={"title": f"{scenario.title}, tuned"}) if scenario.name in found.tuned else scenario
        for scenario in tuned_scenarios(found, chosen)
    ]


def usual(command: str, names: Sequence[str], force: bool) -> Path:
    """The usual folder of a search, which the same goes on in; another result there is left alone."""
    from sim.ground import paths

    folder = usual_folder([command, *names])
    if force or paths.kind_of(folder) in (*paths.STUDIES, "unfinished", ""):
        return folder
    return folder_for(None, [command, *names], False)


# What the screen shows


def rows_of(found: "Tuning") -> list[Row]:
    """A row a lever: its value as given and at its best, where the best may lie, and what the scenario comes to."""
    rows = list[Row]()
    for name, one in found.tuned.items():
        for it in one["levers"]:
            rows.append(
                {
                    "scenario": name, "lever": it["name"], "given": it["given"], "best": it["best"], "unit": it["unit"],
                    "above": it["above"], "below": it["below"], **_amounts("value", one["value"]),
                    **_amounts("gain", one["gain"]),
                }
            )  # fmt: skip
    return rows


def _amounts(what: str, it: Any) -> dict[str, float]:
    return {what: it["mean"], f"{what}_low": it["low"], f"{what}_high": it["high"]}


def _show_for_machines(found: "Tuning", folder: Path, form: str) -> None:
    from sim.results.tuning import TUNING

    if form == "json":
        click.echo((folder / TUNING).read_text(encoding="utf-8"), nl=False)
    else:
        show([{key: "" if it is None else it for key, it in row.items()} for row in rows_of(found)], form)


def _show(found: "Tuning") -> None:
    from sim.report.sections.tuned import headline, unit_of
    from sim.report.wording import interval, measure, number, shown

    unit, rows = unit_of(found), list[Row]()
    for name, one in found.tuned.items():
        for at, it in enumerate(one["levers"]):
            value, gain = one["value"], one["gain"]
            between = [
                f"{sign} {shown(end)}" for sign, end in ((">", it["above"]), ("<", it["below"])) if end is not None
            ]
            rows.append(
                {
                    "scenario": name if at == 0 else "",
                    "lever": it["name"],
                    "given": shown(it["given"]),
                    "best": shown(it["best"]),
                    "lies": ", ".join(between),
                    found.aim: "" if at else number(value["mean"], unit),
                    "95 %": "" if at else interval(value["low"], value["high"], unit, sign=False),
                    "more than given": "" if at else measure(gain["mean"], unit, sign=True),
                    "95 % ": "" if at else interval(gain["low"], gain["high"], unit),
                }
            )
    show(rows, "table", headline(found))


def warned(found: "Tuning") -> list[str]:
    """What whoever uses the result should know: a best at the end of a range, a constraint that luck may break, more to find."""
    lines = []
    for name, one in found.tuned.items():
        if not one["given_kept"]:
            lines.append(
                f"{name}: with its levers as given it breaks a constraint, so that its best within them may earn less"
            )
        for it in one["levers"]:
            if it["end"]:
                lines.append(
                    f"{name}: {it['name']} = {it['best']} lies at the {it['end']} end of its range: the best may lie beyond"
                )
            if it["better"] is not None:
                lines.append(
                    f"{name}: {it['name']} = {it['better']} does surely better still: try again with more --tries"
                )
        for bound in one["bounds"]:
            if not bound["kept"] or not bound["sure"]:
                how = "is kept, though not surely," if bound["kept"] else "is not kept"
                lines.append(f"{name}: {bound['said']} {how} on fresh seeds")
    return lines
