"""Settings say what they are and refuse what they cannot be."""

from typing import Any, Literal

import numpy as np
import pytest
from pydantic import ValidationError

from sim.engine.settings import Floats, Parameter, Settings, assumed, decided, parameters


class TeaSettings(Settings):
    """A section for these tests."""

    on: bool = decided.switch(True, "whether tea is served")
    kind: Literal["green", "black"] = decided.word("black", "what is served")
    price: int = decided.count(200, "cents", "price of a cup", "a menu", 100, 500)
    thirst: float = assumed.share(0.5, "people who want some")
    warmth: float = assumed.number(60.0, "degrees", "how warm it is", "", 40, 90, gt=0)
    sizes: Floats = assumed.word((0.2, 0.4), "cups there are", unit="litres")
    steep: float = assumed.positive(3.0, "log-spread", "how long it steeps")
    height: float = assumed.number(0.0, "metres", "where it is drunk")


@pytest.mark.parametrize(
    "kind", [np.int8, np.int16, np.int64, np.uint64, np.float16, np.float32, np.float64, np.longdouble]
)
def test_numbers_of_numpy_are_numbers(kind: type[np.number[Any]]) -> None:
    tea = TeaSettings.model_validate({"warmth": kind(45)})
    assert tea.warmth == 45.0
    assert type(tea.warmth) in (int, float)


def test_whole_numbers_switches_words_and_lists_of_numpy_are_taken_as_pythons_are() -> None:
    values = {"price": np.int32(150), "on": np.bool_(False), "kind": np.str_("green"), "sizes": np.array([0.1, 0.2])}
    plain = TeaSettings.model_validate(values)
    assert plain == TeaSettings.model_validate({"price": 150, "on": False, "kind": "green", "sizes": [0.1, 0.2]})
    assert [type(value) for value in (plain.price, plain.on, plain.kind)] == [int, bool, str]
    assert {type(value) for value in plain.sizes} == {float}
    assert plain.changed({"price": np.uint16(160)}).price == 160


@pytest.mark.parametrize(
    "values",
    [{"price": np.float64(150)}, {"price": np.bool_(True)}, {"on": np.int64(1)}, {"warmth": np.float32("nan")},
     {"warmth": np.bool_(True)}, {"sizes": np.float64(0.1)}, {"thirst": np.float64(1.5)}],
    ids=str,
)  # fmt: skip
def test_what_is_refused_of_python_is_refused_of_numpy(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TeaSettings.model_validate(values)


def test_a_section_has_its_defaults() -> None:
    tea = TeaSettings()
    assert (tea.on, tea.kind, tea.price, tea.thirst) == (True, "black", 200, 0.5)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"prize": 3}, "Extra inputs"),
        ({"price": -1}, "greater than or equal to 0"),
        ({"price": 2.5}, "integer"),
        ({"price": "two"}, "integer"),
        ({"price": True}, "integer"),
        ({"price": 10**18}, "less than or equal to 10000000000"),
        ({"warmth": 1e300}, "less than or equal to 1000000000000"),
        ({"steep": 0.0}, "greater than or equal to 0.000000001"),
        ({"steep": 5.1}, "less than or equal to 5"),
        ({"height": -1e300}, "greater than or equal to -1000000000000"),
        ({"thirst": 1.01}, "less than or equal to 1"),
        ({"thirst": float("nan")}, "finite"),
        ({"warmth": float("inf")}, "finite"),
        ({"warmth": 0.0}, "greater than 0"),
        ({"on": 1}, "boolean"),
        ({"kind": "white"}, "'green' or 'black'"),
        ({"sizes": ["large"]}, "number"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, object], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        TeaSettings.model_validate(values)


def test_a_whole_number_will_do_where_a_real_one_is_asked_for() -> None:
    assert TeaSettings.model_validate({"thirst": 1}).thirst == 1.0


def test_a_list_of_numbers_may_come_from_toml() -> None:
    assert TeaSettings.model_validate({"sizes": [0.1, 1]}).sizes == (0.1, 1.0)


def test_a_section_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TeaSettings().price = 1  # type: ignore[misc]


def test_a_changed_copy_is_checked_and_leaves_the_first_alone() -> None:
    tea = TeaSettings()
    assert tea.changed({"price": 300}).price == 300
    assert tea.price == 200
    with pytest.raises(ValidationError):  # model_copy(update=...) would have let this pass
        tea.changed({"price": -300})


def test_kernels_get_the_numbers_alone_and_words_by_their_place() -> None:
    row = TeaSettings(kind="green", price=300).row
    assert row._fields == ("on", "kind", "price", "thirst", "warmth", "steep", "height")
    assert row == (True, 0, 300, 0.5, 60.0, 3.0, 0.0)
    assert TeaSettings().row.kind == 1


def test_a_section_is_no_list_of_values_to_mesa() -> None:
    with pytest.raises(TypeError):
        iter(TeaSettings())


def test_every_setting_can_be_listed_with_what_it_says_of_itself() -> None:
    listed = {parameter.name: parameter for parameter in parameters({"tea": TeaSettings(price=250)})}
    assert list(listed) == [f"tea.{key}" for key in TeaSettings.model_fields]
    assert listed["tea.price"] == Parameter("tea.price", 250, "decided", "cents", 100, 500, "price of a cup", "a menu")
    assert listed["tea.thirst"].origin == "assumed"
    assert (listed["tea.thirst"].low, listed["tea.thirst"].high) == (0.0, 1.0)
