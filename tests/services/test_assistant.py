"""The assistant: it learns from its trainers, saves effort, and misleads when its answers are bought."""

import math

import numpy as np
import pytest

from sim.results import summarise
from sim.scenario import Scenario
from sim.services import assistant
from sim.world import World

RUN = {"users": 1_500, "days": 40}
ASKING = {"shopping": {"on": True}, "assistant": {"on": True, "asks": 0.5}, "company": {"knows_profile": True}}


def summary(seed=1, **changes):
    world = World(Scenario.make(run=RUN | {"seed": seed}, **(ASKING | changes)))
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
    earned, bent = [], []
    for seed in (1, 2, 3, 4):
        paid = summary(seed, promotion={"weight": 0.7}, regulator={"on": False})
        earned.append(paid["revenue.promotion"])
        bent.append(paid["assistant.distortion"])
    assert min(earned) > 0
    assert np.mean(bent) > 2 * np.std(bent, ddof=1) / 2, "the mean loss is surely above zero"


def test_an_honest_assistant_loses_nobody_anything_and_is_welcome():
    honest = summary()
    assert honest["assistant.distortion"] == 0
    assert honest["assistant.promoted"] == 0
    gains = [summary(seed)["users.daily"] - summary(seed, assistant={"on": False})["users.daily"] for seed in (1, 2, 3)]
    assert min(gains) > 0


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
