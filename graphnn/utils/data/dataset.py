"""What a dataset is: items by index, or items in a stream; and several of them as one."""

from __future__ import annotations

import bisect
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sized
from itertools import accumulate
from typing import Any, Generic, TypeVar

from graphnn.errors import ArgumentError, ArgumentTypeError, IndexOutOfRange, UnsupportedError

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """Items by index. Subclasses define `__getitem__`, and `__len__` for samplers to go by.

    A `__getitems__(indices)`, where there is one, gives the list of a whole batch's items at once.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise UnsupportedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset[Any]) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """Items in a stream. Subclasses define `__iter__`.

    With workers every one of them iterates over the dataset: `get_worker_info()` tells which worker asks, so that
    `__iter__` can give each its share. Workers are threads: all have the same dataset object.
    """

    @abstractmethod
    def __iter__(self) -> Iterator[T_co]: ...

    def __add__(self, other: Dataset[Any]) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class ConcatDataset(Dataset[Any]):
    """The items of several datasets, one dataset after the other; `cumulative_sizes` tells where each ends."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ArgumentError("ConcatDataset: datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise ArgumentTypeError("ConcatDataset does not support IterableDataset: use ChainDataset")
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        if index < -len(self):
            raise ArgumentError(f"absolute value of index should not exceed dataset length: {index}, {len(self)} items")
        if index >= len(self):
            raise IndexOutOfRange(f"ConcatDataset: index {index} is out of range, there are {len(self)} items")
        index %= len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset[Any]):
    """The items of several streams, one stream after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            yield from _checked_stream(dataset)

    def __len__(self) -> int:
        sized: Iterable[Sized] = map(_checked_stream, self.datasets)
        return sum(map(len, sized))


def _checked_stream(dataset: Any) -> Any:
    if isinstance(dataset, IterableDataset):
        return dataset
    raise ArgumentTypeError(f"ChainDataset only supports IterableDataset, not {type(dataset).__name__}")
