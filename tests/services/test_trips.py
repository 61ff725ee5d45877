"""Trips: seats are served in order, whole flights are disrupted, chat beats the desk."""

import numpy as np
import pytest

from sim.scenario import Scenario
from sim.services import trips
from sim.world import World

RUN = {"users": 2_000, "days": 60}
OFTEN = {"on": True, "wishes": 0.05}


def lived(seed=1, threads=1, users=RUN["users"], **terms):
    world = World(Scenario.make(run=RUN | {"seed": seed, "users": users}, trips=OFTEN | terms), threads=threads)
    while world.running:
        world.step()
    world.close()
    return world


def test_a_trip_is_booked_two_days_ahead_or_more_and_within_the_horizon():
    ahead = [trips.days_ahead(20.0, u) for u in (1e-9, 0.5, 0.999999)]
    assert ahead[0] == 2
    assert ahead[1] > 2
    assert ahead[2] <= trips.HORIZON - 1


def test_no_flight_sells_more_seats_than_it_has_and_late_askers_go_without():
    few = lived(seats=2.0)
    assert few.history["trips.full"].sum() > 0
    assert few.tables["flights"].rows.sold.max() == 2
    none = lived(seats=1e-9)
    assert none.history["trips.sold"].sum() == 0
    assert none.history["trips.full"].sum() > 0


def test_trips_a_person_do_not_hang_on_how_many_are_simulated():
    """Others of the market, whom few people stand for, want seats as well; breaks if flights shrink with the people."""
    sold, full = ([], [])
    for users, seeds in ((600, range(1, 9)), (10_000, (1, 2))):
        days = [lived(seed, users=users, wishes=0.01).history for seed in seeds]
        wished = sum(h["trips.wished"].sum() for h in days)
        sold.append(sum(h["trips.sold"].sum() for h in days) / wished)
        full.append(sum(h["trips.full"].sum() for h in days) / wished)
    assert sold[0] == pytest.approx(sold[1], rel=0.15)
    assert full[0] == pytest.approx(full[1], rel=0.3)
    assert min(full) > 0.02


def test_everyone_on_a_disrupted_flight_is_told():
    world = World(Scenario.make(run=RUN, trips=OFTEN | {"disrupted": 1.0}))
    while world.running:
        world.step()
    history = world.history
    world.close()
    assert history["trips.flown"].sum() > 0
    assert (history["trips.disrupted"] == history["trips.flown"]).all()
    assert (lived(disrupted=0.0).history["trips.disrupted"] == 0).all()


def test_disruptions_hit_whole_flights():
    """Days with disruptions have several at once: people on a flight share its luck."""
    days = np.concatenate(
        [
            lived(seed, disrupted=0.2, routes=1, seats=200.0).history[["trips.flown", "trips.disrupted"]]
            for seed in (1, 2)
        ]
    )
    days = days[days[:, 0] >= 3]
    share = days[:, 1] / days[:, 0]
    assert ((share == 0) | (share == 1)).mean() > 0.95, "with one route a day, all fly or none"


def test_being_rebooked_in_chat_is_better_than_at_the_desk():
    gaps = [
        lived(seed, disrupted=0.3).surplus.sum() - lived(seed, disrupted=0.3, chat=False).surplus.sum()
        for seed in (1, 2, 3)
    ]
    assert min(gaps) > 0


def test_a_commission_is_the_airline_s_to_pay_and_the_books_balance():
    world = lived(commission=0.1)
    history = world.history
    assert history["revenue.commission"].sum() > 0.09 * history["trips.fares"].sum()
    assert (history["ledger.imbalance"] == 0).all()


def test_the_same_trips_whatever_the_threads():
    assert lived().history.equals(lived(threads=2).history)


def test_trips_in_a_thread_bring_people_back():
    without = [World(Scenario.make(run=RUN | {"seed": seed})) for seed in (1, 2, 3)]
    for world in without:
        while world.running:
            world.step()
        world.close()
    gains = [
        lived(seed).history["users.daily"].mean() - other.history["users.daily"].mean()
        for seed, other in zip((1, 2, 3), without, strict=True)
    ]
    assert min(gains) > 0
