"""Compare: several scenarios on the same people with the same luck, and what the differences between them are worth."""

import contextlib
import datetime
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sim.declared import metrics_of
from sim.engine.settings import BadInput
from sim.experiments.claim import claimed
from sim.experiments.machine import machine
from sim.experiments.pairing import check_fair, check_metric, check_seeds, read_scenarios, warn_of_unfair
from sim.experiments.pool import Pool, Task
from sim.experiments.room import jobs_for
from sim.experiments.run import Progress, run
from sim.experiments.shared_networks import Graphs
from sim.experiments.tally import Tally, is_precise
from sim.experiments.warm_up import warm_up
from sim.experiments.worker import CODE, code_of, other_code
from sim.ground import paths
from sim.ground.friends.friends import Friends
from sim.results.comparisons import Comparison
from sim.results.folders import OF_A_COMPARISON, forget
from sim.results.runs import Result
from sim.scenario import Given, Scenario
from sim.service import SomeNamed
from sim.version import __version__

REPLICATES = 8
LEAST_REPLICATES = 4  # before it is asked whether that is precise: of fewer, some look so by luck


class Asked(NamedTuple):
    """How many replicates are asked for, or how precise an answer: see `compare`."""

    replicates: int | None
    precision: float | None
    metric: str
    max_replicates: int

    @property
    def first(self) -> int:
        """Replicates to begin with."""
        planned = self.replicates or REPLICATES
        return planned if self.precision is None else min(max(planned, LEAST_REPLICATES), self.max_replicates)

    @property
    def most(self) -> int:
        """Replicates that there may be in the end."""
        return self.first if self.precision is None else self.max_replicates


def compare(
    scenarios: Sequence[Given],
    *,
    replicates: int | None = None,
    precision: float | None = None,
    metric: str = "profit.total",
    jobs: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    max_replicates: int = 64,
    force: bool = False,
    services: SomeNamed = (),
) -> Comparison:
    """Run scenarios over several seeds with common random numbers, and compare each with the first.

    Replicate r has the seed `run.seed + r` in every scenario. Interrupted, it leaves whole files only.

    Args:
        scenarios: two or more, or their files; the first is the baseline. All have the same users, days, seed and [friends].
        replicates: seeds of each scenario, 8 if None; with `precision`, those to begin with, 4 at least. One says
            nothing of luck: intervals then have no width.
        precision: add replicates until, for every scenario, half the width of the paired difference's interval is at
            most this share of that difference or of the baseline's mean, whichever is larger in size. Runs are made
            as many at a time as there are jobs, but the first number of replicates that is enough counts, so that the
            answer is the same for any jobs. `manifest["precision"]` says whether it was reached. An interval that was
            waited for holds the truth a little less often than in 95 of 100 comparisons.
        metric: what `precision` is asked of, any that is measured.
        jobs: processes side by side; if None, as many as there are cores, runs, and room in memory for
            (one where all of it takes a few seconds).
        out: folder for the comparison and its runs; None saves nothing.
        progress: called after each run with (runs done, runs planned so far).
        max_replicates: where `precision` gives up.
        force: an earlier result in `out` may go; an input, and what no earlier result left there, never does.
        services: services of one's own, or their names as "module:NAME"; every scenario has sections for them all. One of a
            notebook or script has no name, so that one process does all the work.

    Returns:
        The comparison; with `out`, its runs are read from there when asked for.

    Raises:
        BadInput: the scenarios cannot be paired, the metric is unknown, there is no such network, the worlds do not fit
            in memory, or `out` cannot be written to or holds what may not go; what lies there stays as it was.
        ModelError: a run broke a law.
        WorkerLost: a run's process died three times.

    Warns:
        UnfairComparison: the scenarios differ in assumptions too; `unfair` lists them.
    """
    started, began = datetime.datetime.now(datetime.UTC), time.perf_counter()
    asked = Asked(replicates, precision, metric, max_replicates)
    _check_numbers(asked)
    chosen = read_scenarios(scenarios, services)
    check_metric(metric, metrics_of(chosen[0].services))
    decided, unfair = check_fair(chosen)
    warn_of_unfair(unfair)
    check_seeds(chosen[0].run.seed, asked.most, "run.seed")
    runs = len(chosen) * asked.most
    jobs_for(chosen, jobs, runs)  # refuse what does not fit before anything is made
    out = None if out is None else paths.given(out, "out")
    tally = Tally(chosen, out)
    with contextlib.ExitStack() as stack:
        inputs = [file for scenario in chosen for file in scenario.inputs]
        stack.enter_context(claimed(out, OF_A_COMPARISON, force, inputs))
        graphs = stack.enter_context(Graphs(chosen[0], out))
        # a network that cannot be is refused before anything is lost, and what a file holds is known only now
        friends = Friends.open(graphs.of(tally.first_seed))
        friends.check_people(chosen[0].run.users, chosen[0].friends.file)
        pool = stack.enter_context(Pool(jobs_for(chosen, jobs, runs, friends)))
        if pool.jobs > 1:
            warm_up(chosen)
        if out is not None:  # what lies there is no finished comparison from now on
            forget(out)
        reached = _make_runs(asked, tally, pool, graphs, progress)
    manifest = _manifest(asked, tally, reached) | {
        "seconds": time.perf_counter() - began,
        "jobs": pool.jobs,
        "started": started.isoformat(timespec="seconds"),
    }
    comparison = tally.comparison(manifest, decided, unfair)
    if out is not None:
        comparison.write(out)
    return comparison


def _check_numbers(asked: Asked) -> None:
    if asked.replicates is not None and asked.replicates < 1:
        raise BadInput(f"replicates = {asked.replicates}: must be at least 1")
    if asked.precision is not None and not asked.precision > 0:
        raise BadInput(f"precision = {asked.precision}: must be above 0, as in 0.05 for a twentieth")
    if asked.max_replicates < LEAST_REPLICATES:
        raise BadInput(f"max_replicates = {asked.max_replicates}: must be at least {LEAST_REPLICATES}")


# Running


def _make_runs(asked: Asked, tally: Tally, pool: Pool, graphs: Graphs, progress: Progress | None) -> bool:
    """Make as many replicates as are asked for, or as the precision takes; whether it was reached."""
    planned = enough = asked.first
    reached = False
    while True:
        seeds = range(tally.first_seed + len(tally.seeds), tally.first_seed + planned)
        for _, result in pool.as_completed(_tasks(pool, tally.scenarios, seeds, graphs)):
            tally.add(result)
            if progress is not None:
                progress(len(tally.runs), len(tally.scenarios) * planned)
        tally.seeds += seeds
        if asked.precision is None:
            break
        values = tally.values(asked.metric)
        while enough < planned and not is_precise(values[:enough], asked.precision):
            enough += 1
        reached = is_precise(values[:enough], asked.precision)
        if reached or planned >= asked.max_replicates:
            break
        planned = min(planned + -(-pool.jobs // len(tally.scenarios)), asked.max_replicates)
    tally.keep(enough)
    return reached


def _tasks(pool: Pool, scenarios: Sequence[Scenario], seeds: Sequence[int], graphs: Graphs) -> Iterator[Task]:
    """A task a run, seed by seed; a network is made only when its first run is about to start."""
    for seed in seeds:
        for scenario in scenarios:
            seeded = scenario.with_values({"run.seed": seed})
            yield pool.submit(f"{scenario.name} with seed {seed}", replicate, seeded, graphs.of(seed), code_of(seeded))


def replicate(scenario: Scenario, graph: Path, code: str) -> Result:
    """One run of a comparison, wherever it is made; the scenario's seed and the network's are the same.

    Raises:
        BadInput: this process has other code than who asks.
    """
    if unlike := other_code(__version__, code, scenario):
        raise BadInput(f"a worker (process {os.getpid()}) {unlike}")
    return run(scenario, friends=Friends.open(graph))


def _manifest(asked: Asked, tally: Tally, reached: bool) -> dict[str, Any]:
    """What ran, and what was asked for."""
    chosen, first = tally.scenarios, tally.manifests[tally.names[0], tally.first_seed]
    return {
        "version": __version__,
        "code": CODE,
        "name": "-".join(tally.names),
        "title": " / ".join(scenario.title for scenario in chosen),
        "baseline": chosen[0].name,
        "scenarios": tally.names,
        "seed": tally.first_seed,
        "replicates": len(tally.seeds),
        "asked_replicates": asked.replicates,
        "users": chosen[0].run.users,
        "days": chosen[0].run.days,
        "scenario_hash": {scenario.name: scenario.digest() for scenario in chosen},
        "set_by_hand": {scenario.name: scenario.set_by_hand for scenario in chosen},
        "services": [service.note() for service in chosen[0].services],
        "peak_memory_bytes": max(manifest["peak_memory_bytes"] for manifest in tally.manifests.values()),
        "machine": machine(),
        "network": first["network"],
        "metrics": first["metrics"],
        "precision": None
        if asked.precision is None
        else {
            "asked": asked.precision,
            "metric": asked.metric,
            "reached": reached,
            "max_replicates": asked.max_replicates,
        },
    }
