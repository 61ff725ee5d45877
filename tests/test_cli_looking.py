"""The command, for whoever looks: scenarios by name, lists to search, values with units, files written from flags."""

import csv
import io
import json
import tomllib
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim import cli
from sim.cli.amounts import in_units
from sim.engine.settings import BadInput
from sim.experiments.plan import Plan
from sim.ground import packaged
from sim.scenario import Scenario

ROOT = Path(__file__).parents[1]
SMALL = ("--users", "100", "--days", "2")


@pytest.fixture
def hongbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command in a folder of its own, in this process."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def run(*arguments: Any) -> Result:
        return runner.invoke(cli.hongbao, [str(argument) for argument in arguments], prog_name="hongbao")

    return run


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# scenarios by name


def test_a_scenario_of_ours_is_found_by_name_from_anywhere(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    done = hongbao("run", "commission", *SMALL)
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "outputs" / "commission" / "summary.json").exists()
    ours = Scenario.load(ROOT / "scenarios" / "commission.toml")
    assert Scenario.load("commission").digest() == Scenario.load("hongbao:commission").digest() == ours.digest()


def test_scenarios_of_ours_are_compared_by_name_beside_a_file(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    write(tmp_path / "mine.toml", 'extends = "hongbao:shops"\ntitle = "Mine"\n[shopping]\ncommission = 0.07\n')
    done = hongbao("compare", "shops", "mine.toml", "--rival", "commission", *SMALL, "--replicates", 1, "--jobs", 1)
    assert done.exit_code == 0, done.stderr
    resolved = tomllib.loads((tmp_path / "outputs/shops-mine/runs/mine/1/scenario.toml").read_text())
    assert resolved["shopping"]["on"] is True
    assert resolved["shopping"]["commission"] == 0.07
    assert resolved["rival"]["commission"] == Scenario.load("commission").shopping.commission


def test_a_file_or_folder_of_exactly_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "shops.toml", 'title = "Own shops"\n')
    assert Scenario.load("shops.toml").title == "Own shops"
    assert Scenario.load("./shops.toml").title == "Own shops"
    assert Scenario.load("shops").title == "Shops in threads, free of charge"
    write(tmp_path / "shops", 'title = "A file without an ending"\n')
    assert Scenario.load("shops").title == "A file without an ending"
    assert Scenario.load("hongbao:shops").title == "Shops in threads, free of charge"


@pytest.mark.parametrize("given", ["comission", "hongbao:comission"])
def test_a_wrong_name_gets_the_nearest_right_one(hongbao: Callable[..., Result], given: str, tmp_path: Path) -> None:
    done = hongbao("run", given)
    assert done.exit_code == 2
    assert "did you mean 'commission'?" in done.stderr
    assert not list(tmp_path.iterdir())
    write(tmp_path / "mine.toml", f'extends = "{given}"\n')
    assert f"mine.toml: extends = '{given}'" in hongbao("run", "mine.toml").stderr
    assert "'mine.toml'" in hongbao("run", "mine").stderr, "a file beside may be meant too"
    assert "`hongbao scenarios` lists them" in hongbao("run", "qqqq").stderr


def test_a_missing_file_that_has_the_name_of_one_of_ours_is_told_so(hongbao: Callable[..., Result]) -> None:
    assert "'hongbao:shops' comes with hongbao" in hongbao("run", "shops.toml").stderr


def test_one_of_ours_may_not_be_left_by_a_path(tmp_path: Path) -> None:
    """`hongbao:` names files of one folder, so it is no way around the rule of what may be extended."""
    for base in ("hongbao:../pyproject", "hongbao:plans/ad_load", "hongbao:shops.toml", "../scenarios/shops.toml"):
        with pytest.raises(BadInput, match="extends"):
            Scenario.load(write(tmp_path / "mine.toml", f'extends = "{base}"\n'))


def test_a_plan_and_a_rival_take_names_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = write(tmp_path / "plan.toml", 'scenarios = ["hongbao:shops", "commission"]\nseeds = 1\n')
    assert [scenario.name for scenario in Plan.load(plan).scenarios] == ["shops", "commission"]
    rival = write(tmp_path / "rival.toml", '[rival]\nstrategy = "hongbao:commission"\n')
    assert Scenario.load(rival).rival.commission == Scenario.load("commission").shopping.commission


def test_all_scenarios_of_ours_are_listed_a_line_each(hongbao: Callable[..., Result]) -> None:
    rows = {row["name"]: row for row in json.loads(hongbao("scenarios", "--format", "json").stdout)}
    assert list(rows) == packaged.names() == sorted(file.stem for file in (ROOT / "scenarios").glob("*.toml"))
    assert rows["commission"]["title"] == Scenario.load("commission").title
    assert "shopping" in rows["commission"]["services on"]
    assert rows["baseline"]["services on"] == ""
    assert rows["lucky_money"]["services on"] == "no lucky_money"
    assert "later shopping, brands" in rows["decade"]["services on"]
    said = hongbao("scenarios").stdout
    assert all(name in said for name in rows)
    assert list(csv.DictReader(io.StringIO(hongbao("scenarios", "--format", "csv").stdout)))


# lists to search


def test_settings_are_searched_by_word_and_by_who_sets_them(hongbao: Callable[..., Result]) -> None:
    def names(*arguments: str) -> set[str]:
        return {row["name"] for row in json.loads(hongbao("parameters", *arguments, "--format", "json").stdout)}

    everything = names()
    decided, assumed = names("--decided"), names("--assumed")
    assert decided | assumed == everything
    assert not decided & assumed
    assert "shopping.commission" in decided
    found = names("--grep", "ADVERTS", "--decided")
    assert {"advertising.discovery_slots", "company.adverts_use"} <= found < decided, "a plural finds its stem too"
    meanings = {it.name: it.meaning for it in Scenario().parameters()}
    assert all("advert" in (name + meanings[name]).lower() for name in found)
    assert names("--grep", r"^wallet\.pay(er|ee)_fee$") == {"wallet.payer_fee", "wallet.payee_fee"}


def test_metrics_are_listed_with_what_they_mean_and_searched(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    hongbao("run", "baseline", *SMALL)
    rows = {row["name"]: row for row in json.loads(hongbao("metrics", "--format", "json").stdout)}
    assert set(rows) == set(json.loads((tmp_path / "outputs/baseline/summary.json").read_text())), "all, and no others"
    about = rows["users.daily"]
    assert (about["unit"], about["kind"], about["better"]) == ("people", "stock", "more")
    assert about["meaning"]
    some = list(csv.DictReader(io.StringIO(hongbao("metrics", "--grep", "welfare", "--format", "csv").stdout)))
    assert {"welfare.users", "welfare.total"} <= {row["name"] for row in some} < set(rows)
    assert "welfare.users" in hongbao("metrics", "--grep", "welfare").stdout


@pytest.mark.parametrize("command", ["parameters", "metrics"])
def test_a_search_that_finds_nothing_fails_as_grep_does(hongbao: Callable[..., Result], command: str) -> None:
    done = hongbao(command, "--grep", "welfaer" if command == "metrics" else "advertisnig", "--format", "json")
    assert done.exit_code == 1
    assert "did you mean 'welfare" in done.stderr or "did you mean 'advertising" in done.stderr
    assert not done.stdout
    wrong = hongbao(command, "--grep", "(")
    assert wrong.exit_code == 2
    assert "no regular expression" in wrong.stderr


# values with units


def run_settings(hongbao: Callable[..., Result], *changes: str) -> dict[str, Any]:
    """What applied in a run with these settings."""
    sets = [part for change in changes for part in ("--set", change)]
    done = hongbao("run", "commission", *SMALL, *sets, "--out", "here", "--force", "--format", "json")
    assert done.exit_code == 0, done.stderr
    return tomllib.loads(Path("here/scenario.toml").read_text())


def test_a_value_may_have_the_unit_that_people_say(hongbao: Callable[..., Result]) -> None:
    changed = (
        "shopping.commission=7%",
        "stickers.price=0.9 CNY",
        "subscriptions.price=12CNY",
        "support.price= 500 cents",
    )
    found = run_settings(hongbao, *changed)
    assert found["shopping"]["commission"] == 0.07
    assert found["stickers"]["price"] == 90
    assert found["subscriptions"]["price"] == 1200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("stickers.price=10%", "stickers.price = '10%': its unit is cents, so that 90 or '0.9 CNY' will do"),
        ("shopping.commission=0.9 CNY", "its unit is share, so that 0.1 or 10% will do"),
        ("stickers.price=0.905 CNY", "they are whole: this is 90.5"),
        ("run.days=3 weeks", "its unit is days"),
        ("shopping.commission=110%", "shopping.commission = 1.1"),
        ("friends.kind=10%", "friends.kind = '10%'"),
    ],
)
def test_a_unit_that_does_not_fit_is_told_with_the_one_that_does(
    hongbao: Callable[..., Result], change: str, said: str, tmp_path: Path
) -> None:
    done = hongbao("run", "commission", "--set", change)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_each_unit_counts_as_much_as_it_is() -> None:
    given = {"wallet.payer_fee": "2.5 %", "lucky_money.packet": "1_000 CNY", "run.days": "30 days", "title": "9 CNY"}
    found = in_units(given)
    assert found == {"wallet.payer_fee": 0.025, "lucky_money.packet": 100_000, "run.days": 30, "title": "9 CNY"}
    assert type(found["run.days"]) is int


def test_a_sweep_takes_settings_beside_those_of_its_plan(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    plan = 'scenarios = ["hongbao:commission"]\nseeds = 1\nusers = 100\ndays = 2\n[set]\n"wallet.payer_fee" = 0.01\n'
    write(tmp_path / "plan.toml", plan + '[factors]\n"wallet.payee_fee" = [0.0, 0.01]\n')
    done = hongbao("sweep", "plan.toml", "--dry-run", "--set", "shopping.commission=7%")
    assert done.exit_code == 0, done.stderr
    assert "set by hand: wallet.payer_fee = 0.01; shopping.commission = 0.07" in done.stdout
    chosen = Plan.load(tmp_path / "plan.toml", {"set": {"wallet.payer_fee": 0.02}}).scenarios[0]
    assert chosen.wallet.payer_fee == 0.02, "the command wins over the plan"
    held = hongbao("sweep", "plan.toml", "--set", "wallet.payee_fee=2%")
    assert held.exit_code == 2
    assert "`set` holds it still" in held.stderr
    wrong = hongbao("sweep", "plan.toml", "--set", "shopping.comission=0.1")
    assert wrong.exit_code == 2
    assert "did you mean 'commission'" in wrong.stderr
    assert not (tmp_path / "outputs").exists()


# what differs


def test_two_scenarios_are_told_apart_by_their_settings(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    mine = 'extends = "hongbao:shops"\n[shopping]\ncommission = 0.07\n[users]\nprivacy_concern = 0.5\n'
    write(tmp_path / "mine.toml", mine + '[[events]]\nday = 9\nhappen = "breach"\n')
    found = json.loads(hongbao("diff", "shops", "mine.toml", "--format", "json").stdout)
    rows = {row["name"]: row for row in found["settings"]}
    usual = Scenario.load("shops").users.privacy_concern
    assert rows == {
        "shopping.commission": {"name": "shopping.commission", "shops": 0.0, "mine": 0.07, "origin": "decided"},
        "users.privacy_concern": {
            "name": "users.privacy_concern", "shops": usual, "mine": 0.5, "origin": "assumed",
        },
        "day 9: happen": {"name": "day 9: happen", "shops": None, "mine": "breach", "origin": "event"},
    }  # fmt: skip
    assert found["metrics"] == []
    assert "3 settings differ" in hongbao("diff", "shops", "mine.toml").stdout
    assert "every setting is the same" in hongbao("diff", "shops", "hongbao:shops").stdout
    assert hongbao("diff", "shops", "shops", "--format", "csv").stdout == ""


def test_two_runs_are_told_apart_by_their_metrics_too(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    hongbao("run", "baseline", *SMALL, "--out", "a")
    hongbao("run", "payment_fee", *SMALL, "--out", "b", "--seed", 2)
    done = hongbao("diff", "a", "b", "--format", "json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert {row["name"] for row in found["settings"]} >= {"run.seed", "wallet.payer_fee"}
    a, b = (json.loads((tmp_path / name / "summary.json").read_text()) for name in "ab")
    assert {row["metric"] for row in found["metrics"]} == {name for name in a if a[name] != b[name]}
    apart = [abs(row["apart"]) for row in found["metrics"]]
    assert apart == sorted(apart, reverse=True)
    fee = next(row for row in found["metrics"] if row["metric"] == "revenue.total")
    assert (fee["one"], fee["other"], fee["apart"]) == (a["revenue.total"], b["revenue.total"], 2.0)
    assert "seeds 1 and 2" in done.stderr
    assert "metrics differ" in hongbao("diff", "a", "b").stdout
    assert "metrics" not in hongbao("diff", "a", "payment_fee").stdout, "one of the two has none"


def test_comparisons_are_told_apart_scenario_by_scenario(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    for out, fee in (("a", "0.01"), ("b", "0.02")):
        write(tmp_path / "mine.toml", f"[wallet]\npayer_fee = {fee}\n")
        hongbao("compare", "baseline", "mine.toml", *SMALL, "--replicates", 1, "--jobs", 1, "--out", out)
    rows = json.loads(hongbao("diff", "a", "b", "--format", "json").stdout)["settings"]
    fee = {"scenario": "mine", "name": "wallet.payer_fee", "one": 0.01, "other": 0.02, "origin": "decided"}
    assert rows == [fee]
    beside = json.loads(hongbao("diff", "a", "payment_fee", "--format", "json").stdout)["settings"]
    assert {row["scenario"] for row in beside} == {"baseline and payment_fee", "mine and payment_fee"}


def test_what_is_no_result_is_refused(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = hongbao("diff", "shops", "empty")
    assert done.exit_code == 2
    assert "empty holds no result: diff takes scenarios" in done.stderr


# a scenario from flags


def test_a_scenario_is_written_from_flags_and_says_only_what_differs(
    hongbao: Callable[..., Result], tmp_path: Path
) -> None:
    done = hongbao(
        "new", "cheap", "--from", "promotion", "--set", "promotion.weight=30%", "--set", "stickers.on=true",
        "--set", "stickers.price=0.9 CNY", "--event", "180:promotion.disclosed=false", "--event", "90:breach",
        "--event", "200:stickers.price=1.2 CNY",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip() == "cheap.toml"
    said = tomllib.loads((tmp_path / "cheap.toml").read_text())
    assert said["extends"] == "hongbao:promotion"
    assert said["promotion"] == {"weight": 0.3}
    assert said["stickers"] == {"on": True, "price": 90}
    assert said["events"] == [
        {"day": 180, "set": {"promotion.disclosed": False}},
        {"day": 90, "happen": "breach"},
        {"day": 200, "set": {"stickers.price": 120}},
    ]
    assert said["levers"] == {"promotion.disclosed": False}, "an event sets it, so no search may move it"
    assert hongbao("run", "cheap.toml", *SMALL).exit_code == 0


def test_a_new_scenario_keeps_the_events_of_the_one_it_extends(hongbao: Callable[..., Result], tmp_path: Path) -> None:
    assert hongbao("new", "later.toml", "--from", "decade", "--event", "9:outage", "--title", "Later").exit_code == 0
    base, later = Scenario.load("decade"), Scenario.load(tmp_path / "later.toml")
    assert later.events[:-1] == base.events
    assert (later.events[-1].day, later.events[-1].happen, later.title) == (9, "outage", "Later")
    assert hongbao("new", "below.toml", "--from", "later.toml", "--set", "wallet.payer_fee=1%").exit_code == 0
    assert tomllib.loads((tmp_path / "below.toml").read_text())["extends"] == "later.toml"
    assert Scenario.load("below.toml").events == later.events


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "taken"], "taken.toml is there already"),
        (["new", "mine", "--set", "shopping.comission=0.1"], "did you mean 'commission'"),
        (["new", "mine", "--set", "stickers.price=10%"], "its unit is cents"),
        (["new", "mine", "--event", "9:breech"], "happen = 'breech'"),
        (["new", "mine", "--event", "soon:breach"], "not of the form DAY:section.key=value"),
        (["new", "mine", "--event", "9:run.users=10"], "cannot change"),
        (["new", "mine", "--from", "shps"], "did you mean 'shops'"),
        (["new", "below/mine", "--from", "taken.toml"], "can only extend what lies in its folder"),
    ],
)
def test_a_scenario_that_is_wrong_is_not_written(
    hongbao: Callable[..., Result], arguments: list[str], said: str, tmp_path: Path
) -> None:
    write(tmp_path / "taken.toml", 'title = "Somebody\'s"\n')
    done = hongbao(*arguments)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["taken.toml"]
    assert (tmp_path / "taken.toml").read_text() == 'title = "Somebody\'s"\n'


# the report in a browser


def test_a_report_is_shown_where_that_is_asked_for(
    hongbao: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def show(url: str) -> bool:
        shown.append(url)
        return len(shown) < 4

    monkeypatch.setattr(webbrowser, "open", show)
    write(tmp_path / "plan.toml", 'scenarios = ["hongbao:baseline"]\nseeds = 1\nusers = 100\ndays = 2\n')
    for arguments in (
        ("run", "baseline", *SMALL, "--out", "a"),
        ("compare", "baseline", "payment_fee", *SMALL, "--replicates", 1, "--jobs", 1, "--out", "b"),
        ("sweep", "plan.toml", "--jobs", 1, "--out", "c"),
    ):
        done = hongbao(*arguments, "--open")
        assert done.exit_code == 0, done.stderr
        assert "no browser" not in done.stderr
    assert shown == [(tmp_path / folder / "report.html").as_uri() for folder in "abc"]
    assert hongbao("report", "a").exit_code == 0
    assert len(shown) == 3, "and nowhere else"
    assert "there is no browser to show a/report.html in" in hongbao("report", "a", "--open").stderr


def test_a_quiet_command_says_its_answer_and_its_errors_and_no_more(hongbao: Callable[..., Result]) -> None:
    loud = hongbao("run", "baseline", *SMALL, "--set", "rides.commission=10%", "--out", "a")
    assert "moves nothing" in loud.stderr
    assert "the report is" in loud.stderr
    done = hongbao("run", "baseline", *SMALL, "--set", "rides.commission=10%", "--out", "b", "-q")
    assert done.exit_code == 0
    assert done.stderr == ""
    assert done.stdout == loud.stdout
    assert "walet" in hongbao("run", "baseline", "--set", "walet.payer_fee=1%", "-q").stderr
