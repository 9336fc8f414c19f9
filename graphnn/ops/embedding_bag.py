"""Sums, means and maxima of bags of rows: lookups and their reduction in one op."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.compare import clamp, ge, ne, where
from graphnn.ops.elementwise import div, mul, zeros_like
from graphnn.ops.embedding import by_frequency, check_rows, embedding, embedding_grad
from graphnn.ops.gathering import scatter_add
from graphnn.ops.indices import require_index
from graphnn.ops.movement import unsqueeze
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.typing import require_float
from graphnn.ops.unary import cast

MODES = ("sum", "mean", "max")


def _infer(
    weight: TensorType,
    indices: TensorType,
    offsets: TensorType,
    per_sample_weights: TensorType | None = None,
    *,
    mode: str = "mean",
    include_last_offset: bool = False,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> Types:
    """Rows of weight (V, D) at indices (N), reduced over bags that start at offsets (B): (B, D), zeros for empty bags.
    Also the bag of each index, how many rows each bag has (those at `padding_idx` left out), and for "max" which row
    each number came from (-1 for none)."""
    require_float("embedding_bag", weight, per_sample_weights)
    require_index("embedding_bag", indices)
    require_index("embedding_bag", offsets)
    if mode not in MODES:
        raise ArgumentError(f"mode has to be one of sum, mean or max, got {mode!r}")
    if weight.ndim != 2 or indices.ndim != 1 or offsets.ndim != 1:
        raise ShapeError(
            f"embedding_bag: wants a 2D weight, 1D indices and offsets, got {weight}, {indices}, {offsets}"
        )
    if per_sample_weights is not None and (mode != "sum" or per_sample_weights.shape != indices.shape):
        raise DTypeError(
            f"embedding_bag: per_sample_weights go with mode='sum', one an index, got {per_sample_weights}"
        )
    if include_last_offset and offsets.size == 0:
        raise ArgumentError("embedding_bag: include_last_offset: number of offset should be at least 1")
    bags, columns = offsets.size - include_last_offset, weight.shape[1]
    winners = (bags, columns) if mode == "max" else (0,)
    shapes = (indices.shape, (bags,), winners)
    return TensorType(weight.dtype, (bags, columns)), *(TensorType(dtypes.int64, s) for s in shapes)


def _kernel(
    outs: Any,
    weight: np.ndarray,
    indices: np.ndarray,
    offsets: np.ndarray,
    per_sample_weights: Any = None,
    *,
    mode: str,
    include_last_offset: bool,
    padding_idx: int | None,
    scale_grad_by_freq: bool,
) -> list[Call]:
    return [(_reduce, outs, weight, indices, offsets, per_sample_weights, mode, include_last_offset, padding_idx)]


def _reduce(
    outs: Any,
    weight: np.ndarray,
    indices: np.ndarray,
    offsets: np.ndarray,
    scales: np.ndarray | None,
    mode: str,
    include_last: bool,
    padding_idx: int | None,
) -> None:
    """Bags lie side by side, so that those that are not empty can be reduced by `reduceat`. A step of kernels."""
    starts = _starts(offsets, indices.size, include_last)
    check_rows(indices, weight.shape[0])
    bag = np.searchsorted(starts, np.arange(indices.size), side="right") - 1
    kept = np.ones(indices.size, bool) if padding_idx is None else indices != padding_idx
    filled = np.flatnonzero(np.diff(starts, append=indices.size))
    counts = np.zeros(starts.size, np.int64)
    counts[filled] = _reduced(np.add, kept.astype(np.int64), starts[filled])
    rows = weight[indices]
    if scales is not None:
        rows = rows * scales[:, None]
    found, winners = (_largest if mode == "max" else _total)(rows, indices, kept, starts, filled, bag)
    if mode == "mean":
        found /= np.maximum(counts, 1)[:, None]
    for out, value in zip(outs, (found, bag, counts, winners), strict=True):
        if out is not None:
            np.copyto(out, value)


def _starts(offsets: np.ndarray, size: int, include_last: bool) -> np.ndarray:
    """Where the bags start, checked."""
    if offsets.size and offsets[0] != 0:
        raise ArgumentError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. "
            f"However, got {offsets[0]}"
        )
    if offsets.size and offsets[-1] > size:
        raise ArgumentError(
            f"offsets[-1] can not be greater than input's length {size} but got offsets[-1] of {offsets[-1]}"
        )
    if np.any(np.diff(offsets) < 0):
        raise ArgumentError(f"embedding_bag: offsets have to ascend, got {offsets.tolist()}")
    if include_last and offsets[-1] != size:
        raise ArgumentError(f"embedding_bag: the last offset has to be the input's length {size}, got {offsets[-1]}")
    return offsets[:-1] if include_last else offsets


def _reduced(ufunc: np.ufunc, values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return ufunc.reduceat(values, starts, axis=0) if starts.size else values[:0]


def _total(rows: Any, indices: Any, kept: Any, starts: Any, filled: Any, bag: Any) -> tuple[np.ndarray, np.ndarray]:
    found = np.zeros((starts.size, rows.shape[1]), rows.dtype)
    found[filled] = _reduced(np.add, np.where(kept[:, None], rows, 0), starts[filled])
    return found, np.zeros(0, np.int64)


def _largest(rows: Any, indices: Any, kept: Any, starts: Any, filled: Any, bag: Any) -> tuple[np.ndarray, np.ndarray]:
    """The largest numbers, and the first rows that they are found in."""
    size, shape = indices.size, (starts.size, rows.shape[1])
    found, winners = np.zeros(shape, rows.dtype), np.full(shape, -1, np.int64)
    most = np.full(shape, -np.inf, rows.dtype)
    most[filled] = _reduced(np.maximum, np.where(kept[:, None], rows, -np.inf), starts[filled])
    first = np.full(shape, size, np.int64)
    match = kept[:, None] & (rows == most[bag])
    first[filled] = _reduced(np.minimum, np.where(match, np.arange(size)[:, None], size), starts[filled])
    any_kept = first < size
    found[any_kept], winners[any_kept] = most[any_kept], indices[first[any_kept]]
    return found, winners


def _vjp(
    c: Any, g: Any, weight: Any, indices: Any, per_sample_weights: Any, bag: Any, counts: Any, winners: Any
) -> Any:
    kind, mode, padding = c.types[0], c.attrs["mode"], c.attrs["padding_idx"]
    if mode == "max":
        given = where(ge(winners, 0), g, 0.0)
        return (scatter_add(zeros_like(weight), clamp(winners, min=0), given, dim=0), *(None,) * (len(c.types) - 1))
    if mode == "mean":
        g = div(g, cast(unsqueeze(clamp(counts, min=1), dim=1), dtype=kind.dtype))
    rows = embedding(bag, g)
    of_scales = None
    if len(c.types) > 3 and c.want[3]:
        of_scales = sum_(mul(rows, embedding(indices, weight)), dim=(1,))
        of_scales = of_scales if padding is None else where(ne(indices, padding), of_scales, 0.0)
    if per_sample_weights is not None:
        rows = mul(rows, unsqueeze(per_sample_weights, dim=1))
    if c.attrs["scale_grad_by_freq"]:
        rows = by_frequency(rows, indices, kind)
    found = embedding_grad(rows, indices, num_embeddings=kind.shape[0], padding_idx=padding)
    return (found, None, None, of_scales)[: len(c.types)]


embedding_bag = register(
    Op(
        "embedding_bag",
        infer=_infer,
        numpy=_kernel,
        outputs=("out", "bag", "counts", "winners"),
        vjp=_vjp,
        grad_edges=(0, 3),
    )
)
