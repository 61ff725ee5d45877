"""A sale in a shop: how it is paid, what the platform keeps of it, and what is remembered of it."""

from typing import Any

import numpy as np

from sim.engine import luck
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.payments.terms import WalletSettings
from sim.people import experiment
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns
from sim.people.welfare import MERCHANTS_WELFARE
from sim.shopping import merchant, metrics, orders
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.shopping.needs import PurchaseColumns
from sim.shopping.orders import InformedColumns
from sim.shopping.terms import MerchantsSettings, ShoppingSettings
from sim.state import State


def _remember(state: State, who: np.ndarray, to: np.ndarray, on: np.ndarray) -> None:
    """Each buyer remembers the shop, and the platform what was bought on it."""
    categories, per_market = int(state.settings(MerchantsSettings).categories), merchant.shops_per_market(state)
    bought_last = who.astype(np.int64) * categories + to // per_market % categories
    state[PurchaseColumns].shop[bought_last] = to % per_market
    if state.table(InformedColumns).size:
        state[InformedColumns].last_informed[bought_last] = 0  # until updates come
    bought = state[KnowledgeColumns].purchases
    bought[who[on]] = np.minimum(bought[who[on]], 60_000) + 1


def sell(
    state: State, who: np.ndarray, to: np.ndarray, cents: np.ndarray, off: np.ndarray, in_the_open: np.ndarray
) -> None:
    """Orders are paid, goods bought, fees charged; the person remembers the shop, the platform the purchase.

    Args:
        who, to, cents: buyers, rows of merchants and prices asked, an order each.
        off: which deals are to be settled off the platform; unset here where the bank account is too empty for it.
        in_the_open: which are paid at the shop's open price by bank transfer, without fees; the platform sees nothing.
    """
    terms, ledger = state.settings(WalletSettings), state.ledger
    if who.size == 0:
        return
    off &= ledger[BANK][who] >= cents  # off the platform one pays by bank transfer
    on = ~(off | in_the_open)
    by_wallet = on & _by_wallet(state, who, to, cents)
    by_card = on & ~by_wallet & (ledger[BANK][who] < cents)
    by_wallet |= by_card  # whose bank account is too empty for the card pays with what is in the wallet

    def part(share: Any, of: np.ndarray) -> np.ndarray:
        return np.floor(cents * share + 1e-9).astype(np.int64) * of

    cut = state.own(ShoppingSettings, "commission", to)
    rebate = part(np.minimum(1.0, cut + terms.merchant_fee) / 2, off)
    purse.buy(state, who[on], to[on], cents[on], MERCHANTS, "goods", by_wallet[on])
    ledger.pay_many((who[off], to[off], (cents - rebate)[off]), BANK, MERCHANTS, "goods_off_platform")
    ledger.pay_many((who[in_the_open], to[in_the_open], cents[in_the_open]), BANK, MERCHANTS, "goods_in_the_open")
    buyer_fee = np.minimum(part(terms.buyer_fee, by_wallet), ledger[WALLET][who] + ledger[BANK][who])
    purse.pay(state, who[buyer_fee > 0], 0, buyer_fee[buyer_fee > 0], COMPANY, "payment_fees")
    _feel_wallet(state, who, to, cents * by_wallet, buyer_fee)
    commission = part(cut, on)
    merchant_fee = np.minimum(part(terms.merchant_fee, by_wallet), cents - commission)  # of what is left of the price
    ledger.pay_many((to, 0, commission), MERCHANTS, COMPANY, "commission")
    ledger.pay_many((to, 0, merchant_fee), MERCHANTS, COMPANY, "payment_fees")
    kept = cents - commission - merchant_fee - rebate
    _buy_supplies(state, to)
    orders.take(state, who[on], to[on])
    _remember(state, who, to, on)
    here = ~in_the_open
    experiment.note_orders(state, who[here], to[here], cents[here], (commission + merchant_fee)[here])
    shops = state[MerchantColumns]
    np.add.at(shops.orders, to, (~in_the_open).astype(np.int64))
    np.add.at(shops.open_orders, to, in_the_open.astype(np.int64))
    np.add.at(shops.sold, to, 1)
    np.add.at(shops.by_wallet, to, by_wallet.astype(np.int64))
    np.add.at(shops.off, to, off.astype(np.int64))
    np.add.at(shops.earned, to, kept - shops.cost[to])
    state.add(metrics.ORDERS, int((~in_the_open).sum()))
    state.add(metrics.GMV, int(cents[~in_the_open].sum()))
    state.add(metrics.SHOWROOMED, int(in_the_open.sum()))
    state.add(metrics.OPEN_SALES, int(cents[in_the_open].sum()))
    state.add(metrics.OFF_PLATFORM, int(off.sum()))
    state.add(metrics.BY_WALLET, int(by_wallet.sum()))
    state.add(metrics.WALLET_PAID, int(cents[by_wallet].sum()))


def _buy_supplies(state: State, to: np.ndarray) -> None:
    """Shops pay for what they sold, out of their capital where they sell below cost; beyond that they owe it for ever."""
    shops, ledger = state[MerchantColumns], state.ledger
    sold = np.bincount(to, minlength=shops.cost.size)
    rows = np.flatnonzero(sold).astype(np.uint32)
    cost = np.minimum(sold[rows] * shops.cost[rows], ledger[MERCHANTS][rows])
    ledger.pay_many((rows, 0, cost), MERCHANTS, OUTSIDE, "supplies")


def _feel_wallet(state: State, who: np.ndarray, to: np.ndarray, paid: np.ndarray, buyer_fee: np.ndarray) -> None:
    """What paying these cents by wallet rather than by card is worth to buyers, less their fee, and to shops."""
    terms = state.settings(WalletSettings)
    likes = luck.uniforms(state.luck("shopping.likes_wallet"), who) * terms.buyer_benefit
    takes = luck.uniforms(state.lasting_luck("shopping.takes_wallet"), to) * terms.merchant_benefit
    np.add.at(state[FeltColumns].worth, who, ((likes * paid - buyer_fee) / 100).astype(np.float32))
    state.add(MERCHANTS_WELFARE, round(float((takes * paid).sum())))


def _by_wallet(state: State, who: np.ndarray, to: np.ndarray, cents: np.ndarray) -> np.ndarray:
    """Which of these orders are paid by wallet: by owners and at shops to whom it is worth its fee.

    Benefits are uniform up to the most of either side. Rochet and Tirole 2003: a payment by wallet needs both sides, so
    volume is the product of the two shares.
    """
    terms = state.settings(WalletSettings)
    owns = state[PurseColumns].has_wallet[who] == 1
    likes = luck.uniforms(state.luck("shopping.likes_wallet"), who) * terms.buyer_benefit >= terms.buyer_fee
    takes = (
        luck.uniforms(state.lasting_luck("shopping.takes_wallet"), to) * terms.merchant_benefit >= terms.merchant_fee
    )
    with_fee = cents + np.floor(cents * terms.buyer_fee).astype(np.int64)
    return owns & likes & takes & (state.ledger[WALLET][who] + state.ledger[BANK][who] >= with_fee)
