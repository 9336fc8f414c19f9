"""The process's one pool of threads, for generated programs."""

from __future__ import annotations

import ctypes
from functools import cache, lru_cache
from importlib.resources import files

from graphnn.backends.native.toolchain.build import build
from graphnn.backends.native.toolchain.library import Library
from graphnn.threads import available_threads, get_num_threads, on_change, usable_processors

SPIN = 500_000  # nanoseconds that an idle thread looks out for work before it sleeps


def pool_runner(limit: int | None = None) -> tuple[ctypes.c_void_p, ctypes.c_void_p]:
    """The address of `gn_run`, and what to hand it first: a program's claim on at most `limit` workers."""
    workers = limit if limit is not None else max(available_threads(), get_num_threads())
    return the_pool().address("gn_run"), ctypes.cast(ctypes.byref(_team(workers)), ctypes.c_void_p)


def pool_units() -> dict[str, str]:
    return {"pool": (files("graphnn.backends.native") / "include" / "pool.c").read_text()}


@cache
def _team(limit: int) -> ctypes.c_long:
    return ctypes.c_long(limit)


@lru_cache(maxsize=1)
def the_pool() -> Library:
    """Loaded once a process; its threads start with the first run that needs them."""
    library = build(pool_units())
    configure = library.function("gn_pool_configure")
    configure.argtypes = (ctypes.c_long, ctypes.c_long)
    configure.restype = None

    def resize(threads: int) -> None:
        configure(threads, SPIN if threads <= usable_processors() else 0)

    on_change(resize)
    return library
