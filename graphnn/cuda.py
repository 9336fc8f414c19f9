"""What code asks before it moves to a GPU; this build has none."""

from __future__ import annotations


def is_available() -> bool:
    """False: graphnn computes on the CPU."""
    return False


def device_count() -> int:
    return 0


def manual_seed_all(seed: int) -> None:
    """Seeds all GPUs: there are none, so nothing."""


manual_seed = manual_seed_all


def synchronize(device: object = None) -> None:
    """Waits for GPU work: there is none."""


def empty_cache() -> None:
    """Frees cached GPU memory: there is none."""
