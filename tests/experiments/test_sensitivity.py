"""Which assumptions matter: published indices, known worths, noise that is no signal, and studies that go on where they were."""

import json
import math
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import norm, qmc

import sim
from sim import report
from sim.cli import hongbao
from sim.engine.settings import BadInput
from sim.experiments import many
from sim.experiments import sensitivity as making
from sim.experiments.assumptions import drawable, placed, share_of
from sim.experiments.compare import compare
from sim.experiments.futures import compare_futures
from sim.experiments.influence.emulator import Emulator, held_out
from sim.experiments.influence.quantities import quantities, share_of_luck
from sim.experiments.influence.screening import effects, trajectories
from sim.experiments.influence.study import Plan, nobody_refused, study
from sim.experiments.sensitivity import prepare, sensitivity
from sim.experiments.studied_futures import sensitivity_of
from sim.results.sensitivities import Sensitivity, matter, worth_finding_out
from sim.scenario import Scenario


def inputs(*names, low=0.0, high=1.0):
    return [
        {"name": name, "unit": "", "low": low, "high": high, "law": "uniform", "whole": False, "meaning": name}
        for name in names
    ]


def function(of, assumptions, noise=0.0):
    """What strategies come to: `of` takes an array a name, and luck is drawn by point and seed."""

    def live(points, seeds):
        columns = [np.array([point.get(it["name"], 0.5) for point in points], float) for it in assumptions]
        columns = np.array(columns)
        values = np.atleast_2d(of(*columns)).T
        lucky = [
            [np.random.default_rng([int(1e9 * abs(x)) for x in column] + [seed]).normal(size=values.shape[1])
             for seed in seeds]
            for column in columns.T
        ]  # fmt: skip
        return values[:, None, :] + noise * np.array(lucky)

    return live


def studied(of, assumptions, names=("one",), noise=0.0, refused=nobody_refused, **plan):
    given = {it["name"]: 0.5 for it in assumptions}
    asked = Plan(**({"question": "winner" if len(names) > 1 else "metric", "trajectories": 4, "grid": 2} | plan))
    return study(function(of, assumptions, noise), assumptions, given, names, [1, 2, 3], asked, refused=refused)


# indices that are published

ISHIGAMI = inputs("x.1", "x.2", "x.3", low=-math.pi, high=math.pi)
PUBLISHED = {"x.1": (0.314, 0.558), "x.2": (0.442, 0.442), "x.3": (0.0, 0.244)}  # at a = 7, b = .1


def ishigami(x, y, z):
    return np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


@pytest.mark.parametrize(("emulate", "points", "half"), [(False, 512, 0.13), (True, 128, 0.3)])
def test_ishigamis_indices_are_the_published_ones(emulate, points, half):
    found = studied(ishigami, ISHIGAMI, emulate=emulate, points=points, factors=3)
    (it,) = found.indices
    assert found.method == ("emulator" if emulate else "model")
    for row in it["rows"]:
        first, total = PUBLISHED[row["name"]]
        assert row["first_low"] - 1e-9 <= first <= row["first_high"], row
        assert row["total_low"] <= total <= row["total_high"], row
        assert row["total_high"] - row["total_low"] < 2 * half, "an interval that says something"
    assert {row["name"] for row in matter(it)} == {"x.1", "x.2", "x.3"}
    assert (it["explained"] is None) == (not emulate)


def test_all_others_are_moved_together_and_have_an_index_of_their_own():
    found = studied(ishigami, ISHIGAMI, emulate=False, points=256, factors=1)
    rows = {row["name"]: row for row in found.indices[0]["rows"]}
    assert set(rows) == {found.asked[0], "all others"}
    assert rows[found.asked[0]]["first"] + rows["all others"]["total"] == pytest.approx(1, abs=0.15)


# an emulator


def test_the_emulator_states_the_error_that_fresh_points_find():
    points = qmc.Sobol(3, seed=1).random(128)
    fresh = qmc.Sobol(3, seed=9).random(1024)
    values, truth = (ishigami(*(2 * math.pi * at - math.pi).T) for at in (points, fresh))
    fitted = Emulator(points, values)
    stated = held_out(fitted, points, values).explained
    found = 1 - ((fitted(fresh) - truth) ** 2).mean() / truth.var()
    assert stated == pytest.approx(found, abs=0.05)
    paths = fitted.paths(fresh, 50)
    assert np.abs(paths.mean(axis=1) - fitted(fresh)).mean() < 0.2 * truth.std()
    inside = (paths.min(axis=1) <= truth) & (truth <= paths.max(axis=1))
    assert inside.mean() > 0.9, "what the sample leaves open holds the truth"


@pytest.mark.parametrize("emulate", [True, False])
def test_luck_does_not_pass_as_a_signal(emulate):
    inert = inputs(*(f"a.{at}" for at in range(4)))
    found = studied(lambda a, *_: np.array([0 * a, 0 * a]), inert, ("one", "other"), noise=1.0, emulate=emulate,
                    points=64, factors=3)  # fmt: skip
    for it in found.indices:
        assert matter(it) == [], it
        assert it["luck"] > 0.5
        assert it["explained"] is None or it["explained"] < 0.15
    assert worth_finding_out(found.information) == []
    assert found.information["all"]["low"] == 0


def test_luck_is_told_from_what_points_do():
    rng = np.random.default_rng(3)
    seeds, own = rng.normal(0, 5, (1, 4)), rng.normal(0, 2, (3_000, 4))
    points = rng.normal(0, 1, (3_000, 1))
    assert share_of_luck(points + seeds + own) == pytest.approx(1 / 2, abs=0.05), (
        "a seed that is kind to all adds nothing"
    )
    assert share_of_luck(points) is None


# screening


def test_morris_ranks_what_it_is_known_to_rank():
    """A linear function: each effect is its slope, whatever the trajectory."""
    assumptions = inputs("a.one", "a.two", "b.one", "b.two")
    walked = trajectories(assumptions, [it["name"] for it in assumptions], 3, nobody_refused)
    values = function(lambda a, b, c, d: 5 * a + 0 * b + c - 3 * d, assumptions)(walked.points, [1])
    rows = effects(walked, quantities(values, ["one"], False)[0])
    assert [row["name"] for row in rows] == ["a.one", "b.two", "b.one", "a.two"]
    assert [row["mu_star"] for row in rows] == pytest.approx([5, 3, 1, 0], abs=1e-9)


def test_groups_are_screened_first_and_only_those_that_matter_are_looked_into():
    assumptions = inputs(*(f"{group}.{at}" for group in ("dull", "keen", "mild") for at in range(6)))
    found = studied(lambda *x: 9 * x[7] * x[8] + 3 * x[13] + 0.01 * x[0], assumptions, within=12, factors=3, points=32)
    assert found.groups == ["keen", "mild"]
    assert set(found.asked) == {"keen.1", "keen.2", "mild.1"}
    assert [it["moved"] for it in found.screenings] == ["groups", "assumptions"]
    moved = {row["name"] for row in found.screenings[1]["quantities"][0]["effects"]}
    assert not any(name.startswith("dull") for name in moved)


def test_trajectories_and_blocks_through_refused_points_are_drawn_again():
    assumptions = inputs("a.one", "a.two")

    def refused(point):
        return "too much" if point.get("a.one", 0) + point.get("a.two", 0) > 1.4 else ""

    walked = trajectories(assumptions, ["a.one", "a.two"], 4, refused)
    assert walked.redrawn > 0
    assert not any(map(refused, walked.points))
    for emulate in (True, False):
        found = studied(lambda a, b: np.array([a, 1.2 * b]), assumptions, ("one", "other"), refused=refused,
                        emulate=emulate, points=32, factors=2, grid=3)  # fmt: skip
        assert found.map["cells"][2][2] is None, "nobody can live where both are at their end"
        assert all(sum(row) <= 1.4 for row in found.points)
    with pytest.raises(BadInput, match="trajectories were refused, the last for never"):
        trajectories(assumptions, ["a.one", "a.two"], 2, lambda point: "never")


# what knowing is worth


def closed_form(mean, spread):
    """E max(0, D) less max(0, E D), of a normal D."""
    return spread * norm.pdf(mean / spread) + mean * norm.cdf(mean / spread) - max(0.0, mean)


@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_what_knowing_is_worth_has_its_closed_form(mean):
    """Linear and normal: one strategy is 0, the other mean + z1 + z2 / 2; the third and fourth assumption do nothing."""
    assumptions = inputs("a.1", "a.2", "b.1", "b.2")

    def of(one, two, *_):
        z = norm.ppf(np.clip([one, two], 1e-6, 1 - 1e-6))
        return np.array([0 * one, mean + z[0] + z[1] / 2])

    found = studied(of, assumptions, ("sure", "risky"), noise=0.3, emulate=False, points=128, factors=2)
    it = found.information
    each = {row["name"]: row for row in it["each"]}
    for row, truth in ((it["all"], closed_form(mean, 1.25**0.5)), (each["a.1"], closed_form(mean, 1.0)),
                       (each["a.2"], closed_form(mean, 0.5))):  # fmt: skip
        assert row["low"] <= truth <= row["high"]
        assert row["worth"] == pytest.approx(truth, abs=0.08)
    assert worth_finding_out(it)[0]["name"] == "a.1"
    for name in ("b.1", "b.2"):
        assert each[name]["worth"] < 0.01
        assert each[name]["low"] == 0
        assert each[name]["by_chance"] > 0.2
    assert found.favourite == "risky" or mean == 0


def test_of_what_should_be_small_the_same_is_found_with_signs_turned():
    assumptions = inputs("a.1", "a.2")
    plan = Plan(points=32, factors=2, grid=2)

    def of(sign):
        return function(lambda a, b: sign * np.array([0.3 + 0 * a, a * b]), assumptions)

    given = {"a.1": 0.5, "a.2": 0.5}
    more = study(of(1), assumptions, given, ["one", "other"], [1, 2], plan)
    less = study(of(-1), assumptions, given, ["one", "other"], [1, 2], plan, smaller=True)
    assert (more.information, more.favourite, more.at_given["winner"]) == (
        less.information, less.favourite, less.at_given["winner"],
    )  # fmt: skip
    assert more.map["cells"] == less.map["cells"]


def test_ends_and_the_map_say_who_wins_where_and_what_luck_leaves_open():
    assumptions = inputs("a.1", "a.2", "a.3")
    found = studied(
        lambda a, b, c: np.array([a, b]), assumptions, ("one", "other"), noise=0.02, points=32, factors=3, grid=4
    )
    swings = {it["name"]: it for it in found.tornado}
    difference = next(it for it in swings["a.1"]["high"]["figures"] if it["kind"] == "difference")
    assert difference["low"] <= -0.5 <= difference["high"]
    assert swings["a.1"]["low"]["winner"] == "other"
    assert swings["a.1"]["high"]["winner"] == "one"
    assert found.map["cells"][0][3]["chance"] > 0.975
    cells = [(i, j, found.map["cells"][i][j]) for i in range(4) for j in range(4)]
    assert {cell["winner"] for i, j, cell in cells if j > i} == {(found.map["across"] == "a.1" and "one") or "other"}
    assert any(cell["chance"] is None or cell["chance"] < 0.975 for i, j, cell in cells if i == j), "luck decides there"


# of the model

SMALL = {"users": 110, "days": 2, "seed": 5}
DRAWN = (
    "wallet.fee_dislike", "wallet.transfers", "wallet.first_owners", "presence.eagerness", "presence.usual_share",
)  # fmt: skip
HOW = {
    "replicates": 2,
    "trajectories": 2,
    "within": 3,
    "factors": 2,
    "points": 16,
    "grid": 2,
    "emulate": True,
    "jobs": 1,
}


def scenario(name="free", **sections):
    made = Scenario.make(**({"run": SMALL} | sections)).model_copy(update={"name": name, "title": name.title()})
    still = [it["name"] for it in drawable([made])[0] if it["name"] not in DRAWN]
    return made.remember_set(still)


FREE, PAID = scenario(), scenario("paid", wallet={"payer_fee": 0.05})


@pytest.fixture(scope="module")
def whole():
    return sensitivity([FREE, PAID], **HOW)


def test_shares_and_values_go_both_ways():
    for it in drawable([FREE])[0]:
        for share in (0.2, 0.55, 0.9):
            value = placed(it, share)
            assert placed(it, share_of(it, value)) == pytest.approx(value, rel=1e-9)


def test_a_study_says_beforehand_what_it_takes_at_most(whole):
    assert {it["stage"] for it in whole.stages} == {"groups", "assumptions", "sample", "ends", "map"}
    assert prepare([FREE, PAID], **HOW).stages == whole.stages
    assert {it["name"] for it in whole.assumptions} == set(DRAWN)
    assert whole.held["trust.healing_days"] == "it was set by hand"
    assert whole.given["presence.eagerness"] == FREE.presence.eagerness


def test_a_study_that_was_stopped_goes_on_and_answers_the_same(monkeypatch, tmp_path, whole):
    def stop(done, planned):
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sensitivity([FREE, PAID], out=tmp_path, progress=stop, **HOW)
    with pytest.raises(BadInput, match="an unfinished study: the same command"):
        Sensitivity.load(tmp_path)
    log = tmp_path / "runs.jsonl"
    assert len(log.read_bytes().splitlines()) == 30
    with log.open("ab") as file:
        file.write(b'{"run": "cut o')
    made, lives = [], many.live
    monkeypatch.setattr(many, "live", lambda *given: made.append(given[3]) or lives(*given))
    found = sensitivity([FREE, PAID], out=tmp_path, **HOW)
    assert found == whole
    assert sim.load_sensitivity(tmp_path) == whole
    assert len(made) == len(log.read_bytes().splitlines()) - 30
    sensitivity([FREE, PAID], out=tmp_path, metric="welfare.users", question="difference", **(HOW | {"grid": 0}))
    assert sim.load_sensitivity(tmp_path).about["metric"] == "welfare.users", "another aim goes on in the same folder"
    assert not (tmp_path / ".graphs").exists()


def test_processes_and_one_process_answer_the_same(whole):
    assert sensitivity([FREE, PAID], **(HOW | {"jobs": 2})) == whole


def test_a_study_of_other_scenarios_or_another_version_is_left_as_it_is(monkeypatch, tmp_path, whole):
    whole.write(tmp_path)
    before = (tmp_path / "sensitivity.json").read_bytes()
    monkeypatch.setattr(making, "Runs", lambda *_, **__: pytest.fail("it lived"))
    with pytest.raises(BadInput, match=r"other scenarios \(free, paid\)"):
        sensitivity([FREE, PAID.with_values({"wallet.payer_fee": 0.1})], out=tmp_path, **HOW)
    about = json.loads(before)
    about["about"]["version"] = "0.0.1"
    (tmp_path / "sensitivity.json").write_text(json.dumps(about))
    with pytest.raises(BadInput, match=r"another version \(0.0.1, this is"):
        sensitivity([FREE, PAID], out=tmp_path, **HOW)
    with pytest.raises(BadInput, match="holds a sensitivity study"):
        compare([FREE, PAID], out=tmp_path, replicates=1, force=True)
    assert json.loads((tmp_path / "sensitivity.json").read_text()) == about


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"metric": "profit.totl"}, "did you mean 'profit.total'"),
        ({"metric": "clock.festival"}, "neither more nor less is better"),
        ({"points": 20, "emulate": True}, "points = 20: must be at least 24: an emulator of 6 assumptions"),
        ({"points": 16, "emulate": False}, "points = 16: must be at least 32: Sobol's indices"),
        ({"trajectories": 1}, "trajectories = 1: must be at least 2"),
        ({"replicates": 1}, "seeds = 1: must be at least 2"),
        ({"within": 3}, "within = 3: must be at least 6"),
        ({"grid": 1}, "grid = 1: must be at least 2, or 0"),
        ({"question": "who"}, "one of metric, difference, winner"),
        ({"points": 1_000_000, "emulate": True}, r"4,000,\d+ runs .* --yes"),
    ],
)
def test_what_no_study_can_answer_is_refused_before_anything_lives(monkeypatch, tmp_path, asked, said):
    monkeypatch.setattr(making, "Runs", lambda *_, **__: pytest.fail("it lived"))
    with pytest.raises(BadInput, match=said):
        sensitivity([FREE, PAID], out=tmp_path / "new", **asked)
    assert not (tmp_path / "new").exists()


def test_of_one_scenario_nobody_can_win(tmp_path):
    with pytest.raises(BadInput, match="needs two scenarios or more"):
        prepare([FREE], question="winner")
    assert prepare([FREE]).plan.question == "metric"


def test_without_salib_it_says_how_to_get_it(monkeypatch, tmp_path):
    for name in [name for name in sys.modules if name.startswith("SALib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "SALib", None)
    with pytest.raises(BadInput, match=r"needs SALib: pip install 'hongbao\[study\]'"):
        sensitivity([FREE, PAID], out=tmp_path / "new", **HOW)
    assert not (tmp_path / "new").exists()


# of a comparison that is there


def test_a_comparison_over_futures_is_studied_with_no_more_runs(monkeypatch, tmp_path):
    found = compare_futures([FREE, PAID], 16, replicates=2, jobs=1, out=tmp_path / "both")
    monkeypatch.setattr(many, "live", lambda *_: pytest.fail("it lived"))
    it = sensitivity_of(tmp_path / "both", out=tmp_path / "study")
    assert it.points == found.futures.points
    assert len(it.asked) == 4, "as many as sixteen futures can carry"
    assert it.information["unit"] == "CNY a user and year"
    assert it.information["all"]["worth"] >= max(row["worth"] for row in it.information["each"])
    assert it == sim.load_sensitivity(tmp_path / "study") == sensitivity_of(found)
    page = report.write(tmp_path / "study").read_text(encoding="utf-8")
    assert "no run was made for this page" in page
    with pytest.raises(BadInput, match="holds an earlier study"):
        sensitivity_of(found, out=tmp_path / "study")
    with pytest.raises(BadInput, match="holds a study already"):
        sensitivity_of(tmp_path / "study")
    with pytest.raises(BadInput, match="16 futures: an emulator of 8 assumptions learns from at least 32"):
        sensitivity_of(found, factors=8)


def test_a_comparison_without_futures_has_nothing_to_study(tmp_path):
    compare([FREE, PAID], replicates=2, jobs=1, out=tmp_path)
    with pytest.raises(BadInput, match="holds no futures"):
        sensitivity_of(tmp_path)


# on the screen and on the page


def _command(*words):
    return CliRunner().invoke(hongbao, ["sensitivity", *map(str, words)], catch_exceptions=True)


def test_screen_json_csv_and_page_say_the_same(monkeypatch, scenarios, tmp_path, whole):
    monkeypatch.setattr(making, "_live_through", lambda *_: whole)
    both = (scenarios / "baseline.toml", scenarios / "payment_fee.toml")
    told = _command(*both, "--out", tmp_path, "--emulator", "--users", 120, "--days", 4)
    assert told.exit_code == 0, told.output
    assert whole.headline[:40] in told.output
    assert "runs (" in told.stderr, "the budget is said"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for title in ("What decides who wins", "Who wins, by ", "What it depends on", "One assumption at a time",
                  "What was screened", "How it was made", "Before you decide", "What was held still"):  # fmt: skip
        assert title in page
    assert page.count(whole.headline[1:30]) >= 2, "it begins and ends with what to find out"
    assert CliRunner().invoke(hongbao, ["report", str(tmp_path)]).exit_code == 0
    read = _command(*both, "--out", tmp_path, "--force", "--format", "json", "--users", 120, "--days", 4)
    assert json.loads(read.stdout)["headline"] == whole.headline
    listed = _command(*both, "--out", tmp_path, "--force", "--format", "csv", "--users", 120, "--days", 4)
    assert listed.stdout.startswith("kind,scenario,against,name,first,")
    assert len(listed.stdout.splitlines()) == 1 + len(whole.table())


def test_the_pictures_of_a_study_are_files_too(tmp_path, whole):
    whole.write(tmp_path)
    files = {file.stem for file in report.write_pictures(tmp_path, tmp_path / "pictures")}
    assert files >= {"winner", "map", "indices-0", "tornado-0"}


@pytest.mark.parametrize("words", [("--question", "nobody"), ("--points", 5), ("--metric", "no.such"),
                                   ("--points", 1_000_000, "--emulator")])  # fmt: skip
def test_bad_input_is_exit_2_and_leaves_nothing(scenarios, tmp_path, words):
    both = (scenarios / "baseline.toml", scenarios / "commission.toml")
    told = _command(*both, "--out", tmp_path / "new", *words)
    assert told.exit_code == 2
    assert not (tmp_path / "new").exists()


def test_a_dry_run_only_says_what_it_would_be(scenarios, tmp_path):
    told = _command(scenarios / "baseline.toml", "--dry-run", "--format", "json", "--out", tmp_path / "new")
    assert {row["stage"] for row in json.loads(told.stdout)} == {"groups", "assumptions", "sample", "ends"}
    assert not (tmp_path / "new").exists()
