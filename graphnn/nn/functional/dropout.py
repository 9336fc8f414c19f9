"""Dropping activations at random: single elements, or whole channels."""

from __future__ import annotations

import math
import warnings

from graphnn.errors import ArgumentError
from graphnn.ops.dropout import dropout as dropout_op
from graphnn.tensor.creation import ones
from graphnn.tensor.random import reserve
from graphnn.tensor.tensor import Tensor

SATURATION = -1.7580993408473766  # what SELU gives for minus infinity


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zeroes each element with probability `p` and scales the others by 1 / (1 - p)."""
    _check(p)
    if not training or p == 0.0:
        return input
    rng, offset = reserve(input.numel())
    out: Tensor = dropout_op(input, rng, p=float(p), offset=offset)[0]
    return input.copy_(out) if inplace else out


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zeroes whole channels of (N, C, L) or (C, L)."""
    _check(p)
    if input.ndim not in (2, 3):
        raise _wrong_rank(f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input.", "1-D", input)
    return _channels(input, p, training, inplace, batched=input.ndim == 3)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zeroes whole channels of (N, C, H, W); of (N, C, L) too, for which dropout1d is meant."""
    _check(p)
    if input.ndim not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {input.ndim}-D input to dropout2d, which is deprecated and will result in an error "
            "in a future release.",
            stacklevel=2,
        )
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim.",
            stacklevel=2,
        )
    return _channels(input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zeroes whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    _check(p)
    if input.ndim not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {input.ndim}-D input to dropout3d, which is deprecated and will result in an error "
            "in a future release.",
            stacklevel=2,
        )
    return _channels(input, p, training, inplace, batched=input.ndim != 4)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """In training, sets elements to SELU's lower bound at random, and keeps mean 0 and variance 1."""
    _check(p)
    return _alpha(input, p, tuple(input.shape), inplace) if training and p > 0 else input


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """The same for whole channels."""
    _check(p)
    return _alpha(input, p, _channel_shape(input), inplace) if training and p > 0 else input


def _check(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"dropout probability has to be between 0 and 1, but got {p}")


def _wrong_rank(message: str, what: str, input: Tensor) -> ArgumentError:
    return ArgumentError(f"{message} {what} dropout zeroes channels, got the size {list(input.shape)}")


def _channel_shape(input: Tensor) -> tuple[int, ...]:
    if input.ndim < 2:
        raise ArgumentError("Feature dropout requires at least 2 dimensions in the input")
    return (*input.shape[:2], *(1,) * (input.ndim - 2))


def _noise(input: Tensor, p: float, shape: tuple[int, ...]) -> Tensor:
    """Zeros with probability p, else 1 / (1 - p)."""
    rng, offset = reserve(math.prod(shape))
    return dropout_op(ones(shape, dtype=input.dtype), rng, p=float(p), offset=offset)[0]  # type: ignore[no-any-return]


def _channels(input: Tensor, p: float, training: bool, inplace: bool, batched: bool = True) -> Tensor:
    if not training or p == 0.0:
        return input
    if not batched:
        out = _channels(input.unsqueeze(0), p, training, False).squeeze(0)
    else:
        out = input * _noise(input, p, _channel_shape(input))
    return input.copy_(out) if inplace else out  # type: ignore[no-any-return]


def _alpha(input: Tensor, p: float, shape: tuple[int, ...], inplace: bool) -> Tensor:
    """Dropped to the bound, then scaled and shifted. (G. Klambauer et al., Self-Normalizing Neural Networks, 2017.)"""
    if p == 1.0:
        out = input * 0.0
    else:
        scale = 1.0 / math.sqrt((SATURATION**2 * p + 1.0) * (1.0 - p))
        kept = _noise(input, p, shape) * (1.0 - p)
        shift = (kept - 1.0) * (-SATURATION * scale) + SATURATION * scale * -p
        out = input * (kept * scale) + shift
    return input.copy_(out) if inplace else out  # type: ignore[no-any-return]
