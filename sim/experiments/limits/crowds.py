"""Limits of crowds: what is worth what others make of it, and how fast people take it (rows 20, 21 and 26)."""

import math
from contextlib import closing

import numpy as np

from sim.engine import luck
from sim.engine.settings import BadInput
from sim.experiments.limits.limit import QUIET, Limit, endow, held_against, live, mean_against, quiet_world
from sim.ground.friends.friends import Friends
from sim.ground.ledger import BANK
from sim.people import attention, joining
from sim.people.attention import AttentionColumns
from sim.people.experience import FeltColumns
from sim.people.users import MEMBER, NEVER
from sim.results.intervals import share_error
from sim.scenario import Scenario
from sim.subscriptions import subscriptions
from sim.world import World

WORTH = 10_000  # cents that a month of membership with everyone is worth to the keenest


def _club(price: float, people: int, seed: int) -> World:
    """A world where membership is sold at a price relative to the worth of the keenest when all are members."""
    sold = {"on": True, "sells": "membership", "worth_law": "uniform"}
    terms = {"worth": WORTH / 2, "price": round(price * WORTH)}
    world = quiet_world(people, seed, subscriptions=sold | terms, joining={"returning": 1.0})
    endow(world, BANK, 5_000 * WORTH)
    return world


def _settle(world: World) -> float:
    """Months go by until nobody leaves any more; returns the share of members."""
    members = world.users.rows.membership == MEMBER
    while True:
        live(world, subscriptions.MONTH, subscriptions.step)
        still = world.users.rows.membership == MEMBER
        if still.sum() == members.sum():
            return float(still.mean())
        members = still


def _keenest(world: World, share: float) -> float:
    """Make members of about so many people, the keenest, and of nobody else; returns their share."""
    types = luck.uniforms(world.lasting_luck("subscriptions.type"), world.size)
    world.users.rows.membership[...] = np.where(types > 1.0 - share, MEMBER, NEVER)
    return float((types > 1.0 - share).mean())


def network_good(price: float = 0.2, people: int = 20_000, runs: int = 4, seed: int = 20) -> list[Limit]:
    """Row 20: a membership worth one's own type times the share of members, sold at a price."""
    if not 0.0 < price < 0.25:
        raise BadInput(f"price = {price}: between 0 and .25, beyond which nobody stays")
    critical, stable = 0.5 - math.sqrt(0.25 - price), 0.5 + math.sqrt(0.25 - price)

    def from_all(world: World) -> float:
        return _settle(world)

    def from_above(world: World) -> float:
        """The keenest are here, a little more than the critical mass; the others try it, then no more come."""
        _keenest(world, critical + 0.25 * (stable - critical))
        years = 4.0 / (1.0 - price / stable**2)  # each outsider tries it three times a year, on the mean
        world.now = world.now.with_values({"joining.innovation": 3.0})
        live(world, round(365 * years), subscriptions.step, joining.step)
        world.now = world.now.with_values({"joining.innovation": 0.0})
        return _settle(world)

    def least(world: World) -> float:
        """The smallest share of the keenest who stay, by halving."""
        low, high, share = 0.0, 0.5, 0.0
        for _ in range(12):
            middle = 0.5 * (low + high)
            here = _keenest(world, middle)
            if _settle(world) > 0.5 * here:
                high, share = middle, here
            else:
                low = middle
        return share

    limits = []
    for name, find, expected in (
        ("stable share, from all", from_all, stable),
        ("stable share, from above the critical mass", from_above, stable),
        ("critical mass", least, critical),
    ):
        found = []
        for number in range(runs):
            with closing(_club(price, people, 1_000 * seed + number)) as world:
                found.append(find(world))
        # the share above a type is a sample's; the fixed point magnifies its error by 1/(1 - p/n^2)
        error = share_error(expected, people * runs) / abs(1.0 - price / expected**2)
        how = f"{runs} runs of {people} people who all know each other, through subscriptions.step, price {price:g}"
        limits.append(held_against(20, name, expected, float(np.mean(found)), error, how, 2**-12))  # the last halving
    return [*limits, *_dearest(people, runs, seed)]


def _dearest(people: int, runs: int, seed: int) -> list[Limit]:
    """The price that earns most where all were members before, and the share that then stays."""
    prices = np.arange(0.19, 0.2441, 0.004)
    best, shares = [], []
    for number in range(runs):
        earned, stayed = [], []
        with closing(_club(0.2, people, 1_000 * seed + number)) as world:
            for price in prices:
                world.now = world.now.with_values({"subscriptions.price": round(price * WORTH)})
                _keenest(world, 1.0)
                stayed.append(_settle(world))
                earned.append(price * stayed[-1])
        # a parabola through the best and its neighbours; its top is the price, the share is read off there
        top = min(max(int(np.argmax(earned)), 2), prices.size - 3)
        near = slice(top - 2, top + 3)
        curve = np.polyfit(prices[near], np.array(earned)[near], 2)
        best.append(float(np.clip(-curve[1] / (2 * curve[0]), prices[0], prices[-1])))
        shares.append(float(np.interp(best[-1], prices, stayed)))
    how = f"{runs} runs of {people} people at {prices.size} prices, through subscriptions.step"
    return [
        mean_against(20, "monopoly price", 2 / 9, best, how, 0.001),  # a quarter of the step between prices
        mean_against(20, "monopoly share", 2 / 3, shares, how, 0.003),  # three times that: dn/dp = -3 there
    ]


def two_apps(network_weight: float = 3.0, people: int = 200, seed: int = 21) -> list[Limit]:
    """Row 21: attention between two equal apps, and how much better a rival must be to win."""

    def ends_at(weight: float, start: float, advantage: float = 0.0) -> float:
        with closing(
            quiet_world(
                people, seed,
                attention={"has_rival": 1.0, "network_weight": weight, "leaving": 0.0},
                rival={"on": True, "advantage": advantage},
            )
        ) as world:  # fmt: skip
            # nobody writes, so everyone's satisfaction is that of the rival's users: no advantage but the one set
            world[AttentionColumns].attention[...] = start
            for _ in range(200):
                before = float(world[AttentionColumns].attention.mean())
                live(world, 70, attention.move_attention)
                if abs(float(world[AttentionColumns].attention.mean()) - before) < 1e-6:
                    break
            return float(world[AttentionColumns].attention.mean())

    def rest(weight: float) -> float:
        x = 1.0
        for _ in range(100_000):
            x = 1.0 / (1.0 + math.exp(-weight * (2.0 * x - 1.0)))
        return x

    how = f"{people} people who all know each other and have both apps, through attention.move_attention"
    weight = f"weight {network_weight:g}"
    exact = 5e-4  # nothing is drawn: what is left is the end of the approach and float32
    high = rest(network_weight)
    limits = [
        held_against(21, f"attention from .6, {weight}", high, ends_at(network_weight, 0.6), 0.0, how, exact),
        held_against(21, f"attention from .4, {weight}", 1 - high, ends_at(network_weight, 0.4), 0.0, how, exact),
        held_against(21, "attention from .9, weight 1.8", 0.5, ends_at(1.8, 0.9), 0.0, how, exact),
        held_against(21, "attention from .6, weight 2.2", rest(2.2), ends_at(2.2, 0.6), 0.0, how, 2e-3),
    ]
    if network_weight > 2.0:
        x = 0.5 + math.sqrt(0.25 - 0.5 / network_weight)
        tips = network_weight * (2.0 * x - 1.0) - math.log(x / (1.0 - x))
        low, up = 0.0, 2.0 * tips
        for _ in range(9):
            middle = 0.5 * (low + up)
            low, up = (low, middle) if ends_at(network_weight, 1.0, middle) < 0.5 else (middle, up)
        allowance = 0.005 + (up - low)  # next to the edge the market hardly moves
        limits.append(held_against(21, "a rival wins if better by", tips, 0.5 * (low + up), 0.0, how, allowance))
    return limits


def two_speeds(
    people: int = 4_000, seeds: int = 6, step: float = 0.2, habit_days: float = 95.0, seed: int = 26
) -> list[Limit]:
    """Row 26: the effect of a lasting nuisance on daily users, in the long run over that after a month."""
    begins = 7
    ratios = []
    for number in range(seeds):
        scenario = Scenario.make(
            run={"users": people, "seed": 1_000 * seed + number, "days": 30_000},
            attention=QUIET["attention"],
            joining=QUIET["joining"],
            wallet={"on": False},
            experience={"habit_days": habit_days},
        )
        network = Friends.make(scenario.friends, people, scenario.run.seed)
        daily = []
        for nuisance in (step, -step):  # both ways, so that what is not linear falls out
            with closing(World(scenario, friends=network)) as world:
                for day in range(begins + 601):
                    if day >= begins:
                        world[FeltColumns].nuisance[...] = nuisance
                    world.step()
                daily.append(np.array(world.datacollector.model_vars["users.daily"], np.float64)[begins:])
        effect = daily[1] - daily[0]
        ratios.append(effect[570:601].mean() / effect[25:36].mean())
    how = f"{seeds} seeds of {people} people: daily users with a nuisance of {-step:g} less with {step:g}, same luck"
    # no closed form: MODEL.md fits the time constants to 3; what friends write back to those who come adds some 2 %
    return [mean_against(26, "effect on days 570-600 over day 30", 3.0, ratios, how, 0.15)]
