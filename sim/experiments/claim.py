"""Claim: a folder is ours to write a result into, seen to before hours are spent on what goes there."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from sim.engine.settings import BadInput
from sim.experiments.lock import only_one
from sim.ground import paths
from sim.results.files import folder_for_results
from sim.results.folders import REPORT, unfinished
from sim.results.sweep_folders import ABOUT, FAILED, NETWORKS, PLAN, POINTS, RUNS, TABLE

if TYPE_CHECKING:
    from sim.experiments.plan import Plan


@contextlib.contextmanager
def claimed(
    folder: Path | None, names: Sequence[str], force: bool = False, inputs: Iterable[paths.Given] = ()
) -> Iterator[None]:
    """Hold a folder while a result is made; where that fails and leaves nothing in it, it goes if it was made for it.

    Args:
        folder: None claims nothing.
        names: what will be written, or removed, there.
        force: an earlier result there may go.
        inputs: files that the result is made of.

    Raises:
        BadInput: the folder cannot be made or written to, somebody else is writing there, or it holds what may not go.
        OSError: the disk is full.
    """
    if folder is None:
        yield
        return
    inputs = list(inputs)
    paths.check_free(folder, names, force, inputs)
    with folder_for_results(folder):
        paths.rehearse(folder, (name for name in names if Path(name).suffix))
        with only_one(folder / paths.LOCK, f"{folder} is being written"):
            paths.check_free(folder, names, force, inputs)  # who held it may have left a result
            with unfinished(folder):
                yield


# The folder of a sweep, which goes on where it was


def strangers(folder: Path) -> list[str]:
    """What lies in a folder without a sweep's description and is not what a sweep that was cut off leaves there."""
    names = {entry.name for entry in folder.glob("*") if not entry.name.startswith(".")}
    ours = {RUNS, FAILED, PLAN, POINTS, TABLE, REPORT, NETWORKS}
    return sorted(names - ours if _are_points(folder / POINTS) else names)


def _are_points(file: Path) -> bool:
    """Whether a table is what a sweep writes first; folders called `runs` have others too."""
    with contextlib.suppress(OSError, pa.ArrowInvalid):
        return {"point", "draw", "scenario", "hash"} <= set(pq.read_schema(file).names)
    return False


def check_inputs(folder: Path, plan: "Plan") -> None:
    """Refuse a folder in which the plan's own files would be written over; its copy of the plan is the same again."""
    same = (folder / PLAN).exists() and plan.path.samefile(folder / PLAN) and plan_in(folder) == plan.text
    inputs = [file for file in plan.inputs if not (same and file == plan.path)]
    for file in inputs:
        if any(
            (folder / name).exists() and file.samefile(folder / name) for name in (ABOUT, PLAN, POINTS, TABLE, REPORT)
        ):
            raise BadInput(f"{folder}: the sweep would be written over {file}, which it is made of: {paths.ANOTHER}")


def plan_in(folder: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return paths.text_of(folder / PLAN)
    return ""
