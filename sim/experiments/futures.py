"""Futures: strategies compared under many assumptions, beside the comparison under those that are given.

Every strategy lives the same futures with the same luck. What each run came to is written down as soon as it is there,
a line a run, so that what is finished is never made again: kill it at any moment, start it again, and it goes on.
"""

import contextlib
import difflib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sim.declared import metrics_of
from sim.engine.settings import BadInput
from sim.experiments import regret
from sim.experiments.assumptions import Drawn, draw_futures, in_future
from sim.experiments.claim import claimed
from sim.experiments.compare import compare
from sim.experiments.machine import cores
from sim.experiments.pairing import check_metric, check_seeds, read_scenarios
from sim.experiments.pool import Pool, Task
from sim.experiments.room import SECONDS_PER_DAY, SECONDS_PER_USER_DAY, jobs_for
from sim.experiments.run import Progress, run
from sim.experiments.shared_networks import Networks
from sim.experiments.warm_up import warm_up
from sim.experiments.worker import CODE, code_of, network, other_code
from sim.ground import paths
from sim.ground.ledger import LedgerError
from sim.results.comparisons import Comparison
from sim.results.files import named
from sim.results.futures import RUNS, Futures, headline
from sim.results.sweep_folders import identity
from sim.scenario import Given, Scenario
from sim.service import SomeNamed
from sim.state import ModelError
from sim.version import __version__

LEAST, SEEDS = 2, 4  # futures; seeds of each unless asked otherwise: the fewest of which luck can be told well enough
MANY = 10_000  # runs above which they must be meant


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
    metrics = metrics_of(scenarios[0].services)
    check_metric(metric, metrics)
    if metrics[metric].better == "neither":
        judged = [name for name, it in metrics.items() if it.better != "neither"]
        near = difflib.get_close_matches(metric, judged, 1)
        raise BadInput(
            f"metric = {metric!r}: of that neither more nor less is better, so that none is best by it"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
    runs = futures * seeds * len(scenarios)
    if runs > MANY and not yes:
        it = scenarios[0].run
        seconds = runs * it.days * (SECONDS_PER_DAY + it.users * SECONDS_PER_USER_DAY) / (jobs or cores())
        raise BadInput(
            f"assumptions = {futures:,}: {runs:,} runs ({futures:,} futures, {seeds} seeds, {len(scenarios)} scenarios), "
            f"some {seconds / 3600:,.0f} hours here and more than {MANY:,}: say that they are meant with --yes (yes=True)"
        )


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
) -> dict[tuple[int, int, str], dict[str, float]]:
    """Summaries by (future, seed, scenario): of runs that are there, and of those made now."""
    there = [in_future(scenario, point, seeds[0]) for point in drawn.points for scenario in scenarios]
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(_Log(out))
        scratch = stack.enter_context(_scratch(out))
        networks = stack.enter_context(Networks(scratch))
        pool = stack.enter_context(Pool(jobs_for(there, jobs, len(there) * len(seeds))))
        warm_up(scenarios)
        found: dict[tuple[int, int, str], dict[str, float]] = {}
        planned = len(there) * len(seeds)

        def tasks() -> Iterator[Task]:
            """A task a run that is not there yet, seed by seed: a future's scenarios together."""
            for future, point in enumerate(drawn.points):
                for seed in seeds:
                    for scenario in scenarios:
                        asked = in_future(scenario, point, seed)
                        place = (future, seed, scenario.name)
                        name = identity(asked.digest(), seed, f"{__version__} {code_of(asked)}")
                        if name in log.known:
                            found[place] = log.known[name]
                            continue
                        called = f"{scenario.name} in future {future} with seed {seed}"
                        yield pool.submit(
                            called, live, asked, networks.acquire(asked), code_of(asked), called, (name, place)
                        )

        for task, summary in pool.as_completed(tasks()):
            networks.release(task.arguments[1])
            name, place = task.arguments[4]
            log.add(name, place, summary)
            found[place] = summary
            if progress is not None:
                progress(len(found), planned)
        if progress is not None:
            progress(len(found), planned)
        return found


def live(scenario: Scenario, graph: Path, code: str, called: str, about: Any) -> dict[str, float]:
    """One run of a future, wherever it is made: what it came to, a number a metric.

    Args:
        graph: file of its network, made by whoever needs it first.
        code: of who asks.
        called: begins the message of what goes wrong.
        about: which run this is, for who asks.

    Raises:
        BadInput: this process has other code than who asks.
        ModelError, LedgerError: a law was broken.
    """
    if unlike := other_code(__version__, code, scenario):
        raise BadInput(unlike)
    try:
        friends = network(graph, scenario.friends, scenario.run.users, scenario.run.seed)
        return run(scenario, friends=friends).summary
    except (ModelError, LedgerError) as problem:
        raise type(problem)(f"{called}: {problem}") from problem


@contextlib.contextmanager
def _scratch(out: Path | None) -> Iterator[Path]:
    """A folder for networks, which goes when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="hongbao-")) if out is None else out / ".graphs"
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Log:
    """What runs came to, a line a run, each written as soon as it is there; without a folder nothing is kept.

    A line that was cut off is as good as none.

    Attributes:
        known: summaries of the runs that are there, by the run's name.
    """

    def __init__(self, out: Path | None) -> None:
        self.path = None if out is None else out / "runs" / RUNS
        self.known: dict[str, dict[str, float]] = {}
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "_Log":
        if self.path is None:
            return self
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = 0
        with named(self.path):
            self._file = self.path.open("a+b")
            self._file.seek(0)
            for line in self._file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                with contextlib.suppress(ValueError, KeyError, TypeError):  # a damaged line: its run is made again
                    about = json.loads(line)
                    self.known[about["run"]] = about["summary"]
            self._file.truncate(whole)
        return self

    def add(self, name: str, place: tuple[int, int, str], summary: dict[str, float]) -> None:
        """Write a run down."""
        if self._file is None or self.path is None:
            return
        future, seed, scenario = place
        about = {"run": name, "future": future, "scenario": scenario, "seed": seed, "summary": summary}
        with named(self.path):
            self._file.write(json.dumps(about).encode() + b"\n")
            self._file.flush()

    def __exit__(self, *problem: object) -> None:
        if self._file is not None:
            self._file.close()


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
