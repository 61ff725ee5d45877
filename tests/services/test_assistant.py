"""The assistant: it learns from its trainers, saves effort, knows too much, and misleads when its answers are bought."""

import math

import numpy as np
import pytest

from sim.experiments.intervals import paired
from sim.people import presence
from sim.results import summarise
from sim.scenario import Scenario
from sim.services import assistant
from sim.world import World

RUN = {"users": 1_500, "days": 40}
ASKING = {"shopping": {"on": True}, "assistant": {"on": True, "asks": 0.5}, "company": {"knows_profile": True}}
SEEDS = range(1, 7)
ONLY_ADVICE = {"shopping": {"on": True, "needs": 0.0}}  # every need for goods comes by the assistant


def a_morning(**changes):
    """A world in which people woke up and asked, and nothing else happened yet."""
    world = World(Scenario.make(run=RUN, **(ASKING | changes)))
    presence.wake_up(world)
    assistant.step(world)
    world.close()
    return world


def summary(seed=1, run=RUN, **changes):
    world = World(Scenario.make(run=run | {"seed": seed}, **(ASKING | changes)))
    while world.running:
        world.step()
    found = summarise(world.history, world.metrics)
    world.close()
    return found


def test_the_machine_starts_low_and_learns_from_human_answers():
    assert assistant.machine_share(0.0, first=0.15, most=0.9, practice=20.0) == pytest.approx(0.15)
    after = assistant.machine_share(20.0, first=0.15, most=0.9, practice=20.0)
    assert after == pytest.approx(0.9 - 0.75 / math.e)
    world = World(Scenario.make(run=RUN, **ASKING))
    shares = []
    while world.running:
        world.step()
        shares.append(world.today["assistant.machine_share"])
    world.close()
    assert shares[0] <= 0.30
    assert (np.diff(shares) > 0).all(), "every human answer teaches"


def test_practice_is_a_member_s_so_a_larger_world_learns_no_faster():
    ends = []
    for users in (800, 3_200):
        world = World(Scenario.make(run={"users": users, "days": 30}, **ASKING))
        while world.running:
            world.step()
        ends.append(world.today["assistant.machine_share"])
        world.close()
    assert ends[0] == pytest.approx(ends[1], rel=0.05)


def test_what_a_bought_answer_costs_is_the_difference_it_made():
    same = {"believed_unpaid": 2.0, "believed_paid": 2.0}
    assert assistant.lost(3.0, 1.0, without=0.0, **same) == 2.0
    assert assistant.lost(3.0, 1.0, without=5.0, **same) == 0.0, "who does without either way loses nothing"


def test_without_trainers_questions_stay_open_and_cost_nothing():
    alone = summary(assistant={"on": True, "asks": 0.5, "trainers": False})
    assert alone["assistant.human"] == 0
    assert alone["assistant.unanswered"] > alone["assistant.automated"]
    assert alone["cost.trainers"] == 0


def test_a_rollout_share_of_people_has_it():
    all_have, few_have = summary(), summary(assistant={"on": True, "asks": 0.5, "rollout": 0.2})
    assert few_have["assistant.asked"] == pytest.approx(0.2 * all_have["assistant.asked"], rel=0.25)


def test_a_paid_assistant_earns_and_misleads():
    paid = [summary(seed, promotion={"weight": 0.7}, regulator={"on": False}) for seed in SEEDS]
    honest = [summary(seed, regulator={"on": False}) for seed in SEEDS]
    for metric in ("revenue.promotion", "assistant.distortion"):
        earned, nothing = ([found[metric] for found in worlds] for worlds in (paid, honest))
        assert not any(nothing), metric
        assert paired(earned, nothing).low > 0, metric
    assert not any(found["assistant.promoted"] for found in honest)


def test_an_honest_assistant_is_welcome():
    daily = [
        [summary(seed, assistant={"on": on, "asks": 0.5})["users.daily"] for seed in SEEDS] for on in (True, False)
    ]
    assert paired(*daily).low > 0


# what suits too well


def test_an_answer_knows_too_much_above_so_many_units_of_how_much_matches_differ():
    spread = math.sqrt(16.0 / 48.0 + 1.0)
    assert not assistant.seems_to_know(1.64 * spread, 4.0, 1.0, 1.65)
    assert assistant.seems_to_know(1.66 * spread, 4.0, 1.0, 1.65)
    assert not assistant.seems_to_know(0.0, 0.0, 0.0, 1.65), "where all suit alike nothing can be known"


def test_too_knowing_answers_make_their_people_uneasy_by_concern_and_depth():
    """Fails where only adverts do."""
    world = a_morning(company={"knows_profile": True, "knows_wearables": True})
    unease, concern = world.felt.rows.unease, world.users.users.privacy_concern
    struck = np.flatnonzero(unease)
    assert 0 < world.today["assistant.too_knowing"] < world.today["assistant.advice"]
    assert 0.5 * world.today["assistant.too_knowing"] < struck.size <= world.today["assistant.too_knowing"], (
        "a fifth does not mind"
    )
    assert unease[struck] == pytest.approx(0.1 * 2 / 3 * concern[struck])


def test_the_more_is_known_the_more_answers_know_too_much_and_none_where_nothing_is():
    nothing, profile, both = (
        a_morning(company={"knows_profile": known > 0, "knows_wearables": known > 1}).today for known in range(3)
    )
    assert nothing["assistant.too_knowing"] == 0
    assert 0 < 2 * profile["assistant.too_knowing"] < both["assistant.too_knowing"]


def test_answers_that_know_too_much_wear_on_people():
    felt = [
        [
            summary(seed, assistant={"on": True, "asks": 0.5, "too_knowing": limit}, knowledge={"unease_shown": 0.5})
            for seed in SEEDS
        ]
        for limit in (2.8, 0.8)
    ]
    fewer, more = ([found["assistant.too_knowing"] for found in worlds] for worlds in felt)
    assert min(more) > 5 * max(fewer)
    assert paired(*([found["satisfaction.mean"] for found in worlds] for worlds in felt)).low > 0


# what shops learn, and what needs come to


def test_shops_learn_from_the_looks_and_the_likely_orders_that_answers_bring():
    """Fails if orders come of advice of which shops know nothing: they are then dear to look at and blind in pricing."""
    world = World(Scenario.make(run=RUN | {"users": 3_000}, **(ASKING | ONLY_ADVICE)))
    while world.day < 6:
        world.step()
    world.close()
    shops, history = world.tables["merchants"].rows, world.history.drop(columns="date").sum()
    orders, expected = shops.orders.sum(), shops.demand.sum() / assistant.MICRO
    assert orders == history["assistant.orders"] == history["shopping.orders"] > 100
    assert shops.looks.sum() == history["shopping.needs"]
    assert orders == pytest.approx(expected, abs=3 * math.sqrt(expected))
    a_look = shops.demand / assistant.MICRO / np.maximum(1, shops.looks)
    slope = 0.03 * shops.demand / assistant.MICRO * (1 - a_look)
    assert (shops.slope / assistant.MICRO <= slope + 1e-3).all(), "of unequal chances the slope is below that of equals"
    assert shops.slope.sum() / assistant.MICRO == pytest.approx(slope.sum(), rel=0.2)


def test_without_noise_a_price_counts_where_two_in_a_hundred_decide():
    assert assistant.rise(1.0, 0.9, price=10_000, price_weight=0.03) == 0.0, "bought at either price"
    assert assistant.rise(0.9, 1.0, price=10_000, price_weight=0.03) == 0.0
    assert assistant.rise(1.0, 0.95, price=10_000, price_weight=0.03) == pytest.approx(1 / 4.0)


def test_every_need_is_met_here_or_outside_or_not_or_is_too_dear():
    """Fails if orders on the assistant's word are counted, and the needs behind them are not."""
    found = summary()
    parts = ("orders", "outside", "unmet", "unaffordable")
    assert found["shopping.needs"] == sum(found[f"shopping.{part}"] for part in parts)
    only = summary(**ONLY_ADVICE)
    assert only["shopping.needs"] >= only["assistant.advice"] > 0
    assert 0 < only["shopping.in_app_share"] < 1
    assert only["shopping.worth"] > 0
    none = summary(merchants={"number": 0, "spare": 0}, **ONLY_ADVICE)
    assert none["shopping.outside"] + none["shopping.unmet"] == none["shopping.needs"] > 0


def test_advice_that_nobody_can_pay_for_is_worth_nothing():
    plain = {"on": True, "asks": 1.0, "goods_share": 1.0, "answer_worth": 0.0, "wrong": 0.0}
    poor = {"users": {"income": 1_000, "income_spread": 0.0}, "clock": {"savings_months": 0.01}}
    rich, broke = a_morning(assistant=plain), a_morning(assistant=plain, **poor)
    assert broke.today["assistant.advice"] == rich.today["assistant.advice"] > 0
    assert rich.felt.rows.worth.sum() > 0
    assert not broke.felt.rows.worth.any()
    assert broke.today["shopping.unaffordable"] > 0 == broke.errands[0].size
    assert not broke.tables["merchants"].rows.demand.any()


# where there is nothing to name, and what it reminds of


def test_it_runs_where_no_shop_can_be_named():
    facts_only = summary(shopping={"on": False})
    assert facts_only["assistant.asked"] > 0
    assert facts_only["assistant.advice"] == 0
    assert facts_only["ledger.imbalance"] == 0


def test_a_price_is_news_if_it_fell_enough_or_stands_on_offer():
    assert assistant.is_news(970, 1_000, False, 0.03)
    assert not assistant.is_news(971, 1_000, False, 0.03)
    assert assistant.is_news(1_000, 1_000, True, 0.03)


def a_day_after_prices_changed(by, **reminding):
    """Today's metrics of a world whose prices changed by a share this week, after a month of shopping."""
    world = World(Scenario.make(run=RUN, **(ASKING | {"assistant": {"on": True, "watching": 1.0} | reminding})))
    while world.day < 30:
        world.step()
    shops = world.tables["merchants"].rows
    shops.price_before[...] = shops.price
    shops.price[...] = np.round(shops.price * (1 + by))
    world.step()
    today, bought = dict(world.today), world.tables["knowledge"].rows.purchases > 0
    world.close()
    return today, bought.mean()


def test_a_fallen_price_is_told_to_who_bought_there_and_some_buy():
    fell, buyers = a_day_after_prices_changed(-0.1)
    same, _ = a_day_after_prices_changed(0.0)
    silent, _ = a_day_after_prices_changed(-0.1, reminders=False)
    assert same["assistant.fallen_prices"] == silent["assistant.fallen_prices"] == 0
    assert 0 < fell["assistant.fallen_prices"] <= buyers * RUN["users"]
    assert fell["assistant.orders"] > 1.2 * same["assistant.orders"]


def test_an_offer_of_a_brand_is_told_and_sold_at_its_price():
    told = {"asks": 0.0, "restock": 0.0, "watching": 1.0, "fallen": 0.2, "on": True}
    offering = summary(brands={"on": True, "offers": 1.0, "discount": 0.3}, assistant=told)
    plain = summary(brands={"on": True, "offers": 0.0, "discount": 0.3}, assistant=told)
    assert plain["assistant.fallen_prices"] == 0
    assert offering["assistant.fallen_prices"] > 0
    assert 0 < offering["assistant.orders"] <= offering["assistant.fallen_prices"]
    assert offering["shopping.mean_price"] < plain["shopping.mean_price"]
    assert offering["ledger.imbalance"] == 0
