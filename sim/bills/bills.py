"""Bills: utilities and telephone come each month, and are paid in the thread, outside, or late.

A bill comes on a day of its own and is due some days later. People get round to it after a while, as they get round to
any errand, so that some are late and cost a fee, each month's its own. Who lacks the money owes this month's bill
with the last, and pays all at once. In a thread a bill stands before one's eyes on every day of use:
whoever sees it there and has got round to it pays from the wallet, or leaves it for an errand outside, by a logit over
effort, trust and the trouble of opening a wallet; some open one, which is another way for payment to spread. Reminders,
the biller's or those of an assistant, bring an unpaid bill to mind in its last days. What was late anyway without the app
does not count against it.

Billers spare what collecting costs them otherwise. Where the platform's fee is more than that, they ask the rest of whoever
pays here, as shops pass fees on into prices; so a fee is minded by billers first, and then by those who pay.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sim.assistant.assistant import AssistantSettings
from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, is_full, kernel, outbox, post, rule
from sim.engine.settings import Settings, assumed, decided
from sim.ground import choice
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.payments import purse
from sim.payments.purse import PurseColumns
from sim.payments.terms import WalletSettings
from sim.people.experience import FeltColumns
from sim.people.presence import HERE, STRANGER
from sim.people.trust import TrustColumns
from sim.people.users import UserColumns, UsersSettings
from sim.service import Part, Rows
from sim.state import State

UTILITIES, TELEPHONE = 0, 1
KINDS = 2
MONTH = 30  # days between bills of a kind; each person's come on a day of their own
NEVER = 32_767  # a day that does not come: the bill is left for an errand outside
IN_THREAD, ELSEWHERE, OPENS = 0, 1, 2  # how bills were paid: bits of an event's `to` ...
TELEPHONES, SPARED = 8, 16  # ... of which kind they were, that the app spared a late fee ...
REMINDED = 4  # ... or that they were brought to mind
BILLS, LATE, MANY = 8, 20, 4_095  # bits from which it says how many they were, and how many late; room for each


class BillsSettings(Settings):
    """[bills]"""

    on: bool = decided.switch(False, "whether bills come in a thread and can be paid there")
    reminders: bool = decided.switch(False, "whether an unpaid bill is brought to mind in its last days")
    utilities: int = assumed.count(
        15_000, "cents a month", "utilities of a home, at the mean income", "round figure", 3_000, 60_000
    )
    telephone: int = assumed.count(
        6_000, "cents a month", "telephone of a person, at the mean income", "round figure", 1_000, 20_000
    )
    heads: float = assumed.share(
        0.4, "people who pay the utilities of a home", "friends.household: homes of 2 or 3", 0.2, 1.0
    )
    income_elasticity: float = assumed.amount(0.5, "log per log", "rise of bills with income", "round figure", 0, 1.5)
    spread: float = assumed.amount(
        0.3, "log-spread", "how a person's bills vary from month to month", "round figure", 0, 1
    )
    notice: int = assumed.count(
        12, "days", "days from a bill's coming to the day it is due", "round figure", 5, 25, ge=1, le=29
    )
    delay: float = assumed.positive(
        5.0, "days", "mean time in which people get round to an errand; 7 % are late", "round figure", 2, 12
    )
    thread_delay: float = assumed.share(
        0.4, "the same where the bill stands in a thread, as a part of it", "round figure", 0.1, 1
    )
    late_fee: int = assumed.count(500, "cents", "fee on a late bill", "round figure", 0, 5_000)
    remind_days: int = assumed.count(
        3, "days", "last days before a bill is due, on which it is brought to mind", "round figure", 1, 7
    )
    heeding: float = assumed.share(0.5, "chance that a reminder is acted on", "round figure", 0.1, 1)
    reminder_nuisance: float = assumed.amount(
        0.02, "logit units", "nuisance of a reminder", "a third of an advert's", 0, 0.1
    )
    effort_outside: float = assumed.amount(
        4.0, "CNY", "effort of paying at a counter or by card", "a quarter of an hour's wage", 0, 20
    )
    effort_thread: float = assumed.amount(0.5, "CNY", "effort of paying in the thread", "a minute or two", 0, 5)
    effort_weight: float = assumed.positive(
        0.5, "logit units per CNY", "how much effort counts in the choice", "round figure", 0.1, 2
    )
    trust_weight: float = assumed.amount(
        2.0, "logit units", "fall in paying here where trust is gone", "round figure", 0, 6
    )
    opening: float = assumed.amount(
        7.0,
        "logit units",
        "trouble of opening a wallet to pay a bill: some 6 % of people a year do",
        "payment spreads over years",
        2,
        12,
    )
    collecting: float = assumed.positive(
        0.02, "share of a bill", "mean cost of collecting otherwise; what a fee exceeds it is asked of who pays here",
        "round figure", 0.002, 0.05,
    )  # fmt: skip
    collecting_spread: float = assumed.amount(
        0.5, "log-spread", "inequality of that cost among billers", "round figure", 0.1, 1
    )


class BillsColumns(Table):
    """A row a kind of bill and person: row `kind * people + person`."""

    owed = Column(np.int32, 0, "the bill that is open, arrears included; 0 for none", "cents")
    months = Column(np.uint16, 0, "bills in it: one a month since the last was paid", "bills")
    due = Column(np.int16, 0, "last day on which the first of them is paid in time")
    ready = Column(np.int16, NEVER, "day from which the person would pay it in the thread")
    errand = Column(np.int16, NEVER, "day on which the person would pay it outside")
    look = Column(np.int16, NEVER, "day from which there is something to do about it")


METRICS = (
    flow("bills.due", "bills", "bills that came to members", "neither"),
    flow("bills.paid", "bills", "bills paid in the app"),
    flow("bills.outside", "bills", "members' bills paid outside", "neither"),
    flow("bills.late", "bills", "of all bills paid, those paid late", "less"),
    flow("bills.settled", "bills", "bills paid, here or outside", "neither"),
    flow("bills.late_fees", "cents", "fees on late bills", "less"),
    flow("bills.value", "cents", "bills paid in the app"),
    flow("bills.surcharges", "cents", "what billers asked besides of who paid here, for the platform's fee", "less"),
    flow("bills.reminders", "reminders", "unpaid bills brought to mind, by the biller or the assistant", "neither"),
    flow("bills.wallets", "wallets", "wallets opened to pay a bill"),
    ratio("bills.in_app_share", "share", "bills paid in the app", "bills.paid", "bills.settled"),
    ratio("bills.late_share", "share", "bills paid late", "bills.late", "bills.settled", "less"),
    stock("bills.open", "bills", "bills that wait to be paid", "neither"),
)


@rule
def bill(mean, income, mean_income, elasticity, spread, u):
    """This month's bill, in cents: lognormal about what is usual at this income, at most three months' income."""
    if income <= 0 or mean <= 0:
        return 0
    usual = math.log(mean) + elasticity * math.log(income / mean_income)
    return max(1, min(int(3 * income), int(math.exp(usual + spread * luck.normal(u) - 0.5 * spread * spread))))


@rule
def look_again(day, due, ready, errand, remind_days):
    """Day on which somebody next has something to do about an open bill: pay it, or be reminded of it."""
    reminded = max(day + 1, due - remind_days + 1)
    return min(ready, errand, reminded if reminded <= due else NEVER)


@rule
def pull_of_thread(has_wallet, trust, surcharge, it):
    """How much better paying in the thread is than an errand, in logit units; `surcharge` in cents is asked there besides."""
    spared = it.effort_outside - it.effort_thread - surcharge / 100.0
    better = it.effort_weight * spared - it.trust_weight * (1.0 - trust)
    return better if has_wallet else better - it.opening


@rule
def chance_of_thread(better):
    """Chance that a bill is paid in the thread."""
    return choice.logit(better)


@rule
def worth_of_thread(better, weight):
    """Mean worth to who pays in the thread above an errand, in CNY: the logsum gain of all over the share of these."""
    return choice.value_of_better(better) / weight


@rule
def late_bills(day, due, months):
    """How many of the bills of so many months, the first of which is due on a day, are late."""
    return min(months, (day - due - 1) // MONTH + 1) if day > due else 0


@rule
def paid_so(how, months, late):
    """How bills were paid, how many and how many late, in one number."""
    return how | months << BILLS | late << LATE


@rule
def collecting(it, u):
    """What collecting otherwise costs a biller, as a part of a bill."""
    return min(1.0, luck.lognormal(it.collecting, it.collecting_spread, u))


@rule
def surcharge(owed, fee, costs):
    """Cents asked of who pays here: what the platform's fee exceeds what collecting costs otherwise."""
    return purse.fee_on(owed, max(0.0, fee - costs))


@rule
def is_reminded(day, due, remind_days):
    """Whether today is one of a bill's last days."""
    return due - remind_days < day <= due


@kernel
def _arrive(kind, who, here, income, it, mean, mean_income, day, keys, mine):
    """Bills of a kind come to these members; returns how many. keys: amount, delay, who is head of a home."""
    people = here.size
    came = 0
    for one in who:
        if here[one] == STRANGER:
            continue
        if kind == UTILITIES and luck.uniform(keys[2], one, 0) >= it.heads:
            continue
        cents = bill(mean, income[one], mean_income, it.income_elasticity, it.spread, luck.uniform(keys[0], one, kind))
        if cents == 0:
            continue
        row = kind * people + one
        came += 1
        mine.owed[row] = min(np.int64(mine.owed[row]) + cents, 2_000_000_000)
        mine.months[row] += 1
        if mine.months[row] > 1:
            continue  # last month's is still open: this one is paid with it
        patience = luck.exponential(1.0, luck.uniform(keys[1], one, kind))  # the same for both ways
        due, errand = day + it.notice, min(day + int(it.delay * patience), NEVER)
        ready = min(day + int(it.delay * it.thread_delay * patience), NEVER)
        mine.due[row], mine.errand[row], mine.ready[row] = due, errand, ready
        mine.look[row] = look_again(day - 1, due, ready, errand, it.remind_days)
    return came


@kernel
def _with_something_to_do(first, last, look, day, people):
    """Those of first..last who have something to do about a bill today, into `people`; returns how many."""
    size = look.size // KINDS
    utilities, telephone = look[first:last], look[size + first : size + last]
    number = 0
    for i in range(utilities.size):
        people[number] = first + i
        number += (utilities[i] <= day) | (telephone[i] <= day)
    return number


@kernel
def _settle(
    people, start, present, group_of, owner, wallet, bank, trust, felt, it, fee, assisted, day, keys, mine, box
):
    """Those with something to do about a bill pay it if its time has come; returns where the box was full.

    fee: the platform's, of billers. assisted: share of people whose assistant reminds them, which they asked it to: that
    annoys nobody. keys: choice, heeding, who has the assistant, biller.

    Events are (person, how, cents) in an order in which they can be paid: a person's bills outside before those here.
    """
    size = np.int64(present.size)
    for at in range(start, people.size):
        if is_full(box, 2 * KINDS):
            return at
        who = np.int64(people[at])
        has_assistant = assisted > 0.0 and luck.uniform(keys[2], who, 0) < assisted
        outside_cents = spent = np.int64(0)
        wants_here, telephones = 0, 0
        for kind in range(KINDS):
            row = kind * size + who
            if mine.look[row] > day:
                continue
            owed = np.int64(mine.owed[row])
            here = present[who] == HERE
            months = np.int64(mine.months[row])
            late = late_bills(day, np.int64(mine.due[row]), months)
            telephones = TELEPHONES * kind
            spared = mine.errand[row] > mine.due[row] and late == 0  # by the app: else this one would be late
            if here and (it.reminders or has_assistant) and is_reminded(day, mine.due[row], it.remind_days):
                felt.nuisance[who] += 0.0 if has_assistant else it.reminder_nuisance
                post(box, who, REMINDED, 0)
                if luck.uniform(keys[1], who, kind) < it.heeding:
                    if mine.ready[row] == NEVER:
                        mine.errand[row] = min(np.int64(mine.errand[row]), day)  # an errand today
                    else:
                        mine.ready[row] = min(np.int64(mine.ready[row]), day)
            cents = owed + it.late_fee * late
            if here and day >= mine.ready[row]:
                extra = surcharge(owed, fee, collecting(it, luck.uniform(keys[3], group_of[who], kind)))
                better = pull_of_thread(owner[who], trust[who], extra, it)
                mine.ready[row] = NEVER
                if luck.uniform(keys[0], who, kind) < chance_of_thread(better):
                    wants_here += 1 << kind
                    continue
            if day >= mine.errand[row] and outside_cents + cents <= bank[who]:
                outside_cents += cents
                mine.owed[row] = mine.months[row] = 0
                mine.look[row] = NEVER
                spared &= here
                if spared:
                    felt.worth[who] += it.late_fee / 100.0
                post(box, who, paid_so(ELSEWHERE | telephones | SPARED * spared, months, late), owed)
                continue
            ready, errand = np.int64(mine.ready[row]), np.int64(mine.errand[row])
            mine.look[row] = look_again(day, np.int64(mine.due[row]), ready, errand, it.remind_days)
        if wants_here == 0:
            continue
        left = bank[who] - outside_cents + (wallet[who] if owner[who] else 0)
        for kind in range(KINDS):
            row = kind * size + who
            if not wants_here & (1 << kind):
                continue
            owed, months = np.int64(mine.owed[row]), np.int64(mine.months[row])
            late = late_bills(day, np.int64(mine.due[row]), months)
            extra = surcharge(owed, fee, collecting(it, luck.uniform(keys[3], group_of[who], kind)))
            cents = owed + extra + it.late_fee * late
            if spent + cents > left:
                mine.ready[row] = mine.look[row] = day + 1  # not today: there is no money
                continue
            spent += cents
            mine.owed[row] = mine.months[row] = 0
            mine.look[row] = NEVER
            felt.worth[who] += worth_of_thread(pull_of_thread(owner[who], trust[who], extra, it), it.effort_weight)
            spared = mine.errand[row] > mine.due[row] and late == 0
            if spared:
                felt.worth[who] += it.late_fee / 100.0
            how = (IN_THREAD if owner[who] else OPENS) | TELEPHONES * kind | SPARED * spared
            post(box, who, paid_so(how, months, late), owed)
    return people.size


@kernel
def _spare(who, telephone, owed, group_of, it, fee, key, extra):
    """Surcharges of bills paid here, into `extra`; returns what collecting them otherwise would have cost, in cents."""
    saved = 0
    for i in range(who.size):
        costs = collecting(it, luck.uniform(key, group_of[who[i]], TELEPHONE if telephone[i] else UTILITIES))
        extra[i] = surcharge(owed[i], fee, costs)
        saved += int(owed[i] * costs)
    return saved


def step(state: State) -> None:
    """Bills come, and those whose time has come are paid."""
    settings = state.settings(BillsSettings)
    if not settings.on:
        return
    mine, felt = state[BillsColumns], state[FeltColumns]
    names = (state.luck("bills.amount"), state.luck("bills.delay"))
    keys = (*names, state.lasting_luck("bills.heads"))
    for kind, mean in ((UTILITIES, settings.utilities), (TELEPHONE, settings.telephone)):
        who = np.arange((state.day + kind * MONTH // KINDS) % MONTH, state.size, MONTH, dtype=np.uint32)
        came = _arrive(
            kind, who, state.here, state[UserColumns].income, settings.row, mean, state.settings(UsersSettings).income, state.day, keys,
            mine,
        )  # fmt: skip
        state.add("bills.due", came)

    def busy(part: tuple[int, int]) -> NDArray[np.uint32]:
        people = np.empty(part[1] - part[0] + 1, np.uint32)
        return people[: _with_something_to_do(*part, mine.look, state.day, people)]

    helper = state.settings(AssistantSettings)
    assisted = helper.rollout if helper.on and helper.reminders else 0.0
    lasting = state.lasting_luck("assistant.rollout"), state.lasting_luck("bills.billers")
    luck_of_day = state.luck("bills.choice"), state.luck("bills.heeding"), *lasting
    for box in decide(
        state, _settle, outbox, state.here, state.friends.rows.group_of, state[PurseColumns].has_wallet,
        state.ledger[WALLET], state.ledger[BANK], state[TrustColumns].trust, felt, settings.row,
        state.settings(WalletSettings).merchant_fee, assisted, state.day, luck_of_day, mine, parts=list(state.each_block(busy)),
    ):  # fmt: skip
        settled = box.to[: int(box.used[0])] != REMINDED
        _pay(state, *(column[: settled.size][settled] for column in (box.who, box.to, box.cents)))
        state.add("bills.reminders", int((~settled).sum()))
    state.note("bills.open", int(mine.months.sum(dtype=np.int64)))


def _pay(state: State, who: np.ndarray, how: np.ndarray, cents: np.ndarray) -> None:
    """Billers get their money, the platform its fee on what is paid here, and who was late pays for it."""
    late_fee, ledger = state.settings(BillsSettings).late_fee, state.ledger
    how = how.astype(np.int64)
    bills, late, outside = how >> BILLS & MANY, how >> LATE, how & ELSEWHERE > 0
    nobody = np.zeros_like(who)
    fees = late * late_fee
    ledger.pay_many((who[outside], nobody[outside], cents[outside]), BANK, OUTSIDE, "bills")
    here, dear = ~outside, outside & (late > 0)
    ledger.pay_many((who[dear], nobody[dear], fees[dear]), BANK, OUTSIDE, "late_fees")
    opened = who[how & OPENS > 0]
    if opened.size:
        state.add("bills.wallets", np.unique(opened).size)
        purse.open_wallets(state, opened)
    extra = np.zeros(int(here.sum()), np.int64)
    saved = _spare(
        who[here], how[here] & TELEPHONES, cents[here], state.friends.rows.group_of, state.settings(BillsSettings).row,
        state.settings(WalletSettings).merchant_fee, state.lasting_luck("bills.billers"), extra,
    )  # fmt: skip
    purse.top_up(state, who[here], cents[here] + fees[here] + extra)
    ledger.pay_many((who[here], nobody[here], cents[here] + extra), WALLET, OUTSIDE, "bills")
    dear = here & (late > 0)
    ledger.pay_many((who[dear], nobody[dear], fees[dear]), WALLET, OUTSIDE, "late_fees")
    fee = int(np.floor(cents[here] * state.settings(WalletSettings).merchant_fee + 1e-9).sum())  # each in whole cents
    ledger.pay(OUTSIDE, 0, COMPANY, 0, fee, "payment_fees")
    late_fees_lost = late_fee * int((how & SPARED > 0).sum())
    state.add("welfare.billers", saved + int(extra.sum()) - fee - late_fees_lost)
    state.add("bills.surcharges", int(extra.sum()))
    state.add("bills.paid", int(bills[here].sum()))
    state.add("bills.outside", int(bills[outside].sum()))
    state.add("bills.settled", int(bills.sum()))
    state.add("bills.late", int(late.sum()))
    state.add("bills.late_fees", int(fees.sum()))
    state.add("bills.value", int(cents[here].sum()))


BILLS_PART = Part(
    "bills",
    tables={"bills": Rows(BillsColumns, lambda world: KINDS * world.size, section="bills")},
    metrics=METRICS,
    step=step,
)
