"""A tensor's elements in another shape with other strides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import zeros_like
from graphnn.ops.movement import VIEW
from graphnn.ops.op import Call, Op, register


def _as_strided(x: TensorType, *, size: Shape, stride: Shape, offset: int = 0) -> TensorType:
    """The elements at `offset` + i * stride[0] + j * stride[1] … of the tensor's elements in order."""
    if len(size) != len(stride):
        raise ShapeError(
            f"as_strided: mismatch in length of strides and shape: got size {list(size)} and stride {list(stride)}"
        )
    if any(s < 0 for s in (*size, *stride)) or offset < 0:
        raise ArgumentError(
            f"as_strided: Negative sizes, strides and offsets are not supported, got {list(size)}, {list(stride)}, {offset}"
        )
    last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if math.prod(size) and last >= x.size:
        raise ShapeError(
            f"as_strided: sizes {list(size)}, strides {list(stride)}, storage offset {offset} need {last + 1} elements: "
            f"out of bounds for {x}"
        )
    return TensorType(x.dtype, size)


def _view(x: np.ndarray, *, size: Shape, stride: Shape, offset: int) -> np.ndarray | None:
    if not x.flags.c_contiguous:
        return None
    flat = x.reshape(-1)[offset if math.prod(size) else 0 :]
    return np.lib.stride_tricks.as_strided(flat, size, tuple(s * x.itemsize for s in stride))


def _places(size: Shape, stride: Shape, offset: int) -> np.ndarray:
    """Where in the order of elements each one stands, in a row."""
    at = np.full(size, offset, np.int64)
    for axis, (n, s) in enumerate(zip(size, stride, strict=True)):
        at += (np.arange(n) * s).reshape(-1, *(1,) * (len(size) - axis - 1))
    return at.reshape(-1)


def _kernel(out: np.ndarray, x: np.ndarray, **attrs: Any) -> list[Call]:
    return [(_take_all, out, x, _places(**attrs))]


def _take_all(out: np.ndarray, x: np.ndarray, places: np.ndarray) -> None:
    out[...] = x.reshape(-1)[places].reshape(out.shape)


as_strided: Op = register(
    Op(
        "as_strided",
        infer=_as_strided,
        numpy=_kernel,
        view=_view,
        scatter=lambda base, part, **attrs: as_strided_scatter(base, part, **attrs),
        vjp=lambda c, g: as_strided_grad(g, shape=c.types[0].shape, **c.attrs),
        traits=VIEW,
    )
)


def _grad(g: TensorType, *, shape: Shape, size: Shape, stride: Shape, offset: int = 0) -> TensorType:
    """Zeros of that shape, with each element of g added where it came from."""
    whole = TensorType(g.dtype, shape)
    _as_strided(whole, size=size, stride=stride, offset=offset)
    if g.shape != size:
        raise ShapeError(f"as_strided_grad: wants a gradient of size {list(size)}, got {g}")
    return whole


def _grad_kernel(out: np.ndarray, g: np.ndarray, *, shape: Shape, **attrs: Any) -> list[Call]:
    return [(_add_all, out, g, _places(**attrs))]


def _add_all(out: np.ndarray, g: np.ndarray, places: np.ndarray) -> None:
    out[...] = 0
    np.add.at(out.reshape(-1), places, g.reshape(-1))


as_strided_grad: Op = register(
    Op(
        "as_strided_grad",
        infer=_grad,
        numpy=_grad_kernel,
        vjp=lambda c, g: as_strided(g, **{name: c.attrs[name] for name in ("size", "stride", "offset")}),
    )
)


def _scatter(x: TensorType, part: TensorType, *, size: Shape, stride: Shape, offset: int = 0) -> TensorType:
    """A copy of x with `part` where `as_strided` would read; of elements at one place the last one stays."""
    wanted = _as_strided(x, size=size, stride=stride, offset=offset)
    if part.shape != wanted.shape:
        raise ShapeError(f"as_strided_scatter: expected src of size {list(size)}, got {part}")
    return x


def _scatter_kernel(out: np.ndarray, x: np.ndarray, part: np.ndarray, **attrs: Any) -> list[Call]:
    return [(np.copyto, out, x), (_put_all, out, part, _places(**attrs))]


def _put_all(out: np.ndarray, part: np.ndarray, places: np.ndarray) -> None:
    out.reshape(-1)[places] = part.reshape(-1)


def _scatter_vjp(c: Any, g: Any) -> Any:
    part = as_strided(g, **c.attrs)
    return as_strided_scatter(g, zeros_like(part), **c.attrs), part


as_strided_scatter: Op = register(Op("as_strided_scatter", infer=_scatter, numpy=_scatter_kernel, vjp=_scatter_vjp))
