"""The report: one self-contained page from a saved run, comparison or sweep. Nothing here runs a world."""

from pathlib import Path

from sim.ground import paths
from sim.report import comparison_page, run_page, sweep_page
from sim.report.page import save
from sim.results import Comparison, load
from sim.sweeps import is_sweep


def write(folder: str | Path) -> Path:
    """Write `report.html` into the folder of a run, a comparison or a sweep, and return its path.

    Raises:
        BadInput: the folder holds none of them, or a report.html that is not ours, or a file of it is damaged.
    """
    folder = paths.given(folder, "folder")
    if is_sweep(folder):
        return sweep_page.write(folder)
    found = load(folder)
    if isinstance(found, Comparison):
        return save(comparison_page.comparison_page(found), folder)
    return save(run_page.run_page(found), folder)


__all__ = ["write"]
