"""Intervals, variance saved and chances of being best, against scipy and numbers worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from sim.results import intervals

RANDOM = np.random.default_rng(7)


def test_an_interval_is_students():
    values = [3.0, 5.0, 4.0, 8.0]
    mean, low, high = intervals.interval(values)
    assert mean == 5.0
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 3, loc=5.0, scale=stats.sem(values)))
    # by hand: standard deviation sqrt(14/3), over 2, times 3.18245
    assert high - mean == pytest.approx(3.1824463 * (14 / 3) ** 0.5 / 2)


def test_a_single_replicate_has_an_interval_without_width():
    assert intervals.interval([2.5]) == (2.5, 2.5, 2.5)


def test_nineteen_intervals_in_twenty_hold_the_truth():
    samples = RANDOM.normal(10.0, 3.0, (4_000, 5))
    held = np.mean([low <= 10.0 <= high for _, low, high in map(intervals.interval, samples)])
    assert held == pytest.approx(0.95, abs=0.015)  # four standard errors


def test_a_paired_interval_leaves_out_the_luck_that_both_share():
    weather = RANDOM.normal(0, 100, 8)
    a, b = weather + RANDOM.normal(1, 0.1, 8), weather + RANDOM.normal(0, 0.1, 8)
    difference = intervals.paired(a, b)
    assert difference.half_width < 0.3 < intervals.interval(a).half_width
    assert difference.mean == pytest.approx(np.mean(a) - np.mean(b))


def test_shared_luck_saves_variance_and_opposite_luck_costs_some():
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert intervals.variance_ratio(a, [2.0, 4.0, 6.0, 8.0]) == pytest.approx(5.0)  # (V + 4 V) / V
    assert intervals.variance_ratio(a, a[::-1]) == pytest.approx(0.5)  # 2 V / 4 V
    independent = RANDOM.normal(size=(2, 20_000))
    assert intervals.variance_ratio(*independent) == pytest.approx(1.0, abs=0.05)


def test_a_variance_ratio_is_finite_where_no_luck_is_left():
    a = np.array([1.0, 2.0, 3.0])
    assert intervals.variance_ratio(a, a + 5) == intervals.MOST_SAVED
    assert intervals.variance_ratio(np.ones(3), np.zeros(3)) == 1.0
    assert intervals.variance_ratio([1.0], [2.0]) == 1.0


@pytest.mark.parametrize("replicates", [2, 4, 16])
def test_the_chance_of_the_better_of_two_is_that_of_the_paired_t_test(replicates):
    a = RANDOM.normal(0.4, 1.0, replicates)
    b = RANDOM.normal(0.0, 1.0, replicates)
    chance_a, chance_b = intervals.chances_of_being_best(np.column_stack([a, b]))
    difference = a - b
    expected = stats.t.cdf(difference.mean() / stats.sem(difference), replicates - 1)
    assert chance_a == pytest.approx(expected, abs=0.015)
    assert chance_a + chance_b == pytest.approx(1.0)


def test_chances_sum_to_one_with_more_scenarios_than_replicates():
    values = RANDOM.normal(size=(3, 7)) + np.arange(7) / 5
    chances = intervals.chances_of_being_best(values)
    assert chances.sum() == pytest.approx(1.0)
    assert np.array_equal(chances, intervals.chances_of_being_best(values)), "the same values, the same answer"
    assert intervals.chances_of_being_best(-values, smaller=True) == pytest.approx(chances)


def test_of_equal_scenarios_none_is_the_best():
    """Breaks if they share a chance: each of five that are certainly ahead would be said to be the best at 19 %."""
    a = np.array([5.0, 6.0, 7.0])
    chances = intervals.chances_of_being_best(np.column_stack([a, a - 9, a]))
    assert np.isnan(chances).tolist() == [True, False, True]
    assert chances[1] == 0.0
    assert np.isnan(intervals.chances_of_being_best(np.zeros((4, 4)))).all()
    nearly = intervals.chances_of_being_best(np.column_stack([a, a * (1 + 2e-16)]))
    assert np.isnan(nearly).all(), "sums that were rounded otherwise"


def test_a_single_replicate_names_no_best():
    assert np.isnan(intervals.chances_of_being_best([[3.0, 9.0, 4.0]])).all()
