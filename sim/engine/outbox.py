"""Outboxes: what a kernel decided, a column for each part of an event, and the sums it kept on the way.

An outbox is a NamedTuple made from a list of columns:

    Letters = outbox_of("Letters", who=np.uint32, to=np.uint32, tallies=("messages", "media"))

In a kernel `box.used[0]` is the number of events written so far and `box.tally[0].messages += 1` adds to a sum; outside,
`box.written()` are the columns as far as they were written and `box.tallies()` the sums by name.
"""

import sys
from collections import namedtuple
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sim.engine.compile import rule, with_cached_type, with_type_of_first

ROOM = 8_192  # events


class Box(tuple[Any, ...]):
    """What every outbox can do; `outbox_of` makes the classes."""

    __slots__ = ()
    columns: ClassVar[dict[str, np.dtype[Any]]]
    tallied: ClassVar[tuple[str, ...]]  # names of the sums ...
    record: ClassVar[np.dtype[Any]]  # ... and a record of them

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> NDArray[Any]: ...

    @classmethod
    def empty(cls, room: int = ROOM) -> Self:
        """A box with room for so many events."""
        return with_type_of_first(cls._made([np.empty(room, dtype) for dtype in cls.columns.values()]))

    @classmethod
    def holding(cls, *columns: NDArray[Any]) -> Self:
        """A box that is full of these events."""
        box = cls._made(columns)
        box.used[0] = columns[0].size if columns else 0
        return box

    @classmethod
    def _made(cls, columns: Any) -> Self:
        sums = [np.zeros(1, cls.record).view(np.recarray)] if cls.tallied else []
        return cls(*columns, np.zeros(1, np.int64), *sums)  # type: ignore[call-arg]

    def written(self) -> tuple[NDArray[Any], ...]:
        """The columns, as far as events were written: views."""
        used = int(self.used[0])
        return tuple(column[:used] for column in self[: len(self.columns)])

    def tallies(self) -> dict[str, int]:
        """The sums by name."""
        return dict(zip(self.tallied, self.tally.tolist()[0], strict=True)) if self.tallied else {}

    def clear(self) -> None:
        """Forget the events and begin the sums anew."""
        self.used[0] = 0
        if self.tallied:
            self.tally[...] = 0


def outbox_of(name: str, *, tallies: tuple[str, ...] = (), **columns: DTypeLike) -> type[Box]:
    """A class of outboxes; assign it to a module's variable of the same name, by which numba's cache finds it again.

    Args:
        tallies: names of the sums that the kernel keeps, whole numbers.
        columns: the parts of an event and their types.
    """
    rows = namedtuple(name, [*columns, "used", *(["tally"] if tallies else [])])  # type: ignore[misc]
    typed = type(name, (rows, Box), {"__slots__": (), "__doc__": f"Events of {', '.join(columns)}."})
    typed.__module__ = sys._getframe(1).f_globals["__name__"]  # as namedtuple itself does
    box = cast(Any, with_cached_type(typed))
    box.columns = {column: np.dtype(dtype) for column, dtype in columns.items()}
    box.tallied, box.record = tallies, np.dtype((np.record, [(tally, np.int64) for tally in tallies]))
    return cast(type[Box], box)


def joined(boxes: Sequence[Box]) -> Box:
    """One box of the events of several of a kind, in their order, and of the sums of their tallies; one is itself."""
    if len(boxes) == 1:
        return boxes[0]
    kind = type(boxes[0])
    box = kind.holding(*map(np.concatenate, zip(*(box.written() for box in boxes), strict=True)))
    if kind.tallied:
        box.tally[0] = tuple(map(sum, zip(*(one.tally.tolist()[0] for one in boxes), strict=True)))
    return box


Outbox = outbox_of("Outbox", who=np.uint32, to=np.uint32, cents=np.int64)  # `who` gives `to` so many cents


def outbox(room: int = ROOM) -> Box:
    """An empty Outbox with room for so many events."""
    return Outbox.empty(room)


@rule
def post(box, who, to, cents):
    """Write one event of an Outbox."""
    at = box.used[0]
    box.who[at] = who
    box.to[at] = to
    box.cents[at] = cents
    box.used[0] = at + 1


@rule
def is_full(box, most):
    """Whether the box might not hold `most` more events: the kernel then stops and is called again with a fresh box."""
    return box.used[0] + most > box.who.size
