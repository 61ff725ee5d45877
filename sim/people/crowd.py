"""Looking at people: `world.users[17]` is one person, `world.users.messaging.sent` a column of everyone."""

import operator
from collections.abc import Iterable
from typing import Any, NoReturn, SupportsIndex

from sim.engine.names import nearest
from sim.ground.ledger import BANK, WALLET
from sim.people.users import UserColumns
from sim.state import State

OF_A_PERSON = ("wallet", "bank", "row")  # besides a row of each table


class Person:
    """One person, for looking: `world.users[17].messaging.sent`."""

    def __init__(self, state: State, row: int, tables: Iterable[str]) -> None:
        self.row = row
        for name in tables:
            setattr(self, name, state.tables[name][row])
        self.wallet, self.bank = int(state.ledger[WALLET][row]), int(state.ledger[BANK][row])

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a person has no {name!r}{nearest(name, self.__dict__)}")

    def __repr__(self) -> str:
        tables = [name for name in self.__dict__ if name not in OF_A_PERSON]
        held = f"{self.wallet:,} cents in the wallet, {self.bank:,} in the bank"
        return f"<Person {self.row}: {held}; {', '.join(tables)}>"


class Crowd:
    """`world.users[17]` is a person, `world.users.messaging.sent` a column; `rows` are the traits, for kernels.

    Raises:
        AttributeError: there is no such table, IndexError: no such person; both say what there is.
    """

    def __init__(self, state: State, tables: Iterable[str]) -> None:
        self._world, self._tables, self.rows = state, tuple(tables), state[UserColumns]

    def __len__(self) -> int:
        return self._world.size

    def __getitem__(self, row: SupportsIndex) -> Person:
        try:
            number = operator.index(row)
        except TypeError:
            raise TypeError(f"world.users[{row!r}]: one person has a whole number; {self._columns()}") from None
        if not 0 <= number < len(self):
            raise IndexError(f"there is no person {number}: people are numbered 0 to {len(self) - 1}")
        return Person(self._world, number, self._tables)

    def __getattr__(self, table: str) -> Any:
        if table.startswith("_"):  # asked by copy, pickle and NumPy, also of one that is not whole yet
            raise AttributeError(table)
        if table not in self._world.tables:
            raise AttributeError(f"there is no table of people {table!r}{nearest(table, self._world.tables)}")
        return self._world.tables[table].rows

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._tables})

    def __array__(self, *how: Any, **more: Any) -> NoReturn:
        raise TypeError(f"world.users is a crowd, not an array; {self._columns()}")

    def _columns(self) -> str:
        return (
            f"a column of everyone is had by its table and name, as world.users.messaging.sent ({len(self):,} values)"
        )

    def __repr__(self) -> str:
        return f"<Crowd of {len(self):,} people: {', '.join(self._tables)}>"
