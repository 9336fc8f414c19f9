"""Sizes for each dimension of space: one number stands for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError, ShapeError
from graphnn.tensor.tensor import Tensor

Sizes = int | Sequence[int]
WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def several(value: Any, count: int, name: str) -> tuple[int, ...]:
    """As many ints as there are dimensions, from one or from that many."""
    if isinstance(value, int):
        return (value,) * count
    found = tuple(value) if isinstance(value, Sequence) else ()
    if len(found) == 1:
        found *= count
    wanted = f"{name} must either be a single int, or a tuple of {WORDS[count]}, got {value!r}"
    if not found or not all(isinstance(item, int) for item in found):
        raise ArgumentTypeError(wanted)
    if len(found) != count:
        raise ArgumentError(wanted)
    return found


def strides(stride: Any, kernel: tuple[int, ...], name: str) -> tuple[int, ...]:
    """The stride; the window's size unless given."""
    if stride is None or (isinstance(stride, Sequence) and len(stride) == 0):
        return kernel
    return several(stride, len(kernel), f"{name}: stride")


def require_space(input: Tensor, spatial: int, name: str) -> None:
    """ShapeError unless there are channels and so many dimensions of space, with or without a batch."""
    if input.ndim not in (spatial + 1, spatial + 2):
        raise ShapeError(
            f"{name}(): Expected {spatial + 1}D (unbatched) or {spatial + 2}D (batched) tensor, but got input of size: "
            f"{list(input.shape)}"
        )
