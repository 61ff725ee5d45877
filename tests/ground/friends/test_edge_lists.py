"""Ties as text: what the file says is what is read, or it is refused with what to do; both readers say the same."""

import gzip
from pathlib import Path

import networkx
import numpy as np
import pandas
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from sim.engine.settings import BadInput
from sim.ground.friends import edge_lists
from sim.ground.friends.friends import Friends

HERE = Path("ties.txt")
EDGES = (0, 7, 10, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1, 2**64, 2**64 + 1, 10**25)


def ties_of(network: Friends) -> set[frozenset[str]]:
    """Ties by the names of the people, as the file writes them."""
    names = network.labels.tolist()
    rows = network.rows
    one = np.repeat(np.arange(network.people), np.diff(rows.first))
    return {frozenset((str(names[a]), str(names[b]))) for a, b in zip(one, rows.friend[: one.size], strict=True)}


def read(folder: Path, text: str | bytes, name: str = "ties.txt") -> Friends:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Friends.read(path)


def wanted(*ties: str) -> set[frozenset[str]]:
    return {frozenset(tie.split("-")) for tie in ties}


# ------------------------------------------------------------------------------------------ read for what it says


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv", "a.edges", "a.edgelist"])
@pytest.mark.parametrize(
    ("text", "ties", "form"),
    [
        ("1;2;0,5\n2;3;0,25\n", ("1-2", "2-3"), {"separator": "semicolons", "weights": "column 3"}),
        ("1 2 0,5\n2 3 0,25\n", ("1-2", "2-3"), {"separator": "spaces", "weights": "column 3"}),
        ("1\t2\t0.5\n2\t3\t1.5\n3\t1\t2.0\n", ("1-2", "2-3", "1-3"), {"separator": "tabs", "header": "none"}),
        ("source\ttarget\n1\t2\n2\t3\n", ("1-2", "2-3"), {"separator": "tabs", "header": "source, target"}),
        ("FromNodeId ToNodeId Time\n1 2 9\n2 3 9\n", ("1-2", "2-3"), {"people_in": "FromNodeId and ToNodeId"}),
        ("t,to,from\n7,1,2\n7,2,3\n", ("1-2", "2-3"), {"people_in": "from and to", "weights": "t"}),
        ("1,2\n2,3\n", ("1-2", "2-3"), {"separator": "commas"}),
        ("1, 2\n2, 3\n", ("1-2", "2-3"), {"separator": "commas"}),
        ("1|2\n2|3\n", ("1-2", "2-3"), {"separator": "bars"}),
        ("6,2,4,1289241911.72836\n6,5,2,1289241941.53378\n", ("2-6", "5-6"), {"weights": "column 3, column 4"}),
        ("1,2,-10,NA\n2,3,1,7\n", ("1-2", "2-3"), {"weights": "column 3, column 4"}),
        ("alice,bob\nbob,carol\ncarol,dave\n", ("alice-bob", "bob-carol", "carol-dave"), {"header": "none"}),
        ("source,target\nmei,bo\n", ("bo-mei",), {"header": "source, target", "identifiers": "names"}),
        ("mei,bo,3\nbo,li,4\n", ("bo-mei", "bo-li"), {"header": "none", "weights": "column 3"}),
        ("a,b\n007,7\n7,8\n", ("007-7", "7-8"), {"identifiers": "digits as they are written, since some begin with 0"}),
        ("007 7\n7 8\n", ("007-7", "7-8"), {"separator": "spaces"}),
        ("  1   2\n 10  20\n", ("1-2", "10-20"), {"separator": "spaces"}),
        ("1 \t2\n2\t 3\n", ("1-2", "2-3"), {}),
        ("1 2 {}\n2 3 {}\n", ("1-2", "2-3"), {"weights": "none"}),
        ("1 2 {'weight': 0.5, 'of': 'a'}\n2 3 {'weight': 1}\n", ("1-2", "2-3"), {"weights": "none"}),
        ("# of people\n\n1 2 # the first\n\n2 3\n", ("1-2", "2-3"), {"header": "none"}),
        ("% sym unweighted\n% 2 3 3\n1 2\n2 3\n", ("1-2", "2-3"), {}),
        ("# FromNodeId\tToNodeId\n1\t2\n2\t3\n", ("1-2", "2-3"), {"header": "none"}),
        ("\ufeff1,2\n2,3\n", ("1-2", "2-3"), {}),
        ("\ufeffsource,target\n1,2\n2,3\n", ("1-2", "2-3"), {"header": "source, target"}),
        ("1,2\r\n\r\n2,3\r\n", ("1-2", "2-3"), {}),
        ("1 2\r2 3\r", ("1-2", "2-3"), {}),
        ('"1","2"\n"2","3"\n', ("1-2", "2-3"), {"identifiers": "whole numbers"}),
        ('source,target\n"Mei, Bo",li\n"#tag",li\n', ("Mei, Bo-li", "#tag-li"), {"identifiers": "names"}),
        ('source;target\n"the ""boss""";li\n', ('the "boss"-li',), {}),
        (",source,target\n0,1,2\n1,2,3\n", ("1-2", "2-3"), {"people_in": "source and target"}),
        ("1,2\n2,1\n1,2\n2,2\n2,3\n", ("1-2", "2-3"), {}),
        ("sep=;\n1;2;3\n2;3;4\n", ("1-2", "2-3"), {"separator": "semicolons", "header": "none"}),
        ('"sep=;"\nsource;target\nmei;bo\n', ("bo-mei",), {"header": "source, target"}),
        ("a,b,c,d,e,f,source,target\n" + "9," * 6 + "1,2\n", ("1-2",), {"weights": "a, b, c, d, e, f"}),
        ("id,\x1b[2J,source,target\n8,9,1,2\n", ("1-2",), {"weights": "id, '\\x1b[2J'"}),
        ("x,y,weight,since\n", (), {}),
    ],
)  # fmt: skip
def test_a_text_is_read_for_what_it_says(
    tmp_path: Path, name: str, text: str, ties: tuple[str, ...], form: dict[str, str]
) -> None:
    if not ties:
        with pytest.raises(BadInput):
            read(tmp_path, text, name)
        return
    network = read(tmp_path, text, name)
    assert ties_of(network) == wanted(*ties)
    assert {key: network.notes[key] for key in form} == form
    assert f"{len(ties)} ties" in network.account()


@pytest.mark.parametrize("first", EDGES)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.parquet"])
def test_numbers_of_any_size_stay_apart(tmp_path: Path, name: str, first: int) -> None:
    """Fails where an identifier passes through a float, or wraps around."""
    pairs = [(first, first + 1), (first + 1, first + 2), (first + 2, 5)]
    if name == "a.parquet":
        if first + 2 >= 2**64:
            return  # Parquet has no such numbers
        table = pandas.DataFrame({"a": [a for a, _ in pairs], "b": [b for _, b in pairs]}, dtype=np.uint64)
        table.to_parquet(tmp_path / name)
        network = Friends.read(tmp_path / name)
    else:
        mark = "," if name == "a.csv" else " "
        network = read(tmp_path, "".join(f"{a}{mark}{b}\n" for a, b in pairs), name)
    assert ties_of(network) == {frozenset(map(str, pair)) for pair in pairs}


def test_a_matrix_market_file_has_a_size_and_people_without_ties(tmp_path: Path) -> None:
    head = "%%MatrixMarket matrix coordinate real general\n% a comment\n"
    network = read(tmp_path, head + "4 4 2\n2 1 0.5\n3 2 0.25\n", "a.mtx")
    assert ties_of(network) == wanted("1-2", "2-3")
    assert network.labels.tolist() == [1, 2, 3, 4], "the fourth has no ties, but is there"
    network = read(tmp_path, head + "3 4 2\n2 1 0.5\n3 2 0.25\n", "a.edges")
    assert ties_of(network) == wanted("1-2", "2-3")
    for text, complaint in (
        ("4 4 3\n2 1 1\n3 2 1\n", "line 3: 3 entries are announced, and there are 2"),
        ("3 4 2\n2 1 1\n3 4 1\n", "3 rows and 4 columns, and an entry in row or column 4"),
        ("4 4 2\n0 1 1\n3 4 1\n", "numbered from 1"),
        ("4 4\n0 1 1\n", "line 3: '4 4' where a Matrix Market file says its size"),
        ("", "nothing where a Matrix Market file says its size"),
    ):
        with pytest.raises(BadInput, match=complaint):
            read(tmp_path, head + text, "a.mtx")
    with pytest.raises(BadInput, match="only those in coordinate form"):
        read(tmp_path, "%%MatrixMarket matrix array real general\n1 2\n2 3\n", "a.mtx")


# ---------------------------------------------------------------------------------------------------- in doubt


@pytest.mark.parametrize(
    ("text", "complaint", "remedy"),
    [
        ("mei,bo\nli,chen\n", "line 1: do 'mei' and 'bo' name the columns, or is this a tie", "put a line source,target"),
        ("mei,bo\n", "no friendships in it if this is a header", "call them source and target"),
        ("source,target\nsource,bo\n", "line 1: do 'source' and 'target' name the columns", "source,target before it"),
        ("a,b,c\n1,2,3\n", r"line 1: 3 columns \('a', 'b', 'c'\)", "name them so"),
        ("mei,knows,bo\nbo,knows,li\n", r"3 columns \('mei', 'knows', 'bo'\)", "source and target"),
        ("1,2,knows\n2,3,likes\n", "line 1: 'knows' in column 3", "those of the two people source and target"),
        ("0,4,9\n1,4,8\n2,9,7\n", "the first column counts the lines", "source and target"),
        ("0,1,0,0,1\n1,0,0,0,0\n", "5 columns without names", "one tie a line"),
        ("0 1 1\n1 0 0\n1 0 0\n", "matrix of who knows whom", "one tie a line"),
        ("4 3\n1 2\n2 3\n3 4\n", "4 and 3: a tie, or the numbers of people and ties", "begin the line with #"),
        ("mei,33\nbo,41\n", "one column holds names, the other numbers", "call the columns source and target"),
        ("#a,b\nb,c\nc,d\n", "line 1: '#a,b': a comment, or a tie", "quotation marks"),
        ("1.0,2.0\n2.0,3.0\n", "'1.0' names nobody", "digits alone"),
        ("1e5,2\n2,3\n", "'1e5' names nobody", "digits alone"),
        ("1.000;2\n2;3\n", "'1.000' names nobody", "digits alone"),
        ("1'000;2\n2;3\n", '"1\'000" names nobody', "digits alone"),
        ("1,2 # friends\n2,3\n", "'2 # friends' names nobody", "digits alone"),
        ("+1,2\n2,3\n", r"'\+1' names nobody", "digits alone"),
        ("mei bo\nbo li\n", "'mei' is not a whole number", "names are parted by commas or tabs"),
        ("1 2\n2,3\n", "line 2: 1 values, '2,3'", "two user numbers a line"),
        ("1,2\n2;3\n", r"line 2: 1 cells where line 1 has 2 \(parted by commas\)", "as many cells as the others"),
        ("1,2\n3,4,5\n6,7,8,9\n", "line 2: 3 cells where line 1 has 2", "every line names one tie"),
        ('mei,bo\nbo,"li\n', r"line 2: 'bo,\"li': its quotation marks do not end", "written twice"),
        ("source,target\nJos\u00e9,bo\nJose\u0301,bo\n", "two different sequences", "NFC"),
        ("a;b,c\nc,d;a\nb;a,c\n", "line 1: 'a;b,c': both semicolons and commas part every line", "quotation marks"),
        ("1,\n2,3\n", "line 1: '' names nobody", "leave the line out"),
        ("1,2\n\0,3\n", "holds a byte 0", "cannot be read as text"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused_with_what_to_do(
    tmp_path: Path, text: str, complaint: str, remedy: str
) -> None:
    with pytest.raises(BadInput, match=complaint) as refused:
        read(tmp_path, text, "ties.csv")
    assert remedy in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_encodings_are_refused_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="UTF-16; save it as UTF-8"):
        read(tmp_path, "1,2\n".encode("utf-16"), "a.csv")
    with pytest.raises(BadInput, match="line 2: cannot be read as text in UTF-8: save it as UTF-8"):
        read(tmp_path, "mei,bo\nJosé,bo\n".encode("latin-1"), "a.csv")


# ------------------------------------------------------------------------------------------- both readers agree


def same(one: edge_lists.Ties, other: edge_lists.Ties) -> bool:
    arrays = zip(one[:3], other[:3], strict=True)
    return one.form == other.form and all(a.dtype.kind == b.dtype.kind and a.tolist() == b.tolist() for a, b in arrays)


def both(data: bytes) -> tuple[edge_lists.Ties | str | None, edge_lists.Ties | str]:
    """What the quick and the careful reader say: ties, or the message with which they refuse."""
    found: list[edge_lists.Ties | str | None] = []
    for reader in (edge_lists.quick, edge_lists.careful):
        try:
            found.append(reader(HERE, data))
        except BadInput as refused:
            found.append(str(refused))
    return found[0], found[1]  # type: ignore[return-value]


def agree(data: bytes) -> bool:
    """Whether the quick reader says what the careful one does, or nothing; True where it said something."""
    quick, careful = both(data)
    if quick is not None:
        assert quick == careful if isinstance(quick, str) or isinstance(careful, str) else same(quick, careful)
    return quick is not None


CELL = some.one_of(
    some.integers(0, 12).map(str),
    some.sampled_from(EDGES).map(str),
    some.sampled_from(
        ["007", "0", "00", "-1", "+1", "1.0", "0x1F", "1e3", "0,5", "1_0", " 3 ", "", "a", "NaN", "٣", "²"]
    ),
)
LINE = some.tuples(some.lists(CELL, min_size=1, max_size=5), some.sampled_from([",", ";", "\t", " ", "  ", "|"])).map(
    lambda it: it[1].join(it[0])
)


@settings(max_examples=400, deadline=None)
@given(
    some.lists(
        some.one_of(LINE, some.sampled_from(["", " ", "# note", "% note", "source,target", "a b", "{}"])), max_size=9
    ),
    some.sampled_from(["\n", "\r\n", "\r"]),
    some.booleans(),
)
def test_of_whatever_text_the_quick_reader_says_what_the_careful_one_does_or_nothing(
    lines: list[str], end: str, ended: bool
) -> None:
    agree((end.join(lines) + (end if ended else "")).encode())


@pytest.mark.parametrize("odd", ["4 5 ", "4 5  6", " 4 5 6", "4 5\t6", "4 5 6\t7", "4  5", "4 5 6 ", "4\t5 6 7"])
@pytest.mark.parametrize("head", ["", "source target weight\n", "source target weight since\n"])
def test_blanks_part_cells_alike_for_both_readers(head: str, odd: str) -> None:
    """A line short of a cell must not pass for one whose last is empty."""
    for columns in (2, 3, 4):
        rows = [" ".join(str(at + k) for k in range(columns)) for at in range(3, 30, 2)]
        agree((head + "\n".join([*rows, odd, *rows]) + "\n").encode())


@settings(max_examples=300, deadline=None)
@given(
    separator=some.sampled_from([",", ";", "\t", " ", "|"]),
    columns=some.integers(2, 4),
    numbers=some.lists(some.integers(0, 60), min_size=24, max_size=48),
    odd=some.lists(some.tuples(some.integers(0, 47), CELL), max_size=2),
    head=some.sampled_from(["", "# made\n", "source{0}target", "a{0}b{0}c", "\n\n"]),
)
def test_of_numbers_with_an_oddity_both_readers_say_the_same(
    separator: str, columns: int, numbers: list[int], odd: list[tuple[int, str]], head: str
) -> None:
    cells = [str(number) for number in numbers]
    for at, cell in odd:
        cells[at % len(cells)] = cell
    rows = [separator.join(cells[at : at + columns]) for at in range(0, len(cells) - columns + 1, columns)]
    named = [head.format(separator)] if head.startswith(("a", "s")) else []
    text = ("" if named else head) + "\n".join([*named, *rows]) + "\n"
    taken = agree(text.encode())
    assert taken or odd or isinstance(both(text.encode())[1], str) or named, "plain numbers are for the quick reader"


NAME = some.builds(
    lambda first, rest: (first + rest).strip(), some.sampled_from("abéñ漢"), some.text("abé ,;|#'\"0123", max_size=6)
)
PLAIN_NUMBERS = some.one_of(some.integers(0, 40), some.sampled_from(EDGES))
WRITTEN = some.one_of(
    some.lists(some.tuples(PLAIN_NUMBERS.map(str), PLAIN_NUMBERS.map(str)), min_size=1, max_size=30),
    some.lists(
        some.tuples(some.integers(0, 9).map(str), some.sampled_from(["007", "7", "07"])), min_size=2, max_size=9
    ),
    some.lists(some.tuples(NAME, NAME), min_size=2, max_size=20),
)


def written(cells: list[str], separator: str) -> str:
    quoted = (f'"{it.replace(chr(34), chr(34) * 2)}"' if set(it) & set(',;#"\t |') else it for it in cells)
    return separator.join(quoted)


@settings(max_examples=300, deadline=None)
@given(
    ties=WRITTEN,
    separator=some.sampled_from([",", ";", "\t", "|", " "]),
    header=some.booleans(),
    weights=some.sampled_from(["", "whole", "decimal", "comma"]),
    end=some.sampled_from(["\n", "\r\n"]),
    mark=some.booleans(),
    comment=some.booleans(),
)
@example([("1", "2"), ("2", "3")], ";", False, "comma", "\n", False, False)
@example([("a, b", "c"), ("c", "#d")], ",", True, "decimal", "\r\n", True, True)
def test_every_person_and_tie_of_a_text_is_read_as_it_is_written(
    ties: list[tuple[str, str]], separator: str, header: bool, weights: str, end: str, mark: bool, comment: bool
) -> None:
    """Whatever the separator, header, weights, comments, marks and ends of lines: names are neither changed nor merged."""
    names = {name for tie in ties for name in tie}
    if not all(map(str.isdigit, names)) and separator == " ":
        separator = "\t"  # names are not parted by blanks
    lines = ["# how it was made"] if comment else []
    named = header or not all(map(str.isdigit, names))
    column = {"": [], "whole": ["weight"], "decimal": ["weight"], "comma": ["weight"]}[weights]
    lines += [separator.join(["source", "target", *column])] if named else []
    value = {"": [], "whole": ["3"], "decimal": ["0.25"], "comma": ["5" if separator == "," else "0,5"]}[weights]
    lines += [separator.join([written([*tie], separator), *value]) for tie in ties]
    data = ("\ufeff" * mark + end.join(lines) + end).encode()
    try:
        found = edge_lists.careful(HERE, data.removeprefix(b"\xef\xbb\xbf"))
    except BadInput:
        if named:
            raise
        return  # without a header a small file may look like something else: said, not read wrongly
    assert [str(it) for it in found.one.tolist()] == [one for one, _ in ties]
    assert [str(it) for it in found.other.tolist()] == [other for _, other in ties]
    agree(data.removeprefix(b"\xef\xbb\xbf"))


@pytest.mark.parametrize("separator", [",", ";", "\t", " ", "   ", "|"])
@pytest.mark.parametrize("more", ["", "0.5", "7"])
@pytest.mark.parametrize("header", [True, False])
def test_plain_numbers_are_read_quickly_whatever_the_form(separator: str, more: str, header: bool) -> None:
    """Fails where the quick reader gives up on what it should take: then nothing above holds it against the other."""
    lines = [separator.join(["source", "target", *(["weight"] if more else [])])] if header else []
    lines += [separator.join([str(7 * k % 50), str(k * k % 50), *([more] if more else [])]) for k in range(50)]
    for end in ("\n", "\r\n"):
        assert agree(("# made\n\n" + end.join(lines) + end).encode())


# ------------------------------------------------------------------------------------------ as others write them


def test_what_others_write_is_read(tmp_path: Path) -> None:
    graph = networkx.karate_club_graph()
    ties = {frozenset(map(str, edge)) for edge in graph.edges}
    networkx.write_edgelist(graph, tmp_path / "a.edgelist")
    networkx.write_weighted_edgelist(graph, tmp_path / "b.edgelist")
    networkx.write_edgelist(graph, tmp_path / "c.txt", delimiter=",", data=False)
    table = networkx.to_pandas_edgelist(graph)
    table.to_csv(tmp_path / "d.csv")
    table.to_csv(tmp_path / "e.csv", sep=";", decimal=",", index=False)
    table.to_csv(tmp_path / "f.tsv", sep="\t", index=False)
    table.to_csv(tmp_path / "g.csv.gz", index=False)
    table.set_index(table.index + 3).to_parquet(tmp_path / "h.parquet")
    for path in sorted(tmp_path.iterdir()):
        assert ties_of(Friends.read(path)) == ties, path.name
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"1,2\n" * 1_000)[:-20])
    with pytest.raises(BadInput, match=r"cut\.csv\.gz: cannot be read as text"):
        Friends.read(tmp_path / "cut.csv.gz")
