"""The page of one run: what happened, in numbers, day by day, and in money."""

from collections.abc import Callable

from sim.report.page import Page, Section, sections_of
from sim.report.sections import circumstances, days, metrics, mixes, money, settings
from sim.report.sections.metrics import declared
from sim.report.wording import by_hand, by_hand_heading, counted, measure, number, sentence
from sim.results.runs import Result

RUN: tuple[Callable[[Result], Section | None], ...] = (
    metrics.headline_numbers,
    days.course,
    mixes.mix,
    money.run_flows,
    metrics.every_number,
    settings.parameters,
    circumstances.run_details,
)


def run_page(result: Result) -> Page:
    """The page of one run."""
    manifest = result.manifest
    size = [
        counted(int(manifest.get("users", 0)), "person"),
        counted(len(result.days), "day"),
        f"seed {manifest.get('seed', '')}",
    ]
    return Page(
        result.title,
        " · ".join(size),
        run_answer(result),
        [],
        sections_of(RUN, result),
        str(manifest.get("version", "")),
        sentence(by_hand_heading(by_hand({result.name: manifest.get("set_by_hand", {})}))),
    )


def run_answer(result: Result) -> list[str]:
    """What happened, in a few sentences."""
    has = declared(result)
    said = [
        f"One run over {counted(len(result.days), 'day')}, from one draw of luck; a comparison says how sure it is."
    ]
    if {"users.daily", "users.monthly"} <= has.keys():
        daily, monthly = (result.summary[f"users.{which}"] for which in ("daily", "monthly"))
        share = (
            f", {number(daily / monthly, 'share')} of the {number(monthly, 'people')} monthly users" if monthly else ""
        )
        last = f"In the last {counted(min(28, len(result.days)), 'day')}" if len(result.days) > 1 else "That day"
        said.append(
            f"{last} {number(daily, 'people')} people opened the app{' a day' if len(result.days) > 1 else ''}{share}."
        )
    if {"revenue.total", "cost.total", "profit.total"} <= has.keys():
        earned, spent, kept = (
            measure(result.summary[f"{what}.total"], has[f"{what}.total"].unit)
            for what in ("revenue", "cost", "profit")
        )
        said.append(f"The company took in {earned}, spent {spent}, and made a profit of {kept}.")
    if "ledger.imbalance" in has:
        wrong = result.summary["ledger.imbalance"]
        said.append(
            "The books balance to the cent." if wrong == 0 else f"The books are off by {measure(wrong, 'cents')}."
        )
    return said
