"""What `compare` asks and shows of futures: how far its answer holds under other assumptions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import asking
from sim.cli.screen import Row, say, show

if TYPE_CHECKING:
    from sim.results.comparisons import Comparison
    from sim.scenario import Scenario

OPTIONS = (
    click.option(
        "--assumptions",
        type=int,
        metavar="N",
        help="Compare in N futures too, drawn from what the assumptions may plausibly be.",
    ),
    click.option("--metric", default="profit.total", show_default=True, help="By which the best is chosen."),
    click.option("--tuned", is_flag=True, help="Compare each at its best by the metric: tune first what has [levers]."),
    click.option("--yes", is_flag=True, help="More than 10,000 runs of futures, or of a tuning, are meant."),
)
ASKED = ("assumptions", "metric", "tuned", "yes")


futures_asked = asking(OPTIONS)  # they come as `asked`, among those that change the scenario


def compared(chosen: Sequence["Scenario"], asked: Mapping[str, Any], **how: Any) -> "Comparison":
    """The comparison, over futures where these were asked for."""
    from sim.experiments.compare import compare

    if asked["assumptions"] is None:
        return compare(chosen, metric=asked["metric"], **how)
    from sim.experiments.futures import compare_futures

    again: str | None = " and without --force" if how["force"] else ""
    told, out = how.pop("progress"), how["out"]

    def tell(done: int, planned: int) -> None:
        nonlocal again
        if again is not None:  # now that it has begun
            say(
                f"finished runs are kept in {out}: if this is cut off, the same command with --out {out}{again} goes on"
            )
            again = None
        told(done, planned)

    return compare_futures(chosen, asked["assumptions"], metric=asked["metric"], yes=asked["yes"], progress=tell, **how)


def folder_to_go_on_in(
    usual: Path, chosen: Sequence["Scenario"], asked: Mapping[str, Any], how: Mapping[str, Any]
) -> Path | None:
    """The usual folder, if the comparison that lies there is the one asked for: futures are added to it."""
    if asked["assumptions"] is None or how["force"]:
        return None
    from sim.experiments.futures import goes_on

    return usual if goes_on(usual, chosen, how["replicates"], how["precision"]) is not None else None


def show_futures(found: "Comparison") -> None:
    """How each strategy stands over the futures, under the line that says both certainties."""
    from sim.report.sections.futures import unit_of
    from sim.report.wording import HEADLINES, counted, in_words, number

    it = found.futures
    if it is None:
        return
    unit, rows = unit_of(it), list[Row]()
    for name, standing in it.standings.items():
        row = {"scenario": name, "best in": _percent(standing["wins"], standing["wins"])}
        row |= {"by luck": _percent(standing["wins_luck_low"], standing["wins_luck_high"])}
        row |= {"by futures": _percent(standing["wins_low"], standing["wins_high"])}
        amounts = {
            "mean": standing["mean"],
            "± futures": standing["by_assumptions"],
            "± luck": standing["by_luck"],
            "worst tenth": standing["worst_tenth"],
            "regret": standing["regret"],
            "most regret": standing["most_regret"],
        }
        rows.append(row | {key: "" if value is None else number(value, unit) for key, value in amounts.items()})
    aim = f"{HEADLINES.get(it.metric, it.metric)} ({it.metric}), {in_words(unit)[1]}".rstrip(", ")
    over = f"{counted(len(it.points), 'future')} of {counted(len(it.assumptions), 'assumption')}"
    luck = f"{counted(len(it.seeds), 'seed')} each"
    redrawn = f"; {counted(it.redrawn, 'point')} refused and drawn again" if it.redrawn else ""
    show(rows, "table", f"{it.headline}\n{aim}, over {over}, {luck}{redrawn}")


def _percent(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f"{100 * low:.0f} %" if low == high else f"{100 * low:.0f} to {100 * high:.0f} %"
