"""Looking up rows, and the opposite."""

from __future__ import annotations

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError, DTypeError, UnsupportedError
from graphnn.ir import dtypes
from graphnn.ops.compare import where
from graphnn.ops.embedding import embedding as embedding_op
from graphnn.ops.embedding import embedding_grad
from graphnn.ops.embedding_bag import embedding_bag as embedding_bag_op
from graphnn.ops.gathering import one_hot as one_hot_op
from graphnn.tensor.creation import arange, ones
from graphnn.tensor.tensor import Tensor


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` at the indices; the row at `padding_idx` gets no gradient. With `max_norm`, rows that are
    looked up are first scaled down to that norm, in place."""
    refuse_sparse("embedding", sparse)
    padding_idx = _row(padding_idx, weight.shape[0])
    if max_norm is not None:
        _bound_rows(weight, input, max_norm, norm_type)
    return embedding_op(input, weight, padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq)  # type: ignore[no-any-return]


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows in each bag: a row of a 2D input, or what 1D `offsets` start in a 1D one."""
    refuse_sparse("embedding_bag", sparse)
    _check_bags(input, weight, per_sample_weights, mode, scale_grad_by_freq)
    if input.ndim == 2:
        if offsets is not None:
            raise ArgumentError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        offsets = arange(0, input.shape[0] * input.shape[1], max(1, input.shape[1]))[: input.shape[0]]
        include_last_offset = False
        input = input.reshape(-1)
        per_sample_weights = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    if offsets is None or offsets.ndim != 1:
        raise ArgumentError(f"offsets has to be a 1D Tensor but got {None if offsets is None else offsets.tensor_type}")
    padding_idx = _row(padding_idx, weight.shape[0])
    if max_norm is not None:
        _bound_rows(weight, input, max_norm, norm_type)
    out: Tensor = embedding_bag_op(
        weight,
        input,
        offsets,
        per_sample_weights,
        mode=mode,
        include_last_offset=include_last_offset,
        padding_idx=padding_idx,
        scale_grad_by_freq=scale_grad_by_freq,
    )[0]
    return out


def _check_bags(input: Tensor, weight: Tensor, scales: Tensor | None, mode: str, by_frequency: bool) -> None:
    if scales is not None and input.shape != scales.shape:
        raise ArgumentError(
            f"embedding_bag: If per_sample_weights ({scales.shape}) is not None, then it must have the same shape as "
            f"the input ({input.shape})"
        )
    if weight.ndim != 2:
        raise ArgumentError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    if input.ndim not in (1, 2):
        raise ArgumentError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if mode == "max" and by_frequency:
        raise ArgumentError("max mode does not support scaling the gradient by the frequency")
    if scales is not None and mode != "sum":
        raise UnsupportedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
            f"(got mode='{mode}')."
        )


def refuse_sparse(name: str, sparse: bool) -> None:
    """Gradients are dense here."""
    if sparse:
        raise UnsupportedError(f"{name}: gradients are dense; leave sparse=True out")


def _row(padding_idx: int | None, rows: int) -> int | None:
    """The index counted from 0."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise ArgumentError(f"Padding_idx must be within num_embeddings: got {padding_idx}, the weight has {rows} rows")
    return padding_idx % rows


def _bound_rows(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    """Scales the rows at the indices down to the norm, in place and unseen by gradients."""
    with no_grad():
        data = weight.detach()
        asked = embedding_grad(ones(*indices.shape, 1), indices, num_embeddings=weight.shape[0]) > 0
        norms = data.norm(norm_type, 1, True)
        data.mul_(where(asked & (norms > max_norm), max_norm / (norms + 1e-7), 1.0))


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Zeros with a one at each index, along a new last dimension; -1 classes are as many as the indices ask for."""
    if tensor.dtype is not dtypes.int64:
        raise DTypeError(f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype}")
    if num_classes == -1:
        num_classes = int(tensor.max().item()) + 1
    return one_hot_op(tensor, num_classes=num_classes)  # type: ignore[no-any-return]
