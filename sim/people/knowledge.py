"""Knowledge: what the platform has seen of a person, how far it can be relied on, and how uneasy that makes people.

Three decided switches (in [company]) add observations of a person's match with anything: purchases made here, the
linked profile, wearables. n observations of noise variance v estimate a match of variance 1 with correlation
sqrt(n/(n + v)). What is known can be used to rank lists and answers and to aim adverts, each as far as the company
decides; people mind what is known, and what shows it. Where messages vanish, so do the deals made in them: nothing is
learnt from purchases.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel

from sim.engine.columns import Column, Table
from sim.engine.kernels import rule, with_cached_type
from sim.engine.settings import Settings, assumed, decided
from sim.state import settings_of

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


class ProfilingSettings(Settings):
    """What the company knows of people and uses it for: a part of [company]."""

    knows_purchases: bool = decided.switch(False, "whether purchases in the app are used to know people")
    knows_profile: bool = decided.switch(False, "whether the linked profile is used to know people")
    knows_wearables: bool = decided.switch(False, "whether wearables are used to know people")
    ranking_uses: Literal["all", "purchases", "nothing"] = decided.word(
        "all", "which of what is known orders lists and the assistant's answers"
    )
    adverts_use: Literal["all", "purchases", "nothing"] = decided.word("all", "which of what is known aims adverts")


class RetentionSettings(Settings):
    """Whether messages are kept: a part of [messaging]."""

    ephemeral: bool = decided.switch(
        False,
        "whether messages vanish once read: people write more freely, but nothing is learnt from deals or read again",
    )


@with_cached_type
class Sources(NamedTuple):
    """What one use of knowledge may draw on; named as in [company]."""

    knows_purchases: bool
    knows_profile: bool
    knows_wearables: bool


def sources(now: BaseModel, use: Literal["ranking", "adverts", "all"] = "all") -> Sources:
    """What is known of people under these settings, as far as the company puts it to this use."""
    company, messaging = settings_of(now, ProfilingSettings), settings_of(now, RetentionSettings)
    allowed = {"ranking": company.ranking_uses, "adverts": company.adverts_use, "all": "all"}[use]
    recorded = company.knows_purchases and not messaging.ephemeral
    beyond = allowed == "all"
    return Sources(
        recorded and allowed != "nothing", company.knows_profile and beyond, company.knows_wearables and beyond
    )


@rule
def observations(known, setting, purchases):
    """Observations of each of a person's matches, by the sources `known`: 0 when the platform looks at nothing."""
    seen = min(purchases, setting.most_purchases) if known.knows_purchases else 0
    return seen + (setting.profile if known.knows_profile else 0) + (setting.wearables if known.knows_wearables else 0)


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


def depth(now: BaseModel) -> float:
    """Share of the three sources that are known, whatever they are used for."""
    return sum(sources(now)) / SWITCHES
