"""A day, in order. Read this first."""

from collections.abc import Callable

from sim.advertising import advertiser, advertising
from sim.assistant import assistant
from sim.banking import bank, banking, income
from sim.bills import bills
from sim.company import company, events, institutions, regulator, rival, running, steering
from sim.engine.names import nearest
from sim.engine.settings import BadInput
from sim.messaging import messaging, stories
from sim.payments import lucky_money, wallet
from sim.people import (
    attention,
    clock,
    experience,
    experiment,
    joining,
    people,
    presence,
    trust,
    unease,
    users,
    welfare,
)
from sim.rides import drivers, rides
from sim.service import Part, Service
from sim.shopping import brands, merchant, promotion, shopping, updates
from sim.state import State
from sim.stickers import stickers
from sim.subscriptions import subscriptions
from sim.support import desks, support
from sim.trips import airlines, trips

Phase = Callable[[State], None]

DAY: tuple[Part | Phase, ...] = (
    events.take_events,  # dated changes, headlines, outages; what the company's rule has moved
    experiment.treat,  # whoever is treated in a test lives under other values of its levers
    clock.begin_day,  # date and festival
    income.pay_wages,  # wages arrive, and what is above one's savings is spent
    presence.open_app,  # who opens the app
    messaging.MESSAGING,  # friends write to friends
    stories.STORIES,  # and post for all of them to see
    wallet.WALLET_PART,  # money is sent, and what piles up goes to the bank
    lucky_money.LUCKY_MONEY,  # packets are given, opened and sent on
    bills.BILLS_PART,  # utilities and telephone are paid, here or outside, in time or late
    brands.BRANDS,  # brands post, followers read
    assistant.ASSISTANT,  # people ask, and are reminded
    shopping.SHOPPING,  # needs are met in a thread, outside or not at all
    promotion.PROMOTION,  # merchants pay for clicks on promoted places
    shopping.count_take,  # what the platform took of sales
    updates.UPDATES,  # buyers hear how their orders stand
    support.SUPPORT,  # customers are helped in the thread, on the telephone or in public
    brands.follow_brands,  # buyers, their friends and the curious follow; brands plan their posts
    rides.RIDES,  # taxis are called and drive
    trips.TRIPS,  # seats are booked, flights fly or do not
    stickers.STICKERS,  # small pictures are bought
    advertising.ADVERTISING,  # adverts are auctioned, shown and clicked
    subscriptions.SUBSCRIPTIONS,  # those whose day it is pay or stop
    banking.BANKING,  # savings move, loans are asked for and paid back
    wallet.count_wallets,  # who paid, who has a wallet
    unease.add_privacy_unease,  # being known
    trust.spread_privacy_news,  # what is in the news
    experience.feel,  # the day's experience; satisfaction and habit follow
    rival.observe,  # the rival sees what we are worth, and says what it offers
    welfare.count_surplus,  # what people gain by having either
    rival.earn,  # the rival is paid by its days of use
    attention.move_attention,  # between us and the rival; some leave
    joining.step,  # by oneself, with friends, by invitation
    trust.recover_trust,  # news fades, trust heals
    users.count_users,  # who is here
    merchant.pay_shop_costs,  # shops pay their keep
    merchant.count_shops,  # and are counted
    drivers.take_home,  # drivers take home what they earned; some come and go
    regulator.record_exposure,  # what was shown is remembered
    institutions.decide,  # firms whose calendar says so
    running.pay_running_costs,  # what keeps services going, builds them, and takes in who sells by them
    company.pay_costs,  # costs are paid, the books close and must balance
    company.count_welfare,  # who gained
    experiment.count_days,  # who was here is remembered, where there is a test
    steering.record_goal,  # what the company steers by is remembered
)

BIRTH: tuple[Phase, ...] = (
    users.draw_traits,  # who everybody is, and who is a member
    messaging.first_talk,  # what a usual day is worth to them
    presence.draw_eagerness,  # how eager they are, and what an undisturbed day looks like
    rival.launch_rival,  # whether there is a rival
    attention.first_attention,  # who has it too
    income.open_accounts,  # what people hold in the bank
    wallet.first_wallets,  # who has a wallet
    company.found_company,  # the owners pay in capital
    merchant.found_shops,  # shops
    advertiser.found_advertisers,  # and businesses that advertise, or may
    bank.found_partner_banks,  # partner banks
    airlines.found_airlines,  # airlines, their fares at rest
    drivers.found_drivers,  # who drives, and for what
    desks.found_desks,  # help desks
    rival.found_rival,  # the rival, with its own levers
    regulator.found_regulator,  # the regulator
    steering.found_rule,  # the rule that the company steers by
    experiment.draw_treated,  # who is treated, where there is a test
)

PARTS: tuple[Part, ...] = (
    people.PEOPLE,
    experiment.EXPERIMENT,
    *(part for part in DAY if isinstance(part, Part)),
    company.COMPANY_PART,
)


def birth(state: State, services: tuple[Service, ...] = ()) -> list[Phase]:
    """What happens on day 0, in order; a service begins where it can ever be on."""
    begun = (
        service.born for service in services if service.born is not None and state.scenario.can_be_on(service.name)
    )
    return [*BIRTH, *begun]


def name_of(phase: Part | Phase) -> str:
    """The short name of a phase: `messaging.step`."""
    if isinstance(phase, Part):
        return phase.phase
    return f"{phase.__module__.rsplit('.', 1)[-1]}.{phase.__name__}"


def doing(phase: Part | Phase) -> Phase:
    """What is done in a phase.

    Raises:
        ValueError: a part without a step stands in the day.
    """
    if not isinstance(phase, Part):
        return phase
    if phase.step is None:
        raise ValueError(f"{phase.name} has no step")
    return phase.step


def phases(services: tuple[Service, ...] = ()) -> dict[str, Phase]:
    """The day's phases by name, in order, each service of one's own after the phase that it asks for.

    Raises:
        BadInput: there is no such phase.
    """
    following: dict[str, list[Service]] = {}
    for service in services:
        following.setdefault(service.after, []).append(service)
    day: dict[str, Phase] = {}

    def add(name: str, phase: Phase) -> None:
        day[name] = phase
        for service in following.pop(name, ()):  # whoever was named first comes first
            add(service.phase, service.live_day)

    for phase in DAY:
        add(name_of(phase), doing(phase))
    for after, (service, *_) in following.items():
        near = nearest(after, day) or "; `hongbao day` lists them"
        raise BadInput(f"{service!r}: there is no phase {after!r} to come after{near}")
    return day
