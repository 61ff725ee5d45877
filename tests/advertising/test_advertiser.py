"""Advertisers: they believe what the signal supports, keep to their budgets, follow a return, and come and go by it."""

import numpy as np
import pytest
from worlds import lived, world_of

from sim.advertising import advertiser
from sim.advertising.advertiser import KINDS, MOST_MATCH, Advertiser, AdvertiserColumns
from sim.advertising.auctions import ROUNDS
from sim.engine import luck
from sim.people.users import MEMBER
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
    assert advertiser.paced(0.75, 0.0, 100, 0.2, 0.8) == 0.8, "never above the most it bids"
    assert advertiser.paced(0.5, 0.0, 0, 0.2, 1.0) == 0.5, "without a budget there is nothing to pace"


def test_a_budget_gone_at_noon_was_spent_at_twice_the_pace():
    assert advertiser.pace_of(100, 0, ROUNDS // 2) == 200
    assert advertiser.pace_of(100, 0, ROUNDS) == 100


def test_budgets_follow_the_return():
    def following(seen: float, held_back: bool = True, budget: float = 2.0, response: float = 1.0) -> float:
        return advertiser.next_budget(budget, 2.0, held_back, seen, 1.2, response, 0.5)

    assert following(2.4) == pytest.approx(3.0), (
        "held back at twice the return asked: half of the way to twice the budget"
    )
    assert following(0.6) == pytest.approx(1.5), "a poor return: less"
    assert following(2.4, held_back=False) == 2.0, "not used up: as it was"
    assert following(2.4, held_back=False, budget=4.0) == pytest.approx(3.0), "and back towards the first"
    assert following(2.4, response=0.0) == 2.0, "a response of nil fixes budgets"


def test_a_return_counts_the_making_of_adverts_and_ends_where_the_budget_does():
    assert advertiser.return_ahead(300.0, 100.0, 1_000.0, 50.0) == pytest.approx(2.0)
    assert advertiser.return_ahead(300.0, 100.0, 50.0, 50.0) == pytest.approx(1.5), (
        "half of the clicks, all of the upkeep"
    )
    assert advertiser.return_ahead(0.0, 0.0, 50.0, 50.0) == 0.0


def test_bids_go_where_more_is_gained_but_never_above_worth_over_the_return_asked():
    assert advertiser.next_most(0.8, 10.0, 12.0, 9.0, 1.25) < 0.8
    assert 0.5 < advertiser.next_most(0.5, 10.0, 9.0, 12.0, 1.25) < 0.6
    assert advertiser.next_most(0.8, 10.0, 9.0, 12.0, 1.25) == 0.8
    assert advertiser.next_most(0.5, 10.0, 9.0, 9.0, 1.25) == 0.5


def test_ten_of_forty_seek_each_kind_of_people_and_ever_the_same_whatever_their_number():
    sought = np.array([[advertiser.seeks(one, kind, 0.25) for one in range(40)] for kind in range(KINDS)])
    assert np.abs(sought.sum(axis=1) - 10).max() <= 2
    assert (sought.sum(axis=0) == KINDS // 4).all()
    assert all(advertiser.seeks(one, kind, 1.0) for one in range(40) for kind in range(KINDS))


def market(users: int = 1_000, **sections: dict) -> World:
    adverts = {"on": True, "inbox_slots": 1.0, "discovery_slots": 2.0}
    sections = {"advertising": adverts} | sections
    return world_of(run={"users": users, "days": 200}, company={"knows_profile": True}, **sections)


def lived_by_months(world: World, months: int) -> list[float]:
    """Advertisers at the end of each month."""
    found = []
    for day in range(1, 30 * months + 1):
        world.step()
        if day % 30 == 0:
            found.append(float(world[AdvertiserColumns].active.sum()))
    world.close()
    return found


def test_advertisers_leave_after_four_months_without_a_return_and_not_before():
    """Making adverts costs more here than any could earn. A quarter of those left a month: breaks if all go at once."""
    months = lived_by_months(market(advertisers={"upkeep": 20.0}), 12)
    assert months[:3] == [40.0, 40.0, 40.0]
    assert 20.0 < months[3] < 40.0
    assert months[11] < 10.0


def test_advertisers_come_while_a_return_is_to_be_had():
    """Ten stand before more places than they can pay for: those who stayed away come, a quarter a month."""
    few = {"number": 10, "others": 2.0}
    months = lived_by_months(market(advertisers=few), 4)
    assert 10 < months[0] < months[3] <= 30


def test_more_places_keep_more_advertisers():
    def rest(slots: float) -> float:
        adverts = {"on": True, "discovery_slots": slots}
        return lived_by_months(market(advertising=adverts), 6)[-1]

    few, many = rest(0.2), rest(6.0)
    assert few < 30 < many


def test_bidders_shade_their_bids_where_the_winner_pays_its_own():
    """Learnt by trial, month by month; where the next bid is paid there is nothing to learn."""
    most = {}
    for auction in ("gsp", "first"):
        adverts = {"on": True, "inbox_slots": 2.0, "auction": auction}
        world = market(advertising=adverts, advertisers={"number": 10, "others": 0.0, "reach": 1.0, "budget": 50.0})
        lived_by_months(world, 4)
        most[auction] = float(world[AdvertiserColumns].most.mean())
    assert most["first"] < 0.75 / 1.2 < 0.9 / 1.2 < most["gsp"]


def test_a_few_advertisers_are_the_first_of_many():
    """The same market with other numbers of advertisers shares its luck."""
    few, many = (
        world_of(run={"users": 200}, advertisers={"number": n, "others": 0.0, "people_a_market": 100}) for n in (3, 10)
    )
    first, all_of_them = (world[AdvertiserColumns].value.reshape(2, -1) for world in (few, many))
    assert (first == all_of_them[:, :3]).all()


def test_budgets_are_per_member():
    """No law depends on how many people are simulated."""
    world = world_of(run={"users": 900}, advertisers={"people_a_market": 300}, advertising={"on": True})
    members = world.users.rows.membership == MEMBER
    each = np.array([members[first : first + 300].sum() for first in (0, 300, 600)])
    world.step()
    rows = world[AdvertiserColumns]
    daily = np.floor(rows.first_budget.reshape(3, -1) * each[:, None])
    assert (rows.daily.reshape(3, -1) == daily).all()
    assert ((rows.granted > 0) == (rows.active == 1)).all(), "who stays away has none"


def test_a_budget_is_kept_for_a_week_and_in_a_sample_of_a_market_for_a_week_of_a_full_market_s_clicks():
    """Else a day's budget of a small sample is less than a click, and few people would seem worth less each."""
    adverts = {"on": True, "inbox_slots": 1.0, "discovery_slots": 2.0}
    for people_a_market, days in ((2_000, 7), (24_000, 7 * 12)):
        world = world_of(
            run={"users": 2_000, "days": 100}, advertising=adverts, advertisers={"people_a_market": people_a_market}
        )
        rows = world[AdvertiserColumns]
        void = clicks = kept = 0.0
        while world.running:
            world.step()
            void += world.today["advertising.void"]
            clicks += world.today["advertising.clicks"]
            kept = max(kept, float((rows.granted / rows.daily).max()))
        world.close()
        assert void < 0.15 * clicks
        assert 0.6 * days < kept <= 1.1 * days  # members, and with them budgets, come and go


def test_an_advertiser_is_a_mesa_agent_that_views_its_row():
    world = lived(advertising={"on": True, "inbox_slots": 2.0})
    rows = world[AdvertiserColumns]
    one = world.agents_by_type[Advertiser][int(np.flatnonzero(rows.active)[0])]
    assert one.value == rows.value[one.row]
    assert one.month_granted > one.daily > 0
    assert one.granted >= one.daily
