"""Mean squared error, and negative log-likelihood over class indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.class_targets import (
    Picks,
    class_dim,
    reduce_calls,
    reduced_type,
    require_classes,
    require_reduction,
    require_targets,
)
from graphnn.ops.elementwise import mul, neg, sub
from graphnn.ops.indices import assign, contiguous
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.typing import broadcast, require_float, result_dtype

IGNORED = -100


# ---- mse_loss


def _infer_mse(x: TensorType, target: TensorType, *, reduction: str = "mean") -> TensorType:
    """The squared differences, their mean or their sum."""
    require_reduction("mse_loss", reduction)
    shape, dtype = broadcast("mse_loss", x, target), result_dtype((x, target))
    require_float("mse_loss", TensorType(dtype, shape))
    return TensorType(dtype, shape if reduction == "none" else ())


def _mse_scratch(x: TensorType, target: TensorType, *, reduction: str) -> Types:
    return (TensorType(result_dtype((x, target)), () if reduction == "none" else broadcast("mse_loss", x, target)),)


def _mse_kernel(out: np.ndarray, x: np.ndarray, target: np.ndarray, *, reduction: str, scratch: Any) -> list[Call]:
    squares = out if reduction == "none" else scratch[0]
    calls: list[Call] = [(np.subtract, x, target, squares), (np.multiply, squares, squares, squares)]
    return calls if reduction == "none" else calls + reduce_calls(out, squares, squares.size, reduction)


def _mse_vjp(c: Any, g: Any, x: Any, target: Any) -> Any:
    count = broadcast_size(c.types) if c.attrs["reduction"] == "mean" else 1
    found = mul(sub(x, target), mul(g, 2.0 / count if count else float("nan")))
    return found, neg(found) if c.want[1] else None


def broadcast_size(types: Any) -> int:
    return TensorType(types[0].dtype, broadcast("mse_loss", *types)).size


mse_loss = register(Op("mse_loss", infer=_infer_mse, numpy=_mse_kernel, scratch=_mse_scratch, vjp=_mse_vjp))


# ---- nll_loss


def _infer_nll(
    x: TensorType,
    target: TensorType,
    weight: TensorType | None = None,
    *,
    reduction: str = "mean",
    ignore_index: int = IGNORED,
) -> Types:
    """Minus the log-probability of each sample's class, times the class's weight; the mean is over the weights."""
    require_reduction("nll_loss", reduction)
    require_classes("nll_loss", x, weight)
    require_targets("nll_loss", x, target)
    return reduced_type(x, reduction), TensorType(x.dtype, ())


def _nll_kernel(
    out: Any, x: np.ndarray, target: np.ndarray, weight: Any = None, *, reduction: str, ignore_index: int, scratch: Any
) -> list[Call]:
    loss, total = out
    *memory, spare = scratch
    picks, total = Picks.over(x.shape, memory), spare if total is None else total
    fill, log_probs = contiguous(x, x.shape)
    calls = [
        *fill,
        *picks.locate("nll_loss", target, ignore_index),
        *picks.weigh(weight, total),
        *picks.pick(log_probs),
    ]
    return calls if loss is None else calls + reduce_calls(loss, picks.values, total, reduction)


def _nll_scratch(x: TensorType, *_: Any, **__: Any) -> Types:
    return (*Picks.scratch(x.shape, x.dtype), TensorType(x.dtype, ()))


def nll_name(types: Any, attrs: Any) -> str:
    return "NllLossBackward0" if types[0].ndim < 3 else "NllLoss2DBackward0"


def _nll_vjp(c: Any, g: Any, target: Any, weight: Any, total_weight: Any) -> Any:
    classes = c.types[0].shape[class_dim(c.types[0])]
    found = nll_loss_grad(g, target, weight, total_weight, classes=classes, **c.attrs)
    return (found, None, None)[: len(c.want)]


nll_loss = register(
    Op(
        "nll_loss",
        traits=(Trait.CHECKS,),
        infer=_infer_nll,
        numpy=_nll_kernel,
        scratch=_nll_scratch,
        outputs=("out", "total_weight"),
        vjp=_nll_vjp,
        grad_name=nll_name,
    )
)


def _infer_nll_grad(
    g: TensorType,
    target: TensorType,
    weight: TensorType | None,
    total_weight: TensorType,
    *,
    classes: int,
    reduction: str = "mean",
    ignore_index: int = IGNORED,
) -> TensorType:
    """The gradient of nll_loss's input: zero but at each sample's class."""
    x = TensorType(g.dtype, (*target.shape[:1], classes, *target.shape[1:]))
    require_gradient("nll_loss_grad", g, x, reduction)
    return x


def require_gradient(op: str, g: TensorType, x: TensorType, reduction: str) -> None:
    wanted = reduced_type(x, reduction)
    if g.shape != wanted.shape:
        raise ShapeError(f"{op}: the loss's gradient must be {wanted}, got {g}")


def _nll_grad_scratch(g: TensorType, target: TensorType, *_: Any, classes: int, **__: Any) -> Types:
    return Picks.scratch((*target.shape[:1], classes, *target.shape[1:]), g.dtype)


def _nll_grad_kernel(
    out: np.ndarray,
    g: np.ndarray,
    target: np.ndarray,
    weight: Any,
    total: np.ndarray,
    *,
    classes: int,
    reduction: str,
    ignore_index: int,
    scratch: Any,
) -> list[Call]:
    picks = Picks.over(out.shape, scratch)
    return [
        *picks.locate("nll_loss_grad", target, ignore_index),
        *picks.weigh(weight, None),
        *picks.share(g, total, reduction),
        (np.subtract, 0, picks.values, picks.values),  # not negative: zeros stay +0
        (out.fill, 0),
        (assign, out.reshape(-1), picks.flat, picks.values),
    ]


def _nll_grad_vjp(c: Any, gg: Any, target: Any, weight: Any) -> Any:
    attrs = {name: value for name, value in c.attrs.items() if name != "classes"}
    return nll_loss(gg, target, weight, **attrs)[0], None, None, None


nll_loss_grad = register(
    Op("nll_loss_grad", infer=_infer_nll_grad, numpy=_nll_grad_kernel, scratch=_nll_grad_scratch, vjp=_nll_grad_vjp)
)
