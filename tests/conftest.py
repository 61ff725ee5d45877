"""What several tests share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.experiments import home

ROOT = Path(__file__).parents[1]
LONGEST = (
    "test_market_stories.py", "test_twin.py", "test_no_free_lunch.py", "test_laws.py", "test_load_story.py",
    "test_stories.py", "test_levers.py", "test_daily_stories.py", "test_brands.py", "test_sweep.py", "test_cli.py",
    "test_validate.py", "test_rides.py", "test_banking.py", "test_merchant.py", "test_notebooks.py",
)  # fmt: skip


def pytest_configure() -> None:
    """Tests of Ctrl-C need to hear it, which a shell tells what it starts in the background not to."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest are begun first: at the end no worker is left alone with one of minutes."""
    begun = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: begun.get(item.path.name, len(begun)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--refresh`: see test_golden.py."""
    parser.addoption("--refresh", action="store_true", help="write tests/golden.json anew from what is measured now")


@pytest.fixture(autouse=True)
def environment_left_alone() -> Iterator[None]:
    """What a test leaves behind for Python's processes would be found by whatever test comes next."""
    told = (*home.TOLD, "HONGBAO_CACHE")
    before = [os.environ.get(name) for name in told]
    yield
    assert [os.environ.get(name) for name in told] == before, "the environment is not as the test found it"


@pytest.fixture(scope="session")
def scenarios() -> Path:
    """The folder of scenario files."""
    return ROOT / "scenarios"
