"""Products of two tensors over chosen dimensions, and distances between rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ops import matrix
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.linalg import multi_dot, vector_norm
from graphnn.tensor.methods.naming import named
from graphnn.tensor.tensor import Tensor


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Any:
    """The products of a and b summed over pairs of dimensions: a's last `dims` with b's first, or two lists of them."""
    if isinstance(dims, int):
        if dims < 0:
            raise ArgumentError(f"tensordot expects dims >= 0, but got dims={dims}")
        over_a, over_b = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        over_a, over_b = (_counted(x, d) for x, d in zip((a, b), dims, strict=True))
    if len(over_a) != len(over_b):
        raise ArgumentError(f"tensordot: both dimension lists should have same length: {over_a} and {over_b}")
    for i, j in zip(over_a, over_b, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"tensordot: contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} and second "
                f"has size {b.shape[j]} in dim {j}"
            )
    return _contracted(a, b, over_a, over_b)


def _counted(x: Tensor, dims: Any) -> list[int]:
    """The dimensions counted from 0."""
    listed: Sequence[Any] = dims.tolist() if isinstance(dims, Tensor) else [dims] if isinstance(dims, int) else dims
    return [normalize_dim(int(d), x.ndim, "tensordot") for d in listed]


def _contracted(a: Tensor, b: Tensor, over_a: list[int], over_b: list[int]) -> Any:
    rows = [i for i in range(a.ndim) if i not in over_a]
    columns = [i for i in range(b.ndim) if i not in over_b]
    inner = math.prod(a.shape[i] for i in over_a)
    shape = tuple(x.shape[i] for x, kept in ((a, rows), (b, columns)) for i in kept)
    left = a.permute(*rows, *over_a).reshape(math.prod(a.shape[i] for i in rows), inner) if a.ndim else a.reshape(1, 1)
    right = b.permute(*over_b, *columns) if b.ndim else b
    return matrix.matmul(left, right.reshape(inner, math.prod(b.shape[i] for i in columns))).view(shape)


def inner(input: Tensor, other: Tensor) -> Any:
    """The scalar products of the vectors along the last dimensions; of numbers their product."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and "
            f"{list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


def vdot(input: Tensor, other: Tensor) -> Any:
    """The scalar product of two vectors."""
    return named(input.dot(other), "VdotBackward0")


def kron(input: Tensor, other: Tensor) -> Any:
    """Every element of the first times all of the second, block by block."""
    ndim = max(input.ndim, other.ndim)
    a, b = (x.reshape((1,) * (ndim - x.ndim) + tuple(x.shape)) for x in (input, other))
    apart_a = a.reshape([n for size in a.shape for n in (size, 1)])
    apart_b = b.reshape([n for size in b.shape for n in (1, size)])
    found = (apart_a * apart_b).reshape([m * n for m, n in zip(a.shape, b.shape, strict=True)])
    return named(found, "UnsafeViewBackward0")


def chain_matmul(*matrices: Any) -> Any:
    """The product of all matrices, in the order that takes the fewest multiplications."""
    given = matrices[0] if len(matrices) == 1 and not isinstance(matrices[0], Tensor) else matrices
    return multi_dot(given) if len(given) > 1 else given[0]


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Any:
    """The p-norm distances between all rows of x1 and all of x2, for each matrix of a batch."""
    for number, x in enumerate((x1, x2), 1):
        if x.ndim < 2:
            raise ShapeError(f"cdist only supports at least 2D tensors, X{number} got: {x.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise ArgumentError(f"cdist only supports non-negative p values, got {p}")
    return named(vector_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1), "CdistBackward0")


def dist(input: Tensor, other: Tensor, p: float = 2) -> Any:
    """The p-norm of the difference."""
    return named(vector_norm(input - other, p), "DistBackward0")


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Any:
    """The cross products of the vectors of length 3 along `dim`, by default the first dimension of that length."""
    from graphnn.tensor import linalg

    if dim is None:
        found = [i for i, size in enumerate(input.shape) if size == 3]
        if not found:
            raise ShapeError(f"torch.cross: inputs must have a dimension of length 3, got {list(input.shape)}")
        dim = found[0]
    return linalg.cross(input, other, dim=dim)
