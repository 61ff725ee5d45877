"""Unease: being known too well spoils a day of use, by what people ask to be paid for it."""

import numpy as np
from pydantic import BaseModel

from sim.engine.kernels import rule
from sim.people.experience import ExperienceSettings, FeltColumns
from sim.people.knowledge import KnowledgeSettings, RetentionSettings, depth
from sim.people.presence import PresenceSettings
from sim.people.users import UserColumns
from sim.state import State, settings_of

MONTH = 365 / 12  # days
USUAL_CONCERN = 0.3  # mean concern for privacy of those who named prices


@rule
def unease_of_price(price, days_of_use, money_worth):
    """Unease on a day of use at full concern, in logit units, that costs a person of usual concern `price` CNY a month.

    Where nobody uses the app there is no day on which to feel it.
    """
    return money_worth * price / (MONTH * days_of_use * USUAL_CONCERN) if days_of_use > 0.0 else 0.0


def unease(now: BaseModel, price: float) -> float:
    """Unease of a price, by the share of days of use and the worth of money that are assumed."""
    days_of_use, money_worth = (
        settings_of(now, PresenceSettings).usual_share,
        settings_of(now, ExperienceSettings).money_worth,
    )
    return float(unease_of_price(price, days_of_use, money_worth))


def add_privacy_unease(state: State) -> None:
    """Being known makes people uneasy on a day of use, in proportion to their concern and to what is known.

    That messages are kept is usual, and part of the usual day: where they vanish people are the easier for it.
    """
    settings, messaging = state.settings(KnowledgeSettings), state.settings(RetentionSettings)
    price = settings.privacy_price * depth(state.now) - settings.kept_price * messaging.ephemeral
    if price != 0.0:
        state[FeltColumns].unease[...] += np.float32(unease(state.now, price)) * state[UserColumns].privacy_concern
