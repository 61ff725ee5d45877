"""Bars made of parts."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from sim.report.figures.sheet import (
    DESK,
    FILLS,
    SOFT,
    Sheet,
    clipped,
    folded,
    ink_over,
    key_of,
    length,
    number_line,
    row_for,
)
from sim.report.wording import MINUS, number


def stacked(
    rows: Sequence[str],
    parts: Sequence[tuple[str, Sequence[float]]],
    unit: str,
    colours: Sequence[str] = FILLS,
    totals: bool = True,
    apart: int = 0,
) -> Callable[[int], Canvas]:
    """A bar a row, made of parts; what is negative goes left. Parts are named in the bar where there is room.

    The rows from `apart` on stand below a line.
    """

    def draw(width: int) -> Canvas:
        desk = width == DESK
        gutter = min(220.0, max(length(row) for row in rows) + 14) if desk else 0.0
        table = np.array([values for _, values in parts], float)
        above, below = np.clip(table, 0, None).sum(0), np.clip(table, None, 0).sum(0)
        low, high = min(0.0, float(below.min())), max(0.0, float(above.max()))
        high = high if high > low else low + 1
        ends = [number(float(total), unit) for total in table.sum(0)] if totals else ["" for _ in rows]
        beside = max(length(end) for end in ends) + 12 if totals and desk else 8.0
        wide = width - gutter - beside
        key, top = key_of([name for name, _ in parts], width)
        row, bar = (row_for(rows, gutter - 8, 34), 22) if desk else (46, 20)
        sheet = Sheet(width, top + row * len(rows) + 28)
        sheet.key(key, [(name, colour) for (name, _), colour in zip(parts, itertools.cycle(colours), strict=False)])
        axes = sheet.axes(gutter, top, wide, row * len(rows))
        number_line(axes, low, high, unit, wide, 5 if desk else 3)
        if not totals:  # two sides, both counted from the middle
            axes.set_xticks(axes.get_xticks(), [tick.get_text().lstrip(MINUS) for tick in axes.get_xticklabels()])
        axes.set_ylim(len(rows), 0)
        axes.axvline(0, color=SOFT, lw=1)
        if 0 < apart < len(rows):
            sheet.line(top + row * apart)

        def named(value: float) -> str:
            text = number(abs(value), unit)
            return text if len(parts) > 1 and abs(value) / (high - low) * wide > length(text, 11) + 8 else ""

        for place, label in enumerate(rows):
            middle = place + (0.5 if desk else 0.7)
            _one_bar(axes, middle, bar / row, table[:, place].tolist(), colours, named)
            y = top + place * row
            if desk:
                sheet.write(folded(label, gutter - 8), 0, y + row / 2, va="center")
                x = gutter + (float(above[place]) - low) / (high - low) * wide + 7
                sheet.write(ends[place], x, y + row / 2, weight="bold")
            else:
                sheet.write_over(clipped(label, width - length(ends[place]) - 14), 0, y + 13)
                if ends[place]:
                    sheet.write_over(ends[place], width, y + 13, ha="right", weight="bold")
        return sheet.canvas

    return draw


def _one_bar(
    axes: Axes,
    middle: float,
    thick: float,
    values: Sequence[float],
    colours: Sequence[str],
    named: Callable[[float], str],
) -> None:
    """The parts of one bar side by side, what is negative to the left; `named` says what stands in a part, if anything."""
    right = left = 0.0
    for value, colour in zip(values, itertools.cycle(colours), strict=False):
        start = right if value >= 0 else left
        axes.barh(middle, value, thick, left=start, color=colour, ec="white", lw=0.8)
        right, left = (right + value, left) if value >= 0 else (right, left + value)
        if text := named(value):
            axes.text(start + value / 2, middle, text, ha="center", va="center", fontsize=11, color=ink_over(colour))
