"""The company: what it knows of people, what carrying them costs, and its books by stream."""

from collections.abc import Iterable
from typing import NamedTuple

from sim.banking.bank import BANKS_WELFARE
from sim.company import regulator, rival, steering
from sim.company.steering import PROFIT, REVENUE
from sim.engine import luck
from sim.engine.kernels import rule
from sim.engine.names import nearest
from sim.engine.settings import assumed, decided
from sim.ground.ledger import COMPANY, OUTSIDE, Flow, LedgerError
from sim.ground.metrics import flow, ratio, stock
from sim.messaging.messaging import CALL_MINUTES, MEDIA
from sim.messaging.stories import WATCHED
from sim.people.inbox import MESSAGES
from sim.people.knowledge import ProfilingSettings
from sim.people.users import LEAVES, MEMBERS, MONTHLY_USERS
from sim.people.welfare import (
    ADVERTISERS_WELFARE,
    AIRLINES_WELFARE,
    BILLERS_WELFARE,
    DRIVERS_WELFARE,
    MERCHANTS_WELFARE,
    OUTSIDE_WELFARE,
    USERS_WELFARE,
)
from sim.service import Part, Rows
from sim.shopping.brands import DELIVERED
from sim.shopping.updates import UPDATES_SENT
from sim.state import State


class CompanySettings(ProfilingSettings):
    """[company]"""

    capital: int = decided.count(
        1_000,
        "cents a person",
        "paid in by the owners on day 0; they pay in more when it is spent",
        "round figure",
        0,
        10_000,
    )
    message_cost: float = assumed.amount(
        0.008,
        "cents",
        "carrying a message",
        "fitted: Telegram 2023, about .5 USD a monthly user and year (facts.csv)",
        0,
        0.1,
    )
    media_cost: float = assumed.amount(0.03, "cents", "carrying a media message, besides", "as above", 0, 0.5)
    call_cost: float = assumed.amount(0.1, "cents", "a minute of call for one called", "round figure", 0, 1)
    support_cost: float = assumed.amount(
        8.0, "cents", "staff and support a member and month", "as message_cost", 0, 100
    )
    discount: float = assumed.share(
        0.1, "by which a cent a year later is worth less", "MODEL.md; the cost of capital of platforms, round figure",
        0.03, 0.25,
    )  # fmt: skip
    rails_cost: float = assumed.share(
        0.001, "banks' fee on top-ups and withdrawals", "facts.csv: banks charged WeChat more than .001", 0.0005, 0.005
    )


GROUPS = (  # whose welfare adds up to the total, with the company's profit and fines
    USERS_WELFARE, MERCHANTS_WELFARE, ADVERTISERS_WELFARE, DRIVERS_WELFARE, AIRLINES_WELFARE, BILLERS_WELFARE, BANKS_WELFARE,
    OUTSIDE_WELFARE,
)  # fmt: skip
CARRIED = (MESSAGES, WATCHED, DELIVERED, UPDATES_SENT)  # messages of all kinds
CARRIED_MEDIA = (MEDIA, WATCHED)  # of these, pictures, voice and film

COST_OF_FINES = flow("cost.fines", "cents", "fines of the regulator", "less")
COST = flow("cost.total", "cents", "all costs of the company", "less")
PRESENT_VALUE = flow(
    "profit.present_value", "cents", "profit as it is worth on day 0, discounted at `company.discount`"
)
PAID_IN = flow("company.paid_in", "cents", "capital paid in by the owners", "less")
CASH = stock("company.cash", "cents", "the company's account")
MEMBER_MONTHS = flow("users.member_months", "months", "members, a thirtieth each day", "neither")
CHURN = ratio("users.churn", "share", "members who leave in a month", LEAVES, MEMBER_MONTHS, "less")
MONTHLY_MONTHS = flow("users.monthly_months", "months", "monthly users, a thirtieth each day")
REVENUE_PER_USER_MONTH = ratio(
    "revenue.per_user_month", "cents", "revenue a monthly user and month", REVENUE, MONTHLY_MONTHS
)
IMBALANCE = flow("ledger.imbalance", "cents", "cents by which balances and flows disagree: 0 in a sound run", "less")
WELFARE = flow("welfare.total", "cents", "users, firms of all kinds, sellers outside, company profit and fines")
GAINING_SHARE = stock(
    "welfare.gaining_share", "share", "users better off than in the baseline of the same luck; from a comparison"
)
METRICS = (
    REVENUE, COST_OF_FINES, COST, PROFIT, PRESENT_VALUE, PAID_IN, CASH, MEMBER_MONTHS, CHURN,
    MONTHLY_MONTHS, REVENUE_PER_USER_MONTH, IMBALANCE, WELFARE, MERCHANTS_WELFARE, ADVERTISERS_WELFARE,
    DRIVERS_WELFARE, AIRLINES_WELFARE, BILLERS_WELFARE, OUTSIDE_WELFARE, GAINING_SHARE,
)  # fmt: skip


class Books(NamedTuple):
    """The reasons for which money may reach the company and leave it: streams of revenue and kinds of cost."""

    streams: tuple[str, ...]
    costs: tuple[str, ...]

    def check(self, flow: Flow) -> None:
        """Refuse money that reaches or leaves the company for a reason that is not declared: it would count nowhere.

        Raises:
            LedgerError: saying what to declare, and where.
        """
        costs = [*(f"cost.{kind}" for kind in self.costs), "fines"]
        if flow.payee == COMPANY and flow.reason not in (*self.streams, "capital"):
            raise LedgerError(
                f"money of {flow.payer} reaches the company for {flow.reason!r}, which no revenue stream declares: add "
                f"{flow.reason!r} to the `revenue` of its Service"
                f"{nearest(flow.reason, self.streams)}"
            )
        if flow.payer == COMPANY and flow.reason not in costs:
            kind = flow.reason.removeprefix("cost.")
            raise LedgerError(
                f"money leaves the company to {flow.payee} for {flow.reason!r}, which no cost declares: add {kind!r} to the "
                "`costs` of its Service, and pay it as "
                f"'cost.{kind}'{nearest(flow.reason, costs)}"
            )


def books_of(parts: Iterable[Part]) -> Books:
    """The books of a company whose world has these parts."""
    parts = tuple(parts)
    return Books(
        tuple(dict.fromkeys(reason for part in parts for reason in part.revenue)),
        tuple(dict.fromkeys(kind for part in parts for kind in part.costs)),
    )


def check_books(state: State) -> None:
    """At the end of a day: every cent is accounted for, and what the company got and paid is what its books say.

    Raises:
        LedgerError: they are out, or money moved after they had closed.
    """
    flows, imbalance = state.ledger.flows.items(), state.noted(IMBALANCE)
    if imbalance:
        raise LedgerError(f"the books are out by {imbalance} cents")
    moved = sum(cents * ((flow.payee == COMPANY) - (flow.payer == COMPANY)) for flow, cents in flows)
    late = int(moved - state.noted(PROFIT) - state.noted(PAID_IN))
    if late:
        raise LedgerError(
            f"{late} cents reached the company (left it, if below 0) after its books had closed, so that they count nowhere: "
            "whatever pays them stands before company.pay_costs in sim/day.py"
        )


def found_company(state: State) -> None:
    """Day 0: the owners pay in capital."""
    state.ledger.pay(OUTSIDE, 0, COMPANY, 0, state.settings(CompanySettings).capital * state.size, "capital")


def pay_costs(state: State) -> None:
    """Costs are paid, revenue is counted by stream, and the books must balance."""
    settings, ledger = state.settings(CompanySettings), state.ledger
    u = luck.draw(state.luck("company.rounding"))
    moved = ledger.paid("top_up") + ledger.paid("withdrawal")
    costs = {
        "messages": settings.message_cost * sum(map(state.noted, CARRIED)),
        "media": settings.media_cost * sum(map(state.noted, CARRIED_MEDIA)),
        "calls": settings.call_cost * state.noted(CALL_MINUTES),
        "support": settings.support_cost * state.noted(MEMBERS) / 30,
        "rails": settings.rails_cost * moved,
    }
    for kind, cents in costs.items():
        state.pay_cost(kind, luck.rounded(cents, u))
    close_books(state)


@rule
def present_value(discount, day):
    """Worth on day 0 of a cent on a later day, at so much a year."""
    return (1.0 + discount) ** (-day / 365.0)


def close_books(state: State) -> None:
    """Revenue by stream, cost by kind and welfare by group, from the day's flows."""
    ledger = state.ledger
    revenues = {state.metrics[f"revenue.{stream}"]: ledger.paid(stream, payee=COMPANY) for stream in state.streams}
    costs = {state.metrics[f"cost.{kind}"]: ledger.paid(f"cost.{kind}", payer=COMPANY) for kind in state.costs}
    costs[COST_OF_FINES] = ledger.paid("fines", payer=COMPANY)
    for metric, cents in (revenues | costs).items():
        state.note(metric, cents)
    revenue, cost = sum(revenues.values()), sum(costs.values())
    profit = revenue - cost
    state.note(REVENUE, revenue)
    state.note(COST, cost)
    state.note(PROFIT, profit)
    state.note(PRESENT_VALUE, profit * present_value(state.settings(CompanySettings).discount, state.day))
    state.note(PAID_IN, ledger.paid("capital", payee=COMPANY))
    state.note(CASH, int(ledger[COMPANY][0]))
    state.note(MEMBER_MONTHS, state.noted(MEMBERS) / 30)
    state.note(MONTHLY_MONTHS, state.noted(MONTHLY_USERS) / 30)
    state.note(IMBALANCE, ledger.imbalance())


def count_welfare(state: State) -> None:
    """Add up welfare over groups; gifts between people are transfers and wages are costs."""
    total = sum(map(state.noted, GROUPS))
    state.note(WELFARE, total + state.noted(PROFIT) + state.noted(COST_OF_FINES))


COMPANY_PART = Part(
    "company",
    tables={
        "rival": Rows(rival.RivalColumns, "world"),
        regulator.REGULATOR: Rows(regulator.RegulatorColumns, "world", account=True),
        "steering": Rows(steering.SteeringColumns, "world"),
    },
    metrics=(*METRICS, *steering.METRICS, *rival.METRICS, *regulator.METRICS),
    costs={
        "messages": "Messages", "media": "Media", "calls": "Calls", "support": "Support", "staff": "Staff",
        "development": "Development", "onboarding": "Onboarding",
    },
)  # fmt: skip
