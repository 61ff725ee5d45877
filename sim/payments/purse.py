"""Purses: what people can pay with, here and now. Services that move users' money share this, and nothing else.

A wallet is filled from the bank when a payment needs it, so a wallet owner can spend wallet and bank together;
whoever has no wallet can open one to take money or to pay.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule, with_cached_type
from sim.ground.ledger import BANK, COMPANY, WALLET
from sim.ground.metrics import flow
from sim.payments.terms import WalletSettings
from sim.people import experience
from sim.people.experience import ExperienceSettings, FeltColumns
from sim.people.users import AWAY
from sim.state import State

TOP_UP = 10_000  # cents: banks are asked for whole hundreds of yuan


class PurseColumns(Table):
    """A row a person."""

    has_wallet = Column(np.uint8, 0, "1 if the person opened a wallet")
    withdrawn = Column(np.int64, 0, "taken from the wallet to the bank so far: a part is free", "cents")
    last_paid = Column(np.int16, AWAY, "last day on which the person sent money to a friend")
    paid_today = Column(np.uint8, 0, "1 if the person sent money to a friend today")


WALLETS_OPENED = flow("wallet.opened", "wallets", "wallets opened")


@with_cached_type
class Purses(NamedTuple):
    """What people can pay with, a cell a person; columns to read, and `has_wallet` to open one."""

    has_wallet: NDArray[np.uint8]
    wallet: NDArray[np.int64]  # cents
    bank: NDArray[np.int64]


@rule
def can_spend(has_wallet, wallet, bank):
    """Cents a person can pay through the wallet now: what is in it and what a top-up would bring."""
    return wallet + bank if has_wallet else 0


@rule
def fee_on(cents, share):
    """Fee in whole cents, rounded down: nobody pays more than the stated share."""
    return int(math.floor(cents * share + 1e-9))


@rule
def wedge(payer_fee, payee_fee, seen):
    """Fee on money between friends as its sender counts it: the sender's own, and the seen part of the friend's."""
    return payer_fee + seen * payee_fee


@rule
def willing(fee, dislike):
    """Share of transfers still made under a fee: their value, over the amount, is exponential with mean 1/dislike."""
    return math.exp(-dislike * fee)


def willing_to_send(state: State) -> Any:
    """Part of the sending that survives today's fees: of all, or of each person where fees differ in a test."""
    terms = state.row(WalletSettings)
    fee = wedge(terms.payer_fee, terms.payee_fee, terms.payee_fee_seen)
    return np.exp(-terms.fee_dislike * fee) if isinstance(fee, np.ndarray) else willing(fee, terms.fee_dislike)


@rule
def can_send(purses, who):
    """Cents that a wallet owner can send to a friend now."""
    return can_spend(True, purses.wallet[who], purses.bank[who])


@kernel
def _top_ups(who, cents, wallet, bank, needed, payers, amount):
    """Who must bring how much from the bank for today's payments: whole hundreds of yuan, or all there is.

    Fills `payers` and `amount`, each payer once; returns how many. `needed` is scratch, left empty.
    """
    for i in range(who.size):
        needed[who[i]] += cents[i]
    number = 0
    for i in range(who.size):
        short = needed[who[i]] - wallet[who[i]]
        if needed[who[i]] > 0 and short > 0:
            payers[number] = who[i]
            amount[number] = min((short + TOP_UP - 1) // TOP_UP * TOP_UP, bank[who[i]])
            number += amount[number] > 0
        needed[who[i]] = 0
    return number


def purses(state: State) -> Purses:
    """Everyone's purse as it is now."""
    return state.once(_purses)


def _purses(state: State) -> Purses:
    return Purses(state[PurseColumns].has_wallet, state.ledger[WALLET], state.ledger[BANK])


def pay(state: State, who: NDArray[Any], to: Any, cents: NDArray[Any], payee: str, reason: str) -> None:
    """Wallet owners pay: their wallets are topped up from the bank by what is short, then the money moves.

    Args:
        who, to, cents: payers, rows of the payee's sector (or one for all) and whole cents; each payer can spend the sum of theirs.
    """
    if who.size == 0:
        return
    top_up(state, who, cents)
    state.ledger.pay_many((who, to, cents), WALLET, payee, reason)


def top_up(state: State, who: NDArray[Any], cents: NDArray[Any]) -> None:
    """Bring from the bank what these payments lack in the wallet."""
    payers, amount = np.empty(who.size, np.uint32), np.empty(who.size, np.int64)
    number = _top_ups(
        np.asarray(who, np.uint32), np.asarray(cents, np.int64), state.ledger[WALLET], state.ledger[BANK], state.scratch,
        payers, amount,
    )  # fmt: skip
    payers, amount = payers[:number], amount[:number]
    state.ledger.pay_many((payers, payers, amount), BANK, WALLET, "top_up")


def open_wallets(state: State, who: NDArray[Any]) -> None:
    """These people open a wallet (some may have one)."""
    rows = state[PurseColumns]
    new = np.unique(who[rows.has_wallet[who] == 0])
    rows.has_wallet[new] = 1
    state.add(WALLETS_OPENED, new.size)


def charge(state: State, who: np.ndarray, to: np.ndarray, cents: np.ndarray, reason: str) -> None:
    """Move money from friend to friend, with today's fees on payer and payee.

    The sender's surplus is what sending is worth above the fees they counted, 1/dislike of the amount in the mean, and the
    part of those fees that the friend bears; the friend loses that part. The amount itself is a transfer and adds no
    surplus.
    """
    terms = state.settings(WalletSettings)
    gain = (1.0 / terms.fee_dislike + terms.payee_fee_seen * terms.payee_fee) / 100.0
    np.add.at(state[FeltColumns].worth, who, (gain * cents).astype(np.float32))  # in order: the same bytes
    fees = state.own(WalletSettings, "payer_fee", who), terms.payee_fee
    if not np.any(fees[0]) and terms.payee_fee == 0.0:
        pay(state, who, to, cents, WALLET, reason)
        return
    payer_fee, payee_fee = (np.floor(cents * fee + 1e-9).astype(np.int64) for fee in fees)
    top_up(state, np.concatenate([who, who]), np.concatenate([cents, payer_fee]))
    state.ledger.pay_many((who, to, cents), WALLET, WALLET, reason)
    before_fees = experience.before_fees(state.settings(ExperienceSettings))
    for payers, fee in ((who, payer_fee), (to, payee_fee)):
        np.add.at(state[FeltColumns].served, payers, (before_fees * fee / 100).astype(np.float32))
        state.ledger.pay_many((payers, 0, fee), WALLET, COMPANY, "payment_fees")
    np.subtract.at(state[FeltColumns].worth, to, (payee_fee / 100).astype(np.float32))


def buy(
    state: State,
    who: NDArray[Any],
    to: Any,
    cents: NDArray[Any],
    payee: str,
    reason: str,
    by_wallet: NDArray[np.bool_] | None = None,
) -> None:
    """Purchases are paid from the wallet, or by bank card; nobody buys twice in one call.

    Args:
        by_wallet: who pays by wallet, all owners; None for every owner.
    """
    if by_wallet is None:
        by_wallet = state[PurseColumns].has_wallet[who] == 1
    by_card, to = ~by_wallet, to if np.ndim(to) else np.full(who.size, to, np.uint32)
    pay(state, who[by_wallet], to[by_wallet], cents[by_wallet], payee, reason)
    state.ledger.pay_many((who[by_card], to[by_card], cents[by_card]), BANK, payee, reason)


def means(state: State, who: NDArray[Any]) -> NDArray[np.int64]:
    """What each of these people can spend now, in cents: wallet and bank, or the bank alone."""
    held = state.ledger[BANK][who] + 0
    return np.where(state[PurseColumns].has_wallet[who] == 1, held + state.ledger[WALLET][who], held)


def sell(state: State, who: NDArray[Any], cents: Any, worth: Any, reason: str) -> None:
    """The company sells something to each of these people, who feel what it is worth to them less what they pay.

    Args:
        who: people, each once, who have the means.
        cents: whole cents, of each or the same of all.
        worth: in cents, likewise.
        reason: a stream of revenue that a service declares.
    """
    cents, worth = np.broadcast_to(np.asarray(cents, np.int64), who.shape), np.broadcast_to(worth, who.shape)
    buy(state, who, 0, cents, COMPANY, reason)
    felt, before_fees = state[FeltColumns], experience.before_fees(state.settings(ExperienceSettings))
    felt.worth[who] += ((worth - cents) / 100).astype(np.float32)
    felt.served[who] += (before_fees * cents / 100).astype(np.float32)


@kernel
def _note_senders(who, day, rows):
    for person in who:
        rows.paid_today[person] = 1
        rows.last_paid[person] = day


def note_senders(state: State, who: NDArray[Any]) -> None:
    """Remember that these people sent money to a friend today."""
    rows = state[PurseColumns]
    _note_senders(who, state.day, rows)
