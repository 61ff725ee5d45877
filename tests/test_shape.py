"""The shape of the code: what would make it hard to read or to trust fails here. Floors are held by lint-imports."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import sim
from sim.day import DAY, PARTS, doing, name_of
from sim.engine.columns import Table
from sim.engine.settings import Parameter
from sim.ground.metrics import Metric
from sim.scenario import SECTIONS, Scenario
from sim.world import World

ROOT = Path(sim.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py"))
MARKETS = (
    "messaging", "payments", "bills", "stickers", "shopping", "assistant", "support", "subscriptions", "advertising", "rides", "trips", "banking",
    "company",
)  # fmt: skip
SERVICES = sorted(path for market in MARKETS for path in (ROOT / market).glob("*.py") if path.stem != "__init__")
MODULES: list[ModuleType] = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(sim.__path__, "sim.")
    if found.name != "sim.__main__"
]
SETTINGS = Scenario().parameters()
TABLES = sorted(
    {
        it
        for m in MODULES
        for it in vars(m).values()
        if isinstance(it, type) and issubclass(it, Table) and it is not Table
    },
    key=lambda table: table.__name__,
)
LONGEST = 400  # lines of code: above this a file holds two ideas
VAGUE = {"utils", "util", "manager", "base", "helper", "helpers", "common", "misc", "core"}
GLOBAL = {"users", "revenue", "cost", "profit", "welfare", "trust", "satisfaction", "habit", "ledger"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# settings, columns, metrics


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_says_what_it_is(setting: Parameter) -> None:
    assert setting.origin in ("decided", "assumed")
    assert setting.unit, "no unit"
    assert setting.meaning, "no meaning"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_default_lies_in_its_plausible_range(setting: Parameter) -> None:
    if isinstance(setting.value, int | float) and setting.low is not None and setting.high is not None:
        assert setting.low <= setting.value <= setting.high


def test_sections_are_named_after_the_classes_and_files_that_declare_them() -> None:
    for section in SECTIONS:
        declared = type(getattr(Scenario(), section))
        assert declared.__name__ == "".join(word.capitalize() for word in section.split("_")) + "Settings"
        home = declared.__module__.rsplit(".", 1)[-1]
        assert section in (home, f"{home}s", "run") or home == "terms", (  # a firm's file is singular
            f"[{section}] is declared in {home}.py"
        )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_column_says_what_it_is(table: type[Table]) -> None:
    assert table.declared
    for column in table.declared.values():
        assert column.meaning, column.name


def test_every_metric_says_what_it_is_and_is_declared_once() -> None:
    declared = [metric for part in PARTS for metric in part.metrics]
    names = [metric.name for metric in declared]
    assert len(names) == len(set(names)), "declared twice"
    declared += [metric for part in PARTS for metric in part.booked]  # several markets may pay the company a commission
    names = [metric.name for metric in declared]
    for metric in declared:
        assert metric.unit, metric.name
        assert metric.meaning, metric.name
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", metric.name), f"{metric.name} is not service.thing"
        assert metric.kind in ("flow", "stock", "ratio"), metric.name
        assert metric.better in ("more", "less", "neither"), metric.name
        assert (metric.of is not None) == (metric.kind == "ratio"), metric.name
        assert set(metric.of or ()) <= set(names), f"{metric.name} divides what nobody measures"


def test_of_what_is_bad_less_is_better_and_of_circumstances_neither() -> None:
    """Who "is best" hangs on this: as many as leave, return or go without must not count as a success."""
    better = {metric.name: metric.better for part in PARTS for metric in part.measured}
    bad = (
        "trust.said_leaving trust.headlines attention.installs attention.rival lucky_money.returned rides.unserved "
        "rides.wait_minutes bills.late banking.losses banking.defaults support.public_share support.abandoned "
        "support.wait_seconds advertising.nuisance advertising.unserved regulator.found regulator.fines shopping.unmet "
        "shopping.unaffordable promotion.distortion assistant.hidden users.left cost.total cost.fines ledger.imbalance"
    )
    neither = "clock.festival advertising.slots advertising.shown merchants.price shopping.needs steering.lever"
    good = "profit.total revenue.total welfare.users users.daily wallet.payments trust.mean support.satisfaction"
    for names, way in ((bad, "less"), (neither, "neither"), (good, "more")):
        assert {name for name in names.split() if better[name] != way} == set()
    costs = {name for name in better if name.startswith("cost.")}
    assert len(costs) > 2
    assert {better[name] for name in costs} == {"less"}


def test_a_metric_is_named_after_its_file_or_market_or_is_global() -> None:
    for module in MODULES:
        _, *folder, home = module.__name__.split(".")
        for metric in _metrics_of(module):
            assert metric.name.partition(".")[0] in {home, f"{home}s", *folder, *GLOBAL}, metric.name


def _metrics_of(module: ModuleType) -> tuple[Metric, ...]:
    found = getattr(module, "METRICS", ())
    return found if isinstance(found, tuple) else ()  # the world's own is the sum of all


def test_the_world_measures_every_metric_declared() -> None:
    declared = {metric.name for part in PARTS for metric in part.measured}
    assert {metric.name for module in MODULES for metric in _metrics_of(module)} <= declared, "in no part"
    world = World(Scenario.make(run={"users": 50, "days": 1}))
    assert set(world.metrics) == declared
    world.close()


# a day


def test_every_phase_says_what_happens() -> None:
    for phase in DAY:
        first = (inspect.getdoc(doing(phase)) or "").partition("\n")[0]
        assert first.endswith("."), f"{name_of(phase)} has no sentence"
    assert len({name_of(phase) for phase in DAY}) == len(DAY), "two phases of one name cannot be told apart"


# files


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_file_holds_two_ideas(path: Path) -> None:
    lines = _lines_of_code(path.read_text(encoding="utf-8"))
    assert lines <= LONGEST, f"{lines} lines of code"


def _lines_of_code(text: str) -> int:
    """Lines without blank ones, comments and docstrings."""
    said: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            said |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for number, line in lines if number not in said and line.strip() and not line.lstrip().startswith("#"))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_file_names_are_plain_and_shadow_nothing(path: Path) -> None:
    for part in path.relative_to(ROOT).with_suffix("").parts:
        assert part.startswith("__") or part not in sys.stdlib_module_names, f"{part} is a module of Python's"
        assert part not in VAGUE


@pytest.mark.parametrize("path", SERVICES, ids=named)
def test_a_service_is_in_the_one_order(path: Path) -> None:
    """What it is, settings, columns, metrics, then rules and kernels, then its step."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    places = [place for place in map(_place_in_the_order, tree.body) if place is not None]
    assert places == sorted(places)


def _place_in_the_order(node: ast.stmt) -> int | None:
    if isinstance(node, ast.ClassDef):
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        return 0 if "Settings" in bases else 1 if "Table" in bases else None
    if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "METRICS" for t in node.targets):
        return 2
    if isinstance(node, ast.FunctionDef):
        return 4 if node.name == "step" else 3 if _is_compiled(node) else None
    return None


def _is_compiled(node: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id in ("rule", "kernel") for mark in node.decorator_list)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_rule_has_about_a_dozen_names(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(getattr(m, "id", "") == "rule" for m in node.decorator_list):
            assert len(node.args.args) <= 14, node.name


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_class_does_everything(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            assert (node.end_lineno or 0) - node.lineno <= 300, node.name


# the package


def test_everything_public_can_be_had() -> None:
    for name in sim.__all__:
        assert getattr(sim, name) is not None
    assert set(sim.__all__) <= set(dir(sim))
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        sim.nothing_of_that_name  # noqa: B018
