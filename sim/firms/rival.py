"""The rival: another messenger that people may use besides, and may move to."""

from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.engine.columns import Column, Table
from sim.engine.settings import Settings, assumed
from sim.firms.institutions import Field
from sim.ground.metrics import stock

if TYPE_CHECKING:
    from sim.world import World


class RivalSettings(Settings):
    """[rival]"""

    on: bool = assumed.switch(True, "whether there is a rival messenger")
    advantage: float = assumed.number(
        0.0, "logit units", "worth of the rival above what is usual here on day 0", "an equal: sweep", -2.0, 2.0
    )
    response: float = assumed.share(
        0.0,
        "part of its shortfall behind our members' satisfaction that it makes good in a month",
        "no source: sweep",
        0,
        0.5,
    )


class RivalColumns(Table):
    """One row."""

    worth = Column(np.float64, 0, "satisfaction of the rival's users", "logit units")
    launched = Column(np.uint8, 0, "1 while the rival is on the market")
    caught_up = Column(np.float64, 0, "what it made good so far", "logit units")


METRICS = (stock("rival.worth", "logit units", "worth of the rival", "neither"),)


class Rival(mesa.Agent):
    """Reviews its product once a month."""

    calendar = 1  # it is there every day, and reviews its product every month
    worth, launched, caught_up = Field(), Field(), Field()

    def __init__(self, model: "World", table: Table) -> None:
        super().__init__(model)
        self.table, self.row = table, 0
        self.decide()

    def decide(self) -> None:
        """Once a month, make good a part of what our members have and its own users lack."""
        world = self.model
        settings = world.now.rival
        self.launched = settings.on
        if world.day % 30 == 29:
            behind = world.today.get("satisfaction.mean", self.worth) - self.worth
            self.caught_up += settings.response * max(0.0, behind)
        self.worth = world.usual.rows.satisfaction[0] + settings.advantage + self.caught_up
        world.note("rival.worth", self.worth)
