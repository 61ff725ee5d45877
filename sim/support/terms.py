"""What is decided and assumed of help in the thread."""

from sim.engine.settings import Settings, assumed, decided


class SupportSettings(Settings):
    """[support]"""

    on: bool = decided.switch(False, "whether shops' customer service is part of the platform")
    chat: bool = decided.switch(
        True, "whether help by chat in the thread is offered; else there are telephone and public complaint"
    )
    video: bool = decided.switch(False, "whether shops can help by live video, one to one and one to many")
    price: int = decided.count(
        0,
        "cents",
        "price of a conversation in the thread, paid by the shop",
        "facts.csv: WhatsApp, 7-16 a message",
        0,
        500,
    )
    questions: float = assumed.share(
        0.012, "chance of a question to a shop on a day of use",
        "fitted: 62 chats a company and month (facts.csv: Zendesk 2015)", 0.002, 0.03,
    )  # fmt: skip
    defects: float = assumed.share(0.05, "orders in which something is wrong", "round figure", 0.01, 0.15)
    repeat: float = assumed.share(
        0.4, "what was not solved that is brought up again on the next day of use", "round figure", 0, 0.9
    )
    good_chat: float = assumed.share(0.92, "good answers by chat, taken at once", "facts.csv: Zendesk 2015", 0.8, 0.97)
    good_public: float = assumed.share(
        0.77, "good answers to public complaints, taken at once", "facts.csv: Zendesk 2015, Twitter", 0.65, 0.9
    )
    good_telephone: float = assumed.share(
        0.88, "good answers by telephone, taken at once", "facts.csv: Zendesk 2015, voice", 0.75, 0.95
    )
    kink: float = assumed.amount(180.0, "seconds", "wait from which answers please less", "facts.csv: Comm100", 60, 400)
    fall: float = assumed.share(0.05, "good answers lost by each minute beyond", "MODEL.md", 0.01, 0.2)
    good_weight: float = assumed.amount(4.0, "logit units", "worth of a good answer", "MODEL.md", 1, 8)
    effort_chat: float = assumed.amount(0.2, "logit units", "effort of chatting", "MODEL.md", 0, 2)
    effort_public: float = assumed.amount(1.0, "logit units", "effort of complaining in public", "MODEL.md", 0, 3)
    effort_telephone: float = assumed.amount(0.8, "logit units", "effort of a call", "MODEL.md", 0, 3)
    price_weight: float = assumed.positive(
        0.4, "logit units per CNY", "how much money counts: a good answer is worth 10 CNY", "20 minutes' wages", 0.1, 2
    )
    wait_weight: float = assumed.amount(
        0.05, "logit units a minute", "what a minute's wait takes from a day", "round figure", 0, 0.3
    )
    outside_wait: float = assumed.amount(
        120.0, "seconds", "mean wait on the telephone where the platform has no part in it", "round figure", 0, 900
    )
    outside_unanswered: float = assumed.share(
        0.1, "customers unanswered there", "fitted: as many as in twitter.toml", 0.0, 0.4
    )
    chat_worth: float = assumed.positive(
        300.0, "cents", "mean worth to a shop of a chat in place of a call", "no source: sweep", 50, 2_000
    )
    messages: int = assumed.count(10, "messages", "messages of a conversation", "round figure", 2, 30)
    video_share: float = assumed.share(
        0.3, "chats that go over to live video, but for 'where is it'", "round figure", 0, 1
    )
    good_video: float = assumed.share(0.97, "good answers by live video", "no source: sweep", 0.9, 1)
    video_time: float = assumed.positive(1.5, "times", "length of a live video over a chat", "round figure", 1, 3)
    alike: float = assumed.share(
        0.4, "questions that one broadcast on a kind of goods would settle", "round figure", 0, 0.8
    )
    watching: float = assumed.share(0.5, "of those, asked by somebody who watched", "no source: sweep", 0, 1)
    good_broadcast: float = assumed.share(0.85, "questions settled well by a broadcast", "no source: sweep", 0.6, 1)
    effort_broadcast: float = assumed.amount(0.1, "logit units", "effort of watching", "round figure", 0, 1)
    lasting: int = assumed.count(
        5, "days", "days for which a broadcast answers what is asked", "round figure", 1, 30, ge=1
    )
    broadcast_cost: int = assumed.count(
        5_000, "cents", "cost of a broadcast: host, and an hour's work", "round figure", 1_000, 100_000
    )
    charm: float = assumed.amount(
        0.003, "logit units", "rise in what all think of the shops shown in a broadcast", "no source: sweep", 0, 0.05
    )
    harm: float = assumed.amount(
        0.01,
        "logit units",
        "fall in what a full market thinks of a shop by a bad answer in public, to what is usual",
        "no source: sweep",
        0,
        0.05,
    )
    healing: float = assumed.positive(30.0, "days", "time in which such opinion fades", "round figure", 7, 180)
    grudge: float = assumed.amount(
        1.2, "logit units", "change in a customer's opinion of the shop from a bad answer to a good one",
        "no source: sweep", 0, 1.2,
    )  # fmt: skip
