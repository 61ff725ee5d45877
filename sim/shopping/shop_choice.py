"""Shop choice: which shops a person with a need looks at, what each is worth to them, and which they take.

The rules of shopping/shopping.py, of which the assistant goes by some. A list holds the open shops of one category in the
person's market; arrays are by place in that list. Scratch arrays are made once for a block of people.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.kernels import inlined_rule, own, rule, with_cached_type
from sim.ground import choice, ranking
from sim.ground.friends import friends
from sim.people import knowledge
from sim.people.taste import distance, match, systematic_utility, taste_of
from sim.shopping import baskets, channels, follows, merchant
from sim.shopping.needs import NONE
from sim.shopping.terms import MerchantsSettings
from sim.state import State

MOST_SHOPS = 128  # in a list
NEVER = -1e300  # the utility of nothing at all


# who asks, and where


@with_cached_type
class Markets(NamedTuple):
    """How people and shops lie: people market by market, and in each market as many shops a category."""

    people: int
    markets: int
    categories: int
    shops_per_market: int


def markets_of(state: State) -> Markets:
    """How people, shops and categories of goods lie in this world."""
    categories = int(state.settings(MerchantsSettings).categories)
    return Markets(state.size, merchant.markets(state), categories, merchant.shops_per_market(state))


@with_cached_type
class Supply(NamedTuple):
    """Columns of merchants, and rows of open shops: those of a market and category from its `first_listed` on."""

    shops: Any
    listed: NDArray[np.int64]
    first_listed: NDArray[np.int64]


@with_cached_type
class Shopper(NamedTuple):
    """A person with a need, as they come to the shops."""

    who: int
    category: int
    first: int  # row of the first shop of this market and category
    wished: bool  # whether a post made them want it: then they look at its shop alone
    last: int  # shop last bought from
    helped: int  # shop that helped last, and
    opinion: float  # what they think of it for that
    thanks: float  # utility of the last shop for having kept them informed
    besides: float  # utility of what one did not need, against a need met
    taste: float
    reservation: float  # CNY that the need is worth of itself
    trouble: float  # cents that the open is as bad as
    money: int
    in_bank: int
    observations: int  # that the platform has of each match


@with_cached_type
class People(NamedTuple):
    """Columns of people that shopping reads, and those it writes: `wishes`, `needs` and `felt`."""

    group_of: NDArray[np.uint32]
    friends: Any
    follows: Any
    wishes: Any
    needs: Any
    last_informed: NDArray[np.uint8]
    regard: Any
    purchases: Any
    bought: NDArray[np.uint16]
    trust: NDArray[np.float32]
    bank: NDArray[np.int64]
    wallet: NDArray[np.int64]
    felt: Any


@inlined_rule
def take_need(who, needs, wishes, with_wishes, markets):
    """Today's need of a person, crossed off: (category, the only shop they look at or -1, the shop advised).

    Without a need it is a wish for what a post showed, and its shop the only one.
    """
    wish, named = np.int64(-1), np.int64(needs.advised[who])
    if with_wishes and wishes.wish[who] != follows.NOBODY:
        wish = np.int64(wishes.wish[who])
        wishes.wish[who] = follows.NOBODY
    wished = needs.today[who] == 0
    category = category_of(wish, markets) if wished else np.int64(needs.today[who]) - 1
    needs.today[who], needs.advised[who] = 0, follows.NOBODY
    return category, wish if wished else np.int64(-1), named


@inlined_rule
def shopper_of(who, category, only, terms, keys, people, markets):
    """What suits this person, what they can pay, and what they have seen of shops of this category."""
    setting, recall = terms.setting, terms.recall
    cell = who * markets.categories + category
    first = market_of_goods(who, category, markets) * markets.shops_per_market
    helped, opinion = np.int64(-1), 0.0
    if people.regard.shop.size > 0:
        helped, opinion = first + people.regard.shop[cell], 0.01 * people.regard.opinion[cell]
    u = luck.uniform(keys.choice, who, 6)
    return Shopper(
        who=who,
        category=category,
        first=first,
        wished=only >= 0,
        last=first + people.purchases.shop[cell],
        helped=helped,
        opinion=opinion,
        thanks=recall.thanks if recall.thanks > 0.0 and people.last_informed[cell] else 0.0,
        besides=recall.wanting if only >= 0 else 0.0,
        taste=taste_of(keys, people.group_of[who], who, category, setting.taste_alike),
        reservation=setting.reservation * luck.uniform(keys.choice, who, 1),
        trouble=channels.trouble_of_the_open(u, setting.open_known, setting.open_trouble),
        money=people.bank[who] + people.wallet[who],
        in_bank=people.bank[who],
        observations=knowledge.observations(terms.sources, terms.profiling, np.int64(people.bought[who])),
    )


@inlined_rule
def category_of(row, markets):
    """Category of the goods that a shop sells."""
    return row // markets.shops_per_market % markets.categories


@inlined_rule
def market_of_goods(who, category, markets):
    """Number of the market and category in which a person looks for goods; its shops have consecutive rows."""
    return who * markets.markets // markets.people * markets.categories + category


@inlined_rule
def neighbours(who, markets):
    """The people of a person's market: first, past the last."""
    market = who * markets.markets // markets.people
    return -(-market * markets.people // markets.markets), -(-(market + 1) * markets.people // markets.markets)


@inlined_rule
def list_open_shops(supply, market, only, rows):
    """Write the rows of the open shops of a market and category, or of `only` one of them; returns how many."""
    number = 0
    for k in range(supply.first_listed[market], supply.first_listed[market + 1]):
        row = np.int64(supply.listed[k])
        if only < 0 or row == only:
            rows[number] = row
            number += 1
    return number


@rule
def place_in(rows, number, row):
    """Place of a shop in the list, -1 where it is not there."""
    for j in range(number):
        if rows[j] == row:
            return j
    return -1


# what shops are worth


@with_cached_type
class Offers(NamedTuple):
    """What a shopper knows of the shops in the list."""

    row: NDArray[np.int64]
    asked: NDArray[np.int64]  # price in the thread, in cents
    in_the_open: NDArray[np.uint8]  # 1 where they would pay the open price
    read: NDArray[np.int64]  # day on which a post of it was read
    mind: NDArray[np.uint8]  # how it comes to mind, see shopping/follows.py
    why: NDArray[np.uint8]  # bits of why it is looked at, see shopping/baskets.py


@with_cached_type
class Draws(NamedTuple):
    """Luck of a person with each shop in the list."""

    peculiar: NDArray[np.float64]  # match that is theirs alone
    error: NDArray[np.float64]  # of what the platform believes of it
    noise: NDArray[np.float64]  # of today's choice
    today: NDArray[np.float64]  # uniform, from which the noise is


@with_cached_type
class Utilities(NamedTuple):
    """What each shop in the list is worth to a person."""

    true: NDArray[np.float64]
    felt: NDArray[np.float64]  # with the noise of today's choice
    believed: NDArray[np.float64]  # by the platform
    weight: NDArray[np.float64]  # in the choice; 0 where it is not looked at, or too dear


@inlined_rule
def draw_luck(shopper, keys, number, rows, draws):
    """Luck of this person with these shops, in loops without a branch: they are vectorised."""
    luck.pairs(luck.of(keys.pair, shopper.who), rows, number, 0, draws.today)
    luck.normals(draws.today, number, draws.peculiar)
    if shopper.observations > 0:
        luck.pairs(luck.of(keys.error, shopper.who), rows, number, 0, draws.today)
        luck.normals(draws.today, number, draws.error)
    luck.pairs(luck.of(keys.choice, shopper.who), rows, number, 2, draws.today)
    choice.gumbels(draws.today, number, draws.noise)


@rule
def quality_of(shops, row):
    """What all think of a shop."""
    return shops.quality[row] + shops.reputation[row]


@inlined_rule
def believed_utility(quality, reservation, price, setting, expected, tie):
    """What the platform believes a shop is worth to somebody: what all can see, and the match expected of it.

    `tie` is a luck in [0, 1) that orders equals.
    """
    public = systematic_utility(quality, 0.0, setting.travel, reservation, price, setting.price_weight)
    return public + 1e-6 * tie + expected


@inlined_rule
def utility_of_shop(shopper, row, quality, suits, paid, setting):
    """What a shop is worth to a shopper at the price they would pay: its own worth, and what they have seen of it."""
    utility = systematic_utility(quality, suits, setting.travel, shopper.reservation, paid, setting.price_weight)
    utility += shopper.besides + (shopper.thanks if row == shopper.last else 0.0)
    if row == shopper.helped:
        utility += shopper.opinion
    return utility


@inlined_rule
def utilities_of_shops(shopper, number, shops, setting, noise_of_knowledge, offers, draws, utilities):
    """What each shop in the list is worth to this person, and what the platform believes it is."""
    for j in range(number):
        row = offers.row[j]
        suits = match(distance(shopper.taste, shops.place[row]), draws.peculiar[j], setting.travel, setting.pair_spread)
        quality, asked = quality_of(shops, row), offers.asked[j]
        goes = channels.goes_to_the_open(asked, shops.open_price[row], shopper.trouble, shopper.in_bank)
        paid = shops.open_price[row] + shopper.trouble if goes else np.float64(asked)
        offers.in_the_open[j] = goes
        utilities.true[j] = utility_of_shop(shopper, row, quality, suits, paid, setting)
        utilities.felt[j] = utilities.true[j] + setting.noise * draws.noise[j]
        expected = knowledge.estimate(suits, shopper.observations, noise_of_knowledge, draws.error[j])
        tie = luck.rest(draws.today[j])
        utilities.believed[j] = believed_utility(quality, shopper.reservation, shops.price[row], setting, expected, tie)


# which shops are looked at


@with_cached_type
class Views(NamedTuple):
    """Sets of shops in the list: 1 for those in it."""

    known: NDArray[np.uint8]  # to the shopper: bought from, friends bought from, followed
    known_unread: NDArray[np.uint8]  # the same, had they read no post
    seen: NDArray[np.uint8]  # what the shopper looks at
    seen_unread: NDArray[np.uint8]  # would have looked at, had they read no post
    seen_unpaid: NDArray[np.uint8]  # would have looked at, had nobody paid for a place
    passed: NDArray[np.uint8]  # paid places passed over
    nobody: NDArray[np.uint8]  # none


@with_cached_type
class Ranks(NamedTuple):
    """Bids for places, and the order of the list without them and with them."""

    bid: NDArray[np.float64]
    relevance: NDArray[np.float64]  # percentile of what the platform believes
    score: NDArray[np.float64]
    unpaid: NDArray[np.int64]  # places in the list, best first
    paid: NDArray[np.int64]


@inlined_rule
def mark_known(shopper, number, people, markets, key, most, offers, known):
    """Shoppers know the shop they last bought from, and those that a few friends of the same market did."""
    for j in range(number):
        known[j] = 1 if offers.row[j] == shopper.last else 0
        offers.why[j] = 0
    begins, ends = neighbours(shopper.who, markets)
    for k in range(most):
        friend = np.int64(friends.pick_friend(people.friends, shopper.who, luck.uniform(key, shopper.who, 1 + k)))
        if begins <= friend < ends:
            theirs = people.purchases.shop[friend * markets.categories + shopper.category]
            j = place_in(offers.row, number, shopper.first + theirs) if theirs != NONE else -1
            if j >= 0:
                known[j], offers.why[j] = 1, baskets.BY_FRIEND


@inlined_rule
def mark_followed(shopper, number, places, most, unpaid, offers, views, wishes):
    """Mark followed brands that come to mind as known; keep what was looked at without them, and whether any advised."""
    for j in range(number):
        views.known_unread[j] = views.known[j]
    ranking.consider(unpaid, number, places, views.seen_unread, views.known_unread, views.nobody)
    follows.add_followed(number, most, offers.read, offers.mind, views.known)
    for j in range(number):
        by_friend, by_post = offers.why[j] == baskets.BY_FRIEND, offers.mind[j] >= follows.READ
        wishes.advised[shopper.who] |= shopper.wished or by_friend or by_post


@inlined_rule
def consider(number, places, advised, unpaid, offers, views):
    """What the shopper looks at where nobody pays: known shops, the one they were advised to, and the best of the list.

    `seen_unpaid` has what honest advice would have named in place of `advised`: the best of all.
    """
    best = unpaid[0]
    best_is_known = views.known[best]
    views.known[best] |= advised >= 0
    ranking.consider(unpaid, number, places, views.seen_unpaid, views.known, views.nobody)
    if advised < 0:
        for j in range(number):
            views.seen[j] = views.seen_unpaid[j]
        return
    views.known[best] = best_is_known
    views.known[advised], offers.why[advised] = 1, offers.why[advised] | baskets.ADVISED
    ranking.consider(unpaid, number, places, views.seen, views.known, views.nobody)


@inlined_rule
def collect_bids(shops, rows, number, reserve, bids):
    """Bids of the shops in the list for a better place; returns the highest."""
    highest = 0.0
    for j in range(number):
        bids[j] = ranking.bid_that_counts(shops.bid[rows[j]], reserve)
        highest = max(highest, bids[j])
    return highest


@inlined_rule
def show_paid_list(shopper, number, key, shops, offer, considered, offers, utilities, ranks, views, box):
    """The shopper looks at the list with paid places, if any shop bids; returns whether a place was promoted."""
    highest_bid = collect_bids(shops, offers.row, number, offer.reserve, ranks.bid)
    if highest_bid <= 0.0:
        return False
    ranking.rank_paid(
        utilities.believed, ranks.bid, number, highest_bid, own(offer.weight, shopper.who), ranks.relevance, ranks.score,
        ranks.paid,
    )  # fmt: skip
    consider_paid(shopper, number, considered, key, offer, offers.row, ranks.paid, views)
    return charge_promoted(shopper, number, offer, highest_bid, offers, ranks, views, box) > 0


@inlined_rule
def consider_paid(shopper, number, places, key, offer, rows, order, views):
    """The same of a list with paid places: who sees that one is paid for may pass over it, and looks further down."""
    for j in range(number):
        passes = offer.disclosed and luck.pair(key, shopper.who, rows[j], 3) < offer.skipped
        views.passed[j] = 1 if passes and not views.seen_unpaid[j] else 0
    ranking.consider(order, number, places, views.seen, views.known, views.passed)


@inlined_rule
def charge_promoted(shopper, number, offer, highest_bid, offers, ranks, views, box):
    """A place is promoted if it is seen for pay alone: the shop pays what keeps it above the next shop that competes.

    Known shops do not compete for places, nor those passed over. Returns how many are promoted.
    """
    promoted, rival, weight = 0, 0.0, own(offer.weight, shopper.who)
    for p in range(number - 1, -1, -1):
        j = ranks.paid[p]
        if views.seen[j] and not views.seen_unpaid[j] and not views.known[j] and ranks.bid[j] > 0.0:
            reserve = np.float64(offer.reserve)
            price = ranking.click_price(ranks.relevance[j], ranks.bid[j], rival, highest_bid, weight, reserve)
            baskets.add_event(box, shopper.who, offers.row[j], np.int64(price), baskets.PAID_CLICK, 0)
            promoted += 1
        if not views.known[j] and not views.passed[j]:
            rival = ranks.score[j]
    return promoted


# the choice


@with_cached_type
class Choice(NamedTuple):
    """What a shopper chose, as felt: with noise, and with what they wrongly believe of the shop advised."""

    chosen: int  # place in the list; -1 for none
    without: float  # best utility without a shop
    best: float  # of what was looked at and can be paid for
    second: float  # of the others
    too_dear: float  # of what was looked at and asks more than the person has
    got: float  # true utility of what was chosen
    best_unpaid: float  # the best that would have been chosen, had nobody paid for a place
    best_of_all: float  # the best of the list
    total: float  # sum of the weights of all that might have been chosen
    astray: float  # the same, times what was wrongly believed of each


@inlined_rule
def choose(number, money, advised, faith, without, weight_without, scale, offers, utilities, views):
    """The best of the shops looked at that the person can pay for, and of doing without them.

    `faith` is the utility wrongly believed of the shop advised, of which they get what is true.
    """
    best, chosen, best_unpaid, best_of_all, total = without, -1, without, without, weight_without
    second, too_dear, astray = NEVER, NEVER, 0.0
    for j in range(number):
        utilities.weight[j] = 0.0
        felt, believed = utilities.felt[j], faith if j == advised else 0.0
        if offers.asked[j] > money:
            too_dear = max(too_dear, felt + believed) if views.seen[j] else too_dear
            continue
        best_of_all = max(best_of_all, felt)
        if views.seen_unpaid[j]:
            best_unpaid = max(best_unpaid, felt)
        if views.seen[j]:
            weight = choice.weight(utilities.true[j] + believed, scale)
            utilities.weight[j] = weight
            total += weight
            astray += weight * believed
            if felt + believed > best:
                second, best, chosen = best, felt + believed, j
            else:
                second = max(second, felt + believed)
    if chosen < 0:
        second = best
    got = utilities.felt[chosen] if chosen >= 0 else without
    return Choice(chosen, without, best, second, too_dear, got, best_unpaid, best_of_all, total, astray)


@inlined_rule
def gain_of_choice(made, weight_without, noise):
    """Utility that a choice among shops has above the outside: in the mean over the noise, where there is any."""
    if noise > 0.0:
        return choice.logsum_gain(made.total, weight_without, noise) - made.astray / made.total
    return made.got - made.without


@rule
def hundredths(utility, price_weight):
    """Utility in hundredths of a cent, whole: kernels sum integers."""
    return int(100.0 * utility * (100.0 / price_weight))


# scratch


@rule
def scratch():
    """Offers, Draws, Utilities, Ranks and Views of a list of shops."""
    offers = Offers(_wholes(), _wholes(), _marks(), _wholes(), _marks(), _marks())
    draws = Draws(_numbers(), _numbers(), _numbers(), _numbers())
    utilities = Utilities(_numbers(), _numbers(), _numbers(), _numbers())
    ranks = Ranks(_numbers(), _numbers(), _numbers(), _wholes(), _wholes())
    views = Views(_marks(), _marks(), _marks(), _marks(), _marks(), _marks(), _marks())
    return offers, draws, utilities, ranks, views


@rule
def _wholes():
    return np.empty(MOST_SHOPS, np.int64)


@rule
def _numbers():
    return np.empty(MOST_SHOPS)


@rule
def _marks():
    return np.zeros(MOST_SHOPS, np.uint8)
