"""The same day written as ordinary Mesa agents: a person is an object, luck is a generator, a phase is `do`.

It shares with hongbao the settings of a scenario and the network of friends, and no other line: agreement of the two
checks both, and their times say what columns and kernels are worth. It knows the core day, trust, shops and adverts;
whatever else a scenario switches on it refuses. Its firms are in twin_firms.py. Written as a Mesa modeller who minds
speed would: lists of friends made once, Python's own generator for single draws, numpy where many are drawn, awake
people selected once a day.
"""

import datetime
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import accumulate, pairwise
from math import ceil, erfc, exp, floor, inf, log, log1p, sqrt
from operator import attrgetter
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri
from twin_firms import BRAND, DISCOVERY, INBOX, KINDS, LESS, ROUNDS, Advertiser, Auction, Merchant, Rival

from sim.ground.friends.friends import Friends
from sim.scenario import Scenario

MOST_THREADS, MOST_PACKETS, WAVES = 40, 60, 30
TOP_UP = 10_000
LUCKIEST = 1.5
MONTH, USUAL_CONCERN = 365 / 12, 0.3
FARTHEST = 2.0  # logit units by which a rival can look better to who thinks of installing it
MOST_PLACES, SCREEN, MOST_MATCH, SEEN_DAYS, LOOKED_AT = 32, 4, 8.0, 60.0, 400
NEVER, MEMBER, LEFT, DROPPED_OUT = 0, 1, 2, 3
METRICS = (
    "users.daily", "users.members", "users.joins", "users.leaves", "messaging.messages", "messaging.answers",
    "messaging.group", "messaging.calls", "messaging.unread", "wallet.transfers", "wallet.senders", "wallet.opened",
    "wallet.topped_up", "wallet.withdrawn", "lucky_money.packets", "lucky_money.value", "lucky_money.senders",
    "experience.mean", "satisfaction.mean", "habit.mean", "welfare.users", "attention.mean", "attention.multihoming",
    "attention.installs", "attention.leaves", "attention.dropped_out", "trust.mean", "rival.worth",
    "shopping.needs", "shopping.orders", "shopping.gmv", "shopping.worth", "shopping.showroomed", "shopping.open_sales",
    "shopping.off_platform", "shopping.taken", "trust.own_way", "merchants.price", "merchants.open_price",
    "merchants.open", "merchants.entries", "merchants.exits",
    "advertising.shown", "advertising.clicks", "advertising.void", "advertising.worth", "advertising.nuisance", "revenue.advertising",
    "advertisers.multiplier", "advertisers.active", "advertisers.budget", "advertisers.entries", "advertisers.exits",
)  # fmt: skip


def check(scenario: Scenario) -> None:
    """Refuse what the twin does not live by: ValueError."""
    on = {name for name, section in scenario.sections().items() if getattr(section, "on", False)}
    unknown = on - {"messaging", "wallet", "lucky_money", "shopping", "advertising", "rival"}
    levers = (
        scenario.wallet.payer_fee, scenario.wallet.payee_fee, scenario.wallet.withdrawal_fee, scenario.wallet.buyer_fee,
        scenario.wallet.merchant_fee, scenario.promotion.weight, scenario.shopping.listing_fee,
        scenario.advertising.quality_weight, scenario.messaging.ephemeral, scenario.rival.response,
        scenario.rival.commission, scenario.rival.promotion, scenario.rival.strategy,
    )  # fmt: skip
    others = (
        any(event.set or event.happen != "headline" for event in scenario.events), scenario.rival.policy != "fixed",
        scenario.advertising.auction != "gsp", scenario.friends.kind == "everyone",
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
        self.usual = self.experience = self.satisfaction = self.habit = float(born["experience"])
        self.endured = self.served = 0.0
        self.memory = 1.0
        self.trust = 1.0
        self.was_active = False
        self.bank_worth = self.random.expovariate(1 / model.terms.bank_worth)
        self.attention = float(born["attention"])
        self.lean = self.there = 0.0
        self.is_member = False
        self.joined: int | None = None
        self.friends: list[Person] = []
        self.group = Group()
        self.unread, self.waiting = 0, self
        self.talk = 0
        self.worth = self.later = self.nuisance = self.surplus = 0.0
        self.paid_today = self.gave_today = False
        self.threads = model.messaging.threads * sqrt(self.sociability)
        self.length = scale_of(model.messaging.thread_messages * sqrt(self.sociability))
        # shops and adverts
        self.market = 0
        self.looks_for_goods = self.random.random() < model.lookers
        self.bought = 0
        self.last_shop: dict[int, Merchant] = {}
        self.taste: dict[int, float] = {}
        self.peculiar: dict[int, list[float]] = {}
        self.suits: dict[int, list[float]] = {}
        self.misread: dict[int, list[float]] = {}
        self.seen = 0.0
        self.strange = 0
        self.suitors: list[Advertiser] = []  # who seek people of this kind
        self.appeal: list[float] = []
        self.matches: list[float] = []
        self.signals = np.empty((2, 0))
        self.believed_at = -1
        self.believed: list[float] = []
        self.bids: list[float] = []
        self.ranked: list[int] = []
        self.times: list[int] = []
        self.auctions: list[Auction] = []
        self.shown = [0, 0, 0]

    def close_day(self) -> None:
        """Yesterday is over."""
        self.was_active, self.active = self.active, False
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
            + log(self.attention)
            - it.trust_weight * (1 - self.trust)
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
        opened = poisson(self.threads * model.festive_threads, random())
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
        if it.calls_on and random() < it.calls:
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
        if to is None or to.membership != MEMBER:
            return
        if not to.has_wallet and random.random() >= it.opening:
            return  # what waits for who opens no wallet goes back
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
        """Meet a need in a thread, at the shop's open price, outside or not at all."""
        model, random = self.model, self.random.random
        it, weight = model.shopping, model.shopping.price_weight
        if not self.looks_for_goods or random() * model.lookers >= it.needs:
            return
        category = int(random() * model.categories)
        shops = [shop for shop in model.circles[self.market, category] if shop.open]
        model.today["shopping.needs"] += 1
        if not shops:
            return
        if category not in self.suits:
            self.get_to_know(category)
        suits, reservation, trouble = self.suits[category], it.reservation * random(), model.trouble_of_the_open()
        considered = self.consider(shops, self.guess(category, shops, reservation))
        offers, money = [], self.wallet + self.bank
        for shop in considered:
            in_the_open = shop.open_price + trouble < shop.price and shop.open_price <= self.bank
            paid = shop.open_price + trouble if in_the_open else shop.price
            worth = shop.quality + suits[shop.place_in_circle] + weight * (reservation - paid / 100) - 0.25 * it.travel
            if shop.price <= money:
                offers.append((shop, in_the_open, exp(worth)))
        outside = exp(it.outside) + exp(it.doing_without)
        total = outside + sum(chance for _, _, chance in offers)
        for shop, in_the_open, chance in offers:
            shop.is_looked_at(chance / total, weight, in_the_open)
        self.gain(log(total / outside))
        at = bisect_right(list(accumulate(chance for _, _, chance in offers)), random() * total)
        if at < len(offers):
            shop, in_the_open, _ = offers[at]
            if in_the_open:
                self.buy_in_the_open(shop, category)
            else:
                self.buy(shop, category)

    def gain(self, logits: float) -> None:
        """Shops are worth so much, above what is outside."""
        cny = logits / self.model.shopping.price_weight
        self.worth += cny
        self.model.today["shopping.worth"] += 100 * cny

    def get_to_know(self, category: int) -> None:
        """What suits this person among the shops of a category, and how the platform misreads it: for ever."""
        model = self.model
        it, circle = model.shopping, model.circles[self.market, category]
        mine = (model.taste_of(self.group, category) + (1 - it.taste_alike) * (self.random.random() - 0.5)) % 1
        apart = [min(abs(mine - shop.place), 1 - abs(mine - shop.place)) for shop in circle]
        peculiar = model.rng.standard_normal(len(circle)).tolist()
        self.taste[category], self.peculiar[category] = mine, peculiar
        self.suits[category] = [
            it.travel * (0.25 - way) + it.pair_spread * own for way, own in zip(apart, peculiar, strict=True)
        ]
        self.misread[category] = model.rng.standard_normal(len(circle)).tolist()

    def meet_newcomer(self, shop: Merchant) -> None:
        """A shop opened: it suits by where it stands now, and by what is peculiar about it."""
        it, category, at = self.model.shopping, shop.category, shop.place_in_circle
        if category in self.suits and shop.circle is self.model.circles[self.market, category]:
            way = abs(self.taste[category] - shop.place)
            own = it.pair_spread * self.peculiar[category][at]
            self.suits[category][at] = it.travel * (0.25 - min(way, 1 - way)) + own

    def guess(self, category: int, shops: list[Merchant], reservation: float) -> list[float]:
        """How well the platform thinks that shops, at the prices of their threads, suit this person."""
        model, random, it = self.model, self.random.random, self.model.shopping
        fixed = it.price_weight * reservation - 0.25 * it.travel
        known = [shop.quality - it.price_weight * shop.price / 100 + fixed + 1e-6 * random() for shop in shops]
        n, noise = model.observations(self, model.company.ranking_uses), model.knowledge.noise
        if n == 0:
            return known
        part, error = n / (n + noise), sqrt(noise / n)
        suits, misread = self.suits[category], self.misread[category]
        return [
            worth + part * (suits[shop.place_in_circle] + error * misread[shop.place_in_circle])
            for worth, shop in zip(known, shops, strict=True)
        ]

    def consider(self, shops: list[Merchant], guess: list[float]) -> list[Merchant]:
        """Shops looked at: the last one, friends' ones, and for who trusts the platform today the best of its list."""
        category, places = shops[0].category, self.model.shopping.considered
        known = {self.last_shop.get(category)}
        for _ in range(self.model.shopping.followed):
            friend = self.any_friend()
            if friend is not None and friend.market == self.market:
                known.add(friend.last_shop.get(category))
        considered = [shop for shop in shops if shop in known]
        if self.random.random() >= self.trust:
            self.model.today["trust.own_way"] += 1
            return considered
        for j in sorted(range(len(shops)), key=guess.__getitem__, reverse=True):
            if len(considered) >= places:
                break
            if shops[j] not in known:
                considered.append(shops[j])
        return considered

    def buy(self, shop: Merchant, category: int) -> None:
        """Buy in the thread: by wallet, by card, or off the platform, where buyer and shop share the saved fee."""
        model, today, cents = self.model, self.model.today, shop.price
        commission, reluctance = model.shopping.commission, model.shopping.dodging
        saved, usual = model.shopping.price_weight * commission * cents / 200, 1 / (1 + exp(reluctance))
        area = log((1 + exp(saved - reluctance)) / (1 + exp(-reluctance)))
        self.gain((area - usual * saved) / (1 - usual))
        dodging = (1 / (1 + exp(reluctance - saved)) - usual) / (1 - usual)
        if self.random.random() < dodging and self.bank >= cents:
            self.bank -= cents - floor(cents * commission / 2 + 1e-9)
            shop.off += 1
            today["shopping.off_platform"] += 1
        else:
            if self.has_wallet:
                self.top_up(cents)
                self.wallet -= cents
                self.worth += self.random.random() * model.terms.buyer_benefit * cents / 100
            else:
                self.bank -= cents
            self.bought += 1
            today["shopping.taken"] += floor(cents * commission + 1e-9)
        self.last_shop[category] = shop
        shop.orders += 1
        today["shopping.orders"] += 1
        today["shopping.gmv"] += cents

    def buy_in_the_open(self, shop: Merchant, category: int) -> None:
        """Buy what was looked at in the thread where the shop asks less: the platform sees nothing of it."""
        self.bank -= shop.open_price
        self.last_shop[category] = shop
        self.model.today["shopping.showroomed"] += 1
        self.model.today["shopping.open_sales"] += shop.open_price

    # adverts

    def lay_out(self) -> list[Auction]:
        """Today's places for adverts, and when they come up: alone among the day's talk, or on a page that is scrolled."""
        model, random = self.model, self.random.random
        it = model.adverts
        room = min(MOST_PLACES - 1, 1 + self.talk // it.talk_a_slot)
        inbox, brand = int(it.inbox_slots + random()), int(it.brand_slots + random()) if self.bought else 0
        auctions = [Auction(int(ROUNDS * random()), INBOX) for _ in range(min(room, inbox))]
        auctions += [Auction(int(ROUNDS * random()), BRAND) for _ in range(min(room, brand))]
        on_page, now = int(it.discovery_slots + random()), int(ROUNDS * random())
        reached = min(on_page, 1 + int(log(1 - random()) / model.leaving))
        for first in range(0, reached, SCREEN):
            places, seen = min(SCREEN, on_page - first), min(SCREEN, reached - first)
            auctions.append(Auction(now, DISCOVERY, places, seen))
        self.shown, self.auctions = [0, 0, 0], sorted(auctions, key=attrgetter("hour"))
        if auctions:
            self.invite()
        return auctions

    def invite(self) -> None:
        """All who seek this person, and advertise, make up their bids for the day."""
        self.bids = [firm.bid(match) * firm.active for firm, match in zip(self.suitors, self.beliefs(), strict=True)]
        self.ranked = sorted(range(len(self.bids)), key=self.bids.__getitem__, reverse=True)
        self.times = [0] * len(self.bids)

    def hold(self, auction: Auction) -> None:
        """Places go to the best bidders who may have one; what is seen of theirs may be clicked."""
        model, it, times = self.model, self.model.adverts, self.times
        least, cap, firms, now = model.least_bid, it.frequency_cap, self.suitors, auction.hour
        may = (one for one in self.ranked if times[one] < cap and firms[one].out > now)
        for one, price in auction.award(self.bids, may, least):
            self.shown[auction.surface] += 1
            self.strange += self.believed[one] > it.too_knowing
            if self.random.random() < self.click_chance() * self.appeal[one] * it.repeat ** times[one]:
                firms[one].is_clicked(int(price), self.matches[one], now)
        for one in auction.winners:
            times[one] += 1

    def click_chance(self) -> float:
        """Chance to click an advert at match 1: lower the more one saw of late."""
        it = self.model.adverts
        return it.click_chance * (1 + self.seen / it.tiring) ** -it.blindness

    def reckon(self, each: float) -> None:
        """Add what advertisers would have of this day: as it was, at other bids, or were they there, by days it stands for."""
        beliefs, firms = self.beliefs(), self.suitors
        bids = [firm.bid(match) for firm, match in zip(firms, beliefs, strict=True)]
        as_is = [bid * firm.active for bid, firm in zip(bids, firms, strict=True)]
        for one, cents, worth in self.would_have(as_is, each):
            firms[one].ahead[0] += cents
            firms[one].worth_ahead[0] += worth
        for one, firm in enumerate(firms):
            for way, times in ((1, LESS), (2, 1 / LESS)) if firm.active else ((0, 1.0),):
                other = [*as_is[:one], times * bids[one], *as_is[one + 1 :]]
                for who, cents, worth in self.would_have(other, each):
                    firm.ahead[way] += cents * (who == one)
                    firm.worth_ahead[way] += worth * (who == one)

    def would_have(self, bids: list[float], each: float) -> Iterator[tuple[int, float, float]]:
        """Who would pay how much for clicks of what worth at these bids, money no object."""
        it, times, chance = self.model.adverts, [0] * len(bids), each * self.click_chance()
        ranked = sorted(range(len(bids)), key=bids.__getitem__, reverse=True)
        for auction in self.auctions:
            may = (one for one in ranked if times[one] < it.frequency_cap)
            for one, price in auction.award(bids, may, self.model.least_bid):
                clicks = chance * self.believed[one] ** it.click_match * it.repeat ** times[one]
                yield one, clicks * price, clicks * self.suitors[one].value * self.believed[one]
            for one in auction.winners:
                times[one] += 1

    def mind_adverts(self) -> None:
        """Adverts annoy, and one gets used to them."""
        it, shown = self.model.adverts, self.shown
        pain = it.nuisance * self.aversion * (
            shown[INBOX] * it.inbox_intrusion + shown[DISCOVERY] * it.discovery_intrusion
            + shown[BRAND] * it.brand_intrusion
        )  # fmt: skip
        self.nuisance += pain
        self.seen += (sum(shown) - self.seen) / SEEN_DAYS
        self.model.today["advertising.shown"] += sum(shown)
        self.model.today["advertising.nuisance"] += pain

    def beliefs(self) -> list[float]:
        """What the platform expects of this person's match with who seeks them: new when it has seen more of them."""
        n = self.model.observations(self, self.model.company.adverts_use)
        if n != self.believed_at:
            self.believed_at = n
            r = sqrt(n / (n + self.model.knowledge.noise))
            truth, error = self.signals
            grid, table = self.model.expectations(r)
            self.believed = np.interp(r * truth + sqrt(1 - r * r) * error, grid, table).tolist()
        return self.believed

    # the evening

    def feel(self) -> None:
        """The day becomes experience, experience satisfaction, satisfaction habit; a lump is felt over days of use."""
        model = self.model
        it, worth = model.felt, self.worth
        now = min(it.lump, max(-it.lump, worth + self.later / it.lump_days))
        self.later += worth
        if self.membership == MEMBER:
            if self.active:
                unease = self.concern * (model.unease + model.unease_shown * self.strange)
                self.experience = model.talk_worth * log1p(self.talk) + it.money_worth * now - self.nuisance - unease
                self.endured += model.nearer * (self.nuisance + unease - self.endured)
                self.served += model.nearer * (it.money_worth * now - self.served)
                self.memory = 1.0
                self.later -= now
            else:
                self.experience += model.fading * (self.usual - self.experience)
                self.memory *= 1 - model.fading
            self.satisfaction += model.nearer * (self.experience - self.satisfaction)
            self.habit += model.slower * (self.satisfaction - self.habit)
        self.talk = 0
        self.worth = self.nuisance = 0.0
        self.strange = 0

    def be_well(self) -> None:
        """Welfare: the logsum of opening this messenger, the rival or neither, in money."""
        if self.membership not in (MEMBER, LEFT):
            return
        model, it = self.model, self.model.presence
        weight, wish = it.satisfaction_weight + it.habit_weight, self.eagerness + model.calendar
        usual, distrust = model.usual_satisfaction, it.trust_weight * (1 - self.trust)
        ours = exp(wish + weight * (self.experience - self.forgotten() - usual) - distrust)
        theirs = exp(wish + weight * (model.rival.worth_to(self) - usual))
        gain = log1p(self.attention * ours + (1 - self.attention) * theirs) / model.felt.money_worth
        self.surplus += gain
        model.today["welfare.users"] += 100 * gain

    def show_place(self) -> None:
        """Let friends see where one chats: more here than on the rival, and how much there."""
        both, left = self.membership == MEMBER and self.has_rival, self.membership == LEFT
        self.there = 1 - self.attention if both else float(left)
        self.lean = self.attention * (self.membership == MEMBER) - self.there

    def compare_apps(self) -> None:
        """Perhaps install the rival; once a week, perhaps drop out of both, chat more where it is better, or leave."""
        if self.membership != MEMBER:
            return
        model, random = self.model, self.random.random
        it = model.attention
        if not self.has_rival:
            u = random()  # looked into only where it can decide
            if u < model.install_hazard(FARTHEST, 1.0) and u < model.install_hazard(
                -self.advantage(), self.there_of_friends()
            ):
                self.has_rival = True
                model.today["attention.installs"] += 1
        if self.unique_id % 7 != model.day % 7:
            return
        if random() < in_a_week(it.dropping_out):
            self.leave(DROPPED_OUT, "attention.dropped_out")
        elif self.has_rival:
            lean = sum(friend.lean for friend in self.friends) / max(1, len(self.friends))
            target = 1 / (1 + exp(-(self.advantage() + it.network_weight * lean)))
            self.attention += (target - self.attention) * in_a_week(1 / it.moving_days)
            if self.attention < it.spent and random() < in_a_week(it.leaving):
                self.leave(LEFT, "attention.leaves")

    def forgotten(self) -> float:
        """What fades on days away, and would be there again today."""
        return self.endured * (1 - self.memory)

    def advantage(self) -> float:
        """What this app is worth above the rival."""
        distrust = self.model.attention.trust_weight * (1 - self.trust)
        return self.satisfaction - self.forgotten() - self.model.rival.worth_to(self) - distrust

    def there_of_friends(self) -> float:
        """Friends' attention that is on the rival."""
        return sum(friend.there for friend in self.friends) / max(1, len(self.friends))

    def leave(self, membership: int, how: str) -> None:
        """For the rival, or for reasons of one's own."""
        self.membership, self.active, self.attention, self.memory = membership, False, 0.0, 1.0
        self.model.today[how] += 1
        self.model.today["users.leaves"] += 1

    def show_membership(self) -> None:
        """Let friends see whether one is here."""
        self.is_member = self.membership == MEMBER

    def consider_joining(self) -> None:
        """Join by oneself, or because friends are here; invite friends the day after."""
        model, random = self.model, self.random.random
        it = model.joining
        if self.is_member:
            if self.joined == model.day - 1:
                for friend in self.friends:
                    if friend.membership == NEVER and random() < it.invitation:
                        friend.join()
            return
        members = sum(friend.is_member for friend in self.friends) / max(1, len(self.friends))
        hazard = (it.innovation + it.imitation * members) / 365
        if random() < hazard * (it.returning if self.membership == LEFT else 1) and self.membership != MEMBER:
            self.join()

    def join(self) -> None:
        """Become a member, as content as on one's usual day; with both apps, half is chatted here."""
        self.membership, self.joined = MEMBER, self.model.day
        self.attention = 0.5 if self.has_rival else 1.0
        self.experience = self.satisfaction = self.habit = self.usual
        self.later = self.endured = self.served = 0.0
        self.memory = 1.0
        self.model.today["users.joins"] += 1

    def read_headline(self, loss: float) -> None:
        """Who minds what is known of them trusts the platform less."""
        self.trust *= 1 - loss * self.concern

    def heal(self) -> None:
        """Trust comes back."""
        self.trust += (1 - self.trust) / self.model.trust.healing_days


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
        self.company, self.felt, self.trust = scenario.company, scenario.experience, scenario.trust
        self.headlines = Counter(event.day for event in scenario.events)
        self.day, self.news, self.services_worth = 0, 0.0, 0.0
        self.lookers = max(self.shopping.needs, self.shopping.shoppers)
        self.today: Counter[str] = Counter()
        self.packets: list[tuple[Person, Group | Person, int]] = []
        self.payments: list[tuple[Person, Person, int]] = []
        born = people(scenario, friends, self.rng) if born is None else born
        self.people = Person.create_agents(self, scenario.run.users, **{name: of.tolist() for name, of in born.items()})
        self.befriend(friends)
        self.measure_usual(born)
        self.work_out(scenario)
        self.rival = Rival(self, scenario)
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
        it, felt = self.gifts, self.felt
        self.call_length = scale_of(self.messaging.call_minutes)
        self.packet_level = log(it.packet) - it.packet_spread**2 / 2
        self.usual_packet = cut_mean(it.packet, it.packet_spread, it.most)
        self.talk_worth = felt.talk_worth / log(61)
        self.nearer, self.slower = 1 - exp(-1 / felt.satisfaction_days), 1 - exp(-1 / felt.habit_days)
        self.fading = 1 - exp(-1 / felt.fading_days)
        company, days_of_use = self.company, MONTH * self.presence.usual_share
        self.depth = (company.knows_purchases + company.knows_profile + company.knows_wearables) / 3
        self.unease_of_all = felt.money_worth * self.knowledge.privacy_price / (days_of_use * USUAL_CONCERN)
        self.unease, self.unease_shown = self.unease_of_all * self.depth, self.knowledge.unease_shown * self.depth

    def open_shops(self) -> None:
        """Circles of shops, one a market and category, each turned by luck."""
        it, everyone = self.shops, list(self.people)
        markets = max(1, round(len(everyone) / it.people_a_market))
        self.settle_in(everyone, markets)
        self.categories, self.markets = it.categories, markets
        self.market_scale = min(1.0, len(everyone) / markets / it.people_a_market)
        self.keep, self.opening_cost = it.fixed_cost * self.market_scale, it.opening_cost * self.market_scale
        self.tastes: dict[tuple[Group, int], float] = {}
        self.circles: dict[tuple[int, int], list[Merchant]] = {}
        for market in range(markets):
            for category in range(it.categories):
                turn, brands = self.random.random(), [Merchant(self, category) for _ in range(it.number + it.spare)]
                brands.sort(key=Merchant.value, reverse=True)
                stand = brands[: it.number]
                self.random.shuffle(stand)
                self.circles[market, category] = stand + brands[it.number :]
                for place, brand in enumerate(self.circles[market, category]):
                    brand.settle(self.circles[market, category], place, turn)

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
        pool = it.number + round(it.number * it.others)
        self.advertisers = [[Advertiser(self, number) for number in range(pool)] for _ in self.people_of]
        for firms in self.advertisers:  # those to whom clicks are worth most advertise
            for firm in sorted(firms, key=attrgetter("value"), reverse=True)[: it.number]:
                firm.active = True
        for person in everyone:
            kind = int(KINDS * self.random.random())
            person.suitors = [firm for firm in self.advertisers[person.market] if firm.seeks(kind)]
            u = self.rng.random(len(person.suitors))
            matches = np.minimum(MOST_MATCH, -np.log1p(-u))
            person.matches, person.appeal = matches.tolist(), (matches**self.adverts.click_match).tolist()
            person.signals = np.array([ndtri(u), self.rng.standard_normal(u.size)])
        self.leaving = log(min(max(self.adverts.position_rate, 1e-9), 1 - 1e-9))
        self.least_bid = float(max(1, self.adverts.reserve))
        self.tables: dict[float, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    # a day

    def step(self) -> None:
        """Live one day."""
        self.today = Counter()
        self.people.do("close_day")
        self.turn_page()
        self.read_papers()
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
        if self.day % 30 == 29:
            self.campaign()
        self.people.do("feel")
        self.measure()
        self.rival.observe(self.fees_of_buyers(), len(awake))
        self.people.do("be_well")
        self.people.do("show_place")
        self.people.shuffle_do("compare_apps")
        self.measure_attention()
        self.people.do("show_membership")
        self.people.shuffle_do("consider_joining")
        self.news *= 0.5 ** (1 / self.trust.news_half_life)
        self.people.do("heal")
        self.measure_members()
        if self.shopping.on and self.day % 7 == 6:
            self.agents_by_type[Merchant].do("close_week")
            self.agents_by_type[Merchant].do("review")
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

    def read_papers(self) -> None:
        """Today's headlines about the platform."""
        for _ in range(self.headlines[self.day]):
            self.make_headline(1.0)

    def make_headline(self, loud: float) -> None:
        """The press writes about the platform."""
        self.news = 1 - (1 - self.news) * (1 - loud)
        self.people.do("read_headline", self.trust.headline_loss * loud)

    def campaign(self) -> None:
        """Once a month campaigners may take up what is known of people: it is loud as they mind and papers have room."""
        it, random = self.trust, self.random
        if random.random() >= it.campaigning * self.depth**2:
            return
        concerns = [person.concern for person in self.people if person.membership == MEMBER]
        weight = sum(concerns) / max(1, len(concerns)) * it.notice_weight * self.depth
        loud = weight / random.expovariate(1)
        if loud >= 0.5:
            self.make_headline(min(1.0, loud))

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
            if not payee.has_wallet:
                payee.has_wallet = True
                self.today["wallet.opened"] += 1
            payer.wallet -= cents
            payee.wallet += cents
        self.payments = []

    def show_adverts(self, awake: Any) -> None:
        """Budgets are filled up, places are auctioned hour by hour, adverts are minded and bids paced."""
        for firms, local in zip(self.advertisers, self.people_of, strict=True):
            members = sum(person.membership == MEMBER for person in local)
            for firm in firms:
                firm.fill_up(members)
        auctions = [(auction, person) for person in awake.shuffle() for auction in person.lay_out()]
        for auction, person in sorted(auctions, key=lambda one: one[0].hour):
            person.hold(auction)
        awake.do("mind_adverts")
        self.measure_advertisers()
        self.agents_by_type[Advertiser].do("pace")
        if self.day % 30 == 29:
            self.look_ahead(awake)
            self.agents_by_type[Advertiser].do("decide")

    def look_ahead(self, awake: Any) -> None:
        """Advertisers reckon what they could have, by the day of a sample of people."""
        every = max(1, len(awake) // (LOOKED_AT * len(self.people_of)))
        for firm in self.agents_by_type[Advertiser]:
            firm.ahead, firm.worth_ahead = [0.0] * 3, [0.0] * 3
        for person in list(awake)[::every]:
            person.reckon(every)

    def measure_advertisers(self) -> None:
        """Who advertises, and how."""
        active, markets = self.agents_by_type[Advertiser].select(attrgetter("active")), len(self.people_of)
        self.today["advertisers.active"] = len(active) / markets
        self.today["advertisers.multiplier"] = sum(firm.multiplier for firm in active) / max(1, len(active))
        self.today["advertisers.budget"] = sum(firm.budget for firm in active) / markets

    def measure(self) -> None:
        """How people are."""
        members = [person for person in self.people if person.membership == MEMBER]
        awake = [person for person in members if person.active]
        number = max(1, len(members))
        self.today["wallet.senders"] = sum(person.paid_today for person in self.people)
        self.today["messaging.unread"] = sum(person.unread / (1 + person.unread) for person in members) / number
        self.today["satisfaction.mean"] = sum(person.satisfaction for person in members) / number
        self.today["habit.mean"] = sum(person.habit for person in members) / number
        self.today["experience.mean"] = sum(person.experience for person in awake) / max(1, len(awake))
        if self.shopping.on:
            shops = [shop for shop in self.agents_by_type[Merchant] if shop.open]
            self.today["merchants.price"] = sum(shop.price for shop in shops) / max(1, len(shops))
            self.today["merchants.open"] = len(shops)
            self.today["merchants.open_price"] = sum(shop.open_price for shop in shops) / max(1, len(shops))

    def measure_attention(self) -> None:
        """Where members chat."""
        members = [person for person in self.people if person.membership == MEMBER]
        number = max(1, len(members))
        self.today["attention.mean"] = sum(person.attention for person in members) / number
        self.today["attention.multihoming"] = sum(person.has_rival for person in members) / number

    def measure_members(self) -> None:
        """Who is here, and trusts the platform."""
        members = [person for person in self.people if person.membership == MEMBER]
        self.today["users.members"] = len(members)
        self.today["trust.mean"] = sum(person.trust for person in members) / max(1, len(members))

    def needs_a_week(self) -> float:
        """Needs that come to a circle in a week of days like today."""
        return max(1e-9, 7 * self.today["users.daily"] * self.shopping.needs / self.markets / self.categories)

    def fees_of_buyers(self) -> float:
        """Part of today's commission that prices pass on to buyers, in CNY: cost over price."""
        shops = [shop for shop in self.agents_by_type[Merchant] if shop.open] if self.shopping.on else []
        if not shops:
            return 0.0
        passed_on = sum(shop.cost for shop in shops) / sum(shop.price for shop in shops)
        return passed_on * self.today["shopping.taken"] / 100

    # what agents ask

    def install_hazard(self, better: float, friends_there: float) -> float:
        """Chance a day of installing the rival, so much better, with so much of friends' attention there."""
        it, better = self.attention, min(FARTHEST, max(-FARTHEST, better))
        alone = it.installing * exp(it.advantage_installing * better + it.news_installing * self.news)
        return alone + it.friends_installing * friends_there / 365

    def trouble_of_the_open(self) -> float:
        """Cents that buying in the open is as bad as, for a need; for ever more to who knows no price there."""
        u, it = 1 - self.random.random(), self.shopping
        return -100 * it.open_trouble * log(u / it.open_known) if u < it.open_known else inf

    def taste_of(self, group: Group, category: int) -> float:
        """Where a group's taste lies on the circle of a category."""
        return self.tastes.setdefault((group, category), self.random.random())

    def observations(self, person: Person, uses: str) -> int:
        """What the platform has seen of a person, as far as it puts that to use: all, purchases or nothing."""
        company, it = self.company, self.knowledge
        seen = min(person.bought, it.most_purchases) if company.knows_purchases and uses != "nothing" else 0
        beyond = it.profile * company.knows_profile + it.wearables * company.knows_wearables
        return seen + (beyond if uses == "all" else 0)

    def expectations(self, r: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Expected match by signal, where the signal has correlation r with it: for np.interp."""
        if r not in self.tables:
            grid = np.linspace(-5, 5, 201)
            nodes, weights = np.polynomial.hermite_e.hermegauss(60)
            z = r * grid[:, None] + sqrt(1 - r * r) * nodes
            self.tables[r] = grid, np.minimum(MOST_MATCH, -log_ndtr(-z)) @ weights / weights.sum()
        return self.tables[r]


def in_a_week(chance: float) -> float:
    """Chance within a week of what has this chance a day."""
    return 1 - (1 - chance) ** 7


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
    return {
        "sociability": sociability,
        "income": income,
        "advert_aversion": lognormal(1, traits.advert_aversion_spread),
        "privacy_concern": concern_of(rng.random(size), concern, traits.unconcerned),
        "eagerness": eagerness,
        "membership": np.where(member, MEMBER, NEVER),
        "active": member & (rng.random(size) < 1 / (1 + np.exp(-eagerness))),
        "has_rival": both,
        "attention": first_attention(scenario, member, both),
        "has_wallet": owns,
        "wallet": held,
        "bank": savings - held,
        "experience": first_talk(scenario, sociability),
    }


def concern_of(u: NDArray[np.float64], mean: float, unconcerned: float) -> NDArray[np.float64]:
    """Concern for privacy: some do not mind at all, of the others a power of a uniform number."""
    minding = max(mean, 1 - unconcerned)
    above = np.maximum(0, u - (1 - minding)) / minding
    return above ** (minding / mean - 1) if 0 < mean < 1 else np.full(u.size, mean)


def first_attention(scenario: Scenario, member: NDArray[np.bool_], both: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Where those who also have the rival rest if it is an equal, see sim/people/attention.py."""
    here = member.astype(np.float64)
    lean = here.mean()
    for _ in range(100):
        here[both] = 1 / (1 + np.exp(-scenario.attention.network_weight * lean))
        lean = (here - (1 - here) * both).mean()
    return here


def first_talk(scenario: Scenario, sociability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The experience of everyone's usual day, see sim/messaging/messaging.py."""
    it, here = scenario.messaging, scenario.users.first_members
    answered = 1 + it.reply_share * scenario.presence.usual_share
    threads = it.threads * np.sqrt(sociability)
    talk = here * it.thread_messages * answered * (threads * np.sqrt(sociability) + it.threads)
    scatter = 1 / (here * (threads + it.threads) * answered)
    return scenario.experience.talk_worth / log(61) * np.maximum(0, np.log1p(talk) - scatter)
