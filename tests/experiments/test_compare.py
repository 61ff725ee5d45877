"""Comparisons are paired, fair and repeatable; a run is measured; processes that die are replaced."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.engine.settings import BadInput
from sim.experiments import compare as comparing
from sim.experiments import machine, room
from sim.experiments import run as running
from sim.experiments.compare import compare
from sim.experiments.pairing import UnfairComparison, check_fair
from sim.experiments.pool import Pool, WorkerLost
from sim.experiments.run import run
from sim.experiments.tally import GAINING, Tally, figures, is_precise
from sim.ground.friends.friends import Friends
from sim.results import Comparison, Result
from sim.scenario import Scenario
from sim.world import World

SMALL = {"users": 120, "days": 6, "seed": 5}
FEE = {"payer_fee": 0.05}


def scenario(name="free", **sections):
    return Scenario.make(**({"run": SMALL} | sections)).model_copy(update={"name": name, "title": name.title()})


FREE, PAID = scenario(), scenario("paid", wallet=FEE)


# a run


def test_a_run_measures_itself_and_is_saved_whole(tmp_path):
    told = []
    result = run(FREE, out=tmp_path / "free", progress=lambda *days: told.append(days), save_at=[2])
    assert told == [(day, 6) for day in range(1, 7)]
    found = Result.load(tmp_path / "free")
    assert found.summary == result.summary
    assert (found.name, found.seed, found.manifest["users"], found.manifest["days"]) == ("free", 5, 120, 6)
    assert list(found.days["day"]) == list(range(6))
    assert found.surplus.shape == (120,)
    assert found.manifest["seconds"] > 0
    assert found.manifest["peak_memory_bytes"] > 10e6
    assert found.manifest["network"]["people"] == 120
    assert {"name", "value", "origin", "unit"} <= set(found.manifest["parameters"][0])
    assert set(found.metrics) == set(found.summary)
    assert found.manifest["scenario_hash"] == FREE.digest()
    assert (tmp_path / "free" / "world-2.npz").exists()


def test_an_interrupted_run_leaves_the_earlier_result_whole(tmp_path):
    run(FREE, out=tmp_path)

    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(PAID, out=tmp_path, progress=interrupt, force=True)
    assert Result.load(tmp_path).name == "free"
    assert not [path for path in tmp_path.iterdir() if "part" in path.name]


def test_a_world_that_does_not_fit_is_refused_with_the_sum_before_it_is_built(monkeypatch, tmp_path):
    monkeypatch.setattr(room, "available_memory", lambda: 1_000_000_000)
    monkeypatch.setattr(running.World, "__init__", lambda *_: pytest.fail("it was built"))
    huge = FREE.with_values({"run.users": 100_000_000})
    with pytest.raises(BadInput, match=r"100,000,000 users takes .* GB of memory \(network .*, but 1\.0 GB are free"):
        run(huge, out=tmp_path / "huge")
    with pytest.raises(BadInput, match="GB are free"):
        compare([huge, huge])
    assert not (tmp_path / "huge").exists()


def test_many_jobs_must_fit_together_and_by_default_are_as_many_as_fit(monkeypatch):
    large = [FREE.with_values({"run.users": 100_000, "run.days": 1000})] * 2
    monkeypatch.setattr(room, "cores", lambda: 16)
    monkeypatch.setattr(room, "available_memory", lambda: 1_500_000_000)
    assert 1 < room.jobs_for(large, None, 16) < 13
    with pytest.raises(BadInput, match=r"16 worlds of 100,000 users take .* fewer jobs"):
        room.jobs_for(large, 16, 16)
    assert room.jobs_for([FREE, PAID], None, 4) == 1, "processes cost more than a few small worlds"


def test_the_largest_scenario_must_fit_not_only_the_first(monkeypatch):
    few = FREE.with_values({"run.users": 10_000})
    shops = few.with_values({"shopping.on": True, "support.on": True})
    just_enough = World.memory(few)["total"] / (1 - room.ROOM_LEFT) + 1
    monkeypatch.setattr(room, "available_memory", lambda: just_enough)
    room.jobs_for([few, few], 1, 16)
    for scenarios in ([few, shops], [shops, few]):
        with pytest.raises(BadInput, match="10,000 users takes"):
            room.jobs_for(scenarios, 1, 16)


def test_the_ties_of_a_file_count_and_not_the_degree_that_is_not_used(monkeypatch, tmp_path):
    friends = Friends.generate(FREE.friends.changed({"degree": 200.0}), 2_000, 1)
    dense = FREE.with_values({"run.users": 2_000, "friends.file": str(friends.save(tmp_path / "dense.friends"))})
    sparse = World.memory(FREE.with_values({"run.users": 2_000}))
    known = World.memory(dense, friends)
    assert known["network"] == friends.bytes > 5 * sparse["network"]
    assert World.memory(dense)["network"] == pytest.approx(friends.bytes, rel=0.05), "about the size of the file"
    monkeypatch.setattr(Friends, "bytes_expected", lambda *_: 0)  # a file whose size says nothing of its ties
    free = int(0.9 * known["total"] / 0.95)
    monkeypatch.setattr(room, "available_memory", lambda: free)
    room.check_memory(dense)
    with pytest.raises(BadInput, match="2 worlds of 2,000 users take"):
        room.check_memory(dense, 2, 0, friends)
    free -= friends.bytes
    with pytest.raises(BadInput, match="2,000 users takes"):
        run(dense)
    with pytest.raises(BadInput, match="2,000 users takes"):
        compare([dense, dense], replicates=1)


def test_the_limit_of_a_container_counts(tmp_path):
    group = tmp_path / "groups" / "jobs" / "mine"
    group.mkdir(parents=True)
    for name, content in [("max", "1000000"), ("current", "900000"), ("stat", "anon 5\ninactive_file 300000\n")]:
        (group / f"memory.{name}").write_text(content)
    (tmp_path / "self").write_text("0::/jobs/mine/part\n")
    assert machine._left_in_group(tmp_path / "groups", tmp_path / "self") == 400_000
    (group / "memory.max").write_text("max\n")
    assert machine._left_in_group(tmp_path / "groups", tmp_path / "self") is None
    assert machine._left_in_group(tmp_path / "groups", tmp_path / "nothing") is None


# fairness


def test_levers_are_told_from_assumptions():
    other = scenario("dear", wallet=FEE, users={"privacy_concern": 0.5})
    decided, unfair = check_fair([FREE, PAID, other])
    assert decided == [{"name": "wallet.payer_fee", "values": {"free": 0.0, "paid": 0.05, "dear": 0.05}}]
    assert unfair == [{"name": "users.privacy_concern", "values": {"free": 0.3, "paid": 0.3, "dear": 0.5}}]


def test_an_event_that_only_one_has_is_listed_for_both():
    early = scenario("early", events=[{"day": 2, "set": {"wallet.payer_fee": 0.1}}])
    late = scenario("late", events=[{"day": 2, "set": {"wallet.payer_fee": 0.2}}, {"day": 3, "happen": "outage"}])
    decided, unfair = check_fair([early, late])
    assert decided == [{"name": "day 2: wallet.payer_fee", "values": {"early": "0.1", "late": "0.2"}}]
    assert unfair == [{"name": "day 3: happen", "values": {"early": None, "late": "outage"}}]


@pytest.mark.parametrize(
    "other", [{"run": SMALL | {"users": 130}}, {"run": SMALL | {"seed": 6}}, {"friends": {"degree": 12.0}}]
)
def test_other_people_cannot_be_compared(other):
    with pytest.raises(BadInput, match="the same people with the same luck"):
        compare([FREE, scenario("other", **other)])


def test_a_comparison_of_one_is_none():
    with pytest.raises(BadInput, match="at least two scenarios"):
        compare([FREE])
    with pytest.raises(BadInput, match="replicates = 0"):
        compare([FREE, PAID], replicates=0)
    with pytest.raises(BadInput, match="jobs = 0"):
        compare([FREE, PAID], jobs=0)
    with pytest.raises(BadInput, match="max_replicates = 3"):
        compare([FREE, PAID], precision=0.1, max_replicates=3)


# comparisons


def test_a_scenario_does_not_differ_from_itself():
    found = compare([FREE, FREE], replicates=2, jobs=1)
    assert found.scenarios == ["free", "free-2"]
    for metric, by_scenario in found.metrics.items():
        twin = by_scenario["free-2"]
        assert (twin["diff"], twin["diff_low"], twin["diff_high"]) == (0, 0, 0), metric
        assert twin["mean"] == by_scenario["free"]["mean"]
        assert set(found.best.get(metric, {"free": None}).values()) == {None}, "nobody is better than a twin"
        assert found.verdict(metric) is None
    assert found.gaining["free-2"] == {"mean": 0, "low": 0, "high": 0}


def test_replicate_r_is_the_run_with_seed_plus_r():
    found = compare([FREE, PAID], replicates=2, jobs=1)
    assert found.seeds == [5, 6]
    alone = run(PAID.with_values({"run.seed": 6}))
    assert found.result("paid", 6).summary | {GAINING: 0.0} == alone.summary
    assert np.array_equal(found.result("paid", 6).surplus, alone.surplus)
    means = np.mean([found.result("paid", seed).summary["wallet.paid"] for seed in (5, 6)])
    assert found.metrics["wallet.paid"]["paid"]["mean"] == pytest.approx(means)


def test_the_folder_holds_everything_and_processes_change_nothing(tmp_path):
    told = []
    found = compare([FREE, PAID], replicates=2, jobs=2, out=tmp_path, progress=lambda *runs: told.append(runs))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comparison.json", "manifest.json", "runs"]
    saved = Comparison.load(tmp_path)
    assert saved.metrics == found.metrics == compare([FREE, PAID], replicates=2, jobs=1).metrics
    assert saved.result("paid", 6).surplus is not None
    for name, by_scenario in saved.best.items():
        assert None in by_scenario.values() or sum(by_scenario.values()) == pytest.approx(1), name
    content = json.loads((tmp_path / "comparison.json").read_text())
    assert (content["baseline"], content["replicates"], content["scenarios"]) == ("free", 2, ["free", "paid"])
    assert set(content["metrics"]["profit.total"]["paid"]) == {
        "mean", "low", "high", "diff", "diff_low", "diff_high", "variance_ratio",
    }  # fmt: skip
    assert content["decided"][0]["name"] == "wallet.payer_fee"
    assert content["unfair"] == []

    # the next one there leaves nothing of this one, and an interrupted one looks unfinished
    def interrupt(done, total):
        raise KeyboardInterrupt

    dear = scenario("dear", wallet={"payer_fee": 0.1})
    with pytest.raises(KeyboardInterrupt):
        compare([FREE, dear], replicates=1, out=tmp_path, progress=interrupt, force=True)
    with pytest.raises(BadInput, match="no finished result"):
        Comparison.load(tmp_path)
    compare([FREE, scenario("dear", wallet={"payer_fee": 0.1})], replicates=1, out=tmp_path)
    assert {path.parent.name + "/" + path.name for path in tmp_path.glob("runs/*/*")} == {"free/5", "dear/5"}


@pytest.mark.parametrize(
    ("values", "said"),
    [({"run.users": 10}, "friends.degree = 20 with 10 people"), ({"friends.file": "TIES"}, "has 4 people")],
)
def test_what_cannot_be_made_destroys_nothing_and_leaves_nothing(values, said, tmp_path):
    (tmp_path / "ties.txt").write_text("1 2\n2 3\n3 4\n")
    if "friends.file" in values:
        values = {"friends.file": str(tmp_path / "ties.txt")}
    refused = [one.with_values(values) for one in (FREE, PAID)]
    compare([FREE, PAID], replicates=1, jobs=1, out=tmp_path / "here")
    for folder in (tmp_path / "here", tmp_path / "new" / "folder"):
        with pytest.raises(BadInput, match=said):
            compare(refused, replicates=1, jobs=1, out=folder, force=True)
    with pytest.raises(BadInput, match=said):
        run(refused[0], out=tmp_path / "new" / "folder")
    assert Comparison.load(tmp_path / "here").result("paid", 5).summary
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "ties.txt"]


def test_each_run_of_a_comparison_says_who_gained_in_it(tmp_path):
    saved = compare([PAID, FREE], replicates=2, jobs=1, out=tmp_path)
    kept = compare([PAID, FREE], replicates=2, jobs=1)
    for found in (saved, kept):
        shares = [run.summary[GAINING] for run in found.results("free")]
        assert min(shares) > 0, "no fee is better than one"
        assert np.mean(shares) == pytest.approx(found.gaining["free"]["mean"])
        assert found.metrics[GAINING]["free"]["mean"] == found.gaining["free"]["mean"]
        assert [run.summary[GAINING] for run in found.results("paid")] == [0.0, 0.0]


def test_what_is_neither_better_nor_worse_has_no_best():
    found = compare([FREE, PAID], replicates=2, jobs=1)
    assert "clock.festival" in found.metrics
    assert "clock.festival" not in found.best
    table = found.table().set_index(["metric", "scenario"])["best"]
    assert np.isnan(table["clock.festival", "paid"])
    assert np.isnan(table["trust.headlines", "paid"]), "none of either: alike, and neither is best"


def test_assumptions_that_differ_are_said():
    other = scenario("wary", users={"privacy_concern": 0.5})
    with pytest.warns(UnfairComparison, match=r"not only decisions differ: users\.privacy_concern"):
        found = compare([FREE, other], replicates=1, jobs=1)
    assert found.unfair[0]["name"] == "users.privacy_concern"


def a_result(name, seed, surplus, profit):
    manifest = {"name": name, "seed": seed}
    days = pd.DataFrame(index=range(365))
    return Result("", manifest, days, pd.DataFrame(), {"profit.total": profit}, np.array(surplus))


def test_who_gains_is_counted_against_the_same_person_in_the_baseline():
    tally = Tally([FREE, PAID], None)
    tally.add(a_result("paid", 1, [2.0, 1.9, 10.5, -1.0], 7.0))  # results come in any order; .9 in a year is no gain
    tally.add(a_result("free", 1, [1.0, 1.0, 9.0, -1.0], 5.0))
    tally.add(a_result("free", 2, [0.0, 0.0, 0.0, 0.0], 5.0))
    tally.add(a_result("paid", 2, [1.5, 1.5, 1.5, -1.0], 8.0))
    tally.first_seed, tally.seeds = 1, [1, 2]
    found = tally.comparison({}, [], [])
    assert found.gaining["paid"]["mean"] == pytest.approx((0.25 + 0.75) / 2)
    assert found.gaining["paid"]["low"] == 0.0, "a share stays a share, however wide its interval"
    assert found.gaining["paid"]["high"] == 1.0
    assert found.metrics["welfare.gaining_share"]["paid"]["mean"] == found.gaining["paid"]["mean"]
    assert found.gaining["free"]["mean"] == 0.0
    assert found.metrics["profit.total"]["paid"]["diff"] == 2.5


def test_seeds_that_would_go_beyond_the_largest_are_refused_before_anything_runs(tmp_path):
    late = [it.with_values({"run.seed": 2**63 - 2}) for it in (FREE, PAID)]
    with pytest.raises(BadInput, match="8 seeds from 9223372036854775806 on go beyond the largest"):
        compare(late, jobs=1, out=tmp_path / "late")
    assert not (tmp_path / "late").exists()


def test_what_was_set_by_hand_is_in_the_manifests_of_a_comparison_and_of_its_runs(tmp_path):
    assert FREE.set_by_hand == {}, "what is made in Python has no file that it departs from"
    changed = PAID.with_values({"advertising.nuisance": 0.14, "run.days": 3})
    found = compare([FREE.with_values({"run.days": 3}), changed], replicates=2, jobs=1, out=tmp_path)
    assert found.manifest["set_by_hand"] == {"free": {}, "paid": {"advertising.nuisance": 0.14}}
    assert Comparison.load(tmp_path).result("paid", 6).manifest["set_by_hand"] == {"advertising.nuisance": 0.14}
    content = json.loads((tmp_path / "comparison.json").read_text())
    assert content["verdicts"].keys() == content["best"].keys()


def test_smaller_costs_are_the_better_ones():
    tally = Tally([FREE, PAID], None)
    for seed in (5, 6, 7):
        for name, cost in (("free", 10.0), ("paid", 20.0 + seed)):
            result = a_result(name, seed, [0.0], cost)
            result.summary["cost.total"] = cost
            tally.add(result)
    tally.seeds = [5, 6, 7]
    found = tally.comparison({}, [], [])
    assert found.best["cost.total"]["free"] > 0.95
    assert found.best["profit.total"]["paid"] > 0.95


def test_the_baselines_difference_is_nothing():
    values = np.array([1.0, 4.0, 2.0])
    found = figures(values, values, is_baseline=True)
    assert (found["diff"], found["diff_low"], found["diff_high"], found["variance_ratio"]) == (0, 0, 0, 1)


# precision


def test_precise_is_what_is_known_to_a_share_of_the_difference_or_of_the_baseline():
    certain = np.array([[100.0, 110.0], [101.0, 111.0], [99.0, 109.0]])
    assert is_precise(certain, 0.001)
    noisy = certain + np.array([[0, 3.0], [0, -3.0], [0, 0]])  # half-width 3 * 4.30 / sqrt 3 = 7.45
    assert is_precise(noisy, 0.08)
    assert not is_precise(noisy, 0.07)
    assert is_precise(noisy * [1, 50], 0.08), "a large difference is a measure too"
    assert not is_precise(np.column_stack([certain, noisy[:, 1]]), 0.07), "every scenario must be known"
    assert not is_precise(certain[:1], 1.0), "one replicate says nothing"


class FakePool(Pool):
    """Any number of jobs, all done here."""

    def __init__(self, jobs):
        super().__init__(1)


def test_replicates_are_added_until_it_is_precise_whatever_the_jobs(monkeypatch, tmp_path):
    monkeypatch.setattr(comparing, "Pool", FakePool)
    luck = {5: 0.0, 6: 9.0, 7: 4.0, 8: 5.0, 9: 4.5, 10: 5.0}

    def pretend(scenario, graph, code):
        profit = 100.0 if scenario.name == "free" else 110.0 + luck.get(scenario.run.seed, 4.6)
        result = a_result(scenario.name, scenario.run.seed, [0.0], profit)
        result.manifest |= {"peak_memory_bytes": 1, "network": {}, "metrics": {}, "title": ""}
        return result

    monkeypatch.setattr(comparing, "replicate", pretend)
    wanted = {"replicates": 2, "precision": 0.05, "metric": "profit.total"}  # two are too few to begin with
    one = compare([FREE, PAID], jobs=1, **wanted)
    many = compare([FREE, PAID], jobs=16, out=tmp_path, **wanted)
    assert one.manifest["precision"]["reached"]
    assert 4 < one.replicates < 12
    assert one.metrics == many.metrics
    assert one.seeds == many.seeds
    assert len(list(tmp_path.glob("runs/paid/*"))) == many.replicates, "runs beyond what was enough are let go"
    values = np.array([[100.0, one.result("paid", seed).summary["profit.total"]] for seed in one.seeds])
    assert is_precise(values, 0.05)
    assert not is_precise(values[:-1], 0.05)
    never = compare([FREE, PAID], jobs=1, max_replicates=5, replicates=2, precision=1e-6)
    assert never.replicates == 5
    assert never.manifest["precision"] == {
        "asked": 1e-6, "metric": "profit.total", "reached": False, "max_replicates": 5,
    }  # fmt: skip


def test_precision_is_not_asked_of_fewer_than_four_replicates(monkeypatch):
    """Two that happen to agree would stop it at once. Breaks if it begins with as few as asked for."""
    monkeypatch.setattr(comparing, "Pool", FakePool)

    def pretend(scenario, graph, code):
        result = a_result(scenario.name, scenario.run.seed, [0.0], 100.0 if scenario.name == "free" else 110.0)
        result.manifest |= {"peak_memory_bytes": 1, "network": {}, "metrics": {}, "title": ""}
        return result

    monkeypatch.setattr(comparing, "replicate", pretend)
    assert compare([FREE, PAID], jobs=1, replicates=2, precision=0.5).replicates == 4
    assert compare([FREE, PAID], jobs=1, replicates=6, precision=0.5).replicates == 6


def test_an_unknown_metric_is_refused_before_anything_runs(monkeypatch):
    monkeypatch.setattr(comparing, "Graphs", lambda *_: pytest.fail("it has begun"))
    for precision in (0.1, None):
        with pytest.raises(BadInput, match=r"no metric 'profit\.totl'; did you mean 'profit\.total'"):
            compare([FREE, PAID], precision=precision, metric="profit.totl", jobs=1)


# processes

TASKS = """
import os, pathlib, time

def double(x):
    return 2 * x

def die_once(mark):
    if not pathlib.Path(mark).exists():
        pathlib.Path(mark).touch()
        os._exit(1)
    return "alive"

def die_after_a_while():
    time.sleep(0.2)
    os._exit(1)

def fail():
    raise ValueError("no such day")
"""

SCRIPT = """
import sys
sys.path.append(sys.argv[1])
from sim.experiments.pool import Pool
import light_tasks
print("begun")
with Pool(2) as pool:
    print(sorted(result for _, result in pool.as_completed([pool.submit("", light_tasks.double, x) for x in (1, 2)])))
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """A small module that new processes can import quickly."""
    (tmp_path / "light_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    import light_tasks

    return light_tasks


def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(tasks, tmp_path):
    with Pool(2) as pool:
        work = [pool.submit(f"double {x}", tasks.double, x) for x in range(4)]
        work.insert(1, pool.submit("fragile", tasks.die_once, str(tmp_path / "mark")))
        found = {task.name: result for task, result in pool.as_completed(work)}
    assert found == {"double 0": 0, "double 1": 2, "double 2": 4, "double 3": 6, "fragile": "alive"}


def test_a_task_that_always_dies_is_named_after_three_tries_and_only_it_is_blamed(tasks):
    with Pool(2) as pool:
        work = [
            pool.submit("deadly", tasks.die_after_a_while),
            *(pool.submit("safe", tasks.double, x) for x in range(3)),
        ]
        with pytest.raises(WorkerLost, match="deadly: its process died 3 times"):
            list(pool.as_completed(work))
    assert [task.deaths for task in work[2:]] == [0, 0]


def test_a_script_needs_no_guard(tasks, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    root = Path(comparing.__file__).parents[2]
    said = subprocess.run([sys.executable, script, root], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert said.stdout == "begun\n[2, 4]\n", said.stderr


def test_an_error_in_a_task_is_the_callers(tasks):
    with Pool(2) as pool:  # noqa: SIM117
        with pytest.raises(ValueError, match="no such day"):
            list(pool.as_completed([pool.submit("failing", tasks.fail)]))


def test_one_job_works_here_and_reads_tasks_as_it_goes(tasks):
    asked = []

    def work(pool):
        for x in range(3):
            asked.append(x)
            yield pool.submit(str(x), tasks.double, x)

    with Pool(1) as pool:
        results = pool.as_completed(work(pool))
        assert next(results)[1] == 0
        assert asked == [0]
        assert [result for _, result in results] == [2, 4]


def test_a_kept_network_file_is_made_once_a_seed_and_goes_away(tmp_path):
    with comparing.Graphs(FREE, tmp_path) as graphs:
        assert graphs.of(5) == graphs.of(5) != graphs.of(6)
        assert Path(graphs.of(5)).exists()
    assert not list(tmp_path.iterdir())


# manners


def test_a_run_and_a_comparison_take_files_as_a_sweep_does(tmp_path):
    for name, it in (("free", FREE), ("paid", PAID)):
        (tmp_path / f"{name}.toml").write_text(it.to_toml())
    assert run(str(tmp_path / "free.toml")).summary == run(tmp_path / "free.toml").summary == run(FREE).summary
    files = [tmp_path / "free.toml", str(tmp_path / "paid.toml")]
    assert compare(files, replicates=1, jobs=1).metrics == compare([FREE, PAID], replicates=1, jobs=1).metrics
    with pytest.raises(BadInput, match="at least two scenarios, the baseline first: give a list of them"):
        compare(str(tmp_path / "free.toml"))
    with pytest.raises(BadInput, match=r"none.toml: no such scenario file"):
        compare([tmp_path / "free.toml", tmp_path / "none.toml"])


def test_numbers_of_numpy_are_taken_wherever_pythons_are(tmp_path):
    two = compare([FREE, PAID], replicates=np.int64(2), jobs=np.int64(1), out=tmp_path / "both")
    assert two.seeds == [5, 6]
    assert {type(seed) for seed in two.seeds} == {int}
    assert two.metrics == compare([FREE, PAID], replicates=2, jobs=1).metrics
    assert two.result("paid", np.int64(6)).seed == 6
    until = compare([FREE, PAID], precision=np.float32(0.5), max_replicates=np.int16(4), jobs=1, out=tmp_path / "until")
    assert (
        Comparison.load(tmp_path / "until").manifest["precision"]["asked"]
        == until.manifest["precision"]["asked"]
        == 0.5
    )
    run(FREE, threads=np.int64(2), save_at=np.array([2, 3]), out=tmp_path / "free")
    assert sorted(path.name for path in (tmp_path / "free").glob("*.npz")) == ["world-2.npz", "world-3.npz"]


def test_what_comes_of_runs_is_told_in_a_line():
    one = run(FREE)
    assert repr(one) == f"<Result 'free': 120 people, 6 days, seed 5, {len(one.summary)} metrics>"
    both = compare([FREE, PAID], replicates=2, jobs=1)
    assert repr(both) == f"<Comparison of paid with free: seeds 5, 6, {len(both.metrics)} metrics>"
    many = [scenario(f"other-{number}", wallet=FEE) for number in range(30)]
    assert len(repr(compare([FREE, *many], replicates=1, jobs=1))) < 200
