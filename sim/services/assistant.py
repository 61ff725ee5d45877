"""The assistant ("M"): needs are met from one thread, by a machine as far as it has learnt, else by a paid human.

People it is rolled out to ask it for chores, facts and advice on goods. What it may answer by machine grows with the
answers its human trainers gave, a member. Advice on goods is one shop: the best by what the platform knows of the
person, or one that pays to be named (the promotion levers); the person believes it to be the honest one, and decides
between it, the outside and doing without, as far as there is the money. An answer that suits too well makes them
uneasy. The shop named learns of it as of a search: that it was looked at, how likely an order was, and how that hangs on
the price. It also reminds: of what is about to run out, of dates, of a price that fell
or an offer at a shop last bought from, and of bills (services/bills.py).
"""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, kernel, remembered, rule
from sim.engine.settings import Settings, assumed, decided
from sim.firms import company, merchant
from sim.ground import ranking
from sim.ground.ledger import BANK, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.people import follows, knowledge, trust
from sim.people.taste import distance, gumbel, match, taste, worth_of_shop
from sim.people.users import MEMBER

if TYPE_CHECKING:
    from sim.world import World

ROOM = 4_096
MOST_SHOPS = 128
NO_SHOP = 255
ORDER, PAID_CLICK = 0, 1
MICRO = merchant.MICRO
NEVER = -math.inf  # worth of what one cannot pay
FAR = 700.0  # e to the power of more is none that a computer holds


class AssistantSettings(Settings):
    """[assistant]"""

    on: bool = decided.switch(False, "whether there is an assistant")
    rollout: float = decided.share(1.0, "members who have it")
    trainers: bool = decided.switch(True, "whether humans answer what the machine cannot")
    reminders: bool = decided.switch(True, "whether it reminds: restocking, dates, fallen prices, bills")
    asks: float = assumed.share(
        0.1,
        "chance on a day of use to ask it something",
        "facts.csv: a fifth of Alexa owners used it for shopping talk",
        0.01,
        0.5,
    )
    goods_share: float = assumed.share(0.3, "questions that are about goods to buy", "round figure", 0.05, 0.8)
    machine_first: float = assumed.share(
        0.15, "questions a machine can answer at first", "facts.csv: at most .3 (Facebook M)", 0.0, 0.3
    )
    machine_most: float = assumed.share(0.9, "questions a machine can ever answer", "MODEL.md", 0.5, 1.0)
    practice: float = assumed.positive(
        20.0, "answers a member", "human answers after which the gap has shrunk to 1/e", "MODEL.md", 5, 100
    )
    wrong: float = assumed.share(0.1, "machine answers that are wrong", "round figure", 0.0, 0.4)
    wrong_cost: float = assumed.amount(0.5, "logit units", "annoyance at a wrong answer or none", "round figure", 0, 2)
    answer_worth: float = assumed.amount(1.5, "CNY", "effort a good answer saves", "round figure", 0, 20)
    trainer_cost: int = assumed.count(
        150, "cents", "a human answer, to the company", "round figure: a few minutes' wage", 10, 2_000
    )
    restock: float = assumed.share(
        0.01, "chance on a day of use that something bought here before is about to run out", "round figure", 0, 0.1
    )
    dates: float = assumed.share(0.03, "chance on a day of use that a date is worth a reminder", "round figure", 0, 0.3)
    watching: float = assumed.share(
        0.05, "chance on a day of use to be told of a lower price where one last bought such goods, if there is one",
        "round figure", 0, 0.5,
    )  # fmt: skip
    fallen: float = assumed.share(
        0.03, "fall of a price within a week that is worth telling", "round figure", 0.005, 0.2
    )
    reminder_worth: float = assumed.amount(0.5, "CNY", "worth of a reminder of a date", "round figure", 0, 10)
    too_knowing: float = assumed.positive(
        1.65, "standard units", "expected match above which an answer seems to know too much",
        "as [advertising]: one match in twenty is higher; no source: sweep", 0.8, 2.8,
    )  # fmt: skip


class PracticeColumns(Table):
    """One row: what the machine has learnt from."""

    human_answers = Column(np.float64, 0, "answers by human trainers so far, a member")


METRICS = (
    flow("assistant.asked", "questions", "questions put to the assistant"),
    flow("assistant.automated", "answers", "answered by machine"),
    flow("assistant.human", "answers", "answered by a human trainer", "neither"),
    flow("assistant.unanswered", "questions", "not answered", "less"),
    flow("assistant.wrong", "answers", "machine answers that were wrong", "less"),
    ratio("assistant.automated_share", "share", "questions answered by machine", "assistant.automated", "assistant.asked"),
    stock("assistant.machine_share", "share", "questions the machine can answer today"),
    flow("assistant.advice", "answers", "answers that named a shop", "neither"),
    flow("assistant.too_knowing", "answers", "of these, answers that seemed to know too much", "less"),
    flow("assistant.orders", "orders", "orders that followed"),
    flow("assistant.promoted", "answers", "answers that named a shop because it pays", "less"),
    flow("assistant.hidden", "answers", "of these, without saying so", "less"),
    flow("assistant.lost_worth", "cents", "worth lost because answers were paid for", "less"),
    ratio("assistant.distortion", "cents", "worth lost an answer on goods because answers are paid for", "assistant.lost_worth", "assistant.advice", "less"),
    flow("assistant.reminders", "reminders", "reminders given, but for bills"),
    flow("assistant.fallen_prices", "reminders", "of these, of a lower price where the person last bought such goods"),
)  # fmt: skip


COUNTS = (
    "asked", "automated", "human", "unanswered", "wrong", "advice", "too_knowing", "promoted", "reminders", "fallen_prices",
)  # fmt: skip
OF_NEEDS = ("needs", "outside", "unmet", "unaffordable")  # of shopping: who has advice does not search besides
(ASKED, AUTOMATED, HUMAN, UNANSWERED, WRONG, ADVICE, TOO_KNOWING, PROMOTED, REMINDERS, FALLEN_PRICES,
 NEEDS, OUTSIDE, UNMET, UNAFFORDABLE, LOST, WORTH, UNHEEDED) = range(len(COUNTS) + len(OF_NEEDS) + 3)  # fmt: skip


@remembered
class Answers(NamedTuple):
    """What followed from questions: orders and paid clicks (`kind`).

    `demand`, `slope` and `looks` are a cell a merchant, the first two in millionths; `tally` is COUNTS, OF_NEEDS,
    worth lost and gained by advice in hundredths of a cent, and advice that people would not have.
    """

    who: np.ndarray
    to: np.ndarray
    cents: np.ndarray
    kind: np.ndarray
    used: np.ndarray
    demand: np.ndarray
    slope: np.ndarray
    looks: np.ndarray
    tally: np.ndarray


def answers(shops: int) -> Answers:
    """An empty outbox of answers, where there are so many shops."""
    return Answers(
        np.empty(ROOM, np.uint32), np.empty(ROOM, np.uint32), np.empty(ROOM, np.int64), np.empty(ROOM, np.uint8),
        np.zeros(1, np.int64), np.zeros(shops, np.int64), np.zeros(shops, np.int64), np.zeros(shops, np.int64),
        np.zeros(UNHEEDED + 1, np.int64),
    )  # fmt: skip


@rule
def machine_share(human_answers, first, most, practice):
    """Questions a machine can answer after so many human answers a member."""
    return most - (most - first) * math.exp(-human_answers / practice)


@rule
def drop(box, who, to, cents, kind):
    """Write one order or paid click."""
    at = box.used[0]
    box.who[at], box.to[at], box.cents[at], box.kind[at] = who, to, cents, kind
    box.used[0] = at + 1


@rule
def power(x):
    """e^x, neither nothing nor more than a computer holds."""
    return math.exp(min(FAR, max(-FAR, x)))


@rule
def log_of_odds(weight, outside):
    """ln(1 + weight / outside) of two positive numbers, also where that ratio is none that a computer holds."""
    odds = (weight + outside) / outside
    return math.log(odds) if odds < math.inf else math.log(weight) - math.log(outside)


@rule
def lost(worth_unpaid, worth_paid, believed_unpaid, believed_paid, without):
    """Worth lost to a person who decides by what they believe: the true worth of either choice, same noise, compared."""
    honest = worth_unpaid if believed_unpaid > without else without
    actual = worth_paid if believed_paid > without else without
    return honest - actual


@rule
def is_news(price, price_before, on_offer, fallen):
    """Whether a shop's price is worth telling somebody who bought there: it fell by so much, or is on offer today."""
    return on_offer or price <= (1.0 - fallen) * price_before


@rule
def seems_to_know(expected, travel, pair_spread, too_knowing):
    """Whether the expected match of an answer, in units of how much matches differ, is too high for comfort."""
    return expected > too_knowing * math.sqrt(travel * travel / 48.0 + pair_spread * pair_spread)


@rule
def rise(worth, without, price, price_weight):
    """Whether one would buy at a price two in a hundred lower but not higher, a CNY of price: the slope without noise."""
    step = 0.02 * price / 100.0
    lower, higher = worth + price_weight * step > without, worth - price_weight * step > without
    return (int(lower) - int(higher)) / (2.0 * step) if step > 0.0 else 0.0


@kernel
def _ask(awake, start, it, shop, offer, firm, know, machine, group_of, purchases, bought, concern, trusting, unease, bank,
         wallet, shops, cut, discount, circle, categories, markets, selling, keys, felt, box):  # fmt: skip
    """Questions of everyone awake, from `start` on; returns where the box was full.

    unease: of a too-knowing answer, at full concern. cut: 1 for a shop with an offer of `discount` today, empty where
    brands post nothing. `selling`: 1 where shops can be named. keys: rollout, asks, group taste, own taste, pair, error,
    choice, trust.
    """
    people = np.int64(group_of.size)
    row_of, place_of = np.empty(MOST_SHOPS, np.int64), np.empty(MOST_SHOPS, np.int64)
    guess, relevance, scores = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS), np.empty(MOST_SHOPS)
    expected, bid = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS)
    believed, worth, order = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS), np.empty(MOST_SHOPS, np.int64)
    asked = np.empty(MOST_SHOPS, np.int64)
    for at in range(start, awake.size):
        if box.used[0] + 4 > box.who.size:
            return at
        who = np.int64(awake[at])
        if it.rollout < 1.0 and luck.uniform(keys[0], who, 0) >= it.rollout:
            continue
        asks, about = luck.two(keys[1], who, 0)
        category, only, on_offer, wants = np.int64(-1), np.int64(-1), False, False
        if asks < it.asks:
            box.tally[ASKED] += 1
            able, right = luck.two(keys[1], who, 1)
            if able < machine:
                box.tally[AUTOMATED] += 1
                if right < it.wrong:
                    box.tally[WRONG] += 1
                    felt.waits[who] += it.wrong_cost
                    continue
            elif it.trainers:
                box.tally[HUMAN] += 1
            else:
                box.tally[UNANSWERED] += 1
                felt.waits[who] += it.wrong_cost
                continue
            felt.worth[who] += it.answer_worth
            if about < it.goods_share and selling:
                category, wants = np.int64(about / it.goods_share * categories), True
        elif it.reminders:
            runs_out, date = luck.two(keys[1], who, 2)
            if date < it.dates:
                box.tally[REMINDERS] += 1
                felt.worth[who] += it.reminder_worth
            if selling and bought[who] > 0 and runs_out < it.restock:
                category = np.int64(runs_out / it.restock * categories)
                wants = purchases.shop[who * categories + category] != NO_SHOP
                box.tally[REMINDERS] += 1 if wants else 0
            if selling and not wants:
                told = (asks - it.asks) / (1.0 - it.asks)  # who asked nothing: this and `about` are still free
                category = np.int64(about * categories)
                last = np.int64(purchases.shop[who * categories + category])
                if told < it.watching and last != NO_SHOP:
                    only = (who * markets // people * categories + category) * circle + last
                    on_offer = cut.size > 0 and cut[only] > 0
                    wants = shops.open[only] > 0 and is_news(
                        shops.price[only], shops.price_before[only], on_offer, it.fallen
                    )
                    box.tally[REMINDERS] += 1 if wants else 0
                    box.tally[FALLEN_PRICES] += 1 if wants else 0
        if wants and not trust.follows(trusting[who], luck.uniform(keys[7], who, 0)):  # and so does not ask of goods
            box.tally[UNHEEDED] += 1
            wants = False
        if not wants:
            continue
        # which shop to name
        first = (who * markets // people * categories + category) * circle
        mine = taste(
            luck.uniform(keys[2], group_of[who], category), luck.uniform(keys[3], who, category), shop.taste_alike
        )
        n = knowledge.observations(firm, know, np.int64(bought[who]))
        number, highest = 0, 0.0
        for j in range(circle):
            row = first + j
            if not shops.open[row] or (only >= 0 and row != only):
                continue
            asked[number] = follows.offered(shops.price[row], discount) if on_offer else shops.price[row]
            u = luck.pair(keys[4], who, row, 0)
            peculiar = luck.normal(u)
            suits = match(distance(mine, shops.place[row]), peculiar, shop.travel, shop.pair_spread)
            quality = shops.quality[row] + shops.reputation[row]
            public = worth_of_shop(quality, 0.0, shop.travel, 0.0, asked[number], shop.price_weight)
            worth[number] = public + suits
            guess[number] = public + 1e-6 * luck.rest(u)  # equals are ordered by luck
            expected[number] = 0.0
            if n > 0:
                error = luck.normal(luck.pair(keys[5], who, row, 0))
                expected[number] = knowledge.estimate(suits, n, know.noise, error)
            guess[number] += expected[number]
            row_of[number], place_of[number] = row, j
            bid[number] = np.float64(shops.bid[row]) if shops.bid[row] >= offer.reserve else 0.0  # less buys nothing
            highest = max(highest, bid[number])
            number += 1
        box.tally[NEEDS] += 1
        noise = shop.noise
        nothing = shop.doing_without + noise * gumbel(luck.uniform(keys[6], who, 3))
        elsewhere = shop.outside + noise * gumbel(luck.uniform(keys[6], who, 4))
        without = max(nothing, elsewhere)
        if number == 0:
            box.tally[OUTSIDE if elsewhere > nothing else UNMET] += 1
            continue
        box.tally[ADVICE] += 1 if only < 0 else 0
        ranking.rank(guess, number, order)
        honest = order[0]
        named = honest
        if offer.weight > 0.0 and highest > 0.0:
            ranking.percentiles(guess, number, relevance)
            for j in range(number):
                scores[j] = ranking.score(relevance[j], bid[j], highest, offer.weight)
            ranking.rank(scores, number, order)
            named = order[0]
            if offer.disclosed and named != honest and luck.uniform(keys[6], who, 1) < offer.skipped:
                named = honest  # who is told that the answer is paid for asks again
        if named != honest:
            box.tally[PROMOTED] += 1
            below = scores[order[1]] if number > 1 else 0.0
            reserve = np.float64(offer.reserve)
            cents = ranking.click_price(relevance[named], bid[named], below, highest, offer.weight, reserve)
            drop(box, who, row_of[named], np.int64(cents), PAID_CLICK)
        if only < 0 and seems_to_know(expected[named], shop.travel, shop.pair_spread, it.too_knowing):
            box.tally[TOO_KNOWING] += 1
            felt.unease[who] += concern[who] * unease
        # believed: that the shop named suits them as the honest one was thought to
        for j in range(number):
            believed[j] = guess[j]
        believed[named] += guess[honest] - guess[named] if named != honest else 0.0
        mind = noise * gumbel(luck.uniform(keys[6], who, 2))
        row, price = row_of[named], asked[named]
        money = bank[who] + wallet[who]
        affordable = price <= money
        buys = believed[named] + mind > without
        box.looks[row] += 1
        unpaid, paid = guess[honest] + mind, believed[named] + mind
        gone = lost(
            worth[honest] + mind,
            worth[named] + mind,
            unpaid if asked[honest] <= money else NEVER,
            paid if affordable else NEVER,
            without,
        )
        box.tally[LOST] += int(1e4 * gone / shop.price_weight)
        if not affordable:
            box.tally[UNAFFORDABLE if buys else OUTSIDE if elsewhere > nothing else UNMET] += 1
            continue
        if noise > 0.0:  # worth of the need: expected maximum of what is believed, put right where belief was wrong
            outside = power(shop.outside / noise) + power(shop.doing_without / noise)
            weight = power(believed[named] / noise)
            chance = weight / (weight + outside)
            gain = noise * log_of_odds(weight, outside) + chance * (worth[named] - believed[named])
            slope = shop.price_weight / noise * chance * (1.0 - chance)
        else:
            chance, gain = 1.0 if buys else 0.0, worth[named] - without if buys else 0.0
            slope = rise(believed[named], without, np.float64(shops.price[row]), shop.price_weight)
        felt.worth[who] += gain / shop.price_weight
        box.tally[WORTH] += int(1e4 * gain / shop.price_weight)
        box.demand[row] += int(MICRO * chance)
        box.slope[row] += int(MICRO * slope)
        if buys:
            drop(box, who, row, price, ORDER)
        else:
            box.tally[OUTSIDE if elsewhere > nothing else UNMET] += 1
    return awake.size


def step(world: "World") -> None:
    """People ask and are reminded; orders go to the shops, the human answers to the machine's practice."""
    settings = world.now.assistant
    empty = np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0, np.int64)
    world.errands, world.assistant_clicks = empty, empty[1:]
    if not settings.on:
        return
    practice = world.tables["practice"].rows.human_answers
    share = machine_share(float(practice[0]), settings.machine_first, settings.machine_most, settings.practice)
    selling = 1 if world.now.shopping.on else 0
    lasting = tuple(world.lasting_luck(f"shopping.{what}") for what in ("group_taste", "taste", "pair", "error"))
    keys = (
        world.lasting_luck("assistant.rollout"),
        world.luck("assistant.asks"),
        *lasting,
        world.luck("assistant.choice"),
        world.luck("assistant.trust"),
    )
    cut = world.tables["brands"].rows.offers_today if world.now.brands.on else np.empty(0, np.uint8)
    shops = world.tables["merchants"].rows
    unease = world.now.knowledge.unease_shown * knowledge.depth(world.now)
    events: list[tuple[np.ndarray, ...]] = []
    tally = np.zeros(UNHEEDED + 1, np.int64)
    learnt = np.zeros((3, shops.looks.size), np.int64)
    for box in decide(
        world, _ask, lambda: answers(shops.looks.size), settings.row, world.now.shopping.row, world.now.promotion.row,
        knowledge.sources(world.now, "ranking"), world.now.knowledge.row, share, world.friends.rows.group_of,
        world.tables["purchases"].rows, world.tables["knowledge"].rows.purchases, world.users.rows.privacy_concern,
        world.tables["trust"].rows.trust, unease, world.ledger[BANK], world.ledger[WALLET], shops, cut,
        world.now.brands.discount, merchant.shops_a_circle(world), int(world.scenario.merchants.categories), merchant.markets(world), selling, keys,
        world.felt.rows, keep_empty=True,
    ):  # fmt: skip
        many = int(box.used[0])
        events.append(tuple(column[:many].copy() for column in (box.who, box.to, box.cents, box.kind)))
        for total, part in zip((*learnt, tally), (box.demand, box.slope, box.looks, box.tally), strict=True):
            total += part
            part[...] = 0
    for column, week in zip((shops.demand, shops.slope, shops.looks), learnt, strict=True):
        column += week
    if events:
        who, to, cents, kind = (np.concatenate(parts) for parts in zip(*events, strict=True))
        ordered, paid = kind == ORDER, kind == PAID_CLICK
        world.errands = who[ordered], to[ordered], cents[ordered]
        world.assistant_clicks = to[paid], cents[paid]
        world.note("assistant.orders", int(ordered.sum()))
    for name, number in zip(COUNTS, tally.tolist(), strict=False):
        world.note(f"assistant.{name}", number)
    for name, number in zip(OF_NEEDS, tally[NEEDS:].tolist(), strict=False):
        world.add(f"shopping.{name}", number)
    world.add("shopping.worth", tally[WORTH] / 100)
    world.note("assistant.hidden", 0 if world.now.promotion.disclosed else int(tally[PROMOTED]))
    world.note("assistant.lost_worth", tally[LOST] / 100)
    world.note("assistant.machine_share", share)
    world.note("trust.unheeded", int(tally[UNHEEDED]))
    members = max(1, int((world.users.rows.membership == MEMBER).sum()))
    practice[0] += tally[HUMAN] / members
    company.pay_cost(world, "trainers", int(tally[HUMAN]) * settings.trainer_cost)
