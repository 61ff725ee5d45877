"""Fuzz: worlds of settings drawn over all that they may plausibly be, which must live without a number that is none.

Every service is on, every setting is drawn over its declared range, one in five at an end of it, and something happens.
A draw that breaks a rule between settings is refused by the scenario itself and drawn again. What is drawn goes by
(seed, number of the scenario, name of the setting), so that a new setting leaves the other draws as they are.
"""

import datetime
import math
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import numpy as np
from pydantic import ValidationError

from sim.engine import luck
from sim.engine.settings import BadInput, Parameter
from sim.experiments.pool import Pool, WorkerLost
from sim.experiments.run import Progress, run
from sim.people.trust import Shock
from sim.results.files import check_folder, whole_file
from sim.scenario import Scenario
from sim.scenario_rules import FIXED
from sim.state import ModelError

USERS, DAYS = (60, 1_500), (7, 120)
AT_AN_END = 0.1  # of draws, at either end of the range
WIDE = 100.0  # a range whose ends are so many times apart is drawn over its logarithm
TRIES = 1_000  # draws refused in a row, after which rules and ranges do not go together
FIRST_DATE, DATES = datetime.date(2014, 1, 1), 3_650
LEFT = ("friends.kind", "friends.file")  # a file is nobody's to draw, and `everyone` is drawn apart
HAPPENINGS = get_args(Shock)


class Case(NamedTuple):
    """One scenario that was drawn, and what became of it.

    Attributes:
        number: by which it is drawn.
        scenario: as a scenario file; empty where none could be drawn.
        user_days: lived.
        refused: draws that a rule between settings refused, by what it said without its numbers.
        error: in a line; empty if all was well.
        traceback: whole, where there is one.
    """

    number: int
    scenario: str
    user_days: int
    refused: dict[str, int]
    error: str = ""
    traceback: str = ""


class Fuzzed(NamedTuple):
    """What came of all of them.

    Attributes:
        cases: how many.
        user_days: lived by all.
        refused: draws that a rule between settings refused, by what it said.
        failures: those of the cases that failed.
        files: the scenario of each failure, to be run again.
    """

    cases: int
    user_days: int
    refused: dict[str, int]
    failures: list[Case]
    files: list[Path]


def fuzz(
    cases: int,
    *,
    seed: int = 0,
    first: int = 0,
    users: tuple[int, int] = USERS,
    days: tuple[int, int] = DAYS,
    jobs: int = 1,
    out: str | Path = "outputs/fuzz",
    progress: Progress | None = None,
) -> Fuzzed:
    """Let worlds of drawn settings live; the scenarios of those that fail are written to `out`.

    Args:
        cases: how many.
        seed: of the draws.
        first: number of the first case: `fuzz(1, seed=seed, first=number)` is that one alone.
        users, days: least and most of each world.
        jobs: processes side by side.
        out: folder for what fails; not made where nothing does.
        progress: called after each world with (worlds done, worlds in all).

    Raises:
        BadInput: there is nothing to draw.
    """
    if cases < 1:
        raise BadInput(f"cases = {cases}: must be at least 1")
    for name, (least, most), low in (("users", users, 2), ("days", days, 1)):
        if not low <= least <= most:
            raise BadInput(f"{name} = {least} to {most}: must be from {low} up, the least first")
    found, refused, user_days = list[Case](), Counter[str](), 0
    with Pool(jobs) as pool:
        tasks = (pool.submit(f"case {n}", live, seed, n, users, days) for n in range(first, first + cases))
        for done, (task, case) in enumerate(pool.as_completed(tasks, keep_going=True), 1):
            if isinstance(case, WorkerLost):
                number = task.arguments[1]
                case = Case(number, draw(seed, number, users, days)[0].to_toml(), 0, {}, str(case))
            refused.update(case.refused)
            user_days += case.user_days
            found += [case] if case.error else []
            if progress is not None:
                progress(done, cases)
    found.sort(key=lambda case: case.number)
    return Fuzzed(cases, user_days, dict(refused.most_common()), found, [*_written(found, seed, Path(out))])


def _written(failures: Iterable[Case], seed: int, out: Path) -> Iterator[Path]:
    for case in failures:
        check_folder(out)
        path = out / f"seed-{seed}-case-{case.number}.toml"
        said = "".join(f"# {line}\n" for line in (case.traceback or case.error).splitlines())
        with whole_file(path) as part:
            part.write_text(said + case.scenario, encoding="utf-8")
        yield path


# One case


class Unsound(RuntimeError):
    """A world lived, and what it left is not as it should be."""


def live(seed: int, number: int, users: tuple[int, int] = USERS, days: tuple[int, int] = DAYS) -> Case:
    """Draw a scenario and let its world live; what goes wrong is told, not raised."""
    text, refused, lived = "", Counter[str](), 0
    try:
        while True:
            scenario, more = draw(seed, number, users, days, sum(refused.values()))
            refused += more
            text, lived = scenario.to_toml(), scenario.run.users * scenario.run.days
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")  # NumPy warns of a number that is none
                    _hold(scenario)
                break
            except BadInput as error:  # a rule that only a world can know, as how many friends one can have
                refused[_rule(error)] += 1
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        unexplained = not isinstance(error, Unsound | ModelError | BadInput)
        return Case(number, text, 0, dict(refused), said, traceback.format_exc() if unexplained else "")
    return Case(number, text, lived, dict(refused))


def _hold(scenario: Scenario) -> None:
    """Live the days; every number is finite, and the books balance on every day.

    Raises:
        Unsound: they are not.
    """
    result = run(scenario)
    numbers = result.days.drop(columns="date").to_numpy(np.float64)
    if not np.isfinite(numbers).all():
        day, column = np.argwhere(~np.isfinite(numbers))[0]
        raise Unsound(f"day {day}: {result.days.columns.drop('date')[column]} is {numbers[day, column]}")
    for name, value in result.summary.items():
        if not math.isfinite(value):
            raise Unsound(f"over the run, {name} is {value}")
    if result.surplus is not None and not np.isfinite(result.surplus).all():
        raise Unsound(f"the welfare of person {int(np.flatnonzero(~np.isfinite(result.surplus))[0])} is no number")
    if result.summary["ledger.imbalance"]:
        raise Unsound(f"the books are out by {result.summary['ledger.imbalance']:g} cents")


# Drawing


def draw(
    seed: int, number: int, users: tuple[int, int] = USERS, days: tuple[int, int] = DAYS, attempt: int = 0
) -> tuple[Scenario, Counter[str]]:
    """The scenario of a case, and the draws that rules between settings refused before it.

    Args:
        attempt: draws of this case that were refused already.

    Raises:
        Unsound: a setting alone is refused somewhere in its declared range, or nothing fits together.
    """
    refused = Counter[str]()
    for again in range(attempt, attempt + TRIES):
        values = _values(seed, number, again, users, days)
        try:
            Scenario.model_validate(values)
            return Scenario.make(**values).model_copy(update={"name": f"seed-{seed}-case-{number}"}), refused
        except ValidationError as error:
            alone = next((found for found in error.errors() if len(found["loc"]) > 1), None)
            if alone is not None:  # a rule between settings is a section's, not a setting's
                name = ".".join(map(str, alone["loc"]))
                raise Unsound(f"{name} = {alone['input']!r} is in its declared range, but {alone['msg']}") from None
            refused[_rule(error.errors()[0]["msg"])] += 1
        except BadInput as error:
            refused[_rule(error)] += 1
    raise Unsound(f"{TRIES} draws were refused: {refused.most_common(1)[0][0]}")


def _rule(said: object) -> str:
    """What a refusal says, without the numbers by which one draw differs from another."""
    line = str(said).removeprefix("Value error, ").splitlines()[0]
    return " ".join("#" if any(sign.isdigit() for sign in word) else word for word in line.split())


class _Draws:
    """Numbers in (0, 1), each by a name."""

    def __init__(self, seed: int, number: int, attempt: int) -> None:
        self.seed, self.number, self.attempt = seed, number, attempt

    def __call__(self, name: str) -> float:
        return luck.draw(luck.key(self.seed, f"fuzz.{name}"), self.number, self.attempt)

    def among(self, name: str, several: Any) -> Any:
        """One of several, alike."""
        return several[int(self(name) * len(several))]


def _values(seed: int, number: int, attempt: int, users: tuple[int, int], days: tuple[int, int]) -> dict[str, Any]:
    """Sections and their settings, as drawn; not all of them go together."""
    drawn, values = _Draws(seed, number, attempt), dict[str, Any]()
    parameters = Scenario().parameters()
    for it in parameters:
        section, _, key = it.name.partition(".")
        if it.name not in LEFT and section != "run":
            value = _value(it, drawn)
            if value is not None:
                values.setdefault(section, {})[key] = value
    start = FIRST_DATE + datetime.timedelta(int(drawn("run.start") * DATES))
    values["run"] = {
        "users": _between(*users, drawn("run.users"), whole=True),
        "days": _between(*days, drawn("run.days"), whole=True),
        "seed": 1 + int(drawn("run.seed") * 2**31),
        "start": start.isoformat(),
    }
    if drawn("friends.kind") < AT_AN_END:
        values["friends"]["kind"] = "everyone"
    levers = [it for it in parameters if it.origin == "decided" and it.name.partition(".")[0] not in FIXED]
    return values | {"events": [*_events(levers, values, drawn)]}


def _events(levers: list[Parameter], values: dict[str, Any], drawn: _Draws) -> Iterator[dict[str, Any]]:
    """Something happens, and some levers change."""
    last = values["run"]["days"]
    yield {"day": int(drawn("events.happen.day") * last), "happen": drawn.among("events.happen", HAPPENINGS)}
    changed = {}
    for place in range(3):
        it = drawn.among(f"events.{place}", levers)
        value = _value(it, drawn, f"events.{it.name}")
        if value is not None and not it.name.startswith("steering.") and it.unit != "switch":
            changed[it.name] = value
    if changed:
        yield {"day": int(drawn("events.set.day") * last), "set": changed}


def _value(it: Parameter, drawn: _Draws, called: str = "") -> Any:
    """A setting's value as drawn, or None where nothing is declared to draw it from."""
    u, (section, _, key) = drawn(called or it.name), it.name.partition(".")
    if it.unit == "switch":
        return key == "on" or u < 0.5
    annotation = type(getattr(Scenario(), section)).model_fields[key].annotation
    if get_origin(annotation) is Literal:
        return drawn.among(called or it.name, get_args(annotation))
    if isinstance(it.value, int | float) and it.low is not None and it.high is not None:
        return _between(it.low, it.high, u, isinstance(it.value, int))
    return None


def _between(low: float, high: float, u: float, whole: bool) -> float:
    """A number from `low` to `high`, at either end by AT_AN_END each."""
    at = min(1.0, max(0.0, (u - AT_AN_END) / (1 - 2 * AT_AN_END)))
    value = low * (high / low) ** at if low > 0 and high / low >= WIDE else low + (high - low) * at
    return round(value) if whole else float(min(high, max(low, value)))
