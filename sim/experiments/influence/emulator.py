"""A Gaussian process that stands for a function of which a run is dear (Rasmussen and Williams 2006; O'Hagan 2006).

A constant, a sum of functions of one input (Durrande, Ginsbourger and Roustant 2012), one function of all, both with
Matérn's kernel of order 5/2 and a length for each input, and noise: luck, and whatever moves besides the inputs. Lengths and
variances are those of the largest likelihood, held back by a weak prior of the lengths.
"""

from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, special

from sim.engine import luck

Array = NDArray[np.float64]
FOLDS = 8  # parts of the sample of which each is foretold from the others
FEATURES, EACH = (
    600,
    100,
)  # of the function of all inputs, and of each alone, in the random Fourier expansion that draws a path (Rahimi and Recht 2007)
ROOT5 = 5**0.5
LENGTHS, SIZES, SUMS, NOISES = (0.05, 20.0), (1e-2, 20.0), (1e-3, 20.0), (1e-3, 2.0)  # bounds, of standardised values
TRACE = 1e-9  # on the diagonal, for the arithmetic
USUAL_LENGTH, SPREAD = 1.0, 1.0  # the prior of lengths is lognormal
FIRST, AGAIN = 80, 20  # steps of a fit, and of one that begins near its end


class Error(NamedTuple):
    """How well points that were held out are foretold.

    explained: 1 less the mean squared error over the variance, called Q2; 1 is perfect, 0 no better than the mean.
    root_mean_square: of the error, in the unit of the values.
    """

    explained: float
    root_mean_square: float


class Emulator:
    """A fitted process.

    Args:
        points: shape (n, inputs), between 0 and 1.
        values: shape (n,).
        start: logarithms to begin from, of a fit to about the same values.
    """

    def __init__(self, points: Array, values: Array, start: Array | None = None) -> None:
        self.points = points
        self.middle, self.scale = float(values.mean()), float(values.std()) or 1.0
        self.values = (values - self.middle) / self.scale
        self._apart = (points[:, None, :] - points[None, :, :]) ** 2
        inputs = points.shape[1]
        bounds = [LENGTHS] * inputs + [SIZES, SUMS, NOISES]
        begun = np.log([USUAL_LENGTH] * inputs + [1.0, 0.5, 0.3]) if start is None else start
        found = optimize.minimize(
            self._badness, begun, jac=True, method="L-BFGS-B", bounds=[tuple(np.log(it)) for it in bounds],
            options={"maxiter": FIRST if start is None else AGAIN},
        )  # fmt: skip
        self.logs: Array = found.x
        self._lengths = np.exp(self.logs[:inputs])
        self._size, self._sum, self._noise = (float(it) ** 2 for it in np.exp(self.logs[inputs:]))

    @classmethod
    def like(cls, other: Self, points: Array, values: Array) -> Self:
        """A fit to other values that begins where this one ended."""
        return cls(points, values, other.logs)

    @property
    def noise(self) -> float:
        """Variance of what the inputs do not say, in the unit of the values squared."""
        return self._noise * self.scale**2

    def __call__(self, points: Array) -> Array:
        """What is expected at points of shape (m, inputs); shape (m,)."""
        return self.middle + self.scale * (self._between(points) @ self._weights)

    def paths(self, points: Array, many: int) -> Array:
        """Functions that the sample leaves possible, at points of shape (m, inputs); shape (m, many).

        Matheron's rule (Wilson and others 2020): a draw from before the sample, moved by what the sample says of it.
        """
        inputs = self.points.shape[1]
        several = _spectrum("several", FEATURES, inputs) / self._lengths
        alone = [_spectrum(f"alone.{at}", EACH, 1) / length for at, length in enumerate(self._lengths)]

        def expanded(at: Array) -> Array:
            waves = [self._size**0.5 * _waves(at, several, "several")]
            waves += [self._sum**0.5 * _waves(at[:, [j]], it, f"alone.{j}") for j, it in enumerate(alone)]
            return np.hstack([*waves, np.ones((len(at), 1))])

        drawn = _normals("weights", FEATURES + EACH * inputs + 1, many)
        said = expanded(self.points) @ drawn + np.sqrt(self._noise) * _normals("noise", len(self.points), many)
        moved = linalg.cho_solve(self._factor, self.values[:, None] - said)
        return np.asarray(self.middle + self.scale * (expanded(points) @ drawn + self._between(points) @ moved))

    # Inside

    @cached_property
    def _factor(self) -> tuple[Array, bool]:
        every = self._between(self.points) + (self._noise + TRACE) * np.eye(len(self.points))
        return linalg.cho_factor(every, lower=True)  # type: ignore[no-any-return]

    @cached_property
    def _weights(self) -> Array:
        return linalg.cho_solve(self._factor, self.values)  # type: ignore[no-any-return]

    def _between(self, points: Array) -> Array:
        """Covariances of points with the sample."""
        apart, alone = np.zeros((len(points), len(self.points))), np.zeros((len(points), len(self.points)))
        for at, length in enumerate(self._lengths):
            far = np.abs(np.subtract.outer(points[:, at], self.points[:, at])) / length
            apart += far**2
            alone += _matern(far)
        return self._size * _matern(np.sqrt(apart)) + self._sum * alone + 1.0

    def _badness(self, logs: Array) -> tuple[float, Array]:
        """Minus the logarithm of the likelihood and prior, and its derivatives by the logarithms."""
        inputs = self.points.shape[1]
        size, alone, noise = np.exp(2 * logs[inputs:])
        short = self._apart * np.exp(-2 * logs[:inputs])  # squared distances in lengths, input by input
        apart, each = np.sqrt(short.sum(axis=2)), np.sqrt(short)
        near, summed = size * _matern(apart), alone * _matern(each).sum(axis=2)
        every = near + summed + 1.0 + (noise + TRACE) * np.eye(len(apart))
        factor = linalg.cho_factor(every, lower=True)
        weights = linalg.cho_solve(factor, self.values)
        pull = np.outer(weights, weights) - linalg.cho_solve(factor, np.eye(len(every)))
        bends = size * _bend(apart)[:, :, None] + alone * _bend(each)
        by_length = np.einsum("ab,abj,abj->j", pull, bends, short)
        slopes = np.array([*by_length, 2 * (pull * near).sum(), 2 * (pull * summed).sum(), 2 * noise * np.trace(pull)])
        off = (logs[:inputs] - np.log(USUAL_LENGTH)) / SPREAD
        bad = 0.5 * self.values @ weights + np.log(np.diag(factor[0])).sum() + 0.5 * (off**2).sum()
        return float(bad), -0.5 * slopes + np.array([*(off / SPREAD), 0, 0, 0])


def held_out(fitted: Emulator, points: Array, values: Array) -> Error:
    """The error of points foretold from the other parts of the sample, each part held out once."""
    foretold, plain = np.empty_like(values), np.empty_like(values)
    folds = np.arange(len(values)) % min(FOLDS, len(values) // 2)
    for fold in range(folds.max() + 1):
        out = folds == fold
        foretold[out] = Emulator.like(fitted, points[~out], values[~out])(points[out])
        plain[out] = values[~out].mean()
    missed, spread = float(((values - foretold) ** 2).mean()), float(((values - plain) ** 2).mean())
    return Error(1 - missed / spread if spread else 1.0, missed**0.5)


def _matern(apart: Array) -> Array:
    return np.asarray((1 + ROOT5 * apart + 5 / 3 * apart**2) * np.exp(-ROOT5 * apart))


def _bend(apart: Array) -> Array:
    """Its derivative by the logarithm of a length, over the squared distance along it."""
    return np.asarray(5 / 3 * (1 + ROOT5 * apart) * np.exp(-ROOT5 * apart))


def _spectrum(name: str, many: int, inputs: int) -> Array:
    """Frequencies of Matérn's kernel: Student's law with 5 degrees of freedom."""
    chi = 2 * special.gammaincinv(2.5, _uniforms(f"spectrum.{name}", many))
    return np.asarray(_normals(f"frequencies.{name}", many, inputs) * np.sqrt(5 / chi)[:, None])


def _waves(points: Array, frequencies: Array, name: str) -> Array:
    phases = 2 * np.pi * _uniforms(f"phases.{name}", len(frequencies))
    return np.asarray(np.sqrt(2 / len(frequencies)) * np.cos(points @ frequencies.T + phases))


def _uniforms(name: str, many: int) -> Array:
    return luck.uniforms(luck.key(0, f"emulator.{name}"), many)


def _normals(name: str, rows: int, columns: int) -> Array:
    key = luck.key(0, f"emulator.{name}")
    return np.column_stack([special.ndtri(luck.uniforms(key, rows, k)) for k in range(columns)])
