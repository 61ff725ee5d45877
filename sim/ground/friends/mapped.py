"""Arrays in one file: written whole or not at all, mapped into memory read-only and shared by whoever opens it."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput

MAGIC = b"hongbao friends 1\n"
ALIGNED = 64  # bytes
PLAIN = "biufSU"  # kinds of numbers and of text; whatever else a file may claim to hold is not looked at


def save_arrays(path: Path, arrays: dict[str, NDArray[Any]], notes: dict[str, Any]) -> Path:
    """Write arrays and notes into one file: to a temporary name, to the disk, then renamed."""
    parts, at = {}, 0
    for name, array in arrays.items():
        parts[name] = [array.dtype.str, array.size, at]
        at += -(-array.nbytes // ALIGNED) * ALIGNED
    head = MAGIC + json.dumps({"arrays": parts, "notes": notes}).encode() + b"\n"
    head += bytes(-len(head) % ALIGNED)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(head)
            for array in arrays.values():
                file.write(np.ascontiguousarray(array).data)
                file.write(bytes(-array.nbytes % ALIGNED))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def is_saved(path: Path) -> bool:
    """Whether a file is one of `save_arrays`."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def open_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and notes of a saved file, mapped into memory and read-only.

    Raises:
        BadInput: it is none, or damaged.
    """
    with path.open("rb") as file:
        if file.readline() != MAGIC:
            raise unusable(path, "not a saved network")
        try:
            head = json.loads(file.readline())
            parts = {name: (np.dtype(kind), size, at) for name, (kind, size, at) in head["arrays"].items()}
            notes = dict(head["notes"])
        except (ValueError, TypeError, KeyError, AttributeError):  # no JSON, or not what `save_arrays` writes
            raise unusable(path, "damaged: its header cannot be read") from None
        start = -(-file.tell() // ALIGNED) * ALIGNED
    whole = np.asarray(np.memmap(path, np.uint8, "r"))
    arrays = {}
    for name, (kind, size, at) in parts.items():
        if kind.kind not in PLAIN or not kind.itemsize or not all(type(it) is int and it >= 0 for it in (size, at)):
            raise unusable(path, f"damaged: its header says nothing sound of {name!r}")
        room = kind.itemsize * size
        if start + at + room > whole.size:
            raise unusable(path, "cut short")
        arrays[name] = whole[start + at : start + at + room].view(kind)
    return arrays, notes


def unusable(path: Path, problem: str) -> BadInput:
    """A file that cannot be opened as a network: says why, and what to do."""
    return BadInput(f"{path}: {problem}; save the network again with Friends.save")
