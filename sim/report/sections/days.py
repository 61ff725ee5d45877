"""What changes from day to day: people in a comparison; people, talk, money and mood in a run."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.report import colours, figures
from sim.report.compared import Compared, dates_of
from sim.report.figures import Line, Strip, figure
from sim.report.page import Cell, Figure, Part, Row, Section, Table
from sim.report.sections.money import parts_of
from sim.report.wording import GAP, date_in_words, in_words, measure, number, plain
from sim.results.intervals import by_column
from sim.results.runs import Result

STROKES = (figures.LINES[0], figures.LINES[1], figures.LINES[2], figures.LINES[5])


# Of a comparison


def people(seen: Compared) -> Section | None:
    """Daily users over time: the level, and the difference to the baseline."""
    metric = "users.daily"
    series = {name: np.array(one.days[metric]) for name, one in seen.gathered.items() if one.days.get(metric)}
    if seen.baseline not in series or len(seen.dates) < 2:
        return None
    window = 7 if len(seen.dates) >= 90 else 1
    unit = seen.unit(metric) or "people"
    colour_of = _colours(seen)
    levels, gaps, rows = [], [], []
    for name in seen.names:
        if name not in series or series[name].shape != series[seen.baseline].shape:
            continue
        colour, dashes = colour_of[name]
        level = _band(_smooth(series[name], window))
        levels.append(Line(seen.titles[name], level[0], level[1], level[2], colour, dashes))
        if name != seen.baseline:
            gap = _band(_smooth(series[name] - series[seen.baseline], window))
            gaps.append(Line(seen.titles[name], gap[0], gap[1], gap[2], colour, dashes))
        rows.append((name, series[name].mean(0), (series[name] - series[seen.baseline]).mean(0)))
    strips = [Strip("Daily users", unit, levels, from_zero=False)]
    if gaps:
        strips.append(Strip("Difference to the baseline", unit, gaps, difference=True))
    table: list[Row] = []
    for label, part in periods(seen.dates):
        cells = [
            Cell(
                number(float(mean[part].mean()), unit),
                float(mean[part].mean()),
                () if name == seen.baseline else (number(float(gap[part].mean()), unit, sign=True),),
            )
            for name, mean, gap in rows
        ]
        table.append((label, *cells))
    last = {name: float(mean[-28:].mean()) for name, mean, _ in rows}
    most, least = max(last, key=lambda n: last[n]), min(last, key=lambda n: last[n])
    said = " Seven-day means." if window == 7 else ""
    band = f" Bands: 95{GAP}% interval of the mean over replicates." if seen.certain else ""
    drawn = figure(
        "users",
        "Daily users, and their difference to the baseline",
        figures.series(seen.dates, strips),
        f"Daily users in each scenario from {date_in_words(seen.dates[0])} to "
        f"{date_in_words(seen.dates[-1])}; in the last 28 days most under {seen.titles[most]} "
        f"({number(last[most], unit)}) and fewest under {seen.titles[least]} ({number(last[least], unit)}).",
        Table("Mean daily users, and below it the difference to the baseline",
              ("", *(seen.titles[name] for name, *_ in rows)), table),
        f"Mean over replicates.{said}{band}",
    )  # fmt: skip
    return Section("users", "Users over time", [drawn])


def _colours(seen: Compared) -> dict[str, tuple[str, tuple[float, ...]]]:
    """The colour of each scenario, with dashes once the colours are spent."""
    found: dict[str, tuple[str, tuple[float, ...]]] = {}
    for name, colour in colours.of_strategies(seen.names).items():
        taken = any(colour == other for other, _ in found.values())
        found[name] = (colour, (5.0, 2.0) if taken else ())
    return found


def _smooth(series: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Means over a centred window of days, cut at both ends; rows are replicates."""
    if window == 1:
        return series
    days = series.shape[1]
    sums = np.concatenate([np.zeros((len(series), 1)), series.cumsum(1)], axis=1)
    first = np.clip(np.arange(days) - window // 2, 0, days)
    last = np.clip(np.arange(days) + window // 2 + 1, 0, days)
    return np.asarray((sums[:, last] - sums[:, first]) / (last - first))


def _band(series: NDArray[np.float64]) -> tuple[list[float], list[float] | None, list[float] | None]:
    """Mean over replicates of each day and its 95 % interval, if there are at least two."""
    if len(series) < 2:
        return series.mean(0).tolist(), None, None
    mean, low, high = by_column(series)
    return mean.tolist(), low.tolist(), high.tolist()


# Of a run


def course(result: Result) -> Section | None:
    """Day by day: people, messages and packets, money, mood; nothing to draw of a single day."""
    if len(result.days) < 2:
        return None
    talk = {"messaging.messages": "Messages", "lucky_money.packets": "Red packets"}
    mood = {"satisfaction.mean": "Satisfaction", "trust.mean": "Trust"}
    drawn = [
        _over_days(result, "people", "People", {"users.daily": "Daily", "users.monthly": "Monthly"}, together=True),
        _over_days(result, "talk", "Talk and gifts", talk),
        _revenue_so_far(result),
        _over_days(result, "mood", "Mood", mood, from_zero=False),
    ]
    parts: list[Part] = [one for one in drawn if one is not None]
    return Section("days", "Day by day", parts) if parts else None


def _over_days(
    result: Result,
    name: str,
    title: str,
    metrics: Mapping[str, str],
    together: bool = False,
    from_zero: bool = True,
) -> Figure | None:
    """A picture of series, on one scale or one below the other."""
    known = result.metrics
    stroke = dict(zip(metrics, STROKES, strict=False))  # of what is not there too, so that none takes another's
    some = [(metric, label) for metric, label in metrics.items() if metric in known and _varies(result, metric)]
    if not some:
        return None
    dates = dates_of(result.days)
    lines = [
        Line(label, result.days[metric].to_numpy(np.float64).tolist(), colour=stroke[metric]) for metric, label in some
    ]
    units = [known[metric].unit for metric, _ in some]
    if together:
        strips = [Strip("", units[0], lines, from_zero=from_zero)]
    else:
        strips = [Strip(line.label, unit, [line], from_zero=from_zero) for line, unit in zip(lines, units, strict=True)]
    rows: list[Row] = []
    for label, part in periods(dates):
        means = [float(np.mean(line.values[part])) for line in lines]
        rows.append((label, *(Cell(number(mean, unit), mean) for mean, unit in zip(means, units, strict=True))))
    peaks = []
    for line, unit in zip(lines, units, strict=True):
        top = int(np.argmax(line.values))
        peaks.append(f"{line.label} peak at {number(line.values[top], unit)} on {date_in_words(dates[top])}")
    head = ("", *(f"{line.label}, {in_words(unit)[1]}" for line, unit in zip(lines, units, strict=True)))
    festive = _festive(result)
    return figure(
        name, title, figures.series(dates, strips, festive), f"{title} by day. {'; '.join(peaks)}.",
        Table(f"{title}: mean of a day", head, rows), _shade(festive),
    )  # fmt: skip


def _revenue_so_far(result: Result) -> Figure | None:
    """Revenue by stream and all costs, summed since day 0."""
    known = result.metrics
    names = [name for name in parts_of(known, "revenue.") if name in result.days and result.days[name].any()]
    names.sort(key=lambda name: -float(result.days[name].sum()))
    if "cost.total" in result.days and "cost.total" in known:
        names.append("cost.total")
    if not names:
        return None
    dates, unit, festive = dates_of(result.days), known[names[0]].unit, _festive(result)
    totals = {name: result.days[name].to_numpy(np.float64).cumsum() for name in names}
    labels = {name: "All costs" if name == "cost.total" else plain(name.partition(".")[2]) for name in names}
    colour_of = colours.of_streams(name.partition(".")[2] for name in names)
    lines = [Line(labels[name], totals[name].tolist(), colour=colour_of[name.partition(".")[2]]) for name in names]
    if names[-1] == "cost.total":
        lines[-1] = lines[-1]._replace(colour=figures.SOFT, dashes=(4.0, 2.0))
    rows: list[Row] = []
    for label, part in periods(dates):
        ends = [float(totals[name][part][-1]) for name in names]
        rows.append((label, *(Cell(number(end, unit), end) for end in ends)))
    last = "; ".join(f"{labels[name]} {measure(float(totals[name][-1]), unit)}" for name in names)
    return figure(
        "money",
        "Revenue and costs so far",
        figures.series(dates, [Strip("Since day 0", unit, lines)], festive),
        f"Money taken in and spent since day 0. At the end: {last}.",
        Table(f"Since day 0, at the end of each period, {in_words(unit)[1]}", ("", *labels.values()), rows),
        _shade(festive),
    )


def _varies(result: Result, metric: str) -> bool:
    """Whether a metric was measured and is not the same on every day."""
    return metric in result.days and result.days[metric].nunique() > 1


def _festive(result: Result) -> list[bool]:
    if "clock.festival" not in result.days:
        return []
    return [bool(strength > 0) for strength in result.days["clock.festival"]]


def _shade(festive: Sequence[bool]) -> str:
    return "Shaded: festivals." if any(festive) else ""


# Of both


def periods(dates: Sequence[str]) -> Iterator[tuple[str, slice]]:
    """Days, weeks or calendar months with their names, as few as can be read."""
    if len(dates) > 120 and len(dates[0]) == 10:
        starts = [day for day in range(len(dates)) if day == 0 or dates[day][:7] != dates[day - 1][:7]]
        for first, last in zip(starts, [*starts[1:], len(dates)], strict=True):
            yield " ".join(date_in_words(dates[first]).split()[1:]), slice(first, last)
        return
    step = 1 if len(dates) <= 31 else 7
    for first in range(0, len(dates), step):
        last = min(first + step, len(dates))
        name = date_in_words(dates[first])
        yield name if step == 1 else f"week from {name}", slice(first, last)
