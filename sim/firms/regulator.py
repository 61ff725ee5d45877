"""The regulator: samples answers and adverts once a month, and fines what it finds.

An answer is a list of shops or what the assistant says. One with a promoted place that is not said to be so, or an
answer or advert that knows too much from profiles that are too deep, is at fault, once however many faults it has, and
is found with some chance when it is in the sample. When more than a tolerated share is found, the company pays a part of
the month's revenue, and the press writes about it: the headline costs trust (people/trust.py), which costs more than
the fine.
"""

from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed
from sim.firms import company
from sim.firms.institutions import Field
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.ground.metrics import flow
from sim.people import knowledge, trust

if TYPE_CHECKING:
    from sim.world import World

REGULATOR = "regulator"


class RegulatorSettings(Settings):
    """[regulator]"""

    on: bool = assumed.switch(True, "whether anybody looks")
    sample: int = assumed.count(200, "answers and adverts", "looked at in a month", "MODEL.md", 20, 2_000)
    found: float = assumed.share(0.5, "chance that a fault in the sample is seen", "MODEL.md", 0.1, 1.0)
    tolerated: float = assumed.share(0.02, "share of the sample found at fault that is let pass", "MODEL.md", 0.0, 0.2)
    tolerated_depth: float = assumed.share(
        0.67, "depth of profiles (share of the three sources used) above which a too-knowing answer or advert is at fault",
        "purchases and profile are usual; health data are not", 0.3, 1.0,
    )  # fmt: skip
    fine: float = assumed.share(0.01, "fine, as a part of the month's revenue", "MODEL.md", 0.0, 0.1)


class RegulatorColumns(Table):
    """One row: what was shown this month."""

    shown = Column(np.int64, 0, "answers and adverts shown")
    at_fault = Column(np.int64, 0, "of these, promoted and not said so, or too knowing")
    revenue = Column(np.int64, 0, "the company's revenue", "cents")


METRICS = (
    flow("regulator.sampled", "answers and adverts", "looked at", "neither"),
    flow("regulator.found", "answers and adverts", "found at fault", "less"),
    flow("regulator.fines", "cents", "fines paid", "less"),
)


@rule
def is_found(share_at_fault, chance, u):
    """Whether one of the sample is at fault and seen to be."""
    return u < share_at_fault * chance


@rule
def with_either(one, other, of):
    """How many of so many have one fault or the other, where neither makes the other likelier."""
    return one + other - one * other / of if of > 0 else 0.0


class Regulator(mesa.Agent):
    """Looks at a sample on the last day of a month."""

    calendar = 30
    shown, at_fault, revenue = Field(), Field(), Field()

    def __init__(self, model: "World", table: Table) -> None:
        super().__init__(model)
        self.table, self.row = table, 0

    def decide(self) -> None:
        """Sample, fine, and make a headline."""
        world = self.model
        settings = world.now.regulator
        if settings.on and self.shown > 0:
            share = self.at_fault / self.shown
            looked = luck.uniforms(world.luck("regulator.sample"), min(settings.sample, self.shown))
            found = sum(is_found(share, settings.found, u) for u in looked.tolist())
            world.note("regulator.sampled", looked.size)
            world.note("regulator.found", found)
            if found > settings.tolerated * looked.size:
                fine = round(settings.fine * self.revenue)
                company.pay(world, fine, REGULATOR, "fines")
                world.ledger.pay(REGULATOR, 0, OUTSIDE, 0, fine, "treasury")
                world.note("regulator.fines", fine)
                trust.headline(world)
        self.shown = self.at_fault = self.revenue = 0


def watch(world: "World") -> None:
    """Remember what was shown today, until the end of the month."""
    rows, today = world.tables["regulator"].rows, world.today

    def of(name: str) -> float:
        return today.get(name, 0)

    deep = knowledge.depth(world.now.company) > world.now.regulator.tolerated_depth
    hidden = 0 if world.now.promotion.disclosed else of("promotion.paid_lists")
    prying = of("advertising.too_knowing") * deep
    advice = with_either(of("assistant.hidden"), of("assistant.too_knowing") * deep, of("assistant.advice"))
    rows.shown[0] += of("promotion.needs") + of("assistant.asked") + of("advertising.shown")
    rows.at_fault[0] += hidden + prying + round(advice)
    rows.revenue[0] += sum(
        cents for moved, cents in world.ledger.flows.items() if moved.payee == COMPANY and moved.reason != "capital"
    )
