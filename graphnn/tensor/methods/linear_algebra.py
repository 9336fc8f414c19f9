"""Products of matrices and vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ShapeError
from graphnn.ops import elementwise, matrix
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class MatrixMethods:
    def matmul(self: Tensor, other: Tensor) -> Any:
        """The matrix product of the last two dimensions, broadcasting the others."""
        return matrix.matmul(self, other)

    def mm(self: Tensor, mat2: Tensor) -> Any:
        """The product of two matrices."""
        _require("mm", (self, 2), (mat2, 2))
        return matrix.matmul(self, mat2)

    def bmm(self: Tensor, mat2: Tensor) -> Any:
        """The products of two batches of matrices."""
        _require("bmm", (self, 3), (mat2, 3))
        if self.shape[0] != mat2.shape[0]:
            raise ShapeError(f"bmm: batch sizes must match: {self.tensor_type} and {mat2.tensor_type}")
        return named(matrix.matmul(self, mat2), "BmmBackward0")

    def mv(self: Tensor, vec: Tensor) -> Any:
        """A matrix times a vector."""
        _require("mv", (self, 2), (vec, 1))
        return matrix.matmul(self, vec)

    def dot(self: Tensor, tensor: Tensor) -> Any:
        """The scalar product of two vectors."""
        _require("dot", (self, 1), (tensor, 1))
        if self.shape != tensor.shape:
            raise ShapeError(
                "dot: inconsistent tensor size, expected the same number of elements: "
                f"{self.tensor_type}, {tensor.tensor_type}"
            )
        return matrix.matmul(self, tensor)

    def outer(self: Tensor, vec2: Tensor) -> Any:
        """Every product of an element of one vector with one of the other."""
        _require("outer", (self, 1), (vec2, 1))
        return elementwise.mul(self.view(-1, 1), vec2)


def _require(name: str, *wanted: tuple[Tensor, int]) -> None:
    for x, ndim in wanted:
        if x.ndim != ndim:
            spelled = ", ".join(str(t.tensor_type) for t, _ in wanted)
            raise ShapeError(f"{name}: wants {' and '.join(f'{n}D' for _, n in wanted)} tensors, got {spelled}")
