"""PyTorch's functions by name, imported when first called: the table can be read where PyTorch is not installed."""

import functools
import importlib
from typing import Any


class Function:
    """`torch.nn.functional.relu` as a value: calling it imports PyTorch."""

    def __init__(self, path: tuple[str, ...] = ()) -> None:
        self._path = path

    def __getattr__(self, name: str) -> "Function":
        return Function((*self._path, name))

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        return functools.reduce(getattr, self._path, importlib.import_module("torch"))(*args, **attrs)


torch = Function()


def torch_dtype(dtype: Any) -> Any:
    """PyTorch's dtype of graphnn's."""
    return getattr(importlib.import_module("torch"), dtype.name)
