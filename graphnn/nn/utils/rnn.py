"""Batches of sequences of several lengths: padded, packed, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError, ShapeError
from graphnn.nn.utils.packed_sequence import PackedSequence, invert_permutation, make_packed
from graphnn.ops.joining import pad as pad_op
from graphnn.ops.packing import pack_padded_sequence as pack_op
from graphnn.ops.packing import pad_packed_sequence as pad_packed_op
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.joining import stack
from graphnn.tensor.tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """The first `lengths[b]` steps of each sequence b of a padded batch (T, B, *), or (B, T, *) with `batch_first`.

    Lengths fall along the batch unless `enforce_sorted` is False. While tracing give them as a list: how many rows come
    out depends on them.
    """
    found = _lengths(lengths)
    order = None if enforce_sorted else np.argsort(-found, kind="stable")
    if order is not None:
        found = found[order]
        input = input.index_select(0 if batch_first else 1, of_numpy(order))
    padded = input.transpose(0, 1) if batch_first else input
    _check_lengths(found, padded)
    sizes = _batch_sizes(found)
    return make_packed(pack_op(padded, batch_sizes=sizes), sizes, order)


def _lengths(lengths: Any) -> np.ndarray:
    given = lengths.values("read as lengths of sequences") if isinstance(lengths, Tensor) else lengths
    found = np.asarray(given, np.int64)
    if found.ndim != 1:
        raise ArgumentError(f"'lengths' argument should be a 1D CPU int64 tensor, but got a {found.ndim}D one")
    return found


def _check_lengths(lengths: np.ndarray, padded: Tensor) -> None:
    """`padded` is (T, B, *)."""
    steps, batch = padded.shape[:2]
    if padded.numel() == 0:
        raise ShapeError("Cannot pack empty tensors.")
    if len(lengths) != batch:
        raise ArgumentError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={batch})"
        )
    if lengths.min() <= 0:
        raise ArgumentError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if np.any(lengths[1:] > lengths[:-1]):
        raise ArgumentError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence."
        )
    if lengths[0] > steps:
        raise ArgumentError(f"a sequence of length {lengths[0]} asked for, but the padded batch has {steps} steps")


def _batch_sizes(lengths: np.ndarray) -> tuple[int, ...]:
    """How many of the falling lengths each step is within."""
    return tuple((lengths[None, :] > np.arange(lengths[0])[:, None]).sum(axis=1).tolist())


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The padded batch (T, B, *), or (B, T, *) with `batch_first`, and the lengths, in the order before packing."""
    sizes = sequence.sizes
    longest = len(sizes)
    if total_length is not None and total_length < longest:
        raise ArgumentError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    length = total_length or longest
    value = sequence.data.dtype.numpy.type(padding_value).item()
    padded = pad_packed_op(sequence.data, batch_sizes=sizes, length=length, batch=sizes[0], padding_value=value)
    lengths = of_numpy((np.array(sizes)[:, None] > np.arange(sizes[0])).sum(axis=0).astype(np.int64))
    padded = padded.transpose(0, 1) if batch_first else padded
    if sequence.unsorted_indices is None:
        return padded, lengths
    back = sequence.unsorted_indices
    return padded.index_select(0 if batch_first else 1, back), lengths[back]


def pad_sequence(
    sequences: Tensor | Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Tensors (L, *) made as long as the longest and stacked: (T, B, *), or (B, T, *) with `batch_first`."""
    listed = _listed(sequences)
    if padding_side not in ("left", "right"):
        raise ArgumentError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    _check_fit(listed)
    longest = max(s.shape[0] for s in listed)
    padded = [_padded(s, longest - s.shape[0], padding_value, padding_side) for s in listed]
    return stack(padded, 0 if batch_first else 1)  # type: ignore[no-any-return]


def _listed(sequences: Any) -> list[Tensor]:
    if isinstance(sequences, Tensor):
        return list(sequences.unbind(0))
    try:
        found = list(sequences)
    except TypeError:
        raise ArgumentError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        ) from None
    if not found:
        raise ArgumentError("received an empty list of sequences")
    return found


def _check_fit(sequences: list[Tensor]) -> None:
    first = sequences[0].shape[1:]
    for i, sequence in enumerate(sequences):
        if sequence.shape[1:] != first:
            raise ShapeError(
                f"pad_sequence: sequences may differ in their first dimension only, got {sequences[0].tensor_type} at entry 0 "
                f"and {sequence.tensor_type} at entry {i}"
            )


def _padded(sequence: Tensor, count: int, value: float, side: str) -> Tensor:
    if count == 0:
        return sequence
    along = (count, 0) if side == "left" else (0, count)
    number = sequence.dtype.numpy.type(value).item()
    found: Tensor = pad_op(sequence, padding=(along, *(((0, 0),) * (sequence.ndim - 1))), value=number)
    return found


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, each of its own length."""
    padded = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    found = _lengths(lengths).tolist()
    if len(found) != padded.shape[0]:
        raise ArgumentTypeError(f"unpad_sequence: got {len(found)} lengths for {padded.shape[0]} sequences")
    return [padded[i, :length] for i, length in enumerate(found)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs tensors (L, *), the longest first unless `enforce_sorted` is False."""
    lengths = [s.shape[0] for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The tensors that were packed, in their order."""
    padded, _ = pad_packed_sequence(packed_sequences, batch_first=True)
    sizes = np.array(packed_sequences.sizes)
    lengths = (sizes[:, None] > np.arange(sizes[0])).sum(axis=0)
    order = packed_sequences.order
    return unpad_sequence(padded, lengths if order is None else lengths[order], batch_first=True)
