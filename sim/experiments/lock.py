"""Lock: one process at a time, by a file that the system lets go when its holder dies, however it dies.

Where the system or the disk knows no such locks (Windows, some network disks) nobody is kept out: nothing that is
finished is ever written again, so two at once only waste time.
"""

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sim.engine.settings import BadInput


@contextlib.contextmanager
def only_one(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path`, which goes when the block ends.

    Args:
        what: begins the message if somebody else holds it, as in "outputs/x is being swept".

    Raises:
        BadInput: somebody else holds it, and who.
    """
    file = path.open("a+", encoding="utf-8")
    while not (held := _lock(file)) or not _is_still(path, file):
        if not held:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise BadInput(f"{what} by {holder}: wait for it, or choose another folder with --out")
        file.close()  # its last holder removed it between our opening and locking it
        file = path.open("a+", encoding="utf-8")
    try:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node() or 'this machine'}\n")
        file.flush()
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()


@contextlib.contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Hold the lock file `path` after everybody who came before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        _lock(file, wait=True)
        yield


def _is_still(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _lock(file: IO[str], wait: bool = False) -> bool:
    """Whether the open file is ours; closing it lets it go."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
