"""Adamax: Adam by the infinity norm (Kingma and Ba, 2015, section 7.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.ops.power import maximum
from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, as_number, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_betas, check_not_negative, decayed, move
from graphnn.tensor.tensor import Tensor


class Adamax(Optimizer):
    """p -= lr * m / u, u being the greatest gradient seen, fading by beta2 a step.

    `foreach` and `capturable` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("epsilon value", eps)
        check_betas(betas)
        check_not_negative("weight_decay value", weight_decay)
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        beta1, beta2 = group.exact("betas", 0), group.number("betas", 1)
        self.prepare(group, param)
        state = self.state[param]
        steps = as_number(state["step"].add_(1))
        grad = decayed(group, param, grad)
        mean = move(state["exp_avg"], grad, beta1)
        largest = state["exp_inf"]
        largest.copy_(maximum(largest * beta2, grad.abs() + group.number("eps")))
        param.sub_(mean / largest * (group.exact("lr") / (1 - beta1**steps)))

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        if not self.state[param]:
            self.state[param].update(step=fresh_count(), exp_avg=fresh(param), exp_inf=fresh(param))
