"""Follows: the few brands whose threads a person keeps, and what they last read there.

Brands write here what is followed and read (shopping/brands.py); whoever shops remembers from it which shops come to
mind and which offers stand. Who looked in a month at something that a post or a friend's purchase recommended, and who
bought anything, is kept here too.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import inlined_rule, kernel, rule, with_cached_type
from sim.ground.metrics import flow
from sim.people.users import AWAY
from sim.shopping.terms import BrandsSettings, UpdatesSettings
from sim.state import State

SLOTS = 4  # brands a person follows at most: attention is scarce
NOBODY = np.uint32(2**32 - 1)
UNPROMPTED, READ, OFFERED = 1, 2, 3  # how a followed brand comes to mind
MONTH = 30  # days over which buyers are counted


class FollowColumns(Table):
    """A row a place for a followed brand: row `person * SLOTS + place`."""

    brand = Column(np.uint32, NOBODY, "row of the merchant followed; 4294967295 for none")
    seen = Column(np.int16, AWAY, "last day on which a post of it came while the person was here")
    read = Column(np.int16, AWAY, "last day on which one was read")
    offer = Column(np.int16, AWAY, "last day on which the offer last read stands")
    tired = Column(np.float32, 0, "posts a week seen from it of late", "posts")


class WishColumns(Table):
    """A row a person."""

    wish = Column(np.uint32, NOBODY, "brand whose post today made the reader want something; 4294967295 for none")
    advised = Column(
        np.uint8, 0, "1 if this month the person looked at a shop that a post or a friend's purchase recommended"
    )
    bought = Column(np.uint8, 0, "1 if the person bought something in a thread this month")


BUYERS = flow(
    "brands.buyers", "buyers", "people who bought in a thread, each month's counted on its last day", "neither"
)
ADVISED_BUYERS = flow(
    "brands.advised_buyers", "buyers", "of these, who looked that month at what a post or a friend's purchase advised"
)


@with_cached_type
class Recall(NamedTuple):
    """Today's terms of remembering posts and offers, as numbers for kernels; see shopping/brands.py for the settings."""

    on: bool
    today: int
    remembered: int
    unprompted: float
    discount: float
    wanting: float
    thanks: float


def recall(state: State) -> Recall:
    """Today's terms of remembering; `thanks` is the utility of a shop that kept the buyer informed last time."""
    brands, updates = state.settings(BrandsSettings), state.settings(UpdatesSettings)
    thanks = updates.thanks if updates.on else 0.0
    return Recall(brands.on, state.day, brands.remembered, brands.unprompted, brands.discount, brands.wanting, thanks)


@rule
def comes_to_mind(today, read, offer, remembered, unprompted, u):
    """How a followed brand comes to mind at a need: OFFERED, READ of late, UNPROMPTED, or 0 for not at all."""
    if offer >= today:
        return OFFERED
    if read > today - remembered:
        return READ
    return UNPROMPTED if u < unprompted else 0


def count_buyers(state: State, buyers: NDArray[np.uint32]) -> None:
    """Remember today's buyers; on a month's last day count them, and those who were advised."""
    wishes = state[WishColumns]
    wishes.bought[buyers] = 1
    if state.day % MONTH == MONTH - 1:
        state.note(BUYERS, int(wishes.bought.sum(dtype=np.int64)))
        state.note(ADVISED_BUYERS, int((wishes.bought & wishes.advised).sum(dtype=np.int64)))
        wishes.bought[...] = wishes.advised[...] = 0


@rule
def offered(price, discount):
    """Price of an offer, in whole cents."""
    return max(1, int(price * (1.0 - discount) + 0.5))


@inlined_rule
def remember(follows_of, who, recall, number, price, offers, key):
    """What a shopper recalls of followed shops in this market: how each comes to mind, when read, the price asked."""
    for j in range(number):
        offers.asked[j], offers.read[j], offers.mind[j] = price[offers.row[j]], 0, 0
    if not recall.on:
        return
    for at in range(who * SLOTS, (who + 1) * SLOTS):
        row = np.int64(follows_of.brand[at])
        for j in range(number):
            if offers.row[j] == row:
                u, read = luck.pair(key, who, row, 7), follows_of.read[at]
                mind = comes_to_mind(recall.today, read, follows_of.offer[at], recall.remembered, recall.unprompted, u)
                offers.read[j], offers.mind[j] = read, mind
                if mind == OFFERED:
                    offers.asked[j] = offered(price[row], recall.discount)


@rule
def add_followed(number, most, read, mind, known):
    """Mark as known the followed shops that come to mind, those read last first, `most` of them."""
    for j in range(number):
        if mind[j] > 0:
            before = 0
            for i in range(number):
                before += mind[i] > 0 and (read[i] > read[j] or (read[i] == read[j] and i < j))
            if before < most:
                known[j] = 1


@kernel
def follow(mine, who, brand, followers):
    """These people follow these brands, in order; where no place is left, the brand read longest ago goes.

    Keeps `followers` by brand; returns (brands followed, brands dropped).
    """
    begun = dropped = 0
    for i in range(who.size):
        first = np.int64(who[i]) * SLOTS
        place, oldest, known = first, 32_767, False
        for at in range(first, first + SLOTS):
            known |= mine.brand[at] == brand[i]
            last = AWAY if mine.brand[at] == NOBODY else max(np.int64(mine.read[at]), -1)
            if last < oldest:
                place, oldest = at, last
        if known:
            continue
        if mine.brand[place] != NOBODY:
            followers[mine.brand[place]] -= 1
            dropped += 1
        mine.brand[place] = brand[i]
        mine.seen[place] = mine.read[place] = mine.offer[place] = AWAY
        mine.tired[place] = 0.0
        followers[brand[i]] += 1
        begun += 1
    return begun, dropped
