"""What surrounds networks: `graphnn.utils.data` has datasets, samplers and data loaders."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name == "data":
        return import_module("graphnn.utils.data")
    raise AttributeError(f"module 'graphnn.utils' has no attribute {name!r}")
