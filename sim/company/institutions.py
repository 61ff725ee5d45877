"""Firms and institutions decide when their calendar says so."""

from sim.state import State


def decide(state: State) -> None:
    """Institutions whose calendar says so decide: each kind of agent every so many days (`calendar`), on the last of them."""
    for kind, agents in state.agents_by_type.items():
        if state.day % kind.calendar == kind.calendar - 1:
            for agent in agents:
                agent.decide()
