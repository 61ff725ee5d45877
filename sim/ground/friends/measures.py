"""What a network looks like: clustering, giant component, distances, assortativity, the friendship paradox."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.kernels import kernel
from sim.ground.friends.friends import FriendRows, is_everyone


@kernel
def _clustering(first, friend, sample):
    """Share of pairs of friends who are friends, for each person of the sample; -1 for fewer than two friends."""
    share = np.full(sample.size, -1.0)
    mine = np.zeros(first.size - 1, np.bool_)
    for i in range(sample.size):
        who = sample[i]
        row = friend[first[who] : first[who + 1]]
        if row.size > 1:
            for other in row:
                mine[other] = True
            known = 0
            for other in row:
                for third in friend[first[other] : first[other + np.uint32(1)]]:
                    known += mine[third]
            share[i] = known / (row.size * (row.size - 1.0))
            for other in row:
                mine[other] = False
    return share


@kernel
def _components(first, friend):
    """Sizes of the connected components."""
    people = first.size - 1
    seen = np.zeros(people, np.bool_)
    waiting = np.empty(people, np.uint32)
    sizes = np.empty(people, np.int64)
    components = 0
    for start in range(people):
        if seen[start]:
            continue
        seen[start] = True
        waiting[0] = start
        left = 1
        size = 0
        while left > 0:
            left -= 1
            who = waiting[left]
            size += 1
            for other in friend[first[who] : first[who + np.uint32(1)]]:
                if not seen[other]:
                    seen[other] = True
                    waiting[left] = other
                    left += 1
        sizes[components] = size
        components += 1
    return sizes[:components].copy()


@kernel
def _distances(first, friend, source):
    """Sum of the distances from one person to those they reach, how many these are, and the farthest."""
    people = first.size - 1
    distance = np.full(people, -1, np.int32)
    queue = np.empty(people, np.uint32)
    queue[0] = source
    distance[source] = 0
    at, reached, total = 0, 1, 0
    while at < reached:
        who = queue[at]
        at += 1
        total += distance[who]
        for other in friend[first[who] : first[who + np.uint32(1)]]:
            if distance[other] < 0:
                distance[other] = distance[who] + 1
                queue[reached] = other
                reached += 1
    return total, reached - 1, distance[queue[reached - 1]]


@kernel
def _friends_of_friends(first, friend):
    """Mean number of friends that a person's friends have; -1 for who has none."""
    mean = np.full(first.size - 1, -1.0)
    for who in range(first.size - 1):
        row = friend[first[who] : first[who + 1]]
        total = 0
        for other in row:
            total += np.int64(first[other + np.uint32(1)]) - np.int64(first[other])
        if row.size > 0:
            mean[who] = total / row.size
    return mean


def _sample(rows: FriendRows, most: int) -> NDArray[np.uint32]:
    """At most so many people, spread evenly over all; the same ones every time."""
    people = rows.first.size - 1
    if people <= most:
        return np.arange(people, dtype=np.uint32)
    picked = (np.arange(most) + luck.uniforms(luck.key(0, "measures.sample"), most)) * people / most
    return np.minimum(picked, people - 1).astype(np.uint32)


def degrees(rows: FriendRows) -> NDArray[np.int64]:
    """Number of friends of each person."""
    if is_everyone(rows):
        return np.full(rows.first.size - 1, rows.first.size - 2, np.int64)
    return np.diff(rows.first).astype(np.int64)


def clustering(rows: FriendRows, most: int = 20_000) -> float:
    """Mean local clustering (Watts, Strogatz 1998) over at most so many people; 0 for who has one friend or none."""
    if is_everyone(rows):
        return float(rows.first.size > 3)
    return float(np.maximum(0.0, _clustering(rows.first, rows.friend, _sample(rows, most))).mean())


def giant_component(rows: FriendRows) -> float:
    """Share of people in the largest connected component."""
    if is_everyone(rows):
        return 1.0
    return float(_components(rows.first, rows.friend).max() / (rows.first.size - 1))


def mean_distance(rows: FriendRows, sources: int = 32) -> float:
    """Mean hops between two people who can reach each other, from a sample of first ends; 0 if nobody can."""
    if is_everyone(rows):
        return 1.0
    found = [_distances(rows.first, rows.friend, source)[:2] for source in _sample(rows, sources)]
    reached = sum(pairs for _, pairs in found)
    return float(sum(total for total, _ in found) / max(1, reached))


def assortativity(rows: FriendRows) -> float:
    """Correlation of the numbers of friends at the two ends of a tie (Newman 2002); 0 where all have as many."""
    if is_everyone(rows):
        return 0.0
    own = degrees(rows).astype(np.float64)
    ties = own.sum()
    theirs = np.maximum(0.0, _friends_of_friends(rows.first, rows.friend)) * own  # summed over one's friends
    mean = (own**2).sum() / max(1.0, ties)
    spread = (own**3).sum() / max(1.0, ties) - mean**2
    if spread <= 1e-9 * mean**2:
        return 0.0
    return float(((own * theirs).sum() / ties - mean**2) / spread)


def friendship_paradox(rows: FriendRows) -> float:
    """Share of people, of those who have friends, with fewer friends than the mean of their friends (Feld 1991)."""
    if is_everyone(rows):
        return 0.0
    theirs, own = _friends_of_friends(rows.first, rows.friend), degrees(rows)
    return float((own < theirs).sum() / max(1, (own > 0).sum()))


def friends_of_a_friend(rows: FriendRows) -> float:
    """Mean friends of a friend, <k^2> / <k>: what `pick_any_friend` finds when a tie, not a person, is drawn."""
    own = degrees(rows).astype(np.float64)
    return float((own**2).sum() / max(1.0, own.sum()))


def measure(rows: FriendRows) -> dict[str, Any]:
    """All of it, by name, as the manifest of a run shows it."""
    own = degrees(rows)
    return {
        "people": int(own.size),
        "friendships": int(own.sum()) // 2,
        "mean_degree": float(own.mean()),
        "median_degree": float(np.median(own)),
        "highest_degree": int(own.max()),
        "clustering": clustering(rows),
        "giant_component": giant_component(rows),
        "mean_distance": mean_distance(rows),
        "assortativity": assortativity(rows),
        "friendship_paradox": friendship_paradox(rows),
        "friends_of_a_friend": friends_of_a_friend(rows),
    }
