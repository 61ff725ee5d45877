"""Regret: what strategies are worth over futures, with what luck and what the assumptions leave open told apart.

Regret is what the best strategy of a future has more than another (Savage 1951). The best is taken of means over seeds,
so that luck makes regret a little larger than it is; more seeds make it smaller.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.results.futures import Standing
from sim.results.intervals import (
    FIGURES,
    SETTLED,
    chances_of_being_best,
    interval,
    lucky_shares,
    share_interval,
    spread_between,
)

TENTH = 0.1


def best_of(values: NDArray[np.float64], smaller: bool) -> NDArray[np.int64]:
    """The strategy with the best mean over seeds in each future, -1 where several are alike.

    Args:
        values: shape (futures, seeds, strategies).
        smaller: whether less is better.

    Returns:
        shape (futures,).
    """
    means = _signed(values.mean(axis=1), smaller)
    first = means.argmax(axis=1)
    room = np.abs(means).max(axis=1) * 10.0**-FIGURES  # closer than that only a sum was rounded otherwise
    alike = (means >= means.max(axis=1, keepdims=True) - room[:, None]).sum(axis=1)
    return np.where(alike == 1, first, -1)


def chances_by_future(values: NDArray[np.float64], smaller: bool) -> NDArray[np.float64]:
    """The probability of each strategy that it is the best in each future, as far as luck goes.

    Returns:
        shape (futures, strategies), NaN where there is none: of strategies that are alike, and with a single seed.
    """
    return np.array([chances_of_being_best(future, smaller) for future in values])


def standings(values: NDArray[np.float64], names: Sequence[str], smaller: bool = False) -> dict[str, Standing]:
    """How each strategy stands over the futures.

    Args:
        values: shape (futures, seeds, strategies), the same seeds in every future.
        names: of the strategies.
        smaller: whether less is better.
    """
    futures, seeds, _ = values.shape
    means, best = values.mean(axis=1), best_of(values, smaller)
    chances = chances_by_future(values, smaller)
    regrets = _regrets(means, smaller)
    found: dict[str, Standing] = {}
    for at, name in enumerate(names):
        won = best == at
        low, high = share_interval(int(won.sum()), futures)
        by_luck = lucky_shares(np.nan_to_num(chances[:, at])) if seeds > 1 else (None, None)
        found[name] = {
            "wins": float(won.mean()),
            "wins_low": low,
            "wins_high": high,
            "wins_luck_low": by_luck[0],
            "wins_luck_high": by_luck[1],
            "settled": int((won & (chances[:, at] >= SETTLED)).sum()),
            "mean": float(means[:, at].mean()),
            "by_assumptions": interval(means[:, at]).half_width,
            "by_luck": interval(values[:, :, at].mean(axis=0)).half_width if seeds > 1 else None,
            "spread": spread_between(values[:, :, at]),
            "worst_tenth": worst_tenth(means[:, at], smaller),
            "regret": float(regrets[:, at].mean()),
            "most_regret": float(regrets[:, at].max()),
        }
    return found


def _signed(values: NDArray[np.float64], smaller: bool) -> NDArray[np.float64]:
    return -values if smaller else values


def _regrets(means: NDArray[np.float64], smaller: bool) -> NDArray[np.float64]:
    signed = _signed(means, smaller)
    return np.asarray(signed.max(axis=1, keepdims=True) - signed)


def worst_tenth(values: ArrayLike, smaller: bool = False) -> float:
    """Mean of the worst tenth of values, one at least: the expected shortfall (Rockafellar and Uryasev 2000).

    Args:
        values: shape (futures,).
        smaller: whether less is better, so that the worst are the largest.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    ordered = ordered[::-1] if smaller else ordered
    return float(ordered[: max(1, round(TENTH * ordered.size))].mean())
