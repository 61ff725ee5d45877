"""Limits of markets: prices, fees and paid places (rows 16-19, 22 and 24)."""

import math
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import lambertw

from sim.engine import luck
from sim.engine.kernels import kernel
from sim.engine.settings import BadInput
from sim.experiments.limits.limit import AWAKE, Limit, endow, held_against, live, mean_against, quiet_world
from sim.firms import institutions
from sim.ground import ranking
from sim.ground.ledger import BANK, WALLET
from sim.people import presence
from sim.services import shopping
from sim.world import World

UNIT = 10_000  # cents that theory's unit of money stands for
RICH = 1_000_000_000  # cents: enough for years of daily needs


def _market(people: int, seed: int, shops: int, cost: float, first: float, **choice: Any) -> World:
    """One circle of equal shops, where everyone has a need a day; money is in units, 1 logit unit each."""
    need = {"needs": 1.0, "considered": shops, "price_weight": 100 / UNIT, "travel": 0.0, "pair_spread": 0.0}
    need |= {"on": True, "outside": -50.0, "followed": 0, "taste_alike": 0.0, "dodging": 1_000.0}
    firms: dict[str, Any] = {"people_a_market": people, "categories": 1, "number": shops, "spare": 0}
    firms |= {"cost": round(cost * UNIT)}
    firms |= {"cost_spread": 0.0, "quality_spread": 0.0, "first_markup": round((first - cost) * UNIT), "fixed_cost": 0}
    firms |= {"quality": choice.pop("quality", 0.0)}
    world = quiet_world(people, seed, presence=AWAKE, shopping=need | choice, merchants=firms)
    endow(world, BANK, RICH)
    return world


def _weeks(world: World, weeks: int) -> None:
    live(world, 7 * weeks, presence.wake_up, shopping.step, institutions.decide)


def _prices(world: World) -> NDArray[np.float64]:
    return world.column("merchants", "price") / UNIT


def logit_monopoly(people: int = 2_000, worth: float = 2.0, cost: float = 1.0, seed: int = 16) -> list[Limit]:
    """Row 16: one shop, Gumbel noise 1, not buying worth 0."""
    markup = 1.0 + float(lambertw(math.exp(worth - cost - 1.0)).real)
    share = 1.0 - 1.0 / markup
    with closing(_market(people, seed, 1, cost, cost + 1.0, quality=worth)) as world:
        _weeks(world, 24)
        before = int(world.column("merchants", "sold").sum())
        _weeks(world, 4)
        sold = int(world.column("merchants", "sold").sum()) - before
        price = float(_prices(world)[0])
    needs = 28 * people
    how = f"{people} people with a need a day, 28 weeks of shopping.step and the merchant's own pricing"
    error = math.sqrt(share * (1 - share) / needs)
    return [
        held_against(
            16, "markup", markup, price - cost, 0.0, how, 1e-3
        ),  # prices are whole cents, demand in millionths
        held_against(16, "share", share, sold / needs, error, how),
    ]


def logit_oligopoly(people: int = 2_000, worth: float = 2.0, cost: float = 1.0, seed: int = 17) -> list[Limit]:
    """Row 17: several equal shops, the same worth and outside option."""
    limits = []
    for shops in (2, 10):

        def gap(price: float, shops: int = shops) -> float:
            weight = math.exp(worth - price)
            return price - cost - 1.0 / (1.0 - weight / (1.0 + shops * weight))

        expected = float(brentq(gap, cost + 1.0, cost + 5.0))
        with closing(_market(people, seed, shops, cost, cost + 1.0, quality=worth)) as world:
            _weeks(world, 24)
            prices = _prices(world)
        how = f"{people} people with a need a day, 24 weeks; mean of {shops} shops"
        limits.append(held_against(17, f"price of {shops} shops", expected, float(prices.mean()), 0.0, how, 1e-3))
    return limits


def salop(
    people: int = 4_000, shops: int = 5, travel: float = 1.0, cost: float = 0.5, runs: int = 8, seed: int = 18
) -> list[Limit]:
    """Row 18: shops evenly round a circle, no noise, all buy."""
    expected = cost + travel / shops
    nowhere = {"doing_without": -50.0, "outside": -50.0, "noise": 0.0}
    found = []
    for run in range(runs):  # a run's people stay where they are on the circle: only runs are independent
        with closing(_market(people, 100 * seed + run, shops, cost, expected * 1.2, travel=travel, **nowhere)) as world:
            _weeks(world, 12)
            weeks = []
            for _ in range(4):
                _weeks(world, 1)
                weeks.append(_prices(world).mean())
            found.append(np.mean(weeks))
    how = f"{runs} runs of {people} people round the circle who buy daily of {shops} shops, noise 0, replayed demand"
    # demand over an estimated slope: biased up by the slope's squared relative error, about .1^2 with 100 at a margin
    return [mean_against(18, f"price, travel {travel:g}", expected, found, how, 0.01 * travel / shops)]


def _under_commission(share: float, cost: float, people: int, seed: int, weeks: int = 16) -> tuple[float, float]:
    """Price of a monopolist under a commission, and what the commission earns a need: means of the last weeks."""
    first = max(0.5 * (1 + cost / (1 - share)), 0.05)
    found = []
    with closing(
        _market(people, seed, 1, cost, first, noise=0.0, reservation=UNIT / 100, commission=share, doing_without=0.0)
    ) as world:
        _weeks(world, 4)
        for _ in range(weeks - 4):
            sold = int(world.column("merchants", "sold")[0])
            price = float(_prices(world)[0])
            _weeks(world, 1)
            bought = int(world.column("merchants", "sold")[0]) - sold
            found.append((price, share * price * bought / (7 * people)))
    prices, earned = np.mean(found, axis=0)
    return float(prices), float(earned)


def commission(
    share: float = 0.1, cost: float = 0.2, people: int = 5_000, runs: int = 6, seed: int = 19
) -> list[Limit]:
    """Row 19: a commission on a monopolist whose buyers' reservation values are uniform on [0, 1]."""
    price = 0.5 * (1 + cost / (1 - share))
    how = f"{runs} runs of {people} people with a need a day; noise 0, replayed demand, mean of 12 weeks"
    taxed = np.array([_under_commission(share, cost, people, 100 * seed + run) for run in range(runs)])
    free = np.array([_under_commission(share, 0.0, people, 100 * seed + run) for run in range(runs)])
    limits = [
        # replays two in a hundred up and down: a week's slope is off by some 1 %, squared in the ratio
        mean_against(19, f"price, cost {cost:g}, commission {share:g}", price, taxed[:, 0], how, 5e-4),
        mean_against(19, "earned a need", share * price * (1 - price), taxed[:, 1], how, 1e-4),
        mean_against(19, f"price, cost 0, commission {share:g}: neutral", 0.5, free[:, 0], how, 5e-4),
    ]
    shares = np.linspace(0.45, 0.72, 10)
    earned = [
        np.mean([_under_commission(t, cost, people // 2, 100 * seed + r, 8)[1] for r in range(2)]) for t in shares
    ]
    curve = np.polyfit(shares, earned, 3)  # the theory's own curve is skewed: a cubic follows it
    slopes = np.roots(np.polyder(curve))
    best = float(
        next(t.real for t in slopes if 0.45 <= t.real <= 0.72 and np.polyval(np.polyder(curve, 2), t.real) < 0)
    )

    def margin(t: float) -> float:
        p = 0.5 * (1 + cost / (1 - t))
        return p * (1 - p) + t * (1 - 2 * p) * 0.5 * cost / (1 - t) ** 2

    top = float(brentq(margin, 0.01, 0.99 - cost))
    # the top of a flat curve: a hundredth of noise in earnings moves it by a few hundredths
    limits.append(held_against(19, "commission that earns most", top, best, 0.0, "cubic through ten commissions", 0.02))
    return limits


def two_sides(people: int = 20_000, cost: float = 0.0, seed: int = 22) -> list[Limit]:
    """Row 22: a fee on the buyer and one on the merchant; each side takes part if its own benefit covers its own fee."""
    if not 0.0 <= cost < 1.0:
        raise BadInput(f"cost = {cost}: between 0 and 1")
    best = (1 + cost) / 3
    expected = (2 * best - cost) * (1 - best) ** 2
    shops, markets = 40, 50
    terms = {"on": True, "buyer_benefit": 1.0, "merchant_benefit": 1.0, "first_owners": 1.0, "owners_alike": 0.0}
    need = {"needs": 1.0, "on": True, "considered": shops, "followed": 0, "dodging": 1_000.0}
    firms = {"people_a_market": people // markets, "categories": 4, "number": shops, "spare": 0, "quality_spread": 0.0}
    grid = np.linspace(best - 0.18, best + 0.18, 7)
    profit = np.empty((grid.size, grid.size))
    with closing(
        quiet_world(people, seed, presence=AWAKE, shopping=need, merchants=firms, wallet=terms, clock={"festivals": []})
    ) as world:
        endow(world, BANK, RICH)
        endow(world, WALLET, RICH)
        for i, buyer in enumerate(grid):
            for j, seller in enumerate(grid):
                world.day = 0  # the same needs and the same luck at every pair of fees
                world.now = world.now.with_values(
                    {"wallet.buyer_fee": float(buyer), "wallet.merchant_fee": float(seller)}
                )
                live(world, 1, presence.wake_up, shopping.step)
                volume = world.today["shopping.wallet_paid"] / world.today["shopping.gmv"]
                profit[i, j] = (buyer + seller - cost) * volume
        middle = grid.size // 2
    # a paraboloid through the grid; its top is the pair of fees that earns most
    x, y = (side.ravel() for side in np.meshgrid(grid, grid, indexing="ij"))
    terms_of = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    a = np.linalg.lstsq(terms_of, profit.ravel(), rcond=None)[0]
    top = np.linalg.solve([[2 * a[3], a[4]], [a[4], 2 * a[5]]], [-a[1], -a[2]])
    how = f"{people} people with a need a day at {4 * markets * shops} shops, 49 pairs of fees on the same luck"
    merchants = math.sqrt(best * (1 - best) / (4 * markets * shops)) * (2 * best - cost) * (1 - best)
    orders = math.sqrt(best * (1 - best) / (0.4 * people)) * (2 * best - cost) * (1 - best)
    error = math.hypot(merchants, orders)
    return [
        held_against(22, "profit at the best fees", expected, float(profit[middle, middle]), error, how),
        # skewness of the true surface within the grid, and the sample of merchants, move the top a little
        held_against(22, "best fee on the buyer", best, float(top[0]), 0.0, how, 0.03),
        held_against(22, "best fee on the merchant", best, float(top[1]), 0.0, how, 0.03),
    ]


@kernel
def _first_places(lists: int, number: int, weight: float, key: np.uint64, chosen: NDArray[np.float64]) -> None:
    """Relevance of the one shop shown in each list: relevance and bids uniform on [0, 1]."""
    relevance, bids = np.empty(number), np.empty(number)
    scores, order = np.empty(number), np.empty(number, np.int64)
    for one in range(lists):
        for j in range(number):
            relevance[j] = luck.uniform(key, one, 2 * j)
            bids[j] = luck.uniform(key, one, 2 * j + 1)
            scores[j] = ranking.score(relevance[j], bids[j], 1.0, weight)
        ranking.rank(scores, number, order)
        chosen[one] = relevance[order[0]]


def paid_slot(number: int = 10, lists: int = 200_000, seed: int = 24) -> list[Limit]:
    """Row 24: one paid place among n merchants, one considered."""
    limits = []
    half = _blend_of_halves(number)
    for weight, expected, name in (
        (0.0, number / (number + 1), "organic"),
        (1.0, 0.5, "fully paid"),
        (0.5, half, "half and half"),
    ):
        chosen = np.empty(lists)
        _first_places(lists, number, weight, luck.key(seed, "validate.paid_slot"), chosen)
        how = f"{lists} lists of {number}, through ranking.score and ranking.rank"
        limits.append(mean_against(24, f"relevance of the place, {name}", expected, chosen, how))
    return limits


def _blend_of_halves(number: int) -> float:
    """Mean relevance of the best of n sums of two uniforms: half the mean of the highest sum."""
    s = np.linspace(0, 2, 200_001)
    below = np.where(s < 1, s * s / 2, 1 - (2 - s) ** 2 / 2) ** number
    return 0.5 * float(np.trapezoid(1 - below, s))
