"""The command: what it prints where, its exit codes, and that bad input is told plainly and leaves nothing behind."""

import csv
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx
import pytest
from click.testing import CliRunner, Result

from sim import __version__, cli
from sim.cli import errors, experiments, screen
from sim.cli.options import Setting
from sim.day import DAY
from sim.results.comparisons import Comparison
from sim.scenario import Scenario
from sim.scenario_rules import idle_levers
from sim.state import ModelError
from sim.world import World

ROOT = Path(__file__).parents[1]
SMALL = ("--users", "300", "--days", "4")
BASELINE, FEE = str(ROOT / "scenarios" / "baseline.toml"), str(ROOT / "scenarios" / "payment_fee.toml")


@pytest.fixture
def hongbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command in a folder of its own, in this process."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def run(*arguments: Any) -> Result:
        return runner.invoke(cli.hongbao, [str(argument) for argument in arguments], prog_name="hongbao")

    return run


def process(*arguments: Any, folder: Path, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run the command as people do: another process, no terminal."""
    return subprocess.run(
        [sys.executable, "-m", "sim", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        **options,
    )


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# what it prints


def test_a_run_prints_a_table_and_leaves_whole_files(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    done = hongbao("run", BASELINE, *SMALL)
    assert done.exit_code == 0, done.stderr
    assert "300 people, 4 days, seed 1" in done.stdout
    assert all(name in done.stdout for name in experiments.MAIN)
    folder = tmp_path / "outputs" / "baseline"
    names = {"manifest.json", "scenario.toml", "days.parquet", "flows.parquet", "summary.json", "report.html"}
    assert names <= {path.name for path in folder.iterdir()}
    assert str(Path("outputs", "baseline", "report.html")) in done.stderr


def test_a_comparison_prints_paired_differences_and_names_the_report(
    hongbao: Callable[..., Result], tmp_path: Path
) -> None:
    done = hongbao("compare", BASELINE, FEE, *SMALL, "--replicates", 2, "--jobs", 1)
    assert done.exit_code == 0, done.stderr
    assert "2 seeds" in done.stdout
    assert "against baseline" in done.stdout
    assert "95 % interval" in done.stdout
    for name in (*experiments.MAIN, "baseline", "payment_fee"):
        assert name in done.stdout
    assert "not a fair comparison" not in done.stderr
    assert (tmp_path / "outputs" / "baseline-payment_fee" / "report.html").exists()
    assert "report.html" in done.stderr


def test_what_could_not_be_served_is_said(hongbao: Callable[..., Result]) -> None:
    """A world without drivers or advertisers runs; breaks if one has to find that out by oneself."""
    taxi = hongbao(
        "run", ROOT / "scenarios" / "taxi.toml", *SMALL, "--set", "drivers.number=0", "--set", "drivers.pool=0"
    )
    assert taxi.exit_code == 0, taxi.stderr
    assert "100% of the rides asked for no driver was near enough (rides.unserved)" in taxi.stderr
    well = hongbao("run", ROOT / "scenarios" / "taxi.toml", *SMALL)
    assert "100%" not in well.stderr
    nobody = hongbao("run", ROOT / "scenarios" / "advertising.toml", *SMALL, "--set", "advertisers.number=0")
    assert "100% of the places for adverts stayed empty" in nobody.stderr
    shut = hongbao("run", ROOT / "scenarios" / "commission.toml", *SMALL, "--set", "merchants.number=0")
    assert "none was met in the app" in shut.stderr


def test_levers_that_move_nothing_are_named(hongbao: Callable[..., Result]) -> None:
    done = hongbao("run", BASELINE, *SMALL, "--set", "promotion.weight=0.5", "--set", "rides.commission=0.1")
    assert done.exit_code == 0, done.stderr
    assert "promotion.weight = 0.5 moves nothing: shopping.on is false on every day" in done.stderr
    assert "rides.commission = 0.1 moves nothing: rides.on is false on every day" in done.stderr
    on = ("--set", "shopping.on=true", "--set", "promotion.weight=0.5")
    assert "moves nothing" not in hongbao("run", BASELINE, *SMALL, *on).stderr


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.toml")), ids=lambda path: path.stem)
def test_no_scenario_of_ours_sets_a_lever_that_moves_nothing(path: Path) -> None:
    assert idle_levers(Scenario.load(path)) == []


def test_machines_get_json_and_csv_and_nothing_else(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    done = hongbao("run", BASELINE, *SMALL, "--format", "json")
    assert json.loads(done.stdout) == json.loads((tmp_path / "outputs" / "baseline" / "summary.json").read_text())
    rows = list(csv.DictReader(io.StringIO(hongbao("run", BASELINE, *SMALL, "--format", "csv").stdout)))
    assert {row["metric"] for row in rows} >= set(experiments.MAIN)
    arguments = ("compare", BASELINE, FEE, *SMALL, "--replicates", 2, "--jobs", 1, "--out", "here")
    assert json.loads(hongbao(*arguments, "--format", "json").stdout)["baseline"] == "baseline"
    rows = list(csv.DictReader(io.StringIO(hongbao(*arguments, "--format", "csv", "--force").stdout)))
    assert {row["scenario"] for row in rows} == {"baseline", "payment_fee"}


def test_a_day_is_printed_phase_by_phase(hongbao: Callable[..., Result]) -> None:
    done = hongbao("day", "--format", "json")
    phases = json.loads(done.stdout)
    assert len(phases) == len(DAY)
    assert phases[0]["phase"] == "events.take_events"
    assert all(phase["what happens"] for phase in phases)
    assert "clock.begin_day" in hongbao("day").stdout


def test_parameters_lists_every_setting_with_its_value_in_the_scenario(hongbao: Callable[..., Result]) -> None:
    found = {it["name"]: it for it in json.loads(hongbao("parameters", FEE, "--format", "json").stdout)}
    assert found["wallet.payer_fee"]["value"] == 0.01
    assert found["wallet.payer_fee"]["origin"] == "decided"
    default = {row["name"]: row for row in csv.DictReader(io.StringIO(hongbao("parameters", "--format", "csv").stdout))}
    assert float(default["wallet.payer_fee"]["value"]) == 0
    assert found.keys() == default.keys()
    assert "wallet.payer_fee" in hongbao("parameters").stdout


def test_the_schema_describes_a_scenario_file(hongbao: Callable[..., Result]) -> None:
    described = json.loads(hongbao("schema").stdout)
    assert {"title", "extends", "run", "wallet", "events"} <= set(described["properties"])
    assert "name" not in described["properties"]
    assert described["additionalProperties"] is False


def test_bench_says_what_was_measured(hongbao: Callable[..., Result]) -> None:
    done = hongbao("bench", "--users", "500,1_000", "--days", 2, "--no-starts", "--no-twin", "--format", "json")
    assert done.exit_code == 0, done.stderr
    first, second = json.loads(done.stdout)["paces"]
    assert (first["users"], second["users"], first["days"]) == (500, 1000, 2)
    assert 0 < first["awake_share"] <= 1
    assert first["messages"] > 0
    assert first["user_days_a_second"] > 0
    assert first["bytes_a_person"] > 0
    assert len(first["phases"]) == len(DAY)
    assert "awake share" in hongbao("bench", "--users", "500", "--days", 1, "--no-starts", "--no-twin").stdout


def test_a_report_is_written_again(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    hongbao("run", BASELINE, *SMALL, "--out", "here")
    page = tmp_path / "here" / "report.html"
    page.unlink()
    done = hongbao("report", "here")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == str(Path("here", "report.html"))
    assert page.exists()


BY_HAND = "set by hand: advertising.nuisance = 0.14; clock.payday = 5"


def test_what_was_set_by_hand_heads_every_table_and_page(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    """Breaks if --set changes the numbers without a word beside them."""
    by_hand = ("--set", "advertising.nuisance=0.14", "--set", "clock.payday=5", "--jobs", "1")
    done = hongbao("compare", BASELINE, FEE, *SMALL, *by_hand, "--replicates", "2", "--out", "c")
    assert BY_HAND in done.stdout.splitlines(), done.stdout
    expected = {"advertising.nuisance": 0.14, "clock.payday": 5}
    assert json.loads(Path("c/manifest.json").read_text())["set_by_hand"] == dict.fromkeys(
        ("baseline", "payment_fee"), expected
    )
    hongbao("report", "c")
    run = hongbao("run", BASELINE, *SMALL, *by_hand[:-2], "--out", "r", "--format", "json")
    assert BY_HAND in run.stderr, "what a machine reads stays as it was, and it is said beside it"
    assert json.loads(run.stdout)
    assert json.loads(Path("r/manifest.json").read_text())["set_by_hand"] == expected
    plan = f'scenarios = ["{BASELINE}"]\nseeds = 1\nusers = 300\ndays = 2\n[set]\n'
    plan += '"advertising.nuisance" = 0.14\n"clock.payday" = 5\n[factors]\n"wallet.payer_fee" = [0.0]\n'
    swept = hongbao("sweep", write(tmp_path / "plan.toml", plan), "--jobs", "1", "--out", "s")
    assert BY_HAND in swept.stdout.splitlines(), swept.stdout
    assert BY_HAND in hongbao("sweep", "plan.toml", "--dry-run", "--out", "other").stdout.splitlines()
    for folder in ("c", "r", "s"):
        head = Path(folder, "report.html").read_text(encoding="utf-8").split("</header>")[0]
        assert f'<p class="by-hand">S{BY_HAND[1:]}.</p>' in head, folder


def test_one_seed_claims_neither_an_interval_nor_a_best(hongbao: Callable[..., Result]) -> None:
    done = hongbao("compare", BASELINE, FEE, *SMALL, "--replicates", "1", "--jobs", "1")
    assert done.exit_code == 0, done.stderr
    assert "one seed" in done.stdout
    assert "95 %" not in done.stdout
    assert "is best" not in done.stdout


@pytest.mark.parametrize("wide", [20, 60, 66, 70, 71, 72, 80, 100])
def test_a_narrow_terminal_breaks_lines_but_never_a_number(
    wide: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is lost, the last column neither; breaks if widths are left to whoever draws the table."""
    monkeypatch.setattr(screen, "PIPE_WIDTH", wide)
    row = {"metric": "revenue.total, CNY", "scenario": "subscription", "mean": "−70,670", "against shops": "+1.33 m"}
    row |= {"95 % interval": "+1.307 m to +1.347 m", "is best": "over 99\N{NO-BREAK SPACE}%"}
    screen.show([row], "table")
    screen.show([row | {"meaning": "what came in " * 5}], "table")
    said = capsys.readouterr().out
    assert "…" not in said
    for whole in ("revenue.total,", "subscription", "−70,670", "+1.33", "+1.307", "+1.347", "99\N{NO-BREAK SPACE}%"):
        assert said.count(whole) == 2, whole
    for word in ("metric", "scenario", "against", "interval", "best"):
        assert word in said or wide < 70, word
    assert max(map(len, said.splitlines())) <= max(wide, 30)


@pytest.mark.parametrize("wide", [60, 80])
def test_all_settings_fit_a_terminal(
    hongbao: Callable[..., Result], wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "PIPE_WIDTH", wide)
    said = hongbao("parameters").stdout
    assert "users.privacy_concern" in said
    assert max(map(len, said.splitlines()[1:])) <= wide + 20, "no line is longer, but for a name or an address"


def test_a_plan_is_no_scenario_nor_a_scenario_a_plan(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(f'scenarios = ["{BASELINE}"]\n')
    for command in ("run", "compare"):
        done = hongbao(command, plan)
        assert done.exit_code == 2
        assert f"hongbao sweep {plan}" in done.stderr
    done = hongbao("sweep", FEE)
    assert done.exit_code == 2
    assert "a scenario, not a plan" in done.stderr


@pytest.mark.parametrize("command", ["run", "compare", "report"])
def test_a_full_disk_is_told_with_the_file(
    command: str, hongbao: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    if command == "report":
        hongbao("run", BASELINE, *SMALL, "--out", "here")

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    how = {
        "run": (BASELINE, *SMALL, "--out", "here"),
        "compare": (BASELINE, FEE, *SMALL, "--replicates", "1", "--jobs", "1", "--out", "here"),
        "report": ("here",),
    }
    done = hongbao(command, *how[command])
    assert done.exit_code == 1
    assert re.search(r"no room on the disk for here/\S+: make room", done.stderr), done.stderr
    assert ".part" not in done.stderr


def test_one_day_is_one_day(hongbao: Callable[..., Result]) -> None:
    assert "1 day, seed 1" in hongbao("run", BASELINE, "--users", "60", "--days", "1").stdout


def test_progress_is_told_on_stderr_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screen, "SAY_EVERY", 0.0)
    with screen.progress("day") as told:
        told(1, 4)
        told(2, 4)
    said = capsys.readouterr()
    assert re.search(r"day 2 of 4, \d+:\d\d:\d\d left", said.err)
    assert not said.out


# settings from the command line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("wallet.payer_fee=0.01", 0.01),
        ("stickers.on = true", True),
        ("run.users=1_000", 1000),
        ("run.start=2016-01-01", "2016-01-01"),
        ('run.start="2016-01-01"', "2016-01-01"),
        ("friends.kind=everyone", "everyone"),
        ("users.age_shares=[0.5, 0.5]", [0.5, 0.5]),
        ("wallet.payer_fee=a=b", "a=b"),
        ("wallet.payer_fee=1\nx = 2", "1\nx = 2"),
        ("friends.file=", ""),
    ],
)
def test_a_value_is_toml_else_text(text: str, value: Any) -> None:
    found = Setting().convert(text, None, None)[1]
    assert found == value
    assert type(found) is type(value)


def test_a_file_on_the_command_line_is_found_from_where_we_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Setting().convert("friends.file=a/b.txt", None, None)[1] == str(tmp_path.resolve() / "a" / "b.txt")
    assert Setting().convert(f"friends.file={tmp_path}/c", None, None)[1] == str(tmp_path.resolve() / "c")


def test_options_win_over_the_file_and_over_set(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    done = hongbao("run", FEE, "--set", "run.users=9999", *SMALL, "--seed", 7, "--set", "wallet.payer_fee=0.02")
    assert done.exit_code == 0, done.stderr
    resolved = (tmp_path / "outputs" / "payment_fee" / "scenario.toml").read_text()
    for line in ("users = 300", "days = 4", "seed = 7", "payer_fee = 0.02"):
        assert line in resolved


def test_a_network_that_is_read_says_how_many_people_there_are(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    ties = "\n".join(f"{a} {b}" for a, b in networkx.watts_strogatz_graph(150, 6, 0.1, seed=1).edges)
    write(tmp_path / "ties.txt", ties)
    network = ("--set", "friends.file=ties.txt", "--days", 3)
    done = hongbao("compare", BASELINE, FEE, *network, "--replicates", 2, "--jobs", 1, "--out", "here")
    assert done.exit_code == 0, done.stderr
    assert Comparison.load(tmp_path / "here").manifest["users"] == 150
    refused = hongbao("run", BASELINE, *network, "--users", 151, "--out", "there")
    assert refused.exit_code == 2
    assert "150" in refused.stderr
    assert not (tmp_path / "there").exists()


def test_an_interval_that_was_waited_for_is_said_to_cover_less(hongbao: Callable[..., Result]) -> None:
    said = " ".join(hongbao("compare", "--help").stdout.split())
    assert "4 at least" in said
    assert "a little less than 95 %" in said
    done = hongbao("compare", BASELINE, FEE, *SMALL, "--precision", 10, "--jobs", 1)
    assert done.exit_code == 0, done.stderr
    assert "8 seeds" in done.stdout
    assert "intervals were waited for, so cover a little less than 95 %" in done.stdout


# bad input


BAD = {
    "unknown scenario": (["run", "basline.toml"], "basline.toml"),
    "unknown scenario to compare": (["compare", BASELINE, "nowhere/fee.toml"], "fee.toml"),
    "unknown key": (["run", BASELINE, "--set", "wallet.payer_fe=0.01"], "payer_fee"),
    "unknown section": (["run", BASELINE, "--set", "walet.payer_fee=0.01"], "wallet"),
    "no section": (["run", BASELINE, "--set", "payer_fee=0.01"], "section.key=value"),
    "no value": (["run", BASELINE, "--set", "wallet.payer_fee"], "section.key=value"),
    "wrong type": (["run", BASELINE, "--set", "wallet.payer_fee=much"], "wallet.payer_fee"),
    "out of range": (["run", BASELINE, "--set", "wallet.payer_fee=1.5"], "wallet.payer_fee"),
    "more than 64 bits": (["run", BASELINE, "--set", "wallet.keeps=100000000000000000000000"], "10000000000"),
    "more than cents can be": (["run", BASELINE, "--set", "company.capital=1000000000000000000"], "10000000000"),
    "a price like no other": (["run", BASELINE, "--set", "stickers.price=100000000000000000000"], "10000000000"),
    "a packet like no other": (["run", BASELINE, "--set", "lucky_money.packet=1e300"], "10000000000"),
    "fewer people than friends": (["run", BASELINE, "--users", "10"], "friends.degree"),
    "fewer people than friends to compare": (["compare", BASELINE, FEE, "--users", "10"], "friends.degree"),
    "zero users": (["run", BASELINE, "--users", "0"], "run.users"),
    "negative days": (["run", BASELINE, "--days=-3"], "run.days"),
    "too large a world": (["run", BASELINE, "--users", "400_000_000"], "memory"),
    "one scenario": (["compare", BASELINE], "at least two"),
    "two answers": (["compare", BASELINE, FEE, "--replicates", "2", "--precision", "0.1"], "precision"),
    "no replicates": (["compare", BASELINE, FEE, "--replicates", "0"], "replicates"),
    "missing network": (["run", BASELINE, "--set", "friends.file=nowhere.txt"], "nowhere.txt"),
    "no such folder": (["report", "nowhere"], "nowhere"),
    "no scenarios here": (["magnitudes"], "--folder"),
    "a folder as a scenario": (["run", "."], "one file"),
    "a folder as a plan": (["sweep", "."], "one file"),
    "no sizes": (["bench", "--users", "many"], "many"),
    "unknown format": (["day", "--format", "xml"], "json"),
    "no command": (["no-such-thing"], "no-such-thing"),
}


@pytest.mark.parametrize(("arguments", "said"), BAD.values(), ids=BAD)
def test_bad_input_is_told_plainly_and_leaves_nothing(
    hongbao: Callable[..., Result], tmp_path: Path, arguments: list[str], said: str
) -> None:
    if arguments[0] in ("run", "compare"):
        arguments = [*arguments, "--out", "here"]
    done = hongbao(*arguments)
    assert done.exit_code == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert not done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [(["comparee", BASELINE], "compare"), (["run", BASELINE, "--user", "5"], "--users"), (["parametrs"], "parameters")],
)
def test_the_nearest_command_or_option_is_named(
    hongbao: Callable[..., Result], arguments: list[str], nearest: str
) -> None:
    done = hongbao(*arguments)
    assert done.exit_code == 2
    assert "Did you mean" in done.stderr
    assert f"'{nearest}'" in done.stderr


def test_the_nearest_scenario_is_named(hongbao: Callable[..., Result]) -> None:
    done = hongbao("run", ROOT / "scenarios" / "baselin.toml")
    assert done.exit_code == 2
    assert "baseline.toml" in done.stderr


def test_bad_input_leaves_an_earlier_result_as_it_was(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    hongbao("run", BASELINE, *SMALL, "--out", "here")
    before = {path: path.read_bytes() for path in (tmp_path / "here").iterdir()}
    assert hongbao("run", BASELINE, "--set", "wallet.payer_fe=1", "--out", "here").exit_code == 2
    assert {path: path.read_bytes() for path in (tmp_path / "here").iterdir()} == before


def test_scenarios_that_assume_different_things_are_told(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    write(tmp_path / "one.toml", 'title = "One"\n')
    write(tmp_path / "other.toml", 'title = "Other"\nextends = "one.toml"\n[users]\nprivacy_concern = 0.5\n')
    done = hongbao("compare", "one.toml", "other.toml", *SMALL, "--replicates", 2, "--jobs", 1)
    assert done.exit_code == 0, done.stderr
    assert "not a fair comparison" in done.stderr
    assert "users.privacy_concern" in done.stderr
    assert "0.5 in other" in done.stderr


# failing


def _break_the_law(world: World) -> None:
    raise ModelError("day 0, wallet.step: the books are out by 7 cents")


def test_a_broken_law_is_one_line_and_exit_1(
    hongbao: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "step", _break_the_law)
    done = hongbao("run", BASELINE, *SMALL, "--out", "here")
    assert done.exit_code == 1
    assert done.stderr.strip() == "hongbao: day 0, wallet.step: the books are out by 7 cents"
    assert not (tmp_path / "here" / "manifest.json").exists()
    told = hongbao("run", BASELINE, *SMALL, "--out", "here", "--debug")
    assert told.exit_code == 1
    assert isinstance(told.exception, ModelError), "--debug lets the traceback through"


def test_a_mistake_of_ours_keeps_its_traceback(hongbao: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "step", lambda world: 1 / 0)
    assert isinstance(hongbao("run", BASELINE, *SMALL).exception, ZeroDivisionError)


# as another process


def test_without_a_terminal_stdout_is_only_the_answer(tmp_path: Path) -> None:
    done = process("run", BASELINE, *SMALL, "--format", "json", folder=tmp_path, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ledger.imbalance"] == 0
    assert "\x1b" not in done.stdout + done.stderr, "no colours where there is no terminal"


def test_letters_the_terminal_lacks_do_no_harm(tmp_path: Path) -> None:
    plain = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "sim", "compare", BASELINE, FEE, *SMALL, "--replicates", "2", "--jobs", "1"],
        cwd=tmp_path, env=plain, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"against baseline" in done.stdout
    assert re.search(rb" -\d", done.stdout), "a minus sign is spelled in letters that there are"
    assert b"?" not in done.stdout


def test_a_reader_who_leaves_early_sees_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sim", "parameters", "--format", "json"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read() == b""


def test_exit_codes_reach_the_shell(tmp_path: Path) -> None:
    assert process("--version", folder=tmp_path).stdout.strip() == f"hongbao, version {__version__}"
    refused = process("run", BASELINE, "--set", "wallet.payer_fe=1", folder=tmp_path)
    assert refused.returncode == 2
    assert not refused.stdout
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_help_is_there_at_once(tmp_path: Path) -> None:
    """Of every command, in a Python that has loaded none of what it takes long to load."""
    code = textwrap.dedent("""
        import json, sys
        from click.testing import CliRunner
        from sim import cli
        codes = {name: CliRunner().invoke(cli.hongbao, [name, "--help"]).exit_code for name in cli.hongbao.commands}
        heavy = [name for name in sys.modules if name in ("numpy", "numba", "pandas", "mesa")]
        print(json.dumps([codes, heavy]))
    """)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    codes, heavy = json.loads(done.stdout)
    assert codes == dict.fromkeys(cli.hongbao.commands, 0)
    assert heavy == []
    assert process("--help", folder=tmp_path).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal there")
def test_ctrl_c_while_an_object_is_freed_is_heard() -> None:
    class Freed:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)  # Python drops what is raised here

    with pytest.raises(KeyboardInterrupt), errors.catch_sigterm():  # noqa: PT012
        Freed()
        time.sleep(30)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal there")
@pytest.mark.parametrize(("jobs", "later"), [(1, 0.0), (2, 0.0), (2, 1.5)])
def test_ctrl_c_leaves_whole_files_and_exit_130(tmp_path: Path, jobs: int, later: float) -> None:
    """Also while workers are still starting Python or loading the model, which would say so in Python's own words."""
    arguments = ["compare", BASELINE, FEE, "--users", "2000", "--days", "3000", "--jobs", str(jobs), "--out", "here"]
    with subprocess.Popen(
        [sys.executable, "-m", "sim", *arguments],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, text=True,
    ) as running:  # fmt: skip
        deadline = time.monotonic() + 60
        while not list(tmp_path.rglob("*.friends")) and time.monotonic() < deadline:  # until the first run begins
            time.sleep(0.05)
        time.sleep(later)
        os.killpg(running.pid, signal.SIGINT)  # a terminal tells every process of the command
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not out
    assert not [path for path in tmp_path.rglob("*") if ".part" in path.name]
    assert not (tmp_path / "here" / "manifest.json").exists()


def test_help_and_the_day_are_there_when_python_drops_docstrings(tmp_path: Path) -> None:
    def told(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-OO", "-m", "sim", *arguments], cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=True,
        ).stdout  # fmt: skip

    assert "Compare SCENARIOS on the same people" in told("--help")
    assert "Finished runs are kept" in told("sweep", "--help")
    assert all(phase["what happens"] for phase in json.loads(told("day", "--format", "json")))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_an_output_without_room_is_no_file_without_room(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sim", "day"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode != 0
    assert "standard output: No space left" in done.stderr
    assert "--out" not in done.stderr
    assert "Traceback" not in done.stderr
