"""The type of a value: element type and shape, interned so that equality is identity."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType

Shape = tuple[int, ...]


class TensorType:
    """`f32[64, 512]`, or a weak scalar `f64` (no brackets), which takes part in promotion as a Python number does.

    Instances are interned: two equal types are the same object.
    """

    __slots__ = ("dtype", "ndim", "nbytes", "shape", "size", "weak")
    _interned: ClassVar[dict[tuple[DType, Shape, bool], TensorType]] = {}

    dtype: DType
    shape: Shape
    weak: bool
    ndim: int
    size: int
    nbytes: int

    def __new__(cls, dtype: DType, shape: Shape = (), weak: bool = False) -> TensorType:
        key = (dtype, shape, weak)
        found = cls._interned.get(key)
        return cls._make(key) if found is None else found

    @classmethod
    def _make(cls, key: tuple[DType, Shape, bool]) -> TensorType:
        self = object.__new__(cls)
        self.dtype, self.shape, self.weak = key[0], tuple(int(s) for s in key[1]), key[2]
        self.ndim = len(self.shape)
        self.size = math.prod(self.shape)
        self.nbytes = self.size * self.dtype.itemsize
        return cls._interned.setdefault((self.dtype, self.shape, self.weak), self)

    def with_shape(self, shape: Shape) -> TensorType:
        return TensorType(self.dtype, shape)

    def __str__(self) -> str:
        return self.dtype.short if self.weak else f"{self.dtype.short}[{', '.join(map(str, self.shape))}]"

    __repr__ = __str__

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorType, (self.dtype, self.shape, self.weak)


def scalar_type(number: bool | int | float) -> TensorType:
    """The weak type of a Python number."""
    if isinstance(number, bool):
        return TensorType(dtypes.bool, (), True)
    return TensorType(dtypes.int64 if isinstance(number, int) else dtypes.float64, (), True)
