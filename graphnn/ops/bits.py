"""Choosing between two arrays element by element through their bits.

`np.copyto(..., where=mask)` branches at each element and is some twenty times slower when the mask is mixed. These
steps run at the speed of memory and treat NaN, infinity and signed zeros as the plain patterns of bits that they are.
A mask is an int8 array: -1 (all bits) to keep, 0 to drop.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.ops.elementwise import wrap_number
from graphnn.ops.op import Call


def as_bits(item: Any, dtype: np.dtype) -> np.ndarray:
    """The bits of an array of that dtype, or of a number brought to it, as signed integers of the same width."""
    array = item if isinstance(item, np.ndarray) else np.asarray(_fitting(item, dtype)).astype(dtype)
    return array.view(f"i{dtype.itemsize}")


def _fitting(number: Any, dtype: np.dtype) -> Any:
    return wrap_number(number, dtype) if dtype.kind in "iu" else number


def mask_calls(mask: np.ndarray, test: np.ndarray) -> list[Call]:
    """Makes the mask that keeps where the bools in `test` are true."""
    return [(np.negative, test.view(np.int8), mask)]


def keep_calls(out: np.ndarray, x: Any, mask: np.ndarray) -> list[Call]:
    """`out = x where kept, else 0`; out may lie over x."""
    return [(np.bitwise_and, as_bits(x, out.dtype), mask, as_bits(out, out.dtype))]


def select_calls(out: np.ndarray, a: Any, b: Any, mask: np.ndarray) -> list[Call]:
    """`out = a where kept, else b`; out may lie over a. Arrays must have the dtype of `out`."""
    first, second, bits = (as_bits(x, out.dtype) for x in (a, b, out))
    return [
        (np.bitwise_xor, first, second, bits),
        (np.bitwise_and, bits, mask, bits),
        (np.bitwise_xor, bits, second, bits),
    ]
