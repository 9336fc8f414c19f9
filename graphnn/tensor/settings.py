"""Settings of PyTorch that programs make at their start, as far as they mean something here."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentError
from graphnn.tensor.creation import check_device
from graphnn.tensor.device import CPU, Device

PRECISIONS = ("highest", "high", "medium")


class _Settings:
    precision = "highest"
    deterministic = False
    warn_only = False


settings = _Settings()


def set_float32_matmul_precision(precision: str) -> None:
    """Kept and told again; products of float32 are computed in float32 either way."""
    if precision not in PRECISIONS:
        raise ArgumentError(f"{precision} is not one of 'highest', 'high', or 'medium'")
    settings.precision = precision


def get_float32_matmul_precision() -> str:
    return settings.precision


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Kept and told again; all algorithms here give the same numbers each time."""
    settings.deterministic, settings.warn_only = bool(mode), bool(mode and warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    return settings.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    return settings.warn_only


def set_default_device(device: Any) -> None:
    """The CPU is the default, and the only one; others are refused in words."""
    check_device(device)


def get_default_device() -> Device:
    return CPU
