"""What a page is made of, and its template.

A page is a lead and a list of sections. A section is a function of what was measured that returns its title and parts,
or None where there is nothing to say; to add one, write the function and put it in the list of its page: COMPARISON,
RUN or SECTIONS.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

import jinja2
from markupsafe import Markup, escape

from sim.ground import paths
from sim.results.files import whole_file
from sim.results.folders import REPORT

OURS = b'name="generator" content="hongbao'  # stands at the head of every page


class Cell(NamedTuple):
    """A number as it is read, with the exact value behind it, and what is said below it in small."""

    text: str
    value: float | int | None = None
    notes: tuple[str, ...] = ()
    tone: str = ""  # "gain", "loss", "unsure", "heat0".. see the page's style
    best: bool = False


Row = tuple[Cell | str, ...]


class Table(NamedTuple):
    """Rows under a head; the first cell of a row names it."""

    caption: str
    head: tuple[str, ...]
    rows: list[Row]
    wordy: bool = False  # text rather than numbers: aligned left


class Figure(NamedTuple):
    """A picture for a desk and one for a phone, what it says in words, and the table behind it."""

    name: str
    title: str
    desk: str
    phone: str
    alt: str
    table: Table
    note: str = ""


class Fold(NamedTuple):
    """Tables that the reader may open."""

    title: str
    tables: list[Table]


Part = str | Figure | Table | Fold  # a string is a paragraph


class Section(NamedTuple):
    """A part of the page under a heading of its own."""

    name: str
    title: str
    parts: list[Part]


class Page(NamedTuple):
    """What the template writes out."""

    title: str
    subtitle: str
    answer: list[str]
    warning: list[str]
    sections: list[Section]
    version: str
    by_hand: str = ""  # what was set by hand, which no file says


Seen = TypeVar("Seen")


def sections_of(makers: Iterable[Callable[[Seen], Section | None]], seen: Seen) -> list[Section]:
    """The sections that have something to say, in order."""
    return [section for make in makers if (section := make(seen)) is not None]


def save(page: Page, folder: Path) -> Path:
    """Write the page as `report.html` into a folder and return its path; an earlier page goes, nobody else's does."""
    paths.check_file(folder / REPORT, _is_ours, "page of hongbao's", force=True)
    with whole_file(folder / REPORT) as part:
        part.write_text(render(page), encoding="utf-8")
    return folder / REPORT


def _is_ours(file: Path) -> bool:
    return OURS in file.read_bytes()


def render(page: Page) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sim.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["kind"] = lambda part: "Text" if isinstance(part, str) else type(part).__name__
    environment.filters["drawn"] = Markup  # our own SVG
    environment.filters["breakable"] = _breakable
    return environment.get_template("page.html.j2").render(page=page)


def _breakable(name: str) -> Markup:
    """A name like `wallet.payer_fee` that may go over two lines."""
    return Markup(re.sub(r"([._])(?=[a-z])", r"\1<wbr>", str(escape(name))))
