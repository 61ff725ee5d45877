"""Bills: they come, are paid here or outside, and are late more rarely where somebody reminds."""

from typing import Any

import numpy as np
import pytest
from worlds import lived, outcome

from sim.bills import bills
from sim.bills.bills import BillsColumns
from sim.bills.terms import BillsSettings
from sim.engine.settings import BadInput
from sim.experiments.limits import laws
from sim.ground.ledger import BANK, WALLET
from sim.results.intervals import paired
from sim.scenario import Scenario

IT = BillsSettings().row
U = ((np.arange(20_000) + 0.5) / 20_000).tolist()
NOBODY_PAYS_HERE: dict[str, Any] = {"on": True, "opening": 100.0}


def a_month(seed: int = 1, users: int = 1_500, days: int = 75, **sections: Any) -> dict[str, float]:
    """The summary of a small world's run."""
    return outcome(run={"users": users, "days": days, "seed": seed}, **sections).summary


# rules


def test_a_bill_has_the_mean_asked_for_and_grows_with_income() -> None:
    usual = [bills.bill(15_000, 450_000, 450_000, 0.5, 0.3, u) for u in U]
    assert np.mean(usual) == pytest.approx(15_000, rel=0.01)
    assert bills.bill(15_000, 1_800_000, 450_000, 0.5, 0.0, 0.5) == pytest.approx(30_000, abs=1)
    assert bills.bill(15_000, 1_000, 450_000, 0.0, 0.0, 0.5) == 3_000, "nobody is billed more than three months' income"
    assert bills.bill(15_000, 0, 450_000, 0.5, 0.3, 0.5) == 0


def test_who_has_a_wallet_and_trusts_pays_in_the_thread() -> None:
    at_home = bills.chance_of_thread(bills.utility_of_thread(True, 1.0, 0, IT))
    assert at_home == pytest.approx(1 / (1 + np.exp(-0.5 * 3.5)))
    assert bills.chance_of_thread(bills.utility_of_thread(True, 0.5, 0, IT)) < at_home
    assert bills.chance_of_thread(bills.utility_of_thread(False, 1.0, 0, IT)) < 0.01


def test_the_worth_of_the_thread_is_the_logsum_over_all_who_choose() -> None:
    """Simulated: the better of two ways with Gumbel noise, against the errand alone."""
    noise = np.random.default_rng(1).gumbel(size=(400_000, 2))
    better, weight = 0.7, 0.5
    gain = np.maximum(better + noise[:, 0], noise[:, 1]) - noise[:, 1]
    chosen = gain > 0
    # the mean of a maximum does not hang on which noise it beats: compare means, then share them among who chose
    simulated = (np.maximum(better + noise[:, 0], noise[:, 1]).mean() - noise[:, 1].mean()) / chosen.mean() / weight
    assert bills.surplus_of_thread(better, weight) == pytest.approx(simulated, rel=0.02)


def test_billers_ask_of_who_pays_here_what_the_fee_exceeds_their_collecting() -> None:
    costs = [bills.collecting(IT, u) for u in U]
    assert np.mean(costs) == pytest.approx(0.02, rel=0.01)
    assert bills.surcharge(10_000, 0.03, 0.02) == 100
    assert bills.surcharge(10_000, 0.01, 0.02) == 0
    asked = [np.mean([bills.surcharge(10_000, fee, cost) > 0 for cost in costs]) for fee in (0.0, 0.006, 0.02, 0.1)]
    assert asked[0] == 0
    assert asked[1] < 0.03
    assert 0.4 < asked[2] < 0.7
    assert asked[3] > 0.99


def test_the_app_spares_a_late_fee_where_the_errand_would_have_come_too_late() -> None:
    assert bills.is_spared(21, 20, 0)
    assert not bills.is_spared(20, 20, 0)
    assert not bills.is_spared(21, 20, 1), "it is late all the same"


def test_a_reminder_comes_in_the_last_days_only() -> None:
    assert [bills.is_reminded(day, 20, 3) for day in (17, 18, 20, 21)] == [False, True, True, False]


def test_an_open_bill_is_looked_at_when_there_is_something_to_do() -> None:
    never = bills.NEVER
    assert bills.look_again(day=10, due=20, ready=never, errand=15, remind_days=3) == 15
    assert bills.look_again(day=10, due=20, ready=12, errand=15, remind_days=3) == 12
    assert bills.look_again(day=10, due=20, ready=never, errand=40, remind_days=3) == 18
    assert bills.look_again(day=18, due=20, ready=never, errand=40, remind_days=3) == 19
    assert bills.look_again(day=20, due=20, ready=never, errand=40, remind_days=3) == 40


def test_each_month_that_is_late_is_late_by_itself() -> None:
    """Due on day 12 and every 30 days after."""
    cases = {12: (0, 1), 13: (1, 1), 30: (1, 2), 42: (1, 2), 43: (2, 2), 73: (3, 3), 700: (4, 4)}
    for day, (late, months) in cases.items():
        assert bills.late_bills(day, 12, months) == late, day
    said = bills.paid_so(bills.ELSEWHERE, 30, 29)
    assert (said & bills.ELSEWHERE, said >> bills.BILLS & bills.MANY, said >> bills.LATE) == (1, 30, 29)


# a world


def test_without_the_app_bills_are_late_as_errands_go() -> None:
    """An exponential delay of mean 5 days is over the 12 days of notice in whole days with chance e^(-13/5)."""
    found = a_month(users=2_500, days=90, bills=NOBODY_PAYS_HERE, wallet={"first_owners": 0.0})
    share = np.exp(-13 / 5)
    # bills that came in the last days are only seen paid if they were paid early
    assert found["bills.late_share"] == pytest.approx(share, abs=0.015)
    assert found["bills.paid"] == 0
    assert found["bills.late_fees"] == 500 * found["bills.late"]


def test_every_bill_is_paid_once_or_still_open() -> None:
    world = lived(run={"users": 1_000, "days": 70}, bills={"on": True, "reminders": True})
    days = world.history
    assert days["bills.due"].sum() == days["bills.settled"].sum() + days["bills.open"].iloc[-1]
    assert days["bills.settled"].sum() == days["bills.paid"].sum() + days["bills.outside"].sum()
    paid = world.flows.query("reason == 'bills'")
    assert paid[paid.payer == WALLET].cents.sum() == days["bills.value"].sum() > 0
    assert set(paid.payee) == {"outside"}
    assert world.flows.query("reason == 'late_fees'").cents.sum() == days["bills.late_fees"].sum() > 0


def test_a_late_bill_is_rarer_with_reminders() -> None:
    without, with_them = (
        [a_month(seed, bills={"on": True, "reminders": on})["bills.late_share"] for seed in range(1, 5)]
        for on in (False, True)
    )
    assert paired(with_them, without).high < -0.01


def test_an_assistant_reminds_those_who_have_it() -> None:
    helping = {"on": True, "asks": 0.0, "dates": 0.0, "watching": 0.0}
    shares, reminders = {}, {}
    for rollout in (0.0, 0.5, 1.0):
        month = a_month(bills={"on": True}, assistant=helping | {"rollout": rollout})
        shares[rollout], reminders[rollout] = month["bills.late_share"], month["bills.reminders"]
    assert reminders[0.0] == 0
    assert shares[1.0] < shares[0.5] < shares[0.0]
    silent = a_month(bills={"on": True}, assistant=helping | {"reminders": False})
    assert silent["bills.reminders"] == 0
    assert silent["bills.late_share"] == shares[0.0]


def test_bills_in_the_thread_raise_daily_use_and_welfare() -> None:
    run = {"users": 1_500, "days": 80}
    seeds = range(1, 7)
    without = [a_month(seed, **run) for seed in seeds]
    billed = [a_month(seed, **run, bills={"on": True}) for seed in seeds]
    for name in ("users.daily", "welfare.users"):
        assert paired([run[name] for run in billed], [run[name] for run in without]).low > 0, name


def test_payment_spreads_by_bills() -> None:
    shy, bold = (a_month(bills={"on": True, "opening": trouble}) for trouble in (12.0, 3.0))
    assert bold["bills.wallets"] > 10 * max(1.0, shy["bills.wallets"])
    assert bold["wallet.owners"] > shy["wallet.owners"]


def test_a_small_fee_on_billers_earns_and_a_large_one_drives_away_those_who_pay() -> None:
    """Billers bear a fee up to what they spare, payers the rest. Breaks where nobody minds what the platform keeps."""
    free, small, some, large = (
        a_month(bills={"on": True}, wallet={"merchant_fee": fee}) for fee in (0.0, 0.006, 0.03, 0.2)
    )
    assert free["revenue.payment_fees"] == free["bills.surcharges"] == 0
    assert 0 <= 0.006 * small["bills.value"] - small["revenue.payment_fees"] <= small["bills.paid"]
    assert small["bills.paid"] > 0.97 * free["bills.paid"]
    assert free["bills.paid"] > 1.05 * some["bills.paid"] > 8 * large["bills.paid"]
    assert small["revenue.payment_fees"] < some["revenue.payment_fees"] > 3 * large["revenue.payment_fees"]
    assert free["welfare.billers"] > small["welfare.billers"] > some["welfare.billers"]
    assert free["welfare.users"] > some["welfare.users"]


def test_what_billers_spare_is_their_gain_and_late_fees_spared_are_their_loss() -> None:
    without_late_fees = a_month(bills={"on": True, "late_fee": 0})
    assert without_late_fees["welfare.billers"] == pytest.approx(0.02 * without_late_fees["bills.value"], rel=0.15)
    assert a_month(bills={"on": True})["welfare.billers"] < without_late_fees["welfare.billers"]
    assert a_month()["welfare.billers"] == 0


def test_who_has_no_money_leaves_bills_open_and_never_owes_the_bank() -> None:
    """People who keep next to nothing: what they cannot pay waits."""
    run = {"users": 600, "days": 75}
    poor = lived(run=run, clock={"savings_months": 0.02}, bills={"on": True, "late_fee": 0}, lucky_money={"on": False})
    assert poor.ledger[BANK].min() >= 0
    assert poor.ledger[WALLET].min() >= 0
    assert poor.history["ledger.imbalance"].sum() == 0
    usual = a_month(**run, bills={"on": True})
    assert poor.history["bills.open"].iloc[-1] > 2 * usual["bills.open"]


@pytest.mark.parametrize("savings", [0.02, 0.05, 0.2])
def test_arrears_are_counted_bill_by_bill_and_each_late_month_costs_its_fee(savings: float) -> None:
    """Breaks if a bill that comes on top of another vanishes, or if one fee covers several months."""
    run, on = {"users": 800, "days": 200}, {"on": True, "late_fee": 300}
    poor = lived(run=run, clock={"savings_months": savings}, bills=on, lucky_money={"on": False})
    days, rows = poor.history, poor.tables["bills"].rows
    assert days["bills.due"].sum() == days["bills.settled"].sum() + days["bills.open"].iloc[-1]
    assert days["bills.settled"].sum() == days["bills.paid"].sum() + days["bills.outside"].sum()
    assert days["bills.open"].iloc[-1] == rows.months.sum()
    assert ((rows.owed > 0) == (rows.months > 0)).all()
    assert days["bills.late_fees"].sum() == 300 * days["bills.late"].sum()
    assert days["bills.late"].sum() <= days["bills.settled"].sum()
    events = len(poor.flows.query("reason == 'late_fees'"))
    assert events > 0
    if savings == 0.02:
        assert rows.months.max() > 3, "some pay nothing for months, or this shows nothing"
    assert (days["ledger.imbalance"] == 0).all()


def test_months_of_arrears_paid_at_once_cost_a_fee_each() -> None:
    """Nobody has anything for a hundred days; then they do, and pay three or four bills of a kind with as many fees."""
    run = {"users": 300, "days": 100}
    alone = {"transfers": 0.0, "first_owners": 0.0}
    poor = {"clock": {"savings_months": 0.001}, "users": {"income_spread": 0.0}}
    world = lived(run=run, **poor, bills=NOBODY_PAYS_HERE, wallet=alone, lucky_money={"on": False})
    before = world.history
    rows = world[BillsColumns]
    waiting, late = (
        rows.months.sum(),
        sum(
            bills.late_bills(100, due, months)
            for due, months in zip(rows.due.tolist(), rows.months.tolist(), strict=True)
        ),
    )
    assert late > 2.0 * np.count_nonzero(rows.months)
    everyone = np.arange(300, dtype=np.uint32)
    world.ledger.pay_many((np.zeros_like(everyone), everyone, np.full(300, 10**8)), "outside", BANK, "found")
    world.ledger.open_day()
    world.step()
    today = world.today
    assert today["bills.settled"] > 0.95 * waiting
    assert today["bills.late"] == pytest.approx(late, rel=0.02)
    assert today["bills.late_fees"] == 500 * today["bills.late"]
    assert before["bills.settled"].sum() < 0.1 * before["bills.due"].sum()


def test_a_reminded_person_is_spared_the_fee_they_would_have_paid() -> None:
    """All welfare that reminders bring, with no other effect, is late fees spared: e = worth, on days of use."""
    alone: dict[str, Any] = {
        "messaging": {"on": False, "threads": 0.0}, "lucky_money": {"on": False}, "presence": {"eagerness": 50.0},
        "users": {"first_members": 1.0}, "attention": {"has_rival": 0.0, "installing": 0.0},
        "wallet": {"first_owners": 0.0, "transfers": 0.0},
    }  # fmt: skip
    run = {"users": 1_000, "days": 60}
    forgets, minds = (
        lived(run=run, **alone, bills=NOBODY_PAYS_HERE | {"reminders": on, "reminder_nuisance": 0.0})
        for on in (False, True)
    )
    spared = forgets.history["bills.late_fees"].sum() - minds.history["bills.late_fees"].sum()
    # fees still to come in the world that forgets: its bills that are open past their day
    rows = forgets.tables["bills"].rows
    spared += 500 * int(((rows.owed > 0) & (rows.errand > rows.due) & (rows.due < 60)).sum())
    gained = 100 * (minds.surplus - forgets.surplus).sum()
    assert spared > 0
    assert gained == pytest.approx(spared, rel=0.08)


def test_off_costs_nothing() -> None:
    world = lived(run={"users": 300, "days": 5})
    assert world.tables["bills"].size == 0
    assert not any(world.history[name].any() for name in world.history if name.startswith("bills."))


def test_bills_can_be_switched_on_by_a_dated_event() -> None:
    world = lived(run={"users": 300, "days": 40}, events=[{"day": 20, "set": {"bills.on": True}}])
    due = world.history["bills.due"]
    assert due[:20].sum() == 0 < due[20:].sum()


@pytest.mark.parametrize("way", ["in blocks", "in two threads", "stopped and resumed"])
def test_the_same_seed_gives_the_same_bytes(way: str) -> None:
    scenario = Scenario.make(
        run={"users": 500, "days": 40},
        bills={"on": True, "reminders": True, "opening": 4.0},
        wallet={"merchant_fee": 0.01},
    )
    assert laws._lived(scenario, way) == laws._lived(scenario)


def test_bills_without_a_wallet_are_refused_with_the_remedy() -> None:
    with pytest.raises(BadInput, match=r"bills\.on = true needs wallet\.on = true"):
        Scenario.make(bills={"on": True}, wallet={"on": False})
