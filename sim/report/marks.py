"""A difference with its interval: how sure it is, in words and in colour."""

from typing import NamedTuple

from sim.ground.metrics import Better
from sim.report.wording import GAP, interval


class Mark(NamedTuple):
    """A value with an interval, if there is one."""

    label: str
    middle: float
    low: float | None = None
    high: float | None = None

    @property
    def sure(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def ends(self) -> tuple[float, float]:
        """The interval, or the value twice."""
        return (self.middle if self.low is None else self.low, self.middle if self.high is None else self.high)


def how_sure(it: Mark, unit: str, sign: bool = True) -> str:
    """The interval in brackets, or that there is none."""
    found = ends_of(it, unit, sign)
    return f"95{GAP}% interval {found[0]}" if found else "one replicate, so no interval"


def ends_of(it: Mark, unit: str, sign: bool = True) -> list[str]:
    """The interval as a note, if there is one."""
    return [] if it.low is None or it.high is None else [interval(it.low, it.high, unit, sign)]


def tone_of(better: Better, mark: Mark) -> str:
    """The tone of a cell: better, worse, or not settled; none where more is neither."""
    if better == "neither":
        return ""
    if not mark.sure:
        return "unsure"
    return "gain" if (mark.middle > 0) == (better == "more") else "loss"
