"""Argument trees: nested tuples, lists, dicts and dataclasses, taken apart into leaves and put together again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

LEAF = "*"
Parts = tuple[tuple[Any, ...], Any]  # what may be tensors, and a hashable rest
_containers: dict[type, tuple[Callable[[Any], Parts], Callable[[tuple[Any, ...], Any], Any]]] = {}


def register_container(
    kind: type, take_apart: Callable[[Any], Parts], put_together: Callable[[tuple[Any, ...], Any], Any]
) -> None:
    """Has trees take objects of this class apart by these functions: what is in the rest joins a call's signature by
    value, so that a trace may read it."""
    _containers[kind] = take_apart, put_together


def flatten(tree: Any, leaves: list[Any]) -> Any:
    """Appends the leaves to `leaves`; the structure, a hashable description of what held them."""
    if type(tree) in _containers:
        parts, rest = _containers[type(tree)][0](tree)
        return type(tree), rest, tuple([flatten(item, leaves) for item in parts])
    if isinstance(tree, tuple | list):
        return type(tree), tuple([flatten(item, leaves) for item in tree])
    if isinstance(tree, dict):
        return type(tree), tuple(tree), tuple([flatten(item, leaves) for item in tree.values()])
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = tuple(f.name for f in dataclasses.fields(tree))
        return type(tree), names, tuple([flatten(getattr(tree, n), leaves) for n in names])
    leaves.append(tree)
    return LEAF


def unflatten(structure: Any, leaves: Iterator[Any]) -> Any:
    """The tree of that structure, with its leaves taken from the iterator."""
    if structure == LEAF:
        return next(leaves)
    kind, *rest = structure
    if len(rest) == 1:
        return _sequence(kind, [unflatten(s, leaves) for s in rest[0]])
    names, parts = rest
    if kind in _containers:
        return _containers[kind][1](tuple([unflatten(s, leaves) for s in parts]), names)
    values = dict(zip(names, [unflatten(s, leaves) for s in parts], strict=True))
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, values)
    return values if kind is dict else _mapping(kind, values)


def map_tree(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same tree with each leaf replaced."""
    leaves: list[Any] = []
    structure = flatten(tree, leaves)
    return unflatten(structure, iter([function(leaf) for leaf in leaves]))


def _sequence(kind: Any, items: list[Any]) -> Any:
    return kind(*items) if hasattr(kind, "_fields") else kind(items)


def _mapping(kind: Any, values: dict[Any, Any]) -> Any:
    made = kind.__new__(kind)
    made.__init__()
    made.update(values)
    return made


def _dataclass(kind: Any, values: dict[str, Any]) -> Any:
    made = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made
