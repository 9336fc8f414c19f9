"""Methods that write into the tensor and return it; their names end in an underscore."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphnn.ops import compare, elementwise, power, unary
from graphnn.ops.op import Op
from graphnn.tensor.methods.elementwise import quotient_op, scaled

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


def _update(target: Any, op: Op, *args: Any, **attrs: Any) -> Any:
    from graphnn.tensor.inplace import update

    return update(target, op, *args, **attrs)


def _assign(target: Any, source: Any) -> Any:
    from graphnn.tensor.inplace import assign

    assign(target, source)
    return target


def _of_one(op: Op) -> Callable[..., Any]:
    def method(self: Tensor) -> Any:
        return _update(self, op, self)

    method.__name__, method.__doc__ = f"{op.name}_", f"`{op.name}`, in place."
    return method


def _of_two(op: Op) -> Callable[..., Any]:
    def method(self: Tensor, other: Any) -> Any:
        return _update(self, op, self, other)

    method.__name__, method.__doc__ = f"{op.name}_", f"`{op.name}`, in place."
    return method


class InplaceMethods:
    abs_ = _of_one(unary.abs)
    ceil_ = _of_one(unary.ceil)
    cos_ = _of_one(unary.cos)
    exp_ = _of_one(unary.exp)
    floor_ = _of_one(unary.floor)
    log_ = _of_one(unary.log)
    neg_ = _of_one(elementwise.neg)
    reciprocal_ = _of_one(unary.reciprocal)
    relu_ = _of_one(unary.relu)
    round_ = _of_one(unary.round)
    rsqrt_ = _of_one(unary.rsqrt)
    sigmoid_ = _of_one(unary.sigmoid)
    sin_ = _of_one(unary.sin)
    sqrt_ = _of_one(unary.sqrt)
    square_ = _of_one(unary.square)
    tanh_ = _of_one(unary.tanh)

    mul_ = multiply_ = _of_two(elementwise.mul)
    true_divide_ = _of_two(elementwise.div)
    pow_ = _of_two(power.pow)
    floor_divide_ = _of_two(power.floor_divide)
    remainder_ = _of_two(power.remainder)
    bitwise_and_ = _of_two(compare.bitwise_and)
    bitwise_or_ = _of_two(compare.bitwise_or)
    bitwise_xor_ = _of_two(compare.bitwise_xor)
    logical_and_ = _of_two(compare.logical_and)
    logical_or_ = _of_two(compare.logical_or)

    def add_(self: Tensor, other: Any, *, alpha: Any = 1) -> Any:
        """`self += alpha * other`."""
        return _update(self, elementwise.add, self, scaled(other, alpha))

    def sub_(self: Tensor, other: Any, *, alpha: Any = 1) -> Any:
        """`self -= alpha * other`."""
        return _update(self, elementwise.sub, self, scaled(other, alpha))

    subtract_ = sub_

    def div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Any:
        """`self /= other`, rounded as by `div`."""
        return _update(self, quotient_op(rounding_mode), self, other)

    divide_ = div_

    def addcmul_(self: Tensor, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """`self += value * tensor1 * tensor2`."""
        return _update(self, elementwise.add, self, scaled(elementwise.mul(tensor1, tensor2), value))

    def addcdiv_(self: Tensor, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """`self += value * tensor1 / tensor2`."""
        return _update(self, elementwise.add, self, scaled(elementwise.div(tensor1, tensor2), value))

    def lerp_(self: Tensor, end: Any, weight: Any) -> Any:
        """`self += weight * (end - self)`."""
        return _update(self, elementwise.add, self, elementwise.mul(elementwise.sub(end, self), weight))

    def clamp_(self: Tensor, min: Any = None, max: Any = None) -> Any:
        if isinstance(min, int | float | None) and isinstance(max, int | float | None):
            return _update(self, compare.clamp, self, min=min, max=max)
        if min is not None:
            _update(self, power.maximum, self, min)
        return self if max is None else _update(self, power.minimum, self, max)

    clip_ = clamp_

    def clamp_min_(self: Tensor, min: Any) -> Any:
        return self.clamp_(min=min)

    def clamp_max_(self: Tensor, max: Any) -> Any:
        return self.clamp_(max=max)

    def masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Any:
        return _assign(self, self.masked_fill(mask, value))

    def zero_(self: Tensor) -> Any:
        return self.fill_(0)

    def fill_(self: Tensor, value: Any) -> Any:
        """Every element becomes `value`."""
        from graphnn.tensor.inplace import fill

        if hasattr(value, "_storage"):
            return _assign(self, value)
        fill(self, value)
        return self

    def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Any:
        """Takes the values of `src`, broadcast and converted."""
        return _assign(self, src)


class MetadataMethods:
    def requires_grad_(self: Tensor, requires_grad: bool = True) -> Any:
        self.requires_grad = requires_grad
        return self

    def detach_(self: Tensor) -> Any:
        """Forgets how the tensor was made."""
        from graphnn.errors import AutogradError

        if self._base is not None:
            raise AutogradError("Can't detach views in-place. Use detach() instead.")
        self.__dict__.update(_node=None, _output_nr=0, _requires=False)
        return self
