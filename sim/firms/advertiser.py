"""Advertisers: what a click of each person is worth to them, what they bid for it, and the budget they spend in a day.

People live in markets of some twenty thousand, each with its own few advertisers, and budgets are per member, so that
nothing hangs on how many people are simulated. A click is worth the advertiser's value times its match with the person,
which is lasting and seen through what the platform knows. Bids are paced from day to day so that the budget lasts;
once a month the budget follows the return that was seen. Nobody bids above worth over return target, so nobody loses
for long and none leaves: how many there are is an assumption to sweep.
"""

import functools
import math
from typing import TYPE_CHECKING

import mesa
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.engine.settings import Settings, assumed
from sim.firms.institutions import Field
from sim.ground.auctions import ROUNDS
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.ground.metrics import stock
from sim.people.users import MEMBER

if TYPE_CHECKING:
    from sim.world import World

ADVERTISERS = "advertisers"
MOST_MATCH = 8.0  # matches are cut here (3 in 10,000 are above), so that a bound on the chance of a click is known
SIGNALS = np.linspace(-5.0, 5.0, 201)  # the grid on which beliefs are tabulated ...
RELIABILITIES = np.linspace(0.0, 1.0, 41)  # ... correlation of signal and match
MONTH = 30
USED_UP = 0.9  # share of a month's budgets from which they held the advertiser back


class AdvertisersSettings(Settings):
    """[advertisers]"""

    number: int = assumed.count(10, "advertisers", "advertisers a market", "MODEL.md: at least 8", 3, 30, le=200)
    people_a_market: int = assumed.count(
        20_000, "people", "people who share a set of advertisers", "a small town", 2_000, 200_000, ge=100
    )
    click_value: float = assumed.positive(
        790.0, "cents", "mean worth of a click at match 1",
        "fitted: 10.8 CNY a click in advertising.toml (facts.csv: 1.72 USD)", 100, 5_000,
    )  # fmt: skip
    value_spread: float = assumed.amount(0.2, "log-spread", "inequality of that worth", "round figure", 0, 1)
    budget: float = assumed.amount(
        6.0, "cents a member and day", "mean budget in the first month",
        "fitted: few are held back in advertising.toml", 0, 50,
    )  # fmt: skip
    budget_spread: float = assumed.amount(0.5, "log-spread", "inequality of budgets", "round figure", 0, 1.5)
    return_target: float = assumed.positive(
        1.2, "times", "worth of clicks over spending that an advertiser insists on", "round figure", 1, 3
    )
    pacing: float = assumed.amount(0.2, "log times a day", "how fast bids follow the budget's use", "MODEL.md", 0, 1)
    chase: float = assumed.share(
        0.2, "part by which a budget grows or shrinks in a month when the return calls for it", "round figure", 0, 0.5
    )


class AdvertiserColumns(Table):
    """A row an advertiser, market by market."""

    value = Column(np.float64, 0, "worth of a click at match 1", "cents")
    multiplier = Column(np.float64, 1, "what is bid, over the worth of a click")
    first_budget = Column(np.float64, 0, "budget in the first month", "cents a member and day")
    budget = Column(np.float64, 0, "budget", "cents a member and day")
    daily = Column(np.int64, 0, "today's budget", "cents")
    granted = Column(np.int64, 0, "the same with what a sample may still spend of earlier ones, see `grant`", "cents")
    pace = Column(np.float64, 0, "spending of late at the pace kept, a day", "cents")
    left = Column(np.int64, 0, "what is left of that", "cents")
    out = Column(np.int64, ROUNDS, "round of today from which the budget was spent; 24 if it lasted")
    clicks = Column(np.int64, 0, "clicks paid for today")
    void = Column(np.int64, 0, "today's clicks that the budget could not pay", "cents")
    worth = Column(np.int64, 0, "worth of today's paid clicks", "cents")
    month_granted = Column(np.int64, 0, "budgets of this month", "cents")
    month_spent = Column(np.int64, 0, "spent this month", "cents")
    month_worth = Column(np.int64, 0, "worth of this month's clicks", "cents")


METRICS = (
    stock("advertisers.multiplier", "share", "mean of what is bid over the worth of a click", "neither"),
    stock("advertisers.budget", "cents", "all budgets, a member and day", "neither"),
)


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
def size_up(expected, bid, table, firms, first, pairs, r):
    """What all advertisers of a market believe of a person known with correlation r, and what they bid.

    `first` is the row of the market's first; luck of `pairs` belongs to the person.
    """
    value, multiplier = firms.value, firms.multiplier
    for one in range(bid.size):
        u, error = luck.two(pairs, one, 0)
        expected[one] = believed(table, signal_of(u, error, r), r)
        bid[one] = bid_for(value[first + one], multiplier[first + one], expected[one])


@rule
def enough_bid(rows, value, multiplier, out, table, pairs, r, least, needs):
    """Whether so many advertisers of a market, in rows from .. to, with money all day, bid at least `least` here."""
    enough = 0
    for row in range(rows[0], rows[1]):
        if out[row] < ROUNDS:
            continue
        u, error = luck.two(pairs, row - rows[0], 0)
        expected = believed(table, signal_of(u, error, r), r)
        enough += bid_for(value[row], multiplier[row], expected) >= least
        if enough >= needs:
            return True
    return False


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
def paced(multiplier, pace, budget, speed, return_target):
    """Tomorrow's multiplier: up while the budget is not used, down where it does not last, at most 1/return target."""
    if budget <= 0:
        return min(multiplier, 1.0 / return_target)
    return min(multiplier * math.exp(speed * max(-2.0, 1.0 - pace / budget)), 1.0 / return_target)


@rule
def next_budget(budget, first, granted, spent, worth, return_target, chase):
    """Next month's budget: more while it is used up at a sufficient return, less below that, else back to the first."""
    if spent > 0 and worth < return_target * spent:
        return budget * (1.0 - chase)
    if spent > 0 and (spent >= USED_UP * granted or budget < first):
        return budget * (1.0 + chase)
    return max(min(budget, first), budget * (1.0 - chase))


@kernel
def _pace(firms, stands_for, speed, return_target):
    """Everybody's multiplier for tomorrow, by what today went at: each bids by a machine."""
    for row in range(firms.multiplier.size):
        today = pace_of(firms.granted[row] - firms.left[row], firms.void[row], firms.out[row])
        firms.pace[row] += (today - firms.pace[row]) / stands_for
        firms.multiplier[row] = paced(firms.multiplier[row], firms.pace[row], firms.daily[row], speed, return_target)


def markets(world: "World") -> int:
    """Number of markets: people `first * markets // people` share one."""
    return max(1, round(world.size / world.scenario.advertisers.people_a_market))


def rows_needed(world: "World") -> int:
    """Rows of the advertisers' table."""
    return markets(world) * int(world.scenario.advertisers.number)


class Advertiser(mesa.Agent):
    """One advertiser."""

    calendar = MONTH
    value, multiplier, first_budget, budget = Field(), Field(), Field(), Field()
    daily, granted, pace, left, out = Field(), Field(), Field(), Field(), Field()
    clicks, void, worth = Field(), Field(), Field()
    month_granted, month_spent, month_worth = Field(), Field(), Field()

    def __init__(self, model: "World", table: Table, row: int) -> None:
        super().__init__(model)
        self.table, self.row = table, row

    def decide(self) -> None:
        """Once a month, follow the return with the budget."""
        world = self.model
        if not world.now.advertising.on:
            return
        settings = world.now.advertisers
        self.budget = next_budget(
            self.budget, self.first_budget, self.month_granted, self.month_spent, self.month_worth,
            settings.return_target, settings.chase,
        )  # fmt: skip
        self.month_granted = self.month_spent = self.month_worth = 0


def found(world: "World") -> list[Advertiser]:
    """Day 0: what clicks are worth to each advertiser, and their budgets."""
    settings, table = world.now.advertisers, world.tables["advertisers"]
    rows, number = table.rows, int(settings.number)
    every = np.arange(rows.value.size)
    who = every // max(1, number) * 1_000 + every % max(1, number)  # more of them leave these as they are
    worth, money = (luck.uniforms(world.lasting_luck(f"advertisers.{what}"), who) for what in ("value", "budget"))
    rows.value[...] = [luck.lognormal(settings.click_value, settings.value_spread, u) for u in worth]
    rows.first_budget[...] = [settings.budget * luck.lognormal(1.0, settings.budget_spread, u) for u in money]
    rows.budget[...] = rows.first_budget
    rows.multiplier[...] = 1.0 / settings.return_target
    return [Advertiser(world, table, row) for row in range(rows.value.size)]


def stands_for(world: "World") -> float:
    """People of a full market for whom one person here stands; 1 where markets are full."""
    people = world.size / markets(world)
    return max(1.0, float(world.scenario.advertisers.people_a_market) / people)


def grant(world: "World") -> None:
    """Owners fill up today's budgets: so much a member of the market.

    Where a market is a sample, a day brings few clicks, now more and now fewer than its budget is for, as a full market's
    does not: what is left is kept for as many days as bring a full market's clicks.
    """
    rows, ledger, number = world.tables["advertisers"].rows, world.ledger, markets(world)
    first = [-(-market * world.size // number) for market in range(number)]  # person of each market
    members = np.add.reduceat(world.users.rows.membership == MEMBER, first, dtype=np.int64)
    rows.daily[...] = (rows.budget.reshape(number, -1) * members[:, None]).ravel()
    rows.granted[...] = rows.daily + np.minimum(rows.left, ((stands_for(world) - 1.0) * rows.daily).astype(np.int64))
    rows.left[...] = rows.granted
    rows.out[...] = np.where(rows.granted > 0, ROUNDS, 0)
    rows.clicks[...] = rows.void[...] = rows.worth[...] = 0
    every = np.arange(rows.left.size, dtype=np.uint32)
    lacking = np.maximum(0, rows.granted - ledger[ADVERTISERS])
    ledger.pay_many((np.zeros_like(every), every, lacking), OUTSIDE, ADVERTISERS, "advertising_budget")


def settle(world: "World") -> None:
    """Today's clicks are paid, what they sold comes in, owners take what is above the budget, and bids are paced."""
    settings = world.now.advertisers
    rows, ledger = world.tables["advertisers"].rows, world.ledger
    every = np.arange(rows.left.size, dtype=np.uint32)
    nobody, spent = np.zeros_like(every), rows.granted - rows.left
    ledger.pay_many((every, nobody, spent), ADVERTISERS, COMPANY, "advertising")
    ledger.pay_many((nobody, every, rows.worth), OUTSIDE, ADVERTISERS, "advertised_sales")
    above = np.maximum(0, ledger[ADVERTISERS] - rows.granted)
    ledger.pay_many((every, nobody, above), ADVERTISERS, OUTSIDE, "advertisers_profit")
    rows.month_granted[...] += rows.daily
    rows.month_spent[...] += spent
    rows.month_worth[...] += rows.worth
    world.add("welfare.advertisers", int(rows.worth.sum() - spent.sum()))
    world.note("advertisers.multiplier", float(rows.multiplier.mean()) if every.size else 0.0)
    world.note("advertisers.budget", float(rows.budget.sum()) / markets(world))
    _pace(rows, stands_for(world), settings.pacing, settings.return_target)
