"""Curves over a factor, and maps of who wins over two: the pictures of a sweep."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import matplotlib.patches
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
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
    round_ticks,
    with_air,
)

ACROSS = 3  # panels side by side on a desk
NOBODY = "#eceef1"  # a place where the first are equal
SURE, UNSURE = 0.55, 0.15  # how much of its colour a winner's place has
HEAD, TALL, FOOT, SCALE, GAP = 36.0, 150.0, 34.0, 58.0, 26.0


class Curve(NamedTuple):
    """A value at each level of a factor, with a band where there is one."""

    label: str
    at: list[float]
    values: list[float]
    low: list[float]
    high: list[float]
    colour: str


class Panel(NamedTuple):
    """Curves over one factor: `places` names its levels and says where they lie."""

    title: str
    places: list[tuple[float, str]]
    curves: list[Curve]


def over_factors(panels: Sequence[Panel], unit: str, difference: bool = False) -> Callable[[int], Canvas]:
    """Panels on one vertical scale, so that what matters more looks steeper; names of curves above them."""

    def draw(width: int) -> Canvas:
        across = min(ACROSS, len(panels)) if width == DESK else 1
        rows = -(-len(panels) // across)
        curves = panels[0].curves
        key, top = key_of([curve.label for curve in curves], width)
        wide = (width - across * SCALE - (across - 1) * GAP - 14) / across
        sheet = Sheet(width, top + rows * (HEAD + TALL + FOOT))
        sheet.key(key, [(curve.label, curve.colour) for curve in curves])
        low, high = _range(panels, difference)
        for at, panel in enumerate(panels):
            left = SCALE + (at % across) * (wide + SCALE + GAP)
            down = top + (at // across) * (HEAD + TALL + FOOT)
            sheet.write(clipped(panel.title, wide + SCALE), left - SCALE + 4, down + 14, weight="bold")
            axes = sheet.axes(left, down + HEAD, wide, TALL)
            axes.set_ylim(low, high)
            axes.set_yticks(*round_ticks(low, high, unit, 4, difference))
            axes.grid(axis="y", color=RULE, lw=0.7)
            _name_levels(axes, panel, wide)
            if difference:
                axes.axhline(0, color=SOFT, lw=1)
            for curve in panel.curves:
                axes.fill_between(curve.at, curve.low, curve.high, color=curve.colour, alpha=0.16, lw=0)
                axes.plot(curve.at, curve.values, "o-", color=curve.colour, lw=1.7, ms=4.5, mec="white", mew=0.8)
        return sheet.canvas

    return draw


def _range(panels: Sequence[Panel], difference: bool) -> tuple[float, float]:
    """The scale that holds all curves and bands."""
    ends = [end for panel in panels for curve in panel.curves for end in (*curve.low, *curve.high)]
    low, high = min(ends), max(ends)
    if difference:
        low, high = min(0.0, low), max(0.0, high)
    return with_air(low, high)


def _name_levels(axes: Axes, panel: Panel, wide: float) -> None:
    """The levels below the panel; where they would run into each other only the first and the last."""
    places = [place for place, _ in panel.places]
    low, high = min(places), max(places)
    air = (high - low) * 0.06 or 1.0
    axes.set_xlim(low - air, high + air)
    names = [name for _, name in panel.places]
    step = wide / (high - low + 2 * air)
    room = min(np.diff(sorted(places)), default=high - low + 2 * air) * step
    if max(length(name, 11) for name in names) + 6 > room:
        half = wide / 2 - 8
        names = [clipped(name, half, 11) if at in (0, len(names) - 1) else "" for at, name in enumerate(names)]
    axes.set_xticks(places, names)
    labels = axes.get_xticklabels()
    if len(labels) > 1:  # at the ends a name may not stick out of the panel
        if length(names[0], 11) / 2 > air * step + 8:
            labels[0].set_horizontalalignment("left")
        if length(names[-1], 11) / 2 > air * step + 8:
            labels[-1].set_horizontalalignment("right")


class Win(NamedTuple):
    """Who is best in a place of a map (None if the first are equal), what is said of its lead, whether that is settled."""

    winner: int | None
    lead: str
    sure: bool


def winners(
    rows: Sequence[str], columns: Sequence[str], down: str, across: str, names: Sequence[tuple[str, str, str]],
    cells: Sequence[Sequence[Win | None]],
) -> Callable[[int], Canvas]:  # fmt: skip
    """A map of who wins: colour and name of the winner, pale where its lead is not settled.

    Args:
        rows, columns: the levels of the factor downwards and of the one across; `down` and `across` name them.
        names: short, full and colour, of those who can win; a Win has a place in it.
    """

    def draw(width: int) -> Canvas:
        desk = width == DESK
        seen = sorted({cell.winner for row in cells for cell in row if cell is not None and cell.winner is not None})
        pale = "pale: not settled" if seen else "grey: the first are equal"
        key, top = key_of([*(names[at][1] for at in seen), pale, ""], width)
        gutter = min(190.0 if desk else 78.0, max(length(row) for row in rows) + 14)
        wide = min((width - gutter) / len(columns), 170.0)
        tall = 48.0 if desk else 42.0
        head = top + 46
        sheet = Sheet(width, head + tall * len(rows) + 6)
        sheet.key(key, [(names[at][1], _fill(names[at][2], sure=True)) for at in seen])
        x, y = key[-2]
        sheet.square(x, y, _fill(names[seen[0]][2], sure=False) if seen else NOBODY)
        sheet.write(pale, x + 15, y, colour=SOFT)
        sheet.write(clipped(f"↓ {down}", width / 2 - 8), 0, top + 12, colour=SOFT)
        sheet.write(clipped(f"→ {across}", width / 2), min(width / 2, length(down) + 40), top + 12, colour=SOFT)
        axes = sheet.grid(gutter, head, wide, tall, len(columns), len(rows))
        for at, name in enumerate(columns):
            sheet.write(clipped(name, wide - 4, 11), gutter + (at + 0.5) * wide, head - 12, 11, ha="center")
        for i, row in enumerate(cells):
            sheet.write(folded(rows[i], gutter - 8), 0, head + (i + 0.5) * tall, va="center")
            for j, cell in enumerate(row):
                if cell is not None:
                    if cell.winner is None:
                        name, colour = "equal", NOBODY
                    else:
                        name, colour = names[cell.winner][0], _fill(names[cell.winner][2], cell.sure)
                    _draw_win(axes, i, j, cell, name, colour, wide)
        return sheet.canvas

    return draw


def _draw_win(axes: Axes, i: int, j: int, cell: Win, name: str, colour: str, wide: float) -> None:
    axes.add_patch(matplotlib.patches.Rectangle((j, i), 1, 1, fc=colour, ec="white", lw=2))
    axes.text(j + 0.5, i + 0.36, clipped(name, wide - 10, 11), ha="center", va="center", fontsize=11, color=INK)
    if length(cell.lead, 10) <= wide - 6:
        axes.text(j + 0.5, i + 0.70, cell.lead, ha="center", va="center", fontsize=10, color=INK)


def _fill(colour: str, sure: bool) -> str:
    """The colour of a scenario's curve with so much white that dark text can be read on it."""
    return to_hex([1 - (1 - part) * (SURE if sure else UNSURE) for part in to_rgb(colour)])
