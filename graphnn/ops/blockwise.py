"""Elementwise ops whose formula is a function of arrays: computed in float64, a block at a time, in little memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.ops.elementwise import cast_call, map_op
from graphnn.ops.op import Call, Op

BLOCK = 512  # elements; a formula's intermediate results stay small
Formula = Callable[[np.ndarray], np.ndarray]


def block_calls(formula: Formula, out: np.ndarray, x: Any) -> list[Call]:
    """`out = formula(x)`; `out` may lie over x."""
    return [cast_call(out, x), (_apply, formula, out.reshape(-1))]


def _apply(formula: Formula, numbers: np.ndarray) -> None:
    for start in range(0, numbers.size, BLOCK):
        part = numbers[start : start + BLOCK]
        np.copyto(part, formula(part.astype(np.float64)), casting="unsafe")


def block_op(name: str, formula: Formula, vjp: Any = None, **more: Any) -> Op:
    """A unary op of floating-point results."""
    return map_op(name, lambda out, x: block_calls(formula, out, x), vjp, **more)
