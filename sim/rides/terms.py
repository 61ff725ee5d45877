"""What is decided and assumed of rides."""

from sim.engine.settings import Settings, assumed, decided


class RidesSettings(Settings):
    """[rides]"""

    on: bool = decided.switch(False, "whether taxis can be called in a thread")
    commission: float = decided.share(
        0.2, "part of each fare the platform keeps", "facts.csv: Didi, Uber .15-.3", 0.0, 0.6
    )
    start_fare: int = decided.count(1_000, "cents", "price of getting in", "Chinese taxis 2015, about 10 CNY", 0, 3_000)
    km_fare: int = decided.count(
        240, "cents a km", "price of a kilometre", "Chinese taxis 2015, about 2.4 CNY", 50, 600
    )
    surge: bool = decided.switch(False, "whether prices rise where there are more requests than drivers")
    surge_cap: float = decided.number(3.0, "times", "most that a price can rise", "", 1.2, 5, ge=1)
    surge_from: float = decided.positive(
        1.2, "times", "requests over drivers' free time from which prices rise",
        "fitted: rush waits near 2.6 minutes (facts.csv: Uber)", 0.5, 2,
    )  # fmt: skip
    books_ahead: bool = decided.switch(
        True, "whether, where no idle driver is near, one is sent who first sets down a passenger; else nobody comes",
        "fitted: rush waits of 8 minutes without surge (facts.csv: Uber); with idle drivers alone 5, and a third unserved",
    )  # fmt: skip
    boarding: float = assumed.number(1.0, "minutes", "getting in and out", "round figure", 0, 5, ge=0, le=1_440)
    elasticity: float = assumed.positive(
        0.5, "elasticity", "fall in requests with the price that surge reckons with", "MODEL.md: -.5", 0.2, 1.5
    )
    chat: int = assumed.count(
        3, "messages", "to and from the driver, besides the driver's details", "round figure", 0, 10
    )
