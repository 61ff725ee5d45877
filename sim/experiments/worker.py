"""Worker: one run of a sweep, wherever it is made, and the folder that it leaves.

The folder is written under another name and renamed when it is whole. What goes wrong is not raised but comes back as
the run's outcome, so that a sweep goes on.
"""

import contextlib
import errno
import gc
import hashlib
import io
import json
import multiprocessing
import os
import platform
import shutil
import time
import traceback
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.experiments.home import FOLDER
from sim.experiments.lock import in_turn
from sim.experiments.run import run
from sim.ground.friends.friends import Friends
from sim.ground.friends.terms import FriendsSettings
from sim.results.files import named, whole_file, write_json
from sim.results.runs import Result
from sim.results.sweep_folders import DAYS, PARTS, RUN, RUN_SCENARIO, is_whole, place_of
from sim.scenario import Scenario
from sim.version import __version__

AROUND = (
    "cli",
    "report",
    "experiments",
    "results",
    "differences.py",
    "__main__.py",
    "__init__.py",
)  # no part of the model


def model_files() -> list[Path]:
    """The model's own files, in the order in which they are hashed."""
    root = Path(__file__).parents[1]
    return [file for file in sorted(root.rglob("*.py")) if file.relative_to(root).parts[0] not in AROUND]


def _code() -> str:
    """Hash of the model's own files."""
    digest = hashlib.sha256()
    for file in model_files():
        digest.update(file.read_bytes())
    return digest.hexdigest()


CODE = _code()  # as this process has loaded it


def code_of(scenario: Scenario) -> str:
    """Hash of the model's files and of those of the services of one's own that a scenario has."""
    return hashlib.sha256(" ".join([CODE, *(it.digest for it in scenario.services)]).encode()).hexdigest()


FULL = (errno.ENOSPC, errno.EDQUOT)
SAID = (  # of a run's manifest, what its folder keeps
    "version", "name", "seed", "users", "days", "scenario_hash", "seconds", "cpu_seconds", "peak_memory_bytes",
    "started", "network",
)  # fmt: skip


class Order(NamedTuple):
    """What a worker needs to know of a run besides its scenario.

    Attributes:
        run: its name.
        folder: of the sweep.
        graph: file of its network, made by whoever needs it first.
        save_days: whether days are kept, or which metrics of them.
        version: of the program that asks.
        code: hash of its model.
        mark: a file in the folder, there as long as the sweep goes on: who does not see it has another disk.
    """

    run: str
    folder: Path
    graph: Path
    save_days: bool | tuple[str, ...]
    version: str
    code: str
    mark: Path


class Outcome(NamedTuple):
    """What became of a run.

    Attributes:
        what: "done", "found" (somebody had finished it), "failed", "full" (the disk is), or "unfit" (this worker is not
            like the sweep that it works for: it has made nothing, no folder either).
        error: in a line.
        traceback: whole.
    """

    what: str
    error: str = ""
    traceback: str = ""


def live(scenario: Scenario, order: Order) -> Outcome:
    """Make one run and leave its folder."""
    if unlike := _unlike(order, scenario):
        return Outcome("unfit", f"a worker (process {os.getpid()} on {platform.node() or 'a machine'}) {unlike}")
    try:
        if is_whole(order.folder, order.run):
            return Outcome("found")
        began, spent = time.perf_counter(), time.process_time()
        result = run(scenario, friends=network(order.graph, scenario.friends, scenario.run.users, scenario.run.seed))
        result.manifest |= {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - spent}
        return Outcome("done" if _keep(result, order) else "found")
    except Exception as problem:
        return Outcome("full" if is_full(problem) else "failed", _in_a_line(problem), traceback.format_exc())
    finally:
        _clear_away()


def _unlike(order: Order, scenario: Scenario) -> str:
    """What this worker has otherwise than the sweep; on a cluster it may have come long after the others were asked."""
    if unlike := other_code(order.version, order.code, scenario):
        return unlike
    if not order.mark.exists():
        return f"does not see {order.folder}: choose a folder on a disk that all workers share with --out"
    return ""


def other_code(version: str, code: str, scenario: Scenario) -> str:
    """What this process has otherwise than who asks it to make a run, and where it has it from."""
    if version != __version__:
        return f"has hongbao {__version__} (in {FOLDER}), the sweep {version}: install the same there"
    if code != code_of(scenario):
        own = "".join(f", or of {service!r}," for service in scenario.services)
        return f"has another state of the code of hongbao {version} (in {FOLDER}){own} than who asks: install the same there"
    return ""


def _clear_away() -> None:
    """Free the world that has been lived: it refers to itself, so that only the collector can.

    In a process that we were started in for this, what was loaded before stays anyway: told to pass that over, the
    collector takes milliseconds. In somebody's own process it comes by itself now and then.
    """
    if multiprocessing.parent_process() is None:
        return
    gc.collect()
    if not gc.get_freeze_count():
        gc.freeze()


def _keep(result: Result, order: Order) -> bool:
    """Write a run's folder, whole or not at all; False if somebody else has done so meanwhile."""
    part = order.folder / PARTS / f"{order.run}-{platform.node()}-{os.getpid()}"
    about = {"run": order.run, "summary": result.summary, **{key: result.manifest[key] for key in SAID}}
    try:
        with whole_file(part / RUN_SCENARIO) as file:
            file.write_text(result.scenario, encoding="utf-8")
        days = in_parquet(result.days, order.save_days)
        if days:
            with whole_file(part / DAYS) as file:
                file.write_bytes(days)
        write_json(part / RUN, about)
        return _put(part, order)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put(part: Path, order: Order) -> bool:
    """Give a whole folder its name, unless that is taken."""
    place = place_of(order.folder, order.run)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.rename(place)
    except OSError:
        if is_whole(order.folder, order.run):
            return False
        shutil.rmtree(place, ignore_errors=True)  # somebody has taken a file out of it, or it is damaged
        part.rename(place)
    with contextlib.suppress(OSError):  # the new name reaches the disk too
        shelf = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(shelf)
        finally:
            os.close(shelf)
    return True


def in_parquet(days: pd.DataFrame, save_days: bool | tuple[str, ...]) -> bytes:
    """A table of days as it is kept: all of it, or the metrics named, or nothing."""
    if not save_days:
        return b""
    content = io.BytesIO()
    chosen = days[["day", *save_days]] if isinstance(save_days, tuple) else days
    table = pa.Table.from_pandas(chosen, preserve_index=False).replace_schema_metadata(None)
    # hundreds of short columns: what Parquet says of each would be longer than its numbers
    pq.write_table(table, content, compression="zstd", use_dictionary=False, write_statistics=False, store_schema=False)
    return content.getvalue()


def is_full(problem: BaseException) -> bool:
    """Whether this is a disk without room."""
    return isinstance(problem, OSError) and problem.errno in FULL


def _in_a_line(problem: BaseException) -> str:
    said = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {said[0]}" if said else type(problem).__name__


# Networks


def network_name(scenario: Scenario) -> str:
    """The same for scenarios that have the same network."""
    settings = scenario.friends
    seed = 0 if settings.file or settings.kind == "everyone" else scenario.run.seed
    text = f"{json.dumps(settings.identity())} {scenario.run.users} {seed}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def network(path: Path, settings: FriendsSettings, people: int, seed: int) -> Friends:
    """Map a network's file, read-only and shared by all who do; who comes first makes it, and the others wait."""
    if not path.exists():
        with in_turn(path.with_name(f"{path.name[:2]}.lock")):
            if not path.exists():
                with named(path):
                    Friends.make(settings, people, seed).save(path, force=True)
    return Friends.open(path)


# What a cluster is asked before it is given work


def sees(file: str) -> tuple[bool, str, str]:
    """Whether a file is to be seen from here, and which version and code this is."""
    return Path(file).exists(), __version__, CODE
