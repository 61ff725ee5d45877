"""Fuzz: worlds of drawn settings live, and what goes wrong is told with a scenario that does it again."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from sim import cli, day
from sim.engine.settings import BadInput, Settings
from sim.experiments import fuzz as fuzzing
from sim.experiments.fuzz import HAPPENINGS, Case, draw, fuzz, live
from sim.people import experience
from sim.people.experience import FeltColumns
from sim.scenario import Scenario
from sim.world import World

SMALL: dict[str, Any] = {"users": (60, 120), "days": (7, 12)}


def test_worlds_of_drawn_settings_live(tmp_path: Path) -> None:
    found = fuzz(12, seed=0, out=tmp_path / "fuzz", **SMALL)
    assert [(case.number, case.error) for case in found.failures] == []
    assert found.cases == 12
    assert found.user_days >= 12 * 60 * 7
    assert not (tmp_path / "fuzz").exists()


def test_a_case_is_drawn_by_its_number_over_the_declared_ranges_with_every_service_on() -> None:
    scenarios = [draw(7, number, **SMALL)[0] for number in range(6)]
    again, _ = draw(7, 3, **SMALL)
    assert again.digest() == scenarios[3].digest()
    assert len({it.digest() for it in scenarios}) == 6
    assert draw(8, 3, **SMALL)[0].digest() != again.digest()
    for scenario in scenarios:
        assert all(section.on for section in scenario.sections().values() if hasattr(section, "on"))
        assert 60 <= scenario.run.users <= 120
        assert 7 <= scenario.run.days <= 12
        assert scenario.events[0].happen in HAPPENINGS
        for it in scenario.parameters():
            if isinstance(it.value, float) and it.low is not None and it.high is not None:
                assert it.low <= it.value <= it.high, it.name
    drawn = {it.name: it.value for it in scenarios[0].parameters()}
    usual = {it.name: it.value for it in Scenario().parameters()}
    still = {name for name, value in drawn.items() if value == usual[name] and isinstance(value, float)}
    assert len(still) < 10, "nearly every number is another than by default"


def test_every_end_of_a_declared_range_is_a_value_that_the_setting_may_have() -> None:
    """Once `trips.seats` had a range from 0 and a rule that it be above 0: a sweep over the range was refused."""
    sections = Scenario().sections()
    for it in Scenario().parameters():
        section, _, key = it.name.partition(".")
        if isinstance(it.value, int | float) and section != "run":
            assert it.low is not None, f"{it.name} has no range to explore"
            for end in (it.low, it.high):
                assert alone_refused(type(sections[section]), key, type(it.value)(end)) == "", f"{it.name} = {end}"


def alone_refused(section: type[Settings], key: str, value: Any) -> str:
    """Why a setting may not have a value, whatever the others are; what a rule between settings refuses is not counted."""
    try:
        section.model_validate({key: value})
    except ValidationError as error:
        return "; ".join(found["msg"] for found in error.errors() if found["loc"])
    return ""


def test_a_world_that_fails_is_written_as_a_scenario_to_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feel = experience.feel

    def spoil(world: World) -> None:
        if world.day == 2 and world.seed == draw(0, 1, **SMALL)[0].run.seed:
            world[FeltColumns].waits[...] = float("nan")
        feel(world)

    spoil.__module__, spoil.__name__ = feel.__module__, feel.__name__
    monkeypatch.setattr(day, "DAY", tuple(spoil if phase is feel else phase for phase in day.DAY))
    found = fuzz(2, out=tmp_path, **SMALL)
    assert [case.number for case in found.failures] == [1]
    assert re.match(r"ModelError: day 2, experience.feel: felt.experience of row \d+ is nan", found.failures[0].error)
    assert found.files == [tmp_path / "seed-0-case-1.toml"]
    again = Scenario.load(found.files[0])
    assert again.digest() == draw(0, 1, **SMALL)[0].digest()
    assert again.run.seed == draw(0, 1, **SMALL)[0].run.seed


def test_what_no_rule_explains_comes_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "run", lambda scenario: 1 / 0)
    case = live(0, 0, **SMALL)
    assert case.error == "ZeroDivisionError: division by zero"
    assert "1 / 0" in case.traceback or "<lambda>" in case.traceback


def test_a_refusal_that_no_rule_between_settings_explains_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks where every refusal is drawn again: a range beyond what a setting may be would never be seen."""
    values = fuzzing._values

    def wrong(*how: Any) -> dict[str, dict[str, Any]]:
        found = values(*how)
        found["trips"]["seats"] = 0.0
        return found

    monkeypatch.setattr(fuzzing, "_values", wrong)
    assert live(0, 0, **SMALL).error.startswith("Unsound: trips.seats = 0.0 is in its declared range, but ")


def test_draws_that_a_rule_between_settings_refuses_are_drawn_again_and_counted() -> None:
    found = [draw(0, number, **SMALL) for number in range(20)]
    rules = {rule for _, refused in found for rule in refused}
    assert "steering.least = # must be below steering.most = #" in rules
    assert all(scenario.steering.least < scenario.steering.most for scenario, _ in found)


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(BadInput, match="cases = 0: must be at least 1"):
        fuzz(0)
    with pytest.raises(BadInput, match="users = 100 to 60: must be from 2 up, the least first"):
        fuzz(1, users=(100, 60))


def test_the_command_says_what_became_of_them_and_exits_1_where_one_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(seed: int, number: int, *how: Any) -> Case:
        error = "ModelError: day 3: the books are out by 5 cents" if number == 4 else ""
        return Case(number, draw(seed, number, **SMALL)[0].to_toml(), 1_000, {"a rule": 2}, error)

    monkeypatch.setattr(fuzzing, "live", told)
    monkeypatch.chdir(tmp_path)

    def hongbao(*arguments: str) -> Any:
        return CliRunner().invoke(cli.hongbao, ["validate", *arguments], prog_name="hongbao")

    done = hongbao("--fuzz", "3", "--first", "3", "--seed", "9", "--format", "json")
    assert done.exit_code == 1
    assert {row["name"]: row["value"] for row in json.loads(done.stdout)} == {
        "worlds that lived": 2, "user-days lived": 3_000, "failures": 1, "drawn again: a rule": 6,
    }  # fmt: skip
    assert "case 4: ModelError: day 3: the books are out by 5 cents" in done.stderr
    file = Path("outputs", "fuzz", "seed-9-case-4.toml")
    assert f"hongbao run {file}" in done.stderr
    assert Scenario.load(file).run.users <= 120
    assert hongbao("--fuzz", "2").exit_code == 0
    for wrong, said in (
        (("--fuzz", "2", "--only", "3"), "give one of the two"),
        (("--jobs", "2"), "--jobs goes with --fuzz"),
        (("--fuzz", "0"), "--fuzz"),
    ):
        refused = hongbao(*wrong)
        assert refused.exit_code == 2
        assert said in refused.stderr
