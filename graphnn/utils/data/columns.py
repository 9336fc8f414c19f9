"""Datasets of columns side by side: the item at an index is made of every column's entry there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.tensor.tensor import Tensor
from graphnn.utils.data.dataset import Dataset


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors that agree in their first dimension; an item is the tuple of their rows."""

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise ArgumentError("TensorDataset: at least one tensor is wanted")
        for tensor in tensors:
            if tensor.ndim == 0 or tensor.shape[0] != tensors[0].shape[0]:
                shapes = ", ".join(str(list(t.shape)) for t in tensors)
                raise ArgumentError(f"TensorDataset: Size mismatch between tensors: their shapes are {shapes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple([tensor[index] for tensor in self.tensors])

    def __getitems__(self, indices: list[int]) -> list[tuple[Tensor, ...]]:
        """A batch's items: rows of copies that are made at once, which is cheaper than views one by one."""
        if type(self).__getitem__ is not TensorDataset.__getitem__ or any(t.requires_grad for t in self.tensors):
            return [self[index] for index in indices]
        columns = [tensor.values("read by a data loader")[indices] for tensor in self.tensors]
        return [tuple([Tensor.of_array(column[i, ...]) for column in columns]) for i in range(len(indices))]

    def __len__(self) -> int:
        return len(self.tensors[0])


class StackDataset(Dataset[Any]):
    """Datasets of the same length: an item is the tuple of theirs, or a dict where they were given by name."""

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ArgumentError(
                "StackDataset: Supported either tuple- (via args) or dict- (via kwargs) like input, not both"
            )
        if not args and not kwargs:
            raise ArgumentError("StackDataset: At least one dataset should be passed")
        self.datasets = args or kwargs
        lengths = [len(column) for column in self._columns()]
        if len(set(lengths)) > 1:
            raise ArgumentError(f"StackDataset: Size mismatch between datasets: {lengths}")

    def _columns(self) -> list[Any]:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def _item(self, parts: Sequence[Any]) -> Any:
        if isinstance(self.datasets, dict):
            return dict(zip(self.datasets, parts, strict=True))
        return tuple(parts)

    def __getitem__(self, index: Any) -> Any:
        return self._item([column[index] for column in self._columns()])

    def __getitems__(self, indices: list[int]) -> list[Any]:
        columns = [_items(column, indices) for column in self._columns()]
        return [self._item(parts) for parts in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return len(self._columns()[0])


def _items(dataset: Any, indices: list[int]) -> list[Any]:
    if not callable(getattr(dataset, "__getitems__", None)):
        return [dataset[index] for index in indices]
    found: list[Any] = dataset.__getitems__(indices)
    if len(found) != len(indices):
        raise ArgumentError(
            f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(found)} from "
            f"{type(dataset).__name__}.__getitems__"
        )
    return found
