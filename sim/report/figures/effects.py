"""What inputs do: the share of a variance that each has, and what its ends change."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import matplotlib.patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from sim.report.figures.sheet import (
    DESK,
    INK,
    RULE,
    SOFT,
    Sheet,
    clipped,
    folded,
    key_of,
    length,
    number_line,
    with_air,
)
from sim.report.wording import number

ALONE, TOGETHER = "#332288", "#aab4dd"  # what an input explains alone, and what it has a part in
LOW_END, HIGH_END = "#77aadd", "#ee8866"


class Part(NamedTuple):
    """An input's first and total index, the total with its interval."""

    label: str
    first: float
    total: float
    low: float
    high: float


def parts(rows: Sequence[Part]) -> Callable[[int], Canvas]:
    """A bar an input: dark what it explains alone, pale what it has a part in, a line for the interval of the latter."""

    def draw(width: int) -> Canvas:
        sheet, axes, gutter, top, tall = _frame(width, [row.label for row in rows], 30, (
            ("explains alone", ALONE), ("has a part in", TOGETHER),
        ))  # fmt: skip
        number_line(axes, 0.0, 1.0, "share", width - gutter - 60, 5)
        for place, row in enumerate(rows):
            middle = _middle(place, width)
            axes.barh(middle, row.total, 0.5, color=TOGETHER, lw=0)
            axes.barh(middle, min(row.first, row.total), 0.5, color=ALONE, lw=0)
            axes.plot((row.low, row.high), (middle, middle), color=INK, lw=1.4)
            end = max(row.total, row.high)
            x = gutter + end * (width - gutter - 60) + 6
            sheet.write(number(row.total, "share"), x, top + middle * tall)
        return sheet.canvas

    return draw


class Bar(NamedTuple):
    """What an input's ends change: mean and interval, None where nobody can live; `levels` says how they are named."""

    label: str
    levels: tuple[str, str]
    low: tuple[float, float, float] | None
    high: tuple[float, float, float] | None


def tornado(rows: Sequence[Bar], unit: str) -> Callable[[int], Canvas]:
    """Two bars an input, from what is given to either end of its range, each with its interval for luck."""

    def draw(width: int) -> Canvas:
        ends = [it for row in rows for side in (row.low, row.high) if side is not None for it in side]
        low, high = with_air(min(0.0, *ends), max(0.0, *ends))
        sheet, axes, gutter, top, tall = _frame(width, [row.label for row in rows], 48, (
            ("low end of the range", LOW_END), ("high end", HIGH_END),
        ))  # fmt: skip
        number_line(axes, low, high, unit, width - gutter - 60, 5 if width == DESK else 3, sign=True)
        axes.axvline(0, color=SOFT, lw=1)
        for place, row in enumerate(rows):
            sides = ((row.low, -0.16, LOW_END, row.levels[0]), (row.high, 0.16, HIGH_END, row.levels[1]))
            for side, off, colour, level in sides:
                if side is None:
                    continue
                middle = _middle(place, width) + off
                axes.barh(middle, side[0], 0.28, color=colour, lw=0)
                axes.plot(side[1:], (middle, middle), color=INK, lw=1.1)
                if width == DESK:
                    end = max(*side, 0.0)
                    x = gutter + (end - low) / (high - low) * (width - gutter - 60) + 6
                    sheet.write(clipped(level, max(30.0, width - x), 10), x, top + middle * tall, 10, SOFT)
        return sheet.canvas

    return draw


def _frame(
    width: int, labels: Sequence[str], row: int, key: Sequence[tuple[str, str]]
) -> tuple[Sheet, Axes, float, float, float]:
    """A sheet with its key and labels, its axes, how far they begin from the left and the top, and a row's height."""
    desk = width == DESK
    gutter = min(260.0, max(length(label) for label in labels) + 14) if desk else 0.0
    places, top = key_of([name for name, _ in key], width)
    tall = float(row if desk else row + 18)
    sheet = Sheet(width, top + tall * len(labels) + 28)
    sheet.key(places, key)
    axes = sheet.axes(gutter, top, width - gutter - 60, tall * len(labels))
    axes.set_ylim(len(labels), 0)
    for place, label in enumerate(labels):
        if place:
            line = matplotlib.patches.Rectangle((0, place), 1, 0, ec=RULE, lw=0.5, transform=axes.get_yaxis_transform())
            axes.add_patch(line)
        if desk:
            sheet.write(folded(label, gutter - 8), 0, top + (place + 0.5) * tall, va="center")
        else:
            sheet.write_over(clipped(label, width), 0, top + place * tall + 12)
    return sheet, axes, gutter, top, tall


def _middle(place: int, width: int) -> float:
    return place + (0.5 if width == DESK else 0.68)
