"""Events: the dated changes of a scenario, and what happens to everyone on a day."""

from sim.company import steering
from sim.people import trust
from sim.state import State


def take_events(state: State) -> None:
    """Apply the scenario's events of today, and what the company's rule has moved."""
    state.outage = False
    for event in state.scenario.events:
        if event.day != state.day:
            continue
        if event.set:
            state.now = state.scenario.at(state.day + 1)
        if event.happen == "outage":
            state.outage = True
        elif event.happen is not None:
            trust.apply_shock(state, event.happen)
    state.now = steering.applied(state, state.now)
