"""Clusters: everybody in one, none too large, and fewer ties between them than chance would have."""

import numpy as np
import pytest

from sim.engine import luck
from sim.ground.friends.clusters import clusters, share_crossing
from sim.ground.friends.friends import FriendRows, Friends
from sim.ground.friends.terms import FriendsSettings


@pytest.fixture(scope="module")
def rows() -> FriendRows:
    return Friends.generate(FriendsSettings(), 2_000, 7).rows


@pytest.mark.parametrize("largest", [40, 200])
def test_everybody_is_in_a_cluster_and_none_is_too_large(rows: FriendRows, largest: int) -> None:
    label = clusters(rows, largest)
    sizes = np.bincount(label)
    assert label.size == 2_000
    assert sizes.min() > 0, "numbers are missing"
    assert sizes.max() <= max(largest, np.diff(rows.group_first.astype(np.int64)).max())


def test_a_group_thread_is_never_divided(rows: FriendRows) -> None:
    label = clusters(rows, 100)
    for group in range(rows.group_first.size - 1):
        members = rows.group_member[rows.group_first[group] : rows.group_first[group + 1]]
        assert np.unique(label[members]).size == 1


def test_fewer_ties_cross_than_by_chance_and_fewer_the_larger_clusters_are(rows: FriendRows) -> None:
    small, large = (clusters(rows, largest) for largest in (40, 300))
    shuffled = large[np.argsort(luck.uniforms(luck.key(1, "test.shuffle"), large.size))]
    assert share_crossing(rows, large) < share_crossing(rows, small) - 0.05
    assert share_crossing(rows, large) < share_crossing(rows, shuffled) - 0.2


def test_the_same_network_has_the_same_clusters(rows: FriendRows) -> None:
    assert (clusters(rows, 100) == clusters(rows, 100)).all()
