"""Tests of a lever, tried out: what each design would say in a world, beside what is true there, over many worlds.

Of each seed one world is lived in which nobody is treated, one in which all are, and one a design. What runs came to is
written down as soon as it is there: kill it at any moment, start it again with the same folder, and it goes on.
"""

import contextlib
import datetime
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.declared import metrics_of
from sim.engine.settings import BadInput
from sim.experiments.claim import claimed
from sim.experiments.designs import (
    Design,
    Tested,
    Treatment,
    Whole,
    check_design,
    check_treatment,
    designs_for,
    seeded,
    unit_of,
    value_of,
)
from sim.experiments.machine import machine
from sim.experiments.many import LOG, Asked, Look, Runs, Summary, check_meant
from sim.experiments.pairing import check_metric, check_seeds
from sim.experiments.run import Progress
from sim.experiments.worker import CODE
from sim.ground import paths
from sim.results.abtests import FILE, ABTest, Judged, is_abtest, judge
from sim.results.folders import REPORT
from sim.results.intervals import Estimate
from sim.scenario import Given, Scenario
from sim.service import SomeNamed
from sim.version import __version__

CHOSEN = ("users.daily", "welfare.users", "revenue.total")
WORLDS = 20  # of each design, unless asked otherwise


def abtest(
    scenario: Given,
    treated: Mapping[str, Any],
    *,
    designs: Sequence[str | Design] | None = None,
    metrics: Sequence[str] = CHOSEN,
    replicates: int = WORLDS,
    share: float = 0.5,
    begin: int = 0,
    jobs: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    force: bool = False,
    yes: bool = False,
    services: SomeNamed = (),
) -> ABTest:
    """Try out tests of a change: would they tell what it does if it is made for all?

    Replicate r is a world with the seed `run.seed + r`, lived wholly untreated, wholly treated, and once a design.

    Args:
        scenario: the world in which nobody is treated, or its file.
        treated: levers that are another for the treated, and their values.
        designs: ways of testing, as "user", "shop", "cluster:100" (people at most) or "switchback:7:2" (days a block, days
            dropped at its start); if None, every kind that can test these levers on these metrics.
        metrics: what a test is to find the effect on; those that can be traced to a person or a shop, or with a
            switchback any that is measured.
        replicates: worlds. Of few, coverage and power are known badly: their intervals say how badly.
        share: chance of a unit of being treated.
        begin: day on which tests begin; what was before is not counted.
        jobs: processes side by side; as many as fit if None.
        out: folder that keeps the study and what runs came to; None keeps nothing. One that holds a study of tests that
            was cut off, or a finished one of the same scenario and change, is gone on with.
        progress: called after each run with (runs done, runs planned).
        force: an earlier result in `out` may go, and none of its runs are used.
        yes: whether more than 10,000 runs are meant.
        services: services of one's own.

    Raises:
        BadInput: a lever is unknown, assumed or cannot differ by a design's unit, a metric cannot be traced to it, there
            are too few units or days, a share is not between 0 and 1, or `out` holds what may not go; nothing was lived.
        ModelError, LedgerError: a run broke a law; the message says which.
        WorkerLost: a run's process died three times.
    """
    started, began = datetime.datetime.now(datetime.UTC), time.perf_counter()
    chosen = Scenario.of(scenario, services).settled()
    treatment = check_treatment(chosen, Treatment(dict(treated), begin))
    menu = _menu(designs, share, chosen, treatment, metrics)
    if replicates < 2:
        raise BadInput(f"replicates = {replicates}: must be at least 2, for one world says nothing of luck")
    seeds = list(check_seeds(chosen.run.seed, replicates, "run.seed"))
    what = f"{replicates:,} worlds, {len(menu)} designs"
    check_meant(f"replicates = {replicates:,}", replicates * (2 + len(menu)), what, chosen, jobs, yes)
    asked = _asked(chosen, treatment, menu, seeds)
    out = None if out is None else paths.given(out, "out")
    goes_on = not force and _goes_on(out, chosen, treatment)
    with claimed(out, paths.LEFT["abtest"], force or goes_on, chosen.inputs):
        if out is not None:
            for name in (FILE, REPORT, *(() if goes_on or not force else (LOG,))):
                (out / name).unlink(missing_ok=True)
        summaries = _live(asked, jobs, out, progress)
        found = _study(chosen, treatment, menu, list(metrics), seeds, summaries)
        found.about.update(started=started.isoformat(timespec="seconds"), seconds=time.perf_counter() - began)
        if out is not None:
            found.save(out)
    return found


def _menu(
    designs: Sequence[str | Design] | None,
    share: float,
    scenario: Scenario,
    treatment: Treatment,
    metrics: Sequence[str],
) -> list[Design]:
    """The designs asked for, or all that can be."""
    if isinstance(metrics, str) or not metrics:
        raise BadInput(f"metrics = {metrics!r}: give a list of names, one at least")
    for metric in metrics:
        check_metric(metric, metrics_of(scenario.services))
    if designs is None:
        return designs_for(scenario, treatment, metrics, share)
    menu = [design if isinstance(design, Design) else Design.read(design, share) for design in designs]
    if not menu:
        raise BadInput("designs: name one at least")
    for design in menu:
        check_design(design, scenario, treatment, metrics)
    return list(dict.fromkeys(menu))


def _goes_on(out: Path | None, scenario: Scenario, treatment: Treatment) -> bool:
    """Whether a finished study of the same change lies there: its runs are used again."""
    if out is None or not is_abtest(out):
        return False
    with contextlib.suppress(BadInput):  # damaged: who writes there will say so
        before = ABTest.load(out)
        same = before.about.get("scenario_hash") == scenario.digest() and before.about.get("begin") == treatment.begin
        return same and {name: values[1] for name, values in before.treated.items()} == dict(treatment.levers)
    return False


def _asked(scenario: Scenario, treatment: Treatment, menu: Sequence[Design], seeds: Sequence[int]) -> list[Asked]:
    """The runs, world by world: untreated, treated, and one a design."""
    people = scenario.run.users
    whole = Whole(treatment.begin, people)
    kinds: list[tuple[str, Look]] = [("untreated", whole), ("treated", whole)]
    kinds += [(it.name, Tested(it, treatment, people)) for it in menu]
    untreated = treatment.untreated(scenario)
    by_unit = {it: treatment.under(it, untreated) for it in menu if it.each}  # made once: the seed is all that differs
    asked = []
    for seed in seeds:
        world = seeded(untreated, seed)
        worlds = [world, treatment.wholly(world)]
        worlds += [seeded(by_unit[it], seed) if it.each else treatment.switched(it, world) for it in menu]
        asked += [
            Asked(f"{scenario.name}, {name}, with seed {seed}", made, {"world": name, "seed": seed}, look)
            for made, (name, look) in zip(worlds, kinds, strict=True)
        ]
    return asked


def _live(asked: Sequence[Asked], jobs: int | None, out: Path | None, progress: Progress | None) -> list[Summary]:
    """What each run came to."""
    kinds = {it.about["world"]: it.scenario for it in asked}
    done = 0

    def lived() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, len(asked))

    with Runs(list(kinds.values()), len(asked), out, jobs=jobs) as runs:
        return runs.summaries(asked, lived)


def _study(
    scenario: Scenario,
    treatment: Treatment,
    menu: Sequence[Design],
    metrics: list[str],
    seeds: list[int],
    summaries: Sequence[Summary],
) -> ABTest:
    """Each design against the truth."""
    worlds = len(menu) + 2
    by_world = [summaries[at : at + worlds] for at in range(0, len(summaries), worlds)]
    known = metrics_of(scenario.services)
    judged = []
    for place, design in enumerate(menu, 2):
        tests = [world[place] for world in by_world]
        estimates = {
            m: [Estimate(*(test[f"{m} {part}"] for part in Estimate._fields)) for test in tests] for m in metrics
        }
        truths = {m: [_truth(world, design, m) for world in by_world] for m in metrics}
        judged.append(
            Judged(
                name=design.name, kind=design.kind, share=design.share, size=design.size, dropped=design.dropped,
                units=sum(test["units"] for test in tests) / len(tests),
                estimates={m: [[*e, t] for e, t in zip(estimates[m], truths[m], strict=True)] for m in metrics},
                verdicts={m: judge(estimates[m], truths[m]) for m in metrics},
            )
        )  # fmt: skip
    about = {
        "version": __version__, "code": CODE, "scenario": scenario.name, "title": scenario.title,
        "scenario_hash": scenario.digest(), "set_by_hand": scenario.set_by_hand, "users": scenario.run.users,
        "days": scenario.run.days, "begin": treatment.begin, "seeds": seeds, "machine": machine(),
    }  # fmt: skip
    treated = {name: [value_of(scenario, name), value] for name, value in treatment.levers.items()}
    units = {m: {"unit": unit_of(known[m]), "meaning": known[m].meaning, "better": known[m].better} for m in metrics}
    return ABTest(about, treated, units, judged)


def _truth(world: Sequence[Summary], design: Design, metric: str) -> float:
    """What treating all does in a world, as far as it can be traced to whom the design looks at."""
    name = f"{design.each or 'world'} {metric}"
    return world[1][name] - world[0][name]
