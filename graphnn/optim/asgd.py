"""Averaged stochastic gradient descent (Polyak and Juditsky, 1992, in PyTorch's form)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, as_number, fresh, fresh_count
from graphnn.optim.sgd import refuse_differentiable
from graphnn.optim.terms import check_not_negative, decayed, greatest
from graphnn.tensor.tensor import Tensor


class ASGD(Optimizer):
    """p = p * (1 - lambd * eta) - eta * g with a falling eta; `ax` of the state is the mean of p from step t0 on.

    `foreach` and `capturable` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("weight_decay value", weight_decay)
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        self.prepare(group, param)
        state = self.state[param]
        steps = as_number(state["step"].add_(1))
        grad = decayed(group, param, grad)
        rate, average = as_number(state["eta"]), state["ax"]
        param.mul_(1 - group.exact("lambd") * rate).sub_(grad * rate)
        average.add_((param - average) * as_number(state["mu"]))
        falling = 1 + group.exact("lambd") * group.exact("lr") * steps
        _write(state["eta"], group.exact("lr") / falling ** group.exact("alpha"))
        _write(state["mu"], 1 / greatest(steps - group.exact("t0"), 1.0))

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        if self.state[param]:
            return
        rate, share = fresh_count().fill_(group["lr"]), fresh_count().fill_(1.0)
        self.state[param].update(step=fresh_count(), eta=rate, mu=share, ax=fresh(param))


def _write(state: Tensor, value: Any) -> None:
    """A number in eager code, a tensor while tracing."""
    if isinstance(value, Tensor):
        state.copy_(value)
    else:
        state.fill_(value)
