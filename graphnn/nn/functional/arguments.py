"""Bringing users' arguments to the canonical form that ops take."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError

IntOrPair = int | Sequence[int]
REDUCTIONS = ("none", "mean", "sum")


def pair(value: Any, name: str) -> tuple[int, int]:
    """Two ints from one or two."""
    if isinstance(value, int):
        return value, value
    found = tuple(value) if isinstance(value, Sequence) else ()
    if len(found) == 1:
        return found * 2
    if len(found) != 2 or not all(isinstance(item, int) for item in found):
        raise ArgumentTypeError(f"{name} must be an int or two of them, got {value!r}")
    return found


def reduction_name(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """The reduction; the two older arguments, where given, decide it."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    if reduction not in REDUCTIONS:
        raise ArgumentError(f"{reduction} is not a valid value for reduction")
    return reduction
