"""Merchants: shops with a category, a place on the taste circle, a quality and a cost; they set prices and bids.

People live in markets of some twenty thousand; each market has a taste circle of shops a category, so that nothing hangs on
how many people are simulated. A merchant sells one product at two prices, in its thread and in the open, and moves both
half-way, once a week, to the best response to the demand of its own shoppers. Fees are thus passed on as far as buyers
who see both prices let them. Bids for promoted places are a share of what a click is worth.

Entry is free: there is room for many more shops than stand. A brand opens one, in the widest gap of its circle, when
the shop most like it, open or closed of late, leads it to expect the cost of opening in a month. After losing weeks the
weakest of a circle closes, and the others wait to see what the place left brings them. What opening and keeping a shop
costs is paid, and counts in the profit of merchants.
"""

from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.ground.agents import Field
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.ground.metrics import flow, stock
from sim.payments.terms import WalletSettings
from sim.people.welfare import MERCHANTS_WELFARE
from sim.shopping import channels, entry
from sim.shopping.terms import MerchantsSettings, ShoppingSettings
from sim.state import Planned, State

MERCHANTS = "merchants"
MICRO = 1e6  # demand is tallied in millionths, so that kernels sum integers


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
    open_price = Column(np.int64, 0, "price asked in the open for the same product", "cents")
    open = Column(np.uint8, 0, "1 while the shop is open")
    opening = Column(np.uint8, 0, "1 until the cost of opening is paid")
    taken_in = Column(np.uint8, 0, "1 while the platform has paid for taking the open shop in")
    losing = Column(np.int16, 0, "losing weeks in a row", "weeks")
    demand = Column(np.int64, 0, "this week: expected orders at the price asked", "millionths")
    slope = Column(np.int64, 0, "this week: fall in expected orders per CNY", "millionths")
    open_demand = Column(np.int64, 0, "this week: expected orders in the open of who looked here", "millionths")
    open_slope = Column(np.int64, 0, "this week: fall in these per CNY of the open price", "millionths")
    orders = Column(np.int64, 0, "this week: orders in the thread")
    open_orders = Column(np.int64, 0, "this week: orders in the open of who looked here")
    by_wallet = Column(np.int64, 0, "this week: orders paid by wallet")
    off = Column(np.int64, 0, "this week: orders settled off the platform")
    sold = Column(np.int64, 0, "orders since day 0")
    impressions = Column(np.int64, 0, "this week: times the shop was considered")
    lift = Column(np.int64, 0, "this week: expected earnings by posts read of late", "hundredths of a cent")
    clicks = Column(np.int64, 0, "this week: clicks on promoted places paid for")
    earned = Column(np.int64, 0, "this week: sales less goods and fees", "cents")
    spent = Column(np.int64, 0, "this week: paid for promoted places, posts, updates and help", "cents")
    # a week of late, averaged over the shop's memory
    orders_lately = Column(np.float64, 0, "orders in the thread a week")
    open_orders_lately = Column(np.float64, 0, "orders in the open a week of who looked here")
    by_wallet_lately = Column(np.float64, 0, "of these, paid by wallet")
    off_lately = Column(np.float64, 0, "of these, settled off the platform")
    spent_lately = Column(np.float64, 0, "spent a week", "cents")
    impressions_lately = Column(np.float64, 0, "times the shop was considered, a week")
    demand_lately = Column(np.float64, 0, "orders expected of these, a week")
    open_demand_lately = Column(np.float64, 0, "and in the open")
    # averaged over as many weeks as bring a full market's customers
    weeks_lately = Column(np.float64, 0, "weight of the weeks averaged, near 1 after as many", "weeks")
    earned_lately = Column(
        np.float64, 0, "sales likely of who looked, less goods, fees and what is spent, a week; others see it", "cents"
    )
    profit_lately = Column(np.float64, 0, "that less the keep of the shop, a week", "cents")
    won_lately = Column(np.float64, 0, "share of the needs of its market and category that it wins")
    # of a shop that closed: what others learn from it
    closed_on = Column(np.int64, -1, "day on which it closed last; -1 for never", "day")
    rivals_then = Column(np.int64, 0, "shops open in its market and category then, itself included", "shops")
    fees_then = Column(np.float64, 0, "part of sales that went in fees then")


OPEN_SHOPS = stock("merchants.open", "shops", "shops open")
ENTRIES = flow("merchants.entries", "shops", "shops that opened", "neither")
EXITS = flow("merchants.exits", "shops", "shops that closed", "less")
MEAN_PRICE = stock("merchants.price", "cents", "mean price asked", "neither")
MEAN_OPEN_PRICE = stock("merchants.open_price", "cents", "mean price asked in the open", "neither")
MARKUP = stock("merchants.markup", "share", "mean price above cost, over price", "neither")
PROFIT = stock("merchants.profit", "cents", "a shop's profit a week of late, all costs paid, in a full market")
LOSING_SHARE = stock("merchants.losing_share", "share", "open shops that lose of late", "less")
BID = stock("merchants.bid", "cents", "mean bid for a click", "neither")
PRICE_INDEX = stock("shopping.price_index", "ratio", "prices asked over those of day 0", "less")
METRICS = (OPEN_SHOPS, ENTRIES, EXITS, MEAN_PRICE, MEAN_OPEN_PRICE, MARKUP, PROFIT, LOSING_SHARE, BID, PRICE_INDEX)


@rule
def best_price(cost, fees, demand, slope):
    """Price that earns most against a demand of this level and slope: cost/(1 - fees) + demand/slope, in cents."""
    return cost / (1.0 - fees) + 100.0 * demand / slope


@rule
def best_prices(cost, fees, demand, slope, open_demand, open_slope, moving):
    """Prices in the thread and in the open, in cents, that together earn most.

    Of margins m and o per order, fees paid, the first-order conditions are
    (1 - fees) demand = slope m + moving (m - o) and open_demand = open_slope o - moving (m - o):
    `moving` orders go over to the open for a CNY by which the thread is dearer. Without fees both prices are one.
    """
    if fees <= 0.0 or (moving <= 0.0 and open_slope <= 0.0):
        price = best_price(cost, fees, demand + open_demand, slope + open_slope)
        return price, price
    thread, outer = slope + moving, open_slope + moving
    det = thread * outer - moving * moving
    kept = (1.0 - fees) * demand
    margin = (kept * outer + moving * open_demand) / det
    open_margin = (open_demand * thread + moving * kept) / det
    return (cost + 100.0 * margin) / (1.0 - fees), cost + 100.0 * open_margin


@rule
def fees_paid(commission, merchant_fee, by_wallet, off):
    """Part of its sales that a merchant pays in fees, given the shares of orders by wallet and off the platform.

    Half of what is saved off the platform goes to the buyer.
    """
    return min(0.99, commission * (1.0 - off) + merchant_fee * by_wallet + 0.5 * (commission + merchant_fee) * off)


@rule
def click_value(price, cost, fees, conversion_rate):
    """What a merchant earns by a click, in cents."""
    return max(0.0, price * (1.0 - fees) - cost) * conversion_rate


def markets(state: Planned) -> int:
    """Number of markets: people `first * markets // people` share one."""
    return max(1, round(state.size / state.settings(MerchantsSettings).people_a_market))


def market_scale(state: Planned) -> float:
    """People simulated per market over those of a full market: every fixed sum of money is scaled by it."""
    return min(1.0, state.size / markets(state) / state.settings(MerchantsSettings).people_a_market)


def shops_per_market(state: Planned) -> int:
    """Rows a market and category: shops open at first, and room for more."""
    settings = state.settings(MerchantsSettings)
    return int(settings.number + settings.spare)


def a_category_each(state: Planned) -> int:
    """Rows of a table with a row a person and category."""
    return state.size * int(state.settings(MerchantsSettings).categories)


def rows_needed(state: Planned) -> int:
    """Rows of the merchants' table."""
    return markets(state) * int(state.settings(MerchantsSettings).categories) * shops_per_market(state)


def open_shops(state: State) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of open shops, and where those of each market and category begin among them (and the last ends)."""
    rows = np.flatnonzero(state[MerchantColumns].open)
    lists = markets(state) * int(state.settings(MerchantsSettings).categories)
    return rows, np.searchsorted(rows, shops_per_market(state) * np.arange(lists + 1))


def fees_on_sales(state: State, rows: Any) -> Any:
    """Part of a sale in the thread that goes in fees at most, for these shops: one number unless they differ in a test."""
    fees = state.own(ShoppingSettings, "commission", rows) + state.settings(WalletSettings).merchant_fee
    return np.minimum(0.99, fees)


def fees_of_all(state: State) -> Any:
    """What is at stake in a deal settled off the platform: one number for all shops, or a column where they differ."""
    fees = state.row(ShoppingSettings).commission + state.settings(WalletSettings).merchant_fee
    return np.minimum(1.0, fees) if isinstance(fees, np.ndarray) else min(1.0, fees)


class Merchant(mesa.Agent):
    """One shop."""

    calendar = 7
    place, quality, cost, price, price_before, bid = Field(), Field(), Field(), Field(), Field(), Field()
    open, opening, losing, demand, slope, orders = Field(), Field(), Field(), Field(), Field(), Field()
    open_price, open_demand, open_slope, open_orders = Field(), Field(), Field(), Field()
    impressions, clicks, earned, spent, by_wallet, off = Field(), Field(), Field(), Field(), Field(), Field()
    orders_lately, open_orders_lately, by_wallet_lately, off_lately = Field(), Field(), Field(), Field()
    impressions_lately, demand_lately, open_demand_lately, spent_lately = Field(), Field(), Field(), Field()
    earned_lately, weeks_lately, profit_lately, won_lately = Field(), Field(), Field(), Field()
    closed_on, rivals_then, fees_then = Field(), Field(), Field()

    def __init__(self, model: State, table: Table, row: int) -> None:
        super().__init__(model)
        self.table, self.row = table, row

    def decide(self) -> None:
        """Once a week: new prices and a bid from the week's shoppers; stay, close or open."""
        if not self.model.settings(ShoppingSettings).on:
            return
        if self.open:
            self._set_prices()
            self._stay_or_close()
            self._begin_week()
        elif self.model.day // 7 % 4 == 3:
            self._enter()

    def _begin_week(self) -> None:
        self.demand = self.slope = self.open_demand = self.open_slope = 0
        self.orders = self.open_orders = self.by_wallet = self.off = 0
        self.impressions = self.clicks = self.earned = self.spent = 0

    def _set_prices(self) -> None:
        state, settings, terms = (
            self.model,
            self.model.settings(MerchantsSettings),
            self.model.settings(ShoppingSettings),
        )
        orders = max(1e-9, self.orders_lately)
        by_wallet, off = self.by_wallet_lately / orders, self.off_lately / orders
        commission = float(state.own(ShoppingSettings, "commission", self.row))
        fees = fees_paid(commission, state.settings(WalletSettings).merchant_fee, by_wallet, off)
        sold = self.orders_lately + self.open_orders_lately
        cost = self.cost + (self.spent_lately / sold if sold > 0 else 0.0)
        self.price_before = self.price
        if self.slope > 0 and self.demand > 0:
            gap = 0.01 * (self.price - self.open_price)
            moving = self.demand * channels.switchers(gap, terms.open_known, terms.open_trouble)
            best = best_prices(cost, fees, self.demand, self.slope, self.open_demand, self.open_slope, moving)
            self.price, self.open_price = (
                max(1, round(now + settings.adjustment * (target - now)))
                for now, target in zip((self.price, self.open_price), best, strict=True)
            )
        few = market_scale(state) / settings.memory  # a shop in sixteen looked at is bought from, till it learns
        impressions = self.impressions_lately + 16 * few
        click = click_value(self.price, self.cost, fees, (self.demand_lately + few) / impressions)
        click += click_value(self.open_price, self.cost, 0.0, self.open_demand_lately / impressions)
        self.bid = round(settings.bid_share * click)

    def _standing(self) -> NDArray[np.int64]:
        """Rows of the open shops of its market and category."""
        per_market = shops_per_market(self.model)
        first = self.row // per_market * per_market
        return np.asarray(first + np.flatnonzero(self.table.rows.open[first : first + per_market]))

    def _stay_or_close(self) -> None:
        """Close after losing weeks, if it is one of the weakest: as many close as the market's sales cannot keep, at least one.

        What the market takes falls as shops leave, so it cannot keep more shops than its takings now would pay for.
        """
        state, rows = self.model, self.table.rows
        if self.losing < state.settings(MerchantsSettings).losing_weeks:
            return
        standing = self._standing()
        tired = standing[rows.losing[standing] >= state.settings(MerchantsSettings).losing_weeks]
        kept = rows.earned_lately[standing].sum() / (keep_a_week(state) * max(1e-9, self.weeks_lately))
        leaving = tired[np.argsort(rows.profit_lately[tired], kind="stable")][: max(1, int(standing.size - kept))]
        if self.row not in leaving:
            return
        self.open = self.bid = 0
        self.closed_on, self.rivals_then, self.fees_then = (
            state.day,
            standing.size,
            float(fees_on_sales(state, self.row)),
        )
        rows.losing[np.setdiff1d(standing, leaving)] = 0  # the others wait to see what the place left brings
        entry.share_out(rows, standing[standing != self.row], 1.0 + self.won_lately / max(1e-9, self.weeks_lately))
        state.add(EXITS, 1)

    def _enter(self) -> None:
        """Open, in the widest gap, if a month would pay the opening."""
        state, rows, settings = self.model, self.table.rows, self.model.settings(MerchantsSettings)
        if luck.draw(state.luck("merchants.enter"), self.row) >= settings.entering:
            return
        standing = self._standing()
        price = self._opening_price(standing)
        week, share = self._week_expected(standing, price)
        profit = week - keep_a_week(state)
        if profit * 30 / 7 <= settings.opening_cost * market_scale(state):
            return
        self._begin_week()
        for name in self.table.declared:
            if name.endswith("_lately"):
                getattr(rows, name)[self.row] = 0.0
        self.open, self.opening, self.losing, self.closed_on = 1, 1, 0, -1
        self.place = entry.widest_gap(rows.place[standing], self.place)
        self.price = self.price_before = self.open_price = price
        self.earned_lately, self.profit_lately, self.won_lately, self.weeks_lately = (
            week,
            profit,
            share,
            1.0,
        )  # as reckoned
        entry.share_out(rows, standing, 1.0 - share)
        state.add(ENTRIES, 1)

    def _opening_price(self, standing: NDArray[np.int64]) -> int:
        """The price it would open at: cost, fees passed on, and the mean markup of the open shops of its market."""
        rows, passed_on = self.table.rows, 1.0 / (1.0 - float(fees_on_sales(self.model, self.row)))
        markup = self.model.settings(MerchantsSettings).first_markup
        if standing.size:
            at_cost = rows.cost[standing] / (1.0 - fees_on_sales(self.model, standing))
            markup = float((rows.price[standing] - at_cost).mean())
        return max(1, round(self.cost * passed_on + markup))

    def _week_expected(self, stand: NDArray[np.int64], price: int) -> tuple[float, float]:
        """What it would earn in a week among those who stand, before its keep, and the share of needs it would win."""
        state, rows, per_market = self.model, self.table.rows, shops_per_market(self.model)
        terms, fees = state.settings(ShoppingSettings), float(fees_on_sales(state, self.row))
        every = np.arange(per_market) + self.row // per_market * per_market
        since = state.day - 7 * state.settings(MerchantsSettings).learning
        closed = entry.warnings(rows, every, stand.size + 1, since, fees)
        seen = entry.reckon(rows, stand, closed, self.quality, price, terms)
        return seen or entry.alone(self.quality, price, price * (1.0 - fees) - self.cost, needs_a_week(state), terms)


def needs_a_week(state: State) -> float:
    """Needs for goods in a market and category in a week like today: what new shops reckon with."""
    today = sum(people.size for people in state.awake) * state.settings(ShoppingSettings).needs
    return max(1e-9, 7 * today / markets(state) / int(state.settings(MerchantsSettings).categories))


def keep_a_week(state: State) -> float:
    """Keep of a shop and the listing fee, a week, of the people simulated."""
    return float(
        (state.settings(MerchantsSettings).fixed_cost + state.settings(ShoppingSettings).listing_fee * 7 / 30)
        * market_scale(state)
    )


def found_shops(state: State) -> None:
    """Day 0: of all who might, the best value for money have opened shops, evenly round each circle, with their capital."""
    settings, table = state.settings(MerchantsSettings), state.table(MerchantColumns)
    rows, per_market = table.rows, shops_per_market(state)
    number = rows.place.size
    if number == 0:
        return
    every = np.arange(number, dtype=np.uint64)
    place, quality, cost = (
        luck.uniforms(state.lasting_luck(f"merchants.{what}"), every) for what in ("turn", "quality", "cost")
    )
    order = np.arange(number) % per_market
    turn = np.repeat(place[::per_market], per_market)
    rows.place[...] = (order / max(1, settings.number) + turn) % 1.0
    qualities = settings.quality + settings.quality_spread * np.array([luck.normal(u) for u in quality])
    costs = np.array([round(luck.lognormal(settings.cost, settings.cost_spread, u)) for u in cost])
    best = entry.best_first(
        qualities - state.settings(ShoppingSettings).price_weight * costs / 100.0, int(settings.number), per_market
    )
    rows.quality[...], rows.cost[...] = qualities[best], costs[best]
    rows.price[...] = rows.price_before[...] = rows.open_price[...] = np.maximum(1, rows.cost + settings.first_markup)
    rows.open[...] = order < settings.number
    first = rows.open == 1  # they reckon as who opens one does: to earn the opening in a month
    rows.weeks_lately[first] = 1.0
    rows.profit_lately[first] = settings.opening_cost * market_scale(state) * 7 / 30
    rows.earned_lately[first] = rows.profit_lately[first] + keep_a_week(state)
    accounts = np.arange(number, dtype=np.uint32)
    capital = np.full(number, round(settings.capital * market_scale(state)), np.int64)
    state.ledger.pay_many((0, accounts, capital), OUTSIDE, MERCHANTS, "capital")
    for row in range(number):
        Merchant(state, table, row)


def pay_shop_costs(state: State) -> None:
    """Shops pay their opening, their keep and the listing fee, and hand what is above their working capital to their owners."""
    if not state.settings(ShoppingSettings).on:
        return
    settings, rows, ledger = state.settings(MerchantsSettings), state[MerchantColumns], state.ledger
    accounts = np.flatnonzero(rows.open == 1).astype(np.uint32)
    new = np.flatnonzero(rows.opening == 1).astype(np.uint32)
    if new.size:
        cost = np.minimum(ledger[MERCHANTS][new], round(settings.opening_cost * market_scale(state)))
        ledger.pay_many((new, 0, cost), MERCHANTS, OUTSIDE, "opening")
        rows.opening[...] = 0
    if state.day % 7 == 6:
        _remember(state)
        keep = np.minimum(ledger[MERCHANTS][accounts], round(settings.fixed_cost * market_scale(state)))
        ledger.pay_many((accounts, 0, keep), MERCHANTS, OUTSIDE, "keep")
    if state.day % 30 == 0 and state.settings(ShoppingSettings).listing_fee > 0:
        fee = np.minimum(
            ledger[MERCHANTS][accounts], round(state.settings(ShoppingSettings).listing_fee * market_scale(state))
        )
        ledger.pay_many((accounts, 0, fee), MERCHANTS, COMPANY, "listing_fees")
    if state.day % 30 == 29:
        every = np.arange(rows.open.size, dtype=np.uint32)
        above = np.maximum(0, ledger[MERCHANTS] - round(settings.capital * market_scale(state)))
        ledger.pay_many((every, 0, above), MERCHANTS, OUTSIDE, "dividends")


def _remember(state: State) -> None:
    """Average each open shop's week with those before; what it earned more slowly where the market is a sample.

    There a week brings few customers, and its takings scatter more than a full market's. For all shops at once, for they
    are many.
    """
    settings, rows = state.settings(MerchantsSettings), state[MerchantColumns]
    shops, keep = rows.open == 1, keep_a_week(state)
    earned = _likely_earnings(state) - rows.spent
    week = (
        (rows.orders_lately, rows.orders), (rows.by_wallet_lately, rows.by_wallet), (rows.off_lately, rows.off),
        (rows.spent_lately, rows.spent), (rows.impressions_lately, rows.impressions), (rows.demand_lately, rows.demand / MICRO),
        (rows.open_orders_lately, rows.open_orders), (rows.open_demand_lately, rows.open_demand / MICRO),
    )  # fmt: skip
    money = (
        (rows.weeks_lately, np.ones(shops.size)), (rows.earned_lately, earned), (rows.profit_lately, earned - keep),
        (rows.won_lately, (rows.demand + rows.open_demand) / MICRO / needs_a_week(state)),
    )  # fmt: skip
    for columns, new in ((week, 1.0 / settings.memory), (money, market_scale(state))):
        for lately, value in columns:
            lately[shops] += new * (value - lately)[shops]
    rows.losing[...] = np.where(shops & (rows.profit_lately < 0), rows.losing + 1, 0)


def _likely_earnings(state: State) -> NDArray[np.float64]:
    """What each shop would earn in expectation of those who looked at it this week, at its prices: less noisy than sales.

    Fees are as it pays them of late, some deals being settled off the platform.
    """
    commission, rows = state.row(ShoppingSettings).commission, state[MerchantColumns]
    orders = np.maximum(1e-9, rows.orders)
    off, by_wallet = rows.off / orders, rows.by_wallet / orders
    fee = state.settings(WalletSettings).merchant_fee
    fees = commission * (1.0 - off) + fee * by_wallet + 0.5 * (commission + fee) * off
    in_thread = rows.price * (1.0 - np.minimum(1.0, fees)) - rows.cost
    return np.asarray((rows.demand * in_thread + rows.open_demand * (rows.open_price - rows.cost)) / MICRO)


def count_shops(state: State) -> None:
    """Measure the shops and their profit: what they take in less what they pay, but for capital and dividends."""
    if not state.settings(ShoppingSettings).on:
        return
    rows = state[MerchantColumns]
    is_open = rows.open == 1
    if is_open.any():
        price, cost = rows.price[is_open], rows.cost[is_open]
        state.note(OPEN_SHOPS, int(is_open.sum()))
        state.note(MEAN_PRICE, float(price.mean()))
        state.note(MEAN_OPEN_PRICE, float(rows.open_price[is_open].mean()))
        weeks = np.maximum(1e-9, rows.weeks_lately[is_open] * market_scale(state))
        profit_lately = rows.profit_lately[is_open]
        state.note(PROFIT, float((profit_lately / weeks).mean()) if state.day >= 7 else 0.0)
        state.note(LOSING_SHARE, float((profit_lately < 0).mean()))
        state.note(MARKUP, float(((price - cost) / price).mean()))
        state.note(BID, float(rows.bid[is_open].mean()))
        state.note(
            PRICE_INDEX,
            float(price.sum() / np.maximum(1, cost + state.settings(MerchantsSettings).first_markup).sum()),
        )
    flows = state.ledger.flows.items()
    profit = sum(cents for flow, cents in flows if flow.payee == MERCHANTS and flow.reason != "capital")
    profit -= sum(cents for flow, cents in flows if flow.payer == MERCHANTS and flow.reason != "dividends")
    state.add(MERCHANTS_WELFARE, profit)  # besides what updates, wallets and adverts of others bring or take today
