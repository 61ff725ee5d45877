"""Knowledge: what the platform has seen of a person, how far it can be relied on, and how uneasy that makes people.

Three decided switches (in [company]) add observations of a person's match with anything: purchases made here, the
linked profile, wearables. n observations of noise variance v estimate a match of variance 1 with correlation
sqrt(n/(n + v)). What is known can be used to rank lists and answers and to aim adverts, each as far as the company
decides; people mind what is known, and what shows it. Where messages vanish, so do the deals made in them: nothing is
learnt from purchases.
"""

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from sim.engine.columns import Column, Table
from sim.engine.kernels import remembered, rule
from sim.engine.settings import Settings, assumed

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.world import World

SWITCHES = 3
MONTH = 365 / 12  # days
USUAL_CONCERN = 0.3  # mean concern for privacy of those who named prices


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
    privacy_price: float = assumed.number(
        2.27, "CNY a month", "what it costs a person, in the mean, that all three sources are known (.36 USD)",
        "facts.csv: 12.85 USD paid once, over three years (Savage, Waldman); 1.8-8.4 a month asked; sweep on a log scale",
        0.25, 53.0, ge=0, le=1_000,
    )  # fmt: skip
    kept_price: float = assumed.number(
        0.63, "CNY a month", "what it costs a person, in the mean, that messages are kept, and who lets them vanish spares",
        "facts.csv: 3.58 USD paid once for texts, over three years (Savage, Waldman); 6.05 a month asked; log scale",
        0.06, 38.0, ge=0, le=1_000,
    )  # fmt: skip
    unease_shown: float = assumed.amount(
        0.1, "logit units", "besides, for each too-knowing advert or answer shown, at full concern and full depth",
        "MODEL.md", 0, 0.5,
    )  # fmt: skip


class KnowledgeColumns(Table):
    """A row a person."""

    purchases = Column(np.uint16, 0, "purchases made in the app", "purchases")


@remembered
class Sources(NamedTuple):
    """What one use of knowledge may draw on; named as in [company]."""

    knows_purchases: bool
    knows_profile: bool
    knows_wearables: bool


def sources(now: "Scenario", use: Literal["ranking", "adverts", "all"] = "all") -> Sources:
    """What is known of people under these settings, as far as the company puts it to this use."""
    company = now.company
    allowed = {"ranking": company.ranking_uses, "adverts": company.adverts_use, "all": "all"}[use]
    recorded = company.knows_purchases and not now.messaging.ephemeral
    beyond = allowed == "all"
    return Sources(
        recorded and allowed != "nothing", company.knows_profile and beyond, company.knows_wearables and beyond
    )


@rule
def observations(known, it, purchases):
    """Observations of each of a person's matches, by the sources `known`: 0 when the platform looks at nothing."""
    seen = min(purchases, it.most_purchases) if known.knows_purchases else 0
    return seen + (it.profile if known.knows_profile else 0) + (it.wearables if known.knows_wearables else 0)


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


def depth(now: "Scenario") -> float:
    """Share of the three sources that are known, whatever they are used for."""
    return sum(sources(now)) / SWITCHES


@rule
def unease_of_price(price, days_of_use, money_worth):
    """Unease on a day of use at full concern, in logit units, that costs a person of usual concern `price` CNY a month.

    Where nobody uses the app there is no day on which to feel it.
    """
    return money_worth * price / (MONTH * days_of_use * USUAL_CONCERN) if days_of_use > 0.0 else 0.0


def unease(now: "Scenario", price: float) -> float:
    """The same, by the share of days of use and the worth of money that are assumed."""
    return float(unease_of_price(price, now.presence.usual_share, now.experience.money_worth))


def be_uneasy(world: "World") -> None:
    """Being known makes people uneasy on a day of use, in proportion to their concern and to what is known.

    That messages are kept is usual, and part of the usual day: where they vanish people are the easier for it.
    """
    now, settings = world.now, world.now.knowledge
    price = settings.privacy_price * depth(now) - settings.kept_price * now.messaging.ephemeral
    if price != 0.0:
        world.felt.rows.unease[...] += np.float32(unease(now, price)) * world.users.rows.privacy_concern
