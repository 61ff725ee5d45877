"""Shop choice: which shops are looked at, what they are worth, and which is chosen."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.shopping import baskets, follows, shop_choice
from sim.shopping.promotion import PromotionSettings
from sim.shopping.shop_choice import Markets, Shopper
from sim.shopping.terms import ShoppingSettings

SETTING: Any = ShoppingSettings().row
MARKETS = Markets(people=100, markets=3, categories=4, shops_per_market=5)
PLAIN = Shopper(
    who=0, category=1, first=0, wished=False, last=-1, helped=-1, opinion=0.0, thanks=0.0, besides=0.0, taste=0.5,
    reservation=0.0, trouble=1e15, money=10_000, in_bank=10_000, observations=0,
)  # fmt: skip


def a_list(utility: list[float], **marks: list[int]) -> SimpleNamespace:
    """A list of shops of such utilities, without noise, all at 10 CNY; `marks` are considered sets."""
    offers, draws, utilities, ranks, views = shop_choice.scratch()
    number = len(utility)
    offers.row[:number], offers.asked[:number] = range(number), 1_000
    utilities.true[:number] = utilities.felt[:number] = utilities.believed[:number] = utility
    ranks.unpaid[:number] = np.argsort(-np.array(utility), kind="stable")
    for name, marked in marks.items():
        getattr(views, name)[:number] = marked
    return SimpleNamespace(number=number, offers=offers, draws=draws, utilities=utilities, ranks=ranks, views=views)


def chosen(its: SimpleNamespace, without: float = 0.0, advised: int = -1, faith: float = 0.0) -> shop_choice.Choice:
    made: shop_choice.Choice = shop_choice.choose(
        its.number, 10_000, advised, faith, without, math.exp(without), 1.0, its.offers, its.utilities, its.views
    )
    return made


# needs


def a_morning(today: int, wish: int) -> tuple[SimpleNamespace, SimpleNamespace]:
    needs = SimpleNamespace(today=np.array([today], np.uint8), advised=np.array([follows.NOBODY], np.uint32))
    return needs, SimpleNamespace(wish=np.array([wish], np.uint32))


def test_who_needs_something_sees_every_shop_and_who_only_wishes_the_one_they_read_of() -> None:
    nobody = int(follows.NOBODY)
    for today, wish, category, only in ((3, nobody, 2, -1), (0, 37, 37 // 5 % 4, 37), (3, 37, 2, -1)):
        needs, wishes = a_morning(today, wish)
        assert shop_choice.take_need(0, needs, wishes, True, MARKETS)[:2] == (category, only)
        assert needs.today[0] == 0, "crossed off"
        assert wishes.wish[0] == nobody, "crossed off"


def test_markets_share_out_all_people_and_a_circle_lies_in_its_market() -> None:
    bounds = [shop_choice.neighbours(who, MARKETS) for who in range(100)]
    assert all(first <= who < past for who, (first, past) in enumerate(bounds))
    assert sorted(set(bounds)) == [(0, 34), (34, 67), (67, 100)]
    assert {shop_choice.market_of_goods(who, 2, MARKETS) for who in range(100)} == {2, 6, 10}
    assert shop_choice.category_of(6 * MARKETS.shops_per_market + 3, MARKETS) == 2


def test_the_list_has_the_open_shops_of_a_circle_or_the_only_one() -> None:
    supply = shop_choice.Supply(None, np.array([0, 2, 3, 5, 6]), np.array([0, 3, 5]))
    rows = np.zeros(5, np.int64)
    assert rows[: shop_choice.list_open_shops(supply, 0, -1, rows)].tolist() == [0, 2, 3]
    assert rows[: shop_choice.list_open_shops(supply, 1, 6, rows)].tolist() == [6]
    assert shop_choice.list_open_shops(supply, 1, 2, rows) == 0, "closed, or in another circle"
    assert shop_choice.place_in(np.array([0, 2, 3]), 3, 3) == 2
    assert shop_choice.place_in(np.array([0, 2, 3]), 2, 3) == -1


# worth


def test_what_a_shopper_has_seen_of_a_shop_adds_to_what_it_is_worth() -> None:
    def utility(**seen: Any) -> float:
        return float(shop_choice.utility_of_shop(PLAIN._replace(**seen), 7, 1.0, 0.5, 1_000, SETTING))

    assert utility(last=7, thanks=0.1) == pytest.approx(utility() + 0.1)
    assert utility(last=8, thanks=0.1) == utility()
    assert utility(helped=7, opinion=-0.4) == pytest.approx(utility() - 0.4)
    assert utility(besides=-1.5) == pytest.approx(utility() - 1.5)


def test_the_platform_believes_what_all_can_see_and_the_match_it_expects() -> None:
    believed = shop_choice.believed_utility(1.0, 0.0, 1_000, SETTING, 0.7, 0.5)
    assert believed == pytest.approx(shop_choice.believed_utility(1.0, 0.0, 1_000, SETTING, 0.0, 0.5) + 0.7)
    assert believed > shop_choice.believed_utility(1.0, 0.0, 1_000, SETTING, 0.7, 0.4), "luck orders equals"


# looking


def test_advice_is_looked_at_and_its_loss_is_against_honest_advice() -> None:
    its = a_list([3.0, 2.0, 1.0, 0.0])
    shop_choice.consider(its.number, 2, 3, its.ranks.unpaid, its.offers, its.views)
    assert its.views.seen_unpaid[:4].tolist() == [1, 1, 0, 0]
    assert its.views.seen[:4].tolist() == [1, 0, 0, 1], "in place of the second"
    assert its.offers.why[3] == baskets.ADVISED


def test_without_trust_the_shops_one_knows_are_all_there_is() -> None:
    its = a_list([3.0, 2.0, 1.0, 0.0], known=[0, 0, 1, 0])
    shop_choice.consider(its.number, 0, -1, its.ranks.unpaid, its.offers, its.views)
    assert its.views.seen[:4].tolist() == [0, 0, 1, 0]


def paid_list(bids: list[int], known: list[int]) -> tuple[SimpleNamespace, baskets.Baskets, bool]:
    its, box = a_list([3.0, 2.0, 1.0, 0.0], known=known), baskets.empty(4)
    offer = PromotionSettings(weight=1.0, reserve=10).row
    shops = SimpleNamespace(bid=np.array(bids))
    shop_choice.consider(its.number, 2, -1, its.ranks.unpaid, its.offers, its.views)
    promoted = shop_choice.show_paid_list(
        PLAIN, its.number, np.uint64(1), shops, offer, 2, its.offers, its.utilities, its.ranks, its.views, box
    )
    return its, box, bool(promoted)


def test_a_promoted_place_is_seen_for_pay_alone_and_pays_what_keeps_it() -> None:
    its, box, promoted = paid_list([0, 0, 60, 200], known=[0, 0, 0, 0])
    assert promoted
    assert its.views.seen[:4].tolist() == [0, 0, 1, 1]
    paid = dict(zip(box.to[: box.used[0]].tolist(), box.cents[: box.used[0]].tolist(), strict=True))
    assert paid == {3: 60, 2: 10}, "the next one's bid, and the reserve"


def test_a_shop_that_is_known_or_bids_too_little_has_nothing_promoted() -> None:
    assert not paid_list([0, 0, 0, 200], known=[0, 0, 0, 1])[2], "looked at anyway"
    assert not paid_list([0, 0, 0, 9], known=[0, 0, 0, 0])[2], "below the reserve"


# choosing


def test_the_best_that_is_seen_and_can_be_paid_for_is_chosen() -> None:
    its = a_list([3.0, 2.0, 1.0], seen=[0, 1, 1], seen_unpaid=[1, 1, 1])
    made = chosen(its)
    assert (made.chosen, made.got, made.second) == (1, 2.0, 1.0)
    assert (made.best_unpaid, made.best_of_all) == (3.0, 3.0), "what paid places cost them"
    its.offers.asked[1] = 10_001
    made = chosen(its)
    assert (made.chosen, made.too_dear) == (2, 2.0)
    assert its.utilities.weight[:3] == pytest.approx([0.0, 0.0, math.e])


def test_doing_without_is_chosen_where_it_betters_every_shop() -> None:
    made = chosen(a_list([3.0, 2.0], seen=[1, 1], seen_unpaid=[1, 1]), without=3.5)
    assert (made.chosen, made.got, made.second) == (-1, 3.5, 3.5)


def test_who_believes_too_much_of_a_shop_gets_what_is_true() -> None:
    its = a_list([2.0, 1.0], seen=[1, 1], seen_unpaid=[1, 1])
    made = chosen(its, advised=1, faith=1.5)
    assert (made.chosen, made.best, made.got) == (1, 2.5, 1.0)
    honest = shop_choice.gain_of_choice(chosen(its), 1.0, 1.0)
    assert shop_choice.gain_of_choice(made, 1.0, 1.0) < honest, "misled in the mean too"


@pytest.mark.parametrize("number", [1, 5, 60])
def test_equal_shops_are_worth_the_logarithm_of_their_number(number: int) -> None:
    its = a_list([0.0] * number, seen=[1] * number)
    assert shop_choice.gain_of_choice(chosen(its), 1.0, 1.0) == pytest.approx(math.log(1 + number))
    assert shop_choice.gain_of_choice(chosen(its), 1.0, 0.0) == 0.0, "without noise one is as good as none"
