"""Bookings: what people ask for in the thread, and who is stranded, on their way to be served in order of time."""

from typing import NamedTuple

import numpy as np

from sim.engine.kernels import with_cached_type, with_type_of_first

ROOM = 2_048


@with_cached_type
class Bookings(NamedTuple):
    """Seats asked for: `to` is the row of the flight, `day` its day, `cents` its fare in the thread.

    `other` is 0 for the person, else who of those that the person stands for. tally, by their numbers below: of the people
    simulated trips wished, bought outside and unaffordable, and fares paid at agencies now and were there no thread; of all
    of them wishes, and expected tickets in the thread and at agencies, in millionths.
    """

    who: np.ndarray
    to: np.ndarray
    cents: np.ndarray
    day: np.ndarray
    minute: np.ndarray
    other: np.ndarray
    used: np.ndarray
    tally: np.ndarray


def bookings() -> Bookings:
    """An empty outbox of bookings."""
    return with_type_of_first(
        Bookings(
            np.empty(ROOM, np.uint32), np.empty(ROOM, np.int32), np.empty(ROOM, np.int64), np.empty(ROOM, np.int16),
            np.empty(ROOM, np.int32), np.empty(ROOM, np.int16), np.zeros(1, np.int64), np.zeros(8, np.int64),
        )
    )  # fmt: skip


@with_cached_type
class Asked(NamedTuple):
    """Seats asked for today: person, flight, fare, day of the flight, minute, and whether the person is simulated."""

    who: np.ndarray
    flight: np.ndarray
    cents: np.ndarray
    day: np.ndarray
    minute: np.ndarray
    simulated: np.ndarray


@with_cached_type
class Stranded(NamedTuple):
    """People on today's cancelled flights, those simulated first: `who` are these, the others are behind them.

    `minute` is when their turn is over, `lost` the minutes from the notice until then; `flights` are cancelled.
    """

    who: np.ndarray
    flight: np.ndarray
    minute: np.ndarray
    lost: np.ndarray
    flights: int
