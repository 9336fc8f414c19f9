"""RAdam: Adam with a rectified step while few gradients were seen (Liu et al., 2020)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.ops.compare import where
from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, as_number, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_betas, check_not_negative, decayed, greatest, move
from graphnn.tensor.tensor import Tensor


class RAdam(Optimizer):
    """p -= lr * r * m / (sqrt(v) + eps) once the variance is known well enough, p -= lr * m before.

    `foreach` and `capturable` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
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
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        beta1, beta2 = group.exact("betas", 0), group.exact("betas", 1)
        self.prepare(group, param)
        state = self.state[param]
        steps = as_number(state["step"].add_(1))
        grad = decayed(group, param, grad)
        mean = move(state["exp_avg"], grad, beta1)
        square = move(state["exp_avg_sq"], grad * grad, beta2)
        step = mean * (group.exact("lr") / (1 - beta1**steps))
        rectified, length = _rectification(beta2, steps)
        if isinstance(length, Tensor):
            scale = rectified / (square.sqrt() + group.number("eps"))
            param.sub_(step * where(length > 5.0, scale, 1.0))
            return
        param.sub_(step / (square.sqrt() + group.number("eps")) * rectified if length > 5.0 else step)

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        if not self.state[param]:
            self.state[param].update(step=fresh_count(), exp_avg=fresh(param), exp_avg_sq=fresh(param))


def _rectification(beta: Any, steps: Any) -> tuple[Any, Any]:
    """The factor that corrects the step's variance, and the length of the average that it is told from."""
    longest, correction = 2 / (1 - beta) - 1, 1 - beta**steps
    length = longest - 2 * steps * beta**steps / correction
    share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return greatest(share, 0.0) ** 0.5 * correction**0.5, length
