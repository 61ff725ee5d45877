"""Service: what a service of the platform declares of itself, whether it comes with the package or is a researcher's own.

    GAME = Service("game", GameSettings, step, tables=(GameColumns,), metrics=(SOLD,), revenue={"items": "Items"})

World, scenario files, the company's books, saved worlds, pages and sweeps read such declarations. A service of one's own is
the same object in a module or a notebook; it is handed over in Python, or named on the command line as `module:NAME`.
"""

import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

from pydantic import ValidationError

from sim.engine.columns import Table
from sim.engine.names import nearest
from sim.engine.settings import BadInput, Settings
from sim.ground.metrics import Metric, flow
from sim.state import Planned, State

Each = Literal["person", "shop", "world"]  # what a table has a row for
Step = Callable[[State], None]
SCRIPT = "__main__"  # the module of a notebook or a script, which other processes cannot import
WORD, METRIC = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[a-z_]+\.[a-z_]+")


class Rows(NamedTuple):
    """A table of a part of the model.

    each: what it has a row for: "person", "shop", "world" (one row), or a function that gives the number of rows.
    account: whether each row has an account in the ledger, in the sector of the table's name.
    section: of the switch without which it is never needed; "" where it always is.
    """

    table: type[Table]
    each: "Each | Callable[[Planned], int]" = "person"
    account: bool = False
    section: str = ""


class Part:
    """A part of the model as it declares itself: its tables, what it measures, and for what it moves the company's money.

    Args:
        name: of its phase, if it has a step.
        tables: by the name that saved worlds and `world.users` have them under.
        step: what happens on a day.

    The rest is as in Service, which is a part that anyone may add.
    """

    def __init__(
        self,
        name: str,
        *,
        tables: Mapping[str, Rows] | None = None,
        metrics: Iterable[Metric] = (),
        revenue: Mapping[str, str] | None = None,
        costs: Mapping[str, str] | None = None,
        step: "Step | None" = None,
    ) -> None:
        self.name, self.rows, self.step = name, dict(tables or {}), step
        self.metrics, self.revenue, self.costs = tuple(metrics), dict(revenue or {}), dict(costs or {})

    @property
    def booked(self) -> tuple[Metric, ...]:
        """Its streams of revenue and kinds of cost, as they are measured."""
        streams = [
            _booked(f"revenue.{reason}", f"revenue from {_inside(said)}", said) for reason, said in self.revenue.items()
        ]
        costs = [_booked(f"cost.{kind}", f"cost of {_inside(said)}", said) for kind, said in self.costs.items()]
        return (*streams, *costs)

    @property
    def measured(self) -> tuple[Metric, ...]:
        """All that is measured of it: its own metrics, and its streams of revenue and kinds of cost."""
        return (*self.metrics, *self.booked)

    @property
    def phase(self) -> str:
        """The name of its place in the day."""
        return f"{self.name}.step"


class Service(Part):
    """A service, declared once.

    Args:
        name: of its section in a scenario file, its first table and its metrics.
        settings: the section: a subclass of Settings, every setting declared by `decided` or `assumed`. If it has a switch
            `on`, a service of one's own is stepped only on days on which that is true.
        step: what happens on a day, given the state of the world.
        tables: its columns. A tuple of tables has a row a person each; a mapping says what each has a row for: "person",
            "shop" or "world" (one row), or a function of the state that gives the number of rows. The first is
            `world.users.NAME`; all are found by their class, as `state[GameColumns]`.
        metrics: what it measures, named NAME.thing.
        revenue: reasons for which money reaches the company, and what a page calls each. Each is a metric, `revenue.REASON`.
        costs: reasons for which the company pays, and what a page calls each; paid as `state.pay_cost(REASON, cents)`.
        born: what happens on day 0, in worlds in which the service can ever be on.
        after: the phase of the day that a service of one's own comes after; `hongbao day` lists them. It must come before
            `company.pay_costs`, when the books close, and to be felt today before `experience.feel`.

    Raises:
        BadInput: a part of the declaration is not what it should be.
    """

    step: Step

    def __init__(
        self,
        name: str,
        settings: type[Settings],
        step: Step,
        *,
        tables: Iterable[type[Table]] | Mapping[type[Table], Each | Callable[[State], int]] = (),
        metrics: Iterable[Metric] = (),
        revenue: Mapping[str, str] | None = None,
        costs: Mapping[str, str] | None = None,
        born: Step | None = None,
        after: str = "trips.step",
    ) -> None:
        super().__init__(name, metrics=metrics, revenue=revenue, costs=costs, step=step)
        self.settings, self.born, self.after = settings, born, after
        self.tables = dict(tables) if isinstance(tables, Mapping) else dict.fromkeys(tables, "person")
        self.module = str(
            sys._getframe(1).f_globals.get("__name__", SCRIPT)
        )  # whoever declares it, as of a named tuple
        self._check()
        self.rows = {
            named: Rows(table, self.tables[table], section=name)  # type: ignore[arg-type]
            for named, table in self.table_names().items()
        }
        self.digest = self._digest()

    def _check(self) -> None:
        if not isinstance(self.name, str) or not WORD.fullmatch(self.name):
            self._refuse(f"its name {self.name!r} must be a word of small letters, digits and _, which names a section")
        if not (isinstance(self.settings, type) and issubclass(self.settings, Settings)):
            self._refuse(f"settings = {self.settings!r}: must be a class that extends Settings")
        for key, field in self.settings.model_fields.items():
            if not isinstance(field.json_schema_extra, dict) or "origin" not in field.json_schema_extra:
                self._refuse(
                    f"{self.name}.{key} says neither that it is decided nor that it is assumed: declare it as "
                    f'{key} = decided.count(300, "cents", "what it means"), or with `assumed`'
                )
        try:
            self.settings()
        except ValidationError as error:
            problem = error.errors()[0]
            key = ".".join(map(str, problem["loc"]))
            self._refuse(f"{self.name}.{key} is {problem['input']!r} by default: {problem['msg']}")
        for what in (self.step, *([] if self.born is None else [self.born])):
            if not callable(what):
                self._refuse(f"{what!r} is no function of the state")
        for table, each in self.tables.items():
            if not (isinstance(table, type) and issubclass(table, Table)):
                self._refuse(f"tables: {table!r} must be a class that extends Table")
            if each not in ("person", "shop", "world") and not callable(each):
                near = nearest(each, ("person", "shop", "world")) if isinstance(each, str) else ""
                self._refuse(
                    f'tables: {table.__name__} has a row for each {each!r}; must be "person", "shop" or "world"{near}'
                )
        for metric in self.metrics:
            if not isinstance(metric, Metric):
                self._refuse(f"metrics: {metric!r} is none: declare it with flow, stock or ratio")
            if not (METRIC.fullmatch(metric.name) and metric.name.startswith(f"{self.name}.")):
                self._refuse(f"metrics: {metric.name!r} must be named {self.name}.thing")
        for reason in (*self.revenue, *self.costs):
            if not re.fullmatch("[a-z_]+", reason):
                self._refuse(f"{reason!r} must be a word of small letters and _, which names a metric")

    def _refuse(self, why: str) -> NoReturn:
        raise BadInput(f"{self!r}: {why}")

    def __repr__(self) -> str:
        return f"<Service {getattr(self, 'name', '')!r} of {getattr(self, 'module', 'nowhere')}>"

    def table_names(self) -> dict[str, type[Table]]:
        """Its tables by the names that a world has them under: the first by that of the service."""
        names = (
            self.name if not at else f"{self.name}_{_in_small(table.__name__)}" for at, table in enumerate(self.tables)
        )
        return dict(zip(names, self.tables, strict=True))

    def is_on(self, world: State) -> bool:
        """Whether it is on today; one without a switch always is."""
        return bool(getattr(world.settings(self.settings), "on", True))

    def live_day(self, world: State) -> None:
        """Step the service a day, if it is on today."""
        if self.is_on(world):
            self.step(world)

    # where it is from

    @property
    def address(self) -> str:
        """`module:NAME`, by which other processes and the command line find it.

        Raises:
            BadInput: it has none: it is a notebook's or a script's, or under no name of its module.
        """
        names = vars(sys.modules.get(self.module) or object).items()
        found = next((name for name, value in names if value is self), None)
        if found is None or self.module == SCRIPT:
            raise BadInput(
                f"service {self.name!r} is declared in a notebook, a script or a function, from which other processes cannot "
                "import it: put it in a module of its own, or let one process do all the work (jobs=1, no cluster)"
            )
        return f"{self.module}:{found}"

    @property
    def is_importable(self) -> bool:
        """Whether other processes can have it."""
        try:
            return bool(self.address)
        except BadInput:
            return False

    def _digest(self) -> str:
        """Hash of the file that declares it, as it is now; of its functions' source where there is no file."""
        file = getattr(sys.modules.get(self.module), "__file__", None)
        if file is not None and Path(file).is_file():
            return hashlib.sha256(Path(file).read_bytes()).hexdigest()
        said = [
            self.settings.model_json_schema(),
            [table.declared.keys() for table in self.tables],
            self.metrics,
            self.revenue,
        ]
        for function in (self.step, self.born):
            try:
                said.append("" if function is None else inspect.getsource(function))
            except (OSError, TypeError):
                said.append("unknown")
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def note(self) -> dict[str, str]:
        """What a manifest says of it."""
        return {"name": self.name, "module": self.module, "file_hash": self.digest}

    def __reduce__(self) -> Any:
        """Pickled by name, as a function is."""
        return called, (self.address,)

    def __copy__(self) -> "Service":
        return self

    def __deepcopy__(self, memo: Any) -> "Service":
        return self


Named = Service | str  # a service, or its name: see `called`
SomeNamed = Named | Iterable[Named]


def check_importable(services: Iterable[Service]) -> None:
    """Refuse services that other processes cannot have.

    Raises:
        BadInput: saying what to do.
    """
    for service in services:
        _ = service.address


def _booked(name: str, meaning: str, label: str) -> Metric:
    return flow(name, "cents", meaning, "less" if name.startswith("cost.") else "more")._replace(label=label)


def _inside(said: str) -> str:
    """A label inside a sentence."""
    return said[:1].lower() + said[1:]


def _in_small(name: str) -> str:
    """`ShopItemColumns` as `shop_item`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Columns")).lower()


def called(named: Named) -> Service:
    """A service by its name, `module:NAME`; a service is itself.

    Modules are looked for where Python looks, and last in the working directory.

    Raises:
        BadInput: there is no such module, it cannot be loaded, or has no service of that name.
    """
    if isinstance(named, Service):
        return named
    if not isinstance(named, str):
        raise BadInput(
            f"service {named!r}: a {type(named).__name__} is no service: give a Service, or its name as module:NAME"
        )
    module_name, colon, name = named.partition(":")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in module_name.split("."))):
        raise BadInput(f"service {named!r}: must be named as module:NAME, as in mygame:GAME for GAME in mygame.py")
    found = getattr(_module(named, module_name), name, None)
    if not isinstance(found, Service):
        services = [key for key, value in vars(sys.modules[module_name]).items() if isinstance(value, Service)]
        what = (
            f"{name} is a {type(found).__name__}, not a Service"
            if found is not None
            else f"{module_name} has no {name}"
        )
        there = f"; there {'is' if len(services) == 1 else 'are'} {', '.join(services)}" if services else ""
        raise BadInput(f"service {named!r}: {what}{nearest(name, services) or there}")
    return found


def all_called(named: SomeNamed) -> tuple[Service, ...]:
    """Services by their names, each once, in order; a single one is as good as a list of it.

    Raises:
        BadInput: one cannot be had; see `called`.
    """
    return tuple(dict.fromkeys(map(called, [named] if isinstance(named, Named) else named)))


def _module(named: str, name: str) -> Any:
    """The module of that name."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # at the end, so that nothing there is taken for a module of Python's or of ours
    try:
        return importlib.import_module(name)
    except Exception as problem:
        if isinstance(problem, ModuleNotFoundError) and (problem.name or "") in (name, name.partition(".")[0]):
            files = [path.stem for path in Path.cwd().glob("*.py")]
            raise BadInput(
                f"service {named!r}: there is no module {name!r} here or where Python looks{nearest(name, files)}"
            ) from None
        if isinstance(problem, BadInput):
            raise
        said = f"{type(problem).__name__}: {problem}"
        raise BadInput(f"service {named!r}: its module cannot be loaded: {said}") from problem
