"""Golden figures: a small world of every scenario file gives what it gave when its figures were last refreshed.

    python -m pytest tests/test_golden.py --refresh

writes tests/golden.json anew. The digest is over the daily metrics that are whole numbers, to the last cent; a few
numbers to read stand beside it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.experiments.run import run
from sim.scenario import Scenario

SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))
GOLDEN = Path(__file__).with_name("golden.json")
SMALL = {"run.users": 400, "run.days": 60, "run.seed": 1}  # a festival is on day 48
READABLE = (
    "users.daily", "messaging.messages", "wallet.paid", "lucky_money.packets", "satisfaction.mean", "attention.rival",
    "revenue.total", "cost.total", "profit.total", "welfare.users", "welfare.total",
)  # fmt: skip
CLOSE = 1e-6  # relative: the last digits of a float hang on the machine
REFRESH = (
    "if that is meant: python -m pytest tests/test_golden.py --refresh, and a line in CHANGELOG.md says what changed"
)


def whole_numbers(days: pd.DataFrame) -> pd.DataFrame:
    """The metrics that are counts and cents and of which there was any: services that are off change nothing."""
    counted = days.select_dtypes(np.integer).drop(columns="day")
    return counted.loc[:, (counted != 0).any()].sort_index(axis=1)


def figures(days: pd.DataFrame, summary: dict[str, float]) -> dict[str, Any]:
    """What is kept of a run."""
    counted = whole_numbers(days)
    hashed = hashlib.sha256(",".join(counted).encode() + np.ascontiguousarray(counted, "<i8").tobytes())
    return {"digest": hashed.hexdigest()[:32], **{name: summary[name] for name in READABLE}}


def of_a_run(path: Path, **values: Any) -> dict[str, Any]:
    result = run(Scenario.load(path, SMALL | values))
    return figures(result.days, result.summary)


def known() -> dict[str, dict[str, Any]]:
    return json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}  # type: ignore[no-any-return]


def changes(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """What differs, in words."""
    found = [
        f"{name} is {now[name]:.10g}, was {before[name]:.10g}"
        for name in READABLE
        if now[name] != pytest.approx(before[name], rel=CLOSE, abs=1e-9)
    ]
    if now["digest"] != before["digest"]:
        found.append("some daily counts or cents are others than they were")
    return found


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_gives_what_it_gave(path: Path, request: pytest.FixtureRequest) -> None:
    now, golden = of_a_run(path), known()
    if request.config.getoption("--refresh"):
        kept = {name: golden[name] for name in golden if name in {scenario.stem for scenario in SCENARIOS}}
        GOLDEN.write_text(
            json.dumps(dict(sorted((kept | {path.stem: now}).items())), indent=2) + "\n", encoding="utf-8"
        )
        return
    if path.stem not in golden:
        pytest.fail(f"{path.name} has no golden figures; {REFRESH}", pytrace=False)
    if found := changes(now, golden[path.stem]):
        pytest.fail("\n".join([f"{path.name} gives other results than it did:", *found, REFRESH]), pytrace=False)


def test_no_figures_are_kept_of_a_scenario_that_is_gone() -> None:
    assert set(known()) <= {path.stem for path in SCENARIOS}, REFRESH


def test_another_law_is_found_out(scenarios: Path) -> None:
    """A fee of a ten-thousandth, an answer in a hundred less, or other luck changes the figures."""
    baseline = scenarios / "baseline.toml"
    before = of_a_run(baseline)
    assert changes(of_a_run(baseline), before) == []
    for name, value in (("wallet.payer_fee", 0.0001), ("messaging.reply_share", 0.79), ("run.seed", 2)):
        assert changes(of_a_run(baseline, **{name: value}), before), name
