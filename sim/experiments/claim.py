"""Claim: a folder is ours to write a result into, seen to before hours are spent on what goes there."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sim.experiments.lock import only_one
from sim.ground import paths
from sim.results import folder_for_results, unfinished


@contextlib.contextmanager
def claimed(
    folder: Path | None, names: Sequence[str], force: bool = False, inputs: Iterable[paths.Given] = ()
) -> Iterator[None]:
    """Hold a folder while a result is made; where that fails and leaves nothing in it, it goes if it was made for it.

    Args:
        folder: None claims nothing.
        names: what will be written, or removed, there.
        force: an earlier result there may go.
        inputs: files that the result is made of.

    Raises:
        BadInput: the folder cannot be made or written to, somebody else is writing there, or it holds what may not go.
        OSError: the disk is full.
    """
    if folder is None:
        yield
        return
    inputs = list(inputs)
    paths.check_free(folder, names, force, inputs)
    with folder_for_results(folder):
        paths.rehearse(folder, (name for name in names if Path(name).suffix))
        with only_one(folder / paths.LOCK, f"{folder} is being written"):
            paths.check_free(folder, names, force, inputs)  # who held it may have left a result
            with unfinished(folder):
                yield
