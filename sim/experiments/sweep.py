"""Sweep: every scenario at every point of the factors with every seed, each run in a folder of its own.

A run's folder gets its name when it is whole, and its name says what it holds, so that what is finished is never made
or written again: kill the sweep at any moment, start it again, and it goes on where it was.
"""

import contextlib
import datetime
import hashlib
import secrets
import shutil
import time
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim import __version__
from sim.declared import metrics_of
from sim.engine.settings import BadInput, limits
from sim.experiments.claim import check_inputs, plan_in, strangers
from sim.experiments.cluster import LOCAL, Cluster, ClusterLost
from sim.experiments.compare import SECONDS_A_DAY, SECONDS_A_USER_DAY, SECONDS_TO_START, jobs_with, warm_up
from sim.experiments.lock import only_one
from sim.experiments.plan import MANY, Axis, Plan, check_size, fingerprint
from sim.experiments.pool import PROCESS_BYTES, Pool, Task, WorkerLost
from sim.experiments.run import ROOM_LEFT, available_memory, check_memory, cores, machine
from sim.experiments.worker import CODE, Order, Outcome, code_of, is_full, live, network_name
from sim.ground import paths
from sim.results.files import folder_for_results, whole_file, write_json
from sim.results.folders import REPORT
from sim.results.sweep_folders import (
    ABOUT,
    LOCK,
    NETWORKS,
    PARTS,
    PLAN,
    POINTS,
    TABLE,
    canonical,
    failure_of,
    identity,
    is_whole,
    read_summaries,
)
from sim.results.sweeps import Sweep
from sim.scenario import Scenario
from sim.service import SomeNamed, check_importable
from sim.world import World

KEPT = 16  # networks that stay on disk though no run needs them just now
TOGETHER = 5_000  # rows written at a time
UNKNOWN = "unknown"  # which code made the runs of a sweep whose description was damaged


class SweepStopped(RuntimeError):
    """The sweep cannot go on, through no fault of the plan; what is finished stays. Exit code 3."""


class SweepNote(UserWarning):
    """Something about a sweep that whoever reads it should know."""


class Standing(NamedTuple):
    """How a sweep stands.

    Attributes:
        done: runs that are finished or have failed, those found finished included.
        planned: runs in all.
        failed: runs that failed.
        found: runs that were finished before.
        seconds: since the first run came back; before it, workers load the model.
    """

    done: int
    planned: int
    failed: int
    found: int
    seconds: float

    @property
    def rate(self) -> float:
        """Runs a second, of those made since the first came back."""
        return max(0, self.done - self.found - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float:
        """Seconds until the end, at this rate."""
        return (self.planned - self.done) / self.rate if self.rate else 0.0


def sweep(
    plan: Plan | str | Path,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    compact: bool = False,
    yes: bool = False,
    progress: Callable[[Standing], None] | None = None,
    services: SomeNamed = (),
) -> Sweep:
    """Make the runs that a plan asks for and that are not there yet.

    A run that fails is recorded with its traceback, and the sweep goes on; the next sweep tries it again. A run whose
    process dies is tried three times.

    Args:
        plan: the plan, or its file.
        jobs: processes side by side; if None, as many as there are cores, runs, and room in memory for (one where all
            of it takes a few seconds).
        cluster: address of a Dask scheduler whose workers make the runs, or "local" to start one here with `jobs`
            workers. Workers write to `out` themselves, so they must see the same disk.
        out: folder; `outputs/NAME` of the plan if None. One that holds a sweep of the same version is gone on with.
        compact: write all summaries into one file as well, which makes a sweep of many runs quick to read.
        yes: whether more than 100,000 runs are meant.
        progress: called when runs come back.
        services: services of one's own, or their names as "module:NAME", for a plan that is a file.

    Returns:
        The sweep; `failures()` says what failed, `missing()` how many runs are not there.

    Raises:
        BadInput: the plan, the folder or the cluster cannot be used; nothing is changed then.
        SweepStopped: the disk is full, the cluster is gone, or a worker has joined it that has another code or does
            not see the folder; finished runs stay.

    Warns:
        SweepNote: the scenarios differ in assumptions, or the folder holds runs of another plan or code.
    """
    plan = plan if isinstance(plan, Plan) else Plan.load(plan, most=None if yes else MANY, services=services)
    if not yes:
        check_size(plan.path, plan.runs)
    folder = folder_of(plan, out)
    if cluster is not None:
        check_importable(plan.scenarios[0].services)
    workers = jobs if cluster is not None else jobs_for(plan, jobs)
    try:
        with contextlib.ExitStack() as stack:
            check_earlier(folder, plan)
            stack.enter_context(folder_for_results(folder))
            paths.rehearse(folder, (ABOUT, PLAN, POINTS, TABLE, REPORT))
            stack.enter_context(only_one(folder / LOCK, f"{folder} is being swept"))
            return _sweep(plan, folder, workers, cluster, compact, progress, stack)
    except ClusterLost as problem:
        raise SweepStopped(f"{problem}: every finished run stays; sweep again with the same plan to go on") from None
    except OSError as problem:
        if is_full(problem):
            raise _disk_is_full(folder, str(problem)) from None
        raise


def _sweep(
    plan: Plan,
    folder: Path,
    jobs: int | None,
    cluster: str | None,
    compact: bool,
    progress: Callable[[Standing], None] | None,
    stack: contextlib.ExitStack,
) -> Sweep:
    """The sweep itself, in a folder that is ours."""
    began = time.perf_counter()
    earlier = check_earlier(folder, plan)
    networks = stack.enter_context(Networks(folder))
    mark = stack.enter_context(_mark(folder))
    pool: Pool | Cluster = Pool(jobs or 1) if cluster is None else Cluster(cluster, jobs)
    stack.enter_context(pool)
    if isinstance(pool, Cluster):
        pool.check(folder)
    about = _begin(plan, folder, earlier)
    # compile once, before many want it at the same time
    if isinstance(pool, Cluster) and cluster != LOCAL:
        pool.once_a_host(warm_up, plan.scenarios)
    else:
        warm_up(plan.scenarios)
    tally = _Tally(plan, folder, progress)
    tasks = _tasks(plan, folder, mark, pool, networks, tally)
    for task, outcome in pool.as_completed(tasks, keep_going=True):
        networks.release(task.arguments[1].graph)
        tally.add(task, outcome)
    about["went"] = {
        "made": tally.done - tally.found,
        "failed": tally.failed,
        "seconds": time.perf_counter() - began,
        "jobs": pool.jobs,
        "cluster": cluster is not None,
        "ended": _now(),
    }
    write_json(folder / ABOUT, about)
    found = Sweep.load(folder)
    if compact:
        _compact(found)
    return found


# Before


def folder_of(plan: Plan, out: str | Path | None) -> Path:
    """Where a plan's runs go."""
    return Path("outputs", plan.name) if out is None else paths.given(out, "out")


def jobs_for(plan: Plan, jobs: int | None) -> int:
    """Processes to use: those asked for if they fit in memory, else as many as there are cores, runs and room for.

    Raises:
        BadInput: so many worlds do not fit.
    """
    largest = max(_extremes(plan), key=lambda scenario: World.memory(scenario)["total"])
    check_memory(largest)
    jobs = jobs_with(largest.services, jobs)
    if jobs is not None:
        jobs = min(jobs, plan.runs) if jobs > 0 else jobs
        if jobs > 1:
            check_memory(largest, jobs, PROCESS_BYTES)
        return jobs
    if plan.runs * largest.run.days * (SECONDS_A_DAY + largest.run.users * SECONDS_A_USER_DAY) < SECONDS_TO_START:
        return 1
    most, free = min(cores(), plan.runs), available_memory()
    if free is not None:
        most = min(most, int(free * (1 - ROOM_LEFT) / (World.memory(largest)["total"] + PROCESS_BYTES)))
    return max(1, most)


def _extremes(plan: Plan) -> Iterator[Scenario]:
    """The scenarios, with the largest values of one axis after another: about as large as worlds of the plan get."""
    for scenario in plan.scenarios:
        yield scenario
        for axis in plan.axes:
            numbers = [
                (at, name)
                for at, name in enumerate(axis.names)
                if plan.applies(name, scenario) and isinstance(axis.points[0][at], int | float)
            ]
            with contextlib.suppress(BadInput):  # these need not go together
                yield scenario.with_values({name: max(point[at] for point in axis.points) for at, name in numbers})


def check_earlier(folder: Path, plan: Plan) -> dict[str, Any] | None:
    """What an earlier sweep in the folder says of itself, if there is one.

    Raises:
        BadInput: the folder holds another result, somebody's files, runs of another version, or a damaged sweep of
            another plan, or the plan is made of a file that would be written over.
    """
    check_inputs(folder, plan)
    if paths.kind_of(folder) in ("run", "comparison"):
        raise BadInput(f"{folder} holds another result: choose another folder with --out")
    if not (folder / ABOUT).exists():
        if strange := strangers(folder):
            raise BadInput(
                f"{folder} holds {strange[0]}, which no sweep wrote there, and a sweep would write over such files: "
                "choose an empty or new folder with --out"
            )
        return None
    try:
        about = Sweep.load(folder).about
    except BadInput:
        return _described_anew(folder, plan)
    if about["version"] != __version__:
        raise BadInput(
            f"{folder} holds runs of version {about['version']}, and this is {__version__}: they do not belong in one "
            "table; choose another folder with --out"
        )
    return about


def _described_anew(folder: Path, plan: Plan) -> dict[str, Any]:
    """What a sweep whose description is damaged would say, if its plan is the one given."""
    if plan_in(folder) == plan.text:
        _note(f"{folder / ABOUT} is damaged: a sweep writes it anew, but which code its runs were made with is lost")
        return _about(plan) | {"code": UNKNOWN}
    raise BadInput(
        f"{folder / ABOUT} is damaged, and {folder / PLAN} is not the plan given, {plan.path}: give the plan that the "
        f"folder was made with, or remove {ABOUT}: runs that {plan.path} asks for too are kept then; or choose another "
        "folder with --out"
    )


def _begin(plan: Plan, folder: Path, earlier: dict[str, Any] | None) -> dict[str, Any]:
    """Check every point, and write down what is asked for."""
    about = _about(plan)
    _write_points(plan, folder)
    if earlier is not None and earlier["plan"] != about["plan"]:
        _note(
            f"{folder} holds runs of another plan: those that this one asks for too are kept and used, the others lie "
            "beside them unused"
        )
    if earlier is not None and earlier["code"] != about["code"]:
        if earlier["code"] != UNKNOWN:
            _note(
                f"the model's code has changed since the runs in {folder} were made, though its version has not: "
                "finished runs are kept; to make all of them anew choose another folder with --out"
            )
        about["code"] = UNKNOWN if earlier["code"] == UNKNOWN else "mixed"
    if plan.unfair:
        said = ", ".join(found["name"] for found in plan.unfair)
        _note(f"the comparison is unfair, for not only decisions differ between scenarios: {said}")
    with whole_file(folder / PLAN) as part:
        part.write_text(plan.text, encoding="utf-8")
    write_json(folder / ABOUT, about)
    for name in (TABLE, REPORT):  # of an earlier sweep
        (folder / name).unlink(missing_ok=True)
    return about


def _note(said: str) -> None:
    warnings.warn(said, SweepNote, stacklevel=5)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _about(plan: Plan) -> dict[str, Any]:
    """`sweep.json`: what is asked for."""
    settings = {it.name: it for it in plan.scenarios[0].parameters()}
    return {
        "version": __version__,
        "code": CODE,
        "services": [service.note() for service in plan.scenarios[0].services],
        "name": plan.name,
        "title": plan.title,
        "plan": hashlib.sha256(plan.text.encode()).hexdigest(),
        "scenarios": [scenario.name for scenario in plan.scenarios],
        "titles": {scenario.name: scenario.title for scenario in plan.scenarios},
        "seeds": plan.seeds,
        "users": plan.scenarios[0].run.users,
        "days": plan.scenarios[0].run.days,
        "points": plan.size // len(plan.scenarios) // len(plan.seeds),
        "runs": plan.runs,
        "factors": [
            settings[name]._asdict()
            | _limits(plan, name)
            | _varied(axis, name)
            | {"only": sorted(plan.only.get(name, ()))}
            for axis in plan.axes
            for name in axis.names
        ],
        "sample": None if plan.file.sample is None else plan.file.sample.model_dump(),
        "chosen": plan.file.metrics,
        "save_days": plan.file.save_days,
        "unfair": plan.unfair,
        "set_by_hand": {scenario.name: scenario.set_by_hand for scenario in plan.scenarios},
        "metrics": {name: metric.note() for name, metric in metrics_of(plan.scenarios[0].services).items()},
        "machine": machine(),
        "started": _now(),
        "went": None,
    }


def _limits(plan: Plan, name: str) -> dict[str, Any]:
    """Beyond which values a factor cannot go."""
    section, _, key = name.partition(".")
    return dict(zip(("least", "most"), limits(type(getattr(plan.scenarios[0], section)), key), strict=True))


def _varied(axis: Axis, name: str) -> dict[str, Any]:
    """The values that a factor takes, or the range that they are drawn from."""
    at = axis.names.index(name)
    if axis.drawn:
        return {"drawn": True, "values": [min(p[at] for p in axis.points), max(p[at] for p in axis.points)]}
    return {"drawn": False, "values": [canonical(value) for value in dict.fromkeys(p[at] for p in axis.points)]}


def _write_points(plan: Plan, folder: Path) -> None:
    """Resolve, and so check, every scenario at every point; so many rows at a time, however many."""
    with whole_file(folder / POINTS) as part, contextlib.ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for rows in _together(_rows(plan)):
            table = pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(part, table.schema, compression="zstd"))
            writer.write_table(table.cast(writer.schema))


def _rows(plan: Plan) -> Iterator[dict[str, Any]]:
    for point in plan.points():
        values = {name: canonical(value) for name, value in point.values.items()}
        for scenario in plan.scenarios:
            hashed = fingerprint(plan.resolve(scenario, point))
            yield {"point": point.number, "draw": point.draw, "scenario": scenario.name, "hash": hashed} | values


def _together(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == TOGETHER:
            yield batch
            batch = []
    if batch:
        yield batch


# Running


@contextlib.contextmanager
def _mark(folder: Path) -> Iterator[Path]:
    """A file that a worker sees as long as it has our disk and the sweep goes on."""
    mark = folder.resolve() / PARTS / f"here-{secrets.token_hex(8)}"
    mark.parent.mkdir(exist_ok=True)
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)


def _tasks(
    plan: Plan, folder: Path, mark: Path, pool: Pool | Cluster, networks: "Networks", tally: "_Tally"
) -> Iterator[Task]:
    """A task a run that is not there yet; seed by seed, so that what is there early is a whole small sweep."""
    place, save_days = folder.resolve(), plan.file.save_days
    for seed in plan.seeds:
        hashes = _hashes(folder)
        for point in plan.points():
            for scenario in plan.scenarios:
                run = identity(next(hashes), seed)
                if not plan.is_first(point, scenario):
                    continue
                if run in tally.under_way or is_whole(folder, run):
                    tally.find()
                    continue
                tally.start(run, point.number)
                asked = plan.resolve(scenario, point, seed)
                order = Order(run, place, networks.acquire(asked), save_days, __version__, code_of(asked), mark)
                yield pool.submit(f"{scenario.name} at point {point.number} with seed {seed}", live, asked, order)


def _hashes(folder: Path) -> Iterator[str]:
    """The hashes of resolved scenarios, in the order of `_rows`: on the way through, only what is missing is resolved."""
    with pq.ParquetFile(folder / POINTS) as points:
        for batch in points.iter_batches(TOGETHER, columns=["hash"]):
            yield from batch.column(0).to_pylist()


class _Tally:
    """What has come back so far; failures are written down, nothing else is kept."""

    def __init__(self, plan: Plan, folder: Path, progress: Callable[[Standing], None] | None) -> None:
        self.folder, self.progress, self.planned = folder, progress, plan.runs
        self.done = self.failed = self.found = 0
        self.under_way: dict[str, int] = {}  # runs being made, and at which point
        self.began: float | None = None  # when the first came back

    def find(self) -> None:
        """A run is there already, or is the same as one being made."""
        self.done += 1
        self.found += 1
        if self.done == self.planned:
            self._tell()

    def start(self, run: str, point: int) -> None:
        """A run is about to be made."""
        self.under_way[run] = point

    def add(self, task: Task, outcome: Outcome | WorkerLost) -> None:
        """A run came back.

        Raises:
            SweepStopped: it could not be written, for the disk is full, or its worker is not like the others.
        """
        scenario, order = task.arguments
        point = self.under_way.pop(order.run)
        if isinstance(outcome, WorkerLost):
            outcome = Outcome("failed", str(outcome), "its process left no traceback")
        if outcome.what == "full":
            raise _disk_is_full(self.folder, outcome.error)
        if outcome.what == "unfit":  # it would be through with all runs before the others have made one
            raise SweepStopped(
                f"{outcome.error}; or end that worker. Every finished run stays; sweep again with the same plan to go on"
            )
        self.done += 1
        self.found += outcome.what == "found"
        if outcome.what == "failed":
            self.failed += 1
            about = {
                "run": order.run,
                "scenario": scenario.name,
                "point": point,
                "seed": scenario.run.seed,
                "error": outcome.error,
                "traceback": outcome.traceback,
                "deaths": task.deaths,
                "at": _now(),
            }
            write_json(failure_of(self.folder, order.run), about)
        else:
            failure_of(self.folder, order.run).unlink(missing_ok=True)
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            self.began = self.began or time.perf_counter()
            seconds = time.perf_counter() - self.began
            self.progress(Standing(self.done, self.planned, self.failed, self.found, seconds))


def _disk_is_full(folder: Path, why: str) -> SweepStopped:
    return SweepStopped(
        f"there is no room on the disk of {folder} ({why}): every finished run is whole and stays; make room, then "
        "sweep again with the same plan to go on"
    )


class Networks:
    """The files of the networks that runs need: each is made by the first run that does, and goes when none does.

    A few that no run needs just now stay, since runs that follow each other mostly need the same. When the block ends
    nothing stays, nor do parts of runs that were being written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._users: Counter[Path] = Counter()
        self._idle: OrderedDict[Path, None] = OrderedDict()

    def acquire(self, scenario: Scenario) -> Path:
        """File of the network of a scenario, which stays until it is released."""
        path = self._folder / NETWORKS / f"{network_name(scenario)}.friends"
        self._idle.pop(path, None)
        self._users[path] += 1
        return path

    def release(self, path: Path) -> None:
        """A run is over."""
        self._users[path] -= 1
        if self._users[path] == 0:
            del self._users[path]
            self._idle[path] = None
            while len(self._idle) > KEPT:
                self._idle.popitem(last=False)[0].unlink(missing_ok=True)

    def _clear(self) -> None:
        for name in (NETWORKS, PARTS):
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def __enter__(self) -> "Networks":
        self._clear()  # of a sweep that was killed
        return self

    def __exit__(self, *problem: object) -> None:
        self._clear()


# After


def _compact(found: Sweep) -> None:
    """Write the summaries of all runs into one file, so many at a time."""
    names = list(found.about["metrics"])
    schema = pa.schema([("run", pa.string()), *((name, pa.float64()) for name in names)])
    with whole_file(found.folder / TABLE) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        runs = found.rows()["run"].unique()
        for first in range(0, len(runs), TOGETHER):
            table = read_summaries(found.folder, runs[first : first + TOGETHER], names)
            table.insert(0, "run", table.index)
            writer.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False))
