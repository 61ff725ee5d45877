"""Clusters: people divided into parts between which few ties run, so that a test treats friends alike.

Group threads are joined, two and two, with the one of those left to which most ties run, until a further pass would
make a cluster too large: the coarsening by heavy edges of Karypis and Kumar (1998). Graph cluster randomisation is by
Ugander, Karrer, Backstrom and Kleinberg (2013).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sim.ground.friends import measures
from sim.ground.friends.friends import FriendRows


def clusters(rows: FriendRows, largest: int) -> NDArray[np.uint32]:
    """The cluster of each person, numbered from 0; shape (people,).

    Args:
        rows: a network of ties; where everyone knows everyone no division spares any, and group threads are what comes out.
        largest: people in a cluster at most, but for a group thread that has more itself.
    """
    label = rows.group_of.astype(np.int64)
    person = tied_by(rows)
    while person.size:
        sizes = np.bincount(label)
        ties = sparse.coo_matrix((np.ones(person.size), (label[person], label[rows.friend])), (sizes.size,) * 2).tocsr()
        joined = _matched(ties, sizes, largest)
        if joined.max() + 1 == sizes.size:
            break
        label = joined[label]
    return label.astype(np.uint32)


def _matched(ties: sparse.csr_matrix, sizes: NDArray[np.int64], largest: int) -> NDArray[np.int64]:
    """Each cluster's new number, once the smallest have joined whom they have most ties with."""
    mate = np.full(sizes.size, -1)
    for one in np.argsort(sizes, kind="stable"):
        if mate[one] >= 0:
            continue
        row = slice(ties.indptr[one], ties.indptr[one + 1])
        others, weight = ties.indices[row], ties.data[row]
        fits = (mate[others] < 0) & (others != one) & (sizes[others] + sizes[one] <= largest)
        mate[one] = one
        if fits.any():
            best = others[fits][weight[fits] == weight[fits].max()].min()
            mate[one], mate[best] = best, one
    _, joined = np.unique(np.minimum(np.arange(sizes.size), mate), return_inverse=True)
    return joined.astype(np.int64)


def tied_by(rows: FriendRows) -> NDArray[np.int64]:
    """Whose each tie of `rows.friend` is; shape (ties,)."""
    friends = measures.degrees(rows).astype(np.int64)
    return np.repeat(np.arange(friends.size), friends) if rows.friend.size else np.empty(0, np.int64)


def share_crossing(rows: FriendRows, label: NDArray[np.uint32]) -> float:
    """Share of a person's friends who are in another cluster, in the mean over people who have friends."""
    friends, person = measures.degrees(rows).astype(np.float64), tied_by(rows)
    outside = np.bincount(person, label[person] != label[rows.friend], label.size)
    return float((outside[friends > 0] / friends[friends > 0]).mean())
