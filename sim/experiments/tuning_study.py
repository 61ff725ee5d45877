"""A study of one tuning: what is asked, the runs it is made of, and what each scenario comes to at its best."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.declared import metrics_of
from sim.engine.ranges import LeverRange
from sim.engine.settings import BadInput
from sim.experiments import search
from sim.experiments.constraints import Constraint, read_constraint
from sim.experiments.many import Asked, Runs, Summary, check_meant
from sim.experiments.pairing import check_fair, check_judged, check_seeds, warn_of_unfair
from sim.experiments.run import Progress
from sim.experiments.search import Measured, NoPoint, Point
from sim.experiments.worker import code_of
from sim.ground import paths
from sim.results.frontier import Frontier
from sim.results.intervals import interval, paired
from sim.results.tuning import AT_AN_END, Bound, Known, Place, Tuned, TunedLever, Tuning
from sim.scenario import Scenario
from sim.version import __version__

SEARCHED, RACED, FIRST, MOST = 2, 6, 4, 12  # seeds of the search; points that race, their first seeds and their most
FRESH, LEAST_FRESH = 8, 4  # seeds of the last measurement
ANSWERED = 4  # of those, the seeds on which the response to each lever is measured


class Study:
    """What is tuned, for what aim, and with which seeds; and, once it has begun, the runs that it is made of."""

    def __init__(
        self, scenarios: Sequence[Scenario], aim: str, subject: Sequence[str], tries: int | None, fresh: int
    ) -> None:
        self.scenarios, self.baseline = list(scenarios), scenarios[0]
        self.ranges = {scenario.name: scenario.ranges() for scenario in scenarios}
        self.tuned = [scenario for scenario in scenarios if self.ranges[scenario.name]]
        metrics = metrics_of(self.baseline.services)
        check_judged("aim", aim, metrics)
        self.aim, self.metrics = aim, metrics
        self.sign = -1.0 if metrics[aim].better == "less" else 1.0
        self.constraints = [read_constraint(said, metrics) for said in subject]
        self.asked_tries, self.fresh_many = tries, fresh
        first = self.baseline.run.seed
        self.seeds = list(check_seeds(first, SEARCHED + MOST + fresh, "run.seed"))
        self.searched, self.raced = self.seeds[:SEARCHED], self.seeds[SEARCHED : SEARCHED + MOST]
        self.fresh = self.seeds[SEARCHED + MOST :]
        self.runs: Runs
        self._usual: dict[int, Summary] = {}
        self.done = self.planned = 0
        self.progress: Progress | None = None
        self.titles = {scenario.name: scenario.title for scenario in scenarios}

    def tries_of(self, scenario: Scenario) -> int:
        """Points that a search tries."""
        return self.asked_tries or 16 + 8 * len(self.ranges[scenario.name])

    @property
    def most_runs(self) -> int:
        """Runs that it may take: those of every search, race, response and last measurement, and the baseline's."""
        baseline = len(self.seeds) if self.constraints else self.fresh_many
        return baseline + sum(
            self.tries_of(scenario) * SEARCHED
            + RACED * MOST
            + 2 * self.fresh_many
            + sum(len(it.choices) or 10 for it in self.ranges[scenario.name]) * ANSWERED
            for scenario in self.tuned
        )

    @property
    def asked(self) -> dict[str, Any]:
        """What makes it the same tuning as another."""
        return {
            "scenarios": {scenario.name: scenario.digest() for scenario in self.scenarios},
            "levers": {scenario.name: dict(scenario.levers) for scenario in self.tuned},
            "aim": self.aim,
            "subject_to": [it.said for it in self.constraints],
            "tries": self.asked_tries,
            "seeds": [self.seeds[0], len(self.seeds)],
            "version": __version__,
            "code": code_of(self.baseline),
        }

    # Running

    def begin(self, runs: Runs, progress: Progress | None, planned: int) -> None:
        """From now on runs are made, so many at most."""
        self.runs, self.progress, self.planned = runs, progress, planned

    def end(self) -> None:
        """All runs are made that were needed."""
        if self.progress is not None:
            self.progress(self.done, self.done)

    def _tell(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, max(self.done, self.planned))

    def summaries(self, scenario: Scenario, points: Sequence[Point], seeds: Sequence[int]) -> list[list[Summary]]:
        """What runs came to, by point and seed."""
        asked = [
            Asked(
                f"{scenario.name} at {_said(point)} with seed {seed}",
                _moved(scenario, point, seed),
                {"scenario": scenario.name, "seed": seed, "levers": dict(point)},
            )
            for seed in seeds
            for point in points
        ]
        flat = self.runs.summaries(asked, self._tell)
        return [[flat[at + len(points) * column] for column in range(len(seeds))] for at in range(len(points))]

    def usual(self, seeds: Sequence[int]) -> list[list[Summary]]:
        """What the baseline came to with each seed, asked for once."""
        if new := [seed for seed in seeds if seed not in self._usual]:
            self._usual |= dict(zip(new, self.summaries(self.baseline, [{}], new)[0], strict=True))
        return [[self._usual[seed] for seed in seeds]]

    def values(self, found: Sequence[Sequence[Summary]], metric: str) -> NDArray[np.float64]:
        """A metric by point and seed; money a person."""
        table = np.array([[summary[metric] for summary in row] for row in found], np.float64)
        return table / (self.baseline.run.users if self.metrics[metric].unit == "cents" else 1)

    def measure(self, scenario: Scenario) -> Callable[[Sequence[Point], Sequence[int]], Measured]:
        """What a search asks of a scenario's points."""

        def measured(points: Sequence[Point], seeds: Sequence[int]) -> Measured:
            found = self.summaries(scenario, points, seeds)
            aim = self.sign * self.values(found, self.aim)
            return Measured(aim, self.slack(found, seeds))

        return measured

    def slack(self, found: Sequence[Sequence[Summary]], seeds: Sequence[int]) -> NDArray[np.float64]:
        """By how much constraints are kept: shape (points, seeds, constraints)."""
        if not self.constraints:
            return np.zeros((len(found), len(seeds), 0))
        usual = self.usual(seeds)
        return np.stack(
            [it.slack(self.values(found, it.metric), self.values(usual, it.metric)[0]) for it in self.constraints],
            axis=2,
        )


# Before


def check_asked(study: Study, jobs: int | None, yes: bool, all_tuned: bool = True) -> None:
    """Refuse what no search can answer, or what would take longer than is meant.

    Args:
        all_tuned: whether all scenarios but the baseline must name levers.
    """
    warn_of_unfair(check_fair(study.scenarios)[1])
    for scenario in study.scenarios[1:] if len(study.scenarios) > 1 else study.scenarios:
        if all_tuned and not study.ranges[scenario.name]:
            raise BadInput(
                f"{scenario.name} names no levers that may be moved: give it a section [levers], as in "
                '"shopping.commission" = true, or say --lever shopping.commission (levers={...} in Python)'
            )
    if study.fresh_many < LEAST_FRESH:
        raise BadInput(f"replicates = {study.fresh_many}: must be at least {LEAST_FRESH}, or its interval says little")
    for scenario in study.tuned:
        least = len(search.even_points(study.ranges[scenario.name])) + 2
        if study.tries_of(scenario) < least:
            many = len(study.ranges[scenario.name])
            raise BadInput(f"tries = {study.asked_tries}: must be at least {least} for {many} levers ({scenario.name})")
    largest = max(study.tries_of(scenario) for scenario in study.tuned)
    what = f"{len(study.tuned)} scenarios, {largest} points each, their race, their response and fresh seeds, at most"
    check_meant(f"tries = {largest}", study.most_runs, what, study.baseline, jobs, yes)


def goes_on(
    folder: Path | None,
    kind: str,
    load: Callable[[Path], Tuning | Frontier],
    asked: Mapping[str, Any],
    force: bool,
) -> bool:
    """Whether a folder holds the study asked for, made by this code, whose runs are gone on with.

    Args:
        kind: of results, as `paths.kind_of` says it.
        load: reads the study that lies there.

    Raises:
        BadInput: it holds another, and that may not go.
    """
    if folder is None or paths.kind_of(folder) != kind:
        return False
    try:
        had = load(folder)
    except BadInput:  # damaged: it is made again of its runs
        return True
    other = [name for name in asked if had.asked.get(name) != asked[name]]
    if not other or force:
        return not other
    if "code" in other or "version" in other:
        why = f"was made by hongbao {had.version} in another state of its code"
    else:
        why = f"asked for something else ({', '.join(other)})"
    raise BadInput(f"{folder} holds a {kind} that {why}: --force (force=True) replaces it, or {paths.ANOTHER}")


# One scenario


def tune_one(study: Study, scenario: Scenario) -> Tuned:
    """Search, race, and measure again."""
    ranges, measure = study.ranges[scenario.name], study.measure(scenario)
    given = {it.name: value_of(scenario, it.name) for it in ranges}
    first = given if all(it.holds(given[it.name]) for it in ranges) else None
    tries = search.try_points(
        ranges, measure, study.searched, study.tries_of(scenario), first, lambda point: fits(scenario, point)
    )
    try:
        racing = search.finalists(tries, RACED)
    except NoPoint as problem:
        raise BadInput(_no_point(study, scenario, problem)) from None
    race = search.run_race(racing, measure, study.raced, FIRST)
    best = race.points[race.best]
    at_best = study.summaries(scenario, [best], study.fresh)
    at_given = study.summaries(scenario, [given], study.fresh)
    usual = study.usual(study.fresh)
    values, before, base = (study.values(found, study.aim)[0] for found in (at_best, at_given, usual))
    return {
        "levers": [_answer(study, scenario, it, given[it.name], best) for it in ranges],
        "tries": len(tries),
        "raced": len(racing),
        "race_seeds": len(race.seeds),
        "left": len(race.left),
        "found": study.sign * next(one.aim for one in tries if one.point == best),
        "value": known(values),
        "given": known(before),
        "given_kept": bool((study.slack(at_given, study.fresh).mean(axis=1) >= 0.0).all()),
        "gain": difference(values, before),
        "against": None if scenario is study.baseline else difference(values, base),
        "bounds": [_bound(study, it, at_best, usual) for it in study.constraints],
        "tried": [
            {"levers": dict(one.point), "value": study.sign * one.aim, "kept": one.kept, "slack": list(one.slack)}
            for one in tries
        ],
    }


def _no_point(study: Study, scenario: Scenario, problem: NoPoint) -> str:
    """That the constraints cannot be kept, and where they are nearest to it."""
    near = problem.nearest
    short = ", ".join(
        f"{it.said} by {-slack:.2g}{' of the baseline' if it.relative else ' of the bound'}"
        for it, slack in zip(study.constraints, near.slack, strict=True)
        if slack < 0
    )
    return (
        f"{scenario.name}: none of {study.tries_of(scenario)} points keeps the constraints; the nearest, "
        f"{_said(near.point)}, breaks {short}. Ask for less, or free other levers; finished runs are kept"
    )


def _bound(
    study: Study, it: Constraint, found: Sequence[Sequence[Summary]], usual: Sequence[Sequence[Summary]]
) -> Bound:
    """A constraint on fresh seeds; `value` is what it is about: a share of the baseline, or the metric itstudy."""
    values, base = study.values(found, it.metric)[0], study.values(usual, it.metric)[0]
    slack = interval(it.slack(values, base))
    shown = (values - base) / (float(np.abs(base.mean())) or 1.0) if it.relative else values
    return {"said": it.said, "value": known(shown), "kept": slack.mean >= 0, "sure": slack.low >= 0 or slack.high < 0}


def _answer(study: Study, scenario: Scenario, it: LeverRange, given: Any, best: Point) -> TunedLever:
    """One lever at its best, and how the aim answers to it."""
    found = search.respond(
        it, best, study.measure(scenario), study.fresh[:ANSWERED], lambda point: fits(scenario, point)
    )
    values = study.sign * found.aim
    top = values[found.places.index(best[it.name])]
    response: list[Place] = [
        {"at": at, "share": it.share_of(at), "value": known(row), "diff": difference(row, top), "kept": bool(ok)}
        for at, row, ok in zip(found.places, values, found.kept, strict=True)
    ]
    return {
        "name": it.name, "unit": it.unit, "meaning": it.meaning,
        "low": None if it.choices else it.at(0.0), "high": None if it.choices else it.at(1.0),
        "choices": list(it.choices), "given": given, "best": best[it.name], "end": _end(it, best[it.name]),
        "above": found.above, "below": found.below, "better": found.better, "response": response,
    }  # fmt: skip


def result_of(study: Study, found: dict[str, Tuned], command: str) -> Tuning:
    """All of it."""
    about = study.metrics[study.aim]
    usual = study.values(study.usual(study.fresh), study.aim)[0]
    study.end()
    best = {
        scenario.name: scenario.with_values(_best(found[scenario.name])).remember_set(scenario.set_by_hand)
        for scenario in study.tuned
    }
    return Tuning(
        version=__version__,
        code=code_of(study.baseline),
        asked=study.asked,
        command=command,
        aim=study.aim,
        unit=about.unit,
        per_person=about.unit == "cents",
        better=about.better,
        constraints=[it.said for it in study.constraints],
        users=study.baseline.run.users,
        days=study.baseline.run.days,
        seeds={"search": study.searched, "race": study.raced, "fresh": study.fresh, "response": study.fresh[:ANSWERED]},
        runs=len(study.runs.log.known),
        baseline=study.baseline.name,
        baseline_value=known(usual),
        titles=study.titles,
        tuned=found,
        scenarios={name: scenario.to_toml() for name, scenario in best.items()},
    )


def _best(one: Tuned) -> dict[str, Any]:
    return {it["name"]: it["best"] for it in one["levers"]}


def _end(it: LeverRange, value: Any) -> str:
    """At which end of its range a lever stands, if at any."""
    if it.choices:
        return ""
    share = it.share_of(value)
    return "low" if share <= AT_AN_END else "high" if share >= 1 - AT_AN_END else ""


def value_of(scenario: Scenario, name: str) -> Any:
    section, _, key = name.partition(".")
    return getattr(getattr(scenario, section), key)


def _moved(scenario: Scenario, point: Point, seed: int) -> Scenario:
    """A scenario with its levers elsewhere, which nobody set by hand."""
    return scenario.with_values({**point, "run.seed": seed}).remember_set(scenario.set_by_hand)


def fits(scenario: Scenario, point: Point) -> bool:
    """Whether a scenario can live with its levers there."""
    try:
        scenario.with_values(point)
    except BadInput:
        return False
    return True


def _said(point: Point) -> str:
    """A point in words."""
    return ", ".join(f"{name} = {value}" for name, value in point.items()) or "its levers as given"


def known(values: NDArray[np.float64]) -> Known:
    it = interval(values)
    return {"mean": it.mean, "low": it.low, "high": it.high}


def difference(values: NDArray[np.float64], others: NDArray[np.float64]) -> Known:
    it = paired(values, others)
    return {"mean": it.mean, "low": it.low, "high": it.high}
