"""What users of Mesa and of Python expect of a model: it is let go of, can be copied, and records what `batch_run` wants."""

import copy
import functools
import inspect
import operator
import sys
import warnings
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Self

import mesa
import numpy as np
import pandas as pd

from sim.engine.names import nearest
from sim.ground.metrics import LAST_DAYS, Metric

SUMMARY = "summary."  # begins the name of what a metric comes to over the days, beside its value of the day


class EqualRows(UserWarning):
    """Mesa was asked for several runs that have the same luck."""


class SoFar(Sequence[float]):
    """What a metric comes to over the days up to each, as `summarise` has it; worked out when it is asked for.

    Args:
        metric: its declaration.
        series: by name, a value a day; read, never written.
    """

    def __init__(self, metric: Metric, series: Mapping[str, Sequence[float]]) -> None:
        self.metric = metric
        self._series = [series[name] for name in metric.of or (metric.name,)]

    def __len__(self) -> int:
        return len(self._series[0])

    def __getitem__(self, day: Any) -> Any:
        if isinstance(day, slice):
            return [self[at] for at in range(len(self))[day]]
        past = range(len(self))[operator.index(day)] + 1
        if self.metric.kind == "stock":
            return float(np.mean(self._series[0][max(0, past - LAST_DAYS) : past]))
        totals = [float(np.sum(np.asarray(values[:past], np.float64))) for values in self._series]
        if self.metric.kind == "flow":
            return totals[0]
        return totals[0] / totals[1] if totals[1] else 0.0


class Model(mesa.Model):  # type: ignore[misc, unused-ignore]
    """A Mesa model that Mesa does not hold on to, and of which a copy, by `copy` or by `pickle`, is one of its own."""

    pool: Any = None  # threads, which belong to this process: whoever needs them starts them
    _numbered = 0

    def register_agent(self, agent: mesa.Agent) -> None:
        """Number an agent; Mesa 3.3 does so in a registry of all models, by which it would keep each of them alive."""
        if (registry := getattr(mesa.Agent, "_ids", None)) is not None:
            registry.pop(self, None)
            self._numbered += 1
            agent.unique_id = self._numbered
        super().register_agent(agent)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"pool": None, "_bundles": {}}  # bundles of columns, which a copy has of its own

    def __copy__(self) -> Self:
        return copy.deepcopy(self)  # one that shares columns with this would be no world

    def __getattr__(self, name: str) -> Any:
        known = {*vars(self), *dir(type(self))} - {name}
        raise AttributeError(f"a {type(self).__name__} has no {name!r}{nearest(name, known)}")


class Collector(mesa.DataCollector):  # type: ignore[misc, unused-ignore]
    """Mesa's, but that metrics are numbers, which need no deep copies: a fifth of a small world's day.

    `model_vars` has each metric's value of each day under its name and, under `summary.NAME`, what it comes to over the
    days so far: the total of a flow, the mean of a stock's last 28 days, the ratio of totals. `batch_run` hands on both.
    """

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        super().__init__({name: functools.partial(_read, metric=metric) for name, metric in metrics.items()})
        self.metrics = metrics
        self.model_vars |= {f"{SUMMARY}{name}": SoFar(metric, self.model_vars) for name, metric in metrics.items()}
        self._counted = tuple(name for name, metric in metrics.items() if metric.of is None)
        self._ratios = tuple((name, *metric.of) for name, metric in metrics.items() if metric.of is not None)

    @property
    def days(self) -> dict[str, list[float]]:
        """By metric, its value of each day."""
        return {name: self.model_vars[name] for name in self.metrics}

    def restore(self, days: Mapping[str, Sequence[float]]) -> None:
        """Take over the days of a saved world."""
        lived = max(map(len, days.values()), default=0)
        for name, values in self.days.items():
            values[:] = days.get(name, [0] * lived)  # of a service of one's own that begins now there was nothing

    def collect(self, model: Any) -> None:
        """Add a row: today's metrics; a ratio is worked out from the two that it divides."""
        if hasattr(self, "_collection_steps"):  # Mesa 3.5: what batch_run goes by
            self._collection_steps.append(model.time)
        today, rows = model.today, self.model_vars
        for name in self._counted:
            rows[name].append(today.get(name, 0))
        for name, top, bottom in self._ratios:
            below = today.get(bottom, 0)
            rows[name].append(today.get(top, 0) / below if below else 0.0)

    def get_model_vars_dataframe(self) -> pd.DataFrame:
        """A row a day, a column a metric."""
        return pd.DataFrame(self.days)


def _read(model: Any, metric: Metric) -> float:
    """Today's value of a metric; a ratio is worked out from the two it divides."""
    if metric.of is None:
        return model.today.get(metric.name, 0)
    bottom = model.today.get(metric.of[1], 0)
    return model.today.get(metric.of[0], 0) / bottom if bottom else 0.0


def warn_of_equal_rows(seed: int, is_seed_given: bool) -> None:
    """Say so where `mesa.batch_run` makes this world again with the luck that an earlier one had.

    A world's luck hangs on its scenario's seed alone, so Mesa's `iterations` would give equal rows without a word, and
    Mesa 3.5 puts its own `rng` in the place of a parameter of that name. A model is not told which run it is; the frames
    of `batch_run` say it.

    Args:
        is_seed_given: whether the world was given an `rng` that replaces the scenario's seed.

    Warns:
        EqualRows: with what to do instead.
    """
    run, batch = (_locals_of(name) for name in ("_model_run_func", "batch_run"))
    if run is None and batch is None:
        return
    takes_seeds = "rng" in inspect.signature(mesa.batch_run).parameters
    wanted = "give each its own seed: {'scenario': [scenario.with_values({'run.seed': seed}) for seed in range(8)]}"
    if takes_seeds:
        wanted += ", or rng=range(8) to batch_run itself"
    if run is not None and run["run"][1] > 0 and not (is_seed_given and takes_seeds):
        warnings.warn(
            f"iteration {run['run'][1]} of batch_run has seed {seed} like those before it, so its row is the same: {wanted}",
            EqualRows,
            stacklevel=3,
        )
    elif batch is not None and not is_seed_given and "rng" in batch["parameters"]:
        warnings.warn(
            f"batch_run passes over the parameter 'rng', so every run has seed {seed}: {wanted}",
            EqualRows,
            stacklevel=3,
        )


def _locals_of(function: str) -> Mapping[str, Any] | None:
    """The local names of a function of Mesa's batch runner that is running now, if it is."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == function and frame.f_globals.get("__name__") == "mesa.batchrunner":
            return frame.f_locals
        frame = frame.f_back
    return None
