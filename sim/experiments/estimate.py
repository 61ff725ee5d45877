"""Estimate: what a sweep would take, from a few days of each of its scenarios timed here. Nothing is written."""

import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from sim.engine.settings import BadInput
from sim.experiments.plan import Plan, fingerprint
from sim.experiments.shared_networks import KEPT
from sim.experiments.sweep import jobs_of
from sim.experiments.sweep_folder import check_earlier, folder_of
from sim.experiments.warm_up import warm_up
from sim.experiments.worker import in_parquet
from sim.results.sweep_folders import identity, is_whole
from sim.scenario import Scenario
from sim.world import World

TIMED_USERS, TIMED_DAYS = 20_000, 8  # at most: seconds go with users and days
A_DAY, A_RUN = 8, 8_000  # bytes of a metric's day where they are many, and of what a run says of itself


class Estimate(NamedTuple):
    """What a sweep would take.

    Attributes:
        rows: of its table, scenarios x points x seeds.
        runs: to be made in all; a scenario that a factor does not apply to lives once for all of its values.
        finished: of these, found in the folder.
        jobs: processes side by side.
        core_hours: of the runs that are left.
        hours: on the clock, with so many jobs.
        disk_bytes: that the runs that are left would take.
    """

    rows: int
    runs: int
    finished: int
    jobs: int
    core_hours: float
    hours: float
    disk_bytes: int


def estimate(plan: Plan | str | Path, *, jobs: int | None = None, out: str | Path | None = None) -> Estimate:
    """What a sweep would take on this machine; every point of the plan is checked.

    Raises:
        BadInput: as `sweep`.
    """
    plan = plan if isinstance(plan, Plan) else Plan.load(plan)
    folder = folder_of(plan, out)
    if not next(it for it in (folder, *folder.absolute().parents) if it.exists()).is_dir():
        raise BadInput(f"{folder} cannot be a folder for results: a file of that name is in the way")
    check_earlier(folder, plan)
    jobs = jobs_of(plan, jobs)
    left, finished = Counter[str](), 0
    for point in plan.points():
        for scenario in plan.scenarios:
            if plan.is_first(point, scenario):
                hashed = fingerprint(plan.resolve(scenario, point))
                there = sum(is_whole(folder, identity(hashed, seed)) for seed in plan.seeds)
                finished += there
                left[scenario.name] += len(plan.seeds) - there
    warm_up(plan.scenarios)
    seconds, disk = 0.0, 0.0
    for scenario in plan.scenarios:
        if left[scenario.name]:
            a_run, size = _timed(scenario, plan.file.save_days)
            seconds += left[scenario.name] * a_run
            disk += left[scenario.name] * size
    if disk:
        disk += min(KEPT, len(plan.seeds)) * World.memory(plan.scenarios[0])["network"]
    hours = seconds / 3600
    return Estimate(plan.size, plan.runs, finished, jobs, hours, hours / jobs, round(disk))


def _timed(scenario: Scenario, save_days: bool | tuple[str, ...]) -> tuple[float, float]:
    """Seconds and bytes of a run, from a few days of it, or of a smaller world."""
    users, days = scenario.run.users, min(scenario.run.days, TIMED_DAYS)
    values: dict[str, Any] = {"run.days": days}
    if not scenario.friends.file:
        users = values["run.users"] = min(users, TIMED_USERS)
    began = time.process_time()
    world = World(scenario.with_values(values))
    birth = time.process_time() - began
    try:
        while world.running:
            world.step()
        lived = time.process_time() - began - birth
        history = world.history
    finally:
        world.close()
    columns = len(save_days) if isinstance(save_days, tuple) else save_days * len(history.columns)
    size = float(len(scenario.to_toml()) + A_RUN + len(in_parquet(history, save_days)))
    size += A_DAY * columns * (scenario.run.days - days)
    return (birth + lived * scenario.run.days / days) * scenario.run.users / users, size
