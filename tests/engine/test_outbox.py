"""Outboxes: made from a list of columns, written by kernels, with sums that have names."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_kernels import brought_in, hits

from sim.engine import compile as compiling
from sim.engine.kernels import Outbox, decide_all, kernel, outbox, outbox_of

Greetings = outbox_of("Greetings", who=np.uint32, words=np.int16, tallies=("greeted", "silent"))


@kernel
def _greet(people, start, box):
    """Everyone with an even number says so many words, the others none."""
    tally = box.tally[0]
    for at in range(start, people.size):
        if box.used[0] == box.who.size:
            return at
        if people[at] % 2:
            tally.silent += 1
            continue
        box.who[box.used[0]], box.words[box.used[0]] = people[at], people[at] // 2
        box.used[0] += 1
        tally.greeted += 1
    return people.size


def greeted(room: int, block: int, threads: int = 1, people: int = 100) -> Any:
    everyone = np.arange(people, dtype=np.uint32)
    awake = [everyone[first : first + block] for first in range(0, people, block)]
    if threads == 1:
        return decide_all(SimpleNamespace(awake=awake, pool=None, threads=1), _greet, lambda: Greetings.empty(room))
    with ThreadPoolExecutor(threads) as pool:
        crowd = SimpleNamespace(awake=awake, pool=pool, threads=threads)
        return decide_all(crowd, _greet, lambda: Greetings.empty(room))


@pytest.mark.parametrize(("room", "block", "threads"), [(1_000, 100, 1), (1, 100, 1), (3, 7, 1), (4, 30, 2)])
def test_all_that_was_decided_is_in_one_box_with_its_tallies(room: int, block: int, threads: int) -> None:
    """Breaks if a sum is counted twice where a box is used again, or lost with a box that holds no event."""
    box = greeted(room, block, threads)
    who, words = box.written()
    assert who.tolist() == list(range(0, 100, 2))
    assert words.tolist() == list(range(50))
    assert box.tallies() == {"greeted": 50, "silent": 50}


def test_sums_come_without_an_event_too() -> None:
    crowd = SimpleNamespace(awake=[np.array([3, 5, 7], np.uint32)], pool=None, threads=1)
    box = decide_all(crowd, _greet, Greetings.empty)
    assert [column.size for column in box.written()] == [0, 0]
    assert box.tallies() == {"greeted": 0, "silent": 3}


def test_nobody_decides_nothing() -> None:
    box = decide_all(SimpleNamespace(awake=[], pool=None, threads=1), _greet, Greetings.empty)
    assert isinstance(box, Greetings)
    assert [(column.size, column.dtype) for column in box.written()] == [(0, np.uint32), (0, np.int16)]
    assert box.tallies() == {"greeted": 0, "silent": 0}


def test_compiled_or_not_a_kernel_writes_the_same() -> None:
    plain, compiled, people = Greetings.empty(9), Greetings.empty(9), np.arange(12, dtype=np.uint32)
    assert _greet(people, 0, compiled) == _greet.py_func(people, 0, plain) == 12
    assert plain.tallies() == compiled.tallies() == {"greeted": 6, "silent": 6}
    assert all((one == other).all() for one, other in zip(plain.written(), compiled.written(), strict=True))


def test_a_box_is_full_of_what_it_is_made_to_hold() -> None:
    box = Outbox.holding(np.array([1], np.uint32), np.array([2], np.uint32), np.array([300]))
    assert [column.tolist() for column in box.written()] == [[1], [2], [300]]
    assert box.tallies() == {}
    box.clear()
    assert box.written()[0].size == 0


def test_a_box_that_is_copied_is_the_same_kind_of_box() -> None:
    box = greeted(100, 100)
    again = pickle.loads(pickle.dumps(box))
    assert type(again) is Greetings
    assert again.tallies() == box.tallies()
    with pytest.raises(AttributeError, match=r"no column 'word'.*words"):
        _ = box.word


CODE = """
import numpy as np
from sim.engine.kernels import kernel, outbox_of

Marks = outbox_of("Marks", who=np.uint32, tallies=("made",))

@kernel
def mark(box):
    box.tally[0].made += 2
    return box.who.size
"""


def test_a_kernel_with_a_box_is_found_again_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks if the class does not go by the name of its variable: its machine code would be compiled each time."""
    monkeypatch.setattr(compiling, "CACHE", tmp_path / "cache")
    path = tmp_path / "made_up_box.py"
    path.write_text(CODE)
    for expected in (0, 1):
        module = brought_in(path, "made_up_box")
        box = module.Marks.empty(4)
        assert module.mark(box) == 4
        assert box.tallies() == {"made": 2}
        assert hits(module.mark) == expected


def test_an_outbox_has_the_room_asked_for() -> None:
    assert outbox(7).who.size == outbox(7).cents.size == 7
