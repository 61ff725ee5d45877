"""Futures on disk: what strategies are worth where nobody knows which assumptions hold. Nothing here runs a world.

A future is one point of the ranges that assumptions declare; every strategy lives each with the same luck. Two things
are uncertain then, and are told apart: luck, which more seeds would settle, and the assumptions, which only knowing more
about the world would.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypedDict

RUNS = "futures.jsonl"  # among a comparison's runs: a line a run of a future
GAP = "\N{NO-BREAK SPACE}"


class Assumption(TypedDict):
    """A setting that was drawn.

    `law` is "uniform" or "log-uniform" from `low` to `high`; of whole numbers each has its share of that law.
    """

    name: str
    unit: str
    low: float
    high: float
    law: str
    whole: bool
    meaning: str


class Standing(TypedDict):
    """How a strategy stands over the futures; amounts in the metric's unit, a person where `per_person` says so.

    Attributes:
        wins: share of futures in which its mean over seeds is the best of all.
        wins_low, wins_high: 95 % interval of that share for the futures drawn (the assumptions' uncertainty).
        wins_luck_low, wins_luck_high: 95 % range of that share in these same futures under other luck; None of one seed.
        settled: futures in which it is the best so surely that luck leaves no doubt.
        mean: over futures and seeds.
        by_assumptions: half the 95 % interval of the mean, for the futures drawn.
        by_luck: half the 95 % interval of the mean, for the seeds; None of one seed.
        spread: standard deviation between futures, without what luck adds to it.
        worst_tenth: mean of the worst tenth of futures, one at least.
        regret: mean over futures of what the best strategy of each has more.
        most_regret: the largest of those.
    """

    wins: float
    wins_low: float
    wins_high: float
    wins_luck_low: float | None
    wins_luck_high: float | None
    settled: int
    mean: float
    by_assumptions: float
    by_luck: float | None
    spread: float
    worst_tenth: float
    regret: float
    most_regret: float


@dataclass(frozen=True, repr=False)
class Futures:
    """Strategies over many futures.

    Attributes:
        metric, unit, per_person: the aim, its unit, and whether values are divided by the number of people.
        better: "more" or "less".
        seeds: of each future, the same in all.
        redrawn: points that settings refused and that were drawn again.
        assumptions: what was drawn.
        held: assumptions that were not drawn, and why; by name.
        points: a row a future, a column an assumption.
        values: by scenario, the metric; a row a future, a column a seed.
        best: of each future, the scenario whose mean is the best; None where some are alike.
        chances: of each future, by scenario, the probability of being the best in it, as far as luck goes; None where
            there is none.
        standings: by scenario.
        headline: both certainties in a line: over the futures, and with the assumptions as they were given.
    """

    metric: str
    unit: str
    per_person: bool
    better: str
    seeds: list[int]
    redrawn: int
    assumptions: list[Assumption]
    held: dict[str, str]
    points: list[list[float]]
    values: dict[str, list[list[float]]]
    best: list[str | None]
    chances: list[dict[str, float | None]]
    standings: dict[str, Standing]
    headline: str

    def __repr__(self) -> str:
        return f"<Futures: {len(self.points)} of {len(self.assumptions)} assumptions. {self.headline}>"

    @property
    def certain(self) -> bool:
        """Whether there are seeds enough to tell luck."""
        return len(self.seeds) > 1

    def as_json(self) -> dict[str, Any]:
        """As `comparison.json` holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | None) -> Self | None:
        """As it was saved; None where there were no futures, or what is there is not whole."""
        names = [field.name for field in fields(cls)]
        if not isinstance(content, Mapping) or any(name not in content for name in names):
            return None
        return cls(**{name: content[name] for name in names})


def leader(standings: Mapping[str, Standing]) -> str:
    """The strategy that is best in most futures; of several, the one with the least regret, then the first."""
    return max(standings, key=lambda name: (standings[name]["wins"], -standings[name]["regret"]))


def headline(
    standings: Mapping[str, Standing], titles: Mapping[str, str], futures: int, given: Mapping[str, float | None]
) -> str:
    """How sure it is who is best, over the futures and with the assumptions as given: never the second alone.

    Args:
        titles: by scenario.
        futures: how many.
        given: by scenario, the probability that it is the best with the assumptions as given; empty or None where there
            is none.
    """
    first = leader(standings)
    share = f"best in {100 * standings[first]['wins']:.0f}{GAP}% of {futures:,} futures"
    said = f"{titles[first]}: {share}; with these assumptions "
    known = {name: probability for name, probability in given.items() if probability is not None}
    if not known:
        return f"{said}nobody can say who is best: there is one seed, or they are alike"
    favourite = max(known, key=lambda name: known[name])
    if favourite == first:
        return f"{said}best with {chance(known[first])}"
    return f"{said}{titles[favourite]} is best, with {chance(known[favourite])}"


def chance(probability: float) -> str:
    """A probability as a percentage that never claims certainty."""
    if probability > 0.995:
        return f"over 99{GAP}%"
    return f"under 1{GAP}%" if probability < 0.005 else f"{probability * 100:.0f}{GAP}%"
