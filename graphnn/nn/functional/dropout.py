"""Dropping activations at random."""

from __future__ import annotations

from graphnn.errors import ArgumentError
from graphnn.ops.dropout import dropout as dropout_op
from graphnn.tensor.random import reserve
from graphnn.tensor.tensor import Tensor


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zeroes each element with probability `p` and scales the others by 1 / (1 - p)."""
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0.0:
        return input
    rng, offset = reserve(input.numel())
    out: Tensor = dropout_op(input, rng, p=float(p), offset=offset)[0]
    return input.copy_(out) if inplace else out
