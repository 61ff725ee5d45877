"""hongbao: a laboratory of a messaging platform's economy.

    import sim

    baseline = sim.Scenario.load("scenarios/baseline.toml", {"run.users": 5_000, "run.days": 90})
    result = sim.run(baseline)
    result.summary["users.daily"]

Names are brought in when first used, so that `import sim` costs nothing.
"""

from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sim.version import __version__

if TYPE_CHECKING:
    from sim.engine.columns import Column, Table
    from sim.engine.luck import uniforms
    from sim.engine.settings import BadInput, Settings, assumed, decided
    from sim.experiments.abtest import abtest
    from sim.experiments.compare import compare
    from sim.experiments.duel import duel
    from sim.experiments.frontier import frontier
    from sim.experiments.futures import compare_futures
    from sim.experiments.plan import Plan
    from sim.experiments.run import run
    from sim.experiments.sensitivity import sensitivity
    from sim.experiments.studied_futures import sensitivity_of
    from sim.experiments.sweep import sweep
    from sim.experiments.tune import tune, tuned_scenarios
    from sim.ground.friends.friends import Friends
    from sim.ground.metrics import flow, ratio, stock
    from sim.payments.purse import means, sell
    from sim.results.abtests import ABTest
    from sim.results.comparisons import Comparison
    from sim.results.frontier import Frontier
    from sim.results.futures import Futures
    from sim.results.runs import Result
    from sim.results.sensitivities import Sensitivity
    from sim.results.sweeps import Sweep
    from sim.results.tuning import Tuning
    from sim.scenario import Scenario
    from sim.service import Service
    from sim.world import World

    load_result, load_comparison, load_sweep, load_tuning = Result.load, Comparison.load, Sweep.load, Tuning.load
    load_abtest = ABTest.load
    load_frontier = Frontier.load
    load_sensitivity = Sensitivity.load

__all__ = [
    "ABTest",
    "BadInput",
    "Column",
    "Comparison",
    "Friends",
    "Frontier",
    "Futures",
    "Plan",
    "Result",
    "Scenario",
    "Sensitivity",
    "Service",
    "Settings",
    "Sweep",
    "Table",
    "Tuning",
    "World",
    "__version__",
    "abtest",
    "assumed",
    "compare",
    "compare_futures",
    "decided",
    "duel",
    "flow",
    "frontier",
    "load_abtest",
    "load_comparison",
    "load_frontier",
    "load_result",
    "load_sensitivity",
    "load_sweep",
    "load_tuning",
    "means",
    "ratio",
    "run",
    "sell",
    "sensitivity",
    "sensitivity_of",
    "stock",
    "sweep",
    "tune",
    "tuned_scenarios",
    "uniforms",
]

_HOMES = {  # where each name lives
    **{name: ("sim.engine.columns", name) for name in ("Column", "Table")},  # what a service of one's own is made of
    **{name: ("sim.engine.settings", name) for name in ("Settings", "assumed", "decided")},
    "uniforms": ("sim.engine.luck", "uniforms"),
    **{name: ("sim.ground.metrics", name) for name in ("flow", "ratio", "stock")},
    **{name: ("sim.payments.purse", name) for name in ("means", "sell")},
    "Service": ("sim.service", "Service"),
    "BadInput": ("sim.engine.settings", "BadInput"),
    "ABTest": ("sim.results.abtests", "ABTest"),
    "Comparison": ("sim.results.comparisons", "Comparison"),
    "Futures": ("sim.results.futures", "Futures"),
    "Friends": ("sim.ground.friends.friends", "Friends"),
    "Plan": ("sim.experiments.plan", "Plan"),
    "Result": ("sim.results.runs", "Result"),
    "Scenario": ("sim.scenario", "Scenario"),
    "Sensitivity": ("sim.results.sensitivities", "Sensitivity"),
    "Sweep": ("sim.results.sweeps", "Sweep"),
    "World": ("sim.world", "World"),
    "abtest": ("sim.experiments.abtest", "abtest"),
    "compare": ("sim.experiments.compare", "compare"),
    "compare_futures": ("sim.experiments.futures", "compare_futures"),
    "Frontier": ("sim.results.frontier", "Frontier"),
    "frontier": ("sim.experiments.frontier", "frontier"),
    "load_frontier": ("sim.results.frontier", "Frontier.load"),
    "duel": ("sim.experiments.duel", "duel"),
    "load_abtest": ("sim.results.abtests", "ABTest.load"),
    "load_comparison": ("sim.results.comparisons", "Comparison.load"),
    "load_result": ("sim.results.runs", "Result.load"),
    "load_sensitivity": ("sim.results.sensitivities", "Sensitivity.load"),
    "load_sweep": ("sim.results.sweeps", "Sweep.load"),
    "run": ("sim.experiments.run", "run"),
    "sensitivity": ("sim.experiments.sensitivity", "sensitivity"),
    "sensitivity_of": ("sim.experiments.studied_futures", "sensitivity_of"),
    "sweep": ("sim.experiments.sweep", "sweep"),
    **{name: ("sim.experiments.tune", name) for name in ("tune", "tuned_scenarios")},
    "Tuning": ("sim.results.tuning", "Tuning"),
    "load_tuning": ("sim.results.tuning", "Tuning.load"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        from sim.engine.names import nearest

        raise AttributeError(f"module 'sim' has no attribute {name!r}{nearest(name, __all__)}")
    module, path = _HOMES[name]
    return globals().setdefault(name, attrgetter(path)(import_module(module)))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
