"""The assistant: it learns from its trainers, saves effort, knows too much, and misleads when its answers are bought."""

import math

import numpy as np
import pytest
from worlds import live, lived, outcome, world_of

from sim.assistant import assistant
from sim.people import presence
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns
from sim.results.intervals import paired
from sim.shopping import needs
from sim.shopping.merchant import MerchantColumns

RUN = {"users": 1_500, "days": 40}
ASSISTANT = {"on": True, "asks": 0.5, "goods_share": 0.5}
NEEDS = {"on": True, "needs": 0.3, "shoppers": 1.0}
ASKING = {"shopping": NEEDS, "assistant": ASSISTANT, "company": {"knows_profile": True}}
SEEDS = range(1, 7)


def a_morning(users=1_500, **changes):
    """A world in which people woke up and asked, and nothing else happened yet."""
    world = world_of(run=RUN | {"users": users}, **(ASKING | changes))
    presence.open_app(world)
    assistant.step(world)
    world.close()
    return world


def summary(seed=1, run=RUN, **changes):
    return outcome(run=run | {"seed": seed}, **(ASKING | changes)).summary


def test_the_machine_starts_low_and_learns_from_human_answers():
    assert assistant.machine_share(0.0, first=0.15, most=0.9, practice=20.0) == pytest.approx(0.15)
    after = assistant.machine_share(20.0, first=0.15, most=0.9, practice=20.0)
    assert after == pytest.approx(0.9 - 0.75 / math.e)
    world = world_of(run=RUN, **ASKING)
    shares = []
    while world.running:
        world.step()
        shares.append(world.today["assistant.machine_share"])
    world.close()
    assert shares[0] <= 0.30
    assert (np.diff(shares) > 0).all(), "every human answer teaches"


def test_practice_is_a_member_s_so_a_larger_world_learns_no_faster():
    few, many = (lived(run={"users": users, "days": 30}, **ASKING).today for users in (800, 3_200))
    assert few["assistant.machine_share"] == pytest.approx(many["assistant.machine_share"], rel=0.05)


def test_without_trainers_questions_stay_open_and_cost_nothing():
    alone = summary(assistant=ASSISTANT | {"trainers": False})
    assert alone["assistant.human"] == 0
    assert alone["assistant.unanswered"] > alone["assistant.automated"]
    assert alone["cost.trainers"] == 0


def test_a_rollout_share_of_people_has_it():
    all_have, few_have = summary(), summary(assistant=ASSISTANT | {"rollout": 0.2})
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
    daily = [[summary(seed, assistant=ASSISTANT | {"on": on})["users.daily"] for seed in SEEDS] for on in (True, False)]
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
    unease, concern = world[FeltColumns].unease, world.users.users.privacy_concern
    struck = np.flatnonzero(unease)
    assert 0 < world.today["assistant.too_knowing"] < world.today["assistant.advice"]
    assert 0.5 * world.today["assistant.too_knowing"] < struck.size <= world.today["assistant.too_knowing"], (
        "a fifth does not mind"
    )
    assert unease[struck] == pytest.approx(0.1 * 2 / 3 * concern[struck])


def test_the_more_is_known_the_more_answers_know_too_much_and_none_where_nothing_is():
    nothing, profile, both = (
        a_morning(8_000, company={"knows_profile": known > 0, "knows_wearables": known > 1}).today for known in range(3)
    )
    assert nothing["assistant.too_knowing"] == 0
    assert 0 < 1.5 * profile["assistant.too_knowing"] < both["assistant.too_knowing"]


def test_answers_that_know_too_much_wear_on_people():
    felt = [
        [summary(seed, assistant=ASSISTANT | {"too_knowing": limit}, knowledge={"unease_shown": 0.5}) for seed in SEEDS]
        for limit in (2.8, 0.8)
    ]
    fewer, more = ([found["assistant.too_knowing"] for found in worlds] for worlds in felt)
    assert min(more) > 5 * max(fewer)
    assert paired(*([found["satisfaction.mean"] for found in worlds] for worlds in felt)).low > 0


# what shops learn, and what needs come to


def test_the_assistant_makes_no_needs():
    """Breaks when an answer or a reminder adds a need: people then bought half as much again."""
    plain, helped = (
        [
            summary(seed, assistant=ASSISTANT | {"on": on, "restock": 0.1}, attention={"has_rival": 0.0})
            for seed in SEEDS
        ]
        for on in (False, True)
    )
    needs, with_help = ([one["shopping.needs"] / one["users.daily"] for one in worlds] for worlds in (plain, helped))
    assert min(one["assistant.brought_forward"] for one in helped) > 300
    assert np.mean(with_help) == pytest.approx(np.mean(needs), rel=0.02)


def test_a_need_brought_forward_is_not_there_when_it_would_have_come():
    rows = needs.NeedColumns(1).rows
    needs.bring_forward(rows, 0, 2)
    found, nobody = np.empty(2, np.uint32), np.empty(0, np.uint32)
    awake = np.zeros(1, np.uint32)

    def come(often):
        return needs.find_shoppers(awake, rows, often, 1.0, 5, False, nobody, np.uint64(7), np.uint64(8), found)

    assert come(0.0) == 1, "looked at today"
    assert rows.today[0] == 3
    rows.today[0] = 0
    assert come(1.0) == 0, "the next is met already"
    assert come(1.0) == 1, "but no further one"


def test_what_was_asked_for_is_looked_at_in_a_search_and_some_buy_it():
    found = summary()
    parts = ("orders", "showroomed", "outside", "unmet", "unaffordable")
    assert found["shopping.needs"] == sum(found[f"shopping.{part}"] for part in parts)
    assert 0 < found["assistant.orders"] < 0.5 * found["assistant.advice"] < 0.3 * found["shopping.needs"]


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
    watched = ASKING | {"assistant": ASSISTANT | {"watching": 1.0} | reminding}
    world = live(world_of(run=RUN, **watched), until=30)
    shops = world[MerchantColumns]
    shops.price_before[...] = shops.price
    shops.price[...] = np.round(shops.price * (1 + by))
    world.step()
    today, bought = dict(world.today), world[KnowledgeColumns].purchases > 0
    world.close()
    return today, bought.mean()


def test_a_fallen_price_is_told_to_who_bought_there_and_brings_their_need_forward():
    fell, buyers = a_day_after_prices_changed(-0.1)
    same, _ = a_day_after_prices_changed(0.0)
    silent, _ = a_day_after_prices_changed(-0.1, reminders=False)
    assert same["assistant.fallen_prices"] == silent["assistant.fallen_prices"] == 0
    assert 0 < fell["assistant.fallen_prices"] <= buyers * RUN["users"]
    assert fell["assistant.brought_forward"] > same["assistant.brought_forward"]
    assert fell["shopping.needs"] > same["shopping.needs"], "today; later the fewer"


def test_an_offer_of_a_brand_is_told_and_sold_at_its_price():
    told = {"asks": 0.0, "restock": 0.0, "watching": 1.0, "fallen": 0.2, "on": True}
    offering = summary(brands={"on": True, "offers": 1.0, "discount": 0.3}, assistant=told)
    plain = summary(brands={"on": True, "offers": 0.0, "discount": 0.3}, assistant=told)
    assert plain["assistant.fallen_prices"] == 0
    assert offering["assistant.fallen_prices"] > 0
    assert offering["assistant.brought_forward"] == offering["assistant.fallen_prices"]
    assert offering["shopping.mean_price"] < plain["shopping.mean_price"]
    assert offering["ledger.imbalance"] == 0
