"""What a limit is, and what the limits share: worlds where nothing happens but what is looked at."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.ground.friends.friends import Friends
from sim.ground.ledger import OUTSIDE
from sim.results.intervals import standard_error
from sim.scenario import Scenario
from sim.world import World

ERRORS = 4.0  # standard errors a number may be off

QUIET: dict[str, dict[str, Any]] = {  # nobody writes, pays, joins, leaves or celebrates; all are members
    "clock": {"festivals": []},
    "users": {"first_members": 1.0},
    "attention": {"has_rival": 0.0, "installing": 0.0, "leaving": 0.0, "dropping_out": 0.0},
    "rival": {"on": False},
    "joining": {"innovation": 0.0, "imitation": 0.0, "invitation": 0.0},
    "messaging": {"on": False, "threads": 0.0},
    "wallet": {"on": False},
    "lucky_money": {"on": False},
}
AWAKE = {"eagerness": 50.0, "eagerness_spread": 0.0}  # [presence] in which nobody stays away


class Limit(NamedTuple):
    """One number of a row of LIMITS.md: what theory expects and what the services did."""

    row: int
    name: str
    expected: float
    measured: float
    standard_error: float
    allowance: float
    passed: bool
    how: str


def held_against(
    row: int, name: str, expected: float, measured: float, error: float, how: str, allowance: float = 0.0
) -> Limit:
    passed = abs(measured - expected) <= ERRORS * error + allowance
    return Limit(row, name, float(expected), float(measured), float(error), float(allowance), bool(passed), how)


def mean_against(row: int, name: str, expected: float, sample: ArrayLike, how: str, allowance: float = 0.0) -> Limit:
    """The mean of independent values against what is expected of each."""
    values = np.asarray(sample, np.float64)
    return held_against(row, name, expected, float(values.mean()), standard_error(values), how, allowance)


def quiet_world(people: int, seed: int, network: Friends | None = None, **sections: dict[str, Any]) -> World:
    """A QUIET world but for the sections given; everyone knows everyone unless a network is given."""
    laid = {name: QUIET.get(name, {}) | sections.get(name, {}) for name in QUIET | sections}
    laid["run"] = {"users": people, "seed": seed, "days": 30_000}
    return World(Scenario.make(**laid), friends=network or Friends.everyone(people))


def live(world: World, days: int, *phases: Callable[[World], None]) -> None:
    """So many days of these phases alone: the others have nothing to do in the case at hand."""
    for _ in range(days):
        world.today = {}
        world.ledger.open_day()
        for phase in phases:
            phase(world)
        world.day += 1


def endow(world: World, sector: str, cents: int) -> None:
    """Everyone gets so much from outside."""
    everyone = np.arange(world.size, dtype=np.uint32)
    world.ledger.pay_many((np.zeros_like(everyone), everyone, np.full(world.size, cents)), OUTSIDE, sector, "endowment")
