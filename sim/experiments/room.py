"""Room: whether worlds fit in memory, and how many processes are worth having side by side."""

from collections.abc import Iterable, Sequence

from sim.engine.settings import BadInput
from sim.experiments.machine import available_memory, cores
from sim.experiments.pool import PROCESS_BYTES
from sim.ground.friends.friends import Friends
from sim.scenario import Scenario
from sim.service import Service, check_importable
from sim.world import World

ROOM_LEFT = 0.05  # of the memory that is free, what a world leaves to everything else
SECONDS_PER_DAY, SECONDS_PER_USER_DAY, SECONDS_TO_START = (
    0.002,
    0.5e-6,
    5.0,
)  # roughly: when processes are worth starting


def check_memory(scenario: Scenario, worlds: int = 1, each: int = 0, friends: Friends | None = None) -> None:
    """Refuse what does not fit in memory, before it is built.

    Args:
        worlds: so many worlds of the scenario stand at the same time.
        each: bytes that a world's process takes besides.
        friends: the network, where it is there already: it has its memory, and its ties are known.

    Raises:
        BadInput: with the sum.
    """
    parts, free = World.memory(scenario, friends), available_memory()
    total = worlds * (parts["total"] + each)
    if total <= (free + (friends.bytes if friends else 0)) * (1 - ROOM_LEFT):
        return
    listed = [f"{name} {_size(taken)}" for name, taken in parts.items() if name != "total"]
    if each:
        listed.append(f"its process {_size(each)}")
    raise BadInput(
        f"{f'{worlds} worlds of' if worlds > 1 else 'a world of'} {scenario.run.users:,} users"
        f" {'take' if worlds > 1 else 'takes'} {_size(total)} of memory ({', '.join(listed)}"
        f"{f'; {worlds} times' if worlds > 1 else ''}), but {_size(free)} are free: "
        f"{'fewer jobs (--jobs), or ' if worlds > 1 else ''}fewer users"
    )


def _size(amount: float) -> str:
    """Bytes as people write them."""
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{amount / 1e6:.0f} MB"


def seconds_of(runs: int, scenario: Scenario) -> float:
    """Seconds of one core that so many runs of a scenario take, roughly and rather too few; the same on every machine."""
    return runs * scenario.run.days * (SECONDS_PER_DAY + scenario.run.users * SECONDS_PER_USER_DAY)


def jobs_for(scenarios: Iterable[Scenario], jobs: int | None, runs: int, friends: Friends | None = None) -> int:
    """Processes to use: those asked for if they fit in memory, else as many as there are cores, runs and room for.

    Args:
        scenarios: of which the largest must fit.
        jobs: processes asked for, if any were.
        runs: how many are to be made.
        friends: the network, where it is there already.

    Raises:
        BadInput: so many worlds do not fit, or several were asked for and a service of one's own is nobody else's.
    """
    largest = max(scenarios, key=lambda scenario: World.memory(scenario)["total"])
    check_memory(largest, friends=friends)
    jobs = jobs_with(largest.services, jobs)
    if jobs is not None:
        jobs = min(jobs, runs) if jobs > 0 else jobs
        if jobs > 1:
            check_memory(largest, jobs, PROCESS_BYTES, friends)
        return jobs
    if seconds_of(runs, largest) < SECONDS_TO_START:
        return 1
    fit = available_memory() * (1 - ROOM_LEFT) / (World.memory(largest, friends)["total"] + PROCESS_BYTES)
    return max(1, min(cores(), runs, int(fit)))


def jobs_with(services: Sequence[Service], jobs: int | None) -> int | None:
    """The processes asked for; one where none were and a service of one's own cannot be had by others.

    Raises:
        BadInput: several were asked for.
    """
    if jobs is not None and jobs > 1:
        check_importable(services)
    elif not all(service.is_importable for service in services):
        return 1
    return jobs
