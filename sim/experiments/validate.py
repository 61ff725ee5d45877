"""Validate: in a limiting case each mechanism has a published or derivable answer; here the real services give theirs.

One function a row of LIMITS.md. Each puts the services' own rules, kernels or phases into the limiting case and
measures what comes out; what is expected comes from theory alone. A number passes within four standard errors of its
finite-size value, plus an allowance where no such value is known: the function then says why. Arguments hold the
table's parameters; others may be given.
"""

from collections.abc import Callable, Iterable

from sim.engine.settings import BadInput
from sim.experiments.limits import (
    advertising,
    advice,
    banking,
    crowds,
    entry,
    interference,
    laws,
    markets,
    money,
    networks,
    rides,
    rivalry,
    studies,
    support,
)
from sim.experiments.limits.limit import Limit

__all__ = ["LIMITS", "Limit", "validate"]

LIMITS: dict[int, tuple[Callable[..., list[Limit]], ...]] = {  # by row of LIMITS.md; a new service adds its own
    1: (advertising.revenue,),
    2: (advertising.worked_example,),
    3: (advertising.reserve_price,),
    4: (advertising.pacing,),
    5: (advertising.prices_and_budgets,),
    6: (money.packet_split,),
    7: (money.luckiest_position,),
    8: (money.pooling,),
    9: (money.coins,),
    10: (money.contagion,),
    11: (networks.word_of_mouth,),
    12: (networks.giant_component,),
    13: (networks.friendship_paradox,),
    14: (networks.bass,),
    15: (support.help_queue, support.busy_desk),
    16: (markets.logit_monopoly,),
    17: (markets.logit_oligopoly,),
    18: (markets.salop,),
    19: (markets.commission,),
    20: (crowds.network_good,),
    21: (crowds.two_apps,),
    22: (markets.two_sides,),
    23: (advertising.advert_load,),
    24: (markets.paid_slot,),
    25: (advice.best_match,),
    26: (crowds.two_speeds, advertising.two_speeds),
    27: (rides.nearest_driver,),
    28: (banking.loan_book,),
    29: (banking.bad_month,),
    30: (interference.friends_of_the_treated,),
    31: (interference.what_is_left_of_yesterday,),
    32: (laws.every_cent,),
    33: (laws.same_bytes,),
    34: (entry.free_entry,),
    35: (rivalry.two_prices_with_and_without_friends,),
    36: (money.fee_on_either_side,),
    37: (rivalry.direct_gain,),
    38: (rivalry.discounting,),
    39: (advertising.binding_budgets,),
    40: (entry.showrooming,),
    41: (studies.sobol_indices,),
    42: (studies.worth_of_knowing,),
}


def validate(only: Iterable[int] | None = None) -> list[Limit]:
    """Put the services into their limiting cases.

    Args:
        only: rows of LIMITS.md to try; all if None.

    Raises:
        BadInput: a row that there is no function for.
    """
    rows = list(LIMITS) if only is None else list(dict.fromkeys(only))
    unknown = [row for row in rows if row not in LIMITS]
    if unknown:
        nearest = min(LIMITS, key=lambda row: abs(row - unknown[0]))
        raise BadInput(f"there is no limit {unknown[0]}; did you mean {nearest}? Rows: {', '.join(map(str, LIMITS))}")
    return [limit for row in rows for function in LIMITS[row] for limit in function()]
