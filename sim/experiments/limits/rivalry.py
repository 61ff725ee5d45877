"""Limits of two platforms, of welfare and of time (rows 35, 37 and 38)."""

import math
from contextlib import closing

import numpy as np

from sim.company import company
from sim.experiments.games import equilibria
from sim.experiments.limits.limit import Limit, held_against, live, quiet_world
from sim.ground.ledger import COMPANY, OUTSIDE
from sim.people import attention, experience, presence
from sim.people.attention import AttentionColumns
from sim.people.experience import FeltColumns
from sim.world import World


def two_prices(network_weight: float = 1.0, step: float = 0.1, people: int = 100, seed: int = 35) -> list[Limit]:
    """Row 35: two platforms that answer each other's membership price; everyone knows everyone and has both.

    Prices in logit units. What a platform earns at two prices is its price times its attention at rest.
    """
    prices = np.arange(0.0, 3.0 + step / 2, step)

    def share(dearer: float) -> float:
        with closing(
            quiet_world(
                people, seed,
                attention={"has_rival": 1.0, "network_weight": network_weight, "leaving": 0.0, "dropping_out": 0.0},
                rival={"on": True, "advantage": dearer},
            )
        ) as world:  # fmt: skip
            world[AttentionColumns].attention[...] = 0.5
            here = world[AttentionColumns].attention
            for _ in range(100):
                before = float(here.mean())
                live(world, 70, attention.move_attention)
                if abs(float(here.mean()) - before) < 1e-6:
                    break
            return float(here.mean())

    apart = np.arange(-(prices.size - 1), prices.size)
    shares = np.array([share(step * dearer) for dearer in apart])
    one, other = np.meshgrid(np.arange(prices.size), np.arange(prices.size), indexing="ij")
    ours = prices[one] * shares[one - other + prices.size - 1]
    theirs = prices[other] * (1.0 - shares[one - other + prices.size - 1])
    found = [float(prices[i]) for i, j in equilibria(ours, theirs) if i == j]
    how = f"{people} people through attention.move_attention; mutual best responses on a grid of {step:g}"
    expected = 2.0 - network_weight
    measured = min(found, key=lambda price: abs(price - expected)) if found else math.nan
    # between the grid's points nobody can answer
    return [
        held_against(35, f"price, network weight {network_weight:g}", expected, measured, 0.0, how, 0.5 * step + 1e-9)
    ]


def two_prices_with_and_without_friends() -> list[Limit]:
    """Row 35 at the two weights of the table."""
    return two_prices(0.0) + two_prices(1.0)


def direct_gain(
    index: float = 0.92, gain: float = 0.1, money_worth: float = 0.5, people: int = 500, seed: int = 37
) -> list[Limit]:
    """Row 37: what a lasting gain of a day of use raises welfare by, at rest, for one kind of people."""

    def welfare(more: float) -> float:
        with closing(
            quiet_world(
                people, seed,
                presence={"eagerness": index, "eagerness_spread": 0.0, "weekend": 0.0, "friends_weight": 0.0},
                experience={"money_worth": money_worth, "fading_days": 1e9},
            )
        ) as world:  # fmt: skip
            felt = world[FeltColumns]
            for column in (felt.experience, felt.satisfaction, felt.habit):
                column[...] = more

            def gain_today(world: World) -> None:
                felt.worth[...] = world.users.rows.active * more / money_worth

            live(world, 30, presence.open_app, gain_today, experience.feel)
            return world.today["welfare.users"] / 100 / people

    def log_of_both(v: float) -> float:
        return math.log1p(math.exp(v))

    expected = (log_of_both(index + gain) - log_of_both(index)) / money_worth
    how = f"{people} equal people, through presence.open_app and experience.feel"
    rounding = 1e-5 + 0.01 / people  # whole cents and float32
    return [
        held_against(
            37, "worth of a direct gain, CNY a day", expected, welfare(gain) - welfare(0.0), 0.0, how, rounding
        )
    ]


def discounting(days: int = 1_095, discount: float = 0.1, seed: int = 38) -> list[Limit]:
    """Row 38: present value of a cent a day."""
    with closing(quiet_world(10, seed, company={"discount": discount, "support_cost": 0.0})) as world:

        def earn(world: World) -> None:
            world.ledger.pay(OUTSIDE, 0, COMPANY, 0, 100, "stickers")

        total = 0.0
        for _ in range(days):
            live(world, 1, earn, company.pay_costs)
            total += world.today["profit.present_value"] / 100
    expected = (1.0 - (1.0 + discount) ** (-days / 365)) / (1.0 - (1.0 + discount) ** (-1 / 365))
    how = f"{days} days of 1 CNY through company.pay_costs"
    return [held_against(38, "present value", expected, total, 0.0, how, 1e-6)]
