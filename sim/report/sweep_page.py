"""The page of a sweep: what each factor does to what was asked about, where each scenario wins, and what failed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sim.report import figures
from sim.report.figures import Panel, curves, figure
from sim.report.marks import ends_of, tone_of
from sim.report.page import Cell, Figure, Fold, Page, Part, Row, Section, Table, save, sections_of
from sim.report.sweep_answer import answer
from sim.report.swept import Swept, basis, called
from sim.report.wording import (
    GAP,
    by_hand_heading,
    counted,
    interval,
    listed,
    measure,
    number,
    seconds,
    sentence,
    shown,
    shown_unit,
    spans,
)
from sim.results.sweeps import Sweep

SHOWN = 50  # failures listed


def write(folder: Path) -> Path:
    """Write `report.html` into the folder of a sweep, finished or not, and return its path.

    Raises:
        BadInput: the folder holds none, or a file of it is damaged.
    """
    return save(sweep_page(Sweep.load(folder)), Path(folder))


def sweep_page(sweep: Sweep) -> Page:
    """The page of a sweep."""
    seen = Swept(sweep)
    about = seen.about
    size = [
        _size(seen, "users", "person"),
        _size(seen, "days", "day"),
        counted(len(seen.names), "scenario"),
        counted(about["points"], "point"),
        counted(len(sweep.seeds), "seed"),
        counted(about["runs"], "run"),
    ]
    return Page(
        sweep.title,
        " · ".join(size),
        answer(seen),
        _unfairness(seen),
        sections_of(SECTIONS, seen),
        str(about["version"]),
        sentence(by_hand_heading(seen.by_hand)),
    )


def _size(seen: Swept, what: str, one: str) -> str:
    """How many people or days, from fewest to most where that varies."""
    if (factor := seen.factors.get(f"run.{what}")) is None:
        return counted(seen.about[what], one)
    fewest, most = min(factor["values"]), max(factor["values"])
    return counted(most, one) if fewest == most else f"{fewest:,} to {counted(most, one)}"


def _unfairness(seen: Swept) -> list[str]:
    if not seen.about["unfair"]:
        return []
    said = ["The scenarios differ in what is assumed, not only in what is decided:"]
    for differing in seen.about["unfair"]:
        values = ", ".join(f"{shown(value)} in {name}" for name, value in differing["values"].items())
        said.append(f"{differing['name']}: {values}")
    return said


# Sections


def who_wins(seen: Swept) -> Section | None:
    """Each scenario on every metric asked about: with its levers where they do best, and over all points."""
    if not seen.chosen:
        return None
    parts: list[Part] = []
    choosing = seen.choosing(seen.chosen[0])
    table = _judged_table(seen) if choosing else _levels_table(seen)
    if choosing:
        many = max(it.of for it in seen.judged(seen.chosen[0]).values())
        parts.append(
            f"Each scenario stands here with its levers where they do best on each metric, out of up to {many:,} "
            "combinations. What is picked as the best was also the luckiest: it looks a little better than it is."
        )
    if seen.others:
        panels = []
        for metric in seen.chosen:
            found = seen.judged(metric)
            marks = [
                seen.mark(seen.titles[name], found[name].diff, found[name].diff_low, found[name].diff_high)
                for name in seen.others
            ]
            panels.append(Panel(seen.title(metric), seen.unit(metric), marks, seen.better(metric)))
        best = ", each with its levers at their best" if choosing else ""
        drawn = figure(
            "overall",
            f"Against the baseline, {seen.titles[seen.baseline]}{best}",
            figures.forest(panels),
            "Differences to the baseline by metric. "
            + "; ".join(f"{p.title}: " + ", ".join(f"{m.label} {measure(m.middle, p.unit, True)}" for m in p.marks)
                        for p in panels) + ".",
            table,
            f"Means over {seen.averaged(seen.chosen[0])}; {basis(seen.sweep)}."
            + (f" Filled: the 95{GAP}% interval excludes zero." if seen.certain else ""),
        )  # fmt: skip
        parts.append(drawn)
    else:
        parts.append(table)
    if choosing:
        parts.append(Fold("Means over all points, every value of the levers alike", [_levels_table(seen)]))
    return Section("overall", "Levers at their best" if choosing else "Over all points", parts)


def _judged_table(seen: Swept) -> Table:
    rows: list[Row] = []
    for metric in seen.chosen:
        unit, found = seen.unit(metric), seen.judged(metric)
        cells = []
        for name in seen.names:
            it = found[name]
            notes = [interval(it.low, it.high, unit, sign=False)] if seen.certain else []
            if name != seen.baseline:
                mark = seen.mark(name, it.diff, it.diff_low, it.diff_high)
                notes.append(f"{number(it.diff, unit, sign=True)} against the baseline")
                notes += ends_of(mark, unit)
            notes += seen.choices(metric, name)
            cells.append(Cell(number(it.mean, unit), it.mean, tuple(notes)))
        rows.append((f"{seen.title(metric)}, {shown_unit(unit)}", *cells))
    caption = f"With levers at their best, means over {seen.averaged(seen.chosen[0])}"
    return Table(caption, ("", *(seen.titles[name] for name in seen.names)), rows)


def _levels_table(seen: Swept) -> Table:
    rows: list[Row] = []
    for metric in seen.chosen:
        unit, found = seen.unit(metric), seen.overall(metric)
        cells = []
        for name in seen.names:
            it = found[name]
            notes = [interval(it.low, it.high, unit, sign=False)] if seen.certain else []
            if name != seen.baseline:
                notes.append(f"{number(it.diff, unit, sign=True)} against the baseline")
            cells.append(Cell(number(it.mean, unit), it.mean, tuple(notes)))
        rows.append((f"{seen.title(metric)}, {shown_unit(unit)}", *cells))
    points = (
        f"{seen.done:,} of {counted(seen.about['points'], 'point')}"
        if seen.done < seen.about["points"]
        else (counted(seen.done, "point"))
    )
    return Table(f"Means over {points} and the seeds", ("", *(seen.titles[name] for name in seen.names)), rows)


def effects(seen: Swept) -> Section | None:
    """What each factor does to each metric."""
    if not seen.chosen or not seen.factors:
        return None
    text = (
        "Each value of a factor with the mean over all other factors and seeds. The same luck and the same points stand "
        "behind every scenario, so that bands of differences are mostly narrower than those of levels."
    )
    text += f" Here {basis(seen.sweep)}."
    parts: list[Part] = [text] if seen.certain else []
    for metric in seen.chosen:
        parts.append(_curves(seen, metric, difference=False))
        if seen.others:
            parts.append(_curves(seen, metric, difference=True))
        parts.append(_changes_table(seen, metric))
    return Section("effects", "What each factor does", parts)


def _curves(seen: Swept, metric: str, difference: bool) -> Figure:
    found, unit = seen.effects(metric), seen.unit(metric)
    columns = ("diff", "diff_low", "diff_high") if difference else ("mean", "low", "high")
    names = seen.others if difference else seen.names
    panels = []
    for factor in seen.factors:
        labels, at = seen.place_names(factor), seen.levels[factor].at
        mine = found[found["factor"] == factor]
        lines = [
            _curve(mine[mine["scenario"] == name], seen.titles[name], columns, seen.colours[name]) for name in names
        ]
        panels.append(curves.Panel(called(factor), list(zip(at, labels, strict=True)), lines))
    title = seen.title(metric) + (" against the baseline" if difference else "") + f", {shown_unit(unit, difference)}"
    return figure(
        f"{metric.replace('.', '-')}-{'differences' if difference else 'levels'}",
        title,
        curves.over_factors(panels, unit, difference),
        f"{title}, by factor. "
        + "; ".join(
            f"{panel.title} from {panel.places[0][1]} to {panel.places[-1][1]}: "
            + ", ".join(
                f"{line.label} {number(line.values[0], unit, difference)} to {number(line.values[-1], unit, difference)}"
                for line in panel.curves
                if line.values
            )
            for panel in panels
        )
        + ".",
        _curves_table(seen, metric, names, columns, difference),
        _note(seen),
    )


def _note(seen: Swept) -> str:
    bands = f"Bands: 95{GAP}% intervals." if seen.certain else ""
    classes = any(isinstance(value, tuple) for levels in seen.levels.values() for value in levels.values)
    return f"{bands} A dot stands for a class of drawn values, at their mean.".strip() if classes else bands


def _curve(found: pd.DataFrame, title: str, columns: tuple[str, str, str], colour: str) -> curves.Curve:
    middle, low, high = (found[column].tolist() for column in columns)
    return curves.Curve(title, found["at"].tolist(), middle, low, high, colour)


def _curves_table(seen: Swept, metric: str, names: Sequence[str], columns: Sequence[str], difference: bool) -> Table:
    found, unit, rows = seen.effects(metric), seen.unit(metric), list[Row]()
    for (factor, place), level in found.groupby(["factor", "place"], sort=False):
        by_name = level.set_index("scenario")
        cells = []
        for name in names:
            middle, low, high = (float(by_name.loc[name, column]) for column in columns)
            notes = (interval(low, high, unit, sign=difference),) if seen.certain else ()
            cells.append(Cell(number(middle, unit, sign=difference), middle, notes))
        rows.append((f"{called(factor)}: {seen.level_names(factor)[place]}", *cells))
    caption = f"{seen.title(metric)}{' against the baseline' if difference else ''} by value of each factor"
    return Table(caption, ("", *(seen.titles[name] for name in names)), rows)


def _changes_table(seen: Swept, metric: str) -> Table:
    found, unit, rows = seen.changes(metric), seen.unit(metric), list[Row]()
    for factor, mine in found.groupby("factor", sort=False):
        names, by_name = seen.level_names(str(factor)), mine.set_index("scenario")
        cells: list[Cell] = []
        for name in seen.names:
            it = by_name.loc[name]
            mark = seen.mark(name, float(it["change"]), float(it["low"]), float(it["high"]))
            if it["change"] == it["low"] == it["high"] == 0:
                cells.append(Cell("no change", tone="unsure"))
                continue
            notes, tone = tuple(ends_of(mark, unit)), tone_of(seen.better(metric), mark)
            cells.append(Cell(number(mark.middle, unit, sign=True), mark.middle, notes, tone))
        rows.append((f"{called(str(factor))}, {names[0]} to {names[-1]}", *cells))
    caption = f"{seen.title(metric)}: change from the lowest to the highest value of each factor, 95 % intervals below"
    return Table(caption, ("", *(seen.titles[name] for name in seen.names)), rows)


def where_each_wins(seen: Swept) -> Section | None:
    """Maps of winners: over the factors that matter most on the first metric, over the first pair on the others."""
    if not seen.pairs or not seen.others:
        return None
    judged = [metric for metric in seen.chosen if seen.better(metric) != "neither"]
    parts: list[Part] = [_map(seen, metric, *pair) for metric in judged[:1] for pair in seen.pairs]
    parts += [_map(seen, metric, *seen.pairs[0]) for metric in judged[1:]]
    return Section("winners", "Where each wins", parts) if parts else None


def _map(seen: Swept, metric: str, one: str, other: str) -> Figure:
    found, unit = seen.sweep.winners(metric, one, other), seen.unit(metric)
    rows, columns = seen.level_names(one), seen.level_names(other)
    cells: list[list[curves.Win | None]] = [[None for _ in columns] for _ in rows]
    listed_rows: list[Row] = []
    for it in found.itertuples():
        lead = number(it.lead, unit, sign=True)
        tied = not isinstance(it.winner, str)
        cells[it.i][it.j] = curves.Win(
            None if tied else seen.names.index(it.winner), "" if tied else lead, bool(it.sure)
        )
        notes = (interval(it.low, it.high, unit),) if seen.certain else ()
        listed_rows.append(
            (
                f"{rows[it.i]} · {columns[it.j]}",
                "equal" if tied else seen.titles[it.winner],
                Cell(number(it.mean, unit), it.mean),
                seen.titles[it.second],
                Cell(lead, it.lead, notes, "" if it.sure else "unsure"),
            )
        )
    head = ("", "Best", f"{seen.title(metric)}, {shown_unit(unit)}", "Second", "Lead")
    wins = Counter(found["winner"].dropna()).most_common()
    best = listed([f"{seen.titles[n]} in {k}" for n, k in wins]) if wins else "nobody"
    return figure(
        f"map-{metric}-{one}-{other}".replace(".", "-"),
        f"{seen.title(metric)}: who is best, by {called(one).lower()} and {called(other).lower()}",
        curves.winners(
            rows,
            columns,
            called(one),
            called(other),
            [(name, seen.titles[name], seen.colours[name]) for name in seen.names],
            cells,
        ),
        f"The best on {seen.title(metric).lower()}: {best} of {len(found)} places.",
        Table(f"{called(one)} · {called(other)}", head, listed_rows),
        f"In each place the best and its lead over the second, {shown_unit(unit, True)}; {basis(seen.sweep)}.",
    )


def failures(seen: Swept) -> Section | None:
    """Runs that failed, and why."""
    if seen.failures.empty and not seen.missing:
        return None
    waiting = seen.missing - len(seen.failures)
    parts: list[Part] = []
    if waiting:
        parts.append(f"{counted(waiting, 'run')} not made yet: sweep again with the same plan to go on.")
    if not seen.failures.empty:
        reasons = Counter(seen.failures["error"]).most_common()
        rows: list[Row] = [(error, Cell(f"{many:,}", many)) for error, many in reasons[:SHOWN]]
        parts.append(Table("What went wrong", ("", "Runs"), rows))
        each: list[Row] = [
            (
                it["run"],
                f"{it['scenario']}, seed {it['seed']}, {_point(seen, it)}",
                str(it["traceback"]).strip().splitlines()[-1],
            )
            for it in seen.failures.head(SHOWN).to_dict("records")
        ]
        table = Table(f"Tracebacks lie in {'failed'}/RUN.json", ("", "Which", "Last line"), each, wordy=True)
        parts.append(Fold(f"Each of them{'' if len(seen.failures) <= SHOWN else f', the first {SHOWN}'}", [table]))
        parts.append("The next sweep with the same plan tries them again.")
    return Section("failures", "What is missing", parts)


def _point(seen: Swept, row: Mapping[Any, Any]) -> str:
    return ", ".join(f"{factor} = {shown(row[factor])}" for factor in seen.factors)


def what_was_varied(seen: Swept) -> Section | None:
    """The plan: scenarios, factors, seeds."""
    scenarios: list[Row] = [
        (name, seen.titles[name], "the baseline" if name == seen.baseline else "") for name in seen.names
    ]
    parts: list[Part] = [Table("Scenarios", ("", "Title", ""), scenarios, wordy=True)]
    rows: list[Row] = []
    for name, it in seen.factors.items():
        ends = seen.value_names(name)
        said = f"drawn between {ends[0]} and {ends[-1]}" if it["drawn"] else ", ".join(ends)
        only = f"only in {listed(it['only'])}" if it["only"] else "every scenario"
        rows.append(
            (name, said, only, it["origin"] or "run", "" if it["unit"] == "word" else it["unit"], it["meaning"])
        )
    if rows:
        parts.append(Table("Factors", ("", "Values", "In", "Origin", "Unit", "Meaning"), rows, wordy=True))
    if seen.by_hand:
        parts.append(f"Set in the plan: {'; '.join(seen.by_hand)}.")
    said = spans(seen.sweep.seeds)
    drawn = seen.about["sample"]
    how = f" {drawn['points']:,} points were drawn ({drawn['method']}, seed {drawn['seed']})." if drawn else ""
    parts.append(f"Every scenario lived every point with the same seeds: {said}.{how}")
    return Section("plan", "What was varied", parts)


def how_it_was_made(seen: Swept) -> Section | None:
    """Time, machine, version."""
    about, went = seen.about, seen.about.get("went") or {}
    facts = [
        ("Runs", f"{about['runs']:,}, of which {about['runs'] - seen.missing:,} finished"),
        ("Rows of the table", f"{about['points'] * len(seen.names) * len(seen.sweep.seeds):,}"),
        ("Last sweep", f"made {went['made']:,} runs in {seconds(went['seconds'])}" if went else "not finished"),
        ("Side by side", f"{went['jobs']}{' on a cluster' if went['cluster'] else ''}" if went else ""),
        ("Started", str(about["started"])),
        ("Processor", str(about["machine"].get("cpu", ""))),
        ("Python and numba", ", ".join(str(about["machine"][key]) for key in ("python", "numba"))),
        ("hongbao", str(about["version"])),
        ("Code", "more than one state of it" if about["code"] == "mixed" else about["code"][:16]),
    ]
    rows: list[Row] = [(name, value) for name, value in facts if value]
    return Section("run", "How it was made", [Table("How it was made", ("", ""), rows, wordy=True)])


SECTIONS: tuple[Callable[[Swept], Section | None], ...] = (
    who_wins,
    where_each_wins,
    effects,
    failures,
    what_was_varied,
    how_it_was_made,
)
