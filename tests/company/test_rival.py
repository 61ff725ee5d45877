"""The rival: worth something to each by its own levers, paid by the attention it has, and with answers of its own."""

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.company.rival import Rival, advert_income, levers_of
from sim.engine.settings import BadInput
from sim.people import attention
from sim.people.experience import FeltColumns, rival_terms
from sim.people.trust import TrustColumns
from sim.people.users import MEMBER
from sim.scenario import Scenario, against
from sim.world import World

SHOPS: dict[str, Any] = {"on": True, "needs": 0.2}


def small(**sections: Any) -> World:
    return World(Scenario.make(run={"users": 400, "days": 400}, **sections))


def test_its_adverts_cost_it_worth_and_so_does_what_it_knows() -> None:
    with closing(small()) as plain, closing(small(rival={"inbox_slots": 2.0, "depth": 1.0})) as greedy:
        assert rival_terms(plain).nuisance == rival_terms(plain).unease == 0.0
        assert rival_terms(greedy).nuisance == pytest.approx(0.07 * 2 * 2)
        assert rival_terms(greedy).unease > 0


def test_more_adverts_earn_more_at_a_falling_rate_and_less_where_nothing_is_known() -> None:
    few, many, most = (advert_income(load, 8.0, 6.0, 0.5, 1.0, 0.48) for load in (1.0, 5.0, 20.0))
    assert few < many < most
    assert many / 5 < few
    assert most / 20 < many / 5
    assert advert_income(1.0, 8.0, 6.0, 0.5, 0.0, 0.48) == pytest.approx(0.52 * few)


def test_its_levers_are_those_of_a_scenario_it_runs() -> None:
    greedy = Scenario.make(
        advertising={"on": True, "inbox_slots": 1.0, "discovery_slots": 2.0, "brand_slots": 0.5},
        shopping={"on": True, "commission": 0.1}, promotion={"weight": 0.4},
    )  # fmt: skip
    assert levers_of(greedy) == {
        "inbox_slots": 1.0, "discovery_slots": 2.5, "commission": 0.1, "promotion": 0.4, "depth": 0.0
    }  # fmt: skip
    off = Scenario.make(advertising={"inbox_slots": 1.0}, shopping={"commission": 0.1})
    assert set(levers_of(off).values()) == {0.0}
    met = against(Scenario.make(rival={"policy": "match"}), greedy)
    assert (met.rival.policy, met.rival.commission, met.rival.discovery_slots) == ("match", 0.1, 2.5)


def test_a_scenario_file_names_the_strategy_that_the_rival_runs(tmp_path: Path) -> None:
    """Seen from the file that names it; breaks if a file that names itself is read for ever."""
    (tmp_path / "cut.toml").write_text("[shopping]\non = true\ncommission = 0.1\n", encoding="utf-8")
    (tmp_path / "ours.toml").write_text('[rival]\nstrategy = "cut.toml"\n', encoding="utf-8")
    (tmp_path / "itself.toml").write_text(
        '[rival]\nstrategy = "itself.toml"\n[shopping]\non = true\ncommission = 0.2\n', encoding="utf-8"
    )
    assert Scenario.load(tmp_path / "ours.toml").rival.commission == 0.1
    assert Scenario.load(tmp_path / "itself.toml").rival.commission == 0.2
    assert Scenario.load(tmp_path / "cut.toml", {"rival.strategy": str(tmp_path / "cut.toml")}).rival.commission == 0.1
    with pytest.raises(BadInput, match="no such scenario file"):
        Scenario.load(tmp_path / "cut.toml", {"rival.strategy": str(tmp_path / "none.toml")})


def rival_of(world: World) -> Rival:
    (rival,) = world.agents_by_type[Rival]
    return rival


def advantages(world: World) -> np.ndarray:
    """What we are worth to each member above the rival."""
    it, trust = world.now.attention.row, world[TrustColumns].trust
    found = [attention.advantage_of(who, world.users.rows, world[FeltColumns], trust, rival_terms(world), it)
             for who in np.flatnonzero(world.users.rows.membership == MEMBER)]  # fmt: skip
    return np.array(found)


def test_services_that_it_copied_draw_nobody_away_however_much_one_uses_them() -> None:
    """Breaks if it is given their mean worth: who shops little would leave for it, and the mean of those who stay climbs."""
    run = {"users": 1_500, "days": 150}
    world, none = (lived(run=run, shopping=SHOPS, rival={"services": services}) for services in ("ours", "none"))
    members = world.users.rows.membership == MEMBER
    found, served = advantages(world), world[FeltColumns].served[members]
    assert served.std() > 0.3
    heavy = served > np.median(served)
    assert found[heavy].mean() == pytest.approx(found[~heavy].mean(), abs=0.05)
    assert found.mean() == pytest.approx(0.0, abs=0.05)
    assert advantages(none).mean() > 0.2


def test_it_takes_nothing_of_its_buyers_where_we_take_a_cut() -> None:
    """Breaks if our cut is taken off the rival's worth too: then nobody could flee it."""
    run = {"users": 1_500, "days": 120}
    free, dear = (lived(run=run, shopping={**SHOPS, "commission": cut}) for cut in (0.0, 0.3))
    assert rival_terms(free).base == 0.0
    a_day = (dear.history["revenue.commission"] / 100 / dear.history["users.daily"]).iloc[-20:].mean()
    assert 0.3 * 0.5 * a_day < rival_terms(dear).base < 0.5 * a_day
    assert advantages(dear).mean() < advantages(free).mean() - 0.02


def test_what_we_take_by_fees_is_not_taken_there() -> None:
    """A month's price is felt here, its extras on both; breaks if a subscriber would pay the rival too."""
    sold: dict[str, Any] = {"on": True, "price": 1_000, "worth": 5_000.0, "worth_spread": 0.1, "interested": 1.0}
    run = {"users": 600, "days": 90}
    dear, free = (lived(run=run, wallet={"on": False}, subscriptions={**sold, "price": price}) for price in (1_000, 0))
    late = dear.history.iloc[-30:]
    a_day = 10 / 30 * (late["users.members"] / late["users.daily"]).mean()
    assert advantages(free).mean() - advantages(dear).mean() == pytest.approx(0.5 * a_day, rel=0.25)


def test_it_earns_by_the_attention_it_has() -> None:
    run = {"users": 800, "days": 60}
    plain, better = (lived(run=run, rival={"discovery_slots": 1.0, "advantage": advantage}) for advantage in (0.0, 1.0))
    assert better.history["rival.user_days"].sum() > plain.history["rival.user_days"].sum() > 0
    for world in (plain, better):
        earned, days = world.history["rival.income"].sum(), world.history["rival.user_days"].sum()
        assert earned / days == pytest.approx(advert_income(1.0, 8.6, 6.0, 0.5, 0.0, 0.48))


def test_a_rival_that_matches_comes_to_our_levers_and_one_that_undercuts_stays_below() -> None:
    for policy, part in (("match", 1.0), ("undercut", 0.5), ("fixed", 0.0)):
        adverts = {"on": True, "inbox_slots": 2.0}
        with closing(small(advertising=adverts, rival={"policy": policy, "lag": 20})) as world:
            for day in range(1, 200):
                world.day = day
                rival_of(world).decide()
            assert rival_of(world).inbox_slots == pytest.approx(2.0 * part, abs=1e-3), policy


def test_a_rival_that_looks_for_its_best_takes_back_a_move_that_cost_it() -> None:
    """Its income has one peak a lever; breaks if a loss is not seen, or the next lever is blamed."""
    with closing(small(rival={"policy": "respond"})) as world:
        rival = rival_of(world)
        for month in range(80):
            world.day = 30 * month + 29
            rival.income = -((rival.inbox_slots - 2.0) ** 2) - (rival.discovery_slots - 1.0) ** 2
            rival.income -= 100 * (rival.commission - 0.1) ** 2 + rival.promotion**2
            rival.decide()
        assert abs(rival.inbox_slots - 2.0) <= 1.0
        assert abs(rival.discovery_slots - 1.0) <= 1.0
        assert abs(rival.commission - 0.1) <= 0.04
        assert rival.promotion <= 0.2


def test_an_equal_rival_with_equal_levers_takes_nothing_in_years() -> None:
    """Breaks if dropping out, or services of ours, tip the market: attention here is what it was on day 0."""
    run = {"users": 1_000, "days": 730}
    world = lived(run=run, attention={"has_rival": 0.8}, wallet={"on": False})
    share = world.history["attention.mean"]
    assert share.iloc[-60:].mean() == pytest.approx(share[:30].mean(), abs=0.02)
    alone = lived(run=run, rival={"on": False}, wallet={"on": False})
    with_it, without = (w.history["welfare.users"].iloc[-365:].sum() for w in (world, alone))
    assert with_it == pytest.approx(without, rel=0.01)


def test_attention_at_rest_is_the_mean_fields() -> None:
    found = attention.rest(0.0, 3.0, 1.0, 1.0)
    assert found == pytest.approx(0.92928, abs=1e-5)
    assert attention.rest(0.0, 1.0, 1.0, 1.0) == pytest.approx(0.5, abs=1e-3)
    assert np.isclose(found, 1 / (1 + np.exp(-3.0 * (2 * found - 1))))
