"""Messaging: friends write to each other, in friend threads and group threads, with media and calls.

Whoever opens the app first answers what waited for them, then opens threads of their own. A friend who is here today
answers within the day; to one who is away the thread stays unread, and they answer when they come back. A message
into the group thread is read by all of the group who are here. Calls are made to friends who are here, sometimes with
several at once. Where messages vanish once read, who minds being known writes more, and nothing is left to read again.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.engine import elementary, luck
from sim.engine.kernels import decide, kernel, prefetch, remembered, rule
from sim.engine.settings import assumed, decided
from sim.ground.friends import friends
from sim.ground.metrics import flow, ratio, sample_gini, stock
from sim.people.experience import LN61, ExperienceSettings, FeltColumns
from sim.people.inbox import InboxColumns
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


METRICS = (
    flow("messaging.messages", "messages", "messages sent, of all kinds"),
    flow("messaging.media", "messages", "of these, pictures, voice and film", "neither"),
    flow("messaging.group", "messages", "of these, into group threads", "neither"),
    flow("messaging.answers", "messages", "of these, answers in friend threads", "neither"),
    flow("messaging.threads", "threads", "threads opened"),
    flow("messaging.calls", "calls", "calls made"),
    flow("messaging.call_minutes", "minutes", "minutes of calls, summed over those called"),
    flow("messaging.user_days", "people", "people awake, summed over days"),
    ratio(
        "messaging.per_active", "messages", "messages sent a day of use", "messaging.messages", "messaging.user_days"
    ),
    stock("messaging.unread", "share", "mean of u/(1+u) over members, u unread threads: what presence is centred on", "neither"),
    stock("messaging.sender_gini", "share", "inequality of messages sent since day 0 among members", "neither"),
)  # fmt: skip


@remembered
class Letters(NamedTuple):
    """Threads opened: `to` is a friend, or people + group; `answered` messages came back within the day."""

    who: np.ndarray
    to: np.ndarray
    answered: np.ndarray
    talk: np.ndarray
    used: np.ndarray
    tally: np.ndarray  # messages, media, group, answers, threads, calls, minutes


def letters() -> Letters:
    """An empty outbox of letters."""
    return Letters(
        np.empty(ROOM, np.uint32), np.empty(ROOM, np.uint32), np.empty(ROOM, np.int32), np.empty(ROOM, np.int32),
        np.zeros(1, np.int64), np.zeros(7, np.int64),
    )  # fmt: skip


@rule
def threads_wanted(threads, sociability, festive):
    """Mean threads a person opens on a day of use: the sociable write to more people, and more to each."""
    return threads * festive * math.sqrt(sociability)


@rule
def messages_wanted(thread_messages, sociability):
    """Mean messages a thread is opened with."""
    return thread_messages * math.sqrt(sociability)


@rule
def send(box, who, to, answered, talk):
    """Write one letter."""
    at = box.used[0]
    box.who[at], box.to[at] = who, to
    box.answered[at], box.talk[at] = answered, talk
    box.used[0] = at + 1


@kernel
def _write(awake, start, users, here, mine, felt, rows, it, festive, key, calling, box):
    """Threads and calls of everyone awake, from `start` on; returns where the box was full.

    Reads of others only whether they are members and here today; writes the row of its own person and the box. A few
    people at a time, and one question for all their threads at a time: what to draw, whom they have in mind, whether
    those are here, what comes of it. Loops without a choice in them are vectorised, and the memory is asked for many
    friends at once.
    """
    people = here.size
    mean, none, scale = np.empty(PEOPLE), np.empty(PEOPLE), np.empty(PEOPLE)
    whose, word, answer = np.empty(THREADS, np.uint32), np.empty(THREADS, np.uint64), np.empty(THREADS, np.uint8)
    mind, kind, length = np.empty(THREADS), np.empty(THREADS), np.empty(THREADS)
    sent, back, talk = np.empty(THREADS, np.int32), np.empty(THREADS, np.int32), np.empty(THREADS, np.int32)
    friend, there, held = np.empty(THREADS, np.int32), np.empty(THREADS, np.uint8), np.empty(PEOPLE + 1, np.int32)
    messages = media = in_groups = in_answers = 0
    freer = it.freedom if it.ephemeral else 0.0
    at = start
    while at < awake.size and box.used[0] + MOST_LETTERS <= box.who.size:
        room = box.who.size - box.used[0]
        some = awake[at : at + PEOPLE]
        for i in range(some.size):
            scale[i] = users.sociability[some[i]]
            mean[i] = 1.0 + freer * users.privacy_concern[some[i]]
            prefetch(rows.friend, rows.first[some[i]])
            prefetch(rows.friend, rows.first[some[i]] + 16)
        for i in range(some.size):
            mean[i] *= threads_wanted(it.threads, scale[i], festive)
            none[i] = elementary.exp(-mean[i])
            scale[i] = luck.geometric_scale(messages_wanted(it.thread_messages, scale[i]))
        many = number = returning = 0
        while number < some.size and many + MOST_THREADS <= THREADS and many + MOST_LETTERS + CALLED * number <= room:
            who = some[number]
            waiting = min(np.int64(mine.unread[who]), MOST_THREADS // 2)
            held[returning] = many
            returning += waiting > 0
            own = luck.of(key, who)
            u, _ = luck.halves(luck.mix(own))
            opened = (
                luck.poisson_of(mean[number], none[number], u) if mean[number] < 50.0 else luck.poisson(mean[number], u)
            )
            for thread in range(min(waiting + opened, MOST_THREADS)):
                whose[many], length[many], answer[many] = who, scale[number], thread < waiting
                word[many] = own + np.uint64(2 * thread + 1) * luck.GOLD
                many += 1
            number += 1
        for i in range(many):
            mind[i], kind[i], u, reply = luck.quarters(luck.mix(word[i]))
            asked = 1.0 + np.floor(length[i] * elementary.log(u))
            answered = np.floor(it.reply_share * asked + reply)
            written = max(1.0, answered) if answer[i] else asked
            back[i] = np.int32(0.0 if answer[i] else answered)
            sent[i] = np.int32(written)
            talk[i] = np.int32(np.floor(written * it.media_worth + 0.5) if kind[i] < it.media_share else written)
        if friends.is_everyone(rows):  # 16 bits would name too few of them
            for i in range(many):
                mind[i] = luck.fraction(luck.mix(word[i] + luck.GOLD))
        for i in range(many):
            friend[i] = friends.pick_friend(rows, whose[i], mind[i])
            prefetch(here, friend[i])
        for i in held[:returning]:
            friend[i] = mine.waiting[whose[i]]  # whoever wrote last is answered first
        for i in range(many):
            there[i] = here[max(0, friend[i])]
        used = box.used[0]
        for i in range(many):
            who = whose[i]
            in_group = (kind[i] > 1.0 - it.group_share) & (answer[i] == 0)
            known = (friend[i] >= 0) & (there[i] != STRANGER) & (not in_group)  # else the friend is not on this app
            written = np.int64(sent[i]) * (known | in_group)
            answered = np.int64(back[i]) * (known & (there[i] == HERE))
            box.who[used] = who
            box.to[used] = people + rows.group_of[who] if in_group else friend[i]
            box.answered[used], box.talk[used] = answered, talk[i]
            used += known | in_group
            felt.talk[who] += (talk[i] + answered) * known  # talk into the group comes back when the group is read
            mine.sent[who] += written
            messages += written + answered
            media += written * (kind[i] < it.media_share)
            in_groups += written * in_group
            in_answers += answered + written * answer[i]
        box.tally[4] += used - box.used[0]
        box.used[0] = used
        for who in some[:number]:
            mine.unread[who] = 0
            if it.calls_on and luck.two(key, who, 0)[1] < it.calls:
                felt.talk[who] += call_friends(here, rows, who, it, calling, box)
        at += number
    box.tally[0] += messages
    box.tally[1] += media
    box.tally[2] += in_groups
    box.tally[3] += in_answers
    return at


@rule
def call_friends(here, rows, who, it, key, box):
    """Call one friend, or three at once; returns the worth of the call to the caller, in messages."""
    minutes = luck.geometric(it.call_minutes, luck.uniform(key, who, 1))
    worth = luck.rounded(minutes * it.minute_worth, 0.5)
    called = 0
    for k in range(CALLED if luck.uniform(key, who, 2) < it.call_party else 1):
        to = np.int64(friends.pick_friend(rows, who, luck.uniform(key, who, 3 + k)))
        if to >= 0 and here[to] == HERE:
            send(box, who, np.uint32(to), 0, worth)
            called += 1
    if called == 0:
        return 0
    box.tally[5] += 1
    box.tally[6] += minutes * called
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
    tally = np.zeros(7, np.int64)
    in_group = np.zeros(max(1, rows.group_first.size - 1), np.int32)
    festive = 1.0 + settings.festival * state.festival
    keys = state.luck("messaging.threads"), state.luck("messaging.calls")
    for box in decide(state, _write, letters, users, state.here, mine, felt, rows, settings.row, festive, *keys):
        _deliver(box, state.here, mine, state.scratch, in_group)
        tally += box.tally
        box.tally[...] = 0
    (unread,) = state.over_blocks(lambda part: (_read(*part, users.membership, state.scratch, mine, felt.talk),))
    lost = settings.rereading if settings.ephemeral else 0.0
    for part in state.awake:
        _read_groups(part, rows.group_of, in_group, lost, felt)
    for name, number in zip(
        ("messages", "media", "group", "answers", "threads", "calls", "call_minutes"), tally, strict=True
    ):
        state.note(f"messaging.{name}", int(number))
    state.note("messaging.user_days", sum(part.size for part in state.awake))
    state.note("messaging.unread", unread / 1e6 / max(1, int((users.membership == MEMBER).sum())))
    state.note_slowly("messaging.sender_gini", lambda: sample_gini(mine.sent, users.membership == MEMBER))


MESSAGING = Part("messaging", metrics=METRICS, step=step)
