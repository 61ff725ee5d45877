"""Firms of the Mesa twin: shops, advertisers and the rival messenger, each an ordinary agent."""

from collections.abc import Iterable
from itertools import islice, pairwise
from math import exp
from operator import attrgetter
from typing import TYPE_CHECKING

import mesa

from sim.people.users import MEMBER
from sim.scenario import Scenario

if TYPE_CHECKING:
    from mesa_twin import Person, Twin

ROUNDS, KINDS, GOLDEN = 24, 64, 0.6180339887498949  # of a day; of people, on a circle; from one segment to the next
INBOX, DISCOVERY, BRAND = 0, 1, 2
WEEK, FIRST_BIDS, LESS = 7, 0.85, 0.85
USED_UP, HELD_BACK, PATIENCE, LEAVING, ENTERING = 0.9, 0.95, 4, 0.25, 0.25


class Merchant(mesa.Agent):
    """A shop on its category's circle of tastes, that learns its prices, here and in the open, from its own shoppers."""

    def __init__(self, model: "Twin", category: int) -> None:
        super().__init__(model)
        it = model.shops
        self.category = category
        self.quality = self.random.gauss(it.quality, it.quality_spread)
        self.cost = round(it.cost * exp(self.random.gauss(-(it.cost_spread**2) / 2, it.cost_spread)))
        self.price = self.open_price = self.cost + it.first_markup
        self.place_in_circle, self.place, self.open = 0, 0.0, False
        self.orders_lately = self.off_lately = 0.0
        self.weeks_lately = self.earned_lately = self.profit_lately = self.won_lately = 0.0
        self.circle: list[Merchant] = []
        self.losing, self.closed_on, self.rivals_then = 0, -1, 0
        self.begin_week()

    def value(self) -> float:
        """What it offers for the money at cost."""
        return self.quality - self.model.shopping.price_weight * self.cost / 100

    def settle(self, circle: "list[Merchant]", place_in_circle: int, turn: float) -> None:
        """Take a place on the circle; the first ones are open, and reckon to earn the opening in a month."""
        model, number = self.model, self.model.shops.number
        self.place_in_circle, self.circle = place_in_circle, circle
        self.place = (place_in_circle / max(1, number) + turn) % 1
        self.open = place_in_circle < number
        if self.open:
            self.weeks_lately, self.profit_lately = 1.0, model.opening_cost * 7 / 30
            self.earned_lately = self.profit_lately + model.keep

    def begin_week(self) -> None:
        """Forget the week's customers."""
        self.demand = self.slope = self.open_demand = self.open_slope = 0.0
        self.orders = self.off = 0

    def is_looked_at(self, chance: float, price_weight: float, in_the_open: bool) -> None:
        """Remember how likely this shopper was to buy, and where."""
        slope = price_weight * chance * (1 - chance)
        if in_the_open:
            self.open_demand += chance
            self.open_slope += slope
        else:
            self.demand += chance
            self.slope += slope

    def close_week(self) -> None:
        """Average the week with those before: what it earned more slowly where the market is a sample."""
        model, memory = self.model, self.model.shops.memory
        if not self.open:
            return
        fees = model.shopping.commission * (1 - self.off / max(1, self.orders) / 2)
        earned = self.demand * (self.price * (1 - fees) - self.cost) + self.open_demand * (self.open_price - self.cost)
        self.orders_lately += (self.orders - self.orders_lately) / memory
        self.off_lately += (self.off - self.off_lately) / memory
        won, new = (self.demand + self.open_demand) / model.needs_a_week(), model.market_scale
        self.weeks_lately += new * (1 - self.weeks_lately)
        self.earned_lately += new * (earned - self.earned_lately)
        self.profit_lately += new * (earned - model.keep - self.profit_lately)
        self.won_lately += new * (won - self.won_lately)
        self.losing = self.losing + 1 if self.profit_lately < 0 else 0

    def review(self) -> None:
        """Once a week: go half-way to the best prices, and perhaps close; once in four, perhaps open."""
        if not self.open:
            if self.model.day // 7 % 4 == 3 and self.random.random() < self.model.shops.entering:
                self.consider_opening([shop for shop in self.circle if shop.open])
            return
        if self.slope > 0 and self.demand > 0:
            best, best_open = self.best_prices()
            part = self.model.shops.adjustment
            self.price = max(1, round(self.price + part * (best - self.price)))
            self.open_price = max(1, round(self.open_price + part * (best_open - self.open_price)))
        self.consider_closing()
        self.begin_week()

    def consider_closing(self) -> None:
        """Close after losing weeks as the weakest of the circle; the others wait to see what the place left brings."""
        most = self.model.shops.losing_weeks
        circle = [shop for shop in self.circle if shop.open]
        tired = [shop for shop in circle if shop.losing >= most]
        if self.losing < most or self is not min(tired, key=attrgetter("profit_lately")):
            return
        self.open, self.closed_on, self.rivals_then = False, self.model.day, len(circle)
        self.model.today["merchants.exits"] += 1
        for shop in circle:
            shop.losing = 0
            if shop is not self:
                shop.reckon_with(1 + self.won_lately / max(1e-9, self.weeks_lately))

    def reckon_with(self, factor: float) -> None:
        """So many times as much is to be earned, now that another shop has come or gone."""
        change = self.earned_lately * (factor - 1)
        self.earned_lately += change
        self.profit_lately += change

    def consider_opening(self, stand: "list[Merchant]") -> None:
        """Open, in the widest gap between those who stand, if a month would pay the opening."""
        model = self.model
        passed_on = 1 / (1 - min(0.99, model.shopping.commission))
        markups = [shop.price - shop.cost * passed_on for shop in stand] or [model.shops.first_markup]
        price = max(1, round(self.cost * passed_on + sum(markups) / len(markups)))
        week, share = self.expect(stand, price)
        profit = week - model.keep
        if profit * 30 / 7 <= model.opening_cost:
            return
        self.begin_week()
        self.open, self.losing, self.closed_on, self.price, self.open_price = True, 0, -1, price, price
        self.orders_lately = self.off_lately = 0.0
        self.weeks_lately, self.earned_lately, self.profit_lately, self.won_lately = 1.0, week, profit, share
        places = sorted(shop.place for shop in stand)
        gaps = [after - before for before, after in pairwise([*places, *(place + 1 for place in places[:1])])]
        if gaps:
            widest = gaps.index(max(gaps))
            self.place = (places[widest] + gaps[widest] / 2) % 1
        for shop in stand:
            shop.reckon_with(1 - share)
        model.today["merchants.entries"] += 1
        model.people.do("meet_newcomer", self)

    def expect(self, stand: "list[Merchant]", price: int) -> tuple[float, float]:
        """What a new shop would earn a week, its keep not paid, and the share of needs it would win.

        Half as the open shop most like it, with one more beside it, half as the shop most like it that closed of late.
        """
        model, it = self.model, self.model.shopping
        since = max(0, model.day - 7 * model.shops.learning)
        closed = [
            shop
            for shop in self.circle
            if not shop.open
            and shop.closed_on >= since
            and shop.weeks_lately > 0
            and shop.rivals_then <= len(stand) + 1
        ]
        found = []
        for shops in filter(None, ([shop for shop in stand if shop.weeks_lately > 0], closed)):
            ahead = [self.quality - shop.quality - it.price_weight * (price - shop.price) / 100 for shop in shops]
            like, lead = min(zip(shops, ahead, strict=True), key=lambda one: abs(one[1]))
            better, won = exp(min(1.0, lead)), like.won_lately / like.weeks_lately
            factor = better if shops is closed else better / (1 + won * better)
            found.append((like.earned_lately / like.weeks_lately * factor, min(1.0, won * factor)))
        if found:
            return sum(week for week, _ in found) / len(found), sum(share for _, share in found) / len(found)
        alone = exp(self.quality - 0.25 * it.travel - it.price_weight * price / 100)
        share = alone / (alone + exp(it.outside) + exp(it.doing_without))
        return model.needs_a_week() * share * (price * (1 - min(0.99, it.commission)) - self.cost), share

    def best_prices(self) -> tuple[float, float]:
        """Prices in the thread and in the open that together earn most, of the week's demand.

        A CNY by which the thread is dearer moves some of its buyers to the open.
        """
        it, off = self.model.shopping, self.off_lately / max(1e-9, self.orders_lately)
        fees = min(0.99, it.commission * (1 - off / 2))
        if fees <= 0:
            both = self.cost + 100 * (self.demand + self.open_demand) / (self.slope + self.open_slope)
            return both, both
        stay = exp(-max(0, self.price - self.open_price) / 100 / it.open_trouble)
        know = it.open_known * stay
        moving = self.demand * know / it.open_trouble / max(1e-9, 1 - it.open_known + know)
        thread, outer, kept = self.slope + moving, self.open_slope + moving, (1 - fees) * self.demand
        det = thread * outer - moving * moving
        margin = (kept * outer + moving * self.open_demand) / det
        open_margin = (self.open_demand * thread + moving * kept) / det
        return (self.cost + 100 * margin) / (1 - fees), self.cost + 100 * open_margin


class Auction:
    """Places for adverts that come up together in somebody's day, and who won them."""

    def __init__(self, hour: int, surface: int, places: int = 1, seen: int = 1) -> None:
        self.hour, self.surface, self.places, self.seen = hour, surface, places, seen
        self.winners: list[int] = []

    def award(self, bids: list[float], may: Iterable[int], least: float) -> list[tuple[int, float]]:
        """Give places to the best bidders, best first, at the next one's bid; those of the places that are seen."""
        found = list(islice((one for one in may if bids[one] >= least), self.places + 1))
        self.winners = found[: self.places]
        prices = [max(least, bids[one]) for one in found[1:]] + [least]
        return list(zip(self.winners, prices, strict=False))[: self.seen]


class Advertiser(mesa.Agent):
    """A bidder for clicks of the people it seeks, with a budget that it paces from day to day; or who might be one."""

    def __init__(self, model: "Twin", number: int) -> None:
        super().__init__(model)
        it = model.bidders
        self.begins = number * GOLDEN % 1 * KINDS
        self.value = it.click_value * exp(self.random.gauss(-(it.value_spread**2) / 2, it.value_spread))
        self.first_budget = it.budget * exp(self.random.gauss(-(it.budget_spread**2) / 2, it.budget_spread))
        self.budget = self.first_budget
        self.most = 1 / it.return_target
        self.multiplier = FIRST_BIDS * self.most
        self.active, self.poor_months = False, 0
        self.daily = self.upkeep = self.granted = self.left = self.void = 0
        self.month_granted = self.month_spent = 0
        self.out = ROUNDS
        self.ahead, self.worth_ahead = [0.0] * 3, [0.0] * 3  # bidding as today, less, or more

    def seeks(self, kind: int) -> bool:
        """Whether people of this kind, on a circle of kinds, lie in its segment."""
        return (kind - self.begins) % KINDS < self.model.bidders.reach * KINDS

    def bid(self, match: float) -> float:
        """Cents a click."""
        return max(1.0, self.multiplier * self.value * match)

    def fill_up(self, members: int) -> None:
        """A new day's budget, so much a member of the market, besides what is left of a week's."""
        week = WEEK * self.model.stands_for
        self.daily, self.upkeep = int(self.budget * members), round(self.model.bidders.upkeep * members)
        if self.model.day == 0:  # everyone is in the middle of a week
            self.left = int(week / 2 * self.daily)
        self.granted = self.active * (self.daily + min(self.left, int((week - 1) * self.daily)))
        self.left, self.void, self.out = self.granted, 0, ROUNDS if self.granted else 0

    def is_clicked(self, price: int, match: float, hour: int) -> None:
        """Pay for a click as far as the budget goes."""
        today = self.model.today
        if price <= self.left:
            self.left -= price
            today["advertising.clicks"] += 1
            today["advertising.worth"] += int(self.value * match + 0.5)
            today["revenue.advertising"] += price
        else:
            self.void += price
            today["advertising.void"] += 1
        if self.left <= 0 or self.void:
            self.out = min(self.out, hour + 1)

    def pace(self) -> None:
        """Bid more tomorrow if the budget is not used, less if it does not last."""
        faster, spent = 0.0, self.granted - self.left
        if self.active and self.daily > 0:
            today = (spent + self.void) * ROUNDS / max(1, self.out)
            faster = self.model.bidders.pacing / self.model.stands_for * max(-2.0, 1 - today / self.daily)
        self.multiplier = min(self.most, self.multiplier * exp(faster))
        self.month_granted += self.daily * self.active
        self.month_spent += spent

    def decide(self) -> None:
        """Once a month come, go, or follow the return that is to be had with the budget and with bids."""
        it, spend, seen = self.model.bidders, self.ahead[0], 0.0
        if spend > 0:
            part = min(1.0, self.daily / spend)
            seen = part * self.worth_ahead[0] / (part * spend + self.upkeep)
        enough = seen >= it.return_target
        if not self.active:
            if enough and self.random.random() < ENTERING:
                self.come_or_go("advertisers.entries")
            return
        self.poor_months = 0 if enough else self.poor_months + 1
        if self.poor_months >= PATIENCE and self.random.random() < LEAVING:
            self.come_or_go("advertisers.exits")
            return
        is_low = self.multiplier < HELD_BACK * self.most
        called_for = self.first_budget * (seen / it.return_target) ** it.response
        if not (is_low or self.month_spent >= USED_UP * self.month_granted > 0):
            called_for = min(called_for, self.first_budget)
        self.budget += it.chase * (called_for - self.budget)
        gain, less, more = (
            worth - it.return_target * cents for cents, worth in zip(self.ahead, self.worth_ahead, strict=True)
        )
        if not is_low and less > gain and less >= more:
            self.most *= LESS
        elif not is_low and more > gain:
            self.most = min(self.most / LESS, 1 / it.return_target)
        self.month_granted = self.month_spent = 0

    def come_or_go(self, counted: str) -> None:
        """Begin to advertise, or cease to."""
        self.active, self.poor_months, self.budget = not self.active, 0, self.first_budget
        self.multiplier, self.month_granted, self.month_spent = self.most, 0, 0
        self.model.today[counted] += 1


class Rival(mesa.Agent):
    """Another messenger, as good as its levers and what it copies of our services make it."""

    def __init__(self, model: "Twin", scenario: Scenario) -> None:
        super().__init__(model)
        self.settings, adverts, it = scenario.rival, scenario.advertising, scenario.rival
        slots = it.inbox_slots * adverts.inbox_intrusion + it.discovery_slots * adverts.discovery_intrusion
        self.nuisance, self.unease = adverts.nuisance * slots, model.unease_of_all * it.depth
        self.copied = float(it.services == "ours")
        self.taken = 0.0
        self.beyond_talk = it.advantage

    def worth_to(self, person: "Person") -> float:
        """What a day of use is worth to somebody, in logit units."""
        services = self.copied * person.served * person.memory
        return (
            person.usual + services + self.beyond_talk - self.nuisance * person.aversion - self.unease * person.concern
        )

    def observe(self, taken: float, days_of_use: int) -> None:
        """See what we took of buyers today, of late in the mean: it takes nothing."""
        model = self.model
        if days_of_use:
            self.taken += (taken / days_of_use - self.taken) / model.felt.satisfaction_days
        self.beyond_talk = self.settings.advantage + model.felt.money_worth * self.copied * self.taken
        members = [person for person in model.people if person.membership == MEMBER]
        services = self.copied * sum(person.served * person.memory for person in members) / max(1, len(members))
        model.today["rival.worth"] = self.beyond_talk + services - self.nuisance
