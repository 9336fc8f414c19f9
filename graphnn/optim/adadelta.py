"""Adadelta (Zeiler, 2012)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_not_negative, decayed, move
from graphnn.tensor.tensor import Tensor


class Adadelta(Optimizer):
    """p -= lr * g * sqrt(mean of past steps² + eps) / sqrt(mean of g² + eps).

    `foreach` and `capturable` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        if not 0.0 <= rho <= 1.0:
            raise ArgumentError(f"Invalid rho value: {rho}")
        check_not_negative("epsilon value", eps)
        check_not_negative("weight_decay value", weight_decay)
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        rho, eps = group.exact("rho"), group.number("eps")
        self.prepare(group, param)
        state = self.state[param]
        state["step"].add_(1)
        grad = decayed(group, param, grad)
        square = move(state["square_avg"], grad * grad, rho)
        step = (state["acc_delta"] + eps).sqrt() / (square + eps).sqrt() * grad
        move(state["acc_delta"], step * step, rho)
        param.sub_(step * group.number("lr"))

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        if not self.state[param]:
            self.state[param].update(step=fresh_count(), square_avg=fresh(param), acc_delta=fresh(param))
