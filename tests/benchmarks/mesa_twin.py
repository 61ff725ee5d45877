"""The same day written as ordinary Mesa agents: a person is an object, luck is a generator, a phase is `do`.

It shares with hongbao the settings of a scenario and the network of friends, and no other line: agreement of the two
checks both, and their times say what columns and kernels are worth. It knows the core day, shops and adverts; whatever
else a scenario switches on it refuses. Written as a Mesa modeller who minds speed would: lists of friends made once,
Python's own generator for single draws, numpy where many are drawn, awake people selected once a day.
"""

import datetime
from bisect import bisect_right
from collections import Counter
from functools import partial
from itertools import accumulate, islice, pairwise
from math import ceil, erfc, exp, floor, log, log1p, sqrt
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

from sim.ground.friends import Friends
from sim.scenario import Scenario

MOST_THREADS, MOST_PACKETS, WAVES = 40, 60, 30
TOP_UP = 10_000
LUCKIEST = 1.5
MOST_PLACES, MOST_MATCH, ROUNDS, SEEN_DAYS = 32, 8.0, 24, 60.0
NEVER, MEMBER, LEFT = 0, 1, 2
METRICS = (
    "users.daily", "users.members", "users.joins", "users.leaves", "messaging.messages", "messaging.answers",
    "messaging.group", "messaging.calls", "messaging.unread", "wallet.transfers", "wallet.senders", "wallet.opened",
    "wallet.topped_up", "wallet.withdrawn", "lucky_money.packets", "lucky_money.value", "lucky_money.senders",
    "experience.mean", "satisfaction.mean", "habit.mean", "welfare.users", "attention.mean", "attention.multihoming",
    "shopping.needs", "shopping.orders", "shopping.gmv", "shopping.worth", "merchants.price", "advertising.shown",
    "advertising.clicks", "advertising.nuisance", "revenue.advertising",
)  # fmt: skip


def check(scenario: Scenario) -> None:
    """Refuse what the twin does not live by: ValueError."""
    on = {name for name, section in scenario.sections().items() if getattr(section, "on", False)}
    unknown = on - {"messaging", "wallet", "lucky_money", "shopping", "advertising", "rival"}
    levers = (
        scenario.wallet.payer_fee, scenario.wallet.payee_fee, scenario.wallet.withdrawal_fee, scenario.wallet.buyer_fee,
        scenario.wallet.merchant_fee, scenario.promotion.weight, scenario.shopping.commission,
        scenario.shopping.listing_fee, scenario.advertising.quality_weight, scenario.rival.response,
    )  # fmt: skip
    others = (
        scenario.events, scenario.advertising.auction != "gsp", scenario.friends.kind == "everyone",
        scenario.shopping.noise != 1, scenario.merchants.people_a_market != scenario.advertisers.people_a_market,
        not on >= {"messaging", "wallet", "lucky_money", "rival"},
    )  # fmt: skip
    if unknown or any(levers) or any(others):
        raise ValueError(f"the twin does not know all that {scenario.name} does: {unknown or (levers, others)}")


def poisson(mean: float, u: float) -> int:
    """Poisson draw by search from zero."""
    chance = total = exp(-mean)
    events = 0
    while u > total and events < 200:
        events += 1
        chance *= mean / events
        total += chance
    return events


def scale_of(mean: float) -> float:
    """What a geometric draw of at least 1 multiplies a logarithm by, for a given mean."""
    return 1 / log1p(-1 / mean) if mean > 1 else 0.0


class Group:
    """A group thread and those in it."""

    def __init__(self) -> None:
        self.members: list[Person] = []
        self.talk = 0


class Person(mesa.Agent):
    """Somebody with friends, a wallet and moods."""

    def __init__(self, model: "Twin", **born: Any) -> None:
        super().__init__(model)
        self.sociability: float = born["sociability"]
        self.income: int = born["income"]
        self.aversion: float = born["advert_aversion"]
        self.concern: float = born["privacy_concern"]
        self.eagerness: float = born["eagerness"]
        self.membership: int = born["membership"]
        self.active: bool = born["active"]
        self.has_rival: bool = born["has_rival"]
        self.has_wallet: bool = born["has_wallet"]
        self.wallet: int = born["wallet"]
        self.bank: int = born["bank"]
        self.experience = self.satisfaction = self.habit = float(born["experience"])
        self.was_active = False
        self.bank_worth = self.random.expovariate(1 / model.terms.bank_worth)
        self.was_member = self.membership == MEMBER
        self.attention = self.was_attentive = float(born["attention"])
        self.joined: int | None = None
        self.friends: list[Person] = []
        self.group = Group()
        self.unread, self.waiting = 0, self
        self.talk = 0
        self.worth = self.nuisance = self.surplus = 0.0
        self.paid_today = self.gave_today = False
        self.threads = model.messaging.threads * sqrt(self.sociability)
        self.length = scale_of(model.messaging.thread_messages * sqrt(self.sociability))
        # shops and adverts
        self.market = 0
        self.bought = 0
        self.last_shop: dict[int, Merchant] = {}
        self.suits: dict[int, list[float]] = {}
        self.misread: dict[int, list[float]] = {}
        self.seen = 0.0
        self.strange = 0
        self.appeal: list[float] = []
        self.matches: list[float] = []
        self.signals = np.empty((2, 0))
        self.believed_at = -1
        self.believed: list[float] = []

    def close_day(self) -> None:
        """Yesterday is over."""
        self.was_active, self.active = self.active, False
        self.was_member, self.was_attentive = self.membership == MEMBER, self.attention
        self.paid_today = self.gave_today = False

    def earn(self) -> None:
        """Wages come, and what is above the usual savings is spent on life outside."""
        self.bank += self.income
        self.bank = min(self.bank, int(self.income * self.model.clock.savings_months))

    def wake_up(self) -> None:
        """Open the app, or not."""
        if self.membership != MEMBER:
            return
        model = self.model
        it, usual = model.presence, model.usual_satisfaction
        u = self.random.random() or 0.5
        lacking = log(u / (1 - u)) - (
            model.calendar
            + self.eagerness
            + it.satisfaction_weight * (self.satisfaction - usual)
            + it.habit_weight * (self.habit - usual)
            + it.unread_weight * (self.unread / (1 + self.unread) - it.usual_unread)
            - it.friends_weight * model.usual_friends
        )
        # friends are only looked at where they can decide it
        self.active = lacking < 0 or (
            lacking < it.friends_weight and it.friends_weight * self.friends_active() > lacking
        )

    def friends_active(self) -> float:
        """Share of friends active yesterday, weighted by how often one turns to them."""
        if not self.friends:
            return 0.0
        shares = zip(self.model.closeness, self.friends, strict=False)
        return sum(share for share, friend in shares if friend.was_active) / sqrt(len(self.friends))

    def any_friend(self) -> "Person | None":
        """A friend, the closer the likelier."""
        friends = self.friends
        return friends[int(len(friends) * self.random.random() ** 2)] if friends else None

    # talk

    def write(self) -> None:
        """Answer who waits, open threads, perhaps call."""
        model, random = self.model, self.random.random
        it, friends, length = model.messaging, self.friends, self.length
        answers = min(self.unread, MOST_THREADS // 2)
        self.unread = 0
        opened = poisson(self.threads * self.attention * model.festive_threads, random())
        messages = in_groups = in_answers = talked = 0
        for thread in range(min(answers + opened, MOST_THREADS)):
            kind = random()
            sent = 1 + int(log(1 - random()) * length)
            is_answer = thread < answers
            if is_answer:
                sent = max(1, int(it.reply_share * sent + random()))
            talk = int(sent * it.media_worth + 0.5) if kind < it.media_share else sent
            if not is_answer and kind > 1 - it.group_share:
                self.group.talk += talk  # comes back when the group is read
                messages += sent
                in_groups += sent
                continue
            if is_answer and thread == 0:
                to = self.waiting
            elif friends:
                to = friends[int(len(friends) * random() ** 2)]
            else:
                continue
            if to.membership != MEMBER:
                continue
            answered = 0
            if to.active:
                if not is_answer:
                    answered = int(it.reply_share * sent + random())
                to.talk += talk + answered
            else:
                to.unread += 1
                to.waiting = self
            talked += talk + answered
            messages += sent + answered
            in_answers += answered + (sent if is_answer else 0)
        if it.calls_on and random() < it.calls * self.attention:
            talked += self.call()
        self.talk += talked
        model.today["messaging.messages"] += messages
        model.today["messaging.group"] += in_groups
        model.today["messaging.answers"] += in_answers

    def call(self) -> int:
        """Call a friend, or three at once; returns what it was worth to oneself, in messages."""
        it, random = self.model.messaging, self.random.random
        minutes = 1 + int(log(1 - random()) * self.model.call_length)
        worth, called = int(minutes * it.minute_worth + 0.5), 0
        for _ in range(3 if random() < it.call_party else 1):
            to = self.any_friend()
            if to is not None and to.active:
                to.talk += worth
                called += 1
        if not called:
            return 0
        self.model.today["messaging.calls"] += 1
        return worth

    def read_group(self) -> None:
        """Read what the group wrote."""
        self.talk += self.group.talk

    # money

    def top_up(self, cents: int) -> None:
        """Bring from the bank what the wallet lacks for payments of so much, in whole hundreds of yuan."""
        if cents > self.wallet:
            brought = min(ceil((cents - self.wallet) / TOP_UP) * TOP_UP, self.bank)
            self.bank -= brought
            self.wallet += brought
            self.model.today["wallet.topped_up"] += brought

    def transfer(self) -> None:
        """Perhaps send a friend money."""
        it, random = self.model.terms, self.random
        if not self.has_wallet or random.random() >= it.transfers:
            return
        to = self.any_friend()
        if to is None or not to.has_wallet or to.membership != MEMBER:
            return
        cents = int(it.transfer * exp(it.transfer_spread * random.gauss(0, 1) - it.transfer_spread**2 / 2))
        if 0 < cents <= self.wallet + self.bank:
            self.model.payments.append((self, to, cents))
            self.model.today["wallet.transfers"] += 1

    def withdraw(self) -> None:
        """Perhaps take to the bank what is above the usual."""
        above = self.wallet - self.model.terms.keeps
        if self.has_wallet and above > 0 and self.random.random() < self.model.terms.withdraws:
            self.wallet -= above
            self.bank += above
            self.worth += self.bank_worth * above / 100
            self.model.today["wallet.withdrawn"] += above

    def give(self) -> None:
        """Perhaps give packets of one's own accord, into the group or to a friend."""
        model, random = self.model, self.random.random
        if not self.has_wallet or random() >= model.giving_chance:
            return
        left = self.wallet + self.bank
        for _ in range(min(MOST_PACKETS, 1 + int(log(1 - random()) * model.giving_length))):
            cents = model.packet()
            if cents > left:
                break
            to: Group | Person | None = self.group
            if random() >= model.gifts.group_share:
                for _ in range(3):
                    to = self.any_friend()
                    if to is not None and to.active and to.has_wallet:
                        break
            if to is not None:
                left -= cents
                model.packets.append((self, to, cents))

    # shops

    def shop(self) -> None:
        """Meet a need in a thread, outside or not at all."""
        model, random = self.model, self.random.random
        it = model.shopping
        if random() >= it.needs:
            return
        category = int(random() * model.categories)
        shops = [shop for shop in model.circles[self.market, category] if shop.open]
        model.today["shopping.needs"] += 1
        if not shops:
            return
        if category not in self.suits:
            self.get_to_know(category)
        suits, weight = self.suits[category], it.price_weight
        reservation = it.reservation * random()
        public = [shop.quality + weight * (reservation - shop.price / 100) - 0.25 * it.travel for shop in shops]
        worth = [seen + suits[shop.place_in_circle] for seen, shop in zip(public, shops, strict=True)]
        considered = self.consider(shops, self.guess(category, shops, public))
        outside = exp(it.outside) + exp(it.doing_without)
        weights = {j: exp(worth[j]) for j in considered}
        total = outside + sum(weights.values())
        for j, chance in weights.items():
            shops[j].is_looked_at(chance / total, weight)
        self.worth += log(total / outside) / weight
        model.today["shopping.worth"] += 100 * log(total / outside) / weight
        at = bisect_right(list(accumulate(weights.values())), random() * total)
        if at < len(considered):
            self.buy(shops[considered[at]], category)

    def get_to_know(self, category: int) -> None:
        """What suits this person among the shops of a category, and how the platform misreads it: for ever."""
        model = self.model
        it, circle = model.shopping, model.circles[self.market, category]
        mine = (model.taste_of(self.group, category) + (1 - it.taste_alike) * (self.random.random() - 0.5)) % 1
        apart = [min(abs(mine - shop.place), 1 - abs(mine - shop.place)) for shop in circle]
        peculiar = model.rng.standard_normal(len(circle)).tolist()
        self.suits[category] = [
            it.travel * (0.25 - way) + it.pair_spread * own for way, own in zip(apart, peculiar, strict=True)
        ]
        self.misread[category] = model.rng.standard_normal(len(circle)).tolist()

    def guess(self, category: int, shops: "list[Merchant]", public: list[float]) -> list[float]:
        """How well the platform thinks that shops suit this person."""
        model, random = self.model, self.random.random
        known = [worth + 1e-6 * random() for worth in public]
        n, noise = model.observations(self), model.knowledge.noise
        if n == 0:
            return known
        part, error = n / (n + noise), sqrt(noise / n)
        suits, misread = self.suits[category], self.misread[category]
        return [
            worth + part * (suits[shop.place_in_circle] + error * misread[shop.place_in_circle])
            for worth, shop in zip(known, shops, strict=True)
        ]

    def consider(self, shops: "list[Merchant]", guess: list[float]) -> list[int]:
        """Places of the shops looked at: the last one, friends' ones, and the best of the platform's list."""
        category = shops[0].category
        known = {self.last_shop.get(category)}
        for _ in range(self.model.shopping.followed):
            friend = self.any_friend()
            if friend is not None and friend.market == self.market:
                known.add(friend.last_shop.get(category))
        considered = [j for j, shop in enumerate(shops) if shop in known]
        for j in sorted(range(len(shops)), key=guess.__getitem__, reverse=True):
            if len(considered) >= self.model.shopping.considered:
                break
            if j not in considered:
                considered.append(j)
        return considered

    def buy(self, shop: "Merchant", category: int) -> None:
        """Buy, by wallet or by card, if there is money for it."""
        if shop.price > self.wallet + self.bank:
            return
        if self.has_wallet:
            self.top_up(shop.price)
            self.wallet -= shop.price
            self.worth += self.random.random() * self.model.terms.buyer_benefit * shop.price / 100
        else:
            self.bank -= shop.price
        self.last_shop[category] = shop
        self.bought += 1
        shop.orders += 1
        shop.earned += shop.price - shop.cost
        self.model.today["shopping.orders"] += 1
        self.model.today["shopping.gmv"] += shop.price

    # adverts

    def see_adverts(self) -> None:
        """Places among the day's talk are auctioned; some adverts are clicked, all of them annoy."""
        model, random = self.model, self.random.random
        it = model.adverts
        room = min(MOST_PLACES - 1, 1 + self.talk // it.talk_a_slot)
        inbox = min(room, int(it.inbox_slots + random()))
        page = min(room, int(it.discovery_slots + random()))
        brand = min(room, int(it.brand_slots + random())) if self.bought else 0
        self.strange = 0
        if not inbox + page + brand:
            self.seen -= self.seen / SEEN_DAYS
            return
        firms = model.advertisers[self.market]
        believed = self.beliefs()
        bids = [max(1.0, firm.pays * match) for firm, match in zip(firms, believed, strict=True)]
        ranked = sorted(range(len(bids)), key=bids.__getitem__, reverse=True)
        times = [0] * len(bids)
        surfaces = [0] * inbox + [1] * (page > 0) + [2] * brand
        self.random.shuffle(surfaces)
        most_clicks = it.click_chance * exp(-self.seen / it.tiring)
        shown, now = [0, 0, 0], model.round
        for surface in surfaces:
            places = page if surface == 1 else 1
            may = (
                one
                for one in ranked
                if times[one] < it.frequency_cap and firms[one].out > now and bids[one] >= model.least_bid
            )
            found = list(islice(may, places + 1))
            for place, one in enumerate(found[:places]):
                shown[surface] += 1
                times[one] += 1
                self.strange += believed[one] > it.too_knowing
                chance = most_clicks * self.appeal[one]
                if surface == 1:
                    chance *= it.position_rate**place
                if random() < chance:
                    price = bids[found[place + 1]] if place + 1 < len(found) else model.least_bid
                    firms[one].is_clicked(int(max(price, model.least_bid)), self.matches[one])
        pain = it.nuisance * self.aversion * (
            shown[0] * it.inbox_intrusion + shown[1] * it.discovery_intrusion + shown[2] * it.brand_intrusion
        )  # fmt: skip
        self.nuisance += pain
        self.seen += (sum(shown) - self.seen) / SEEN_DAYS
        model.today["advertising.shown"] += sum(shown)
        model.today["advertising.nuisance"] += pain

    def beliefs(self) -> list[float]:
        """What the platform expects of this person's match with each advertiser: new when it has seen more of them."""
        n = self.model.observations(self)
        if n != self.believed_at:
            self.believed_at = n
            r = sqrt(n / (n + self.model.knowledge.noise))
            truth, error = self.signals
            grid, table = self.model.expectations(r)
            self.believed = np.interp(r * truth + sqrt(1 - r * r) * error, grid, table).tolist()
        return self.believed

    # the evening

    def feel(self) -> None:
        """The day becomes experience, experience satisfaction, satisfaction habit."""
        model = self.model
        usual = 1 / (1 + exp(-self.eagerness))
        gain = model.attention.rival_talk_worth * (1 - self.attention) * usual / model.money_worth
        if self.membership == MEMBER:
            if self.active:
                unease = self.concern * (model.unease + model.unease_shown * self.strange)
                self.experience = (
                    model.talk_worth * log1p(self.talk) + model.money_worth * self.worth - self.nuisance - unease
                )
                gain += self.experience / model.money_worth
            self.satisfaction += model.nearer * (self.experience - self.satisfaction)
            self.habit += model.slower * (self.satisfaction - self.habit)
        self.surplus += gain
        model.today["welfare.users"] += 100 * gain
        self.talk = 0
        self.worth = self.nuisance = 0.0
        self.strange = 0

    def compare_apps(self) -> None:
        """Perhaps install the rival; once a week, chat more where it is better; with nothing left here, leave."""
        if self.membership != MEMBER:
            return
        model = self.model
        it = model.attention
        if not self.has_rival and self.random.random() < it.installing:
            self.has_rival = True
        if self.has_rival and self.unique_id % 7 == model.day % 7:
            here = sum(friend.was_attentive for friend in self.friends) / max(1, len(self.friends))
            advantage = self.satisfaction - model.rival_worth + it.network_weight * (2 * here - 1)
            target = 1 / (1 + exp(-advantage))
            self.attention += (target - self.attention) * (1 - (1 - 1 / it.moving_days) ** 7)
            if self.attention < it.spent and self.random.random() < 1 - (1 - it.leaving) ** 7:
                self.membership, self.active, self.attention = LEFT, False, 0.0
                model.today["users.leaves"] += 1

    def consider_joining(self) -> None:
        """Join by oneself, or because friends are here; invite friends the day after."""
        model, random = self.model, self.random.random
        it = model.joining
        if self.membership == MEMBER:
            if self.joined == model.day - 1:
                for friend in self.friends:
                    if friend.membership == NEVER and random() < it.invitation:
                        friend.join()
            return
        members = sum(friend.was_member for friend in self.friends) / max(1, len(self.friends))
        hazard = (it.innovation + it.imitation * members) / 365
        if random() < hazard * (it.returning if self.membership == LEFT else 1):
            self.join()

    def join(self) -> None:
        """Become a member, as content as is usual."""
        model = self.model
        self.membership, self.joined, self.attention = MEMBER, model.day, 1.0
        self.experience = self.satisfaction = self.habit = model.usual_satisfaction
        model.today["users.joins"] += 1


class Merchant(mesa.Agent):
    """A shop on its category's circle of tastes, that learns its price from its own shoppers."""

    def __init__(self, model: "Twin", category: int, place_in_circle: int, turn: float) -> None:
        super().__init__(model)
        it = model.shops
        self.category, self.place_in_circle = category, place_in_circle
        self.open = place_in_circle < it.number
        spare = (place_in_circle - it.number + 0.5) / max(1, it.spare)
        self.place = ((place_in_circle / it.number if self.open else spare) + turn) % 1
        self.quality = self.random.gauss(it.quality, it.quality_spread)
        self.cost = round(it.cost * exp(self.random.gauss(-(it.cost_spread**2) / 2, it.cost_spread)))
        self.price = self.cost + it.first_markup
        self.rivals: list[Merchant] = []
        self.losing = 0
        self.forget()

    def forget(self) -> None:
        """A new week."""
        self.demand = self.slope = 0.0
        self.orders = self.earned = 0

    def is_looked_at(self, chance: float, price_weight: float) -> None:
        """Remember how likely this shopper was to buy."""
        self.demand += chance
        self.slope += price_weight * chance * (1 - chance)

    def review(self) -> None:
        """Once a week: go half-way to the best price; close after losing weeks, open where there is money to earn."""
        it, scale = self.model.shops, self.model.market_scale
        if self.open:
            if self.demand > 0:
                best = self.cost + 100 * self.demand / self.slope
                self.price = max(1, round(self.price + it.adjustment * (best - self.price)))
            self.losing = self.losing + 1 if self.earned < it.fixed_cost * scale else 0
            self.open = self.losing < it.losing_weeks
        elif self.model.day // 7 % 4 == 3:
            others = [rival for rival in self.rivals if rival.open]
            earned = sum(rival.earned for rival in others) / (max(1, len(others)) + 1)
            month = (earned - it.fixed_cost * scale) * 30 / 7
            if month > it.opening_cost * scale and self.random.random() < 0.5:
                self.open, self.losing, self.price = True, 0, self.cost + it.first_markup


class Advertiser(mesa.Agent):
    """A bidder for clicks with a budget, that it paces over the day."""

    def __init__(self, model: "Twin") -> None:
        super().__init__(model)
        it = model.bidders
        self.value = it.click_value * exp(self.random.gauss(-(it.value_spread**2) / 2, it.value_spread))
        self.first_budget = it.budget * exp(self.random.gauss(-(it.budget_spread**2) / 2, it.budget_spread))
        self.budget = self.first_budget
        self.multiplier = 1 / it.return_target
        self.daily = self.granted = self.left = self.void = 0
        self.pace = 0.0
        self.out = ROUNDS
        self.month_granted = self.month_spent = self.month_worth = 0
        self.pays = 0.0

    def fill_up(self, members: int) -> None:
        """A new day's budget, so much a member of the market, and what a sample of one may still spend."""
        self.daily = int(self.budget * members)
        kept = min(self.left, int((self.model.stands_for - 1) * self.daily))
        self.granted = self.left = self.daily + kept
        self.void, self.out = 0, ROUNDS if self.granted else 0
        self.pays = self.multiplier * self.value

    def is_clicked(self, price: int, match: float) -> None:
        """Pay for a click as far as the budget goes."""
        if price <= self.left:
            self.left -= price
            self.month_worth += round(self.value * match)
            self.model.today["advertising.clicks"] += 1
            self.model.today["revenue.advertising"] += price
        else:
            self.void += price
        if self.left <= 0 or self.void:
            self.out = min(self.out, self.model.round + 1)

    def review(self) -> None:
        """Every day pace the bids, every month follow the return with the budget."""
        it, most = self.model.bidders, 1 / self.model.bidders.return_target
        spent = self.granted - self.left
        self.month_granted += self.daily
        self.month_spent += spent
        today = (spent + self.void) * ROUNDS / max(1, self.out)
        self.pace += (today - self.pace) / self.model.stands_for
        if self.daily > 0:
            faster = exp(it.pacing * max(-2.0, 1 - self.pace / self.daily))
            self.multiplier = min(most, self.multiplier * faster)
        if self.model.day % 30 == 29:
            spent = self.month_spent
            if spent and self.month_worth < it.return_target * spent:
                self.budget *= 1 - it.chase
            elif spent and (spent >= 0.9 * self.month_granted or self.budget < self.first_budget):
                self.budget *= 1 + it.chase
            else:
                self.budget = max(min(self.budget, self.first_budget), self.budget * (1 - it.chase))
            self.month_granted = self.month_spent = self.month_worth = 0


class Twin(mesa.Model):
    """The platform and its people.

    Args:
        scenario: settings; see `check` for what it may switch on.
        friends: the network.
        born: people on day 0 by column, as `people` draws them; None draws them.
    """

    def __init__(self, scenario: Scenario, friends: Friends, born: dict[str, NDArray[Any]] | None = None) -> None:
        super().__init__(rng=scenario.run.seed)
        check(scenario)
        self.first_date = datetime.date.fromisoformat(scenario.run.start)
        self.clock, self.presence = scenario.clock, scenario.presence
        self.messaging, self.terms, self.gifts = scenario.messaging, scenario.wallet, scenario.lucky_money
        self.attention, self.joining, self.knowledge = scenario.attention, scenario.joining, scenario.knowledge
        self.shopping, self.shops = scenario.shopping, scenario.merchants
        self.adverts, self.bidders = scenario.advertising, scenario.advertisers
        self.company = scenario.company
        self.day = 0
        self.today: Counter[str] = Counter()
        self.packets: list[tuple[Person, Group | Person, int]] = []
        self.payments: list[tuple[Person, Person, int]] = []
        born = people(scenario, friends, self.rng) if born is None else born
        self.people = Person.create_agents(self, scenario.run.users, **{name: of.tolist() for name, of in born.items()})
        self.befriend(friends)
        self.measure_usual(born)
        self.work_out(scenario)
        if self.shopping.on:
            self.open_shops()
        if self.adverts.on:
            self.find_advertisers()
        self.datacollector = mesa.DataCollector({name: partial(_read, name=name) for name in METRICS})

    # day 0

    def befriend(self, friends: Friends) -> None:
        """Lists of friends, closest first, and groups."""
        everyone, rows = list(self.people), friends.rows
        first, friend = rows.first.tolist(), rows.friend.tolist()
        self.groups = [Group() for _ in range(rows.group_first.size - 1)]
        for i, (person, group) in enumerate(zip(everyone, rows.group_of.tolist(), strict=True)):
            person.friends = [everyone[j] for j in friend[first[i] : first[i + 1]]]
            person.group = self.groups[group]
            person.group.members.append(person)
        most = max(len(person.friends) for person in everyone)
        self.closeness = np.diff(np.sqrt(np.arange(most + 1.0))).tolist()

    def measure_usual(self, born: dict[str, NDArray[Any]]) -> None:
        """The undisturbed world that presence is centred on."""
        members = born["membership"] == MEMBER
        self.usual_satisfaction = float(born["experience"][members].mean())
        self.usual_friends = float((1 / (1 + np.exp(-born["eagerness"][members]))).mean() * members.mean())

    def work_out(self, scenario: Scenario) -> None:
        """What is the same for all and on all days."""
        it, felt = self.gifts, scenario.experience
        self.call_length = scale_of(self.messaging.call_minutes)
        self.packet_level = log(it.packet) - it.packet_spread**2 / 2
        self.usual_packet = cut_mean(it.packet, it.packet_spread, it.most)
        self.talk_worth, self.money_worth = felt.talk_worth / log(61), felt.money_worth
        self.nearer, self.slower = 1 - exp(-1 / felt.satisfaction_days), 1 - exp(-1 / felt.habit_days)
        self.rival_worth = self.usual_satisfaction + scenario.rival.advantage
        company = self.company
        depth = (company.knows_purchases + company.knows_profile + company.knows_wearables) / 3
        self.unease, self.unease_shown = self.knowledge.unease * depth, self.knowledge.unease_shown * depth

    def open_shops(self) -> None:
        """Circles of shops, one a market and category, each turned by luck."""
        it, everyone = self.shops, list(self.people)
        markets = max(1, round(len(everyone) / it.people_a_market))
        self.settle_in(everyone, markets)
        self.categories = it.categories
        self.market_scale = min(1.0, len(everyone) / markets / it.people_a_market)
        self.tastes: dict[tuple[Group, int], float] = {}
        self.circles: dict[tuple[int, int], list[Merchant]] = {}
        for market in range(markets):
            for category in range(it.categories):
                turn = self.random.random()
                circle = [Merchant(self, category, place, turn) for place in range(it.number + it.spare)]
                self.circles[market, category] = circle
                for shop in circle:
                    shop.rivals = circle

    @staticmethod
    def settle_in(everyone: list[Person], markets: int) -> None:
        """People of neighbouring numbers share a market, for shops and for adverts."""
        for i, person in enumerate(everyone):
            person.market = i * markets // len(everyone)

    def find_advertisers(self) -> None:
        """Each market's advertisers."""
        it, everyone = self.bidders, list(self.people)
        markets = max(1, round(len(everyone) / it.people_a_market))
        self.settle_in(everyone, markets)
        bounds = [-(-market * len(everyone) // markets) for market in range(markets + 1)]
        self.people_of = [everyone[first:last] for first, last in pairwise(bounds)]
        self.stands_for = max(1.0, it.people_a_market * markets / len(everyone))
        self.advertisers = [[Advertiser(self) for _ in range(it.number)] for _ in self.people_of]
        for person in everyone:
            u = self.rng.random(it.number)
            matches = np.minimum(MOST_MATCH, -np.log1p(-u))
            person.matches, person.appeal = matches.tolist(), (matches**self.adverts.click_match).tolist()
            person.signals = np.array([ndtri(u), self.rng.standard_normal(it.number)])
        self.least_bid = float(max(1, self.adverts.reserve))
        self.round = 0
        self.tables: dict[float, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    # a day

    def step(self) -> None:
        """Live one day."""
        self.today = Counter()
        self.people.do("close_day")
        self.turn_page()
        self.people.shuffle_do("wake_up")
        awake = self.people.select(lambda person: person.active)
        self.today["users.daily"] = len(awake)
        awake.shuffle_do("write")
        awake.do("read_group")
        awake.shuffle_do("transfer")
        self.settle()
        awake.do("withdraw")
        awake.shuffle_do("give")
        self.open_packets()
        if self.shopping.on:
            awake.shuffle_do("shop")
        if self.adverts.on:
            self.show_adverts(awake)
        self.people.do("feel")
        self.measure()
        self.people.shuffle_do("compare_apps")
        self.measure_attention()
        self.people.shuffle_do("consider_joining")
        if self.shopping.on and self.day % 7 == 6:
            self.agents_by_type[Merchant].do("review")
            self.agents_by_type[Merchant].do("forget")
        self.datacollector.collect(self)
        self.day += 1

    def turn_page(self) -> None:
        """The date: weekday, festival, payday."""
        date = self.first_date + datetime.timedelta(days=self.day)
        festival = 0.0
        for first in map(datetime.date.fromisoformat, self.clock.festivals):
            if 0 <= (date - first).days < self.clock.festival_days:
                festival = 1.0 if date == first else self.clock.festival_afterglow
        self.calendar = self.presence.weekend * ((date.weekday() >= 5) - 2 / 7) + self.presence.festival * festival
        self.festive_threads = 1 + self.messaging.festival * festival
        self.be_generous(1 + (self.gifts.festival - 1) * festival)
        for group in self.groups:
            group.talk = 0
        if date.day == self.clock.payday:
            self.people.do("earn")

    def be_generous(self, festive: float) -> None:
        """Today's chance to give, and packets of who gives."""
        it = self.gifts
        rate = it.sending * it.packets * festive
        self.giving_chance = 1 - (1 - it.sending) ** festive
        mean = rate / self.giving_chance
        if mean < 1:
            self.giving_chance, mean = rate, 1.0
        self.giving_length = scale_of(mean)

    def packet(self) -> int:
        """Cents in a packet."""
        it = self.gifts
        return max(1, min(it.most, int(exp(self.packet_level + it.packet_spread * self.random.gauss(0, 1)))))

    def open_packets(self) -> None:
        """Friends who are here open packets and send on a part of what they got, wave by wave."""
        for wave in range(WAVES):
            if not self.packets:
                return
            wishes: list[tuple[Person, Group | Person, int]] = []
            for sender, to, cents in self.packets:
                self.open_packet(sender, to, cents, wishes, wave)
            self.settle()
            self.packets = []
            promised: Counter[Person] = Counter()
            for who, to, number in wishes:
                for _ in range(number):
                    cents = self.packet()
                    if promised[who] + cents <= who.wallet + who.bank:
                        promised[who] += cents
                        self.packets.append((who, to, cents))
        self.packets = []

    def open_packet(self, sender: Person, to: Group | Person, cents: int, wishes: list[Any], wave: int) -> None:
        """One packet is split among the first who see it; whoever has no wallet may open one for it."""
        it, random, today = self.gifts, self.random.random, self.today
        others = to.members if isinstance(to, Group) else [to]
        turn = int(random() * len(others))
        openers: list[Person] = []
        for one in others[turn:] + others[:turn]:
            if one is sender or not one.active or len(openers) >= min(it.openers, cents):
                continue
            if not one.has_wallet:
                if random() >= self.terms.opening:
                    continue
                one.has_wallet = True
                today["wallet.opened"] += 1
            openers.append(one)
        if not openers:
            return
        rest, shares = cents, []
        for left in range(len(openers), 0, -1):
            if left == 1:
                share = rest
            elif it.split == "equal":
                share = rest // left
            else:
                share = min(rest - (left - 1), max(1, int(random() * 2 * rest / left)))
            shares.append(share)
            rest -= share
        largest = max(shares)
        luckiest = shares.index(largest)
        sender.talk += it.packet_talk * len(openers)
        if not sender.gave_today:
            sender.gave_today = True
            today["lucky_money.senders"] += 1
        for place, (opener, share) in enumerate(zip(openers, shares, strict=True)):
            self.payments.append((sender, opener, share))
            opener.talk += it.packet_talk
            moved = LUCKIEST if place == luckiest else 1.0
            more = it.contagion * share / self.usual_packet * moved / (1 + (LUCKIEST - 1) * largest / cents)
            number = floor(more + random())
            if number:
                wishes.append((opener, to if isinstance(to, Group) else sender, number))
        today["lucky_money.packets"] += 1
        today["lucky_money.value"] += cents

    def settle(self) -> None:
        """Payments between friends: payers fill their wallets, then the money moves."""
        due: Counter[Person] = Counter()
        for payer, _, cents in self.payments:
            payer.worth += cents / self.terms.fee_dislike / 100
            due[payer] += cents
        for payer, cents in due.items():
            payer.top_up(cents)
            payer.paid_today = True
        for payer, payee, cents in self.payments:
            payer.wallet -= cents
            payee.wallet += cents
        self.payments = []

    def show_adverts(self, awake: Any) -> None:
        """Budgets are filled up, everyone awake sees adverts at some hour of the day, advertisers review."""
        for firms, local in zip(self.advertisers, self.people_of, strict=True):
            members = sum(person.membership == MEMBER for person in local)
            for firm in firms:
                firm.fill_up(members)
        for i, person in enumerate(awake.shuffle()):
            self.round = ROUNDS * i // len(awake)
            person.see_adverts()
        self.agents_by_type[Advertiser].do("review")

    def measure(self) -> None:
        """How people are."""
        members = [person for person in self.people if person.membership == MEMBER]
        awake = [person for person in members if person.active]
        number = max(1, len(members))
        self.today["users.members"] = len(members)
        self.today["wallet.senders"] = sum(person.paid_today for person in self.people)
        self.today["messaging.unread"] = sum(person.unread / (1 + person.unread) for person in members) / number
        self.today["satisfaction.mean"] = sum(person.satisfaction for person in members) / number
        self.today["habit.mean"] = sum(person.habit for person in members) / number
        self.today["experience.mean"] = sum(person.experience for person in awake) / max(1, len(awake))
        if self.shopping.on:
            prices = [shop.price for shop in self.agents_by_type[Merchant] if shop.open]
            self.today["merchants.price"] = sum(prices) / max(1, len(prices))

    def measure_attention(self) -> None:
        """Where members chat."""
        members = [person for person in self.people if person.membership == MEMBER]
        number = max(1, len(members))
        self.today["attention.mean"] = sum(person.attention for person in members) / number
        self.today["attention.multihoming"] = sum(person.has_rival for person in members) / number

    # what agents ask

    def taste_of(self, group: Group, category: int) -> float:
        """Where a group's taste lies on the circle of a category."""
        return self.tastes.setdefault((group, category), self.random.random())

    def observations(self, person: Person) -> int:
        """What the platform has seen of a person."""
        company, it = self.company, self.knowledge
        seen = min(person.bought, it.most_purchases) if company.knows_purchases else 0
        return seen + it.profile * company.knows_profile + it.wearables * company.knows_wearables

    def expectations(self, r: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Expected match by signal, where the signal has correlation r with it: for np.interp."""
        if r not in self.tables:
            grid = np.linspace(-5, 5, 201)
            nodes, weights = np.polynomial.hermite_e.hermegauss(60)
            z = r * grid[:, None] + sqrt(1 - r * r) * nodes
            self.tables[r] = grid, np.minimum(MOST_MATCH, -log_ndtr(-z)) @ weights / weights.sum()
        return self.tables[r]


def _read(model: Twin, name: str) -> float:
    return model.today[name]


def cut_mean(mean: float, spread: float, most: float) -> float:
    """Mean of a lognormal amount cut at `most`."""
    if spread == 0:
        return min(mean, most)
    z = (log(most / mean) + spread**2 / 2) / spread
    return mean * erfc((spread - z) / sqrt(2)) / 2 + most * erfc(z / sqrt(2)) / 2


def people(scenario: Scenario, friends: Friends, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Who everybody is on day 0, by column; shape (users,) each."""
    size, traits, wallet = scenario.run.users, scenario.users, scenario.wallet

    def lognormal(mean: float, spread: float) -> NDArray[np.float64]:
        return mean * rng.lognormal(-(spread**2) / 2, spread, size)

    shares, messages = np.array(traits.age_shares), np.array(traits.age_messages)
    age = rng.choice(shares.size, size, p=shares / shares.sum())
    wish = messages / (messages * shares / shares.sum()).sum()
    sociability = wish[age] * lognormal(1, traits.sociability_spread)
    income = lognormal(traits.income, traits.income_spread).astype(np.int64)
    member = rng.random(size) < traits.first_members
    eagerness = rng.normal(scenario.presence.eagerness, scenario.presence.eagerness_spread, size)
    rows, alike = friends.rows, wallet.owners_alike
    own, group = rng.standard_normal(size), rng.standard_normal(rows.group_first.size - 1)[rows.group_of]
    owns = member & (ndtr(sqrt(1 - alike) * own + sqrt(alike) * group) < wallet.first_owners)
    savings = (income * rng.random(size) * 2 * scenario.clock.savings_months).astype(np.int64)
    held = np.minimum(savings, (wallet.keeps * rng.random(size)).astype(np.int64)) * owns
    concern, both = traits.privacy_concern, member & (rng.random(size) < scenario.attention.has_rival)
    experience = first_talk(scenario, sociability)
    return {
        "sociability": sociability,
        "income": income,
        "advert_aversion": lognormal(1, traits.advert_aversion_spread),
        "privacy_concern": concern_of(rng.random(size), concern, traits.unconcerned),
        "eagerness": eagerness,
        "membership": np.where(member, MEMBER, NEVER),
        "active": member & (rng.random(size) < 1 / (1 + np.exp(-eagerness))),
        "has_rival": both,
        "attention": first_attention(scenario, member, both, experience),
        "has_wallet": owns,
        "wallet": held,
        "bank": savings - held,
        "experience": experience,
    }


def concern_of(u: NDArray[np.float64], mean: float, unconcerned: float) -> NDArray[np.float64]:
    """Concern for privacy: some do not mind at all, of the others a power of a uniform number."""
    minding = max(mean, 1 - unconcerned)
    above = np.maximum(0, u - (1 - minding)) / minding
    return above ** (minding / mean - 1) if 0 < mean < 1 else np.full(u.size, mean)


def first_attention(
    scenario: Scenario, member: NDArray[np.bool_], both: NDArray[np.bool_], experience: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where those who also have the rival rest if it is an equal, see sim/people/attention.py."""
    here = member.astype(np.float64)
    for _ in range(30):
        drawn = scenario.attention.network_weight * (2 * here.mean() - 1)
        here[both] = 1 / (1 + np.exp(-(experience[both] - experience[member].mean() + drawn)))
    return here


def first_talk(scenario: Scenario, sociability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The experience of everyone's usual day, see sim/services/messaging.py."""
    it, here = scenario.messaging, scenario.users.first_members
    answered = 1 + it.reply_share * scenario.presence.usual_share
    threads = it.threads * np.sqrt(sociability)
    talk = here * it.thread_messages * answered * (threads * np.sqrt(sociability) + it.threads)
    scatter = 1 / (here * (threads + it.threads) * answered)
    return scenario.experience.talk_worth / log(61) * np.maximum(0, np.log1p(talk) - scatter)
