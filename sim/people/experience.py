"""Experience: how a day felt, and how satisfaction and habit follow it at their two speeds.

Services add to today's feelings of the people they touched; at the end of the day these become the day's experience
e = theta ln(1 + talk)/ln 61 + alpha worth - nuisance - waits - unease, in logit units. Satisfaction is its average
over about ten days, habit that of satisfaction over about a hundred, so a lasting change is felt three times as much
in the long run as after a month (Huang, Reiley, Riabov 2018).
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.engine import elementary
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.engine.settings import Settings, assumed
from sim.ground.metrics import flow, stock
from sim.people.users import MEMBER

if TYPE_CHECKING:
    from sim.world import World

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


class FeltColumns(Table):
    """A row a person: what today brought (services add to it) and what stays."""

    talk = Column(np.int32, 0, "messages sent and received today, media and calls at their worth", "messages")
    worth = Column(np.float32, 0, "net worth of needs met today", "CNY")
    nuisance = Column(np.float32, 0, "adverts suffered today", "logit units")
    waits = Column(np.float32, 0, "waits and failures today", "logit units")
    unease = Column(np.float32, 0, "feeling known too well, today", "logit units")
    experience = Column(np.float32, 0, "the last day of use, as felt", "logit units")
    satisfaction = Column(np.float32, 0, "slow average of experience", "logit units")
    habit = Column(np.float32, 0, "slower average of satisfaction", "logit units")
    surplus = Column(np.float64, 0, "welfare since day 0", "CNY")


METRICS = (
    stock("satisfaction.mean", "logit units", "mean satisfaction of members"),
    stock("habit.mean", "logit units", "mean habit of members"),
    stock("experience.mean", "logit units", "mean experience of today's users"),
    flow(
        "welfare.users",
        "cents",
        "users' surplus: worth of their days here and of talk on the rival, less what they pay",
    ),
)


@rule
def experience(talk, worth, nuisance, waits, unease, talk_worth, money_worth):
    """How a day of use feels, in logit units."""
    return talk_worth * elementary.log(1.0 + talk) / LN61 + money_worth * worth - nuisance - waits - unease


@rule
def follow(level, target, days):
    """One day's step of a slow average towards what it follows."""
    return level + (1.0 - math.exp(-1.0 / days)) * (target - level)


MICRO = 1e6  # kernels sum integers, so that a total never hangs on the order: millionths of a unit


@kernel
def _feel(first, last, users, felt, attention, eagerness, rival_talk, it):
    """Members' day: today's experience (the last one when away), satisfaction, habit and surplus.

    A person's surplus adds the worth of a day of use here, and of the talk they have elsewhere: on as many days as they
    usually chat at all, so that nobody gains by moving to a rival that is no better. Today's feelings are emptied.
    Returns (members, satisfaction, habit, people awake, experience, surplus gained), sums in millionths.
    """
    nearer, slower = 1.0 - math.exp(-1.0 / it.satisfaction_days), 1.0 - math.exp(-1.0 / it.habit_days)
    membership, active = users.membership[first:last], users.active[first:last]
    talk, worth, nuisance = felt.talk[first:last], felt.worth[first:last], felt.nuisance[first:last]
    waits, unease = felt.waits[first:last], felt.unease[first:last]
    last_experience, satisfaction = felt.experience[first:last], felt.satisfaction[first:last]
    habit, surplus, here = felt.habit[first:last], felt.surplus[first:last], attention[first:last]
    eager = eagerness[first:last]
    gain, today = np.empty(membership.size), np.empty(membership.size)
    for i in range(gain.size):  # two loops without a branch that write to one place each: they are vectorised
        today[i] = experience(talk[i], worth[i], nuisance[i], waits[i], unease[i], it.talk_worth, it.money_worth)
    for i in range(gain.size):
        gain[i] = rival_talk * (1.0 - here[i]) / (1.0 + elementary.exp(-eager[i])) / it.money_worth
    members = satisfactions = habits = awake = experiences = gained = 0
    for i in range(gain.size):
        if membership[i] == MEMBER:
            if active[i]:
                last_experience[i] = today[i]
                gain[i] += today[i] / it.money_worth
                awake += 1
                experiences += int(today[i] * MICRO)
            satisfaction[i] += nearer * (last_experience[i] - satisfaction[i])
            habit[i] += slower * (satisfaction[i] - habit[i])
            members += 1
            satisfactions += int(satisfaction[i] * MICRO)
            habits += int(habit[i] * MICRO)
        surplus[i] += gain[i]
        gained += int(gain[i] * MICRO)
    talk[:] = 0
    worth[:] = 0.0
    nuisance[:] = 0.0
    waits[:] = 0.0
    unease[:] = 0.0
    return members, satisfactions, habits, awake, experiences, gained


def feel(world: "World") -> None:
    """Today's feelings become experience, satisfaction, habit and surplus."""
    felt, users = world.felt.rows, world.users.rows
    here = world.tables["attention"].rows.attention
    eagerness, it = world.presence.rows.eagerness, world.now.experience.row
    rival_talk = world.now.attention.rival_talk_worth * world.rival.launched
    sums = world.over_blocks(lambda part: _feel(*part, users, felt, here, eagerness, rival_talk, it))
    members, satisfactions, habits, awake, experiences, gained = sums
    world.note("satisfaction.mean", satisfactions / MICRO / max(1, members))
    world.note("habit.mean", habits / MICRO / max(1, members))
    world.note("experience.mean", experiences / MICRO / max(1, awake))
    world.add("welfare.users", round(100 * gained / MICRO))  # subscriptions have been paid
