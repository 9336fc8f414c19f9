"""Groups of parameters with their hyper-parameters.

A traced step reads numbers again at every run, but has baked in everything else: flags, and which numbers are zero
(their terms are left out). So a write that changes more than a number's value raises the epoch.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import epoch
from graphnn.ir.dtypes import float64
from graphnn.ops.unary import cast
from graphnn.tensor.hyper import scalar
from graphnn.tensor.tensor import Tensor
from graphnn.tensor.typename import typename


class ParamGroup(dict[str, Any]):
    """A dict of "params" and hyper-parameters, as users read and write it."""

    __slots__ = ("parts",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts: dict[str, _Part] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        if shape_of(value, key) != shape_of(self.get(key), key):
            epoch.bump()
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        epoch.bump()
        super().__delitem__(key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, *args: Any) -> Any:
        epoch.bump()
        return super().pop(*args)

    def number(self, key: str, part: int | None = None) -> Any:
        """The number, or one of a tuple's: as it is in eager code, an input of the plan while tracing."""
        if part is None:
            return scalar(self, key)
        name = f"{key}_{part}"
        if name not in self.parts:
            self.parts[name] = _Part(self, key, part)
        return scalar(self.parts[name], name)  # type: ignore[arg-type]

    def exact(self, key: str, part: int | None = None) -> Any:
        """The number for arithmetic with other numbers, done in float64 while tracing as in eager code."""
        number = self.number(key, part)
        return cast(number, dtype=float64) if isinstance(number, Tensor) else number

    def __reduce__(self) -> tuple[Any, ...]:
        return ParamGroup, (dict(self),)


class _Part:
    """One number of a tuple in a group, under a name of its own."""

    def __init__(self, group: ParamGroup, key: str, part: int) -> None:
        self.group = group
        self.key = key
        self.part = part

    def __getitem__(self, name: str) -> Any:
        return self.group[self.key][self.part]


def shape_of(value: Any, key: str = "") -> Any:
    """What a trace bakes in of a hyper-parameter: of a number its type and whether it is zero (a learning rate may be,
    and schedulers make it so), else all of it."""
    if key == "lr" and isinstance(value, int | float):
        return type(value)
    if isinstance(value, tuple):
        return tuple(map(shape_of, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return type(value), value == 0
    return id(value) if isinstance(value, list | Tensor) else (type(value), value)


def make_group(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> ParamGroup:
    """A checked group: "params" is a list of leaf tensors; their names, where given, are "param_names"."""
    if not isinstance(given, Mapping):
        raise ArgumentTypeError(f"param_group must be a dict, but got {type(given)}")
    params = _listed(given["params"])
    names = [param[0] for param in params if isinstance(param, tuple)]
    group = ParamGroup({**given, "params": [param[1] if isinstance(param, tuple) else param for param in params]})
    if names and len(names) != len(params):
        raise ArgumentError("all optimizer params should be with/without names. Some param names are missing")
    if names:
        group["param_names"] = names
    _check_params(group["params"])
    for name, default in defaults.items():
        group.setdefault(name, default)
    return group


def _check_params(params: list[Any]) -> None:
    for param in params:
        if not isinstance(param, Tensor):
            raise ArgumentTypeError(f"optimizer can only optimize Tensors, but one of the params is {typename(param)}")
        if not param.is_leaf:
            raise ArgumentError("can't optimize a non-leaf Tensor")
    if len(set(map(id, params))) != len(params):
        warnings.warn(
            "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error",
            stacklevel=4,
        )


def _listed(params: Any) -> list[Any]:
    if isinstance(params, Tensor):
        return [params]
    if isinstance(params, set):
        raise ArgumentTypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    return list(params)


def make_listed_groups(params: Any) -> list[dict[str, Any]]:
    """What an optimizer's first argument means: one group of tensors, or several given as dicts."""
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise ArgumentTypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
            + typename(params)
        )
    listed = list(params)
    if not listed:
        raise ArgumentError("optimizer got an empty parameter list")
    return listed if isinstance(listed[0], dict) else [{"params": listed}]
