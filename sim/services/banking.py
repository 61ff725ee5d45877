"""Banking: savings moved into the platform's bank for interest, and consumer loans on a score (WeBank).

Savings are moved by a logit over the advantage in interest, trust and trouble. Loans are graded on what the platform
knows of people: a latent safety is seen the better the more observations there are (people/knowledge.py), and whoever
has an estimated chance of default below the cut-off gets a loan, once their face was recognised. Each loan has one
trial, on the due day of one of its payments drawn by luck: it defaults when a factor common to the month and luck of
its own fall below a threshold set by the borrower's safety (Vasicek 2002); who pays nothing for months has defaulted
too (firms/credit.py). Partner banks lend most of the money and bear their part of the losses. One open loan a person;
whoever defaulted gets no other. A month has 30 days, a year 360.
"""

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import model_validator

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, inlined_rule, is_full, kernel, outbox, remembered, rule
from sim.engine.settings import Settings, assumed, decided
from sim.firms import bank, company, credit
from sim.firms.bank import MICRO, MONTH, PARTNER_BANKS
from sim.firms.credit import FREE, LOAN_BOOK, OPEN, STOLEN, YEAR
from sim.ground import choice
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, SAVINGS, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.people import knowledge, purse, savings
from sim.people.presence import days_of_use

if TYPE_CHECKING:
    from sim.world import World

ROOM = 512
GRANTED, ADMITTED, REFUSED, UNRECOGNISED, CAUGHT = 0, 1, 2, 3, 4  # what became of an application


class BankingSettings(Settings):
    """[banking]"""

    on: bool = decided.switch(False, "whether the platform has a bank")
    rate: float = decided.share(0.18, "yearly interest on loans", "facts.csv: .18", 0.06, 0.36)
    months: int = decided.count(10, "months", "time in which a loan is paid back", "MODEL.md", 1, 24, ge=1, le=36)
    repayment: Literal["instalments", "bullet"] = decided.word(
        "instalments",
        "paid back in equal parts each month, or at once at the end",
        "WeBank's loans are paid back monthly (from memory)",
    )
    cut_off: float = decided.share(
        0.02, "estimated chance of default from which a loan is refused", "MODEL.md", 0.002, 0.1
    )
    largest: int = decided.count(
        30_000_000, "cents", "largest loan", "facts.csv: 300,000 CNY", 100_000, 100_000_000, le=1_000_000_000
    )
    smallest: int = decided.count(50_000, "cents", "smallest loan", "facts.csv: 500 CNY", 10_000, 500_000, ge=100)
    limit_months: float = decided.positive(
        5.0, "months", "limit of a loan, in months of the borrower's income", "round figure", 1, 12
    )
    partners_share: float = decided.share(
        0.8, "part of each loan offered to partner banks", "facts.csv: .75-.8", 0.0, 0.95
    )
    service_fee: float = decided.share(0.0, "part of their interest that partners pay the platform", "", 0.0, 0.8)
    deposit_rate: float = decided.share(0.025, "yearly interest on savings", "", 0.0, 0.06)
    needs: float = assumed.share(
        0.0005, "chance of a need for credit on a day of use",
        "fitted: 360e9 CNY lent in two years, balance 100e9, some 900 million users (facts.csv)", 0.00005, 0.01,
    )  # fmt: skip
    need: int = assumed.count(
        900_000, "cents", "mean need of a person of mean income, before limits", "fitted: mean loan 8,200 (facts.csv)",
        100_000, 3_000_000, ge=1,
    )  # fmt: skip
    need_spread: float = assumed.amount(0.9, "log-spread", "inequality of needs at one income", "round figure", 0, 1.5)
    worth: float = assumed.number(
        4.8, "logit units", "worth of borrowing above doing without, before interest", "round figure", 0, 10
    )
    rate_weight: float = assumed.positive(
        0.18,
        "logit units a point",
        "how much a point of yearly interest counts; demand has elasticity -1.2",
        "round figure",
        0.03,
        0.6,
    )
    outside_rate: float = assumed.share(
        0.2, "yearly interest outside", "credit cards and consumer finance (from memory)", 0.1, 0.4
    )
    branch_effort: float = assumed.amount(0.8, "logit units", "effort of borrowing at a branch", "round figure", 0, 3)
    thread_effort: float = assumed.amount(
        0.1, "logit units", "effort of borrowing in the thread", "facts.csv: approval in .3 s", 0, 1
    )
    opening: float = assumed.amount(1.0, "logit units", "trouble of opening a wallet for it", "round figure", 0, 4)
    trust_weight: float = assumed.amount(
        3.0, "logit units", "fall in banking here where trust is gone", "round figure", 0, 8
    )
    turned_down: float = assumed.amount(
        0.5, "logit units", "how it feels to be refused or not recognised", "round figure", 0, 3
    )
    false_reject: float = assumed.share(0.03, "borrowers whose face is not recognised", "no source: sweep", 0.0, 0.2)
    false_accept: float = assumed.share(
        0.001, "impostors whose face is taken for another's", "no source: sweep", 0.0, 0.05
    )
    impostors: float = assumed.share(
        0.01, "attempts of impostors, over needs of borrowers", "no source: sweep", 0.0, 0.1
    )
    check_cost: int = assumed.count(150, "cents", "cost of a check of face and record", "round figure", 0, 2_000)
    savings_weight: float = assumed.positive(
        1.0, "logit units a point", "how much a point of yearly interest counts with savers", "no source: sweep", 0.2, 3
    )
    savings_effort: float = assumed.amount(
        3.0, "logit units", "trouble of moving savings here", "a third of people at most", 0, 8
    )
    savings_outside: float = assumed.share(
        0.0035, "yearly interest on savings outside", "China's rate on demand deposits in 2015 (from memory)", 0.0, 0.04
    )
    movable: float = assumed.share(0.5, "part of people's usual savings that they would move", "round figure", 0.1, 1)
    reconsiders: float = assumed.share(
        0.1, "chance a month to think again where savings should be", "round figure", 0.01, 0.5
    )
    float_share: float = assumed.share(
        1.0, "part of the money in wallets that earns interest", "facts.csv: all held at the central bank"
    )
    float_rate: float = assumed.share(
        0.0035,
        "yearly interest on it",
        "facts.csv: none, later a small rate (from memory); before 2017 as much as .03",
        0.0,
        0.03,
    )

    @property
    def schedule(self) -> tuple[int, int]:
        """Payments, and months between them."""
        return (1, self.months) if self.repayment == "bullet" else (self.months, 1)

    @property
    def mean_years(self) -> float:
        """Years for which a CNY lent is owed, in the mean."""
        return (self.months if self.repayment == "bullet" else (self.months + 1) / 2) / 12

    @property
    def owed_at_default(self) -> float:
        """Part of a loan that is still owed at its trial, in the mean."""
        return 1.0 if self.repayment == "bullet" else (self.months + 1) / (2 * self.months)

    @model_validator(mode="after")
    def _some_loan_is_possible(self) -> Self:
        if self.smallest > self.largest:
            raise ValueError(f"smallest {self.smallest} must be at most largest {self.largest}: no loan would fit")
        return self


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
def worth_of_loan(here, outside, cents, years, rate_weight):
    """Mean worth of a loan to who asked for it here, in CNY: their part of the logsum gain, by what a point costs."""
    value = choice.value_at_odds_and_chance(choice.odds(here, outside, 0.0), chance_of_asking(here, outside))
    return value * cents / 100.0 * years * 0.01 / rate_weight


@rule
def record(box, who, cents, fate, grade):
    """Write one application."""
    at = box.used[0]
    box.who[at], box.cents[at], box.fate[at], box.grade[at] = who, cents, fate, int(grade * MICRO)
    box.used[0] = at + 1


@remembered
class Borrowers(NamedTuple):
    """Columns of people that lending reads, and those it writes: `loans` and `waits`."""

    income: np.ndarray
    has_wallet: np.ndarray
    bought: np.ndarray
    trust: np.ndarray
    eagerness: np.ndarray
    loans: Any
    waits: np.ndarray


@remembered
class Scoring(NamedTuple):
    """What a grade is made of: settings of risk and knowledge, and what may be known."""

    risk: Any
    know: Any
    sources: Any


@remembered
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
    know, risk = scoring.know, scoring.risk
    n = knowledge.observations(scoring.sources, know, np.int64(people.bought[who]))
    safety, error = luck.normal(luck.uniform(keys.safety, who, 0)), luck.normal(luck.uniform(keys.error, who, 0))
    seen = knowledge.estimate(safety, n, know.noise, error)
    return credit.estimated_default(seen, knowledge.reliability(n, know.noise), risk.safety, risk.safety_spread)


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
            worth = worth_of_loan(here, outside, cents, terms.years, setting.rate_weight)
            loans.relief[who] = worth / (setting.months * days_of_use(people.eagerness[who]))
    return awake.size


@kernel
def _enjoy(awake, relief, gain, worth):
    """Everyone awake has what their loan and their savings are worth to them."""
    for who in awake:
        worth[who] += relief[who] + gain[who]


def is_winding_up(world: "World") -> bool:
    """Whether a bank that was closed is still owed or owes something: loans are paid back, savings given back."""
    book = world.tables[LOAN_BOOK]
    return bool(
        book.size and (book.rows.owed[0] or world.tables[PARTNER_BANKS].rows.owed[0] or world.ledger[SAVINGS].any())
    )


def step(world: "World") -> None:
    """Loans are paid back or not, savings move, loans are asked for and granted, interest accrues."""
    settings = world.now.banking
    if not settings.on and not is_winding_up(world):
        return
    terms = Terms(
        world.day, bank.open_books(world), *settings.schedule, settings.mean_years, float(world.now.users.income),
    )  # fmt: skip
    credit.collect(world)
    if settings.on:
        _move_savings(world)
        _grant(world, terms)
    else:
        _give_back_savings(world)
    credit.plan(world)
    _accrue(world)
    relief, gain = world.tables["loans"].rows.relief, world.tables[SAVINGS].rows.gain
    for part in world.awake:
        _enjoy(part, relief, gain, world.felt.rows.worth)
    _measure(world)


def _move_savings(world: "World") -> None:
    """Those whose day it is get a month's interest, and may move savings in or out."""
    settings, ledger = world.now.banking, world.ledger
    due = np.arange(world.day % MONTH, world.size, MONTH, dtype=np.uint32)
    held = ledger[SAVINGS][due]
    earned = np.floor(held * (settings.deposit_rate / 12)).astype(np.int64)
    placed, owing = int(held.sum() * (world.now.bank.placing / 12)), int(earned.sum())
    ledger.pay(OUTSIDE, 0, LOAN_BOOK, 0, max(placed, owing), "money_market")
    ledger.pay_many((np.zeros_like(due), due, earned), LOAN_BOOK, SAVINGS, "deposit_interest")
    ledger.pay(LOAN_BOOK, 0, COMPANY, 0, max(0, placed - owing), "banking")
    company.pay_cost(world, "funding", max(0, owing - placed))
    box = outbox(due.size + 1)
    keys = world.lasting_luck("banking.taste"), world.luck("banking.thinks")
    savers = savings.Savers(
        world.here, world.users.rows.income, ledger[BANK], ledger[SAVINGS], world.tables["trust"].rows.trust,
        world.presence.rows.eagerness, world.tables[SAVINGS].rows.gain, world.felt.rows.worth,
    )  # fmt: skip
    savings.think_again(due, savers, settings.row, world.now.clock.savings_months, keys, box)
    many = int(box.used[0])
    who, out, cents = box.who[:many], box.to[:many] == 1, box.cents[:many]
    ledger.pay_many((who[~out], who[~out], cents[~out]), BANK, SAVINGS, "savings_in")
    ledger.pay_many((who[out], who[out], cents[out]), SAVINGS, BANK, "savings_out")


def _give_back_savings(world: "World") -> None:
    """The bank closes: everyone has their savings back."""
    held = world.ledger[SAVINGS].copy()
    who = np.flatnonzero(held).astype(np.uint32)
    world.ledger.pay_many((who, who, held[who]), SAVINGS, BANK, "savings_out")
    world.tables[SAVINGS].rows.gain[...] = 0


def _applications() -> Applications:
    return Applications(
        np.empty(ROOM, np.uint32), np.empty(ROOM, np.int64), np.empty(ROOM, np.uint8), np.empty(ROOM, np.int64),
        np.zeros(1, np.int64),
    )  # fmt: skip


def _grant(world: "World", terms: Terms) -> None:
    """Loans asked for today are graded and paid out; borrowers spend them on what they needed."""
    settings, rows = world.now.banking, world.tables["loans"].rows
    keys = LoanKeys(
        world.luck("banking.needs"), world.lasting_luck("banking.safety"), world.lasting_luck("banking.signal"),
        world.luck("banking.face"), world.lasting_luck("banking.trial"),
    )  # fmt: skip
    people = Borrowers(
        world.users.rows.income, world.tables["purse"].rows.has_wallet, world.tables["knowledge"].rows.purchases,
        world.tables["trust"].rows.trust, world.presence.rows.eagerness, rows, world.felt.rows.waits,
    )  # fmt: skip
    scoring = Scoring(world.now.credit.row, world.now.knowledge.row, knowledge.sources(world.now))
    asked = []
    for box in decide(world, _ask, _applications, people, settings.row, scoring, terms, keys):
        many = int(box.used[0])
        asked.append(tuple(column[:many].copy() for column in box[:4]))
    if not asked:
        return
    who, cents, fate, grade = (np.concatenate(parts) for parts in zip(*asked, strict=True))
    checks = int((fate != REFUSED).sum())  # whoever is refused by the score is not looked in the face
    company.pay_cost(world, "loan_checks", settings.check_cost * checks)
    for name, its in (
        ("refused", REFUSED),
        ("unrecognised", UNRECOGNISED),
        ("impostors", ADMITTED),
        ("caught", CAUGHT),
        ("approved", GRANTED),
    ):
        world.note(f"banking.{name}", int((fate == its).sum()))
    world.note("banking.applications", int(((fate == GRANTED) | (fate == REFUSED) | (fate == UNRECOGNISED)).sum()))
    lent = (fate == GRANTED) | (fate == ADMITTED)
    _pay_out(world, who[lent], cents[lent], fate[lent] == ADMITTED)
    partners = world.tables[PARTNER_BANKS].rows
    partners.graded[0] += int(lent.sum())
    partners.grades[0] += int(grade[lent].sum())


def _pay_out(world: "World", who: np.ndarray, cents: np.ndarray, stolen: np.ndarray) -> None:
    """The platform and its partners raise the money and lend it; an impostor makes off with it."""
    ledger, rows, settings = world.ledger, world.tables["loans"].rows, world.now.banking
    theirs = rows.partners[who].astype(np.int64)
    nobody, true = np.zeros_like(who), who[~stolen]
    for sector, parts in ((LOAN_BOOK, cents - theirs), (PARTNER_BANKS, theirs)):
        ledger.pay(OUTSIDE, 0, sector, 0, int(parts.sum()), "money_to_lend")
        ledger.pay_many((nobody[~stolen], true, parts[~stolen]), sector, BANK, "loans")
        ledger.pay_many((nobody[stolen], nobody[stolen], parts[stolen]), sector, OUTSIDE, "stolen_loans")
        world.tables[sector].rows.owed[0] += int(parts.sum())
    ledger.pay_many((true, nobody[~stolen], cents[~stolen]), BANK, OUTSIDE, "bought_on_credit")
    purse.open_wallets(world, true)
    bank.count_lost_loans(world, int(cents[~stolen].sum()), utility_of_branch(settings.row))
    world.note("banking.loans", who.size)
    world.note("banking.lent", int(cents.sum()))


def _accrue(world: "World") -> None:
    """A day's interest on the money in wallets, and what is saved where savings are lent in place of dearer money."""
    ledger, settings, prices = world.ledger, world.now.banking, world.now.bank
    lent = min(int(world.tables[LOAN_BOOK].rows.owed[0]), int(ledger[SAVINGS].sum()))
    u = luck.draw(world.luck("banking.rounding"))
    spared = luck.rounded(max(0.0, prices.funding - prices.placing) * lent / YEAR, u)
    held = int(ledger[WALLET].sum())
    on_wallets = luck.rounded(settings.float_rate * settings.float_share * held / YEAR, u)
    ledger.pay(OUTSIDE, 0, COMPANY, 0, spared + on_wallets, "banking")
    world.note("banking.float", on_wallets)


def _measure(world: "World") -> None:
    """Where the bank stands; partners' profit goes to their owners once a month."""
    ledger = world.ledger
    bank.count_lost_savings(world)
    world.note(
        "banking.outstanding", int(world.tables[LOAN_BOOK].rows.owed[0] + world.tables[PARTNER_BANKS].rows.owed[0])
    )
    loans = world.tables["loans"].rows
    owed, due = loans.owed[borrowers := np.flatnonzero(loans.owed)], loans.due[borrowers]
    world.note("banking.overdue", int(owed[due < world.day].sum()))
    world.note("banking.borrowers", owed.size)
    world.note("banking.deposits", int(ledger[SAVINGS].sum()))
    world.note("banking.savers", int(np.count_nonzero(ledger[SAVINGS])))
    paid = sum(ledger.paid(reason, payer=PARTNER_BANKS) for reason in ("banking", "partner_losses", "partner_funding"))
    world.note("welfare.banks", ledger.paid("loan_interest", payee=PARTNER_BANKS) - paid)
    if world.day % MONTH == MONTH - 1:
        ledger.pay(PARTNER_BANKS, 0, OUTSIDE, 0, int(ledger[PARTNER_BANKS][0]), "partner_dividends")
