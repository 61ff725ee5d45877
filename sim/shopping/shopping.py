"""Shopping: a need is met in a thread with a shop, outside the app, or not at all.

A person with a need looks at a few shops of its category: the one they bought from last, those friends bought from,
brands they follow, and the best of the platform's ranking, which orders shops by what they are believed to be worth to
this person (quality and price, which all can see, and match as far as it is known: on match alone a list that knows
nothing would be bettered by one that sells its places). Among those of these that they can pay for, the outside and doing
without they choose by a logit over match, quality and price. Most know what a shop asks in the open too, and pay there
what is cheaper with the trouble of going there; a deal begun in the thread may be settled off the platform to save its fee.
"""

import numpy as np

from sim.engine import elementary, luck
from sim.engine.kernels import decide, each_block, kernel, prefetch
from sim.ground import ranking
from sim.ground.friends import friends
from sim.ground.ledger import BANK, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.payments.terms import WalletSettings
from sim.people import knowledge, trust
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns, KnowledgeSettings
from sim.people.taste import distance, gumbels, log_of_ratio, match, taste, without_shops, worth_of_shop
from sim.people.trust import TrustColumns
from sim.shopping import baskets, channels, follows, merchant, needs, promotion, sales
from sim.shopping.follows import FollowColumns, WishColumns
from sim.shopping.merchant import MERCHANTS, MerchantColumns, MerchantsSettings
from sim.shopping.needs import NONE, NeedColumns, PurchaseColumns, RegardColumns
from sim.shopping.orders import ToldColumns
from sim.shopping.posting import earned_by_post
from sim.shopping.promotion import PromotionSettings
from sim.shopping.terms import BrandsSettings, ShoppingSettings
from sim.state import State

SOON = 4  # shoppers ahead that the memory is asked for
MOST_SHOPS = 128  # in a circle, for the kernel's small arrays
MICRO = merchant.MICRO


METRICS = (
    flow("shopping.needs", "needs", "needs for goods, those that posts aroused included", "neither"),
    flow("shopping.orders", "orders", "orders in the app, those settled off it included"),
    flow("shopping.showroomed", "orders", "orders, besides, at the open price of a shop looked at here", "less"),
    ratio("shopping.showroomed_share", "share", "needs met so", "shopping.showroomed", "shopping.needs", "less"),
    flow("shopping.open_sales", "cents", "sales at open prices to who looked here", "less"),
    ratio("shopping.open_price", "cents", "mean price paid there", "shopping.open_sales", "shopping.showroomed", "neither"),
    flow("shopping.outside", "needs", "needs met outside", "neither"),
    flow("shopping.unmet", "needs", "needs not met", "less"),
    flow("shopping.unaffordable", "needs", "needs whose best shop asked more than the person has", "less"),
    ratio("shopping.in_app_share", "share", "needs met in the app", "shopping.orders", "shopping.needs"),
    flow("shopping.gmv", "cents", "sales in the app at the price asked"),
    ratio("shopping.mean_price", "cents", "mean price paid", "shopping.gmv", "shopping.orders", "neither"),
    flow("shopping.off_platform", "orders", "of these orders, settled off the platform", "less"),
    ratio("shopping.off_platform_share", "share", "orders settled off the platform", "shopping.off_platform", "shopping.orders", "less"),
    flow("shopping.by_wallet", "orders", "orders paid by wallet"),
    flow("shopping.wallet_paid", "cents", "sales paid by wallet"),
    ratio("shopping.wallet_share", "share", "orders paid by wallet", "shopping.by_wallet", "shopping.orders"),
    ratio("shopping.take_rate", "share", "commission and promotion over sales", "shopping.taken", "shopping.gmv", "neither"),
    flow("shopping.taken", "cents", "commission, payment fees and promotion paid by merchants", "neither"),
    flow("shopping.worth", "cents", "users' worth of shops above what is outside"),
    stock("shopping.seller_gini", "share", "inequality of orders among shops", "neither"),
)  # fmt: skip


@kernel
def _shop(shoppers, start, it, offer, company, know, fees, recall, users_group, rows, follows_of, wishes, need, told, regard,
          purchases, bought, trusting, bank, wallet, shops, listed, first_listed, circle, categories, markets, keys, felt, box):  # fmt: skip
    """Needs of these people, from `start` on; returns where the box was full. Writes felt, wishes, need of its people.

    offer are the promotion settings; listed: rows of open shops, circle by circle, each circle's from `first_listed` on;
    keys: need, group taste, own taste, pair, error, choice, dodging, trust.
    """
    people = np.int64(users_group.size)
    open_row, place_of = np.empty(MOST_SHOPS, np.int64), np.empty(MOST_SHOPS, np.int64)
    at_place = np.zeros(NONE, np.int64)
    worth, noisy, guess = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS), np.empty(MOST_SHOPS)
    peculiar, error = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS)
    fine, noise = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS)
    relevance, bid = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS)
    scores, order, unpaid = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS, np.int64), np.empty(MOST_SHOPS, np.int64)
    known, seen = np.zeros(MOST_SHOPS, np.uint8), np.zeros(MOST_SHOPS, np.uint8)
    seen_unpaid, weight = np.zeros(MOST_SHOPS, np.uint8), np.empty(MOST_SHOPS)
    passed, nothing_passed = np.zeros(MOST_SHOPS, np.uint8), np.zeros(MOST_SHOPS, np.uint8)
    asked, read = np.empty(MOST_SHOPS, np.int64), np.empty(MOST_SHOPS, np.int64)
    mind, why = np.zeros(MOST_SHOPS, np.uint8), np.zeros(MOST_SHOPS, np.uint8)
    unread, seen_unread = np.zeros(MOST_SHOPS, np.uint8), np.zeros(MOST_SHOPS, np.uint8)
    in_the_open = np.zeros(MOST_SHOPS, np.uint8)
    scale = it.noise if it.noise > 0.0 else 1.0
    outside = elementary.exp(it.outside / scale) + elementary.exp(it.doing_without / scale)
    to_money = 100.0 / it.price_weight  # cents a logit unit
    for at in range(start, shoppers.size):
        if box.used[0] + circle + 2 > box.who.size:
            return at
        soon = np.int64(shoppers[min(at + SOON, shoppers.size - 1)])
        prefetch(rows.friend, rows.first[soon])
        prefetch(purchases.shop, soon * categories)
        who = np.int64(shoppers[at])
        wish, named = (
            np.int64(-1),
            np.int64(need.advised[who]),
        )  # the shop that a post made them look at; that advice names
        if recall.on and wishes.wish[who] != follows.NOBODY:
            wish = np.int64(wishes.wish[who])
            wishes.wish[who] = follows.NOBODY
        wished = need.today[who] == 0
        category = wish // circle % categories if wished else np.int64(need.today[who]) - 1
        need.today[who], need.advised[who] = 0, follows.NOBODY
        market = who * markets // people
        begins, ends = -(-market * people // markets), -(-(market + 1) * people // markets)  # its people
        of_circle = market * categories + category
        first, number = of_circle * circle, 0
        for k in range(first_listed[of_circle], first_listed[of_circle + 1]):
            row = np.int64(listed[k])
            if not wished or row == wish:
                open_row[number], place_of[number], at_place[row - first] = row, row - first, number
                number += 1
        box.tally[baskets.NEEDS] += 1
        if number == 0:
            nothing, elsewhere = without_shops(it, who, keys[5])
            box.tally[baskets.OUTSIDE if elsewhere > nothing else baskets.UNMET] += 1
            continue
        # what suits this person, and what the platform believes suits them
        group_place = luck.uniform(keys[1], users_group[who], category)
        mine = taste(group_place, luck.uniform(keys[2], who, category), it.taste_alike)
        reservation = it.reservation * luck.uniform(keys[5], who, 1)
        trouble = channels.trouble_of_the_open(luck.uniform(keys[5], who, 6), it.open_known, it.open_trouble)
        money = bank[who] + wallet[who]
        n = knowledge.observations(company, know, np.int64(bought[who]))
        highest_bid = 0.0
        follows.remember(follows_of, who, recall, first, number, open_row, shops.price, asked, read, mind, keys[5])
        besides = recall.wanting if wished else 0.0  # who a post brought to a shop's thread sees nothing else there
        last_shop = purchases.shop[who * categories + category]
        thanks = recall.thanks if recall.thanks > 0.0 and told[who * categories + category] else 0.0
        pairs, errors, today = luck.of(keys[3], who), luck.of(keys[4], who), luck.of(keys[5], who)
        for j in range(number):  # luck first, in loops without a branch: they are vectorised
            fine[j] = luck.uniform(pairs, open_row[j], 0)
        luck.normals(fine, number, peculiar)
        if n > 0:
            for j in range(number):
                fine[j] = luck.uniform(errors, open_row[j], 0)
            luck.normals(fine, number, error)
        for j in range(number):
            fine[j] = luck.uniform(today, open_row[j], 2)
        gumbels(fine, number, noise)
        for j in range(number):
            row = open_row[j]
            suits = match(distance(mine, shops.place[row]), peculiar[j], it.travel, it.pair_spread)
            quality = shops.quality[row] + shops.reputation[row]
            in_the_open[j] = channels.goes_to_the_open(asked[j], shops.open_price[row], trouble, bank[who])
            paid = shops.open_price[row] + trouble if in_the_open[j] else np.float64(asked[j])
            worth[j] = worth_of_shop(quality, suits, it.travel, reservation, paid, it.price_weight)
            worth[j] += besides + (thanks if place_of[j] == last_shop else 0.0)
            if regard.shop.size > 0 and regard.shop[who * categories + category] == place_of[j]:
                worth[j] += 0.01 * regard.opinion[who * categories + category]  # of how it helped, see support.py
            noisy[j] = worth[j] + it.noise * noise[j]
            public = worth_of_shop(quality, 0.0, it.travel, reservation, shops.price[row], it.price_weight)
            guess[j] = public + 1e-6 * luck.rest(fine[j])  # equals are ordered by luck
            if n > 0:
                guess[j] += knowledge.estimate(suits, n, know.noise, error[j])
            bid[j] = np.float64(shops.bid[row]) if shops.bid[row] >= offer.reserve else 0.0  # less buys no place
            highest_bid = max(highest_bid, bid[j])
        # whom they know already: bought from, or friends bought from
        advised = -1
        for j in range(number):
            known[j] = 1 if place_of[j] == last_shop else 0
            why[j] = 0
            if open_row[j] == named:
                advised = j
        for k in range(it.followed):
            friend = np.int64(friends.pick_friend(rows, who, luck.uniform(keys[0], who, 1 + k)))
            if begins <= friend < ends:
                theirs = purchases.shop[friend * categories + category]
                if theirs != NONE and at_place[theirs] < number and place_of[at_place[theirs]] == theirs:
                    known[at_place[theirs]] = 1
                    why[at_place[theirs]] = baskets.BY_FRIEND
        # the platform's list, unpaid and paid, for who trusts it today; who does not looks at shops they know
        trusts = trust.follows(trusting[who], luck.uniform(keys[7], who, 0))
        places = it.considered if trusts else 0
        box.tally[baskets.OWN_WAY] += not trusts
        ranking.rank(guess, number, unpaid)
        if recall.on:  # what they would look at had they read no post, then the brands they follow
            for j in range(number):
                unread[j] = known[j]
            ranking.consider(unpaid, number, places, seen_unread, unread, nothing_passed)
            follows.add_followed(number, it.followed, read, mind, known)
            for j in range(number):
                wishes.advised[who] |= wished or why[j] == baskets.BY_FRIEND or mind[j] >= follows.READ
        top = unpaid[0]
        known_before = known[top]
        known[top] |= advised >= 0  # whom honest advice names
        ranking.consider(unpaid, number, places, seen_unpaid, known, nothing_passed)
        if advised >= 0:
            known[top] = known_before
            known[advised], why[advised] = 1, why[advised] | baskets.ADVISED
            ranking.consider(unpaid, number, places, seen, known, nothing_passed)
        else:
            for j in range(number):
                seen[j] = seen_unpaid[j]
        if trusts and offer.weight > 0.0 and highest_bid > 0.0:
            ranking.percentiles(guess, number, relevance)
            for j in range(number):
                scores[j] = ranking.score(relevance[j], bid[j], highest_bid, offer.weight)
            ranking.rank(scores, number, order)
            for j in range(number):  # who sees that a place is paid for may pass over it, and looks further down
                passes = offer.disclosed and luck.pair(keys[5], who, open_row[j], 3) < offer.skipped
                passed[j] = 1 if passes and not seen_unpaid[j] else 0
            ranking.consider(order, number, places, seen, known, passed)
            promoted = 0
            rival = 0.0  # score of the next below who is after the same places: not known anyway, not passed over
            for p in range(number - 1, -1, -1):
                j = order[p]
                if seen[j] and not seen_unpaid[j] and not known[j] and bid[j] > 0.0:  # else shown anyway: not promoted
                    price = ranking.click_price(
                        relevance[j], bid[j], rival, highest_bid, offer.weight, np.float64(offer.reserve)
                    )
                    baskets.drop(box, who, open_row[j], np.int64(price), baskets.PAID_CLICK, 0)
                    promoted += 1
                if not known[j] and not passed[j]:
                    rival = scores[j]
            box.tally[baskets.PAID_LISTS] += promoted > 0
        # the choice, of what they can pay for: by what they believe of it, of which they get what is true
        nothing, elsewhere = without_shops(it, who, keys[5])
        without = max(nothing, elsewhere)
        best, chosen, best_unpaid, best_of_all, total = without, -1, without, without, outside
        second, too_dear, astray = -1e300, -1e300, 0.0
        for j in range(number):
            weight[j] = 0.0
            faith = np.float64(need.faith[who]) if j == advised else 0.0
            if asked[j] > money:
                too_dear = max(too_dear, noisy[j] + faith) if seen[j] else too_dear
                continue
            best_of_all = max(best_of_all, noisy[j])
            if seen_unpaid[j]:
                best_unpaid = max(best_unpaid, noisy[j])
            if seen[j]:
                weight[j] = elementary.exp((worth[j] + faith) / scale)
                total += weight[j]
                astray += weight[j] * faith
                if noisy[j] + faith > best:
                    second, best, chosen = best, noisy[j] + faith, j
                else:
                    second = max(second, noisy[j] + faith)
        if chosen < 0:
            second = best
        got = noisy[chosen] if chosen >= 0 else without
        box.tally[baskets.MISLED if advised >= 0 else baskets.LOST] += int(100.0 * (best_unpaid - got) * to_money)
        box.tally[baskets.UNKNOWN] += int(100.0 * (best_of_all - best_unpaid) * to_money) if trusts else 0
        gain = scale * log_of_ratio(total, outside) - astray / total if it.noise > 0.0 else got - without
        felt.worth[who] += gain / it.price_weight
        box.tally[baskets.WORTH] += int(100.0 * gain * to_money)
        for j in range(number):
            if seen[j]:
                row, channel = open_row[j], baskets.OPEN_DEMAND if in_the_open[j] else baskets.DEMAND
                box.learnt[baskets.LOOKS, row] += 1
                if mind[j] >= follows.READ:
                    why[j] |= (
                        baskets.BY_POST if seen_unread[j] and not wished else baskets.BY_POST | baskets.FOUND_BY_POST
                    )
                    usual = weight[j] * elementary.exp(it.price_weight * (asked[j] - shops.price[row]) / 100.0 / scale)
                    otherwise = usual if seen_unread[j] and not wished else 0.0
                    box.learnt[baskets.LIFT, row] += int(100.0 * earned_by_post(
                        asked[j], shops.price[row], shops.cost[row], fees, weight[j] / total, otherwise, total - weight[j]
                    ))  # fmt: skip
                if it.noise > 0.0:
                    chance = weight[j] / total
                    box.learnt[channel, row] += int(MICRO * chance)
                    box.learnt[channel + 1, row] += int(MICRO * it.price_weight / scale * chance * (1.0 - chance))
                elif asked[j] <= money:  # replay at prices two in a hundred lower and higher
                    against = second if j == chosen else best
                    step = 0.02 * it.price_weight * shops.price[row] / 100.0
                    lower, higher = noisy[j] + step > against, noisy[j] - step > against
                    box.learnt[channel, row] += int(MICRO * (j == chosen))
                    box.learnt[channel + 1, row] += int(
                        MICRO * (np.int64(lower) - np.int64(higher)) / (0.04 * shops.price[row] / 100.0)
                    )
        need.faith[who] = 0.0
        if chosen < 0:
            box.tally[
                baskets.UNAFFORDABLE
                if too_dear > without
                else baskets.OUTSIDE
                if elsewhere > nothing
                else baskets.UNMET
            ] += 1
            continue
        if elsewhere > nothing and not wished:
            box.tally[baskets.DIVERTED] += asked[chosen]
        if in_the_open[chosen]:
            baskets.drop(
                box, who, open_row[chosen], shops.open_price[open_row[chosen]], baskets.IN_THE_OPEN, why[chosen]
            )
            continue
        saved = channels.saved_each(fees, asked[chosen], it.price_weight)
        gain = channels.worth_of_dodging(saved, it.dodging)
        felt.worth[who] += gain / it.price_weight
        box.tally[baskets.WORTH] += int(100.0 * gain * to_money)
        off = luck.uniform(keys[6], who, 0) < channels.chance_of_dodging(saved, it.dodging)
        baskets.drop(
            box, who, open_row[chosen], asked[chosen], baskets.OFF_PLATFORM if off else baskets.IN_THREAD, why[chosen]
        )
    return shoppers.size


def step(state: State) -> None:
    """Needs arise and are met; shops are paid; what was looked at is remembered for prices."""
    settings = state.settings(ShoppingSettings)
    if not settings.on:
        return
    shops, bought = state[MerchantColumns], state[KnowledgeColumns].purchases
    fees = min(1.0, settings.commission + state.settings(WalletSettings).merchant_fee)
    circle, categories = merchant.shops_a_circle(state), int(state.settings(MerchantsSettings).categories)
    lasting = tuple(state.lasting_luck(f"shopping.{what}") for what in ("group_taste", "taste", "pair", "error"))
    keys = (
        state.luck("shopping.need"),
        *lasting,
        *(state.luck(f"shopping.{what}") for what in ("choice", "dodging", "trust")),
    )
    recall, wishes, need = follows.recall(state), state[WishColumns], state[NeedColumns]
    lookers = state.lasting_luck("shopping.shoppers")

    def needy(awake: np.ndarray) -> np.ndarray:
        people = np.empty(awake.size + 1, np.uint32)
        found = needs.find_shoppers(
            awake, need, settings.needs, settings.shoppers, categories, recall.on, wishes.wish, keys[0], lookers, people
        )
        return people[:found]

    shoppers = list(each_block(state.pool, state.threads, needy, state.awake))
    events: list[tuple[np.ndarray, ...]] = []
    total = baskets.empty(shops.place.size)
    for box in decide(
        state, _shop, lambda: baskets.empty(shops.place.size), settings.row, state.settings(PromotionSettings).row, knowledge.sources(state.now, "ranking"),
        state.settings(KnowledgeSettings).row, fees,
        recall, state.friends.rows.group_of, state.friends.rows, state[FollowColumns],
        wishes, need, state[ToldColumns].told, state[RegardColumns], state[PurchaseColumns], bought,
        state[TrustColumns].trust, state.ledger[BANK], state.ledger[WALLET], shops, *merchant.open_shops(state), circle, categories,
        merchant.markets(state), keys, state[FeltColumns], parts=shoppers, keep_empty=True,
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
    baskets.note(state, total.tally)


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
        state.note("brands.recommended", int(((why & (baskets.BY_FRIEND | baskets.BY_POST)) > 0).sum()))
        state.note("brands.orders", int(((why & baskets.BY_POST) > 0).sum()))
        state.note("brands.found", int(((why & baskets.FOUND_BY_POST) > 0).sum()))
    state.note("assistant.orders", int(((why & baskets.ADVISED) > 0).sum()))


def count(state: State) -> None:
    """What the platform took of sales, once promotion is paid."""
    if state.settings(ShoppingSettings).on:
        reasons = ("commission", "payment_fees", "promotion")
        state.note("shopping.taken", sum(state.ledger.paid(reason, payer=MERCHANTS) for reason in reasons))
