"""Presence: who opens the app today.

A logit of habit, satisfaction, friends active yesterday, unread messages, trust, weekday and festival. Everything is
centred on the undisturbed world, which follows from what is assumed of people and from no decided switch, so the spread
of `eagerness` alone sets the ordinary share of days (MODEL.md, Presence). Who splits their attention between two
messengers opens this one with odds in proportion to the part of it that is here.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.engine import elementary, luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, prefetch, rule, with_cached_type
from sim.engine.settings import Settings, assumed
from sim.ground.friends import friends
from sim.people.attention import AttentionColumns
from sim.people.experience import FeltColumns
from sim.people.inbox import InboxColumns
from sim.people.trust import TrustColumns
from sim.people.users import MEMBER, UserColumns, UsualColumns
from sim.state import State

CROWD = 1_024  # people who are worked out at a time
STRANGER, AWAY, HERE = 0, 1, 2  # what `world.here` says of a person today


class PresenceSettings(Settings):
    """[presence]"""

    eagerness: float = assumed.number(
        0.87, "logit units", "mean wish to open the app; of talk alone .92 gives daily/monthly .66, 2.82 gives .89",
        "fitted: daily/monthly .66 in baseline.toml, where payments are worth something too (facts.csv: Facebook)", -1.0, 3.5,
    )  # fmt: skip
    eagerness_spread: float = assumed.amount(1.5, "logit units", "its spread over people", "MODEL.md", 0.5, 2.5)
    satisfaction_weight: float = assumed.amount(
        0.2, "per logit unit", "pull of satisfaction above the usual", "MODEL.md", 0, 1
    )
    habit_weight: float = assumed.amount(0.8, "per logit unit", "pull of habit above the usual", "MODEL.md", 0, 2)
    friends_weight: float = assumed.amount(
        1.0, "logit units", "pull of the share of friends active yesterday above the usual", "MODEL.md", 0, 4
    )
    unread_weight: float = assumed.amount(
        0.3, "logit units", "pull of unread threads u/(1+u) above the usual", "MODEL.md", 0, 1
    )
    trust_weight: float = assumed.amount(0.3, "logit units", "pull of trust below full trust", "MODEL.md", 0, 2)
    usual_share: float = assumed.share(
        0.66, "mean share of days of use in the undisturbed world", "follows from eagerness"
    )
    usual_unread: float = assumed.share(0.25, "mean of u/(1+u) in the undisturbed world", "fitted to our own baseline")
    weekend: float = assumed.number(-0.1, "logit units", "Saturdays and Sundays", "facts.csv: weekends quieter", -1, 1)
    festival: float = assumed.number(
        0.45,
        "logit units",
        "the first day of a festival",
        "facts.csv: messages times 1.15, half of it by presence",
        0,
        2,
    )


class PresenceColumns(Table):
    """A row a person."""

    eagerness = Column(np.float32, 0, "wish to open the app on a usual day", "logit units")


@rule
def utility_of_opening(eagerness, satisfaction, habit, unread, trust, attention, usual_satisfaction, setting):
    """Utility of opening the app before friends and calendar, in logit units; nobody without attention opens it."""
    return (
        eagerness
        + elementary.log(attention)
        - setting.trust_weight * (1.0 - trust)
        + setting.satisfaction_weight * (satisfaction - usual_satisfaction)
        + setting.habit_weight * (habit - usual_satisfaction)
        + setting.unread_weight * (unread / (1.0 + unread) - setting.usual_unread)
    )


@rule
def shortfall(u, wish, usual_friends, setting):
    """How far a wish falls short of opening the app at a draw u, if none of a person's friends was active.

    A draw u opens the app at utility x if u < 1/(1+e^-x), that is if x > log(u/(1-u)). A shortfall below 0 opens it in any
    case; friends add `friends_weight` times their active share to x, and at most that.
    """
    return elementary.log(u / (1.0 - u)) - (wish - setting.friends_weight * usual_friends)


@with_cached_type
class Wishes(NamedTuple):
    """What a wish to open the app hangs on, a cell a person."""

    eagerness: np.ndarray
    satisfaction: np.ndarray
    habit: np.ndarray
    unread: np.ndarray
    trust: np.ndarray
    attention: np.ndarray


@with_cached_type
class Today(NamedTuple):
    """What is the same for everyone."""

    day: int
    calendar: float  # wish to open the app by weekday and festival
    active_share: float  # of everyone, yesterday
    usual_satisfaction: float  # this and the next in the undisturbed world
    usual_friends: float
    key: np.uint64


@kernel
def _open_app(first, last, users, wishes, rows, was_active, today, setting, here, awake):
    """Who of first..last opens the app: writes `active`, `last_active`, `here` and the list `awake`; returns how many.

    Friends' share lies in [0, 1], so most people are decided without a look at their friends. A crowd at a time, so that
    the first loop is vectorised and the memory is asked early for the friends to look at.
    """
    membership, active, last_active = users.membership, users.active, users.last_active
    short, look = np.empty(CROWD), np.empty(CROWD, np.uint32)
    number = 0
    for begin in range(first, last, CROWD):
        crowd = min(CROWD, last - begin)
        _wish(begin, crowd, wishes, today, setting, short)
        looking = 0
        for i in range(crowd):
            look[looking] = i
            undecided = (short[i] >= 0.0) & (short[i] < setting.friends_weight) & (membership[begin + i] == MEMBER)
            looking += undecided
            if undecided:
                prefetch(rows.friend, rows.first[begin + i])
        for i in look[:looking]:
            share = short[i] / setting.friends_weight
            if friends.is_share_above(rows, np.uint32(begin + i), was_active, today.active_share, share):
                short[i] = -1.0
        for i in range(crowd):
            who = begin + i
            is_member = membership[who] == MEMBER
            opens = is_member & (short[i] < 0.0)
            active[who] = opens
            here[who] = HERE if opens else AWAY if is_member else STRANGER
            last_active[who] = today.day if opens else last_active[who]
            awake[number] = who
            number += opens
    return number


@rule
def _wish(begin, crowd, wishes, today, setting, short):
    """Write the shortfall of each of a crowd."""
    eagerness, waiting = wishes.eagerness[begin : begin + crowd], wishes.unread[begin : begin + crowd]
    satisfaction, habit = wishes.satisfaction[begin : begin + crowd], wishes.habit[begin : begin + crowd]
    trusted, mine = wishes.trust[begin : begin + crowd], wishes.attention[begin : begin + crowd]
    for i in range(crowd):
        u = luck.uniform(today.key, begin + i, 0)
        wish = utility_of_opening(
            eagerness[i], satisfaction[i], habit[i], waiting[i], trusted[i], mine[i], today.usual_satisfaction, setting
        )
        short[i] = shortfall(u, today.calendar + wish, today.usual_friends, setting)


@rule
def days_of_use(eagerness):
    """Days of a usual month of 30 on which a person opens the app, over which what a month brings is felt; at least one."""
    return max(1.0, 30.0 / (1.0 + math.exp(-eagerness)))


def draw_eagerness(state: State) -> None:
    """Day 0: how eager everyone is, and what an undisturbed day looks like."""
    settings = state.settings(PresenceSettings)
    _eager(
        state[PresenceColumns].eagerness,
        settings.eagerness,
        settings.eagerness_spread,
        state.lasting_luck("presence.eager"),
    )
    members = state[UserColumns].membership == MEMBER
    chance = 1.0 / (1.0 + np.exp(-state[PresenceColumns].eagerness[members].astype(np.float64)))
    share = float(chance.mean()) if chance.size else 0.0
    usual_day = state[UsualColumns]
    usual_day.friends_active[0] = share * members.mean()
    usual_day.members[0] = members.sum()
    usual_day.satisfaction[0] = float(state[FeltColumns].satisfaction[members].mean()) if chance.size else 0.0
    # yesterday, before day 0, was a usual day
    yesterday = luck.uniforms(state.lasting_luck("presence.before"), state.size)
    usual = 1.0 / (1.0 + np.exp(-state[PresenceColumns].eagerness.astype(np.float64)))
    users = state[UserColumns]
    users.active[...] = members & (yesterday < usual)
    users.last_active[members] = np.where(users.active[members] == 1, -1, -2)


@kernel
def _eager(eagerness, mean, spread, key):
    for who in range(eagerness.size):
        eagerness[who] = mean + spread * luck.normal(luck.uniform(key, who, 0))


def _wishes(state: State) -> Wishes:
    felt = state[FeltColumns]
    return Wishes(
        state[PresenceColumns].eagerness, felt.satisfaction, felt.habit, state[InboxColumns].unread,
        state[TrustColumns].trust, state[AttentionColumns].attention,
    )  # fmt: skip


def open_app(state: State) -> None:
    """Everyone decides whether to open the app today."""
    settings, users = state.settings(PresenceSettings), state[UserColumns]
    active = users.active
    was_active = np.packbits(active, bitorder="little")
    active_share = float(active.sum(dtype=np.int64)) / max(1, state.size)
    state.calendar = settings.weekend * ((state.date.weekday() >= 5) - 2 / 7) + settings.festival * state.festival
    usual, wishes = state[UsualColumns], state.once(_wishes)
    today = Today(
        state.day, -math.inf if state.outage else state.calendar, active_share, float(usual.satisfaction[0]),
        float(usual.friends_active[0]), state.luck("presence.opens"),
    )  # fmt: skip

    def block(part: tuple[int, int]) -> np.ndarray:
        awake = np.empty(part[1] - part[0] + 1, np.uint32)  # one more: the kernel writes before it knows
        number = _open_app(*part, users, wishes, state.friends.rows, was_active, today, settings.row, state.here, awake)
        return awake[:number]

    state.awake = list(state.each_block(block))
