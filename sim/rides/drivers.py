"""Drivers: who drives for the platform, when, and whether it pays.

They are too many to think one by one: a driver is a row of columns. Each has hours of their own, more of them where
people ride more, and something else to live on: a wage outside. Once in four weeks those who earned less an hour than
that may stop, and others may start who would earn more by what the city's drivers earn and what they could not serve.
Cities are of full size however few are simulated (city.py), so what is earned is reckoned over the whole city; money is
paid for the rides of the people simulated alone.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed
from sim.ground.ledger import OUTSIDE
from sim.ground.metrics import flow, ratio, stock
from sim.rides import city
from sim.rides.city import MINUTES, CitySettings
from sim.rides.riders import RidersSettings
from sim.rides.terms import RidesSettings
from sim.state import Planned, State

DRIVERS = "drivers"
WEEKS = 4  # between a driver's looks at what driving pays
AWAY, BUSY, IDLE = 0, 1, 2  # what a driver does today: not at work, on the way, waiting for passengers
EVENTS = 3  # of a driver's day: free again, begins, stops; each a node in the list of its minute
MOST = 100_000  # drivers a city: numbers a driver's luck, so that more of them leave these as they are


class DriversSettings(Settings):
    """[drivers]"""

    number: float = assumed.amount(
        0.8, "drivers a 1,000 people", "drivers on day 0", "fitted: few come or go at first in taxi.toml", 0.2, 10
    )
    pool: float = assumed.amount(
        4.0, "drivers a 1,000 people", "people who could drive, those who do among them", "round figure", 1, 20
    )
    hours: float = assumed.positive(
        8.0,
        "hours",
        "mean length of a driver's day; it lies between half and one and a half of it",
        "round figure",
        4,
        10,
    )
    days_worked: float = assumed.share(0.8, "days on which a driver drives", "round figure", 0.3, 1.0)
    outside_wage: int = assumed.count(
        3_000,
        "cents an hour",
        "mean wage outside of those who could drive",
        "urban wages in China 2015: 31 CNY",
        1_000,
        6_000,
    )
    wage_spread: float = assumed.amount(0.5, "log-spread", "inequality of that wage", "round figure", 0.1, 1)
    km_cost: int = assumed.count(70, "cents a km", "fuel and wear", "round figure", 30, 150)
    starting: float = assumed.share(0.25, "chance in a month to start where it pays", "round figure", 0.05, 1)
    stopping: float = assumed.share(0.5, "chance in a month to stop where it does not", "round figure", 0.05, 1)


class DriverColumns(Table):
    """A row a driver: city by city, those who could drive among them."""

    x = Column(np.float64, 0, "place in the city, where the last passenger got out", "sides")
    y = Column(np.float64, 0, "as x, along the other side", "sides")
    free = Column(np.int32, 0, "minute of today from which the driver is free", "minutes")
    starts = Column(np.int32, 0, "minute of the day at which the driver's hours begin", "minutes")
    minutes = Column(np.int32, 0, "length of the driver's day", "minutes")
    wage = Column(np.float64, 0, "what the driver could earn elsewhere", "cents an hour")
    active = Column(np.uint8, 0, "1 while the driver drives for the platform")
    taken_in = Column(np.uint8, 0, "1 once the platform has paid for taking the driver in")
    earned = Column(np.int64, 0, "this month: fares less commission and costs, over the whole city", "cents")
    worked = Column(np.int64, 0, "this month: time at work", "minutes")


class CityColumns(Table):
    """A row a city, averaged over about a month."""

    earned = Column(np.float64, 0, "drivers' earnings", "cents a day")
    lost = Column(np.float64, 0, "what drivers would have earned by unserved rides", "cents a day")
    hours = Column(np.float64, 0, "drivers' hours", "hours a day")


ACTIVE = stock("drivers.active", "drivers", "drivers of the platform, for the people simulated")
ENTRIES = flow("drivers.entries", "drivers", "drivers who started, for the people simulated", "neither")
EXITS = flow("drivers.exits", "drivers", "drivers who stopped, for the people simulated", "less")
EARNED = flow("drivers.earned", "cents", "fares less commission and costs, over whole cities")
HOURS_AT_WORK = flow("drivers.hours", "hours", "time at work, over whole cities", "neither")
EARNINGS_PER_HOUR = ratio(
    "drivers.earnings_per_hour", "cents", "fares less commission and costs, an hour at work", EARNED, HOURS_AT_WORK
)
BUSY_HOURS = flow("drivers.busy_hours", "hours", "of these hours, on the way to a passenger or with one", "neither")
BUSY_SHARE = ratio(
    "drivers.busy_share", "share", "time at work on the way to a passenger or with one", BUSY_HOURS, HOURS_AT_WORK
)
SURPLUS = flow("drivers.surplus", "cents", "drivers' earnings less what they could have earned elsewhere in the time")
METRICS = (ACTIVE, ENTRIES, EXITS, EARNED, HOURS_AT_WORK, EARNINGS_PER_HOUR, BUSY_HOURS, BUSY_SHARE, SURPLUS)


class Fleet(NamedTuple):
    """A city's drivers, a cell each: columns of the day."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    free: NDArray[np.int32]
    starts: NDArray[np.int32]
    minutes: NDArray[np.int32]
    state: NDArray[np.uint8]  # AWAY, BUSY or IDLE


class Agenda(NamedTuple):
    """What happens in each minute: a list of nodes, EVENTS a driver."""

    due: NDArray[np.int32]  # the first of each minute, -1 for none
    then: NDArray[np.int32]  # what follows a node


@rule
def drives_today(town, j, active, days_worked, key):
    """Whether the j-th driver of a city works today."""
    return active and luck.uniform(key, town * MOST + j, 0) < days_worked


@rule
def at_work(minute, starts, minutes):
    """Whether a driver's hours cover a minute of the day; hours may run past midnight."""
    return (minute - starts) % MINUTES < minutes


@rule
def list_under(agenda, minute, node):
    """Put a node at the head of a minute's list."""
    agenda.then[node] = agenda.due[minute]
    agenda.due[minute] = node


@rule
def plan(agenda, j, free, starts, minutes):
    """List a driver under the minutes of today at which they are free, begin and stop."""
    if free < MINUTES:
        list_under(agenda, free, EVENTS * j)
    list_under(agenda, starts, EVENTS * j + 1)
    if minutes < MINUTES:
        list_under(agenda, (starts + minutes) % MINUTES, EVENTS * j + 2)


@rule
def begin_minute(now, agenda, fleet, grid):
    """Begin a minute in a city: drivers who are free and at work wait for passengers, those whose day ends go home."""
    node = np.int64(agenda.due[now])
    while node >= 0:
        j, following = node // EVENTS, np.int64(agenda.then[node])
        working = at_work(now, fleet.starts[j], fleet.minutes[j])
        if fleet.state[j] == BUSY and working and fleet.free[j] <= now:
            wait_for_passengers(fleet, grid, j)
        elif fleet.state[j] == IDLE and not working:
            leave(fleet, grid, j)
        elif node == EVENTS * j and now < fleet.free[j] < MINUTES:
            list_under(agenda, fleet.free[j], node)  # sent to another passenger before the last got out
        node = following


@rule
def wait_for_passengers(fleet, grid, j):
    """A driver stands idle where the last passenger got out."""
    city.put(grid.head, grid.after, grid.before, city.cell_of(fleet.x[j], fleet.y[j], grid.cells), j)
    fleet.state[j] = IDLE


@rule
def leave(fleet, grid, j):
    """Take an idle driver off the grid: to drive to a passenger, or home."""
    city.take(grid.head, grid.after, grid.before, city.cell_of(fleet.x[j], fleet.y[j], grid.cells), j)
    fleet.state[j] = BUSY


@rule
def drive(fleet, agenda, j, to_x, to_y, ends, was_idle):
    """A driver is busy until a passenger gets out; who comes from another one is listed already."""
    fleet.x[j], fleet.y[j] = to_x, to_y
    fleet.free[j] = ends
    if was_idle and ends < MINUTES:
        list_under(agenda, ends, EVENTS * j)


@rule
def first_there(workers, fleet, minute, at_x, at_y, scale, speed, patience):
    """Of the drivers with a passenger, who could be at a place first, and within the patience; -1 for nobody."""
    best, found = patience, -1
    for j in workers:
        free = fleet.free[j]
        if minute < free < minute + best and at_work(free % MINUTES, fleet.starts[j], fleet.minutes[j]):
            way = math.sqrt(city.apart(fleet.x[j], fleet.y[j], at_x, at_y)) * scale
            wait = free - minute + city.minutes_for(way, speed)
            if wait < best:
                best, found = wait, np.int64(j)
    return found


@rule
def free_time(workers, fleet, zones, now, ahead, time):
    """Free time of the drivers of each zone in the next `ahead` minutes, 1 for a driver who has it all."""
    time[:] = 0.0
    for j in workers:
        begins = max(now, fleet.free[j])
        if begins < now + ahead and at_work(begins % MINUTES, fleet.starts[j], fleet.minutes[j]):
            time[city.cell_of(fleet.x[j], fleet.y[j], zones)] += (now + ahead - begins) / ahead


@rule
def fleet_of(rows, own):
    """A city's drivers as the day begins, all of them away."""
    x = rows.x[own]
    return Fleet(x, rows.y[own], rows.free[own], rows.starts[own], rows.minutes[own], np.zeros(x.size, np.uint8))


@rule
def begin_day(here, rows, own, fleet, agenda, days_worked, key, workers, seen):
    """Who of a city's drivers works today, into `workers`, and when; returns how many.

    `seen` is told the minutes that they work, and what they could have earned elsewhere meanwhile.
    """
    active, worked, wage = rows.active[own], rows.worked[own], rows.wage[own]
    working = 0
    for j in range(active.size):
        fleet.free[j] = max(0, fleet.free[j] - MINUTES)
        if drives_today(here, j, active[j], days_worked, key):
            minutes = fleet.minutes[j]
            fleet.state[j] = BUSY
            worked[j] += minutes
            seen.work += minutes
            seen.forgone += int(wage[j] * minutes / 60.0)
            workers[working] = j
            working += 1
            plan(agenda, j, fleet.free[j], fleet.starts[j], minutes)
    return working


def prospects(earned, lost, hours, own):
    """What one more driver of so many hours a day would earn an hour, in cents: their part of all there is to earn."""
    return (earned + lost) / (hours + own)


def rows_a_city(state: Planned) -> int:
    """Drivers and those who could be, in one city."""
    settings, terms = state.settings(DriversSettings), state.settings(CitySettings)
    people = state.size / city.number(state.size, terms) * city.stands_for(state.size, terms)
    return min(MOST, round(max(settings.pool, settings.number) * people / 1_000))


def cities(state: Planned) -> int:
    """Number of cities."""
    return city.number(state.size, state.settings(CitySettings))


def rows_needed(state: Planned) -> int:
    """Rows of the drivers' table."""
    return rows_a_city(state) * city.number(state.size, state.settings(CitySettings))


def found_drivers(state: State) -> None:
    """Day 0: hours, places and wages; those drive who could earn least elsewhere."""
    settings, rows, number = state.settings(DriversSettings), state[DriverColumns], rows_a_city(state)
    if rows.x.size == 0:
        return
    every = np.arange(rows.x.size)
    who = every // number * MOST + every % number
    place, when, length, money = (state.lasting_luck(f"drivers.{what}") for what in ("place", "when", "length", "wage"))
    rows.x[...], rows.y[...] = luck.uniforms(place, who), luck.uniforms(place, who, 1)
    rows.minutes[...] = np.minimum(MINUTES, np.rint(60 * settings.hours * (0.5 + luck.uniforms(length, who))))
    clock = city.clock_of(state.settings(RidersSettings).hours)
    middle = np.array([city.minute_of(u, clock) for u in luck.uniforms(when, who).tolist()])
    rows.starts[...] = (middle - rows.minutes // 2) % MINUTES
    u = luck.uniforms(money, who)
    rows.wage[...] = [luck.lognormal(settings.outside_wage, settings.wage_spread, one) for one in u.tolist()]
    first = round(number * settings.number / max(settings.number, settings.pool, 1e-9))
    rank = np.argsort(np.argsort(u.reshape(-1, number), axis=1, kind="stable"), axis=1)
    rows.active[...] = (rank < first).ravel()


def take_home(state: State) -> None:
    """Drivers take home what they earned, and some stop or start."""
    rows = state[DriverColumns]
    if rows.x.size == 0:
        return
    if state.day % 7 == 6:
        every = np.flatnonzero(state.ledger[DRIVERS]).astype(np.uint32)
        state.ledger.pay_many((every, 0, state.ledger[DRIVERS][every]), DRIVERS, OUTSIDE, "takings")
        if state.settings(RidesSettings).on:
            _review(state)
    if state.settings(RidesSettings).on:
        shown = city.stands_for(state.size, state.settings(CitySettings))
        state.note(ACTIVE, int(np.count_nonzero(rows.active)) / shown)


def _review(state: State) -> None:
    """Every week a quarter of them look at what their last four weeks brought."""
    settings, rows, towns = state.settings(DriversSettings), state[DriverColumns], state[CityColumns]
    number = rows_a_city(state)
    due = np.arange(state.day // 7 % WEEKS, rows.x.size, WEEKS)
    who = due // number * MOST + due % number
    hourly = 60 * rows.earned[due] / np.maximum(1, rows.worked[due])
    hoped = prospects(towns.earned, towns.lost, towns.hours, settings.hours)[due // number]
    drives = rows.active[due] == 1
    u = luck.uniforms(state.luck("drivers.review"), who)
    stops = drives & (rows.worked[due] > 0) & (hourly < rows.wage[due]) & (u < settings.stopping)
    starts = ~drives & (hoped > rows.wage[due]) & (u < settings.starting)
    rows.active[due[stops]] = 0
    rows.active[due[starts]] = 1
    rows.earned[due] = rows.worked[due] = 0
    shown = city.stands_for(state.size, state.settings(CitySettings))
    state.note(EXITS, int(stops.sum()) / shown)
    state.note(ENTRIES, int(starts.sum()) / shown)
