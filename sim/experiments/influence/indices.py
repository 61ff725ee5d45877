"""Sobol's indices: the share of a quantity's variance that an assumption explains alone, and that it has a part in.

Either the function itself lives at Saltelli's points (Saltelli and others 2010), all assumptions that are not asked about
moved together as one, or an emulator of a plain sample stands for it. The interval then holds what the sample leaves open
(paths of the process, each with Saltelli's points drawn again: Le Gratiet, Cannamela and Iooss 2014), and is widened by
what the emulator misses of points that were held out, beyond the noise it knows of.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.engine import luck
from sim.engine.settings import BadInput
from sim.experiments.assumptions import placed_all
from sim.experiments.influence.emulator import Emulator, Error, held_out
from sim.experiments.influence.library import salib
from sim.experiments.influence.quantities import Quantity, share_of_luck
from sim.experiments.influence.screening import problem_of
from sim.results.futures import Assumption
from sim.results.intervals import LEVEL
from sim.results.sensitivities import WINNER, Index, Indices

Array = NDArray[np.float64]
OTHERS = "all others"
RESAMPLES, PATHS = 200, 100
DESIGN = 512  # of Saltelli's points at which an emulator is asked
MORE = 4  # times as many blocks are drawn as are wanted, so that some may be refused
SEED = 1  # of SALib's draws


class Design(NamedTuple):
    """Saltelli's points: blocks of one row A, one a group in which that group is as in B, and B."""

    problem: dict[str, Any]
    names: list[str]
    shares: Array
    points: list[dict[str, Any]]
    redrawn: int

    @property
    def plain(self) -> NDArray[np.bool_]:
        """Which rows are a plain sample: the first and last of each block."""
        place = np.arange(len(self.shares)) % (len(self.names) + 2)
        return np.asarray((place == 0) | (place == len(self.names) + 1))


def design(
    assumptions: Sequence[Assumption], asked: Sequence[str], blocks: int, refused: Callable[[Mapping[str, Any]], str]
) -> Design:
    """Saltelli's points for the assumptions asked about, all others moved together.

    Raises:
        BadInput: too many blocks hold a point at which nobody can live.
    """
    groups = [it["name"] if it["name"] in asked else OTHERS for it in assumptions]
    problem, names = problem_of(assumptions, groups), list(dict.fromkeys(groups))
    size = len(names) + 2
    sample = salib().sobol_sample.sample
    drawn = np.asarray(sample(problem, MORE * blocks, calc_second_order=False, seed=SEED))
    kept, points, redrawn = list[Array](), list[dict[str, Any]](), 0
    for start in range(0, len(drawn), size):
        block = drawn[start : start + size]
        there = [placed_all(assumptions, row) for row in block.tolist()]
        if any(map(refused, there)):
            redrawn += 1
            continue
        kept.append(block)
        points += there
        if len(kept) == blocks:
            return Design(problem, names, np.concatenate(kept), points, redrawn)
    raise BadInput(f"assumptions: of {MORE * blocks:,} blocks of points only {len(kept):,} were not refused")


def by_function(drawn: Design, quantity: Quantity) -> Indices:
    """Indices from the function itself, with SALib's bootstrap; luck, which looks like a part in everything, taken out."""
    values, lucky = quantity.means, share_of_luck(quantity.values)
    if values.std() == 0:
        return _indices(quantity, [(name, (0.0,) * 3, (0.0,) * 3) for name in drawn.names], luck=lucky)
    found = salib().sobol_analyze.analyze(
        drawn.problem, values, calc_second_order=False, num_resamples=RESAMPLES, conf_level=LEVEL, seed=SEED
    )
    rows = []
    for at, name in enumerate(drawn.names):
        first, total = float(found["S1"][at]), float(found["ST"][at]) - (lucky or 0.0)
        half, wide = float(found["S1_conf"][at]), float(found["ST_conf"][at])
        rows.append((name, (first, first - half, first + half), (total, total - wide, total + wide)))
    return _indices(quantity, rows, luck=lucky)


class Emulated:
    """Emulators of a sample, each quantity's fitted once.

    Args:
        names: of the inputs.
        shares: shape (n, inputs).
    """

    def __init__(self, names: list[str], shares: Array) -> None:
        self.names, self.shares = names, shares
        self._known: dict[bytes, tuple[Array, float, Error]] = {}
        problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
        self._design = np.asarray(salib().sobol_sample.sample(problem, DESIGN, calc_second_order=False, seed=SEED))

    def indices(self, quantity: Quantity, of: Quantity | None = None) -> Indices:
        """Indices of a quantity from its emulator.

        Args:
            quantity: what is emulated: for who wins, the lead.
            of: who wins, where that is asked: the chance that the lead is positive stands for it.
        """
        values = quantity.means
        if values.std() == 0:
            return _indices(of or quantity, [(name, (0.0,) * 3, (0.0,) * 3) for name in self.names])
        if values.tobytes() not in self._known:
            fitted = Emulator(self.shares, values)
            error = held_out(fitted, self.shares, values)
            self._known[values.tobytes()] = fitted.paths(self._design, PATHS), fitted.noise, error
        paths, noise, error = self._known[values.tobytes()]
        whole = paths.var(axis=0) + noise
        asked = of if of is not None and of.kind == WINNER else quantity
        if asked is not quantity:
            paths = special.ndtr(paths / max(noise**0.5, 1e-9 * float(values.std())))
            chance = paths.mean(axis=0)
            whole = np.maximum(chance * (1 - chance), 1e-12)
        missed = max(0.0, 1 - error.explained - noise / float(values.var()))
        rows = [
            (name, _spread(first, missed), _spread(total, missed))
            for name, (first, total) in zip(self.names, self._drawn(paths, whole), strict=True)
        ]
        return _indices(asked, rows, error.explained, error.root_mean_square, missed, share_of_luck(asked.values))

    def _drawn(self, paths: Array, whole: Array) -> list[tuple[Array, Array]]:
        """First and total index of each input, one a path, each path with blocks drawn again."""
        size = len(self.names) + 2
        blocks = paths.reshape(DESIGN, size, -1)
        key = luck.key(0, "indices.blocks")
        again = np.array([(luck.uniforms(key, DESIGN, k) * DESIGN).astype(np.int64) for k in range(paths.shape[1])]).T
        drawn = np.take_along_axis(blocks, again[:, None, :], axis=0)
        one, other = drawn[:, 0], drawn[:, -1]
        variance = np.var(np.concatenate([one, other]), axis=0)
        share = variance / whole * (whole > 0)
        analyze = salib().sobol_analyze
        return [
            (
                np.asarray(analyze.first_order(one, drawn[:, at + 1], other) * share),
                np.asarray(analyze.total_order(one, drawn[:, at + 1], other) * share),
            )
            for at in range(len(self.names))
        ]


def _spread(drawn: Array, missed: float) -> tuple[float, float, float]:
    """The middle of what was drawn, and its interval, widened."""
    low, high = np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(drawn.mean()), float(low) - missed, float(high) + missed


def _indices(
    of: Quantity,
    rows: Sequence[tuple[str, tuple[float, ...], tuple[float, ...]]],
    explained: float | None = None,
    error: float | None = None,
    widened: float = 0.0,
    luck: float | None = None,
) -> Indices:
    found: list[Index] = []
    for name, first, total in rows:
        a, b, c, d, e, f = (min(1.0, max(0.0, it)) for it in (*first, *total))
        found.append(
            {"name": name, "first": a, "first_low": b, "first_high": c, "total": d, "total_low": e, "total_high": f}
        )
    found.sort(key=lambda it: (-it["total"], it["name"]))
    return {
        **of.about, "rows": found, "explained": explained, "root_mean_square": error, "widened": widened, "luck": luck,
    }  # fmt: skip
