"""The city: a torus, whose nearest driver is the nearest whatever the grid, and whose density hangs on nobody simulated."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sim.engine import luck
from sim.rides import city
from sim.rides.city import CitySettings

place = some.floats(0.0, 1.0, exclude_max=True)


class Town:
    """A grid with drivers in it, for tests."""

    def __init__(self, x: list[float], y: list[float], cells: int) -> None:
        self.x, self.y, self.cells = np.array(x), np.array(y), cells
        self.head = np.full(cells * cells, -1, np.int32)
        self.after, self.before = np.empty(len(x), np.int32), np.empty(len(x), np.int32)
        for who in range(len(x)):
            self.put(who)

    def put(self, who: int) -> None:
        city.put(self.head, self.after, self.before, city.cell_of(self.x[who], self.y[who], self.cells), who)

    def take(self, who: int) -> None:
        city.take(self.head, self.after, self.before, city.cell_of(self.x[who], self.y[who], self.cells), who)

    def nearest(self, x: float, y: float, farthest: float = math.inf) -> int:
        return city.nearest(self.head, self.after, self.x, self.y, self.cells, x, y, farthest)


def test_the_shorter_way_may_lead_over_the_edge() -> None:
    assert city.apart(0.1, 0.5, 0.9, 0.5) == pytest.approx(0.2**2)
    assert city.apart(0.05, 0.05, 0.95, 0.95) == pytest.approx(2 * 0.1**2)
    assert city.apart(0.2, 0.2, 0.7, 0.7) == pytest.approx(0.5), "nothing is farther than half a diagonal"


@given(some.floats(-3.0, 3.0))
def test_whoever_leaves_on_one_side_comes_back_on_the_other(x: float) -> None:
    assert 0.0 <= city.wrap(x) < 1.0
    assert math.cos(2 * math.pi * city.wrap(x)) == pytest.approx(math.cos(2 * math.pi * x), abs=1e-9)


@pytest.mark.parametrize("tiny", [-1e-18, -5e-324])
def test_a_hair_over_the_edge_is_still_in_the_city(tiny: float) -> None:
    """floor(-1e-18) is -1 and the sum rounds to 1.0, which is no place."""
    assert city.wrap(tiny) == 0.0
    assert city.cell_of(city.wrap(tiny), 0.0, 7) == 0


@settings(max_examples=300, deadline=None)
@given(some.lists(some.tuples(place, place), min_size=1, max_size=30), place, place, some.integers(1, 9))
def test_the_nearest_is_the_nearest_whatever_the_grid(
    drivers: list[tuple[float, float]], x: float, y: float, cells: int
) -> None:
    """Breaks if a ring of cells is left out, or if the search stops a ring too early."""
    town = Town([a for a, _ in drivers], [b for _, b in drivers], cells)
    distances = [city.apart(a, b, x, y) for a, b in drivers]
    assert town.nearest(x, y) == int(np.argmin(distances)), "of several as near, the lowest number"


def test_taking_and_putting_back_keeps_the_search_exact() -> None:
    rng = luck.uniforms(luck.key(3, "test.city"), 4_000)
    town = Town(rng[:60].tolist(), rng[60:120].tolist(), 5)
    here = set(range(60))
    for step in range(900):
        x, y, u, v = rng[120 + 4 * step % 3_800 :][:4].tolist()
        who = int(u * 60)
        if who in here and len(here) > 1:
            town.take(who)
            here.remove(who)
        elif who not in here:
            town.x[who], town.y[who] = v, u
            town.put(who)
            here.add(who)
        assert town.nearest(x, y) == min(here, key=lambda one: (city.apart(town.x[one], town.y[one], x, y), one))


def test_nobody_is_near_where_nobody_is() -> None:
    assert Town([], [], 4).nearest(0.3, 0.3) == -1
    town = Town([0.5], [0.5], 4)
    assert town.nearest(0.9, 0.5, farthest=0.4**2) == -1, "as far as the farthest is too far"
    assert town.nearest(0.9, 0.5, farthest=0.41**2) == 0


def test_a_day_has_more_minutes_where_more_happens() -> None:
    hours = (0.0,) * 8 + (3.0,) + (1.0,) * 3 + (0.0,) * 12
    clock = city.clock_of(hours)
    minutes = np.array([city.minute_of(u, clock) for u in np.linspace(0, 1, 10_000, endpoint=False)])
    share = np.bincount(minutes // 60, minlength=24) / minutes.size
    np.testing.assert_allclose(share, np.array(hours) / 6, atol=0.002)
    assert (np.diff(minutes) >= 0).all(), "a higher luck is never earlier"


@pytest.mark.parametrize("hours", [(0.0,) * 24, (), (-1.0,) * 24])
def test_a_day_without_hours_still_has_minutes(hours: tuple[float, ...]) -> None:
    minutes = city.clock_of(hours)
    assert minutes.min() >= 0
    assert minutes.max() < city.MINUTES


@pytest.mark.parametrize("people", [100, 1_000, 7_777, 30_000, 44_000, 1_000_000])
def test_people_a_square_kilometre_do_not_hang_on_how_many_are_simulated(people: int) -> None:
    terms = CitySettings()
    cities, stand, side = city.number(people, terms), city.stands_for(people, terms), city.side(people, terms)
    assert people / cities * stand / side**2 == pytest.approx(terms.density)
    if people >= 1_000:
        assert people / cities * stand == pytest.approx(terms.people, rel=0.5), "a city is a city"
    assert (stand == 1) == (people >= terms.people * 2 / 3)


def test_very_few_stand_for_no_more_than_their_number_can_say() -> None:
    assert city.stands_for(3, CitySettings()) == city.MOST_STOOD_FOR
