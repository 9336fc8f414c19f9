"""Triangles and diagonals of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ShapeError
from graphnn.ops import diagonals, triangles
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class TriangleMethods:
    def tril(self: Tensor, diagonal: int = 0) -> Any:
        """Zeros above a diagonal of the last two dimensions."""
        return triangles.tril(self, diagonal=diagonal)

    def triu(self: Tensor, diagonal: int = 0) -> Any:
        """Zeros below a diagonal of the last two dimensions."""
        return triangles.triu(self, diagonal=diagonal)

    def diagonal(self: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
        """A diagonal of two dimensions, as the last dimension of a view."""
        first, second = normalize_dim(dim1, self.ndim, "diagonal"), normalize_dim(dim2, self.ndim, "diagonal")
        return diagonals.diagonal(self, offset=offset, dim1=first, dim2=second)

    def diag(self: Tensor, diagonal: int = 0) -> Any:
        """A matrix's diagonal, or the matrix that has a vector as its diagonal and zeros elsewhere."""
        if self.ndim == 2:
            return self.diagonal(diagonal)
        if self.ndim != 1:
            raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {self.ndim}D")
        return self.diag_embed(diagonal)

    def trace(self: Tensor) -> Any:
        """The sum of a matrix's diagonal."""
        if self.ndim != 2:
            raise ShapeError(f"trace: expected a matrix, but got tensor with dim {self.ndim}")
        return named(self.diagonal().sum(), "TraceBackward0")
