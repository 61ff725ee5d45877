"""Levers pushed from nothing to their most: no free lunch.

For every price, fee, share and load that the platform decides, the same people with the same luck live once at each of
several places of the lever. What anybody would expect of an economy in which people can go elsewhere are laws: the
payer buys less, somebody is worse off, revenue rises and then falls inside the range (or a reason says why not), a mere
transfer makes nobody richer on the whole, and what annoys brings nobody. An optimiser that finds a lunch for free has
found a fault of the model, not a business.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.settings import BadInput
from sim.experiments.intervals import paired
from sim.firms.company import GROUPS
from sim.ground.friends import Friends
from sim.results import summarise
from sim.scenario import Scenario
from sim.world import World

WELFARE = tuple(f"welfare.{group}" for group in GROUPS)
MEASURED = ("revenue.total", "profit.total", "users.daily", "users.members", *WELFARE, "welfare.total")
SHOPS: dict[str, Any] = {"shopping.on": True, "company.knows_purchases": True}
ADVERTS = SHOPS | {"advertising.on": True, "advertising.discovery_slots": 1.0, "company.knows_profile": True}


class Lever(NamedTuple):
    """A lever, the world in which it has something to move, and what it is known to be for."""

    name: str
    places: tuple[float, ...]  # from nothing (or its least) to its most
    earns: str  # metric: what it brings in
    quantity: str  # metric: what its payer buys, or what it annoys
    minds: tuple[str, ...]  # metrics of welfare of which one must fall
    world: Mapping[str, Any]  # decided values besides
    annoys: bool = False  # then nobody comes more often for it
    pays_for_itself: str = ""  # why it may be best at the end of its range, or raise the total


PAYS: dict[str, Any] = {"wallet.free_withdrawals": 0}
WALLETS = SHOPS | {"wallet.on": True}
PLACES = SHOPS | {"promotion.disclosed": True}
BRANDS = SHOPS | {"brands.on": True}
UPDATES = SHOPS | {"updates.on": True}
HELP = SHOPS | {"support.on": True}
RIDES: dict[str, Any] = {"rides.on": True}
TRIPS: dict[str, Any] = {"trips.on": True}
BANK: dict[str, Any] = {"banking.on": True, "company.knows_profile": True}
FEES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)
LOADS = (0.0, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0)
USERS, MERCHANTS = ("welfare.users",), ("welfare.merchants",)

LEVERS: tuple[Lever, ...] = (
    Lever("wallet.payer_fee", FEES, "revenue.payment_fees", "wallet.paid", USERS, PAYS),
    Lever("wallet.payee_fee", FEES, "revenue.payment_fees", "wallet.paid", USERS, PAYS),
    Lever("wallet.withdrawal_fee", (0.0, 0.001, 0.003, 0.01), "revenue.payment_fees", "wallet.withdrawn", USERS, PAYS),
    Lever("wallet.merchant_fee", (0.0, 0.006, 0.01, 0.02, 0.05), "revenue.payment_fees", "shopping.wallet_paid", MERCHANTS, WALLETS),
    Lever("wallet.buyer_fee", (0.0, 0.006, 0.01, 0.02, 0.05), "revenue.payment_fees", "shopping.wallet_paid", USERS, WALLETS),
    Lever("shopping.commission", (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4), "revenue.commission", "shopping.gmv", (*USERS, *MERCHANTS), SHOPS),
    Lever("shopping.listing_fee", (0, 50_000, 100_000, 200_000, 400_000, 1_000_000), "revenue.listing_fees", "merchants.open", (*USERS, *MERCHANTS), SHOPS),
    Lever("promotion.weight", (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0), "revenue.promotion", "shopping.orders", (*USERS, *MERCHANTS), PLACES),
    Lever("promotion.reserve", (0, 50, 100, 300, 1_000), "revenue.promotion", "promotion.paid_clicks", MERCHANTS, PLACES | {"promotion.weight": 0.7}),
    Lever("brands.post_price", (0.0, 1.0, 2.0, 5.0, 10.0, 20.0), "revenue.business_messages", "brands.delivered", MERCHANTS, BRANDS),
    Lever("updates.price", (0.0, 5.0, 10.0, 20.0, 50.0), "revenue.business_messages", "updates.sent", (*MERCHANTS, *USERS), UPDATES),
    Lever("support.price", (0, 50, 100, 200, 500), "revenue.business_messages", "support.chats", (*MERCHANTS, *USERS), HELP),
    Lever("advertising.inbox_slots", LOADS, "revenue.advertising", "users.daily", USERS, ADVERTS | {"advertising.discovery_slots": 0.0}, annoys=True),
    Lever("advertising.discovery_slots", LOADS, "revenue.advertising", "users.daily", USERS, ADVERTS, annoys=True),
    Lever("advertising.brand_slots", LOADS, "revenue.advertising", "users.daily", USERS, ADVERTS | {"advertising.discovery_slots": 0.0}, annoys=True),
    Lever("advertising.reserve", (0, 300, 600, 1_000, 2_000), "revenue.advertising", "advertising.clicks", ("welfare.advertisers",), ADVERTS),
    Lever("rides.commission", (0.0, 0.1, 0.2, 0.3, 0.5, 0.8), "revenue.commission", "rides.served", ("welfare.drivers", *USERS), RIDES),
    Lever("rides.start_fare", (0, 500, 1_000, 2_000, 3_000), "revenue.commission", "rides.served", USERS, RIDES),
    Lever("rides.km_fare", (50, 150, 240, 400, 600), "revenue.commission", "rides.served", USERS, RIDES),
    Lever("trips.commission", (0.0, 0.05, 0.1, 0.2, 0.5, 0.9), "revenue.commission", "trips.tickets", ("welfare.airlines", *USERS), TRIPS),
    Lever("stickers.price", (100, 300, 600, 1_000, 2_000, 3_000), "revenue.stickers", "stickers.packs", USERS, {"stickers.on": True}),
    Lever("subscriptions.price", (100, 500, 1_000, 3_000, 6_000, 10_000), "revenue.subscriptions", "subscriptions.payments", USERS, {"subscriptions.on": True}),
    Lever("banking.rate", (0.06, 0.12, 0.18, 0.24, 0.36), "revenue.banking", "banking.applications", USERS, BANK),
    Lever("banking.service_fee", (0.0, 0.1, 0.2, 0.35, 0.5), "revenue.banking", "banking.partners_lent", ("welfare.banks",), BANK),
)  # fmt: skip


class Curve(NamedTuple):
    """What a lever does: by metric, an array of shape (places, seeds)."""

    lever: Lever
    values: dict[str, NDArray[np.float64]]

    def mean(self, metric: str) -> NDArray[np.float64]:
        """Means over seeds, one a place."""
        return self.values[metric].mean(axis=1)  # type: ignore[no-any-return]

    @property
    def best(self) -> float:
        """The place where the lever earns most."""
        return self.lever.places[int(np.argmax(self.mean(self.lever.earns)))]


class Law(NamedTuple):
    """Whether a lever keeps a law, and what was seen."""

    lever: str
    law: str
    kept: bool
    seen: str


def draw_curve(
    lever: Lever,
    users: int = 2_000,
    days: int = 365,
    seeds: Sequence[int] = (1, 2),
    told: Callable[[], None] | None = None,
) -> Curve:
    """Let the same people live at each place of a lever.

    Args:
        users, days, seeds: of each world.
        told: called after each of `len(lever.places) * len(seeds)` worlds.
    """
    names = dict.fromkeys((*MEASURED, lever.earns, lever.quantity))
    values: dict[str, NDArray[np.float64]] = {name: np.empty((len(lever.places), len(seeds))) for name in names}
    for column, seed in enumerate(seeds):
        base = Scenario.make().with_values({**lever.world, "run.users": users, "run.days": days, "run.seed": seed})
        friends = Friends.make(base.friends, users, seed)
        for row, place in enumerate(lever.places):
            default = getattr(getattr(base, lever.name.partition(".")[0]), lever.name.partition(".")[2])
            scenario = base.with_values({lever.name: int(place) if isinstance(default, int) else float(place)})
            with closing(World(scenario, friends=friends)) as world:
                while world.running:
                    world.step()
                found = summarise(world.history, world.metrics)
            for name in names:
                values[name][row, column] = found[name]
            if told is not None:
                told()
    return Curve(lever, values)


def laws_of(curve: Curve) -> list[Law]:
    """Hold a lever's curve against the laws."""
    lever, places = curve.lever, curve.lever.places
    found = []

    def hold(law: str, kept: bool, seen: str) -> None:
        found.append(Law(lever.name, law, bool(kept), seen))

    earned, bought = curve.mean(lever.earns), curve.mean(lever.quantity)
    hold("the payer buys less", bought[-1] < bought[0], f"{lever.quantity} {bought[0]:,.6g} -> {bought[-1]:,.6g}")
    losses = {name: paired(curve.values[name][-1], curve.values[name][0]).mean for name in lever.minds}
    said = ", ".join(f"{name} {loss / 100:+,.0f} CNY" for name, loss in losses.items())
    hold("somebody is worse off", min(losses.values()) < 0, said)
    top = int(np.argmax(earned))
    inside = 0 < top < len(places) - 1
    why = f" ({lever.pays_for_itself})" if lever.pays_for_itself and not inside else ""
    hold(
        "it earns most inside its range, or says why not",
        inside or bool(lever.pays_for_itself),
        f"best at {places[top]:g}{why}",
    )
    gain = paired(curve.values["welfare.total"][-1], curve.values["welfare.total"][0])
    hold(
        "nothing is gained by a transfer",
        gain.low <= 0 or bool(lever.pays_for_itself),
        f"total {gain.mean / 100:+,.0f} CNY",
    )
    if lever.annoys:
        came = paired(curve.values["users.daily"][-1], curve.values["users.daily"][0])
        hold("what annoys brings nobody", came.mean < 0, f"daily users {came.mean:+,.1f}")
    return found


def levers(only: Iterable[str] | None = None) -> tuple[Lever, ...]:
    """The levers of these names, or all.

    Raises:
        BadInput: a lever that is not in the list.
    """
    if only is None:
        return LEVERS
    by_name = {lever.name: lever for lever in LEVERS}
    if unknown := [name for name in only if name not in by_name]:
        raise BadInput(f"no lever {unknown[0]!r} to push: {', '.join(by_name)}")
    return tuple(by_name[name] for name in only)
