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
from typing import Any, NamedTuple

import numpy as np

from sim.banking import bank, credit, savings
from sim.banking.bank import MICRO, MONTH, PARTNER_BANKS, PartnerColumns
from sim.banking.credit import FREE, LOAN_BOOK, OPEN, STOLEN, YEAR, LoanBookColumns, LoanColumns
from sim.banking.terms import BankingSettings, BankSettings, CreditSettings
from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, inlined_rule, is_full, kernel, outbox, rule, with_cached_type, with_type_of_first
from sim.ground import choice
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, SAVINGS, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.people import knowledge
from sim.people.clock import ClockSettings
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns, KnowledgeSettings
from sim.people.presence import PresenceColumns, days_of_use
from sim.people.trust import TrustColumns
from sim.people.users import UserColumns, UsersSettings
from sim.service import Part, Rows
from sim.state import State

ROOM = 512
GRANTED, ADMITTED, REFUSED, UNRECOGNISED, CAUGHT = 0, 1, 2, 3, 4  # what became of an application


class SavingsColumns(Table):
    """A row a person."""

    gain = Column(np.float32, 0, "worth of having savings here rather than outside, on a day of use", "CNY")


APPLICATIONS = flow(
    "banking.applications", "applications", "loans applied for by borrowers, not by impostors", "neither"
)
LOANS = flow("banking.loans", "loans", "loans paid out, those to impostors included", "neither")
LENT = flow("banking.lent", "cents", "money lent, by the platform and its partners", "neither")
APPROVED = flow("banking.approved", "loans", "loans granted to those who applied", "neither")
REFUSALS = flow(
    "banking.refused", "applications", "refused for the estimated chance of default, or too low a limit", "neither"
)
UNRECOGNISED_FACES = flow("banking.unrecognised", "applications", "refused because the face was not recognised", "less")
STOLEN_LOANS = flow("banking.impostors", "loans", "loans paid out to impostors", "less")
IMPOSTORS_CAUGHT = flow("banking.caught", "attempts", "attempts of impostors that failed")
APPROVED_SHARE = ratio("banking.approved_share", "share", "applications granted", APPROVED, APPLICATIONS, "neither")
MEAN_LOAN = ratio("banking.mean_loan", "cents", "mean loan", LENT, LOANS, "neither")
DEFAULT_RATE = ratio(
    "banking.default_rate", "share", "loans that defaulted, of those that came to their trial", credit.DEFAULTS,
    credit.TRIALS, "less",
)  # fmt: skip
OUTSTANDING = stock("banking.outstanding", "cents", "principal owed to the platform and its partners", "neither")
OVERDUE = stock("banking.overdue", "cents", "of this, of loans with a payment overdue", "less")
BORROWERS = stock("banking.borrowers", "people", "people with a loan open", "neither")
DEPOSITS = stock("banking.deposits", "cents", "savings held here")
SAVERS = stock("banking.savers", "people", "people with savings here")
FLOAT_INTEREST = flow("banking.float", "cents", "interest on the money in wallets")
METRICS = (
    APPLICATIONS, LOANS, LENT, APPROVED, REFUSALS, UNRECOGNISED_FACES, STOLEN_LOANS, IMPOSTORS_CAUGHT, APPROVED_SHARE,
    MEAN_LOAN, credit.TRIALS, credit.DEFAULTS, credit.LOANS_GIVEN_UP, DEFAULT_RATE, credit.LOSSES, credit.INTEREST,
    credit.PAYMENTS_POSTPONED, OUTSTANDING, OVERDUE, BORROWERS, DEPOSITS, SAVERS, FLOAT_INTEREST,
)  # fmt: skip


@with_cached_type
class Applications(NamedTuple):
    """What a block of people asked for: `fate` says what became of it, `grade` the estimated default in millionths."""

    who: np.ndarray
    cents: np.ndarray
    fate: np.ndarray
    grade: np.ndarray
    used: np.ndarray


@with_cached_type
class Terms(NamedTuple):
    """What kernels need besides the settings."""

    day: int
    part: float  # of each loan that partners lend
    payments: int  # in which a loan is paid back
    period: int  # months between them
    years: float  # for which a CNY lent is owed, in the mean
    mean_income: float


@rule
def need(mean, income, mean_income, spread, u):
    """Cents a person needs: in proportion to income, spread by luck."""
    return int(luck.lognormal(mean * income / mean_income, spread, u)) if income > 0 else 0


@rule
def limit(income, months, largest):
    """Most that may be lent to a person, in cents."""
    return int(min(largest, months * income))


@rule
def utility_of_bank(has_wallet, trust, setting):
    """Utility of borrowing here above doing without."""
    effort = setting.thread_effort
    here = setting.worth - 100.0 * setting.rate_weight * setting.rate - effort - setting.trust_weight * (1.0 - trust)
    return here if has_wallet else here - setting.opening


@rule
def utility_of_branch(setting):
    """Utility of borrowing outside above doing without."""
    return setting.worth - 100.0 * setting.rate_weight * setting.outside_rate - setting.branch_effort


@rule
def chance_of_asking(here, outside):
    """Chance that who needs money asks for it here, rather than outside or not at all."""
    return choice.share(math.exp(here), math.exp(here) + math.exp(outside) + 1.0)


@rule
def gain_of_loan(here, outside, cents, years, rate_weight):
    """Mean surplus of those who asked for a loan here, in CNY: their part of the logsum gain, by what a point costs."""
    value = choice.value_at_odds_and_chance(choice.odds(here, outside, 0.0), chance_of_asking(here, outside))
    return value * cents / 100.0 * years * 0.01 / rate_weight


@rule
def record(box, who, cents, fate, grade):
    """Write one application."""
    at = box.used[0]
    box.who[at], box.cents[at], box.fate[at], box.grade[at] = who, cents, fate, int(grade * MICRO)
    box.used[0] = at + 1


@with_cached_type
class Borrowers(NamedTuple):
    """Columns of people that lending reads, and those it writes: `loans` and `waits`."""

    income: np.ndarray
    has_wallet: np.ndarray
    bought: np.ndarray
    trust: np.ndarray
    eagerness: np.ndarray
    loans: Any
    waits: np.ndarray


@with_cached_type
class Scoring(NamedTuple):
    """What a grade is made of: settings of risk and knowledge, and what may be known."""

    risk: Any
    profiling: Any
    sources: Any


@with_cached_type
class LoanKeys(NamedTuple):
    """Luck by the name of the decision: need, safety, error of its signal, face, trial."""

    need: np.uint64
    safety: np.uint64
    error: np.uint64
    face: np.uint64
    trial: np.uint64


@inlined_rule
def grade_of(who, people, scoring, keys):
    """Estimated chance of default of a person, by what is known of them."""
    profiling, risk = scoring.profiling, scoring.risk
    n = knowledge.observations(scoring.sources, profiling, np.int64(people.bought[who]))
    safety, error = luck.normal(luck.uniform(keys.safety, who, 0)), luck.normal(luck.uniform(keys.error, who, 0))
    seen = knowledge.estimate(safety, n, profiling.noise, error)
    return credit.estimated_default(seen, knowledge.reliability(n, profiling.noise), risk.safety, risk.safety_spread)


@inlined_rule
def fate_of(impostor, grade, cents, face, setting):
    """What becomes of an application, by its grade, its size and the luck of a face."""
    refused = grade >= setting.cut_off or cents < setting.smallest
    if impostor:
        return ADMITTED if not refused and face < setting.false_accept else CAUGHT
    if refused:
        return REFUSED
    return GRANTED if face >= setting.false_reject else UNRECOGNISED


@kernel
def _ask(awake, start, people, setting, scoring, terms, keys, box):
    """Needs for credit of everyone awake, from `start` on; returns where the box was full.

    Writes the loan into its own person's row.
    """
    attempts, outside = 1.0 - setting.needs * setting.impostors, utility_of_branch(setting)
    loans, standing, waits = people.loans, people.loans.standing, people.waits
    for at in range(start, awake.size):
        if is_full(box, 1):
            return at
        who = awake[at]
        u = luck.uniform(keys.need, who, 0)
        if setting.needs <= u < attempts or standing[who] != FREE:
            continue
        impostor = u >= attempts
        income = people.income[who]
        most = cents = limit(income, setting.limit_months, setting.largest)
        here = utility_of_bank(people.has_wallet[who], people.trust[who], setting)
        if not impostor:
            if luck.uniform(keys.need, who, 1) >= chance_of_asking(here, outside):
                continue
            v = luck.uniform(keys.need, who, 2)
            wanted = need(setting.need, income, terms.mean_income, setting.need_spread, v)
            cents = min(most, max(setting.smallest, wanted))
        grade = grade_of(who, people, scoring, keys)
        fate = fate_of(impostor, grade, cents, luck.uniform(keys.face, who, 0), setting)
        record(box, who, cents, fate, grade)
        if fate == REFUSED or fate == UNRECOGNISED:
            waits[who] += setting.turned_down
        if fate == GRANTED or fate == ADMITTED:
            credit.lend(loans, who, cents, terms.part, terms.payments, terms.period, terms.day, keys.trial)
            loans.rate[who] = setting.rate
            standing[who] = OPEN if fate == GRANTED else STOLEN
        if fate == GRANTED:
            worth = gain_of_loan(here, outside, cents, terms.years, setting.rate_weight)
            loans.relief[who] = worth / (setting.months * days_of_use(people.eagerness[who]))
    return awake.size


@kernel
def _enjoy(awake, relief, gain, worth):
    """Add a day's surplus of loans and savings to what everyone awake feels."""
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
    )  # fmt: skip
    credit.collect(state)
    if settings.on:
        _move_savings(state)
        _grant(state, terms)
    else:
        _give_back_savings(state)
    credit.plan(state)
    _accrue(state)
    relief, gain = state[LoanColumns].relief, state[SavingsColumns].gain
    for part in state.awake:
        _enjoy(part, relief, gain, state[FeltColumns].worth)
    _measure(state)


def _savers(state: State) -> savings.Savers:
    return savings.Savers(
        state.here, state[UserColumns].income, state.ledger[BANK], state.ledger[SAVINGS], state[TrustColumns].trust,
        state[PresenceColumns].eagerness, state[SavingsColumns].gain, state[FeltColumns].worth,
    )  # fmt: skip


def _move_savings(state: State) -> None:
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
    savers = state.once(_savers)
    savings.think_again(due, savers, settings.row, state.settings(ClockSettings).savings_months, keys, box)
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
    return with_type_of_first(
        Applications(
            np.empty(ROOM, np.uint32), np.empty(ROOM, np.int64), np.empty(ROOM, np.uint8), np.empty(ROOM, np.int64),
            np.zeros(1, np.int64),
        )
    )  # fmt: skip


def _borrowers(state: State) -> Borrowers:
    return Borrowers(
        state[UserColumns].income, state[PurseColumns].has_wallet, state[KnowledgeColumns].purchases,
        state[TrustColumns].trust, state[PresenceColumns].eagerness, state[LoanColumns], state[FeltColumns].waits,
    )  # fmt: skip


def _grant(state: State, terms: Terms) -> None:
    """Loans asked for today are graded and paid out; borrowers spend them on what they needed."""
    settings = state.settings(BankingSettings)
    keys = LoanKeys(
        state.luck("banking.needs"), state.lasting_luck("banking.safety"), state.lasting_luck("banking.signal"),
        state.luck("banking.face"), state.lasting_luck("banking.trial"),
    )  # fmt: skip
    people = state.once(_borrowers)
    scoring = Scoring(
        state.settings(CreditSettings).row, state.settings(KnowledgeSettings).row, knowledge.sources(state.now)
    )
    asked = []
    for box in decide(state, _ask, _applications, people, settings.row, scoring, terms, keys):
        many = int(box.used[0])
        asked.append(tuple(column[:many].copy() for column in box[:4]))
    if not asked:
        return
    who, cents, fate, grade = (np.concatenate(parts) for parts in zip(*asked, strict=True))
    checks = int((fate != REFUSED).sum())  # whoever is refused by the score is not looked in the face
    state.pay_cost("loan_checks", settings.check_cost * checks)
    for metric, its in (
        (REFUSALS, REFUSED), (UNRECOGNISED_FACES, UNRECOGNISED), (STOLEN_LOANS, ADMITTED), (IMPOSTORS_CAUGHT, CAUGHT),
        (APPROVED, GRANTED),
    ):  # fmt: skip
        state.note(metric, int((fate == its).sum()))
    state.note(APPLICATIONS, int(((fate == GRANTED) | (fate == REFUSED) | (fate == UNRECOGNISED)).sum()))
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
    bank.count_lost_loans(state, int(cents[~stolen].sum()), utility_of_branch(settings.row))
    state.note(LOANS, who.size)
    state.note(LENT, int(cents.sum()))


def _accrue(state: State) -> None:
    """A day's interest on the money in wallets, and what is saved where savings are lent in place of dearer money."""
    ledger, settings, prices = state.ledger, state.settings(BankingSettings), state.settings(BankSettings)
    lent = min(int(state[LoanBookColumns].owed[0]), int(ledger[SAVINGS].sum()))
    u = luck.draw(state.luck("banking.rounding"))
    spared = luck.rounded(max(0.0, prices.funding - prices.placing) * lent / YEAR, u)
    held = int(ledger[WALLET].sum())
    on_wallets = luck.rounded(settings.float_rate * settings.float_share * held / YEAR, u)
    ledger.pay(OUTSIDE, 0, COMPANY, 0, spared + on_wallets, "banking")
    state.note(FLOAT_INTEREST, on_wallets)


def _measure(state: State) -> None:
    """Where the bank stands; partners' profit goes to their owners once a month."""
    ledger = state.ledger
    bank.count_lost_savings(state)
    state.note(OUTSTANDING, int(state[LoanBookColumns].owed[0] + state[PartnerColumns].owed[0]))
    loans = state[LoanColumns]
    owed, due = loans.owed[borrowers := np.flatnonzero(loans.owed)], loans.due[borrowers]
    state.note(OVERDUE, int(owed[due < state.day].sum()))
    state.note(BORROWERS, owed.size)
    state.note(DEPOSITS, int(ledger[SAVINGS].sum()))
    state.note(SAVERS, int(np.count_nonzero(ledger[SAVINGS])))
    paid = sum(ledger.paid(reason, payer=PARTNER_BANKS) for reason in ("banking", "partner_losses", "partner_funding"))
    state.note(bank.BANKS_WELFARE, ledger.paid("loan_interest", payee=PARTNER_BANKS) - paid)
    if state.day % MONTH == MONTH - 1:
        ledger.pay(PARTNER_BANKS, 0, OUTSIDE, 0, int(ledger[PARTNER_BANKS][0]), "partner_dividends")


BANKING = Part(
    "banking",
    tables={
        "loans": Rows(LoanColumns, section="banking"),
        SAVINGS: Rows(SavingsColumns, account=True, section="banking"),
        LOAN_BOOK: Rows(LoanBookColumns, "world", account=True, section="banking"),
        PARTNER_BANKS: Rows(PartnerColumns, "world", account=True, section="banking"),
    },
    metrics=(*METRICS, *bank.METRICS),
    revenue={"banking": "Banking"},
    costs={"funding": "Funding", "loan_losses": "Loan losses", "loan_checks": "Loan checks"},
    step=step,
)
