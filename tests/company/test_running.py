"""Running costs: whatever is done costs something, a person as much whether few or many are simulated."""

from typing import Any

import pytest
from worlds import lived

from sim.company import running
from sim.scenario import Scenario
from sim.shopping import merchant
from sim.world import World

KINDS = ("staff", "development", "onboarding")
OFF: dict[str, Any] = {"wallet": {"on": False}, "lucky_money": {"on": False}}
STILL: dict[str, Any] = {
    "users": {"first_members": 1.0}, "joining": {"innovation": 0.0, "imitation": 0.0}, "attention": {"leaving": 0.0},
}  # fmt: skip


def costs(world: World) -> dict[str, float]:
    return {kind: float(world.history[f"cost.{kind}"].sum()) for kind in KINDS}


def test_who_does_nothing_but_carry_messages_pays_no_more_than_that() -> None:
    assert costs(lived(run={"users": 200, "days": 5}, **OFF)) == dict.fromkeys(KINDS, 0.0)


def test_every_service_that_can_be_on_is_paid_for() -> None:
    """Breaks if a new service costs nobody anything."""
    sections = {name for name in Scenario.model_fields if hasattr(getattr(Scenario(), name), "on")}
    assert sections - set(running.SERVICES) <= {
        "messaging",
        "stories",
        "rival",
        "steering",
        "regulator",
        "experiment",
    }  # stories carry a cost of their own
    assert set(running.SERVICES) <= sections | {"promotion"}


@pytest.mark.parametrize("users", [300, 1_500])
def test_a_service_costs_what_it_says_a_person_however_many_are_simulated(users: int) -> None:
    days = 30
    world = lived(run={"users": users, "days": days}, **OFF, **STILL, stickers={"on": True}, subscriptions={"on": True})
    terms = running.RunningSettings()
    spent = costs(world)
    # a cent is rounded by luck each day
    assert spent["staff"] == pytest.approx(users * (terms.stickers_staff + terms.subscriptions_staff), abs=days)
    a_year = users * (terms.stickers_development + terms.subscriptions_development)
    assert spent["development"] == pytest.approx(a_year * days / 365, abs=days)
    assert spent["onboarding"] == 0
    assert world.history["profit.total"].sum() == (
        world.history["revenue.total"].sum() - world.history["cost.total"].sum()
    )


def test_twice_the_scale_costs_twice_as_much() -> None:
    one, two = (
        costs(lived(run={"users": 400, "days": 10}, running={"scale": scale}))["development"] for scale in (1.0, 2.0)
    )
    assert two == pytest.approx(2 * one, abs=20)


def test_drivers_and_shops_are_taken_in_when_they_come_and_not_again() -> None:
    """Breaks if who is here is paid for every day, or if few people's shops cost as much as a full market's."""
    world = lived(
        run={"users": 1_000, "days": 3},
        shopping={"on": True},
        rides={"on": True},
        drivers={"starting": 0.0, "stopping": 0.0},
    )
    first, *later = world.history["cost.onboarding"].tolist()
    terms = world.now.running
    shops = world.history["merchants.open"].iloc[0] * merchant.market_scale(world) * terms.shop_onboarding
    drivers = world.history["drivers.active"].iloc[0] * terms.driver_onboarding
    assert first == pytest.approx(shops + drivers, abs=2)
    assert sum(later) == 0
