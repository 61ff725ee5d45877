"""The assistant ("M"): needs are met from one thread, by a machine as far as it has learnt, else by a paid human.

People it is rolled out to ask it for chores and facts, and bring it a part of their needs for goods. What it may answer
by machine grows with the answers its human trainers gave, a member. Advice on goods is one shop: the best by what the
platform knows of the person, or one that pays to be named (the promotion levers). It saves the effort of a search, and
the shop named is looked at beside those that a search brings (shopping/shopping.py); who is named for pay is believed to
suit as the honest one would. An answer that suits too well makes people uneasy. Without an answer they search as ever.
It also reminds: of what is about to run out, of dates, of a price that fell or an offer at a shop last bought from, and
of bills (bills/bills.py). A reminder brings a need forward that would have come later; it makes none.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, kernel, remembered, rule
from sim.engine.settings import Settings, assumed, decided
from sim.ground import ranking
from sim.ground.metrics import flow, ratio, stock
from sim.people import knowledge, trust
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns, KnowledgeSettings
from sim.people.taste import distance, match, taste, worth_of_shop
from sim.people.trust import TrustColumns
from sim.people.users import MEMBER, UserColumns
from sim.shopping import merchant, needs, promotion
from sim.shopping.brands import BrandColumns
from sim.shopping.merchant import MerchantColumns, MerchantsSettings
from sim.shopping.needs import NeedColumns, PurchaseColumns
from sim.shopping.promotion import PromotionSettings
from sim.shopping.terms import BrandsSettings, ShoppingSettings
from sim.state import State

ROOM = 4_096
MOST_SHOPS = 128
NO_SHOP = 255


class AssistantSettings(Settings):
    """[assistant]"""

    on: bool = decided.switch(False, "whether there is an assistant")
    rollout: float = decided.share(1.0, "members who have it")
    trainers: bool = decided.switch(True, "whether humans answer what the machine cannot")
    reminders: bool = decided.switch(True, "whether it reminds: restocking, dates, fallen prices, bills")
    asks: float = assumed.share(
        0.08, "chance on a day of use to ask it something else than for goods", "round figure", 0.01, 0.5
    )
    goods_share: float = assumed.share(
        0.25,
        "needs for goods that are brought to it",
        "facts.csv: a fifth of Alexa owners used it for shopping talk",
        0.05,
        0.8,
    )
    machine_first: float = assumed.share(
        0.15, "questions a machine can answer at first", "facts.csv: at most .3 (Facebook M)", 0.0, 0.3
    )
    machine_most: float = assumed.share(0.9, "questions a machine can ever answer", "MODEL.md", 0.5, 1.0)
    practice: float = assumed.positive(
        20.0, "answers a member", "human answers after which the gap has shrunk to 1/e", "MODEL.md", 5, 100
    )
    wrong: float = assumed.share(0.1, "machine answers that are wrong", "round figure", 0.0, 0.4)
    wrong_cost: float = assumed.amount(0.5, "logit units", "annoyance at a wrong answer or none", "round figure", 0, 2)
    answer_worth: float = assumed.amount(1.5, "CNY", "effort an answer saves", "round figure", 0, 20)
    trainer_cost: int = assumed.count(
        150, "cents", "a human answer, to the company", "round figure: a few minutes' wage", 10, 2_000
    )
    restock: float = assumed.share(
        0.01,
        "chance on a day of use to be told that something bought here before will run out before long",
        "round figure",
        0,
        0.1,
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
    flow("assistant.orders", "orders", "orders at the shop that was named"),
    flow("assistant.promoted", "answers", "answers that named a shop because it pays", "less"),
    flow("assistant.hidden", "answers", "of these, without saying so", "less"),
    flow("assistant.lost_worth", "cents", "worth lost because answers, and the lists beside them, were paid for", "less"),
    ratio("assistant.distortion", "cents", "worth lost an answer on goods because answers are paid for", "assistant.lost_worth", "assistant.advice", "less"),
    flow("assistant.reminders", "reminders", "reminders given, but for bills"),
    flow("assistant.fallen_prices", "reminders", "of these, of a lower price where the person last bought such goods"),
    flow("assistant.brought_forward", "needs", "needs for goods that reminders brought forward", "neither"),
)  # fmt: skip


COUNTS = (
    "asked", "automated", "human", "unanswered", "wrong", "advice", "too_knowing", "promoted", "reminders",
    "fallen_prices", "brought_forward",
)  # fmt: skip
(ASKED, AUTOMATED, HUMAN, UNANSWERED, WRONG, ADVICE, TOO_KNOWING, PROMOTED, REMINDERS, FALLEN_PRICES,
 BROUGHT_FORWARD, UNHEEDED) = range(len(COUNTS) + 1)  # fmt: skip


@remembered
class Answers(NamedTuple):
    """What followed from questions: clicks paid for by the shops named, and COUNTS."""

    to: np.ndarray
    cents: np.ndarray
    used: np.ndarray
    tally: np.ndarray


def answers() -> Answers:
    """An empty outbox of answers."""
    return Answers(
        np.empty(ROOM, np.uint32), np.empty(ROOM, np.int64), np.zeros(1, np.int64), np.zeros(UNHEEDED + 1, np.int64)
    )


@rule
def machine_share(human_answers, first, most, practice):
    """Questions a machine can answer after so many human answers a member."""
    return most - (most - first) * math.exp(-human_answers / practice)


@rule
def is_news(price, price_before, on_offer, fallen):
    """Whether a shop's price is worth telling somebody who bought there: it fell by so much, or is on offer today."""
    return on_offer or price <= (1.0 - fallen) * price_before


@rule
def seems_to_know(expected, travel, pair_spread, too_knowing):
    """Whether the expected match of an answer, in units of how much matches differ, is too high for comfort."""
    return expected > too_knowing * math.sqrt(travel * travel / 48.0 + pair_spread * pair_spread)


@rule
def is_answered(it, machine, who, key, felt, tally):
    """Whether a question is answered, by machine or by a human; who is told wrong or nothing is annoyed."""
    tally[ASKED] += 1
    able, right = luck.two(key, who, 1)
    if able < machine:
        tally[AUTOMATED] += 1
        if right >= it.wrong:
            return True
        tally[WRONG] += 1
    elif it.trainers:
        tally[HUMAN] += 1
        return True
    else:
        tally[UNANSWERED] += 1
    felt.waits[who] += it.wrong_cost
    return False


@kernel
def _ask(awake, start, it, shop, offer, firm, know, machine, group_of, purchases, bought, need, concern, trusting, unease, shops,
         listed, first_listed, cut, circle, categories, markets, selling, keys, felt, box):  # fmt: skip
    """Questions of everyone awake, from `start` on; returns where the box was full. Writes felt and need of its people.

    unease: of a too-knowing answer, at full concern. listed, first_listed: as in shopping. cut: 1 for a shop with an
    offer today, empty where brands post nothing. `selling`: 1 where shops can be named. keys: rollout, asks, needs,
    shoppers, group taste, own taste, pair, error, choice, trust.
    """
    people = np.int64(group_of.size)
    row_of = np.empty(MOST_SHOPS, np.int64)
    guess, relevance, scores = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS), np.empty(MOST_SHOPS)
    expected, bid, order = np.empty(MOST_SHOPS), np.empty(MOST_SHOPS), np.empty(MOST_SHOPS, np.int64)
    for at in range(start, awake.size):
        if box.used[0] + 1 > box.to.size:
            return at
        who = np.int64(awake[at])
        if it.rollout < 1.0 and luck.uniform(keys[0], who, 0) >= it.rollout:
            continue
        asks, about = luck.two(keys[1], who, 0)
        category, advises = np.int64(-1), False
        needs_goods, spared = False, False
        if selling:
            u, kind = luck.two(keys[2], who, 0)
            needs_goods = needs.arises(who, u, shop.needs, shop.shoppers, keys[3])
            spared = need.ahead[who] > 0  # the next need was met before its time
            category = np.int64(kind * categories)
        if needs_goods and not spared and about < it.goods_share:
            advises = is_answered(it, machine, who, keys[1], felt, box.tally)
            felt.worth[who] += it.answer_worth if advises else 0.0
        elif asks < it.asks:
            felt.worth[who] += it.answer_worth if is_answered(it, machine, who, keys[1], felt, box.tally) else 0.0
        elif it.reminders:
            runs_out, date = luck.two(keys[1], who, 2)
            if date < it.dates:
                box.tally[REMINDERS] += 1
                felt.worth[who] += it.reminder_worth
            if selling and bought[who] > 0 and not needs_goods and not spared:
                watches, of = luck.two(keys[1], who, 3)
                category = np.int64(of * categories)
                last = np.int64(purchases.shop[who * categories + category])
                if last != NO_SHOP:
                    row = (who * markets // people * categories + category) * circle + last
                    advises = runs_out < it.restock
                    told = watches < it.watching and shops.open[row] > 0
                    told &= is_news(shops.price[row], shops.price_before[row], cut.size > 0 and cut[row] > 0, it.fallen)
                    if advises or told:
                        needs.bring_forward(need, who, category)
                        box.tally[REMINDERS] += 1
                        box.tally[BROUGHT_FORWARD] += 1
                        box.tally[FALLEN_PRICES] += told
        if advises and not trust.follows(trusting[who], luck.uniform(keys[9], who, 0)):  # and so does not ask of goods
            box.tally[UNHEEDED] += 1
            advises = False
        if not advises:
            continue
        # which shop to name
        of_circle = who * markets // people * categories + category
        mine = taste(
            luck.uniform(keys[4], group_of[who], category), luck.uniform(keys[5], who, category), shop.taste_alike
        )
        n = knowledge.observations(firm, know, np.int64(bought[who]))
        number, highest = 0, 0.0
        for k in range(first_listed[of_circle], first_listed[of_circle + 1]):
            row = listed[k]
            u = luck.pair(keys[6], who, row, 0)
            suits = match(distance(mine, shops.place[row]), luck.normal(u), shop.travel, shop.pair_spread)
            quality = shops.quality[row] + shops.reputation[row]
            guess[number] = worth_of_shop(quality, 0.0, shop.travel, 0.0, shops.price[row], shop.price_weight)
            guess[number] += 1e-6 * luck.rest(u)  # equals are ordered by luck
            expected[number] = 0.0
            if n > 0:
                error = luck.normal(luck.pair(keys[7], who, row, 0))
                expected[number] = knowledge.estimate(suits, n, know.noise, error)
            guess[number] += expected[number]
            row_of[number] = row
            bid[number] = np.float64(shops.bid[row]) if shops.bid[row] >= offer.reserve else 0.0  # less buys nothing
            highest = max(highest, bid[number])
            number += 1
        if number == 0:
            continue
        box.tally[ADVICE] += 1
        ranking.rank(guess, number, order)
        honest = order[0]
        named = honest
        if offer.weight > 0.0 and highest > 0.0:
            ranking.percentiles(guess, number, relevance)
            for j in range(number):
                scores[j] = ranking.score(relevance[j], bid[j], highest, offer.weight)
            ranking.rank(scores, number, order)
            named = order[0]
            if offer.disclosed and named != honest and luck.uniform(keys[8], who, 1) < offer.skipped:
                named = honest  # who is told that the answer is paid for asks again
        if named != honest:
            box.tally[PROMOTED] += 1
            below = scores[order[1]] if number > 1 else 0.0
            reserve = np.float64(offer.reserve)
            cents = ranking.click_price(relevance[named], bid[named], below, highest, offer.weight, reserve)
            box.to[box.used[0]], box.cents[box.used[0]] = row_of[named], np.int64(cents)
            box.used[0] += 1
        if seems_to_know(expected[named], shop.travel, shop.pair_spread, it.too_knowing):
            box.tally[TOO_KNOWING] += 1
            felt.unease[who] += concern[who] * unease
        need.advised[who], need.faith[who] = row_of[named], guess[honest] - guess[named]
    return awake.size


def step(state: State) -> None:
    """People ask and are reminded; the human answers go to the machine's practice, paid names to promotion."""
    settings = state.settings(AssistantSettings)
    if not settings.on:
        return
    practice = state[PracticeColumns].human_answers
    share = machine_share(float(practice[0]), settings.machine_first, settings.machine_most, settings.practice)
    selling = 1 if state.settings(ShoppingSettings).on else 0
    lasting = (f"shopping.{what}" for what in ("shoppers", "group_taste", "taste", "pair", "error"))
    keys = (
        state.lasting_luck("assistant.rollout"), state.luck("assistant.asks"), state.luck("shopping.need"),
        *map(state.lasting_luck, lasting), state.luck("assistant.choice"), state.luck("assistant.trust"),
    )  # fmt: skip
    cut = state[BrandColumns].offers_today if state.settings(BrandsSettings).on else np.empty(0, np.uint8)
    shops, circle = state[MerchantColumns], merchant.shops_a_circle(state)
    unease = state.settings(KnowledgeSettings).unease_shown * knowledge.depth(state.now)
    clicks: list[tuple[np.ndarray, ...]] = [(np.empty(0, np.uint32), np.empty(0, np.int64))]
    tally = np.zeros(UNHEEDED + 1, np.int64)
    for box in decide(
        state, _ask, answers, settings.row, state.settings(ShoppingSettings).row, state.settings(PromotionSettings).row,
        knowledge.sources(state.now, "ranking"),
        state.settings(KnowledgeSettings).row, share, state.friends.rows.group_of, state[PurchaseColumns],
        state[KnowledgeColumns].purchases, state[NeedColumns], state[UserColumns].privacy_concern,
        state[TrustColumns].trust, unease,
        shops, *merchant.open_shops(state), cut, circle, int(state.settings(MerchantsSettings).categories),
        merchant.markets(state), selling, keys, state[FeltColumns], keep_empty=True,
    ):  # fmt: skip
        many = int(box.used[0])
        clicks.append((box.to[:many].copy(), box.cents[:many].copy()))
        tally += box.tally
        box.tally[...] = 0
    promotion.add_clicks(state, *(np.concatenate(parts) for parts in zip(*clicks, strict=True)))
    for name, number in zip(COUNTS, tally.tolist(), strict=False):
        state.note(f"assistant.{name}", number)
    state.note("assistant.hidden", 0 if state.settings(PromotionSettings).disclosed else int(tally[PROMOTED]))
    state.note("assistant.machine_share", share)
    state.note("trust.unheeded", int(tally[UNHEEDED]))
    members = max(1, int((state[UserColumns].membership == MEMBER).sum()))
    practice[0] += tally[HUMAN] / members
    state.pay_cost("trainers", int(tally[HUMAN]) * settings.trainer_cost)
