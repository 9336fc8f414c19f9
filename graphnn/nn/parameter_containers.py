"""A list and a dict whose tensors are registered as parameters; other values are kept beside them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from graphnn.errors import ArgumentTypeError, IndexOutOfRange
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.tensor.tensor import Tensor
from graphnn.tensor.typename import tensor_typename


def _as_parameter(value: Any) -> Any:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


class ParameterList(Module):
    """Values that are the attributes "0", "1", …; tensors among them become parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name(self, index: int) -> str:
        if not -self._size <= index < self._size:
            raise IndexOutOfRange(f"index {index} is out of range")
        return str(index % self._size)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name(index), _as_parameter(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, str(i)) for i in range(self._size))

    def append(self, value: Any) -> Self:
        self._size += 1
        self[-1] = value
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise ArgumentTypeError(
                f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}"
            )
        for value in list(values):
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def __repr__(self) -> str:
        return _listing(self, ((str(i), value) for i, value in enumerate(self)), "torch.{dtype}")


class ParameterDict(Module):
    """Values that are attributes by key, in the order of their first setting; tensors among them become parameters."""

    def __init__(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise ArgumentTypeError(
                f"Index given to ParameterDict cannot be used as a key as it is not a string (type is {key!r})"
            )
        self._keys[key] = None
        setattr(self, key, _as_parameter(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def keys(self) -> Iterable[str]:
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        return (self[key] for key in self._keys)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._keys else default

    def pop(self, key: str) -> Any:
        value = self[key]
        del self[key]
        return value

    def clear(self) -> None:
        for key in list(self._keys):
            del self[key]

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        if not isinstance(parameters, Iterable):
            raise ArgumentTypeError(
                "ParametersDict.update should be called with an iterable of key/value pairs, but got "
                + type(parameters).__name__
            )
        for key, value in _pairs(parameters):
            self[key] = value

    def __repr__(self) -> str:
        return _listing(self, self.items(), "{typename}")


def _pairs(parameters: Any) -> Iterable[tuple[str, Any]]:
    """Keys and values, in order; those of a mapping that promises no order sorted by key, as in PyTorch."""
    if isinstance(parameters, OrderedDict | ParameterDict):
        return parameters.items()
    return sorted(parameters.items(), key=lambda pair: pair[0]) if isinstance(parameters, Mapping) else parameters


def _listing(module: Module, items: Iterable[tuple[str, Any]], kind: str) -> str:
    """PyTorch indents these by four, and names the dtype of a list's tensors, but the type of a dict's."""
    lines = [f"    ({name}): {_describe(value, kind)}\n" for name, value in items]
    return f"{module._get_name()}(\n{''.join(lines)})" if lines else f"{module._get_name()}()"


def _describe(value: Any, kind: str) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    noun = "Parameter" if isinstance(value, Parameter) else "Tensor"
    what = kind.format(dtype=value.dtype.name, typename=tensor_typename(value))
    return f"{noun} containing: [{what} of size {'x'.join(map(str, value.shape))}]"
