"""Folders: what a run or a comparison leaves in its own, and how an earlier result is forgotten.

`manifest.json` is written last and removed first: a folder that has one holds a finished result.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.results.files import read_json
from sim.results.futures import RUNS

RUN_FILES = (
    "manifest.json",
    "scenario.toml",
    "days.parquet",
    "flows.parquet",
    "summary.json",
    "surplus.parquet",
    "units.parquet",
)
COMPARISON_FILES = ("manifest.json", "comparison.json")
REPORT = "report.html"
OF_A_RUN = (*RUN_FILES, "comparison.json", REPORT)  # what a run writes into its folder, or removes there
OF_A_COMPARISON = (*RUN_FILES, "comparison.json", REPORT, "runs", ".graphs")
OF_A_STUDY = ("runs.jsonl", *(file for file, _ in paths.STUDIES.values()))


@contextlib.contextmanager
def unfinished(folder: Path) -> Iterator[None]:
    """Mark a folder that is ours while a result is written: what is left by a writer that was cut off may go."""
    mark = folder / paths.UNFINISHED
    mark.touch()
    try:
        yield
    except BaseException:
        names = (*OF_A_COMPARISON, *OF_A_STUDY)
        left = any(os.path.lexists(folder / name) for name in names) or any(folder.glob("world-*.npz"))
        if not left or paths.kind_of(folder) != "unfinished":
            mark.unlink(missing_ok=True)
        raise
    mark.unlink(missing_ok=True)


def manifest_in(folder: Path, wanted: str) -> dict[str, Any]:
    """The manifest of a folder that holds what is wanted: a "run" or a "comparison"."""
    if not folder.exists():
        raise BadInput(no_folder(folder))
    if not folder.is_dir():
        raise BadInput(f"{folder} is a file: give the folder that holds the result")
    if not (folder / "manifest.json").exists():
        raise BadInput(f"{folder} holds no finished result: it has no manifest.json, which is written last")
    is_comparison = (folder / "comparison.json").exists()
    if wanted == "run" and is_comparison:
        raise BadInput(f"{folder} holds a comparison; its single runs are in {folder / 'runs'}/SCENARIO/SEED")
    if wanted == "comparison" and not is_comparison:
        raise BadInput(f"{folder} holds a single run, not a comparison: it has no comparison.json")
    manifest = read_json(folder / "manifest.json")
    if not isinstance(manifest, dict):
        raise BadInput(f"{folder / 'manifest.json'} is damaged (not a table of names): run it again")
    return manifest


def no_folder(folder: Path) -> str:
    """What to say of a folder that is not there: where its link leads, or which results lie beside it."""
    if folder.is_symlink():
        return f"{folder}: {paths.missing(folder, 'folder', Path.is_dir)}"
    with contextlib.suppress(OSError):
        near = sorted(found.name for found in folder.parent.iterdir() if (found / "manifest.json").exists())
        if near:
            beside = f"{', '.join(near[:8])}{' ...' if len(near) > 8 else ''}"
            return f"there is no folder {folder}; {folder.parent} has {beside}"
    return f"there is no folder {folder}"


def clear(folder: Path, names: Sequence[str]) -> None:
    """Forget an earlier result: its manifest first, so that what is left is never taken for a finished one."""
    for name in ("manifest.json", *names):
        (folder / name).unlink(missing_ok=True)


def run_folder(folder: Path, scenario: str, seed: int) -> Path:
    """Where a comparison keeps one of its runs."""
    return folder / "runs" / scenario / str(seed)


def forget_other_runs(folder: Path, kept: set[Path]) -> None:
    """Remove the run files of an earlier comparison, and nothing else that may lie there."""
    for manifest in sorted(folder.glob("runs/*/*/manifest.json")):
        place = manifest.parent
        if place not in kept:
            clear(place, (*RUN_FILES, REPORT))
            _drop(place)


def _drop(place: Path) -> None:
    with contextlib.suppress(OSError):  # somebody's own files are there too: the folder stays
        place.rmdir()
        place.parent.rmdir()


def forget(folder: Path) -> None:
    """Remove what an earlier result, finished or not, left in a folder that is ours; its manifest goes first."""
    clear(folder, (*RUN_FILES, "comparison.json", REPORT))
    (folder / "runs" / RUNS).unlink(missing_ok=True)
    for place in sorted(folder.glob("runs/*/*")):
        clear(place, (*RUN_FILES, paths.UNFINISHED))
        _drop(place)
