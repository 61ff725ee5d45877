"""Pictures of a page as files of their own, for slides and for a project's first page."""

import re
from collections.abc import Iterator
from pathlib import Path

from markupsafe import escape

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.report.page import Figure, Page
from sim.results.files import whole_file

FONT = "DejaVu Sans, Verdana, sans-serif"
PAPER = "#fbfbfa"  # of the page, so that what is written over lines covers them
MARGIN = 12  # pixels around
OURS = b"<!-- made by hongbao -->"


def pictures(page: Page, into: Path) -> list[Path]:
    """Write each picture of a page as an SVG named after what it shows; earlier ones of ours go.

    Args:
        page: of a run, a comparison or a sweep.
        into: the folder, made if it is not there.

    Returns:
        The files, in the page's order.

    Raises:
        BadInput: it is no folder, or has a file of that name that is not ours.
    """
    if into.exists() and not into.is_dir():
        raise BadInput(f"{into} is a file: pictures go into a folder")
    figures = list(_figures(page))
    files = [into / f"{figure.name}.svg" for figure in figures]
    for file in files:
        paths.check_file(file, _is_ours, "picture of hongbao's", force=True)
    into.mkdir(parents=True, exist_ok=True)
    for file, figure in zip(files, figures, strict=True):
        with whole_file(file) as part:
            part.write_text(alone(figure), encoding="utf-8")
    return files


def alone(figure: Figure) -> str:
    """A picture as a file of its own: as wide as on a desk and a margin, on the page's paper, with what it says in words."""
    opening, _, rest = figure.desk.partition(">")
    found = re.search(r'viewBox="0 0 (\d+) (\d+)"', opening)
    assert found is not None, "a picture of ours says how large it is"
    width, height = (int(side) + 2 * MARGIN for side in found.groups())
    place = f'x="{-MARGIN}" y="{-MARGIN}" width="{width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-MARGIN} {-MARGIN} {width} {height}" '
        f'width="{width}" height="{height}" font-family="{FONT}" role="img" aria-label="{escape(figure.alt)}">'
        f'{OURS.decode()}<title>{escape(figure.title)}</title><rect {place} fill="{PAPER}"/>{rest}\n'
    )


def _figures(page: Page) -> Iterator[Figure]:
    return (part for section in page.sections for part in section.parts if isinstance(part, Figure))


def _is_ours(file: Path) -> bool:
    return OURS in file.read_bytes()
