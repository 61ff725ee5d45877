"""Lucky Money: giving, splitting, opening, sending on."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import lived

from sim.engine import luck
from sim.ground.friends.friends import Friends
from sim.ground.ledger import BANK, OUTSIDE, WALLET
from sim.payments.lucky_money import amount, giving, opened_share, sent_on, usual_packet
from sim.people.users import MEMBER
from sim.scenario import Scenario
from sim.world import World

chances = st.floats(1e-9, 1 - 1e-9)


# giving


@given(sending=st.floats(0.01, 0.5), packets=st.floats(1, 10), willing=st.floats(0.05, 1), festive=st.floats(1, 19))
def test_a_festival_and_a_fee_move_the_packets_given_by_exactly_their_factor(
    sending: float, packets: float, willing: float, festive: float
) -> None:
    chance, mean = giving(sending, packets, willing, festive)
    assert 0 <= chance <= 1
    assert mean >= 1
    assert chance * mean == pytest.approx(sending * packets * willing * festive)


def test_on_an_ordinary_day_the_settings_are_what_happens() -> None:
    assert giving(0.21, 6.2, 1.0, 1.0) == pytest.approx((0.21, 6.2))


def test_a_festival_brings_more_givers_and_more_packets_of_each() -> None:
    chance, mean = giving(0.21, 6.2, 1.0, 15.0)
    assert 0.9 < chance < 1
    assert mean > 6.2 * 3


def test_a_packet_is_a_whole_amount_up_to_the_cap() -> None:
    assert amount(2_070.0, 1.0, 20_000, 1 - 1e-9) == 20_000
    assert amount(2_070.0, 1.0, 20_000, 1e-12) >= 1
    assert amount(2_070.0, 0.0, 20_000, 0.3) == 2_070


def test_the_usual_packet_is_the_mean_of_the_capped_law() -> None:
    """Breaks if the cap is forgotten: then less would be sent on than .18 of what is received."""
    u = luck.uniforms(luck.key(1, "packets"), 100_000)
    drawn = np.array([amount(2_070.0, 1.0, 20_000, x) for x in u.tolist()])
    assert drawn.mean() == pytest.approx(
        usual_packet(2_070.0, 1.0, 20_000), abs=5 * drawn.std() / math.sqrt(u.size) + 0.5
    )
    assert usual_packet(2_070.0, 0.0, 20_000) == 2_070
    assert usual_packet(2_070.0, 0.0, 500) == 500
    assert usual_packet(2_070.0, 1.0, 20_000) < 2_070


# splitting


def split(cents: int, openers: int, equal: bool, u: list[float]) -> list[int]:
    rest, taken = cents, []
    for place in range(openers):
        taken.append(opened_share(rest, openers - place, equal, u[place]))
        rest -= taken[-1]
    return taken


@given(data=st.data(), openers=st.integers(1, 20), equal=st.booleans())
def test_a_packet_is_split_to_the_cent_and_everyone_gets_some(data: Any, openers: int, equal: bool) -> None:
    cents = data.draw(st.integers(openers, 20_000))
    taken = split(cents, openers, equal, data.draw(st.lists(chances, min_size=openers, max_size=openers)))
    assert sum(taken) == cents
    assert min(taken) >= 1


def test_nobody_but_the_last_takes_more_than_twice_the_mean_of_what_is_left() -> None:
    assert opened_share(1_000, 5, False, 0.999_999) == 399
    assert opened_share(1_000, 5, False, 1e-9) == 1
    assert opened_share(1_000, 1, False, 0.1) == 1_000


def test_an_equal_split_is_equal_but_for_cents() -> None:
    assert split(1_003, 5, True, [0.5] * 5) == [200, 200, 201, 201, 201]


# sending on


@given(data=st.data(), openers=st.integers(1, 12))
def test_what_openers_send_on_is_the_contagion_of_the_packet_whatever_the_split(data: Any, openers: int) -> None:
    """The expectation over luck is exact: .18 of its value; breaks if the luckiest's zeal is not made up for."""
    cents = data.draw(st.integers(100 * openers, 20_000))
    taken = split(cents, openers, False, data.draw(st.lists(chances, min_size=openers, max_size=openers)))
    luckiest, usual, fine = taken.index(max(taken)), 2_000.0, 400
    grid = (np.arange(fine) + 0.5) / fine
    sent = sum(
        np.mean([sent_on(share, cents, max(taken), place == luckiest, usual, 0.18, 1.0, u) for u in grid.tolist()])
        for place, share in enumerate(taken)
    )
    assert sent * usual == pytest.approx(0.18 * cents, abs=openers * usual / fine)


def test_the_luckiest_is_moved_half_again_as_much() -> None:
    grid = (np.arange(10_000) + 0.5) / 10_000
    one, other = (
        np.mean([sent_on(500, 1_000, 500, luckiest, 1_000.0, 0.5, 1.0, u) for u in grid.tolist()])
        for luckiest in (True, False)
    )
    assert one / other == pytest.approx(1.5, rel=0.01)


# in a world


FULL: dict[str, Any] = {
    "users": {"first_members": 1.0, "income": 100_000_000}, "messaging": {"on": False, "threads": 0.0}, "clock": {"festivals": []},
    "wallet": {"first_owners": 1.0, "transfers": 0.0, "keeps": 10**9},
}  # fmt: skip


def test_money_given_is_money_received() -> None:
    """What senders remember, what the ledger moved and what is measured are one sum."""
    world = lived(run={"users": 500, "days": 12})
    flows = world.flows
    moved = flows[flows.reason == "packets"].cents.sum()
    assert moved == world.history["lucky_money.value"].sum() == world.users.lucky_money.given.sum() > 0


def test_only_those_here_open_packets_and_no_more_than_may_share_one() -> None:
    world = lived(run={"users": 800, "days": 8}, lucky_money={"openers": 3, "group_share": 1.0}, **FULL)
    history = world.history
    assert (history["lucky_money.shares"] <= 3 * history["lucky_money.packets"]).all()
    assert history["lucky_money.shares"].sum() > 2 * history["lucky_money.packets"].sum()


def test_a_packet_to_a_friend_is_opened_whole() -> None:
    history = lived(run={"users": 500, "days": 8}, lucky_money={"group_share": 0.0}, **FULL).history
    assert (history["lucky_money.shares"] == history["lucky_money.packets"]).all()
    assert history["lucky_money.packets"].sum() > 1_000


def test_what_nobody_can_open_stays_with_the_sender() -> None:
    """A packet costs nothing unless it is opened: here nobody has, or will open, a wallet to take it."""
    world = lived(run={"users": 300, "days": 1}, wallet={"first_owners": 0.0, "opening": 0.0})
    world.users.purse.has_wallet[0] = 1
    world.ledger.pay(OUTSIDE, 0, WALLET, 0, 10_000_000, "gift")
    held = world.ledger[WALLET].sum()
    for _ in range(20):
        world.step()
    history = world.history
    assert history["lucky_money.returned"].sum() > 0
    assert history["lucky_money.packets"].sum() == history["wallet.opened"].sum() == 0
    assert world.ledger[WALLET].sum() + history["wallet.withdrawn"].sum() >= held


def test_who_is_given_money_may_open_a_wallet_to_take_it() -> None:
    world = lived(run={"users": 500, "days": 10}, wallet={"first_owners": 0.3, "opening": 0.2, "transfers": 0.0})
    history = world.history
    assert history["lucky_money.wallets"].sum() == history["wallet.opened"].sum() > 20
    assert (np.diff(history["wallet.owners"]) >= -0.02).all()
    new = world.users.purse.has_wallet.sum() / (world.users.users.membership == MEMBER).sum()
    assert new == pytest.approx(history["wallet.owners"].iloc[-1], abs=0.01)


def test_one_giver_more_disturbs_nobody_elses_luck() -> None:
    """Luck is of a sender's n-th packet; breaks if it is of a packet's place in the day's outbox."""
    few, more = (
        lived(run={"users": 1_000, "days": 1}, lucky_money={"sending": sending, "contagion": 0.0}, **FULL)
        for sending in (0.2, 0.21)
    )
    given = few.users.lucky_money.given, more.users.lucky_money.given
    assert 0 < (given[0] != given[1]).sum() < 25
    touched = few.ledger[WALLET] + few.ledger[BANK] != more.ledger[WALLET] + more.ledger[BANK]
    assert touched.sum() < 8 * (given[0] != given[1]).sum() * 6.2  # the givers, and those who opened what they gave


def test_nobody_gives_more_than_they_have() -> None:
    """The run would stop; packets of the poor are few and small."""
    poor = lived(run={"users": 400, "days": 10}, users={"income": 300}, wallet={"first_owners": 1.0}).history
    rich = lived(run={"users": 400, "days": 10}, wallet={"first_owners": 1.0}).history
    assert poor["lucky_money.value"].sum() < 0.02 * rich["lucky_money.value"].sum()


def test_without_contagion_nothing_is_sent_on() -> None:
    history = lived(run={"users": 300, "days": 6}, lucky_money={"contagion": 0.0}, **FULL).history
    assert history["lucky_money.sent_on"].sum() == 0
    assert history["lucky_money.spontaneous"].sum() == history["lucky_money.packets"].sum() > 0


@pytest.mark.parametrize("section", ["lucky_money", "wallet"])
def test_no_packets_without_the_service_or_the_wallet(section: str) -> None:
    assert lived(run={"users": 200, "days": 5}, **{section: {"on": False}}).history["lucky_money.packets"].sum() == 0


def test_an_equal_split_gives_each_opener_as_much() -> None:
    """Seen in what people hold: packets of 400 cents, one group of five, four of whom open what the fifth gives."""
    friends = Friends.everyone(5, 5)
    packets = {"packet": 400.0, "packet_spread": 0.0, "group_share": 1.0, "contagion": 0.0, "sending": 0.5}
    changes = {}
    for how in ("equal", "double_mean"):
        sections = FULL | {"lucky_money": packets | {"split": how}, "presence": {"eagerness": 50.0}}
        world = World(Scenario.make(run={"users": 5, "days": 5}, **sections), friends=friends)
        changes[how] = []
        for _ in range(5):
            before = world.ledger[WALLET] + world.ledger[BANK]
            world.step()
            changes[how] += (world.ledger[WALLET] + world.ledger[BANK] - before).tolist()
        world.close()
        assert world.history["lucky_money.packets"].sum() > 5
    assert all(change % 100 == 0 for change in changes["equal"])
    assert any(change % 100 for change in changes["double_mean"])


def test_of_equals_only_one_is_the_luckiest() -> None:
    """An equal split sends on as much as another: .18 of it; breaks if all who hold the largest share are luckiest."""
    history = lived(run={"users": 1_000, "days": 25}, lucky_money={"split": "equal", "sending": 0.5}, **FULL).history
    per_packet = history["lucky_money.packets"].sum() / history["lucky_money.spontaneous"].sum()
    assert per_packet == pytest.approx(1 / (1 - 0.18), abs=0.015)
