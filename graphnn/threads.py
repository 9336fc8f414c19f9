"""How many threads native code works on, by PyTorch's names."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from graphnn.errors import ArgumentError

CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
CGROUP_V1 = (Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))


class _Threads:
    count: int | None = None  # None: nobody has asked for a number
    listeners: tuple[Callable[[int], None], ...] = ()


_threads = _Threads()


def set_num_threads(count: int) -> None:
    """Results do not depend on it: work is cut the same way for any number of threads."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise ArgumentError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count < 1:
        raise ArgumentError(f"set_num_threads expects a positive integer, got {count}")
    _threads.count = count
    for listener in _threads.listeners:
        listener(count)


def get_num_threads() -> int:
    return available_threads() if _threads.count is None else _threads.count


def on_change(listener: Callable[[int], None]) -> None:
    """Has `listener` called with the number now, and with each one that is set."""
    _threads.listeners += (listener,)
    listener(get_num_threads())


@lru_cache(maxsize=1)
def available_threads() -> int:
    """The processors that this process may run on, at most its cgroup's quota of them, and at most OMP_NUM_THREADS."""
    limits = (usable_processors(), cgroup_limit(), _asked_by_environment())
    return max(1, min(n for n in limits if n is not None))


@lru_cache(maxsize=1)
def usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cgroup_limit() -> int | None:
    """Whole processors that the cgroup's quota allows, rounded up; None: it has none."""
    try:
        quota, period = CGROUP_V2.read_text().split() if CGROUP_V2.exists() else [p.read_text() for p in CGROUP_V1]
        return -(-int(quota) // int(period)) if int(quota) > 0 else None
    except (OSError, ValueError):  # "max", or not under Linux
        return None


def _asked_by_environment() -> int | None:
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if asked.isdecimal() and int(asked) > 0 else None
