"""Division with a `rounding_mode`: down, or towards zero. The gradient is zero everywhere, and is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.ir.registry import Trait
from graphnn.ops.elementwise import ufunc_call, zeros_like, zip_op
from graphnn.ops.op import Call
from graphnn.ops.power import refuse_zero, whole


def _no_slope(c: Any, g: Any, a: Any, b: Any) -> Any:
    return tuple(zeros_like(g) if wanted else None for wanted in c.want)


def _truncated(out: np.ndarray, a: Any, b: Any) -> list[Call]:
    """Of integers what is left over is taken away first: they may be larger than floats can tell apart."""
    if out.dtype.kind == "f":
        return [ufunc_call(np.true_divide, out, a, b), (np.trunc, out, out)]
    divisor = b if isinstance(b, np.ndarray) else out.dtype.type(b)
    return [(refuse_zero, "div", b, out), (_divide_exactly, out, a, divisor)]


def _divide_exactly(out: np.ndarray, a: Any, b: Any) -> None:
    rest = np.fmod(a, b, dtype=out.dtype, casting="unsafe")
    np.floor_divide(np.subtract(a, rest, dtype=out.dtype, casting="unsafe"), b, out, casting="unsafe")


div_floor = zip_op(
    "div_floor",
    whole("div_floor", np.floor_divide),
    _no_slope,
    kind="number",
    traits=(Trait.CHECKS,),
    grad_name="DivBackward2",
)
div_trunc = zip_op("div_trunc", _truncated, _no_slope, kind="number", traits=(Trait.CHECKS,), grad_name="DivBackward2")
