"""Elementwise arithmetic: one NumPy ufunc each, with broadcasting and PyTorch's type promotion.

The makers of such ops stand here too; unary.py, compare.py and power.py use them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.errors import UnsupportedDTypeError
from graphnn.ir import dtypes
from graphnn.ir.attrs import Attrs
from graphnn.ir.dtypes import DType
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Call, Op, array_type, register
from graphnn.ops.quiet import begin_quiet, end_quiet
from graphnn.ops.typing import broadcast, float_dtype, result_dtype

ELEMENTWISE = (Trait.ELEMENTWISE, Trait.INPLACE)
COSTLY = frozenset(
    (
        *("exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "tanh", "erf", "sin", "cos", "tan", "pow"),
        *("sigmoid", "gelu", "silu", "softplus", "mish", "elu", "celu", "log_sigmoid", "logaddexp"),
    )
)
"""Elementwise ops that take some ten multiplications an element: for these it matters how full vectors are."""
KEYWORD_OUT = (np.maximum, np.minimum)  # NumPy deprecates `out` as their third positional argument
Rule = Callable[..., Any]


# ---- how such ops are made


def ufunc_call(ufunc: np.ufunc, out: np.ndarray, *args: Any) -> Call:
    """One ufunc call in the dtype of `out`, whatever the arguments' dtypes are."""
    if out.dtype.kind in "iu":
        args = tuple(wrap_number(a, out.dtype) for a in args)
    if all(not isinstance(a, np.ndarray) or a.dtype == out.dtype for a in args):
        args = tuple([a if isinstance(a, np.ndarray) else number_array(a, out.dtype) for a in args])
        if ufunc in KEYWORD_OUT:
            return (functools.partial(ufunc, out=out), *args)
        return (ufunc, *args, out)
    return (functools.partial(ufunc, out=out, dtype=out.dtype, casting="unsafe"), *args)


def number_array(number: Any, dtype: np.dtype) -> np.ndarray:
    """The number as a 0-d array, which NumPy takes in a third of the time of a Python number; too large ones are inf."""
    before = begin_quiet()
    try:
        return np.array(number, dtype)
    finally:
        end_quiet(before)


def wrap_number(number: Any, dtype: np.dtype) -> Any:
    """A Python integer brought into the range of an integer dtype by wrapping around; anything else unchanged."""
    if not isinstance(number, int) or isinstance(number, bool):
        return number
    low, bits = int(np.iinfo(dtype).min), 8 * dtype.itemsize
    return (number - low) % (1 << bits) + low


def compare_call(ufunc: np.ufunc, out: np.ndarray, *args: Any) -> Call:
    """A ufunc with a bool result, its arguments brought to their common dtype first."""
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    if len({a.dtype for a in arrays}) <= 1:
        if arrays and arrays[0].dtype.kind == "V":  # bfloat16 does not take every Python number
            args = tuple(a if isinstance(a, np.ndarray) else number_array(float(a), arrays[0].dtype) for a in args)
        return (ufunc, *args, out)
    common = result_dtype([t for t in map(array_type, args) if t is not None]).numpy
    return (functools.partial(ufunc, signature=(common,) * len(args) + (np.dtype(bool),), casting="unsafe"), *args, out)


def cast_call(out: np.ndarray, x: Any) -> Call:
    """`out[...] = x` in any dtype, broadcasting."""
    if isinstance(x, np.ndarray) and x.dtype == out.dtype:
        return (np.copyto, out, x)
    return (functools.partial(np.copyto, casting="unsafe"), out, x)


def refuse_bool(op: str, *types: TensorType) -> None:
    """DTypeError when all of the types are bool."""
    if all(t.dtype is dtypes.bool for t in types):
        raise UnsupportedDTypeError(
            f"{op} is not implemented for bool tensors: {', '.join(map(str, types))}; convert with .to(dtype)"
        )


WEAK = tuple(TensorType(dtype, (), True) for dtype in (dtypes.bool, dtypes.int64, dtypes.float64))


def computed_type(dtype: DType, shape: Shape, *operands: TensorType) -> TensorType:
    """The type of a result: a weak scalar, in Python's precision, when all operands are."""
    return WEAK[dtype.category] if all(t.weak for t in operands) else TensorType(dtype, shape)


def map_op(
    name: str,
    how: np.ufunc | Rule,
    vjp: Rule | None = None,
    *,
    kind: str = "float",
    call: Rule = ufunc_call,
    **more: Any,
) -> Op:
    """A unary op. `how` is a ufunc or a kernel. `kind`: "float" makes integers the default, "same" keeps the dtype,
    "number" keeps it and refuses bool, "bool" gives bool."""

    def infer(x: TensorType) -> TensorType:
        if kind == "number":
            refuse_bool(name, x)
        dtype = {"float": float_dtype(x.dtype), "bool": dtypes.bool}.get(kind, x.dtype)
        return computed_type(dtype, x.shape, x)

    kernel = (lambda out, x: [call(how, out, x)]) if isinstance(how, np.ufunc) else how
    return register(Op(name, infer=infer, numpy=kernel, vjp=vjp, traits=ELEMENTWISE, **more))


def zip_op(
    name: str,
    how: np.ufunc | Rule,
    vjp: Rule | None = None,
    *,
    kind: str = "same",
    traits: tuple[Trait, ...] = (),
    **more: Any,
) -> Op:
    """A binary op. `how` is a ufunc or a kernel. `kind`: "same" is the promoted dtype, "number" that too and refuses
    bools alone, "numbers" any bool, "float" makes integers the default, "bool" compares."""

    def infer(a: TensorType, b: TensorType) -> TensorType:
        if kind == "number":
            refuse_bool(name, a, b)
        if kind == "numbers":
            refuse_bool(name, *([t for t in (a, b) if t.dtype is dtypes.bool] or (a, b)))
        dtype = dtypes.bool if kind == "bool" else result_dtype((a, b))
        return computed_type(float_dtype(dtype) if kind == "float" else dtype, broadcast(name, a, b), a, b)

    call = compare_call if kind == "bool" else ufunc_call
    kernel = (lambda out, a, b: [call(how, out, a, b)]) if isinstance(how, np.ufunc) else how
    more.setdefault("takes_narrow", kind == "bool")  # numbers are rounded to what they are compared with
    return register(Op(name, infer=infer, numpy=kernel, vjp=vjp, traits=(*ELEMENTWISE, *traits), **more))


def tensors_alone(types: tuple[TensorType, ...]) -> tuple[int, ...]:
    """For `grad_edges`, where PyTorch's function takes numbers as they are."""
    return tuple(i for i, t in enumerate(types) if not t.weak)


# ---- arithmetic

COMMUTES = (Trait.COMMUTATIVE,)

add = zip_op("add", np.add, lambda c, g: (g, g), traits=COMMUTES)


def _sub_name(types: tuple[TensorType, ...], attrs: Attrs) -> str:
    return "RsubBackward1" if types[0].weak else "SubBackward0"


sub = zip_op(
    "sub",
    np.subtract,
    lambda c, g: (g, neg(g) if c.want[1] else None),
    kind="numbers",
    grad_name=_sub_name,
    grad_edges=lambda types: (1,) if types[0].weak else (0, 1),
)

mul: Op = zip_op(
    "mul",
    np.multiply,
    lambda c, g, a, b: (mul(g, b) if c.want[0] else None, mul(g, a) if c.want[1] else None),
    traits=COMMUTES,
)

div: Op = zip_op(
    "div",
    np.true_divide,
    lambda c, g, a, b: (div(g, b) if c.want[0] else None, neg(mul(g, div(div(a, b), b))) if c.want[1] else None),
    kind="float",
)

neg: Op = map_op("neg", np.negative, lambda c, g: neg(g), kind="number")


def _fill_zero(out: np.ndarray, x: Any) -> list[Call]:
    return [(np.copyto, out, False)]


zeros_like: Op = map_op("zeros_like", _fill_zero, lambda c, g: zeros_like(g), kind="same")
