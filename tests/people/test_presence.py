"""Presence: who opens the app, and what draws them."""

from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.engine import luck
from sim.people.experience import FeltColumns
from sim.people.presence import PresenceColumns, PresenceSettings, shortfall, utility_of_opening
from sim.people.users import UsualColumns

QUIET: dict[str, Any] = {
    "messaging": {"on": False, "threads": 0.0}, "wallet": {"on": False}, "users": {"first_members": 1.0},
    "attention": {"has_rival": 0.0, "installing": 0.0, "friends_installing": 0.0}, "clock": {"festivals": []},
}  # fmt: skip


def test_satisfaction_habit_and_letters_that_wait_draw_people() -> None:
    it = PresenceSettings()
    usual = utility_of_opening(1.0, 2.0, 2.0, 0, 1.0, 1.0, 2.0, it)
    assert utility_of_opening(1.0, 3.0, 2.0, 0, 1.0, 1.0, 2.0, it) - usual == pytest.approx(0.2)
    assert utility_of_opening(1.0, 2.0, 3.0, 0, 1.0, 1.0, 2.0, it) - usual == pytest.approx(0.8)
    assert utility_of_opening(1.0, 2.0, 2.0, 1, 1.0, 1.0, 2.0, it) - usual == pytest.approx(0.15)
    assert usual == pytest.approx(1.0 - 0.3 * it.usual_unread)


def test_who_trusts_less_comes_less_and_with_half_the_attention_the_odds_are_half() -> None:
    it = PresenceSettings()
    usual = utility_of_opening(1.0, 2.0, 2.0, 0, 1.0, 1.0, 2.0, it)
    assert utility_of_opening(1.0, 2.0, 2.0, 0, 0.5, 1.0, 2.0, it) - usual == pytest.approx(-0.15)
    assert utility_of_opening(1.0, 2.0, 2.0, 0, 1.0, 0.5, 2.0, it) - usual == pytest.approx(np.log(0.5))


def test_a_luck_below_the_logit_of_the_wish_passes() -> None:
    """Breaks if people came with another chance than 1/(1+e^-wish), a usual share of friends being active."""
    it = PresenceSettings()
    for wish in (-2.0, 0.0, 1.5):
        passed = [shortfall(u, wish, 0.6, it) < it.friends_weight * 0.6 for u in (np.arange(1_000) + 0.5) / 1_000]
        assert np.mean(passed) == pytest.approx(1.0 / (1.0 + np.exp(-wish)), abs=0.001)


def test_a_messenger_without_messages_is_used_less() -> None:
    """Breaks if the usual day is that of the crippled product: 2 % more came without messages."""
    run = {"users": 1_500, "days": 150}
    with_it, without = (
        lived(run=run, messaging={"on": on}).history["users.daily"].iloc[-30:].mean() for on in (True, False)
    )
    assert without < 0.8 * with_it


@pytest.mark.parametrize(("eagerness", "share"), [(0.92, 0.66), (2.82, 0.89)])
def test_the_wish_to_open_the_app_sets_the_share_of_daily_users(eagerness: float, share: float) -> None:
    """Messenger-like .66 and WeChat-like .89 (facts.csv), the logit of a normal wish; breaks if centring drifts."""
    world = lived(
        run={"users": 3_000, "days": 40},
        presence={"eagerness": eagerness, "unread_weight": 0.0, "weekend": 0.0},
        **QUIET,
    )
    history = world.history.iloc[10:]
    assert history["users.daily"].sum() / history["users.members"].sum() == pytest.approx(share, abs=0.015)


def test_only_members_wake_and_the_list_of_those_awake_is_what_the_columns_say() -> None:
    world = lived(run={"users": 500, "days": 3}, users={"first_members": 0.5})
    awake = np.concatenate(world.awake)
    users = world.users.users
    assert (np.flatnonzero(users.active) == awake).all()
    assert (users.membership[awake] == 1).all()
    assert (users.last_active[awake] == 2).all()


def test_a_festival_brings_people() -> None:
    run = {"users": 1_500, "days": 3, "start": "2015-02-16"}
    with_it, without = (
        lived(run=run, clock={"festivals": festivals}).history["users.daily"] for festivals in (["2015-02-18"], [])
    )
    assert (with_it[:2] == without[:2]).all()
    assert with_it[2] > 1.04 * without[2]


def test_friends_who_were_here_yesterday_draw_people() -> None:
    """After an outage nobody was here: fewer come, unless friends do not matter."""

    def after(weight: float) -> float:
        section = {"friends_weight": weight, "unread_weight": 0.0, "weekend": 0.0}
        run = {"users": 3_000, "days": 12}
        cut, whole = (
            lived(run=run, presence=section, events=events, **QUIET).history["users.daily"]
            for events in ([{"day": 10, "happen": "outage"}], [])
        )
        return float(cut[11] / whole[11])

    assert after(0.0) == 1.0
    assert after(1.0) < 0.92


@pytest.mark.parametrize("kind", ["generated", "everyone"])
def test_most_are_decided_without_a_look_at_friends_and_the_same_as_with_one(kind: str) -> None:
    """The bounds are only a short cut: a person opens just if wish plus friends' share beats their luck."""
    world = lived(run={"users": 400, "days": 6}, friends={"kind": kind})
    was_active = world.users.users.active.astype(float)
    felt, own, it = world[FeltColumns], world[PresenceColumns], world.now.presence
    waiting = world.users.messaging.unread.copy()
    usual = world[UsualColumns]
    trust, attention = world.users.trust.trust.copy(), world.users.attention.attention.copy()
    wish = np.array([
        utility_of_opening(
            own.eagerness[i], felt.satisfaction[i], felt.habit[i], float(waiting[i]), trust[i],
            max(1e-300, float(attention[i])), usual.satisfaction[0], it,
        )
        for i in range(world.size)
    ])  # fmt: skip
    world.step()  # 2015-01-07, a Wednesday: day 6
    rows = world.friends.rows
    share = np.empty(world.size)
    for who in range(world.size):
        if kind == "everyone":
            share[who] = was_active.sum() / world.size
        else:
            mine = rows.friend[rows.first[who] : rows.first[who + 1]]
            weight = np.diff(np.sqrt(np.arange(mine.size + 1)))
            share[who] = (weight * was_active[mine]).sum() / np.sqrt(max(1, mine.size))
    x = wish + it.weekend * (0 - 2 / 7) + it.friends_weight * (share - usual.friends_active[0])
    u = luck.uniforms(luck.key(world.seed, "presence.opens", 6), world.size)
    opens = (u < 1 / (1 + np.exp(-x))) & (world.users.users.joined < 6) & (world.users.users.membership == 1)
    assert (opens == (world.users.users.active == 1)).all()
    assert 0.3 < opens.mean() < 0.9
