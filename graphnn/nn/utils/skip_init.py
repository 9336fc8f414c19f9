"""Modules made without drawing the random numbers of their initialisation."""

from __future__ import annotations

import inspect
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.nn.module import Module
from graphnn.tensor.random import default_generator


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """A module whose values are to be set by the caller: making it leaves the random stream where it was."""
    if not issubclass(module_cls, Module):
        raise ArgumentError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise ArgumentError("Module must support a 'device' arg to skip initialization")
    before = default_generator.get_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        default_generator.set_state(before)
