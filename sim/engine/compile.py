"""Compilation: all that knows numba's insides, so that rules and kernels elsewhere are plain Python with a mark on top.

A rule stays plain Python that tests call and any kernel may call. A kernel is compiled once and kept under a hash of
its own file and of every file of ours that it imports, because numba alone serves stale code when a helper changes.
What is used here beyond numba's documentation (its cache's classes, `overloads[...].entry_point`, `_numba_type_`) may
change with any release: pyproject.toml bounds the releases, and tests/engine/test_kernels.py fails first.
"""

import contextlib
import functools
import hashlib
import operator
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core.caching import FunctionCache, NullCache
from numba.extending import intrinsic, overload, register_jitable

from sim.engine.names import nearest

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
ROOT = Path(__file__).parents[1]


def rule(function: F) -> F:
    """A scalar function about one person: plain Python that any kernel can call.

    Where a rule has a loop in it, numba counts at each call who holds the arrays it is given, some 10 ns an array: a rule
    that is asked for each person takes scalars, or has no loop.
    """
    return register_jitable(function)


def inlined_rule(function: F) -> F:
    """A rule that takes bundles of arrays: written out where it is called, and it counts no references to them.

    To hand a bundle over costs more than most rules do. Such a rule makes no array and returns none.
    """
    return cast(F, register_jitable(forceinline=True, _nrt=False)(function))


def _cache_folder() -> Path:
    """Where compiled kernels are kept: the user's cache, or a temporary folder where that is not ours to write to.

    What is loaded from there is run, so a folder that anybody else could have filled is none.
    """
    user = os.getuid() if hasattr(os, "getuid") else "cache"
    for folder in (*_usual_folders(), Path(tempfile.gettempdir(), f"hongbao-{user}")):
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_mine(folder):
                return folder
    return Path(tempfile.mkdtemp(prefix="hongbao-"))  # compiled anew each time, but it works


def _usual_folders() -> Iterator[Path]:
    with contextlib.suppress(RuntimeError):  # nobody knows where the home of this user is
        given = os.environ.get("HONGBAO_CACHE") or os.environ.get("XDG_CACHE_HOME")
        yield (Path(given).expanduser() if given else Path.home() / ".cache").absolute() / "hongbao"


def _is_mine(folder: Path) -> bool:
    """Whether a folder can be written to, and by nobody whom we do not trust."""
    with tempfile.TemporaryFile(dir=folder):
        pass
    return not hasattr(os, "getuid") or folder.stat().st_uid in (os.getuid(), 0)


CACHE = _cache_folder()


# Statements that run when a file is imported; those only type checkers follow stand further in, and a kernel has none.
_IMPORT = re.compile(r"^from (sim(?:\.[\w.]*)?) import (?:\(([^)]*)\)|(.*))|^import (sim(?:\.[\w.]*)?)\b", re.MULTILINE)


_OURS = re.compile(r"\w+-[0-9a-f]{16}")  # folders of compiled code: a file's name, and the hash of what is behind it


@functools.cache
def _imports(text: str) -> frozenset[str]:
    """What a file of this text may import from this package, as paths without ending; some are no files."""
    found = set()
    for package, several, one, module in _IMPORT.findall(text):
        parts = (package or module).split(".")[1:]
        found |= {"/".join([*parts, name]) for name in re.findall(r"\w+", several or one)} | {"/".join(parts)}
    return frozenset(found - {""})


@functools.cache
def _files_behind(file: Path) -> frozenset[Path]:
    """The file and every file of this package that it imports, however indirectly."""
    found, waiting = {file}, [file]
    while waiting:
        for name in _imports(waiting.pop().read_text(encoding="utf-8")):
            path = ROOT / f"{name}.py"
            if path not in found and path.is_file():
                found.add(path)
                waiting.append(path)
    return frozenset(found)


@functools.cache
def _digest(file: Path) -> str:
    parts = [numba.__version__.encode(), *(f.read_bytes() for f in sorted(_files_behind(file)))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


SAID = "HONGBAO_SAID_COMPILING"  # in the environment, so that processes that this one starts need not say it again


def _say_compiling() -> None:
    if SAID not in os.environ:
        print("hongbao: compiling the model for this machine (first use only, under a minute) ...", file=sys.stderr)
    os.environ[SAID] = "1"


class _Cache(FunctionCache):
    """numba's own cache, but a damaged file is forgotten and a first compilation is announced."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        found = None
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # a truncated file: numba raises whatever unpickling raises
            self.flush()
        if found is None:
            _say_compiling()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):  # a full disk, or a file of somebody else's: then it is compiled again
            super().save_overload(sig, data)


def with_cached_type(rows: type[T]) -> type[T]:
    """A NamedTuple that caches its numba type, so that a call of a kernel need not look at each of its columns.

    numba's cache pickles a type by its name, so the new class goes by the name of the old. The cached type belongs to
    this process: a copy does not take it along.
    """
    named = {"__module__": rows.__module__, "__qualname__": rows.__qualname__, "__doc__": rows.__doc__}
    manners = {"__reduce__": _rows_for_a_copy, "__getattr__": _no_such_column, "__repr__": _rows_on_a_line}
    return cast(type[T], type(rows.__name__, (rows,), named | manners))  # without __slots__: with room for its type


def _rows_for_a_copy(rows: Any) -> tuple[Any, tuple[Any, ...]]:
    return type(rows), tuple(rows)


def _no_such_column(rows: Any, name: str) -> NoReturn:
    if name.startswith("_"):  # what we, numba and copy ask, and often
        raise AttributeError(name)
    raise AttributeError(f"{type(rows).__qualname__} has no column {name!r}{nearest(name, rows._fields)}")


def _rows_on_a_line(rows: Any) -> str:
    held = (f"{name}={_briefly(value)}" for name, value in zip(rows._fields, rows, strict=True))
    return f"{type(rows).__qualname__}({', '.join(held)})"


def _briefly(value: Any) -> str:
    return f"<{value.dtype}: {'x'.join(map(str, value.shape))}>" if isinstance(value, np.ndarray) else repr(value)


_array_kind = operator.attrgetter("dtype", "ndim", "flags.num")
_kinds: dict[Any, object] = {}  # one object a kind, so that kinds are compared by identity


def _kind(argument: Any) -> Any:
    """What numba would tell apart in an argument: of the same kind, the same machine code fits."""
    its_type = type(argument)
    if its_type is np.ndarray:
        return _array_kind(argument)
    if issubclass(its_type, tuple):
        try:
            return argument._kind_of_rows
        except AttributeError:
            kind = _kinds.setdefault((its_type, *map(_kind, argument)), object())
            with contextlib.suppress(AttributeError):
                argument._kind_of_rows = kind
            return kind
    if issubclass(its_type, np.ndarray):
        return its_type, *_array_kind(argument)
    return its_type


def with_type_of_first(rows: T) -> T:
    """The same rows with the cached type of the first of their class, for classes whose rows are all made in one way."""
    made: Any = type(rows)
    if "_kind_of_first" not in vars(made):
        made._kind_of_first = _kind(rows)
    rows._kind_of_rows = made._kind_of_first  # type: ignore[attr-defined]
    return rows


def prefetch(array, at):
    """In a kernel, have the memory fetch `array[at]` while other work goes on; any index will do. Else nothing."""


@intrinsic
def _fetch_ahead(typing_context, array, at):
    """The processor's own hint, which LLVM offers and numba does not."""

    def code(context, builder, signature, arguments):
        rows = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.bitcast(builder.gep(rows.data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch", (), ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        )
        builder.call(hint, [place, *(ir.Constant(number, n) for n in (0, 3, 1))])  # to read, to keep near, data
        return context.get_dummy_value()

    return numba.types.void(array, numba.types.int64), code


@overload(prefetch, inline="always")
def _prefetch(array, at):
    return lambda array, at: _fetch_ahead(array, np.int64(at))


def own(value, row):
    """The value of a setting for one person or firm: the same for all, or its own where a test gives a column of them.

    Compiled, it is the one or the other and costs nothing where nobody differs.
    """
    return value[row] if isinstance(value, np.ndarray) else value


@overload(own, inline="always")
def _own(value, row):
    if isinstance(value, numba.types.Array):
        return lambda value, row: value[row]
    return lambda value, row: value


DISABLED = bool(numba.config.DISABLE_JIT)  # for the code of whoever asked for that; see `kernel`


@contextlib.contextmanager
def _enabled() -> Iterator[None]:
    """numba compiles meanwhile, whatever NUMBA_DISABLE_JIT says."""
    before, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, 0
    try:
        yield
    finally:
        numba.config.DISABLE_JIT = before


class Kernel:
    """A compiled loop; called, it goes straight to the machine code that fits.

    numba asks every array of a NamedTuple for its type at every call, 20 microseconds for an outbox and the columns beside
    it: a third of a day where crowds are small. Here kinds are compared instead. Of plain arguments numba is quicker.
    """

    def __init__(self, loop: Callable[..., Any], compiled: Any) -> None:
        functools.update_wrapper(self, loop)
        self.py_func, self.compiled = loop, compiled
        self._ready: dict[Any, Callable[..., Any]] = {}
        self._plain = False

    def __call__(self, *arguments: Any) -> Any:
        if self._plain:
            return self.compiled(*arguments)
        kinds = tuple(map(_kind, arguments))
        run = self._ready.get(kinds)
        if run is None:
            self._plain = not DISABLED and not any(isinstance(argument, tuple) for argument in arguments)
            run = self._ready[kinds] = self._prepared(arguments)
        return run(*arguments)

    def _prepared(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        """The machine code for such arguments, compiled or fetched from the cache where that is still to do."""
        types = tuple(numba.typeof(argument) for argument in arguments)
        if types not in self.compiled.overloads:
            with _enabled():
                self.compiled.compile(types)
        return cast(Callable[..., Any], self.compiled.overloads[types].entry_point)

    @property
    def _numba_type_(self) -> Any:
        """So that other kernels can call this one."""
        return self.compiled._numba_type_


def kernel(loop: F) -> F:
    """Compile a loop over people; no fastmath and no `parallel`, so that sums never hang on threads or blocks.

    It is compiled under NUMBA_DISABLE_JIT too, which is for other people's code: run by Python, whole numbers of few bits
    would overflow otherwise, and truths add up otherwise, so that results would be others. `py_func` is the plain loop.
    """
    file = Path(loop.__code__.co_filename)
    folder = CACHE / f"{file.stem}-{_digest(file)}"
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        with _enabled():
            compiled = numba.njit(nogil=True, error_model="numpy")(loop)
        compiled._cache = _cache_of(loop)
    finally:
        numba.config.CACHE_DIR = before
    return cast(F, Kernel(loop, compiled))


def _cache_of(loop: Callable[..., Any]) -> Any:
    """Where numba keeps the machine code of a loop; nowhere, if no folder will have it."""
    try:
        return _Cache(loop)
    except (OSError, RuntimeError):
        return NullCache()


def forget_old_code(days: float = 30.0) -> None:
    """Drop compiled code that nothing has used for a while."""
    import time

    with contextlib.suppress(OSError):
        for folder in CACHE.iterdir():
            if _OURS.fullmatch(folder.name) and folder.stat().st_mtime < time.time() - days * 86_400:
                shutil.rmtree(folder, ignore_errors=True)
