"""Joining: by oneself, with friends, by invitation, and back again."""

import numpy as np
import pytest
from worlds import lived

from sim.engine import luck
from sim.ground.friends.friends import Friends
from sim.people.experience import FeltColumns
from sim.people.joining import hazard, welcome
from sim.people.users import LEFT, MEMBER, NEVER
from sim.scenario import Scenario
from sim.world import World


def test_friends_raise_the_chance_to_join() -> None:
    alone, together = hazard(0.0, 1.0, 0.03, 0.38), hazard(1.0, 1.0, 0.03, 0.38)
    assert alone * 365 == pytest.approx(0.03)
    assert together * 365 == pytest.approx(0.41)
    assert hazard(0.5, 1.0, 0.03, 0.38) == pytest.approx((alone + together) / 2)


def test_who_left_comes_back_at_a_fifth_of_the_rate() -> None:
    assert hazard(0.7, 0.2, 0.03, 0.38) == pytest.approx(0.2 * hazard(0.7, 1.0, 0.03, 0.38))


def outsiders(friends: Friends, invitation: float, seed: int = 1) -> World:
    own = {"innovation": 0.0, "imitation": 0.0, "invitation": invitation}
    run = {"users": friends.people, "days": 100, "seed": seed}
    world = World(Scenario.make(run=run, users={"first_members": 0.0}, joining=own), friends=friends)
    world.today = {}
    return world


def chain(people: int) -> Friends:
    return Friends.from_pairs(np.arange(people - 1), np.arange(1, people))


def test_a_sure_invitation_walks_along_a_chain_a_friend_a_day() -> None:
    """Breaks if members of old go on inviting, or if a newcomer invites on the day they come."""
    world = outsiders(chain(8), 1.0)
    welcome(world, np.array([3], np.uint32))
    reached = []
    for _ in range(5):
        world.step()
        reached.append(int((world.users.users.membership == MEMBER).sum()))
    world.close()
    assert reached == [1, 3, 5, 7, 8]


def test_each_friend_is_invited_once() -> None:
    """A friend who declined is not asked again by the same person: at chance 1/2 a star keeps half its points."""
    points = 4_000
    star = Friends.from_pairs(np.zeros(points, int), np.arange(1, points + 1))
    world = outsiders(star, 0.5)
    welcome(world, np.array([0], np.uint32))
    world.users.users.joined[0] = -1  # yesterday
    for _ in range(6):
        world.step()
    world.close()
    assert (world.users.users.membership == MEMBER).sum() == pytest.approx(points / 2, abs=5 * np.sqrt(points) / 2)


def test_who_left_is_not_invited() -> None:
    world = outsiders(chain(4), 1.0)
    world.users.users.membership[1] = LEFT
    welcome(world, np.array([0], np.uint32))
    for _ in range(3):
        world.step()
    world.close()
    assert world.users.users.membership.tolist() == [MEMBER, LEFT, NEVER, NEVER]


def test_newcomers_start_from_their_own_usual_day() -> None:
    world = lived(run={"users": 400, "days": 5}, users={"first_members": 0.5})
    new = np.flatnonzero(world.users.users.membership == NEVER)[:3].astype(np.uint32)
    world.today = {}
    welcome(world, new)
    usual = world[FeltColumns].usual[new]
    assert world[FeltColumns].satisfaction[new] == pytest.approx(usual)
    assert world[FeltColumns].habit[new] == pytest.approx(usual)
    assert (world.users.attention.attention[new] == 1).all()
    assert world.today["users.joins"] == 3


def test_more_wish_to_join_never_loses_a_newcomer() -> None:
    """The same luck: whoever joins at a low hazard joins at a higher one, no later."""

    def joined(innovation: float) -> np.ndarray:
        world = lived(
            run={"users": 600, "days": 15}, users={"first_members": 0.2},
            joining={"innovation": innovation, "imitation": 0.0, "invitation": 0.0},
        )  # fmt: skip
        users = world.users.users
        return np.where(users.membership == MEMBER, users.joined, 10_000)

    few, many = joined(0.5), joined(2.0)
    assert (many <= few).all()
    assert (many < few).sum() > 10


def test_hazards_are_met_on_the_mean() -> None:
    """A year's hazard of 2 over 40 days, nobody imitating: 1 - (1 - 2/365)^40 of the outsiders."""
    world = lived(
        run={"users": 4_000, "days": 40}, users={"first_members": 0.0}, messaging={"on": False, "threads": 0.0},
        joining={"innovation": 2.0, "imitation": 0.0, "invitation": 0.0},
    )  # fmt: skip
    expected = 1 - (1 - 2 / 365) ** 40
    share = (world.users.users.membership == MEMBER).mean()
    assert share == pytest.approx(expected, abs=5 * np.sqrt(expected * (1 - expected) / 4_000))
    assert luck.draw(world.lasting_luck("x")) != luck.draw(world.luck("x"))
