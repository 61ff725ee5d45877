"""The report: one page, whole in itself, that says what the saved numbers say."""

import json
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from sim import report
from sim.engine.settings import BadInput
from sim.ground.metrics import flow, ratio, stock
from sim.report import colours, comparison_page, wording
from sim.report.compared import Compared
from sim.report.figures import lines, sheet
from sim.report.marks import Mark, tone_of
from sim.report.published import MIXES, WAYS
from sim.report.sections import days as by_day
from sim.report.sections import money
from sim.report.sections.money import parts_of
from sim.results.comparisons import Comparison
from sim.results.runs import LEAST_GAIN, Result, better_off, summarise

STREAMS = ("payment_fees", "stickers", "advertising")
METRICS = {
    metric.name: metric
    for metric in (
        stock("users.daily", "people", "people who opened the app today"),
        stock("users.monthly", "people", "members who opened the app in the last 30 days"),
        ratio("users.daily_share", "share", "daily over monthly users", "users.daily", "users.monthly"),
        stock("clock.festival", "share", "strength of today's festival", "neither"),
        flow("messaging.messages", "messages", "messages sent"),
        flow("lucky_money.packets", "packets", "packets sent"),
        *(flow(f"revenue.{stream}", "cents", f"revenue from {stream}") for stream in STREAMS),
        flow("revenue.total", "cents", "revenue from all streams"),
        flow("cost.messages", "cents", "cost of messages", "less"),
        flow("cost.total", "cents", "all costs", "less"),
        flow("profit.total", "cents", "revenue less costs"),
        flow("welfare.users", "cents", "users' surplus"),
        flow("welfare.total", "cents", "everyone's welfare"),
        stock("satisfaction.mean", "logit units", "mean satisfaction"),
        stock("trust.mean", "share", "mean trust"),
        stock("attention.rival", "share", "chatting done on the rival", "less"),
        flow("ledger.imbalance", "cents", "0 in a sound run", "less"),
    )
}
PARAMETERS = [
    {"name": "wallet.payer_fee", "value": 0.01, "origin": "decided", "unit": "share", "low": 0.0, "high": 0.05,
     "meaning": "fee on <payments>", "source": "a & b"},
    {"name": "friends.degree", "value": 20.0, "origin": "assumed", "unit": "people", "low": None, "high": 40.0,
     "meaning": "mean friends", "source": ""},
]  # fmt: skip


def a_result(name="free", seed=1, days=60, users=200, effect=0.0, metrics=METRICS, earning=None, title=None):
    """A made-up run; `effect` moves users and welfare, `earning` is cents a day by stream."""
    luck = np.random.default_rng(seed)
    earning = {} if earning is None else earning
    day = np.arange(days)
    festive = ((day % 30) < 2).astype(float)
    found = {"day": day, "date": [str(date(2014, 1, 1) + timedelta(int(d))) for d in day], "clock.festival": festive}
    noise = luck.normal(size=days)
    found["users.daily"] = np.round(users * (0.6 + 0.01 * noise) * (1 + effect * day / days))
    found["users.monthly"] = np.round(users * 0.9 * (1 + effect * day / days))
    found["users.daily_share"] = found["users.daily"] / found["users.monthly"]
    found["messaging.messages"] = found["users.daily"] * 50
    found["lucky_money.packets"] = np.round(found["users.daily"] * (0.4 + 5 * festive))
    for stream in STREAMS:
        found[f"revenue.{stream}"] = np.round(found["users.daily"] * earning.get(stream, 0.0))
    found["revenue.total"] = sum(found[f"revenue.{stream}"] for stream in STREAMS)
    found["cost.messages"] = found["cost.total"] = np.round(found["messaging.messages"] * 0.01)
    found["profit.total"] = found["revenue.total"] - found["cost.total"]
    found["welfare.users"] = found["users.daily"] * 90.0 - found["revenue.total"] * 1.2
    found["welfare.total"] = found["welfare.users"] + found["profit.total"]
    found["satisfaction.mean"] = 1.3 + effect * day / days + 0.01 * noise
    found["trust.mean"] = np.full(days, 0.98)
    found["attention.rival"] = 0.07 - 0.1 * effect * day / days
    found["ledger.imbalance"] = np.zeros(days)
    table = pd.DataFrame({key: found[key] for key in ("day", "date", *metrics)})
    flows = pd.DataFrame(
        [(d, "wallet", "wallet", "packets", 5_000 + d) for d in range(days)]
        + [(d, "company", "outside", "cost.messages", int(found["cost.total"][d])) for d in range(days)]
        + [(d, "wallet", "company", s, int(found[f"revenue.{s}"][d])) for d in range(days) for s in STREAMS],
        columns=["day", "payer", "payee", "reason", "cents"],
    )
    manifest = {
        "version": "0.1.0", "name": name, "title": title or name.capitalize(), "seed": seed, "users": users,
        "days": days, "scenario_hash": "ab" * 32, "seconds": 12.5, "peak_memory_bytes": 300 * 2**20,
        "machine": {"cpu": "a processor", "cores": 2, "python": "3.11.7", "numba": "0.68.1"},
        "started": "2026-01-02T03:04:05", "phases": {"messaging.step": 3.0, "company.pay_costs": 0.25},
        "network": {"people": users, "friendships": users * 10}, "parameters": PARAMETERS,
        "metrics": {name: metric.note() for name, metric in metrics.items()},
    }  # fmt: skip
    surplus = luck.normal(100.0, 30.0, users) + effect * np.random.default_rng(seed + 99).normal(20.0, 60.0, users)
    return Result(f'title = "{name}"\n', manifest, table, flows, summarise(table, metrics), surplus)


STRATEGIES = {  # name: effect, cents a daily user by stream
    "free": (0.0, {}),
    "fee": (-0.02, {"payment_fees": 3.0}),
    "stickers": (0.01, {"stickers": 1.5, "advertising": 0.1}),
}


def a_comparison(seeds=(1, 2, 3, 4), strategies=None, titles=None, unfair=(), **how):
    """A made-up comparison with the figures that its runs give."""
    strategies = STRATEGIES if strategies is None else strategies
    names = list(strategies)
    titles = {name: name.capitalize() for name in names} | (titles or {})
    runs = {
        (name, seed): a_result(name, seed, effect=effect, earning=earning, title=titles[name], **how)
        for name, (effect, earning) in strategies.items()
        for seed in seeds
    }
    one = next(iter(runs.values()))
    metrics, best = {}, {}
    for metric in one.summary:
        values = {name: np.array([runs[name, seed].summary[metric] for seed in seeds]) for name in names}
        metrics[metric], best[metric] = {}, {}
        for name in names:
            gap = values[name] - values[names[0]]
            half, gap_half = (1.96 * v.std() / len(seeds) ** 0.5 for v in (values[name], gap))
            metrics[metric][name] = {
                "mean": float(values[name].mean()), "low": float(values[name].mean() - half),
                "high": float(values[name].mean() + half), "diff": float(gap.mean()),
                "diff_low": float(gap.mean() - gap_half), "diff_high": float(gap.mean() + gap_half),
                "variance_ratio": 4.5,
            }  # fmt: skip
        if METRICS[metric].better == "neither":
            del best[metric]
            continue
        sign = -1 if METRICS[metric].better == "less" else 1
        first = max(names, key=lambda name: sign * values[name].mean())
        best[metric] = {name: 0.98 if name == first else 0.02 / (len(names) - 1) for name in names}
    gaining = {}
    for name in names:
        pairs = [(runs[name, seed].surplus, runs[names[0], seed].surplus) for seed in seeds]
        share = float(np.mean([better_off(*pair, len(one.days)) for pair in pairs]))
        gaining[name] = {"mean": share, "low": share - 0.01, "high": share + 0.01}
    manifest = {"version": "0.1.0", "users": one.manifest["users"], "days": one.manifest["days"], "seconds": 99.0}
    decided = [{"name": "wallet.payer_fee", "values": {name: 0.01 * at for at, name in enumerate(names)}}]
    return Comparison(
        manifest | {"metrics": one.manifest["metrics"]},
        names[0],
        names,
        titles,
        list(seeds),
        metrics,
        best,
        gaining,
        decided,
        list(unfair),
        runs,
    )


# Reading the page as a browser would

VOID = {"meta", "wbr", "link", "br", "hr", "img", "input", "path", "use", "rect", "circle", "line"}


class Node:
    """An element with what is in it."""

    def __init__(self, tag, attributes=()):
        self.tag, self.attributes, self.inside = tag, dict(attributes), []

    def all(self, tag):
        """Every element of a kind below this one, in order."""
        return [
            found
            for one in self.inside
            if isinstance(one, Node)
            for found in [*([one] * (one.tag == tag)), *one.all(tag)]
        ]

    def everything(self):
        return [found for one in self.inside if isinstance(one, Node) for found in [one, *one.everything()]]

    @property
    def text(self):
        return "".join(one if isinstance(one, str) else "" if one.tag == "style" else one.text for one in self.inside)

    @property
    def values(self):
        return [float(one.attributes["value"]) for one in self.all("data")]


class Reader(HTMLParser):
    """Builds the tree; an element that is never closed, or closed out of turn, is an error."""

    def __init__(self):
        super().__init__()
        self.open = [Node("page")]

    def handle_starttag(self, tag, attrs):
        self.open[-1].inside.append(Node(tag, attrs))
        if tag not in VOID:
            self.open.append(self.open[-1].inside[-1])

    def handle_startendtag(self, tag, attrs):
        self.open[-1].inside.append(Node(tag, attrs))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].inside.append(data)


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert len(reader.open) == 1
    return reader.open[0]


def name_of(row):
    """What a row is called, without what is said below it."""
    return "".join(part for part in row.all("th")[0].inside if isinstance(part, str)).strip()


def section(tree, name):
    return next(one for one in tree.all("section") if one.attributes["id"] == name)


def written(result, folder):
    """The page of a result, saved and read back."""
    result.save(folder, force=True)
    return read(report.write(folder))


UNKIND = "<b>Fees</b> & \"paid\" 'places' 红包"
EARNS_NOTHING = {name: (effect, {}) for name, (effect, _) in STRATEGIES.items()}
TWELVE = {f"strategy_{at}": (0.002 * at, {STREAMS[at % 3]: 0.1 * at}) for at in range(12)}
FEW = {name: METRICS[name] for name in ("users.daily", "revenue.total", "ledger.imbalance")}
CASES = {
    "a comparison": lambda: a_comparison(),
    "one replicate": lambda: a_comparison(seeds=(7,)),
    "a single day": lambda: a_comparison(days=1),
    "some weeks": lambda: a_comparison(seeds=(1, 2), days=30),
    "nothing earned": lambda: a_comparison(strategies=EARNS_NOTHING),
    "no difference": lambda: a_comparison(strategies={"one": (0.0, {}), "two": (0.0, {})}),
    "few metrics": lambda: a_comparison(metrics=FEW),
    "twelve scenarios": lambda: a_comparison(seeds=(1, 2), strategies=TWELVE, users=50),
    "unkind titles": lambda: a_comparison(titles=dict.fromkeys(STRATEGIES, UNKIND)),
    "one scenario": lambda: a_comparison(strategies={"free": (0.0, {})}),
    "a run": lambda: a_result(earning={"stickers": 2.0}),
    "a run of a day": lambda: a_result(days=1, title=UNKIND),
    "a run of few metrics": lambda: a_result(metrics=FEW),
    "a run of a year": lambda: a_result(days=400),
}  # fmt: skip


class Written(NamedTuple):
    """A case with its page, as text and as a tree."""

    found: Comparison | Result
    folder: Path
    text: str
    tree: Node


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of each case, made when first asked for."""
    made = {}

    def page_of(case):
        if case not in made:
            found, folder = CASES[case](), tmp_path_factory.mktemp("page")
            tree = written(found, folder)
            made[case] = Written(found, folder, (folder / "report.html").read_text(encoding="utf-8"), tree)
        return made[case]

    return page_of


@pytest.fixture(scope="module", params=CASES)
def any_page(request, pages):
    return pages(request.param)


# Whatever the result


def test_a_page_asks_for_nothing_outside_itself(any_page):
    text, tree = any_page.text, any_page.tree
    assert "http" not in text
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert not [one for one in tree.everything() if one.tag in ("script", "link", "img", "iframe", "object")]
    assert all(one.attributes.get("href", "#").startswith("#") for one in tree.everything())
    assert not [one for one in tree.everything() if "src" in one.attributes]


def test_ids_are_unique_and_whatever_points_to_one_finds_it(any_page):
    text, tree = any_page.text, any_page.tree
    ids = [one.attributes["id"] for one in tree.everything() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    assert {one.attributes["href"][1:] for one in tree.everything() if "href" in one.attributes} <= set(ids)


def test_every_figure_has_a_table_behind_it_and_says_in_words_what_it_shows(any_page):
    tree = any_page.tree
    for one in tree.all("figure"):
        assert len(one.all("svg")) == 2  # for a desk, for a phone
        assert all(svg.all("text") for svg in one.all("svg")), "text in a picture is text"
        assert one.all("details")[0].all("table")[0].values
        picture = next(part for part in one.everything() if part.attributes.get("role") == "img")
        assert len(picture.attributes["aria-label"]) > 20
        assert one.all("figcaption")[0].text


def test_every_section_has_a_heading_and_every_table_a_caption_and_a_row(any_page):
    tree = any_page.tree
    for one in tree.all("section"):
        assert len(one.all("h2")) == 1
    for table in tree.all("table"):
        assert table.all("caption")[0].text
        assert table.all("tbody")[0].all("tr")
        widths = {len([c for c in row.inside if isinstance(c, Node)]) for row in table.all("tr")}
        assert len(widths) == 1, "rows of one table are equally long"


def test_no_number_is_missing_or_broken(any_page):
    tree = any_page.tree
    assert not re.search(r"\b(nan|NaN|inf|None|Undefined)\b", tree.text)
    assert np.isfinite(tree.values).all()


def test_the_same_result_gives_the_same_bytes(pages, tmp_path):
    for case in ("some weeks", "a run"):
        CASES[case]().save(tmp_path, force=True)
        assert report.write(tmp_path).read_text(encoding="utf-8") == pages(case).text


# What a comparison says


def test_the_table_of_winners_has_the_numbers_of_the_comparison(pages):
    tree = pages("a comparison").tree
    saved = json.loads((pages("a comparison").folder / "comparison.json").read_text(encoding="utf-8"))
    names = saved["scenarios"]
    rows = {name_of(row): row.values for row in section(tree, "winners").all("table")[0].all("tr")[1:]}
    for metric, label in wording.HEADLINES.items():
        if label in rows:
            found = saved["metrics"][metric]
            assert rows[label] == [found[names[0]]["mean"], *(found[name]["diff"] for name in names[1:])]
    assert {"Profit", "Users’ welfare", "Daily users"} <= rows.keys()


def test_every_metric_that_is_not_zero_is_on_the_page(pages):
    tree, means = pages("a comparison").tree, pages("a comparison").found.metrics
    listed = {name_of(row) for row in section(tree, "metrics").all("tr") if row.values}
    assert listed == {metric for metric in METRICS if any(it["mean"] for it in means[metric].values())}
    assert listed < METRICS.keys()


def test_the_answer_names_the_winner_with_interval_and_probability(pages):
    tree = pages("a comparison").tree
    said = tree.all("p")[1].text
    assert "Fee earns most" in said
    assert "interval +" in said
    assert f"probability of 98{wording.GAP}%" in said
    assert "users are worse off under Fee" in said
    assert "4 replicates" in said


def test_one_replicate_claims_no_interval(pages):
    tree = pages("one replicate").tree
    assert "one replicate, so no interval" in tree.text
    assert "is no interval" in section(tree, "winners").text
    assert "probability of being best" in tree.text
    assert "best: " not in tree.text
    assert not [one for one in tree.all("section") if one.attributes["id"] == "luck"]


def test_an_interval_with_zero_in_it_settles_nothing():
    comparison = a_comparison()
    comparison.metrics["profit.total"]["fee"] |= {"diff_low": -1.0}
    assert "which is not settled" in " ".join(comparison_page.answer(Compared(comparison)))


def test_where_none_earns_more_than_the_baseline_the_answer_says_so():
    strategies = {"free": (0.0, {"stickers": 5.0}), "fee": (0.0, {"payment_fees": 3.0}), "less": (0.0, {})}
    said = comparison_page.answer(Compared(a_comparison(strategies=strategies)))[0]
    assert "none earns more than the baseline" in said
    assert "The next, Fee, earns" in said


def test_losses_are_not_called_earnings(pages):
    tree = pages("nothing earned").tree
    assert "loses least" in tree.text
    assert "No scenario earned anything" in section(tree, "money").text


def test_revenue_stands_by_way_of_earning_beside_what_companies_published(pages):
    """Each row adds up to all of it; ours are shares of the money earned, theirs are those of the module with a source."""
    page = pages("a comparison")
    tables = section(page.tree, "mixes").all("table")
    heads = [name.text for name in tables[0].all("thead")[0].all("th")]
    rows = {name_of(row): dict(zip(heads, row.values, strict=True)) for row in tables[0].all("tbody")[0].all("tr")}
    assert list(rows) == ["Fee", "Stickers", *(mix.name for mix in MIXES)], "the free one earns nothing, and has no mix"
    assert all(sum(row.values()) == pytest.approx(1) for row in rows.values())
    means = {m: it["stickers"]["mean"] for m, it in page.found.metrics.items() if m.startswith("revenue.")}
    share = means["revenue.stickers"] / means["revenue.total"]
    assert rows["Stickers"]["Digital goods"] == pytest.approx(share)
    assert rows["Stickers"]["Adverts"] == pytest.approx(1 - share)
    assert rows["Facebook, 2020"]["Adverts"] == pytest.approx(0.979, abs=5e-4)  # facts.csv
    assert rows["Tencent, 2023"]["Payments and bank"] == pytest.approx(0.343, abs=5e-4)
    known = {name_of(row): row.text for row in tables[1].all("tbody")[0].all("tr")}
    assert all(mix.source in known[mix.name] and mix.known in known[mix.name] for mix in MIXES)
    assert "Nothing is earned by Free." in section(page.tree, "mixes").text


def test_a_run_that_earns_stands_beside_them_too_and_one_that_does_not_has_no_mix(pages):
    row = section(pages("a run").tree, "mixes").all("table")[0].all("tbody")[0].all("tr")[0]
    assert name_of(row) == "Free"
    assert max(row.values) == 1, "all of it is stickers"
    for case in ("nothing earned", "a run of few metrics"):
        assert "mixes" not in [one.attributes["id"] for one in pages(case).tree.all("section")]


def test_published_streams_are_under_a_way_of_earning_and_leave_no_less_than_nothing():
    for mix in MIXES:
        assert {stream.way for stream in mix.streams} <= WAYS.keys()
        assert all(0 <= share <= 1 for share in mix.by_way.values()), mix.name
        assert mix.source
        assert mix.known


def test_every_stream_of_ours_is_a_way_of_earning():
    """A stream under none would be called other, as what companies do not split."""
    from sim.declared import METRICS as ALL

    streams = {name.partition(".")[2] for name in parts_of(ALL, "revenue.")}
    assert streams == {stream for mine in WAYS.values() for stream in mine}


def test_assumptions_that_differ_raise_a_warning(tmp_path):
    unfair = [{"name": "friends.degree", "values": {"free": 20.0, "fee": 25.0, "stickers": None}}]
    tree = written(a_comparison(unfair=unfair), tmp_path)
    note = next(one for one in tree.everything() if one.attributes.get("role") == "note")
    assert "Not a fair comparison" in note.text
    assert "friends.degree (Free: 20; Fee: 25; Stickers: –)" in note.text
    assert "and in nothing else" not in tree.text


def test_a_fair_comparison_has_no_warning(pages):
    tree = pages("a comparison").tree
    assert not [one for one in tree.everything() if one.attributes.get("role") == "note"]
    assert "wallet.payer_fee" in section(tree, "levers").text


def test_titles_are_text_and_never_markup(pages):
    for case in ("unkind titles", "a run of a day"):
        assert "<b>" not in pages(case).text
        assert UNKIND in pages(case).tree.text
    assert any("<b>Fees</b>" in one.text for one in pages("unkind titles").tree.all("text")), "in pictures too"


def test_scenarios_of_one_title_are_told_apart(pages):
    tree = pages("unkind titles").tree
    assert all(f"{UNKIND} ({name})" in tree.text for name in STRATEGIES)


def test_users_over_time_are_the_mean_of_the_single_runs(pages):
    tree, comparison = pages("some weeks").tree, pages("some weeks").found
    means = [
        np.mean([comparison.runs[name, seed].days["users.daily"] for seed in comparison.seeds], axis=0)
        for name in comparison.scenarios
    ]
    rows = section(tree, "users").all("tr")[1:]
    assert [row.values for row in rows] == [pytest.approx(list(day)) for day in zip(*means, strict=True)]


def test_the_flow_matrix_has_every_cent(pages):
    tree, comparison = pages("some weeks").tree, pages("some weeks").found
    tables = section(tree, "flows").all("details")[1].all("table")
    for name, table in zip(comparison.scenarios, tables, strict=True):
        cents = np.mean([comparison.runs[name, seed].flows["cents"].sum() for seed in (1, 2)])
        rows = [row.values for row in table.all("tr")[1:]]
        assert rows[-1][-1] == pytest.approx(cents / 100)
        assert [sum(row[:-1]) for row in rows] == pytest.approx([row[-1] for row in rows])
        assert np.sum([row[:-1] for row in rows[:-1]], axis=0) == pytest.approx(rows[-1][:-1])


def test_intervals_that_were_waited_for_are_said_to_cover_less(tmp_path):
    comparison = a_comparison()
    assert "waited for" not in written(comparison, tmp_path).text
    comparison.manifest["precision"] = {"asked": 0.05, "metric": "profit.total", "reached": True, "max_replicates": 64}
    assert "intervals that were waited for cover the truth a little less often" in written(comparison, tmp_path).text


def test_more_adverts_shown_are_neither_better_nor_worse(tmp_path):
    """What is declared to have a better end is blue there, orange at the other, and somebody is the best at it."""
    one = Mark("one", 5.0, 4.0, 6.0)
    assert [tone_of(better, one) for better in ("more", "less", "neither")] == ["gain", "loss", ""]
    comparison = a_comparison()
    comparison.metrics["advertising.shown"] = comparison.metrics["profit.total"]
    rows = section(written(comparison, tmp_path), "winners").all("table")[0].all("tr")[1:]
    said = {name_of(row): "best" in row.text for row in rows}
    assert [said[name] for name in said if "Adverts shown" in name] == [False]
    assert [said[name] for name in said if name.startswith("Profit")] == [True]


def test_those_who_gain_and_lose_are_counted_against_themselves(pages):
    tree, runs = pages("one replicate").tree, pages("one replicate").found.runs
    change = runs["fee", 7].surplus - runs["free", 7].surplus
    least = LEAST_GAIN * len(runs["fee", 7].days) / 365  # less than a yuan a year is neither gain nor loss
    rows = section(tree, "welfare").all("figure")[1].all("tr")[1:]
    counted = [(change > least).mean(), (change < -least).mean()]
    assert counted != [(change > 0).mean(), (change < 0).mean()], "some are better or worse off by next to nothing"
    assert rows[0].values[:2] == pytest.approx(counted)
    assert rows[0].values[3] == pytest.approx(np.median(change))


def test_without_the_single_runs_the_rest_is_still_said(tmp_path):
    comparison = a_comparison()
    comparison.runs = {}
    tree = written(comparison, tmp_path)
    names = [one.attributes["id"] for one in tree.all("section")]
    assert "winners" in names
    assert "users" not in names
    assert "Gain" in section(tree, "welfare").text


def test_the_variance_saved_is_said_with_its_horizon(pages):
    tree = pages("a comparison").tree
    said = section(tree, "luck").text
    assert "4.50 times" in said
    assert "falls with the horizon" in said


# What a run says


def test_the_page_of_a_run_has_its_whole_summary(pages):
    tree, folder = pages("a run").tree, pages("a run").folder
    found = {
        row.all("th")[0].text: row.values[0]
        for row in section(tree, "metrics").all("tr")
        if row.values and row.all("th")
    }
    assert found == json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_the_page_of_a_run_lists_decided_and_assumed_values_apart(pages):
    tree = pages("a run").tree
    decided, assumed = section(tree, "parameters").all("details")
    assert "wallet.payer_fee" in decided.text
    assert "fee on <payments>" in decided.text
    assert "friends.degree" in assumed.text
    assert "any to 40" in assumed.text
    assert "fee on <payments>" not in pages("a run").text


def test_festivals_are_shaded_where_there_are_any(pages):
    assert "Shaded: festivals." in pages("a run").tree.text
    assert "Shaded" not in pages("a run of few metrics").tree.text


# Files


def test_a_folder_without_a_result_is_refused_and_left_alone(tmp_path):
    with pytest.raises(BadInput):
        report.write(tmp_path)
    assert not list(tmp_path.iterdir())


def test_writing_leaves_one_whole_file(tmp_path):
    a_result(days=3).save(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    assert report.write(tmp_path) == tmp_path / "report.html"
    assert {path.name for path in tmp_path.iterdir()} == before | {"report.html"}
    assert (tmp_path / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")


# Numbers and places


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "people", "0 people"),
        (-0.25, "cents", "−0.00250 CNY"),
        (12_345, "people", "12,345 people"),
        (99_950.0, "people", "100 k people"),
        (123_456_789, "cents", "1.23 m CNY"),
        (5e11, "cents", "5.00 bn CNY"),
        (250.0, "cents a person", "2.50 CNY a person"),
        (0.6634, "share", "66.3 %"),
        (1.0, "share", "100 %"),
        (0.99996, "share", "100 %"),
        (9.9999, "packets", "10.0 packets"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, unit, text):
    assert wording.measure(value, unit).replace(wording.GAP, " ") == text


def test_differences_have_a_sign_and_shares_differ_in_points():
    assert wording.measure(150, "cents", sign=True).replace(wording.GAP, " ") == "+1.50 CNY"
    assert wording.measure(-0.012, "share", sign=True) == "−1.20 points"
    assert wording.measure(0.0, "share", sign=True) == "0 points"


def test_an_interval_has_figures_enough_to_tell_its_ends_apart():
    assert wording.interval(130_900.0, 131_200.0, "people").replace(wording.GAP, " ") == "+130.90 k to +131.20 k"
    assert wording.interval(-0.5, 1_234_567.0, "people").replace(wording.GAP, " ") == "0 to +1.23 m"


def test_a_probability_never_claims_certainty():
    assert [wording.chance(p).replace(wording.GAP, " ") for p in (0, 0.5, 1)] == ["under 1 %", "50 %", "over 99 %"]


@pytest.mark.parametrize("days", [1, 2, 6, 31, 32, 80, 120, 121, 365, 1095])
def test_periods_hold_every_day_once(days):
    dates = [str(date(2014, 1, 15) + timedelta(day)) for day in range(days)]
    assert [day for _, part in by_day.periods(dates) for day in range(days)[part]] == list(range(days))
    assert len(list(by_day.periods(dates))) <= 37


@pytest.mark.parametrize("days", [1, 2, 8, 9, 81, 200, 365, 1095, 4000])
def test_few_days_are_named_below_a_picture(days):
    dates = [str(date(2014, 1, 15) + timedelta(day)) for day in range(days)]
    places, names = lines.month_ticks(dates, 8)
    assert 1 <= len(places) <= 9
    assert len(set(places)) == len(places) == len(names)
    assert all(0 <= place < days for place in places)


def test_names_at_the_ends_of_lines_never_overlap():
    moved = lines._apart([0.0, 1.0, 1.0, 99.0, 100.0, 100.0], 15, 100)
    order = sorted(moved)
    assert all(b - a >= 15 - 1e-9 for a, b in pairwise(order))
    assert max(moved) <= 100


def test_long_text_is_folded_and_cut_to_its_room():
    lines = sheet.folded("Free payments and places that are paid for by sellers", 100).split("\n")
    assert len(lines) == 2
    assert all(sheet.length(line) <= 100 for line in lines)
    assert lines[-1].endswith("…")


# What stays the same from chart to chart, and what is not said


def test_every_stream_and_kind_of_cost_of_the_model_has_a_colour_of_its_own():
    """Give a new one a colour in sim/report/colours.py: else it depends on what stands beside it."""
    from sim.declared import METRICS as OF_THE_MODEL

    streams = [name.partition(".")[2] for name in parts_of(OF_THE_MODEL, "revenue.")]
    costs = [name.partition(".")[2] for name in parts_of(OF_THE_MODEL, "cost.")]
    assert set(streams) <= set(colours.STREAMS)
    assert set(costs) <= set(colours.COSTS)
    every = [*colours.STREAMS.values(), *colours.COSTS.values()]
    assert len(set(every)) == len(every)
    assert len(set(colours.STRATEGIES.values())) == len(colours.STRATEGIES)
    assert set(colours.OF_WAYS) == set(WAYS)


def test_a_stream_keeps_its_colour_when_another_earns_more(tmp_path):
    """Breaks if colours go by the order of the bars."""

    def key(earning):
        seen = Compared(a_comparison(strategies={"free": (0.0, {}), "paid": (0.0, earning)}))
        with_colour = {}
        original = sheet.Sheet.key

        def note(self, places, entries):
            with_colour.update(dict(entries))
            return original(self, places, entries)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sheet.Sheet, "key", note)
            money.money(seen)
        return with_colour

    one, other = (
        key({"stickers": 9.0, "advertising": 1.0}),
        key({"stickers": 1.0, "advertising": 9.0, "payment_fees": 4.0}),
    )
    assert one["Stickers"] == other["Stickers"] == colours.STREAMS["stickers"]
    assert one["Advertising"] == other["Advertising"] == colours.STREAMS["advertising"]


def test_scenarios_that_are_alike_get_no_verdict(tmp_path):
    """Breaks if a tie is reported as a chance, or the first of equals as who earns most."""
    same = (0.0, {"stickers": 2.0})
    comparison = a_comparison(strategies={"free": (0.0, {}), "one": same, "two": same})
    comparison.save(tmp_path)
    page = report.write(tmp_path).read_text(encoding="utf-8")
    answer = re.search(r'<p class="answer">(.*?)</p>', page, re.DOTALL)[1]
    assert "<strong>One</strong> and <strong>Two</strong> earn most and the same: profit" in answer
    assert "best of all" not in answer
    seen = Compared(comparison)
    assert (seen.best("profit.total", "one"), seen.best("profit.total", "two")) == (None, None)
    assert seen.best("profit.total", "free") is not None
    everywhere = Compared(a_comparison(strategies={"free": same, "twin": same}))
    assert "all earn the same" in comparison_page.answer(everywhere)[0]
    assert "exactly as well off under Twin" in " ".join(comparison_page.answer(everywhere))


def test_a_lead_that_is_not_settled_is_no_verdict():
    comparison = a_comparison()
    for metric in ("profit.total", "welfare.total"):
        comparison.best[metric] = {"free": 0.2, "fee": 0.6, "stickers": 0.2}
    first, _, everyone, _ = comparison_page.answer(Compared(comparison))
    assert "it is not settled who" in first
    assert "a probability of only 60" in first
    assert "is not settled" in everyone
    assert comparison.verdict("profit.total") is None
    assert wording.verdict(0.6) == "may be best: 60\N{NO-BREAK SPACE}%"
    assert wording.verdict(0.98) == "best: 98\N{NO-BREAK SPACE}%"
    assert wording.verdict(None) == ""


def test_what_was_set_by_hand_says_where_it_is_not_everywhere():
    sets = {"free": {"clock.payday": 5}, "fee": {"clock.payday": 5, "wallet.payer_fee": 0.02, "events": [{}, {}]}}
    said = wording.by_hand(sets, {"fee": "A fee"})
    assert said == ["clock.payday = 5", "wallet.payer_fee = 0.02 in A fee", "2 events in A fee"]
    assert wording.by_hand_heading(said).startswith("set by hand: clock.payday = 5; ")
    assert wording.by_hand_heading([]) == ""
    assert wording.by_hand_heading([f"a.b{n} = 1" for n in range(20)]).endswith("a.b11 = 1; 8 more")


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([1, 2, 3], "1 to 3"), ([42, 20240101], "42 and 20240101"), ([7, 1, 2, 3, 9, 8], "1 to 3 and 7 to 9"),
     ([5, 6], "5 and 6"), ([3], "3"), ([1, 2**63 - 1], "1 and 9223372036854775807")],
)  # fmt: skip
def test_seeds_are_named_by_their_spans(numbers, said):
    assert wording.spans(numbers) == said


# Pictures as files


@pytest.mark.parametrize("case", ["a comparison", "unkind titles", "a run of a day"])
def test_every_picture_of_a_page_is_a_file_that_stands_alone(case, pages, tmp_path):
    made = pages(case)
    files = report.write_pictures(made.folder, tmp_path / "pictures")
    assert len(files) == len(set(files)) == len(made.tree.all("figure")) > 0
    for file in files:
        text = file.read_text(encoding="utf-8")
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.attrib["aria-label"]
        ids = set(re.findall(r'\bid="([^"]+)"', text))
        assert set(re.findall(r"url\(#([^)]+)\)", text)) <= ids
        assert set(re.findall(r'href="#([^"]+)"', text)) <= ids
    assert report.write_pictures(made.folder, tmp_path / "pictures") == files, "and again over those of before"


def test_a_picture_of_somebody_elses_is_left_and_nothing_is_written(pages, tmp_path):
    made = pages("a comparison")
    first, *_ = report.write_pictures(made.folder, tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / first.name).write_text("<svg/>", encoding="utf-8")
    with pytest.raises(BadInput, match="no picture of hongbao's"):
        report.write_pictures(made.folder, tmp_path / "b")
    assert [file.name for file in (tmp_path / "b").iterdir()] == [first.name]
    with pytest.raises(BadInput, match="is a file"):
        report.write_pictures(made.folder, first)
