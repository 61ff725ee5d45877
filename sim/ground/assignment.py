"""Assignment: which units of a test are treated. A unit is a person, a cluster of friends, a shop or a block of days."""

import itertools

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck

FEWEST = 2  # units an arm, below which nothing can be said of its luck


def draw_arms(units: int, share: float, key: np.uint64) -> NDArray[np.uint8]:
    """1 for each unit that is treated, else 0: each by a luck of its own, with the same chance.

    A draw that leaves an arm with fewer than two units is thrown away, and all are drawn again. With a share of 0 or 1 the
    world is wholly untreated or wholly treated. A larger share treats whom a smaller one does, and more.

    Args:
        units: how many, four at least where both arms are wanted.
        share: chance of being treated.
        key: of a lasting luck.

    Returns:
        shape (units,).
    """
    if share <= 0.0 or share >= 1.0:
        return np.full(units, share >= 1.0, np.uint8)
    if units < 2 * FEWEST:
        raise ValueError(f"{units} units cannot be two arms of {FEWEST}")
    for again in itertools.count():
        arm = luck.uniforms(key, units, again) < share
        if FEWEST <= arm.sum() <= units - FEWEST:
            return arm.astype(np.uint8)
    raise AssertionError
