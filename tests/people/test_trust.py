"""Trust: falls at once, heals slowly; many say that they leave."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.world import World

BREACH: list[dict[str, Any]] = [{"day": 2, "happen": "breach"}]


def test_a_headline_costs_trust_in_proportion_to_concern_and_heals(lived: Callable[..., World]) -> None:
    world = lived(run={"users": 500, "days": 3}, events=[{"day": 2, "happen": "headline"}])
    concern, trust = world.users.users.privacy_concern.astype(float), world.users.trust.trust
    fallen = 1 - 0.3 * concern
    assert trust == pytest.approx(fallen + (1 - fallen) / 180, abs=1e-6)  # a day of healing on top
    for _ in range(180):
        world.step()
    assert 1 - trust == pytest.approx((1 - fallen) * (1 - 1 / 180) ** 181, abs=1e-4)


def test_nothing_happens_to_trust_without_news(lived: Callable[..., World]) -> None:
    world = lived(run={"users": 200, "days": 5})
    assert (world.users.trust.trust == 1).all()
    assert world.history["trust.headlines"].sum() == 0


def test_about_a_quarter_say_that_they_leave(lived: Callable[..., World]) -> None:
    """facts.csv: .26 said they deleted the app; breaks if the share is asked of everyone alike or of outsiders."""
    history = lived(run={"users": 8_000, "days": 3}, messaging={"on": False}, events=BREACH).history
    said = history["trust.said_leaving"].sum() / history["users.members"].iloc[2]
    assert said == pytest.approx(0.26, abs=5 * np.sqrt(0.26 * 0.74 / 7_200))


def test_news_loses_half_its_strength_in_three_days(lived: Callable[..., World]) -> None:
    news = lived(run={"users": 100, "days": 9}, events=BREACH).history["trust.news"]
    assert news[:2].tolist() == [0, 0]
    assert news[2] == 1
    assert news[5] == pytest.approx(0.5)
    assert news[8] == pytest.approx(0.25)


def test_only_a_breach_makes_people_uneasy(lived: Callable[..., World]) -> None:
    run = {"users": 800, "days": 3}
    plain, headline, breach = (
        lived(run=run, wallet={"on": False}, events=events).history["experience.mean"]
        for events in ([], [{"day": 2, "happen": "headline"}], BREACH)
    )
    assert headline.tolist() == plain.tolist()
    assert breach[:2].tolist() == plain[:2].tolist()
    assert plain[2] - breach[2] == pytest.approx(0.3 * 0.3, rel=0.15)  # unease .3 at a mean concern of .3


def test_policy_notices_are_news_too_and_news_adds_up(lived: Callable[..., World]) -> None:
    events = [{"day": 1, "happen": "policy_notice"}, {"day": 1, "happen": "headline"}, {"day": 2, "happen": "headline"}]
    world = lived(run={"users": 100, "days": 3}, events=events)
    assert world.history["trust.headlines"].tolist() == [0, 2, 1]
    assert world.history["trust.news"].max() == 2.0  # no more can be in the air
