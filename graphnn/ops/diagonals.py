"""A diagonal of two dimensions, as a view, and tensors with such a diagonal replaced."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import zeros_like
from graphnn.ops.movement import VIEW, check_dim
from graphnn.ops.op import Call, Op, register


def _diagonal(x: TensorType, *, offset: int = 0, dim1: int = 0, dim2: int = 1) -> TensorType:
    """The elements whose index in `dim2` is that in `dim1` plus `offset`, as the last dimension of the result."""
    if x.ndim < 2:
        raise ShapeError(f"diagonal: wants at least two dimensions, got {x}")
    check_dim("diagonal", dim1, x.ndim)
    check_dim("diagonal", dim2, x.ndim)
    if dim1 == dim2:
        raise ArgumentError(f"diagonal dimensions cannot be identical {dim1}, {dim2}: {x}")
    rest = tuple(s for i, s in enumerate(x.shape) if i not in (dim1, dim2))
    length = min(x.shape[dim1] - max(0, -offset), x.shape[dim2] - max(0, offset))
    return TensorType(x.dtype, (*rest, max(0, length)))


def diagonal_of(x: np.ndarray, *, offset: int, dim1: int, dim2: int) -> np.ndarray:
    """The diagonal as a view that can be written."""
    rest = tuple(i for i in range(x.ndim) if i not in (dim1, dim2))
    moved = x.transpose(*rest, dim1, dim2)
    rows, columns = moved.shape[-2:]
    length = max(0, min(rows - max(0, -offset), columns - max(0, offset)))
    if not length:
        return moved[..., :0, 0]
    start = moved[..., max(0, -offset) :, max(0, offset) :]
    strides = (*start.strides[:-2], start.strides[-2] + start.strides[-1])
    return np.lib.stride_tricks.as_strided(start, (*start.shape[:-2], length), strides)


diagonal: Op = register(
    Op(
        "diagonal",
        infer=_diagonal,
        view=diagonal_of,
        scatter=lambda base, part, **attrs: diagonal_scatter(base, part, **attrs),
        vjp=lambda c, g: diagonal_grad(g, shape=c.types[0].shape, **c.attrs),
        traits=VIEW,
    )
)


def _without_shape(attrs: Any) -> dict[str, Any]:
    return {name: value for name, value in attrs.items() if name != "shape"}


def _require_part(op: str, whole: TensorType, part: TensorType, **attrs: int) -> None:
    wanted = _diagonal(whole, **attrs)
    if part.dtype is not whole.dtype and not part.weak:
        raise DTypeError(f"{op}: expected source and destination of one dtype, got {part} for {whole}")
    if part.shape != wanted.shape:
        raise ShapeError(f"{op}: expected src of size {list(wanted.shape)}, that of the diagonal, got {part}")


def _diagonal_grad(g: TensorType, *, shape: Shape, offset: int = 0, dim1: int = 0, dim2: int = 1) -> TensorType:
    """Zeros of that shape, with g as a diagonal."""
    whole = TensorType(g.dtype, shape)
    _require_part("diagonal_grad", whole, g, offset=offset, dim1=dim1, dim2=dim2)
    return whole


def _diagonal_grad_kernel(out: np.ndarray, g: np.ndarray, *, shape: Shape, **attrs: int) -> list[Call]:
    return [(np.copyto, out, False), (np.copyto, diagonal_of(out, **attrs), g)]


diagonal_grad: Op = register(
    Op(
        "diagonal_grad",
        infer=_diagonal_grad,
        numpy=_diagonal_grad_kernel,
        vjp=lambda c, g: diagonal(g, **_without_shape(c.attrs)),
        grad_name="DiagonalBackward0",
    )
)


def _diagonal_scatter(
    base: TensorType, part: TensorType, *, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> TensorType:
    _require_part("diagonal_scatter", base, part, offset=offset, dim1=dim1, dim2=dim2)
    return base


def _diagonal_scatter_kernel(out: np.ndarray, base: np.ndarray, part: np.ndarray, **attrs: int) -> list[Call]:
    return [(np.copyto, out, base), (np.copyto, diagonal_of(out, **attrs), part)]


def _diagonal_scatter_vjp(c: Any, g: Any) -> Any:
    part = diagonal(g, **c.attrs)
    return diagonal_scatter(g, zeros_like(part), **c.attrs) if c.want[0] else None, part


diagonal_scatter: Op = register(
    Op(
        "diagonal_scatter",
        infer=_diagonal_scatter,
        numpy=_diagonal_scatter_kernel,
        vjp=_diagonal_scatter_vjp,
        traits=(Trait.INPLACE,),
    )
)
