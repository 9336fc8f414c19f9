"""Losses that compare an input with a target number by number: each one op, given by simpler ones, with its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.activation import log_sigmoid
from graphnn.ops.class_targets import reduce_calls
from graphnn.ops.compare import clamp
from graphnn.ops.elementwise import add, div, mul, neg, sub, ufunc_call
from graphnn.ops.loss_reduction import checked, loss_type, reduced, share
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.typing import broadcast, require_float, result_dtype
from graphnn.ops.unary import log, log1p, sigmoid


def _compared(op: str, x: TensorType, target: TensorType, reduction: str) -> TensorType:
    """The type of a loss over two tensors that are broadcast and promoted."""
    found = loss_type(op, result_dtype((x, target)), broadcast(op, x, target), reduction)
    require_float(op, found)
    return found


def _both(c: Any, found: Any) -> Any:
    """The gradients of input and target of a loss that goes by their difference."""
    return found, neg(found) if c.want[1] else None


def _pairs(c: Any) -> TensorType:
    return TensorType(result_dtype(c.types[:2]), broadcast("loss", *c.types[:2]))


def _work(*types: TensorType | None, reduction: str, **_: Any) -> Types:
    """Two arrays of losses."""
    given = [t for t in types if t is not None]
    losses = TensorType(result_dtype(given), broadcast("loss", *given))
    return losses, losses


def _finish(out: np.ndarray, losses: np.ndarray, reduction: str) -> list[Call]:
    return reduce_calls(out, losses, losses.size, reduction)


def _bent_calls(x: np.ndarray, target: np.ndarray, bend: float, scratch: Any) -> list[Call]:
    """d² / 2 where the distance d is below `bend`, bend (d - bend / 2) beyond: c (d - c / 2) with c = min(d, bend)."""
    distance, cut = scratch
    return [
        (np.subtract, x, target, distance),
        (np.absolute, distance, distance),
        ufunc_call(np.minimum, cut, distance, bend),
        (_subtract_half, distance, cut),
        (np.multiply, distance, cut, distance),
    ]


def _subtract_half(distance: np.ndarray, cut: np.ndarray) -> None:
    """distance -= cut / 2, leaving cut as it is."""
    np.multiply(cut, 0.5, cut)
    np.subtract(distance, cut, distance)
    np.multiply(cut, 2.0, cut)


# ---- squares near zero, straight lines beyond


def _smooth_l1(x: TensorType, target: TensorType, *, reduction: str = "mean", beta: float = 1.0) -> TensorType:
    """d² / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere; d is the difference (Girshick, 2015)."""
    if beta <= 0:
        raise ArgumentError(f"smooth_l1_loss does not support negative values for beta, nor 0 as an op, got {beta}")
    return _compared("smooth_l1_loss", x, target, reduction)


def _smooth_l1_kernel(
    out: np.ndarray, x: np.ndarray, target: np.ndarray, *, reduction: str, beta: float, scratch: Any
) -> list[Call]:
    scale: Call = (np.multiply, scratch[0], 1.0 / beta, scratch[0])
    return [*_bent_calls(x, target, beta, scratch), scale, *_finish(out, scratch[0], reduction)]


def _smooth_l1_vjp(c: Any, g: Any, x: Any, target: Any) -> Any:
    slope = clamp(div(sub(x, target), c.attrs["beta"]), min=-1.0, max=1.0)
    return _both(c, mul(slope, share(g, _pairs(c), c.attrs["reduction"])))


smooth_l1_loss = register(
    Op(
        "smooth_l1_loss",
        infer=_smooth_l1,
        numpy=_smooth_l1_kernel,
        scratch=_work,
        vjp=_smooth_l1_vjp,
        grad_name="SmoothL1LossBackward0",
    )
)


def _huber(x: TensorType, target: TensorType, *, reduction: str = "mean", delta: float = 1.0) -> TensorType:
    """d² / 2 where |d| < delta, delta (|d| - delta / 2) elsewhere (Huber, 1964)."""
    if delta <= 0:
        raise ArgumentError(f"huber_loss does not support non-positive values for delta, got {delta}")
    return _compared("huber_loss", x, target, reduction)


def _huber_kernel(
    out: np.ndarray, x: np.ndarray, target: np.ndarray, *, reduction: str, delta: float, scratch: Any
) -> list[Call]:
    return [*_bent_calls(x, target, delta, scratch), *_finish(out, scratch[0], reduction)]


def _huber_vjp(c: Any, g: Any, x: Any, target: Any) -> Any:
    slope = clamp(sub(x, target), min=-c.attrs["delta"], max=c.attrs["delta"])
    return _both(c, mul(slope, share(g, _pairs(c), c.attrs["reduction"])))


huber_loss = register(Op("huber_loss", infer=_huber, numpy=_huber_kernel, scratch=_work, vjp=_huber_vjp))


# ---- signs


def _soft_margin(x: TensorType, target: TensorType, *, reduction: str = "mean") -> TensorType:
    """log(1 + exp(-target * x)), the target being 1 or -1."""
    return _compared("soft_margin_loss", x, target, reduction)


def _soft_margin_kernel(
    out: np.ndarray, x: np.ndarray, target: np.ndarray, *, reduction: str, scratch: Any
) -> list[Call]:
    losses = scratch[0]
    return [
        (np.multiply, x, target, losses),
        (np.negative, losses, losses),
        (np.exp, losses, losses),
        (np.log1p, losses, losses),
        *_finish(out, losses, reduction),
    ]


def _soft_margin_vjp(c: Any, g: Any, x: Any, target: Any) -> Any:
    slope = mul(neg(target), sigmoid(mul(neg(x), target)))
    return mul(slope, share(g, _pairs(c), c.attrs["reduction"])), None


soft_margin_loss = register(
    Op("soft_margin_loss", infer=_soft_margin, numpy=_soft_margin_kernel, scratch=_work, vjp=_soft_margin_vjp)
)


# ---- probabilities


def _require_same(op: str, x: TensorType, target: TensorType) -> None:
    if target.shape != x.shape:
        raise ShapeError(
            f"{op}: Using a target size {list(target.shape)} that is different to the input size {list(x.shape)} is "
            "deprecated. Please ensure they have the same size."
        )


def _bce(x: TensorType, target: TensorType, weight: TensorType | None = None, *, reduction: str = "mean") -> TensorType:
    """-(t log(x) + (1 - t) log(1 - x)), logarithms being at least -100."""
    _require_same("binary_cross_entropy", x, target)
    require_float("binary_cross_entropy", x, target)
    if weight is not None and broadcast("binary_cross_entropy", x, weight) != x.shape:
        raise ShapeError(f"binary_cross_entropy: weight must broadcast to the input, got {weight}: {x}")
    return loss_type("binary_cross_entropy", x.dtype, x.shape, reduction)


def _logs(x: Any) -> tuple[Any, Any]:
    return clamp(log(x), min=-100.0), clamp(log1p(neg(x)), min=-100.0)


def _bce_in_ops(x: Any, target: Any, weight: Any = None, *, reduction: str) -> Any:
    yes, no = _logs(x)
    losses = sub(mul(sub(target, 1.0), no), mul(target, yes))
    return reduced(losses if weight is None else mul(losses, weight), reduction)


def _check_probabilities(x: np.ndarray, target: np.ndarray, *_: Any, **__: Any) -> None:
    for name, values in (("input", x), ("target", target)):
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            raise ArgumentError(
                f"binary_cross_entropy: all elements of {name} should be between 0 and 1, got {values.min()} to "
                f"{values.max()}"
            )


def _bce_vjp(c: Any, g: Any, x: Any, target: Any, weight: Any) -> Any:
    part = share(g if weight is None else mul(g, weight), c.types[0], c.attrs["reduction"])
    found = div(mul(sub(x, target), part), clamp(mul(x, sub(1.0, x)), min=1e-12)) if c.want[0] else None
    if not c.want[1]:
        return (found, None, None)[: len(c.want)]
    yes, no = _logs(x)
    return (found, mul(sub(no, yes), part), None)[: len(c.want)]


binary_cross_entropy = register(
    Op(
        "binary_cross_entropy",
        infer=_bce,
        numpy=checked(_check_probabilities, _bce_in_ops),
        decompose=_bce_in_ops,
        vjp=_bce_vjp,
        traits=(Trait.CHECKS,),
    )
)


def _bce_logits(
    x: TensorType,
    target: TensorType,
    weight: TensorType | None = None,
    pos_weight: TensorType | None = None,
    *,
    reduction: str = "mean",
) -> TensorType:
    """binary_cross_entropy of sigmoid(x), in a form that does not overflow; `pos_weight` weighs the positive part."""
    if target.shape != x.shape:
        raise ShapeError(
            f"binary_cross_entropy_with_logits: Target size ({list(target.shape)}) must be the same as input size "
            f"({list(x.shape)})"
        )
    given = [t for t in (x, target, weight, pos_weight) if t is not None]
    found = result_dtype(given)
    if not found.is_floating_point:
        raise DTypeError(f"binary_cross_entropy_with_logits: expected floating-point tensors, got {x} and {target}")
    return loss_type(
        "binary_cross_entropy_with_logits", found, broadcast("binary_cross_entropy_with_logits", *given), reduction
    )


def _bce_logits_kernel(
    out: np.ndarray,
    x: np.ndarray,
    target: np.ndarray,
    weight: Any = None,
    pos_weight: Any = None,
    *,
    reduction: str,
    scratch: Any,
) -> list[Call]:
    """log(1 + exp(-|x|)) - min(x, 0), weighed for the positive part, plus (1 - target) x."""
    losses, work = scratch
    calls: list[Call] = [(np.absolute, x, losses), (np.negative, losses, losses), (np.exp, losses, losses)]
    calls += [(np.log1p, losses, losses), ufunc_call(np.minimum, work, x, 0), (np.subtract, losses, work, losses)]
    if pos_weight is not None:
        calls += [(np.subtract, pos_weight, 1.0, work), (np.multiply, work, target, work), (np.add, work, 1.0, work)]
        calls.append((np.multiply, losses, work, losses))
    calls += [(np.subtract, 1.0, target, work), (np.multiply, work, x, work), (np.add, losses, work, losses)]
    if weight is not None:
        calls.append((np.multiply, losses, weight, losses))
    return [*calls, *_finish(out, losses, reduction)]


def _bce_logits_vjp(c: Any, g: Any, x: Any, target: Any, weight: Any, pos_weight: Any) -> Any:
    given = [t for t in c.types if t is not None]
    losses = TensorType(result_dtype(given), broadcast("binary_cross_entropy_with_logits", *given))
    part = share(g, losses, c.attrs["reduction"])
    part = part if weight is None else mul(part, weight)
    weighed = target if pos_weight is None else mul(target, pos_weight)
    total = 1.0 if pos_weight is None else sub(add(weighed, 1.0), target)
    found = mul(sub(mul(total, sigmoid(x)), weighed), part) if c.want[0] else None
    if not c.want[1]:
        return (found, None, None, None)[: len(c.want)]
    of_target = neg(x) if pos_weight is None else sub(log_sigmoid(neg(x)), mul(pos_weight, log_sigmoid(x)))
    return (found, mul(of_target, part), None, None)[: len(c.want)]


binary_cross_entropy_with_logits = register(
    Op(
        "binary_cross_entropy_with_logits",
        infer=_bce_logits,
        numpy=_bce_logits_kernel,
        scratch=_work,
        vjp=_bce_logits_vjp,
    )
)
