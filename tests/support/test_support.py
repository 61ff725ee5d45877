"""Support: what customers choose and feel, what desks cost, and the stories of chat, public complaints and video."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import by_seed, live, lived, world_of

from sim.engine.settings import BadInput
from sim.experiments.limits import laws
from sim.experiments.limits import support as limits
from sim.results.intervals import paired
from sim.scenario import Scenario
from sim.shopping import merchant
from sim.shopping.merchant import MERCHANTS, MerchantColumns
from sim.shopping.needs import RegardColumns
from sim.support import desks, support
from sim.support.desks import DesksSettings
from sim.support.support import CHAT, PUBLIC, TELEPHONE
from sim.support.terms import SupportSettings

IT = SupportSettings().row
HELP = {"shopping": {"on": True}, "support": {"on": True}}
SEEDS = (1, 2, 3, 4)


def of(
    metric: str, users: int = 1_200, days: int = 42, seeds: Iterable[int] = SEEDS, **decided: Any
) -> NDArray[np.float64]:
    """A metric of a small world with customer service, by seed."""
    return by_seed(metric, seeds, run={"users": users, "days": days}, **HELP, **decided)


# rules


def test_answers_please_less_by_each_minute_past_three() -> None:
    assert support.good_at(0.92, 180.0, 180.0, 0.05) == 0.92
    assert support.good_at(0.92, 179.0, 180.0, 0.05) == 0.92, "up to three minutes a wait takes nothing"
    assert support.good_at(0.92, 300.0, 180.0, 0.05) == pytest.approx(0.82)
    assert support.good_at(0.92, 7_200.0, 180.0, 0.05) == 0.0


def test_the_chat_is_chosen_for_its_answers_and_its_ease() -> None:
    weights = [math.exp(support.utility_of_channel(channel, 60.0, IT)) for channel in (CHAT, PUBLIC, TELEPHONE)]
    assert [weight / sum(weights) for weight in weights] == pytest.approx([0.583, 0.144, 0.273], abs=0.001)


def test_shops_chat_while_it_is_worth_its_price() -> None:
    u = ((np.arange(2_000) + 0.5) / 2_000).tolist()
    shares = [np.mean([support.offers_chat(price, 300.0, one) for one in u]) for price in (0, 100, 300, 3_000)]
    assert shares == pytest.approx([1.0, math.exp(-1 / 3), math.exp(-1), 0.0], abs=0.001)


def test_what_is_usual_is_what_customers_without_the_platform_get() -> None:
    """By hand: of 1 who complains, .345 do so in public; one in ten is not answered."""
    worth, good, bad_in_public = support.outcome_outside(IT)
    public, telephone = math.exp(4 * 0.77 - 1.0), math.exp(4 * 0.88 - 0.8)
    share = public / (public + telephone)
    mean_good = share * 0.77 + (1 - share) * 0.88
    assert worth == pytest.approx(math.log(public + telephone) - 4 * mean_good * 0.1)
    assert good == pytest.approx(mean_good * 0.9)
    assert bad_in_public == pytest.approx(share * (1 - 0.77 * 0.9))


def test_help_outside_is_worth_what_simulated_customers_get() -> None:
    """Many choose with Gumbel noise and are answered, or not: the mean of what they get is the worth outside."""
    random = np.random.default_rng(1)
    pulls = np.array([support.utility_of_channel(channel, 120.0, IT) for channel in (PUBLIC, TELEPHONE)])
    noise = random.gumbel(size=(400_000, 2)) - np.euler_gamma
    chosen = (pulls + noise).argmax(axis=1)
    good = np.array([0.77, 0.88])[chosen]
    answered = random.random(good.size) > 0.1
    got = (pulls + noise).max(axis=1) + IT.good_weight * ((random.random(good.size) < good) * answered - good)
    assert got.mean() == pytest.approx(support.outcome_outside(IT)[0], abs=4 * got.std() / math.sqrt(got.size))


def test_an_answer_better_than_usual_raises_the_opinion_of_the_shop_and_half_of_it_is_older() -> None:
    assert support.opinion(0, False, 0.75, 1.2) == -90
    assert support.opinion(0, True, 0.75, 1.2) == 30
    assert support.opinion(-90, True, 0.75, 1.2) == -15
    assert support.opinion(-120, False, 0.75, 1.2) == -120
    assert 0.75 * support.opinion(0, True, 0.75, 1.2) + 0.25 * support.opinion(0, False, 0.75, 1.2) == 0, "no drift"


def test_a_broadcast_settles_only_questions_of_its_kind_while_it_is_fresh() -> None:
    assert support.is_settled(10, 6, IT, 0.19)
    assert not support.is_settled(11, 6, IT, 0.19)
    assert not support.is_settled(10, 6, IT, 0.21)


def test_a_broadcast_is_made_where_it_spares_or_sells_enough() -> None:
    dull = IT._replace(charm=0.0)
    assert desks.broadcast_pays(40.0, 267.0, 0.0, dull), "forty questions a day for five days, a fifth of them spared"
    assert not desks.broadcast_pays(10.0, 267.0, 0.0, dull)
    assert desks.broadcast_pays(0.0, 267.0, 1e6, IT)
    assert not desks.broadcast_pays(0.0, 267.0, -1e6, IT)


def test_who_would_come_when_the_desk_is_closed_comes_when_it_is_open() -> None:
    day = desks.shares_of(DesksSettings(opens=9, closes=18))
    assert day.sum() == pytest.approx(1.0)
    assert np.flatnonzero(day).tolist() == list(range(9, 18))
    assert np.flatnonzero(desks.shares_of(DesksSettings(opens=22, closes=3))).tolist() == [0, 1, 2, 22, 23]
    assert (desks.shares_of(DesksSettings(opens=5, closes=6, hours=(0.0,))) == (np.arange(24) == 5)).all()


# limit


@pytest.mark.parametrize(("agents", "load"), [(2, 1.0), (10, 8.0), (3, 0.9)])
def test_a_desk_of_patient_customers_is_erlangs(agents: int, load: float) -> None:
    assert limits.erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert limits.erlang_c(10, 8.0) == pytest.approx(0.40918, abs=5e-6)
    for limit in limits.help_queue(agents, load, customers=60_000):
        assert limit.passed, limit


# a world


def test_every_ticket_is_answered_or_not_and_came_by_some_channel() -> None:
    days = lived(run={"users": 1_500, "days": 30}, shopping={"on": True}, support={"on": True}).history
    tickets = days["support.tickets"]
    assert tickets.sum() > 100
    assert (tickets == days["support.answered"] + days["support.abandoned"]).all()
    assert (tickets == days["support.chat"] + days["support.public"] + days["support.telephone"]).all()
    assert (days["support.good"] <= days["support.answered"]).all()
    assert days["support.where_is_it"].sum() > 0


def test_waits_and_satisfaction_are_those_published() -> None:
    """facts.csv: mean wait 48 s (2018) to 96 s (2015); good answers .92 by chat, .77 on Twitter, of those answered."""
    assert 40 < np.mean(of("support.wait_seconds", users=5_000)) < 96
    assert np.mean(of("support.chat_satisfaction", users=5_000)) == pytest.approx(0.92, abs=0.03)
    assert np.mean(of("support.public_satisfaction", users=5_000)) == pytest.approx(0.77, abs=0.04)


def test_waits_do_not_hang_on_how_many_are_simulated() -> None:
    """Few people ask little: of them more worlds are needed for as sure a mean."""
    waits, agents = (
        [of(metric, 500, seeds=range(1, 13)).mean(), of(metric, 5_000).mean()]
        for metric in ("support.wait_seconds", "support.agents")
    )
    assert waits[0] == pytest.approx(waits[1], abs=12)
    assert agents[0] / 500 == pytest.approx(agents[1] / 5_000, rel=0.1)


def test_shops_pay_for_the_agents_on_duty() -> None:
    """One week at the first staffing: wages of the open hours, the simulated part of the desk, to the cent."""
    world = lived(run={"users": 1_000, "days": 7}, shopping={"on": True}, support={"on": True}, desks={"call_cost": 0})
    assert merchant.market_scale(world) == 0.05
    paid = world.flows.query("payer == 'merchants' and reason == 'help'")
    spared = world.flows.query("payee == 'merchants' and reason == 'help_spared'").cents.sum()
    assert spared == pytest.approx(0.03 * world.history["shopping.gmv"].sum(), rel=0.02)
    assert paid.cents.sum() == 7 * 16 * 3 * 2_000 * 0.05
    assert paid.cents.sum() == world.history["support.cost"].sum()


def test_conversations_are_paid_by_the_shops() -> None:
    world = lived(run={"users": 1_500, "days": 20}, shopping={"on": True}, support={"on": True, "price": 50})
    revenue = world.history["revenue.business_messages"].sum()
    assert revenue == 50 * world.history["support.chat_answered"].sum() > 0
    assert world.flows.query("reason == 'business_messages'").payer.unique().tolist() == [MERCHANTS]


def test_without_agents_nobody_is_answered_and_it_says_so() -> None:
    world = lived(
        run={"users": 1_000, "days": 30}, shopping={"on": True}, support={"on": True, "video": True, "charm": 0.0},
        desks={"agents": 0, "budget": 0.0},
    )  # fmt: skip
    days = world.history
    assert days["support.answered"].sum() == 0 < days["support.tickets"].sum() == days["support.abandoned"].sum()
    assert days["support.agents"].max() == days["support.satisfaction"].max() == 0
    assert days["support.public_unsolved"].sum() == days["support.public"].sum()
    assert world[MerchantColumns].reputation.min() < 0


def test_a_budget_binds() -> None:
    free, tight = (np.array(of("support.agents", desks__budget=share)) for share in (1.0, 0.01))
    assert (tight < 0.6 * free).all()
    cost = np.array(of("support.cost", desks__budget=0.01, desks__call_cost=0))
    assert (cost < 0.013 * np.array(of("shopping.gmv", desks__budget=0.01, desks__call_cost=0)) + 2e5).all()


def test_nothing_but_the_queue_is_kept_of_a_night() -> None:
    """A desk open 24 hours has people in service, or waiting, at midnight; one that closes ends with its hours."""
    run = {"users": 1_000, "days": 3}
    alike = [1.0] * 24
    busy = lived(run=run, shopping={"on": True}, support={"on": True, "questions": 0.1},
                 desks={"opens": 0, "closes": 24, "hours": alike})  # fmt: skip
    assert busy[desks.AgentColumns].free.max() > 0
    shut = lived(run=run, shopping={"on": True}, support={"on": True}, desks={"opens": 8, "closes": 20})
    assert shut[desks.AgentColumns].free.max() == 0


# stories


def test_chat_moves_complaints_off_the_public_channel() -> None:
    chat, without = ({"support__chat": on} for on in (True, False))
    for metric in ("support.public_share", "support.public_unsolved"):
        assert paired(of(metric, **chat), of(metric, **without)).high < 0, metric
    for metric in ("support.satisfaction", "satisfaction.mean", "welfare.users"):
        assert paired(of(metric, **chat), of(metric, **without)).low > 0, metric


def test_longer_waits_lower_satisfaction() -> None:
    """A desk whose shops care less for customers has fewer agents."""
    careful, careless = ({"desks__lost_customer": cents} for cents in (3_000, 500))
    assert paired(of("support.wait_seconds", **careless), of("support.wait_seconds", **careful)).low > 60
    for metric in ("support.satisfaction", "satisfaction.mean"):
        assert paired(of(metric, **careless), of(metric, **careful)).high < 0, metric


def test_a_broadcast_settles_like_questions_cheaper() -> None:
    video = {"support__video": True, "support__video_share": 0.0}
    settled, spent = (
        np.array(of("support.settled_by_broadcast", **video)),
        np.array(of("support.broadcast_cost", **video)),
    )
    assert settled.min() > 0
    assert paired(of("support.tickets", **video), of("support.tickets")).high < 0
    assert paired(spent / settled, of("support.cost_a_ticket")).high < 0


def test_live_video_answers_better_and_takes_longer() -> None:
    video = {"support__video": True, "support__alike": 0.0, "support__video_share": 1.0}
    good = (of("support.chat_satisfaction", users=5_000, **how) for how in (video, {}))
    assert paired(*good).low > 0
    assert paired(of("support.agents", users=5_000, **video), of("support.agents", users=5_000)).low > 0


def test_updates_cut_the_tickets() -> None:
    for metric in ("support.where_is_it", "support.tickets"):
        assert paired(of(metric, updates__on=True), of(metric)).high < 0, metric


def test_a_price_on_conversations_earns_and_sends_customers_elsewhere() -> None:
    assert paired(of("support.chat_share", support__price=200), of("support.chat_share")).high < 0
    assert paired(of("support.public_share", support__price=200), of("support.public_share")).low > 0
    assert min(of("revenue.business_messages", support__price=200)) > 0
    assert max(of("revenue.business_messages", support__price=10_000)) < min(
        of("revenue.business_messages", support__price=200)
    )


def test_complaints_in_public_hurt_shops_that_leave_them_unanswered() -> None:
    careless = {"support__chat": False, "desks__lost_customer": 300}
    forgiven, held = (of("shopping.orders", **careless, support__harm=harm) for harm in (0.0, 0.02))
    assert paired(held, forgiven).high < 0


def test_a_grudge_is_felt_at_the_shop_it_is_held_against() -> None:
    """Everybody was badly helped by the first shop of each circle, and by no other."""
    sold = []
    for grudge in (0, -120):
        world = world_of(
            run={"users": 1_000, "days": 25}, shopping={"on": True, "needs": 0.3}, orders={"asking": 0.0},
            support={"on": True, "questions": 0.0, "defects": 0.0},
        )  # fmt: skip
        world[RegardColumns].shop[...] = 0
        world[RegardColumns].opinion[...] = grudge
        sold.append(live(world)[MerchantColumns].sold.reshape(5, -1).sum(axis=0))
    assert sold[1][0] < 0.6 * sold[0][0]
    assert sold[1][1:].sum() > sold[0][1:].sum(), "some go to the others"


def test_what_is_not_solved_comes_back() -> None:
    assert paired(of("support.tickets", support__repeat=0.9), of("support.tickets", support__repeat=0.0)).low > 0


def test_broadcasts_sell() -> None:
    video = {"support__video": True, "support__video_share": 0.0}
    selling = of("shopping.orders", **video, support__charm=0.03)
    assert paired(selling, of("shopping.orders", **video, support__charm=0.0)).low > 0


def test_chat_is_worth_having_and_help_without_it_is_as_outside() -> None:
    """Against shops with whose customer service the platform has nothing to do."""
    seeds, none, silent = range(1, 9), {"support__on": False}, {"support__chat": False}
    for metric in ("users.daily", "welfare.users", "welfare.merchants", "shopping.orders"):
        assert paired(of(metric, seeds=seeds), of(metric, seeds=seeds, **none)).low > 0, metric
    without, off = (of("welfare.users", seeds=seeds, **how).mean() for how in (silent, none))
    assert without == pytest.approx(off, rel=0.005)


# off, and the same bytes


def test_off_costs_nothing() -> None:
    world = lived(run={"users": 300, "days": 9}, shopping={"on": True})
    assert [
        world.tables[name].size for name in ("customers", "regard", "desks", "desk_hours", "desk_agents", "topics")
    ] == [0] * 6
    assert not world[MerchantColumns].reputation.any()
    assert not any(world.history[name].any() for name in world.history if name.startswith("support."))


def test_help_can_be_switched_on_and_off_by_dated_events() -> None:
    events = [{"day": 10, "set": {"support.on": True}}, {"day": 20, "set": {"support.on": False}}]
    tickets = lived(run={"users": 800, "days": 30}, shopping={"on": True}, events=events).history["support.tickets"]
    assert tickets[:10].sum() == tickets[20:].sum() == 0 < tickets[10:20].sum()


@pytest.mark.parametrize("way", ["in blocks", "in two threads", "stopped and resumed", "unrecorded"])
def test_the_same_seed_gives_the_same_bytes(way: str) -> None:
    """Desks are open at midnight, when half the run is saved."""
    scenario = Scenario.make(
        run={"users": 500, "days": 18}, shopping={"on": True}, desks={"opens": 0, "closes": 24},
        support={"on": True, "video": True, "price": 30, "questions": 0.1},
    )  # fmt: skip
    plain = "plainly, without its record" if way == "unrecorded" else "plainly"
    assert laws._lived(scenario, way) == laws._lived(scenario, plain)


def test_it_runs_where_there_is_no_shop() -> None:
    world = lived(run={"users": 200, "days": 3}, shopping={"on": True}, support={"on": True},
                  merchants={"number": 0, "spare": 0})  # fmt: skip
    assert world.history["support.tickets"].sum() == 0
    assert (world.history["ledger.imbalance"] == 0).all()


def test_it_needs_shops() -> None:
    with pytest.raises(BadInput, match=r"support\.on = true needs shopping\.on = true"):
        Scenario.make(support={"on": True})


@pytest.mark.parametrize("name", ["zendesk", "twitter"])
def test_its_scenarios_differ_from_the_shops_in_what_is_decided_only(name: str, scenarios: Path) -> None:
    from sim.differences import differences

    found = differences(Scenario.load(scenarios / "shops.toml"), Scenario.load(scenarios / f"{name}.toml"))
    assert {origin for _, _, _, origin in found} == {"decided"}
    assert ("support.on", False, True, "decided") in found


def test_the_row_of_settings_holds_what_kernels_read() -> None:
    wanted: dict[str, Any] = {
        "good_chat": 0.92,
        "good_public": 0.77,
        "good_telephone": 0.88,
        "kink": 180.0,
        "fall": 0.05,
    }
    assert {name: getattr(IT, name) for name in wanted} == wanted
