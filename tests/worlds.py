"""Small worlds that tests live through, and what is left of them.

A keyword is a section of a scenario, `shopping={"on": True}`, or one setting of it, `shopping__commission=0.1`, which
wins. Worlds of one size and seed have the same people with the same luck: they differ by what was decided alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sim.ground.friends.friends import Friends
from sim.results.intervals import paired
from sim.results.runs import summarise
from sim.scenario import Scenario
from sim.service import Service
from sim.world import World

SCENARIOS = Path(__file__).parents[1] / "scenarios"
SMALL = {"users": 400, "days": 10}  # where a test does not say how many people and days it needs


class Outcome(NamedTuple):
    """What a world left: its days, what they came to, and each person's welfare."""

    days: pd.DataFrame
    summary: dict[str, float]
    surplus: NDArray[np.float64]


def scenario_of(
    file: str = "",
    /,
    *,
    events: Sequence[Mapping[str, Any]] = (),
    services: Sequence[Service | str] = (),
    **decided: Any,
) -> Scenario:
    """A small scenario: from nothing but defaults, or a file of the folder of scenarios, with this decided.

    Args:
        file: "shops" for `scenarios/shops.toml`.
        events: dated changes, without a file.
    """
    sections: dict[str, dict[str, Any]] = {"run": SMALL | decided.pop("run", {})}
    for name, value in sorted(decided.items(), key=lambda it: "__" in it[0]):  # whole sections first
        section, _, key = name.partition("__")
        sections.setdefault(section, {}).update({key: value} if key else value)
    if not file:
        return Scenario.make(services=services, events=list(events), **sections)
    assert not events, "a file has events of its own"
    flat = {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}
    return Scenario.load(SCENARIOS / f"{file}.toml", flat, services)


def world_of(file: str = "", /, *, threads: int = 1, network: Friends | None = None, **how: Any) -> World:
    """A world on its first morning; see `scenario_of`."""
    return World(scenario_of(file, **how), friends=network, threads=threads)


def live(world: World, until: int | None = None) -> World:
    """Let a world live to its last day, or to the morning of a day; its threads are freed."""
    while world.running and (until is None or world.day < until):
        world.step()
    world.close()
    return world


def lived(file: str = "", /, **how: Any) -> World:
    """A world at its end: `lived(wallet={"payer_fee": 0.01}, run={"users": 500, "days": 30})`; see `world_of`."""
    return live(world_of(file, **how))


_known: dict[tuple[str, int], Outcome] = {}


def outcome(file: str = "", /, **how: Any) -> Outcome:
    """What is left of a world, which is lived once, whoever asks; see `scenario_of`."""
    scenario = scenario_of(file, **how)
    asked = scenario.digest(), scenario.run.seed
    if asked not in _known:
        world = live(World(scenario))
        _known[asked] = Outcome(world.history, summarise(world.history, world.metrics), world.surplus)
    return _known[asked]


def outcomes(seeds: Iterable[int], file: str = "", /, **how: Any) -> list[Outcome]:
    """The same decided for other people with other luck: an outcome a seed."""
    run = how.pop("run", {})
    return [outcome(file, run=run | {"seed": seed}, **how) for seed in seeds]


def by_seed(metric: str, seeds: Iterable[int], file: str = "", /, **how: Any) -> NDArray[np.float64]:
    """What a metric came to over the run, a number a seed."""
    return np.array([it.summary[metric] for it in outcomes(seeds, file, **how)])


def surely_above(higher: ArrayLike, lower: ArrayLike) -> None:
    """The 95 % interval of the difference, paired by seed, lies above zero."""
    difference = paired(higher, lower)
    assert difference.low > 0, difference
