"""Each scenario of a sweep with its levers where they do best on a metric, over everything else."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.results.factors import end_of
from sim.results.sweep_measures import COMPARED, Measured


class Choices(NamedTuple):
    """What the scenarios of a sweep can choose.

    Attributes:
        points: a row a point by its number, a column a factor.
        factors: by name, as `sweep.json` describes them.
        levers: factors that a platform decides.
        levers_of: by scenario, the levers that apply to it.
    """

    points: pd.DataFrame
    factors: Mapping[str, Mapping[str, Any]]
    levers: list[str]
    levers_of: Mapping[str, list[str]]


class Picked(NamedTuple):
    """Scenarios with their levers where they do best on a metric.

    Attributes:
        cells: values by draw and seed, a column a scenario.
        at: by scenario, then lever: where it stands, None where it does not apply or makes no difference.
        of: by scenario, how many combinations it is the best of.
    """

    cells: pd.DataFrame
    at: dict[str, dict[str, Any]]
    of: dict[str, int]


def picked(measured: Measured, choices: Choices) -> Picked | None:
    """The best combination of levers of each scenario, from a metric with gaps and all; None where too little is done."""
    wide, names = measured.wide, measured.scenarios
    point = wide.index.get_level_values("point")
    around = _numbered(choices.points, [name for name in choices.factors if name not in choices.levers])
    keys = {"around": around.loc[point].to_numpy()}
    keys |= {level: wide.index.get_level_values(level) for level in ("draw", "seed")}
    chosen = {name: _numbered(choices.points, choices.levers_of[name]) for name in names}
    tables = {
        name: pd.DataFrame({**keys, "choice": chosen[name].loc[point].to_numpy(), "value": wide[name].to_numpy()})
        .pivot_table("value", list(keys), "choice")
        for name in names
    }  # fmt: skip
    both = pd.concat(tables, axis=1).dropna()
    if both.empty or any(table.empty for table in tables.values()):
        return None
    cells = both.groupby(level=["draw", "seed"]).mean()
    at = {}
    for name in names:
        best = (measured.sign * cells[name].mean()).idxmax()
        alike = [choice for choice in cells[name].columns if np.array_equal(cells[name][choice], cells[name][best])]
        at[name] = _stands_at(choices, name, choices.points[chosen[name].isin(alike)])
        tables[name] = cells[name][best]
    return Picked(pd.DataFrame(tables), at, {name: cells[name].shape[1] for name in names})


def _stands_at(choices: Choices, scenario: str, points: pd.DataFrame) -> dict[str, Any]:
    """Where each lever stands at these points: None where it does not apply, or where it makes no difference."""
    mine = choices.levers_of[scenario]
    return {
        lever: _item(points[lever].iloc[0]) if lever in mine and points[lever].nunique() == 1 else None
        for lever in choices.levers
    }


def at_best(measured: Measured, choices: Choices) -> pd.DataFrame:
    """What was picked as a table: see `Sweep.best`."""
    found, columns = list[tuple[Any, ...]](), ["scenario", *choices.levers, "at_end", "of", *COMPARED]
    best = picked(measured, choices)
    if best is None:
        return pd.DataFrame(found, columns=columns)
    for name, *compared in measured.compared(best.cells):
        at = best.at[name]
        ends = ", ".join(lever for lever, value in at.items() if end_of(choices.factors[lever], value))
        found.append((name, *at.values(), ends, best.of[name], *compared))
    table = pd.DataFrame(found, columns=columns, dtype=object)
    return table.astype({"of": int, "draws": int, "seeds": int} | dict.fromkeys(COMPARED[2:], float))


def _item(value: Any) -> Any:
    """Python's own number or truth in place of NumPy's."""
    return value.item() if isinstance(value, np.generic) else value


def _numbered(settings: pd.DataFrame, names: list[str]) -> "pd.Series[int]":
    """By point, a number that is the same for the same values of these factors."""
    return settings.groupby(names, sort=False).ngroup() if names else pd.Series(0, settings.index)
