"""What a call looks like: the key under which its plan is kept, and in words how two calls differ."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from graphnn.autodiff.modes import state as grad_mode
from graphnn.ir.attrs import exact
from graphnn.tensor.history import needs_grad
from graphnn.tensor.tensor import Tensor
from graphnn.tracing.trees import flatten

Key = tuple[Any, ...]
_PLAIN = (bool, int, float, str, bytes, type(None))


class Identity:
    """Stands in a key for an object that is told apart by being itself; keeps it alive, so that no other takes its place."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)

    def __repr__(self) -> str:
        return f"<{type(self.thing).__name__}>"


DYNAMIC = "f64"
COMPUTED = "computed"


def signature(args: tuple[Any, ...], kwargs: dict[str, Any], dynamic: Collection[int]) -> tuple[Key, list[Any]]:
    """The key (structure, leaves, grad mode, shared memory) and the leaves. `dynamic` leaves count by type alone."""
    leaves: list[Any] = []
    if kwargs or not all(type(a) is Tensor for a in args):
        structure: Any = flatten((args, kwargs), leaves)
    else:
        leaves.extend(args)
        structure = len(args)
    parts: list[Any] = []
    tensors: list[Tensor] = []
    for i, leaf in enumerate(leaves):
        if isinstance(leaf, Tensor):
            leaf._check_usable()
            parts.append((leaf.tensor_type, grad_state(leaf)))
            tensors.append(leaf)
        else:
            parts.append(DYNAMIC if i in dynamic and type(leaf) is float else leaf_key(leaf))
    return (structure, tuple(parts), grad_mode.enabled, _sharing(tensors)), leaves


def grad_state(tensor: Tensor) -> bool | str:
    """Whether gradients flow to the tensor: False, True for a leaf, COMPUTED for what has a history."""
    return needs_grad(tensor) and (tensor._node is None or COMPUTED)


def leaf_key(leaf: Any) -> Any:
    """A leaf that is no tensor: by type and value where that is plain, otherwise by identity."""
    if isinstance(leaf, _PLAIN):
        return exact(leaf) if isinstance(leaf, bool | int | float) else leaf
    return Identity(leaf)


def _sharing(tensors: list[Tensor]) -> Any:
    """Which tensors lie in the same storage, and which of those are the same; None where all are apart."""
    if len(tensors) < 2 or len({t._storage for t in tensors}) == len(tensors):
        return None
    first: dict[Any, int] = {}
    same: dict[int, int] = {}
    return tuple((first.setdefault(t._storage, i), same.setdefault(id(t), i)) for i, t in enumerate(tensors))


def difference(new: Key, old: Key, names: list[str]) -> str:
    """How a call differs from an earlier one: `argument x, dimension 0: 64 -> 17`."""
    if new[0] != old[0]:
        return "the arguments are put together differently"
    for name, now, before in zip(names, new[1], old[1], strict=False):
        if now != before:
            return _leaf_difference(name, now, before)
    if new[2] != old[2]:
        return f"grad mode: {_on(old[2])} -> {_on(new[2])}"
    return "arguments share memory differently"


def _on(enabled: bool) -> str:
    return "on" if enabled else "off"


def _leaf_difference(name: str, now: Any, before: Any) -> str:
    if not (_is_tensor(now) and _is_tensor(before)):
        return f"argument {name}: {_show(before)} -> {_show(now)}"
    if now[1] != before[1]:
        return f"argument {name}, requires_grad: {before[1]} -> {now[1]}"
    new, old = now[0], before[0]
    if new.dtype is old.dtype and new.ndim == old.ndim:
        changed = [i for i, (m, n) in enumerate(zip(new.shape, old.shape, strict=True)) if m != n]
        return ", ".join(f"argument {name}, dimension {i}: {old.shape[i]} -> {new.shape[i]}" for i in changed)
    return f"argument {name}: {old} -> {new}"


def _is_tensor(part: Any) -> bool:
    return isinstance(part, tuple) and len(part) == 2 and hasattr(part[0], "dtype")


def _show(part: Any) -> str:
    if _is_tensor(part):
        return str(part[0])
    return str(part[1]) if isinstance(part, tuple) and len(part) == 2 else repr(part)
