"""Many runs of which only the summary is wanted: each is made once, written down, and known again."""

import pytest

from sim.engine.settings import BadInput
from sim.experiments import many
from sim.experiments.many import LOG, Asked, Runs, check_meant
from sim.experiments.run import run
from sim.scenario import Scenario
from sim.state import ModelError

FEE = Scenario.make(run={"users": 80, "days": 3, "seed": 5}, wallet={"payer_fee": 0.01})


def asked(*seeds):
    return [Asked(f"seed {seed}", FEE.with_values({"run.seed": seed}), {"seed": seed}) for seed in seeds]


def test_what_runs_came_to_comes_back_in_the_order_asked_for_and_each_is_made_once(tmp_path, monkeypatch):
    made, lives = [], many.live
    monkeypatch.setattr(many, "live", lambda *given: made.append(given[3]) or lives(*given))
    told = []
    with Runs([FEE], 3, tmp_path, jobs=1) as runs:
        found = runs.summaries(asked(7, 5, 7), lambda: told.append(1))
        again = runs.summaries(asked(5, 6), lambda: told.append(1))
    assert made == ["seed 7", "seed 5", "seed 6"]
    assert found[0] == found[2] != found[1] == again[0]
    assert found[1] == run(FEE).summary
    with Runs([FEE], 3, tmp_path, jobs=1) as runs:
        assert runs.summaries(asked(6, 7)) == [again[1], found[0]]
    assert len(made) == 3
    assert [line.split(b'"seed": ')[1][:1] for line in (tmp_path / LOG).read_bytes().splitlines()] == [b"7", b"5", b"6"]


def test_a_line_that_is_damaged_or_cut_off_is_as_good_as_none(tmp_path):
    with Runs([FEE], 2, tmp_path, jobs=1) as runs:
        found = runs.summaries(asked(5, 6))
    first, second = (tmp_path / LOG).read_bytes().splitlines(keepends=True)
    (tmp_path / LOG).write_bytes(b'{"run": 3}\n' + b"not json\n" + second + first[:40])
    with Runs([FEE], 2, tmp_path, jobs=1) as runs:
        assert len(runs.log.known) == 1
        assert runs.summaries(asked(5, 6)) == found
    assert (tmp_path / LOG).read_bytes().endswith(b"\n")


def test_workers_of_a_cluster_make_the_same_runs(tmp_path):
    pytest.importorskip("distributed")
    with Runs([FEE], 2, jobs=1) as runs:
        alone = runs.summaries(asked(5, 6))
    with Runs([FEE], 2, tmp_path, jobs=2, cluster="local") as runs:
        assert runs.summaries(asked(5, 6)) == alone
    assert not (tmp_path / ".graphs").exists()
    with pytest.raises(BadInput, match=r"need a folder that they share: give `out`"):
        Runs([FEE], 2, cluster="local")


def test_a_law_that_a_run_breaks_is_told_with_what_the_run_is_called(monkeypatch):
    def broken(*_, **__):
        raise ModelError("day 1: a metric is nan")

    monkeypatch.setattr(many, "run", broken)
    with Runs([FEE], 1, jobs=1) as runs, pytest.raises(ModelError, match=r"^seed 5: day 1"):
        runs.summaries(asked(5))


def test_more_runs_than_anyone_means_by_chance_must_be_meant():
    check_meant("tries = 9", 10_000, "9 points", FEE, 1, yes=False)
    check_meant("tries = 9", 10_001, "9 points", FEE, 1, yes=True)
    with pytest.raises(BadInput, match=r"tries = 9: 10,001 runs \(9 points\), some .* hours here"):
        check_meant("tries = 9", 10_001, "9 points", FEE, 1, yes=False)
