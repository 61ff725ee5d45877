"""The regulator: undisclosed promotion is found, fined and written about; an honest company is left alone."""

import numpy as np

from sim.firms.regulator import is_found
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
