"""Attention's gradients written in ordinary ops: for masks that want one, and for gradients of gradients."""

from __future__ import annotations

import math
from typing import Any

from graphnn.ir import dtypes
from graphnn.ops.attention_kernels import factor_of, type_of
from graphnn.ops.compare import eq, ge, where
from graphnn.ops.dropout import dropout
from graphnn.ops.dropout import scale as dropout_scale
from graphnn.ops.elementwise import add, mul, zeros_like
from graphnn.ops.joining import stack
from graphnn.ops.matrix import matmul
from graphnn.ops.movement import reshape, transpose
from graphnn.ops.reduce import amax, cumsum
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.softmax import softmax, softmax_grad


def ungrouped(grad: Any, x: Any) -> Any:
    """The gradient of a key head: the sum over the query heads that it serves."""
    heads, count = x.shape[-3], len(grad.shape)
    groups = (*grad.shape[:-3], heads, grad.shape[-3] // heads, *grad.shape[-2:])
    return sum_(reshape(grad, shape=groups), dim=(count - 2,))


def _swapped(x: Any) -> Any:
    return transpose(x, dim0=len(x.shape) - 2, dim1=len(x.shape) - 1)


def gradients_in_ops(
    g: Any, query: Any, key: Any, value: Any, mask: Any, rng: Any, attrs: Any
) -> tuple[Any, Any, Any, Any]:
    """Of query, key, value and mask, each with all leading dimensions of the scores."""
    factor = factor_of(query.shape[-1], attrs["scale"])
    if attrs["enable_gqa"]:
        key, value = _repeated(key, query), _repeated(value, query)
    weights = _weights(mul(query, factor), key, mask, attrs["is_causal"])
    kept, up = weights, 1.0
    of_weights = matmul(g, _swapped(value))
    if attrs["dropout_p"] > 0.0:
        kept, keep = dropout(weights, rng, p=attrs["dropout_p"], offset=attrs["offset"])
        up = dropout_scale(attrs["dropout_p"])
        of_weights = mul(mul(of_weights, keep), up)
    of_scores = softmax_grad(of_weights, weights, dim=len(weights.shape) - 1)
    of_query = mul(matmul(of_scores, key), factor)
    of_key = mul(matmul(_swapped(of_scores), query), factor)
    return of_query, of_key, matmul(_swapped(kept), g), of_scores


def _repeated(x: Any, query: Any) -> Any:
    """Each head as often as query heads use it."""
    times, at = query.shape[-3] // x.shape[-3], len(x.shape) - 2
    return reshape(stack(*[x] * times, dim=at), shape=(*x.shape[:-3], query.shape[-3], *x.shape[-2:]))


def _weights(query: Any, key: Any, mask: Any, is_causal: bool) -> Any:
    """The softmax of the scores; zeros for a query that may attend to nothing."""
    scores = matmul(query, _swapped(key))
    last = len(scores.shape) - 1
    if mask is not None:
        boolean = type_of(mask).dtype is dtypes.bool
        scores = where(mask, scores, -math.inf) if boolean else add(scores, mask)
    if is_causal:
        ones = add(zeros_like(scores), 1.0)
        scores = where(ge(cumsum(ones, dim=last - 1), cumsum(ones, dim=last)), scores, -math.inf)
    if mask is None:
        return softmax(scores, dim=last)
    nothing = eq(amax(scores, dim=(last,), keepdim=True), -math.inf)
    return where(nothing, 0.0, softmax(where(nothing, 0.0, scores), dim=last))
