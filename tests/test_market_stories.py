"""Stories of the market: what a cut, adverts, paid places and a subscription do to the same people with the same luck.

Each is told over several seeds; the 95 % interval of the paired difference must lie on the side the story says. What
breaks them: merchants who do not pass fees on, rankings that ignore bids, adverts that nobody minds.
"""

import numpy as np
from numpy.typing import NDArray
from worlds import by_seed, surely_above

SEEDS = (1, 2, 3, 4)
SHOPS = {"shopping": {"on": True, "needs": 0.3}}  # needs enough for small worlds


def of(metric: str, days: int = 60, users: int = 1_000, **decided: object) -> NDArray[np.float64]:
    """A metric of a small world with shops, by seed."""
    return by_seed(metric, SEEDS, run={"users": users, "days": days}, **SHOPS, **decided)


def test_a_higher_cut_raises_prices_and_lowers_sales():
    for metric, sign in (("shopping.mean_price", 1), ("shopping.orders", -1), ("welfare.users", -1)):
        surely_above(sign * of(metric, shopping__commission=0.2), sign * of(metric))


def test_past_a_point_a_cut_pushes_deals_off_the_platform():
    low, high = (of("shopping.off_platform_share", shopping__commission=cut) for cut in (0.05, 0.4))
    surely_above(high, low)
    earned = [of("revenue.commission", shopping__commission=cut).mean() for cut in (0.05, 0.4, 0.8)]
    assert earned[0] < earned[1]
    assert earned[2] < 2 * earned[1], "a doubled cut earns less than double"


def test_paid_places_earn_and_bend_the_advice():
    paid = {"promotion__weight": 0.6, "company__knows_purchases": True, "company__knows_profile": True}
    honest = paid | {"promotion__weight": 0.0}
    surely_above(of("revenue.promotion", **paid), of("revenue.promotion", **honest))
    surely_above(of("promotion.distortion", **paid), of("promotion.distortion", **honest))


def test_saying_which_places_are_paid_earns_less_and_misleads_less():
    hidden = {"promotion__weight": 0.6, "company__knows_profile": True, "regulator__on": False}
    hidden["shopping__needs"] = 0.8
    for metric in ("revenue.promotion", "promotion.distortion"):
        disclosed = of(metric, days=90, users=3_000, **hidden, promotion__disclosed=True)
        surely_above(of(metric, days=90, users=3_000, **hidden), disclosed)


def over_years(metric: str, **decided: object) -> NDArray[np.float64]:
    """A metric of a year and a half of paid places."""
    return of(metric, days=540, users=3_000, promotion__weight=0.6, company__knows_purchases=True, **decided)


def test_hiding_which_places_are_paid_loses_where_somebody_looks():
    """Fines, and lists that fewer people take; breaks if trust does nothing, or if nobody finds what is hidden."""
    honest, hidden = over_years("profit.total", promotion__disclosed=True), over_years("profit.total")
    surely_above(honest, hidden)
    surely_above(over_years("profit.total", regulator__on=False), honest)
    for metric in ("shopping.orders", "welfare.users", "welfare.merchants", "welfare.total"):
        surely_above(over_years(metric, promotion__disclosed=True), over_years(metric))
    surely_above(over_years("trust.own_way"), over_years("trust.own_way", promotion__disclosed=True))


def test_a_headline_that_costs_more_trust_costs_more_profit():
    """Breaks where trust keeps people from nothing that earns: then less is carried, and that is all."""
    for metric in ("profit.total", "revenue.promotion"):
        surely_above(over_years(metric), over_years(metric, trust__headline_loss=0.6))
    # shops come and go otherwise, which scatters welfare: people lose with each luck, by how much differs
    assert (over_years("welfare.users") > over_years("welfare.users", trust__headline_loss=0.6)).all()


def test_knowing_people_makes_the_unpaid_list_better():
    blind, seeing = of("promotion.information_loss"), of("promotion.information_loss", company__knows_profile=True)
    assert of("promotion.distortion").max() == 0, "an unpaid list is not bent"
    surely_above(blind, seeing)
    assert seeing.min() > 0, "what is seen is noisy, and eight of twelve are shown"
    surely_above(of("shopping.worth", company__knows_profile=True), of("shopping.worth"))


def test_a_subscription_without_adverts_sells_better_where_adverts_are_many():
    """From none to few to many adverts for those who do not pay; breaks when what adverts cost people is not remembered."""
    sold = {"subscriptions__on": True, "subscriptions__price": 1_500, "advertising__on": True}
    none, few, many = (
        of("subscriptions.share", days=90, **sold, advertising__inbox_slots=inbox, advertising__discovery_slots=page)
        for inbox, page in ((0.0, 0.0), (0.0, 1.0), (3.0, 2.0))
    )
    surely_above(few, none)
    surely_above(many, few)


def test_free_shops_are_good_for_people_and_bring_them_back():
    surely_above(of("welfare.users"), of("welfare.users", shopping__on=False))
    surely_above(of("users.daily"), of("users.daily", shopping__on=False))
