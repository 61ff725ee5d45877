"""Strategies over drawn assumptions: the same futures and luck for all, luck and assumptions told apart, gone on with."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from sim import report
from sim.cli import hongbao
from sim.engine.settings import BadInput
from sim.experiments import futures as making
from sim.experiments import many, regret
from sim.experiments.assumptions import OFF, draw_futures, in_future
from sim.experiments.futures import compare_futures
from sim.results.comparisons import Comparison
from sim.results.futures import RUNS, chance, headline
from sim.scenario import Scenario

SMALL = {"users": 120, "days": 6, "seed": 5}


def scenario(name="free", **sections):
    return Scenario.make(**({"run": SMALL} | sections)).model_copy(update={"name": name, "title": name.title()})


FREE, PAID = scenario(), scenario("paid", wallet={"payer_fee": 0.05})
FUTURES = {"replicates": 2, "jobs": 1}


# drawing


def test_every_point_lies_in_the_declared_ranges_and_every_scenario_can_live_there():
    drawn = draw_futures([FREE, PAID], 16)
    assert len(drawn.points) == 16
    known = {it.name: it for it in FREE.parameters()}
    for it in drawn.assumptions:
        values = [point[it["name"]] for point in drawn.points]
        assert known[it["name"]].origin == "assumed"
        assert it["low"] <= min(values) < max(values) <= it["high"]
        assert {type(value) for value in values} == {type(known[it["name"]].value)}
    there = in_future(PAID, drawn.points[3], 9)
    assert (there.run.seed, there.wallet.payer_fee, there.set_by_hand) == (9, 0.05, {})
    assert there.presence.eagerness == drawn.points[3]["presence.eagerness"]


def test_a_wide_range_above_zero_is_drawn_over_its_logarithm_and_whole_numbers_have_each_their_share():
    drawn = draw_futures([FREE, PAID], 256)
    laws = {it["name"]: it["law"] for it in drawn.assumptions}
    assert laws["wallet.transfer"] == "log-uniform"  # 100 to 100,000 cents
    assert laws["presence.eagerness"] == laws["presence.friends_weight"] == "uniform"
    middle = np.median([point["wallet.transfer"] for point in drawn.points])
    assert abs(math.log10(middle) - 3.5) < 0.1
    openers = [point["lucky_money.openers"] for point in drawn.points]  # 2 to 15
    assert set(openers) == set(range(2, 16))
    assert max(openers.count(n) for n in range(2, 16)) < 1.5 * 256 / 14


def test_more_futures_begin_with_the_same_ones():
    assert draw_futures([FREE, PAID], 9).points[:3] == draw_futures([FREE, PAID], 3).points


def test_what_is_off_set_by_hand_or_no_number_is_held_still_and_says_why():
    set_one = FREE.with_values({"presence.eagerness": 1.0}).remember_set(["presence.eagerness"])
    dated = Scenario.make(
        run=SMALL, presence={"eagerness": 1.0}, events=[{"day": 2, "set": {"trust.healing_days": 90.0}}]
    )
    drawn = draw_futures([set_one, set_one.with_values({"trust.campaigning": 0.05}), dated], 2)
    assert drawn.held["presence.eagerness"] == "it was set by hand"
    assert drawn.held["trust.campaigning"] == "it differs between the scenarios"
    assert drawn.held["trust.healing_days"] == "a dated event sets it"
    assert drawn.held["rides.elasticity"] == drawn.held["drivers.hours"] == drawn.held["running.rides_staff"] == OFF
    assert drawn.held["rival.on"] == "no number but a switch"
    assert not {it["name"] for it in drawn.assumptions} & set(drawn.held)
    taxi = scenario("taxi", rides={"on": True})
    assert "drivers.hours" in {it["name"] for it in draw_futures([FREE, taxi], 2).assumptions}, "on in one is enough"


def test_points_that_a_scenario_refuses_are_drawn_again_and_counted():
    few = [it.with_values({"run.users": 60}) for it in (FREE, PAID)]  # and up to 100 friends each: nobody can have them
    drawn = draw_futures(few, 16)
    assert drawn.redrawn > 0
    assert len(drawn.points) == 16
    assert all(point["friends.degree"] <= 59 for point in drawn.points)


# standings

BEST_OF_THREE = np.array([  # futures, seeds, strategies
    [[1.0, 5.0], [2.0, 6.0]],
    [[9.0, 4.0], [11.0, 4.0]],
    [[3.0, 3.0], [3.0, 3.0]],
    [[0.0, 8.0], [0.0, 9.0]],
])  # fmt: skip


def test_standings_count_wins_regret_and_the_worst_tenth():
    assert regret.best_of(BEST_OF_THREE, smaller=False).tolist() == [1, 0, -1, 1]
    assert regret.best_of(BEST_OF_THREE, smaller=True).tolist() == [0, 1, -1, 0]
    found = regret.standings(BEST_OF_THREE, ["a", "b"])
    assert (found["a"]["wins"], found["b"]["wins"]) == (0.25, 0.5), "a tie is nobody's"
    assert (found["a"]["regret"], found["a"]["most_regret"]) == ((4.0 + 0 + 0 + 8.5) / 4, 8.5)
    assert (found["b"]["regret"], found["b"]["most_regret"]) == (6.0 / 4, 6.0)
    assert (found["a"]["worst_tenth"], found["b"]["worst_tenth"]) == (0.0, 3.0)
    assert regret.standings(BEST_OF_THREE, ["a", "b"], smaller=True)["a"]["worst_tenth"] == 10.0
    assert regret.worst_tenth(np.arange(30.0)) == 1.0, "the mean of the three lowest of thirty"


def test_luck_and_assumptions_are_told_apart():
    seeds = np.array([-1.0, 1.0, -0.5, 0.5])
    only_luck = np.stack([np.zeros((20, 4)), np.tile(seeds, (20, 1))], axis=2)
    found = regret.standings(only_luck, ["none", "luck"])["luck"]
    assert found["by_luck"] > 1
    assert found["by_assumptions"] == found["spread"] == 0
    futures = np.linspace(-3, 3, 20)
    only_futures = np.stack([np.zeros((20, 4)), np.tile(futures[:, None], (1, 4))], axis=2)
    found = regret.standings(only_futures, ["none", "futures"])["futures"]
    assert found["by_luck"] == 0
    assert found["by_assumptions"] > 0.5
    assert (found["wins"], found["wins_luck_low"], found["wins_luck_high"], found["settled"]) == (0.5, 0.5, 0.5, 10)
    assert found["wins_low"] < 0.4 < 0.6 < found["wins_high"]


def test_the_spread_between_futures_is_found_whatever_the_luck():
    rng = np.random.default_rng(2)
    futures, seeds, own = rng.normal(0, 3, (4_000, 1)), np.array([[-9.0, 4.0, 5.0]]), rng.normal(0, 6, (4_000, 3))
    assert regret.spread_between(futures + seeds + own) == pytest.approx(3, rel=0.1)
    assert regret.spread_between(futures[:, :1] + own[:, :1]) == pytest.approx(45**0.5, rel=0.1), (
        "one seed hides nothing"
    )


def test_shares_have_the_intervals_that_are_published():
    low, high = regret.share_interval(0, 10)  # Wilson's, by Brown, Cai and DasGupta (2001): z²/(n + z²)
    assert low == 0
    assert high == pytest.approx(0.2775, abs=1e-4)
    assert regret.lucky_shares([0.5] * 100) == (0.40, 0.60)  # the binomial law's quantiles
    assert regret.lucky_shares([1.0, 1.0, 0.0, 0.0]) == (0.5, 0.5)


def test_over_many_samples_the_share_interval_holds_the_truth():
    rng = np.random.default_rng(1)
    ends = np.array([regret.share_interval(int(won), 24) for won in rng.binomial(24, 0.6, 2_000)])
    assert 0.93 < np.mean((ends[:, 0] <= 0.6) & (ends[:, 1] >= 0.6)) < 0.98


def test_the_headline_says_both_certainties():
    found = regret.standings(BEST_OF_THREE, ["a", "b"])
    titles = {"a": "Adverts", "b": "A cut"}
    both = "A cut: best in 50\N{NO-BREAK SPACE}% of 4 futures; with these assumptions "
    assert headline(found, titles, 4, {"a": 0.001, "b": 0.999}) == both + f"best with {chance(0.999)}"
    assert headline(found, titles, 4, {"a": 0.9, "b": 0.1}) == both + f"Adverts is best, with {chance(0.9)}"
    assert headline(found, titles, 4, {"a": None}).startswith(both + "nobody can say")


# the whole


def test_strategies_meet_the_same_futures_and_the_same_luck():
    found = compare_futures([FREE, FREE.model_copy(update={"name": "again"}), PAID], 3, **FUTURES)
    it = found.futures
    assert it.values["free"] == it.values["again"] != it.values["paid"]
    assert len({tuple(future) for future in it.values["free"]}) == 3, "futures differ"
    assert it.seeds == [5, 6]
    assert found.metrics["profit.total"]["free"]["mean"] != 120 * np.mean(it.values["free"])
    assert it.per_person
    assert it.points == [[point[a["name"]] for a in it.assumptions] for point in draw_futures([FREE, PAID], 3).points]


def test_a_future_is_the_run_that_anybody_can_make_of_its_point():
    from sim.experiments.run import run

    it = compare_futures([FREE, PAID], 2, metric="users.daily", **FUTURES).futures
    point = dict(zip([a["name"] for a in it.assumptions], it.points[1], strict=True))
    assert it.values["paid"][1][1] == run(PAID.with_values(point | {"run.seed": 6})).summary["users.daily"]
    assert not it.per_person


def test_a_comparison_that_was_stopped_goes_on_and_answers_the_same(monkeypatch, tmp_path):
    whole = compare_futures([FREE, PAID], 3, **FUTURES)

    def stop(done, planned):
        if done == 4 + 5:  # the comparison's own runs, and five of twelve
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_futures([FREE, PAID], 3, out=tmp_path, progress=stop, **FUTURES)
    assert Comparison.load(tmp_path).futures is None
    log = tmp_path / "runs" / RUNS
    assert len(log.read_bytes().splitlines()) == 5
    with log.open("ab") as file:
        file.write(b'{"run": "cut o')
    made, lives = [], many.live
    monkeypatch.setattr(many, "live", lambda *given: made.append(given[3]) or lives(*given))
    monkeypatch.setattr(making, "compare", lambda *_, **__: pytest.fail("it was there"))
    found = compare_futures([FREE, PAID], 3, out=tmp_path, **FUTURES)
    assert len(made) == 7
    assert found.futures == whole.futures == Comparison.load(tmp_path).futures
    assert {json.loads(line)["scenario"] for line in log.read_text().splitlines()} == {"free", "paid"}
    compare_futures([FREE, PAID], 4, metric="welfare.users", out=tmp_path, **FUTURES)
    assert len(made) == 7 + 4, "another metric and one future more cost only that future"
    assert not (tmp_path / ".graphs").exists()


def test_another_comparison_in_the_folder_is_not_gone_on_with(tmp_path):
    compare_futures([FREE, PAID], 2, out=tmp_path, **FUTURES)
    with pytest.raises(BadInput, match="holds an earlier result"):
        compare_futures([FREE, PAID.with_values({"wallet.payer_fee": 0.1})], 2, out=tmp_path, **FUTURES)
    making.compare([FREE, PAID], replicates=2, jobs=1, out=tmp_path, force=True)
    assert not (tmp_path / "runs" / RUNS).exists()
    assert Comparison.load(tmp_path).futures is None


def test_processes_and_one_process_answer_the_same():
    alone = compare_futures([FREE, PAID], 2, **FUTURES)
    assert compare_futures([FREE, PAID], 2, replicates=2, jobs=2).futures == alone.futures


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"assumptions": 1}, "assumptions = 1: must be at least 2"),
        ({"assumptions": 4, "metric": "profit.totl"}, "did you mean 'profit.total'"),
        ({"assumptions": 4, "metric": "clock.festival"}, "neither more nor less is better"),
        ({"assumptions": 1_000_000}, r"8,000,000 runs \(1,000,000 futures, 4 seeds, 2 scenarios\), some .* --yes"),
    ],
)
def test_what_no_futures_can_answer_is_refused_before_anything_lives(monkeypatch, tmp_path, asked, said):
    monkeypatch.setattr(making, "compare", lambda *_, **__: pytest.fail("it lived"))
    with pytest.raises(BadInput, match=said):
        compare_futures([FREE, PAID], out=tmp_path / "new", **asked)
    assert not (tmp_path / "new").exists()


# on the screen and on the page


def _command(*words):
    return CliRunner().invoke(hongbao, ["compare", *map(str, words)], catch_exceptions=True)


def test_screen_json_and_page_say_both_certainties(scenarios, tmp_path):
    both = (scenarios / "baseline.toml", scenarios / "commission.toml")
    size = ("--users", 150, "--days", 8, "--replicates", 2, "--jobs", 1, "--out", tmp_path)
    told = _command(*both, *size, "--assumptions", 3)
    assert told.exit_code == 0, told.output
    assert "of 3 futures; with these assumptions" in told.stdout
    assert "most regret" in told.stdout.replace("\n", " ")
    line = Comparison.load(tmp_path).futures.headline
    assert line in told.stdout
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert line in page
    assert "Whether it holds" in page
    assert "Assumptions and their ranges" in page
    read = _command(*both, *size, "--assumptions", 3, "--format", "json")
    assert json.loads(read.stdout)["futures"]["headline"] == line
    assert report.write(tmp_path).read_text(encoding="utf-8") == page


@pytest.mark.parametrize("words", [("--assumptions", 1), ("--assumptions", 3, "--metric", "no.such"),
                                   ("--assumptions", 50_000)])  # fmt: skip
def test_bad_input_is_exit_2_and_leaves_nothing(scenarios, tmp_path, words):
    both = (scenarios / "baseline.toml", scenarios / "commission.toml")
    told = _command(*both, "--out", tmp_path / "new", *words)
    assert told.exit_code == 2
    assert not (tmp_path / "new").exists()
