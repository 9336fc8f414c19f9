"""Losses."""

from __future__ import annotations

import warnings

from graphnn.errors import ShapeError
from graphnn.nn.functional.arguments import reduction_name
from graphnn.ops.cross_entropy import cross_entropy as cross_entropy_op
from graphnn.ops.losses import mse_loss as mse_loss_op
from graphnn.ops.losses import nll_loss as nll_loss_op
from graphnn.tensor.tensor import Tensor


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(input - target)²."""
    reduction = reduction_name(reduction, size_average, reduce)
    warn_of_broadcasting(input, target)
    if weight is None:
        return mse_loss_op(input, target, reduction=reduction)  # type: ignore[no-any-return]
    return _weighted(mse_loss_op(input, target, reduction="none"), weight, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|input - target|."""
    reduction = reduction_name(reduction, size_average, reduce)
    warn_of_broadcasting(input, target)
    distance = (input - target).abs()
    return reduced(distance, reduction) if weight is None else _weighted(distance, weight, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Of logits (N, C, …) or (C): targets are class indices, or probabilities of the input's shape."""
    reduction = reduction_name(reduction, size_average, reduce)
    loss: Tensor = cross_entropy_op(
        input, target, weight, reduction=reduction, ignore_index=ignore_index, label_smoothing=float(label_smoothing)
    )[0]
    return loss


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Of log-probabilities (N, C, …) or (C) and class indices."""
    reduction = reduction_name(reduction, size_average, reduce)
    loss: Tensor = nll_loss_op(input, target, weight, reduction=reduction, ignore_index=ignore_index)[0]
    return loss


def _weighted(distance: Tensor, weight: Tensor, reduction: str) -> Tensor:
    """The mean of weighted losses is divided by the sum of the weights, as in PyTorch."""
    if weight.shape != distance.shape:
        raise ShapeError(f"Weights and input must have the same size: got {weight.shape} and {distance.shape}")
    weighted = distance * weight
    if reduction == "mean":
        return weighted.sum() / weight.sum()  # type: ignore[no-any-return]
    return reduced(weighted, reduction)


def reduced(distance: Tensor, reduction: str) -> Tensor:
    return distance.mean() if reduction == "mean" else distance.sum() if reduction == "sum" else distance


def warn_of_broadcasting(input: Tensor, target: Tensor) -> None:
    if target.shape != input.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
