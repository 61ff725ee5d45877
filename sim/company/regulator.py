"""The regulator: samples lists, answers and adverts once a month, each kind by itself, and fines what it finds.

A list of shops or an answer of the assistant that names a shop is at fault if a place in it is promoted and not said to be
so, an answer or an advert if it knows too much from profiles that are too deep; once, however many faults it has, and is
found with some chance when it is in the sample. Each kind is judged by itself, so that much of one does not shelter
another. In a month in which more than a tolerated share of any kind is found, the company pays a part of the month's
revenue, twice as much with each finding within a year of the last, and the press writes about it: the headline costs
trust (people/trust.py), which costs more than the fine.
"""

import mesa
import numpy as np

from sim.advertising.advertising import SHOWN, TOO_KNOWING
from sim.assistant.assistant import ADVICE_GIVEN, HIDDEN_PROMOTION, TOO_KNOWING_ANSWERS
from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed
from sim.ground.agents import Field
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.ground.metrics import flow, ratio
from sim.people import knowledge, trust
from sim.people.trust import NEEDS_WITHOUT_LIST
from sim.shopping.promotion import PAID_LISTS, SEARCHES, PromotionSettings
from sim.state import State

REGULATOR = "regulator"


class RegulatorSettings(Settings):
    """[regulator]"""

    on: bool = assumed.switch(True, "whether anybody looks")
    sample: int = assumed.count(
        200, "lists, answers, adverts", "looked at in a month, of each of these kinds", "MODEL.md", 20, 2_000
    )
    found: float = assumed.share(0.5, "chance that a fault in the sample is seen", "MODEL.md", 0.1, 1.0)
    tolerated: float = assumed.share(
        0.02, "share of a kind's sample found at fault that is let pass", "MODEL.md", 0.0, 0.2
    )
    tolerated_depth: float = assumed.share(
        0.67, "depth of profiles (share of the three sources used) above which a too-knowing answer or advert is at fault",
        "purchases and profile are usual; health data are not", 0.3, 1.0,
    )  # fmt: skip
    fine: float = assumed.share(0.01, "first fine, as a part of the month's revenue", "MODEL.md", 0.0, 0.1)
    most: float = assumed.share(
        0.1, "greatest fine, as a part of the month's revenue", "between GDPR's .04 and DSA's .06 of a year", 0.02, 0.5
    )
    memory: int = assumed.count(
        365, "days", "time after a finding in which the next costs twice as much", "MODEL.md: a year", 30, 1_825
    )


KINDS = ("lists", "answers", "adverts")


class RegulatorColumns(Table):
    """One row: what was shown this month, and what was found before."""

    lists_shown = Column(np.int64, 0, "lists of shops shown")
    lists_at_fault = Column(np.int64, 0, "of these, with a promoted place that is not said to be so")
    answers_shown = Column(np.int64, 0, "answers that named a shop")
    answers_at_fault = Column(np.int64, 0, "of these, promoted and not said so, or too knowing")
    adverts_shown = Column(np.int64, 0, "adverts shown")
    adverts_at_fault = Column(np.int64, 0, "of these, too knowing")
    revenue = Column(np.int64, 0, "the company's revenue", "cents")
    findings = Column(np.int64, 0, "months with a finding, each within the memory of the last")
    last_finding = Column(np.int64, 0, "day of the last of them")


SAMPLED = flow("regulator.sampled", "lists, answers, adverts", "looked at", "neither")
FOUND = flow("regulator.found", "lists, answers, adverts", "found at fault", "less")
SAMPLED_OF = {kind: flow(f"regulator.{kind}_sampled", kind, "looked at", "neither") for kind in KINDS}
FOUND_OF = {kind: flow(f"regulator.{kind}_found", kind, "found at fault", "less") for kind in KINDS}
FAULT_SHARE_OF = {
    kind: ratio(
        f"regulator.{kind}_fault", "share", f"{kind} looked at and found at fault", FOUND_OF[kind], SAMPLED_OF[kind], "less",
    )
    for kind in KINDS
}  # fmt: skip
FINDINGS = flow("regulator.findings", "months", "months in which more of a kind was at fault than is let pass", "less")
FINES = flow("regulator.fines", "cents", "fines paid", "less")
METRICS = (SAMPLED, FOUND, *SAMPLED_OF.values(), *FOUND_OF.values(), *FAULT_SHARE_OF.values(), FINDINGS, FINES)


@rule
def is_found(share_at_fault, chance, u):
    """Whether an item of the sample is at fault and the fault is seen."""
    return u < share_at_fault * chance


@rule
def with_either(one, other, of):
    """How many of so many have one fault or the other, if the two are independent."""
    return one + other - one * other / of if of > 0 else 0.0


@rule
def fine_share(first, findings, most):
    """Part of a month's revenue that is fined after so many findings before: it doubles with each, up to the most."""
    return min(most, first * 2.0 ** min(findings, 60))


class Regulator(mesa.Agent):
    """Looks at a sample of each kind on the last day of a month."""

    calendar = 30
    revenue, findings, last_finding = Field(), Field(), Field()

    def __init__(self, model: State, table: Table) -> None:
        super().__init__(model)
        self.table, self.row = table, 0

    def decide(self) -> None:
        """Sample, fine, and make a headline."""
        if self.model.settings(RegulatorSettings).on:
            beyond = [self._look_at(kind) for kind in KINDS]  # each kind, whatever was found of the others
            if any(beyond):
                self._fine()
        for kind in KINDS:
            self._column(f"{kind}_shown")[0] = self._column(f"{kind}_at_fault")[0] = 0
        self.revenue = 0

    def _column(self, name: str) -> np.ndarray:
        column: np.ndarray = getattr(self.table.rows, name)
        return column

    def _look_at(self, kind: str) -> bool:
        """Whether more of a kind's sample is found at fault than is let pass."""
        state, settings = self.model, self.model.settings(RegulatorSettings)
        shown, at_fault = (int(self._column(f"{kind}_{what}")[0]) for what in ("shown", "at_fault"))
        if shown == 0:
            return False
        looked = luck.uniforms(state.luck(f"regulator.{kind}"), settings.sample)
        found = sum(is_found(at_fault / shown, settings.found, u) for u in looked.tolist())
        state.note(SAMPLED_OF[kind], looked.size)
        state.note(FOUND_OF[kind], found)
        state.add(SAMPLED, looked.size)
        state.add(FOUND, found)
        return found > settings.tolerated * looked.size

    def _fine(self) -> None:
        state, settings = self.model, self.model.settings(RegulatorSettings)
        if state.day - self.last_finding > settings.memory:
            self.findings = 0
        fine = round(fine_share(settings.fine, self.findings, max(settings.fine, settings.most)) * self.revenue)
        self.findings, self.last_finding = self.findings + 1, state.day
        state.company_pays(fine, REGULATOR, "fines")
        state.ledger.pay(REGULATOR, 0, OUTSIDE, 0, fine, "treasury")
        state.note(FINDINGS, 1)
        state.note(FINES, fine)
        trust.headline(state)


def record_exposure(state: State) -> None:
    """Remember what was shown today, until the end of the month."""
    rows, noted = state[RegulatorColumns], state.noted
    deep = knowledge.depth(state.now) > state.settings(RegulatorSettings).tolerated_depth
    rows.lists_shown[0] += noted(SEARCHES) - noted(NEEDS_WITHOUT_LIST)
    rows.lists_at_fault[0] += 0 if state.settings(PromotionSettings).disclosed else noted(PAID_LISTS)
    rows.answers_shown[0] += noted(ADVICE_GIVEN)
    rows.answers_at_fault[0] += round(
        with_either(noted(HIDDEN_PROMOTION), noted(TOO_KNOWING_ANSWERS) * deep, noted(ADVICE_GIVEN))
    )
    rows.adverts_shown[0] += noted(SHOWN)
    rows.adverts_at_fault[0] += noted(TOO_KNOWING) * deep
    rows.revenue[0] += sum(
        cents for moved, cents in state.ledger.flows.items() if moved.payee == COMPANY and moved.reason != "capital"
    )


def found_regulator(state: State) -> None:
    """Day 0: there is a regulator."""
    Regulator(state, state.table(RegulatorColumns))
