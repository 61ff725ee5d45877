"""Subscriptions: a monthly price, for extras and no adverts, or for membership itself.

For extras, a person pays while the extras and the adverts they would see without are worth the price. Nine in ten would never
pay for extras; what they are worth to the others is lognormal. To be spared adverts is worth what these cost the person and no
more, so who pays for that alone is no better off than in a world without adverts, and worse off by the price. A month paid
for is felt as a loss on the days of use that follow, all of it whether or not one comes; extras are enjoyed only where one does.

For membership (as WhatsApp once asked), what is bought is a network good: its worth is one's own type times the share of
friends who are members, and whoever finds it not worth the price leaves (Rohlfs 1974).
"""

from typing import Literal, NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, outbox, own, post, rule
from sim.engine.settings import Settings, assumed, decided
from sim.ground.friends import friends
from sim.ground.ledger import BANK, COMPANY, WALLET
from sim.ground.metrics import flow, stock
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.people import experience
from sim.people.attention import AttentionColumns
from sim.people.experience import ExperienceSettings, FeltColumns
from sim.people.presence import PresenceColumns, days_of_use
from sim.people.users import LEAVES, LEFT, MEMBER, UserColumns
from sim.service import Part, Rows
from sim.state import State

MONTH = 30  # days between payments; everyone pays on a day of their own


class SubscriptionsSettings(Settings):
    """[subscriptions]"""

    on: bool = decided.switch(False, "whether a subscription is sold")
    sells: Literal["extras", "membership"] = decided.word(
        "extras", "what is paid for: extras and no adverts, or membership"
    )
    price: int = decided.count(
        3_000, "cents a month", "price", "facts.csv: Telegram Premium, about 5 USD", 100, 10_000, "user"
    )
    interested: float = assumed.share(
        0.1, "people to whom extras are worth anything at all",
        "MODEL.md: nine in ten would never pay; Tencent 2016 had a subscription for 12 % of QQ's users (from memory)", 0.03, 0.3,
    )  # fmt: skip
    worth: float = assumed.positive(
        1_080.0, "cents a month", "mean worth of the extras to those, or of a membership with all friends there to all",
        "fitted: .7 % pay 30 CNY (facts.csv: Telegram Premium .4-1.3 %) and 3 % pay 10 CNY (Tencent 2016: 105 million "
        "subscriptions at 10 CNY, 899 million users, some four subscriptions a payer; from memory)", 300, 5_000,
    )  # fmt: skip
    worth_spread: float = assumed.amount(
        1.17, "log-spread", "inequality of that worth where it is lognormal", "fitted: the same two prices", 0.6, 1.8
    )
    worth_law: Literal["lognormal", "uniform"] = assumed.word(
        "lognormal", "how that worth is spread; uniform is up to twice the mean"
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
    owing = Column(np.float32, 0, "paid for and not yet felt", "CNY")


SUBSCRIBERS = stock("subscriptions.subscribers", "people", "people who pay")
SUBSCRIBED_SHARE = stock("subscriptions.share", "share", "members who pay")
PAYMENTS = flow("subscriptions.payments", "payments", "months paid for")
METRICS = (SUBSCRIBERS, SUBSCRIBED_SHARE, PAYMENTS)


@rule
def own_value(setting, u, interest):
    """Value of a month to this person, in cents; most value extras at nothing. `u` and `interest` are two draws."""
    if setting.sells == 0 and interest >= setting.interested:
        return 0.0
    return 2.0 * setting.worth * u if setting.worth_law == 1 else luck.lognormal(setting.worth, setting.worth_spread, u)


@kernel
def _review(due, money, value, users, subscribed, setting, box):
    """Those due today pay or stop: `value` is this month's value to each of them, `money` what they have, in cents."""
    for at in range(due.size):
        who = due[at]
        price = own(setting.price, who)
        pays = value[at] >= price and money[at] >= price
        subscribed[who] = 1 if pays else 0
        if pays:
            post(box, who, np.uint32(0), price)
        elif setting.sells == 1:
            users.membership[who] = LEFT
            users.active[who] = 0


@kernel
def _month_value(due, nuisance, before, rows, everyone_mean, setting, money_worth, key, value):
    """Value of a month to each of those due, in cents: extras and adverts spared, or friends who are members."""
    for at in range(due.size):
        who = due[at]
        own = own_value(setting, luck.uniform(key, who, 0), luck.uniform(key, who, 1))
        if setting.sells == 1:
            value[at] = own * friends.mean_over_friends(rows, np.uint32(who), before, everyone_mean)
        else:
            value[at] = own + 100.0 * MONTH * nuisance[who] / money_worth


@kernel
def _mind(first, last, active, ad_disutility, nuisance):
    """Average what adverts cost each person a day, or would have cost, over about a month, days away included."""
    for who in range(first, last):
        today = ad_disutility[who] if active[who] else np.float32(0.0)
        nuisance[who] += (today - nuisance[who]) / np.float32(MONTH)


@kernel
def _feel(awake, subscribed, eagerness, setting, before_fees, key, owing, felt):
    """On a day of use everyone feels a part of the price they have yet to feel, and subscribers enjoy their extras."""
    for who in awake:
        if subscribed[who] == 0 and owing[who] == 0.0:
            continue
        days = days_of_use(eagerness[who])
        part = np.float32(owing[who] / days) if owing[who] > 0.01 * days else owing[who]
        owing[who] -= part
        felt.worth[who] -= part
        felt.served[who] += before_fees * part
        if subscribed[who] and setting.sells == 0:
            month = own_value(setting, luck.uniform(key, who, 0), luck.uniform(key, who, 1))
            felt.worth[who] += month / 100.0 / days


class Adverts(NamedTuple):
    """What today's adverts cost each person, or would have, in logit units; handed on by advertising."""

    ad_disutility: np.ndarray


def step(state: State) -> None:
    """Those whose day it is pay or stop; subscribers enjoy what they paid for."""
    settings = state.settings(SubscriptionsSettings)
    if not settings.on:
        return
    users, mine = state[UserColumns], state[SubscriptionsColumns]
    types_key = state.lasting_luck("subscriptions.type")
    adverts = state.handed(Adverts)
    if adverts is None:
        mine.nuisance[...] *= np.float32(1 - 1 / MONTH)
    else:
        list(state.each_block(lambda part: _mind(*part, users.active, adverts.ad_disutility, mine.nuisance)))
    everyone = np.arange(state.day % MONTH, state.size, MONTH, dtype=np.uint32)
    due = everyone[users.membership[everyone] == MEMBER]
    before = (users.membership == MEMBER).astype(np.float32)
    value = np.empty(due.size)
    _month_value(
        due, mine.nuisance, before, state.friends.rows, float(before.sum(dtype=np.float64)) / state.size, settings.row,
        state.settings(ExperienceSettings).money_worth, types_key, value,
    )  # fmt: skip
    owner = state[PurseColumns].has_wallet[due] == 1
    money = state.ledger[BANK][due] + state.ledger[WALLET][due] * owner
    box = outbox(due.size + 1)
    _review(due, money, value, users, mine.subscribed, state.row(SubscriptionsSettings), box)
    many = int(box.used[0])
    who = box.who[:many]
    purse.buy(state, who, box.to[:many], box.cents[:many], COMPANY, "subscriptions")
    mine.owing[who] += (box.cents[:many] / 100).astype(np.float32)
    state.note(PAYMENTS, many)
    gone = due[users.membership[due] == LEFT]
    state[AttentionColumns].attention[gone] = 0.0
    state[FeltColumns].memory[gone] = 1.0  # as who leaves by attention.py
    state.add(LEAVES, gone.size)
    for part in state.awake:
        _feel(
            part,
            mine.subscribed,
            state[PresenceColumns].eagerness,
            settings.row,
            experience.before_fees(state.settings(ExperienceSettings)),
            types_key,
            mine.owing,
            state[FeltColumns],
        )
    paying = int((mine.subscribed[users.membership == MEMBER] == 1).sum())
    state.note(SUBSCRIBERS, paying)
    state.note(SUBSCRIBED_SHARE, paying / max(1, int((users.membership == MEMBER).sum())))


SUBSCRIPTIONS = Part(
    "subscriptions",
    tables={"subscriptions": Rows(SubscriptionsColumns)},
    metrics=METRICS,
    revenue={"subscriptions": "Subscriptions"},
    step=step,
)
