"""The pool goes on when asked to; its workers share what they have in common."""

import errno
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

from sim.experiments import pool as pooling
from sim.experiments.lock import in_turn, only_one
from sim.experiments.pool import Pool, WorkerLost, defer_sigint
from sim.experiments.warm import every_lever
from sim.experiments.worker import Order, Outcome, code_of, live
from sim.scenario import Scenario
from sim.version import __version__

TASKS = """
import os, re, signal
def die():
    os.kill(os.getpid(), signal.SIGKILL)
def double(x):
    return 2 * x
def slow_once(mark):
    import pathlib, time
    if not pathlib.Path(mark).exists():
        pathlib.Path(mark).touch()
        time.sleep(200)
        pathlib.Path(mark + " slept").touch()
    return "done"
def loaded():
    import sys
    own = re.search(r"Private_Dirty:\\s+(\\d+)", open("/proc/self/smaps_rollup").read())[1]
    return "sim.world" in sys.modules, int(own) / 1024
def own_after(*asked):
    from sim.experiments import worker
    done = worker.live(*asked)
    return done.what, loaded()[1]
def live(*asked):
    import gc
    from sim.experiments import worker
    from sim.world import World
    done = worker.live(*asked)
    return done, sum(isinstance(it, World) for it in gc.get_objects())
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    (tmp_path / "deadly_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    import deadly_tasks

    return deadly_tasks


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is no signal there")
@pytest.mark.parametrize("jobs", [2, 3])
def test_a_task_that_always_dies_is_given_up_and_the_others_go_on(tasks, jobs):
    with Pool(jobs) as pool:
        work = [pool.submit(str(x), tasks.double, x) for x in range(5)]
        work[1:1] = [pool.submit("deadly", tasks.die)]
        work += [pool.submit("deadly too", tasks.die)]
        found = {task.name: result for task, result in pool.as_completed(work, keep_going=True)}
    assert {name: found[name] for name in map(str, range(5))} == {str(x): 2 * x for x in range(5)}
    for name in ("deadly", "deadly too"):
        assert isinstance(found[name], WorkerLost)
        assert str(found[name]).startswith(f"{name}: its process died 3 times")


def test_a_death_is_seen_while_others_work(tasks, tmp_path):
    """And they are told to end. Breaks where Python's pool begins workers one by one: the last one is not watched."""
    with Pool(2) as pool:
        work = [pool.submit("slow", tasks.slow_once, str(tmp_path / "mark")), pool.submit("deadly", tasks.die)]
        found = {task.name: result for task, result in pool.as_completed(work, keep_going=True)}
    assert isinstance(found["deadly"], WorkerLost)
    assert found["slow"] == "done"
    assert not (tmp_path / "mark slept").exists()


def test_a_worker_that_dies_while_another_is_begun_is_a_dead_worker(tasks, monkeypatch):
    """Python then finds the pipes gone: breaks if that ends everything."""
    real, failed = ProcessPoolExecutor.submit, []

    def once(executor, *call):
        if not failed:
            failed.append(True)
            raise OSError(errno.EBADF, "Bad file descriptor")
        return real(executor, *call)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", once)
    with Pool(2) as pool:
        work = [pool.submit(str(x), tasks.double, x) for x in range(3)]
        assert sorted(found for _, found in pool.as_completed(work)) == [0, 2, 4]


@pytest.mark.parametrize("jobs", [1, 2])
def test_tasks_are_prepared_only_as_workers_fall_free(tasks, jobs):
    """So that a sweep takes the same memory for a hundred runs and for a hundred thousand."""
    prepared = []

    def prepare(pool):
        for x in range(12):
            prepared.append(x)
            yield pool.submit(str(x), tasks.double, x)

    with Pool(jobs) as pool:
        for done, _ in enumerate(pool.as_completed(prepare(pool))):
            assert len(prepared) <= done + jobs
    assert len(prepared) == 12


@pytest.mark.skipif(not pooling.FORKED, reason="workers start from nothing here")
def test_a_worker_is_born_with_the_model_and_shares_it(tasks):
    with Pool(2) as pool:
        there, own = next(iter(pool.as_completed([pool.submit("", tasks.loaded)])))[1]
    assert there
    assert own < 60, "megabytes of its own before it has done anything"


@pytest.mark.skipif(not pooling.FORKED, reason="workers start from nothing here")
def test_a_worker_takes_little_beside_what_all_share(tasks, tmp_path):
    """Issue 5 asks for less than 150 MB a worker beyond the network, with 5,000 people; their columns are a few."""
    scenario = Scenario.make(run={"users": 2_000, "days": 5})
    about = (tmp_path / "net.friends", True, __version__, code_of(Scenario.make()), tmp_path)
    with Pool(2) as pool:
        runs = [pool.submit(name, tasks.own_after, scenario, Order(name, tmp_path, *about)) for name in "abcd"]
        found = [result for _, result in pool.as_completed(runs)]
    assert [what for what, _ in found] == ["done"] * 4
    assert max(own for _, own in found) < 100, "megabytes"


def test_a_worker_keeps_no_world_that_has_been_lived(tasks, tmp_path):
    scenario, about = (
        Scenario.make(run={"users": 60, "days": 2}),
        (tmp_path / "net.friends", False, __version__, code_of(Scenario.make()), tmp_path),
    )
    with Pool(2) as pool:
        runs = [
            pool.submit(name, tasks.live, scenario, Order(name, tmp_path, *about)) for name in ("one", "two", "three")
        ]
        found = [result for _, result in pool.as_completed(runs)]
    assert found == [(Outcome("done"), 0)] * 3


@pytest.mark.parametrize(
    ("unlike", "said"),
    [
        ({"code": "0" * 64}, "another state of the code"),
        ({"version": "0.0.1"}, r"the sweep 0\.0\.1"),
        ({"mark": "nowhere"}, r"does not see .*--out"),
    ],
)
def test_a_worker_that_is_not_like_the_sweep_refuses_before_it_makes_anything(tmp_path, unlike, said):
    """It may have joined a cluster long after the others were asked."""
    place, mark = tmp_path / "elsewhere", tmp_path / "mark"
    mark.touch()
    order = Order("one", place, place / "networks" / "net.friends", False, __version__, code_of(Scenario.make()), mark)
    unlike = {key: tmp_path / value if key == "mark" else value for key, value in unlike.items()}
    outcome = live(Scenario.make(run={"users": 60, "days": 2}), order._replace(**unlike))
    assert outcome.what == "unfit"
    assert re.search(said, outcome.error)
    assert list(tmp_path.iterdir()) == [mark]


def blocked():
    return signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held back here")
def test_ctrl_c_waits_for_the_end_of_the_block_and_what_starts_in_it_never_hears_it():
    ask, found = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))", {}

    def start_things():
        with defer_sigint():
            asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
            found["process"] = asked.stdout.strip()
            thread = threading.Thread(target=lambda: found.update(thread=signal.SIGINT in blocked()))
            thread.start()
            thread.join()
            signal.raise_signal(signal.SIGINT)
            signal.getsignal(signal.SIGINT)(signal.SIGINT, None)  # as when another thread of ours is told
            found["the end"] = True

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        start_things()
    assert found == {"process": "True", "thread": True, "the end": True}
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.SIGINT not in blocked()


def test_every_lever_is_pulled():
    scenario = every_lever()
    for name, section in scenario.sections().items():
        assert getattr(section, "on", True), name
    idle = [it.name for it in scenario.parameters() if it.origin == "decided" and it.value in (0, False) and it.high]
    assert not idle


def test_a_lock_is_for_one_and_goes_when_it_is_let_go(tmp_path):
    lock = tmp_path / "lock"
    with only_one(lock, "it is held"):
        with pytest.raises(Exception, match="it is held by process"), only_one(lock, "it is held"):
            pass
        assert re.search(r"process \d+ on ", lock.read_text())
    assert not lock.exists()
    with only_one(lock, "free"), in_turn(tmp_path / "other"):
        pass
