"""Triangles and diagonals of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.errors import ShapeError
from graphnn.ir.registry import lookup
from graphnn.ops import compare
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class TriangleMethods:
    def tril(self: Tensor, diagonal: int = 0) -> Any:
        """Zeros above a diagonal of the last two dimensions."""
        return named(_masked(self, "tril", np.tril, diagonal), "TrilBackward0")

    def triu(self: Tensor, diagonal: int = 0) -> Any:
        """Zeros below a diagonal of the last two dimensions."""
        return named(_masked(self, "triu", np.triu, diagonal), "TriuBackward0")

    def diagonal(self: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
        """A diagonal of two dimensions, as the last dimension of the result (here a copy)."""
        first, second = normalize_dim(dim1, self.ndim, "diagonal"), normalize_dim(dim2, self.ndim, "diagonal")
        rest = [d for d in range(self.ndim) if d not in (first, second)]
        rows = np.arange(max(0, -offset), max(0, -offset) + _length(self, first, second, offset))
        moved = self.permute(*rest, first, second)
        indices = [None] * len(rest) + [_constant(rows), _constant(rows + offset)]
        return named(lookup("index")(moved, *indices), "DiagonalBackward0")

    def diag(self: Tensor, diagonal: int = 0) -> Any:
        """A matrix's diagonal, or the matrix that has a vector as its diagonal and zeros elsewhere."""
        if self.ndim == 2:
            return self.diagonal(diagonal)
        if self.ndim != 1:
            raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {self.ndim}D: {self.type}")
        at, size = np.arange(self.numel()), self.numel() + abs(diagonal)
        rows, columns = at + max(0, -diagonal), at + max(0, diagonal)
        from graphnn.tensor.creation import zeros

        return lookup("index_put")(zeros(size, size, dtype=self.dtype), self, _constant(rows), _constant(columns))

    def trace(self: Tensor) -> Any:
        """The sum of a matrix's diagonal."""
        return self.diagonal().sum()


def _length(x: Tensor, dim1: int, dim2: int, offset: int) -> int:
    rows: int = x.shape[dim1] - max(0, -offset)
    columns: int = x.shape[dim2] - max(0, offset)
    return max(0, min(rows, columns))


def _constant(array: np.ndarray) -> Any:
    from graphnn.tensor.creation import of_numpy

    return of_numpy(array)


def _masked(x: Tensor, name: str, triangle: Any, diagonal: int) -> Any:
    if x.ndim < 2:
        raise ShapeError(f"{name}: input tensor must have at least 2 dimensions, got {x.type}")
    mask = triangle(np.ones(tuple(x.shape[-2:]), bool), diagonal)
    zero = (False, 0, 0.0)[x.dtype.category]
    return compare.where(_constant(mask), x, zero)
