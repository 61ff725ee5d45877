"""Machine: what this one is, and the memory that may still be taken here."""

import functools
import os
import platform
import sys
from pathlib import Path
from typing import Any

import numba
import psutil


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


@functools.cache
def machine() -> dict[str, Any]:
    """What a time measured here depends on."""
    return {
        "cpu": _processor(),
        "cores": cores(),
        "python": platform.python_version(),
        "numba": numba.__version__,
    }


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory() -> int:
    """Bytes that may still be taken: what the system has free, or what is left of this process's control group."""
    free, left = int(psutil.virtual_memory().available), _left_in_group()
    return free if left is None else min(free, left)


def _left_in_group(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> int | None:
    """What the limits of a container leave, by the narrowest of its group and those around it (cgroup v2, then v1)."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    left: list[int] = []
    for line in lines:
        number, controllers, group = line.split(":", 2)
        if number == "0":
            names, top = ("memory.max", "memory.current"), root
        elif "memory" in controllers.split(","):
            names, top = ("memory.limit_in_bytes", "memory.usage_in_bytes"), root / "memory"
        else:
            continue
        folder = top / group.lstrip("/")
        for place in [folder, *folder.parents]:  # inside a container the path of the group may not exist: its root does
            left += _left_here(place, *names)
            if place == top:
                break
    return max(0, min(left)) if left else None


def _left_here(group: Path, limit: str, usage: str) -> list[int]:
    """The room left in one group, if it has a limit; file cache counts as room, since it is given back."""
    try:
        most = (group / limit).read_text(encoding="utf-8").strip()
        if most == "max" or int(most) >= 2**60:
            return []
        facts = dict(line.split() for line in (group / "memory.stat").read_text(encoding="utf-8").splitlines())
        cache = int(facts.get("total_inactive_file", facts.get("inactive_file", 0)))
        return [int(most) - int((group / usage).read_text(encoding="utf-8")) + cache]
    except (OSError, ValueError):
        return []
