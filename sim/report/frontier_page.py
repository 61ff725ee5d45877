"""The page of a frontier: what can be had of several aims at once."""

from sim.report.page import Page
from sim.report.sections import front
from sim.report.wording import counted
from sim.results.frontier import Frontier


def frontier_page(found: Frontier) -> Page:
    """The page of a frontier."""
    aims = " and ".join(front.name_of(aim).lower() if at else front.name_of(aim) for at, aim in enumerate(found.aims))
    size = [
        counted(found.users, "person"),
        counted(found.days, "day"),
        counted(len(found.seeds["fresh"]), "fresh seed"),
    ]
    return Page(
        title=f"{aims}: what can be had at once",
        subtitle=" · ".join(size),
        answer=front.answer(found),
        warning=[],
        sections=[front.the_front(found), front.how_it_was_made(found)],
        version=found.version,
    )
