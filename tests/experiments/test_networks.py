"""A network that is read or given: it says how many people there are, and is known by what it holds, not where."""

import json
import shutil
from pathlib import Path

import networkx
import pytest
from click.testing import CliRunner

from sim import cli
from sim.differences import differences
from sim.engine.settings import BadInput
from sim.experiments.compare import compare
from sim.experiments.plan import Plan, fingerprint
from sim.experiments.run import run
from sim.experiments.sweep import sweep
from sim.experiments.worker import network_name
from sim.ground.friends.friends import Friends
from sim.results import Comparison, Result
from sim.results.sweep_folders import identity
from sim.scenario import Scenario
from sim.world import World

SHOPS = Path(__file__).parents[2] / "scenarios" / "shops.toml"
FEE = SHOPS.with_name("payment_fee.toml")
DAYS = {"run.days": 2}
PEOPLE = 60


def ring(path: Path, people: int = PEOPLE, reach: int = 3) -> Path:
    """A file of a network: people in a ring, each tied to so many on either side."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{a}\t{(a + k) % people}\n" for a in range(people) for k in range(1, reach + 1)))
    return path


def hongbao(*arguments: object) -> str:
    """What the command says on stderr."""
    done = CliRunner().invoke(cli.hongbao, list(map(str, arguments)), prog_name="hongbao")
    assert done.exit_code == 0, done.stderr
    return done.stderr


# ------------------------------------------------------------------------------- how many people there are


def test_a_network_given_in_python_says_how_many_people_there_are() -> None:
    graph = networkx.watts_strogatz_graph(PEOPLE, 6, 0.1, seed=1)
    given = Friends.from_networkx(graph)
    for scenario in (Scenario.load(SHOPS, DAYS), Scenario.make(run={"days": 2})):
        result = run(scenario, friends=given)
        assert result.manifest["users"] == result.surplus.size == PEOPLE
        assert f"users = {PEOPLE}\n" in result.scenario
        assert result.manifest["network"]["digest"] == given.digest()
    world = World(Scenario.load(SHOPS, DAYS), friends=given)
    assert world.size == world.scenario.run.users == PEOPLE
    world.close()
    for asked in (Scenario.load(SHOPS, DAYS | {"run.users": 50}), Scenario.make(run={"users": 50})):
        with pytest.raises(BadInput, match=r"run.users = 50, but the network given has 60 people"):
            run(asked, friends=given)


def test_a_network_that_is_read_says_it_in_python_plan_and_command_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody asked for a number that is not the network's, that is told; the default is nobody's wish."""
    ties = ring(tmp_path / "ties.txt")
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(f'extends = "{SHOPS.name}"\n[friends]\nfile = "ties.txt"\n')
    for file in SHOPS.parent.glob("*.toml"):
        shutil.copy(file, tmp_path)
    asked = [
        Scenario.load("own.toml", DAYS),
        Scenario.load(SHOPS, DAYS | {"friends.file": str(ties)}),
        Scenario.load(SHOPS, DAYS).with_values({"friends.file": str(ties)}),
        Scenario.make(run={"days": 2}, friends={"file": str(ties), "kind": "file"}),
    ]
    for scenario in asked:
        assert scenario.settled().run.users == PEOPLE
    assert run(asked[0]).manifest["users"] == PEOPLE
    both = [asked[0], Scenario.load(FEE, DAYS | {"friends.file": str(ties)})]
    assert compare(both, replicates=1, jobs=1).manifest["users"] == PEOPLE
    said = hongbao("run", "own.toml", "--days", 2, "--out", "one")
    assert "network ties.txt: 60 people, 180 ties; tabs between cells; no header" in said
    assert Result.load(Path("one")).manifest["users"] == PEOPLE
    assert Result.load(Path("one")).manifest["network"]["separator"] == "tabs"
    said = hongbao("compare", "own.toml", FEE, "--set", "friends.file=ties.txt", "--days", 2, "--replicates", 1, "--jobs", 1,
                   "--out", "two")  # fmt: skip
    assert said.count("network ties.txt") == 1
    assert Comparison.load(Path("two")).manifest["network"]["identifiers"] == "whole numbers"
    Path("plan.toml").write_text('scenarios = ["own.toml", "payment_fee.toml"]\n[set]\n"friends.file" = "ties.txt"\n')
    assert {scenario.run.users for scenario in Plan.load("plan.toml").scenarios} == {PEOPLE}
    Path("own.toml").write_text(f'extends = "{SHOPS.name}"\n[run]\nusers = 50\n[friends]\nfile = "ties.txt"\n')
    with pytest.raises(BadInput, match=r"run.users = 50, but .* has 60 people: leave run.users out"):
        run(Scenario.load("own.toml", DAYS))


def test_networks_of_different_sizes_may_be_the_levels_of_a_factor(tmp_path: Path) -> None:
    few, many = ring(tmp_path / "few.txt", 40), ring(tmp_path / "many.txt", 70)
    (tmp_path / "plan.toml").write_text(
        f'scenarios = ["{SHOPS}"]\nseeds = 1\ndays = 2\n[factors]\n"friends.file" = ["few.txt", "many.txt"]\n'
    )
    plan = Plan.load(tmp_path / "plan.toml")
    assert [plan.resolve(plan.scenarios[0], point).run.users for point in plan.points()] == [40, 70]
    assert plan.networks() == [str(few), str(many)]
    (tmp_path / "plan.toml").write_text((tmp_path / "plan.toml").read_text().replace("days", "users = 40\ndays"))
    plan = Plan.load(tmp_path / "plan.toml")
    assert [plan.resolve(plan.scenarios[0], point).run.users for point in plan.points()] == [40, 40], "asked for"


# ---------------------------------------------------------------------------------- known by what it holds


def test_a_network_is_known_by_what_it_holds_wherever_it_lies(tmp_path: Path) -> None:
    here, there = ring(tmp_path / "a.txt"), ring(tmp_path / "folder" / "b.csv")
    other = ring(tmp_path / "c.txt", reach=2)
    one, same, another = (Scenario.load(SHOPS, {"friends.file": str(it)}).settled() for it in (here, there, other))
    assert one.digest() == same.digest() != another.digest()
    assert fingerprint(one) == fingerprint(same)
    assert network_name(one) == network_name(same) != network_name(another)
    assert differences(one, same) == differences(one, same.with_values({"friends.kind": "file"})) == []
    assert [name for name, *_ in differences(one, another)] == ["friends.file"]
    before = one.digest()
    ring(here, reach=1)
    assert one.digest() != before, "the same file with other ties is another network"
    gone = one.with_values({"friends.file": str(tmp_path / "gone.txt")})
    assert gone.digest() != one.digest()
    with pytest.raises(BadInput, match=r"gone\.txt: no such file"):
        fingerprint(gone)


def test_without_a_file_the_digest_is_what_it_was() -> None:
    """Names of runs that were made before must not change."""
    scenario = Scenario.make(run={"users": 50})
    plain = scenario.model_dump()
    assert scenario.friends.identity() == plain["friends"]


def test_scenarios_that_read_the_same_network_in_two_places_are_compared(tmp_path: Path) -> None:
    here, there = ring(tmp_path / "a.txt"), ring(tmp_path / "b.txt")
    one = Scenario.load(SHOPS, DAYS | {"friends.file": str(here)})
    two = Scenario.load(FEE, DAYS | {"friends.file": str(there)})
    found = compare([one, two], replicates=1, jobs=1)
    assert found.unfair == []
    with pytest.raises(BadInput, match=r"friends\.file"):
        compare([one, two.with_values({"friends.file": str(ring(tmp_path / "c.txt", reach=2))})], replicates=1, jobs=1)


def test_a_moved_network_or_a_copied_plan_goes_on_where_it_was(tmp_path: Path) -> None:
    text = f'scenarios = ["{SHOPS}"]\nseeds = 2\ndays = 2\n[set]\n"friends.file" = "ties.txt"\n'
    for folder in (tmp_path / "one", tmp_path / "two"):
        ring(folder / "ties.txt")
        (folder / "plan.toml").write_text(text)
    out = tmp_path / "out"
    made = sweep(tmp_path / "one" / "plan.toml", jobs=1, out=out)
    assert made.about["went"]["made"] == 2
    run_names = {path.name for path in out.glob("runs/*/*")}
    shutil.rmtree(tmp_path / "one")
    again = sweep(tmp_path / "two" / "plan.toml", jobs=1, out=out)
    assert again.about["went"]["made"] == 0
    (tmp_path / "two" / "ties.txt").rename(tmp_path / "two" / "moved.txt")
    (tmp_path / "two" / "plan.toml").write_text(text.replace("ties.txt", "moved.txt"))
    plan = Plan.load(tmp_path / "two" / "plan.toml")
    assert {identity(fingerprint(plan.scenarios[0]), seed) for seed in plan.seeds} == run_names


def test_a_saved_world_goes_on_with_its_network_wherever_that_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ties = ring(tmp_path / "old.txt")
    asked = Scenario.load(SHOPS, {"run.days": 4, "friends.file": str(ties)})
    whole = run(asked, out=tmp_path / "whole", save_at=[2])
    saved = tmp_path / "whole" / "world-2.npz"
    ties.rename(tmp_path / "new.txt")
    with pytest.raises(BadInput, match=r"old\.txt: no such file.* --set friends\.file=PATH"):
        run(asked, saved=saved)
    hongbao("run", "--from", saved, "--set", "friends.file=new.txt", "--out", "own")
    hongbao("run", SHOPS, "--from", saved, "--set", "friends.file=new.txt", "--days", 4, "--out", "shops")
    for folder in ("own", "shops"):
        result = Result.load(Path(folder))
        assert result.days.equals(whole.days)
        assert result.flows.equals(whole.flows)
        assert result.manifest["scenario_hash"] == whole.manifest["scenario_hash"]
        assert result.manifest["saved"]["scenario_hash"] == whole.manifest["scenario_hash"]
    moved = Scenario.load(SHOPS, {"run.days": 4, "friends.file": "new.txt"})
    assert run(moved, saved=saved).days.equals(whole.days)
    given = Friends.read(tmp_path / "new.txt")
    assert run(Scenario.load(SHOPS, {"run.days": 4}), saved=saved, friends=given).days.equals(whole.days)
    ring(tmp_path / "other.txt", reach=2)
    with pytest.raises(BadInput, match=r"born with another network than this one \(other\.txt\)"):
        run(asked.with_values({"friends.file": str(tmp_path / "other.txt")}), saved=saved)
    assert json.loads((tmp_path / "own" / "manifest.json").read_text())["network"]["source"] == "new.txt"
