"""What is decided and assumed of the wallet."""

from sim.engine.settings import Settings, assumed, decided


class WalletSettings(Settings):
    """[wallet]"""

    on: bool = decided.switch(True, "whether there is a wallet")
    payer_fee: float = decided.share(0.0, "fee on money sent to a friend, paid by the sender", "", 0.0, 0.1, "user")
    payee_fee: float = decided.share(0.0, "fee on money sent to a friend, taken from what arrives", "", 0.0, 0.1)
    merchant_fee: float = decided.share(
        0.0, "fee on a sale paid by wallet, borne by the merchant", "facts.csv: WeChat Pay .006", 0.0, 0.1
    )
    buyer_fee: float = decided.share(0.0, "fee on a sale paid by wallet, borne by the buyer", "", 0.0, 0.05)
    withdrawal_fee: float = decided.share(
        0.0,
        "fee on money taken to the bank, above the free amount",
        "facts.csv: WeChat .001 from March 2016",
        0.0,
        0.05,
    )
    free_withdrawals: int = decided.count(
        100_000, "cents", "withdrawals in a life that are free", "facts.csv: 1,000 CNY", 0, 1_000_000
    )
    first_owners: float = assumed.share(
        0.28,
        "members with a wallet on day 0",
        "facts.csv: with 9 % of daily users sending on a day (article: 50 of 570 million)",
    )
    owners_alike: float = assumed.share(
        0.5, "correlation of first ownership within a group", "payment spreads among friends; round figure"
    )
    transfers: float = assumed.amount(
        0.02, "per day", "chance that a wallet owner sends a plain transfer on a day of use", "round figure", 0, 0.2
    )
    transfer: int = assumed.count(12_000, "cents", "mean transfer", "round figure", 100, 100_000, ge=1)
    transfer_spread: float = assumed.amount(1.0, "log-spread", "inequality of transfers", "round figure", 0, 2)
    fee_dislike: float = assumed.number(
        40.0, "log times per unit of fee",
        "fall in sending: a fee of 2 % more than halves it at 40; what sending here is worth to who does is one over this, "
        "part of the amount", "no sound source: sweep; at 40 a payer's payments are worth some 14 CNY a month", 10, 100, ge=1,
    )  # fmt: skip
    payee_fee_seen: float = assumed.share(
        0.75,
        "part of the payee's fee that a sender reckons with",
        "MODEL.md: half as visible or as much as one's own",
        0.5,
        1.0,
    )
    bank_worth: float = assumed.amount(
        0.01, "share", "mean worth of having money in the bank rather than in the wallet, a part of it; exponential over people",
        "no source: sweep; M-Pesa's users pay one to two per cent to cash out (from memory)", 0.002, 0.03,
    )  # fmt: skip
    opening: float = assumed.share(
        0.0004,
        "chance to open a wallet when a friend's money waits to be taken",
        "fitted: payment spreads over years",
        0,
        0.2,
    )
    buyer_benefit: float = assumed.share(
        0.02, "most that paying by wallet rather than by card is worth to a buyer, part of the price; uniform from 0",
        "cards cost merchants 1-2 %; round figure", 0.0, 0.05,
    )  # fmt: skip
    merchant_benefit: float = assumed.share(
        0.02, "most that being paid by wallet rather than by card is worth to a merchant, part of the price; uniform from 0",
        "as above", 0.0, 0.05,
    )  # fmt: skip
    keeps: int = assumed.count(30_000, "cents", "what people like to keep in the wallet", "round figure", 0, 1_000_000)
    withdraws: float = assumed.share(
        0.1, "chance on a day of use to take what is above that to the bank", "round figure"
    )
