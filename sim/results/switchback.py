"""Switchback: a test whose units are blocks of days, all of the world under one value and then under the other."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def blocks_of(begin: int, days: int, length: int) -> list[range]:
    """The days of each block, from the day on which the test begins; a last block that is not whole is left out."""
    return [range(day, day + length) for day in range(begin, days - length + 1, length)]


def block_means(series: ArrayLike, blocks: list[range], dropped: int = 0) -> NDArray[np.float64]:
    """Mean of a daily series over each block; shape (blocks,).

    Args:
        series: shape (days,).
        dropped: days at the start of each block that are left out, for what the block before has left.
    """
    values = np.asarray(series, np.float64)
    return np.array([values[block.start + dropped : block.stop].mean() for block in blocks])
