"""What several tests share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.scenario import Scenario
from sim.world import World

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--refresh`: see test_golden.py."""
    parser.addoption("--refresh", action="store_true", help="write tests/golden.json anew from what is measured now")


@pytest.fixture(scope="session")
def scenarios() -> Path:
    """The folder of scenario files."""
    return ROOT / "scenarios"


@pytest.fixture
def lived() -> Callable[..., World]:
    """Make a small world and let it live: `lived(wallet={"payer_fee": 0.01}, run={"users": 500, "days": 30})`."""

    def live(**sections: Any) -> World:
        run = {"users": 400, "days": 10} | sections.pop("run", {})
        world = World(Scenario.make(run=run, **sections))
        while world.running:
            world.step()
        world.close()
        return world

    return live
