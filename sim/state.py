"""State: everyone and everything that a day can touch, asked for by class. It names no service.

`state[UserColumns].income` is a column of the table that this class declares, `state.settings(UsersSettings).income` a setting
in force today, `state.note(SOLD, 3)` a metric of today, `state.luck("game.buys")` today's key for a decision, and
`state.ledger` all money.
"""

import datetime
import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from sim.engine import kernels, luck
from sim.engine.columns import Table
from sim.engine.settings import Settings, section_of
from sim.ground.friends.friends import Friends
from sim.ground.ledger import COMPANY, OUTSIDE, Ledger
from sim.ground.metrics import Metric

S = TypeVar("S", bound=Settings)
T = TypeVar("T")
SLOWLY = 28  # days between measurements that sort a sample of people


class ModelError(RuntimeError):
    """The model broke a law of its own: says the day, the phase and the reason."""


def settings_of(scenario: BaseModel, section: type[S]) -> S:
    """The settings of a scenario, by the class that declares the section, or declares a part of it."""
    return getattr(scenario, section_of(type(scenario), section))  # type: ignore[no-any-return]


class Planned:
    """What is known of a world before it is born: its scenario and how many people it has.

    Attributes:
        now: the scenario as it is in force today; `scenario` is that of day 0.
        size: people.
    """

    def __init__(self, scenario: Any) -> None:
        self.scenario = self.now = scenario
        self.size = int(scenario.run.users)

    def settings(self, section: type[S]) -> S:
        """The settings in force today, by the class that declares the section."""
        return settings_of(self.now, section)

    def born_with(self, section: type[S]) -> S:
        """The settings of day 0, which the sizes of tables follow."""
        return settings_of(self.scenario, section)


class State(Planned):
    """What phases read and write.

    Attributes:
        friends: the network. `blocks`: ranges of people that are worked on at a time.
        tables: by name, for saving and looking; phases ask by class.
        awake: arrays of people who opened the app today. `here`: a byte a person, see people/presence.py.
        today: metrics of today, by name; phases ask `noted(METRIC)`. `scratch`: a whole number a person, left empty between uses.
        date, festival, outage, calendar: what day it is; see people/clock.py and people/presence.py.
    """

    streams: tuple[str, ...]  # reasons for which money reaches the company, as services declare them
    costs: tuple[str, ...]  # and for which it leaves
    agents_by_type: Any  # Mesa's: the firms and institutions, by their class

    def __init__(self, scenario: Any, friends: Friends, metrics: Mapping[str, Metric], threads: int) -> None:
        Planned.__init__(self, scenario)
        self.seed, self.day, self.phase = int(scenario.run.seed), 0, "birth"
        self.friends, self.metrics = friends, metrics
        self.blocks, self.threads = kernels.blocks(self.size), threads
        self.pool: ThreadPoolExecutor | None = None  # while the world lives
        self.tables: dict[str, Table] = {}
        self._by_class: dict[type[Table], Table] = {}
        self._bundles: dict[Callable[[Any], Any], Any] = {}
        self.ledger: Ledger
        self.differing: dict[str, dict[str, NDArray[Any]]] = {}  # see people/experiment.py
        self.scratch = np.zeros(self.size, np.int64)
        self.here = np.zeros(self.size, np.uint8)
        self.awake: list[NDArray[np.uint32]] = []
        self.today: dict[str, float] = {}
        self._handed: dict[type, Any] = {}
        self.measured_slowly: dict[str, float] = {}
        self.date: datetime.date
        self.festival, self.outage, self.calendar = 0.0, False, 0.0
        self.stopwatch = time.perf_counter

    def begin_day(self) -> None:
        """Forget what was measured, paid and handed on yesterday."""
        self.ledger.open_day()
        self.today, self._handed = {}, {}

    # tables and settings, by class

    def add_table(self, name: str, table: Table) -> None:
        """Take up a table under a name of its own."""
        self.tables[name] = self._by_class[type(table)] = table

    def __getitem__(self, table: type[Table]) -> Any:
        """The columns of a table, by the class that declares them: `state[UserColumns].income`."""
        return self._by_class[table].rows

    def table(self, table: type[Table]) -> Table:
        """The table itself, which knows its size."""
        return self._by_class[table]

    def once(self, bundle: Callable[["State"], T]) -> T:
        """What a function makes of this state, made once: columns are the same arrays for as long as the world lives."""
        if bundle not in self._bundles:
            self._bundles[bundle] = bundle(self)
        return self._bundles[bundle]  # type: ignore[no-any-return]

    # levers that a test lets differ

    def row(self, section: type[S]) -> Any:
        """The numbers in force today for kernels; a lever that differs in a test is a column, which they ask by `own`."""
        row = self.settings(section).row
        differing = self.differing.get(self._name_of(section)) if self.differing else None
        return row._replace(**differing) if differing else row

    def _name_of(self, section: type[Settings]) -> str:
        kind: Any = type(self.now)
        return section_of(kind, section)

    def own(self, section: type[S], key: str, rows: NDArray[Any]) -> Any:
        """A lever as it is in force for these people or shops: one number, or one each where it differs in a test."""
        differing = self.differing.get(self._name_of(section), {}) if self.differing else {}
        return differing[key][rows] if key in differing else getattr(self.settings(section), key)

    # luck

    def luck(self, name: str) -> np.uint64:
        """Today's key for a decision."""
        return luck.key(self.seed, name, self.day)

    def lasting_luck(self, name: str) -> np.uint64:
        """The key of something drawn once for all days."""
        return luck.key(self.seed, name)

    # metrics

    def note(self, metric: Metric, value: float) -> None:
        """Record a metric of today.

        Raises:
            ModelError: the value is not a finite number, or no part of this world declares the metric.
        """
        name = self._declared(metric)
        if not math.isfinite(value):
            raise ModelError(f"day {self.day}, {self.phase}: {name} is {value}")
        self.today[name] = value

    def add(self, metric: Metric, value: float) -> None:
        """Add to a metric of today; errors as `note`."""
        self.note(metric, self.noted(metric) + value)

    def note_slowly(self, metric: Metric, measure: Callable[[], float]) -> None:
        """Record a metric measured every 28 days, which keeps its value between; errors as `note`."""
        name = self._declared(metric)
        if self.day % SLOWLY == SLOWLY - 1 or name not in self.measured_slowly:
            self.measured_slowly[name] = measure()
        self.note(metric, self.measured_slowly[name])

    def noted(self, metric: Metric) -> float:
        """What was noted of a metric today so far; 0 if nothing was. Errors as `note`."""
        return self.today.get(self._declared(metric), 0)

    def _declared(self, metric: Metric) -> str:
        """The name of a metric that this world measures."""
        if not isinstance(metric, Metric):
            raise ModelError(
                f"day {self.day}, {self.phase}: {metric!r} is no metric: note the object that flow, stock or ratio made"
            )
        if metric.name not in self.metrics:
            raise ModelError(f"day {self.day}, {self.phase}: metric {metric.name} is not declared")
        return metric.name

    # from phase to phase, within a day

    def hand_on(self, parcel: Any) -> None:
        """Hand something to a later phase of the same day, which asks for it by its class."""
        self._handed[type(parcel)] = parcel

    def handed(self, kind: type[T]) -> T | None:
        """What an earlier phase of today handed on, if any did."""
        return self._handed.get(kind)

    # the company's money

    def pay_cost(self, kind: str, cents: int) -> None:
        """The company pays a cost to the outside; the owners pay in what is lacking."""
        self.company_pays(cents, OUTSIDE, f"cost.{kind}")

    def company_pays(self, cents: int, payee: str, reason: str) -> None:
        """The company pays what it must; the owners pay in what is lacking."""
        short = cents - int(self.ledger[COMPANY][0])
        if short > 0:
            self.ledger.pay(OUTSIDE, 0, COMPANY, 0, short, "capital")
        self.ledger.pay(COMPANY, 0, payee, 0, cents, reason)

    # crowds

    def each_block(self, work: Callable[[tuple[int, int]], Any]) -> Iterator[Any]:
        """`work((first, past the last))` for each block of people, results in order."""
        return kernels.each_block(self.pool, self.threads, work, self.blocks)

    def over_blocks(self, work: Callable[[tuple[int, int]], tuple[int, ...]]) -> tuple[int, ...]:
        """The sums of what `work` counts in each block."""
        return tuple(map(sum, zip(*self.each_block(work), strict=True)))
