"""What is decided and assumed of adverts."""

from typing import Literal

from sim.engine.settings import Settings, assumed, decided


class AdvertisingSettings(Settings):
    """[advertising]"""

    on: bool = decided.switch(False, "whether adverts are shown")
    inbox_slots: float = decided.number(
        0.0, "adverts a day of use", "places between the threads of the inbox", "facts.csv: WeChat Moments .5 to 3",
        0, 5, differs="user", ge=0, le=30,
    )  # fmt: skip
    discovery_slots: float = decided.number(
        0.0,
        "adverts a day of use",
        "places on the discovery page, shown as far as it is scrolled",
        "",
        0,
        5,
        differs="user",
        ge=0,
        le=30,
    )
    brand_slots: float = decided.number(
        0.0,
        "adverts a day of use",
        "sponsored messages in brand threads, for who has bought",
        "",
        0,
        5,
        differs="user",
        ge=0,
        le=30,
    )
    auction: Literal["gsp", "vcg", "first"] = decided.word(
        "gsp", "price of a click: the next bid, the harm to other bidders, or the own bid"
    )
    reserve: int = decided.count(0, "cents a click", "least bid; at least 1", "facts.csv: Yahoo .10 USD", 0, 2_000)
    quality_weight: float = decided.share(0.0, "power of the expected match that multiplies bids in the ranking")
    frequency_cap: int = decided.count(
        2, "times a day", "most often that one advertiser is shown to one person", "", 1, 10, ge=1
    )
    click_chance: float = assumed.share(
        0.011, "chance of a click at match 1, for who is not used to adverts",
        "MODEL.md; facts.csv: .0090, at some three adverts a day", 0.003, 0.03,
    )  # fmt: skip
    click_match: float = assumed.share(
        0.1, "power of the match in the chance of a click",
        "fitted: untargeted income -.3 to -.5 (facts.csv: AdChoices -.52); above .15 no gain at 3 bidders", 0.0, 0.5,
    )  # fmt: skip
    tiring: float = assumed.positive(
        6.0,
        "adverts a day",
        "adverts seen a day at which blindness sets in",
        "MODEL.md: .009 at 3 a day, .005 at 20",
        3,
        20,
    )
    blindness: float = assumed.amount(
        0.5, "power", "of 1 + adverts seen a day / `tiring`, by which clicks are divided",
        "MODEL.md; facts.csv: blindness; an exponential would end the market at ten a day", 0.3, 1.0,
    )  # fmt: skip
    repeat: float = assumed.share(
        0.7,
        "clicks on an advert that the person was shown that day over those on it the time before",
        "round figure",
        0.3,
        1,
    )
    conversion: float = assumed.share(
        0.042, "chance of a sale at match 1 after a click", "fitted: .0921 in advertising.toml (facts.csv)", 0.01, 0.1
    )
    position_rate: float = assumed.share(
        0.92,
        "people who scroll on from a place of the page to the next",
        "facts.csv: a feed is left after 12 posts",
        0.3,
        1,
    )
    talk_a_slot: int = assumed.count(
        8,
        "messages",
        "talk in a day that makes room for one more advert in a surface of threads",
        "round figure",
        2,
        30,
        ge=1,
    )
    nuisance: float = assumed.amount(
        0.07, "logit units", "loss of a day's experience by an advert on the discovery page, at aversion 1",
        "facts.csv: Pandora, -2.1 % of use in the long run", 0.02, 0.2,
    )  # fmt: skip
    inbox_intrusion: float = assumed.amount(2.0, "times", "nuisance of an advert in the inbox", "MODEL.md", 1, 4)
    discovery_intrusion: float = assumed.amount(1.0, "times", "nuisance of an advert on the page", "MODEL.md", 0.5, 2)
    brand_intrusion: float = assumed.amount(1.5, "times", "nuisance of a sponsored message", "MODEL.md", 0.5, 3)
    too_knowing: float = assumed.positive(
        3.0, "match", "expected match above which an advert seems to know too much", "no source: sweep", 1.5, 6
    )
