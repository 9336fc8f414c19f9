"""Parameter: a tensor that a module registers when it is assigned as an attribute."""

from __future__ import annotations

from typing import Any

from graphnn.printing import format_parameter
from graphnn.tensor.creation import empty, get_default_dtype
from graphnn.tensor.tensor import Tensor


class Parameter(Tensor):
    """Shares the memory of `data`, and wants gradients unless told otherwise."""

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        source = empty(0) if data is None else data.alias()
        self = object.__new__(cls)
        self._array, self._storage, self._path = source._array, source._storage, source._path
        self.requires_grad = requires_grad
        return self

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None: ...

    def __repr__(self) -> str:
        return format_parameter(
            self.values("printed"),
            dtype_name=self.dtype.name,
            default_dtype=get_default_dtype().name,
            requires_grad=self.requires_grad,
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameter, (self.detach(), self.requires_grad)
