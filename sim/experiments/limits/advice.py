"""Limit of advice: how good the best of a few is, by what the platform has seen of a person (row 25)."""

import math
from contextlib import closing

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from sim.assistant import assistant
from sim.engine import luck
from sim.engine.kernels import kernel
from sim.experiments.limits.limit import AWAKE, Limit, endow, live, mean_against, quiet_world
from sim.ground.ledger import BANK
from sim.people import presence
from sim.shopping.needs import NeedColumns

PRICE = 10_000  # cents, of every shop


def _best_of(number: int) -> float:
    """Expected highest of independent standard normals: 1.53875 of ten."""
    return float(quad(lambda x: x * number * norm.pdf(x) * norm.cdf(x) ** (number - 1), -12, 12)[0])


@kernel
def peculiar(key: np.uint64, who: NDArray[np.uint32], shop: NDArray[np.uint32], into: NDArray[np.float64]) -> None:
    """True matches of people with shops, as the assistant draws them."""
    for i in range(who.size):
        into[i] = luck.normal(luck.pair(key, who[i], shop[i], 0))


def _named(shops: int, observed: int, noise: float, people: int, seed: int) -> NDArray[np.float64]:
    """True matches of the shops that an assistant names to people who all have a need and ask.

    Shops differ by nothing but the part of a match that is peculiar to person and shop, standard normal.
    """
    alike = {"quality_spread": 0.0, "cost_spread": 0.0, "cost": PRICE // 2, "first_markup": PRICE // 2}
    firms = {"people_a_market": people, "categories": 1, "number": shops, "spare": 0} | alike
    need = {"on": True, "travel": 0.0, "pair_spread": 1.0, "noise": 0.0, "doing_without": -50.0, "outside": -50.0}
    need |= {"needs": 1.0}
    answers = {"on": True, "goods_share": 1.0, "wrong": 0.0}
    seen = {"knows_purchases": False, "knows_profile": observed > 0, "knows_wearables": False}
    with closing(
        quiet_world(
            people, seed, presence=AWAKE, merchants=firms, shopping=need, assistant=answers, company=seen,
            knowledge={"profile": max(1, observed), "noise": noise},
        )
    ) as world:  # fmt: skip
        endow(world, BANK, 10 * PRICE)
        live(world, 1, presence.open_app, assistant.step)
        who = np.arange(people, dtype=np.uint32)
        shop = world[NeedColumns].advised
        true = np.empty(who.size)
        peculiar(world.lasting_luck("shopping.pair"), who, shop, true)
        return true


def best_match(
    shops: int = 10,
    noise: float = 4.0,
    observations: tuple[int, ...] = (1, 4, 16),
    people: int = 20_000,
    seed: int = 25,
) -> list[Limit]:
    """Row 25: the best of ten by n observations of noise variance 4 is worth 1.53875 sqrt(n/(n + 4))."""
    best = _best_of(shops)
    how = f"{people} people ask assistant.step, which names one of {shops} shops"
    limits = [mean_against(25, "nothing seen", 0.0, _named(shops, 0, noise, people, seed), how)]
    for n in observations:
        expected = best * math.sqrt(n / (n + noise))
        limits.append(mean_against(25, f"{n} seen", expected, _named(shops, n, noise, people, seed), how))
    return limits
