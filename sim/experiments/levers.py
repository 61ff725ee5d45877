"""Levers pushed from nothing to their most: no free lunch.

For every price, fee, share and load that the platform decides, the same people with the same luck live once at each of
several places of the lever. What anybody would expect of an economy in which people can go elsewhere are laws: the
payer buys less, somebody is worse off, revenue rises and then falls inside the range (or a reason says why not), a mere
transfer makes nobody richer on the whole, and what annoys brings nobody. An optimiser that finds a lunch for free has
found a fault of the model, not a business.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.company.company import GROUPS
from sim.engine.names import nearest
from sim.engine.settings import BadInput
from sim.ground.friends.friends import Friends
from sim.results.runs import summarise
from sim.scenario import Scenario
from sim.world import World

WELFARE = tuple(group.name for group in GROUPS)
MEASURED = ("revenue.total", "profit.total", "users.daily", "users.members", *WELFARE, "welfare.total")
MOST_INSIDE = "it earns most inside its range, or says why not"
SEEN = 0.05  # CNY a person and year: less than that is nobody's gain
BY_LUCK = 0.1  # of what a lever takes at its best: so far may a total be off in small worlds
SHOPS: dict[str, Any] = {"shopping.on": True, "company.knows_purchases": True}
ADVERTS = SHOPS | {"advertising.on": True, "advertising.discovery_slots": 1.0, "company.knows_profile": True}


class Lever(NamedTuple):
    """A lever, the world in which it has something to move, and what it is known to be for."""

    name: str
    places: tuple[float, ...]  # from nothing (or its mildest) to its most
    earns: str  # metric: what it brings in
    quantity: str  # metric: what its payer buys, or what it annoys
    minds: tuple[str, ...]  # metrics of welfare of which one must fall
    world: Mapping[str, Any]  # decided values besides
    annoys: bool = False  # then nobody comes more often for it
    reason: str = ""  # why it may be best at an end of its range
    frees: str = ""  # why the total may rise: it moves more than money
    beside: str = ""  # said after the name, of a lever that stands in two worlds

    @property
    def title(self) -> str:
        """The name, and the world where there are two of that name."""
        return f"{self.name}, {self.beside}" if self.beside else self.name


PAYS: dict[str, Any] = {"wallet.free_withdrawals": 0}
WALLETS = SHOPS | {"wallet.on": True}
HIDDEN = SHOPS | {"promotion.disclosed": False}
PLACES = SHOPS | {"promotion.disclosed": True}
MOST = PLACES | {"promotion.weight": 0.7}
BRANDS = SHOPS | {"brands.on": True}
UPDATES = SHOPS | {"updates.on": True}
HELP = SHOPS | {"support.on": True}
RIDES: dict[str, Any] = {"rides.on": True}
TRIPS: dict[str, Any] = {"trips.on": True}
BANK: dict[str, Any] = {"banking.on": True, "company.knows_profile": True}
EMPTY = ADVERTS | {"advertising.discovery_slots": 0.0}
PAID = EMPTY | {"subscriptions.on": True}
FEES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)
SALE_FEES = (0.0, 0.005, 0.01, 0.02, 0.05)
CUTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
WEIGHTS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
KEEPS = (0, 50_000, 100_000, 200_000, 400_000, 1_000_000, 2_000_000, 5_000_000)
MONTHLY = (100, 300, 500, 1_000, 2_000, 3_000, 6_000, 10_000)
LOADS = (0.0, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0)
USERS, MERCHANTS, BOTH = ("welfare.users",), ("welfare.merchants",), ("welfare.users", "welfare.merchants")
SELLERS = ("welfare.advertisers",)
FEE, CUT, LINES = "revenue.payment_fees", "revenue.commission", "revenue.business_messages"
DAILY = "users.daily"
FARES = "a fare is the drivers' wage too: for next to nothing few drive, and those who ask stand in the rain"
SPARED = "in a year few have left yet; in ten, eight earn half as much again as thirty, which leave next to nobody"
UNSOLD = "no place is sold any more, and nobody is misled"
UNSEEN = "few adverts are shown any more, which spares people and the sellers they take from"
FEWER = "with free entry more shops stand than are worth their keep (Salop), and fewer cost less"
SOLD = "it is the share of the list that is sold: at 1 there is no more to sell, and a list by bids is still one of shops that sell"

LEVERS: tuple[Lever, ...] = (  # the most important first
    Lever("shopping.commission", CUTS, CUT, "shopping.gmv", BOTH, SHOPS),
    Lever("shopping.listing_fee", KEEPS, "revenue.listing_fees", "merchants.open", BOTH, SHOPS, frees=FEWER),
    Lever("promotion.weight", WEIGHTS, "revenue.promotion", "shopping.gmv", BOTH, PLACES, reason=SOLD, beside="disclosed"),
    Lever("promotion.weight", WEIGHTS, "revenue.promotion", "shopping.gmv", BOTH, HIDDEN, reason=SOLD, beside="hidden"),
    Lever("promotion.reserve", (0, 50, 100, 200, 300, 1_000), "revenue.promotion", "promotion.paid_clicks", MERCHANTS, MOST, frees=UNSOLD),
    Lever("advertising.inbox_slots", LOADS, "revenue.advertising", DAILY, USERS, EMPTY, annoys=True),
    Lever("advertising.discovery_slots", LOADS, "revenue.advertising", DAILY, USERS, EMPTY, annoys=True),
    Lever("advertising.brand_slots", LOADS, "revenue.advertising", DAILY, USERS, EMPTY, annoys=True),
    Lever("advertising.reserve", (0, 300, 600, 1_000, 2_000), "revenue.advertising", "advertising.clicks", SELLERS, ADVERTS, frees=UNSEEN),
    Lever("wallet.payer_fee", FEES, FEE, "wallet.paid", USERS, PAYS),
    Lever("wallet.payee_fee", FEES, FEE, "wallet.paid", USERS, PAYS),
    Lever("wallet.withdrawal_fee", (0.0, 0.001, 0.005, 0.01, 0.02, 0.05), FEE, "wallet.withdrawn", USERS, PAYS),
    Lever("wallet.free_withdrawals", (1_000_000, 300_000, 100_000, 10_000, 0), FEE, "wallet.withdrawn", USERS, {"wallet.withdrawal_fee": 0.01}),
    Lever("wallet.merchant_fee", FEES, FEE, "shopping.wallet_paid", MERCHANTS, WALLETS),
    Lever("wallet.buyer_fee", SALE_FEES, FEE, "shopping.wallet_paid", USERS, WALLETS),
    Lever("subscriptions.price", MONTHLY, "revenue.subscriptions", "subscriptions.payments", USERS, {"subscriptions.on": True}),
    Lever("advertising.inbox_slots", LOADS, "revenue.total", DAILY, USERS, PAID, annoys=True, reason=SPARED, beside="a subscription sold"),
    Lever("trips.commission", (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9), CUT, "trips.sold", ("welfare.airlines", *USERS), TRIPS),
    Lever("rides.commission", (0.0, 0.1, 0.2, 0.3, 0.45, 0.6), CUT, "rides.served", ("welfare.drivers", *USERS), RIDES),
    Lever("rides.start_fare", (0, 500, 1_000, 2_000, 3_000), CUT, "rides.asked", USERS, RIDES, frees=FARES),
    Lever("rides.km_fare", (150, 240, 300, 400, 600), CUT, "rides.asked", USERS, RIDES, frees=FARES),
    Lever("stickers.price", (100, 300, 600, 1_000, 2_000, 3_000), "revenue.stickers", "stickers.sold", USERS, {"stickers.on": True}),
    Lever("banking.rate", (0.06, 0.12, 0.18, 0.24, 0.3, 0.36), "revenue.banking", "banking.applications", USERS, BANK),
    Lever("banking.service_fee", (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8), "revenue.banking", "bank.part", ("welfare.banks",), BANK),
    Lever("banking.deposit_rate", (0.06, 0.045, 0.03, 0.02, 0.01, 0.0), "profit.total", "banking.deposits", USERS, BANK),
    Lever("updates.price", (0.0, 3.0, 10.0, 20.0, 30.0, 50.0), LINES, "updates.sent", BOTH, UPDATES),
    Lever("support.price", (0, 50, 100, 200, 350, 500), LINES, "support.chat", BOTH, HELP),
    Lever("brands.post_price", (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0), LINES, "brands.delivered", BOTH, BRANDS),
)  # fmt: skip


# Every other number that the platform decides, and why nobody pays more for more of it.
NO_PRICE: dict[str, str] = {
    "lucky_money.most": "a limit on gifts between friends",
    "shopping.considered": "how long a list is",
    "brands.most_posts": "a limit on what brands choose; what they pay is the price of a post",
    "assistant.rollout": "who has the assistant: it costs, and sells nothing of its own",
    "advertising.quality_weight": "how bids are ordered",
    "advertising.frequency_cap": "how often one advertiser is repeated; the load is that of the slots",
    "rides.surge_cap": "a limit on what clears a zone",
    "rides.surge_from": "when a zone is cleared",
    "banking.months": "a term of the loan",
    "banking.cut_off": "who is lent to",
    "banking.largest": "a limit",
    "banking.smallest": "a limit",
    "banking.limit_months": "a limit",
    "banking.partners_share": "who lends",
    "company.capital": "what the owners pay in",
    "experiment.share": "who is treated in a test",
    "experiment.begin": "when a test begins",
    "experiment.cluster_size": "how a test divides people",
    "steering.step": "how a lever is moved by rule",
    "steering.review": "how a lever is moved by rule",
    "steering.least": "how a lever is moved by rule",
    "steering.most": "how a lever is moved by rule",
    "steering.least_use": "how a lever is moved by rule",
}


class Switch(NamedTuple):
    """A service that can be switched off, and the world it stands in."""

    name: str
    world: Mapping[str, Any] = {}

    @property
    def title(self) -> str:
        """The name."""
        return self.name


SWITCHES: tuple[Switch, ...] = (
    Switch("messaging.on"),
    Switch("messaging.calls_on"),
    Switch("stories.on"),
    Switch("wallet.on"),
    Switch("lucky_money.on"),
    Switch("shopping.on", {"company.knows_purchases": True}),
    Switch("brands.on", SHOPS),
    Switch("updates.on", HELP),
    Switch("support.chat", HELP),
    Switch("rides.on"),
    Switch("trips.on"),
    Switch("bills.on"),
    Switch("stickers.on"),
    Switch("subscriptions.on"),
    Switch("banking.on", {"company.knows_profile": True}),
    Switch("assistant.on", SHOPS),
)


class Curve(NamedTuple):
    """What a lever or a switch does: by metric, an array of shape (places, seeds). A switch is on, then off."""

    pushed: Lever | Switch
    places: tuple[Any, ...]
    values: dict[str, NDArray[np.float64]]
    person_years: float  # lived in each world

    def mean(self, metric: str) -> NDArray[np.float64]:
        """Means over seeds, one a place."""
        return self.values[metric].mean(axis=1)  # type: ignore[no-any-return]

    def yearly(self, metric: str) -> NDArray[np.float64]:
        """Cents as CNY a person and year, one a place."""
        return self.mean(metric) / 100 / self.person_years

    def change(self, metric: str) -> NDArray[np.float64]:
        """From the first place to the last, one a seed."""
        return self.values[metric][-1] - self.values[metric][0]  # type: ignore[no-any-return]

    def loss(self, metric: str) -> NDArray[np.float64]:
        """From the first place to the worst of the others, one a seed."""
        there = self.values[metric][1:] - self.values[metric][0]
        return np.asarray(there[np.argmin(there.mean(axis=1))])

    def moves(self, metric: str) -> bool:
        """Whether a metric in cents moves by what can be seen, a twentieth of a CNY a person and year."""
        return bool(np.ptp(self.yearly(metric)) > SEEN)

    @property
    def best(self) -> int:
        """The row of the place where the lever earns most."""
        return int(np.argmax(self.mean(self.pushed.earns if isinstance(self.pushed, Lever) else "profit.total")))


class Law(NamedTuple):
    """Whether a lever keeps a law, and what was seen."""

    lever: str
    law: str
    kept: bool
    seen: str


def draw_curve(
    pushed: Lever | Switch,
    users: int = 2_000,
    days: int = 365,
    seeds: Sequence[int] = (1, 2),
    told: Callable[[], None] | None = None,
    lived: dict[str, dict[str, float]] | None = None,
) -> Curve:
    """Let the same people live at each place of a lever, or with and without a service.

    Args:
        users, days, seeds: of each world.
        told: called after each world, one a place and seed.
        lived: summaries of worlds that have lived, by scenario, which are not lived again; new ones are added.
    """
    lived = {} if lived is None else lived
    places = places_of(pushed)
    names = dict.fromkeys(MEASURED)
    if isinstance(pushed, Lever):
        names |= dict.fromkeys((pushed.earns, pushed.quantity))
    values = {name: np.empty((len(places), len(seeds))) for name in names}
    for column, seed in enumerate(seeds):
        base = Scenario.make().with_values({**pushed.world, "run.users": users, "run.days": days, "run.seed": seed})
        friends = Friends.make(base.friends, users, seed)
        for row, place in enumerate(places):
            scenario = base.with_values({pushed.name: place})
            if (key := scenario.to_toml()) not in lived:
                lived[key] = _live(scenario, friends)
            for name in names:
                values[name][row, column] = lived[key][name]
            if told is not None:
                told()
    return Curve(pushed, places, values, users * days / 365)


def _live(scenario: Scenario, friends: Friends) -> dict[str, float]:
    """The summary of a world's life."""
    with closing(World(scenario, friends=friends)) as world:
        while world.running:
            world.step()
        return summarise(world.history, world.metrics)


def places_of(pushed: Lever | Switch) -> tuple[Any, ...]:
    """Where a lever is put, in its setting's own type; a switch is on, then off."""
    if isinstance(pushed, Switch):
        return True, False
    section, _, key = pushed.name.partition(".")
    kind = type(getattr(getattr(Scenario.make(), section), key))
    return tuple(kind(place) for place in pushed.places)


def laws_of(curve: Curve) -> list[Law]:
    """Hold a curve against the laws; what is said of a lever is so with every seed, of a switch in the mean."""
    pushed = curve.pushed
    kept = _of_switch(curve) if isinstance(pushed, Switch) else _of_lever(curve, pushed)
    return [Law(pushed.title, law, bool(is_kept), seen) for law, is_kept, seen in kept]


def _of_switch(curve: Curve) -> Iterator[tuple[str, bool, str]]:
    """Nobody is made happier, or comes more often, by taking away what they like."""
    lost, away = curve.change("welfare.users") / 100 / curve.person_years, curve.change("users.daily")
    without = "without it users are no happier"
    yield without, lost.mean() <= SEEN, f"welfare.users {lost.mean():+,.3g} CNY a person and year"
    usual = curve.mean("users.daily")[0]
    yield "without it nobody comes more often", away.mean() <= usual / 1_000, f"users.daily {away.mean():+,.3g}"


def _of_lever(curve: Curve, lever: Lever) -> Iterator[tuple[str, bool, str]]:
    """What anybody would expect of a lever."""
    bought = curve.mean(lever.quantity)
    less = curve.change(lever.quantity).max() < 0
    yield "the payer buys less", less, f"{lever.quantity} {bought[0]:,.4g} -> {bought[-1]:,.4g}"
    losses = {name: curve.loss(name) / 100 / curve.person_years for name in lever.minds}
    said = ", ".join(f"{name} {loss.mean():+,.4g}" for name, loss in losses.items())
    yield "somebody is worse off", any(loss.max() < 0 for loss in losses.values()), f"{said} CNY a person and year"
    at = f"best at {curve.places[curve.best]:g}"
    inside = 0 < curve.best < len(curve.places) - 1
    yield MOST_INSIDE, inside or bool(lever.reason), at if inside or not lever.reason else f"{at}: {lever.reason}"
    gain, taken = curve.change("welfare.total") / 100 / curve.person_years, curve.yearly(lever.earns).max()
    nothing, said = gain.min() <= max(SEEN, taken * BY_LUCK), f"total {gain.mean():+,.4g} CNY a person and year"
    why = f": {lever.frees}" if lever.frees and not nothing else ""
    yield "a transfer makes nobody richer on the whole", nothing or bool(lever.frees), said + why
    if lever.annoys:
        came = curve.change("users.daily")
        yield "what annoys brings nobody", came.max() < 0, f"users.daily {came.mean():+,.4g}"


def rows_of(curve: Curve, every: bool = False) -> list[dict[str, Any]]:
    """A row a place: revenue, profit, what the payer buys, daily users, and welfare by group.

    Args:
        every: groups that nothing moves too.
    """
    pushed = curve.pushed
    groups = [name for name in WELFARE if every or name == "welfare.users" or curve.moves(name)]
    earns = pushed.earns if isinstance(pushed, Lever) else "revenue.total"
    money = {"revenue": earns, "profit": "profit.total", **{name.partition(".")[2]: name for name in groups}}
    columns = {label: curve.yearly(metric) for label, metric in (money | {"total": "welfare.total"}).items()}
    rows = []
    for row, place in enumerate(curve.places):
        it: dict[str, Any] = {"lever": pushed.title, "place": place}
        it |= {label: float(columns[label][row]) for label in ("revenue", "profit")}
        if isinstance(pushed, Lever) and pushed.quantity != "users.daily":
            it |= {"quantity" if every else pushed.quantity: float(curve.mean(pushed.quantity)[row])}
        elif every:
            it |= {"quantity": float(curve.mean("users.daily")[row])}
        it["daily users"] = float(curve.mean("users.daily")[row])
        rows.append(it | {label: float(at[row]) for label, at in columns.items() if label not in it})
    return rows


def pushed_by_name(only: Iterable[str] | None = None) -> tuple[Lever | Switch, ...]:
    """The levers and switches of these names, or all.

    Raises:
        BadInput: a name that is not in the list.
    """
    every: tuple[Lever | Switch, ...] = (*LEVERS, *SWITCHES)
    if only is None:
        return every
    names = dict.fromkeys(it.name for it in every)
    found: list[Lever | Switch] = []
    for name in dict.fromkeys(only):
        if name not in names:
            if name in NO_PRICE:
                raise BadInput(f"{name} is no price, fee, share or load: {NO_PRICE[name]}")
            near = nearest(name, names) or f"; levers and switches: {', '.join(names)}"
            raise BadInput(f"no lever or switch {name!r} to push{near}")
        found += [it for it in every if it.name == name]
    return tuple(found)
