"""Merchants: shops with a category, a place on the taste circle, a quality and a cost; they set prices and bids.

People live in markets of some twenty thousand; each market has a circle of shops a category, so that nothing hangs on
how many people are simulated. A merchant moves its price half-way, once a week, to the best response to the demand of
its own shoppers: cost over one less the fees, plus demand over its slope. Fees are thus passed on. Bids for promoted
places are a share of what a click is worth. A brand opens a shop when one like it earns the cost of opening in a month,
and closes it after losing weeks: what opening costs is paid, and counts in the profit of merchants.
"""

from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed
from sim.firms.institutions import Field
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.ground.metrics import flow, stock
from sim.people.taste import worth_of_shop

if TYPE_CHECKING:
    from sim.world import World

MERCHANTS = "merchants"
MICRO = 1e6  # demand is tallied in millionths, so that kernels sum integers


class MerchantsSettings(Settings):
    """[merchants]"""

    people_a_market: int = assumed.count(
        20_000, "people", "people who share a circle of shops", "a small town", 2_000, 200_000, ge=10, le=10_000_000
    )
    categories: int = assumed.count(5, "categories", "kinds of goods", "round figure", 1, 20, ge=1, le=50)
    number: int = assumed.count(12, "shops", "shops open a market and category on day 0", "round figure", 2, 40, le=60)
    spare: int = assumed.count(4, "shops", "room for more to open", "round figure", 0, 20, le=40)
    cost: int = assumed.count(6_000, "cents", "cost of what is sold", "MODEL.md: 60 CNY, price about 96", 0, 50_000)
    cost_spread: float = assumed.amount(0.1, "log-spread", "inequality of costs", "round figure", 0, 0.5)
    quality: float = assumed.number(
        1.2,
        "logit units",
        "mean quality: what a shop offers above not buying",
        "fitted: 40 % of needs are met in the app",
        -5,
        10,
    )
    quality_spread: float = assumed.amount(0.4, "logit units", "inequality of quality", "round figure", 0, 2)
    first_markup: int = assumed.count(
        3_600, "cents", "price above cost on day 0", "MODEL.md: price about 96 CNY", 0, 50_000
    )
    adjustment: float = assumed.share(0.5, "part of the way to the best price gone each week", "MODEL.md", 0.05, 1)
    bid_share: float = assumed.share(
        0.8, "part of the worth of a click that is bid",
        "fitted: with promotion.toml paid places take about .02 of sales (facts.csv: Alibaba)", 0.1, 1,
    )  # fmt: skip
    fixed_cost: int = assumed.count(
        10_000, "cents a week", "cost of keeping a shop, in a full market", "round figure", 0, 1_000_000
    )
    opening_cost: int = assumed.count(
        300_000, "cents", "cost of opening a shop, in a full market", "round figure", 0, 10_000_000
    )
    entering: float = assumed.share(
        0.25, "chance a month that a brand without a shop opens one, if it would pay", "round figure", 0.02, 1
    )
    capital: int = assumed.count(
        2_000_000, "cents", "working capital of a shop, in a full market", "round figure", 0, 100_000_000
    )
    memory: float = assumed.number(
        8.0,
        "weeks",
        "time over which a shop averages what a look and an order bring and cost",
        "round figure",
        1,
        26,
        ge=1,
    )
    losing_weeks: int = assumed.count(4, "weeks", "losing weeks after which a shop closes", "MODEL.md", 1, 52, ge=1)


class MerchantColumns(Table):
    """A row a shop: market by market, category by category."""

    place = Column(np.float64, 0, "place on the taste circle of length 1")
    quality = Column(np.float64, 0, "quality", "logit units")
    reputation = Column(
        np.float64, 0, "what all think of it beyond that for a while: complaints in public, broadcasts", "logit units"
    )
    cost = Column(np.int64, 0, "cost of what is sold", "cents")
    price = Column(np.int64, 0, "price asked", "cents")
    price_before = Column(np.int64, 0, "price asked the week before", "cents")
    bid = Column(np.int64, 0, "most paid for a click on a promoted place", "cents")
    open = Column(np.uint8, 0, "1 while the shop is open")
    opening = Column(np.uint8, 0, "1 until the cost of opening is paid")
    taken_in = Column(np.uint8, 0, "1 while the platform has paid for taking the open shop in")
    losing = Column(np.int16, 0, "losing weeks in a row", "weeks")
    demand = Column(np.int64, 0, "this week: expected orders at the price asked", "millionths")
    slope = Column(np.int64, 0, "this week: fall in expected orders per CNY", "millionths")
    orders = Column(np.int64, 0, "this week: orders")
    by_wallet = Column(np.int64, 0, "this week: orders paid by wallet")
    off = Column(np.int64, 0, "this week: orders settled off the platform")
    sold = Column(np.int64, 0, "orders since day 0")
    looks = Column(np.int64, 0, "this week: times the shop was considered")
    lift = Column(np.int64, 0, "this week: expected earnings by posts read of late", "hundredths of a cent")
    clicks = Column(np.int64, 0, "this week: clicks on promoted places paid for")
    earned = Column(np.int64, 0, "this week: sales less goods and fees", "cents")
    spent = Column(np.int64, 0, "this week: paid for promoted places, posts, updates and help", "cents")
    # a week of late, averaged over the shop's memory
    orders_lately = Column(np.float64, 0, "orders a week")
    by_wallet_lately = Column(np.float64, 0, "of these, paid by wallet")
    off_lately = Column(np.float64, 0, "of these, settled off the platform")
    spent_lately = Column(np.float64, 0, "spent a week", "cents")
    looks_lately = Column(np.float64, 0, "times the shop was considered, a week")
    demand_lately = Column(np.float64, 0, "orders expected of these, a week")
    # averaged over as many weeks as bring a full market's customers
    weeks_lately = Column(np.float64, 0, "weight of the weeks averaged, near 1 after as many", "weeks")
    earned_lately = Column(np.float64, 0, "earned less spent a week, which others see and may follow", "cents")
    profit_lately = Column(np.float64, 0, "that less the keep of the shop, a week", "cents")


METRICS = (
    stock("merchants.open", "shops", "shops open"),
    flow("merchants.entries", "shops", "shops that opened", "neither"),
    flow("merchants.exits", "shops", "shops that closed", "less"),
    stock("merchants.price", "cents", "mean price asked", "neither"),
    stock("merchants.markup", "share", "mean price above cost, over price", "neither"),
    stock("merchants.bid", "cents", "mean bid for a click", "neither"),
    stock("shopping.price_index", "ratio", "prices asked over those of day 0", "less"),
)


@rule
def best_price(cost, fees, demand, slope):
    """Price that earns most against a demand of this level and slope: cost/(1 - fees) + demand/slope, in cents."""
    return cost / (1.0 - fees) + 100.0 * demand / slope


@rule
def fees_paid(commission, merchant_fee, by_wallet, off):
    """Part of its sales that a merchant pays in fees, given the shares of orders by wallet and off the platform.

    Half of what is saved off the platform goes to the buyer.
    """
    return min(0.99, commission * (1.0 - off) + merchant_fee * by_wallet + 0.5 * (commission + merchant_fee) * off)


@rule
def worth_of_click(price, cost, fees, orders_a_look):
    """What a merchant earns by a click, in cents."""
    return max(0.0, price * (1.0 - fees) - cost) * orders_a_look


def markets(world: "World") -> int:
    """Number of markets: people `first * markets // people` share one."""
    return max(1, round(world.size / world.scenario.merchants.people_a_market))


def shops_a_circle(world: "World") -> int:
    """Rows a market and category: shops open at first, and room for more."""
    settings = world.scenario.merchants
    return int(settings.number + settings.spare)


def rows_needed(world: "World") -> int:
    """Rows of the merchants' table."""
    return markets(world) * int(world.scenario.merchants.categories) * shops_a_circle(world)


class Merchant(mesa.Agent):
    """One shop."""

    calendar = 7
    place, quality, cost, price, price_before, bid = Field(), Field(), Field(), Field(), Field(), Field()
    open, opening, losing, demand, slope, orders = Field(), Field(), Field(), Field(), Field(), Field()
    looks, clicks, earned, spent, by_wallet, off = Field(), Field(), Field(), Field(), Field(), Field()
    orders_lately, by_wallet_lately, off_lately, spent_lately = Field(), Field(), Field(), Field()
    looks_lately, demand_lately, profit_lately = Field(), Field(), Field()

    def __init__(self, model: "World", table: Table, row: int) -> None:
        super().__init__(model)
        self.table, self.row = table, row

    def decide(self) -> None:
        """Once a week: a new price and bid from the week's shoppers; stay, close or open."""
        if not self.model.now.shopping.on:
            return
        if self.open:
            self._review()
        elif self.model.day // 7 % 4 == 3:
            self._enter()
        self.demand = self.slope = self.orders = self.by_wallet = self.off = 0
        self.looks = self.clicks = self.earned = self.spent = 0

    def _review(self) -> None:
        world, settings = self.model, self.model.now.merchants
        orders = max(1e-9, self.orders_lately)
        by_wallet, off = self.by_wallet_lately / orders, self.off_lately / orders
        fees = fees_paid(world.now.shopping.commission, world.now.wallet.merchant_fee, by_wallet, off)
        cost = self.cost + (self.spent_lately / orders if self.orders_lately > 0 else 0.0)
        self.price_before = self.price
        if self.slope > 0 and self.demand > 0:
            target = best_price(cost, fees, self.demand, self.slope)
            self.price = max(1, round(self.price + settings.adjustment * (target - self.price)))
        few = world.market_scale / settings.memory  # a shop in sixteen looked at is bought from, till it learns
        orders_a_look = (self.demand_lately + few) / (self.looks_lately + 16 * few)
        self.bid = round(settings.bid_share * worth_of_click(self.price, self.cost, fees, orders_a_look))
        self.losing = self.losing + 1 if self.profit_lately < 0 else 0
        if self.losing >= settings.losing_weeks:
            self.open = self.bid = 0
            world.add("merchants.exits", 1)

    def _enter(self) -> None:
        """Open if a month would pay the opening: that of the open shop most like one's own, shared with one more.

        Where no shop is open, what one alone would sell to people whom it suits as it does in the mean: a little less than
        it does sell, since those whom it suits best buy most.
        """
        world, settings = self.model, self.model.now.merchants
        price = max(1, self.cost + settings.first_markup)
        week = self._week_expected(price) - settings.fixed_cost * world.market_scale
        month = week * 30 / 7 - world.now.shopping.listing_fee * world.market_scale
        decides = luck.draw(world.luck("merchants.enter"), self.row) < settings.entering
        if decides and month > settings.opening_cost * world.market_scale:
            self.open, self.opening, self.losing = 1, 1, 0
            self.price = self.price_before = price
            self._forget()
            world.add("merchants.entries", 1)

    def _forget(self) -> None:
        """A new shop has no weeks behind it."""
        for name in self.table.declared:
            if name.endswith("_lately"):
                getattr(self.table.rows, name)[self.row] = 0.0

    def _week_expected(self, price: int) -> float:
        world, rows, terms = self.model, self.table.rows, self.model.now.shopping

        def worth(quality: Any, price: Any) -> Any:
            return worth_of_shop(quality, 0.0, terms.travel, 0.0, price, terms.price_weight)

        circle = shops_a_circle(world)
        first = self.row // circle * circle
        others = first + np.flatnonzero(rows.open[first : first + circle])
        ours = worth(self.quality, price)
        if others.size:
            alike = others[np.argmin(np.abs(worth(rows.quality[others], rows.price[others]) - ours))]
            week = rows.earned_lately[alike] / max(1e-9, rows.weeks_lately[alike])
            return float(week) * others.size / (others.size + 1)
        needs = world.size / markets(world) * world.now.presence.usual_share * terms.needs * 7
        scale = terms.noise if terms.noise > 0 else 1.0
        shop, outside, nothing = np.exp(np.array([ours, terms.outside, terms.doing_without]) / scale)
        chance = shop / (shop + outside + nothing)
        margin = price * (1.0 - min(1.0, terms.commission + world.now.wallet.merchant_fee)) - self.cost
        return float(needs / world.scenario.merchants.categories * chance * margin)


def found(world: "World") -> list[Merchant]:
    """Day 0: shops evenly round each circle (a new one between two), with their costs, qualities and capital."""
    settings, table = world.now.merchants, world.tables["merchants"]
    rows, circle = table.rows, shops_a_circle(world)
    number = rows.place.size
    if number == 0:
        return []
    every = np.arange(number, dtype=np.uint64)
    place, quality, cost = (
        luck.uniforms(world.lasting_luck(f"merchants.{what}"), every) for what in ("turn", "quality", "cost")
    )
    order = np.arange(number) % circle
    turn = np.repeat(place[::circle], circle)
    spare = order >= settings.number
    even = np.where(spare, (order - settings.number + 0.5) / max(1, settings.spare), order / max(1, settings.number))
    rows.place[...] = (even + turn) % 1.0
    rows.quality[...] = settings.quality + settings.quality_spread * np.array([luck.normal(u) for u in quality])
    rows.cost[...] = [round(luck.lognormal(settings.cost, settings.cost_spread, u)) for u in cost]
    rows.price[...] = rows.price_before[...] = np.maximum(1, rows.cost + settings.first_markup)
    rows.open[...] = ~spare
    accounts = np.arange(number, dtype=np.uint32)
    capital = np.full(number, round(settings.capital * world.market_scale), np.int64)
    world.ledger.pay_many((np.zeros_like(accounts), accounts, capital), OUTSIDE, MERCHANTS, "capital")
    return [Merchant(world, table, row) for row in range(number)]


def settle(world: "World") -> None:
    """Shops pay their opening, their keep and the listing fee, and hand what is above their working capital to their owners."""
    if not world.now.shopping.on:
        return
    settings, rows, ledger = world.now.merchants, world.tables["merchants"].rows, world.ledger
    accounts = np.flatnonzero(rows.open == 1).astype(np.uint32)
    nobody = np.zeros_like(accounts)
    new = np.flatnonzero(rows.opening == 1).astype(np.uint32)
    if new.size:
        cost = np.minimum(ledger[MERCHANTS][new], round(settings.opening_cost * world.market_scale))
        ledger.pay_many((new, np.zeros_like(new), cost), MERCHANTS, OUTSIDE, "opening")
        rows.opening[...] = 0
    if world.day % 7 == 6:
        _remember(world)
        keep = np.minimum(ledger[MERCHANTS][accounts], round(settings.fixed_cost * world.market_scale))
        ledger.pay_many((accounts, nobody, keep), MERCHANTS, OUTSIDE, "keep")
    if world.day % 30 == 0 and world.now.shopping.listing_fee > 0:
        fee = np.minimum(ledger[MERCHANTS][accounts], round(world.now.shopping.listing_fee * world.market_scale))
        ledger.pay_many((accounts, nobody, fee), MERCHANTS, COMPANY, "listing_fees")
    if world.day % 30 == 29:
        every = np.arange(rows.open.size, dtype=np.uint32)
        above = np.maximum(0, ledger[MERCHANTS] - round(settings.capital * world.market_scale))
        ledger.pay_many((every, np.zeros_like(every), above), MERCHANTS, OUTSIDE, "dividends")


def _remember(world: "World") -> None:
    """Average the week of each open shop with those before: what it earned more slowly where the market is a sample.

    There a week brings few customers, now more and now fewer than a full market's. Of all shops at once, for they are many.
    """
    settings, rows = world.now.merchants, world.tables["merchants"].rows
    keep = (settings.fixed_cost + world.now.shopping.listing_fee * 7 / 30) * world.market_scale
    earned, shops = rows.earned - rows.spent, rows.open == 1
    week = (
        (rows.orders_lately, rows.orders), (rows.by_wallet_lately, rows.by_wallet), (rows.off_lately, rows.off),
        (rows.spent_lately, rows.spent), (rows.looks_lately, rows.looks), (rows.demand_lately, rows.demand / MICRO),
    )  # fmt: skip
    money = (rows.weeks_lately, np.ones(shops.size)), (rows.earned_lately, earned), (rows.profit_lately, earned - keep)
    for columns, new in ((week, 1.0 / settings.memory), (money, world.market_scale)):
        for lately, value in columns:
            lately[shops] += new * (value - lately)[shops]


def count(world: "World") -> None:
    """Measure the shops and their profit: what they take in less what they pay, but for capital and dividends."""
    if not world.now.shopping.on:
        return
    rows = world.tables["merchants"].rows
    is_open = rows.open == 1
    if is_open.any():
        price, cost = rows.price[is_open], rows.cost[is_open]
        world.note("merchants.open", int(is_open.sum()))
        world.note("merchants.price", float(price.mean()))
        world.note("merchants.markup", float(((price - cost) / price).mean()))
        world.note("merchants.bid", float(rows.bid[is_open].mean()))
        world.note(
            "shopping.price_index", float(price.sum() / np.maximum(1, cost + world.now.merchants.first_markup).sum())
        )
    flows = world.ledger.flows.items()
    profit = sum(cents for flow, cents in flows if flow.payee == MERCHANTS and flow.reason != "capital")
    profit -= sum(cents for flow, cents in flows if flow.payer == MERCHANTS and flow.reason != "dividends")
    world.add("welfare.merchants", profit)  # besides what updates and payment by wallet spared them today
