"""What is decided and assumed of trips."""

from sim.engine.settings import Settings, assumed, decided


class TripsSettings(Settings):
    """[trips]"""

    on: bool = decided.switch(False, "whether trips are sold in a thread")
    commission: float = decided.share(0.0, "part of a fare the platform keeps", "agencies take 5-10 %", 0.0, 0.5)
    chat: bool = decided.switch(True, "whether a disrupted trip is rebooked in chat rather than at the desk")
    wishes: float = assumed.share(
        0.004, "chance on a day of use to want a trip", "round figure: one a year", 0.0005, 0.02
    )
    fare: int = assumed.count(90_000, "cents", "mean fare at an agency", "round figure", 10_000, 1_000_000, ge=1)
    fare_spread: float = assumed.amount(
        0.4, "log-spread", "inequality of fares between routes and days", "round figure", 0, 1
    )
    price_weight: float = assumed.positive(
        0.004, "logit units per CNY", "how much a fare counts", "spread of taste of 250 CNY", 0.001, 0.02
    )
    worth: float = assumed.number(
        4.0, "logit units", "worth of a trip before its fare", "fitted: half of those who want one book", 0, 10
    )
    effort: float = assumed.amount(
        0.6, "logit units", "trouble of an agency, spared in the thread", "round figure", 0, 3
    )
    doing_without: float = assumed.number(0.0, "logit units", "worth of staying at home", "MODEL.md", -5, 5)
    lead_days: float = assumed.positive(
        20.0, "days", "mean time between booking and flight, at least 2", "round figure", 3, 40
    )
    routes: int = assumed.count(
        6, "flights a day", "flights a day from a market", "round figure", 1, 50, ge=1, le=1_000
    )
    seats: float = assumed.positive(
        6.0,
        "seats",
        "seats a flight has for people of one full market",
        "fitted: one flight in ten sells out",
        0.5,
        500,
    )
    disrupted: float = assumed.share(0.03, "flights cancelled", "round figure", 0.0, 0.3)
    agents: int = assumed.count(
        1, "agents", "agents who rebook the people of one full market, at the desk or in chat", "round figure", 1, 5,
        ge=1, le=64,
    )  # fmt: skip
    rebooking: float = assumed.positive(
        8.0, "minutes", "time that rebooking one person takes, at the desk or in chat", "as a talk with [desks]", 3, 20
    )
    chats_at_once: int = assumed.count(
        3, "people", "people whom an agent rebooks at once in chat", "guides of the trade: two to five", 1, 6,
        ge=1, le=64,
    )  # fmt: skip
    rebooked_within: int = assumed.count(
        2, "days", "days after a cancelled flight within which a seat is looked for; then there is a refund",
        "past them the delay costs about what the trip was worth", 1, 7, le=30,
    )  # fmt: skip
    minute_worth: float = assumed.amount(1.1, "CNY a minute", "loss by waiting to be rebooked", "as [riders]", 0.2, 3)
    day_worth: float = assumed.amount(
        150.0, "CNY a day", "loss by flying a day later", "ten hours at half of mean wages (31 CNY)", 30, 500
    )
    thread_worth: float = assumed.amount(
        8.0, "CNY", "worth of check-in and boarding pass at hand", "round figure", 0, 50
    )
