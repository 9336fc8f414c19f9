"""Looking up rows, and the opposite."""

from __future__ import annotations

from graphnn.errors import ArgumentError, DTypeError, UnsupportedError
from graphnn.ir import dtypes
from graphnn.ops.embedding import embedding as embedding_op
from graphnn.ops.gathering import one_hot as one_hot_op
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
    """The rows of `weight` at the indices; the row at `padding_idx` gets no gradient."""
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise UnsupportedError("embedding: max_norm, scale_grad_by_freq and sparse are not served; leave them out")
    rows = weight.shape[0]
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise ArgumentError(
                f"Padding_idx must be within num_embeddings: got {padding_idx}, the weight has {rows} rows"
            )
        padding_idx %= rows
    return embedding_op(input, weight, padding_idx=padding_idx)  # type: ignore[no-any-return]


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Zeros with a one at each index, along a new last dimension; -1 classes are as many as the indices ask for."""
    if tensor.dtype is not dtypes.int64:
        raise DTypeError(f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype}")
    if num_classes == -1:
        num_classes = int(tensor.max().item()) + 1
    return one_hot_op(tensor, num_classes=num_classes)  # type: ignore[no-any-return]
