"""Looking at people: what is asked by a wrong name, or in a wrong way, is told how it is asked."""

import numpy as np
import pytest
from worlds import lived

from sim.world import World


@pytest.fixture
def world() -> World:
    return lived(run={"users": 60, "days": 2})


def test_an_unknown_name_is_an_attribute_error_with_the_nearest_name(world: World) -> None:
    with pytest.raises(AttributeError, match=r"no table of people 'mesaging'; did you mean 'messaging'\?"):
        world.users.mesaging  # noqa: B018
    with pytest.raises(AttributeError, match=r"a person has no 'mesaging'; did you mean 'messaging'\?"):
        world.users[17].mesaging  # noqa: B018
    with pytest.raises(AttributeError, match=r"InboxColumns.Rows has no column 'snt'; did you mean 'sent'\?"):
        world.users.messaging.snt  # noqa: B018
    with pytest.raises(AttributeError, match=r"a World has no 'ledgr'; did you mean 'ledger'\?"):
        world.ledgr  # noqa: B018
    assert not hasattr(world.users, "nothing")
    assert getattr(world, "nothing", 7) == 7


def test_a_crowd_is_no_array_and_says_what_to_ask_for(world: World) -> None:
    """Once NumPy made sixty objects of it, or failed on the name of one of its own questions."""
    for ask in (np.asarray, np.array, lambda crowd: np.asarray(crowd, dtype=float), np.mean):
        with pytest.raises(TypeError, match=r"a column of everyone is had .* world.users.messaging.sent \(60 values\)"):
            ask(world.users)
    assert np.asarray(world.users.messaging.sent).shape == (60,)


def test_a_person_has_a_whole_number_of_whatever_kind(world: World) -> None:
    for row in (17, np.int64(17), np.uint8(17)):
        assert world.users[row].messaging.sent == world.users.messaging.sent[17]
    for wrong in (17.0, "messaging", slice(1, 3)):
        with pytest.raises(TypeError, match=r"world.users\[.*\]: one person has a whole number; a column"):
            world.users[wrong]  # type: ignore[index]
    with pytest.raises(IndexError, match="no person -1: people are numbered 0 to 59"):
        world.users[-1]
    assert [person.row for person in world.users] == list(range(60))


def test_what_is_looked_at_is_told_in_a_line(world: World) -> None:
    person = world.users[17]
    assert repr(world.users).startswith("<Crowd of 60 people: users, ")
    assert repr(person).startswith(f"<Person 17: {person.wallet:,} cents in the wallet, {person.bank:,} in the bank; ")
    assert repr(world.users.messaging).startswith("InboxColumns.Rows(sent=<int32: 60>, ")
    assert repr(person.messaging).startswith(f"InboxColumns.Rows(sent={person.messaging.sent}, ")
    for it in (world.users, person, world.users.messaging, world.tables["users"], world.friends.rows):
        assert "\n" not in repr(it)
        assert len(repr(it)) < 500
