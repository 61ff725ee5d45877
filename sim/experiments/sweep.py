"""Sweep: every scenario at every point of the factors with every seed, each run in a folder of its own.

A run's folder gets its name when it is whole, and its name says what it holds, so that what is finished is never made
or written again: kill the sweep at any moment, start it again, and it goes on where it was.
"""

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sim.engine.settings import BadInput
from sim.experiments.cluster import LOCAL, Cluster, ClusterLost
from sim.experiments.lock import only_one
from sim.experiments.plan import MANY, Plan, check_size
from sim.experiments.pool import Pool, Task
from sim.experiments.room import jobs_for
from sim.experiments.shared_networks import Networks
from sim.experiments.sweep_folder import begin, check_earlier, folder_of, now, read_hashes, write_summaries
from sim.experiments.sweep_tally import Standing, SweepStopped, SweepTally, disk_is_full
from sim.experiments.warm_up import warm_up
from sim.experiments.worker import Order, code_of, is_full, live
from sim.ground import paths
from sim.results.files import folder_for_results, write_json
from sim.results.folders import REPORT
from sim.results.sweep_folders import ABOUT, LOCK, PARTS, PLAN, POINTS, TABLE, identity, is_whole
from sim.results.sweeps import Sweep
from sim.scenario import Scenario
from sim.service import SomeNamed, check_importable
from sim.version import __version__


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
    workers = jobs if cluster is not None else jobs_of(plan, jobs)
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
            raise disk_is_full(folder, str(problem)) from None
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
    about = begin(plan, folder, earlier)
    # compile once, before many want it at the same time
    if isinstance(pool, Cluster) and cluster != LOCAL:
        pool.once_a_host(warm_up, plan.scenarios)
    else:
        warm_up(plan.scenarios)
    tally = SweepTally(plan, folder, progress)
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
        "ended": now(),
    }
    write_json(folder / ABOUT, about)
    found = Sweep.load(folder)
    if compact:
        write_summaries(found)
    return found


# Before


def jobs_of(plan: Plan, jobs: int | None) -> int:
    """Processes to use: those asked for if they fit in memory, else as many as there are cores, runs and room for.

    Raises:
        BadInput: so many worlds do not fit.
    """
    return jobs_for(_extremes(plan), jobs, plan.runs)


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
    plan: Plan, folder: Path, mark: Path, pool: Pool | Cluster, networks: "Networks", tally: "SweepTally"
) -> Iterator[Task]:
    """A task a run that is not there yet; seed by seed, so that what is there early is a whole small sweep."""
    place, save_days = folder.resolve(), plan.file.save_days
    for seed in plan.seeds:
        hashes = read_hashes(folder)
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
