"""Hinge losses between the scores of right and wrong classes: each one op, given by simpler ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.compare import eq, gt, logical_and, logical_not, lt, where
from graphnn.ops.elementwise import add, mul, sub, zeros_like
from graphnn.ops.gathering import gather, one_hot, scatter_add
from graphnn.ops.indexing import index_select
from graphnn.ops.loss_reduction import checked, loss_type, reduced
from graphnn.ops.movement import reshape, unsqueeze
from graphnn.ops.op import Op, register
from graphnn.ops.reduce import cumsum
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.typing import require_float
from graphnn.ops.unary import cast, relu, square


def _require_long(op: str, target: TensorType) -> None:
    if target.dtype is not dtypes.int64:
        raise DTypeError(f"{op}: expected target dtype to be Long, got {target}; convert with .long()")


# ---- one class a sample


def _multi_margin(
    x: TensorType,
    target: TensorType,
    weight: TensorType | None = None,
    *,
    p: int = 1,
    margin: float = 1.0,
    reduction: str = "mean",
) -> TensorType:
    """The sum over wrong classes of max(0, margin - x[right] + x[wrong])^p, over the number of classes."""
    if p not in (1, 2):
        raise ArgumentError(f"multi_margin_loss: only p == 1 and p == 2 supported, got {p}")
    require_float("multi_margin_loss", x, weight)
    _require_long("multi_margin_loss", target)
    if x.ndim > 2 or not x.size:
        raise ShapeError(
            f"multi_margin_loss: Expected non-empty vector or matrix with optional 0-dim batch size, got {x}"
        )
    count = x.shape[0] if x.ndim == 2 else 1
    if target.ndim > 1 or target.size != count:
        raise ShapeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
            f"Expected target size [{count}], but got {list(target.shape)}. Input has shape {list(x.shape)}."
        )
    if weight is not None and weight.shape != x.shape[-1:]:
        raise ShapeError(
            f"multi_margin_loss: inconsistent weight size, expected {x.shape[-1]} but got {list(weight.shape)}"
        )
    return loss_type("multi_margin_loss", x.dtype, target.shape, reduction)


def _multi_margin_in_ops(x: Any, target: Any, weight: Any = None, *, p: int, margin: float, reduction: str) -> Any:
    shape, classes, count = tuple(target.shape), x.shape[-1], math.prod(target.shape)
    rows, right = reshape(x, shape=(count, classes)), reshape(target, shape=(count,))
    hinge = relu(add(sub(rows, gather(rows, unsqueeze(right, dim=1), dim=1)), margin))
    hinge = square(hinge) if p == 2 else hinge
    if weight is not None:
        hinge = mul(hinge, unsqueeze(index_select(weight, right, dim=0), dim=1))
    hinge = where(eq(one_hot(right, num_classes=classes), 0), hinge, 0.0)
    return reduced(reshape(mul(sum_(hinge, dim=(1,)), 1.0 / classes), shape=shape), reduction)


def _check_class(x: np.ndarray, target: np.ndarray, *_: Any, **__: Any) -> None:
    if target.size and not (target.min() >= 0 and target.max() < x.shape[-1]):
        raise ArgumentError(
            f"multi_margin_loss: target out of range: {target.min()} to {target.max()}, the input has {x.shape[-1]} "
            "classes"
        )


multi_margin_loss = register(
    Op(
        "multi_margin_loss",
        infer=_multi_margin,
        numpy=checked(_check_class, _multi_margin_in_ops),
        decompose=_multi_margin_in_ops,
    )
)


# ---- several classes a sample


def _multilabel_margin(x: TensorType, target: TensorType, *, reduction: str = "mean") -> TensorType:
    """The sum over right and wrong classes of max(0, 1 - x[right] + x[wrong]), over the number of classes; a row of the
    target lists the right classes and ends at the first -1."""
    require_float("multilabel_margin_loss", x)
    _require_long("multilabel_margin_loss", target)
    if x.ndim > 2 or (x.ndim and not x.shape[-1]):
        raise ShapeError(
            f"multilabel_margin_loss: Expected non-empty vector or matrix with optional 0-dim batch size, got {x}"
        )
    if target.shape != x.shape:
        raise ShapeError(
            f"multilabel_margin_loss: inconsistent target size: {list(target.shape)} for input of size: {list(x.shape)}"
        )
    return loss_type("multilabel_margin_loss", x.dtype, x.shape[:-1], reduction)


def _multilabel_margin_in_ops(x: Any, target: Any, *, reduction: str) -> Any:
    classes = x.shape[-1] if x.shape else 1
    shape = (math.prod(x.shape[:-1]), classes)
    rows, labels = reshape(x, shape=shape), reshape(target, shape=shape)
    listed = eq(cumsum(cast(lt(labels, 0), dtype=dtypes.int64), dim=1), 0)
    safe = where(listed, labels, 0)
    right = gt(scatter_add(zeros_like(labels), safe, cast(listed, dtype=dtypes.int64), dim=1), 0)
    scores = gather(rows, safe, dim=1)
    hinge = relu(add(sub(unsqueeze(rows, dim=1), unsqueeze(scores, dim=2)), 1.0))
    counted = logical_and(unsqueeze(listed, dim=2), logical_not(unsqueeze(right, dim=1)))
    losses = mul(sum_(where(counted, hinge, 0.0), dim=(1, 2)), 1.0 / classes)
    return reduced(reshape(losses, shape=tuple(x.shape[:-1])), reduction)


def _check_labels(x: np.ndarray, target: np.ndarray, **_: Any) -> None:
    if target.size and not (target.min() >= -1 and target.max() < (x.shape[-1] if x.ndim else 1)):
        raise ArgumentError(
            f"multilabel_margin_loss: argument #2 'target' is out of range: {target.min()} to {target.max()}, wanted "
            "class indices, or -1 after the last"
        )


multilabel_margin_loss = register(
    Op(
        "multilabel_margin_loss",
        infer=_multilabel_margin,
        numpy=checked(_check_labels, _multilabel_margin_in_ops),
        decompose=_multilabel_margin_in_ops,
        grad_name="MultilabelMarginLossBackward0",
    )
)
