"""Updates: messages in the brand's thread that say how an order stands: confirmed, shipped, delivered.

They spare buyers the wondering and merchants the questions; whoever was kept informed likes to come back. Merchants
take part while that is worth the price of the messages to them.
"""

from typing import NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, own, rule, with_cached_type
from sim.ground.choice import slope
from sim.ground.ledger import COMPANY
from sim.ground.metrics import flow, ratio, stock
from sim.people.experience import FeltColumns
from sim.people.presence import HERE
from sim.service import Part, Rows
from sim.shopping import merchant, metrics, orders
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.shopping.orders import InformedColumns, OrderColumns, OrdersSettings
from sim.shopping.shop_choice import category_of, markets_of
from sim.shopping.terms import UpdatesSettings
from sim.state import State

MESSAGES = 3  # an order: confirmed, shipped, delivered


class UpdatesColumns(Table):
    """A row a merchant."""

    takes_part = Column(np.uint8, 1, "1 while the merchant sends updates: all try it first")


UPDATES_SENT = flow("updates.sent", "messages", "updates sent", "neither")
ORDERS_INFORMED = flow("updates.informed", "orders", "orders whose buyers are kept informed")
INFORMED_SHARE = ratio("updates.informed_share", "share", "buyers kept informed", ORDERS_INFORMED, metrics.ORDERS)
SHOPS_THAT_SEND = stock("updates.merchants", "share", "shops that send updates")
SPENT = flow("updates.spent", "cents", "paid by merchants for updates", "neither")
QUESTIONS = flow("updates.questions", "questions", "buyers who ask where their order is, whoever answers", "less")
METRICS = (UPDATES_SENT, ORDERS_INFORMED, INFORMED_SHARE, SHOPS_THAT_SEND, SPENT, QUESTIONS)


@rule
def gain_of_updates(question_cost, fewer_questions, margin, conversion_rate, thanks):
    """Gain of a merchant by keeping a buyer informed, in cents an order: questions spared, and a sale next time.

    Thanks raise the chance s to sell to a person who looks by thanks s (1 - s): the slope of a logit.
    """
    return question_cost * fewer_questions + slope(conversion_rate, max(0.0, margin) * thanks)


@with_cached_type
class Buyers(NamedTuple):
    """Columns of people: who is here, what their day is worth, and who was kept informed of their last purchase."""

    here: np.ndarray
    worth: np.ndarray
    last_informed: np.ndarray


@with_cached_type
class Senders(NamedTuple):
    """Columns of merchants: who takes part, the cents they have left, and those they pay today."""

    takes_part: np.ndarray
    left: np.ndarray
    cents: np.ndarray


@kernel
def _tell(orders, rows, day, buyers, senders, markets, setting, keys):
    """Send the messages due today about these orders, in their order, while their merchants can pay.

    Writes what each merchant pays: n messages cost n times the price, rounded by luck. keys: that, and what a question
    costs a merchant. Returns (messages sent, orders whose buyers are kept informed from today, what a question about
    each of these would cost, in cents).
    """
    here, worth, last_informed = buyers
    takes_part, left, cents = senders
    number = np.zeros(cents.size, np.int64)
    sent = informed = questions = 0
    for at in rows:
        one, buyer, is_new = orders.merchant[at], np.int64(orders.buyer[at]), orders.ordered[at] == day
        if not takes_part[one] or not (is_new or orders.informed[at]):
            continue
        for message in range(is_new + (orders.shipped[at] == day) + (orders.delivered[at] == day)):
            owed = int((number[one] + 1) * setting.price + luck.uniform(keys[0], one, 0))
            if owed > left[one]:
                break
            number[one], cents[one] = number[one] + 1, owed
            sent += 1
            if here[buyer] == HERE:
                worth[buyer] += setting.relief
            if is_new and message == 0:
                orders.informed[at] = 1
                last_informed[buyer * markets.categories + category_of(one, markets)] = 1
                informed += 1
                questions += int(
                    luck.lognormal(setting.question_cost, setting.cost_spread, luck.uniform(keys[1], one, 0))
                )
    return sent, informed, questions


@kernel
def _review(takes_part, shops, fewer_questions, fees, setting, key):
    """Each merchant asks whether updates are worth their price to it."""
    for row in range(takes_part.size):
        if shops.open[row]:
            cost = luck.lognormal(setting.question_cost, setting.cost_spread, luck.uniform(key, row, 0))
            margin = shops.price[row] * (1.0 - own(fees, row)) - shops.cost[row]
            sold = min(1.0, (shops.orders[row] + 1.0) / (shops.impressions[row] + 16.0))  # as merchants reckon a click
            gain = gain_of_updates(cost, fewer_questions, margin, sold, setting.thanks)
            takes_part[row] = gain >= MESSAGES * setting.price


class SparedQuestions(NamedTuple):
    """What the questions that updates spare would have cost shops today, in cents; with help desks on, desk costs show it."""

    cents: int


def _buyers(state: State) -> Buyers:
    return Buyers(state.here, state[FeltColumns].worth, state[InformedColumns].last_informed)


def step(state: State) -> None:
    """Merchants who take part tell buyers that an order is confirmed, shipped, delivered, while they can pay."""
    settings = state.settings(UpdatesSettings)
    if not settings.on:
        return
    takes_part, shops = state[UpdatesColumns].takes_part, state[MerchantColumns]
    cents = np.zeros(takes_part.size, np.int64)
    keys = state.luck("updates.price"), state.lasting_luck("updates.question_cost")
    senders = Senders(takes_part, state.ledger[MERCHANTS], cents)
    buyers, markets = state.once(_buyers), state.once(markets_of)
    sent, informed, questions = _tell(
        state[OrderColumns], orders.recent(state), state.day, buyers, senders, markets, settings.row, keys
    )
    terms = state.settings(OrdersSettings)
    state.hand_on(SparedQuestions(round((terms.asking - terms.asking_informed) * questions)))
    who = np.flatnonzero(cents).astype(np.uint32)
    state.ledger.pay_many((who, np.zeros_like(who), cents[who]), MERCHANTS, COMPANY, "business_messages")
    shops.spent[...] += cents
    state.note(UPDATES_SENT, sent)
    state.note(ORDERS_INFORMED, informed)
    state.note(SPENT, int(cents.sum()))
    state.note(QUESTIONS, orders.questions(state).size)
    is_open = shops.open == 1
    state.note(SHOPS_THAT_SEND, float(takes_part[is_open].mean()) if is_open.any() else 0.0)
    if state.day % 7 == 6:
        fees = merchant.fees_of_all(state)
        _review(takes_part, shops, terms.asking - terms.asking_informed, fees, settings.row, keys[1])


UPDATES = Part(
    "updates",
    tables={
        "updates": Rows(UpdatesColumns, "shop", section="updates"),
        "told": Rows(orders.InformedColumns, merchant.a_category_each, section="updates"),
    },
    metrics=METRICS,
    revenue={"business_messages": "Business messages"},
    step=step,
)
