"""The regulator: undisclosed promotion is found, fined and written about; an honest company is left alone."""

import numpy as np
import pytest

from sim.firms.regulator import is_found, with_either
from sim.scenario import Scenario
from sim.world import World

PAID_PLACES = {
    "run": {"users": 1_500, "days": 60, "seed": 3},
    "shopping": {"on": True, "needs": 0.3},
    "promotion": {"weight": 0.6, "disclosed": False},
    "company": {"knows_purchases": True},
}


def lived(**changes):
    world = World(Scenario.make(**(PAID_PLACES | changes)))
    for _ in range(60):
        world.step()
    history = world.history
    world.close()
    return history


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
    """A world on the eve of the regulator's day, and what it has seen."""
    sections = PAID_PLACES | {"assistant": {"on": True, "asks": 0.3}} | changes
    world = World(Scenario.make(**(sections | {"run": PAID_PLACES["run"] | {"users": 800, "seed": seed}})))
    for _ in range(29):
        world.step()
    rows = world.tables["regulator"].rows
    return world, int(rows.shown[0]), int(rows.at_fault[0])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lists_and_answers_are_counted_once_each_however_much_of_them_is_paid_for(seed):
    """Breaks if places are counted, of which a list has several, or the assistant's twice: then the share may pass 1."""
    world, shown, at_fault = a_month(seed, promotion={"weight": 1.0, "disclosed": False})
    days = world.history
    assert shown == days["promotion.needs"].sum() + days["assistant.asked"].sum()
    assert at_fault == days["promotion.paid_lists"].sum() + days["assistant.hidden"].sum()
    assert 0 < at_fault < shown
    places = days["promotion.clicks"].sum() + days["assistant.hidden"].sum()
    assert places > 1.5 * at_fault, "or the test could not tell places from lists"
    world.step()
    world.close()
    days = world.history
    sampled, share = days["regulator.sampled"].sum(), at_fault / shown
    assert sampled == 200
    assert days["regulator.found"].sum() == pytest.approx(200 * share * 0.5, abs=4 * np.sqrt(200 * 0.25))


def test_the_share_found_is_the_share_at_fault_over_many_months():
    found, expected = [], []
    for seed in range(1, 7):
        world, shown, at_fault = a_month(seed)
        world.step()
        world.close()
        found.append(world.history["regulator.found"].sum() / 200)
        expected.append(0.5 * at_fault / shown)
    error = np.sqrt(np.mean(expected) * (1 - np.mean(expected)) / 200 / len(found))
    assert np.mean(found) == pytest.approx(np.mean(expected), abs=4 * error)


def test_a_fine_is_paid_in_full_though_nothing_is_left():
    """The owners pay in what is lacking, as for any cost; breaks if the fine stops at what is in the till."""
    poor = {"knows_purchases": True, "capital": 0, "message_cost": 10.0}
    world, _, _ = a_month(company=poor, regulator={"fine": 0.1})
    revenue = world.tables["regulator"].rows.revenue[0]
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
    hidden = lived()
    assert hidden["regulator.found"].sum() > 0.02 * hidden["regulator.sampled"].sum()
    assert hidden["regulator.fines"].sum() > 0
    assert hidden["cost.fines"].sum() == hidden["regulator.fines"].sum()
    assert hidden["trust.headlines"].sum() >= 1
    assert hidden["trust.mean"].iloc[-1] < 0.999
    assert (hidden["ledger.imbalance"] == 0).all()


def test_disclosed_places_are_no_fault():
    honest = lived(promotion={"weight": 0.6, "disclosed": True})
    assert honest["regulator.sampled"].sum() > 0
    assert honest["regulator.found"].sum() == 0
    assert honest["trust.mean"].iloc[-1] == 1.0


def test_without_a_regulator_nobody_looks():
    free = lived(regulator={"on": False})
    assert free["regulator.sampled"].sum() == 0
    assert np.isclose(free["trust.mean"].iloc[-1], 1.0)


def test_profiles_deeper_than_is_usual_bring_fines_and_usual_ones_do_not():
    adverts = {"promotion": {"weight": 0.0}, "advertising": {"on": True, "discovery_slots": 3.0}}
    usual = {"knows_purchases": True, "knows_profile": True}
    assert lived(**adverts, company=usual)["regulator.found"].sum() == 0
    assert lived(**adverts, company=usual | {"knows_wearables": True})["regulator.found"].sum() > 0
