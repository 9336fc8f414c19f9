"""Clearing a tensor's gradient, for modules and optimizers."""

from __future__ import annotations

from graphnn.autodiff.modes import no_grad
from graphnn.tensor.tensor import Tensor


def clear_grad(param: Tensor, set_to_none: bool) -> None:
    """Drops the gradient, or cuts it from its history and fills it with zeros."""
    if set_to_none:
        param.grad = None
        return
    if param.grad is None:
        return
    if param.grad.grad_fn is not None:
        param.grad = param.grad.detach()
    with no_grad():
        param.grad.zero_()
