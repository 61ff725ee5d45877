"""Who wins on what, and how surely: paired differences to the baseline, and what pairing saved."""

from collections.abc import Sequence

import numpy as np

from sim.report import figures
from sim.report.compared import Compared
from sim.report.figures import Panel, figure
from sim.report.marks import ends_of, tone_of
from sim.report.page import Cell, Figure, Row, Section, Table
from sim.report.wording import GAP, HEADLINES, chance, counted, in_words, listed, number, short, verdict

PICTURED = ("profit.total", "welfare.users", "welfare.total", "users.daily", "messaging.messages", "attention.rival")


def winners(seen: Compared) -> Section | None:
    """Who wins on what, and how surely."""
    metrics = seen.measured(HEADLINES)
    if not metrics or not seen.others:
        return None
    same = [m for m in metrics if not any(any(seen.mark(m, name)[1:]) for name in seen.others)]
    metrics = [m for m in metrics if m not in same]
    if not metrics:
        return Section(
            "winners", "Who wins on what, and how surely", ["The scenarios do not differ in what is measured."]
        )
    return Section(
        "winners",
        "Who wins on what, and how surely",
        [
            _how_to_read(seen) + (f" The same in all: {listed([HEADLINES[m] for m in same])}." if same else ""),
            *([seen.waited] if seen.waited else []),
            against_baseline(seen, "Differences to the baseline, by metric and scenario", metrics),
            _forest(seen, [metric for metric in metrics if metric in PICTURED] or metrics[:3]),
        ],
    )


def _forest(seen: Compared, pictured: list[str]) -> Figure:
    """Differences and their intervals, a panel a metric."""
    panels = [
        Panel(HEADLINES[m], seen.unit(m), [seen.mark(m, name) for name in seen.others], seen.better(m))
        for m in pictured
    ]
    sure = sum(mark.sure for panel in panels for mark in panel.marks)
    whole = sum(len(panel.marks) for panel in panels)
    alt = (
        f"Paired differences to {seen.titles[seen.baseline]} in {listed([panel.title for panel in panels])}; "
        f"{sure} of {whole} have an interval that excludes zero."
    )
    rows: list[Row] = [
        (Cell(HEADLINES[m], notes=(_unit_named(seen.unit(m)),)), seen.titles[name], *_reached(seen, m, name))
        for m in pictured
        for name in seen.names
    ]
    head = ("", "Scenario", "Mean", "Difference", "Interval from", "to", "Probability of best")
    return figure(
        "differences",
        "Difference to the baseline",
        figures.forest(panels),
        alt,
        Table("Means and paired differences", head, rows),
        (
            f"Mean over replicates and 95{GAP}% interval. Blue is better, orange worse; "
            "a hollow mark has an interval that includes zero."
            if seen.certain
            else "One replicate: there is no interval, so every mark is hollow."
        ),
    )


def _how_to_read(seen: Compared) -> str:
    """What stands in the table."""
    return (
        f"The baseline’s column has its means; the others have their mean paired difference to it, with its "
        f"95{GAP}% interval below, and the probability that the scenario is the best of all on that line: “may be” where "
        "that is not settled, and none where scenarios are alike, of which none is best. "
        "Grey: the interval includes zero, so the sign is not settled."
        if seen.certain
        else "The baseline’s column has its values; the others have their difference to it. "
        "With one replicate there is neither an interval nor a probability of being best."
    )


def _reached(seen: Compared, metric: str, name: str) -> list[Cell | str]:
    """Mean, difference, interval and probability of being best, each in a cell of its own."""
    it, unit, probability = seen.figures(metric, name), seen.unit(metric), seen.best(metric, name)
    cells: list[Cell | str] = [Cell(number(it["mean"], unit), it["mean"])]
    if name == seen.baseline:
        cells += [Cell("")] * 3
    else:
        ends = (it["diff_low"], it["diff_high"]) if seen.certain else ()
        cells += [Cell(number(value, unit, sign=True), value) for value in (it["diff"], *ends)]
        cells += [] if seen.certain else [Cell("none")] * 2
    none = "unknown" if not seen.certain or seen.better(metric) == "neither" else "tied"
    cells.append(none if probability is None else Cell(chance(probability), probability))
    return cells


def against_baseline(seen: Compared, caption: str, metrics: Sequence[str], by_name: bool = False) -> Table:
    """A row a metric: the baseline's mean, and the others' paired differences with interval and probability of best."""
    rows: list[Row] = []
    for metric in metrics:
        unit = seen.unit(metric)
        label = metric if by_name else HEADLINES.get(metric, metric)
        note = seen.meaning(metric) if by_name else ""
        cells: list[Cell | str] = [Cell(label, notes=tuple(n for n in (note, _unit_named(unit)) if n))]
        for name in seen.names:
            it, mark = seen.figures(metric, name), seen.mark(metric, name)
            notes, tone = list[str](), ""
            if name != seen.baseline and seen.baseline in seen.alike(metric, name):
                cells.append(Cell("0", 0.0, ("no difference",), "unsure"))
                continue
            if name == seen.baseline:
                text, value = number(it["mean"], unit), it["mean"]
            else:
                text, value = number(it["diff"], unit, sign=True), it["diff"]
                notes = ends_of(mark, unit)
                tone = tone_of(seen.better(metric), mark) if notes else ""
            if said := verdict(seen.best(metric, name)):
                notes.append(said)
            cells.append(Cell(text, value, tuple(notes), tone, seen.comparison.verdict(metric) == name))
        rows.append(tuple(cells))
    head = [f"{title} (baseline)" if name == seen.baseline else title for name, title in seen.titles.items()]
    return Table(caption, ("", *head), rows)


def _unit_named(unit: str) -> str:
    name = in_words(unit)[1]
    return "%, differences in points" if name == "%" else name


def common_luck(seen: Compared) -> Section | None:
    """How much variance the shared luck saved."""
    metrics = seen.measured(PICTURED) or seen.measured(HEADLINES)
    if not seen.certain or not seen.others or not metrics:
        return None
    rows: list[Row] = []
    ratios = []
    for metric in metrics:
        cells = []
        for name in seen.others:
            ratio = seen.figures(metric, name)["variance_ratio"]
            ratios.append(ratio)
            cells.append(Cell(f"{short(ratio)} times", ratio, tone="" if ratio > 1 else "unsure"))
        rows.append((HEADLINES[metric], *cells))
    middle = float(np.median(ratios))
    text = (
        "Scenarios meet the same people and the same luck, so what luck does to both cancels in their difference. "
        f"In the median over these metrics, luck of its own for each scenario would have given differences "
        f"{short(middle)} times the variance, and so would have needed that many times the replicates. "
        f"What sharing saves falls with the horizon: here it is {counted(seen.days, 'day')}; over more the worlds "
        "drift apart and less is saved. "
        f"The ratios are themselves estimates, from {counted(seen.replicates, 'replicate')}."
    )
    table = Table(
        "Variance of the difference with separate luck, over that with shared luck",
        ("", *(seen.titles[name] for name in seen.others)),
        rows,
    )
    return Section("luck", "What common luck saved", [text, table])
