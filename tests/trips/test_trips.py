"""Trips: whoever gets a seat gains, whole flights are cancelled, a line is dealt with faster in chat than at the desk."""

import math

import numpy as np
import pytest
from worlds import live, world_of

from sim.engine import luck
from sim.ground.ledger import BANK, WALLET
from sim.people import presence
from sim.people.experience import FeltColumns
from sim.results.intervals import paired
from sim.results.runs import summarise
from sim.trips import trips
from sim.trips.airlines import AirlineColumns
from sim.trips.trips import FlightColumns, TripColumns
from sim.world import World

RUN = {"users": 2_000, "days": 60}
OFTEN = {"on": True, "wishes": 0.05}
SEEDS = range(1, 7)
ALL = {"people_a_market": 1_000}  # a thousand people are a whole market: nobody stands for others
FLOWN = {"wishes": 0.02, "routes": 1, "seats": 8.0, "disrupted": 0.3}  # one small flight a day, often cancelled


def flying(seed=1, threads=1, users=RUN["users"], days=RUN["days"], others=None, **terms):
    """A small world with trips, on its first morning."""
    run = {"users": users, "days": days, "seed": seed}
    return world_of(run=run, threads=threads, trips=OFTEN | terms, **(others or {}))


def flown(*arguments, **terms):
    """The same at its end."""
    return live(flying(*arguments, **terms))


def summary(world):
    return summarise(world.history, world.metrics)


def test_a_trip_is_booked_two_days_ahead_or_more_and_within_the_horizon():
    ahead = [trips.days_ahead(20.0, u) for u in (1e-9, 0.5, 0.999999)]
    assert ahead[0] == 2
    assert ahead[1] > 2
    assert ahead[2] <= trips.HORIZON - 1


def test_no_flight_sells_more_seats_than_it_has_and_late_askers_go_without():
    few = flown(seats=2.0)
    assert few.history["trips.full"].sum() > 0
    assert few[FlightColumns].sold.max() == 2


# what a trip is worth, and to whom


def test_where_there_is_no_seat_nobody_gains_anything():
    """Fails if the wish for a trip is worth something, got or not."""
    none, without = flown(users=600, days=30, seats=1e-9), flown(users=600, days=30, on=False)
    assert none.history["trips.full"].sum() > 0 == none.history["trips.sold"].sum()
    assert (none.surplus == without.surplus).all()
    assert none.history["users.daily"].equals(without.history["users.daily"])


def test_who_cannot_pay_the_fare_gains_nothing_either():
    poor = {"users": {"income": 1_000, "income_spread": 0.0}, "clock": {"savings_months": 0.01}}
    broke = flown(users=600, days=20, others=poor)
    without = flown(users=600, days=20, others=poor, on=False)
    assert broke.history["trips.unaffordable"].sum() > 0 == broke.history["trips.sold"].sum()
    assert (broke.surplus == without.surplus).all()


def test_what_is_credited_is_what_choosers_gain_in_the_mean_where_seats_are_ample():
    """Simulated: the best of thread, agency and home less the best of the last two. Breaks if losers are credited too."""
    terms = {"fare_spread": 0.0, "seats": 500.0}
    still = {"clock": {"savings_months": 50.0}, "airlines": {"adjustment": 0.0}}
    found = summary(flown(others=still, **terms))
    assert found["trips.full"] == found["trips.unaffordable"] == 0
    it = trips.TripsSettings()
    level = flying(**terms).tables[trips.AIRLINES].rows.level[0]
    fare = int(it.fare * level)
    here, agency = (trips.utility_of_trip(it.worth, price, it.price_weight) for price in (fare, it.fare))
    key, people = luck.key(1, "test"), 100_000
    noise = -np.log(-np.log(np.array([luck.uniforms(key, people, k) for k in range(3)])))
    without = np.maximum(agency - it.effort + noise[0], it.doing_without + noise[1])
    surplus = np.maximum(here + noise[2], without) - without
    simulated = surplus.mean() / it.price_weight
    assert found["trips.worth"] / 100 / found["trips.wished"] == pytest.approx(simulated, rel=0.06)  # three errors
    gain = trips.gain_of_trip(it.row, fare, level)
    assert (surplus > 0).mean() * gain == pytest.approx(simulated, rel=0.01)
    assert found["trips.worth"] / 100 / found["trips.sold"] == pytest.approx(gain, rel=1e-4)


def test_the_gain_is_felt_by_those_who_got_a_seat_and_by_nobody_else():
    world = flying(users=600, wishes=0.5, seats=2.0)
    presence.open_app(world)
    trips.step(world)
    world.close()
    booked, worth = world[TripColumns].flight >= 0, world[FeltColumns].worth
    assert world.today["trips.full"] > 0 < booked.sum() == world.today["trips.sold"]
    assert (worth[booked] > 0).all()
    assert not worth[~booked].any()
    assert 100 * worth.sum(dtype=np.float64) == pytest.approx(world.today["trips.worth"], rel=1e-5)


def test_a_gain_is_a_number_however_good_or_bad_a_trip_is():
    it = trips.TripsSettings().row
    assert trips.gain_of_trip(it, 10**10, 1.0) == 1 / it.price_weight
    assert math.isfinite(trips.gain_of_trip(it._replace(worth=100.0, doing_without=-100.0, effort=100.0), 1, 1.0))


# cancelled flights


def stranded(people=13, **terms):
    """A world on the day after the only flight with these people on it was cancelled; four seats a flight are left."""
    terms = {"routes": 1, "seats": 4.0, "disrupted": 1.0, "wishes": 0.0, "rebooked_within": 3} | terms
    world = flying(users=1_000, others={"merchants": ALL}, **terms)
    mine, row = world[TripColumns], world.day % trips.HORIZON
    mine.flight[:people], mine.day[:people], mine.paid[:people] = row, world.day, 50_000
    world[FlightColumns].sold[row] = people
    world.ledger.open_day()
    presence.open_app(world)
    trips.step(world)
    world.close()
    return world


def minutes_and_delay(world, people=13):
    """Of each who got a seat, from what they lost: minutes, and days."""
    mine, it = world[TripColumns], world.now.trips
    lost = -(mine.lately + world[FeltColumns].worth)[:people]
    days = mine.day[:people] - world.day
    seated = mine.day[:people] >= 0
    return (lost - it.day_worth * days)[seated] / it.minute_worth, days[seated]


def test_at_the_desk_they_are_dealt_with_one_after_the_other_and_the_late_ones_fly_later():
    world = stranded(chat=False, rebooking=10.0)
    minutes, days = minutes_and_delay(world)
    order = np.argsort(minutes)
    assert np.allclose(minutes[order], 10.0 * np.arange(1, 13), atol=1.5), "ten minutes each, in one line"
    assert days[order].tolist() == [1] * 4 + [2] * 4 + [3] * 4
    assert world.today["trips.rebooked_at_desk"] == world.today["trips.rebooked"] == 12
    assert world.today["trips.rebooked_in_chat"] == 0


def test_in_chat_an_agent_deals_with_several_at_once():
    world = stranded(chat=True, rebooking=10.0, chats_at_once=5)
    minutes, days = minutes_and_delay(world)
    order = np.argsort(minutes)
    assert np.allclose(minutes[order], [10.0] * 5 + [20.0] * 5 + [30.0] * 2, atol=1.5)
    assert [sorted(days[order][at : at + 5]) for at in (0, 5, 10)] == [[1] * 4 + [2], [2] * 3 + [3] * 2, [3] * 2]
    assert world.today["trips.rebooked_in_chat"] == world.today["trips.rebooked"] == 12


def test_who_finds_no_seat_within_some_days_has_the_fare_back_and_loses_the_trip():
    world = stranded(people=11, rebooked_within=2)
    mine, before = world[TripColumns], World(world.scenario)
    before.close()
    back = sum(world.ledger[sector] - before.ledger[sector] for sector in (BANK, WALLET))
    refunded = np.flatnonzero(back)
    assert refunded.size == world.today["trips.refunded"] == 11 - 2 * 4
    assert (back[refunded] == 50_000).all()
    assert (mine.flight[refunded] == trips.NO_TRIP).all()
    assert world.ledger[trips.AIRLINES][0] == 0
    assert world.ledger.paid("refunds", payer=trips.AIRLINES) == world.today["trips.refunds"] == 3 * 50_000
    assert world.ledger.imbalance() == 0
    lost = -(mine.lately + world[FeltColumns].worth)[refunded]
    level = world.tables[trips.AIRLINES].rows.level[0]
    assert (lost > trips.gain_of_trip(world.now.trips.row, 50_000, level)).all()


def test_the_seats_that_they_take_are_sold_and_those_sold_already_are_not_theirs():
    world = stranded(people=6)
    sold = world[FlightColumns].sold
    assert sold[: world.day + 4].tolist() == [0, 4, 2, 0]
    assert stranded(people=6, seats=1e-9).today["trips.refunded"] == 6


def test_seats_go_to_whoever_is_dealt_with_first_to_people_who_book_as_well():
    left, got = np.array([0, 1, 1, 0]), np.empty(3, np.int64)
    trips._seat(np.array([0, 1, 2]), np.array([1, 1, 1]), np.array([1, 2, 2]), 1, left, got)
    assert got.tolist() == [1, 2, trips.NO_TRIP], "the one who books has the first day's, the second in line none"


def test_what_a_cancelled_flight_cost_is_felt_on_the_next_day_of_use_by_those_away_as_well():
    world = stranded()
    away = world.users.users.active[:13] == 0
    lately, worth = world[TripColumns].lately[:13], world[FeltColumns].worth[:13]
    assert away.any()
    assert not away.all()
    assert (lately[away] < 0).all()
    assert not worth[away].any()
    assert (worth[~away] < 0).all()
    assert not lately[~away].any()


def test_nobody_flies_where_all_is_cancelled_and_all_are_rebooked_or_refunded():
    history = flown(disrupted=1.0).history
    assert history["trips.disrupted"].sum() > 0 == history["trips.flown"].sum()
    assert (history["trips.disrupted"] == history["trips.rebooked"] + history["trips.refunded"]).all()
    assert history["trips.refunded"].sum() > 0
    assert (history["ledger.imbalance"] == 0).all()
    none = flown(disrupted=0.0).history
    assert none["trips.flown"].sum() > 0 == none["trips.disrupted"].sum() == none["trips.refunded"].sum()


def test_flights_are_cancelled_whole():
    """On a day with one route all fly or none: people on a flight share its luck."""
    days = np.concatenate(
        [
            flown(seed, disrupted=0.2, routes=1, seats=200.0).history[["trips.flown", "trips.disrupted"]]
            for seed in (1, 2)
        ]
    )
    days = days[days.sum(axis=1) >= 3]
    assert (days > 0).any(axis=0).all()
    assert ((days == 0).any(axis=1)).all()


def test_being_rebooked_in_chat_is_better_than_at_the_desk():
    """Fails if both deal with as many at once."""
    chat, desk = (
        [flown(seed, users=1_000, days=50, others={"merchants": ALL}, chat=on, **FLOWN) for seed in SEEDS]
        for on in (True, False)
    )
    surplus = paired([world.surplus.sum() for world in chat], [world.surplus.sum() for world in desk])
    minutes = [[summary(world)["trips.rebooking_minutes"] for world in worlds] for worlds in (desk, chat)]
    assert surplus.low > 0
    assert paired(*minutes).low > 10


# as a whole


def test_trips_and_rebooking_do_not_hang_on_how_many_are_simulated():
    """Others of the market, whom few people stand for, want seats and stand in line; breaks if either shrinks with them."""
    few, many = {}, {}
    for users, seeds, found in ((600, range(1, 31), few), (10_000, (1, 2), many)):
        terms = {"wishes": 0.006, "disrupted": 0.2, "chat": False}
        days = [flown(seed, users=users, **terms).history.drop(columns="date").sum() for seed in seeds]
        total = {name: sum(day[f"trips.{name}"] for day in days) for name in
                 ("wished", "sold", "full", "disrupted", "rebooked", "refunded", "minutes_lost", "days_lost")}  # fmt: skip
        found |= {name: total[name] / total["wished"] for name in ("sold", "full", "disrupted")}
        found["minutes"] = total["minutes_lost"] / total["disrupted"]
        found["refunded"], found["delay"] = (
            total["refunded"] / total["disrupted"],
            total["days_lost"] / total["rebooked"],
        )
    for name, within in (("sold", 0.1), ("full", 0.35), ("disrupted", 0.25), ("minutes", 0.15), ("delay", 0.15)):
        assert few[name] == pytest.approx(many[name], rel=within), name
    assert few["refunded"] == pytest.approx(many["refunded"], abs=0.08)
    assert few["full"] > 0.02


def test_a_commission_is_the_airline_s_to_pay_and_the_books_balance():
    world = flown(commission=0.1, disrupted=0.3)
    history = world.history
    assert history["revenue.commission"].sum() > 0.09 * history["trips.fares"].sum()
    assert history["trips.refunds"].sum() > 0
    assert (history["ledger.imbalance"] == 0).all()
    assert world.ledger[trips.AIRLINES][0] == 0


# who bears a commission


def test_fares_rest_where_no_airline_gains_by_another():
    """The best of many fares by an airline's profit, the others' as they are. Breaks if a commission is not passed on."""
    for commission in (0.0, 0.1, 0.3):
        world = flying(commission=commission, on=False)
        it, firms, rest = world.now.trips, world.now.airlines, float(world[AirlineColumns].level[0])
        world.close()

        def profit(own, rest=rest, it=it, firms=firms, commission=commission):
            weight, usual, number = it.price_weight, it.fare / 100, firms.number
            mine, theirs = (math.exp(it.worth - weight * usual * level) / number for level in (own, rest))
            agency = math.exp(it.worth - weight * usual - it.effort)
            total = mine + (number - 1) * theirs + agency + 1
            there = agency / number * (1 - firms.agency_commission - firms.seat_cost)
            return (mine * (own * (1 - commission) - firms.seat_cost) + there) / total

        fares = np.linspace(0.7 * rest, 1.4 * rest, 1_401)
        assert fares[np.argmax([profit(one) for one in fares])] == pytest.approx(rest, abs=0.002)


def test_a_commission_is_passed_on_and_fewer_fly_by_the_thread_till_it_earns_less():
    """Airlines, travellers and in the end the platform lose. Breaks where whoever pays is nobody."""
    found = {
        t: summary(flown(users=1_500, commission=t, wishes=0.02, disrupted=0.0, seats=500.0))
        for t in (0.0, 0.1, 0.3, 0.9)
    }
    levels, sold, worth, airlines, earned = (
        [one[name] for one in found.values()]
        for name in ("trips.fare_level", "trips.sold", "trips.worth", "welfare.airlines", "revenue.commission")
    )
    assert levels == sorted(levels)
    assert sold[0] > 1.05 * sold[1] > 1.3 * sold[2] > 0 == sold[3]
    assert worth == sorted(worth, reverse=True)
    assert airlines[0] > airlines[1] > 0
    assert 0 < earned[1] < earned[2] > earned[3] == 0
    total = [
        w + a + e + one["welfare.outside"] for w, a, e, one in zip(worth, airlines, earned, found.values(), strict=True)
    ]
    assert total == sorted(total, reverse=True), "a commission moves money, and loses some"


def test_where_flights_sell_out_fares_rise_till_fewer_are_refused():
    """Breaks where airlines know nothing of seats: a commission would then bring fares nearer to what clears the market."""
    tight = {"users": 1_000, "days": 80, "wishes": 0.03, "seats": 3.0, "disrupted": 0.0}
    full, fares = (flown(**tight).history[name] for name in ("trips.full", "trips.fare_level"))
    assert fares.iloc[-1] > fares.iloc[0] + 0.1
    assert full.iloc[-20:].sum() < 0.7 * full.iloc[20:40].sum()


def test_without_a_thread_airlines_and_agencies_are_where_they_were():
    off = flown(on=False, days=20).history
    assert off["welfare.airlines"].sum() == off["welfare.outside"].sum() == 0
    on = summary(flown(users=1_500, wishes=0.02))
    assert on["welfare.outside"] < 0 < on["welfare.airlines"]


def test_the_same_trips_whatever_the_threads_and_when_they_are_taken_up_again(tmp_path):
    terms = {"users": 1_000, "days": 40, "disrupted": 0.3}
    whole = flown(**terms)
    assert whole.history["trips.rebooked"].sum() > 0 < whole.history["trips.refunded"].sum()
    assert whole.history.equals(flown(threads=2, **terms).history)
    live(flying(**terms), until=20).save(tmp_path / "half")
    resumed = live(World.load(tmp_path / "half"))
    assert resumed.history.equals(whole.history)
    assert (resumed.tables["trips"].rows.lately == whole.tables["trips"].rows.lately).all()


def test_trips_in_a_thread_bring_people_back():
    daily = [[flown(seed, users=1_000, on=on).history["users.daily"].mean() for seed in SEEDS] for on in (True, False)]
    assert paired(*daily).low > 0
