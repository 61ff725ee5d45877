"""Needs for goods: who has one today, which were met before their time, and what the assistant said of them.

Needs are people's own. A reminder may bring one forward, and the next that would have come is then not there; advice meets
a need and makes none. Services that meet needs in turn (the assistant, then the shops) leave word for each other here.
"""

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.shopping.follows import NOBODY

NONE = 255  # no shop


class PurchaseColumns(Table):
    """A row a person and category: row `person * categories + category`."""

    shop = Column(
        np.uint8, NONE, "place, among the shops of its market and category, of the shop last bought from; 255 for none"
    )


class RegardColumns(Table):
    """A row a person and category, as purchases: the last experience of being helped."""

    shop = Column(
        np.uint8, NONE, "place, among the shops of its market and category, of the shop that helped last; 255 for none"
    )
    opinion = Column(np.int8, 0, "what the person thinks of it for that", "hundredths of a logit unit")


class NeedColumns(Table):
    """A row a person. All but `ahead` is of today and empty between days."""

    today = Column(np.uint8, 0, "category of today's need, counted from 1; 0 for none")
    ahead = Column(np.uint8, 0, "1 if a need was met before its time: the next is not there")
    advised = Column(np.uint32, NOBODY, "row of the merchant that the assistant named; 4294967295 for none")
    faith = Column(np.float32, 0, "match it is wrongly believed to have, for the name was paid for", "logit units")


@rule
def shopping_share(needs, shoppers):
    """Share of people who look for goods here at all, at least as large as the mean of needs a day."""
    return max(needs, shoppers)


@rule
def arises(who, u, needs, shoppers, lasting):
    """Whether a need for goods comes up today: only to those who look for goods here, with a mean of `needs` over all."""
    share = shopping_share(needs, shoppers)
    return u * share < needs and (share >= 1.0 or luck.uniform(lasting, who, 0) < share)


@rule
def bring_forward(rows, who, category):
    """A need that would come later is looked at today; only one at a time can be ahead."""
    rows.today[who] = category + 1
    rows.ahead[who] = 1


@kernel
def find_shoppers(awake, rows, needs, shoppers, categories, with_wishes, wish, key, lasting, found):
    """Those awake who need something today, or whom a post made wish for it, into `found`; returns how many.

    Writes the needs of its own people: a need met before its time is crossed off.
    """
    number = 0
    for person in awake:
        who = np.int64(person)
        u, kind = luck.two(key, who, 0)
        if arises(who, u, needs, shoppers, lasting):
            if rows.ahead[who]:
                rows.ahead[who] = 0
            else:
                rows.today[who] = np.int64(kind * categories) + 1
        found[number] = person
        number += (rows.today[who] > 0) | (with_wishes and wish[who] != NOBODY)
    return number
