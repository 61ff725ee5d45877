"""Many runs of which only the summary is wanted: made side by side, each once, and written down as soon as it is there.

A line a run, under a name made of resolved scenario, seed and code: kill the work at any moment, start it again, and what
is finished is not made again. Where a study asks for runs it has not thought of yet, its processes stay warm between.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from sim.engine.settings import BadInput
from sim.experiments.cluster import LOCAL, Cluster
from sim.experiments.machine import cores
from sim.experiments.pool import Pool, Task
from sim.experiments.room import jobs_for, seconds_of
from sim.experiments.run import run
from sim.experiments.shared_networks import Networks
from sim.experiments.warm_up import warm_up
from sim.experiments.worker import code_of, network, other_code
from sim.ground.ledger import LedgerError
from sim.results.files import named
from sim.results.sweep_folders import identity
from sim.scenario import Scenario
from sim.service import check_importable
from sim.state import ModelError
from sim.version import __version__

LOG, GRAPHS = "runs.jsonl", ".graphs"  # in a folder of results; the second goes when the work is over
MANY = 10_000  # runs above which they must be meant
Summary = dict[str, float]  # a number a metric
Look = Callable[..., Summary]  # what is wanted of a run: its repr says all that it hangs on, for it names runs
Lived = Callable[[], None]  # called after each run


def check_meant(asked: str, runs: int, what: str, scenario: Scenario, jobs: int | None, yes: bool) -> None:
    """Refuse more than 10,000 runs that nobody said were meant, with what they would take.

    Args:
        asked: key and value that ask for so many.
        what: what the runs are made of.
        scenario: one of them.

    Raises:
        BadInput: naming runs and hours.
    """
    if runs > MANY and not yes:
        hours = seconds_of(runs, scenario) / (jobs or cores()) / 3600
        raise BadInput(
            f"{asked}: {runs:,} runs ({what}), some {hours:,.0f} hours here and more than {MANY:,}: say that "
            "they are meant with --yes (yes=True)"
        )


class Asked(NamedTuple):
    """A run that is wanted.

    called: begins the message of what goes wrong in it.
    scenario: with its seed.
    about: what its line says besides, for whoever reads the file; no part of its name.
    look: what is wanted of it, if not its summary.
    """

    called: str
    scenario: Scenario
    about: Mapping[str, Any] = {}
    look: Look | None = None

    @property
    def name(self) -> str:
        """The run's name: the same for the same resolved scenario, seed and code, looked at in the same way."""
        code = f"{__version__} {code_of(self.scenario)}{'' if self.look is None else repr(self.look)}"
        return identity(self.scenario.digest(), self.scenario.run.seed, code)


class Runs:
    """Makes runs and remembers what they came to; used as a context.

    Args:
        scenarios: of what kinds the runs are, for what is compiled beforehand; the largest must fit in memory.
        planned: runs, about; a few short ones are not worth starting processes for.
        out: folder that keeps what runs came to; None keeps nothing.
        log: file in it to which a line a run is added, and from which runs are known.
        jobs: processes side by side; as many as fit if None.
        cluster: address of a Dask scheduler whose workers make the runs, or "local", as `sweep` has it. Workers read
            networks in `out`, so they must see the same disk.

    Raises:
        BadInput: the worlds do not fit in memory, or the cluster cannot be used.
    """

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        planned: int,
        out: Path | None = None,
        log: str = LOG,
        jobs: int | None = None,
        cluster: str | None = None,
    ) -> None:
        if cluster is not None:
            check_importable(scenarios[0].services)
            if out is None:
                raise BadInput("a cluster's workers need a folder that they share: give `out`")
        self.log = RunLog(None if out is None else out / log)
        self._scenarios, self._out, self._cluster = scenarios, out, cluster
        self._jobs = jobs if cluster is not None else jobs_for(scenarios, jobs, planned)
        self._stack = contextlib.ExitStack()
        self._pool: Pool | Cluster
        self._networks: Networks

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.log)
            folder = stack.enter_context(_scratch(self._out))
            self._networks = stack.enter_context(Networks(folder))
            self._pool = Pool(self._jobs or 1) if self._cluster is None else Cluster(self._cluster, self._jobs)
            stack.enter_context(self._pool)
            if isinstance(self._pool, Cluster):
                self._pool.check(folder)
            if isinstance(self._pool, Cluster) and self._cluster != LOCAL:
                self._pool.once_a_host(warm_up, self._scenarios)
            else:
                warm_up(self._scenarios)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *problem: Any) -> None:
        self._stack.__exit__(*problem)

    @property
    def jobs(self) -> int:
        """Processes, or threads of the cluster."""
        return self._pool.jobs

    def summaries(self, asked: Sequence[Asked], lived: Lived | None = None) -> list[Summary]:
        """What each run came to, in the order asked for; runs that are known are not made again.

        Args:
            lived: called after each run, of those that are known too.

        Raises:
            ModelError, LedgerError: a run broke a law; the message begins with what the run is called.
            WorkerLost: a run's process died three times.
            BadInput: a worker has other code than this process.
        """
        names = [it.name for it in asked]
        known = self.log.known
        said: Lived = lived or _say_nothing
        for _ in (name for name in names if name in known):
            said()

        def tasks() -> Iterator[Task]:
            begun = set(known)
            for name, it in zip(names, asked, strict=True):
                if name not in begun:
                    begun.add(name)
                    graph = self._networks.acquire(it.scenario)
                    yield self._pool.submit(
                        it.called,
                        live,
                        it.scenario,
                        graph,
                        code_of(it.scenario),
                        it.called,
                        name,
                        dict(it.about),
                        it.look,
                    )

        for task, summary in self._pool.as_completed(tasks()):
            self._networks.release(task.arguments[1])
            self.log.add(task.arguments[4], task.arguments[5], summary)
            said()
        return [known[name] for name in names]


def _say_nothing() -> None:
    """Nobody listens."""


def live(
    scenario: Scenario,
    graph: Path,
    code: str,
    called: str,
    name: str,
    about: Mapping[str, Any],
    look: Look | None = None,
) -> Summary:
    """One run, wherever it is made: what it came to.

    Args:
        graph: file of its network, made by whoever needs it first.
        code: of who asks.
        called: begins the message of what goes wrong.
        name, about: which run this is, for who asks.
        look: what is wanted of it, if not its summary.

    Raises:
        BadInput: this process has other code than who asks.
        ModelError, LedgerError: a law was broken.
    """
    if unlike := other_code(__version__, code, scenario):
        raise BadInput(f"{called}: a worker (process {os.getpid()}) {unlike}")
    try:
        friends = network(graph, scenario.friends, scenario.run.users, scenario.run.seed)
        found = run(scenario, friends=friends)
        return found.summary if look is None else look(found)
    except (ModelError, LedgerError) as problem:
        raise type(problem)(f"{called}: {problem}") from problem


@contextlib.contextmanager
def _scratch(out: Path | None) -> Iterator[Path]:
    """A folder for networks, which goes when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="hongbao-")) if out is None else out / GRAPHS
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class RunLog:
    """What runs came to, a line a run, each written as soon as it is there; without a file nothing is kept.

    A line that was cut off is as good as none.

    Attributes:
        known: summaries of the runs that are there, by the run's name.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.known: dict[str, Summary] = {}
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
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

    def add(self, name: str, about: Mapping[str, Any], summary: Summary) -> None:
        """Write a run down."""
        self.known[name] = summary
        if self._file is None or self.path is None:
            return
        with named(self.path):
            self._file.write(json.dumps({"run": name, **about, "summary": summary}).encode() + b"\n")
            self._file.flush()

    def __exit__(self, *problem: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
