"""The shape of the code: what would make it hard to read or to trust fails here. Floors are held by lint-imports."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
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


def _noted_as_text(tree: ast.AST) -> Iterator[int]:
    """Lines on which a metric is noted, or asked for, by a name in quotes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            values = {"note": 2, "add": 2, "note_slowly": 2, "noted": 1}.get(node.func.attr)
            if len(node.args) == values and any(_is_text(part) for part in ast.walk(node.args[0])):
                yield node.lineno


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_no_metric_is_noted_by_a_string() -> None:
    """By its object a metric is found where it is declared; by a string a slip is found only by a run."""
    texts = {named(path): list(_noted_as_text(ast.parse(path.read_text(encoding="utf-8")))) for path in FILES}
    assert {name: lines for name, lines in texts.items() if lines} == {}
    for text in ('state.note("a.b", 1)', 'state.add(f"a.{x}", 1)', 'state.noted("a.b")', 'state.add("a." + x, 1)'):
        assert list(_noted_as_text(ast.parse(text))) == [1], text
    assert list(_noted_as_text(ast.parse('state.add(SOLD, 1); seen.add("word")'))) == []


def test_every_metric_declared_is_noted_unless_it_is_a_ratio() -> None:
    """Breaks where a metric is declared and forgotten: it would be 0 for ever. Revenue and costs are noted by their part."""
    used = {metric.name for module in MODULES for metric in _metrics_used_in(module)}
    for part in PARTS:
        flows = {metric.name for metric in part.metrics if metric.kind != "ratio"}
        assert flows - used <= {"welfare.gaining_share"}, part.name  # of a comparison of two runs


def _metrics_used_in(module: ModuleType) -> Iterator[Metric]:
    """The metrics that a file's functions, or the tables they go through, name."""
    for statement in ast.parse(inspect.getsource(module)).body:
        targets = [target.id for target in getattr(statement, "targets", ()) if isinstance(target, ast.Name)]
        declares = targets == ["METRICS"] or any(isinstance(vars(module).get(name), Metric) for name in targets)
        if declares or isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for node in ast.walk(statement):
            home, name = None, ""
            if isinstance(node, ast.Name):
                home, name = module, node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                home, name = getattr(module, node.value.id, None), node.attr
            found = getattr(home, name, None) if isinstance(home, ModuleType) else None
            table = found.values() if isinstance(found, dict) and name != "METRICS" else ()
            yield from (it for it in (found, *table) if isinstance(it, Metric))


# a day


def test_every_phase_says_what_happens() -> None:
    for phase in DAY:
        first = (inspect.getdoc(doing(phase)) or "").partition("\n")[0]
        assert first.endswith("."), f"{name_of(phase)} has no sentence"
    assert len({name_of(phase) for phase in DAY}) == len(DAY), "two phases of one name cannot be told apart"


def test_a_service_of_the_package_touches_its_folder_and_two_lines() -> None:
    """Stickers stand for all: beside their folder they are named in scenario.py (a section) and day.py (a phase), no more.

    Their staff and development are lines of [running], and colours of streams are fixed by name. Breaks where a list of
    services is kept by hand.
    """
    named_in = {
        named(path): sum("stickers" in line.lower() for line in path.read_text(encoding="utf-8").splitlines())
        for path in FILES
        if "stickers" not in path.relative_to(ROOT).parts
    }
    imports = 1  # beside the line itself
    assert named_in["scenario.py"] == named_in["day.py"] == 1 + imports
    others = {name for name, lines in named_in.items() if lines} - {"scenario.py", "day.py"}
    assert others == {
        "company/running.py",  # its staff and development
        "report/colours.py", "report/published.py",  # its colour, and the published stream it stands beside
        "experiments/levers.py", "experiments/limits/rivalry.py",  # its lever in `validate --levers`, a check's example
    }  # fmt: skip


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
    return any(
        isinstance(mark, ast.Name) and mark.id in ("rule", "inlined_rule", "kernel") for mark in node.decorator_list
    )


TOO_LARGE = {  # what is above a limit, and why; there should be fewer than five
    "ground/friends/friends.py: Friends": "what a network can be asked, made from and written as, one subject",
    "scenario.py: Scenario": "its sections are its fields: one a part of the model",
}


def _defined(path: Path) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef, int]]:
    """Every class and function of a file: its name, what it is, its lines of code without its docstring."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            body = lines[node.lineno - 1 : node.end_lineno]
            said = ast.get_docstring(node, clean=False) or ""
            code = sum(1 for line in body if line.strip() and not line.lstrip().startswith("#"))
            yield f"{named(path)}: {node.name}", node, code - sum(1 for line in said.splitlines() if line.strip())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_rules_and_kernels_can_be_taken_in_at_a_glance(path: Path) -> None:
    """A kernel only loops; what it is about stands in rules. Bundles of columns, terms and scratch count as one name."""
    for name, node, code in _defined(path):
        if isinstance(node, ast.FunctionDef) and _is_compiled(node):
            assert code <= 60, f"{name} has {code} lines of code"
            assert len(node.args.args) <= 12, f"{name} takes {len(node.args.args)} arguments"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_function_or_class_does_everything(path: Path) -> None:
    for name, node, code in _defined(path):
        most = 150 if isinstance(node, ast.ClassDef) else 60 if _is_compiled(node) else 50
        assert code <= most or name in TOO_LARGE, f"{name} has {code} lines of code"


def test_few_are_too_large_and_all_are_there() -> None:
    assert len(TOO_LARGE) < 5
    large = {name for path in FILES for name, _, code in _defined(path) if code > 150}
    assert large == set(TOO_LARGE), "what is no longer too large, or is gone, needs no excuse"


# the package


def test_everything_public_can_be_had() -> None:
    for name in sim.__all__:
        assert getattr(sim, name) is not None
    assert set(sim.__all__) <= set(dir(sim))
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        sim.nothing_of_that_name  # noqa: B018
