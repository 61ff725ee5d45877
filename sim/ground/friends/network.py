"""The built-in network of friends: homes, circles of friends, colleagues and weak ties, grown straight into rows.

People stand in a line, one home after another; a few homes make a circle, whose members share a group thread.
Colleagues (or classmates) are drawn from the same town. Weak ties reach out by a power law of the distance along the
line, popular people taking up more of it (affiliation and hidden-place models: Newman, Watts, Strogatz 2002;
Serrano, Krioukov, Boguna 2008). Ties are drawn twice, to count and then to write, so that no list of ties is kept.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.engine.kernels import kernel, rule
from sim.engine.settings import BadInput
from sim.ground.friends.terms import FriendsSettings

MOST_PEOPLE = 2**30  # a tie carries its kind in the two highest bits while the network grows
MOST_ENTRIES = 2**32 - 1  # rows are found by uint32
WHO = np.uint32(MOST_PEOPLE - 1)
HOME, CLOSE, WEAK = np.uint32(0), np.uint32(1 << 30), np.uint32(2 << 30)
STRENGTHS = 2**30  # ties of one kind differ in strength by this many steps
TOWN = 2_048  # colleagues live within so many people of each other
NEAREST = 0.6  # a weak tie reaches at least so far along the line, in people of mean popularity for each friend
MARGIN = 1.08  # weak ties drawn for each one wanted, since some double others; the weakest too many are let go
SHORT_ROW = 48  # up to here sorting by insertion is quickest
NO_TIES = np.empty(0, np.uint32)  # given instead of room for ties: only count them


class Network(NamedTuple):
    """What grew: `friend[first[p]:first[p + 1]]` are p's friends, `group_first` cuts the line into group threads."""

    first: NDArray[np.uint32]
    friend: NDArray[np.uint32]
    group_first: NDArray[np.uint32]


class Circles(NamedTuple):
    """Groups whose members may know each other: group g is `member[first[g]:first[g + 1]]`."""

    first: NDArray[np.uint32]
    member: NDArray[np.uint32]


@rule
def strength_number(key, one, other):
    """A number below STRENGTHS that both ends of a tie share; the lowest is the strongest tie of its kind."""
    return luck.bits(key, min(one, other), max(one, other)) >> np.uint64(34)


@rule
def tie(one, other, kind, written, friend):
    """Write a tie into both rows, or only count it while there is no room."""
    if friend.size > 0:
        friend[written[one]] = other | kind
        friend[written[other]] = one | kind
    written[one] += 1
    written[other] += 1


@rule
def sort_row(row, many):
    """Put the first `many` numbers of `row` into order, in place."""
    if many > SHORT_ROW:
        row[:many].sort()
        return
    for i in range(1, many):
        number = row[i]
        at = i
        while at > 0 and row[at - 1] > number:
            row[at] = row[at - 1]
            at -= 1
        row[at] = number


@kernel
def _popularity(people, spread, key):
    """How many weak ties each person attracts, relative to the mean; lognormal."""
    fitness = np.empty(people, np.float32)
    for who in range(people):
        fitness[who] = luck.lognormal(1.0, spread, luck.uniform(key, who, 0))
    return fitness


@kernel
def _guide(reach):
    """Where to start looking for the person at a place of the line: one entry a person's worth of it."""
    guide = np.empty(reach.size, np.uint32)
    step = reach[-1] / reach.size
    who = 0
    for i in range(reach.size):
        while who < reach.size - 1 and reach[who] <= i * step:
            who += 1
        guide[i] = who
    return guide


@kernel
def _homes(people, mean, key):
    """Cut the line into homes: the first person of each, and past the last."""
    first = np.empty(people + 1, np.uint32)
    homes = 0
    at = 0
    while at < people:
        first[homes] = at
        at += 1 + luck.poisson(mean - 1.0, luck.uniform(key, homes, 0))
        homes += 1
    first[homes] = people
    return first[: homes + 1].copy()


@kernel
def _groups(unit_first, mean, spread, key):
    """Put whole units (homes, or single people), one after another, into groups of nearly lognormal size."""
    first = np.empty(unit_first.size, np.uint32)
    groups = 0
    unit = 0
    while unit < unit_first.size - 1:
        first[groups] = unit_first[unit]
        size = max(2, luck.rounded(luck.lognormal(mean, spread, luck.uniform(key, groups, 0)), 0.5))
        twice_full = 2 * (np.int64(unit_first[unit]) + size)
        unit += 1
        while unit < unit_first.size - 1 and np.int64(unit_first[unit]) + np.int64(unit_first[unit + 1]) < twice_full:
            unit += 1  # more than half of it has room
        groups += 1
    first[groups] = unit_first[-1]
    return first[: groups + 1].copy()


@kernel
def _shuffled_towns(people, key):
    """Everyone, in an order shuffled within each town (Fisher and Yates)."""
    order = np.arange(people).astype(np.uint32)
    for first in range(0, people, TOWN):
        for i in range(min(TOWN, people - first) - 1, 0, -1):
            j = min(i, np.int64(luck.uniform(key, first + i, 0) * (i + 1)))
            order[first + i], order[first + j] = order[first + j], order[first + i]
    return order


@kernel
def _tie_groups(first, member, home, at_home, elsewhere, key, written, friend):
    """Tie members of the same group: with chance `at_home` in the same home, else with chance `elsewhere`."""
    for group in range(first.size - 1):
        people = member[first[group] : first[group + 1]]
        for i in range(people.size):
            one = people[i]
            for j in range(i + 1, people.size):
                other = people[j]
                if home[one] == home[other]:
                    if luck.uniform(key, one, other) < at_home:
                        tie(one, other, HOME, written, friend)
                elif luck.uniform(key, one, other) < elsewhere:
                    tie(one, other, CLOSE, written, friend)


@kernel
def _tie_weakly(rate, locality, nearest, fitness, reach, guide, key, written, friend):
    """Weak ties: `rate` a person on the mean, near ones at a distance with density 1/distance, others to anyone."""
    people = fitness.size
    line = reach[-1]
    nearest = min(nearest, line / 4.0)
    stretch = math.log(0.5 * line / nearest)
    buckets = people / line
    for who in range(people):
        one = np.uint32(who)
        here = reach[who] - 0.5 * fitness[who]
        for k in range(luck.poisson(rate * fitness[who], luck.uniform(key, one, 0))):
            place = luck.uniform(key, one, 3 * k + 1)
            if luck.uniform(key, one, 3 * k + 2) < locality:
                away = nearest * math.exp(stretch * place)
                place = here + away if luck.uniform(key, one, 3 * k + 3) < 0.5 else here - away
                if place < 0.0:
                    place += line
                elif place >= line:
                    place -= line
            else:
                place *= line
            other = guide[min(people - 1, np.int64(place * buckets))]
            while reach[other] <= place and other < people - 1:
                other += np.uint32(1)
            if other != one:
                tie(one, other, WEAK, written, friend)


@kernel
def _sort_rows(begin, friend, first, key):
    """Drop doubles, sort each row by strength and move the rows together in place.

    Kinds were written strongest first, so the first of doubles is the one to keep. Returns (entries kept, weak ones).
    """
    people = first.size - 1
    seen = np.zeros(people, np.uint32)  # one more than the last person who had this friend
    row = np.empty(256, np.uint64)
    kept = 0
    weak = 0
    for one in range(people):
        drawn = np.int64(begin[one + 1]) - np.int64(begin[one])
        if drawn > row.size:
            row = np.empty(2 * drawn, np.uint64)
        many = 0
        for entry in friend[begin[one] : begin[one + 1]]:
            other = entry & WHO
            if seen[other] != one + 1:
                seen[other] = one + 1
                number = strength_number(key, np.uint32(one), other)
                row[many] = (np.uint64(entry & ~WHO) | number) << np.uint64(32) | np.uint64(other)
                many += 1
        sort_row(row, many)
        first[one] = kept
        for i in range(many):
            kind = np.uint32(row[i] >> np.uint64(32)) & ~WHO
            friend[kept] = np.uint32(row[i]) & WHO | kind
            weak += kind == WEAK
            kept += 1
    first[people] = kept
    return kept, weak


@kernel
def _let_go(first, friend, keep, key):
    """Forget the kinds, and the weak ties whose strength number is `keep` or more: they end each row."""
    people = first.size - 1
    kept = 0
    begin = np.int64(first[0])
    for one in range(people):
        past = np.int64(first[one + 1])
        end = past
        while end > begin and friend[end - 1] >= WEAK:
            if strength_number(key, np.uint32(one), friend[end - 1] & WHO) < keep:
                break
            end -= 1
        first[one] = kept
        for at in range(begin, end):
            friend[kept] = friend[at] & WHO
            kept += 1
        begin = past
    first[people] = kept
    return kept


class _Growth:
    """One network while it grows: who is in which group, and how far each person reaches along the line."""

    def __init__(self, settings: FriendsSettings, people: int, seed: int) -> None:
        self.settings, self.people = settings, people
        self.key = lambda name: luck.key(seed, f"friends.{name}")
        self.locality, self.spread = settings.locality, settings.fitness_spread
        self._line_up()
        self.group_first = NO_TIES
        self.layers: list[tuple[Circles, float, float, str]] = []  # circles, chances at home and elsewhere, name
        if settings.groups:
            self._gather()

    def _line_up(self) -> None:
        """Give everyone a stretch of the line as long as they are popular."""
        self.fitness = _popularity(self.people, self.spread, self.key("popularity"))
        self.reach = np.cumsum(self.fitness, dtype=np.float64)
        self.fitness *= self.people / self.reach[-1]
        self.reach *= self.people / self.reach[-1]
        self.guide = _guide(self.reach)

    def level(self) -> None:
        """Let popularity and distance count for nothing: where nearly all know all there is no room for them."""
        self.locality, self.spread = 0.0, 0.0
        self._line_up()

    def _gather(self) -> None:
        """Homes, circles and colleagues, and the chances that give each its share of a person's friends."""
        setting, people = self.settings, self.people
        homes = _homes(people, setting.household_size, self.key("homes"))
        self.home = np.repeat(np.arange(homes.size - 1, dtype=np.uint32), np.diff(homes))
        self.group_first = _groups(homes, setting.circle_size, setting.circle_spread, self.key("circles"))
        at_home = _known_at_most(homes)
        nearby = _known_at_most(self.group_first) - at_home
        wanted = setting.degree * setting.circle_share
        home_chance = min(1.0, 0.75 * wanted / max(at_home, 1e-9))
        circle_chance = min(1.0, max(0.0, wanted - home_chance * at_home) / max(nearby, 1e-9))
        everyone = np.arange(people + 1, dtype=np.uint32)
        self.layers.append((Circles(self.group_first, everyone[:-1]), home_chance, circle_chance, "circle ties"))
        if setting.work_share > 0:
            size = (setting.degree * setting.work_share / setting.work_closeness + 1) / math.exp(setting.work_spread**2)
            first = _groups(everyone, size, setting.work_spread, self.key("workplaces"))
            colleagues = Circles(first, _shuffled_towns(people, self.key("towns")))
            self.layers.append((colleagues, 0.0, setting.work_closeness, "work ties"))

    def tie_groups(self, written: NDArray[np.uint32], friend: NDArray[np.uint32]) -> None:
        for circles, at_home, elsewhere, name in self.layers:
            _tie_groups(*circles, self.home, at_home, elsewhere, self.key(name), written, friend)

    def tie_weakly(self, rate: float, written: NDArray[np.uint32], friend: NDArray[np.uint32]) -> None:
        nearest = NEAREST * self.settings.degree
        line = (self.locality, nearest, self.fitness, self.reach, self.guide)
        _tie_weakly(rate, *line, self.key("weak ties"), written, friend)

    def rows(self, rate: float, counted: NDArray[np.uint32]) -> tuple[Any, Any, int, int]:
        """Rows with the kinds still in them, for a rate of weak ties a person; `counted` are the group ties of each."""
        written = counted.copy()
        self.tie_weakly(rate, written, NO_TIES)
        if int(written.sum(dtype=np.int64)) > MOST_ENTRIES:
            raise BadInput(f"friends.degree = {self.settings.degree:g} with {self.people} people: more than 2^31 ties")
        begin = np.zeros(self.people + 1, np.uint32)
        np.cumsum(written, out=begin[1:])
        friend = np.empty(max(1, begin[-1]), np.uint32)
        written[:] = begin[:-1]
        self.tie_groups(written, friend)
        self.tie_weakly(rate, written, friend)
        first = np.empty(self.people + 1, np.uint32)
        entries, weak = _sort_rows(begin, friend, first, self.key("strength"))
        return first, friend, int(entries), int(weak)


def _known_at_most(first: NDArray[np.uint32]) -> float:
    """Mean number of others in one's group."""
    sizes = np.diff(first).astype(np.int64)
    return float((sizes * sizes).sum() / sizes.sum() - 1)


def _random_graph_rate(settings: FriendsSettings, people: int) -> float:
    """The rate of weak ties that makes an exact Erdos-Renyi graph, or 0 where the settings ask for another.

    Draws for a pair are Poisson with mean 2 rate / people, whatever the other pairs; so each pair is tied with the
    same chance, degree / (people - 1), on its own.
    """
    chance = settings.degree / (people - 1)
    if settings.groups or settings.fitness_spread > 0 or settings.locality > 0 or chance > 0.98:
        return 0.0
    return -0.5 * people * math.log1p(-chance)


def grow(settings: FriendsSettings, people: int, seed: int) -> Network:
    """Grow a network of `people` with `settings.degree` friends on the mean; a function of its arguments alone."""
    growth = _Growth(settings, people, seed)
    counted = np.zeros(people, np.uint32)
    growth.tie_groups(counted, NO_TIES)
    wanted = round(people * settings.degree)
    exact = _random_graph_rate(settings, people)
    rate = exact or 0.5 * MARGIN * max(0.0, wanted - int(counted.sum(dtype=np.int64))) / people
    while True:
        first, friend, entries, weak = growth.rows(rate, counted)
        if exact or entries >= wanted * 0.998 or rate > 64.0 * people:
            break
        if rate > 4.0 * people:
            growth.level()
        rate = max(rate, 0.01) * max(1.3, 1.2 * (wanted - entries + weak) / max(weak, 1))
    keep = 1.0 if exact else min(1.0, max(0.0, (wanted - entries + weak) / max(weak, 1)))
    kept = _let_go(first, friend, np.uint64(keep * STRENGTHS), growth.key("strength"))
    friend.resize(max(1, kept), refcheck=False)  # gives back what doubles took, without a copy
    return Network(first, friend, growth.group_first)
