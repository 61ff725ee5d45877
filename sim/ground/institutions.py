"""What Mesa agents of few numbers share: their numbers live in a table, the agent is a view of its row."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.world import World


class Field:
    """An attribute of an agent that is a cell of its table: `price = Field()` reads and writes `table.price[row]`."""

    name: str

    def __set_name__(self, kind: type, name: str) -> None:
        self.name = name

    def __get__(self, agent: Any, kind: type | None = None) -> Any:
        return self if agent is None else getattr(agent.table.rows, self.name).item(agent.row)

    def __set__(self, agent: Any, value: Any) -> None:
        getattr(agent.table.rows, self.name)[agent.row] = value


def decide(world: "World") -> None:
    """Institutions whose calendar says so decide: each kind of agent every so many days (`calendar`), on the last of them."""
    for kind, agents in world.agents_by_type.items():
        if world.day % kind.calendar == kind.calendar - 1:
            for agent in agents:
                agent.decide()
