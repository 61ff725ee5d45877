"""Scenario files: laid over one another, checked before anything runs, and errors that say what to do."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.differences import differences
from sim.engine.settings import BadInput
from sim.scenario import SECTIONS, Scenario
from sim.world import World


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a scenario file and say where it is."""

    def one(text: str, name: str = "tried.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return one


def refusal(path: Path, overrides: dict[str, Any] | None = None) -> str:
    with pytest.raises(BadInput) as error:
        Scenario.load(path, overrides)
    return str(error.value)


# what is read


def test_an_empty_file_is_the_default_world(write: Callable[..., Path]) -> None:
    assert Scenario.load(write("")).digest() == Scenario.make().digest()


def test_a_file_is_laid_over_what_it_extends_and_overrides_win(write: Callable[..., Path]) -> None:
    write("[wallet]\npayer_fee = 0.01\npayee_fee = 0.02\n[run]\nusers = 50\n", "first.toml")
    write('extends = "first.toml"\ntitle = "Second"\n[wallet]\npayer_fee = 0.03\n', "below/second.toml")
    write('extends = "first.toml"\n[wallet]\npayer_fee = 0.03\n', "second.toml")
    third = write('title = "Third"\nextends = "second.toml"\n[run]\ndays = 9\n', "third.toml")
    scenario = Scenario.load(third, {"run.users": 70})
    assert (scenario.wallet.payer_fee, scenario.wallet.payee_fee) == (0.03, 0.02)
    assert (scenario.run.users, scenario.run.days) == (70, 9)
    assert (scenario.title, scenario.name) == ("Third", "third")


def test_a_file_below_may_be_extended(write: Callable[..., Path]) -> None:
    write("[run]\nusers = 50\n", "parts/people.toml")
    assert Scenario.load(write('extends = "parts/people.toml"\n')).run.users == 50


def test_events_of_a_file_take_the_place_of_those_it_extends(write: Callable[..., Path]) -> None:
    write('[[events]]\nday = 1\nset = { "wallet.payer_fee" = 0.1 }\n', "first.toml")
    later = write('extends = "first.toml"\n[[events]]\nday = 5\nhappen = "outage"\n')
    assert [event.day for event in Scenario.load(later).events] == [5]


def test_the_resolved_scenario_reads_back_as_itself(scenarios: Path, write: Callable[..., Path]) -> None:
    """Breaks if TOML reads a value as another: .1 as text, 1 for a 1.0 that shapes the hash, an event that was lost."""
    events = [
        {"day": 3, "set": {"wallet.payer_fee": 0.02}, "happen": "breach"},
        {"day": 3, "set": {"messaging.on": False}},
    ]
    made = Scenario.make(title='A "title"\nof two lines', events=events, run={"users": 77}, clock={"festivals": []})
    for scenario in [made, *(Scenario.load(path) for path in sorted(scenarios.glob("*.toml")))]:
        again = Scenario.load(write(scenario.to_toml()))
        assert again.digest() == scenario.digest()
        assert again.title == scenario.title


def test_every_section_and_setting_is_in_the_resolved_file() -> None:
    text = Scenario().to_toml()
    for parameter in Scenario().parameters():
        section, _, key = parameter.name.partition(".")
        assert f"[{section}]" in text
        assert re.search(rf"^{key} = ", text, re.MULTILINE), parameter.name
    assert len(SECTIONS) == len(set(SECTIONS))


def test_the_digest_is_of_what_shapes_a_run() -> None:
    one = Scenario.make(title="One", run={"seed": 1})
    assert one.digest() == Scenario.make(title="Other", run={"seed": 2}).digest()
    assert one.digest() != one.with_values({"wallet.payer_fee": 0.01}).digest()
    assert one.digest() != Scenario.make(events=[{"day": 0, "happen": "outage"}]).digest()


def test_a_network_file_is_looked_for_beside_the_scenario(write: Callable[..., Path], tmp_path: Path) -> None:
    scenario = Scenario.load(write('[friends]\nfile = "ties.txt"\n', "deep/tried.toml"))
    assert scenario.friends.file == str((tmp_path / "deep/ties.txt").resolve())


def test_a_changed_copy_is_checked() -> None:
    scenario = Scenario.make()
    assert scenario.with_values({"wallet.payer_fee": 0.05}).wallet.payer_fee == 0.05
    assert scenario.wallet.payer_fee == 0.0
    with pytest.raises(BadInput, match="payer_fee = 5"):
        scenario.with_values({"wallet.payer_fee": 5})


# what differs


def test_what_differs_says_who_decided_it() -> None:
    one = Scenario.make(run={"users": 10})
    other = Scenario.make(
        run={"users": 20}, wallet={"payer_fee": 0.1, "opening": 0.5},
        events=[{"day": 4, "set": {"stickers.on": True}}, {"day": 5, "set": {"rival.advantage": 0.2}}],
    )  # fmt: skip
    found = {name: origin for name, _, _, origin in differences(one, other)}
    assert found == {
        "run.users": "run", "wallet.payer_fee": "decided", "wallet.opening": "assumed",
        "day 4: stickers.on": "decided", "day 5: rival.advantage": "event",
    }  # fmt: skip
    assert differences(one, one) == []


def test_strategies_in_the_folder_differ_from_the_baseline_in_decided_values_only(scenarios: Path) -> None:
    """But for how the rival answers, in files named after it, and how long is lived."""
    baseline = Scenario.load(scenarios / "baseline.toml")
    for path in sorted(scenarios.glob("*.toml")):
        theirs = ("rival.",) if path.stem.startswith("rival") else ()
        for name, _, _, origin in differences(baseline, Scenario.load(path)):
            assert origin == "decided" or name.startswith(("run.days", *theirs)), f"{path.name}: {name} is {origin}"


# what is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # names: unknown, misplaced
        ("[walet]\npayer_fee = 0.1\n", ["[walet]", "no such section", "did you mean 'wallet'"]),
        ("[wallet]\npayr_fee = 0.1\n", ["wallet.payr_fee = 0.1", "no such setting", "did you mean 'payer_fee'"]),
        ("[lucky_money]\npayer_fee = 0.1\n", ["lucky_money.payer_fee = 0.1", "belongs in [wallet]"]),
        ("payer_fee = 0.1\n", ["payer_fee = 0.1", "outside a section", "belongs in [wallet]"]),
        ("wallet = 3\n", ["wallet = 3", "[wallet] is a section"]),
        ("colour = 3\n", ["colour = 3", "no such section or key"]),
        # types
        ('[wallet]\npayer_fee = "high"\n', ["wallet.payer_fee = 'high'", "must be a valid number"]),
        ("[run]\nusers = true\n", ["run.users = True", "must be a valid integer"]),
        ("[run]\nusers = 10.5\n", ["run.users = 10.5", "must be a valid integer"]),
        ("[wallet]\non = 1\n", ["wallet.on = 1", "must be true or false"]),
        ("[wallet]\npayer_fee = { a = 1 }\n", ["wallet.payer_fee = {'a': 1}", "must be a valid number"]),
        ("title = 3\n", ["title = 3", "must be a valid string"]),
        # ranges
        ("[wallet]\npayer_fee = 1.5\n", ["wallet.payer_fee = 1.5", "than or equal to 1", "nearest valid value is 1"]),
        ("[run]\nusers = 0\n", ["run.users = 0", "must be greater than 0", "nearest valid value is 1"]),
        ("[run]\nusers = -3\n", ["run.users = -3", "must be greater than 0", "nearest valid value is 1"]),
        ("[run]\ndays = 40000\n", ["run.days = 40000", "nearest valid value is 30000"]),
        ("[wallet]\npayer_fee = nan\n", ["wallet.payer_fee = nan", "finite"]),
        ('[lucky_money]\nsplit = "even"\n', ["lucky_money.split = 'even'", "'double_mean' or 'equal'"]),
        ('[run]\nstart = "1.1.2015"\n', ["run.start", "'1.1.2015'", "2015-02-18"]),
        ('[run]\nstart = "9999-12-01"\n', ["run.days = 365", "9999"]),
        ('[clock]\nfestivals = ["new year"]\n', ["clock.festivals", "'new year'"]),
        ("[users]\nage_shares = [0.5, 0.5]\n", ["age_shares (0.5, 0.5)", "4 shares"]),
        ("[users]\nage_messages = [1, 2, 3, 0]\n", ["age_messages", "4 numbers above zero"]),
        ("[friends]\ncircle_share = 0.6\nwork_share = 0.6\n", ["circle_share 0.6 + work_share 0.6", "at most 0.95"]),
        # files
        ("[wallet\n", ["not valid TOML", "line 1"]),
        ("extends = 3\n", ["extends = 3", "name of a scenario file"]),
        ('extends = "../other.toml"\n', ["extends = '../other.toml'", "folder of the scenario or below it"]),
        ('extends = "/etc/passwd"\n', ["extends = '/etc/passwd'", "folder of the scenario or below it"]),
        ('extends = "tried.toml"\n', ["in a circle", "tried.toml -> tried.toml"]),
        ('extends = "triad.toml"\n', ["triad.toml: no such scenario file, which tried.toml extends"]),
        # events
        ("events = 3\n", ["events = 3"]),
        ("[[events]]\nday = 1\n", ["events.1", "neither what to `set` nor what should `happen`"]),
        ('[[events]]\nhappen = "breach"\n', ["events.1.day", "is missing"]),
        ('[[events]]\nday = -1\nhappen = "breach"\n', ["events.1.day = -1", "nearest valid value is 0"]),
        ('[[events]]\nday = 1\nhappen = "breech"\n', ["events.1.happen = 'breech'", "'breach'"]),
        ('[[events]]\nday = 1\nhapen = "breach"\n', ["events.1.hapen = 'breach'", "did you mean 'happen'"]),
        ('[[events]]\nday = 1\nset = { "wallet.payr_fee" = 0.1 }\n', ["events.1.set", "did you mean 'payer_fee'"]),
        ('[[events]]\nday = 1\nset = { "walet.payer_fee" = 0.1 }\n', ["events.1.set", "did you mean 'wallet'"]),
        ('[[events]]\nday = 1\nset = { payer_fee = 0.1 }\n', ["events.1.set", "did you mean wallet.payer_fee"]),
        ('[[events]]\nday = 1\nset = { "wallet.payer_fee" = 2.0 }\n', ["events.1.set", "day 1", "payer_fee = 2.0"]),
        ('[[events]]\nday = 1\nset = { "run.users" = 5 }\n', ["events.1.set", "'run.users' cannot change"]),
        ('[[events]]\nday = 1\nset = { "clock.festivals" = ["x"] }\n', ["events.1.set", "clock.festivals", "'x'"]),
    ],
)  # fmt: skip
def test_bad_input_is_named_with_its_file_key_value_and_rule(
    text: str, said: list[str], write: Callable[..., Path]
) -> None:
    message = refusal(write(text))
    for part in ["tried.toml" if "triad" not in text else "triad.toml", *said]:
        assert part in message, message


def test_a_mistake_in_a_file_that_is_extended_names_that_file(write: Callable[..., Path]) -> None:
    write("[wallet]\npayer_fee = 7\n", "first.toml")
    message = refusal(write('extends = "first.toml"\n[wallet]\npayee_fee = 0.1\n'))
    assert "first.toml: wallet.payer_fee = 7" in message
    assert "tried.toml" not in message


def test_several_mistakes_are_told_at_once(write: Callable[..., Path]) -> None:
    message = refusal(write('[wallet]\npayer_fee = 7\npayee_fee = "x"\n[run]\nuser = 3\n'))
    assert message.count("\n") == 2
    for part in ("wallet.payer_fee = 7", "wallet.payee_fee = 'x'", "did you mean 'users'"):
        assert part in message


def test_a_circle_of_files_is_shown(write: Callable[..., Path]) -> None:
    write('extends = "two.toml"\n', "one.toml")
    write('extends = "three.toml"\n', "two.toml")
    message = refusal(write('extends = "one.toml"\n', "three.toml"))
    assert "three.toml -> one.toml -> two.toml -> three.toml" in message


def test_a_file_below_may_not_reach_out_of_the_folder(write: Callable[..., Path], tmp_path: Path) -> None:
    write("", "secret.toml")
    write('extends = "../../secret.toml"\n', "here/below/inner.toml")
    message = refusal(write('extends = "below/inner.toml"\n', "here/outer.toml"))
    assert "extends = '../../secret.toml'" in message


def test_a_link_out_of_the_folder_is_not_followed(write: Callable[..., Path], tmp_path: Path) -> None:
    write("", "secret.toml")
    path = write('extends = "link.toml"\n', "here/outer.toml")
    (path.parent / "link.toml").symlink_to(tmp_path / "secret.toml")
    assert "folder of the scenario or below it" in refusal(path)


def test_what_is_no_text_and_what_is_no_file_are_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write("")
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refusal(path)
    assert "a folder; name one file" in refusal(tmp_path)
    assert "no such scenario file" in refusal(tmp_path / "nowhere" / "none.toml")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("wallet.payr_fee", 1, "did you mean 'payer_fee'"),
        ("payer_fee", 1, "belongs in [wallet]"),
        ("a.b.c", 1, "a setting is named section.key"),
        ("run.users", "x", "must be a valid integer"),
        ("wallet", 3, "[wallet] is a section"),
        ("walet.payer_fee", 0.1, "no such section; did you mean 'wallet'"),
    ],
)
def test_an_override_that_cannot_be_is_not_blamed_on_the_file_nor_on_another_option(
    name: str, value: Any, said: str, write: Callable[..., Path]
) -> None:
    message = refusal(write(""), {name: value})
    assert message.startswith((name, f"[{name.partition('.')[0]}]"))
    assert said in message


def test_a_made_scenario_is_checked_as_a_file_is() -> None:
    with pytest.raises(BadInput, match=r"wallet.payer_fee = 3: must be less than or equal to 1"):
        Scenario.make(wallet={"payer_fee": 3})
    with pytest.raises(BadInput, match=r"\[walet\]: no such section"):
        Scenario.make(walet={"payer_fee": 0.1})


def test_no_world_is_made_of_nobody() -> None:
    with pytest.raises(BadInput, match="users = 0"):
        World(Scenario.make(run={"users": 0}))
    with pytest.raises(BadInput, match=r"2 to \d+ people"):
        World(Scenario.make(run={"users": 1}))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"banking.smallest": 500_000, "banking.largest": 400_000}, "no loan would fit"),
        ({"desks.opens": 9, "desks.closes": 9}, "no hour is open"),
    ],
)
def test_two_values_that_leave_nothing_are_refused(values: dict[str, int], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Scenario().with_values(values)
    Scenario().with_values(
        {"banking.smallest": 400_000, "banking.largest": 400_000, "desks.opens": 22, "desks.closes": 6}
    )


# what was set by hand


def test_a_scenario_remembers_what_was_set_by_hand_and_is_no_other_for_it(write: Callable[..., Path]) -> None:
    path = write("[wallet]\npayer_fee = 0.01\n")
    plain, changed = Scenario.load(path), Scenario.load(path, {"advertising.nuisance": 0.14, "run.users": 500})
    assert plain.set_by_hand == {}
    assert changed.set_by_hand == {"advertising.nuisance": 0.14}, "how many people stands on every page anyway"
    again = pickle.loads(pickle.dumps(changed)).with_values({"wallet.payer_fee": 0.02, "run.seed": 7})
    assert again.set_by_hand == {"advertising.nuisance": 0.14, "wallet.payer_fee": 0.02}
    assert changed.set_by_hand == {"advertising.nuisance": 0.14}, "a copy is another scenario"
    assert changed.digest() == plain.with_values({"advertising.nuisance": 0.14, "run.users": 500}).digest()
    assert "set_by_hand" not in changed.to_toml()


def test_events_do_not_count_as_set_by_hand(write: Callable[..., Path]) -> None:
    path = write('[[events]]\nday = 2\nset = { "wallet.payer_fee" = 0.03 }\n')
    later = Scenario.load(path, {"advertising.nuisance": 0.14}).at(5)
    assert later.wallet.payer_fee == 0.03
    assert later.set_by_hand == {"advertising.nuisance": 0.14}


def test_a_saved_world_knows_what_it_was_given_by_hand(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write("[run]\nusers = 60\ndays = 3\n")
    world = World(Scenario.load(path, {"advertising.nuisance": 0.14}))
    world.step()
    world.save(tmp_path / "world.npz")
    assert World.saved(tmp_path / "world.npz")[0].set_by_hand == {"advertising.nuisance": 0.14}


# manners


def test_numbers_of_numpy_are_taken_wherever_pythons_are(scenarios: Path) -> None:
    events = [{"day": np.int64(2), "set": {"wallet.payer_fee": np.float32(0.5), "stickers.on": np.bool_(True)}}]
    run = {"users": np.int64(300), "days": np.uint8(5), "seed": np.int32(7)}
    made = Scenario.make(run=run, wallet={"payer_fee": np.float64(0.25)}, events=events)
    plain_events = [{"day": 2, "set": {"wallet.payer_fee": 0.5, "stickers.on": True}}]
    plain = Scenario.make(run={"users": 300, "days": 5, "seed": 7}, wallet={"payer_fee": 0.25}, events=plain_events)
    assert made.digest() == plain.digest()
    assert made.to_toml() == plain.to_toml()
    assert made.with_values({"run.users": np.int64(400)}).run.users == 400
    loaded = Scenario.load(
        scenarios / "shops.toml", {"run.users": np.int64(250), "shopping.commission": np.float32(0.5)}
    )
    assert (
        loaded.digest()
        == Scenario.load(scenarios / "shops.toml", {"run.users": 250, "shopping.commission": 0.5}).digest()
    )
    with pytest.raises(BadInput, match=r"run.users = 300.0: must be a valid integer"):
        Scenario.make(run={"users": np.float64(300)})


def test_a_scenario_is_told_in_a_line(scenarios: Path) -> None:
    shops = Scenario.load(scenarios / "shops.toml", {"run.users": 5_000, "run.days": 90})
    assert repr(shops) == str(shops) == "<Scenario 'shops': 5,000 people, 90 days, seed 1>"


def test_whoever_wants_a_scenario_takes_its_file(scenarios: Path) -> None:
    shops = Scenario.load(scenarios / "shops.toml")
    assert Scenario.of(shops) is shops
    for path in (scenarios / "shops.toml", str(scenarios / "shops.toml")):
        assert Scenario.of(path) == shops
    with pytest.raises(BadInput, match=r"shop.toml: no such scenario file; did you mean 'shops.toml'\?"):
        Scenario.of(scenarios / "shop.toml")
    with pytest.raises(BadInput, match="a dict is no scenario: give a Scenario, or the path of its file"):
        Scenario.of({"run": {}})  # type: ignore[arg-type]


def test_equal_scenarios_are_one_in_a_set_whatever_they_hold() -> None:
    """Breaks if a field that cannot be hashed, as the values of an event or a lever's range, makes a scenario so."""
    events = [{"day": 3, "set": {"wallet.payee_fee": 0.01}}]
    one, other = (Scenario.make(events=events, levers={"wallet.payer_fee": [0.0, 0.1]}) for _ in range(2))
    assert len({one, other, one.with_values({"run.seed": 2}), one.with_values({"wallet.payer_fee": 0.01})}) == 3
