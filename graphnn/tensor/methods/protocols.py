"""What Python itself asks of objects: truth, length, iteration, numbers, text, copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError, AutogradError
from graphnn.ops.op import builders
from graphnn.printing import format_tensor

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class NumberMethods:
    def __bool__(self: Tensor) -> bool:
        array = self.values("tested as a truth value")
        if array.size != 1:
            what = "no values" if array.size == 0 else "more than one value"
            raise ArgumentError(f"Boolean value of Tensor with {what} is ambiguous: {self.tensor_type}")
        return bool(array.item())

    def __float__(self: Tensor) -> float:
        return float(self.item())

    def __int__(self: Tensor) -> int:
        return int(self.item())

    def __index__(self: Tensor) -> int:
        if self.dtype.is_floating_point or self._array.size != 1:
            raise ArgumentTypeError(
                f"only integer tensors of a single element can be converted to an index, got {self.tensor_type}"
            )
        return int(self.item())


class ContainerMethods:
    def __len__(self: Tensor) -> int:
        if self.ndim == 0:
            raise ArgumentTypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self: Tensor) -> Iterator[Any]:
        if self.ndim == 0:
            raise ArgumentTypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self: Tensor, element: Any) -> bool:
        return bool((self == element).any())


class TextMethods:
    def __repr__(self: Tensor) -> str:
        name = self.grad_fn.name() if self.grad_fn is not None else None
        if builders.stack or self._storage.trace is not None:
            return f"tensor(<traced {self.tensor_type}>{'' if name is None else f', grad_fn=<{name}>'})"
        return format_tensor(
            self._array,
            dtype_name=self.dtype.name,
            default_dtype=_default_dtype(),
            grad_fn_name=name,
            requires_grad=self.requires_grad,
        )

    def __format__(self: Tensor, spec: str) -> str:
        """A single number takes the number's formats; other tensors only their text."""
        if self.ndim == 0 and (spec or not builders.stack):
            return format(self.item(), spec)
        return object.__format__(self, spec)


def _default_dtype() -> str:
    from graphnn.tensor.creation import defaults

    return defaults.dtype.name


class CopyMethods:
    def __copy__(self: Tensor) -> Tensor:
        """Another tensor over the same memory."""
        other = self.alias()
        other._node, other._output_nr, other._requires = self._node, self._output_nr, self.requires_grad
        return other

    def __deepcopy__(self: Tensor, memo: dict[int, Any]) -> Tensor:
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        if not self.is_leaf:
            raise AutogradError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment; copy tensor.detach() instead"
            )
        other = self.detach().clone()
        other._requires = self._requires
        other._grad = self._grad if self.grad is None else self._grad.__deepcopy__(memo)
        memo[id(self)] = other
        return other

    def __reduce__(self: Tensor) -> tuple[Any, ...]:
        return _rebuild, (np.array(self.values("pickled")), self.requires_grad)


def _rebuild(array: np.ndarray, requires_grad: bool) -> Tensor:
    from graphnn.tensor.creation import finish
    from graphnn.tensor.tensor import Tensor

    return finish(Tensor.of_array(array), requires_grad)
