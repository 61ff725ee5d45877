"""A penalised spline of one input: what is expected where that input alone is known (Eilers and Marx 1996)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

Array = NDArray[np.float64]
SEGMENTS, DEGREE = 8, 3  # of a large sample; of a small one a segment for eight points
STIFFNESS = 10.0 ** np.arange(-3, 6)  # penalties to choose from; the last leaves a straight line


class Spline(NamedTuple):
    """The basis of an input.

    basis: shape (n, functions).
    penalty: of bends, shape (functions, functions).
    """

    basis: Array
    penalty: Array

    def fit(self, values: Array) -> tuple[Array, Array, Array]:
        """Fit each column of values by itself, as stiff as generalised cross-validation says (Craven and Wahba 1979).

        Args:
            values: shape (n, columns).

        Returns:
            What is expected, shape (n, columns); the penalty of each column; its residual variance, with the freedom
            that the fit took.
        """
        n, columns = values.shape
        normal, right, squares = self.basis.T @ self.basis, self.basis.T @ values, (values**2).sum(axis=0)
        best, weights = np.full(columns, np.inf), np.zeros((self.basis.shape[1], columns))
        chosen, spread = np.zeros(columns), np.zeros(columns)
        for stiff in STIFFNESS:
            inverse = np.linalg.inv(normal + stiff * self.penalty)
            tried = inverse @ right
            freedom = n - float((inverse * normal).sum())
            rest = np.maximum(squares - 2 * (tried * right).sum(axis=0) + (tried * (normal @ tried)).sum(axis=0), 0.0)
            score = rest / freedom**2
            better = score < best
            best, chosen = np.where(better, score, best), np.where(better, stiff, chosen)
            spread = np.where(better, rest / freedom, spread)
            weights[:, better] = tried[:, better]
        return self.basis @ weights, chosen, spread

    def refit(self, values: Array, stiff: Array, counts: Array) -> Array:
        """Fit again to samples in which each row counts so often.

        Args:
            values: shape (n, columns).
            stiff: the penalty of each column.
            counts: shape (samples, n).

        Returns:
            shape (samples, n, columns).
        """
        n, functions = self.basis.shape
        products = (self.basis[:, :, None] * self.basis[:, None, :]).reshape(n, -1)
        normal = (counts @ products).reshape(-1, functions, functions)
        found = np.empty((len(counts), n, values.shape[1]))
        for at, penalty in enumerate(stiff):
            right = counts @ (self.basis * values[:, at, None])
            # a sample may leave no row in a segment: a trace of the penalty keeps it solvable
            system = normal + max(penalty, 1e-6) * self.penalty + 1e-9 * np.eye(functions)
            found[:, :, at] = np.linalg.solve(system, right[:, :, None])[:, :, 0] @ self.basis.T
        return found


def spline(shares: Array) -> Spline:
    """The basis of an input between 0 and 1; shape (n,)."""
    segments = max(2, min(SEGMENTS, len(shares) // SEGMENTS))
    knots = np.arange(-DEGREE, segments + DEGREE + 1) / segments
    inside = np.clip(shares, 0.0, 1.0 - 1e-12)
    basis = BSpline.design_matrix(inside, knots, DEGREE).toarray()
    bends = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    return Spline(basis, bends.T @ bends)


def shares_explained(points: Array, values: Array) -> Array:
    """The share of each column's variance that each input explains alone, with the freedom its spline took; 0 at least.

    Args:
        points: shape (n, inputs), between 0 and 1.
        values: shape (n, columns).

    Returns:
        shape (inputs, columns).
    """
    whole = values.var(axis=0, ddof=1)
    centred = values - values.mean(axis=0)
    rows = [spline(points[:, at]).fit(centred)[2] for at in range(points.shape[1])]
    return np.asarray(np.maximum(0.0, 1 - np.array(rows) / np.where(whole > 0, whole, np.inf) - (whole == 0)))
