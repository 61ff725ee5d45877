"""Declared: the metrics and tables of a world, and the memory they take, with those of services of one's own."""

import functools
from collections.abc import Callable, Iterable

from sim import day as days
from sim.engine.names import nearest
from sim.engine.settings import BadInput
from sim.ground.friends.friends import Friends
from sim.ground.metrics import Metric
from sim.scenario import Scenario
from sim.service import Part, Rows, Service
from sim.shopping import merchant
from sim.state import Planned


def _metrics(parts: Iterable[Part]) -> dict[str, Metric]:
    """By name: what the parts measure, streams of revenue and kinds of cost beside the company's totals."""
    parts = tuple(parts)
    booked = [metric for part in parts for metric in part.booked]
    own = [metric for part in parts for metric in part.metrics]
    return {metric.name: metric for metric in (*booked, *own)}


METRICS: dict[str, Metric] = _metrics(days.PARTS)
TABLES: dict[str, Rows] = {name: rows for part in days.PARTS for name, rows in part.rows.items()}
ROWS: dict[str, Callable[[Planned], int]] = {  # of a table, by what it has a row for
    "person": lambda world: world.size,
    "shop": merchant.rows_needed,
    "world": lambda world: 1,
}


def rows_needed(rows: Rows, world: Planned) -> int:
    """How many rows a world needs of a table: none where its service can never be on."""
    if not world.scenario.can_be_on(rows.section):
        return 0
    return (rows.each if callable(rows.each) else ROWS[rows.each])(world)


# with services of one's own


@functools.cache
def metrics_of(services: tuple[Service, ...]) -> dict[str, Metric]:
    """Every metric that a world with these services of one's own measures, by name.

    Raises:
        BadInput: a service declares what is declared already, or divides what nobody measures.
    """
    check(services)
    return METRICS | {metric.name: metric for service in services for metric in service.measured}


@functools.cache
def tables_of(services: tuple[Service, ...]) -> dict[str, Rows]:
    """Every table of a world with these services of one's own, by name."""
    return TABLES | {name: rows for service in services for name, rows in service.rows.items()}


@functools.cache
def check(services: tuple[Service, ...]) -> None:
    """Refuse services of one's own that do not go together with the model, or with each other.

    Raises:
        BadInput: naming the service, what is wrong and the nearest right name.
    """
    metrics, tables = dict.fromkeys(METRICS, "the model"), dict.fromkeys(TABLES, "the model")
    for service in services:
        for taken, what, names in (
            (metrics, "metric", [metric.name for metric in service.measured]),
            (tables, "table", list(service.rows)),
        ):
            for name in names:
                if name in taken:
                    raise BadInput(
                        f"{service!r}: {what} {name} is declared by {taken[name]} already: give it another name"
                    )
                taken[name] = f"service {service.name!r}"
    for service in services:
        for metric in service.metrics:
            for part in metric.of or ():
                if part not in metrics:
                    raise BadInput(
                        f"{service!r}: {metric.name} divides {part!r}, which nobody measures{nearest(part, metrics)}"
                    )
    days.phases(services)


def memory(scenario: Scenario, friends: Friends | None = None) -> dict[str, int]:
    """Bytes that a world of this scenario takes, by part, and in total; exact for the network where that is given."""
    people, planned = scenario.run.users, Planned(scenario)
    parts = {
        "network": friends.bytes if friends else Friends.bytes_expected(scenario.friends, people),
        "accounts": people * 16,
        "a day's work": people * 40,
    }
    for part in (*days.PARTS, *scenario.services):
        columns = sum(_bytes(rows, planned) for rows in part.rows.values())
        if columns:
            parts[part.name] = columns
    return parts | {"total": sum(parts.values())}


def _bytes(rows: Rows, world: Planned) -> int:
    """Bytes of a table, and of its rows' accounts."""
    return rows_needed(rows, world) * (rows.table.bytes_per_row() + 8 * rows.account)
