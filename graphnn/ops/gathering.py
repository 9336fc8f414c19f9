"""Picking elements along one dimension by an index of the result's shape, and putting them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.attrs import Attrs
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import cast_call
from graphnn.ops.indices import add_at, check_range, contiguous, flat_positions, require_index
from graphnn.ops.joining import pad
from graphnn.ops.movement import check_dim
from graphnn.ops.op import Call, Op, Types, register


def _require_fit(op: str, x: TensorType, index: TensorType, dim: int) -> None:
    check_dim(op, dim, x.ndim)
    require_index(op, index)
    if max(x.ndim, 1) != max(index.ndim, 1):
        raise ShapeError(f"{op}: Index tensor must have the same number of dimensions as input tensor: {index} for {x}")
    for d, (size, limit) in enumerate(zip(index.shape, x.shape, strict=False)):
        if d != dim and size > limit:
            raise ShapeError(
                f"{op}: Size does not match at dimension {d}: expected index {list(index.shape)} to be no larger than "
                f"self {list(x.shape)} apart from dimension {dim}"
            )


def _at_least_1d(shape: Shape) -> Shape:
    return shape or (1,)


def _positions(op: str, index: np.ndarray, shape: Shape, dim: int, flat: np.ndarray) -> tuple[list[Call], np.ndarray]:
    """The calls that check the index and turn it into places of a flat array of that shape; these places."""
    shape = _at_least_1d(shape)
    index, flat = (a.reshape(_at_least_1d(a.shape)) for a in (index, flat))
    check: Call = (check_range, index, 0, shape[dim], op, dim)
    return [check, *flat_positions(flat, index, shape, dim)], flat.reshape(-1)


def _index_scratch(index: TensorType) -> Types:
    return (TensorType(dtypes.int64, index.shape),)


# ---- gather


def _gather(x: TensorType, index: TensorType, *, dim: int) -> TensorType:
    """`out[i][j] = x[index[i][j]][j]` for dim 0, `x[i][index[i][j]]` for dim 1, and so on."""
    _require_fit("gather", x, index, dim)
    return TensorType(x.dtype, index.shape)


def _gather_kernel(out: np.ndarray, x: np.ndarray, index: np.ndarray, scratch: Any, *, dim: int) -> list[Call]:
    calls, flat = _positions("gather", index, x.shape, dim, scratch[0])
    copy, source = contiguous(x, (x.size,))
    return [*calls, *copy, (np.take, source, flat, 0, out.reshape(out.size), "clip")]


gather: Op = register(
    Op(
        "gather",
        traits=(Trait.CHECKS,),
        infer=_gather,
        numpy=_gather_kernel,
        scratch=lambda x, index, *, dim: _index_scratch(index),
        vjp=lambda c, g, index: (gather_grad(g, index, dim=c.attrs["dim"], shape=c.types[0].shape), None),
    )
)


def _gather_grad(g: TensorType, index: TensorType, *, dim: int, shape: Shape) -> TensorType:
    """Zeros of that shape, with g added where the index points."""
    whole = TensorType(g.dtype, shape)
    _require_fit("gather_grad", whole, index, dim)
    if g.shape != index.shape:
        raise ShapeError(f"gather_grad: the gradient {g} must have the shape of the index {index}")
    return whole


def _added(op: str, out: np.ndarray, index: np.ndarray, dim: int, values: np.ndarray, flat: np.ndarray) -> list[Call]:
    calls, places = _positions(op, index, out.shape, dim, flat)
    copy, source = contiguous(values, (values.size,))
    return [*calls, *copy, (add_at, out.reshape(out.size), places, source)]


def _gather_grad_kernel(
    out: np.ndarray, g: np.ndarray, index: np.ndarray, scratch: Any, *, dim: int, shape: Shape
) -> list[Call]:
    return [(np.copyto, out, 0), *_added("gather_grad", out, index, dim, g, scratch[0])]


gather_grad: Op = register(
    Op(
        "gather_grad",
        infer=_gather_grad,
        numpy=_gather_grad_kernel,
        scratch=lambda g, index, *, dim, shape: _index_scratch(index),
        vjp=lambda c, g, index: (gather(g, index, dim=c.attrs["dim"]), None),
    )
)


# ---- scatter: the elements of src replace, or are added to, those that the index names


def _scatter_type(name: str) -> Any:
    def infer(x: TensorType, index: TensorType, src: TensorType, *, dim: int) -> TensorType:
        _require_fit(name, x, index, dim)
        if src.weak and name == "scatter":
            return x
        if src.dtype is not x.dtype:
            raise DTypeError(f"{name}(): Expected self.dtype to be equal to src.dtype, got {x} and {src}")
        if src.ndim != index.ndim or any(s < i for s, i in zip(src.shape, index.shape, strict=True)):
            raise ShapeError(f"{name}: expected index {list(index.shape)} to be no larger than src {list(src.shape)}")
        return x

    return infer


def _named_part(src: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The part of src that the index has a place for."""
    named: Any = (*(slice(size) for size in index.shape), ...)
    found: np.ndarray = src[named]
    return found


def _scatter_kernel(
    out: np.ndarray, x: np.ndarray, index: np.ndarray, src: Any, scratch: Any, *, dim: int
) -> list[Call]:
    calls, flat = _positions("scatter", index, x.shape, dim, scratch[0])
    copy, source = _source(src, index)
    return [cast_call(out, x), *calls, *copy, (np.put, out, flat, source, "clip")]


def _source(src: Any, index: np.ndarray) -> tuple[list[Call], Any]:
    if not isinstance(src, np.ndarray) or src.ndim == 0:
        return [], src
    return contiguous(_named_part(src, index), (index.size,))


def _src_gradient(c: Any, g: Any, index: Any) -> Any:
    """What arrives at src: zeros where it reaches beyond the index."""
    found = gather(g, index, dim=c.attrs["dim"])
    beyond = tuple((0, s - i) for s, i in zip(c.types[2].shape, c.types[1].shape, strict=True))
    return pad(found, padding=beyond) if any(high for _, high in beyond) else found


def _scatter_vjp(c: Any, g: Any, index: Any) -> Any:
    kept = scatter(g, index, 0.0, dim=c.attrs["dim"]) if c.want[0] else None
    return kept, None, _src_gradient(c, g, index) if c.want[2] else None


def _scatter_name(types: Types, attrs: Attrs) -> str:
    return f"ScatterBackward{1 if types[2].weak else 0}"


def _scatter_scratch(x: TensorType, index: TensorType, src: TensorType, *, dim: int) -> Types:
    return _index_scratch(index)


scatter: Op = register(
    Op(
        "scatter",
        traits=(Trait.CHECKS,),
        infer=_scatter_type("scatter"),
        numpy=_scatter_kernel,
        scratch=_scatter_scratch,
        vjp=_scatter_vjp,
        grad_name=_scatter_name,
    )
)


def _scatter_add_kernel(
    out: np.ndarray, x: np.ndarray, index: np.ndarray, src: np.ndarray, scratch: Any, *, dim: int
) -> list[Call]:
    return [(np.copyto, out, x), *_added("scatter_add", out, index, dim, _named_part(src, index), scratch[0])]


scatter_add = register(
    Op(
        "scatter_add",
        traits=(Trait.CHECKS,),
        infer=_scatter_type("scatter_add"),
        numpy=_scatter_add_kernel,
        scratch=_scatter_scratch,
        vjp=lambda c, g, index: (g, None, _src_gradient(c, g, index) if c.want[2] else None),
    )
)


# ---- one_hot


def _one_hot(index: TensorType, *, num_classes: int) -> TensorType:
    """int64 zeros with a 1 at each index, along a new last dimension."""
    require_index("one_hot", index)
    if num_classes < 1:
        raise ArgumentError(f"one_hot: num_classes should be positive, got {num_classes}")
    return TensorType(dtypes.int64, (*index.shape, num_classes))


def _check_classes(index: np.ndarray, num_classes: int) -> None:
    if index.size and int(index.min()) < 0:
        raise IndexOutOfRange(f"one_hot: Class values must be non-negative, got {int(index.min())}")
    if index.size and int(index.max()) >= num_classes:
        raise IndexOutOfRange(
            f"one_hot: Class values must be smaller than num_classes, got {int(index.max())} for {num_classes}"
        )


def _one_hot_kernel(out: np.ndarray, index: np.ndarray, *, num_classes: int) -> list[Call]:
    check: Call = (_check_classes, index, num_classes)
    return [check, (np.equal, index[..., None], np.arange(num_classes), out)]


one_hot = register(Op("one_hot", infer=_one_hot, numpy=_one_hot_kernel, traits=(Trait.CHECKS,)))
