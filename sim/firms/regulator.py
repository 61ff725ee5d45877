"""The regulator: samples answers and adverts once a month, and fines what it finds.

A promoted answer that does not say so, or an advert that knows too much from profiles that are too deep, is found with some chance when it is in the
sample. When more than a tolerated share is found, the company pays a part of the month's revenue, and the press writes
about it: the headline costs trust (people/trust.py), which costs more than the fine.
"""

from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed
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
        0.67, "depth of profiles (share of the three sources used) above which a too-knowing advert is at fault",
        "purchases and profile are usual; health data are not", 0.3, 1.0,
    )  # fmt: skip
    fine: float = assumed.share(0.01, "fine, as a part of the month's revenue", "MODEL.md", 0.0, 0.1)


class RegulatorColumns(Table):
    """One row: what was shown this month."""

    shown = Column(np.int64, 0, "answers and adverts shown")
    at_fault = Column(np.int64, 0, "of these, promoted and not said so, or too knowing")
    revenue = Column(np.int64, 0, "the company's revenue", "cents")


METRICS = (
    flow("regulator.sampled", "answers and adverts", "looked at"),
    flow("regulator.found", "answers and adverts", "found at fault"),
    flow("regulator.fines", "cents", "fines paid"),
)


@rule
def is_found(share_at_fault, chance, u):
    """Whether one of the sample is at fault and seen to be."""
    return u < share_at_fault * chance


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
                fine = min(round(settings.fine * self.revenue), int(world.ledger[COMPANY][0]))
                world.ledger.pay(COMPANY, 0, REGULATOR, 0, fine, "fines")
                world.ledger.pay(REGULATOR, 0, OUTSIDE, 0, fine, "treasury")
                world.note("regulator.fines", fine)
                trust.headline(world)
        self.shown = self.at_fault = self.revenue = 0


def watch(world: "World") -> None:
    """Remember what was shown today, until the end of the month."""
    rows, today = world.tables["regulator"].rows, world.today
    deep = knowledge.depth(world.now.company) > world.now.regulator.tolerated_depth
    prying = today.get("advertising.too_knowing", 0) if deep else 0
    hidden = 0 if world.now.promotion.disclosed else today.get("promotion.clicks", 0)
    rows.shown[0] += (
        today.get("shopping.needs", 0) + today.get("advertising.shown", 0) + today.get("assistant.asked", 0)
    )
    rows.at_fault[0] += hidden + prying + today.get("assistant.hidden", 0)
    rows.revenue[0] += sum(
        cents for moved, cents in world.ledger.flows.items() if moved.payee == COMPANY and moved.reason != "capital"
    )
