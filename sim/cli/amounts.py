"""Values of `--set` with a unit, `10%` or `0.9 CNY`, in the units that the settings have."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.engine.settings import Parameter

AMOUNT = re.compile(r"([+-]?(?:\d[\d_,]*\.?\d*|\.\d+))\s*(%|[A-Za-z][A-Za-z ]*)")
TIMES = {  # by the unit that is given and the one that the setting has: what one of them is
    ("%", "share"): Decimal("0.01"),
    ("CNY", "cents"): Decimal(100),
    ("cents", "CNY"): Decimal("0.01"),
}


def in_units(changes: Mapping[str, Any], services: Sequence[str] = ()) -> dict[str, Any]:
    """Changes of settings, each number in its setting's own unit; what has no unit, or is no number, stays as it is.

    Args:
        changes: by name of the setting.
        services: of one's own, as "module:NAME", whose settings may be among them.

    Raises:
        BadInput: a unit that the setting does not have, or a part of a cent where cents are whole.
    """
    given = {name: AMOUNT.fullmatch(value.strip()) for name, value in changes.items() if isinstance(value, str)}
    if not any(given.values()):
        return dict(changes)
    from sim.scenario import Scenario

    known = {setting.name: setting for setting in Scenario.make(services=services).parameters()}
    found = dict(changes)
    for name, amount in given.items():
        if amount and name in known and _is_number(known[name].value):
            found[name] = _in_unit_of(known[name], amount[1], amount[2], changes[name])
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_unit_of(setting: "Parameter", number: str, unit: str, said: str) -> int | float:
    from sim.engine.settings import BadInput

    whole = isinstance(setting.value, int)
    plain, _, per = setting.unit.partition(" ")  # "cents a month": what a month is needs not be said
    asked, _, asked_per = " ".join(unit.split()).partition(" ")
    times = Decimal(1) if asked == plain else TIMES.get((asked, plain))
    if setting.unit == " ".join(unit.split()):
        times = Decimal(1)
    elif times is None or asked_per not in ("", per):
        raise BadInput(f"{setting.name} = {said!r}: its unit is {setting.unit}{_example(setting)}")
    value = Decimal(number.replace("_", "").replace(",", "")) * times
    if whole and value != int(value):
        raise BadInput(f"{setting.name} = {said!r}: its unit is {setting.unit}, and they are whole: this is {value:f}")
    return int(value) if whole else float(value)


def _example(setting: "Parameter") -> str:
    """How its value can be written, ending a message."""
    plain, _, per = setting.unit.partition(" ")
    if setting.unit == "share":
        return ", so that 0.1 or 10% will do"
    if plain == "cents":
        return f", so that 90 or '0.9 CNY' will do{f', {per}' if per else ''}"
    return ""
