"""Rprop (Riedmiller and Braun, 1993)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.ops.compare import where
from graphnn.ops.power import maximum, minimum
from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_not_negative, directed
from graphnn.tensor.tensor import Tensor


class Rprop(Optimizer):
    """Each number has a step of its own, longer while its gradient's sign stays, shorter when it turns; gradients' sizes do
    not matter, and what has just turned waits.

    `foreach` and `capturable` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ArgumentError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        self.prepare(group, param)
        state = self.state[param]
        state["step"].add_(1)
        grad = directed(group, grad)
        turned = grad * state["prev"]
        size = state["step_size"]
        longer, shorter = size * group.number("etas", 1), size * group.number("etas", 0)
        chosen = where(turned > 0, longer, where(turned < 0, shorter, size))
        chosen = maximum(chosen, group.number("step_sizes", 0))
        size.copy_(minimum(chosen, group.number("step_sizes", 1)))
        grad = where(turned < 0, 0.0, grad)
        param.sub_(grad.sign() * size)
        state["prev"].copy_(grad)

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        if not self.state[param]:
            size = fresh(param).fill_(group["lr"])
            self.state[param].update(step=fresh_count(), prev=fresh(param), step_size=size)
