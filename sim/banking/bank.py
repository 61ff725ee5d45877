"""Partner banks: they lend most of what the platform arranges, as long as it pays.

One row stands for all of them, so that nothing hangs on how many people are simulated. Once a month they hold the
rate of the loans, less what the platform asks for arranging them, against the rate at which loans of the grade they
were offered break even, and lend a larger or a smaller part. They trust the platform's grading, not a month's luck.
"""

import math

import mesa
import numpy as np

from sim.banking.terms import BankingSettings, BankSettings, CreditSettings
from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.ground.agents import Field
from sim.ground.ledger import OUTSIDE, SAVINGS
from sim.ground.metrics import flow, stock
from sim.people.welfare import OUTSIDE_WELFARE
from sim.state import State

PARTNER_BANKS = "partner_banks"
MONTH = 30
MICRO = 1e6


class PartnerColumns(Table):
    """One row: the partner banks together."""

    part = Column(np.float64, -1, "part of each new loan that they lend; -1 until they were asked")
    owed = Column(np.int64, 0, "what borrowers owe them", "cents")
    graded = Column(np.int64, 0, "loans of this month")
    grades = Column(np.int64, 0, "sum of the chances of default they were said to have", "millionths")


BANKS_WELFARE = flow("welfare.banks", "cents", "partner banks' profit: their interest less fees, funding and losses")
PARTNERS_PART = stock("bank.part", "share", "part of new loans that partner banks lend", "neither")
METRICS = (BANKS_WELFARE, PARTNERS_PART)


@rule
def break_even_rate(default, loss, funding, years):
    """Yearly rate at which a loan of so many years pays its funding and its losses: (f + PD L/years)/(1 - PD)."""
    return (funding + default * loss / years) / (1.0 - default)


@rule
def part_lent(part, offered, rate, needed, adjusting):
    """Part they lend next month: towards what is offered while the rate is enough, else towards nothing."""
    target = offered if rate >= needed else 0.0
    return part + min(adjusting, max(-adjusting, target - part))


class PartnerBanks(mesa.Agent):
    """All partner banks."""

    calendar = MONTH

    part, owed, graded, grades = Field(), Field(), Field(), Field()

    def __init__(self, model: State, table: Table) -> None:
        super().__init__(model)
        self.table, self.row = table, 0

    def decide(self) -> None:
        """Once a month, more or less of the lending, by the grades of the month's loans."""
        state = self.model
        terms, settings = state.settings(BankingSettings), state.settings(BankSettings)
        if not terms.on:
            return
        if self.graded:
            default = self.grades / MICRO / self.graded
            years = terms.mean_years
            needed = (
                break_even_rate(
                    default, state.settings(CreditSettings).loss * terms.owed_at_default, settings.funding, years
                )
                + settings.target
            )
            rate = terms.rate * (1.0 - terms.service_fee)
            self.part = part_lent(self.part, terms.partners_share, rate, needed, settings.adjusting)
        else:  # nothing was offered to judge
            self.part = part_lent(self.part, terms.partners_share, 1.0, 0.0, settings.adjusting)
        self.graded = self.grades = 0


def found_partner_banks(state: State) -> None:
    """Day 0: partners, where there can be a bank."""
    table = state.table(PartnerColumns)
    if table.size:
        PartnerBanks(state, table)


def count_lost_loans(state: State, cents: int, utility_of_branch: float) -> None:
    """Banks outside lose their part of what was lent here today: the share of a logit at `utility_of_branch`."""
    terms = state.settings(BankingSettings)
    interest = cents * terms.outside_rate * terms.mean_years / (1.0 + math.exp(-utility_of_branch))
    state.add(OUTSIDE_WELFARE, -round(state.settings(BankSettings).outside_margin * interest))


def count_lost_savings(state: State) -> None:
    """Banks outside lose what they made of savings that lie here: a day of what they could place them at, less their rate."""
    spread = max(0.0, state.settings(BankSettings).placing - state.settings(BankingSettings).savings_outside)
    state.add(OUTSIDE_WELFARE, -round(int(state.ledger[SAVINGS].sum()) * spread / (12 * MONTH)))


def open_books(state: State) -> float:
    """Part of today's loans that partners lend: at first what they are offered."""
    rows = state[PartnerColumns]
    if rows.part[0] < 0:
        rows.part[0] = state.settings(BankingSettings).partners_share
    state.note(PARTNERS_PART, float(rows.part[0]))
    return float(rows.part[0])


def partners_pay(state: State, cents: int, reason: str, payee: str = OUTSIDE) -> None:
    """Partners pay something; their owners pay in what they lack."""
    short = cents - int(state.ledger[PARTNER_BANKS][0])
    state.ledger.pay(OUTSIDE, 0, PARTNER_BANKS, 0, max(0, short), "partner_capital")
    state.ledger.pay(PARTNER_BANKS, 0, payee, 0, cents, reason)
