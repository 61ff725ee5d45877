"""The city: a torus of a few kilometres on which riders and drivers meet, and who is nearest.

Every city is a patch of a larger one, of the same density of people however many are simulated: rides that leave on one
side come back on the other, and where few are simulated each stands for several of the city's people. Places are two
numbers in [0, 1). Who is free lies in a grid of cells, each a linked list, so that the nearest is found exactly by
looking at rings of cells until none that is left could hold anybody nearer. Zones are for pricing alone.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed

MOST_STOOD_FOR = 255  # people of a city for whom one simulated person can stand
MINUTES = 1_440  # a day
PARTS = 8_192  # of equal chance, into which `clock_of` cuts a day


class CitySettings(Settings):
    """[city]"""

    people: int = assumed.count(
        30_000, "people", "people of one city, whose rides are served by its own drivers", "round figure",
        20_000, 200_000, ge=10_000,
    )  # fmt: skip
    density: float = assumed.positive(
        2_000.0, "people a km2", "people of whom one square kilometre's drivers live",
        "fitted: rides.wait_minutes near 3 in taxi.toml (facts.csv: Uber 2.6)", 200, 5_000,
    )  # fmt: skip
    zones: int = assumed.count(
        2,
        "zones",
        "zones a side, each with a price of its own; 0 for one price without surge",
        "round figure",
        0,
        6,
        le=30,
    )
    detour: float = assumed.number(1.3, "times", "way by road over the straight line", "round figure", 1.1, 1.6, ge=1)
    speed: float = assumed.positive(25.0, "km an hour", "speed of a car", "round figure", 15, 40)


@rule
def wrap(x):
    """A place on the circle [0, 1)."""
    inside = x - math.floor(x)
    return inside if inside < 1.0 else 0.0


@rule
def apart(x, y, other_x, other_y):
    """Squared distance between two places, the shorter ways round."""
    across, along = abs(x - other_x), abs(y - other_y)
    across, along = min(across, 1.0 - across), min(along, 1.0 - along)
    return across * across + along * along


@rule
def cell_of(x, y, cells):
    """The cell, or zone, of a place, where a side has so many."""
    return min(int(y * cells), cells - 1) * cells + min(int(x * cells), cells - 1)


class Grid(NamedTuple):
    """Who lies in which of `cells` times `cells` cells: the first of each, and each one's neighbours; -1 is nobody."""

    head: NDArray[np.int32]
    after: NDArray[np.int32]
    before: NDArray[np.int32]
    cells: int


@rule
def grid_for(cells, people):
    """An empty grid of about so many cells for so many people."""
    side = max(1, int(math.sqrt(cells)))
    return Grid(np.full(side * side, -1, np.int32), np.empty(people, np.int32), np.empty(people, np.int32), side)


@rule
def onto(place, cells):
    """The cell of a row that a step leads to, round the torus; the step is less than a whole round."""
    return place + cells if place < 0 else place - cells if place >= cells else place


@rule
def put(head, after, before, cell, who):
    """Write somebody into a cell: `head` is the first of each cell, `after` and `before` are neighbours, -1 nobody."""
    after[who], before[who] = head[cell], -1
    if head[cell] >= 0:
        before[head[cell]] = who
    head[cell] = who


@rule
def take(head, after, before, cell, who):
    """Strike somebody from their cell."""
    if before[who] >= 0:
        after[before[who]] = after[who]
    else:
        head[cell] = after[who]
    if after[who] >= 0:
        before[after[who]] = before[who]


@rule
def nearest(head, after, x, y, cells, at_x, at_y, farthest):
    """Who in the grid is nearest to a place and less than the squared distance `farthest` away; -1 for nobody.

    Of several as near, the lowest number. `x` and `y` are the places of those in the grid.
    """
    best, found = farthest, -1
    column, line = min(int(at_x * cells), cells - 1), min(int(at_y * cells), cells - 1)
    inside_x, inside_y = at_x * cells - column, at_y * cells - line
    margin = min(min(inside_x, 1.0 - inside_x), min(inside_y, 1.0 - inside_y))  # to the edge of the cell
    low, high = -((cells - 1) // 2), cells // 2  # each cell of the torus once
    for ring in range(high + 1):
        reach = (ring - 1 + margin) / cells  # nobody in this ring is nearer
        if ring > 0 and reach * reach > best:
            break
        for dy in range(max(low, -ring), min(high, ring) + 1):
            row = onto(line + dy, cells) * cells
            step = 1 if abs(dy) == ring else max(1, 2 * ring)  # a whole line, or its two ends
            for dx in range(-ring, ring + 1, step):
                if dx < low or dx > high:
                    continue
                who = head[row + onto(column + dx, cells)]
                while who >= 0:
                    distance = apart(x[who], y[who], at_x, at_y)
                    if distance < best or (distance == best and 0 <= found and who < found):
                        best, found = distance, who
                    who = after[who]
    return found


@rule
def minute_of(u, clock):
    """Minute of a day for a luck u; `clock_of` made the clock."""
    return np.int64(clock[int(u * clock.size)])


@rule
def minutes_for(km, speed):
    """Minutes that a way takes."""
    return 60.0 * km / speed


@functools.cache
def clock_of(hours: tuple[float, ...]) -> NDArray[np.int16]:
    """A table to draw minutes from: equally likely minutes of a day whose hours have these weights."""
    weights = np.repeat(np.maximum(0.0, np.asarray(hours, np.float64)), MINUTES // max(1, len(hours)))
    happened = np.cumsum(weights) / max(1e-12, weights.sum())
    return np.searchsorted(happened, (np.arange(PARTS) + 0.5) / PARTS).clip(0, MINUTES - 1).astype(np.int16)


def number(people: int, city: CitySettings) -> int:
    """Number of cities: person `who` lives in city `who * cities // people`."""
    return max(1, round(people / city.people))


def stands_for(people: int, city: CitySettings) -> int:
    """People of a city for whom each one simulated stands: 1 where cities are whole."""
    return min(MOST_STOOD_FOR, max(1, round(city.people * number(people, city) / people)))


def side(people: int, city: CitySettings) -> float:
    """Length of a city's side in km."""
    return math.sqrt(people / number(people, city) * stands_for(people, city) / city.density)
