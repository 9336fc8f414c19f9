"""Python's operators on tensors: arithmetic, comparisons and logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.ir.attrs import Attrs
from graphnn.ops import compare, elementwise, matrix, power, unary
from graphnn.ops.op import Op

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

Method = Callable[..., Any]
NO_ATTRS = Attrs()


def _binary(op: Op) -> Method:
    def method(self: Tensor, other: Any) -> Any:
        return self.apply_op(op, (self, other), NO_ATTRS) if isinstance(other, _OPERANDS) else NotImplemented

    return method


_pow = _binary(power.pow)


def _power(self: Tensor, other: Any) -> Any:
    return self.pow(other) if isinstance(other, bool) else _pow(self, other)


def _reflected(op: Op) -> Method:
    def method(self: Tensor, other: Any) -> Any:
        return self.apply_op(op, (other, self), NO_ATTRS) if isinstance(other, _OPERANDS) else NotImplemented

    return method


def _unary(op: Op) -> Method:
    def method(self: Tensor) -> Any:
        return self.apply_op(op, (self,), NO_ATTRS)

    return method


def _inplace(name: str) -> Method:
    def method(self: Tensor, other: Any) -> Any:
        return getattr(self, name)(other) if isinstance(other, _OPERANDS) else NotImplemented

    return method


class OperatorMethods:
    __array_priority__ = 1000  # a NumPy array on the left leaves the operation to the tensor

    __add__ = __radd__ = _binary(elementwise.add)
    __sub__ = _binary(elementwise.sub)
    __rsub__ = _reflected(elementwise.sub)
    __mul__ = __rmul__ = _binary(elementwise.mul)
    __truediv__ = _binary(elementwise.div)
    __floordiv__ = _binary(power.floor_divide)
    __rfloordiv__ = _reflected(power.floor_divide)
    __mod__ = _binary(power.remainder)
    __rmod__ = _reflected(power.remainder)
    __pow__ = _power
    __rpow__ = _reflected(power.pow)
    __matmul__ = _binary(matrix.matmul)
    __rmatmul__ = _reflected(matrix.matmul)

    __iadd__ = _inplace("add_")
    __isub__ = _inplace("sub_")
    __imul__ = _inplace("mul_")
    __itruediv__ = _inplace("div_")
    __ifloordiv__ = _inplace("floor_divide_")
    __imod__ = _inplace("remainder_")
    __ipow__ = _inplace("pow_")
    __iand__ = _inplace("bitwise_and_")
    __ior__ = _inplace("bitwise_or_")
    __ixor__ = _inplace("bitwise_xor_")

    __neg__ = _unary(elementwise.neg)
    __abs__ = _unary(unary.abs)
    __invert__ = _unary(compare.bitwise_not)

    __and__ = __rand__ = _binary(compare.bitwise_and)
    __or__ = __ror__ = _binary(compare.bitwise_or)
    __xor__ = __rxor__ = _binary(compare.bitwise_xor)

    __eq__ = _binary(compare.eq)
    __ne__ = _binary(compare.ne)
    __lt__ = _binary(compare.lt)
    __le__ = _binary(compare.le)
    __gt__ = _binary(compare.gt)
    __ge__ = _binary(compare.ge)
    __hash__ = object.__hash__  # tensors are equal element by element, and keys by identity

    def __pos__(self: Tensor) -> Tensor:
        return self

    def __rtruediv__(self: Tensor, other: Any) -> Any:
        """By the reciprocal, as PyTorch computes it (and names it in the history)."""
        return self.reciprocal() * other if isinstance(other, _OPERANDS) else NotImplemented


_OPERANDS = (OperatorMethods, float, int, np.ndarray, np.generic)
