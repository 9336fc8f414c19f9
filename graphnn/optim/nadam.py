"""NAdam: Adam with Nesterov's momentum (Dozat, 2016), whose momentum grows along a schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.ops.power import pow as pow_
from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, as_number, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_betas, check_not_negative, decayed, move
from graphnn.tensor.tensor import Tensor


class NAdam(Optimizer):
    """p -= lr * (the gradient and the momentum of the next step, each corrected for starting at zero) / (sqrt(v) + eps).

    `foreach` and `capturable` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("epsilon value", eps)
        check_betas(betas)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("momentum_decay value", momentum_decay)
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        beta1, beta2, lr = group.exact("betas", 0), group.exact("betas", 1), group.exact("lr")
        self.prepare(group, param)
        state = self.state[param]
        steps = as_number(state["step"].add_(1))
        grad = decayed(group, param, grad)
        momentum, following = _momentum(group, beta1, steps), _momentum(group, beta1, steps + 1)
        product = as_number(state["mu_product"].mul_(momentum))
        mean = move(state["exp_avg"], grad, beta1)
        square = move(state["exp_avg_sq"], grad * grad, beta2)
        scale = (square / (1 - beta2**steps)).sqrt() + group.number("eps")
        param.sub_(grad / scale * (lr * (1 - momentum) / (1 - product)))
        param.sub_(mean / scale * (lr * following / (1 - product * following)))

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        state = self.state[param]
        if not state:
            state.update(step=fresh_count(), mu_product=fresh_count().fill_(1.0))
            state.update(exp_avg=fresh(param), exp_avg_sq=fresh(param))


def _momentum(group: ParamGroup, beta: Any, step: Any) -> Any:
    return beta * (1 - 0.5 * pow_(0.96, step * group.exact("momentum_decay")))
