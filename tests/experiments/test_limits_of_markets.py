"""Prices, fees and paid places in their limits: what theory expects of the shops as they run.

Breaks when merchants stop at another price than their best, fees are not passed on, or a ranking blends otherwise.
"""

import pytest

from sim.experiments.limits import advice, markets
from sim.experiments.validate import LIMITS
from sim.ground import ranking


@pytest.mark.parametrize("row", [16, 17, 18, 19, 22, 24, 25])
def test_markets_give_what_theory_expects(row):
    limits = [limit for function in LIMITS[row] for limit in function()]
    assert {limit.row for limit in limits} == {row}
    assert not [limit for limit in limits if not limit.passed]


def test_other_parameters_hold_too():
    others = markets.logit_monopoly(worth=3.0, cost=0.5) + markets.salop(shops=8, travel=2.0, runs=6)
    others += markets.paid_slot(number=4, lists=100_000)
    others += advice.best_match(shops=5, noise=2.0, observations=(2,), people=5_000)
    assert not [limit for limit in others if not limit.passed]


def test_advice_that_knows_less_than_it_should_fails(monkeypatch):
    right = advice._named
    monkeypatch.setattr(
        advice, "_named", lambda shops, n, noise, people, seed: right(shops, n // 2, noise, people, seed)
    )
    failed = [limit.name for limit in advice.best_match(observations=(4,), people=5_000) if not limit.passed]
    assert failed == ["4 seen"]


def test_a_ranking_that_ignores_bids_fails(monkeypatch):
    monkeypatch.setattr(ranking, "score", lambda relevance, bid, highest, weight: relevance)
    monkeypatch.setattr(markets, "_first_places", getattr(markets._first_places, "py_func", markets._first_places))
    monkeypatch.setattr(
        markets.luck, "uniform", lambda key, who, k: ((who * 7_919 + k * 104_729) % 9_973 + 0.5) / 9_973
    )
    assert [limit for limit in markets.paid_slot(lists=2_000) if not limit.passed]
