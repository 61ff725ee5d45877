"""Savings: whether people keep them in the platform's bank (banking/banking.py), by interest, trust and trouble.

They think again once in a while, and move what they would move by a logit over the two places, each with a taste of their own.
"""

from typing import NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.kernels import kernel, post, rule, with_cached_type
from sim.ground import choice
from sim.people.presence import HERE, STRANGER, days_of_use


@with_cached_type
class Savers(NamedTuple):
    """Columns of people that savings read, and those they write: `gain` and `worth`."""

    here: np.ndarray
    income: np.ndarray
    in_bank: np.ndarray
    held: np.ndarray
    trust: np.ndarray
    eagerness: np.ndarray
    gain: np.ndarray
    worth: np.ndarray


@rule
def utility_of_savings(rate, outside, weight, trust, trust_weight):
    """How much better savings are kept here than outside, in logit units, before tastes."""
    return 100.0 * weight * (rate - outside) - trust_weight * (1.0 - trust)


@kernel
def think_again(due, people, setting, usual_months, keys, box):
    """Members whose day it is may move savings: events (person, 0 in or 1 out, cents).

    usual_months: of income, that people save. keys: taste, thinking again.
    """
    effort, worth, gain = setting.savings_effort, people.worth, people.gain
    money = 0.01 / 12.0 / setting.savings_weight / 100.0  # CNY a month, logit unit and cent of savings
    for who in due:
        mine = people.held[who]
        better = utility_of_savings(
            setting.deposit_rate,
            setting.savings_outside,
            setting.savings_weight,
            people.trust[who],
            setting.trust_weight,
        )
        taste = choice.logistic(luck.uniform(keys[0], who, 0))
        if people.here[who] == STRANGER:
            if mine > 0:
                post(box, who, np.uint32(1), mine)
            gain[who] = 0.0
            continue
        if people.here[who] == HERE and luck.uniform(keys[1], who, 0) < setting.reconsiders:
            if better - (0.0 if mine > 0 else effort) > taste:
                wanted = int(setting.movable * usual_months * people.income[who])
                more = min(wanted - mine, people.in_bank[who])
                if more > 0:
                    worth[who] -= effort * money * more if mine == 0 else 0.0
                    post(box, who, np.uint32(0), more)
                    mine += more
            elif mine > 0:
                post(box, who, np.uint32(1), mine)
                mine = 0
        gain[who] = (better - taste) * money * mine / days_of_use(people.eagerness[who])
