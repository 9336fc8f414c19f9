"""Scaled dot product attention: softmax(query keyᵀ scale + mask) value as one op, and its gradient as another.

Only the logarithm of each query's sum of exps is kept for the backward, which computes the weights again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops import attention_kernels as kernels
from graphnn.ops.attention_in_ops import gradients_in_ops, ungrouped
from graphnn.ops.attention_kernels import Block, Layout
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.random import require_state
from graphnn.ops.typing import broadcast, require_float

_NAME = "scaled_dot_product_attention"

# ---- shapes


def _batch(query: TensorType, key: TensorType, value: TensorType, enable_gqa: bool) -> Shape:
    """The leading dimensions of the scores."""
    if not enable_gqa:
        return broadcast(_NAME, *(TensorType(t.dtype, t.shape[:-2]) for t in (query, key, value)))
    heads = [t.shape[-3] if t.ndim > 2 else 0 for t in (query, key, value)]
    if 0 in heads or heads[1] != heads[2] or heads[0] % heads[1]:
        raise ShapeError(
            f"{_NAME}: Number of heads in key and value must divide the number of heads in query (dimension -3) when "
            f"enable_gqa is set, and be equal; got {query}, {key}, {value}"
        )
    lead = broadcast(_NAME, *(TensorType(t.dtype, t.shape[:-3]) for t in (query, key, value)))
    return (*lead, heads[0])


def _check(query: TensorType, key: TensorType, value: TensorType) -> None:
    if min(t.ndim for t in (query, key, value)) < 2:
        raise ShapeError(
            f"{_NAME}: Expected query, key, and value to all be at least 2 dimensional, got {query}, {key}, {value}"
        )
    if len({t.dtype for t in (query, key, value)}) != 1:
        raise DTypeError(f"{_NAME}: Expected query, key, and value to have the same dtype, got {query}, {key}, {value}")
    require_float(_NAME, query)
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            f"{_NAME}: query and key must have equally many features (last dimension), key and value must be equally "
            f"many (the one before): got {query}, {key}, {value}"
        )


def _check_mask(query: TensorType, mask: TensorType | None, scores: Shape) -> None:
    if mask is None:
        return
    if mask.dtype not in (dtypes.bool, dtypes.float32, query.dtype):
        raise DTypeError(
            f"{_NAME}: Expected attn_mask dtype to be bool or float or to match query dtype, got {mask} for {query}"
        )
    if mask.ndim < 1 or broadcast(_NAME, TensorType(query.dtype, scores), mask) != scores:
        raise ShapeError(f"{_NAME}: attn_mask must broadcast to the scores {list(scores)}, got {mask}")


def _infer(
    query: TensorType,
    key: TensorType,
    value: TensorType,
    attn_mask: TensorType | None = None,
    rng: TensorType | None = None,
    *,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    offset: int = 0,
) -> Types:
    """softmax(query keyᵀ scale + attn_mask) value, and the logarithm of each query's sum of exps.

    `scale` is 1 / sqrt(features) unless given. A boolean mask is true where a key takes part. With `dropout_p` weights
    are dropped as `dropout` does with `rng` and `offset`. With `enable_gqa` a key head serves several query heads.
    """
    _check(query, key, value)
    batch = _batch(query, key, value, enable_gqa)
    _check_mask(query, attn_mask, (*batch, query.shape[-2], key.shape[-2]))
    if not 0.0 <= dropout_p <= 1.0:
        raise ArgumentError(f"{_NAME}: dropout probability has to be between 0 and 1, but got {dropout_p}")
    if dropout_p > 0.0:
        if rng is None:
            raise ArgumentError(f"{_NAME}: dropout_p={dropout_p} needs the input rng, the random state")
        require_state(_NAME, rng)
    kinds = (query, key, value, attn_mask)
    if is_causal and attn_mask is not None and _grad_name(kinds, {"dropout_p": dropout_p}) != _FLASH:
        raise ArgumentError(f"{_NAME}: Explicit attn_mask should not be set when is_causal=True; give one of them")
    out = TensorType(query.dtype, (*batch, query.shape[-2], value.shape[-1]))
    return out, TensorType(kernels.compute_dtype(query.dtype), (*batch, query.shape[-2]))


_FLASH = "ScaledDotProductFlashAttentionForCpuBackward0"


def _grad_name(types: tuple[TensorType | None, ...], attrs: Any) -> str:
    """PyTorch's: it has a node of its own for batches of heads of one shape, without dropout; else the last product's."""
    query, key, value = types[:3]
    mask = types[3] if len(types) > 3 else None
    assert query is not None
    assert key is not None
    assert value is not None
    alike = query.ndim == key.ndim == value.ndim == 4 and len({t.shape[0] for t in (query, key, value)}) == 1
    alike = alike and query.shape[-1] == value.shape[-1] and key.shape[1] == value.shape[1]
    alike = alike and min(query.size, key.size) > 0 and (mask is None or mask.ndim in (2, 4))
    if alike and attrs["dropout_p"] == 0.0:
        return _FLASH
    return "MmBackward0" if query.ndim == key.ndim == value.ndim == 2 else "UnsafeViewBackward0"


# ---- kernels


def _layout(query: Any, key: Any, value: Any, enable_gqa: bool) -> Layout:
    types = tuple(t if isinstance(t, TensorType) else kernels.type_of(t) for t in (query, key, value))
    batch, split = _batch(types[0], types[1], types[2], enable_gqa), 0
    if enable_gqa:
        split = types[1].shape[-3]
        batch = (*batch[:-1], split, batch[-1] // split)
    rows, columns = types[0].shape[-2], types[1].shape[-2]
    return Layout(batch, split, rows, columns, types[0].shape[-1], types[2].shape[-1], types[0].dtype)


def _seen_mask(of: Layout, mask: np.ndarray | None) -> np.ndarray | None:
    return None if mask is None else of.spread(mask if mask.ndim > 1 else mask[None])


def _kernel(
    outs: Any, query: Any, key: Any, value: Any, attn_mask: Any = None, rng: Any = None, *, scratch: Any, **attrs: Any
) -> list[Call]:
    of = _layout(query, key, value, attrs["enable_gqa"])
    if not of.columns:
        return [(np.copyto, o, fill) for o, fill in zip(outs, (0.0, -math.inf), strict=True) if o is not None]
    out, logs = of.opened(outs[0], (of.rows, of.depth)), of.opened(outs[1], (of.rows,))
    inputs = (*map(of.spread, (query, key, value)), _seen_mask(of, attn_mask))
    calls, drawn = _drawn(of, rng, attrs, scratch)
    rest = (
        kernels.causal(of, attrs["is_causal"]),
        kernels.factor_of(of.width, attrs["scale"]),
        drawn,
        attrs["dropout_p"],
    )
    for at in of.blocks():
        calls += kernels.forward_block(Block(of, at, scratch), out, logs, inputs, *rest)
    return calls


def _drawn(of: Layout, rng: Any, attrs: Any, scratch: Any) -> tuple[list[Call], Any]:
    return kernels.drawing(of, rng, attrs["offset"], scratch) if attrs["dropout_p"] > 0.0 else ([], None)


def _scratch(query: TensorType, key: TensorType, value: TensorType, *_: Any, **attrs: Any) -> Types:
    of = _layout(query, key, value, attrs["enable_gqa"])
    return kernels.scratch_types(of, attrs["dropout_p"] > 0.0, backward=False)


# ---- gradients


def _vjp(
    c: Any, g: Any, query: Any, key: Any, value: Any, attn_mask: Any, rng: Any, out: Any, logs: Any
) -> tuple[Any, ...]:
    """By its op; in simpler ops where a mask wants a gradient, since that is as large as the scores."""
    if len(c.want) > 3 and c.want[3]:
        found = gradients_in_ops(g, query, key, value, attn_mask, rng, c.attrs)
    else:
        found = *scaled_dot_product_attention_grad(g, query, key, value, out, logs, attn_mask, rng, **c.attrs), None
    if c.attrs["enable_gqa"]:
        found = found[0], ungrouped(found[1], key), ungrouped(found[2], value), found[3]
    return tuple(f if w else None for f, w in zip((*found, None), c.want, strict=False))


scaled_dot_product_attention: Op = register(
    Op(
        _NAME,
        infer=_infer,
        numpy=_kernel,
        scratch=_scratch,
        outputs=("out", "logs"),
        vjp=_vjp,
        traits=(Trait.RANDOM,),
        grad_name=_grad_name,
        flops=lambda query, key, value, *_: 2 * query.size * key.shape[-2] * (1 + value.shape[-1] // query.shape[-1]),
    )
)


def _infer_grad(
    g: TensorType,
    query: TensorType,
    key: TensorType,
    value: TensorType,
    out: TensorType,
    logs: TensorType,
    attn_mask: TensorType | None = None,
    rng: TensorType | None = None,
    *,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    offset: int = 0,
) -> Types:
    """The gradients of the attention's query, key and value, each with all leading dimensions of the scores."""
    attrs = {"dropout_p": dropout_p, "is_causal": is_causal, "scale": scale, "enable_gqa": enable_gqa, "offset": offset}
    found, _ = _infer(query, key, value, attn_mask, rng, **attrs)  # type: ignore[arg-type]
    if g is not found:
        raise ShapeError(f"{_NAME}_grad: the output's gradient must be {found}, got {g}")
    return tuple(TensorType(x.dtype, (*found.shape[:-2], *x.shape[-2:])) for x in (query, key, value))


def _grad_kernel(
    outs: Any,
    g: Any,
    query: Any,
    key: Any,
    value: Any,
    out: Any,
    logs: Any,
    attn_mask: Any = None,
    rng: Any = None,
    *,
    scratch: Any,
    **attrs: Any,
) -> list[Call]:
    of = _layout(query, key, value, attrs["enable_gqa"])
    if not of.columns:
        return [(np.copyto, o, 0.0) for o in outs if o is not None]
    sizes = ((of.rows, of.width), (of.columns, of.width), (of.columns, of.depth))
    found = [of.opened(o, tail) for o, tail in zip(outs, sizes, strict=True)]
    given = of.spread(g), of.spread(out), of.spread(logs, rows=False)
    inputs = (*map(of.spread, (query, key, value)), _seen_mask(of, attn_mask))
    calls, drawn = _drawn(of, rng, attrs, scratch)
    rest = (
        kernels.causal(of, attrs["is_causal"]),
        kernels.factor_of(of.width, attrs["scale"]),
        drawn,
        attrs["dropout_p"],
    )
    for at in of.blocks():
        calls += kernels.backward_block(Block(of, at, scratch), found, given, inputs, *rest)
    return calls


def _grad_scratch(g: TensorType, query: TensorType, key: TensorType, value: TensorType, *_: Any, **attrs: Any) -> Types:
    of = _layout(query, key, value, attrs["enable_gqa"])
    return kernels.scratch_types(of, attrs["dropout_p"] > 0.0, backward=True)


def _decomposed(
    g: Any, query: Any, key: Any, value: Any, out: Any, logs: Any, mask: Any = None, rng: Any = None, **attrs: Any
) -> tuple[Any, ...]:
    return gradients_in_ops(g, query, key, value, mask, rng, attrs)[:3]


scaled_dot_product_attention_grad: Op = register(
    Op(
        f"{_NAME}_grad",
        infer=_infer_grad,
        numpy=_grad_kernel,
        scratch=_grad_scratch,
        outputs=("query_grad", "key_grad", "value_grad"),
        decompose=_decomposed,
        differentiable=3,
        traits=(Trait.RANDOM,),
        grad_name=f"{_FLASH[:-1]}Backward0",
    )
)
