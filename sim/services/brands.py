"""Brands: public accounts of merchants, which people follow, and whose posts they read, enjoy, remember and tire of.

A brand gains followers by its buyers, by what buyers share with friends, and by people who browse. It posts as often as
the reads of late earned it, and only where a message is thought to bring more than its price; posts come to the followers
who are here. Few are read; those remind their readers of the shop, and some hold an offer. The others are a small
nuisance, and a brand that comes too often is dropped.
"""

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide_all, each_block, is_full, joined, kernel, outbox_of, rule
from sim.engine.settings import Settings, assumed, decided
from sim.firms import merchant
from sim.firms.merchant import MERCHANTS
from sim.firms.posting import believed, best_frequency
from sim.ground import friends
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.ground.metrics import flow, ratio, stock
from sim.people import follows, orders
from sim.people.follows import NOBODY, SLOTS
from sim.people.presence import HERE
from sim.people.users import MEMBER

if TYPE_CHECKING:
    from sim.world import World

LATELY = 28  # days over which posts seen are averaged ...
FADING = np.exp(-np.arange(256) / LATELY)  # ... what is left of that average after so many days
WEEK_SHARE = 7 / LATELY  # what a post adds to it, in posts a week
MEMORY = 8  # weeks over which a brand averages what its posts did
A_LOOK = 1 / 16  # buyers among those who look at a shop, as merchants think till they learn
SILENT = 0.05  # posts a week: a brand that would send fewer sends none


class BrandsSettings(Settings):
    """[brands]"""

    on: bool = decided.switch(False, "whether merchants have public accounts that people can follow")
    most_posts: float = decided.amount(
        7.0, "posts a week", "most posts a brand may send its followers", "facts.csv: pushes tire", 0, 21
    )
    post_price: float = decided.amount(
        0.0, "cents a message", "price of a post for each follower whom it reaches",
        "facts.csv: WhatsApp marketing, .0105 to .0255 USD", 0, 20,
    )  # fmt: skip
    # how followers take posts
    reading: float = assumed.share(
        0.08, "posts read by who gets no others", "fitted: read rate .05 in jd.toml (facts.csv: .03 to .15)", 0.03, 0.3
    )
    tiring: float = assumed.positive(
        8.0, "posts a week", "posts seen a week, of all brands, that divide reading by e", "round figure", 2, 30
    )
    loyalty: float = assumed.number(
        6.0, "logit units", "reluctance to drop a brand at its first unread post", "round figure", 3, 9
    )
    annoyance: float = assumed.amount(
        0.8, "logit units per post a week", "what is lost of it with the posts seen a week", "round figure", 0.2, 2
    )
    read_worth: float = assumed.amount(0.05, "CNY", "worth of reading a post", "round figure", 0, 0.5)
    nuisance: float = assumed.amount(
        0.001, "logit units", "loss of a day's experience by an unread post, at aversion 1",
        "a seventieth of an advert: it lies in a thread one chose", 0, 0.02,
    )  # fmt: skip
    # what reading leads to
    inspiring: float = assumed.share(
        0.2, "posts read after which the reader looks at what the shop sells",
        "facts.csv: .248 of sponsored messages were answered", 0, 0.5,
    )  # fmt: skip
    wanting: float = assumed.number(
        -1.5, "logit units", "worth of what they find there and did not need, against a need met",
        "fitted: about 1 % of reads end in an order; no sound source: sweep", -4, 0,
    )  # fmt: skip
    remembered: int = assumed.count(
        28, "days", "days for which a post that was read brings the shop to mind at a need", "round figure", 3, 90, ge=1
    )
    unprompted: float = assumed.share(
        0.1, "needs at which a followed brand comes to mind by itself", "round figure", 0, 0.5
    )
    offers: float = assumed.share(0.25, "posts that hold an offer", "round figure", 0, 1)
    discount: float = assumed.share(0.1, "part of the price that an offer takes off", "round figure", 0, 0.4)
    offer_days: int = assumed.count(7, "days", "days for which an offer stands once read", "a week", 1, 28, ge=1)
    # how people come to follow
    after_purchase: float = assumed.share(0.4, "buyers who follow the shop", "round figure", 0, 0.8)
    sharing: float = assumed.share(0.3, "buyers who tell a friend in a thread", "round figure", 0, 0.6)
    by_friend: float = assumed.share(0.3, "friends told who follow the shop", "round figure", 0, 0.6)
    browsing: float = assumed.share(
        0.01, "chance on a day of use to follow a brand seen on the way", "round figure", 0, 0.05
    )
    # how brands decide
    first_posts: float = assumed.amount(
        1.0, "posts a week", "posts of a brand that knows nothing of them yet", "round figure", 0.25, 14
    )
    adjustment: float = assumed.share(
        0.5, "part of the way to the best frequency gone each week; 0 keeps the first", "as with prices", 0, 1
    )
    patience: float = assumed.positive(
        26.0, "weeks", "time over which a brand counts a follower's worth", "round figure", 4, 104
    )
    trust: float = assumed.amount(
        200.0,
        "reads",
        "reads after which its own figures count as much as the trade's, in a full market",
        "round figure",
        0,
        2_000,
    )
    post_cost: int = assumed.count(
        20, "cents a post", "cost of making a post: a full market's part of it", "round figure", 0, 1_000
    )
    without_shop: float = assumed.share(
        0.2, "brands with an account but no shop on day 0, as far as there is room", "round figure", 0, 0.5
    )


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


METRICS = (
    flow("brands.posts", "posts", "posts sent by brands", "neither"),
    flow("brands.offers", "posts", "of these, with an offer", "neither"),
    flow("brands.delivered", "messages", "posts that reached a follower who was here, one message each", "neither"),
    flow("brands.reads", "messages", "of these, read"),
    ratio("brands.read_rate", "share", "followers reached by a post who read it", "brands.reads", "brands.delivered"),
    stock("brands.followers", "brands", "brands followed a member"),
    flow("brands.follows", "follows", "brands that people began to follow"),
    flow("brands.unfollows", "follows", "brands that people ceased to follow", "less"),
    stock("brands.frequency", "posts a week", "mean posts a week of brands with a shop", "neither"),
    flow("brands.orders", "orders", "orders at a shop whose post the buyer read of late"),
    flow("brands.found", "orders", "of these, where the buyer would not have looked, or not at this shop, otherwise"),
    flow("brands.recommended", "orders", "orders at a shop of which a post was read of late, or where a friend bought"),
    ratio(
        "brands.recommended_share", "share", "orders at a shop recommended in a thread", "brands.recommended",
        "shopping.orders",
    ),
    flow("brands.buyers", "buyers", "people who bought in a thread, each month's counted on its last day", "neither"),
    flow("brands.advised_buyers", "buyers", "of these, who looked that month at what a post or a friend's purchase advised"),
    ratio(
        "brands.advised_share", "share", "buyers of a month who at least once looked at something recommended",
        "brands.advised_buyers", "brands.buyers",
    ),
    stock("brands.shops_share", "share", "brands with an account that have a shop"),
    flow("brands.spent", "cents", "paid by brands for posts, their making and their messages", "neither"),
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


def open_accounts(world: "World") -> None:
    """Every shop has an account; on the first day, so have some brands without a shop."""
    settings, mine, shops = world.now.brands, world.tables["brands"].rows, world.tables["merchants"].rows
    new = (shops.open == 1) & (mine.account == 0)
    if not mine.account.any():
        number, circle = int(world.scenario.merchants.number), merchant.shops_a_circle(world)
        without = round(number * settings.without_shop / max(1e-9, 1.0 - settings.without_shop))
        new |= np.arange(new.size) % circle < number + without
    rows = np.flatnonzero(new)
    mine.account[rows] = 1
    mine.frequency[rows] = settings.first_posts
    if rows.size:
        _, read, _, earned = _trade(world, settings.trust * world.market_scale)
        mine.worth[rows] = read * earned
    mine.due[rows] = luck.uniforms(world.lasting_luck("brands.rhythm"), rows)


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


def _charge(world: "World", cents: NDArray[np.int64], payee: str, reason: str) -> None:
    """Brands pay for their posts."""
    who = np.flatnonzero(cents).astype(np.uint32)
    if who.size:
        world.ledger.pay_many((who, 0, cents[who]), MERCHANTS, payee, reason)
        world.tables["merchants"].rows.spent[...] += cents
    world.add("brands.spent", int(cents.sum()))


def step(world: "World") -> None:
    """Brands post; followers who are here read, or do not, or drop the brand."""
    settings = world.now.brands
    if not settings.on:
        return
    open_accounts(world)
    mine, shops, terms = world.tables["brands"].rows, world.tables["merchants"].rows, settings.row
    cents, making = np.zeros(mine.due.size, np.int64), settings.post_cost * world.market_scale
    _write_posts(mine, shops.open, world.ledger[MERCHANTS], terms, making, world.luck("brands.posts"), cents)
    _charge(world, cents, OUTSIDE, "posts")
    posts, offers, key = np.append(mine.posts_today, np.uint8(0)), mine.offers_today, world.luck("brands.reads")
    following, wishes, felt = world.tables["follows"].rows, world.tables["wishes"].rows.wish, world.felt.rows
    aversion, bounds = world.users.rows.advert_aversion, _most_dropped(settings.loyalty, settings.annoyance)
    found = each_block(
        world.pool, world.threads,
        lambda awake: _receive(
            awake, posts, offers, following, wishes, felt, aversion, FADING, bounds, world.day, terms, key
        ),
        world.awake,
    )  # fmt: skip
    reached, read, lost = (sum(cells) for cells in zip(*found, strict=True))
    mine.delivered[...] += reached
    mine.reads[...] += read
    mine.lost[...] += lost
    mine.followers[...] -= lost
    if settings.post_price > 0:
        whole = luck.uniforms(world.luck("brands.price"), cents.size)
        _charge(world, (reached * settings.post_price + whole).astype(np.int64), COMPANY, "business_messages")
    world.note("brands.posts", int(posts.sum(dtype=np.int64)))
    world.note("brands.offers", int(mine.posts_today[offers == 1].sum(dtype=np.int64)))
    world.note("brands.delivered", int(reached.sum()))
    world.note("brands.reads", int(read.sum()))
    world.note("brands.unfollows", int(lost.sum()))


@functools.cache
def _most_dropped(loyalty: float, annoyance: float) -> NDArray[np.float64]:
    """Chance to drop a brand at the upper end of each quarter of a post a week; the last is for any number."""
    return np.array([*(drops((quarter + 1) / 4, loyalty, annoyance) for quarter in range(127)), 1.0])


def follow(world: "World") -> None:
    """Buyers, friends they tell and the curious begin to follow; once a week brands review how often they post."""
    settings = world.now.brands
    if not settings.on:
        return
    mine, shops, markets = world.tables["brands"].rows, world.tables["merchants"].rows, merchant.markets(world)
    bought = orders.today(world)
    follows.count_buyers(world, world.tables["orders"].rows.buyer[bought])
    told = Followers.empty(2 * bought.size)
    _recommend(
        world.tables["orders"].rows, bought, world.here, world.friends.rows, settings.row, markets,
        world.luck("brands.recommends"), told,
    )  # fmt: skip
    accounts = np.flatnonzero(mine.account)
    first = np.searchsorted(accounts, mine.account.size // markets * np.arange(markets + 1))
    key = world.luck("brands.browsing")
    curious = decide_all(world, _browse, Followers.empty, accounts, first, settings.browsing, world.size, markets, key)
    who, brand = joined([told, curious]).written()
    begun, dropped = follows.follow(world.tables["follows"].rows, who, brand, mine.followers)
    world.note("brands.follows", begun)
    world.add("brands.unfollows", dropped)
    has_shop = (shops.open == 1) & (mine.account == 1)
    members = int((world.users.rows.membership == MEMBER).sum())
    world.note("brands.followers", int(mine.followers.sum()) / max(1, members))
    frequency = np.minimum(mine.frequency[has_shop], settings.most_posts)
    frequency[mine.worth[has_shop] < settings.post_price] = 0.0
    world.note("brands.frequency", float(frequency.mean()) if frequency.size else 0.0)
    world.note("brands.shops_share", int(has_shop.sum()) / max(1, int(mine.account.sum(dtype=np.int64))))
    if world.day % 7 == 6:
        _plan(world, has_shop)


def _plan(world: "World", has_shop: NDArray[np.bool_]) -> None:
    """The week's figures enter the averages of brands that posted, and brands review how often they post."""
    settings, mine, shops = world.now.brands, world.tables["brands"].rows, world.tables["merchants"].rows
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
        tries = luck.uniforms(world.luck("brands.tries"), mine.due.size)
        trust, making = settings.trust * world.market_scale, settings.post_cost * world.market_scale
        _review(mine, has_shop, *_trade(world, trust), settings.row, trust, making, tries)


def _trade(world: "World", trust: float) -> tuple[float, float, float, float]:
    """What all brands together know of posts, as four numbers.

    Messages a post and follower, reads a message, followers lost a message at one post a week, cents earned a read.
    The fewer reads there were, the more it is what is said of posts: followers are here as often as people are, and those
    who look at a shop buy as often as one thinks of a click at first.
    """
    settings, mine, shops = world.now.brands, world.tables["brands"].rows, world.tables["merchants"].rows
    weeks = np.minimum(mine.weeks, MEMORY)
    messages = trust / max(1e-9, settings.reading)
    sent, often = weeks * mine.usual_delivered, weeks * mine.usual_delivered * mine.usual_posts
    posted = float((weeks * mine.usual_posts * mine.usual_followers).sum())
    read, lost, earned = (float((weeks * of).sum()) for of in (mine.usual_reads, mine.usual_lost, mine.usual_earned))
    stand = shops.open == 1
    margin = float((shops.price - shops.cost)[stand].mean()) if stand.any() else 0.0
    said = settings.inspiring * A_LOOK * margin
    return (
        believed(float(sent.sum()), posted, world.now.presence.usual_share, messages),
        believed(read, float(sent.sum()), settings.reading, messages),
        believed(lost, float(often.sum()), drops(1.0, settings.loyalty, settings.annoyance), messages),
        believed(earned, read, said, trust),
    )
