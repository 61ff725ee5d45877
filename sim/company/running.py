"""Running costs: what it takes to keep a service going, to build it further, and to take in those who sell by it.

A service that is on has staff, who grow with members, and development, a sum a year that is written as one a person of the
population, so that nothing hangs on how many are simulated. A driver who drives for the first time and a shop that opens
are taken in once. So doing everything is not free: a service must earn, or bring people back, for what it costs.
"""

import numpy as np

from sim.engine import luck
from sim.engine.settings import Settings, assumed
from sim.people.users import MEMBERS
from sim.rides import city
from sim.rides.city import CitySettings
from sim.rides.drivers import DriverColumns
from sim.rides.terms import RidesSettings
from sim.shopping import merchant
from sim.shopping.merchant import MerchantColumns
from sim.shopping.promotion import PromotionSettings
from sim.shopping.terms import ShoppingSettings
from sim.state import State

YEAR, MONTH = 365, 30
SOURCE = (
    "facts.csv: LINE's strategic services cost 63.7e9 JPY in 2018, some 22 CNY a user (165 million, from memory), as do "
    "these together; how it divides among them: no source, sweep"
)


def _staff(cents: float, service: str) -> float:
    value: float = assumed.amount(
        cents, "cents a member and month", f"staff who keep {service} going", SOURCE, 0, 4 * cents
    )
    return value


def _development(cents: float, service: str) -> float:
    value: float = assumed.amount(
        cents,
        "cents a person and year",
        f"development of {service}, over all people of the market",
        SOURCE,
        0,
        4 * cents,
    )
    return value


class RunningSettings(Settings):
    """[running] names are those of the services' sections."""

    scale: float = assumed.amount(1.0, "times", "all costs of this section over those given here", "sweep", 0.25, 4)
    wallet_staff: float = _staff(10, "the wallet")
    wallet_development: float = _development(60, "the wallet")
    lucky_money_staff: float = _staff(1, "Lucky Money")
    lucky_money_development: float = _development(15, "Lucky Money")
    shopping_staff: float = _staff(10, "shopping")
    shopping_development: float = _development(100, "shopping")
    promotion_staff: float = _staff(2, "promoted places")
    promotion_development: float = _development(30, "promoted places")
    brands_staff: float = _staff(4, "public accounts")
    brands_development: float = _development(40, "public accounts")
    updates_staff: float = _staff(1, "updates on orders")
    updates_development: float = _development(15, "updates on orders")
    support_staff: float = _staff(3, "shops' help desks, without their agents")
    support_development: float = _development(40, "shops' help desks")
    assistant_staff: float = _staff(5, "the assistant, without its trainers")
    assistant_development: float = _development(200, "the assistant")
    advertising_staff: float = _staff(8, "advertising: sales and review")
    advertising_development: float = _development(80, "advertising")
    rides_staff: float = _staff(15, "rides: help for riders and drivers")
    rides_development: float = _development(120, "rides")
    trips_staff: float = _staff(4, "trips")
    trips_development: float = _development(50, "trips")
    stickers_staff: float = _staff(2, "stickers")
    stickers_development: float = _development(15, "stickers, their drawing among it")
    subscriptions_staff: float = _staff(1, "the subscription")
    subscriptions_development: float = _development(10, "the subscription")
    bills_staff: float = _staff(3, "bills")
    bills_development: float = _development(30, "bills")
    banking_staff: float = _staff(15, "the bank, without checks of loans")
    banking_development: float = _development(150, "the bank")
    driver_onboarding: float = assumed.amount(
        10_000.0, "cents", "taking in a driver: papers, checks, an hour's talk", "no source: sweep", 2_000, 50_000
    )
    shop_onboarding: float = assumed.amount(
        50_000.0, "cents", "taking in a shop, in a full market: a day or two of a seller's work", "no source: sweep", 5_000,
        200_000,
    )  # fmt: skip


SERVICES = tuple(name.removesuffix("_staff") for name in RunningSettings.model_fields if name.endswith("_staff"))


def is_run(state: State, service: str) -> bool:
    """Whether a service is kept going: it is on, or for promotion, places are sold in lists."""
    if service == "promotion":
        return bool(np.any(state.row(PromotionSettings).weight > 0))
    return bool(getattr(state.now, service).on)


def pay_running_costs(state: State) -> None:
    """Each service that is on has its staff and its development paid, and new drivers and shops are taken in."""
    terms, u = state.settings(RunningSettings), luck.draw(state.luck("running.rounding"))
    services = [service for service in SERVICES if is_run(state, service)]
    staff = sum(getattr(terms, f"{service}_staff") for service in services) * state.noted(MEMBERS) / MONTH
    development = sum(getattr(terms, f"{service}_development") for service in services) * state.size / YEAR
    new = _new_drivers(state) * terms.driver_onboarding + _new_shops(state) * terms.shop_onboarding
    for kind, cents in (("staff", staff), ("development", development), ("onboarding", new)):
        state.pay_cost(kind, luck.rounded(terms.scale * cents, u))


def _new_drivers(state: State) -> float:
    """Drivers who drive for the first time, for the people simulated; those who come back need no taking in."""
    rows = state[DriverColumns]
    if not state.settings(RidesSettings).on:
        return 0.0
    new = np.flatnonzero((rows.active == 1) & (rows.taken_in == 0))
    rows.taken_in[new] = 1
    return new.size / city.stands_for(state.size, state.settings(CitySettings))


def _new_shops(state: State) -> float:
    """Shops that opened since yesterday, scaled to the people simulated."""
    rows = state[MerchantColumns]
    if not state.settings(ShoppingSettings).on:
        return 0.0
    new = int(((rows.open == 1) & (rows.taken_in == 0)).sum())
    rows.taken_in[...] = rows.open
    return new * merchant.market_scale(state)
