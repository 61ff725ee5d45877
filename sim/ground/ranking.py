"""Ranking: places in a list, blended of relevance and bids, and what a promoted place pays.

Shared by search in the shops and by the assistant's answers: score = (1 - weight) relevance + weight bid / highest bid,
relevance a percentile. A place is promoted if an unpaid ranking would not have given it; it pays, per click, the least
bid that keeps it.
"""

import numpy as np

from sim.engine.kernels import rule


@rule
def score(relevance, bid, highest_bid, weight):
    """Blend of relevance in [0, 1] and of the bid as a share of the highest."""
    share = bid / highest_bid if highest_bid > 0.0 else 0.0
    return (1.0 - weight) * relevance + weight * share


@rule
def percentiles(values, number, into):
    """Relevance: the share of the other candidates that each of the first `number` values beats; 1 for the best."""
    for i in range(number):
        beaten = 0
        for j in range(number):
            if values[j] < values[i] or (values[j] == values[i] and j > i):
                beaten += 1
        into[i] = beaten / (number - 1.0) if number > 1 else 1.0


@rule
def rank(scores, number, order):
    """Places of the first `number` candidates, best first, into `order`; ties go to the earlier candidate."""
    for i in range(number):  # counting, not sorting: of a dozen, all against all is faster than branches
        before = 0
        for j in range(number):
            before += (scores[j] > scores[i]) | ((scores[j] == scores[i]) & (j < i))
        order[before] = i


@rule
def rank_paid(values, bids, number, highest_bid, weight, relevance, scores, order):
    """The first `number` candidates, best first, by a blend of what they are believed to be worth and of their bids."""
    percentiles(values, number, relevance)
    for j in range(number):
        scores[j] = score(relevance[j], bids[j], highest_bid, weight)
    rank(scores, number, order)


@rule
def bid_that_counts(bid, reserve):
    """A bid below the reserve price buys no place."""
    return np.float64(bid) if bid >= reserve else 0.0


@rule
def click_price(relevance, bid, next_score, highest_bid, weight, reserve):
    """Least bid that keeps a place above `next_score`: never under the reserve, never above the bid."""
    needed = (next_score - (1.0 - weight) * relevance) / weight * highest_bid if weight > 0.0 else 0.0
    return min(bid, max(reserve, needed))


@rule
def consider(order, number, places, considered, is_known, passed):
    """Fill a considered set: the known shops, then the ranking from the top but for those passed over."""
    taken = 0
    for j in range(number):
        considered[j] = is_known[j]
        taken += is_known[j]
    for at in range(number):
        if taken >= places:
            break
        if not considered[order[at]] and not passed[order[at]]:
            considered[order[at]] = 1
            taken += 1
