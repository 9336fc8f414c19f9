"""Element types: one object a dtype, told apart by identity, printing as PyTorch's do."""

from __future__ import annotations

import builtins

import numpy as np

from graphnn.errors import DTypeError


class DType:
    """An element type. `short` is its spelling in the graph's text (`f32`), `category` its rank in promotion.

    Categories grow from bool (0) over integers (1) to floating point (2), as PyTorch's type promotion counts them.
    """

    __slots__ = ("category", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "short")

    def __init__(self, name: str, short: str, numpy: type, category: builtins.int) -> None:
        self.name = name
        self.short = short
        self.numpy = np.dtype(numpy)
        self.itemsize = self.numpy.itemsize
        self.category = category
        self.is_floating_point = category == 2
        self.is_signed = self.numpy.kind in "if"

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[object, ...]:
        return by_name, (self.name,)


float16 = half = DType("float16", "f16", np.float16, 2)
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

ALL = (bool, uint8, int8, int16, uint16, int32, uint32, int64, uint64, float16, float32, float64)
BY_SHORT = {d.short: d for d in ALL}
BY_NAME = {d.name: d for d in ALL}
BY_NUMPY = {d.numpy: d for d in ALL}


def by_name(name: str) -> DType:
    return BY_NAME[name]


def of_numpy(dtype: np.dtype) -> DType:
    """The DType of a NumPy dtype; DTypeError where there is none (complex, strings, objects)."""
    found = BY_NUMPY.get(dtype)
    if found is None:
        known = ", ".join(d.name for d in ALL)
        raise DTypeError(f"NumPy dtype {dtype} has no graphnn dtype; known are {known}")
    return found
