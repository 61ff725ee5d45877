"""Rankings: places by score, percentiles, and what a place costs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from sim.ground import ranking


@given(some.lists(some.integers(0, 5), min_size=1, max_size=20))
def test_the_best_come_first_and_of_equals_the_earlier(scores: list[int]) -> None:
    values, order = np.array(scores, float), np.full(len(scores), -1)
    ranking.rank(values, len(scores), order)
    assert order.tolist() == np.argsort(-values, kind="stable").tolist()


@given(some.lists(some.integers(0, 5), min_size=2, max_size=20))
def test_percentiles_keep_the_order(scores: list[int]) -> None:
    values, relevance, order = np.array(scores, float), np.empty(len(scores)), np.full(len(scores), -1)
    ranking.percentiles(values, len(scores), relevance)
    assert sorted(relevance) == pytest.approx(np.linspace(0, 1, len(scores)))
    ranking.rank(relevance, len(scores), order)
    assert order.tolist() == np.argsort(-values, kind="stable").tolist(), "so that a list without bids needs none"


def test_a_paid_ranking_goes_from_what_is_believed_to_the_bids() -> None:
    values, bids = np.array([2.0, 1.0, 0.0]), np.array([0.0, 30.0, 60.0])
    orders = {}
    for weight in (0.0, 1.0):
        order = np.empty(3, np.int64)
        ranking.rank_paid(values, bids, 3, 60.0, weight, np.empty(3), np.empty(3), order)
        orders[weight] = order.tolist()
    assert orders == {0.0: [0, 1, 2], 1.0: [2, 1, 0]}
    assert [ranking.bid_that_counts(bid, 10) for bid in (9, 10, 11)] == [0.0, 10.0, 11.0]


def test_a_place_costs_the_least_bid_that_keeps_it() -> None:
    below = ranking.score(0.5, 40.0, 100.0, 0.4)
    price = ranking.click_price(0.4, 90.0, below, 100.0, 0.4, 1.0)
    assert ranking.score(0.4, price, 100.0, 0.4) == pytest.approx(below)
    assert ranking.click_price(0.4, 90.0, below, 100.0, 0.4, 80.0) == 80.0, "never under the reserve"
    assert ranking.click_price(0.4, 50.0, below, 100.0, 0.4, 1.0) == 50.0, "never above the bid"
