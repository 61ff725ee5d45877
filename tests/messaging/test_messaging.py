"""Messaging: who writes how much, who answers, what waits."""

from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.ground.friends.friends import Friends
from sim.messaging.messaging import (
    MOST_THREADS,
    MessagingSettings,
    addressee,
    messages_wanted,
    said_in_thread,
    threads_today,
    threads_wanted,
)
from sim.people.presence import AWAY, HERE, STRANGER
from sim.people.users import MEMBER
from sim.world import World

ALONE: dict[str, Any] = {"wallet": {"on": False}, "clock": {"festivals": []}}


def test_the_sociable_write_to_more_people_and_more_to_each() -> None:
    assert threads_wanted(5.0, 4.0, 1.0) == 10.0
    assert messages_wanted(6.6, 4.0) == pytest.approx(13.2)
    together = threads_wanted(5.0, 4.0, 1.0) * messages_wanted(6.6, 4.0)
    assert together == pytest.approx(4 * threads_wanted(5.0, 1.0, 1.0) * messages_wanted(6.6, 1.0))


def test_a_festival_makes_more_threads() -> None:
    assert threads_wanted(5.0, 1.0, 1.07) == pytest.approx(5.35)


def test_who_minds_being_known_opens_more_threads_where_messages_vanish() -> None:
    assert threads_today(5.0, 1.0, 1.0, 0.2, 1.0) == pytest.approx(6.0)
    assert threads_today(5.0, 1.0, 0.0, 0.2, 1.0) == threads_today(5.0, 1.0, 1.0, 0.0, 1.0) == 5.0


def test_an_opened_thread_brings_answers_and_an_answer_brings_none() -> None:
    """A luck of 1 is a thread of one message; of .8 answers a message, those whose luck is above .2 are written."""
    terms = MessagingSettings().row
    assert said_in_thread(terms, 0, -5.0, 0.5, 1.0, 0.3) == (1, 1, 1)
    assert said_in_thread(terms, 0, -5.0, 0.5, 1.0, 0.1) == (1, 0, 1)
    assert said_in_thread(terms, 1, -5.0, 0.5, 1.0, 0.1) == (1, 0, 1), "who answers writes something"
    sent, back, talk = said_in_thread(terms, 0, -5.0, 0.0, 0.1, 0.0)
    assert (sent, back) == (12, 9)
    assert talk == 18, "in pictures, a message is worth one and a half"


def test_an_answer_never_goes_into_the_group_and_nothing_to_who_is_not_here() -> None:
    terms = MessagingSettings().row
    assert addressee(terms, 0, 0.9, 3, HERE) == (True, False)
    assert addressee(terms, 1, 0.9, 3, HERE) == (False, True)
    assert addressee(terms, 0, 0.5, 3, AWAY) == (False, True)
    assert addressee(terms, 0, 0.5, 3, STRANGER) == addressee(terms, 0, 0.5, -1, HERE) == (False, False)


def test_every_message_was_sent_by_somebody() -> None:
    """Answers included; breaks if a thread is counted twice, or an answer is written into no column."""
    world = lived(run={"users": 500, "days": 12}, **ALONE)
    history = world.history
    assert world.users.messaging.sent.sum() == history["messaging.messages"].sum()
    assert history["messaging.messages"].min() > 1_000
    for part in ("media", "group", "answers"):
        assert 0 < history[f"messaging.{part}"].sum() < history["messaging.messages"].sum()


def test_when_it_is_off_nobody_writes_and_days_are_worth_nothing() -> None:
    world = lived(run={"users": 200, "days": 5}, messaging={"on": False}, **ALONE)
    assert not world.users.messaging.sent.any()
    assert world.history["experience.mean"].abs().max() == 0


def test_letters_wait_for_those_who_are_away_and_are_answered_when_they_come() -> None:
    world = lived(run={"users": 800, "days": 6}, messaging={"group_share": 0.0}, **ALONE)
    unread = world.users.messaging.unread.copy()
    assert (unread[world.users.users.active == 1] == 0).all()  # whoever was here has read everything
    assert (unread[world.users.users.active == 0] > 0).any()
    world.step()
    back = world.users.users.active == 1
    assert unread[back].sum() > 0
    assert (world.users.messaging.unread[back] == 0).all()
    assert (world.users.messaging.sent[back & (unread > 0)] > 0).all()


def test_nobody_writes_to_who_is_not_on_the_app() -> None:
    world = lived(run={"users": 500, "days": 5}, users={"first_members": 0.5}, **ALONE)
    outside = world.users.users.membership != MEMBER
    assert outside.any()
    assert not world.users.messaging.unread[outside].any()
    assert not world.users.messaging.sent[outside].any()


def two_friends(**messaging: Any) -> World:
    """Two people who are always here, and know only each other."""
    return lived(
        run={"users": 2, "days": 400}, presence={"eagerness": 50.0, "eagerness_spread": 0.0},
        users={"first_members": 1.0, "sociability_spread": 0.0, "age_messages": [1] * 4},
        attention={"has_rival": 0.0, "installing": 0.0}, messaging=messaging, **ALONE,
        network=Friends.from_pairs(np.array([0]), np.array([1])),
    )  # fmt: skip


def test_a_friend_who_is_here_answers_the_share_asked_for() -> None:
    """A message back for each .8 sent; breaks if answers are answered again, or rounded down."""
    history = two_friends(group_share=0.0, reply_share=0.8, calls=0.0).history
    opened = history["messaging.messages"].sum() - history["messaging.answers"].sum()
    assert history["messaging.answers"].sum() / opened == pytest.approx(0.8, abs=0.01)
    assert opened / 800 == pytest.approx(5.0 * 7.2, rel=0.04)  # threads a day times messages a thread
    assert history["messaging.threads"].sum() / 800 == pytest.approx(5.0, rel=0.04)


def test_media_and_group_threads_have_the_shares_asked_for() -> None:
    history = two_friends(group_share=0.3, media_share=0.2, calls=0.0, reply_share=0.0).history
    total = history["messaging.messages"].sum()
    assert history["messaging.group"].sum() / total == pytest.approx(0.3, abs=0.03)
    assert history["messaging.media"].sum() / total == pytest.approx(0.2, abs=0.03)


def test_what_is_said_in_the_group_is_read_by_all_who_are_here() -> None:
    """Both are in one group: each feels the talk of both; breaks if writers read their own message twice."""
    world = two_friends(group_share=1.0, media_share=0.0, calls=0.0)
    history = world.history
    assert history["messaging.group"].sum() == history["messaging.messages"].sum()
    feels = 1.33 * np.log1p(history["messaging.messages"]) / np.log(61)
    assert history["experience.mean"].to_numpy() == pytest.approx(feels.to_numpy(), abs=1e-5)


def test_calls_are_made_to_friends_who_are_here_and_can_be_switched_off() -> None:
    history = two_friends(calls=0.5, call_party=0.0).history
    assert history["messaging.calls"].sum() / 800 == pytest.approx(0.5, abs=0.09)
    assert history["messaging.call_minutes"].sum() / history["messaging.calls"].sum() == pytest.approx(5.0, rel=0.2)
    assert two_friends(calls=0.5, calls_on=False).history["messaging.calls"].sum() == 0


def test_a_party_calls_three_at_once() -> None:
    alone, party = (
        lived(
            run={"users": 600, "days": 6}, messaging={"calls": 1.0, "call_party": share, "call_minutes": 1.0}, **ALONE
        ).history
        for share in (0.0, 1.0)
    )
    called = [(h["messaging.call_minutes"].sum() / h["messaging.calls"].sum()) for h in (alone, party)]
    assert called[0] == pytest.approx(1.0)
    assert 1.5 < called[1] <= 3.0  # those of the three who are here


def test_nobody_opens_more_threads_than_there_is_room_for() -> None:
    history = lived(run={"users": 100, "days": 3}, messaging={"threads": 500.0}, **ALONE).history
    assert history["messaging.threads"].max() <= MOST_THREADS * 100
    assert (history["messaging.threads"] / history["users.daily"]).max() > 0.8 * MOST_THREADS


def test_who_writes_more_was_meant_to() -> None:
    world = lived(run={"users": 1_500, "days": 20}, **ALONE)
    members = world.users.users.membership == MEMBER
    wish, sent = world.users.users.sociability[members], world.users.messaging.sent[members]
    ranks = np.argsort(np.argsort([wish, sent], axis=1), axis=1)
    assert np.corrcoef(ranks)[0, 1] > 0.5


# messages that vanish


FREELY: dict[str, Any] = {"ephemeral": True, "rereading": 0.0}


def test_where_messages_vanish_who_minds_being_known_writes_more() -> None:
    """Breaks if everybody does, or nobody."""
    kept, gone = (
        lived(run={"users": 3_000, "days": 12}, messaging=FREELY | {"ephemeral": vanish, "freedom": 0.4}, **ALONE)
        for vanish in (False, True)
    )
    concern = kept.users.users.privacy_concern
    sent = [world.users.messaging.sent.astype(float) for world in (kept, gone)]
    for minding, least, most in ((concern > 0.5, 1.1, 1.4), (concern == 0, 0.9, 1.12)):
        assert least < sent[1][minding].sum() / sent[0][minding].sum() < most


def test_what_cannot_be_read_again_is_worth_less() -> None:
    """A part of the talk of each day of use; breaks if it is lost where messages are kept."""
    satisfied = {}
    for vanish, part in ((False, 0.0), (False, 0.15), (True, 0.0), (True, 0.15)):
        world = lived(
            run={"users": 500, "days": 1}, messaging={"ephemeral": vanish, "freedom": 0.0, "rereading": part},
            knowledge={"kept_price": 1e-9}, **ALONE,
        )  # fmt: skip
        satisfied[vanish, part] = float(world.history["experience.mean"].iloc[0])
    assert satisfied[False, 0.0] == satisfied[False, 0.15] == satisfied[True, 0.0]
    fall = satisfied[True, 0.0] - satisfied[True, 0.15]
    assert fall == pytest.approx(-1.33 * np.log(0.85) / np.log(61), rel=0.2)
