"""Assignment: each unit by a luck of its own, and never an arm of one."""

import numpy as np
import pytest

from sim.engine import luck
from sim.ground.assignment import draw_arms


def test_about_so_many_are_treated_as_are_asked_for() -> None:
    arm = draw_arms(20_000, 0.3, luck.key(1, "test.arm"))
    assert set(np.unique(arm)) == {0, 1}
    assert abs(arm.mean() - 0.3) < 4 * (0.21 / 20_000) ** 0.5


def test_the_same_key_treats_the_same_people_and_a_larger_share_treats_them_too() -> None:
    key = luck.key(1, "test.arm")
    few, many = draw_arms(1_000, 0.2, key), draw_arms(1_000, 0.6, key)
    assert (few == draw_arms(1_000, 0.2, key)).all()
    assert (many >= few).all()


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_no_arm_has_fewer_than_two(share: float) -> None:
    for seed in range(50):
        assert 2 <= draw_arms(5, share, luck.key(seed, "test.arm")).sum() <= 3


def test_a_world_is_wholly_treated_or_not_at_all_where_that_is_asked_for() -> None:
    assert draw_arms(3, 1.0, luck.key(1, "test.arm")).all()
    assert not draw_arms(3, 0.0, luck.key(1, "test.arm")).any()


def test_three_units_are_no_test() -> None:
    with pytest.raises(ValueError, match="3 units cannot be two arms of 2"):
        draw_arms(3, 0.5, luck.key(1, "test.arm"))
