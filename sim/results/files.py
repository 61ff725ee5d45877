"""Files: each is written whole or not at all, and read with an error that says which is missing or damaged.

A file is written to a temporary name beside its own, forced to disk and renamed, so that a file that exists is whole.
"""

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.engine.settings import BadInput
from sim.ground import paths

# Writing


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Hand out a temporary name beside `path`; what is written there takes `path`'s name when the block ends well.

    Folders are made where they are missing. On any failure, Ctrl-C included, the temporary file is removed and an
    earlier file at `path` stays as it was. The temporary name keeps the suffix, by which some writers choose a format.

    Raises:
        BadInput: the folder cannot be made or written to.
    """
    path = Path(path)
    check_folder(path.parent)
    part = paths.passing(path)
    try:
        with named(path, str(part)):
            yield part
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # the new name reaches the disk too, where a folder can be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def named(path: Path, called: str | None = None) -> Iterator[None]:
    """Where a file cannot be written the error says which: a full disk does not, nor does a temporary name `called`."""
    try:
        yield
    except OSError as problem:
        if problem.errno and problem.filename in (None, called):
            problem.filename = str(path)
        raise


@contextlib.contextmanager
def folder_for_results(folder: Path | None) -> Iterator[None]:
    """Make a folder before hours are spent on what goes into it; where the block fails and leaves it empty, it goes.

    Raises:
        BadInput: it cannot be made or written to.
    """
    if folder is None:
        yield
        return
    missing = [it for it in (folder, *folder.parents) if not it.exists()]
    check_folder(folder)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # what holds something stays, and so do those around it
            for it in missing:
                it.rmdir()
        raise


def check_folder(folder: Path) -> None:
    """Make a folder and see that it can be written to, before hours are spent on what goes into it.

    Raises:
        BadInput: it cannot be made, is a file, or is read-only.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        link = paths.missing(Path(folder), "folder") if Path(folder).is_symlink() else ""
        way = link or "a file of that name is in the way"
        raise BadInput(f"{folder} cannot be a folder for results: {way}") from None
    except OSError as problem:
        raise BadInput(f"{folder} cannot be made: {problem.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(f"{folder} cannot be written to")


def write_json(path: Path, value: Any) -> None:
    """Write plain data as a whole JSON file; NumPy's numbers become Python's, tuples become lists.

    Raises:
        ValueError: a number is not finite, which JSON cannot hold; the message says which.
    """
    text = json.dumps(plain_data(value, path.name), indent=1, ensure_ascii=False, allow_nan=False)
    with whole_file(path) as part:
        part.write_text(text + "\n", encoding="utf-8")


def plain_data(value: Any, where: str) -> Any:
    """Plain Python data, every number finite."""
    if isinstance(value, Mapping):
        return {str(name): plain_data(item, f"{where}: {name}") for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain_data(value.tolist(), where)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_data(item, where) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}: only finite numbers can be saved")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)  # dates and paths


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as a whole Parquet file, without its index."""
    with whole_file(path) as part:
        table.to_parquet(part, index=False)


# Reading


def read_json(path: Path, advice: str = "run it again") -> Any:
    """Read a JSON file of ours.

    Args:
        advice: what helps if it is damaged.

    Raises:
        BadInput: it is missing or damaged.
    """
    try:
        return json.loads(paths.text_of(path))
    except OSError as problem:
        raise unreadable(path, problem) from None
    except ValueError as problem:  # not UTF-8, or not JSON
        raise damaged(path, problem, advice) from None


def read_table(path: Path, advice: str = "run it again", columns: list[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file of ours.

    Args:
        advice: what helps if it is damaged.
        columns: those wanted; all if None.

    Raises:
        BadInput: it is missing or damaged.
    """
    try:
        return pd.read_parquet(path, columns=columns)
    except FileNotFoundError as problem:
        raise unreadable(path, problem) from None
    except Exception as problem:  # pyarrow raises half a dozen kinds for a damaged file
        raise damaged(path, problem, advice) from None


def unreadable(path: Path, problem: OSError) -> BadInput:
    if isinstance(problem, FileNotFoundError):
        return BadInput(f"{path} is missing: the result is not whole; run it again")
    return BadInput(f"{path} cannot be read: {problem.strerror}")


def damaged(path: Path, problem: Exception, advice: str = "run it again") -> BadInput:
    why = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    return BadInput(f"{path} is damaged ({why}): {advice}")
