"""Rides: a taxi is called in a thread, shows its driver and its price, and is paid from the wallet.

A person with somewhere to go rides with the app, takes a taxi in the street or does without, by a logit over price,
expected wait and how they like each. Requests are served in order of time by the nearest idle driver of the city, who
is then busy until the passenger gets out and waits there for the next. Where no idle one is near enough, one who will
first set down a passenger may be sent, if that is soon enough (a lever); else nobody comes.
Surge, where it is switched on, raises the price of a zone until its requests and its drivers would meet. Drivers come
and go by what they earn (rides/drivers.py).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, each_block, kernel, remembered, rule
from sim.ground.choice import value_of_chosen
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET
from sim.ground.metrics import flow, ratio
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.people.experience import FeltColumns
from sim.rides import city, drivers, riders
from sim.rides.city import MINUTES, CitySettings
from sim.rides.drivers import BUSY, DRIVERS, EVENTS, CityColumns, DriverColumns, DriversSettings
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
TOGETHER = 4  # cities served by one thread at a time


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
TALLIED = (
    "needs", "outside", "looked", "surges", "asked", "served", "unserved", "unaffordable", "seconds",
    "rush_asked", "rush_served", "rush_seconds", "worth", "earned", "lost", "work", "driven", "forgone", "diverted",
)  # fmt: skip
(NEEDS, STREET, LOOKED, SURGES, ASKED, SERVED, UNSERVED, UNAFFORDABLE, SECONDS, RUSH_ASKED, RUSH_SERVED,
 RUSH_SECONDS, WORTH, EARNED, LOST, WORK, DRIVEN, FORGONE, DIVERTED) = range(len(TALLIED))  # fmt: skip
MICRO = 1e6  # kernels sum integers


@remembered
class Tickets(NamedTuple):
    """People who look at the app: city, minute, person and who of those the person stands for, in one number.

    The numbers sort in this order; `tally` is needs, and rides in the street of those who do not look.
    """

    ticket: NDArray[np.uint64]
    used: NDArray[np.int64]
    tally: NDArray[np.int64]


@remembered
class Requests(NamedTuple):
    """Rides asked for by the people simulated: person, driver or -1, fare, what the driver spent, worth to the rider."""

    who: NDArray[np.uint32]
    to: NDArray[np.int64]
    cents: NDArray[np.int64]
    cost: NDArray[np.int64]
    gain: NDArray[np.float32]


@remembered
class Terms(NamedTuple):
    """What kernels know of today's rides."""

    it: Any  # the settings of this section, of [riders], [drivers] and [city]
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
def fare(it, km, surge):
    """Price of a ride in whole cents."""
    return int((it.start_fare + it.km_fare * km) * surge + 0.5)


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
    it, people, clock = terms.it, terms.riders, terms.clock
    tickets, written = box.ticket, box.used[0]
    most, highest = max(1.0, people.rush), shares_looking(it, people)
    shortest, longest = street_share(it, people, 0.0), street_share(it, people, riders.LONGEST)
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
                        it, people, riders.km_of(people, luck.two(terms.ways[1], who, 0)[0])
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
    box.tally[0] += needs
    box.tally[1] += outside
    box.used[0] = written
    return at


@rule
def shares_looking(it, people):
    """Share of needs whose people look at the app's offer, without a wallet and with one."""
    without = riders.looks(people, False, it.start_fare, it.km_fare)
    return without, riders.looks(people, True, it.start_fare, it.km_fare)


@rule
def street_share(it, people, km):
    """Share of street taxis among those who do not ride with the app, by length: it rises with it, or falls."""
    return riders.chances(people, 0.0, km, 0, fare(it, km, 1.0), 0.0)[1]


@rule
def reprice(it, ahead, time, rate, asked, surge):
    """Prices of the next minutes by zone: time that the requests of late would take, against the drivers' free time.

    Zones lend each other half of both, for drivers do not stop at their borders.
    """
    for z in range(surge.size):
        rate[z] += LATELY * (asked[z] / SLOT - rate[z])
        asked[z] = 0.0
    all_rates, all_time = rate.mean(), time.mean()
    for z in range(surge.size):
        supply = it.surge_from * 0.5 * (time[z] + all_time)
        surge[z] = clearing(0.5 * (rate[z] + all_rates) * ahead, supply, it.elasticity, it.surge_cap)


@kernel
def _serve(tickets, money, owns, first, begin, end, terms, rows, known, today, tally):
    """A day of the cities `begin` to `end`, need by need; returns what the people simulated asked for.

    money and owns: of each ticket, what the person can spend and whether from a wallet. first: of each city, where its
    tickets begin. known and today: RideHourColumns, and what today adds to them. Writes the drivers and `tally`, a row
    a city. Arrays have names of their own here: to hand them about in tuples would cost more than the rides.
    """
    it, people, drive, town = terms.it, terms.riders, terms.drive, terms.town
    highest = shares_looking(it, people)
    zones, number = max(1, town.zones), terms.drivers
    surges = it.surge and town.zones > 0
    ahead = it.boarding + city.minutes_for(people.km, town.speed)
    scale = town.detour * terms.side
    reach = (people.patience * town.speed / 60.0 / scale) ** 2
    waited, requests, new_waited, new_requests = known.waited, known.asked, today.waited, today.asked
    room = first[end] - first[begin]
    out_who, out_to, out_gain = np.empty(room, np.uint32), np.empty(room, np.int64), np.zeros(room, np.float32)
    out_cents, out_cost = np.zeros(room, np.int64), np.zeros(room, np.int64)
    time, rate, asked = np.zeros(zones * zones), np.zeros(zones * zones), np.zeros(zones * zones)
    made = 0
    for here in range(begin, end):
        base = here * number
        own = slice(base, base + number)
        x, y, free, starts, minutes = rows.x[own], rows.y[own], rows.free[own], rows.starts[own], rows.minutes[own]
        active, earned, worked, seen = rows.active[own], rows.earned[own], rows.worked[own], tally[here]
        rate[:], asked[:], surge = 0.0, 0.0, np.ones(zones * zones)
        due, then = np.full(MINUTES, -1, np.int32), np.empty(EVENTS * number, np.int32)
        state, after, before = np.zeros(number, np.uint8), np.empty(number, np.int32), np.empty(number, np.int32)
        workers, working = np.empty(number, np.int32), 0
        for j in range(number):
            free[j] = max(0, free[j] - MINUTES)
            if drivers.drives_today(here, j, active[j], drive.days_worked, terms.work):
                state[j] = BUSY
                worked[j] += minutes[j]
                seen[WORK] += minutes[j]
                seen[FORGONE] += int(rows.wage[base + j] * minutes[j] / 60.0)
                workers[working] = j
                working += 1
                drivers.plan(due, then, j, free[j], starts[j], minutes[j])
        cells = max(1, int(math.sqrt(working / DRIVERS_A_CELL)))
        head = np.full(cells * cells, -1, np.int32)
        now = -1
        for i in range(first[here], first[here + 1]):
            other = np.int64(tickets[i] & np.uint64(255))
            who = np.int64(tickets[i] >> np.uint64(8)) & (2**29 - 1)
            minute = np.int64(tickets[i] >> np.uint64(37)) & 2047
            while now < minute:
                now += 1
                if due[now] >= 0:
                    drivers.turn(now, due, then, x, y, free, starts, minutes, state, cells, head, after, before)
                if surges and now % SLOT == 0:
                    drivers.free_time(workers[:working], x, y, free, starts, minutes, zones, now, ahead, time)
                    reprice(it, ahead, time, rate, asked, surge)
            # the choice
            km, from_x, from_y, to_x, to_y = riders.way_of(people, terms.ways, scale, who, other, minute)
            z, hour = city.cell_of(from_x, from_y, zones), here * 24 + minute // 60
            expected = waited[hour] / requests[hour] / 60.0
            cents, usual = fare(it, km, surge[z]), fare(it, km, 1.0)
            quality = riders.own_quality(people, owns[i], luck.uniform(terms.liking, who, other))
            chance, street = riders.chances(people, quality, km, cents, usual, expected)
            if surges:  # so many of those who look would ask at the usual price
                asked[z] += riders.chances(people, quality, km, usual, usual, expected)[0] / highest[owns[i]]
            mine, in_rush = other == 0, riders.RUSH[0] <= minute < riders.RUSH[1]
            u, v = luck.two(terms.choice, who, other)
            if mine:
                seen[LOOKED] += 1
                seen[SURGES] += int(MICRO * surge[z])
            if u >= chance or money[i] < cents:
                if mine:
                    seen[UNAFFORDABLE] += u < chance
                    seen[STREET] += v < street
                continue
            # the ride: the nearest idle driver comes, or else whoever of the others could be there first, if they may
            begins = minute
            j = city.nearest(head, after, x, y, cells, from_x, from_y, reach)
            if j >= 0:
                city.take(head, after, before, city.cell_of(x[j], y[j], cells), j)
                state[j] = BUSY
            elif it.books_ahead:
                j = drivers.first_there(
                    workers[:working], x, y, free, starts, minutes, minute, from_x, from_y, scale, town.speed, people.patience
                )  # fmt: skip
                begins = np.int64(free[j]) if j >= 0 else minute
            way = math.sqrt(city.apart(x[j], y[j], from_x, from_y)) * scale if j >= 0 else 0.0
            wait = begins - minute + city.minutes_for(way, town.speed) if j >= 0 else people.patience
            new_requests[hour] += 1.0
            new_waited[hour] += 60.0 * wait
            driving = int(drive.km_cost * (way + km))
            net = cents - purse.fee_on(cents, it.commission) - driving
            if j >= 0:
                x[j], y[j] = to_x, to_y
                free[j] = minute + int(math.ceil(wait + it.boarding + city.minutes_for(km, town.speed)))
                if begins == minute and free[j] < MINUTES:
                    drivers.list_under(due, then, free[j], EVENTS * j)
                earned[j] += net
                seen[EARNED] += net
                seen[DRIVEN] += free[j] - begins
            else:
                seen[LOST] += net
            if not mine:
                continue
            seen[ASKED] += 1
            seen[DIVERTED] += int(street * usual)  # what a street taxi would have had, in the mean
            seen[RUSH_ASKED] += in_rush
            out_who[made], out_to[made] = who, base + j if j >= 0 else -1
            if j < 0:
                seen[UNSERVED] += 1
            else:
                gain = value_of_chosen(chance, people.price_weight) + people.minute_worth * (expected - wait)
                seconds = int(60.0 * wait + 0.5)
                seen[SERVED] += 1
                seen[SECONDS] += seconds
                seen[RUSH_SERVED] += in_rush
                seen[RUSH_SECONDS] += seconds if in_rush else 0
                seen[WORTH] += int(100.0 * gain)
                out_cents[made], out_cost[made], out_gain[made] = cents, driving, gain
            made += 1
    return Requests(out_who[:made], out_to[:made], out_cents[:made], out_cost[:made], out_gain[:made])


def step(state: State) -> None:
    """People have somewhere to go; drivers are sent; fares are paid."""
    settings = state.settings(RidesSettings)
    if not settings.on:
        return
    terms = _terms(state)
    towns, known = state[CityColumns], state[RideHourColumns]
    owner = state[PurseColumns].has_wallet
    tally, parts = np.zeros((terms.cities, len(TALLIED)), np.int64), [np.empty(0, np.uint64)]
    for box in decide(state, _ask, _tickets, owner, terms, keep_empty=True):
        parts.append(box.ticket[: box.used[0]].copy())
        tally[0, :2] += box.tally
        box.tally[...] = 0
    tickets = np.sort(np.concatenate(parts))
    first = np.searchsorted(tickets, np.arange(terms.cities + 1, dtype=np.uint64) << np.uint64(48))
    who = (tickets >> np.uint64(8)).astype(np.uint32) & np.uint32(2**29 - 1)
    money, owns = state.ledger[WALLET][who] + state.ledger[BANK][who], owner[who]
    fleet, today = state[DriverColumns], type(known)(np.zeros_like(known.waited), np.zeros_like(known.asked))

    def serve(begin: int) -> Requests:
        end = min(begin + TOGETHER, terms.cities)
        return _serve(tickets, money, owns, first, begin, end, terms, fleet, known, today, tally)

    made = list(each_block(state.pool, state.threads, serve, range(0, terms.cities, TOGETHER)))
    _settle(state, Requests(*(np.concatenate(column) for column in zip(*made, strict=True))))
    asked = today.asked > 0
    for column, new in ((known.waited, today.waited), (known.asked, today.asked)):
        column[asked] += new[asked] - column[asked] / KNOWN_DAYS
    for column, new in (
        (towns.earned, tally[:, EARNED]),
        (towns.lost, tally[:, LOST]),
        (towns.hours, tally[:, WORK] / 60),
    ):
        column += (new - column) / MEMORY
    _note(state, dict(zip(TALLIED, tally.sum(axis=0).tolist(), strict=True)))


def _tickets() -> Tickets:
    return Tickets(np.empty(ROOM, np.uint64), np.zeros(1, np.int64), np.zeros(2, np.int64))


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


def _settle(state: State, made: Requests) -> None:
    """Rides are felt and paid from the wallet, which some open to do so; the platform keeps its part."""
    settings, ledger, felt = state.settings(RidesSettings), state.ledger, state[FeltColumns]
    served = made.to >= 0
    felt.waits[made.who[~served]] += np.float32(state.settings(RidersSettings).disappointment)
    who, cents, to = made.who[served], made.cents[served], made.to[served].astype(np.uint32)
    if who.size == 0:
        return
    felt.worth[who] += made.gain[served]
    felt.talk[who] += 1 + settings.chat
    state.add("messaging.messages", (1 + settings.chat) * who.size)
    purse.open_wallets(state, who[state[PurseColumns].has_wallet[who] == 0])
    purse.pay(state, who, to, cents, DRIVERS, "fares")
    commission = np.floor(cents * settings.commission + 1e-9).astype(np.int64)
    ledger.pay_many((to, np.zeros_like(to), commission), DRIVERS, COMPANY, "commission")
    spent = np.bincount(to, made.cost[served], ledger.sizes[DRIVERS]).astype(np.int64)
    every = np.flatnonzero(spent).astype(np.uint32)
    spent = np.minimum(spent[every], ledger[DRIVERS][every])  # who took in less pays the rest from elsewhere
    ledger.pay_many((every, np.zeros_like(every), spent), DRIVERS, OUTSIDE, "driving")
    state.note("rides.fares", int(cents.sum()))
    state.add("welfare.drivers", int(cents.sum() - commission.sum() - made.cost[served].sum()))


def _note(state: State, seen: dict[str, int]) -> None:
    shown = city.stands_for(state.size, state.settings(CitySettings))
    state.add("welfare.drivers", -round(seen["forgone"] / shown))  # the hours of all, those without a passenger too
    state.add("welfare.outside", -round(state.settings(RidersSettings).street_margin * seen["diverted"]))
    state.note("rides.without", seen["needs"] - seen["outside"] - seen["asked"])
    for name in TALLIED[: TALLIED.index("worth") + 1]:
        if name not in ("surges", "seconds", "rush_seconds"):
            state.note(f"rides.{name}", seen[name])
    state.note("rides.rush_unserved", seen["rush_asked"] - seen["rush_served"])
    state.note("rides.minutes", seen["seconds"] / 60)
    state.note("rides.rush_minutes", seen["rush_seconds"] / 60)
    state.note("rides.surges", seen["surges"] / MICRO)
    state.note("drivers.earned", seen["earned"])
    state.note("drivers.hours", seen["work"] / 60)
    state.note("drivers.busy_hours", seen["driven"] / 60)
    state.note("drivers.surplus", (seen["earned"] - seen["forgone"]) / shown)


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
