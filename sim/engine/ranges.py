"""Ranges of levers: from where to where a search may move a setting that the platform decides."""

import math
from typing import Any, NamedTuple

from sim.engine.settings import BadInput, Parameter

WIDE = 10.0  # a range above 0 whose ends are so many times apart is looked at over its logarithm
FIGURES = 4  # significant figures of a lever: nobody sets a price more finely


class LeverRange(NamedTuple):
    """What a lever may be: a number from `low` to `high`, or one of `choices`, which are switched or named.

    whole: whether only whole numbers are meant.
    logarithmic: whether equal steps are equal ratios.
    """

    name: str
    unit: str
    meaning: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    logarithmic: bool = False
    choices: tuple[Any, ...] = ()

    def at(self, share: float) -> Any:
        """The value at a share of the range, from 0 to 1, in the setting's own type and in four significant figures."""
        if self.choices:
            return self.choices[min(len(self.choices) - 1, int(share * len(self.choices)))]
        share = min(1.0, max(0.0, share))
        if self.logarithmic:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        value = min(self.high, max(self.low, float(f"{value:.{FIGURES}g}")))
        return round(value) if self.whole else value

    def share_of(self, value: Any) -> float:
        """Where a value lies in the range, from 0 to 1; of choices, the middle of its part."""
        if self.choices:
            return (self.choices.index(value) + 0.5) / len(self.choices)
        if self.logarithmic:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        return value in self.choices if self.choices else bool(self.low <= value <= self.high)


def range_of(setting: Parameter, said: Any, where: str) -> LeverRange:
    """The range of a lever as a scenario file says it.

    Args:
        setting: what its declaration says of it.
        said: true for the declared range, two numbers for another, or a list of values to choose from.
        where: begins the message of an error: file, key and value.

    Raises:
        BadInput: it is no range of such a setting, or none is declared.
    """
    about = (setting.name, setting.unit, setting.meaning)
    whole, number = isinstance(setting.value, int), _is_number(setting.value)
    if said is True:
        if not number and isinstance(setting.value, bool):
            return LeverRange(*about, choices=(False, True))
        if not number or setting.low is None or setting.high is None:
            wanted = "two numbers" if number else "a list of values to choose from"
            raise BadInput(f"{where}: no range is declared for it: give {wanted}")
        said = [setting.low, setting.high]
    if not isinstance(said, list | tuple) or len(said) < 2:
        raise BadInput(
            f"{where}: must be true for the declared range, false for none, two numbers, or a list to choose from"
        )
    if not number or len(said) > 2:
        if any(type(one) is not type(setting.value) and not (number and _is_number(one)) for one in said):
            raise BadInput(f"{where}: {setting.name} is {setting.value!r} now, and so must be what to choose from")
        if len({repr(one) for one in said}) < len(said):
            raise BadInput(f"{where}: the same value stands there twice")
        kind: type[Any] = type(setting.value)
        if whole and number and any(one != round(one) for one in said):
            raise BadInput(f"{where}: {setting.name} is a whole number")
        return LeverRange(*about, choices=tuple(kind(one) for one in said))
    low, high = said
    if not (_is_number(low) and _is_number(high)) or not low < high:
        raise BadInput(f"{where}: the range is empty: the first must be a number below the second")
    if whole and (low != round(low) or high != round(high)):
        raise BadInput(f"{where}: {setting.name} is a whole number, and so must be the ends of its range")
    return LeverRange(*about, float(low), float(high), whole, low > 0 and high >= WIDE * low)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
