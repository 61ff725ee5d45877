"""The ledger: every account in whole cents, and every cent that moves.

Accounts lie in one int64 array, a slice a sector. Money moves only by `pay` and `pay_many`; each movement is tallied by
(payer's sector, payee's sector, reason) apart from the balances, so that at the end of a day the two must agree.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from sim.engine.kernels import Box, kernel

WALLET, BANK, COMPANY, OUTSIDE = "wallet", "bank", "company", "outside"
SAVINGS = "savings"  # kept with the platform's bank, where there is one: else no accounts
MAY_OWE = frozenset({OUTSIDE})  # the rest of the economy is the counterpart of all: its account may be below zero


class LedgerError(RuntimeError):
    """Money was made, lost or spent twice; the run stops."""


class Flow(NamedTuple):
    """Who paid whom for what, by sector."""

    payer: str
    payee: str
    reason: str


@kernel
def _move(balance, first, accounts, to_first, to_accounts, may_owe, who, to, cents, events):
    """Apply events in their order, from accounts that begin at `first` to others.

    Returns (the first whose accounts are not there or whose payer cannot cover it, or -1; cents moved).
    """
    moved = 0
    for i in range(events):
        payer, payee = np.int64(who[i]), np.int64(to[i])
        if payer >= accounts or payee >= to_accounts:
            return i, moved
        if cents[i] < 0 or (not may_owe and balance[first + payer] < cents[i]):
            return i, moved
        balance[first + payer] -= cents[i]
        balance[to_first + payee] += cents[i]
        moved += cents[i]
    return -1, moved


@kernel
def _add_up(balance, first, total, lowest):
    """Sum and least balance (0 at most) of each sector, whose accounts begin at `first`."""
    for sector in range(total.size):
        last = first[sector + 1] if sector + 1 < total.size else balance.size
        held, least = np.int64(0), np.int64(0)
        for cents in balance[first[sector] : last]:
            held += cents
            least = min(least, cents)
        total[sector], lowest[sector] = held, least


@kernel
def affordable(who, cents, left):
    """Which payments their payers can cover, first come first served: what can run out is asked for in order.

    Args:
        who, cents: payer's row and amount, in order of time.
        left: what each payer has; is used up.
    """
    covered = np.zeros(who.size, np.bool_)
    for i in range(who.size):
        if cents[i] <= left[who[i]]:
            left[who[i]] -= cents[i]
            covered[i] = True
    return covered


def _rows(rows: Any, many: int) -> NDArray[np.uint32]:
    """Rows of a sector's accounts, one a payment."""
    return np.full(many, rows, np.uint32) if np.ndim(rows) == 0 else np.ascontiguousarray(rows, np.uint32)


class Ledger:
    """All accounts of a world.

    Args:
        sectors: accounts by sector; `wallet` and `bank` have one a person, others one a firm.
        check: called before money moves by a flow for the first time in a day; raises LedgerError if it must not.
    """

    def __init__(self, sectors: Mapping[str, int], check: Callable[[Flow], None] | None = None) -> None:
        self._check = check
        self.traced: NDArray[np.int64] | None = None  # where a test remembers what each person paid to the company
        self.first: dict[str, int] = {}
        size = 0
        for sector, accounts in sectors.items():
            self.first[sector] = size
            size += accounts
        self.sizes = dict(sectors)
        self.balance = np.zeros(size, np.int64)
        self._forget_flows()
        self._firsts = np.array(list(self.first.values()), np.int64)
        self._views = self._views_to_read()
        self._opening, _ = self._survey()

    def __repr__(self) -> str:
        held = ", ".join(f"{name} {int(self[name].sum()):,}" for name, accounts in self.sizes.items() if accounts)
        return f"<Ledger of {self.balance.size:,} accounts, in cents: {held}>"

    def _views_to_read(self) -> dict[str, NDArray[np.int64]]:
        views = {}
        for sector, accounts in self.sizes.items():
            views[sector] = self.balance[self.first[sector] : self.first[sector] + accounts]
            views[sector].flags.writeable = False
        return views

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_views": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._views = self._views_to_read()  # of these balances, not of those copied from

    def __getitem__(self, sector: str) -> NDArray[np.int64]:
        """The accounts of a sector, in cents: a view to read."""
        return self._views[sector]

    def pay(self, payer: str, payer_row: int, payee: str, payee_row: int, cents: int, reason: str) -> None:
        """Move `cents` from one account to another; LedgerError if the payer has less."""
        if not cents:
            return
        known = 0 <= payer_row < self.sizes[payer] and 0 <= payee_row < self.sizes[payee]
        covered = known and (payer in MAY_OWE or self.balance[self.first[payer] + payer_row] >= cents)
        if cents < 0 or not covered:
            self._explain(payer, payer_row, payee, payee_row, cents, reason)
        flow = self._known(Flow(payer, payee, reason))
        self.balance[self.first[payer] + payer_row] -= cents
        self.balance[self.first[payee] + payee_row] += cents
        self.flows[flow] += int(cents)

    def pay_many(self, events: Any, payer: str, payee: str, reason: str) -> None:
        """Move many amounts between two sectors, in the order given.

        Args:
            events: an Outbox, or (who, to, cents): rows of the payer's sector, rows of the payee's sector, cents. Where
                all pay the same account or are paid from it, its row will do.
        """
        who, to, cents = events.written() if isinstance(events, Box) else events
        cents = np.ascontiguousarray(cents, np.int64)
        many = cents.size
        if many == 0:
            return
        flow = self._known(Flow(payer, payee, reason))
        who, to = _rows(who, many), _rows(to, many)
        failed, moved = _move(
            self.balance, self.first[payer], self.sizes[payer], self.first[payee], self.sizes[payee], payer in MAY_OWE,
            who, to, cents, many,
        )  # fmt: skip
        if failed >= 0:
            self._explain(payer, int(who[failed]), payee, int(to[failed]), int(cents[failed]), reason)
        self.flows[flow] += moved
        if self.traced is not None and payee == COMPANY and payer in (WALLET, BANK):
            np.add.at(self.traced, who, cents)

    def _known(self, flow: Flow) -> Flow:
        """The flow, which is among today's from now on."""
        if flow not in self.flows:
            if self._check is not None:
                self._check(flow)
            self.flows[flow] = 0
            self._flows_for.setdefault(flow.reason, []).append(flow)
        return flow

    def _explain(self, payer: str, payer_row: int, payee: str, payee_row: int, cents: int, reason: str) -> NoReturn:
        """Raise what a movement is refused for."""
        if not (0 <= payer_row < self.sizes[payer] and 0 <= payee_row < self.sizes[payee]):
            raise LedgerError(f"no such account: {payer} {payer_row} or {payee} {payee_row}")
        held = self.balance[self.first[payer] + payer_row]
        raise LedgerError(
            f"{payer} {payer_row} has {held} cents and cannot pay {cents} to {payee} {payee_row} for {reason}"
        )

    def _survey(self) -> tuple[dict[str, int], dict[str, int]]:
        """By sector, what its accounts hold in all, and the least of them where that is below zero."""
        total, lowest = np.empty(self._firsts.size, np.int64), np.empty(self._firsts.size, np.int64)
        _add_up(self.balance, self._firsts, total, lowest)
        held, least = (dict(zip(self.sizes, column.tolist(), strict=True)) for column in (total, lowest))
        return held, least

    def restore(self, sectors: Mapping[str, int], balance: NDArray[np.int64]) -> None:
        """Take over saved balances, sector by sector; new sectors keep what they have, at the outside's expense."""
        first = 0
        for sector, accounts in sectors.items():
            if accounts:
                self.balance[self.first[sector] :][: self.sizes[sector]] = balance[first : first + accounts]
            first += accounts
        self.balance[self.first[OUTSIDE]] -= self.balance.sum()
        self._forget_flows()
        self._opening, _ = self._survey()

    def paid(self, reason: str, payer: str | None = None, payee: str | None = None) -> int:
        """Cents moved today for a reason, of all sectors or of those named."""
        return sum(
            self.flows[flow]
            for flow in self._flows_for.get(reason, ())
            if payer in (None, flow.payer) and payee in (None, flow.payee)
        )

    def _expected(self) -> dict[str, int]:
        """What each sector holds if it held what it should at the day's opening and nothing but today's flows moved it."""
        expected = dict(self._opening)
        for (payer, payee, _), cents in self.flows.items():
            expected[payer] -= cents
            expected[payee] += cents
        return expected

    def imbalance(self) -> int:
        """Cents by which today's balances and flows disagree, over all sectors, and any overdraft: 0 in a sound day."""
        held, least = self._survey()
        expected = self._expected()
        overdrawn = sum(-cents for sector, cents in least.items() if sector not in MAY_OWE)
        return abs(sum(held.values())) + sum(abs(held[sector] - expected[sector]) for sector in held) + overdrawn

    def _forget_flows(self) -> None:
        self.flows: dict[Flow, int] = {}  # of today
        self._flows_for: dict[str, list[Flow]] = {}  # the same by reason

    def open_day(self) -> None:
        """Begin a new day, with what yesterday's flows must have left."""
        self._opening = self._expected()
        self._forget_flows()
