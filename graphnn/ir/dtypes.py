"""Element types: one object a dtype, told apart by identity, printing as PyTorch's do."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from graphnn.errors import DTypeError


class DType:
    """An element type. `short` is its spelling in the graph's text (`f32`), `category` its rank in promotion.

    Categories grow from bool (0) over integers (1) to floating point (2), as PyTorch's type promotion counts them.
    `numpy` is NumPy's dtype; of bfloat16, which NumPy lacks, the one that ml_dtypes gives it.
    """

    __slots__ = ("category", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "short")

    numpy: np.dtype

    def __init__(self, name: str, short: str, numpy: type | None, category: builtins.int) -> None:
        self.name = name
        self.short = short
        if numpy is not None:
            self.numpy = np.dtype(numpy)
        self.itemsize = 2 if numpy is None else self.numpy.itemsize
        self.category = category
        self.is_floating_point = category == 2
        self.is_signed = numpy is None or self.numpy.kind in "if"

    def __getattr__(self, name: str) -> Any:
        """Asked for what is not set yet: the dtype from ml_dtypes, whose import takes about as long as NumPy's."""
        if name != "numpy":
            raise AttributeError(f"{self!r} has no attribute {name!r}")
        import ml_dtypes

        self.numpy = np.dtype(ml_dtypes.bfloat16)
        BY_NUMPY[self.numpy] = self
        return self.numpy

    @builtins.property
    def is_complex(self) -> builtins.bool:
        return False

    def to_complex(self) -> DType:
        raise DTypeError(f"{self!r} has no complex counterpart: graphnn has no complex dtypes")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[object, ...]:
        return by_name, (self.name,)


float16 = half = DType("float16", "f16", np.float16, 2)
bfloat16 = DType("bfloat16", "bf16", None, 2)
float32 = float = DType("float32", "f32", np.float32, 2)
float64 = double = DType("float64", "f64", np.float64, 2)
int8 = DType("int8", "i8", np.int8, 1)
int16 = short = DType("int16", "i16", np.int16, 1)
int32 = int = DType("int32", "i32", np.int32, 1)
int64 = long = DType("int64", "i64", np.int64, 1)
uint8 = DType("uint8", "u8", np.uint8, 1)
uint16 = DType("uint16", "u16", np.uint16, 1)
uint32 = DType("uint32", "u32", np.uint32, 1)
uint64 = DType("uint64", "u64", np.uint64, 1)
bool = DType("bool", "bool", np.bool_, 0)

ALL = (bool, uint8, int8, int16, uint16, int32, uint32, int64, uint64, float16, bfloat16, float32, float64)
NARROW = (float16, bfloat16)  # computed in float32 and rounded once
BY_SHORT = {d.short: d for d in ALL}
BY_NAME = {d.name: d for d in ALL}
BY_NUMPY = {d.numpy: d for d in ALL if d is not bfloat16}


def by_name(name: str) -> DType:
    return BY_NAME[name]


def of_numpy(dtype: np.dtype) -> DType:
    """The DType of a NumPy dtype; DTypeError where there is none (complex, strings, objects)."""
    found = BY_NUMPY.get(dtype)
    if found is None and dtype.name == "bfloat16" and dtype == bfloat16.numpy:
        return bfloat16
    if found is None:
        known = ", ".join(d.name for d in ALL)
        raise DTypeError(f"NumPy dtype {dtype} has no graphnn dtype; known are {known}")
    return found


def limits(dtype: DType) -> Any:
    """The `finfo` of a floating-point dtype."""
    if dtype is not bfloat16:
        return np.finfo(dtype.numpy)
    import ml_dtypes

    return ml_dtypes.finfo(dtype.numpy)  # type: ignore[no-untyped-call]
