"""Pairing: what is to be compared, read and named, and whether it is fair: the same people with the same luck."""

import difflib
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from sim.differences import differences
from sim.engine.settings import BadInput
from sim.ground.metrics import Metric
from sim.results.comparisons import Differing
from sim.scenario import LARGEST_SEED, Given, Scenario
from sim.service import SomeNamed, all_called

SAME = ("run.users", "run.days", "run.seed")  # and everything of [friends]: without these there are no pairs


class UnfairComparison(UserWarning):
    """Scenarios differ in more than what the platform decides."""


def read_scenarios(given: Sequence[Given], services: SomeNamed = (), least: int = 2) -> list[Scenario]:
    """What is to be compared, each under a name of its own, with services of one's own that all of them have.

    Args:
        least: as many there must be.

    Raises:
        BadInput: they are too few, or no scenarios.
    """
    if isinstance(given, Given):
        raise BadInput("a comparison needs at least two scenarios, the baseline first: give a list of them")
    own = all_called(services)
    found = [Scenario.of(each, own) for each in given]
    every = [service for scenario in found for service in scenario.services]
    return [scenario.settled() for scenario in _named([scenario.with_services(every) for scenario in found], least)]


def _named(scenarios: Sequence[Scenario], least: int) -> list[Scenario]:
    """The scenarios, each under a name of its own that can be a folder's."""
    if len(scenarios) < least:
        many = "two scenarios" if least == 2 else "one scenario"
        raise BadInput(f"a comparison needs at least {many}, the baseline first; {len(scenarios)} given")
    taken: set[str] = set()
    found = []
    for scenario in scenarios:
        plain = re.sub(r"[^\w.-]+", "-", scenario.name).strip(".-") or "scenario"
        name, number = plain, 2
        while name.casefold() in taken:  # some disks take A and a for the same
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.casefold())
        found.append(scenario.model_copy(update={"name": name}))
    return found


def check_fair(scenarios: Sequence[Scenario]) -> tuple[list[Differing], list[Differing]]:
    """What the scenarios differ in: (levers, everything else); the second is empty in a fair comparison.

    Raises:
        BadInput: they have other users, days, seeds or friends, so that there are no pairs to compare.
    """
    baseline = scenarios[0]
    origins: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {}
    for scenario in scenarios[1:]:
        for name, one, other, origin in differences(baseline, scenario):
            if name in SAME or name.startswith("friends."):
                raise BadInput(
                    f"{scenario.name} has {name} = {other!r} and {baseline.name} has {one!r}: scenarios are compared "
                    "on the same people with the same luck"
                )
            origins[name] = origin
            found = values.setdefault(name, {baseline.name: None})
            # an event that only one of them has is listed on its own, with None for the other
            found[baseline.name] = found[baseline.name] if one is None else one
            found[scenario.name] = found.get(scenario.name) if other is None else other
    listed: dict[bool, list[Differing]] = {True: [], False: []}
    for name, by_scenario in values.items():
        everyone: dict[str, Any] = {s.name: by_scenario.get(s.name, by_scenario[baseline.name]) for s in scenarios}
        listed[origins[name] == "decided"].append({"name": name, "values": everyone})
    return listed[True], listed[False]


def warn_of_unfair(unfair: Sequence[Differing]) -> None:
    """Tell whoever called the function that calls this that not only decisions differ."""
    if unfair:
        said = ", ".join(found["name"] for found in unfair)
        warnings.warn(
            f"the comparison is unfair, for not only decisions differ: {said}", UnfairComparison, stacklevel=3
        )


def check_seeds(first: int, many: int, where: str) -> range:
    """So many seeds from the first on.

    Raises:
        BadInput: they go beyond the largest.
    """
    if first + many - 1 > LARGEST_SEED:
        raise BadInput(f"{where}: {many:,} seeds from {first} on go beyond the largest, {LARGEST_SEED}")
    return range(first, first + many)


def check_metric(metric: str, metrics: Mapping[str, Metric]) -> None:
    """Refuse a metric that nobody measures, with the nearest that somebody does."""
    if metric not in metrics:
        near = difflib.get_close_matches(metric, metrics, 1)
        raise BadInput(f"no metric {metric!r}{f'; did you mean {near[0]!r}?' if near else ''}")


def check_judged(key: str, metric: str, metrics: Mapping[str, Metric]) -> None:
    """Refuse a metric that nobody measures, or of which neither more nor less is better, so that none is best by it.

    Args:
        key: what it was given as.
    """
    check_metric(metric, metrics)
    if metrics[metric].better == "neither":
        judged = [name for name, it in metrics.items() if it.better != "neither"]
        near = difflib.get_close_matches(metric, judged, 1)
        raise BadInput(
            f"{key} = {metric!r}: of that neither more nor less is better, so that none is best by it"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
