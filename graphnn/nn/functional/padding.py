"""Padding tensors at their edges."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.ops.joining import pad as pad_op
from graphnn.tensor.tensor import Tensor


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """`pad` holds (low, high) for the last dimension, then for the one before, …; negative numbers cut away."""
    if mode != "constant":
        raise UnsupportedError(f"pad: mode {mode!r} is not served; use mode='constant'")
    if len(pad) % 2:
        raise ArgumentError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.ndim:
        raise ArgumentError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.ndim}"
        )
    edges = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    padding = ((0, 0),) * (input.ndim - len(edges)) + tuple(reversed(edges))
    return pad_op(input, padding=padding, value=0.0 if value is None else value)  # type: ignore[no-any-return]
