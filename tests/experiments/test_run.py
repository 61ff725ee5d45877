"""A world that was saved goes on as if it had never stopped, under its own strategy or another."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sim import cli
from sim.engine.settings import BadInput
from sim.experiments.run import run
from sim.ground.friends.friends import Friends
from sim.results import Result
from sim.scenario import Scenario
from sim.world import World

ROOT = Path(__file__).parents[2]
SMALL = {"run.users": 150, "run.days": 16}
FILES = ("days.parquet", "flows.parquet", "summary.json", "surplus.parquet")


def scenario(name, **values):
    return Scenario.load(ROOT / "scenarios" / f"{name}.toml", SMALL | values)


def content(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """The folder of a run that was saved on day 7."""
    folder = tmp_path_factory.mktemp("shops")
    run(scenario("shops"), out=folder, save_at=[7])
    return folder


@pytest.mark.parametrize("name", ["baseline", "superapp"])
def test_a_saved_world_goes_on_to_the_byte(name, tmp_path):
    run(scenario(name), out=tmp_path / "whole", save_at=[1, 9])
    for day in (1, 9):
        run(scenario(name), out=tmp_path / f"again {day}", saved=tmp_path / "whole" / f"world-{day}.npz")
        assert content(tmp_path / f"again {day}") == content(tmp_path / "whole")


@pytest.mark.parametrize("name", ["commission", "advertising", "payment_fee", "subscription"])
def test_under_another_strategy_it_goes_on_as_if_that_had_been_decided_on_that_day(name, shops, tmp_path):
    other, before = scenario(name), scenario("shops")
    decided = {it.name: it.value for it in other.parameters() if it.value != dict(_values(before))[it.name]}
    event = {"day": 7, "set": decided}
    run(Scenario.make(**(before.model_dump() | {"events": [event]})), out=tmp_path / "event")
    found = run(other, out=tmp_path / "branch", saved=shops / "world-7.npz")
    assert content(tmp_path / "branch") == content(tmp_path / "event")
    days, theirs = found.days, Result.load(shops).days
    assert (days[:7] == theirs[:7]).all(axis=None), "before that day nothing differs"
    assert not (days == theirs).all(axis=None)
    assert found.manifest["saved"]["day"] == 7
    assert found.manifest["saved"]["name"] == "shops"


def _values(of):
    return [(it.name, it.value) for it in of.parameters()]


def test_a_longer_run_is_the_shorter_one_continued(shops, tmp_path):
    longer = scenario("shops", **{"run.days": 20})
    run(longer, out=tmp_path / "whole")
    run(longer, out=tmp_path / "more", saved=shops / "world-7.npz")
    assert content(tmp_path / "more") == content(tmp_path / "whole")


def test_what_it_was_born_with_cannot_change(shops):
    for changed in ({"run.users": 160}, {"run.seed": 2}, {"friends.degree": 12}, {"merchants.categories": 3}):
        with pytest.raises(BadInput, match=next(iter(changed)).replace(".", r"\.")):
            run(scenario("shops", **changed), saved=shops / "world-7.npz")


def test_it_goes_on_only_among_the_same_friends(shops, tmp_path):
    """A network given at birth is not in the file: another grown in its place would change everything unsaid."""
    asked = scenario("shops")
    given = Friends.generate(asked.friends, 150, 99)
    world = World(asked, friends=given)
    world.step()
    world.save(tmp_path / "given.npz")
    world.close()
    with pytest.raises(BadInput, match=r"given\.npz: .* born with another network than this one \(generated\)"):
        World.load(tmp_path / "given.npz")
    with pytest.raises(BadInput, match="another network"):
        World.load(shops / "world-7.npz", friends=given)
    assert World.load(tmp_path / "given.npz", friends=given).day == 1


def test_days_must_make_sense(shops, tmp_path):
    with pytest.raises(BadInput, match="has lived 7 days"):
        run(scenario("shops", **{"run.days": 7}), saved=shops / "world-7.npz")
    with pytest.raises(BadInput, match="save_at = 17"):
        run(scenario("shops"), out=tmp_path, save_at=[17])
    with pytest.raises(BadInput, match="save_at = 7"):
        run(scenario("shops"), out=tmp_path, save_at=[7], saved=shops / "world-7.npz")
    with pytest.raises(BadInput, match="no folder"):
        run(scenario("shops"), save_at=[3])
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_saved_world_is_told(shops, tmp_path):
    whole = (shops / "world-7.npz").read_bytes()
    np.savez(tmp_path / "other.npz", about=np.zeros(3))
    for name, damaged in {"cut.npz": whole[: len(whole) // 2], "empty.npz": b"", "text.npz": b"hello"}.items():
        (tmp_path / name).write_bytes(damaged)
    for file in tmp_path.glob("*.npz"):
        with pytest.raises(BadInput, match=file.name):
            World.load(file)
    with pytest.raises(BadInput, match="no such saved world"):
        World.load(tmp_path / "nowhere.npz")


def test_a_world_of_another_version_is_told(shops, monkeypatch):
    monkeypatch.setattr("sim.snapshot.__version__", "9.9")
    with pytest.raises(BadInput, match=r"this is 9\.9"):
        World.load(shops / "world-7.npz")


def test_the_command_line_saves_and_branches(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def hongbao(*words):
        return CliRunner().invoke(cli.hongbao, [str(word) for word in words])

    shops, commission = (ROOT / "scenarios" / f"{name}.toml" for name in ("shops", "commission"))
    done = hongbao("run", shops, "--users", 150, "--days", 12, "--save-at", 5, "--save-at", 9, "--out", "a")
    assert done.exit_code == 0, done.output
    assert hongbao("run", "--from", "a/world-5.npz", "--out", "b").exit_code == 0
    assert content(tmp_path / "b") == content(tmp_path / "a")
    done = hongbao("run", commission, "--from", "a/world-9.npz", "--days", 12, "--out", "c")
    assert done.exit_code == 0, "users, seed and friends are those it was born with"
    result = Result.load(tmp_path / "c")
    assert (result.name, result.manifest["users"], len(result.days)) == ("commission", 150, 12)
    for words, said in (
        (("run",), "SCENARIO"),
        (("run", "--from", "a/world-5.npz", "--users", 99), "run.users"),
        (("run", "--from", "a/world-6.npz"), "a/world-6.npz"),
        (("run", shops, "--days", 3, "--save-at", 4), "save_at = 4"),
    ):
        refused = hongbao(*words)
        assert refused.exit_code == 2
        assert said in refused.stderr
