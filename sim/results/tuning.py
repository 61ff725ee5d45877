"""A tuning on disk: each strategy's levers where they do best, and how surely. Nothing here runs a world.

tuning.json    what was asked, what was tried, and what came of it
runs.jsonl     a line a run: which it was, and what it came to
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypedDict

from sim.engine.settings import BadInput
from sim.results.files import write_json
from sim.results.studies import load_study

TUNING = "tuning.json"
GAP = "\N{NO-BREAK SPACE}"
AT_AN_END = 0.02  # of a lever's range: nearer to an end than this, the best may lie beyond it


class Known(TypedDict):
    """A mean over seeds with its 95 % interval."""

    mean: float
    low: float
    high: float


class Place(TypedDict):
    """What the aim is where one lever stands elsewhere and the others at their best.

    `share` says where in the range it lies, from 0 to 1. `diff` is the paired difference to the best, below 0 where it is
    less good. `kept` says whether the constraints hold there, in the mean.
    """

    at: Any
    share: float
    value: Known
    diff: Known
    kept: bool


class TunedLever(TypedDict):
    """A lever: what it was, where it does best, and how the aim answers to it.

    Attributes:
        low, high: ends of the range it could be moved in; None where it could be one of `choices`.
        given, best: its value in the scenario, and the one found.
        end: "low" or "high" where the best lies at that end of the range, so that it may lie beyond; else "".
        above, below: the best lies above the one and below the other, as far as luck can tell, if the aim rises and then
            falls along this lever; None where no place on that side is surely worse.
        better: a place that did surely better than the one found, if any did: more tries would find it.
        response: by place, in order.
    """

    name: str
    unit: str
    meaning: str
    low: float | None
    high: float | None
    choices: list[Any]
    given: Any
    best: Any
    end: str
    above: Any
    below: Any
    better: Any
    response: list[Place]


class Bound(TypedDict):
    """A constraint on a tuned scenario, on fresh seeds: what the metric came to against what was asked."""

    said: str
    value: Known
    kept: bool
    sure: bool


class Tuned(TypedDict):
    """A scenario at its best.

    Attributes:
        levers: those that could be moved.
        tries: points that were tried; `raced` of them raced, on `race_seeds` seeds at most, and `left` were not surely
            behind at the end.
        found: what the aim seemed to be in the search: flattered, as the best of many tries is.
        value: what it is on fresh seeds.
        given: what it is with the levers as they were given, on the same seeds; `given_kept` says whether these keep the
            constraints there, in the mean: a best within bounds may earn less than what breaks them.
        gain: the difference of the two, paired.
        against: the difference to the baseline, paired; None for the baseline itself.
        bounds: the constraints.
        tried: every point and what it came to in the search.
    """

    levers: list[TunedLever]
    tries: int
    raced: int
    race_seeds: int
    left: int
    found: float
    value: Known
    given: Known
    given_kept: bool
    gain: Known
    against: Known | None
    bounds: list[Bound]
    tried: list[dict[str, Any]]


@dataclass(frozen=True, repr=False)
class Tuning:
    """Several scenarios, each at its best; amounts in the aim's unit, a person where `per_person` says so.

    Attributes:
        version, code: of the program that made it.
        asked: what makes it the same tuning as another: scenarios, aim, constraints, tries, seeds.
        command: that made it, if a command did.
        aim, unit, per_person, better: the aim, its unit, whether values are divided by the number of people, and whether
            "more" or "less" is better.
        constraints: as they were asked for.
        users, days: of each run.
        seeds: of the "search", the "race" and the "fresh" measurement, each apart; of the last, those of the "response".
        runs: made or known.
        baseline: name of the scenario that constraints and differences refer to, as it is given.
        baseline_value: the aim there, on fresh seeds.
        titles: by scenario.
        tuned: by scenario, those with levers.
        scenarios: by scenario, the tuned one as a scenario file, every value said.
    """

    version: str
    code: str
    asked: dict[str, Any]
    command: str
    aim: str
    unit: str
    per_person: bool
    better: str
    constraints: list[str]
    users: int
    days: int
    seeds: dict[str, list[int]]
    runs: int
    baseline: str
    baseline_value: Known
    titles: dict[str, str]
    tuned: dict[str, Tuned]
    scenarios: dict[str, str]

    def __repr__(self) -> str:
        levers = {name: [f"{it['name']} = {it['best']}" for it in one["levers"]] for name, one in self.tuned.items()}
        said = "; ".join(f"{name}: {', '.join(values)}" for name, values in levers.items())
        return f"<Tuning for {self.aim}: {said}>"

    def levers(self, scenario: str) -> dict[str, Any]:
        """The levers of a scenario at their best: name and value.

        Raises:
            BadInput: no scenario of that name was tuned.
        """
        if scenario not in self.tuned:
            raise BadInput(f"{scenario!r} was not tuned: {', '.join(self.tuned)}")
        return {it["name"]: it["best"] for it in self.tuned[scenario]["levers"]}

    def write(self, folder: Path) -> None:
        """Write it to a folder that is ours."""
        write_json(folder / TUNING, asdict(self))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a tuning from its folder.

        Raises:
            BadInput: there is none, or it is damaged.
        """
        return load_study(cls, folder, TUNING)
