"""Income: wages reach the bank once a month; what is above one's usual savings is spent on life outside."""

import numpy as np
from numpy.typing import NDArray

from sim.banking.credit import LoanColumns
from sim.engine import luck
from sim.ground.ledger import BANK, OUTSIDE, SAVINGS
from sim.people.clock import WAGES, ClockSettings
from sim.people.users import UserColumns
from sim.state import State


def open_accounts(state: State) -> None:
    """Day 0: everyone holds some months' wages in the bank, spread by luck."""
    income = state[UserColumns].income
    held = (
        luck.uniforms(state.lasting_luck("clock.savings"), income.size)
        * 2
        * state.settings(ClockSettings).savings_months
    )
    _pay_in(state, (income * held).astype(np.int64), "savings")


def pay_wages(state: State) -> None:
    """On payday wages reach the bank, and what is above the usual savings is spent on life outside."""
    if state.date.day == state.settings(ClockSettings).payday:
        _pay_wages(state)
    state.note(WAGES, state.ledger.paid("wages"))


def _pay_wages(state: State) -> None:
    """Wages arrive and what is above the usual savings is spent, so that savings stay as they are.

    Borrowers keep besides what they set aside for their payments.
    """
    income = state[UserColumns].income.astype(np.int64)
    _pay_in(state, income, "wages")
    above = state.ledger[BANK] - (income * state.settings(ClockSettings).savings_months).astype(np.int64)
    if state.table(LoanColumns).size:  # what will have to be paid back before wages come again is not spent
        above -= state[LoanColumns].set_aside
    if state.ledger.sizes.get(SAVINGS):  # what is saved elsewhere is saved too
        above = np.minimum(state.ledger[BANK], above + state.ledger[SAVINGS])
    spent = np.maximum(0, above)
    everyone = np.arange(income.size, dtype=np.uint32)
    state.ledger.pay_many((everyone, np.zeros_like(everyone), spent), BANK, OUTSIDE, "living")


def _pay_in(state: State, cents: NDArray[np.int64], reason: str) -> None:
    everyone = np.arange(cents.size, dtype=np.uint32)
    state.ledger.pay_many((np.zeros_like(everyone), everyone, cents), OUTSIDE, BANK, reason)
