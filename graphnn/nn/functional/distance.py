"""Distances of vectors."""

from __future__ import annotations

import math

from graphnn.tensor.tensor import Tensor


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dimension."""
    distance = (x1 - x2 + eps).abs()
    if p == math.inf:
        return distance.amax(-1, keepdim=keepdim)  # type: ignore[no-any-return]
    if p == 0:
        return (distance != 0).to(distance.dtype).sum(-1, keepdim=keepdim)  # type: ignore[no-any-return]
    if p == 1:
        return distance.sum(-1, keepdim=keepdim)  # type: ignore[no-any-return]
    if p == 2:
        return (distance * distance).sum(-1, keepdim=keepdim).sqrt()  # type: ignore[no-any-return]
    return (distance**p).sum(-1, keepdim=keepdim) ** (1.0 / p)  # type: ignore[no-any-return]
