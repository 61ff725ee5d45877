"""Taste: places on a circle, and what a shop is worth there."""

import numpy as np
import pytest

from sim.people import taste


def test_the_distance_is_the_shorter_way_round() -> None:
    assert taste.distance(0.1, 0.3) == pytest.approx(0.2)
    assert taste.distance(0.05, 0.95) == pytest.approx(0.1)
    assert taste.distance(0.0, 0.5) == 0.5


def test_friends_who_are_alike_stand_where_their_group_stands() -> None:
    u = np.linspace(0.001, 0.999, 999)
    for alike in (0.0, 0.5, 1.0):
        away = [taste.distance(taste.taste(0.95, one, alike), 0.95) for one in u.tolist()]
        assert max(away) == pytest.approx(0.5 * (1.0 - alike), abs=2e-3)


def test_a_match_is_no_better_than_any_other_in_the_mean_over_a_circle() -> None:
    places = np.arange(1_000) / 1_000
    matches = [taste.match(taste.distance(0.3, place), 0.0, 4.0, 1.0) for place in places.tolist()]
    assert np.mean(matches) == pytest.approx(0.0, abs=1e-9)


def test_a_price_counts_against_what_the_need_itself_is_worth() -> None:
    free, dear = (taste.systematic_utility(1.0, 0.5, 4.0, 20.0, price, 0.03) for price in (0, 2_000))
    assert dear == pytest.approx(1.0 + 0.5 - 1.0), "20 CNY for what is worth 20 CNY"
    assert free == pytest.approx(dear + 0.6)
