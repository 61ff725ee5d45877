"""Levers: each moves its own metric, in the direction that anyone would expect, in a small world of its service.

The same people with the same luck with and without the change, over two seeds, both of which must agree. A lever that
is wired to nothing makes no difference at all, which fails.
"""

from typing import Any

import pytest
from worlds import outcome

SEEDS = (1, 2)
PEOPLE, DAYS = 800, 35

# what makes a small world busy enough
SHOPS = {"shopping__on": True, "shopping__needs": 0.3}
TRADE = SHOPS | {"company__knows_profile": True, "promotion__weight": 0.6, "regulator__on": False}
BRANDS = SHOPS | {"brands__on": True, "brands__browsing": 0.05}
UPDATES = SHOPS | {"updates__on": True}
HELP = SHOPS | {"support__on": True}
ASKED = SHOPS | {"assistant__on": True, "assistant__asks": 0.5}
RIDES = {"rides__on": True, "riders__needs": 0.2}
BUSY = RIDES | {"drivers__number": 0.8, "drivers__pool": 0.8}
TRIPS = {"trips__on": True, "trips__wishes": 0.02, "trips__disrupted": 0.3}
BILLS = {"bills__on": True}
BANK = {
    "banking__on": True,
    "company__knows_profile": True,
    "banking__needs": 0.01,
    "wallet__first_owners": 1.0,
}
ADVERTS = {"advertising__on": True, "advertising__discovery_slots": 2.0, "company__knows_profile": True}
BIDDERS = {"advertisers__number": 3, "advertising__discovery_slots": 0.0, "advertising__inbox_slots": 5.0}

LEVERS: list[tuple[str, Any, str, int, dict[str, Any]]] = [  # lever, new value, metric, its sign, the world
    ("messaging.calls_on", False, "messaging.calls", -1, {}),
    ("messaging.ephemeral", True, "messaging.messages", 1, {"messaging__rereading": 0.0}),
    ("wallet.payer_fee", 0.02, "wallet.payments", -1, {}),
    ("wallet.payee_fee", 0.05, "wallet.opened", -1, {"wallet__opening": 0.05}),
    ("wallet.merchant_fee", 0.03, "shopping.wallet_share", -1, SHOPS),
    ("wallet.merchant_fee", 0.006, "revenue.payment_fees", 1, SHOPS),
    ("wallet.buyer_fee", 0.03, "shopping.wallet_share", -1, SHOPS),
    ("wallet.withdrawal_fee", 0.01, "revenue.payment_fees", 1, {"wallet__free_withdrawals": 0}),
    ("wallet.free_withdrawals", 0, "revenue.payment_fees", 1, {"wallet__withdrawal_fee": 0.001}),
    ("lucky_money.most", 2_000, "lucky_money.mean_value", -1, {}),
    ("shopping.commission", 0.1, "revenue.commission", 1, SHOPS),
    ("shopping.commission", 0.1, "shopping.price_index", 1, SHOPS),
    ("shopping.commission", 0.1, "shopping.orders", -1, SHOPS),
    ("shopping.listing_fee", 50_000, "revenue.listing_fees", 1, SHOPS),
    ("shopping.considered", 16, "shopping.worth", 1, SHOPS),
    ("promotion.weight", 0.9, "promotion.distortion", 1, TRADE),
    ("promotion.disclosed", True, "promotion.clicks", -1, TRADE),  # distortion needs more seeds: test_market_stories.py
    ("promotion.reserve", 1_000, "promotion.paid_clicks", -1, TRADE),
    ("company.knows_profile", True, "promotion.information_loss", -1, SHOPS),
    ("company.ranking_uses", "nothing", "promotion.information_loss", 1, SHOPS | {"company__knows_profile": True}),
    ("company.adverts_use", "nothing", "advertising.ctr", -1, ADVERTS),
    ("brands.most_posts", 1.0, "brands.reads", -1, BRANDS),
    ("brands.post_price", 10.0, "brands.posts", -1, BRANDS),
    ("updates.price", 40.0, "updates.sent", -1, UPDATES),
    ("updates.on", True, "support.where_is_it", -1, HELP),
    ("support.chat", False, "support.public_share", 1, HELP),
    ("support.price", 200, "support.chat_share", -1, HELP),
    ("support.video", True, "support.videos", 1, HELP),
    ("rides.commission", 0.4, "drivers.active", -1, RIDES),
    ("rides.start_fare", 2_500, "rides.asked", -1, RIDES),
    ("rides.km_fare", 500, "rides.asked", -1, RIDES),
    ("rides.surge", True, "rides.wait_minutes", -1, BUSY),
    ("rides.books_ahead", False, "rides.unserved_share", 1, BUSY),
    ("rides.surge", True, "rides.surge", 1, BUSY),
    ("rides.surge_cap", 5.0, "rides.surge", 1, BUSY | {"rides__surge": True}),
    ("rides.surge_from", 0.6, "rides.surge", 1, BUSY | {"rides__surge": True}),
    ("trips.commission", 0.1, "revenue.commission", 1, TRIPS),
    ("trips.chat", False, "trips.rebooked_in_chat", -1, TRIPS),
    ("bills.reminders", True, "bills.late_share", -1, BILLS),
    ("banking.rate", 0.3, "banking.applications", -1, BANK),
    ("banking.cut_off", 0.06, "banking.approved_share", 1, BANK),
    ("banking.months", 1, "banking.outstanding", -1, BANK),
    ("banking.repayment", "bullet", "banking.outstanding", 1, BANK),
    ("banking.limit_months", 1.0, "banking.mean_loan", -1, BANK),
    ("banking.largest", 500_000, "banking.mean_loan", -1, BANK),
    ("banking.smallest", 500_000, "banking.mean_loan", 1, BANK),
    ("banking.partners_share", 0.3, "revenue.banking", 1, BANK),
    ("banking.service_fee", 0.3, "revenue.banking", 1, BANK),
    ("banking.deposit_rate", 0.05, "banking.deposits", 1, BANK),
    ("company.knows_wearables", True, "banking.approved_share", 1, BANK),
    ("assistant.rollout", 0.3, "assistant.asked", -1, ASKED),
    ("assistant.trainers", False, "assistant.unanswered", 1, ASKED),
    ("assistant.reminders", False, "assistant.reminders", -1, ASKED),
    ("company.knows_purchases", True, "assistant.orders", 1, ASKED),
    ("advertising.inbox_slots", 1.0, "advertising.shown", 1, ADVERTS),
    ("advertising.discovery_slots", 4.0, "advertising.shown", 1, ADVERTS),
    ("advertising.brand_slots", 1.0, "advertising.shown", 1, ADVERTS | SHOPS),
    ("advertising.reserve", 1_500, "advertising.fill", -1, ADVERTS),
    ("advertising.reserve", 1_500, "advertising.cpc", 1, ADVERTS),
    ("advertising.auction", "vcg", "advertising.cpc", -1, ADVERTS),
    ("advertising.quality_weight", 1.0, "advertising.clicks", 1, ADVERTS | {"advertisers__value_spread": 1.0}),
    ("advertising.frequency_cap", 1, "advertising.fill", -1, ADVERTS | BIDDERS),
    ("company.knows_profile", True, "advertising.ctr", 1, ADVERTS | {"company__knows_profile": False}),
    ("stickers.price", 2_000, "stickers.sold", -1, {"stickers__on": True}),
    ("subscriptions.price", 1_500, "subscriptions.share", 1, {"subscriptions__on": True}),
]


@pytest.mark.parametrize(
    ("lever", "value", "metric", "sign", "world"),
    LEVERS,
    ids=[f"{lever}-{metric}" for lever, _, metric, _, _ in LEVERS],
)
def test_a_lever_moves_its_metric(lever: str, value: Any, metric: str, sign: int, world: dict[str, Any]) -> None:
    changed = world | {lever.replace(".", "__"): value}
    for seed in SEEDS:
        before, after = (
            outcome("baseline", run={"users": PEOPLE, "days": DAYS, "seed": seed}, **values).summary[metric]
            for values in (world, changed)
        )
        assert sign * (after - before) > 0, f"{metric} is {after:g} with {lever} = {value}, and {before:g} without"


def test_every_lever_of_a_service_is_pulled() -> None:
    """But for switches of whole services, what is told of elsewhere, the rule that pulls one (company/test_steering.py), and tests of them
    on a part of the world (people/test_experiment.py).
    """
    from sim.scenario import Scenario

    pulled = {lever for lever, *_ in LEVERS}
    elsewhere = {
        "lucky_money.split",  # payments/test_lucky_money.py: an equal split
        "subscriptions.sells",  # subscriptions/test_subscriptions.py: a membership
    }
    decided = {p.name for p in Scenario.make().parameters() if p.origin == "decided"}
    levers = {
        name for name in decided if not name.endswith(".on") and not name.startswith(("steering.", "experiment."))
    }
    assert levers - pulled - elsewhere == {"company.capital"}
