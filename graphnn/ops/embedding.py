"""Looking up rows of a table, and adding gradients to the rows that were looked up."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.compare import eq, ne, where
from graphnn.ops.elementwise import div
from graphnn.ops.indices import contiguous, require_index
from graphnn.ops.movement import unsqueeze
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.unary import cast


def check_rows(index: np.ndarray, rows: int) -> None:
    """IndexOutOfRange for a row that the table has not. A step of kernels."""
    if index.size == 0:
        return
    least, most = int(index.min()), int(index.max())
    if least < 0 or most >= rows:
        wrong = least if least < 0 else most
        raise IndexOutOfRange(f"embedding: index out of range in self: {wrong}, the weight has {rows} rows")


def _check_padding(op: str, padding_idx: int | None, rows: int) -> None:
    if padding_idx is not None and not 0 <= padding_idx < rows:
        raise ArgumentError(f"{op}: padding_idx must be a row of the weight, 0 to {rows - 1}, got {padding_idx}")


# ---- embedding


def _infer(
    indices: TensorType, weight: TensorType, *, padding_idx: int | None = None, scale_grad_by_freq: bool = False
) -> TensorType:
    """The rows of weight (V, D) at indices of any shape: (*indices, D). The row `padding_idx` gets no gradient; with
    `scale_grad_by_freq` a row's gradient is divided by how often its index is there."""
    require_index("embedding", indices)
    if weight.ndim != 2:
        raise ShapeError(f"embedding: 'weight' must be 2-D, got {weight}")
    _check_padding("embedding", padding_idx, weight.shape[0])
    return TensorType(weight.dtype, (*indices.shape, weight.shape[1]))


def _flat_index(indices: np.ndarray, memory: np.ndarray, rows: int) -> list[Call]:
    return [(np.copyto, memory.reshape(indices.shape), indices), (check_rows, memory, rows)]


def _kernel(out: np.ndarray, indices: np.ndarray, weight: np.ndarray, *, scratch: Any, **_: Any) -> list[Call]:
    (flat,) = scratch
    fill, table = contiguous(weight, weight.shape)
    rows = out.reshape(flat.size, weight.shape[1])
    return [*fill, *_flat_index(indices, flat, weight.shape[0]), (np.take, table, flat, 0, rows, "clip")]


def _vjp(c: Any, g: Any, indices: Any) -> Any:
    rows, padding = c.types[1].shape[0], c.attrs["padding_idx"]
    if c.attrs["scale_grad_by_freq"]:
        g = by_frequency(g, indices, c.types[1])
    return None, embedding_grad(g, indices, num_embeddings=rows, padding_idx=padding)


def by_frequency(g: Any, indices: Any, table: TensorType) -> Any:
    """In ops: g (*indices, D) divided by how often each one's index is there."""
    ones = cast(unsqueeze(eq(indices, indices), dim=len(indices.shape)), dtype=table.dtype)
    return div(g, embedding(indices, embedding_grad(ones, indices, num_embeddings=table.shape[0])))


embedding: Op = register(
    Op(
        "embedding",
        traits=(Trait.CHECKS,),
        infer=_infer,
        numpy=_kernel,
        scratch=lambda indices, weight, **_: (TensorType(dtypes.int64, (indices.size,)),),
        vjp=_vjp,
    )
)


# ---- its gradient


def _infer_grad(
    g: TensorType, indices: TensorType, *, num_embeddings: int, padding_idx: int | None = None
) -> TensorType:
    """Zeros (num_embeddings, D) with the rows of g added at indices, but for those at `padding_idx`."""
    require_index("embedding_grad", indices)
    if g.shape[:-1] != indices.shape or g.ndim == 0:
        raise ShapeError(f"embedding_grad: the gradient needs one row an index, got {g} and {indices}")
    _check_padding("embedding_grad", padding_idx, num_embeddings)
    return TensorType(g.dtype, (num_embeddings, g.shape[-1]))


def _grad_scratch(g: TensorType, indices: TensorType, **_: Any) -> Types:
    return TensorType(dtypes.int64, (indices.size,)), TensorType(dtypes.int64, (indices.size, g.shape[-1]))


def _grad_kernel(
    out: np.ndarray, g: np.ndarray, indices: np.ndarray, *, num_embeddings: int, padding_idx: int | None, scratch: Any
) -> list[Call]:
    """Element by element: NumPy adds at flat positions several times faster than at rows."""
    flat, places = scratch
    fill, rows = contiguous(g, (g.size,))
    calls = [
        *fill,
        *_flat_index(indices, flat, num_embeddings),
        (np.multiply, flat[:, None], g.shape[-1], places),
        (np.add, places, np.arange(g.shape[-1]), places),
        (out.fill, 0),
        (np.add.at, out.reshape(-1), places.reshape(-1), rows),
    ]
    return calls if padding_idx is None else [*calls, (out[padding_idx].fill, 0)]


def _grad_vjp(c: Any, gg: Any, indices: Any) -> Any:
    found, padding = embedding(indices, gg), c.attrs["padding_idx"]
    return found if padding is None else where(
        unsqueeze(ne(indices, padding), dim=len(c.types[1].shape)), found, 0.0
    ), None


embedding_grad: Op = register(
    Op("embedding_grad", infer=_infer_grad, numpy=_grad_kernel, scratch=_grad_scratch, vjp=_grad_vjp)
)
