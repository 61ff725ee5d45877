"""The page of a tuning: each strategy's levers at their best, how the aim answers to each, and what was tried."""

from collections.abc import Callable

from sim.report.page import Page, Section, sections_of
from sim.report.sections import tuned
from sim.report.wording import counted
from sim.results.tuning import Tuning

SECTIONS: tuple[Callable[[Tuning], Section | None], ...] = (
    tuned.best, tuned.bounds, tuned.responses, tuned.tried, tuned.how_it_was_tuned,
)  # fmt: skip


def tuning_page(found: Tuning) -> Page:
    """The page of a tuning."""
    many = len(found.tuned)
    title = (
        f"{found.titles[next(iter(found.tuned))]}, at its best"
        if many == 1
        else f"{many} ways of earning, each at its best"
    )
    size = [
        counted(found.users, "person"),
        counted(found.days, "day"),
        counted(len(found.seeds["fresh"]), "fresh seed"),
    ]
    return Page(
        title=title,
        subtitle=" · ".join([*size, f"baseline: {found.titles[found.baseline]}"]),
        answer=tuned.answer(found),
        warning=tuned.warnings(found),
        sections=sections_of(SECTIONS, found),
        version=found.version,
    )
