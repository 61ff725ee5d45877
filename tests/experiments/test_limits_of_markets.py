"""Prices, fees and paid places in their limits: what theory expects of the shops as they run.

Breaks when merchants stop at another price than their best, fees are not passed on, or a ranking blends otherwise.
"""

import numpy as np
import pytest

from sim.experiments.limits import advice, markets
from sim.experiments.validate import LIMITS
from sim.ground import ranking
from sim.shopping import shopping


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


@pytest.mark.parametrize("cost", [0.05, 0.5])
def test_the_best_commission_is_found_wherever_it_lies(cost):
    assert not [limit for limit in markets.commission(cost=cost, people=3_000, runs=3) if not limit.passed]


def _uncompiled(monkeypatch):
    """Row 24 in plain Python, so that what replaces a rule is taken up; few people, for the time."""
    monkeypatch.setattr(shopping, "_shop", getattr(shopping._shop, "py_func", shopping._shop))
    with np.errstate(over="ignore"):
        limits = markets.paid_slot(lists=1_000, markets=30)
    return {limit.name.removeprefix("relevance of the place, ") for limit in limits if not limit.passed}


def test_a_ranking_that_blends_otherwise_fails(monkeypatch):
    """Each case breaks its own line of row 24, and none is broken in plain Python alone."""
    assert _uncompiled(monkeypatch) == set()
    monkeypatch.setattr(ranking, "score", lambda relevance, bid, highest, weight: relevance)  # bids do not count
    assert _uncompiled(monkeypatch) == {"fully paid", "half and half"}
    monkeypatch.setattr(ranking, "score", lambda relevance, bid, highest, weight: bid)  # nothing else does
    assert _uncompiled(monkeypatch) == {"half and half"}
