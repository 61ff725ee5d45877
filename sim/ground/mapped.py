"""Arrays in one file: written whole or not at all, mapped into memory read-only and shared by whoever opens it."""

import json
import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput

MAGIC = b"hongbao friends 1\n"
ALIGNED = 64  # bytes


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


def open_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and notes of a saved file, mapped into memory and read-only."""

    def refuse(problem: str) -> NoReturn:
        raise BadInput(f"{path}: {problem}; save the network again with Friends.save")

    with path.open("rb") as file:
        if file.readline() != MAGIC:
            refuse("not a saved network")
        try:
            head = json.loads(file.readline())
        except ValueError:
            refuse("damaged")
        start = -(-file.tell() // ALIGNED) * ALIGNED
    whole = np.asarray(np.memmap(path, np.uint8, "r"))
    arrays = {}
    for name, (kind, size, at) in head["arrays"].items():
        room = np.dtype(kind).itemsize * size
        if start + at + room > whole.size:
            refuse("cut short")
        arrays[name] = whole[start + at : start + at + room].view(kind)
    return arrays, head["notes"]
