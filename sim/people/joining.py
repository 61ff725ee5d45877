"""Joining: by oneself, because friends are here (Bass on a network), by word of mouth, or back after leaving."""

import numpy as np

from sim.engine import luck
from sim.engine.kernels import kernel, rule
from sim.engine.settings import Settings, assumed
from sim.ground.friends import friends
from sim.people.attention import AttentionColumns
from sim.people.experience import FeltColumns, OutsideOptionColumns
from sim.people.users import JOINS, LEFT, MEMBER, NEVER, UserColumns
from sim.state import State


class JoiningSettings(Settings):
    """[joining]"""

    innovation: float = assumed.amount(0.03, "per year", "hazard of joining by oneself (Bass p)", "Bass 1969", 0, 0.1)
    imitation: float = assumed.amount(
        0.38, "per year", "hazard of joining when all friends are members (Bass q)", "Bass 1969", 0, 2
    )
    invitation: float = assumed.share(
        0.01, "chance that a friend joins when a new member invites, once each", "R0 of word of mouth = this times degree",
        0.0, 0.2,
    )  # fmt: skip
    returning: float = assumed.share(
        0.2, "hazard of those who left for the rival, as a part of the others'", "MODEL.md", 0, 1
    )


@rule
def hazard(share_of_friends, returning, innovation, imitation):
    """Chance a day of joining."""
    return returning * (innovation + imitation * share_of_friends) / 365.0


@kernel
def _join(first, last, users, rows, everyone_share, setting, key, joining):
    """Write into `joining` who of first..last joins by themselves or because friends are here; returns how many."""
    number = 0
    for who in range(first, last):
        if users.membership[who] == MEMBER:
            continue
        returning = setting.returning if users.membership[who] == LEFT else 1.0
        u = luck.uniform(key, who, 0)
        if u < hazard(1.0, returning, setting.innovation, setting.imitation):  # only then can friends decide it
            share = friends.share_of_friends(rows, np.uint32(who), users.membership, MEMBER, everyone_share)
            if u < hazard(share, returning, setting.innovation, setting.imitation):
                joining[number] = who
                number += 1
    return number


@kernel
def _invite(people, users, rows, chance, key, joining):
    """Yesterday's new members invite each friend once; an invitation is answered by the luck of the pair."""
    number = 0
    everyone = friends.is_everyone(rows)
    for who in people:
        if everyone:  # invitations that take, out of n - 1: drawn by their number, then by who
            for k in range(luck.poisson(chance * (users.membership.size - 1), luck.uniform(key, who, 0))):
                other = friends.pick_any_friend(rows, who, luck.uniform(key, who, k + 1))
                if users.membership[other] == NEVER and number < joining.size:
                    joining[number] = other
                    number += 1
            continue
        for rank in range(friends.degree(rows, who)):
            other = friends.friend_at(rows, who, rank)
            if users.membership[other] == NEVER and luck.pair(key, who, other, 0) < chance and number < joining.size:
                joining[number] = other
                number += 1
    return number


def step(state: State) -> None:
    """Outsiders join."""
    settings, users = state.settings(JoiningSettings), state[UserColumns]
    share = np.count_nonzero(users.membership == MEMBER) / state.size
    key = state.luck("joining.joins")

    def block(part: tuple[int, int]) -> np.ndarray:
        joining = np.empty(part[1] - part[0], np.uint32)
        return joining[: _join(*part, users, state.friends.rows, share, settings.row, key, joining)]

    joining = list(state.each_block(block))
    newcomers = np.flatnonzero(users.joined == state.day - 1).astype(np.uint32)
    if newcomers.size and settings.invitation > 0:
        invited = np.empty(state.size, np.uint32)
        number = _invite(
            newcomers, users, state.friends.rows, settings.invitation, state.lasting_luck("joining.invited"), invited
        )
        joining.append(invited[:number])
    welcome(state, np.unique(np.concatenate(joining)))


def welcome(state: State, people: np.ndarray) -> None:
    """Make people members: they start from their usual day, and with both apps give half their attention to each."""
    if people.size == 0:
        return
    users = state[UserColumns]
    users.membership[people] = MEMBER
    users.joined[people] = state.day
    felt, mine = state[FeltColumns], state[AttentionColumns]
    for column in (felt.experience, felt.satisfaction, felt.habit):
        column[people] = felt.usual[people]
    felt.later[people] = felt.endured[people] = felt.served[people] = 0.0
    felt.memory[people] = 1.0
    mine.attention[people] = np.where(
        (mine.has_rival[people] == 1) & (state[OutsideOptionColumns].launched[0] == 1), 0.5, 1.0
    )
    state.add(JOINS, people.size)
