"""Cells: what a line of a text of ties holds, what parts it, what its columns are called, and what names people."""

import csv
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput

SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "spaces"}
OF_TIES = (  # how the columns of the two ends of a tie are called
    ("source", "target"), ("from", "to"), ("src", "dst"), ("src", "dest"), ("sender", "receiver"),
    ("sender", "recipient"), ("fromnodeid", "tonodeid"), ("fromid", "toid"), ("fromnode", "tonode"),
    ("sourceid", "targetid"), ("sourceuser", "targetuser"), ("node1", "node2"), ("user1", "user2"), ("id1", "id2"),
    ("nodeid1", "nodeid2"), ("userid1", "userid2"), ("person1", "person2"), ("follower", "followee"),
    ("person", "friend"), ("user", "friend"), ("userid", "friendid"),
)  # fmt: skip
MOST_COLUMNS = 4  # without a line that names them: two people, a weight and a time, as SNAP has them
MOST_LISTED = 6  # columns that are named in a line
SAMPLE = 200  # lines by which it is judged whether two separators would do
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)  # with a point or with a comma
GROUPED = re.compile(r"\d{1,3}([.,' \u00a0\u202f_]\d{3})+|[+-]?\d+(\s+\d+)+|\d+\s*#.*")  # 1'000; 1 2; 1 # comment
PLAIN = re.compile(r"\d+", re.ASCII)
MISSING = {"", "na", "n/a", "nan", "-nan", "null", "inf", "-inf"}  # in a column of numbers
ATTRIBUTES = re.compile(r"\{('[^{}]*': [^{}]*)?\}\s*$")  # networkx ends its lines with {} or {'weight': 1.0}
NAME_THEM = "put a line before the first that names the columns, those of the two people source and target"


class Line(NamedTuple):
    """A line that says something: its number in the file, from 1, and its text."""

    number: int
    text: str


def split(text: str, separator: str) -> list[str]:
    """The cells of a line, without the blanks around them."""
    if separator == " ":
        return text.split("#")[0].split()
    return [cell.strip() for cell in next(csv.reader([text], delimiter=separator, strict=True))]


def is_comment(text: str) -> bool:
    """Whether a line is one, in the manner of SNAP (#), Matrix Market and KONECT (%)."""
    return text.lstrip()[:1] in ("#", "%")


def separator_of(text: str) -> str:
    """What parts the cells of a line: the first of tab, semicolon, bar and comma that it holds, else blanks.

    A comma after a semicolon is a decimal comma or part of a name; where a separator would leave two numbers in one
    cell, it is blanks that part them.
    """
    bare = re.sub(r'"[^"]*"', "", text)
    for separator in SEPARATORS:
        if separator in bare.strip(" ") and not any(re.search(r"\d\s+[\d-]", it) for it in bare.split(separator)):
            return separator
    return " "


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with a decimal point or a decimal comma."""
    return NUMBER.fullmatch(cell) is not None


def named_ends(names: Sequence[str]) -> tuple[int, int] | None:
    """Which columns hold the two ends of a tie, by their names; None where these do not say."""
    plain = [re.sub(r"[\W_]+", "", name.casefold()) for name in names]
    found = [
        (plain.index(one), plain.index(other))
        for one, other in OF_TIES
        if plain.count(one) == 1 and plain.count(other) == 1
    ]
    return found[0] if found and (len(found) == 1 or found[0] == _places(plain, OF_TIES[0])) else None


def _places(names: Sequence[str], pair: tuple[str, str]) -> tuple[int, ...]:
    return tuple(names.index(name) for name in pair if name in names)


def two_columns(where: str, names: Sequence[str]) -> tuple[int, int]:
    """Which columns hold the two ends of a tie, where all of them have names.

    Raises:
        BadInput: the names do not say.
    """
    if (ends := named_ends(names)) is not None:
        return ends
    if len(names) == 2:
        return 0, 1
    raise BadInput(
        f"{where}: {len(names)} column{'s' if len(names) != 1 else ''} ({', '.join(map(repr, names[:8]))}); "
        "there must be two, or among more those named source and target: name them so"
    )


def as_numbers(labels: Sequence[str]) -> NDArray[Any]:
    """Labels as whole numbers if each is one in its plain form, else as they are written."""
    words = np.asarray(labels, dtype=str)
    try:
        numbers = words.astype(np.int64)
    except (ValueError, OverflowError):
        return words
    return numbers if bool((numbers.astype(str) == words).all()) else words


def kind_of(labels: NDArray[Any]) -> str:
    """What identifiers were taken for, in words."""
    if labels.dtype.kind in "iu":
        return "whole numbers"
    if all(PLAIN.fullmatch(label) for label in labels.tolist()):
        zeros = any(label[0] == "0" and len(label) > 1 for label in labels.tolist())
        return f"digits as they are written, since some {'begin with 0' if zeros else 'are above 2^63'}"
    return "names"


def form_of(separator: str, header: Sequence[str] | None, columns: int, ends: tuple[int, int]) -> dict[str, str]:
    """What a text was taken for, in words; who the people are is added when they are known."""
    called = [f"column {number}" for number in range(1, columns + 1)] if header is None else list(header)
    form = {
        "separator": SEPARATORS[separator],
        "header": "none" if header is None else listed(header),
        "people_in": " and ".join(listed([called[end]]) for end in ends),
    }
    return form | {"weights": not_used(called, ends)}


def not_used(names: Sequence[str], ends: tuple[int, int]) -> str:
    """What is said of the columns besides those of people: ties are all alike, whatever weight or time they have."""
    return listed([name for at, name in enumerate(names) if at not in ends]) or "none"


def listed(names: Sequence[str]) -> str:
    """Names of columns for people to read: not all of very many, and nothing that would move a terminal's cursor."""
    said = [name if name.isprintable() and len(name) <= 40 else shown(name) for name in names[:MOST_LISTED]]
    return ", ".join(said) + (f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else "")


def shown(value: object) -> str:
    """A value as messages show it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
