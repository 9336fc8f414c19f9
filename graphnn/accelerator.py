"""The accelerator that tensors could be moved to; this build has none."""

from __future__ import annotations

from graphnn.tensor.device import Device


def is_available() -> bool:
    """False: graphnn computes on the CPU."""
    return False


def device_count() -> int:
    return 0


def current_accelerator(check_available: bool = False) -> Device | None:
    """None: there is no accelerator."""
    return None
