"""What a start costs, and that nothing heavy is brought in for a run that does not need it."""

import subprocess
import sys
from pathlib import Path

import pytest

from sim.experiments import bench
from sim.scenario import Scenario

DRAWING = ("matplotlib", "jinja2", "scipy.stats", "rich")


def loaded_after(code: str) -> set[str]:
    said = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(said.stdout.split())


def test_a_run_loads_nothing_that_draws() -> None:
    """A second of each start, and of each worker's, goes where pictures are loaded before there are any."""
    loaded = loaded_after('import sim\nsim.run(sim.Scenario.make(run={"users": 100, "days": 1}))')
    assert "sim.world" in loaded
    assert not loaded & {*DRAWING, "sim.report"}


def test_the_package_itself_costs_nothing() -> None:
    assert not loaded_after("import sim") & {"numpy", "mesa", "numba", "pydantic"}


def test_starts_are_timed_from_an_empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start that compiles, then the median of some that find what it compiled; all of the scenario given."""
    scenario = Scenario.make(wallet={"payer_fee": 0.01})
    took = iter([(40.0, 30.0), (3.0, 2.5), (9.0, 2.0), (2.0, 3.0)])
    folders = []

    def instead(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
        folder = Path(environment["HONGBAO_CACHE"])
        folders.append(folder)
        assert [path.name for path in folder.iterdir()] == ["scenario.toml"]
        assert Scenario.load(command[command.index("run") + 1]).digest() == bench._grown(scenario, bench.FEW).digest()
        return next(took)

    monkeypatch.setattr(bench, "_run", instead)
    found = bench.starts(scenario)
    assert (found.first_seconds, found.first_cpu_seconds) == (40.0, 30.0)
    assert (found.later_seconds, found.later_cpu_seconds) == (3.0, 2.5)
    assert len(set(folders)) == 1
    assert not folders[0].exists()


def test_a_command_that_fails_is_no_start() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        bench._run([sys.executable, "-c", "raise SystemExit(1)"], {})
    wall, used = bench._run([sys.executable, "-c", "print(sum(range(10**6)))"], {})
    assert used >= 0
    assert wall > 0
