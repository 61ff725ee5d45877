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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.assistant.assistant import AssistantSettings
from sim.bills.terms import BillsSettings
from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, is_full, kernel, outbox, post, rule, with_cached_type
from sim.ground import choice
from sim.ground.ledger import BANK, COMPANY, OUTSIDE, WALLET
from sim.ground.metrics import flow, ratio, stock
from sim.payments import purse
from sim.payments.terms import WalletSettings
from sim.people.experience import FeltColumns
from sim.people.presence import HERE, STRANGER
from sim.people.trust import TrustColumns
from sim.people.users import UserColumns, UsersSettings
from sim.people.welfare import BILLERS_WELFARE
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


class BillsColumns(Table):
    """A row a kind of bill and person: row `kind * people + person`."""

    owed = Column(np.int32, 0, "the bill that is open, arrears included; 0 for none", "cents")
    months = Column(np.uint16, 0, "bills in it: one a month since the last was paid", "bills")
    due = Column(np.int16, 0, "last day on which the first of them is paid in time")
    ready = Column(np.int16, NEVER, "day from which the person would pay it in the thread")
    errand = Column(np.int16, NEVER, "day on which the person would pay it outside")
    look = Column(np.int16, NEVER, "day from which there is something to do about it")


BILLS_DUE = flow("bills.due", "bills", "bills that came to members", "neither")
BILLS_PAID = flow("bills.paid", "bills", "bills paid in the app")
PAID_OUTSIDE = flow("bills.outside", "bills", "members' bills paid outside", "neither")
PAID_LATE = flow("bills.late", "bills", "of all bills paid, those paid late", "less")
BILLS_SETTLED = flow("bills.settled", "bills", "bills paid, here or outside", "neither")
LATE_FEES = flow("bills.late_fees", "cents", "fees on late bills", "less")
VALUE_PAID = flow("bills.value", "cents", "bills paid in the app")
SURCHARGES = flow(
    "bills.surcharges", "cents", "what billers asked besides of who paid here, for the platform's fee", "less"
)
REMINDERS = flow(
    "bills.reminders", "reminders", "unpaid bills brought to mind, by the biller or the assistant", "neither"
)
WALLETS_FOR_BILLS = flow("bills.wallets", "wallets", "wallets opened to pay a bill")
IN_APP_SHARE = ratio("bills.in_app_share", "share", "bills paid in the app", BILLS_PAID, BILLS_SETTLED)
LATE_SHARE = ratio("bills.late_share", "share", "bills paid late", PAID_LATE, BILLS_SETTLED, "less")
BILLS_OPEN = stock("bills.open", "bills", "bills that wait to be paid", "neither")
METRICS = (
    BILLS_DUE, BILLS_PAID, PAID_OUTSIDE, PAID_LATE, BILLS_SETTLED, LATE_FEES, VALUE_PAID, SURCHARGES, REMINDERS,
    WALLETS_FOR_BILLS, IN_APP_SHARE, LATE_SHARE, BILLS_OPEN,
)  # fmt: skip


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
def utility_of_thread(has_wallet, trust, surcharge, setting):
    """How much better paying in the thread is than an errand, in logit units; `surcharge` in cents is asked there besides."""
    spared = setting.effort_outside - setting.effort_thread - surcharge / 100.0
    better = setting.effort_weight * spared - setting.trust_weight * (1.0 - trust)
    return better if has_wallet else better - setting.opening


@rule
def chance_of_thread(better):
    """Chance that a bill is paid in the thread."""
    return choice.logit(better)


@rule
def surplus_of_thread(better, weight):
    """Mean surplus in CNY of those who pay in the thread rather than by an errand: the logsum gain of all over their share."""
    return choice.value_of_better(better) / weight


@rule
def late_bills(day, due, months):
    """How many of the bills of so many months, the first of which is due on a day, are late."""
    return min(months, (day - due - 1) // MONTH + 1) if day > due else 0


@rule
def paid_so(how, months, late):
    """How bills were paid, how many and how many late, packed into one number."""
    return how | months << BILLS | late << LATE


@rule
def collecting(setting, u):
    """What collecting otherwise costs a biller, as a part of a bill."""
    return min(1.0, luck.lognormal(setting.collecting, setting.collecting_spread, u))


@rule
def surcharge(owed, fee, costs):
    """Cents asked of those who pay here: by how much the platform's fee exceeds what collecting costs otherwise."""
    return purse.fee_on(owed, max(0.0, fee - costs))


@rule
def is_reminded(day, due, remind_days):
    """Whether today is one of a bill's last days."""
    return due - remind_days < day <= due


@kernel
def _arrive(kind, who, here, income, setting, mean, mean_income, day, keys, mine):
    """Bills of a kind come to these members; returns how many. keys: amount, delay, who is head of a home."""
    people = here.size
    came = 0
    for one in who:
        if here[one] == STRANGER:
            continue
        if kind == UTILITIES and luck.uniform(keys[2], one, 0) >= setting.heads:
            continue
        cents = bill(
            mean, income[one], mean_income, setting.income_elasticity, setting.spread, luck.uniform(keys[0], one, kind)
        )
        if cents == 0:
            continue
        row = kind * people + one
        came += 1
        mine.owed[row] = min(np.int64(mine.owed[row]) + cents, 2_000_000_000)
        mine.months[row] += 1
        if mine.months[row] > 1:
            continue  # last month's is still open: this one is paid with it
        patience = luck.exponential(1.0, luck.uniform(keys[1], one, kind))  # the same for both ways
        due, errand = day + setting.notice, min(day + int(setting.delay * patience), NEVER)
        ready = min(day + int(setting.delay * setting.thread_delay * patience), NEVER)
        mine.due[row], mine.errand[row], mine.ready[row] = due, errand, ready
        mine.look[row] = look_again(day - 1, due, ready, errand, setting.remind_days)
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


@with_cached_type
class Payers(NamedTuple):
    """What settling a bill reads of people, and what they feel by it, a cell a person."""

    present: NDArray[np.uint8]  # STRANGER, AWAY or HERE
    group_of: NDArray[np.uint32]
    trust: NDArray[np.float32]
    nuisance: NDArray[np.float32]
    worth: NDArray[np.float32]


@with_cached_type
class Today(NamedTuple):
    """What is the same for everyone who settles a bill today."""

    day: int
    fee: float  # the platform's, of billers
    assisted: float  # share of people whose assistant reminds them, which they asked it to: that annoys nobody
    choice: np.uint64  # keys of luck
    heeding: np.uint64
    assistant: np.uint64
    biller: np.uint64


@rule
def is_spared(errand, due, late):
    """Whether only the app keeps a bill from being late: its payer would have got round to the errand after it was due."""
    return errand > due and late == 0


@rule
def asked_besides(setting, today, owed, group, kind):
    """Surcharge in cents that the biller of a group's homes asks of those who pay here."""
    return surcharge(owed, today.fee, collecting(setting, luck.uniform(today.biller, group, kind)))


@rule
def heed(mine, row, day):
    """A person who heeds a reminder pays today: in the thread if they have yet to decide on that, else by an errand."""
    if mine.ready[row] == NEVER:
        mine.errand[row] = min(np.int64(mine.errand[row]), day)
    else:
        mine.ready[row] = min(np.int64(mine.ready[row]), day)


@rule
def strike(mine, row):
    """Cross off a bill that is paid."""
    mine.owed[row] = mine.months[row] = 0
    mine.look[row] = NEVER


@kernel
def _pay_bills_due(people, start, purses, payers, setting, today, mine, box):
    """Those with something to do about a bill pay it if its time has come; returns where the box was full.

    Events are (person, how, cents) in an order in which they can be paid: a person's bills outside before those here.
    """
    size, day = np.int64(payers.present.size), today.day
    for at in range(start, people.size):
        if is_full(box, 2 * KINDS):
            return at
        who = np.int64(people[at])
        here = payers.present[who] == HERE
        has_assistant = today.assisted > 0.0 and luck.uniform(today.assistant, who, 0) < today.assisted
        paid_outside, wants_here = np.int64(0), 0
        for kind in range(KINDS):
            row = kind * size + who
            if mine.look[row] > day:
                continue
            owed, months, due = np.int64(mine.owed[row]), np.int64(mine.months[row]), np.int64(mine.due[row])
            late = late_bills(day, due, months)
            spared = is_spared(mine.errand[row], due, late)
            if here and (setting.reminders or has_assistant) and is_reminded(day, due, setting.remind_days):
                payers.nuisance[who] += 0.0 if has_assistant else setting.reminder_nuisance
                post(box, who, REMINDED, 0)
                if luck.uniform(today.heeding, who, kind) < setting.heeding:
                    heed(mine, row, day)
            if here and day >= mine.ready[row]:
                extra = asked_besides(setting, today, owed, payers.group_of[who], kind)
                better = utility_of_thread(purses.has_wallet[who], payers.trust[who], extra, setting)
                mine.ready[row] = NEVER
                if luck.uniform(today.choice, who, kind) < chance_of_thread(better):
                    wants_here += 1 << kind
                    continue
            cents = owed + setting.late_fee * late
            if day >= mine.errand[row] and paid_outside + cents <= purses.bank[who]:
                paid_outside += cents
                strike(mine, row)
                spared &= here
                if spared:
                    payers.worth[who] += setting.late_fee / 100.0
                post(box, who, paid_so(ELSEWHERE | TELEPHONES * kind | SPARED * spared, months, late), owed)
                continue
            ready, errand = np.int64(mine.ready[row]), np.int64(mine.errand[row])
            mine.look[row] = look_again(day, due, ready, errand, setting.remind_days)
        if wants_here > 0:
            _pay_here(who, wants_here, paid_outside, purses, payers, setting, today, mine, box)
    return people.size


@rule
def _pay_here(who, wants_here, paid_outside, purses, payers, setting, today, mine, box):
    """A person pays the kinds of bills whose bits are set, in the thread, as far as the money goes; the rest tomorrow."""
    owns, day = purses.has_wallet[who], today.day
    left = purses.bank[who] - paid_outside + (purses.wallet[who] if owns else 0)
    spent = np.int64(0)
    for kind in range(KINDS):
        row = kind * np.int64(payers.present.size) + who
        if not wants_here & (1 << kind):
            continue
        owed, months, due = np.int64(mine.owed[row]), np.int64(mine.months[row]), np.int64(mine.due[row])
        late = late_bills(day, due, months)
        extra = asked_besides(setting, today, owed, payers.group_of[who], kind)
        cents = owed + extra + setting.late_fee * late
        if spent + cents > left:
            mine.ready[row] = mine.look[row] = day + 1
            continue
        spent += cents
        strike(mine, row)
        payers.worth[who] += surplus_of_thread(
            utility_of_thread(owns, payers.trust[who], extra, setting), setting.effort_weight
        )
        spared = is_spared(mine.errand[row], due, late)
        if spared:
            payers.worth[who] += setting.late_fee / 100.0
        how = (IN_THREAD if owns else OPENS) | TELEPHONES * kind | SPARED * spared
        post(box, who, paid_so(how, months, late), owed)


@kernel
def _spare(who, telephone, owed, group_of, setting, fee, key, extra):
    """Surcharges of bills paid here, into `extra`; returns what collecting them otherwise would have cost, in cents."""
    saved = 0
    for i in range(who.size):
        costs = collecting(setting, luck.uniform(key, group_of[who[i]], TELEPHONE if telephone[i] else UTILITIES))
        extra[i] = surcharge(owed[i], fee, costs)
        saved += int(owed[i] * costs)
    return saved


def _payers(state: State) -> Payers:
    felt = state[FeltColumns]
    return Payers(state.here, state.friends.rows.group_of, state[TrustColumns].trust, felt.nuisance, felt.worth)


def step(state: State) -> None:
    """Bills come, and those whose time has come are paid."""
    settings = state.settings(BillsSettings)
    if not settings.on:
        return
    mine = state[BillsColumns]
    names = (state.luck("bills.amount"), state.luck("bills.delay"))
    keys = (*names, state.lasting_luck("bills.heads"))
    for kind, mean in ((UTILITIES, settings.utilities), (TELEPHONE, settings.telephone)):
        who = np.arange((state.day + kind * MONTH // KINDS) % MONTH, state.size, MONTH, dtype=np.uint32)
        came = _arrive(
            kind, who, state.here, state[UserColumns].income, settings.row, mean, state.settings(UsersSettings).income, state.day, keys,
            mine,
        )  # fmt: skip
        state.add(BILLS_DUE, came)

    def busy(part: tuple[int, int]) -> NDArray[np.uint32]:
        people = np.empty(part[1] - part[0] + 1, np.uint32)
        return people[: _with_something_to_do(*part, mine.look, state.day, people)]

    helper = state.settings(AssistantSettings)
    assisted = helper.rollout if helper.on and helper.reminders else 0.0
    today = Today(
        state.day, state.settings(WalletSettings).merchant_fee, assisted, state.luck("bills.choice"), state.luck("bills.heeding"),
        state.lasting_luck("assistant.rollout"), state.lasting_luck("bills.billers"),
    )  # fmt: skip
    for box in decide(
        state, _pay_bills_due, outbox, purse.purses(state), state.once(_payers), settings.row, today, mine,
        parts=list(state.each_block(busy)),
    ):  # fmt: skip
        who, how, cents = box.written()
        settled = how != REMINDED
        _pay(state, who[settled], how[settled].astype(np.int64), cents[settled])
        state.add(REMINDERS, int((~settled).sum()))
    state.note(BILLS_OPEN, int(mine.months.sum(dtype=np.int64)))


def _pay(state: State, who: np.ndarray, how: np.ndarray, cents: np.ndarray) -> None:
    """Billers get their money, the platform its fee on what is paid here, and who was late pays for it."""
    ledger, outside = state.ledger, how & ELSEWHERE > 0
    bills, late, here = how >> BILLS & MANY, how >> LATE, ~outside
    fees = late * state.settings(BillsSettings).late_fee
    ledger.pay_many((who[outside], 0, cents[outside]), BANK, OUTSIDE, "bills")
    dear = outside & (late > 0)
    ledger.pay_many((who[dear], 0, fees[dear]), BANK, OUTSIDE, "late_fees")
    _charge(state, who[here], how[here], cents[here], late[here])
    state.add(BILLS_PAID, int(bills[here].sum()))
    state.add(PAID_OUTSIDE, int(bills[outside].sum()))
    state.add(BILLS_SETTLED, int(bills.sum()))
    state.add(PAID_LATE, int(late.sum()))
    state.add(LATE_FEES, int(fees.sum()))
    state.add(VALUE_PAID, int(cents[here].sum()))
    state.add(BILLERS_WELFARE, -state.settings(BillsSettings).late_fee * int((how & SPARED > 0).sum()))


def _charge(state: State, who: np.ndarray, how: np.ndarray, cents: np.ndarray, late: np.ndarray) -> None:
    """Bills paid here come out of wallets, which some open to do so; what a platform's fee costs billers they ask besides."""
    ledger, share, fees = (
        state.ledger,
        state.settings(WalletSettings).merchant_fee,
        late * state.settings(BillsSettings).late_fee,
    )
    opened = who[how & OPENS > 0]
    if opened.size:
        state.add(WALLETS_FOR_BILLS, np.unique(opened).size)
        purse.open_wallets(state, opened)
    extra = np.zeros(who.size, np.int64)
    saved = _spare(
        who, how & TELEPHONES, cents, state.friends.rows.group_of, state.settings(BillsSettings).row, share,
        state.lasting_luck("bills.billers"), extra,
    )  # fmt: skip
    purse.top_up(state, who, cents + fees + extra)
    ledger.pay_many((who, 0, cents + extra), WALLET, OUTSIDE, "bills")
    dear = late > 0
    ledger.pay_many((who[dear], 0, fees[dear]), WALLET, OUTSIDE, "late_fees")
    fee = int(np.floor(cents * share + 1e-9).sum())  # each in whole cents
    ledger.pay(OUTSIDE, 0, COMPANY, 0, fee, "payment_fees")
    state.add(BILLERS_WELFARE, saved + int(extra.sum()) - fee)
    state.add(SURCHARGES, int(extra.sum()))


BILLS_PART = Part(
    "bills",
    tables={"bills": Rows(BillsColumns, lambda state: KINDS * state.size, section="bills")},
    metrics=METRICS,
    step=step,
)
