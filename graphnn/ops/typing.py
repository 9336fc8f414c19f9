"""Type rules shared by many ops: promotion, broadcasting, dimensions. All shape arithmetic of ops goes through here."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from graphnn.errors import ArgumentError, DTypeError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape, TensorType


class _Defaults:
    """`dtype` is what Python's floats become, and integers where only floats will do (`set_default_dtype`)."""

    dtype = dtypes.float32


defaults = _Defaults()
_UNSIGNED = (dtypes.uint16, dtypes.uint32, dtypes.uint64)


@functools.cache
def promote_dtypes(a: DType, b: DType) -> DType:
    """The smallest dtype of the higher category that holds both (PyTorch's `promote_types`)."""
    if a is b:
        return a
    if a.category != b.category:
        return a if a.category > b.category else b
    if a.category == 2:
        return dtypes.float32 if a.itemsize == b.itemsize else a if a.itemsize > b.itemsize else b
    return _promote_integers(a, b)


def _promote_integers(a: DType, b: DType) -> DType:
    if a.is_signed == b.is_signed:
        return a if a.itemsize > b.itemsize else b
    signed, unsigned = (a, b) if a.is_signed else (b, a)
    if unsigned in _UNSIGNED:
        raise DTypeError(
            f"promotion of {signed!r} and {unsigned!r} is not supported, as in PyTorch; convert one of them"
        )
    return dtypes.int16 if signed is dtypes.int8 else signed


def result_dtype(types: Iterable[TensorType]) -> DType:
    """PyTorch's promotion: tensors with dimensions first, 0-d tensors next, numbers last; a lower rank changes the
    result only by bringing a higher category (a float number makes an integer tensor that of the default dtype)."""
    ranked: list[DType | None] = [None, None, None]
    for t in types:
        rank = 2 if t.weak else (1 if t.ndim == 0 else 0)
        dtype = defaults.dtype if t.weak and t.dtype.category == 2 else t.dtype
        held = ranked[rank]
        ranked[rank] = dtype if held is None else promote_dtypes(held, dtype)
    result: DType | None = None
    for found in ranked:
        if found is not None and (result is None or found.category > result.category):
            result = found
    assert result is not None
    return result


def float_dtype(dtype: DType) -> DType:
    """The dtype itself when floating, the default otherwise: what `exp` makes of integers."""
    return dtype if dtype.is_floating_point else defaults.dtype


def computing_dtype(dtype: DType) -> DType:
    """What kernels compute in: float32 for the 16-bit floats, whose results are rounded once, at the end."""
    return dtypes.float32 if dtype in dtypes.NARROW else dtype


@functools.lru_cache(maxsize=4096)
def broadcast_shapes(*shapes: Shape) -> Shape | None:
    """The broadcast shape, or None when there is none."""
    ndim = max((len(s) for s in shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        for i, size in enumerate(shape, start=ndim - len(shape)):
            if size == 1:
                continue
            if result[i] not in (1, size):
                return None
            result[i] = size
    return tuple(result)


def broadcast(op: str, *types: TensorType) -> Shape:
    """The broadcast shape of the types; ShapeError naming the dimension that does not fit."""
    shape = broadcast_shapes(*(t.shape for t in types))
    if shape is not None:
        return shape
    a, b = next((a, b) for a in types for b in types if broadcast_shapes(a.shape, b.shape) is None)
    ndim = max(a.ndim, b.ndim)
    pairs = list(zip((1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape, strict=True))
    at = max(i for i, (m, n) in enumerate(pairs) if m != n and 1 not in (m, n))
    raise ShapeError(
        f"{op}: The size of tensor a ({pairs[at][0]}) must match the size of tensor b ({pairs[at][1]}) at non-singleton "
        f"dimension {at}: {' and '.join(map(str, types))} do not broadcast"
    )


def normalize_dim(dim: int, ndim: int, op: str) -> int:
    """The dimension counted from 0; a 0-d tensor has dimension 0 (and -1), as in PyTorch."""
    limit = max(ndim, 1)
    if -limit <= dim < limit:
        return dim % limit
    raise IndexOutOfRange(
        f"{op}: Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {dim})"
    )


def normalize_dims(dims: int | Sequence[int] | None, ndim: int, op: str) -> tuple[int, ...]:
    """Dimensions counted from 0 and sorted; all of them for None or an empty list."""
    if dims is None or (not isinstance(dims, int) and len(dims) == 0):
        return tuple(range(ndim))
    listed = [normalize_dim(d, ndim, op) for d in ((dims,) if isinstance(dims, int) else dims)]
    if len(set(listed)) != len(listed):
        raise ArgumentError(f"{op}: a dimension appears more than once in {tuple(dims)}")  # type: ignore[arg-type]
    return () if ndim == 0 else tuple(sorted(listed))


def reduced_shape(shape: Shape, dims: Sequence[int], keepdim: bool) -> Shape:
    """The shape after reducing over `dims` (counted from 0)."""
    if keepdim:
        return tuple(1 if i in dims else s for i, s in enumerate(shape))
    return tuple(s for i, s in enumerate(shape) if i not in dims)


def require_float(op: str, *types: TensorType | None) -> None:
    """DTypeError unless all are floating point and of one dtype."""
    found = {t.dtype for t in types if t is not None}
    if len(found) == 1 and next(iter(found)).is_floating_point:
        return
    names = ", ".join(str(t) for t in types if t is not None)
    raise DTypeError(f"{op}: expected floating-point tensors of one dtype, got {names}; convert with .to(dtype)")
