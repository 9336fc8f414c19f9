"""Static parameters of a node: frozen, hashable, compared by content."""

from __future__ import annotations

import hashlib
from typing import Any, NoReturn

import numpy as np


def exact(value: Any) -> Any:
    """A hashable stand-in under which 1, 1.0 and True differ, 0.0 and -0.0 differ, and a NaN equals itself."""
    if isinstance(value, tuple | list):
        return tuple(map(exact, value))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float):
        return type(value), repr(value)
    key = getattr(value, "structural_key", None)
    return value if key is None else key()


class Attrs(dict[str, Any]):
    """A read-only dict, hashed and compared exactly, so that `(op, inputs, attrs)` is a node's fingerprint."""

    __slots__ = ("_exact",)
    _exact: frozenset[Any]

    @property
    def key(self) -> frozenset[Any]:
        try:
            return self._exact
        except AttributeError:
            self._exact = frozenset((k, exact(v)) for k, v in self.items())
            return self._exact

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attrs) and (self is other or self.key == other.key)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("a node's attrs are frozen; build a new node instead")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return Attrs, (dict(self),)


class Constant:
    """An array inside a graph: read-only, equal and hashed by dtype, shape and bytes (NaNs and -0.0 included)."""

    __slots__ = ("array", "digest")

    def __init__(self, array: np.ndarray) -> None:
        self.array = np.array(array, order="C", copy=True)
        self.array.flags.writeable = False
        head = f"{self.array.dtype.str}{self.array.shape}".encode()
        self.digest = hashlib.sha256(head + self.array.tobytes()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Constant({self.array.dtype}{list(self.array.shape)}, {self.digest[:8]})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Constant, (self.array,)
