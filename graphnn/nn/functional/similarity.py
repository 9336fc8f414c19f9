"""How two inputs relate: bilinear maps, angles, distances of all pairs."""

from __future__ import annotations

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ops.bilinear import bilinear as bilinear_op
from graphnn.ops.typing import broadcast, normalize_dim
from graphnn.tensor.creation import zeros
from graphnn.tensor.tensor import Tensor


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1 A x2 + b, with one matrix A an output."""
    return bilinear_op(input1, input2, weight, bias)  # type: ignore[no-any-return]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 / (max(|x1|, eps) * max(|x2|, eps)) along `dim`, after broadcasting."""
    shape = broadcast("cosine_similarity", x1.tensor_type, x2.tensor_type)
    dim = normalize_dim(dim, len(shape), "cosine_similarity")
    first, second = (_direction(x.expand(shape), dim, eps) for x in (x1, x2))
    return (first * second).sum(dim)  # type: ignore[no-any-return]


def _direction(x: Tensor, dim: int, eps: float) -> Tensor:
    """x over its length; the bound on that is taken for a constant by the gradient, as in PyTorch."""
    length = x.norm(2, dim, True)
    return x / (length + (length.clamp(min=eps) - length).detach())  # type: ignore[no-any-return]


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances of all pairs of rows (i < j), in rows of the upper triangle."""
    if input.ndim != 2:
        raise ShapeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if p < 0:
        raise ArgumentError("pdist only supports non-negative p values")
    rows = input.shape[0]
    pairs = [(i, j) for i in range(rows) for j in range(i + 1, rows)]
    if not pairs:
        return zeros(0, dtype=input.dtype)  # type: ignore[no-any-return]
    first, second = ([pair[k] for pair in pairs] for k in (0, 1))
    return (input[first] - input[second]).norm(p, 1)  # type: ignore[no-any-return]
