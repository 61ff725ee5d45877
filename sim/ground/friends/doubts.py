"""Doubts: texts of ties that can be read in two ways are refused, with what to do."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.ground.friends.cells import (
    GROUPED,
    NAME_THEM,
    PLAIN,
    SAMPLE,
    SEPARATORS,
    Line,
    is_number,
    named_ends,
    shown,
    split,
)


def check_order(path: Path, line: int, first: NDArray[np.int64], third_is_whole: bool) -> None:
    """Refuse a first column that counts the lines while the third might be a person."""
    if third_is_whole and first.size > 2 and first[0] in (0, 1) and bool((np.diff(first) == 1).all()):
        raise BadInput(
            f"{path}: line {line}: the first column counts the lines, so that the people may be in the second and third: "
            f"{NAME_THEM}"
        )


def check_matrix(where: str, cells: Sequence[Sequence[str]]) -> None:
    """Refuse as many lines as columns whose diagonal says that nobody knows themselves."""
    if all(is_number(row[at]) and not float(row[at].replace(",", ".")) for at, row in enumerate(cells)):
        raise BadInput(f"{where} and as many lines: if this is a matrix of who knows whom, write one tie a line; if not, "
                       f"{NAME_THEM}")  # fmt: skip


def check_identifier(path: Path, line: int, cell: str, separator: str) -> None:
    if PLAIN.fullmatch(cell):
        return
    where = f"{path}: line {line}: "
    if separator == " ":
        rule = "an edge list has two user numbers a line"
        if re.fullmatch(r"-\d+", cell, re.ASCII):
            raise BadInput(f"{where}{cell} is no user number; {rule}, from 0")
        raise BadInput(f"{where}{shown(cell)} is not a whole number; {rule} (names are parted by commas or tabs)")
    if not cell or is_number(cell) or GROUPED.fullmatch(cell):
        raise BadInput(
            f"{where}{shown(cell)} names nobody; each cell of friends is a user number or a name, numbers from 0 and "
            "written with digits alone" + ("" if cell else "; leave the line out, or name both people")
        )


def check_names(
    path: Path,
    rows: Sequence[tuple[int, list[str]]],
    one: NDArray[Any],
    other: NDArray[Any],
    header: Sequence[str] | None,
) -> None:
    """Refuse a column of names beside a column of numbers, and names that only look alike."""
    digits = [[PLAIN.fullmatch(name) is not None for name in ends.tolist()] for ends in (one, other)]
    called = header is not None and named_ends(header) is not None
    if not called and len(rows) > 1 and any(all(digits[at]) and not any(digits[1 - at]) for at in (0, 1)):
        raise BadInput(
            f"{path}: line {rows[0][0]}: one column holds names, the other numbers: are both people? If so, call the "
            "columns source and target, in the first line"
        )
    seen: dict[str, str] = {}
    for name in np.unique(np.concatenate([one, other])).tolist():
        same = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if same != name:
            raise BadInput(
                f"{path}: {shown(name)} is written with two different sequences of letters and accents: write it in one "
                "way (Unicode's NFC), else they are two people"
            )


def check_comments(path: Path, comments: Sequence[Line], separator: str, columns: int) -> None:
    """Refuse what begins as a comment does and has the cells of a tie, where people have names."""
    for number, text in comments:
        try:
            alike = separator != " " and len(split(text, separator)) == columns
        except csv.Error:
            alike = False
        if alike:
            raise BadInput(
                f"{path}: line {number}: {shown(text)}: a comment, or a tie? If it is a comment, take the line out; if a "
                "tie, put the name into quotation marks"
            )


def check_separator(path: Path, lines: Sequence[Line], separator: str) -> None:
    """Refuse lines of names that another separator would part as evenly."""
    if separator in "\t ":
        return
    for rival in set(";|,") - {separator}:
        bare = [re.sub(r'"[^"]*"', "", line.text) for line in lines[:SAMPLE]]
        parts = {line.count(rival) for line in bare}
        words = any(rival in cell and not is_number(cell) for line in bare for cell in split(line, separator))
        if len(parts) == 1 and parts != {0} and words:
            raise BadInput(
                f"{path}: line {lines[0].number}: {shown(lines[0].text)}: both {SEPARATORS[separator]} and "
                f"{SEPARATORS[rival]} part every line: put names that hold one of them into quotation marks"
            )


def check_first_tie(path: Path, one: NDArray[Any], other: NDArray[Any], line: int) -> None:
    """Refuse a first line that might say how many people and ties follow."""
    if one.dtype.kind != "i" or one.size < 2 or int(other[0]) != one.size - 1:
        return
    rest = np.unique(np.concatenate([one[1:], other[1:]]))
    if int(one[0]) in (rest.size, int(rest[-1]), int(rest[-1]) + 1):
        raise BadInput(
            f"{path}: line {line}: {one[0]} and {other[0]}: a tie, or the numbers of people and ties that follow? If these "
            "are numbers, begin the line with #; if it is a tie, put it elsewhere than first"
        )
