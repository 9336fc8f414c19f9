"""Indexing by tensors of indices: rows of one dimension, and NumPy's advanced indexing over several.

`index(x, i0, i1, …)` has an index tensor, or None for a full slice, for each leading dimension. Indices broadcast
together; their dimensions stand where the first of them is, or in front when a full slice lies between two of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import DTypeError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import zeros_like
from graphnn.ops.indices import add_at, assign, check_range, contiguous, require_index
from graphnn.ops.movement import check_dim
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.slicing import with_size
from graphnn.ops.typing import broadcast, broadcast_shapes

Index = TensorType | None


# ---- rows


def _require_row_index(op: str, x: TensorType, index: TensorType, dim: int) -> None:
    check_dim(op, dim, x.ndim)
    require_index(op, index)
    if index.ndim > 1 or x.ndim == 0:
        raise ShapeError(f"{op}(): Index is supposed to be a vector for a tensor with dimensions, got {index} for {x}")


def _index_select(x: TensorType, index: TensorType, *, dim: int) -> TensorType:
    """The slices of `x` along `dim` that the vector of indices names."""
    _require_row_index("index_select", x, index, dim)
    return TensorType(x.dtype, with_size(x.shape, dim, index.size))


def _index_select_kernel(out: np.ndarray, x: np.ndarray, index: np.ndarray, *, dim: int) -> list[Call]:
    copy, source = contiguous(x, x.shape)
    index = index.reshape(index.size)
    return [
        (check_range, index, 0, x.shape[dim], "index_select", dim),
        *copy,
        (np.take, source, index, dim, out, "clip"),
    ]


index_select = register(
    Op(
        "index_select",
        traits=(Trait.CHECKS,),
        infer=_index_select,
        numpy=_index_select_kernel,
        vjp=lambda c, g, index: (
            index_select_grad(g, index, dim=c.attrs["dim"], size=c.types[0].shape[c.attrs["dim"]]),
            None,
        ),
    )
)


def _index_select_grad(g: TensorType, index: TensorType, *, dim: int, size: int) -> TensorType:
    """Zeros with dimension `dim` of that size, the slices of g added where the indices point."""
    _require_row_index("index_select_grad", g, index, dim)
    if g.shape[dim] != index.size:
        raise ShapeError(f"index_select_grad: dimension {dim} of {g} must be as long as the index {index}")
    return TensorType(g.dtype, with_size(g.shape, dim, size))


def _added_rows(op: str, out: np.ndarray, index: np.ndarray, dim: int, values: np.ndarray) -> list[Call]:
    index = index.reshape(index.size)
    key = (*(slice(None),) * dim, index)
    return [(check_range, index, 0, out.shape[dim], op, dim), (add_at, out, key, values)]


index_select_grad: Op = register(
    Op(
        "index_select_grad",
        infer=_index_select_grad,
        numpy=lambda out, g, index, *, dim, size: [
            (np.copyto, out, 0),
            *_added_rows("index_select_grad", out, index, dim, g),
        ],
        vjp=lambda c, g, index: (index_select(g, index, dim=c.attrs["dim"]), None),
    )
)


def _index_add(x: TensorType, index: TensorType, src: TensorType, *, dim: int) -> TensorType:
    """`x` with the slices of `src` along `dim` added at the indices."""
    _require_row_index("index_add", x, index, dim)
    if src.dtype is not x.dtype:
        raise DTypeError(f"index_add(): self and source expected to have the same dtype, got {x} and {src}")
    if src.shape != with_size(x.shape, dim, index.size):
        raise ShapeError(f"index_add(): source {src} must match {x} but for {index.size} slices at dimension {dim}")
    return x


index_add = register(
    Op(
        "index_add",
        traits=(Trait.CHECKS,),
        infer=_index_add,
        numpy=lambda out, x, index, src, *, dim: [
            (np.copyto, out, x),
            *_added_rows("index_add", out, index, dim, src),
        ],
        vjp=lambda c, g, index: (
            g,
            None,
            index_select(g, index, dim=c.attrs["dim"]) if c.want[2] else None,
        ),
    )
)


# ---- advanced indexing


def _is_adjacent(at: Sequence[int]) -> bool:
    return at[-1] - at[0] + 1 == len(at)


def indexed_dims(indices: Sequence[Any]) -> list[int]:
    """The dimensions that have an index."""
    return [d for d, index in enumerate(indices) if index is not None]


def indexed_shape(op: str, shape: Shape, indices: Sequence[Index]) -> Shape:
    """The shape of `x[indices]` for x of that shape; errors for indices that do not fit."""
    at = indexed_dims(indices)
    if not at or len(indices) > len(shape):
        raise IndexOutOfRange(
            f"{op}: {len(at)} index tensors in {len(indices)} places for a tensor of shape {list(shape)}"
        )
    given = [i for i in indices if i is not None]
    for i in given:
        require_index(op, i)
    picked = broadcast(op, *given)
    if not _is_adjacent(at):
        return (*picked, *(s for d, s in enumerate(shape) if d not in at))
    return (*shape[: at[0]], *picked, *shape[at[-1] + 1 :])


def _index(
    x: TensorType,
    i0: Index = None,
    i1: Index = None,
    i2: Index = None,
    i3: Index = None,
    i4: Index = None,
    i5: Index = None,
) -> TensorType:
    return TensorType(x.dtype, indexed_shape("index", x.shape, _given(i0, i1, i2, i3, i4, i5)))


def _given(*indices: Any) -> tuple[Any, ...]:
    """The indices without the None at the end."""
    last = max((d for d, index in enumerate(indices) if index is not None), default=-1)
    return indices[: last + 1]


def _index_scratch(x: TensorType, *indices: Index) -> Types:
    shape = broadcast_shapes(*(i.shape for i in indices if i is not None))
    assert shape is not None
    return (TensorType(dtypes.int64, shape), TensorType(dtypes.int64, shape))


def _checks(op: str, shape: Shape, indices: Sequence[Any]) -> list[Call]:
    return [(check_range, indices[d], -shape[d], shape[d], op, d) for d in indexed_dims(indices)]


def _index_kernel(out: np.ndarray, x: np.ndarray, *indices: Any, scratch: Any) -> list[Call]:
    """One flat index over the indexed dimensions, which are brought side by side; then a take along them."""
    flat, work = scratch
    at = indexed_dims(indices)
    calls = _checks("index", x.shape, indices)
    for n, d in enumerate(at):
        calls += _flat_step(flat, work, indices[d], x.shape[d], first=n == 0)
    lead = at[0] if _is_adjacent(at) else 0
    rest = [d for d in range(x.ndim) if d not in at]
    moved = x.transpose(*rest[:lead], *at, *rest[lead:])
    sizes = (math.prod(moved.shape[:lead]), math.prod(x.shape[d] for d in at), math.prod(moved.shape[lead + len(at) :]))
    copy, source = contiguous(moved, sizes)
    target = out.reshape(sizes[0], flat.size, sizes[2])
    return [*calls, *copy, (np.take, source, flat.reshape(flat.size), 1, target, "clip")]


def _flat_step(flat: np.ndarray, work: np.ndarray, index: np.ndarray, size: int, first: bool) -> list[Call]:
    if first:
        return [(np.remainder, index, size, flat)]
    return [(np.multiply, flat, size, flat), (np.remainder, index, size, work), (np.add, flat, work, flat)]


def _index_vjp(
    c: Any, g: Any, i0: Any = None, i1: Any = None, i2: Any = None, i3: Any = None, i4: Any = None, i5: Any = None
) -> Any:
    found = index_grad(g, *_given(i0, i1, i2, i3, i4, i5), shape=c.types[0].shape)
    return (found, *(None,) * (len(c.types) - 1))


index: Op = register(
    Op("index", infer=_index, numpy=_index_kernel, scratch=_index_scratch, vjp=_index_vjp, traits=(Trait.CHECKS,))
)


def _key(indices: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(slice(None) if i is None else i for i in indices)


def _index_grad(
    g: TensorType,
    i0: Index = None,
    i1: Index = None,
    i2: Index = None,
    i3: Index = None,
    i4: Index = None,
    i5: Index = None,
    *,
    shape: Shape,
) -> TensorType:
    """Zeros of that shape, with g added where the indices point."""
    wanted = indexed_shape("index_grad", shape, _given(i0, i1, i2, i3, i4, i5))
    if g.shape != wanted:
        raise ShapeError(f"index_grad: the gradient must have the shape {list(wanted)}, got {g}")
    return TensorType(g.dtype, shape)


def _index_grad_kernel(out: np.ndarray, g: np.ndarray, *indices: Any, shape: Shape) -> list[Call]:
    return [*_checks("index_grad", shape, indices), (np.copyto, out, 0), (add_at, out, _key(indices), g)]


def _index_grad_vjp(
    c: Any, g: Any, i0: Any = None, i1: Any = None, i2: Any = None, i3: Any = None, i4: Any = None, i5: Any = None
) -> Any:
    return (index(g, *_given(i0, i1, i2, i3, i4, i5)), *(None,) * (len(c.types) - 1))


index_grad = register(Op("index_grad", infer=_index_grad, numpy=_index_grad_kernel, vjp=_index_grad_vjp))


def _index_put(
    x: TensorType,
    value: TensorType,
    i0: Index = None,
    i1: Index = None,
    i2: Index = None,
    i3: Index = None,
    i4: Index = None,
    i5: Index = None,
    *,
    accumulate: bool = False,
) -> TensorType:
    """`x` with `value` put, or added, where the indices point; which of two puts to one place wins is not said."""
    wanted = indexed_shape("index_put", x.shape, _given(i0, i1, i2, i3, i4, i5))
    if value.dtype is not x.dtype and not value.weak:
        raise DTypeError(f"index_put: the source and destination dtypes must match, got {value} for {x}")
    if broadcast_shapes(value.shape, wanted) != wanted:
        raise ShapeError(f"index_put: shape mismatch: value {value} cannot be broadcast to the indexed {list(wanted)}")
    return x


def _index_put_kernel(out: np.ndarray, x: np.ndarray, value: Any, *indices: Any, accumulate: bool) -> list[Call]:
    step = add_at if accumulate else assign
    return [*_checks("index_put", x.shape, indices), (np.copyto, out, x), (step, out, _key(indices), value)]


def _index_put_vjp(
    c: Any, g: Any, i0: Any = None, i1: Any = None, i2: Any = None, i3: Any = None, i4: Any = None, i5: Any = None
) -> Any:
    indices = _given(i0, i1, i2, i3, i4, i5)
    part = index(g, *indices)
    kept = None
    if c.want[0]:
        kept = g if c.attrs["accumulate"] else index_put(g, zeros_like(part), *indices)
    return (kept, part if c.want[1] else None, *(None,) * (len(c.types) - 2))


index_put: Op = register(
    Op("index_put", infer=_index_put, numpy=_index_put_kernel, vjp=_index_put_vjp, traits=(Trait.CHECKS,))
)
