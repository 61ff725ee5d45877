"""Stories: pictures for all of one's friends, which vanish after a day; the page on which they stand has room for adverts.

Whoever opens the app may post some, and looks at those of friends who did: worth a part of a message each, for they are
meant for nobody in particular. To look at them is talk like any other, so it makes room on the discovery page too.
"""

import numpy as np

from sim.engine import luck
from sim.engine.columns import Column, Table
from sim.engine.kernels import each_block, kernel, rule
from sim.engine.settings import Settings, assumed, decided
from sim.ground.friends import friends
from sim.ground.metrics import flow, ratio
from sim.people.experience import FeltColumns
from sim.service import Part, Rows
from sim.state import State


class StoriesSettings(Settings):
    """[stories]"""

    on: bool = decided.switch(False, "whether people can post stories, which all their friends see for a day")
    posting: float = assumed.share(
        0.25, "chance on a day of use to post a story", "Snap's prospectus of 2017: more than a quarter (from memory)",
        0.1, 0.5,
    )  # fmt: skip
    pictures: float = assumed.number(
        4.0, "pictures", "pictures in a story",
        "fitted: some 15 looked at a day of use; 1e9 a day over 6e7 users in 2014 (press, from memory)", 1, 8, ge=0, le=1_000,
    )  # fmt: skip
    most: float = assumed.number(
        40.0, "pictures", "most that a person looks at in a day", "round figure", 10, 200, ge=0, le=1_000
    )
    worth: float = assumed.amount(
        0.3, "messages", "worth of a picture looked at, in messages", "no source: sweep", 0, 1.5
    )


class StoriesColumns(Table):
    """A row a person."""

    posted = Column(np.uint8, 0, "1 if a story was posted today")


POSTED = flow("stories.posted", "stories", "stories posted")
WATCHED = flow("stories.watched", "pictures", "pictures of friends' stories looked at")
WATCHED_PER_ACTIVE = ratio(
    "stories.per_active", "pictures", "pictures looked at a day of use", WATCHED, "messaging.user_days"
)
METRICS = (POSTED, WATCHED, WATCHED_PER_ACTIVE)


@rule
def watched(friends_who_posted, pictures, most):
    """Mean pictures that a person looks at."""
    return min(most, friends_who_posted * pictures)


@kernel
def _post_stories(awake, posting, key, posted):
    """Who of those awake posts today; returns how many."""
    number = 0
    for who in awake:
        posted[who] = luck.uniform(key, who, 0) < posting
        number += posted[who]
    return number


@kernel
def _watch_stories(awake, rows, posted, everyone_share, setting, key, talk):
    """Everyone awake looks at the stories of friends who are here; returns how many pictures."""
    number = 0
    for who in awake:
        share = friends.share_of_friends(rows, np.uint32(who), posted, 1, everyone_share)
        seen, worth = luck.two(key, who, 1)
        pictures = luck.rounded(watched(share * friends.degree(rows, who), setting.pictures, setting.most), seen)
        talk[who] += luck.rounded(setting.worth * pictures, worth)
        number += pictures
    return number


def step(state: State) -> None:
    """Those who open the app post stories, and look at their friends'."""
    settings = state.settings(StoriesSettings)
    if not settings.on:
        return
    posted, key = state[StoriesColumns].posted, state.luck("stories.posts")
    posted[...] = 0  # yesterday's have vanished
    stories = sum(
        each_block(
            state.pool, state.threads, lambda part: _post_stories(part, settings.posting, key, posted), state.awake
        )
    )
    share, rows, talk = stories / max(1, state.size), state.friends.rows, state[FeltColumns].talk
    looked = each_block(
        state.pool,
        state.threads,
        lambda part: _watch_stories(part, rows, posted, share, settings.row, key, talk),
        state.awake,
    )
    state.note(POSTED, stories)
    state.note(WATCHED, sum(looked))


STORIES = Part("stories", tables={"stories": Rows(StoriesColumns)}, metrics=METRICS, step=step)
