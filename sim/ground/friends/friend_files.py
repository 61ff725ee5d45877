"""Files of networks: text of any kind (edge_lists.py), Parquet, GraphML, and graphs of networkx."""

import difflib
import gzip
import xml.etree.ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.ground.friends import cells, edge_lists
from sim.ground.friends.edge_lists import UNREADABLE
from sim.ground.friends.network import MOST_PEOPLE

SAVED = ".friends"
XML = xml.etree.ElementTree


class Pairs(NamedTuple):
    """Ties between people numbered from 0, the label of each person in order, and what the reader took for what."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    labels: NDArray[Any]
    form: dict[str, str]


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


def _numbered(ties: edge_lists.Ties) -> Pairs:
    """Number the people whose labels these are, in the order of the labels."""
    ends, many = np.concatenate([ties.one, ties.other, ties.alone]), ties.one.size
    if ends.dtype.kind == "i" and 0 <= int(ends.min()) <= int(ends.max()) < 4 * ends.size:  # a list takes no sorting
        labels = np.flatnonzero(np.bincount(ends))
        place = np.zeros(int(ends.max()) + 1, np.int64)
        place[labels] = np.arange(labels.size)
        number = place[ends]
    else:
        labels, number = np.unique(ends, return_inverse=True)
    return Pairs(number[:many], number[many : 2 * many], labels, ties.form)


def _read_text(path: Path) -> Pairs:
    return _numbered(edge_lists.read(path))


# ------------------------------------------------------------------------------------------------------- tables


def _read_parquet(path: Path) -> Pairs:
    """Two columns of a Parquet file, both of whole numbers or both of words."""
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(path)
    except (ArrowException, OSError) as problem:
        raise BadInput(f"{path}: cannot be read as Parquet: {problem}") from None
    names = [name for name in table.column_names if not name.startswith("__index_level_")]  # pandas's index
    places = cells.two_columns(str(path), names)
    one, other = (_column(path, table.column(names[place]), names[place]) for place in places)
    if not one.dtype.kind == other.dtype.kind == "i":
        both = cells.as_numbers([str(label) for values in (one, other) for label in values.tolist()])
        one, other = both[: one.size], both[one.size :]
    form = {
        "header": cells.listed(names),
        "people_in": " and ".join(cells.listed([names[place]]) for place in places),
        "weights": cells.not_used(names, places),
        "identifiers": cells.kind_of(np.concatenate([one, other])),
    }
    return _numbered(edge_lists.Ties(one, other, one[:0], form))


def _column(path: Path, column: Any, name: str) -> NDArray[Any]:
    """A column of people: int64 where they fit, else text."""
    from pyarrow import types

    rule = f"column {name!r} of friends holds user numbers or names"
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0])
        raise BadInput(f"{path}: row {row + 1}: an empty cell; {rule}")
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_integer(column.type):
        values: NDArray[Any] = column.to_numpy()
        if values.size and int(values.min()) < 0:
            row = int(np.flatnonzero(values < 0)[0])
            raise BadInput(f"{path}: row {row + 1}: {values[row]} is no user number; numbers are 0 or more")
        return values.astype(np.int64 if not values.size or int(values.max()) < 2**63 else str)
    if not types.is_string(column.type) and not types.is_large_string(column.type):
        raise BadInput(f"{path}: {rule}, not {column.type}: save it as whole numbers or as text")
    values = np.asarray(column.to_pylist(), dtype=str)
    if bool((values == "").any()):
        raise BadInput(f"{path}: row {int(np.flatnonzero(values == '')[0]) + 1}: an empty cell; {rule}")
    return values


# ------------------------------------------------------------------------------------------------------- graphs


def _read_graphml(path: Path) -> Pairs:
    import networkx

    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            root = XML.parse(file).getroot()
        _check_one_graph(path, root)
        passed_over = _without_attributes(root)
        graph = networkx.parse_graphml(XML.tostring(root, encoding="unicode"))
    except XML.ParseError as problem:
        raise BadInput(f"{path}: line {problem.position[0]}: not GraphML: {problem}") from None
    except (networkx.NetworkXError, KeyError, ValueError, StopIteration, IndexError, *UNREADABLE) as problem:
        raise BadInput(f"{path}: not GraphML: {problem}") from None
    pairs = pairs_of_graph(graph, str(path))
    form = {"identifiers": f"ids of nodes, {pairs.form['identifiers']}", "weights": cells.listed(passed_over) or "none"}
    return pairs._replace(form=form)


def _check_one_graph(path: Path, root: XML.Element) -> None:
    """Of several graphs networkx would take the first and say nothing."""
    graphs = sum(_tag(element) == "graph" for element in root.iter())
    if graphs > 1:
        raise BadInput(f"{path}: {graphs} graphs, beside or within one another; a network is one: save it alone")


def _without_attributes(root: XML.Element) -> list[str]:
    """Take out what nodes and edges carry, which nothing here asks for; returns what it is called."""
    names = {key.get("attr.name") or key.get("id") or "": None for key in root.iter() if _tag(key) == "key"}
    for parent in list(root.iter()):
        for child in [child for child in parent if _tag(child) in ("key", "data")]:
            parent.remove(child)
    return [name for name in names if name]


def _tag(element: XML.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def pairs_of_graph(graph: Any, source: str) -> Pairs:
    """The ties of a networkx graph; nodes without ties are people too.

    Labels are whole numbers where all nodes are, of 64 bits; else what the nodes are as text, exactly.
    """
    if not hasattr(graph, "nodes") or not hasattr(graph, "edges"):
        raise BadInput(f"{source}: a graph of networkx is needed, not {type(graph).__name__}")
    nodes = list(graph.nodes)
    if graph.number_of_edges() == 0:
        raise BadInput(f"{source}: {len(nodes)} nodes and no edge; a network has at least one friendship")
    names = _names_of(nodes, source)
    order = np.argsort(names, kind="stable")
    if bool((same := names[order][1:] == names[order][:-1]).any()):
        twice = names[order][1:][same][0]
        raise BadInput(f"{source}: two nodes have the same name once written as text, {str(twice)!r}; rename them")
    place = np.empty(len(nodes), np.int64)
    place[order] = np.arange(len(nodes))
    number = dict(zip(nodes, place.tolist(), strict=True))
    ends = np.asarray([(number[a], number[b]) for a, b in graph.edges()], np.int64)
    return Pairs(ends[:, 0], ends[:, 1], names[order], {"identifiers": cells.kind_of(names)})


def _names_of(nodes: list[Any], source: str) -> NDArray[Any]:
    """Nodes as whole numbers of 64 bits if all are, else as text."""
    if all(isinstance(node, int | np.integer) and not isinstance(node, bool) for node in nodes):
        try:
            return np.asarray([int(node) for node in nodes], np.int64)
        except OverflowError:
            pass
    try:
        words = [str(node) for node in nodes]
    except ValueError as problem:  # a number of thousands of digits
        raise BadInput(f"{source}: a node cannot be written as text: {problem}") from None
    if any("\0" in word for word in words):
        raise BadInput(f"{source}: a node's name holds a character 0, which would be lost; rename it")
    return cells.as_numbers(words)


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
    **dict.fromkeys((".txt", ".edges", ".edgelist", ".tsv", ".csv", ".mtx"), _read_text),
    ".parquet": _read_parquet,
    ".graphml": _read_graphml,
}
