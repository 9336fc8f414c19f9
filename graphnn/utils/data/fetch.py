"""Reading one batch (or one item, where there are no batches) of a dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graphnn.errors import DataLoaderError
from graphnn.utils.data.dataset import IterableDataset

END = object()  # what a fetcher gives when its stream has no more


@dataclass(frozen=True)
class Reading:
    """How a loader reads: the dataset, whether in batches, and what is made of them."""

    dataset: Any
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool

    def fetcher(self) -> Callable[[Any], Any]:
        """A function from what the sampler gave to what the loader gives; streams begin anew with it."""
        if not isinstance(self.dataset, IterableDataset):
            return self.read
        stream = iter(self.dataset)
        return lambda index: self.read_stream(stream, index)

    def read(self, index: Any) -> Any:
        try:
            return self.collate_fn(self._items(index))
        except StopIteration as error:
            raise DataLoaderError(
                f"the dataset raised StopIteration for {index}, which would end the loop over the loader unseen"
            ) from error

    def _items(self, index: Any) -> Any:
        if not self.batched:
            return self.dataset[index]
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.dataset.__getitems__(index)
        return [self.dataset[i] for i in index]

    def read_stream(self, stream: Any, index: Any) -> Any:
        if not self.batched:
            item = next(stream, END)
            return item if item is END else self.collate_fn(item)
        items = list(islice(stream, len(index)))
        if not items or (self.drop_last and len(items) < len(index)):
            return END
        return self.collate_fn(items)
