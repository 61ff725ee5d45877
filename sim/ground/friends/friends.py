"""Friends: who knows whom, how well, and the one group thread each person is in.

A network is grown from settings, read from a file, or is `everyone` (all know all, never stored). It never changes: its
arrays are read-only, and one saved file is shared by every process that opens it.
"""

import contextlib
import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from sim.engine.kernels import rule, with_cached_type
from sim.engine.settings import BadInput
from sim.ground import paths
from sim.ground.friends import friend_files, mapped, network, ties
from sim.ground.friends.terms import FriendsSettings

if TYPE_CHECKING:
    import networkx


@with_cached_type
class FriendRows(NamedTuple):
    """What kernels take; `friend[first[p]:first[p + 1]]` are p's friends, strongest tie first.

    For `everyone` `friend` is empty and `first` all zeros. The members of group g are
    `group_member[group_first[g]:group_first[g + 1]]`; everyone is in one group.
    """

    first: NDArray[np.uint32]
    friend: NDArray[np.uint32]
    group_of: NDArray[np.uint32]
    group_first: NDArray[np.uint32]
    group_member: NDArray[np.uint32]


ZERO, ONE, THREE, SEVEN = np.uint64(0), np.uint32(1), np.uint32(3), np.uint32(7)
WEIGHTS = np.uint64(1_024)
DROPPED = {"self_loops_dropped": "of someone with themselves", "doubles_dropped": "named more than once"}
ROUNDING = 1e-12  # far above what a sum of a thousand roots is off
RANK_WEIGHT = np.diff(np.sqrt(np.arange(1_025.0)))  # chance of a rank in `pick_friend`, times the root of the degree


@rule
def is_everyone(rows):
    """Whether all know all."""
    return rows.friend.size == 0


@rule
def degree(rows, who):
    """How many friends a person has."""
    if is_everyone(rows):
        return np.int64(rows.first.size - 2)
    person = np.uint32(who)
    return np.int64(rows.first[person + ONE]) - np.int64(rows.first[person])


@rule
def friend_at(rows, who, rank):
    """The friend at a rank, 0 the closest; the rank must be below `degree`."""
    if is_everyone(rows):
        return np.int64(rank) + np.int64(rank >= who)
    return np.int64(rows.friend[np.int64(rows.first[np.uint32(who)]) + np.int64(rank)])


@rule
def pick_friend(rows, who, u):
    """A friend drawn by closeness, at rank floor(degree u^2), or -1; of everyone, anyone else alike.

    Half of what goes out goes to the closest quarter (layers of contact: Dunbar 1998; Mac Carron and others 2016).
    """
    return pick_any_friend(rows, who, u if is_everyone(rows) else u * u)


@rule
def pick_any_friend(rows, who, u):
    """A friend drawn uniformly, or -1 for who has none."""
    friends = degree(rows, who)
    if friends <= 0:
        return np.int64(-1)
    return friend_at(rows, who, min(friends - 1, np.int64(friends * u)))


@rule
def group_bounds(rows, who):
    """Where the members of a person's group thread lie in `group_member`: first, past the last."""
    group = rows.group_of[np.uint32(who)]
    return np.int64(rows.group_first[group]), np.int64(rows.group_first[group + ONE])


@rule
def _row(rows, who):
    """Where a person's row of friends begins and ends; unsigned, which spares a check at each index."""
    person = np.uint32(who)
    return np.uint64(rows.first[person]), np.uint64(rows.first[person + ONE])


@rule
def _active_share_of_many(rows, begin, friends, bits):
    """`active_share` of a row longer than the table of weights."""
    weight = 0.0
    for rank in range(ZERO, friends):
        friend = rows.friend[begin + rank]
        chance = math.sqrt(rank + 1.0) - math.sqrt(rank)
        weight += chance * np.float64((bits[friend >> THREE] >> (friend & SEVEN)) & ONE)
    return weight / math.sqrt(friends)


@rule
def active_share(rows, who, bits, everyone_share):
    """Share of one's friends whose bit is set, weighted as `pick_friend` draws them; 0 for who has none.

    Args:
        bits: np.packbits(..., bitorder="little"), a bit a person.
        everyone_share: the answer where everyone knows everyone.
    """
    if is_everyone(rows):
        return everyone_share
    begin, past = _row(rows, who)
    if past == begin:
        return 0.0
    friends = past - begin
    if friends > WEIGHTS:
        return _active_share_of_many(rows, begin, friends, bits)
    weight = 0.0
    for rank in range(ZERO, friends):
        friend = rows.friend[begin + rank]
        weight += RANK_WEIGHT[rank] * np.float64((bits[friend >> THREE] >> (friend & SEVEN)) & ONE)
    return weight / math.sqrt(friends)


@rule
def is_share_above(rows, who, bits, everyone_share, hurdle):
    """Whether `active_share` is above a hurdle: the close weigh most, so that a part of the friends often settles it."""
    if is_everyone(rows):
        return everyone_share > hurdle
    begin, past = _row(rows, who)
    friends = past - begin
    if past == begin or friends > WEIGHTS:
        return active_share(rows, who, bits, everyone_share) > hurdle
    whole = math.sqrt(friends)
    needed, left, weight = hurdle * whole, whole, 0.0
    for rank in range(ZERO, friends):
        friend = rows.friend[begin + rank]
        left -= RANK_WEIGHT[rank]
        weight += RANK_WEIGHT[rank] * np.float64((bits[friend >> THREE] >> (friend & SEVEN)) & ONE)
        if weight > needed or weight + left < needed - ROUNDING:
            break
    return weight > needed


@rule
def mean_over_friends(rows, who, values, everyone_mean):
    """Plain mean over one's friends of an array with a value a person; 0 for who has none."""
    if is_everyone(rows):
        return everyone_mean
    begin, past = _row(rows, who)
    if past == begin:
        return 0.0
    total = 0.0
    for at in range(begin, past):
        total += np.float64(values[rows.friend[at]])
    return total / np.float64(past - begin)


@rule
def share_of_friends(rows, who, values, value, everyone_share):
    """Share of one's friends who have a value in an array with one a person; 0 for who has none."""
    if is_everyone(rows):
        return everyone_share
    begin, past = _row(rows, who)
    if past == begin:
        return 0.0
    number = 0
    for at in range(begin, past):
        number += values[rows.friend[at]] == value
    return number / np.float64(past - begin)


class Friends:
    """A network of friends.

    Attributes:
        rows: the arrays, for kernels and rules.
        labels: names of the people in the file or graph they came from, in the order of their numbers; None if grown.
        notes: source, self_loops_dropped, doubles_dropped, and of what was read what the reader took for what:
            separator, header, people_in, weights (not used), identifiers.
    """

    def __init__(self, rows: FriendRows, labels: NDArray[Any] | None = None, **notes: Any) -> None:
        self.rows, self.labels = rows, labels
        self.notes: dict[str, Any] = {"source": "", "self_loops_dropped": 0, "doubles_dropped": 0} | notes
        for array in rows:
            array.flags.writeable = False  # all networks alike, so that a kernel is compiled once for all of them

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # it never changes: a copy of a world shares it

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        for array in self.rows:
            array.flags.writeable = False

    def __repr__(self) -> str:
        return f"<Friends: {self.people:,} people, {self.friendships:,} friendships, {self.notes['source'] or 'given'}>"

    @property
    def people(self) -> int:
        return self.rows.first.size - 1

    @property
    def friendships(self) -> int:
        if is_everyone(self.rows):
            return self.people * (self.people - 1) // 2
        return int(self.rows.first[-1]) // 2

    def account(self, name: str = "") -> str:
        """In a line: how many people and ties there are, and what the reader took for what in the file of that name."""
        notes, said = self.notes, [f"{self.people:,} people, {self.friendships:,} ties"]
        if notes.get("separator"):
            said.append(f"{notes['separator']} between cells")
        if notes.get("header"):
            said.append("no header" if notes["header"] == "none" else f"header {notes['header']}")
        said += [f"{key.replace('_', ' ')} {notes[key]}" for key in ("people_in", "identifiers") if notes.get(key)]
        if notes.get("weights"):
            said.append(
                "no weights" if notes["weights"] == "none" else f"not used (weights, times): {notes['weights']}"
            )
        dropped = [f"{notes[key]:,} {what}" for key, what in DROPPED.items() if notes.get(key)]
        return f"{name or notes['source']}: " + "; ".join(
            [*said, *([f"dropped: {', '.join(dropped)}"] if dropped else [])]
        )

    @property
    def bytes(self) -> int:
        """Memory the rows take."""
        return sum(array.nbytes for array in self.rows)

    @staticmethod
    def bytes_expected(settings: FriendsSettings, people: int) -> int:
        """About the memory that a network not made yet will take: where it is a file, ties take about the file's size."""
        ties = 0.0 if settings.kind == "everyone" else 4 * people * settings.degree
        if settings.file:
            with contextlib.suppress(OSError):  # whoever reads it will say what is wrong with it
                ties = Path(settings.file).stat().st_size
        return int(ties + 16 * people)

    def check_people(self, people: int, file: str) -> None:
        """Refuse a number of people that is not the network's.

        Args:
            file: where the network was read from, if it was, to say so.
        """
        if people != self.people:
            raise BadInput(
                f"run.users = {people}, but the network {file or 'given'} has {self.people} people: leave run.users out, "
                f"or set it to {self.people}"
            )

    @classmethod
    def make(cls, settings: FriendsSettings, people: int, seed: int, folder: Path | str | None = None) -> Self:
        """The network that the settings ask for; a file has as many people as it has, whatever `people` says.

        Args:
            folder: where `settings.file` is looked for; the working directory if None.
        """
        if settings.kind == "everyone":
            if settings.file:
                raise BadInput(
                    f"friends.kind is 'everyone' but friends.file is {settings.file!r}: a network is read or complete, "
                    "not both; leave one of them out"
                )
            return cls.everyone(people, settings.circle_size)
        if settings.file:
            return cls.read(Path(folder or "") / settings.file)
        if settings.kind == "file":
            raise BadInput("friends.kind is 'file' but friends.file names none: set it to an edge list, CSV, Parquet, "
                           "GraphML or .friends file")  # fmt: skip
        return cls.generate(settings, people, seed)

    @classmethod
    def make_again(cls, settings: FriendsSettings, people: int, seed: int) -> Self:
        """`make`, of a network that was there before; if its file is gone, says what to do."""
        try:
            return cls.make(settings, people, seed)
        except BadInput as problem:
            if not settings.file or Path(settings.file).exists():
                raise
            raise BadInput(
                f"{problem}. The saved world was born with this network: if it lies elsewhere now, say where, with "
                "--set friends.file=PATH or, in Python, with `friends`"
            ) from None

    @classmethod
    def glance(cls, file: Path | str) -> tuple[int, str]:
        """How many people the network in a file has, and `account` of it; read again only when the file has changed."""
        path = friend_files.existing(Path(file))
        return _glance(path.absolute(), path.stat().st_mtime_ns, path.stat().st_size)

    @classmethod
    def generate(cls, settings: FriendsSettings, people: int, seed: int) -> Self:
        """Grow a network; the same for the same (settings, people, seed)."""
        if not 2 <= people <= network.MOST_PEOPLE:
            raise BadInput(f"run.users = {people}: a grown network has 2 to {network.MOST_PEOPLE} people")
        if settings.degree > people - 1:
            raise BadInput(
                f"friends.degree = {settings.degree:g} with {people} people: nobody can have more than {people - 1} "
                "friends; lower friends.degree or raise run.users"
            )
        first, friend, group_first = network.grow(settings, people, seed)
        if settings.groups:
            member = np.arange(people, dtype=np.uint32)
        else:
            group_first, member = ties.groups(first, friend, settings.circle_size)
        return cls(_with_groups(first, friend, group_first, member), source="generated")

    @classmethod
    def everyone(cls, people: int, group_size: float = ties.GROUP_SIZE) -> Self:
        """All know all; group threads are neighbours in number."""
        if people < 2:
            raise BadInput(f"run.users = {people}: a network has at least 2 people")
        group_first = np.append(np.arange(0, people, max(2, round(group_size))), people).astype(np.uint32)
        if people - int(group_first[-2]) == 1 and group_first.size > 2:
            group_first = np.delete(group_first, -2)  # nobody chats alone
        first, nobody = np.zeros(people + 1, np.uint32), np.empty(0, np.uint32)
        member = np.arange(people, dtype=np.uint32)
        return cls(_with_groups(first, nobody, group_first, member), source="everyone")

    @classmethod
    def from_pairs(
        cls,
        a: NDArray[Any] | Sequence[int],
        b: NDArray[Any] | Sequence[int],
        people: int | None = None,
        labels: Sequence[Any] | NDArray[Any] | None = None,
        source: str = "pairs",
        form: Mapping[str, str] | None = None,
    ) -> Self:
        """A network of given ties between people numbered from 0; each may be named in either or both directions.

        The strength of a tie is the number of common friends (Onnela and others 2007).

        Args:
            people: how many there are; None for as many as the highest number says.
            labels: their names, in the order of their numbers.
            source: where the ties come from, for messages and notes.
            form: what a reader took for what, for the notes.
        """
        one, other, people = friend_files.checked_pairs(a, b, people, labels, source)
        given = ties.from_pairs(one, other, people)
        group_first, member = ties.groups(given.first, given.friend, ties.GROUP_SIZE)
        return cls(
            _with_groups(given.first, given.friend, group_first, member),
            None if labels is None else np.asarray(labels),
            source=source,
            self_loops_dropped=given.self_loops,
            doubles_dropped=given.doubles,
            **(form or {}),
        )

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a network file; people are numbered in the order of their labels (as numbers if all are whole numbers).

        By extension: .txt .edges .edgelist .tsv .csv .mtx (text, a tie a line: SNAP, networkx, Matrix Market; commas,
        semicolons, tabs or blanks part the cells, `#` begins a comment, the first line may name the columns), .parquet
        (two columns, or among more those named source and target), .graphml, and .friends as `save` writes it. Text may
        end in .gz. `account` and `notes` say what was taken for what; what can be read in two ways is refused.
        """
        path = friend_files.existing(paths.given(path))
        if path.suffix == friend_files.SAVED:
            return cls.open(path)
        pairs = friend_files.read(path)
        made = cls.from_pairs(pairs.one, pairs.other, len(pairs.labels), pairs.labels, str(path), pairs.form)
        made.notes["source"] = path.name
        return made

    @classmethod
    def from_networkx(cls, graph: "networkx.Graph") -> Self:
        """The ties of a networkx graph, directed or not; nodes without ties keep their place.

        Labels are whole numbers where all nodes are, of 64 bits; else the nodes as text.
        """
        pairs = friend_files.pairs_of_graph(graph, "networkx graph")
        return cls.from_pairs(pairs.one, pairs.other, len(pairs.labels), pairs.labels, "networkx", pairs.form)

    def to_networkx(self) -> "networkx.Graph":
        """A networkx graph whose nodes are the labels, or the numbers of people who have none."""
        import networkx

        if is_everyone(self.rows):
            return networkx.complete_graph(self.people)
        names = list(range(self.people)) if self.labels is None else self.labels.tolist()
        return friend_files.graph_of(names, self.rows.first, self.rows.friend)

    def save(self, path: Path | str, *, force: bool = False) -> Path:
        """Write one file (.friends) for `open`; it is there whole or not at all.

        Args:
            force: a network saved there before may go; any other file never does.

        Raises:
            BadInput: a file is there that may not go.
        """
        path = paths.given(path)
        paths.check_file(path, mapped.is_saved, "network", force)
        arrays: dict[str, NDArray[Any]] = dict(self.rows._asdict())
        if self.labels is not None:
            arrays["labels"] = self.labels
        return mapped.save_arrays(path, arrays, self.notes)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Map a saved network into memory, read-only: processes that open the same file share it.

        Raises:
            BadInput: it is none, or damaged.
        """
        path = friend_files.existing(paths.given(path))
        arrays, notes = mapped.open_arrays(path)
        labels = arrays.pop("labels", None)
        if set(arrays) != set(FriendRows._fields) or {"rows", "labels"} & set(notes):
            raise mapped.unusable(path, f"damaged: it holds {', '.join(arrays) or 'nothing'}")
        rows = FriendRows(**arrays)
        if wrong := _what_is_wrong(rows, labels):
            raise mapped.unusable(path, f"damaged: {wrong}")
        return cls(rows, labels, **notes)

    def digest(self) -> str:
        """Hash of who knows whom, how well, and in which groups: the same for the same network."""
        found = hashlib.sha256()
        for array in self.rows:
            found.update(str(array.size).encode())
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()


@functools.lru_cache(maxsize=256)
def _glance(path: Path, *state: int) -> tuple[int, str]:
    network = Friends.read(path)
    return network.people, network.account(path.name)


def _what_is_wrong(rows: FriendRows, labels: NDArray[Any] | None) -> str:
    """What would lead kernels astray, which look up whatever the arrays say; empty where nothing would."""
    if any(array.dtype != np.uint32 for array in rows):
        return "people are not numbered as whole numbers of 32 bits"
    people, groups = rows.first.size - 1, rows.group_first.size - 1
    if people < 2 or groups < 1 or {rows.group_of.size, rows.group_member.size} != {people}:
        return "its parts are not of the same people"
    if labels is not None and labels.size != people:
        return f"{labels.size} labels for {people} people"
    if not _is_divided(rows.first, rows.friend.size) or not _is_divided(rows.group_first, people):
        return "its rows do not follow each other"
    if rows.friend.max(initial=0) >= people or rows.group_member.max() >= people:
        return f"someone above the last of {people} people is named"
    groups_of_members = np.repeat(np.arange(groups, dtype=np.uint32), np.diff(rows.group_first))
    in_one = np.bincount(rows.group_member, minlength=people).max() == 1
    return "" if in_one and (rows.group_of[rows.group_member] == groups_of_members).all() else "its groups do not agree"


def _is_divided(first: NDArray[np.uint32], size: int) -> bool:
    """Whether each row begins where the one before it ends."""
    return bool(first[0] == 0 and first[-1] == size and (first[1:] >= first[:-1]).all())


def _with_groups(
    first: NDArray[np.uint32], friend: NDArray[np.uint32], group_first: NDArray[np.uint32], member: NDArray[np.uint32]
) -> FriendRows:
    group_of = np.empty(first.size - 1, np.uint32)
    group_of[member] = np.repeat(np.arange(group_first.size - 1, dtype=np.uint32), np.diff(group_first))
    return FriendRows(first, friend, group_of, group_first, member)
