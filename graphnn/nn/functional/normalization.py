"""Normalising activations and vectors."""

from __future__ import annotations

import math

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ShapeError
from graphnn.ops.batch_norm import batch_norm as batch_norm_op
from graphnn.tensor.tensor import Tensor


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalises each channel (dimension 1): with the batch's statistics in training, which move the running ones."""
    if training:
        require_several(input)
    out, _, _, new_mean, new_var = batch_norm_op(
        input, running_mean, running_var, weight, bias, training=training, momentum=momentum, eps=eps
    )
    if training and running_mean is not None and running_var is not None:
        with no_grad():
            running_mean.copy_(new_mean)
            running_var.copy_(new_var)
    return out  # type: ignore[no-any-return]


def require_several(input: Tensor) -> None:
    """One value a channel has no variance."""
    if math.prod(input.shape[:1] + input.shape[2:]) == 1:
        raise ShapeError(f"Expected more than 1 value per channel when training, got input size {input.shape}")


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(norm of x along dim, eps)."""
    return input / _norm(input, p, dim).clamp(min=eps)  # type: ignore[no-any-return]


def _norm(input: Tensor, p: float, dim: int) -> Tensor:
    if p == 2:
        return (input * input).sum(dim, keepdim=True).sqrt()  # type: ignore[no-any-return]
    if p == 1:
        return input.abs().sum(dim, keepdim=True)  # type: ignore[no-any-return]
    if p == math.inf:
        return input.abs().amax(dim, keepdim=True)  # type: ignore[no-any-return]
    return (input.abs() ** p).sum(dim, keepdim=True) ** (1.0 / p)  # type: ignore[no-any-return]
