"""What companies have published of where their revenue comes from, to stand beside ours; figures and sources of facts.csv.

Companies name their streams otherwise than we do. Each is put under the way of earning it is nearest to, by the name it
has there; what a source leaves unsplit, or mixes, is other. eBay and Snap are not here: facts.csv has no split of theirs.
"""

from collections.abc import Mapping
from typing import NamedTuple

OTHER = "Other"
WAYS: dict[str, tuple[str, ...]] = {  # ways of earning, and our streams of each
    "Adverts": ("advertising",),
    "Paid places": ("promotion",),
    "A cut of sales": ("commission", "listing_fees"),
    "Payments and bank": ("payment_fees", "banking"),
    "Digital goods": ("stickers",),
    "Subscriptions": ("subscriptions",),
    "Business messages": ("business_messages",),
    OTHER: (),
}
WORKED_OUT, REMEMBERED = "worked out of figures read", "from memory, not read again"


class Stream(NamedTuple):
    """A stream of a company: the way of earning it is nearest to, its name there and its share of revenue."""

    way: str
    called: str
    share: float


class Mix(NamedTuple):
    """Where a company's revenue came from in a year; what its streams leave is other."""

    company: str
    when: str
    streams: tuple[Stream, ...]
    source: str
    known: str

    @property
    def name(self) -> str:
        """The company and the year."""
        return f"{self.company}, {self.when}"

    @property
    def by_way(self) -> dict[str, float]:
        """The share of each way of earning, which are 1 together."""
        found = by_way({stream.called: stream.share for stream in self.streams}, self._way_of)
        found[OTHER] += 1.0 - sum(found.values())
        return found

    @property
    def _way_of(self) -> dict[str, str]:
        return {stream.called: stream.way for stream in self.streams}


MIXES = (
    Mix("Facebook", "2020", (Stream("Adverts", "advertising", 84_169 / 85_965),),
        "annual release: 84,169 of 85,965 million USD", WORKED_OUT),
    Mix("Alibaba in China", "to March 2016", (
        Stream("Paid places", "online marketing", 52_396 / 80_033),
        Stream("A cut of sales", "commission", 25_829 / 80_033),
    ), "annual report: 52,396 and 25,829 of 80,033 million CNY", WORKED_OUT),
    Mix("Tencent", "2015", (
        Stream("Digital goods", "value-added services: games, content", 0.78),
        Stream("Adverts", "online advertising", 0.17),
    ), "annual report: 80,669, 17,468 and 4,726 million CNY", REMEMBERED),
    Mix("Tencent", "2023", (
        Stream("Digital goods", "value-added services: games, content", 0.490),
        Stream("Adverts", "online advertising", 0.167),
        Stream("Payments and bank", "fintech and business services, and a little else", 0.343),
    ), "annual report: 298.4 and 101.48 of 609.0 billion CNY", WORKED_OUT),
    Mix("LINE", "2018", (
        Stream("Adverts", "advertising", 0.52),
        Stream("Digital goods", "communication (stickers)", 0.14),
        Stream("Digital goods", "content", 0.18),
        Stream(OTHER, "strategic: payments, trade and others", 0.14),
    ), "annual report; the strategic part was read, 28,784 of 207,182 million JPY", REMEMBERED),
    Mix("Kakao", "spring 2023", (
        Stream("Adverts", "Talk Biz: adverts and messages of businesses", 0.25),
        Stream("Adverts", "portal", 0.04),
        Stream("Digital goods", "content", 0.52),
        Stream(OTHER, "mobility, payments and others", 0.19),
    ), "second quarter: 503, 89.5 and 396.3 of 2,040 billion KRW", WORKED_OUT),
    Mix("Telegram", "first half of 2024", (
        Stream("Adverts", "advertising", 120 / 525),
        Stream("Subscriptions", "Premium", 119 / 525),
        Stream(OTHER, "a deal in its own currency, once", 225 / 525),
    ), "accounts: 120, 119 and 225 of 525 million USD", WORKED_OUT),
)  # fmt: skip


def by_way(shares: Mapping[str, float], way_of: Mapping[str, str]) -> dict[str, float]:
    """Shares added up by way of earning, in the order of WAYS; a stream under no way is other."""
    found = dict.fromkeys(WAYS, 0.0)
    for stream, share in shares.items():
        found[way_of.get(stream, OTHER)] += share
    return found


OURS = {stream: way for way, streams in WAYS.items() for stream in streams}
