"""The wallet: transfers, fees, withdrawals, and who has one."""

from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.engine import luck
from sim.ground.ledger import BANK, COMPANY, WALLET
from sim.payments import wallet
from sim.people.experience import FeltColumns
from sim.people.users import MEMBER
from sim.scenario import Scenario
from sim.world import World

TRANSFERS: dict[str, Any] = {
    "lucky_money": {"on": False},
    "messaging": {"on": False, "threads": 0.0},
    "clock": {"festivals": []},
}
MANY = {"first_owners": 1.0, "owners_alike": 0.0, "transfers": 0.2}


def test_to_whom_the_bank_is_worth_less_than_the_fee_takes_what_is_free() -> None:
    terms = wallet.WalletSettings(withdrawal_fee=0.01, free_withdrawals=5_000, keeps=10_000).row
    assert wallet.taken_out(terms, 30_000, 0, 0.02) == (20_000, 150)
    assert wallet.taken_out(terms, 30_000, 0, 0.005) == (5_000, 0)
    assert wallet.taken_out(terms, 30_000, 5_000, 0.005) == (0, 0)
    assert wallet.taken_out(terms, 12_000, 0, 0.005) == (2_000, 0)


def test_when_it_is_off_nobody_pays_anybody() -> None:
    world = lived(run={"users": 200, "days": 5}, wallet={"on": False})
    assert world.history["wallet.paid"].sum() == 0
    assert not world.users.purse.has_wallet.any()
    assert not world.ledger[WALLET].any()


def test_owners_send_as_often_and_as_much_as_the_settings_say() -> None:
    world = lived(
        run={"users": 2_000, "days": 20}, wallet=MANY | {"transfer": 5_000, "transfer_spread": 0.0},
        users={"first_members": 1.0}, **TRANSFERS,
    )  # fmt: skip
    history = world.history
    rate = history["wallet.transfers"].sum() / history["users.daily"].sum()
    assert rate == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / history["users.daily"].sum()))
    assert history["wallet.paid"].sum() == 5_000 * history["wallet.transfers"].sum()


def test_money_goes_to_members_with_a_wallet_only() -> None:
    world = lived(
        run={"users": 600, "days": 15}, wallet=MANY | {"first_owners": 0.4}, users={"first_members": 0.8}, **TRANSFERS
    )
    without = world.users.purse.has_wallet == 0
    assert without.sum() > 200
    assert not world.ledger[WALLET][without].any()
    assert (world.users.purse.last_paid[without] < 0).all()
    assert world.history["wallet.transfers"].sum() > 50


def test_who_is_sent_money_may_open_a_wallet_to_take_it() -> None:
    """Receiving is how payment spreads, by transfers too; a fee on the payee makes it spread more slowly."""
    opened = [
        lived(
            run={"users": 600, "days": 20},
            wallet=MANY | {"first_owners": 0.4, "opening": 0.3, "payee_fee": fee},
            **TRANSFERS,
        ).history["wallet.opened"].sum()
        for fee in (0.0, 0.02)
    ]  # fmt: skip
    assert opened[0] > 2 * opened[1] > 0
    closed = lived(
        run={"users": 600, "days": 20}, wallet=MANY | {"first_owners": 0.4, "opening": 0.0}, **TRANSFERS
    ).history
    assert closed["wallet.opened"].sum() == 0


def test_a_fee_is_paid_by_the_sender_or_taken_from_what_arrives() -> None:
    for side in ("payer_fee", "payee_fee"):
        world = lived(
            run={"users": 500, "days": 10}, **TRANSFERS,
            wallet=MANY | {side: 0.1, "fee_dislike": 10.0, "transfer": 10_000, "transfer_spread": 0.0, "withdraws": 0.0},
        )  # fmt: skip
        flows = world.flows
        fees = flows[(flows.payee == COMPANY) & (flows.reason == "payment_fees")].cents.sum()
        assert (
            fees == 1_000 * world.history["wallet.transfers"].sum() == world.history["revenue.payment_fees"].sum() > 0
        )


def test_a_payer_fee_cuts_sending_and_the_same_luck_sends_what_is_left() -> None:
    run = {"users": 1_500, "days": 20}
    free, taxed = (
        lived(run=run, wallet=MANY | {"payer_fee": fee}, **TRANSFERS).history["wallet.transfers"] for fee in (0.0, 0.02)
    )
    assert (taxed <= free).all()  # a lower rate never adds a payment; breaks with luck that is not shared
    assert taxed.sum() / free.sum() == pytest.approx(np.exp(-0.8), abs=0.04)


def test_a_fee_cuts_transfers_and_packets_by_its_wedge_whichever_side_it_is_laid_on() -> None:
    """Of a payee's fee three quarters are seen. Breaks where senders do not reckon with what arrives."""
    run, sent = {"users": 1_500, "days": 25}, {}
    for side, fees in (
        ("free", {}),
        ("payer", {"payer_fee": 0.05}),
        ("payee", {"payee_fee": 0.05}),
        ("seen", {"payee_fee": 0.05, "payee_fee_seen": 1.0}),
    ):
        world = lived(run=run, wallet=MANY | {"opening": 0.0} | fees, clock={"festivals": []})
        sent[side] = world.history[["wallet.transfers", "lucky_money.spontaneous"]].sum()
    for payments in ("wallet.transfers", "lucky_money.spontaneous"):
        free, payer, payee, seen = (sent[side][payments] for side in ("free", "payer", "payee", "seen"))
        assert payer / free == pytest.approx(np.exp(-2.0), abs=0.04), payments
        assert payee / free == pytest.approx(np.exp(-1.5), abs=0.04), payments
        assert seen == pytest.approx(payer, rel=0.02), payments


@pytest.fixture
def saver() -> World:
    """Two people awake; the first has 5,000 CNY in a wallet in which they like to keep 300."""
    made = World(
        Scenario.make(
            run={"users": 2, "days": 1}, friends={"kind": "everyone"},
            wallet={"first_owners": 0.0, "withdraws": 1.0, "withdrawal_fee": 0.001, "transfers": 0.0, "bank_worth": 0.02},
        )
    )  # fmt: skip
    made.tables["purse"].rows.has_wallet[0] = 1
    made.ledger.pay("outside", 0, WALLET, 0, 500_000, "gift")
    made.awake = [np.array([0, 1], np.uint32)]
    made.ledger.open_day()
    made.today = {}
    made.close()
    return made


def test_withdrawals_are_free_up_to_an_amount_in_a_life(saver: World) -> None:
    """4,700 CNY go, of which 1,000 free: a thousandth of 3,700 CNY; the next day everything is charged."""
    bank = int(saver.ledger[BANK][0])
    wallet.step(saver)
    assert saver.ledger.paid("payment_fees", payee=COMPANY) == 370
    assert saver.ledger[WALLET][0] == 30_000
    assert saver.ledger[BANK][0] == bank + 470_000 - 370
    assert saver.users.purse.withdrawn[0] == 470_000 - 370
    saver.ledger.open_day()
    saver.ledger.pay("outside", 0, WALLET, 0, 100_000, "gift")
    wallet.step(saver)
    assert saver.ledger.paid("payment_fees") == 100
    assert saver.ledger.imbalance() == 0
    worth = luck.exponential(0.02, luck.uniforms(saver.lasting_luck("wallet.bank_worth"), 1)[0])
    assert worth > 0.001
    assert saver[FeltColumns].worth[0] == pytest.approx((worth * 570_000 - 370 - 100) / 100)


def test_who_minds_the_fee_more_than_the_bank_is_worth_to_them_takes_out_what_is_free(saver: World) -> None:
    """Breaks where a fee on withdrawals is paid by all whatever it is: nobody would mind it."""
    saver.now = saver.now.with_values({"wallet.bank_worth": 1e-6})
    wallet.step(saver)
    assert saver.ledger.paid("payment_fees") == 0
    assert saver.ledger.paid("withdrawal") == 100_000
    saver.ledger.open_day()
    wallet.step(saver)
    assert saver.ledger.paid("withdrawal") == 0
    assert saver[FeltColumns].worth[0] >= 0


def test_a_dearer_withdrawal_is_made_less_and_earns_less_in_the_end() -> None:
    """Who withdraws at a fee t are e^(-t/.01) of all: income is highest at .01."""
    taken, earned = [], []
    for fee in (0.0, 0.01, 0.05):
        world = lived(
            run={"users": 1_200, "days": 40},
            wallet=MANY | {"withdrawal_fee": fee, "free_withdrawals": 0, "withdraws": 0.5},
        )
        taken.append(world.history["wallet.withdrawn"].sum())
        earned.append(world.history["revenue.payment_fees"].sum())
    assert taken[0] > 2 * taken[1] > 5 * taken[2]
    assert earned[1] > 2 * earned[2] > 0


def test_who_has_no_more_than_they_like_to_keep_withdraws_nothing(saver: World) -> None:
    saver.now = saver.now.with_values({"wallet.keeps": 500_000})
    wallet.step(saver)
    assert saver.ledger.paid("withdrawal") == 0


@pytest.mark.parametrize("share", [0.0, 0.28, 1.0])
def test_first_owners_are_the_share_of_members_asked_for(share: float) -> None:
    world = World(
        Scenario.make(run={"users": 8_000, "days": 1}, wallet={"first_owners": share}, users={"first_members": 0.5})
    )
    world.close()
    members = world.users.users.membership == MEMBER
    owners = world.users.purse.has_wallet == 1
    assert not owners[~members].any()
    assert owners[members].mean() == pytest.approx(share, abs=0.04)  # alike within groups: fewer of them than people


def test_owners_are_alike_within_a_group() -> None:
    def alike(correlation: float) -> float:
        sections: dict[str, Any] = {"wallet": {"owners_alike": correlation}, "users": {"first_members": 1.0}}
        world = World(Scenario.make(run={"users": 6_000, "days": 1}, **sections))
        world.close()
        group, owner = world.friends.rows.group_of, world.users.purse.has_wallet.astype(float)
        order = np.argsort(group, kind="stable")
        together = group[order][1:] == group[order][:-1]
        return float(np.corrcoef(owner[order][1:][together], owner[order][:-1][together])[0, 1])

    assert abs(alike(0.0)) < 0.07
    assert alike(0.8) > 0.4


def test_payers_are_counted_once_a_day() -> None:
    world = lived(run={"users": 600, "days": 35}, wallet={"first_owners": 1.0})
    history = world.history
    assert (history["wallet.senders"] <= history["users.daily"]).all()
    assert (history["wallet.payments"] >= history["wallet.senders"]).all()
    assert history["wallet.payers_share"].to_numpy() == pytest.approx(
        (history["wallet.senders"] / history["users.daily"]).to_numpy()
    )
    lately = world.users.purse.last_paid > 34 - 30
    assert history["wallet.monthly_payers_share"].iloc[-1] == pytest.approx(
        lately.sum() / history["users.monthly"].iloc[-1], abs=0.01
    )


def test_payment_by_wallet_is_worth_something_to_both_sides_and_a_fee_loses_some_of_it() -> None:
    """A per cent of the price in the mean to a shop. Breaks where a fee that drives payment to the card costs nobody."""
    run, shopping = {"users": 1_000, "days": 40}, {"on": True, "needs": 0.2}
    owners = {"first_owners": 1.0}
    free, worthless, dear = (
        lived(run=run, shopping=shopping, wallet=owners | terms)
        for terms in ({}, {"merchant_benefit": 0.0}, {"buyer_fee": 0.05})
    )
    gain = free.history["welfare.merchants"].sum() - worthless.history["welfare.merchants"].sum()
    assert gain == pytest.approx(0.01 * free.history["shopping.wallet_paid"].sum(), rel=0.3)
    assert dear.history["shopping.wallet_paid"].sum() < 0.1 * free.history["shopping.wallet_paid"].sum()
    assert free.surplus.sum() > dear.surplus.sum()
    assert free.history["welfare.total"].sum() > dear.history["welfare.total"].sum()
