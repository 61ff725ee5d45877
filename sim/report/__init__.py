"""The report: one self-contained page from a saved run, comparison, sweep or study. Nothing here runs a world."""

from pathlib import Path

from sim.ground import paths
from sim.report import (
    abtest_page,
    comparison_page,
    frontier_page,
    run_page,
    sensitivity_page,
    sweep_page,
    tuning_page,
)
from sim.report.page import Page, save
from sim.report.pictures import pictures
from sim.results.abtests import ABTest
from sim.results.comparisons import Comparison, load
from sim.results.frontier import Frontier
from sim.results.sensitivities import Sensitivity
from sim.results.sweep_folders import is_sweep
from sim.results.sweeps import Sweep
from sim.results.tuning import Tuning


def page_of(folder: str | Path) -> Page:
    """The page of the run, comparison, sweep or study in a folder.

    Raises:
        BadInput: the folder holds none of them, or a file of it is damaged.
    """
    folder = paths.given(folder, "folder")
    if is_sweep(folder):
        return sweep_page.sweep_page(Sweep.load(folder))
    match paths.kind_of(folder):
        case "tuning":
            return tuning_page.tuning_page(Tuning.load(folder))
        case "abtest":
            return abtest_page.abtest_page(ABTest.load(folder))
        case "frontier":
            return frontier_page.frontier_page(Frontier.load(folder))
        case "sensitivity":
            return sensitivity_page.sensitivity_page(Sensitivity.load(folder))
    found = load(folder)
    if isinstance(found, Comparison):
        return comparison_page.comparison_page(found)
    return run_page.run_page(found)


def write(folder: str | Path) -> Path:
    """Write `report.html` into the folder of a run, a comparison, a sweep or a study, and return its path.

    Raises:
        BadInput: the folder holds none of them, or a report.html that is not ours, or a file of it is damaged.
    """
    folder = paths.given(folder, "folder")
    if is_sweep(folder):
        return sweep_page.write(folder)
    return save(page_of(folder), folder)


def write_pictures(folder: str | Path, into: str | Path) -> list[Path]:
    """Write the pictures of that page as SVG files into a folder, and return their paths; see `pictures.pictures`."""
    return pictures(page_of(folder), paths.given(into, "folder"))


__all__ = ["page_of", "write", "write_pictures"]
