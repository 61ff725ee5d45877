"""Settings: every number the model uses says what it is.

A value is `decided` (a lever of the platform) or `assumed` (an uncertainty about people and firms). Each carries a
unit, a plausible range to sweep, a meaning and a source, so that sweeps, sensitivity and calibration need no list of
their own. One frozen model a section of the scenario file; unknown names and impossible values are refused.
"""

import functools
import typing
from collections import namedtuple
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sim.engine.kernels import with_cached_type


class BadInput(ValueError):
    """What a person gave us cannot be used: says what, where, why and the nearest right thing. Exit code 2."""


def plain(value: Any) -> Any:
    """NumPy's numbers, words and arrays as Python's own, which are what settings are made of; all else as it is."""
    if isinstance(value, np.floating):  # some of them have no other form
        return float(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {plain(name): plain(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    return value


class Settings(BaseModel):
    """One section of a scenario. Frozen; unknown keys, wrong types and values out of range are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True)
    __iter__ = None  # type: ignore[assignment]  # else mesa.batch_run takes a scenario for a list of values

    @model_validator(mode="before")
    @classmethod
    def _plain_numbers(cls, values: Any) -> Any:
        """Strict means no guessing, not that a number of NumPy's is none."""
        return plain(values)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make `cls.Row`, the NamedTuple of numbers that kernels take in place of the settings."""
        super().__pydantic_init_subclass__(**kwargs)
        names = [name for name, field in cls.model_fields.items() if _is_number(field.annotation)]
        row = namedtuple(f"{cls.__name__}Row", names)  # type: ignore[misc]
        row.__module__, row.__qualname__ = cls.__module__, f"{cls.__qualname__}.Row"
        cls.Row = with_cached_type(row)  # type: ignore[attr-defined]

    @functools.cached_property
    def row(self) -> Any:
        """The numbers of this section as a NamedTuple for kernels; a word becomes its place in the Literal."""
        row = type(self).Row  # type: ignore[attr-defined]
        return row(*(_as_number(getattr(self, name), type(self).model_fields[name].annotation) for name in row._fields))

    def changed(self, values: dict[str, Any]) -> typing.Self:
        """A checked copy with other values (a dated event, --set)."""
        return type(self).model_validate(self.model_dump() | values)


def _is_number(annotation: Any) -> bool:
    return annotation in (int, float, bool) or get_origin(annotation) is Literal


def _as_number(value: Any, annotation: Any) -> Any:
    return get_args(annotation).index(value) if get_origin(annotation) is Literal else value


Floats = Annotated[tuple[float, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]
Words = Annotated[tuple[str, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]


LEAST, MOST = 1e-9, 10**12  # of what is positive, of any unit
MOST_BY_UNIT = {  # by how the unit begins, the first that fits; these end up in exponents, or are summed as cents
    "cents": 10**10,  # of each of five hundred million people it is still a sum that 64 bits hold
    "CNY": 10**8,
    "messages": 1_000,  # at a time
    "logit unit": 100,  # e^100 is certainty, e^710 no number
    "log-spread": 5,  # six deviations are then e^30, a thousand thousand millions
    "log": 100,
}


class Origin:
    """Declares a setting: who sets it, its unit, its limits, what it means and where its value comes from.

    `low` and `high` are the plausible range, which sweeps and sensitivity explore; the hard limits come with the unit,
    unless the declaration has its own. `differs` says what may have a value of its own in a test: "user" or "shop".
    """

    def __init__(self, name: Literal["decided", "assumed"]) -> None:
        self.name = name

    def _field(
        self, value: Any, unit: str, meaning: str, source: str, low: Any, high: Any, differs: str = "", **limits: Any
    ) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            most = next((most for begin, most in MOST_BY_UNIT.items() if unit.startswith(begin)), MOST)
            # one limit on each side, so that an error names the one that counts
            limits = ({} if {"ge", "gt"} & set(limits) else {"ge": -most}) | limits
            limits = ({} if {"le", "lt"} & set(limits) else {"le": most}) | limits
        note = {"origin": self.name, "unit": unit, "source": source, "low": low, "high": high}
        if differs:
            note["differs"] = differs
        return Field(value, description=meaning, json_schema_extra=note, **limits)

    def share(
        self, value: float, meaning: str, source: str = "", low: float = 0.0, high: float = 1.0, differs: str = ""
    ) -> Any:
        """A part of a whole, or a chance: in [0, 1]."""
        return self._field(value, "share", meaning, source, low, high, differs, ge=0, le=1)

    def number(
        self,
        value: float,
        unit: str,
        meaning: str,
        source: str = "",
        low: float | None = None,
        high: float | None = None,
        differs: str = "",
        **limits: Any,
    ) -> Any:
        """Any real number, in the unit named; `limits` are pydantic's (`ge`, `gt`, `le`, `lt`)."""
        return self._field(value, unit, meaning, source, low, high, differs, **limits)

    def positive(
        self,
        value: float,
        unit: str,
        meaning: str,
        source: str = "",
        low: float | None = None,
        high: float | None = None,
    ) -> Any:
        """A real number above zero, by which one may divide."""
        return self._field(value, unit, meaning, source, low, high, ge=LEAST)

    def amount(
        self,
        value: float,
        unit: str,
        meaning: str,
        source: str = "",
        low: float | None = None,
        high: float | None = None,
    ) -> Any:
        """A real number, zero or more."""
        return self._field(value, unit, meaning, source, low, high, ge=0)

    def count(
        self,
        value: int,
        unit: str,
        meaning: str,
        source: str = "",
        low: int | None = None,
        high: int | None = None,
        differs: str = "",
        **limits: Any,
    ) -> Any:
        """A whole number, zero or more unless `limits` say otherwise. Cents are counts."""
        least = {} if "gt" in limits else {"ge": 0}  # one lower limit, so that an error names the one that counts
        return self._field(value, unit, meaning, source, low, high, differs, **(least | limits))

    def switch(self, value: bool, meaning: str, source: str = "") -> Any:
        """On or off."""
        return self._field(value, "switch", meaning, source, False, True)

    def word(self, value: Any, meaning: str, source: str = "", unit: str = "word") -> Any:
        """A word, a file name, or a list of them."""
        return self._field(value, unit, meaning, source, None, None)


decided, assumed = Origin("decided"), Origin("assumed")


class Parameter(typing.NamedTuple):
    """What a setting declares of itself; `hongbao parameters` prints these."""

    name: str
    value: Any
    origin: str
    unit: str
    low: Any
    high: Any
    meaning: str
    source: str
    differs: str = ""


def limits(section: type[Settings], key: str) -> tuple[float | None, float | None]:
    """The least and the most that a setting may be; None where there is no such value."""
    rules = section.model_fields[key].metadata
    least, most = ([getattr(rule, end) for rule in rules if hasattr(rule, end)] for end in ("ge", "le"))
    return max(least, default=None), min(most, default=None)


def parameters(sections: dict[str, Settings]) -> Iterator[Parameter]:
    """Every setting of the sections given, in the order of declaration."""
    for section, settings in sections.items():
        for key, field in type(settings).model_fields.items():
            note = typing.cast(dict[str, Any], field.json_schema_extra or {})
            yield Parameter(
                f"{section}.{key}",
                getattr(settings, key),
                note.get("origin", ""),
                note.get("unit", ""),
                note.get("low"),
                note.get("high"),
                field.description or "",
                note.get("source", ""),
                note.get("differs", ""),
            )


@functools.cache
def section_of(kind: type[BaseModel], settings: type[Settings]) -> str:
    """The name of a section of a kind of scenario, by the class that declares it or a part of it.

    Raises:
        KeyError: it has no such section.
    """
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, settings):
            return name
    raise KeyError(f"no section is declared by {settings.__name__}: is its service among the world's `services`?")
