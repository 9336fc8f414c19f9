"""The packed sequence: sequences of several lengths as the rows of all time steps, one after the other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir import dtypes
from graphnn.tensor.creation import arange, empty_like, of_numpy
from graphnn.tensor.tensor import Tensor
from graphnn.tracing.trees import register_container


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """`data` (N, *) has the rows of step 0, then those of step 1, …; `batch_sizes[t]` says how many step t has.

    Sequences are in the order of falling length: `sorted_indices` says which came where, `unsorted_indices` undoes it;
    both are None where they were sorted already. Made by `pack_sequence` and `pack_padded_sequence`. Compiled functions
    and traces take the batch sizes for constants: other ones have another plan.
    """

    _sizes: tuple[int, ...] | None = None  # what batch_sizes and unsorted_indices hold, once known
    _order: np.ndarray | None = None

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        """Also of a pair (data, batch_sizes)."""
        if batch_sizes is None:
            if not (isinstance(data, list | tuple) and len(data) == 2):
                raise ArgumentError("PackedSequence: give data and batch_sizes, or a pair of them")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The batch sizes as numbers."""
        if self._sizes is None:
            self._sizes = tuple(self.batch_sizes.values("read as batch sizes").tolist())
        return self._sizes

    @property
    def order(self) -> np.ndarray | None:
        """Where each of the original sequences stands among the sorted ones; None where they were sorted."""
        if self._order is None and self.unsorted_indices is not None:
            self._order = self.unsorted_indices.values("read as an order of sequences")
        return self._order

    def with_data(self, data: Tensor) -> PackedSequence:
        """Other data in the same arrangement."""
        made = PackedSequence(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)
        made._sizes, made._order = self._sizes, self._order
        return made

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With the data converted; itself where that changes nothing."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self.with_data(data)

    def cpu(self) -> PackedSequence:
        return self

    def cuda(self, device: Any = None) -> PackedSequence:
        return self.with_data(self.data.cuda() if device is None else self.data.cuda(device))

    def double(self) -> PackedSequence:
        return self.to(dtypes.float64)

    def float(self) -> PackedSequence:
        return self.to(dtypes.float32)

    def half(self) -> PackedSequence:
        return self.to(dtypes.float16)

    def bfloat16(self) -> PackedSequence:
        return self.to(dtypes.bfloat16)

    def long(self) -> PackedSequence:
        return self.to(dtypes.int64)

    def int(self) -> PackedSequence:
        return self.to(dtypes.int32)

    def short(self) -> PackedSequence:
        return self.to(dtypes.int16)

    def char(self) -> PackedSequence:
        return self.to(dtypes.int8)

    def byte(self) -> PackedSequence:
        return self.to(dtypes.uint8)

    def pin_memory(self) -> PackedSequence:
        """Itself: there is no other memory to copy to."""
        return self

    def is_pinned(self) -> bool:
        return False

    @property
    def is_cuda(self) -> bool:
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes this one: where each number stands in it."""
    if permutation is None:
        return None
    places = arange(permutation.numel(), dtype=permutation.dtype)
    return empty_like(permutation).scatter(0, permutation, places)  # type: ignore[no-any-return]


def make_packed(data: Tensor, sizes: tuple[int, ...], order: np.ndarray | None) -> PackedSequence:
    """A packed sequence whose batch sizes and sorted indices are known numbers."""
    if order is None:
        return _put_together((data, None, None), sizes)
    back = np.argsort(order)
    made = _put_together((data, of_numpy(order), of_numpy(back)), sizes)
    made._order = back
    return made


def _take_apart(packed: PackedSequence) -> Any:
    return (packed.data, packed.sorted_indices, packed.unsorted_indices), packed.sizes


def _put_together(parts: tuple[Any, ...], sizes: tuple[int, ...]) -> PackedSequence:
    data, *indices = parts
    made = PackedSequence(data, of_numpy(np.array(sizes, np.int64)), *indices)
    made._sizes = sizes
    return made


register_container(PackedSequence, _take_apart, _put_together)
