"""Differences with their intervals, a panel a metric: forest plots."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure as Canvas

from sim.ground.metrics import Better
from sim.report.figures.sheet import (
    DESK,
    GAIN,
    LOSS,
    SOFT,
    Sheet,
    clipped,
    folded,
    length,
    number_line,
    row_for,
    with_air,
)
from sim.report.marks import Mark, tone_of
from sim.report.wording import number, shown_unit


class Panel(NamedTuple):
    """Marks on one scale."""

    title: str
    unit: str
    marks: list[Mark]
    better: Better = "more"


def forest(panels: Sequence[Panel], shared: bool = False) -> Callable[[int], Canvas]:
    """Panels of differences from zero; filled where the interval excludes zero. `shared` puts all on one scale."""

    def draw(width: int) -> Canvas:
        desk = width == DESK
        across = min(3, len(panels)) if desk else 1
        labels = [mark.label for mark in panels[0].marks]
        gutter = min(190.0, max(length(label) for label in labels) + 14) if desk else 0.0
        row, head, foot = (row_for(labels, gutter - 8, 26) if desk else 36), 44, 34
        wide = (width - gutter - (across - 1) * 26 - 16) / across
        tall = head + row * len(labels) + foot
        sheet = Sheet(width, tall * math.ceil(len(panels) / across))
        every = [end for panel in panels for mark in panel.marks for end in mark.ends]
        for at, panel in enumerate(panels):
            left = gutter + 8 + (at % across) * (wide + 26)
            top = tall * (at // across)
            sheet.write(clipped(panel.title, wide), left, top + 12, weight="bold")
            sheet.write(shown_unit(panel.unit, difference=True), left, top + 28, 11, SOFT)
            axes = sheet.axes(left, top + head, wide, row * len(labels))
            ends = every if shared else [end for mark in panel.marks for end in mark.ends]
            low, high = with_air(min(0.0, *ends), max(0.0, *ends))
            number_line(axes, low, high, panel.unit, wide, 3 if desk else 4, sign=True)
            axes.set_ylim(len(labels), 0)
            axes.axvline(0, color=SOFT, lw=1)
            for place, mark in enumerate(panel.marks):
                middle = place + (0.5 if desk else 0.72)
                colour = {"gain": GAIN, "loss": LOSS}.get(tone_of(panel.better, mark), SOFT)
                axes.plot(mark.ends, (middle, middle), color=colour, lw=2.2)
                face = colour if mark.sure else "white"
                axes.plot(mark.middle, middle, "o", ms=6.5, mfc=face, mec=colour, mew=1.6, clip_on=False)
                y = top + head + place * row
                if not desk:
                    value = number(mark.middle, panel.unit, sign=True)
                    sheet.write_over(clipped(mark.label, wide - length(value) - 12), left, y + 12)
                    sheet.write_over(value, left + wide, y + 12, colour=SOFT, ha="right")
                elif at % across == 0:
                    sheet.write(folded(mark.label, gutter - 8), 0, y + row / 2, va="center")
        return sheet.canvas

    return draw
