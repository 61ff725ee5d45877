"""Results: summaries by the rules, files that are whole or not there, and what is saved comes back."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.engine.settings import BadInput
from sim.ground.metrics import Metric, flow, ratio, stock
from sim.results import load
from sim.results.comparisons import Comparison
from sim.results.files import whole_file, write_json
from sim.results.runs import Result, summarise

METRICS = {
    metric.name: metric
    for metric in (
        flow("shop.sales", "cents", "sold"),
        stock("shop.queue", "people", "waiting", "less"),
        flow("shop.visits", "people", "who came", "neither"),
        ratio("shop.per_visit", "cents", "sold a visit", "shop.sales", "shop.visits"),
    )
}


def a_run(seed: int = 3, name: str = "shop", surplus: bool = True) -> Result:
    days = pd.DataFrame(
        {
            "day": [0, 1],
            "date": ["2015-01-01", "2015-01-02"],
            "shop.sales": [300, 500 + seed],
            "shop.queue": [4.0, 6.0],
            "shop.visits": [1, 3],
            "shop.per_visit": [300.0, (500 + seed) / 3],
        }
    )
    flows = pd.DataFrame({"day": [0], "payer": ["wallet"], "payee": ["company"], "reason": ["fee"], "cents": [2**60]})
    manifest = {
        "name": name,
        "title": "A shop",
        "seed": seed,
        "metrics": {name: metric.note() for name, metric in METRICS.items()},
    }
    worth = np.array([0.5, -1.25, 3.0]) if surplus else None
    return Result('title = "A shop"\n', manifest, days, flows, summarise(days, METRICS), worth)


def a_comparison() -> Comparison:
    names, seeds = ["shop", "fee"], [3, 4]
    figures = {
        "mean": 1.0,
        "low": 0.5,
        "high": 1.5,
        "diff": 0.0,
        "diff_low": 0.0,
        "diff_high": 0.0,
        "variance_ratio": 1.0,
    }
    return Comparison(
        manifest={"version": "1", "metrics": a_run().manifest["metrics"]},
        baseline="shop",
        scenarios=names,
        titles={"shop": "A shop", "fee": "A fee"},
        seeds=seeds,
        metrics={"shop.sales": dict.fromkeys(names, figures)},
        best={"shop.sales": {"shop": 0.25, "fee": 0.75}},
        gaining={name: {"mean": 0.5, "low": 0.0, "high": 1.0} for name in names},
        decided=[{"name": "shop.fee", "values": {"shop": 0.0, "fee": 0.1}}],
        unfair=[],
        runs={(name, seed): a_run(seed, name) for name in names for seed in seeds},
    )


# summaries


def test_a_flow_is_summed_a_stock_is_its_last_weeks_and_a_ratio_divides_totals():
    days = pd.DataFrame(
        {"shop.sales": [10.0] * 40, "shop.queue": [1.0] * 12 + [2.0] * 14 + [4.0] * 14, "shop.visits": [0] * 39 + [8]}
    )
    found = summarise(days.assign(**{"shop.per_visit": 0.0}), METRICS)
    assert found == {"shop.sales": 400.0, "shop.queue": 3.0, "shop.visits": 8.0, "shop.per_visit": 50.0}


def test_a_short_run_has_fewer_last_days_and_a_ratio_over_nothing_is_nothing():
    days = pd.DataFrame({"shop.sales": [5], "shop.queue": [7.0], "shop.visits": [0], "shop.per_visit": [0.0]})
    assert summarise(days, METRICS) == {"shop.sales": 5, "shop.queue": 7, "shop.visits": 0, "shop.per_visit": 0}
    assert set(summarise(days.head(0), METRICS).values()) == {0.0}


def test_a_metric_that_was_never_recorded_is_named():
    with pytest.raises(ValueError, match=r"no column for shop\.visits"):
        summarise(pd.DataFrame({"shop.sales": [1]}), {"shop.per_visit": METRICS["shop.per_visit"]})


def test_a_saved_run_says_which_way_its_metrics_are_better(tmp_path):
    a_run().save(tmp_path)
    found = Result.load(tmp_path).metrics
    assert found == METRICS
    assert {name.partition(".")[2]: it.better for name, it in found.items()} == {
        "sales": "more", "queue": "less", "visits": "neither", "per_visit": "more",
    }  # fmt: skip


# whole files


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "page.html"
    with whole_file(path) as part:
        part.write_text("half")
        assert not path.exists()
        assert part.suffix == ".html"
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "page.html"
    path.write_text("old")

    def write():
        with whole_file(path) as part:
            part.write_text("ne")
            raise failure

    with pytest.raises(failure):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_number_that_json_cannot_hold_is_named_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"summary\.json: rides: wait is nan"):
        write_json(tmp_path / "summary.json", {"rides": {"wait": np.float64("nan")}})
    assert not list(tmp_path.iterdir())


def test_numpys_numbers_and_tuples_become_plain(tmp_path):
    write_json(tmp_path / "a.json", {"n": np.int64(3), "x": np.float32(0.5), "of": ("a", "b"), "all": np.arange(2)})
    assert json.loads((tmp_path / "a.json").read_text()) == {"n": 3, "x": 0.5, "of": ["a", "b"], "all": [0, 1]}


# runs


def test_a_run_comes_back_as_it_was_saved(tmp_path):
    saved = a_run()
    saved.save(tmp_path / "run")
    found = Result.load(tmp_path / "run")
    pd.testing.assert_frame_equal(found.days, saved.days)
    pd.testing.assert_frame_equal(found.flows, saved.flows)
    assert found.summary == saved.summary
    assert found.scenario == saved.scenario
    assert np.array_equal(found.surplus, saved.surplus)
    assert (found.name, found.title, found.seed) == ("shop", "A shop", 3)
    assert found.metrics == METRICS
    assert isinstance(found.metrics["shop.per_visit"], Metric)
    assert isinstance(load(tmp_path / "run"), Result)


def test_another_result_is_overwritten_file_by_file(tmp_path):
    a_run(seed=3).save(tmp_path)
    (tmp_path / "report.html").write_text("of the first")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="holds an earlier result: --force"):
        a_run(seed=4).save(tmp_path)
    assert Result.load(tmp_path).seed == 3
    a_run(seed=4, surplus=False).save(tmp_path, force=True)
    found = Result.load(tmp_path)
    assert (found.seed, found.surplus) == (4, None)
    assert not (tmp_path / "report.html").exists(), "a page of another result would mislead"
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_number_that_cannot_be_saved_leaves_the_earlier_result_as_it_was(tmp_path):
    a_run(seed=3).save(tmp_path)
    second = a_run(seed=4)
    second.summary["shop.sales"] = float("inf")
    with pytest.raises(ValueError, match=r"summary\.json: shop\.sales is inf"):
        second.save(tmp_path, force=True)
    assert Result.load(tmp_path).seed == 3


def test_a_save_that_is_cut_off_leaves_no_folder_that_looks_finished(tmp_path, monkeypatch):
    a_run(seed=3).save(tmp_path)

    def cut_off(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(pd.DataFrame, "to_parquet", cut_off)
    with pytest.raises(KeyboardInterrupt):
        a_run(seed=4).save(tmp_path, force=True)
    with pytest.raises(BadInput, match="no finished result"):
        Result.load(tmp_path)
    monkeypatch.undo()
    a_run(seed=4).save(tmp_path)  # what is not finished is nobody's result
    assert Result.load(tmp_path).seed == 4
    assert not list(tmp_path.glob(".*"))


def test_what_is_missing_or_damaged_is_said(tmp_path):
    a_run().save(tmp_path / "good")
    with pytest.raises(BadInput, match=r"there is no folder .*bad; .* has good"):
        Result.load(tmp_path / "bad")
    with pytest.raises(BadInput, match="is a file: give the folder"):
        Result.load(tmp_path / "good" / "summary.json")
    with pytest.raises(BadInput, match="single run, not a comparison"):
        Comparison.load(tmp_path / "good")
    for name, content in [("days.parquet", b"PAR1 cut"), ("summary.json", b'{"a": '), ("manifest.json", b"\xff\xfe")]:
        a_run().save(tmp_path / "good", force=True)
        (tmp_path / "good" / name).write_bytes(content)
        with pytest.raises(BadInput, match=f"{name} is damaged"):
            Result.load(tmp_path / "good")
    a_run().save(tmp_path / "good", force=True)
    (tmp_path / "good" / "flows.parquet").unlink()
    with pytest.raises(BadInput, match=r"flows\.parquet is missing"):
        Result.load(tmp_path / "good")


def test_a_file_in_the_way_of_the_folder_is_bad_input(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BadInput, match="a file of that name is in the way"):
        a_run().save(tmp_path / "out")
    with pytest.raises(BadInput, match="a file of that name is in the way"):
        a_run().save(tmp_path / "out" / "below")


# comparisons


def test_a_comparison_comes_back_with_its_runs(tmp_path):
    saved = a_comparison()
    saved.save(tmp_path)
    found = load(tmp_path)
    assert isinstance(found, Comparison)
    for name in ("baseline", "scenarios", "titles", "seeds", "metrics", "best", "gaining", "decided", "unfair"):
        assert getattr(found, name) == getattr(saved, name)
    assert found.replicates == 2
    assert [result.seed for result in found.results("fee")] == [3, 4]
    assert found.result("fee", 4).summary == saved.result("fee", 4).summary
    assert found.table().set_index(["metric", "scenario"]).loc[("shop.sales", "fee"), "best"] == 0.75
    content = json.loads((tmp_path / "comparison.json").read_text())
    assert content["replicates"] == 2
    with pytest.raises(BadInput, match="no run of 'fee' with seed 9: scenarios are shop, fee, seeds 3, 4"):
        found.result("fee", 9)
    with pytest.raises(BadInput, match="holds a comparison"):
        Result.load(tmp_path)


def test_a_comparison_takes_its_runs_to_another_folder_and_leaves_other_files_there(tmp_path):
    a_comparison().save(tmp_path / "one")
    a_comparison().save(tmp_path / "two")
    old = tmp_path / "two" / "runs" / "old"
    a_run().save(old / "1")
    a_run().save(old / "2")
    (old / "2" / "mine.txt").write_text("kept")
    Comparison.load(tmp_path / "one").save(tmp_path / "two", force=True)
    found = Comparison.load(tmp_path / "two")
    assert found.result("shop", 3).name == "shop"
    left = [path for path in (tmp_path / "two" / "runs").glob("old/**/*") if path.is_file()]
    assert left == [old / "2" / "mine.txt"]


def test_a_comparison_saved_where_it_lies_stays_whole(tmp_path):
    a_comparison().save(tmp_path)
    found = Comparison.load(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in Path(tmp_path).glob("runs/**/*.parquet")}
    found.save(tmp_path, force=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert Comparison.load(tmp_path).metrics == found.metrics


def test_a_damaged_comparison_is_said(tmp_path):
    a_comparison().save(tmp_path)
    (tmp_path / "comparison.json").write_text('{"baseline": "shop"}')
    with pytest.raises(BadInput, match=r"comparison\.json is damaged \(it lacks replicates"):
        Comparison.load(tmp_path)
