"""Credit: the loans that are out, what falls due each day, and who defaults.

Each loan has one trial, on the due day of one of its payments drawn by luck: it defaults when a factor common to the
month and luck of its own fall below a threshold set by the borrower's safety (Vasicek 2002). Who lacks the money for a
payment owes it, with interest for each day, and pays it when they can: borrowers set money aside from their wages. Who
has not paid after some months is given up, which is a default too. What is paid and what is lost goes to the platform
and to its partners in their shares. A month has 30 days, a year 360.
"""

import math

import numpy as np

from sim.banking.bank import MONTH, PARTNER_BANKS, PartnerColumns, partners_pay
from sim.banking.terms import BankingSettings, BankSettings, CreditSettings
from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, SAVINGS
from sim.ground.metrics import flow
from sim.payments import purse
from sim.state import State

LOAN_BOOK = "loan_book"  # what the platform lends itself: principal passes through, its interest is revenue
FREE, OPEN, STOLEN, BARRED = 0, 1, 2, 3  # how somebody stands with the bank
POSTPONED, PAID, LAST, DEFAULTED, GIVEN_UP = 0, 1, 2, 3, 4  # what became of a payment; from 3 on the loan is lost
YEAR = 12 * MONTH


class LoanColumns(Table):
    """A row a person: the loan that is open."""

    owed = Column(np.int32, 0, "principal still owed", "cents")
    partners = Column(np.int32, 0, "of this, to partner banks", "cents")
    instalment = Column(np.int32, 0, "principal due each time", "cents")
    rate = Column(np.float32, 0, "its yearly interest")
    relief = Column(np.float32, 0, "worth of having it, on a day of use", "CNY")
    due = Column(np.int16, -1, "day of the next payment, overdue from the day after; -1 for none")
    reckoned = Column(np.int16, 0, "day up to which interest and funding have been reckoned")
    set_aside = Column(np.int32, 0, "what the borrower will not spend of the next wages, for payments", "cents")
    left = Column(np.uint8, 0, "payments left")
    period = Column(np.uint8, 1, "months between payments")
    trial = Column(np.uint8, 0, "payments to come up to the one at which it may default; 0 once it did not")
    standing = Column(np.uint8, FREE, "0 no loan, 1 one open, 2 one open that an impostor took, 3 barred for a default")
    taken = Column(np.uint16, 0, "loans taken so far")


class LoanBookColumns(Table):
    """One row: what the platform lent itself."""

    owed = Column(np.int64, 0, "what borrowers owe the platform", "cents")


TRIALS = flow("banking.trials", "loans", "loans that came to the payment at which they might default", "neither")
DEFAULTS = flow("banking.defaults", "loans", "loans that defaulted", "less")
LOANS_GIVEN_UP = flow(
    "banking.given_up", "loans", "of these, given up because a payment was overdue for too long", "less"
)
LOSSES = flow("banking.losses", "cents", "principal lost, by the platform and its partners", "less")
INTEREST = flow("banking.interest", "cents", "interest paid by borrowers, to the platform and its partners", "neither")
PAYMENTS_POSTPONED = flow("banking.postponed", "payments", "payments put off for a day for want of money", "less")


@rule
def normal_below(x):
    """Chance that a standard normal number is below x."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@rule
def chance_of_default(z, safety, spread):
    """A borrower's chance of default, given their latent z."""
    return normal_below(-(safety + spread * z))


@rule
def estimated_default(seen, reliability, safety, spread):
    """Chance of default given the best guess of z and its squared correlation; what is not known spreads it."""
    return normal_below(-(safety + spread * seen) / math.sqrt(1.0 + spread * spread * (1.0 - reliability)))


@rule
def defaults(z, factor, own, safety, spread, correlation):
    """Whether a loan defaults at its trial: common factor and own luck against the borrower's safety."""
    return math.sqrt(correlation) * factor + math.sqrt(1.0 - correlation) * own < -(safety + spread * z)


@rule
def instalment(cents, payments):
    """Principal of each payment but the last: rounded up, so that the last is no larger."""
    return (cents + payments - 1) // payments


@rule
def interest(owed, rate, days):
    """Interest on what is owed for so many days, in whole cents."""
    return int(owed * rate * days / YEAR + 0.5)


@rule
def set_aside(owed, each, rate, due, reckoned, period, day):
    """Cents to keep for payments till wages come again: those that are due by then, or a part of one further off.

    Of a payment months away it is the part of the time to it that will have passed.
    """
    payments = 1.0 + (day + MONTH - due) / (MONTH * period)
    principal = min(owed, each * (payments if payments < 1.0 else math.floor(payments)))
    return min(2_000_000_000, int(principal) + interest(owed, rate, day + MONTH - reckoned))


@rule
def lend(loans, who, cents, partners, payments, period, day, key):
    """Write a new loan into its borrower's row: so many payments, each so many months after the one before."""
    loans.owed[who] = cents
    loans.partners[who] = int(cents * partners)
    loans.instalment[who] = instalment(cents, payments)
    loans.left[who] = payments
    loans.period[who] = period
    loans.reckoned[who] = day
    loans.due[who] = day + MONTH * period
    loans.taken[who] += 1
    loans.trial[who] = 1 + int(payments * luck.pair(key, who, loans.taken[who], 1))


@kernel
def fall_due(due, day, money, loans, factor, setting, funding, keys, paid, fate):
    """Payments that are due or overdue: made, owed for a day more for want of money, or never made.

    Writes for each its `fate` and in `paid` interest, principal, principal lost, principal recovered and what the money
    lent cost since the last payment, each for the platform and for partners. keys: safety, trial. Returns how many
    loans came to their trial, or did not live to see it.
    """
    trials = 0
    for i in range(due.size):
        who = due[i]
        owed, partners = np.int64(loans.owed[who]), np.int64(loans.partners[who])
        days = day - np.int64(loans.reckoned[who])
        principal = owed if loans.left[who] == 1 else min(owed, np.int64(loans.instalment[who]))
        its_interest = interest(owed, np.float64(loans.rate[who]), days)
        failed = loans.standing[who] == STOLEN
        if loans.trial[who] == 1:  # once, on the day it is due, whether or not there is money for the payment
            z = luck.normal(luck.uniform(keys[0], who, 0))
            own = luck.normal(luck.pair(keys[1], who, loans.taken[who], 0))
            failed |= defaults(z, factor, own, setting.safety, setting.safety_spread, setting.correlation)
            loans.trial[who] = 0
            trials += 1
        lacks = money[i] < principal + its_interest
        if lacks and not failed and day - np.int64(loans.due[who]) < setting.overdue:
            fate[i] = POSTPONED
            continue
        if failed or lacks:
            lost = int(owed * setting.loss + 0.5)
            theirs = lost * partners // owed
            paid[i, 4], paid[i, 5] = lost - theirs, theirs
            paid[i, 6], paid[i, 7] = owed - partners - (lost - theirs), partners - theirs
            fate[i] = DEFAULTED if failed else GIVEN_UP
            trials += loans.trial[who] > 0
            loans.trial[who] = 0
            loans.standing[who] = BARRED if loans.standing[who] == OPEN else FREE
            loans.owed[who] = loans.partners[who] = 0
        else:
            theirs = its_interest * partners // owed
            paid[i, 0], paid[i, 1] = its_interest - theirs, theirs
            theirs = partners * principal // owed
            paid[i, 2], paid[i, 3] = principal - theirs, theirs
            loans.owed[who] -= principal
            loans.partners[who] -= theirs
            loans.left[who] -= 1
            if loans.trial[who] > 0:
                loans.trial[who] -= 1
            loans.reckoned[who] = day
            fate[i] = PAID if loans.owed[who] > 0 else LAST
        paid[i, 8] = interest(owed - partners, funding, days)
        paid[i, 9] = interest(partners, funding, days)
        if fate[i] == PAID:
            loans.due[who] += MONTH * loans.period[who]
            continue
        loans.due[who] = -1
        loans.set_aside[who] = 0
        loans.relief[who] = 0.0
        if fate[i] == LAST:
            loans.standing[who] = FREE
    return trials


@kernel
def _plan(borrowers, loans, day):
    """What each of these people keeps from their next wages."""
    for who in borrowers:
        loans.set_aside[who] = set_aside(
            np.int64(loans.owed[who]), np.int64(loans.instalment[who]), np.float64(loans.rate[who]),
            np.int64(loans.due[who]), np.int64(loans.reckoned[who]), np.int64(loans.period[who]), day,
        )  # fmt: skip


def plan(state: State) -> None:
    """Borrowers see what they will have to pay before wages come again; the clock leaves it in their account."""
    loans = state[LoanColumns]
    _plan(np.flatnonzero(loans.owed), loans, state.day)


def month_factor(key: np.uint64, month: int) -> float:
    """The luck that all trials of a month share: standard normal."""
    return float(luck.normal(luck.draw(key, month)))


def collect(state: State) -> None:
    """Payments fall due: money goes to the platform and its partners, and what is lost is lost in their shares."""
    ledger, loans = state.ledger, state[LoanColumns]
    borrowers = np.flatnonzero(loans.owed)
    due = borrowers[loans.due[borrowers] <= state.day].astype(np.uint32)
    if due.size == 0:
        return
    paid, fate = np.zeros((due.size, 10), np.int64), np.zeros(due.size, np.uint8)
    keys = state.lasting_luck("banking.safety"), state.lasting_luck("banking.trial")
    money = ledger[BANK][due] + ledger[SAVINGS][due]
    factor = month_factor(state.lasting_luck("banking.economy"), state.day // MONTH)
    setting, funding = state.settings(CreditSettings).row, state.settings(BankSettings).funding
    trials = fall_due(due, state.day, money, loans, factor, setting, funding, keys, paid, fate)
    lacking = np.maximum(0, paid[:, :4].sum(axis=1) - ledger[BANK][due])
    ledger.pay_many((due, due, lacking), SAVINGS, BANK, "savings_out")
    failed = fate >= DEFAULTED
    for column, (sector, book) in enumerate(((LOAN_BOOK, LoanBookColumns), (PARTNER_BANKS, PartnerColumns))):
        interest_paid, principal, lost, rest = (paid[:, column + k] for k in (0, 2, 4, 6))
        ledger.pay_many((due, 0, interest_paid), BANK, sector, "loan_interest")
        ledger.pay_many((due, 0, principal), BANK, sector, "repayments")
        ledger.pay(OUTSIDE, 0, sector, 0, int(rest.sum()), "debts_sold")
        ledger.pay(sector, 0, OUTSIDE, 0, int((principal + rest).sum()), "lent_money_back")
        state[book].owed[0] -= int((principal + rest + lost).sum())
    gained, spent = int(paid[:, 0].sum()), int(paid[~failed, 8].sum())
    ledger.pay(LOAN_BOOK, 0, OUTSIDE, 0, min(gained, spent), "funding")
    ledger.pay(LOAN_BOOK, 0, COMPANY, 0, max(0, gained - spent), "banking")
    state.pay_cost("funding", max(0, spent - gained))
    state.pay_cost("loan_losses", int(paid[:, 4].sum() + paid[failed, 8].sum()))
    partners_pay(state, int(paid[:, 5].sum()), "partner_losses")
    partners_pay(state, int(paid[:, 9].sum()), "partner_funding")
    fee = purse.fee_on(int(paid[:, 1].sum()), state.settings(BankingSettings).service_fee)
    partners_pay(state, fee, "banking", COMPANY)
    state.note(TRIALS, trials)
    state.note(DEFAULTS, int(failed.sum()))
    state.note(LOANS_GIVEN_UP, int((fate == GIVEN_UP).sum()))
    state.note(PAYMENTS_POSTPONED, int((fate == POSTPONED).sum()))
    state.note(LOSSES, int(paid[:, 4:6].sum()))
    state.note(INTEREST, int(paid[:, :2].sum()))
