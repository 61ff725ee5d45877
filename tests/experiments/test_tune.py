"""Each strategy at its best: what is known is found, the gain is not flattered, and a tuning that was cut off goes on."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from sim import report
from sim.cli import hongbao
from sim.cli.tune import warned
from sim.engine.ranges import LeverRange
from sim.engine.settings import BadInput
from sim.experiments import many, search
from sim.experiments.constraints import read_constraint
from sim.experiments.limits import advertising, markets
from sim.experiments.save_tuned import save_tuned
from sim.experiments.search import Measured
from sim.experiments.tune import tune, tuned_scenarios
from sim.ground.metrics import flow
from sim.report.sections import tuned
from sim.results.intervals import interval
from sim.results.tuning import TUNING, Tuning
from sim.scenario import Scenario

UNIT = LeverRange("a.x", "share", "a share", 0.0, 1.0)
OTHER = LeverRange("a.y", "share", "another", 0.0, 1.0)


def measured(worth, slack=None):
    """What a search asks of a function of a point and a seed."""

    def measure(points, seeds):
        aim = np.array([[worth(point, seed) for seed in seeds] for point in points], float)
        rules = [] if slack is None else [[[slack(point, seed)] for seed in seeds] for point in points]
        return Measured(aim, np.array(rules) if rules else np.zeros((*aim.shape, 0)))

    return measure


def noise(point, seed, own):
    """Luck that all points of a seed share, and a part of each point's own."""
    there = np.random.default_rng([seed, *(round(1e6 * value) for value in point.values())])
    return np.random.default_rng(seed).normal() + own * there.normal()


def hill(point, seed, own=0.05):
    return 1 - 4 * (point["a.x"] - 0.6) ** 2 - 8 * (point.get("a.y", 0.3) - 0.3) ** 2 + noise(point, seed, own)


def best_of(ranges, measure, tries=28, first=1):
    """Search and race as a tuning does, each on seeds of its own."""
    tried = search.try_points(ranges, measure, [first, first + 1], tries)
    race = search.run_race(search.finalists(tried, 6), measure, range(first + 2, first + 14), 4)
    return tried, race, race.points[race.best]


# The search


def test_the_best_of_a_hill_is_found_between_places_that_are_surely_worse():
    for own in (0.0, 0.05):
        measure = measured(lambda point, seed, own=own: hill(point, seed, own))
        tried, _, best = best_of([UNIT, OTHER], measure, 40)
        assert len(tried) == 40
        assert abs(best["a.x"] - 0.6) < 0.15
        assert abs(best["a.y"] - 0.3) < 0.15
        for it, top in ((UNIT, 0.6), (OTHER, 0.3)):
            answer = search.respond(it, best, measure, range(100, 108))
            assert answer.above < top < answer.below
            assert {0.0, 1.0, best[it.name]} <= set(answer.places)


def test_luck_that_all_points_share_does_not_disturb_the_search():
    alone = best_of([UNIT], measured(lambda point, seed: hill(point, 0, 0.0)))[2]
    shared = best_of([UNIT], measured(lambda point, seed: hill(point, seed, 0.0) + 100 * math.sin(seed)))[2]
    assert alone == shared


def test_the_best_cut_is_found_where_theory_has_it():
    """Limit 19: a monopolist whose goods cost .2, of 1: .60, through the shop's own pricing."""
    measure = measured(lambda point, seed: markets.earned_by_commission(point["a.x"], 0.2, 600, seed, 8))
    cut = UNIT._replace(low=0.04, high=0.96)
    _, _, best = best_of([cut], measure, 16)
    answer = search.respond(cut, best, measure, range(100, 106))
    assert answer.above < 0.60 < answer.below
    assert answer.below - answer.above < 0.5
    assert abs(best["a.x"] - 0.60) < 0.06


def test_the_best_load_is_found_where_theory_has_it():
    """Limit 23: adverts of which each earns 1 - L, an audience of sigma(1 - 3 L): a third, through the model's audience."""

    def earned(point, seed):
        load = point["a.x"]
        return load * (1 - load) * advertising.audience_of(load, 400, 3.0, 1.0, 1_000 * seed)

    load = UNIT._replace(low=0.02, high=0.9)
    measure = measured(earned)
    _, _, best = best_of([load], measure, 16)
    answer = search.respond(load, best, measure, range(100, 106))
    assert answer.above < 1 / 3 < answer.below
    assert abs(best["a.x"] - 1 / 3) < 0.05


def test_the_gain_on_fresh_seeds_is_not_flattered_and_that_of_the_search_is():
    """Forty searches where no lever moves anything: what seems best in the search is luck, and fresh seeds say so."""
    flattered, fresh = [], []
    for run in range(40):
        measure = measured(lambda point, seed: noise(point, seed, 0.5))
        tried, _, best = best_of([UNIT], measure, 12, first=1_000 * run)
        given = {"a.x": 0.5}
        seen = measure([best, given], range(1_000 * run + 20, 1_000 * run + 28)).aim
        fresh.append(float((seen[0] - seen[1]).mean()))
        before = measure([given], [1_000 * run, 1_000 * run + 1]).aim
        flattered.append(max(one.aim for one in tried) - float(before.mean()))
    assert interval(fresh, 0.99).low < 0 < interval(fresh, 0.99).high
    assert interval(flattered).low > 0.3


def test_a_race_keeps_the_best_and_drops_who_is_surely_behind():
    points = [{"a.x": x} for x in (0.6, 0.55, 0.2, 0.0)]
    right = 0
    for run in range(40):
        measure = measured(lambda point, seed: hill(point, seed, 0.05))
        race = search.run_race(points, measure, range(100 * run, 100 * run + 12), 4)
        right += race.best == 0 or hill(points[race.best], 0, 0.0) > hill(points[0], 0, 0.0) - 0.02
        assert race.lived[3] <= 6, "far behind, it goes soon"
    assert right >= 38


def test_a_race_of_points_that_are_alike_ends_when_seeds_do():
    race = search.run_race([{"a.x": 0.1}, {"a.x": 0.2}], measured(lambda p, s: noise(p, s, 1.0)), range(9), 4)
    assert (len(race.seeds), race.settled, race.left) == (9, False, [0, 1])
    assert search.run_race([{"a.x": 0.1}], measured(lambda p, s: 1.0), range(9), 4).seeds == [0]


def test_constraints_keep_the_search_out_and_the_best_lies_at_their_edge():
    measure = measured(lambda point, seed: hill(point, seed, 0.0), lambda point, seed: 0.4 - point["a.x"])
    tried, _, best = best_of([UNIT], measure)
    assert 0.3 < best["a.x"] <= 0.4
    answer = search.respond(UNIT, best, measure, range(9))
    assert answer.below == min(place for place in answer.places if place > 0.4), "what breaks a constraint is no best"
    with pytest.raises(search.NoPoint) as none:
        search.finalists([one for one in tried if not one.kept], 6)
    assert none.value.nearest.point["a.x"] == min(one.point["a.x"] for one in tried if not one.kept)


def test_points_that_do_not_fit_are_no_tries():
    def fits(point):
        return point["a.x"] < 0.5

    tried = search.try_points([UNIT], measured(lambda point, seed: point["a.x"]), [1], 14, None, fits)
    assert len(tried) == 14
    assert all(one.point["a.x"] < 0.5 for one in tried)
    with pytest.raises(BadInput, match="100 points of their ranges were refused in a row"):
        search.try_points([UNIT], measured(lambda point, seed: 0.0), [1], 14, None, lambda point: False)


def test_choices_are_searched_too():
    words = LeverRange("a.w", "word", "which", choices=("none", "some", "all"))
    worth = {"none": 0.0, "some": 1.0, "all": 0.5}
    measure = measured(lambda point, seed: worth[point["a.w"]] + noise({"w": worth[point["a.w"]]}, seed, 0.01))
    best = best_of([words], measure, 12)[2]
    assert best == {"a.w": "some"}
    answer = search.respond(words, best, measure, range(50, 58))
    assert answer.places == ["none", "some", "all"]
    assert (answer.above, answer.below, answer.better) == (None, None, None)
    assert search.respond(words, {"a.w": "all"}, measure, range(50, 58)).better == "some"


# Levers in a scenario, and constraints


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"shopping.comission": True}, r"levers\.shopping\.comission = true: no such setting; did you mean"),
        ({"presence.eagerness": True}, "it is assumed, not decided by the platform"),
        ({"shopping.commission": [0.4, 0.1]}, "the range is empty"),
        ({"shopping.commission": [0.1, 0.1]}, "the range is empty"),
        ({"shopping.commission": [0, 3.0]}, "cannot be 3.0: must be less than or equal to 1"),
        ({"shopping.commission": 0.2}, "must be true for the declared range"),
        ({"shopping.considered": [2.5, 8]}, "is a whole number"),
        ({"company.ranking_uses": True}, "no range is declared for it: give a list"),
        ({"company.ranking_uses": ["all", "al"]}, "company.ranking_uses cannot be 'al'"),
        ({"company.ranking_uses": ["all", "all"]}, "stands there twice"),
        ({"promotion.disclosed": ["yes", "no"]}, "is False now, and so must be what to choose from"),
    ],
)
def test_what_is_no_range_of_a_lever_is_refused(said, message):
    with pytest.raises(BadInput, match=message):
        Scenario.make(levers=said)


def test_levers_come_from_the_file_that_is_extended_and_can_be_held_still(tmp_path):
    (tmp_path / "one.toml").write_text('[levers]\n"shopping.commission" = true\nshopping.considered = [2, 8]\n')
    (tmp_path / "two.toml").write_text('extends = "one.toml"\n[levers]\n"shopping.commission" = false\n')
    names = [[it.name for it in Scenario.load(tmp_path / f"{file}.toml").ranges()] for file in ("one", "two")]
    assert names == [["shopping.commission", "shopping.considered"], ["shopping.considered"]]
    (tmp_path / "three.toml").write_text('extends = "one.toml"\n[levers]\n"shopping.comission" = true\n')
    with pytest.raises(BadInput, match=r"three\.toml: levers\.shopping\.comission = true.*did you mean"):
        Scenario.load(tmp_path / "three.toml")


def test_what_a_rule_or_an_event_moves_is_no_lever():
    steered = {"on": True, "lever": "advertising.discovery_slots"}
    with pytest.raises(BadInput, match="a rule moves it"):
        Scenario.make(steering=steered, levers={"advertising.discovery_slots": True})
    with pytest.raises(BadInput, match="a dated event sets it"):
        Scenario.make(events=[{"day": 3, "set": {"wallet.payer_fee": 0.01}}], levers={"wallet.payer_fee": True})


def test_levers_are_no_part_of_what_lives():
    free = Scenario.make()
    assert free.with_levers({"shopping.commission": True}).digest() == free.digest()
    saved = Scenario.make(levers={"shopping.commission": [0.0, 0.3], "promotion.disclosed": True}).to_toml()
    assert '"shopping.commission" = [0.0, 0.3]' in saved


METRICS = {"welfare.users": flow("welfare.users", "cents", "")}


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("welfare.users >= -2%", (True, -0.02, True)),
        ("welfare.users<=+5 %", (False, 0.05, True)),
        ("welfare.users >= 1_000.5", (True, 1000.5, False)),
    ],
)
def test_a_constraint_is_read(said, seen):
    it = read_constraint(said, METRICS)
    assert (it.at_least, it.bound, it.relative) == seen


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("welfare.users > 2", "must be a metric, >= or <=, and a number"),
        ("welfare.user >= 2", "did you mean 'welfare.users'"),
        ("", "must be a metric"),
    ],
)
def test_what_is_no_constraint_is_refused(said, message):
    with pytest.raises(BadInput, match=message):
        read_constraint(said, METRICS)


def test_slack_is_a_share_of_the_baseline_and_zero_at_the_bound():
    usual = np.array([100.0, 300.0])
    it = read_constraint("welfare.users >= -2%", METRICS)
    assert it.slack(usual - 4, usual) == pytest.approx([0, 0])
    assert it.slack(usual - 6, usual) == pytest.approx([-0.01, -0.01])
    assert read_constraint("welfare.users <= 50", METRICS).slack(np.array([60.0]), usual) == pytest.approx([-0.2])


# A tuning of worlds

RUN = {"users": 100, "days": 5, "seed": 3}
FREE = Scenario.make(run=RUN).model_copy(update={"name": "free", "title": "Free"})
FEE = Scenario.make(run=RUN, levers={"wallet.payer_fee": [0.0, 0.05]}).model_copy(
    update={"name": "fee", "title": "A fee on payments"}
)
SMALL = {"aim": "revenue.total", "tries": 8, "replicates": 4, "jobs": 1}


@pytest.fixture(scope="module")
def tuning(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuning")
    return tune([FREE, FEE], out=folder, command="hongbao tune free.toml fee.toml", **SMALL), folder


def test_a_tuning_says_where_each_lever_does_best_and_saves_it(tuning):
    found, folder = tuning
    assert found == Tuning.load(folder)
    assert list(found.tuned) == ["fee"]
    one = found.tuned["fee"]
    lever = one["levers"][0]
    assert (lever["name"], lever["given"], lever["low"], lever["high"]) == ("wallet.payer_fee", 0.0, 0.0, 0.05)
    assert lever["best"] > 0
    assert one["given"]["mean"] == 0 < one["gain"]["mean"], "without a fee nothing is earned"
    assert one["given_kept"], "there is nothing to break"
    assert one["gain"]["mean"] == pytest.approx(one["value"]["mean"] - one["given"]["mean"])
    assert [place["at"] for place in lever["response"]] == sorted(place["at"] for place in lever["response"])
    assert set(found.seeds["search"]).isdisjoint(found.seeds["race"] + found.seeds["fresh"])
    assert set(found.seeds["race"]).isdisjoint(found.seeds["fresh"])
    tuned = tuned_scenarios(found, [FREE, FEE])
    assert (tuned[0], tuned[1].wallet.payer_fee) == (FREE, lever["best"])
    assert not (folder / ".graphs").exists()
    assert len((folder / "runs.jsonl").read_bytes().splitlines()) == found.runs


def test_its_page_shows_the_response_and_what_was_tried(tuning):
    page = report.write(tuning[1]).read_text()
    for said in (
        "A fee on payments, at its best",
        "wallet.payer_fee",
        "What was tried",
        "Kim and Nelson",
        "fresh seeds",
    ):
        assert said in page
    assert [file.name for file in report.write_pictures(tuning[1], tuning[1] / "pictures")] == ["response-fee.svg"]


def test_cut_off_it_goes_on_and_answers_the_same_with_processes_too(tuning, tmp_path, monkeypatch):
    def stop(done, planned):
        assert done <= planned
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune([FREE, FEE], out=tmp_path, progress=stop, **SMALL)
    assert not (tmp_path / TUNING).exists()
    there = len((tmp_path / "runs.jsonl").read_bytes().splitlines())
    made, lives = [], many.live
    monkeypatch.setattr(many, "live", lambda *given: made.append(given[3]) or lives(*given))
    again = tune([FREE, FEE], out=tmp_path, command="hongbao tune free.toml fee.toml", **SMALL)
    assert again == tuning[0]
    assert len(made) == again.runs - there
    monkeypatch.undo()
    assert tune([FREE, FEE], command=again.command, **SMALL | {"jobs": 2}) == again


def test_another_tuning_in_the_folder_is_not_replaced_unless_it_may_be(tuning, tmp_path):
    for file in ("runs.jsonl", TUNING):
        (tmp_path / file).write_bytes((tuning[1] / file).read_bytes())
    with pytest.raises(BadInput, match=r"asked for something else \(subject_to\): --force"):
        tune([FREE, FEE], out=tmp_path, subject_to="welfare.users >= -50%", **SMALL)
    content = json.loads((tmp_path / TUNING).read_text())
    content["asked"]["code"] = "another"
    (tmp_path / TUNING).write_text(json.dumps(content))
    before = (tmp_path / TUNING).read_bytes()
    with pytest.raises(BadInput, match="in another state of its code"):
        tune([FREE, FEE], out=tmp_path, **SMALL)
    assert (tmp_path / TUNING).read_bytes() == before
    assert tune([FREE, FEE], out=tmp_path, force=True, **SMALL).tuned == tuning[0].tuned


@pytest.mark.parametrize(
    ("scenarios", "asked", "said"),
    [
        ([FREE], {}, r"free names no levers that may be moved: give it a section \[levers\]"),
        ([FEE, FREE], {}, "free names no levers"),
        ([FEE], {"aim": "revenue.totl"}, "did you mean 'revenue.total'"),
        ([FEE], {"aim": "clock.festival"}, "aim = 'clock.festival': of that neither more nor less is better"),
        ([FEE], {"tries": 3}, "tries = 3: must be at least 8"),
        ([FEE], {"replicates": 2}, "replicates = 2: must be at least 4"),
        ([FEE], {"tries": 100_000}, r"some .* hours here and more than 10,000: say that they are meant with --yes"),
        ([FEE], {"levers": {"wallet.payer_fe": True}}, "did you mean 'wallet.payer_fee'"),
        ([FEE], {"levers": {"wallet.transfer": True}}, "it is assumed, not decided"),
        ([FEE], {"subject_to": "welfare.users >= lots"}, "must be a metric"),
        ([FEE], {"subject_to": "revenue.total >= 1e9"}, "must be a metric"),
    ],
)
def test_what_no_search_can_answer_is_refused_before_anything_lives(monkeypatch, tmp_path, scenarios, asked, said):
    monkeypatch.setattr(many, "live", lambda *_: pytest.fail("it lived"))
    with pytest.raises(BadInput, match=said):
        tune(scenarios, out=tmp_path / "new", **SMALL | asked)
    assert not (tmp_path / "new").exists()


def test_constraints_that_no_point_keeps_name_the_nearest(tmp_path):
    with pytest.raises(
        BadInput, match=r"fee: none of 8 points keeps the constraints; the nearest, wallet.payer_fee = .*"
    ):
        tune([FREE, FEE], out=tmp_path, subject_to="revenue.total >= 100000000", **SMALL)
    assert (tmp_path / "runs.jsonl").exists(), "finished runs are kept"
    assert not (tmp_path / TUNING).exists()


def test_levers_that_break_a_constraint_as_they_are_given_are_said_to():
    costly = FEE.with_values({"wallet.payer_fee": 0.05}).with_levers({"wallet.payer_fee": [0.0, 0.0005]})
    costly = costly.model_copy(update={"name": "fee", "title": "A fee on payments"})
    found = tune([FREE, costly], subject_to="revenue.total <= 1", **SMALL)
    one = found.tuned["fee"]
    assert not one["given_kept"]
    assert one["gain"]["mean"] < 0
    assert "breaks what it is subject to" in "".join(tuned.answer(found))
    assert any("as given it breaks a constraint" in line for line in warned(found))


def test_a_tuned_scenario_is_saved_with_the_command_that_made_it(tuning, tmp_path):
    found = tuning[0]
    full = save_tuned(found, FEE, tmp_path)
    assert full.read_text().startswith("# Tuned by hongbao")
    assert "by: hongbao tune free.toml fee.toml" in full.read_text()
    again = Scenario.load(full)
    assert again.digest() == tuned_scenarios(found, [FEE])[0].digest()
    save_tuned(found, FEE, tmp_path)
    (tmp_path / "fee.toml").write_text('title = "A fee"\n[run]\nusers = 100\ndays = 5\n')
    home = Scenario.load(tmp_path / "fee.toml")
    short = save_tuned(found, home, tmp_path).read_text()
    assert 'extends = "fee.toml"' in short
    assert Scenario.load(full).wallet.payer_fee == found.levers("fee")["wallet.payer_fee"]
    full.write_text("mine")
    with pytest.raises(BadInput, match="is no tuned scenario"):
        save_tuned(found, home, tmp_path)
    assert full.read_text() == "mine"


def test_the_command_tunes_shows_and_saves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fee.toml").write_text('title = "A fee"\n')
    asked = [
        "--users",
        "150",
        "--days",
        "8",
        "--aim",
        "revenue.total",
        "--tries",
        "8",
        "--replicates",
        "4",
        "--jobs",
        "1",
    ]
    asked += ["--lever", "wallet.payer_fee=0..0.05", "--save", "."]
    done = CliRunner().invoke(hongbao, ["tune", "fee.toml", *asked])
    assert done.exit_code == 0, done.output
    assert "wallet.payer_fee" in done.stdout
    assert "the tuned scenario is fee-tuned.toml" in done.stderr
    assert (tmp_path / "outputs" / "tune-fee" / "report.html").exists()
    again = CliRunner().invoke(hongbao, ["tune", "fee.toml", *asked, "--format", "csv"])
    assert again.stdout.splitlines()[0].startswith("scenario,lever,given,best,unit,above,below,value")
    assert json.loads(CliRunner().invoke(hongbao, ["tune", "fee.toml", *asked, "--format", "json"]).stdout)["tuned"]
    wrong = CliRunner().invoke(hongbao, ["tune", "fee.toml", "--lever", "wallet.payer_fee="])
    assert wrong.exit_code == 2
    assert "is not of the form section.key=0..0.4" in wrong.output
