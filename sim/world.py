"""The world: everyone and everything a day can touch."""

import contextlib
import io
import json
import math
import operator
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import __version__
from sim import day as days
from sim.differences import check_birth
from sim.engine import kernels, luck
from sim.engine.columns import Table
from sim.engine.settings import BadInput
from sim.firms import advertiser, airlines, bank, company, credit, desks, drivers, merchant, regulator, rival, steering
from sim.ground import city, clock, paths, queues
from sim.ground.friends import Friends
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, SAVINGS, WALLET, Ledger, LedgerError
from sim.ground.mesa_model import Collector, Model, warn_of_equal_rows
from sim.ground.metrics import Metric
from sim.people import attention, customers, experience, follows, knowledge, orders, presence, purse, trust, users
from sim.people.crowd import Crowd
from sim.people.needs import NeedColumns
from sim.results import whole_file
from sim.scenario import Event, Given, Scenario
from sim.services import (
    advertising,
    assistant,
    banking,
    bills,
    brands,
    lucky_money,
    messaging,
    promotion,
    rides,
    shopping,
    stickers,
    stories,
    subscriptions,
    support,
    trips,
    updates,
    wallet,
)

MEASURED = (
    users, messaging, wallet, lucky_money, brands, updates, support, bills, banking, bank, shopping, assistant,
    promotion, advertising, stickers, stories, subscriptions, rides, trips, airlines,
    merchant, desks, advertiser, drivers, company, steering, rival, regulator, attention, trust, experience, clock,
)  # fmt: skip
METRICS: dict[str, Metric] = {metric.name: metric for module in MEASURED for metric in module.METRICS}
PEOPLE: dict[str, type[Table]] = {
    "users": users.UserColumns,
    "felt": experience.FeltColumns,
    "presence": presence.PresenceColumns,
    "trust": trust.TrustColumns,
    "attention": attention.AttentionColumns,
    "purse": purse.PurseColumns,
    "messaging": messaging.MessagingColumns,
    "lucky_money": lucky_money.LuckyMoneyColumns,
    "knowledge": knowledge.KnowledgeColumns,
    "advertising": advertising.AdvertisingColumns,
    "stickers": stickers.StickersColumns,
    "stories": stories.StoriesColumns,
    "subscriptions": subscriptions.SubscriptionsColumns,
}


class Kept(NamedTuple):
    """A table that is not a row a person: how many rows a world needs, and the service without which it needs none."""

    table: type[Table]
    rows: Callable[["World"], int]
    service: str = ""


OTHERS: dict[str, Kept] = {
    "usual": Kept(presence.UsualColumns, lambda world: 1),
    "news": Kept(trust.NewsColumns, lambda world: 1),
    "rival": Kept(rival.RivalColumns, lambda world: 1),
    "regulator": Kept(regulator.RegulatorColumns, lambda world: 1),
    "steering": Kept(steering.SteeringColumns, lambda world: 1),
    "bills": Kept(bills.BillsColumns, lambda world: bills.KINDS * world.size, "bills"),
    "loans": Kept(credit.LoanColumns, lambda world: world.size, "banking"),
    SAVINGS: Kept(banking.SavingsColumns, lambda world: world.size, "banking"),
    credit.LOAN_BOOK: Kept(credit.LoanBookColumns, lambda world: 1, "banking"),
    bank.PARTNER_BANKS: Kept(bank.PartnerColumns, lambda world: 1, "banking"),
    "merchants": Kept(merchant.MerchantColumns, merchant.rows_needed, "shopping"),
    "trips": Kept(trips.TripColumns, lambda world: world.size, "trips"),
    "flights": Kept(trips.FlightColumns, trips.flights, "trips"),
    airlines.AIRLINES: Kept(airlines.AirlineColumns, lambda world: 1),
    "practice": Kept(assistant.PracticeColumns, lambda world: 1),
    "purchases": Kept(
        shopping.PurchaseColumns, lambda world: world.size * world.scenario.merchants.categories, "shopping"
    ),
    "needs": Kept(NeedColumns, lambda world: world.size, "shopping"),
    "orders": Kept(orders.OrderColumns, orders.rows_needed, "shopping"),
    "told": Kept(orders.ToldColumns, lambda world: world.size * world.scenario.merchants.categories, "updates"),
    "updates": Kept(updates.UpdatesColumns, merchant.rows_needed, "updates"),
    "customers": Kept(customers.CustomerColumns, lambda world: world.size, "support"),
    "regard": Kept(support.RegardColumns, lambda world: world.size * world.scenario.merchants.categories, "support"),
    "desks": Kept(desks.DeskColumns, merchant.markets, "support"),
    "desk_hours": Kept(desks.DutyColumns, lambda world: merchant.markets(world) * queues.HOURS, "support"),
    "desk_agents": Kept(desks.AgentColumns, lambda world: merchant.markets(world) * desks.MOST, "support"),
    "topics": Kept(desks.TopicColumns, desks.topics_needed, "support"),
    "follows": Kept(follows.FollowColumns, lambda world: world.size * follows.SLOTS, "brands"),
    "wishes": Kept(follows.WishColumns, lambda world: world.size, "brands"),
    "brands": Kept(brands.BrandColumns, merchant.rows_needed, "brands"),
    "advertisers": Kept(advertiser.AdvertiserColumns, advertiser.rows_needed, "advertising"),
    "knowing": Kept(advertising.KnowingColumns, lambda world: advertising.CLASSES, "advertising"),
    "drivers": Kept(drivers.DriverColumns, drivers.rows_needed, "rides"),
    "cities": Kept(drivers.CityColumns, lambda world: city.number(world.size, world.scenario.city), "rides"),
    "ride_hours": Kept(rides.RideHourColumns, lambda world: 24 * city.number(world.size, world.scenario.city), "rides"),
}
SECTORS = (  # of firms, and people's savings: an account a row of the table of that name
    merchant.MERCHANTS,
    advertiser.ADVERTISERS,
    drivers.DRIVERS,
    regulator.REGULATOR,
    airlines.AIRLINES,
    SAVINGS,
    credit.LOAN_BOOK,
    bank.PARTNER_BANKS,
)
SLOWLY = 28  # days between measurements that sort a sample of people


class ModelError(RuntimeError):
    """The model broke a law of its own: says the day, the phase and the reason."""


def memory(scenario: Scenario, friends: Friends | None = None) -> dict[str, int]:
    """Bytes that a world of this scenario takes, by part, and in total; exact for the network where that is given."""
    people = scenario.run.users
    parts = {
        "network": friends.bytes if friends else Friends.bytes_expected(scenario.friends, people),
        "people": people * sum(table.bytes_a_row() for table in PEOPLE.values()),
        "purchases": people * scenario.merchants.categories * scenario.can_be_on("shopping"),
        "support": people * support.bytes_a_person(scenario) * scenario.can_be_on("support"),
        "bills": people * bills.KINDS * bills.BillsColumns.bytes_a_row() * scenario.can_be_on("bills"),
        "banking": people * banking.BYTES_A_PERSON * scenario.can_be_on("banking"),
        "orders": int(orders.KEPT * people * scenario.shopping.needs * orders.OrderColumns.bytes_a_row())
        * any(scenario.can_be_on(service) for service in orders.READERS),
        "follows": people
        * (follows.SLOTS * follows.FollowColumns.bytes_a_row() + follows.WishColumns.bytes_a_row())
        * scenario.can_be_on("brands"),
        "told": people * scenario.merchants.categories * scenario.can_be_on("updates"),
        "trips": people * trips.TripColumns.bytes_a_row() * scenario.can_be_on("trips"),
        "accounts": people * 16,
        "a day's work": people * 40,
    }
    return parts | {"total": sum(parts.values())}


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

    Raises:
        BadInput: when the scenario cannot become a world.
    """

    scenario: Any = None  # hides the setter of Mesa 3.5, which would write into a frozen scenario

    def __init__(
        self, scenario: Given, rng: SupportsIndex | None = None, friends: Friends | None = None, threads: int = 1
    ) -> None:
        scenario = Scenario.of(scenario)
        if rng is not None:
            scenario = scenario.with_values({"run.seed": _seed(rng)})
        warn_of_equal_rows(scenario.run.seed, rng is not None)
        super().__init__(rng=scenario.run.seed)
        self.seed, self.day, self.phase = scenario.run.seed, 0, "birth"
        self.friends = friends or Friends.make(scenario.friends, scenario.run.users, self.seed)
        self.scenario = self.now = scenario = scenario.of_people(self.friends.people)
        self.born: dict[str, Any] = {}  # of a world that goes on: which it was, until when
        self.size: int = scenario.run.users
        self.friends.check_people(self.size, scenario.friends.file)
        self.blocks = kernels.blocks(self.size)
        self.threads = threads
        self.pool: ThreadPoolExecutor | None = None  # while the world lives
        self.tables: dict[str, Table] = {name: table(self.size) for name, table in PEOPLE.items()}
        for name, kept in OTHERS.items():
            self.tables[name] = kept.table(kept.rows(self) if scenario.can_be_on(kept.service) else 0)
        self.market_scale = min(1.0, self.size / merchant.markets(self) / scenario.merchants.people_a_market)
        self.usual, self.news, self.felt = self.tables["usual"], self.tables["news"], self.tables["felt"]
        self.presence, self.users = self.tables["presence"], Crowd(self, PEOPLE)
        firms = {sector: self.tables[sector].size for sector in SECTORS}
        accounts = {WALLET: self.size, BANK: self.size, **firms, COMPANY: 1, OUTSIDE: 1}
        self.ledger = Ledger(accounts, company.check_declared)
        self.scratch = np.zeros(self.size, np.int64)  # empty between uses
        self.here = np.zeros(self.size, np.uint8)  # today's strangers, members away and members here; see presence.py
        self.awake: list[NDArray[np.uint32]] = []
        self.assistant_clicks = (np.empty(0, np.uint32), np.empty(0, np.int64))  # from the assistant to promotion
        self.promoted_clicks = (np.empty(0, np.uint32), np.empty(0, np.int64))  # from search to promotion, within a day
        self.today: dict[str, float] = {}
        self.stopwatch = time.perf_counter
        self.seconds = {days.name_of(phase): 0.0 for phase in days.DAY}
        last = {phase.__module__: days.name_of(phase) for phase in days.DAY}
        self._looked_at: dict[str, list[tuple[str, str, NDArray[Any]]]] = {}
        for name, table in self.tables.items():
            floats = [(name, column, values) for column, values in table.arrays().items() if values.dtype.kind == "f"]
            self._looked_at.setdefault(last.get(type(table).__module__, days.name_of(days.DAY[-1])), []).extend(floats)
        self.metrics = METRICS
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

    # a day

    def step(self) -> None:
        """Live one day.

        Raises:
            ModelError: naming day, phase and reason, when a number is not finite or money does not balance.
        """
        if self.threads > 1 and self.pool is None:
            self.pool = ThreadPoolExecutor(self.threads)
        self.today = {}
        for name, phase in zip(self.seconds, days.DAY, strict=True):
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

    def note(self, name: str, value: float) -> None:
        """Record a metric of today; ModelError if it is not a finite number or not declared."""
        if name not in self.metrics:
            raise ModelError(f"day {self.day}, {self.phase}: metric {name} is not declared")
        if not math.isfinite(value):
            raise ModelError(f"day {self.day}, {self.phase}: {name} is {value}")
        self.today[name] = value

    def add(self, name: str, value: float) -> None:
        """Add to a metric of today."""
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
        state = {
            f"{name}/{column}": values
            for name, table in self.tables.items()
            for column, values in table.arrays().items()
        }
        about = {
            "version": __version__,
            "scenario": self.scenario.model_dump(),
            "set_by_hand": list(self.scenario.set_by_hand),
            "scenario_hash": self.scenario.digest(),  # while its network lies where it says
            "day": self.day,
            "slow": self._slow,
            "history": self.datacollector.days,
            "flows": self._flows,
            "network": self.friends.digest(),
        }
        about["sectors"] = self.ledger.sizes
        state["ledger"] = self.ledger.balance
        state["about"] = np.frombuffer(json.dumps(about, default=_plain).encode(), np.uint8)
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **state)
        with whole_file(path) as temporary:
            temporary.write_bytes(content.getbuffer())

    @staticmethod
    def saved(path: str | Path) -> tuple[Scenario, int]:
        """The scenario of a saved world, and how many days it has lived.

        Raises:
            BadInput: if the file is no saved world, or one of another version.
        """
        with _saved(path) as state:
            about = _about(state)
            if about["version"] != __version__:
                raise BadInput(
                    f"{path}: a world of version {about['version']}, and this is {__version__}: save it again"
                )
            scenario = Scenario.model_validate(about["scenario"])
            return scenario.remember_set(about.get("set_by_hand", ())), about["day"]

    @classmethod
    def load(
        cls, path: str | Path, scenario: Given | None = None, friends: Friends | None = None, threads: int = 1
    ) -> "World":
        """Open a saved world; `scenario` continues it under another strategy.

        Its network must be the one it was born with, but may lie elsewhere, where `scenario` says, or be `friends`.

        Raises:
            BadInput: if the file is no saved world or does not fit the scenario.
        """
        saved, day = cls.saved(path)
        scenario = (saved if scenario is None else Scenario.of(scenario)).of_people(saved.run.users)
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
        with _saved(path) as state:
            for name, table in world.tables.items():
                for column, values in table.arrays().items():
                    if state[f"{name}/{column}"].size:
                        values[...] = state[f"{name}/{column}"]
            world.ledger.restore(about["sectors"], state["ledger"])
        world.scenario, world.day, world.steps, world._slow = scenario, day, day, about["slow"]
        world.born = {"day": day, "name": saved.name, "scenario_hash": about.get("scenario_hash") or saved.digest()}
        world.datacollector.restore(about["history"])
        world._flows = [tuple(flow) for flow in about["flows"]]
        if scenario.steering != saved.steering:
            steering.forget(world)
        world.now = steering.applied(world, scenario.at(world.day))
        world.running = world.day < scenario.run.days
        return world


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
