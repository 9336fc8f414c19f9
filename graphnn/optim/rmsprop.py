"""RMSprop (Tieleman and Hinton, 2012), plain, centered (Graves, 2013), and with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_not_negative, decayed, move
from graphnn.tensor.tensor import Tensor


class RMSprop(Optimizer):
    """p -= lr * g / (sqrt(mean of g²) + eps); centered: the mean's own square is taken off. Momentum is of the quotients.

    `foreach` and `capturable` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("epsilon value", eps)
        check_not_negative("momentum value", momentum)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("alpha value", alpha)
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        alpha = group.exact("alpha")
        self.prepare(group, param)
        state = self.state[param]
        state["step"].add_(1)
        grad = decayed(group, param, grad)
        square = move(state["square_avg"], grad * grad, alpha)
        if group["centered"]:
            mean = move(state["grad_avg"], grad, alpha)
            square = square - mean * mean
        step = grad / (square.sqrt() + group.number("eps"))
        if group["momentum"] > 0:
            step = state["momentum_buffer"].mul_(group.number("momentum")).add_(step)
        param.sub_(step * group.number("lr"))

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        state = self.state[param]
        if not state:
            state.update(step=fresh_count(), square_avg=fresh(param))
        if group["momentum"] > 0 and "momentum_buffer" not in state:
            state["momentum_buffer"] = fresh(param)
        if group["centered"] and "grad_avg" not in state:
            state["grad_avg"] = fresh(param)
