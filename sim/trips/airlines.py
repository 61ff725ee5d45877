"""Airlines: what they ask for a seat in the thread, and what they earn there and at agencies.

The same seats are sold at agencies, whose fares follow the whole market and are taken as given. Once a week each of a
few like airlines moves its fares in the thread half-way to its best response: what a passenger costs, and what one won
here takes from its own sales elsewhere, over one less the platform's commission, plus the spread of taste. A commission
is thus passed on as shops pass theirs on, fewer tickets are sold, and airlines, travellers and platform each bear a part.
Where flights sell out, a seat also costs what the traveller whom it displaces would have paid, so that fares rise till
seats go to those who want them most. One row stands for all, so that nothing hangs on how many people are simulated.
"""

import mesa
import numpy as np

from sim.engine.columns import Column, Table
from sim.engine.elementary import exp
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed
from sim.ground.agents import Field
from sim.ground.metrics import stock
from sim.state import State
from sim.trips.terms import TripsSettings

AIRLINES = "airlines"
MICRO = 1e6  # kernels sum integers
MOST_COMMISSION = 0.99  # by which one can still divide


class AirlinesSettings(Settings):
    """[airlines]"""

    number: int = assumed.count(
        4,
        "airlines",
        "airlines that a traveller can choose among, each with as many of them",
        "round figure",
        1,
        10,
        ge=1,
    )
    seat_cost: float = assumed.share(
        0.65, "what a passenger costs an airline, as a part of the fare at an agency",
        "airlines' margins are thin; with it fares in the thread begin near those at agencies", 0.4, 0.8,
    )  # fmt: skip
    agency_commission: float = assumed.share(
        0.07, "part of a fare that an agency keeps", "agencies take 5-10 % (from memory)", 0.03, 0.12
    )
    agency_margin: float = assumed.share(0.2, "part of that which is profit", "MODEL.md: sellers outside", 0.0, 0.4)
    adjustment: float = assumed.share(
        0.5, "part of the way to the best fares gone each week", "as [merchants]", 0.05, 1
    )


class AirlineColumns(Table):
    """One row: all airlines; their account is in the ledger."""

    flights = Column(np.int64, 0, "flights flown")
    level = Column(np.float64, 1, "fares in the thread over those at agencies")
    wished = Column(np.int64, 0, "this week: trips wanted, of people simulated and of those they stand for", "trips")
    here = Column(np.int64, 0, "this week: tickets they were expected to buy in the thread", "millionths")
    elsewhere = Column(np.int64, 0, "this week: tickets they were expected to buy at agencies", "millionths")
    asked = Column(np.int64, 0, "this week: seats asked for in the thread", "seats")
    refused = Column(np.int64, 0, "of these, on flights that were full", "seats")


FARE_LEVEL = stock("trips.fare_level", "ratio", "fares asked in the thread over those at agencies", "neither")
METRICS = (FARE_LEVEL,)


@rule
def best_level(seat_cost, commission, taste, level, here, elsewhere, agency_commission, number, scarce):
    """Best fare in the thread of one of some like airlines, over the fare at an agency.

    From the first-order condition of a logit over two ways to buy each airline's seats, (p (1 - t) - c - gained)/(1 - t) =
    1/alpha, with `gained` what the airline's own share of all who want a trip brings it on either way.

    Args:
        seat_cost, taste: cost of a passenger and spread of taste 1/alpha, over the fare at an agency.
        level, here, elsewhere: the fare now, and the shares who buy at it in the thread and at an agency.
        scarce: chance that a seat sold is one that another who asked for it does not get.
    """
    gained = here * (level * (1.0 - commission) - seat_cost) + elsewhere * (1.0 - agency_commission - seat_cost)
    displaced = scarce * max(0.0, level * (1.0 - commission) - seat_cost)
    return (seat_cost + displaced + gained / number) / (1.0 - commission) + taste


class Airlines(mesa.Agent):
    """All airlines."""

    calendar = 7

    level, wished, here, elsewhere, asked, refused = Field(), Field(), Field(), Field(), Field(), Field()

    def __init__(self, model: State, table: Table) -> None:
        super().__init__(model)
        self.table, self.row = table, 0

    def decide(self) -> None:
        """Once a week: half-way to the best fare, by what the week's travellers would do."""
        state = self.model
        if not state.settings(TripsSettings).on:
            return
        if self.wished:
            here, elsewhere = (count / MICRO / self.wished for count in (self.here, self.elsewhere))
            target = _target(state, self.level, here, elsewhere, self.refused / max(1, self.asked))
            self.level += state.settings(AirlinesSettings).adjustment * (target - self.level)
        self.wished = self.here = self.elsewhere = self.asked = self.refused = 0


def _target(state: State, level: float, here: float, elsewhere: float, scarce: float = 0.0) -> float:
    settings, trips = state.settings(AirlinesSettings), state.settings(TripsSettings)
    taste = 100.0 / trips.price_weight / trips.fare
    commission = min(MOST_COMMISSION, trips.commission)
    return float(
        best_level(
            settings.seat_cost,
            commission,
            taste,
            level,
            here,
            elsewhere,
            settings.agency_commission,
            settings.number,
            scarce,
        )
    )


def found_airlines(state: State) -> None:
    """Day 0: fares are at rest for a traveller who is asked the mean fare."""
    trips, airlines = state.settings(TripsSettings), Airlines(state, state.table(AirlineColumns))
    usual, weight = trips.fare / 100.0, trips.price_weight
    agency, home = exp(trips.worth - weight * usual - trips.effort), exp(trips.doing_without)
    for _ in range(100):
        thread = exp(trips.worth - weight * usual * airlines.level)
        total = thread + agency + home
        airlines.level += 0.2 * (_target(state, airlines.level, thread / total, agency / total) - airlines.level)
