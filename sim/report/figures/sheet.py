"""A canvas measured in pixels, with scales, keys and text that fits: what every picture is drawn on.

A picture is drawn twice, for a desk and for a phone, and the page shows the one that fits. Lengths are CSS pixels: a
picture is as wide as it says, so its text is as large as the text around it. The same numbers give the same bytes.
"""

import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import matplotlib.patches
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sim.report.page import Figure, Table
from sim.report.wording import GAP, in_words, short

DESK, PHONE = 860, 350  # widths in pixels; below 720 the page shows the phone's picture
INK, SOFT, RULE, GAIN, LOSS = "#1f2430", "#5b6472", "#d5dae1", "#0072b2", "#c2500a"
LINES = (  # told apart by people who see few colours: Tol's muted scheme, neighbours in contrast
    "#332288", "#cc6677", "#117733", "#ddcc77", "#88ccee", "#882255", "#44aa99", "#aa4499", "#999933",
)  # fmt: skip
FILLS = (  # Tol's light scheme: dark text can be read on each
    "#77aadd", "#ee8866", "#bbcc33", "#ffaabb", "#44bb99", "#eedd88", "#99ddff", "#aaaa00", "#c8ccd2",
)  # fmt: skip
STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "hongbao", "font.family": "DejaVu Sans", "font.size": 12.0,
    "text.color": INK, "axes.edgecolor": RULE, "axes.labelcolor": SOFT, "xtick.color": SOFT, "ytick.color": SOFT,
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "axes.unicode_minus": True,
    "text.parse_math": False, "path.simplify_threshold": 0.4, "lines.solid_capstyle": "round",
}  # fmt: skip


def figure(name: str, title: str, draw: Callable[[int], Canvas], alt: str, table: Table, note: str = "") -> Figure:
    """Draw a picture at both widths."""
    pictures = []
    for size, width in (("desk", DESK), ("phone", PHONE)):
        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's browser has it
            pictures.append(_svg(draw(width), f"{name}-{size}"))
    return Figure(name, title, pictures[0], pictures[1], alt, table, note)


def _svg(canvas: Canvas, name: str) -> str:
    """The picture as an element to put into a page: no header, no addresses, no styles of its own, unique ids."""
    file = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    canvas.savefig(file, format="svg", metadata=nothing)
    text = file.getvalue()
    width, height = (round(float(side) * 72) for side in canvas.get_size_inches())
    text = text[text.index("<svg") :]
    text = text[text.index(">") + 1 :]
    for pattern, by in (
        (r"<metadata>.*?</metadata>", ""),
        (r"<style.*?</style>", ""),
        (r"<defs>\s*</defs>", ""),
        (r'<g id="[^"]*"', "<g"),
        (r"xlink:href", "href"),
        (r" font-family: [^;\"]*;?", ""),
        (r' transform="rotate\(-0 [^"]*\)"', ""),
        (r'\bid="', f'id="{name}-'),
        (r'href="#', f'href="#{name}-'),
        (r"url\(#", f"url(#{name}-"),
        (r"\s*\n\s*", " "),
    ):
        text = re.sub(pattern, by, text, flags=re.DOTALL)
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\d+\.\d+", lambda n: f"{float(n[0]):.1f}", path[0]), text)
    text = re.sub(r"> <(?!/text)", "><", text)
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">{text.strip()}'


# Drawing by the pixel


class Sheet:
    """A canvas measured in pixels from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.canvas = Canvas(figsize=(width / 72, height / 72), dpi=72)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """A plain plotting area: a line below, nothing else."""
        place = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        axes = self.canvas.add_axes(place)
        for side in ("left", "right", "top"):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0, pad=6, labelsize=11)
        axes.set_axisbelow(True)
        return axes

    def write(self, text: str, x: float, y: float, size: float = 12, colour: str = INK, **how: Any) -> None:
        """Text whose middle is `y` pixels from the top."""
        how = {"va": "center_baseline", "ha": "left"} | how
        self.canvas.text(x / self.width, 1 - y / self.height, text, fontsize=size, color=colour, **how)

    def write_over(self, text: str, x: float, y: float, **how: Any) -> None:
        """Text on a patch of the page's own colour, so that lines behind it do not cross it."""
        self.write(text, x, y, bbox={"fc": "#fbfbfa", "ec": "none", "pad": 1.5}, **how)

    def line(self, y: float) -> None:
        """A line across the whole sheet."""
        place = 1 - y / self.height
        self.canvas.add_artist(Line2D((0, 1), (place, place), color=SOFT, lw=1))

    def square(self, x: float, y: float, colour: str) -> None:
        """A small patch of colour, for a key."""
        place = (x / self.width, 1 - (y + 5) / self.height)
        self.canvas.add_artist(
            matplotlib.patches.Rectangle(
                place, 10 / self.width, 10 / self.height, color=colour, lw=0, transform=self.canvas.transFigure
            )
        )

    def key(self, places: Sequence[tuple[float, float]], entries: Sequence[tuple[str, str]]) -> None:
        """The key: names beside patches of their colours, at the places that `key_of` found."""
        for (x, y), (name, colour) in zip(places, entries, strict=False):
            self.square(x, y, colour)
            self.write(clipped(name, self.width - 20), x + 15, y)

    def grid(self, left: float, top: float, wide: float, tall: float, columns: int, rows: int) -> Axes:
        """An area of cells `wide` by `tall` pixels, counted from its top left corner."""
        axes = self.axes(left, top, wide * columns, tall * rows)
        axes.spines["bottom"].set_visible(False)
        axes.set_xlim(0, columns)
        axes.set_ylim(rows, 0)
        axes.set_xticks([])
        axes.set_yticks([])
        return axes


def ink_over(colour: str) -> str:
    """Ink that can be read on a colour."""
    red, green, blue = to_rgb(colour)
    return "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.5 else INK


# Text that fits


def length(text: str, size: float = 12) -> float:
    """About how long a text is in pixels, rather too long."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.57 for c in text)


def clipped(text: str, room: float, size: float = 12) -> str:
    """The text, cut to fit."""
    if length(text, size) <= room:
        return text
    while text and length(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def folded(text: str, room: float, lines: int = 2, size: float = 12) -> str:
    """The text over at most so many lines, cut to fit."""
    done: list[str] = []
    words = text.split()
    while words and len(done) < lines - 1:
        line = words.pop(0)
        while words and length(f"{line} {words[0]}", size) <= room:
            line += " " + words.pop(0)
        done.append(clipped(line, room, size))
    return "\n".join([*done, clipped(" ".join(words), room, size)] if words else done)


def row_for(labels: Sequence[str], room: float, least: int) -> int:
    """Height of a row that holds these labels, over two lines where need be."""
    return max(least, 38) if any(length(label) > room for label in labels) else least


def key_of(names: Sequence[str], width: float) -> tuple[list[tuple[float, float]], float]:
    """Where the names of a key go, and how far down the key reaches; one name alone needs none."""
    if len(names) < 2:
        return [], 4.0
    places, x, y = [], 0.0, 10.0
    for name in names:
        if x > 0 and x + 15 + length(name) > width:
            x, y = 0.0, y + 20
        places.append((x, y))
        x += 15 + length(name) + 18
    return places, y + 20


# Scales


def number_line(axes: Axes, low: float, high: float, unit: str, wide: float, most: int, sign: bool = False) -> None:
    """A horizontal scale `wide` pixels wide, with few round ticks and faint lines."""
    axes.set_xlim(low, high)
    places, names = round_ticks(low, high, unit, most, sign)
    room = [min(place - low, high - place) / (high - low) * wide + 10 - length(name, 11) / 2 for place, name in
            zip(places, names, strict=True)]  # fmt: skip
    axes.set_xticks(places, [name if space >= 0 else "" for name, space in zip(names, room, strict=True)])
    axes.grid(axis="x", color=RULE, lw=0.7)
    axes.set_yticks([])


def round_ticks(low: float, high: float, unit: str, most: int, sign: bool = False) -> tuple[list[float], list[str]]:
    """Round places within a range and their names."""
    times = in_words(unit)[0]
    found = MaxNLocator(most, min_n_ticks=2).tick_values(low * times, high * times)
    inside = [float(place) for place in found if low * times <= place <= high * times]
    like, step = max(abs(low), abs(high)) * times, float(found[1] - found[0])
    return [place / times for place in inside], [_tick(place, like, step, sign) for place in inside]


def _tick(value: float, like: float, step: float, sign: bool) -> str:
    """A round number without needless zeros."""
    digits, _, letter = short(value, like, sign, step).partition(GAP)
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits + (GAP + letter if letter else "")


def with_air(low: float, high: float) -> tuple[float, float]:
    """A range with some air, never empty."""
    if high <= low:
        return (low - 1, high + 1) if low == 0 else (low - abs(low) * 0.1, high + abs(high) * 0.1)
    air = (high - low) * 0.07
    return low - air, high + air
