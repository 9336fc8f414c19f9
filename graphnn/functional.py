"""The functions that tutorials reach as `torch.functional`: those of `graphnn.nn.functional`, and the tensor functions."""

from __future__ import annotations

from typing import Any

from graphnn.nn import functional
from graphnn.tensor import functions

__all__ = functional.__all__


def __getattr__(name: str) -> Any:
    for source in (functional, functions):
        if hasattr(source, name):
            return getattr(source, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *dir(functions)})
