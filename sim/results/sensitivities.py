"""A study of which assumptions matter, on disk. Nothing here runs a world.

sensitivity.json   what was asked, and once it is finished what was found
runs.jsonl         a line a run that was made
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypedDict

import pandas as pd

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.results.files import read_json, write_json
from sim.results.folders import no_folder
from sim.results.futures import Assumption
from sim.results.studies import whole

SENSITIVITY = "sensitivity.json"
METRIC, DIFFERENCE, LEAD, WINNER = "metric", "difference", "lead", "winner"
MATTERS = 0.01  # of the variance: an assumption matters if surely it has a part in more
BY_CHANCE = 0.05  # an assumption is worth finding out if one that says nothing looks worth as much less often


class Stage(TypedDict):
    """A part of a study: how many points at most, with how many seeds each, and the runs that makes."""

    stage: str
    points: int
    seeds: int
    runs: int


class About(TypedDict):
    """What a figure is of: a metric of a scenario, its difference to the baseline, its lead, or whether it leads."""

    kind: str
    scenario: str
    against: str


class Effect(TypedDict):
    """What moving a group or an assumption does to a quantity: mean size, with half its 95 % interval."""

    name: str
    mu_star: float
    half_width: float


class Effects(About):
    """Effects on a quantity, the largest first."""

    effects: list[Effect]


class Screening(TypedDict):
    """One screening: what was moved ("groups" or "assumptions"), along how many trajectories, and what that did."""

    moved: str
    trajectories: int
    redrawn: int
    quantities: list[Effects]


class Index(TypedDict):
    """An assumption's first and total index, shares of the variance, each with its 95 % interval."""

    name: str
    first: float
    first_low: float
    first_high: float
    total: float
    total_low: float
    total_high: float


class Indices(About):
    """Sobol's indices of a quantity.

    Attributes:
        rows: of each assumption, the largest total first.
        explained: of held-out points the share of variance that the emulator foretells, Q2; None where it was not used.
        root_mean_square: its error there, in the quantity's unit; None likewise.
        widened: what was added to either side of the intervals for what the emulator misses.
        luck: the share of variance that is luck's; None of one seed.
    """

    rows: list[Index]
    explained: float | None
    root_mean_square: float | None
    widened: float
    luck: float | None


class Change(About):
    """A quantity's mean over seeds, or its change, with a 95 % interval for luck."""

    mean: float
    low: float
    high: float


class Place(TypedDict):
    """What holds at a point: figures, and who is best, with the probability as far as luck goes; None where alike."""

    figures: list[Change]
    winner: str | None
    chance: float | None


class End(Place):
    """One assumption at an end of its range, all others as given; figures are changes. Refused: nobody can live there."""

    value: float
    refused: str


class Swing(TypedDict):
    """An assumption at both ends."""

    name: str
    given: float
    low: End
    high: End


class Cell(TypedDict):
    """A place of the map; None as a winner where the first are alike."""

    winner: str | None
    chance: float | None
    lead: float


class Map(TypedDict):
    """Who wins over two assumptions; a row a level of `down`, None where nobody can live."""

    across: str
    down: str
    across_values: list[float]
    down_values: list[float]
    cells: list[list[Cell | None]]


class Worth(TypedDict):
    """What knowing is worth, not below 0, with its 95 % interval."""

    worth: float
    low: float
    high: float


class WorthOf(Worth):
    """What knowing one assumption is worth; `by_chance` is how often one that says nothing would look worth as much."""

    name: str
    by_chance: float


class Information(TypedDict):
    """What knowing is worth before one decides, in `unit`: everything, and each assumption alone, the surest first."""

    unit: str
    points: int
    seeds: int
    all: Worth
    each: list[WorthOf]


@dataclass(frozen=True, repr=False)
class Sensitivity:
    """Which assumptions matter.

    Attributes:
        about: what was asked and of what: version, code, name, title, scenarios, titles, metric, unit, per_person, better,
            question, seeds, users, days, set_by_hand, services, source, machine.
        stages: the budget.
        assumptions: what was drawn; `given` their values where they are not; `held` those that stay, and why.
        screenings: Morris's, of groups and of single assumptions.
        groups: that were looked into; `asked`: assumptions whose indices follow.
        method: how the indices were found: "emulator" or "model".
        indices: a quantity each.
        favourite: the strategy with the best mean, whose lead and victories are asked about; empty where there is one.
        at_given: what holds with the assumptions as given; None without a tornado.
        tornado: one assumption after another at the ends of its range.
        map: who wins over the two that matter most to that; None where there is one strategy, or no runs were made.
        information: what knowing is worth; None where there is one strategy.
        points, values: the sample: a row a point; values by scenario, a row a point, a column a seed.
        headline: the answer in a line.
    """

    about: dict[str, Any]
    stages: list[Stage]
    assumptions: list[Assumption]
    given: dict[str, float]
    held: dict[str, str]
    screenings: list[Screening]
    groups: list[str]
    asked: list[str]
    method: str
    indices: list[Indices]
    favourite: str
    at_given: Place | None
    tornado: list[Swing]
    map: Map | None
    information: Information | None
    points: list[list[float]]
    values: dict[str, list[list[float]]]
    headline: str

    def __repr__(self) -> str:
        return f"<Sensitivity of {self.about['metric']} to {len(self.assumptions)} assumptions. {self.headline}>"

    @property
    def runs(self) -> int:
        """Runs that it took at most."""
        return sum(stage["runs"] for stage in self.stages)

    def indices_of(self, kind: str, scenario: str | None = None) -> Indices:
        """The indices of a quantity: of a kind "metric", "difference", "lead" or "winner", and of a scenario.

        Raises:
            BadInput: there are none.
        """
        for it in self.indices:
            if it["kind"] == kind and scenario in (None, it["scenario"]):
                return it
        known = ", ".join(dict.fromkeys(it["kind"] for it in self.indices))
        raise BadInput(f"no indices of {kind!r}{f' of {scenario!r}' if scenario else ''}; there are those of {known}")

    def table(self) -> pd.DataFrame:
        """A row an assumption and quantity: indices with their intervals, and what knowing the assumption is worth."""
        worth: dict[str, WorthOf] = {}
        if self.information is not None:
            worth = {it["name"]: it for it in self.information["each"]}
        rows: list[dict[str, Any]] = []
        for of in self.indices:
            for row in of["rows"]:
                known = worth.get(row["name"])
                said = {"kind": of["kind"], "scenario": of["scenario"], "against": of["against"], **row}
                price = (None, None) if known is None else (known["worth"], known["by_chance"])
                rows.append({**said, "worth": price[0], "by_chance": price[1]})
        return pd.DataFrame(rows)

    def worth_table(self) -> pd.DataFrame:
        """A row an assumption: what knowing it is worth, in columns as in WorthOf."""
        return pd.DataFrame([] if self.information is None else self.information["each"])

    def write(self, folder: Path) -> None:
        """Write it to a folder that is ours."""
        write_json(folder / SENSITIVITY, asdict(self))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a study from its folder.

        Raises:
            BadInput: there is no finished one, or its file is damaged.
        """
        folder = paths.given(folder, "folder")
        if not folder.exists():
            raise BadInput(no_folder(folder))
        if not is_sensitivity(folder):
            raise BadInput(f"{folder} holds no study of sensitivity: it has no {SENSITIVITY}")
        found = read_json(folder / SENSITIVITY)
        if set(found) == {"about"}:
            raise BadInput(f"{folder} holds an unfinished study: the same command with --out {folder} goes on")
        return whole(cls, folder / SENSITIVITY, found)


def is_sensitivity(folder: Path) -> bool:
    """Whether a folder holds a study, finished or not."""
    return paths.kind_of(folder) == "sensitivity"


def worth_finding_out(information: Information | None) -> list[WorthOf]:
    """The assumptions of which it is settled that finding them out is worth something, the dearest first."""
    each: Sequence[WorthOf] = () if information is None else information["each"]
    found = [it for it in each if it["by_chance"] < BY_CHANCE and it["low"] > 0]
    return sorted(found, key=lambda it: -it["worth"])


def matter(indices: Indices) -> list[Index]:
    """Those assumptions that surely have a part in a quantity, the largest first."""
    return [row for row in indices["rows"] if row["total_low"] > MATTERS]
