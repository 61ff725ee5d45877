"""Queues: who is served when, who gives up, what is kept over midnight, and how many agents cost least."""

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray

from sim.engine import luck
from sim.ground import queues
from sim.ground.queues import GAVE_UP, HOURS, MINUTES

Numbers = NDArray[np.float64]


def a_desk(agents: int, desks: int = 1) -> tuple[NDArray[np.int64], Numbers]:
    """Agents who are always on duty, and when they are free."""
    return np.full((desks, HOURS), agents, np.int64), np.zeros((desks, max(1, agents)))


def served(minute: Numbers, patience: Numbers, service: Numbers, agents: int) -> Numbers:
    """Waits at one desk that never closes."""
    on_duty, free = a_desk(agents)
    waits = np.empty(minute.size)
    queues.serve(
        np.argsort(minute, kind="stable"), np.zeros(minute.size, np.int64), minute, patience, service, on_duty, free, waits
    )  # fmt: skip
    return waits


def event_by_event(minute: Numbers, patience: Numbers, service: Numbers, agents: int) -> Numbers:
    """The same queue with a list of who waits: arrivals, ends of service and ends of patience, each an event."""
    waits = np.full(minute.size, GAVE_UP)
    events = [(minute[i], 2, i) for i in range(minute.size)]
    heapq.heapify(events)
    waiting: list[int] = []
    idle = agents

    def take(now: float) -> None:
        nonlocal idle
        while idle and waiting:
            one = waiting.pop(0)
            waits[one] = now - minute[one]
            idle -= 1
            heapq.heappush(events, (now + service[one], 0, one))

    while events:
        now, kind, one = heapq.heappop(events)
        if kind == 0:
            idle += 1
        elif kind == 2:
            waiting.append(one)
            heapq.heappush(events, (minute[one] + patience[one], 1, one))
        elif one in waiting:
            waiting.remove(one)
        take(now)
    return waits


def drawn(name: str, number: int) -> Numbers:
    return luck.uniforms(luck.key(3, name), number)


# who is served


def test_one_agent_takes_them_in_turn_and_who_gives_up_delays_nobody() -> None:
    minute, service = np.array([0.0, 1.0, 2.0, 3.0]), np.full(4, 5.0)
    assert served(minute, np.full(4, 99.0), service, 1).tolist() == [0, 4, 8, 12]
    assert served(minute, np.array([99.0, 99.0, 6.0, 99.0]), service, 1).tolist() == [0, 4, GAVE_UP, 7]


def test_nobody_on_duty_means_that_everybody_gives_up() -> None:
    assert (served(np.arange(5.0), np.full(5, 1e9), np.ones(5), 0) == GAVE_UP).all()


@settings(max_examples=40, deadline=None)
@given(some.integers(1, 4), some.integers(1, 60), some.integers(0, 10**6), some.sampled_from([2.0, 10.0, math.inf]))
def test_it_is_the_queue_that_events_make(agents: int, number: int, seed: int, mean: float) -> None:
    """Who waits is nowhere listed, and yet every wait is that of a queue simulated event by event."""
    u = [luck.uniforms(luck.key(seed, name), number) for name in ("minute", "patience", "service")]
    minute, service = 6.0 * number / agents * u[0], -8.0 * np.log(u[2])
    patience = -mean * np.log(u[1]) if mean < math.inf else np.full(number, mean)
    ours, theirs = served(minute, patience, service, agents), event_by_event(minute, patience, service, agents)
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_desks_have_agents_of_their_own() -> None:
    number = 400
    desk = np.arange(number) % 3
    minute, service = 1_000 * drawn("minute", number), -8 * np.log(drawn("service", number))
    on_duty, free = a_desk(2, desks=3)
    waits = np.empty(number)
    order = np.lexsort((minute, desk))
    queues.serve(order, desk, minute, np.full(number, 9.0), service, on_duty, free, waits)
    for here in range(3):
        mine = desk == here
        assert (waits[mine] == served(minute[mine], np.full(mine.sum(), 9.0), service[mine], 2)).all()


# hours and midnight


def test_agents_begin_in_their_hours_only_and_finish_what_they_began() -> None:
    on_duty = np.zeros((1, HOURS), np.int64)
    on_duty[0, 9:12] = 1
    free, waits = np.zeros((1, 1)), np.empty(3)
    minute = np.array([500.0, 719.0, 725.0])  # before nine, a minute to noon, after noon
    endless = np.full(3, 1e9)
    queues.serve(np.arange(3), np.zeros(3, np.int64), minute, endless, np.full(3, 30.0), on_duty, free, waits)
    assert waits.tolist() == [40, 0, MINUTES + 540 - 725], "the last is taken at nine the next day"
    assert queues.on_duty(1, 600.0, on_duty[0]) == math.inf, "there is no second agent"
    assert queues.on_duty(0, 720.0, on_duty[0]) == MINUTES + 540


def test_a_queue_open_all_day_outlasts_midnight() -> None:
    """Two days in a row with what is kept between are the same as one of 48 hours."""
    number = 700
    minute, service = np.sort(2 * MINUTES * drawn("when", number)), -8 * np.log(drawn("long", number))
    patience = -30 * np.log(drawn("patient", number))
    at_once = served(minute, patience, service, 2)
    on_duty, free = a_desk(2)
    waits = np.empty(number)
    for day in (0, 1):
        today = np.flatnonzero(minute // MINUTES == day)
        part = np.empty(today.size)
        queues.serve(
            np.arange(today.size), np.zeros(today.size, np.int64), minute[today] - day * MINUTES, patience[today],
            service[today], on_duty, free, part,
        )  # fmt: skip
        waits[today] = part
        if day == 0:
            assert free.max() > MINUTES, "somebody is in service at midnight"
        free[...] = np.maximum(0.0, free - MINUTES)
    assert waits == pytest.approx(at_once, abs=1e-9)


def test_moments_follow_the_shares_of_the_hours() -> None:
    shares = np.zeros(HOURS)
    shares[[8, 20]] = 0.25, 0.75
    moments = np.array([queues.moment(u, shares) for u in (np.arange(4_000) + 0.5) / 4_000])
    assert ((moments // 60 == 8).sum(), (moments // 60 == 20).sum()) == (1_000, 3_000)
    assert moments[:1_000].mean() == pytest.approx(510, abs=0.1)
    assert (np.diff(moments) > 0).all(), "a higher luck is never earlier"


# how many agents


@pytest.mark.parametrize(("agents", "load", "patience"), [(1, 0.7, 1.25), (2, 1.6, 1.25), (3, 5.0, 0.5)])
def test_erlangs_formula_tells_how_many_give_up(agents: int, load: float, patience: float) -> None:
    """Palm's formula against the queue itself, within four standard errors of twenty batches."""
    number, service = 40_000, 8.0
    gaps = -service / load * np.log(drawn("gaps", number))
    waits = served(
        np.cumsum(gaps), -service * patience * np.log(drawn("p", number)), -service * np.log(drawn("s", number)), agents
    )
    shares = (waits == GAVE_UP).reshape(20, -1).mean(axis=1)
    error = shares.std(ddof=1) / math.sqrt(20)
    assert abs(shares.mean() - queues.gives_up(load, patience, agents)) < 4 * error


def test_known_values_of_erlangs_formula() -> None:
    assert queues.gives_up(1.0, 1.0, 0) == 1.0
    assert queues.gives_up(0.0, 1.0, 1) == 0.0
    # patience as long as a service: customers leave at rate n whatever they do, so their number is Poisson
    many = np.arange(3, 60)
    chances = np.array([math.exp(-2) * 2.0**n / math.factorial(n) for n in many])
    assert queues.gives_up(2.0, 1.0, 2) == pytest.approx(((many - 2) * chances).sum() / 2.0, rel=1e-9)
    assert queues.gives_up(1.0, 1e6, 2) == pytest.approx(0.0, abs=1e-5)


def test_as_many_agents_are_taken_on_as_cost_least() -> None:
    for load, wage, loss in ((0.5, 10.0, 100.0), (3.0, 10.0, 300.0), (3.0, 10.0, 5.0), (40.0, 1.0, 900.0)):
        costs = [wage * agents + loss * queues.gives_up(load, 1.25, agents) for agents in range(64)]
        assert queues.cheapest(load, 1.25, wage, loss, 63) == int(np.argmin(costs))
    assert queues.cheapest(3.0, 1.25, 10.0, 5.0, 63) == 0, "who loses less by customers than by wages has no agents"
    assert queues.cheapest(40.0, 1.25, 1.0, 900.0, 7) == 7
