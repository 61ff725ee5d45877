"""The clock: dates, festivals, paydays, and changes dated in the scenario."""

import datetime
from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.engine.settings import BadInput
from sim.ground.ledger import BANK
from sim.people.clock import check_dates, date_of, festival_strength

EVE = ("2015-02-18",)


def test_day_zero_is_the_start_and_leap_years_count() -> None:
    assert date_of("2015-12-30", 0) == datetime.date(2015, 12, 30)
    assert date_of("2016-02-27", 3) == datetime.date(2016, 3, 1)


@pytest.mark.parametrize(
    ("date", "strength"),
    [("2015-02-17", 0.0), ("2015-02-18", 1.0), ("2015-02-19", 0.6), ("2015-02-23", 0.6), ("2015-02-24", 0.0)],
)
def test_a_festival_is_strongest_on_its_first_day(date: str, strength: float) -> None:
    assert festival_strength(datetime.date.fromisoformat(date), EVE, 6, 0.6) == strength


def test_without_festivals_no_day_is_festive() -> None:
    assert festival_strength(datetime.date(2015, 2, 18), (), 6, 0.6) == 0.0


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(BadInput, match=r"clock.festivals: '18.2.2015' is not a date like 2015-02-18"):
        check_dates(("18.2.2015",), "clock.festivals")


def test_wages_come_once_a_month_and_savings_stay_as_they_are() -> None:
    """Breaks if wages pile up: then money would grow without end and fees on it would mean less each year."""
    quiet = {"wallet": {"on": False}}
    world = lived(run={"users": 200, "days": 75, "start": "2015-01-01"}, clock={"payday": 10}, **quiet)
    paid = world.history.set_index("date")["clock.wages"]
    assert paid[paid > 0].index.tolist() == ["2015-01-10", "2015-02-10", "2015-03-10"]
    income = world.users.users.income.astype(np.int64)
    assert (paid[paid > 0] == income.sum()).all()
    assert (world.ledger[BANK] <= (2.0 * income).astype(np.int64)).all()


def test_a_dated_change_holds_from_its_day_on() -> None:
    events = [{"day": 4, "set": {"messaging.on": False}}, {"day": 6, "set": {"messaging.on": True}}]
    written = lived(run={"users": 200, "days": 9}, events=events).history["messaging.messages"]
    assert (written > 0).tolist() == [True] * 4 + [False] * 2 + [True] * 3


def test_two_changes_of_one_day_and_the_later_of_one_setting_win() -> None:
    events = [
        {"day": 3, "set": {"wallet.payer_fee": 0.02, "wallet.payee_fee": 0.01}},
        {"day": 1, "set": {"wallet.payer_fee": 0.03}},
    ]
    terms: list[tuple[float, float]] = []
    world = lived(run={"users": 50, "days": 1}, events=events)
    for _ in range(4):
        world.step()
        terms.append((world.now.wallet.payer_fee, world.now.wallet.payee_fee))
    assert terms == [(0.03, 0.0), (0.03, 0.0), (0.02, 0.01), (0.02, 0.01)]


def test_an_outage_keeps_everyone_away_for_a_day() -> None:
    daily = lived(run={"users": 300, "days": 5}, events=[{"day": 2, "happen": "outage"}]).history["users.daily"]
    assert daily[2] == 0
    assert daily[[0, 1, 3, 4]].min() > 100


def test_weekends_are_quieter() -> None:
    """Breaks if the weekday is read off the number of the day: 2015-01-01 was a Thursday."""

    def share_at_weekends(weekend: float) -> Any:
        world = lived(
            run={"users": 1_500, "days": 42, "start": "2015-03-02"}, presence={"weekend": weekend}, wallet={"on": False}
        )
        daily = world.history["users.daily"]
        at_weekend = daily.index % 7 >= 5
        return daily[at_weekend].mean() / daily[~at_weekend].mean()

    assert share_at_weekends(-0.5) < 0.93
    assert share_at_weekends(0.0) == pytest.approx(1.0, abs=0.02)
