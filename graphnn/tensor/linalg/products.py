"""Products of matrices and vectors, and functions made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.graph import numpy_type
from graphnn.ops import joining, movement, solving
from graphnn.ops.typing import broadcast, normalize_dim
from graphnn.tensor.methods.naming import named
from graphnn.tensor.tensor import Tensor


def matmul(input: Tensor, other: Tensor) -> Any:
    return input.matmul(other)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    return A.diagonal(offset, dim1, dim2)


def matrix_exp(A: Tensor) -> Any:
    """The sum of A^k / k!."""
    return solving.matrix_exp(A)


def matrix_power(A: Tensor, n: int) -> Any:
    """A multiplied with itself n times, by squaring; for negative n its inverse is."""
    solving.require_square("linalg.matrix_power", numpy_type(A._array))
    if n < 0:
        return matrix_power(solving.inv(A), -n)
    if n == 0:
        return _identity_like(A)
    found, square = None, A
    while n:
        if n & 1:
            found = square if found is None else found @ square
        n >>= 1
        square = square @ square if n else square
    return found.clone() if found is A else found


def _identity_like(A: Tensor) -> Any:
    from graphnn.tensor.creation import eye

    return eye(A.shape[-1], dtype=A.dtype).expand(tuple(A.shape)).clone()


def multi_dot(tensors: Sequence[Tensor]) -> Any:
    """The product of all matrices, in the order that takes the fewest multiplications."""
    if len(tensors) < 2:
        raise ArgumentError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    given = list(tensors)
    first, last = given[0].ndim == 1, given[-1].ndim == 1
    given[0] = given[0].unsqueeze(0) if first else given[0]
    given[-1] = given[-1].unsqueeze(-1) if last else given[-1]
    if any(t.ndim != 2 for t in given):
        raise ShapeError("multi_dot(): every tensor must be 2D (the first and the last may be 1D)")
    found = _best_product(given)
    found = found.squeeze(-1) if last else found
    return found.squeeze(0) if first else found


def _best_product(given: list[Tensor]) -> Any:
    """T. Cormen et al., "Introduction to Algorithms": matrix-chain multiplication."""
    n = len(given)
    sizes = [given[0].shape[0], *(t.shape[1] for t in given)]
    cost: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(n)}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j] = min(
                (cost[i, k][0] + cost[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    def product(i: int, j: int) -> Any:
        return given[i] if i == j else product(i, cost[i, j][1]) @ product(cost[i, j][1] + 1, j)

    return product(0, n - 1)


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Any:
    """The cross products of the vectors of length 3 along `dim`."""
    shape = broadcast("linalg.cross", numpy_type(input._array), numpy_type(other._array))
    at = normalize_dim(dim, len(shape), "linalg.cross")
    a, b = input.expand(shape), other.expand(shape)
    if input.ndim != other.ndim:
        raise ShapeError(f"linalg.cross: inputs must have the same number of dimensions: {input.ndim} and {other.ndim}")
    if not shape or shape[at] != 3:
        raise ShapeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {list(input.shape)} and {list(other.shape)}"
        )
    return named(_turned(a, 1, at) * _turned(b, 2, at) - _turned(a, 2, at) * _turned(b, 1, at), "LinalgCrossBackward0")


def _turned(x: Tensor, by: int, dim: int) -> Any:
    """Elements by, by + 1, ... counted round: an index_select that stays a view and a join."""
    return joining.cat(x.narrow(dim, by, 3 - by), x.narrow(dim, 0, by), dim=dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Any:
    """The scalar products of the vectors along `dim`."""
    return (x * y).sum(dim)


def vander(x: Tensor, *, N: int | None = None) -> Any:
    """The powers 0, 1, ..., N - 1 of the elements, along a new last dimension."""
    count = x.shape[-1] if N is None else N
    if count < 2:
        raise ArgumentError(f"N must be greater than 1, got {count}")
    powers = [x.new_ones(tuple(x.shape))]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    return joining.stack(*powers, dim=x.ndim)


def householder_product(A: Tensor, tau: Tensor) -> Any:
    """The first columns of the product of the reflections I - tau v vᵀ, whose v are below A's diagonal."""
    rows, columns = A.shape[-2:]
    found = _identity_like(A.new_zeros((*A.shape[:-2], rows, rows)))
    lower = A.tril(-1)
    for i in range(tau.shape[-1]):
        unit = _identity_like(found)[..., i : i + 1]
        v = lower[..., i : i + 1] + unit
        found = found - (found @ v) @ v.mT * movement.reshape(tau[..., i], shape=(*tau.shape[:-1], 1, 1))
    return found[..., :columns]
