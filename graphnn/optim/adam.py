"""Adam (Kingma and Ba, 2015) and AMSGrad (Reddi et al., 2018)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.ops.power import maximum
from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, as_number, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_betas, check_not_negative, decayed
from graphnn.tensor.tensor import Tensor


class Adam(Optimizer):
    """p -= lr * m / (sqrt(v) + eps), m and v being the running means of g and g², corrected for starting at zero.

    `foreach`, `fused` and `capturable` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
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
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        grad = decayed(group, param, grad)
        beta1, beta2 = group.exact("betas", 0), group.exact("betas", 1)
        self.prepare(group, param)
        state = self.state[param]
        count, mean, square = state["step"], state["exp_avg"], state["exp_avg_sq"]
        count.add_(1)
        mean.mul_(beta1).add_(grad * (1 - beta1))
        square.mul_(beta2).add_(grad * grad * (1 - beta2))
        if group["amsgrad"]:
            square = state["max_exp_avg_sq"].copy_(maximum(state["max_exp_avg_sq"], square))
        steps = as_number(count)
        step_size = group.exact("lr") / (1 - beta1**steps)
        scale = (1 - beta2**steps) ** 0.5
        param.sub_(mean / (square.sqrt() / scale + group.number("eps")) * step_size)

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        state = self.state[param]
        if not state:
            state.update(step=fresh_count(), exp_avg=fresh(param), exp_avg_sq=fresh(param))
        if group["amsgrad"] and "max_exp_avg_sq" not in state:
            state["max_exp_avg_sq"] = fresh(param)
