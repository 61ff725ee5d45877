"""Lines over days, with bands around them."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib.lines
import numpy as np
from matplotlib.figure import Figure as Canvas

from sim.report.figures.sheet import (
    DESK,
    INK,
    RULE,
    SOFT,
    Sheet,
    clipped,
    ink_over,
    key_of,
    length,
    round_ticks,
    with_air,
)
from sim.report.wording import MONTHS, date_in_words, shown_unit


class Line(NamedTuple):
    """A value a day, with a band around it if there is one."""

    label: str
    values: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    colour: str = SOFT
    dashes: tuple[float, ...] = ()


class Strip(NamedTuple):
    """Lines on one scale over days."""

    title: str
    unit: str
    lines: list[Line]
    difference: bool = False
    from_zero: bool = True

    @property
    def heading(self) -> str:
        """The title with the unit, unless one says the other."""
        unit = shown_unit(self.unit, self.difference)
        if unit.lower() in self.title.lower():
            return self.title
        return f"{self.title}, {unit}" if self.title else unit[:1].upper() + unit[1:]


def series(dates: Sequence[str], strips: Sequence[Strip], shaded: Sequence[bool] = ()) -> Callable[[int], Canvas]:
    """Strips one below the other on the same days, lines named at their ends, or above them on a phone."""

    def draw(width: int) -> Canvas:
        desk = width == DESK
        several = any(len(strip.lines) > 1 for strip in strips)
        labels = [line.label for strip in strips for line in strip.lines]
        gutter = min(250.0, max(length(label) for label in labels) + 22) if desk and several else 12.0
        tall = 190 if desk else 150
        if desk and several:
            tall = max(tall, 16 * max(len(strip.lines) for strip in strips))
        scale = 62.0
        wide = width - scale - gutter
        keys = [([], 0.0) if desk else key_of([line.label for line in strip.lines], width) for strip in strips]
        heads = [34 + (down if down > 4 else 0.0) for _, down in keys]
        sheet = Sheet(width, sum(heads) + len(strips) * (tall + 14) + 26)
        days = np.arange(len(dates))
        top = 0.0
        for at, (strip, (key, _), head) in enumerate(zip(strips, keys, heads, strict=True)):
            sheet.write(clipped(strip.heading, width), 0, top + 12, weight="bold")
            sheet.key([(x, top + 24 + y) for x, y in key], [(line.label, line.colour) for line in strip.lines])
            axes = sheet.axes(scale, top + head, wide, tall)
            low, high = _range_of(strip)
            axes.set_ylim(low, high)
            axes.set_xlim(0, len(dates) - 1)
            axes.set_yticks(*round_ticks(low, high, strip.unit, 4, strip.difference))
            axes.grid(axis="y", color=RULE, lw=0.7)
            for first, last in _runs(shaded):
                axes.axvspan(first - 0.5, last + 0.5, color="#f3e3c3", lw=0, zorder=0)
            if strip.difference:
                axes.axhline(0, color=SOFT, lw=1)
            for line in strip.lines:
                style: dict[str, Any] = {"dashes": line.dashes} if line.dashes else {}
                axes.plot(days, line.values, color=line.colour, lw=1.7, **style)
                if line.low is not None and line.high is not None:
                    axes.fill_between(days, line.low, line.high, color=line.colour, alpha=0.16, lw=0)
            places, names = month_ticks(dates, 8 if desk else 4)
            axes.set_xticks(places, names if at == len(strips) - 1 else [""] * len(places))
            if desk and len(strip.lines) > 1:
                ends = [tall * (high - float(line.values[-1])) / (high - low) for line in strip.lines]
                for line, end, y in zip(strip.lines, ends, _apart(ends, 15, tall), strict=True):
                    xs = [(scale + wide + step) / width for step in (3, 10, 16)]
                    ys = [1 - (top + head + step) / sheet.height for step in (end, y, y)]
                    sheet.canvas.add_artist(
                        matplotlib.lines.Line2D(xs, ys, color=line.colour, lw=1, transform=sheet.canvas.transFigure)
                    )
                    ink = line.colour if ink_over(line.colour) == "white" else INK
                    sheet.write(clipped(line.label, gutter - 20), scale + wide + 19, top + head + y, colour=ink)
            top += head + tall + 14
        return sheet.canvas

    return draw


def _range_of(strip: Strip) -> tuple[float, float]:
    """The scale that holds all lines and bands."""
    every = np.concatenate(
        [
            np.asarray(part, float)
            for line in strip.lines
            for part in (line.values, line.low, line.high)
            if part is not None
        ]
    )
    low, high = float(every.min()), float(every.max())
    if strip.from_zero or strip.difference:
        low, high = min(0.0, low), max(0.0, high)
    if strip.from_zero and not strip.difference and low == 0:
        return 0.0, high * 1.06 if high > 0 else 1.0
    low, high = with_air(low, high)
    return (max(0.0, low), min(1.0, high)) if strip.unit == "share" and not strip.difference else (low, high)


def _runs(shaded: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last day of each run of shaded days."""
    found: list[tuple[int, int]] = []
    for day, dark in enumerate(shaded):
        if dark and found and found[-1][1] == day - 1:
            found[-1] = (found[-1][0], day)
        elif dark:
            found.append((day, day))
    return found


def _apart(places: Sequence[float], least: float, tall: float) -> list[float]:
    """The places moved so that no two are nearer than `least`, as little as need be, within 0 and `tall`."""
    order = sorted(range(len(places)), key=lambda at: places[at])
    moved = list(places)
    for before, at in itertools.pairwise(order):
        moved[at] = max(moved[at], moved[before] + least)
    over = max(0.0, moved[order[-1]] - tall)
    for at in reversed(order):
        if over <= 0:
            break
        moved[at] -= over
        below = order[order.index(at) - 1] if order.index(at) > 0 else None
        over = max(0.0, moved[below] + least - moved[at]) if below is not None else 0.0
    return moved


def month_ticks(dates: Sequence[str], most: int) -> tuple[list[int], list[str]]:
    """Which days to name below a picture, and how: months, or days where there are few."""
    first_days = [day for day, date in enumerate(dates) if date[8:10] == "01"]
    if len(dates) > 80 and len(first_days) > 1:
        every = next(n for n in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if len(first_days) / n <= most)
        places = [day for day in first_days if (int(dates[day][5:7]) - 1 + 12 * int(dates[day][:4])) % every == 0]
        years = {dates[day][:4] for day in places[1:] if dates[day][:4] != dates[places[0]][:4]} if places else set()
        names = []
        for at, day in enumerate(places):
            new = at == 0 or dates[day][:4] != dates[places[at - 1]][:4]
            month = MONTHS[int(dates[day][5:7]) - 1]
            names.append(f"{month}\n{dates[day][:4]}" if new and (years or at == 0) else month)
        return places, names
    every = max(1, math.ceil(len(dates) / most / 7) * 7) if len(dates) > most else 1
    places = list(range(0, len(dates), every))
    return places, [" ".join(date_in_words(dates[day]).split()[:2]) for day in places]
