"""Trips: rare, dear purchases that live in a thread - ticket, check-in, boarding pass, delay and rebooking (KLM).

A person who wants to fly books in the thread, at an agency outside, or stays. Airlines set the fares in the thread against
those at agencies (trips/airlines.py). Flights have seats, which are served in
the order of the day's minutes; where few people are simulated each stands for others of the market, who want seats too,
so that nothing hangs on how many are. A trip is worth something to whoever gets a seat and has paid for it. The day
before, the thread brings check-in and boarding pass.

When a flight is cancelled everyone on it is told at once, and all want one of the seats left on the flights of the next
days. In chat an agent deals with several at once; at the desk, where chat is not offered, with one after the other. Who
is late in the line waits longer, and the seats that others took or bought meanwhile are gone: they fly later, or not at
all and have their money back.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, inlined_rule, is_full, kernel, rule, with_cached_type
from sim.ground import choice, queues
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.people.experience import FeltColumns
from sim.people.users import UserColumns
from sim.people.welfare import AIRLINES_WELFARE, OUTSIDE_WELFARE
from sim.service import Part, Rows
from sim.shopping import merchant
from sim.state import Planned, State
from sim.trips import airlines
from sim.trips.airlines import AIRLINES, MICRO, AirlineColumns, AirlinesSettings
from sim.trips.bookings import Asked, Stranded, bookings
from sim.trips.terms import TripsSettings

HORIZON = 64  # days ahead for which flights are on sale
NO_TRIP = -1
MOST_STOOD_FOR = 200  # people of whom a person may be one; a box has room for more requests


class TripColumns(Table):
    """A row a person: the next trip (one at a time)."""

    flight = Column(np.int32, NO_TRIP, "row of the flight booked; -1 for none")
    day = Column(np.int16, NO_TRIP, "day of that flight; -1 for none")
    paid = Column(np.int64, 0, "fare paid for it", "cents")
    lately = Column(np.float32, 0, "worth of what came of trips since the last day of use: felt on the next", "CNY")


class FlightColumns(Table):
    """A row a flight: day modulo the horizon, market, route."""

    sold = Column(np.int32, 0, "seats sold, those to people who are not simulated among them")


TRIPS_WISHED = flow("trips.wished", "trips", "trips people wanted", "neither")
TRIPS_SOLD = flow("trips.sold", "trips", "tickets sold in a thread")
TRIPS_FULL = flow("trips.full", "trips", "trips not sold because the flight was full", "less")
TRIPS_UNAFFORDABLE = flow(
    "trips.unaffordable", "trips", "trips not sold because the person lacked the money for the fare", "less"
)
TRIPS_OUTSIDE = flow("trips.outside", "trips", "trips bought at an agency", "neither")
FARES = flow("trips.fares", "cents", "fares of tickets sold in a thread")
TRAVELLERS_WORTH = flow(
    "trips.worth", "cents", "worth of tickets sold to their buyers above what is outside, fares paid"
)
IN_APP_SHARE = ratio(
    "trips.in_app_share", "share", "trips wanted that were bought in a thread", TRIPS_SOLD, TRIPS_WISHED
)
MESSAGES_TO_TRAVELLERS = flow(
    "trips.messages", "messages", "tickets, check-ins, boarding passes and notices in threads", "neither"
)
FLOWN = flow("trips.flown", "trips", "trips taken")
DISRUPTED = flow("trips.disrupted", "trips", "trips booked whose flight was cancelled", "less")
REBOOKED = flow("trips.rebooked", "trips", "of these, rebooked to a later flight")
REBOOKED_IN_CHAT = flow("trips.rebooked_in_chat", "trips", "of these, in chat")
REBOOKED_AT_DESK = flow("trips.rebooked_at_desk", "trips", "of those rebooked, at the desk", "neither")
REFUNDED = flow(
    "trips.refunded", "trips", "cancelled trips for which no seat was found, and the fare came back", "less"
)
REFUNDS = flow("trips.refunds", "cents", "fares that came back", "less")
MINUTES_LOST = flow(
    "trips.minutes_lost", "minutes", "time from the notice of a cancelled flight till one was dealt with", "less"
)
REBOOKING_MINUTES = ratio("trips.rebooking_minutes", "minutes", "mean of it", MINUTES_LOST, DISRUPTED, "less")
DAYS_LOST = flow("trips.days_lost", "days", "days by which people rebooked fly later", "less")
DELAY_DAYS = ratio("trips.delay_days", "days", "mean of them", DAYS_LOST, REBOOKED, "less")
TRIPS_BOOKED = stock("trips.booked", "trips", "trips booked and not yet taken", "neither")
METRICS = (
    TRIPS_WISHED, TRIPS_SOLD, TRIPS_FULL, TRIPS_UNAFFORDABLE, TRIPS_OUTSIDE, FARES, TRAVELLERS_WORTH, IN_APP_SHARE,
    MESSAGES_TO_TRAVELLERS, FLOWN, DISRUPTED, REBOOKED, REBOOKED_IN_CHAT, REBOOKED_AT_DESK, REFUNDED, REFUNDS,
    MINUTES_LOST, REBOOKING_MINUTES, DAYS_LOST, DELAY_DAYS, TRIPS_BOOKED,
)  # fmt: skip


WISHED, OUTSIDE_NOW, UNAFFORDABLE, TRADE, USUAL_TRADE, ALL_WISHED, EXPECTED_HERE, EXPECTED_THERE = range(8)


@rule
def days_ahead(mean, u):
    """Days between booking and flight: at least 2, below the horizon."""
    return min(HORIZON - 1, 2 + int(luck.exponential(max(0.0, mean - 2.0), u)))


@rule
def utility_of_trip(worth, fare, price_weight):
    """Utility of a trip at a fare in cents."""
    return worth - price_weight * fare / 100.0


@rule
def gain_of_trip(setting, fare, level):
    """Surplus in CNY of those who chose a trip in the thread at this fare, over what they would have done else.

    `level` is the fare over that at an agency. Over all who want a trip it is the logsum with the thread less that without:
    ln(1 + odds)/price_weight a wish.
    """
    here = utility_of_trip(setting.worth, fare, setting.price_weight)
    agency = utility_of_trip(setting.worth, fare / level, setting.price_weight) - setting.effort
    return choice.value_at_odds(choice.odds(here, setting.doing_without, agency)) / setting.price_weight


@rule
def people_at_once(agents, chats_at_once, chat):
    """How many are dealt with at a time: an agent has one person at the desk, and several in chat."""
    return agents * chats_at_once if chat else agents


@with_cached_type
class Terms(NamedTuple):
    """Today's terms: settings, fares in the thread over those at agencies, the day, and how flights and people lie."""

    setting: Any
    level: float
    today: int
    routes: int
    markets: int
    people: int
    stands_for: float


@with_cached_type
class Keys(NamedTuple):
    """Luck by the name of the decision; fare is lasting."""

    wish: np.uint64
    fare: np.uint64
    choice: np.uint64
    others: np.uint64


@inlined_rule
def flight_wanted(who, other, terms, keys):
    """(Day of the flight, its row, its fare at an agency) that a person wants, or an `other` they stand for."""
    k, asking = (1, keys.wish) if other == 0 else (2 * other, keys.others)
    day = terms.today + days_ahead(terms.setting.lead_days, luck.uniform(asking, who, k))
    route = np.int64(luck.uniform(asking, who, k + 1) * terms.routes)
    market = who * terms.markets // terms.people
    flight = (day % HORIZON * terms.markets + market) * terms.routes + route
    u = luck.pair(keys.fare, day, market * terms.routes + route, 0)
    return day, flight, luck.lognormal(terms.setting.fare, terms.setting.fare_spread, u)


@rule
def record_expected(here, agency, home, usual, simulated, tally):
    """Tickets to be expected in the thread and at agencies of one wish, and the agencies' trade were there no thread."""
    in_thread, at_agency, at_home = math.exp(here), math.exp(agency), math.exp(home)
    total = in_thread + at_agency + at_home
    tally[ALL_WISHED] += 1
    tally[EXPECTED_HERE] += int(choice.share(in_thread, total, MICRO))
    tally[EXPECTED_THERE] += int(choice.share(at_agency, total, MICRO))
    if simulated:
        tally[USUAL_TRADE] += int(choice.share(at_agency, at_agency + at_home, usual))


@rule
def book(box, who, flight, fare, day, minute, other):
    """Write one seat asked for."""
    i = box.used[0]
    box.who[i], box.to[i], box.cents[i], box.day[i] = who, flight, fare, day
    box.minute[i], box.other[i] = np.int32(minute * 1_440), other
    box.used[0] = i + 1


@kernel
def _wish(awake, start, terms, mine, bank, wallet, keys, box):
    """Who of those awake wants a trip, and how they buy it.

    Those whom a person stands for want one on the same day, each a flight of their own.
    """
    setting = terms.setting
    for at in range(start, awake.size):
        if is_full(box, MOST_STOOD_FOR):
            return at
        who = np.int64(awake[at])
        wish, minute = luck.two(keys.wish, who, 0)
        if wish >= setting.wishes or mine.flight[who] >= 0:
            continue
        box.tally[WISHED] += 1
        for other in range(luck.rounded(terms.stands_for, luck.uniform(keys.others, who, 0))):
            day, flight, usual = flight_wanted(who, other, terms, keys)
            fare = max(1, int(usual * terms.level))
            here = utility_of_trip(setting.worth, fare, setting.price_weight)
            agency = utility_of_trip(setting.worth, usual, setting.price_weight) - setting.effort
            record_expected(here, agency, setting.doing_without, usual, other == 0, box.tally)
            at_agency = choice.random_utility(agency, 1.0, luck.uniform(keys.choice, who, 3 * other))
            at_home = choice.random_utility(setting.doing_without, 1.0, luck.uniform(keys.choice, who, 3 * other + 1))
            in_thread = choice.random_utility(here, 1.0, luck.uniform(keys.choice, who, 3 * other + 2))
            if other > 0:
                minute = luck.pair(keys.others, who, other, 0)
            chosen = in_thread > max(at_agency, at_home)
            if chosen and fare > bank[who] + wallet[who]:
                box.tally[UNAFFORDABLE] += other == 0
            elif chosen:
                book(box, who, flight, fare, day, minute, other)
            elif other == 0 and at_agency > at_home:
                box.tally[OUTSIDE_NOW] += 1
                box.tally[TRADE] += int(usual)
    return awake.size


@kernel
def _seat(order, first, days, a_day, left, got):
    """Seats in the order given: each takes one on the first of so many days' flights that has one left; writes `got`.

    Args:
        first, days: row of the first flight that will do, and days from then on; that of the next is `a_day` further.
        left: seats left, by row; is used up.
        got: row of the flight, NO_TRIP where there was no seat.
    """
    for i in order:
        got[i] = NO_TRIP
        for later in range(days[i]):
            row = (first[i] + later * a_day) % left.size
            if left[row] > 0:
                left[row] -= 1
                got[i] = row
                break


def flights(state: Planned) -> int:
    """Rows of the table of flights."""
    return HORIZON * merchant.markets(state) * int(state.born_with(TripsSettings).routes)


def step(state: State) -> None:
    """Trips are wished for, today's flights fly or are cancelled, seats are served, passes handed out."""
    settings = state.settings(TripsSettings)
    if not settings.on:
        return
    mine, sold = state[TripColumns], state[FlightColumns].sold
    asked, stranded = _asked(state), _stranded(state)
    new, a_day = asked.who.size, flights(state) // HORIZON
    first = np.append(asked.flight, (stranded.flight + a_day) % sold.size)
    days = np.append(np.ones(new, np.int64), np.full(stranded.flight.size, settings.rebooked_within))
    got, left = np.empty(first.size, np.int64), _seats(state) - sold
    order = np.lexsort((np.append(asked.minute, stranded.minute), first % a_day))  # equals: in the order of people
    _seat(order, first, days, a_day, left, got)
    np.add.at(sold, got[got >= 0], 1)
    firm = state[AirlineColumns]
    firm.asked[0] += new
    firm.refused[0] += int((got[:new] < 0).sum())
    booked = _book(state, asked, got[:new] >= 0)
    told = _rebook(state, stranded, got[new:])
    travelling = np.flatnonzero(mine.flight >= 0)
    flown = travelling[mine.day[travelling] <= state.day]
    mine.flight[flown], mine.day[flown], mine.paid[flown] = NO_TRIP, NO_TRIP, 0
    mine.lately[flown] += settings.thread_worth
    passes = int((mine.day[travelling] == state.day + 1).sum())
    sold.reshape(HORIZON, -1)[state.day % HORIZON] = 0  # flown: the row serves the day after the horizon
    state[AirlineColumns].flights[0] += a_day - stranded.flights
    state.note(MESSAGES_TO_TRAVELLERS, booked + told + 2 * passes)  # passes: check-in and boarding
    state.note(FLOWN, flown.size)
    state.note(TRIPS_BOOKED, travelling.size - flown.size)
    _feel(state)


def _asked(state: State) -> Asked:
    """Who wants a trip and would buy it in the thread, in the order of people."""
    settings, mine = state.settings(TripsSettings), state[TripColumns]
    keys = Keys(
        state.luck("trips.wish"), state.lasting_luck("trips.fare"), state.luck("trips.choice"), state.luck("trips.others")
    )  # fmt: skip
    parts, tally = [tuple(column[:0] for column in bookings()[:6])], np.zeros(8, np.int64)
    firm = state[AirlineColumns]
    terms = Terms(
        settings.row, float(firm.level[0]), state.day, int(state.born_with(TripsSettings).routes), merchant.markets(state), state.size,
        stands_for(state),
    )  # fmt: skip
    for box in decide(
        state, _wish, bookings, terms, mine, state.ledger[BANK], state.ledger[WALLET], keys, keep_empty=True
    ):
        many = int(box.used[0])
        parts.append(
            tuple(column[:many].copy() for column in (box.who, box.to, box.cents, box.day, box.minute, box.other))
        )
        tally += box.tally
        box.tally[...] = 0
    for metric, number in zip((TRIPS_WISHED, TRIPS_OUTSIDE, TRIPS_UNAFFORDABLE), tally[:TRADE].tolist(), strict=True):
        state.note(metric, number)
    state.note(airlines.FARE_LEVEL, float(firm.level[0]))
    for column, number in zip((firm.wished, firm.here, firm.elsewhere), tally[ALL_WISHED:], strict=True):
        column[0] += number
    _count_agencies(state, int(tally[TRADE] - tally[USUAL_TRADE]))
    who, flight, cents, day, minute, other = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Asked(who, flight.astype(np.int64), cents, day, minute.astype(np.float64), other == 0)


def _count_agencies(state: State, change: int) -> None:
    """Airlines and agencies gain by a change in what travellers pay at agencies, in cents, against a world without the thread."""
    terms = state.settings(AirlinesSettings)
    state.add(AIRLINES_WELFARE, round((1.0 - terms.agency_commission - terms.seat_cost) * change))
    state.add(OUTSIDE_WELFARE, round(terms.agency_margin * terms.agency_commission * change))


def _stranded(state: State) -> Stranded:
    """Whose flight is cancelled today, and when each is dealt with: a line a market, in chat or at the desk.

    Whether a flight is cancelled is its own luck, which all on it share. All are told in the same minute; chance decides
    who is how far up the line.
    """
    settings, mine, markets = state.settings(TripsSettings), state[TripColumns], merchant.markets(state)
    a_day = flights(state) // HORIZON
    start = state.day % HORIZON * a_day
    rows = np.arange(start, start + a_day)
    cancelled = luck.uniforms(state.luck("trips.disrupted"), rows) < settings.disrupted
    today = np.flatnonzero(mine.day == state.day)
    who = today[cancelled[mine.flight[today] - start]]
    flight = mine.flight[who].astype(np.int64)
    simulated = np.bincount(flight - start, minlength=a_day)
    others = np.where(cancelled, np.maximum(0, state[FlightColumns].sold[rows] - simulated), 0)
    theirs, one = np.repeat(rows, others), np.arange(others.sum())
    place = np.append(
        luck.uniforms(state.luck("trips.line"), who),
        luck.uniforms(state.luck("trips.line_of_others"), theirs * 2**20 + one - np.searchsorted(theirs, theirs)),
    )
    flight = np.append(flight, theirs)
    notice = queues.MINUTES * luck.uniforms(state.luck("trips.notice"), rows)
    minute, line = notice[flight - start] + place, flight // (a_day // markets) % markets
    at_once = people_at_once(settings.agents, settings.chats_at_once, settings.chat)
    waited, service = np.empty(flight.size), np.full(flight.size, settings.rebooking)
    queues.serve(
        np.lexsort((minute, line)), line, minute, np.full(flight.size, np.inf), service,
        np.full((markets, queues.HOURS), at_once), np.zeros((markets, at_once)), waited,
    )  # fmt: skip
    lost = waited + service
    return Stranded(who, flight, minute + lost, lost, int(cancelled.sum()))


def _seats(state: State) -> np.ndarray:
    """Seats of each flight, by row."""
    u = luck.uniforms(state.lasting_luck("trips.seats"), flights(state))
    return np.floor(state.settings(TripsSettings).seats * merchant.market_scale(state) * stands_for(state) + u).astype(
        np.int64
    )


def stands_for(state: State) -> float:
    """People of whom each one simulated is one, as far as seats go; at least the person."""
    return min(MOST_STOOD_FOR, 1.0 / merchant.market_scale(state))


def _book(state: State, asked: Asked, served: np.ndarray) -> int:
    """Those who got a seat pay and gain their trip, and the airline pays its commission; returns tickets sold.

    People who are not simulated take their seats, and pay nobody.
    """
    settings, mine = state.settings(TripsSettings), state[TripColumns]
    state.note(TRIPS_FULL, int((asked.simulated & ~served).sum()))
    served = served & asked.simulated
    who, cents = asked.who[served], asked.cents[served]
    mine.flight[who], mine.day[who], mine.paid[who] = asked.flight[served], asked.day[served], cents
    gain = _gains(state, cents)
    state[FeltColumns].worth[who] += gain
    nobody = np.zeros_like(who)
    owns = state[PurseColumns].has_wallet[who] == 1
    by_wallet = owns | (state.ledger[BANK][who] < cents)
    purse.buy(state, who, nobody, cents, AIRLINES, "fares", by_wallet)
    kept = np.floor(cents * min(airlines.MOST_COMMISSION, settings.commission) + 1e-9).astype(np.int64)
    state.ledger.pay_many((nobody, nobody, kept), AIRLINES, COMPANY, "commission")
    state.ledger.pay_many((nobody, nobody, cents - kept), AIRLINES, OUTSIDE, "flights")
    state.add(AIRLINES_WELFARE, round(_cost_of_seats(state, cents) + int((cents - kept).sum())))
    state.note(TRIPS_SOLD, who.size)
    state.note(FARES, int(cents.sum()))
    state.note(TRAVELLERS_WORTH, round(100 * float(gain.sum())))
    return int(who.size)


def _gains(state: State, cents: np.ndarray) -> np.ndarray:
    """Surplus of trips at these fares, in CNY."""
    setting, level = state.settings(TripsSettings).row, float(state[AirlineColumns].level[0])
    return np.array([gain_of_trip(setting, fare, level) for fare in cents.tolist()], np.float64)


def _cost_of_seats(state: State, cents: np.ndarray) -> float:
    """What passengers with tickets at these fares cost the airlines, in cents, below zero."""
    return -state.settings(AirlinesSettings).seat_cost * int(cents.sum()) / float(state[AirlineColumns].level[0])


def _rebook(state: State, stranded: Stranded, got: np.ndarray) -> int:
    """Those of cancelled flights move to the flight where they got a seat, or have their fare back; returns messages.

    Time and days are lost to either; who does not fly at all loses what the trip was worth.
    """
    settings, mine, who = state.settings(TripsSettings), state[TripColumns], stranded.who
    lost, got, a_day = stranded.lost[: who.size], got[: who.size], flights(state) // HORIZON
    seated = got >= 0
    days = np.where(seated, (got // a_day - state.day) % HORIZON, 0)
    mine.lately[who] -= settings.minute_worth * lost + settings.day_worth * days
    mine.flight[who[seated]], mine.day[who[seated]] = got[seated], state.day + days[seated]
    _refund(state, who[~seated])
    rebooked = int(seated.sum())
    state.note(DISRUPTED, who.size)
    state.note(REBOOKED, rebooked)
    state.note(REBOOKED_IN_CHAT, rebooked if settings.chat else 0)
    state.note(REBOOKED_AT_DESK, 0 if settings.chat else rebooked)
    state.note(MINUTES_LOST, float(lost.sum()))
    state.note(DAYS_LOST, int(days.sum()))
    return int(who.size) + (rebooked if settings.chat else 0)


def _refund(state: State, who: np.ndarray) -> None:
    """The airlines give back the whole fare, the platform's commission included, and the trip's worth is gone."""
    mine, ledger = state[TripColumns], state.ledger
    cents, nobody = mine.paid[who], np.zeros(who.size, np.uint32)
    owns = state[PurseColumns].has_wallet[who] == 1
    ledger.pay_many((nobody, nobody, cents), OUTSIDE, AIRLINES, "flights_cancelled")
    ledger.pay_many((nobody[owns], who[owns], cents[owns]), AIRLINES, WALLET, "refunds")
    ledger.pay_many((nobody[~owns], who[~owns], cents[~owns]), AIRLINES, BANK, "refunds")
    mine.lately[who] -= _gains(state, cents)
    state.add(AIRLINES_WELFARE, round(-_cost_of_seats(state, cents) - int(cents.sum())))
    mine.flight[who], mine.day[who], mine.paid[who] = NO_TRIP, NO_TRIP, 0
    state.note(REFUNDED, who.size)
    state.note(REFUNDS, int(cents.sum()))


def _feel(state: State) -> None:
    """What came of trips is felt on the next day of use, today if that is one."""
    lately = state[TripColumns].lately
    here = np.flatnonzero((lately != 0) & (state[UserColumns].active == 1))
    state[FeltColumns].worth[here] += lately[here]
    lately[here] = 0


TRIPS = Part(
    "trips",
    tables={
        "trips": Rows(TripColumns, section="trips"),
        "flights": Rows(FlightColumns, flights, section="trips"),
        AIRLINES: Rows(airlines.AirlineColumns, "world", account=True),
    },
    metrics=(*METRICS, *airlines.METRICS),
    revenue={"commission": "Commission"},
    step=step,
)
