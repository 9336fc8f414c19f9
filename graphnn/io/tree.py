"""Taking what is saved apart into named arrays and a description, and putting it together again.

The description is JSON: `{"graphnn": 1, "tree": node}`. A node is a string, a number, a truth value or null as it is,
or an array that opens with what it stands for: `["tensor", name]`, `["dict", [key, node], ...]`, `["list", node, ...]`,
`["tuple", node, ...]`, `["float", "nan"]`, `["dtype", "float32"]`, and for the commonest form, a dict of tensors that
are named by their keys, `["tensors", name, ...]`. It is data from a file: whatever it says, nothing is run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, FileFormatError, UnsupportedError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.tensor.tensor import Tensor

VERSION = 1
_TAKEN = ("__metadata__", "__graphnn__")  # names that the formats themselves use


def flatten(obj: Any) -> tuple[dict[str, np.ndarray], str]:
    """The arrays of all tensors in `obj`, by names that any reader finds sensible, and the description."""
    found = _Flattening()
    try:
        return found.arrays, json.dumps({"graphnn": VERSION, "tree": found.root(obj)}, separators=(",", ":"))
    except RecursionError:
        raise ArgumentError("save: what is to be saved contains itself, or is nested too deeply") from None


def restore(arrays: Mapping[str, np.ndarray], description: str | None, path: Path) -> Any:
    """What `flatten` took apart; without a description, a dict of all tensors."""
    tensors = {name: Tensor.of_array(array) for name, array in arrays.items()}
    if description is None:
        return tensors
    try:
        described = json.loads(description)
        if described.get("graphnn") != VERSION:
            raise ValueError(f"it is of version {described.get('graphnn')!r}, this graphnn reads version {VERSION}")
        found = _restored(described["tree"], tensors)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(path, str(error) or type(error).__name__) from None
    if tensors:
        raise _damaged(path, f"it leaves out the tensor {next(iter(tensors))!r}")
    return found


def _damaged(path: Path, why: str) -> FileFormatError:
    return FileFormatError(f"{path}: the description of what the file holds is damaged: {why}")


class _Flattening:
    """The arrays found so far, by name."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def root(self, obj: Any) -> Any:
        if isinstance(obj, Mapping) and obj and all(_names_tensor(key, value) for key, value in obj.items()):
            for key, value in obj.items():
                self.arrays[key] = _array(value)
            return ["tensors", *obj]
        return self.node(obj, ())

    def node(self, obj: Any, path: tuple[Any, ...]) -> Any:
        if isinstance(obj, Tensor):
            name = self.name(path)
            self.arrays[name] = _array(obj)
            return ["tensor", name]
        if isinstance(obj, Mapping):
            return ["dict", *([_key(key, path), self.node(value, (*path, key))] for key, value in obj.items())]
        if isinstance(obj, list | tuple):
            kind = "tuple" if isinstance(obj, tuple) else "list"
            return [kind, *(self.node(value, (*path, i)) for i, value in enumerate(obj))]
        return _scalar(obj, path)

    def name(self, path: tuple[Any, ...]) -> str:
        """The dotted path, changed where a format could not take it or where it is taken."""
        name = "".join(c if c.isprintable() and c != "\\" else "_" for c in ".".join(map(str, path))) or "tensor"
        while name in self.arrays or name in _TAKEN:
            name += "_"
        return name


def _names_tensor(key: Any, value: Any) -> bool:
    plain = isinstance(key, str) and key.isprintable() and "\\" not in key and key not in ("", *_TAKEN)
    return plain and isinstance(value, Tensor)


def _array(tensor: Tensor) -> np.ndarray:
    return np.asarray(tensor.values("saved to a file"), order="C")


def _key(key: Any, path: tuple[Any, ...]) -> Any:
    if key is None or isinstance(key, str | int):
        return key
    raise UnsupportedError(f"save: {_place(path)} has the key {key!r}: keys can be strings, whole numbers and None")


def _scalar(obj: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(obj, np.bool_ | np.number) and obj.dtype.kind in "biuf":
        obj = obj.item()
    if isinstance(obj, float) and not math.isfinite(obj):
        return ["float", repr(float(obj))]
    if obj is None or isinstance(obj, str | int | float):
        return obj
    if isinstance(obj, DType):
        return ["dtype", obj.name]
    advice = "; save its state_dict()" if hasattr(obj, "state_dict") else ""
    raise UnsupportedError(
        f"save: {_place(path)} is of type {type(obj).__name__}: tensors, numbers, strings, None and dicts, lists and "
        f"tuples of them can be saved{advice}"
    )


def _place(path: tuple[Any, ...]) -> str:
    return "obj" + "".join(f"[{key!r}]" for key in path)


def _restored(node: Any, tensors: dict[str, Tensor]) -> Any:
    """The value that a node stands for; takes the tensors that it names out of `tensors`."""
    if not isinstance(node, list):
        return node
    kind, *parts = node
    if kind == "tensors":
        return {name: tensors.pop(name) for name in parts}
    if kind == "tensor":
        (name,) = parts
        return tensors.pop(name)
    if kind == "dict":
        return {key: _restored(part, tensors) for key, part in parts}
    if kind in ("list", "tuple"):
        values = [_restored(part, tensors) for part in parts]
        return tuple(values) if kind == "tuple" else values
    if kind == "float":
        return float(*parts)
    if kind == "dtype":
        return dtypes.by_name(*parts)
    raise ValueError(f"it has a part of the unknown kind {kind!r}")
