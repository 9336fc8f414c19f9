"""Attention of many heads: projections, extra keys and masks around the one op."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from graphnn.errors import ArgumentError, AssertedError, ShapeError
from graphnn.nn.functional.activation import softmax
from graphnn.nn.functional.attention import canonical_mask, dtype_of, scaled_dot_product_attention
from graphnn.nn.functional.conv import linear
from graphnn.nn.functional.dropout import dropout
from graphnn.nn.functional.padding import pad
from graphnn.tensor.creation import zeros
from graphnn.tensor.joining import cat
from graphnn.tensor.tensor import Tensor


def _is_batched(query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None) -> bool:
    if query.ndim not in (2, 3):
        raise AssertedError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor"
        )
    batched = query.ndim == 3
    kind = "batched (3-D)" if batched else "unbatched (2-D)"
    if key.ndim != query.ndim or value.ndim != query.ndim:
        raise AssertedError(
            f"For {kind} `query`, expected `key` and `value` to be {query.ndim}-D but found {key.ndim}-D and "
            f"{value.ndim}-D tensors respectively"
        )
    if padding is not None and padding.ndim != query.ndim - 1:
        raise AssertedError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {query.ndim - 1}-D but found "
            f"{padding.ndim}-D tensor instead"
        )
    if mask is not None and mask.ndim not in (2, 3):
        raise AssertedError(
            f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {mask.ndim}-D tensor instead"
        )
    return batched


# ---- many heads


class Heads(NamedTuple):
    """Projected queries, keys and values (batch, heads, length, head size), and a mask to add (or None)."""

    query: Tensor
    key: Tensor
    value: Tensor
    mask: Tensor | None


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
    *,
    batch_first: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention of `num_heads` heads with its projections, for query (L, N, E), key and value (S, N, ...), or without N.

    With `batch_first` (not in PyTorch's) N comes before L and S: projections then read their rows as they lie.
    Gives the output (L, N, E) and, if `need_weights`, the weights (N, L, S), or (N, heads, L, S) unless averaged.
    Masks are true, or -inf, where a key takes no part.
    """
    batched = _is_batched(query, key, value, key_padding_mask, attn_mask)
    if not batched:
        _check_unbatched_mask(query, key, attn_mask, num_heads)
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    if is_causal and attn_mask is None:
        raise ArgumentError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    key_padding_mask = canonical_mask(
        key_padding_mask, "key_padding_mask", dtype_of(attn_mask), "attn_mask", query.dtype
    )
    causal = is_causal and key_padding_mask is None and not need_weights
    mask = None if causal else canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, check_other=False)
    batch_first = batch_first and batched
    turned = _swapped(query, key, value) if batch_first else (query, key, value)
    _check_sizes(turned, embed_dim_to_check, num_heads, use_separate_proj_weight)
    weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight
    projected = _project(query, key, value, weights, in_proj_bias)
    rows, batch, _ = turned[0].shape
    mask = _checked_mask(mask, batch * num_heads, rows, turned[1].shape[0])
    extra = (bias_k, bias_v), (static_k, static_v), add_zero_attn
    heads = _heads(projected, num_heads, batch_first, extra, mask, key_padding_mask)
    p = dropout_p if training else 0.0
    if need_weights:
        found, shown = _with_weights(heads, p, average_attn_weights)
    else:
        found, shown = _fused(heads, p, causal), None
    out = linear(_merged(found, batch_first), out_proj_weight, out_proj_bias)
    if batched:
        return out, shown
    return out.squeeze(1), None if shown is None else shown.squeeze(0)


def _check_unbatched_mask(query: Tensor, key: Tensor, mask: Tensor | None, num_heads: int) -> None:
    wanted = (num_heads, query.shape[0], key.shape[0])
    if mask is not None and mask.ndim == 3 and tuple(mask.shape) != wanted:
        raise AssertedError(f"Expected `attn_mask` shape to be {wanted} but got {tuple(mask.shape)}")


def _check_sizes(given: tuple[Tensor, ...], embed_dim: int, num_heads: int, separate: bool) -> None:
    """Of query, key and value, as (length, batch, features)."""
    query, key, value = given
    if query.shape[-1] != embed_dim:
        raise AssertedError(f"was expecting embedding dimension of {embed_dim}, but got {query.shape[-1]}")
    if embed_dim % num_heads:
        raise AssertedError(f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertedError(
            f"key's sequence and batch dims {tuple(key.shape[:2])} do not match value's {tuple(value.shape[:2])}"
        )
    if not separate and key.shape != value.shape:
        raise AssertedError(f"key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}")
    if key.shape[1] != query.shape[1]:
        raise AssertedError(
            f"query has a batch of {query.shape[1]}, key and value one of {key.shape[1]}: query {query.tensor_type}, "
            f"key {key.tensor_type}"
        )


def _checked_mask(mask: Tensor | None, heads: int, rows: int, columns: int) -> Tensor | None:
    """The mask with three dimensions."""
    if mask is None:
        return None
    wanted = (rows, columns) if mask.ndim == 2 else (heads, rows, columns)
    if tuple(mask.shape) != wanted:
        raise ShapeError(f"The shape of the {mask.ndim}D attn_mask is {tuple(mask.shape)}, but should be {wanted}.")
    return mask.unsqueeze(0) if mask.ndim == 2 else mask


def _project(query: Tensor, key: Tensor, value: Tensor, weights: Any, bias: Tensor | None) -> list[Tensor]:
    """Queries, keys and values by their own weights, or by the thirds of one; at once where all are the same tensor."""
    if weights is None or (isinstance(weights, tuple) and any(w is None for w in weights)):
        raise AssertedError("the projection weights are missing: give in_proj_weight, or all of q/k/v_proj_weight")
    size = query.shape[-1]
    if not isinstance(weights, tuple) and query is key and key is value:
        packed = linear(query, weights, bias)
        return list(packed.chunk(3, dim=-1))
    parts = weights if isinstance(weights, tuple) else weights.split(size)
    biases = (None,) * 3 if bias is None else bias.split(size)
    given = zip((query, key, value), parts, biases, strict=True)
    return [linear(x, weight, part) for x, weight, part in given]


def _heads(
    projected: list[Tensor],
    count: int,
    batch_first: bool,
    extra: tuple[tuple[Tensor | None, Tensor | None], tuple[Tensor | None, Tensor | None], bool],
    mask: Tensor | None,
    padding: Tensor | None,
) -> Heads:
    """`extra`: biases that stand as one more key and value, keys and values computed before, and whether to add zeros."""
    query, key, value = projected
    biases, statics, add_zero = extra
    batch = query.shape[0 if batch_first else 1]
    if (biases[0] is None) != (biases[1] is None):
        raise AssertedError("bias_k and bias_v must both be set, or neither")
    if biases[0] is not None:
        if any(s is not None for s in statics):
            raise AssertedError("bias cannot be added to static key or value.")
        shape, dim = ((batch, 1, -1), 1) if batch_first else ((1, batch, -1), 0)
        key, value = (cat([x, b.expand(*shape)], dim=dim) for x, b in zip((key, value), biases, strict=True))  # type: ignore[union-attr]
        mask, padding = _one_more(mask), _one_more(padding)
    query, key, value = (_split(x, count, batch_first) for x in (query, key, value))
    key, value = (_static(s, x) for s, x in zip(statics, (key, value), strict=True))
    if add_zero:
        key, value = (cat([x, zeros(batch, count, 1, x.shape[3], dtype=x.dtype)], dim=2) for x in (key, value))
        mask, padding = _one_more(mask), _one_more(padding)
    if mask is not None:
        mask = mask.unsqueeze(0) if mask.shape[0] == 1 else mask.reshape(batch, count, *mask.shape[1:])
    return Heads(query, key, value, _with_padding(mask, padding, batch, key.shape[2]))


def _one_more(mask: Tensor | None) -> Tensor | None:
    """The mask with a column that hides nothing."""
    return None if mask is None else pad(mask, (0, 1))


def _split(x: Tensor, count: int, batch_first: bool) -> Tensor:
    """(L, N, E), or (N, L, E), as (N, heads, L, E / heads): a view."""
    found: Tensor = x.reshape(*x.shape[:2], count, x.shape[2] // count)
    return found.transpose(1, 2) if batch_first else found.permute(1, 2, 0, 3)  # type: ignore[no-any-return]


def _merged(x: Tensor, batch_first: bool) -> Tensor:
    """(N, heads, L, E / heads) as (L, N, E), or (N, L, E)."""
    batch, count, length, depth = x.shape
    if batch_first:
        return x.transpose(1, 2).reshape(batch, length, count * depth)  # type: ignore[no-any-return]
    return x.permute(2, 0, 1, 3).reshape(length, batch, count * depth)  # type: ignore[no-any-return]


def _swapped(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
    return tuple(x.transpose(0, 1) for x in (query, key, value))


def _static(given: Tensor | None, computed: Tensor) -> Tensor:
    if given is None:
        return computed
    batch, count, _, depth = computed.shape
    if given.ndim != 3 or given.shape[0] != batch * count or given.shape[2] != depth:
        raise AssertedError(
            f"expecting static keys and values of shape ({batch * count}, S, {depth}), got {given.tensor_type}"
        )
    return given.reshape(batch, count, *given.shape[1:])  # type: ignore[no-any-return]


def _with_padding(mask: Tensor | None, padding: Tensor | None, batch: int, columns: int) -> Tensor | None:
    """Both masks as one."""
    if padding is None:
        return mask
    if tuple(padding.shape) != (batch, columns):
        at = 0 if padding.shape[0] != batch else 1
        raise AssertedError(
            f"Expected key_padded_mask.shape[{at}] to be {(batch, columns)[at]}, but got {padding.shape[at]}"
        )
    spread = padding.reshape(batch, 1, 1, columns)
    return spread if mask is None else mask + spread  # type: ignore[no-any-return]


def _with_weights(heads: Heads, p: float, average: bool) -> tuple[Tensor, Tensor]:
    """The output of each head, and the weights that gave it."""
    scores = (heads.query * math.sqrt(1.0 / heads.query.shape[-1])) @ heads.key.transpose(-2, -1)
    weights = softmax(scores if heads.mask is None else scores + heads.mask, dim=-1)
    weights = dropout(weights, p) if p > 0.0 else weights
    return weights @ heads.value, weights.mean(dim=1) if average else weights


def _fused(heads: Heads, p: float, causal: bool) -> Tensor:
    """The output of each head; the weights are never kept."""
    return scaled_dot_product_attention(*heads, p, causal)
