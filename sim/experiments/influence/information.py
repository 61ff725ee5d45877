"""What it is worth to know: the expected value of perfect information, of all assumptions and of each alone.

Who decides takes the strategy with the best mean over what may be. Knowing an assumption before, they would take the best
for each of its values: what that adds is its value, found by regression on the same sample (Strong, Oakley and Brennan
2014). A maximum of what was estimated is too large, luck being on its side. For all assumptions that is set right by the
jackknife over seeds (Quenouille 1956), and the low end of its interval is that of choices made by some seeds and valued by
another, which luck alone cannot lift above 0; for each by the bootstrap over points (Efron 1979), and how often an assumption
that says nothing would look worth as much, were it the best of all that are looked at, is told by permutations (Westfall
and Young 1993).
"""

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.experiments.influence.smoothing import spline
from sim.results.intervals import FIGURES, LEVEL
from sim.results.sensitivities import Worth, WorthOf

Array = NDArray[np.float64]
SAMPLES, SHUFFLES = 400, 400


def worth_of_all(values: Array) -> Worth:
    """The expected value of perfect information.

    Args:
        values: of strategies, more being better; shape (points, seeds, strategies).
    """
    seeds = values.shape[1]
    counts = _counts(len(values))

    def plain(means: Array) -> tuple[float, Array]:
        """The value, and in each sample drawn again."""
        best = means.max(axis=1)
        one = float(best.mean() - means.mean(axis=0).max())
        return one, (counts @ best - (counts @ means).max(axis=1)) / len(means)

    one, drawn = plain(values.mean(axis=1))
    if seeds > 1:
        without = [plain(np.delete(values, at, axis=1).mean(axis=1)) for at in range(seeds)]
        one = seeds * one - (seeds - 1) * float(np.mean([it[0] for it in without]))
        drawn = seeds * drawn - (seeds - 1) * np.mean([it[1] for it in without], axis=0)
    found = _worth(one, drawn)
    if seeds > 1:
        found["low"] = min(found["low"], _worth(*_valued_by_others(values, counts))["low"])
    rounding = 10.0**-FIGURES * float(np.abs(values).max())
    return {"worth": _whole(found["worth"], rounding), "low": _whole(found["low"], rounding),
            "high": _whole(found["high"], rounding)}  # fmt: skip


def _whole(value: float, rounding: float) -> float:
    """The value, or 0 where only a sum was rounded otherwise."""
    return value if value > rounding else 0.0


def _valued_by_others(values: Array, counts: Array) -> tuple[float, Array]:
    """The value of choices that luck has no part in, each seed's by the other seeds; and in each sample drawn again."""
    n, seeds, _ = values.shape
    one, drawn = 0.0, np.zeros(len(counts))
    for seed in range(seeds):
        others, own = np.delete(values, seed, axis=1).mean(axis=1), values[:, seed]
        picked = own[np.arange(n), others.argmax(axis=1)]
        one += float(picked.mean() - own[:, others.mean(axis=0).argmax()].mean()) / seeds
        usual = (counts @ own)[np.arange(len(counts)), (counts @ others).argmax(axis=1)]
        drawn += (counts @ picked - usual) / n / seeds
    return one, drawn


def worth_of_each(points: Array, values: Array, names: list[str]) -> list[WorthOf]:
    """The expected value of perfect information about each assumption alone, the largest first.

    Args:
        points: shape (points, assumptions), between 0 and 1.
        values: of strategies, more being better, means over seeds; shape (points, strategies).
    """
    n, strategies = values.shape
    first = int(values.mean(axis=0).argmax())
    others = [at for at in range(strategies) if at != first]
    gains = values[:, others] - values[:, [first]]
    counts, orders = _counts(n), _orders(n)
    shuffled = gains[orders].transpose(1, 0, 2).reshape(n, -1)  # (points, shuffles * others)
    looks, found, lucky = np.empty(len(names)), list[Worth](), np.zeros(SHUFFLES)
    for at in range(len(names)):
        basis = spline(points[:, at])
        expected, stiff, _ = basis.fit(gains)
        looks[at] = _gain(expected[None])[0]
        again = basis.refit(gains, stiff, counts)
        weights = counts[:, :, None] / n
        drawn = (weights[:, :, 0] * np.maximum(again.max(axis=2), 0.0)).sum(axis=1)
        drawn -= np.maximum((weights * again).sum(axis=1).max(axis=1), 0.0)
        found.append(_worth(float(looks[at]), drawn))
        by_luck = basis.fit(shuffled)[0].reshape(n, SHUFFLES, -1).transpose(1, 0, 2)
        lucky = np.maximum(lucky, _gain(by_luck))
    chances = [(1 + int((lucky >= look).sum())) / (1 + SHUFFLES) for look in looks]
    rows: list[WorthOf] = [
        {"name": name, **it, "by_chance": chance} for name, it, chance in zip(names, found, chances, strict=True)
    ]
    return sorted(rows, key=lambda it: (it["by_chance"], -it["worth"], it["name"]))


def _gain(expected: Array) -> Array:
    """The mean of the best less the best mean, of gains of shape (samples, points, others); the first has gained 0."""
    best = np.maximum(expected.max(axis=2), 0.0).mean(axis=1)
    return np.asarray(best - np.maximum(expected.mean(axis=1).max(axis=1), 0.0))


def _worth(one: float, drawn: Array) -> Worth:
    """Set right by what samples drawn again have too much, with the interval that follows (Davison and Hinkley 1997)."""
    tail = (1 - LEVEL) / 2
    below, above = np.quantile(drawn, (tail, 1 - tail))
    low, middle, high = (max(0.0, 2 * one - float(it)) for it in (above, drawn.mean(), below))
    return {"worth": middle, "low": low, "high": max(high, middle)}


def _counts(n: int) -> Array:
    """How often each point is in each sample drawn again, shape (SAMPLES, n)."""
    key = luck.key(0, "information.samples")
    picked = np.array([(luck.uniforms(key, n, k) * n).astype(np.int64) for k in range(SAMPLES)])
    return np.array([np.bincount(row, minlength=n) for row in picked], np.float64)


def _orders(n: int) -> NDArray[np.int64]:
    """Orders of the points, shape (SHUFFLES, n)."""
    key = luck.key(0, "information.orders")
    return np.array([luck.uniforms(key, n, k).argsort() for k in range(SHUFFLES)])
