"""Advertising: adverts between the threads of the inbox, on the discovery page and in brand threads.

Each place is auctioned among those advertisers of the person's market who seek people of their kind (advertising/bidding.py).
The inbox and brand threads have places between messages; the page is scrolled, a place further down by fewer. Adverts
annoy, more so in private places, and the more a person has seen of late the less they click. Most adverts are not
clicked, whoever won: a place is auctioned only if the luck of its click is low enough for any winner. Those clicks are
then served in order of time while budgets last, and at last everyone has seen what was shown.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.advertising import advertiser, auctions, bidding
from sim.advertising.advertiser import KINDS, MONTH, MOST_MATCH, TRIES, AdvertiserColumns, AdvertisersSettings
from sim.advertising.auctions import ROUNDS
from sim.advertising.bidding import BRAND, DISCOVERY, INBOX, LOOKED_AT, MOST, SCREEN, Terms, click_chance, unpacked
from sim.advertising.terms import AdvertisingSettings
from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide_all, kernel, outbox_of, own, rule, with_cached_type
from sim.ground.metrics import flow, ratio
from sim.people import experiment, knowledge
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns, KnowledgeSettings
from sim.people.users import UserColumns
from sim.service import Part, Rows
from sim.state import State
from sim.subscriptions import subscriptions
from sim.subscriptions.subscriptions import SubscriptionsColumns

SAMPLED = 0.005  # of places is auctioned whatever the chance of a click, to learn how many adverts are too knowing
CLASSES = 16  # of what is known of a person, for that share
MEMORY = 30.0  # days over which it is averaged
SEEN_DAYS = 60.0  # days of use over which adverts seen are averaged (MODEL.md)
MICRO = 1e6  # kernels sum integers


class AdvertisingColumns(Table):
    """A row a person."""

    seen = Column(np.float32, 0, "adverts seen a day of use, averaged over about 60", "adverts")
    ad_disutility = Column(
        np.float32, 0, "nuisance of the last day's adverts, or what a subscription spared of it", "logit units"
    )
    places = Column(np.uint32, 0, "places on the last day of use, by surface, packed: see bidding.py")


class ProfiledColumns(Table):
    """A row a class of what is known of a person: adverts auctioned of late."""

    auctioned = Column(np.float64, 0, "adverts, averaged over about 30 days", "adverts")
    too_knowing = Column(np.float64, 0, "of these, too knowing", "adverts")


SLOTS = flow("advertising.slots", "adverts", "places that the day had room for, or that were scrolled to", "neither")
SHOWN = flow("advertising.shown", "adverts", "adverts shown", "neither")
UNSERVED = flow(
    "advertising.unserved", "adverts",
    "places asked for but not filled: no room in the day, not scrolled to, or nobody bid", "less",
)  # fmt: skip
FILL = ratio("advertising.fill", "share", "places with room that were filled", SHOWN, SLOTS)
CLICKS = flow("advertising.clicks", "clicks", "clicks paid for")
VOID_CLICKS = flow("advertising.void", "clicks", "clicks, besides, that the advertiser's budget could not pay", "less")
CTR = ratio("advertising.ctr", "share", "clicks an advert", CLICKS, SHOWN)
SHOWN_THOUSANDS = flow("advertising.shown_thousands", "thousands", "adverts shown, in thousands", "neither")
CPM = ratio("advertising.cpm", "cents", "price of 1,000 adverts", "revenue.advertising", SHOWN_THOUSANDS, "neither")
CPC = ratio("advertising.cpc", "cents", "price of a click", "revenue.advertising", CLICKS, "neither")
CONVERSIONS = flow("advertising.conversions", "sales", "sales after paid clicks")
CVR = ratio("advertising.cvr", "share", "sales a click", CONVERSIONS, CLICKS)
CLICK_WORTH = flow("advertising.worth", "cents", "worth of paid clicks to advertisers")
BUDGETS = flow("advertising.budgets", "cents", "advertisers' budgets", "neither")
BUDGET_USED = ratio(
    "advertising.budget_used", "share", "part of budgets spent", "revenue.advertising", BUDGETS, "neither"
)
TOO_KNOWING = flow("advertising.too_knowing", "adverts", "adverts shown that seemed to know too much", "less")
NUISANCE = flow("advertising.nuisance", "logit units", "nuisance suffered from adverts", "less")
METRICS = (
    SLOTS, SHOWN, UNSERVED, FILL, CLICKS, VOID_CLICKS, CTR, SHOWN_THOUSANDS, CPM, CPC, CONVERSIONS, CVR, CLICK_WORTH,
    BUDGETS, BUDGET_USED, TOO_KNOWING, NUISANCE,
)  # fmt: skip


# Places whose click may depend on who wins: market, round, person and place in one number that sorts so.
AdSlots = outbox_of("AdSlots", ticket=np.uint64)
Seen = outbox_of("Seen", tallies=("places", "shown", "unserved", "too_knowing", "nuisance"))  # nuisance in millionths


@with_cached_type
class Person(NamedTuple):
    """Columns that adverts read, and the five that they write."""

    subscribed: NDArray[np.uint8]
    talk: NDArray[np.int32]
    bought: NDArray[np.uint16]
    aversion: NDArray[np.float32]
    concern: NDArray[np.float32]
    seen: NDArray[np.float32]
    ad_disutility: NDArray[np.float32]
    places: NDArray[np.uint32]
    nuisance: NDArray[np.float32]
    unease: NDArray[np.float32]


@rule
def wanted(setting, key, who, bought):
    """Adverts asked for in the inbox, on the page and in brand threads: the loads, rounded by luck."""
    u, v = luck.two(key, who, 100)
    brand = (
        luck.rounded(own(setting.brand_slots, who), luck.uniform(key, who, 101))
        if bought > 0 and own(setting.brand_slots, who) > 0.0
        else 0
    )
    return luck.rounded(own(setting.inbox_slots, who), u), luck.rounded(own(setting.discovery_slots, who), v), brand


@rule
def room_for(talk, talk_a_slot):
    """Adverts a surface has room for on a day with so much talk."""
    return min(MOST - 1, 1 + talk // talk_a_slot)


@rule
def annoyance(nuisance, aversion, intrusion):
    """Disutility of a day's adverts of so much intrusion in all, in logit units."""
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
    setting, key, seen = terms.setting, terms.key, person.seen
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
def _serve(tickets, person, terms, firms, sampled, sample, brought):
    """Clicks in order of market, round and person, charged while budgets last; returns (void clicks, conversions).

    Writes the advertisers' day, in `sample` how many of the adverts sampled were too knowing, by class, and in `brought`
    what each person's clicks earn, where it has rows.
    """
    setting, on = terms.setting, auctions.auction_state(terms.pool, 3 * MOST)
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
            if brought.size:
                brought[who] += price
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
def _see_adverts(awake, start, person, surely, terms, firms, profiled, unease, box):
    """What everyone awake from `start` on has seen, and how it felt; the box gets tallies alone.

    Places are filled unless budgets ran out or bids may be below the reserve; `surely` is how many who seek each kind
    bid enough all day.
    """
    setting, on = terms.setting, auctions.auction_state(terms.pool, 3 * MOST)
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
            person.ad_disutility[who] = annoyance(setting.nuisance, person.aversion[who], intrusion)
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
        ad_disutility = annoyance(setting.nuisance, person.aversion[who], intrusion)
        person.seen[who] += (number - person.seen[who]) / SEEN_DAYS
        person.nuisance[who] += ad_disutility
        person.ad_disutility[who] = ad_disutility
        shown += number
        unserved += asked - number
        suffered += int(ad_disutility * MICRO)
        if unease > 0.0 and number > 0:
            share = profiled[class_of(bidding.reliability(terms, bought))]
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


def step(state: State) -> None:
    """Places are offered, clicks are served in order of time, adverts are seen; once a month bidders look ahead."""
    settings = state.settings(AdvertisingSettings)
    if not settings.on:
        return
    advertiser.grant(state)
    firms, person = state[AdvertiserColumns], state.once(_person)
    terms = _terms(state)
    sample = np.zeros((CLASSES, 2), np.int64)
    most = settings.click_chance * MOST_MATCH**settings.click_match
    offered = decide_all(state, _offer, AdSlots.empty, person, terms, most, SAMPLED)
    if terms.pool:
        tickets = np.sort(offered.written()[0])
        void, conversions = _serve(tickets, person, terms, firms, SAMPLED, sample, experiment.traced_revenue(state))
        state.note(VOID_CLICKS, void)
        state.note(CONVERSIONS, conversions)
    _show(state, person, terms)
    _learn(state, sample)
    advertiser.settle_budgets(state)
    if terms.pool and state.day % MONTH == MONTH - 1:  # when advertisers decide
        _look_ahead(state, person, terms)
    state.hand_on(subscriptions.Adverts(state[AdvertisingColumns].ad_disutility))
    state.note(CLICKS, int(firms.clicks.sum()))
    state.note(CLICK_WORTH, int(firms.worth.sum()))
    state.note(BUDGETS, int((firms.daily * firms.active).sum()))


def _terms(state: State) -> Terms:
    settings, pool, markets = state.settings(AdvertisingSettings), advertiser.pool(state), advertiser.markets(state)
    first, ones = np.zeros(markets * KINDS + 1, np.int64), np.zeros(markets * KINDS * pool, np.int64)
    reach = float(state.settings(AdvertisersSettings).reach)
    bidding.index(state[AdvertiserColumns].active, pool, markets, reach, first, ones)
    reached = min(max(settings.position_rate, 1e-9), 1.0 - 1e-9)
    return Terms(
        state.row(AdvertisingSettings), knowledge.sources(state.now, "adverts"), state.settings(KnowledgeSettings).row, float(max(1, settings.reserve)),
        _rates(settings.position_rate), 1.0 / math.log(reached), advertiser.beliefs(), first, ones, pool, reach, markets,
        state.size, state.lasting_luck("advertising.match"), state.lasting_luck("advertising.kind"),
        state.luck("advertising.places"),
    )  # fmt: skip


@functools.cache
def _rates(position_rate: float) -> NDArray[np.float64]:
    """Share of people who reach each place of a screen."""
    return np.array([position_rate**place for place in range(SCREEN)])


def _person(state: State) -> Person:
    users, felt, mine = state[UserColumns], state[FeltColumns], state[AdvertisingColumns]
    return Person(
        state[SubscriptionsColumns].subscribed, felt.talk, state[KnowledgeColumns].purchases,
        users.advert_aversion, users.privacy_concern, mine.seen, mine.ad_disutility, mine.places, felt.nuisance, felt.unease,
    )  # fmt: skip


def _show(state: State, person: Person, terms: Terms) -> None:
    """Everyone awake sees their adverts."""
    firms, profiled = state[AdvertiserColumns], state[ProfiledColumns]
    surely = np.zeros(terms.first.size - 1, np.int64)
    if terms.least <= 1.0:  # else some may bid less
        bidding.count_lasting(terms, firms.out, surely)
    share = profiled.too_knowing / np.maximum(1e-9, profiled.auctioned)
    unease = state.settings(KnowledgeSettings).unease_shown * knowledge.depth(state.now)
    seen = decide_all(state, _see_adverts, Seen.empty, person, surely, terms, firms, share, unease).tallies()
    state.note(SLOTS, seen["places"])
    state.note(SHOWN, seen["shown"])
    state.note(SHOWN_THOUSANDS, seen["shown"] / 1000)
    state.note(UNSERVED, seen["unserved"])
    state.note(TOO_KNOWING, seen["too_knowing"])
    state.note(NUISANCE, seen["nuisance"] / MICRO)


def _learn(state: State, sample: NDArray[np.int64]) -> None:
    """Average the share of adverts that seem to know too much, by how well people are known."""
    profiled = state[ProfiledColumns]
    for column, today in ((profiled.auctioned, sample[:, 0]), (profiled.too_knowing, sample[:, 1])):
        column += (today - column) / MEMORY


def _look_ahead(state: State, person: Person, terms: Terms) -> None:
    """Hold the day of a sample of people again, for advertisers to decide by."""
    awake = np.concatenate(state.awake)
    every = max(1, awake.size // (LOOKED_AT * terms.markets))
    firms = state[AdvertiserColumns]
    reckoned = np.zeros((firms.value.size, TRIES.size, 2))
    bidding.reckon(awake, every, person, terms, firms, TRIES, reckoned)
    advertiser.look_ahead(state, every * reckoned)


ADVERTISING = Part(
    "advertising",
    tables={
        "advertising": Rows(AdvertisingColumns),
        "knowing": Rows(ProfiledColumns, lambda state: CLASSES, section="advertising"),
        advertiser.ADVERTISERS: Rows(AdvertiserColumns, advertiser.rows_needed, account=True, section="advertising"),
    },
    metrics=(*METRICS, *advertiser.METRICS),
    revenue={"advertising": "Advertising"},
    step=step,
)
