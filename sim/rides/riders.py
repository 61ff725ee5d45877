"""Riders: where people have to go, when, and whether they ride with the app.

A person with somewhere to go rides with the app, takes a taxi in the street or does without, by a logit over price,
expected wait and how the app suits them. One end of a way is home or, for some, the centre; the other lies anywhere.
"""

import math

from sim.engine import luck
from sim.engine.kernels import rule
from sim.engine.settings import Floats, Settings, assumed
from sim.ground.choice import logit, share
from sim.rides import city
from sim.rides.city import MINUTES

RUSH = (17 * 60, 19 * 60)  # the evening rush
LONGEST = 50.0  # km of a ride
CERTAIN = 600.0  # logit units beyond which nothing becomes surer; e to the 710 is no number


class RidersSettings(Settings):
    """[riders]"""

    needs: float = assumed.share(
        0.09, "chance on a day of use to have somewhere to go",
        "fitted: 5.7 rides a registered user in the first year of taxi.toml (facts.csv: Didi 2015)", 0.02, 0.3,
    )  # fmt: skip
    rush: float = assumed.amount(
        1.0, "times", "needs between 17 and 19 h over the usual: an event makes a rush evening", "1 is usual", 0, 4
    )
    hours: Floats = assumed.word(
        (1.5, 1, 0.6, 0.5, 0.6, 1.2, 3, 6.5, 7, 5, 4.2, 4.5, 5, 4.8, 4.5, 4.8, 5.5, 7.5, 7.5, 6, 5.5, 5.2, 4.5, 3),
        "needs by hour of the day; only their ratios matter", "round figures: two rush hours", unit="weights",
    )  # fmt: skip
    km: float = assumed.positive(6.0, "km", "mean length of a ride", "round figure", 2, 15)
    km_spread: float = assumed.amount(0.5, "log-spread", "inequality of lengths", "round figure", 0, 1)
    central: float = assumed.share(
        0.3, "rides between the centre, a quarter of the city, and elsewhere: in by morning, out by evening",
        "round figure", 0, 0.8,
    )  # fmt: skip
    price_weight: float = assumed.positive(
        0.033, "logit units per CNY", "how much a price counts",
        "fitted: elasticity -.5 at a fare of 24 CNY (facts.csv)", 0.01, 0.1,
    )  # fmt: skip
    km_worth: float = assumed.amount(
        2.4, "CNY a km", "worth of being driven a kilometre", "as km_fare: round figure", 0, 6
    )
    minute_worth: float = assumed.amount(1.1, "CNY a minute", "loss by waiting", "2.5 times mean wages", 0.2, 3)
    quality: float = assumed.number(
        0.5, "logit units", "worth of the app's ride but for price and wait: details of the driver, no cash",
        "fitted: 40 % of wallet owners' needs are met in the app", -3, 3,
    )  # fmt: skip
    liking: float = assumed.amount(
        0.5, "logit units", "half-width of how the app suits people, uniform about the mean", "round figure", 0, 2
    )
    opening_effort: float = assumed.amount(
        3.0, "logit units", "trouble of opening a wallet to pay the first ride", "round figure", 0, 6
    )
    street_quality: float = assumed.number(
        0.0, "logit units", "worth of a street taxi but for price and wait", "fitted: half the app's share", -50, 3
    )
    street_wait: float = assumed.amount(
        10.0, "minutes", "wait for a street taxi, at the app's price without surge", "round figure", 2, 20
    )
    street_margin: float = assumed.share(
        0.2,
        "part of a street taxi's fare that is profit, lost with its passenger",
        "MODEL.md: sellers outside",
        0.0,
        0.4,
    )
    patience: float = assumed.positive(12.0, "minutes", "wait for which nobody stays", "round figure", 5, 30)
    disappointment: float = assumed.amount(
        0.3, "logit units", "loss of a day's experience when nobody comes", "no source: sweep", 0, 2
    )


@rule
def rush_of(minute, rush):
    """Needs at a minute of the day, over the usual."""
    return rush if RUSH[0] <= minute < RUSH[1] else 1.0


@rule
def km_of(setting, u):
    """Length of a ride for a luck u."""
    return min(LONGEST, luck.lognormal(setting.km, setting.km_spread, u))


@rule
def ends(fixed_x, fixed_y, reach, turn, sets_out):
    """Where a ride starts and ends: at home or in the centre at one end, `reach` away in any direction at the other."""
    x = city.wrap(fixed_x + reach * math.cos(2.0 * math.pi * turn))
    y = city.wrap(fixed_y + reach * math.sin(2.0 * math.pi * turn))
    return (fixed_x, fixed_y, x, y) if sets_out else (x, y, fixed_x, fixed_y)


@rule
def way_of(setting, keys, scale, who, other, minute):
    """A person's ride today: (km, x and y of where it starts, x and y of where it ends).

    keys: lasting home, today's way and its ends. `scale` is the km by road of a way as long as a side.
    """
    u, direction = luck.two(keys[1], who, other)
    central, early = luck.two(keys[2], who, other)
    x, y = luck.two(keys[0], who, other)
    sets_out = early * MINUTES > minute  # from home in the morning, back in the evening
    if central < setting.central:
        x, y, sets_out = 0.5 * x, 0.5 * y, not sets_out  # the centre is where one comes home from
    km = km_of(setting, u)
    from_x, from_y, to_x, to_y = ends(x, y, km / scale, direction, sets_out)
    return km, from_x, from_y, to_x, to_y


@rule
def utility_of_ride(setting, quality, km, cents, wait):
    """Systematic utility of a ride so long, at a fare in cents and after a wait in minutes, in logit units."""
    return quality + setting.price_weight * (setting.km_worth * km - cents / 100.0 - setting.minute_worth * wait)


@rule
def own_quality(setting, owner, liking):
    """Utility of the app's ride to one person before price, way and wait; `liking` is a draw in (0, 1)."""
    return setting.quality + setting.liking * (2.0 * liking - 1.0) - (0.0 if owner else setting.opening_effort)


@rule
def chances(setting, quality, km, cents, usual, wait):
    """Chance to ask for the app's ride at this fare and expected wait, and of a street taxi for whoever does not."""
    app = math.exp(min(CERTAIN, utility_of_ride(setting, quality, km, cents, wait)))
    street = math.exp(min(CERTAIN, utility_of_ride(setting, setting.street_quality, km, usual, setting.street_wait)))
    return share(app, app + street + 1.0), share(street, street + 1.0)


@rule
def share_looking(setting, owner, start_fare, km_fare):
    """Share of needs whose people look at the app's offer: the others would not take it at any wait, price and liking."""
    best = own_quality(setting, owner, 1.0) - setting.price_weight * start_fare / 100.0
    best += setting.price_weight * max(0.0, setting.km_worth - km_fare / 100.0) * LONGEST
    return logit(best)
