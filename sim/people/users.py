"""Users: who they are. Traits are drawn once, by name; state is what a life in the messenger changes."""

from typing import Self

import numpy as np
from pydantic import model_validator

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.engine.settings import Floats, Settings, assumed
from sim.ground.metrics import flow, ratio, stock
from sim.state import State

NEVER, MEMBER, LEFT, DROPPED_OUT = 0, 1, 2, 3  # who left did so for the rival
AGES = 4
AWAY = -32_768  # `last_active` of somebody who has not opened the app yet


class UsersSettings(Settings):
    """[users]"""

    first_members: float = assumed.share(0.9, "people who are members on day 0", "the rest can join", 0.01, 1.0)
    age_shares: Floats = assumed.word(
        (0.3, 0.3, 0.25, 0.15), "people by age: under 25, to 40, to 55, past 55", "round figures", unit="shares"
    )
    age_messages: Floats = assumed.word(
        (74.0, 64.0, 52.0, 44.0), "messages a day by age; only their ratios matter",
        "facts.csv: 74 for the young, 44 past 55; between by line", unit="messages",
    )  # fmt: skip
    sociability_spread: float = assumed.amount(
        1.75, "log-spread", "inequality of wishing to write; with presence and replies, sent messages have Gini .6-.75",
        "facts.csv: Gini .68-.715 (CollegeMsg, email)", 0.8, 2.0,
    )  # fmt: skip
    income: int = assumed.count(
        450_000, "cents a month", "mean monthly income", "urban wages in China 2015, about 62,000 CNY a year", 100_000,
        2_000_000, ge=1, le=10**8,
    )  # fmt: skip
    income_spread: float = assumed.amount(
        0.6, "log-spread", "inequality of income (Gini .33)", "round figure", 0.3, 1.0
    )
    privacy_concern: float = assumed.share(0.3, "mean concern for privacy, from 0 to 1", "MODEL.md, Trust", 0.1, 0.6)
    unconcerned: float = assumed.share(
        0.2, "people who do not mind at all what is known of them; with a mean of .3 another quarter minds much, above .54",
        "Westin's surveys: a tenth to a fifth unconcerned, a quarter who mind much (Kumaraguru, Cranor 2005)", 0.1, 0.35,
    )  # fmt: skip
    advert_aversion_spread: float = assumed.amount(
        0.8, "log-spread", "inequality of aversion to adverts, mean 1", "round figure", 0.2, 1.5
    )

    @model_validator(mode="after")
    def _every_age_counts(self) -> Self:
        if len(self.age_shares) != AGES or min(self.age_shares) < 0 or sum(self.age_shares) <= 0:
            raise ValueError(f"age_shares {self.age_shares}: {AGES} shares, none below zero, not all zero")
        if len(self.age_messages) != AGES or min(self.age_messages) <= 0:
            raise ValueError(f"age_messages {self.age_messages}: {AGES} numbers above zero")
        return self


class UserColumns(Table):
    """A row a person."""

    age = Column(np.uint8, 0, "age band: 0 under 25, 1 to 40, 2 to 55, 3 past 55")
    sociability = Column(np.float32, 1, "wish to write, mean 1 over people")
    income = Column(np.int32, 0, "monthly income", "cents")
    advert_aversion = Column(np.float32, 1, "dislike of adverts, mean 1")
    privacy_concern = Column(np.float32, 0, "concern for privacy, 0 to 1")
    membership = Column(
        np.uint8, NEVER, "0 never a member, 1 member, 2 left for the rival, 3 dropped out for reasons of their own"
    )
    joined = Column(np.int16, AWAY, "day on which the person last joined; -32768 for first members")
    active = Column(np.uint8, 0, "1 if the app was opened today (yesterday, until today's waking)")
    last_active = Column(np.int16, AWAY, "last day on which the app was opened")


class UsualColumns(Table):
    """One row: the undisturbed world that presence and retention are centred on, measured on day 0."""

    satisfaction = Column(np.float64, 0, "mean satisfaction of members", "logit units")
    friends_active = Column(np.float64, 0, "mean share of friends active")
    members = Column(np.float64, 0, "members", "people")


DAILY_USERS = stock("users.daily", "people", "people who opened the app today")
MONTHLY_USERS = stock("users.monthly", "people", "members who opened the app in the last 30 days")
MEMBERS = stock("users.members", "people", "members")
RETENTION = stock("users.retention", "share", "first members who never left and opened the app in the last 30 days")
LEFT_PEOPLE = stock("users.left", "people", "people who were members and left", "less")
JOINS = flow("users.joins", "people", "people who joined or came back")
LEAVES = flow("users.leaves", "people", "members who left", "less")
DAILY_SHARE = ratio("users.daily_share", "share", "daily over monthly users", DAILY_USERS, MONTHLY_USERS)
METRICS = (DAILY_USERS, MONTHLY_USERS, MEMBERS, RETENTION, LEFT_PEOPLE, JOINS, LEAVES, DAILY_SHARE)


@rule
def privacy_concern(mean, u, unconcerned=0.2):
    """Concern in [0, 1] with the given mean: some do not mind at all, most somewhat, some much (Westin).

    Of those who mind, a power of a uniform number. Where the mean leaves no room for so many who do not, fewer do not.
    """
    if mean <= 0.0 or mean >= 1.0:
        return mean
    minding = max(mean, 1.0 - unconcerned)
    above = u - (1.0 - minding)
    return (above / minding) ** (minding / mean - 1.0) if above > 0.0 else 0.0


@kernel
def _draw(users, age_bounds, age_messages, setting, keys):
    """Each person's traits, from a key a trait."""
    for who in range(users.age.size):
        u = luck.uniform(keys[0], who, 0)
        age = 0
        while age < 3 and u > age_bounds[age]:
            age += 1
        users.age[who] = age
        users.sociability[who] = age_messages[age] * luck.lognormal(
            1.0, setting.sociability_spread, luck.uniform(keys[1], who, 0)
        )
        users.income[who] = np.int32(
            min(2e9, luck.lognormal(setting.income, setting.income_spread, luck.uniform(keys[2], who, 0)))
        )
        users.advert_aversion[who] = luck.lognormal(1.0, setting.advert_aversion_spread, luck.uniform(keys[3], who, 0))
        users.privacy_concern[who] = privacy_concern(
            setting.privacy_concern, luck.uniform(keys[4], who, 0), setting.unconcerned
        )


def draw_traits(state: State) -> None:
    """Day 0: who everybody is, and who is a member."""
    settings, rows = state.settings(UsersSettings), state[UserColumns]
    shares = np.array(settings.age_shares)
    messages = np.array(settings.age_messages)
    keys = tuple(
        state.lasting_luck(f"users.{trait}") for trait in ("age", "sociability", "income", "aversion", "privacy")
    )
    _draw(
        rows, np.cumsum(shares / shares.sum()), messages / (messages * shares / shares.sum()).sum(), settings.row, keys
    )
    luck_of_joining = luck.uniforms(state.lasting_luck("users.first_members"), state.size)
    rows.membership[...] = np.where(luck_of_joining < settings.first_members, MEMBER, NEVER)


@kernel
def _count_members(first, last, membership, joined, last_active, since):
    """Members of first..last, those of them here after day `since`, those who left, and first members still here."""
    here, opened, came = membership[first:last], last_active[first:last], joined[first:last]
    members = monthly = left = loyal = 0
    for i in range(here.size):
        member = here[i] == MEMBER
        members += member
        monthly += member & (opened[i] > since)
        loyal += member & (opened[i] > since) & (came[i] == AWAY)
        left += (here[i] == LEFT) | (here[i] == DROPPED_OUT)
    return members, monthly, left, loyal


def count_users(state: State) -> None:
    """Measure who is here."""
    rows = state[UserColumns]
    members, monthly, left, loyal = state.over_blocks(
        lambda part: _count_members(*part, rows.membership, rows.joined, rows.last_active, state.day - 30)
    )
    state.note(DAILY_USERS, sum(part.size for part in state.awake))
    state.note(MEMBERS, members)
    state.note(MONTHLY_USERS, monthly)
    state.note(LEFT_PEOPLE, left)
    first = float(state[UsualColumns].members[0])
    state.note(RETENTION, loyal / first if first else 0.0)
