"""Promotion: places are sold for no more than was bid, bend the list no more than they must, and are marked if at all.

A world with a service that sells nothing is the same world without it: every law below compares the two on one luck.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from worlds import live, lived, world_of

from sim.ground.ledger import COMPANY, OUTSIDE
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.shopping.promotion import Clicks

NAMED_BY_PROMOTION = ("promotion.", "cost.", "profit.", "company.", "welfare.total")  # and what running it costs


SMALL = {
    "run": {"users": 600, "days": 30}, "shopping": {"on": True, "needs": 0.5}, "company": {"knows_profile": True},
}  # fmt: skip


def sold(**promotion: Any) -> pd.DataFrame:
    """The days of a small world in which places are sold on these terms."""
    return lived(promotion=promotion, **SMALL).history


@pytest.mark.parametrize("disclosed", [False, True])
def test_nobody_is_charged_above_the_bid_nor_under_the_reserve(disclosed: bool):
    """Breaks when a price is taken of a score and not of a bid, or of another shop's."""
    reserve = 200
    world = world_of(promotion={"weight": 0.6, "disclosed": disclosed, "reserve": reserve}, **SMALL)
    below = charged = 0
    while world.running:
        bids = world[MerchantColumns].bid.copy()
        world.step()
        clicks = world.handed(Clicks)
        if clicks is None:
            continue
        shops, cents = clicks
        assert (cents <= bids[shops]).all()
        assert (cents >= reserve).all()
        below += int((cents < bids[shops]).sum())
        charged += cents.size
    world.close()
    assert charged > 100
    assert below > 0.5 * charged, "most pay less than they bid"


def test_what_is_paid_for_places_is_what_the_company_earns_by_them():
    world = world_of(promotion={"weight": 0.6}, **SMALL)
    paid = earned = 0
    while world.running:
        world.step()
        paid += world.ledger.paid("promotion", MERCHANTS, COMPANY)
        earned += int(world.today["revenue.promotion"])
        assert world.today.get("promotion.spent", 0) == world.today["revenue.promotion"]
    world.close()
    assert paid == earned > 0


def test_a_merchant_without_money_pays_for_no_place_and_owes_none():
    """Breaks when clicks are charged whatever is left, which the ledger does not let pass."""
    world = live(world_of(promotion={"weight": 0.6}, run__days=15, **SMALL), until=14)
    purses = world.ledger[MERCHANTS].copy()
    shops = np.arange(purses.size, dtype=np.uint32)
    world.ledger.pay_many((shops, np.zeros_like(shops), np.maximum(0, purses - 300)), MERCHANTS, OUTSIDE, "capital")
    world.step()
    world.close()
    assert 0 < world.today["promotion.paid_clicks"] < world.today["promotion.clicks"]
    assert world.ledger[MERCHANTS].min() >= 0


@pytest.mark.parametrize("disclosed", [False, True])
def test_a_reserve_above_every_bid_leaves_the_list_as_it_is_unpaid(disclosed: bool):
    """Breaks when a bid that is turned away has pushed others off the list before: all that people get is compared."""
    none = sold(weight=0.0)
    dear = sold(weight=0.6, reserve=1_000_000, disclosed=disclosed)
    cheap = sold(weight=0.6, disclosed=disclosed)
    same = [name for name in none if not name.startswith(NAMED_BY_PROMOTION)]
    assert dear[same].equals(none[same])
    assert dear["promotion.distortion"].abs().max() == dear["promotion.clicks"].sum() == 0
    assert cheap["promotion.distortion"].abs().sum() > 0  # what the reserve kept out does change lists
    assert cheap["shopping.worth"].sum() < none["shopping.worth"].sum()


def test_marked_places_that_all_pass_over_mislead_nobody_and_earn_nothing():
    none, marked = sold(weight=0.0), sold(weight=0.6, disclosed=True, skipped=1.0)
    assert marked["promotion.clicks"].sum() == marked["promotion.distortion"].abs().max() == 0
    assert marked["shopping.worth"].equals(none["shopping.worth"])


def test_marking_places_takes_clicks_from_them_in_the_measure_that_they_are_passed_over():
    clicked = [sold(weight=0.6, disclosed=True, skipped=share)["promotion.clicks"].sum() for share in (0.0, 0.3, 0.7)]
    hidden = sold(weight=0.6, skipped=0.7)["promotion.clicks"].sum()
    assert clicked[0] == hidden, "what nobody passes over might as well be hidden, and the other way round"
    assert clicked[0] > clicked[1] > clicked[2] > 0
