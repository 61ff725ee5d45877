"""What is said of tests: estimates are right, intervals cover as they claim, and a design that is off is called so."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.engine import luck
from sim.experiments.limits.interference import treated_friends
from sim.ground.assignment import draw_arms
from sim.ground.friends.clusters import clusters
from sim.ground.friends.friends import Friends
from sim.ground.friends.terms import FriendsSettings
from sim.results.abtests import judge
from sim.results.intervals import Estimate, between_arms
from sim.results.switchback import block_means, blocks_of

TESTS = 200


def normals(key: np.uint64, many: int, test: int) -> NDArray[np.float64]:
    return np.array([luck.normal(u) for u in luck.uniforms(key, many, test)])


# estimates


def test_a_difference_of_people_is_welchs() -> None:
    values = normals(luck.key(1, "test.values"), 60, 0)
    arm = (np.arange(60) % 3 == 0).astype(np.uint8)
    found = between_arms(values, np.ones(60), arm)
    theirs = stats.ttest_ind(values[arm == 1], values[arm == 0], equal_var=False)
    assert found.effect / found.error == pytest.approx(theirs.statistic)
    assert found.freedom == pytest.approx(theirs.df)
    assert found.interval().low == pytest.approx(theirs.confidence_interval().low)


def test_clusters_count_by_their_members() -> None:
    totals, sizes, arm = np.array([10.0, 40.0, 3.0, 9.0]), np.array([1, 4, 1, 3]), np.array([1, 1, 0, 0])
    found = between_arms(totals, sizes, arm)
    assert found.effect == pytest.approx(50 / 5 - 12 / 4)
    assert found.error == pytest.approx(0.0)


def test_what_nobody_differs_in_is_known_for_sure() -> None:
    found = between_arms(np.ones(6), np.ones(6), np.array([1, 1, 1, 0, 0, 0]))
    assert found == Estimate(0.0, 0.0, 4.0)
    assert found.interval() == (0.0, 0.0, 0.0)


def test_the_least_effect_is_found_in_four_of_five_tests() -> None:
    """Breaks where the error or either quantile is wrong."""
    key, people = luck.key(2, "test.power"), 80
    found, least = 0, between_arms(np.array([0.0, 1.0] * 40), np.ones(80), np.arange(80) < 40).detectable()
    effect = least / 0.5064  # of values whose standard deviation is 1, and not that of a coin
    for test in range(TESTS):
        arm = draw_arms(people, 0.5, luck.key(test, "test.power.arm"))
        found += between_arms(normals(key, people, test) + effect * arm, np.ones(people), arm).interval().low > 0
    assert abs(found / TESTS - 0.8) < 0.12


def test_blocks_of_days_leave_out_what_is_not_whole_and_what_is_dropped() -> None:
    blocks = blocks_of(3, 18, 5)
    assert blocks == [range(3, 8), range(8, 13), range(13, 18)]
    assert blocks_of(3, 17, 5) == blocks[:2]
    assert block_means(np.arange(18.0), blocks, 3).tolist() == [6.5, 11.5, 16.5]


# intervals hold the truth as often as they claim


def test_intervals_cover_as_they_claim_where_units_do_not_touch_each_other() -> None:
    """Over 200 tests each: people, clusters of unequal size whose members are alike, and blocks of days."""
    rows = Friends.generate(FriendsSettings(), 1_200, 3).rows
    label = clusters(rows, 60)
    sizes, many = np.bincount(label), int(label.max()) + 1
    kinds: dict[str, list[Estimate]] = {"user": [], "cluster": [], "switchback": []}
    own, shared, days = (luck.key(3, f"test.{what}") for what in ("own", "shared", "days"))
    for test in range(TESTS):
        key = luck.key(test, "test.arm")
        alone = normals(own, label.size, test)
        arm = draw_arms(label.size, 0.3, key)
        kinds["user"].append(between_arms(alone + 0.2 * arm, np.ones(label.size), arm))
        drawn = draw_arms(many, 0.5, key)
        alike = alone + normals(shared, many, test)[label] + 0.2 * drawn[label]
        kinds["cluster"].append(between_arms(np.bincount(label, alike), sizes, drawn))
        blocks, switched = blocks_of(0, 168, 7), draw_arms(24, 0.5, key)
        series = normals(days, 168, test) + 0.2 * np.repeat(switched, 7)
        kinds["switchback"].append(between_arms(block_means(series, blocks), np.ones(24), switched))
    for kind, estimates in kinds.items():
        verdict = judge(estimates, np.full(TESTS, 0.2))
        assert 0.90 <= verdict["coverage"] <= 0.98, kind
        assert abs(verdict["bias"]) < 2.2 * (verdict["bias_high"] - verdict["bias"]), kind  # four standard errors
        assert verdict["spread"] is not None
        assert verdict["error"] == pytest.approx(verdict["spread"], rel=0.2), kind


def test_a_test_by_user_of_what_friends_pass_on_is_called_biased() -> None:
    rows = Friends.generate(FriendsSettings(), 1_200, 3).rows
    estimates, truths = [], []
    for test in range(TESTS):
        arm = draw_arms(1_200, 0.5, luck.key(test, "test.arm"))
        own = normals(luck.key(3, "test.own"), 1_200, test)
        outcome = own + 0.5 * (arm + 0.8 * treated_friends(rows, arm))
        estimates.append(between_arms(outcome, np.ones(1_200), arm))
        truths.append(0.5 * (1 + 0.8 * treated_friends(rows, np.ones(1_200, np.uint8)).mean()))
    verdict = judge(estimates, truths)
    assert verdict["biased"]
    assert verdict["bias"] == pytest.approx(-0.4, abs=0.03)
    assert verdict["coverage"] < 0.05
    assert verdict["power"] > 0.99


def test_power_counts_effects_found_on_their_own_side() -> None:
    sure = [Estimate(-1.0, 0.1, 50.0)] * 10
    assert judge(sure, np.full(10, -1.0))["power"] == 1.0
    assert judge(sure, np.full(10, 1.0))["power"] == 0.0
