"""What is decided and assumed of shopping in threads, public accounts of brands, and updates on orders."""

from sim.engine.settings import Settings, assumed, decided


class ShoppingSettings(Settings):
    """[shopping]"""

    on: bool = decided.switch(False, "whether shops can be reached in a thread")
    commission: float = decided.share(
        0.0, "part of each sale the platform keeps", "facts.csv: eBay .09-.14, Taobao about 0", 0.0, 0.4, "shop"
    )
    listing_fee: int = decided.count(
        0, "cents a month", "fee for keeping a shop here, in a full market", "", 0, 5_000_000
    )
    considered: int = decided.count(
        8, "shops", "shops shown for a need, friends' and followed ones included", "MODEL.md: 8", 2, 20, ge=1, le=60
    )
    needs: float = assumed.share(
        0.08, "chance of a need for goods on a day of use",
        "fitted: about 900 CNY a member and year; Taobao 7,310 a buyer (facts.csv)", 0.01, 0.3,
    )  # fmt: skip
    shoppers: float = assumed.share(
        0.3, "people who look for goods in threads at all; they have all the needs", "facts.csv: WeChat users shopping in it, .15-.345",
        0.15, 1,
    )  # fmt: skip
    price_weight: float = assumed.positive(
        0.03,
        "logit units per CNY",
        "how much a price counts; 1/this is the spread of taste in CNY",
        "MODEL.md",
        0.005,
        0.1,
    )
    travel: float = assumed.amount(
        4.0, "logit units", "loss of match at distance 1 of the taste circle", "MODEL.md; Salop 1979", 0, 12
    )
    pair_spread: float = assumed.amount(1.0, "logit units", "match peculiar to a person and a shop", "MODEL.md", 0, 3)
    noise: float = assumed.amount(1.0, "logit units", "Gumbel noise of a choice; 0 in limiting cases", "MODEL.md", 0, 2)
    reservation: float = assumed.number(
        0.0, "CNY", "spread of a need's own worth, uniform from 0; used in limiting cases", "LIMITS.md 19", 0, 1_000,
        ge=0, le=10_000,
    )  # fmt: skip
    outside: float = assumed.number(
        0.0, "logit units", "worth of the outside's best offer, price paid; -50 for none", "MODEL.md", -50, 5
    )
    doing_without: float = assumed.number(
        0.0, "logit units", "worth of not buying; -50 if all must buy", "MODEL.md: 0", -50, 5
    )
    taste_alike: float = assumed.share(
        0.5, "correlation of taste within a group", "MODEL.md: friends' tastes correlate", 0, 0.95
    )
    followed: int = assumed.count(
        2, "shops", "most shops considered because they are followed, and as many where friends bought", "MODEL.md: 2",
        0, 4, le=4,
    )  # fmt: skip
    dodging: float = assumed.amount(3.0, "logit units", "reluctance to settle off the platform", "MODEL.md", 1, 6)
    open_known: float = assumed.share(
        0.9, "buyers who know what a shop asks in the open", "MODEL.md: nine in ten; no source: sweep", 0.5, 1
    )
    open_trouble: float = assumed.positive(
        15.0, "CNY", "mean trouble of buying there rather than in the thread, exponential", "MODEL.md; no source: sweep",
        4, 30,
    )  # fmt: skip
    outside_margin: float = assumed.share(
        0.2, "what sellers outside earn of a sale, which they lose to shops here", "MODEL.md", 0, 0.4
    )


class BrandsSettings(Settings):
    """[brands]"""

    on: bool = decided.switch(False, "whether merchants have public accounts that people can follow")
    most_posts: float = decided.amount(
        7.0, "posts a week", "most posts a brand may send its followers", "facts.csv: pushes tire", 0, 21
    )
    post_price: float = decided.amount(
        0.0, "cents a message", "price of a post for each follower whom it reaches",
        "facts.csv: WhatsApp marketing, .0105 to .0255 USD", 0, 20,
    )  # fmt: skip
    # how followers take posts
    reading: float = assumed.share(
        0.08, "posts read by who gets no others", "fitted: read rate .05 in jd.toml (facts.csv: .03 to .15)", 0.03, 0.3
    )
    tiring: float = assumed.positive(
        8.0, "posts a week", "posts seen a week, of all brands, that divide reading by e", "round figure", 2, 30
    )
    loyalty: float = assumed.number(
        6.0, "logit units", "reluctance to drop a brand at its first unread post", "round figure", 3, 9
    )
    annoyance: float = assumed.amount(
        0.8, "logit units per post a week", "what is lost of it with the posts seen a week", "round figure", 0.2, 2
    )
    read_worth: float = assumed.amount(0.05, "CNY", "worth of reading a post", "round figure", 0, 0.5)
    nuisance: float = assumed.amount(
        0.001, "logit units", "loss of a day's experience by an unread post, at aversion 1",
        "a seventieth of an advert: it lies in a thread one chose", 0, 0.02,
    )  # fmt: skip
    # what reading leads to
    inspiring: float = assumed.share(
        0.2, "posts read after which the reader looks at what the shop sells",
        "facts.csv: .248 of sponsored messages were answered", 0, 0.5,
    )  # fmt: skip
    wanting: float = assumed.number(
        -1.5, "logit units", "worth of what they find there and did not need, against a need met",
        "fitted: about 1 % of reads end in an order; no sound source: sweep", -4, 0,
    )  # fmt: skip
    remembered: int = assumed.count(
        28, "days", "days for which a post that was read brings the shop to mind at a need", "round figure", 3, 90, ge=1
    )
    unprompted: float = assumed.share(
        0.1, "needs at which a followed brand comes to mind by itself", "round figure", 0, 0.5
    )
    offers: float = assumed.share(0.25, "posts that hold an offer", "round figure", 0, 1)
    discount: float = assumed.share(0.1, "part of the price that an offer takes off", "round figure", 0, 0.4)
    offer_days: int = assumed.count(7, "days", "days for which an offer stands once read", "a week", 1, 28, ge=1)
    # how people come to follow
    after_purchase: float = assumed.share(0.4, "buyers who follow the shop", "round figure", 0, 0.8)
    sharing: float = assumed.share(0.3, "buyers who tell a friend in a thread", "round figure", 0, 0.6)
    by_friend: float = assumed.share(0.3, "friends told who follow the shop", "round figure", 0, 0.6)
    browsing: float = assumed.share(
        0.01, "chance on a day of use to follow a brand seen on the way", "round figure", 0, 0.05
    )
    # how brands decide
    first_posts: float = assumed.amount(
        1.0, "posts a week", "posts of a brand that knows nothing of them yet", "round figure", 0.25, 14
    )
    adjustment: float = assumed.share(
        0.5, "part of the way to the best frequency gone each week; 0 keeps the first", "as with prices", 0, 1
    )
    patience: float = assumed.positive(
        26.0, "weeks", "time over which a brand counts a follower's worth", "round figure", 4, 104
    )
    trust: float = assumed.amount(
        200.0,
        "reads",
        "reads after which its own figures count as much as the trade's, in a full market",
        "round figure",
        0,
        2_000,
    )
    post_cost: int = assumed.count(
        20, "cents a post", "cost of making a post: a full market's part of it", "round figure", 0, 1_000
    )
    without_shop: float = assumed.share(
        0.2, "brands with an account but no shop on day 0, as far as there is room", "round figure", 0, 0.5
    )


class UpdatesSettings(Settings):
    """[updates]"""

    on: bool = decided.switch(False, "whether merchants can send updates on orders in the thread")
    price: float = decided.amount(
        0.0, "cents a message", "price of an update, paid by the merchant",
        "facts.csv: WhatsApp utility in India, about 1", 0, 50,
    )  # fmt: skip
    relief: float = assumed.amount(
        0.2, "CNY", "worth of an update to a buyer who is here to read it", "round figure", 0, 2
    )
    thanks: float = assumed.amount(
        0.1, "logit units", "added match of the shop last bought from, if it sent updates", "round figure", 0, 0.5
    )
    question_cost: float = assumed.positive(
        400.0, "cents", "what a merchant thinks a question about an order costs, in the mean",
        "round figure: a ticket costs 430 in zendesk.toml", 50, 2_000,
    )  # fmt: skip
    cost_spread: float = assumed.amount(0.8, "log-spread", "inequality of that cost", "round figure", 0, 1.5)


class MerchantsSettings(Settings):
    """[merchants]"""

    people_a_market: int = assumed.count(
        20_000, "people", "people who share a circle of shops", "a small town", 2_000, 200_000, ge=10, le=10_000_000
    )
    categories: int = assumed.count(5, "categories", "kinds of goods", "round figure", 1, 20, ge=1, le=50)
    number: int = assumed.count(12, "shops", "shops open a market and category on day 0", "round figure", 2, 40, le=60)
    spare: int = assumed.count(
        48, "shops", "room for more to open", "so much that room is never what stops the next", 20, 60, le=60
    )
    cost: int = assumed.count(6_000, "cents", "cost of what is sold", "MODEL.md: 60 CNY, price about 96", 0, 50_000)
    cost_spread: float = assumed.amount(0.1, "log-spread", "inequality of costs", "round figure", 0, 0.5)
    quality: float = assumed.number(
        0.6,
        "logit units",
        "mean quality: what a shop offers above not buying; the best fifth of those who might stand",
        "fitted: 40 % of needs are met in the app",
        -5,
        10,
    )
    quality_spread: float = assumed.amount(0.4, "logit units", "inequality of quality", "round figure", 0, 2)
    first_markup: int = assumed.count(
        3_600, "cents", "price above cost on day 0", "MODEL.md: price about 96 CNY", 0, 50_000
    )
    adjustment: float = assumed.share(0.5, "part of the way to the best price gone each week", "MODEL.md", 0.05, 1)
    bid_share: float = assumed.share(
        0.8, "part of the worth of a click that is bid",
        "fitted: with promotion.toml paid places take about .02 of sales (facts.csv: Alibaba)", 0.1, 1,
    )  # fmt: skip
    fixed_cost: int = assumed.count(
        140_000, "cents a week", "cost of keeping a shop, in a full market",
        "fitted: without fees the twelfth shop of a category just stands", 20_000, 600_000,
    )  # fmt: skip
    opening_cost: int = assumed.count(
        60_000, "cents", "cost of opening a shop, in a full market", "round figure", 0, 10_000_000
    )
    learning: int = assumed.count(
        52, "weeks", "time for which a shop that closed warns others like it", "round figure", 13, 156
    )
    entering: float = assumed.share(
        0.25, "chance a month that a brand without a shop opens one, if it would pay", "round figure", 0.02, 1
    )
    capital: int = assumed.count(
        2_000_000, "cents", "working capital of a shop, in a full market", "round figure", 0, 100_000_000
    )
    memory: float = assumed.number(
        8.0,
        "weeks",
        "time over which a shop averages what a look and an order bring and cost",
        "round figure",
        1,
        26,
        ge=1,
    )
    losing_weeks: int = assumed.count(4, "weeks", "losing weeks after which a shop closes", "MODEL.md", 1, 52, ge=1)
