"""Pictures with real text, each with the table behind it: one module a kind, all drawn on the same sheet."""

from sim.report.figures.bars import stacked
from sim.report.figures.intervals import Panel, forest
from sim.report.figures.lines import Line, Strip, series
from sim.report.figures.matrix import heatmap
from sim.report.figures.sheet import GAIN, LINES, LOSS, SOFT, figure

__all__ = [
    "GAIN",
    "LINES",
    "LOSS",
    "SOFT",
    "Line",
    "Panel",
    "Strip",
    "figure",
    "forest",
    "heatmap",
    "series",
    "stacked",
]
