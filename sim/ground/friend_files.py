"""Files of networks: edge lists, CSV, Parquet, GraphML, and graphs of networkx.

Text is read at full speed first; only where that fails is it gone through line by line, to say which line is wrong.
"""

import csv
import difflib
import gzip
import xml.etree.ElementTree
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.ground.network import MOST_PEOPLE

SAVED = ".friends"
UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError)  # gzip raises any of the first three


class Pairs(NamedTuple):
    """Ties between people numbered from 0, and the label of each person in the file, in order."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    labels: NDArray[Any]


def existing(path: Path) -> Path:
    """The path if it is a file; else BadInput that names the nearest file in its folder."""
    if path.is_file():
        return path
    if path.is_dir():
        raise BadInput(f"{path}: a folder; a network is one file")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: no such file, and no folder {path.parent}")
    raise BadInput(f"{path}: {paths.missing(path, 'file')}")


def read(path: Path) -> Pairs:
    """Read a network by the extension of its name; BadInput says which line, which value and which rule."""
    extensions = [suffix.lower() for suffix in path.suffixes]
    packed = extensions[-1:] == [".gz"]
    kind = "".join(extensions[-2:-1] if packed else extensions[-1:])
    reader = READERS.get(kind)
    if reader is None or (packed and kind == ".parquet"):
        known = [*READERS, SAVED]
        near = difflib.get_close_matches(kind, known, 1)
        raise BadInput(
            f"{path}: unknown extension {kind!r}; a network is {', '.join(known)} (text also with .gz)"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
    pairs = reader(path)
    if pairs.one.size == 0:
        raise BadInput(f"{path}: no friendships in it; a network has at least one")
    return pairs


def checked_pairs(
    a: Any, b: Any, people: int | None, labels: Any, source: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Pairs of people numbered from 0, as int64, and how many people there are; BadInput where they are not."""
    one, other = np.atleast_1d(np.asarray(a)), np.atleast_1d(np.asarray(b))
    if one.shape != other.shape or one.ndim != 1:
        raise BadInput(f"{source}: {one.shape} first and {other.shape} second ends of ties; there must be as many")
    if one.size == 0:
        raise BadInput(f"{source}: no friendships; a network has at least one")
    for ends in (one, other):
        if ends.dtype.kind not in "iu":
            raise BadInput(f"{source}: people are whole numbers from 0, not {ends.dtype}")
    highest, lowest = int(max(one.max(), other.max())), int(min(one.min(), other.min()))
    size = people if people is not None else len(labels) if labels is not None else highest + 1
    if labels is not None and len(labels) != size:
        raise BadInput(f"{source}: {len(labels)} labels for {size} people")
    if lowest < 0 or highest >= size:
        wrong = lowest if lowest < 0 else highest
        raise BadInput(f"{source}: person {wrong} does not exist; {size} people are numbered 0 to {size - 1}")
    if size > MOST_PEOPLE:
        raise BadInput(f"{source}: {size} people; at most {MOST_PEOPLE} fit. Are these labels rather than numbers?")
    if bool((one == other).all()):
        raise BadInput(f"{source}: every tie is of someone with themselves; a network has at least one friendship")
    return one.astype(np.int64), other.astype(np.int64), size


def _numbered(one: NDArray[Any], other: NDArray[Any]) -> Pairs:
    """Number the people whose labels these are, in the order of the labels."""
    labels, number = np.unique(np.concatenate([one, other]), return_inverse=True)
    return Pairs(number[: one.size], number[one.size :], labels)


def _as_numbers(labels: Sequence[str]) -> NDArray[Any]:
    """Labels as whole numbers if each is one in its plain form, else as words."""
    words = np.asarray(labels, dtype=str)
    try:
        numbers = words.astype(np.int64)
    except (ValueError, OverflowError):
        return words
    return numbers if bool((numbers.astype(str) == words).all()) else words


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


# ---------------------------------------------------------------------------------------------------- edge lists


def _open_text(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _read_edge_list(path: Path) -> Pairs:
    import pandas

    try:
        table = pandas.read_csv(path, sep=r"\s+", comment="#", header=None, dtype=np.int64)
    except Exception:  # words, ragged lines, nothing at all: the slow way says which
        return _read_slowly(path, _edge_list_lines)
    if table.shape[1] < 2 or (table.to_numpy() < 0).any():
        return _read_slowly(path, _edge_list_lines)
    return _numbered(table[0].to_numpy(), table[1].to_numpy())


def _edge_list_lines(path: Path, file: TextIO) -> Iterator[tuple[int, int]]:
    rule = "an edge list has two user numbers a line"
    columns = 0
    for number, line in enumerate(file, 1):
        cells = line.split("#")[0].split()
        if not cells or line.startswith("%"):
            continue
        columns = columns or len(cells)
        if len(cells) < 2 or len(cells) != columns:
            more = f", as the lines before have {columns}" if columns > 2 else ""
            raise BadInput(f"{path}: line {number}: {len(cells)} values, {_shown(line.strip())}; {rule}{more}")
        yield _whole(path, number, cells[0], rule), _whole(path, number, cells[1], rule)


def _whole(path: Path, number: int, cell: str, rule: str) -> int:
    try:
        value = int(cell)
    except ValueError:
        raise BadInput(f"{path}: line {number}: {_shown(cell)} is not a whole number; {rule}") from None
    if not 0 <= value < 2**63:
        raise BadInput(f"{path}: line {number}: {cell} is no user number; {rule}, from 0 to 2^63 - 1")
    return value


def _read_slowly(path: Path, lines: Callable[[Path, TextIO], Iterator[tuple[Any, Any]]]) -> Pairs:
    """Line by line: BadInput at the first wrong one; what only the quick reader disliked is read."""
    try:
        with _open_text(path) as file:
            pairs = list(lines(path, file))
    except UNREADABLE as problem:
        raise BadInput(f"{path}: cannot be read as text: {problem}") from None
    if not pairs:
        raise BadInput(f"{path}: no friendships in it; a network has at least one")
    one, other = (list(ends) for ends in zip(*pairs, strict=True))
    both = _as_numbers([str(label) for label in one + other])
    if both.dtype.kind == "i" and int(both.min()) < 0:
        raise BadInput(f"{path}: {int(both.min())} is no user number: numbers are 0 or more")
    return _numbered(both[: len(one)], both[len(one) :])


# ------------------------------------------------------------------------------------------------------- tables


def _read_csv(path: Path) -> Pairs:
    from pyarrow import csv as arrow
    from pyarrow import types

    try:
        with _open_text(path) as file:
            first = next(csv.reader(file), [])
        plain = arrow.ReadOptions(autogenerate_column_names=not _is_header(first))
        table = arrow.read_csv(path, read_options=plain)
        if all(types.is_integer(table.column(place).type) for place in _two_columns(str(path), table.column_names)):
            return _read_table(path, table)
    except Exception:  # a wrong value, a ragged line, an empty cell: the slow way says which
        pass
    return _read_slowly(path, _csv_lines)


def _csv_lines(path: Path, file: TextIO) -> Iterator[tuple[str, str]]:
    rule = "a CSV of friends has two columns, each cell a user number or a name"
    places, columns, rows = (0, 1), 0, csv.reader(file)
    for row in rows:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if not columns:
            columns = len(cells)
            places = _two_columns(f"{path}: line {rows.line_num}", cells)
            if _is_header(cells):
                continue
        if len(cells) != columns:
            raise BadInput(f"{path}: line {rows.line_num}: {len(cells)} cells where line 1 has {columns}; {rule}")
        for place in places:
            cell = cells[place]
            if not cell or (_is_number(cell) and not cell.isdigit()):
                raise BadInput(f"{path}: line {rows.line_num}: {_shown(cell)} names nobody; {rule}, numbers from 0")
        yield cells[places[0]], cells[places[1]]


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a CSV's first line names its columns: none of its cells is a number."""
    return not any(_is_number(cell.strip()) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.lower() not in ("nan", "inf", "infinity")  # these might be names


def _two_columns(where: str, names: Sequence[str]) -> tuple[int, int]:
    """Which columns hold the two ends of a tie."""
    if len(names) == 2:
        return 0, 1
    lower = [name.lower() for name in names]
    if {"source", "target"} <= set(lower):
        return lower.index("source"), lower.index("target")
    raise BadInput(
        f"{where}: {len(names)} column{'s' if len(names) != 1 else ''} ({', '.join(map(repr, names[:8]))}); "
        "there must be two, or among more those named source and target"
    )


def _read_parquet(path: Path) -> Pairs:
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(path)
    except (ArrowException, OSError) as problem:
        raise BadInput(f"{path}: cannot be read as Parquet: {problem}") from None
    return _read_table(path, table)


def _read_table(path: Path, table: Any) -> Pairs:
    """Two columns of a pyarrow table, both of whole numbers or both of words."""
    from pyarrow import types

    ends = []
    for place in _two_columns(str(path), table.column_names):
        column, name = table.column(place), table.column_names[place]
        rule = f"column {name!r} of friends holds user numbers or names"
        if column.null_count:
            row = int(np.flatnonzero(column.is_null().to_numpy())[0])
            raise BadInput(f"{path}: row {row + 1}: an empty cell; {rule}")
        words = types.is_string(column.type) or types.is_large_string(column.type) or types.is_dictionary(column.type)
        if not words and not types.is_integer(column.type):
            raise BadInput(f"{path}: {rule}, not {column.type}")
        values = column.to_numpy() if not words else np.asarray(column.to_pylist(), dtype=str)
        if words and bool((values == "").any()):
            raise BadInput(f"{path}: row {int(np.flatnonzero(values == '')[0]) + 1}: an empty cell; {rule}")
        if not words and values.size and int(values.min()) < 0:
            row = int(np.flatnonzero(values < 0)[0])
            raise BadInput(f"{path}: row {row + 1}: {values[row]} is no user number; numbers are 0 or more")
        if not words and values.size and int(values.max()) > 2**63 - 1:
            raise BadInput(f"{path}: {values.max()} is no user number; {rule}, from 0 to 2^63 - 1")
        ends.append(values if words else values.astype(np.int64))
    if ends[0].dtype.kind == ends[1].dtype.kind == "i":
        return _numbered(ends[0], ends[1])
    both = _as_numbers([str(label) for values in ends for label in values])
    return _numbered(both[: len(ends[0])], both[len(ends[0]) :])


# ------------------------------------------------------------------------------------------------------- graphs


def _read_graphml(path: Path) -> Pairs:
    import networkx

    try:
        graph = networkx.read_graphml(path)
    except xml.etree.ElementTree.ParseError as problem:
        raise BadInput(f"{path}: line {problem.position[0]}: not GraphML: {problem}") from None
    except (networkx.NetworkXError, KeyError, ValueError, StopIteration, *UNREADABLE) as problem:
        raise BadInput(f"{path}: not GraphML: {problem}") from None
    return pairs_of_graph(graph, str(path))


def pairs_of_graph(graph: Any, source: str) -> Pairs:
    """The ties of a networkx graph; nodes without ties are people too."""
    nodes = list(graph.nodes)
    if graph.number_of_edges() == 0:
        raise BadInput(f"{source}: {len(nodes)} nodes and no edge; a network has at least one friendship")
    if all(isinstance(node, int | np.integer) and not isinstance(node, bool) for node in nodes):
        names: NDArray[Any] = np.asarray(nodes, np.int64)
    else:
        names = _as_numbers([str(node) for node in nodes])
    order = np.argsort(names, kind="stable")
    if bool((names[order][1:] == names[order][:-1]).any()):
        raise BadInput(f"{source}: two nodes have the same name once written as text; rename them")
    place = np.empty(len(nodes), np.int64)
    place[order] = np.arange(len(nodes))
    number = dict(zip(nodes, place.tolist(), strict=True))
    ends = np.asarray([(number[a], number[b]) for a, b in graph.edges()], np.int64)
    return Pairs(ends[:, 0], ends[:, 1], names[order])


def graph_of(names: list[Any], first: NDArray[np.uint32], friend: NDArray[np.uint32]) -> Any:
    """A networkx graph of the people named, each tie once."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(names)
    one = np.repeat(np.arange(first.size - 1), np.diff(first))
    once = one < friend[: one.size]
    ends = zip(one[once].tolist(), friend[: one.size][once].tolist(), strict=True)
    graph.add_edges_from((names[a], names[b]) for a, b in ends)
    return graph


READERS: dict[str, Callable[[Path], Pairs]] = {
    **dict.fromkeys((".txt", ".edges", ".edgelist", ".tsv"), _read_edge_list),
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".graphml": _read_graphml,
}
