"""Support: who has a question or a complaint is helped in the thread, on the telephone, or complains in public.

Customers come with questions, defects and what was not solved before (support/customers.py). Each turns to a channel by a
logit over the chance of a good answer, at yesterday's wait, and effort; the agents of their market's help desk answer
in order of time (support/desks.py). Bad answers are brought up again and held against the shop; complained of in public,
they lower what all think of it for a while. By live video one agent helps one customer better and longer, or answers a
question for all who watch, and sells.

What troubles customers troubles them without the platform too: they call, or complain in public. So all that is felt,
held against shops and thought of them is reckoned from what is usual outside, and shops are spared what help costs them
there.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.kernels import kernel, rule, with_cached_type
from sim.ground import queues
from sim.ground.choice import gumbel, logit
from sim.ground.ledger import COMPANY
from sim.ground.metrics import flow, ratio
from sim.people.experience import FeltColumns
from sim.people.inbox import MESSAGES
from sim.people.welfare import MERCHANTS_WELFARE
from sim.service import Part, Rows
from sim.shopping import merchant
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.shopping.needs import RegardColumns
from sim.shopping.terms import MerchantsSettings
from sim.shopping.updates import SparedQuestions
from sim.state import State
from sim.support import customers, desks
from sim.support.customers import QUESTION, WHERE, CustomerColumns
from sim.support.desks import WEEK, DeskColumns, DesksSettings, TopicColumns
from sim.support.terms import SupportSettings

CERTAIN = 100.0  # logit units: nobody is thought better of, or worse
CHAT, PUBLIC, TELEPHONE, VIDEO, BROADCAST = range(5)  # how they are helped
CHANNELS = 3  # to choose from: video is a better chat, a broadcast comes before any


QUESTIONS_WHERE = flow("support.where_is_it", "people", "of these, asking where an order is", "less")
CUSTOMERS_ANSWERED = flow("support.answered", "people", "customers whom an agent took", "neither")
CUSTOMERS_LOST = flow(
    "support.abandoned", "people", "customers who gave up, or whom nobody could take: unanswered", "less"
)
ABANDONED_SHARE = ratio(
    "support.abandoned_share", "share", "customers unanswered", CUSTOMERS_LOST, desks.TICKETS, "less"
)
SECONDS_WAITED = flow("support.waited", "seconds", "time waited by those answered", "less")
WAIT_SECONDS = ratio(
    "support.wait_seconds", "seconds", "mean wait of those answered", SECONDS_WAITED, CUSTOMERS_ANSWERED, "less"
)
GOOD_ANSWERS = flow("support.good", "answers", "good answers")
SATISFACTION = ratio("support.satisfaction", "share", "good answers, of all", GOOD_ANSWERS, CUSTOMERS_ANSWERED)
CHATS = flow("support.chat", "people", "customers who chose the chat, video included", "neither")
PUBLIC_COMPLAINTS = flow("support.public", "people", "customers who complained in public", "less")
TELEPHONE_CALLS = flow("support.telephone", "people", "customers who called", "neither")
CHAT_SHARE = ratio("support.chat_share", "share", "customers who chose the chat", CHATS, desks.TICKETS, "neither")
PUBLIC_SHARE = ratio(
    "support.public_share", "share", "customers who complained in public", PUBLIC_COMPLAINTS, desks.TICKETS, "less"
)
CHAT_ANSWERS = flow("support.chat_answered", "answers", "answers by chat and video", "neither")
PUBLIC_ANSWERS = flow("support.public_answered", "answers", "answers to public complaints", "neither")
GOOD_CHAT_ANSWERS = flow("support.chat_good", "answers", "good answers by chat and video")
GOOD_PUBLIC_ANSWERS = flow("support.public_good", "answers", "good answers to public complaints", "neither")
CHAT_SATISFACTION = ratio("support.chat_satisfaction", "share", "good answers by chat", GOOD_CHAT_ANSWERS, CHAT_ANSWERS)
PUBLIC_SATISFACTION = ratio(
    "support.public_satisfaction", "share", "those in public", GOOD_PUBLIC_ANSWERS, PUBLIC_ANSWERS
)
UNSOLVED_COMPLAINTS = flow("support.public_unsolved", "people", "public complaints without a good answer", "less")
VIDEO_CHATS = flow("support.videos", "people", "of the chats, those that went over to video", "neither")
SETTLED_BY_BROADCAST = flow("support.settled_by_broadcast", "people", "customers who had their answer from a broadcast")
METRICS = (
    desks.TICKETS, QUESTIONS_WHERE, CUSTOMERS_ANSWERED, CUSTOMERS_LOST, ABANDONED_SHARE, SECONDS_WAITED, WAIT_SECONDS,
    GOOD_ANSWERS, SATISFACTION, CHATS, PUBLIC_COMPLAINTS, TELEPHONE_CALLS, CHAT_SHARE, PUBLIC_SHARE, CHAT_ANSWERS,
    PUBLIC_ANSWERS, GOOD_CHAT_ANSWERS, GOOD_PUBLIC_ANSWERS, CHAT_SATISFACTION, PUBLIC_SATISFACTION,
    UNSOLVED_COMPLAINTS, VIDEO_CHATS, SETTLED_BY_BROADCAST,
)  # fmt: skip
TALLIED = (  # by kernels, in this order
    CUSTOMERS_ANSWERED, CUSTOMERS_LOST, GOOD_ANSWERS, CHATS, PUBLIC_COMPLAINTS, TELEPHONE_CALLS, CHAT_ANSWERS,
    PUBLIC_ANSWERS, GOOD_CHAT_ANSWERS, GOOD_PUBLIC_ANSWERS, UNSOLVED_COMPLAINTS, VIDEO_CHATS, SETTLED_BY_BROADCAST,
    QUESTIONS_WHERE, SECONDS_WAITED,
)  # fmt: skip
(ANSWERED, ABANDONED, GOOD, BY_CHAT, IN_PUBLIC, CALLED, CHAT_ANSWERED, PUBLIC_ANSWERED, CHAT_GOOD, PUBLIC_GOOD, HURT,
 VIDEOS, SETTLED, WHERE_IS_IT, WAITED) = range(len(TALLIED))  # fmt: skip


@with_cached_type
class Contacts(NamedTuple):
    """What becomes of each ticket before anybody serves it."""

    channel: NDArray[np.uint8]
    gain: NDArray[np.float64]  # worth of turning there above what is outside, but for the answer, in logit units
    minute: NDArray[np.float64]
    patience: NDArray[np.float64]
    service: NDArray[np.float64]


@with_cached_type
class Terms(NamedTuple):
    """What kernels know of today; the last four are keys of luck."""

    setting: Any  # the settings of this section and of [desks]
    desk: Any
    day: int
    categories: int
    shops_per_market: int  # rows of shops a market and category
    shares: NDArray[np.float64]  # of customers, by hour
    channel: np.uint64
    time: np.uint64
    answer: np.uint64
    likes_chat: np.uint64  # lasting


@rule
def good_at(chance, seconds, kink, fall):
    """Chance that an answer pleases after a wait: it falls with each minute beyond the kink."""
    return max(0.0, chance - fall * max(0.0, seconds - kink) / 60.0)


@rule
def good_by(channel, setting):
    """Chance of a good answer in a channel without a wait."""
    if channel == CHAT:
        return setting.good_chat
    if channel == VIDEO:
        return setting.good_video
    if channel == BROADCAST:
        return setting.good_broadcast
    return setting.good_public if channel == PUBLIC else setting.good_telephone


@rule
def utility_of_channel(channel, seconds, setting):
    """Utility of turning to a channel at a wait, in logit units."""
    effort = setting.effort_telephone
    if channel == CHAT:
        effort = setting.effort_chat
    elif channel == PUBLIC:
        effort = setting.effort_public
    return setting.good_weight * good_at(good_by(channel, setting), seconds, setting.kink, setting.fall) - effort


@rule
def outcome_outside(setting):
    """What is usual without the platform: utility in logit units, chance of a good answer, of a bad one in public."""
    public = utility_of_channel(PUBLIC, setting.outside_wait, setting)
    telephone = utility_of_channel(TELEPHONE, setting.outside_wait, setting)
    share = logit(public - telephone)
    good_public = good_at(setting.good_public, setting.outside_wait, setting.kink, setting.fall)
    good_telephone = good_at(setting.good_telephone, setting.outside_wait, setting.kink, setting.fall)
    good, answered = share * good_public + (1.0 - share) * good_telephone, 1.0 - setting.outside_unanswered
    utility = public - math.log(share) - setting.good_weight * good * setting.outside_unanswered
    return utility, good * answered, share * (1.0 - good_public * answered)


@rule
def offers_chat(price, worth, u):
    """Whether a shop helps in the thread: it does while a conversation is worth its price to the shop."""
    return price <= 0 or price <= luck.exponential(worth, u)


@rule
def is_settled(day, shown, setting, u):
    """Whether a broadcast has answered this question: it was shown of late, is of that kind, and was watched."""
    return day - shown < setting.lasting and u < setting.alike * setting.watching


@rule
def opinion(before, good, usual, grudge):
    """What a person thinks of a shop for how it helped, in hundredths of a logit unit: half the old opinion, and the new.

    An answer counts by how much better or worse it is than what is `usual`.
    """
    new = grudge * ((1.0 if good else 0.0) - usual)
    return max(-120, min(120, int(round(0.5 * before + 100.0 * new))))


@kernel
def _turn_to(asked, terms, wait, shown, made):
    """Each ticket finds its channel, its time of day, its patience and how long it takes."""
    setting = terms.setting
    usual, _, _ = outcome_outside(setting)
    for i in range(asked.who.size):
        who, shop, kind = asked.who[i], np.int64(asked.shop[i]), asked.kind[i]
        first = 16 * (np.int64(asked.mark[i]) * 4 + kind)  # of this ticket's draws
        topic = shop // terms.shops_per_market
        seconds = wait[topic // terms.categories]
        made.minute[i] = queues.moment(luck.pair(terms.time, who, shop, first), terms.shares)
        made.patience[i] = luck.exponential(terms.desk.patience, luck.pair(terms.time, who, shop, first + 1))
        made.service[i] = luck.exponential(terms.desk.service, luck.pair(terms.time, who, shop, first + 2))
        if setting.video and kind == QUESTION:
            if is_settled(terms.day, np.int64(shown[topic]), setting, luck.pair(terms.channel, who, shop, first)):
                made.channel[i] = BROADCAST
                made.gain[i] = -setting.effort_broadcast - usual
                continue
        offered = setting.chat and offers_chat(
            setting.price, setting.chat_worth, luck.uniform(terms.likes_chat, shop, 0)
        )
        best, chosen, total = -math.inf, PUBLIC, 0.0
        for channel in range(CHANNELS):
            if channel == CHAT and not offered:
                continue
            utility = utility_of_channel(channel, seconds, setting)
            total += math.exp(utility)
            noisy = utility + gumbel(luck.pair(terms.channel, who, shop, first + 1 + channel))
            if noisy > best:
                best, chosen = noisy, channel
        expected = setting.good_weight * good_at(good_by(chosen, setting), seconds, setting.kink, setting.fall)
        made.gain[i] = math.log(total) - expected - usual
        goes_over = luck.pair(terms.channel, who, shop, first + 5) < setting.video_share
        if chosen == CHAT and setting.video and kind != WHERE and goes_over:
            chosen = VIDEO
            made.service[i] *= setting.video_time
        made.channel[i] = chosen


@kernel
def _rate(asked, made, waited, terms, felt, unsolved, regard, came, hurt, seen):
    """How each was helped, what they feel and think of the shop: by shop, who `came` and who was `hurt` in public."""
    setting = terms.setting
    _, usual, _ = outcome_outside(setting)
    for i in range(asked.who.size):
        who, shop, channel = np.int64(asked.who[i]), np.int64(asked.shop[i]), made.channel[i]
        first = 16 * (np.int64(asked.mark[i]) * 4 + asked.kind[i])
        u = luck.pair(terms.answer, who, shop, first)
        if channel == BROADCAST:
            good = u < setting.good_broadcast
            seen[SETTLED] += 1
        else:
            answered = waited[i] >= 0.0
            minutes = waited[i] if answered else made.patience[i]
            good = answered and u < good_at(good_by(channel, setting), 60.0 * minutes, setting.kink, setting.fall)
            felt.waits[who] += setting.wait_weight * (minutes - setting.outside_wait / 60.0)
            came[shop] += 1
            chats, public = channel == CHAT or channel == VIDEO, channel == PUBLIC
            seen[BY_CHAT if chats else IN_PUBLIC if public else CALLED] += 1
            seen[VIDEOS] += channel == VIDEO
            seen[WHERE_IS_IT] += asked.kind[i] == WHERE
            if answered:
                seen[ANSWERED] += 1
                seen[WAITED] += int(60.0 * minutes + 0.5)
                seen[GOOD] += good
                seen[CHAT_ANSWERED] += chats
                seen[CHAT_GOOD] += chats and good
                seen[PUBLIC_ANSWERED] += public
                seen[PUBLIC_GOOD] += public and good
            else:
                seen[ABANDONED] += 1
            if public and not good:
                seen[HURT] += 1
                hurt[shop] += 1
        felt.worth[who] += (made.gain[i] + (setting.good_weight if good else 0.0)) / setting.price_weight
        if not good and luck.pair(terms.answer, who, shop, first + 1) < setting.repeat:
            unsolved[who] = shop
        row = who * terms.categories + shop // terms.shops_per_market % terms.categories
        place = shop % terms.shops_per_market
        before = np.int64(regard.opinion[row]) if regard.shop[row] == place else 0
        regard.shop[row], regard.opinion[row] = place, opinion(before, good, usual, setting.grudge)


def step(state: State) -> None:
    """Customers come with what troubles them, are helped or give up, and remember it; desks are staffed and paid."""
    spared = state.handed(SparedQuestions)
    if spared is not None and not state.settings(SupportSettings).on:  # else shops are spared what desks cost them
        state.add(MERCHANTS_WELFARE, spared.cents)
    shops, markets = state[MerchantColumns], state.table(DeskColumns).size
    if markets == 0:
        return
    shops.reputation[...] *= math.exp(-1.0 / state.settings(SupportSettings).healing)
    if not state.settings(SupportSettings).on:
        return
    terms = Terms(
        state.settings(SupportSettings).row, state.settings(DesksSettings).row, state.day, int(state.settings(MerchantsSettings).categories),
        merchant.shops_per_market(state), desks.shares_of(state.settings(DesksSettings)), state.luck("support.channel"),
        state.luck("support.time"), state.luck("support.answer"), state.lasting_luck("support.likes_chat"),
    )  # fmt: skip
    asked, topics = customers.come_today(state, terms.shops_per_market, markets), state[TopicColumns]
    topic = asked.shop.astype(np.int64) // terms.shops_per_market
    desks.broadcast(state, topic[asked.kind == QUESTION])
    many = asked.who.size
    made = Contacts(np.empty(many, np.uint8), *(np.empty(many) for _ in range(4)))
    _turn_to(asked, terms, state[DeskColumns].wait, topics.shown, made)
    waited = _serve(state, topic // terms.categories, made)
    came, hurt, seen = (np.zeros(size, np.int64) for size in (shops.open.size, shops.open.size, len(TALLIED)))
    unsolved, regard = state[CustomerColumns].unsolved, state[RegardColumns]
    _rate(asked, made, waited, terms, state[FeltColumns], unsolved, regard, came, hurt, seen)
    _repute(state, terms, came, hurt)
    for metric, number in zip(TALLIED, seen.tolist(), strict=True):
        state.note(metric, number)
    state.note(desks.TICKETS, int(seen[ANSWERED] + seen[ABANDONED]))
    _charge(state, asked.shop[(waited >= 0) & ((made.channel == CHAT) | (made.channel == VIDEO))])
    calls = topic[(waited >= 0) & (made.channel == TELEPHONE)] // terms.categories
    desks.charge_wages(state, np.bincount(calls, minlength=markets))
    desks.close_week(state)


def _repute(state: State, terms: Terms, came: NDArray[np.int64], hurt: NDArray[np.int64]) -> None:
    """Change what all think of shops by bad answers in public, more or fewer than usual; people not simulated get as many."""
    topics, shops = state[TopicColumns], state[MerchantColumns]
    _, _, usual = outcome_outside(terms.setting)
    spared = usual * came - hurt
    by_topic = topics.spared.size, terms.shops_per_market  # there may be topics without a shop
    topics.spared[...] += (spared.reshape(by_topic).sum(axis=1) - topics.spared) / WEEK
    number = np.maximum(1, shops.open.reshape(by_topic).sum(axis=1))
    others = (1.0 / merchant.market_scale(state) - 1.0) * topics.spared / number
    change = terms.setting.harm * (spared + np.repeat(others, terms.shops_per_market))
    shops.reputation[...] = np.clip(shops.reputation + change, -CERTAIN, CERTAIN)


def _serve(state: State, desk: NDArray[np.int64], made: Contacts) -> NDArray[np.float64]:
    """Minutes that each ticket waits at its desk, or queues.GAVE_UP; 0 for what a broadcast settled."""
    settings, mine = state.settings(SupportSettings), np.flatnonzero(made.channel != BROADCAST)
    videos = np.count_nonzero(made.channel == VIDEO) / max(1, mine.size)
    mean_service = state.settings(DesksSettings).service * (1.0 + (settings.video_time - 1.0) * videos)
    waited = np.zeros(desk.size)
    come = desks.Queue(desk[mine], made.minute[mine], made.patience[mine], made.service[mine])
    waited[mine] = desks.serve(state, come, mean_service)
    return waited


def _charge(state: State, shop: NDArray[np.uint32]) -> None:
    """Shops pay the platform for conversations, as far as they can."""
    price, ledger = state.settings(SupportSettings).price, state.ledger
    state.add(MESSAGES, state.settings(SupportSettings).messages * shop.size)
    if price == 0 or shop.size == 0:
        return
    rows, number = np.unique(shop, return_counts=True)
    cents = np.minimum(price * number, ledger[MERCHANTS][rows])
    ledger.pay_many((rows, 0, cents), MERCHANTS, COMPANY, "business_messages")
    state[MerchantColumns].spent[rows] += cents
    state.add(desks.COST, int(cents.sum()))


SUPPORT = Part(
    "support",
    tables={
        "customers": Rows(customers.CustomerColumns, section="support"),
        "regard": Rows(RegardColumns, merchant.a_category_each, section="support"),
        "desks": Rows(desks.DeskColumns, merchant.markets, section="support"),
        "desk_hours": Rows(desks.DutyColumns, lambda state: merchant.markets(state) * queues.HOURS, section="support"),
        "desk_agents": Rows(desks.AgentColumns, lambda state: merchant.markets(state) * desks.MOST, section="support"),
        "topics": Rows(desks.TopicColumns, desks.topics_needed, section="support"),
    },
    metrics=(*METRICS, *desks.METRICS),
    step=step,
)
