"""The company's books: whatever money reaches or leaves it is declared, and is counted."""

from collections.abc import Callable

import pytest
from worlds import live, lived

from sim import day
from sim.company import company
from sim.ground.ledger import COMPANY, OUTSIDE, WALLET, Flow, LedgerError
from sim.scenario import Scenario
from sim.service import Part
from sim.state import ModelError
from sim.stickers import stickers
from sim.world import World

Phase = Callable[[World], None]


@pytest.fixture
def with_phase(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """A world whose day has one phase more, as who writes a service adds it."""

    def make(phase: Phase, before: Part | Phase | None = stickers.STICKERS) -> World:
        phases = list(day.DAY)
        phases.insert(len(phases) if before is None else phases.index(before), phase)
        monkeypatch.setattr(day, "DAY", tuple(phases))
        return World(Scenario.make(run={"users": 100, "days": 4}))

    return make


def sells(cents: int, reason: str, payer: str = OUTSIDE) -> Phase:
    def step(world: World) -> None:
        """Something is sold."""
        if world.day == 2:
            world.ledger.pay(payer, 0, COMPANY, 0, cents, reason)

    return step


def test_money_for_a_reason_that_no_stream_declares_stops_the_run(with_phase: Callable[..., World]) -> None:
    """Once a service sold for 31,800 cents, and `revenue.total` was 0."""
    world = with_phase(sells(31_800, "sticker"))
    world.step()
    world.step()
    with pytest.raises(
        ModelError,
        match=r"day 2, test_company.step: money of outside reaches the company for 'sticker', which no revenue stream "
        r"declares: add 'sticker' to the `revenue` of its Service; did you mean 'stickers'\?",
    ):
        world.step()
    assert world.ledger[COMPANY][0] < 31_800 + world.scenario.company.capital * world.size, "it has not moved"


def test_money_for_a_declared_reason_is_revenue(with_phase: Callable[..., World]) -> None:
    world = with_phase(sells(31_800, "stickers"))
    live(world)
    assert world.history["revenue.total"][2] - world.history["revenue.total"][1] >= 31_800 - 10_000
    assert world.history["revenue.stickers"].sum() == 31_800


def test_money_that_people_pay_is_looked_at_as_much(with_phase: Callable[..., World]) -> None:
    def step(world: World) -> None:
        """People tip the company."""
        world.ledger.pay_many(([1], [0], [0]), WALLET, COMPANY, "tips")

    with pytest.raises(ModelError, match=r"day 0, test_company.step: money of wallet reaches the company for 'tips'"):
        with_phase(step).step()


def test_money_that_leaves_the_company_for_what_no_cost_declares_stops_the_run(
    with_phase: Callable[..., World],
) -> None:
    def step(world: World) -> None:
        """Rent is paid."""
        world.pay_cost("rent", 5)

    with pytest.raises(
        ModelError, match=r"day 0, .*money leaves the company to outside for 'cost.rent', which no cost declares: add "
        r"'rent' to the `costs` of its Service",
    ):  # fmt: skip
        with_phase(step).step()
    with pytest.raises(LedgerError, match=r"for 'gift', which no cost declares: add 'gift' to .* 'cost.gift'"):
        company.Books((), ()).check(Flow(COMPANY, WALLET, "gift"))


def test_a_declared_reason_after_the_books_have_closed_stops_the_run_too(with_phase: Callable[..., World]) -> None:
    """Whatever comes after `company.pay_costs` is in no revenue of any day."""
    world = with_phase(sells(700, "stickers"), before=None)
    world.step()
    world.step()
    with pytest.raises(ModelError, match=r"day 2: 700 cents reached the company .* after its books had closed"):
        world.step()


def test_money_at_birth_for_an_undeclared_reason_is_no_traceback_but_a_broken_law(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(day, "BIRTH", (*day.BIRTH, sells_at_once))
    with pytest.raises(ModelError, match="day 0, birth: money of outside reaches the company for 'gift'"):
        World(Scenario.make(run={"users": 50, "days": 1}))


def sells_at_once(world: World) -> None:
    """Day 0: somebody gives the company something."""
    world.ledger.pay(OUTSIDE, 0, COMPANY, 0, 5, "gift")


def test_every_flow_of_the_company_is_in_its_books() -> None:
    """Breaks if a stream or a cost is left out of the totals."""
    world = lived("superapp", run={"users": 150, "days": 32})
    flows, days = world.flows, world.history
    got = flows[(flows.payee == COMPANY) & (flows.reason != "capital")].groupby("day").cents.sum()
    paid = flows[flows.payer == COMPANY].groupby("day").cents.sum()
    assert days["revenue.total"].tolist() == got.reindex(days.day, fill_value=0).tolist()
    assert days["cost.total"].tolist() == paid.reindex(days.day, fill_value=0).tolist()
