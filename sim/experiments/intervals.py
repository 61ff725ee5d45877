"""What replicates allow us to say: paired intervals, the variance saved by shared luck, the chance of being best.

Every scenario runs with the same seeds, so a column of differences by seed is a sample of independent numbers, though
the two scenarios behind it are anything but independent.
"""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sim.engine import luck

LEVEL = 0.95
MOST_SAVED = 1e6  # a variance ratio is cut here: a difference without any luck left in it would have none
FIGURES = 12  # to which values are alike
DRAWS = 20_000  # worlds drawn for the chance of being best: its error is below 0.004


class Interval(NamedTuple):
    """A mean and the ends of its interval."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the interval's length."""
        return (self.high - self.low) / 2


def interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Mean of independent values with Student's interval (Student 1908).

    Args:
        values: shape (replicates,), at least one. A single value says nothing of luck: its interval has no width.
        level: the share of such intervals that hold the true mean, where values are about normal.
    """
    sample = np.asarray(values, np.float64)
    mean = float(sample.mean())
    if sample.size < 2:
        return Interval(mean, mean, mean)
    quantile = float(special.stdtrit(sample.size - 1, (1 + level) / 2))
    reach = quantile * float(sample.std(ddof=1)) / sample.size**0.5
    return Interval(mean, mean - reach, mean + reach)


def paired(values: ArrayLike, others: ArrayLike, level: float = LEVEL) -> Interval:
    """The mean difference `values - others` with Student's interval over pairs.

    Args:
        values, others: shape (replicates,), paired by seed.
    """
    return interval(np.asarray(values, np.float64) - np.asarray(others, np.float64), level)


def variance_ratio(values: ArrayLike, others: ArrayLike) -> float:
    """Variance of the difference had luck not been shared, over the variance it has: `(Var a + Var b) / Var (a - b)`.

    So many times more replicates would independent luck have needed; 1 means that sharing saved nothing. It is 1 where
    there is nothing to save (both constant, or a single replicate), and at most MOST_SAVED.

    Args:
        values, others: shape (replicates,), paired by seed.
    """
    a, b = np.asarray(values, np.float64), np.asarray(others, np.float64)
    if a.size < 2 or (np.ptp(a) == 0 and np.ptp(b) == 0):
        return 1.0
    apart, together = float(a.var(ddof=1) + b.var(ddof=1)), float((a - b).var(ddof=1))
    return apart / together if together * MOST_SAVED > apart else MOST_SAVED


def chances_of_being_best(values: ArrayLike, smaller: bool = False) -> NDArray[np.float64]:
    """The probability of each scenario that its true mean is the best of all.

    The means are drawn from their posterior under a flat prior, a multivariate Student law with `replicates - 1`
    degrees of freedom, in which the difference of any two scenarios has the law behind their paired interval. It needs
    no more replicates than two, however many the scenarios. The draws are named and fixed: the same values give the
    same answer. Of scenarios that are equal in every replicate none is the best, so none of them has a probability; nor
    has any where there is a single replicate, which says nothing of luck.

    Args:
        values: shape (replicates, scenarios), rows paired by seed.
        smaller: whether the smallest mean is the best.

    Returns:
        shape (scenarios,), NaN where there is none; else it sums to 1.
    """
    sample = np.asarray(values, np.float64)
    if len(sample) < 2:
        return np.full(sample.shape[1], np.nan)
    figures = np.round(sample / (np.abs(sample).max() or 1.0), FIGURES)  # equal but for how a sum was rounded
    _, at, place, alike = np.unique(figures, axis=1, return_index=True, return_inverse=True, return_counts=True)
    different = sample[:, at]
    means = different.mean(axis=0)
    centred = different - means
    # any weights of unit variance on the centred replicates have their covariance
    drawn = means + _weights(len(sample)) @ centred
    best = drawn.argmin(axis=1) if smaller else drawn.argmax(axis=1)
    won = np.bincount(best, minlength=different.shape[1]) / len(drawn)
    return np.asarray(np.where(alike > 1, np.nan, won)[place.ravel()])


@functools.lru_cache(maxsize=4)
def _weights(replicates: int) -> NDArray[np.float64]:
    """Student-distributed weights on centred replicates that move their mean; shape (DRAWS, replicates)."""
    freedom = replicates - 1
    normal = luck.key(0, "intervals.best.mean")
    z = special.ndtri(np.column_stack([luck.uniforms(normal, DRAWS, k) for k in range(replicates)]))
    u = luck.uniforms(luck.key(0, "intervals.best.spread"), DRAWS)
    chi_square = 2 * special.gammaincinv(freedom / 2, u)
    return np.asarray(z / np.sqrt(chi_square * replicates)[:, None])
