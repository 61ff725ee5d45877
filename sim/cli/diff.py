"""`hongbao diff`: in which settings two scenarios or results differ, and for two runs in which metrics."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sim.cli.options import DEBUG, FORMAT, PATH, SERVICE
from sim.cli.screen import Row, say, show

if TYPE_CHECKING:
    from sim.results.runs import Result
    from sim.scenario import Scenario

MOST = 12  # metrics that a table shows; --format json has every one that differs


class Side(NamedTuple):
    """One scenario of what is compared, and the run where it comes from one."""

    name: str
    scenario: "Scenario"
    run: "Result | None"


@click.command()
@click.argument("one", type=PATH)
@click.argument("other", type=PATH)
@SERVICE
@FORMAT
@DEBUG
def diff(one: Path, other: Path, services: Sequence[str], form: str) -> None:
    """Say in which settings ONE and OTHER differ: scenarios, or folders of runs or comparisons.

    Of two runs also in which metrics, those first that differ most. The scenarios of comparisons are taken by name, and a
    single one beside each.
    """
    pairs = list(_pairs(_sides(one, services), _sides(other, services), one, other))
    rows = [row for mine, theirs in pairs for row in _settings(mine, theirs, len(pairs) > 1)]
    runs = [(mine.run, theirs.run) for mine, theirs in pairs]
    measured = _metrics(*runs[0]) if len(runs) == 1 else []
    if form == "json":
        click.echo(json.dumps({"settings": rows, "metrics": measured}, indent=2))
    elif form == "csv":
        click.echo("", nl=False) if not rows else show(rows, form)
    else:
        _show(rows, measured, f"{one} and {other}")
    for mine, theirs in runs:
        if mine and theirs and mine.seed != theirs.seed:
            say(f"the runs have seeds {mine.seed} and {theirs.seed}: some of what differs is luck")


# Reading


def _sides(path: Path, services: Sequence[str]) -> list[Side]:
    """The scenarios that a path leads to: of a file, of a run, or all of a comparison."""
    from sim.engine.settings import BadInput
    from sim.ground.paths import kind_of
    from sim.results.comparisons import Comparison
    from sim.results.runs import Result
    from sim.scenario import Scenario

    if not path.is_dir():
        scenario = Scenario.load(path, services=services)
        return [Side(scenario.name, scenario, None)]
    kind = kind_of(path)
    if kind == "run":
        return [Side((run := Result.load(path)).name, _lived(path, services), run)]
    if kind == "comparison":
        found = Comparison.load(path)
        places = {name: found.runs[name, found.seeds[0]] for name in found.scenarios}
        return [Side(name, _lived(place, services), None) for name, place in places.items() if isinstance(place, Path)]
    holds = f"holds a {kind}" if kind else "holds no result"
    raise BadInput(f"{path} {holds}: diff takes scenarios, and folders of runs and comparisons")


def _lived(folder: Path, services: Sequence[str]) -> "Scenario":
    """The scenario that a run lived, every value that applied."""
    from sim.scenario import Scenario

    return Scenario.load(folder / "scenario.toml", services=services)


def _pairs(ones: list[Side], others: list[Side], one: Path, other: Path) -> Iterator[tuple[Side, Side]]:
    """Which is held against which: a single one against each, else those of the same name.

    Raises:
        BadInput: both hold several, and none has the same name.
    """
    from sim.engine.settings import BadInput

    if len(ones) == 1 or len(others) == 1:
        yield from ((mine, theirs) for mine in ones for theirs in others)
        return
    named = {side.name: side for side in others}
    both = [(side, named[side.name]) for side in ones if side.name in named]
    if not both:
        lists = [", ".join(side.name for side in sides) for sides in (ones, others)]
        raise BadInput(f"{one} has {lists[0]}, {other} has {lists[1]}: no scenario has the same name in both")
    for path, sides in ((one, ones), (other, others)):
        if alone := [side.name for side in sides if side.name not in [mine.name for mine, _ in both]]:
            say(f"only in {path}: {', '.join(alone)}")
    yield from both


# What differs


def _settings(mine: Side, theirs: Side, several: bool) -> list[dict[str, Any]]:
    from sim.differences import differences

    names = (mine.name, theirs.name) if mine.name != theirs.name else ("one", "other")
    rows = []
    for name, value, other, origin in differences(mine.scenario, theirs.scenario):
        pair = {"scenario": mine.name if mine.name == theirs.name else " and ".join(names)} if several else {}
        keys = ("one", "other") if several else names
        rows.append(pair | {"name": name, keys[0]: value, keys[1]: other, "origin": origin})
    return rows


def _metrics(mine: "Result | None", theirs: "Result | None") -> list[dict[str, Any]]:
    """Metrics of both runs that differ, by how much of their mean size; none where one is a scenario that nobody ran."""
    if mine is None or theirs is None:
        return []
    rows = []
    for name, metric in mine.metrics.items():
        value, other = mine.summary[name], theirs.summary.get(name)
        if other is None or value == other:
            continue
        apart = (other - value) / ((abs(value) + abs(other)) / 2)
        rows.append({"metric": name, "one": value, "other": other, "unit": metric.unit, "apart": apart})
    return sorted(rows, key=lambda row: -abs(row["apart"]))


# What the screen shows


def _show(rows: Sequence[Mapping[str, Any]], measured: Sequence[Mapping[str, Any]], title: str) -> None:
    from sim.report.wording import counted, measure

    if not rows:
        click.echo(f"{title}: every setting is the same")
    else:
        said: list[Row] = [{key: "" if it is None else it for key, it in row.items()} for row in rows]
        show(said, "table", f"{title}: {counted(len(rows), 'setting')} differ" + ("s" if len(rows) == 1 else ""))
    if not measured:
        return
    shown: list[Row] = [
        {
            "metric": row["metric"],
            "one": measure(row["one"], row["unit"]),
            "other": measure(row["other"], row["unit"]),
            "apart": f"{100 * row['apart']:+.0f} %",
        }
        for row in measured[:MOST]
    ]
    rest = f", the most first; {len(measured) - MOST} more with --format json" if len(measured) > MOST else ""
    show(shown, "table", f"{counted(len(measured), 'metric')} differ, as a share of their mean size{rest}")
