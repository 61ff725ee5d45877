"""Trust: falls at once with a headline, heals slowly. What people say of leaving and what they do differ.

Who trusts less comes less (people/presence.py), turns to the rival (people/attention.py), and takes the platform's word,
its lists of shops and the assistant's advice, on some days only.

A headline costs each person trust in proportion to their concern for privacy. A fine always makes one; a breach, a
policy notice or deep profiles do if privacy campaigners get them into the papers, which hangs on how much is known of
people, how much they mind, and what else there is to write about. A survey asks who says they will leave.
"""

from typing import Literal

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import kernel, rule
from sim.engine.settings import Settings, assumed
from sim.ground.metrics import flow, ratio, stock
from sim.people import knowledge
from sim.people.experience import FeltColumns
from sim.people.knowledge import RetentionSettings
from sim.people.users import MEMBER, UserColumns
from sim.state import State

Shock = Literal["headline", "breach", "policy_notice", "outage"]
MONTH = 30  # days between campaigners' looks at what is known of people


class TrustSettings(Settings):
    """[trust]"""

    headline_loss: float = assumed.share(
        0.3, "trust lost at a headline by a person of full privacy concern", "MODEL.md", 0.1, 0.6
    )
    healing_days: float = assumed.number(180.0, "days", "time in which trust heals", "MODEL.md", 60, 720, ge=1)
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
        "unease on a day of use while a breach is in the news, at full concern, full depth of data and full news",
        "",
        0,
        1,
    )
    said_leaving: float = assumed.share(
        0.26, "people who say after a headline that they leave", "facts.csv: 26 % said they deleted the app", 0.1, 0.5
    )
    notice_weight: float = assumed.amount(
        10.0, "times other news", "weight of a story on all that can be known of people who all mind: a policy notice",
        "no source: WhatsApp's of 2021 was in all papers, its earlier ones in few; sweep", 0, 40,
    )  # fmt: skip
    breach_weight: float = assumed.amount(
        60.0, "times other news", "the same of a breach in which messages and accounts are lost; twice this with full profiles",
        "no source: a breach has to be made public by law; sweep", 0, 120,
    )  # fmt: skip
    breach_accounts: float = assumed.share(
        0.5, "part of that weight which lies in accounts, so that it is left where messages are not kept",
        "no source: 4.6 million numbers lost by Snapchat in 2013 were in all papers (from memory); sweep", 0.2, 0.8,
    )  # fmt: skip
    campaigning: float = assumed.share(
        0.02, "chance a month that campaigners take up full profiles of their own accord; it falls with the depth squared",
        "Facebook: Beacon 2007, settings 2010, Cambridge Analytica 2018 (from memory), one in some four years", 0.0, 0.1,
    )  # fmt: skip


class TrustColumns(Table):
    """A row a person."""

    trust = Column(np.float32, 1, "trust in the platform, 0 to 1")


class NewsColumns(Table):
    """One row: what the public talks about."""

    news = Column(np.float64, 0, "strength of privacy news in the air, 1 on the day of a headline")
    breach = Column(np.float64, 0, "the part of it that is a breach of data")


MEAN_TRUST = stock("trust.mean", "share", "mean trust of members")
NEWS = stock("trust.news", "strength", "privacy news in the air", "less")
HEADLINES = flow("trust.headlines", "headlines", "headlines about the platform", "less")
CAMPAIGNS = flow("trust.campaigns", "headlines", "of these, made by campaigners without any notice or breach", "less")
UNHEARD_STORIES = flow(
    "trust.unheard", "stories", "notices, breaches and campaigns that no paper made a headline of", "neither"
)
NEEDS_WITHOUT_LIST = flow(
    "trust.own_way", "needs", "needs of people who did not take the platform's list, and looked at shops they know",
    "less",
)  # fmt: skip
SHARE_WITHOUT_LIST = ratio(
    "trust.own_way_share", "share", "needs without the platform's list", NEEDS_WITHOUT_LIST, "promotion.needs", "less"
)
UNHEEDED_ADVICE = flow(
    "trust.unheeded", "answers", "answers on goods that people would not have, for want of trust", "less"
)
STATED_CHURN = flow(
    "trust.said_leaving", "people", "members who tell a survey after a headline that they leave", "less"
)
METRICS = (
    MEAN_TRUST, NEWS, HEADLINES, CAMPAIGNS, UNHEARD_STORIES, NEEDS_WITHOUT_LIST, SHARE_WITHOUT_LIST, UNHEEDED_ADVICE,
    STATED_CHURN,
)  # fmt: skip


@rule
def follows(trust, u):
    """Whether a person takes the platform's word today: its list of shops, or the assistant's advice."""
    return u < trust


@rule
def strength(weight, u):
    """Strength of a story, 1 for a headline: its weight over that of the day's other news, exponential of mean 1.

    What is less than half of a headline is none.
    """
    loud = weight / luck.exponential(1.0, u) if weight > 0.0 else 0.0
    return min(1.0, loud) if loud >= 0.5 else 0.0


def weight_of_story(state: State, breach: bool = False) -> float:
    """What campaigners have to tell: how much is known of people, times how much members mind."""
    settings, users = state.settings(TrustSettings), state[UserColumns]
    members = users.membership == MEMBER
    concern = float(users.privacy_concern.sum(where=members, dtype=np.float64)) / max(1, int(members.sum()))
    deep = knowledge.depth(state.now)
    if not breach:
        return concern * settings.notice_weight * deep
    kept = settings.breach_accounts if state.settings(RetentionSettings).ephemeral else 1.0
    return concern * settings.breach_weight * (kept + deep)


def apply_shock(state: State, what: Shock) -> None:
    """A dated headline, or a notice or breach that campaigners try to make one of."""
    breach = what == "breach"
    if what == "headline":
        headline(state)
    else:
        tell(state, weight_of_story(state, breach), luck.draw(state.luck(f"trust.{what}")), breach)


def tell(state: State, weight: float, u: float, breach: bool = False) -> bool:
    """Campaigners tell a story of this weight; whether a paper makes a headline of it."""
    loud = strength(weight, u)
    if loud > 0.0:
        headline(state, loud, breach)
    else:
        state.add(UNHEARD_STORIES, 1)
    return loud > 0.0


def together(news: float, loud: float) -> float:
    """Strength of the news with a story on top of what is in the air; 1 is the most that people can hear."""
    return 1.0 - (1.0 - news) * (1.0 - loud)


def headline(state: State, loud: float = 1.0, breach: bool = False) -> None:
    """The press writes about the platform: trust falls at once, news is in the air, a survey is taken."""
    settings, trust = state.settings(TrustSettings), state[TrustColumns].trust
    users = state[UserColumns]
    trust *= (1.0 - settings.headline_loss * loud * users.privacy_concern).astype(np.float32)
    news = state[NewsColumns]
    news.news[0] = together(news.news[0], loud)
    if breach:
        news.breach[0] = together(news.breach[0], loud)
    # the more concerned, the likelier to say so, by so much that in the mean the stated share does
    members = users.membership == MEMBER
    concern = users.privacy_concern * members
    chance = settings.said_leaving * loud * concern / max(1e-9, float(concern.sum()) / max(1, int(members.sum())))
    asked = luck.uniforms(state.luck("trust.survey"), state.size)
    state.add(STATED_CHURN, int((members & (asked < chance)).sum()))
    state.add(HEADLINES, 1)


@kernel
def _recover(first, last, membership, trust, days):
    """Trust of first..last heals by a day; returns (members, their trust in millionths)."""
    here, mine = membership[first:last], trust[first:last]
    members = total = 0
    for i in range(here.size):
        mine[i] += (np.float32(1.0) - mine[i]) / days
        member = here[i] == MEMBER
        members += member
        total += int(mine[i] * 1e6) if member else 0
    return members, total


def spread_privacy_news(state: State) -> None:
    """Campaigners may take up what is known of people; a breach in the news makes people uneasy."""
    settings, news = state.settings(TrustSettings), state[NewsColumns]
    depth = knowledge.depth(state.now)
    if depth > 0.0 and state.day % MONTH == MONTH - 1:
        u, key = luck.draw(state.luck("trust.campaign")), state.luck("trust.campaign_story")
        if u < settings.campaigning * depth**2 and tell(state, weight_of_story(state), luck.draw(key)):
            state.add(CAMPAIGNS, 1)
    if news.breach[0] > 1e-3:  # what is not known cannot be lost
        state[FeltColumns].unease[...] += (
            settings.breach_unease * depth * news.breach[0] * state[UserColumns].privacy_concern
        )
    state.note(NEWS, news.news[0])


def recover_trust(state: State) -> None:
    """News fades once the day has had it in full, trust heals."""
    settings, trust = state.settings(TrustSettings), state[TrustColumns].trust
    fading = 0.5 ** (1.0 / settings.news_half_life)
    news = state[NewsColumns]
    news.news[0] = news.news[0] * fading if news.news[0] > 1e-6 else 0.0
    news.breach[0] = news.breach[0] * fading if news.breach[0] > 1e-6 else 0.0
    membership, days = state[UserColumns].membership, np.float32(settings.healing_days)
    members, total = state.over_blocks(lambda part: _recover(*part, membership, trust, days))
    state.note(MEAN_TRUST, total / 1e6 / max(1, members))
