"""Points in a plane with their intervals, some of them on a front: what can be had of two aims at once."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure as Canvas

from sim.report.figures.sheet import DESK, INK, RULE, SOFT, Sheet, clipped, key_of, length, round_ticks, with_air
from sim.report.wording import shown_unit

SCALE, HEAD, FOOT = 66.0, 30.0, 52.0
TALL, TALL_ON_PHONE = 380.0, 300.0
PALE = 0.45  # of the ink of what is not on the front


class Dot(NamedTuple):
    """A point with its intervals; `label` stands beside it where there is one."""

    x: tuple[float, float, float]  # middle, low, high
    y: tuple[float, float, float]
    colour: str
    label: str = ""
    front: bool = False


def scatter(
    dots: Sequence[Dot], across: tuple[str, str], up: tuple[str, str], names: Sequence[tuple[str, str]], corner: str
) -> Callable[[int], Canvas]:
    """Dots, filled where they are on the front, with a line along it.

    Args:
        across, up: title and unit of either scale.
        names: of the key, with their colours.
        corner: "left" or "right", and "up" or "down" in a word: where the good lies, as in "right up".
    """

    def draw(width: int) -> Canvas:
        desk = width == DESK
        key, top = key_of([*(name for name, _ in names), ""], width)
        tall = TALL if desk else TALL_ON_PHONE
        sheet = Sheet(width, top + HEAD + tall + FOOT)
        sheet.key(key, names)
        sheet.write(clipped(_with_unit(*up), width), 0, top + 14, weight="bold")
        wide = width - SCALE - 18
        axes = sheet.axes(SCALE, top + HEAD, wide, tall)
        ends = [[end for dot in dots for end in dot.x], [end for dot in dots for end in dot.y]]
        (left, right), (low, high) = (with_air(min(it), max(it)) for it in ends)
        axes.set_xlim(left, right)
        axes.set_ylim(low, high)
        axes.set_xticks(*round_ticks(left, right, across[1], 6 if desk else 4))
        axes.set_yticks(*round_ticks(low, high, up[1], 5))
        axes.grid(color=RULE, lw=0.7)
        front = sorted((dot.x[0], dot.y[0]) for dot in dots if dot.front)
        if len(front) > 1:
            axes.plot(*np.array(front).T, color=SOFT, lw=1.2, dashes=(3, 2), zorder=1)
        for dot in sorted(dots, key=lambda it: it.front):
            alpha = 1.0 if dot.front else PALE
            axes.plot(dot.x[1:], (dot.y[0], dot.y[0]), color=dot.colour, lw=1.2, alpha=alpha)
            axes.plot((dot.x[0], dot.x[0]), dot.y[1:], color=dot.colour, lw=1.2, alpha=alpha)
            face = dot.colour if dot.front else "white"
            axes.plot(dot.x[0], dot.y[0], "o", ms=7, mfc=face, mec=dot.colour, mew=1.5, alpha=alpha, zorder=3)
        _write_labels(sheet, dots, (left, right, low, high), (SCALE, top + HEAD, wide, tall))
        foot = top + HEAD + tall + 38
        sheet.write(clipped(_with_unit(*across), width - 130), SCALE, foot, weight="bold")
        sheet.write(f"better: {corner}", width - 6, foot, 11, SOFT, ha="right")
        return sheet.canvas

    return draw


def _with_unit(title: str, unit: str) -> str:
    name = shown_unit(unit)
    return f"{title}, {name}" if name else title


def _write_labels(
    sheet: Sheet, dots: Sequence[Dot], scale: tuple[float, float, float, float], area: tuple[float, float, float, float]
) -> None:
    """Names beside their dots, where no other name stands yet: right of it, left, above or below."""
    (left, right, low, high), (x0, y0, wide, tall) = scale, area
    taken = list[tuple[float, float, float, float]]()
    for dot in (it for it in dots if it.label):
        x = x0 + (dot.x[0] - left) / (right - left) * wide
        y = y0 + (high - dot.y[0]) / (high - low) * tall
        long = length(dot.label, 11)
        places = [
            (x + 9, y - 9),
            (x - 9 - long, y - 9),
            (x + 9, y + 11),
            (x - 9 - long, y + 11),
            (x - long / 2, y - 20),
        ]
        free = [
            (px, py)
            for px, py in places
            if px >= x0 and px + long <= x0 + wide + 14 and y0 <= py <= y0 + tall
            and not any(abs(py - ty) < 13 and px < tx + tl and tx < px + long for tx, ty, tl, _ in taken)
        ]  # fmt: skip
        px, py = (free or places)[0]
        taken.append((px, py, long, 0.0))
        sheet.write_over(dot.label, px, py, size=11, colour=INK)
