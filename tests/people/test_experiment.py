"""Experiment: the treated live under other values, the others do not, and a world without a test is as it was."""

from typing import Any

import pandas as pd
import pytest

from sim.experiments.run import run
from sim.results.runs import Result
from sim.scenario import Scenario
from sim.scenario_rules import UNITS

SHOPS = {"shopping.on": True, "company.knows_purchases": True, "merchants.people_a_market": 300}
ADVERTS = {"advertising.on": True, "advertising.inbox_slots": 1.0}
WORLDS: dict[
    str, tuple[dict[str, Any], float]
] = {  # of each lever that can differ: the world, and a value for the treated
    "advertising.inbox_slots": (ADVERTS, 4.0),
    "advertising.discovery_slots": (ADVERTS, 6.0),
    "advertising.brand_slots": (ADVERTS | SHOPS, 6.0),
    "wallet.payer_fee": ({}, 0.02),
    "shopping.commission": (SHOPS | {"brands.on": True, "support.on": True, "updates.on": True}, 0.2),
    "promotion.weight": (SHOPS | {"assistant.on": True}, 0.6),
    "subscriptions.price": (ADVERTS | {"subscriptions.on": True, "subscriptions.price": 1_000}, 300),
}
DIFFERING = {it.name: it.differs for it in Scenario().parameters() if it.differs}


def scenario(world: dict[str, Any], users: int = 600, days: int = 45, **test: Any) -> Scenario:
    laid = {f"experiment.{key}": value for key, value in test.items()}
    return Scenario.make(run={"users": users, "days": days, "seed": 5}).with_values(
        {"rival.on": False} | world | ({"experiment.on": True} | laid if test else {})
    )


def treated(lever: str, value: float, share: float, unit: str = "") -> dict[str, Any]:
    return {"unit": unit or DIFFERING[lever], "share": share, "levers": [lever], "values": [value]}


def history(result: Result) -> pd.DataFrame:
    return result.days.drop(columns=["date"])


def test_every_lever_that_says_it_can_differ_is_tried_here() -> None:
    assert DIFFERING.keys() == WORLDS.keys()
    assert set(DIFFERING.values()) <= set(UNITS.values())


@pytest.mark.parametrize("lever", WORLDS)
def test_a_world_treated_wholly_lives_as_if_all_had_the_value(lever: str) -> None:
    """Breaks wherever the lever is read past the column."""
    world, value = WORLDS[lever]
    kind = type(next(it.value for it in Scenario().parameters() if it.name == lever))
    every = run(scenario(world, **treated(lever, value, 1.0)))
    changed = {"events": [{"day": 0, "set": {lever: kind(value)}}]}
    plain = scenario(world)
    plain = Scenario.make(**(plain.model_dump(exclude={"events", "title", "name"}) | changed))
    pd.testing.assert_frame_equal(history(every), history(run(plain)), check_exact=False, rtol=1e-12)


@pytest.mark.parametrize("lever", WORLDS)
def test_a_world_of_which_none_is_treated_is_as_it_was(lever: str) -> None:
    world, value = WORLDS[lever]
    nobody, before = run(scenario(world, **treated(lever, value, 0.0))), run(scenario(world))
    pd.testing.assert_frame_equal(history(nobody), history(before))
    half = run(scenario(world, **treated(lever, value, 0.5)))
    assert not history(half).equals(history(before))
