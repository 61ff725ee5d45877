"""Duels: strategies against strategies, who answers whom with what, and what rests."""

from pathlib import Path

import numpy as np
import pytest

from sim.engine.settings import BadInput
from sim.experiments.duel import Duel, duel
from sim.experiments.games import best_responses, equilibria
from sim.results.files import read_json
from sim.scenario import Scenario

DILEMMA = np.array([[3.0, 0.0], [5.0, 1.0]])  # what we earn; the other side by symmetry


def test_both_confess_in_the_prisoners_dilemma() -> None:
    assert equilibria(DILEMMA, DILEMMA.T) == [(1, 1)]
    assert best_responses(DILEMMA).tolist() == [[False, False], [True, True]]


def test_matching_pennies_rest_nowhere_and_coordination_twice() -> None:
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert equilibria(pennies, -pennies) == []
    assert equilibria(np.eye(2), np.eye(2)) == [(0, 0), (1, 1)]


def test_an_equilibrium_is_settled_where_luck_leaves_no_doubt() -> None:
    names, seeds = ["a", "b"], [1, 2, 3, 4]
    noise = np.array([-0.1, 0.1, 0.05, -0.05])

    def found(step: float) -> Duel:
        ours = step * DILEMMA[:, :, None] + noise * np.array([[1.0, -1.0], [-1.0, 1.0]])[:, :, None]
        theirs = ours.transpose(1, 0, 2)
        values = {"profit.total": ours, "rival.profit": theirs, "welfare.users": ours, "users.daily": ours}
        return Duel(names, names, seeds, values)

    sure, unsure = found(1.0), found(0.05)
    assert sure.equilibria == [("b", "b")]
    assert sure.table().set_index(["ours", "theirs"]).loc[("b", "b"), "settled"]
    assert not unsure.table()["settled"].any()
    assert repr(sure) == "Duel(2 of ours against 2 of theirs, 4 seeds)"


def test_a_duel_gives_every_pair_its_cell_and_is_saved(tmp_path: Path) -> None:
    """Rows are ours, columns theirs; breaks if the rival keeps its own levers, or cells are swapped."""
    run = {"users": 300, "days": 40}
    free = Scenario.make(run=run).model_copy(update={"name": "free"})
    adverts = Scenario.make(run=run, advertising={"on": True, "discovery_slots": 3.0}).model_copy(
        update={"name": "adverts"}
    )
    found = duel([free, adverts], replicates=2, jobs=1, out=tmp_path / "duel")
    ours, theirs = (found.values[name].mean(axis=2) for name in ("profit.total", "rival.profit"))
    assert (ours[1] > ours[0]).all()
    assert (theirs[:, 1] > theirs[:, 0]).all()
    saved = read_json(tmp_path / "duel" / "duel.json")
    assert [(cell["ours"], cell["theirs"]) for cell in saved["cells"]] == [
        ("free", "free"), ("free", "adverts"), ("adverts", "free"), ("adverts", "adverts")
    ]  # fmt: skip
    assert saved["cells"][2]["profit.total"] == pytest.approx(ours[1, 0])


def test_one_strategy_alone_is_no_duel() -> None:
    with pytest.raises(BadInput, match="at least two strategies"):
        duel([Scenario.make()])
