"""Functions that make one tensor of several, or fit several to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ops import joining
from graphnn.ops.typing import broadcast, normalize_dim
from graphnn.tensor.tensor import Tensor


def _tensors(name: str, tensors: Any) -> tuple[Any, ...]:
    if isinstance(tensors, Tensor) or not all(isinstance(t, Tensor) for t in tensors):
        raise ArgumentTypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors")
    return tuple(tensors)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Any:
    """The tensors one after the other along `dim`."""
    given = _tensors("cat", tensors)
    ndim = max((t.ndim for t in given), default=1)
    return joining.cat(*given, dim=normalize_dim(dim, ndim, "cat"))


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Any:
    """The tensors side by side along a new dimension."""
    given = _tensors("stack", tensors)
    return joining.stack(*given, dim=normalize_dim(dim, given[0].ndim + 1 if given else 1, "stack"))


def atleast_1d(tensor: Tensor) -> Any:
    return tensor.reshape(1) if tensor.ndim == 0 else tensor


def atleast_2d(tensor: Tensor) -> Any:
    return atleast_1d(tensor).unsqueeze(0) if tensor.ndim < 2 else tensor


def hstack(tensors: Sequence[Tensor]) -> Any:
    """Joined along dimension 1 (vectors along their only one)."""
    given = [atleast_1d(t) for t in _tensors("hstack", tensors)]
    return cat(given, 0 if given[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Any:
    """Joined along dimension 0, vectors being rows."""
    return cat([atleast_2d(t) for t in _tensors("vstack", tensors)], 0)


def dstack(tensors: Sequence[Tensor]) -> Any:
    """Joined along dimension 2."""
    deep = [t.unsqueeze(-1) if t.ndim == 2 else t for t in map(atleast_2d, _tensors("dstack", tensors))]
    return cat(deep, 2)


def broadcast_tensors(*tensors: Tensor) -> tuple[Any, ...]:
    """Each expanded to the shape that they all broadcast to."""
    shape = broadcast("broadcast_tensors", *[t.tensor_type for t in tensors])
    return tuple(t.expand(shape) for t in tensors)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Grids of coordinates: the i-th varies along dimension i ("xy" swaps the first two)."""
    if indexing not in ("ij", "xy"):
        raise ArgumentError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    given = tuple(tensors[0]) if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    swapped = indexing == "xy" and len(given) > 1
    axes = (given[1], given[0], *given[2:]) if swapped else given
    shape = tuple(a.numel() for a in axes)
    grids = [a.view(*[-1 if i == at else 1 for i in range(len(axes))]).expand(shape) for at, a in enumerate(axes)]
    return (grids[1], grids[0], *grids[2:]) if swapped else tuple(grids)
