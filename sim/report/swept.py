"""A sweep as its page sees it: levels, differences, and what moves what."""

import itertools
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import pandas as pd

from sim.ground.metrics import Better
from sim.report import colours
from sim.report.marks import Mark
from sim.report.wording import GAP, HEADLINES, by_hand, counted, in_words, listed, plain
from sim.results.factors import Levels, end_of, labels_of
from sim.results.sweeps import Sweep

MAPS = 3  # pairs of factors shown on a map of winners


class Swept:
    """A sweep as the sections see it."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep, self.about = sweep, sweep.about
        self.names, self.baseline = sweep.scenarios, sweep.baseline
        self.others = self.names[1:]
        self.titles = sweep.titles
        self.colours = colours.of_strategies(self.names)
        self.metrics = sweep.metrics
        self.factors = {factor["name"]: factor for factor in sweep.about["factors"]}
        self.missing, self.failures = sweep.missing(), sweep.failures()
        self.chosen = [metric for metric in sweep.about["chosen"] if not sweep.paired(metric).empty]
        self.certain = bool(self.chosen) and any(
            sweep.paired(self.chosen[0]).index.unique(level).size > 1 for level in ("draw", "seed")
        )
        self._frames: dict[tuple[str, str], pd.DataFrame] = {}

    def _kept(self, what: str, metric: str) -> pd.DataFrame:
        key = (what, metric)
        if key not in self._frames:
            self._frames[key] = getattr(self.sweep, what)(metric)
        return self._frames[key]

    def overall(self, metric: str) -> dict[str, Any]:
        """By scenario."""
        return self._by_name(self._kept("overall", metric))

    def _by_name(self, found: pd.DataFrame) -> dict[str, Any]:
        return {it["scenario"]: SimpleNamespace(**it) for it in found.to_dict("records")}

    def judged(self, metric: str) -> dict[str, Any]:
        """By scenario, its levers where they do best; over all points where there are no levers, or too little is done."""
        return self._by_name(self._kept("best", metric)) if self.choosing(metric) else self.overall(metric)

    @cached_property
    def levers(self) -> list[str]:
        """Levers that have more than one value."""
        return [name for name in self.sweep.levers if len(self.levels[name].values) > 1]

    def choices(self, metric: str, name: str) -> list[str]:
        """Where the levers of a scenario do best, in words; nothing where it has none."""
        it = vars(self.judged(metric)[name]) if self.choosing(metric) else {}
        said = []
        for lever in self.levers:
            if (value := it.get(lever)) is not None:
                end = end_of(self.factors[lever], value)
                said.append(f"{called(lever).lower()} {self.level_name(lever, value)}{end and f' (the {end} tried)'}")
        return said

    def caution(self, metric: str) -> str:
        """What must be said where a lever does best at the end of what was tried."""
        found = (self.judged(metric)[name].at_end for name in self.names) if self.choosing(metric) else ()
        levers = dict.fromkeys(called(lever).lower() for ends in found for lever in ends.split(", ") if lever)
        if not levers:
            return ""
        return (
            f"The best of {listed(list(levers))} is at the end of what was tried: a value beyond may do better still, so it is "
            "not known to be the best."
        )

    def averaged(self, metric: str) -> str:
        """What means are over, in words."""
        factors = [it for name, it in self.factors.items() if name not in self.levers or not self.choosing(metric)]
        steady = [it["name"] for it in factors if not it["drawn"] and len(self.levels[it["name"]].values) > 1]
        said = [f"{len(self.levels[name].values)} values of {called(name).lower()}" for name in steady]
        some = next(iter(self.judged(metric).values()))
        if drawn := [called(it["name"]).lower() for it in factors if it["drawn"]]:
            said.append(f"{counted(int(some.draws), 'drawn point')} of {listed(drawn)}")
        return listed([*said, counted(int(some.seeds), "seed")])

    def choosing(self, metric: str) -> bool:
        """Whether levers stand where they do best; else means are over their values too."""
        return bool(self.levers) and not self._kept("best", metric).empty

    @cached_property
    def done(self) -> int:
        """Points that are finished in every scenario with a seed at least."""
        return int(self.sweep.paired(self.chosen[0]).index.unique("point").size) if self.chosen else 0

    def effects(self, metric: str) -> pd.DataFrame:
        """As the sweep's."""
        return self._kept("effects", metric)

    def changes(self, metric: str) -> pd.DataFrame:
        """As the sweep's."""
        return self._kept("changes", metric)

    @cached_property
    def levels(self) -> dict[str, Levels]:
        """By factor."""
        return {name: self.sweep.levels(name) for name in self.factors}

    def level_names(self, factor: str) -> list[str]:
        """The levels of a factor as they are read."""
        return labels_of(self.levels[factor].values, *self._shown_in(factor))

    def level_name(self, factor: str, value: Any) -> str:
        """One of them."""
        return self.level_names(factor)[self.levels[factor].values.index(value)]

    def value_names(self, factor: str) -> list[str]:
        """The values that a factor was given, or the ends of the range that they were drawn from, as they are read."""
        return labels_of(self.factors[factor]["values"], *self._shown_in(factor))

    def place_names(self, factor: str) -> list[str]:
        """The levels of a factor as they stand below a picture: a class of drawn values by their mean."""
        levels = self.levels[factor]
        classes = isinstance(levels.values[0], tuple)
        return labels_of(levels.at, *self._shown_in(factor), 2) if classes else self.level_names(factor)

    def _shown_in(self, factor: str) -> tuple[float, str]:
        """What values of a factor are multiplied by to be read, and what stands behind them."""
        times, name = in_words(self.factors[factor]["unit"])
        return times, GAP + "%" if name == "%" else ""

    @property
    def by_hand(self) -> list[str]:
        """What the plan sets, and where if not in every scenario."""
        return by_hand(self.about.get("set_by_hand", {}), self.titles)

    def unit(self, metric: str) -> str:
        """Unit of a metric."""
        return self.metrics[metric].unit

    def better(self, metric: str) -> Better:
        """Whether more or less of a metric is better."""
        return self.metrics[metric].better

    def best(self, metric: str, names: list[str]) -> str:
        """Which of the scenarios does best; where neither more nor less is better, has most."""
        first = min if self.better(metric) == "less" else max
        return first(names, key=lambda name: self.judged(metric)[name].mean)

    def equal(self, metric: str, one: str, other: str) -> bool:
        """Whether two scenarios are the same on a metric."""
        keys = ("mean", "low", "high", "diff", "diff_low", "diff_high")
        a, b = (vars(self.judged(metric)[name]) for name in (one, other))
        return all(a[key] == b[key] for key in keys)

    def title(self, metric: str) -> str:
        """What a metric is called."""
        return HEADLINES.get(metric, f"{plain(metric.partition('.')[0])}: {plain(metric.partition('.')[2]).lower()}")

    def mark(self, label: str, middle: float, low: float, high: float) -> Mark:
        """A difference, with its interval if there is one."""
        return Mark(label, middle, low, high) if self.certain else Mark(label, middle)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of factors, those first that move the first metric most."""
        if not self.chosen:
            return []
        changes = self.changes(self.chosen[0])
        size = changes["change"].abs().groupby(changes["factor"]).max().to_dict()
        names = sorted((n for n in self.factors if len(self.levels[n].values) > 1), key=lambda n: -size.get(n, 0.0))
        return list(itertools.combinations(names, 2))[:MAPS]


def basis(sweep: Sweep) -> str:
    """How differences are taken, and what intervals are over."""
    one = len(sweep.seeds) == 1
    if sweep.drawn:
        paired, over = ("point", "under the luck of one seed alone") if one else ("point and seed", "and seeds")
        return f"differences are paired by {paired}; intervals are over drawn points {over}"
    if one:
        return "one seed: a single draw of luck has no interval"
    return "differences are paired by point and seed; intervals are over seeds"


def called(factor: str) -> str:
    """`advertising.inbox_slots` as Advertising: inbox slots."""
    section, _, key = factor.partition(".")
    return f"{plain(section)}: {key.replace('_', ' ')}"
