"""Steering: the company follows a rule for one of its levers, such as: raise the load of adverts until it earns no more.

Every so many days it looks at what it steers by, a day in the mean. While that rises it moves the lever on, else it
turns round; where fewer people come each day than it will bear, it lowers the lever whatever that costs. This is
greedy hill climbing with period `review`; effects slower than that are missed.
"""

from typing import Any, Literal

import mesa
import numpy as np

from sim.engine.columns import Column, Table
from sim.engine.settings import Settings, decided
from sim.ground.agents import Field
from sim.ground.metrics import flow, stock
from sim.people.users import DAILY_USERS
from sim.people.welfare import USERS_WELFARE
from sim.state import State

REVENUE = flow("revenue.total", "cents", "revenue from all streams")
PROFIT = flow("profit.total", "cents", "revenue less costs")
GOALS = {
    "revenue": (REVENUE,),
    "profit": (PROFIT,),
    "users": (USERS_WELFARE,),
    "both": (PROFIT, USERS_WELFARE),
}


class SteeringSettings(Settings):
    """[steering]"""

    on: bool = decided.switch(False, "whether the company follows a rule for a lever, or keeps it")
    lever: str = decided.word("advertising.discovery_slots", "lever that it moves, `section.key`", unit="setting")
    goal: Literal["revenue", "profit", "users", "both"] = decided.word(
        "revenue", "what it steers by: revenue, profit, users' surplus, or profit and surplus together"
    )
    step: float = decided.positive(0.5, "unit of the lever", "how far it moves the lever at a review", "", 0.01, 5)
    review: int = decided.count(28, "days", "days between reviews", "whole weeks", 7, 182, ge=1)
    least: float = decided.number(0.0, "unit of the lever", "lowest place of the lever", "", 0, 10)
    most: float = decided.number(6.0, "unit of the lever", "highest place of the lever", "", 0, 10)
    least_use: float = decided.share(0.0, "daily users, of those before the first review, that it keeps at any cost")


class SteeringColumns(Table):
    """One row."""

    place = Column(np.float64, 0, "where the lever stands, once reviewed")
    direction = Column(np.int8, 1, "1 while it is raised, -1 while it is lowered")
    reviews = Column(np.int64, 0, "reviews so far")
    goal = Column(np.float64, 0, "sum of what it steers by since the last review", "cents")
    goal_before = Column(np.float64, 0, "the same, a day, before the last review", "cents")
    use = Column(np.float64, 0, "sum of daily users since the last review", "people")
    use_first = Column(np.float64, 0, "daily users before the first review", "people")
    days = Column(np.int64, 0, "days since the last review", "days")


LEVER = stock("steering.lever", "unit of the lever", "where the lever stands that the company steers", "neither")
REVIEWS = flow("steering.reviews", "reviews", "reviews of that lever", "neither")
METRICS = (LEVER, REVIEWS)


def next_direction(direction: int, rose: bool, use: float, least_use: float) -> int:
    """Where the lever goes next: down if too few come, on if that paid, else back."""
    if use < least_use:
        return -1
    return direction if rose else -direction


class Steering(mesa.Agent):
    """Reviews one lever."""

    calendar = 1  # it watches every day, and reviews on a day of its own
    place, direction, reviews, goal, goal_before = Field(), Field(), Field(), Field(), Field()
    use, use_first, days = Field(), Field(), Field()

    def __init__(self, model: State, table: Table) -> None:
        super().__init__(model)
        self.table, self.row = table, 0

    def decide(self) -> None:
        """At a review, find the lever's next place; it moves there tomorrow."""
        settings = self.model.settings(SteeringSettings)
        if not settings.on or self.days < settings.review:
            return
        goal, use = self.goal / self.days, self.use / self.days
        if self.reviews == 0:
            self.place, self.use_first = lever_of(self.model.now), use
        else:
            least = settings.least_use * self.use_first
            self.direction = next_direction(self.direction, goal > self.goal_before, use, least)
        moved = self.place + self.direction * settings.step
        self.place = min(settings.most, max(settings.least, moved))
        self.reviews += 1
        self.goal_before = goal
        self.goal = self.use = self.days = 0
        self.model.note(REVIEWS, 1)


def lever_of(scenario: Any) -> float:
    """Where a scenario's lever stands."""
    section, _, key = scenario.steering.lever.partition(".")
    return float(getattr(getattr(scenario, section), key))


def applied(state: State, scenario: Any) -> Any:
    """A scenario with the lever where the rule has moved it."""
    row = state[SteeringColumns]
    if not scenario.steering.on or row.reviews[0] == 0 or lever_of(scenario) == row.place[0]:
        return scenario
    section, _, key = scenario.steering.lever.partition(".")
    place: Any = float(row.place[0])
    if isinstance(getattr(getattr(scenario, section), key), int):
        place = round(place)
    return scenario.with_values({scenario.steering.lever: place})


def forget(state: State) -> None:
    """Reset the rule's memory: a world goes on under another rule, or with another lever."""
    for name, column in state.table(SteeringColumns).arrays().items():
        column[...] = getattr(SteeringColumns, name).first


def record_goal(state: State) -> None:
    """Remember what the day earned, and how many came, until the next review."""
    settings = state.settings(SteeringSettings)
    if not settings.on:
        return
    row = state[SteeringColumns]
    row.goal[0] += sum(map(state.noted, GOALS[settings.goal]))
    row.use[0] += state.noted(DAILY_USERS)
    row.days[0] += 1
    state.note(LEVER, lever_of(state.now))


def found_rule(state: State) -> None:
    """Day 0: there is somebody to follow the rule."""
    Steering(state, state.table(SteeringColumns))
