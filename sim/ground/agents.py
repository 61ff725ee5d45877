"""What Mesa agents of few numbers share: their numbers live in a table, the agent is a view of its row."""

from typing import Any


class Field:
    """An attribute of an agent that is a cell of its table: `price = Field()` reads and writes `table.price[row]`."""

    name: str

    def __set_name__(self, kind: type, name: str) -> None:
        self.name = name

    def __get__(self, agent: Any, kind: type | None = None) -> Any:
        return self if agent is None else getattr(agent.table.rows, self.name).item(agent.row)

    def __set__(self, agent: Any, value: Any) -> None:
        getattr(agent.table.rows, self.name)[agent.row] = value
