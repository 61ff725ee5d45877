"""Ties as text, one a line: what parts the cells, whether the first line names the columns, and who is who.

Files of plain whole numbers are read at full speed; whatever else there is goes through a careful reader, line by line,
which says what is wrong and where. Both say the same of every file that the quick one takes. Identifiers are never
changed: two that are written differently are two people. Where a file can be read in two ways it is refused.
"""

import codecs
import csv
import gzip
import re
import unicodedata
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput

UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError)  # gzip raises any of the first three
SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "spaces"}
OF_TIES = (  # how the columns of the two ends of a tie are called
    ("source", "target"), ("from", "to"), ("src", "dst"), ("src", "dest"), ("sender", "receiver"),
    ("sender", "recipient"), ("fromnodeid", "tonodeid"), ("fromid", "toid"), ("fromnode", "tonode"),
    ("sourceid", "targetid"), ("sourceuser", "targetuser"), ("node1", "node2"), ("user1", "user2"), ("id1", "id2"),
    ("nodeid1", "nodeid2"), ("userid1", "userid2"), ("person1", "person2"), ("follower", "followee"),
    ("person", "friend"), ("user", "friend"), ("userid", "friendid"),
)  # fmt: skip
MOST_COLUMNS = 4  # without a line that names them: two people, a weight and a time, as SNAP has them
SAMPLE = 200  # lines by which it is judged whether two separators would do
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)  # with a point or with a comma
GROUPED = re.compile(r"\d{1,3}([.,' \u00a0\u202f_]\d{3})+|[+-]?\d+(\s+\d+)+|\d+\s*#.*")  # 1'000; 1 2; 1 # comment
PLAIN = re.compile(r"\d+", re.ASCII)
MISSING = {"", "na", "n/a", "nan", "-nan", "null", "inf", "-inf"}  # in a column of numbers
ATTRIBUTES = re.compile(r"\{('[^{}]*': [^{}]*)?\}\s*$")  # networkx ends its lines with {} or {'weight': 1.0}
NAME_THEM = "put a line before the first that names the columns, those of the two people source and target"


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


class Line(NamedTuple):
    """A line that says something: its number in the file, from 1, and its text."""

    number: int
    text: str


class Matrix(NamedTuple):
    """The size line of a Matrix Market file."""

    line: int
    rows: int
    columns: int
    entries: int


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


# -------------------------------------------------------------------------------------------------- what is it


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


def _form(separator: str, header: Sequence[str] | None, columns: int, ends: tuple[int, int]) -> dict[str, str]:
    """What a text was taken for, in words; who the people are is added when they are known."""
    called = [f"column {number}" for number in range(1, columns + 1)] if header is None else list(header)
    form = {
        "separator": SEPARATORS[separator],
        "header": "none" if header is None else ", ".join(header),
        "people_in": " and ".join(called[end] for end in ends),
    }
    return form | {"weights": not_used(called, ends)}


def not_used(names: Sequence[str], ends: tuple[int, int]) -> str:
    """What is said of the columns besides those of people: ties are all alike, whatever weight or time they have."""
    return ", ".join(name for at, name in enumerate(names) if at not in ends) or "none"


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
            _check_identifier(path, number, cells[end], separator)
    labels = as_numbers([cells[end] for end in ends for _, cells in body])
    one, other = labels[: len(body)], labels[len(body) :]
    if labels.dtype.kind != "i":
        _check_names(path, body, one, other, header)
        _check_comments(path, comments, separator, columns)
        _check_separator(path, lines, separator)
    return _whole(path, Ties(one, other, labels[:0], _form(separator, header, columns, ends)), matrix, body[0][0])


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
    lines = [line for line in all_lines if not is_comment(line.text)]
    comments = [line for line in all_lines if is_comment(line.text)]
    if not text[:14].casefold().startswith("%%matrixmarket"):
        return None, lines, comments
    return _size_line(path, all_lines[0].text, lines), lines[1:], comments


def _size_line(path: Path, banner: str, lines: Sequence[Line]) -> Matrix:
    if "coordinate" not in banner.casefold().split():
        raise BadInput(
            f"{path}: line 1: {_shown(banner)}: of Matrix Market files only those in coordinate form are read"
        )
    sizes = lines[0].text.split() if lines else []
    if len(sizes) != 3 or not all(PLAIN.fullmatch(size) for size in sizes):
        where = f"line {lines[0].number}: {_shown(lines[0].text.strip())}" if lines else "nothing"
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
                f"{path}: line {number}: {_shown(text)}: its quotation marks do not end, or stand within a cell; a mark "
                'that belongs to a name is written twice, as in "the ""boss"""'
            ) from None
        if not rows and len(cells) < 2:
            raise BadInput(
                f"{path}: line {number}: 1 column ({_shown(text.strip())}); there must be two, parted by a comma, semicolon, "
                "tab or blank"
            )
        first, columns = (rows[0][0], len(rows[0][1])) if rows else (number, len(cells))
        if separator == " " and len(cells) != columns:
            more = f", as the lines before have {columns}" if columns > 2 else ""
            raise BadInput(
                f"{path}: line {number}: {len(cells)} values, {_shown(text.strip())}; an edge list has two user numbers a "
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
        f"{path}: line {number}: {none}do {_shown(first[0])} and {_shown(first[1])} name the columns, or is this a tie? If "
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
                raise BadInput(f"{path}: line {line}: {_shown(cell)} in column {at}, beside two people: {NAME_THEM}")
    third = all(re.fullmatch(r"-?\d{1,18}", cells[2], re.ASCII) for _, cells in rows)
    first = [int(cells[0]) if re.fullmatch(r"\d{1,18}", cells[0], re.ASCII) else -1 for _, cells in rows]
    _check_order(path, number, np.asarray(first), third)
    if columns == len(rows):
        _check_matrix(where, [cells for _, cells in rows])
    return 0, 1


def _check_order(path: Path, line: int, first: NDArray[np.int64], third_is_whole: bool) -> None:
    """Refuse a first column that counts the lines while the third might be a person."""
    if third_is_whole and first.size > 2 and first[0] in (0, 1) and bool((np.diff(first) == 1).all()):
        raise BadInput(
            f"{path}: line {line}: the first column counts the lines, so that the people may be in the second and third: "
            f"{NAME_THEM}"
        )


def _check_matrix(where: str, cells: Sequence[Sequence[str]]) -> None:
    """Refuse as many lines as columns whose diagonal says that nobody knows themselves."""
    if all(is_number(row[at]) and not float(row[at].replace(",", ".")) for at, row in enumerate(cells)):
        raise BadInput(f"{where} and as many lines: if this is a matrix of who knows whom, write one tie a line; if not, "
                       f"{NAME_THEM}")  # fmt: skip


def _check_identifier(path: Path, line: int, cell: str, separator: str) -> None:
    if PLAIN.fullmatch(cell):
        return
    where = f"{path}: line {line}: "
    if separator == " ":
        rule = "an edge list has two user numbers a line"
        if re.fullmatch(r"-\d+", cell, re.ASCII):
            raise BadInput(f"{where}{cell} is no user number; {rule}, from 0")
        raise BadInput(f"{where}{_shown(cell)} is not a whole number; {rule} (names are parted by commas or tabs)")
    if not cell or is_number(cell) or GROUPED.fullmatch(cell):
        raise BadInput(
            f"{where}{_shown(cell)} names nobody; each cell of friends is a user number or a name, numbers from 0 and "
            "written with digits alone" + ("" if cell else "; leave the line out, or name both people")
        )


def _check_names(
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
                f"{path}: {_shown(name)} is written with two different sequences of letters and accents: write it in one "
                "way (Unicode's NFC), else they are two people"
            )


def _check_comments(path: Path, comments: Sequence[Line], separator: str, columns: int) -> None:
    """Refuse what begins as a comment does and has the cells of a tie, where people have names."""
    for number, text in comments:
        try:
            alike = separator != " " and len(split(text, separator)) == columns
        except csv.Error:
            alike = False
        if alike:
            raise BadInput(
                f"{path}: line {number}: {_shown(text)}: a comment, or a tie? If it is a comment, take the line out; if a "
                "tie, put the name into quotation marks"
            )


def _check_separator(path: Path, lines: Sequence[Line], separator: str) -> None:
    """Refuse lines of names that another separator would part as evenly."""
    if separator in "\t ":
        return
    for rival in set(";|,") - {separator}:
        bare = [re.sub(r'"[^"]*"', "", line.text) for line in lines[:SAMPLE]]
        parts = {line.count(rival) for line in bare}
        words = any(rival in cell and not is_number(cell) for line in bare for cell in split(line, separator))
        if len(parts) == 1 and parts != {0} and words:
            raise BadInput(
                f"{path}: line {lines[0].number}: {_shown(lines[0].text)}: both {SEPARATORS[separator]} and "
                f"{SEPARATORS[rival]} part every line: put names that hold one of them into quotation marks"
            )


def _whole(path: Path, ties: Ties, matrix: Matrix | None, first_line: int) -> Ties:
    """What both readers end with: checks of numbers, and the people that a matrix has besides those who are tied."""
    form = ties.form | {"identifiers": kind_of(np.concatenate([ties.one, ties.other]))}
    if matrix is None:
        if form["header"] == "none":
            _check_first_tie(path, ties.one, ties.other, first_line)
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


def _check_first_tie(path: Path, one: NDArray[Any], other: NDArray[Any], line: int) -> None:
    """Refuse a first line that might say how many people and ties follow."""
    if one.dtype.kind != "i" or one.size < 2 or int(other[0]) != one.size - 1:
        return
    rest = np.unique(np.concatenate([one[1:], other[1:]]))
    if int(one[0]) in (rest.size, int(rest[-1]), int(rest[-1]) + 1):
        raise BadInput(
            f"{path}: line {line}: {one[0]} and {other[0]}: a tie, or the numbers of people and ties that follow? If these "
            "are numbers, begin the line with #; if it is a tie, put it elsewhere than first"
        )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


# ----------------------------------------------------------------------------------------------------- quickly


def quick(path: Path, data: bytes) -> Ties | None:
    """Read plain whole numbers at full speed; None where there is anything else, or anything to say against it."""
    import pyarrow
    from pyarrow import csv as arrow

    at, number, comments = _begin(data)
    if b'"' in data or b"\0" in data or b"#" in data[at:] or b"%" in data[at:] or b"{" in data[at:] or comments:
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
        body = data[at:] if header is None else data[past + 1 :]
        if separator == " ":
            body = _single_blanks(body)
        names = [f"f{column}" for column in range(len(first))]
        table = arrow.read_csv(
            pyarrow.BufferReader(body),
            read_options=arrow.ReadOptions(column_names=names, use_threads=False),
            parse_options=arrow.ParseOptions(delimiter=separator, quote_char=False, newlines_in_values=False),
            convert_options=arrow.ConvertOptions(
                column_types={names[end]: pyarrow.string() for end in ends},
                include_columns=names if header is None else [names[end] for end in ends],
                strings_can_be_null=False,
            ),
        )
        one, other = (_plain_numbers(table.column(names[end])) for end in ends)
    except (pyarrow.ArrowException, UnicodeDecodeError, csv.Error, BadInput, ValueError):
        return None  # the careful reader says why
    if header is None and not _are_two_people(path, number, table, one):
        return None
    return _whole(
        path, Ties(one, other, one[:0], _form(separator, header, len(first), ends)), None, number + (header is not None)
    )


def _begin(data: bytes) -> tuple[int, int, bool]:
    """Where the first line that says something begins, its number, and whether that is too hard to say."""
    at, number = 0, 1
    while at < len(data):
        past = data.find(b"\n", at)
        line = data[at : len(data) if past < 0 else past]
        if b"\r" in line.rstrip(b"\r\n") or line[:14].lower() == b"%%matrixmarket":
            return at, number, True
        if line.strip() and line.strip()[:1] not in b"#%":
            return at, number, False
        at, number = (len(data) if past < 0 else past) + 1, number + 1
    return at, number, True


def _single_blanks(body: bytes) -> bytes:
    """One blank between cells, none around them."""
    if b"  " not in body and b"\t" not in body and b" \n" not in body and b"\n " not in body and b" \r" not in body:
        return body.strip(b" ")
    return re.sub(rb" ?([\r\n]) ?", rb"\1", re.sub(rb"[ \t]+", b" ", body)).strip(b" ")


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
    _check_order(path, line, first, bool(more) and types.is_integer(more[0]))
    return True
