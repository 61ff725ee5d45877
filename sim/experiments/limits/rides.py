"""Limits of rides: how far the nearest driver is (row 27)."""

import math
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from sim.engine import luck
from sim.engine.kernels import kernel
from sim.experiments.limits.limit import AWAKE, QUIET, Limit, endow, held_against, live, mean_against, quiet_world
from sim.ground.ledger import WALLET
from sim.people import presence
from sim.results.intervals import ratio_error
from sim.rides import city, rides
from sim.rides.drivers import DriverColumns


def _expected(drivers: int) -> float:
    """Mean distance to the nearest of so many on a unit torus, to which the formula of LIMITS.md tends."""
    return math.exp(gammaln(1.5) + gammaln(drivers + 1) - gammaln(drivers + 1.5)) / math.sqrt(math.pi)


def _exact(drivers: int, steps: int = 200_000) -> float:
    """The same where circles meet themselves round the torus: the formula lets a circle of half a side grow on.

    By quadrature of the chance that nobody is nearer, (1 - area)^drivers, up to the farthest place, a half diagonal away.
    """
    r = (np.arange(steps) + 0.5) / steps * math.sqrt(0.5)
    beyond = np.maximum(r, 0.5)
    cut_off = beyond**2 * np.arccos(0.5 / beyond) - 0.5 * np.sqrt(beyond**2 - 0.25)
    area = np.minimum(1.0, math.pi * r**2 - 4.0 * cut_off)
    return float(((1.0 - area) ** drivers).mean() * math.sqrt(0.5))


@kernel
def _distances(x: Any, y: Any, at_x: Any, at_y: Any, cells: int) -> NDArray[np.float64]:
    """Distance from each place to the nearest driver, found in a grid of so many cells a side."""
    head, far = np.full(cells * cells, -1, np.int32), np.empty(at_x.size)
    after, before = np.empty(x.size, np.int32), np.empty(x.size, np.int32)
    for j in range(x.size):
        city.put(head, after, before, city.cell_of(x[j], y[j], cells), j)
    for i in range(at_x.size):
        j = city.nearest(head, after, x, y, cells, at_x[i], at_y[i], 1.0)
        far[i] = math.sqrt(city.apart(x[j], y[j], at_x[i], at_y[i]))
    return far


def nearest_driver(drivers: int = 100, cities: int = 400, requests: int = 50, seed: int = 27) -> list[Limit]:
    """Row 27: how far the nearest of so many drivers is, and how long one waits for them in a day of rides."""
    means = []
    for number in range(cities):
        x, y, at_x, at_y = (
            luck.uniforms(luck.key(seed, f"validate.{what}", number), size)
            for what, size in (("x", drivers), ("y", drivers), ("at_x", requests), ("at_y", requests))
        )
        cells = 1 + number % max(2, 2 * math.isqrt(drivers))  # the answer must not hang on the grid
        means.append(_distances(x, y, at_x, at_y, cells).mean())
    how = f"{cities} cities of {drivers} drivers, {requests} requests each, through city.nearest; sides of 1 to {cells} cells"
    expected = _exact(drivers)
    limits = [
        mean_against(27, f"distance to the nearest of {drivers}", expected, means, how),
        held_against(
            27, "the same, formula against the torus", _expected(drivers), expected, 0.0, "quadrature", 0.01 / drivers
        ),
    ]
    return [*limits, _waits(drivers, seed)]


def _waits(drivers: int, seed: int, days: int = 1_500, people: int = 10_000) -> Limit:
    """The same by whole days of rides: a ride every other day, by drivers who are always at work and anywhere.

    They are put anywhere anew each day, because rides would not leave them so: the nearest is often one far from others,
    and those who are left stand closer together.
    """
    with closing(
        quiet_world(
            people, seed,
            presence=AWAKE,
            users=QUIET["users"] | {"income_spread": 0.0},
            wallet={"on": True, "first_owners": 1.0},
            city={"people": people},
            drivers={"number": 1000.0 * drivers / people, "pool": 0.0, "hours": 48.0, "days_worked": 1.0},
            riders={"needs": 0.5 / people, "quality": 100.0, "patience": 1e6, "km": 2.0},
            rides={"on": True},
        )
    ) as world:  # fmt: skip
        endow(world, WALLET, 1_000_000)
        presence.open_app(world)
        fleet, minutes, served = world[DriverColumns], [], []
        for day in range(days):
            for place, what in ((fleet.x, "x"), (fleet.y, "y")):
                place[...] = luck.uniforms(luck.key(seed, f"validate.waits.{what}", day), drivers)
            live(world, 1, rides.step)
            minutes.append(world.today["rides.minutes"])
            served.append(world.today["rides.served"])
        km = _exact(drivers) * city.side(people, world.now.city) * world.now.city.detour
        expected = 60.0 * km / world.now.city.speed
    wait, rode = float(np.sum(minutes) / np.sum(served)), np.array(served, np.float64)
    error = ratio_error(minutes, rode)
    how = f"{rode.sum():.0f} rides through rides.step on {days} days, among {drivers} drivers"
    # on a day with two rides the second finds one driver fewer, or elsewhere: at most so much farther for a fifth of rides
    return held_against(27, "minutes waited for them", expected, wait, error, how, 0.1 * expected / drivers)
