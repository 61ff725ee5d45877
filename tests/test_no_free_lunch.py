"""No free lunch: pushed to its most, every lever has somebody who minds, and what annoys brings nobody.

Small worlds, the same people with the same luck at nothing and at the most; `hongbao validate --levers` has the whole
curves, in worlds and times in which the best place is inside the range.
"""

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from worlds import lived

import sim.cli as cli
from sim.engine.settings import BadInput
from sim.experiments import levers as pushing
from sim.experiments.levers import (
    LEVERS,
    MEASURED,
    MOST_INSIDE,
    NO_PRICE,
    SWITCHES,
    Curve,
    Lever,
    Switch,
    draw_curve,
    laws_of,
    pushed_by_name,
    rows_of,
)
from sim.scenario import Scenario

PEOPLE, DAYS = 800, 120
LIVED: dict[str, dict[str, float]] = {}  # levers of one world start from the same one


def broken(pushed: Lever | Switch) -> list[str]:
    """Laws that are broken between the ends of a lever's range; where it earns most is seen in longer curves."""
    if isinstance(pushed, Lever):
        between = pushed.places[2:3] if pushed.frees else ()  # where a reserve still sells, somebody pays it
        pushed = pushed._replace(places=(pushed.places[0], *between, pushed.places[-1]))
    laws = laws_of(draw_curve(pushed, PEOPLE, DAYS, seeds=(1, 2), lived=LIVED))
    return [f"{law.law}: {law.seen}" for law in laws if not law.kept and law.law != MOST_INSIDE]


SMALL = [
    lever for lever in LEVERS if lever.name != "promotion.reserve"
]  # a small market sells too few clicks to see it


@pytest.mark.parametrize("lever", SMALL, ids=lambda lever: lever.title)
def test_a_lever_pushed_to_its_most_is_minded(lever: Lever) -> None:
    assert not broken(lever)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.title)
def test_a_service_switched_off_makes_nobody_happier(switch: Switch) -> None:
    assert not broken(switch)


def test_greed_that_pays_for_a_year_loses_in_ten_and_leaves_nobody() -> None:
    """Adverts beside a subscription: eight among the threads, and thirty. Breaks if nobody could go elsewhere."""
    subscribed = {"run": {"users": 400, "days": 3_650}, "subscriptions": {"on": True}}
    days = [lived(**subscribed, advertising={"on": True, "inbox_slots": slots}).history for slots in (8.0, 30.0)]
    some, many = (history["revenue.total"].groupby(history.index // 365).sum() for history in days)
    assert many[0] > some[0]
    assert many.sum() < 0.9 * some.sum()
    assert many.iloc[9] < 0.05 * many[0]
    members = [history["users.members"] for history in days]
    assert members[1].iloc[-1] < 0.5 * members[1].iloc[0], "more have left than stay"


def test_every_number_that_the_platform_decides_is_pushed_or_no_price() -> None:
    decided = {
        it.name for it in Scenario.make().parameters() if it.origin == "decided" and type(it.value) in (int, float)
    }
    pushed = {lever.name for lever in LEVERS}
    assert pushed | set(NO_PRICE) == decided
    assert not pushed & set(NO_PRICE)


@pytest.mark.parametrize(
    ("name", "world", "law"),
    [
        ("stickers.price", {"stickers.on": False}, "the payer buys less"),  # wired to nothing
        ("stickers.price", {"stickers.on": False}, "somebody is worse off"),
    ],
)
def test_a_law_breaks_where_the_mechanism_does(name: str, world: dict[str, Any], law: str) -> None:
    lever = next(lever for lever in LEVERS if lever.name == name)
    lever = lever._replace(world=lever.world | world, places=(lever.places[0], 600))
    laws = {it.law: it for it in laws_of(draw_curve(lever, 400, 40, seeds=(1, 2)))}
    assert not laws[law].kept, laws[law].seen


def made(changes: dict[str, list[float]], **how: Any) -> Curve:
    """A made-up curve at three places, the same with both seeds; what is not said does not move."""
    lever = Lever("stickers.price", (100, 600, 3_000), "revenue.stickers", "stickers.sold", ("welfare.users",), {})
    usual = {"stickers.sold": [9.0, 5.0, 1.0], "welfare.users": [9e6, 8e6, 7e6], "revenue.stickers": [1e4, 2e4, 1e4]}
    still = dict.fromkeys(MEASURED, [5e6] * 3)
    values = {name: np.column_stack([at, at]) for name, at in (still | usual | changes).items()}
    return Curve(lever._replace(**how), lever.places, values, person_years=1_000.0)


@pytest.mark.parametrize(
    ("changes", "how", "law"),
    [
        ({}, {}, None),
        ({"stickers.sold": [9.0, 5.0, 9.0]}, {}, "the payer buys less"),
        ({"welfare.users": [9e6, 9e6, 9e6]}, {}, "somebody is worse off"),
        ({"revenue.stickers": [1e4, 2e4, 3e4]}, {}, MOST_INSIDE),
        ({"revenue.stickers": [1e4, 2e4, 3e4]}, {"reason": "there are no dearer ones"}, None),
        ({"welfare.total": [5e6, 6e6, 7e6]}, {}, "a transfer makes nobody richer on the whole"),
        ({"welfare.total": [5e6, 6e6, 7e6]}, {"frees": "shelves are empty"}, None),
        ({"users.daily": [500.0, 500.0, 501.0]}, {"annoys": True}, "what annoys brings nobody"),
    ],
)
def test_a_curve_is_held_against_each_law(changes: Any, how: Any, law: str | None) -> None:
    assert [it.law for it in laws_of(made(changes, **how)) if not it.kept] == ([] if law is None else [law])


def test_rows_are_in_cny_a_person_and_year() -> None:
    low, middle, _ = rows_of(made({"welfare.users": [5e7, 8e6, 7e6]}))
    assert (low["place"], low["stickers.sold"], low["users"]) == (100, 9.0, 500.0)
    assert middle["revenue"] == 0.2
    assert "drivers" not in low, "what does not move is not shown"
    assert rows_of(made({}), every=True)[0]["drivers"] == 50.0


def test_names_of_levers_and_switches_are_found() -> None:
    assert [it.title for it in pushed_by_name(["promotion.weight", "rides.on"])] == [
        "promotion.weight, disclosed", "promotion.weight, hidden", "rides.on",
    ]  # fmt: skip
    assert pushed_by_name() == (*LEVERS, *SWITCHES)
    with pytest.raises(BadInput, match=r"did you mean 'shopping\.commission'"):
        pushed_by_name(["shopping.comission"])
    with pytest.raises(BadInput, match="no price, fee, share or load: who is lent to"):
        pushed_by_name(["banking.cut_off"])


def test_the_command_shows_curves_and_laws_and_exits_1_where_one_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(pushed: Any, users: int, days: int, seeds: Any, told: Any, lived: Any) -> Curve:
        assert (users, days, list(seeds)) == (300, 40, [1, 2, 3])
        return made({} if pushed.name == "stickers.price" else {"stickers.sold": [1.0, 2.0, 3.0]})

    monkeypatch.setattr(pushing, "draw_curve", drawn)

    def hongbao(*arguments: str) -> Any:
        return CliRunner().invoke(cli.hongbao, ["validate", *arguments], prog_name="hongbao")

    small = ("--users", "300", "--days", "40", "--seeds", "3")
    done = hongbao("--levers", "stickers.price", *small)
    assert done.exit_code == 0, done.output
    assert "kept    the payer buys less: stickers.sold 9 -> 1" in done.stdout
    broken = hongbao("--levers", "rides.commission", *small, "--format", "json")
    assert broken.exit_code == 1
    assert "1 of 4 laws of levers are broken" in broken.stderr
    assert [law["law"] for law in json.loads(broken.stdout)["laws"] if not law["kept"]] == ["the payer buys less"]
    table = hongbao("--levers", "rides.commission", *small, "--format", "csv").stdout.splitlines()
    assert table[0].startswith("lever,place,revenue,profit,quantity,daily users,users,")
    assert len(table) == 4
    assert table[1].endswith(",the payer buys less")
    for wrong, said in (
        (("--levers", "--only", "3"), "give one of the two"),
        (("--users", "300"), "--users goes with --levers"),
        (("rides.commission",), "names of levers go with --levers"),
        (("--levers", "rides.comission"), "did you mean 'rides.commission'"),
        (("--levers", "--jobs", "2"), "--jobs goes with --fuzz"),
    ):
        refused = hongbao(*wrong)
        assert refused.exit_code == 2
        assert said in refused.stderr
