"""Attention: how much of their chatting people do here rather than on a rival.

People with both apps move their attention towards a logit of what the two apps are worth to them, of which the friends
they reach on each are a part: what counts is friends' attention here less that on the rival, so that friends who drop
out of both tip nothing. For a network weight above 2 the market can tip (LIMITS.md 21). Who has spent their attention
leaves for the rival; besides, a few drop out for reasons of their own.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.engine import elementary, luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, prefetch, rule
from sim.engine.settings import Settings, assumed
from sim.ground.choice import logit
from sim.ground.friends import friends
from sim.ground.metrics import flow, stock
from sim.people.experience import FeltColumns, OutsideOptionColumns, forgotten, rival_terms, utility_on_rival
from sim.people.trust import NewsColumns, TrustColumns
from sim.people.users import DROPPED_OUT, LEAVES, LEFT, MEMBER, UserColumns
from sim.state import State

CROWD = 1_024  # people whose luck is drawn at a time
SOON = 8  # reviewed ahead that the memory is asked for
FARTHEST = 2.0  # logit units by which a rival can be better to the eye of who thinks of installing it
REVIEW = 7  # days between a person's looks at where friends are: attention moves slowly, a week's steps at once
SETTLING = 100  # most rounds in which a market finds its rest on day 0


class AttentionSettings(Settings):
    """[attention]"""

    has_rival: float = assumed.share(
        0.36, "members who use a rival messenger too, on day 0", "facts.csv: .36 use two or more", 0.0, 0.8
    )
    network_weight: float = assumed.amount(
        3.0,
        "logit units",
        "pull of friends' attention; above 2 the market can tip",
        "MODEL.md; derived in LIMITS.md 21",
        1,
        4,
    )
    trust_weight: float = assumed.amount(0.5, "logit units", "pull of trust", "MODEL.md", 0, 2)
    moving_days: float = assumed.number(
        30.0, "days", "time in which attention follows its target", "MODEL.md", 7, 90, ge=1
    )
    spent: float = assumed.share(0.05, "attention below which a member may leave", "MODEL.md", 0.01, 0.2)
    leaving: float = assumed.share(1 / 30, "chance a day that a member of spent attention leaves", "MODEL.md", 0.0, 0.2)
    dropping_out: float = assumed.share(
        0.004 / 30, "chance a day that a member drops out of both for reasons of their own", "MODEL.md: .4 % a month",
        0.001 / 30, 0.02 / 30,
    )  # fmt: skip
    installing: float = assumed.share(
        0.07 / 365,
        "chance a day to install a rival that is as good, in quiet times",
        "MODEL.md: 7 % a year",
        0.0,
        0.002,
    )
    advantage_installing: float = assumed.amount(
        2.0, "log times per logit unit", "installs multiply by e to this times how much better the rival is to a person",
        "MODEL.md", 0, 4,
    )  # fmt: skip
    friends_installing: float = assumed.amount(
        0.38,
        "per year",
        "hazard of installing the rival if all friends' attention is there",
        "as joining.imitation",
        0,
        2,
    )
    news_installing: float = assumed.amount(
        4.0, "log times", "installs multiply by e to this times the news", "facts.csv: 43-62 times at a scandal", 0, 5
    )


class AttentionColumns(Table):
    """A row a person."""

    attention = Column(np.float32, 0, "share of a member's chatting done here; 0 for those who are not members")
    has_rival = Column(np.uint8, 0, "1 if the rival is installed too")


MEAN_ATTENTION = stock("attention.mean", "share", "mean attention of members")
RIVAL_SHARE = stock("attention.rival", "share", "share of all members' chatting done on the rival", "less")
MULTIHOMING = stock("attention.multihoming", "share", "members who have the rival installed", "less")
INSTALLS = flow("attention.installs", "people", "members who installed the rival", "less")
LEAVES_FOR_RIVAL = flow("attention.leaves", "people", "members who left for the rival, their attention spent", "less")
DROPOUTS = flow("attention.dropped_out", "people", "members who dropped out of both for reasons of their own", "less")
METRICS = (MEAN_ATTENTION, RIVAL_SHARE, MULTIHOMING, INSTALLS, LEAVES_FOR_RIVAL, DROPOUTS)


@rule
def wanted(advantage, friends_lean, network_weight):
    """Attention that a person tends to: a logit of the two apps' utility and of friends' attention here less on the rival."""
    return 1.0 / (1.0 + elementary.exp(-(advantage + network_weight * friends_lean)))


@rule
def advantage_here(satisfaction, rival_worth, trust, trust_weight):
    """Utility of this app above the rival to a person, in logit units."""
    return satisfaction - rival_worth - trust_weight * (1.0 - trust)


@rule
def install_hazard(advantage, friends_there, news, setting):
    """Chance a day of installing the rival: by oneself, the likelier the better it is and the worse the news; by friends."""
    better = min(FARTHEST, max(-FARTHEST, -advantage))
    alone = setting.installing * math.exp(setting.advantage_installing * better + setting.news_installing * news)
    return min(1.0, alone + setting.friends_installing * friends_there / 365.0)


@kernel
def advantage_of(who, users, felt, trust, rival, setting):
    """Utility of this app above the rival to one person; the rival's day follows from its levers and what it copied."""
    concern = users.privacy_concern[who]
    theirs = utility_on_rival(
        felt.usual[who], felt.served[who], felt.memory[who], users.advert_aversion[who], concern, rival
    )
    ours = felt.satisfaction[who] - forgotten(felt.endured[who], felt.memory[who])
    return advantage_here(ours, theirs, trust[who], setting.trust_weight)


class Place(NamedTuple):
    """Where everyone's chatting is done, as friends see it: a row a person, and the means."""

    lean: np.ndarray  # attention here less attention on the rival
    there: np.ndarray  # attention on the rival: all of those who left for it, none of who is on neither
    mean_lean: float
    mean_there: float


@kernel
def _place(first, last, membership, attention, has_rival, lean, there):
    """Where those of first..last do their chatting; returns the sums of `lean` and `there` in millionths."""
    status, mine, both = membership[first:last], attention[first:last], has_rival[first:last]
    here, away = lean[first:last], there[first:last]
    one, none = np.float32(1.0), np.float32(0.0)
    for i in range(status.size):  # without a branch: it is vectorised
        elsewhere = (one - mine[i]) if both[i] == 1 else none
        left = one if status[i] == LEFT else none
        away[i] = elsewhere if status[i] == MEMBER else left
    for i in range(status.size):
        here[i] = (mine[i] if status[i] == MEMBER else none) - away[i]
    leaning = going = 0
    for i in range(status.size):
        leaning += np.int64(here[i] * np.float32(1e6))
        going += np.int64(away[i] * np.float32(1e6))
    return leaning, going


def place_of(membership: np.ndarray, attention: np.ndarray, has_rival: np.ndarray) -> Place:
    """Where everyone's chatting is done today."""
    lean, there = np.empty(attention.size, np.float32), np.empty(attention.size, np.float32)
    leaning, going = _place(0, attention.size, membership, attention, has_rival, lean, there)
    people = 1e6 * max(1, attention.size)
    return Place(lean, there, leaning / people, going / people)


@kernel
def _install(first, last, users, felt, mine, trust, place, rows, rival, news, setting, key):
    """Members of first..last who install the rival today; returns how many.

    Few do: friends are looked at only where they could decide it.
    """
    installed = 0
    membership, has_rival = users.membership, mine.has_rival
    u = np.empty(CROWD)
    surely_not = install_hazard(-FARTHEST, 1.0, news, setting)
    for begin in range(first, last, CROWD):
        crowd = min(CROWD, last - begin)
        for i in range(crowd):  # alone, so that it is vectorised
            u[i] = luck.uniform(key, begin + i, 0)
        for i in range(crowd):
            who = begin + i
            if u[i] >= surely_not or membership[who] != MEMBER or has_rival[who]:
                continue
            advantage = advantage_of(who, users, felt, trust, rival, setting)
            friends_there = friends.mean_over_friends(rows, np.uint32(who), place.there, place.mean_there)
            if u[i] < install_hazard(advantage, friends_there, news, setting):
                has_rival[who] = 1
                installed += 1
    return installed


@kernel
def _shift(first, last, today, users, felt, mine, trust, place, rows, rival, setting, keys):
    """Attention of those of first..last whose day of review it is; who has none left may leave, and a few drop out.

    Without a rival on the market all of it comes back here. Returns (left for the rival, dropped out).
    """
    step, leaving = 1.0 - (1.0 - 1.0 / setting.moving_days) ** REVIEW, 1.0 - (1.0 - setting.leaving) ** REVIEW
    dropping_out = 1.0 - (1.0 - setting.dropping_out) ** REVIEW
    membership, has_rival, here = users.membership, mine.has_rival, mine.attention
    gone = dropped = 0
    for who in range(first + (today - first) % REVIEW, last, REVIEW):
        prefetch(rows.friend, rows.first[min(who + SOON * REVIEW, last)])
        if membership[who] != MEMBER:
            continue
        if luck.uniform(keys[1], who, 0) < dropping_out:
            membership[who], users.active[who], here[who] = DROPPED_OUT, 0, 0.0
            dropped += 1
            continue
        if not has_rival[who]:
            continue
        target = 1.0
        if rival.launched > 0.0:
            lean = friends.mean_over_friends(rows, np.uint32(who), place.lean, place.mean_lean)
            advantage = advantage_of(who, users, felt, trust, rival, setting)
            target = wanted(advantage, lean, setting.network_weight)
        here[who] += (target - here[who]) * step
        if here[who] < setting.spent and luck.uniform(keys[0], who, 0) < leaving:
            membership[who], users.active[who], here[who] = LEFT, 0, 0.0
            felt.memory[who] = 1.0  # the same services are used there every day
            gone += 1
    return gone, dropped


@kernel
def _count_attention(first, last, membership, mine):
    """Members of first..last, their attention in millionths, and how many have the rival too."""
    status, attention, both = membership[first:last], mine.attention[first:last], mine.has_rival[first:last]
    members = given = multihoming = 0
    for i in range(status.size):
        is_member = status[i] == MEMBER
        members += is_member
        multihoming += is_member & (both[i] == 1)
        given += np.int64(attention[i] * np.float32(1e6)) * is_member
    return members, given, multihoming


def rest(advantage: float, network_weight: float, members: float, both: float) -> float:
    """Attention of people who have both apps once nobody moves any more, where everyone knows everyone.

    Args:
        advantage: what this app is worth to them above the other, in logit units.
        network_weight: pull of friends' attention.
        members, both: of all people, the share that is here, and that which has the rival too.
    """
    lean = members
    for _ in range(SETTLING):
        before = lean
        found = logit(advantage + network_weight * lean)
        lean = members - both + both * (2.0 * found - 1.0)
        if abs(lean - before) < 1e-9:
            break
    return found


def first_attention(state: State) -> None:
    """Day 0: members' attention is here, but for those who also have the rival, if there is one.

    They are where they would come to were it worth a usual day to each, as we are: a market at its rest, which a rival
    that is better then moves.
    """
    mine, settings = state[AttentionColumns], state.settings(AttentionSettings)
    members = state[UserColumns].membership == MEMBER
    drawn = luck.uniforms(state.lasting_luck("attention.has_rival"), state.size) < settings.has_rival
    mine.has_rival[...] = members & drawn & (state[OutsideOptionColumns].launched[0] > 0.0)
    mine.attention[...] = members
    both = np.flatnonzero(mine.has_rival)
    if both.size:
        mine.attention[both] = rest(0.0, settings.network_weight, members.mean(), both.size / state.size)


def move_attention(state: State) -> None:
    """Attention moves between us and the rival; some leave."""
    settings, mine, users = state.settings(AttentionSettings), state[AttentionColumns], state[UserColumns]
    felt, trust, rows = state[FeltColumns], state[TrustColumns].trust, state.friends.rows
    place = place_of(users.membership, mine.attention, mine.has_rival)
    rival, setting, installed = rival_terms(state), settings.row, 0
    if rival.launched:
        news, key = float(state[NewsColumns].news[0]), state.luck("attention.install")
        (installed,) = state.over_blocks(
            lambda part: (_install(*part, users, felt, mine, trust, place, rows, rival, news, setting, key),)
        )
    keys = state.luck("attention.leave"), state.luck("attention.drop_out")
    today = state.day % REVIEW
    left, dropped = state.over_blocks(
        lambda part: _shift(*part, today, users, felt, mine, trust, place, rows, rival, setting, keys)
    )
    members, attention, multihoming = state.over_blocks(lambda part: _count_attention(*part, users.membership, mine))
    state.note(MEAN_ATTENTION, attention / 1e6 / max(1, members))
    state.note(RIVAL_SHARE, 1.0 - attention / 1e6 / max(1, members) if members else 0.0)
    state.note(MULTIHOMING, multihoming / max(1, members))
    state.note(INSTALLS, installed)
    state.note(LEAVES_FOR_RIVAL, left)
    state.note(DROPOUTS, dropped)
    state.add(LEAVES, left + dropped)
