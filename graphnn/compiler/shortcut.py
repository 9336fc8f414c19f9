"""The short way of a call: that it is like the one before is seen at a glance, without making its key."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from graphnn.autodiff.modes import state as grad_mode
from graphnn.compiler.entry import Entry
from graphnn.compiler.signature import COMPUTED, grad_state
from graphnn.tensor.tensor import Tensor

Match = Callable[[tuple[Any, ...]], list[Any] | None]


class Shortcut:
    """The plan used last, and `match`: given the arguments of a call with the same key, the arrays of its tensors, else
    None. Tensors with memory of their own go by type and gradients, everything else by identity. What does not fit at a
    glance goes the long way, and may have the same key."""

    __slots__ = ("entry", "match")

    def __init__(self, entry: Entry, args: tuple[Any, ...]) -> None:
        self.entry = entry
        self.match = _match(args, entry.tensor_leaves)


def shortcut(entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Shortcut | None:
    """A shortcut for calls like this one; None where arguments need a closer look."""
    if kwargs or any(map(_is_involved, args)):
        return None
    found = Shortcut(entry, args)
    return None if found.match(args) is None else found


def _is_involved(arg: Any) -> bool:
    """Whether the same object may have another key the next time."""
    if type(arg) is Tensor:
        return False
    return isinstance(arg, Tensor | tuple | list | dict) or dataclasses.is_dataclass(arg)


def _match(args: tuple[Any, ...], wanted: list[int]) -> Match:
    """`Shortcut.match`, written out for these arguments: a loop over them takes three times as long."""
    names = {"Tensor": Tensor, "grad_mode": grad_mode}
    tensors = [i for i, a in enumerate(args) if type(a) is Tensor]
    tests = [f"grad_mode.enabled is {grad_mode.enabled}"]
    for i, arg in enumerate(args):
        names[f"known{i}"] = arg.tensor_type if i in tensors else arg
        tests += _like(f"a{i}", f"known{i}", grad_state(arg)) if i in tensors else [f"a{i} is known{i}"]
    if len(tensors) > 1:
        tests.append(f"len({{{', '.join(f'a{i}._storage' for i in tensors)}}}) == {len(tensors)}")
    lines = [
        "def match(args):",
        f"    if len(args) != {len(args)}: return None",
        *([f"    {''.join(f'a{i}, ' for i in range(len(args)))}= args"] if args else []),
        f"    if {' and '.join(tests)}:",
        f"        return [{', '.join(f'a{i}._array' for i in wanted)}]",
    ]
    exec("\n".join(lines), names)
    return names["match"]  # type: ignore[return-value]


def _like(name: str, kind: str, gradient: bool | str) -> Iterator[str]:
    """Tests whether a tensor has its memory for itself, this type, and such gradients."""
    yield f"type({name}) is Tensor and {name}._base is None and ({name}._type or {name}.tensor_type) is {kind}"
    yield f"{name}._requires" if gradient else f"not {name}._requires"
    if gradient:
        yield f"{name}._node is {'not ' if gradient == COMPUTED else ''}None"
    yield f"{name}._storage.trace is None"
