"""What a sweep's plan holds as it is written: its keys, their kinds and what is checked of each alone."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from sim.engine.settings import Settings, Words
from sim.scenario import LARGEST_SEED

SEEDS, MOST_SEEDS = 4, 1_000_000  # if the plan says nothing; that it may ask for by their number
MEASURED = ("profit.total", "welfare.users", "welfare.total", "users.daily")  # what the page shows unless the plan says


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


List = Annotated[tuple[Any, ...], BeforeValidator(_as_tuple)]


# What a plan's file holds


class Factor(Settings):
    """[factors."section.key"] one setting that varies."""

    values: List | None = Field(default=None, description="values it takes, one after another")
    levels: int | None = Field(default=None, ge=2, le=10_000, description="so many even steps from low to high")
    low: float | None = Field(default=None, description="begin of its range; the declared one if left out")
    high: float | None = Field(default=None, description="end of its range; the declared one if left out")
    scale: Literal["linear", "log"] = Field(default="linear", description="what steps and samples are even in")
    only: Words = Field(default=(), description="scenarios that it applies to; all if left out. For levers only")


class Sample(Settings):
    """[sample] how factors without values and levels are drawn."""

    method: Literal["latin", "sobol"] = Field(default="latin", description="Latin hypercube, or Sobol's sequence")
    points: int = Field(gt=0, le=10_000_000, description="points drawn")
    seed: int = Field(default=1, ge=0, description="names the luck of the draw")


class PlanFile(Settings):
    """A plan as it is written."""

    title: str = Field(default="", description="a line for tables and pages")
    scenarios: Words = Field(min_length=1, description="scenario files, seen from the plan; the first is the baseline")
    seeds: Any = Field(default=SEEDS, description="how many seeds, or which")
    users: int | None = Field(default=None, description="people, in place of the scenarios' number")
    days: int | None = Field(default=None, description="days, in place of the scenarios' number")
    set: dict[str, Any] = Field(default={}, description="settings that are the same everywhere")
    factors: dict[str, Factor] = Field(default={}, description="settings that vary")
    points: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_as_tuple)] = Field(
        default=(), description="[[points]] values that go together, listed one point at a time"
    )
    sample: Sample | None = Field(default=None, description="how factors without values are drawn")
    metrics: Words = Field(default=MEASURED, min_length=1, description="what the page shows, the most important first")
    save_days: bool | Words = Field(default=True, description="whether days are kept, or which metrics of them")

    @field_validator("seeds")
    @classmethod
    def _known_seeds(cls, value: Any) -> Any:
        numbers = value if isinstance(value, list) else [value]
        if not numbers or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in numbers):
            raise ValueError("must be a number of seeds, as 8, or a list of them, as [1, 2, 3]")
        if isinstance(value, list):
            if len(set(value)) < len(value):
                raise ValueError("names a seed twice")
            if max(value) > LARGEST_SEED:
                raise ValueError(f"seeds are at most {LARGEST_SEED}, and one is {max(value)}")
            return tuple(value)
        if value == 0:
            raise ValueError("must be at least 1")
        if value > MOST_SEEDS:
            raise ValueError(f"is how many seeds, at most {MOST_SEEDS:,}; one seed of your own is a list, as [{value}]")
        return value
