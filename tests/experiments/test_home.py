"""Workers have their code from where their parent had it, and work goes on where there can be none."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

import sim
from sim.engine import kernels
from sim.engine.settings import BadInput
from sim.experiments import home, pool, worker
from sim.experiments.compare import replicate
from sim.experiments.pool import AloneNote
from sim.scenario import Scenario

ROOT = Path(__file__).parents[2]
BASELINE, FEE = (str(ROOT / "scenarios" / f"{name}.toml") for name in ("baseline", "payment_fee"))
OTHER = 'raise SystemExit("the wrong one")\n'


@pytest.mark.parametrize("told", ["-m", "PYTHONPATH"])
def test_workers_have_their_code_from_where_their_parent_has_it(told: str, tmp_path: Path) -> None:
    """Whatever lies in the working directory: another sim, or what is called like a module of Python's."""
    for name in ("sim", "selectors", "secrets"):
        (tmp_path / f"{name}.py").write_text(OTHER)
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from sim.cli import main; main()"
    begin = ["-P", "-m", "sim"] if told == "PYTHONPATH" else ["-P", "-c", code, str(ROOT)]
    asked = ["compare", BASELINE, FEE, "--users", "60", "--days", "2", "--replicates", "2", "--jobs", "2"]
    done = subprocess.run(
        [sys.executable, *begin, *asked],
        cwd=tmp_path, env=os.environ | ({"PYTHONPATH": str(ROOT)} if told == "PYTHONPATH" else {}),
        capture_output=True, text=True, timeout=600, check=False,  # where nothing is compiled yet it takes minutes
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the wrong one" not in done.stderr
    found = sim.load_comparison(tmp_path / "outputs" / "baseline-payment_fee")
    assert found.manifest["jobs"] == 2


def test_the_search_path_finds_sim_where_this_process_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a notebook has put another checkout first."""
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "__init__.py").write_text(OTHER)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    places = home.search_path()
    assert places.index(home.FOLDER) < places.index(str(tmp_path))
    monkeypatch.setattr(sys, "path", [it for it in sys.path if it not in (str(tmp_path), home.FOLDER, "")])
    assert home.FOLDER in home.search_path()
    before = sys.path, dict(os.environ)
    with home.shared():
        assert home.FOLDER in sys.path
    assert (sys.path, dict(os.environ)) == before


def test_a_worker_with_other_code_refuses(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a worker \(process \d+\) has another state of the code .* \(in /"):
        replicate(Scenario(), tmp_path, "0" * 64)


def test_how_a_worker_ended_is_said_and_not_why() -> None:
    assert pool._ends([None, -9, -15, -15]) == "killed by signal 9"
    assert pool._ends([1, -15, 0]) == "exit code 1"
    assert pool._ends([-15, None]) == "killed by signal 15"
    assert pool._ends([]) == ""


def alone(found: "multiprocessing.SimpleQueue[object]") -> None:
    scenario = Scenario.make(run={"users": 60, "days": 2})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        comparison = sim.compare([scenario, scenario], replicates=1, jobs=2)
    found.put((comparison.manifest["jobs"], any(it.category is AloneNote for it in said)))


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
def test_a_daemonic_process_does_all_the_work_itself() -> None:
    context = multiprocessing.get_context("fork")
    found = context.SimpleQueue()
    process = context.Process(target=alone, args=(found,), daemon=True)
    process.start()
    process.join(120)
    assert not found.empty(), "it ended by an error"
    assert found.get() == (1, True)


@pytest.mark.skipif(not pool.FORKED, reason="workers start without sockets there")
def test_a_temporary_folder_too_long_for_sockets_makes_workers_start_the_slower_way(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    code = textwrap.dedent("""
        from math import sqrt
        from sim.experiments.pool import Pool
        with Pool(2) as pool:
            print(sorted(found for _, found in pool.as_completed([pool.submit("", sqrt, x) for x in (4, 9)])))
    """)
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "[2.0, 3.0]", done.stderr


# where compiled code is kept


def test_without_a_home_code_is_kept_in_a_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HONGBAO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.setattr(kernels.tempfile, "gettempdir", lambda: str(tmp_path))
    assert kernels._cache_folder().parent == tmp_path


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners there")
def test_a_cache_of_somebody_else_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What lies in it would be run; breaks if it is enough that one may write there."""
    monkeypatch.setenv("HONGBAO_CACHE", str(tmp_path / "theirs"))
    monkeypatch.setattr(kernels.tempfile, "gettempdir", lambda: str(tmp_path))
    assert kernels._cache_folder() == tmp_path / "theirs" / "hongbao"
    monkeypatch.setattr(kernels, "_is_mine", lambda folder: "theirs" not in str(folder))
    assert kernels._cache_folder().parent == tmp_path
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HONGBAO_CACHE", str(tmp_path / "file"))
    assert kernels._cache_folder().parent == tmp_path


def test_kernels_run_where_numba_is_told_to_compile_nothing(tmp_path: Path) -> None:
    """And to the same bytes; breaks if plain Python runs them, in which few bits overflow."""
    code = textwrap.dedent("""
        import numpy as np
        from sim.engine import kernels
        from sim.ground.friends import friends
        network = friends.Friends.generate(friends.FriendsSettings(), 300, 1)
        print(network.digest())
    """)
    found = [
        subprocess.run(
            [sys.executable, "-P", "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)} | more,
            capture_output=True, text=True, timeout=300, check=True,
        ).stdout
        for more in ({}, {"NUMBA_DISABLE_JIT": "1"})
    ]  # fmt: skip
    assert found[0] == found[1] != ""


def test_the_hash_of_the_code_is_of_every_file_that_a_world_is_made_of() -> None:
    """Breaks when part of the model is moved to a file of its own, and results of two states of it are mixed."""
    code = "import sys, sim.world; print(*(it.__file__ for name, it in sys.modules.items() if name.startswith('sim.')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    root, hashed = Path(worker.__file__).parents[1], set(worker.model_files())
    saved = {root / "differences.py", *(root / "results").glob("*.py")}  # results are read without the model
    assert {Path(file) for file in loaded} - hashed - saved == set()
    assert all(file.is_file() for file in hashed)
