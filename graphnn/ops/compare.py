"""Comparisons, logic on truth values and bits, and choosing by them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, UnsupportedDTypeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType, scalar_type
from graphnn.ops.bits import keep_calls, mask_calls, select_calls
from graphnn.ops.elementwise import COMMUTES, ELEMENTWISE, Rule, cast_call, map_op, refuse_bool, ufunc_call, zip_op
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.typing import broadcast, result_dtype

eq = zip_op("eq", np.equal, kind="bool", traits=COMMUTES)
ne = zip_op("ne", np.not_equal, kind="bool", traits=COMMUTES)
lt = zip_op("lt", np.less, kind="bool")
le = zip_op("le", np.less_equal, kind="bool")
gt = zip_op("gt", np.greater, kind="bool")
ge = zip_op("ge", np.greater_equal, kind="bool")

logical_and = zip_op("logical_and", np.logical_and, kind="bool", traits=COMMUTES)
logical_or = zip_op("logical_or", np.logical_or, kind="bool", traits=COMMUTES)
logical_xor = zip_op("logical_xor", np.logical_xor, kind="bool", traits=COMMUTES)


def _test_call(ufunc: np.ufunc, out: np.ndarray, x: Any) -> Call:
    return (ufunc, x, out)


logical_not = map_op("logical_not", np.logical_not, kind="bool", call=_test_call)
isnan = map_op("isnan", np.isnan, kind="bool", call=_test_call)
isinf = map_op("isinf", np.isinf, kind="bool", call=_test_call)
isfinite = map_op("isfinite", np.isfinite, kind="bool", call=_test_call)


def _bits(name: str, ufunc: np.ufunc) -> Op:
    def infer(a: TensorType, b: TensorType) -> TensorType:
        _refuse_float(name, a, b)
        return TensorType(result_dtype((a, b)), broadcast(name, a, b))

    traits = (*ELEMENTWISE, Trait.COMMUTATIVE)
    return register(Op(name, infer=infer, numpy=lambda out, a, b: [ufunc_call(ufunc, out, a, b)], traits=traits))


def _refuse_float(op: str, *types: TensorType) -> None:
    for t in types:
        if t.dtype.is_floating_point:
            raise UnsupportedDTypeError(
                f"{op} works on the bits of integers and bools, got {t}; compare first, or convert with .long()"
            )


bitwise_and = _bits("bitwise_and", np.bitwise_and)
bitwise_or = _bits("bitwise_or", np.bitwise_or)
bitwise_xor = _bits("bitwise_xor", np.bitwise_xor)


def _bitwise_not(x: TensorType) -> TensorType:
    _refuse_float("bitwise_not", x)
    return TensorType(x.dtype, x.shape)


bitwise_not = register(
    Op("bitwise_not", infer=_bitwise_not, numpy=lambda out, x: [(np.invert, x, out)], traits=ELEMENTWISE)
)


# ---- choosing


def _where(cond: TensorType, a: TensorType, b: TensorType) -> TensorType:
    if cond.dtype is not dtypes.bool:
        raise DTypeError(f"where: expected condition to be a boolean tensor, got {cond}; compare it with something")
    return TensorType(result_dtype((a, b)), broadcast("where", cond, a, b))


def _where_kernel(out: np.ndarray, cond: Any, a: Any, b: Any, scratch: Any) -> list[Call]:
    if not isinstance(cond, np.ndarray):
        return [cast_call(out, a if cond else b)]
    if not all(_is_ready(x, out.dtype) for x in (a, b)):
        copy, _, a = cast_call(out, a)
        return [cast_call(out, b), (_copy_where, copy, out, a, cond)]
    (mask,) = scratch
    choose = keep_calls(out, a, mask) if _is_zero(b) else select_calls(out, a, b, mask)
    return [*mask_calls(mask, cond), *choose]


def _is_ready(x: Any, dtype: np.dtype) -> bool:
    return not isinstance(x, np.ndarray) or x.dtype == dtype


def _is_zero(x: Any) -> bool:
    return not isinstance(x, np.ndarray) and x == 0 and math.copysign(1, x) > 0


def _copy_where(copy: Rule, out: np.ndarray, x: Any, cond: Any) -> None:
    copy(out, x, where=cond)


def _mask_type(cond: TensorType, a: TensorType, b: TensorType) -> Types:
    return (TensorType(dtypes.int8, cond.shape),)


where: Op = register(
    Op(
        "where",
        infer=_where,
        numpy=_where_kernel,
        scratch=_mask_type,
        vjp=lambda c, g, cond: (
            None,
            where(cond, g, 0.0) if c.want[1] else None,
            where(cond, 0.0, g) if c.want[2] else None,
        ),
        traits=(Trait.ELEMENTWISE,),
    )
)


def _clamp(x: TensorType, *, min: float | None = None, max: float | None = None) -> TensorType:
    """Numbers below `min` become `min`, above `max` `max` (`max` wins where they cross); NaN stays NaN."""
    refuse_bool("clamp", x)
    bounds = [scalar_type(b) for b in (min, max) if b is not None]
    if not bounds:
        raise ArgumentError("clamp: At least one of 'min' or 'max' must not be None")
    return TensorType(result_dtype([x, *bounds]), x.shape)


def _clamp_kernel(out: np.ndarray, x: Any, *, min: float | None, max: float | None) -> list[Call]:
    if min is None:
        return [ufunc_call(np.minimum, out, x, max)]
    low = ufunc_call(np.maximum, out, x, min)
    return [low] if max is None else [low, ufunc_call(np.minimum, out, out, max)]


def _clamp_vjp(c: Any, g: Any, x: Any) -> Any:
    low, high = c.attrs["min"], c.attrs["max"]
    inside = [test(x, bound) for test, bound in ((ge, low), (le, high)) if bound is not None]
    return where(inside[0] if len(inside) == 1 else logical_and(*inside), g, 0.0)


clamp = register(
    Op("clamp", infer=_clamp, numpy=_clamp_kernel, vjp=_clamp_vjp, traits=ELEMENTWISE, grad_name="ClampBackward1")
)
