"""Several tensors made one, and one made larger: cat, stack, pad."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import cast_call, wrap_number
from graphnn.ops.movement import check_dim
from graphnn.ops.op import Call, Op, register
from graphnn.ops.slicing import part_of, select, slice, with_size
from graphnn.ops.typing import result_dtype

Padding = tuple[tuple[int, int], ...]


# ---- cat


def _is_nothing(shape: Shape) -> bool:
    """PyTorch lets a 1-d tensor without elements be joined with anything."""
    return shape == (0,)


def _cat(*xs: TensorType, dim: int = 0) -> TensorType:
    if not xs:
        raise ArgumentError("cat: expected a non-empty list of Tensors")
    joined = [x for x in xs if not _is_nothing(x.shape)] or list(xs)
    first = joined[0]
    if first.ndim == 0:
        raise ShapeError("cat: zero-dimensional tensor cannot be concatenated; stack() makes a dimension")
    check_dim("cat", dim, first.ndim)
    for x in joined:
        _require_fit(first, x, xs.index(x), dim)
    return TensorType(result_dtype(xs), with_size(first.shape, dim, sum(x.shape[dim] for x in joined)))


def _require_fit(first: TensorType, x: TensorType, number: int, dim: int) -> None:
    if x.ndim != first.ndim:
        raise ShapeError(
            f"cat: Tensors must have same number of dimensions: got {first.ndim} and {x.ndim}: {first}, {x}"
        )
    for i, (expected, got) in enumerate(zip(first.shape, x.shape, strict=True)):
        if i != dim and expected != got:
            raise ShapeError(
                f"cat: Sizes of tensors must match except in dimension {dim}. Expected size {expected} but got size "
                f"{got} for tensor number {number} in the list: {first}, {x}"
            )


def _sections(shapes: list[Shape], dim: int) -> list[tuple[int, int]]:
    """Start and stop of each input in the result; (0, 0) for one that adds nothing."""
    found, at = [], 0
    joined = not all(map(_is_nothing, shapes))
    for shape in shapes:
        size = 0 if joined and _is_nothing(shape) else shape[dim]
        found.append((at, at + size))
        at += size
    return found


def _cat_kernel(out: np.ndarray, *xs: np.ndarray, dim: int) -> list[Call]:
    sections = _sections([x.shape for x in xs], dim)
    parts = zip(xs, sections, strict=True)
    return [cast_call(part_of(out, dim, builtins.slice(a, b)), x) for x, (a, b) in parts if a < b]


def _cat_vjp(c: Any, g: Any) -> Any:
    dim, shapes = c.attrs["dim"], [t.shape for t in c.types]
    found = zip(shapes, _sections(shapes, dim), c.want, strict=True)
    return tuple(_cat_part(g, shape, dim, a, b) if want else None for shape, (a, b), want in found)


def _cat_part(g: Any, shape: Shape, dim: int, start: int, stop: int) -> Any:
    if _is_nothing(shape) and len(g.shape) > 1:
        return None
    return slice(g, dim=dim, start=start, stop=stop)


cat = register(Op("cat", infer=_cat, numpy=_cat_kernel, vjp=_cat_vjp, traits=(Trait.CHANNELS_LAST,)))


# ---- stack


def _stack(*xs: TensorType, dim: int = 0) -> TensorType:
    if not xs:
        raise ArgumentError("stack expects a non-empty TensorList")
    check_dim("stack", dim, xs[0].ndim + 1)
    for i, x in enumerate(xs):
        if x.shape != xs[0].shape:
            raise ShapeError(
                f"stack expects each tensor to be equal size, but got {list(xs[0].shape)} at entry 0 and "
                f"{list(x.shape)} at entry {i}"
            )
    return TensorType(result_dtype(xs), (*xs[0].shape[:dim], len(xs), *xs[0].shape[dim:]))


def _stack_vjp(c: Any, g: Any) -> Any:
    dim = c.attrs["dim"]
    return tuple(select(g, dim=dim, index=i) if want else None for i, want in enumerate(c.want))


stack = register(
    Op(
        "stack",
        infer=_stack,
        numpy=lambda out, *xs, dim: [cast_call(part_of(out, dim, i), x) for i, x in enumerate(xs)],
        vjp=_stack_vjp,
    )
)


# ---- pad


def _pad(x: TensorType, *, padding: Padding, value: float = 0.0) -> TensorType:
    """`padding` has (before, after) for each dimension, the outermost first; negative numbers cut off."""
    if len(padding) != x.ndim:
        raise ArgumentError(f"pad: wants (before, after) for each of the {x.ndim} dimensions of {x}, got {padding}")
    shape = tuple(low + size + high for size, (low, high) in zip(x.shape, padding, strict=True))
    cut = [size + min(low, 0) + min(high, 0) for size, (low, high) in zip(x.shape, padding, strict=True)]
    if min((*shape, *cut), default=0) < 0:
        raise ShapeError(f"pad: the padding {padding} cuts more off than there is: {x}")
    return TensorType(x.dtype, shape)


def _inner(array: np.ndarray, padding: Padding, sign: int) -> np.ndarray:
    """What is left of the array without the padding (sign 1), or without what negative padding cuts off (sign -1)."""
    cuts = ((max(sign * low, 0), max(sign * high, 0)) for low, high in padding)
    inner: Any = (*(builtins.slice(a, n - b) for n, (a, b) in zip(array.shape, cuts, strict=True)), ...)
    found: np.ndarray = array[inner]
    return found


def _pad_kernel(out: np.ndarray, x: np.ndarray, *, padding: Padding, value: float) -> list[Call]:
    fill = wrap_number(value, out.dtype) if out.dtype.kind in "iu" and not isinstance(value, float) else value
    return [cast_call(out, fill), (np.copyto, _inner(out, padding, 1), _inner(x, padding, -1))]


def _pad_vjp(c: Any, g: Any) -> Any:
    return pad(g, padding=tuple((-low, -high) for low, high in c.attrs["padding"]))


pad = register(
    Op(
        "pad",
        infer=_pad,
        numpy=_pad_kernel,
        vjp=_pad_vjp,
        grad_name="ConstantPadNdBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)
