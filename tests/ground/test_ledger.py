"""The ledger: money moves in whole cents, none is made, none is lost, nobody pays what they do not have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.kernels import outbox, outbox_of, post
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET, Flow, Ledger, LedgerError, affordable


@pytest.fixture
def ledger() -> Ledger:
    """Three people with 1, 2 and 3 CNY in their wallets."""
    accounts = Ledger({WALLET: 3, BANK: 3, COMPANY: 1, OUTSIDE: 1})
    accounts.pay_many((np.zeros(3, int), np.arange(3), np.array([100, 200, 300])), OUTSIDE, WALLET, "wages")
    return accounts


def test_money_goes_from_one_account_to_another(ledger: Ledger) -> None:
    ledger.pay(WALLET, 2, WALLET, 0, 50, "gift")
    assert ledger[WALLET].tolist() == [150, 200, 250]
    assert ledger.imbalance() == 0


def test_nobody_pays_what_they_do_not_have(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match=r"wallet 0 has 100 cents and cannot pay 101 to company 0 for stickers"):
        ledger.pay(WALLET, 0, COMPANY, 0, 101, "stickers")


def test_nobody_pays_less_than_nothing(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="cannot pay -1"):
        ledger.pay(WALLET, 0, COMPANY, 0, -1, "theft")


def test_the_rest_of_the_economy_may_owe(ledger: Ledger) -> None:
    assert ledger[OUTSIDE].tolist() == [-600]
    assert ledger.imbalance() == 0


def test_payments_are_taken_in_their_order(ledger: Ledger) -> None:
    """One who receives first can pass it on; in the other order they cannot."""
    who, to, cents = np.array([2, 0]), np.array([0, 1]), np.array([300, 400])
    with pytest.raises(LedgerError, match="wallet 0 has 100 cents"):
        ledger.pay_many((who[::-1], to[::-1], cents[::-1]), WALLET, WALLET, "gift")
    ledger.pay_many((who, to, cents), WALLET, WALLET, "gift")
    assert ledger[WALLET].tolist() == [0, 600, 0]


@pytest.mark.parametrize(("payer", "payee"), [(3, 0), (0, 3)])
def test_there_is_no_paying_an_account_that_is_not_there(ledger: Ledger, payer: int, payee: int) -> None:
    """Breaks without the check: row 3 of the wallets is the first bank account."""
    with pytest.raises(LedgerError, match="no such account"):
        ledger.pay(WALLET, payer, WALLET, payee, 1, "gift")


def test_an_outbox_is_paid_as_far_as_it_was_used(ledger: Ledger) -> None:
    box = outbox(10)
    post(box, 1, 0, 30)
    post(box, 2, 0, 40)
    box.cents[2:] = 10**9
    ledger.pay_many(box, WALLET, COMPANY, "stickers")
    assert ledger[COMPANY].tolist() == [70]
    assert ledger.paid("stickers") == 70


def test_where_all_pay_one_account_or_are_paid_from_one_its_row_will_do(ledger: Ledger) -> None:
    ledger.pay_many((np.array([0, 2]), 0, np.array([10, 20])), WALLET, COMPANY, "fees")
    assert (ledger[WALLET].tolist(), ledger[COMPANY].tolist()) == ([90, 200, 280], [30])
    ledger.pay_many((0, np.arange(3), [5, 6, 7]), COMPANY, WALLET, "refunds")
    assert (ledger[WALLET].tolist(), ledger[COMPANY].tolist()) == ([95, 206, 287], [12])
    ledger.pay_many((2, 1, [7, 8]), WALLET, BANK, "deposits")
    assert (ledger[WALLET][2], ledger[BANK][1]) == (272, 15)
    with pytest.raises(LedgerError, match="company 0 has 1 cents and cannot pay 7 to wallet 2"):
        ledger.pay_many((0, np.arange(3), [5, 6, 7]), COMPANY, WALLET, "refunds")


def test_an_outbox_of_another_kind_is_paid_too(ledger: Ledger) -> None:
    kind = outbox_of("Kind", who=np.uint32, to=np.uint32, cents=np.int64, tallies=("paid",))
    ledger.pay_many(kind.holding(np.array([2]), np.array([0]), np.array([300])), WALLET, WALLET, "gift")
    assert ledger[WALLET].tolist() == [400, 200, 0]


def test_who_paid_whom_for_what_is_tallied_by_sector(ledger: Ledger) -> None:
    ledger.open_day()
    ledger.pay(WALLET, 1, WALLET, 0, 50, "gift")
    ledger.pay(WALLET, 2, WALLET, 0, 70, "gift")
    ledger.pay(WALLET, 0, COMPANY, 0, 1, "fee")
    assert ledger.flows == {Flow(WALLET, WALLET, "gift"): 120, Flow(WALLET, COMPANY, "fee"): 1}
    assert (ledger.paid("gift"), ledger.paid("fee", payee=COMPANY), ledger.paid("fee", payee=BANK)) == (120, 1, 0)


def test_a_new_day_begins_with_no_flows_and_balances(ledger: Ledger) -> None:
    ledger.open_day()
    assert ledger.flows == {}
    assert ledger.imbalance() == 0


def test_accounts_are_there_to_read_only(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="read-only"):
        ledger[WALLET][0] = 10**6


@pytest.mark.parametrize(
    "change",
    [
        lambda balance: balance.__setitem__(0, balance[0] + 1),  # a cent made of nothing
        lambda balance: balance.__setitem__(0, balance[0] - 1),  # a cent lost
        lambda balance: balance.__setitem__(slice(0, 2), balance[:2] + np.array([-150, 150])),  # overdrawn
        lambda balance: balance.__setitem__([0, 3], balance[[0, 3]] + np.array([-7, 7])),  # moved without being tallied
    ],
)
def test_money_that_moved_by_another_way_shows(ledger: Ledger, change: object) -> None:
    ledger.open_day()
    change(ledger.balance)  # type: ignore[operator]
    assert ledger.imbalance() > 0


def test_scarce_money_is_first_come_first_served() -> None:
    left = np.array([100, 50])
    covered = affordable(np.array([0, 0, 1, 0]), np.array([60, 60, 50, 40]), left)
    assert covered.tolist() == [True, False, True, True]
    assert left.tolist() == [0, 0]


@given(
    st.lists(
        st.tuples(st.sampled_from([WALLET, BANK, COMPANY, OUTSIDE]), st.sampled_from([WALLET, BANK, COMPANY, OUTSIDE]),
                  st.integers(0, 400)),
        max_size=30,
    )
)  # fmt: skip
def test_whatever_is_paid_the_books_balance_and_nobody_is_in_debt(payments: list[tuple[str, str, int]]) -> None:
    accounts = Ledger({WALLET: 2, BANK: 2, COMPANY: 1, OUTSIDE: 1})
    accounts.pay(OUTSIDE, 0, WALLET, 0, 1_000, "wages")
    accounts.open_day()
    for payer, payee, cents in payments:
        before = accounts.balance.copy()
        try:
            accounts.pay(payer, 0, payee, 0, cents, "x")
        except LedgerError:
            assert (accounts.balance == before).all()
    assert accounts.imbalance() == 0
    assert accounts.balance.sum() == 0
    assert all(accounts[sector].min() >= 0 for sector in (WALLET, BANK, COMPANY))
