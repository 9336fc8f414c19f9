"""Losses that compare an input with a target number by number."""

from __future__ import annotations

import math
import warnings

from graphnn.errors import ArgumentError, ShapeError
from graphnn.nn.functional.arguments import reduction_name
from graphnn.nn.functional.loss import l1_loss, reduced, warn_of_broadcasting
from graphnn.ops.activation import log_sigmoid
from graphnn.ops.compare import where
from graphnn.ops.op import builders
from graphnn.ops.pointwise_losses import binary_cross_entropy as bce_op
from graphnn.ops.pointwise_losses import binary_cross_entropy_with_logits as bce_with_logits_op
from graphnn.ops.pointwise_losses import huber_loss as huber_op
from graphnn.ops.pointwise_losses import smooth_l1_loss as smooth_l1_op
from graphnn.ops.pointwise_losses import soft_margin_loss as soft_margin_op
from graphnn.tensor.creation import full_like
from graphnn.tensor.tensor import Tensor


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Squares of differences below `beta`, straight lines beyond; all straight for 0."""
    reduction = reduction_name(reduction, size_average, reduce)
    if beta < 0:
        raise ArgumentError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    warn_of_broadcasting(input, target)
    return smooth_l1_op(input, target, reduction=reduction, beta=float(beta))  # type: ignore[no-any-return]


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """Half the squares of differences below `delta`, straight lines beyond. The mean of weighted losses is over all."""
    reduction = reduction_name(reduction)
    warn_of_broadcasting(input, target)
    if weight is None:
        return huber_op(input, target, reduction=reduction, delta=float(delta))  # type: ignore[no-any-return]
    if weight.shape != input.shape:
        raise ShapeError(f"Weights and input must have the same size: got {weight.shape} and {input.shape}")
    return reduced(huber_op(input, target, reduction="none", delta=float(delta)) * weight, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target * (log(target) - input); "batchmean" divides the sum by the first dimension, as the definition has it."""
    by_batch = reduction == "batchmean" and size_average is None and reduce is None
    if not by_batch:
        reduction = reduction_name(reduction, size_average, reduce)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition. 'mean' will be changed to behave the "
            "same as 'batchmean' in the next major release.",
            stacklevel=3,
        )
    losses = target.exp() * (target - input) if log_target else x_log_x(target) - target * input
    if not by_batch:
        return reduced(losses, reduction)
    total = losses.sum()
    return total / input.shape[0] if input.ndim else total  # type: ignore[no-any-return]


def x_log_x(x: Tensor) -> Tensor:
    """x * log(x), and 0 at 0."""
    zero = x == 0
    return where(zero, 0.0, x * where(zero, 1.0, x).log())  # type: ignore[no-any-return]


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Of probabilities; the logarithms are at least -100."""
    reduction = reduction_name(reduction, size_average, reduce)
    return bce_op(input, target, weight, reduction=reduction)  # type: ignore[no-any-return]


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Of logits; `pos_weight` weighs the positive part of each class."""
    reduction = reduction_name(reduction, size_average, reduce)
    return bce_with_logits_op(input, target, weight, pos_weight, reduction=reduction)  # type: ignore[no-any-return]


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target * input)) for targets 1 and -1."""
    reduction = reduction_name(reduction, size_average, reduce)
    return soft_margin_op(input, target, reduction=reduction)  # type: ignore[no-any-return]


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes (the last dimension) of binary cross-entropies of logits."""
    reduction = reduction_name(reduction, size_average, reduce)
    losses = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduced(losses.sum(dim=input.ndim - 1) / input.shape[-1], reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of counts; `full` adds Stirling's approximation of log(target!) for targets above 1."""
    reduction = reduction_name(reduction, size_average, reduce)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        large = where(target > 1, target, 2.0)
        stirling = large * large.log() - large + 0.5 * (large * (2 * math.pi)).log()
        losses = losses + where(target > 1, stirling, 0.0)
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood under normal distributions, variances being at least `eps`: which their gradients ignore."""
    variance = full_like(input, var) if isinstance(var, float) else var
    if not builders.stack and variance.numel() and bool((variance < 0).any()):
        raise ArgumentError("var has negative entry/entries")
    if tuple(variance.shape) != tuple(input.shape):
        variance = _fitted(variance, input)
    if reduction not in ("none", "mean", "sum"):
        raise ArgumentError(f"{reduction} is not valid")
    variance = variance + (variance.clamp(min=eps) - variance).detach()
    losses = 0.5 * (variance.log() + (input - target) ** 2 / variance)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)


def _fitted(variance: Tensor, input: Tensor) -> Tensor:
    """The variances in a shape that broadcasts: one for each row of the last dimension, or along one dimension."""
    if tuple(input.shape[:-1]) == tuple(variance.shape):
        return variance.unsqueeze(-1)  # type: ignore[no-any-return]
    if input.ndim == variance.ndim:
        unlike = [b for a, b in zip(input.shape, variance.shape, strict=True) if a != b]
        if sum(unlike) == 1:
            return variance
    raise ShapeError(f"var is of incorrect size: got {list(variance.shape)} for the input {list(input.shape)}")
