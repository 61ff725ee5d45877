"""Intervals: every statement about luck that a result makes, in one place.

Means and paired differences with Student's interval, differences between two arms of a test, means over drawn points
and seeds, shares, standard errors, the variance saved by shared luck, and the probability of being the best.

Every scenario runs with the same seeds, so a column of differences by seed is a sample of independent numbers, though
the two scenarios behind it are anything but independent.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sim.engine import luck

LEVEL = 0.95  # the share of intervals that hold the truth
POWER = 0.8  # the probability with which a test should find an effect that is there
SETTLED = 0.975  # the probability of being best at which a 95 % interval of the lead, that of two, excludes zero
MOST_SAVED = 1e6  # a variance ratio is cut here: a difference without any luck left in it would have none
FIGURES = 12  # to which values are alike
DRAWS = 20_000  # worlds drawn for the chance of being best: its error is below 0.004
SOLVED = 30  # passes that fit points and seeds to a table with gaps; one does where there are none


class Interval(NamedTuple):
    """A mean and the ends of its interval."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the interval's length."""
        return (self.high - self.low) / 2


def student(freedom: float, level: float = LEVEL) -> float:
    """How many standard errors an interval reaches to either side, by Student's law with these degrees of freedom.

    `scipy.stats.t.ppf` is this function, and takes a second and a half to import.
    """
    return float(special.stdtrit(freedom, (1 + level) / 2))


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
    reach = student(sample.size - 1, level) * float(sample.std(ddof=1)) / sample.size**0.5
    return Interval(mean, mean - reach, mean + reach)


def paired(values: ArrayLike, others: ArrayLike, level: float = LEVEL) -> Interval:
    """The mean difference `values - others` with Student's interval over pairs.

    Args:
        values, others: shape (replicates,), paired by seed.
    """
    return interval(np.asarray(values, np.float64) - np.asarray(others, np.float64), level)


class Estimate(NamedTuple):
    """What a test says of an effect: the difference, its standard error, and the degrees of freedom of that."""

    effect: float
    error: float
    freedom: float

    def interval(self, level: float = LEVEL) -> Interval:
        """Student's interval."""
        reach = student(self.freedom, level) * self.error
        return Interval(self.effect, self.effect - reach, self.effect + reach)

    def detectable(self, power: float = POWER) -> float:
        """The least effect that a test with this error finds with such a probability, at the 5 % level (Bloom 1995)."""
        return (student(self.freedom) + student(self.freedom, 2 * power - 1)) * self.error


def between_arms(totals: ArrayLike, sizes: ArrayLike, arm: ArrayLike) -> Estimate:
    """Mean of those treated less mean of the others, where whole units were drawn: people, clusters, shops, blocks of days.

    Each arm's mean is the sum of its units' totals over the sum of their sizes, and has a variance of its own: that of a
    ratio (Cochran 1977, chapter 6), which is Neyman's (1923) where all units have one size. Welch's degrees of freedom.

    Args:
        totals: outcome of each unit, summed over its members; shape (units,).
        sizes: members of each unit; zero for none.
        arm: 1 where the unit is treated, else 0; at least two units of each.
    """
    total, size, treated = np.asarray(totals, np.float64), np.asarray(sizes, np.float64), np.asarray(arm) == 1
    (mean, variance, units), (other, others, them) = (_arm(total[it], size[it]) for it in (treated, ~treated))
    both = variance + others
    freedom = both**2 / (variance**2 / (units - 1) + others**2 / (them - 1)) if both > 0 else float(units + them - 2)
    return Estimate(mean - other, math.sqrt(both), freedom)


def _arm(total: NDArray[np.float64], size: NDArray[np.float64]) -> tuple[float, float, int]:
    """Mean over the members of some units, its variance, and how many units there are."""
    mean = float(total.sum() / size.sum())
    rest = total - mean * size
    variance = float(rest @ rest) / (size.size - 1) / size.size / float(size.mean()) ** 2
    return mean, variance, size.size


def by_column(table: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Student's interval of each column, as `interval` has it: means, lows and highs, each of shape (columns,).

    Args:
        table: shape (replicates, columns), two replicates at least.
    """
    sample = np.asarray(table, np.float64)
    mean = sample.mean(0)
    reach = student(len(sample) - 1) * sample.std(0, ddof=1) / math.sqrt(len(sample))
    return mean, mean - reach, mean + reach


def crossed(table: ArrayLike, other: ArrayLike | None = None) -> Interval:
    """Interval of a mean over drawn points that are all lived with the same seeds, or of the difference of two.

    Points and seeds are both samples, and what happens at two points is alike where a seed is kind to both. So the
    variance is that of the points' means, and that of the seeds' means, less what both count: two-way random effects,
    clusters in the words of Cameron, Gelbach and Miller (2011). It is at least each alone. Points are many and seeds
    few: the quantile is the mean of both's, weighted by their variances (Cochran 1964), which holds the truth a little
    more often than said where there are two seeds. With one seed it holds for its luck alone, with one point there.

    Args:
        table: shape (points, seeds), NaN where there is no value.
        other: what is taken from it: other points, the same seeds.
    """
    sides = [np.asarray(it, np.float64) for it in (table, other) if it is not None]
    spreads = [_spread(side) for side in sides]
    signs = np.array([1.0, -1.0])[: len(sides)]
    mean = float(signs @ [it.mean for it in spreads])
    seeds = sides[0].shape[1]
    known = seeds > 1
    by_seed = seeds / (seeds - 1) * float(((signs @ [it.by_seed for it in spreads]) ** 2).sum()) if known else 0.0
    by_point = sum(it.by_point for it in spreads) if all(len(side) > 1 for side in sides) else 0.0
    if by_seed + by_point == 0:
        return Interval(mean, mean, mean)
    variance = max(by_point + by_seed - sum(it.both for it in spreads), by_point, by_seed)
    quantile = by_seed * student(seeds - 1) if known else 0.0
    if by_point:
        parts = sum(it.by_point**2 / (len(side) - 1) for it, side in zip(spreads, sides, strict=True))
        quantile += by_point * student(by_point**2 / parts)  # Welch's degrees of freedom where there are two
    reach = quantile / (by_point + by_seed) * variance**0.5
    return Interval(mean, mean - reach, mean + reach)


class _Spread(NamedTuple):
    """A table's mean, and parts of its variance."""

    mean: float
    by_seed: NDArray[np.float64]  # how far each seed moves it
    by_point: float
    both: float  # what points and seeds do together, which both parts count


def _spread(table: NDArray[np.float64]) -> _Spread:
    there, (points, seeds) = ~np.isnan(table), table.shape
    mean, cells = float(table[there].mean()), int(there.sum())
    rest = np.where(there, table - mean, 0.0)
    by_seed, by_point, both = rest.sum(axis=0) / cells, 0.0, 0.0
    if points > 1:
        by_point = points / (points - 1) * float(((rest.sum(axis=1) / cells) ** 2).sum())
    if points > 1 and seeds > 1:
        for _ in range(1 if there.all() else SOLVED):
            for axis in (1, 0):
                many = np.maximum(there.sum(axis=axis, keepdims=True), 1)
                rest = np.where(there, rest - rest.sum(axis=axis, keepdims=True) / many, 0.0)
        both = points * seeds / (points - 1) / (seeds - 1) * float((rest**2).sum()) / cells**2
    return _Spread(mean, by_seed, by_point, both)


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


def spread_between(table: ArrayLike) -> float:
    """Standard deviation between futures, without what luck adds to their means.

    A seed that is kind to all futures moves them together and adds nothing; what each future makes of each seed is luck's
    part, and its variance over the seeds is taken out (two-way random effects: Scheffé 1959). With one seed nothing is.

    Args:
        table: shape (futures, seeds), two futures at least.
    """
    values = np.asarray(table, np.float64)
    futures, seeds = values.shape
    variance = float(values.mean(axis=1).var(ddof=1))
    if seeds > 1:
        own = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
        variance -= float((own**2).sum()) / ((futures - 1) * (seeds - 1) * seeds)
    return math.sqrt(max(0.0, variance))


def share_interval(won: int, of: int) -> tuple[float, float]:
    """95 % interval of a share from a count, which stays between 0 and 1 (Wilson 1927)."""
    z = float(special.ndtri((1 + LEVEL) / 2))
    share, room = won / of, z**2 / of
    middle = (share + room / 2) / (1 + room)
    reach = z * (share * (1 - share) / of + room / (4 * of)) ** 0.5 / (1 + room)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def lucky_shares(chances: ArrayLike) -> tuple[float, float]:
    """95 % range of the share of futures won, where each is won with a probability of its own.

    The number won has Poisson's binomial law (Poisson 1837), found here exactly by adding one future after another.

    Args:
        chances: shape (futures,).
    """
    law = np.ones(1)
    for probability in np.asarray(chances, np.float64):
        law = np.convolve(law, [1 - probability, probability])
    below, futures = np.cumsum(law), law.size - 1
    tail = (1 - LEVEL) / 2
    low, high = (int(np.searchsorted(below, at - 1e-12)) for at in (tail, 1 - tail))
    return low / futures, min(high, futures) / futures


# Standard errors, of what is measured once


def standard_error(values: ArrayLike) -> float:
    """Standard error of the mean of independent values."""
    sample = np.asarray(values, np.float64)
    return float(sample.std(ddof=1)) / math.sqrt(sample.size)


def share_error(share: float, of: float) -> float:
    """Standard error of a share that is expected, of so many independent tries."""
    return math.sqrt(share * (1.0 - share) / of)


def ratio_error(top: ArrayLike, bottom: ArrayLike) -> float:
    """Standard error of the sum of one thing over the sum of another, by the linearised ratio (Cochran 1977, chapter 6).

    Args:
        top, bottom: shape (days,), independent pairs.
    """
    above, below = np.asarray(top, np.float64), np.asarray(bottom, np.float64)
    ratio = above.sum() / below.sum()
    return float((above - ratio * below).std(ddof=1)) / math.sqrt(above.size) / float(below.mean())


def batch_error(means: ArrayLike) -> float:
    """Standard error of the mean of batches of which each still tells something of the next: an autoregression of order 1.

    Args:
        means: shape (batches,), in order of time.
    """
    values = np.asarray(means, np.float64)
    echo = max(0.0, float(np.corrcoef(values[:-1], values[1:])[0, 1]))
    return standard_error(values) * math.sqrt((1 + echo) / (1 - echo))
