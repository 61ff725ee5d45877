"""Rides: a taxi is called in a thread, shows its driver and its price, and is paid from the wallet.

A person with somewhere to go rides with the app, takes a taxi in the street or does without, by a logit over price,
expected wait and how they like each. Requests are served in order of time by the nearest idle driver of the city, who
is then busy until the passenger gets out and waits there for the next. Where no idle one is near enough, one who will
first set down a passenger may be sent, if that is soon enough (a lever); else nobody comes.
Surge, where it is switched on, raises the price of a zone until its requests and its drivers would meet. Drivers come
and go by what they earn (rides/drivers.py).
"""

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import (
    Box,
    decide_all,
    each_block,
    joined,
    kernel,
    outbox_of,
    rule,
    with_cached_type,
    with_type_of_first,
)
from sim.ground.choice import value_of_chosen
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET
from sim.ground.metrics import flow, ratio
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.people.experience import FeltColumns
from sim.people.inbox import MESSAGES
from sim.people.welfare import DRIVERS_WELFARE, OUTSIDE_WELFARE
from sim.rides import city, drivers, riders
from sim.rides.city import MINUTES, CitySettings
from sim.rides.drivers import DRIVERS, EVENTS, CityColumns, DriverColumns, DriversSettings
from sim.rides.riders import RidersSettings
from sim.rides.terms import RidesSettings
from sim.service import Part, Rows
from sim.state import State

ROOM = 8_192
SLOT = 5  # minutes for which a price stands ...
LATELY = 0.35  # ... and weight of the last of them in what is asked of late
KNOWN_DAYS = 14.0  # days over which people know what a wait is
MEMORY = 30.0  # days over which a city's drivers know what can be earned
DRIVERS_A_CELL = 6  # of the grid: about one of them at work and idle


class RideHourColumns(Table):
    """A row a city and hour of the day: what people know of waits, over some two weeks of requests."""

    waited = Column(np.float64, 240, "seconds waited; the patience where nobody came", "seconds")
    asked = Column(np.float64, 1, "requests", "requests")


NEEDS = flow("rides.needs", "needs", "people with somewhere to go", "neither")
LOOKED = flow("rides.looked", "needs", "of these, people who might ride with the app and see its price", "neither")
ASKED = flow("rides.asked", "rides", "rides asked for in the app")
SERVED = flow("rides.served", "rides", "rides driven for the app")
UNSERVED = flow("rides.unserved", "rides", "rides asked for to which no driver was near enough", "less")
UNSERVED_SHARE = ratio("rides.unserved_share", "share", "requests that nobody served", UNSERVED, ASKED, "less")
BY_STREET_TAXI = flow("rides.outside", "needs", "needs met by a street taxi", "neither")
DID_WITHOUT = flow("rides.without", "needs", "needs of people who did without", "less")
UNAFFORDABLE = flow("rides.unaffordable", "needs", "needs of people who lacked the money for the app's fare", "less")
IN_APP_SHARE = ratio("rides.in_app_share", "share", "needs met in the app", SERVED, NEEDS)
MINUTES_WAITED = flow("rides.minutes", "minutes", "minutes waited for drivers", "less")
WAIT_MINUTES = ratio("rides.wait_minutes", "minutes", "mean wait for a driver", MINUTES_WAITED, SERVED, "less")
RUSH_ASKED = flow("rides.rush_asked", "rides", "of the rides asked for, between 17 and 19 h", "neither")
RUSH_SERVED = flow("rides.rush_served", "rides", "of these, served")
RUSH_UNSERVED = flow("rides.rush_unserved", "rides", "of these, not served", "less")
RUSH_MINUTES = flow("rides.rush_minutes", "minutes", "minutes waited between 17 and 19 h", "less")
RUSH_WAIT_MINUTES = ratio(
    "rides.rush_wait_minutes", "minutes", "mean wait in the rush", RUSH_MINUTES, RUSH_SERVED, "less"
)
RUSH_UNSERVED_SHARE = ratio(
    "rides.rush_unserved_share", "share", "unserved in the rush", RUSH_UNSERVED, RUSH_ASKED, "less"
)
SURGES = flow("rides.surges", "times", "prices shown over those without surge, summed over those who looked", "neither")
SURGE = ratio("rides.surge", "times", "mean price shown over that without surge", SURGES, LOOKED, "neither")
FARES = flow("rides.fares", "cents", "fares paid")
MEAN_FARE = ratio("rides.mean_fare", "cents", "mean fare", FARES, SERVED, "neither")
RIDERS_WORTH = flow("rides.worth", "cents", "riders' worth of rides above what is outside, fares paid")
WORTH_PER_FARE = ratio("rides.worth_per_fare", "CNY per CNY", "riders' worth over what they paid", RIDERS_WORTH, FARES)
METRICS = (
    NEEDS, LOOKED, ASKED, SERVED, UNSERVED, UNSERVED_SHARE, BY_STREET_TAXI, DID_WITHOUT, UNAFFORDABLE, IN_APP_SHARE,
    MINUTES_WAITED, WAIT_MINUTES, RUSH_ASKED, RUSH_SERVED, RUSH_UNSERVED, RUSH_MINUTES, RUSH_WAIT_MINUTES,
    RUSH_UNSERVED_SHARE, SURGES, SURGE, FARES, MEAN_FARE, RIDERS_WORTH, WORTH_PER_FARE,
)  # fmt: skip
MICRO = 1e6  # kernels sum integers


# People who look at the app: city, minute, person and who of those the person stands for, in one number that sorts so.
# Tallied are needs, and those of people who do not look met by a street taxi.
RideRequests = outbox_of("RideRequests", ticket=np.uint64, tallies=("needs", "outside"))


# Rides asked for by the people simulated: person, driver or -1, fare, what the driver spent, worth to the rider.
RidesAsked = outbox_of(
    "RidesAsked", who=np.uint32, to=np.int64, cents=np.int64, cost=np.int64, gain=np.float32,
    tallies=(
        "looked", "surges", "outside", "unaffordable", "asked", "served", "unserved", "seconds", "rush_asked",
        "rush_served", "rush_seconds", "worth", "earned", "lost", "work", "driven", "forgone", "diverted",
    ),
)  # fmt: skip


TALLIED = {  # as they are measured
    "needs": NEEDS, "outside": BY_STREET_TAXI, "looked": LOOKED, "asked": ASKED, "served": SERVED, "unserved": UNSERVED,
    "unaffordable": UNAFFORDABLE, "rush_asked": RUSH_ASKED, "rush_served": RUSH_SERVED, "worth": RIDERS_WORTH,
}  # fmt: skip


@with_cached_type
class Terms(NamedTuple):
    """What kernels know of today's rides."""

    setting: Any  # of this section, of [riders], [drivers] and [city]
    riders: Any
    drive: Any
    town: Any
    clock: NDArray[np.int16]  # of needs
    people: int
    cities: int
    stands_for: int
    side: float  # km
    drivers: int  # rows a city
    ways: tuple[np.uint64, ...]  # keys of luck: home, way, ends
    need: np.uint64
    liking: np.uint64
    choice: np.uint64
    work: np.uint64


@rule
def ticket(town, minute, who, other):
    """A need as a number that sorts by city, minute, person and other."""
    place = np.uint64(town) << np.uint64(48) | np.uint64(minute) << np.uint64(37)
    return place | np.uint64(who) << np.uint64(8) | np.uint64(other)


@rule
def fare(setting, km, surge):
    """Price of a ride in whole cents."""
    return int((setting.start_fare + setting.km_fare * km) * surge + 0.5)


@rule
def clearing(demand, supply, elasticity, cap):
    """Price, over the usual, at which requests of this elasticity meet the drivers there are: from 1 to `cap`."""
    if demand <= supply:
        return 1.0
    if supply <= 0.0:
        return cap
    return min(cap, (demand / supply) ** (1.0 / elasticity))


@kernel
def _ask(awake, start, owner, terms, box):
    """Needs of everyone awake and of those they stand for; returns where the box was full.

    Most would not ride with the app at any price and wait, and the rest of their choice is skipped.
    """
    setting, people, clock = terms.setting, terms.riders, terms.clock
    tickets, written = box.ticket, box.used[0]
    most, highest = max(1.0, people.rush), shares_looking(setting, people)
    shortest, longest = street_share(setting, people, 0.0), street_share(setting, people, riders.LONGEST)
    surely, never = min(shortest, longest) - 1e-3, max(shortest, longest) + 1e-3  # fares are whole cents
    others = (terms.stands_for - 1) * people.needs * most
    needs = outside = 0
    town, past, at = np.int64(-1), np.int64(0), start
    while at < awake.size and written + city.MOST_STOOD_FOR < tickets.size:
        who = np.int64(awake[at])
        at += 1
        while who >= past:  # the first person of the next city
            town += 1
            past = ((town + 1) * terms.people + terms.cities - 1) // terms.cities
        u, v = luck.two(terms.need, who, 0)
        if u < people.needs * most:
            minute = city.minute_of(v, clock)
            if u < people.needs * riders.rush_of(minute, people.rush):
                needs += 1
                u, v = luck.two(terms.choice, who, 0)
                if u < highest[1] and u < highest[owner[who]]:
                    tickets[written] = ticket(town, minute, who, 0)
                    written += 1
                elif v < never:
                    outside += v < surely or v < street_share(
                        setting, people, riders.km_of(people, luck.two(terms.ways[1], who, 0)[0])
                    )
        if others > 0.0:
            for other in range(1, min(luck.poisson(others, luck.uniform(terms.need, who, 1)), city.MOST_STOOD_FOR) + 1):
                u, _ = luck.two(terms.choice, who, other)
                if u < highest[1] and u < highest[owner[who]]:
                    u, v = luck.two(terms.need, who, 1 + other)
                    minute = city.minute_of(v, clock)
                    if u * most < riders.rush_of(minute, people.rush):
                        tickets[written] = ticket(town, minute, who, other)
                        written += 1
    box.tally[0].needs += needs
    box.tally[0].outside += outside
    box.used[0] = written
    return at


@rule
def shares_looking(setting, people):
    """Share of needs whose people look at the app's offer, without a wallet and with one."""
    without = riders.share_looking(people, False, setting.start_fare, setting.km_fare)
    return without, riders.share_looking(people, True, setting.start_fare, setting.km_fare)


@rule
def street_share(setting, people, km):
    """Share of street taxis among those who do not ride with the app, by length: it rises with it, or falls."""
    return riders.chances(people, 0.0, km, 0, fare(setting, km, 1.0), 0.0)[1]


@rule
def reprice(setting, ahead, time, rate, asked, surge):
    """Prices of the next minutes by zone: time that the requests of late would take, against the drivers' free time.

    Zones lend each other half of both, for drivers do not stop at their borders.
    """
    for z in range(surge.size):
        rate[z] += LATELY * (asked[z] / SLOT - rate[z])
        asked[z] = 0.0
    all_rates, all_time = rate.mean(), time.mean()
    for z in range(surge.size):
        supply = setting.surge_from * 0.5 * (time[z] + all_time)
        surge[z] = clearing(0.5 * (rate[z] + all_rates) * ahead, supply, setting.elasticity, setting.surge_cap)


@rule
def read_ticket(number):
    """The person, who of those they stand for, and the minute of a ticket."""
    other = np.int64(number & np.uint64(255))
    who = np.int64(number >> np.uint64(8)) & (2**29 - 1)
    return who, other, np.int64(number >> np.uint64(37)) & 2047


@rule
def dispatch(setting, people, town, scale, fleet, grid, workers, minute, at_x, at_y):
    """Who drives to a place: the nearest idle driver, or else whoever of the others could be there first, if they may.

    Returns (driver or -1, minute from which they come, km to the place, minutes waited: the patience where nobody comes).
    """
    reach = (people.patience * town.speed / 60.0 / scale) ** 2
    begins, j = minute, city.nearest(grid.head, grid.after, fleet.x, fleet.y, grid.cells, at_x, at_y, reach)
    if j >= 0:
        drivers.leave(fleet, grid, j)
    elif setting.books_ahead:
        j = drivers.first_there(workers, fleet, minute, at_x, at_y, scale, town.speed, people.patience)
        begins = np.int64(fleet.free[j]) if j >= 0 else minute
    if j < 0:
        return j, minute, 0.0, people.patience
    way = math.sqrt(city.apart(fleet.x[j], fleet.y[j], at_x, at_y)) * scale
    return j, begins, way, begins - minute + city.minutes_for(way, town.speed)


@rule
def count_ride(seen, in_rush, wait, gain):
    """Count a ride: minutes waited, and the rider's surplus in CNY."""
    seconds = int(60.0 * wait + 0.5)
    seen.served += 1
    seen.seconds += seconds
    seen.rush_served += in_rush
    seen.rush_seconds += seconds if in_rush else 0
    seen.worth += int(100.0 * gain)


@rule
def request(box, who, to, cents, cost, gain):
    """Write one request."""
    at = box.used[0]
    box.who[at], box.to[at] = who, to
    box.cents[at], box.cost[at], box.gain[at] = cents, cost, gain
    box.used[0] = at + 1


@rule
def note_request(box, people, who, driver, minute, cents, driving, chance, expected, wait):
    """A person simulated has asked for a ride, and a driver came or, below 0, none did."""
    seen, in_rush = box.tally[0], riders.RUSH[0] <= minute < riders.RUSH[1]
    seen.asked += 1
    seen.rush_asked += in_rush
    if driver < 0:
        seen.unserved += 1
        request(box, who, -1, 0, 0, 0.0)
        return
    gain = value_of_chosen(chance, people.price_weight) + people.minute_worth * (expected - wait)
    count_ride(seen, in_rush, wait, gain)
    request(box, who, driver, cents, driving, gain)


@kernel
def _serve(here, tickets, money, owns, terms, rows, known, today, box):
    """A day of the city `here`, need by need; into the box what the people simulated asked for, with tallies of the day.

    money and owns: of each ticket, what the person can spend and whether from a wallet. known and today: RideHourColumns,
    and what today adds to them. Writes the drivers.
    """
    setting, people, drive, town = terms.setting, terms.riders, terms.drive, terms.town
    own = slice(here * terms.drivers, (here + 1) * terms.drivers)
    fleet, earned, seen = drivers.fleet_of(rows, own), rows.earned[own], box.tally[0]
    agenda = drivers.Agenda(np.full(MINUTES, -1, np.int32), np.empty(EVENTS * earned.size, np.int32))
    workers = np.empty(earned.size, np.int32)
    working = drivers.begin_day(here, rows, own, fleet, agenda, drive.days_worked, terms.work, workers, seen)
    workers, grid = workers[:working], city.grid_for(working / DRIVERS_A_CELL, earned.size)
    highest = shares_looking(setting, people)
    zones = max(1, town.zones)
    time, rate, asked, surge = np.zeros(zones**2), np.zeros(zones**2), np.zeros(zones**2), np.ones(zones**2)
    surges = setting.surge and town.zones > 0
    waited, requests, new_waited, new_requests = known.waited, known.asked, today.waited, today.asked
    ahead = setting.boarding + city.minutes_for(people.km, town.speed)
    scale = town.detour * terms.side
    now = -1
    for i in range(tickets.size):
        who, other, minute = read_ticket(tickets[i])
        while now < minute:
            now += 1
            if agenda.due[now] >= 0:
                drivers.begin_minute(now, agenda, fleet, grid)
            if surges and now % SLOT == 0:
                drivers.free_time(workers, fleet, zones, now, ahead, time)
                reprice(setting, ahead, time, rate, asked, surge)
        # the choice
        km, from_x, from_y, to_x, to_y = riders.way_of(people, terms.ways, scale, who, other, minute)
        z, hour = city.cell_of(from_x, from_y, zones), here * 24 + minute // 60
        expected = waited[hour] / requests[hour] / 60.0
        cents, usual = fare(setting, km, surge[z]), fare(setting, km, 1.0)
        quality = riders.own_quality(people, owns[i], luck.uniform(terms.liking, who, other))
        chance, street = riders.chances(people, quality, km, cents, usual, expected)
        if surges:  # so many of those who look would ask at the usual price
            asked[z] += riders.chances(people, quality, km, usual, usual, expected)[0] / highest[owns[i]]
        mine = other == 0
        u, v = luck.two(terms.choice, who, other)
        seen.looked += mine
        seen.surges += int(MICRO * surge[z]) if mine else 0
        if u >= chance or money[i] < cents:
            seen.unaffordable += mine and u < chance
            seen.outside += mine and v < street
            continue
        # the ride
        j, begins, way, wait = dispatch(setting, people, town, scale, fleet, grid, workers, minute, from_x, from_y)
        new_requests[hour] += 1.0
        new_waited[hour] += 60.0 * wait
        driving = int(drive.km_cost * (way + km))
        net = cents - purse.fee_on(cents, setting.commission) - driving
        if j >= 0:
            ends = minute + int(math.ceil(wait + setting.boarding + city.minutes_for(km, town.speed)))
            drivers.drive(fleet, agenda, j, to_x, to_y, ends, begins == minute)
            earned[j] += net
            seen.earned += net
            seen.driven += ends - begins
        else:
            seen.lost += net
        if mine:
            driver = here * terms.drivers + j if j >= 0 else -1
            seen.diverted += int(street * usual)  # what a street taxi would have had, in the mean
            note_request(box, people, who, driver, minute, cents, driving, chance, expected, wait)


def step(state: State) -> None:
    """People have somewhere to go; drivers are sent; fares are paid."""
    settings = state.settings(RidesSettings)
    if not settings.on:
        return
    terms, owner = _terms(state), state[PurseColumns].has_wallet
    towns, known = state[CityColumns], state[RideHourColumns]
    looking = decide_all(state, _ask, lambda: RideRequests.empty(ROOM), owner, terms)
    tickets = np.sort(looking.written()[0])
    first = np.searchsorted(tickets, np.arange(terms.cities + 1, dtype=np.uint64) << np.uint64(48))
    who = (tickets >> np.uint64(8)).astype(np.uint32) & np.uint32(2**29 - 1)
    money, owns = state.ledger[WALLET][who] + state.ledger[BANK][who], owner[who]
    fleet = state[DriverColumns]
    today = with_type_of_first(type(known)(np.zeros_like(known.waited), np.zeros_like(known.asked)))

    def serve(here: int) -> Box:
        of, box = slice(first[here], first[here + 1]), RidesAsked.empty(int(first[here + 1] - first[here]))
        _serve(here, tickets[of], money[of], owns[of], terms, fleet, known, today, box)
        return box

    made = list(each_block(state.pool, state.threads, serve, range(terms.cities)))
    by_city, all_made = np.concatenate([box.tally for box in made]), joined(made)
    _pay_fares(state, *all_made.written())
    asked = today.asked > 0
    for column, new in ((known.waited, today.waited), (known.asked, today.asked)):
        column[asked] += new[asked] - column[asked] / KNOWN_DAYS
    for column, new in (
        (towns.earned, by_city["earned"]),
        (towns.lost, by_city["lost"]),
        (towns.hours, by_city["work"] / 60),
    ):
        column += (new - column) / MEMORY
    seen = Counter(looking.tallies())
    seen.update(all_made.tallies())
    _note(state, seen)


def _terms(state: State) -> Terms:
    size, of_city, of_riders = state.size, state.settings(CitySettings), state.settings(RidersSettings)
    ways = (state.lasting_luck("rides.home"), state.luck("rides.way"), state.luck("rides.ends"))
    return Terms(
        state.settings(RidesSettings).row, of_riders.row, state.settings(DriversSettings).row, of_city.row,
        city.clock_of(of_riders.hours), size,
        city.number(size, of_city), city.stands_for(size, of_city), city.side(size, of_city),
        drivers.rows_a_city(state), ways, state.luck("rides.needs"), state.lasting_luck("rides.liking"),
        state.luck("rides.choice"), state.luck("rides.work"),
    )  # fmt: skip


def _pay_fares(state: State, who: Any, to: Any, cents: Any, cost: Any, gain: Any) -> None:
    """Rides are felt and paid from the wallet, which some open to do so; the platform keeps its part."""
    settings, ledger, felt = state.settings(RidesSettings), state.ledger, state[FeltColumns]
    served = to >= 0
    felt.waits[who[~served]] += np.float32(state.settings(RidersSettings).disappointment)
    who, to, cents, cost, gain = who[served], to[served].astype(np.uint32), cents[served], cost[served], gain[served]
    if who.size == 0:
        return
    felt.worth[who] += gain
    felt.talk[who] += 1 + settings.chat
    state.add(MESSAGES, (1 + settings.chat) * who.size)
    purse.open_wallets(state, who[state[PurseColumns].has_wallet[who] == 0])
    purse.pay(state, who, to, cents, DRIVERS, "fares")
    commission = np.floor(cents * settings.commission + 1e-9).astype(np.int64)
    ledger.pay_many((to, 0, commission), DRIVERS, COMPANY, "commission")
    spent = np.bincount(to, cost, ledger.sizes[DRIVERS]).astype(np.int64)
    every = np.flatnonzero(spent).astype(np.uint32)
    spent = np.minimum(spent[every], ledger[DRIVERS][every])  # who took in less pays the rest from elsewhere
    ledger.pay_many((every, 0, spent), DRIVERS, OUTSIDE, "driving")
    state.note(FARES, int(cents.sum()))
    state.add(DRIVERS_WELFARE, int(cents.sum() - commission.sum() - cost.sum()))


def _note(state: State, seen: Counter[str]) -> None:
    shown = city.stands_for(state.size, state.settings(CitySettings))
    state.add(DRIVERS_WELFARE, -round(seen["forgone"] / shown))  # the hours of all, those without a passenger too
    state.add(OUTSIDE_WELFARE, -round(state.settings(RidersSettings).street_margin * seen["diverted"]))
    state.note(DID_WITHOUT, seen["needs"] - seen["outside"] - seen["asked"])
    for name, metric in TALLIED.items():
        state.note(metric, seen[name])
    state.note(RUSH_UNSERVED, seen["rush_asked"] - seen["rush_served"])
    state.note(MINUTES_WAITED, seen["seconds"] / 60)
    state.note(RUSH_MINUTES, seen["rush_seconds"] / 60)
    state.note(SURGES, seen["surges"] / MICRO)
    state.note(drivers.EARNED, seen["earned"])
    state.note(drivers.HOURS_AT_WORK, seen["work"] / 60)
    state.note(drivers.BUSY_HOURS, seen["driven"] / 60)
    state.note(drivers.SURPLUS, (seen["earned"] - seen["forgone"]) / shown)


RIDES = Part(
    "rides",
    tables={
        DRIVERS: Rows(drivers.DriverColumns, drivers.rows_needed, account=True, section="rides"),
        "cities": Rows(drivers.CityColumns, drivers.cities, section="rides"),
        "ride_hours": Rows(RideHourColumns, lambda state: 24 * drivers.cities(state), section="rides"),
    },
    metrics=(*METRICS, *drivers.METRICS),
    revenue={"commission": "Commission"},
    step=step,
)
