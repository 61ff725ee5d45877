"""The world: everyone and everything a day can touch."""

import contextlib
import io
import json
import math
import operator
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, SupportsIndex, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import __version__
from sim import day as days
from sim.advertising import advertiser
from sim.banking import bank
from sim.company import company, regulator, rival, steering
from sim.declared import OTHERS, PEOPLE, SECTORS, memory, metrics_of, people_of, tables_of
from sim.differences import check_birth
from sim.engine import kernels, luck
from sim.engine.columns import Table
from sim.engine.settings import BadInput, Settings
from sim.ground import paths
from sim.ground.friends.friends import Friends
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET, Ledger, LedgerError
from sim.ground.mesa_model import Collector, Model, warn_of_equal_rows
from sim.ground.metrics import Metric
from sim.messaging import messaging
from sim.payments import wallet
from sim.people import attention, clock, presence, trust, users
from sim.people.crowd import Crowd
from sim.results import whole_file
from sim.rides import drivers
from sim.scenario import Given, Scenario
from sim.scenario_rules import Event
from sim.service import Service, SomeNamed, all_called, section_of
from sim.shopping import merchant
from sim.support import desks
from sim.trips import airlines

S = TypeVar("S", bound=Settings)
SLOWLY = 28  # days between measurements that sort a sample of people


class ModelError(RuntimeError):
    """The model broke a law of its own: says the day, the phase and the reason."""


def _in_a_line(world: "World") -> str:
    if "datacollector" not in vars(world):
        return f"<{type(world).__name__}, not born yet>"
    run = world.scenario.run
    lived = f"{world.day:,} of {run.days:,} days lived, {world.size:,} people, seed {run.seed}"
    return f"<{type(world).__name__} {world.scenario.name!r}: {lived}>"


class World(Model):
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
        super().__init__(rng=scenario.run.seed)
        self.seed, self.day, self.phase = scenario.run.seed, 0, "birth"
        self.services, self.metrics = scenario.services, metrics_of(scenario.services)
        self.friends = friends or Friends.make(scenario.friends, scenario.run.users, self.seed)
        self.scenario = self.now = scenario = scenario.of_people(self.friends.people)
        self.born: dict[str, Any] = {}  # of a world that goes on: which it was, until when
        self.size: int = scenario.run.users
        self.friends.check_people(self.size, scenario.friends.file)
        self.blocks = kernels.blocks(self.size)
        self.threads = threads
        self.pool: ThreadPoolExecutor | None = None  # while the world lives
        self.tables: dict[str, Table] = {name: table(self.size) for name, table in PEOPLE.items()}
        for name, kept in (OTHERS | tables_of(self.services)).items():
            self.tables[name] = kept.table(kept.rows(self) if scenario.can_be_on(kept.service) else 0)
        self._tables_by_class = {type(table): table for table in self.tables.values()}
        self.market_scale = min(1.0, self.size / merchant.markets(self) / scenario.merchants.people_a_market)
        self.usual, self.news, self.felt = self.tables["usual"], self.tables["news"], self.tables["felt"]
        self.presence, self.users = self.tables["presence"], Crowd(self, people_of(self.services))
        firms = {sector: self.tables[sector].size for sector in SECTORS}
        accounts = {WALLET: self.size, BANK: self.size, **firms, COMPANY: 1, OUTSIDE: 1}
        self.books = company.books_of((*days.SERVICES, *self.services))
        self.ledger = Ledger(accounts, self.books.check)
        self.scratch = np.zeros(self.size, np.int64)  # empty between uses
        self.here = np.zeros(self.size, np.uint8)  # today's strangers, members away and members here; see presence.py
        self.awake: list[NDArray[np.uint32]] = []
        self.assistant_clicks = (np.empty(0, np.uint32), np.empty(0, np.int64))  # from the assistant to promotion
        self.promoted_clicks = (np.empty(0, np.uint32), np.empty(0, np.int64))  # from search to promotion, within a day
        self.today: dict[str, float] = {}
        self.stopwatch = time.perf_counter
        self.phases = days.phases(self.services)
        self.seconds = dict.fromkeys(self.phases, 0.0)
        last = {phase.__module__: name for name, phase in self.phases.items()}
        last |= {table.__module__: service.phase for service in self.services for table in service.tables}
        self._looked_at: dict[str, list[tuple[str, str, NDArray[Any]]]] = {}
        for name, table in self.tables.items():
            floats = [(name, column, values) for column, values in table.arrays().items() if values.dtype.kind == "f"]
            self._looked_at.setdefault(last.get(type(table).__module__, list(self.phases)[-1]), []).extend(floats)
        self.festival, self.outage, self.calendar = 0.0, False, 0.0
        self.date = clock.date_of(scenario.run.start, 0)
        self._slow: dict[str, float] = {}
        self._flows: list[tuple[int, str, str, str, int]] = []
        try:
            self._birth()
        except LedgerError as error:
            raise ModelError(f"day 0, birth: {error}") from error
        self.datacollector = Collector(self.metrics)
        self.running = True

    def _birth(self) -> None:
        """Day 0: traits, members, money, and the institutions."""
        users.draw_traits(self)
        messaging.first_talk(self)
        presence.draw_eagerness(self)
        attention.first_attention(self)
        clock.open_accounts(self)
        wallet.first_wallets(self)
        company.found(self)
        self.merchants = merchant.found(self)
        self.advertisers = advertiser.found(self)
        self.partner_banks, self.airlines = bank.found(self), airlines.found(self)
        drivers.found(self)
        desks.found(self)
        self.rival = rival.Rival(self, self.tables["rival"])
        self.regulator = regulator.Regulator(self, self.tables["regulator"])
        self.steering = steering.Steering(self, self.tables["steering"])
        for service in (*days.SERVICES, *self.services):
            if service.born is not None and self.scenario.can_be_on(service.name):
                service.born(self)

    # a day

    def step(self) -> None:
        """Live one day.

        Raises:
            ModelError: naming day, phase and reason, when a number is not finite or money does not balance.
        """
        if self.threads > 1 and self.pool is None:
            self.pool = ThreadPoolExecutor(self.threads)
        self.today = {}
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
        """Columns hold numbers: each is looked at after the last phase of its own file, or at the end of the day."""
        for name, column, values in self._looked_at.get(self.phase, ()):
            if not math.isfinite(np.add.reduce(values)):
                row = int(np.flatnonzero(~np.isfinite(values))[0])
                raise ModelError(f"day {self.day}, {self.phase}: {name}.{column} of row {row} is {values[row]}")

    def take_events(self) -> None:
        """Apply the scenario's events of today, and what the company's rule has moved."""
        self.outage = False
        for event in self.scenario.events:
            if event.day != self.day:
                continue
            if event.set:
                self.now = self.scenario.at(self.day + 1)
            if event.happen == "outage":
                self.outage = True
            elif event.happen is not None:
                trust.happens(self, event.happen)
        self.now = steering.applied(self, self.now)

    # what phases ask for

    def luck(self, name: str) -> np.uint64:
        """Today's key for a decision."""
        return luck.key(self.seed, name, self.day)

    def lasting_luck(self, name: str) -> np.uint64:
        """The key of something drawn once for all days."""
        return luck.key(self.seed, name)

    def rows(self, table: type[Table]) -> Any:
        """The columns of a table, by the class that declares them: `world.rows(StickersColumns).packs`."""
        return self._tables_by_class[table].rows

    def settings(self, section: type[S]) -> S:
        """The settings in force today, by the class that declares the section."""
        return getattr(self.now, section_of(type(self.now), section))  # type: ignore[no-any-return]

    def note(self, metric: str | Metric, value: float) -> None:
        """Record a metric of today; ModelError if it is not a finite number or not declared."""
        name = metric if isinstance(metric, str) else metric.name
        if name not in self.metrics:
            raise ModelError(f"day {self.day}, {self.phase}: metric {name} is not declared")
        if not math.isfinite(value):
            raise ModelError(f"day {self.day}, {self.phase}: {name} is {value}")
        self.today[name] = value

    def add(self, metric: str | Metric, value: float) -> None:
        """Add to a metric of today."""
        name = metric if isinstance(metric, str) else metric.name
        self.note(name, self.today.get(name, 0) + value)

    def note_slowly(self, name: str, measure: Callable[[], float]) -> None:
        """Record a metric measured every 28 days, which keeps its value between."""
        if self.day % SLOWLY == SLOWLY - 1 or name not in self._slow:
            self._slow[name] = measure()
        self.note(name, self._slow[name])

    def column(self, table: str, name: str) -> NDArray[Any]:
        """A column of a table."""
        return getattr(self.tables[table].rows, name)  # type: ignore[no-any-return]

    def each_block(self, work: Callable[[tuple[int, int]], Any]) -> Iterator[Any]:
        """`work((first, past the last))` for each block of people, results in order."""
        return kernels.each_block(self.pool, self.threads, work, self.blocks)

    def over_blocks(self, work: Callable[[tuple[int, int]], tuple[int, ...]]) -> tuple[int, ...]:
        """The sums of what `work` counts in each block."""
        return tuple(map(sum, zip(*self.each_block(work), strict=True)))

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
        return self.felt.rows.surplus.copy()  # type: ignore[no-any-return]

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
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **_state_of(self))
        with whole_file(path) as temporary:
            temporary.write_bytes(content.getbuffer())

    @staticmethod
    def saved(path: str | Path, services: SomeNamed = ()) -> tuple[Scenario, int]:
        """The scenario of a saved world, and how many days it has lived; `services` are those of one's own in it, or more.

        Raises:
            BadInput: if the file is no saved world, or one of another version, or of services that are not given as they were.
        """
        with _saved(path) as state:
            about = _about(state)
            if about["version"] != __version__:
                raise BadInput(
                    f"{path}: a world of version {about['version']}, and this is {__version__}: save it again"
                )
            had = all_called(services)
            _check_services(path, about.get("services", ()), had)
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
        events = (*saved.events, Event(day=day, set=scenario.levers()), *scenario.events)
        friends = friends or Friends.make_again(scenario.friends, saved.run.users, saved.run.seed)
        with _saved(path) as state:
            about = _about(state)
        if friends.digest() != about.get("network"):
            raise BadInput(
                f"{path}: the saved world was born with another network than this one ({friends.notes['source']}): "
                "give it the same, as `friends` or as its file was"
            )
        world = cls(saved.model_copy(update={"events": events}), friends=friends, threads=threads)
        _fill(world, path, about)
        world.scenario, world.day, world.steps = scenario, day, day
        world.born = {"day": day, "name": saved.name, "scenario_hash": about.get("scenario_hash") or saved.digest()}
        if scenario.steering != saved.steering:
            steering.forget(world)
        world.now = steering.applied(world, scenario.at(world.day))
        world.running = world.day < scenario.run.days
        return world


def _state_of(world: World) -> dict[str, NDArray[Any]]:
    """All that a saved world is: columns by table, balances, and the rest as JSON."""
    about = {
        "version": __version__,
        "scenario": world.scenario.model_dump(),
        "set_by_hand": list(world.scenario.set_by_hand),
        "scenario_hash": world.scenario.digest(),  # while its network lies where it says
        "day": world.day,
        "slow": world._slow,
        "history": world.datacollector.days,
        "flows": world._flows,
        "network": world.friends.digest(),
        "sectors": world.ledger.sizes,
        "services": [service.note() for service in world.services],
    }
    columns = {
        f"{name}/{column}": values for name, table in world.tables.items() for column, values in table.arrays().items()
    }
    said = np.frombuffer(json.dumps(about, default=_plain).encode(), np.uint8)
    return columns | {"ledger": world.ledger.balance, "about": said}


def _fill(world: World, path: str | Path, about: Mapping[str, Any]) -> None:
    """Put what a saved world was into one that was just born; what the saved one had no room for stays as it is."""
    with _saved(path) as state:
        for name, table in world.tables.items():
            for column, values in table.arrays().items():
                if f"{name}/{column}" in state and state[f"{name}/{column}"].size:
                    values[...] = state[f"{name}/{column}"]
        world.ledger.restore(about["sectors"], state["ledger"])
    world._slow = about["slow"]
    world.datacollector.restore(about["history"])
    world._flows = [tuple(flow) for flow in about["flows"]]


@contextlib.contextmanager
def _saved(path: str | Path) -> Iterator[Any]:
    """The arrays of a saved world, read as they are asked for."""
    path = paths.given(path)
    if not path.exists():
        raise BadInput(f"{path}: {paths.missing(path, 'saved world')}")
    try:
        with np.load(path) as file:
            yield file
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: not a saved world, or damaged; `hongbao run --save-at DAY` writes one") from None


def _check_services(path: str | Path, had: Iterable[Mapping[str, str]], given: Iterable[Service]) -> None:
    """Refuse to open a world without the services of one's own that it had, or with another state of them."""
    known = {service.name: service for service in given}
    for it in had:
        if it["name"] not in known:
            raise BadInput(
                f"{path}: the saved world has the service {it['name']!r} of {it['module']}: name it with --service "
                f"{it['module']}:NAME, or services=[...] in Python"
            )
        if known[it["name"]].digest != it["file_hash"]:
            raise BadInput(f"{path}: service {it['name']!r} is not as it was when the world was saved: save it again")


def _about(state: Any) -> dict[str, Any]:
    """What a saved world says of itself."""
    return json.loads(state["about"].tobytes())  # type: ignore[no-any-return]


def _seed(rng: SupportsIndex) -> int:
    try:
        return operator.index(rng)
    except TypeError:
        raise BadInput(f"rng = {rng!r}: must be a whole number, which names the luck of the run") from None


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
