"""Attention: how much of their chatting people do here rather than on a rival.

People with both apps move their attention towards a logit of the two apps' worth, of which the friends they reach on
each is a part. For a network weight above 2 the market can tip (LIMITS.md 21). Who has spent their attention leaves.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.engine import elementary, luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, prefetch, rule
from sim.engine.settings import Settings, assumed
from sim.ground import friends
from sim.ground.metrics import flow, stock
from sim.people.users import LEFT, MEMBER

if TYPE_CHECKING:
    from sim.world import World


CROWD = 1_024  # people whose luck is drawn at a time
SOON = 8  # reviewed ahead that the memory is asked for
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
    installing: float = assumed.share(
        0.0002, "chance a day to install the rival in quiet times", "7 % a year", 0.0, 0.002
    )
    news_installing: float = assumed.amount(
        4.0, "log times", "installs multiply by e to this times the news", "facts.csv: 43-62 times at a scandal", 0, 5
    )
    rival_talk_worth: float = assumed.amount(
        1.33, "logit units", "worth of a day's talk on the rival, for whoever does all of it there", "as ours", 0, 3
    )


class AttentionColumns(Table):
    """A row a person."""

    attention = Column(np.float32, 0, "share of a member's chatting done here; 0 for those who are not members")
    has_rival = Column(np.uint8, 0, "1 if the rival is installed too")


METRICS = (
    stock("attention.mean", "share", "mean attention of members"),
    stock("attention.rival", "share", "share of all members' chatting done on the rival", "less"),
    stock("attention.multihoming", "share", "members who have the rival installed", "less"),
    flow("attention.installs", "people", "members who installed the rival", "less"),
)


@rule
def wanted(advantage, friends_here, network_weight):
    """Attention a person comes to: a logit of the two apps' worth, friends' attention included."""
    return 1.0 / (1.0 + elementary.exp(-(advantage + network_weight * (2.0 * friends_here - 1.0))))


@kernel
def _shift(
    first, last, today, users, felt, mine, trust, before, rows, everyone_mean, launched, rival_worth, it, install, keys
):
    """Attention of those of first..last whose day of review it is; who has none left may leave.

    Reads friends' attention of `before`. Without a rival on the market all of it comes back here.
    Returns (members, attention in millionths, with rival, installed, left).
    """
    step, leaving = 1.0 - (1.0 - 1.0 / it.moving_days) ** REVIEW, 1.0 - (1.0 - it.leaving) ** REVIEW
    installed = gone = 0
    membership, has_rival, here = users.membership, mine.has_rival, mine.attention
    u = np.empty(CROWD)
    for begin in range(first, last, CROWD):
        crowd = min(CROWD, last - begin)
        for i in range(crowd):  # alone, so that it is vectorised
            u[i] = luck.uniform(keys[0], begin + i, 0)
        for i in range(crowd):
            installs = (membership[begin + i] == MEMBER) & (has_rival[begin + i] == 0) & (u[i] < install)
            has_rival[begin + i] |= installs
            installed += installs
    for who in range(first + (today - first) % REVIEW, last, REVIEW):
        prefetch(rows.friend, rows.first[min(who + SOON * REVIEW, last)])
        if membership[who] != MEMBER or not has_rival[who]:
            continue
        target = 1.0
        if launched:
            friends_here = friends.mean_over_friends(rows, np.uint32(who), before, everyone_mean)
            advantage = felt.satisfaction[who] - rival_worth - it.trust_weight * (1.0 - trust[who])
            target = wanted(advantage, friends_here, it.network_weight)
        here[who] += (target - here[who]) * step
        if here[who] < it.spent and luck.uniform(keys[1], who, 0) < leaving:
            membership[who], users.active[who], here[who] = LEFT, 0, 0.0
            gone += 1
    members = attention = multihoming = 0
    for who in range(first, last):
        is_member = membership[who] == MEMBER
        members += is_member
        multihoming += is_member & (has_rival[who] == 1)
        attention += is_member * np.int32(here[who] * 1e6)
    return members, attention, multihoming, installed, gone


def first_attention(world: "World") -> None:
    """Day 0: members' attention is here, but for those who also have the rival, if there is one.

    They are where they would come to were it as good as we are, in the mean of all they know: a market at its rest,
    which a rival that is better then moves.
    """
    mine, settings = world.tables["attention"].rows, world.now.attention
    members = world.users.rows.membership == MEMBER
    drawn = luck.uniforms(world.lasting_luck("attention.has_rival"), world.size) < settings.has_rival
    mine.has_rival[...] = members & drawn & world.now.rival.on
    mine.attention[...] = members
    both = np.flatnonzero(mine.has_rival)
    advantage = world.felt.rows.satisfaction[both].astype(np.float64) - world.usual.rows.satisfaction[0]
    alone = int(members.sum()) - both.size
    here, change = 1.0, 1.0
    for _ in range(SETTLING):
        rest = 1.0 / (1.0 + np.exp(-(advantage + settings.network_weight * (2.0 * here - 1.0))))
        mean = (alone + float(rest.sum())) / world.size
        here, change = mean, abs(mean - here)
        if change < 1e-6:
            break
    if both.size:
        mine.attention[both] = rest


def shift(world: "World") -> None:
    """Attention moves between us and the rival; some leave."""
    settings, mine = world.now.attention, world.tables["attention"].rows
    rival = world.rival
    before = mine.attention.copy()
    everyone_mean = float(before.sum(dtype=np.float64)) / world.size
    install = (
        min(1.0, settings.installing * math.exp(settings.news_installing * world.news.rows.news[0])) * rival.launched
    )
    members, attention, multihoming, installed, gone = world.over_blocks(
        lambda part: _shift(
            *part, world.day % REVIEW, world.users.rows, world.felt.rows, mine, world.tables["trust"].rows.trust, before, world.friends.rows,
            everyone_mean, rival.launched, rival.worth, settings.row, install,
            (world.luck("attention.install"), world.luck("attention.leave")),
        )
    )  # fmt: skip
    world.note("attention.mean", attention / 1e6 / max(1, members))
    world.note("attention.rival", 1.0 - attention / 1e6 / max(1, members) if members else 0.0)
    world.note("attention.multihoming", multihoming / max(1, members))
    world.note("attention.installs", installed)
    world.add("users.leaves", gone)
