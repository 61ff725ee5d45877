"""A sweep survives: killed at any moment it goes on where it was, and ends as if nothing had happened."""

import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner
from made_sweeps import a_sweep, shared

import sim
from sim import cli
from sim.engine.settings import BadInput
from sim.experiments import estimate as estimating
from sim.experiments import plan_axes, sweep_folder, worker
from sim.experiments import sweep as sweeping
from sim.experiments.lock import only_one
from sim.experiments.plan import Plan
from sim.experiments.sweep import sweep
from sim.experiments.sweep_folder import SweepNote
from sim.experiments.sweep_tally import SweepStopped
from sim.ground.paths import LOCK
from sim.results.sweep_folders import failure_of, place_of
from sim.results.sweeps import Sweep

ROOT = Path(__file__).parents[2]
PLAN = f"""
title = "Trial"
scenarios = ["{ROOT}/scenarios/shops.toml", "{ROOT}/scenarios/commission.toml"]
seeds = 4
users = 300
days = 10
metrics = ["profit.total", "users.daily"]
[factors]
"wallet.payer_fee" = [0.0, 0.02]
[factors."shopping.commission"]
values = [0.05, 0.1]
only = ["commission"]
"""
RUNS = 4 * (2 + 4)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The file of a small plan: 24 runs."""
    path = tmp_path_factory.mktemp("plan") / "trial.toml"
    path.write_text(PLAN)
    return path


@pytest.fixture(scope="module")
def whole(plan, tmp_path_factory):
    """The same sweep left alone."""
    return sweep(plan, jobs=1, out=tmp_path_factory.mktemp("whole"))


def tiny(path, **instead):
    """A plan of two runs a seed."""
    text = re.sub(r"(?s)\[factors\].*", '[factors]\n"wallet.payer_fee" = [0.02]\n', PLAN)
    path.write_text(text)
    return Plan.load(path, {"users": 60, "days": 3, "seeds": 2} | instead)


def contents(folder):
    """What every finished run holds that does not depend on the clock."""
    found = {}
    for place in sorted((folder / "runs").glob("*/*")):
        days = hashlib.sha256((place / "days.parquet").read_bytes()).hexdigest()
        summary = json.loads((place / "run.json").read_text())["summary"]
        found[place.name] = (days, (place / "scenario.toml").read_text(), summary)
    return found


def marks(folder):
    """Which files are there, and whether they are the same files as before."""
    return {path: (it.st_ino, it.st_mtime_ns) for path in (folder / "runs").rglob("*.*") for it in [path.stat()]}


# what a sweep is


def test_a_sweep_is_one_tidy_table(whole):
    table = whole.table()
    assert len(table) == 2 * 4 * 4
    assert list(table.columns[:6]) == ["run", "scenario", "seed", "point", "wallet.payer_fee", "shopping.commission"]
    assert table["run"].nunique() == RUNS
    assert whole.missing() == 0
    assert whole.failures().empty
    shops = table[(table.scenario == "shops") & (table.seed == 1) & (table["wallet.payer_fee"] == 0)]
    assert shops["run"].nunique() == 1, "a factor of another scenario changes nothing here: one run for all its values"
    one = table.iloc[-1]
    values = {name: one[name] for name in whole.factors} | {"run.users": 300, "run.days": 10, "run.seed": int(one.seed)}
    alone = sim.run(sim.Scenario.load(ROOT / "scenarios" / "commission.toml", values))
    assert alone.summary == {name: one[name] for name in alone.summary}
    pd.testing.assert_frame_equal(sim.load_sweep(whole.folder).table(), table)


def test_a_run_keeps_little(whole):
    run = place_of(whole.folder, whole.table()["run"][0])
    assert sorted(path.name for path in run.iterdir()) == ["days.parquet", "run.json", "scenario.toml"]
    assert sum(path.stat().st_size for path in run.iterdir()) < 80_000
    left = {path.name for path in whole.folder.iterdir()}
    assert left == {"plan.toml", "points.parquet", "runs", "sweep.json"}, "no networks, parts or locks stay"
    resolved = sim.Scenario.load(run / "scenario.toml")
    assert (resolved.run.users, resolved.run.days) == (300, 10)


def test_days_of_chosen_metrics_are_read_when_asked_for(whole, monkeypatch):
    read = []
    plain = pd.read_parquet
    monkeypatch.setattr(pd, "read_parquet", lambda path, **how: read.append(how.get("columns")) or plain(path, **how))
    table = whole.table(["users.daily"])
    days = whole.days("users.daily", table[(table.scenario == "commission") & (table.seed == 2)])
    assert len(days) == 4 * 10
    assert list(days.columns[-2:]) == ["day", "users.daily"]
    assert {tuple(columns) for columns in read if columns} == {("day", "users.daily")}
    last = days[days.day == 9]["users.daily"].mean()
    assert 0 < last < 300
    with pytest.raises(BadInput, match="no metric"):
        whole.days("users.dayly")


def test_days_are_kept_as_asked(tmp_path):
    some = sweep(tiny(tmp_path / "a.toml", save_days=["users.daily"]), jobs=1, out=tmp_path / "some")
    assert list(some.days("users.daily").columns[-1:]) == ["users.daily"]
    with pytest.raises(BadInput, match=r"no days of profit\.total.* keeps users\.daily"):
        some.days("profit.total")
    none = sweep(tiny(tmp_path / "a.toml", save_days=False), jobs=1, out=tmp_path / "none")
    assert not list(none.folder.rglob("days.parquet"))
    with pytest.raises(BadInput, match="save_days"):
        none.days("users.daily")


def test_one_network_is_made_for_all_who_share_it(tmp_path, monkeypatch):
    made, plain = [], worker.Friends.save
    monkeypatch.setattr(
        worker.Friends, "save", lambda friends, path, **how: made.append(path) or plain(friends, path, **how)
    )
    sweep(tiny(tmp_path / "a.toml", seeds=3), jobs=1, out=tmp_path / "out")
    assert len(made) == 3


def test_a_compact_table_says_the_same(plan, whole, tmp_path):
    assert not (whole.folder / "table.parquet").exists()
    before = marks(whole.folder)
    found = sweep(plan, jobs=1, out=whole.folder, compact=True)
    assert marks(whole.folder) == before
    table = found.table()
    (whole.folder / "table.parquet").unlink()
    pd.testing.assert_frame_equal(table, whole.table())


# it survives


def start(plan, out, jobs):
    """A sweep of its own, as from a shell."""
    return subprocess.Popen(
        [sys.executable, "-m", "sim", "sweep", str(plan), "--out", str(out), "--jobs", str(jobs), "--format", "csv"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is no signal there")
def test_killed_again_and_again_it_ends_as_if_left_alone(plan, whole, tmp_path):
    out, seen = tmp_path / "killed", {}
    for jobs, enough, more in ((1, 2, 0.02), (2, 8, 0.01), (1, 14, 0.0)):
        running = start(plan, out, jobs)
        deadline = time.monotonic() + 90
        while len(list(out.glob("runs/*/*"))) < enough and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(more)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        now = marks(out)
        assert all(now[path] == mark for path, mark in seen.items()), "what was finished is left as it was"
        seen = now
        assert not [path for path in now if not (path.parent / "run.json").exists()], "a folder that exists is whole"
    assert 14 * 3 <= len(seen) < RUNS * 3, "it was killed in the middle"
    running = start(plan, out, 1)
    csv, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert all(marks(out)[path] == mark for path, mark in seen.items())
    assert contents(out) == contents(whole.folder)
    pd.testing.assert_frame_equal(Sweep.load(out).table(), whole.table())
    assert csv == whole.table().to_csv(index=False)
    assert {path.name for path in out.iterdir()} == {"plan.toml", "points.parquet", "report.html", "runs", "sweep.json"}


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM there")
def test_told_to_end_it_leaves_whole_runs_and_nothing_else(tmp_path):
    """As a batch system ends a job whose time is up."""
    (tmp_path / "trial.toml").write_text(PLAN.replace("seeds = 4", "seeds = 400"))
    out = tmp_path / "out"
    running = start(tmp_path / "trial.toml", out, 1)
    deadline = time.monotonic() + 90
    while len(list(out.glob("runs/*/*"))) < 2 and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    running.terminate()
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 128 + signal.SIGTERM, said
    assert "told to end" in said
    assert "Traceback" not in said
    assert {path.name for path in out.iterdir()} == {"plan.toml", "points.parquet", "runs", "sweep.json"}


def test_processes_change_nothing(plan, whole, tmp_path):
    """Row 33 of the limits, over a whole sweep."""
    found = sweep(plan, jobs=2, out=tmp_path)
    assert contents(tmp_path) == contents(whole.folder)
    pd.testing.assert_frame_equal(found.table(), whole.table())


def _hears_no_ctrl_c():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_cluster_changes_nothing_and_a_worker_that_is_killed_loses_nothing(plan, whole, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    clusters, killed, defer_sigint = [], [], set()

    class Watched(sweeping.Cluster):
        def __init__(self, *asked):
            super().__init__(*asked)
            clusters.append(self)

    def kill_one(standing):
        if not killed:
            defer_sigint.update(clusters[0].client.run(_hears_no_ctrl_c).values())
            victim = next(iter(clusters[0].client.run(os.getpid).values()))
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    monkeypatch.setattr(sweeping, "Cluster", Watched)
    found = sweep(plan, cluster="local", jobs=2, out=tmp_path, progress=kill_one)
    assert killed
    assert defer_sigint == {True}, "Ctrl-C is ours to handle; a worker would say it in Python's own words"
    assert found.failures().empty
    assert contents(tmp_path) == contents(whole.folder)
    pd.testing.assert_frame_equal(found.table(), whole.table())


class _Answer:
    """A future of Dask's whose status is another each time it is asked, until the last."""

    def __init__(self, *statuses, problem=None):
        self.statuses, self.problem = list(statuses), problem

    @property
    def status(self):
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def result(self):
        return "done"

    def exception(self):
        return self.problem

    def release(self):
        pass


class _Queue:
    def __init__(self, loop):
        self.futures = []

    def add(self, future):
        self.futures.append(future)

    def __next__(self):
        return self.futures.pop(0)


def _asked(monkeypatch, answer):
    """What the pool's `as_completed` makes of an answer of Dask's."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    monkeypatch.setattr(distributed, "as_completed", _Queue)
    cluster = object.__new__(sweeping.Cluster)
    cluster.client = SimpleNamespace(
        loop=None,
        scheduler=SimpleNamespace(address="tcp://10.0.0.1:1"),
        nthreads=dict,
        submit=lambda *asked, **how: answer,
    )
    return [result for _, result in cluster.as_completed([cluster.submit("a run", print)])]


def test_a_result_that_dies_with_its_worker_is_waited_for_again(monkeypatch):
    """Breaks if what is neither there nor wrong is taken for a sign that the scheduler is gone."""
    assert _asked(monkeypatch, _Answer("lost", "pending", "finished")) == ["done"]
    with pytest.raises(ConnectionError, match="is gone"):
        _asked(monkeypatch, _Answer("cancelled"))


def test_a_worker_that_cannot_even_load_a_run_is_told(monkeypatch):
    with pytest.raises(ConnectionError, match="cannot load hongbao"):
        _asked(monkeypatch, _Answer("error", problem=ModuleNotFoundError("No module named 'sim'")))


def test_a_cluster_that_is_not_there_is_told(tmp_path, monkeypatch):
    cluster = pytest.importorskip("sim.experiments.cluster")
    pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    monkeypatch.setattr(cluster, "TO_CONNECT", 1.0)
    with pytest.raises(BadInput, match="no Dask scheduler answers"):
        sweep(tiny(tmp_path / "a.toml"), cluster="tcp://127.0.0.1:9", out=tmp_path / "out")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (None, r"schedular\.json: no such file; did you mean .*scheduler\.json"),
        ("{", "not JSON"),
        ('{"id": "Scheduler-1"}', "no address"),
    ],
)
def test_a_scheduler_file_that_is_not_there_or_says_nothing_is_told(tmp_path, monkeypatch, left, said):
    """Dask itself waits for ever."""
    cluster = pytest.importorskip("sim.experiments.cluster")
    pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    monkeypatch.setattr(cluster, "TO_CONNECT", 0.3)
    (tmp_path / "scheduler.json").touch()
    if left is not None:
        (tmp_path / "schedular.json").write_text(left)
    tiny(tmp_path / "a.toml")
    command = ["sweep", str(tmp_path / "a.toml"), "--users", "60", "--days", "3", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli.hongbao, [*command, "--cluster", str(tmp_path / "schedular.json")])
    assert done.exit_code == 2, done.output
    assert re.search(said, done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_scheduler_file_may_come_a_moment_later(tmp_path, monkeypatch):
    from sim.experiments import cluster

    written = ['{"addr', '{"address": "tcp://10.0.0.1:8786"}']
    file = tmp_path / "scheduler.json"
    monkeypatch.setattr(cluster.time, "sleep", lambda seconds: file.write_text(written.pop(0)))
    assert cluster._address_in(file) == "tcp://10.0.0.1:8786"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((True, "0.0.1", worker.CODE), r"has hongbao 0\.0\.1, not the same as here"),
        ((True, sim.__version__, "0" * 64), "another state of the code"),
        ((False, sim.__version__, worker.CODE), r"does not see .*--out"),
    ],
)
def test_workers_that_are_not_like_us_get_no_work(tmp_path, answer, said):
    class Client:
        def submit(self, function, *arguments, **how):
            return SimpleNamespace(result=lambda timeout: function(*arguments))

        def run(self, function, *arguments):
            return {"tcp://10.0.0.1:1": function(*arguments), "tcp://10.0.0.2:1": answer}

    cluster = object.__new__(sweeping.Cluster)
    cluster.client = Client()
    with pytest.raises(BadInput, match=rf"10\.0\.0\.2.* {said}"):
        cluster.check(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_worker_that_joins_late_with_other_code_stops_the_sweep(tmp_path, monkeypatch):
    """Breaks if only those workers are asked that are there at the start."""
    plan, out, command = tiny(tmp_path / "a.toml", seeds=3), tmp_path / "out", ["sweep", str(tmp_path / "a.toml")]

    def change(standing):
        if standing.done == 2:
            monkeypatch.setattr(worker, "code_of", lambda scenario: "0" * 64)

    with pytest.raises(SweepStopped, match="another state of the code"):
        sweep(plan, jobs=1, out=out, progress=change)
    assert len(list(out.glob("runs/*/*"))) == 2
    assert not (out / "failed").exists(), "no run is to blame"
    size = ["--users", "60", "--days", "3", "--seeds", "3", "--jobs", "1", "--out", str(out)]
    done = CliRunner().invoke(cli.hongbao, [*command, *size])
    assert done.exit_code == 3
    assert "sweep again with the same plan" in done.stderr
    monkeypatch.undo()
    assert sweep(plan, jobs=1, out=out).missing() == 0


def test_failed_runs_are_not_all_that_is_missing(tmp_path, monkeypatch):
    found = a_sweep(tmp_path / "out", shared, without={("paid", 5, 4), ("free", 0, 1), ("free", 1, 1)})
    rows = found.rows()
    lost = rows[(rows.scenario == "paid") & (rows.point == 5) & (rows.seed == 4)]["run"].item()
    there = rows["run"].iloc[-1]
    for run in (lost, there):  # the other was made since
        worker.write_json(failure_of(found.folder, run), {"error": "ModelError: no", "traceback": "Traceback"})
    tiny(tmp_path / "a.toml")
    monkeypatch.setattr(sweeping, "sweep", lambda plan, **how: found)
    done = CliRunner().invoke(cli.hongbao, ["sweep", str(tmp_path / "a.toml")])
    assert done.exit_code == 3
    assert "1 run failed" in done.stderr
    assert "2 runs not made" in done.stderr


def test_ctrl_c_while_a_cluster_starts_ends_it(monkeypatch):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    ended = []

    def interrupt(**how):
        os.environ["PYTHONSAFEPATH"] = "1"  # as Dask's nannies do, and leave it
        raise KeyboardInterrupt

    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    started = SimpleNamespace(scheduler_address="tcp://10.0.0.1:1", close=lambda: ended.append(True))
    monkeypatch.setattr(distributed, "LocalCluster", lambda **how: started)
    monkeypatch.setattr(distributed, "Client", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sweeping.Cluster("local", 1)
    assert ended == [True]
    assert "PYTHONSAFEPATH" not in os.environ


def test_without_dask_the_cluster_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput, match=r"hongbao\[cluster\]"):
        sweep(tiny(tmp_path / "a.toml"), cluster="local", out=tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists(), "a sweep that is refused leaves no folder behind"


def test_ctrl_c_leaves_whole_runs_and_nothing_else(tmp_path):
    def interrupt(standing):
        if standing.done == 3:
            raise KeyboardInterrupt

    plan = tiny(tmp_path / "a.toml", seeds=4)
    with pytest.raises(KeyboardInterrupt):
        sweep(plan, jobs=1, out=tmp_path / "out", progress=interrupt)
    assert len(list((tmp_path / "out").glob("runs/*/*"))) == 3
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"plan.toml", "points.parquet", "runs", "sweep.json"}
    assert sweep(plan, jobs=1, out=tmp_path / "out").missing() == 0


# what fails


def test_a_run_that_fails_is_recorded_and_the_sweep_goes_on(tmp_path):
    plan = tmp_path / "a.toml"
    plan.write_text(
        f'scenarios = ["{ROOT}/scenarios/shops.toml"]\nseeds = 2\nusers = 60\ndays = 2\n'
        '[factors]\n"friends.degree" = [200, 10]\n'
    )
    done = CliRunner().invoke(cli.hongbao, ["sweep", str(plan), "--jobs", "1", "--out", str(tmp_path / "out")])
    assert done.exit_code == 3, done.output
    assert "2 runs failed" in done.stderr
    found = Sweep.load(tmp_path / "out")
    assert len(found.table()) == 2
    failed = found.failures()
    assert list(failed["friends.degree"]) == [200, 200]
    assert failed["error"].str.contains("nobody can have more than 59 friends").all()
    assert failed["traceback"].str.startswith("Traceback").all()
    assert "2 runs failed" in (tmp_path / "out" / "report.html").read_text()


DEADLY = """
import os, signal
from sim.experiments import worker
def live(scenario, order):
    if scenario.run.seed == 2 and scenario.shopping.commission == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return worker.live(scenario, order)
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is no signal there")
def test_a_run_that_kills_its_process_is_tried_and_given_up_and_the_others_go_on(tmp_path, monkeypatch):
    (tmp_path / "deadly.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(tmp_path)
    import deadly

    plan = tiny(tmp_path / "a.toml", seeds=3)
    monkeypatch.setattr(sweeping, "live", deadly.live)
    found = sweep(plan, jobs=2, out=tmp_path / "out")
    assert found.missing() == len(found.failures()) == 1
    assert "died 3 times" in found.failures()["error"][0]
    monkeypatch.undo()
    again = sweep(plan, jobs=1, out=tmp_path / "out")
    assert again.missing() == 0, "what failed is tried again"
    assert again.failures().empty


def test_a_full_disk_stops_the_sweep_and_leaves_finished_runs(tmp_path, monkeypatch):
    plan, out, written = tiny(tmp_path / "a.toml", seeds=4), tmp_path / "out", []
    plain = worker.write_json

    def fill(path, value):
        written.append(path)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        plain(path, value)

    monkeypatch.setattr(worker, "write_json", fill)
    with pytest.raises(SweepStopped, match="no room on the disk"):
        sweep(plan, jobs=1, out=out)
    before = marks(out)
    assert len(before) == 3 * 3
    size = ["--users", "60", "--days", "3", "--seeds", "4"]
    done = CliRunner().invoke(cli.hongbao, ["sweep", str(tmp_path / "a.toml"), *size, "--jobs", "1", "--out", str(out)])
    assert done.exit_code == 3
    assert "no room on the disk" in done.stderr
    assert "Traceback" not in done.output
    monkeypatch.undo()
    found = sweep(plan, jobs=1, out=out)
    assert found.missing() == 0
    assert all(marks(out)[path] == mark for path, mark in before.items())


# what is damaged


@pytest.mark.parametrize("left", [b"", b'{"summary": {"profit.tot', b"[]", b"\xff\x00"])
def test_a_damaged_run_is_made_again_and_no_other(tmp_path, left):
    plan, out = tiny(tmp_path / "a.toml"), tmp_path / "out"
    table = sweep(plan, jobs=1, out=out).table()
    hurt = place_of(out, table["run"][1]) / "run.json"
    hurt.write_bytes(left)
    with pytest.raises(BadInput, match=r"run\.json is damaged .*sweep again with the same plan"):
        Sweep.load(out).table()
    before = {path: mark for path, mark in marks(out).items() if path.parent != hurt.parent}
    assert estimating.estimate(plan, jobs=1, out=out).finished == 3
    found = sweep(plan, jobs=1, out=out)
    assert found.about["went"]["made"] == 1
    pd.testing.assert_frame_equal(found.table(), table)
    assert all(marks(out)[path] == mark for path, mark in before.items())


def test_damaged_days_say_which_run_to_make_again(tmp_path):
    plan, out = tiny(tmp_path / "a.toml"), tmp_path / "out"
    days = sweep(plan, jobs=1, out=out).days("users.daily")
    hurt = place_of(out, days["run"][0]) / "days.parquet"
    hurt.write_bytes(hurt.read_bytes()[:100])
    with pytest.raises(
        BadInput, match=rf"days\.parquet is damaged .*remove the folder {hurt.parent}, then sweep again"
    ):
        Sweep.load(out).days("users.daily")
    shutil.rmtree(hurt.parent)
    pd.testing.assert_frame_equal(sweep(plan, jobs=1, out=out).days("users.daily"), days)


@pytest.mark.parametrize("left", ["", '{"version": "0.1.0"', "[]", '{"version": "0.1.0", "scenarios": []}'])
def test_a_damaged_description_is_written_anew_from_the_same_plan(tmp_path, left):
    plan, out = tiny(tmp_path / "a.toml"), tmp_path / "out"
    table = sweep(plan, jobs=1, out=out).table()
    (out / "sweep.json").write_text(left)
    with pytest.raises(BadInput, match=r"sweep\.json is damaged .*same plan"):
        Sweep.load(out)
    before = marks(out)
    with pytest.warns(SweepNote, match=r"sweep\.json is damaged"):
        found = sweep(plan, jobs=1, out=out)
    assert marks(out) == before
    assert (found.about["went"]["made"], found.about["code"]) == (0, "unknown")
    pd.testing.assert_frame_equal(found.table(), table)


def test_a_damaged_description_of_another_plan_is_left_and_the_advice_works(tmp_path):
    out, other = tmp_path / "out", tiny(tmp_path / "b.toml", seeds=3)
    sweep(tiny(tmp_path / "a.toml"), jobs=1, out=out)
    (out / "sweep.json").write_text("{")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    command = ["sweep", str(tmp_path / "b.toml"), "--users", "60", "--days", "3", "--seeds", "3", "--out", str(out)]
    done = CliRunner().invoke(cli.hongbao, command)
    assert done.exit_code == 2, done.output
    assert "is not the plan given" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != ".lock"} == before
    (out / "sweep.json").unlink()
    assert sweep(other, jobs=1, out=out).about["went"]["made"] == 2


# whose folder it is


def test_two_sweeps_do_not_share_a_folder(tmp_path):
    plan, out = tiny(tmp_path / "a.toml"), tmp_path / "out"
    out.mkdir()
    with only_one(out / LOCK, "held"):
        with pytest.raises(BadInput, match=rf"is being swept by process {os.getpid()} on .*--out"):
            sweep(plan, jobs=1, out=out)
        assert {path.name for path in out.iterdir()} == {LOCK}
    (out / LOCK).write_text("process 1 on a machine that was switched off\n")
    assert sweep(plan, jobs=1, out=out).missing() == 0, "a lock that nobody holds is none"
    assert not (out / LOCK).exists()


def test_runs_of_another_version_are_refused(tmp_path):
    plan, out = tiny(tmp_path / "a.toml"), tmp_path / "out"
    sweep(plan, jobs=1, out=out)
    about = json.loads((out / "sweep.json").read_text()) | {"version": "0.0.1"}
    (out / "sweep.json").write_text(json.dumps(about))
    before = marks(out)
    with pytest.raises(BadInput, match=r"version 0\.0\.1.*--out"):
        sweep(plan, jobs=1, out=out)
    assert marks(out) == before


def test_another_result_is_left_alone(tmp_path):
    sim.run(sim.Scenario.make(run={"users": 60, "days": 2}), out=tmp_path / "out")
    with pytest.raises(BadInput, match="holds another result"):
        sweep(tiny(tmp_path / "a.toml"), jobs=1, out=tmp_path / "out")


def test_another_plan_uses_what_both_ask_for(tmp_path):
    out, made = tmp_path / "out", []
    sweep(tiny(tmp_path / "a.toml"), jobs=1, out=out)
    before = marks(out)
    with pytest.warns(SweepNote, match="runs of another plan"):
        found = sweep(tiny(tmp_path / "a.toml", seeds=3), jobs=1, out=out, progress=made.append)
    assert [standing.found for standing in made][-1] == 4
    assert len(found.table()) == 6
    assert all(marks(out)[path] == mark for path, mark in before.items())
    with pytest.warns(SweepNote, match="another plan"):
        assert len(sweep(tiny(tmp_path / "a.toml", seeds=1), jobs=1, out=out).table()) == 2, (
            "what is not asked for lies aside"
        )


def test_changed_code_is_said(tmp_path, monkeypatch):
    plan = tiny(tmp_path / "a.toml")
    sweep(plan, jobs=1, out=tmp_path / "out")
    monkeypatch.setattr(sweep_folder, "CODE", "changed")
    with pytest.warns(SweepNote, match="code has changed"):
        found = sweep(plan, jobs=1, out=tmp_path / "out")
    assert found.about["code"] == "mixed"


def test_scenarios_that_assume_different_things_are_said(tmp_path):
    (tmp_path / "one.toml").write_text('title = "One"\n')
    (tmp_path / "other.toml").write_text('title = "Other"\nextends = "one.toml"\n[users]\nprivacy_concern = 0.5\n')
    (tmp_path / "plan.toml").write_text('scenarios = ["one.toml", "other.toml"]\nseeds = 1\nusers = 60\ndays = 2\n')
    with pytest.warns(SweepNote, match="users.privacy_concern"):
        sweep(tmp_path / "plan.toml", jobs=1, out=tmp_path / "out")


def test_a_sweep_without_changes_says_nothing(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SweepNote)
        for _ in range(2):
            sweep(tiny(tmp_path / "a.toml"), jobs=1, out=tmp_path / "out")


# the command line


def test_a_dry_run_says_what_it_would_take_and_does_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny(tmp_path / "a.toml")
    command = ["sweep", "a.toml", "--dry-run", "--jobs", "2", "--format", "json"]
    done = CliRunner().invoke(cli.hongbao, command)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)[0]
    assert (found["runs"], found["rows"], found["finished"], found["jobs"]) == (8, 8, 0, 2)
    assert 0 < found["core_hours"] < 1
    assert found["core_hours"] == pytest.approx(2 * found["hours"])
    assert 8 * 5_000 < found["disk_bytes"] < 8 * 1_000_000
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_a_dry_run_refuses_what_the_sweep_would(tmp_path):
    plan, file = tiny(tmp_path / "a.toml"), tmp_path / "file"
    file.touch()
    for out in (file, file / "below"):
        with pytest.raises(BadInput, match="a file of that name is in the way"):
            estimating.estimate(plan, out=out)


def test_an_estimate_is_about_right(whole, plan):
    found = estimating.estimate(plan, jobs=1, out=whole.folder)
    assert (found.finished, found.core_hours, found.disk_bytes) == (RUNS, 0, 0)
    wanted = estimating.estimate(plan, jobs=1, out="nowhere")
    took = sum(path.stat().st_size for path in (whole.folder / "runs").rglob("*.*"))
    assert wanted.disk_bytes == pytest.approx(took, rel=0.5)


def test_a_million_runs_must_be_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny(tmp_path / "a.toml")
    done = CliRunner().invoke(cli.hongbao, ["sweep", "a.toml", "--seeds", "500000"])
    assert done.exit_code == 2
    assert "1,000,000 runs" in done.stderr
    assert "--yes" in done.stderr
    assert not (tmp_path / "outputs").exists()


def test_a_million_runs_are_counted_before_their_points_are_drawn(tmp_path, monkeypatch):
    text = "\n".join(line for line in PLAN.splitlines() if not line.startswith("values"))
    (tmp_path / "a.toml").write_text(text.replace("[factors]", "[sample]\npoints = 1_000_000\n[factors]"))
    monkeypatch.setattr(plan_axes, "_drawn", lambda *asked: pytest.fail("it has drawn a million points"))
    with pytest.raises(BadInput, match=r"8,000,000 runs, more than 100,000|8,\d{3},\d{3} runs"):
        sweep(tmp_path / "a.toml", out=tmp_path / "out")


def test_the_command_line_shows_what_scenarios_did(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny(tmp_path / "a.toml")
    command = ["sweep", "a.toml", "--users", "60", "--days", "3", "--seeds", "2", "--jobs", "1"]
    done = CliRunner().invoke(cli.hongbao, command)
    assert done.exit_code == 0, done.output
    for word in ("profit.total", "commission", "against shops", "95 % interval"):
        assert word in done.stdout
    assert (tmp_path / "outputs" / "a" / "report.html").exists()
    told = json.loads(CliRunner().invoke(cli.hongbao, [*command, "--format", "json"]).stdout)
    assert told["missing"] == 0
    assert {it["scenario"] for it in told["metrics"]["profit.total"]} == {"shops", "commission"}
    refused = CliRunner().invoke(cli.hongbao, ["sweep", "aa.toml"])
    assert refused.exit_code == 2
    assert "did you mean 'a.toml'" in refused.stderr


@pytest.mark.parametrize("theirs", ["networks/facebook.txt", "table.parquet", "plan.toml", "notes.txt"])
def test_a_sweep_writes_over_nobodys_files(plan: Path, tmp_path: Path, theirs: str) -> None:
    """Breaks if a folder is taken for a sweep's because no other result lies in it."""
    file = tmp_path / "mine" / theirs
    file.parent.mkdir(parents=True)
    file.write_text("dear to me")
    with pytest.raises(BadInput, match="which no sweep wrote there"):
        sweep(plan, jobs=1, out=tmp_path / "mine")
    assert [path for path in (tmp_path / "mine").rglob("*") if path.is_file() and path.name != ".lock"] == [file]
    assert file.read_text() == "dear to me"


def test_a_sweep_cut_off_before_it_was_described_goes_on(plan: Path, tmp_path: Path, whole: Sweep) -> None:
    """It had written its points and its plan; breaks if these are taken for somebody's files."""
    for name in ("points.parquet", "plan.toml"):
        (tmp_path / name).write_bytes((whole.folder / name).read_bytes())
    few = tmp_path.parent / "few.toml"
    few.write_text(PLAN.replace("seeds = 4", "seeds = 1"))
    assert sweep(few, jobs=1, out=tmp_path).about["went"]["made"] == RUNS / 4


def test_no_run_and_no_comparison_is_written_over_a_sweep(whole: Sweep) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in whole.folder.rglob("*"))
    scenario = sim.Scenario.make(run={"users": 60, "days": 2})
    with pytest.raises(BadInput, match="holds a sweep"):
        sim.run(scenario, out=whole.folder)
    with pytest.raises(BadInput, match="holds a sweep"):
        sim.compare([scenario, scenario], replicates=1, out=whole.folder)
    assert sorted((path, path.stat().st_mtime_ns) for path in whole.folder.rglob("*")) == before


def test_a_sweep_that_finds_all_its_runs_has_no_rate_below_zero() -> None:
    assert sweeping.Standing(done=4, planned=4, failed=0, found=4, seconds=1e-6).rate == 0
