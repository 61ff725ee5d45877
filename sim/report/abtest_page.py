"""The page of a study of tests: what each design would say of a change, beside what is true, and which to choose."""

from markupsafe import Markup

from sim.report import figures
from sim.report.figures import Panel, figure
from sim.report.marks import Mark, ends_of
from sim.report.page import Cell, Figure, Page, Row, Section, Table
from sim.report.wording import (
    GAP,
    HEADLINES,
    by_hand,
    by_hand_heading,
    counted,
    in_words,
    interval,
    listed,
    measure,
    number,
    sentence,
    shown,
    shown_unit,
)
from sim.results.abtests import ABTest, Judged, Verdict
from sim.results.intervals import LEVEL, Estimate

HEAD = (
    "", "Units", "Estimate", "True effect", "Bias", "Standard error", "Typical miss", "Intervals that hold the truth",
    "Power", "Least effect found",
)  # fmt: skip
WHAT = {
    "user": "each person treated or not",
    "cluster": "clusters of at most {size} friends, treated or not as a whole",
    "shop": "each shop treated or not",
    "switchback": "everybody, in blocks of {size} days treated or not",
}
ALIKE = 0.9  # of the best design's miss over another's, above which they are as good as each other


def abtest_page(found: ABTest) -> Page:
    """The page of a study of tests."""
    about = found.about
    size = [counted(about["users"], "person"), counted(about["days"] - about["begin"], "day")]
    return Page(
        title="Which test to run",
        subtitle=" · ".join([*size, counted(len(about["seeds"]), "world"), about["title"]]),
        answer=[_change(found), *(_choice(found, metric) for metric in found.metrics), _worlds(found)],
        warning=[],
        sections=[_pictured(found), *(_judged(found, metric) for metric in found.metrics), _designs(found)],
        version=str(about["version"]),
        by_hand=sentence(by_hand_heading(by_hand({about["title"]: about["set_by_hand"]}))),
    )


def called(design: Judged) -> str:
    """A design as a reader calls it."""
    dropped = f" ({design['dropped']} dropped)" if design["dropped"] else ""
    each = {
        "cluster": f"By cluster, {design['size']}",
        "switchback": f"Switchback, {counted(design['size'], 'day')}{dropped}",
    }
    return each.get(design["kind"], f"By {design['kind']}")


def _inside(design: Judged) -> str:
    """The same inside a sentence."""
    return called(design)[:1].lower() + called(design)[1:]


def _titled(metric: str) -> str:
    return HEADLINES.get(metric, metric)


def _change(found: ABTest) -> str:
    changes = [f"{name} from {shown(usual)} to {shown(treated)}" for name, (usual, treated) in found.treated.items()]
    return f"Tried: {listed(changes)}."


def _choice(found: ABTest, metric: str) -> str:
    """Which design is least off, and what the others get wrong."""
    unit, best = found.metrics[metric]["unit"], found.best(metric)
    truth = found.designs[0]["verdicts"][metric]["truth"]
    begun = Markup("{}: the true effect is {}").format(_titled(metric), measure(truth, unit, sign=True))
    if best is None:
        return begun + "; the designs are alike."
    least = best["verdicts"][metric]["miss"]
    close = [it for it in found.designs if it is not best and least > ALIKE * it["verdicts"][metric]["miss"]]
    verdict = best["verdicts"][metric]
    said = begun + Markup("; <strong>{}</strong> is least off, by {} typically{}").format(
        called(best),
        measure(least, unit, sign=True).lstrip("+"),
        f" ({listed([_inside(it) for it in close])} hardly more)" if close else "",
    )
    said += f", and finds such an effect in {_percent(verdict['power'])} of tests"
    wrong = [_inside(it) for it in found.designs if it["verdicts"][metric]["biased"]]
    return said + (f". Biased: {listed(wrong)}." if wrong else ". None is seen to be biased.")


def _worlds(found: ABTest) -> str:
    return (
        f"Each of {counted(len(found.about['seeds']), 'world')} was lived untreated, wholly treated, and once a design, by "
        "the same people with the same luck. What is true is the difference of the first two."
    )


def _pictured(found: ABTest) -> Section:
    """What one test would say, by design, beside what is true."""
    panels = []
    for metric, about in found.metrics.items():
        first = found.designs[0]["verdicts"][metric]
        marks = [Mark("True effect", first["truth"], first["truth_low"], first["truth_high"])]
        marks += [_typical(it, metric) for it in found.designs]
        panels.append(Panel(_titled(metric), about["unit"], marks, about["better"]))  # type: ignore[arg-type]
    return Section("estimates", "What a test would say", [_forest(panels)])


def _typical(design: Judged, metric: str) -> Mark:
    """Mean estimate, with the mean interval of a single test about it."""
    reach = [Estimate(*row[:3]).interval().half_width for row in design["estimates"][metric]]
    effect, half = design["verdicts"][metric]["effect"], sum(reach) / len(reach)
    return Mark(called(design), effect, effect - half, effect + half)


def _forest(panels: list[Panel]) -> Figure:
    rows: list[Row] = [
        (Cell(panel.title, notes=(shown_unit(panel.unit, difference=True),)), mark.label,
         Cell(number(mark.middle, panel.unit, sign=True), mark.middle), *ends_of(mark, panel.unit))
        for panel in panels
        for mark in panel.marks
    ]  # fmt: skip
    alt = (
        f"The true effect on {listed([panel.title for panel in panels])}, and what a test says of it by "
        f"{listed([mark.label for mark in panels[0].marks[1:]])}."
    )
    return figure(
        "estimates",
        "Estimates beside the truth",
        figures.forest(panels),
        alt,
        Table("Estimates beside the truth", ("", "", "Mean", f"{LEVEL:.0%} interval".replace("%", f"{GAP}%")), rows),
        f"Mean over worlds. The bar of a design is the {100 * LEVEL:.0f}{GAP}% interval of a single test, as wide as it is in the "
        "mean: hollow where it includes zero, so that such a test would not find the effect. That of the truth is the "
        "interval of its mean.",
    )


def _judged(found: ABTest, metric: str) -> Section:
    """How the designs do on a metric."""
    unit = found.metrics[metric]["unit"]
    best = found.best(metric)
    rows: list[Row] = [
        (
            Cell(called(it), best=it is best),
            Cell(f"{it['units']:,.0f}", it["units"]),
            *_cells(it["verdicts"][metric], unit),
        )
        for it in found.designs
    ]
    meaning = f"{found.metrics[metric]['meaning'].rstrip('.')}, {in_words(unit)[1] or 'as measured'}"
    return Section(
        f"metric-{metric.replace('.', '-')}",
        _titled(metric),
        [sentence(meaning), Table(f"{_titled(metric)} ({metric}), by design", HEAD, rows)],
    )


def _cells(it: Verdict, unit: str) -> list[Cell]:
    """A verdict as it is read."""
    return [
        Cell(number(it["effect"], unit, sign=True), it["effect"], (interval(it["low"], it["high"], unit),)),
        Cell(number(it["truth"], unit, sign=True), it["truth"], (interval(it["truth_low"], it["truth_high"], unit),)),
        Cell(
            number(it["bias"], unit, sign=True), it["bias"], (interval(it["bias_low"], it["bias_high"], unit),),
            "loss" if it["biased"] else "unsure",
        ),
        Cell(number(it["error"], unit), it["error"]),
        Cell(number(it["miss"], unit), it["miss"]),
        Cell(_percent(it["coverage"]), it["coverage"], (_range(it["coverage_low"], it["coverage_high"]),)),
        Cell(_percent(it["power"]), it["power"], (_range(it["power_low"], it["power_high"]),)),
        Cell(number(it["detectable"], unit), it["detectable"]),
    ]  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:.0f}{GAP}%"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f} to {100 * high:.0f}{GAP}%"


def _designs(found: ABTest) -> Section:
    """What the designs are, and how to read the tables."""
    rows: list[Row] = [
        (Cell(called(it), notes=(it["name"],)), WHAT[it["kind"]].format(size=it["size"]), _percent(it["share"]))
        for it in found.designs
    ]
    told = (
        "Bias is what a design is off in the mean over worlds; coloured where its interval excludes zero. The standard error "
        "is what whoever runs the test reckons with; the typical miss is the root of the mean square of what it is really "
        f"off, bias included, and by it designs are ranked. Of intervals that claim to hold the truth in {100 * LEVEL:.0f}{GAP}% of "
        "tests, the share that does. Power is the share of tests that find the effect at the 5 per cent level, on its side; the "
        "least effect is what such a test finds in four of five."
    )
    return Section(
        "designs", "The designs", [told, Table("Designs", ("", "What is treated", "Share"), rows, wordy=True)]
    )
