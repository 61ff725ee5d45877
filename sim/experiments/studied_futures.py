"""A study of futures that a comparison has lived: which assumptions matter, with no more runs."""

from pathlib import Path

import numpy as np

from sim.engine.settings import BadInput
from sim.experiments.assumptions import share_of
from sim.experiments.claim import claimed
from sim.experiments.influence.answers import headline, priced
from sim.experiments.influence.library import salib
from sim.experiments.influence.quantities import ABOUT, quantities
from sim.experiments.influence.study import (
    LEAST_POINTS,
    POINTS_PER_FACTOR,
    Plan,
    indices_of,
    information_of,
    most_alone,
)
from sim.experiments.many import LOG
from sim.ground import paths
from sim.results.comparisons import Comparison
from sim.results.futures import Futures
from sim.results.sensitivities import LEAD, SENSITIVITY, WINNER, Sensitivity, is_sensitivity

KEPT = ("version", "code", "name", "title", "scenario_hash", "set_by_hand", "services", "users", "days", "machine")


def sensitivity_of(
    comparison: Comparison | str | Path,
    *,
    question: str = WINNER,
    factors: int | None = None,
    out: str | Path | None = None,
    force: bool = False,
) -> Sensitivity:
    """Study the futures of a saved comparison, with no more runs: indices by an emulator, and what knowing is worth.

    Args:
        comparison: of which `compare_futures` made futures, or its folder.
        question: as `sensitivity` has it.
        factors: assumptions whose indices are found, those that alone explain most; as many as the futures can carry, 6
            at most, if None.
        out, force: as `sensitivity` has them.

    Raises:
        BadInput: SALib is missing, or there are no futures, too few of them, or another result in `out`.
    """
    if not isinstance(comparison, Comparison) and is_sensitivity(paths.given(comparison, "folder")):
        raise BadInput(f"{comparison} holds a study already: hongbao report {comparison} writes its page again")
    found = comparison if isinstance(comparison, Comparison) else Comparison.load(comparison)
    where = "the comparison" if isinstance(comparison, Comparison) else str(comparison)
    it = found.futures
    if it is None:
        raise BadInput(f"{where}: holds no futures to study: compare with --assumptions {LEAST_POINTS} or more")
    if question not in ABOUT:
        raise BadInput(f"question = {question!r}: one of {', '.join(ABOUT)}")
    many = min(Plan().factors, len(it.points) // POINTS_PER_FACTOR) if factors is None else factors
    least = max(LEAST_POINTS, POINTS_PER_FACTOR * many)
    if len(it.points) < least or many < 1:
        raise BadInput(
            f"{where}: {len(it.points)} futures: an emulator of {max(many, 1)} assumptions learns from at least {least}: "
            f"the same comparison with --assumptions {least} goes on"
        )
    salib()
    found_out = _study(found, it, question, many)
    if out is not None:
        folder = paths.given(out, "out")
        if not force and is_sensitivity(folder):
            raise BadInput(f"{folder} holds an earlier study: --force (force=True) replaces it, or {paths.ANOTHER}")
        with claimed(folder, (SENSITIVITY, LOG), force):
            found_out.write(folder)
    return found_out


def _study(found: Comparison, it: Futures, question: str, many: int) -> Sensitivity:
    """What the futures of a comparison say of as many assumptions."""
    names, everything, smaller = list(it.values), [a["name"] for a in it.assumptions], it.better == "less"
    values = np.array([it.values[name] for name in names]).transpose(1, 2, 0)
    shares = np.array([[share_of(a, at) for a, at in zip(it.assumptions, row, strict=True)] for row in it.points])
    asked = quantities(values, names, smaller)
    chosen = most_alone(asked, question, everything, shares, many)
    about = {key: found.manifest.get(key) for key in KEPT} | {
        "source": "comparison", "scenarios": names, "titles": found.titles, "metric": it.metric, "unit": it.unit,
        "per_person": it.per_person, "better": it.better, "question": question, "plan": {}, "seeds": it.seeds,
        "unfair": found.unfair,
    }  # fmt: skip
    kind = found.manifest["metrics"][it.metric].get("kind", "flow")
    indices = indices_of(asked, chosen, everything, shares)
    information = priced(information_of(shares, values, everything, smaller), about, kind)
    return Sensitivity(
        about=about, stages=[], assumptions=it.assumptions, given={}, held=it.held, screenings=[], groups=[],
        asked=chosen, method="emulator", indices=indices,
        favourite=next(one.scenario for one in asked if one.kind == LEAD), at_given=None, tornado=[], map=None,
        information=information, points=it.points, values=it.values, headline=headline(indices, information, about),
    )  # fmt: skip
