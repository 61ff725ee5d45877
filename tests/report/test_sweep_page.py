"""The page of a sweep says who wins where, what each factor does and what failed; it stands alone."""

import json
import re
import tracemalloc
from colorsys import rgb_to_hsv

import pytest
from made_sweeps import a_sweep, shared
from matplotlib.colors import to_rgb

from sim import report
from sim.engine.settings import BadInput
from sim.report import sweep_page
from sim.report.swept import Swept
from sim.results.sweep_folders import failure_of
from sim.results.sweeps import Sweep


@pytest.fixture
def page(tmp_path):
    a_sweep(tmp_path / "s", shared)
    return report.write(tmp_path / "s").read_text(encoding="utf-8")


def test_the_page_answers_first(page):
    answer = re.search(r'<p class="answer">(.*?)</p>', page, re.DOTALL)[1]
    assert "<strong>The paid one</strong> does best on profit" in answer
    assert "95\N{NO-BREAK SPACE}% interval" in answer
    assert "6 pairs of values" in answer
    assert "What moves it most is shopping: commission: from 0\N{NO-BREAK SPACE}% to 20\N{NO-BREAK SPACE}%" in answer


def test_every_part_is_there(page):
    for heading in (
        "Levers at their best",
        "Where each wins",
        "What each factor does",
        "What was varied",
        "How it was made",
    ):
        assert f">{heading}</h2>" in page
    assert "What is missing" not in page
    assert "Not a fair comparison" not in page
    assert "1 to 4" in page, "seeds"
    for figure in ("figure-overall", "figure-profit-total-levels", "figure-profit-total-differences"):
        assert f'id="{figure}"' in page
    assert page.count('<figure id="figure-map-') == 2, "a map for each metric"


def test_it_stands_alone_and_is_the_same_each_time(page, tmp_path):
    assert not re.search(r"https?://|<script|<link", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "nan" not in page.lower().replace("dominance", "")
    assert report.write(tmp_path / "s").read_text(encoding="utf-8") == page


def answer_of(page):
    return re.search(r'<p class="answer">(.*?)</p>', page, re.DOTALL)[1].replace("\N{NO-BREAK SPACE}", " ")


def peaked(name, values, seed):
    """Paid is best at one value of its lever, and worse on the mean."""
    own = 0.1 * ((seed + 2 * (name == "paid")) % 3)
    return 100_00.0 * seed + own + (name == "paid") * (50_00 if values["shopping.commission"] == 0.1 else -100_00)


def test_the_answer_is_a_choice_of_levers_and_no_mean_over_them(tmp_path):
    """Breaks if values that are decided are averaged over as if they befell us."""
    sweep = a_sweep(tmp_path, peaked, assumed=("users.talk",))
    assert sweep.overall("profit.total").set_index("scenario").loc["paid", "diff"] < 0
    said = answer_of(report.write(tmp_path).read_text(encoding="utf-8"))
    assert "<strong>The paid one</strong> does best on profit with shopping: commission 10 %" in said
    assert "+50.0 CNY against the baseline (95 %" in said, (
        "its lever makes no difference, so none of its values is best"
    )
    assert "Means are over 2 values of users: talk and 4 seeds." in said


def test_means_over_all_points_say_that_they_are_over_levers_too(tmp_path):
    a_sweep(tmp_path, peaked)
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert "Means over all points, every value of the levers alike" in page
    assert "Means over 6 points and the seeds" in page


def test_points_that_failed_are_not_counted(tmp_path):
    a_sweep(tmp_path, shared, without={("paid", 5, seed) for seed in (1, 2, 3, 4)}, assumed=("users.talk",))
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert "so that this is about 5 of 6 points" in answer_of(page)
    assert "Means over 5 of 6 points and the seeds" in page


def test_a_size_that_varies_is_no_single_number(tmp_path):
    points = [{"run.users": users, "run.days": 10} for users in (300, 2000, 5000)]
    a_sweep(tmp_path, lambda name, values, seed: 1.0 * seed, points=points)
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert '<p class="subtitle">300 to 5,000 people · 10 days · ' in page


def test_on_a_narrow_page_tables_scroll_by_themselves_and_captions_are_broken_over_lines(page):
    """Breaks if a caption goes as wide as its table, most of it out of sight; seen in a browser 400 pixels wide."""
    assert page.count("<caption") == len(re.findall(r"<caption[^>]*><span>[^<]+</span></caption>", page)) > 0
    assert page.count('<div class="scroll"') == page.count("<table")
    style = re.search(r"<style>.*?</style>", page, re.DOTALL)[0]
    assert re.search(r"caption span \{[^}]*position: sticky[^}]*max-width: min\([^}]*100vw", style)
    assert re.search(r"\.scroll \{[^}]*overflow-x: auto", style)


def test_what_is_missing_is_said(tmp_path):
    sweep = a_sweep(tmp_path, shared, without={("paid", 5, 4), ("free", 0, 1)})
    rows = sweep.rows()
    lost = rows[(rows.scenario == "paid") & (rows.point == 5) & (rows.seed == 4)]["run"].item()
    failure_of(tmp_path, lost).parent.mkdir()
    about = {
        "error": "ModelError: day 3: the books are out",
        "traceback": "Traceback\nModelError: day 3: the books are out",
    }
    failure_of(tmp_path, lost).write_text(json.dumps(about))
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert ">What is missing</h2>" in page
    assert "1 run failed and 1 run not made yet" in page
    assert "ModelError: day 3: the books are out" in page


def test_an_unfinished_sweep_has_a_page(tmp_path):
    every = {(name, point, seed) for name in ("free", "paid") for point in range(6) for seed in range(5)}
    a_sweep(tmp_path, shared, without=every)
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert "nothing to compare" in page
    assert "48 runs not made yet" in page


@pytest.mark.parametrize("names", [("free",), ("free", "paid", "mixed")])
@pytest.mark.parametrize("seeds", [(1,), (1, 2, 3)])
def test_one_seed_or_one_scenario_or_one_factor_will_do(tmp_path, names, seeds):
    points = [{"users.talk": value} for value in (1.0, 2.0)]

    def profit(name, values, seed):
        return 10.0 * seed + values["users.talk"] * len(name)

    a_sweep(tmp_path, profit, seeds=seeds, names=names, points=points)
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert "What each factor does" in page
    assert ("so no interval" in page) == (len(seeds) == 1)


def test_a_sweep_without_factors_is_a_comparison(tmp_path):
    a_sweep(tmp_path, lambda name, values, seed: 1.0 * seed * len(name), points=[{}], names=("one", "three"))
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert "Over all points" in page
    assert "What each factor does" not in page


def test_drawn_factors_are_shown_in_classes(tmp_path):
    points = [{"shopping.commission": 0.2 * (k + 0.5) / 40, "users.talk": 1 + (k * 17 % 40) / 40} for k in range(40)]
    a_sweep(tmp_path, shared, drawn=True, points=points, seeds=(1, 2))
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert "drawn between" in page
    assert "40 points were drawn (latin, seed 1)" in page
    assert "A dot stands for a class of drawn values" in page
    assert "differences are paired by point and seed; intervals are over drawn points and seeds" in page
    assert "luck of one seed" not in page
    figure = re.search(r'<figure id="figure-profit-total-levels".*?</figure>', page, re.DOTALL)[0]
    below = re.findall(r"<text[^>]*>([^<]*)</text>", figure)
    assert [f"{share}\N{NO-BREAK SPACE}%" in below for share in (2, 6, 10, 14, 18)] == [True] * 5, "means of classes"


def test_with_one_seed_drawn_points_say_whose_luck_it_is(tmp_path):
    points = [{"shopping.commission": 0.2 * (k + 0.5) / 20, "users.talk": 1 + (k * 7 % 20) / 20} for k in range(20)]
    a_sweep(tmp_path, shared, drawn=True, points=points, seeds=(1,))
    page = report.write(tmp_path).read_text(encoding="utf-8")
    answer = re.search(r'<p class="answer">(.*?)</p>', page, re.DOTALL)[1]
    assert "under the luck of one seed: intervals are over drawn points alone" in answer
    assert "paired by seed" not in page
    assert "point and seed" not in page


def test_a_scenario_has_one_hue_on_the_whole_page(page):
    def hues(name):
        figure = re.search(rf'<figure id="{name}".*?</figure>', page, re.DOTALL)[0]
        parts = (to_rgb(colour) for colour in re.findall(r"fill: (#[0-9a-f]{6})", figure))
        return {round(rgb_to_hsv(*it)[0], 1) for it in parts if max(it) - min(it) > 0.1}

    on_the_map = hues("figure-map-profit-total-shopping-commission-users-talk")
    assert on_the_map
    assert on_the_map <= hues("figure-profit-total-levels")


def test_an_unfair_sweep_is_said_first(tmp_path):
    a_sweep(tmp_path, shared)
    about = json.loads((tmp_path / "sweep.json").read_text())
    about["unfair"] = [{"name": "users.privacy_concern", "values": {"free": 0.1, "paid": 0.5}}]
    (tmp_path / "sweep.json").write_text(json.dumps(about))
    assert "users.privacy_concern: 0.1 in free, 0.5 in paid" in report.write(tmp_path).read_text(encoding="utf-8")


def test_a_folder_without_anything_is_told(tmp_path):
    with pytest.raises(BadInput):
        report.write(tmp_path)
    with pytest.raises(BadInput):
        sweep_page.write(tmp_path)


@pytest.mark.parametrize("seeds", [(42, 20_240_101), (7, 3_735_928_559, 2**63 - 1)])
def test_the_cost_of_a_page_does_not_grow_with_the_size_of_a_seed(tmp_path, seeds):
    """Breaks if seeds between the first and the last are counted up: 1.2 GB for the first, no page for the second."""
    a_sweep(tmp_path, lambda name, values, seed: float(len(name)) + values["users.talk"], seeds=seeds)
    tracemalloc.start()
    try:
        page = report.write(tmp_path).read_text(encoding="utf-8")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 100e6
    names = [str(seed) for seed in seeds]
    assert f"the same seeds: {', '.join(names[:-1])} and {names[-1]}." in page, "a seed is a name: no separators"


def test_a_lever_best_at_the_end_of_what_was_tried_is_said_with_caution(tmp_path):
    a_sweep(tmp_path, lambda name, values, seed: 100.0 * seed + values["shopping.commission"] * (name == "paid"))
    said = answer_of(report.write(tmp_path).read_text(encoding="utf-8"))
    assert "shopping: commission 20 % (the highest tried)" in said
    assert (
        "The best of shopping: commission is at the end of what was tried: a value beyond may do better still" in said
    )


def test_a_lever_best_within_what_was_tried_needs_none(tmp_path):
    a_sweep(tmp_path, peaked, assumed=("users.talk",))
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert "shopping: commission 10\N{NO-BREAK SPACE}%" in page
    assert "tried" not in page


def test_scenarios_that_are_equal_have_no_best(tmp_path):
    """Breaks if the first of equals is called the best, or a place on the map is given to it."""
    a_sweep(tmp_path, lambda name, values, seed: 10.0 * seed + values["users.talk"], assumed=("users.talk",))
    page = report.write(tmp_path).read_text(encoding="utf-8")
    said = answer_of(page)
    assert "On profit “The free one” and “The paid one” come out the same" in said
    assert "the best are equal" in said
    assert "does best" not in page
    assert ">equal<" in page


def test_a_lead_that_is_not_settled_is_not_called_the_best(tmp_path):
    def profit(name, values, seed):
        return 100.0 * seed + (name == "paid") * (1 + 60 * (-1) ** seed)

    a_sweep(tmp_path, profit, points=[{"users.talk": 1.0}])
    said = answer_of(report.write(tmp_path).read_text(encoding="utf-8"))
    assert "Who does best on profit is not settled; <strong>The paid one</strong> is ahead" in said


def test_a_scenario_has_one_colour_whoever_stands_beside_it(tmp_path):
    """Breaks if colours go by the place in the list."""

    def of(folder, names):
        a_sweep(folder, lambda name, values, seed: 1.0 * seed + len(name), names=names)
        return Swept(Sweep.load(folder)).colours

    one, other = (
        of(tmp_path / "a", ("shops", "commission", "mine")),
        of(tmp_path / "b", ("mine", "advertising", "commission")),
    )
    assert one["commission"] == other["commission"]
    assert one["mine"] == other["mine"]
    assert len(set(one.values())) == len(set(other.values())) == 3
