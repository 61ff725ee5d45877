"""Games of two: who answers whom with what, from a table of what each earns."""

import numpy as np
from numpy.typing import NDArray


def best_responses(ours: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where our strategy (row) is the best against theirs (column); ties are all best. Shape as `ours`."""
    found: NDArray[np.bool_] = ours >= ours.max(axis=0, keepdims=True)
    return found


def equilibria(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of strategies from which neither side gains by moving alone (Nash equilibria in pure strategies).

    Args:
        ours, theirs: what each side earns; shape (our strategies, their strategies).
    """
    mutual = best_responses(ours) & best_responses(theirs.T).T
    return [(int(i), int(j)) for i, j in zip(*np.nonzero(mutual), strict=True)]
