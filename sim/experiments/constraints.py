"""Constraints: what a search must keep to, as `welfare.users >= -2%` says it."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.experiments.pairing import check_metric
from sim.ground.metrics import Metric

FORM = re.compile(r"\s*([a-z_]+\.[a-z_]+)\s*(>=|<=)\s*([+-]?[0-9][0-9_]*\.?[0-9]*|[+-]?\.[0-9]+)\s*(%?)\s*")
AS_IN = "as in 'welfare.users >= -2%' (against the baseline) or 'profit.total >= 0'"


class Constraint(NamedTuple):
    """A metric that must not be less, or more, than so much.

    at_least: else it must be at most that.
    bound: a share of the baseline's mean by which it may differ where `relative`; else in the metric's own unit, money in
        cents a person.
    """

    said: str
    metric: str
    at_least: bool
    bound: float
    relative: bool

    def slack(self, values: NDArray[np.float64], baseline: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much it is kept, below 0 where it is broken; of a share of the baseline, or of the bound.

        Args:
            values: of the metric, any shape that ends with seeds; money a person.
            baseline: of the baseline, shape (seeds,).
        """
        sign = 1.0 if self.at_least else -1.0
        if self.relative:
            usual = float(np.abs(baseline.mean())) or 1.0
            return sign * ((values - baseline) / usual - self.bound)
        return sign * (values - self.bound) / max(abs(self.bound), 1.0)


def read_constraint(said: str, metrics: Mapping[str, Metric]) -> Constraint:
    """Read one.

    Raises:
        BadInput: it is not of that form, or the metric is unknown.
    """
    found = FORM.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise BadInput(f"subject_to = {said!r}: must be a metric, >= or <=, and a number, {AS_IN}")
    metric, sign, number, percent = found.groups()
    try:
        check_metric(metric, metrics)
    except BadInput as problem:
        raise BadInput(f"subject_to = {said!r}: {problem}") from None
    bound = float(number.replace("_", "")) / (100 if percent else 1)
    return Constraint(" ".join(said.split()), metric, sign == ">=", bound, bool(percent))
