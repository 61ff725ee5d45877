"""Small worlds that tests compare: the same people, the same luck, other decisions. Each is lived once."""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.ground.friends.friends import Friends
from sim.results import summarise
from sim.scenario import Scenario
from sim.world import World

SCENARIOS = Path(__file__).parents[1] / "scenarios"


class Outcome(NamedTuple):
    """What a world left: its summary, and each person's welfare."""

    summary: dict[str, float]
    surplus: NDArray[np.float64]


@functools.cache
def _network(users: int, seed: int) -> Friends:
    return Friends.make(Scenario.make().friends, users, seed)


def world_of(file: str, users: int, days: int, seed: int, **changes: Any) -> World:
    """A world that has lived a scenario of the folder; `shopping__commission=.1` changes `shopping.commission`."""
    values = {name.replace("__", "."): value for name, value in changes.items()}
    run = {"run.users": users, "run.days": days, "run.seed": seed}
    world = World(Scenario.load(SCENARIOS / f"{file}.toml", run | values), friends=_network(users, seed))
    while world.running:
        world.step()
    world.close()
    return world


@functools.cache
def outcome(file: str, users: int, days: int, seed: int, **changes: Any) -> Outcome:
    """What is left of `world_of`; lived once, whoever asks."""
    world = world_of(file, users, days, seed, **changes)
    return Outcome(summarise(world.history, world.metrics), world.surplus)
