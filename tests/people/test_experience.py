"""Experience: how a day feels, and how satisfaction and habit follow it at their two speeds."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.people.experience import experience, follow
from sim.world import World

QUIET = {"wallet": {"on": False}, "joining": {"innovation": 0.0, "imitation": 0.0, "invitation": 0.0}}


def test_a_day_of_sixty_messages_is_worth_what_the_setting_says() -> None:
    assert experience(60, 0.0, 0.0, 0.0, 0.0, 1.33, 0.5) == pytest.approx(1.33)
    assert experience(0, 0.0, 0.0, 0.0, 0.0, 1.33, 0.5) == 0.0


def test_worth_counts_for_a_day_and_adverts_waits_and_unease_against_it() -> None:
    plain = experience(30, 0.0, 0.0, 0.0, 0.0, 1.33, 0.5)
    assert experience(30, 2.0, 0.0, 0.0, 0.0, 1.33, 0.5) == pytest.approx(plain + 1.0)
    assert experience(30, 0.0, 0.1, 0.2, 0.3, 1.33, 0.5) == pytest.approx(plain - 0.6)


def test_the_first_messages_of_a_day_are_worth_most() -> None:
    worth = [experience(talk, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5) for talk in (0, 10, 20, 30)]
    steps = np.diff(worth)
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_an_average_covers_all_but_1_over_e_of_the_way_in_its_time() -> None:
    level = 0.0
    for _ in range(10):
        level = follow(level, 1.0, 10.0)
    assert level == pytest.approx(1 - math.exp(-1))


def test_a_step_moves_satisfaction_and_habit_as_the_closed_form_says(lived: Callable[..., World]) -> None:
    """MODEL.md's R(t) parts, for people who are here every day; breaks if habit follows experience itself."""
    world = lived(
        run={"users": 50, "days": 1}, messaging={"on": False}, users={"first_members": 1.0},
        presence={"eagerness": 50.0, "eagerness_spread": 0.0}, **QUIET,
    )  # fmt: skip
    before = world.felt.rows.satisfaction.copy(), world.felt.rows.habit.copy()
    assert not np.any(before)
    for _ in range(60):
        world.felt.rows.nuisance[...] = 1.0
        world.step()
    fast, slow, t = 10.0, 95.0, 60.0
    satisfaction = -(1 - math.exp(-t / fast))
    habit = -(1 - (slow * math.exp(-t / slow) - fast * math.exp(-t / fast)) / (slow - fast))
    assert world.felt.rows.satisfaction.mean() == pytest.approx(satisfaction, rel=0.01)
    assert world.felt.rows.habit.mean() == pytest.approx(habit, rel=0.03)  # in steps of a day


def test_a_day_away_keeps_its_last_feeling_and_todays_feelings_are_emptied(lived: Callable[..., World]) -> None:
    world = lived(run={"users": 300, "days": 5}, users={"first_members": 1.0}, **QUIET)
    before = world.felt.rows.experience.copy()
    world.step()
    away = world.users.users.active == 0
    assert away.any()
    assert (world.felt.rows.experience[away] == before[away]).all()
    assert (world.felt.rows.experience[~away] != before[~away]).mean() > 0.9
    for column in ("talk", "worth", "nuisance", "waits", "unease"):
        assert not world.felt.rows._asdict()[column].any(), column


def test_surplus_is_the_worth_of_days_here_and_of_talk_elsewhere(lived: Callable[..., World]) -> None:
    """Who never joined talks on the rival, on as many days as they usually would here."""
    world = lived(run={"users": 300, "days": 4}, users={"first_members": 0.5}, **QUIET)
    outsiders = world.users.users.membership == 0
    usual = 1 / (1 + np.exp(-world.users.presence.eagerness[outsiders].astype(float)))
    assert world.surplus[outsiders] == pytest.approx(4 * usual * 1.33 / 0.5)
    assert world.history["welfare.users"].sum() == pytest.approx(100 * world.surplus.sum(), abs=10)


def test_without_a_rival_there_is_no_talk_elsewhere(lived: Callable[..., World]) -> None:
    world = lived(run={"users": 300, "days": 4}, users={"first_members": 0.5}, rival={"on": False}, **QUIET)
    assert not world.surplus[world.users.users.membership == 0].any()


def test_nobody_gains_by_losing_the_app_to_a_rival_that_is_no_better(lived: Callable[..., World]) -> None:
    """Breaks if talk elsewhere counts every day and talk here only on days of use."""
    priced: dict[str, Any] = {"on": True, "sells": "membership", "price": 10_000, "worth": 1.0}
    free, lost = (
        lived(run={"users": 600, "days": 60}, subscriptions=subscription, joining=QUIET["joining"])
        for subscription in ({"on": False}, priced)
    )
    assert lost.history["users.members"].iloc[-1] == 0
    assert lost.surplus.sum() < free.surplus.sum()


def test_what_subscribers_pay_is_taken_from_users_welfare(lived: Callable[..., World]) -> None:
    """Breaks if the worth of the day overwrites what was paid before."""
    world = lived(run={"users": 500, "days": 35}, subscriptions={"on": True, "price": 300})
    assert world.history["revenue.subscriptions"].sum() > 10_000
    assert world.history["welfare.users"].sum() == pytest.approx(100 * world.surplus.sum(), abs=50)
