"""Shopping: a need is met in a thread with a shop, outside the app, or not at all.

A person with a need looks at a few shops of its category: the one they bought from last, those friends bought from,
brands they follow, and the best of the platform's ranking, which orders shops by what they are believed to be worth to
this person (quality and price, which all can see, and match as far as it is known: on match alone a list that knows
nothing would be bettered by one that sells its places). Among those of these that they can pay for, the outside and doing
without they choose by a logit over match, quality and price. Most know what a shop asks in the open too, and pay there
what is cheaper with the trouble of going there; a deal begun in the thread may be settled off the platform to save its fee.
"""

from typing import Any, NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.kernels import decide, each_block, inlined_rule, is_full, kernel, own, prefetch, rule, with_cached_type
from sim.ground import choice, ranking
from sim.ground.ledger import BANK, WALLET
from sim.people import knowledge, trust
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns, KnowledgeSettings
from sim.people.trust import TrustColumns
from sim.service import Part, Rows
from sim.shopping import (
    baskets,
    brands,
    channels,
    follows,
    merchant,
    metrics,
    needs,
    orders,
    promotion,
    sales,
    shop_choice,
)
from sim.shopping.follows import FollowColumns, WishColumns
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.shopping.needs import NeedColumns, PurchaseColumns, RegardColumns
from sim.shopping.orders import InformedColumns
from sim.shopping.posting import earned_by_post
from sim.shopping.promotion import PromotionSettings
from sim.shopping.shop_choice import hundredths
from sim.shopping.terms import BrandsSettings, MerchantsSettings, ShoppingSettings
from sim.state import State

SOON = 4  # shoppers ahead that the memory is asked for
MICRO = merchant.MICRO


METRICS = (
    metrics.NEEDS, metrics.ORDERS, metrics.SHOWROOMED, metrics.SHOWROOMED_SHARE, metrics.OPEN_SALES,
    metrics.OPEN_PRICE, metrics.OUTSIDE, metrics.UNMET, metrics.UNAFFORDABLE, metrics.IN_APP_SHARE, metrics.GMV,
    metrics.MEAN_PRICE, metrics.OFF_PLATFORM, metrics.OFF_PLATFORM_SHARE, metrics.BY_WALLET, metrics.WALLET_PAID,
    metrics.WALLET_SHARE, metrics.TAKE_RATE, metrics.TAKEN, metrics.WORTH, metrics.SELLER_GINI,
)  # fmt: skip


@with_cached_type
class Terms(NamedTuple):
    """Today's terms: settings of shopping, promotion and knowledge, what the ranking may know, recall, and fees on a sale."""

    setting: Any
    offer: Any
    profiling: Any
    sources: knowledge.Sources
    recall: follows.Recall
    fees: Any  # a column where a test lets shops differ


@with_cached_type
class Keys(NamedTuple):
    """Luck by the name of the decision; group_taste, taste, pair and error are lasting."""

    need: np.uint64
    group_taste: np.uint64
    taste: np.uint64
    pair: np.uint64
    error: np.uint64
    choice: np.uint64
    dodging: np.uint64
    trust: np.uint64


@inlined_rule
def record_gain(who, made, gain, advised, trusts, price_weight, felt, box):
    """Record a choice's surplus over the outside, and what paid places, paid advice and missing knowledge took of it."""
    felt.worth[who] += gain / price_weight
    box.tally[baskets.WORTH] += hundredths(gain, price_weight)
    box.tally[baskets.MISLED if advised >= 0 else baskets.LOST] += hundredths(made.best_unpaid - made.got, price_weight)
    box.tally[baskets.UNKNOWN] += hundredths(made.best_of_all - made.best_unpaid, price_weight) if trusts else 0


@rule
def replayed_demand(felt, against, is_chosen, price, price_weight):
    """Demand and its slope without noise: the choice is replayed at prices two in a hundred lower and higher."""
    step = 0.02 * price_weight * price / 100.0
    lower, higher = felt + step > against, felt - step > against
    return int(MICRO * is_chosen), int(MICRO * (np.int64(lower) - np.int64(higher)) / (0.04 * price / 100.0))


@inlined_rule
def lift_of_post(weight, total, asked, price, cost, fees, terms, scale, is_seen_anyway):
    """Hundredths of a cent that a shop earns by a post its shopper read, against what it would have without."""
    usual = weight * choice.weight(terms.setting.price_weight * (asked - price) / 100.0, scale)
    otherwise = usual if is_seen_anyway else 0.0
    earned = earned_by_post(asked, price, cost, fees, choice.share(weight, total), otherwise, total - weight)
    return int(100.0 * earned)


@inlined_rule
def record_demand(shopper, number, made, terms, scale, shops, offers, utilities, views, box):
    """What each shop looked at learns: an impression, demand and its slope in the thread or the open, lift of its posts."""
    price_weight, noise = terms.setting.price_weight, terms.setting.noise
    for j in range(number):
        if not views.seen[j]:
            continue
        row, asked, weight = offers.row[j], offers.asked[j], utilities.weight[j]
        demand = baskets.OPEN_DEMAND if offers.in_the_open[j] else baskets.DEMAND
        slope = demand + 1
        box.learnt[baskets.IMPRESSIONS, row] += 1
        if offers.mind[j] >= follows.READ:
            anyway = views.seen_unread[j] and not shopper.wished
            offers.why[j] |= baskets.BY_POST if anyway else baskets.BY_POST | baskets.FOUND_BY_POST
            box.learnt[baskets.LIFT, row] += lift_of_post(
                weight, made.total, asked, shops.price[row], shops.cost[row], own(terms.fees, row), terms, scale, anyway
            )
        if noise > 0.0:
            chance = choice.share(weight, made.total)
            box.learnt[demand, row] += int(MICRO * chance)
            box.learnt[slope, row] += int(choice.slope(chance, MICRO * price_weight / scale))
        elif asked <= shopper.money:
            against = made.second if j == made.chosen else made.best
            sold, more = replayed_demand(utilities.felt[j], against, j == made.chosen, shops.price[row], price_weight)
            box.learnt[demand, row] += sold
            box.learnt[slope, row] += more


@inlined_rule
def settle_order(shopper, j, terms, key, shops, offers, felt, box):
    """Write an order: paid in the open, in the thread, or off the platform to save its fee."""
    row, asked, price_weight = offers.row[j], offers.asked[j], terms.setting.price_weight
    if offers.in_the_open[j]:
        baskets.add_event(box, shopper.who, row, shops.open_price[row], baskets.IN_THE_OPEN, offers.why[j])
        return
    saved = channels.saved_each(own(terms.fees, row), asked, price_weight)
    gain = channels.utility_of_dodging(saved, terms.setting.dodging)
    felt.worth[shopper.who] += gain / price_weight
    box.tally[baskets.WORTH] += hundredths(gain, price_weight)
    off = luck.uniform(key, shopper.who, 0) < channels.chance_of_dodging(saved, terms.setting.dodging)
    kind = baskets.OFF_PLATFORM if off else baskets.IN_THREAD
    baskets.add_event(box, shopper.who, row, asked, kind, offers.why[j])


@kernel
def _shop(shoppers, start, terms, keys, people, supply, markets, box):
    """Needs of these people, from `start` on; returns where the box was full. Writes felt, wishes and needs of its people."""
    setting, offer, shops, recall, felt = terms.setting, terms.offer, supply.shops, terms.recall, people.felt
    offers, draws, utilities, ranks, views = shop_choice.scratch()
    scale = choice.logit_scale(setting.noise)
    weight_without = choice.weight(setting.outside, scale) + choice.weight(setting.doing_without, scale)
    for at in range(start, shoppers.size):
        if is_full(box, markets.shops_per_market + 2):
            return at
        soon = np.int64(shoppers[min(at + SOON, shoppers.size - 1)])
        prefetch(people.friends.friend, people.friends.first[soon])
        prefetch(people.purchases.shop, soon * markets.categories)
        who = np.int64(shoppers[at])
        category, only, named = shop_choice.take_need(who, people.needs, people.wishes, recall.on, markets)
        number = shop_choice.list_open_shops(
            supply, shop_choice.market_of_goods(who, category, markets), only, offers.row
        )
        box.tally[baskets.NEEDS] += 1
        u, v = luck.uniform(keys.choice, who, 4), luck.uniform(keys.choice, who, 5)
        nothing, elsewhere = choice.utilities_without(setting.doing_without, setting.outside, setting.noise, u, v)
        without = max(nothing, elsewhere)
        if number == 0:
            box.tally[baskets.OUTSIDE if elsewhere > nothing else baskets.UNMET] += 1
            continue
        # what shops are worth to them
        shopper = shop_choice.shopper_of(who, category, only, terms, keys, people, markets)
        follows.remember(people.follows, who, recall, number, shops.price, offers, keys.choice)
        shop_choice.draw_luck(shopper, keys, number, offers.row, draws)
        shop_choice.utilities_of_shops(shopper, number, shops, setting, terms.profiling.noise, offers, draws, utilities)
        # which they look at: shops they know, and the platform's list if they trust it today
        trusts = trust.follows(people.trust[who], luck.uniform(keys.trust, who, 0))
        places, advised = setting.considered if trusts else 0, shop_choice.place_in(offers.row, number, named)
        box.tally[baskets.OWN_WAY] += not trusts
        shop_choice.mark_known(shopper, number, people, markets, keys.need, setting.followed, offers, views.known)
        ranking.rank(utilities.believed, number, ranks.unpaid)
        if recall.on:
            shop_choice.mark_followed(
                shopper, number, places, setting.followed, ranks.unpaid, offers, views, people.wishes
            )
        shop_choice.consider(number, places, advised, ranks.unpaid, offers, views)
        if trusts and own(offer.weight, who) > 0.0:
            box.tally[baskets.PAID_LISTS] += shop_choice.show_paid_list(
                shopper, number, keys.choice, shops, offer, places, offers, utilities, ranks, views, box
            )
        # what they choose, and what is learnt of it
        faith = np.float64(people.needs.faith[who])
        people.needs.faith[who] = 0.0
        made = shop_choice.choose(
            number, shopper.money, advised, faith, without, weight_without, scale, offers, utilities, views
        )
        gain = shop_choice.gain_of_choice(made, weight_without, setting.noise)
        record_gain(who, made, gain, advised, trusts, setting.price_weight, felt, box)
        record_demand(shopper, number, made, terms, scale, shops, offers, utilities, views, box)
        if made.chosen >= 0:
            box.tally[baskets.DIVERTED] += offers.asked[made.chosen] if elsewhere > nothing and only < 0 else 0
            settle_order(shopper, made.chosen, terms, keys.dodging, shops, offers, felt, box)
        elif made.too_dear > without:
            box.tally[baskets.UNAFFORDABLE] += 1
        else:
            box.tally[baskets.OUTSIDE if elsewhere > nothing else baskets.UNMET] += 1
    return shoppers.size


def _people(state: State) -> shop_choice.People:
    return shop_choice.People(
        state.friends.rows.group_of, state.friends.rows, state[FollowColumns], state[WishColumns], state[NeedColumns],
        state[InformedColumns].last_informed, state[RegardColumns], state[PurchaseColumns], state[KnowledgeColumns].purchases,
        state[TrustColumns].trust, state.ledger[BANK], state.ledger[WALLET], state[FeltColumns],
    )  # fmt: skip


def step(state: State) -> None:
    """Needs arise and are met; shops are paid; what was looked at is remembered for prices."""
    settings = state.settings(ShoppingSettings)
    if not settings.on:
        return
    shops = state[MerchantColumns]
    categories = int(state.settings(MerchantsSettings).categories)
    lasting = tuple(state.lasting_luck(f"shopping.{what}") for what in ("group_taste", "taste", "pair", "error"))
    keys = Keys(
        state.luck("shopping.need"),
        *lasting,
        *(state.luck(f"shopping.{what}") for what in ("choice", "dodging", "trust")),
    )
    recall, wishes, need = follows.recall(state), state[WishColumns], state[NeedColumns]
    lookers = state.lasting_luck("shopping.shoppers")

    def needy(awake: np.ndarray) -> np.ndarray:
        people = np.empty(awake.size + 1, np.uint32)
        found = needs.find_shoppers(
            awake, need, settings.needs, settings.shoppers, categories, recall.on, wishes.wish, keys.need, lookers, people,
        )  # fmt: skip
        return people[:found]

    shoppers = list(each_block(state.pool, state.threads, needy, state.awake))
    events: list[tuple[np.ndarray, ...]] = []
    total = baskets.empty(shops.place.size)
    terms = Terms(
        settings.row, state.row(PromotionSettings), state.settings(KnowledgeSettings).row,
        knowledge.sources(state.now, "ranking"), recall, merchant.fees_of_all(state),
    )  # fmt: skip
    supply, markets = shop_choice.Supply(shops, *merchant.open_shops(state)), state.once(shop_choice.markets_of)
    people = state.once(_people)
    for box in decide(
        state, _shop, lambda: baskets.empty(shops.place.size), terms, keys, people, supply, markets,
        parts=shoppers, keep_empty=True,
    ):  # fmt: skip
        many = int(box.used[0])
        events.append(tuple(column[:many].copy() for column in (box.who, box.to, box.cents, box.kind, box.why)))
        for sums, part in ((total.learnt, box.learnt), (total.tally, box.tally)):
            sums += part
            part[...] = 0
    for name, week in zip(baskets.LEARNT, total.learnt, strict=True):
        getattr(shops, name)[...] += week
    if events:
        _deliver(state, *(np.concatenate(parts) for parts in zip(*events, strict=True)))
    baskets.note_needs(state, total.tally)


def _deliver(
    state: State, who: np.ndarray, to: np.ndarray, cents: np.ndarray, kind: np.ndarray, why: np.ndarray
) -> None:
    """Orders are paid; clicks on promoted places wait for promotion; how orders came about is counted."""
    sold = kind != baskets.PAID_CLICK
    sales.sell(
        state, who[sold], to[sold], cents[sold], kind[sold] == baskets.OFF_PLATFORM, kind[sold] == baskets.IN_THE_OPEN
    )
    promotion.add_clicks(state, to[~sold], cents[~sold])
    if state.settings(BrandsSettings).on:  # brands can tell
        state.note(brands.ORDERS_RECOMMENDED, int(((why & (baskets.BY_FRIEND | baskets.BY_POST)) > 0).sum()))
        state.note(brands.ORDERS_BY_POST, int(((why & baskets.BY_POST) > 0).sum()))
        state.note(brands.ORDERS_FOUND_BY_POST, int(((why & baskets.FOUND_BY_POST) > 0).sum()))
    state.note(metrics.ADVISED_ORDERS, int(((why & baskets.ADVISED) > 0).sum()))


def count_take(state: State) -> None:
    """What the platform took of sales, once promotion is paid."""
    if state.settings(ShoppingSettings).on:
        reasons = ("commission", "payment_fees", "promotion")
        state.note(metrics.TAKEN, sum(state.ledger.paid(reason, payer=MERCHANTS) for reason in reasons))


SHOPPING = Part(
    "shopping",
    tables={
        MERCHANTS: Rows(merchant.MerchantColumns, "shop", account=True, section="shopping"),
        "purchases": Rows(needs.PurchaseColumns, merchant.a_category_each, section="shopping"),
        "needs": Rows(needs.NeedColumns, section="shopping"),
        "orders": Rows(orders.OrderColumns, orders.rows_needed, section="shopping"),
    },
    metrics=(*METRICS, *merchant.METRICS),
    revenue={"commission": "Commission", "listing_fees": "Listing fees"},
    step=step,
)
