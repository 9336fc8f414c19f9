"""Making a batch of items: tensors stacked, numbers made tensors, whatever holds them kept as it is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import dtypes
from graphnn.tensor.creation import as_tensor, tensor
from graphnn.tensor.joining import stack
from graphnn.tensor.tensor import Tensor

Collate = Callable[..., Any]


def default_collate(batch: Sequence[Any]) -> Any:
    """The batch of a list of items, with a new first dimension; what has no tensors in it stays a list."""
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """An item that is used without a batch: NumPy arrays in it become tensors."""
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(value) for value in data]
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _like_sequence(data, [default_convert(value) for value in data])
    return data


def collate(batch: Sequence[Any], *, collate_fn_map: Mapping[Any, Collate] | None = None) -> Any:
    """As `default_collate`, with the functions for types of items in a table: the item's own type, else a base."""
    item = batch[0]
    found = _function_for(item, collate_fn_map or {})
    if found is not None:
        return found(batch, collate_fn_map=collate_fn_map)
    if isinstance(item, Mapping):
        parts = {key: collate([entry[key] for entry in batch], collate_fn_map=collate_fn_map) for key in item}
        return _like_mapping(item, parts)
    if isinstance(item, Sequence):
        return _collate_sequences(item, batch, collate_fn_map)
    raise _refusal(type(item))


def _function_for(item: Any, table: Mapping[Any, Collate]) -> Collate | None:
    found = table.get(type(item))
    return found or next((function for kind, function in table.items() if isinstance(item, kind)), None)


def _collate_sequences(item: Any, batch: Sequence[Any], table: Mapping[Any, Collate] | None) -> Any:
    lengths = [len(entry) for entry in batch]
    if len(set(lengths)) > 1 and not hasattr(item, "_fields"):
        raise ArgumentError(f"each element in list of batch should be of equal size; their lengths are {lengths}")
    parts = [collate(column, collate_fn_map=table) for column in zip(*batch, strict=True)]
    if hasattr(item, "_fields"):
        return type(item)(*parts)
    return parts if isinstance(item, tuple) else _like_sequence(item, parts)


def _like_mapping(item: Any, parts: dict[Any, Any]) -> Any:
    """The parts in a mapping as `item` is one, other properties of it included; a dict where that cannot be made."""
    try:
        if not isinstance(item, MutableMapping):
            return type(item)(parts)
        made = copy.copy(item)
        made.update(parts)
        return made
    except TypeError:
        return parts


def _like_sequence(item: Any, parts: list[Any]) -> Any:
    """The parts in a sequence as `item` is one; a list where that cannot be made."""
    try:
        if not isinstance(item, MutableSequence):
            return type(item)(parts)
        made = copy.copy(item)
        for i, part in enumerate(parts):
            made[i] = part
        return made
    except TypeError:
        return parts


def _collate_tensors(batch: Sequence[Tensor], **_: Any) -> Any:
    return stack(batch, 0)


def _collate_arrays(batch: Sequence[np.ndarray], **_: Any) -> Any:
    if batch[0].dtype.kind in "SUO":
        raise _refusal(batch[0].dtype)
    return stack([as_tensor(array) for array in batch], 0)


def _collate_numpy_numbers(batch: Sequence[Any], **_: Any) -> Tensor:
    return tensor(np.array(batch))


def _collate_floats(batch: Sequence[float], **_: Any) -> Tensor:
    return tensor(batch, dtype=dtypes.float64)


def _collate_integers(batch: Sequence[int], **_: Any) -> Tensor:
    return tensor(batch)


def _keep(batch: Sequence[Any], **_: Any) -> Sequence[Any]:
    return batch


def _refusal(kind: Any) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}. Turn items "
        "into tensors in the dataset (transforms.ToTensor() does so with images), or pass a collate_fn"
    )


default_collate_fn_map: dict[Any, Collate] = {
    Tensor: _collate_tensors,
    np.ndarray: _collate_arrays,
    (np.bool_, np.number, np.object_): _collate_numpy_numbers,
    float: _collate_floats,
    int: _collate_integers,
    str: _keep,
    bytes: _keep,
}
