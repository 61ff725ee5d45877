"""Warm-up: whatever scenarios need is compiled once, before processes want it at the same time."""

import contextlib
from collections.abc import Sequence
from typing import Any

from sim.engine.settings import BadInput
from sim.scenario import Scenario
from sim.state import ModelError
from sim.world import World

WARM_USERS, WARM_DAYS = 256, 35  # a world small enough to cost nothing, long enough for a payday and a month's end


def warm_up(scenarios: Sequence[Scenario]) -> None:
    """Compile whatever the scenarios need, once and here, before processes want it at the same time.

    A tiny world of each lives some days, with the settings of its first day and with those of its last. That world is
    nobody's result: where it is too small for a scenario, the real run will say what is wrong.
    """
    ends = [scenario.at(scenario.run.days) for scenario in scenarios]
    for scenario in {scenario.digest(): scenario for scenario in [*scenarios, *ends]}.values():
        people = max(WARM_USERS, round(4 * scenario.friends.degree))
        tiny: dict[str, Any] = {
            "run.users": min(people, scenario.run.users),
            "run.days": min(WARM_DAYS, scenario.run.days),
            "friends.file": "",
        }
        if scenario.friends.kind == "file":
            tiny["friends.kind"] = "generated"
        with contextlib.suppress(BadInput, ModelError):
            world = World(scenario.with_values(tiny))
            try:
                while world.running:
                    world.step()
            finally:
                world.close()
