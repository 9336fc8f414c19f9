"""Terms that many optimizers share: checks of hyper-parameters, decayed gradients, running means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.ops.power import maximum, minimum
from graphnn.optim.groups import ParamGroup
from graphnn.tensor.tensor import Tensor


def check_not_negative(what: str, value: float) -> None:
    if not value >= 0.0:
        raise ArgumentError(f"Invalid {what}: {value}")


def check_betas(betas: Sequence[float]) -> None:
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ArgumentError(f"Invalid beta parameter at index {i}: {beta}")


def directed(group: ParamGroup, grad: Tensor) -> Tensor:
    """The gradient of what is made small."""
    return -grad if group["maximize"] else grad


def decayed(group: ParamGroup, param: Tensor, grad: Tensor) -> Tensor:
    """The gradient with the weight decay in it; the decoupled kind shrinks the parameter at once instead."""
    grad = directed(group, grad)
    if group["weight_decay"] == 0:
        return grad
    if group.get("decoupled_weight_decay"):
        shrink(group, param)
        return grad
    return grad + param * group.number("weight_decay")  # type: ignore[no-any-return]


def shrink(group: ParamGroup, param: Tensor) -> None:
    """Decoupled weight decay (Loshchilov and Hutter, 2019)."""
    param.mul_(1 - group.exact("lr") * group.exact("weight_decay"))


def move(mean: Tensor, value: Tensor, keep: Any) -> Tensor:
    """The running mean, keeping a share of what it was."""
    return mean.mul_(keep).add_(value * (1 - keep))  # type: ignore[no-any-return]


def greatest(a: Any, b: Any) -> Any:
    """Of numbers in eager code, of tensors while tracing."""
    return maximum(a, b) if isinstance(a, Tensor) or isinstance(b, Tensor) else max(a, b)


def least(a: Any, b: Any) -> Any:
    """Of numbers in eager code, of tensors while tracing."""
    return minimum(a, b) if isinstance(a, Tensor) or isinstance(b, Tensor) else min(a, b)
