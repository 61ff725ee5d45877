"""Limits of advertising: what auctions earn, how bids are paced, how many adverts pay (rows 1 to 5, 23, 26 and 39)."""

from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.advertising import advertiser, advertising, auctions
from sim.advertising.advertiser import AdvertiserColumns, AdvertisersSettings
from sim.advertising.auctions import FIRST, GSP, ROUNDS, VCG
from sim.engine import luck
from sim.engine.kernels import kernel
from sim.engine.settings import BadInput
from sim.experiments.limits.limit import QUIET, Limit, held_against, live, mean_against, quiet_world
from sim.ground.friends.friends import Friends
from sim.ground.ledger import COMPANY
from sim.people import experience, presence
from sim.people.experience import FeltColumns
from sim.scenario import Scenario
from sim.world import World

KINDS = {"gsp": GSP, "vcg": VCG, "first": FIRST}


@kernel
def _hold(
    values: NDArray[np.float64], rates: NDArray[np.float64], reserve: float, kind: int, prices: NDArray[np.float64]
) -> None:
    """One auction a row of `values`, which are bid, quality 1: writes its prices per click (-1 for an empty place)."""
    on = auctions.auction_state(values.shape[1], rates.size)
    out = np.full(values.shape[1], ROUNDS)
    on.quality[:] = 1.0
    for i in range(values.shape[0]):
        on.bid[:] = values[i]
        auctions.rank(on, 1.0)
        auctions.plan(on, 0, 0, rates.size, 0)
        auctions.hold(on, 1, ROUNDS, out, 1, reserve, rates, kind)
        for place in range(rates.size):
            prices[i, place] = on.paid[place] if on.winner[place] >= 0 else -1.0


def _prices(values: NDArray[np.float64], rates: Sequence[float], reserve: float, kind: str) -> NDArray[np.float64]:
    """Prices per click by auction and place."""
    prices = np.empty((values.shape[0], len(rates)))
    _hold(values, np.array(rates, np.float64), reserve, KINDS[kind], prices)
    return prices


def _revenue(values: NDArray[np.float64], rates: Sequence[float], reserve: float, kind: str) -> NDArray[np.float64]:
    """Revenue of each auction."""
    return np.maximum(0.0, _prices(values, rates, reserve, kind)) @ np.array(rates, np.float64)


def _uniform(auctions_held: int, bidders: int, seed: int) -> NDArray[np.float64]:
    drawn = luck.uniforms(luck.key(seed, "validate.values"), auctions_held * bidders)
    return drawn.reshape(auctions_held, bidders)


def revenue(
    bidders: int = 5, rates: Sequence[float] = (1.0, 0.6, 0.3), number: int = 100_000, seed: int = 1
) -> list[Limit]:
    """Row 1: truthful bids U[0,1] for places of falling click rates."""
    if bidders < 1 or any(rate <= below for rate, below in pairwise(rates)):
        raise BadInput(f"bidders = {bidders}, rates = {rates}: at least one bidder, and click rates that fall")
    values = _uniform(number, bidders, seed)
    places = range(1, min(len(rates), bidders) + 1)
    below = [*rates[1 : len(places)], 0.0]  # who falls out of the last place that is filled gets nothing
    others = [(bidders - k) / (bidders + 1) for k in places]  # mean of the bid below place k
    vcg = sum(k * (rates[k - 1] - below[k - 1]) * other for k, other in zip(places, others, strict=True))
    gsp = sum(rates[k - 1] * other for k, other in zip(places, others, strict=True))
    first = sum(rates[k - 1] * (bidders + 1 - k) / (bidders + 1) for k in places)
    how = f"{number} auctions among {bidders}, click rates {', '.join(f'{rate:g}' for rate in rates)}, auctions.hold"
    return [
        mean_against(1, f"revenue an auction, {kind}, truthful", expected, _revenue(values, rates, 0.0, kind), how)
        for kind, expected in (("vcg", vcg), ("gsp", gsp), ("first", first))
    ]


def worked_example(values: Sequence[float] = (10, 4, 2), clicks: Sequence[float] = (200, 100)) -> list[Limit]:
    """Row 2: the example of Edelman, Ostrovsky and Schwarz, with one bidder more than places."""
    if len(values) != len(clicks) + 1 or list(values) != sorted(values, reverse=True):
        raise BadInput(f"values = {values}: as many as clicks and one more, falling")
    places = len(clicks)
    truthful = sum(clicks[k] * values[k + 1] for k in range(places))
    # what the others lose by each: those below would move up one place, to `upward` more clicks
    upward = [above - here for above, here in pairwise([*clicks, 0])]
    lost = [sum(upward[j] * values[j + 1] for j in range(k, places)) for k in range(places)]
    # the lowest bids that nobody envies: everyone would as soon have the place above at its price
    bids = list(map(float, values))
    for k in range(places - 1, 0, -1):
        bids[k] = (bids[k + 1] * clicks[k] + values[k] * (clicks[k - 1] - clicks[k])) / clicks[k - 1]
    how = f"values {', '.join(f'{v:g}' for v in values)}, clicks {', '.join(f'{c:g}' for c in clicks)}, auctions.hold"
    limits = []
    for name, expected, bid, kind in (
        ("gsp, truthful", truthful, values, "gsp"),
        ("vcg", sum(lost), values, "vcg"),
        ("gsp, lowest bids without envy", sum(lost), bids, "gsp"),
    ):
        earned = _revenue(np.array([bid], np.float64), clicks, 0.0, kind)[0]
        limits.append(held_against(2, name, expected, earned, 0.0, how, 1e-9))
    return limits


def reserve_price(
    bidders: Sequence[int] = (2, 5), reserve: float = 0.5, number: int = 100_000, seed: int = 3
) -> list[Limit]:
    """Row 3: one place, second price, values U[0,1], a reserve r: n r^n (1 - r) + mean of the second where above r."""
    limits = []
    for n in bidders:
        second = n * (n - 1) * ((1 - reserve**n) / n - (1 - reserve ** (n + 1)) / (n + 1))
        expected = n * reserve**n * (1 - reserve) + second
        values = _uniform(number, n, 1_000 * seed + n)
        how = f"{number} auctions of one place, auctions.hold"
        for kind in ("gsp", "vcg"):
            earned = _revenue(values, (1.0,), reserve, kind)
            limits.append(mean_against(3, f"revenue, reserve {reserve:g}, {n} bidders, {kind}", expected, earned, how))
    return limits


@kernel
def _paced_days(
    number: int,
    places: int,
    budget: float,
    speed: float,
    key: np.uint64,
    multipliers: NDArray[np.float64],
    income: NDArray[np.float64],
    clicks: NDArray[np.int64],
) -> tuple[float, float]:
    """Days of auctions of so many places among paced bidders of equal budgets, second price, every place clicked.

    Writes the multipliers of each day (a row), by bidder, and each day's income and paid clicks; returns by how much
    spending missed the sum of prices, and exceeded budgets, at most.
    """
    days, bidders = multipliers.shape
    on = auctions.auction_state(bidders, places)
    rates = np.ones(places)
    multiplier, spent, void = np.ones(bidders), np.empty(bidders), np.empty(bidders)
    missed = exceeded = 0.0
    on.quality[:] = 1.0
    for day in range(days):
        left, out = np.full(bidders, budget), np.full(bidders, ROUNDS)
        spent[:] = 0.0
        void[:] = 0.0
        for i in range(number):
            now = i * ROUNDS // number
            for one in range(bidders):
                on.bid[one] = multiplier[one] * luck.uniform(key, day * number + i, one)
            auctions.rank(on, 0.0)
            auctions.plan(on, 0, 0, places, now)
            auctions.hold(on, 1, now, out, 1, 0.0, rates, GSP)
            for place in range(places):
                one = on.winner[place]
                if one < 0:
                    continue
                if auctions.charge(left, out, one, on.paid[place], now):
                    spent[one] += on.paid[place]
                    clicks[day] += 1
                else:
                    void[one] += on.paid[place]
        for one in range(bidders):
            missed = max(missed, abs(budget - left[one] - spent[one]))
            exceeded = max(exceeded, spent[one] - budget)
            pace = advertiser.pace_of(spent[one], void[one], out[one])
            multiplier[one] = advertiser.paced(multiplier[one], pace, budget, speed, 1.0)
            income[day] += spent[one]
        multipliers[day] = multiplier
    return missed, exceeded


def pacing(
    cases: Sequence[tuple[int, float]] = ((2, 0.1), (5, 0.05)), number: int = 10_000, runs: int = 6, seed: int = 4
) -> list[Limit]:
    """Row 4: equal bidders with values U[0,1] and a budget B an auction come to bid B n(n+1)/(n-1) of their values.

    Among n equal bidders spending rises n times as fast as one's own bids, and as fast as everyone's together. A step of
    more than 1/n a day thus overshoots: at the default speed of .2 ten bid 2 % less than theory in the mean, and twenty
    15 %, however many auctions there are. So the step here is half of 1/n, and days enough for all to come to rest.
    """
    usual = float(AdvertisersSettings().pacing)
    limits = []
    for n, budget in cases:
        if n < 2:
            raise BadInput(f"bidders = {n}: at least two, or nobody pays")
        speed = min(usual, 0.5 / n)
        settled = round(12 / speed)
        found = np.empty(runs)
        for run in range(runs):
            multipliers = np.empty((settled + 100, n))
            key = luck.key(seed, f"validate.pacing.{n}.{run}")
            days = settled + 100
            _paced_days(number, 1, budget * number, speed, key, multipliers, np.zeros(days), np.zeros(days, np.int64))
            found[run] = multipliers[settled:].mean()
        expected = min(1.0, budget * n * (n + 1) / (n - 1))
        how = (
            f"{runs} runs of {settled + 100} days of {number} auctions, speed {speed:g}, "
            "through auctions.charge and advertiser.paced"
        )
        # a budget that runs out in the last rounds leaves the others other prices: .1 % among five, .8 % among twenty
        limits.append(
            mean_against(4, f"multiplier, {n} bidders, budget {budget:g}", expected, found, how, 0.01 * expected)
        )
    return limits


def prices_and_budgets(number: int = 20_000, people: int = 1_000, days: int = 40, seed: int = 5) -> list[Limit]:
    """Row 5: no price is under the reserve and the next bid, or above the own; spending is the sum of prices."""
    worst_low = worst_high = worst_last = 0.0
    how = f"{number} auctions each of 1 to 3 places among 1 to 4, reserve 0 to .4, auctions.hold"
    for case, (bidders, places) in enumerate((b, p) for b in range(1, 5) for p in range(1, 4)):
        values = _uniform(number, bidders, 1_000 * seed + case)
        reserve = 0.4 * case / 11
        best = -np.sort(-np.where(values >= reserve, values, -np.inf), axis=1)
        best = np.pad(best, ((0, 0), (0, places + 1)), constant_values=-np.inf)[:, : places + 1]
        rates = tuple(0.6**k for k in range(places))
        for kind in KINDS:
            prices = _prices(values, rates, reserve, kind)
            given = prices >= 0
            if (given != (best[:, :places] >= reserve)).any():
                worst_last = np.inf  # a place stayed empty though somebody bid the reserve, or the other way round
            worst_low = max(worst_low, float((reserve - prices)[given].max(initial=0.0)))
            worst_high = max(worst_high, float((prices - best[:, :places])[given].max(initial=0.0)))
            if kind != "first":
                last = given.sum(axis=1) - 1  # the last place given pays the next bid, or the reserve: never nothing
                sold = np.flatnonzero(last >= 0)
                paid, following = prices[sold, last[sold]], np.maximum(reserve, best[sold, last[sold] + 1])
                worst_last = max(worst_last, float(np.abs(paid - following).max(initial=0.0)))
    limits = [
        held_against(5, "price under the reserve, most", 0.0, worst_low, 0.0, how, 1e-12),
        held_against(5, "price above the own bid, most", 0.0, worst_high, 0.0, how, 1e-12),
        held_against(5, "price of the last place off the next bid or reserve, most", 0.0, worst_last, 0.0, how, 1e-12),
    ]
    key = luck.key(seed, "validate.budgets")
    multipliers, income, clicks = np.empty((20, 3)), np.zeros(20), np.zeros(20, np.int64)
    missed, exceeded = _paced_days(2_000, 1, 20.0, 0.2, key, multipliers, income, clicks)
    how = "20 days of 2,000 auctions among 3 whose budgets run out, auctions.charge"
    limits.append(held_against(5, "spending less the sum of prices, most", 0.0, missed, 0.0, how, 1e-9))
    limits.append(held_against(5, "spending above the budget, most", 0.0, max(0.0, exceeded), 0.0, how, 1e-9))
    return [*limits, *_tight_world(people, days, seed)]


def _tight_world(people: int, days: int, seed: int) -> list[Limit]:
    """The books of a world whose advertisers' budgets run out every day."""
    above = gap = 0
    with closing(
        World(
            Scenario.make(
                run={"users": people, "seed": seed, "days": days},
                advertising={"on": True, "inbox_slots": 3.0, "discovery_slots": 3.0, "brand_slots": 1.0},
                advertisers={"budget": 0.05},
                company={"knows_profile": True},
            )
        )
    ) as world:
        rows = world[AdvertiserColumns]
        used = 0
        for _ in range(days):
            world.step()
            spent = rows.granted - rows.left
            above = max(above, int((-rows.left).max()), int((-world.ledger[advertiser.ADVERTISERS]).max()))
            gap = max(gap, abs(world.ledger.paid("advertising", payee=COMPANY) - int(spent.sum())))
            used += int((rows.out < ROUNDS).sum())
    how = f"{days} days of {people} people, budgets that ran out {used} times, through advertising.step"
    return [
        held_against(5, "overdraft of a budget or an account, cents", 0.0, max(0, above), 0.0, how),
        held_against(5, "paid to the company less spent of budgets, cents", 0.0, gap, 0.0, how),
    ]


def binding_budgets(
    bidders: int = 8, budget: float = 0.02, places: Sequence[int] = (1, 2, 4), number: int = 8_000, seed: int = 39
) -> list[Limit]:
    """Row 39: where all budgets bind, income is their sum whatever the places; twice the places, half the price."""
    if min(places) < 1 or 2 * max(places) > bidders:
        raise BadInput(f"places = {places}: at least one, and at most half as many as the {bidders} bidders")
    runs, speed = 4, 0.5 / bidders
    settled, days = round(12 / speed), round(12 / speed) + 60
    limits: list[Limit] = []
    usual = np.empty(runs)
    for many in places:
        earned, price = np.empty(runs), np.empty(runs)
        for run in range(runs):
            multipliers, income, clicks = np.empty((days, bidders)), np.zeros(days), np.zeros(days, np.int64)
            key = luck.key(seed, f"validate.binding.{many}.{run}")
            _paced_days(number, many, budget * number, speed, key, multipliers, income, clicks)
            earned[run] = income[settled:].mean() / (bidders * budget * number)
            price[run] = income[settled:].sum() / clicks[settled:].sum()
        usual = price if many == places[0] else usual
        how = (
            f"{runs} runs of {days} days of {number} auctions, {bidders} bidders, auctions.charge and advertiser.paced"
        )
        name = f"income over the sum of budgets, {many} places at a time"
        # a day's clicks scatter, and what a quiet day leaves is not made up for: .4 of the spread, itself about 1.2/sqrt(clicks)
        short = 0.6 / np.sqrt(number * many / bidders)
        limits.append(mean_against(39, name, 1.0, earned, how, float(short)))
        name = f"price of a click with {many} places over that with {places[0]}"
        limits.append(mean_against(39, name, places[0] / many, price / usual.mean(), how, 0.01))
    return limits


def advert_load(
    advertisers: int = 1_000, people: int = 2_000, steepness: float = 3.0, worth: float = 1.0, seed: int = 23
) -> list[Limit]:
    """Row 23: a load L of adverts earns 1 - L each and keeps an audience of sigma(v - 3 L): the best load, by trial."""
    runs = 4
    every = np.linspace(0.0, 1.0, 100_001)
    stay = 1 / (1 + np.exp(steepness * every - worth))
    at = int(np.argmax(every * (1 - every) * stay))
    best = float(every[at])
    expected = best, float(stay[at]), float(best * (1 - best) * stay[at])
    loads = np.linspace(max(0.02, best - 0.2), min(0.98, best + 0.2), 11)
    found = np.empty((runs, 3))
    for run in range(runs):
        price, audience = np.empty(loads.size), np.empty(loads.size)
        values = _uniform(20, advertisers, 1_000 * seed + run)
        for i, load in enumerate(loads):  # as many equal places as there is load for: Vickrey's price is uniform
            price[i] = _prices(values, (1.0,) * round(load * advertisers), 0.0, "vcg").mean()
            audience[i] = audience_of(float(load), people, steepness, worth, 1_000 * seed + run)
        earned, came = (np.polynomial.Polynomial.fit(loads, y, 4) for y in (loads * price * audience, audience))
        fine = np.linspace(loads[0], loads[-1], 4_001)
        top = float(fine[np.argmax(earned(fine))])
        found[run] = top, came(top), earned(top)
    how = (
        f"{runs} runs, {advertisers} advertisers with values U[0,1], {people} people; auctions.hold, "
        "presence.open_app, advertising.step, experience.feel"
    )
    # adverts are whole: who was shown one stays away a little longer; a place more lowers prices by 1/advertisers
    names = "load that earns most", "audience there", "revenue there"
    return [
        mean_against(23, name, value, found[:, i], how, allowance)
        for i, (name, value, allowance) in enumerate(zip(names, expected, (0.005, 0.006, 0.002), strict=True))
    ]


def audience_of(load: float, people: int, steepness: float, worth: float, seed: int) -> float:
    """Share of people who come where every advert costs `steepness` logit units of experience."""
    days = 60
    alone = {"eagerness_spread": 0.0, "friends_weight": 0.0, "usual_unread": 0.0, "weekend": 0.0}
    with closing(
        quiet_world(
            people,
            seed,
            users={"advert_aversion_spread": 0.0},
            presence={"eagerness": worth, **alone},
            advertising={"on": True, "discovery_slots": load, "nuisance": steepness, "discovery_intrusion": 1.0},
        )
    ) as world:
        felt = world[FeltColumns]
        for column in (felt.satisfaction, felt.habit, felt.experience):
            column[...] = -steepness * load  # where they come to rest
        came = 0
        for _ in range(days):
            live(world, 1, presence.open_app, advertising.step, experience.feel)
            came += sum(part.size for part in world.awake)
    return came / days / people


def two_speeds(people: int = 4_000, seeds: int = 4, load: float = 0.5, seed: int = 26) -> list[Limit]:
    """Row 26 with adverts: what a load in the inbox does to daily users, in the long run over that after a month."""
    begins = 7
    ratios = []
    for number in range(seeds):
        scenario = Scenario.make(
            run={"users": people, "seed": 1_000 * seed + number, "days": 30_000},
            attention=QUIET["attention"],
            joining=QUIET["joining"],
            wallet={"on": False},
        )
        network = Friends.make(scenario.friends, people, scenario.run.seed)
        daily = []
        for slots in (0.0, load):
            event: dict[str, Any] = {"day": begins, "set": {"advertising.on": True, "advertising.inbox_slots": slots}}
            with closing(World(scenario.with_values({"events": (event,)}), friends=network)) as world:
                for _ in range(begins + 601):
                    world.step()
                daily.append(np.array(world.datacollector.model_vars["users.daily"], np.float64)[begins:])
        effect = daily[1] - daily[0]
        ratios.append(effect[570:601].mean() / effect[25:36].mean())
    how = f"{seeds} seeds of {people} people: daily users with {load:g} adverts a day in the inbox less those with none"
    # as for any nuisance: no closed form, MODEL.md fits the time constants to 3; friends' answers add some 2 %
    return [mean_against(26, "effect of adverts on days 570-600 over day 30", 3.0, ratios, how, 0.15)]


ADVERTISING = {
    1: revenue, 2: worked_example, 3: reserve_price, 4: pacing, 5: prices_and_budgets, 23: advert_load, 26: two_speeds,
    39: binding_budgets,
}  # fmt: skip
