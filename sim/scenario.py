"""A scenario file: one section a part of the model, laid over the file it extends, checked before anything runs."""

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, create_model

from sim.advertising.advertiser import AdvertisersSettings
from sim.advertising.terms import AdvertisingSettings
from sim.assistant.assistant import AssistantSettings
from sim.banking.terms import BankingSettings, BankSettings, CreditSettings
from sim.bills.terms import BillsSettings
from sim.company.company import CompanySettings
from sim.company.regulator import RegulatorSettings
from sim.company.rival import RivalSettings, levers_of
from sim.company.running import RunningSettings
from sim.company.steering import SteeringSettings
from sim.engine.names import nearest
from sim.engine.ranges import LeverRange
from sim.engine.settings import BadInput, Parameter, Settings, assumed, parameters
from sim.ground import packaged, paths
from sim.ground.friends.friends import Friends
from sim.ground.friends.terms import FriendsSettings
from sim.ground.toml_files import placed, read_toml, toml
from sim.messaging.messaging import MessagingSettings
from sim.messaging.stories import StoriesSettings
from sim.payments.lucky_money import LuckyMoneySettings
from sim.payments.terms import WalletSettings
from sim.people.attention import AttentionSettings
from sim.people.clock import ClockSettings
from sim.people.experience import ExperienceSettings
from sim.people.experiment import ExperimentSettings
from sim.people.joining import JoiningSettings
from sim.people.knowledge import KnowledgeSettings
from sim.people.presence import PresenceSettings
from sim.people.trust import TrustSettings
from sim.people.users import UsersSettings
from sim.rides.city import CitySettings
from sim.rides.drivers import DriversSettings
from sim.rides.riders import RidersSettings
from sim.rides.terms import RidesSettings
from sim.scenario_rules import (
    FIXED,
    Event,
    check_calendar,
    check_events,
    check_experiment,
    check_needs,
    check_steering,
    flat,
    keys,
    ranges_of,
    say,
)
from sim.service import Service, SomeNamed, all_called
from sim.shopping.orders import OrdersSettings
from sim.shopping.promotion import PromotionSettings
from sim.shopping.terms import BrandsSettings, MerchantsSettings, ShoppingSettings, UpdatesSettings
from sim.stickers.stickers import StickersSettings
from sim.subscriptions.subscriptions import SubscriptionsSettings
from sim.support.desks import DesksSettings
from sim.support.terms import SupportSettings
from sim.trips.airlines import AirlinesSettings
from sim.trips.terms import TripsSettings

LARGEST_SEED = 2**63 - 1


class RunSettings(Settings):
    """[run] who and how long; the command line may override it."""

    users: int = assumed.count(20_000, "people", "people in the world, members or not", gt=0, le=500_000_000)
    days: int = assumed.count(365, "days", "days to live", gt=0, le=30_000)
    seed: int = assumed.count(1, "number", "names the luck of this run", le=LARGEST_SEED)
    start: str = assumed.word("2015-01-01", "date of day 0", unit="date")


Events = Annotated[tuple[Event, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]


class Scenario(Settings):
    """Everything that defines a run but the code: frozen, complete, checked.

    `services` are those of one's own that it has sections for: see `with_services`. They are part of its class, so that
    a section of theirs is a field as any other; a copy in another process finds them by their names.
    """

    services: ClassVar[tuple[Service, ...]] = ()
    title: str = Field(default="Untitled", description="a line for tables and pages")
    name: str = Field(default="scenario", description="short name: the file's")
    run: RunSettings = RunSettings()
    friends: FriendsSettings = FriendsSettings()
    clock: ClockSettings = ClockSettings()
    users: UsersSettings = UsersSettings()
    presence: PresenceSettings = PresenceSettings()
    experience: ExperienceSettings = ExperienceSettings()
    trust: TrustSettings = TrustSettings()
    attention: AttentionSettings = AttentionSettings()
    joining: JoiningSettings = JoiningSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    messaging: MessagingSettings = MessagingSettings()
    stories: StoriesSettings = StoriesSettings()
    wallet: WalletSettings = WalletSettings()
    lucky_money: LuckyMoneySettings = LuckyMoneySettings()
    shopping: ShoppingSettings = ShoppingSettings()
    orders: OrdersSettings = OrdersSettings()
    brands: BrandsSettings = BrandsSettings()
    updates: UpdatesSettings = UpdatesSettings()
    support: SupportSettings = SupportSettings()
    promotion: PromotionSettings = PromotionSettings()
    assistant: AssistantSettings = AssistantSettings()
    advertising: AdvertisingSettings = AdvertisingSettings()
    rides: RidesSettings = RidesSettings()
    riders: RidersSettings = RidersSettings()
    trips: TripsSettings = TripsSettings()
    airlines: AirlinesSettings = AirlinesSettings()
    stickers: StickersSettings = StickersSettings()
    subscriptions: SubscriptionsSettings = SubscriptionsSettings()
    bills: BillsSettings = BillsSettings()
    banking: BankingSettings = BankingSettings()
    company: CompanySettings = CompanySettings()
    running: RunningSettings = RunningSettings()
    steering: SteeringSettings = SteeringSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    merchants: MerchantsSettings = MerchantsSettings()
    advertisers: AdvertisersSettings = AdvertisersSettings()
    desks: DesksSettings = DesksSettings()
    drivers: DriversSettings = DriversSettings()
    city: CitySettings = CitySettings()
    bank: BankSettings = BankSettings()
    credit: CreditSettings = CreditSettings()
    rival: RivalSettings = RivalSettings()
    regulator: RegulatorSettings = RegulatorSettings()
    events: Events = Field(default=(), description="dated changes and shocks")
    levers: dict[str, Any] = Field(
        default={},
        description="what `hongbao tune` may move: true for the declared range, two numbers, or a list to choose from; "
        "no part of what lives",
    )
    _set_by_hand: tuple[str, ...] = PrivateAttr(default=())  # names; no part of what the scenario is

    @classmethod
    def load(cls, path: str | Path, overrides: Mapping[str, Any] | None = None, services: SomeNamed = ()) -> "Scenario":
        """Read a scenario file and the files it extends; `overrides` are `section.key` and value, and win.

        Args:
            path: of the file, or the name of a scenario that comes with hongbao, as "commission" or "hongbao:commission".
            services: of one's own, whose sections the file may have; or their names, as "module:NAME".

        Raises:
            BadInput: naming file, key path, value, rule and the nearest valid name.
        """
        path, kind = packaged.scenario_file(path), cls._having(services)
        values, origins = _read(kind, path, paths.resolved(path.parent), [])
        read_from = (path, *(Path(origin) for origin in dict.fromkeys(origins.values()) if origin))
        if (overrides or {}).get("friends.file") and isinstance(values.get("run"), dict):
            values["run"].pop("users", None)  # the file knew of another network
        for name, value in (overrides or {}).items():
            place = name.split(".")
            if place[0] not in values:
                origins[place[0]] = ""  # what is wrong with it is not wrong in the file
            _put(kind, values, origins, place, value, "")  # by --users, --set or Python: the name says enough
        scenario = _against(_checked(kind, values, origins, path)).model_copy(update={"name": path.stem})
        scenario.__dict__["read_from"] = read_from
        return scenario.remember_set(overrides or {})

    @classmethod
    def of(cls, given: "Scenario | str | Path", services: SomeNamed = ()) -> "Scenario":
        """A scenario, or that of a file, with services of one's own: whoever wants one takes either.

        Raises:
            BadInput: it is neither, or the file or a service cannot be used.
        """
        if isinstance(given, Scenario):
            return given.with_services(services)
        if isinstance(given, str | Path):
            return cls.load(given, services=services)
        raise BadInput(f"a {type(given).__name__} is no scenario: give a Scenario, or the path of its file")

    @functools.cached_property
    def read_from(self) -> tuple[Path, ...]:
        """The files that it was loaded from, which no result is written over; none where it was made in Python."""
        return ()

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Every file that it is made of, its network too."""
        return (*self.read_from, *([Path(self.friends.file)] if self.friends.file else []))

    @classmethod
    def make(cls, *, services: SomeNamed = (), **sections: Any) -> "Scenario":
        """A scenario from Python: `Scenario.make(run={"users": 500}, wallet={"payer_fee": 0.01})`."""
        return _against(_checked(cls._having(services), sections, {}, None))

    @classmethod
    def _having(cls, services: SomeNamed) -> "type[Scenario]":
        """The kind of scenario that has sections for these services of one's own too."""
        wanted = tuple(dict.fromkeys((*cls.services, *all_called(services))))
        return _kind_with(wanted) if wanted else Scenario

    def with_services(self, services: SomeNamed) -> "Scenario":
        """The scenario with sections for services of one's own, as they are by default; itself where it has them.

        Args:
            services: Service objects, or names of some, as "module:NAME".

        Raises:
            BadInput: there is no such service, or two have the same name.
        """
        kind = type(self)._having(services)
        if kind is type(self):
            return self
        more = {one.name: one.settings() for one in kind.services if one not in self.services}
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        copy = kind.model_construct(self.model_fields_set | set(more), **fields, **more)
        copy.__dict__["read_from"] = self.read_from
        copy._set_by_hand = self._set_by_hand
        return copy

    def __reduce__(self) -> Any:
        """Pickled by its services' names: a class that was made for them is nowhere to be imported from."""
        return _empty, (type(self).services,), self.__getstate__()

    def __hash__(self) -> int:
        """That of what it is: equal scenarios have the same digest."""
        return hash((self.digest(), self.run.seed, self.name))

    def __repr__(self) -> str:
        run = self.run
        return f"<Scenario {self.name!r}: {run.users:,} people, {run.days:,} days, seed {run.seed}>"

    __str__ = __repr__

    def sections(self) -> dict[str, Settings]:
        """The sections by name, in order."""
        return {name: getattr(self, name) for name in self.section_names()}

    @classmethod
    def section_names(cls) -> tuple[str, ...]:
        """Names of the sections, in order; those of one's own services last."""
        return tuple(name for name in cls.model_fields if name not in BESIDES)

    def parameters(self) -> list[Parameter]:
        """Every setting, with its origin, unit, range, meaning and source."""
        return list(parameters(self.sections()))

    def with_values(self, values: Mapping[str, Any]) -> "Scenario":
        """A checked copy with other values: `{"wallet.payer_fee": 0.01}`."""
        plain = self.model_dump()
        for name, value in values.items():
            _put(type(self), plain, {}, name.split("."), value, "")
        scenario = _against(_checked(type(self), plain, {}, None))
        scenario.__dict__["read_from"] = self.read_from
        if not self.users_asked and "run.users" not in values:
            scenario.run.model_fields_set.discard("users")
        return scenario.remember_set([*self._set_by_hand, *values])

    def remember_set(self, names: Iterable[str]) -> Self:
        """A copy that says of these settings, and of no others, that they were set by hand."""
        copy = self.model_copy()
        copy._set_by_hand = tuple(dict.fromkeys(name for name in names if name not in SAID_ANYWAY))
        return copy

    @property
    def set_by_hand(self) -> dict[str, Any]:
        """What no file says but a command, a plan or Python: name and value, but for people, days and seed."""
        found: dict[str, Any] = {}
        for name in self._set_by_hand:
            section, _, key = name.partition(".")
            found[name] = getattr(getattr(self, section), key) if key else self.model_dump()[section]
        return found

    @property
    def users_asked(self) -> bool:
        """Whether anybody said how many people there are; else a network that is read or given says it."""
        return "users" in self.run.model_fields_set

    def of_people(self, people: int) -> "Scenario":
        """The scenario with as many people as its network has, unless somebody asked for a number."""
        if self.users_asked or people == self.run.users:
            return self
        run = RunSettings.model_validate(self.run.model_dump() | {"users": people})
        run.model_fields_set.discard("users")  # another network may still say otherwise
        return self.model_copy(update={"run": run})

    def settled(self) -> "Scenario":
        """The scenario with as many people as the network has that it reads, unless somebody asked for a number.

        Raises:
            BadInput: the network's file cannot be read.
        """
        if self.users_asked or not self.friends.file or self.friends.kind == "everyone":
            return self
        return self.of_people(Friends.glance(self.friends.file)[0])

    def can_be_on(self, service: str) -> bool:
        """Whether a service is on at first or by an event; true for parts that cannot be switched."""
        section = getattr(self, service, None)
        if section is None or getattr(section, "on", True):
            return True
        return any(flat(event.set).get(f"{service}.on") for event in self.events)

    def ranges(self) -> list[LeverRange]:
        """From where to where its levers may be moved, as [levers] says."""
        return ranges_of(self, self.levers, {}, None)

    def with_levers(self, levers: Mapping[str, Any]) -> Self:
        """A copy that says of these levers, and of no others, that they may be moved.

        Raises:
            BadInput: one is unknown or not decided, or has no such range.
        """
        ranges_of(self, levers, {}, None)
        return self.model_copy(update={"levers": dict(levers)})

    def may_change(self) -> dict[str, Any]:
        """Every setting that may change while a world lives, as an event sets it."""
        return {
            setting.name: setting.value for setting in self.parameters() if setting.name.partition(".")[0] not in FIXED
        }

    def at(self, day: int) -> "Scenario":
        """The settings in force at the start of `day`, after the events of earlier days."""
        values: dict[str, Any] = {}
        for event in sorted(self.events, key=lambda event: event.day):
            if event.day < day:
                values |= flat(event.set)
        if not values:
            return self
        now = self.model_copy(update={"levers": {}})  # what a search may move is no matter of a day
        return now.with_values(values).remember_set(self._set_by_hand)

    def to_toml(self) -> str:
        """The resolved scenario: every value that applies, as a scenario file."""
        plain = self.model_dump()
        lines = [f"title = {toml(self.title)}", ""]
        for section in self.section_names():
            lines += [f"[{section}]", *(f"{key} = {toml(value)}" for key, value in plain[section].items()), ""]
        for event in self.events:
            lines += ["[[events]]", f"day = {event.day}"]
            if event.set:
                lines.append("set = { " + ", ".join(f'"{k}" = {toml(v)}' for k, v in flat(event.set).items()) + " }")
            if event.happen:
                lines.append(f"happen = {toml(event.happen)}")
            lines.append("")
        if self.levers:
            lines += ["[levers]", *(f'"{name}" = {toml(said)}' for name, said in self.levers.items()), ""]
        return "\n".join(lines)

    def digest(self) -> str:
        """Hash of everything that shapes a run but title, name and seed; a network's file counts by what it holds."""
        plain = self.model_dump(exclude={"title": True, "name": True, "levers": True, "run": {"seed"}})
        plain["friends"] = self.friends.identity()
        if self.services:  # what they do is not in their sections
            plain["services"] = {service.name: service.digest for service in self.services}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


BESIDES = ("title", "name", "events", "levers")  # fields that are no sections of settings
SAID_ANYWAY = ("title", "run.users", "run.days", "run.seed")  # a page and a manifest begin with these, whoever set them
Given = Scenario | str | Path  # a scenario, or its file: see `Scenario.of`
SECTIONS = Scenario.section_names()


# services of one's own


@functools.cache
def _kind_with(services: tuple[Service, ...]) -> type[Scenario]:
    """The class of scenarios that have sections for these services too.

    Raises:
        BadInput: a name is that of a section of the model, or of two services.
    """
    sections: dict[str, Any] = {}
    for service in services:
        if service.name in (*Scenario.model_fields, *sections):
            whose = "another service of yours" if service.name in sections else "a section of the model"
            raise BadInput(f"{service!r}: [{service.name}] is {whose}: give it another name")
        sections[service.name] = (service.settings, service.settings())
    kind = create_model("Scenario", __base__=Scenario, __module__=__name__, **sections)
    kind.services = services
    return kind


def _empty(services: tuple[Service, ...]) -> Scenario:
    """A scenario to be filled, of the kind that has these services."""
    kind = _kind_with(services) if services else Scenario
    return kind.__new__(kind)


# reading


def _read(kind: type[Scenario], path: Path, folder: Path, chain: list[Path]) -> tuple[dict[str, Any], dict[str, str]]:
    """Values of a file laid over those it extends, and which file each came from."""
    here = paths.resolved(path)
    if here in chain:
        raise BadInput(f"{path}: `extends` runs in a circle: " + " -> ".join(p.name for p in [*chain, here]))
    _, values = read_toml(path, "scenario file", chain)
    base = values.pop("extends", None)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if base is not None:
        if not isinstance(base, str):
            raise BadInput(f"{path}: extends = {base!r}: must be the name of a scenario file")
        target = packaged.scenario_file(base, path.parent, f"{path}: extends")
        if target.parent == packaged.folder():  # one of ours, which has a folder of its own
            folder = paths.resolved(target.parent)
        if not paths.resolved(target).is_relative_to(folder):
            raise BadInput(f"{path}: extends = {base!r}: must lie in the folder of the scenario or below it ({folder})")
        merged, origins = _read(kind, target, folder, [*chain, here])
    for section, content in values.items():
        if isinstance(content, dict):
            content = flat(content) if section == "levers" else content  # their names may be quoted or not
            for key, value in content.items():
                _put(kind, merged, origins, [section, key], placed(f"{section}.{key}", value, path.parent), str(path))
        else:
            _put(kind, merged, origins, [section], content, str(path))
    return merged, origins


def _put(
    kind: type[Scenario], values: dict[str, Any], origins: dict[str, str], place: list[str], value: Any, origin: str
) -> None:
    name, where = ".".join(place), f"{origin}: " if origin else ""
    if len(place) == 1 and (place[0] not in BESIDES or place[0] in ("name", "levers")):
        raise BadInput(_misplaced(kind, place[0], value, origin))
    if len(place) > 2:
        raise BadInput(f"{where}{name}: a setting is named section.key")
    at = values
    for key in place[:-1]:
        at = at.setdefault(key, {})
        if not isinstance(at, dict):
            raise BadInput(f"{where}{key} is a value, not a section")
    at[place[-1]] = value
    origins[name] = origin


def _misplaced(kind: type[Scenario], key: str, value: Any, origin: str) -> str:
    sections = kind.section_names()
    homes = [f"[{section}]" for section in sections if key in keys(kind, section)]
    where = f"{origin}: " if origin else ""
    if key in (*sections, "levers"):
        return f"{where}{key} = {value!r}: [{key}] is a section; its settings are named {key}.key"
    if homes:
        return f"{where}{key} = {value!r} stands outside a section; it belongs in {' or '.join(homes)}"
    return f"{where}{key} = {value!r}: no such section or key{nearest(key, sections)}"


def _against(scenario: Scenario) -> Scenario:
    """The scenario with the levers of the strategy that its rival runs, if it names one."""
    if not scenario.rival.strategy:
        return scenario
    other = type(scenario).load(scenario.rival.strategy, {"rival.strategy": ""})
    return against(scenario, other)


def against(scenario: Scenario, other: Scenario) -> Scenario:
    """A scenario whose rival begins with another's levers; what it does with them is its policy's."""
    levers = {f"rival.{lever}": value for lever, value in levers_of(other).items()}
    return scenario.with_values({**levers, "rival.strategy": ""}).remember_set(scenario.set_by_hand)


def _checked(
    kind: type[Scenario], values: Mapping[str, Any], origins: Mapping[str, str], path: Path | None
) -> Scenario:
    """Validate, and say plainly what is wrong."""
    try:
        scenario = kind.model_validate(values)
    except ValidationError as error:
        raise BadInput("\n".join(say(kind, problem, origins, path) for problem in error.errors())) from None
    check_calendar(scenario, path)
    check_events(scenario, origins, path)
    check_needs(scenario, path)
    check_steering(scenario, path)
    check_experiment(scenario, path)
    ranges_of(scenario, scenario.levers, origins, path)
    file = placed("friends.file", scenario.friends.file, Path())
    if file != scenario.friends.file:  # from the command line or Python: seen from the working directory
        scenario = scenario.model_copy(update={"friends": scenario.friends.model_copy(update={"file": file})})
    return scenario
