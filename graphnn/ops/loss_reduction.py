"""What losses given by their decomposition share: the reduction, its gradient, and checks of values before they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.class_targets import require_reduction
from graphnn.ops.elementwise import div
from graphnn.ops.op import Call, run_decomposed
from graphnn.ops.reduce import mean
from graphnn.ops.reduce import sum as sum_


def loss_type(op: str, dtype: DType, shape: Shape, reduction: str) -> TensorType:
    """The losses one by one, or one number."""
    require_reduction(op, reduction)
    return TensorType(dtype, shape if reduction == "none" else ())


def reduced(losses: Any, reduction: str) -> Any:
    return losses if reduction == "none" else mean(losses) if reduction == "mean" else sum_(losses)


def share(g: Any, losses: TensorType, reduction: str) -> Any:
    """What each loss gets of the gradient of the reduced one."""
    if reduction != "mean":
        return g
    return div(g, float(losses.size)) if losses.size else g


def checked(check: Callable[..., None], decompose: Callable[..., Any]) -> Callable[..., list[Call]]:
    """A kernel that looks at the values first (`check(*arrays, **attrs)`), then runs the decomposition."""

    def kernel(out: Any, *arrays: Any, **attrs: Any) -> list[Call]:
        outs = out if isinstance(out, tuple) else (out,)
        return [(_call, check, arrays, attrs), (run_decomposed, decompose, outs, arrays, attrs)]

    return kernel


def _call(check: Callable[..., None], arrays: Any, attrs: Any) -> None:
    check(*arrays, **attrs)
