"""Parts of a dataset, chosen or drawn."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.tensor.random import Generator
from graphnn.tensor.sampling import randperm
from graphnn.utils.data.dataset import Dataset


class Subset(Dataset[Any]):
    """The items of a dataset at given indices."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise UnsupportedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which data loaders go by; add\n"
                "    def __getitems__(self, indices): return [self[i] for i in indices]"
            )

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        chosen = [self.indices[index] for index in indices]
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.dataset.__getitems__(chosen)  # type: ignore[no-any-return]
        return [self.dataset[index] for index in chosen]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Subsets of the given lengths that together are the dataset in random order.

    Lengths that add up to 1 are fractions; items left over by rounding down go to the first subsets, one each.
    """
    total = len(dataset)
    fractions = math.isclose(sum(lengths), 1) and sum(lengths) <= 1
    counts = _shares(lengths, total) if fractions else [int(length) for length in lengths]
    if sum(lengths if not fractions else counts) != total:
        raise ArgumentError(
            "Sum of input lengths does not equal the length of the input dataset!"
            f" {list(lengths)} add up to {sum(lengths)}, the dataset has {total} items"
        )
    order = randperm(total, generator=generator).tolist()
    ends = accumulate(counts)
    return [Subset(dataset, order[end - count : end]) for count, end in zip(counts, ends, strict=True)]


def _shares(fractions: Sequence[float], total: int) -> list[int]:
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ArgumentError(f"Fraction at index {i} is not between 0 and 1: {fraction}")
    counts = [math.floor(total * fraction) for fraction in fractions]
    for i in range(total - sum(counts)):
        counts[i % len(counts)] += 1
    for i, count in enumerate(counts):
        if count == 0:
            warnings.warn(f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=3)
    return counts
