"""Attention: a logit of two apps' worth, friends' attention included; who has spent it leaves."""

from typing import Any

import numpy as np
import pytest
from worlds import lived

from sim.people.attention import AttentionSettings, install_hazard, place_of, wanted
from sim.people.users import DROPPED_OUT, LEFT, MEMBER, NEVER

ALL_HAVE_BOTH: dict[str, Any] = {
    "users": {"first_members": 1.0}, "messaging": {"on": False, "threads": 0.0}, "wallet": {"on": False},
    "joining": {"innovation": 0.0, "imitation": 0.0, "invitation": 0.0},
}  # fmt: skip


def test_equal_apps_with_friends_split_evenly_are_used_alike() -> None:
    assert wanted(0.0, 0.0, 3.0) == 0.5


def test_a_better_app_and_friends_there_draw_attention() -> None:
    assert wanted(0.5, 0.0, 3.0) > 0.5
    assert wanted(0.0, 0.8, 3.0) > 0.5
    assert wanted(0.0, 0.8, 3.0) > wanted(0.0, 0.8, 1.0)
    assert wanted(-0.5, 0.0, 3.0) == pytest.approx(1 - wanted(0.5, 0.0, 3.0))


def test_friends_who_are_on_neither_app_pull_nowhere() -> None:
    """Breaks if who dropped out counts for the rival: mere dropping out would tip the market."""
    membership = np.array([MEMBER, MEMBER, LEFT, DROPPED_OUT, NEVER], np.uint8)
    attention = np.array([1.0, 0.3, 0.0, 0.0, 0.0], np.float32)
    place = place_of(membership, attention, np.array([0, 1, 1, 1, 0], np.uint8))
    assert place.lean.tolist() == pytest.approx([1.0, -0.4, -1.0, 0.0, 0.0])
    assert place.there.tolist() == pytest.approx([0.0, 0.7, 1.0, 0.0, 0.0])
    assert place.mean_lean == pytest.approx(-0.4 / 5, abs=1e-5)


def test_a_better_rival_and_friends_on_it_make_people_install_it() -> None:
    it = AttentionSettings()
    assert install_hazard(0.0, 0.0, 0.0, it) == pytest.approx(0.07 / 365)
    assert install_hazard(-0.5, 0.0, 0.0, it) == pytest.approx(np.e * 0.07 / 365)
    assert install_hazard(0.0, 1.0, 0.0, it) == pytest.approx(0.45 / 365)
    assert install_hazard(0.0, 0.0, 1.0, it) == pytest.approx(np.exp(4) * 0.07 / 365)


def test_people_drop_out_for_reasons_of_their_own_and_come_back() -> None:
    """Breaks if dropping out is for ever, or is taken for leaving to the rival."""
    world = lived(
        run={"users": 4_000, "days": 120}, attention={"has_rival": 0.0, "installing": 0.0, "dropping_out": 0.004}
    )
    gone = world.history["attention.dropped_out"].sum()
    still = (world.users.users.membership == DROPPED_OUT).sum()
    assert gone == pytest.approx(3_600 * (1 - (1 - 0.004) ** 120), rel=0.1)
    assert 0 < still < gone
    assert world.history["attention.leaves"].sum() == 0


def test_adverts_here_move_attention_and_the_same_adverts_there_bring_it_back() -> None:
    """A rival with our levers is no better: breaks if its adverts are not minded, or ours are not."""
    run = {"users": 1_500, "days": 250}
    ours = {"on": True, "inbox_slots": 3.0}
    alone, equal, clean = (
        lived(run=run, advertising=adverts, rival={"inbox_slots": there}).history["attention.rival"].iloc[-1]
        for adverts, there in (({"on": False}, 0.0), (ours, 3.0), (ours, 0.0))
    )
    assert clean > 1.6 * alone
    assert equal == pytest.approx(alone, abs=0.15 * (clean - alone))


def test_without_the_rival_attention_stays_here() -> None:
    world = lived(
        run={"users": 300, "days": 30}, attention={"has_rival": 0.0, "installing": 0.0}, rival={"advantage": 2.0}
    )
    assert (world.users.attention.attention[world.users.users.membership == MEMBER] == 1).all()


def test_a_rival_that_is_not_there_takes_nobody_however_good() -> None:
    """Breaks if `rival.on` only stops installs; launched later, it starts with nobody."""
    settings: dict[str, Any] = {"attention": {"installing": 0.01}}
    world = lived(run={"users": 300, "days": 30}, rival={"on": False, "advantage": 2.0}, **settings)
    assert (world.users.attention.attention[world.users.users.membership == MEMBER] == 1).all()
    assert world.history["attention.multihoming"].max() == 0
    launch = [{"day": 10, "set": {"rival.on": True}}, {"day": 40, "set": {"rival.on": False}}]
    world = lived(run={"users": 300, "days": 250}, rival={"on": False, "advantage": 2.0}, events=launch, **settings)
    rival = world.history["attention.rival"]
    assert rival[:11].max() == 0
    assert rival[40] > 0.01
    assert rival.iloc[-1] < rival[40] / 10  # taken off the market, all of it comes back


def test_a_market_begins_at_its_rest() -> None:
    """An equal rival moves nobody on the whole; breaks if those who have both begin with all their attention here."""
    mean = lived(run={"users": 3_000, "days": 60}, wallet={"on": False}).history["attention.mean"]
    assert 0.9 < mean[0] < 0.98
    assert mean.iloc[-1] == pytest.approx(mean[0], abs=0.006)


def test_a_rival_that_was_not_launched_is_installed_by_nobody_more() -> None:
    on, off = (
        lived(run={"users": 400, "days": 20}, attention={"installing": 0.05}, rival={"on": launched}).history
        for launched in (True, False)
    )
    assert on["attention.installs"].sum() > 50
    assert off["attention.installs"].sum() == 0


def test_attention_moves_by_a_thirtieth_of_the_way_a_day() -> None:
    """A week's steps are taken at once: after 28 days all have moved 1 - (29/30)^28 of the way; breaks if twice."""
    world = lived(
        run={"users": 70, "days": 1}, friends={"kind": "everyone"},
        attention={"has_rival": 1.0, "network_weight": 0.0, "leaving": 0.0}, **ALL_HAVE_BOTH,
    )  # fmt: skip
    world.users.attention.attention[...] = 1.0
    for _ in range(28):
        world.step()
    assert world.users.attention.attention == pytest.approx(1 - 0.5 * (1 - (29 / 30) ** 28), abs=1e-5)


def test_distrust_counts_against_us() -> None:
    run = {"users": 200, "days": 60}
    both = {"has_rival": 1.0, "leaving": 0.0, "network_weight": 0.0}
    plain, distrusted = (
        lived(run=run, attention=both, trust={"healing_days": 1e6}, events=events, **ALL_HAVE_BOTH)
        for events in ([], [{"day": 0, "happen": "headline"}])
    )
    lost = plain.users.attention.attention - distrusted.users.attention.attention
    concern = plain.users.users.privacy_concern
    assert (lost >= -1e-6).all()
    assert np.corrcoef(lost, concern)[0, 1] > 0.95


def test_who_has_spent_their_attention_leaves_and_counts_for_nothing() -> None:
    world = lived(
        run={"users": 300, "days": 150}, attention={"has_rival": 1.0, "leaving": 0.2}, rival={"advantage": 8.0},
        **ALL_HAVE_BOTH,
    )  # fmt: skip
    left = world.users.users.membership == LEFT
    assert left.mean() > 0.5
    assert (world.users.attention.attention[left] == 0).all()
    assert world.users.users.active[left].sum() == 0


def test_an_app_of_spent_attention_is_not_left_at_once() -> None:
    """A chance of 1/30 a day; breaks if the week's look forgets that it stands for seven days."""
    world = lived(
        run={"users": 3_000, "days": 14}, friends={"kind": "everyone"}, attention={"has_rival": 1.0, "leaving": 1 / 30},
        rival={"advantage": 8.0}, **ALL_HAVE_BOTH,
    )  # fmt: skip
    members = world.users.users.membership == MEMBER
    world.users.attention.attention[...] = np.where(members, 0.001, 0)
    before = members.sum()
    for _ in range(30):
        world.step()
    stayed = (world.users.users.membership == MEMBER).sum() / before
    assert stayed == pytest.approx((29 / 30) ** 30, abs=0.07)


def test_news_makes_people_install_the_rival() -> None:
    quiet, scandal = (
        lived(run={"users": 2_000, "days": 8}, attention={"installing": 0.001}, events=events).history[
            "attention.installs"
        ]
        for events in ([], [{"day": 3, "happen": "headline"}])
    )
    assert quiet[:3].tolist() == scandal[:3].tolist()
    assert scandal[3] > 10 * max(1, quiet[3])  # 43-62 times at full strength (facts.csv)
    assert scandal[3] > scandal[6] > quiet[6]  # and it fades
