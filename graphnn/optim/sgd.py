"""Stochastic gradient descent, with momentum (Sutskever et al., 2013, in PyTorch's form)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.ir import dtypes
from graphnn.ops.op import builders
from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, fresh, fresh_count
from graphnn.optim.terms import check_not_negative
from graphnn.tensor.tensor import Tensor


class SGD(Optimizer):
    """v = momentum * v + (1 - dampening) * g (first v = g), then p -= lr * v; Nesterov's form uses g + momentum * v.

    `foreach` and `fused` choose how PyTorch computes the same; they are kept and have no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("momentum value", momentum)
        check_not_negative("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ArgumentError("Nesterov momentum requires a momentum and zero dampening")
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"] != 0:
            grad = grad + param * group.number("weight_decay")
        if group["momentum"] != 0:
            velocity = self._velocity(group, param, grad)
            grad = grad + velocity * group.number("momentum") if group["nesterov"] else velocity
        param.sub_(grad * group.number("lr"))

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        """A momentum buffer of zeros; with dampening also a count that tells the first step from the others."""
        if group["momentum"] == 0 or self.state[param].get("momentum_buffer") is not None:
            return
        self.state[param]["momentum_buffer"] = fresh(param)
        if group["dampening"] != 0:
            self.state[param]["started"] = fresh_count(dtypes.float64)

    def _velocity(self, group: ParamGroup, param: Tensor, grad: Tensor) -> Tensor:
        """The momentum buffer, moved on. The first one is a copy of the gradient, unless prepared for a trace."""
        state = self.state[param]
        if state.get("momentum_buffer") is None:
            if not builders.stack:
                state["momentum_buffer"] = grad.detach().clone()
                return state["momentum_buffer"]  # type: ignore[no-any-return]
            self.prepare(group, param)
        if group["dampening"] != 0:
            grad = grad * (1 - group.exact("dampening") * _started(state))
        return state["momentum_buffer"].mul_(group.number("momentum")).add_(grad)  # type: ignore[no-any-return]


def _started(state: dict[str, Any]) -> Any:
    """0 in the first step and 1 from then on."""
    count = state.get("started")
    if count is None:
        return 1
    before = count.clone()
    count.fill_(1.0)
    return before


def refuse_differentiable(differentiable: bool) -> None:
    if differentiable:
        raise UnsupportedError("differentiable=True (a backward through the step) is not served")
