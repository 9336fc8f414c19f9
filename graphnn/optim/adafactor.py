"""Adafactor (Shazeer and Stern, 2018): of a matrix only the mean squares of rows and of columns are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.ir.dtypes import limits
from graphnn.ops.power import maximum
from graphnn.optim.groups import ParamGroup
from graphnn.optim.optimizer import Optimizer, as_number, fresh, fresh_count
from graphnn.optim.terms import directed, least, move, shrink
from graphnn.tensor.creation import zeros
from graphnn.tensor.tensor import Tensor


class Adafactor(Optimizer):
    """p -= min(lr, 1 / sqrt(step)) * max(eps[1], rms(p)) * u / max(1, rms(u) / d), u being g over its expected size.

    `foreach` chooses how PyTorch computes the same; it is kept and has no effect.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        _check(lr, beta2_decay, eps, d, weight_decay)
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        self.prepare(group, param)
        state = self.state[param]
        steps = as_number(state["step"].add_(1))
        grad = directed(group, grad)
        floor = float(limits(param.dtype).eps) if group["eps"][0] is None else group.number("eps", 0)
        rate = least(group.exact("lr"), 1 / steps**0.5)
        rate = rate * maximum(_rms(param), group.number("eps", 1))
        if group["weight_decay"] != 0:
            shrink(group, param)
        size = _expected_square(state, grad * grad, 1 - steps ** group.exact("beta2_decay"), floor)
        step = grad * maximum(size, floor * floor).rsqrt()
        param.sub_(step * (rate / maximum(_rms(step) / group.number("d"), 1.0)))

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        state = self.state[param]
        if state:
            return
        state["step"] = fresh_count()
        if param.ndim > 1:
            *outer, rows, columns = param.shape
            state.update(row_var=zeros(*outer, rows, 1, dtype=param.dtype))
            state.update(col_var=zeros(*outer, 1, columns, dtype=param.dtype))
        else:
            state["variance"] = fresh(param)


def _rms(x: Tensor) -> Tensor:
    return (x * x).mean().sqrt()  # type: ignore[no-any-return]


def _expected_square(state: dict[str, Any], square: Tensor, keep: Any, floor: Any) -> Tensor:
    """The running mean of g², or of a matrix the product of its rows' and columns' means over that of all."""
    if "variance" in state:
        return move(state["variance"], square, keep)
    rows = move(state["row_var"], square.mean(-1, keepdim=True), keep)
    columns = move(state["col_var"], square.mean(-2, keepdim=True), keep)
    return rows * columns / maximum(rows.mean(-2, keepdim=True), floor)  # type: ignore[no-any-return]


def _check(lr: float, beta2_decay: float, eps: tuple[float | None, float], d: float, weight_decay: float) -> None:
    if not lr >= 0:
        raise ArgumentError(f"Learning rate should be >= 0 but is: {lr}")
    if not beta2_decay <= 0:
        raise ArgumentError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
    if eps[0] is not None and not eps[0] >= 0:
        raise ArgumentError(f"epsilon1 should be >= 0 but is: {eps[0]}")
    if not eps[1] >= 0:
        raise ArgumentError(f"epsilon2 should be >= 0 but is: {eps[1]}")
    if not d >= 1:
        raise ArgumentError(f"Clipping threshold d should be >= 1 but is: {d}")
    if not weight_decay >= 0:
        raise ArgumentError(f"weight_decay should be >= 0 but is: {weight_decay}")
