"""Choice: what people choose among alternatives they like at random, and what an alternative is worth to who chose it.

Random utility: an alternative is worth its utility and Gumbel noise, and the best is chosen. The chance of each is then a
logit of the utilities, and what the best is worth in the mean is their logsum (McFadden 1974; Train, Discrete Choice
Methods with Simulation, 2nd ed. 2009, chapter 3). Utilities are in units of that noise. A few rules stand twice: with
C's exponential, and with our own, which keeps the loops over shops inlined and vectorised (engine/elementary.py).
"""

import math

from sim.engine import elementary
from sim.engine.kernels import rule

MOST_OF_ALL = 1e300  # near the most that a computer holds
ALL_BUT_ONE = 1.0 - 2.0**-53  # the largest chance below 1
CERTAIN = 30.0  # utilities apart from which on ln(1 + e^x) is x to a computer


# noise


@rule
def gumbel(u):
    """Gumbel quantile: the noise of a logit choice."""
    return -math.log(-math.log(u))


@rule
def gumbels(u, number, into):
    """`gumbel` of the first `number` of `u`, vectorised."""
    for i in range(number):
        into[i] = -elementary.log(-elementary.log(u[i]))


@rule
def logistic(u):
    """Logistic quantile: the difference of two Gumbel noises, which decides between two alternatives."""
    return math.log(u / (1.0 - u))


@rule
def random_utility(utility, noise, u):
    """Utility as felt at one choice, with Gumbel noise of this scale."""
    return utility + noise * gumbel(u) if noise > 0.0 else utility


@rule
def utilities_without(doing_without, outside, noise, u, v):
    """What doing without and buying elsewhere are worth at one choice: what is offered has to better both."""
    return random_utility(doing_without, noise, u), random_utility(outside, noise, v)


# choice probabilities


@rule
def logit(advantage):
    """Chance of the better of two alternatives by how much better it is (Luce 1959; McFadden 1974)."""
    return 1.0 / (1.0 + math.exp(-advantage))


@rule
def quick_logit(advantage):
    """`logit` by our own exponential."""
    return 1.0 / (1.0 + elementary.exp(-advantage))


@rule
def logit_scale(noise):
    """By what utilities are divided in a logit: the scale of the noise, or 1 where the best is chosen without any."""
    return noise if noise > 0.0 else 1.0


@rule
def weight(utility, scale):
    """Weight of an alternative in a logit: its chance is this over the sum of all weights."""
    return elementary.exp(utility / scale)


@rule
def share(weight, total, of=1.0):
    """Choice probability of an alternative by its weight among all, or what that is of an amount."""
    return of * weight / total


@rule
def slope(chance, of=1.0):
    """What a small gain in utility adds to a choice probability, or what that is of an amount: P (1 - P)."""
    return of * chance * (1.0 - chance)


@rule
def odds(utility, one, other):
    """Odds that an alternative is chosen rather than either of two others."""
    return math.exp(utility) / (math.exp(one) + math.exp(other))


# what a choice is worth


@rule
def log_of_ratio(top, bottom):
    """Logarithm of the ratio of two positive numbers, also where that ratio is none that a computer holds."""
    ratio = top / bottom
    return elementary.log(ratio) if ratio < MOST_OF_ALL else elementary.log(top) - elementary.log(bottom)


@rule
def logsum_gain(total, without, scale):
    """What alternatives add to the mean utility of the best: the logsum with them less that without (Small, Rosen 1981).

    By sums of weights, `total` with them and `without` them, and the scale of the noise.
    """
    return scale * log_of_ratio(total, without)


@rule
def value_of_chosen(chance, price_weight):
    """What an alternative chosen with chance P is worth to who chose it, in money: -ln(1 - P)/P by what money counts.

    Having it adds -ln(1 - P) to the logsum, and all of that goes to the P who choose it (Small, Rosen 1981, by Bayes).
    """
    return -math.log1p(-min(chance, ALL_BUT_ONE)) / (chance * price_weight)


@rule
def value_at_odds(odds):
    """`value_of_chosen`, in utility, by the odds P/(1 - P): exact where P is all but 1, and 1 where it is all but 0."""
    return math.log1p(odds) * (1.0 + odds) / odds if odds > 0.0 else 1.0


@rule
def value_at_odds_and_chance(odds, chance):
    """`value_of_chosen`, in utility, for who has worked out both the odds and the chance."""
    return math.log(1.0 + odds) / chance


@rule
def value_of_better(advantage):
    """`value_of_chosen`, in utility, of one of two alternatives that is so much better than the other."""
    return math.log1p(math.exp(advantage)) / logit(advantage) if advantage < CERTAIN else advantage
