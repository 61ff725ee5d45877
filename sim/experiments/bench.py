"""Bench: how fast worlds live, in user-days a CPU-second, with the workload that was measured beside it."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from sim.experiments.home import environment
from sim.experiments.room import check_memory
from sim.ground.friends.friends import Friends
from sim.scenario import Scenario
from sim.world import World

WARM_DAYS = 3  # lived before the clock starts: first days fill columns and caches
SMALL = 1_000  # people of the world that is there to be compiled
FEW, BRIEFLY = 2_000, 2  # people and days of a start from the command line
TWIN_USERS = 10_000  # people of the race with Mesa agents; more would take it long
LATER = 3  # starts, of which the median counts
TWIN = Path(__file__).parents[2] / "tests" / "benchmarks" / "compare.py"  # comes with the sources, not with the package


class Pace(NamedTuple):
    """What one world cost, in CPU seconds summed over threads."""

    users: int
    days: int
    threads: int
    awake_share: float  # of all people, a day
    messages: float  # a person awake and day
    user_days_a_second: float  # CPU
    network_seconds: float  # CPU
    birth_seconds: float  # CPU: everyone else's first day, without the network
    bytes_a_person: float  # network, columns and accounts
    phases: dict[str, float]  # seconds in the days timed


class Starts(NamedTuple):
    """What `hongbao run` of a few people and days costs from beginning to end, its report included."""

    users: int
    days: int
    first_seconds: float  # by the clock on the wall, with the model compiled
    first_cpu_seconds: float
    later_seconds: float
    later_cpu_seconds: float


def starts(scenario: Scenario) -> Starts:
    """Run from the command line with an empty cache of compiled code, then again, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scenario.toml")
        file.write_text(_grown(scenario, FEW).to_toml(), encoding="utf-8")
        asked = [file, "--users", FEW, "--days", BRIEFLY, "--out", file.with_suffix(""), "--force"]
        command = [sys.executable, "-m", "sim", "run", *map(str, asked)]
        first, *later = (_run(command, {"HONGBAO_CACHE": folder} | environment()) for _ in range(1 + LATER))
    return Starts(FEW, BRIEFLY, *first, *map(statistics.median, zip(*later, strict=True)))


def against_twin(users: int, days: int, rounds: int = 3) -> list[dict[str, Any]]:
    """The same days written as ordinary Mesa agents, lived in turns with ours: a row a workload.

    CPU microseconds a user-day of either, and their ratio. Empty where the project's sources are not at hand.
    """
    if not TWIN.is_file():
        return []
    asked = ["--users", str(users), "--days", str(days), "--rounds", str(rounds), "--format", "json"]
    told = os.environ | {"PYTHONPATH": environment()["PYTHONPATH"]}  # the script's own folder is searched first
    done = subprocess.run([sys.executable, TWIN, *asked], env=told, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds on the wall and CPU seconds that a command takes."""
    began, used = time.perf_counter(), _used_by_children()
    subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
    return time.perf_counter() - began, _used_by_children() - used


def _used_by_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def start(scenario: Scenario, threads: int = 1) -> float:
    """CPU seconds until a small world has lived a day: compiling, or loading what was compiled before."""
    began = time.process_time()
    world = World(_grown(scenario, SMALL), threads=threads)
    world.step()
    world.close()
    return time.process_time() - began


def _grown(scenario: Scenario, users: int) -> Scenario:
    """The scenario with so many people; a network that it reads has its own number of them, so one is grown."""
    read = scenario.friends.kind == "file"
    return scenario.with_values(
        {"run.users": users, "friends.file": ""} | ({"friends.kind": "generated"} if read else {})
    )


def measure(scenario: Scenario, users: int, days: int, threads: int = 1) -> Pace:
    """Let a world of so many users live so many days, and time it. Call `start` before the first.

    Raises:
        BadInput: the scenario cannot become a world of so many, or it does not fit in memory.
    """
    scenario = scenario.with_values({"run.users": users, "run.days": WARM_DAYS + days})
    check_memory(scenario)
    began = time.process_time()
    friends = Friends.make(scenario.friends, users, scenario.run.seed)
    knit = time.process_time()
    world = World(scenario, friends=friends, threads=threads)
    world.stopwatch = time.process_time
    born = time.process_time()
    try:
        for _ in range(WARM_DAYS):
            world.step()
        before = dict(world.seconds)
        woke = time.process_time()
        for _ in range(days):
            world.step()
        lived = time.process_time() - woke
        timed = world.history.tail(days)
    finally:
        world.close()
    awake = float(timed["users.daily"].sum())
    return Pace(
        users=users,
        days=days,
        threads=threads,
        awake_share=awake / (users * days),
        messages=float(timed["messaging.messages"].sum()) / max(1.0, awake),
        user_days_a_second=users * days / max(1e-9, lived),
        network_seconds=knit - began,
        birth_seconds=born - knit,
        bytes_a_person=_held_bytes(world) / users,
        phases={phase: seconds - before[phase] for phase, seconds in world.seconds.items()},
    )


def _held_bytes(world: World) -> int:
    columns = sum(array.nbytes for table in world.tables.values() for array in table.arrays().values())
    return world.friends.bytes + columns + world.ledger.balance.nbytes + world.scratch.nbytes
