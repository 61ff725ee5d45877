"""What is decided and assumed of bills."""

from sim.engine.settings import Settings, assumed, decided


class BillsSettings(Settings):
    """[bills]"""

    on: bool = decided.switch(False, "whether bills come in a thread and can be paid there")
    reminders: bool = decided.switch(False, "whether an unpaid bill is brought to mind in its last days")
    utilities: int = assumed.count(
        15_000, "cents a month", "utilities of a home, at the mean income", "round figure", 3_000, 60_000
    )
    telephone: int = assumed.count(
        6_000, "cents a month", "telephone of a person, at the mean income", "round figure", 1_000, 20_000
    )
    heads: float = assumed.share(
        0.4, "people who pay the utilities of a home", "friends.household: homes of 2 or 3", 0.2, 1.0
    )
    income_elasticity: float = assumed.amount(0.5, "log per log", "rise of bills with income", "round figure", 0, 1.5)
    spread: float = assumed.amount(
        0.3, "log-spread", "how a person's bills vary from month to month", "round figure", 0, 1
    )
    notice: int = assumed.count(
        12, "days", "days from a bill's coming to the day it is due", "round figure", 5, 25, ge=1, le=29
    )
    delay: float = assumed.positive(
        5.0, "days", "mean time in which people get round to an errand; 7 % are late", "round figure", 2, 12
    )
    thread_delay: float = assumed.share(
        0.4, "the same where the bill stands in a thread, as a part of it", "round figure", 0.1, 1
    )
    late_fee: int = assumed.count(500, "cents", "fee on a late bill", "round figure", 0, 5_000)
    remind_days: int = assumed.count(
        3, "days", "last days before a bill is due, on which it is brought to mind", "round figure", 1, 7
    )
    heeding: float = assumed.share(0.5, "chance that a reminder is acted on", "round figure", 0.1, 1)
    reminder_nuisance: float = assumed.amount(
        0.02, "logit units", "nuisance of a reminder", "a third of an advert's", 0, 0.1
    )
    effort_outside: float = assumed.amount(
        4.0, "CNY", "effort of paying at a counter or by card", "a quarter of an hour's wage", 0, 20
    )
    effort_thread: float = assumed.amount(0.5, "CNY", "effort of paying in the thread", "a minute or two", 0, 5)
    effort_weight: float = assumed.positive(
        0.5, "logit units per CNY", "how much effort counts in the choice", "round figure", 0.1, 2
    )
    trust_weight: float = assumed.amount(
        2.0, "logit units", "fall in paying here where trust is gone", "round figure", 0, 6
    )
    opening: float = assumed.amount(
        7.0,
        "logit units",
        "trouble of opening a wallet to pay a bill: some 6 % of people a year do",
        "payment spreads over years",
        2,
        12,
    )
    collecting: float = assumed.positive(
        0.02, "share of a bill", "mean cost of collecting otherwise; what a fee exceeds it is asked of who pays here",
        "round figure", 0.002, 0.05,
    )  # fmt: skip
    collecting_spread: float = assumed.amount(
        0.5, "log-spread", "inequality of that cost among billers", "round figure", 0.1, 1
    )
