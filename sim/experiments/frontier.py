"""Frontier: what can be had of several aims at once, by which strategy and with which levers.

No single best answers "profit, but at whose cost": every point on the front is somebody's best. The search tries points of
each strategy; those that none dominates are measured again on fresh seeds, beside every strategy as it is given, and only
what holds there is called the front.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.experiments import front_search
from sim.experiments.assumptions import draw_futures
from sim.experiments.claim import claimed
from sim.experiments.many import GRAPHS, LOG, Runs, check_meant
from sim.experiments.pairing import check_judged, read_scenarios
from sim.experiments.run import Progress
from sim.experiments.search import Point
from sim.experiments.tuning_study import FRESH, Study, check_asked, difference, fits, goes_on, known, value_of
from sim.ground import paths
from sim.results.folders import REPORT
from sim.results.frontier import FRONTIER, Aim, Frontier, FrontPoint
from sim.scenario import Given, Scenario
from sim.service import SomeNamed

OF_A_FRONTIER = (FRONTIER, LOG, REPORT, GRAPHS)
AIMS = ("profit.total", "welfare.users")
MOST = 24  # points that are measured again
FUTURES = 8  # drawn where a frontier is to be robust, unless asked otherwise


def frontier(
    scenarios: Sequence[Given] | Given,
    *,
    aims: Sequence[str] = AIMS,
    robust: float | None = None,
    assumptions: int | None = None,
    tries: int | None = None,
    replicates: int | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    force: bool = False,
    yes: bool = False,
    services: SomeNamed = (),
    command: str = "",
) -> Frontier:
    """Find what can be had of several aims at once.

    Args:
        scenarios: one or more, or their files; those with [levers] are searched, the others stand as they are.
        aims: two metrics or more, of which more or less is better; money counts a person.
        robust: a share of futures, as .1: aims count as they are where only so many futures are worse. None keeps
            assumptions as they are given.
        assumptions: futures drawn for that, 8 if None.
        tries: points of each search, 16 and 8 a lever if None.
        replicates: fresh seeds, 8 if None.
        jobs, cluster, out, progress, force, yes, services, command: as `tune` has them.

    Raises:
        BadInput: as `tune`; or there are too few aims, or nothing has levers.
        ModelError, LedgerError: a run broke a law.
    """
    given = [scenarios] if isinstance(scenarios, Given) else scenarios
    chosen = read_scenarios(given, services, least=1)
    study = _FrontStudy(chosen, aims, robust, assumptions, tries, replicates or FRESH)
    study.check(jobs, yes)
    folder = None if out is None else paths.given(out, "out")
    same = goes_on(folder, "frontier", Frontier.load, study.asked, force)
    inputs = [file for scenario in chosen for file in scenario.inputs]
    with claimed(folder, OF_A_FRONTIER, force or same, inputs):
        with Runs(chosen, study.most_runs, folder, LOG, jobs, cluster) as runs:
            study.base.begin(runs, progress, study.most_runs)
            result = study.result(command)
        if folder is not None:
            result.write(folder)
    return result


class _FrontStudy:
    """A study of several aims, on the runs of a study of one."""

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        aims: Sequence[str],
        robust: float | None,
        assumptions: int | None,
        tries: int | None,
        fresh: int,
    ) -> None:
        if len(set(aims)) < 2:
            raise BadInput(f"aims = {', '.join(aims) or 'none'}: a frontier needs two or more; of one, tune")
        if robust is not None and not 0 <= robust < 1:
            raise BadInput(f"robust = {robust}: must be a share of futures, from 0 (the worst) to below 1")
        self.base = Study(scenarios, aims[0], (), tries, fresh)
        self.aims, self.robust = list(dict.fromkeys(aims)), robust
        for aim in self.aims:
            check_judged("aims", aim, self.base.metrics)
        many = 0 if robust is None else FUTURES if assumptions is None else assumptions
        if robust is not None and many < 2:
            raise BadInput(f"assumptions = {many}: must be at least 2, for one future has no quantile")
        self.futures: list[dict[str, Any]] = draw_futures(scenarios, many).points if many else [{}]

    @property
    def most_runs(self) -> int:
        """Runs that it may take."""
        searched = sum(self.base.tries_of(scenario) * len(self.base.searched) for scenario in self.base.tuned)
        measured = (MOST + len(self.base.scenarios)) * len(self.base.fresh)
        return (searched + measured) * len(self.futures)

    @property
    def asked(self) -> dict[str, Any]:
        """What makes it the same frontier as another."""
        about = {"aims": self.aims, "robust": self.robust, "futures": self.futures}
        return {name: value for name, value in self.base.asked.items() if name not in ("aim", "subject_to")} | about

    def check(self, jobs: int | None, yes: bool) -> None:
        """Refuse what cannot be searched, or takes longer than is meant."""
        if not self.base.tuned:
            raise BadInput("no scenario names levers that may be moved: give one a section [levers]")
        check_asked(self.base, jobs, yes, all_tuned=False)
        what = f"{len(self.futures)} futures, {len(self.base.tuned)} scenarios"
        check_meant("tries", self.most_runs, what, self.base.baseline, jobs, yes)

    def measure(self, scenario: Scenario, points: Sequence[Point], seeds: Sequence[int]) -> NDArray[np.float64]:
        """Aims of points: shape (points, seeds, aims), each the quantile over futures; more is better."""
        many = len(self.futures)
        placed = [{**point, **future} for point in points for future in self.futures]
        found = self.base.summaries(scenario, placed, seeds)
        tables = []
        for aim in self.aims:
            sign = -1.0 if self.base.metrics[aim].better == "less" else 1.0
            values = sign * self.base.values(found, aim).reshape(len(points), many, len(seeds))
            tables.append(values[:, 0] if self.robust is None else np.quantile(values, self.robust, axis=1))
        return np.stack(tables, axis=2)

    def candidates(self) -> tuple[list[tuple[Scenario, Point, bool]], dict[str, int]]:
        """What is measured again: every scenario as it is given, and what the search found; and how many were tried."""
        found, tried = list[tuple[Scenario, Point, bool]](), dict[str, int]()
        values: list[tuple[float, ...]] = []
        for scenario in self.base.tuned:
            ranges = self.base.ranges[scenario.name]
            given = {it.name: value_of(scenario, it.name) for it in ranges}
            tries = front_search.try_front(
                ranges,
                functools.partial(self.measure, scenario),
                len(self.aims),
                self.base.searched,
                self.base.tries_of(scenario),
                given if all(it.holds(given[it.name]) for it in ranges) else None,
                functools.partial(fits, scenario),
            )
            tried[scenario.name] = len(tries)
            different = {tuple(one.point.items()): one for one in tries if one.point != given}.values()
            found += [(scenario, one.point, False) for one in different]
            values += [one.aims for one in different]
        table = np.array(values)
        front = np.flatnonzero(front_search.not_dominated(table))
        kept = [found[front[at]] for at in front_search.spread_out(table[front], MOST)]
        return [(scenario, {}, True) for scenario in self.base.scenarios] + kept, tried

    def result(self, command: str) -> Frontier:
        """The points on fresh seeds, and which of them are the front."""
        points, tried = self.candidates()
        fresh = self.base.fresh
        signed = np.concatenate([self.measure(scenario, [point], fresh) for scenario, point, _ in points])
        front, beaten = front_search.not_dominated(signed.mean(axis=1)), front_search.surely_dominated(signed)
        metrics, listed = self.base.metrics, list[FrontPoint]()
        signs = np.array([-1.0 if metrics[aim].better == "less" else 1.0 for aim in self.aims])
        for (scenario, point, given), values, on, by in zip(points, signed * signs, front, beaten, strict=True):
            levers = {it.name: value_of(scenario, it.name) for it in self.base.ranges[scenario.name]} | dict(point)
            listed.append(
                {"scenario": scenario.name, "levers": levers, "given": given, "values": [known(row) for row in values.T],
                 "apart": [difference(row, usual) for row, usual in zip(values.T, (signed[0] * signs).T, strict=True)],
                 "front": bool(on), "beaten_by": by}
            )  # fmt: skip
        self.base.end()
        about: list[Aim] = [
            {"name": aim, "unit": metrics[aim].unit, "per_person": metrics[aim].unit == "cents", "better": metrics[aim].better}
            for aim in self.aims
        ]  # fmt: skip
        asked = self.asked
        return Frontier(
            version=asked["version"], code=asked["code"], asked=asked, command=command, aims=about, robust=self.robust,
            futures=0 if self.robust is None else len(self.futures), users=self.base.baseline.run.users,
            days=self.base.baseline.run.days, seeds={"search": self.base.searched, "fresh": fresh}, tries=tried,
            runs=len(self.base.runs.log.known), titles=self.base.titles, points=listed,
        )  # fmt: skip
