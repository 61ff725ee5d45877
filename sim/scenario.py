"""A scenario file: one section a part of the model, laid over the file it extends, checked before anything runs."""

import datetime
import difflib
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError

from sim.engine.settings import BadInput, Parameter, Settings, assumed, parameters
from sim.firms.advertiser import AdvertisersSettings
from sim.firms.airlines import AirlinesSettings
from sim.firms.bank import BankSettings
from sim.firms.company import CompanySettings
from sim.firms.credit import CreditSettings
from sim.firms.desks import DesksSettings
from sim.firms.drivers import DriversSettings
from sim.firms.merchant import MerchantsSettings
from sim.firms.regulator import RegulatorSettings
from sim.firms.rival import RivalSettings, against
from sim.firms.running import RunningSettings
from sim.firms.steering import SteeringSettings
from sim.ground import paths
from sim.ground.city import CitySettings
from sim.ground.clock import ClockSettings, check_dates
from sim.ground.friends import Friends, FriendsSettings
from sim.ground.toml_files import placed, read_toml, toml
from sim.people.attention import AttentionSettings
from sim.people.experience import ExperienceSettings
from sim.people.joining import JoiningSettings
from sim.people.knowledge import KnowledgeSettings
from sim.people.orders import OrdersSettings
from sim.people.presence import PresenceSettings
from sim.people.riders import RidersSettings
from sim.people.trust import Happening, TrustSettings
from sim.people.users import UsersSettings
from sim.services.advertising import AdvertisingSettings
from sim.services.assistant import AssistantSettings
from sim.services.banking import BankingSettings
from sim.services.bills import BillsSettings
from sim.services.brands import BrandsSettings
from sim.services.lucky_money import LuckyMoneySettings
from sim.services.messaging import MessagingSettings
from sim.services.promotion import PromotionSettings
from sim.services.rides import RidesSettings
from sim.services.shopping import ShoppingSettings
from sim.services.stickers import StickersSettings
from sim.services.stories import StoriesSettings
from sim.services.subscriptions import SubscriptionsSettings
from sim.services.support import SupportSettings
from sim.services.trips import TripsSettings
from sim.services.updates import UpdatesSettings
from sim.services.wallet import WalletSettings

LARGEST_SEED = 2**63 - 1


class RunSettings(Settings):
    """[run] who and how long; the command line may override it."""

    users: int = assumed.count(20_000, "people", "people in the world, members or not", gt=0, le=500_000_000)
    days: int = assumed.count(365, "days", "days to live", gt=0, le=30_000)
    seed: int = assumed.count(1, "number", "names the luck of this run", le=LARGEST_SEED)
    start: str = assumed.word("2015-01-01", "date of day 0", unit="date")


class Event(Settings):
    """[[events]] a dated change of settings, or a happening."""

    day: int = Field(ge=0, description="day of the run")
    set: dict[str, Any] = Field(default={}, description="settings that change on that day: `section.key` and value")
    happen: Happening | None = Field(default=None, description="what happens on that day")


Events = Annotated[tuple[Event, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]


class Scenario(Settings):
    """Everything that defines a run but the code: frozen, complete, checked."""

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
    merchants: MerchantsSettings = MerchantsSettings()
    advertisers: AdvertisersSettings = AdvertisersSettings()
    desks: DesksSettings = DesksSettings()
    drivers: DriversSettings = DriversSettings()
    city: CitySettings = CitySettings()
    bank: BankSettings = BankSettings()
    credit: CreditSettings = CreditSettings()
    rival: RivalSettings = RivalSettings()
    regulator: RegulatorSettings = RegulatorSettings()
    events: Events = Field(default=(), description="dated changes and happenings")
    _set_by_hand: tuple[str, ...] = PrivateAttr(default=())  # names; no part of what the scenario is

    @classmethod
    def load(cls, path: str | Path, overrides: Mapping[str, Any] | None = None) -> "Scenario":
        """Read a scenario file and the files it extends; `overrides` are `section.key` and value, and win.

        Raises:
            BadInput: naming file, key path, value, rule and the nearest valid name.
        """
        path = paths.given(path)
        values, origins = _read(path, paths.resolved(path.parent), [])
        read_from = (path, *(Path(origin) for origin in dict.fromkeys(origins.values()) if origin))
        if (overrides or {}).get("friends.file") and isinstance(values.get("run"), dict):
            values["run"].pop("users", None)  # the file knew of another network
        for name, value in (overrides or {}).items():
            keys = name.split(".")
            if keys[0] not in values:
                origins[keys[0]] = ""  # what is wrong with it is not wrong in the file
            _put(values, origins, keys, value, "")  # by --users, --set or Python: the name says enough
        scenario = _against(_checked(values, origins, path)).model_copy(update={"name": path.stem})
        scenario.__dict__["read_from"] = read_from
        return scenario.remember_set(overrides or {})

    @classmethod
    def of(cls, given: "Scenario | str | Path") -> "Scenario":
        """A scenario, or that of a file: whoever wants one takes either.

        Raises:
            BadInput: it is neither, or the file cannot be used.
        """
        if isinstance(given, Scenario):
            return given
        if isinstance(given, str | Path):
            return cls.load(given)
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
    def make(cls, **sections: Any) -> "Scenario":
        """A scenario from Python: `Scenario.make(run={"users": 500}, wallet={"payer_fee": 0.01})`."""
        return _against(_checked(sections, {}, None))

    def __repr__(self) -> str:
        run = self.run
        return f"<Scenario {self.name!r}: {run.users:,} people, {run.days:,} days, seed {run.seed}>"

    __str__ = __repr__

    def sections(self) -> dict[str, Settings]:
        """The sections by name, in order."""
        return {name: getattr(self, name) for name in SECTIONS}

    def parameters(self) -> list[Parameter]:
        """Every setting, with its origin, unit, range, meaning and source."""
        return list(parameters(self.sections()))

    def with_values(self, values: Mapping[str, Any]) -> "Scenario":
        """A checked copy with other values: `{"wallet.payer_fee": 0.01}`."""
        plain = self.model_dump()
        for name, value in values.items():
            _put(plain, {}, name.split("."), value, "")
        scenario = _against(_checked(plain, {}, None))
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

    def levers(self) -> dict[str, Any]:
        """Every setting that may change while a world lives, as an event sets it."""
        return {it.name: it.value for it in self.parameters() if it.name.partition(".")[0] not in FIXED}

    def at(self, day: int) -> "Scenario":
        """The settings in force at the start of `day`, after the events of earlier days."""
        values: dict[str, Any] = {}
        for event in sorted(self.events, key=lambda event: event.day):
            if event.day < day:
                values |= flat(event.set)
        return self.with_values(values).remember_set(self._set_by_hand) if values else self

    def to_toml(self) -> str:
        """The resolved scenario: every value that applies, as a scenario file."""
        plain = self.model_dump()
        lines = [f"title = {toml(self.title)}", ""]
        for section in SECTIONS:
            lines += [f"[{section}]", *(f"{key} = {toml(value)}" for key, value in plain[section].items()), ""]
        for event in self.events:
            lines += ["[[events]]", f"day = {event.day}"]
            if event.set:
                lines.append("set = { " + ", ".join(f'"{k}" = {toml(v)}' for k, v in flat(event.set).items()) + " }")
            if event.happen:
                lines.append(f"happen = {toml(event.happen)}")
            lines.append("")
        return "\n".join(lines)

    def digest(self) -> str:
        """Hash of everything that shapes a run but title, name and seed; a network's file counts by what it holds."""
        plain = self.model_dump(exclude={"title": True, "name": True, "run": {"seed"}})
        plain["friends"] = self.friends.identity()
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


SAID_ANYWAY = ("title", "run.users", "run.days", "run.seed")  # a page and a manifest begin with these, whoever set them
Given = Scenario | str | Path  # a scenario, or its file: see `Scenario.of`
SECTIONS = tuple(name for name in Scenario.model_fields if name not in ("title", "name", "events"))


# reading


def _read(path: Path, folder: Path, chain: list[Path]) -> tuple[dict[str, Any], dict[str, str]]:
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
        target = paths.resolved(path.parent / base)
        if not target.is_relative_to(folder):
            raise BadInput(f"{path}: extends = {base!r}: must lie in the folder of the scenario or below it ({folder})")
        merged, origins = _read(path.parent / base, folder, [*chain, here])
    for section, content in values.items():
        if isinstance(content, dict):
            for key, value in content.items():
                _put(merged, origins, [section, key], placed(f"{section}.{key}", value, path.parent), str(path))
        else:
            _put(merged, origins, [section], content, str(path))
    return merged, origins


def _put(values: dict[str, Any], origins: dict[str, str], keys: list[str], value: Any, origin: str) -> None:
    name, where = ".".join(keys), f"{origin}: " if origin else ""
    if len(keys) == 1 and (origin or keys[0] not in ("title", "events")) and keys[0] not in ("title", "events"):
        raise BadInput(_misplaced(keys[0], value, origin))
    if len(keys) > 2:
        raise BadInput(f"{where}{name}: a setting is named section.key")
    at = values
    for key in keys[:-1]:
        at = at.setdefault(key, {})
        if not isinstance(at, dict):
            raise BadInput(f"{where}{key} is a value, not a section")
    at[keys[-1]] = value
    origins[name] = origin


def _misplaced(key: str, value: Any, origin: str) -> str:
    homes = [f"[{section}]" for section in SECTIONS if key in _keys(section)]
    where = f"{origin}: " if origin else ""
    if key in SECTIONS:
        return f"{where}{key} = {value!r}: [{key}] is a section; its settings are named {key}.key"
    if homes:
        return f"{where}{key} = {value!r} stands outside a section; it belongs in {' or '.join(homes)}"
    return f"{where}{key} = {value!r}: no such section or key{_nearest(key, SECTIONS)}"


def _keys(section: str) -> list[str]:
    return list(getattr(Scenario.model_fields[section].annotation, "model_fields", {}))


def _nearest(name: str, valid: Any) -> str:
    near = difflib.get_close_matches(name, list(valid), 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _against(scenario: Scenario) -> Scenario:
    """The scenario with the levers of the strategy that its rival runs, if it names one."""
    if not scenario.rival.strategy:
        return scenario
    return against(scenario, Scenario.load(scenario.rival.strategy, {"rival.strategy": ""}))


def _checked(values: Mapping[str, Any], origins: Mapping[str, str], path: Path | None) -> Scenario:
    """Validate, and say plainly what is wrong."""
    try:
        scenario = Scenario.model_validate(values)
    except ValidationError as error:
        raise BadInput("\n".join(_say(problem, origins, path) for problem in error.errors())) from None
    _check_dates(scenario, path)
    _check_events(scenario, origins, path)
    _check_needs(scenario, path)
    _check_steering(scenario, path)
    file = placed("friends.file", scenario.friends.file, Path())
    if file != scenario.friends.file:  # from the command line or Python: seen from the working directory
        scenario = scenario.model_copy(update={"friends": scenario.friends.model_copy(update={"file": file})})
    return scenario


def _say(problem: Any, origins: Mapping[str, str], path: Path | None) -> str:
    place = [str(part + 1 if isinstance(part, int) else part) for part in problem["loc"]]  # events are counted from 1
    name = ".".join(place)
    origin = origins.get(".".join(place[:2]), origins.get(place[0] if place else "", str(path) if path else ""))
    where = f"{origin}: " if origin else ""
    if problem["type"] == "extra_forbidden":
        if len(place) == 1:
            return f"{where}[{name}]: no such section{_nearest(name, SECTIONS)}"
        homes = [f"[{section}]" for section in SECTIONS if place[-1] in _keys(section)]
        near = f"; {place[-1]!r} belongs in {' or '.join(homes)}" if homes else ""
        near = near or _nearest(place[-1], _keys(place[0]) if place[0] in SECTIONS else Event.model_fields)
        return f"{where}{name} = {problem['input']!r}: no such setting{near}"
    if problem["type"] == "missing":
        return f"{where}{name}: is missing"
    rule = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    rule = rule.replace("a valid boolean", "true or false")
    limits = {"greater_than_equal": "ge", "less_than_equal": "le", "greater_than": "gt", "less_than": "lt"}
    nearest = ""
    if problem["type"] in limits and problem.get("ctx"):
        bound = problem["ctx"].get(limits[problem["type"]])
        if type(bound) is int and not problem["type"].endswith("equal"):
            bound += 1 if problem["type"] == "greater_than" else -1
            nearest = f"; the nearest valid value is {bound}"
        elif problem["type"].endswith("equal"):
            nearest = f"; the nearest valid value is {bound}"
    return f"{where}{name} = {problem['input']!r}: {rule}{nearest}"


def _check_dates(scenario: Scenario, path: Path | None) -> None:
    where = f"{path}: " if path else ""
    check_dates((scenario.run.start,), f"{where}run.start")
    check_dates(scenario.clock.festivals, f"{where}clock.festivals")
    last = datetime.date.fromisoformat(scenario.run.start).toordinal() + scenario.run.days
    if last > datetime.date.max.toordinal():
        raise BadInput(f"{where}run.days = {scenario.run.days}: the calendar ends in the year 9999")


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by `section.key`, however they are nested."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


FIXED = {"run", "friends", "users", "merchants", "advertisers", "drivers", "city"}  # a world is born with these


def _check_events(scenario: Scenario, origins: Mapping[str, str], path: Path | None) -> None:
    plain = scenario.model_dump() | {"events": ()}
    where = f"{origins.get('events', path)}: " if path else ""
    for number, event in sorted(enumerate(scenario.events, 1), key=lambda item: item[1].day):
        if not event.set and event.happen is None:
            raise BadInput(f"{where}events.{number}: says neither what to `set` nor what should `happen`")
        for name, value in flat(event.set).items():
            keys = name.split(".")
            if len(keys) != 2 or keys[0] in FIXED or keys[0] not in SECTIONS:
                homes = [f"{section}.{name}" for section in SECTIONS if name in _keys(section)]
                why = "a world is born with it" if keys[0] in FIXED else "a setting is named section.key"
                near = "" if keys[0] in FIXED else _nearest(keys[0], SECTIONS)
                near = f"; did you mean {' or '.join(homes)}?" if homes else near
                raise BadInput(f"{where}events.{number}.set: {name!r} cannot change: {why}{near}")
            plain[keys[0]][keys[1]] = value
            try:
                then = Scenario.model_validate(plain)
                check_dates(then.clock.festivals, f"{where}events.{number}.set (day {event.day}): clock.festivals")
            except ValidationError as error:
                said = _say(error.errors()[0], {}, None)
                raise BadInput(f"{where}events.{number}.set (day {event.day}): {said}") from None


NEEDS = {  # a service, one that it cannot do without, and why
    "brands": ("shopping", "the brands that people follow are shops"),
    "updates": ("shopping", "updates tell how orders stand"),
    "support": ("shopping", "customers are helped by shops"),
    "rides": ("wallet", "riders pay from the wallet"),
    "bills": ("wallet", "bills in a thread are paid from the wallet"),
    "banking": ("wallet", "people bank through their wallet"),
}


def _check_needs(scenario: Scenario, path: Path | None) -> None:
    """On no day may a service be on while one that it needs is off."""
    where = f"{path}: " if path else ""
    on = {name: section.on for name, section in scenario.sections().items() if hasattr(section, "on")}
    steps = sorted(
        ((event.day, number, event.set) for number, event in enumerate(scenario.events, 1)), key=lambda s: s[:2]
    )
    for day, number, values in [(0, 0, {}), *steps]:
        on |= {name.removesuffix(".on"): value for name, value in flat(values).items() if name.endswith(".on")}
        for service, (needed, why) in NEEDS.items():
            if on[service] and not on[needed]:
                when = f"events.{number} (day {day}): " if number else ""
                raise BadInput(f"{where}{when}{service}.on = true needs {needed}.on = true: {why}")


def idle_levers(scenario: Scenario) -> list[str]:
    """A line for each lever that was set and moves nothing, since what it works on is on no day."""
    usual = {it.name: it.value for it in Scenario().parameters()}
    lines = []
    for it in scenario.parameters():
        section, _, name = it.name.partition(".")
        service = "shopping" if section == "promotion" else section
        if it.origin == "decided" and name != "on" and it.value != usual[it.name] and not scenario.can_be_on(service):
            lines.append(f"{it.name} = {it.value} moves nothing: {service}.on is false on every day")
    return lines


def _check_steering(scenario: Scenario, path: Path | None) -> None:
    """What a rule moves must be a decided number that may change, valid wherever the rule may put it."""
    if not scenario.can_be_on("steering"):
        return
    where, rule = f"{path}: " if path else "", scenario.steering
    for number, event in enumerate(scenario.events, 1):
        if "steering.lever" in flat(event.set):
            raise BadInput(f"{where}events.{number}.set: 'steering.lever' cannot change: a rule keeps to one lever")
    levers = {
        it.name: it.value for it in scenario.parameters()
        if it.origin == "decided" and isinstance(it.value, int | float) and not isinstance(it.value, bool)
        and it.name.partition(".")[0] not in {*FIXED, "steering"}
    }  # fmt: skip
    if rule.lever not in levers:
        near = _nearest(rule.lever, levers)
        raise BadInput(f"{where}steering.lever = {rule.lever!r}: must be a decided number that may change{near}")
    if rule.least >= rule.most:
        raise BadInput(f"{where}steering.least = {rule.least:g}: must be below steering.most = {rule.most:g}")
    section, _, key = rule.lever.partition(".")
    whole = isinstance(levers[rule.lever], int)
    for name, place in (("least", rule.least), ("most", rule.most)):
        if whole and (place != round(place) or rule.step != round(rule.step)):
            raise BadInput(f"{where}steering.{name} = {place:g}: {rule.lever} moves in whole numbers, so must its rule")
        plain = getattr(scenario, section).model_dump() | {key: round(place) if whole else place}
        try:
            type(getattr(scenario, section)).model_validate(plain)
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            raise BadInput(f"{where}steering.{name} = {place:g}: {rule.lever} cannot stand there: {said}") from None
