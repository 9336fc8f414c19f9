"""How numbers are put together: signs, fractions, neighbours, remainders and divisors, shifted bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import DTypeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.compare import eq, ge, isnan, le, logical_or, where
from graphnn.ops.elementwise import (
    ELEMENTWISE,
    cast_call,
    div,
    map_op,
    mul,
    neg,
    tensors_alone,
    ufunc_call,
    zeros_like,
    zip_op,
)
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.power import whole
from graphnn.ops.typing import broadcast, result_dtype
from graphnn.ops.unary import trunc

# ---- signs and parts


def _signbit_kernel(out: np.ndarray, x: Any) -> list[Call]:
    if isinstance(x, np.ndarray) and x.dtype.kind in "bu":
        return [(np.copyto, out, False)]
    return [(np.signbit if np.asarray(x).dtype.kind == "f" else _is_negative, x, out)]


def _is_negative(x: Any, out: np.ndarray) -> None:
    np.less(x, 0, out)


signbit = map_op("signbit", _signbit_kernel, kind="bool")

copysign = zip_op(
    "copysign",
    np.copysign,
    lambda c, g, a, out: (where(eq(a, 0), 0.0, mul(g, div(out, a))), zeros_like(out) if c.want[1] else None),
    kind="float",
    grad_name=lambda types, attrs: f"CopysignBackward{1 if types[1].weak else 0}",
    grad_edges=tensors_alone,
)


def _frac_kernel(out: np.ndarray, x: Any) -> list[Call]:
    return [ufunc_call(np.fmod, out, x, 1)]


frac = map_op("frac", _frac_kernel, lambda c, g: g, kind="number")
nextafter = zip_op("nextafter", np.nextafter)


def _heaviside_kernel(out: np.ndarray, a: Any, b: Any, scratch: Any) -> list[Call]:
    """`b` at 0, else 0 or 1 (0 for a NaN), as PyTorch has it."""
    nonzero, above = scratch
    return [(np.not_equal, a, 0, nonzero), (np.greater, a, 0, above), cast_call(out, b), (_put, out, above, nonzero)]


def _put(out: np.ndarray, values: np.ndarray, where: np.ndarray) -> None:
    np.copyto(out, values, where=where, casting="unsafe")


def _two_masks(a: TensorType, b: TensorType) -> Types:
    mask = TensorType(dtypes.bool, a.shape)
    return mask, mask


heaviside = zip_op("heaviside", _heaviside_kernel, scratch=_two_masks)


# ---- the larger and the smaller, a NaN losing


def _taken(keeps: Any) -> Any:
    def vjp(c: Any, g: Any, a: Any, b: Any) -> Any:
        first = logical_or(keeps(a, b), isnan(b))
        return where(first, g, 0.0) if c.want[0] else None, where(first, 0.0, g) if c.want[1] else None

    return vjp


fmax = zip_op("fmax", np.fmax, _taken(ge))
fmin = zip_op("fmin", np.fmin, _taken(le))


# ---- remainders with the sign of the dividend, common divisors and multiples


def _fmod_vjp(c: Any, g: Any, a: Any, b: Any) -> Any:
    return g, neg(mul(g, trunc(div(a, b)))) if c.want[1] else None


fmod = zip_op(
    "fmod",
    whole("fmod", np.fmod),
    _fmod_vjp,
    kind="number",
    traits=(Trait.CHECKS,),
    grad_name=lambda types, attrs: f"FmodBackward{0 if types[1].weak else 1}",
    grad_edges=tensors_alone,
)


def _of_integers(name: str, ufunc: np.ufunc) -> Op:
    def infer(a: TensorType, b: TensorType) -> TensorType:
        """Of integers only."""
        for t in (a, b):
            if t.dtype.category != 1:
                raise DTypeError(f"{name} works on integers, got {t}; convert with .long()")
        return TensorType(result_dtype((a, b)), broadcast(name, a, b))

    return register(Op(name, infer=infer, numpy=lambda out, a, b: [ufunc_call(ufunc, out, a, b)], traits=ELEMENTWISE))


gcd = _of_integers("gcd", np.gcd)
lcm = _of_integers("lcm", np.lcm)
bitwise_left_shift = _of_integers("bitwise_left_shift", np.left_shift)
bitwise_right_shift = _of_integers("bitwise_right_shift", np.right_shift)
