"""A study: which inputs of a function of points and seeds matter, in stages, each by what the one before left.

Groups of assumptions are screened first, then the assumptions of the groups that matter; then all assumptions are drawn
together, for the indices of those that matter and for what knowing each is worth; then the ends of their ranges and a map of
who wins are lived. All strategies live every point with the same seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.experiments.assumptions import draw_points, share_of
from sim.experiments.influence.ends import Lived, live_ends, live_map
from sim.experiments.influence.indices import Design, Emulated, by_function, design
from sim.experiments.influence.information import worth_of_all, worth_of_each
from sim.experiments.influence.quantities import ABOUT, Quantity, quantities
from sim.experiments.influence.screening import effects, scores, trajectories
from sim.experiments.influence.smoothing import shares_explained
from sim.results.futures import Assumption
from sim.results.sensitivities import LEAD, METRIC, WINNER, Indices, Information, Map, Place, Screening, Stage, Swing

Array = NDArray[np.float64]
Live = Callable[[Sequence[Mapping[str, Any]], Sequence[int]], Array]  # (points, seeds, strategies)
SAMPLE_SEEDS = 2  # of each point of the sample: the fewest that tell luck from assumptions
MATTERS = 0.1  # of the largest effect: a group of which all is smaller is not looked into
LEAST_POINTS, POINTS_PER_FACTOR = 16, 4  # of a sample that an emulator can learn from
LEAST_BLOCKS = 32  # of Saltelli's points


class Plan(NamedTuple):
    """How much a study does.

    question: which quantities choose what is looked into: "metric", "difference" or "winner".
    trajectories: of each screening.
    within: assumptions that are screened one by one, at most.
    factors: assumptions whose indices are found, at most.
    points: of the sample, or blocks of Saltelli's points where no emulator is used.
    grid: levels of each assumption of the map; 0 makes none.
    emulate: whether an emulator stands for the function.
    """

    question: str = WINNER
    trajectories: int = 3
    within: int = 30
    factors: int = 6
    points: int = 64
    grid: int = 4
    emulate: bool = True

    def check(self, strategies: int, seeds: int) -> None:
        """Refuse what no method can answer.

        Raises:
            BadInput: saying which number is too small.
        """
        least = max(LEAST_POINTS, POINTS_PER_FACTOR * self.factors) if self.emulate else LEAST_BLOCKS
        why = (
            f"an emulator of {self.factors} assumptions learns from so many" if self.emulate else "Sobol's indices need"
        )
        for name, value, low, said in (
            ("trajectories", self.trajectories, 2, "one says nothing of how effects vary"),
            ("factors", self.factors, 1, "whose indices are found"),
            ("within", self.within, self.factors, "as many as there are factors"),
            ("points", self.points, least, why),
            ("seeds", seeds, SAMPLE_SEEDS, "one cannot tell luck from assumptions"),
        ):
            if value < low:
                raise BadInput(f"{name} = {value}: must be at least {low}: {said}")
        if self.grid and self.grid < 2:
            raise BadInput(f"grid = {self.grid}: must be at least 2, or 0 for no map")
        if self.question not in ABOUT:
            raise BadInput(f"question = {self.question!r}: one of {', '.join(ABOUT)}")
        if strategies < 2 and self.question != METRIC:
            raise BadInput(
                f"question = {self.question!r} needs two scenarios or more; of one, ask about the metric: "
                "--question metric"
            )

    def stages(self, assumptions: Sequence[Assumption], strategies: int, seeds: int) -> list[Stage]:
        """The budget: every stage at its largest."""
        groups, single = len(set(map(group_of, assumptions))), min(self.within, len(assumptions))
        asked = min(self.factors, len(assumptions))
        blocks = asked + 2 + (asked < len(assumptions))
        steps = [] if len(assumptions) <= self.within else [("groups", self.trajectories * (groups + 1), 1)]
        steps += [("assumptions", self.trajectories * (single + 1), 1)]
        steps += [("sample", self.points if self.emulate else self.points * blocks, SAMPLE_SEEDS)]
        steps += [("ends", 2 * asked + 1, seeds)]
        if self.grid and strategies > 1 and len(assumptions) > 1:
            steps += [("map", self.grid**2, seeds)]
        return [
            {"stage": stage, "points": points, "seeds": of, "runs": points * of * strategies}
            for stage, points, of in steps
        ]


def group_of(it: Assumption) -> str:
    """The section of a scenario file that an assumption stands in."""
    return it["name"].partition(".")[0]


@dataclass(frozen=True)
class Found:
    """What a study found; see Sensitivity."""

    screenings: list[Screening]
    groups: list[str]
    asked: list[str]
    method: str
    indices: list[Indices]
    favourite: str
    at_given: Place | None
    tornado: list[Swing]
    map: Map | None
    information: Information | None
    points: list[list[float]]
    values: dict[str, list[list[float]]]


def nobody_refused(point: Mapping[str, Any]) -> str:
    """What a function says that takes any point."""
    return ""


def study(
    live: Live,
    assumptions: Sequence[Assumption],
    given: Mapping[str, float],
    names: Sequence[str],
    seeds: Sequence[int],
    plan: Plan,
    *,
    smaller: bool = False,
    refused: Callable[[Mapping[str, Any]], str] = nobody_refused,
) -> Found:
    """Study a function of points and seeds.

    Args:
        live: what each strategy comes to at points with seeds; shape (points, seeds, strategies). A point holds values by
            name; what it does not name is as given.
        assumptions: its inputs.
        given: their usual values.
        names: of the strategies, the baseline first.
        seeds: the first is that of screenings, the first two those of the sample, all those of ends and map.
        smaller: whether less is better.
        refused: says why a point cannot be lived at; empty where it can.

    Raises:
        BadInput: the plan is too small, or the ranges hold next to no point that is not refused.
    """
    names = list(names)
    plan.check(len(names), len(seeds))
    screenings, groups, chosen = _screen(live, assumptions, names, seeds[:1], plan, smaller, refused)
    everything = [it["name"] for it in assumptions]
    drawn: Design | None = None
    if plan.emulate:
        points, _ = draw_points(assumptions, plan.points, refused)
    else:
        drawn = design(assumptions, chosen, plan.points, refused)
        points = drawn.points
    values = live(points, seeds[:SAMPLE_SEEDS])
    rows = [[point[name] for name in everything] for point in points]
    shares = np.array([[share_of(it, at) for it, at in zip(assumptions, row, strict=True)] for row in rows])
    plain = np.ones(len(rows), bool) if drawn is None else drawn.plain
    asked = quantities(values, names, smaller)
    indices = (
        indices_of(asked, chosen, everything, shares) if drawn is None else [by_function(drawn, it) for it in asked]
    )
    lived = Lived(live, assumptions, given, names, seeds, smaller, refused)
    favourite = next((it.scenario for it in asked if it.kind == LEAD), "")
    at_given, tornado = live_ends(lived, chosen, favourite)
    most = most_to_who_wins(indices, chosen)
    return Found(
        screenings=screenings,
        groups=groups,
        asked=chosen,
        method="emulator" if plan.emulate else "model",
        indices=indices,
        favourite=favourite,
        at_given=at_given,
        tornado=tornado,
        map=live_map(lived, most[0], most[1], plan.grid) if plan.grid and len(names) > 1 and len(most) > 1 else None,
        information=information_of(shares[plain], values[plain], everything, smaller),
        points=[row for row, kept in zip(rows, plain, strict=True) if kept],
        values={name: values[plain][:, :, at].tolist() for at, name in enumerate(names)},
    )


def _screen(
    live: Live,
    assumptions: Sequence[Assumption],
    names: list[str],
    seeds: Sequence[int],
    plan: Plan,
    smaller: bool,
    refused: Callable[[Mapping[str, Any]], str],
) -> tuple[list[Screening], list[str], list[str]]:
    """Groups, then the assumptions of those that matter: what was seen, the groups, and the assumptions that matter most."""
    screenings, groups = list[Screening](), list(dict.fromkeys(map(group_of, assumptions)))

    def moved(what: Sequence[Assumption], by: Sequence[str], called: str) -> list[str]:
        """Names of what was moved, those that matter most first, as long as they matter at all."""
        walked = trajectories(what, by, plan.trajectories, refused)
        asked = [it for it in quantities(live(walked.points, seeds), names, smaller) if it.kind != WINNER]
        seen = [(it, effects(walked, it)) for it in asked]
        screenings.append({
            "moved": called, "trajectories": plan.trajectories, "redrawn": walked.redrawn,
            "quantities": [{**it.about, "effects": rows} for it, rows in seen],
        })  # fmt: skip
        ranked = scores([rows for it, rows in seen if it.kind == ABOUT[plan.question]])
        return [name for name, score in ranked.items() if score >= (MATTERS if called == "groups" else 0)]

    within = list(assumptions)
    if len(within) > plan.within:
        room, groups_in = plan.within, list[str]()
        for group in moved(within, list(map(group_of, within)), "groups"):
            many = sum(group_of(it) == group for it in within)
            if many <= room or not groups_in:
                groups_in.append(group)
                room -= many
        within = [it for it in within if group_of(it) in groups_in][: max(plan.within, 1)]
        groups = groups_in
    ranked = moved(within, [it["name"] for it in within], "assumptions")
    return screenings, groups, ranked[: plan.factors]


# What a sample says: of any sample, those of comparisons over futures too


def indices_of(asked: Sequence[Quantity], names: list[str], everything: list[str], shares: Array) -> list[Indices]:
    """Indices of each quantity by its emulator; the chance of the lead stands for who wins.

    Args:
        names: the assumptions asked about, of everything that was drawn.
        shares: shape (points, assumptions).
    """
    emulated = Emulated(names, shares[:, [everything.index(name) for name in names]])
    lead = next((it for it in asked if it.kind == LEAD), None)
    return [emulated.indices(it if it.kind != WINNER or lead is None else lead, it) for it in asked]


def information_of(shares: Array, values: Array, names: list[str], smaller: bool) -> Information | None:
    """What knowing is worth, in the unit of the values; None of one strategy."""
    if values.shape[2] < 2:
        return None
    better = -values if smaller else values
    everything, each = worth_of_all(better), worth_of_each(shares, better.mean(axis=1), names)
    for row in each:  # to know one cannot be worth more than to know all
        row["worth"], row["low"], row["high"] = (min(row[key], everything[key]) for key in ("worth", "low", "high"))
    return {"unit": "", "points": len(values), "seeds": values.shape[1], "all": everything, "each": each}


def most_to_who_wins(indices: Sequence[Indices], names: Sequence[str]) -> list[str]:
    """The assumptions in the order in which they matter to who wins, or to the lead where one wins everywhere."""
    for kind in (WINNER, LEAD):
        for it in indices:
            if it["kind"] == kind and any(row["total"] > 0 for row in it["rows"]):
                return [row["name"] for row in it["rows"] if row["name"] in names]
    return list(names)


def most_alone(asked: Sequence[Quantity], question: str, names: list[str], shares: Array, many: int) -> list[str]:
    """The assumptions that alone explain most of what is asked, by splines of the sample: no screening was made."""
    seen = np.column_stack([it.means for it in asked if it.kind == ABOUT[question]])
    order = np.argsort(-shares_explained(shares, seen).max(axis=1), kind="stable")
    return [names[at] for at in order[:many]]
