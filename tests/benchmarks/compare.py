"""How many times the CPU time of hongbao its twin of Mesa agents takes for the same days.

    python tests/benchmarks/compare.py [--users 10_000] [--days 5] [--rounds 5] [--format json]

Both live the same scenario on the same network with people born alike, in turns, so that whatever else the machine does
falls on both. A day costs the median over days and rounds. Once the core day, once with shops and adverts.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from mesa_twin import Twin
from test_twin import born

from sim.experiments.bench import WARM_DAYS
from sim.scenario import Scenario
from sim.world import World

MARKETS = {
    "shopping.on": True, "advertising.on": True, "advertising.inbox_slots": 1.0, "advertising.discovery_slots": 2.0,
    "company.knows_purchases": True, "company.knows_profile": True,
}  # fmt: skip
WORK = {"core": {}, "core, shops and adverts": MARKETS}


class Ratio(NamedTuple):
    """One workload, in CPU microseconds a user-day."""

    work: str
    users: int
    awake_share: float
    messages: float  # a person awake and day
    hongbao: float
    twin: float
    ratio: float
    ratios: tuple[float, float]  # the least and the most of the rounds


def race(work: str, users: int, days: int, rounds: int) -> Ratio:
    """Let both live, in turns."""
    scenario = Scenario.make(run={"users": users}, regulator={"on": False}).with_values(WORK[work])
    world = World(scenario)
    twin = Twin(scenario, world.friends, born(world))
    for _ in range(WARM_DAYS):
        world.step()
        twin.step()
    gc.collect()
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(list(timed(world, days)))
        theirs.append(list(timed(twin, days)))
    world.close()
    history = world.history[WARM_DAYS:]
    awake, messages = float(history["users.daily"].sum()), float(history["messaging.messages"].sum())
    each = [statistics.median(slow) / statistics.median(fast) for fast, slow in zip(ours, theirs, strict=True)]
    fast, slow = (statistics.median(day for several in all_days for day in several) for all_days in (ours, theirs))
    return Ratio(
        work, users, awake / len(history) / users, messages / awake, fast / users * 1e6, slow / users * 1e6, slow / fast,
        (min(each), max(each)),
    )  # fmt: skip


def timed(model: Any, days: int) -> Iterator[float]:
    """CPU seconds of so many days."""
    for _ in range(days):
        began = time.process_time()
        model.step()
        yield time.process_time() - began


def main() -> None:
    """Print what was measured."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--users", type=int, default=10_000)
    options.add_argument("--days", type=int, default=5)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--format", choices=("table", "json"), default="table")
    asked = options.parse_args()
    found = [race(work, asked.users, asked.days, asked.rounds) for work in WORK]
    if asked.format == "json":
        print(json.dumps([ratio._asdict() for ratio in found], indent=2))
        return
    print("CPU microseconds a user-day, one thread")
    for ratio in found:
        low, high = ratio.ratios
        print(
            f"{ratio.work}: {ratio.users:,} people, {ratio.awake_share:.0%} awake, {ratio.messages:.0f} messages each: "
            f"hongbao {ratio.hongbao:.3f}, Mesa twin {ratio.twin:.1f}, ratio {ratio.ratio:.0f} ({low:.0f} to {high:.0f})"
        )


if __name__ == "__main__":
    main()
