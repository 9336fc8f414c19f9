"""Cross-entropy of a linear layer's output, the layer being a part of the loss."""

from __future__ import annotations

import dataclasses
import math
import warnings

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.nn.functional.conv import linear
from graphnn.nn.functional.loss import cross_entropy
from graphnn.tensor.tensor import Tensor

POLICIES = ("auto", "accurate", "balanced", "compact")


@dataclasses.dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How PyTorch cuts the batch into pieces, to hold less memory. They are checked and kept, and change no numbers:
    here the whole batch is one piece, whose memory the plan shares with other values."""

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: DType | None = None

    def __post_init__(self) -> None:
        if self.acc_policy not in POLICIES:
            raise ArgumentError(f"invalid acc_policy: {self.acc_policy!r}; use one of {', '.join(POLICIES)}")
        if not _is_method(self.chunking_method):
            raise ArgumentError(
                f"invalid chunking_method: {self.chunking_method!r}; use 'auto', 'aspect_ratio', 'aspect_ratio:N' or None"
            )
        size = self.batch_chunk_size
        if size is not None and (not isinstance(size, int) or size <= 0):
            raise ArgumentError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype is not None and not self.acc_dtype.is_floating_point:
            raise ArgumentError(f"acc_dtype must be a floating-point dtype or None, got {self.acc_dtype!r}")


def _is_method(method: str | None) -> bool:
    if method in (None, "auto", "aspect_ratio"):
        return True
    name, _, factor = str(method).partition(":")
    return name == "aspect_ratio" and factor.isdigit() and int(factor) > 0


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Tensor:
    """cross_entropy(linear(input, linear_weight, linear_bias), target): the weight is (C, in) or (C, d1, ..., in), which
    gives the logits the shape (N, C, d1, ...). `options` are PyTorch's and have no effect."""
    _require_fit(input, linear_weight, linear_bias)
    inner, features = tuple(linear_weight.shape[:-1]), linear_weight.shape[-1]
    shape = (*input.shape[:-1], *inner)
    if tuple(target.shape) == shape and ignore_index is not None:
        raise ArgumentError("ignore_index cannot be specified when target contains probabilities")
    if options is not None and (len(inner) > 1 or label_smoothing != 0.0 or target.dtype is not dtypes.int64):
        warnings.warn(
            "linear_cross_entropy: options ignored; PyTorch's chunked path needs class indices, no label smoothing and "
            f"out_features == (). Got label_smoothing={label_smoothing}, target.dtype={target.dtype!r}, "
            f"out_features={inner[1:]}.",
            stacklevel=2,
        )
    rows = math.prod(inner)
    bias = None if linear_bias is None else linear_bias.reshape(rows)
    logits = linear(input, linear_weight.reshape(rows, features), bias).reshape(shape)
    return cross_entropy(
        logits,
        target,
        weight,
        ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


def _require_fit(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if input.ndim not in (1, 2):
        raise ShapeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if weight.ndim < 2:
        raise ShapeError(f"expected linear_weight with dimensionality at least 2, got {weight.ndim}")
    if input.shape[-1] != weight.shape[-1]:
        raise ShapeError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {input.shape[-1]} and {weight.shape[-1]}, respectively"
        )
    if bias is not None and tuple(bias.shape) != tuple(weight.shape[:-1]):
        raise ShapeError(f"expected linear_bias shape {tuple(weight.shape[:-1])}, got {tuple(bias.shape)}")
    if weight.ndim > 2 and input.ndim == 1:
        raise ShapeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(weight.shape)} requires batched input, "
            f"(N, {input.shape[-1]}), got unbatched input with shape {tuple(input.shape)}"
        )
