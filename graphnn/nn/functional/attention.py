"""Attention as one op, softmax(query keyᵀ) value, and the masks that attention takes."""

from __future__ import annotations

import math
import warnings
from typing import Any

from graphnn.errors import ArgumentError, AssertedError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ops.attention import scaled_dot_product_attention as attention_op
from graphnn.ops.compare import where
from graphnn.tensor.creation import zeros
from graphnn.tensor.random import reserve
from graphnn.tensor.tensor import Tensor


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query keyᵀ scale + mask) value, for query (..., L, E), key (..., S, E) and value (..., S, Ev).

    A boolean mask is true where a key takes part; another is added. Dropout is applied whatever mode modules are in.
    """
    attrs: dict[str, Any] = {"is_causal": bool(is_causal), "enable_gqa": bool(enable_gqa)}
    attrs["scale"] = None if scale is None else float(scale)
    if dropout_p == 0.0:
        masks = () if attn_mask is None else (attn_mask,)
        return attention_op(query, key, value, *masks, **attrs)[0]  # type: ignore[no-any-return]
    if not 0.0 <= dropout_p <= 1.0:
        raise ArgumentError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    rng, offset = reserve(_scores(query, key, value, attn_mask, attrs))
    out: Tensor = attention_op(query, key, value, attn_mask, rng, dropout_p=float(dropout_p), offset=offset, **attrs)[0]
    return out


def _scores(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, attrs: Any) -> int:
    """How many there are: a random number each. Refuses what the op refuses, before the stream moves on."""
    types = [None if t is None else t.tensor_type for t in (query, key, value, mask)]
    out = attention_op.infer_types(types, attention_op.attrs(attrs))[0]
    return math.prod(out.shape[:-1]) * int(key.shape[-2])


# ---- masks


def canonical_mask(
    mask: Tensor | None, name: str, other: DType | None, other_name: str, dtype: DType, check_other: bool = True
) -> Tensor | None:
    """The mask as numbers to add to scores: -inf where a boolean one is true."""
    if mask is None:
        return None
    if mask.dtype is not dtypes.bool and not mask.is_floating_point():
        raise AssertedError(f"only bool and floating types of {name} are supported, got {mask.tensor_type}")
    if check_other and other is not None and mask.dtype is not other:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if mask.is_floating_point():
        return mask
    return where(mask, -math.inf, zeros((), dtype=dtype))  # type: ignore[no-any-return]


def dtype_of(mask: Tensor | None) -> DType | None:
    return None if mask is None else mask.dtype
