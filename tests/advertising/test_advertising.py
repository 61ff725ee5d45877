"""Advertising: it earns, it annoys, and nobody spends more than they have.

Stories are told over several seeds; the 95 % interval of the paired difference lies on the side the story says.
"""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from worlds import live, lived, outcomes, world_of

from sim.advertising import advertiser, advertising, auctions, bidding
from sim.advertising.advertiser import ADVERTISERS, AdvertiserColumns
from sim.advertising.advertising import AdvertisingColumns
from sim.advertising.auctions import ROUNDS
from sim.engine import luck
from sim.ground.ledger import COMPANY
from sim.world import World

ADVERTS: dict[str, Any] = {
    "advertising": {"on": True, "inbox_slots": 1.0, "discovery_slots": 2.0}, "company": {"knows_profile": True},
}  # fmt: skip
AMPLE = {"advertisers__budget": 50.0}  # nobody is held back


def bidders(number: int, **other: Any) -> dict[str, Any]:
    """So many advertisers, all of whom seek everyone."""
    return {"advertisers__number": number, "advertisers__others": 0.0, "advertisers__reach": 1.0} | other


def shown(**how: Any) -> World:
    """A small world in which adverts were shown."""
    return lived(**ADVERTS, **how)


def totals(metric: str, users: int = 1_500, days: int = 30, seeds: int = 5, **other: Any) -> np.ndarray:
    """A metric's total by seed."""
    left = outcomes(range(1, seeds + 1), run={"users": users, "days": days}, **ADVERTS, **other)
    return np.array([it.days[metric].sum() for it in left])


def interval(sample: np.ndarray) -> tuple[float, float]:
    half = stats.t.ppf(0.975, sample.size - 1) * stats.sem(sample)
    return sample.mean() - half, sample.mean() + half


# stories


def test_more_places_earn_more_in_a_month():
    earned = [totals("revenue.advertising", advertising__inbox_slots=load) for load in (1.0, 2.0, 4.0)]
    assert interval(earned[1] - earned[0])[0] > 0
    assert interval(earned[2] - earned[1])[0] > 0


def test_not_knowing_people_costs_about_a_third_of_the_income():
    """Among ten advertisers with money enough the runner-up is a good match, if matches are known by a profile."""
    known, unknown = (totals("revenue.advertising", company__knows_profile=known, **AMPLE) for known in (True, False))
    assert interval(unknown / known)[1] < 0.75


def test_with_ten_bidders_ignorance_of_matches_costs_48_percent_of_the_income():
    """1 - 1/(H_n - 1), where the second best pays: matches known fully, equal values, clicks whoever wins (MODEL.md).

    A match is cut at 8, which takes a thousandth off.
    """
    alike = {"advertisers__value_spread": 0.0, "advertising__click_match": 0.0, "knowledge__noise": 1e-6, "seeds": 4}
    ten = bidders(
        10, advertisers__budget=500.0, advertising__inbox_slots=6.0, advertising__discovery_slots=0.0, **alike
    )
    ten |= {"advertising__frequency_cap": 10, "advertising__repeat": 1.0}
    known, unknown = (
        totals("revenue.advertising", days=20, company__knows_profile=known, **ten) for known in (True, False)
    )
    low, high = interval(unknown / known)
    assert low < 1 / (sum(1 / k for k in range(1, 11)) - 1) < high
    assert high - low < 0.15


def test_with_three_advertisers_not_knowing_people_earns_more():
    """The second of three is a poorer match than an average: a thin market gains from ignorance (MODEL.md)."""
    few = bidders(3, seeds=8, advertising__inbox_slots=3.0, **AMPLE)
    known, unknown = (totals("revenue.advertising", company__knows_profile=known, **few) for known in (True, False))
    assert interval(unknown / known)[0] > 1


def test_more_places_lower_their_price_and_where_all_budgets_bind_income_is_their_sum():
    """Limit 39 in a whole world: four times the places, a quarter of the price, nearly the same income."""
    tight = {"advertisers__budget": 0.1, "advertisers__chase": 0.0, "days": 90, "seeds": 2}
    loads = ({"advertising__inbox_slots": 1.0}, {"advertising__inbox_slots": 4.0, "advertising__discovery_slots": 8.0})
    income, clicks, budgets = (
        np.array([totals(name, **tight, **load) for load in loads])
        for name in ("revenue.advertising", "advertising.clicks", "advertising.budgets")
    )
    assert (income / budgets > 0.9).all()
    assert income[1] / income[0] == pytest.approx(1.0, abs=0.12)  # more clicks, of less each, go further into a budget
    assert ((income / clicks)[1] < 0.5 * (income / clicks)[0]).all()


def test_with_money_enough_prices_do_not_hang_on_the_places():
    """The mutation that the test above catches: nobody's budget binds."""
    how = {**AMPLE, "seeds": 2, "advertising__frequency_cap": 10}
    price = [
        totals("revenue.advertising", advertising__inbox_slots=slots, **how)
        / totals("advertising.clicks", advertising__inbox_slots=slots, **how)
        for slots in (1.0, 4.0)
    ]
    assert price[1] / price[0] == pytest.approx(1.0, abs=0.15)


def test_ten_twenty_and_thirty_places_on_the_page_differ():
    """The page is left after some twelve places: the more there are, the more are seen, at a falling rate."""
    how = {"days": 5, "seeds": 2, "advertising__frequency_cap": 10}  # at 2, ten bidders fill no more than twenty places
    seen = [totals("advertising.shown", advertising__discovery_slots=n, **how) for n in (10.0, 20.0, 30.0)]
    assert ((seen[1] - seen[0]) > 2 * (seen[2] - seen[1])).all()
    assert (seen[2] > 1.02 * seen[1]).all()
    assert (seen[1] > 1.2 * seen[0]).all()


def test_an_advert_shown_again_that_day_is_clicked_less():
    """With one advertiser in the inbox all day; breaks when `before` is not counted."""
    one = bidders(
        1, advertising__inbox_slots=6.0, advertising__discovery_slots=0.0, advertising__frequency_cap=10, **AMPLE
    )
    worn, fresh = (totals("advertising.clicks", days=10, advertising__repeat=again, **one) for again in (0.3, 1.0))
    assert interval(worn / fresh)[1] < 0.5


def test_adverts_cost_users_in_the_long_run_and_private_places_bear_fewer():
    """Half as many adverts again on the page cost fewer users than these do between what friends write.

    The load that costs as many is thus higher where people are less among themselves. Breaks when intrusion is not felt.
    """
    loads = ((0.0, 0.0), (0.0, 4.5), (3.0, 0.0))
    none, page, inbox = (
        totals("users.daily", days=240, seeds=3, advertising__inbox_slots=i, advertising__discovery_slots=d)
        for i, d in loads
    )
    shown = [
        totals("advertising.shown", days=240, seeds=3, advertising__inbox_slots=i, advertising__discovery_slots=d)
        for i, d in loads[1:]
    ]
    assert interval(none - page)[0] > 0
    assert interval(page - inbox)[0] > 0
    assert interval(shown[0] - 1.2 * shown[1])[0] > 0, "though more adverts are seen there"


def test_who_sees_many_adverts_clicks_less():
    few, many = (totals("advertising.clicks", advertising__inbox_slots=load) for load in (1.0, 5.0))
    shown = [totals("advertising.shown", advertising__inbox_slots=load) for load in (1.0, 5.0)]
    assert interval(few / shown[0] - many / shown[1])[0] > 0


def test_a_reserve_price_raises_the_price_of_a_click_where_bidders_are_few():
    few = bidders(2, **AMPLE)
    none, some = (totals("revenue.advertising", advertising__reserve=reserve, **few) for reserve in (0, 300))
    assert interval(some - none)[0] > 0


def test_vickreys_prices_are_below_the_next_bids_and_those_below_own_bids():
    """As long as nobody has learnt to bid less: see test_advertiser.py."""
    by_kind = [totals("revenue.advertising", advertising__auction=kind, **AMPLE) for kind in ("vcg", "gsp", "first")]
    assert (by_kind[0] < by_kind[1]).all()
    assert (by_kind[1] < by_kind[2]).all()


# laws


@pytest.mark.parametrize("budget", [0.01, 0.1, 3.0])
def test_no_budget_is_overspent_and_spending_is_paid(budget: float):
    world = world_of(**ADVERTS, advertisers__budget=budget, advertising__inbox_slots=5.0)
    rows = world[AdvertiserColumns]
    while world.running:
        world.step()
        spent = rows.granted - rows.left
        assert (rows.left >= 0).all()
        assert (world.ledger[ADVERTISERS] >= 0).all()
        assert (
            world.ledger.paid("advertising", ADVERTISERS, COMPANY) == spent.sum() == world.today["revenue.advertising"]
        )
        assert ((spent > 0) <= (rows.clicks > 0)).all()
    assert rows.out.min() < ROUNDS or budget > 1, "budgets this small run out"
    world.close()


def test_serving_without_looking_at_budgets_overspends(monkeypatch: pytest.MonkeyPatch):
    """The mutation that the law above catches: clicks are charged whatever is left."""

    def reckless(left: Any, out: Any, bidder: int, amount: int, now: int) -> bool:
        left[bidder] -= amount
        return True

    world = world_of(
        run__users=300, **ADVERTS, advertisers__budget=0.1, advertising__inbox_slots=5.0, advertising__click_chance=0.2
    )
    plain = advertising._serve.py_func  # the same loop, not compiled
    monkeypatch.setattr(advertising, "_serve", lambda *arguments: plain(*arguments))
    with np.errstate(over="ignore"):
        world.step()
        assert (world[AdvertiserColumns].left >= 0).all()
        monkeypatch.setattr(auctions, "charge", reckless)
        with pytest.raises(Exception, match="advertisers"):
            world.step()
    assert (world[AdvertiserColumns].left < 0).any()


def test_adverts_are_the_same_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch):
    one = shown(advertisers__budget=0.2, advertising__inbox_slots=4.0, run__users=1_000)
    monkeypatch.setattr("sim.engine.batches.BLOCK", 150)
    two = shown(advertisers__budget=0.2, advertising__inbox_slots=4.0, run__users=1_000, threads=2)
    adverts = [name for name in one.history if name.startswith(("advert", "revenue", "welfare"))]
    assert one.history[adverts].equals(two.history[adverts])
    assert one.flows.equals(two.flows)
    assert (one[AdvertisingColumns].seen == two[AdvertisingColumns].seen).all()


def test_a_world_stopped_and_resumed_shows_the_same_adverts(tmp_path: Any):
    whole, part = (
        shown(run__days=8, company__knows_wearables=True),
        world_of(run__days=8, **ADVERTS, company__knows_wearables=True),
    )
    live(part, until=4).save(tmp_path / "half")
    rest = live(World.load(tmp_path / "half"))
    assert rest.history.equals(whole.history)


def test_leaving_out_auctions_that_nobody_would_click_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    """Only places whose luck is below the highest chance of a click are auctioned; auction them all, and compare."""
    how = {"advertising__click_match": 0.5, "advertisers__budget": 0.5, "advertising__inbox_slots": 3.0}
    thinned = shown(**how)
    monkeypatch.setattr(advertising, "SAMPLED", 1.0)
    for name in ("shown", "clicks", "worth", "conversions", "void"):
        column = f"advertising.{name}"
        assert (thinned.history[column] == shown(**how).history[column]).all()


def test_a_higher_load_only_adds_places():
    it = [
        advertising.AdvertisingSettings(inbox_slots=load, discovery_slots=1.0, brand_slots=0.3).row
        for load in (0.7, 1.9)
    ]
    key = luck.key(1, "test")
    with np.errstate(over="ignore"):
        for who in range(200):
            fewer, more = (advertising.wanted(settings, key, who, 1) for settings in it)
            assert fewer[0] <= more[0]
            assert fewer[1:] == more[1:]


def test_places_below_the_reserve_stay_empty_to_the_last_one():
    """Who bids what is worked out person by person, and the day's adverts are counted again."""
    once = bidders(10, advertising__discovery_slots=0.0, advertising__frequency_cap=1)
    world = world_of(run__users=150, **ADVERTS, advertisers__budget=500.0, advertising__reserve=1_600, **once)
    pairs, today = world.lasting_luck("advertising.match"), world.luck("advertising.places")
    world.step()
    rows = world[AdvertiserColumns]
    wanted = shown = 0
    with np.errstate(over="ignore"):
        for who in np.concatenate(world.awake):
            places = advertising.wanted(world.now.advertising.row, today, who, 0)[0]
            known = np.sqrt(4 / (4 + 4))  # the profile is worth four observations of noise 4
            mine, table = bidding.pairs_of(pairs, who), advertiser.beliefs()
            guess = [advertiser.expected_match(table, mine, one, known) for one in range(rows.value.size)]
            wanted += places
            shown += min(places, int((rows.multiplier * rows.value * guess >= 1_600).sum()))
    assert (rows.out == ROUNDS).all(), "budgets lasted"
    assert 0 < shown < wanted
    assert world.today["advertising.shown"] == shown
    world.close()


def test_who_subscribes_sees_no_adverts():
    world = world_of(**ADVERTS)
    world.tables["subscriptions"].subscribed = 1
    world.step()
    assert world.today["advertising.shown"] == world.today["advertising.clicks"] == 0
    world.close()


def test_sponsored_messages_reach_only_who_has_bought():
    world = world_of(
        **ADVERTS, advertising__inbox_slots=0.0, advertising__discovery_slots=0.0, advertising__brand_slots=1.0
    )
    world.step()
    assert world.today["advertising.shown"] == 0
    world.tables["knowledge"].purchases = 1
    world.step()
    assert world.today["advertising.shown"] == world.today["users.daily"]
    world.close()


def test_adverts_know_too_much_only_where_much_is_known():
    nothing, much = (
        shown(run__users=1_000, company__knows_profile=known, company__knows_wearables=known) for known in (False, True)
    )
    assert nothing.history["advertising.too_knowing"].sum() == 0
    assert much.history["advertising.too_knowing"].sum() > 0
    shares = much.history["advertising.too_knowing"][2:] / much.history["advertising.shown"][2:]
    assert 0.02 < shares.mean() < 0.6


def test_what_advertisers_gain_is_the_worth_of_clicks_less_their_price_and_making_and_what_others_lose():
    history = shown(run__users=1_000).history
    paid = history["revenue.advertising"] + history["advertisers.upkeep"] + history["advertisers.taken"]
    assert (history["welfare.advertisers"] == history["advertising.worth"] - paid).all()
    assert history["advertisers.upkeep"].min() > 0


def test_sales_taken_from_other_sellers_change_what_advertisers_gain_together_and_nothing_else():
    none, all_of_them = (shown(advertisers__taken=taken).history for taken in (0.0, 1.0))
    assert (none["welfare.advertisers"] - all_of_them["welfare.advertisers"]).equals(none["advertising.worth"])
    assert none["revenue.advertising"].equals(all_of_them["revenue.advertising"])


def test_the_number_of_people_simulated_changes_nothing_but_the_scatter():
    same = {
        "advertisers__value_spread": 0.0,
        "advertisers__budget_spread": 0.0,
        "advertisers__people_a_market": 1_500,
        "days": 20,
    }
    small, large = (
        totals("revenue.advertising", users=users, **same) / totals("advertising.slots", users=users, **same)
        for users in (1_500, 6_000)
    )
    assert small.mean() == pytest.approx(large.mean(), rel=0.1)


# bad input


def test_without_advertisers_every_place_goes_unserved():
    day = shown(advertisers__number=0).today
    assert day["advertising.slots"] > 0
    assert day["advertising.shown"] == day["advertising.clicks"] == day["revenue.advertising"] == 0
    assert day["advertising.unserved"] >= day["advertising.slots"]


def test_without_budgets_nothing_is_shown_and_nothing_paid():
    day = shown(advertisers__budget=0.0).today
    assert day["advertising.shown"] == day["revenue.advertising"] == 0
    assert day["advertising.unserved"] >= day["advertising.slots"] > 0


def test_a_reserve_above_every_bid_fills_nothing():
    world = shown(advertising__reserve=1_000_000)
    assert world.history["advertising.fill"].max() == 0
    assert world.history["advertising.nuisance"].max() == 0
    assert world.today["advertising.unserved"] >= world.today["advertising.slots"] > 0


def test_more_places_than_a_day_has_room_for_are_counted_as_unserved():
    day = shown(advertising__inbox_slots=30.0, advertising__frequency_cap=10).today
    assert day["advertising.unserved"] > day["advertising.shown"] > 0
    assert day["advertising.shown"] == day["advertising.slots"]


def test_a_single_advertiser_is_shown_as_often_as_the_cap_allows():
    inbox = {"advertising__inbox_slots": 5.0, "advertising__discovery_slots": 0.0}
    one = bidders(1, advertisers__budget=100.0, advertising__frequency_cap=1)
    day = shown(**one, **inbox).today
    assert 0 < day["advertising.shown"] <= day["users.daily"]
