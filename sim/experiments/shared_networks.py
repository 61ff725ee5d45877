"""Networks that runs share: each is made once, kept in a file that every process maps, and goes when none needs it."""

import shutil
import tempfile
from collections import Counter, OrderedDict
from pathlib import Path

from sim.experiments.worker import network_name
from sim.ground.friends.friends import Friends
from sim.results.files import named
from sim.results.sweep_folders import NETWORKS, PARTS
from sim.scenario import Scenario

KEPT = 16  # networks that stay on disk though no run needs them just now


class Graphs:
    """The network of each seed, made when it is first asked for and kept in a file that every process maps.

    It is the same for all scenarios of a seed, and for all seeds where it was read from a file. The files go when the
    context ends.
    """

    def __init__(self, scenario: Scenario, out: Path | None) -> None:
        self._scenario = scenario
        self._folder = Path(tempfile.mkdtemp(prefix="hongbao-")) if out is None else out / ".graphs"
        self._saved: dict[int, Path] = {}

    def of(self, seed: int) -> Path:
        """File of the network of a seed, for `Friends.open`."""
        settings = self._scenario.friends
        key = 0 if settings.file or settings.kind == "everyone" else seed
        if key not in self._saved:
            friends = Friends.make(settings, self._scenario.run.users, seed)
            self._folder.mkdir(exist_ok=True)
            path = self._folder / f"{key}.friends"
            with named(path):
                self._saved[key] = friends.save(path, force=True)
        return self._saved[key]

    def __enter__(self) -> "Graphs":
        return self

    def __exit__(self, *problem: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class Networks:
    """The files of the networks that runs need: each is made by the first run that does, and goes when none does.

    A few that no run needs just now stay, since runs that follow each other mostly need the same. When the block ends
    nothing stays, nor do parts of runs that were being written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._users: Counter[Path] = Counter()
        self._idle: OrderedDict[Path, None] = OrderedDict()

    def acquire(self, scenario: Scenario) -> Path:
        """File of the network of a scenario, which stays until it is released."""
        path = self._folder / NETWORKS / f"{network_name(scenario)}.friends"
        self._idle.pop(path, None)
        self._users[path] += 1
        return path

    def release(self, path: Path) -> None:
        """A run is over."""
        self._users[path] -= 1
        if self._users[path] == 0:
            del self._users[path]
            self._idle[path] = None
            while len(self._idle) > KEPT:
                self._idle.popitem(last=False)[0].unlink(missing_ok=True)

    def _clear(self) -> None:
        for name in (NETWORKS, PARTS):
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def __enter__(self) -> "Networks":
        self._clear()  # of a sweep that was killed
        return self

    def __exit__(self, *problem: object) -> None:
        self._clear()
