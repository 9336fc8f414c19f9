"""Parts of a tensor along one dimension: slices and single indices as views, and tensors with such a part replaced."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, IndexOutOfRange, ShapeError
from graphnn.ir.attrs import Attrs
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import zeros_like
from graphnn.ops.movement import VIEW, check_dim
from graphnn.ops.op import Call, Op, register

SCATTER = (Trait.INPLACE,)


def part_of(x: np.ndarray, dim: int, key: int | builtins.slice) -> np.ndarray:
    """`x[:, …, key]` with the key at `dim`; always a view."""
    return x[(*(builtins.slice(None),) * dim, key, ...)]


def with_size(shape: Shape, dim: int, size: int) -> Shape:
    """The shape with another size at `dim`."""
    return (*shape[:dim], size, *shape[dim + 1 :])


def _without_size(attrs: Attrs) -> dict[str, Any]:
    return {name: value for name, value in attrs.items() if name != "size"}


def _require_part(op: str, base: TensorType, part: TensorType, wanted: TensorType) -> None:
    if part.dtype is not base.dtype and not part.weak:
        raise DTypeError(f"{op}: expected source and destination of one dtype, got {part} for {base}")
    if part.shape != wanted.shape:
        raise ShapeError(f"{op}: expected src of size {list(wanted.shape)}, that of the part, got {part} for {base}")


# ---- slice


def _slice(x: TensorType, *, dim: int, start: int = 0, stop: int, step: int = 1) -> TensorType:
    """`x[start:stop:step]` along `dim`, where start and stop lie within the dimension; empty where start >= stop."""
    check_dim("slice", dim, x.ndim)
    if x.ndim == 0:
        raise ShapeError("slice() cannot be applied to a 0-dim tensor")
    if step < 1:
        raise ArgumentError(f"slice: step must be greater than zero, got {step}; flip() reverses a dimension")
    if not (0 <= start <= x.shape[dim] and 0 <= stop <= x.shape[dim]):
        raise ArgumentError(
            f"slice: {start}:{stop} lies outside of dimension {dim} of {x}; clamp it to 0..{x.shape[dim]}"
        )
    return TensorType(x.dtype, with_size(x.shape, dim, len(range(start, stop, step))))


def _sliced(x: np.ndarray, *, dim: int, start: int, stop: int, step: int) -> np.ndarray:
    return part_of(x, dim, builtins.slice(start, stop, step))


slice: Op = register(
    Op(
        "slice",
        infer=_slice,
        view=_sliced,
        scatter=lambda base, part, **attrs: slice_scatter(base, part, **attrs),
        vjp=lambda c, g: slice_grad(g, size=c.types[0].shape[c.attrs["dim"]], **c.attrs),
        traits=VIEW,
    )
)


def _slice_grad(g: TensorType, *, dim: int, size: int, start: int = 0, stop: int, step: int = 1) -> TensorType:
    """Zeros with dimension `dim` of that size, g where the slice was taken."""
    whole = TensorType(g.dtype, with_size(g.shape, dim, size))
    _require_part("slice_grad", whole, g, _slice(whole, dim=dim, start=start, stop=stop, step=step))
    return whole


def _slice_grad_kernel(out: np.ndarray, g: np.ndarray, *, size: int, **attrs: Any) -> list[Call]:
    return [(np.copyto, out, False), (np.copyto, _sliced(out, **attrs), g)]


slice_grad: Op = register(
    Op(
        "slice_grad",
        infer=_slice_grad,
        numpy=_slice_grad_kernel,
        vjp=lambda c, g: slice(g, **_without_size(c.attrs)),
    )
)


def _slice_scatter(
    base: TensorType, part: TensorType, *, dim: int, start: int = 0, stop: int, step: int = 1
) -> TensorType:
    _require_part("slice_scatter", base, part, _slice(base, dim=dim, start=start, stop=stop, step=step))
    return base


def _slice_scatter_kernel(out: np.ndarray, base: np.ndarray, part: np.ndarray, **attrs: Any) -> list[Call]:
    """A part of the base's own shape replaces all of it; so `out` may lie over either."""
    if part.shape == base.shape:
        return [(np.copyto, out, part)]
    return [(np.copyto, out, base), (np.copyto, _sliced(out, **attrs), part)]


def _slice_scatter_vjp(c: Any, g: Any) -> Any:
    part = slice(g, **c.attrs)
    return slice_scatter(g, zeros_like(part), **c.attrs) if c.want[0] else None, part


slice_scatter: Op = register(
    Op("slice_scatter", infer=_slice_scatter, numpy=_slice_scatter_kernel, vjp=_slice_scatter_vjp, traits=SCATTER)
)


# ---- select


def _select(x: TensorType, *, dim: int, index: int) -> TensorType:
    """`x[index]` along `dim`, the dimension left out."""
    check_dim("select", dim, x.ndim)
    if x.ndim == 0:
        raise IndexOutOfRange("select() cannot be applied to a 0-dim tensor")
    if not 0 <= index < x.shape[dim]:
        raise IndexOutOfRange(
            f"select(): index {index} out of range for tensor of size {list(x.shape)} at dimension {dim}"
        )
    return TensorType(x.dtype, (*x.shape[:dim], *x.shape[dim + 1 :]))


select: Op = register(
    Op(
        "select",
        infer=_select,
        view=lambda x, *, dim, index: part_of(x, dim, index),
        scatter=lambda base, part, **attrs: select_scatter(base, part, **attrs),
        vjp=lambda c, g: select_grad(g, size=c.types[0].shape[c.attrs["dim"]], **c.attrs),
        traits=VIEW,
    )
)


def _select_grad(g: TensorType, *, dim: int, size: int, index: int) -> TensorType:
    """Zeros with a dimension `dim` of that size, g where the index was taken."""
    whole = TensorType(g.dtype, (*g.shape[:dim], size, *g.shape[dim:]))
    _select(whole, dim=dim, index=index)
    return whole


def _select_grad_kernel(out: np.ndarray, g: np.ndarray, *, dim: int, size: int, index: int) -> list[Call]:
    return [(np.copyto, out, False), (np.copyto, part_of(out, dim, index), g)]


select_grad: Op = register(
    Op(
        "select_grad",
        infer=_select_grad,
        numpy=_select_grad_kernel,
        vjp=lambda c, g: select(g, **_without_size(c.attrs)),
    )
)


def _select_scatter(base: TensorType, part: TensorType, *, dim: int, index: int) -> TensorType:
    _require_part("select_scatter", base, part, _select(base, dim=dim, index=index))
    return base


def _select_scatter_kernel(out: np.ndarray, base: np.ndarray, part: np.ndarray, *, dim: int, index: int) -> list[Call]:
    return [(np.copyto, out, base), (np.copyto, part_of(out, dim, index), part)]


def _select_scatter_vjp(c: Any, g: Any) -> Any:
    part = select(g, **c.attrs)
    return select_scatter(g, zeros_like(part), **c.attrs) if c.want[0] else None, part


select_scatter: Op = register(
    Op("select_scatter", infer=_select_scatter, numpy=_select_scatter_kernel, vjp=_select_scatter_vjp, traits=SCATTER)
)
