"""No free lunch: pushed to its most, every lever has somebody who minds, and what annoys brings nobody.

Small worlds, the same people with the same luck at nothing and at the most; `hongbao validate --levers` has the whole
curves, in worlds and times in which the best place is inside the range.
"""

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import sim.cli as cli
from sim.experiments import levers as pushing
from sim.experiments.levers import (
    LEVERS,
    MEASURED,
    MOST_INSIDE,
    NO_PRICE,
    SWITCHES,
    Curve,
    Lever,
    Switch,
    draw_curve,
    laws_of,
    pushed_by_name,
    rows_of,
)
from sim.scenario import Scenario

PEOPLE, DAYS = 800, 120
LIVED: dict[str, dict[str, float]] = {}  # levers of one world start from the same one


def broken(pushed: Lever | Switch) -> list[str]:
    """Laws that are broken between the ends of a lever's range; where it earns most is seen in longer curves."""
    if isinstance(pushed, Lever):
        pushed = pushed._replace(places=(pushed.places[0], pushed.places[-1]))
    laws = laws_of(draw_curve(pushed, PEOPLE, DAYS, seeds=(1, 2), lived=LIVED))
    return [f"{law.law}: {law.seen}" for law in laws if not law.kept and law.law != MOST_INSIDE]


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.title)
def test_a_lever_pushed_to_its_most_is_minded(lever: Lever) -> None:
    assert not broken(lever)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.title)
def test_a_service_switched_off_makes_nobody_happier(switch: Switch) -> None:
    assert not broken(switch)
