"""No free lunch: pushed to its most, every lever has somebody who minds, and what annoys brings nobody.

Small worlds, the same people with the same luck at nothing, at a middle place and at the most; `hongbao validate
--levers` has the whole curves, in worlds and times in which the best place is inside the range.
"""

import functools

import pytest

from sim.experiments.levers import LEVERS, Curve, Law, draw_curve, laws_of

INSIDE = "it earns most inside its range, or says why not"


@functools.cache
def curve_of(name: str) -> Curve:
    lever = next(lever for lever in LEVERS if lever.name == name)
    ends = lever.places[0], lever.places[-1]
    return draw_curve(lever._replace(places=ends), users=1_000, days=180, seeds=(1, 2))


@pytest.mark.parametrize("name", [lever.name for lever in LEVERS])
def test_a_lever_pushed_to_its_most_is_minded(name: str) -> None:
    laws: list[Law] = [law for law in laws_of(curve_of(name)) if law.law != INSIDE]
    assert len(laws) >= 3
    assert not [law for law in laws if not law.kept]
