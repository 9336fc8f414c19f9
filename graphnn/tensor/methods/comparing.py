"""Methods that are functions of whole tensors elsewhere: comparing, activations with their own arguments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from graphnn.errors import UnsupportedError
from graphnn.ir import dtypes
from graphnn.ir.registry import lookup
from graphnn.ops import compare, piecewise

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class ComparisonMethods:
    def isclose(self: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
        """`|self - other| <= atol + rtol * |other|`, element by element."""
        from graphnn.tensor.comparing import isclose

        return isclose(self, other, rtol, atol, equal_nan)

    def allclose(
        self: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
    ) -> bool:
        """Whether all elements are close, as a Python bool."""
        return bool(self.isclose(other, rtol, atol, equal_nan).all())

    def equal(self: Tensor, other: Tensor) -> bool:
        """Whether shape and all elements are the same, as a Python bool."""
        from graphnn.tensor.comparing import equal

        return equal(self, other)

    def angle(self: Tensor) -> Any:
        """0, or pi where the element is negative (NaN stays NaN)."""
        wide = self if self.dtype.is_floating_point else self.to(dtypes.float32)
        return compare.where(compare.isnan(wide), wide, compare.lt(wide, 0).to(wide.dtype) * math.pi)

    def hardshrink(self: Tensor, lambd: float = 0.5) -> Any:
        return piecewise.hardshrink(self, lambd=float(lambd))

    def prelu(self: Tensor, weight: Tensor) -> Any:
        return lookup("prelu")(self, weight)

    @property
    def imag(self: Tensor) -> Any:
        raise UnsupportedError("imag is not implemented for tensors with non-complex dtypes.")
