"""Lucky Money: packets of money given to a friend or put into a group that splits them.

Wallet owners give packets of their own accord, many more at festivals. Friends who are here open them; whoever has no
wallet may open one to take the money, which is how payment spreads. What one receives one partly sends on: the amount
sent back within a day rises by .18 per unit received, mostly because more people send, and the luckiest in a group are
moved half again as much (Yuan and others 2020). Packets nobody can open go back.
"""

import functools
import math
from typing import Any, Literal, NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import (
    Box,
    decide_all,
    is_full,
    kernel,
    outbox,
    outbox_of,
    own,
    post,
    prefetch,
    rule,
    with_cached_type,
)
from sim.engine.settings import Settings, assumed, decided
from sim.ground.friends import friends
from sim.ground.metrics import flow, ratio, sample_gini, stock
from sim.payments import purse
from sim.payments.purse import PurseColumns, Purses
from sim.payments.terms import WalletSettings
from sim.people.experience import FeltColumns
from sim.people.users import MEMBER, UserColumns
from sim.service import Part, Rows
from sim.state import State

MOST_PACKETS = 60  # a person gives of their own accord in a day
MOST_OPENERS = 64
CROWD = 1_024  # people looked at together
WAVES = 30  # of sending on within a day; a .18 share of a .18 share ... is gone long before
LUCKIEST = 1.5  # the luckiest in a group are moved this much as much (facts.csv)


class LuckyMoneySettings(Settings):
    """[lucky_money]"""

    on: bool = decided.switch(True, "whether people can send packets")
    split: Literal["double_mean", "equal"] = decided.word(
        "double_mean", "how a group splits a packet", "facts.csv: folk reconstruction"
    )
    most: int = decided.count(20_000, "cents", "largest packet", "facts.csv: cap of 200 CNY", 100, 1_000_000, ge=1)
    sending: float = assumed.share(
        0.2, "chance that a wallet owner gives on a day of use, of their own accord",
        "fitted: owners send on 30 % of days, contagion included", 0.02, 0.5,
    )  # fmt: skip
    packets: float = assumed.number(
        6.2, "packets", "packets given by who gives of their own accord", "fitted: 28 packets per payer and month (facts.csv)",
        1.0, 10.0, ge=1,
    )  # fmt: skip
    packet: float = assumed.number(
        2_070.0, "cents", "mean packet before the cap", "facts.csv: 20.7 CNY", 200, 10_000, ge=1
    )
    packet_spread: float = assumed.amount(1.0, "log-spread", "inequality of packets", "round figure", 0, 2)
    group_share: float = assumed.share(0.6, "packets put into the group", "round figure")
    openers: int = assumed.count(
        5, "people", "most people who share a packet", "round figure", 2, 15, ge=1, le=MOST_OPENERS
    )
    contagion: float = assumed.share(0.18, "sent on within a day per unit received", "facts.csv: .18", 0, 0.5)
    festival: float = assumed.number(
        15.0, "times", "spontaneous packets on a festival's first day", "facts.csv: 11-19", 11, 19, ge=1
    )
    packet_talk: int = assumed.count(
        2, "messages", "worth of a packet to sender and opener, in messages", "round figure", 0, 10
    )


class LuckyMoneyColumns(Table):
    """A row a person."""

    given = Column(np.int32, 0, "given in packets since day 0", "cents")
    gave_today = Column(np.uint8, 0, "1 gave of their own accord today, 2 only sent on")
    turn = Column(np.uint16, 0, "packets of theirs so far in this wave: numbers their luck; 0 between waves", "packets")


PACKETS = flow("lucky_money.packets", "packets", "packets sent and opened")
SPONTANEOUS = flow("lucky_money.spontaneous", "packets", "of these, given of one's own accord")
SENT_ON = flow("lucky_money.sent_on", "packets", "of these, sent on after receiving")
RETURNED = flow("lucky_money.returned", "packets", "packets sent, besides, that nobody could open", "less")
VALUE_OPENED = flow("lucky_money.value", "cents", "money in packets that were opened")
SHARES_TAKEN = flow("lucky_money.shares", "shares", "shares of packets taken")
SENDERS = flow("lucky_money.senders", "people", "people who sent a packet, summed over days")
NEW_SENDERS = flow("lucky_money.new_senders", "people", "of these, people who only sent on what they received")
WALLETS_FOR_PACKETS = flow("lucky_money.wallets", "wallets", "wallets opened to take a packet")
PER_PAYER_MONTH = stock(
    "lucky_money.per_payer_month", "packets", "packets in 30 such days per person who paid in the last 30"
)
MEAN_VALUE = ratio("lucky_money.mean_value", "cents", "mean packet", VALUE_OPENED, PACKETS, "neither")
GIVER_GINI = stock(
    "lucky_money.giver_gini", "share", "inequality of money given in packets since day 0 among members", "neither"
)
METRICS = (
    PACKETS, SPONTANEOUS, SENT_ON, RETURNED, VALUE_OPENED, SHARES_TAKEN, SENDERS, NEW_SENDERS, WALLETS_FOR_PACKETS,
    PER_PAYER_MONTH, MEAN_VALUE, GIVER_GINI,
)  # fmt: skip


@rule
def giving(sending, packets, willing, festive):
    """Chance to give today, and mean packets of those who give; a festival raises their product by exactly `festive`."""
    rate = sending * packets * willing * festive
    chance = 1.0 - (1.0 - sending) ** (willing * festive)
    mean = rate / chance if chance > 0.0 else 0.0
    if mean < 1.0:  # nobody gives less than one packet
        chance, mean = rate, 1.0
    return chance, mean


@rule
def amount(mean, spread, most, u):
    """Cents in a packet."""
    return max(1, min(most, int(luck.lognormal(mean, spread, u))))


@rule
def opened_share(rest, left, equal, u):
    """Cents the next of `left` openers takes of what is left: uniform up to twice the mean, or the mean; the last takes the rest."""
    if left <= 1:
        return rest
    if equal:
        return rest // left
    return min(rest - (left - 1), max(1, int(u * 2.0 * rest / left)))


@rule
def sent_on(received, packet, largest, is_luckiest, usual, contagion, willing, u):
    """Packets an opener sends on: in the mean, over all who share a packet, `contagion` times its value."""
    moved = LUCKIEST if is_luckiest else 1.0
    return luck.rounded(contagion * willing * received / usual * moved / (1.0 + (LUCKIEST - 1.0) * largest / packet), u)


@kernel
def _give(awake, start, purses, users, rows, setting, fee, chance, mean, key, box):
    """Packets everyone awake gives of their own accord: into the group (people + group) or to a friend who is here."""
    people, has_wallet = np.int64(users.membership.size), purses.has_wallet
    givers = np.empty(CROWD + 1, np.int64)
    for begin in range(start, awake.size, CROWD):
        number = 0
        for at in range(begin, min(begin + CROWD, awake.size)):  # first who gives: the memory is asked for all of them
            who = awake[at]
            givers[number] = at
            gives = (luck.uniform(key, who, 0) < own(chance, who)) & (has_wallet[who] != 0)
            number += gives
            if gives:
                prefetch(rows.friend, rows.first[who])
        for at in givers[:number]:
            if is_full(box, MOST_PACKETS):
                return at
            who = awake[at]
            left_to_spend = purse.can_send(purses, who)
            for packet in range(min(MOST_PACKETS, luck.geometric(own(mean, who), luck.uniform(key, who, 1)))):
                cents = amount(
                    setting.packet, setting.packet_spread, setting.most, luck.uniform(key, who, 8 * packet + 2)
                )
                cost = cents + purse.fee_on(cents, own(fee, who))
                if cost > left_to_spend:
                    break
                to = np.int64(-1)
                if luck.uniform(key, who, 8 * packet + 3) < setting.group_share:
                    to = people + np.int64(rows.group_of[who])
                else:
                    for attempt in range(3):
                        to = np.int64(friends.pick_friend(rows, who, luck.uniform(key, who, 8 * packet + 4 + attempt)))
                        if to >= 0 and users.active[to] and has_wallet[to]:
                            break  # else the third in mind: a friend who may have to open a wallet
                if to >= 0:
                    left_to_spend -= cost
                    post(box, who, np.uint32(to), cents)
    return awake.size


@with_cached_type
class Opening(NamedTuple):
    """The terms on which packets are opened today."""

    equal: bool  # whether a group's packet is split equally
    chance: float  # that who has no wallet opens one
    usual: float  # mean packet, in cents
    willing: Any  # part of the sending on that survives the fees; of each person where a test lets fees differ
    turns: np.uint64  # keys of luck
    opens: np.uint64
    splits: np.uint64
    sends_on: np.uint64


Shares = outbox_of(  # of packets: `who` gave them, `to` opened them
    "Shares", who=np.uint32, to=np.uint32, cents=np.int64, tallies=("unopened", "wallets")
)


@kernel
def _open(events, has_wallet, users, rows, turn, before, opening, setting, shares, on):
    """Friends who are here open these packets, in their order; in a group, from one drawn by luck onwards.

    `shares` gets (sender, opener, cents), and packets that nobody could open and wallets opened to take one as tallies;
    `on` gets what openers will send on: (opener, where to, packets). Luck belongs to the sender's n-th packet of the
    wave, so that nobody else's giving more or less disturbs it; `turn` counts them from `before`, and is left empty.
    """
    people = np.int64(users.membership.size)
    openers = np.empty(MOST_OPENERS + 1, np.int64)  # one more: written before it is known
    taken = np.empty(MOST_OPENERS, np.int64)
    tally = shares.tally[0]
    for packet in range(events.used[0]):
        sender, to, cents = np.int64(events.who[packet]), np.int64(events.to[packet]), events.cents[packet]
        nth = before + np.int64(turn[sender])
        turn[sender] += np.uint16(1)
        most = min(setting.openers, cents)
        opens, splits = luck.of(opening.opens, sender), luck.of(opening.splits, sender)
        sends = luck.of(opening.sends_on, sender)
        number = 0
        first, last = to, to + 1
        if to >= people:
            first, last = np.int64(rows.group_first[to - people]), np.int64(rows.group_first[to - people + 1])
        next_one = first + np.int64(luck.pair(opening.turns, sender, nth, 0) * (last - first))
        for _ in range(last - first):
            member = next_one
            next_one = member + 1 if member + 1 < last else first
            one = member if to < people else np.int64(rows.group_member[member])
            opens_it = (one != sender) & (users.active[one] == 1) & (number < most)  # no branch: who knows who is here
            if opens_it and has_wallet[one] == 0:
                opens_it = luck.uniform(opens, one, nth) < opening.chance
                has_wallet[one] = opens_it
                tally.wallets += opens_it
            openers[number] = one
            number += opens_it
        if number == 0:
            tally.unopened += 1
            continue
        rest, luckiest = cents, 0  # of equals the first: one person is the luckiest
        for place in range(number):
            taken[place] = opened_share(rest, number - place, opening.equal, luck.uniform(splits, nth, place))
            rest -= taken[place]
            if taken[place] > taken[luckiest]:
                luckiest = place
        for place in range(number):
            post(shares, np.uint32(sender), np.uint32(openers[place]), taken[place])
            u, most_moved = luck.uniform(sends, openers[place], nth), place == luckiest
            willing = own(opening.willing, openers[place])
            more = sent_on(
                taken[place], cents, taken[luckiest], most_moved, opening.usual, setting.contagion, willing, u
            )
            if more > 0:
                post(on, np.uint32(openers[place]), np.uint32(to if to >= people else sender), more)
    for packet in range(events.used[0]):
        turn[events.who[packet]] = 0


@kernel
def _send_on(wish, purses, turn, before, setting, fee, spent, key, box):
    """Turn what openers wish to send on into packets they can pay for; `spent` is scratch, left empty like `turn`."""
    wallet, bank = purses.wallet, purses.bank
    for i in range(wish.used[0]):
        who = wish.who[i]
        for _ in range(wish.cents[i]):
            cents = amount(
                setting.packet, setting.packet_spread, setting.most, luck.uniform(key, who, before + turn[who])
            )
            turn[who] += np.uint16(1)
            cost = cents + purse.fee_on(cents, own(fee, who))
            if spent[who] + cost <= purse.can_spend(True, wallet[who], bank[who]) and not is_full(box, 1):
                spent[who] += cost
                post(box, who, wish.to[i], cents)
    for i in range(wish.used[0]):
        spent[wish.who[i]] = 0
        turn[wish.who[i]] = 0


@kernel
def _remember(shares, how, talk, mine, felt):
    """Record the talk of senders and openers, and what senders gave; returns how many gave for the first time today."""
    senders = 0
    for i in range(shares.used[0]):
        who, to = shares.who[i], shares.to[i]
        mine.given[who] = min(np.int64(mine.given[who]) + shares.cents[i], 2_000_000_000)
        felt.talk[who] += talk
        felt.talk[to] += talk
        if mine.gave_today[who] == 0:
            mine.gave_today[who] = how
            senders += 1
    return senders


@functools.cache
def usual_packet(mean: float, spread: float, most: float) -> float:
    """Mean of a lognormal packet cut at `most`, in cents: E min(X, most)."""
    if spread == 0:
        return min(mean, most)
    m = math.log(mean) - spread**2 / 2
    z = (math.log(most) - m) / spread

    def below(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2))

    return mean * below(z - spread) + most * (1 - below(z))


def step(state: State) -> None:
    """Packets are given, opened, and sent on."""
    if not (state.settings(LuckyMoneySettings).on and state.settings(WalletSettings).on):
        return
    willing = purse.willing_to_send(state)
    purses = purse.purses(state)
    packets, opening = _given(state, purses, willing), _opening(state, willing)
    for wave in range(WAVES):
        if packets.used[0] == 0:
            break
        packets = _deliver(state, purses, opening, packets, wave)
    mine, users = state[LuckyMoneyColumns], state[UserColumns]
    mine.gave_today[...] = 0
    payers = int((state[PurseColumns].last_paid > state.day - 30).sum())
    state.note(VALUE_OPENED, state.ledger.paid("packets"))
    state.note(PER_PAYER_MONTH, 30 * state.noted(PACKETS) / max(1, payers))
    state.note_slowly(GIVER_GINI, lambda: sample_gini(mine.given, users.membership == MEMBER))


def _given(state: State, purses: Purses, willing: Any) -> Box:
    """Packets that people give of their own accord today."""
    settings = state.settings(LuckyMoneySettings)
    festive = 1.0 + (settings.festival - 1.0) * state.festival
    chance, mean = _givings(settings, willing, festive)
    return decide_all(
        state, _give, outbox, purses, state[UserColumns], state.friends.rows, settings.row, state.row(WalletSettings).payer_fee,
        chance, mean, state.luck("lucky_money.gives"),
    )  # fmt: skip


def _givings(settings: LuckyMoneySettings, willing: Any, festive: float) -> tuple[Any, Any]:
    """Chance to give and mean packets: of all, or of each person where fees differ in a test."""
    if not isinstance(willing, np.ndarray):
        return giving(settings.sending, settings.packets, willing, festive)
    kinds, kind = np.unique(willing, return_inverse=True)
    found = np.array([giving(settings.sending, settings.packets, one, festive) for one in kinds.tolist()])
    return found[kind, 0], found[kind, 1]


def _opening(state: State, willing: Any) -> Opening:
    settings, terms = state.settings(LuckyMoneySettings), state.settings(WalletSettings)
    chance = terms.opening * purse.willing(terms.payee_fee, terms.fee_dislike)
    usual = usual_packet(settings.packet, settings.packet_spread, settings.most)
    keys = (state.luck(f"lucky_money.{what}") for what in ("turns", "opens_wallet", "splits", "sends_on"))
    return Opening(settings.split == "equal", chance, usual, willing, *keys)


def _deliver(state: State, purses: Purses, opening: Opening, packets: Box, wave: int) -> Box:
    """One wave of packets is opened and paid; returns the next: what openers send on within the day."""
    settings, fee, turn = (
        state.settings(LuckyMoneySettings),
        state.row(WalletSettings).payer_fee,
        state[LuckyMoneyColumns].turn,
    )
    before = wave << 16  # packets of another wave have other numbers
    room = int(packets.used[0]) * settings.openers
    shares, wish, following = Shares.empty(room), outbox(room), outbox(room)
    users, friends_of = state[UserColumns], state.friends.rows
    _open(packets, purses.has_wallet, users, friends_of, turn, before, opening, settings.row, shares, wish)
    _take(state, packets, shares, wave)
    _send_on(wish, purses, turn, before, settings.row, fee, state.scratch, state.luck("lucky_money.on"), following)
    return following


def _take(state: State, packets: Box, shares: Box, wave: int) -> None:
    """What openers took of packets is paid, felt and counted."""
    who, to, cents = shares.written()
    if who.size:
        purse.charge(state, who, to, cents, "packets")
        purse.note_senders(state, who)
        mine, felt = state[LuckyMoneyColumns], state[FeltColumns]
        senders = _remember(shares, 1 if wave == 0 else 2, state.settings(LuckyMoneySettings).packet_talk, mine, felt)
        state.add(SENDERS, senders)
        if wave > 0:
            state.add(NEW_SENDERS, senders)
    tally = shares.tallies()
    opened = int(packets.used[0]) - tally["unopened"]
    state.add(WALLETS_FOR_PACKETS, tally["wallets"])
    state.add(purse.WALLETS_OPENED, tally["wallets"])
    state.add(PACKETS, opened)
    state.add(SPONTANEOUS if wave == 0 else SENT_ON, opened)
    state.add(RETURNED, tally["unopened"])
    state.add(SHARES_TAKEN, who.size)


LUCKY_MONEY = Part("lucky_money", tables={"lucky_money": Rows(LuckyMoneyColumns)}, metrics=METRICS, step=step)
