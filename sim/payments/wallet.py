"""The wallet: opened to take money or to pay, filled from the bank, emptied into it, and used to send money to friends.

Fees are levers: on the payer or the payee of money between friends, on merchants, and on withdrawals above a free
amount. Packets (lucky_money.py) use the same purse and the same fees. What sending money here is worth to its sender,
above other ways, is a part of the amount, exponential over occasions: money is sent where that exceeds the fees, whichever
side they are laid on (purse.py). To have money in the bank rather than in the wallet is worth a part of it that lasts with
the person: to whom it is worth less than the fee, what is free is taken out and the rest is left to be spent.
"""

import numpy as np
from scipy.special import ndtr, ndtri

from sim.engine import luck
from sim.engine.kernels import decide_all, is_full, kernel, outbox, outbox_of, own, post, rule
from sim.ground.friends import friends
from sim.ground.ledger import BANK, COMPANY, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.payments import purse
from sim.payments.lucky_money import PACKETS
from sim.payments.purse import PurseColumns
from sim.payments.terms import WalletSettings
from sim.people.experience import FeltColumns
from sim.people.users import MEMBER, UserColumns
from sim.service import Part, Rows
from sim.state import State

PAYMENTS = flow("wallet.payments", "payments", "payments between friends: transfers and packets sent")
PAID = flow("wallet.paid", "cents", "money sent between friends")
TRANSFERS = flow("wallet.transfers", "payments", "of these payments, plain transfers")
SENDERS = flow("wallet.senders", "people", "people who sent money to a friend, summed over days")
USER_DAYS = flow("wallet.user_days", "people", "people awake, summed over days")
MONTHLY_PAYERS_SHARE = stock("wallet.monthly_payers_share", "share", "monthly users who sent money in the last 30 days")
OWNERS = stock("wallet.owners", "share", "members with a wallet")
TOPPED_UP = flow("wallet.topped_up", "cents", "brought from the bank", "neither")
WITHDRAWN = flow("wallet.withdrawn", "cents", "taken to the bank", "neither")
HELD = stock("wallet.held", "cents", "money in all wallets", "neither")
PAYERS_SHARE = ratio("wallet.payers_share", "share", "daily users who send money to a friend", SENDERS, USER_DAYS)
METRICS = (
    PAYMENTS, PAID, TRANSFERS, SENDERS, PAYERS_SHARE, USER_DAYS, MONTHLY_PAYERS_SHARE, OWNERS, purse.WALLETS_OPENED,
    TOPPED_UP, WITHDRAWN, HELD,
)  # fmt: skip


Withdrawals = outbox_of("Withdrawals", who=np.uint32, cents=np.int64, fee=np.int64)


@rule
def taken_out(setting, in_wallet, withdrawn, own_worth):
    """Cents that a person takes out of the wallet, fee included, and the fee.

    They take what is above the balance they like to keep; if money in the bank is worth less to them than the fee, only as
    much as is free.
    """
    above, free = in_wallet - setting.keeps, max(0, setting.free_withdrawals - withdrawn)
    if own_worth < setting.withdrawal_fee:
        above = min(above, free)
    return above, purse.fee_on(max(0, above - free), setting.withdrawal_fee)


@kernel
def _send(awake, start, purses, users, rows, setting, willing, opening, key, box):
    """Transfers of everyone awake who can pay the fee too, to a friend who has a wallet or opens one to take the money.

    Where the friend opens none the money is not sent.
    """
    owner = purses.has_wallet
    for at in range(start, awake.size):
        if is_full(box, 1):
            return at
        who = awake[at]
        if not owner[who] or luck.uniform(key, who, 0) >= setting.transfers * own(willing, who):
            continue
        to = np.int64(friends.pick_friend(rows, who, luck.uniform(key, who, 1)))
        if to < 0 or users.membership[to] != MEMBER:
            continue
        if not owner[to] and luck.pair(key, to, who, 3) >= opening:
            continue
        cents = int(luck.lognormal(setting.transfer, setting.transfer_spread, luck.uniform(key, who, 2)))
        if cents > 0 and cents + purse.fee_on(cents, own(setting.payer_fee, who)) <= purse.can_send(purses, who):
            post(box, who, np.uint32(to), cents)
    return awake.size


@kernel
def _withdraw(awake, start, purses, withdrawn, worth, setting, keys, box):
    """What owners take to the bank today. keys: withdrawing, what the bank is worth."""
    owner, wallet = purses.has_wallet, purses.wallet
    for at in range(start, awake.size):
        if is_full(box, 1):
            return at
        who = awake[at]
        if not owner[who] or wallet[who] <= setting.keeps or luck.uniform(keys[0], who, 0) >= setting.withdraws:
            continue
        own_worth = luck.exponential(setting.bank_worth, luck.uniform(keys[1], who, 0))
        above, fee = taken_out(setting, wallet[who], withdrawn[who], own_worth)
        if above == 0:
            continue
        worth[who] += (own_worth * above - fee) / 100.0
        withdrawn[who] += above - fee
        at_box = box.used[0]
        box.who[at_box], box.cents[at_box], box.fee[at_box] = who, above - fee, fee
        box.used[0] = at_box + 1
    return awake.size


@kernel
def _count_payers(first, last, users, purse, since):
    """Of first..last: members, those with a wallet, those here after day `since`, those of them who paid, and senders.

    Forgets who sent today.
    """
    membership, last_active = users.membership[first:last], users.last_active[first:last]
    owner, last_paid, paid = purse.has_wallet[first:last], purse.last_paid[first:last], purse.paid_today[first:last]
    members = owners = monthly = paying = senders = 0
    for i in range(membership.size):
        member = membership[i] == MEMBER
        here = member & (last_active[i] > since)
        members += member
        owners += member & (owner[i] == 1)
        monthly += here
        paying += here & (last_paid[i] > since)
        senders += paid[i]
        paid[i] = 0
    return members, owners, monthly, paying, senders


def first_wallets(state: State) -> None:
    """Day 0: who has a wallet already, and what is in it."""
    settings = state.settings(WalletSettings)
    if not settings.on:
        return
    own = ndtri(luck.uniforms(state.lasting_luck("wallet.first_owners"), state.size))
    group = ndtri(luck.uniforms(state.lasting_luck("wallet.first_groups"), state.friends.rows.group_of))
    drawn = ndtr(np.sqrt(1 - settings.owners_alike) * own + np.sqrt(settings.owners_alike) * group)
    owners = (drawn < settings.first_owners) & (state[UserColumns].membership == MEMBER)
    state[PurseColumns].has_wallet[...] = owners
    who = np.flatnonzero(owners).astype(np.uint32)
    held = (settings.keeps * luck.uniforms(state.lasting_luck("wallet.first_held"), who)).astype(np.int64)
    held = np.minimum(held, state.ledger[BANK][who])
    state.ledger.pay_many((who, who, held), BANK, WALLET, "top_up")


def step(state: State) -> None:
    """Friends send each other money; what piles up goes to the bank."""
    settings = state.settings(WalletSettings)
    if not settings.on:
        return
    rows = state.friends.rows
    opening = settings.opening * purse.willing(settings.payee_fee, settings.fee_dislike)  # theirs alone, and seen
    sent = decide_all(
        state, _send, outbox, purse.purses(state), state[UserColumns], rows, state.row(WalletSettings),
        purse.willing_to_send(state), opening, state.luck("wallet.transfers"),
    )  # fmt: skip
    who, to, cents = sent.written()
    if who.size:
        purse.open_wallets(state, to)
        purse.note_senders(state, who)
        purse.charge(state, who, to, cents, "transfers")
        state.note(TRANSFERS, who.size)
    _take_to_bank(state)


def _take_to_bank(state: State) -> None:
    settings, mine = state.settings(WalletSettings), state[PurseColumns]
    keys = state.luck("wallet.withdraws"), state.lasting_luck("wallet.bank_worth")
    for part in state.awake:
        box = Withdrawals.empty(part.size + 1)
        _withdraw(part, 0, purse.purses(state), mine.withdrawn, state[FeltColumns].worth, settings.row, keys, box)
        who, cents, fee = box.written()
        if fee.any():
            state.ledger.pay_many((who, 0, fee), WALLET, COMPANY, "payment_fees")
        state.ledger.pay_many((who, who, cents), WALLET, BANK, "withdrawal")


def count_wallets(state: State) -> None:
    """Measure payments between friends, after transfers and packets."""
    if not state.settings(WalletSettings).on:
        return
    mine, users = state[PurseColumns], state[UserColumns]
    members, owners, monthly, paying, senders = state.over_blocks(
        lambda part: _count_payers(*part, users, mine, state.day - 30)
    )
    state.note(SENDERS, senders)
    state.note(USER_DAYS, sum(part.size for part in state.awake))
    state.note(MONTHLY_PAYERS_SHARE, paying / max(1, monthly))
    state.note(OWNERS, owners / max(1, members))
    state.note(PAYMENTS, state.noted(TRANSFERS) + state.noted(PACKETS))
    state.note(PAID, state.ledger.paid("transfers") + state.ledger.paid("packets"))
    state.note(TOPPED_UP, state.ledger.paid("top_up"))
    state.note(WITHDRAWN, state.ledger.paid("withdrawal"))
    state.note(HELD, int(state.ledger[WALLET].sum()))


WALLET_PART = Part(
    "wallet",
    tables={"purse": Rows(purse.PurseColumns)},
    metrics=METRICS,
    revenue={"payment_fees": "Payment fees"},
    costs={"rails": "Rails"},
    step=step,
)
