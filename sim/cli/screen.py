"""The screen: tables on stdout for people and machines, progress and what else there is to say on stderr."""

import codecs
import contextlib
import csv
import datetime
import json
import sys
import textwrap
import time
import unicodedata
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
    "title",
    "services on",
    "metric",
    "scenario",
    "levers at their best",
    "phase",
    "unit",
    "kind",
    "better",
    "origin",
    "meaning",
    "source",
    "what happens",
    "start",
)  # the rest: right
WHOLE = {"name", "title", "metric", "scenario", "phase"}  # the last to be broken over lines
NARROW, MOST = {"value", "unit"}, 18  # columns that need not be wider
BETWEEN = 3  # characters between two columns


SPELLED_OUT = "hongbao.spelled"  # what codecs call it
SPELLED = {"−": "-", "–": "-", "—": "-", "‑": "-", "…": "...", "×": "x", "·": ".", "≥": ">=", "≤": "<=", "±": "+-",
           "→": "->", "‘": "'", "’": "'", "“": '"', "”": '"', "─": "-", "│": "|"}  # fmt: skip


def _spelled(problem: UnicodeError) -> tuple[str, int]:
    """What a terminal's encoding lacks, in letters that every one has: a minus sign must not be lost."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    letters = problem.object[problem.start : problem.end]
    plain = (SPELLED.get(it) or unicodedata.normalize("NFKD", it).encode("ascii", "ignore").decode() for it in letters)
    return "".join(it or "?" for it in plain), problem.end


codecs.register_error(SPELLED_OUT, _spelled)


class Told(Protocol):
    """What progress is told with: so many done, of so many, and a few words more."""

    def __call__(self, done: int, total: int, more: str = "") -> None:
        """Show it."""


def quiet() -> bool:
    """Whether the command was asked to say no more than its answer and its errors."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get("quiet"))


def say(message: str, always: bool = False) -> None:
    """A line on stderr; where the command was told to be quiet, only what `always` must be said."""
    if always or not quiet():
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
    click.echo(title)
    screen = console()
    widths = _widths(rows, screen.width)
    if sum(widths.values()) + BETWEEN * len(widths) > screen.width:
        click.echo("\n".join(_listed(rows, screen.width)))
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for key, width in widths.items():
        table.add_column(key.replace("_", " "), justify="left" if key in LEFT else "right", width=width)
    for row in rows:
        table.add_row(*(plain(value) for value in row.values()))
    screen.print(table)


def _widths(rows: Sequence[Row], room: int) -> dict[str, int]:
    """Characters of each column: its longest word at least, and what is left where most lines would be broken."""
    cells = {key: [key.replace("_", " "), *(plain(row[key]) for row in rows)] for key in rows[0]}
    widths = {key: max(len(word) for cell in said for word in cell.split(" ")) for key, said in cells.items()}
    wanted = {key: max(map(len, said)) for key, said in cells.items()}
    for key in NARROW & set(wanted):
        wanted[key] = max(widths[key], min(wanted[key], MOST))
    for keys in (WHOLE, wanted):
        for _ in range(room - BETWEEN * len(widths) - sum(widths.values())):
            short = {
                key: wanted[key] / max(1, widths[key]) for key in wanted if key in keys and widths[key] < wanted[key]
            }
            if not short:
                break
            widths[max(short, key=short.__getitem__)] += 1
    return widths


def _listed(rows: Sequence[Row], room: int) -> Iterator[str]:
    """Rows one below the other, where they do not fit side by side: a narrow terminal loses nothing."""
    for row in rows:
        said = [(key.replace("_", " "), plain(value)) for key, value in row.items() if plain(value)]
        names = [value for key, value in said if key in WHOLE]
        rest = "; ".join(f"{key} {value}".strip() for key, value in said if key not in WHOLE)
        yield from textwrap.wrap(
            f"{', '.join(names)}: {rest}" if names else rest,
            max(room, 20),
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


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

    A bar on a terminal, else a line now and then; nothing where the command was told to be quiet.
    """
    if quiet():
        yield lambda done, total, more="": None
        return
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
