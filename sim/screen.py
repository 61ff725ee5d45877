"""The screen: tables on stdout for people and machines, progress and what else there is to say on stderr."""

import contextlib
import csv
import datetime
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]
PIPE_WIDTH = 160  # characters a line where there is no terminal to ask
SAY_EVERY = 10.0  # seconds between lines of progress where there is no terminal
LEFT = (
    "name",
    "metric",
    "scenario",
    "phase",
    "unit",
    "origin",
    "meaning",
    "source",
    "what happens",
    "start",
)  # the rest: right
WHOLE = ("name", "metric", "scenario", "phase")  # never broken over lines


class Told(Protocol):
    """What progress is told with: so many done, of so many, and a few words more."""

    def __call__(self, done: int, total: int, more: str = "") -> None:
        """Show it."""


def say(message: str) -> None:
    """A line on stderr."""
    click.echo(f"hongbao: {message}", err=True)


def show(rows: Sequence[Row], form: str, title: str = "") -> None:
    """Put rows of the same keys on stdout: as a table, CSV or JSON."""
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    if form == "csv":
        out = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for key in rows[0]:
        table.add_column(
            key.replace("_", " "),
            justify="left" if key in LEFT else "right",
            no_wrap=key in WHOLE,
            min_width=_unbroken(key, rows),
            max_width=18 if key in ("value", "unit") else None,
        )
    for row in rows:
        table.add_row(*(plain(value) for value in row.values()))
    click.echo(title)
    screen, between = console(), 3  # characters between two columns
    screen.width = max(screen.width, sum((column.min_width or 0) + between for column in table.columns))
    screen.print(table)


def _unbroken(key: str, rows: Sequence[Row]) -> int:
    """Characters of a column's longest word: a narrow terminal breaks lines, never a number."""
    cells = [key.replace("_", " "), *(plain(row[key]) for row in rows)]
    return max(len(part) for cell in cells for part in ([cell] if key in WHOLE else cell.split(" ")))


def plain(value: Any) -> str:
    """A value as people write it: four digits that count, thousands apart."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, int | float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def console(stderr: bool = False) -> "Console":
    """A screen to write on, wide enough for tables where it is none."""
    from rich.console import Console

    screen = Console(stderr=stderr, highlight=False)
    if not screen.is_terminal:
        screen.width = PIPE_WIDTH
    return screen


@contextlib.contextmanager
def progress(unit: str) -> Iterator[Told]:
    """A function to tell of (so many done, of so many, more words); it shows them on stderr with the time left.

    A bar on a terminal, else a line now and then.
    """
    screen = console(stderr=True)
    if screen.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        words, more_words = TextColumn("{task.description}"), TextColumn("{task.fields[more]}")
        columns = (words, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), more_words)
        with Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task(unit, total=None, more="")
            yield lambda done, total, more="": bar.update(task, completed=done, total=total, more=more)
        return
    first: tuple[float, int] | None = None  # when the first were done, and how many: what came before was compiling
    said = time.monotonic()

    def tell(done: int, total: int, more: str = "") -> None:
        nonlocal first, said
        now = time.monotonic()
        if first is None:
            first, said = (now, done), now  # of runs side by side the next is done at once: it says nothing of the pace
        elif now - said >= SAY_EVERY and done > first[1]:
            left = datetime.timedelta(seconds=round((now - first[0]) / (done - first[1]) * (total - done)))
            say(f"{unit} {done:,} of {total:,}, {left} left{more and ', '}{more}")
            said = now

    yield tell
