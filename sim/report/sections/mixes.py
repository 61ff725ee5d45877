"""Where revenue comes from, ours beside what companies have published."""

from collections.abc import Mapping

from sim.report import colours, figures
from sim.report.compared import Compared
from sim.report.figures import figure
from sim.report.page import Cell, Fold, Part, Row, Section, Table
from sim.report.published import MIXES, OURS, WAYS, by_way
from sim.report.sections.money import parts_of
from sim.report.wording import counted, listed, number
from sim.results.runs import Result

TITLE = "Where revenue comes from, here and elsewhere"


def mixes(seen: Compared) -> Section | None:
    """The mix of each scenario that earns, beside companies'."""
    streams = seen.measured(parts_of(seen.comparison.metrics, "revenue."))
    earned = {
        seen.titles[name]: {stream: seen.figures(stream, name)["mean"] for stream in streams} for name in seen.names
    }
    return _section(earned, f"Ours over {counted(seen.days, 'day')}{', means of replicates' if seen.certain else ''}.")


def mix(result: Result) -> Section | None:
    """The mix of a run beside companies'."""
    streams = parts_of(result.metrics, "revenue.")
    earned = {result.title: {stream: result.summary.get(stream, 0.0) for stream in streams}}
    return _section(earned, f"Ours over {counted(len(result.days), 'day')}.")


def _section(earned: Mapping[str, Mapping[str, float]], when: str) -> Section | None:
    """Bars of shares by way of earning, the table behind them, and where the published ones are from."""
    ours = {title: found for title, one in earned.items() if (found := _shares(one))}
    if not ours:
        return None
    theirs = {one.name: one.by_way for one in MIXES}
    rows = ours | theirs
    ways = [way for way in WAYS if any(shares[way] for shares in rows.values())]
    table: list[Row] = [
        (title, *(Cell(number(shares[way], "share"), shares[way]) for way in ways)) for title, shares in rows.items()
    ]
    largest = [f"{title} by {max(shares, key=lambda way: shares[way]).lower()}" for title, shares in ours.items()]
    nothing = [title for title in earned if title not in ours]
    text = (
        "Shares of revenue by way of earning: ours above, below the line what companies have published of theirs. They "
        "name their streams otherwise; each stands under the way of earning it is nearest to, and what a source does "
        "not split, or mixes, is other. A mix says what a company lives by, not how much it earns."
    )
    parts: list[Part] = [
        text + (f" Nothing is earned by {listed(nothing)}." if nothing else ""),
        figure(
            "mixes", "Revenue by way of earning, % of revenue",
            figures.stacked(
                list(rows), [(way, [shares[way] for shares in rows.values()]) for way in ways], "share",
                list(colours.of_ways(ways).values()), totals=False, apart=len(ours),
            ),
            f"Shares of revenue by way of earning. Most is earned under {listed(largest)}; below, the published mixes "
            f"of {listed(list(theirs))}.",
            Table("Revenue by way of earning, % of revenue", ("", *ways), table),
            when,
        ),
        Fold("Where the published mixes are from", [_sources()]),
    ]  # fmt: skip
    return Section("mixes", TITLE, parts)


def _shares(earned: Mapping[str, float]) -> dict[str, float]:
    """Shares of what was earned by way of earning; none where nothing was."""
    total = sum(earned.values())
    return by_way({s.partition(".")[2]: cents / total for s, cents in earned.items()}, OURS) if total > 0 else {}


def _sources() -> Table:
    rows: list[Row] = []
    for one in MIXES:
        streams = "; ".join(f"{it.called} {number(it.share, 'share')}, under {it.way.lower()}" for it in one.streams)
        rows.append((one.name, streams, one.source, one.known))
    head = ("", "Its streams", "Source", "How well known")
    return Table("Published mixes of revenue: streams, source and how well it is known", head, rows, wordy=True)
