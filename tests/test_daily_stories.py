"""Stories of daily life in the thread, told by the scenario files with the settings that they have.

Worlds are paired: the same people with the same luck, over several seeds; the 95 % interval of the difference must lie
on the side that the story says. A service whose worth is not felt, or that nobody uses, fails the first of them.

What is told elsewhere: updates cut tickets (shopping/test_updates.py), chat moves complaints off the public channel and
a broadcast settles like questions cheaper (support/test_support.py), better data lowers default
(banking/test_banking.py), surge shortens waits and prices some out (rides/test_rides.py), a late bill is rarer with
reminders (bills/test_bills.py), free payments spread faster than paid ones (test_stories.py).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import SCENARIOS, by_seed, lived

from sim.experiments.compare import compare
from sim.people.experience import FeltColumns
from sim.people.users import MEMBER
from sim.results.intervals import Interval, paired
from sim.scenario import Scenario

SEEDS = (1, 2, 3, 4)
MORE = (*SEEDS, 5, 6)  # where a difference is a thousandth
PEOPLE, DAYS = 2_000, 84


def of(file: str, metric: str, seeds: tuple[int, ...] = SEEDS, **changes: Any) -> NDArray[np.float64]:
    """A metric of a scenario, by seed."""
    return by_seed(metric, seeds, file, run={"users": PEOPLE, "days": DAYS}, **changes)


# services that serve


SERVICES = [  # a scenario, what is switched on besides, and the scenario without it
    ("shops", {}, "baseline"),
    ("taxi", {}, "baseline"),
    ("bills", {}, "baseline"),
    ("webank", {"knowledge__privacy_price": 0.0}, "baseline"),  # the bank alone: being known for it is minded
    ("klm", {}, "baseline"),
    ("jd", {"updates__on": True}, "shops"),
    ("zendesk", {}, "shops"),
    ("m", {}, "shops"),
]


@pytest.mark.parametrize(("service", "besides", "without"), SERVICES, ids=[name for name, _, _ in SERVICES])
def test_a_service_that_serves_raises_daily_use_and_welfare(
    service: str, besides: dict[str, Any], without: str
) -> None:
    """Over the last four of twelve weeks, with 2,000 people. `users.daily` is the mean of the last 28 days."""
    for metric in ("users.daily", "welfare.users"):
        assert paired(of(service, metric, MORE, **besides), of(without, metric, MORE)).low > 0, metric


def test_what_only_earns_does_not_raise_daily_use() -> None:
    """What would make the test above say nothing: any change raising daily use."""
    for what in ({"shopping__commission": 0.1}, {"advertising__on": True, "advertising__inbox_slots": 3.0}):
        assert paired(of("shops", "users.daily", **what), of("shops", "users.daily")).high < 0, what


def test_most_users_gain_from_services_and_the_share_is_in_the_comparison(tmp_path: Path) -> None:
    """Adverts, a small cut and being known are part of it; a cut alone is a loss to most."""
    run = {"run.users": 1_500, "run.days": 60}
    files = [Scenario.load(SCENARIOS / f"{name}.toml", run) for name in ("baseline", "superapp")]
    compare(files, replicates=4, jobs=1, out=tmp_path)
    written = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    share = written["metrics"]["welfare.gaining_share"]
    assert 0.6 < share["superapp"]["low"] <= share["superapp"]["mean"] <= 1.0, share["superapp"]
    assert share["superapp"]["mean"] == written["gaining"]["superapp"]["mean"]
    assert share["baseline"]["mean"] == 0.0


# what is known of people


def test_data_that_lends_to_more_people_makes_the_others_uneasy() -> None:
    """Wearables: more applications are granted; those who borrow nothing only feel known, and most so who mind.

    Unease is set ten times as strong as usual, or chance talk would drown it among so few people.
    """
    granted: list[tuple[float, float]] = []
    uneasy, minding, careless = [], [], []
    for seed in SEEDS:
        blind, knowing = (
            lived("webank", run={"users": PEOPLE, "days": 60, "seed": seed}, knowledge__privacy_price=22.7, banking__needs=0.005, company__knows_wearables=on)
            for on in (False, True)
        )  # fmt: skip
        granted.append(
            tuple(w.history["banking.approved"].sum() / w.history["banking.applications"].sum() for w in (blind, knowing))
        )  # fmt: skip
        never = (blind.tables["loans"].rows.taken == 0) & (knowing.tables["loans"].rows.taken == 0)
        never &= blind.users.users.membership == MEMBER
        change = (knowing[FeltColumns].satisfaction - blind[FeltColumns].satisfaction)[never]
        concern = blind.users.users.privacy_concern[never]
        least, most = np.quantile(concern, (0.25, 0.75))
        uneasy.append(change.mean())
        minding.append(change[concern >= most].mean())
        careless.append(change[concern <= least].mean())
    blind_share, knowing_share = zip(*granted, strict=True)
    assert paired(knowing_share, blind_share).low > 0
    assert paired(uneasy, np.zeros(len(SEEDS))).high < 0
    assert paired(minding, careless).high < -0.02


# advice


def gap(metric: str, **paid: Any) -> Interval:
    """What it changes that the assistant's answers can be bought."""
    return paired(of("m", metric, **paid), of("m", metric))


def test_a_paid_assistant_earns_and_misleads_measurably() -> None:
    """Undisclosed, and nobody looks: the company earns, advice is worth less and people come less."""
    paid = {"promotion__weight": 0.7, "regulator__on": False}
    for metric in ("revenue.promotion", "assistant.distortion", "assistant.lost_worth"):
        assert gap(metric, **paid).low > 0, metric
        assert max(of("m", metric)) == 0, "an honest assistant earns nothing by advice and loses nobody anything"
    for metric in ("welfare.users", "users.daily", "shopping.orders"):
        assert gap(metric, **paid).high < 0, metric


def test_the_more_answers_are_for_sale_the_more_they_mislead() -> None:
    little, much = (
        of("m", "assistant.distortion", promotion__weight=weight, regulator__on=False) for weight in (0.3, 0.7)
    )
    assert paired(much, little).low > 0
