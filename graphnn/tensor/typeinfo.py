"""What dtypes are: limits, and how they promote."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import DTypeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ops.op import array_type
from graphnn.ops.typing import promote_dtypes, result_dtype
from graphnn.tensor.creation import defaults
from graphnn.tensor.tensor import Tensor


class finfo:
    """The limits of a floating-point dtype."""

    def __init__(self, dtype: DType | None = None) -> None:
        found = dtype or defaults.dtype
        if not found.is_floating_point:
            raise DTypeError(f"finfo wants a floating-point dtype, got {found!r}; iinfo serves integers")
        limits = dtypes.limits(found)
        self.dtype = found.name
        self.bits = int(limits.bits)
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = 10.0**-limits.precision

    def __repr__(self) -> str:
        numbers = {n: getattr(self, n) for n in ("resolution", "min", "max", "eps", "smallest_normal", "tiny")}
        return f"finfo({', '.join(f'{n}={v:g}' for n, v in numbers.items())}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype."""

    def __init__(self, dtype: DType) -> None:
        if dtype.category != 1:
            raise DTypeError(f"iinfo wants an integer dtype, got {dtype!r}; finfo serves floating-point ones")
        limits: Any = np.iinfo(dtype.numpy)
        self.dtype = dtype.name
        self.bits, self.max, self.min = int(limits.bits), int(limits.max), int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def promote_types(type1: DType, type2: DType) -> DType:
    """The smallest dtype that holds both."""
    return promote_dtypes(type1, type2)


def result_type(tensor1: Any, tensor2: Any) -> DType:
    """The dtype that an operation on the two (tensors or numbers) has."""
    types = [t.tensor_type if isinstance(t, Tensor) else array_type(t) for t in (tensor1, tensor2)]
    return result_dtype([t for t in types if t is not None])


def can_cast(from_: DType, to: DType) -> bool:
    """Whether the category of `to` (truth value, integer, floating point) is no lower."""
    return from_.category <= to.category
