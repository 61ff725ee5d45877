"""Columns: the state of a crowd, one array a fact, each declared once."""

from collections import namedtuple
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sim.engine.kernels import with_cached_type


class Column:
    """One declared column of a Table: its type, first value, meaning and unit."""

    name: str

    def __init__(self, dtype: DTypeLike, first: Any, meaning: str, unit: str = "") -> None:
        self.dtype, self.first, self.meaning, self.unit = np.dtype(dtype), first, meaning, unit

    def __set_name__(self, table: type, name: str) -> None:
        self.name = name

    def __get__(self, table: Any, kind: type | None = None) -> Any:
        return self if table is None else getattr(table.rows, self.name)

    def __set__(self, table: Any, values: Any) -> None:
        getattr(table.rows, self.name)[...] = values  # in place: kernels hold the array


class Table:
    """Columns of equal length; `rows`, a NamedTuple of arrays, is what kernels take."""

    declared: ClassVar[dict[str, Column]]
    Rows: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        cls.declared = {name: value for name, value in vars(cls).items() if isinstance(value, Column)}
        rows = namedtuple(f"{cls.__name__}Rows", cls.declared)  # type: ignore[misc]
        rows.__module__, rows.__qualname__ = cls.__module__, f"{cls.__qualname__}.Rows"
        cls.Rows = with_cached_type(rows)

    def __init__(self, size: int) -> None:
        self.size = size
        self.rows = self.Rows(*(np.full(size, c.first, c.dtype) for c in self.declared.values()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.size:,} rows of {', '.join(self.declared)}>"

    def __getitem__(self, row: int) -> Any:
        return self.Rows(*(column[row].item() for column in self.rows))

    @classmethod
    def bytes_per_row(cls) -> int:
        """Memory a row takes, in bytes."""
        return sum(column.dtype.itemsize for column in cls.declared.values())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every column by name, for saving."""
        return dict(zip(self.declared, self.rows, strict=True))
