"""Trips: rare, dear purchases that live in a thread - ticket, check-in, boarding pass, delay and rebooking (KLM).

A person who wants to fly books in the thread, at an agency outside, or stays. Flights have seats, which are served in
the order of the day's minutes; where few people are simulated each stands for others of the market, who want seats too,
so that nothing hangs on how many are. The day before, the thread brings check-in and boarding pass; when a flight is disrupted
everyone on it is told, and rebooked in chat, or at the desk where chat is not offered.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, kernel, rule
from sim.engine.settings import Settings, assumed, decided
from sim.firms import merchant
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET, affordable
from sim.ground.metrics import flow, ratio, stock
from sim.people import purse
from sim.people.taste import gumbel

if TYPE_CHECKING:
    from sim.world import World

AIRLINES = "airlines"
ROOM = 2_048
HORIZON = 64  # days ahead for which flights are on sale
NO_TRIP = -1
MOST_STOOD_FOR = 200  # people of whom a person may be one; a box has room for more requests


class TripsSettings(Settings):
    """[trips]"""

    on: bool = decided.switch(False, "whether trips are sold in a thread")
    commission: float = decided.share(0.0, "part of a fare the platform keeps", "agencies take 5-10 %", 0.0, 0.2)
    chat: bool = decided.switch(True, "whether a disrupted trip is rebooked in chat rather than at the desk")
    wishes: float = assumed.share(
        0.004, "chance on a day of use to want a trip", "round figure: one a year", 0.0005, 0.02
    )
    fare: int = assumed.count(90_000, "cents", "mean fare", "round figure", 10_000, 1_000_000, ge=1)
    fare_spread: float = assumed.amount(
        0.4, "log-spread", "inequality of fares between routes and days", "round figure", 0, 1
    )
    price_weight: float = assumed.positive(
        0.004, "logit units per CNY", "how much a fare counts", "spread of taste of 250 CNY", 0.001, 0.02
    )
    worth: float = assumed.number(
        4.0, "logit units", "worth of a trip before its fare", "fitted: half of those who want one book", 0, 10
    )
    effort: float = assumed.amount(
        0.6, "logit units", "trouble of an agency, spared in the thread", "round figure", 0, 3
    )
    doing_without: float = assumed.number(0.0, "logit units", "worth of staying at home", "MODEL.md", -5, 5)
    lead_days: float = assumed.positive(
        20.0, "days", "mean time between booking and flight, at least 2", "round figure", 3, 40
    )
    routes: int = assumed.count(6, "flights a day", "flights a day from a market", "round figure", 1, 50, ge=1)
    seats: float = assumed.positive(
        6.0,
        "seats",
        "seats a flight has for people of one full market",
        "fitted: one flight in ten sells out",
        0.0,
        500,
    )
    disrupted: float = assumed.share(0.03, "flights cancelled or badly late", "round figure", 0.0, 0.3)
    chat_trouble: float = assumed.amount(
        1.0, "logit units", "what being rebooked in chat costs on that day", "round figure", 0, 5
    )
    desk_trouble: float = assumed.amount(
        4.0, "logit units", "what queueing at the desk costs on that day", "round figure", 0, 10
    )
    thread_worth: float = assumed.amount(
        8.0, "CNY", "worth of check-in and boarding pass at hand", "round figure", 0, 50
    )


class TripColumns(Table):
    """A row a person: the next trip (one at a time)."""

    flight = Column(np.int32, NO_TRIP, "row of the flight booked; -1 for none")
    day = Column(np.int16, NO_TRIP, "day of that flight; -1 for none")


class FlightColumns(Table):
    """A row a flight: day modulo the horizon, market, route."""

    sold = Column(np.int32, 0, "seats sold, those to people who are not simulated among them")


class AirlineColumns(Table):
    """One row: all airlines; their account is in the ledger."""

    flights = Column(np.int64, 0, "flights flown")


METRICS = (
    flow("trips.wished", "trips", "trips people wanted"),
    flow("trips.sold", "trips", "tickets sold in a thread"),
    flow("trips.full", "trips", "trips not sold because the flight was full"),
    flow("trips.outside", "trips", "trips bought at an agency"),
    flow("trips.fares", "cents", "fares of tickets sold in a thread"),
    ratio("trips.in_app_share", "share", "trips wanted that were bought in a thread", "trips.sold", "trips.wished"),
    flow("trips.messages", "messages", "tickets, check-ins, boarding passes and notices in threads"),
    flow("trips.flown", "trips", "trips taken"),
    flow("trips.disrupted", "trips", "of these, disrupted"),
    flow("trips.rebooked_in_chat", "trips", "of these, rebooked in chat"),
    stock("trips.booked", "trips", "trips booked and not yet taken"),
)


class Bookings(NamedTuple):
    """Seats asked for: `to` is the row of the flight, `day` its day; tally: wished, outside.

    `other` is 0 for the person, else who of those that the person stands for.
    """

    who: np.ndarray
    to: np.ndarray
    cents: np.ndarray
    day: np.ndarray
    minute: np.ndarray
    other: np.ndarray
    used: np.ndarray
    tally: np.ndarray


def bookings() -> Bookings:
    """An empty outbox of bookings."""
    return Bookings(
        np.empty(ROOM, np.uint32), np.empty(ROOM, np.int32), np.empty(ROOM, np.int64), np.empty(ROOM, np.int16),
        np.empty(ROOM, np.int32), np.empty(ROOM, np.int16), np.zeros(1, np.int64), np.zeros(2, np.int64),
    )  # fmt: skip


@rule
def days_ahead(mean, u):
    """Days between booking and flight: at least 2, below the horizon."""
    return min(HORIZON - 1, 2 + int(luck.exponential(max(0.0, mean - 2.0), u)))


@rule
def worth_of_trip(worth, fare, price_weight):
    """Worth of a trip at a fare in cents, in logit units."""
    return worth - price_weight * fare / 100.0


@kernel
def _wish(awake, start, it, today, routes, markets, people, stands_for, mine, money, keys, felt, box):
    """Who of those awake wants a trip, and how they buy it; keys: wish, fare, choice, others.

    Those whom a person stands for want one on the same day, each a flight of their own.
    """
    outside_option = math.exp(it.doing_without)
    for at in range(start, awake.size):
        if box.used[0] + MOST_STOOD_FOR > box.who.size:
            return at
        who = np.int64(awake[at])
        wish, minute = luck.two(keys[0], who, 0)
        if wish >= it.wishes or mine.flight[who] >= 0:
            continue
        box.tally[0] += 1
        market = who * markets // people
        for other in range(luck.rounded(stands_for, luck.uniform(keys[3], who, 0))):
            k, asking = (1, keys[0]) if other == 0 else (2 * other, keys[3])
            ahead = days_ahead(it.lead_days, luck.uniform(asking, who, k))
            route = np.int64(luck.uniform(asking, who, k + 1) * routes)
            day = today + ahead
            flight = (day % HORIZON * markets + market) * routes + route
            fare = max(
                1, int(luck.lognormal(it.fare, it.fare_spread, luck.pair(keys[1], day, market * routes + route, 0)))
            )
            here = worth_of_trip(it.worth, fare, it.price_weight)
            agency = here - it.effort
            at_agency = agency + gumbel(luck.uniform(keys[2], who, 3 * other))
            at_home = it.doing_without + gumbel(luck.uniform(keys[2], who, 3 * other + 1))
            in_thread = here + gumbel(luck.uniform(keys[2], who, 3 * other + 2))
            if other == 0:
                without = outside_option + math.exp(agency)
                felt.worth[who] += math.log((without + math.exp(here)) / without) / it.price_weight
            else:
                minute = luck.pair(keys[3], who, other, 0)
            if in_thread > max(at_agency, at_home) and fare <= money[who]:
                i = box.used[0]
                box.who[i], box.to[i], box.cents[i], box.day[i] = who, flight, fare, day
                box.minute[i], box.other[i] = np.int32(minute * 1_440), other
                box.used[0] = i + 1
            elif other == 0 and at_agency > at_home:
                box.tally[1] += 1
    return awake.size


@kernel
def _travel(first, last, today, it, mine, key, felt):
    """Those of first..last who fly tomorrow get their pass, those of today fly; (messages, flown, disrupted).

    Whether a flight is disrupted is the luck of the flight: all on it share it.
    """
    messages = flown = disrupted = 0
    for who in range(first, last):
        if mine.flight[who] < 0:
            continue
        if mine.day[who] == today + 1:
            messages += 2  # check-in and boarding pass
            felt.worth[who] += it.thread_worth
        elif mine.day[who] <= today:
            flown += 1
            if luck.uniform(key, mine.flight[who], 0) < it.disrupted:
                disrupted += 1
                messages += 2 if it.chat else 1  # the notice, and the new ticket
                felt.waits[who] += it.chat_trouble if it.chat else it.desk_trouble
            mine.flight[who] = NO_TRIP
            mine.day[who] = NO_TRIP
    return messages, flown, disrupted


def flights(world: "World") -> int:
    """Rows of the table of flights."""
    return HORIZON * merchant.markets(world) * int(world.scenario.trips.routes)


def step(world: "World") -> None:
    """Trips are wished for, seats served, passes handed out; today's flights fly or do not."""
    settings = world.now.trips
    if not settings.on:
        return
    mine, sold = world.tables["trips"].rows, world.tables["flights"].rows.sold
    markets, routes = merchant.markets(world), int(world.scenario.trips.routes)
    keys = (world.luck("trips.wish"), world.lasting_luck("trips.fare"), world.luck("trips.choice"),
            world.luck("trips.others"))  # fmt: skip
    money = world.ledger[BANK] + world.ledger[WALLET]
    asked, tally = [], np.zeros(2, np.int64)
    for box in decide(
        world, _wish, bookings, settings.row, world.day, routes, markets, world.size, stands_for(world), mine,
        money, keys, world.felt.rows, keep_empty=True,
    ):  # fmt: skip
        many = int(box.used[0])
        asked.append(
            tuple(column[:many].copy() for column in (box.who, box.to, box.cents, box.day, box.minute, box.other))
        )
        tally += box.tally
        box.tally[...] = 0
    world.note("trips.wished", int(tally[0]))
    world.note("trips.outside", int(tally[1]))
    booked = 0
    if asked:
        who, to, cents, day, minute, other = (np.concatenate(parts) for parts in zip(*asked, strict=True))
        order = np.lexsort((other, who, minute, to))  # seats go to whoever asked first
        booked = _book(world, who[order], to[order], cents[order], day[order], other[order] == 0)
    messages, flown, disrupted = world.over_blocks(
        lambda part: _travel(*part, world.day, settings.row, mine, world.luck("trips.disrupted"), world.felt.rows)
    )
    by_day = sold.reshape(HORIZON, -1)
    by_day[world.day % HORIZON] = 0  # flown: the row serves the day after the horizon
    world.tables["airlines"].rows.flights[0] += markets * routes
    world.note("trips.messages", messages + booked)
    world.note("trips.flown", flown)
    world.note("trips.disrupted", disrupted)
    world.note("trips.rebooked_in_chat", disrupted if settings.chat else 0)
    world.note("trips.booked", int((mine.flight >= 0).sum()))


def stands_for(world: "World") -> float:
    """People of whom each one simulated is one, as far as seats go; at least the person."""
    return min(MOST_STOOD_FOR, 1.0 / world.market_scale)


def _book(
    world: "World", who: np.ndarray, to: np.ndarray, cents: np.ndarray, day: np.ndarray, simulated: np.ndarray
) -> int:
    """Serve seats while there are any; the served pay, the airline pays its commission. Returns tickets sold.

    Those who are not simulated take their seats, and pay nobody.
    """
    settings = world.now.trips
    mine, sold = world.tables["trips"].rows, world.tables["flights"].rows.sold
    u = luck.uniforms(world.lasting_luck("trips.seats"), np.arange(sold.size))
    seats = np.floor(settings.seats * world.market_scale * stands_for(world) + u).astype(np.int64)
    served = affordable(to.astype(np.uint32), np.ones(to.size, np.int64), seats - sold)
    np.add.at(sold, to[served], 1)
    world.note("trips.full", int((simulated & ~served).sum()))
    served &= simulated
    who, to, cents, day = who[served], to[served], cents[served], day[served]
    mine.flight[who], mine.day[who] = to, day
    nobody = np.zeros_like(who)
    owns = world.tables["purse"].rows.has_wallet[who] == 1
    by_wallet = owns | (world.ledger[BANK][who] < cents)
    purse.buy(world, who, nobody, cents, AIRLINES, "fares", by_wallet)
    kept = np.floor(cents * settings.commission + 1e-9).astype(np.int64)
    world.ledger.pay_many((nobody, nobody, kept), AIRLINES, COMPANY, "commission")
    world.ledger.pay_many((nobody, nobody, cents - kept), AIRLINES, OUTSIDE, "flights")
    world.note("trips.sold", who.size)
    world.note("trips.fares", int(cents.sum()))
    return int(who.size)
