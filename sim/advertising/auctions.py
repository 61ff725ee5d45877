"""Auctions: who gets the places, what a click costs them, and how far a day's budget goes.

Everyone who bids is ranked, by bid times quality to a power; places go to the best who may have one and bid at
least the reserve. Prices per click are those of the generalised second price (the least bid that keeps the place), of
Vickrey, Clarke and Groves (what one's presence costs the others; Varian 2007; Edelman, Ostrovsky, Schwarz 2007), or
the bid itself. A day has 24 rounds: who has spent the day's budget is out from the next round on.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.kernels import rule, with_cached_type
from sim.ground import ranking

GSP, VCG, FIRST = 0, 1, 2
ROUNDS = 24


@with_cached_type
class AuctionState(NamedTuple):
    """Working arrays of one person's day of auctions. Places of the day are numbered; an auction fills one or more in a row."""

    seats: NDArray[np.int64]  # one cell: how many bidders take part, the first ones
    bid: NDArray[np.float64]  # a cell a bidder
    quality: NDArray[np.float64]
    row: NDArray[np.int64]  # of the advertisers' table: who bids
    out: NDArray[np.int64]  # the round from which they bid no more
    scored: NDArray[np.float64]
    order: NDArray[np.int64]  # bidders, best first
    times: NDArray[np.int64]  # they were shown today
    may: NDArray[np.uint8]
    first: NDArray[np.int64]  # a cell an auction, in order of time: its first place, how many it has, and its round
    places: NDArray[np.int64]
    when: NDArray[np.int64]
    best: NDArray[np.int64]  # a cell a place of one auction: winners and prices
    price: NDArray[np.float64]
    winner: NDArray[np.int64]  # a cell a place of the day: who has it, -1 for nobody, at what price per click
    paid: NDArray[np.float64]
    before: NDArray[np.int64]  # how often the winner had places earlier in the day


@rule
def auction_state(bidders, places):
    """Working arrays for so many bidders, all of whom take part until `seats` says otherwise."""
    return AuctionState(
        np.full(1, bidders), np.empty(bidders), np.empty(bidders), np.empty(bidders, np.int64), np.empty(bidders, np.int64),
        np.empty(bidders), np.empty(bidders, np.int64),
        np.empty(bidders, np.int64), np.empty(bidders, np.uint8), np.empty(places, np.int64),
        np.empty(places, np.int64), np.empty(places, np.int64), np.empty(places + 1, np.int64), np.empty(places + 1),
        np.empty(places, np.int64), np.empty(places), np.empty(places, np.int64),
    )  # fmt: skip


@rule
def score(bid, quality, weight):
    """What bidders are ranked by: the bid alone at weight 0, bid times quality at 1."""
    return bid if weight == 0.0 else bid * quality**weight


@rule
def needed(bid, scored, rival, reserve):
    """Least bid with which a bidder of this bid and score beats a rival's score: from the reserve to the own bid."""
    return min(bid, max(reserve, rival * bid / scored if scored > 0.0 else 0.0))


@rule
def award(bidders, order, bid, scored, may, reserve, rates, places, kind, winner, price):
    """Give places, best first, to the best of all bidders who may have one; returns how many were given.

    Args:
        bidders: how many there are.
        order, bid, scored: the full ranking; bids per click and scores by bidder.
        may: by bidder, whether they may have a place here (money left, not shown too often).
        rates: click rate of each place, falling.
        places: how many there are.
        winner, price: bidder and price per click of each place; room for one more than there are.
    """
    found = 0
    for at in range(bidders):
        one = order[at]
        if may[one] and bid[one] >= reserve:
            winner[found] = one
            found += 1
            if found > places:
                break  # the first who gets none sets the last price
    given = min(found, places)
    for place in range(given):
        price[place] = price_of(place, given, found, bid, scored, reserve, rates, kind, winner)
    return given


@rule
def price_of(place, given, found, bid, scored, reserve, rates, kind, winner):
    """Price per click of a place; `winner` has the winners of the `given` places and, if `found` is more, the next."""
    one = winner[place]
    if kind == FIRST:
        return bid[one]
    total = 0.0
    for lower in range(place, given):  # each place one could fall to, and the least bid that lifts one above it
        rival = scored[winner[lower + 1]] if lower + 1 < found else 0.0
        least = needed(bid[one], scored[one], rival, reserve)
        if kind == GSP:
            return least
        total += least * (rates[lower] - (rates[lower + 1] if lower + 1 < given else 0.0))
    return total / rates[place] if rates[place] > 0.0 else reserve


@rule
def rank(on, weight):
    """Rank all bidders."""
    for one in range(on.seats[0]):
        on.scored[one] = score(on.bid[one], on.quality[one], weight)
    ranking.rank(on.scored, on.seats[0], on.order)


@rule
def plan(on, number, first, places, now):
    """Put an auction behind those of its round and earlier ones; returns how many auctions there are now."""
    i = number
    while i > 0 and on.when[i - 1] > now:
        on.first[i], on.places[i], on.when[i] = on.first[i - 1], on.places[i - 1], on.when[i - 1]
        i -= 1
    on.first[i], on.places[i], on.when[i] = first, places, now
    return number + 1


@rule
def hold(on, number, until, out, cap, reserve, rates, kind):
    """Hold a person's first `number` auctions, up to round `until`, among bidders ranked before; fills winner, paid and before.

    Nobody is shown more than `cap` times, nor from the round on in which they are `out`.
    """
    bidders = on.seats[0]
    for one in range(bidders):
        on.times[one] = 0
    for i in range(number):
        if on.when[i] > until:
            break
        for one in range(bidders):
            on.may[one] = out[one] > on.when[i] and on.times[one] < cap
        places, first = on.places[i], on.first[i]
        given = award(bidders, on.order, on.bid, on.scored, on.may, reserve, rates, places, kind, on.best, on.price)
        for j in range(places):
            on.winner[first + j] = on.best[j] if j < given else -1
            if j < given:
                on.paid[first + j] = on.price[j]
                on.before[first + j] = on.times[on.best[j]]
                on.times[on.best[j]] += 1


@rule
def charge(left, out, bidder, amount, now):
    """Charge a click of round `now` if the day's budget covers it, else it is void; returns whether it was charged.

    Args:
        left: by bidder, what is left of the day's budget.
        out: by bidder, the round from which they bid no more; ROUNDS for those in all day.
    """
    paid = amount <= left[bidder]
    if paid:
        left[bidder] -= amount
    if not paid or left[bidder] <= 0:
        out[bidder] = min(out[bidder], now + 1)
    return paid
