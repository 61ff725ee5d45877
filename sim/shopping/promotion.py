"""Promotion: merchants bid to rise in search; a paid place bends the advice a shopper gets.

The weight lever blends bids into the ranking, disclosure marks promoted places (people then skip some). Shops' search
(shopping.py) uses the shared ranking rules; this file has the levers and what is paid. Distortion is exact: what the
unpaid ranking would have led this person to, less what the paid one did, same data, prices and luck.
"""

from typing import NamedTuple

import numpy as np

from sim.engine.settings import Settings, assumed, decided
from sim.ground.ledger import COMPANY, affordable
from sim.ground.metrics import flow, ratio
from sim.service import Part
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.state import State


class PromotionSettings(Settings):
    """[promotion]"""

    weight: float = decided.share(0.0, "weight of bids in rankings; 0 sells no places", differs="user")
    disclosed: bool = decided.switch(False, "whether promoted places are marked")
    reserve: int = decided.count(10, "cents a click", "least price of a click on a promoted place", "", 0, 1_000)
    skipped: float = assumed.share(0.3, "marked places that a person passes over", "MODEL.md", 0.1, 0.7)


CLICKS = flow("promotion.clicks", "clicks", "looks at promoted places", "neither")
PAID_CLICKS = flow(
    "promotion.paid_clicks", "clicks", "of these, paid for; the others' merchants had no money left", "neither"
)
SPENT = flow("promotion.spent", "cents", "paid for promoted places", "neither")
COST_PER_CLICK = ratio("promotion.cost_per_click", "cents", "price of a click", SPENT, PAID_CLICKS, "neither")
LOST_WORTH = flow("promotion.lost_worth", "cents", "worth shoppers lost because places were paid for", "less")
PAID_LISTS = flow("promotion.paid_lists", "lists", "lists shown with at least one promoted place", "neither")
SEARCHES = flow("promotion.needs", "needs", "needs that went through a search", "neither")
DISTORTION = ratio(
    "promotion.distortion", "cents", "worth lost a need because places were paid for", LOST_WORTH, SEARCHES, "less"
)
UNKNOWN_WORTH = flow(
    "promotion.unknown_worth", "cents", "worth shoppers lost because too little is known of them", "less"
)
INFORMATION_LOSS = ratio(
    "promotion.information_loss", "cents", "worth lost a need for want of knowledge", UNKNOWN_WORTH, SEARCHES, "less"
)
METRICS = (
    CLICKS, PAID_CLICKS, SPENT, COST_PER_CLICK, LOST_WORTH, PAID_LISTS, SEARCHES, DISTORTION, UNKNOWN_WORTH,
    INFORMATION_LOSS,
)  # fmt: skip


class Clicks(NamedTuple):
    """Today's clicks on promoted places, in their order: rows of merchants and the price of each."""

    shop: np.ndarray
    price: np.ndarray


def add_clicks(state: State, shop: np.ndarray, price: np.ndarray) -> None:
    """Clicks on promoted places of the assistant's answers, then of lists, which merchants pay later today."""
    before = state.handed(Clicks)
    clicks = Clicks(shop, price)
    if before is not None:
        clicks = Clicks(np.append(before.shop, shop), np.append(before.price, price))
    state.hand_on(clicks)


def step(state: State) -> None:
    """Merchants pay for today's clicks in their order, as far as their money goes."""
    clicks = state.handed(Clicks)
    if clicks is None or clicks.shop.size == 0:
        return
    merchants, cents = clicks
    rows = state[MerchantColumns]
    paid = affordable(merchants, cents, state.ledger[MERCHANTS].copy())
    who, amount = merchants[paid], cents[paid]
    state.ledger.pay_many((who, 0, amount), MERCHANTS, COMPANY, "promotion")
    np.add.at(rows.clicks, who, 1)
    np.add.at(rows.spent, who, amount)
    state.note(CLICKS, cents.size)
    state.note(PAID_CLICKS, int(paid.sum()))
    state.note(SPENT, int(amount.sum()))


PROMOTION = Part("promotion", metrics=METRICS, revenue={"promotion": "Promotion"}, step=step)
