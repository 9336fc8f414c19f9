"""Cross-entropy over class indices or class probabilities, and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.blas import matmul
from graphnn.ops.class_targets import (
    Picks,
    as_three,
    class_dim,
    reduce_calls,
    reduced_type,
    require_classes,
    require_reduction,
    require_targets,
)
from graphnn.ops.compare import eq, ne, where
from graphnn.ops.elementwise import add, div, mul, neg
from graphnn.ops.gathering import one_hot
from graphnn.ops.indices import assign, contiguous
from graphnn.ops.losses import IGNORED, nll_name, require_gradient
from graphnn.ops.movement import permute, reshape, unsqueeze
from graphnn.ops.op import Call, Op, Types, array_type, register
from graphnn.ops.softmax import log_softmax_calls, log_softmax_grad
from graphnn.ops.unary import cast


def _infer_cross_entropy(
    x: TensorType,
    target: TensorType,
    weight: TensorType | None = None,
    *,
    reduction: str = "mean",
    ignore_index: int = IGNORED,
    label_smoothing: float = 0.0,
) -> Types:
    """nll_loss of log_softmax; the target holds class indices, or class probabilities in the input's shape. Smoothing
    moves that share of each target to all classes alike. The mean over probabilities is over samples."""
    require_reduction("cross_entropy", reduction)
    require_classes("cross_entropy", x, weight)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(f"cross_entropy: label_smoothing must be between 0.0 and 1.0, got {label_smoothing}")
    if target.dtype.is_floating_point:
        _require_probabilities(x, target, ignore_index)
    else:
        require_targets("cross_entropy", x, target)
    return reduced_type(x, reduction), x, TensorType(x.dtype, ())


def _require_probabilities(x: TensorType, target: TensorType, ignore_index: int) -> None:
    if target.shape != x.shape:
        raise ShapeError(
            "cross_entropy: a floating-point target holds class probabilities and must have the input's shape, got "
            f"{x} and {target}; for class indices convert it with .long()"
        )
    if target.dtype is not x.dtype:
        raise DTypeError(f"cross_entropy: expected input and target of one dtype, got {x} and {target}")
    if ignore_index >= 0:
        raise ArgumentError(f"cross_entropy: ignore_index is not supported for class probabilities, got {ignore_index}")


def _cross_entropy_scratch(x: TensorType, target: TensorType, *_: Any, label_smoothing: float, **__: Any) -> Types:
    n, classes, size = as_three(x.shape)
    probabilities = target.dtype.is_floating_point
    lines = TensorType(x.dtype, (n, 1, size))
    products = TensorType(x.dtype, (n, classes, size) if probabilities else (n, int(label_smoothing > 0), size))
    return (lines, lines, x, products, TensorType(x.dtype, ()), *Picks.scratch(x.shape, x.dtype))


def _cross_entropy_kernel(
    out: Any,
    x: np.ndarray,
    target: np.ndarray,
    weight: Any = None,
    *,
    label_smoothing: float,
    scratch: Any,
    **attrs: Any,
) -> list[Call]:
    loss, log_probs, total = out
    greatest, sums, spare, products, spare_total, *memory = scratch
    log_probs, total = spare if log_probs is None else log_probs, spare_total if total is None else total
    if x.size == 0:
        return _empty_calls(loss, total, attrs["reduction"])
    fill, flat = contiguous(x, as_three(x.shape))
    calls = [*fill, *log_softmax_calls(log_probs.reshape(flat.shape), flat, 1, greatest, sums)]
    make = _over_probabilities if target.dtype.kind == "f" else _over_classes
    picks = Picks.over(x.shape, memory)
    calls += make(picks, log_probs.reshape(flat.shape), target, weight, total, products, label_smoothing, **attrs)
    return calls if loss is None else calls + reduce_calls(loss, picks.values, total, attrs["reduction"])


def _empty_calls(loss: np.ndarray | None, total: np.ndarray, reduction: str) -> list[Call]:
    value = np.nan if reduction == "mean" else 0
    return [(total.fill, 0)] if loss is None else [(total.fill, 0), (loss.fill, value)]


def _over_classes(
    picks: Picks,
    log_probs: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray | None,
    total: np.ndarray,
    smooth: np.ndarray,
    smoothing: float,
    *,
    reduction: str,
    ignore_index: int,
) -> list[Call]:
    calls = [*picks.locate("cross_entropy", target, ignore_index), *picks.weigh(weight, total), *picks.pick(log_probs)]
    if not smoothing:
        return calls
    n, classes, size = picks.shape
    rows, values = smooth.reshape(n, size), picks.values.reshape(n, size)
    sums: Call = (np.add.reduce, log_probs, 1, None, rows)
    return [
        *calls,
        sums if weight is None else (matmul, weight, log_probs, rows),
        (np.multiply, rows, -smoothing / classes, rows),
        (_clear, rows, picks.ignored.reshape(n, size)),
        (np.multiply, values, 1.0 - smoothing, values),
        (np.add, values, rows, values),
    ]


def _clear(values: np.ndarray, where: np.ndarray) -> None:
    np.copyto(values, 0, where=where)


def _over_probabilities(
    picks: Picks,
    log_probs: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray | None,
    total: np.ndarray,
    products: np.ndarray,
    smoothing: float,
    **_: Any,
) -> list[Call]:
    n, classes, size = picks.shape
    values = picks.values.reshape(n, size)
    calls: list[Call] = [(np.multiply, target, 1.0 - smoothing, products.reshape(target.shape))]
    if smoothing:
        calls.append((np.add, products, smoothing / classes, products))
    if weight is not None:
        calls.append((np.multiply, products, weight[:, None], products))
    return [
        *calls,
        (np.multiply, products, log_probs, products),
        (np.add.reduce, products, 1, None, values),
        (np.negative, values, values),
        (total.fill, n * size),
    ]


# ---- the gradient of cross_entropy


def _per_class(weight: Any, x: TensorType) -> Any:
    """The weight in a shape that broadcasts along the classes of x."""
    return reshape(weight, shape=tuple(s if i == class_dim(x) else 1 for i, s in enumerate(x.shape)))


def _distribution(x: TensorType, target: Any, weight: Any, attrs: Any, of_probs: bool) -> Any:
    """What the loss weighs minus the log-probabilities by, but for the reduction: in ops, in the shape of x."""
    smoothing = attrs["label_smoothing"]
    found = target if of_probs else _one_hot(x, target, attrs["ignore_index"])
    if smoothing:
        found = add(mul(found, 1.0 - smoothing), smoothing / x.shape[class_dim(x)])
    return found if weight is None else mul(found, _per_class(weight, x))


def _one_hot(x: TensorType, target: Any, ignore_index: int) -> Any:
    """One at each sample's class (class 0 where ignored), in the shape and dtype of x."""
    dim, last = class_dim(x), x.ndim - 1
    safe = where(eq(target, ignore_index), 0, cast(target, dtype=dtypes.int64))
    hot = one_hot(safe, num_classes=x.shape[dim])
    order = tuple(i if i < dim else last if i == dim else i - 1 for i in range(x.ndim))
    return cast(permute(hot, dims=order), dtype=x.dtype)


def _portion(x: TensorType, g: Any, total_weight: Any, reduction: str) -> Any:
    """The loss's gradient brought to what each sample gets of it, broadcasting along the classes."""
    if reduction == "none":
        return unsqueeze(g, dim=class_dim(x))
    return div(g, total_weight) if reduction == "mean" else g


def _grad_in_ops(
    x: TensorType, g: Any, log_probs: Any, target: Any, weight: Any, total: Any, attrs: Any, of_probs: bool
) -> Any:
    spread = neg(_distribution(x, target, weight, attrs, of_probs))
    found = mul(spread, _portion(x, g, total, attrs["reduction"]))
    if not of_probs:
        found = where(unsqueeze(ne(target, attrs["ignore_index"]), dim=class_dim(x)), found, 0.0)
    return log_softmax_grad(found, log_probs, dim=class_dim(x))


def _cross_entropy_vjp(c: Any, g: Any, target: Any, weight: Any, log_probs: Any, total_weight: Any) -> Any:
    x, of_probs = c.types[0], c.types[1].dtype.is_floating_point
    found = None
    if g is not None and c.want[0]:
        if of_probs or c.attrs["label_smoothing"]:
            found = _grad_in_ops(x, g, log_probs, target, weight, total_weight, c.attrs, of_probs)
        else:
            attrs = {name: c.attrs[name] for name in ("reduction", "ignore_index")}
            found = cross_entropy_grad(g, log_probs, target, weight, total_weight, **attrs)
    if c.grads[1] is not None and c.want[0]:
        more = log_softmax_grad(c.grads[1], log_probs, dim=class_dim(x))
        found = more if found is None else add(found, more)
    return (found, _target_grad(c, g, weight, log_probs, total_weight), None)[: len(c.want)]


def _target_grad(c: Any, g: Any, weight: Any, log_probs: Any, total_weight: Any) -> Any:
    x, target = c.types[:2]
    if not c.want[1] or g is None or not target.dtype.is_floating_point:
        return None
    found = mul(log_probs, c.attrs["label_smoothing"] - 1.0)
    found = found if weight is None else mul(found, _per_class(weight, x))
    return mul(found, _portion(x, g, total_weight, c.attrs["reduction"]))


def _grad_name(types: Any, attrs: Any) -> str:
    """The last step of PyTorch's own decomposition."""
    if types[1].dtype.is_floating_point:
        return "DivBackward1" if attrs["reduction"] == "mean" else "NegBackward0"
    return "AddBackward0" if attrs["label_smoothing"] else nll_name(types, attrs)


cross_entropy = register(
    Op(
        "cross_entropy",
        traits=(Trait.CHECKS,),
        infer=_infer_cross_entropy,
        numpy=_cross_entropy_kernel,
        scratch=_cross_entropy_scratch,
        outputs=("out", "log_probs", "total_weight"),
        vjp=_cross_entropy_vjp,
        differentiable=2,
        grad_name=_grad_name,
    )
)


def _infer_cross_entropy_grad(
    g: TensorType,
    log_probs: TensorType,
    target: TensorType,
    weight: TensorType | None,
    total_weight: TensorType,
    *,
    reduction: str = "mean",
    ignore_index: int = IGNORED,
) -> TensorType:
    """The gradient of cross_entropy's input for class indices without smoothing: (softmax - one hot) * weight * g."""
    require_targets("cross_entropy_grad", log_probs, target)
    require_gradient("cross_entropy_grad", g, log_probs, reduction)
    return log_probs


def _cross_entropy_grad_kernel(
    out: np.ndarray,
    g: np.ndarray,
    log_probs: np.ndarray,
    target: np.ndarray,
    weight: Any,
    total: np.ndarray,
    *,
    reduction: str,
    ignore_index: int,
    scratch: Any,
) -> list[Call]:
    if out.size == 0:
        return []
    *memory, hit = scratch
    picks = Picks.over(out.shape, memory)
    n, classes, size = picks.shape
    whole, flat = out.reshape(n, classes, size), out.reshape(-1)
    return [
        *picks.locate("cross_entropy_grad", target, ignore_index),
        *picks.weigh(weight, None),
        *picks.share(g, total, reduction),
        (np.exp, log_probs, out),
        (np.multiply, whole, picks.values.reshape(n, 1, size), whole),
        (np.take, flat, picks.flat, None, hit, "clip"),
        (np.subtract, hit, picks.values, hit),
        (assign, flat, picks.flat, hit),
    ]


def _cross_entropy_grad_scratch(g: TensorType, log_probs: TensorType, target: TensorType, *_: Any, **__: Any) -> Types:
    return (*Picks.scratch(log_probs.shape, g.dtype), TensorType(g.dtype, (target.size,)))


def _cross_entropy_grad_in_ops(
    g: Any, log_probs: Any, target: Any, weight: Any, total_weight: Any, **attrs: Any
) -> Any:
    x: Any = array_type(log_probs) if isinstance(log_probs, np.ndarray) else log_probs.tensor_type
    return _grad_in_ops(x, g, log_probs, target, weight, total_weight, {**attrs, "label_smoothing": 0.0}, False)


cross_entropy_grad = register(
    Op(
        "cross_entropy_grad",
        infer=_infer_cross_entropy_grad,
        numpy=_cross_entropy_grad_kernel,
        scratch=_cross_entropy_grad_scratch,
        decompose=_cross_entropy_grad_in_ops,
    )
)
