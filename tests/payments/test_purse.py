"""Purses: what people can pay with, fees in whole cents, top-ups from the bank."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import lived

from sim.ground.ledger import BANK, COMPANY, WALLET, LedgerError
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.people.experience import FeltColumns
from sim.scenario import Scenario
from sim.world import World


def test_a_wallet_owner_can_spend_wallet_and_bank_and_others_nothing_here() -> None:
    assert purse.can_spend(True, 30, 70) == 100
    assert purse.can_spend(False, 0, 70) == 0


@pytest.mark.parametrize(
    ("cents", "share", "fee"), [(100, 0.01, 1), (199, 0.01, 1), (99, 0.01, 0), (0, 0.5, 0), (10_000, 0.001, 10)]
)
def test_a_fee_is_rounded_down(cents: int, share: float, fee: int) -> None:
    assert purse.fee_on(cents, share) == fee


@given(cents=st.integers(0, 10**9), share=st.floats(0, 0.1))
def test_nobody_pays_more_than_the_stated_share(cents: int, share: float) -> None:
    assert 0 <= purse.fee_on(cents, share) <= cents * share + 1e-6


def test_a_fee_cuts_sending_and_none_does_not() -> None:
    assert purse.willing(0.0, 20.0) == 1.0
    assert purse.willing(0.02, 20.0) == pytest.approx(2 / 3, rel=0.01)


@pytest.fixture
def world() -> World:
    """Three people: the first two own a wallet; all hold 500 CNY in the bank and nothing else."""
    made = World(Scenario.make(run={"users": 3, "days": 1}, friends={"kind": "everyone"}, wallet={"first_owners": 0.0}))
    bank = made.ledger[BANK].copy()
    everyone = np.arange(3)
    made.ledger.pay_many((everyone, np.zeros(3, int), bank), BANK, "outside", "reset")
    made.ledger.pay_many((np.zeros(3, int), everyone, np.full(3, 50_000)), "outside", BANK, "reset")
    made.tables["purse"].rows.has_wallet[:2] = 1
    made.ledger.open_day()
    made.today = {}
    made.close()
    return made


def arrays(*columns: list[int]) -> list[np.ndarray]:
    return [np.array(column, np.int64) for column in columns]


def test_a_payment_brings_whole_hundreds_from_the_bank(world: World) -> None:
    purse.pay(world, *arrays([0], [1], [12_345]), WALLET, "gift")
    assert world.ledger.paid("top_up") == 20_000
    assert world.ledger[WALLET].tolist() == [7_655, 12_345, 0]
    purse.pay(world, *arrays([0], [1], [7_000]), WALLET, "gift")  # what is left will do
    assert world.ledger.paid("top_up") == 20_000
    assert world.ledger.imbalance() == 0


def test_several_payments_of_one_person_are_topped_up_once(world: World) -> None:
    purse.pay(world, *arrays([0, 0, 0], [1, 1, 1], [9_000, 9_000, 9_000]), WALLET, "gift")
    assert world.ledger.paid("top_up") == 30_000
    assert not world.scratch.any()  # left empty for the next


def test_the_last_cents_can_be_spent(world: World) -> None:
    """Breaks if top-ups insist on whole hundreds."""
    purse.pay(world, *arrays([0, 0], [1, 1], [45_001, 4_999]), WALLET, "gift")
    assert world.ledger[BANK].tolist()[0] == 0
    assert world.ledger[WALLET].tolist()[0] == 0


def test_more_than_one_has_cannot_be_spent(world: World) -> None:
    with pytest.raises(LedgerError, match="wallet 0"):
        purse.pay(world, *arrays([0], [1], [50_001]), WALLET, "gift")


def test_fees_go_to_the_company_and_are_felt(world: World) -> None:
    world.now = world.now.with_values({"wallet.payer_fee": 0.01, "wallet.payee_fee": 0.02})
    purse.charge(world, *arrays([0], [1], [10_000]), "gift")
    assert world.ledger.paid("payment_fees", payee=COMPANY) == 300
    assert world.ledger[WALLET].tolist() == [20_000 - 10_100, 9_800, 0]
    # the sender gains a fortieth of 100 CNY above the fees reckoned with, three quarters of the friend's among these
    assert world[FeltColumns].worth.tolist() == pytest.approx([2.5 + 1.5, -2.0, 0.0])
    assert world.ledger.imbalance() == 0


def test_who_has_no_wallet_buys_by_card(world: World) -> None:
    purse.buy(world, *arrays([0, 2], [0, 0], [600, 600]), COMPANY, "stickers")
    assert world.ledger[BANK].tolist() == [40_000, 50_000, 49_400]
    assert world.ledger[WALLET].tolist() == [9_400, 0, 0]


def test_a_wallet_is_opened_once(world: World) -> None:
    purse.open_wallets(world, np.array([2, 2, 0]))
    assert world[PurseColumns].has_wallet.tolist() == [1, 1, 1]
    assert world.today["wallet.opened"] == 1


def test_senders_are_remembered_by_day() -> None:
    world = lived(run={"users": 300, "days": 6}, wallet={"first_owners": 1.0})
    last = world.users.purse.last_paid
    assert (last == 5).sum() == world.history["wallet.senders"].iloc[-1] > 10
    assert last.max() == 5
