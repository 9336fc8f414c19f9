"""Adagrad (Duchi, Hazan and Singer, 2011)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, as_number, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_not_negative, decayed
from graphnn.tensor.tensor import Tensor


class Adagrad(Optimizer):
    """p -= lr / (1 + (step - 1) * lr_decay) * g / (sqrt(the sum of all g²) + eps). The state is made with the optimizer.

    `foreach` and `fused` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("lr_decay value", lr_decay)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("initial_accumulator_value value", initial_accumulator_value)
        check_not_negative("epsilon value", eps)
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

        for group, param in self._params():
            self.prepare(group, param)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        self.prepare(group, param)
        state = self.state[param]
        steps = as_number(state["step"].add_(1))
        grad = decayed(group, param, grad)
        rate = group.exact("lr") / (1 + (steps - 1) * group.exact("lr_decay"))
        param.sub_(grad / (state["sum"].add_(grad * grad).sqrt() + group.number("eps")) * rate)

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        if not self.state[param]:
            start = fresh(param).fill_(group["initial_accumulator_value"])
            self.state[param].update(step=fresh_count(), sum=start)

    def share_memory(self) -> None:
        """Nothing to do: threads see the state as it is."""
