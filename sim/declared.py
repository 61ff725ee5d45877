"""Declared: the metrics and tables of a world, and the memory they take, with those of services of one's own."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from sim import day as days
from sim.advertising import advertiser, advertising
from sim.assistant import assistant
from sim.banking import bank, banking, credit
from sim.bills import bills
from sim.company import company, regulator, rival, steering
from sim.engine.columns import Table
from sim.engine.names import nearest
from sim.engine.settings import BadInput
from sim.ground import queues
from sim.ground.friends.friends import Friends
from sim.ground.ledger import SAVINGS
from sim.ground.metrics import Metric
from sim.messaging import messaging, stories
from sim.payments import lucky_money, purse, wallet
from sim.people import attention, clock, experience, inbox, knowledge, presence, trust, users, welfare
from sim.rides import city, drivers, rides
from sim.scenario import Scenario
from sim.service import Service
from sim.shopping import brands, follows, merchant, needs, orders, promotion, shopping, updates
from sim.state import State
from sim.stickers import stickers
from sim.subscriptions import subscriptions
from sim.support import customers, desks, support
from sim.trips import airlines, trips

MEASURED = (
    users, messaging, wallet, lucky_money, brands, updates, support, bills, banking, bank, shopping, assistant,
    promotion, advertising, stickers.STICKERS, stories, subscriptions, rides, trips, airlines,
    merchant, desks, advertiser, drivers, company, steering, rival, regulator, attention, trust, experience, welfare, clock,
)  # fmt: skip
METRICS: dict[str, Metric] = {
    metric.name: metric for it in MEASURED for metric in (it.measured if isinstance(it, Service) else it.METRICS)
}
PEOPLE: dict[str, type[Table]] = {
    "users": users.UserColumns,
    "felt": experience.FeltColumns,
    "presence": presence.PresenceColumns,
    "trust": trust.TrustColumns,
    "attention": attention.AttentionColumns,
    "purse": purse.PurseColumns,
    "messaging": inbox.InboxColumns,
    "lucky_money": lucky_money.LuckyMoneyColumns,
    "knowledge": knowledge.KnowledgeColumns,
    "advertising": advertising.AdvertisingColumns,
    "stories": stories.StoriesColumns,
    "subscriptions": subscriptions.SubscriptionsColumns,
    **{name: table for it in days.SERVICES for name, table in it.table_names().items() if it.tables[table] == "person"},
}


class Kept(NamedTuple):
    """A table that is not a row a person: how many rows a world needs, and the service without which it needs none."""

    table: type[Table]
    rows: Callable[[State], int]
    service: str = ""


OTHERS: dict[str, Kept] = {
    "usual": Kept(users.UsualColumns, lambda world: 1),
    "news": Kept(trust.NewsColumns, lambda world: 1),
    "outside_option": Kept(experience.OutsideOptionColumns, lambda world: 1),
    "rival": Kept(rival.RivalColumns, lambda world: 1),
    "regulator": Kept(regulator.RegulatorColumns, lambda world: 1),
    "steering": Kept(steering.SteeringColumns, lambda world: 1),
    "bills": Kept(bills.BillsColumns, lambda world: bills.KINDS * world.size, "bills"),
    "loans": Kept(credit.LoanColumns, lambda world: world.size, "banking"),
    SAVINGS: Kept(banking.SavingsColumns, lambda world: world.size, "banking"),
    credit.LOAN_BOOK: Kept(credit.LoanBookColumns, lambda world: 1, "banking"),
    bank.PARTNER_BANKS: Kept(bank.PartnerColumns, lambda world: 1, "banking"),
    "merchants": Kept(merchant.MerchantColumns, merchant.rows_needed, "shopping"),
    "trips": Kept(trips.TripColumns, lambda world: world.size, "trips"),
    "flights": Kept(trips.FlightColumns, trips.flights, "trips"),
    airlines.AIRLINES: Kept(airlines.AirlineColumns, lambda world: 1),
    "practice": Kept(assistant.PracticeColumns, lambda world: 1),
    "purchases": Kept(
        needs.PurchaseColumns,
        lambda world: world.size * world.settings(merchant.MerchantsSettings).categories,
        "shopping",
    ),
    "needs": Kept(needs.NeedColumns, lambda world: world.size, "shopping"),
    "orders": Kept(orders.OrderColumns, orders.rows_needed, "shopping"),
    "told": Kept(
        orders.ToldColumns, lambda world: world.size * world.settings(merchant.MerchantsSettings).categories, "updates"
    ),
    "updates": Kept(updates.UpdatesColumns, merchant.rows_needed, "updates"),
    "customers": Kept(customers.CustomerColumns, lambda world: world.size, "support"),
    "regard": Kept(
        needs.RegardColumns, lambda world: world.size * world.settings(merchant.MerchantsSettings).categories, "support"
    ),
    "desks": Kept(desks.DeskColumns, merchant.markets, "support"),
    "desk_hours": Kept(desks.DutyColumns, lambda world: merchant.markets(world) * queues.HOURS, "support"),
    "desk_agents": Kept(desks.AgentColumns, lambda world: merchant.markets(world) * desks.MOST, "support"),
    "topics": Kept(desks.TopicColumns, desks.topics_needed, "support"),
    "follows": Kept(follows.FollowColumns, lambda world: world.size * follows.SLOTS, "brands"),
    "wishes": Kept(follows.WishColumns, lambda world: world.size, "brands"),
    "brands": Kept(brands.BrandColumns, merchant.rows_needed, "brands"),
    "advertisers": Kept(advertiser.AdvertiserColumns, advertiser.rows_needed, "advertising"),
    "knowing": Kept(advertising.KnowingColumns, lambda world: advertising.CLASSES, "advertising"),
    "drivers": Kept(drivers.DriverColumns, drivers.rows_needed, "rides"),
    "cities": Kept(
        drivers.CityColumns, lambda world: city.number(world.size, world.settings(city.CitySettings)), "rides"
    ),
    "ride_hours": Kept(
        rides.RideHourColumns, lambda world: 24 * city.number(world.size, world.settings(city.CitySettings)), "rides"
    ),
}
SECTORS = (  # of firms, and people's savings: an account a row of the table of that name
    merchant.MERCHANTS,
    advertiser.ADVERTISERS,
    drivers.DRIVERS,
    regulator.REGULATOR,
    airlines.AIRLINES,
    SAVINGS,
    credit.LOAN_BOOK,
    bank.PARTNER_BANKS,
)


# with services of one's own


ROWS: dict[str, Callable[[State], int]] = {  # of a table of a service's own, by what it has a row for
    "person": lambda world: world.size,
    "shop": merchant.rows_needed,
    "world": lambda world: 1,
}


@functools.cache
def metrics_of(services: tuple[Service, ...]) -> dict[str, Metric]:
    """Every metric that a world with these services of one's own measures, by name.

    Raises:
        BadInput: a service declares what is declared already, or divides what nobody measures.
    """
    check(services)
    return METRICS | {metric.name: metric for service in services for metric in service.measured}


@functools.cache
def tables_of(services: tuple[Service, ...]) -> dict[str, Kept]:
    """The tables of services of one's own, by name; such a service that can never be on needs no rows."""
    found = {}
    for service in services:
        for name, table in service.table_names().items():
            each = service.tables[table]
            found[name] = Kept(table, each if callable(each) else ROWS[each], service.name)
    return found


def people_of(services: tuple[Service, ...]) -> tuple[str, ...]:
    """Names of the tables that have a row a person in every world with these services."""
    own = (name for it in services for name, table in it.table_names().items() if it.tables[table] == "person")
    return (*PEOPLE, *own)


@functools.cache
def check(services: tuple[Service, ...]) -> None:
    """Refuse services of one's own that do not go together with the model, or with each other.

    Raises:
        BadInput: naming the service, what is wrong and the nearest right name.
    """
    metrics, tables = dict.fromkeys(METRICS, "the model"), dict.fromkeys((*PEOPLE, *OTHERS), "the model")
    for service in services:
        for taken, what, names in (
            (metrics, "metric", [metric.name for metric in service.measured]),
            (tables, "table", list(service.table_names())),
        ):
            for name in names:
                if name in taken:
                    raise BadInput(
                        f"{service!r}: {what} {name} is declared by {taken[name]} already: give it another name"
                    )
                taken[name] = f"service {service.name!r}"
    for service in services:
        for metric in service.metrics:
            for part in metric.of or ():
                if part not in metrics:
                    raise BadInput(
                        f"{service!r}: {metric.name} divides {part!r}, which nobody measures{nearest(part, metrics)}"
                    )
    days.phases(services)


def memory(scenario: Scenario, friends: Friends | None = None) -> dict[str, int]:
    """Bytes that a world of this scenario takes, by part, and in total; exact for the network where that is given."""
    people = scenario.run.users
    parts = {
        "network": friends.bytes if friends else Friends.bytes_expected(scenario.friends, people),
        "people": people * sum(table.bytes_a_row() for table in PEOPLE.values()),
        **_own_bytes(scenario),
        "purchases": people * scenario.merchants.categories * scenario.can_be_on("shopping"),
        "support": people * support.bytes_a_person(scenario) * scenario.can_be_on("support"),
        "bills": people * bills.KINDS * bills.BillsColumns.bytes_a_row() * scenario.can_be_on("bills"),
        "banking": people * banking.BYTES_A_PERSON * scenario.can_be_on("banking"),
        "orders": int(orders.KEPT * people * scenario.shopping.needs * orders.OrderColumns.bytes_a_row())
        * any(scenario.can_be_on(service) for service in orders.READERS),
        "follows": people
        * (follows.SLOTS * follows.FollowColumns.bytes_a_row() + follows.WishColumns.bytes_a_row())
        * scenario.can_be_on("brands"),
        "told": people * scenario.merchants.categories * scenario.can_be_on("updates"),
        "trips": people * trips.TripColumns.bytes_a_row() * scenario.can_be_on("trips"),
        "accounts": people * 16,
        "a day's work": people * 40,
    }
    return parts | {"total": sum(parts.values())}


def _own_bytes(scenario: Scenario) -> dict[str, int]:
    """Bytes of services of one's own, where there are any; of tables without a row a person nothing is known."""
    return {
        name: table.bytes_a_row() * scenario.run.users * scenario.can_be_on(it.name)
        for it in scenario.services
        for name, table in it.table_names().items()
        if it.tables[table] == "person"
    }
