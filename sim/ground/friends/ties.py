"""A network that is given: its ties put into rows by strength, and its people into group threads.

The strength of a tie is the number of friends its two ends have in common: overlap grows with strength (Onnela and
others, PNAS 2007). Triangles are counted from the end with fewer friends, so that hubs cost little.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.kernels import kernel, with_cached_type
from sim.engine.settings import BadInput
from sim.ground.friends.network import MOST_ENTRIES, sort_row, strength_number

GROUP_SIZE = 9.0  # people a group thread where the network does not say
MOST_COMMON = 2**20 - 1  # common friends from here on count as so many


@with_cached_type
class Given(NamedTuple):
    """Rows of a given network, and how many pairs were dropped."""

    first: NDArray[np.uint32]
    friend: NDArray[np.uint32]
    self_loops: int
    doubles: int


@kernel
def _fill_rows(low, high, first, friend, edge):
    """Both rows of each tie, and the number of the tie beside each friend."""
    written = first[:-1].astype(np.int64)
    for i in range(low.size):
        one, other = low[i], high[i]
        friend[written[one]] = other
        edge[written[one]] = i
        written[one] += 1
        friend[written[other]] = one
        edge[written[other]] = i
        written[other] += 1


@kernel
def _triangles(first, friend):
    """How many triangles each tie is part of; people are numbered by friends, and each tie is with a higher number."""
    common = np.zeros(friend.size, np.uint32)
    tie_to = np.full(first.size - 1, -1, np.int64)  # from `one`
    for one in range(first.size - 1):
        for at in range(first[one], first[one + 1]):
            tie_to[friend[at]] = at
        for at in range(first[one], first[one + 1]):
            two = friend[at]
            for beyond in range(first[two], first[two + 1]):
                closing = tie_to[friend[beyond]]
                if closing >= 0:
                    common[at] += 1
                    common[beyond] += 1
                    common[closing] += 1
        for at in range(first[one], first[one + 1]):
            tie_to[friend[at]] = -1
    return common


@kernel
def _sort_rows(first, friend, edge, common, key):
    """Each row by common friends, most first; equals by a number that both ends share."""
    row = np.empty(256, np.uint64)
    for who in range(first.size - 1):
        begin, past = np.int64(first[who]), np.int64(first[who + 1])
        if past - begin > row.size:
            row = np.empty(2 * (past - begin), np.uint64)
        for at in range(begin, past):
            fewer = np.uint64(MOST_COMMON - min(np.int64(common[edge[at]]), MOST_COMMON))
            tie_break = strength_number(key, np.uint32(who), friend[at]) >> np.uint64(18)
            row[at - begin] = (fewer << np.uint64(12) | tie_break) << np.uint64(32) | np.uint64(friend[at])
        sort_row(row, past - begin)
        for at in range(begin, past):
            friend[at] = np.uint32(row[at - begin] & np.uint64(0xFFFFFFFF))


@kernel
def _cut(first, friend, order, size):
    """Greedy groups: each in turn, if still alone, takes the closest who are; who is left over joins a friend's."""
    people = first.size - 1
    nobody = np.uint32(people)
    group_of = np.full(people, nobody, np.uint32)
    members = np.zeros(people, np.int64)
    groups = 0
    for who in order:
        if group_of[who] != nobody:
            continue
        for at in range(first[who], first[who + 1]):
            if members[groups] < size and group_of[friend[at]] == nobody:
                members[groups] += 1 + (members[groups] == 0)
                group_of[who] = groups
                group_of[friend[at]] = groups
        groups += group_of[who] != nobody
    for who in order:
        if group_of[who] == nobody:
            for at in range(first[who], first[who + 1]):
                theirs = group_of[friend[at]]
                if theirs != nobody and members[theirs] < 2 * size:
                    group_of[who] = theirs
                    members[theirs] += 1
                    break
        if group_of[who] == nobody:
            group_of[who] = groups
            members[groups] = 1
            groups += 1
    return group_of


def _starts(sizes: NDArray[np.int64]) -> NDArray[np.uint32]:
    first = np.zeros(sizes.size + 1, np.uint32)
    np.cumsum(sizes, out=first[1:])
    return first


def _common_friends(
    low: NDArray[np.uint32], high: NDArray[np.uint32], friends: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Common friends of the two ends of each tie."""
    place = np.empty(friends.size, np.uint32)  # people in the order of how many friends they have
    place[np.argsort(friends, kind="stable")] = np.arange(friends.size, dtype=np.uint32)
    fewer, more = np.minimum(place[low], place[high]), np.maximum(place[low], place[high])
    order = np.argsort(fewer, kind="stable")
    common = np.empty(low.size, np.uint32)
    common[order] = _triangles(_starts(np.bincount(fewer, minlength=friends.size)), more[order])
    return common


def from_pairs(one: NDArray[np.int64], other: NDArray[np.int64], people: int) -> Given:
    """Rows of the ties given; a tie of someone with themselves and ties named again are dropped and counted."""
    apart = one != other
    low, high = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
    ties = np.unique(low * people + high)  # below 2^60
    if 2 * ties.size > MOST_ENTRIES:
        raise BadInput(f"the network has {ties.size} ties; at most 2^31 fit")
    doubles = low.size - ties.size
    low, high = (ties // people).astype(np.uint32), (ties % people).astype(np.uint32)
    friends = np.bincount(low, minlength=people) + np.bincount(high, minlength=people)
    first = _starts(friends)
    friend = np.zeros(max(1, 2 * ties.size), np.uint32)  # never empty: that would mean everyone
    edge = np.zeros(2 * ties.size, np.uint32)
    _fill_rows(low, high, first, friend, edge)
    _sort_rows(first, friend, edge, _common_friends(low, high, friends), luck.key(0, "friends.strength"))
    return Given(first, friend, int(one.size - np.count_nonzero(apart)), int(doubles))


def groups(
    first: NDArray[np.uint32], friend: NDArray[np.uint32], size: float
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Put everyone into one group thread of about `size` people who know each other.

    Returns:
        (first, member): group g is `member[first[g]:first[g + 1]]`; people of no friends are groups of their own.
    """
    order = np.argsort(-np.diff(first).astype(np.int64), kind="stable").astype(np.uint32)
    group_of = _cut(first, friend, order, max(2, round(size)))
    return _starts(np.bincount(group_of)), np.argsort(group_of, kind="stable").astype(np.uint32)
