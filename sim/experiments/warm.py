"""Warm: the model loaded and compiled once, in the process that workers are forked from.

multiprocessing imports this module in its fork server, where nothing else happens: there, and only there, it lives a
few days of a tiny world with every lever pulled a little, so that what workers need is in memory before they exist.
That takes seconds, and whoever asked may be gone by then: it is watched from the first moment, before the model loads.
"""

import contextlib
import gc
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.engine.settings import Parameter
    from sim.scenario import Scenario

PULLED = 0.25  # how far up its declared range each lever goes
LOOK_EVERY = 0.1  # seconds


def every_lever() -> "Scenario":
    """A scenario in which everything is on; what does not go together with the rest stays as it is."""
    from sim.engine.settings import BadInput
    from sim.scenario import Scenario

    scenario = Scenario()
    for lever in scenario.parameters():
        if lever.origin == "decided" and lever.high is not None and not lever.value:
            with contextlib.suppress(BadInput):
                scenario = scenario.with_values({lever.name: _pulled(lever)})
    return scenario


def _pulled(lever: "Parameter") -> Any:
    if isinstance(lever.value, bool):
        return True
    far = lever.low + PULLED * (lever.high - lever.low)
    return max(1, round(far)) if isinstance(lever.value, int) else far


def _is_fork_server() -> bool:
    return any("multiprocessing.forkserver" in word for word in sys.orig_argv)


def _end_with(parent: int, warm: threading.Event) -> None:
    """End with whoever started us."""
    while not warm.wait(LOOK_EVERY):
        if os.getppid() != parent:
            os._exit(1)


def _load() -> None:
    """What workers will need."""
    from sim.experiments.warm_up import warm_up

    warm_up([every_lever()])


if _is_fork_server():
    warm = threading.Event()
    watch = threading.Thread(target=_end_with, args=(os.getppid(), warm))
    watch.start()
    with contextlib.suppress(Exception):  # a worker will say what is wrong
        _load()
    warm.set()
    watch.join()  # who forks has one thread only
    gc.collect()
    gc.freeze()  # the collector of a worker leaves these alone, so that they stay shared
