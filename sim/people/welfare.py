"""Welfare: what people gain by a day, the logsum of opening this messenger, the rival or none, in money (Small, Rosen 1981)."""

import math
from typing import NamedTuple

import numpy as np

from sim.engine import elementary
from sim.engine.kernels import kernel, rule
from sim.ground.metrics import flow
from sim.people.attention import AttentionColumns
from sim.people.experience import (
    MICRO,
    ExperienceSettings,
    FeltColumns,
    OutsideOptionColumns,
    forgotten,
    rival_terms,
    utility_on_rival,
)
from sim.people.presence import PresenceColumns, PresenceSettings
from sim.people.trust import TrustColumns
from sim.people.users import LEFT, MEMBER, UserColumns, UsualColumns
from sim.state import State

USERS_WELFARE = flow(
    "welfare.users", "cents", "users' surplus: the logsum of a day with this messenger, the rival or neither, in money"
)
USERS_WELFARE_FIXED_USE = flow(
    "welfare.users_fixed_use", "cents",
    "the same, did people use both as in the undisturbed world: the worth of a usual number of days",
)  # fmt: skip
MERCHANTS_WELFARE = flow("welfare.merchants", "cents", "merchants' profit")
ADVERTISERS_WELFARE = flow("welfare.advertisers", "cents", "advertisers' profit")
DRIVERS_WELFARE = flow(
    "welfare.drivers", "cents", "drivers' earnings less costs and what their hours would earn elsewhere"
)
AIRLINES_WELFARE = flow("welfare.airlines", "cents", "airlines' profit")
BILLERS_WELFARE = flow(
    "welfare.billers", "cents", "profit of those who bill: what they save and lose by being paid here"
)
OUTSIDE_WELFARE = flow(
    "welfare.outside", "cents", "sellers, taxis and others outside: margin on trade won from here or lost to it"
)
METRICS = (USERS_WELFARE, USERS_WELFARE_FIXED_USE)


@rule
def logsum(here, away, attention):
    """Logsum of a day on which this messenger, the rival or neither is opened, in logit units.

    `here` and `away` are e to the index of opening either, attention the part of it that goes here. Moving to an equal
    rival changes nothing; who hardly minds opening loses hardly anything.
    """
    return elementary.log(1.0 + attention * here + (1.0 - attention) * away)


class Day(NamedTuple):
    """What the day is like for everyone: the wish to open for its date, here and there, and the platform's usual."""

    here: float  # weekday, festival and outage, in logit units
    away: float  # the same for the rival
    usual: float  # mean usual day
    weight: float  # of experience in the wish to open: that of satisfaction and of habit
    trust_weight: float


@kernel
def _gain(first, last, users, felt, eagerness, trust, attention, rival, day, setting):
    """Everyone's welfare of today, for members and who left for the rival.

    Returns (welfare, welfare at fixed use, expected days of use of the rival), sums in millionths of CNY and of days.
    """
    membership, aversion = users.membership[first:last], users.advert_aversion[first:last]
    concern, eager, here = users.privacy_concern[first:last], eagerness[first:last], attention[first:last]
    usual, surplus, trusted = felt.usual[first:last], felt.surplus[first:last], trust[first:last]
    experience, endured = felt.experience[first:last], felt.endured[first:last]
    served, memory = felt.served[first:last], felt.memory[first:last]
    ours, theirs, gain = np.empty(eager.size), np.empty(eager.size), np.empty(eager.size)
    today, fixed, elsewhere = np.empty(eager.size), np.empty(eager.size), np.empty(eager.size)
    for i in range(eager.size):
        today[i] = experience[i] - forgotten(endured[i], memory[i])
    for i in range(eager.size):
        ours[i] = elementary.exp(
            eager[i] + day.here + day.weight * (today[i] - day.usual) - day.trust_weight * (1.0 - trusted[i])
        )
    for i in range(eager.size):
        theirs[i] = utility_on_rival(usual[i], served[i], memory[i], aversion[i], concern[i], rival)
        fixed[i] = here[i] * today[i] + (1.0 - here[i]) * theirs[i] * rival.launched
        theirs[i] = elementary.exp(eager[i] + day.away + day.weight * (theirs[i] - day.usual))
    for i in range(eager.size):
        gain[i] = logsum(ours[i], theirs[i], here[i]) / setting.money_worth
        elsewhere[i] = (1.0 - here[i]) * theirs[i] / (1.0 + here[i] * ours[i] + (1.0 - here[i]) * theirs[i])
        fixed[i] /= (1.0 + elementary.exp(-eager[i])) * setting.money_worth
    gained = as_usual = there = 0
    for i in range(eager.size):
        minds = (membership[i] == MEMBER) | (membership[i] == LEFT)  # who dropped out of both has nothing of either
        surplus[i] += gain[i] * minds
        gained += int(gain[i] * MICRO) * minds
        as_usual += int(fixed[i] * MICRO) * minds
        there += int(elsewhere[i] * MICRO) * minds
    return gained, as_usual, there


def count_surplus(state: State) -> None:
    """What everyone gains by today, and how many days of use the rival has."""
    felt, users, setting = state[FeltColumns], state[UserColumns], state.settings(ExperienceSettings).row
    eagerness, trust = state[PresenceColumns].eagerness, state[TrustColumns].trust
    attention, rival = state[AttentionColumns].attention, rival_terms(state)
    now = state.settings(PresenceSettings)
    here = -math.inf if state.outage else state.calendar
    away = state.calendar if rival.launched else -math.inf
    weight = now.satisfaction_weight + now.habit_weight
    day = Day(here, away, float(state[UsualColumns].satisfaction[0]), weight, now.trust_weight)
    gained, as_usual, there = state.over_blocks(
        lambda part: _gain(*part, users, felt, eagerness, trust, attention, rival, day, setting)
    )
    state.note(USERS_WELFARE, round(100 * gained / MICRO))
    state.note(USERS_WELFARE_FIXED_USE, round(100 * as_usual / MICRO))
    state[OutsideOptionColumns].rival_days[0] = there / MICRO
