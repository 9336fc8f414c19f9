"""`x[...]` and `x[...] = value`: views made of select, slice and unsqueeze steps; index tensors and masks copy."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.attrs import Attrs
from graphnn.ir.registry import lookup
from graphnn.ops import compare, movement, slicing
from graphnn.ops.op import builders
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

_FULL = slice(None)


class IndexMethods:
    def __getitem__(self: Tensor, key: Any) -> Any:
        if type(key) is int and self._array.ndim:
            return self.select(0, key)
        if type(key) is slice and self._array.ndim:
            view = _sliced(self, 0, key)
            return view if view is not self else named(self.view(tuple(self.shape)), "SliceBackward0")
        if _are_numbers(key) and len(key) <= self._array.ndim:
            return functools.reduce(lambda view, k: view.select(0, k), key, self)
        view, indices = _walk(self, key)
        if indices:
            return lookup("index")(view, *indices)
        if view is not self:
            return view
        return named(self.view(tuple(self.shape)), "AliasBackward0" if key is Ellipsis else "SliceBackward0")

    def __setitem__(self: Tensor, key: Any, value: Any) -> None:
        from graphnn.tensor.inplace import assign, update

        if type(value) in (int, float) and self.dtype.is_floating_point and (type(key) is int or _are_numbers(key)):
            self[key].fill_(value)
            return
        source = _as_source(self, value)
        if _is_mask(key) and source.ndim == 0:
            update(self, compare.where, _mask_for(self, key), source, self)
            return
        view, indices = _walk(self, key)
        if indices:
            assign(view, lookup("index_put")(view, source, *indices))
            return
        view = self.view(tuple(self.shape)) if view is self and self.requires_grad else view
        assign(view, _without_leading_ones(source, view))


def _are_numbers(key: Any) -> bool:
    """Whether the key is one number or more in a tuple, the commonest of tuples."""
    return type(key) is tuple and len(key) > 0 and all(type(k) is int for k in key)


def _walk(x: Tensor, key: Any) -> tuple[Any, list[Any]]:
    """The view that the basic items of the key make, and for each of its dimensions an index tensor or None."""
    items = list(key) if isinstance(key, tuple) else [_sequence(key)]
    items = _without_ellipsis(items, x)
    view, dim = x, 0
    indices: list[Any] = []
    for item in items:
        view, found = _step(view, dim, item)
        indices += [None] * (dim - len(indices)) + found
        dim = len(indices) if found else dim + _advance(item)
    return view, indices if any(i is not None for i in indices) else []


def _sequence(key: Any) -> Any:
    """A list as the index tensor that it spells."""
    return np.asarray(_plain(key), dtype=None if len(key) else np.int64) if isinstance(key, list) else key


def _plain(item: Any) -> Any:
    return (
        [_plain(i) for i in item]
        if isinstance(item, list | tuple)
        else item.item()
        if hasattr(item, "_storage")
        else item
    )


def _step(view: Any, dim: int, item: Any) -> tuple[Any, list[Any]]:
    if item is None:
        return movement.unsqueeze(view, dim=dim), []
    if isinstance(item, slice):
        return _sliced(view, dim, item), []
    if isinstance(item, bool | np.bool_):
        return movement.unsqueeze(view, dim=dim), [_index(view, np.array([0] if item else [], np.int64))]
    if _is_position(item):
        return view.select(dim, int(item)), []
    return view, _index_tensors(view, dim, item)


def _advance(item: Any) -> int:
    return 1 if item is None or isinstance(item, slice) else 0


def _is_position(item: Any) -> bool:
    """An integer, or a 0-d integer tensor whose value may be read."""
    if isinstance(item, int | np.integer):
        return True
    if getattr(item, "ndim", 1) != 0 or _is_mask(item):
        return False
    return not (builders.stack and hasattr(item, "_storage"))


def _sliced(view: Any, dim: int, item: slice) -> Any:
    if dim >= view.ndim:
        raise IndexOutOfRange(f"too many indices for tensor of dimension {view.ndim}: {view.tensor_type}")
    if item.step is not None and int(item.step) < 1:
        raise ArgumentError(f"step must be greater than zero, got {item.step}; flip() reverses a dimension")
    size = view._array.shape[dim]
    start, stop, step = slice(*map(_bound, (item.start, item.stop, item.step))).indices(size)
    if start == 0 and stop == size and step == 1:
        return view
    return view.part(slicing.slice, Attrs(dim=dim, start=start, stop=max(start, stop), step=step))


def _bound(bound: Any) -> int | None:
    return None if bound is None else bound.__index__()


def _index_tensors(view: Any, dim: int, item: Any) -> list[Any]:
    index = item if hasattr(item, "_storage") else _index(view, np.asarray(_sequence(item)))
    if not _is_mask(index):
        if index.dtype.is_floating_point:
            raise IndexOutOfRange(
                f"tensors used as indices must be long, int, byte or bool tensors, got {index.tensor_type}"
            )
        if dim >= view.ndim:
            raise IndexOutOfRange(f"too many indices for tensor of dimension {view.ndim}: {view.tensor_type}")
        return [index if index.dtype is dtypes.int64 else index.to(dtypes.int64)]
    covered = tuple(view.shape[dim : dim + index.ndim])
    if tuple(index.shape) != covered:
        raise IndexOutOfRange(
            f"The shape of the mask {list(index.shape)} does not match the shape of the indexed tensor "
            f"{list(view.shape)}"
        )
    found = index.values("read as a mask (its result would have a shape that depends on values; use graphnn.where)")
    return [_index(view, positions) for positions in np.nonzero(found)]


def _index(view: Any, array: np.ndarray) -> Any:
    from graphnn.tensor.creation import of_numpy

    if array.dtype.kind not in "biuf":
        raise ArgumentTypeError(
            f"only integers, slices, ellipsis, None and long or byte tensors are valid indices, got {array!r}"
        )
    return of_numpy(array)


def _is_mask(item: Any) -> bool:
    if getattr(item, "ndim", 0) == 0 and not hasattr(item, "_storage"):
        return False
    return getattr(item, "dtype", None) in (dtypes.bool, dtypes.uint8, np.dtype(bool))


def _mask_for(x: Tensor, mask: Any) -> Any:
    """The mask with dimensions of size 1 for those of `x` that it leaves open."""
    found = mask if hasattr(mask, "_storage") else _index(x, mask)
    found = found if found.dtype is dtypes.bool else found.to(dtypes.bool)
    if tuple(found.shape) != tuple(x.shape[: found.ndim]):
        raise IndexOutOfRange(
            f"The shape of the mask {list(found.shape)} does not match the shape of the indexed tensor {list(x.shape)}"
        )
    return found.view(*found.shape, *(1,) * (x.ndim - found.ndim))


def _without_ellipsis(items: list[Any], x: Tensor) -> list[Any]:
    """The items with `...` replaced by as many full slices as it stands for."""
    items = [_sequence(i) for i in items]
    used = sum(_width(i) for i in items)
    if used > x.ndim:
        raise IndexOutOfRange(f"too many indices for tensor of dimension {x.ndim}: got {used} for {x.tensor_type}")
    at = [i for i, item in enumerate(items) if item is Ellipsis]
    if not at:
        return items
    if len(at) > 1:
        raise IndexOutOfRange("an index can only have a single ellipsis ('...')")
    return [*items[: at[0]], *[_FULL] * (x.ndim - used), *items[at[0] + 1 :]]


def _width(item: Any) -> int:
    """How many dimensions of the tensor the item stands for."""
    if item is None or item is Ellipsis or isinstance(item, bool | np.bool_):
        return 0
    return int(item.ndim) if _is_mask(item) else 1


def _as_source(x: Tensor, value: Any) -> Any:
    if hasattr(value, "_storage"):
        return value
    from graphnn.tensor.creation import of_numpy

    return of_numpy(np.asarray(value, dtype=x.dtype.numpy))


def _without_leading_ones(source: Any, view: Any) -> Any:
    """The source without surplus leading dimensions of size 1, which assignment ignores."""
    surplus = source.ndim - view.ndim
    if surplus <= 0:
        return source
    if any(s != 1 for s in source.shape[:surplus]):
        raise ShapeError(
            f"shape mismatch: value tensor {source.tensor_type} cannot be broadcast to the indexed {view.tensor_type}"
        )
    return source.view(tuple(source.shape[surplus:]))
