"""A compiled module: still a module, with the same parameters, buffers and state_dict keys as the original."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from typing import Any

from graphnn.compiler.compiled import Compiled
from graphnn.compiler.records import PlanRecord
from graphnn.nn.module import Module

_OWN = frozenset(
    (
        "_original",
        "_compiled",
        "_options",
        "plans",
        "source",
        "__class__",
        "__dict__",
        "__repr__",
        "__signature__",
        "__call__",
        "__copy__",
        "__deepcopy__",
    )
)


class CompiledModule(Module):
    """Stands for a module: calls go through plans, everything else (attributes, state, modes) to the original."""

    __slots__ = ("__call__",)

    def __init__(self, original: Module, **options: Any) -> None:
        object.__setattr__(self, "__dict__", {**original.__dict__})
        object.__setattr__(self, "_original", original)
        object.__setattr__(self, "_compiled", Compiled(original, **options))
        object.__setattr__(self, "_options", options)
        self._compiled.called_through(self)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._original.forward)

    @property
    def plans(self) -> tuple[PlanRecord, ...]:
        """The plans that are kept, in the order they were made."""
        return self._compiled.plans  # type: ignore[no-any-return]

    @property
    def source(self) -> str:
        """The C of the newest plan."""
        return self._compiled.source  # type: ignore[no-any-return]

    def __getattribute__(self, name: str) -> Any:
        if name in _OWN:
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "_original"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._original, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._original, name)

    def __getitem__(self, key: Any) -> Any:
        return self._original[key]

    def __len__(self) -> int:
        return len(self._original)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._original)

    def __bool__(self) -> bool:
        return True

    def __copy__(self) -> CompiledModule:
        return CompiledModule(copy.copy(self._original), **self._options)

    def __deepcopy__(self, memo: dict[int, Any]) -> CompiledModule:
        return CompiledModule(copy.deepcopy(self._original, memo), **self._options)

    def __repr__(self) -> str:
        return f"compiled {self._original!r}"
