"""Looking through long lists: what commands that list things share."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import click

from sim.cli.errors import Failed

Pattern = re.Pattern[str]
SHORT = 4  # letters of a word that is looked for as it stands: without its s, "ads" is in every load


class Named(Protocol):
    """What can be looked for: it has a name, and says what it means."""

    @property
    def name(self) -> str:
        """By which it is known."""

    @property
    def meaning(self) -> str:
        """In words."""


Listed = TypeVar("Listed", bound=Named)


def _read_pattern(ctx: click.Context, param: click.Parameter, value: str | None) -> Pattern | None:
    if value is None:
        return None
    if value.isalpha() and len(value) > SHORT and value.lower().endswith("s"):
        value = value[:-1]  # whoever looks for adverts means advertising too
    try:
        return re.compile(value, re.IGNORECASE)
    except re.error as problem:
        raise click.BadParameter(f"{value!r} is no regular expression: {problem}") from None


GREP: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--grep",
    "wanted",
    metavar="TEXT",
    callback=_read_pattern,
    help="Only what has this in its name or meaning; a regular expression, capitals or not.",
)


def searched(rows: Sequence[Listed], wanted: Pattern | None, kind: str) -> list[Listed]:
    """Those that have what is wanted in their name or meaning, in order.

    Args:
        kind: what one of them is called.

    Raises:
        Failed: there are none; with exit code 1, as grep has it.
    """
    found = [row for row in rows if wanted is None or wanted.search(row.name) or wanted.search(row.meaning)]
    if not found and wanted is not None:
        from sim.engine.names import nearest

        near = nearest(wanted.pattern, [part for row in rows for part in (row.name, *row.name.split("."))])
        raise Failed(f"no {kind} has {wanted.pattern!r} in its name or meaning{near}", 1)
    return found
