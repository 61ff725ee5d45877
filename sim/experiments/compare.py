"""Compare: several scenarios on the same people with the same luck, and what the differences between them are worth."""

import contextlib
import datetime
import difflib
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import __version__
from sim.declared import metrics_of
from sim.differences import differences
from sim.engine.settings import BadInput
from sim.experiments.claim import claimed
from sim.experiments.pool import PROCESS_BYTES, Pool, Task
from sim.experiments.run import ROOM_LEFT, Progress, available_memory, check_memory, cores, machine, run
from sim.experiments.worker import CODE, code_of, other_code
from sim.ground import paths
from sim.ground.friends import Friends
from sim.ground.metrics import Metric
from sim.results import intervals
from sim.results.comparisons import Comparison, Differing, Figures, Share
from sim.results.files import named, write_json
from sim.results.folders import OF_A_COMPARISON, forget, run_folder
from sim.results.runs import Result, better_off
from sim.scenario import LARGEST_SEED, Given, Scenario
from sim.service import Service, SomeNamed, all_called, check_importable
from sim.world import ModelError, World

REPLICATES = 8
LEAST_REPLICATES = 4  # before it is asked whether that is precise: of fewer, some look so by luck
GAINING = "welfare.gaining_share"
SAME = ("run.users", "run.days", "run.seed")  # and everything of [friends]: without these there are no pairs
SECONDS_A_DAY, SECONDS_A_USER_DAY, SECONDS_TO_START = 0.002, 0.5e-6, 5.0  # roughly: when processes are worth starting
WARM_USERS, WARM_DAYS = 256, 35  # a world small enough to cost nothing, long enough for a payday and a month's end


class UnfairComparison(UserWarning):
    """Scenarios differ in more than what the platform decides."""


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
    _check_numbers(replicates, precision, max_replicates)
    chosen = read_scenarios(scenarios, services)
    check_metric(metric, metrics_of(chosen[0].services))
    decided, unfair = check_fair(chosen)
    if unfair:
        said = ", ".join(found["name"] for found in unfair)
        warnings.warn(
            f"the comparison is unfair, for not only decisions differ: {said}", UnfairComparison, stacklevel=2
        )
    planned = replicates or REPLICATES
    if precision is not None:
        planned = min(max(planned, LEAST_REPLICATES), max_replicates)
    asked, most = jobs, planned if precision is None else max_replicates
    check_seeds(chosen[0].run.seed, most, "run.seed")
    jobs = jobs_for(chosen, asked, most)
    out = None if out is None else paths.given(out, "out")
    tally, reached = Tally(chosen, out), False
    with contextlib.ExitStack() as stack:
        inputs = [file for scenario in chosen for file in scenario.inputs]
        stack.enter_context(claimed(out, OF_A_COMPARISON, force, inputs))
        graphs = stack.enter_context(Graphs(chosen[0], out))
        # a network that cannot be is refused before anything is lost, and what a file holds is known only now
        friends = Friends.open(graphs.of(tally.first_seed))
        friends.check_people(chosen[0].run.users, chosen[0].friends.file)
        pool = stack.enter_context(Pool(jobs_for(chosen, asked, most, friends)))
        jobs = pool.jobs
        if jobs > 1:
            warm_up(chosen)
        if out is not None:  # what lies there is no finished comparison from now on
            forget(out)
        enough = planned
        while True:
            seeds = range(tally.first_seed + len(tally.seeds), tally.first_seed + planned)
            for _, result in pool.as_completed(_tasks(pool, chosen, seeds, graphs)):
                tally.add(result)
                if progress is not None:
                    progress(len(tally.runs), len(chosen) * planned)
            tally.seeds += seeds
            if precision is None:
                break
            while enough < planned and not is_precise(tally.values(metric)[:enough], precision):
                enough += 1
            reached = is_precise(tally.values(metric)[:enough], precision)
            if reached or planned >= max_replicates:
                break
            planned = min(planned + -(-jobs // len(chosen)), max_replicates)
        tally.keep(enough)
    manifest: dict[str, Any] = {
        "version": __version__,
        "code": CODE,
        "name": "-".join(scenario.name for scenario in chosen),
        "title": " / ".join(scenario.title for scenario in chosen),
        "baseline": chosen[0].name,
        "scenarios": [scenario.name for scenario in chosen],
        "seed": tally.first_seed,
        "replicates": len(tally.seeds),
        "asked_replicates": replicates,
        "users": chosen[0].run.users,
        "days": chosen[0].run.days,
        "scenario_hash": {scenario.name: scenario.digest() for scenario in chosen},
        "set_by_hand": {scenario.name: scenario.set_by_hand for scenario in chosen},
        "services": [service.note() for service in chosen[0].services],
        "seconds": time.perf_counter() - began,
        "peak_memory_bytes": max(manifest["peak_memory_bytes"] for manifest in tally.manifests.values()),
        "machine": machine(),
        "jobs": jobs,
        "started": started.isoformat(timespec="seconds"),
        "network": tally.manifests[chosen[0].name, tally.first_seed]["network"],
        "metrics": tally.manifests[chosen[0].name, tally.first_seed]["metrics"],
        "precision": None
        if precision is None
        else {"asked": precision, "metric": metric, "reached": reached, "max_replicates": max_replicates},
    }
    comparison = tally.comparison(manifest, decided, unfair)
    if out is not None:
        comparison.write(out)
    return comparison


# Before


def _check_numbers(replicates: int | None, precision: float | None, max_replicates: int) -> None:
    if replicates is not None and replicates < 1:
        raise BadInput(f"replicates = {replicates}: must be at least 1")
    if precision is not None and not precision > 0:
        raise BadInput(f"precision = {precision}: must be above 0, as in 0.05 for a twentieth")
    if max_replicates < LEAST_REPLICATES:
        raise BadInput(f"max_replicates = {max_replicates}: must be at least {LEAST_REPLICATES}")


def check_seeds(first: int, many: int, where: str) -> range:
    """So many seeds from the first on.

    Raises:
        BadInput: they go beyond the largest.
    """
    if first + many - 1 > LARGEST_SEED:
        raise BadInput(f"{where}: {many:,} seeds from {first} on go beyond the largest, {LARGEST_SEED}")
    return range(first, first + many)


def read_scenarios(given: Sequence[Given], services: SomeNamed = ()) -> list[Scenario]:
    """What is to be compared, each under a name of its own, with services of one's own that all of them have.

    Raises:
        BadInput: they are fewer than two, or no scenarios.
    """
    if isinstance(given, Given):
        raise BadInput("a comparison needs at least two scenarios, the baseline first: give a list of them")
    own = all_called(services)
    found = [Scenario.of(each, own) for each in given]
    every = [service for scenario in found for service in scenario.services]
    return [scenario.settled() for scenario in _named([scenario.with_services(every) for scenario in found])]


def _named(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios, each under a name of its own that can be a folder's."""
    if len(scenarios) < 2:
        raise BadInput(f"a comparison needs at least two scenarios, the baseline first; {len(scenarios)} given")
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


def jobs_for(scenarios: Sequence[Scenario], jobs: int | None, replicates: int, friends: Friends | None = None) -> int:
    """Processes to use: those asked for if they fit in memory, else as many as there are cores, runs and room for."""
    largest = max(scenarios, key=lambda scenario: World.memory(scenario)["total"])
    check_memory(largest, friends=friends)
    jobs = jobs_with(largest.services, jobs)
    if jobs is not None:
        jobs = min(jobs, len(scenarios) * replicates) if jobs > 0 else jobs
        if jobs > 1:
            check_memory(largest, jobs, PROCESS_BYTES, friends)
        return jobs
    tasks, settings = len(scenarios) * replicates, largest.run
    if tasks * settings.days * (SECONDS_A_DAY + settings.users * SECONDS_A_USER_DAY) < SECONDS_TO_START:
        return 1
    most = min(cores(), tasks)
    free = available_memory()
    if free is not None:
        most = min(most, int(free * (1 - ROOM_LEFT) / (World.memory(largest, friends)["total"] + PROCESS_BYTES)))
    return max(1, most)


def jobs_with(services: Sequence[Service], jobs: int | None) -> int | None:
    """The processes asked for; one where none were and a service of one's own cannot be had by others.

    Raises:
        BadInput: several were asked for.
    """
    if jobs is not None and jobs > 1:
        check_importable(services)
    elif not all(service.is_importable for service in services):
        return 1
    return jobs


def warm_up(scenarios: Sequence[Scenario]) -> None:
    """Compile whatever the scenarios need, once and here, before processes want it at the same time.

    A tiny world of each lives some days, with the settings of its first day and with those of its last. That world is
    nobody's result: where it is too small for a scenario, the real run will say what is wrong.
    """
    ends = [scenario.at(scenario.run.days) for scenario in scenarios]
    for scenario in {scenario.digest(): scenario for scenario in [*scenarios, *ends]}.values():
        people = max(WARM_USERS, round(4 * scenario.friends.degree))
        tiny: dict[str, Any] = {
            "run.users": min(people, scenario.run.users),
            "run.days": min(WARM_DAYS, scenario.run.days),
            "friends.file": "",
        }
        if scenario.friends.kind == "file":
            tiny["friends.kind"] = "generated"
        with contextlib.suppress(BadInput, ModelError):
            world = World(scenario.with_values(tiny))
            try:
                while world.running:
                    world.step()
            finally:
                world.close()


def check_metric(metric: str, metrics: Mapping[str, Metric]) -> None:
    """Refuse a metric that nobody measures, with the nearest that somebody does."""
    if metric not in metrics:
        near = difflib.get_close_matches(metric, metrics, 1)
        raise BadInput(f"no metric {metric!r}{f'; did you mean {near[0]!r}?' if near else ''}")


# Running


class Graphs:
    """The network of each seed, made when it is first asked for and kept in a file that every process maps.

    It is the same for all scenarios of a seed, and for all seeds where it was read from a file. The files go when the
    context ends.
    """

    def __init__(self, scenario: Scenario, out: Path | None) -> None:
        self._scenario = scenario
        self._folder = Path(tempfile.mkdtemp(prefix="hongbao-")) if out is None else out / ".graphs"
        self._saved: dict[int, Path] = {}

    def of(self, seed: int) -> Path:
        """File of the network of a seed, for `Friends.open`."""
        settings = self._scenario.friends
        key = 0 if settings.file or settings.kind == "everyone" else seed
        if key not in self._saved:
            friends = Friends.make(settings, self._scenario.run.users, seed)
            self._folder.mkdir(exist_ok=True)
            path = self._folder / f"{key}.friends"
            with named(path):
                self._saved[key] = friends.save(path, force=True)
        return self._saved[key]

    def __enter__(self) -> "Graphs":
        return self

    def __exit__(self, *problem: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


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


class Tally:
    """What comes back from the runs: summaries stay here, everything else goes to disk where there is a folder."""

    def __init__(self, scenarios: Sequence[Scenario], out: Path | None) -> None:
        self.scenarios, self.out = scenarios, out
        self.names = [scenario.name for scenario in scenarios]
        self.first_seed = scenarios[0].run.seed
        self.seeds: list[int] = []
        self.runs: dict[tuple[str, int], Result | Path] = {}
        self.manifests: dict[tuple[str, int], dict[str, Any]] = {}
        self.summaries: dict[tuple[str, int], dict[str, float]] = {}
        self._surplus: dict[int, dict[str, NDArray[np.float64]]] = {}

    def add(self, result: Result) -> None:
        """Take in a run."""
        name, seed = result.name, result.seed
        self.manifests[name, seed] = result.manifest
        self.summaries[name, seed] = result.summary | {GAINING: 0.0}
        self.runs[name, seed] = result
        if self.out is not None:
            place = run_folder(self.out, name, seed)
            result.write(place)
            self.runs[name, seed] = place
        assert result.surplus is not None, "a run knows who gained"
        together = self._surplus.setdefault(seed, {})
        together[name] = result.surplus
        if len(together) == len(self.names):  # all of this seed are there: count who gained, and let go
            for other in self.names:
                gaining = better_off(together[other], together[self.names[0]], len(result.days))
                self._say_who_gained(other, seed, gaining)
            del self._surplus[seed]

    def _say_who_gained(self, name: str, seed: int, share: float) -> None:
        """A single run cannot know this, so it is written into its summary afterwards."""
        summary, run = self.summaries[name, seed], self.runs[name, seed]
        summary[GAINING] = share
        if isinstance(run, Path):
            write_json(run / "summary.json", summary)
        else:
            run.summary = summary

    def keep(self, replicates: int) -> None:
        """Forget what was run beyond so many replicates."""
        self.seeds = self.seeds[:replicates]
        self.runs = {key: run for key, run in self.runs.items() if key[1] in self.seeds}

    def values(self, metric: str) -> NDArray[np.float64]:
        """A metric of every run; shape (replicates, scenarios)."""
        return np.array([[self.summaries[name, seed][metric] for name in self.names] for seed in self.seeds])

    def _chances(self, table: NDArray[np.float64], smaller: bool) -> dict[str, float | None]:
        """The probability of each scenario that it is the best; None where it has none."""
        found = intervals.chances_of_being_best(table, smaller).tolist()
        return {name: None if np.isnan(chance) else chance for name, chance in zip(self.names, found, strict=True)}

    def comparison(self, manifest: Mapping[str, Any], decided: list[Differing], unfair: list[Differing]) -> Comparison:
        """All runs compared."""
        metrics = metrics_of(self.scenarios[0].services)
        values = {metric: self.values(metric) for metric in self.summaries[self.names[0], self.first_seed]}
        return Comparison(
            manifest=dict(manifest),
            baseline=self.names[0],
            scenarios=self.names,
            titles={scenario.name: scenario.title for scenario in self.scenarios},
            seeds=self.seeds,
            metrics={
                metric: {name: figures(table[:, i], table[:, 0], i == 0) for i, name in enumerate(self.names)}
                for metric, table in values.items()
            },
            best={
                metric: self._chances(table, metrics[metric].better == "less")
                for metric, table in values.items()
                if metrics[metric].better != "neither"
            },
            gaining={name: _share(values[GAINING][:, i]) for i, name in enumerate(self.names)},
            decided=decided,
            unfair=unfair,
            runs=self.runs,
        )


# Figures


def figures(values: NDArray[np.float64], baseline: NDArray[np.float64], is_baseline: bool = False) -> Figures:
    """Mean, interval, paired difference and variance saved of one metric of one scenario.

    Args:
        values, baseline: shape (replicates,), paired by seed.
        is_baseline: they are the same.

    The baseline's difference to itself is 0 throughout, and it saves nothing: its ratio is 1.
    """
    mean, low, high = intervals.interval(values)
    diff, diff_low, diff_high = intervals.paired(values, baseline)
    saved = 1.0 if is_baseline else intervals.variance_ratio(values, baseline)
    return {
        "mean": mean,
        "low": low,
        "high": high,
        "diff": diff,
        "diff_low": diff_low,
        "diff_high": diff_high,
        "variance_ratio": saved,
    }


def _share(values: NDArray[np.float64]) -> Share:
    """A mean share with an interval that stays between 0 and 1."""
    mean, low, high = intervals.interval(values)
    return {"mean": mean, "low": max(0.0, low), "high": min(1.0, high)}


def is_precise(values: NDArray[np.float64], precision: float) -> bool:
    """Whether every paired difference to the first column is known well enough.

    Half the interval's width is at most `precision` times the mean difference or the baseline's mean, whichever is
    larger in size: a difference of nearly nothing need not be known to a share of itself.

    Args:
        values: shape (replicates, scenarios).
    """
    if len(values) < 2:
        return False
    baseline = values[:, 0]
    differences_known = (
        found.half_width <= precision * max(abs(found.mean), abs(float(baseline.mean())))
        for found in (intervals.paired(other, baseline) for other in values.T[1:])
    )
    return all(differences_known)
