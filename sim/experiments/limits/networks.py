"""Limits of networks: who knows whom, and who joins (rows 11 to 14)."""

import math
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import luck
from sim.experiments.limits.limit import QUIET, Limit, held_against, live, mean_against, quiet_world
from sim.ground.friends import measures
from sim.ground.friends.friends import Friends, pick_any_friend
from sim.ground.friends.terms import FriendsSettings
from sim.people import joining
from sim.people.users import MEMBER
from sim.scenario import Scenario
from sim.world import World


def _share_reached(reproduction: float, first: float = 0.0) -> float:
    """The larger root of z = 1 - (1 - first) exp(-R0 z): the giant component, or the final size of an outbreak."""
    z = 1.0
    for _ in range(10_000):
        z = 1.0 - (1.0 - first) * math.exp(-reproduction * z)
    return z


def word_of_mouth(
    reproduction: Sequence[float] = (1.5, 2.0, 3.0), people: int = 6_000, outbreaks: int = 24, seed: int = 11
) -> list[Limit]:
    """Row 11: whom an outbreak of invitations reaches."""
    limits = []
    ties = max(10.0, 2.0 * max(reproduction))
    sizes: dict[float, list[float]] = {r0: [] for r0 in reproduction}
    firsts: dict[float, list[float]] = {r0: [] for r0 in reproduction}
    for number in range(4 * outbreaks):  # an invitation that nobody takes up is no outbreak
        if all(len(found) >= outbreaks for found in sizes.values()):
            break
        network = _random_network(people, ties, 1_000 * seed + number)
        for r0 in reproduction:
            if len(sizes[r0]) < outbreaks:
                reached, first = _outbreak(network, r0 / ties, 1_000 * seed + number)
                if reached > max(0.05, 10 * first):
                    sizes[r0].append(reached)
                    firsts[r0].append(first)
    for r0 in reproduction:
        expected = _share_reached(r0, float(np.mean(firsts[r0]))) if firsts[r0] else _share_reached(r0)
        how = f"{len(sizes[r0])} outbreaks among {people} with {ties:g} friends, by invitations through joining.step"
        limits.append(mean_against(11, f"final size, R0 {r0:g}", expected, sizes[r0] or [0.0, 0.0], how))
    return limits


def _random_network(people: int, ties: float, seed: int) -> Friends:
    """Every pair tied with the same chance (Erdos and Renyi), by the generator."""
    settings = FriendsSettings(degree=ties, groups=False, fitness_spread=0.0, locality=0.0)
    return Friends.generate(settings, people, seed)


def _outbreak(network: Friends, invitation: float, seed: int, starters: float = 5.0) -> tuple[float, float]:
    """A few join by themselves on day 0, then only by invitation: (share of people reached, share on day 0)."""
    own = {"innovation": 365.0 * starters / network.people, "imitation": 0.0}
    sections = QUIET | {
        "run": {"users": network.people, "seed": seed, "days": 30_000},
        "users": {"first_members": 0.0},
        "joining": own | {"invitation": invitation},
    }
    scenario = Scenario.make(**sections, events=[{"day": 1, "set": {"joining.innovation": 0.0}}])
    with closing(World(scenario, friends=network)) as world:
        world.step()
        first = world.today.get("users.joins", 0)
        while world.today.get("users.joins", 0):
            world.step()
        return float((world.users.rows.membership == MEMBER).mean()), first / network.people


def giant_component(ties: float = 4.0, people: int = 10_000, networks: int = 30, seed: int = 12) -> list[Limit]:
    """Row 12: the largest component of a random network."""
    sizes = [measures.giant_component(_random_network(people, ties, 1_000 * seed + k).rows) for k in range(networks)]
    how = f"{networks} networks of {people} from the generator, groups off, equal fitness, no distance"
    return [mean_against(12, f"giant component, {ties:g} friends", _share_reached(ties), sizes, how)]


def friendship_paradox(
    people: int = 1_000, networks: int = 16, settings: FriendsSettings | None = None, seed: int = 13
) -> list[Limit]:
    """Row 13: friends of friends, asked of both ends of every tie."""
    settings = settings or FriendsSettings()
    gaps, expected = [], []
    for number in range(networks):
        rows = Friends.generate(settings, people, 1_000 * seed + number).rows
        own = measures.degrees(rows).astype(np.float64)
        asked = np.repeat(np.arange(people), own.astype(np.int64))  # who has many friends is asked about many
        u = luck.uniforms(luck.key(seed, "validate.friend", number), asked.size)
        found = [pick_any_friend(rows, who, at) for who, at in zip(asked.tolist(), u.tolist(), strict=True)]
        expected.append(float((own**2).mean() / own.mean()))
        gaps.append(float(own[found].mean()) / expected[-1])
    how = f"{networks} networks of {people} people: mean friends of friends drawn by pick_any_friend, over <k^2>/<k>"
    return [
        mean_against(13, "mean friends of friends / (<k^2>/<k>)", 1.0, gaps, f"{how} = {np.mean(expected):.2f}"),
        _random_friends(people, networks, settings.degree, seed),
    ]


def _random_friends(people: int, networks: int, ties: float, seed: int) -> Limit:
    """The same where theory knows both: in a random network a friend has (n - 2) p + 1 friends."""
    seeds = range(1_000 * seed + 500, 1_000 * seed + 500 + networks)
    means = [measures.friends_of_a_friend(_random_network(people, ties, one).rows) for one in seeds]
    expected = (people - 2) * ties / (people - 1) + 1.0
    error = math.sqrt(2.0 * ties / people / networks)  # of the mean number of friends
    name = f"friends of a friend, random, {ties:g} friends"
    return held_against(13, name, expected, float(np.mean(means)), error, f"{networks} networks of {people} people")


def bass(
    innovation: float = 0.03, imitation: float = 0.38, people: int = 2_000, runs: int = 40, seed: int = 14
) -> list[Limit]:
    """Row 14: joining where all know all."""
    rate = innovation + imitation
    peak = math.log(imitation / innovation) / rate  # years
    wide = min(3.0, 0.5 * peak)  # half-width of the bump laid over the joins: it fits best at their centre of symmetry
    at, days = round(365 * peak), math.ceil(365 * (peak + wide + 1.0))
    members, variances = [0.0], [0.0]  # of so many people: chance slows the mean by imitation times the variance
    for _ in range(days):
        share, variance = members[-1], variances[-1]
        rising = (innovation + imitation * share) * (1.0 - share)
        members.append(share + (rising - imitation * variance) / 365)
        spread = 2.0 * (imitation * (1.0 - 2.0 * share) - innovation) * variance + rising / people
        variances.append(variance + spread / 365)
    bump = np.cos(0.5 * np.pi * np.linspace(-1.0, 1.0, 2 * math.floor(365 * wide) + 1)) ** 2

    def middle(joins: NDArray[Any]) -> float:
        return float(np.argmax(np.convolve(joins, bump, "valid")) + 0.5 * bump.size) / 365

    shares, tops, peaks = [], [], []
    for number in range(runs):
        with closing(
            quiet_world(
                people, 1_000 * seed + number,
                users={"first_members": 0.0},
                joining={"innovation": innovation, "imitation": imitation, "invitation": 0.0},
            )
        ) as world:  # fmt: skip
            live(world, days, joining.step)
            day_of = world.users.rows.joined[world.users.rows.membership == MEMBER]
        joins = np.bincount(day_of, minlength=days)
        shares.append(joins[:at].sum() / people)
        tops.append(joins[at - 182 : at + 183].sum() / people)
        peaks.append(middle(joins))
    how = f"{runs} runs of {people} people who all know each other, through joining.step"
    endless = f"{how}; of endless people {(imitation - innovation) / (2 * imitation):.4f} after {peak:.3f} years"
    error = math.sqrt(variances[at] / runs)
    return [
        held_against(14, "members at the peak", members[at], float(np.mean(shares)), error, endless),
        mean_against(14, "joins in the year of the peak", members[at + 183] - members[at - 182], tops, how),
        mean_against(14, "time of the peak, years", middle(np.diff(members)), peaks, how),
    ]
