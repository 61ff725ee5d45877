"""hongbao and its twin of ordinary Mesa agents live the same days: different luck, same law, same means."""

from collections.abc import Mapping
from typing import Any

import mesa_twin
import numpy as np
import pytest
from mesa_twin import Twin
from numpy.typing import NDArray
from worlds import live

from sim.ground.ledger import BANK, WALLET
from sim.people.experience import FeltColumns
from sim.scenario import Scenario
from sim.world import World

PEOPLE, DAYS, SEEDS, FEW = 800, 24, 8, 5
FURTHEST = 4.0  # standard errors
LIVELY = {  # much of what is rare happens within a month: a festival, payday, joining, leaving, wallets opened, a scandal
    "run.users": PEOPLE, "run.days": DAYS, "run.start": "2015-02-09", "regulator.on": False, "wallet.opening": 0.02,
    "wallet.transfers": 0.1, "joining.innovation": 0.5, "joining.imitation": 2.0, "joining.invitation": 0.05,
    "rival.advantage": 1.5, "rival.inbox_slots": 1.0, "rival.depth": 0.5, "attention.moving_days": 10.0,
    "attention.spent": 0.3, "attention.leaving": 0.1, "attention.installing": 0.0005,
    "attention.friends_installing": 2.0, "attention.dropping_out": 0.001, "experience.lump": 5.0,
    "trust.headline_loss": 0.6, "trust.news_half_life": 2.0, "trust.healing_days": 30.0,
    "events": [{"day": 6, "happen": "headline"}],
}  # fmt: skip
CORE = (
    "users.daily", "users.members", "users.joins", "users.leaves", "messages a user", "answers a message",
    "messaging.calls", "messaging.unread", "senders' share", "wallet.transfers", "wallet.opened", "wallet.topped_up",
    "wallet.withdrawn", "lucky_money.packets", "lucky_money.value", "experience.mean", "satisfaction.mean",
    "habit.mean", "welfare.users", "attention.mean", "attention.multihoming", "attention.installs", "attention.leaves",
    "attention.dropped_out", "trust.mean", "rival.worth",
)  # fmt: skip
MARKETS = (
    "shopping.needs", "shopping.orders", "shopping.gmv", "shopping.worth", "shopping.showroomed", "shopping.open_sales",
    "shopping.off_platform", "shopping.taken", "trust.own_way", "merchants.price", "merchants.open_price",
    "advertising.shown", "advertising.clicks", "advertising.void", "advertising.nuisance", "revenue.advertising",
    "advertisers.multiplier", "experience.mean", "satisfaction.mean", "welfare.users", "rival.worth", "messages a user",
)  # fmt: skip


MONTHS = (  # what firms decide by the month
    "merchants.open", "merchants.entries", "merchants.exits", "merchants.price", "advertisers.active",
    "advertisers.entries", "advertisers.budget", "advertisers.multiplier", "revenue.advertising", "users.members",
    "trust.mean", "trust.own_way", "attention.installs",
)  # fmt: skip


def scenario(**sections: Any) -> Scenario:
    values = {f"{name}.{key}": value for name, keys in sections.items() for key, value in keys.items()}
    return Scenario().with_values(LIVELY | values)


ADVERTS = {
    "shopping": {"on": True, "needs": 0.2, "commission": 0.1, "dodging": 1.0},
    "advertising": {"on": True, "inbox_slots": 1.0, "discovery_slots": 5.0, "brand_slots": 0.5, "click_chance": 0.03},
    "merchants": {"people_a_market": 400},  # two markets, and full ones
    "advertisers": {"people_a_market": 400, "budget": 0.6},  # which some of them spend before the day is over
    "company": {"knows_purchases": True, "knows_profile": True, "ranking_uses": "purchases"},
}


FIRMS = {  # shops that close after a losing week, and open soon
    "run": {"users": 500, "days": 91},
    "messaging": {"threads": 1.0, "calls_on": False},
    "lucky_money": {"sending": 0.02},
    "rival": {"advantage": -1.0},
    "users": {"income": 900_000},
    "shopping": {"on": True, "needs": 0.3, "shoppers": 0.5, "commission": 0.1},
    "merchants": {
        "people_a_market": 500, "categories": 2, "number": 8, "spare": 12, "fixed_cost": 24_000, "opening_cost": 4_000,
        "losing_weeks": 1, "entering": 0.8,
    },
    "advertising": {"on": True, "inbox_slots": 1.0, "discovery_slots": 2.0, "click_chance": 0.03},
    "advertisers": {"people_a_market": 500, "number": 16, "others": 0.5, "reach": 0.4, "upkeep": 0.6},
    "company": {"knows_purchases": True, "knows_profile": True, "knows_wearables": True},
    "trust": {"campaigning": 1.0},  # and campaigners who take that up each month
}  # fmt: skip


def born(world: World) -> dict[str, NDArray[Any]]:
    """The people of a world on day 0, as the twin takes them."""
    rows, tables = world.users.rows, world.tables
    columns = {
        name: getattr(rows, name)
        for name in ("sociability", "income", "advert_aversion", "privacy_concern", "membership")
    }
    columns |= {
        "eagerness": tables["presence"].rows.eagerness,
        "active": rows.active == 1,
        "has_rival": tables["attention"].rows.has_rival == 1,
        "attention": tables["attention"].rows.attention,
        "has_wallet": tables["purse"].rows.has_wallet == 1,
        "wallet": world.ledger[WALLET],
        "bank": world.ledger[BANK],
        "experience": world[FeltColumns].experience,
    }
    return {name: column.copy() for name, column in columns.items()}


def measured(days: Mapping[str, Any]) -> dict[str, float]:
    """Means over the days of a run; ratios are those of totals."""
    means = {name: float(np.mean(days[name])) for name in mesa_twin.METRICS}
    return means | {
        "messages a user": means["messaging.messages"] / means["users.daily"],
        "answers a message": means["messaging.answers"] / means["messaging.messages"],
        "senders' share": means["wallet.senders"] / means["users.daily"],
    }


Lives = list[dict[str, float]]


def our_life(scenario: Scenario) -> dict[str, float]:
    return measured(live(World(scenario)).history)


def its_life(scenario: Scenario, **changed: Any) -> dict[str, float]:
    """The twin's life on the same network and with the same people, its settings `changed`."""
    world = World(scenario)
    twin = Twin(scenario.with_values(changed), world.friends, born(world))
    world.close()
    for _ in range(scenario.run.days):
        twin.step()
    return measured(twin.datacollector.model_vars)


def both(scenario: Scenario) -> tuple[Lives, Lives]:
    """hongbao and the twin, seed by seed."""
    seeded = [scenario.with_values({"run.seed": seed}) for seed in range(1, SEEDS + 1)]
    return list(map(our_life, seeded)), list(map(its_life, seeded))


def apart(ours: Lives, theirs: Lives, metric: str) -> float:
    """Mean difference over seeds, in standard errors."""
    differences = np.array([other[metric] - one[metric] for one, other in zip(ours, theirs, strict=True)])
    error = differences.std(ddof=1) / differences.size**0.5
    return float(differences.mean() / error) if error > 0 else 0.0 if not differences.any() else np.inf


@pytest.fixture(scope="module")
def core() -> tuple[Lives, Lives]:
    return both(scenario())


@pytest.fixture(scope="module")
def markets() -> tuple[Lives, Lives]:
    return both(scenario(**ADVERTS))


@pytest.fixture(scope="module")
def months() -> tuple[Lives, Lives]:
    return both(scenario(**FIRMS))


@pytest.mark.parametrize("metric", CORE)
def test_the_twin_lives_the_same_days(core: tuple[Lives, Lives], metric: str) -> None:
    ours, theirs = core
    assert sum(abs(life[metric]) for life in ours) > 0, "nothing happened"
    assert abs(apart(ours, theirs, metric)) < FURTHEST, [np.mean([life[metric] for life in lives]) for lives in core]


@pytest.mark.parametrize("metric", MARKETS)
def test_the_twin_trades_and_sees_adverts_alike(markets: tuple[Lives, Lives], metric: str) -> None:
    ours, theirs = markets
    assert sum(abs(life[metric]) for life in ours) > 0, "nothing happened"
    assert abs(apart(ours, theirs, metric)) < FURTHEST, [np.mean([life[metric] for life in lives]) for lives in markets]


@pytest.mark.parametrize("metric", MONTHS)
def test_the_twins_firms_come_and_go_alike(months: tuple[Lives, Lives], metric: str) -> None:
    ours, theirs = months
    assert sum(abs(life[metric]) for life in ours) > 0, "nothing happened"
    assert abs(apart(ours, theirs, metric)) < FURTHEST, [np.mean([life[metric] for life in lives]) for lives in months]


def is_found_out(ours: Lives, scenario: Scenario, setting: str, value: float, metric: str) -> bool:
    """Whether the first few lives of a twin with another setting differ in this metric."""
    others = [its_life(scenario.with_values({"run.seed": 1 + i}), **{setting: value}) for i in range(FEW)]
    return abs(apart(ours[:FEW], others, metric)) > FURTHEST


@pytest.mark.parametrize(
    ("setting", "value", "metric"),
    [
        ("lucky_money.contagion", 0.0, "lucky_money.packets"),
        ("experience.talk_worth", 1.4, "satisfaction.mean"),
        ("presence.trust_weight", 2.0, "users.daily"),
    ],
)
def test_a_twin_of_another_law_is_found_out(core: tuple[Lives, Lives], setting: str, value: float, metric: str) -> None:
    assert is_found_out(core[0], scenario(), setting, value, metric)


@pytest.mark.parametrize(
    ("setting", "value", "metric"),
    [
        ("shopping.open_trouble", 30.0, "shopping.showroomed"),
        ("advertising.position_rate", 0.7, "advertising.shown"),
    ],
)
def test_a_twin_of_another_market_is_found_out(
    markets: tuple[Lives, Lives], setting: str, value: float, metric: str
) -> None:
    assert is_found_out(markets[0], scenario(**ADVERTS), setting, value, metric)


def test_the_twins_people_are_born_alike() -> None:
    """Means, spreads and shares of who is there on day 0, over seeds."""

    def moments(columns: dict[str, NDArray[Any]]) -> dict[str, float]:
        logs = {name: np.log(columns[name].astype(float)) for name in ("sociability", "income", "advert_aversion")}
        rest = {name: column.astype(float) for name, column in columns.items()}
        rest["owner's wallet"] = rest["wallet"][columns["has_wallet"]]
        return {
            f"{what} of {name}": float(getattr(np, what)(column))
            for name, column in (rest | logs).items()
            for what in ("mean", "std")
        }

    ours, theirs = [], []
    for seed in range(1, 17):
        small = Scenario.make(run={"users": 1_500, "seed": seed})
        world = World(small)
        ours.append(moments(born(world)))
        theirs.append(moments(mesa_twin.people(small, world.friends, np.random.default_rng(seed))))
        world.close()
    found = {name: apart(ours, theirs, name) for name in ours[0]}
    assert {name: z for name, z in found.items() if abs(z) >= FURTHEST} == {}


def test_the_twin_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="stickers"):
        mesa_twin.check(scenario(stickers={"on": True}))
    with pytest.raises(ValueError, match=r"0\.01"):
        mesa_twin.check(scenario(wallet={"payer_fee": 0.01}))
