"""Bidding: a person's day of auctions among the advertisers who seek people of their kind, and what each could have.

Places of a person's day are numbered 0 to 95: those between the threads of the inbox, those of the discovery page and
those in brand threads. Each of the first and last is auctioned alone; the page is a screen of a few places at a time,
as it is scrolled. Who bids stands in an index by market and kind of people, so that a day costs what those who seek
this person cost, however many advertise. Once a month the same auctions are held again for some of today's people, as
if one advertiser bid otherwise or one more were there: who thinks of coming, going or bidding otherwise goes by that.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.kernels import kernel, remembered, rule
from sim.firms import advertiser
from sim.firms.advertiser import KINDS
from sim.ground import auctions
from sim.ground.auctions import ROUNDS
from sim.people import knowledge

INBOX, DISCOVERY, BRAND = 0, 32, 64  # first place of each surface
MOST = 32  # places a surface
SCREEN = 4  # places of the page that are auctioned, and seen, at a time
LOOKED_AT = 400  # people of a market whose day is held again


@remembered
class Terms(NamedTuple):
    """What kernels know of today's auctions."""

    it: Any  # the settings of [advertising], of [company] and of [knowledge]
    company: Any
    know: Any
    least: float  # bid
    rates: NDArray[np.float64]  # share who reach each place of a screen, of those who reach its first
    reaching: float  # see `reached`
    beliefs: NDArray[np.float64]
    first: NDArray[np.int64]  # of `row`, by market and kind: where its advertisers stand, and behind the last
    row: NDArray[np.int64]
    pool: int  # advertisers a market, those who stay away included
    reach: float  # part of people that each seeks
    markets: int
    people: int
    match_key: np.uint64
    kind_key: np.uint64
    key: np.uint64


@rule
def packed(inbox, page, brand, on_page, asked):
    """Places of each surface that are seen and those laid out on the page (up to 31), and all asked for, in one number."""
    return np.uint32((((asked * MOST + on_page) * MOST + brand) * MOST + page) * MOST + inbox)


@rule
def unpacked(places):
    """What `packed` holds."""
    number = np.int64(places)
    return number & 31, (number >> 5) & 31, (number >> 10) & 31, (number >> 15) & 31, number >> 20


@rule
def reached(reaching, u):
    """Places of the page that a person scrolls to: at least one, and the next with chance e^(1/reaching)."""
    return 1 + int(math.log(u) * reaching)


@rule
def reliability(terms, bought):
    """Squared correlation of what the platform sees of a person's matches with the truth: what adverts are aimed by."""
    return knowledge.reliability(knowledge.observations(terms.company, terms.know, bought), terms.know.noise)


@rule
def pairs_of(key, who):
    """The key of a person's luck with each advertiser."""
    return luck.mix(key + np.uint64(who) * luck.GOLD)


@rule
def kind_of(terms, market, who):
    """Where in the index those stand who seek a person."""
    return market * KINDS + int(KINDS * luck.uniform(terms.kind_key, who, 0))


@rule
def round_of(key, who, place):
    """The round of the day in which a place comes up."""
    _, u = luck.two(key, who, place)
    return int(ROUNDS * u)


@rule
def click_chance(chance, match, power, seen, tiring, blindness):
    """Chance that an advert is clicked: it falls with the adverts seen a day of late, by a power (blindness)."""
    return chance * match**power * (1.0 + seen / tiring) ** -blindness


@rule
def take_seat(on, seat, terms, firms, row, pairs, r):
    """An advertiser of a person's market believes something of their match, known with correlation r, and bids."""
    one = row % terms.pool
    expected = advertiser.expected_match(terms.beliefs, pairs, one, r)
    on.row[seat], on.out[seat], on.quality[seat] = row, firms.out[row], expected
    on.bid[seat] = advertiser.bid_for(firms.value[row], firms.multiplier[row], expected)


@rule
def invite(on, terms, firms, kind, who, bought):
    """All who seek a person sit down and bid; returns the desk with them alone."""
    begin, end = terms.first[kind], terms.first[kind + 1]
    pairs, r = pairs_of(terms.match_key, who), math.sqrt(reliability(terms, bought))
    for i in range(begin, end):
        take_seat(on, i - begin, terms, firms, terms.row[i], pairs, r)
    return auctions.seated(on, end - begin)


@rule
def lay_out(on, terms, who, inbox, page, brand, on_page):
    """A person's auctions in order of time; returns how many. The page's come at once, as many screens as are reached."""
    number = 0
    for place in range(INBOX, INBOX + inbox):
        number = auctions.plan(on, number, place, 1, round_of(terms.key, who, place))
    if page > 0:
        now = round_of(terms.key, who, DISCOVERY)
        for place in range(0, page, SCREEN):
            number = auctions.plan(on, number, DISCOVERY + place, min(SCREEN, on_page - place), now)
    for place in range(BRAND, BRAND + brand):
        number = auctions.plan(on, number, place, 1, round_of(terms.key, who, place))
    return number


@rule
def hold(on, number, until, terms):
    """Rank all bidders and hold the auctions laid out, up to a round; fills `winner` and `paid` by place."""
    it = terms.it
    auctions.rank(on, it.quality_weight)
    auctions.hold(on, number, until, on.out, it.frequency_cap, terms.least, terms.rates, it.auction)


@rule
def hold_day(on, terms, firms, kind, who, bought, places, until):
    """A person's auctions up to a round; returns the desk of who took part, its winners and prices filled by place."""
    inbox, page, brand, on_page, _ = unpacked(places)
    seats = invite(on, terms, firms, kind, who, bought)
    hold(seats, lay_out(on, terms, who, inbox, page, brand, on_page), until, terms)
    return seats


@rule
def most_needed(inbox, page, brand, cap):
    """Advertisers that surely fill these places: a screen's at once, and each as often as the cap allows."""
    return min(page, SCREEN) - (page > 0) + (inbox + page + brand + cap - 1) // cap


@rule
def enough_bid(terms, firms, kind, who, bought, needs):
    """Whether so many who seek a person, with money all day, bid at least the least bid."""
    enough = 0
    pairs, r = pairs_of(terms.match_key, who), math.sqrt(reliability(terms, bought))
    for i in range(terms.first[kind], terms.first[kind + 1]):
        row = terms.row[i]
        if firms.out[row] < ROUNDS:
            continue
        expected = advertiser.expected_match(terms.beliefs, pairs, row % terms.pool, r)
        enough += advertiser.bid_for(firms.value[row], firms.multiplier[row], expected) >= terms.least
        if enough >= needs:
            return True
    return False


@kernel
def index(active, pool, markets, reach, first, row, surely):
    """Who seeks people of each kind, market by market: fills `first`, `row` and, by kind, how many (`surely`)."""
    number = 0
    for market in range(markets):
        for kind in range(KINDS):
            first[market * KINDS + kind] = number
            for one in range(pool):
                if active[market * pool + one] and advertiser.seeks(one, kind, reach):
                    row[number] = market * pool + one
                    number += 1
            surely[market * KINDS + kind] = number - first[market * KINDS + kind]
    first[markets * KINDS] = number


@kernel
def count_lasting(first, row, out, surely):
    """How many who seek each kind still have money at the end of the day."""
    for kind in range(surely.size):
        surely[kind] = 0
        for i in range(first[kind], first[kind + 1]):
            surely[kind] += out[row[i]] == ROUNDS


@rule
def collect(on, seat, row, way, chance, firms, terms, inbox, page, brand, found):
    """Add to `found` what a bidder would spend and win by the places it was given; those of all bidders at seat -1."""
    for i in range(inbox + page + brand):
        place = i + INBOX if i < inbox else i - inbox + DISCOVERY if i < inbox + page else i - inbox - page + BRAND
        one = on.winner[place]
        if one >= 0 and (one == seat or seat < 0):
            at = on.row[one] if seat < 0 else row
            clicks = chance * on.quality[one] ** terms.it.click_match
            found[at, way, 0] += clicks * on.paid[place]
            found[at, way, 1] += clicks * firms.value[at] * on.quality[one]


@kernel
def reckon(awake, every, person, terms, firms, tries, found):
    """Hold the day of every so many of today's people again.

    Adds to `found` (rows, ways, 2) what every advertiser would spend and win a day, in cents: bidding as it does (an
    outsider, were it to bid) and at so many times as much (`tries`, by way; the first is 1 and not looked at).
    """
    it, room = terms.it, auctions.desk(terms.pool + 1, 3 * MOST)
    for at in range(0, awake.size, every):
        who = awake[at]
        inbox, page, brand, on_page, _ = unpacked(person.places[who])
        if person.subscribed[who] or inbox + page + brand == 0:
            continue
        market = np.int64(who) * terms.markets // terms.people
        kind, bought = kind_of(terms, market, who), person.bought[who]
        chance = click_chance(it.click_chance, 1.0, 0.0, person.seen[who], it.tiring, it.blindness)
        on = invite(room, terms, firms, kind, who, bought)
        on.out[:] = ROUNDS
        number = lay_out(room, terms, who, inbox, page, brand, on_page)
        hold(on, number, ROUNDS, terms)
        collect(on, -1, 0, 0, chance, firms, terms, inbox, page, brand, found)
        for seat in range(on.bid.size):
            bid = on.bid[seat]
            for way in range(1, tries.size):
                on.bid[seat] = bid * tries[way]
                hold(on, number, ROUNDS, terms)
                collect(on, seat, on.row[seat], way, chance, firms, terms, inbox, page, brand, found)
            on.bid[seat] = bid
        seats = on.bid.size
        more = auctions.seated(room, seats + 1)
        pairs, r = pairs_of(terms.match_key, who), math.sqrt(reliability(terms, bought))
        for one in range(terms.pool):
            row = market * terms.pool + one
            if not firms.active[row] and advertiser.seeks(one, kind - market * KINDS, terms.reach):
                take_seat(more, seats, terms, firms, row, pairs, r)
                more.out[seats] = ROUNDS
                hold(more, number, ROUNDS, terms)
                collect(more, seats, row, 0, chance, firms, terms, inbox, page, brand, found)
