"""Paths: how a path that somebody gave is read, and what may be written where; for Python, command and files alike.

Read: `~` is a home, a relative path is seen from the file that says it, else from the working directory. What is no
path of this machine's is refused before anything is done with it.

Written: never over an input, never over what no earlier result left there, over an earlier result only where that is
meant (`force`). A file or folder counts as an earlier result's if it says so itself.
"""

import contextlib
import difflib
import errno
import functools
import hashlib
import itertools
import json
import os
import re
import secrets
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sim.engine.settings import BadInput

Given = str | os.PathLike[str]
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")  # with two letters at least: C:/ is a disk
LOCK = ".hongbao.lock"  # while somebody writes there
UNFINISHED = ".hongbao.unfinished"  # in a folder that is being written, or was when its writer was cut off
PROBE = b"hongbao"
STUDIES = {  # kinds of results that are one file of answers and a log of runs: the file, and a key in it
    "tuning": ("tuning.json", "tuned"),
    "frontier": ("frontier.json", "points"),
    "sensitivity": ("sensitivity.json", "about"),
    "abtest": ("abtest.json", "designs"),
}
LEFT = {  # what results of a kind leave in their folder
    "run": ("manifest.json", "scenario.toml", "*.parquet", "summary.json", "report.html", "world-*.npz"),
    "comparison": ("manifest.json", "comparison.json", "report.html", "runs", ".graphs"),
    "unfinished": ("*",),
    **{kind: (file, "runs.jsonl", "report.html", ".graphs") for kind, (file, _) in STUDIES.items()},
}


# Reading


def problem_with(text: str) -> str:
    """Why a path cannot be used, as a rule that it breaks; empty where it can."""
    if not text:
        return "an empty path; '.' is the folder one is in"
    if "\0" in text:
        return "no path: it holds a NUL character"
    scheme = URL.match(text)
    if scheme and not Path(f"{scheme[1]}:").exists():
        own = unquote(urlsplit(text).path)
        hint = f", here {own!r}" if scheme[1].lower() == "file" else ": copy it here, or mount it"
        return f"a URL, and only files and folders of this machine are read and written{hint}"
    try:
        text.encode("utf-8")
        os.fsencode(text)
    except UnicodeEncodeError:
        known = sys.getfilesystemencoding()
        if known.replace("-", "").lower() != "utf8":
            return f"a name that this process cannot read, since its locale is {known}: set PYTHONUTF8=1, or a UTF-8 locale"
        return "a name that is not text in UTF-8, in which results say what they are of: rename it"
    return ""


def given(path: Given, what: str = "") -> Path:
    """A path as somebody gave it; given twice it is the same.

    Args:
        what: begins the message, as in "out".

    Raises:
        BadInput: it is empty, a URL, in a home that nobody has, or has a name that UTF-8 cannot hold.
    """
    text = os.fsdecode(path)
    if problem := problem_with(text):
        said = text.encode("utf-8", "backslashreplace").decode()
        raise BadInput(f"{what} = {said!r}: {problem}" if what else f"{said or repr(said)}: {problem}")
    found = Path(text)
    if text.startswith("~"):
        try:
            return found.expanduser()
        except RuntimeError:
            raise BadInput(f"{text}: whose home that is nobody here knows; ./{text} is a name that begins so") from None
    # pathlib drops the ./ that says what these are
    return found.absolute() if str(found).startswith("~") or URL.match(str(found)) else found


def resolved(path: Path) -> Path:
    """The path in full, links followed as far as they lead.

    Raises:
        BadInput: links lead in a circle, or the working directory is gone.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError) as problem:  # RuntimeError: a circle, before Python 3.13
        raise BadInput(f"{path}: {loop_of_links(path) or getattr(problem, 'strerror', None) or problem}") from None


def seen_from(folder: Path, text: str) -> str:
    """A path that stands in a file of `folder`, in full; what is none stays as it is, for who checks it."""
    return text if problem_with(text) else str(resolved(folder / given(text)))


def text_of(path: Path) -> str:
    """What a text file says, a byte-order mark or not.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read, or is not UTF-8.
    """
    return path.read_text(encoding="utf-8-sig")


def missing(path: Path, what: str, suits: Callable[[Path], bool] = Path.is_file) -> str:
    """What to say of a path that leads nowhere: a link and where it leads, and the nearest name beside it."""
    if said := loop_of_links(path):
        return said
    said = f"a link to {path.readlink()}, where there is no {what}" if path.is_symlink() else f"no such {what}"
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = [near.name for near in path.parent.iterdir() if near.name != path.name and suits(near)]
    near = difflib.get_close_matches(path.name, names, 1)
    return said + (f"; did you mean {near[0]!r}?" if near else "")


def loop_of_links(path: Path) -> str:
    """What to say of links that lead in a circle, "" of any other path."""
    try:
        path.stat()
    except OSError as problem:
        if problem.errno == errno.ELOOP:
            return "its links lead in a circle"
    return ""


# Writing


def kind_of(folder: Path) -> str:
    """What a folder holds: a "sweep", "comparison", "run" or study, what an "unfinished" one left, or "" for none of ours."""
    if _says(folder / "sweep.json", "plan"):
        return "sweep"
    for kind, (name, key) in STUDIES.items():
        if _says(folder / name, key):
            return kind
    tables = all((folder / name).exists() for name in ("days.parquet", "flows.parquet"))
    damaged = (folder / "manifest.json").exists() and tables  # so we go by what lies beside it
    if _says(folder / "manifest.json", "metrics") or damaged:
        return "comparison" if (folder / "comparison.json").exists() else "run"
    if _says(folder / "comparison.json", "unfair"):
        return "comparison"
    return "unfinished" if tables or (folder / UNFINISHED).exists() else ""


def _says(file: Path, key: str) -> bool:
    """Whether a file of that name is ours: other programs write a manifest.json too."""
    try:
        found = json.loads(text_of(file))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and key in found


def check_free(folder: Path, names: Sequence[str], force: bool = False, inputs: Iterable[Given] = ()) -> str:
    """Refuse to write `names` into a folder where that would cost somebody a file.

    Args:
        names: files and folders that will be written or removed there.
        force: an earlier result, as a whole, may go.
        inputs: files that are read, and stay whatever is meant.

    Returns:
        What the folder holds, as `kind_of`.

    Raises:
        BadInput: saying which file is in the way.
    """
    for file in map(Path, inputs):
        for name in names:
            if _is_in(file, folder / name):
                raise BadInput(f"{folder}: the result would be written over {file}, which it is made of: {ANOTHER}")
    holds = kind_of(folder)
    if holds == "sweep":
        raise BadInput(f"{folder} holds a sweep: {ANOTHER}")
    if holds in STUDIES and STUDIES[holds][0] not in names:  # whose file would stay, and say it is still there
        raise BadInput(f"{folder} holds a {holds} study: {ANOTHER}")
    if holds in ("run", "comparison", *STUDIES) and not force:
        raise BadInput(f"{folder} holds an earlier result: --force (force=True) replaces it, or {ANOTHER}")
    for name in names:
        if os.path.lexists(folder / name) and not any(fnmatch(name, left) for left in LEFT.get(holds, ())):
            raise BadInput(f"{folder} holds {name}, which no earlier result left there: {ANOTHER}")
    return holds


ANOTHER = "choose another folder with --out"


def _is_in(file: Path, place: Path) -> bool:
    """Whether a file is the one at `place`, or below it."""
    with contextlib.suppress(OSError, RuntimeError):
        return place.exists() and (file.samefile(place) or file.resolve().is_relative_to(place.resolve()))
    return False


def is_world(path: Path) -> bool:
    """Whether a file is a saved world, by what it says it holds."""
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as file:
        return {"about.npy", "ledger.npy"} <= set(file.namelist())
    return False


def check_file(path: Path, is_ours: Callable[[Path], bool], what: str, force: bool = False) -> None:
    """Refuse to write one file where another lies: an earlier one of the kind goes by `force`, any other never.

    Raises:
        BadInput: saying so.
    """
    if not os.path.lexists(path):
        return
    if not path.is_file() or not is_ours(path):
        raise BadInput(f"{path} is there, and is no {what}: move it away, or choose another name")
    if not force:
        raise BadInput(f"{path} is {what} saved before: force=True replaces it, or choose another name")


def rehearse(folder: Path, names: Iterable[str]) -> None:
    """Write what will be written, a few bytes each under passing names, before hours are spent on it.

    Raises:
        BadInput: a file cannot be written there.
        OSError: the disk is full.
    """
    for name in names:
        part = passing(folder / name)
        try:
            part.write_bytes(PROBE)
        except OSError as problem:
            if problem.errno in (errno.ENOSPC, errno.EDQUOT):
                problem.filename = str(folder / name)
                raise
            raise BadInput(f"{folder / name} cannot be written: {problem.strerror}; {ANOTHER}") from None
        finally:
            with contextlib.suppress(OSError):
                part.unlink()


def passing(path: Path) -> Path:
    """A name beside a file's, under which it is written until it is whole; it keeps the suffix, which some writers read."""
    return path.with_name(f".{path.stem}-{secrets.token_hex(4)}.part{path.suffix}")


def free(folder: Path) -> Path:
    """The folder, or the first of the same name with a number in which nothing lies yet."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in itertools.count(2))
    return next(one for one in itertools.chain([folder], numbered) if _is_empty(one))


def _is_empty(folder: Path) -> bool:
    if not os.path.lexists(folder):
        return True
    with contextlib.suppress(OSError):
        return not any(folder.iterdir())
    return False


def content(file: str | Path) -> str:
    """Hash of what a file holds, by which it is known wherever it lies; empty where it cannot be read."""
    path = Path(file)
    try:
        about = path.stat()
        return _hashed(path, about.st_mtime_ns, about.st_size, about.st_ino)
    except OSError:
        return ""


@functools.lru_cache(maxsize=64)
def _hashed(path: Path, *state: int) -> str:
    """Hash of a file as long as its size and time stay as they are."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
