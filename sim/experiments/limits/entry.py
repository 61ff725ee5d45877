"""Limits of shops that come, go and sell at two prices: free entry on a circle and showrooming (rows 34 and 40)."""

import math
from contextlib import closing

import numpy as np
from scipy.optimize import minimize

from sim.company import institutions
from sim.engine.settings import BadInput
from sim.experiments.limits.limit import AWAKE, Limit, endow, held_against, live, quiet_world
from sim.ground.ledger import BANK
from sim.people import presence
from sim.shopping import merchant, shopping
from sim.shopping.merchant import MerchantColumns
from sim.world import World

UNIT = 10_000  # cents that theory's unit of money stands for
RICH = 1_000_000_000  # cents: enough for years of daily needs
COST, FIRST = 0.5, 0.6  # units
ROOM = 30  # shops on a circle


def _space_evenly(world: World) -> None:
    """Salop's shops stand evenly, however many there are."""
    rows = world[MerchantColumns]
    stand = np.flatnonzero(rows.open)
    rows.place[stand] = np.arange(stand.size) / max(1, stand.size)


def standing(cut: float, mass: float, first: int, people: int, weeks: int, seed: int) -> float:
    """Shops that stand on a circle with free entry, in the mean of the last weeks.

    Args:
        cut: part of the price that the platform keeps.
        mass: travel cost times purchases a week, over the keep of a shop.
        first: shops on day 0.
    """
    keep = UNIT * 7 * people / mass
    need = {"on": True, "needs": 1.0, "considered": ROOM, "price_weight": 100 / UNIT, "travel": 1.0, "pair_spread": 0.0}
    need |= {"noise": 0.0, "outside": -50.0, "doing_without": -50.0, "followed": 0, "taste_alike": 0.0}
    need |= {"dodging": 100.0, "open_known": 0.0, "commission": cut}
    firms: dict[str, float] = {
        "people_a_market": people,
        "categories": 1,
        "number": first,
        "spare": ROOM - first,
        "cost": round(COST * UNIT),
    }
    firms |= {"cost_spread": 0.0, "quality_spread": 0.0, "first_markup": round((FIRST - COST) * UNIT)}
    firms |= {"fixed_cost": round(keep), "opening_cost": 0, "capital": round(10 * keep)}
    with closing(quiet_world(people, seed, presence=AWAKE, shopping=need, merchants=firms)) as world:
        endow(world, BANK, RICH)
        stood = []
        for _ in range(weeks):
            _space_evenly(world)
            live(world, 7, presence.open_app, shopping.step, merchant.pay_shop_costs, institutions.decide)
            stood.append(int(world[MerchantColumns].open.sum()))
    return float(np.mean(stood[weeks // 2 :]))


def free_entry(
    mass: float = 144.0, cuts: tuple[float, ...] = (0.0, 0.36), people: int = 4_000, weeks: int = 104, seed: int = 34
) -> list[Limit]:
    """Row 34: where entry is free, sqrt((1 - cut) t M / F) shops stand on a circle, whether it was fuller before or emptier."""
    limits = []
    for cut in cuts:
        expected = math.sqrt((1.0 - cut) * mass)
        for first in (round(1.4 * expected), round(0.7 * expected)):
            stood = standing(cut, mass, first, people, weeks, seed)
            how = f"{people} people buy daily, {weeks} weeks from {first} shops that enter and close by themselves, evenly spaced"
            # whole shops: who would lose as the next stays out, and leaves only after weeks of loss
            limits.append(held_against(34, f"shops, cut {cut:g}, from {first}", expected, stood, 0.0, how, 1.0))
    return limits


def _expected(shops: int, cut: float, trouble: float, known: float, terms: tuple[float, ...]) -> tuple[float, ...]:
    """Prices in the thread and in the open that answer themselves, and sales of all shops there a need."""
    weight, cost, quality, without = terms
    u = (np.arange(2_000) + 0.5) / 2_000
    effort = np.append(-trouble * np.log(1 - u), 1e9)  # the last does not know
    share = np.append(np.full(u.size, known / u.size), 1 - known)

    def sold(mine: np.ndarray, others: np.ndarray) -> tuple[float, float]:
        def worth(prices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            here = prices[0] <= prices[1] + effort
            return np.exp(quality - weight * np.where(here, prices[0], prices[1] + effort)), here

        (own, here), (rest, _) = worth(mine), worth(others)
        chance = own / (np.exp(without) + (shops - 1) * rest + own) * share
        return float(chance[here].sum()), float(chance[~here].sum())

    prices = np.full(2, cost + 1 / weight)
    for _ in range(200):

        def loss(own: np.ndarray) -> float:
            return -float(np.dot(sold(own, prices), [own[0] * (1 - cut) - cost, own[1] - cost]))  # noqa: B023

        starts = (prices, prices + np.array([3, -3]), prices + np.array([8, 0]))
        tries = [minimize(loss, s, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-12}) for s in starts]
        before, prices = prices, 0.5 * prices + 0.5 * min(tries, key=lambda found: found.fun).x
        if np.abs(prices - before).max() < 1e-3:
            break
    here, there = sold(prices, prices)
    return float(prices[0]), float(prices[1]), shops * here, shops * there


def showrooming(
    cut: float = 0.1, trouble: float = 15.0, known: float = 0.9, shops: int = 8, people: int = 4_000, weeks: int = 20,
    seed: int = 40,
) -> list[Limit]:  # fmt: skip
    """Row 40: equal shops that sell one product in the thread and in the open, each at a price of its own."""
    if not (0.0 < cut < 1.0 and 0.0 <= known <= 1.0 and trouble > 0.0):
        raise BadInput(f"cut = {cut}, known = {known}, trouble = {trouble}: shares, and a trouble above 0")
    weight, cost, quality, without = terms = (0.03, 60.0, 1.2, 1.5)
    need = {"on": True, "needs": 1.0, "considered": shops, "price_weight": weight, "travel": 0.0, "pair_spread": 0.0}
    need |= {"outside": -50.0, "doing_without": without, "followed": 0, "dodging": 100.0, "commission": cut}
    need |= {"open_known": known, "open_trouble": trouble}
    firms: dict[str, float] = {
        "people_a_market": people,
        "categories": 1,
        "number": shops,
        "spare": 0,
        "cost": round(100 * cost),
    }
    firms |= {"cost_spread": 0.0, "quality_spread": 0.0, "quality": quality, "fixed_cost": 0}
    with closing(quiet_world(people, seed, presence=AWAKE, shopping=need, merchants=firms)) as world:
        endow(world, BANK, RICH)
        found = np.zeros(4)
        for week in range(weeks):
            late = week >= weeks // 2
            found[:2] += (
                late
                * 0.01
                * np.array([getattr(world[MerchantColumns], name).mean() for name in ("price", "open_price")])
            )
            for _ in range(7):
                live(world, 1, presence.open_app, shopping.step, institutions.decide)
                sold = [world.today[f"shopping.{name}"] for name in ("orders", "showroomed")]
                found[2:] += late * np.array(sold) / world.today["shopping.needs"] / 7
        found /= weeks - weeks // 2
    how = f"{people} people with a need a day, mean of the last {weeks - weeks // 2} of {weeks} weeks of {shops} shops"
    names = ("price in the thread", "price in the open", "sold in the thread a need", "sold in the open a need")
    allowances = (0.5, 0.5, 0.004, 0.004)  # a week's sample of who knows, and of the trouble they would have
    expected = _expected(shops, cut, trouble, known, terms)
    return [
        held_against(40, name, one, float(is_), 0.0, how, allowance)
        for name, one, is_, allowance in zip(names, expected, found, allowances, strict=True)
    ]
