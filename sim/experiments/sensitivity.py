"""Sensitivity: which assumptions matter to a metric, to what strategies differ by, and to who wins; what knowing is worth.

Every run that a study makes is written down as soon as it is there, a line a run, and never made again: kill it at any
moment, start it again, and it goes on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.declared import metrics_of
from sim.engine.settings import BadInput
from sim.experiments.assumptions import draw_points, drawable, in_future, refusal
from sim.experiments.claim import claimed
from sim.experiments.influence.answers import headline, priced
from sim.experiments.influence.library import salib
from sim.experiments.influence.study import (
    LEAST_BLOCKS,
    Plan,
    study,
)
from sim.experiments.machine import machine
from sim.experiments.many import LOG, Asked, Runs, check_meant
from sim.experiments.pairing import check_fair, check_judged, check_seeds, read_scenarios
from sim.experiments.room import seconds_of
from sim.experiments.run import Progress
from sim.experiments.worker import CODE
from sim.ground import paths
from sim.ground.metrics import Metric
from sim.results.files import read_json, write_json
from sim.results.futures import Assumption
from sim.results.sensitivities import (
    METRIC,
    SENSITIVITY,
    WINNER,
    Sensitivity,
    Stage,
)
from sim.scenario import Given, Scenario
from sim.service import SomeNamed
from sim.version import __version__

Array = NDArray[np.float64]
SEEDS = 3
CHEAP = 600.0  # seconds of one core, as foreseen, below which the model itself lives at Saltelli's points
EXAMPLES = 8  # points whose worlds are measured before anything lives


class Prepared(NamedTuple):
    """A study that can begin: what it is of, and what it will take.

    Attributes:
        scenarios: the strategies, the baseline first.
        assumptions, held: what is drawn, and what stays, with the reason.
        seeds: those of ends and map; the first of them are those of screenings and sample.
        about: what was asked, as results say it.
        stages: the budget, every stage at its largest.
    """

    scenarios: list[Scenario]
    metric: Metric
    assumptions: list[Assumption]
    held: dict[str, str]
    seeds: Sequence[int]
    plan: Plan
    about: dict[str, Any]
    stages: list[Stage]

    @property
    def runs(self) -> int:
        """Runs at most."""
        return sum(stage["runs"] for stage in self.stages)


def sensitivity(
    scenarios: Sequence[Given],
    *,
    metric: str = "profit.total",
    question: str | None = None,
    replicates: int | None = None,
    trajectories: int | None = None,
    within: int | None = None,
    factors: int | None = None,
    points: int | None = None,
    grid: int | None = None,
    emulate: bool | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    force: bool = False,
    yes: bool = False,
    services: SomeNamed = (),
) -> Sensitivity:
    """Study which assumptions matter.

    Groups of assumptions (sections) are screened by Morris's method, then the assumptions of groups that matter. Then all
    are drawn together over their ranges: Sobol's indices of those that matter most are found from that sample by a
    Gaussian process, or by the model itself where runs are cheap, and from the same sample what knowing each assumption
    is worth. At last each is set to the ends of its range, and who wins is mapped over the two that matter most to that.
    All strategies live every point with the same seeds. What was set by hand, differs between the scenarios or is set by
    a dated event is held still, and so are switches, words and lists.

    Args:
        scenarios: one or more, or their files; the first is the baseline.
        metric: what is studied, of which more or less is better; what is in cents counts a person.
        question: which quantities choose what is looked into: "metric", "difference" (to the baseline) or "winner" (the
            lead of the strategy with the best mean); the last if None, of one scenario the first. All are answered.
        replicates: seeds of the ends and the map, 3 if None; the sample has the first two, screenings the first.
        trajectories: of each screening, 3 if None.
        within: assumptions screened one by one, 30 at most if None.
        factors: assumptions whose indices are found, 6 if None.
        points: of the sample, 64 if None; blocks of Saltelli's points where the model itself lives there.
        grid: levels a side of the map, 4 if None; 0 makes none.
        emulate: whether an emulator stands for the model; if None, unless runs are cheap.
        jobs: processes side by side; as many as fit if None.
        cluster: address of a Dask scheduler whose workers make the runs, or "local", as `sweep` has it.
        out: folder for the study and its runs; None saves nothing. A study of the same scenarios and code is gone on with.
        progress: called after each run with (runs done, runs at most).
        force: a study of others, or an earlier result, in `out` may go.
        yes: whether more than 10,000 runs are meant.
        services: services of one's own, as `compare` has them.

    Returns:
        The study; `information` says what knowing is worth.

    Raises:
        BadInput: SALib is missing; there are fewer points than a method needs, an unknown metric, one scenario where who
            wins is asked, nothing to draw, more runs than are meant, or another study in `out`; nothing has been lived.
        ModelError, LedgerError: a run broke a law.
        WorkerLost: a run's process died three times.
    """
    asked = prepare(
        scenarios, metric=metric, question=question, replicates=replicates, trajectories=trajectories, within=within,
        factors=factors, points=points, grid=grid, emulate=emulate, jobs=jobs, yes=yes, services=services,
    )  # fmt: skip
    salib()
    out = None if out is None else paths.given(out, "out")
    if out is not None and not force and (unlike := _unlike(out, asked)):
        raise BadInput(f"{out} holds a study of {unlike}: --force (force=True) replaces it, or {paths.ANOTHER}")
    inputs = [file for scenario in asked.scenarios for file in scenario.inputs]
    meant = force or (out is not None and paths.kind_of(out) == "sensitivity")  # this one, which goes on
    with claimed(out, (SENSITIVITY, LOG, ".graphs"), meant, inputs):
        if out is not None and (_unlike(out, asked) or not (out / SENSITIVITY).exists()):
            write_json(out / SENSITIVITY, {"about": asked.about})
        found = _live_through(asked, jobs, cluster, out, progress)
        if out is not None:
            found.write(out)
    return found


# Before


def prepare(
    scenarios: Sequence[Given],
    *,
    metric: str = "profit.total",
    question: str | None = None,
    replicates: int | None = None,
    emulate: bool | None = None,
    jobs: int | None = None,
    yes: bool = False,
    services: SomeNamed = (),
    **numbers: int | None,
) -> Prepared:
    """Read what is asked of `sensitivity`, and reckon what it takes; nothing is lived.

    Raises:
        BadInput: as `sensitivity`.
    """
    chosen = read_scenarios([scenarios] if isinstance(scenarios, Given) else scenarios, services, least=1)
    _, unfair = check_fair(chosen)
    known = metrics_of(chosen[0].services)
    check_judged("metric", metric, known)
    seeds = check_seeds(chosen[0].run.seed, SEEDS if replicates is None else replicates, "run.seed")
    asked = Plan(question or (WINNER if len(chosen) > 1 else METRIC), emulate=emulate is not False)
    given: dict[str, Any] = {name: value for name, value in numbers.items() if value is not None}
    asked = asked._replace(**given)
    asked.check(len(chosen), len(seeds))
    assumptions, held = drawable(chosen)
    if not assumptions:
        raise BadInput("assumptions: all of them are held still, so that there is nothing to study")
    plan = asked._replace(
        emulate=emulate if emulate is not None else not _is_cheap(asked, assumptions, chosen, len(seeds))
    )
    plan.check(len(chosen), len(seeds))
    stages = plan.stages(assumptions, len(chosen), len(seeds))
    runs = sum(stage["runs"] for stage in stages)
    what = ", ".join(f"{stage['runs']:,} of the {stage['stage']}" for stage in stages)
    check_meant("sensitivity", runs, what, chosen[0], jobs, yes)
    about = _about(chosen, metric, known[metric], plan, seeds) | {"unfair": unfair}
    return Prepared(chosen, known[metric], assumptions, held, seeds, plan, about, stages)


def _is_cheap(plan: Plan, assumptions: Sequence[Assumption], scenarios: Sequence[Scenario], seeds: int) -> bool:
    """Whether the model itself may live at Saltelli's points, by what a run roughly takes: the same on every machine."""
    if plan.points < LEAST_BLOCKS:
        return False
    stages = plan._replace(emulate=False).stages(assumptions, len(scenarios), seeds)
    return seconds_of(sum(stage["runs"] for stage in stages if stage["stage"] == "sample"), scenarios[0]) <= CHEAP


def _about(
    scenarios: Sequence[Scenario], metric: str, known: Metric, plan: Plan, seeds: Sequence[int]
) -> dict[str, Any]:
    first = scenarios[0]
    return {
        "version": __version__,
        "code": CODE,
        "name": "-".join(scenario.name for scenario in scenarios),
        "title": " / ".join(scenario.title for scenario in scenarios),
        "source": "study",
        "scenarios": [scenario.name for scenario in scenarios],
        "titles": {scenario.name: scenario.title for scenario in scenarios},
        "scenario_hash": {scenario.name: scenario.digest() for scenario in scenarios},
        "set_by_hand": {scenario.name: scenario.set_by_hand for scenario in scenarios},
        "services": [service.note() for service in first.services],
        "metric": metric,
        "unit": known.unit,
        "per_person": known.unit == "cents",
        "better": known.better,
        "question": plan.question,
        "plan": plan._asdict(),
        "seeds": list(seeds),
        "users": first.run.users,
        "days": first.run.days,
        "machine": machine(),
    }


def goes_on(folder: Path, asked: Prepared) -> bool:
    """Whether a folder holds this study, finished or not."""
    return paths.kind_of(folder) == "sensitivity" and not _unlike(folder, asked)


SAME = ("version", "code", "scenario_hash")


def _unlike(folder: Path, asked: Prepared) -> str:
    """In what a study that lies in a folder is another one than what is asked; empty where it is the same, or there is none."""
    if paths.kind_of(folder) != "sensitivity":
        return ""
    about = read_json(folder / SENSITIVITY)["about"]
    had, now = ({key: it.get(key) for key in SAME} for it in (about, asked.about))
    said = []
    if had["scenario_hash"] != now["scenario_hash"]:
        said.append(f"other scenarios ({', '.join(about.get('scenarios', []))})")
    if had["version"] != now["version"]:
        said.append(f"another version ({had['version']}, this is {now['version']})")
    elif had["code"] != now["code"]:
        said.append("another state of the code")
    return " and ".join(said)


# Running


def _live_through(
    asked: Prepared, jobs: int | None, cluster: str | None, out: Path | None, progress: Progress | None
) -> Sensitivity:
    """Make the runs, stage by stage, and say what they say."""
    scenarios, done = asked.scenarios, 0
    people = scenarios[0].run.users if asked.about["per_person"] else 1

    def refused(point: Mapping[str, Any]) -> str:
        return refusal(scenarios, point)

    def tell() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, asked.runs)

    examples, _ = draw_points(asked.assumptions, EXAMPLES, refused)
    there = [in_future(scenario, point, asked.seeds[0]) for point in ({}, *examples) for scenario in scenarios]
    with Runs(there, asked.runs, out, LOG, jobs, cluster) as runs:

        def live(points: Sequence[Mapping[str, Any]], seeds: Sequence[int]) -> Array:
            orders = [
                Asked(
                    f"{scenario.name} at point {at + 1} of {len(points)} with seed {seed}",
                    in_future(scenario, point, seed),
                    {"scenario": scenario.name, "seed": seed},
                )
                for at, point in enumerate(points)
                for seed in seeds
                for scenario in scenarios
            ]
            values = [summary[asked.metric.name] for summary in runs.summaries(orders, tell)]
            return np.array(values).reshape(len(points), len(seeds), len(scenarios)) / people

        usual = {it.name: it.value for it in scenarios[0].parameters()}
        found = study(
            live, asked.assumptions, {it["name"]: usual[it["name"]] for it in asked.assumptions},
            asked.about["scenarios"], asked.seeds, asked.plan, smaller=asked.metric.better == "less", refused=refused,
        )  # fmt: skip
    information = priced(found.information, asked.about, asked.metric.kind)
    return Sensitivity(
        **vars(found) | {"information": information},
        about=asked.about,
        stages=asked.stages,
        assumptions=asked.assumptions,
        given={it["name"]: usual[it["name"]] for it in asked.assumptions},
        held=asked.held,
        headline=headline(found.indices, information, asked.about),
    )
