"""Brands: public accounts of merchants, which people follow, and whose posts they read, enjoy, remember and tire of.

A brand gains followers by its buyers, by what buyers share with friends, and by people who browse. It posts as often as
the reads of late earned it, and only where a message is thought to bring more than its price; posts come to the followers
who are here. Few are read; those remind their readers of the shop, and some hold an offer. The others are a small
nuisance, and a brand that comes too often is dropped.
"""

import functools
import math

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide_all, each_block, is_full, joined, kernel, outbox_of, rule
from sim.ground.friends import friends
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.ground.metrics import flow, ratio, stock
from sim.people.experience import FeltColumns
from sim.people.presence import HERE, PresenceSettings
from sim.people.users import MEMBER, UserColumns
from sim.service import Part, Rows
from sim.shopping import follows, merchant, metrics, orders
from sim.shopping.follows import NOBODY, SLOTS, FollowColumns, WishColumns
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.shopping.orders import OrderColumns
from sim.shopping.posting import believed, best_frequency
from sim.shopping.terms import BrandsSettings, MerchantsSettings
from sim.state import State

LATELY = 28  # days over which posts seen are averaged ...
FADING = np.exp(-np.arange(256) / LATELY)  # ... what is left of that average after so many days
WEEK_SHARE = 7 / LATELY  # what a post adds to it, in posts a week
MEMORY = 8  # weeks over which a brand averages what its posts did
FIRST_CONVERSION_RATE = 1 / 16  # buyers among those who look at a shop, as merchants think till they learn
SILENT = 0.05  # posts a week: a brand that would send fewer sends none


class BrandColumns(Table):
    """A row a merchant. The averages are over weeks with posts, about MEMORY of them."""

    account = Column(np.uint8, 0, "1 if the brand has a public account")
    followers = Column(np.int64, 0, "people who follow", "people")
    frequency = Column(np.float64, 0, "posts it means to send a week", "posts")
    worth = Column(np.float64, 0, "what a message is thought to bring, its part of a post's making paid", "cents")
    due = Column(np.float64, 0, "part of a post owed by that frequency", "posts")
    posts_today = Column(np.uint8, 0, "posts sent today", "posts")
    offers_today = Column(np.uint8, 0, "1 if these hold an offer")
    posts = Column(np.int64, 0, "this week: posts", "posts")
    delivered = Column(np.int64, 0, "this week: followers reached by a post", "messages")
    reads = Column(np.int64, 0, "this week: posts read", "messages")
    lost = Column(np.int64, 0, "this week: followers who dropped the brand at a post", "people")
    weeks = Column(np.int16, 0, "weeks of which it has averages", "weeks")
    usual_posts = Column(np.float64, 0, "average: posts", "posts a week")
    usual_followers = Column(np.float64, 0, "average: followers", "people")
    usual_delivered = Column(np.float64, 0, "average: followers reached by a post", "messages a week")
    usual_reads = Column(np.float64, 0, "average: posts read", "messages a week")
    usual_lost = Column(np.float64, 0, "average: followers lost at a post", "people a week")
    usual_earned = Column(np.float64, 0, "average: earned by posts read of late", "cents a week")


POSTS = flow("brands.posts", "posts", "posts sent by brands", "neither")
OFFERS = flow("brands.offers", "posts", "of these, with an offer", "neither")
DELIVERED = flow(
    "brands.delivered", "messages", "posts that reached a follower who was here, one message each", "neither"
)
READS = flow("brands.reads", "messages", "of these, read")
READ_RATE = ratio("brands.read_rate", "share", "followers reached by a post who read it", READS, DELIVERED)
FOLLOWERS = stock("brands.followers", "brands", "brands followed a member")
FOLLOWS = flow("brands.follows", "follows", "brands that people began to follow")
UNFOLLOWS = flow("brands.unfollows", "follows", "brands that people ceased to follow", "less")
FREQUENCY = stock("brands.frequency", "posts a week", "mean posts a week of brands with a shop", "neither")
ORDERS_BY_POST = flow("brands.orders", "orders", "orders at a shop whose post the buyer read of late")
ORDERS_FOUND_BY_POST = flow(
    "brands.found", "orders", "of these, where the buyer would not have looked, or not at this shop, otherwise"
)
ORDERS_RECOMMENDED = flow(
    "brands.recommended", "orders", "orders at a shop of which a post was read of late, or where a friend bought"
)
RECOMMENDED_SHARE = ratio(
    "brands.recommended_share", "share", "orders at a shop recommended in a thread", ORDERS_RECOMMENDED, metrics.ORDERS
)
ADVISED_SHARE = ratio(
    "brands.advised_share", "share", "buyers of a month who at least once looked at something recommended",
    follows.ADVISED_BUYERS, follows.BUYERS,
)  # fmt: skip
SHOPS_SHARE = stock("brands.shops_share", "share", "brands with an account that have a shop")
SPENT = flow("brands.spent", "cents", "paid by brands for posts, their making and their messages", "neither")
METRICS = (
    POSTS, OFFERS, DELIVERED, READS, READ_RATE, FOLLOWERS, FOLLOWS, UNFOLLOWS, FREQUENCY, ORDERS_BY_POST,
    ORDERS_FOUND_BY_POST, ORDERS_RECOMMENDED, RECOMMENDED_SHARE, follows.BUYERS, follows.ADVISED_BUYERS,
    ADVISED_SHARE, SHOPS_SHARE, SPENT,
)  # fmt: skip


@rule
def reads(reading, load, tiring):
    """Chance that a post is read by who saw so many posts a week of late, of all brands."""
    return reading * math.exp(-load / tiring)


@rule
def drops(tired, loyalty, annoyance):
    """Chance that an unread post makes its reader drop the brand: a logit of the posts a week seen from it of late."""
    return 1.0 / (1.0 + math.exp(loyalty - annoyance * tired))


@rule
def faded(tired, today, seen, fading):
    """Posts a week seen of late, from what it was on the last day one was seen."""
    return tired * fading[min(today - seen, fading.size - 1)]


@rule
def seen_of_late(mine, first, today, fading):
    """Posts a week that a person has seen of late from all the brands they follow."""
    load = 0.0
    for at in range(first, first + SLOTS):
        if mine.brand[at] != NOBODY:
            load += faded(mine.tired[at], today, mine.seen[at], fading)
    return load


@kernel
def _receive(awake, posts, offers, mine, wishes, felt, aversion, fading, most_dropped, today, setting, key):
    """These people see the posts of brands they follow; returns (reached, read, lost), a cell a merchant each.

    Writes the follows, wishes and feelings of its own people. `posts` has a cell more, a 0 for who follows nobody.
    `most_dropped` bounds the chance to drop a brand by the posts a week seen from it, in quarters, so that most logits
    need not be worked out.
    """
    reached, read, lost = np.zeros(posts.size, np.int64), np.zeros(posts.size, np.int64), np.zeros(posts.size, np.int64)
    nobody = np.uint32(posts.size - 1)
    for person in awake:
        who = np.int64(person)
        first = who * SLOTS
        coming = 0
        for brand in mine.brand[first : first + SLOTS]:
            coming += posts[min(brand, nobody)]
        if coming == 0:
            continue
        pairs, enjoyed, unread = luck.mix(key + np.uint64(who) * luck.GOLD), 0, 0
        for at in range(first, first + SLOTS):
            brand = min(mine.brand[at], nobody)
            if posts[brand] == 0:
                continue
            tired = faded(mine.tired[at], today, mine.seen[at], fading)
            for k in range(posts[brand]):
                reached[brand] += 1
                u, v = luck.two(pairs, brand, k)
                if u < setting.reading and u < reads(
                    setting.reading, seen_of_late(mine, first, today, fading), setting.tiring
                ):
                    read[brand] += 1
                    enjoyed += 1
                    mine.read[at] = today
                    if v < setting.inspiring:
                        wishes[who] = brand
                    if offers[brand]:
                        mine.offer[at] = today + setting.offer_days - 1
                else:
                    unread += 1
                    bound = most_dropped[min(int(4.0 * tired), most_dropped.size - 1)]
                    if v < bound and v < drops(tired, setting.loyalty, setting.annoyance):
                        lost[brand] += 1
                        mine.brand[at] = NOBODY
                        break
                tired += WEEK_SHARE
                mine.tired[at], mine.seen[at] = tired, today
        felt.worth[who] += setting.read_worth * enjoyed
        felt.nuisance[who] += setting.nuisance * aversion[who] * unread
    return reached[:-1], read[:-1], lost[:-1]


Followers = outbox_of("Followers", who=np.uint32, brand=np.uint32)  # people who begin to follow a brand


@rule
def begin(box, who, brand):
    """Write down a new follower."""
    at = box.used[0]
    box.who[at], box.brand[at] = who, brand
    box.used[0] = at + 1


@kernel
def _recommend(orders, today, here, rows, setting, markets, key, box):
    """Buyers of today who follow the shop, and friends who are here, live in its market and follow it when told."""
    people = np.int64(here.size)
    for at in today:
        buyer = np.int64(orders.buyer[at])
        follows_it, tells = luck.two(key, buyer, 0)
        if follows_it < setting.after_purchase:
            begin(box, buyer, orders.merchant[at])
        if tells < setting.sharing:
            friend = np.int64(friends.pick_friend(rows, buyer, luck.uniform(key, buyer, 1)))
            near = friend >= 0 and friend * markets // people == buyer * markets // people
            if near and here[friend] == HERE and luck.pair(key, buyer, friend, 2) < setting.by_friend:
                begin(box, friend, orders.merchant[at])


@kernel
def _browse(awake, start, accounts, first, browsing, people, markets, key, box):
    """Who of these follows a brand of their market seen on the way, and which; a market's accounts begin at `first`."""
    for at in range(start, awake.size):
        if is_full(box, 1):
            return at
        person = awake[at]
        u, v = luck.two(key, person, 0)
        if u < browsing:
            market = np.int64(person) * markets // people
            there = first[market + 1] - first[market]
            if there > 0:
                begin(box, person, accounts[first[market] + np.int64(v * there)])
    return awake.size


@kernel
def _review(mine, has_shop, trade_reached, trade_read, trade_lost, trade_earned, setting, trust, making, u):
    """Each brand that knows something of posts moves its frequency towards the best; `making` is a post's cost.

    What the trade knows is as in `_trade`; `trust` is in reads of the people simulated.
    """
    for row in range(mine.frequency.size):
        people = np.float64(mine.followers[row])
        if not has_shop[row] or mine.usual_posts[row] <= 0.0 or people <= 0.0:
            continue
        weeks = np.float64(min(mine.weeks[row], MEMORY))
        posts, delivered, seen = mine.usual_posts[row], mine.usual_delivered[row], mine.usual_reads[row]
        messages = trust / max(1e-9, trade_read)
        posted = weeks * posts * mine.usual_followers[row]  # to followers, here or not
        reached = believed(weeks * delivered, posted, trade_reached, messages)
        chance = believed(weeks * seen, weeks * delivered, trade_read, messages)
        lost = believed(weeks * mine.usual_lost[row], weeks * delivered * posts, trade_lost, messages)
        a_read = believed(weeks * mine.usual_earned[row], weeks * seen, trade_earned, trust)
        earned = a_read * chance * reached  # a post and follower
        cost = making / people + setting.post_price * reached
        mine.worth[row] = (earned - making / people) / max(1e-9, reached)
        worth = max(0.0, setting.patience * posts * (earned - cost))  # of a follower
        best = best_frequency(
            earned * math.exp(posts / setting.tiring),
            setting.tiring,
            cost,
            2.0 * worth * lost * reached,
            setting.most_posts,
        )
        mine.frequency[row] += setting.adjustment * (best - mine.frequency[row]) if best > 0.0 else -mine.frequency[row]
        if mine.frequency[row] < SILENT:
            tries = (
                u[row] < 1.0 / setting.patience and earned > cost
            )  # the silent do by and by, where it promises to pay
            mine.frequency[row] = setting.first_posts if tries else 0.0


def open_accounts(state: State) -> None:
    """Every shop has an account; on the first day, so have some brands without a shop."""
    settings, mine, shops = state.settings(BrandsSettings), state[BrandColumns], state[MerchantColumns]
    new = (shops.open == 1) & (mine.account == 0)
    if not mine.account.any():
        number, per_market = int(state.settings(MerchantsSettings).number), merchant.shops_per_market(state)
        without = round(number * settings.without_shop / max(1e-9, 1.0 - settings.without_shop))
        new |= np.arange(new.size) % per_market < number + without
    rows = np.flatnonzero(new)
    mine.account[rows] = 1
    mine.frequency[rows] = settings.first_posts
    if rows.size:
        _, read, _, earned = _trade(state, settings.trust * merchant.market_scale(state))
        mine.worth[rows] = read * earned
    mine.due[rows] = luck.uniforms(state.lasting_luck("brands.rhythm"), rows)


@kernel
def _write_posts(mine, is_open, money, setting, making, key, cents):
    """Brands with a shop post when a post is due, if they can pay for its making and for all whom it may reach.

    Writes the cost of making into `cents`.
    """
    for row in range(mine.due.size):
        mine.posts_today[row] = mine.offers_today[row] = 0
        if not is_open[row]:
            continue
        if setting.post_price > mine.worth[row]:
            continue  # not worth its price
        mine.due[row] += min(mine.frequency[row], setting.most_posts) / 7.0
        number = int(mine.due[row] + 1e-9)
        mine.due[row] -= number
        u, v = luck.two(key, row, 0)
        cost = int(number * making + u)  # rounded by luck
        if number > 0 and cost + math.ceil(number * mine.followers[row] * setting.post_price) <= money[row]:
            cents[row] = cost
            mine.posts_today[row] = number
            mine.posts[row] += number
            mine.offers_today[row] = v < setting.offers


def _charge(state: State, cents: NDArray[np.int64], payee: str, reason: str) -> None:
    """Brands pay for their posts."""
    who = np.flatnonzero(cents).astype(np.uint32)
    if who.size:
        state.ledger.pay_many((who, 0, cents[who]), MERCHANTS, payee, reason)
        state[MerchantColumns].spent[...] += cents
    state.add(SPENT, int(cents.sum()))


def step(state: State) -> None:
    """Brands post; followers who are here read, or do not, or drop the brand."""
    settings = state.settings(BrandsSettings)
    if not settings.on:
        return
    open_accounts(state)
    mine, shops, terms = state[BrandColumns], state[MerchantColumns], settings.row
    cents, making = np.zeros(mine.due.size, np.int64), settings.post_cost * merchant.market_scale(state)
    _write_posts(mine, shops.open, state.ledger[MERCHANTS], terms, making, state.luck("brands.posts"), cents)
    _charge(state, cents, OUTSIDE, "posts")
    posts, offers, key = np.append(mine.posts_today, np.uint8(0)), mine.offers_today, state.luck("brands.reads")
    following, wishes, felt = state[FollowColumns], state[WishColumns].wish, state[FeltColumns]
    aversion, bounds = state[UserColumns].advert_aversion, _most_dropped(settings.loyalty, settings.annoyance)
    found = each_block(
        state.pool, state.threads,
        lambda awake: _receive(
            awake, posts, offers, following, wishes, felt, aversion, FADING, bounds, state.day, terms, key
        ),
        state.awake,
    )  # fmt: skip
    reached, read, lost = (sum(cells) for cells in zip(*found, strict=True))
    mine.delivered[...] += reached
    mine.reads[...] += read
    mine.lost[...] += lost
    mine.followers[...] -= lost
    if settings.post_price > 0:
        whole = luck.uniforms(state.luck("brands.price"), cents.size)
        _charge(state, (reached * settings.post_price + whole).astype(np.int64), COMPANY, "business_messages")
    state.note(POSTS, int(posts.sum(dtype=np.int64)))
    state.note(OFFERS, int(mine.posts_today[offers == 1].sum(dtype=np.int64)))
    state.note(DELIVERED, int(reached.sum()))
    state.note(READS, int(read.sum()))
    state.note(UNFOLLOWS, int(lost.sum()))


@functools.cache
def _most_dropped(loyalty: float, annoyance: float) -> NDArray[np.float64]:
    """Chance to drop a brand at the upper end of each quarter of a post a week; the last is for any number."""
    return np.array([*(drops((quarter + 1) / 4, loyalty, annoyance) for quarter in range(127)), 1.0])


def follow_brands(state: State) -> None:
    """Buyers, friends they tell and the curious begin to follow; once a week brands review how often they post."""
    settings = state.settings(BrandsSettings)
    if not settings.on:
        return
    mine, shops, markets = state[BrandColumns], state[MerchantColumns], merchant.markets(state)
    bought = orders.today(state)
    follows.count_buyers(state, state[OrderColumns].buyer[bought])
    told = Followers.empty(2 * bought.size)
    _recommend(
        state[OrderColumns], bought, state.here, state.friends.rows, settings.row, markets,
        state.luck("brands.recommends"), told,
    )  # fmt: skip
    accounts = np.flatnonzero(mine.account)
    first = np.searchsorted(accounts, mine.account.size // markets * np.arange(markets + 1))
    key = state.luck("brands.browsing")
    curious = decide_all(state, _browse, Followers.empty, accounts, first, settings.browsing, state.size, markets, key)
    who, brand = joined([told, curious]).written()
    begun, dropped = follows.follow(state[FollowColumns], who, brand, mine.followers)
    state.note(FOLLOWS, begun)
    state.add(UNFOLLOWS, dropped)
    has_shop = (shops.open == 1) & (mine.account == 1)
    members = int((state[UserColumns].membership == MEMBER).sum())
    state.note(FOLLOWERS, int(mine.followers.sum()) / max(1, members))
    frequency = np.minimum(mine.frequency[has_shop], settings.most_posts)
    frequency[mine.worth[has_shop] < settings.post_price] = 0.0
    state.note(FREQUENCY, float(frequency.mean()) if frequency.size else 0.0)
    state.note(SHOPS_SHARE, int(has_shop.sum()) / max(1, int(mine.account.sum(dtype=np.int64))))
    if state.day % 7 == 6:
        _plan(state, has_shop)


def _plan(state: State, has_shop: NDArray[np.bool_]) -> None:
    """The week's figures enter the averages of brands that posted, and brands review how often they post."""
    settings, mine, shops = state.settings(BrandsSettings), state[BrandColumns], state[MerchantColumns]
    posted = mine.posts > 0
    mine.weeks[posted] += 1
    part = np.where(posted, 1.0 / np.clip(mine.weeks, 1, MEMORY), 0.0)
    for usual, week in (
        (mine.usual_posts, mine.posts), (mine.usual_followers, mine.followers), (mine.usual_delivered, mine.delivered),
        (mine.usual_reads, mine.reads), (mine.usual_lost, mine.lost), (mine.usual_earned, shops.lift / 100),
    ):  # fmt: skip
        usual += part * (week - usual)
    mine.posts[...] = mine.delivered[...] = mine.reads[...] = mine.lost[...] = shops.lift[...] = 0
    if settings.adjustment > 0:
        tries = luck.uniforms(state.luck("brands.tries"), mine.due.size)
        trust, making = settings.trust * merchant.market_scale(state), settings.post_cost * merchant.market_scale(state)
        _review(mine, has_shop, *_trade(state, trust), settings.row, trust, making, tries)


def _trade(state: State, trust: float) -> tuple[float, float, float, float]:
    """What all brands together know of posts, as four numbers.

    Messages a post and follower, reads a message, followers lost a message at one post a week, cents earned a read.
    The fewer reads there were, the more it is what is said of posts: followers are here as often as people are, and those
    who look at a shop buy as often as one thinks of a click at first.
    """
    settings, mine, shops = state.settings(BrandsSettings), state[BrandColumns], state[MerchantColumns]
    weeks = np.minimum(mine.weeks, MEMORY)
    messages = trust / max(1e-9, settings.reading)
    sent, often = weeks * mine.usual_delivered, weeks * mine.usual_delivered * mine.usual_posts
    posted = float((weeks * mine.usual_posts * mine.usual_followers).sum())
    read, lost, earned = (float((weeks * of).sum()) for of in (mine.usual_reads, mine.usual_lost, mine.usual_earned))
    stand = shops.open == 1
    margin = float((shops.price - shops.cost)[stand].mean()) if stand.any() else 0.0
    said = settings.inspiring * FIRST_CONVERSION_RATE * margin
    return (
        believed(float(sent.sum()), posted, state.settings(PresenceSettings).usual_share, messages),
        believed(read, float(sent.sum()), settings.reading, messages),
        believed(lost, float(often.sum()), drops(1.0, settings.loyalty, settings.annoyance), messages),
        believed(earned, read, said, trust),
    )


BRANDS = Part(
    "brands",
    tables={
        "brands": Rows(BrandColumns, "shop", section="brands"),
        "follows": Rows(follows.FollowColumns, lambda state: state.size * follows.SLOTS, section="brands"),
        "wishes": Rows(follows.WishColumns, section="brands"),
    },
    metrics=METRICS,
    step=step,
)
