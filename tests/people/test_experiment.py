"""Experiment: the treated live under other values, the others do not, and a world without a test is as it was."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim.advertising.advertising import AdvertisingColumns
from sim.engine.settings import BadInput
from sim.experiments.run import run
from sim.people.experiment import ExperimentColumns, ShopTestColumns
from sim.results.runs import Result
from sim.scenario import Scenario
from sim.scenario_rules import UNITS
from sim.world import World

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
    "promotion.weight": (SHOPS | {"assistant.on": True, "promotion.weight": 0.2}, 0.6),
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


def test_the_treated_see_more_and_the_others_as_much_as_before() -> None:
    worlds = World(scenario(ADVERTS, **treated("advertising.discovery_slots", 6.0, 0.5))), World(scenario(ADVERTS))
    seen = []
    for world in worlds:
        for _ in range(10):
            world.step()
        seen.append(world[AdvertisingColumns].seen)
        world.close()
    arm, opened = worlds[0][ExperimentColumns].arm, worlds[0][ExperimentColumns].opened > 0
    assert 0.4 < arm.mean() < 0.6
    half, before = seen
    assert half[opened & (arm == 1)].mean() > 2 * half[opened & (arm == 0)].mean()
    assert half[opened & (arm == 0)].mean() == pytest.approx(before[opened & (arm == 0)].mean(), rel=0.1)


def test_a_cluster_is_treated_as_a_whole_and_a_shop_alone() -> None:
    world = World(scenario(ADVERTS, **treated("advertising.inbox_slots", 4.0, 0.5, "cluster")))
    rows = world[ExperimentColumns]
    arms = pd.DataFrame({"cluster": rows.cluster, "arm": rows.arm}).groupby("cluster")["arm"].nunique()
    assert arms.max() == 1
    assert set(rows.arm) == {0, 1}
    shops = World(scenario(SHOPS, **treated("shopping.commission", 0.2, 0.5)))
    assert set(shops[ShopTestColumns].arm) == {0, 1}
    assert not shops[ExperimentColumns].arm.any()
    world.close()
    shops.close()


def test_a_world_with_a_test_is_saved_and_goes_on(tmp_path: Path) -> None:
    """Breaks where what differs is not made again in the world that goes on."""
    it = scenario(ADVERTS, days=20, **treated("advertising.inbox_slots", 4.0, 0.5))
    whole = run(it)
    run(it, out=tmp_path / "first", save_at=[9])
    later = run(it, saved=tmp_path / "first" / "world-9.npz")
    pd.testing.assert_frame_equal(history(later), history(whole))
    pd.testing.assert_frame_equal(later.units, whole.units)
    saved = Result.load(tmp_path / "first")
    assert saved.units is not None
    pd.testing.assert_frame_equal(saved.units, whole.units, check_dtype=False)


def test_a_world_without_a_test_has_no_room_for_one() -> None:
    world = World(scenario({}))
    assert world[ExperimentColumns].arm.size == world[ShopTestColumns].arm.size == 0
    assert world.differing == {}
    world.close()
    assert run(scenario({}, days=3)).units is None


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"levers": ["advertising.inbox_slots"], "values": []}, "must be one for each of the 1 levers"),
        ({"levers": ["advertising.inbox_slot"], "values": [1.0]}, "did you mean 'advertising.inbox_slots'"),
        ({"levers": ["advertising.reserve"], "values": [1.0]}, "advertising.reserve cannot differ by user; these can"),
        ({"unit": "shop", "levers": ["advertising.inbox_slots"], "values": [1.0]}, "cannot differ by shop; these can: shopping"),
        ({"levers": ["advertising.inbox_slots"], "values": [31.0]}, "must be less than or equal to 30"),
    ],
)  # fmt: skip
def test_a_test_that_cannot_be_is_refused(test: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        scenario(ADVERTS, **test)
