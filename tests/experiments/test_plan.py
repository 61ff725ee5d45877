"""A plan says what to run: every combination once, every mistake told with its place before anything runs."""

import re
from pathlib import Path

import numpy as np
import pytest

from sim.engine.settings import BadInput
from sim.experiments.plan import Plan, fingerprint
from sim.results.sweep_folders import identity

ROOT = Path(__file__).parents[2]
HEAD = """
title = "Trial"
scenarios = ["SHOPS", "COMMISSION", "ADVERTISING"]
seeds = [3, 5]
users = 200
days = 6
""".replace("SHOPS", str(ROOT / "scenarios" / "shops.toml"))
HEAD = HEAD.replace("COMMISSION", str(ROOT / "scenarios" / "commission.toml"))
HEAD = HEAD.replace("ADVERTISING", str(ROOT / "scenarios" / "advertising.toml"))


def plan(tmp_path, text="", head=HEAD, **instead):
    path = tmp_path / "trial.toml"
    path.write_text(head + text)
    return Plan.load(path, instead)


def values(plan, name):
    return [point.values[name] for point in plan.points()]


def test_every_scenario_lives_every_point_with_every_seed(tmp_path):
    found = plan(
        tmp_path,
        """
        [factors]
        "shopping.commission" = [0, 0.1, 0.2]
        "stickers.on" = {}
        """,
    )
    assert found.factors == ["shopping.commission", "stickers.on"]
    assert [tuple(point.values.values()) for point in found.points()] == [
        (0.0, False), (0.0, True), (0.1, False), (0.1, True), (0.2, False), (0.2, True),
    ]  # fmt: skip
    assert found.seeds == (3, 5)
    assert found.size == found.runs == 3 * 6 * 2
    resolved = found.resolve(found.scenarios[0], list(found.points())[3], 5)
    assert (resolved.shopping.commission, resolved.stickers.on, resolved.run.seed) == (0.1, True, 5)
    assert (resolved.run.users, resolved.run.days) == (200, 6)


def test_a_factor_of_some_scenarios_makes_others_live_once(tmp_path):
    found = plan(
        tmp_path,
        """
        [factors."shopping.commission"]
        values = [0.05, 0.1, 0.2]
        only = ["commission"]
        [factors.advertising.nuisance]
        levels = 2
        """,
    )
    assert found.size == 3 * 6 * 2
    assert found.runs == (2 + 6 + 2) * 2
    alive = [(s.name, p.number) for p in found.points() for s in found.scenarios if found.is_first(p, s)]
    assert len(alive) == found.runs // 2
    with pytest.raises(BadInput, match="20 runs, more than 19"):
        Plan.load(tmp_path / "trial.toml", most=19)
    assert Plan.load(tmp_path / "trial.toml", most=20).runs == 20
    shops, commission, _ = found.scenarios
    digests = {s.name: {fingerprint(found.resolve(s, p)) for p in found.points()} for s in (shops, commission)}
    assert {name: len(hashes) for name, hashes in digests.items()} == {"shops": 2, "commission": 6}


def test_seeds_are_counted_from_the_baselines(tmp_path):
    assert plan(tmp_path, head=HEAD.replace("[3, 5]", "3")).seeds == (1, 2, 3)
    assert plan(tmp_path, seeds=2, users=50).seeds == (1, 2)
    assert plan(tmp_path, users=50).scenarios[2].run.users == 50
    assert "# with users = 50" in plan(tmp_path, users=50).text


def test_levels_are_even_over_the_declared_range_or_the_plans(tmp_path):
    found = plan(
        tmp_path,
        """
        [factors."advertising.nuisance"]
        levels = 4
        [factors."advertising.tiring"]
        levels = 3
        low = 5
        high = 20
        scale = "log"
        [factors."advertising.frequency_cap"]
        levels = 4
        low = 1
        high = 4
        """,
    )
    assert sorted(set(values(found, "advertising.nuisance"))) == [0.02, 0.08, 0.14, 0.2]
    assert sorted(set(values(found, "advertising.tiring"))) == [5, 10, 20]
    assert sorted(set(values(found, "advertising.frequency_cap"))) == [1, 2, 3, 4]
    assert all(isinstance(value, int) for value in values(found, "advertising.frequency_cap"))


@pytest.mark.parametrize("method", ["latin", "sobol"])
def test_drawn_points_fill_their_ranges_evenly_and_are_crossed_with_the_rest(tmp_path, method):
    text = f"""
        [sample]
        method = "{method}"
        points = 16
        [factors]
        "advertising.nuisance" = {{}}
        "advertising.frequency_cap" = {{low = 1, high = 4}}
        "shopping.commission" = [0.0, 0.1]
    """
    found = plan(tmp_path, text)
    assert found.size == 3 * 32 * 2
    drawn = sorted(values(found, "advertising.nuisance")[::2])
    assert all(0.02 + 0.18 * k / 16 <= value <= 0.02 + 0.18 * (k + 1) / 16 for k, value in enumerate(drawn))
    caps = values(found, "advertising.frequency_cap")
    assert {cap: caps.count(cap) for cap in caps} == {1: 8, 2: 8, 3: 8, 4: 8}
    assert [point.draw for point in found.points()] == [k // 2 for k in range(32)]
    assert values(plan(tmp_path, text), "advertising.nuisance") == values(found, "advertising.nuisance"), "fixed luck"
    other = plan(tmp_path, text.replace("points = 16", "points = 16\nseed = 2"))
    assert values(other, "advertising.nuisance") != values(found, "advertising.nuisance")


def test_points_can_be_listed(tmp_path):
    found = plan(
        tmp_path,
        """
        [[points]]
        "shopping.commission" = 0.1
        "advertising.nuisance" = 0.05
        [[points]]
        "shopping.commission" = 0.2
        "advertising.nuisance" = 0.1
        """,
    )
    assert [tuple(point.values.values()) for point in found.points()] == [(0.1, 0.05), (0.2, 0.1)]


def test_set_holds_for_every_scenario(tmp_path):
    found = plan(tmp_path, '[set]\n"wallet.payer_fee" = 0.01\n[set.friends]\ndegree = 12\n')
    assert {scenario.wallet.payer_fee for scenario in found.scenarios} == {0.01}
    assert {scenario.friends.degree for scenario in found.scenarios} == {12.0}


def test_a_network_that_is_read_says_how_many_people_there_are(tmp_path):
    (tmp_path / "ties.txt").write_text("\n".join(f"{a} {(a + k) % 60}" for a in range(60) for k in (1, 2, 3)))
    found = plan(tmp_path, '[set]\n"friends.file" = "ties.txt"\n', HEAD.replace("users = 200", ""))
    assert {scenario.run.users for scenario in found.scenarios} == {60}
    before = fingerprint(found.scenarios[0])
    (tmp_path / "ties.txt").write_text("\n".join(f"{a} {(a + k) % 60}" for a in range(60) for k in (1, 2)))
    assert fingerprint(found.scenarios[0]) != before, "another network is another run"


def test_the_name_of_a_run_is_made_of_scenario_seed_and_version():
    names = [identity("a", 1), identity("b", 1), identity("a", 2), identity("a", 1, "9.9")]
    assert len(set(names)) == 4
    assert identity("a", 1) == names[0]


BAD = {
    "unknown factor": ('[factors]\n"shopping.comission" = [0.1]', 'factors."shopping.comission"', "shopping.commission"),
    "no section": ("[factors]\ncommission = [0.1]", "commission", "section.key"),
    "empty grid": ('[factors]\n"shopping.commission" = []', 'factors."shopping.commission".values = []', "at least one"),
    "out of range": ('[factors]\n"shopping.commission" = [0.1, 1.5]', "shopping.commission = 1.5", "the nearest valid"),
    "wrong type": ('[factors]\n"shopping.commission" = ["much"]', "shopping.commission = 'much'", "number"),
    "twice": ('[factors]\n"shopping.commission" = [0.1, 0.1]', "0.1 is given twice", ""),
    "low above high": ('[factors]\n"shopping.commission" = {levels = 3, low = 0.3, high = 0.1}', "low = 0.3", "below"),
    "no range": ('[factors]\n"friends.kind" = {levels = 3}', "friends.kind", "list its values"),
    "one level": ('[factors]\n"shopping.commission" = {levels = 1}', "levels = 1", "greater than or equal to 2"),
    "too few whole": ('[factors]\n"advertising.frequency_cap" = {levels = 50}', "levels = 50", "whole numbers"),
    "values and levels": ('[factors]\n"shopping.commission" = {values = [0.1], levels = 2}', "values and levels", ""),
    "unknown key": ('[factors]\n"shopping.commission" = {value = [0.1]}', "no such key", "values"),
    "unknown key of the plan": ("seed = 4", "seed = 4", "seeds"),
    "nothing said of the draw": ('[factors]\n"shopping.commission" = {}', "[sample]", "points"),
    "nothing to draw": ('[factors]\n"shopping.commission" = [0]\n[sample]\npoints = 4', "sample", "nothing to draw"),
    "sobol": ('[factors]\n"shopping.commission" = {}\n[sample]\nmethod = "sobol"\npoints = 100', "points = 100", "128"),
    "unknown method": ('[factors]\n"shopping.commission" = {}\n[sample]\nmethod = "mc"\npoints = 4', "'mc'", "latin"),
    "seed as a factor": ('[factors]\n"run.seed" = [1, 2]', 'factors."run.seed"', "seeds"),
    "users twice": ('[factors]\n"run.users" = [100, 200]', "users = 200", "say it once"),
    "set and factor": ('[set]\n"wallet.payer_fee" = 0\n[factors]\n"wallet.payer_fee" = [0.1]', "holds it still", ""),
    "unknown scenario": ('[factors."shopping.commission"]\nvalues = [0.1]\nonly = ["comission"]', "only", "commission"),
    "assumed for some": ('[factors."advertising.nuisance"]\nlevels = 2\nonly = ["shops"]', "only", "no decision"),
    "unknown metric": ('metrics = ["profit.totl"]', "metrics = 'profit.totl'", "profit.total"),
    "unknown metric of days": ('save_days = ["users.dayly"]', "save_days", "users.daily"),
    "points differ": ('[[points]]\n"wallet.payer_fee" = 0\n[[points]]\n"stickers.on" = true', "points.2", "stickers.on"),
    "points repeat": ('[[points]]\n"wallet.payer_fee" = 0\n[[points]]\n"wallet.payer_fee" = 0', "given twice", ""),
    "an empty point": ("[[points]]\n[[points]]", "points.1: it names no setting", "wallet.payer_fee"),
    "no list": ('[factors."wallet.payer_fee"]\nvalues = 5', "values = 5: must be a list", ""),
    "no list of metrics": ("save_days = 3", "save_days: must be true, false, or a list of metrics", ""),
    "no table": ("sample = 3", "sample = 3: must be a table of keys", ""),
    "no number": ('[sample]\npoints = "many"', "points = 'many': must be a whole number", ""),
    "set is wrong": ('[set]\n"wallet.payer_fe" = 0', "wallet.payer_fe", "payer_fee"),
    "not TOML": ("[factors\n", "not valid TOML", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said", "near"), BAD.values(), ids=BAD)
def test_a_mistake_is_told_with_file_place_and_the_nearest_right_thing(tmp_path, text, said, near):
    with pytest.raises(BadInput) as refused:
        plan(tmp_path, text)
    told = str(refused.value)
    assert told.startswith(str(tmp_path / "trial.toml"))
    assert said in told
    assert near in told
    assert not re.search("tuple|dictionary|instance|function|integer", told), "words of a library"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds = [3, 5]", "seeds = 0", "seeds = 0"),
        ("seeds = [3, 5]", "seeds = []", "seeds"),
        ("seeds = [3, 5]", "seeds = [1, 1]", "twice"),
        ("seeds = [3, 5]", 'seeds = "many"', "seeds = 'many'"),
        ("users = 200", "users = 0", "trial.toml: users = 0"),
        ("users = 200", "users = 2.5", "users = 2.5"),
        ("shops.toml", "shop.toml", "shops.toml"),
        (HEAD[HEAD.index("scenarios") : HEAD.index("seeds")], "", "scenarios is missing"),
        (HEAD[HEAD.index("scenarios") : HEAD.index("seeds")], "scenarios = []\n", "scenarios"),
    ],
)
def test_a_mistake_in_the_head_is_told_too(tmp_path, old, new, said):
    with pytest.raises(BadInput) as refused:
        plan(tmp_path, head=HEAD.replace(old, new))
    assert said in str(refused.value)


def test_a_plan_that_is_not_there_is_told_with_the_nearest(tmp_path):
    plan(tmp_path)
    with pytest.raises(BadInput, match=r"did you mean 'trial\.toml'"):
        Plan.load(tmp_path / "trail.toml")


def test_values_that_do_not_go_together_are_told_with_their_point(tmp_path):
    found = plan(
        tmp_path,
        """
        [factors]
        "friends.circle_share" = [0.3, 0.6]
        "friends.work_share" = [0.3, 0.5]
        """,
    )
    with pytest.raises(BadInput, match=r"shops at point 3 .*circle_share"):
        [found.resolve(found.scenarios[0], point) for point in found.points()]


def test_the_plans_of_the_project_are_sound():
    paths = sorted((ROOT / "scenarios" / "plans").glob("*.toml"))
    assert paths
    for path in paths:
        found = Plan.load(path, {"users": 100, "days": 5})
        assert not found.unfair
        for point in found.points():
            for scenario in found.scenarios:
                found.resolve(scenario, point)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        (
            "20_240_101",
            "seeds = 20240101: is how many seeds, at most 1,000,000; one seed of your own is a list, as [20240101]",
        ),
        ("[1, 9223372036854775808]", "seeds are at most 9223372036854775807, and one is 9223372036854775808"),
    ],
)
def test_seeds_that_cannot_be_are_refused_before_they_are_counted_up(tmp_path, seeds, said):
    with pytest.raises(BadInput, match=re.escape(said)):
        plan(tmp_path, head=HEAD.replace("seeds = [3, 5]", f"seeds = {seeds}"))


def test_a_plan_sets_by_hand_what_is_the_same_everywhere(tmp_path):
    found = plan(tmp_path, '[set]\n"advertising.nuisance" = 0.14\n[factors]\n"wallet.payer_fee" = [0.0, 0.01]\n')
    assert [scenario.set_by_hand for scenario in found.scenarios] == [{"advertising.nuisance": 0.14}] * 3


def test_numbers_of_numpy_are_taken_and_written_as_pythons_are(tmp_path):
    found = plan(tmp_path, users=np.int64(80), days=np.int32(9), seeds=np.int8(2))
    assert found.text == plan(tmp_path, users=80, days=9, seeds=2).text
    assert "np." not in found.text
    assert found.scenarios[0].run.users == 80


def test_a_plan_is_told_in_a_line(tmp_path):
    found = plan(tmp_path)
    assert repr(found) == f"<Plan 'trial': {found.runs} runs, scenarios shops, commission, advertising, seeds 3, 5>"
