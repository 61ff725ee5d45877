"""Taste: the noise of a choice."""

import numpy as np
import pytest

from sim.people import taste


def test_gumbels_are_gumbel_one_by_one() -> None:
    u = np.linspace(1e-12, 1 - 1e-12, 999)
    into = np.full(u.size + 1, 7.0)
    taste.gumbels(u, u.size, into)
    assert into[:-1] == pytest.approx([taste.gumbel(one) for one in u], rel=1e-9, abs=1e-12)
    assert into[-1] == 7.0
