"""Home: where this process has `sim` from, so that processes that it starts have it from there too.

Python puts the working directory before all else in what it starts by `-c` or `-m`: a `sim.py`, a checkout of another
version, or a file called like a module of Python's that lies there would be taken for what it is not.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from multiprocessing import process
from pathlib import Path

import sim

TOLD = "PYTHONPATH", "PYTHONSAFEPATH"
FOLDER = str(Path(sim.__file__).resolve().parents[1])


def search_path() -> list[str]:
    """Where this process looks for modules, in full, `sim` being found where it was."""
    begun = Path(getattr(process, "ORIGINAL_DIR", None) or "")  # where this process was, which "" in a path means
    places = [str(begun / place) for place in sys.path]
    found = PathFinder.find_spec("sim", places)
    here = str(Path(found.origin).resolve().parents[1]) if found is not None and found.origin else ""
    if here == FOLDER:
        return places
    wrong = next((n for n, place in enumerate(places) if here and str(Path(place).resolve()) == here), len(places))
    return [*places[:wrong], FOLDER, *places[wrong:]]


def environment() -> dict[str, str]:
    """What a new Python is told, so that it looks for modules where this one does, and not in its working directory."""
    return dict(zip(TOLD, (os.pathsep.join(search_path()), "1"), strict=True))


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """Processes that start meanwhile look for modules where this one does, from their first moment on."""
    told, path = environment(), sys.path
    with environment_kept():
        sys.path = search_path()  # multiprocessing hands it on
        os.environ.update(told)  # until then
        try:
            yield
        finally:
            sys.path = path


@contextlib.contextmanager
def environment_kept() -> Iterator[None]:
    """What new processes are told of modules is afterwards what it was before, whoever changes it meanwhile."""
    before = {name: os.environ.get(name) for name in TOLD}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
