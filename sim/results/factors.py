"""The values of a factor of a sweep: its levels, classes of those that were drawn, and how they are read."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

AROUND = 0.05  # of its class, how far the outermost end may lie beyond the last value
CLASSES = 5  # that the values of a drawn factor are put into


class Levels(NamedTuple):
    """A factor's values, or the classes that its drawn values are put into.

    Attributes:
        of: the level of each point, from 0; shape (points,).
        values: of each level, or the ends of each class: neighbours share an end, which is in the upper one, but of whole
            numbers both ends are in the class.
        at: where each lies, for a picture.
    """

    of: NDArray[np.int64]
    values: list[Any]
    at: list[float]

    @property
    def labels(self) -> list[str]:
        """What each is called."""
        return labels_of(self.values)


def levels_of(values: NDArray[Any], drawn: bool) -> Levels:
    """The different values of a factor by point, or classes of them."""
    different, of, many = np.unique(values, return_inverse=True, return_counts=True)
    if not drawn or len(different) <= CLASSES:
        numbers = different.dtype.kind in "if"
        at = [float(value) if numbers else float(place) for place, value in enumerate(different)]
        return Levels(of.astype(np.int64), different.tolist(), at)
    # a class begins with the value at which so many fifths of the points are reached; each has one value at least
    begins = np.unique(np.searchsorted(np.cumsum(many), np.arange(CLASSES) / CLASSES * len(values), "right"))
    class_of = np.searchsorted(begins, np.arange(len(different)), "right") - 1
    lasts = np.append(begins[1:], len(different)) - 1
    classes: list[Any] = list(zip(different[begins].tolist(), different[lasts].tolist(), strict=True))
    if different.dtype.kind == "f":
        classes = list(itertools.pairwise(_shared_ends(classes)))
    of = class_of[of]
    return Levels(of.astype(np.int64), classes, [float(values[of == k].mean()) for k in range(len(begins))])


def _shared_ends(classes: list[tuple[float, float]]) -> list[float]:
    """Short numbers between the least and largest values of neighbouring classes, and around all of them."""
    low, high = classes[0][0], classes[-1][1]
    between = [_short_number(a, b) for (_, a), (b, _) in itertools.pairwise(classes)]
    return [
        _short_number(low - AROUND * (between[0] - low), low),
        *between,
        _short_number(high, high + AROUND * (high - between[-1] or between[-1] - between[-2]), lower=True),
    ]


def _short_number(low: float, high: float, lower: bool = False) -> float:
    """The number of fewest figures above `low` and not above `high`, or with `lower` not below `low` and below `high`."""
    for figures in range(1, 17):
        for place in (low + (high - low) / 2, high, low):
            number = float(f"{place:.{figures}g}")
            if low <= number < high if lower else low < number <= high:
                return number
    return low if lower else high


def labels_of(values: Sequence[Any], times: float = 1.0, after: str = "", figures: int = 4) -> list[str]:
    """Values of a factor, or the ends of its classes, as they are read: with figures enough that no two look the same.

    Args:
        times: what numbers are multiplied by to be read.
        after: what stands behind them.
        figures: that a number has at least, if it has so many.
    """
    if values and isinstance(values[0], tuple):
        ends = dict.fromkeys(end for value in values for end in value)
        said = dict(zip(ends, _apart(list(ends), times, figures, exact=True), strict=True))
        return [(said[a] if a == b else f"{said[a]} to {said[b]}") + after for a, b in values]
    numbers = bool(values) and all(isinstance(it, int | float) and not isinstance(it, bool) for it in values)
    if numbers:
        return [it + after for it in _apart(values, times, figures)]
    return [("on" if value else "off") if isinstance(value, bool) else str(value) for value in values]


def _apart(numbers: Sequence[float], times: float, figures: int, exact: bool = False) -> list[str]:
    """Numbers with as many figures as tell them apart, or, if `exact`, say all of each."""
    shown = [number if times == 1 else number * times for number in numbers]
    for many in range(figures, 17):
        said = [_with_figures(number, many) for number in shown]
        whole = all(
            np.isclose(float(it.replace(",", "")), number, 1e-12, 0) for it, number in zip(said, shown, strict=True)
        )
        if len(set(said)) == len(set(numbers)) and (whole or not exact):
            return said
    return [str(number) for number in shown]


def _with_figures(number: float, figures: int) -> str:
    if isinstance(number, int) or abs(number) >= 10**figures - 0.5:
        return f"{number:,.0f}"
    return f"{number:,.{figures}g}"


def end_of(factor: Mapping[str, Any], value: Any) -> str:
    """Whether a value is the `lowest` or the `highest` that was tried of a lever, and one beyond it could be."""
    tried = factor["values"]
    if value is None or len(tried) < 2 or any(isinstance(it, bool | str) for it in tried):
        return ""
    if value == min(tried) and factor.get("least") != value:
        return "lowest"
    return "highest" if value == max(tried) and factor.get("most") != value else ""
