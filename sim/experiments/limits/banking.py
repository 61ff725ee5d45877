"""Limits of the bank: the rate at which a loan book breaks even, and the losses of a bad month (rows 28 and 29)."""

import math
from collections import Counter
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.stats import binom, norm

from sim.banking import banking, credit
from sim.banking.bank import MONTH
from sim.banking.terms import CreditSettings
from sim.engine import luck
from sim.experiments.limits.limit import AWAKE, Limit, endow, held_against, live, mean_against, quiet_world
from sim.ground.ledger import BANK
from sim.people import presence
from sim.results.intervals import share_error
from sim.world import World

YEAR = 360  # days of the bank's year


def loan_book(
    default: float = 0.05,
    loss: float = 1.0,
    funding: float = 0.03,
    people: int = 100_000,
    partners: float = 0.8,
    seed: int = 28,
) -> list[Limit]:
    """Row 28: everyone borrows for a year at the rate that should break even; what do the books say a year on?"""
    expected = (funding + default * loss) / (1.0 - default)
    with closing(
        quiet_world(
            people, seed,
            presence=AWAKE,
            wallet={"on": True, "first_owners": 0.0, "transfers": 0.0},
            users={"first_members": 1.0, "income_spread": 0.0},
            bank={"funding": funding},
            banking={
                "on": True, "months": 12, "repayment": "bullet", "rate": expected, "partners_share": partners,
                "cut_off": 1.0, "limit_months": 1.0, "need": 100_000_000, "needs": 1.0, "worth": 100.0, "opening": 0.0,
                "impostors": 0.0,
                "false_reject": 0.0, "savings_effort": 100.0, "float_share": 0.0,
            },
            credit={"safety": float(-norm.ppf(default)), "safety_spread": 0.0, "correlation": 0.0, "loss": loss},
        )
    ) as world:  # fmt: skip
        books = _books_after_a_year(world, partners)
    # a default more raises the rate that breaks even by (L + f) / (1 - PD)^2 of a loan
    error = (loss + funding) / (1.0 - default) ** 2 * share_error(default, books.loans)
    how = f"{books.loans} loans of a year through banking.step, from application to repayment; by the ledger"
    profit_error = error * (1.0 - default)
    return [
        held_against(
            28,
            f"break-even rate, PD {default:g}, L {loss:g}, f {funding:g}",
            expected,
            expected * books.costs / books.interest,
            error,
            how,
        ),
        held_against(28, "profit per CNY lent at that rate, platform", 0.0, books.ours, profit_error, how),
        held_against(28, "the same, partner banks", 0.0, books.theirs, profit_error, how),
        held_against(28, "cents out of balance", 0.0, books.imbalance, 0.0, how),
    ]


class _Books(NamedTuple):
    """What the books of a year's loans say: costs and interest in cents, profit per CNY lent of the platform and of banks."""

    loans: int
    costs: int
    interest: int
    ours: float
    theirs: float
    imbalance: int


def _books_after_a_year(world: World, partners: float) -> _Books:
    endow(world, BANK, 100_000_000)  # whoever wants to pay can pay
    live(world, 1, presence.open_app, banking.step)
    lent = world.today["banking.lent"]
    world.day = YEAR  # the days between bring nothing
    live(world, 1, banking.step)
    paid = Counter[str]()
    for flow, cents in world.ledger.flows.items():
        paid[flow.reason] += cents
    costs = sum(paid[f"{whose}{what}"] for whose, what in (
        ("", "funding"), ("cost.", "funding"), ("partner_", "funding"),
        ("cost.", "loan_losses"), ("partner_", "losses"),
    ))  # fmt: skip
    kept = paid["banking"] - paid["cost.loan_losses"] - paid["cost.funding"]
    return _Books(
        loans=int(world.today["banking.trials"]),
        costs=costs,
        interest=paid["loan_interest"],
        ours=kept / (lent * (1.0 - partners)) if partners < 1.0 else 0.0,
        theirs=world.today["welfare.banks"] / (lent * partners) if partners else 0.0,
        imbalance=world.ledger.imbalance(),
    )


def month_losses(
    default: float, correlation: float, loans: int, months: int, seed: int, spread: float = 0.0
) -> NDArray[np.float64]:
    """Share of a portfolio that defaults, in so many months: each loan comes to its trial through the bank's kernel."""
    settings = CreditSettings(safety=float(-norm.ppf(default)), safety_spread=spread, correlation=correlation, loss=1.0)
    due, day, money = np.arange(loans, dtype=np.uint32), MONTH, np.full(loans, 2**60)
    table = credit.LoanColumns(loans)
    paid, fate = np.empty((loans, 10), np.int64), np.empty(loans, np.uint8)
    economy, safety = luck.key(seed, "banking.economy"), luck.key(seed, "banking.safety")
    lost = np.empty(months)
    for month in range(months):
        table.owed, table.instalment, table.left, table.trial = 10_000, 10_000, 1, 1
        table.standing, table.due = credit.OPEN, day
        keys = safety, luck.key(seed, "banking.trial", month)
        factor = credit.month_factor(economy, month)
        credit.fall_due(due, day, money, table.rows, factor, settings.row, 0.05, keys, paid, fate)
        lost[month] = np.count_nonzero(fate == credit.DEFAULTED) / loans
    return lost


def bad_month(
    default: float = 0.01,
    correlation: float = 0.2,
    level: float = 0.999,
    loans: int = 1_000,
    months: int = 30_000,
    seed: int = 29,
) -> list[Limit]:
    """Row 29: the loss that all but one month in a thousand stay below, and the mean loss."""
    lost = np.sort(month_losses(default, correlation, loans, months, seed))
    below = norm.ppf(default)
    endless = float(norm.cdf((below + math.sqrt(correlation) * norm.ppf(level)) / math.sqrt(1.0 - correlation)))
    expected = _finite_quantile(default, correlation, level, loans)
    spread = share_error(level, months)  # of the share of months below it
    low, high = (float(np.quantile(lost, min(1.0, level + sign * spread))) for sign in (-1, 1))
    how = f"{months} months of {loans} loans each through the bank's trials; {endless:.5f} for a portfolio without end"
    name = f"{level:g} quantile of losses, PD {default:g}, correlation {correlation:g}"
    return [
        held_against(29, name, expected, float(np.quantile(lost, level)), (high - low) / 2, how, 0.5 / loans),
        mean_against(29, "mean loss", default, lost, how),
    ]


def _finite_quantile(default: float, correlation: float, level: float, loans: int) -> float:
    """The quantile for so many loans: binomial given the normal factor of the month; between whole loans by line."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    chance = norm.cdf((norm.ppf(default) - math.sqrt(correlation) * nodes) / math.sqrt(1.0 - correlation))

    def below(number: float) -> float:
        whole = math.floor(number)
        both = [float(binom.cdf(k, loans, chance) @ weights / weights.sum()) for k in (whole - 1, whole)]
        return both[0] + (number - whole) * (both[1] - both[0]) - level

    return float(optimize.brentq(below, 1.0, loans)) / loans
