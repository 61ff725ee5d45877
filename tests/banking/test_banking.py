"""The bank: who gets a loan, who defaults and when, what savings earn, and that the books say so to the cent."""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm
from worlds import live, lived, outcome, world_of

from sim.banking import bank, banking, credit
from sim.banking.bank import PARTNER_BANKS
from sim.banking.banking import ADMITTED, CAUGHT, GRANTED, REFUSED, UNRECOGNISED
from sim.banking.credit import DEFAULTED, LOAN_BOOK, LoanColumns
from sim.banking.terms import BankingSettings, CreditSettings
from sim.company.company import GROUPS, CompanySettings
from sim.engine import luck
from sim.engine.settings import BadInput
from sim.experiments.limits import laws
from sim.experiments.limits.banking import bad_month, loan_book, month_losses
from sim.ground.ledger import MAY_OWE, SAVINGS
from sim.people import knowledge, unease
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeSettings
from sim.people.users import UserColumns
from sim.results.intervals import paired
from sim.scenario import Scenario
from sim.world import World

KNOWN: dict[str, Any] = {"company": {"knows_profile": True}}
BUSY: dict[str, Any] = {"on": True, "needs": 0.02, "reconsiders": 0.5}  # a small world with many loans
RISKY: dict[str, Any] = BUSY | {"cut_off": 0.1}  # of which some default
UNSAFE: dict[str, Any] = KNOWN | {"credit": {"safety": 1.5}}
PEOPLE = 150_000
RISK = CreditSettings().row


class Crowd(NamedTuple):
    """Many people who all need credit on one day, put through the bank's application kernel."""

    who: NDArray[np.uint32]
    cents: NDArray[np.int64]
    fate: NDArray[np.uint8]
    grade: NDArray[np.float64]
    income: NDArray[np.int32]
    loans: credit.LoanColumns

    def default_rate(self, months: int = 200, seed: int = 3) -> float:
        """Share of the loans granted that default, each at its trial in one of many months."""
        granted = self.who[self.fate == GRANTED]
        economy, keys = luck.key(seed, "economy"), (luck.key(1, "safety"), luck.key(seed, "trial"))
        failed = 0
        for month in range(months):
            due = granted[month::months]
            self.loans.rows.trial[due] = 1
            paid, fate = np.zeros((due.size, 10), np.int64), np.zeros(due.size, np.uint8)
            factor = credit.month_factor(economy, month)
            money = np.full(due.size, 2**60)
            credit.fall_due(due, credit.MONTH, money, self.loans.rows, factor, RISK, 0.05, keys, paid, fate)
            failed += int((fate == DEFAULTED).sum())
        return failed / granted.size


def applications(observations: int, people: int = PEOPLE, **changes: Any) -> Crowd:
    """Everyone needs credit today and is known by so many observations."""
    settings = BankingSettings(**({"needs": 1.0, "impostors": 0.0, "false_reject": 0.0, "worth": 50.0} | changes))
    users = UserColumns(people)
    users.income = 450_000 * np.exp(0.6 * norm.ppf(luck.uniforms(luck.key(1, "income"), people)) - 0.18)
    loans, waits = credit.LoanColumns(people), np.zeros(people, np.float32)
    keys = banking.LoanKeys(*(luck.key(1, name) for name in ("needs", "safety", "signal", "face", "trial")))
    box = banking.Applications(
        np.empty(people + 1, np.uint32), np.empty(people + 1, np.int64), np.empty(people + 1, np.uint8),
        np.empty(people + 1, np.int64), np.zeros(1, np.int64),
    )  # fmt: skip
    borrowers = banking.Borrowers(
        users.rows.income, np.ones(people, np.uint8), np.zeros(people, np.uint16), np.ones(people, np.float32),
        np.ones(people, np.float32), loans.rows, waits,
    )  # fmt: skip
    scoring = banking.Scoring(
        RISK, KnowledgeSettings(profile=observations).row, CompanySettings(knows_profile=observations > 0).row
    )
    banking._ask(
        np.arange(people, dtype=np.uint32), 0, borrowers, settings.row, scoring,
        banking.Terms(0, 0.8, *settings.schedule, settings.mean_years, 450_000.0), keys, box,
    )  # fmt: skip
    many = int(box.used[0])
    who = box.who[:many]
    return Crowd(who, box.cents[:many], box.fate[:many], box.grade[:many] / 1e6, users.rows.income[who], loans)


def banked(seed: int = 1, users: int = 1_000, days: int = 150, **sections: Any) -> World:
    """A small world whose people are known, at its end."""
    return lived(run={"users": users, "days": days, "seed": seed}, **(KNOWN | sections))


def summary(seed: int = 1, users: int = 1_000, days: int = 150, **sections: Any) -> dict[str, float]:
    """What it came to."""
    return outcome(run={"users": users, "days": days, "seed": seed}, **(KNOWN | sections)).summary


# rules


def test_people_default_with_three_in_a_hundred_on_the_whole() -> None:
    z = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    chances = [credit.chance_of_default(x, 2.3, 0.7) for x in z.tolist()]
    assert (
        np.mean(chances) == pytest.approx(norm.cdf(-2.3 / math.sqrt(1.49)), rel=1e-3) == pytest.approx(0.03, abs=5e-4)
    )
    assert credit.chance_of_default(1.0, 2.3, 0.7) < credit.chance_of_default(-1.0, 2.3, 0.7)


@pytest.mark.parametrize("observations", [0, 1, 4, 16])
def test_an_estimated_chance_is_right_on_the_whole_whatever_is_known(observations: int) -> None:
    reliability = knowledge.reliability(observations, 4.0)
    seen = math.sqrt(reliability) * norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    found = np.mean([credit.estimated_default(x, reliability, 2.3, 0.7) for x in seen.tolist()])
    assert found == pytest.approx(norm.cdf(-2.3 / math.sqrt(1.49)), rel=2e-3)


def test_a_bad_month_fails_more_loans_and_no_correlation_none() -> None:
    own = norm.ppf((np.arange(5_000) + 0.5) / 5_000).tolist()
    for factor, correlation, chance in ((0.0, 0.0, 0.0107), (-3.0, 0.0, 0.0107), (-3.0, 0.2, None), (3.0, 0.2, 0.0)):
        share = np.mean([credit.defaults(0.0, factor, x, 2.3, 0.7, correlation) for x in own])
        expected = norm.cdf((-2.3 - math.sqrt(correlation) * factor) / math.sqrt(1 - correlation))
        assert share == pytest.approx(expected, abs=3e-4)
        assert chance is None or share == pytest.approx(chance, abs=3e-4)


@pytest.mark.parametrize(("cents", "payments"), [(820_000, 10), (50_000, 7), (100_001, 3), (999, 36), (5, 1)])
def test_instalments_pay_back_the_loan_to_the_cent_and_the_last_is_no_larger(cents: int, payments: int) -> None:
    each = credit.instalment(cents, payments)
    left, paid = cents, []
    while left > 0:
        paid.append(min(each, left))
        left -= paid[-1]
    assert sum(paid) == cents
    assert len(paid) <= payments
    assert paid[-1] <= each


def test_break_even_rate_covers_funding_and_losses() -> None:
    rate = bank.break_even_rate(0.05, 1.0, 0.03, 1.0)
    assert rate == pytest.approx(0.0842, abs=1e-4)
    assert 0.95 * rate - 0.05 - 0.03 == pytest.approx(0.0)


def test_partners_lend_less_and_less_when_it_does_not_pay() -> None:
    assert bank.part_lent(0.8, 0.8, rate=0.18, needed=0.10, adjusting=0.2) == 0.8
    assert bank.part_lent(0.8, 0.8, rate=0.09, needed=0.10, adjusting=0.2) == pytest.approx(0.6)
    assert bank.part_lent(0.1, 0.8, rate=0.09, needed=0.10, adjusting=0.2) == 0.0
    assert bank.part_lent(0.0, 0.8, rate=0.18, needed=0.10, adjusting=0.2) == pytest.approx(0.2)


def test_what_becomes_of_an_application_goes_by_grade_size_and_face() -> None:
    setting = BankingSettings(cut_off=0.02, smallest=50_000, false_reject=0.03, false_accept=0.001).row
    own = [banking.fate_of(False, *asked, setting) for asked in ((0.01, 50_000, 0.5), (0.01, 50_000, 0.02))]
    assert own == [banking.GRANTED, banking.UNRECOGNISED]
    assert banking.fate_of(False, 0.02, 50_000, 0.5, setting) == banking.REFUSED, "too likely to default"
    assert banking.fate_of(False, 0.01, 49_999, 0.5, setting) == banking.REFUSED, "too small"
    impostors = [banking.fate_of(True, *asked, setting) for asked in ((0.01, 50_000, 0.0005), (0.01, 50_000, 0.5))]
    assert impostors == [banking.ADMITTED, banking.CAUGHT]
    assert banking.fate_of(True, 0.02, 50_000, 0.0005, setting) == banking.CAUGHT, "the score keeps them out too"


def test_the_worth_of_a_loan_is_the_logsum_and_grows_with_it() -> None:
    """Simulated: the best of here, outside and nothing with Gumbel noise, against the best of the others."""
    noise = np.random.default_rng(1).gumbel(size=(400_000, 3))
    here, outside = 1.5, 0.4
    others = np.maximum(outside + noise[:, 1], noise[:, 2])
    best = np.maximum(here + noise[:, 0], others)
    chosen = (best > others).mean()
    assert banking.chance_of_asking(here, outside) == pytest.approx(chosen, abs=0.003)
    a_point = 8_200 * (11 / 24) * 0.01  # CNY: a point of yearly interest over the loan
    expected = (best.mean() - others.mean()) / chosen * a_point / 0.18
    assert banking.gain_of_loan(here, outside, 820_000, 11 / 24, 0.18) == pytest.approx(expected, rel=0.02)
    assert banking.gain_of_loan(here, outside, 82_000, 11 / 24, 0.18) == pytest.approx(expected / 10, rel=0.02)


# who gets a loan


@pytest.mark.parametrize(("observations", "published"), [(4, 0.0097), (16, 0.0073)])
def test_better_data_lowers_default(observations: int, published: float) -> None:
    crowd = applications(observations)
    granted = crowd.fate == GRANTED
    found, error = crowd.default_rate(), math.sqrt(published / granted.sum()) * 1.5  # a common factor adds to luck
    assert found == pytest.approx(published, abs=4 * error + 5e-5)
    assert 0.003 < found < 0.014, "facts.csv: NPL .0012-.0144"
    assert crowd.grade[granted].mean() == pytest.approx(found, abs=4 * error), "grades are honest"
    assert crowd.grade[granted].max() < 0.02 <= crowd.grade[~granted].min()


def test_who_knows_nobody_lends_to_nobody() -> None:
    assert (applications(0, 1_000).fate == REFUSED).all()


def test_being_known_makes_people_uneasy() -> None:
    felt = []
    for depth in ({}, {"knows_profile": True}, {"knows_profile": True, "knows_wearables": True}):
        world = lived(run={"users": 300, "days": 1}, company=depth)
        unease.add_privacy_unease(world)
        felt.append(float(world[FeltColumns].unease.mean()))
    assert felt[0] == 0.0 < felt[1] < felt[2]


def test_a_mean_loan_is_what_it_was() -> None:
    """facts.csv: 8,200 CNY."""
    crowd = applications(4)
    assert crowd.cents[crowd.fate == GRANTED].mean() / 100 == pytest.approx(8_200, rel=0.02)


def test_a_loan_never_exceeds_its_limit() -> None:
    crowd = applications(4, 50_000, limit_months=2.0, largest=1_000_000, smallest=60_000)
    cents, income = (column[crowd.fate == GRANTED] for column in (crowd.cents, crowd.income))
    assert (cents <= 2 * income).all()
    assert cents.max() == 1_000_000
    assert cents.min() == 60_000
    assert (crowd.fate[2 * crowd.income < 60_000] == REFUSED).all(), "whose limit is below the smallest loan gets none"


def test_the_face_check_fails_both_ways_at_its_rates() -> None:
    true = applications(4, 100_000, false_reject=0.1)
    asked = true.fate != REFUSED
    assert (true.fate[asked] == UNRECOGNISED).mean() == pytest.approx(0.1, abs=0.006)
    false = applications(4, PEOPLE, needs=0.5, impostors=1.0, false_accept=0.05)
    impostors = (false.fate == ADMITTED) | (false.fate == CAUGHT)
    assert impostors.sum() / PEOPLE == pytest.approx(0.5, abs=0.01)
    share = (false.grade[impostors] < 0.02).mean() * 0.05
    assert (false.fate[impostors] == ADMITTED).mean() == pytest.approx(share, abs=0.003)
    assert (false.loans.rows.standing[false.who[false.fate == ADMITTED]] == credit.STOLEN).all()


def test_impostors_never_pay() -> None:
    crowd = applications(4, 50_000, needs=0.5, impostors=1.0, false_accept=1.0)
    due = crowd.who[crowd.fate == ADMITTED]
    paid, fate = np.zeros((due.size, 10), np.int64), np.zeros(due.size, np.uint8)
    keys = luck.key(1, "safety"), luck.key(3, "trial")
    credit.fall_due(due, credit.MONTH, np.full(due.size, 2**60), crowd.loans.rows, 5.0, RISK, 0.05, keys, paid, fate)
    assert due.size > 1_000
    assert (fate == DEFAULTED).all()
    assert paid[:, :4].sum() == 0
    lost, rest = paid[:, 4:6].sum(axis=1), paid[:, 6:8].sum(axis=1)
    assert (lost + rest == crowd.cents[crowd.fate == ADMITTED]).all()
    assert lost.sum() / (lost + rest).sum() == pytest.approx(0.9, abs=1e-4)


# who cannot pay


def a_loan(months: int = 10, payments: int = 10, cents: int = 1_000_000, partners: float = 0.8) -> credit.LoanColumns:
    """One borrower, safe beyond doubt, who borrowed on day 0 at 18 % a year."""
    loans = credit.LoanColumns(1)
    with np.errstate(over="ignore"):  # luck's own arithmetic, which plain Python warns of
        credit.lend(loans.rows, 0, cents, partners, payments, months // payments, 0, luck.key(1, "trial"))
    loans.rate, loans.standing, loans.trial = 0.18, credit.OPEN, 0
    return loans


def asked_to_pay(loans: credit.LoanColumns, day: int, money: int, factor: float = 0.0) -> tuple[int, list[int], int]:
    """What became of the payment that is due: its fate, what was paid or lost, and the loans that came to their trial."""
    paid, fate = np.zeros((1, 10), np.int64), np.zeros(1, np.uint8)
    keys = luck.key(1, "safety"), luck.key(1, "trial")
    who, held = np.zeros(1, np.uint32), np.array([money])
    trials = credit.fall_due(who, day, held, loans.rows, factor, RISK, 0.05, keys, paid, fate)
    return int(fate[0]), paid[0].tolist(), trials


def test_a_payment_overdue_costs_interest_and_funding_for_each_day() -> None:
    for late in (0, 1, 17, 89):
        loans = a_loan()
        for day in range(30, 30 + late):
            assert asked_to_pay(loans, day, 0)[0] == credit.POSTPONED
        fate, paid, _ = asked_to_pay(loans, 30 + late, 10**9)
        assert fate == credit.PAID
        assert sum(paid[:2]) == round(1_000_000 * 0.18 * (30 + late) / 360)
        assert sum(paid[8:]) == pytest.approx(1_000_000 * 0.05 * (30 + late) / 360, abs=1)
        assert loans.rows.due[0] == 60, "the next is due when it always was"


def test_who_pays_nothing_for_ninety_days_has_defaulted() -> None:
    loans = a_loan()
    fates = [asked_to_pay(loans, day, 99_999)[0] for day in range(30, 121)]
    assert fates == [credit.POSTPONED] * 90 + [credit.GIVEN_UP]
    assert loans.rows.standing[0] == credit.BARRED
    assert loans.rows.owed[0] == loans.rows.set_aside[0] == 0
    patient = a_loan()
    for day in range(30, 120):
        asked_to_pay(patient, day, 0)
    assert asked_to_pay(patient, 120, 200_000)[0] == credit.PAID, "the last day is early enough"


def test_a_loan_has_one_trial_however_late_its_payment() -> None:
    """In the worst of months everybody fails: who has stood their trial does not stand it again on the next day."""
    loans = a_loan()
    loans.rows.trial[0] = 1
    tried = [asked_to_pay(loans, day, 0, factor=50.0 if day == 30 else -50.0) for day in range(30, 60)]
    assert [fate for fate, _, _ in tried] == [credit.POSTPONED] * 30
    assert [trials for _, _, trials in tried] == [1] + [0] * 29
    loans.rows.trial[0] = 1
    assert asked_to_pay(loans, 60, 0, factor=-50.0)[0] == DEFAULTED


@pytest.mark.parametrize(("months", "payments"), [(3, 1), (10, 10), (3, 3)])
def test_who_sets_aside_what_they_should_can_pay_on_the_day(months: int, payments: int) -> None:
    """Wages come every 30 days, on whatever day of it, and are spent but for what is set aside."""
    for payday in range(30):
        loans, money = a_loan(months, payments), 0
        for day in range(30 * months + 1):
            if day % 30 == payday:
                money = max(money, int(loans.rows.set_aside[0]))
            if loans.rows.owed[0] and loans.rows.due[0] <= day:
                fate, paid, _ = asked_to_pay(loans, day, money)
                assert fate in (credit.PAID, credit.LAST), (payday, day)
                money -= sum(paid[:4])
            credit._plan(np.flatnonzero(loans.rows.owed), loans.rows, day)
        assert loans.rows.owed[0] == 0, payday


POOR: dict[str, dict[str, Any]] = {
    "to be paid back at once": {"banking": {"repayment": "bullet", "months": 3}},
    "by people with half a month's savings": {"clock": {"savings_months": 0.5}},
    "by people with next to no savings": {"clock": {"savings_months": 0.02}, "banking": {"cut_off": 0.1}},
}


@pytest.mark.parametrize("how", POOR)
def test_loans_come_back(how: str) -> None:
    """Nobody borrows after three months; a year on all is paid or lost. Breaks if wages are spent before arrears."""
    sections = {name: dict(values) for name, values in POOR[how].items()}
    sections["banking"] = {"on": True, "needs": 0.02} | sections.get("banking", {})
    stop = [{"day": 90, "set": {"banking.needs": 0.0}}]
    world = banked(users=800, days=490, **sections, events=stop)  # ten months, and ninety days till one is given up
    days = world.history
    lent, losses = days["banking.lent"].sum(), days["banking.losses"].sum()
    assert days["banking.loans"].sum() > 100
    assert days["banking.outstanding"].iloc[-1] == 0
    assert losses < 0.05 * lent, "people pay if they can"
    assert days["banking.trials"].sum() == days["banking.loans"].sum()
    overdue = days["banking.overdue"].iloc[90:].sum() / days["banking.outstanding"].iloc[90:].sum()
    assert 0.0 < overdue < 0.5
    assert (days["ledger.imbalance"] == 0).all()


def test_the_poor_default_by_their_luck_and_not_for_want_of_a_plan() -> None:
    """The same people with the same luck: little savings make payments late, hardly any of them lost."""
    usual, poor = (
        [summary(seed, users=800, days=330, banking=BUSY, clock={"savings_months": months}) for seed in (1, 2, 3)]
        for months in (2.0, 0.1)
    )
    defaults = [sum(run["banking.defaults"] for run in runs) for runs in (usual, poor)]
    trials = [sum(run["banking.trials"] for run in runs) for runs in (usual, poor)]
    assert abs(defaults[1] - defaults[0]) <= 0.004 * trials[0]
    assert trials[1] == pytest.approx(trials[0], rel=0.1)


def test_loans_of_a_world_default_as_often_as_published() -> None:
    """facts.csv: NPL .0012-.0144; some 3,400 loans of four economies."""
    many = {"banking": {"on": True, "needs": 0.04, "months": 3}, "wallet": {"first_owners": 1.0}}
    quiet = {"messaging": {"on": False, "threads": 0.0}, "lucky_money": {"on": False}}
    runs = [summary(seed, users=1_000, days=330, **many, **quiet) for seed in (1, 2, 3, 4)]
    trials = sum(run["banking.trials"] for run in runs)
    assert trials > 3_000
    assert 0.003 < sum(run["banking.defaults"] for run in runs) / trials < 0.014


def test_who_loses_their_wages_is_given_up_in_the_end() -> None:
    """All who owe are robbed and earn no more; a few are sent money by friends, and pay once more."""
    world = live(world_of(run={"users": 600, "days": 400}, banking=BUSY, **KNOWN), until=100)
    owing = world[LoanColumns].owed > 0
    world.users.rows.income[owing] = 0
    everyone = np.arange(600, dtype=np.uint32)
    world.ledger.open_day()
    for sector in ("bank", SAVINGS):
        held = world.ledger[sector] * owing
        world.ledger.pay_many((everyone, np.zeros_like(everyone), held), sector, "outside", "robbed")
    number = int(owing.sum())
    for _ in range(140):
        world.step()
    world.close()
    days = world.history
    assert number > 20
    given_up = days["banking.given_up"].iloc[100:].sum()
    assert given_up > 0.8 * number
    assert days["banking.defaults"].iloc[100:].sum() >= given_up
    loans = world[LoanColumns]
    assert (world.day - loans.due[loans.owed > 0] <= 91).all(), "nobody owes a payment for longer"
    assert (days["ledger.imbalance"] == 0).all()


def test_a_dearer_loan_is_asked_for_less() -> None:
    """Elasticity of need for credit here to its rate, about -1.2."""
    cheap, dear = (applications(4, 100_000, worth=4.8, rate=rate).who.size for rate in (0.17, 0.19))
    assert (dear - cheap) / cheap / (0.02 / 0.18) == pytest.approx(-1.2, abs=0.25)


def test_defaults_of_a_month_come_together() -> None:
    """With a common factor months differ far more than independent luck would have it; without, no more."""
    loans, months = 5_000, 400
    for correlation, low, high in ((0.0, 0.8, 1.2), (0.05, 4.0, 60.0)):
        share = month_losses(0.01, correlation, loans, months, seed=5)
        dispersion = share.var() * loans / (share.mean() * (1 - share.mean()))
        assert low < dispersion < high


# limits


def test_the_loan_book_breaks_even_at_the_rate_theory_says() -> None:
    for case in ({}, {"default": 0.1, "loss": 0.5, "funding": 0.06, "partners": 0.5}):
        for limit in loan_book(people=30_000, **case):
            assert limit.passed, limit


def test_a_bad_month_is_as_bad_as_theory_says() -> None:
    for limit in bad_month(loans=500, months=12_000):
        assert limit.passed, limit
    wrong = bad_month(loans=500, months=12_000, correlation=0.1)[0]
    assert abs(wrong.measured - 0.14553) > 4 * wrong.standard_error, "the test could not tell a wrong correlation"


# a world


def test_the_books_are_right_every_day() -> None:
    world = world_of(run={"users": 800, "days": 200}, banking=RISKY | {"service_fee": 0.1}, **UNSAFE)
    own, defaults = 0, 0
    while world.running:
        world.step()
        loans = world[LoanColumns]
        owed = {sector: int(world.tables[sector].rows.owed[0]) for sector in (LOAN_BOOK, PARTNER_BANKS)}
        assert owed[PARTNER_BANKS] == loans.partners.sum()
        assert sum(owed.values()) == loans.owed.sum() == world.today["banking.outstanding"]
        assert world.ledger[LOAN_BOOK][0] == 0, "principal passes through"
        assert ((loans.owed > 0) == (loans.due >= 0)).all(), "who owes has a day on which to pay"
        assert world.today["ledger.imbalance"] == 0
        assert all(world.ledger[sector].min(initial=0) >= 0 for sector in world.ledger.sizes if sector not in MAY_OWE)
        own += world.today["revenue.banking"] - world.today["cost.loan_losses"] - world.today["cost.funding"]
        defaults += world.today.get("banking.defaults", 0)
    world.close()
    days = world.history
    assert defaults == days["banking.defaults"].sum() > 0
    assert days["banking.loans"].sum() > 200
    assert days["welfare.banks"].sum() > 0
    groups = [group.name for group in GROUPS]
    total = days[groups].sum(axis=1) + days["profit.total"] + days["cost.fines"]
    assert (total == days["welfare.total"]).all()


def test_what_was_lent_was_paid_back_lost_sold_or_is_owed() -> None:
    world = banked(users=800, days=200, banking=RISKY, **UNSAFE)
    paid = world.flows.groupby("reason").cents.sum()
    days = world.history
    back = paid["repayments"] + paid["debts_sold"] + days["banking.losses"].sum()
    assert days["banking.lent"].sum() == back + days["banking.outstanding"].iloc[-1]
    assert paid["loan_interest"] == days["banking.interest"].sum()
    # the platform's fifth of all interest, less what money cost for the same months at the same balance
    theirs = world.flows.query("reason == 'loan_interest' and payee == 'partner_banks'").cents.sum()
    assert theirs / paid["loan_interest"] == pytest.approx(0.8, abs=0.002)
    assert paid["partner_funding"] / theirs == pytest.approx(0.05 / 0.18, rel=0.03)


def test_people_who_default_borrow_no_more() -> None:
    world = banked(users=800, days=200, banking=RISKY, **UNSAFE)
    loans = world[LoanColumns]
    barred = loans.standing == credit.BARRED
    assert barred.sum() > 2
    assert loans.owed[barred].sum() == loans.relief[barred].sum() == 0


def test_a_better_rate_draws_savings_and_a_breach_drives_them_away() -> None:
    mean, rich, shaken = [], [], []
    for seed in (1, 2, 3, 4):
        usual = banked(seed, users=400, days=100, banking=BUSY)
        better = banked(seed, users=400, days=100, banking=BUSY | {"deposit_rate": 0.035})
        broken = banked(
            seed,
            users=400,
            days=100,
            banking=BUSY,
            trust={"headline_loss": 1.0},
            events=[{"day": 30, "happen": "breach"}],
        )
        for found, world in ((mean, usual), (rich, better), (shaken, broken)):
            found.append(world.history["banking.deposits"].iloc[-1])
    assert paired(rich, mean).low > 0
    assert paired(shaken, mean).high < 0


def test_savings_earn_their_rate_and_count_among_what_people_keep() -> None:
    world = banked(users=600, days=200, banking=BUSY | {"needs": 0.0, "float_share": 0.0})
    paid = world.flows.groupby("reason").cents.sum()
    held = world.history["banking.deposits"].sum()
    assert paid["deposit_interest"] / held * 360 == pytest.approx(0.025, rel=0.15)  # while they grow, a month behind
    margin = world.history["revenue.banking"].sum()
    assert margin / paid["deposit_interest"] == pytest.approx(0.010 / 0.025, rel=0.02)
    without = banked(users=600, days=200)
    kept = [int(w.ledger["bank"].sum() + w.ledger[SAVINGS].sum()) for w in (world, without)]
    assert kept[0] == pytest.approx(kept[1], rel=0.03), "people save no more because there is a bank"


def test_a_bank_that_pays_more_than_money_earns_loses_by_savings() -> None:
    found = summary(users=600, days=100, banking=BUSY | {"needs": 0.0, "float_share": 0.0, "deposit_rate": 0.05})
    assert found["revenue.banking"] == 0
    assert found["cost.funding"] > 0


def test_partners_leave_a_platform_that_asks_too_much() -> None:
    world = banked(users=600, days=220, banking=BUSY | {"service_fee": 0.6, "partners_share": 0.8})
    part = world.history["bank.part"]
    assert part.iloc[0] == 0.8
    assert part.iloc[-1] == 0.0
    lent = world.flows.query("reason == 'loans' and cents > 0")
    lenders = lent[lent.day > part[part > 0].index.max()].payer
    assert set(lenders) == {"loan_book"}, "the platform lends alone"


def test_money_in_wallets_earns_the_little_that_the_central_bank_pays() -> None:
    found = banked(users=600, days=60, banking={"on": True, "needs": 0.0, "savings_effort": 100.0}).history
    expected = 0.0035 / 360 * found["wallet.held"].shift(fill_value=0)
    assert found["banking.float"].sum() == pytest.approx(expected[1:].sum(), rel=0.1)
    assert found["revenue.banking"].sum() == found["banking.float"].sum()


def test_credit_and_savings_make_people_better_off() -> None:
    seeds = (1, 2, 3)
    without, banked = (
        [summary(seed, users=600, days=100, banking=terms)["welfare.users"] for seed in seeds] for terms in ({}, BUSY)
    )
    assert paired(banked, without).low > 0


def test_a_bank_that_closes_gives_savings_back_and_collects_its_loans() -> None:
    world = banked(
        users=600, days=280, banking=RISKY | {"months": 6}, **UNSAFE, events=[{"day": 90, "set": {"banking.on": False}}]
    )
    days = world.history
    assert days["banking.deposits"].iloc[89] > 0 == days["banking.deposits"].iloc[91]
    assert days["banking.outstanding"].iloc[89] > 0 == days["banking.outstanding"].iloc[-1]
    assert days["banking.loans"][90:].sum() == 0


def test_off_costs_nothing() -> None:
    world = lived(run={"users": 300, "days": 35})
    assert all(world.tables[name].size == 0 for name in ("loans", SAVINGS, LOAN_BOOK, PARTNER_BANKS))
    assert not any(world.history[name].any() for name in world.history if name.startswith(("banking.", "bank.")))


@pytest.mark.parametrize("way", ["in blocks", "in two threads", "stopped and resumed"])
def test_the_same_seed_gives_the_same_bytes(way: str) -> None:
    scenario = Scenario.make(run={"users": 400, "days": 70}, banking=BUSY, **KNOWN)
    assert laws._lived(scenario, way) == laws._lived(scenario)


def test_banking_without_a_wallet_is_refused_with_the_remedy() -> None:
    with pytest.raises(BadInput, match=r"banking\.on = true needs wallet\.on = true"):
        Scenario.make(banking={"on": True}, wallet={"on": False})


def test_an_impossible_rate_is_refused() -> None:
    with pytest.raises(BadInput, match=r"banking\.rate = 18"):
        Scenario.make(banking={"rate": 18})


def test_banks_outside_lose_what_savings_and_loans_here_were_worth_to_them() -> None:
    """Breaks where savings that move for a higher rate are a gain to all and a loss to nobody."""
    run = {"users": 600, "days": 60}
    savers = lived(run=run, banking=BUSY | {"needs": 0.0}, **KNOWN)
    borrowers = lived(run=run, banking=BUSY | {"deposit_rate": 0.0, "movable": 0.0}, **KNOWN)
    days = savers.history
    spread = savers.now.bank.placing - savers.now.banking.savings_outside
    assert days["welfare.outside"].sum() == pytest.approx(-spread * days["banking.deposits"].sum() / 360, rel=0.01)
    days, it = borrowers.history, borrowers.now.banking
    there = math.exp(banking.utility_of_branch(it.row))
    interest = days["banking.lent"].sum() * it.outside_rate * it.mean_years
    assert days["banking.lent"].sum() > 0
    assert days["welfare.outside"].sum() == pytest.approx(-0.2 * interest * there / (1 + there), rel=0.03)


def test_a_dearer_loan_is_asked_for_less_and_a_fee_on_partners_is_their_loss() -> None:
    usual, dear, charged = (
        banked(users=600, days=120, banking=BUSY | {"rate": rate, "service_fee": fee, "partners_share": 0.8}).history
        for rate, fee in ((0.18, 0.0), (0.3, 0.0), (0.18, 0.3))
    )
    assert usual["banking.lent"].sum() > 2 * dear["banking.lent"].sum()
    assert usual["welfare.users"].sum() > dear["welfare.users"].sum()
    assert usual["welfare.banks"].sum() > charged["welfare.banks"].sum()
    assert usual["revenue.banking"].sum() < charged["revenue.banking"].sum()
