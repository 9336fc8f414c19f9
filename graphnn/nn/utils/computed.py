"""Attributes of one module that are computed when read: properties of a class that is its alone, under the same name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphnn.ir import epoch
from graphnn.nn.module import Module
from graphnn.tensor.tensor import Tensor

Read = Callable[[Any], Tensor]


def compute(module: Module, name: str, read: Read) -> None:
    """`module.<name>` is `read(module)` from now on."""
    base, held = _parts(module)
    _give(module, base, {**held, name: read})


def stop_computing(module: Module, name: str) -> None:
    base, held = _parts(module)
    _give(module, base, {n: r for n, r in held.items() if n != name})


def is_computed(module: Module, name: str) -> bool:
    return name in _parts(module)[1]


def _parts(module: Module) -> tuple[type, Mapping[str, Read]]:
    """The module's class proper, and what is computed."""
    kind = type(module)
    held: Mapping[str, Read] | None = kind.__dict__.get("_computed")
    return (kind, {}) if held is None else (kind.__bases__[0], held)


def _give(module: Module, base: type, held: Mapping[str, Read]) -> None:
    epoch.bump()
    own = {"_computed": held, "__module__": base.__module__, **{n: property(r) for n, r in held.items()}}
    kind = type(base.__name__, (base,), own) if held else base
    object.__setattr__(module, "__class__", kind)
