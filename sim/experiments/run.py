"""Run: one scenario lives its days and becomes a result."""

import datetime
import gc
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from sim.engine.settings import BadInput, plain
from sim.experiments.claim import claimed
from sim.experiments.machine import machine, peak_memory
from sim.experiments.room import check_memory
from sim.ground import paths
from sim.ground.friends.friends import Friends
from sim.people.experiment import units
from sim.results.folders import OF_A_RUN
from sim.results.runs import Result, summarise
from sim.scenario import Given, Scenario
from sim.service import SomeNamed
from sim.version import __version__
from sim.world import World

Progress = Callable[[int, int], None]  # so many done, of so many
LARGE = 20_000_000  # bytes of a world that must be gone before the next is made; collecting costs a tenth of a second


def run(
    scenario: Given,
    *,
    threads: int = 1,
    out: str | Path | None = None,
    friends: Friends | None = None,
    progress: Progress | None = None,
    save_at: Collection[int] = (),
    saved: str | Path | None = None,
    force: bool = False,
    services: SomeNamed = (),
) -> Result:
    """Let one world live and measure it.

    Nothing is written before the last day is over, except worlds asked for by `save_at`; interrupted, it leaves whole
    files only.

    Args:
        scenario: what is decided and assumed, who and how long; or the file that says it.
        threads: threads of this one world; the result does not depend on it.
        out: folder for the result, made where missing; None saves nothing.
        friends: a network made before, in place of the one that the scenario describes; it says how many people there
            are, unless the scenario asks for a number.
        progress: called after each day with (days done, days in all).
        save_at: numbers of days lived after which the world itself is saved, as `world-DAYS.npz` in `out`.
        saved: a world saved before, which goes on under `scenario` instead of being born: the result is that of a run
            that changed to `scenario` on that day, or, where the scenario is its own, that had never stopped.
        force: an earlier result in `out` may go; an input, and what no earlier result left there, never does.
        services: services of one's own, besides those that the scenario has sections for; or their names, "module:NAME".

    Returns:
        The result; `surplus` has shape (users,).

    Raises:
        BadInput: the scenario cannot become a world, does not fit in memory or the saved world, or `out` cannot be
            written to or holds what may not go; nothing has been lived by then.
        ModelError: the run broke a law, such as that books balance.
    """
    scenario, save_at = Scenario.of(scenario, services), plain(list(save_at))
    out, saved = (None if path is None else paths.given(path, what) for path, what in ((out, "out"), (saved, "saved")))
    if save_at and out is None:
        raise BadInput("save_at says when to save the world, but there is no folder to save it in: give `out`")
    born = 0
    if saved is not None:
        before, born = World.saved(saved, scenario.services)
        scenario = scenario.of_people(before.run.users)
    else:
        scenario = scenario.settled() if friends is None else scenario.of_people(friends.people)
    if saved is not None and born >= scenario.run.days:
        raise BadInput(f"{saved}: has lived {born} days, and run.days = {scenario.run.days}: it must be more")
    for day in save_at:
        if not born < day <= scenario.run.days:
            raise BadInput(f"save_at = {day}: the world lives through days {born + 1} to {scenario.run.days}")
    check_memory(scenario)
    written = [*OF_A_RUN, *(f"world-{day}.npz" for day in save_at)]
    with claimed(out, written, force, [*scenario.inputs, *([saved] if saved else [])]):
        if friends is None and saved is None and scenario.friends.file:
            friends = Friends.make(scenario.friends, scenario.run.users, scenario.run.seed)
        if friends is not None:
            check_memory(scenario, friends=friends)
        result = _live(scenario, threads, out, friends, progress, save_at, saved)
        if World.memory(scenario, friends)["total"] > LARGE:  # it refers to itself, so that only the collector frees it
            gc.collect()
        if out is not None:
            result.write(out)
    return result


def _live(
    scenario: Scenario,
    threads: int,
    out: Path | None,
    friends: Friends | None,
    progress: Progress | None,
    save_at: Collection[int],
    saved: Path | None,
) -> Result:
    started = datetime.datetime.now(datetime.UTC)
    began = time.perf_counter()
    if saved is None:
        world = World(scenario, friends=friends, threads=threads)
    else:
        world = World.load(saved, scenario, friends, threads)
    try:
        while world.day < scenario.run.days:
            world.step()
            if progress is not None:
                progress(world.day, scenario.run.days)
            if out is not None and world.day in save_at:
                world.save(out / f"world-{world.day}.npz", force=True)
        days = world.history
        return Result(
            scenario=scenario.to_toml(),
            manifest=_manifest(world, started, time.perf_counter() - began)
            | ({} if saved is None else {"saved": {"file": str(saved), **world.born}}),
            days=days,
            flows=world.flows,
            summary=summarise(days, world.metrics),
            surplus=world.surplus,
            units=units(world),
        )
    finally:
        world.close()


def _known_by(friends: Friends) -> dict[str, str]:
    """Hash of a network that was given or read: what the scenario's settings do not say."""
    return {} if friends.notes["source"] in ("generated", "everyone") else {"digest": friends.digest()}


def _manifest(world: World, started: datetime.datetime, seconds: float) -> dict[str, Any]:
    scenario, friends = world.scenario, world.friends
    return {
        "version": __version__,
        "name": scenario.name,
        "title": scenario.title,
        "seed": scenario.run.seed,
        "users": scenario.run.users,
        "days": scenario.run.days,
        "scenario_hash": scenario.digest(),
        "set_by_hand": scenario.set_by_hand,
        "services": [service.note() for service in world.services],
        "seconds": seconds,
        "peak_memory_bytes": peak_memory(),
        "machine": machine(),
        "started": started.isoformat(timespec="seconds"),
        "phases": dict(world.seconds),
        "network": {
            "people": friends.people,
            "friendships": friends.friendships,
            **friends.notes,
            **_known_by(friends),
        },
        "metrics": {name: metric.note() for name, metric in world.metrics.items()},
        "parameters": [parameter._asdict() for parameter in scenario.parameters()],
    }
