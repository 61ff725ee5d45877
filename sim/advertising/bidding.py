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

from sim.advertising import advertiser, auctions
from sim.advertising.advertiser import KINDS
from sim.advertising.auctions import ROUNDS
from sim.engine import luck
from sim.engine.kernels import kernel, rule, with_cached_type
from sim.people import knowledge

INBOX, DISCOVERY, BRAND = 0, 32, 64  # first place of each surface
MOST = 32  # places a surface
SCREEN = 4  # places of the page that are auctioned, and seen, at a time
LOOKED_AT = 400  # people of a market whose day is held again


@with_cached_type
class Terms(NamedTuple):
    """What kernels know of today's auctions."""

    setting: Any  # the settings of [advertising], of [company] and of [knowledge]
    company: Any
    profiling: Any
    least: float  # bid
    rates: NDArray[np.float64]  # share who reach each place of a screen, of those who reach its first
    reaching: float  # see `reached`
    beliefs: NDArray[np.float64]
    first: NDArray[np.int64]  # of `one`, by market and kind: where those who seek it stand, and behind the last
    one: NDArray[np.int64]  # the number of an advertiser in its market
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
    return knowledge.reliability(knowledge.observations(terms.company, terms.profiling, bought), terms.profiling.noise)


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
def invite(on, terms, firms, market, kind, who, bought):
    """Every advertiser who seeks a person forms a belief about their match, and bids."""
    ones, begin, base = terms.one, terms.first[kind], market * terms.pool
    beliefs, pairs, r = terms.beliefs, pairs_of(terms.match_key, who), math.sqrt(reliability(terms, bought))
    value, multiplier, out, seats = firms.value, firms.multiplier, firms.out, terms.first[kind + 1] - begin
    bid, quality, row, lasts = on.bid, on.quality, on.row, on.out
    for seat in range(seats):
        one = ones[begin + seat]
        at = base + one
        quality[seat] = advertiser.expected_match(beliefs, pairs, one, r)
        bid[seat] = advertiser.bid_for(value[at], multiplier[at], quality[seat])
        row[seat], lasts[seat] = at, out[at]
    on.seats[0] = seats


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
    setting = terms.setting
    auctions.rank(on, setting.quality_weight)
    auctions.hold(on, number, until, on.out, setting.frequency_cap, terms.least, terms.rates, setting.auction)


@rule
def hold_day(on, terms, firms, market, kind, who, bought, places, until):
    """Hold a person's auctions up to a round: fills winners and prices by place."""
    inbox, page, brand, on_page, _ = unpacked(places)
    invite(on, terms, firms, market, kind, who, bought)
    hold(on, lay_out(on, terms, who, inbox, page, brand, on_page), until, terms)


@rule
def most_needed(inbox, page, brand, cap):
    """Advertisers that surely fill these places: a screen's at once, and each as often as the cap allows."""
    return min(page, SCREEN) - (page > 0) + (inbox + page + brand + cap - 1) // cap


@rule
def enough_bid(terms, firms, market, kind, who, bought, needs):
    """Whether so many who seek a person, with money all day, bid at least the least bid."""
    enough = 0
    pairs, r = pairs_of(terms.match_key, who), math.sqrt(reliability(terms, bought))
    for i in range(terms.first[kind], terms.first[kind + 1]):
        row = market * terms.pool + terms.one[i]
        if firms.out[row] < ROUNDS:
            continue
        expected = advertiser.expected_match(terms.beliefs, pairs, terms.one[i], r)
        enough += advertiser.bid_for(firms.value[row], firms.multiplier[row], expected) >= terms.least
        if enough >= needs:
            return True
    return False


@kernel
def index(active, pool, markets, reach, first, ones):
    """Who seeks people of each kind, market by market: fills `first` and `ones`, see `Terms`."""
    number = 0
    for market in range(markets):
        for kind in range(KINDS):
            first[market * KINDS + kind] = number
            for one in range(pool):
                if active[market * pool + one] and advertiser.seeks(one, kind, reach):
                    ones[number] = one
                    number += 1
    first[markets * KINDS] = number


@kernel
def count_lasting(terms, out, lasting):
    """How many who seek each kind still have money at the end of the day, market by market."""
    for kind in range(lasting.size):
        lasting[kind] = 0
        for i in range(terms.first[kind], terms.first[kind + 1]):
            lasting[kind] += out[kind // KINDS * terms.pool + terms.one[i]] == ROUNDS


@rule
def collect(on, seat, way, chance, firms, terms, inbox, page, brand, found):
    """Add to `found` what one bidder (all of them, at -1) would spend and win by the places it was given."""
    for i in range(inbox + page + brand):
        place = i + INBOX if i < inbox else i - inbox + DISCOVERY if i < inbox + page else i - inbox - page + BRAND
        one = on.winner[place]
        if one >= 0 and (one == seat or seat < 0):
            row = on.row[one]
            clicks = chance * on.quality[one] ** terms.setting.click_match * terms.setting.repeat ** on.before[place]
            found[row, way, 0] += clicks * on.paid[place]
            found[row, way, 1] += clicks * firms.value[row] * on.quality[one]


@kernel
def reckon(awake, every, person, terms, firms, tries, found):
    """Hold the day of every so many of today's people again.

    Adds to `found` (rows, ways, 2) what every advertiser would spend and win a day, in cents: bidding as it does (an
    outsider, were it to bid) and at so many times as much (`tries`, by way; the first is 1 and not looked at).
    """
    setting, on = terms.setting, auctions.auction_state(terms.pool + 1, 3 * MOST)
    for at in range(0, awake.size, every):
        who = awake[at]
        inbox, page, brand, on_page, _ = unpacked(person.places[who])
        if person.subscribed[who] or inbox + page + brand == 0:
            continue
        market = np.int64(who) * terms.markets // terms.people
        kind, bought = kind_of(terms, market, who), person.bought[who]
        chance = click_chance(setting.click_chance, 1.0, 0.0, person.seen[who], setting.tiring, setting.blindness)
        invite(on, terms, firms, market, kind, who, bought)
        seats = on.seats[0]
        on.out[: seats + 1] = ROUNDS
        number = lay_out(on, terms, who, inbox, page, brand, on_page)
        hold(on, number, ROUNDS, terms)
        collect(on, -1, 0, chance, firms, terms, inbox, page, brand, found)
        for seat in range(seats):
            bid = on.bid[seat]
            for way in range(1, tries.size):
                on.bid[seat] = bid * tries[way]
                hold(on, number, ROUNDS, terms)
                collect(on, seat, way, chance, firms, terms, inbox, page, brand, found)
            on.bid[seat] = bid
        on.seats[0] = seats + 1
        pairs, r = pairs_of(terms.match_key, who), math.sqrt(reliability(terms, bought))
        for one in range(terms.pool):
            row = market * terms.pool + one
            if not firms.active[row] and advertiser.seeks(one, kind - market * KINDS, terms.reach):
                on.quality[seats] = advertiser.expected_match(terms.beliefs, pairs, one, r)
                on.bid[seats] = advertiser.bid_for(firms.value[row], firms.multiplier[row], on.quality[seats])
                on.row[seats] = row
                hold(on, number, ROUNDS, terms)
                collect(on, seats, 0, chance, firms, terms, inbox, page, brand, found)
