"""Magnitudes: what the model makes of its defaults beside the published figures, and which of them were fitted."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from sim.results import summarise
from sim.scenario import Scenario
from sim.world import World

Summary = Mapping[str, float]


class Magnitude(NamedTuple):
    """A figure of the model beside what is published of it."""

    name: str
    scenario: str
    measured: float
    low: float
    high: float
    inside: bool
    fitted: bool
    source: str


class Published(NamedTuple):
    """What to measure, under which scenario, and the published range; `fitted`: a default was chosen to meet it."""

    name: str
    scenario: str
    of: Callable[[Summary], float]
    low: float
    high: float
    fitted: bool
    source: str


def _per(top: str, bottom: str, times: float = 1.0) -> Callable[[Summary], float]:
    return lambda found: times * found[top] / found[bottom] if found[bottom] else 0.0


def _of(metric: str, times: float = 1.0) -> Callable[[Summary], float]:
    return lambda found: times * found[metric]


PUBLISHED = (
    Published("daily over monthly users", "baseline", _of("users.daily_share"), 0.65, 0.69, True, "Facebook .65-.67"),
    Published("messages a day of use", "baseline", _of("messaging.per_active"), 44, 74, True, "WeChat 2016"),
    Published("Gini of messages sent", "baseline", _of("messaging.sender_gini"), 0.6, 0.75, True, "CollegeMsg .715, email .68"),
    Published("daily users who send money", "baseline", _of("wallet.payers_share"), 0.07, 0.13, True, "article: 50 of 570 million"),
    Published("packets a payer and month", "baseline", _of("lucky_money.per_payer_month"), 22, 34, True, "WeChat 2016: 28"),
    Published("mean packet, CNY", "baseline", _of("lucky_money.mean_value", 0.01), 17, 24, True, "WeChat 2016: 20.7"),
    Published("share of needs met in the app", "shops", _of("shopping.in_app_share"), 0.3, 0.5, True, "MODEL: .4"),
    Published("mean price, CNY", "shops", _of("shopping.mean_price", 0.01), 88, 104, False, "MODEL: about 96, an outcome"),
    Published("take rate under a cut of a tenth", "commission", _of("shopping.take_rate"), 0.085, 0.105, False, "eBay .09-.105"),
    Published("take rate of paid places", "promotion", _of("shopping.take_rate"), 0.005, 0.026, False, "Taobao 2015-16: .017-.026"),
    Published("click rate of adverts", "advertising", _of("advertising.ctr"), 0.0047, 0.0161, False, "Facebook 2016"),
    Published("cost per thousand adverts, CNY", "advertising", _of("advertising.cpm", 0.01), 40, 180, True, "WeChat Moments 2015"),
    Published("cost per click, CNY", "advertising", _per("revenue.advertising", "advertising.clicks", 0.01), 8, 14, True, "Facebook 2016: 10.8"),
    Published("subscribers' share at 15 CNY", "subscription", _of("subscriptions.share"), 0.004, 0.15, False, "Telegram .013 at 30 CNY"),
)  # fmt: skip


def magnitudes(folder: Path, users: int = 10_000, days: int = 120, seed: int = 1) -> list[Magnitude]:
    """Live the scenarios of `folder` that figures are published for, and hold them against these."""
    summaries: dict[str, dict[str, float]] = {}
    found = []
    for it in PUBLISHED:
        if it.scenario not in summaries:
            size = {"run.users": users, "run.days": days, "run.seed": seed}
            world = World(Scenario.load(folder / f"{it.scenario}.toml", size))
            while world.running:
                world.step()
            summaries[it.scenario] = summarise(world.history, world.metrics)
            world.close()
        measured = float(it.of(summaries[it.scenario]))
        inside = it.low <= measured <= it.high
        found.append(Magnitude(it.name, it.scenario, measured, it.low, it.high, inside, it.fitted, it.source))
    return found
