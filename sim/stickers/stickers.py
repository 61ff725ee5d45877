"""Stickers: packs of small pictures, bought once and sent for ever; the more one owns, the less one wants."""

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import decide, is_full, kernel, outbox, post, rule
from sim.engine.settings import Settings, assumed, decided
from sim.ground.ledger import BANK, COMPANY, WALLET
from sim.ground.metrics import flow
from sim.payments import purse
from sim.people import experience
from sim.people.experience import ExperienceSettings, FeltColumns
from sim.service import Service
from sim.state import State


class StickersSettings(Settings):
    """[stickers]"""

    on: bool = decided.switch(False, "whether sticker packs are sold")
    price: int = decided.count(600, "cents", "price of a pack", "LINE asked about 1 USD", 100, 3_000)
    browsing: float = assumed.share(
        0.01,
        "chance on a day of use to look at a pack",
        "fitted: LINE earned about .3 USD a user and year (facts.csv)",
        0,
        0.1,
    )
    worth: float = assumed.positive(600.0, "cents", "mean worth of a first pack", "round figure", 100, 3_000)
    worth_spread: float = assumed.amount(0.8, "log-spread", "inequality of that worth", "round figure", 0.2, 1.5)
    surfeit: float = assumed.amount(
        0.3, "per pack", "fall in worth with each pack owned: 1/(1 + this x packs)", "round figure", 0, 2
    )


class StickersColumns(Table):
    """A row a person."""

    packs = Column(np.uint16, 0, "packs owned", "packs")


SOLD = flow("stickers.sold", "packs", "sticker packs sold")


@rule
def pack_value(mean, spread, packs, surfeit, u):
    """What a further pack is worth to this person, in cents."""
    return luck.lognormal(mean, spread, u) / (1.0 + surfeit * packs)


@kernel
def _buy(awake, start, packs, owner, wallet, bank, felt, setting, before_fees, key, box):
    """Packs bought by everyone awake: those worth their price to who looks and can pay."""
    for at in range(start, awake.size):
        if is_full(box, 1):
            return at
        who = awake[at]
        if luck.uniform(key, who, 0) >= setting.browsing:
            continue
        value = pack_value(setting.worth, setting.worth_spread, packs[who], setting.surfeit, luck.uniform(key, who, 1))
        money = wallet[who] + bank[who] if owner[who] else bank[who]
        if value >= setting.price and money >= setting.price:
            packs[who] += 1
            felt.worth[who] += (value - setting.price) / 100.0
            felt.served[who] += before_fees * setting.price / 100.0
            post(box, who, np.uint32(0), setting.price)
    return awake.size


def step(state: State) -> None:
    """People who look at sticker packs buy those worth their price."""
    settings = state.settings(StickersSettings)
    if not settings.on:
        return
    packs, owner = state[StickersColumns].packs, state[purse.PurseColumns].has_wallet
    for box in decide(
        state, _buy, outbox, packs, owner, state.ledger[WALLET], state.ledger[BANK], state[FeltColumns], settings.row,
        experience.before_fees(state.settings(ExperienceSettings)), state.luck("stickers.buys"),
    ):  # fmt: skip
        many = int(box.used[0])
        purse.buy(state, box.who[:many], box.to[:many], box.cents[:many], COMPANY, "stickers")
        state.add(SOLD, many)


STICKERS = Service(
    "stickers", StickersSettings, step, tables=(StickersColumns,), metrics=(SOLD,), revenue={"stickers": "Stickers"}
)
