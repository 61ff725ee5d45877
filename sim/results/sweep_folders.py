"""What a sweep leaves on disk, and how a file of it is read.

    sweep.json       what was asked for, and how it went
    plan.toml        the plan as it was given
    points.parquet   a row a point of the factors and scenario: its values, and the hash of the resolved scenario
    runs/3f/3f2a../  a run: run.json (seed, summary, seconds), scenario.toml, days.parquet
    failed/          a file a run that failed, with its traceback
    table.parquet    the summaries of all runs, where asked for

A run's folder takes its name, made of resolved scenario, seed and version, when it is whole. It is never written again.
"""

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.results.files import read_json, read_table
from sim.results.folders import no_folder
from sim.version import __version__

ABOUT, PLAN, POINTS, TABLE = "sweep.json", "plan.toml", "points.parquet", "table.parquet"
RUNS, FAILED = "runs", "failed"  # folders
RUN, RUN_SCENARIO, DAYS = "run.json", "scenario.toml", "days.parquet"  # in the folder of a run
NETWORKS, PARTS, LOCK = "networks", ".parts", paths.LOCK  # while it is being made
IDENTITY = 24  # hexadecimal digits that name a run: no two alike among thousands of millions of them
SAID = {  # in sweep.json, always
    "version", "code", "name", "title", "plan", "scenarios", "titles", "seeds", "users", "days", "points", "runs",
    "factors", "sample", "chosen", "save_days", "unfair", "metrics", "machine", "started", "went",
}  # fmt: skip
AGAIN = "sweep again with the same plan, and this run alone is made again"
MEASURED = " (measured)"  # ends the name of a metric that a factor of the sweep is called too
ANEW = "sweep again with the same plan, and it is written anew"


def identity(digest: str, seed: int, version: str = __version__) -> str:
    """The name of a run: the same for the same resolved scenario, seed and version, whatever sweep it is in."""
    return hashlib.sha256(f"{version} {digest} {seed}".encode()).hexdigest()[:IDENTITY]


def place_of(folder: Path, run: str) -> Path:
    """The folder of a run."""
    return folder / RUNS / run[:2] / run


def is_finished(folder: Path, run: str) -> bool:
    """Whether a run is there."""
    return (place_of(folder, run) / RUN).exists()


def is_whole(folder: Path, run: str) -> bool:
    """Whether a run is there and can be read; what a damaged disk or somebody's hand has left is made again."""
    try:
        about = read_json(place_of(folder, run) / RUN)
    except BadInput:
        return False
    return isinstance(about, dict) and isinstance(about.get("summary"), dict)


def failure_of(folder: Path, run: str) -> Path:
    """The file that says why a run failed."""
    return folder / FAILED / f"{run}.json"


def is_sweep(folder: Path) -> bool:
    """Whether a folder holds a sweep."""
    return (folder / ABOUT).exists()


def canonical(value: Any) -> Any:
    """A factor's value as a column of a table holds it: lists as text."""
    return json.dumps(value) if isinstance(value, list | tuple) else value


# Reading


def read_about(folder: Path) -> dict[str, Any]:
    """`sweep.json`.

    Raises:
        BadInput: there is none, or it is damaged.
    """
    if not folder.exists():
        raise BadInput(no_folder(folder))
    if not (folder / ABOUT).exists():
        raise BadInput(f"{folder} holds no sweep: it has no {ABOUT}")
    advice = f"{ANEW}; finished runs are kept"
    about = read_json(folder / ABOUT, advice)
    if not isinstance(about, dict) or not set(about) >= SAID:
        raise BadInput(f"{folder / ABOUT} is damaged (it does not say all it should): {advice}")
    return about


def read_summaries(folder: Path, runs: ArrayLike, wanted: list[str]) -> pd.DataFrame:
    """Summaries by run, of those that are finished: from one table where there is one, the others run by run."""
    known = pd.DataFrame(columns=wanted, dtype=np.float64)
    if (folder / TABLE).exists():
        known = read_table(folder / TABLE, "remove it; the runs hold the same").set_index("run")[wanted]
    read = {}
    for run in np.setdiff1d(np.asarray(runs, object), np.asarray(known.index, object)):
        file = place_of(folder, str(run)) / RUN
        if file.exists():
            read[run] = _summary(file, wanted)
    more = pd.DataFrame.from_dict(read, orient="index", columns=wanted, dtype=np.float64)
    return more if known.empty else pd.concat([known, more]) if read else known


def _summary(file: Path, wanted: list[str]) -> list[float]:
    """Metrics of a run; NaN for one that the code it was made with did not know."""
    about = read_json(file, AGAIN)
    if not isinstance(about, dict) or not isinstance(about.get("summary"), dict):
        raise BadInput(f"{file} is damaged (it has no summary): {AGAIN}")
    return [about["summary"].get(name, np.nan) for name in wanted]


def read_days(folder: Path, row: Mapping[Any, Any], wanted: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Days of a run, if they were kept, beside its row of the table."""
    file = place_of(folder, row["run"]) / DAYS
    if file.exists():
        days = read_table(file, f"remove the folder {file.parent}, then {AGAIN}", ["day", *wanted])
        days.columns = [column_of(name, row) for name in days.columns]
        yield pd.concat([pd.DataFrame({name: [value] * len(days) for name, value in row.items()}), days], axis=1)


def column_of(metric: str, beside: Container[str]) -> str:
    """What a metric is called in a table that has other columns beside it: a factor may have its name."""
    return metric + MEASURED if metric in beside else metric


def read_failures(folder: Path, runs: Iterable[str]) -> dict[str, dict[str, str]]:
    """`error` and `traceback` of those runs that failed."""
    files = {run: failure_of(folder, run) for run in runs if not is_finished(folder, run)}
    return {run: _failure(file) for run, file in files.items() if file.exists()}


def _failure(file: Path) -> dict[str, str]:
    """What a failed run said; that it cannot be read is no reason to say nothing of the others."""
    try:
        about = read_json(file, "the next sweep tries the run again")
        return {key: str(about[key]) for key in ("error", "traceback")}
    except (BadInput, KeyError, TypeError) as problem:
        return {"error": f"{file.name} is damaged", "traceback": str(problem)}
