"""Ties as text, one a line: what parts the cells, whether the first line names the columns, and who is who.

Files of plain whole numbers are read at full speed; whatever else there is goes through a careful reader, line by line,
which says what is wrong and where. Both say the same of every file that the quick one takes. Identifiers are never
changed: two that are written differently are two people. Where a file can be read in two ways it is refused.
"""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.ground.friends import doubts
from sim.ground.friends.cells import (
    ATTRIBUTES,
    MISSING,
    MOST_COLUMNS,
    NAME_THEM,
    PLAIN,
    SEPARATORS,
    Line,
    as_numbers,
    form_of,
    is_comment,
    is_number,
    kind_of,
    named_ends,
    separator_of,
    shown,
    split,
    two_columns,
)

UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError)  # gzip raises any of the first three

BLOCK = 1 << 24  # bytes that pyarrow takes at a time


class Ties(NamedTuple):
    """What a text says.

    Attributes:
        one, other: labels of the two ends of each tie, int64 where all are plain whole numbers, else text.
        alone: labels of people of whom the file says only that they are there.
        form: what was taken for what, for people to read.
    """

    one: NDArray[Any]
    other: NDArray[Any]
    alone: NDArray[Any]
    form: dict[str, str]


class Matrix(NamedTuple):
    """The size line of a Matrix Market file."""

    line: int
    rows: int
    columns: int
    entries: int


CAREFUL = (b"#", b"%", b"{", b"0x", b"0X")  # comments, attributes, and what arrow takes for a number and people do not


def read(path: Path) -> Ties:
    """Read a text of ties.

    Raises:
        BadInput: with the line, the value, the rule, and what to do.
    """
    data = _content(path)
    found = quick(path, data)
    return careful(path, data) if found is None else found


def _content(path: Path) -> bytes:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()
    except UNREADABLE as problem:
        raise BadInput(f"{path}: cannot be read as text: {problem}") from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadInput(f"{path}: cannot be read as text: it is UTF-16; save it as UTF-8")
    return data.removeprefix(codecs.BOM_UTF8)


# --------------------------------------------------------------------------------------------------- carefully


def careful(path: Path, data: bytes) -> Ties:
    """Read line by line, and say which line is wrong."""
    matrix, lines, comments = _lines(path, data)
    if not lines:
        raise BadInput(f"{path}: no friendships in it; a network has at least one")
    separator = separator_of(lines[0].text)
    rows = _rows(path, lines, separator)
    header = None if matrix else _header(path, rows, separator)
    body = rows if header is None else rows[1:]
    columns = len(rows[0][1])
    if header is not None:
        ends = two_columns(f"{path}: line {rows[0][0]}", header)
    else:
        ends = (0, 1) if matrix else _unnamed_ends(path, body)
    if not body:
        raise BadInput(f"{path}: no friendships in it; a network has at least one")
    for number, cells in body:
        for end in ends:
            doubts.check_identifier(path, number, cells[end], separator)
    labels = as_numbers([cells[end] for end in ends for _, cells in body])
    one, other = labels[: len(body)], labels[len(body) :]
    if labels.dtype.kind != "i":
        doubts.check_names(path, body, one, other, header)
        doubts.check_comments(path, comments, separator, columns)
        doubts.check_separator(path, lines, separator)
    return _whole(path, Ties(one, other, labels[:0], form_of(separator, header, columns, ends)), matrix, body[0][0])


def _lines(path: Path, data: bytes) -> tuple[Matrix | None, list[Line], list[Line]]:
    """The size line of a Matrix Market file if it is one, the lines that say something, and the comments."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        number = 1 + data[: problem.start].count(b"\n")
        raise BadInput(f"{path}: line {number}: cannot be read as text in UTF-8: save it as UTF-8") from None
    if "\0" in text:
        raise BadInput(f"{path}: cannot be read as text: it holds a byte 0")
    numbered = enumerate(re.split("\r\n|\n|\r", text), 1)
    all_lines = [Line(number, ATTRIBUTES.sub("", line)) for number, line in numbered if line.strip()]
    if all_lines and all_lines[0].text.strip('" \t').casefold()[:-1] == "sep=":  # Excel's way to say what parts cells
        all_lines = all_lines[1:]
    lines = [line for line in all_lines if not is_comment(line.text)]
    comments = [line for line in all_lines if is_comment(line.text)]
    if not text[:14].casefold().startswith("%%matrixmarket"):
        return None, lines, comments
    return _size_line(path, all_lines[0].text, lines), lines[1:], comments


def _size_line(path: Path, banner: str, lines: Sequence[Line]) -> Matrix:
    if "coordinate" not in banner.casefold().split():
        raise BadInput(
            f"{path}: line 1: {shown(banner)}: of Matrix Market files only those in coordinate form are read"
        )
    sizes = lines[0].text.split() if lines else []
    if len(sizes) != 3 or not all(PLAIN.fullmatch(size) for size in sizes):
        where = f"line {lines[0].number}: {shown(lines[0].text.strip())}" if lines else "nothing"
        raise BadInput(f"{path}: {where} where a Matrix Market file says its size: rows, columns and entries")
    return Matrix(lines[0].number, *(int(size) for size in sizes))


def _rows(path: Path, lines: Sequence[Line], separator: str) -> list[tuple[int, list[str]]]:
    """The cells of each line, of which each has as many as the first."""
    rows: list[tuple[int, list[str]]] = []
    for number, text in lines:
        try:
            cells = split(text, separator)
        except csv.Error:
            raise BadInput(
                f"{path}: line {number}: {shown(text)}: its quotation marks do not end, or stand within a cell; a mark "
                'that belongs to a name is written twice, as in "the ""boss"""'
            ) from None
        if not rows and len(cells) < 2:
            raise BadInput(
                f"{path}: line {number}: 1 column ({shown(text.strip())}); there must be two, parted by a comma, semicolon, "
                "tab or blank"
            )
        first, columns = (rows[0][0], len(rows[0][1])) if rows else (number, len(cells))
        if separator == " " and len(cells) != columns:
            more = f", as the lines before have {columns}" if columns > 2 else ""
            raise BadInput(
                f"{path}: line {number}: {len(cells)} values, {shown(text.strip())}; an edge list has two user numbers a "
                f"line{more}"
            )
        if len(cells) != columns:
            raise BadInput(
                f"{path}: line {number}: {len(cells)} cells where line {first} has {columns} (parted by "
                f"{SEPARATORS[separator]}); every line names one tie, and has as many cells as the others"
            )
        rows.append((number, cells))
    return rows


def _header(path: Path, rows: Sequence[tuple[int, list[str]]], separator: str) -> list[str] | None:
    """The names of the columns, if the first line holds them.

    It does where it has words in a column that holds numbers below, or where the words are such as columns are called
    by. Names above names may be a tie.
    """
    number, first = rows[0]
    if any(is_number(cell) for cell in first):
        return None
    below = list(zip(*(cells for _, cells in rows[1:]), strict=True))
    if any(all(is_number(cell) for cell in column) for column in below):
        return first
    if separator == " ":
        return None  # words are refused, with their line
    ends = named_ends(first) or (0, 1)
    again = {cell for end in ends for cell in (below[end] if below else ())} & {first[end] for end in ends}
    if named_ends(first) is not None and not again:
        return first
    if again and named_ends(first) is None and len(first) == 2:
        return None
    if len(first) > 2:
        return first  # which then does not say who the people are
    none = "" if below else "no friendships in it if this is a header: "
    raise BadInput(
        f"{path}: line {number}: {none}do {shown(first[0])} and {shown(first[1])} name the columns, or is this a tie? If "
        "they name the columns, call them source and target; if it is a tie, put a line source,target before it"
    )


def _unnamed_ends(path: Path, rows: Sequence[tuple[int, list[str]]]) -> tuple[int, int]:
    """The first two columns, where nothing speaks for others."""
    number, columns = rows[0][0], len(rows[0][1])
    where = f"{path}: line {number}: {columns} columns"
    if columns == 2:
        return 0, 1
    if columns > MOST_COLUMNS:
        raise BadInput(
            f"{where} without names: {NAME_THEM}. (A matrix of who knows whom is written as one tie a line.)"
        )
    for line, cells in rows:
        for at, cell in enumerate(cells[2:], 3):
            if cell.casefold() not in MISSING and not is_number(cell):
                raise BadInput(f"{path}: line {line}: {shown(cell)} in column {at}, beside two people: {NAME_THEM}")
    third = all(re.fullmatch(r"-?\d{1,18}", cells[2], re.ASCII) for _, cells in rows)
    first = [int(cells[0]) if re.fullmatch(r"\d{1,18}", cells[0], re.ASCII) else -1 for _, cells in rows]
    doubts.check_order(path, number, np.asarray(first), third)
    if columns == len(rows):
        doubts.check_matrix(where, [cells for _, cells in rows])
    return 0, 1


def _whole(path: Path, ties: Ties, matrix: Matrix | None, first_line: int) -> Ties:
    """What both readers end with: checks of numbers, and the people that a matrix has besides those who are tied."""
    form = ties.form | {"identifiers": kind_of(np.concatenate([ties.one, ties.other]))}
    if matrix is None:
        if form["header"] == "none":
            doubts.check_first_tie(path, ties.one, ties.other, first_line)
        return ties._replace(form=form)
    where = f"{path}: line {matrix.line}"
    if ties.one.size != matrix.entries:
        raise BadInput(f"{where}: {matrix.entries} entries are announced, and there are {ties.one.size}: is it whole?")
    if ties.one.dtype.kind != "i":
        raise BadInput(f"{path}: line {first_line}: rows and columns of a Matrix Market file are numbers from 1")
    size = min(matrix.rows, matrix.columns)
    ends = np.concatenate([ties.one, ties.other])
    if int(ends.min()) < 1 or int(ends.max()) > size:
        wrong = int(ends.min()) if int(ends.min()) < 1 else int(ends.max())
        raise BadInput(
            f"{where}: {matrix.rows} rows and {matrix.columns} columns, and an entry in row or column {wrong}: ties need a "
            "matrix whose rows and columns are the same people, numbered from 1; write those of two kinds as names"
        )
    everyone = np.arange(1, size + 1) if matrix.rows == matrix.columns else ties.alone
    return ties._replace(form=form | {"header": f"Matrix Market, size in line {matrix.line}"}, alone=everyone)


# ----------------------------------------------------------------------------------------------------- quickly


def quick(path: Path, data: bytes) -> Ties | None:
    """Read plain whole numbers at full speed; None where there is anything else, or anything to say against it."""
    import pyarrow

    at, number, comments = _begin(data)
    if comments or b'"' in data or b"\0" in data or any(data.find(mark, at) >= 0 for mark in CAREFUL):
        return None
    past = data.find(b"\n", at)
    if past < 0:
        return None
    try:
        text = data[at:past].decode("ascii").strip()
        separator = separator_of(text)
        first = split(text, separator)
        header = None if any(is_number(cell) for cell in first) else first
        if header is None and not 2 <= len(first) <= MOST_COLUMNS:
            return None
        ends = (0, 1) if header is None else two_columns(str(path), header)
        table = _table(data[at if header is None else past + 1 :], separator, len(first), ends, header is not None)
        one, other = (_plain_numbers(table.column(f"f{end}")) for end in ends)
    except (pyarrow.ArrowException, UnicodeDecodeError, csv.Error, BadInput, ValueError):
        return None  # the careful reader says why
    if header is None and not _are_two_people(path, number, table, one):
        return None
    return _whole(
        path,
        Ties(one, other, one[:0], form_of(separator, header, len(first), ends)),
        None,
        number + (header is not None),
    )


def _begin(data: bytes) -> tuple[int, int, bool]:
    """Where the first line that says something begins, its number, and whether that is too hard to say."""
    at, number = 0, 1
    while at < len(data):
        past = data.find(b"\n", at)
        line = data[at : len(data) if past < 0 else past]
        if b"\r" in line.rstrip(b"\r\n") or line[:14].lower() == b"%%matrixmarket" or line[:4].lower() == b"sep=":
            return at, number, True
        if line.strip() and line.strip()[:1] not in b"#%":
            return at, number, False
        at, number = (len(data) if past < 0 else past) + 1, number + 1
    return at, number, True


def _table(body: bytes, separator: str, columns: int, ends: tuple[int, int], named: bool) -> Any:
    """The lines as a pyarrow table of columns f0, f1 ...; those of people as text, others only where they have no names."""
    import pyarrow
    from pyarrow import csv as arrow

    names = [f"f{column}" for column in range(columns)]
    if separator == " " and (body.endswith(b" ") or any(mark in body for mark in (b"\t", b"  ", b" \n", b" \r"))):
        body = re.sub(rb" ?([\r\n]) ?", rb"\1", re.sub(rb"[ \t]+", b" ", body)).strip(b" ")
    return arrow.read_csv(
        pyarrow.BufferReader(body),
        read_options=arrow.ReadOptions(column_names=names, use_threads=False, block_size=BLOCK),
        parse_options=arrow.ParseOptions(delimiter=separator, quote_char=False, newlines_in_values=False),
        convert_options=arrow.ConvertOptions(
            column_types={names[end]: pyarrow.string() for end in ends},
            include_columns=[names[end] for end in ends] if named else names,
            strings_can_be_null=False,
        ),
    )


def _plain_numbers(cells: Any) -> NDArray[np.int64]:
    """A column of text as whole numbers; ValueError where one is not written as one is."""
    import pyarrow
    from pyarrow import compute

    numbers = cells.cast(pyarrow.int64())
    if not compute.all(compute.equal(numbers.cast(pyarrow.string()), cells)).as_py():
        raise ValueError
    found: NDArray[np.int64] = numbers.to_numpy()
    if found.size == 0 or int(found.min()) < 0:
        raise ValueError
    return found


def _are_two_people(path: Path, line: int, table: Any, first: NDArray[np.int64]) -> bool:
    """Whether nothing speaks against the first two columns of a table without names."""
    from pyarrow import types

    more = [table.schema.field(at).type for at in range(2, table.num_columns)]
    if not all(types.is_integer(kind) or types.is_floating(kind) for kind in more) or table.num_rows <= MOST_COLUMNS:
        return not more
    doubts.check_order(path, line, first, bool(more) and types.is_integer(more[0]))
    return True
