"""A path is read in one way, whoever gives it, and nothing that people keep is written over."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import sim
from sim import cli
from sim.engine.settings import BadInput
from sim.experiments.plan import Plan
from sim.ground import paths
from sim.scenario import Scenario

ROOT = Path(__file__).parents[2]
TINY = ("--users", "60", "--days", "2")
SCENARIO = 'title = "Mine"\n[run]\nusers = 60\ndays = 2\n'
NETWORK = "0 1\n1 2\n2 3\n3 0\n"


@pytest.fixture
def hongbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command in a folder of its own, in this process."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    return lambda *words: runner.invoke(cli.hongbao, [str(word) for word in words], prog_name="hongbao")


@pytest.fixture
def proj(tmp_path: Path) -> Path:
    """A folder of somebody's, with a scenario in it."""
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj" / "scenario.toml").write_text(SCENARIO)
    return tmp_path / "proj"


def content(folder: Path) -> dict[str, bytes]:
    return {str(it.relative_to(folder)): it.read_bytes() for it in sorted(folder.rglob("*")) if it.is_file()}


# reading


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("s3://bucket/x", "a URL"),
        ("s3:/bucket/x", "a URL"),  # as pathlib writes it
        ("file:///tmp/a%20b", r"a URL.*'/tmp/a b'"),
        ("caf\udce9", "not text in UTF-8"),
        ("a\0b", "NUL"),
        ("~nobody-of-that-name/x", "whose home"),
    ],
)
def test_what_is_no_path_of_this_machine_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refusal:
        paths.given(text)
    str(refusal.value).encode()  # so that it can be said


def test_a_path_given_twice_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("~/x", "./~x", "./s3:/x", "a/b", "/a"):
        assert paths.given(paths.given(text)) == paths.given(text)
    assert paths.given("~/x") == tmp_path / "x"


@pytest.mark.parametrize("out", ["", "s3://bucket/x", "file:///x", "caf\udce9"])
def test_a_folder_that_is_none_is_refused_before_day_1(out: str, monkeypatch: pytest.MonkeyPatch, hongbao: Any) -> None:
    """In Python and by the command alike; breaks if it is found out when the result is saved."""
    monkeypatch.setattr(sim.World, "__init__", lambda *_, **__: pytest.fail("a world was born"))
    scenario = Scenario.make(run={"users": 60, "days": 2})
    with pytest.raises(BadInput):
        sim.run(scenario, out=out)
    with pytest.raises(BadInput):
        sim.compare([scenario, scenario], replicates=1, out=out)
    done = hongbao("run", ROOT / "scenarios" / "baseline.toml", "--out", out)
    assert done.exit_code == 2, done.output
    assert not list(Path().iterdir())


def test_a_home_is_a_home_in_python_and_in_the_command(
    monkeypatch: pytest.MonkeyPatch, hongbao: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    sim.run(Scenario.make(run={"users": 60, "days": 2}), out="~/python")
    done = hongbao("run", ROOT / "scenarios" / "baseline.toml", *TINY, "--out=~/command")
    assert done.exit_code == 0, done.output
    assert sim.load_result("~/python").summary.keys() == sim.load_result(tmp_path / "home" / "command").summary.keys()
    assert not Path("~").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no ASCII locale")
def test_under_an_ascii_locale_a_name_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """The name is in the locale's letters or in none; breaks if days are lived that cannot be saved."""
    told = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "sim", "run", ROOT / "scenarios" / "baseline.toml", *TINY, "--out", "café"],
        cwd=tmp_path, env=os.environ | told, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"PYTHONUTF8=1" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_place_where_nothing_can_be_written_is_refused_before_day_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the folder's own rights say, as on a disk that is read-only; breaks if only those are asked."""
    monkeypatch.setattr(sim.World, "__init__", lambda *_, **__: pytest.fail("a world was born"))

    def refuse(file: Path, *_: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(BadInput, match="Read-only file system"):
        sim.run(Scenario.make(run={"users": 60, "days": 2}), out=tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_one_rule_says_from_where_a_path_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the file that says it; on the command line and in Python from the working directory."""
    for folder in ("plans", "here"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.txt").write_text(NETWORK)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "plans"))
    base = tmp_path / "plans" / "base.toml"
    said = {"scenario": '[friends]\nfile = "net.txt"\n', "home": '[friends]\nfile = "~/net.txt"\n'}
    for text in said.values():
        base.write_text(SCENARIO + text)
        assert Scenario.load(base).friends.file == str(tmp_path / "plans" / "net.txt")
    base.write_text(SCENARIO)
    in_plans, plan = str(tmp_path / "plans" / "net.txt"), tmp_path / "plans" / "plan.toml"
    for ways in (
        '[[points]]\n"friends.file" = "net.txt"\n',
        '[factors]\n"friends.file" = ["net.txt"]\n',
        '[factors."friends.file"]\nvalues = ["~/net.txt"]\n',
    ):
        plan.write_text(f'scenarios = ["base.toml"]\nusers = 4\n{ways}')
        assert [point.values["friends.file"] for point in Plan.load(plan).points()] == [in_plans], ways
    plan.write_text('scenarios = ["~/base.toml"]\nusers = 4\n[set]\n"friends.file" = "net.txt"\n')
    assert Plan.load(plan).scenarios[0].friends.file == in_plans
    here = str(tmp_path / "here" / "net.txt")
    assert Scenario.load(base, {"friends.file": "net.txt"}).friends.file == here
    assert Scenario.make(friends={"file": "net.txt"}).friends.file == here
    assert Scenario().with_values({"friends.file": "net.txt"}).friends.file == here


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    mark = "\ufeff"
    (tmp_path / "base.toml").write_text(mark + SCENARIO, encoding="utf-8")
    (tmp_path / "plan.toml").write_text(mark + 'scenarios = ["base.toml"]\nseeds = 1\n', encoding="utf-8")
    assert Scenario.load(tmp_path / "base.toml").title == "Mine"
    assert Plan.load(tmp_path / "plan.toml").runs == 1


def test_links_that_lead_nowhere_are_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").symlink_to("gone.toml")
    with pytest.raises(BadInput, match=r"broken\.toml: a link to gone\.toml") as refusal:
        Scenario.load(tmp_path / "broken.toml")
    assert "did you mean" not in str(refusal.value), "not itself"
    (tmp_path / "one.toml").symlink_to("other.toml")
    (tmp_path / "other.toml").symlink_to("one.toml")
    for load in (Scenario.load, Plan.load, sim.load_result, sim.World.saved, sim.Friends.read, sim.load_sweep):
        with pytest.raises(BadInput, match=r"(circle|a link to|no folder|no such)"):
            load(tmp_path / "one.toml")
    with pytest.raises(BadInput, match="circle"):
        Scenario.load(tmp_path / "one.toml")


@pytest.mark.parametrize("code", [*range(32), 127, 0x85, 0x2028])
def test_any_letter_of_a_title_comes_back_from_the_saved_scenario(code: int, tmp_path: Path) -> None:
    scenario = Scenario.make(title=f"a{chr(code)}b")
    (tmp_path / "saved.toml").write_text(scenario.to_toml(), encoding="utf-8", newline="")
    assert Scenario.load(tmp_path / "saved.toml").title == scenario.title


# writing


def test_a_result_never_goes_over_what_it_is_made_of(hongbao: Any, proj: Path) -> None:
    before = content(proj)
    for more in ((), ("--force",)):
        done = hongbao("run", proj / "scenario.toml", "--out", proj, *more)
        assert done.exit_code == 2
        assert "which it is made of" in done.stderr
        assert content(proj) == before
    assert hongbao("run", proj / "scenario.toml", "--out", "result").exit_code == 0
    again = hongbao("run", "result/scenario.toml", "--out", "result", "--force")
    assert again.exit_code == 2, "an earlier result's scenario is an input too"


@pytest.mark.parametrize("name", ["manifest.json", "summary.json", "report.html", "comparison.json", "scenario.toml"])
@pytest.mark.parametrize("command", ["run", "compare"])
def test_files_that_no_result_left_stay(command: str, name: str, hongbao: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text('{"name": "a web page", "version": 1}')
    scenario = ROOT / "scenarios" / "baseline.toml"
    asked = [scenario] if command == "run" else [scenario, scenario, "--replicates", 1]
    for more in ((), ("--force",)):
        done = hongbao(command, *asked, *TINY, "--out", "mine", *more)
        assert done.exit_code == 2
        assert f"holds {name}, which no earlier result left there" in done.stderr
    assert content(tmp_path / "mine") == {name: b'{"name": "a web page", "version": 1}'}


def test_an_earlier_result_goes_only_where_that_is_meant(hongbao: Any, tmp_path: Path) -> None:
    scenario = ROOT / "scenarios" / "baseline.toml"
    assert hongbao("run", scenario, *TINY, "--out", "one").exit_code == 0
    (tmp_path / "one" / "notes.txt").write_text("mine")
    before = content(tmp_path / "one")
    refused = hongbao("run", scenario, *TINY, "--seed", 2, "--out", "one")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert content(tmp_path / "one") == before
    assert hongbao("run", scenario, *TINY, "--seed", 2, "--out", "one", "--force").exit_code == 0
    assert sim.load_result(tmp_path / "one").seed == 2
    assert (tmp_path / "one" / "notes.txt").read_text() == "mine"


def test_a_second_result_of_the_same_name_gets_a_number(hongbao: Any, tmp_path: Path) -> None:
    scenario = ROOT / "scenarios" / "baseline.toml"
    assert hongbao("run", scenario, *TINY).exit_code == 0
    second = hongbao("run", scenario, *TINY, "--seed", 2)
    assert second.exit_code == 0
    assert "baseline-2" in second.stderr
    assert [sim.load_result(tmp_path / "outputs" / name).seed for name in ("baseline", "baseline-2")] == [1, 2]


def test_a_page_goes_over_a_page_of_ours_and_no_other(hongbao: Any, tmp_path: Path) -> None:
    sim.run(Scenario.make(run={"users": 60, "days": 2}), out=tmp_path / "one")
    assert [hongbao("report", "one").exit_code for _ in range(2)] == [0, 0]
    (tmp_path / "one" / "report.html").write_text("<p>mine")
    done = hongbao("report", "one")
    assert done.exit_code == 2
    assert "--" not in done.stderr, "it has no option to choose another place by"
    assert (tmp_path / "one" / "report.html").read_text() == "<p>mine"


def test_worlds_and_networks_never_go_over_other_files(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text(NETWORK)
    world = sim.World(Scenario.make(run={"users": 60, "days": 2}))
    for save in (world.save, world.friends.save):
        for force in (False, True):
            with pytest.raises(BadInput, match=r"mine\.csv is there, and is no"):
                save(mine, force=force)
        saved = tmp_path / save.__qualname__
        save(saved)
        with pytest.raises(BadInput, match="force=True"):
            save(saved)
        save(saved, force=True)
    world.close()
    assert mine.read_text() == NETWORK


def test_worlds_saved_on_the_way_never_go_over_other_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "world-1.npz", mine=np.arange(3))
    before = content(tmp_path)
    with pytest.raises(BadInput, match=r"holds world-1\.npz"):
        sim.run(Scenario.make(run={"users": 60, "days": 2}), out=tmp_path, save_at=[1], force=True)
    assert content(tmp_path) == before


def test_a_sweep_never_goes_over_other_files(hongbao: Any, proj: Path) -> None:
    (proj / "plan.toml").write_text('scenarios = ["scenario.toml"]\nseeds = 1\n')
    (proj / "runs").mkdir()
    before = content(proj)
    done = hongbao("sweep", proj / "plan.toml", "--out", proj, "--days", 1)
    assert done.exit_code == 2, done.output
    assert content(proj) == before


def test_what_was_cut_off_is_nobodys_result(tmp_path: Path) -> None:
    """The same again is made in the same folder; breaks if a mark of what was begun stays away, or stays for ever."""

    def stop(day: int, days: int) -> None:
        if day == 2:
            raise KeyboardInterrupt

    scenario = Scenario.make(run={"users": 60, "days": 3})
    with pytest.raises(KeyboardInterrupt):
        sim.run(scenario, out=tmp_path, save_at=[1], progress=stop)
    assert (tmp_path / "world-1.npz").exists()
    sim.run(scenario, out=tmp_path, save_at=[1])
    assert json.loads((tmp_path / "manifest.json").read_text())["days"] == 3
    assert not list(tmp_path.glob(".*"))
