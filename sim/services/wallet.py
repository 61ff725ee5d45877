"""The wallet: opened to take money or to pay, filled from the bank, emptied into it, and used to send money to friends.

Fees are levers: on the payer or the payee of money between friends, on merchants, and on withdrawals above a free
amount. Packets (lucky_money.py) use the same purse and the same fees. What sending money here is worth to its sender,
above other ways, is a part of the amount, exponential over occasions: money is sent where that exceeds the fees, whichever
side they are laid on (purse.py). To have money in the bank rather than in the wallet is worth a part of it that lasts with
the person: to whom it is worth less than the fee, what is free is taken out and the rest is left to be spent.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from sim.engine import luck
from sim.engine.kernels import decide_all, is_full, kernel, outbox, outbox_of, post, rule
from sim.engine.settings import Settings, assumed, decided
from sim.ground import friends
from sim.ground.ledger import BANK, COMPANY, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.people import purse
from sim.people.users import MEMBER

if TYPE_CHECKING:
    from sim.world import World


class WalletSettings(Settings):
    """[wallet]"""

    on: bool = decided.switch(True, "whether there is a wallet")
    payer_fee: float = decided.share(0.0, "fee on money sent to a friend, paid by the sender", "", 0.0, 0.1)
    payee_fee: float = decided.share(0.0, "fee on money sent to a friend, taken from what arrives", "", 0.0, 0.1)
    merchant_fee: float = decided.share(
        0.0, "fee on a sale paid by wallet, borne by the merchant", "facts.csv: WeChat Pay .006", 0.0, 0.1
    )
    buyer_fee: float = decided.share(0.0, "fee on a sale paid by wallet, borne by the buyer", "", 0.0, 0.05)
    withdrawal_fee: float = decided.share(
        0.0,
        "fee on money taken to the bank, above the free amount",
        "facts.csv: WeChat .001 from March 2016",
        0.0,
        0.05,
    )
    free_withdrawals: int = decided.count(
        100_000, "cents", "withdrawals in a life that are free", "facts.csv: 1,000 CNY", 0, 1_000_000
    )
    first_owners: float = assumed.share(
        0.28,
        "members with a wallet on day 0",
        "facts.csv: with 9 % of daily users sending on a day (article: 50 of 570 million)",
    )
    owners_alike: float = assumed.share(
        0.5, "correlation of first ownership within a group", "payment spreads among friends; round figure"
    )
    transfers: float = assumed.amount(
        0.02, "per day", "chance that a wallet owner sends a plain transfer on a day of use", "round figure", 0, 0.2
    )
    transfer: int = assumed.count(12_000, "cents", "mean transfer", "round figure", 100, 100_000, ge=1)
    transfer_spread: float = assumed.amount(1.0, "log-spread", "inequality of transfers", "round figure", 0, 2)
    fee_dislike: float = assumed.number(
        40.0, "log times per unit of fee",
        "fall in sending: a fee of 2 % more than halves it at 40; what sending here is worth to who does is one over this, "
        "part of the amount", "no sound source: sweep; at 40 a payer's payments are worth some 14 CNY a month", 10, 100, ge=1,
    )  # fmt: skip
    payee_fee_seen: float = assumed.share(
        0.75,
        "part of the payee's fee that a sender reckons with",
        "MODEL.md: half as visible or as much as one's own",
        0.5,
        1.0,
    )
    bank_worth: float = assumed.amount(
        0.01, "share", "mean worth of having money in the bank rather than in the wallet, a part of it; exponential over people",
        "no source: sweep; M-Pesa's users pay one to two per cent to cash out (from memory)", 0.002, 0.03,
    )  # fmt: skip
    opening: float = assumed.share(
        0.0004,
        "chance to open a wallet when a friend's money waits to be taken",
        "fitted: payment spreads over years",
        0,
        0.2,
    )
    buyer_benefit: float = assumed.share(
        0.02, "most that paying by wallet rather than by card is worth to a buyer, part of the price; uniform from 0",
        "cards cost merchants 1-2 %; round figure", 0.0, 0.05,
    )  # fmt: skip
    merchant_benefit: float = assumed.share(
        0.02, "most that being paid by wallet rather than by card is worth to a merchant, part of the price; uniform from 0",
        "as above", 0.0, 0.05,
    )  # fmt: skip
    keeps: int = assumed.count(30_000, "cents", "what people like to keep in the wallet", "round figure", 0, 1_000_000)
    withdraws: float = assumed.share(
        0.1, "chance on a day of use to take what is above that to the bank", "round figure"
    )


METRICS = (
    flow("wallet.payments", "payments", "payments between friends: transfers and packets sent"),
    flow("wallet.paid", "cents", "money sent between friends"),
    flow("wallet.transfers", "payments", "of these payments, plain transfers"),
    flow("wallet.senders", "people", "people who sent money to a friend, summed over days"),
    ratio(
        "wallet.payers_share", "share", "daily users who send money to a friend", "wallet.senders", "wallet.user_days"
    ),
    flow("wallet.user_days", "people", "people awake, summed over days"),
    stock("wallet.monthly_payers_share", "share", "monthly users who sent money in the last 30 days"),
    stock("wallet.owners", "share", "members with a wallet"),
    flow("wallet.opened", "wallets", "wallets opened"),
    flow("wallet.topped_up", "cents", "brought from the bank", "neither"),
    flow("wallet.withdrawn", "cents", "taken to the bank", "neither"),
    stock("wallet.held", "cents", "money in all wallets", "neither"),
)


Withdrawals = outbox_of("Withdrawals", who=np.uint32, cents=np.int64, fee=np.int64)


@rule
def taken_out(setting, in_wallet, withdrawn, own_worth):
    """Cents that somebody takes out of the wallet, fee included, and the fee.

    It is what is above what they like to keep there, or only what is free to take, where to have it in the bank is worth
    less to them than the fee.
    """
    above, free = in_wallet - setting.keeps, max(0, setting.free_withdrawals - withdrawn)
    if own_worth < setting.withdrawal_fee:
        above = min(above, free)
    return above, purse.fee_on(max(0, above - free), setting.withdrawal_fee)


@kernel
def _send(awake, start, purses, users, rows, setting, opening, key, box):
    """Plain transfers of everyone awake, with the fee at hand, to a friend who has a wallet or opens one to take it.

    To whom it waits for without a wallet it goes back: the sender has not paid.
    """
    willing_share = purse.willing(
        purse.wedge(setting.payer_fee, setting.payee_fee, setting.payee_fee_seen), setting.fee_dislike
    )
    owner = purses.has_wallet
    for at in range(start, awake.size):
        if is_full(box, 1):
            return at
        who = awake[at]
        if not owner[who] or luck.uniform(key, who, 0) >= setting.transfers * willing_share:
            continue
        to = np.int64(friends.pick_friend(rows, who, luck.uniform(key, who, 1)))
        if to < 0 or users.membership[to] != MEMBER:
            continue
        if not owner[to] and luck.pair(key, to, who, 3) >= opening:
            continue
        cents = int(luck.lognormal(setting.transfer, setting.transfer_spread, luck.uniform(key, who, 2)))
        if cents > 0 and cents + purse.fee_on(cents, setting.payer_fee) <= purse.can_send(purses, who):
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
def _count(first, last, users, purse, since):
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


def first_wallets(world: "World") -> None:
    """Day 0: who has a wallet already, and what is in it."""
    settings = world.now.wallet
    if not settings.on:
        return
    own = ndtri(luck.uniforms(world.lasting_luck("wallet.first_owners"), world.size))
    group = ndtri(luck.uniforms(world.lasting_luck("wallet.first_groups"), world.friends.rows.group_of))
    drawn = ndtr(np.sqrt(1 - settings.owners_alike) * own + np.sqrt(settings.owners_alike) * group)
    owners = (drawn < settings.first_owners) & (world.users.rows.membership == MEMBER)
    world.tables["purse"].rows.has_wallet[...] = owners
    who = np.flatnonzero(owners).astype(np.uint32)
    held = (settings.keeps * luck.uniforms(world.lasting_luck("wallet.first_held"), who)).astype(np.int64)
    held = np.minimum(held, world.ledger[BANK][who])
    world.ledger.pay_many((who, who, held), BANK, WALLET, "top_up")


def step(world: "World") -> None:
    """Friends send each other money; what piles up goes to the bank."""
    settings = world.now.wallet
    if not settings.on:
        return
    rows = world.friends.rows
    opening = settings.opening * purse.willing(settings.payee_fee, settings.fee_dislike)  # theirs alone, and seen
    sent = decide_all(
        world, _send, outbox, purse.purses(world), world.users.rows, rows, settings.row, opening,
        world.luck("wallet.transfers"),
    )  # fmt: skip
    who, to, cents = sent.written()
    if who.size:
        purse.open_wallets(world, to)
        purse.note_senders(world, who)
        purse.charge(world, who, to, cents, "transfers")
        world.note("wallet.transfers", who.size)
    _take_to_bank(world)


def _take_to_bank(world: "World") -> None:
    settings, mine = world.now.wallet, world.tables["purse"].rows
    keys = world.luck("wallet.withdraws"), world.lasting_luck("wallet.bank_worth")
    for part in world.awake:
        box = Withdrawals.empty(part.size + 1)
        _withdraw(part, 0, purse.purses(world), mine.withdrawn, world.felt.rows.worth, settings.row, keys, box)
        who, cents, fee = box.written()
        if fee.any():
            world.ledger.pay_many((who, 0, fee), WALLET, COMPANY, "payment_fees")
        world.ledger.pay_many((who, who, cents), WALLET, BANK, "withdrawal")


def count(world: "World") -> None:
    """Measure payments between friends, after transfers and packets."""
    if not world.now.wallet.on:
        return
    mine, users = world.tables["purse"].rows, world.users.rows
    members, owners, monthly, paying, senders = world.over_blocks(
        lambda part: _count(*part, users, mine, world.day - 30)
    )
    world.note("wallet.senders", senders)
    world.note("wallet.user_days", sum(part.size for part in world.awake))
    world.note("wallet.monthly_payers_share", paying / max(1, monthly))
    world.note("wallet.owners", owners / max(1, members))
    world.note("wallet.payments", world.today.get("wallet.transfers", 0) + world.today.get("lucky_money.packets", 0))
    world.note("wallet.paid", world.ledger.paid("transfers") + world.ledger.paid("packets"))
    world.note("wallet.topped_up", world.ledger.paid("top_up"))
    world.note("wallet.withdrawn", world.ledger.paid("withdrawal"))
    world.note("wallet.held", int(world.ledger[WALLET].sum()))
