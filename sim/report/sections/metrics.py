"""Metrics: the numbers most asked for, and every one of them, a fold a service."""

from collections.abc import Iterable

from sim.ground.metrics import Metric
from sim.report.compared import Compared
from sim.report.page import Cell, Fold, Row, Section, Table
from sim.report.sections.differences import against_baseline
from sim.report.wording import HEADLINES, counted, in_words, measure, number, plain
from sim.results.runs import Result


def headline_numbers(result: Result) -> Section | None:
    """The numbers most asked for."""
    known = declared(result)
    names = [name for name in HEADLINES if name in known and result.summary[name]]
    rows: list[Row] = [
        (HEADLINES[name], _exact(result.summary[name], known[name].unit), known[name].meaning) for name in names
    ]
    if not rows:
        return None
    return Section("headlines", "In short", [Table("Headline numbers", ("", "Value", "Meaning"), rows)])


def everything(seen: Compared) -> Section | None:
    """Every metric, a fold a service."""
    metrics = seen.measured(seen.comparison.metrics)
    absent = len(seen.comparison.metrics) - len(metrics)
    folds = [
        Fold(f"{plain(service)}, {counted(len(names), 'metric')}",
             [against_baseline(seen, f"{plain(service)}: baseline’s mean, others’ differences", names, by_name=True)])
        for service, names in by_service(metrics).items()
    ]  # fmt: skip
    text = f"{counted(absent, 'metric')} that {'is' if absent == 1 else 'are'} zero in every scenario left out."
    return Section("metrics", "Every metric", [*([text] if absent else []), *folds]) if folds else None


def every_number(result: Result) -> Section | None:
    """The summary, by service."""
    known = declared(result)
    folds = []
    for service, names in by_service(known).items():
        rows: list[Row] = [
            (
                name,
                Cell(number(result.summary[name], known[name].unit), result.summary[name]),
                in_words(known[name].unit)[1],
                known[name].meaning,
            )
            for name in names
        ]
        table = Table(plain(service), ("", "Value", "Unit", "Meaning"), rows)
        folds.append(Fold(f"{plain(service)}, {counted(len(names), 'metric')}", [table]))
    text = "Flows are totals over the run, stocks means of the last 28 days, ratios ratios of totals."
    return Section("metrics", "Every metric", [text, *folds]) if folds else None


def by_service(metrics: Iterable[str]) -> dict[str, list[str]]:
    """Metrics by the service that measures them, in order."""
    found: dict[str, list[str]] = {}
    for metric in metrics:
        found.setdefault(metric.partition(".")[0], []).append(metric)
    return found


def declared(result: Result) -> dict[str, Metric]:
    """Declarations of what the summary has."""
    return {name: metric for name, metric in result.metrics.items() if name in result.summary}


def _exact(value: float, unit: str, sign: bool = False) -> Cell:
    return Cell(measure(value, unit, sign=sign), value)
