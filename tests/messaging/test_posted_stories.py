"""Stories: posted by some, seen by all friends who are here, worth a little, gone the next day."""

from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.ground.friends import friends
from sim.messaging.stories import watched

QUIET: dict[str, Any] = {"wallet": {"on": False}, "lucky_money": {"on": False}}


def test_nobody_looks_at_more_than_a_day_has_time_for() -> None:
    assert watched(3.0, 4.0, 40.0) == 12.0
    assert watched(30.0, 4.0, 40.0) == 40.0
    assert watched(0.0, 4.0, 40.0) == 0.0


def test_a_quarter_posts_and_some_fifteen_pictures_are_looked_at() -> None:
    days = lived(run={"users": 2_000, "days": 10}, stories={"on": True}, **QUIET).history
    awake = days["messaging.user_days"].sum()
    assert days["stories.posted"].sum() / awake == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / awake))
    assert 10 < days["stories.watched"].sum() / awake < 20


def test_only_friends_stories_of_today_are_looked_at() -> None:
    """Breaks if yesterday's stand on, or strangers' are seen."""
    world = lived(run={"users": 300, "days": 5}, stories={"on": True, "most": 1_000.0}, **QUIET)
    posted, awake = world.users.stories.posted, world.users.users.active == 1
    assert not posted[~awake].any()
    rows = world.friends.rows
    theirs = sum(
        int(posted[friends.friend_at(rows, who, rank)])
        for who in np.flatnonzero(awake)
        for rank in range(friends.degree(rows, who))
    )
    assert world.history["stories.watched"].iloc[-1] == pytest.approx(4.0 * theirs, abs=0.5 * np.sqrt(awake.sum()) * 3)


def test_stories_are_worth_something_and_are_carried_at_a_cost() -> None:
    without, having, idle = (
        lived(run={"users": 1_000, "days": 40}, stories=stories, **QUIET).history
        for stories in ({"on": False}, {"on": True}, {"on": True, "worth": 0.0})
    )
    assert having["welfare.users"].sum() > without["welfare.users"].sum()
    assert having["users.daily"].sum() >= without["users.daily"].sum()
    assert having["cost.media"].sum() > 1.2 * without["cost.media"].sum()
    assert idle["welfare.users"].tolist() == without["welfare.users"].tolist(), "what is worth nothing changes nothing"
