"""The world: a Mesa model of a day a step, with people to look at, that can be saved and stops when it is unsound."""

import copy
import gc
import json
import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, SupportsIndex

import mesa
import numpy as np
import pytest
from worlds import live, lived

import sim
from sim.company.rival import Rival, RivalColumns
from sim.day import DAY, name_of
from sim.declared import METRICS, TABLES
from sim.engine.settings import BadInput
from sim.experiments.limits.laws import fingerprint
from sim.ground.friends.friends import Friends
from sim.ground.ledger import BANK, WALLET
from sim.payments import purse
from sim.people.inbox import MESSAGES
from sim.scenario import Scenario
from sim.state import ModelError
from sim.world import World

# Mesa


def test_mesa_runs_a_batch_of_seeded_scenarios() -> None:
    """The form that works on every Mesa: one scenario a seed. Breaks if a step too many is taken, or if the scenario
    counts as a list of values."""
    scenarios = [Scenario.make(run={"users": 120, "days": 6, "seed": seed}) for seed in (1, 2, 3)]
    rows = mesa.batch_run(
        World, {"scenario": scenarios}, max_steps=10**6, data_collection_period=-1, display_progress=False
    )
    assert len(rows) == 3
    for row, scenario in zip(rows, scenarios, strict=True):
        world = live(World(scenario))
        assert row["scenario"] is scenario
        assert row["messaging.messages"] == world.history["messaging.messages"].iloc[-1] > 0
    assert len({row["messaging.messages"] for row in rows}) == 3


def test_mesa_collects_a_row_a_day() -> None:
    scenario = Scenario.make(run={"users": 100, "days": 5})
    rows = mesa.batch_run(
        World, {"scenario": [scenario]}, max_steps=10**6, data_collection_period=1, display_progress=False
    )
    assert len(rows) == 5
    assert [row["users.members"] > 0 for row in rows] == [True] * 5


@pytest.mark.parametrize("seed", [7, np.int64(7), np.uint8(7)], ids=lambda seed: type(seed).__name__)
def test_a_seed_by_mesas_name_is_the_seed_of_the_run(seed: SupportsIndex) -> None:
    scenario = Scenario.make(run={"users": 150, "days": 3, "seed": 1})
    named, plain = World(scenario, rng=seed), World(scenario.with_values({"run.seed": 7}))
    for world in (named, plain):
        for _ in range(3):
            world.step()
        world.close()
    assert named.seed == named.scenario.run.seed == 7
    assert named.history.equals(plain.history)
    assert type(named.scenario.run.seed) is int


def test_a_seed_that_is_no_number_is_refused_and_not_passed_over() -> None:
    for seed in (7.0, "7", np.random.default_rng(7)):
        with pytest.raises(BadInput, match=r"rng = .*whole number"):
            World(Scenario.make(run={"users": 50, "days": 1}), rng=seed)  # type: ignore[arg-type]


def test_mesa_can_see_the_firms() -> None:
    world = World(Scenario.make(run={"users": 50, "days": 1}))
    (rival,) = world.agents_by_type[Rival]
    assert rival in list(world.agents)
    before = rival.service_sales
    rival.caught_up = 0.5
    assert world[RivalColumns].caught_up[0] == 0.5  # an agent is a view of its row
    assert rival.service_sales == before
    world.close()


def test_a_closed_world_is_forgotten() -> None:
    """Mesa 3.3 keeps every model alive; breaks without `close`."""
    import weakref

    world = World(Scenario.make(run={"users": 50, "days": 1}))
    world.step()
    world.close()
    gone = weakref.ref(world)
    del world
    gc.collect()
    assert gone() is None


# a day


def test_a_step_is_a_day() -> None:
    world = lived(run={"users": 100, "days": 4, "start": "2015-03-30"})
    assert (world.day, world.running) == (4, False)
    history = world.history
    assert history["day"].tolist() == [0, 1, 2, 3]
    assert history["date"].tolist() == ["2015-03-30", "2015-03-31", "2015-04-01", "2015-04-02"]
    assert list(history.columns) == ["day", "date", *METRICS]
    assert np.isfinite(history.drop(columns="date").to_numpy(np.float64)).all()


def test_every_phase_is_timed_and_none_is_left_out() -> None:
    world = lived(run={"users": 100, "days": 2})
    assert list(world.seconds) == [name_of(phase) for phase in DAY]
    assert sum(world.seconds.values()) > 0


def test_flows_say_who_paid_whom_for_what() -> None:
    flows = lived(run={"users": 300, "days": 12}).flows
    assert list(flows.columns) == ["day", "payer", "payee", "reason", "cents"]
    assert flows.cents.dtype == np.int64
    assert (flows.cents >= 0).all()
    assert {"packets", "wages", "top_up", "cost.messages"} <= set(flows.reason)
    assert not flows.duplicated(["day", "payer", "payee", "reason"]).any()


def test_ratios_are_worked_out_from_what_they_divide() -> None:
    history = lived(run={"users": 300, "days": 5}).history
    for metric in METRICS.values():
        if metric.of:
            top, bottom = (history[name] for name in metric.of)
            expected = np.where(bottom != 0, top / bottom.where(bottom != 0, 1), 0.0)
            assert history[metric.name].to_numpy() == pytest.approx(expected), metric.name


# looking


def test_one_person_can_be_looked_at() -> None:
    world = lived(run={"users": 60, "days": 8})
    person = world.users[17]
    assert person.wallet == world.ledger[WALLET][17]
    assert person.bank == world.ledger[BANK][17]
    assert person.messaging.sent == world.users.messaging.sent[17]
    assert person.users.income == world.users.users.income[17] > 0
    for name, rows in TABLES.items():
        if rows.each == "person" and world.tables[name].size:
            assert getattr(person, name)._fields == tuple(rows.table.declared)
    assert len(world.users) == 60
    with pytest.raises(IndexError, match="no person 60: people are numbered 0 to 59"):
        world.users[60]


# memory


def test_the_memory_of_a_world_is_known_before_it_is_built() -> None:
    """The sum is close to what is taken: a world too large is refused by it. Breaks if a large table is forgotten."""
    scenario = Scenario.make(run={"users": 60_000, "days": 1})
    told = World.memory(scenario)
    assert told["total"] == sum(size for part, size in told.items() if part != "total")
    friends = Friends.make(scenario.friends, scenario.run.users, 1)
    gc.collect()
    tracemalloc.start()
    world = World(scenario, friends=friends)
    world.step()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    world.close()
    taken = most + friends.bytes
    assert 0.5 * taken < told["total"] < 2.0 * taken


def test_memory_grows_with_people_and_friends_and_everyone_is_never_stored() -> None:
    def total(**sections: Any) -> int:
        return World.memory(Scenario.make(**sections))["total"]

    few, many = total(run={"users": 10_000}), total(run={"users": 100_000})
    assert many == pytest.approx(10 * few, rel=0.01)
    assert total(run={"users": 10_000}, friends={"degree": 100.0}) - few == pytest.approx(10_000 * 80 * 4, rel=0.01)
    assert total(run={"users": 10_000}, friends={"kind": "everyone"}) < few


# networks


def test_a_network_of_another_size_is_refused() -> None:
    with pytest.raises(BadInput, match=r"run.users = 50, but the network given has 40 people.*set it to 40"):
        World(Scenario.make(run={"users": 50, "days": 1}), friends=Friends.everyone(40))


def test_a_network_may_be_shared_by_worlds() -> None:
    scenario = Scenario.make(run={"users": 200, "days": 3})
    friends = Friends.make(scenario.friends, 200, 1)
    histories = [live(World(scenario, friends=given)).history for given in (friends, friends, None)]
    assert histories[0].equals(histories[1])
    assert histories[0].equals(histories[2])


# copies


def through_pickle(world: World) -> World:
    return pickle.loads(pickle.dumps(world))


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, through_pickle], ids=["deepcopy", "copy", "pickle"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_copy_of_a_world_lives_on_to_the_byte(
    copied: Callable[[World], World], threads: int, scenarios: Path
) -> None:
    """Neither feels the other; breaks if a copy shares a column, an account or its threads with the first."""
    scenario = Scenario.load(scenarios / "superapp.toml", {"run.users": 90, "run.days": 14, "run.start": "2015-02-10"})
    plain = live(World(scenario))
    world = live(World(scenario, threads=threads), until=6)
    before = fingerprint(world)
    other = copied(world)
    assert fingerprint(other) == before
    live(other)
    assert fingerprint(world) == before, "the first has not lived on"
    assert fingerprint(other) == fingerprint(plain)
    assert fingerprint(live(world)) == fingerprint(plain)
    assert (other.steps, other.day, other.threads) == (14, 14, threads)
    assert all(agent.model is other for agent in other.agents)
    assert other.history.equals(plain.history)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda crowd: pickle.loads(pickle.dumps(crowd))])
def test_people_can_be_copied_and_take_their_world_along(copied: Callable[[Any], Any]) -> None:
    world = World(Scenario.make(run={"users": 60, "days": 4}))
    world.step()
    users, person = copied(world.users), copied(world.users[17])
    assert users.messaging.sent.tolist() == world.users.messaging.sent.tolist()
    assert vars(person) == vars(world.users[17])
    world.step()
    assert users.messaging.sent.sum() < world.users.messaging.sent.sum()


def test_a_copy_can_be_saved_and_copied_again(tmp_path: Path) -> None:
    world = World(Scenario.make(run={"users": 60, "days": 6}))
    world.step()
    twice = copy.deepcopy(through_pickle(world))
    twice.save(tmp_path / "world.npz")
    opened = World.load(tmp_path / "world.npz")
    for it in (world, twice, opened):
        it.step()
    assert fingerprint(world) == fingerprint(twice) == fingerprint(opened)


def test_a_copy_shares_the_network_which_never_changes() -> None:
    world = World(Scenario.make(run={"users": 60, "days": 2}))
    assert copy.deepcopy(world).friends is world.friends
    friends = through_pickle(world).friends
    assert friends.digest() == world.friends.digest()
    with pytest.raises(ValueError, match="read-only"):
        friends.rows.friend[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        through_pickle(world).ledger[WALLET][0] = 1


def test_a_world_is_told_in_a_line() -> None:
    world = lived(run={"users": 60, "days": 3})
    assert repr(world) == "<World 'scenario': 3 of 3 days lived, 60 people, seed 1>"
    assert repr(world.friends).startswith("<Friends: 60 people, ")
    assert repr(world.ledger).startswith("<Ledger of ")
    assert repr(World.__new__(World)) == "<World, not born yet>"
    for it in (world.friends, world.ledger):
        assert "\n" not in repr(it)
        assert len(repr(it)) < 400


# saving


def test_what_is_no_saved_world_is_refused(tmp_path: Path) -> None:
    for name, content in (("empty.npz", b""), ("text.npz", b"a world"), ("other.npz", None)):
        path = tmp_path / name
        if content is None:
            np.savez(path, numbers=np.arange(3))
        else:
            path.write_bytes(content)
        with pytest.raises(BadInput, match=f"{name}: not a saved world"):
            World.load(path)
    with pytest.raises(BadInput, match=r"none.npz: no such saved world"):
        World.load(tmp_path / "none.npz")


def test_a_saved_world_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "world.npz"
    lived(run={"users": 50, "days": 2}).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadInput, match="not a saved world"):
        World.load(path)


def test_a_saved_world_goes_on_under_another_strategy_but_not_with_other_people(tmp_path: Path) -> None:
    path = tmp_path / "world.npz"
    world = lived(run={"users": 200, "days": 5}, stickers={"on": False})
    world.save(path)
    sold = World.load(path, world.scenario.with_values({"stickers.on": True, "stickers.browsing": 0.1, "run.days": 15}))
    live(sold)
    assert sold.history["stickers.sold"][:5].sum() == 0
    assert sold.history["stickers.sold"][5:].sum() > 0
    assert sold.history[:5].equals(world.history)
    for change in ({"run.users": 100}, {"run.seed": 2}, {"friends.degree": 5.0}):
        with pytest.raises(BadInput, match=rf"world.npz: {next(iter(change))} is .* but the saved world was born with"):
            World.load(path, world.scenario.with_values(change))


def test_saving_leaves_a_whole_file_or_none(tmp_path: Path, monkeypatch: Any) -> None:
    world = lived(run={"users": 50, "days": 1})
    world.save(tmp_path / "world.npz")
    before = (tmp_path / "world.npz").read_bytes()
    world.step()
    monkeypatch.setattr(json, "dumps", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        world.save(tmp_path / "world.npz", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["world.npz"]
    assert (tmp_path / "world.npz").read_bytes() == before


# laws


def test_a_measure_that_is_no_number_or_was_not_declared_stops_the_run() -> None:
    world = lived(run={"users": 50, "days": 1})
    world.phase = "messaging.step"
    with pytest.raises(ModelError, match=r"day 1, messaging.step: messaging.messages is nan"):
        world.note(MESSAGES, float("nan"))
    letters = sim.flow("messaging.letters", "letters", "letters sent")
    with pytest.raises(ModelError, match=r"metric messaging.letters is not declared"):
        world.note(letters, 1)
    with pytest.raises(ModelError, match=r"metric messaging.letters is not declared"):
        world.note_slowly(letters, lambda: 1.0)
    with pytest.raises(ModelError, match=r"'messaging.messages' is no metric: note the object"):
        world.add("messaging.messages", 1)  # type: ignore[arg-type]


def test_what_was_noted_today_is_had_by_its_metric() -> None:
    """Breaks if what is not noted stops a phase that asks, or what is added forgets what was there."""
    world = lived(run={"users": 50, "days": 1})
    world.begin_day()
    assert world.noted(MESSAGES) == 0
    world.add(MESSAGES, 2)
    world.add(MESSAGES, 3)
    assert world.noted(MESSAGES) == 5 == world.today["messaging.messages"]


def test_a_copy_has_bundles_of_columns_of_its_own() -> None:
    """Breaks when what `once` made goes along: the copy's kernels would then read and write this world's columns."""
    world = World(Scenario.make(run={"users": 60, "days": 4}))
    world.step()
    first = purse.purses(world)
    again = copy.copy(world)
    assert purse.purses(world) is first, "made once"
    assert np.shares_memory(purse.purses(again).bank, again.ledger[BANK])
    assert not np.shares_memory(purse.purses(again).has_wallet, first.has_wallet)
    world.close()


def test_a_world_saved_with_other_columns_is_refused_and_not_filled_in_part(tmp_path: Path) -> None:
    """Breaks if a column that was renamed since stays as it was at birth without a word."""
    world = lived(run={"users": 50, "days": 2})
    file = tmp_path / "world.npz"
    world.save(file)
    with np.load(file) as saved:
        columns = dict(saved)
    columns["felt/was_renamed"] = columns.pop("felt/satisfaction")
    np.savez(file, **columns)
    with pytest.raises(BadInput, match=r"felt had other columns when it was saved \(satisfaction, was_renamed\)"):
        World.load(file)
