"""Steering: a lever is moved by a rule, and goes on, comes back or comes down as the rule says."""

from itertools import pairwise

import pytest
from worlds import live, world_of

from sim.company import steering
from sim.engine.settings import BadInput
from sim.scenario import Scenario
from sim.world import World

ADVERTS = {"advertising": {"on": True, "discovery_slots": 1.0}}
WEEKLY = {"on": True, "review": 7, "step": 0.5}


def steered(days=50, rule=None, **sections):
    """Where the lever stood each day, and the metrics of each day."""
    world = world_of(run={"users": 600, "days": days}, steering=WEEKLY | (rule or {}), **(ADVERTS | sections))
    metrics = []
    while world.running:
        world.step()
        metrics.append(dict(world.today))
    return [day["steering.lever"] for day in metrics], metrics


def test_the_rule_goes_on_while_it_pays_turns_when_not_and_comes_down_when_people_stay_away():
    assert steering.next_direction(1, rose=True, use=100, least_use=90) == 1
    assert steering.next_direction(-1, rose=True, use=100, least_use=90) == -1
    assert steering.next_direction(1, rose=False, use=100, least_use=90) == -1
    assert steering.next_direction(-1, rose=False, use=100, least_use=90) == 1
    assert steering.next_direction(-1, rose=False, use=80, least_use=90) == -1
    assert steering.next_direction(1, rose=True, use=80, least_use=90) == -1


def test_the_lever_moves_after_a_review_by_a_step_as_the_goal_says():
    places, metrics = steered()
    reviews = [day for day, today in enumerate(metrics) if today.get("steering.reviews")]
    assert reviews == [7, 14, 21, 28, 35, 42, 49], "weeks of seven whole days, seen at the end of the day after"
    assert [day for day in range(1, 50) if places[day] != places[day - 1]] == [8, 15, 22, 29, 36, 43]
    earned = [sum(today["revenue.total"] for today in metrics[day - 7 : day]) / 7 for day in reviews]
    direction, expected = 1, [1.0, 1.5]
    for before, now in pairwise(earned[:-1]):
        direction = direction if now > before else -direction
        expected.append(max(0.0, expected[-1] + 0.5 * direction))
    assert [places[0], *(places[day] for day in range(8, 50, 7))] == expected


def test_the_lever_stays_between_its_bounds():
    places, _ = steered(rule={"least": 0.5, "most": 1.5, "step": 1.0})
    assert set(places) <= {0.5, 1.0, 1.5}
    assert max(places) == 1.5


def test_who_steers_by_what_people_gain_shows_them_fewer_adverts():
    annoying = ADVERTS["advertising"] | {"nuisance": 0.5}
    for_people, _ = steered(120, {"goal": "users"}, advertising=annoying)
    for_money, _ = steered(120, {"goal": "revenue"})
    assert sum(for_people[60:]) < sum(for_money[60:])


def test_where_people_stay_away_the_lever_comes_down_whatever_it_earns():
    outages = [{"day": day, "happen": "outage"} for day in range(8, 28)]
    places, _ = steered(30, {"least_use": 0.9}, events=outages)
    assert places[8] == 1.5
    assert places[29] < places[15] < places[8]


def test_a_lever_in_whole_numbers_moves_in_whole_numbers():
    fees = {"lever": "shopping.listing_fee", "step": 5_000.0, "most": 20_000.0}
    places, _ = steered(30, fees, shopping={"on": True})
    assert places[0] == 0
    assert 5_000 in places
    assert all(place % 5_000 == 0 for place in places)


def test_a_dated_change_of_another_lever_leaves_the_steered_one_where_it_is():
    places, _ = steered(30, events=[{"day": 10, "set": {"advertising.inbox_slots": 1.0}}])
    assert places[9] == places[10] == places[11] == 1.5


def test_a_saved_world_steers_on(tmp_path):
    scenario = Scenario.make(run={"users": 300, "days": 40}, steering=WEEKLY, **ADVERTS)
    whole, first = World(scenario), World(scenario)
    while whole.running:
        whole.step()
        if whole.day <= 24:
            first.step()
    first.save(tmp_path / "saved.npz")
    second = World.load(tmp_path / "saved.npz")
    live(second)
    assert second.history.equals(whole.history)
    other = World.load(tmp_path / "saved.npz", scenario.with_values({"steering.lever": "advertising.inbox_slots"}))
    other.step()
    assert other.today["steering.lever"] == 0.0, "another lever starts from where it stands"
    assert other.now.advertising.discovery_slots == 1.0
    for world in (whole, first, second, other):
        world.close()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"lever": "advertising.discovery_slot"}, "did you mean 'advertising.discovery_slots'"),
        ({"lever": "advertising.nuisance"}, "must be a decided number that may change"),
        ({"lever": "advertising.on"}, "must be a decided number that may change"),
        ({"lever": "steering.step"}, "must be a decided number that may change"),
        ({"least": 3.0, "most": 2.0}, "steering.least = 3: must be below steering.most = 2"),
        ({"lever": "shopping.commission", "most": 2.0}, "shopping.commission cannot stand there"),
        ({"lever": "shopping.listing_fee", "step": 0.5}, "moves in whole numbers"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(rule, said):
    with pytest.raises(BadInput, match=said.replace("(", r"\(")):
        Scenario.make(steering={"on": True} | rule)
    Scenario.make(steering={"on": False} | rule)  # what is off harms nobody


def test_the_lever_of_a_rule_cannot_change():
    with pytest.raises(BadInput, match="a rule keeps to one lever"):
        Scenario.make(steering={"on": True}, events=[{"day": 3, "set": {"steering.lever": "advertising.inbox_slots"}}])
