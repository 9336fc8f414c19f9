"""Reductions: sums, means, products, extremes, variances, truth over dimensions, and the cumulative sum.

`dim` is a tuple of dimensions counted from 0, or None for all. With `keepdim` a reduced dimension stays with size 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError
from graphnn.ir import dtypes
from graphnn.ir.attrs import Attrs
from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.broadcasting import expand
from graphnn.ops.compare import eq, where
from graphnn.ops.elementwise import div, mul, sub
from graphnn.ops.movement import check_dim, flip, reshape
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.typing import reduced_shape
from graphnn.ops.unary import cast, copy

Dims = tuple[int, ...] | None


# ---- what they share


def all_dims(dim: Dims, ndim: int) -> tuple[int, ...]:
    """The dimensions that are reduced over; none for a 0-d tensor."""
    return tuple(range(ndim)) if dim is None else dim if ndim else ()


def _reduced(op: str, x: TensorType, dtype: DType, dim: Dims, keepdim: bool) -> TensorType:
    for d in dim or ():
        check_dim(op, d, x.ndim)
    if dim is not None and len(set(dim)) != len(dim):
        raise ArgumentError(f"{op}: a dimension appears more than once in {list(dim)}")
    return TensorType(dtype, reduced_shape(x.shape, all_dims(dim, x.ndim), keepdim))


def _type_rule(name: str, dtype_of: Callable[[TensorType], DType]) -> Any:
    def infer(x: TensorType, *, dim: Dims = None, keepdim: bool = False) -> TensorType:
        return _reduced(name, x, dtype_of(x), dim, keepdim)

    return infer


def _reduce_call(ufunc: np.ufunc, out: np.ndarray, x: np.ndarray, dim: Dims, keepdim: bool) -> Call:
    return (ufunc.reduce, x, all_dims(dim, x.ndim), out.dtype, out, keepdim)


def _kernel(ufunc: np.ufunc) -> Any:
    return lambda out, x, *, dim, keepdim: [_reduce_call(ufunc, out, x, dim, keepdim)]


def _wide(x: TensorType) -> DType:
    """Integers and bools are summed as int64."""
    return x.dtype if x.dtype.is_floating_point else dtypes.int64


def _two_names(stem: str) -> Any:
    """PyTorch tells the reduction to one number (0) from that over given dimensions (1)."""

    def name(types: Types, attrs: Attrs) -> str:
        return f"{stem}Backward{0 if attrs['dim'] is None and not attrs['keepdim'] else 1}"

    return name


def kept(c: Any, reduced: Any) -> Any:
    """A reduced value with its reduced dimensions back, with size 1."""
    shape = c.types[0].shape
    wanted = reduced_shape(shape, all_dims(c.attrs["dim"], len(shape)), True)
    return reduced if tuple(reduced.shape) == wanted else reshape(reduced, shape=wanted)


def _count(shape: Shape, dim: Dims) -> int:
    return math.prod(shape[d] for d in all_dims(dim, len(shape)))


# ---- sum and mean


sum = register(
    Op(
        "sum",
        infer=_type_rule("sum", _wide),
        numpy=_kernel(np.add),
        vjp=lambda c, g: expand(kept(c, g), shape=c.types[0].shape),
        grad_name=_two_names("Sum"),
    )
)


def _float_of(name: str) -> Callable[[TensorType], DType]:
    def dtype_of(x: TensorType) -> DType:
        if not x.dtype.is_floating_point:
            raise DTypeError(f"{name}(): Input dtype must be a floating point dtype, got {x}; convert with .float()")
        return x.dtype

    return dtype_of


def _mean_kernel(out: np.ndarray, x: np.ndarray, *, dim: Dims, keepdim: bool) -> list[Call]:
    return [_reduce_call(np.add, out, x, dim, keepdim), (np.true_divide, out, _count(x.shape, dim), out)]


def _mean_vjp(c: Any, g: Any) -> Any:
    shape = c.types[0].shape
    return expand(div(kept(c, g), _count(shape, c.attrs["dim"])), shape=shape)


mean = register(
    Op(
        "mean",
        infer=_type_rule("mean", _float_of("mean")),
        numpy=_mean_kernel,
        vjp=_mean_vjp,
        grad_name=_two_names("Mean"),
    )
)


# ---- product


def _prod_vjp(c: Any, g: Any, x: Any) -> Any:
    """g times the product of the others. Where one factor is zero, it alone has a gradient; where several are, none
    (second derivatives there leave out the pairs of zeros)."""
    over = {"dim": c.attrs["dim"], "keepdim": True}
    is_zero = eq(x, 0)
    others = where(is_zero, 1.0, x)
    product = prod(others, **over)
    zeros = sum(is_zero, **over)
    at_zero = where(eq(zeros, 1), product, 0.0)
    elsewhere = where(eq(zeros, 0), div(product, others), 0.0)
    return mul(kept(c, g), where(is_zero, at_zero, elsewhere))


prod = register(
    Op(
        "prod",
        infer=_type_rule("prod", _wide),
        numpy=_kernel(np.multiply),
        vjp=_prod_vjp,
        grad_name=_two_names("Prod"),
    )
)


# ---- largest and smallest: where several are, they share the gradient


def _extreme(name: str, ufunc: np.ufunc) -> Op:
    def infer(x: TensorType, *, dim: Dims = None, keepdim: bool = False) -> TensorType:
        result = _reduced(name, x, x.dtype, dim, keepdim)
        for d in all_dims(dim, x.ndim):
            if x.shape[d] == 0:
                raise ArgumentError(f"{name}(): Expected reduction dim {d} to have non-zero size, got {x}")
        return result

    return register(Op(name, infer=infer, numpy=_kernel(ufunc), vjp=_extreme_vjp))


def _extreme_vjp(c: Any, g: Any, x: Any, out: Any) -> Any:
    is_extreme = eq(x, kept(c, out))
    number = cast(sum(is_extreme, dim=c.attrs["dim"], keepdim=True), dtype=c.types[0].dtype)
    return mul(div(kept(c, g), number), is_extreme)


amax = _extreme("amax", np.maximum)
amin = _extreme("amin", np.minimum)


# ---- variance


def _var(x: TensorType, *, dim: Dims = None, correction: int | float = 1, keepdim: bool = False) -> TensorType:
    """The mean square deviation, the sum divided by `max(0, count - correction)`."""
    return _reduced("var", x, _float_of("var")(x), dim, keepdim)


def _var_scratch(x: TensorType, *, dim: Dims, **_: Any) -> Types:
    return (TensorType(x.dtype, reduced_shape(x.shape, all_dims(dim, x.ndim), True)), TensorType(x.dtype, x.shape))


def _var_kernel(
    out: np.ndarray, x: np.ndarray, scratch: Any, *, dim: Dims, correction: float, keepdim: bool
) -> list[Call]:
    mean, deviation = scratch
    count = _count(x.shape, dim)
    return [
        _reduce_call(np.add, mean, x, dim, True),
        (np.true_divide, mean, count, mean),
        (np.subtract, x, mean, deviation),
        (np.square, deviation, deviation),
        _reduce_call(np.add, out, deviation, dim, keepdim),
        (np.true_divide, out, max(0, count - correction), out),
    ]


def _var_vjp(c: Any, g: Any, x: Any) -> Any:
    dim = c.attrs["dim"]
    freedom = _count(c.types[0].shape, dim) - c.attrs["correction"]
    slope = 2.0 / freedom if freedom else math.inf
    return mul(mul(kept(c, g), slope), sub(x, mean(x, dim=dim, keepdim=True)))


var = register(Op("var", infer=_var, numpy=_var_kernel, scratch=_var_scratch, vjp=_var_vjp))


# ---- truth


def _bool(x: TensorType) -> DType:
    return dtypes.bool


all = register(Op("all", infer=_type_rule("all", _bool), numpy=_kernel(np.logical_and)))
any = register(Op("any", infer=_type_rule("any", _bool), numpy=_kernel(np.logical_or)))


# ---- cumulative sum


def _cumsum(x: TensorType, *, dim: int) -> TensorType:
    check_dim("cumsum", dim, x.ndim)
    return TensorType(_wide(x), x.shape)


def _cumsum_kernel(out: np.ndarray, x: np.ndarray, *, dim: int) -> list[Call]:
    if x.ndim == 0:
        return [(np.copyto, out, x)]
    return [(np.add.accumulate, x, dim, out.dtype, out)]


def _cumsum_vjp(c: Any, g: Any) -> Any:
    dim = c.attrs["dim"]
    if not c.types[0].ndim:
        return copy(g)
    return flip(cumsum(flip(g, dims=(dim,)), dim=dim), dims=(dim,))


cumsum = register(Op("cumsum", infer=_cumsum, numpy=_cumsum_kernel, vjp=_cumsum_vjp))
