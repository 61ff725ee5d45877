"""Queues: who waits for one of several agents, how long, and who gives up.

Whoever comes is served in order of time by the agent who can take them first, or gives up when patience ends before.
A queue needs no list of who stands in it: in order of coming each takes the earliest free moment of any agent, so when
each agent will be free says all there is to know of those in service and those who wait. That is kept over midnight, so
that a queue open all day never starts anew. Agents are on duty in whole hours, and finish what they began.
"""

import math

from sim.engine.kernels import kernel, rule

HOURS, MINUTES = 24, 1_440  # a day
GAVE_UP = -1.0


@rule
def moment(u, shares):
    """Minute of the day, with its fraction, for a luck u, where `shares` are so much of a day's coming by hour."""
    before = 0.0
    for hour in range(HOURS):
        if u < before + shares[hour]:
            return 60.0 * (hour + (u - before) / shares[hour])
        before += shares[hour]
    return MINUTES - 0.5


@rule
def on_duty(agent, at, agents):
    """First minute from `at` on at which an agent is on duty, where `agents` are so many by hour; never: infinity."""
    for _ in range(HOURS + 1):
        if agent < agents[int(at // 60.0) % HOURS]:
            return at
        at = 60.0 * (math.floor(at / 60.0) + 1.0)
    return math.inf


@rule
def join(free, agents, most, now, patience, service):
    """Somebody comes; returns the minutes until an agent takes them, or GAVE_UP.

    Args:
        free: minute from which each agent is free, of whom there are `most` in the hour with the most; is written.
        agents: how many are on duty, by hour of the day.
        now, patience, service: minute of coming, minutes they would wait, minutes their service takes.
    """
    first, start = -1, math.inf
    for agent in range(most):
        if free[agent] >= start:
            continue
        at = on_duty(agent, max(now, free[agent]), agents)
        if at < start:
            first, start = agent, at
            if at <= now:
                break
    if first < 0 or start - now > patience:
        return GAVE_UP
    free[first] = start + service
    return start - now


@kernel
def serve(order, desk, minute, patience, service, agents, free, waited):
    """Serve all who come today to several desks, each with agents of its own; writes the minutes waited, or GAVE_UP.

    Args:
        order: those who come, by desk and minute.
        desk, minute, patience, service: of each who comes.
        agents: on duty, by desk and hour; shape (desks, 24).
        free: minute of today from which each agent is free; shape (desks, most agents); is written.
    """
    for i in order:
        here = desk[i]
        most = min(agents[here].max(), free.shape[1])
        waited[i] = join(free[here], agents[here], most, minute[i], patience[i], service[i])


@rule
def gives_up(load, patience, agents):
    """Share of customers who give up, in the long run (Palm 1957, "Erlang A": M/M/c+M).

    Args:
        load: customers who come in the time of one service.
        patience: mean patience in times of service; the mean wait of all is this share of it.
        agents: on duty.
    """
    if agents <= 0:
        return 1.0
    chance, total, waiting = 1.0, 1.0, 0.0
    for n in range(1, 100_000):
        chance *= load / (min(n, agents) + max(0, n - agents) / patience)
        total += chance
        waiting += max(0, n - agents) * chance
        if n > load + agents and chance < 1e-12 * total:
            break
    return min(1.0, waiting / total / patience / load) if load > 0.0 else 0.0


@rule
def cheapest(load, patience, wage, loss, most):
    """Agents for whom wages and lost customers cost least; `loss` is what it costs if everybody gives up."""
    best, least = 0, loss
    for agents in range(1, most + 1):
        if wage * agents >= least:
            break
        cost = wage * agents + loss * gives_up(load, patience, agents)
        if cost < least:
            best, least = agents, cost
    return best
