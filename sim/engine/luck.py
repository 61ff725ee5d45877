"""Luck by name: counter-based random numbers, keyed by (seed, name of the decision, day, person, k).

There is no generator to carry about and no order of draws: the same question asked twice has the same answer,
whatever the threads, blocks or other services. A two-level splitmix64 mix (Steele, Lea, Flood 2014) makes the bits;
every distribution is an inverse transform, so a higher rate never lowers a draw and two strategies share every shock.
"""

import functools
import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.kernels import rule

GOLD = np.uint64(0x9E3779B97F4A7C15)
ONE, TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
S12, S16, S20, S27, S30, S31, S32, S36, S48 = (np.uint64(shift) for shift in (12, 16, 20, 27, 30, 31, 32, 36, 48))
BITS_OF_ONE, BELOW_ONE, HALF_STEP_BELOW = np.uint64(0x3FF0000000000000), 1.0 - 2.0**-53, 1.0 - 2.0**-33
TAIL = 0.02425  # of the normal law, on either side
QUARTER_STEP_BELOW = 1.0 - 2.0**-17
LOW16, LOW32 = np.uint64(0xFFFF), np.uint64(0xFFFFFFFF)
ZERO, ONE_MORE, MOST_EVENTS = np.uint64(0), np.uint64(1), np.uint64(200)  # unsigned: an index needs no check
INVERSE = 1.0 / np.arange(1.0, 201.0)  # a product takes a fifth of the time of a division
WHOLE = 0xFFFFFFFFFFFFFFFF
EVER = -1  # the day of what is drawn once for all: traits, places, tastes


def key(seed: int, name: str, day: int = EVER) -> np.uint64:
    """The key of one decision on one day: hand it to `uniform` in a kernel, or to `uniforms`."""
    return np.uint64(_mixed(_of_decision(int(seed), name), int(day)))


@functools.lru_cache(4_096)
def _of_decision(seed: int, name: str) -> int:
    """What the keys of a decision have in common on all days."""
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    return _mixed(seed & WHOLE, number)


def _mixed(bits: int, part: int) -> int:
    """`mix` of a number and the next part of a key, in Python's own integers: some 100 keys are made a day."""
    z = (bits * 0x9E3779B97F4A7C15 + part) & WHOLE
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WHOLE
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WHOLE
    return z ^ (z >> 31)


@rule
def mix(z):
    z = (z ^ (z >> S30)) * ONE
    z = (z ^ (z >> S27)) * TWO
    return z ^ (z >> S31)


@rule
def bits(key, who, k):
    """64 random bits for the k-th question to `who` under `key`."""
    return mix(mix(key + np.uint64(who) * GOLD) + np.uint64(k) * GOLD)


@rule
def fraction(word):
    """The middle of the 2^52 steps of (0, 1) that a word's high bits name: never 0 nor 1."""
    return np.uint64((word >> S12) | BITS_OF_ONE).view(np.float64) - BELOW_ONE  # as digits behind 1, then without it


@rule
def halves(word):
    """Two numbers in (0, 1) of 32 bits each, from the two halves of a word."""
    high, low = ((word >> S32) << S20) | BITS_OF_ONE, ((word & LOW32) << S20) | BITS_OF_ONE
    return np.uint64(high).view(np.float64) - HALF_STEP_BELOW, np.uint64(low).view(np.float64) - HALF_STEP_BELOW


@rule
def quarters(word):
    """Four numbers in (0, 1) of 16 bits each, from the four quarters of a word."""
    a, b = ((word >> S48) << S36) | BITS_OF_ONE, (((word >> S32) & LOW16) << S36) | BITS_OF_ONE
    c, d = (((word >> S16) & LOW16) << S36) | BITS_OF_ONE, ((word & LOW16) << S36) | BITS_OF_ONE
    return (
        np.uint64(a).view(np.float64) - QUARTER_STEP_BELOW,
        np.uint64(b).view(np.float64) - QUARTER_STEP_BELOW,
        np.uint64(c).view(np.float64) - QUARTER_STEP_BELOW,
        np.uint64(d).view(np.float64) - QUARTER_STEP_BELOW,
    )


@rule
def uniform(key, who, k):
    """A number in (0, 1) with 52 bits, never 0 nor 1."""
    return fraction(bits(key, who, k))


@rule
def two(key, who, k):
    """Two numbers in (0, 1) of 32 bits each for the price of one: for loops over many threads a day."""
    return halves(bits(key, who, k))


@rule
def pair(key, who, other, k):
    """A number in (0, 1) for an ordered pair."""
    return uniform(of(key, who), other, k)


@rule
def pairs(own, others, number, k, into):
    """`pair` of one with the first `number` of others, by a key of one's own (`of`), vectorised."""
    for j in range(number):
        into[j] = uniform(own, others[j], k)


@rule
def of(key, who):
    """A key of one's own: `uniform(of(key, who), other, k)` is `pair(key, who, other, k)`, for many draws at once."""
    return mix(key + np.uint64(who) * GOLD)


@rule
def rest(u):
    """A second number in [0, 1) from what a `uniform` has beyond 32 bits: 20 bits, to order equals."""
    fine = u * 4294967296.0
    return fine - math.floor(fine)


def uniforms(key: np.uint64, who: Any, k: int = 0) -> NDArray[np.float64]:
    """`uniform` for an array of people, or a number of people counted from 0; shape (people,)."""
    ids = np.arange(int(who), dtype=np.uint64) if np.ndim(who) == 0 else np.asarray(who, np.uint64)
    with np.errstate(over="ignore"):
        raw = mix(mix(key + ids * GOLD) + np.uint64(k) * GOLD)
    return np.asarray(((raw >> S12).astype(np.float64) + 0.5) * 2.0**-52)


def draw(key: np.uint64, who: int = 0, k: int = 0) -> float:
    """`uniform` for one, outside kernels."""
    return float(uniforms(key, np.array([who]), k)[0])


@rule
def _middle(u):
    """`normal` between the tails."""
    q = u - 0.5
    r = q * q
    top = (
        (
            (((-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02) * r + 1.383577518672690e02)
            * r
            - 3.066479806614716e01
        )
        * r
        + 2.506628277459239
    ) * q
    low = (
        (((-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02) * r + 6.680131188771972e01) * r
        - 1.328068155288572e01
    ) * r + 1.0
    return top / low


@rule
def normal(u):
    """Standard normal quantile; Acklam's rational approximation, relative error 1.2e-9."""
    if u < TAIL or u > 1.0 - TAIL:
        tail = u if u < 0.5 else 1.0 - u
        q = math.sqrt(-2.0 * math.log(tail))
        top = (
            (((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q - 2.549732539343734) * q
            + 4.374664141464968
        ) * q + 2.938163982698783
        low = (
            ((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q + 3.754408661907416
        ) * q + 1.0
        return top / low if u < 0.5 else -top / low
    return _middle(u)


@rule
def normals(u, number, into):
    """`normal` of the first `number` of `u`: as if in the middle, which is vectorised, then the tails."""
    for i in range(number):
        into[i] = _middle(u[i])
    for i in range(number):
        if u[i] < TAIL or u[i] > 1.0 - TAIL:
            into[i] = normal(u[i])


@rule
def lognormal(mean, spread, u):
    """Lognormal quantile with the given mean and log-spread."""
    return mean * math.exp(spread * normal(u) - 0.5 * spread * spread)


@rule
def exponential(mean, u):
    return -mean * math.log(1.0 - u)


@rule
def small_poisson(mean, u):
    """Poisson quantile by search, for means up to 50 or so."""
    return poisson_of(mean, math.exp(-mean), u)


@rule
def poisson_of(mean, chance, u):
    """`small_poisson` for who has worked out the chance of none, e^-mean, for many at once."""
    total = chance
    events = ZERO
    while u > total and events < MOST_EVENTS:
        chance *= mean * INVERSE[events]
        total += chance
        events += ONE_MORE
    return np.int64(events)


@rule
def poisson(mean, u):
    """Poisson quantile: by search up to a mean of 50, above by Cornish and Fisher; monotone in u and in the mean."""
    if mean <= 0.0:
        return 0
    if mean <= 50.0:
        return small_poisson(mean, u)
    z = normal(u)
    # the two differ by one here and there: never below the quantile of 50, so that a higher rate never lowers a draw
    return max(small_poisson(50.0, u), int(math.floor(mean + math.sqrt(mean) * z + (z * z - 1.0) / 6.0 + 0.5)))


@rule
def geometric_scale(mean):
    """What `geometric_of` needs of the mean, so that a loop works it out once."""
    return 1.0 / math.log(1.0 - 1.0 / mean) if mean > 1.0 else 0.0


@rule
def geometric_of(scale, u):
    """A whole number of at least 1 whose law `geometric_scale` prepared."""
    return 1 + int(math.log(u) * scale)


@rule
def geometric(mean, u):
    """A whole number of at least 1 with the given mean (1 when the mean is 1 or less)."""
    return geometric_of(geometric_scale(mean), u)


@rule
def rounded(x, u):
    """A whole number whose mean is x: x rounded up with the chance of its fraction."""
    return int(math.floor(x + u))
