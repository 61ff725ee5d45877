"""What users of Mesa expect of a model: batches with totals, a word where rows are equal, and no world held on to."""

import gc
import inspect
import weakref
from collections.abc import Iterator
from typing import Any

import mesa
import numpy as np
import pytest

from sim.declared import METRICS
from sim.experiments.run import run
from sim.ground.mesa_model import EqualRows
from sim.results.runs import summarise
from sim.scenario import Scenario
from sim.world import World

SCENARIO = Scenario.make(run={"users": 60, "days": 30})
TAKES_SEEDS = "rng" in inspect.signature(mesa.batch_run).parameters  # Mesa 3.5
made: list["weakref.ref[World]"] = []


class Watched(World):
    """A world that is known to the tests."""

    def __init__(self, scenario: Scenario, rng: Any = None) -> None:
        super().__init__(scenario, rng=rng)
        made.append(weakref.ref(self))


@pytest.fixture(autouse=True)
def nothing_made() -> Iterator[None]:
    made.clear()
    yield
    made.clear()


def batch(parameters: dict[str, Any] | None = None, **how: Any) -> list[dict[str, Any]]:
    return mesa.batch_run(Watched, parameters or {"scenario": [SCENARIO]}, display_progress=False, **how)


@pytest.mark.filterwarnings("ignore:The `iterations` keyword argument is deprecated")
def test_iterations_that_would_be_equal_rows_are_warned_of() -> None:
    with pytest.warns(EqualRows, match=r"iteration 1 of batch_run has seed 1 like .*with_values\({'run.seed': seed}\)"):
        rows = batch(iterations=3)
    assert len({row["messaging.messages"] for row in rows}) == 1


def test_nothing_is_warned_of_where_rows_differ(recwarn: pytest.WarningsRecorder) -> None:
    seeded = [SCENARIO.with_values({"run.seed": seed}) for seed in (1, 2)]
    rows = batch({"scenario": seeded})
    if TAKES_SEEDS:
        rows += batch(rng=[3, 4])
    else:
        rows += batch({"scenario": SCENARIO, "rng": [3, 4]})
    World(SCENARIO)
    assert len({row["messaging.messages"] for row in rows}) == 4
    assert [str(it.message) for it in recwarn.list if issubclass(it.category, EqualRows)] == []


@pytest.mark.skipif(not TAKES_SEEDS, reason="Mesa 3.3 hands a parameter of that name on")
def test_seeds_that_mesa_passes_over_are_warned_of() -> None:
    with pytest.warns(EqualRows, match="passes over the parameter 'rng'"):
        batch({"scenario": [SCENARIO], "rng": [1, 2]})


def test_a_batch_has_the_totals_of_a_run_under_names_of_their_own() -> None:
    """A flow's last day stands under its name, as with any model of Mesa's; its total is that of summary.json."""
    (row,) = batch()
    result = run(SCENARIO)
    for name, total in result.summary.items():
        assert row[f"summary.{name}"] == pytest.approx(total, rel=1e-12, abs=1e-12), name
        assert row[name] == result.days[name].iloc[-1], name
    assert row["summary.messaging.messages"] > 20 * row["messaging.messages"] > 0


def test_a_batch_by_days_has_what_each_metric_came_to_so_far() -> None:
    rows = batch(data_collection_period=1)
    days = run(SCENARIO).days
    for many in (1, 29, 30):
        so_far = summarise(days[:many], METRICS)
        found = {name: rows[many - 1][f"summary.{name}"] for name in so_far}
        assert found == pytest.approx(so_far, rel=1e-12, abs=1e-12)


def test_the_record_of_days_has_metrics_only() -> None:
    world = World(SCENARIO)
    world.step()
    assert list(world.datacollector.get_model_vars_dataframe().columns) == list(METRICS)
    assert world.datacollector.model_vars["summary.users.daily"][-1] == world.today["users.daily"]
    assert world.datacollector.model_vars["summary.users.daily"][:] == [world.today["users.daily"]]


def test_worlds_of_a_batch_do_not_stay_alive() -> None:
    """Mesa 3.3 keeps every model that has agents, 1.65 MB a run; nobody closes those of a batch."""
    batch({"scenario": [SCENARIO.with_values({"run.seed": seed, "run.days": 2}) for seed in range(3)]})
    gc.collect()
    assert [it() for it in made] == [None] * 3


def test_a_world_is_let_go_of_before_it_stops_running_too() -> None:
    world = Watched(SCENARIO)
    world.step()
    del world
    gc.collect()
    assert made[0]() is None


def test_agents_are_numbered_once_each() -> None:
    class Visitor(mesa.Agent):
        """Somebody's own agent."""

    world = World(SCENARIO)
    before = len(world.agents)
    Visitor(world)
    Visitor(world)
    numbers = [agent.unique_id for agent in world.agents]
    assert len(numbers) == len(set(numbers)) == before + 2
    assert sorted(numbers) == list(range(1, before + 3))


def test_a_world_in_threads_ends_them_when_it_stops_running_and_can_go_on() -> None:
    short = SCENARIO.with_values({"run.days": 2})
    world, plain = World(short, threads=2), World(short)
    for _ in range(2):
        world.step()
        plain.step()
    assert not world.running
    assert world.pool is None
    world.step()
    plain.step()
    assert world.pool is None
    np.testing.assert_array_equal(world.users.messaging.sent, plain.users.messaging.sent)
