"""Kernels: compiled once, kept under a hash of what they are made of, and of no mind how people are cut into blocks."""

import importlib.util
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from sim.engine import batches, kernels
from sim.engine import compile as compiling
from sim.engine.kernels import Outbox, decide, is_full, kernel, outbox, post

CODE = """
from sim.engine.kernels import kernel

@kernel
def doubled(x):
    return 2 * x
"""


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for code and its cache, so that nothing else is touched."""
    monkeypatch.setattr(compiling, "CACHE", tmp_path / "cache")
    return tmp_path


def brought_in(path: Path, name: str = "made_up") -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # numba's cache looks for the module by its name
    spec.loader.exec_module(module)
    return module


def hits(compiled: Any) -> int:
    return sum(compiled.compiled.stats.cache_hits.values())


def test_compiled_code_is_kept_and_found_again(workshop: Path) -> None:
    path = workshop / "made_up.py"
    path.write_text(CODE)
    first = brought_in(path).doubled
    assert (first(4), hits(first)) == (8, 0)
    again = brought_in(path).doubled
    assert (again(4), hits(again)) == (8, 1)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("content", [b"", b"not what numba wrote", None], ids=["empty", "other", "cut short"])
def test_a_damaged_cache_file_is_forgotten(workshop: Path, ending: str, content: bytes | None) -> None:
    """Breaks with numba's own cache, which raises whatever unpickling raises."""
    path = workshop / "made_up.py"
    path.write_text(CODE)
    assert brought_in(path).doubled(4) == 8
    kept = sorted((workshop / "cache").rglob(f"*.{ending}"))
    assert kept
    for file in kept:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if content is None else content)
    again = brought_in(path).doubled
    assert (again(4), hits(again)) == (8, 0)
    third = brought_in(path).doubled
    assert (third(4), hits(third)) == (8, 1)  # and what was damaged has been replaced


def test_an_edited_file_behind_a_kernel_changes_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks if only the kernel's own file is hashed: numba would serve code with the old helper in it."""
    monkeypatch.setattr(compiling, "ROOT", tmp_path)
    (tmp_path / "service.py").write_text("from sim.helper import half\nimport sim.other\n")
    (tmp_path / "helper.py").write_text("from sim import far\ndef half(x): return x / 2\n")
    for name in ("far", "other", "stranger"):
        (tmp_path / f"{name}.py").write_text("")

    def digest() -> str:
        compiling._digest.cache_clear()
        compiling._files_behind.cache_clear()
        return compiling._digest(tmp_path / "service.py")

    before = digest()
    assert digest() == before
    for name in ("helper", "far", "other"):
        with (tmp_path / f"{name}.py").open("a") as file:
            file.write("# edited\n")
        after = digest()
        assert after != before, f"{name}.py is not part of the digest"
        before = after
    (tmp_path / "stranger.py").write_text("# edited\n")
    assert digest() == before  # nobody imports it: editing it compiles nothing
    compiling._digest.cache_clear()
    compiling._files_behind.cache_clear()


def test_a_file_that_only_type_checkers_follow_is_not_behind_a_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "ROOT", tmp_path)
    (tmp_path / "service.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sim.world import World\n"
    )
    (tmp_path / "world.py").write_text("")
    compiling._files_behind.cache_clear()
    assert compiling._files_behind(tmp_path / "service.py") == {tmp_path / "service.py"}
    compiling._files_behind.cache_clear()


def test_first_use_says_that_it_compiles_and_later_ones_are_silent(workshop: Path) -> None:
    path = workshop / "made_up.py"
    path.write_text(CODE)
    code = textwrap.dedent(f"""
        import sys, pathlib
        from sim.engine import compile
        compile.CACHE = pathlib.Path({str(workshop / "cache")!r})
        sys.path.insert(0, {str(workshop)!r})
        import made_up
        made_up.doubled(4); made_up.doubled(4.0)
    """)
    anew = {name: value for name, value in os.environ.items() if name != compiling.SAID}
    said = [
        subprocess.run([sys.executable, "-c", code], env=anew, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert said[0].stderr.count("compiling") == 1
    assert said[1].stderr == ""
    assert said[0].stdout == ""


def test_old_code_is_dropped_and_new_code_kept(workshop: Path) -> None:
    import time

    old, new, others = (
        f"wallet-{'0' * 16}",
        f"wallet-{'1' * 16}",
        "somebody's",
    )  # a cache may be where others keep things
    for name, age in ((old, 40), (new, 1), (others, 40)):
        (workshop / "cache" / name).mkdir(parents=True)
        then = time.time() - age * 86_400
        os.utime(workshop / "cache" / name, (then, then))
    kernels.forget_old_code(30)
    assert {folder.name for folder in (workshop / "cache").iterdir()} == {new, others}


# blocks, boxes, deciding


@pytest.mark.parametrize("size", [1, 9, 10, 11, 95])
def test_blocks_cover_everyone_once(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BLOCK", 10)
    people = [who for first, last in kernels.blocks(size) for who in range(first, last)]
    assert people == list(range(size))
    assert max(last - first for first, last in kernels.blocks(size)) <= 10


@kernel
def _greet(people, start, box):
    """Everyone greets each of two others."""
    for at in range(start, people.size):
        if is_full(box, 2):
            return at
        for k in range(2):
            post(box, people[at], (people[at] + np.uint32(k + 1)) % np.uint32(100), np.int64(k))
    return people.size


def greeted(box_room: int, block: int, threads: int) -> list[tuple[int, int, int]]:
    everyone = np.arange(100, dtype=np.uint32)
    pool = ThreadPoolExecutor(threads) if threads > 1 else None
    crowd = SimpleNamespace(
        awake=[everyone[first : first + block] for first in range(0, 100, block)], pool=pool, threads=threads
    )
    events: list[tuple[int, int, int]] = []
    for box in decide(crowd, _greet, lambda: outbox(box_room)):
        many = int(box.used[0])
        events += zip(box.who[:many].tolist(), box.to[:many].tolist(), box.cents[:many].tolist(), strict=True)
    if pool:
        pool.shutdown()
    return events


@pytest.mark.parametrize(("room", "block", "threads"), [(2, 100, 1), (3, 7, 1), (1_000, 9, 3), (5, 30, 2)])
def test_decisions_come_in_the_order_of_people_whatever_the_room_blocks_and_threads(
    room: int, block: int, threads: int
) -> None:
    """Breaks if a box is handed on twice, dropped when full, or given in the order in which threads end."""
    plain = greeted(1_000, 100, 1)
    assert len(plain) == 200
    assert greeted(room, block, threads) == plain


def test_a_box_holds_what_was_posted_and_says_when_it_is_full() -> None:
    box: Outbox = outbox(3)
    post(box, 4, 5, 600)
    assert (box.who[0], box.to[0], box.cents[0], box.used[0]) == (4, 5, 600, 1)
    assert not is_full(box, 2)
    assert is_full(box, 3)


# what a call may hand over


class Columns(NamedTuple):
    one: np.ndarray
    other: np.ndarray


Remembered = kernels.with_cached_type(Columns)
Remembered.__qualname__ = Remembered.__name__ = "Remembered"


@kernel
def _first(columns):
    return columns.one[0] + columns.other[0]


@kernel
def _first_of_all(columns, n):
    total = 0.0
    for _ in range(n):
        total += _first(columns)
    return total


@kernel
def _fetched(array, at):
    kernels.prefetch(array, at)
    return array[0]


@kernel
def _same(x):
    return x


@kernel
def _beside(columns, x):
    return x


@pytest.mark.parametrize("kind", [Columns, Remembered])
def test_other_types_get_other_machine_code(kind: Any) -> None:
    """Breaks if calls are told apart by less than numba tells: bytes of one type would be read as another's."""
    arrays = (np.array([3], np.int32), np.array([0.5], np.float32), np.array([2], np.int64), np.array([0.25]))
    for one in arrays:
        for other in (*arrays, np.array([7.0, 0.0])[::2], np.array([[4.0]])[0]):
            assert _first(kind(one, other)) == one[0] + other[0]
    locked = np.array([1.5])
    locked.flags.writeable = False
    assert _first(kind(locked, locked)) == 3.0


def test_a_tuple_of_one_class_may_hold_other_columns() -> None:
    assert _first(Remembered(np.array([1.5]), np.array([2], np.int8))) == 3.5
    assert _first(Remembered(np.array([2], np.int8), np.array([1.5]))) == 3.5


def test_a_kernel_calls_a_kernel() -> None:
    assert _first_of_all(Columns(np.array([1.0]), np.array([0.5])), 4) == 6.0


def test_a_large_whole_number_stays_large() -> None:
    """A key of luck is an np.uint64; breaks if the code for an int were given one, and it came out below zero."""
    assert (_same(7), _same(np.uint64(2**64 - 2)), _same(7)) == (7, 2**64 - 2, 7)
    columns = Columns(np.array([1.0]), np.array([0.5]))
    assert (_beside(columns, 7), _beside(columns, np.uint64(2**64 - 2))) == (7, 2**64 - 2)
    with pytest.raises(OverflowError):
        _beside(columns, 2**63)


def test_a_wrong_call_is_an_error_and_the_next_is_well() -> None:
    with pytest.raises(TypeError):
        _same()
    with pytest.raises(TypeError):
        _same(8, 9)
    assert _same(8) == 8


@pytest.mark.parametrize("at", [0, 2, -1, 10**12])
def test_fetching_ahead_changes_nothing_wherever_it_points(at: int) -> None:
    assert _fetched(np.array([1.0, 2.0, 3.0]), at) == 1.0
