"""Knowledge: what is known, what it is used for, and what it costs people to be known."""

from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.people import knowledge, unease
from sim.people.experience import FeltColumns
from sim.scenario import Scenario

ALL_KNOWN = {"knows_purchases": True, "knows_profile": True, "knows_wearables": True}
QUIET: dict[str, Any] = {"wallet": {"on": False}, "lucky_money": {"on": False}, "trust": {"campaigning": 0.0}}


def observed(use: Any, purchases: int = 3, **sections: Any) -> int:
    now = Scenario.make(**sections)
    return int(knowledge.observations(knowledge.sources(now, use), now.knowledge.row, purchases))


def test_each_source_adds_its_observations() -> None:
    assert observed("all") == 0
    assert observed("all", company={"knows_purchases": True}) == 3
    assert observed("all", company={"knows_profile": True}) == 4
    assert observed("all", company=ALL_KNOWN) == 11
    assert observed("all", 100, company={"knows_purchases": True}) == 8, "tastes move on"


@pytest.mark.parametrize(("use", "lever"), [("ranking", "ranking_uses"), ("adverts", "adverts_use")])
def test_what_is_known_is_put_to_each_use_as_far_as_the_company_decides(use: str, lever: str) -> None:
    """Breaks if one lever moves both: then nobody can say what the profile does to adverts alone."""
    other = {"ranking": "adverts", "adverts": "ranking"}[use]
    for allowed, number in (("all", 11), ("purchases", 3), ("nothing", 0)):
        assert observed(use, company=ALL_KNOWN | {lever: allowed}) == number
        assert observed(other, company=ALL_KNOWN | {lever: allowed}) == 11


def test_what_is_known_is_minded_whatever_it_is_used_for() -> None:
    unused = ALL_KNOWN | {"ranking_uses": "nothing", "adverts_use": "nothing"}
    assert knowledge.depth(Scenario.make(company=unused)) == 1.0
    assert knowledge.depth(Scenario.make(company={"knows_profile": True})) == pytest.approx(1 / 3)


def test_where_messages_vanish_purchases_teach_nothing() -> None:
    vanish = {"messaging": {"ephemeral": True}}
    assert observed("all", company=ALL_KNOWN, **vanish) == 8
    assert knowledge.depth(Scenario.make(company={"knows_purchases": True}, **vanish)) == 0.0


def of_a_member(users: int = 2_000, days: int = 90, **sections: Any) -> float:
    """Welfare a member and month, in CNY."""
    world = lived(run={"users": users, "days": days}, **(QUIET | sections))
    months = world.history["users.members"].sum() / (365 / 12)
    return float(world.history["welfare.users"].sum() / 100 / months)


def test_full_depth_costs_people_what_they_reveal_that_privacy_is_worth() -> None:
    """.36 USD a month (facts.csv: 12.85 USD once for an app, over three years), at any worth of money.

    Somewhat more where they come less for it, and their friends too. Breaks if unease does not follow the worth of money:
    then a sweep of that is a sweep of privacy as well.
    """
    for money_worth in (0.5, 1.5):
        worth = {"experience": {"money_worth": money_worth}}
        cost = of_a_member(**worth) - of_a_member(company=ALL_KNOWN, **worth)
        assert cost == pytest.approx(0.36 * 6.3, rel=0.35), money_worth


def test_where_nobody_uses_the_app_nobody_is_uneasy_on_a_day_of_use() -> None:
    """Breaks where a price is divided among no days (found by `validate --fuzz`)."""
    assert unease.unease_of_price(2.27, 0.0, 0.5) == 0.0
    assert unease.unease_of_price(2.27, 0.5, 0.5) > 0.0


def test_unease_is_in_proportion_to_concern_price_and_depth() -> None:
    felt = {}
    for price, depth in ((2.27, 1), (2.27, 3), (4.54, 3)):
        sources = dict(list(ALL_KNOWN.items())[:depth])
        world = lived(run={"users": 300, "days": 1}, company=sources, knowledge={"privacy_price": price}, **QUIET)
        unease.add_privacy_unease(world)
        concern, uneasy = world.users.users.privacy_concern, world[FeltColumns].unease
        minding = concern > 0
        assert np.ptp(uneasy[minding] / concern[minding]) < 1e-5
        assert not uneasy[~minding].any(), "who does not mind is not uneasy"
        felt[price, depth] = float(uneasy.mean() / concern.mean())
    assert felt[2.27, 3] == pytest.approx(3 * felt[2.27, 1])
    assert felt[4.54, 3] == pytest.approx(2 * felt[2.27, 3])
    assert felt[2.27, 3] == pytest.approx(0.5 * 2.27 / (365 / 12 * 0.66 * 0.3), rel=1e-4)


def test_messages_that_vanish_put_those_who_mind_at_ease() -> None:
    plain = {"freedom": 0.0, "rereading": 0.0}
    kept, gone = (
        of_a_member(messaging=plain | {"ephemeral": vanish}, knowledge={"kept_price": 2.0}) for vanish in (False, True)
    )
    assert gone - kept == pytest.approx(2.0, rel=0.35)
