"""Rides: a taxi is called in a thread, shows its driver and its price, and is paid from the wallet.

A person with somewhere to go rides with the app, takes a taxi in the street or does without, by a logit over price,
expected wait and how they like each. Requests are served in order of time by the nearest idle driver of the city, who
is then busy until the passenger gets out and waits there for the next. Where no idle one is near enough, one who will
first set down a passenger may be sent, if that is soon enough (a lever); else nobody comes.
Surge, where it is switched on, raises the price of a zone until its requests and its drivers would meet. Drivers come
and go by what they earn (firms/drivers.py).
"""

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import Box, decide_all, each_block, joined, kernel, outbox_of, rule, with_cached_type
from sim.engine.settings import Settings, assumed, decided
from sim.firms import drivers
from sim.firms.drivers import DRIVERS, EVENTS
from sim.ground import city
from sim.ground.city import MINUTES
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET
from sim.ground.metrics import flow, ratio
from sim.people import purse, riders

if TYPE_CHECKING:
    from sim.world import World

ROOM = 8_192
SLOT = 5  # minutes for which a price stands ...
LATELY = 0.35  # ... and weight of the last of them in what is asked of late
KNOWN_DAYS = 14.0  # days over which people know what a wait is
MEMORY = 30.0  # days over which a city's drivers know what can be earned
DRIVERS_A_CELL = 6  # of the grid: about one of them at work and idle


class RidesSettings(Settings):
    """[rides]"""

    on: bool = decided.switch(False, "whether taxis can be called in a thread")
    commission: float = decided.share(
        0.2, "part of each fare the platform keeps", "facts.csv: Didi, Uber .15-.3", 0.0, 0.6
    )
    start_fare: int = decided.count(1_000, "cents", "price of getting in", "Chinese taxis 2015, about 10 CNY", 0, 3_000)
    km_fare: int = decided.count(
        240, "cents a km", "price of a kilometre", "Chinese taxis 2015, about 2.4 CNY", 50, 600
    )
    surge: bool = decided.switch(False, "whether prices rise where there are more requests than drivers")
    surge_cap: float = decided.number(3.0, "times", "most that a price can rise", "", 1.2, 5, ge=1)
    surge_from: float = decided.positive(
        1.2, "times", "requests over drivers' free time from which prices rise",
        "fitted: rush waits near 2.6 minutes (facts.csv: Uber)", 0.5, 2,
    )  # fmt: skip
    books_ahead: bool = decided.switch(
        True, "whether, where no idle driver is near, one is sent who first sets down a passenger; else nobody comes",
        "fitted: rush waits of 8 minutes without surge (facts.csv: Uber); with idle drivers alone 5, and a third unserved",
    )  # fmt: skip
    boarding: float = assumed.number(1.0, "minutes", "getting in and out", "round figure", 0, 5, ge=0, le=1_440)
    elasticity: float = assumed.positive(
        0.5, "elasticity", "fall in requests with the price that surge reckons with", "MODEL.md: -.5", 0.2, 1.5
    )
    chat: int = assumed.count(
        3, "messages", "to and from the driver, besides the driver's details", "round figure", 0, 10
    )


class RideHourColumns(Table):
    """A row a city and hour of the day: what people know of waits, over some two weeks of requests."""

    waited = Column(np.float64, 240, "seconds waited; the patience where nobody came", "seconds")
    asked = Column(np.float64, 1, "requests", "requests")


METRICS = (
    flow("rides.needs", "needs", "people with somewhere to go", "neither"),
    flow("rides.looked", "needs", "of these, people who might ride with the app and see its price", "neither"),
    flow("rides.asked", "rides", "rides asked for in the app"),
    flow("rides.served", "rides", "rides driven for the app"),
    flow("rides.unserved", "rides", "rides asked for to which no driver was near enough", "less"),
    ratio("rides.unserved_share", "share", "requests that nobody served", "rides.unserved", "rides.asked", "less"),
    flow("rides.outside", "needs", "needs met by a street taxi", "neither"),
    flow("rides.without", "needs", "needs of people who did without", "less"),
    flow("rides.unaffordable", "needs", "needs of people who lacked the money for the app's fare", "less"),
    ratio("rides.in_app_share", "share", "needs met in the app", "rides.served", "rides.needs"),
    flow("rides.minutes", "minutes", "minutes waited for drivers", "less"),
    ratio("rides.wait_minutes", "minutes", "mean wait for a driver", "rides.minutes", "rides.served", "less"),
    flow("rides.rush_asked", "rides", "of the rides asked for, between 17 and 19 h", "neither"),
    flow("rides.rush_served", "rides", "of these, served"),
    flow("rides.rush_unserved", "rides", "of these, not served", "less"),
    flow("rides.rush_minutes", "minutes", "minutes waited between 17 and 19 h", "less"),
    ratio("rides.rush_wait_minutes", "minutes", "mean wait in the rush", "rides.rush_minutes", "rides.rush_served", "less"),
    ratio("rides.rush_unserved_share", "share", "unserved in the rush", "rides.rush_unserved", "rides.rush_asked", "less"),
    flow("rides.surges", "times", "prices shown over those without surge, summed over those who looked", "neither"),
    ratio("rides.surge", "times", "mean price shown over that without surge", "rides.surges", "rides.looked", "neither"),
    flow("rides.fares", "cents", "fares paid"),
    ratio("rides.mean_fare", "cents", "mean fare", "rides.fares", "rides.served", "neither"),
    flow("rides.worth", "cents", "riders' worth of rides above what is outside, fares paid"),
    ratio("rides.worth_per_fare", "CNY per CNY", "riders' worth over what they paid", "rides.worth", "rides.fares"),
)  # fmt: skip
MICRO = 1e6  # kernels sum integers


# People who look at the app: city, minute, person and who of those the person stands for, in one number that sorts so.
# Tallied are needs, and those of people who do not look met by a street taxi.
Tickets = outbox_of("Tickets", ticket=np.uint64, tallies=("needs", "outside"))


# Rides asked for by the people simulated: person, driver or -1, fare, what the driver spent, worth to the rider.
Requests = outbox_of(
    "Requests", who=np.uint32, to=np.int64, cents=np.int64, cost=np.int64, gain=np.float32,
    tallies=(
        "looked", "surges", "outside", "unaffordable", "asked", "served", "unserved", "seconds", "rush_asked",
        "rush_served", "rush_seconds", "worth", "earned", "lost", "work", "driven", "forgone", "diverted",
    ),
)  # fmt: skip


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

    Most would not ride with the app whatever its price and wait, and no more is asked of them.
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
    without = riders.looks(people, False, setting.start_fare, setting.km_fare)
    return without, riders.looks(people, True, setting.start_fare, setting.km_fare)


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
    """Somebody has waited so many minutes and rides, which is worth so many CNY to them above what they would have done."""
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
    gain = riders.gain_of_ride(chance, people.price_weight) + people.minute_worth * (expected - wait)
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
                drivers.turn(now, agenda, fleet, grid)
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


def step(world: "World") -> None:
    """People have somewhere to go; drivers are sent; fares are paid."""
    settings = world.now.rides
    if not settings.on:
        return
    terms, owner = _terms(world), world.tables["purse"].rows.has_wallet
    towns, known = world.tables["cities"].rows, world.tables["ride_hours"].rows
    looking = decide_all(world, _ask, lambda: Tickets.empty(ROOM), owner, terms)
    tickets = np.sort(looking.written()[0])
    first = np.searchsorted(tickets, np.arange(terms.cities + 1, dtype=np.uint64) << np.uint64(48))
    who = (tickets >> np.uint64(8)).astype(np.uint32) & np.uint32(2**29 - 1)
    money, owns = world.ledger[WALLET][who] + world.ledger[BANK][who], owner[who]
    fleet, today = world.tables["drivers"].rows, type(known)(np.zeros_like(known.waited), np.zeros_like(known.asked))

    def serve(here: int) -> Box:
        of, box = slice(first[here], first[here + 1]), Requests.empty(int(first[here + 1] - first[here]))
        _serve(here, tickets[of], money[of], owns[of], terms, fleet, known, today, box)
        return box

    made = list(each_block(world.pool, world.threads, serve, range(terms.cities)))
    by_city, all_made = np.concatenate([box.tally for box in made]), joined(made)
    _settle(world, *all_made.written())
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
    _note(world, seen)


def _terms(world: "World") -> Terms:
    now, size = world.now, world.size
    ways = (world.lasting_luck("rides.home"), world.luck("rides.way"), world.luck("rides.ends"))
    return Terms(
        now.rides.row, now.riders.row, now.drivers.row, now.city.row, city.clock_of(now.riders.hours), size,
        city.number(size, now.city), city.stands_for(size, now.city), city.side(size, now.city),
        drivers.rows_a_city(world), ways, world.luck("rides.needs"), world.lasting_luck("rides.liking"),
        world.luck("rides.choice"), world.luck("rides.work"),
    )  # fmt: skip


def _settle(world: "World", who: Any, to: Any, cents: Any, cost: Any, gain: Any) -> None:
    """Rides are felt and paid from the wallet, which some open to do so; the platform keeps its part."""
    settings, ledger, felt = world.now.rides, world.ledger, world.felt.rows
    served = to >= 0
    felt.waits[who[~served]] += np.float32(world.now.riders.disappointment)
    who, to, cents, cost, gain = who[served], to[served].astype(np.uint32), cents[served], cost[served], gain[served]
    if who.size == 0:
        return
    felt.worth[who] += gain
    felt.talk[who] += 1 + settings.chat
    world.add("messaging.messages", (1 + settings.chat) * who.size)
    purse.open_wallets(world, who[world.tables["purse"].rows.has_wallet[who] == 0])
    purse.pay(world, who, to, cents, DRIVERS, "fares")
    commission = np.floor(cents * settings.commission + 1e-9).astype(np.int64)
    ledger.pay_many((to, 0, commission), DRIVERS, COMPANY, "commission")
    spent = np.bincount(to, cost, ledger.sizes[DRIVERS]).astype(np.int64)
    every = np.flatnonzero(spent).astype(np.uint32)
    spent = np.minimum(spent[every], ledger[DRIVERS][every])  # who took in less pays the rest from elsewhere
    ledger.pay_many((every, 0, spent), DRIVERS, OUTSIDE, "driving")
    world.note("rides.fares", int(cents.sum()))
    world.add("welfare.drivers", int(cents.sum() - commission.sum() - cost.sum()))


def _note(world: "World", seen: Counter[str]) -> None:
    shown = city.stands_for(world.size, world.now.city)
    world.add("welfare.drivers", -round(seen["forgone"] / shown))  # the hours of all, those without a passenger too
    world.add("welfare.outside", -round(world.now.riders.street_margin * seen["diverted"]))
    world.note("rides.without", seen["needs"] - seen["outside"] - seen["asked"])
    for name in (
        "needs", "outside", "looked", "asked", "served", "unserved", "unaffordable", "rush_asked", "rush_served", "worth",
    ):  # fmt: skip
        world.note(f"rides.{name}", seen[name])
    world.note("rides.rush_unserved", seen["rush_asked"] - seen["rush_served"])
    world.note("rides.minutes", seen["seconds"] / 60)
    world.note("rides.rush_minutes", seen["rush_seconds"] / 60)
    world.note("rides.surges", seen["surges"] / MICRO)
    world.note("drivers.earned", seen["earned"])
    world.note("drivers.hours", seen["work"] / 60)
    world.note("drivers.busy_hours", seen["driven"] / 60)
    world.note("drivers.surplus", (seen["earned"] - seen["forgone"]) / shown)
