"""Limits that are laws: every cent balances, and the same seed gives the same bytes (rows 32 and 33)."""

import hashlib
import tempfile
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import numpy as np

from sim.engine.settings import BadInput
from sim.experiments.limits.limit import Limit, held_against
from sim.experiments.pool import Pool
from sim.ground.ledger import MAY_OWE
from sim.scenario import Scenario
from sim.state import ModelError
from sim.world import World

SCENARIOS = Path(__file__).parents[3] / "scenarios"


def _scenarios(folder: Path | str | None, users: int, days: int) -> list[Scenario]:
    """Every scenario file there, small and over a festival; the built-in settings where there are none."""
    small = {"run.users": users, "run.days": days, "run.start": "2015-02-10"}
    files = sorted(Path(folder or SCENARIOS).glob("*.toml"))
    if folder is not None and not files:
        raise BadInput(f"{folder}: holds no scenario file (*.toml)")
    return [Scenario.load(file, small) for file in files] or [Scenario.make().with_values(small)]


def recount(world: World, before: dict[str, int]) -> int:
    """Cents by which the balances differ from `before` plus what the record of flows says, and accounts below zero."""
    net = dict(before)
    for row in world.flows.itertuples():
        net[row.payer] -= row.cents
        net[row.payee] += row.cents
    gap = sum(abs(int(world.ledger[sector].sum()) - net[sector]) for sector in net)
    below = sum(int((world.ledger[sector] < 0).sum()) for sector in net if sector not in MAY_OWE)
    return gap + below + abs(int(world.ledger.balance.sum()))


def every_cent(folder: Path | str | None = None, users: int = 300, days: int = 40) -> list[Limit]:
    """Row 32: every cent of every account and flow balances, every day, in every scenario."""
    limits = []
    for scenario in _scenarios(folder, users, days):
        with closing(World(scenario)) as world:
            before = {sector: int(world.ledger[sector].sum()) for sector in world.ledger.sizes}
            stopped = ""
            try:
                while world.running:
                    world.step()
            except ModelError as error:
                stopped = f"; stopped: {error}"
            off = recount(world, before) + int(world.today.get("ledger.imbalance", 0))
            moved = int(world.flows.cents.sum())
        how = f"{users} people, {days} days, {moved / 100:,.0f} CNY moved: balances against flows{stopped}"
        off = off or len(stopped)
        limits.append(held_against(32, f"cents out of balance, {scenario.name}", 0.0, off, 0.0, how))
    return limits


def fingerprint(world: World) -> str:
    """A hash of everything that outlasts a day: tables, accounts, history and flows."""
    content = hashlib.sha256(world.ledger.balance.tobytes())
    for name, table in world.tables.items():
        for column, values in table.arrays().items():
            content.update(f"{name}.{column}".encode() + values.tobytes())
    for name, series in world.datacollector.days.items():
        content.update(name.encode() + np.asarray(series, np.float64).tobytes())
    content.update(repr(world._flows).encode())
    return content.hexdigest()


def _lived(scenario: Scenario, way: str = "plainly") -> str:
    """The fingerprint of a scenario's world after its last day, lived in one of several ways that must not matter."""
    world = World(scenario, threads=2 if way == "in two threads" else 1)
    if way in ("in blocks", "in two threads"):
        size = max(2, world.size // 7)
        world.blocks = [(first, min(first + size, world.size)) for first in range(0, world.size, size)]
    recorder = world.datacollector
    if way == "unrecorded":
        recorder.collect = lambda model: None  # type: ignore[method-assign]
    while world.running:
        world.step()
        if way == "stopped and resumed" and world.day == scenario.run.days // 2:
            with tempfile.TemporaryDirectory() as folder:
                world.save(Path(folder) / "world.npz")
                world.close()
                world = World.load(Path(folder) / "world.npz")
    world.close()
    if way in ("unrecorded", "plainly, without its record"):
        for series in world.datacollector.days.values():
            series.clear()
    return fingerprint(world)


WAYS = ("again", "in blocks", "in two threads", "stopped and resumed", "unrecorded", "in another process")


def same_bytes(
    folder: Path | str | None = None, users: int = 300, days: int = 20, ways: Collection[str] = WAYS
) -> list[Limit]:
    """Row 33: the same seed gives the same bytes, however it is run."""
    scenarios = _scenarios(folder, users, days)
    elsewhere: dict[str, str] = {}
    if "in another process" in ways:
        with Pool(2) as pool:
            tasks = [pool.submit(scenario.name, _lived, scenario) for scenario in scenarios]
            elsewhere = {task.name: found for task, found in pool.as_completed(tasks)}
    limits = []
    for scenario in scenarios:
        plain = _lived(scenario)
        differ = []
        for way in ways:
            if way == "in another process":
                same = elsewhere[scenario.name] == plain
            elif way == "unrecorded":
                same = _lived(scenario, way) == _lived(scenario, "plainly, without its record")
            else:
                same = _lived(scenario, way) == plain
            differ += [] if same else [way]
        how = f"{users} people, {days} days: " + (f"differs {', '.join(differ)}" if differ else ", ".join(ways))
        limits.append(held_against(33, f"ways that change the bytes, {scenario.name}", 0.0, len(differ), 0.0, how))
    return limits
