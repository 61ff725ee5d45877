"""Amounts between rows and columns, as shades."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.patches
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas

from sim.report.figures.sheet import DESK, INK, Sheet, clipped, folded, length
from sim.report.wording import number

HEAT = LinearSegmentedColormap.from_list("heat", ["#eef3f8", "#9cc3e0", "#3a7fb5", "#123a63"])


def heatmap(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float]], unit: str
) -> Callable[[int], Canvas]:
    """Amounts as shades by their order of magnitude, written out where there is room; nothing where nothing moved."""

    def draw(width: int) -> Canvas:
        desk = width == DESK
        table = np.array(values, float)
        gutter = min(250.0 if desk else 118.0, max(length(row, 11) for row in rows) + 12)
        wide = min((width - gutter) / len(columns), 150.0)
        upright = any(length(word, 11) > wide - 4 for column in columns for word in column.split())
        names = [clipped(c, 130, 11) if upright else folded(c, wide - 4, 3, 11) for c in columns]
        top = (max(length(n, 11) for n in names) if upright else 15 * max(n.count("\n") + 1 for n in names)) + 12
        row = 30
        sheet = Sheet(width, top + row * len(rows) + 4)
        axes = sheet.grid(gutter, top, wide, row, len(columns), len(rows))
        shades = _magnitudes(table)
        for (y, x), value in np.ndenumerate(table):
            colour = HEAT(shades[y, x]) if value > 0 else "#fafbfc"
            axes.add_patch(matplotlib.patches.Rectangle((x, y), 1, 1, fc=colour, ec="white", lw=2))
            text = number(float(value), unit) if value > 0 else ""
            if text and length(text, 11) <= wide - 2:
                ink = "white" if shades[y, x] > 0.55 else INK
                axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=11, color=ink)
        for at, name in enumerate(names):
            x = gutter + (at + 0.5) * wide
            if upright:
                sheet.write(name, x, top - 6, 11, rotation=90, ha="center", va="bottom")
            else:
                sheet.write(name, x, top - 6, 11, ha="center", va="bottom")
        for at, name in enumerate(rows):
            sheet.write(folded(name, gutter - 8, 2, 11), 0, top + (at + 0.5) * row, 11, va="center")
        return sheet.canvas

    return draw


def _magnitudes(table: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Each amount between 0 and 1 by its logarithm."""
    some = table[table > 0]
    if some.size == 0 or some.min() == some.max():
        return np.where(table > 0, 0.5, 0.0)
    logs = np.log(np.where(table > 0, table, some.min()))
    return np.asarray((logs - logs.min()) / (logs.max() - logs.min()))
