"""Trust: falls at once with a headline, heals slowly. What people say of leaving and what they do differ.

A headline (a breach, a fine, a privacy policy that campaigners make news of) costs each person trust in proportion to
their concern for privacy. Leaving happens only through attention; a survey asks who says they will leave.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.settings import Settings, assumed
from sim.ground.metrics import flow, stock
from sim.people.users import MEMBER

if TYPE_CHECKING:
    from sim.world import World

Happening = Literal["headline", "breach", "policy_notice", "outage"]


class TrustSettings(Settings):
    """[trust]"""

    headline_loss: float = assumed.share(
        0.3, "trust lost at a headline by a person of full privacy concern", "MODEL.md", 0.1, 0.6
    )
    healing_days: float = assumed.positive(180.0, "days", "time in which trust heals", "MODEL.md", 60, 720)
    news_half_life: float = assumed.positive(
        3.0,
        "days",
        "time in which news loses half its strength",
        "facts.csv: installs of Signal decayed within weeks",
        1,
        14,
    )
    breach_unease: float = assumed.amount(
        0.3,
        "logit units",
        "unease on a day of use while a breach is in the news, at full concern and full news",
        "",
        0,
        1,
    )
    said_leaving: float = assumed.share(
        0.26, "people who say after a headline that they leave", "facts.csv: 26 % said they deleted the app", 0.1, 0.5
    )


class TrustColumns(Table):
    """A row a person."""

    trust = Column(np.float32, 1, "trust in the platform, 0 to 1")


class NewsColumns(Table):
    """One row: what the public talks about."""

    news = Column(np.float64, 0, "strength of privacy news in the air, 1 on the day of a headline")
    breach = Column(np.float64, 0, "the part of it that is a breach of data")


METRICS = (
    stock("trust.mean", "share", "mean trust of members"),
    stock("trust.news", "strength", "privacy news in the air"),
    flow("trust.headlines", "headlines", "headlines about the platform"),
    flow("trust.said_leaving", "people", "members who tell a survey after a headline that they leave"),
)


def headline(world: "World", breach: bool = False) -> None:
    """The press writes about the platform: trust falls at once, news is in the air, a survey is taken."""
    settings, trust = world.now.trust, world.tables["trust"].rows.trust
    users = world.users.rows
    trust *= (1.0 - settings.headline_loss * users.privacy_concern).astype(np.float32)
    news = world.news.rows
    news.news[0] = min(2.0, news.news[0] + 1.0)
    if breach:
        news.breach[0] = min(2.0, news.breach[0] + 1.0)
    # concern u^k with mean m exceeds its (1 - s) quantile for a share s of people: those say they leave
    members = users.membership == MEMBER
    concern = users.privacy_concern * members
    chance = settings.said_leaving * concern / max(1e-9, float(concern.sum()) / max(1, int(members.sum())))
    asked = luck.uniforms(world.luck("trust.survey"), world.size)
    world.add("trust.said_leaving", int((members & (asked < chance)).sum()))
    world.add("trust.headlines", 1)


def heal(world: "World") -> None:
    """News fades, a breach in the news makes people uneasy, trust heals."""
    settings, trust = world.now.trust, world.tables["trust"].rows.trust
    fading = 0.5 ** (1.0 / settings.news_half_life)
    news = world.news.rows
    if news.breach[0] > 1e-3:
        world.felt.rows.unease[...] += settings.breach_unease * news.breach[0] * world.users.rows.privacy_concern
    world.note("trust.news", news.news[0])
    news.news[0] = news.news[0] * fading if news.news[0] > 1e-6 else 0.0
    news.breach[0] = news.breach[0] * fading if news.breach[0] > 1e-6 else 0.0
    trust += (1.0 - trust) / np.float32(settings.healing_days)
    members = world.users.rows.membership == MEMBER
    world.note("trust.mean", float(trust.sum(where=members, dtype=np.float64)) / max(1, int(members.sum())))
