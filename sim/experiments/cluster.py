"""Cluster: the pool's two calls on a Dask scheduler, here or anywhere.

Workers read and write the sweep's folder themselves, so they must see the same disk; only names and outcomes travel.
Dask gives the work of a worker that dies to another, and gives it up when it has taken several with it.
"""

import contextlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sim.engine.settings import BadInput
from sim.experiments import home
from sim.experiments.machine import cores
from sim.experiments.pool import TRIES, Task, WorkerLost, defer_sigint, without_script
from sim.experiments.worker import CODE, sees
from sim.ground import paths
from sim.version import __version__

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
AHEAD = 2  # tasks a thread of the cluster that wait there, so that no worker waits for us
LEAST_AHEAD = 128  # also where the cluster has few workers yet: it may grow with the work that waits
TALKATIVE = ("distributed", "tornado", "asyncio")  # loggers
TO_CONNECT = 20.0  # seconds
LOOK_EVERY = 0.1  # seconds, for the file of a scheduler
FOR_WORKERS = 600.0  # seconds until the first worker must be there: a queue may be slow


class ClusterLost(ConnectionError):
    """The scheduler is gone, or a worker that has joined it cannot even take up work."""


def _address_in(file: Path) -> str:
    """The address in a file that a scheduler writes; one that has just been started may take a moment to.

    Dask's own reading of it waits for ever.

    Raises:
        BadInput: it does not come, or holds no address.
    """
    said, deadline = "", time.monotonic() + TO_CONNECT
    while True:
        try:
            found = json.loads(paths.text_of(file))
            if isinstance(found, dict) and isinstance(found.get("address"), str):
                return str(found["address"])
            said = "it holds no address of a scheduler"
        except FileNotFoundError:
            said = paths.missing(file, "file", lambda near: near.suffix == ".json" and near.is_file())
        except OSError as problem:
            said = f"it cannot be read: {problem.strerror}"
        except ValueError:  # not JSON, or not all of it yet
            said = "it is not JSON, as a scheduler writes it"
        if time.monotonic() > deadline:
            raise BadInput(f"--cluster {file}: {said}, for {TO_CONNECT:g} seconds now")
        time.sleep(LOOK_EVERY)


class Cluster:
    """Workers of a Dask scheduler, used as a Pool is.

    Args:
        address: of the scheduler (tcp://host:port, or the .json file it wrote), or "local" to start one here.
        jobs: workers of a local one; as many as there are cores if None.

    Raises:
        BadInput: Dask is not installed, the scheduler's file is not there, or the scheduler does not answer.
    """

    def __init__(self, address: str, jobs: int | None = None) -> None:
        try:
            import dask
            import distributed
        except ImportError:
            raise BadInput("--cluster needs Dask: pip install 'hongbao[cluster]'") from None
        where = _address_in(paths.given(address, "cluster")) if address.endswith(".json") else address
        self._own: Any = None
        settings = {"distributed.scheduler.allowed-failures": TRIES - 1}
        told = {f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in home.environment().items()}
        self._before = contextlib.ExitStack()
        self._before.enter_context(home.environment_kept())  # its nannies change ours for good
        self._before.enter_context(dask.config.set(settings | told))
        talkative = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in TALKATIVE]
        self._told = {name: logging.getLogger(name).level for name in talkative}
        for name in talkative:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what dies is our business to tell
        try:
            if address == LOCAL:
                with defer_sigint(), without_script(), home.shared():
                    self._own = distributed.LocalCluster(
                        n_workers=jobs or cores(),
                        threads_per_worker=1,
                        dashboard_address=None,
                        memory_limit=0,
                        silence_logs=logging.CRITICAL,
                    )
                where = self._own.scheduler_address
            self.client: Client = distributed.Client(address=where, timeout=TO_CONNECT, set_as_default=False)
        except (OSError, ValueError, TimeoutError, TypeError) as problem:
            self._end()
            raise BadInput(f"--cluster {address}: no Dask scheduler answers there ({problem})") from None
        except BaseException:  # Ctrl-C
            self._end()
            raise

    @property
    def jobs(self) -> int:
        """Threads of all workers."""
        return sum(self.client.nthreads().values())

    def check(self, folder: Path) -> None:
        """See that workers have the same program and the same disk.

        Raises:
            BadInput: they have not, or there are none.
        """
        mark = folder / f".seen-{secrets.token_hex(4)}"
        mark.touch()
        try:
            first = self.client.submit(sees, str(mark.resolve()), pure=False)
            first.result(timeout=FOR_WORKERS)
            for worker, (seen, version, code) in self.client.run(sees, str(mark.resolve())).items():
                if version != __version__:
                    raise BadInput(f"worker {worker} has hongbao {version}, not the same as here ({__version__})")
                if code != CODE:
                    raise BadInput(
                        f"worker {worker} has another state of the code of hongbao {version}: install the same there"
                    )
                if not seen:
                    raise BadInput(
                        f"worker {worker} does not see {folder.resolve()}: choose a folder on a disk that all workers "
                        "share with --out"
                    )
        except TimeoutError:
            raise BadInput(f"the cluster had no worker in {FOR_WORKERS / 60:.0f} minutes") from None
        except (ImportError, AttributeError) as problem:
            raise BadInput(f"the workers of the cluster cannot load hongbao {__version__}: {problem}") from None
        finally:
            mark.unlink(missing_ok=True)

    def once_a_host(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Make a call on one worker of each host."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        hosts = {about["host"]: worker for worker, about in workers.items()}
        calls = [self.client.submit(function, *arguments, workers=[worker], pure=False) for worker in hosts.values()]
        self.client.gather(calls)

    def submit(self, name: str, function: Callable[..., Any], *arguments: Any) -> Task:
        """Describe a call; it is made by `as_completed`."""
        return Task(name, function, arguments)

    def as_completed(self, tasks: Iterable[Task], keep_going: bool = False) -> Iterator[tuple[Task, Any]]:
        """Make the calls and give each task with its result as soon as it is there; as `Pool.as_completed`.

        Raises:
            ClusterLost: the scheduler is gone, or a worker cannot load what it is asked to do.
        """
        from distributed import CancelledError, KilledWorker, as_completed
        from distributed.comm import CommClosedError

        waiting, running, done = iter(tasks), dict[Any, Task](), as_completed(loop=self.client.loop)
        address = self.client.scheduler.address
        try:
            while True:
                while len(running) < max(LEAST_AHEAD, AHEAD * self.jobs) and (task := next(waiting, None)) is not None:
                    future = self.client.submit(task.function, *task.arguments, pure=False)
                    running[future] = task
                    done.add(future)
                if not running:
                    return
                future = next(done)
                task = running.pop(future)
                status = future.status
                if status not in (
                    "finished",
                    "error",
                    "cancelled",
                ):  # its worker died with the result: it is made again
                    running[future] = task
                    done.add(future)
                    continue
                if status == "finished":
                    result: Any = future.result()
                else:
                    problem = future.exception() if status == "error" else CancelledError()
                    if isinstance(
                        problem, ImportError | AttributeError | TypeError
                    ):  # it came late, with another program
                        raise ClusterLost(f"a worker cannot load hongbao {__version__} ({problem})") from problem
                    if not isinstance(problem, KilledWorker):
                        raise problem
                    task.deaths = TRIES
                    result = WorkerLost.of(task)
                    if not keep_going:
                        raise result
                future.release()
                yield task, result
        except (CommClosedError, CancelledError):
            raise ClusterLost(f"the scheduler at {address} is gone") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> None:
        with defer_sigint():
            with contextlib.suppress(Exception):  # it may be gone
                self.client.close()
            self._end()

    def _end(self) -> None:
        if self._own is not None:
            with contextlib.suppress(Exception):
                self._own.close()
        self._before.close()
        for name, level in self._told.items():
            logging.getLogger(name).setLevel(level)
