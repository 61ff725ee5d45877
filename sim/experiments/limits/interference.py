"""Limits of tests whose units are not alone: friends of the treated (row 30) and what is left of yesterday (row 31).

Outcomes are made here; who is treated and what a test says of it come through the code that `abtest` uses.
"""

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.experiments.limits.limit import Limit, held_against, mean_against
from sim.ground.assignment import draw_arms
from sim.ground.friends import measures
from sim.ground.friends.clusters import clusters, share_crossing, tied_by
from sim.ground.friends.friends import FriendRows, Friends
from sim.ground.friends.terms import FriendsSettings
from sim.results.intervals import between_arms
from sim.results.switchback import block_means, blocks_of


def treated_friends(rows: FriendRows, arm: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of each person's friends who are treated; 0 for who has none."""
    treated = np.bincount(tied_by(rows), arm[rows.friend], arm.size)
    return np.asarray(treated / np.maximum(1, measures.degrees(rows)))


def friends_of_the_treated(
    effect: float = 1.0,
    spillover: float = 0.5,
    people: int = 3_000,
    tests: int = 200,
    largest: int = 100,
    seed: int = 30,
) -> list[Limit]:
    """Row 30: an outcome linear in one's own treatment and in the share of friends treated; tests by user and by cluster.

    The intervals of a test by user cover the effect on the person alone, which is not that of treating everyone.
    """
    rows = Friends.generate(FriendsSettings(), people, seed).rows
    label = clusters(rows, largest)
    normal = luck.key(seed, "validate.outcome")
    alone, whole, by_cluster, ones = [], [], [], np.ones(people)
    for test in range(tests):
        own = np.array([luck.normal(u) for u in luck.uniforms(normal, people, test)])

        def outcome(arm: NDArray[np.uint8], own: NDArray[np.float64] = own) -> NDArray[np.float64]:
            return own + effect * (arm + spillover * treated_friends(rows, arm))

        key = luck.key(seed, "validate.arm", test)
        arm = draw_arms(people, 0.5, key)
        alone.append(between_arms(outcome(arm), ones, arm).effect)
        drawn = draw_arms(int(label.max()) + 1, 0.5, key)
        totals, sizes = np.bincount(label, outcome(drawn[label])), np.bincount(label)
        by_cluster.append(between_arms(totals, sizes, drawn).effect)
        every, nobody = np.ones(people, np.uint8), np.zeros(people, np.uint8)
        whole.append(float((outcome(every) - outcome(nobody)).mean()))
    crossing, befriended = share_crossing(rows, label), float((measures.degrees(rows) > 0).mean())
    # of other clusters a few less are treated where one's own is: of so many, as many are treated in all
    inside = befriended * (1.0 - crossing - crossing / int(label.max()))
    how = f"{tests} tests among {people} people, own effect {effect:g}, spillover {spillover:g}"
    cut = f"{how}; {int(label.max()) + 1} clusters, {crossing:.3f} of a person's ties cross"
    return [
        mean_against(30, "estimate by user", effect, alone, how),
        held_against(30, "truth", effect * (1 + spillover * befriended), float(np.mean(whole)), 0.0, how, 1e-9),
        mean_against(30, "estimate by cluster", effect * (1 + spillover * inside), by_cluster, cut),
    ]


def what_is_left_of_yesterday(
    carried: float = 0.5, days: int = 4, blocks: int = 60, tests: int = 400, seed: int = 31
) -> list[Limit]:
    """Row 31: a switchback of an effect that builds up and fades, so much of it carried over from day to day.

    Blocks drawn by the same luck as in a finite test know a little of each other: given who is treated in all, the block
    before a treated one is a treated one a little less often. Days dropped at the start of each block spare most of it.
    """
    limits = []
    for dropped in (0, days // 2):
        found = [_switched(carried, days, blocks, dropped, luck.key(seed, "validate.blocks", n)) for n in range(tests)]
        missing = carried ** (1 + dropped) * (1 - carried ** (days - dropped)) / ((days - dropped) * (1 - carried))
        before = np.arange(1, blocks)
        echo = (1 - carried**days) * carried ** (days * (before - 1)) @ ((blocks - before) / blocks / (blocks - 1))
        expected = 1 - missing - missing * float(echo)
        name = f"share recovered, carry-over {carried:g}, blocks of {days} days" + (
            f", {dropped} dropped" if dropped else ""
        )
        how = f"{tests} tests of {blocks} blocks; of endless many {1 - missing:.5f}"
        limits.append(mean_against(31, name, expected, found, how))
    return limits


def _switched(carried: float, days: int, blocks: int, dropped: int, key: np.uint64) -> float:
    """What one switchback recovers of an effect of 1."""
    arm, level, series = draw_arms(blocks, 0.5, key), 0.0, np.empty(blocks * days)
    noise = luck.uniforms(key, series.size, 1_000) - 0.5
    for day in range(series.size):
        level = carried * level + (1.0 - carried) * arm[day // days]
        series[day] = level + 0.1 * noise[day]
    means = block_means(series, blocks_of(0, series.size, days), dropped)
    return between_arms(means, np.ones(blocks), arm).effect
