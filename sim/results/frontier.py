"""A frontier on disk: what can be had of several aims at once, and by which levers. Nothing here runs a world.

frontier.json   what was asked, the points that were measured, and which of them no other dominates
runs.jsonl      a line a run: which it was, and what it came to
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypedDict

from sim.results.files import write_json
from sim.results.studies import load_study
from sim.results.tuning import Known

FRONTIER = "frontier.json"


class Aim(TypedDict):
    """A metric that is wanted: `better` is "more" or "less"; money counts a person where `per_person` says so."""

    name: str
    unit: str
    per_person: bool
    better: str


class FrontPoint(TypedDict):
    """A strategy with its levers somewhere, measured on fresh seeds.

    Attributes:
        scenario, levers: what it is.
        given: whether these are its levers as they were given.
        values: by aim.
        apart: by aim, the paired difference to the first scenario as it is given: luck that both share is not in it.
        front: whether no other point is at least as good in every aim and better in one, in the mean.
        beaten_by: the place in the list of one that is surely better in every aim; None where none is.
    """

    scenario: str
    levers: dict[str, Any]
    given: bool
    values: list[Known]
    apart: list[Known]
    front: bool
    beaten_by: int | None


@dataclass(frozen=True, repr=False)
class Frontier:
    """What can be had of several aims at once.

    Attributes:
        version, code: of the program that made it.
        asked: what makes it the same frontier as another.
        command: that made it, if a command did.
        aims: what is wanted.
        robust: the share of futures in which each aim is worse than its value here; None where assumptions stood still.
        futures: how many were drawn.
        users, days: of each run.
        seeds: of the "search" and the "fresh" measurement.
        tries: points that the search tried, by scenario.
        runs: made or known.
        titles: by scenario.
        points: that were measured again: every scenario as it is given, and what the search found not dominated.
    """

    version: str
    code: str
    asked: dict[str, Any]
    command: str
    aims: list[Aim]
    robust: float | None
    futures: int
    users: int
    days: int
    seeds: dict[str, list[int]]
    tries: dict[str, int]
    runs: int
    titles: dict[str, str]
    points: list[FrontPoint]

    def __repr__(self) -> str:
        on = sum(point["front"] for point in self.points)
        return (
            f"<Frontier of {' and '.join(aim['name'] for aim in self.aims)}: {on} of {len(self.points)} points on it>"
        )

    def write(self, folder: Path) -> None:
        """Write it to a folder that is ours."""
        write_json(folder / FRONTIER, asdict(self))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a frontier from its folder.

        Raises:
            BadInput: there is none, or it is damaged.
        """
        return load_study(cls, folder, FRONTIER)
