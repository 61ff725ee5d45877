"""The rival: another messenger that people may use besides, and may move to.

It has levers of its own: a load of adverts, a cut of sales, paid places, what it knows of people. What a day of use of
it is worth to a person follows from these by the same rules as ours does, and so does what it earns, from the attention
given to it. Its policy says how it answers what we do: it keeps its levers, matches ours, undercuts them, or looks for
its own best, one lever a month, by what it saw its income do.
"""

from typing import Literal

import mesa
import numpy as np
from pydantic import BaseModel

from sim.advertising.terms import AdvertisingSettings
from sim.engine.columns import Column, Table
from sim.engine.kernels import rule
from sim.engine.settings import Settings, assumed
from sim.ground.agents import Field
from sim.ground.ledger import COMPANY
from sim.ground.metrics import flow, ratio, stock
from sim.people import knowledge, unease
from sim.people.experience import MEAN_SATISFACTION, ExperienceSettings, OutsideOptionColumns, rival_terms
from sim.people.knowledge import KnowledgeSettings
from sim.people.users import UsualColumns
from sim.shopping.merchant import MerchantColumns
from sim.shopping.metrics import GMV, WORTH_LOST_TO_ADVICE
from sim.shopping.promotion import LOST_WORTH, PromotionSettings
from sim.shopping.terms import ShoppingSettings
from sim.state import State, settings_of

MONTH = 30
UNTARGETED = 0.48  # loss of income where nothing is known of people (MODEL.md, Advertiser; facts.csv: AdChoices)
LEVERS = {  # of the rival, the step in which it looks for its best, and the most
    "inbox_slots": (0.5, 30.0), "discovery_slots": (0.5, 30.0), "commission": (0.02, 0.4), "promotion": (0.1, 1.0),
}  # fmt: skip


class RivalSettings(Settings):
    """[rival]"""

    on: bool = assumed.switch(True, "whether there is a rival messenger")
    advantage: float = assumed.number(
        0.0, "logit units", "worth of a day on the rival above what its levers make of it", "an equal: sweep", -2.0, 2.0
    )
    services: Literal["ours", "none"] = assumed.word(
        "ours", "whether the rival has the services that we have, or none but messages",
        "round figure: services are copied within months, as Facebook did Snapchat's", unit="services",
    )  # fmt: skip
    strategy: str = assumed.word(
        "", "scenario file whose levers it runs, in place of those below", "a platform like any other", unit="file"
    )
    inbox_slots: float = assumed.number(
        0.0,
        "adverts a day of use",
        "its adverts between the threads of the inbox",
        "none, as WhatsApp",
        0,
        5,
        ge=0,
        le=30,
    )
    discovery_slots: float = assumed.number(
        0.0, "adverts a day of use", "its adverts on the discovery page", "none, as WhatsApp", 0, 5, ge=0, le=30
    )
    commission: float = assumed.share(0.0, "part of each sale that it keeps", "none, as Taobao", 0.0, 0.4)
    promotion: float = assumed.share(0.0, "weight of bids in its rankings", "none", 0.0, 1.0)
    depth: float = assumed.share(0.0, "of the three sources of knowledge of people, those it uses", "none", 0.0, 1.0)
    policy: Literal["fixed", "match", "undercut", "respond"] = assumed.word(
        "fixed",
        "its levers stay; follow ours after a lag; follow them, that much lower; or look for its own best each month",
        unit="policy",
    )
    lag: int = assumed.count(
        90, "days", "time after which it has seen and answered our levers", "no source: sweep", 0, 365
    )
    undercut: float = assumed.share(
        0.5, "part of our levers that it stays below ours when it undercuts", "no source: sweep", 0.1, 1.0
    )
    response: float = assumed.share(
        0.0,
        "part of its shortfall behind our members' satisfaction that it makes good in a month",
        "no source: sweep",
        0,
        0.5,
    )
    advert_income: float = assumed.amount(
        8.6,
        "cents",
        "what it earns by an advert to who sees few, aimed by all sources",
        "fitted: advertising.toml",
        2,
        20,
    )
    paid_share: float = assumed.share(
        0.03, "of sales, what sellers pay for places at full weight", "facts.csv: Alibaba .017-.02 at a weight near .7",
        0.01, 0.1,
    )  # fmt: skip
    distortion: float = assumed.share(
        0.02, "of sales, what buyers lose by paid places at full weight", "fitted: promotion.toml", 0.005, 0.1
    )
    cost: float = assumed.amount(
        0.9, "cents", "its cost of a day of use", "as ours: .5 USD a monthly user and year (facts.csv: Telegram)", 0, 5
    )


class RivalColumns(Table):
    """One row: its levers today, and what it remembers."""

    launched = Column(np.uint8, 0, "1 while the rival is on the market")
    caught_up = Column(np.float64, 0, "what it made good so far", "logit units")
    inbox_slots = Column(np.float64, 0, "adverts between threads", "adverts a day of use")
    discovery_slots = Column(np.float64, 0, "adverts on the page", "adverts a day of use")
    commission = Column(np.float64, 0, "part of each sale")
    promotion = Column(np.float64, 0, "weight of bids")
    depth = Column(np.float64, 0, "share of sources used")
    service_worth = Column(np.float64, 0, "mean worth of our services to members, before our fees", "logit units")
    service_take = Column(np.float64, 0, "what our levers take of buyers on a day of use, of late", "CNY")
    service_sales = Column(np.float64, 0, "sales of our shops on a day of use, of late", "CNY")
    income = Column(np.float64, 0, "since its last review", "cents")
    income_before = Column(np.float64, 0, "between the two reviews before", "cents")
    directions = Column(np.int64, 0, "a bit a lever: 1 where it is next moved down")
    reviews = Column(np.int64, 0, "reviews so far")


RIVAL_UTILITY = stock("rival.worth", "logit units", "mean worth of a day on the rival, beyond talk", "neither")
DAILY_USERS = stock("rival.daily", "people", "people who open the rival on a day", "less")
USER_DAYS = flow("rival.user_days", "days", "days of use of the rival", "less")
INCOME = flow("rival.income", "cents", "what the rival earns", "neither")
PROFIT = flow("rival.profit", "cents", "the same less what carrying its users costs", "neither")
INCOME_A_DAY = ratio("rival.income_a_day", "cents", "its income a day of use", INCOME, USER_DAYS, "neither")
LOAD = stock("rival.load", "adverts", "its adverts a day of use", "neither")
COMMISSION = stock("rival.commission", "share", "its cut of sales", "neither")
METRICS = (RIVAL_UTILITY, DAILY_USERS, USER_DAYS, INCOME, PROFIT, INCOME_A_DAY, LOAD, COMMISSION)


@rule
def advert_income(adverts, income, blindness, power, depth, untargeted):
    """What adverts earn on a day of use, in cents; more of them tire, and those aimed blindly earn less."""
    return adverts * income * (1.0 + adverts / blindness) ** -power * (1.0 - untargeted * (1.0 - depth))


def levers_of(scenario: BaseModel) -> dict[str, float]:
    """The rival's levers were it run as this scenario's platform is: values of [rival] by key."""
    adverts, shopping = settings_of(scenario, AdvertisingSettings), settings_of(scenario, ShoppingSettings)
    shown, sold = float(adverts.on), float(shopping.on)
    return {
        "inbox_slots": shown * adverts.inbox_slots,
        "discovery_slots": shown * (adverts.discovery_slots + adverts.brand_slots),
        "commission": sold * shopping.commission,
        "promotion": sold * settings_of(scenario, PromotionSettings).weight,
        "depth": knowledge.depth(scenario),
    }


class Rival(mesa.Agent):
    """Answers what we do, and is paid by the attention it has."""

    calendar = 1  # it is there every day, and reviews its product every month
    launched, caught_up, service_worth = Field(), Field(), Field()
    service_take, service_sales = Field(), Field()
    inbox_slots, discovery_slots, commission, promotion, depth = Field(), Field(), Field(), Field(), Field()
    income, income_before, directions, reviews = Field(), Field(), Field(), Field()

    def __init__(self, model: State, table: Table) -> None:
        super().__init__(model)
        self.table, self.row = table, 0
        self.launched = model.settings(RivalSettings).on
        self._set(self._own_levers())

    def decide(self) -> None:
        """Every day: move on with its levers, as its policy says; every month review its product."""
        state = self.model
        settings = state.settings(RivalSettings)
        self.launched = settings.on
        if state.day % MONTH == MONTH - 1:
            behind = state.noted(MEAN_SATISFACTION) - state[UsualColumns].satisfaction[0] - self._beyond_talk()
            behind -= self._copied() * self.service_worth
            self.caught_up += settings.response * max(0.0, behind)
        if settings.policy == "fixed":
            self._set(self._own_levers())
        elif settings.policy == "respond":
            if state.day % MONTH == MONTH - 1:
                self._respond()
        else:
            below = settings.undercut if settings.policy == "undercut" else 0.0
            for lever, ours in levers_of(state.now).items():
                seen = getattr(self, lever)
                setattr(self, lever, seen + ((1.0 - below) * ours - seen) / max(1.0, settings.lag))

    def _own_levers(self) -> dict[str, float]:
        settings = self.model.settings(RivalSettings)
        return {lever: getattr(settings, lever) for lever in (*LEVERS, "depth")}

    def _set(self, levers: dict[str, float]) -> None:
        for lever, place in levers.items():
            setattr(self, lever, place)

    def _respond(self) -> None:
        """Take back last month's move if income fell, then move the next lever: coordinate search by its measured slope."""
        names = tuple(LEVERS)
        if self.reviews > 0:
            last = (self.reviews - 1) % len(names)
            if self.income <= self.income_before:
                self._move(names[last], -self._direction(last))
                self.directions = int(self.directions) ^ (1 << last)
        self.income_before, self.income = self.income, 0.0
        next_lever = int(self.reviews) % len(names)
        self._move(names[next_lever], self._direction(next_lever))
        self.reviews += 1

    def _direction(self, lever: int) -> int:
        return -1 if int(self.directions) >> lever & 1 else 1

    def _move(self, lever: str, direction: int) -> None:
        step, most = LEVERS[lever]
        setattr(self, lever, min(most, max(0.0, getattr(self, lever) + direction * step)))

    def _copied(self) -> float:
        return float(self.model.settings(RivalSettings).services == "ours")

    def _service_gain(self) -> float:
        """Utility in CNY that buyers have in the rival's copied shops above ours on a day of use: its levers in place of ours."""
        taken = self.commission * self._passed_on() + self.promotion * self.model.settings(RivalSettings).distortion
        return float(self.service_take - taken * self.service_sales)

    def _passed_on(self) -> float:
        """Part of a fee on sales that buyers pay: cost over price, as sellers price at cost/(1 - fee) and a margin."""
        shops = self.model[MerchantColumns]
        price = float(shops.price.sum(where=shops.open == 1))
        return float(shops.cost.sum(where=shops.open == 1)) / price if price > 0 else 1.0

    def _beyond_talk(self) -> float:
        """Utility of a day on the rival beyond talk and copied services, before adverts and unease, in logit units."""
        gain = self._copied() * self._service_gain()
        money_worth = self.model.settings(ExperienceSettings).money_worth
        return float(self.model.settings(RivalSettings).advantage + self.caught_up + money_worth * gain)

    def write_terms(self) -> None:
        """Say what a day of use is worth beyond talk: in all, by aversion to adverts and by concern for privacy."""
        now, terms = self.model.now, self.model[OutsideOptionColumns]
        adverts = self.model.settings(AdvertisingSettings)
        slots = self.inbox_slots * adverts.inbox_intrusion + self.discovery_slots * adverts.discovery_intrusion
        terms.base[0], terms.copied[0] = self._beyond_talk(), self._copied()
        terms.nuisance[0] = adverts.nuisance * slots
        terms.unease[0] = unease.unease(now, self.model.settings(KnowledgeSettings).privacy_price) * self.depth
        terms.launched[0] = self.launched

    def observe(self, worth: float, days_of_use: int) -> None:
        """See what our services are worth to members, and what we took of the buyers of our shops today.

        Args:
            worth: the members' mean, as they remember it, before our fees, in logit units.
            days_of_use: people who opened the app today.
        """
        self.service_worth = worth
        if days_of_use == 0:
            return
        noted = self.model.noted
        taken = self._passed_on() * self.model.ledger.paid("commission", payee=COMPANY)
        taken += noted(LOST_WORTH) + noted(WORTH_LOST_TO_ADVICE)  # by paid places
        step = 1.0 / self.model.settings(ExperienceSettings).satisfaction_days
        self.service_take += step * (taken / 100 / days_of_use - self.service_take)
        self.service_sales += step * (noted(GMV) / 100 / days_of_use - self.service_sales)

    def earn(self, days_of_use: float) -> None:
        """Book what so many expected days of use of the rival bring it today."""
        state = self.model
        settings, adverts = state.settings(RivalSettings), state.settings(AdvertisingSettings)
        load = self.inbox_slots + self.discovery_slots
        a_day = advert_income(load, settings.advert_income, adverts.tiring, adverts.blindness, self.depth, UNTARGETED)
        if settings.services == "ours":
            a_day += 100 * self.service_sales * (self.commission + self.promotion * settings.paid_share)
        self.income += days_of_use * a_day
        terms = rival_terms(state)
        state.note(RIVAL_UTILITY, terms.base + terms.copied * self.service_worth - terms.nuisance)
        state.note(DAILY_USERS, days_of_use)
        state.note(USER_DAYS, days_of_use)
        state.note(INCOME, days_of_use * a_day)
        state.note(PROFIT, days_of_use * (a_day - settings.cost))
        state.note(LOAD, load)
        state.note(COMMISSION, self.commission)


def launch_rival(state: State) -> None:
    """Day 0, before people divide their attention: whether there is a rival."""
    state[OutsideOptionColumns].launched[0] = state.settings(RivalSettings).on


def found_rival(state: State) -> None:
    """Day 0: the rival begins with its own levers."""
    Rival(state, state.table(RivalColumns)).write_terms()


def _rival(state: State) -> Rival:
    rival: Rival
    (rival,) = state.agents_by_type[Rival]
    return rival


def observe(state: State) -> None:
    """The rival sees what our services are worth and what we take for them, and offers people its own."""
    ours = state[OutsideOptionColumns]
    rival = _rival(state)
    rival.observe(float(ours.served[0]), int(ours.days_of_use[0]))
    rival.write_terms()


def earn(state: State) -> None:
    """The rival is paid by the days of use that it has."""
    _rival(state).earn(float(state[OutsideOptionColumns].rival_days[0]))
