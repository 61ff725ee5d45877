"""Magnitudes: what the model makes of its defaults beside the published figures, and which of them were fitted."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sim.people.knowledge import KnowledgeColumns
from sim.people.users import MEMBER, UserColumns
from sim.results.runs import summarise
from sim.scenario import Scenario
from sim.world import World

Summary = Mapping[str, float]


class Magnitude(NamedTuple):
    """A figure of the model beside what is published of it; `why` it lies outside, where that is known."""

    name: str
    scenario: str
    measured: float
    low: float
    high: float
    inside: bool
    fitted: bool
    source: str
    why: str


class Published(NamedTuple):
    """What to measure, under which scenario, and the published range; `fitted`: a default was chosen to meet it.

    A range is that of facts.csv. Where a single figure is published, how far off we may be is ours, and the source says
    so; where none is, as it does of what MODEL.md lays down.
    """

    name: str
    scenario: str
    of: Callable[[Summary], float]
    low: float
    high: float
    fitted: bool
    source: str
    outside: str = ""
    under: Mapping[str, Any] = {}  # values that differ from the scenario's: what the figure was published of


def _per(top: str, bottom: str, times: float = 1.0) -> Callable[[Summary], float]:
    return lambda found: times * found[top] / found[bottom] if found[bottom] else 0.0


def _of(metric: str, times: float = 1.0) -> Callable[[Summary], float]:
    return lambda found: times * found[metric]


MONTH, YEAR = 30, 365  # days; after a month is counted who has bought
BUYERS = "buyers in a month"  # share of members
PUBLISHED = (
    Published("daily over monthly users", "baseline", _of("users.daily_share"), 0.65, 0.67, True, "Facebook 2015-20"),
    Published("messages a day of use", "baseline", _of("messaging.per_active"), 44, 74, True, "WeChat 2016"),
    Published("Gini of messages sent", "baseline", _of("messaging.sender_gini"), 0.68, 0.715, True, "email .68, CollegeMsg .715",
              "whoever is written to answers, which levels what is sent; a wider spread of sociability makes up for a part of it"),
    Published("daily users who send money", "baseline", _of("wallet.payers_share"), 0.066, 0.11, True,
              "article: 50 of 570 million; a quarter off is ours"),
    Published("packets a payer and month", "baseline", _of("lucky_money.per_payer_month"), 22.4, 33.6, True,
              "WeChat 2016: 28; a fifth off is ours"),
    Published("mean packet, CNY", "baseline", _of("lucky_money.mean_value", 0.01), 19.7, 21.7, True,
              "WeChat 2016: 20.7; a twentieth off is ours"),
    Published("share of needs met in the app", "shops", _of("shopping.in_app_share"), 0.36, 0.44, True,
              "none published; MODEL.md .4, a tenth off is ours"),
    Published("members who buy in the app in a month", "shops", _of(BUYERS), 0.15, 0.345, True, "WeChat users shopping in it, 2015-16"),
    Published("mean price, CNY", "shops", _of("shopping.mean_price", 0.01), 88, 104, False,
              "none published; MODEL.md about 96; the cost of goods is assumed, the mark-up an outcome"),
    Published("take rate under a cut of a tenth", "commission", _of("shopping.take_rate"), 0.09, 0.138, False,
              "eBay 2019-23; .105 in 2015. The cut is set, not found", under={"shopping.commission": 0.1}),
    Published("take rate of paid places", "promotion", _of("shopping.take_rate"), 0.0169, 0.0259, True,
              "Alibaba in China 2015-16: online marketing, and all revenue, over sales"),
    Published("click rate of adverts", "advertising", _of("advertising.ctr"), 0.0047, 0.0161, True, "Facebook 2016, over trades"),
    Published("cost per thousand adverts, CNY", "advertising", _of("advertising.cpm", 0.01), 40, 180, True, "WeChat Moments 2015"),
    Published("cost per click, CNY", "advertising", _per("revenue.advertising", "advertising.clicks", 0.01), 8.1, 13.5, True,
              "Facebook 2016: 10.8; a quarter off is ours"),
    Published("sales a click", "advertising", _of("advertising.cvr"), 0.069, 0.115, True, "Facebook 2016: .0921; a quarter off is ours"),
    Published("subscribers' share at 30 CNY", "subscription", _of("subscriptions.share"), 0.004, 0.013, True,
              "Telegram Premium 2023-24, about 5 USD", under={"subscriptions.price": 3_000}),
    Published("rides a member in the first year", "taxi", _per("rides.served", "users.members"), 4.3, 7.1, True,
              "Didi 2015: 5.7 a registered user; a quarter off is ours", under={"run.days": YEAR}),
)  # fmt: skip


def _lived(path: Path, size: Mapping[str, Any]) -> dict[str, float]:
    """The summary of a scenario, and the share of members who have bought after a month."""
    world = World(Scenario.load(path, size))
    bought = 0.0
    while world.running:
        world.step()
        if world.day == MONTH:
            members = world[UserColumns].membership == MEMBER
            bought = float((world[KnowledgeColumns].purchases[members] > 0).mean())
    world.close()
    return summarise(world.history, world.metrics) | {BUYERS: bought}


def magnitudes(folder: Path, users: int = 10_000, days: int = 120, seed: int = 1) -> list[Magnitude]:
    """Live the scenarios of `folder` that figures are published for, and hold them against these."""
    size: dict[str, Any] = {"run.users": users, "run.days": days, "run.seed": seed}
    summaries: dict[str, dict[str, float]] = {}
    found = []
    for it in PUBLISHED:
        lived = f"{it.scenario} {it.under}"
        if lived not in summaries:
            summaries[lived] = _lived(folder / f"{it.scenario}.toml", {**size, **it.under})
        measured = float(it.of(summaries[lived]))
        inside = it.low <= measured <= it.high
        why = "" if inside else it.outside
        found.append(Magnitude(it.name, it.scenario, measured, it.low, it.high, inside, it.fitted, it.source, why))
    return found
