"""A service of one's own: declared once, outside the package, and treated as any other."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from worlds import live

import sim
from sim.cli import hongbao
from sim.day import phases
from sim.engine.settings import BadInput
from sim.experiments.assumptions import draw_futures
from sim.state import ModelError
from sim.stickers.stickers import STICKERS
from sim.world import World

GAME = '''
import numpy as np
import sim


class GameSettings(sim.Settings):
    """[game]"""

    on: bool = sim.decided.switch(True, "whether items are sold")
    price: int = sim.decided.count(300, "cents", "price of an item", "", 100, 1_000, le=5_000)
    browsing: float = sim.assumed.share(0.2, "chance on a day of use to look at an item")


class GameColumns(sim.Table):
    """A row a person."""

    items = sim.Column(np.uint16, 0, "items owned", "items")


class ShelfColumns(sim.Table):
    """One row."""

    sold = sim.Column(np.float64, 0, "items sold so far", "items")


SOLD = sim.flow("game.sold", "items", "items sold")


def first(world):
    """Everyone begins with one."""
    world[GameColumns].items[:] = 1


def step(world):
    """People who look buy an item worth its price."""
    it, who = world.settings(GameSettings), np.concatenate([*world.awake, np.empty(0, np.uint32)])
    who = who[sim.uniforms(world.luck("game.looks"), who) < it.browsing]
    worth = -400 * np.log(sim.uniforms(world.luck("game.worth"), who))
    buys = (worth >= it.price) & (sim.means(world, who) >= it.price)
    sim.sell(world, who[buys], it.price, worth[buys], "items")
    world[GameColumns].items[who[buys]] += 1
    world[ShelfColumns].sold[0] += buys.sum()
    world.add(SOLD, int(buys.sum()))
    world.pay_cost("servers", 50)


GAME = sim.Service(
    "game", GameSettings, step, tables={GameColumns: "person", ShelfColumns: "world"}, metrics=(SOLD,),
    revenue={"items": "Items in games"}, costs={"servers": "Servers of games"}, born=first,
)
'''
RUN = {"users": 300, "days": 6}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with mygame.py in it, which no other test knows."""
    (tmp_path / "mygame.py").write_text(GAME)
    (tmp_path / "game.toml").write_text("[run]\nusers = 300\ndays = 6\n[game]\nprice = 200\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("mygame", None)


def said(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(hongbao, list(words))
    return result.exit_code, result.output


@pytest.mark.usefixtures("here")
def test_it_is_measured_booked_and_felt_as_any_other() -> None:
    result = sim.run("game.toml", services=["mygame:GAME"])
    without = sim.run(sim.Scenario.make(run=RUN))
    sold = result.days["game.sold"].sum()
    assert sold > 50
    assert result.days["revenue.items"].sum() == 200 * sold == result.summary["revenue.items"]
    assert result.days["revenue.total"].sum() == 200 * sold + without.summary["revenue.total"]
    assert result.summary["cost.servers"] == 6 * 50
    assert result.surplus is not None
    assert without.surplus is not None
    assert result.surplus.sum() > without.surplus.sum()
    assert result.manifest["services"][0]["module"] == "mygame"


@pytest.mark.usefixtures("here")
def test_the_price_can_be_set_moved_and_is_checked() -> None:
    scenario = sim.Scenario.load("game.toml", {"game.price": 300}, ["mygame:GAME"])
    assert scenario.game.price == 300  # type: ignore[attr-defined]
    assert "price = 300" in scenario.to_toml()
    for values, words in (
        ({"game.prize": 3}, "game.prize = 3: no such setting; did you mean 'price'"),
        ({"game.price": 9_000}, "must be less than or equal to 5000; the nearest valid value is 5000"),
        ({"gane.price": 3}, r"\[gane\]: no such section; did you mean 'game'"),
    ):
        with pytest.raises(BadInput, match=words):
            scenario.with_values(values)
    moved = scenario.with_values({"events": [{"day": 3, "set": {"game.on": False}}]})
    days = sim.run(moved).days["game.sold"]
    assert days[:3].all()
    assert not days[3:].any()


def test_a_section_of_a_service_that_is_not_named_says_how_to_name_it(here: Path) -> None:
    with pytest.raises(BadInput, match=r"game.toml: \[game\]: no such section.*--service module:NAME"):
        sim.Scenario.load("game.toml")
    code, text = said("run", "game.toml")
    assert code == 2
    assert "--service" in text


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mygame", "must be named as module:NAME"),
        ("mygane:GAME", "no module 'mygane'.*did you mean 'mygame'"),
        ("mygame:GAMES", "mygame has no GAMES; did you mean 'GAME'"),
        ("mygame:step", "step is a function, not a Service"),
    ],
)
def test_a_wrong_name_is_bad_input(name: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        sim.Scenario.make(services=[name])
    assert said("parameters", "--service", name)[0] == 2


def declared(**other: object) -> sim.Service:
    class LampSettings(sim.Settings):
        """[lamp]"""

        price: int = sim.decided.count(300, "cents", "price")

    about: dict[str, object] = {"name": "lamp", "settings": LampSettings, "step": lambda world: None}
    return sim.Service(**(about | other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"name": "Lamp Shop"}, "must be a word of small letters"),
        ({"name": "stickers"}, "is a section of the model"),
        ({"after": "trips.stop"}, "no phase 'trips.stop' to come after; did you mean 'trips.step'"),
        ({"metrics": (sim.flow("other.thing", "lamps", "lamps"),)}, "must be named lamp.thing"),
        ({"revenue": {"commission": "Cuts"}}, "revenue.commission is declared by the model already"),
        ({"settings": int}, "must be a class that extends Settings"),
        ({"tables": {int: "person"}}, "must be a class that extends Table"),
        ({"metrics": (sim.ratio("lamp.part", "share", "part", "lamp.lit", "users.daily"),)}, "divides 'lamp.lit'"),
    ],
)
def test_a_declaration_that_cannot_be_is_bad_input(other: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        World(sim.Scenario.make(run=RUN), services=[declared(**other)])


def test_money_for_a_reason_that_it_does_not_declare_stops_the_run() -> None:
    def step(world: World) -> None:
        """Somebody pays."""
        world.ledger.pay("outside", 0, "company", 0, 5, "lamps")

    with pytest.raises(ModelError, match=r"lamp.step: money of outside reaches the company for 'lamps'"):
        World(sim.Scenario.make(run=RUN), services=[declared(step=step)]).step()
    World(sim.Scenario.make(run=RUN), services=[declared(step=step, revenue={"lamps": "Lamps"})]).step()


def test_a_saved_world_goes_on_as_if_never_stopped_and_only_with_its_service(here: Path) -> None:
    whole = sim.run("game.toml", services=["mygame:GAME"], save_at=[3], out=here / "out")
    saved = here / "out" / "world-3.npz"
    world = World.load(saved, services=["mygame:GAME"])
    assert world.users.game.items.sum() == 300 + whole.days["game.sold"][:3].sum()
    assert world.tables["game_shelf"].rows.sold[0] == whole.days["game.sold"][:3].sum()
    live(world)
    assert world.history["revenue.items"].tolist() == whole.days["revenue.items"].tolist()
    with pytest.raises(BadInput, match="has the service 'game' of mygame: name it with --service"):
        World.load(saved)


def test_what_is_in_the_file_counts(here: Path) -> None:
    """Results of a changed service are told apart: the scenario's hash is another."""
    before = sim.Scenario.load("game.toml", services=["mygame:GAME"]).digest()
    sys.modules.pop("mygame")
    (here / "mygame.py").write_text(GAME.replace("-400", "-500"))
    assert sim.Scenario.load("game.toml", services=["mygame:GAME"]).digest() != before


def test_processes_find_it_by_name_and_a_page_shows_it(here: Path) -> None:
    code, text = said(
        "compare", "game.toml", "game.toml", "--service", "mygame:GAME", "--jobs", "2", "--replicates", "2",
        "--out", "both",
    )  # fmt: skip
    assert code == 0, text
    one = sim.compare(["game.toml"] * 2, replicates=2, jobs=1, services=["mygame:GAME"])
    assert one.metrics["game.sold"]["game"]["mean"] > 0
    found = json.loads((here / "both" / "comparison.json").read_text())
    assert found["metrics"]["revenue.items"]["game"]["mean"] > 0
    assert "Items in games" in (here / "both" / "report.html").read_text()
    assert os.environ.get("PYTHONPATH") is None or str(here) not in os.environ["PYTHONPATH"]


def test_one_of_a_script_is_run_by_one_process_alone() -> None:
    lamp = declared()
    here = [sim.Scenario.make(run=RUN, services=[lamp]) for _ in range(2)]
    with pytest.raises(BadInput, match="put it in a module of its own"):
        sim.compare(here, replicates=2, jobs=2)
    assert sim.compare(here, replicates=1).manifest["jobs"] == 1


def test_a_sweep_takes_it_too(here: Path) -> None:
    (here / "plan.toml").write_text(
        'scenarios = ["game.toml"]\nseeds = 1\nmetrics = ["game.sold"]\n[factors]\n"game.price" = [100, 900]\n'
    )
    code, text = said("sweep", "plan.toml", "--service", "mygame:GAME", "--out", "swept", "--jobs", "2")
    assert code == 0, text
    table = sim.load_sweep("swept").table().sort_values("game.price")
    assert table["game.sold"].iloc[0] > table["game.sold"].iloc[1]


def test_workers_of_a_cluster_have_it_too(here: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    (here / "plan.toml").write_text(
        'scenarios = ["game.toml"]\nseeds = 1\nmetrics = ["game.sold"]\n[factors]\n"game.price" = [100, 900]\n'
    )
    swept = [sim.sweep("plan.toml", services=["mygame:GAME"], out=here / out, **how) for out, how in (
        ("cluster", {"cluster": "local", "jobs": 2}), ("here", {"jobs": 1}),
    )]  # fmt: skip
    assert swept[0].failures().empty
    assert swept[0].table()["game.sold"].tolist() == swept[1].table()["game.sold"].tolist()


@pytest.mark.usefixtures("here")
def test_parameters_schema_and_day_show_it() -> None:
    for command, words in (("parameters", "game.price"), ("schema", "GameSettings"), ("day", "game.step")):
        code, text = said(command, "--service", "mygame:GAME")
        assert code == 0, text
        assert words in text
        assert words not in said(command)[1]


def test_stickers_from_outside_are_the_stickers_of_the_package(here: Path) -> None:
    """The module itself under another name: same sales, same money, same welfare; breaks if anything hangs on the name."""
    file = sys.modules[STICKERS.step.__module__].__file__
    assert file is not None
    text = Path(file).read_text().replace("stickers", "pictures").replace("pictures.buys", "stickers.buys")
    (here / "pictures.py").write_text(text)
    run = {"users": 500, "days": 20}
    free = {"stickers_staff": 0.0, "stickers_development": 0.0}
    inside = sim.run(sim.Scenario.make(run=run, running=free, stickers={"on": True, "browsing": 0.1}))
    scenario = sim.Scenario.make(
        services=["pictures:STICKERS"], run=run, running=free, pictures={"on": True, "browsing": 0.1}
    )
    outside = sim.run(scenario)
    assert inside.summary["stickers.sold"] > 50
    names = {"stickers.sold": "pictures.sold", "revenue.stickers": "revenue.pictures"}
    for name in set(inside.days) - {"pictures.sold"}:
        assert inside.days[name].tolist() == outside.days[names.get(name, name)].tolist(), name
    sys.modules.pop("pictures")


def test_one_name_is_as_good_as_a_list_of_it(here: Path) -> None:
    """Breaks where a name is taken for many, a letter each."""
    scenario = sim.Scenario.load(here / "game.toml", services="mygame:GAME")
    world = World(scenario)
    world.step()
    world.close()
    world.save(here / "world.npz")
    assert World.saved(here / "world.npz", services="mygame:GAME") == (scenario, 1)
    assert World.load(here / "world.npz", services="mygame:GAME").day == 1


@pytest.mark.usefixtures("here")
def test_its_assumptions_are_drawn_as_any_others_are() -> None:
    scenario = sim.Scenario.make(run=RUN, services=["mygame:GAME"])
    drawn = draw_futures([scenario, scenario.with_values({"game.price": 500})], 2)
    assert "game.browsing" in {it["name"] for it in drawn.assumptions}


def test_services_come_after_the_phase_they_ask_for_in_the_order_they_are_named() -> None:
    """Also after one another's, whichever is named first."""
    one, two = (declared(name=name) for name in ("one", "two"))
    three = declared(name="three", after="one.step")
    assert list(phases((three, one, two)))[list(phases()).index("trips.step") + 1 :][:3] == [
        "one.step", "three.step", "two.step"
    ]  # fmt: skip
    with pytest.raises(BadInput, match=r"no phase 'one\.stop' to come after; did you mean 'one\.step'"):
        phases((one, declared(name="four", after="one.stop")))
