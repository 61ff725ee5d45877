"""Settings at the ends of what they may be: a world lives with each of them, or says plainly why it cannot."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds import live, lived

from sim.engine.settings import BadInput, Settings
from sim.scenario import Scenario
from sim.world import World

SUPERAPP = Path(__file__).parents[1] / "scenarios" / "superapp.toml"
TINY = {"run.users": 60, "run.days": 2, "friends.degree": 5.0, "users.first_members": 1.0, "wallet.first_owners": 0.8}
MOST_PEOPLE = 500_000_000


def limits_of(section: Settings, key: str) -> tuple[Any, Any]:
    """The least and the most that a setting may be (or what it must be above, or below); None where there is no end."""
    ends: list[Any] = [None, None]
    for found in type(section).model_fields[key].metadata:
        for at, names in enumerate((("ge", "gt"), ("le", "lt"))):
            ends[at] = next((getattr(found, name) for name in names if hasattr(found, name)), ends[at])
    return ends[0], ends[1]


def test_every_number_has_two_ends_and_cents_of_everybody_fit_in_64_bits() -> None:
    """Breaks where a declaration passes by the limits that come with its unit."""
    for section, settings in Scenario().sections().items():
        for key, field in type(settings).model_fields.items():
            if isinstance(getattr(settings, key), int | float) and field.annotation is not bool:
                least, most = limits_of(settings, key)
                assert least is not None, f"{section}.{key}"
                assert most is not None, f"{section}.{key}"
                note = field.json_schema_extra
                assert isinstance(note, dict)
                if str(note["unit"]).startswith("cents"):
                    assert most * MOST_PEOPLE < np.iinfo(np.int64).max, f"{section}.{key}"


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("attention.moving_days", 0),  # each of these once ended in numbers that were none, or in a process that died
        ("trust.healing_days", 0),
        ("messaging.thread_messages", 1),
        ("messaging.media_worth", 1),
        ("messaging.call_minutes", 1),
        ("messaging.minute_worth", 1),
        ("lucky_money.packet", 0),
        ("lucky_money.packet_talk", 1),
        ("shopping.commission", 1),
        ("shopping.reservation", 1),
        ("rides.boarding", 1),
        ("rides.chat", 1),
        ("riders.km_worth", 1),
        ("riders.quality", 1),
        ("riders.liking", 1),
        ("trips.routes", 1),
        ("merchants.people_a_market", 1),
        ("users.income", 1),
        ("company.capital", 1),
        ("stickers.price", 1),
        ("wallet.keeps", 1),
    ],
)
def test_a_tiny_world_lives_at_the_end(name: str, end: int) -> None:
    section, _, key = name.partition(".")
    plain = Scenario.load(SUPERAPP, TINY)
    value = limits_of(getattr(plain, section), key)[end]
    kind = type(getattr(getattr(plain, section), key))
    live(World(plain.with_values({name: kind(value)})))
    with pytest.raises(BadInput, match=f"{section}.{key} = .*must be (less|greater) than or equal to .*nearest valid"):
        plain.with_values({name: kind(value * 10 if end else value / 10)})


def test_what_is_given_is_no_less_for_being_much() -> None:
    """Packets of ten million CNY, of which the column holds two: it stays full. Breaks where it runs over."""
    world = lived(
        users={"first_members": 1.0, "income": 10**8}, clock={"savings_months": 1200.0},
        wallet={"keeps": 10**10, "first_owners": 1.0, "transfers": 0.0},
        lucky_money={"most": 10**10, "packet": 1e9, "packet_spread": 0.0, "sending": 0.5}, run={"users": 200, "days": 3},
    )  # fmt: skip
    given = world.users.lucky_money.given
    assert given.max() == 2_000_000_000
    assert given.min() >= 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "together",
    [
        {
            "shopping.noise": 0.03,
            "shopping.outside": -27.0,
            "shopping.doing_without": -35.0,
            "shopping.reservation": 700.0,
        },
        {"shopping.noise": 0.001, "shopping.outside": 40.0, "shopping.doing_without": -40.0},
        {"merchants.cost": 0, "merchants.first_markup": 0},
    ],
    ids=["odds beyond what a computer holds", "hardly any noise", "shops that would ask nothing"],
)
def test_what_fuzzing_found_lives_with_finite_numbers(together: dict[str, Any]) -> None:
    """Found by `hongbao validate --fuzz`: plausible each by itself, these once ended in numbers that were none."""
    needy = {"shopping.needs": 0.5, "assistant.asks": 0.5, "assistant.goods_share": 0.8}
    world = live(World(Scenario.load(SUPERAPP, TINY | {"run.users": 120, "run.days": 9} | needy | together)))
    numbers = world.history.drop(columns="date").to_numpy(np.float64)
    assert np.isfinite(numbers).all()
    assert np.isfinite(world.surplus).all()
    assert world.history["shopping.needs"].sum() > 100
