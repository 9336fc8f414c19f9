"""The same elements in another shape or order: views, each with the scatter that writes through it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, IndexOutOfRange, ShapeError
from graphnn.ir.attrs import Attrs
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Op, register

VIEW = (Trait.VIEW,)


def check_dim(op: str, dim: int, ndim: int) -> None:
    """IndexOutOfRange unless `dim`, counted from 0, is a dimension; a 0-d tensor has dimension 0."""
    if not 0 <= dim < max(ndim, 1):
        low, high = -max(ndim, 1), max(ndim, 1) - 1
        raise IndexOutOfRange(
            f"{op}: Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})"
        )


def view_as(x: np.ndarray, shape: Sequence[int]) -> np.ndarray | None:
    """The array in another shape without copying, or None where its strides forbid that."""
    try:
        return x.reshape(shape, copy=False)
    except ValueError:
        return None


# ---- another shape


def _reshape(x: TensorType, *, shape: Shape) -> TensorType:
    if math.prod(shape) != x.size or any(s < 0 for s in shape):
        raise ShapeError(f"reshape: shape '{list(shape)}' is invalid for input of size {x.size}: {x}")
    return TensorType(x.dtype, shape)


def _shaped_back(base: Any, part: Any, **attrs: Any) -> Any:
    return reshape(part, shape=tuple(base.shape))


def _shaped_gradient(c: Any, g: Any) -> Any:
    return reshape(g, shape=c.types[0].shape)


reshape: Op = register(
    Op(
        "reshape",
        infer=_reshape,
        view=lambda x, *, shape: view_as(x, shape),
        scatter=_shaped_back,
        vjp=_shaped_gradient,
        traits=VIEW,
        grad_name="ViewBackward0",
    )
)


def _flat_shape(shape: Shape, start: int, end: int) -> Shape:
    return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])


def _flatten(x: TensorType, *, start_dim: int = 0, end_dim: int) -> TensorType:
    """Makes one dimension of `start_dim` up to and including `end_dim`."""
    check_dim("flatten", start_dim, x.ndim)
    check_dim("flatten", end_dim, x.ndim)
    if start_dim > end_dim:
        raise ArgumentError(f"flatten() has invalid args: start_dim cannot come after end_dim: {start_dim} > {end_dim}")
    return TensorType(x.dtype, _flat_shape(x.shape, start_dim, end_dim))


flatten = register(
    Op(
        "flatten",
        infer=_flatten,
        view=lambda x, *, start_dim, end_dim: view_as(x, _flat_shape(x.shape, start_dim, end_dim)),
        scatter=_shaped_back,
        vjp=_shaped_gradient,
        traits=VIEW,
        grad_name="ViewBackward0",
    )
)


def _squeezed(shape: Shape, dim: tuple[int, ...] | None) -> Shape:
    return tuple(s for i, s in enumerate(shape) if s != 1 or (dim is not None and i not in dim))


def _squeeze(x: TensorType, *, dim: tuple[int, ...] | None = None) -> TensorType:
    """Leaves out those of the dimensions `dim` (all for None) that have size 1."""
    for d in dim or ():
        check_dim("squeeze", d, x.ndim)
    return TensorType(x.dtype, _squeezed(x.shape, dim))


def _squeeze_name(types: tuple[TensorType, ...], attrs: Attrs) -> str:
    dim = attrs["dim"]
    return f"SqueezeBackward{0 if dim is None else 1 if len(dim) == 1 else 2}"


squeeze = register(
    Op(
        "squeeze",
        infer=_squeeze,
        view=lambda x, *, dim: x.reshape(_squeezed(x.shape, dim)),
        scatter=_shaped_back,
        vjp=_shaped_gradient,
        traits=VIEW,
        grad_name=_squeeze_name,
    )
)


def _unsqueeze(x: TensorType, *, dim: int) -> TensorType:
    """A new dimension of size 1 at `dim`."""
    check_dim("unsqueeze", dim, x.ndim + 1)
    return TensorType(x.dtype, (*x.shape[:dim], 1, *x.shape[dim:]))


unsqueeze = register(
    Op(
        "unsqueeze",
        infer=_unsqueeze,
        view=lambda x, *, dim: x.reshape(*x.shape[:dim], 1, *x.shape[dim:]),
        scatter=_shaped_back,
        vjp=_shaped_gradient,
        traits=VIEW,
    )
)


# ---- another order of dimensions


def _permute(x: TensorType, *, dims: tuple[int, ...]) -> TensorType:
    if len(dims) != x.ndim:
        raise ShapeError(
            f"permute: got {len(dims)} dimensions {list(dims)} for {x}, which has {x.ndim}; name each once"
        )
    if sorted(dims) != list(range(x.ndim)):
        raise ArgumentError(f"permute(): duplicate dims are not allowed; got {list(dims)} for {x}")
    return TensorType(x.dtype, tuple(x.shape[d] for d in dims))


def _inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dims.index(i) for i in range(len(dims)))


permute: Op = register(
    Op(
        "permute",
        infer=_permute,
        view=lambda x, *, dims: x.transpose(dims),
        scatter=lambda base, part, *, dims: permute(part, dims=_inverse(dims)),
        vjp=lambda c, g: permute(g, dims=_inverse(c.attrs["dims"])),
        traits=VIEW,
    )
)


def _transpose(x: TensorType, *, dim0: int, dim1: int) -> TensorType:
    """Two dimensions swapped."""
    check_dim("transpose", dim0, x.ndim)
    check_dim("transpose", dim1, x.ndim)
    shape = list(x.shape)
    if shape:
        shape[dim0], shape[dim1] = shape[dim1], shape[dim0]
    return TensorType(x.dtype, tuple(shape))


transpose: Op = register(
    Op(
        "transpose",
        infer=_transpose,
        view=lambda x, *, dim0, dim1: x.swapaxes(dim0, dim1) if x.ndim else x.view(),
        scatter=lambda base, part, *, dim0, dim1: transpose(part, dim0=dim0, dim1=dim1),
        vjp=lambda c, g: transpose(g, dim0=c.attrs["dim0"], dim1=c.attrs["dim1"]),
        traits=VIEW,
    )
)


# ---- reversed


def _flip(x: TensorType, *, dims: tuple[int, ...]) -> TensorType:
    """Reversed along `dims`: a copy, as in PyTorch."""
    for d in dims:
        check_dim("flip", d, x.ndim)
    if len(set(dims)) != len(dims):
        raise ArgumentError(f"flip: a dimension appears more than once in {list(dims)}")
    return TensorType(x.dtype, x.shape)


def _reversed(x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    return x[(*(slice(None, None, -1 if i in dims else None) for i in range(x.ndim)), ...)]


flip: Op = register(
    Op(
        "flip",
        infer=_flip,
        numpy=lambda out, x, *, dims: [(np.copyto, out, _reversed(x, dims))],
        vjp=lambda c, g: flip(g, dims=c.attrs["dims"]),
    )
)
