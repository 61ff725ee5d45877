"""Batches: people put through deciding kernels, block by block, whatever the threads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.outbox import Box, joined

BLOCK = 65_536  # people a block, whatever the threads: the same bytes on any machine


def blocks(size: int) -> list[tuple[int, int]]:
    """Ranges of people (first, past the last) of BLOCK each."""
    return [(first, min(first + BLOCK, size)) for first in range(0, size, BLOCK)]


def each_block(pool: Executor | None, threads: int, work: Callable[[Any], Any], parts: Sequence[Any]) -> Iterator[Any]:
    """`work` on each part, results in the order of the parts, a few parts ahead of whoever takes the results."""
    if pool is None or len(parts) < 2:
        yield from map(work, parts)
        return
    for first in range(0, len(parts), 2 * threads):
        yield from list(pool.map(work, parts[first : first + 2 * threads]))  # all decided before any is delivered


def decide(
    crowd: Any,
    compiled: Callable[..., int],
    new_box: Callable[[], Any],
    *arguments: Any,
    parts: Iterable[NDArray[np.uint32]] | None = None,
    keep_empty: bool = False,
    reuse: bool = True,
) -> Iterator[Any]:
    """Put everyone awake through a deciding kernel and hand on its boxes, in the order of people.

    The kernel is called as `compiled(people, start, *arguments, box)` and returns where it stopped: at the end, or
    earlier when the box was full. It may read only what delivering these boxes does not change; then the boxes may be
    delivered one by one as they come, and nothing depends on threads or on the room in a box. A box is read before the
    next is asked for: it may be the same one, emptied.

    Args:
        crowd: has `awake` (list of arrays of people), `pool` and `threads`; the World.
        new_box: makes an empty box (an outbox, or a NamedTuple with a cell `used`).
        parts: arrays of people to take instead of those awake.
        keep_empty: hand on boxes without events too, as is done anyway with those that keep tallies.
        reuse: fill one box again and again, where there is one thread: it stays in the processor's cache.
    """

    def boxes(people: NDArray[np.uint32], fresh: Callable[[], Any]) -> Iterator[Any]:
        start = 0
        while start < people.size:
            box = fresh()
            start = compiled(people, start, *arguments, box)
            if box.used[0] or keep_empty or (isinstance(box, Box) and box.tallied):
                yield box

    people = crowd.awake if parts is None else list(parts)
    if crowd.pool is None and reuse:
        reused = new_box()

        def emptied() -> Any:
            if isinstance(reused, Box):
                reused.clear()
            else:
                reused.used[0] = 0
            return reused

        for part in people:
            yield from boxes(part, emptied)
        return
    for several in each_block(crowd.pool, crowd.threads, lambda part: list(boxes(part, new_box)), people):
        yield from several


def decide_all(
    crowd: Any,
    compiled: Callable[..., int],
    new_box: Callable[[], Any],
    *arguments: Any,
    parts: Iterable[NDArray[np.uint32]] | None = None,
) -> Box:
    """One outbox of all that everyone awake decided, in the order of people, with its tallies; arguments as in `decide`."""
    boxes = list(decide(crowd, compiled, new_box, *arguments, parts=parts, reuse=False))
    return joined(boxes or [new_box()])
