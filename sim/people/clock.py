"""The clock: weekdays, paydays, festivals and the dated events of a scenario."""

import datetime

from sim.engine.settings import BadInput, Settings, Words, assumed
from sim.ground.metrics import flow, stock
from sim.state import State


class ClockSettings(Settings):
    """[clock]"""

    festivals: Words = assumed.word(
        ("2015-02-18", "2016-02-07", "2017-01-27", "2018-02-15", "2019-02-04", "2020-01-24", "2021-02-11", "2022-01-31",
         "2023-01-21", "2024-02-09", "2025-01-28"),
        "first days of festivals, ISO dates", "Chinese New Year's Eves", unit="dates",
    )  # fmt: skip
    festival_days: int = assumed.count(
        6, "days", "days a festival lasts", "facts.csv: six days of CNY 2016", 1, 7, ge=1
    )
    festival_afterglow: float = assumed.share(
        0.6, "strength of a festival's later days, first day = 1",
        "facts.csv: 32.1e9 packets in six days of 2016, 8.08e9 on the eve", 0.2, 1.0,
    )  # fmt: skip
    payday: int = assumed.count(
        10, "day of month", "day of the month on which wages reach the bank", "", 1, 28, ge=1, le=28
    )
    savings_months: float = assumed.number(
        2.0, "months", "wages a person holds in the bank on day 0 and aims to hold", "round figure", 0.5, 6.0,
        gt=0, le=1_200,
    )  # fmt: skip


FESTIVAL = stock(
    "clock.festival", "share", "strength of today's festival, 1 on its first day, 0 on an ordinary day", "neither"
)
WAGES = flow("clock.wages", "cents", "wages paid into users' bank accounts", "neither")
METRICS = (FESTIVAL, WAGES)


def check_dates(dates: tuple[str, ...], what: str) -> None:
    """Refuse anything that is no ISO date."""
    for text in dates:
        try:
            datetime.date.fromisoformat(text)
        except ValueError:
            raise BadInput(f"{what}: {text!r} is not a date like 2015-02-18") from None


def date_of(start: str, day: int) -> datetime.date:
    """The calendar date of a day of the run."""
    return datetime.date.fromisoformat(start) + datetime.timedelta(days=day)


def festival_strength(date: datetime.date, festivals: tuple[str, ...], days: int, afterglow: float) -> float:
    """How festive a date is: 1 on a festival's first day, `afterglow` on its later ones, else 0."""
    for first in festivals:
        since = (date - datetime.date.fromisoformat(first)).days
        if 0 <= since < days:
            return 1.0 if since == 0 else afterglow
    return 0.0


def begin_day(state: State) -> None:
    """A new day: its date and festival."""
    settings = state.settings(ClockSettings)
    state.date = date_of(state.scenario.run.start, state.day)
    state.festival = festival_strength(
        state.date, settings.festivals, settings.festival_days, settings.festival_afterglow
    )
    state.note(FESTIVAL, state.festival)
