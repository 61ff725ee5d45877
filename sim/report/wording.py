"""Numbers, dates, lists and names as people read them."""

import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sim.results.futures import GAP as GAP  # said where nothing is drawn, too
from sim.results.futures import chance as chance
from sim.results.intervals import SETTLED

MINUS = "\N{MINUS SIGN}"
SAID_BY_HAND = 12  # settings that a heading names before it says how many more there are
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HEADLINES = {  # what is shown first, where it was measured
    "profit.total": "Profit", "revenue.total": "Revenue", "cost.total": "Costs",
    "welfare.users": "Users’ welfare", "welfare.total": "Everyone’s welfare",
    "users.daily": "Daily users", "users.monthly": "Monthly users", "users.left": "People who left",
    "messaging.messages": "Messages", "wallet.payments": "Payments between friends",
    "wallet.payers_share": "Daily users who send money", "lucky_money.packets": "Red packets",
    "shopping.gmv": "Sales in shops", "shopping.price_index": "Prices in shops", "advertising.shown": "Adverts shown",
    "promotion.distortion": "Distortion of advice", "attention.rival": "Chatting done on the rival",
    "satisfaction.mean": "Satisfaction", "trust.mean": "Trust",
}  # fmt: skip


# Numbers


def in_words(unit: str) -> tuple[float, str]:
    """What to multiply a number by to show it, and the unit it is shown in: cents as CNY, shares as percentages."""
    if unit == "cents" or unit.startswith("cents "):
        return 0.01, "CNY" + unit.removeprefix("cents")
    if unit == "share":
        return 100.0, "%"
    return 1.0, unit


def short(value: float, like: float | None = None, sign: bool = False, fine: float = 0.0) -> str:
    """Three figures or so, with separators and k, m, bn.

    `like` sets the scale, so that two numbers can be compared; differences of `fine` are to be seen.
    """
    size = abs(value) if like is None else max(abs(value), abs(like))
    step, letter = 1.0, ""
    for least, name in ((1e9, "bn"), (1e6, "m"), (1e5, "k")):
        if size >= 0.9995 * least:
            step, letter = (1e3 if name == "k" else least), name
            break
    whole = step == 1.0 and float(value).is_integer() and (like is None or float(like).is_integer())
    scaled = size / step
    decimals = 0 if whole or scaled >= 99.95 or scaled == 0 else 2 - math.floor(math.log10(scaled * 1.0005))
    if fine > 0 and not whole:
        decimals = max(decimals, min(decimals + 2, 1 - math.floor(math.log10(fine / step))))
    digits = f"{abs(value) / step:,.{max(0, min(8, decimals))}f}"
    nothing = not any(c in "123456789" for c in digits)
    front = "" if nothing else MINUS if value < 0 else "+" if sign else ""
    return front + ("0" if nothing else digits + (GAP + letter if letter else ""))


def number(value: float, unit: str = "", sign: bool = False) -> str:
    """A number in the unit it is shown in, without the name of the unit except for %."""
    times, name = in_words(unit)
    text = short(value * times, sign=sign)
    return text + GAP + "%" if name == "%" and not sign else text


def measure(value: float, unit: str, sign: bool = False) -> str:
    """A number with its unit; a difference of shares is in points."""
    name = in_words(unit)[1]
    if name == "%":
        return number(value, unit, True) + " points" if sign else number(value, unit)
    return f"{number(value, unit, sign=sign)}{GAP}{name}".strip()


def shown_unit(unit: str, difference: bool = False) -> str:
    """The unit a number is shown in; differences of shares are in points."""
    name = in_words(unit)[1]
    return "points" if difference and name == "%" else name


def interval(low: float, high: float, unit: str, sign: bool = True) -> str:
    """Both ends on one scale, with figures enough to tell them apart."""
    times, name = in_words(unit)
    like, fine = max(abs(low), abs(high)) * times, abs(high - low) * times
    percent = GAP + "%" if name == "%" and not sign else ""
    return f"{short(low * times, like, sign, fine)} to {short(high * times, like, sign, fine)}{percent}"


def verdict(probability: float | None) -> str:
    """What may be said of who is best; nothing where scenarios are alike, and no more than a chance while it is open."""
    if probability is None:
        return ""
    settled = probability >= SETTLED or probability <= 1 - SETTLED
    return f"{'best' if settled else 'may be best'}: {chance(probability)}"


def seconds(value: float) -> str:
    """A time as people say it."""
    if value >= 7200:
        return f"{value / 3600:.1f} hours"
    return f"{value / 60:.1f} minutes" if value >= 120 else f"{short(value)} seconds"


# Dates


def date_in_words(date: str) -> str:
    """`2014-01-31` as 31 Jan 2014; anything else as it is."""
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)", date)
    return f"{int(found[3])} {MONTHS[int(found[2]) - 1]} {found[1]}" if found else date


# Words


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return str(words[0]) if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def counted(many: int, one: str) -> str:
    """`1 day`, `2 days`, `20,000 people`."""
    plural = {"person": "people"}.get(one, one + "s")
    return f"{many:,} {one if many == 1 else plural}"


def plain(name: str) -> str:
    """`lucky_money` as `Lucky money`."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def sentence(words: str) -> str:
    """Words with a capital and a full stop; nothing where there are none."""
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def spaced(reason: str) -> str:
    """`payment_fees.shop` as `payment fees: shop`."""
    return reason.replace("_", " ").replace(".", ": ")


def shown(value: Any) -> str:
    """A setting's value as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.10g}"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value) or "none"
    return "–" if value is None else str(value)


def spans(numbers: Sequence[int]) -> str:
    """Seeds and other numbers that name something: `1 to 8`, `42 and 20240101`, `1 to 3 and 7`; never with separators."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][-1] + 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    told = (range(it[0], it[-1] + 1) if it[-1] - it[0] < 2 else [f"{it[0]} to {it[-1]}"] for it in found)
    return listed([str(one) for one in itertools.chain.from_iterable(told)])


def by_hand(sets: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str] | None = None) -> list[str]:
    """What was set by hand, as `wallet.payer_fee = 0.01`; with the titles of the scenarios where it is not in all.

    Args:
        sets: by scenario, name and value.
        titles: by scenario; its name where there is none.
    """
    where: dict[str, list[str]] = {}
    for scenario, values in sets.items():
        for name, value in values.items():
            said = f"{len(value)} {name}" if name == "events" else f"{name} = {_written(value)}"
            where.setdefault(said, []).append((titles or {}).get(scenario, scenario))
    return [said if len(names) == len(sets) else f"{said} in {listed(names)}" for said, names in where.items()]


def by_hand_heading(said: Sequence[str]) -> str:
    """What was set by hand in a line of a heading, empty where nothing was."""
    if not said:
        return ""
    more = [f"{len(said) - SAID_BY_HAND} more"] if len(said) > SAID_BY_HAND else []
    return f"set by hand: {'; '.join([*said[:SAID_BY_HAND], *more])}"


def _written(value: Any) -> str:
    """A value as it is written after `--set`."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
