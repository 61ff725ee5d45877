"""Knowledge: what the platform has seen of a person, how far it can be relied on, and how uneasy that makes people.

Three decided switches (in [company]) add observations of a person's match with anything: purchases made here, the
linked profile, wearables. n observations of noise variance v estimate a match of variance 1 with correlation
sqrt(n/(n + v)).
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed

if TYPE_CHECKING:
    from sim.world import World

SWITCHES = 3


class KnowledgeSettings(Settings):
    """[knowledge]"""

    noise: float = assumed.positive(
        4.0, "variance", "noise of one observation, where matches have variance 1", "MODEL.md", 1, 16
    )
    profile: int = assumed.count(4, "observations", "what the linked profile is worth", "MODEL.md", 1, 16)
    wearables: int = assumed.count(4, "observations", "what wearables are worth", "MODEL.md", 1, 16)
    most_purchases: int = assumed.count(
        8, "observations", "purchases beyond which more teach nothing", "tastes move on", 1, 30
    )
    unease: float = assumed.amount(
        0.02, "logit units", "unease on a day of use at full concern and full depth", "MODEL.md", 0, 0.2
    )
    unease_shown: float = assumed.amount(
        0.1, "logit units", "besides, for each too-knowing advert or answer shown", "MODEL.md", 0, 0.5
    )


class KnowledgeColumns(Table):
    """A row a person."""

    purchases = Column(np.uint16, 0, "purchases made in the app", "purchases")


@rule
def observations(company, it, purchases):
    """Observations of each of a person's matches: 0 when the platform looks at nothing."""
    seen = min(purchases, it.most_purchases) if company.knows_purchases else 0
    return seen + (it.profile if company.knows_profile else 0) + (it.wearables if company.knows_wearables else 0)


@rule
def reliability(n, noise):
    """Squared correlation of an estimate from n observations with the truth."""
    return n / (n + noise)


@rule
def estimate(match, n, noise, error):
    """Best guess of a match (variance 1) from n observations, `error` a standard normal; 0 when nothing is known."""
    if n <= 0:
        return 0.0
    return reliability(n, noise) * (match + math.sqrt(noise / n) * error)


def depth(company: Any) -> float:
    """Share of the three switches that are on."""
    return (company.knows_purchases + company.knows_profile + company.knows_wearables) / SWITCHES


def be_uneasy(world: "World") -> None:
    """Being known makes people uneasy on a day of use, in proportion to their concern and to what is known."""
    deep = depth(world.now.company)
    if deep > 0:
        world.felt.rows.unease[...] += np.float32(world.now.knowledge.unease * deep) * world.users.rows.privacy_concern
