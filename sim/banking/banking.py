"""Banking: savings moved into the platform's bank for interest, and consumer loans on a score (WeBank).

Savings are moved by a logit over the advantage in interest, trust and trouble. Loans are graded on what the platform
knows of people: a latent safety is seen the better the more observations there are (people/knowledge.py), and whoever
has an estimated chance of default below the cut-off gets a loan, once their face was recognised. Each loan has one
trial, on the due day of one of its payments drawn by luck: it defaults when a factor common to the month and luck of
its own fall below a threshold set by the borrower's safety (Vasicek 2002); who pays nothing for months has defaulted
too (banking/credit.py). Partner banks lend most of the money and bear their part of the losses. One open loan a person;
whoever defaulted gets no other. A month has 30 days, a year 360.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.banking import bank, credit
from sim.banking.bank import MICRO, MONTH, PARTNER_BANKS, PartnerColumns
from sim.banking.credit import FREE, LOAN_BOOK, OPEN, STOLEN, YEAR, LoanBookColumns, LoanColumns
from sim.banking.terms import BankingSettings, BankSettings, CreditSettings
from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, is_full, kernel, outbox, post, remembered, rule
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, SAVINGS, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.people import knowledge
from sim.people.clock import ClockSettings
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns, KnowledgeSettings
from sim.people.presence import HERE, STRANGER, PresenceColumns, days_of_use
from sim.people.trust import TrustColumns
from sim.people.users import UserColumns, UsersSettings
from sim.state import State

ROOM = 512
GRANTED, ADMITTED, REFUSED, UNRECOGNISED, CAUGHT = 0, 1, 2, 3, 4  # what became of an application


class SavingsColumns(Table):
    """A row a person."""

    gain = Column(np.float32, 0, "worth of having savings here rather than outside, on a day of use", "CNY")


BYTES_A_PERSON = credit.LoanColumns.bytes_a_row() + SavingsColumns.bytes_a_row() + 8  # and an account


METRICS = (
    flow("banking.applications", "applications", "loans applied for by borrowers, not by impostors", "neither"),
    flow("banking.loans", "loans", "loans paid out, those to impostors included", "neither"),
    flow("banking.lent", "cents", "money lent, by the platform and its partners", "neither"),
    flow("banking.approved", "loans", "loans granted to those who applied", "neither"),
    flow("banking.refused", "applications", "refused for the estimated chance of default, or too low a limit", "neither"),
    flow("banking.unrecognised", "applications", "refused because the face was not recognised", "less"),
    flow("banking.impostors", "loans", "loans paid out to impostors", "less"),
    flow("banking.caught", "attempts", "attempts of impostors that failed"),
    ratio("banking.approved_share", "share", "applications granted", "banking.approved", "banking.applications", "neither"),
    ratio("banking.mean_loan", "cents", "mean loan", "banking.lent", "banking.loans", "neither"),
    flow("banking.trials", "loans", "loans that came to the payment at which they might default", "neither"),
    flow("banking.defaults", "loans", "loans that defaulted", "less"),
    flow("banking.given_up", "loans", "of these, given up because a payment was overdue for too long", "less"),
    ratio(
        "banking.default_rate",
        "share",
        "loans that defaulted, of those that came to their trial",
        "banking.defaults",
        "banking.trials", "less",
    ),
    flow("banking.losses", "cents", "principal lost, by the platform and its partners", "less"),
    flow("banking.interest", "cents", "interest paid by borrowers, to the platform and its partners", "neither"),
    flow("banking.postponed", "payments", "payments put off for a day for want of money", "less"),
    stock("banking.outstanding", "cents", "principal owed to the platform and its partners", "neither"),
    stock("banking.overdue", "cents", "of this, of loans with a payment overdue", "less"),
    stock("banking.borrowers", "people", "people with a loan open", "neither"),
    stock("banking.deposits", "cents", "savings held here"),
    stock("banking.savers", "people", "people with savings here"),
    flow("banking.float", "cents", "interest on the money in wallets"),
)  # fmt: skip


@remembered
class Applications(NamedTuple):
    """What a block of people asked for: `fate` says what became of it, `grade` the estimated default in millionths."""

    who: np.ndarray
    cents: np.ndarray
    fate: np.ndarray
    grade: np.ndarray
    used: np.ndarray


@remembered
class Terms(NamedTuple):
    """What kernels need besides the settings."""

    day: int
    part: float  # of each loan that partners lend
    payments: int  # in which a loan is paid back
    period: int  # months between them
    years: float  # for which a CNY lent is owed, in the mean
    mean_income: float
    savings_months: float


@rule
def need(mean, income, mean_income, spread, u):
    """Cents a person needs: in proportion to income, spread by luck."""
    return int(luck.lognormal(mean * income / mean_income, spread, u)) if income > 0 else 0


@rule
def limit(income, months, largest):
    """Most that may be lent to a person, in cents."""
    return int(min(largest, months * income))


@rule
def pull_of_bank(has_wallet, trust, it):
    """Worth of borrowing here above doing without, in logit units."""
    here = it.worth - 100.0 * it.rate_weight * it.rate - it.thread_effort - it.trust_weight * (1.0 - trust)
    return here if has_wallet else here - it.opening


@rule
def pull_of_branch(it):
    """Worth of borrowing outside above doing without, in logit units."""
    return it.worth - 100.0 * it.rate_weight * it.outside_rate - it.branch_effort


@rule
def chance_of_asking(here, outside):
    """Chance that who needs money asks for it here, rather than outside or not at all."""
    return math.exp(here) / (math.exp(here) + math.exp(outside) + 1.0)


@rule
def worth_of_loan(here, outside, cents, years, rate_weight):
    """Mean worth of a loan to who asked for it here, in CNY: their part of the logsum gain, by what a point costs."""
    gain = math.log(1.0 + math.exp(here) / (math.exp(outside) + 1.0)) / chance_of_asking(here, outside)
    return gain * cents / 100.0 * years * 0.01 / rate_weight


@rule
def pull_of_savings(rate, outside, weight, trust, trust_weight):
    """How much better savings are kept here than outside, in logit units, before tastes."""
    return 100.0 * weight * (rate - outside) - trust_weight * (1.0 - trust)


@rule
def record(box, who, cents, fate, grade):
    """Write one application."""
    at = box.used[0]
    box.who[at], box.cents[at], box.fate[at], box.grade[at] = who, cents, fate, int(grade * MICRO)
    box.used[0] = at + 1


@kernel
def _ask(awake, start, incomes, owner, bought, trust, eager, loans, waits, it, risk, switches, know, terms, keys, box):
    """Needs for credit of everyone awake, from `start` on; returns where the box was full.

    Writes the loan into its own person's row. keys: need, safety, error of its signal, face, trial.
    """
    attempts = 1.0 - it.needs * it.impostors
    outside = pull_of_branch(it)
    for at in range(start, awake.size):
        if is_full(box, 1):
            return at
        who = awake[at]
        u = luck.uniform(keys[0], who, 0)
        if it.needs <= u < attempts or loans.standing[who] != FREE:
            continue
        impostor = u >= attempts
        income = incomes[who]
        most = limit(income, it.limit_months, it.largest)
        cents = most
        here = pull_of_bank(owner[who], trust[who], it)
        if not impostor:
            if luck.uniform(keys[0], who, 1) >= chance_of_asking(here, outside):
                continue
            wanted = need(it.need, income, terms.mean_income, it.need_spread, luck.uniform(keys[0], who, 2))
            cents = min(most, max(it.smallest, wanted))
        n = knowledge.observations(switches, know, np.int64(bought[who]))
        z = luck.normal(luck.uniform(keys[1], who, 0))
        seen = knowledge.estimate(z, n, know.noise, luck.normal(luck.uniform(keys[2], who, 0)))
        grade = credit.estimated_default(seen, knowledge.reliability(n, know.noise), risk.safety, risk.safety_spread)
        face = luck.uniform(keys[3], who, 0)
        if impostor:
            passes = grade < it.cut_off and cents >= it.smallest and face < it.false_accept
            fate = ADMITTED if passes else CAUGHT
        elif grade >= it.cut_off or cents < it.smallest:
            fate = REFUSED
        else:
            fate = GRANTED if face >= it.false_reject else UNRECOGNISED
        record(box, who, cents, fate, grade)
        if fate == REFUSED or fate == UNRECOGNISED:
            waits[who] += it.turned_down
        if fate == GRANTED or fate == ADMITTED:
            credit.lend(loans, who, cents, terms.part, terms.payments, terms.period, terms.day, keys[4])
            loans.rate[who] = it.rate
            loans.standing[who] = OPEN if fate == GRANTED else STOLEN
        if fate == GRANTED:
            worth = worth_of_loan(here, outside, cents, terms.years, it.rate_weight)
            loans.relief[who] = worth / (it.months * days_of_use(eager[who]))
    return awake.size


@kernel
def _think_again(due, here, income, cents_in_bank, held, trust, eager, gain, worth, it, terms, keys, box):
    """Members whose day it is may move savings: events (person, 0 in or 1 out, cents). keys: taste, thinking again."""
    money = 0.01 / 12.0 / it.savings_weight / 100.0  # CNY a month, logit unit and cent of savings
    for who in due:
        mine = held[who]
        better = pull_of_savings(it.deposit_rate, it.savings_outside, it.savings_weight, trust[who], it.trust_weight)
        u = luck.uniform(keys[0], who, 0)
        taste = math.log(u / (1.0 - u))
        if here[who] == STRANGER:
            if mine > 0:
                post(box, who, np.uint32(1), mine)
            gain[who] = 0.0
            continue
        if here[who] == HERE and luck.uniform(keys[1], who, 0) < it.reconsiders:
            if better - (0.0 if mine > 0 else it.savings_effort) > taste:
                wanted = int(it.movable * terms.savings_months * income[who])
                more = min(wanted - mine, cents_in_bank[who])
                if more > 0:
                    worth[who] -= it.savings_effort * money * more if mine == 0 else 0.0
                    post(box, who, np.uint32(0), more)
                    mine += more
            elif mine > 0:
                post(box, who, np.uint32(1), mine)
                mine = 0
        gain[who] = (better - taste) * money * mine / days_of_use(eager[who])


@kernel
def _enjoy(awake, relief, gain, worth):
    """Everyone awake has what their loan and their savings are worth to them."""
    for who in awake:
        worth[who] += relief[who] + gain[who]


def is_winding_up(state: State) -> bool:
    """Whether a bank that was closed is still owed or owes something: loans are paid back, savings given back."""
    book = state.table(LoanBookColumns)
    return bool(book.size and (book.rows.owed[0] or state[PartnerColumns].owed[0] or state.ledger[SAVINGS].any()))


def step(state: State) -> None:
    """Loans are paid back or not, savings move, loans are asked for and granted, interest accrues."""
    settings = state.settings(BankingSettings)
    if not settings.on and not is_winding_up(state):
        return
    terms = Terms(
        state.day, bank.open_books(state), *settings.schedule, settings.mean_years, float(state.settings(UsersSettings).income),
        state.settings(ClockSettings).savings_months,
    )  # fmt: skip
    credit.collect(state)
    if settings.on:
        _move_savings(state, terms)
        _grant(state, terms)
    else:
        _give_back_savings(state)
    credit.plan(state)
    _accrue(state)
    relief, gain = state[LoanColumns].relief, state[SavingsColumns].gain
    for part in state.awake:
        _enjoy(part, relief, gain, state[FeltColumns].worth)
    _measure(state)


def _move_savings(state: State, terms: Terms) -> None:
    """Those whose day it is get a month's interest, and may move savings in or out."""
    settings, ledger = state.settings(BankingSettings), state.ledger
    due = np.arange(state.day % MONTH, state.size, MONTH, dtype=np.uint32)
    held = ledger[SAVINGS][due]
    earned = np.floor(held * (settings.deposit_rate / 12)).astype(np.int64)
    placed, owing = int(held.sum() * (state.settings(BankSettings).placing / 12)), int(earned.sum())
    ledger.pay(OUTSIDE, 0, LOAN_BOOK, 0, max(placed, owing), "money_market")
    ledger.pay_many((np.zeros_like(due), due, earned), LOAN_BOOK, SAVINGS, "deposit_interest")
    ledger.pay(LOAN_BOOK, 0, COMPANY, 0, max(0, placed - owing), "banking")
    state.pay_cost("funding", max(0, owing - placed))
    box = outbox(due.size + 1)
    keys = state.lasting_luck("banking.taste"), state.luck("banking.thinks")
    _think_again(
        due, state.here, state[UserColumns].income, ledger[BANK], ledger[SAVINGS], state[TrustColumns].trust,
        state[PresenceColumns].eagerness, state[SavingsColumns].gain, state[FeltColumns].worth, settings.row, terms, keys, box,
    )  # fmt: skip
    many = int(box.used[0])
    who, out, cents = box.who[:many], box.to[:many] == 1, box.cents[:many]
    ledger.pay_many((who[~out], who[~out], cents[~out]), BANK, SAVINGS, "savings_in")
    ledger.pay_many((who[out], who[out], cents[out]), SAVINGS, BANK, "savings_out")


def _give_back_savings(state: State) -> None:
    """The bank closes: everyone has their savings back."""
    held = state.ledger[SAVINGS].copy()
    who = np.flatnonzero(held).astype(np.uint32)
    state.ledger.pay_many((who, who, held[who]), SAVINGS, BANK, "savings_out")
    state[SavingsColumns].gain[...] = 0


def _applications() -> Applications:
    return Applications(
        np.empty(ROOM, np.uint32), np.empty(ROOM, np.int64), np.empty(ROOM, np.uint8), np.empty(ROOM, np.int64),
        np.zeros(1, np.int64),
    )  # fmt: skip


def _grant(state: State, terms: Terms) -> None:
    """Loans asked for today are graded and paid out; borrowers spend them on what they needed."""
    settings, rows = state.settings(BankingSettings), state[LoanColumns]
    names = "safety", "signal"
    lasting = tuple(state.lasting_luck(f"banking.{name}") for name in names)
    keys = (state.luck("banking.needs"), *lasting, state.luck("banking.face"), state.lasting_luck("banking.trial"))
    asked = []
    for box in decide(
        state, _ask, _applications, state[UserColumns].income, state[PurseColumns].has_wallet,
        state[KnowledgeColumns].purchases, state[TrustColumns].trust, state[PresenceColumns].eagerness, rows,
        state[FeltColumns].waits, settings.row, state.settings(CreditSettings).row, knowledge.sources(state.now), state.settings(KnowledgeSettings).row,
        terms, keys,
    ):  # fmt: skip
        many = int(box.used[0])
        asked.append(tuple(column[:many].copy() for column in box[:4]))
    if not asked:
        return
    who, cents, fate, grade = (np.concatenate(parts) for parts in zip(*asked, strict=True))
    checks = int((fate != REFUSED).sum())  # whoever is refused by the score is not looked in the face
    state.pay_cost("loan_checks", settings.check_cost * checks)
    for name, its in (
        ("refused", REFUSED),
        ("unrecognised", UNRECOGNISED),
        ("impostors", ADMITTED),
        ("caught", CAUGHT),
        ("approved", GRANTED),
    ):
        state.note(f"banking.{name}", int((fate == its).sum()))
    state.note("banking.applications", int(((fate == GRANTED) | (fate == REFUSED) | (fate == UNRECOGNISED)).sum()))
    lent = (fate == GRANTED) | (fate == ADMITTED)
    _pay_out(state, who[lent], cents[lent], fate[lent] == ADMITTED)
    partners = state[PartnerColumns]
    partners.graded[0] += int(lent.sum())
    partners.grades[0] += int(grade[lent].sum())


def _pay_out(state: State, who: np.ndarray, cents: np.ndarray, stolen: np.ndarray) -> None:
    """The platform and its partners raise the money and lend it; an impostor makes off with it."""
    ledger, rows, settings = state.ledger, state[LoanColumns], state.settings(BankingSettings)
    theirs = rows.partners[who].astype(np.int64)
    nobody, true = np.zeros_like(who), who[~stolen]
    for sector, book, parts in (
        (LOAN_BOOK, LoanBookColumns, cents - theirs), (PARTNER_BANKS, PartnerColumns, theirs),
    ):  # fmt: skip
        ledger.pay(OUTSIDE, 0, sector, 0, int(parts.sum()), "money_to_lend")
        ledger.pay_many((nobody[~stolen], true, parts[~stolen]), sector, BANK, "loans")
        ledger.pay_many((nobody[stolen], nobody[stolen], parts[stolen]), sector, OUTSIDE, "stolen_loans")
        state[book].owed[0] += int(parts.sum())
    ledger.pay_many((true, nobody[~stolen], cents[~stolen]), BANK, OUTSIDE, "bought_on_credit")
    purse.open_wallets(state, true)
    bank.count_lost_loans(state, int(cents[~stolen].sum()), pull_of_branch(settings.row))
    state.note("banking.loans", who.size)
    state.note("banking.lent", int(cents.sum()))


def _accrue(state: State) -> None:
    """A day's interest on the money in wallets, and what is saved where savings are lent in place of dearer money."""
    ledger, settings, prices = state.ledger, state.settings(BankingSettings), state.settings(BankSettings)
    lent = min(int(state[LoanBookColumns].owed[0]), int(ledger[SAVINGS].sum()))
    u = luck.draw(state.luck("banking.rounding"))
    spared = luck.rounded(max(0.0, prices.funding - prices.placing) * lent / YEAR, u)
    held = int(ledger[WALLET].sum())
    on_wallets = luck.rounded(settings.float_rate * settings.float_share * held / YEAR, u)
    ledger.pay(OUTSIDE, 0, COMPANY, 0, spared + on_wallets, "banking")
    state.note("banking.float", on_wallets)


def _measure(state: State) -> None:
    """Where the bank stands; partners' profit goes to their owners once a month."""
    ledger = state.ledger
    bank.count_lost_savings(state)
    state.note("banking.outstanding", int(state[LoanBookColumns].owed[0] + state[PartnerColumns].owed[0]))
    loans = state[LoanColumns]
    owed, due = loans.owed[borrowers := np.flatnonzero(loans.owed)], loans.due[borrowers]
    state.note("banking.overdue", int(owed[due < state.day].sum()))
    state.note("banking.borrowers", owed.size)
    state.note("banking.deposits", int(ledger[SAVINGS].sum()))
    state.note("banking.savers", int(np.count_nonzero(ledger[SAVINGS])))
    paid = sum(ledger.paid(reason, payer=PARTNER_BANKS) for reason in ("banking", "partner_losses", "partner_funding"))
    state.note("welfare.banks", ledger.paid("loan_interest", payee=PARTNER_BANKS) - paid)
    if state.day % MONTH == MONTH - 1:
        ledger.pay(PARTNER_BANKS, 0, OUTSIDE, 0, int(ledger[PARTNER_BANKS][0]), "partner_dividends")
