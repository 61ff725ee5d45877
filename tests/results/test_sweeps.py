"""What many runs say together: effects, changes and winners, paired by point and seed; intervals that hold the truth."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sweeps import a_sweep, shared

from sim.engine.settings import BadInput
from sim.results.factors import end_of, labels_of, levels_of
from sim.results.intervals import crossed, interval
from sim.results.sweeps import Sweep


def test_the_table_has_a_row_a_run_in_the_order_of_the_plan(tmp_path):
    table = a_sweep(tmp_path, shared).table()
    assert len(table) == 6 * 2 * 4
    assert list(table["seed"][:12]) == [1] * 12
    assert list(table["scenario"][:2]) == ["free", "paid"]
    assert list(table["point"][:4]) == [0, 0, 1, 1]
    with pytest.raises(BadInput, match="no metric"):
        a_sweep(tmp_path / "b", shared).table(["profit"])


def test_effects_are_paired_by_point_and_seed(tmp_path):
    found = a_sweep(tmp_path, shared).effects("profit.total").set_index(["factor", "level", "scenario"])
    it = found.loc["shopping.commission", "0.2", "paid"]
    assert it["mean"] == pytest.approx(2500 + 10 + 1.5, abs=0.1)
    assert it["high"] - it["low"] > 1000, "seeds differ greatly"
    assert it["diff"] == pytest.approx(10, abs=0.1)
    assert it["diff_low"] < 10 < it["diff_high"]
    assert it["diff_high"] - it["diff_low"] < 0.2, "but the difference does not"
    assert (it["draws"], it["seeds"]) == (1, 4)
    assert found.loc["users.talk", "2", "free"]["mean"] == pytest.approx(2502, abs=0.1)


def test_a_change_goes_from_the_first_value_to_the_last_under_the_same_luck(tmp_path):
    found = a_sweep(tmp_path, shared).changes("profit.total").set_index(["factor", "scenario"])
    assert found.loc["users.talk", "free"]["change"] == pytest.approx(1)
    assert found.loc["shopping.commission", "paid"]["change"] == pytest.approx(10, abs=0.1)
    it = found.loc["shopping.commission", "free"]
    assert it["low"] <= 0 <= it["high"]


def test_winners_are_found_where_they_win(tmp_path):
    def crossing(name, values, seed):
        own = 0.1 * ((seed + (name == "paid")) % 3)
        return 100.0 * seed + own + (5 if name == "free" else 50 * values["shopping.commission"])

    sweep = a_sweep(tmp_path, crossing)
    found = sweep.winners("profit.total", "shopping.commission", "users.talk").set_index(["one", "other"])
    assert [found.loc[c, "1"]["winner"] for c in ("0", "0.2")] == ["free", "paid"]
    assert not found.loc["0.1", "1"]["sure"], "a lead of nothing is not settled"
    assert found.loc["0.2", "2"]["lead"] == pytest.approx(5, abs=0.2)
    assert found.loc["0.2", "2"]["sure"]
    cheap = sweep.winners("cost.total", "shopping.commission", "users.talk").set_index(["one", "other"])
    assert cheap.loc["0.2", "1"]["winner"] == "paid", "of costs the smaller is the better"


def test_levers_are_chosen_and_what_is_assumed_is_averaged_over(tmp_path):
    def profit(name, values, seed):
        at_best = values["shopping.commission"] == (0.1 if name == "paid" else 0.2)
        return 100.0 * seed + values["users.talk"] + (7 if name == "paid" else 2) * at_best + 0.01 * (seed % 3)

    sweep = a_sweep(tmp_path, profit, assumed=("users.talk",))
    assert sweep.levers == ["shopping.commission"]
    found = sweep.best("profit.total").set_index("scenario")
    assert found["shopping.commission"].to_dict() == {"free": 0.2, "paid": 0.1}
    assert (found["of"] == 3).all()
    assert found.loc["paid", "mean"] == pytest.approx(250 + 1.5 + 7, abs=0.1)
    assert found.loc["paid", "diff"] == pytest.approx(5)
    assert found.loc["paid", "diff_high"] - found.loc["paid", "diff_low"] < 0.1, "paired by seed and by what is assumed"
    assert found.loc["paid", "high"] - found.loc["paid", "low"] > 100
    least = sweep.best("cost.total").set_index("scenario")
    assert least["shopping.commission"].to_dict() == {"free": 0.2, "paid": 0.1}, "of costs the least"


def test_combinations_are_compared_where_all_are_finished(tmp_path):
    """A seed kind to everybody that only one combination has lived must not make it the best."""
    bad = {(name, point, 4) for name in ("free", "paid") for point in range(4)}  # all but commission 0.2
    never = {("paid", point, seed) for point in (0, 1) for seed in (1, 2, 3, 4)}  # commission 0 fails always

    def profit(name, values, seed):
        return 1000.0 * seed - values["shopping.commission"] + (name == "paid") * 3

    found = a_sweep(tmp_path, profit, without=bad | never, assumed=("users.talk",)).best("profit.total")
    found = found.set_index("scenario")
    assert found["shopping.commission"].to_dict() == {"free": 0.0, "paid": 0.1}
    assert found["of"].to_dict() == {"free": 3, "paid": 2}
    assert (found["seeds"] == 3).all()
    assert found.loc["paid", "diff"] == pytest.approx(2.9)


def test_a_lever_of_one_scenario_is_none_of_the_others(tmp_path):
    sweep = a_sweep(tmp_path, shared)
    sweep.about["factors"][1]["only"] = ["paid"]
    found = sweep.best("profit.total").set_index("scenario")
    assert found["users.talk"].to_dict() == {"free": None, "paid": 2.0}
    assert found["of"].to_dict() == {"free": 3, "paid": 6}
    json.dumps(found.reset_index().to_dict("records"))


def test_points_that_are_not_finished_everywhere_are_left_out(tmp_path):
    gaps = {("paid", 5, 4), ("free", 0, 1)}
    sweep = a_sweep(tmp_path, shared, without=gaps)
    assert len(sweep.table()) == 46
    assert sweep.missing() == 2
    assert len(sweep.paired("profit.total")) == 22
    assert sweep.overall("profit.total").set_index("scenario").loc["paid", "diff"] == pytest.approx(5, abs=0.5)


def test_nothing_finished_is_no_error(tmp_path):
    every = {(name, point, seed) for name in ("free", "paid") for point in range(6) for seed in range(5)}
    sweep = a_sweep(tmp_path, shared, without=every)
    assert sweep.table().empty
    assert sweep.effects("profit.total").empty
    assert sweep.changes("profit.total").empty
    assert sweep.winners("profit.total", *sweep.factors).empty


def test_a_drawn_factor_is_put_into_classes_and_its_points_are_the_sample(tmp_path):
    points = [{"shopping.commission": 0.2 * (k + 0.5) / 40, "users.talk": 1 + (k * 17 % 40) / 40} for k in range(40)]
    sweep = a_sweep(tmp_path, shared, seeds=(1,), drawn=True, points=points)
    levels = sweep.levels("shopping.commission")
    assert len(levels.labels) == 5
    assert np.bincount(levels.of).tolist() == [8] * 5
    found = sweep.effects("profit.total")
    it = found[(found.factor == "shopping.commission") & (found.scenario == "paid")]
    assert it["diff"].is_monotonic_increasing
    assert (it["draws"] == 8).all()
    change = sweep.changes("profit.total").set_index(["factor", "scenario"]).loc["shopping.commission", "paid"]
    assert change["low"] < 50 * 0.16 < change["high"], "ends of a drawn factor are different points: not paired"
    with pytest.raises(BadInput, match="no factor"):
        sweep.levels("shopping.listing_fee")


@pytest.mark.parametrize("points", [6, 7, 23, 64])
@pytest.mark.parametrize("scale", [1.0, 1e-4, 3e7])
@pytest.mark.parametrize("skewed", [False, True])
def test_classes_share_short_ends_that_tell_which_values_are_in_them(points, scale, skewed):
    """Breaks if each end is rounded for its own class: 0.0594 to 0.0915 beside 0.091 to 0.125."""
    values = np.random.default_rng(points).uniform(0.06, 0.25, points)
    values = scale * (values**9 if skewed else values)
    levels = levels_of(values, drawn=True)
    ends = [tuple(float(end.replace(",", "")) for end in label.split(" to ")) for label in levels.labels]
    assert len(set(levels.labels)) == len(ends) == 5
    for (_, end), (begin, _) in pairwise(ends):
        assert end == begin, "what one class ends with the next begins with"
    for value, place in zip(values, levels.of, strict=True):
        low, high = ends[place]
        assert low <= value < high
    assert max(len(label) for label in levels.labels) < 30
    assert np.bincount(levels.of).min() >= points // 5 - 1, "about as many points each"


@pytest.mark.parametrize(
    "values", [[1, 1, 1, 1, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7], [9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6]]
)
def test_whole_numbers_are_in_one_class_each_and_no_class_is_empty(values):
    levels = levels_of(np.array(values), drawn=True)
    ends = [tuple(map(int, label.split(" to "))) for label in levels.labels]
    for place, of in enumerate(ends):
        mine = {value for value, it in zip(values, levels.of, strict=True) if it == place}
        assert mine == {value for value in values if of[0] <= value <= of[-1]} != set()
    assert np.isfinite(levels.at).all()


@given(st.lists(st.floats(-1e12, 1e12, allow_subnormal=False), min_size=1, max_size=20, unique=True))
def test_no_two_values_look_the_same(values):
    assert len(set(labels_of(values))) == len(values)
    assert labels_of([20_000, 20_001, 5]) == ["20,000", "20,001", "5"]


def test_a_lever_at_the_end_of_what_was_tried_is_told_and_one_that_cannot_go_on_is_not(tmp_path):
    def profit(name, values, seed):
        return 100.0 * seed + values["shopping.commission"] * len(name) + values["users.talk"]

    sweep = a_sweep(tmp_path, profit)
    assert sweep.best("profit.total")["at_end"].tolist() == ["shopping.commission, users.talk"] * 2
    sweep.about["factors"][1]["most"] = 2.0
    assert sweep.best("profit.total")["at_end"].tolist() == ["shopping.commission"] * 2
    assert (end_of(sweep.about["factors"][0], 0.0), end_of(sweep.about["factors"][0], 0.1)) == ("lowest", "")


def test_a_lever_that_makes_no_difference_is_best_nowhere(tmp_path):
    sweep = a_sweep(tmp_path, lambda name, values, seed: 10.0 * seed + values["users.talk"])
    found = sweep.best("profit.total")
    assert found["shopping.commission"].tolist() == [None, None]
    assert found["users.talk"].tolist() == [2.0, 2.0]


def test_where_the_first_are_equal_nobody_wins(tmp_path):
    sweep = a_sweep(tmp_path, lambda name, values, seed: 10.0 * seed + values["users.talk"] - 5 * (name == "third"),
                    names=("free", "paid", "third"))  # fmt: skip
    found = sweep.winners("profit.total", "shopping.commission", "users.talk")
    assert found["winner"].isna().all()
    assert not found["sure"].any()
    assert sweep.lead("profit.total", choosing=False).tied
    assert sweep.lead("profit.total", choosing=True).tied


def test_intervals_hold_the_truth_as_often_as_they_say():
    draws = np.random.default_rng(5).standard_normal((2000, 2, 6))
    mean = [interval(a) for a in draws[:, 0]]
    assert np.mean([it.low < 0 < it.high for it in mean]) == pytest.approx(0.95, abs=0.015)
    difference = [crossed(3 * a[:, None], b[:4, None]) for a, b in draws]
    assert np.mean([it.low < 0 < it.high for it in difference]) == pytest.approx(0.95, abs=0.015)
    assert interval([3.0]) == (3.0, 3.0, 3.0)
    assert crossed([[3.0], [3.0]], [[1.0], [1.0]]) == (2.0, 2.0, 2.0)
    assert crossed([[1.0, 2.0, 4.0]]) == pytest.approx(interval([1.0, 2.0, 4.0])), "of one point: over seeds"
    assert crossed([[1.0], [2.0], [4.0]]) == pytest.approx(interval([1.0, 2.0, 4.0])), "of one seed: over points"


@pytest.mark.parametrize("common", [0.0, 0.5, 3.0])
@pytest.mark.parametrize(("points", "seeds", "gaps"), [(40, 4, 0), (12, 2, 0), (24, 4, 10)])
def test_intervals_of_drawn_points_know_that_points_share_their_luck(points, seeds, gaps, common):
    """Breaks if points with the same seeds are taken for independent: with much common luck one in ten would hold."""
    luck, held, alone = np.random.default_rng(7), [], []
    for _ in range(1000):
        of_seed = common * luck.standard_normal((1, seeds))
        table = luck.standard_normal((points, 1)) + of_seed + luck.standard_normal((points, seeds))
        if gaps:
            table[-gaps:, -1] = np.nan  # the last seed is under way
        held.append(crossed(table))
        alone.append(interval(np.nanmean(table, axis=1)))
    covered = np.mean([it.low < 0 < it.high for it in held])
    assert 0.93 < covered < 0.99
    if common == 3:
        assert np.mean([it.low < 0 < it.high for it in alone]) < 0.4


def test_ends_of_a_drawn_factor_are_other_points_with_the_same_luck():
    """A seed's luck falls out of the difference; what it does to one end only does not."""
    luck, held, widths = np.random.default_rng(8), [], []
    for _ in range(600):
        of_seed = 100 * luck.standard_normal((1, 4))
        sides = [luck.standard_normal((9, 1)) + of_seed * times + luck.standard_normal((9, 4)) for times in (1, 1.02)]
        found = crossed(*sides)
        held.append(found.low < 0 < found.high)
        widths.append(found.high - found.low)
    assert 0.93 < np.mean(held) < 0.99
    assert np.median(widths) < 10


def test_a_drawn_sweep_is_as_sure_as_its_few_seeds_allow(tmp_path):
    """A seed that helps the paid one at every point alike: forty points are no forty witnesses."""

    def common(name, values, seed):
        return (name == "paid") * (10.0 * (-1) ** seed + values["users.talk"])

    points = [{"shopping.commission": 0.2 * (k + 0.5) / 40, "users.talk": 1 + (k * 17 % 40) / 40} for k in range(40)]
    sweep = a_sweep(tmp_path, common, drawn=True, points=points)
    it = sweep.overall("profit.total").set_index("scenario").loc["paid"]
    assert (it["draws"], it["seeds"]) == (40, 4)
    assert it["diff_low"] < 0 < it["diff_high"]
    assert not sweep.winners("profit.total", *sweep.factors)["sure"].any()
    change = sweep.changes("profit.total").set_index(["factor", "scenario"]).loc["users.talk", "paid"]
    assert change["low"] > 0.5, "what luck does to both ends alike is no doubt about the difference"


def test_a_metric_called_like_a_factor_is_told_apart(tmp_path):
    points = [{"profit.total": 0.5}, {"profit.total": 0.7}]
    sweep = a_sweep(tmp_path, lambda name, values, seed: 1.0 * seed, points=points)
    assert {"profit.total", "profit.total (measured)"} <= set(sweep.table().columns)
    assert sweep.overall("profit.total")["mean"].tolist() == [2.5, 2.5]


@pytest.mark.parametrize("content", [None, "{}", "no json"])
def test_a_folder_without_a_sweep_is_told(tmp_path, content):
    if content is not None:
        (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(BadInput, match=r"sweep\.json"):
        Sweep.load(tmp_path)
    with pytest.raises(BadInput, match="there is no folder"):
        Sweep.load(tmp_path / "nowhere")


def test_a_sweep_is_told_in_a_line(tmp_path):
    found = repr(a_sweep(tmp_path, shared))
    assert found.startswith("Sweep(folder=")
    assert "\n" not in found
    assert len(found) < 200 + len(str(tmp_path))
