"""The world: everyone and everything a day can touch."""

import math
import operator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import day as days
from sim import snapshot
from sim.company import company, steering
from sim.declared import memory, metrics_of, rows_needed, tables_of
from sim.differences import check_birth
from sim.engine.settings import BadInput
from sim.ground import paths
from sim.ground.friends.friends import Friends
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET, Ledger, LedgerError
from sim.ground.mesa_model import Collector, Model, warn_of_equal_rows
from sim.people import clock
from sim.people.crowd import Crowd
from sim.people.experience import FeltColumns
from sim.scenario import Given, Scenario
from sim.scenario_rules import Event
from sim.service import SomeNamed, all_called
from sim.state import ModelError, State


def _in_a_line(world: "World") -> str:
    if "datacollector" not in vars(world):
        return f"<{type(world).__name__}, not born yet>"
    run = world.scenario.run
    lived = f"{world.day:,} of {run.days:,} days lived, {world.size:,} people, seed {run.seed}"
    return f"<{type(world).__name__} {world.scenario.name!r}: {lived}>"


class World(State, Model):
    """A Mesa model of the platform: `step()` is one day.

    A copy, by `copy` or by `pickle`, is a world of its own that lives on as this one would.

    Args:
        scenario: what is decided and assumed, or the file that says it.
        rng: a seed that replaces the scenario's (Mesa's name for it), any whole number, NumPy's too.
        friends: a network made before, shared by many worlds; else the scenario's is made. Where the scenario does not
            say how many people there are, the network does.
        threads: threads of this one world; the results do not depend on it.
        services: services of one's own, besides those that the scenario has sections for; or their names, "module:NAME".

    Raises:
        BadInput: when the scenario cannot become a world, or a service does not go with the model.
    """

    scenario: Any = None  # hides the setter of Mesa 3.5, which would write into a frozen scenario

    def __init__(
        self,
        scenario: Given,
        rng: SupportsIndex | None = None,
        friends: Friends | None = None,
        threads: int = 1,
        services: SomeNamed = (),
    ) -> None:
        scenario = Scenario.of(scenario, services)
        if rng is not None:
            scenario = scenario.with_values({"run.seed": _seed(rng)})
        warn_of_equal_rows(scenario.run.seed, rng is not None)
        Model.__init__(self, rng=scenario.run.seed)  # type: ignore[call-arg, unused-ignore]
        friends = friends or Friends.make(scenario.friends, scenario.run.users, scenario.run.seed)
        scenario = scenario.of_people(friends.people)
        friends.check_people(scenario.run.users, scenario.friends.file)
        self.services = scenario.services
        State.__init__(self, scenario, friends, metrics_of(self.services), threads)
        self.born: dict[str, Any] = {}  # of a world that goes on: which it was, until when
        tables = tables_of(self.services)
        for name, rows in tables.items():
            self.add_table(name, rows.table(rows_needed(rows, self)))
        self.users = Crowd(
            self, [name for name, rows in tables.items() if rows.each == "person" and self.tables[name].size]
        )
        firms = {name: self.tables[name].size for name, rows in tables.items() if rows.account}
        accounts = {WALLET: self.size, BANK: self.size, **firms, COMPANY: 1, OUTSIDE: 1}
        books = company.books_of((*days.PARTS, *self.services))
        self.streams, self.costs = books
        self.ledger = Ledger(accounts, books.check)
        self.phases = days.phases(self.services)
        self.seconds = dict.fromkeys(self.phases, 0.0)
        self._looked_at = _floats_by_phase(self)
        self.date = clock.date_of(scenario.run.start, 0)
        self._flows: list[tuple[int, str, str, str, int]] = []
        try:
            for begin in days.birth(self, self.services):
                begin(self)
        except LedgerError as error:
            raise ModelError(f"day 0, birth: {error}") from error
        self.datacollector = Collector(self.metrics)
        self.running = True

    # a day

    def step(self) -> None:
        """Live one day.

        Raises:
            ModelError: naming day, phase and reason, when a number is not finite or money does not balance.
        """
        if self.threads > 1 and self.pool is None:
            self.pool = ThreadPoolExecutor(self.threads)
        self.begin_day()
        for name, phase in self.phases.items():
            self.phase, began = name, self.stopwatch()
            try:
                phase(self)
            except LedgerError as error:
                raise ModelError(f"day {self.day}, {self.phase}: {error}") from error
            self._check_numbers()
            self.seconds[name] += self.stopwatch() - began
        try:
            company.check_books(self)
        except LedgerError as error:
            raise ModelError(f"day {self.day}: {error}") from error
        self._flows += [(self.day, *flow, cents) for flow, cents in sorted(self.ledger.flows.items())]
        self.datacollector.collect(self)
        self.day += 1
        self.running = self.day < self.scenario.run.days  # else mesa.batch_run takes a step too many
        if not self.running:
            self.close()

    def _check_numbers(self) -> None:
        """Columns hold numbers, after the last phase of their own file or at the end of the day."""
        for name, column, values in self._looked_at.get(self.phase, ()):
            if not math.isfinite(np.add.reduce(values)):
                row = int(np.flatnonzero(~np.isfinite(values))[0])
                raise ModelError(f"day {self.day}, {self.phase}: {name}.{column} of row {row} is {values[row]}")

    # what others read

    @property
    def history(self) -> pd.DataFrame:
        """A row a day: day, date and every metric."""
        table = self.datacollector.get_model_vars_dataframe()
        table.insert(0, "day", np.arange(len(table)))
        table.insert(1, "date", [clock.date_of(self.scenario.run.start, d).isoformat() for d in range(len(table))])
        return table

    @property
    def flows(self) -> pd.DataFrame:
        """Who paid whom for what: day, payer, payee, reason, cents."""
        return pd.DataFrame(self._flows, columns=["day", "payer", "payee", "reason", "cents"])

    @property
    def surplus(self) -> NDArray[np.float64]:
        """Welfare of each person since day 0, in CNY; shape (people,)."""
        return self[FeltColumns].surplus.copy()  # type: ignore[no-any-return]

    memory = staticmethod(memory)

    def close(self) -> None:
        """Free the threads, which a further step starts again; a world that stops running closes by itself."""
        if self.pool is not None:
            self.pool.shutdown()
            self.pool = None

    __repr__ = _in_a_line

    # on disk

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the state after today, to go on from as if never stopped; a world there goes by `force`, no other file."""
        paths.check_file(path := paths.given(path), paths.is_world, "world", force)
        more = {"history": self.datacollector.days, "flows": self._flows}
        snapshot.write(path, self, self.services, more)

    @staticmethod
    def saved(path: str | Path, services: SomeNamed = ()) -> tuple[Scenario, int]:
        """The scenario of a saved world, and how many days it has lived; `services` are those of one's own in it, or more.

        Raises:
            BadInput: if the file is no saved world, or one of another version, or of services that are not given as they were.
        """
        about = snapshot.read(path, had := all_called(services))
        scenario = type(Scenario.make(services=had)).model_validate(about["scenario"])
        return scenario.remember_set(about.get("set_by_hand", ())), about["day"]

    @classmethod
    def load(
        cls,
        path: str | Path,
        scenario: Given | None = None,
        friends: Friends | None = None,
        threads: int = 1,
        services: SomeNamed = (),
    ) -> "World":
        """Open a saved world; `scenario` continues it under another strategy, `services` of one's own that it had or begins.

        Its network must be the one it was born with, but may lie elsewhere, where `scenario` says, or be `friends`.

        Raises:
            BadInput: if the file is no saved world or does not fit the scenario.
        """
        own = [*all_called(services), *(scenario.services if isinstance(scenario, Scenario) else ())]
        saved, day = cls.saved(path, own)
        scenario = (saved if scenario is None else Scenario.of(scenario, saved.services)).of_people(saved.run.users)
        check_birth(str(path), scenario, saved, friends is not None)
        # everything that may ever be on is born; what the saved world had no room for is then founded today
        events = (*saved.events, Event(day=day, set=scenario.may_change()), *scenario.events)
        friends = friends or Friends.make_again(scenario.friends, saved.run.users, saved.run.seed)
        about = snapshot.read(path, saved.services)
        if friends.digest() != about.get("network"):
            raise BadInput(
                f"{path}: the saved world was born with another network than this one ({friends.notes['source']}): "
                "give it the same, as `friends` or as its file was"
            )
        world = cls(saved.model_copy(update={"events": events}), friends=friends, threads=threads)
        snapshot.fill(world, path, about)
        world.datacollector.restore(about["history"])
        world._flows = [tuple(flow) for flow in about["flows"]]
        world.scenario, world.day, world.steps = scenario, day, day
        world.born = {"day": day, "name": saved.name, "scenario_hash": about.get("scenario_hash") or saved.digest()}
        if scenario.steering != saved.steering:
            steering.forget(world)
        world.now = steering.applied(world, scenario.at(world.day))
        world.running = world.day < scenario.run.days
        return world


def _seed(rng: SupportsIndex) -> int:
    try:
        return operator.index(rng)
    except TypeError:
        raise BadInput(f"rng = {rng!r}: must be a whole number, which names the luck of the run") from None


def _floats_by_phase(world: "World") -> dict[str, list[tuple[str, str, NDArray[Any]]]]:
    """The columns that must hold numbers, by the last phase of the file that declares them, or of the day."""
    last = {phase.__module__: name for name, phase in world.phases.items()}
    last |= {table.__module__: service.phase for service in world.services for table in service.tables}
    found: dict[str, list[tuple[str, str, NDArray[Any]]]] = {}
    for name, table in world.tables.items():
        floats = [(name, column, values) for column, values in table.arrays().items() if values.dtype.kind == "f"]
        found.setdefault(last.get(type(table).__module__, list(world.phases)[-1]), []).extend(floats)
    return found
