"""Posting: how often it pays a brand to post, and what it believes of that from few reads. See shopping/brands.py."""

import math

from sim.engine.kernels import rule


@rule
def gain_of_posts(frequency, earned, tiring, cost, loss):
    """What a further post a week brings a brand per follower: earnings less its cost and the followers it loses.

    Earnings go with reads, and these with f e^(-f/tiring) at f posts a week.
    """
    return earned * (1.0 - frequency / tiring) * math.exp(-frequency / tiring) - cost - loss * frequency


@rule
def best_frequency(earned, tiring, cost, loss, most):
    """Posts a week that earn most: where a further one brings nothing (each brings less), 0 to `most`."""
    if gain_of_posts(0.0, earned, tiring, cost, loss) <= 0.0:
        return 0.0
    low, high = 0.0, min(most, tiring)  # past `tiring` further posts lose reads
    for _ in range(30):
        middle = 0.5 * (low + high)
        if gain_of_posts(middle, earned, tiring, cost, loss) > 0.0:
            low = middle
        else:
            high = middle
    return low


@rule
def believed(own, evidence, trade, trust):
    """A rate as a brand believes it: its own figure and the trade's, weighed by how much evidence is its own."""
    return (own + trust * trade) / max(1e-12, evidence + trust)


@rule
def earned_by_post(asked, price, cost, fees, chance, weight, rest):
    """Cents that a shop earns by a post its shopper read, against what it would without: at its usual price, if at all.

    `weight` is of the shop at its usual price among `rest`, the weights of all else; 0 where it would not be looked at.
    """
    return chance * (asked * (1.0 - fees) - cost) - weight / (rest + weight) * (price * (1.0 - fees) - cost)
