"""Elementwise ops as C expressions on registers, the same text for vectors ("v") and single elements ("s").

A value is held in the register type of its dtype: f32v or f32s for float32 and, widened, for the 16-bit floats, b8v for
bools. Each op is computed as its NumPy kernel does it: operands are brought to the result's dtype first, integers wrap
around, and what comes out is rounded to 16 bits where the dtype has no more.
"""

from __future__ import annotations

from graphnn.backends.native.expressions import arithmetic, choosing, functions
from graphnn.backends.native.expressions.registers import (
    constant,
    convert,
    load,
    register_name,
    register_type,
    rounded,
    splat,
    store,
)
from graphnn.backends.native.expressions.spelling import expression

__all__ = [
    "arithmetic",
    "choosing",
    "constant",
    "convert",
    "expression",
    "functions",
    "load",
    "register_name",
    "register_type",
    "rounded",
    "splat",
    "store",
]
