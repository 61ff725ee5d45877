"""Limits of the help desk: its queue in the long run (row 15)."""

import math
from contextlib import closing

import numpy as np

from sim.engine import luck
from sim.engine.settings import BadInput
from sim.experiments.limits.limit import Limit, mean_against, quiet_world
from sim.ground.queues import MINUTES
from sim.support import desks


def erlang_c(agents: int, load: float) -> float:
    """Chance to wait where customers are patient without end (Erlang 1917)."""
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1.0 - load / agents * (1.0 - blocked))


def help_queue(
    agents: int = 2, load: float = 1.0, customers: int = 200_000, service: float = 120.0, seed: int = 15
) -> list[Limit]:
    """Row 15: customers come at random, without end, to a desk that never closes.

    Serving one takes two hours, so that a queue that began anew at midnight would be found out.
    """
    if not 0.0 < load < agents <= desks.MOST:
        raise BadInput(f"load = {load}, agents = {agents}: the load must be below the agents, at most {desks.MOST}")
    wait = erlang_c(agents, load)
    rate = load / service * MINUTES  # a day
    memory = service / (agents * (1.0 - math.sqrt(load / agents)) ** 2) / MINUTES  # days until a queue has forgotten
    batch = math.ceil(max(20.0 * memory, customers / 40.0 / rate))  # days
    waiting, waited = [], []
    with closing(
        quiet_world(
            20, seed,
            merchants={"people_a_market": 20, "categories": 1},
            shopping={"on": True},
            support={"on": True},
            desks={"opens": 0, "closes": 24, "agents": agents, "service": service},
        )
    ) as world:  # fmt: skip
        days = math.ceil(20.0 * memory) + 40 * batch
        for day in range(days):
            world.day = day
            number = luck.poisson(rate, luck.draw(world.luck("validate.number")))
            minute, u = (luck.uniforms(world.luck(f"validate.{what}"), number) for what in ("minute", "service"))
            come = desks.Queue(
                np.zeros(number, np.int64), MINUTES * minute, np.full(number, np.inf), -service * np.log(u)
            )
            waits = desks.serve(world, come, service)
            if day >= days - 40 * batch:
                waiting.append(np.array([np.count_nonzero(waits), number]))
                waited.append(np.array([waits.sum() / service, number]))
    how = f"{days} days of {rate:.0f} customers, open 24 h, through desks.serve; 40 batches of {batch} days"

    def batches(tallies: list[np.ndarray]) -> np.ndarray:
        sums = np.array(tallies).reshape(40, batch, 2).sum(axis=1)
        return np.asarray(sums[:, 0] / sums[:, 1])

    name = f"{agents} agents, load {load:g}"
    return [
        mean_against(15, f"chance to wait, {name}", wait, batches(waiting), how),
        mean_against(15, f"mean wait in services, {name}", wait / (agents - load), batches(waited), how),
    ]


def busy_desk(agents: int = 10, load: float = 8.0, customers: int = 800_000, seed: int = 15) -> list[Limit]:
    """Row 15, again: a desk of ten."""
    return help_queue(agents, load, customers, seed=seed)
