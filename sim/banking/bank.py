"""Partner banks: they lend most of what the platform arranges, as long as it pays.

One row stands for all of them, so that nothing hangs on how many people are simulated. Once a month they hold the
rate of the loans, less what the platform asks for arranging them, against the rate at which loans of the grade they
were offered break even, and lend a larger or a smaller part. They trust the platform's grading, not a month's luck.
"""

import math
from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed
from sim.ground.institutions import Field
from sim.ground.ledger import OUTSIDE, SAVINGS
from sim.ground.metrics import flow, stock

if TYPE_CHECKING:
    from sim.world import World

PARTNER_BANKS = "partner_banks"
MONTH = 30
MICRO = 1e6


class BankSettings(Settings):
    """[bank]"""

    funding: float = assumed.share(
        0.05, "yearly cost of the money that is lent, to the platform and to its partners", "MODEL.md", 0.02, 0.1
    )
    placing: float = assumed.share(
        0.035, "yearly interest on deposits that are not lent", "money market of 2015 (from memory)", 0.0, 0.06
    )
    target: float = assumed.share(
        0.02, "yearly return above break-even that partner banks insist on", "round figure", 0.0, 0.1
    )
    adjusting: float = assumed.share(
        0.2, "most by which partners change their part in a month", "round figure", 0.05, 1.0
    )
    outside_margin: float = assumed.share(
        0.2, "part of the interest on a loan that is profit to a bank outside, lost with its borrower",
        "MODEL.md: sellers outside", 0.0, 0.4,
    )  # fmt: skip


class PartnerColumns(Table):
    """One row: the partner banks together."""

    part = Column(np.float64, -1, "part of each new loan that they lend; -1 until they were asked")
    owed = Column(np.int64, 0, "what borrowers owe them", "cents")
    graded = Column(np.int64, 0, "loans of this month")
    grades = Column(np.int64, 0, "sum of the chances of default they were said to have", "millionths")


METRICS = (
    flow("welfare.banks", "cents", "partner banks' profit: their interest less fees, funding and losses"),
    stock("bank.part", "share", "part of new loans that partner banks lend", "neither"),
)


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

    def __init__(self, model: "World", table: Table) -> None:
        super().__init__(model)
        self.table, self.row = table, 0

    def decide(self) -> None:
        """Once a month, more or less of the lending, by the grades of the month's loans."""
        world = self.model
        terms, settings = world.now.banking, world.now.bank
        if not terms.on:
            return
        if self.graded:
            default = self.grades / MICRO / self.graded
            years = terms.mean_years
            needed = (
                break_even_rate(default, world.now.credit.loss * terms.owed_at_default, settings.funding, years)
                + settings.target
            )
            rate = terms.rate * (1.0 - terms.service_fee)
            self.part = part_lent(self.part, terms.partners_share, rate, needed, settings.adjusting)
        else:  # nothing was offered to judge
            self.part = part_lent(self.part, terms.partners_share, 1.0, 0.0, settings.adjusting)
        self.graded = self.grades = 0


def found(world: "World") -> PartnerBanks | None:
    """Day 0: partners, where there can be a bank."""
    table = world.tables[PARTNER_BANKS]
    return PartnerBanks(world, table) if table.size else None


def count_lost_loans(world: "World", cents: int, pull: float) -> None:
    """Banks outside lose their part of what was lent here today: `pull` is how well they are liked, in logit units."""
    terms = world.now.banking
    interest = cents * terms.outside_rate * terms.mean_years / (1.0 + math.exp(-pull))
    world.add("welfare.outside", -round(world.now.bank.outside_margin * interest))


def count_lost_savings(world: "World") -> None:
    """Banks outside lose what they made of savings that lie here: a day of what they could place them at, less their rate."""
    spread = max(0.0, world.now.bank.placing - world.now.banking.savings_outside)
    world.add("welfare.outside", -round(int(world.ledger[SAVINGS].sum()) * spread / (12 * MONTH)))


def open_books(world: "World") -> float:
    """Part of today's loans that partners lend: at first what they are offered."""
    rows = world.tables[PARTNER_BANKS].rows
    if rows.part[0] < 0:
        rows.part[0] = world.now.banking.partners_share
    world.note("bank.part", float(rows.part[0]))
    return float(rows.part[0])


def partners_pay(world: "World", cents: int, reason: str, payee: str = OUTSIDE) -> None:
    """Partners pay something; their owners pay in what they lack."""
    short = cents - int(world.ledger[PARTNER_BANKS][0])
    world.ledger.pay(OUTSIDE, 0, PARTNER_BANKS, 0, max(0, short), "partner_capital")
    world.ledger.pay(PARTNER_BANKS, 0, payee, 0, cents, reason)
