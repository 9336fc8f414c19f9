"""Connectionist temporal classification as a function."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.errors import DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.nn.functional.arguments import reduction_name
from graphnn.nn.functional.loss import reduced
from graphnn.ops.ctc import ctc_loss as ctc_op
from graphnn.tensor.creation import tensor
from graphnn.tensor.tensor import Tensor

Lengths = Tensor | Sequence[int] | int


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Of log_probs (T, N, C) or (T, C), and targets (N, S) or all in one row; the mean is over losses divided by their
    targets' lengths."""
    reduction = reduction_name(reduction)
    steps, labels = _lengths("input_lengths", input_lengths), _lengths("target_lengths", target_lengths)
    alone = log_probs.ndim == 2
    if alone:
        log_probs = log_probs.unsqueeze(1)
    if targets.ndim == 0:
        raise ShapeError("ctc_loss: targets must have one or two dimensions, got one number")
    losses = ctc_op(log_probs, targets, steps, labels, blank=int(blank), zero_infinity=bool(zero_infinity))
    if reduction == "mean":
        return (losses / labels.clamp(min=1).to(log_probs.dtype)).mean()  # type: ignore[no-any-return]
    return losses.squeeze(0) if alone and reduction == "none" else reduced(losses, reduction)


def _lengths(name: str, given: Lengths) -> Tensor:
    found = given if isinstance(given, Tensor) else tensor(given, dtype=dtypes.int64)
    if found.dtype.is_floating_point:
        raise DTypeError(f"{name} must be integral, got {found.dtype!r}; convert with .long()")
    if found.dtype not in (dtypes.int32, dtypes.int64):
        found = found.to(dtypes.int64)
    return found.reshape(1) if found.ndim == 0 else found
