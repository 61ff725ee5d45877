"""Messaging: friends write to each other, in friend threads and group threads, with media and calls.

Whoever opens the app first answers what waited for them, then opens threads of their own. A friend who is here today
answers within the day; to one who is away the thread stays unread, and they answer when they come back. A message
into the group thread is read by all of the group who are here. Calls are made to friends who are here, sometimes with
several at once. Where messages vanish once read, who minds being known writes more, and nothing is left to read again.
"""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from sim.engine import elementary, luck
from sim.engine.kernels import Box, decide, is_full, kernel, outbox_of, prefetch, rule
from sim.engine.settings import assumed, decided
from sim.ground.friends import friends
from sim.ground.metrics import flow, ratio, sample_gini, stock
from sim.people.experience import LN61, ExperienceSettings, FeltColumns
from sim.people.inbox import MESSAGES, InboxColumns
from sim.people.knowledge import RetentionSettings
from sim.people.presence import HERE, STRANGER, PresenceSettings
from sim.people.users import MEMBER, UserColumns, UsersSettings
from sim.service import Part
from sim.state import State

MOST_THREADS = 40  # a person opens in a day, answers included: bounds the room a person takes in an outbox
CALLED = 3  # friends in a call with several
MOST_LETTERS = MOST_THREADS + CALLED
PEOPLE, THREADS = 64, 384  # worked out at a time
ROOM = 16_384
SOON = 12  # letters ahead that the memory is asked for
ANSWERS, TALK = 32, (1 << 32) - 1  # where the parts of a word of the inbox lie


class MessagingSettings(RetentionSettings):
    """[messaging]"""

    on: bool = decided.switch(True, "whether people can write to each other")
    calls_on: bool = decided.switch(True, "whether people can call each other")
    threads: float = assumed.amount(
        5.0,
        "threads a day",
        "threads opened on a day of use, for a sociability of 1",
        "fitted: 54 messages a day of use",
        1,
        15,
    )
    thread_messages: float = assumed.amount(
        7.2,
        "messages",
        "messages a thread is opened with, for a sociability of 1",
        "fitted: 54 messages a day of use",
        1,
        20,
    )
    reply_share: float = assumed.share(
        0.8,
        "messages answered per message received in a friend thread",
        "facts.csv: reciprocity of ties .64-.67",
        0.3,
        1.0,
    )
    group_share: float = assumed.share(0.15, "threads that go to the group", "round figure", 0.0, 0.5)
    media_share: float = assumed.share(0.15, "threads in pictures, voice or film", "round figure", 0.0, 0.5)
    media_worth: float = assumed.amount(1.5, "messages", "worth of a media message, in messages", "round figure", 1, 4)
    calls: float = assumed.amount(
        0.1, "calls a day", "calls made on a day of use", "facts.csv: 280e6 voice minutes over 570e6 daily users, 5 minutes each",
        0, 1,
    )  # fmt: skip
    call_minutes: float = assumed.number(5.0, "minutes", "mean length of a call", "round figure", 1, 20, gt=0, le=1_440)
    call_party: float = assumed.share(0.15, "calls with three friends at once", "round figure", 0, 0.5)
    minute_worth: float = assumed.amount(
        4.0, "messages", "worth of a minute's call to each, in messages", "round figure", 0, 15
    )
    freedom: float = assumed.number(
        0.2, "share", "more threads by a person of full privacy concern where messages vanish",
        "at most .43: 13 % of comments are written and not sent (Das, Kramer 2013, from memory); sweep", 0, 0.43, ge=0, le=10,
    )  # fmt: skip
    rereading: float = assumed.share(
        0.03,
        "part of the worth of talk that lies in reading it again later, in messages",
        "no source: sweep",
        0.0,
        0.15,
    )
    festival: float = assumed.amount(
        0.07,
        "share",
        "more threads on a festival's first day, besides more presence",
        "facts.csv: messages times 1.15",
        0,
        0.5,
    )


MEDIA = flow("messaging.media", "messages", "of these, pictures, voice and film", "neither")
GROUP_MESSAGES = flow("messaging.group", "messages", "of these, into group threads", "neither")
ANSWERS_SENT = flow("messaging.answers", "messages", "of these, answers in friend threads", "neither")
THREADS_OPENED = flow("messaging.threads", "threads", "threads opened")
CALLS = flow("messaging.calls", "calls", "calls made")
CALL_MINUTES = flow("messaging.call_minutes", "minutes", "minutes of calls, summed over those called")
USER_DAYS = flow("messaging.user_days", "people", "people awake, summed over days")
MESSAGES_PER_ACTIVE = ratio("messaging.per_active", "messages", "messages sent a day of use", MESSAGES, USER_DAYS)
UNREAD = stock(
    "messaging.unread", "share", "mean of u/(1+u) over members, u unread threads: what presence is centred on",
    "neither",
)  # fmt: skip
SENDER_GINI = stock(
    "messaging.sender_gini", "share", "inequality of messages sent since day 0 among members", "neither"
)
METRICS = (
    MESSAGES, MEDIA, GROUP_MESSAGES, ANSWERS_SENT, THREADS_OPENED, CALLS, CALL_MINUTES, USER_DAYS,
    MESSAGES_PER_ACTIVE, UNREAD, SENDER_GINI,
)  # fmt: skip


Letters = outbox_of(  # threads opened: `to` is a friend, or people + group; `answered` messages came back within the day
    "Letters", who=np.uint32, to=np.uint32, answered=np.int32, talk=np.int32,
    tallies=("messages", "media", "group", "answers", "threads", "calls", "call_minutes"),
)  # fmt: skip
TALLIED = (MESSAGES, MEDIA, GROUP_MESSAGES, ANSWERS_SENT, THREADS_OPENED, CALLS, CALL_MINUTES)  # in that order


def letters() -> Box:
    """An empty outbox of letters."""
    return Letters.empty(ROOM)


class Writers(NamedTuple):
    """Scratch for the people of a batch, a cell each."""

    threads: np.ndarray  # mean of those they open
    none: np.ndarray  # chance to open none
    length: np.ndarray  # scale of what luck makes a thread's length of
    answering: np.ndarray  # place of the first thread of each who has letters to answer


class Threads(NamedTuple):
    """Scratch for the threads of a batch, a cell each."""

    whose: np.ndarray
    word: np.ndarray  # of luck
    length: np.ndarray
    answer: np.ndarray  # 1 if somebody waits for it
    mind: np.ndarray  # luck that brings a friend to mind
    kind: np.ndarray  # luck: low is media, high is for the group
    sent: np.ndarray
    back: np.ndarray
    talk: np.ndarray
    friend: np.ndarray
    there: np.ndarray


@rule
def threads_wanted(threads, sociability, festive):
    """Mean threads a person opens on a day of use: the sociable write to more people, and more to each."""
    return threads * festive * math.sqrt(sociability)


@rule
def threads_today(threads, sociability, concern, freedom, festive):
    """Mean threads a person opens today: where messages vanish, `freedom` more of them at full concern for privacy."""
    return (1.0 + freedom * concern) * threads_wanted(threads, sociability, festive)


@rule
def messages_wanted(thread_messages, sociability):
    """Mean messages a thread is opened with."""
    return thread_messages * math.sqrt(sociability)


@rule
def said_in_thread(setting, is_answer, length, kind, asks, reply):
    """Messages sent in a thread, messages that come back if the friend is here, and what is sent in messages' worth.

    length, kind, asks and reply are its luck. Who answers sends what they owe, and nothing comes back to that.
    """
    asked = 1.0 + np.floor(length * elementary.log(asks))
    answered = np.floor(setting.reply_share * asked + reply)
    written = max(1.0, answered) if is_answer else asked
    talk = np.floor(written * setting.media_worth + 0.5) if kind < setting.media_share else written
    return np.int32(written), np.int32(0.0 if is_answer else answered), np.int32(talk)


@rule
def addressee(setting, is_answer, kind, friend, there):
    """Whether a thread goes into the group, and else whether its friend is on this app and gets it."""
    in_group = (kind > 1.0 - setting.group_share) & (is_answer == 0)
    return in_group, (friend >= 0) & (there != STRANGER) & (not in_group)


@rule
def send(box, who, to, answered, talk):
    """Write one letter into the box."""
    at = box.used[0]
    box.who[at], box.to[at] = who, to
    box.answered[at], box.talk[at] = answered, talk
    box.used[0] = at + 1


@kernel
def _write(awake, start, users, here, mine, felt, rows, setting, festive, keys, box):
    """Threads and calls of everyone awake, from `start` on; returns where the box was full.

    Draw all threads of a batch, look up friends, then write: loops without a choice in them are vectorised, and the
    memory is asked for many friends at once. Reads of others only whether they are members and here today; writes the
    row of its own person and the box. keys: threads, calls.
    """
    writers, threads = _room_for_writers(), _room_for_threads()
    freedom = setting.freedom if setting.ephemeral else 0.0
    mean, none, length = writers.threads, writers.none, writers.length
    word, long, answer, mind, kind = threads.word, threads.length, threads.answer, threads.mind, threads.kind
    sent, back, talk = threads.sent, threads.back, threads.talk
    at = start
    while at < awake.size and not is_full(box, MOST_LETTERS):
        some = awake[at : at + PEOPLE]
        for i in range(some.size):
            length[i] = users.sociability[some[i]]
            mean[i] = users.privacy_concern[some[i]]
            prefetch(rows.friend, rows.first[some[i]])
            prefetch(rows.friend, rows.first[some[i]] + 16)
        for i in range(some.size):
            mean[i] = threads_today(setting.threads, length[i], mean[i], freedom, festive)
            none[i] = elementary.exp(-mean[i])
            length[i] = luck.geometric_scale(messages_wanted(setting.thread_messages, length[i]))
        number, many, answering = _draw_threads(
            some, mine.unread, keys[0], box.who.size - box.used[0], writers, threads
        )
        for i in range(many):
            mind[i], kind[i], asks, reply = luck.quarters(luck.mix(word[i]))
            sent[i], back[i], talk[i] = said_in_thread(setting, answer[i], long[i], kind[i], asks, reply)
        _look_up(rows, here, mine.waiting, many, writers.answering[:answering], threads)
        _write_down(rows, here.size, mine.sent, felt.talk, setting, many, threads, box)
        for who in some[:number]:
            mine.unread[who] = 0
            if setting.calls_on and luck.two(keys[0], who, 0)[1] < setting.calls:
                felt.talk[who] += call_friends(here, rows, who, setting, keys[1], box)
        at += number
    return at


@rule
def _room_for_writers():
    return Writers(np.empty(PEOPLE), np.empty(PEOPLE), np.empty(PEOPLE), np.empty(PEOPLE + 1, np.int32))


@rule
def _room_for_threads():
    return Threads(
        np.empty(THREADS, np.uint32), np.empty(THREADS, np.uint64), np.empty(THREADS), np.empty(THREADS, np.uint8),
        np.empty(THREADS), np.empty(THREADS), np.empty(THREADS, np.int32), np.empty(THREADS, np.int32),
        np.empty(THREADS, np.int32), np.empty(THREADS, np.int32), np.empty(THREADS, np.uint8),
    )  # fmt: skip


@rule
def _draw_threads(some, unread, key, room, writers, threads):
    """Threads of as many of these people as there is room for: returns how many people, threads, and who answer."""
    whose, word, length, answer = threads.whose, threads.word, threads.length, threads.answer
    many = number = answering = 0
    while number < some.size and many + MOST_THREADS <= THREADS and many + MOST_LETTERS + CALLED * number <= room:
        who = some[number]
        waiting = min(np.int64(unread[who]), MOST_THREADS // 2)
        writers.answering[answering] = many
        answering += waiting > 0
        own = luck.of(key, who)
        u, _ = luck.halves(luck.mix(own))
        mean = writers.threads[number]
        opened = luck.poisson_of(mean, writers.none[number], u) if mean < 50.0 else luck.poisson(mean, u)
        for thread in range(min(waiting + opened, MOST_THREADS)):
            whose[many], length[many], answer[many] = who, writers.length[number], thread < waiting
            word[many] = own + np.uint64(2 * thread + 1) * luck.GOLD
            many += 1
        number += 1
    return number, many, answering


@rule
def _look_up(rows, here, waiting, many, answering, threads):
    """Whom each of these threads is for, and whether they are here."""
    whose, word, mind, friend, there = threads.whose, threads.word, threads.mind, threads.friend, threads.there
    if friends.is_everyone(rows):  # 16 bits would name too few of them
        for i in range(many):
            mind[i] = luck.fraction(luck.mix(word[i] + luck.GOLD))
    for i in range(many):
        friend[i] = friends.pick_friend(rows, whose[i], mind[i])
        prefetch(here, friend[i])
    for i in answering:
        friend[i] = waiting[whose[i]]  # whoever wrote last is answered first
    for i in range(many):
        there[i] = here[max(0, friend[i])]


@rule
def _write_down(rows, people, sent_so_far, felt_talk, setting, many, threads, box):
    """Write these threads into the box, with their tallies, and into the rows of those who wrote."""
    whose, answer, kind, friend, there = threads.whose, threads.answer, threads.kind, threads.friend, threads.there
    sent, back, talk = threads.sent, threads.back, threads.talk
    messages = media = in_groups = in_answers = 0
    used = box.used[0]
    for i in range(many):
        who = whose[i]
        in_group, known = addressee(setting, answer[i], kind[i], friend[i], there[i])
        written = np.int64(sent[i]) * (known | in_group)
        answered = np.int64(back[i]) * (known & (there[i] == HERE))
        box.who[used] = who
        box.to[used] = people + rows.group_of[who] if in_group else friend[i]
        box.answered[used], box.talk[used] = answered, talk[i]
        used += known | in_group
        felt_talk[who] += (talk[i] + answered) * known  # talk into the group comes back when the group is read
        sent_so_far[who] += written
        messages += written + answered
        media += written * (kind[i] < setting.media_share)
        in_groups += written * in_group
        in_answers += answered + written * answer[i]
    tally = box.tally[0]
    tally.messages += messages
    tally.media += media
    tally.group += in_groups
    tally.answers += in_answers
    tally.threads += used - box.used[0]
    box.used[0] = used


@rule
def call_friends(here, rows, who, setting, key, box):
    """Call one friend, or three at once; returns the worth of the call to the caller, in messages."""
    minutes = luck.geometric(setting.call_minutes, luck.uniform(key, who, 1))
    worth = luck.rounded(minutes * setting.minute_worth, 0.5)
    called = 0
    for k in range(CALLED if luck.uniform(key, who, 2) < setting.call_party else 1):
        to = np.int64(friends.pick_friend(rows, who, luck.uniform(key, who, 3 + k)))
        if to >= 0 and here[to] == HERE:
            send(box, who, np.uint32(to), 0, worth)
            called += 1
    if called == 0:
        return 0
    box.tally[0].calls += 1
    box.tally[0].call_minutes += minutes * called
    return worth


@kernel
def _deliver(box, here, mine, inbox, in_group):
    """Hand letters over: to those here as talk, to those away as an unread thread, to a group as its messages.

    inbox: what the day brings a person, talk and their answers in one word, so that a letter touches one place.
    """
    people = here.size
    for i in range(box.used[0]):
        soon = box.to[min(i + SOON, box.to.size - 1)]
        prefetch(here, soon)
        prefetch(inbox, soon)
        prefetch(mine.unread, soon)
        to = np.int64(box.to[i])
        if to >= people:
            in_group[to - people] += box.talk[i]
            continue
        if here[to] == HERE:
            answered = np.int64(box.answered[i])
            inbox[to] += box.talk[i] + answered + (answered << ANSWERS)
        elif mine.unread[to] < 60_000:
            mine.unread[to] += np.uint16(1)
            mine.waiting[to] = box.who[i]


@kernel
def _read(first, last, membership, inbox, mine, talk):
    """Everyone reads what came, and has answered; empties the inbox.

    Returns members' sum of u/(1+u), u their unread threads, in millionths.
    """
    total = 0
    came, sent, unread, member = (
        inbox[first:last],
        mine.sent[first:last],
        mine.unread[first:last],
        membership[first:last],
    )
    felt = talk[first:last]
    for i in range(came.size):
        felt[i] += came[i] & TALK
        sent[i] += came[i] >> ANSWERS
        came[i] = 0
        if unread[i] > 0 and member[i] == MEMBER:
            total += int(1e6 * unread[i] / (1.0 + unread[i]))
    return total


@kernel
def _read_groups(awake, group_of, in_group, lost, felt):
    """Everyone awake reads the group thread, their own messages among them; `lost` is what cannot be read again."""
    for who in awake:
        talk = felt.talk[who] + in_group[group_of[who]]
        felt.talk[who] = talk - np.int32(lost * talk + 0.5)


def first_talk(state: State) -> None:
    """Day 0: everyone's experience is that of their usual day, by the means of the rules above.

    It follows from what is assumed of people alone, whether or not they can write here: a messenger without messages
    is worth less than usual.

    Own threads, those of friends whose wish to write is usual, and the answers to both; a part of the friends is here,
    and a day's talk scatters around its mean, which lowers its mean logarithm by half its relative variance (a sum of
    n geometric numbers has 2/n).
    """
    settings, users, felt = state.settings(MessagingSettings), state[UserColumns], state[FeltColumns]
    here, answered = (
        state.settings(UsersSettings).first_members,
        1 + settings.reply_share * state.settings(PresenceSettings).usual_share,
    )
    threads = settings.threads * np.sqrt(users.sociability.astype(np.float64))
    own = threads * settings.thread_messages * np.sqrt(users.sociability) * answered
    others = settings.threads * settings.thread_messages * answered
    talk = here * (own + others)
    scatter = 1 / np.maximum(1e-9, here * (threads + settings.threads) * answered)  # nobody here, nothing written
    for column in (felt.usual, felt.experience, felt.satisfaction, felt.habit):
        column[...] = state.settings(ExperienceSettings).talk_worth / LN61 * np.maximum(0, np.log1p(talk) - scatter)


def step(state: State) -> None:
    """Friends write to friends."""
    settings = state.settings(MessagingSettings)
    if not settings.on:
        return
    mine, users, felt = state[InboxColumns], state[UserColumns], state[FeltColumns]
    rows = state.friends.rows
    tally: Counter[str] = Counter()
    in_group = np.zeros(max(1, rows.group_first.size - 1), np.int32)
    festive = 1.0 + settings.festival * state.festival
    keys = state.luck("messaging.threads"), state.luck("messaging.calls")
    for box in decide(state, _write, letters, users, state.here, mine, felt, rows, settings.row, festive, keys):
        _deliver(box, state.here, mine, state.scratch, in_group)
        tally.update(box.tallies())
    (unread,) = state.over_blocks(lambda part: (_read(*part, users.membership, state.scratch, mine, felt.talk),))
    lost = settings.rereading if settings.ephemeral else 0.0
    for part in state.awake:
        _read_groups(part, rows.group_of, in_group, lost, felt)
    for metric, name in zip(TALLIED, Letters.tallied, strict=True):
        state.note(metric, tally[name])
    state.note(USER_DAYS, sum(part.size for part in state.awake))
    state.note(UNREAD, unread / 1e6 / max(1, int((users.membership == MEMBER).sum())))
    state.note_slowly(SENDER_GINI, lambda: sample_gini(mine.sent, users.membership == MEMBER))


MESSAGING = Part("messaging", metrics=METRICS, step=step)
