"""Distances of vectors."""

from __future__ import annotations

from graphnn.tensor.tensor import Tensor


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dimension."""
    return (x1 - x2 + eps).norm(p, dim=-1, keepdim=keepdim)  # type: ignore[no-any-return]
