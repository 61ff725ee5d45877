"""Two hundred comparisons: how often a 95 % interval holds the truth, for equal strategies and for a known small effect."""

import numpy as np
import pytest

from sim.results.intervals import crossed, paired

COMPARISONS, SEEDS, FUTURES = 200, 8, 24
HELD = (0.90, 0.98)


def luck_of(random, shape, skewed):
    """Luck as runs have it: about normal, or skewed as money is."""
    return np.exp(random.normal(0, 0.5, shape)) if skewed else random.normal(0, 1, shape)


@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("effect", [0.0, 0.1])
def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_says(effect, skewed):
    random, held = np.random.default_rng(11), 0
    for _ in range(COMPARISONS):
        shared = 5 * luck_of(random, SEEDS, skewed)
        ours, theirs = (shared + luck_of(random, SEEDS, skewed) for _ in range(2))
        it = paired(ours + effect, theirs)
        held += it.low <= effect <= it.high
    assert HELD[0] <= held / COMPARISONS <= HELD[1]


@pytest.mark.parametrize("effect", [0.0, 0.1])
def test_so_does_that_of_a_difference_over_drawn_assumptions(effect):
    """What an assumption adds to the difference is uniform about the effect; luck is shared by futures of a seed."""
    random, held = np.random.default_rng(12), 0
    for _ in range(COMPARISONS):
        shared, future = random.normal(0, 3, SEEDS), random.uniform(-1, 1, (FUTURES, 1))
        by_seed = random.normal(0, 0.3, (2, SEEDS))  # what a seed does to each strategy in every future
        ours, theirs = (shared + by_seed[side] + random.normal(0, 0.5, (FUTURES, SEEDS)) for side in range(2))
        it = crossed(ours + effect + future - theirs)
        held += it.low <= effect <= it.high
    assert HELD[0] <= held / COMPARISONS <= HELD[1]
