"""Advertising: adverts between the threads of the inbox, on the discovery page and in brand threads.

Each place is auctioned among those advertisers of the person's market who seek people of their kind (firms/bidding.py).
The inbox and brand threads have places between messages; the page is scrolled, a place further down by fewer. Adverts
annoy, more so in private places, and the more a person has seen of late the less they click. Most adverts are not
clicked, whoever won: a place is auctioned only if the luck of its click is low enough for any winner. Those clicks are
then served in order of time while budgets last, and at last everyone has seen what was shown.
"""

import functools
import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide_all, kernel, outbox_of, rule
from sim.engine.settings import Settings, assumed, decided
from sim.firms import advertiser, bidding
from sim.firms.advertiser import KINDS, MONTH, MOST_MATCH, TRIES
from sim.firms.bidding import BRAND, DISCOVERY, INBOX, LOOKED_AT, MOST, SCREEN, Terms, click_chance, unpacked
from sim.ground import auctions
from sim.ground.auctions import ROUNDS
from sim.ground.metrics import flow, ratio
from sim.people import knowledge

if TYPE_CHECKING:
    from sim.world import World

SAMPLED = 0.005  # of places is auctioned whatever the chance of a click, to learn how many adverts are too knowing
CLASSES = 16  # of what is known of a person, for that share
MEMORY = 30.0  # days over which it is averaged
SEEN_DAYS = 60.0  # days of use over which adverts seen are averaged (MODEL.md)
MICRO = 1e6  # kernels sum integers


class AdvertisingSettings(Settings):
    """[advertising]"""

    on: bool = decided.switch(False, "whether adverts are shown")
    inbox_slots: float = decided.number(
        0.0, "adverts a day of use", "places between the threads of the inbox", "facts.csv: WeChat Moments .5 to 3",
        0, 5, ge=0, le=30,
    )  # fmt: skip
    discovery_slots: float = decided.number(
        0.0,
        "adverts a day of use",
        "places on the discovery page, shown as far as it is scrolled",
        "",
        0,
        5,
        ge=0,
        le=30,
    )
    brand_slots: float = decided.number(
        0.0, "adverts a day of use", "sponsored messages in brand threads, for who has bought", "", 0, 5, ge=0, le=30
    )
    auction: Literal["gsp", "vcg", "first"] = decided.word(
        "gsp", "price of a click: the next bid, the harm to other bidders, or the own bid"
    )
    reserve: int = decided.count(0, "cents a click", "least bid; at least 1", "facts.csv: Yahoo .10 USD", 0, 2_000)
    quality_weight: float = decided.share(0.0, "power of the expected match that multiplies bids in the ranking")
    frequency_cap: int = decided.count(
        2, "times a day", "most often that one advertiser is shown to one person", "", 1, 10, ge=1
    )
    click_chance: float = assumed.share(
        0.011, "chance of a click at match 1, for who is not used to adverts",
        "MODEL.md; facts.csv: .0090, at some three adverts a day", 0.003, 0.03,
    )  # fmt: skip
    click_match: float = assumed.share(
        0.1, "power of the match in the chance of a click",
        "fitted: untargeted income -.3 to -.5 (facts.csv: AdChoices -.52); above .15 no gain at 3 bidders", 0.0, 0.5,
    )  # fmt: skip
    tiring: float = assumed.positive(
        6.0,
        "adverts a day",
        "adverts seen a day at which blindness sets in",
        "MODEL.md: .009 at 3 a day, .005 at 20",
        3,
        20,
    )
    blindness: float = assumed.amount(
        0.5, "power", "of 1 + adverts seen a day / `tiring`, by which clicks are divided",
        "MODEL.md; facts.csv: blindness; an exponential would end the market at ten a day", 0.3, 1.0,
    )  # fmt: skip
    repeat: float = assumed.share(
        0.7,
        "clicks on an advert that the person was shown that day over those on it the time before",
        "round figure",
        0.3,
        1,
    )
    conversion: float = assumed.share(
        0.042, "chance of a sale at match 1 after a click", "fitted: .0921 in advertising.toml (facts.csv)", 0.01, 0.1
    )
    position_rate: float = assumed.share(
        0.92,
        "people who scroll on from a place of the page to the next",
        "facts.csv: a feed is left after 12 posts",
        0.3,
        1,
    )
    talk_a_slot: int = assumed.count(
        8,
        "messages",
        "talk in a day that makes room for one more advert in a surface of threads",
        "round figure",
        2,
        30,
        ge=1,
    )
    nuisance: float = assumed.amount(
        0.07, "logit units", "loss of a day's experience by an advert on the discovery page, at aversion 1",
        "facts.csv: Pandora, -2.1 % of use in the long run", 0.02, 0.2,
    )  # fmt: skip
    inbox_intrusion: float = assumed.amount(2.0, "times", "nuisance of an advert in the inbox", "MODEL.md", 1, 4)
    discovery_intrusion: float = assumed.amount(1.0, "times", "nuisance of an advert on the page", "MODEL.md", 0.5, 2)
    brand_intrusion: float = assumed.amount(1.5, "times", "nuisance of a sponsored message", "MODEL.md", 0.5, 3)
    too_knowing: float = assumed.positive(
        3.0, "match", "expected match above which an advert seems to know too much", "no source: sweep", 1.5, 6
    )


class AdvertisingColumns(Table):
    """A row a person."""

    seen = Column(np.float32, 0, "adverts seen a day of use, averaged over about 60", "adverts")
    pain = Column(
        np.float32, 0, "nuisance of the last day's adverts, or what a subscription spared of it", "logit units"
    )
    places = Column(np.uint32, 0, "places on the last day of use, by surface, packed: see bidding.py")


class KnowingColumns(Table):
    """A row a class of what is known of a person: adverts auctioned of late."""

    auctioned = Column(np.float64, 0, "adverts, averaged over about 30 days", "adverts")
    too_knowing = Column(np.float64, 0, "of these, too knowing", "adverts")


METRICS = (
    flow("advertising.slots", "adverts", "places that the day had room for, or that were scrolled to", "neither"),
    flow("advertising.shown", "adverts", "adverts shown", "neither"),
    flow("advertising.unserved", "adverts", "places asked for but not filled: no room in the day, not scrolled to, or nobody bid", "less"),
    ratio("advertising.fill", "share", "places with room that were filled", "advertising.shown", "advertising.slots"),
    flow("advertising.clicks", "clicks", "clicks paid for"),
    flow("advertising.void", "clicks", "clicks, besides, that the advertiser's budget could not pay", "less"),
    ratio("advertising.ctr", "share", "clicks an advert", "advertising.clicks", "advertising.shown"),
    flow("advertising.shown_thousands", "thousands", "adverts shown, in thousands", "neither"),
    ratio("advertising.cpm", "cents", "price of 1,000 adverts", "revenue.advertising", "advertising.shown_thousands", "neither"),
    ratio("advertising.cpc", "cents", "price of a click", "revenue.advertising", "advertising.clicks", "neither"),
    flow("advertising.conversions", "sales", "sales after paid clicks"),
    ratio("advertising.cvr", "share", "sales a click", "advertising.conversions", "advertising.clicks"),
    flow("advertising.worth", "cents", "worth of paid clicks to advertisers"),
    flow("advertising.budgets", "cents", "advertisers' budgets", "neither"),
    ratio("advertising.budget_used", "share", "part of budgets spent", "revenue.advertising", "advertising.budgets", "neither"),
    flow("advertising.too_knowing", "adverts", "adverts shown that seemed to know too much", "less"),
    flow("advertising.nuisance", "logit units", "nuisance suffered from adverts", "less"),
)  # fmt: skip


# Places whose click may depend on who wins: market, round, person and place in one number that sorts so.
Tickets = outbox_of("Tickets", ticket=np.uint64)
Seen = outbox_of("Seen", tallies=("places", "shown", "unserved", "too_knowing", "nuisance"))  # nuisance in millionths


class Person(NamedTuple):
    """Columns that adverts read, and the five that they write."""

    subscribed: NDArray[np.uint8]
    talk: NDArray[np.int32]
    bought: NDArray[np.uint16]
    aversion: NDArray[np.float32]
    concern: NDArray[np.float32]
    seen: NDArray[np.float32]
    pain: NDArray[np.float32]
    places: NDArray[np.uint32]
    nuisance: NDArray[np.float32]
    unease: NDArray[np.float32]


@rule
def wanted(setting, key, who, bought):
    """Adverts asked for in the inbox, on the page and in brand threads: the loads, rounded by luck."""
    u, v = luck.two(key, who, 100)
    brand = (
        luck.rounded(setting.brand_slots, luck.uniform(key, who, 101))
        if bought > 0 and setting.brand_slots > 0.0
        else 0
    )
    return luck.rounded(setting.inbox_slots, u), luck.rounded(setting.discovery_slots, v), brand


@rule
def room_for(talk, talk_a_slot):
    """Adverts a surface has room for on a day with so much talk."""
    return min(MOST - 1, 1 + talk // talk_a_slot)


@rule
def annoyance(nuisance, aversion, intrusion):
    """Loss of a day's experience by adverts of so much intrusion in all, in logit units."""
    return nuisance * aversion * intrusion


@rule
def ticket(market, now, who, place):
    """Market (23 bits), round (5), person (29) and place (7) in one number."""
    return np.uint64(((np.int64(market) * 32 + now) << 36) | (np.int64(who) << 7) | place)


@kernel
def _offer(awake, start, person, terms, most, sampled, box):
    """Places of everyone awake, and tickets of those whose click may depend on who wins, and of those sampled.

    The luck of such a click is below its chance with the best of matches; `most` is that chance without blindness.
    """
    setting, key, seen = terms.it, terms.key, person.seen
    for at in range(start, awake.size):
        if box.used[0] + 3 * MOST > box.ticket.size:
            return at
        who = awake[at]
        room = room_for(person.talk[who], setting.talk_a_slot)
        inbox, on_page, brand = wanted(setting, key, who, person.bought[who])
        asked = inbox + on_page + brand
        page = min(on_page, bidding.reached(terms.reaching, luck.uniform(key, who, 103))) if on_page > 0 else 0
        number = min(inbox, room), page, min(brand, room)
        person.places[who] = bidding.packed(*number, on_page, asked)
        if person.subscribed[who]:
            continue
        for surface in range(3):
            for j in range(number[surface]):
                place = surface * MOST + j
                u, _ = luck.two(key, who, place)
                if u >= most and u >= sampled:
                    continue
                if u < sampled or u < click_chance(
                    setting.click_chance, MOST_MATCH, setting.click_match, seen[who], setting.tiring, setting.blindness
                ):
                    now = bidding.round_of(key, who, DISCOVERY if surface == 1 else place)  # a page is shown at once
                    market = np.int64(who) * terms.markets // terms.people
                    box.ticket[box.used[0]] = ticket(market, now, who, place)
                    box.used[0] += 1
    return awake.size


@kernel
def _serve(tickets, person, terms, firms, sampled, sample):
    """Clicks in order of market, round and person, charged while budgets last; returns (void clicks, conversions).

    Writes the advertisers' day, and in `sample` how many of the adverts sampled were too knowing, by class.
    """
    setting, on = terms.it, auctions.desk(terms.pool, 3 * MOST)
    void = conversions = 0
    for i in range(tickets.size):
        place = np.int64(tickets[i] & np.uint64(127))
        who = np.int64(tickets[i] >> np.uint64(7)) & (2**29 - 1)
        now = np.int64(tickets[i] >> np.uint64(36)) & 31
        market = np.int64(tickets[i] >> np.uint64(41))
        kind = bidding.kind_of(terms, market, who)
        bidding.hold_day(on, terms, firms, market, kind, who, person.bought[who], person.places[who], now)
        one = on.winner[place]
        if one < 0:
            continue
        u, _ = luck.two(terms.key, who, place)
        if u < sampled:
            level = class_of(bidding.reliability(terms, person.bought[who]))
            sample[level, 0] += 1
            sample[level, 1] += on.quality[one] > setting.too_knowing
        row, price = on.row[one], int(on.paid[place])
        match = advertiser.match_with(bidding.pairs_of(terms.match_key, who), row - market * terms.pool)
        chance = click_chance(
            setting.click_chance, match, setting.click_match, person.seen[who], setting.tiring, setting.blindness
        )
        if u >= chance * setting.repeat ** on.before[place]:
            continue
        if auctions.charge(firms.left, firms.out, row, price, now):
            firms.clicks[row] += 1
            firms.worth[row] += int(firms.value[row] * match + 0.5)
            conversions += luck.uniform(terms.key, who, 128 + place) < setting.conversion * match
        else:
            firms.void[row] += price
            void += 1
    return void, conversions


@rule
def class_of(reliable):
    """Class of how well a person is known, 0 to CLASSES - 1."""
    return int(reliable * (CLASSES - 1e-9))


@rule
def filled(winner, first, places):
    """How many of a surface's places have a winner."""
    number = 0
    for place in range(first, first + places):
        number += winner[place] >= 0
    return number


@kernel
def _watch(awake, start, person, surely, terms, firms, knowing, unease, box):
    """What everyone awake from `start` on has seen, and how it felt; the box gets tallies alone.

    Places are filled unless budgets ran out or bids may be below the reserve; `surely` is how many who seek each kind
    bid enough all day.
    """
    setting, on = terms.it, auctions.desk(terms.pool, 3 * MOST)
    places = shown = unserved = knew = suffered = 0
    market, next_market = (
        np.int64(-1),
        np.int64(0),
    )  # people stand by market: to count them on is quicker than to divide
    for who in awake[start:]:
        bought = person.bought[who]
        inbox, page, brand, _, asked = unpacked(person.places[who])
        if person.subscribed[who]:
            person.seen[who] -= person.seen[who] / SEEN_DAYS
            intrusion = (
                inbox * setting.inbox_intrusion + page * setting.discovery_intrusion + brand * setting.brand_intrusion
            )
            person.pain[who] = annoyance(setting.nuisance, person.aversion[who], intrusion)
            continue
        places += inbox + page + brand
        if who >= next_market:
            market = np.int64(who) * terms.markets // terms.people
            next_market = -(-(market + 1) * terms.people // terms.markets)
        kind = bidding.kind_of(terms, market, who)
        needs = bidding.most_needed(inbox, page, brand, setting.frequency_cap)
        if needs > surely[kind] and not bidding.enough_bid(terms, firms, market, kind, who, bought, needs):
            bidding.hold_day(on, terms, firms, market, kind, who, bought, person.places[who], ROUNDS)
            inbox, page = filled(on.winner, INBOX, inbox), filled(on.winner, DISCOVERY, page)
            brand = filled(on.winner, BRAND, brand)
        number = inbox + page + brand
        intrusion = (
            inbox * setting.inbox_intrusion + page * setting.discovery_intrusion + brand * setting.brand_intrusion
        )
        pain = annoyance(setting.nuisance, person.aversion[who], intrusion)
        person.seen[who] += (number - person.seen[who]) / SEEN_DAYS
        person.nuisance[who] += pain
        person.pain[who] = pain
        shown += number
        unserved += asked - number
        suffered += int(pain * MICRO)
        if unease > 0.0 and number > 0:
            share = knowing[class_of(bidding.reliability(terms, bought))]
            strange = luck.rounded(share * number, luck.uniform(terms.key, who, 102))
            person.unease[who] += person.concern[who] * unease * strange
            knew += strange
    tally = box.tally[0]
    tally.places += places
    tally.shown += shown
    tally.unserved += unserved
    tally.too_knowing += knew
    tally.nuisance += suffered
    return awake.size


def step(world: "World") -> None:
    """Places are offered, clicks are served in order of time, adverts are seen; once a month bidders look ahead."""
    settings = world.now.advertising
    if not settings.on:
        return
    advertiser.grant(world)
    firms, person = world.tables["advertisers"].rows, _person(world)
    terms = _terms(world)
    sample = np.zeros((CLASSES, 2), np.int64)
    most = settings.click_chance * MOST_MATCH**settings.click_match
    offered = decide_all(world, _offer, Tickets.empty, person, terms, most, SAMPLED)
    if terms.pool:
        tickets = np.sort(offered.written()[0])
        void, conversions = _serve(tickets, person, terms, firms, SAMPLED, sample)
        world.note("advertising.void", void)
        world.note("advertising.conversions", conversions)
    _show(world, person, terms)
    _learn(world, sample)
    advertiser.settle(world)
    if terms.pool and world.day % MONTH == MONTH - 1:  # when advertisers decide
        _look_ahead(world, person, terms)
    world.note("advertising.clicks", int(firms.clicks.sum()))
    world.note("advertising.worth", int(firms.worth.sum()))
    world.note("advertising.budgets", int((firms.daily * firms.active).sum()))


def _terms(world: "World") -> Terms:
    settings, pool, markets = world.now.advertising, advertiser.pool(world), advertiser.markets(world)
    first, ones = np.zeros(markets * KINDS + 1, np.int64), np.zeros(markets * KINDS * pool, np.int64)
    reach = float(world.now.advertisers.reach)
    bidding.index(world.tables["advertisers"].rows.active, pool, markets, reach, first, ones)
    reached = min(max(settings.position_rate, 1e-9), 1.0 - 1e-9)
    return Terms(
        settings.row, knowledge.sources(world.now, "adverts"), world.now.knowledge.row, float(max(1, settings.reserve)),
        _rates(settings.position_rate), 1.0 / math.log(reached), advertiser.beliefs(), first, ones, pool, reach, markets,
        world.size, world.lasting_luck("advertising.match"), world.lasting_luck("advertising.kind"),
        world.luck("advertising.places"),
    )  # fmt: skip


@functools.cache
def _rates(position_rate: float) -> NDArray[np.float64]:
    """Share of people who reach each place of a screen."""
    return np.array([position_rate**place for place in range(SCREEN)])


def _person(world: "World") -> Person:
    users, felt, mine = world.users.rows, world.felt.rows, world.tables["advertising"].rows
    return Person(
        world.tables["subscriptions"].rows.subscribed, felt.talk, world.tables["knowledge"].rows.purchases,
        users.advert_aversion, users.privacy_concern, mine.seen, mine.pain, mine.places, felt.nuisance, felt.unease,
    )  # fmt: skip


def _show(world: "World", person: Person, terms: Terms) -> None:
    """Everyone awake has seen their adverts."""
    firms, knowing = world.tables["advertisers"].rows, world.tables["knowing"].rows
    surely = np.zeros(terms.first.size - 1, np.int64)
    if terms.least <= 1.0:  # else some may bid less
        bidding.count_lasting(terms, firms.out, surely)
    share = knowing.too_knowing / np.maximum(1e-9, knowing.auctioned)
    unease = world.now.knowledge.unease_shown * knowledge.depth(world.now)
    seen = decide_all(world, _watch, Seen.empty, person, surely, terms, firms, share, unease).tallies()
    world.note("advertising.slots", seen["places"])
    world.note("advertising.shown", seen["shown"])
    world.note("advertising.shown_thousands", seen["shown"] / 1000)
    world.note("advertising.unserved", seen["unserved"])
    world.note("advertising.too_knowing", seen["too_knowing"])
    world.note("advertising.nuisance", seen["nuisance"] / MICRO)


def _learn(world: "World", sample: NDArray[np.int64]) -> None:
    """The share of adverts that know too much is what it was of late, by how well people are known."""
    knowing = world.tables["knowing"].rows
    for column, today in ((knowing.auctioned, sample[:, 0]), (knowing.too_knowing, sample[:, 1])):
        column += (today - column) / MEMORY


def _look_ahead(world: "World", person: Person, terms: Terms) -> None:
    """Hold the day of a sample of people again, for advertisers to decide by."""
    awake = np.concatenate(world.awake)
    every = max(1, awake.size // (LOOKED_AT * terms.markets))
    firms = world.tables["advertisers"].rows
    reckoned = np.zeros((firms.value.size, TRIES.size, 2))
    bidding.reckon(awake, every, person, terms, firms, TRIES, reckoned)
    advertiser.look_ahead(world, every * reckoned)
