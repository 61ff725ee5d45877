"""Limits of money: packets, wealth that goes round, gifts that bring gifts, and who is charged (rows 6 to 10 and 36)."""

import functools
import math
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from sim.engine import luck
from sim.engine.kernels import Box, Outbox, outbox
from sim.experiments.limits.limit import AWAKE, Limit, endow, held_against, live, mean_against, quiet_world
from sim.ground.friends.friends import FriendRows, Friends
from sim.ground.ledger import BANK, OUTSIDE, WALLET, Ledger
from sim.ground.metrics import sample_gini
from sim.payments import lucky_money, wallet
from sim.people import presence
from sim.people.users import UserColumns
from sim.results.intervals import batch_error, ratio_error, share_error

CENTS = 10_000_000  # in a packet so large that whole cents do not matter


def _events(who: ArrayLike, to: ArrayLike, cents: ArrayLike) -> Box:
    rows = np.asarray(who, np.uint32)
    return Outbox.holding(rows, np.asarray(to, np.uint32), np.asarray(cents, np.int64))


def _opened(openers: int, packets: int, split: str, seed: int) -> NDArray[np.float64]:
    """Shares that so many openers take of packets into groups of their own, relative to the mean share.

    Shape (packets, openers), in the order of opening.
    """
    size = openers + 1
    rows = Friends.everyone(packets * size, size).rows
    people = UserColumns(packets * size)
    people.active = 1
    owner = np.ones(packets * size, np.uint8)
    settings = lucky_money.LuckyMoneySettings.model_validate({"openers": openers, "split": split})
    keys = tuple(luck.key(seed, f"validate.packets.{what}") for what in ("turns", "opens", "splits", "sends"))
    groups = np.arange(packets)
    events = _events(groups * size, packets * size + groups, np.full(packets, CENTS))
    shares, on = lucky_money.Shares.empty(packets * openers), outbox(packets * openers)
    turn = np.zeros(packets * size, np.uint16)
    opening = lucky_money.Opening(settings.split == "equal", 1.0, 2_000.0, 1.0, *keys)
    lucky_money._open(events, owner, people.rows, rows, turn, 0, opening, settings.row, shares, on)
    if int(shares.used[0]) != packets * openers:
        return np.full((2, openers), np.nan)  # somebody could not open
    return shares.cents.reshape(packets, openers) * openers / CENTS


@functools.lru_cache(maxsize=8)
def _largest_below(openers: int, grid: int = 4_001) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The law of the largest share under the double-mean rule, by quadrature: (part of the packet, chance to be below).

    With m left the next takes 2u/m of the rest and the others share what remains by the same rule.
    """
    x = np.linspace(0.0, 1.0, grid)
    below = (x >= 1.0).astype(np.float64)  # one opener takes all
    u = (np.arange(grid) + 0.5) / grid
    for left in range(2, openers + 1):
        taken = 2.0 * u / left
        rest = np.maximum(1e-12, 1.0 - taken)
        others = [np.interp(np.minimum(1.0, at / rest), x, below) if left > 2 else at / rest >= 1.0 for at in x]
        below = np.array([np.mean(np.where(taken <= at, other, 0.0)) for at, other in zip(x, others, strict=True)])
    return x, below


def packet_split(openers: int = 5, packets: int = 100_000, split: str = "double_mean", seed: int = 6) -> list[Limit]:
    """Row 6: spread of the double-mean shares by position, the largest of them, and the sum to the cent."""
    shares = _opened(openers, packets, split, seed)
    limits = []
    rest = 1.0  # mean square of what is left before a share is taken, packet = 1
    for place in range(openers):
        left = openers - place
        square = rest * (4.0 / (3.0 * left**2) if left > 1 else 1.0)
        rest *= 1.0 - 2.0 / left + 4.0 / (3.0 * left**2)
        # (share - mean)^2 has the mean expected below; its error becomes that of the root
        squares = (shares[:, place] - 1.0) ** 2
        spread = math.sqrt(float(squares.mean()))
        error = float(squares.std()) / math.sqrt(squares.size) / (2.0 * spread) if spread else 0.0
        expected = math.sqrt(openers**2 * square - 1.0)
        how = f"{packets} packets to groups of {openers} through lucky_money's opening"
        limits.append(held_against(6, f"SD/mean of share {place + 1} of {openers}", expected, spread, error, how))
    x, below = _largest_below(openers)
    largest = openers * float(np.trapezoid(1.0 - below, x))
    how = "same; the law by quadrature, to the fourth digit"
    limits.append(mean_against(6, f"largest share x {openers}", largest, shares.max(axis=1), how, 5e-4))
    off = float(np.round(np.abs(shares.sum(axis=1) - openers).max() * CENTS / openers))
    limits.append(held_against(6, "cents lost or made by splitting", 0.0, off, 0.0, "same"))
    return limits


def luckiest_position(openers: int = 3, packets: int = 200_000, seed: int = 7) -> list[Limit]:
    """Row 7: how often the first opener is the luckiest."""
    shares = _opened(openers, packets, "double_mean", seed)
    if openers == 3:
        expected = 3.0 * math.log(4.0 / 3.0) - 0.5
    else:  # the first takes 2u/n; the others' largest part of the rest must be less
        u = (np.arange(20_000) + 0.5) / 20_000
        x, below = _largest_below(openers - 1)
        expected = float(np.interp(np.minimum(1.0, 2.0 * u / np.maximum(1e-12, openers - 2.0 * u)), x, below).mean())
    first = shares.argmax(axis=1) == 0
    how = f"{packets} packets to groups of {openers} through lucky_money's opening"
    allowance = 0.0 if openers == 3 else 1e-3  # the quadrature's grid
    return [mean_against(7, f"P(first of {openers} is luckiest)", expected, first, how, allowance)]


def pooling(people: int = 2_000, mean: int = 100_000, snapshots: int = 100, seed: int = 8) -> list[Limit]:
    """Row 8: pairs pool their money into a packet for both; wealth becomes exponential."""
    people += people % 2
    accounts = Ledger({WALLET: people + 1, OUTSIDE: 1})  # the last wallet is the pot that a pair's packet is sent from
    everyone, pot = np.arange(people), people
    accounts.pay_many((np.zeros_like(everyone), everyone, np.full(people, mean)), OUTSIDE, WALLET, "endowment")
    crowd = UserColumns(people + 1)
    crowd.active = 1
    owner = np.ones(people + 1, np.uint8)
    settings = lucky_money.LuckyMoneySettings(openers=2)
    pairs = np.arange(people // 2)
    first = np.append(2 * pairs, people).astype(np.uint32)
    ginis, tops = [], []
    burn_in, apart = 40, 10  # a round halves what is remembered of the one before
    for round_ in range(burn_in + apart * snapshots):
        order = np.argsort(luck.uniforms(luck.key(seed, "validate.pairs", round_), people)).astype(np.uint32)
        group_of = np.zeros(people + 1, np.uint32)
        group_of[order] = np.repeat(pairs, 2)
        rows = Friends(FriendRows(np.zeros(people + 2, np.uint32), np.empty(0, np.uint32), group_of, first, order)).rows
        held = accounts[WALLET][:people].copy()
        accounts.pay_many((everyone, np.full(people, pot), held), WALLET, WALLET, "pooled")
        packets = _events(np.full(pairs.size, pot), people + 1 + pairs, held[order].reshape(-1, 2).sum(axis=1))
        keys = tuple(luck.key(seed, f"validate.pool.{what}", round_) for what in ("turns", "opens", "splits", "sends"))
        shares, on = lucky_money.Shares.empty(2 * pairs.size), outbox(2 * pairs.size)
        turn, opening = np.zeros(people + 1, np.uint16), lucky_money.Opening(False, 1.0, 2_000.0, 1.0, *keys)
        lucky_money._open(packets, owner, crowd.rows, rows, turn, 0, opening, settings.row, shares, on)
        accounts.pay_many(shares, WALLET, WALLET, "packets")
        if round_ >= burn_in and round_ % apart == 0:
            money = np.sort(accounts[WALLET][:people])
            ginis.append(sample_gini(money, np.ones(people, np.bool_)))
            tops.append(money[-(people // 5) :].sum() / money.sum())
    richest = people // 5
    harmonic = np.cumsum(1.0 / np.arange(1, people + 1))
    top = richest / people * (1.0 + harmonic[-1] - harmonic[richest - 1])
    how = f"{people} people, pairs anew each round, packets through lucky_money's opening and the ledger"
    return [
        mean_against(8, "Gini of wealth", 0.5 * (1.0 - 1.0 / people), ginis, how),
        mean_against(8, "share of the richest fifth", top, tops, how),
        held_against(8, "cents out of balance", 0.0, accounts.imbalance(), 0.0, how),
    ]


def coins(mean: int = 1, people: int = 2_000, chance: float = 0.02, batches: int = 25, seed: int = 9) -> list[Limit]:
    """Row 9: everyone who has a coin gives it, now and then, to anyone else."""
    money = {"on": True, "transfer": 1, "transfer_spread": 0.0, "transfers": chance, "first_owners": 1.0}
    with closing(
        quiet_world(
            people, seed,
            wallet=money | {"owners_alike": 0.0},
            presence=AWAKE,
            users={"income": 1, "income_spread": 0.0},
            clock={"savings_months": 0.001},
        )
    ) as world:  # fmt: skip
        endow(world, WALLET, mean)  # the banks hold nothing: no top-ups
        presence.open_app(world)  # and nobody goes to sleep again
        awake = sum(part.size for part in world.awake)
        # a queue that sends with this chance and receives as much forgets in 1/(chance (1 - root of its load)^2) days
        memory = math.ceil(1.0 / (chance * (1.0 - math.sqrt(mean / (1.0 + mean))) ** 2))

        def go_on(days: int) -> None:
            if world.day + days > 30_000:  # a world has no more days: take others, with luck of their own
                world.seed, world.day = world.seed + 1, 0
            live(world, days, wallet.step)

        for _ in range(10):
            go_on(math.ceil(memory / 2))
        ginis = []
        for _ in range(batches):
            seen = []
            for _ in range(20):
                go_on(max(1, memory // 20))
                seen.append(sample_gini(world.ledger[WALLET], np.ones(people, np.bool_)))
            ginis.append(float(np.mean(seen)))
        imbalance = world.ledger.imbalance() + int(world.ledger[BANK].sum())
    values = np.array(ginis)
    error = batch_error(values)
    how = f"{people} owners, {awake} awake, transfers of a cent with chance {chance} a day through wallet.step"
    allowance = 0.06 * chance  # giving at the same time lowers the Gini: by .087 at chance 1, .056 times small chances
    expected = _coin_gini(people, people * mean)
    return [
        held_against(9, f"Gini of coins, {mean} each", expected, float(values.mean()), error, how, allowance),
        held_against(9, "cents out of balance or in banks", 0.0, imbalance, 0.0, how),
    ]


def _coin_gini(people: int, coins: int) -> float:
    """Gini when every way to hand out the coins is as likely: tends to (1+m)/(1+2m).

    Two people hold s together with the chance below, and one of them 0..s alike.
    """
    s = np.arange(coins + 1)

    def ways(balls: Any, boxes: int) -> Any:
        return gammaln(balls + boxes) - gammaln(balls + 1) - gammaln(boxes)

    chance = np.exp(np.log(s + 1) + ways(coins - s, people - 2) - ways(coins, people))
    apart = np.where(s % 2 == 0, s * (s + 2) / (2 * (s + 1)), (s + 1) / 2)
    return float((chance * apart).sum() * (people - 1) / (2 * coins))


def contagion(
    share: float = 0.18, people: int = 1_000, days: int = 40, split: str = "double_mean", seed: int = 10
) -> list[Limit]:
    """Row 10: what is sent on within the day, of what is sent on, of what is given."""
    with closing(
        quiet_world(
            people, seed,
            presence=AWAKE,
            users={"income": 100_000_000, "income_spread": 0.0},
            clock={"savings_months": 100.0},
            wallet={"on": True, "first_owners": 1.0, "transfers": 0.0, "keeps": 10**9},
            lucky_money={"on": True, "contagion": share, "split": split, "sending": 0.4, "packets": 8.0},
        )
    ) as world:  # fmt: skip
        for _ in range(days):
            world.step()
        packets = np.array(world.datacollector.model_vars["lucky_money.packets"], np.float64)
        given = np.array(world.datacollector.model_vars["lucky_money.spontaneous"], np.float64)
    ratio = packets.sum() / given.sum()
    error = ratio_error(packets, given)
    expected = (1.0 - share**lucky_money.WAVES) / (1.0 - share)
    how = f"{people} owners of full purses, all awake, {days} days, {given.sum():.0f} packets given of one's own accord"
    return [held_against(10, f"packets per spontaneous packet, contagion {share:g}", expected, ratio, error, how)]


def fee_on_either_side(
    fee: float = 0.02, dislike: float = 40.0, people: int = 2_000, days: int = 40, seed: int = 36
) -> list[Limit]:
    """Row 36: a fee on the payer, on the payee, or half on each, all of it seen: the same payments and the same income."""
    chance, amount = 0.2, 10_000
    limits, first = [], (0, 0)
    for name, on_payer in (("payer", fee), ("payee", 0.0), ("both", fee / 2.0)):
        money = {"on": True, "transfer": amount, "transfer_spread": 0.0, "transfers": chance, "first_owners": 1.0}
        fees = {"payer_fee": on_payer, "payee_fee": fee - on_payer, "payee_fee_seen": 1.0, "fee_dislike": dislike}
        with closing(
            quiet_world(
                people, seed,
                wallet=money | fees,
                presence=AWAKE,
                users={"income": 100_000_000, "income_spread": 0.0},
                clock={"savings_months": 100.0},
            )
        ) as world:  # fmt: skip
            presence.open_app(world)
            tries = sum(part.size for part in world.awake) * days
            sent = income = 0
            for _ in range(days):
                live(world, 1, wallet.step)
                sent += int(world.today["wallet.transfers"])
                income += world.ledger.paid("payment_fees")
        part = chance * math.exp(-dislike * fee)
        error = share_error(part, tries)
        how = f"{people} owners of full purses, {tries} days of use, transfers of {amount / 100:g} CNY through wallet.step"
        limits.append(held_against(36, f"transfers a day of use, fee on {name}", part, sent / tries, error, how))
        limits.append(
            held_against(
                36,
                f"income a day of use, fee on {name}, cents",
                part * fee * amount,
                income / tries,
                error * fee * amount,
                how,
            )
        )
        first = first if any(first) else (sent, income)
        off = abs(sent - first[0]) + abs(income - first[1])
        limits.append(
            held_against(36, f"transfers and cents off those of a fee on the payer, fee on {name}", 0.0, off, 0.0, how)
        )
    return limits
