"""Futures: strategies compared under many assumptions, beside the comparison under those that are given.

Every strategy lives the same futures with the same luck. What each run came to is written down as soon as it is there,
a line a run, so that what is finished is never made again: kill it at any moment, start it again, and it goes on.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.declared import metrics_of
from sim.engine.settings import BadInput
from sim.experiments import regret
from sim.experiments.assumptions import Drawn, draw_futures, in_future
from sim.experiments.claim import claimed
from sim.experiments.compare import compare
from sim.experiments.many import Asked, Runs, Summary, check_meant
from sim.experiments.pairing import check_judged, check_seeds, read_scenarios
from sim.experiments.run import Progress
from sim.experiments.worker import CODE
from sim.ground import paths
from sim.results.comparisons import Comparison
from sim.results.futures import RUNS, Futures, headline
from sim.scenario import Given, Scenario
from sim.service import SomeNamed
from sim.version import __version__

LEAST, SEEDS = 2, 4  # futures; seeds of each unless asked otherwise: the fewest of which luck can be told well enough


def compare_futures(
    scenarios: Sequence[Given],
    assumptions: int,
    *,
    replicates: int | None = None,
    precision: float | None = None,
    metric: str = "profit.total",
    jobs: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    max_replicates: int = 64,
    force: bool = False,
    yes: bool = False,
    services: SomeNamed = (),
) -> Comparison:
    """Compare scenarios as `compare` does, and then over futures drawn from what their assumptions may plausibly be.

    A comparison that `out` holds already, of the same scenarios, seeds and code, is gone on with, and runs of futures
    that lie there are not made again; more futures begin with the same ones as fewer.

    Args:
        scenarios: two or more, or their files; the first is the baseline.
        assumptions: futures, 2 at least. What was set by hand, differs between the scenarios or is set by a dated event
            is held still, and so are switches, words and lists.
        replicates: seeds of each scenario, 8 if None; of each future as many, 4 if None.
        precision, jobs, max_replicates, force: as `compare` has them; with `force` nothing is gone on with.
        metric: by which the best is chosen, one of which more or less is better; what is in cents counts a person.
        out: folder for the comparison and its runs; None saves nothing.
        progress: called after each run with (runs done, runs planned so far).
        services: services of one's own, as `compare` has them; their assumptions with a range are drawn like any other.
        yes: whether more than 10,000 runs of futures are meant.

    Returns:
        The comparison; its `futures` say how each strategy stands over them.

    Raises:
        BadInput: as `compare`; or there are too few futures, or more runs than are meant, or a metric of which neither
            more nor less is better, or nothing to draw; nothing has been lived by then.
        ModelError, LedgerError: a run broke a law; the message says in which future.
        WorkerLost: a run's process died three times.

    Warns:
        UnfairComparison: the scenarios differ in assumptions too.
    """
    chosen = read_scenarios(scenarios, services)
    seeds = check_seeds(chosen[0].run.seed, replicates or SEEDS, "run.seed")
    _check_asked(chosen, assumptions, len(seeds), metric, jobs, yes)
    drawn = draw_futures(chosen, assumptions)
    later = len(drawn.points) * len(seeds) * len(chosen)
    out = None if out is None else paths.given(out, "out")
    found = None if out is None or force else goes_on(out, chosen, replicates, precision)
    before = 0
    if found is None:

        def tell(done: int, planned: int) -> None:
            nonlocal before
            before = done
            if progress is not None:
                progress(done, planned + later)

        found = compare(
            chosen, replicates=replicates, precision=precision, metric=metric, jobs=jobs, out=out, progress=tell,
            max_replicates=max_replicates, force=force,
        )  # fmt: skip
    with claimed(out, ("comparison.json", "runs", ".graphs"), True, [it for s in chosen for it in s.inputs]):
        told = None if progress is None else lambda done, planned: progress(before + done, before + planned)
        summaries = _live_all(chosen, drawn, seeds, jobs, out, told)
        found.futures = _judged(found, chosen, drawn, seeds, summaries, metric)
        if out is not None:
            found.write(out)
    return found


# Before


def _check_asked(
    scenarios: Sequence[Scenario], futures: int, seeds: int, metric: str, jobs: int | None, yes: bool
) -> None:
    """Refuse what no futures can answer, or what would take longer than is meant."""
    if futures < LEAST:
        raise BadInput(f"assumptions = {futures}: must be at least {LEAST}, for one future says nothing of the others")
    check_judged("metric", metric, metrics_of(scenarios[0].services))
    runs = futures * seeds * len(scenarios)
    what = f"{futures:,} futures, {seeds} seeds, {len(scenarios)} scenarios"
    check_meant(f"assumptions = {futures:,}", runs, what, scenarios[0], jobs, yes)


def goes_on(
    folder: Path, scenarios: Sequence[Given], replicates: int | None, precision: float | None
) -> Comparison | None:
    """The comparison that lies in a folder, if it is the one asked for and was made by this code.

    Args:
        replicates, precision: as they are asked for; seeds that a precision asked for are as many as they are.
    """
    if paths.kind_of(folder) != "comparison":
        return None
    try:
        found = Comparison.load(folder)
    except BadInput:  # damaged: who writes there will say so
        return None
    chosen, said = read_scenarios(scenarios), found.manifest.get
    had = (said("precision") or {}).get("asked")
    same = (
        said("version") == __version__
        and said("code") == CODE
        and said("scenario_hash") == {scenario.name: scenario.digest() for scenario in chosen}
        and list(found.scenarios) == [scenario.name for scenario in chosen]
        and said("seed") == chosen[0].run.seed
        and had == precision
        and (precision is not None or said("asked_replicates") == replicates)
    )
    return found if same else None


# Running


def _live_all(
    scenarios: Sequence[Scenario],
    drawn: Drawn,
    seeds: Sequence[int],
    jobs: int | None,
    out: Path | None,
    progress: Progress | None,
) -> dict[tuple[int, int, str], Summary]:
    """Summaries by (future, seed, scenario): of runs that are there, and of those made now."""
    there = [in_future(scenario, point, seeds[0]) for point in drawn.points for scenario in scenarios]
    asked: dict[tuple[int, int, str], Asked] = {}
    for future, point in enumerate(drawn.points):  # seed by seed: a future's scenarios together
        for seed in seeds:
            for scenario in scenarios:
                called = f"{scenario.name} in future {future} with seed {seed}"
                about = {"future": future, "scenario": scenario.name, "seed": seed}
                asked[future, seed, scenario.name] = Asked(called, in_future(scenario, point, seed), about)
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, len(asked))

    with Runs(there, len(asked), out, f"runs/{RUNS}", jobs) as runs:
        return dict(zip(asked, runs.summaries(list(asked.values()), tell), strict=True))


# After


def _judged(
    found: Comparison,
    scenarios: Sequence[Scenario],
    drawn: Drawn,
    seeds: Sequence[int],
    summaries: dict[tuple[int, int, str], dict[str, float]],
    metric: str,
) -> Futures:
    """Who is best in how many futures, and how surely."""
    names = [scenario.name for scenario in scenarios]
    about = metrics_of(scenarios[0].services)[metric]
    per_person = about.unit == "cents"
    values: NDArray[np.float64] = np.array([
        [[summaries[future, seed, name][metric] for name in names] for seed in seeds]
        for future in range(len(drawn.points))
    ]) / (scenarios[0].run.users if per_person else 1)  # fmt: skip
    smaller = about.better == "less"
    best, chances = regret.best_of(values, smaller), regret.chances_by_future(values, smaller)
    standings = regret.standings(values, names, smaller)
    return Futures(
        metric=metric,
        unit=about.unit,
        per_person=per_person,
        better=about.better,
        seeds=list(seeds),
        redrawn=drawn.redrawn,
        assumptions=drawn.assumptions,
        held=drawn.held,
        points=[[point[it["name"]] for it in drawn.assumptions] for point in drawn.points],
        values={name: values[:, :, at].tolist() for at, name in enumerate(names)},
        best=[None if at < 0 else names[at] for at in best],
        chances=[
            {name: None if np.isnan(row[at]) else float(row[at]) for at, name in enumerate(names)} for row in chances
        ],
        standings=standings,
        headline=headline(standings, found.titles, len(drawn.points), found.best.get(metric, {})),
    )
