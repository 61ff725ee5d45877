"""Advertisers: what a click of each person is worth to them, what they bid for it, and whether to advertise at all.

People live in markets of some twenty thousand, each with its own few dozen advertisers, and budgets are per member, so
that nothing hangs on how many people are simulated. Each seeks a part of people, a segment; a click is worth its value
times its match with the person, which is lasting and seen through what the platform knows. Bids are paced from day to
day so that the budget lasts. Once a month an advertiser reckons what it could have (`bidding.reckon`): it bids more or
less if that earns more, as it does where the winner pays its own bid; its budget follows the return, less than in
proportion to what it would take, for the next customer is dearer to serve; it comes while a return is to be had, the
making of adverts included, and leaves after four months without.
"""

import functools
import math

import mesa
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from sim.advertising.auctions import ROUNDS
from sim.advertising.terms import AdvertisingSettings
from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.engine.settings import Settings, assumed
from sim.ground.agents import Field
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.ground.metrics import Metric, flow, stock
from sim.people.users import MEMBER, UserColumns
from sim.people.welfare import ADVERTISERS_WELFARE
from sim.state import Planned, State

ADVERTISERS = "advertisers"
MOST_MATCH = 8.0  # matches are cut here (3 in 10,000 are above), so that a bound on the chance of a click is known
SIGNALS = np.linspace(-5.0, 5.0, 201)  # the grid on which beliefs are tabulated ...
RELIABILITIES = np.linspace(0.0, 1.0, 41)  # ... correlation of signal and match
MONTH = 30
USED_UP = 0.9  # share of a month's budgets from which they held the advertiser back
HELD_BACK = 0.95  # bids below this part of what the return allows are held back by the budget
KINDS = 64  # of people, on a circle: an advertiser seeks those of an arc
GOLDEN = 0.6180339887498949  # where the next arc begins: any number of them is spread evenly
WEEK = 7  # days over which a daily budget is kept on the average
FIRST_BIDS = 0.85  # on day 0, over what the return allows: about where budgets let them come to rest
PATIENCE = 4  # months without a return after which an advertiser may leave (MODEL.md)
LEAVING = 0.25  # chance a month that it then does
ENTERING = 0.25  # chance a month that who could have a return comes
TRIES = np.array([1.0, 0.85, 1.0 / 0.85])  # bids reckoned with, over those of today


class AdvertisersSettings(Settings):
    """[advertisers]"""

    number: int = assumed.count(40, "advertisers", "advertisers a market on day 0", "MODEL.md", 12, 100, le=200)
    others: float = assumed.number(
        0.3, "times", "businesses besides that would advertise were there a return, over `number`", "round figure",
        0, 2, ge=0, le=2,
    )  # fmt: skip
    reach: float = assumed.share(
        0.25, "part of people whom an advertiser seeks; with `number`, ten bid for a place", "MODEL.md", 0.1, 1.0
    )
    people_a_market: int = assumed.count(
        20_000, "people", "people who share a set of advertisers", "a small town", 2_000, 200_000, ge=100
    )
    click_value: float = assumed.positive(
        880.0, "cents", "mean worth of a click at match 1",
        "fitted: 10.8 CNY a click in advertising.toml (facts.csv: 1.72 USD)", 100, 5_000,
    )  # fmt: skip
    value_spread: float = assumed.amount(0.2, "log-spread", "inequality of that worth", "round figure", 0, 1)
    budget: float = assumed.amount(
        0.6, "cents a member and day", "mean budget of an advertiser at a return just as asked",
        "fitted: .6 to .95 of budgets used in advertising.toml", 0, 5,
    )  # fmt: skip
    budget_spread: float = assumed.amount(0.5, "log-spread", "inequality of budgets", "round figure", 0, 1.5)
    upkeep: float = assumed.amount(
        0.12, "cents a member and day", "what making and minding adverts costs an advertiser",
        "fitted: about 40 advertise in advertising.toml", 0, 0.5,
    )  # fmt: skip
    return_target: float = assumed.positive(
        1.2, "times", "worth of clicks over spending that an advertiser insists on", "round figure", 1, 3
    )
    pacing: float = assumed.amount(0.2, "log times a day", "how fast bids follow the budget's use", "MODEL.md", 0, 1)
    chase: float = assumed.share(
        0.2, "part of the way to the budget that the return calls for gone in a month", "round figure", 0, 0.5
    )
    response: float = assumed.amount(
        1.0, "power", "of the return over the target, with which the budget called for grows; 0 fixes budgets",
        "no sound source: sweep", 0, 3,
    )  # fmt: skip
    taken: float = assumed.share(
        0.5, "part of the sales won by adverts that other sellers of the kind lose", "MODEL.md; no source: sweep", 0, 1
    )


class AdvertiserColumns(Table):
    """A row a business that advertises or may, market by market."""

    active = Column(np.uint8, 0, "1 while it advertises")
    poor_months = Column(np.int16, 0, "months in a row without the return it insists on", "months")
    value = Column(np.float64, 0, "worth of a click at match 1", "cents")
    multiplier = Column(np.float64, 1, "what is bid, over the worth of a click")
    most = Column(np.float64, 1, "most it bids, over the worth of a click, whatever its budget")
    first_budget = Column(np.float64, 0, "budget at a return just as asked", "cents a member and day")
    budget = Column(np.float64, 0, "budget", "cents a member and day")
    daily = Column(np.int64, 0, "today's budget, or what it would be", "cents")
    upkeep = Column(np.int64, 0, "today's cost of making adverts, or what it would be", "cents")
    granted = Column(
        np.int64, 0, "today's budget with what a sample may still spend of earlier ones, see `grant`", "cents"
    )
    left = Column(np.int64, 0, "what is left of that", "cents")
    out = Column(np.int64, ROUNDS, "round of today from which the budget was spent; 24 if it lasted")
    clicks = Column(np.int64, 0, "clicks paid for today")
    void = Column(np.int64, 0, "today's clicks that the budget could not pay", "cents")
    worth = Column(np.int64, 0, "worth of today's paid clicks", "cents")
    month_granted = Column(np.int64, 0, "budgets of this month", "cents")
    month_spent = Column(np.int64, 0, "spent this month", "cents")
    spend_ahead = Column(np.float64, 0, "reckoned: would be spent a day, were money no object", "cents")
    worth_ahead = Column(np.float64, 0, "reckoned: worth of the clicks for that", "cents")
    gain_lower = Column(np.float64, 0, "reckoned: gained by bidding less", "cents a day")
    gain_higher = Column(np.float64, 0, "reckoned: gained by bidding more", "cents a day")


ACTIVE = stock("advertisers.active", "advertisers", "advertisers a market", "neither")
MULTIPLIER = stock("advertisers.multiplier", "share", "mean of what is bid over the worth of a click", "neither")
BUDGET = stock("advertisers.budget", "cents", "all budgets, a member and day", "neither")
UPKEEP = flow("advertisers.upkeep", "cents", "cost of making adverts", "less")
TAKEN = flow("advertisers.taken", "cents", "worth of sales won that other sellers of the kind lost", "less")
ENTRIES = flow("advertisers.entries", "advertisers", "businesses that began to advertise", "neither")
EXITS = flow("advertisers.exits", "advertisers", "businesses that ceased to", "neither")
METRICS = (ACTIVE, MULTIPLIER, BUDGET, UPKEEP, TAKEN, ENTRIES, EXITS)


@rule
def match_of(u):
    """Match of a person and an advertiser: exponential with mean 1, cut."""
    return min(MOST_MATCH, luck.exponential(1.0, u))


@rule
def signal_of(u, error, r):
    """What the platform sees of a match in standard normal units, with correlation r to the truth."""
    if r <= 0.0:
        return 0.0
    return r * luck.normal(u) + math.sqrt(1.0 - r * r) * luck.normal(error)


@functools.cache
def beliefs() -> NDArray[np.float64]:
    """Expected match given the signal, by correlation and signal; shape (RELIABILITIES, SIGNALS).

    The match is -ln(1 - Phi(z)); given the signal s, z is normal with mean r s and variance 1 - r^2.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    r = RELIABILITIES[:, None, None]
    z = r * SIGNALS[None, :, None] + np.sqrt(1.0 - r * r) * nodes
    return np.asarray(np.minimum(MOST_MATCH, -log_ndtr(-z)) @ weights / weights.sum())


@rule
def believed(table, signal, r):
    """Expected match given a signal: `beliefs` between its points."""
    across = min(max((signal + 5.0) * 20.0, 0.0), 199.999)
    down = min(max(r * 40.0, 0.0), 39.999)
    i, j = int(down), int(across)
    low = table[i, j] + (across - j) * (table[i, j + 1] - table[i, j])
    high = table[i + 1, j] + (across - j) * (table[i + 1, j + 1] - table[i + 1, j])
    return low + (down - i) * (high - low)


@rule
def bid_for(value, multiplier, expected_match):
    """Bid per click, in cents, at least 1: the expected worth of a click, paced."""
    return max(1.0, multiplier * value * expected_match)


@rule
def seeks(one, kind, reach):
    """Whether the `one`th of a market seeks people of a kind: those from its place on a circle on, as far as it reaches."""
    begins = one * GOLDEN % 1.0 * KINDS
    return (kind - begins) % KINDS < reach * KINDS


@rule
def expected_match(table, pairs, one, r):
    """What the `one`th advertiser of a market believes of its match with a person; luck of `pairs` is the person's."""
    u, error = luck.two(pairs, one, 0)
    return believed(table, signal_of(u, error, r), r)


@rule
def match_with(pairs, one):
    """How well a person and an advertiser of their market truly match."""
    u, _ = luck.two(pairs, one, 0)
    return match_of(u)


@rule
def pace_of(spent, void, out):
    """A day's spending at the pace that was kept until the budget ran out."""
    return (spent + void) * ROUNDS / max(1, out)


@rule
def paced(multiplier, pace, budget, speed, most):
    """Tomorrow's multiplier: up while the budget is not used, down where it does not last, never above `most`."""
    if budget <= 0:
        return min(multiplier, most)
    return min(multiplier * math.exp(speed * max(-2.0, 1.0 - pace / budget)), most)


@rule
def return_ahead(worth, spend, budget, upkeep):
    """Worth of the clicks that a budget buys over what they and the making of adverts cost; 0 where nothing can be had."""
    if spend <= 0.0:
        return 0.0
    part = min(1.0, budget / spend)
    return part * worth / (part * spend + upkeep)


@rule
def next_budget(budget, first, is_held_back, seen, target, response, chase):
    """Next month's budget, on its way to what the return seen calls for: more than the first only if that is used up."""
    called_for = first * (seen / target) ** response
    if not is_held_back:
        called_for = min(called_for, first)
    return budget + chase * (called_for - budget)


@rule
def next_most(most, gain, lower, higher, target):
    """Most that is bid over a click's worth: a step to where more is gained, never above 1/return target."""
    if lower > gain and lower >= higher:
        return most * TRIES[1]
    return min(most * TRIES[2], 1.0 / target) if higher > gain else most


@kernel
def _pace(firms, stands_for, speed):
    """Everybody's multiplier for tomorrow, by what today went at: each bids by a machine.

    A sample's days bring few clicks, now more and now fewer: its bids go a full market's step in as many days as bring
    a full market's clicks, and so scatter as a full market's do.
    """
    for row in range(firms.multiplier.size):
        pace = pace_of(firms.granted[row] - firms.left[row], firms.void[row], firms.out[row])
        step = speed / stands_for if firms.active[row] else 0.0
        firms.multiplier[row] = paced(firms.multiplier[row], pace, firms.daily[row], step, firms.most[row])


def markets(state: Planned) -> int:
    """Number of markets: people `first * markets // people` share one."""
    return max(1, round(state.size / state.settings(AdvertisersSettings).people_a_market))


def pool(state: Planned) -> int:
    """Advertisers a market, those who might be included."""
    settings = state.settings(AdvertisersSettings)
    return int(settings.number) + round(settings.number * settings.others)


def rows_needed(state: Planned) -> int:
    """Rows of the advertisers' table."""
    return markets(state) * pool(state)


class Advertiser(mesa.Agent):
    """One business that advertises or may."""

    calendar = MONTH
    active, poor_months = Field(), Field()
    value, multiplier, most, first_budget, budget = Field(), Field(), Field(), Field(), Field()
    daily, upkeep, granted, left, out = Field(), Field(), Field(), Field(), Field()
    clicks, void, worth = Field(), Field(), Field()
    month_granted, month_spent = Field(), Field()
    spend_ahead, worth_ahead, gain_lower, gain_higher = Field(), Field(), Field(), Field()

    def __init__(self, model: State, table: Table, row: int) -> None:
        super().__init__(model)
        self.table, self.row = table, row

    def decide(self) -> None:
        """Once a month, come or go by the return that is to be had; follow it with the budget and with bids."""
        state = self.model
        if not state.settings(AdvertisingSettings).on:
            return
        settings = state.settings(AdvertisersSettings)
        seen = return_ahead(self.worth_ahead, self.spend_ahead, self.daily, self.upkeep)
        enough = seen >= settings.return_target
        if not self.active:
            if enough and luck.draw(state.luck("advertisers.enter"), _luck_of(state, self.row)) < ENTERING:
                self._come_or_go(1, ENTRIES)
            return
        self.poor_months = 0 if enough else self.poor_months + 1
        going = self.poor_months >= PATIENCE  # not all at once: as some go, others have their return again
        if going and luck.draw(state.luck("advertisers.leave"), _luck_of(state, self.row)) < LEAVING:
            self._come_or_go(0, EXITS)
            return
        self._follow_return(seen)
        self.month_granted = self.month_spent = 0

    def _follow_return(self, seen: float) -> None:
        """The budget follows the return; where it does not hold bids back, they go where more is gained."""
        settings = self.model.settings(AdvertisersSettings)
        is_low = self.multiplier < HELD_BACK * self.most
        used_up = self.month_spent >= USED_UP * self.month_granted > 0
        self.budget = next_budget(
            self.budget, self.first_budget, is_low or used_up, seen, settings.return_target, settings.response,
            settings.chase,
        )  # fmt: skip
        if not is_low:
            gain = self.worth_ahead - settings.return_target * self.spend_ahead
            self.most = next_most(self.most, gain, self.gain_lower, self.gain_higher, settings.return_target)

    def _come_or_go(self, active: int, counted: Metric) -> None:
        self.active, self.poor_months, self.budget = active, 0, self.first_budget
        self.multiplier = self.most
        self.month_granted = self.month_spent = 0
        self.model.add(counted, 1)


def _luck_of(state: State, row: int) -> int:
    """The number by which an advertiser's luck is drawn: with more advertisers, the luck of these stays as it is."""
    return row // pool(state) * 1_000 + row % pool(state)


def found_advertisers(state: State) -> None:
    """Day 0: what clicks are worth to each business, its budget, and who advertises: those with most to gain."""
    settings, table = state.settings(AdvertisersSettings), state.table(AdvertiserColumns)
    rows = table.rows
    who = np.array([_luck_of(state, row) for row in range(rows.value.size)], np.int64)
    worth, money = (luck.uniforms(state.lasting_luck(f"advertisers.{what}"), who) for what in ("value", "budget"))
    rows.value[...] = [luck.lognormal(settings.click_value, settings.value_spread, u) for u in worth]
    rows.first_budget[...] = [settings.budget * luck.lognormal(1.0, settings.budget_spread, u) for u in money]
    rows.budget[...] = rows.first_budget
    rows.most[...] = 1.0 / settings.return_target
    rows.multiplier[...] = FIRST_BIDS * rows.most
    if rows.value.size:
        better = np.argsort(-rows.value.reshape(-1, pool(state)), axis=1, kind="stable")
        np.put_along_axis(rows.active.reshape(-1, pool(state)), better[:, : settings.number], 1, axis=1)
    for row in range(rows.value.size):
        Advertiser(state, table, row)


def stands_for(state: State) -> float:
    """People of a full market for whom one person here stands; 1 where markets are full."""
    people = state.size / markets(state)
    return max(1.0, float(state.settings(AdvertisersSettings).people_a_market) / people)


def grant(state: State) -> None:
    """Owners fill up today's budgets, so much a member of the market, and pay for the making of adverts.

    A daily budget holds over a week: what is left of earlier days is kept (as Meta lets a campaign spend at most seven
    days' budgets in a week). Where a market is a sample, clicks are few, and it is kept for as many days as bring a full
    market's clicks of a week.
    """
    rows, ledger, number = state[AdvertiserColumns], state.ledger, markets(state)
    first = [-(-market * state.size // number) for market in range(number)]  # person of each market
    members = np.add.reduceat(state[UserColumns].membership == MEMBER, first, dtype=np.int64)[:, None]
    rows.daily[...] = (rows.budget.reshape(number, -1) * members).ravel()
    rows.upkeep[...] = np.broadcast_to(
        np.rint(state.settings(AdvertisersSettings).upkeep * members), (number, pool(state))
    ).ravel()
    if not rows.granted.any():  # the first day of adverts: everyone is in the middle of a week
        rows.left[...] = 0.5 * WEEK * stands_for(state) * rows.daily
    kept = np.minimum(rows.left, ((WEEK * stands_for(state) - 1.0) * rows.daily).astype(np.int64))
    rows.granted[...] = rows.active * (rows.daily + kept)
    rows.left[...] = rows.granted
    rows.out[...] = np.where(rows.granted > 0, ROUNDS, 0)
    rows.clicks[...] = rows.void[...] = rows.worth[...] = 0
    every, making = np.arange(rows.left.size, dtype=np.uint32), rows.active * rows.upkeep
    lacking = np.maximum(0, rows.granted + making - ledger[ADVERTISERS])
    ledger.pay_many((0, every, lacking), OUTSIDE, ADVERTISERS, "advertising_budget")
    ledger.pay_many((every, 0, making), ADVERTISERS, OUTSIDE, "advert_making")
    state.note(UPKEEP, int(making.sum()))


def settle_budgets(state: State) -> None:
    """Today's clicks are paid, what they sold comes in, owners take what is above the budget, and bids are paced.

    A part of what adverts sell would have been sold by others of the kind: advertisers together gain so much less.
    """
    settings = state.settings(AdvertisersSettings)
    rows, ledger = state[AdvertiserColumns], state.ledger
    every = np.arange(rows.left.size, dtype=np.uint32)
    spent = rows.granted - rows.left
    ledger.pay_many((every, 0, spent), ADVERTISERS, COMPANY, "advertising")
    ledger.pay_many((0, every, rows.worth), OUTSIDE, ADVERTISERS, "advertised_sales")
    above = np.maximum(0, ledger[ADVERTISERS] - rows.granted)
    ledger.pay_many((every, 0, above), ADVERTISERS, OUTSIDE, "advertisers_profit")
    active = rows.active == 1
    rows.month_granted[...] += rows.daily * active
    rows.month_spent[...] += spent
    worth, making = int(rows.worth.sum()), int((rows.upkeep * active).sum())
    taken = round(settings.taken * worth)
    state.note(TAKEN, taken)
    state.add(ADVERTISERS_WELFARE, worth - taken - int(spent.sum()) - making)
    state.note(ACTIVE, float(active.sum()) / markets(state))
    state.note(MULTIPLIER, float(rows.multiplier[active].mean()) if active.any() else 0.0)
    state.note(BUDGET, float(rows.budget[active].sum()) / markets(state))
    _pace(rows, stands_for(state), settings.pacing)


def look_ahead(state: State, reckoned: NDArray[np.float64]) -> None:
    """Remember what was reckoned; shape (rows, ways, 2): a day's spending and worth by way of bidding (`TRIES`)."""
    rows = state[AdvertiserColumns]
    gains = reckoned[..., 1] - state.settings(AdvertisersSettings).return_target * reckoned[..., 0]
    rows.spend_ahead[...], rows.worth_ahead[...] = reckoned[:, 0, 0], reckoned[:, 0, 1]
    rows.gain_lower[...], rows.gain_higher[...] = gains[:, 1], gains[:, 2]
