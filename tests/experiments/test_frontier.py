"""Several aims at once: a known front is found, it is checked on fresh seeds, and a study that was cut off goes on."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from sim import report
from sim.cli import hongbao
from sim.engine.ranges import LeverRange
from sim.engine.settings import BadInput
from sim.experiments import front_search, many
from sim.experiments.frontier import frontier
from sim.results.frontier import FRONTIER, Frontier
from sim.scenario import Scenario

WIDE = LeverRange("a.x", "number", "a number", -1.0, 2.0)
OTHER = LeverRange("a.y", "number", "another", -1.0, 1.0)


def schaffer(points, seeds):
    """Two aims of x, best at 0 and at 1, and spoilt by y: the front is 0 <= x <= 1 and y = 0 (Schaffer 1985)."""
    return np.array(
        [[[-(p["a.x"] ** 2) - p["a.y"] ** 2, -((p["a.x"] - 1) ** 2) - p["a.y"] ** 2] for _ in seeds] for p in points]
    )


def test_a_known_front_is_found():
    tried = front_search.try_front([WIDE, OTHER], schaffer, 2, [1], 80)
    values = np.array([one.aims for one in tried])
    front = [tried[at].point for at in np.flatnonzero(front_search.not_dominated(values))]
    assert len(front) >= 6
    assert all(-0.15 <= point["a.x"] <= 1.15 and abs(point["a.y"]) < 0.35 for point in front)
    xs = sorted(point["a.x"] for point in front)
    assert xs[0] < 0.25
    assert xs[-1] > 0.75, "both ends of it"


def test_a_point_is_dominated_by_one_that_is_nowhere_worse():
    values = np.array([[1.0, 5.0], [2.0, 4.0], [2.0, 3.0], [2.0, 4.0], [0.0, 0.0]])
    assert front_search.not_dominated(values).tolist() == [True, True, False, True, False]
    assert front_search.not_dominated(np.array([[1.0, 1.0]])).tolist() == [True]


def test_what_is_kept_of_a_crowd_is_its_ends_and_what_lies_apart():
    xs = np.array([0.0, 0.01, 0.02, 0.5, 0.98, 1.0])
    kept = front_search.spread_out(np.column_stack([xs, -xs]), 3)
    assert kept == [0, 3, 5]
    assert front_search.spread_out(np.column_stack([xs, -xs]), 9) == list(range(6))


def test_a_point_is_surely_dominated_only_where_luck_leaves_no_doubt():
    luck = np.random.default_rng(1).normal(size=8)
    good, near, far = luck + 1.0, luck + 0.99 + 0.1 * np.random.default_rng(2).normal(size=8), luck - 3.0
    table = np.stack([np.column_stack([it, it]) for it in (good, near, far)])
    assert front_search.surely_dominated(table)[0] is None
    assert front_search.surely_dominated(table)[2] == 0
    assert front_search.surely_dominated(table[:2]) == [None, None]


RUN = {"users": 100, "days": 5, "seed": 3}
FREE = Scenario.make(run=RUN).model_copy(update={"name": "free", "title": "Free"})
FEE = Scenario.make(run=RUN, levers={"wallet.payer_fee": [0.0, 0.05]}).model_copy(
    update={"name": "fee", "title": "A fee on payments"}
)
SMALL = {"aims": ("revenue.total", "welfare.users"), "tries": 8, "replicates": 4, "jobs": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frontier")
    return frontier([FREE, FEE], out=folder, command="hongbao frontier free.toml fee.toml", **SMALL), folder


def test_every_strategy_stands_as_it_is_given_beside_what_was_found(made):
    found, folder = made
    assert found == Frontier.load(folder)
    given = [point for point in found.points if point["given"]]
    assert [point["scenario"] for point in given] == ["free", "fee"]
    assert given[0]["values"][0]["mean"] == 0, "the free one earns nothing"
    assert given[0]["apart"] == [{"mean": 0.0, "low": 0.0, "high": 0.0}] * 2, "it is what the others are paired with"
    for point in found.points:
        for value, apart, usual in zip(point["values"], point["apart"], given[0]["values"], strict=True):
            assert apart["mean"] == pytest.approx(value["mean"] - usual["mean"])
    front = [point for point in found.points if point["front"]]
    assert max(point["values"][0]["mean"] for point in front) > 0
    means = np.array([[value["mean"] for value in point["values"]] for point in found.points])
    assert front_search.not_dominated(means).tolist() == [point["front"] for point in found.points]
    assert set(found.seeds["search"]).isdisjoint(found.seeds["fresh"])
    assert found.tries == {"fee": 8}


def test_its_page_draws_the_front_and_lists_its_points(made):
    page = report.write(made[1]).read_text()
    for said in ("what can be had at once", "Points on the front", "wallet.payer_fee", "Ozaki", "fee as given"):
        assert said in page
    assert [file.name for file in report.write_pictures(made[1], made[1] / "pictures")] == ["front-1.svg"]


def test_cut_off_it_goes_on_and_another_question_is_not_replaced(made, tmp_path, monkeypatch):
    def stop(done, planned):
        assert done <= planned
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        frontier([FREE, FEE], out=tmp_path, progress=stop, **SMALL)
    assert not (tmp_path / FRONTIER).exists()
    lives, lived = many.live, []
    monkeypatch.setattr(many, "live", lambda *given: lived.append(given[3]) or lives(*given))
    again = frontier([FREE, FEE], out=tmp_path, command=made[0].command, **SMALL)
    assert again == made[0]
    assert len(lived) == again.runs - 9
    with pytest.raises(BadInput, match=r"holds a frontier that asked for something else \(aims\): --force"):
        frontier([FREE, FEE], out=tmp_path, **SMALL | {"aims": ("revenue.total", "trust.mean")})


def test_a_robust_aim_is_worse_than_most_futures_are(made):
    robust = frontier([FREE, FEE], robust=0.0, assumptions=2, **SMALL | {"tries": 8, "replicates": 4})
    assert (robust.futures, robust.robust) == (2, 0.0)
    assert made[0].robust is None
    usual = frontier([FREE, FEE], robust=0.99, assumptions=2, **SMALL)
    worst, best = (it.points[1]["values"][1]["mean"] for it in (robust, usual))
    assert worst < best


@pytest.mark.parametrize(
    ("scenarios", "asked", "said"),
    [
        ([FREE], {}, "no scenario names levers"),
        ([FEE], {"aims": ("profit.total",)}, "a frontier needs two or more; of one, tune"),
        ([FEE], {"aims": ("profit.total", "profit.totl")}, "did you mean 'profit.total'"),
        ([FEE], {"aims": ("profit.total", "clock.festival")}, "neither more nor less is better"),
        ([FEE], {"robust": 1.0}, "robust = 1.0: must be a share of futures"),
        ([FEE], {"robust": 0.1, "assumptions": 1}, "assumptions = 1: must be at least 2"),
        ([FEE], {"tries": 3}, "tries = 3: must be at least 8"),
        ([FEE], {"tries": 100_000}, "more than 10,000: say that they are meant"),
    ],
)
def test_what_cannot_be_answered_is_refused_before_anything_lives(monkeypatch, tmp_path, scenarios, asked, said):
    monkeypatch.setattr(many, "live", lambda *_: pytest.fail("it lived"))
    with pytest.raises(BadInput, match=said):
        frontier(scenarios, out=tmp_path / "new", **SMALL | asked)
    assert not (tmp_path / "new").exists()


def test_the_command_shows_the_points(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fee.toml").write_text('title = "A fee"\n')
    asked = [
        "frontier",
        "fee.toml",
        "--users",
        "100",
        "--days",
        "4",
        "--aim",
        "revenue.total",
        "--aim",
        "welfare.users",
    ]
    asked += ["--tries", "8", "--replicates", "4", "--jobs", "1", "--lever", "wallet.payer_fee=0..0.05"]
    done = CliRunner().invoke(hongbao, asked)
    assert done.exit_code == 0, done.output
    assert "on the front" in done.stdout
    assert (tmp_path / "outputs" / "frontier-fee" / "report.html").exists()
    lines = CliRunner().invoke(hongbao, [*asked, "--format", "csv"]).stdout.splitlines()
    assert lines[0].startswith("scenario,given,revenue.total,revenue.total_low")
    assert json.loads(CliRunner().invoke(hongbao, [*asked, "--format", "json"]).stdout)["points"]
