"""The regulator: undisclosed promotion is found, fined and written about; an honest company is left alone."""

import numpy as np
import pytest
from worlds import live, lived, world_of

from sim.company.regulator import RegulatorColumns, fine_share, is_found, with_either

PAID_PLACES = {
    "run": {"users": 1_500, "days": 60, "seed": 3},
    "shopping": {"on": True, "needs": 0.3},
    "promotion": {"weight": 0.6, "disclosed": False},
    "company": {"knows_purchases": True},
}


def looked_at(**changes):
    """The days of a world with paid places that nobody is told of, but for these changes."""
    return lived(**(PAID_PLACES | changes)).history


def test_a_fault_is_found_by_its_chance():
    assert is_found(share_at_fault=0.5, chance=0.5, u=0.24)
    assert not is_found(share_at_fault=0.5, chance=0.5, u=0.26)
    assert not is_found(share_at_fault=0.0, chance=1.0, u=1e-9)


def test_an_answer_with_two_faults_is_one_answer():
    assert with_either(30, 0, 100) == with_either(0, 30, 100) == 30
    assert with_either(100, 30, 100) == 100
    assert with_either(50, 50, 100) == 75
    assert with_either(0, 0, 0) == 0


def a_month(seed=1, **changes):
    """A world on the eve of the regulator's day, and what it has seen: shown and at fault by kind."""
    sections = PAID_PLACES | {"assistant": {"on": True, "asks": 0.3}} | changes
    world = live(world_of(**(sections | {"run": PAID_PLACES["run"] | {"users": 800, "seed": seed}})), until=29)
    rows = world[RegulatorColumns]
    seen = {
        kind: (int(getattr(rows, f"{kind}_shown")[0]), int(getattr(rows, f"{kind}_at_fault")[0]))
        for kind in ("lists", "answers", "adverts")
    }
    return world, seen


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lists_and_answers_are_counted_once_each_however_much_of_them_is_paid_for(seed):
    """Breaks if places are counted, of which a list has several, or the assistant's twice: then the share may pass 1."""
    world, seen = a_month(seed, promotion={"weight": 1.0, "disclosed": False})
    days = world.history
    assert seen["lists"] == (days["promotion.needs"].sum(), days["promotion.paid_lists"].sum())
    assert seen["answers"] == (days["assistant.advice"].sum(), days["assistant.hidden"].sum())
    assert all(0 < seen[kind][1] < seen[kind][0] for kind in ("lists", "answers"))
    places = days["promotion.clicks"].sum() + days["assistant.hidden"].sum()
    assert places > 1.5 * (seen["lists"][1] + seen["answers"][1]), "or the test could not tell places from lists"
    world.step()
    world.close()
    days = world.history
    for kind in ("lists", "answers"):
        shown, at_fault = seen[kind]
        assert days[f"regulator.{kind}_sampled"].sum() == 200
        found = days[f"regulator.{kind}_found"].sum()
        assert found == pytest.approx(200 * at_fault / shown * 0.5, abs=4 * np.sqrt(200 * 0.25))
    assert days["regulator.sampled"].sum() == 400, "what is not shown is not looked at"
    assert days["regulator.found"].sum() == days[["regulator.lists_found", "regulator.answers_found"]].sum().sum()


def test_the_share_found_is_the_share_at_fault_over_many_months():
    found, expected = [], []
    for seed in range(1, 7):
        world, seen = a_month(seed)
        world.step()
        world.close()
        found.append(world.history["regulator.lists_found"].sum() / 200)
        expected.append(0.5 * seen["lists"][1] / seen["lists"][0])
    error = np.sqrt(np.mean(expected) * (1 - np.mean(expected)) / 200 / len(found))
    assert np.mean(found) == pytest.approx(np.mean(expected), abs=4 * error)


def test_adverts_do_not_shelter_hidden_promotion():
    """Breaks if one sample is drawn of all kinds: twenty adverts a person then hide every list."""
    adverts = {"on": True, "inbox_slots": 10.0, "discovery_slots": 10.0}
    alone, among = looked_at(), looked_at(advertising=adverts)
    assert among["advertising.shown"].sum() > 20 * among["promotion.needs"].sum()
    for days in (alone, among):
        assert days["regulator.findings"].sum() == 2
        assert days["regulator.lists_found"].sum() > 0.1 * days["regulator.lists_sampled"].sum()
        assert days["regulator.adverts_found"].sum() == 0


def test_fines_double_with_each_finding_up_to_a_tenth_of_a_months_revenue():
    assert [fine_share(0.01, before, 0.1) for before in range(6)] == [0.01, 0.02, 0.04, 0.08, 0.1, 0.1]
    assert fine_share(0.01, 10_000, 0.1) == 0.1


def part_of_revenue(days):
    """What was fined in each month, as a part of its revenue."""
    month = days["regulator.fines"].to_numpy().reshape(-1, 30).sum(axis=1)
    return month / days["revenue.total"].to_numpy().reshape(-1, 30).sum(axis=1)


def test_a_fine_in_each_month_of_hidden_promotion_is_twice_the_last():
    """Breaks if what was found before is forgotten at the end of the month."""
    days = looked_at(run={"users": 800, "days": 150, "seed": 3})
    assert part_of_revenue(days) == pytest.approx([0.01, 0.02, 0.04, 0.08, 0.1], rel=0.02)


def test_a_finding_longer_ago_than_the_regulator_remembers_is_forgiven():
    honest, again = (
        {"day": day, "set": {"promotion.disclosed": disclosed}} for day, disclosed in ((30, True), (90, False))
    )
    for memory, second in ((30, 0.01), (90, 0.02)):
        days = looked_at(
            run={"users": 800, "days": 120, "seed": 3}, regulator={"memory": memory}, events=[honest, again]
        )  # fmt: skip
        assert part_of_revenue(days) == pytest.approx([0.01, 0.0, 0.0, second], rel=0.02)


def test_a_fine_is_paid_in_full_though_nothing_is_left():
    """The owners pay in what is lacking, as for any cost; breaks if the fine stops at what is in the till."""
    poor = {"knows_purchases": True, "capital": 0, "message_cost": 10.0}
    world, _ = a_month(company=poor, regulator={"fine": 0.1})
    revenue = world[RegulatorColumns].revenue[0]
    world.step()
    world.close()
    day = world.history.iloc[29]
    assert world.history["company.cash"].iloc[28] == 0
    assert day["regulator.fines"] == pytest.approx(0.1 * (revenue + day["revenue.total"]), rel=0.02)
    assert day["regulator.fines"] > day["revenue.total"], "more than the day's till"
    assert day["company.paid_in"] >= day["regulator.fines"]
    assert day["cost.fines"] == day["regulator.fines"]
    assert day["ledger.imbalance"] == 0


def test_hidden_paid_places_bring_a_fine_and_a_headline_that_costs_trust():
    hidden = looked_at()
    assert hidden["regulator.found"].sum() > 0.02 * hidden["regulator.sampled"].sum()
    assert hidden["regulator.fines"].sum() > 0
    assert hidden["cost.fines"].sum() == hidden["regulator.fines"].sum()
    assert hidden["trust.headlines"].sum() >= 1
    assert hidden["trust.mean"].iloc[-1] < 0.999
    assert (hidden["ledger.imbalance"] == 0).all()


def test_disclosed_places_are_no_fault():
    honest = looked_at(promotion={"weight": 0.6, "disclosed": True})
    assert honest["regulator.sampled"].sum() > 0
    assert honest["regulator.found"].sum() == 0
    assert honest["trust.mean"].iloc[-1] == 1.0


def test_without_a_regulator_nobody_looks():
    free = looked_at(regulator={"on": False})
    assert free["regulator.sampled"].sum() == 0
    assert np.isclose(free["trust.mean"].iloc[-1], 1.0)


def test_profiles_deeper_than_is_usual_bring_fines_and_usual_ones_do_not():
    adverts = {"promotion": {"weight": 0.0}, "advertising": {"on": True, "discovery_slots": 3.0}}
    usual = {"knows_purchases": True, "knows_profile": True}
    assert looked_at(**adverts, company=usual)["regulator.found"].sum() == 0
    assert looked_at(**adverts, company=usual | {"knows_wearables": True})["regulator.found"].sum() > 0
