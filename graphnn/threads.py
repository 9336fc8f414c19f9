"""How many threads native code works on, by PyTorch's names."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from graphnn.errors import ArgumentError

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


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
    """Whole processors that the quotas of the process's cgroup, and of those around it, allow; None: there is none."""
    found = [_quota(folder) for folder in _own_cgroups()]
    return min((-(-quota // period) for quota, period in found if quota > 0), default=None)


def _own_cgroups() -> list[Path]:
    """The folder of the process's cgroup and those that hold it. Inside a container the root is its own."""
    lines = _words_of(OWN_CGROUP)
    paths = [line.split(":", 2)[2].lstrip("/") for line in lines if line.startswith("0::")]
    inner = [CGROUPS / path for path in paths if path]
    around = [folder for path in inner for folder in path.parents if folder.is_relative_to(CGROUPS)]
    return [*inner, *(around or [CGROUPS]), CGROUPS / "cpu"]


def _quota(folder: Path) -> tuple[int, int]:
    """Microseconds of processor time in a period; (0, 1) where nothing bounds it."""
    words = _words_of(folder / "cpu.max") or [
        *_words_of(folder / "cpu.cfs_quota_us"),
        *_words_of(folder / "cpu.cfs_period_us"),
    ]
    return (int(words[0]), int(words[1])) if len(words) == 2 and words[0].isdecimal() else (0, 1)


def _words_of(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # not under Linux, or not there
        return []


def _asked_by_environment() -> int | None:
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if asked.isdecimal() and int(asked) > 0 else None
