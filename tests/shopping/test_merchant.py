"""Merchants: they open when it pays, pay for it, and close when it does not."""

from collections import defaultdict

import numpy as np
import pytest
from worlds import live, lived, world_of

from sim.scenario import Scenario
from sim.shopping import entry, merchant
from sim.shopping.merchant import MERCHANTS, MerchantColumns, fees_paid

RUN = {"users": 1_500, "days": 60}
SHOPS = {"number": 2, "spare": 3, "categories": 2, "opening_cost": 40_000, "fixed_cost": 2_000}


def a_market(days=60, **firms):
    """A market with few shops, lived for so many days, and what was paid for what each day."""
    world = world_of(run=RUN, shopping={"on": True}, wallet={"on": False}, merchants=SHOPS | firms)
    flows, metrics = [], []
    while world.day < days:
        world.step()
        flows.append(dict(world.ledger.flows))
        metrics.append(defaultdict(int, world.today))
    world.close()
    return world, flows, metrics


def paid(flows, reason):
    """Cents paid by merchants for a reason, day by day."""
    return [sum(c for flow, c in day.items() if flow.reason == reason and flow.payer == MERCHANTS) for day in flows]


def test_the_best_price_covers_cost_and_fees():
    assert merchant.best_price(cost=6_000, fees=0.0, demand=50.0, slope=1.5) == pytest.approx(6_000 + 100 * 50 / 1.5)
    assert merchant.best_price(6_000, 0.1, 50.0, 1.5) - merchant.best_price(6_000, 0.0, 50.0, 1.5) == pytest.approx(
        6_000 / 0.9 - 6_000
    )


def test_who_opens_a_shop_pays_for_it_once():
    world, flows, metrics = a_market()
    entries = [day["merchants.entries"] for day in metrics]
    cost = round(SHOPS["opening_cost"] * merchant.market_scale(world))
    assert sum(entries) > 0, "few shops earn well: others open"
    assert paid(flows, "opening") == [0] + [cost * number for number in entries[:-1]], "a day later"
    day = entries.index(max(entries)) + 1
    came = sum(c for flow, c in flows[day].items() if flow.payee == MERCHANTS)
    went = sum(c for flow, c in flows[day].items() if flow.payer == MERCHANTS and flow.reason != "opening")
    opening = cost * entries[day - 1]
    assert metrics[day]["welfare.merchants"] == came - went - opening, "and it counts against their profit"


def test_dear_openings_keep_shops_out():
    _, _, cheap = a_market()
    _, flows, dear = a_market(opening_cost=10_000_000)
    assert sum(day["merchants.entries"] for day in dear) == 0
    assert sum(paid(flows, "opening")) == 0
    assert dear[-1]["merchants.open"] < cheap[-1]["merchants.open"]


def test_where_no_shop_is_open_brands_reckon_what_one_alone_would_sell():
    _, _, from_none = a_market(90, number=0, spare=5)
    assert all(day["merchants.open"] == 0 for day in from_none[:28])
    assert from_none[-1]["merchants.open"] > 0 < from_none[-1]["shopping.orders"]
    _, _, too_dear = a_market(90, number=0, spare=5, opening_cost=10_000_000)
    assert sum(day["merchants.entries"] for day in too_dear) == 0


def test_what_one_alone_reckons_to_sell_is_near_what_it_then_sells():
    firms = SHOPS | {"number": 0, "spare": 1, "opening_cost": 0, "fixed_cost": 0, "entering": 1.0}
    world = world_of(run={"users": 2_000, "days": 70}, shopping={"on": True}, merchants=firms)
    world.step()  # so that it is known how many come in a day
    nobody = np.empty(0, np.int64)
    expected = sum(one._week_expected(nobody, one.cost + 3_600)[0] for one in world.agents_by_type[merchant.Merchant])
    shops = live(world)[MerchantColumns]
    week = sum(shops.earned_lately / shops.weeks_lately)
    assert 0.5 < expected / week < 1.0


def test_shops_that_lose_for_weeks_close():
    _, _, lives = a_market()
    _, _, fails = a_market(fixed_cost=5_000_000)
    assert sum(day["merchants.exits"] for day in fails) > 0 == sum(day["merchants.exits"] for day in lives)
    first = next(at for at, day in enumerate(fails) if day["merchants.exits"])
    assert first + 1 >= 7 * 4, "not before four losing weeks"


def test_nobody_sells_where_every_shop_has_closed():
    world, _, metrics = a_market(fixed_cost=5_000_000, spare=0)
    assert metrics[-1]["shopping.orders"] == 0 < metrics[-1]["shopping.needs"]
    assert metrics[-1]["shopping.outside"] + metrics[-1]["shopping.unmet"] == metrics[-1]["shopping.needs"]
    assert metrics[-1]["shopping.outside"] > 0 < metrics[-1]["shopping.unmet"], "the outside is still there"
    assert world[MerchantColumns].open.sum() == 0


@pytest.mark.parametrize(("spare", "within"), [(0, 0.15), (None, 0.5)], ids=["shops stay", "shops come and go"])
def test_what_shops_bid_does_not_hang_on_how_many_shoppers_are_simulated(spare, within):
    """Breaks if a click is judged by a sample's few orders of one week: bids, and what paid places earn, then scatter.

    Where shops come and go, those of a sample do so more, by luck, and who is new bids for more places: a known gap.
    """
    earned, bids = {}, {}
    for users, worlds in ((1_000, 10), (8_000, 3)):
        late = [
            lived(
                run={"users": users, "days": 98, "seed": seed}, shopping={"on": True, "needs": 0.3, "shoppers": 1.0},
                promotion={"weight": 0.6}, company={"knows_profile": True},
                merchants={"people_a_market": 8_000} | ({} if spare is None else {"spare": spare}),
                messaging={"on": False, "threads": 0.0}, wallet={"on": False},
            ).history.iloc[42:]
            for seed in range(worlds)
        ]  # fmt: skip
        earned[users] = np.mean([h["promotion.spent"].sum() / h["promotion.needs"].sum() for h in late])
        bids[users] = np.mean([h["merchants.bid"].mean() for h in late])
    assert bids[1_000] == pytest.approx(bids[8_000], rel=0.06)
    assert earned[1_000] == pytest.approx(earned[8_000], rel=within)


def test_fees_count_half_for_deals_off_the_platform():
    assert fees_paid(0.1, 0.02, 0.5, 0.0) == pytest.approx(0.11)
    assert fees_paid(0.1, 0.02, 0.0, 1.0) == pytest.approx(0.06)
    assert fees_paid(1.0, 0.5, 1.0, 0.0) == 0.99  # a price can always be found


# two prices of one product


def test_without_fees_both_prices_are_one_and_with_a_cut_the_open_one_is_lower():
    sold = {"demand": 50.0, "slope": 1.5, "open_demand": 40.0, "open_slope": 1.2}
    free = merchant.best_prices(6_000, 0.0, moving=2.0, **sold)
    assert free[0] == free[1] == pytest.approx(6_000 + 100 * 90 / 2.7)
    inside, outer = merchant.best_prices(6_000, 0.1, moving=2.0, **sold)
    assert outer < free[0] < inside


def test_best_prices_earn_more_than_any_near_them():
    """Demand linear in both prices, as the first-order conditions see it."""
    terms = {"demand": 50.0, "slope": 1.5, "open_demand": 40.0, "open_slope": 1.2, "moving": 0.7}

    def profit(prices, at):
        up, up_open = (0.01 * (price - here) for price, here in zip(prices, at, strict=True))
        inside = terms["demand"] - terms["slope"] * up - terms["moving"] * (up - up_open)
        outer = terms["open_demand"] - terms["open_slope"] * up_open + terms["moving"] * (up - up_open)
        return (0.9 * prices[0] - 6_000) * inside + (prices[1] - 6_000) * outer

    # demand as tallied at the prices asked: these are best if nobody would move from them
    prices = (10_000.0, 9_200.0)
    for _ in range(200):
        up, up_open = 0.01 * (prices[0] - 10_000), 0.01 * (prices[1] - 9_200)
        now = terms | {
            "demand": 50.0 - 1.5 * up - 0.7 * (up - up_open), "open_demand": 40.0 - 1.2 * up_open + 0.7 * (up - up_open),
        }  # fmt: skip
        best = merchant.best_prices(6_000, 0.1, **now)
        prices = tuple(0.5 * p + 0.5 * b for p, b in zip(prices, best, strict=True))
    at = (10_000.0, 9_200.0)
    most = profit(prices, at)
    for there in ((20, 0), (-20, 0), (0, 20), (0, -20), (20, 20), (-20, -20)):
        assert profit((prices[0] + there[0], prices[1] + there[1]), at) < most


# who opens and who closes


def test_a_new_shop_opens_in_the_widest_gap():
    assert entry.widest_gap(np.array([0.1, 0.2, 0.9]), 0.0) == pytest.approx(0.55)
    assert entry.widest_gap(np.array([0.4, 0.5]), 0.0) == pytest.approx(0.95), "past the end of the circle"
    assert entry.widest_gap(np.array([]), 0.3) == 0.3


def test_the_best_of_each_circle_stand_first():
    order = entry.best_first(np.array([1.0, 5.0, 3.0, 9.0, 0.0, 4.0]), 2, 3)
    assert order.tolist() == [1, 2, 0, 3, 5, 4]


def test_shops_close_one_at_a_time_and_the_weakest_first():
    """Breaks when all who lose leave at once: as many then come back. The circle could still keep most of them."""
    world = world_of(run=RUN | {"days": 200}, shopping={"on": True}, merchants={"fixed_cost": 600_000, "categories": 1})
    closed, stood = [], []
    while world.running:
        shops = world[MerchantColumns]
        before = shops.open.copy()
        world.step()
        gone = np.flatnonzero(before & (shops.open == 0))
        stood.append(int(shops.open.sum()))
        if gone.size:
            closed.append(gone.size)
            assert world.day % 7 == 0
            assert (shops.profit_lately[gone] <= shops.profit_lately[shops.open == 1].min()).all()
    world.close()
    assert len(closed) > 3
    assert set(closed) == {1}
    assert stood[-1] < 10


def test_entrants_learn_from_who_closed():
    rows = merchant.MerchantColumns(4).rows
    rows.open[:2], rows.weeks_lately[:3] = 1, 1.0
    rows.quality[...], rows.price[...] = 1.0, 9_000
    rows.earned_lately[:3], rows.won_lately[:3] = (1_200.0, 1_200.0, 700.0), (0.05, 0.05, 0.04)
    rows.closed_on[2], rows.rivals_then[2] = 100, 3
    terms, stand, circle = Scenario.make().shopping, np.arange(2), np.arange(4)
    alone, _ = entry.reckon(rows, stand, np.empty(0, np.int64), 1.0, 9_000, terms)
    assert alone == pytest.approx(1_200 / 1.05)
    warned, _ = entry.reckon(rows, stand, entry.warnings(rows, circle, 3, 50, 0.0), 1.0, 9_000, terms)
    assert warned == pytest.approx(0.5 * (alone + 700))
    assert entry.warnings(rows, circle, 2, 50, 0.0).size == 0, "more stood then"
    assert entry.warnings(rows, circle, 3, 101, 0.0).size == 0, "long ago"
    rows.fees_then[2] = 0.1
    assert entry.warnings(rows, circle, 3, 50, 0.05).size == 0, "fees were higher"
    worse, _ = entry.reckon(rows, stand, np.empty(0, np.int64), 0.5, 9_000, terms)
    assert worse < alone


def test_a_cut_costs_variety_in_the_long_run():
    stand = []
    for cut in (0.0, 0.4):
        world = lived(run={"users": 2_000, "days": 420}, shopping={"on": True, "commission": cut})
        stand.append(world.history["merchants.open"].iloc[-1])
    assert stand[1] < 0.9 * stand[0]
