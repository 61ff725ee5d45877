"""Experience: how a day felt, and how satisfaction and habit follow it at their two speeds.

Services add to today's feelings of the people they touched; at the end of the day these become the day's experience
e = theta ln(1 + talk)/ln 61 + alpha worth - nuisance - waits - unease, in logit units. Whatever a person pays is in
that worth, as is what it buys. A lump (a trip, a refund, what came on a day away) is felt over the days of use that
follow, and on days away experience fades to the person's usual day, so nobody is frozen in a bad memory. Satisfaction
is the average of experience over about ten days, habit that of satisfaction over about a hundred: a lasting change is
felt three times as much in the long run as after a month (Huang, Reiley, Riabov 2018).
"""

import math
from typing import NamedTuple

import numpy as np

from sim.engine import elementary
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.engine.settings import Settings, assumed
from sim.ground.metrics import stock
from sim.people.users import MEMBER, UserColumns
from sim.state import State

LN61 = math.log(61.0)


class ExperienceSettings(Settings):
    """[experience]"""

    talk_worth: float = assumed.positive(
        1.33, "logit units", "worth of a day with 60 messages sent and received (155 USD a year at `money_worth` .5)",
        "facts.csv: messaging, willingness to accept 155 USD a year", 0.5, 3.0,
    )  # fmt: skip
    money_worth: float = assumed.positive(
        0.5, "logit units per CNY", "how much a day's experience gains from one CNY of net worth", "MODEL.md", 0.15, 5.0
    )
    satisfaction_days: float = assumed.positive(
        10.0, "days", "time in which satisfaction follows experience", "MODEL.md", 5, 20
    )
    habit_days: float = assumed.positive(
        95.0, "days", "time in which habit follows satisfaction; with it the long-run effect is 3 times the one-month one",
        "facts.csv: Pandora, ratio 3", 50, 150,
    )  # fmt: skip
    fading_days: float = assumed.positive(
        30.0,
        "days",
        "time in which, on days away, the last experience fades to that of a usual day",
        "MODEL.md",
        10,
        90,
    )
    lump: float = assumed.positive(
        15.0,
        "CNY",
        "worth in a day beyond which the rest is felt over the days of use that follow",
        "MODEL.md: 20; at 15 a day stays within ten units of none",
        5,
        50,
    )
    lump_days: float = assumed.positive(
        30.0, "days of use", "mean time over which such a rest is felt", "MODEL.md", 10, 90
    )


class FeltColumns(Table):
    """A row a person: what today brought (services add to it) and what stays."""

    talk = Column(np.int32, 0, "messages sent and received today, media and calls at their worth", "messages")
    worth = Column(np.float32, 0, "net worth of needs met today, less what was paid for them", "CNY")
    nuisance = Column(np.float32, 0, "adverts suffered today", "logit units")
    waits = Column(np.float32, 0, "waits and failures today", "logit units")
    unease = Column(np.float32, 0, "feeling known too well, today", "logit units")
    later = Column(np.float32, 0, "worth that came in a lump or on a day away, still to be felt", "CNY")
    usual = Column(
        np.float32, 0, "experience of this person's usual day: talk alone, by the assumptions", "logit units"
    )
    experience = Column(np.float32, 0, "the last day of use, as felt; fades to the usual on days away", "logit units")
    endured = Column(np.float32, 0, "nuisance and unease of some ten last days of use, mean", "logit units")
    served = Column(
        np.float32,
        0,
        "worth of services less waits, before our fees, of some ten last days of use, mean",
        "logit units",
    )
    memory = Column(np.float32, 1, "what is remembered of the last day of use: all of it then, less every day away")
    satisfaction = Column(np.float32, 0, "slow average of experience", "logit units")
    habit = Column(np.float32, 0, "slower average of satisfaction", "logit units")
    surplus = Column(np.float64, 0, "welfare since day 0", "CNY")


class OutsideOptionColumns(Table):
    """One row: what people have besides us, as the rival says each day, and what it sees of us and of its use."""

    served = Column(
        np.float64, 0, "mean worth of our services to members, as remembered, before our fees", "logit units"
    )
    days_of_use = Column(np.float64, 0, "people who opened our app today", "people")
    base = Column(np.float64, 0, "worth of a day on the rival beyond talk and what it copied", "logit units")
    copied = Column(np.float64, 0, "of the services that are here, the part it has too", "share")
    nuisance = Column(np.float64, 0, "its adverts, a unit of aversion", "logit units")
    unease = Column(np.float64, 0, "being known there, a unit of privacy concern", "logit units")
    launched = Column(np.float64, 0, "1 while the rival is on the market")
    rival_days = Column(np.float64, 0, "expected days of use of the rival today", "days")


MEAN_SATISFACTION = stock("satisfaction.mean", "logit units", "mean satisfaction of members")
MEAN_HABIT = stock("habit.mean", "logit units", "mean habit of members")
MEAN_EXPERIENCE = stock("experience.mean", "logit units", "mean experience of today's users")
METRICS = (MEAN_SATISFACTION, MEAN_HABIT, MEAN_EXPERIENCE)


@rule
def experience(talk, worth, nuisance, waits, unease, talk_worth, money_worth):
    """How a day of use feels, in logit units."""
    return talk_worth * elementary.log(1.0 + talk) / LN61 + money_worth * worth - nuisance - waits - unease


@rule
def felt_today(worth, later, lump, lump_days):
    """What of a day's worth and of earlier lumps is felt today, in CNY: at most a lump, the rest is for later."""
    return min(lump, max(-lump, worth + later / lump_days))


@rule
def follow(level, target, days):
    """One day's step of a slow average towards what it follows."""
    return level + (1.0 - math.exp(-1.0 / days)) * (target - level)


@rule
def forgotten(endured, memory):
    """What fades of adverts and unease on days away, and would be there again today, in logit units.

    A person who stays away judges by a day as it would be here, not by the memory of one.
    """
    return endured * (1.0 - memory)


@rule
def utility_on_rival(usual, served, memory, aversion, concern, terms):
    """Utility of a day of use of the rival to this person, in logit units: by its own levers, as ours is by ours.

    Services that it copied give there what they give to this person here, as far as remembered, before what we take.
    """
    services = terms.copied * served * memory
    return usual + services + terms.base - terms.nuisance * aversion - terms.unease * concern


class RivalTerms(NamedTuple):
    """What the rival is worth beyond a usual day: in logit units, a unit of aversion, and a unit of privacy concern."""

    base: float
    copied: float  # of the services that are here, the part it has too
    nuisance: float
    unease: float
    launched: float  # 1 while it is on the market, else 0


MICRO = 1e6  # kernels sum integers, so that a total never hangs on the order: millionths of a unit


@kernel
def _feel(first, last, users, felt, setting):
    """Members' day: today's experience (when away, the last one fades), satisfaction and habit; feelings are emptied.

    Returns (members, satisfaction, habit, people awake, experience, worth of services), sums in millionths.
    """
    nearer, slower = 1.0 - math.exp(-1.0 / setting.satisfaction_days), 1.0 - math.exp(-1.0 / setting.habit_days)
    fading = 1.0 - math.exp(-1.0 / setting.fading_days)
    membership, active = users.membership[first:last], users.active[first:last]
    talk, worth, nuisance = felt.talk[first:last], felt.worth[first:last], felt.nuisance[first:last]
    waits, unease, later = felt.waits[first:last], felt.unease[first:last], felt.later[first:last]
    last_experience, satisfaction = felt.experience[first:last], felt.satisfaction[first:last]
    habit, usual = felt.habit[first:last], felt.usual[first:last]
    endured, served, memory = felt.endured[first:last], felt.served[first:last], felt.memory[first:last]
    today, now = np.empty(membership.size), np.empty(membership.size)
    for i in range(now.size):  # loops without a branch that write to one place each: they are vectorised
        now[i] = felt_today(worth[i], later[i], setting.lump, setting.lump_days)
    for i in range(now.size):
        today[i] = experience(
            talk[i], now[i], nuisance[i], waits[i], unease[i], setting.talk_worth, setting.money_worth
        )
    members = satisfactions = habits = awake = experiences = brought = 0
    for i in range(now.size):
        later[i] += worth[i]
        if membership[i] == MEMBER:
            if active[i]:
                last_experience[i] = today[i]
                endured[i] += nearer * (nuisance[i] + unease[i] - endured[i])
                served[i] += nearer * (setting.money_worth * now[i] - waits[i] - served[i])
                memory[i] = 1.0
                later[i] -= now[i]
                awake += 1
                experiences += int(today[i] * MICRO)
            else:
                last_experience[i] += fading * (usual[i] - last_experience[i])
                memory[i] -= fading * memory[i]
            satisfaction[i] += nearer * (last_experience[i] - satisfaction[i])
            habit[i] += slower * (satisfaction[i] - habit[i])
            members += 1
            satisfactions += int(satisfaction[i] * MICRO)
            habits += int(habit[i] * MICRO)
            brought += int(served[i] * memory[i] * MICRO)
    talk[:] = 0
    worth[:] = 0.0
    nuisance[:] = 0.0
    waits[:] = 0.0
    unease[:] = 0.0
    return members, satisfactions, habits, awake, experiences, brought


def rival_terms(state: State) -> RivalTerms:
    """Today's terms of a day on the rival."""
    now = state[OutsideOptionColumns]
    return RivalTerms(*(float(getattr(now, name)[0]) for name in RivalTerms._fields))


def before_fees(setting: ExperienceSettings) -> float:
    """Utility that a CNY we take on a day of use would have added to `served`, which is kept before our fees."""
    return setting.money_worth * -math.expm1(-1.0 / setting.satisfaction_days)


def feel(state: State) -> None:
    """Today's feelings become experience, satisfaction and habit."""
    felt, users, setting = state[FeltColumns], state[UserColumns], state.settings(ExperienceSettings).row
    sums = state.over_blocks(lambda part: _feel(*part, users, felt, setting))
    members, satisfactions, habits, awake, experiences, brought = sums
    state.note(MEAN_SATISFACTION, satisfactions / MICRO / max(1, members))
    state.note(MEAN_HABIT, habits / MICRO / max(1, members))
    state.note(MEAN_EXPERIENCE, experiences / MICRO / max(1, awake))
    outside = state[OutsideOptionColumns]
    outside.served[0], outside.days_of_use[0] = brought / MICRO / max(1, members), awake
