"""Experience: how a day feels, and how satisfaction and habit follow it at their two speeds."""

import math
from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.people.experience import FeltColumns, RivalTerms, experience, felt_today, follow, utility_on_rival
from sim.people.users import MEMBER, NEVER
from sim.people.welfare import logsum

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


def test_a_step_moves_satisfaction_and_habit_as_the_closed_form_says() -> None:
    """MODEL.md's R(t) parts, for people who are here every day; breaks if habit follows experience itself."""
    world = lived(
        run={"users": 50, "days": 1}, messaging={"on": False, "threads": 0.0}, users={"first_members": 1.0},
        presence={"eagerness": 50.0, "eagerness_spread": 0.0}, **QUIET,
    )  # fmt: skip
    before = world[FeltColumns].satisfaction.copy(), world[FeltColumns].habit.copy()
    assert not np.any(before)
    for _ in range(60):
        world[FeltColumns].nuisance[...] = 1.0
        world.step()
    fast, slow, t = 10.0, 95.0, 60.0
    satisfaction = -(1 - math.exp(-t / fast))
    habit = -(1 - (slow * math.exp(-t / slow) - fast * math.exp(-t / fast)) / (slow - fast))
    assert world[FeltColumns].satisfaction.mean() == pytest.approx(satisfaction, rel=0.01)
    assert world[FeltColumns].habit.mean() == pytest.approx(habit, rel=0.03)  # in steps of a day


def test_on_days_away_the_last_feeling_fades_and_todays_feelings_are_emptied() -> None:
    world = lived(run={"users": 300, "days": 5}, users={"first_members": 1.0}, **QUIET)
    before = world[FeltColumns].experience.copy()
    world.step()
    away = world.users.users.active == 0
    assert away.any()
    usual = world[FeltColumns].usual[away]
    faded = usual + (before[away] - usual) * math.exp(-1 / 30)
    assert world[FeltColumns].experience[away] == pytest.approx(faded, abs=1e-6)
    assert (world[FeltColumns].experience[~away] != before[~away]).mean() > 0.9
    for column in ("talk", "worth", "nuisance", "waits", "unease"):
        assert not world[FeltColumns]._asdict()[column].any(), column


def test_a_lump_is_felt_over_the_days_of_use_that_follow_and_in_full() -> None:
    """Breaks if a lost trip is felt in a day (people froze at -190), or if a part of it is lost."""
    worth, later, felt = -900.0, 0.0, []
    for _ in range(400):
        now = felt_today(worth, later, 20.0, 30.0)
        later += worth - now
        worth = 0.0
        felt.append(now)
    assert min(felt) == -20.0
    assert sum(felt) == pytest.approx(-900.0, rel=1e-3)
    assert felt_today(5.0, 0.0, 20.0, 30.0) == 5.0


def test_what_comes_on_a_day_away_is_felt_on_the_next_days_of_use() -> None:
    world = lived(run={"users": 300, "days": 5}, users={"first_members": 1.0}, **QUIET)
    world[FeltColumns].worth[...] = 3.0
    world.step()
    away = world.users.users.active == 0
    assert (world[FeltColumns].later[away] == 3.0).all()
    assert (world[FeltColumns].later[~away] == 0.0).all()


def test_moving_to_an_equal_rival_changes_nothing_and_to_a_better_one_gains_its_advantage() -> None:
    worth = math.exp(0.92)
    assert logsum(worth, worth, 0.3) == pytest.approx(logsum(worth, worth, 1.0))
    assert logsum(worth, math.exp(1.12), 0.0) == pytest.approx(logsum(math.exp(1.12), 0.0, 1.0))
    assert logsum(worth, math.exp(1.12), 0.5) > logsum(worth, worth, 0.5)
    assert logsum(0.0, 0.0, 1.0) == 0.0


def test_a_rivals_adverts_cost_who_minds_them_and_its_knowledge_who_minds_that() -> None:
    terms = RivalTerms(0.2, 1.0, 0.14, 0.02, 1.0)
    assert utility_on_rival(1.3, 0.0, 1.0, 0.0, 0.0, terms) == pytest.approx(1.5)
    assert utility_on_rival(1.3, 0.0, 1.0, 2.0, 0.0, terms) == pytest.approx(1.22)
    assert utility_on_rival(1.3, 0.0, 1.0, 0.0, 1.0, terms) == pytest.approx(1.48)


def test_services_that_the_rival_copied_are_worth_there_what_they_are_here_as_far_as_remembered() -> None:
    copied, none = (RivalTerms(0.0, share, 0.0, 0.0, 1.0) for share in (1.0, 0.0))
    assert utility_on_rival(1.3, 0.8, 0.5, 0.0, 0.0, copied) == pytest.approx(1.7)
    assert utility_on_rival(1.3, 0.8, 0.5, 0.0, 0.0, none) == pytest.approx(1.3)


def test_welfare_is_the_sum_of_what_each_gains_and_who_is_on_neither_app_gains_nothing() -> None:
    world = lived(run={"users": 300, "days": 4}, users={"first_members": 0.5}, **QUIET)
    assert not world.surplus[world.users.users.membership == NEVER].any()
    assert (world.surplus[world.users.users.membership == MEMBER] > 0).all()
    assert world.history["welfare.users"].sum() == pytest.approx(100 * world.surplus.sum(), abs=10)


def test_losing_the_app_to_an_equal_rival_costs_who_goes_there_hardly_anything() -> None:
    """And without a rival all that they had; breaks if who left talks nowhere, or everywhere."""
    priced: dict[str, Any] = {"on": True, "sells": "membership", "price": 10_000, "worth": 1.0}

    def gained(subscription: dict[str, Any], rival: bool) -> float:
        world = lived(run={"users": 600, "days": 60}, subscriptions=subscription, rival={"on": rival}, **QUIET)
        return float(world.history["welfare.users"].iloc[-20:].sum())

    assert gained(priced, True) == pytest.approx(gained({"on": False}, True), rel=0.08)
    assert gained(priced, False) < 0.01 * gained({"on": False}, False)
