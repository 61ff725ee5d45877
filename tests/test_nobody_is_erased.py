"""Nobody is frozen in a bad memory: in every scenario, feelings stay within what people feel, and pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.people.experience import FeltColumns
from sim.people.users import MEMBER
from sim.scenario import Scenario
from sim.world import World

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))
LOW, LONG, FAR = -5.0, 60, 10.0  # logit units, days, logit units
SMALL: dict[str, Any] = {"run.users": 150, "run.days": 90}


def longest_low(world: World, days: int) -> tuple[int, float]:
    """Most days in a row that a member spends below LOW, and the farthest anybody's satisfaction goes from 0."""
    low, longest, farthest = np.zeros(world.size, np.int64), 0, 0.0
    for _ in range(days):
        world.step()
        member = world.users.users.membership == MEMBER
        felt = world[FeltColumns].satisfaction
        low = np.where(member & (felt < LOW), low + 1, 0)
        longest = max(longest, int(low.max()))
        farthest = max(farthest, float(np.abs(felt[member]).max(initial=0.0)))
    world.close()
    return longest, farthest


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_feelings_stay_within_bounds_and_bad_ones_pass(path: Path) -> None:
    longest, farthest = longest_low(World(Scenario.load(path, SMALL)), SMALL["run.days"])
    assert longest < LONG
    assert farthest < FAR


def test_who_loses_a_fortune_comes_back() -> None:
    """A loss of 400 CNY on one day; breaks if absence keeps the last feeling (17 of 5,000 were gone for 660 days)."""
    world = World(Scenario.make(run={"users": 150, "days": 200}))
    world.step()
    world[FeltColumns].later[:30] = -400.0
    longest, farthest = longest_low(world, 150)
    assert 0 < farthest < FAR
    assert longest < LONG
    members = world.users.users.membership[:30] == MEMBER
    assert world[FeltColumns].satisfaction[:30][members].mean() > 0.0
