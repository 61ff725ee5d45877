"""Help desks: who answers customers, hour by hour, what is broadcast to all, and what it costs the shops.

The small shops of a market share one desk, as small shops hire such help; each pays by how much it sold. Its agents
take customers in order of time (ground/queues.py), and whoever waits too long gives up. A desk is one of a full market
however few of its people are simulated: the customers of the others come by chance, as many as those simulated lead to
expect, so that waits do not hang on the number simulated, and shops pay the simulated part of its cost. Once a week it
is staffed, hour by hour, so that wages and lost customers cost least by Erlang's formula, as far as sales allow. What
help costs shops outside the platform is part of their usual costs, and is spared where the platform has it.
"""

import functools
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule, with_cached_type
from sim.engine.settings import Floats, Settings, assumed
from sim.ground import queues
from sim.ground.ledger import OUTSIDE
from sim.ground.metrics import flow, ratio, stock
from sim.ground.queues import HOURS, MINUTES
from sim.people.users import AWAY
from sim.shopping import merchant
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.shopping.terms import MerchantsSettings
from sim.state import Planned, State
from sim.support.terms import SupportSettings

MOST = 64  # agents of a desk on duty in an hour
WEEK = 7


class DesksSettings(Settings):
    """[desks]"""

    service: float = assumed.positive(8.0, "minutes", "mean time an agent takes, exponential", "MODEL.md", 3, 20)
    patience: float = assumed.positive(10.0, "minutes", "mean time till one gives up, exponential", "MODEL.md", 2, 30)
    opens: int = assumed.count(
        8, "hour", "hour from which help can be had; customers know", "round figure", 0, 12, le=23
    )
    closes: int = assumed.count(
        24, "hour", "hour until which; from 0 to 24 the queue outlasts midnight", "round figure", 17, 24, ge=1, le=24
    )
    hours: Floats = assumed.word(
        (2, 1, 0.5, 0.4, 0.4, 0.7, 2, 3, 4, 5, 5.5, 5.5, 5, 5, 5, 5, 5, 5, 5.5, 6, 6.5, 6.5, 6.5, 4),
        "what customers come with by hour; only ratios matter", "round figures; facts.csv: use peaks at 22 h",
        unit="weights",
    )  # fmt: skip
    agents: int = assumed.count(
        3, "agents", "agents of a full market on duty until the first week is known", "round figure", 0, 8, le=MOST
    )
    wage: int = assumed.count(
        2_000, "cents an hour", "wage of an agent", "two thirds of urban wages in China 2015", 1_000, 6_000, ge=1
    )
    budget: float = assumed.share(0.05, "most that shops spend on agents, as a part of sales", "round figure", 0.0, 0.1)
    lost_customer: int = assumed.count(
        1_300, "cents", "what a shop reckons to lose by a customer who gives up",
        "fitted: waits of 48 to 96 seconds (facts.csv: Comm100, Zendesk)", 300, 10_000,
    )  # fmt: skip
    call_cost: int = assumed.count(100, "cents", "what a call costs a shop besides the agent", "round figure", 0, 500)
    outside_cost: float = assumed.share(
        0.03, "part of sales that help costs shops where the platform has no part in it: it is spared",
        "fitted: what it costs without chat, twitter.toml", 0.0, 0.06,
    )  # fmt: skip

    @model_validator(mode="after")
    def _some_hour_is_open(self) -> Self:
        if self.opens == self.closes:
            raise ValueError(f"opens and closes are both {self.opens}: no hour is open; all day is from 0 to 24")
        return self


class DeskColumns(Table):
    """A row a market: its help desk. Figures "of a full market" do not hang on how many of its people are simulated."""

    wait = Column(np.float64, 0, "mean time waited on the last day, of those who gave up too", "seconds")
    usual = Column(np.float64, -1, "customers simulated who come in a day, of late; -1 before the first", "people")
    came = Column(np.int64, 0, "this week: who came, of a full market", "people")
    work = Column(np.float64, 0, "this week: service they asked for", "minutes")
    days = Column(np.int16, 0, "this week: days", "days")
    owed = Column(np.int64, 0, "this week: what its shops owe for it, for a full market", "cents")


class DutyColumns(Table):
    """A row a desk and hour of the day."""

    agents = Column(np.int64, 0, "agents on duty")


class AgentColumns(Table):
    """A row a desk and agent, MOST a desk: all there is to know of those in service and waiting."""

    free = Column(np.float64, 0, "minute from which the agent has nobody to serve, after midnight", "minutes")


class TopicColumns(Table):
    """A row a desk and category, for broadcasts."""

    asked = Column(np.float64, 0, "questions simulated in a day, of late")
    shown = Column(np.int16, AWAY, "day of the last broadcast")
    earned = Column(np.float64, 0, "what its shops earned last week", "cents")
    spared = Column(np.float64, 0, "bad answers in public below what is usual, in a day, of late")


BROADCASTS = flow("support.broadcasts", "broadcasts", "broadcasts, for the people simulated", "neither")
BROADCAST_COST = flow("support.broadcast_cost", "cents", "cost of broadcasts, for the people simulated", "less")
AGENTS = stock(
    "support.agents", "agents", "mean agents on duty while desks are open, for the people simulated", "neither"
)
COST = flow("support.cost", "cents", "what shops paid for help: agents, calls, broadcasts, conversations", "less")
SPARED = flow("support.spared", "cents", "what help would have cost them outside")
TICKETS = flow("support.tickets", "people", "customers who turned to a shop for help", "neither")
COST_A_TICKET = ratio("support.cost_a_ticket", "cents", "cost over customers who came", COST, TICKETS, "less")
METRICS = (BROADCASTS, BROADCAST_COST, AGENTS, COST, SPARED, COST_A_TICKET)


@rule
def broadcast_pays(asked, answer_cost, earned, setting):
    """Whether a broadcast on a kind of goods is worth its cost to the shops of a full market.

    It spares answers to the questions asked in a day, and lifts sales, of which a week earned so much.
    """
    spared = asked * setting.lasting * setting.alike * setting.watching * answer_cost
    return spared + setting.charm * setting.healing / WEEK * max(0.0, earned) >= setting.broadcast_cost


@with_cached_type
class Queue(NamedTuple):
    """Who comes to which desk, when, how long they would wait and how long it takes; in no order."""

    desk: NDArray[np.int64]
    minute: NDArray[np.float64]
    patience: NDArray[np.float64]
    service: NDArray[np.float64]


@kernel
def _others(number, service, patience, shares, key, queue, at):
    """Write those who are not simulated, so many a desk, behind the first `at` of the queue."""
    for here in range(number.size):
        for other in range(number[here]):
            queue.desk[at] = here
            queue.minute[at] = queues.moment(luck.pair(key, here, other, 0), shares)
            queue.patience[at] = luck.exponential(patience, luck.pair(key, here, other, 1))
            queue.service[at] = luck.exponential(service, luck.pair(key, here, other, 2))
            at += 1


@kernel
def _remember(queue, waits, simulated, desks):
    """What the desks learn of the day; the first `simulated` of the queue are people of ours."""
    number, come = np.zeros(desks.wait.size, np.int64), np.zeros(desks.wait.size, np.int64)
    seconds = np.zeros(desks.wait.size)
    for i in range(waits.size):
        here = queue.desk[i]
        number[here] += 1
        come[here] += i < simulated
        seconds[here] += 60.0 * (waits[i] if waits[i] >= 0.0 else queue.patience[i])
        desks.work[here] += queue.service[i]
    for here in range(number.size):
        desks.came[here] += number[here]
        desks.days[here] += 1
        desks.usual[here] += (come[here] - desks.usual[here]) / WEEK
        if number[here] > 0:
            desks.wait[here] = seconds[here] / number[here]


@kernel
def _staff(desks, sales, shares, setting, agents):
    """Agents on duty by desk and hour for the coming week, from last week's customers and a budget that sales allow."""
    for desk in range(sales.size):
        if desks.days[desk] == 0:
            continue
        a_day = desks.came[desk] / desks.days[desk]
        service = desks.work[desk] / desks.came[desk] if desks.came[desk] > 0 else setting.service
        shadow = np.float64(setting.wage)  # what an agent is reckoned to cost: more where the budget is short
        for _ in range(100):
            hours = 0
            for hour in range(HOURS):
                come = a_day * shares[hour]
                load, loss = come * service / 60.0, come * setting.lost_customer
                agents[desk, hour] = queues.cheapest(load, setting.patience / service, shadow, loss, MOST)
                hours += agents[desk, hour]
            if WEEK * hours * setting.wage <= setting.budget * sales[desk]:
                break
            shadow *= 1.2


@functools.cache
def _shares(opens: int, closes: int, hours: tuple[float, ...]) -> NDArray[np.float64]:
    hour = np.arange(HOURS)
    is_open = (hour >= opens) & (hour < closes) if opens < closes else (hour >= opens) | (hour < closes)
    weights = np.zeros(HOURS)
    weights[: len(hours)] = np.maximum(0.0, hours[:HOURS])
    weights[~is_open] = 0.0
    if not weights.any():
        weights[is_open] = 1.0
    return np.asarray(weights / weights.sum())


def topics_needed(state: Planned) -> int:
    """Rows of the table of topics: a desk and category."""
    return merchant.markets(state) * int(state.settings(MerchantsSettings).categories)


def shares_of(settings: DesksSettings) -> NDArray[np.float64]:
    """Shares of a day's customers by hour; those of closed hours come in open ones. Read only."""
    return _shares(settings.opens, settings.closes, settings.hours)


def on_duty(state: State) -> NDArray[np.int64]:
    """Agents on duty: a row a desk, a column an hour; a view to write."""
    agents: NDArray[np.int64] = state[DutyColumns].agents.reshape(-1, HOURS)
    return agents


def found_desks(state: State) -> None:
    """Day 0: every desk has the same agents in all hours in which it is open."""
    settings, agents = state.settings(DesksSettings), on_duty(state)
    if settings.budget > 0:
        agents[...] = settings.agents * (shares_of(settings) > 0)


def serve(state: State, come: Queue, mean_service: float) -> NDArray[np.float64]:
    """A day at the desks: the minutes that each who comes waits, or queues.GAVE_UP.

    Args:
        come: customers simulated.
        mean_service: minutes that serving the others takes.
    """
    desks, settings, scale = state[DeskColumns], state.settings(DesksSettings), merchant.market_scale(state)
    simulated, number = come.desk.size, np.zeros(desks.wait.size, np.int64)
    if desks.usual[0] < 0:
        desks.usual[...] = simulated / desks.wait.size
    if scale < 1.0:
        u = luck.uniforms(state.luck("desks.others"), desks.wait.size)
        behind = (1.0 / scale - 1.0) * desks.usual
        number[...] = [luck.poisson(*one) for one in zip(behind.tolist(), u.tolist(), strict=True)]
    room = np.zeros(number.sum(), np.int64)
    queue = Queue(*(np.append(column, room) for column in come))
    _others(number, mean_service, settings.patience, shares_of(settings), state.luck("desks.other"), queue, simulated)
    free = state[AgentColumns].free.reshape(-1, MOST)
    waits, order = np.empty(queue.desk.size), np.argsort(queue.desk * MINUTES + queue.minute, kind="stable")
    queues.serve(order, *queue, on_duty(state), free, waits)
    free[...] = np.maximum(0.0, free - MINUTES)
    _remember(queue, waits, simulated, desks)
    return waits[:simulated]


def broadcast(state: State, questions: NDArray[np.int64]) -> None:
    """Desks show what many ask about, where the last time is past and it is worth its cost to their shops.

    Args:
        questions: the topic of each question asked today.
    """
    settings, topics, shops = state.settings(SupportSettings), state[TopicColumns], state[MerchantColumns]
    scale, answer_cost = (
        merchant.market_scale(state),
        state.settings(DesksSettings).wage * state.settings(DesksSettings).service / 60.0,
    )
    topics.asked[...] += (np.bincount(questions, minlength=topics.asked.size) - topics.asked) / WEEK
    if not settings.video:
        return
    due = [
        topic
        for topic in np.flatnonzero(state.day - topics.shown.astype(np.int64) >= settings.lasting).tolist()
        if broadcast_pays(topics.asked[topic] / scale, answer_cost, topics.earned[topic] / scale, settings.row)
    ]
    topics.shown[due] = state.day
    shown = np.bincount(np.array(due, np.int64), minlength=topics.shown.size)
    owed = state[DeskColumns].owed
    owed += shown.reshape(owed.size, -1).sum(axis=1) * settings.broadcast_cost
    shops.reputation[...] += settings.charm * np.repeat(shown, shops.open.size // shown.size)
    state.note(BROADCASTS, len(due) * scale)
    state.note(BROADCAST_COST, len(due) * settings.broadcast_cost * scale)


def charge_wages(state: State, calls: NDArray[np.int64]) -> None:
    """Add the day's wages, and the cost of simulated customers' `calls` by desk, to what the shops of each market owe."""
    settings, desks, agents = state.settings(DesksSettings), state[DeskColumns], on_duty(state)
    desks.owed[...] += settings.wage * agents.sum(axis=1)
    desks.owed[...] += (settings.call_cost * calls / merchant.market_scale(state)).astype(np.int64)
    hours = np.count_nonzero(shares_of(settings))
    state.note(AGENTS, float(agents.sum()) / hours * merchant.market_scale(state))


def close_week(state: State) -> None:
    """On the last day of a week the desks are paid by their shops, and staffed for the next."""
    if state.day % WEEK == WEEK - 1:
        _pay(state)
        _plan(state)


def _pay(state: State) -> None:
    """Shops pay by how much they sold; one that has too little pays what there is."""
    desks, shops = state[DeskColumns], state[MerchantColumns]
    sold, is_open = shops.orders.reshape(desks.wait.size, -1), shops.open.reshape(desks.wait.size, -1)
    parts = np.where(sold.any(axis=1, keepdims=True), sold, is_open).cumsum(axis=1)
    u = luck.uniforms(state.luck("desks.rounding"), desks.wait.size)
    owed = np.floor(desks.owed * merchant.market_scale(state) + u).astype(np.int64)[:, None]
    due = np.diff(owed * parts // np.maximum(1, parts[:, -1:]), axis=1, prepend=0).ravel()
    spared = np.floor(state.settings(DesksSettings).outside_cost * shops.orders * shops.price).astype(np.int64)
    every = np.arange(due.size, dtype=np.uint32)
    state.ledger.pay_many((0, every, spared), OUTSIDE, MERCHANTS, "help_spared")
    cents = np.minimum(due, state.ledger[MERCHANTS])
    state.ledger.pay_many((every, 0, cents), MERCHANTS, OUTSIDE, "help")
    shops.spent[...] += cents - spared
    state.add(COST, int(cents.sum()))
    state.add(SPARED, int(spared.sum()))
    desks.owed[...] = 0


def _plan(state: State) -> None:
    """Desks take on agents for the coming week."""
    settings, desks, shops = state.settings(DesksSettings), state[DeskColumns], state[MerchantColumns]
    sales = (shops.orders * shops.price).reshape(desks.wait.size, -1).sum(axis=1) / merchant.market_scale(state)
    _staff(desks, sales, shares_of(settings), settings.row, on_duty(state))
    earned = state[TopicColumns].earned
    earned[...] = shops.earned.reshape(earned.size, -1).sum(axis=1)
    desks.came[...] = desks.days[...] = 0
    desks.work[...] = 0.0
