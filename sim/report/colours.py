"""One colour for each thing, on every picture of every page: streams of revenue, kinds of cost, ways of earning, strategies.

What is known by name has its colour here; anything else gets one that its name alone decides, unless another on the same
page has it already.
"""

import zlib
from collections.abc import Iterable, Mapping

from sim.report.figures.sheet import FILLS, INK, LINES, SOFT
from sim.report.published import OTHER, WAYS

INDIGO, ROSE, GREEN, SAND, CYAN, WINE, TEAL, PURPLE, OLIVE = LINES
BLUE, ORANGE, BROWN, STEEL, MAGENTA = "#0077bb", "#ee7733", "#661100", "#6699cc", "#ee3377"

STREAMS = {
    "commission": INDIGO, "listing_fees": OLIVE, "payment_fees": WINE, "advertising": ROSE, "promotion": GREEN,
    "business_messages": PURPLE, "subscriptions": CYAN, "stickers": SAND, "banking": TEAL,
}  # fmt: skip
COSTS = dict(
    zip(
        (
            "messages",
            "media",
            "calls",
            "support",
            "rails",
            "funding",
            "loan_losses",
            "loan_checks",
            "trainers",
            "fines",
            "staff",
            "development",
            "onboarding",
        ),
        (*FILLS, "#bb9977", "#7a8b5c", "#a0689e", "#5c7d99"),
        strict=True,
    )
)
STRATEGIES = {  # that of the stream it lives on, where it lives on one
    "baseline": INK, "shops": SOFT, "commission": INDIGO, "advertising": ROSE, "promotion": GREEN, "subscription": CYAN,
    "mixed": BROWN, "superapp": BLUE, "private": ORANGE, "payment_fee": WINE, "stickers": SAND, "bank": TEAL,
    "business_messages": PURPLE, "decade": OLIVE, "raise_load": MAGENTA, "assistant": STEEL,
}  # fmt: skip
OF_WAYS = {way: STREAMS[streams[0]] if streams else FILLS[-1] for way, streams in WAYS.items()}
MORE = tuple(dict.fromkeys((*LINES, BLUE, ORANGE, BROWN, STEEL, MAGENTA)))  # for what is not known by name


def of_streams(names: Iterable[str]) -> dict[str, str]:
    """The colour of each stream of revenue, as `payment_fees`."""
    return _of(names, STREAMS)


def of_costs(names: Iterable[str]) -> dict[str, str]:
    """The colour of each kind of cost, as `rails`."""
    return _of(names, COSTS)


def of_ways(names: Iterable[str]) -> dict[str, str]:
    """The colour of each way of earning: that of its first stream."""
    return {name: OF_WAYS.get(name, OF_WAYS[OTHER]) for name in names}


def of_strategies(names: Iterable[str]) -> dict[str, str]:
    """The colour of each scenario by its name."""
    return _of(names, STRATEGIES)


def _of(names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Known names first; the others take the first free colour from a place that the name decides."""
    names = list(names)
    found = {name: known[name] for name in names if name in known}
    for name in sorted(set(names) - set(known)):
        place = zlib.crc32(name.encode()) % len(MORE)
        turned = MORE[place:] + MORE[:place]
        found[name] = next((colour for colour in turned if colour not in found.values()), turned[0])
    return {name: found[name] for name in names}
