"""What a matrix product multiplies: sizes and strides, freed of the op that asked for it.

out[b, m, n] = Σ_k left[b, m, k] right[b, k, n], the result dense. Batch axes over which the right matrix stays the
same become rows, where strides allow; a matrix times one column is one row times the transposed matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Axis, axes, count, merged
from graphnn.backends.native.step import Operand, Step


class Product(NamedTuple):
    """Strides are in elements; those of `batch` are of (left, right)."""

    left: Operand
    right: Operand
    batch: tuple[Axis, ...]
    m: int
    n: int
    k: int
    left_m: int
    left_k: int
    right_k: int
    right_n: int
    panels: int = 0  # the right matrix comes packed, in panels of so many columns; 0: by its strides

    @property
    def batches(self) -> int:
        return count(self.batch)

    @property
    def size(self) -> int:
        """Elements of the result."""
        return self.batches * self.m * self.n

    @property
    def kind(self) -> str:
        """The element type, as the names of the vector functions spell it."""
        return self.left.type.dtype.short


def matmul_product(step: Step) -> Product:
    left, right = step.inputs[0], step.inputs[1]
    assert left is not None
    assert right is not None
    rows, columns = left.type.ndim > 1, right.type.ndim > 1
    k = left.shape[-1]
    m, left_m = (left.shape[-2], left.strides[-2]) if rows else (1, 0)
    n, right_n = (right.shape[-1], right.strides[-1]) if columns else (1, 0)
    right_k = right.strides[-2] if columns else right.strides[0]
    batch = _batch(left.shape[:-2], left.strides[:-2], right.shape[:-2], right.strides[:-2])
    return _normal(Product(left, right, batch, m, n, k, left_m, left.strides[-1], right_k, right_n))


def linear_product(step: Step) -> Product:
    left, right = step.inputs[0], step.inputs[1]
    assert left is not None
    assert right is not None
    n, k = right.shape
    batch = _batch(left.shape[:-1], left.strides[:-1], (), ())
    return _normal(Product(left, right, batch, 1, n, k, 0, left.strides[-1], right.strides[1], right.strides[0]))


def packed_product(step: Step) -> Product:
    left, right = step.inputs[0], step.inputs[1]
    assert left is not None
    assert right is not None
    n, k = step.attrs["shape"]
    batch = _batch(left.shape[:-1], left.strides[:-1], (), ())
    width = right.shape[-1]
    return _normal(Product(left, right, batch, 1, n, k, 0, left.strides[-1], width, 1, width))


def _batch(
    left: Sequence[int], left_strides: Sequence[int], right: Sequence[int], right_strides: Sequence[int]
) -> tuple[Axis, ...]:
    ndim = max(len(left), len(right))
    sizes, moves = [1] * ndim, []
    for shape, strides in ((left, left_strides), (right, right_strides)):
        at = ndim - len(shape)
        moves.append([0] * at + [0 if n == 1 else s for n, s in zip(shape, strides, strict=True)])
        sizes[at:] = [n if n != 1 else one for n, one in zip(shape, sizes[at:], strict=True)]
    return tuple(merged(axes(sizes, *moves)))


def _normal(p: Product) -> Product:
    batch = list(p.batch)
    while batch and batch[-1].strides[1] == 0 and p.n != 0:
        size, (move, _) = batch[-1]
        if p.m != 1 and move != p.left_m * p.m:
            break
        p = p._replace(m=p.m * size, left_m=move if p.m == 1 else p.left_m)
        batch.pop()
    p = p._replace(batch=tuple(batch))
    if p.panels:
        return p
    if p.k == 1:
        p = p._replace(left_k=1, right_k=0)
    if p.n == 1 and p.m > 1:
        moves = tuple(Axis(size, (b, a)) for size, (a, b) in p.batch)
        p = Product(p.right, p.left, moves, 1, p.m, p.k, 0, p.right_k, p.left_k, p.left_m)
    return p
