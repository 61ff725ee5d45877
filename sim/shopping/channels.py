"""Channels: how a deal that began in a thread is settled: there, off the platform by agreement, or in the open.

The same shop sells the same product in its thread and in the open (its own site, another market), at a price each. Who
knows both pays the cheaper of the thread's price and the open one's plus the trouble of going there: showrooming. And a
deal made in the thread may be settled by bank transfer, buyer and shop sharing the saved fee. Neither happens where there
is no fee to save, and both grow from nothing with it.
"""

import math

from sim.engine import elementary
from sim.engine.kernels import rule
from sim.ground.choice import quick_logit

NEVER = 1e15  # cents: the trouble of an open price one does not know


@rule
def trouble_of_the_open(u, known, mean):
    """Trouble of buying in the open at this need, in cents: exponential; NEVER for a buyer who knows no price there.

    It is one number for all shops, since it is the buyer's. `known` is the share who know both prices, `mean` in CNY.
    """
    return -100.0 * mean * elementary.log(u / known) if u < known else NEVER


@rule
def goes_to_the_open(asked, open_price, trouble, in_bank):
    """Whether a buyer pays the open price, by bank transfer, rather than what is asked in the thread."""
    return open_price + trouble < asked and open_price <= in_bank


@rule
def switchers(gap, known, mean):
    """Share of the thread's buyers whom a price gap wider by one CNY sends to the open.

    It is a hazard rate: the density of the trouble at the gap (CNY), over the share whose trouble is above it or who know
    no open price.
    """
    above = math.exp(-max(0.0, gap) / mean)
    return known / mean * above / max(1e-9, 1.0 - known + known * above)


@rule
def saved_each(fees, price, price_weight):
    """Utility of half the saved fee to either side of a deal settled off the platform, in logit units."""
    return price_weight * fees * price / 200.0


@rule
def chance_of_dodging(saved, reluctance):
    """Chance that a thread's deal is settled off the platform: a logit of the saving, less what it is without any."""
    usual = quick_logit(-reluctance)
    return (quick_logit(saved - reluctance) - usual) / (1.0 - usual)


@rule
def utility_of_dodging(saved, reluctance):
    """What the possibility is worth to a buyer, in utility: the area under `chance_of_dodging` up to the saving."""
    usual = quick_logit(-reluctance)
    area = elementary.log((1.0 + elementary.exp(saved - reluctance)) / (1.0 + elementary.exp(-reluctance)))
    return (area - usual * saved) / (1.0 - usual)
