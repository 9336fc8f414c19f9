"""Kernels on 16-bit floats: run on float32 copies of the operands, the results rounded once, at the end.

So sums are accumulated in float32, as PyTorch accumulates them, and no kernel need know bfloat16, which NumPy lacks.
The copies lie in the scratch, ahead of what the kernel itself asks for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.types import TensorType

Types = tuple[TensorType, ...]
_convert = functools.partial(np.copyto, casting="unsafe")


def is_narrow(type: TensorType | None) -> bool:
    return type is not None and type.dtype in dtypes.NARROW


def widened(type: TensorType | None) -> TensorType | None:
    """The type, in float32 where it is a 16-bit float."""
    return TensorType(dtypes.float32, type.shape) if type is not None and is_narrow(type) else type


def widened_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The attrs, with float32 where they name a 16-bit float."""
    return {n: dtypes.float32 if isinstance(v, dtypes.DType) and v in dtypes.NARROW else v for n, v in attrs.items()}


def copies(types: Sequence[TensorType | None]) -> Types:
    """The float32 copies that operands or results of these types are given."""
    return tuple(TensorType(dtypes.float32, t.shape) for t in types if t is not None and is_narrow(t))


def holds_narrow(array: Any) -> bool:
    if not isinstance(array, np.ndarray) or array.dtype.itemsize != 2:
        return False
    return array.dtype.name in ("float16", "bfloat16")


def bind_widened(
    kernel: Callable[[Sequence[Any], Sequence[Any]], list[tuple[Any, ...]]],
    outs: Sequence[Any],
    arrays: Sequence[Any],
    room: Sequence[np.ndarray] | None,
) -> list[tuple[Any, ...]]:
    """The calls of `kernel(outs, arrays)` on copies, between those that convert. `room` holds the copies of the narrow
    arrays and then of the narrow outs, those that are not wanted left out."""
    narrow = [a for a in (*arrays, *outs) if holds_narrow(a)]
    free = iter([np.empty(a.shape, np.float32) for a in narrow] if room is None else room)
    given = [next(free) if holds_narrow(a) else a for a in arrays]
    wide = [next(free) if holds_narrow(o) else o for o in outs]
    return [
        *((_convert, copy, a) for copy, a in zip(given, arrays, strict=True) if copy is not a),
        *kernel(wide, given),
        *((_convert, o, place) for o, place in zip(outs, wide, strict=True) if o is not place),
    ]
