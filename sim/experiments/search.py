"""Search: the levers that do best, found by trying them on the same luck. It knows nothing of worlds.

Three steps, each with seeds of its own, so that none believes what another found by luck. Many points are tried on a few
seeds, chosen by a tree-structured Parzen estimator (Bergstra et al. 2011, as Optuna has it). The best of them race: seeds
are added one by one and whoever is surely behind is dropped, by the fully sequential procedure of Kim and Nelson (2001),
which with common luck keeps the best with the probability asked for if it is better by the indifference or more. Last, the
winner is measured again on fresh seeds by whoever asks, since the best of many tries is flattered.
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from sim.engine.ranges import LeverRange
from sim.engine.settings import BadInput
from sim.results.intervals import paired

if TYPE_CHECKING:
    import optuna

Point = Mapping[str, Any]  # a value a lever
AT_ONCE = 4  # points tried side by side; the same for any number of processes, so that the answer is the same too
MOST_REFUSED = 100  # points refused in a row, after which ranges and scenario do not go together
LUCK = 1  # names the luck of the search, which is none of the model's
SURE = 0.95  # probability that the race keeps the best
INDIFFERENT = 0.01  # of the best's aim: points that are nearer to each other than that need not be told apart


class Measured(NamedTuple):
    """What points came to.

    aim: shape (points, seeds); more is better.
    slack: shape (points, seeds, constraints); 0 or more where a constraint is kept.
    """

    aim: NDArray[np.float64]
    slack: NDArray[np.float64]


Measure = Callable[[Sequence[Point], Sequence[int]], Measured]  # points and seeds, to what they came to


class Try(NamedTuple):
    """A point that was tried: means over the seeds of the search."""

    point: Point
    aim: float
    slack: tuple[float, ...]

    @property
    def kept(self) -> bool:
        """Whether every constraint is kept."""
        return min(self.slack, default=0.0) >= 0.0

    @property
    def broken(self) -> float:
        """By how much constraints are broken, together."""
        return -sum(min(0.0, one) for one in self.slack)


class NoPoint(BadInput):
    """No point that was tried keeps the constraints; `nearest` breaks them least."""

    def __init__(self, nearest: Try) -> None:
        super().__init__("no point that was tried keeps the constraints")
        self.nearest = nearest


def try_points(
    ranges: Sequence[LeverRange],
    measure: Measure,
    seeds: Sequence[int],
    tries: int,
    first: Point | None = None,
    fits: Callable[[Point], bool] = lambda point: True,
) -> list[Try]:
    """Try so many points, the given one first, then some spread evenly, then where those did well.

    Args:
        ranges: of the levers.
        seeds: that every point lives.
        tries: points, at least as many as `even_points` gives and one more.
        first: the levers as they are given, if they lie in their ranges.
        fits: whether settings go together there; where they do not nothing is measured, and it is no try.

    Raises:
        BadInput: Optuna is not installed, or a hundred points in a row did not fit.
    """
    even = even_points(ranges, first)
    study = begin_study(even, 1)
    found: list[Try] = []
    while len(found) < tries:
        asked = [ask_point(study, ranges, fits) for _ in range(min(AT_ONCE, tries - len(found)))]
        seen = measure([point for _, point in asked], seeds)
        for (trial, point), aim, slack in zip(asked, seen.aim, seen.slack, strict=True):
            one = Try(point, float(aim.mean()), tuple(map(float, slack.mean(axis=0))))
            for number, it in enumerate(one.slack):
                trial.set_constraint(str(number), -it)
            study.tell(trial, one.aim)
            found.append(one)
    return found


def begin_study(even: Sequence[Mapping[str, Any]], aims: int) -> "optuna.Study":
    """A study of Optuna's, of so many aims, that begins with these points, given as shares of the ranges.

    Raises:
        BadInput: Optuna is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # that a notebook lacks bars of progress, and that some of it is called experimental
        try:
            import optuna
        except ImportError:
            raise BadInput("tuning needs Optuna: pip install 'hongbao[study]'") from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(
            seed=LUCK, n_startup_trials=len(even), multivariate=True, constant_liar=True
        )
    study = optuna.create_study(directions=["maximize"] * aims, sampler=sampler)
    for shares in even:
        study.enqueue_trial(dict(shares))
    return study


def ask_point(
    study: "optuna.Study", ranges: Sequence[LeverRange], fits: Callable[[Point], bool], aims: int = 1
) -> tuple["optuna.Trial", Point]:
    """The next point that fits.

    Raises:
        BadInput: a hundred in a row did not.
    """
    for _ in range(MOST_REFUSED):
        trial = study.ask()
        point = {it.name: _suggested(trial, it) for it in ranges}
        if fits(point):
            return trial, point
        trial.set_constraint("fits", 1.0)  # so that it is looked for elsewhere
        study.tell(trial, [0.0] * aims)
    raise BadInput(f"levers: {MOST_REFUSED} points of their ranges were refused in a row, the last {dict(point)}")


def even_points(ranges: Sequence[LeverRange], first: Point | None = None) -> list[dict[str, Any]]:
    """Where a search begins, as shares of the ranges: the given point, and a few of a Sobol sequence."""
    many = 4 + 2 * len(ranges)
    spread = qmc.Sobol(len(ranges), seed=LUCK).random_base2(math.ceil(math.log2(many)))[:many]
    shares = [[it.share_of(first[it.name]) for it in ranges]] if first is not None else []
    return [
        {it.name: _as_choice(it, share) for it, share in zip(ranges, row, strict=True)}
        for row in [*shares, *spread.tolist()]
    ]


def _as_choice(it: LeverRange, share: float) -> Any:
    return it.at(share) if it.choices else float(share)


def _suggested(trial: "optuna.trial.Trial", it: LeverRange) -> Any:
    """A lever's value as the search would have it."""
    if it.choices:
        return trial.suggest_categorical(it.name, it.choices)
    return it.at(trial.suggest_float(it.name, 0.0, 1.0))


# The race


class Race(NamedTuple):
    """How the best of the points that were tried did on seeds of their own.

    Attributes:
        points: those that raced, the best of the search first.
        seeds: that the last of them lived.
        lived: by point, how many seeds until it was dropped.
        best: which of the points won.
        left: those that were not surely behind when it ended, the winner among them.
    """

    points: list[Point]
    seeds: list[int]
    lived: list[int]
    best: int
    left: list[int]

    @property
    def settled(self) -> bool:
        """Whether the winner is the only one left."""
        return len(self.left) == 1


def finalists(tries: Sequence[Try], many: int) -> list[Point]:
    """The best different points of those that keep the constraints.

    Raises:
        NoPoint: none does.
    """
    if not any(one.kept for one in tries):
        raise NoPoint(min(tries, key=lambda one: one.broken))
    found: list[Point] = []
    for one in sorted((one for one in tries if one.kept), key=lambda one: -one.aim):
        if one.point not in found:
            found.append(one.point)
    return found[:many]


def run_race(points: Sequence[Point], measure: Measure, seeds: Sequence[int], first: int) -> Race:
    """Let points race until one is left, or seeds run out: Kim and Nelson's procedure.

    A point is dropped when it is surely behind another that is left, or breaks a constraint where another keeps all.

    Args:
        points: one at least.
        seeds: the most that there may be.
        first: seeds that all live before any is dropped: the variances of differences are those of these.
    """
    alone = len(points) == 1
    seen = measure(points, seeds[: 1 if alone else first])
    if alone:
        return Race(list(points), list(seeds[:1]), [1], 0, [0])
    spread = np.array([[np.var(one - other, ddof=1) for other in seen.aim] for one in seen.aim])
    indifference = INDIFFERENT * float(np.abs(seen.aim.mean(axis=1)).max())
    alive, lived = _keeping(seen, range(len(points))), [first] * len(points)
    aim, slack, used = seen.aim, seen.slack, first
    while True:
        means = aim[:, :used].mean(axis=1)
        alive = [
            one
            for one in alive
            if all(
                means[one] >= means[other] - _allowance(spread[one, other], used, first, len(points), indifference)
                for other in alive
                if other != one
            )
        ]
        if len(alive) == 1 or used == len(seeds):
            break
        more = measure([points[one] for one in alive], [seeds[used]])
        column, slacks = np.full((len(points), 1), np.nan), np.full((len(points), 1, slack.shape[2]), np.nan)
        column[alive], slacks[alive] = more.aim, more.slack
        aim, slack, used = np.hstack([aim, column]), np.concatenate([slack, slacks], axis=1), used + 1
        for one in alive:
            lived[one] = used
        alive = _keeping(Measured(aim, slack), alive)
    best = max(alive, key=lambda one: float(aim[one, :used].mean()))
    return Race(list(points), list(seeds[:used]), lived, best, alive)


def _keeping(seen: Measured, among: Sequence[int]) -> list[int]:
    """Those that keep every constraint in the mean; all of them if none does."""
    kept = [one for one in among if (seen.slack[one].mean(axis=0) >= 0.0).all()]
    return kept or list(among)


def _allowance(variance: float, used: int, first: int, many: int, indifference: float) -> float:
    """How far behind one mean may be and its point still be the best.

    Args:
        variance: of the difference of the two, over the first seeds.
        used, first: seeds so far, and those that the variance is of.
        many: points that raced.
        indifference: in the unit of the aim, above 0.

    Kim and Nelson (2001), with c = 1.
    """
    eta: float = 0.5 * ((2 * (1 - SURE) / (many - 1)) ** (-2 / (first - 1)) - 1)
    if indifference <= 0.0:  # all is nothing, and no difference can be one
        return math.inf if variance > 0.0 else 0.0
    squared = 2 * eta * (first - 1)
    return max(0.0, indifference / (2 * used) * (squared * variance / indifference**2 - used))


# The response to each lever


def places_about(it: LeverRange, best: Any) -> list[Any]:
    """Where a lever is put to see how the aim answers to it: its ends, and places ever nearer to the best."""
    if it.choices:
        return list(it.choices)
    middle = it.share_of(best)
    steps = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
    shares = {0.0, 1.0, *(middle + sign * step for step in steps for sign in (-1, 1) if 0 < middle + sign * step < 1)}
    return sorted({it.at(share) for share in shares} | {best})


class Answer(NamedTuple):
    """How the aim answers to one lever, the others at their best.

    Attributes:
        places: where it was put, in order, the best among them; of choices all.
        aim: shape (places, seeds); more is better.
        kept: of each place, whether every constraint is kept in the mean.
        above, below: the nearest places on either side of the best that are surely worse, or break a constraint: if the
            aim rises and then falls along this lever, the best lies between. None where no place is, and of choices.
        better: the place that did best of those that did surely better than the best, None where none did.
    """

    places: list[Any]
    aim: NDArray[np.float64]
    kept: NDArray[np.bool_]
    above: Any
    below: Any
    better: Any


def respond(
    it: LeverRange,
    best: Point,
    measure: Measure,
    seeds: Sequence[int],
    fits: Callable[[Point], bool] = lambda point: True,
) -> Answer:
    """Put one lever elsewhere, on seeds that found nothing: paired differences to the best say what is surely worse."""
    top = best[it.name]
    places = [at for at in places_about(it, top) if fits({**best, it.name: at})]
    seen = measure([{**best, it.name: at} for at in places], seeds)
    kept = (seen.slack.mean(axis=1) >= 0.0).all(axis=1)
    differences = [paired(row, seen.aim[places.index(top)]) for row in seen.aim]
    worse = [at for at, one, ok in zip(places, differences, kept, strict=True) if one.high < 0 or not ok]
    better = [row for row, one in enumerate(differences) if one.low > 0 and kept[row]]
    ordered = not it.choices
    return Answer(
        places,
        seen.aim,
        kept,
        max((at for at in worse if at < top), default=None) if ordered else None,
        min((at for at in worse if at > top), default=None) if ordered else None,
        places[max(better, key=lambda row: float(seen.aim[row].mean()))] if better else None,
    )
