"""Pool: tasks side by side in processes, behind the two calls that a cluster's client has as well.

`submit` gives a task its name; `as_completed` hands back results as they come. A worker that dies takes its pool with
it: the pool is made anew and the tasks that were running are tried again, each alone, so that the one to blame is found.

Workers import from where this process did, whatever lies in the working directory (home.py). Where the system can, they
are forked from one process that has the model loaded and nothing else going on: they start at once and share its memory
until they write to it, some 50 MB a worker in place of 175 (warm.py).
"""

import contextlib
import errno
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from types import FrameType, ModuleType, TracebackType
from typing import Any, Self

from sim.engine.settings import BadInput
from sim.experiments import home

TRIES = 3
FORKED = sys.platform == "linux"  # elsewhere forking is unknown, or unsafe beside the system's own libraries
PROCESS_BYTES = 100_000_000 if FORKED else 300_000_000  # what a worker takes beside its world, rather too much


@dataclass
class Task:
    """A call to make somewhere: `function(*arguments)`, all of it picklable and at home in modules, not in a script."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    deaths: int = 0
    how: str = ""  # its process ended, the last time


class WorkerLost(ChildProcessError):
    """A task's process died as often as we try."""

    @classmethod
    def of(cls, task: Task) -> Self:
        """What is said of a task."""
        return cls(
            f"{task.name}: its process died {task.deaths} times{task.how and ': '}{task.how}; "
            "with --jobs 1 it is made in this process, which then says what is wrong if it can"
        )


class AloneNote(UserWarning):
    """Work was to be done side by side, and is not."""


class Pool:
    """Processes that work side by side; with one job, this process does the work itself.

    Use it as a context: when the block ends by an error or Ctrl-C, its processes are killed at once.

    Args:
        jobs: processes, at least one. Where this process may start none, it does the work itself.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise BadInput(f"jobs = {jobs}: must be at least 1")
        if jobs > 1 and multiprocessing.current_process().daemon:
            warnings.warn("a daemonic process may start no others, so this one does all the work", AloneNote, 3)
            jobs = 1
        self.jobs = jobs
        self._executor: ProcessPoolExecutor | None = None
        self._lost: list[tuple[Task, WorkerLost]] = []

    def submit(self, name: str, function: Callable[..., Any], *arguments: Any) -> Task:
        """Describe a call; `name` is what an error says of it. It is made by `as_completed`."""
        return Task(name, function, arguments)

    def as_completed(self, tasks: Iterable[Task], keep_going: bool = False) -> Iterator[tuple[Task, Any]]:
        """Make the calls, `jobs` at a time, and give each task with its result as soon as it is there.

        `tasks` is read only as workers fall free, so that it may be a generator that prepares what a task needs.

        Args:
            keep_going: a task whose process died three times comes back with the WorkerLost for a result, and the
                others go on.

        Raises:
            WorkerLost: a task's process died three times, unless `keep_going`.
            Exception: whatever a task raised; the tasks still running are then of no use.
        """
        if self.jobs == 1:
            yield from ((task, task.function(*task.arguments)) for task in tasks)
            return
        waiting, suspects = iter(tasks), deque[Task]()
        running: dict[Future[Any], Task] = {}
        while True:
            for task, problem in self._given_up():
                if not keep_going:
                    raise problem
                yield task, problem
            if suspects and not running:
                self._start(suspects.popleft(), running, suspects)
            # who was there when a worker died runs alone; others wait until it is known who is to blame
            while not suspects and len(running) < self.jobs and not any(tried.deaths for tried in running.values()):
                following = next(waiting, None)
                if following is None:
                    break
                self._start(following, running, suspects)
            if not running:
                if not suspects and not self._lost:
                    return
                continue
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=_is_broken):
                if _is_broken(future):
                    self._blame(list(running.values()), suspects)
                    running.clear()
                    break
                yield running.pop(future), future.result()

    def _start(self, task: Task, running: dict[Future[Any], Task], suspects: deque[Task]) -> None:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(self.jobs, mp_context=_context(), initializer=_begin)
            # All are begun before any works. Python else begins one with each of the first tasks, while its thread watches
            # those before: that one's death would not be seen, nor would it be told to end when another dies.
            vars(self._executor)["_safe_to_dynamically_spawn_children"] = False
        try:
            with defer_sigint(), without_script(), home.shared():
                running[self._executor.submit(task.function, *task.arguments)] = task
        except (BrokenProcessPool, OSError) as problem:  # a worker died before anyone waited
            if isinstance(problem, OSError) and problem.errno != errno.EBADF:  # its pipes went while another was begun
                raise
            # none of this task's doing, if others ran
            self._blame(list(running.values()) or [task], suspects)
            if running:
                suspects.append(task)
                running.clear()

    def _blame(self, tasks: list[Task], suspects: deque[Task]) -> None:
        """Count a death against each task that was running, and make room for a new pool."""
        how = self._broken()
        for task in tasks:
            task.deaths += 1
            task.how = how
            if task.deaths < TRIES:
                suspects.append(task)
            else:
                self._lost.append((task, WorkerLost.of(task)))

    def _given_up(self) -> list[tuple[Task, "WorkerLost"]]:
        """The tasks that died too often since this was last asked."""
        lost, self._lost = self._lost, []
        return lost

    def _broken(self) -> str:
        """Clear away a pool in which a worker died, the others being told to end; how the one did."""
        if self._executor is None:
            return ""
        executor, self._executor = self._executor, None
        workers = list((getattr(executor, "_processes", None) or {}).values())
        executor.shutdown(wait=True, cancel_futures=True)
        return _ends([worker.exitcode for worker in workers])

    def _kill(self) -> None:
        """End every worker now."""
        if self._executor is None:
            return
        executor, self._executor = self._executor, None
        workers = list((getattr(executor, "_processes", None) or {}).values())
        for worker in workers:
            with contextlib.suppress(Exception):  # it may be gone
                worker.kill()
        executor.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """End the workers once they are idle."""
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            with defer_sigint():
                self._kill()


def _ends(codes: list[int | None]) -> str:
    """How processes ended, in words; that the others are told to end when one has is no news."""
    own = {code for code in codes if code is not None} - {0, -signal.SIGTERM} or {code for code in codes if code}
    return ", ".join(f"exit code {code}" if code > 0 else f"killed by signal {-code}" for code in sorted(own))


def _context() -> multiprocessing.context.BaseContext:
    """How processes start: forked from one that has the model loaded, and waits for us; or from nothing."""
    if not FORKED:
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sim.experiments.warm"])
    try:
        with defer_sigint(), without_script(), home.shared():
            forkserver.ensure_running()
    except OSError:  # as where the path of a temporary folder is too long for a socket: the slower way needs none
        return multiprocessing.get_context("spawn")
    # Ctrl-C may come while it loads: nothing of ours is under way yet that a worker would miss
    with without_script(), home.shared():
        first = context.Process(target=_nothing)
        first.start()
    first.join()
    return context


def _nothing() -> None:
    """What the first process does: that it does it says that the others can start at once."""


def _is_broken(future: Future[Any]) -> bool:
    return isinstance(future.exception(), BrokenProcessPool)


@contextlib.contextmanager
def without_script() -> Iterator[None]:
    """Processes that start meanwhile do not run the caller's script again, which may have no guard against that."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextlib.contextmanager
def defer_sigint() -> Iterator[None]:
    """Keep Ctrl-C for the end of the block: what starts in it, process or thread, never hears it from its first moment on.

    Processes inherit what their parent blocks. But another thread of ours may still be told, and Python then stops the
    main one; so that its handler waits too.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    with home.shared():
        resource_tracker.ensure_running()  # it lets Ctrl-C through again when it starts
    heard: list[int] = []
    handler = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None

    def note(number: int, at: FrameType | None) -> None:
        heard.append(number)

    if handler is not None:
        signal.signal(signal.SIGINT, note)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
            if heard:
                signal.raise_signal(signal.SIGINT)


def _begin() -> None:
    """First thing in a worker: Ctrl-C is the parent's to handle, and who has no parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(parent: int) -> None:
    wait_for([parent])
    os._exit(1)
