"""Normalising activations and vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ShapeError
from graphnn.ir.dtypes import limits
from graphnn.nn.functional.padding import pad
from graphnn.ops.batch_norm import batch_norm as batch_norm_op
from graphnn.ops.group_norm import group_norm as group_norm_op
from graphnn.ops.instance_norm import instance_norm as instance_norm_op
from graphnn.ops.layer_norm import layer_norm as layer_norm_op
from graphnn.ops.layer_norm import rms_norm as rms_norm_op
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


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalises each channel of each sample by its own statistics, which move the running ones, or by those."""
    if use_input_stats:
        if math.prod(input.shape[2:]) == 1:
            raise ShapeError(f"Expected more than 1 spatial element when training, got input size {list(input.shape)}")
        _move_running(input, running_mean, running_var, momentum)
        running_mean = running_var = None
    out: Tensor = instance_norm_op(
        input, running_mean, running_var, weight, bias, use_input_stats=use_input_stats, eps=eps
    )[0]
    return out


def _move_running(input: Tensor, mean: Tensor | None, var: Tensor | None, momentum: float) -> None:
    """Towards the mean over the samples."""
    dims = tuple(range(2, input.ndim))
    with no_grad():
        if mean is not None:
            mean.copy_(mean * (1 - momentum) + input.mean(dims).mean(0) * momentum)
        if var is not None:
            var.copy_(var * (1 - momentum) + input.var(dims).mean(0) * momentum)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalises over the last dimensions, whose sizes are `normalized_shape`."""
    out: Tensor = layer_norm_op(input, weight, bias, normalized_shape=tuple(normalized_shape), eps=eps)[0]
    return out


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Normalises the channels (dimension 1) of each sample in groups."""
    if input.ndim >= 2 and num_groups > 0:
        rows = input.shape[0] * input.shape[1] // num_groups
        if rows * math.prod(input.shape[2:]) == 1:
            size = [rows, num_groups, *input.shape[2:]]
            raise ShapeError(f"Expected more than 1 value per channel when training, got input size {size}")
    out: Tensor = group_norm_op(input, weight, bias, num_groups=num_groups, eps=eps)[0]
    return out


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divides by the root of the mean square over the last dimensions; `eps` is the dtype's unless given."""
    if eps is None:
        eps = float(limits(input.dtype).eps)
    out: Tensor = rms_norm_op(input, weight, normalized_shape=tuple(normalized_shape), eps=eps)[0]
    return out


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha * m) ** beta, where m is the mean of squares over `size` neighbouring channels, zeros beyond."""
    if input.ndim < 3:
        raise ShapeError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    if input.numel() == 0:
        return input
    padding = (0, 0) * (input.ndim - 2) + (size // 2, (size - 1) // 2)
    squares = pad(input * input, padding)
    channels = input.shape[1]
    total = sum((squares.narrow(1, i, channels) for i in range(1, size)), squares.narrow(1, 0, channels))
    return input / (total * (alpha / size) + k) ** beta  # type: ignore[no-any-return]


def normalize(
    input: Tensor, p: float = 2.0, dim: int | Sequence[int] = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """x / max(norm of x along dim, eps)."""
    found: Tensor = input / input.norm(p, dim, True).clamp(min=eps)
    return found if out is None else out.copy_(found)
