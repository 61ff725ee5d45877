"""The three laws, in every scenario of the folder: money, luck by name, decide then deliver."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from worlds import live

from sim.engine import batches, kernels
from sim.experiments.limits.laws import fingerprint
from sim.ground.ledger import MAY_OWE
from sim.scenario import Scenario
from sim.state import ModelError
from sim.world import World

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "scenarios").glob("*.toml"))
SMALL = {
    "run.users": 300,
    "run.days": 34,
    "run.start": "2015-02-10",
}  # a festival, two paydays, everyone's day of the month

every_scenario = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def small(path: Path, **more: Any) -> Scenario:
    return Scenario.load(path, SMALL | more)


class Night(NamedTuple):
    """What a world's ledger held at the end of a day, in cents."""

    imbalance: float  # as the day's metrics say
    total: int
    by_sector: dict[str, int]
    least: dict[str, int]  # the poorest of each sector


class Watched(NamedTuple):
    """A world at its end, and its nights: the first is before the first day."""

    world: World
    nights: list[Night]


def night_of(world: World) -> Night:
    ledger = world.ledger
    return Night(
        imbalance=world.today["ledger.imbalance"] if world.day else 0,
        total=int(ledger.balance.sum()),
        by_sector={sector: int(ledger[sector].sum()) for sector in ledger.sizes},
        least={sector: int(ledger[sector].min(initial=0)) for sector in ledger.sizes},
    )


def lived(scenario: Scenario, threads: int = 1) -> World:
    return live(World(scenario, threads=threads))


@functools.cache
def watched(path: Path) -> Watched:
    """A scenario lived plainly, once for all tests, and what its ledger held each night."""
    world = World(small(path))
    nights = [night_of(world)]
    while world.running:
        world.step()
        nights.append(night_of(world))
    return Watched(world, nights)


@pytest.fixture(scope="module")
def plain() -> Callable[[Path], str]:
    """The fingerprint of a scenario that was lived plainly; once for all tests."""
    return functools.cache(lambda path: fingerprint(watched(path).world))


def test_there_are_scenarios() -> None:
    assert {"baseline", "payment_fee", "stickers"} <= {path.stem for path in FILES}


# money


@every_scenario
def test_every_cent_is_accounted_for_every_day(path: Path) -> None:
    """Balances change by what the flows say, sector by sector; nobody but the outside is ever below zero."""
    world, nights = watched(path)
    assert world.ledger.balance.dtype == np.int64
    assert [night.total for night in nights] == [0] * (world.day + 1)
    assert [night.imbalance for night in nights] == [0] * (world.day + 1)
    flows = world.flows
    for day, (before, now) in enumerate(pairwise(nights)):
        today = flows[flows.day == day]
        received, paid = (today.groupby(side).cents.sum() for side in ("payee", "payer"))
        for sector in world.ledger.sizes:
            gained = now.by_sector[sector] - before.by_sector[sector]
            assert gained == received.get(sector, 0) - paid.get(sector, 0), (day, sector)
            assert sector in MAY_OWE or now.least[sector] >= 0, (day, sector)
    assert flows.cents.sum() > 0
    assert world.history["ledger.imbalance"].abs().sum() == 0


@every_scenario
def test_revenue_and_cost_are_what_the_company_was_paid_and_paid(path: Path) -> None:
    """The books say nothing that the ledger does not: but for capital, the account moves by the profit."""
    world, nights = watched(path)
    history, flows = world.history, world.flows
    gained = flows[flows.payee == "company"].groupby("reason").cents.sum()
    capital = gained.get("capital", 0)
    assert nights[-1].by_sector["company"] - nights[0].by_sector["company"] == capital + history["profit.total"].sum()
    streams = [
        name
        for name in history
        if name.startswith("revenue.") and name not in ("revenue.total", "revenue.per_user_month")
    ]
    assert (history[streams].sum(axis=1) == history["revenue.total"]).all()
    costs = [name for name in history if name.startswith("cost.") and name != "cost.total"]
    assert (history[costs].sum(axis=1) == history["cost.total"]).all()
    assert (history["profit.total"] == history["revenue.total"] - history["cost.total"]).all()


@pytest.mark.parametrize("row", [0, 150, -1])
@pytest.mark.parametrize("cents", [1, -1])
def test_a_cent_made_of_nothing_or_lost_stops_the_run(row: int, cents: int) -> None:
    world = lived(small(FILES[0], **{"run.users": 100, "run.days": 2}))
    world.ledger.balance[row] += cents
    with pytest.raises(ModelError, match=r"day 2: the books are out by \d+ cents"):
        world.step()


def test_a_payment_that_cannot_be_covered_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with day, phase and who: here packets are given by people who were robbed since they decided."""
    from sim.payments import purse

    world = lived(small(FILES[0], **{"run.users": 200, "run.days": 2, "wallet.first_owners": 1.0}))
    monkeypatch.setattr(purse, "top_up", lambda *_: None)
    world.scenario = world.scenario.with_values({"run.days": 22})
    world.running = True
    with pytest.raises(ModelError, match=r"day \d+, \w+\.step: wallet \d+ has \d+ cents and cannot pay \d+ to"):
        live(world)


# numbers


def float_columns() -> list[tuple[str, str]]:
    world = World(small(ROOT / "scenarios" / "baseline.toml"))
    world.close()
    return [
        (name, column)
        for name, table in world.tables.items()
        for column, values in table.arrays().items()
        if values.dtype.kind == "f" and values.size
    ]


REPLACED = {
    ("felt", "experience"),
    ("felt", "memory"),  # all of it on a day of use
    ("rival", "service_worth"),
    ("outside_option", "served"),
    ("outside_option", "days_of_use"),
    ("news", "breach"),
}  # written anew each day, from what is looked at itself


@pytest.mark.parametrize(("table", "column"), [names for names in float_columns() if names not in REPLACED])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_stops_the_run_that_day(table: str, column: str, value: float) -> None:
    """Naming day, phase and reason. Breaks with a check of today's measures alone: compiled sums of whole numbers
    turn a NaN into a large number."""
    world = lived(small(ROOT / "scenarios" / "baseline.toml", **{"run.users": 100, "run.days": 2}))
    getattr(world.tables[table].rows, column)[0] = value
    with np.errstate(all="ignore"), pytest.raises(ModelError, match=r"day 2, \w+\.\w+: .*(nan|inf)"):
        world.step()


# luck by name


@every_scenario
def test_the_same_seed_gives_the_same_bytes(path: Path, plain: Callable[[Path], str]) -> None:
    assert fingerprint(lived(small(path))) == plain(path)


def test_another_seed_gives_other_bytes(plain: Callable[[Path], str]) -> None:
    """What would make the tests beside it say nothing: a fingerprint of nothing."""
    assert fingerprint(lived(small(FILES[0], **{"run.seed": 2}))) != plain(FILES[0])


@every_scenario
def test_neither_threads_nor_blocks_change_a_byte(
    path: Path, plain: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Breaks with a float summed in a kernel, a generator handed about, or a purse changed while others decide."""
    monkeypatch.setattr(batches, "BLOCK", 77)
    assert fingerprint(lived(small(path), threads=2)) == plain(path)
    monkeypatch.setattr(batches, "BLOCK", 150)
    assert fingerprint(lived(small(path))) == plain(path)


@every_scenario
def test_a_world_saved_and_opened_goes_on_as_if_it_had_never_stopped(
    path: Path, plain: Callable[[Path], str], tmp_path: Path
) -> None:
    """Breaks if anything that outlasts a day is kept in an attribute."""
    live(World(small(path)), until=17).save(tmp_path / "world.npz")
    opened = World.load(tmp_path / "world.npz")
    assert opened.day == 17
    assert fingerprint(live(opened)) == plain(path)


def test_another_process_gives_the_same_bytes(plain: Callable[[Path], str]) -> None:
    """With another order of sets and dictionaries, and code compiled or read anew."""
    path = ROOT / "scenarios" / "baseline.toml"
    code = (
        "from sim.experiments.limits.laws import fingerprint\nfrom sim.scenario import Scenario\n"
        f"from sim.world import World\nworld = World(Scenario.load({str(path)!r}, {SMALL!r}))\n"
        "while world.running:\n    world.step()\nprint(fingerprint(world))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "123"}
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
    )
    assert said.stdout.strip() == plain(path)


@pytest.mark.parametrize(
    ("added", "untouched"),
    [
        (
            {"stickers.on": True, "stickers.price": 1, "stickers.browsing": 0.2},
            ["messaging.messages", "messaging.calls", "users.daily", "lucky_money.packets", "wallet.transfers"],
        ),
        (
            {"subscriptions.on": True, "subscriptions.price": 1},
            ["messaging.messages", "messaging.calls", "users.daily", "lucky_money.packets", "wallet.transfers"],
        ),
        (
            {"lucky_money.on": False, "lucky_money.packet_talk": 0},
            ["messaging.messages", "users.daily", "wallet.transfers"],
        ),
    ],
    ids=["stickers", "subscriptions", "lucky money"],
)
def test_turning_a_service_on_leaves_the_luck_of_others_alone(added: dict[str, Any], untouched: list[str]) -> None:
    """Where they do not interact: here what is bought costs a cent and is worth next to nothing. Breaks with one
    generator for all, where a draw more of one service shifts those of the next."""
    alone = {
        "experience.money_worth": 1e-9, "users.income": 10_000_000, "wallet.withdraws": 0.0, "wallet.opening": 0.0,
        "lucky_money.packet_talk": 0,
    }  # fmt: skip
    without, with_it = (
        lived(small(ROOT / "scenarios" / "baseline.toml", **(alone | more))).history for more in ({}, added)
    )
    for name in untouched:
        assert with_it[name].tolist() == without[name].tolist(), name
        assert without[name].sum() > 0, name
    assert with_it["revenue.total"].sum() != without["revenue.total"].sum() or "lucky_money.on" in added


def test_two_strategies_meet_the_same_people_on_the_same_first_day() -> None:
    """Shared luck: until a fee bites, all is the same; breaks if a decided value is part of a key."""
    free, taxed = (
        lived(small(ROOT / "scenarios" / f"{name}.toml", **{"run.days": 1})) for name in ("baseline", "payment_fee")
    )
    assert (free.users.users.income == taxed.users.users.income).all()
    assert (free.users.users.active == taxed.users.users.active).all()
    assert (free.users.messaging.sent == taxed.users.messaging.sent).all()


# decide, then deliver


@every_scenario
def test_the_room_in_an_outbox_does_not_matter(
    path: Path, plain: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Breaks if anything read while deciding is changed by delivering: with little room, boxes come in between."""
    monkeypatch.setattr(kernels.outbox, "__defaults__", (128,))
    for name, module in list(sys.modules.items()):
        if name.startswith("sim.") and hasattr(module, "ROOM"):
            monkeypatch.setattr(module, "ROOM", 256)
    assert fingerprint(lived(small(path))) == plain(path)
