"""How a sweep stands: what has come back, what failed, and how long the rest will take."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sim.experiments.plan import Plan
from sim.experiments.pool import Task, WorkerLost
from sim.experiments.sweep_folder import now
from sim.experiments.worker import Outcome
from sim.results.files import write_json
from sim.results.sweep_folders import failure_of


class SweepStopped(RuntimeError):
    """The sweep cannot go on, through no fault of the plan; what is finished stays. Exit code 3."""


class Standing(NamedTuple):
    """How a sweep stands.

    Attributes:
        done: runs that are finished or have failed, those found finished included.
        planned: runs in all.
        failed: runs that failed.
        found: runs that were finished before.
        seconds: since the first run came back; before it, workers load the model.
    """

    done: int
    planned: int
    failed: int
    found: int
    seconds: float

    @property
    def rate(self) -> float:
        """Runs a second, of those made since the first came back."""
        return max(0, self.done - self.found - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float:
        """Seconds until the end, at this rate."""
        return (self.planned - self.done) / self.rate if self.rate else 0.0


class SweepTally:
    """What has come back so far; failures are written down, nothing else is kept."""

    def __init__(self, plan: Plan, folder: Path, progress: Callable[[Standing], None] | None) -> None:
        self.folder, self.progress, self.planned = folder, progress, plan.runs
        self.done = self.failed = self.found = 0
        self.under_way: dict[str, int] = {}  # runs being made, and at which point
        self.began: float | None = None  # when the first came back

    def find(self) -> None:
        """A run is there already, or is the same as one being made."""
        self.done += 1
        self.found += 1
        if self.done == self.planned:
            self._tell()

    def start(self, run: str, point: int) -> None:
        """A run is about to be made."""
        self.under_way[run] = point

    def add(self, task: Task, outcome: Outcome | WorkerLost) -> None:
        """A run came back.

        Raises:
            SweepStopped: it could not be written, for the disk is full, or its worker is not like the others.
        """
        scenario, order = task.arguments
        point = self.under_way.pop(order.run)
        if isinstance(outcome, WorkerLost):
            outcome = Outcome("failed", str(outcome), "its process left no traceback")
        if outcome.what == "full":
            raise disk_is_full(self.folder, outcome.error)
        if outcome.what == "unfit":  # it would be through with all runs before the others have made one
            raise SweepStopped(
                f"{outcome.error}; or end that worker. Every finished run stays; sweep again with the same plan to go on"
            )
        self.done += 1
        self.found += outcome.what == "found"
        if outcome.what == "failed":
            self.failed += 1
            about = {
                "run": order.run,
                "scenario": scenario.name,
                "point": point,
                "seed": scenario.run.seed,
                "error": outcome.error,
                "traceback": outcome.traceback,
                "deaths": task.deaths,
                "at": now(),
            }
            write_json(failure_of(self.folder, order.run), about)
        else:
            failure_of(self.folder, order.run).unlink(missing_ok=True)
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            self.began = self.began or time.perf_counter()
            seconds = time.perf_counter() - self.began
            self.progress(Standing(self.done, self.planned, self.failed, self.found, seconds))


def disk_is_full(folder: Path, why: str) -> SweepStopped:
    return SweepStopped(
        f"there is no room on the disk of {folder} ({why}): every finished run is whole and stays; make room, then "
        "sweep again with the same plan to go on"
    )
