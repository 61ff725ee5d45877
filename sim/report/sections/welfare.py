"""Who gains and who pays: welfare by group, and users better and worse off."""

import numpy as np

from sim.report import figures
from sim.report.compared import Compared
from sim.report.figures import Panel, figure
from sim.report.marks import ends_of, tone_of
from sim.report.page import Cell, Part, Row, Section, Table
from sim.report.wording import GAP, counted, in_words, listed, measure, number
from sim.results.runs import LEAST_GAIN

GROUPS = {
    "welfare.users": "Users", "profit.total": "The company", "welfare.merchants": "Merchants",
    "welfare.advertisers": "Advertisers", "welfare.drivers": "Drivers", "welfare.airlines": "Airlines",
    "welfare.billers": "Billers", "welfare.banks": "Partner banks", "welfare.outside": "Sellers and taxis outside",
    "cost.fines": "Fines, to the public", "welfare.total": "Everyone together",
}  # fmt: skip


def welfare(seen: Compared) -> Section | None:
    """Welfare by group, and the share of users who gain and lose."""
    groups = seen.measured(GROUPS)
    if not seen.others or not groups or groups == ["profit.total"]:
        return None
    unit = seen.unit(groups[0])
    panels = [Panel(GROUPS[m], unit, [seen.mark(m, name) for name in seen.others]) for m in groups]
    rows: list[Row] = []
    for metric in groups:
        cells = []
        for name in seen.others:
            mark = seen.mark(metric, name)
            notes = ends_of(mark, unit)
            if metric == "welfare.users" and seen.users:
                notes.append(f"{measure(mark.middle / seen.users, unit, sign=True)} a person")
            tone = tone_of(seen.better(metric), mark)
            cells.append(Cell(number(mark.middle, unit, sign=True), mark.middle, tuple(notes), tone))
        rows.append((GROUPS[metric], *cells))
    drawn = figure(
        "welfare",
        "Welfare by group: difference to the baseline, CNY",
        figures.forest(panels, shared=True),
        f"Difference in welfare of {listed([panel.title for panel in panels])} to {seen.titles[seen.baseline]}, "
        "all on one scale.",
        Table(f"Difference in welfare, {in_words(unit)[1]}", ("", *(seen.titles[n] for n in seen.others)), rows),
        f"Over {counted(seen.days, 'day')}, all groups on one scale."
        + (f" Mean and 95{GAP}% interval; hollow: the interval includes zero." if seen.certain else ""),
    )
    text = (
        "Users’ welfare is the worth, in money, of having this messenger, the rival or neither to open each day, "
        "all that they pay taken off; firms’ is their profit. Gifts between people are transfers and wages are costs. "
        "The groups add up to everyone together."
    )
    return Section("welfare", "Who gains and who pays", [text, drawn, *_gainers(seen)])


def _gainers(seen: Compared) -> list[Part]:
    """The share of users who gain and lose, as a picture where the single runs say both."""
    names = [name for name in seen.others if name in seen.comparison.gaining]
    if not names:
        return []
    both = all(name in seen.gathered and seen.gathered[name].worse for name in names)
    gaining = [seen.comparison.gaining[name]["mean"] for name in names]
    rows: list[Row] = []
    for name, gain in zip(names, gaining, strict=True):
        share = seen.comparison.gaining[name]
        cells = [Cell(number(gain, "share"), gain, seen.range(share["low"], share["high"], "share"))]
        if both:
            one = seen.gathered[name]
            lose = float(np.mean(one.worse))
            cells.append(Cell(number(lose, "share"), lose))
            cells.extend(Cell(measure(float(v), "CNY", sign=True), float(v)) for v in np.mean(one.change, axis=0))
        rows.append((seen.titles[name], *cells))
    head = ["", "Gain"]
    if both:
        head += [
            "Lose",
            "Change of the lowest tenth, at most",
            "Median change",
            "Change of the highest tenth, at least",
        ]
    table = Table("Users who gain and lose against the baseline of the same luck", tuple(head), rows)
    if not both:
        return [table]
    worse = [float(np.mean(seen.gathered[name].worse)) for name in names]
    bars = [("Worse off", [-share for share in worse]), ("Better off", gaining)]
    most = max(range(len(names)), key=lambda at: gaining[at])
    drawn = figure(
        "gainers",
        "Users better and worse off than in the baseline, % of users",
        figures.stacked(
            [seen.titles[name] for name in names], bars, "share", (figures.LOSS, figures.GAIN), totals=False
        ),
        "Share of users whose surplus is above or below what they have in the baseline with the same luck; "
        f"most gain under {seen.titles[names[most]]}, {number(gaining[most], 'share')}.",
        table,
        f"Each person against themselves in the baseline, with the same luck: better or worse off by {LEAST_GAIN:g} CNY a "
        "year or more. The rest are as well off; the table has by how much.",
    )
    return [drawn]
