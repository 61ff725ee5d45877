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
from typing import Any, NamedTuple

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, inlined_rule, kernel, own, rule, with_cached_type, with_type_of_first
from sim.engine.settings import Settings, assumed, decided
from sim.ground import ranking
from sim.ground.metrics import flow, ratio, stock
from sim.people import knowledge, trust
from sim.people.experience import FeltColumns
from sim.people.knowledge import KnowledgeColumns, KnowledgeSettings
from sim.people.taste import distance, match, taste_of
from sim.people.trust import TrustColumns
from sim.people.users import MEMBER, UserColumns
from sim.service import Part, Rows
from sim.shopping import merchant, needs, promotion
from sim.shopping.brands import BrandColumns
from sim.shopping.merchant import MerchantColumns
from sim.shopping.metrics import ADVISED_ORDERS, WORTH_LOST_TO_ADVICE
from sim.shopping.needs import NeedColumns, PurchaseColumns
from sim.shopping.promotion import PromotionSettings
from sim.shopping.shop_choice import (
    MOST_SHOPS,
    Supply,
    believed_utility,
    collect_bids,
    list_open_shops,
    market_of_goods,
    markets_of,
    quality_of,
)
from sim.shopping.terms import BrandsSettings, ShoppingSettings
from sim.state import State

ROOM = 4_096
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


QUESTIONS = flow("assistant.asked", "questions", "questions put to the assistant")
MACHINE_ANSWERS = flow("assistant.automated", "answers", "answered by machine")
HUMAN_ANSWERS = flow("assistant.human", "answers", "answered by a human trainer", "neither")
UNANSWERED_QUESTIONS = flow("assistant.unanswered", "questions", "not answered", "less")
WRONG_ANSWERS = flow("assistant.wrong", "answers", "machine answers that were wrong", "less")
AUTOMATED_SHARE = ratio(
    "assistant.automated_share", "share", "questions answered by machine", MACHINE_ANSWERS, QUESTIONS
)
MACHINE_SHARE = stock("assistant.machine_share", "share", "questions the machine can answer today")
ADVICE_GIVEN = flow("assistant.advice", "answers", "answers that named a shop", "neither")
TOO_KNOWING_ANSWERS = flow("assistant.too_knowing", "answers", "of these, answers that seemed to know too much", "less")
PROMOTED_ANSWERS = flow("assistant.promoted", "answers", "answers that named a shop because it pays", "less")
HIDDEN_PROMOTION = flow("assistant.hidden", "answers", "of these, without saying so", "less")
DISTORTION = ratio(
    "assistant.distortion", "cents", "worth lost an answer on goods because answers are paid for",
    WORTH_LOST_TO_ADVICE, ADVICE_GIVEN, "less",
)  # fmt: skip
REMINDERS_GIVEN = flow("assistant.reminders", "reminders", "reminders given, but for bills")
FALLEN_PRICES_TOLD = flow(
    "assistant.fallen_prices", "reminders", "of these, of a lower price where the person last bought such goods"
)
NEEDS_BROUGHT_FORWARD = flow(
    "assistant.brought_forward", "needs", "needs for goods that reminders brought forward", "neither"
)
METRICS = (
    QUESTIONS, MACHINE_ANSWERS, HUMAN_ANSWERS, UNANSWERED_QUESTIONS, WRONG_ANSWERS, AUTOMATED_SHARE, MACHINE_SHARE,
    ADVICE_GIVEN, TOO_KNOWING_ANSWERS, ADVISED_ORDERS, PROMOTED_ANSWERS, HIDDEN_PROMOTION, WORTH_LOST_TO_ADVICE,
    DISTORTION, REMINDERS_GIVEN, FALLEN_PRICES_TOLD, NEEDS_BROUGHT_FORWARD,
)  # fmt: skip


TALLIED = (  # by kernels, in this order
    QUESTIONS, MACHINE_ANSWERS, HUMAN_ANSWERS, UNANSWERED_QUESTIONS, WRONG_ANSWERS, ADVICE_GIVEN, TOO_KNOWING_ANSWERS,
    PROMOTED_ANSWERS, REMINDERS_GIVEN, FALLEN_PRICES_TOLD, NEEDS_BROUGHT_FORWARD, trust.UNHEEDED_ADVICE,
)  # fmt: skip
(ASKED, AUTOMATED, HUMAN, UNANSWERED, WRONG, ADVICE, TOO_KNOWING, PROMOTED, REMINDERS, FALLEN_PRICES,
 BROUGHT_FORWARD, UNHEEDED) = range(len(TALLIED))  # fmt: skip


@with_cached_type
class Answers(NamedTuple):
    """What followed from questions: clicks paid for by the shops named, and a count for each of TALLIED."""

    to: np.ndarray
    cents: np.ndarray
    used: np.ndarray
    tally: np.ndarray


def answers() -> Answers:
    """An empty outbox of answers."""
    return with_type_of_first(
        Answers(
            np.empty(ROOM, np.uint32), np.empty(ROOM, np.int64), np.zeros(1, np.int64), np.zeros(UNHEEDED + 1, np.int64)
        )
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


@with_cached_type
class Terms(NamedTuple):
    """Today's terms: settings of the assistant, shopping, promotion and knowledge, and what the ranking may know.

    `machine` is the share of questions that the machine can answer, `unease` that of a too-knowing answer at full concern;
    `selling`: whether shops can be named.
    """

    setting: Any
    shopping: Any
    offer: Any
    profiling: Any
    sources: knowledge.Sources
    machine: float
    unease: float
    selling: bool


@with_cached_type
class Keys(NamedTuple):
    """Luck by the name of the decision; all but asks, needs, choice and trust are lasting."""

    rollout: np.uint64
    asks: np.uint64
    needs: np.uint64
    shoppers: np.uint64
    group_taste: np.uint64
    taste: np.uint64
    pair: np.uint64
    error: np.uint64
    choice: np.uint64
    trust: np.uint64


@with_cached_type
class People(NamedTuple):
    """Columns of people that the assistant reads, and those it writes: `needs` and `felt`."""

    group_of: np.ndarray
    purchases: Any
    bought: np.ndarray
    needs: Any
    concern: np.ndarray
    trust: np.ndarray
    felt: Any


@with_cached_type
class Candidates(NamedTuple):
    """Shops that might be named, by place in the list of open ones."""

    row: np.ndarray
    believed: np.ndarray  # utility, by what is known of the person
    expected: np.ndarray  # match, the same
    bid: np.ndarray
    relevance: np.ndarray
    score: np.ndarray
    order: np.ndarray  # places, best first


@rule
def candidates():
    """Room for a list."""
    return Candidates(
        np.empty(MOST_SHOPS, np.int64), np.empty(MOST_SHOPS), np.empty(MOST_SHOPS), np.empty(MOST_SHOPS),
        np.empty(MOST_SHOPS), np.empty(MOST_SHOPS), np.empty(MOST_SHOPS, np.int64),
    )  # fmt: skip


@inlined_rule
def is_answered(setting, machine, who, key, felt, tally):
    """Whether a question is answered, by machine or by a human, which spares effort; a wrong or missing answer annoys."""
    tally[ASKED] += 1
    able, right = luck.two(key, who, 1)
    answered = False
    if able < machine:
        tally[AUTOMATED] += 1
        answered = right >= setting.wrong
        tally[WRONG] += not answered
    elif setting.trainers:
        tally[HUMAN] += 1
        answered = True
    else:
        tally[UNANSWERED] += 1
    if answered:
        felt.worth[who] += setting.answer_worth
    else:
        felt.waits[who] += setting.wrong_cost
    return answered


@inlined_rule
def goods_needed(who, terms, keys, columns, categories):
    """Returns (whether a need for goods comes up today, whether it was met before its time, its category)."""
    if not terms.selling:
        return False, False, np.int64(-1)
    u, kind = luck.two(keys.needs, who, 0)
    comes = needs.arises(who, u, terms.shopping.needs, terms.shopping.shoppers, keys.shoppers)
    return comes, columns.ahead[who] > 0, np.int64(kind * categories)


@inlined_rule
def remind_of_date(who, date, setting, felt, tally):
    """Remind a person of a date, by luck."""
    if date < setting.dates:
        tally[REMINDERS] += 1
        felt.worth[who] += setting.reminder_worth


@inlined_rule
def remind_of_goods(who, runs_out, terms, keys, people, supply, offers_today, markets, tally):
    """Bring a need forward for goods that run out, or whose price fell where they bought last: (whether to advise, on what)."""
    setting, shops = terms.setting, supply.shops
    watches, kind = luck.two(keys.asks, who, 3)
    category = np.int64(kind * markets.categories)
    last = np.int64(people.purchases.shop[who * markets.categories + category])
    if last == NO_SHOP:
        return False, category
    row = market_of_goods(who, category, markets) * markets.shops_per_market + last
    is_told = watches < setting.watching and shops.open[row] > 0
    on_offer = offers_today.size > 0 and offers_today[row] > 0
    is_told &= is_news(shops.price[row], shops.price_before[row], on_offer, setting.fallen)
    restocks = runs_out < setting.restock
    if restocks or is_told:
        needs.bring_forward(people.needs, who, category)
        tally[REMINDERS] += 1
        tally[BROUGHT_FORWARD] += 1
        tally[FALLEN_PRICES] += is_told
    return restocks, category


@inlined_rule
def judge_shops(who, category, number, terms, keys, people, shops, listed):
    """What the platform believes each shop in the list is worth to this person."""
    shopping = terms.shopping
    place = taste_of(keys, people.group_of[who], who, category, shopping.taste_alike)
    n = knowledge.observations(terms.sources, terms.profiling, np.int64(people.bought[who]))
    for j in range(number):
        row = listed.row[j]
        u = luck.pair(keys.pair, who, row, 0)
        suits = match(distance(place, shops.place[row]), luck.normal(u), shopping.travel, shopping.pair_spread)
        listed.expected[j] = 0.0
        if n > 0:
            error = luck.normal(luck.pair(keys.error, who, row, 0))
            listed.expected[j] = knowledge.estimate(suits, n, terms.profiling.noise, error)
        quality, price = quality_of(shops, row), shops.price[row]
        listed.believed[j] = believed_utility(quality, 0.0, price, shopping, listed.expected[j], luck.rest(u))


@inlined_rule
def name_shop(who, number, offer, key, shops, listed, box):
    """Returns (the shop believed best, the shop named): one that pays by click may be named in its place.

    A person who is told that the answer is paid for may ask again, and is then told the best.
    """
    ranking.rank(listed.believed, number, listed.order)
    best = listed.order[0]
    weight = own(offer.weight, who)
    highest_bid = collect_bids(shops, listed.row, number, offer.reserve, listed.bid) if weight > 0.0 else 0.0
    if highest_bid <= 0.0:
        return best, best
    ranking.rank_paid(
        listed.believed, listed.bid, number, highest_bid, weight, listed.relevance, listed.score, listed.order
    )
    named = listed.order[0]
    if named == best or (offer.disclosed and luck.uniform(key, who, 1) < offer.skipped):
        return best, best
    below, reserve = listed.score[listed.order[1]] if number > 1 else 0.0, np.float64(offer.reserve)
    cents = ranking.click_price(listed.relevance[named], listed.bid[named], below, highest_bid, weight, reserve)
    box.tally[PROMOTED] += 1
    box.to[box.used[0]], box.cents[box.used[0]] = listed.row[named], np.int64(cents)
    box.used[0] += 1
    return best, named


@kernel
def _ask(awake, start, terms, keys, people, supply, offers_today, markets, box):
    """Questions of everyone awake, from `start` on; returns where the box was full. Writes felt and needs of its people.

    offers_today: 1 for a shop with an offer today, empty where brands post nothing.
    """
    setting, shopping, felt, listed = terms.setting, terms.shopping, people.felt, candidates()
    needs_today, bought = people.needs, people.bought
    for at in range(start, awake.size):
        if box.used[0] + 1 > box.to.size:
            return at
        who = np.int64(awake[at])
        if setting.rollout < 1.0 and luck.uniform(keys.rollout, who, 0) >= setting.rollout:
            continue
        asks, about = luck.two(keys.asks, who, 0)
        needed, spared, category = goods_needed(who, terms, keys, needs_today, markets.categories)
        advises = False
        if needed and not spared and about < setting.goods_share:
            advises = is_answered(setting, terms.machine, who, keys.asks, felt, box.tally)
        elif asks < setting.asks:
            is_answered(setting, terms.machine, who, keys.asks, felt, box.tally)
        elif setting.reminders:
            runs_out, date = luck.two(keys.asks, who, 2)
            remind_of_date(who, date, setting, felt, box.tally)
            if terms.selling and bought[who] > 0 and not needed and not spared:
                advises, category = remind_of_goods(
                    who, runs_out, terms, keys, people, supply, offers_today, markets, box.tally
                )
        if not advises:
            continue
        if not trust.follows(people.trust[who], luck.uniform(keys.trust, who, 0)):  # and so does not ask of goods
            box.tally[UNHEEDED] += 1
            continue
        number = list_open_shops(supply, market_of_goods(who, category, markets), -1, listed.row)
        if number == 0:
            continue
        box.tally[ADVICE] += 1
        judge_shops(who, category, number, terms, keys, people, supply.shops, listed)
        best, named = name_shop(who, number, terms.offer, keys.choice, supply.shops, listed, box)
        if seems_to_know(listed.expected[named], shopping.travel, shopping.pair_spread, setting.too_knowing):
            box.tally[TOO_KNOWING] += 1
            felt.unease[who] += people.concern[who] * terms.unease
        needs_today.advised[who] = listed.row[named]
        needs_today.faith[who] = listed.believed[best] - listed.believed[named]
    return awake.size


def _people(state: State) -> People:
    return People(
        state.friends.rows.group_of, state[PurchaseColumns], state[KnowledgeColumns].purchases,
        state[NeedColumns], state[UserColumns].privacy_concern, state[TrustColumns].trust, state[FeltColumns],
    )  # fmt: skip


def step(state: State) -> None:
    """People ask and are reminded; the human answers go to the machine's practice, paid names to promotion."""
    settings, shopping = state.settings(AssistantSettings), state.settings(ShoppingSettings)
    if not settings.on:
        return
    practice = state[PracticeColumns].human_answers
    share = machine_share(float(practice[0]), settings.machine_first, settings.machine_most, settings.practice)
    lasting = (f"shopping.{what}" for what in ("shoppers", "group_taste", "taste", "pair", "error"))
    keys = Keys(
        state.lasting_luck("assistant.rollout"), state.luck("assistant.asks"), state.luck("shopping.need"),
        *map(state.lasting_luck, lasting), *map(state.luck, ("assistant.choice", "assistant.trust")),
    )  # fmt: skip
    offers_today = state[BrandColumns].offers_today if state.settings(BrandsSettings).on else np.empty(0, np.uint8)
    unease = state.settings(KnowledgeSettings).unease_shown * knowledge.depth(state.now)
    clicks: list[tuple[np.ndarray, ...]] = [(np.empty(0, np.uint32), np.empty(0, np.int64))]
    tally = np.zeros(UNHEEDED + 1, np.int64)
    terms = Terms(
        settings.row, shopping.row, state.row(PromotionSettings), state.settings(KnowledgeSettings).row,
        knowledge.sources(state.now, "ranking"), share, unease, shopping.on,
    )  # fmt: skip
    people, markets = state.once(_people), state.once(markets_of)
    supply = Supply(state[MerchantColumns], *merchant.open_shops(state))
    for box in decide(state, _ask, answers, terms, keys, people, supply, offers_today, markets, keep_empty=True):
        many = int(box.used[0])
        clicks.append((box.to[:many].copy(), box.cents[:many].copy()))
        tally += box.tally
        box.tally[...] = 0
    promotion.add_clicks(state, *(np.concatenate(parts) for parts in zip(*clicks, strict=True)))
    for metric, number in zip(TALLIED, tally.tolist(), strict=True):
        state.note(metric, number)
    state.note(HIDDEN_PROMOTION, 0 if state.settings(PromotionSettings).disclosed else int(tally[PROMOTED]))
    state.note(MACHINE_SHARE, share)
    members = max(1, int((state[UserColumns].membership == MEMBER).sum()))
    practice[0] += tally[HUMAN] / members
    state.pay_cost("trainers", int(tally[HUMAN]) * settings.trainer_cost)


ASSISTANT = Part(
    "assistant",
    tables={"practice": Rows(PracticeColumns, "world")},
    metrics=METRICS,
    costs={"trainers": "Trainers"},
    step=step,
)
