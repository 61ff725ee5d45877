"""Tests tried out: each design beside the truth, the same for any jobs, gone on with, and refused where it says nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from sim import report
from sim.cli import hongbao
from sim.engine.settings import BadInput
from sim.experiments import many
from sim.experiments.abtest import abtest
from sim.experiments.designs import Design, Treatment, Whole, unit_of
from sim.experiments.run import run
from sim.ground.metrics import flow, ratio, stock
from sim.people.experiment import OUTCOMES
from sim.report.abtest_page import called
from sim.results.abtests import ABTest
from sim.scenario import Scenario

SMALL = {"users": 150, "days": 12, "seed": 5}
LOAD = {"advertising.discovery_slots": 8.0}
ADVERTS = {"on": True, "discovery_slots": 1.0}


def scenario(**sections: Any) -> Scenario:
    found = Scenario.make(**({"run": SMALL, "advertising": ADVERTS, "rival": {"on": False}} | sections))
    return found.model_copy(update={"name": "adverts", "title": "Adverts"})


SHOPS = {"shopping": {"on": True}, "company": {"knows_purchases": True}, "merchants": {"people_a_market": 75}}
HOW: dict[str, Any] = {"replicates": 2, "jobs": 1}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "abtest"
    abtest(scenario(), LOAD, designs=["user", "cluster:30", "switchback:2:1"], out=folder, **HOW)
    return folder


# what is found


def test_every_design_stands_beside_what_is_true_of_the_same_people(study: Path) -> None:
    found = ABTest.load(study)
    assert [it["name"] for it in found.designs] == ["user", "cluster:30", "switchback:2:1"]
    assert found.treated == {"advertising.discovery_slots": [1.0, 8.0]}
    treatment = Treatment(LOAD, 0)
    whole = Whole(0, 150)
    nobody = treatment.untreated(scenario())
    ends = [whole(run(world)) for world in (treatment.wholly(nobody), nobody)]
    for it in found.designs:
        kind = "world" if it["kind"] == "switchback" else "user"
        for metric, rows in it["estimates"].items():
            assert rows[0][3] == pytest.approx(ends[0][f"{kind} {metric}"] - ends[1][f"{kind} {metric}"])
    assert found.designs[0]["units"] == 150
    assert 5 < found.designs[1]["units"] < 20
    assert found.designs[2]["units"] == 6


def test_an_estimate_is_the_difference_of_those_treated_and_the_others() -> None:
    treatment = Treatment(LOAD, 2)
    world = run(treatment.under(Design.read("user", 0.4), treatment.untreated(scenario())))
    assert world.units is not None
    people = world.units[world.units["each"] == "user"]
    found = abtest(scenario(), LOAD, designs=["user"], metrics=["revenue.total"], share=0.4, begin=2, **HOW)
    means = people.groupby("arm")["revenue.total"].mean() / 10 * 365
    assert found.designs[0]["estimates"]["revenue.total"][0][0] == pytest.approx(means[1] - means[0])


def test_what_is_traced_to_people_adds_up_to_what_is_measured() -> None:
    """Breaks where an order, a message or a payment is counted twice or not at all."""
    world = run(Treatment(LOAD, 0).untreated(scenario(**SHOPS, stickers={"on": True})))
    assert world.units is not None
    for each, names in OUTCOMES.items():
        rows = world.units[world.units["each"] == each]
        for name in names:
            if each == "shop" and name == "revenue.total":
                measured = world.summary["revenue.commission"]  # adverts and stickers are no shop's
            else:
                measured = float(world.days[name].sum())
            assert float(rows[name].sum()) == pytest.approx(measured, rel=1e-5, abs=0.5), (each, name)


def test_a_shop_is_a_unit_too() -> None:
    found = abtest(
        scenario(**SHOPS),
        {"shopping.commission": 0.2},
        designs=["shop"],
        metrics=["shopping.gmv", "revenue.total"],
        **HOW,
    )
    verdict = found.designs[0]["verdicts"]["revenue.total"]
    assert verdict["effect"] > 0
    assert verdict["truth"] > 0


def test_what_a_test_begins_with_is_not_counted() -> None:
    late = Treatment(LOAD, 8)
    nobody = late.untreated(scenario())
    before, after = run(nobody), run(late.wholly(nobody))
    assert before.units is not None
    assert before.days["advertising.slots"].iloc[:8].equals(after.days["advertising.slots"].iloc[:8])
    assert after.days["advertising.slots"].iloc[8] > before.days["advertising.slots"].iloc[8]
    assert before.units["users.daily"].max() <= 4


def test_a_switchback_is_treated_in_its_blocks_and_not_in_others() -> None:
    treatment, design = Treatment(LOAD, 1), Design.read("switchback:2")
    blocks, arm = treatment.blocks(design, 12, 5)
    assert [block.start for block in blocks] == [1, 3, 5, 7, 9]
    world, plain = run(treatment.switched(design, treatment.untreated(scenario()))), run(scenario())
    asked = world.days["advertising.slots"] / world.days["users.daily"]
    usual = (plain.days["advertising.slots"] / plain.days["users.daily"]).mean()
    for block, treated in zip(blocks, arm, strict=True):
        assert all((asked.iloc[day] > 2 * usual) == treated for day in block)


def test_a_scenario_that_frees_the_lever_for_a_search_is_tested_too() -> None:
    """Breaks where what a switchback dates is held against [levers]."""
    freed = scenario().with_levers({"advertising.discovery_slots": [0.0, 10.0]})
    found = abtest(freed, LOAD, designs=["switchback:3"], metrics=["users.daily"], **HOW)
    assert found.designs[0]["units"] == 4


def test_kinds_that_cannot_test_it_are_left_out_of_the_menu() -> None:
    kinds = {
        tuple(it["kind"] for it in abtest(scenario(**SHOPS), levers, metrics=["revenue.total"], **HOW).designs)
        for levers in ({"shopping.commission": 0.2},)
    }
    assert kinds == {("shop",)}  # 12 days have no room for four weeks


def test_units_of_amounts_are_a_persons() -> None:
    assert unit_of(flow("a.b", "cents", "")) == "cents a person and year"
    assert unit_of(flow("a.b", "messages", "")) == "messages a person and day"
    assert unit_of(stock("a.b", "people", "")) == "share"
    assert unit_of(stock("a.b", "cents", "")) == "cents a person"
    assert unit_of(stock("a.b", "logit units", "")) == "logit units"
    assert unit_of(ratio("a.b", "cents", "", "c.d", "e.f")) == "cents"


# sameness, and going on


def test_the_answer_is_the_same_for_any_jobs_and_gone_on_with(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ABTest.load(study)
    folder, lived = tmp_path / "again", []
    live = many.live
    monkeypatch.setattr(many, "live", lambda *given: lived.append(given[5]["world"]) or live(*given))

    def stop(done: int, planned: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    how = HOW | {"designs": ["user", "cluster:30", "switchback:2:1"], "out": folder}
    with pytest.raises(KeyboardInterrupt):
        abtest(scenario(), LOAD, progress=stop, **how)
    assert lived == ["untreated", "treated", "user"]
    assert not (folder / "abtest.json").exists()
    assert len((folder / "runs.jsonl").read_text().splitlines()) == 3
    again = abtest(scenario(), LOAD, **how)
    assert len(lived) == 10
    assert (again.designs, again.metrics) == (first.designs, first.metrics)
    more = abtest(scenario(), LOAD, **(how | {"replicates": 3}))
    assert len(lived) == 15, "only the new world is lived"
    assert [rows[:2] for rows in [more.designs[0]["estimates"]["users.daily"]]] == [
        again.designs[0]["estimates"]["users.daily"]
    ]
    monkeypatch.undo()
    beside = abtest(scenario(), LOAD, **(how | {"out": None, "jobs": 2}))
    assert beside.designs == first.designs


def test_another_change_needs_another_folder_or_force(study: Path) -> None:
    with pytest.raises(BadInput, match="holds an earlier result"):
        abtest(scenario(), {"advertising.discovery_slots": 4.0}, designs=["user"], out=study, **HOW)
    assert ABTest.load(study).treated == {"advertising.discovery_slots": [1.0, 8.0]}


def test_a_damaged_study_says_so(study: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no finished study of tests"):
        ABTest.load(tmp_path)
    content = json.loads((study / "abtest.json").read_text())
    del content["metrics"]
    (tmp_path / "abtest.json").write_text(json.dumps(content))
    with pytest.raises(BadInput, match=r"is damaged \(it lacks metrics\): run it again"):
        ABTest.load(tmp_path)


# the page and the command


def test_the_page_says_which_test_to_run(study: Path) -> None:
    page = report.page_of(study)
    found = ABTest.load(study)
    text = " ".join(map(str, page.answer))
    assert "advertising.discovery_slots from 1 to 8" in text
    best = found.best("users.daily")
    assert best is not None
    assert called(best) in text
    assert [section.title for section in page.sections] == [
        "What a test would say", "Daily users", "Users’ welfare", "Revenue", "The designs",
    ]  # fmt: skip
    assert report.write(study).read_text(encoding="utf-8").count("Switchback, 2 days (1 dropped)") > 3


def test_the_command_tries_tests_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("adverts.toml").write_text('title = "Adverts"\n[advertising]\non = true\ndiscovery_slots = 1.0\n')
    asked = [
        "abtest",
        "adverts.toml",
        "--set-treated",
        "advertising.discovery_slots=8.0",
        "--users",
        "100",
        "--days",
        "8",
    ]
    asked += ["--replicates", "2", "--jobs", "1", "--designs", "user,switchback:2", "--metric", "users.daily"]
    done = CliRunner().invoke(hongbao, asked)
    assert done.exit_code == 0, done.output
    assert "By user" in done.stdout
    assert Path("outputs/abtest-adverts/report.html").exists()
    table = CliRunner().invoke(hongbao, [*asked, "--format", "csv", "--out", "outputs/abtest-adverts"])
    assert table.exit_code == 0
    assert table.stdout.splitlines()[0].startswith("design,share,units,metric,unit,effect,low,high,truth")


@pytest.mark.parametrize(
    ("treated", "how", "said"),
    [
        ({}, {}, "treated: say what is another"),
        ({"advertising.discovery_slot": 4.0}, {}, "did you mean 'advertising.discovery_slots'"),
        ({"messaging.threads": 4.0}, {}, "'messaging.threads' is assumed, not decided"),
        ({"users.first_members": 0.5}, {}, "'users.first_members' is assumed"),
        ({"steering.step": 0.5}, {}, "'steering.step' is no number or switch that the platform decides and may change"),
        ({"advertising.discovery_slots": "many"}, {}, "must be a number"),
        ({"advertising.on": 1}, {}, "must be true or false"),
        ({"advertising.discovery_slots": 40.0}, {}, "advertising.discovery_slots = 40.0: must be less than or equal to 30"),
        ({"advertising.discovery_slots": 1.0}, {}, "nothing would be tested"),
        ({"advertising.reserve": 50}, {"designs": ["user"]}, "cannot differ by user; these can: .*advertising.inbox_slots"),
        (LOAD, {"designs": ["shop"]}, "cannot differ by shop; these can: shopping.commission"),
        (LOAD, {"designs": ["people"]}, "no design 'people'"),
        (LOAD, {"designs": ["switch"]}, "did you mean 'switchback'"),
        (LOAD, {"designs": ["user:5"]}, "must be written as"),
        (LOAD, {"designs": ["cluster:x"]}, "must be written as"),
        (LOAD, {"designs": ["cluster:1"]}, "2 people at least"),
        (LOAD, {"designs": ["switchback:2:2"]}, "2 cannot be dropped"),
        (LOAD, {"designs": ["switchback:4"]}, "room for 3 blocks of 4 days, and a test needs 4 at least"),
        (LOAD, {"designs": ["cluster:40"]}, "150 people may be fewer than the 4 clusters.*at most 37"),
        (LOAD, {"designs": []}, "name one at least"),
        (LOAD, {"share": 0.0}, "share = 0: must be between 0 and 1"),
        (LOAD, {"share": 1.5, "designs": ["user"]}, "share = 1.5: must be between 0 and 1"),
        (LOAD, {"metrics": ["users.dayly"]}, "did you mean 'users.daily'"),
        (LOAD, {"metrics": ["trust.mean"], "designs": ["user"]}, "trust.mean cannot be traced to a user; these can: users.daily"),
        (LOAD, {"metrics": []}, "give a list of names"),
        (LOAD, {"begin": 12}, "begin = 12: must be from 0 to 11"),
        (LOAD, {"replicates": 1}, "must be at least 2"),
        (LOAD, {"replicates": 9_000}, "--yes"),
    ],
)  # fmt: skip
def test_what_cannot_be_tested_is_refused_before_anything_lives(
    treated: dict[str, Any], how: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=said):
        abtest(scenario(), treated, out=tmp_path / "out", **(HOW | how))
    assert not (tmp_path / "out").exists()


def test_who_knows_everyone_is_in_no_cluster() -> None:
    with pytest.raises(BadInput, match="everyone knows everyone"):
        abtest(scenario(friends={"kind": "everyone"}), LOAD, designs=["cluster"], **HOW)


def test_three_shops_are_no_test() -> None:
    few = {"merchants": {"people_a_market": 150, "categories": 1, "number": 2, "spare": 1}}
    with pytest.raises(BadInput, match="there are 3 of them, and a test needs 4 at least"):
        abtest(
            scenario(**(SHOPS | few)), {"shopping.commission": 0.2}, designs=["shop"], metrics=["revenue.total"], **HOW
        )
    with pytest.raises(BadInput, match="there are no shops in adverts"):
        abtest(scenario(), {"shopping.commission": 0.2}, designs=["shop"], metrics=["revenue.total"], **HOW)


def test_a_lever_that_something_else_moves_is_no_lever_to_test() -> None:
    moved = scenario(events=[{"day": 3, "set": {"advertising.discovery_slots": 2.0}}])
    with pytest.raises(BadInput, match=r"is moved by events\.1"):
        abtest(moved, LOAD, designs=["user"], **HOW)
    ruled = scenario(steering={"on": True})
    with pytest.raises(BadInput, match=r"the rule of \[steering\]"):
        abtest(ruled, LOAD, designs=["user"], **HOW)


def test_shares_and_sizes_are_part_of_what_a_design_is() -> None:
    assert Design.read("cluster:40", 0.2) == Design("cluster", 0.2, 40, 0)
    assert Design.read(" switchback ").name == "switchback:7"
    assert Design.read("switchback:7:2").name == "switchback:7:2"
    assert np.isclose(Design.read("user").share, 0.5)
