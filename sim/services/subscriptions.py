"""Subscriptions: a monthly price, for extras and no adverts, or for membership itself.

For extras, a person pays while the extras and the adverts they would see without are worth the price. For membership (as
WhatsApp once asked), what is bought is a network good: its worth is one's own type times the share of friends who are members,
and whoever finds it not worth the price leaves (Rohlfs 1974).
"""

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, outbox, post, rule
from sim.engine.settings import Settings, assumed, decided
from sim.ground import friends
from sim.ground.ledger import BANK, COMPANY, WALLET
from sim.ground.metrics import flow, stock
from sim.people import purse
from sim.people.users import LEFT, MEMBER

if TYPE_CHECKING:
    from sim.world import World

MONTH = 30  # days between payments; everyone pays on a day of their own


class SubscriptionsSettings(Settings):
    """[subscriptions]"""

    on: bool = decided.switch(False, "whether a subscription is sold")
    sells: Literal["extras", "membership"] = decided.word(
        "extras", "what is paid for: extras and no adverts, or membership"
    )
    price: int = decided.count(3_000, "cents a month", "price", "facts.csv: Telegram Premium, about 5 USD", 100, 10_000)
    worth: float = assumed.positive(
        600.0, "cents a month", "mean worth of the extras, or of a membership with all friends there",
        "fitted: in subscription.toml about 1 % of members pay (facts.csv: Telegram Premium .4-1.3 %)", 100, 5_000,
    )  # fmt: skip
    worth_law: Literal["exponential", "uniform"] = assumed.word(
        "exponential", "how that worth is spread; uniform is up to twice the mean"
    )


class SubscriptionsColumns(Table):
    """A row a person."""

    subscribed = Column(np.uint8, 0, "1 while the person pays")
    nuisance = Column(
        np.float32,
        0,
        "nuisance a day of adverts seen or spared, averaged over about a month of all days",
        "logit units",
    )


METRICS = (
    stock("subscriptions.subscribers", "people", "people who pay"),
    stock("subscriptions.share", "share", "members who pay"),
    flow("subscriptions.payments", "payments", "months paid for"),
)


@rule
def own_worth(mean, uniform_law, u):
    """This person's worth of a month, in cents."""
    return 2.0 * mean * u if uniform_law else luck.exponential(mean, u)


@kernel
def _review(due, money, worth, users, subscribed, it, box):
    """Those due today pay, or stop: `worth` is what this month is worth to each of them, `money` what they have."""
    for at in range(due.size):
        who = due[at]
        pays = worth[at] >= it.price and money[at] >= it.price
        subscribed[who] = 1 if pays else 0
        if pays:
            post(box, who, np.uint32(0), it.price)
        elif it.sells == 1:
            users.membership[who] = LEFT
            users.active[who] = 0


@kernel
def _month_worth(due, types, nuisance, before, rows, everyone_mean, it, money_worth, worth):
    """What a month is worth to each of those due, in cents."""
    for at in range(due.size):
        who = due[at]
        own = own_worth(it.worth, it.worth_law == 1, types[at])
        if it.sells == 1:
            worth[at] = own * friends.mean_over_friends(rows, np.uint32(who), before, everyone_mean)
        else:
            worth[at] = own + 100.0 * MONTH * nuisance[who] / money_worth


@kernel
def _mind(first, last, active, pain, nuisance):
    """Everyone remembers what adverts cost them on a day, or would have, over about a month of days of use and others."""
    for who in range(first, last):
        today = pain[who] if active[who] else np.float32(0.0)
        nuisance[who] += (today - nuisance[who]) / np.float32(MONTH)


@kernel
def _enjoy(awake, subscribed, eagerness, types_key, it, felt):
    """Subscribers awake enjoy their extras: a month's worth over as many days of use as their months usually have."""
    for who in awake:
        if subscribed[who]:
            month = own_worth(it.worth, it.worth_law == 1, luck.uniform(types_key, who, 0))
            days_of_use = max(1.0, MONTH / (1.0 + math.exp(-eagerness[who])))
            felt.worth[who] += month / 100.0 / days_of_use


def step(world: "World") -> None:
    """Those whose day it is pay or stop; subscribers enjoy what they paid for."""
    settings = world.now.subscriptions
    if not settings.on:
        return
    users, mine = world.users.rows, world.tables["subscriptions"].rows
    types_key = world.lasting_luck("subscriptions.type")
    pain = world.column("advertising", "pain")
    if world.now.advertising.on:
        list(world.each_block(lambda part: _mind(*part, users.active, pain, mine.nuisance)))
    else:
        mine.nuisance[...] *= np.float32(1 - 1 / MONTH)
    everyone = np.arange(world.day % MONTH, world.size, MONTH, dtype=np.uint32)
    due = everyone[users.membership[everyone] == MEMBER]
    before = (users.membership == MEMBER).astype(np.float32)
    worth = np.empty(due.size)
    _month_worth(
        due, luck.uniforms(types_key, due), mine.nuisance, before, world.friends.rows,
        float(before.sum(dtype=np.float64)) / world.size, settings.row, world.now.experience.money_worth, worth,
    )  # fmt: skip
    owner = world.tables["purse"].rows.has_wallet[due] == 1
    money = world.ledger[BANK][due] + world.ledger[WALLET][due] * owner
    box = outbox(due.size + 1)
    _review(due, money, worth, users, mine.subscribed, settings.row, box)
    many = int(box.used[0])
    who = box.who[:many]
    purse.buy(world, who, box.to[:many], box.cents[:many], COMPANY, "subscriptions")
    world.felt.rows.surplus[who] -= settings.price / 100
    world.add("welfare.users", -settings.price * many)
    world.note("subscriptions.payments", many)
    gone = due[users.membership[due] == LEFT]
    world.tables["attention"].rows.attention[gone] = 0.0
    world.add("users.leaves", gone.size)
    if settings.sells == "extras":
        for part in world.awake:
            _enjoy(part, mine.subscribed, world.presence.rows.eagerness, types_key, settings.row, world.felt.rows)
    paying = int((mine.subscribed[users.membership == MEMBER] == 1).sum())
    world.note("subscriptions.subscribers", paying)
    world.note("subscriptions.share", paying / max(1, int((users.membership == MEMBER).sum())))
