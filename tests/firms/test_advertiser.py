"""Advertisers: they believe what the signal supports, keep to their budgets, and chase a return."""

import numpy as np
import pytest

from sim.engine import luck
from sim.firms import advertiser
from sim.firms.advertiser import MOST_MATCH, Advertiser
from sim.ground.auctions import ROUNDS
from sim.people.users import MEMBER
from sim.scenario import Scenario
from sim.world import World


def drawn(number: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    key = luck.key(1, "test.advertiser")
    return luck.uniforms(key, number, 0), luck.uniforms(key, number, 1)


def test_matches_are_one_in_the_mean():
    matches = np.array([advertiser.match_of(u) for u in drawn()[0]])
    assert matches.mean() == pytest.approx(1.0, abs=0.03)
    assert matches.max() <= MOST_MATCH


@pytest.mark.parametrize("r", [0.0, 0.33, 0.71, 0.95, 1.0])
def test_beliefs_are_right_in_the_mean_at_every_signal(r: float):
    """People of like signal match on the average as believed: Bayes, whatever is known."""
    u, error = drawn()
    match = np.array([advertiser.match_of(one) for one in u])
    signal = np.array([advertiser.signal_of(one, other, r) for one, other in zip(u, error, strict=True)])
    belief = np.array([advertiser.believed(advertiser.beliefs(), s, r) for s in signal])
    for part in np.array_split(np.argsort(signal), 5):
        allowed = 4 * match[part].std() / np.sqrt(part.size)
        assert belief[part].mean() == pytest.approx(match[part].mean(), abs=allowed + 0.002)
    if r == 0.0:
        assert belief == pytest.approx(1.0, abs=0.001), "nothing seen, nothing believed"
    if r == 1.0:
        assert np.abs(belief - match).max() < 0.02, "all seen"


def test_bids_rise_while_money_is_left_and_fall_while_it_runs_out():
    assert advertiser.paced(0.5, 50.0, 100, 0.2, 1.0) > 0.5
    assert advertiser.paced(0.5, 150.0, 100, 0.2, 1.0) < 0.5
    assert advertiser.paced(0.5, 100.0, 100, 0.2, 1.0) == 0.5
    assert advertiser.paced(0.9, 0.0, 100, 0.2, 1.25) == 0.8, "never above one over the return target"
    assert advertiser.paced(0.5, 0.0, 0, 0.2, 1.0) == 0.5, "without a budget there is nothing to pace"


def test_a_budget_gone_at_noon_was_spent_at_twice_the_pace():
    assert advertiser.pace_of(100, 0, ROUNDS // 2) == 200
    assert advertiser.pace_of(100, 0, ROUNDS) == 100


def test_budgets_chase_the_return():
    def following(spent: int, worth: int, budget: float = 2.0) -> float:
        return advertiser.next_budget(budget, 2.0, 1_000, spent, worth, 1.2, 0.2)

    assert following(1_000, 2_000) == pytest.approx(2.4), "used up at a good return: more"
    assert following(1_000, 1_100) == pytest.approx(1.6), "a poor return: less"
    assert following(300, 600) == 2.0, "not used up: as it was"
    assert following(300, 600, budget=4.0) == pytest.approx(3.2), "and back towards the first"
    assert following(300, 600, budget=1.0) == pytest.approx(1.2), "after poor months too"
    assert following(0, 0) == 2.0


def test_a_few_advertisers_are_the_first_of_many():
    """The same market with other numbers of advertisers shares its luck."""
    few, many = (
        World(Scenario.make(run={"users": 200}, advertisers={"number": n, "people_a_market": 100})) for n in (3, 10)
    )
    first, all_of_them = (world.tables["advertisers"].rows.value.reshape(2, -1) for world in (few, many))
    assert (first == all_of_them[:, :3]).all()


def test_budgets_are_per_member():
    """No law depends on how many people are simulated."""
    world = World(Scenario.make(run={"users": 900}, advertisers={"people_a_market": 300}, advertising={"on": True}))
    members = world.users.rows.membership == MEMBER
    each = np.array([members[first : first + 300].sum() for first in (0, 300, 600)])
    world.step()
    rows = world.tables["advertisers"].rows
    assert (rows.granted.reshape(3, -1) == np.floor(rows.first_budget.reshape(3, -1) * each[:, None])).all()


def test_a_sample_of_a_market_keeps_budgets_for_as_long_as_a_full_market_s_clicks_take():
    """Else a day's budget of a small sample is less than a click, and few people would seem worth less each."""
    adverts = {"on": True, "inbox_slots": 1.0, "discovery_slots": 2.0}
    void, most = {}, {}
    for people_a_market in (600, 24_000):
        world = World(
            Scenario.make(
                run={"users": 600, "days": 75}, advertising=adverts, advertisers={"people_a_market": people_a_market}
            )
        )
        rows, clicks = world.tables["advertisers"].rows, 0
        void[people_a_market] = most[people_a_market] = 0
        while world.running:
            world.step()
            if world.day > 30:  # once something could be kept
                void[people_a_market] += world.today["advertising.void"]
                clicks += world.today["advertising.clicks"]
            most[people_a_market] = max(most[people_a_market], float((rows.granted / rows.daily).max()))
        void[people_a_market] /= clicks
        world.close()
    assert most[600] == 1.0, "a full market's budget is the day's"
    assert 10 < most[24_000] <= 40
    assert 3 * void[24_000] < void[600] > 0.05, void


def test_an_advertiser_is_a_mesa_agent_that_views_its_row(lived):
    world = lived(advertising={"on": True, "inbox_slots": 2.0})
    one = world.agents_by_type[Advertiser][0]
    assert one.value == world.tables["advertisers"].rows.value[0]
    assert one.month_worth >= one.month_spent
    assert one.month_granted > one.daily > 0
    assert one.granted >= one.daily
