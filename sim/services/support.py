"""Support: who has a question or a complaint is helped in the thread, on the telephone, or complains in public.

Customers come with questions, defects and what was not solved before (people/customers.py). Each turns to a channel by a
logit over the chance of a good answer, at yesterday's wait, and effort; the agents of their market's help desk answer
in order of time (firms/desks.py). Bad answers are brought up again and held against the shop; complained of in public,
they lower what all think of it for a while. By live video one agent helps one customer better and longer, or answers a
question for all who watch, and sells.

What troubles customers troubles them without the platform too: they call, or complain in public. So all that is felt,
held against shops and thought of them is reckoned from what is usual outside, and shops are spared what help costs them
there.
"""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, remembered, rule
from sim.engine.settings import Settings, assumed, decided
from sim.firms import desks, merchant
from sim.firms.desks import WEEK
from sim.firms.merchant import MERCHANTS
from sim.ground import queues
from sim.ground.ledger import COMPANY
from sim.ground.metrics import flow, ratio
from sim.people import customers
from sim.people.customers import QUESTION, WHERE

if TYPE_CHECKING:
    from sim.world import World

NONE = 255  # no shop
CERTAIN = 100.0  # logit units: nobody is thought better of, or worse
CHAT, PUBLIC, TELEPHONE, VIDEO, BROADCAST = range(5)  # how they are helped
CHANNELS = 3  # to choose from: video is a better chat, a broadcast comes before any


class SupportSettings(Settings):
    """[support]"""

    on: bool = decided.switch(False, "whether shops' customer service is part of the platform")
    chat: bool = decided.switch(
        True, "whether help by chat in the thread is offered; else there are telephone and public complaint"
    )
    video: bool = decided.switch(False, "whether shops can help by live video, one to one and one to many")
    price: int = decided.count(
        0,
        "cents",
        "price of a conversation in the thread, paid by the shop",
        "facts.csv: WhatsApp, 7-16 a message",
        0,
        500,
    )
    questions: float = assumed.share(
        0.012, "chance of a question to a shop on a day of use",
        "fitted: 62 chats a company and month (facts.csv: Zendesk 2015)", 0.002, 0.03,
    )  # fmt: skip
    defects: float = assumed.share(0.05, "orders in which something is wrong", "round figure", 0.01, 0.15)
    repeat: float = assumed.share(
        0.4, "what was not solved that is brought up again on the next day of use", "round figure", 0, 0.9
    )
    good_chat: float = assumed.share(0.92, "good answers by chat, taken at once", "facts.csv: Zendesk 2015", 0.8, 0.97)
    good_public: float = assumed.share(
        0.77, "good answers to public complaints, taken at once", "facts.csv: Zendesk 2015, Twitter", 0.65, 0.9
    )
    good_telephone: float = assumed.share(
        0.88, "good answers by telephone, taken at once", "facts.csv: Zendesk 2015, voice", 0.75, 0.95
    )
    kink: float = assumed.amount(180.0, "seconds", "wait from which answers please less", "facts.csv: Comm100", 60, 400)
    fall: float = assumed.share(0.05, "good answers lost by each minute beyond", "MODEL.md", 0.01, 0.2)
    good_weight: float = assumed.amount(4.0, "logit units", "worth of a good answer", "MODEL.md", 1, 8)
    effort_chat: float = assumed.amount(0.2, "logit units", "effort of chatting", "MODEL.md", 0, 2)
    effort_public: float = assumed.amount(1.0, "logit units", "effort of complaining in public", "MODEL.md", 0, 3)
    effort_telephone: float = assumed.amount(0.8, "logit units", "effort of a call", "MODEL.md", 0, 3)
    price_weight: float = assumed.positive(
        0.4, "logit units per CNY", "how much money counts: a good answer is worth 10 CNY", "20 minutes' wages", 0.1, 2
    )
    wait_weight: float = assumed.amount(
        0.05, "logit units a minute", "what a minute's wait takes from a day", "round figure", 0, 0.3
    )
    outside_wait: float = assumed.amount(
        120.0, "seconds", "mean wait on the telephone where the platform has no part in it", "round figure", 0, 900
    )
    outside_unanswered: float = assumed.share(
        0.1, "customers unanswered there", "fitted: as many as in twitter.toml", 0.0, 0.4
    )
    chat_worth: float = assumed.positive(
        300.0, "cents", "mean worth to a shop of a chat in place of a call", "no source: sweep", 50, 2_000
    )
    messages: int = assumed.count(10, "messages", "messages of a conversation", "round figure", 2, 30)
    video_share: float = assumed.share(
        0.3, "chats that go over to live video, but for 'where is it'", "round figure", 0, 1
    )
    good_video: float = assumed.share(0.97, "good answers by live video", "no source: sweep", 0.9, 1)
    video_time: float = assumed.positive(1.5, "times", "length of a live video over a chat", "round figure", 1, 3)
    alike: float = assumed.share(
        0.4, "questions that one broadcast on a kind of goods would settle", "round figure", 0, 0.8
    )
    watching: float = assumed.share(0.5, "of those, asked by somebody who watched", "no source: sweep", 0, 1)
    good_broadcast: float = assumed.share(0.85, "questions settled well by a broadcast", "no source: sweep", 0.6, 1)
    effort_broadcast: float = assumed.amount(0.1, "logit units", "effort of watching", "round figure", 0, 1)
    lasting: int = assumed.count(
        5, "days", "days for which a broadcast answers what is asked", "round figure", 1, 30, ge=1
    )
    broadcast_cost: int = assumed.count(
        5_000, "cents", "cost of a broadcast: host, and an hour's work", "round figure", 1_000, 100_000
    )
    charm: float = assumed.amount(
        0.003, "logit units", "rise in what all think of the shops shown in a broadcast", "no source: sweep", 0, 0.05
    )
    harm: float = assumed.amount(
        0.01,
        "logit units",
        "fall in what a full market thinks of a shop by a bad answer in public, to what is usual",
        "no source: sweep",
        0,
        0.05,
    )
    healing: float = assumed.positive(30.0, "days", "time in which such opinion fades", "round figure", 7, 180)
    grudge: float = assumed.amount(
        1.2, "logit units", "change in a customer's opinion of the shop from a bad answer to a good one",
        "no source: sweep", 0, 1.2,
    )  # fmt: skip


class RegardColumns(Table):
    """A row a person and category, as purchases: the last experience of being helped."""

    shop = Column(np.uint8, NONE, "place in its circle of the shop that helped last; 255 for none")
    opinion = Column(np.int8, 0, "what the person thinks of it for that", "hundredths of a logit unit")


METRICS = (
    flow("support.tickets", "people", "customers who turned to a shop for help", "neither"),
    flow("support.where_is_it", "people", "of these, asking where an order is", "less"),
    flow("support.answered", "people", "customers whom an agent took", "neither"),
    flow("support.abandoned", "people", "customers who gave up, or whom nobody could take: unanswered", "less"),
    ratio("support.abandoned_share", "share", "customers unanswered", "support.abandoned", "support.tickets", "less"),
    flow("support.waited", "seconds", "time waited by those answered", "less"),
    ratio("support.wait_seconds", "seconds", "mean wait of those answered", "support.waited", "support.answered", "less"),
    flow("support.good", "answers", "good answers"),
    ratio("support.satisfaction", "share", "good answers, of all", "support.good", "support.answered"),
    flow("support.chat", "people", "customers who chose the chat, video included", "neither"),
    flow("support.public", "people", "customers who complained in public", "less"),
    flow("support.telephone", "people", "customers who called", "neither"),
    ratio("support.chat_share", "share", "customers who chose the chat", "support.chat", "support.tickets", "neither"),
    ratio("support.public_share", "share", "customers who complained in public", "support.public", "support.tickets", "less"),
    flow("support.chat_answered", "answers", "answers by chat and video", "neither"),
    flow("support.public_answered", "answers", "answers to public complaints", "neither"),
    flow("support.chat_good", "answers", "good answers by chat and video"),
    flow("support.public_good", "answers", "good answers to public complaints", "neither"),
    ratio("support.chat_satisfaction", "share", "good answers by chat", "support.chat_good", "support.chat_answered"),
    ratio("support.public_satisfaction", "share", "those in public", "support.public_good", "support.public_answered"),
    flow("support.public_unsolved", "people", "public complaints without a good answer", "less"),
    flow("support.videos", "people", "of the chats, those that went over to video", "neither"),
    flow("support.settled_by_broadcast", "people", "customers who had their answer from a broadcast"),
)  # fmt: skip
TALLIED = (
    "answered", "abandoned", "good", "chat", "public", "telephone", "chat_answered", "public_answered", "chat_good",
    "public_good", "public_unsolved", "videos", "settled_by_broadcast", "where_is_it", "waited",
)  # fmt: skip
(ANSWERED, ABANDONED, GOOD, BY_CHAT, IN_PUBLIC, CALLED, CHAT_ANSWERED, PUBLIC_ANSWERED, CHAT_GOOD, PUBLIC_GOOD, HURT,
 VIDEOS, SETTLED, WHERE_IS_IT, WAITED) = range(len(TALLIED))  # fmt: skip


@remembered
class Contacts(NamedTuple):
    """What becomes of each ticket before anybody serves it."""

    channel: NDArray[np.uint8]
    gain: NDArray[np.float64]  # worth of turning there above what is outside, but for the answer, in logit units
    minute: NDArray[np.float64]
    patience: NDArray[np.float64]
    service: NDArray[np.float64]


@remembered
class Terms(NamedTuple):
    """What kernels know of today; the last four are keys of luck."""

    it: Any  # the settings of this section and of [desks]
    desk: Any
    day: int
    categories: int
    circle: int  # rows a market and category
    shares: NDArray[np.float64]  # of customers, by hour
    channel: np.uint64
    time: np.uint64
    answer: np.uint64
    likes_chat: np.uint64  # lasting


@rule
def good_at(chance, seconds, kink, fall):
    """Chance that an answer pleases after a wait: it falls by each minute beyond the kink."""
    return max(0.0, chance - fall * max(0.0, seconds - kink) / 60.0)


@rule
def good_by(channel, it):
    """Chance of a good answer in a channel, taken at once."""
    if channel == CHAT:
        return it.good_chat
    if channel == VIDEO:
        return it.good_video
    if channel == BROADCAST:
        return it.good_broadcast
    return it.good_public if channel == PUBLIC else it.good_telephone


@rule
def pull(channel, seconds, it):
    """Worth of turning to a channel at a wait, in logit units."""
    effort = it.effort_chat if channel == CHAT else it.effort_public if channel == PUBLIC else it.effort_telephone
    return it.good_weight * good_at(good_by(channel, it), seconds, it.kink, it.fall) - effort


@rule
def outside(it):
    """What is usual without the platform: worth in logit units, chance of a good answer, of a bad one in public."""
    public, telephone = pull(PUBLIC, it.outside_wait, it), pull(TELEPHONE, it.outside_wait, it)
    share = 1.0 / (1.0 + math.exp(telephone - public))
    good_public = good_at(it.good_public, it.outside_wait, it.kink, it.fall)
    good_telephone = good_at(it.good_telephone, it.outside_wait, it.kink, it.fall)
    good, answered = share * good_public + (1.0 - share) * good_telephone, 1.0 - it.outside_unanswered
    worth = public - math.log(share) - it.good_weight * good * it.outside_unanswered
    return worth, good * answered, share * (1.0 - good_public * answered)


@rule
def offers_chat(price, worth, u):
    """Whether a shop helps in the thread: while a conversation is worth its price to it."""
    return price <= 0 or price <= luck.exponential(worth, u)


@rule
def is_settled(day, shown, it, u):
    """Whether a broadcast has answered this question: it was shown of late, is of that kind, and was watched."""
    return day - shown < it.lasting and u < it.alike * it.watching


@rule
def opinion(before, good, usual, grudge):
    """What a person thinks of a shop for how it helped, in hundredths of a logit unit: half of it is older.

    An answer tells by how much better or worse it is than what is `usual`.
    """
    new = grudge * ((1.0 if good else 0.0) - usual)
    return max(-120, min(120, int(round(0.5 * before + 100.0 * new))))


@kernel
def _turn_to(asked, terms, wait, shown, made):
    """Each ticket finds its channel, its time of day, its patience and how long it takes."""
    it = terms.it
    usual, _, _ = outside(it)
    for i in range(asked.who.size):
        who, shop, kind = asked.who[i], np.int64(asked.shop[i]), asked.kind[i]
        first = 16 * (np.int64(asked.mark[i]) * 4 + kind)  # of this ticket's draws
        topic = shop // terms.circle
        seconds = wait[topic // terms.categories]
        made.minute[i] = queues.moment(luck.pair(terms.time, who, shop, first), terms.shares)
        made.patience[i] = luck.exponential(terms.desk.patience, luck.pair(terms.time, who, shop, first + 1))
        made.service[i] = luck.exponential(terms.desk.service, luck.pair(terms.time, who, shop, first + 2))
        if it.video and kind == QUESTION:
            if is_settled(terms.day, np.int64(shown[topic]), it, luck.pair(terms.channel, who, shop, first)):
                made.channel[i] = BROADCAST
                made.gain[i] = -it.effort_broadcast - usual
                continue
        offered = it.chat and offers_chat(it.price, it.chat_worth, luck.uniform(terms.likes_chat, shop, 0))
        best, chosen, total = -math.inf, PUBLIC, 0.0
        for channel in range(CHANNELS):
            if channel == CHAT and not offered:
                continue
            worth = pull(channel, seconds, it)
            total += math.exp(worth)
            noisy = worth - math.log(-math.log(luck.pair(terms.channel, who, shop, first + 1 + channel)))
            if noisy > best:
                best, chosen = noisy, channel
        expected = it.good_weight * good_at(good_by(chosen, it), seconds, it.kink, it.fall)
        made.gain[i] = math.log(total) - expected - usual
        goes_over = luck.pair(terms.channel, who, shop, first + 5) < it.video_share
        if chosen == CHAT and it.video and kind != WHERE and goes_over:
            chosen = VIDEO
            made.service[i] *= it.video_time
        made.channel[i] = chosen


@kernel
def _rate(asked, made, waited, terms, felt, unsolved, regard, came, hurt, seen):
    """How each was helped, what they feel and think of the shop: by shop, who `came` and who was `hurt` in public."""
    it = terms.it
    _, usual, _ = outside(it)
    for i in range(asked.who.size):
        who, shop, channel = np.int64(asked.who[i]), np.int64(asked.shop[i]), made.channel[i]
        first = 16 * (np.int64(asked.mark[i]) * 4 + asked.kind[i])
        u = luck.pair(terms.answer, who, shop, first)
        if channel == BROADCAST:
            good = u < it.good_broadcast
            seen[SETTLED] += 1
        else:
            answered = waited[i] >= 0.0
            minutes = waited[i] if answered else made.patience[i]
            good = answered and u < good_at(good_by(channel, it), 60.0 * minutes, it.kink, it.fall)
            felt.waits[who] += it.wait_weight * (minutes - it.outside_wait / 60.0)
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
        felt.worth[who] += (made.gain[i] + (it.good_weight if good else 0.0)) / it.price_weight
        if not good and luck.pair(terms.answer, who, shop, first + 1) < it.repeat:
            unsolved[who] = shop
        row = who * terms.categories + shop // terms.circle % terms.categories
        place = shop % terms.circle
        before = np.int64(regard.opinion[row]) if regard.shop[row] == place else 0
        regard.shop[row], regard.opinion[row] = place, opinion(before, good, usual, it.grudge)


def bytes_a_person(scenario: Any) -> int:
    """Memory a person takes, in bytes."""
    return customers.CustomerColumns.bytes_a_row() + int(scenario.merchants.categories) * RegardColumns.bytes_a_row()


def step(world: "World") -> None:
    """Customers come with what troubles them, are helped or give up, and remember it; desks are staffed and paid."""
    shops, markets = world.tables["merchants"].rows, world.tables["desks"].size
    if markets == 0:
        return
    shops.reputation[...] *= math.exp(-1.0 / world.now.support.healing)
    if not world.now.support.on:
        return
    terms = Terms(
        world.now.support.row, world.now.desks.row, world.day, int(world.scenario.merchants.categories),
        merchant.shops_a_circle(world), desks.shares_of(world.now.desks), world.luck("support.channel"),
        world.luck("support.time"), world.luck("support.answer"), world.lasting_luck("support.likes_chat"),
    )  # fmt: skip
    asked, topics = customers.come(world, terms.circle, markets), world.tables["topics"].rows
    topic = asked.shop.astype(np.int64) // terms.circle
    desks.broadcast(world, topic[asked.kind == QUESTION])
    many = asked.who.size
    made = Contacts(np.empty(many, np.uint8), *(np.empty(many) for _ in range(4)))
    _turn_to(asked, terms, world.tables["desks"].rows.wait, topics.shown, made)
    waited = _serve(world, topic // terms.categories, made)
    came, hurt, seen = (np.zeros(size, np.int64) for size in (shops.open.size, shops.open.size, len(TALLIED)))
    unsolved, regard = world.tables["customers"].rows.unsolved, world.tables["regard"].rows
    _rate(asked, made, waited, terms, world.felt.rows, unsolved, regard, came, hurt, seen)
    _repute(world, terms, came, hurt)
    for name, number in zip(TALLIED, seen.tolist(), strict=True):
        world.note(f"support.{name}", number)
    world.note("support.tickets", int(seen[ANSWERED] + seen[ABANDONED]))
    _charge(world, asked.shop[(waited >= 0) & ((made.channel == CHAT) | (made.channel == VIDEO))])
    calls = topic[(waited >= 0) & (made.channel == TELEPHONE)] // terms.categories
    desks.bill(world, np.bincount(calls, minlength=markets))
    desks.settle(world)


def _repute(world: "World", terms: Terms, came: NDArray[np.int64], hurt: NDArray[np.int64]) -> None:
    """All think worse of shops for bad answers in public, to what is usual; people who are not simulated get as many."""
    topics, shops = world.tables["topics"].rows, world.tables["merchants"].rows
    _, _, usual = outside(terms.it)
    spared, circles = usual * came - hurt, (topics.spared.size, terms.circle)  # there may be circles without a shop
    topics.spared[...] += (spared.reshape(circles).sum(axis=1) - topics.spared) / WEEK
    number = np.maximum(1, shops.open.reshape(circles).sum(axis=1))
    others = (1.0 / world.market_scale - 1.0) * topics.spared / number
    change = terms.it.harm * (spared + np.repeat(others, terms.circle))
    shops.reputation[...] = np.clip(shops.reputation + change, -CERTAIN, CERTAIN)


def _serve(world: "World", desk: NDArray[np.int64], made: Contacts) -> NDArray[np.float64]:
    """Minutes that each ticket waits at its desk, or queues.GAVE_UP; 0 for what a broadcast settled."""
    settings, mine = world.now.support, np.flatnonzero(made.channel != BROADCAST)
    videos = np.count_nonzero(made.channel == VIDEO) / max(1, mine.size)
    mean_service = world.now.desks.service * (1.0 + (settings.video_time - 1.0) * videos)
    waited = np.zeros(desk.size)
    come = desks.Queue(desk[mine], made.minute[mine], made.patience[mine], made.service[mine])
    waited[mine] = desks.serve(world, come, mean_service)
    return waited


def _charge(world: "World", shop: NDArray[np.uint32]) -> None:
    """Shops pay the platform for conversations, as far as they can."""
    price, ledger = world.now.support.price, world.ledger
    world.add("messaging.messages", world.now.support.messages * shop.size)
    if price == 0 or shop.size == 0:
        return
    rows, number = np.unique(shop, return_counts=True)
    cents = np.minimum(price * number, ledger[MERCHANTS][rows])
    ledger.pay_many((rows, 0, cents), MERCHANTS, COMPANY, "business_messages")
    world.tables["merchants"].rows.spent[rows] += cents
    world.add("support.cost", int(cents.sum()))
