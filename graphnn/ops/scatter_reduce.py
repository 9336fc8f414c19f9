"""Elements combined at the places that an index names: products, the largest, the smallest."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.compare import eq, where
from graphnn.ops.elementwise import add, div, mul
from graphnn.ops.gathering import _index_scratch, _named_part, _positions, _scatter_type, gather, scatter, scatter_add
from graphnn.ops.op import Call, Op, register
from graphnn.ops.unary import cast

UFUNCS = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def _scatter_reduce(
    x: TensorType, index: TensorType, src: TensorType, *, dim: int, reduce: str, include_self: bool = True
) -> TensorType:
    """A copy with `src[i, j]` combined into `out[index[i, j], j]` for dim 0, and so on: by "prod", "amax" or "amin". Without
    `include_self` what stood at the places named takes no part."""
    if reduce not in UFUNCS:
        raise ArgumentError(f"scatter_reduce: reduce must be one of {', '.join(UFUNCS)}, got {reduce!r}")
    found: TensorType = _scatter_type("scatter_reduce")(x, index, src, dim=dim)
    return found


def _start(dtype: np.dtype, reduce: str) -> Any:
    if reduce == "prod":
        return 1
    if dtype.kind == "b":
        return reduce == "amin"
    info: Any = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    low, high = (-np.inf, np.inf) if dtype.kind == "f" else (info.min, info.max)
    return low if reduce == "amax" else high


def _kernel(
    out: np.ndarray,
    x: np.ndarray,
    index: np.ndarray,
    src: np.ndarray,
    scratch: Any,
    *,
    dim: int,
    reduce: str,
    include_self: bool,
) -> list[Call]:
    calls, places = _positions("scatter_reduce", index, x.shape, dim, scratch[0])
    return [(np.copyto, out, x), *calls, (_combine, out, places, _named_part(src, index), reduce, include_self)]


def _combine(out: np.ndarray, places: np.ndarray, src: np.ndarray, reduce: str, include_self: bool) -> None:
    flat = out.reshape(-1)
    if not include_self:
        flat[places] = _start(out.dtype, reduce)
    UFUNCS[reduce].at(flat, places, src.reshape(-1))


def _vjp(c: Any, g: Any, x: Any, index: Any, src: Any, out: Any) -> Any:
    """As PyTorch: extremes share the gradient evenly; of a product with zeros the factors without the one."""
    attrs = c.attrs
    dim, include = attrs["dim"], attrs["include_self"]
    rule = _product_gradients if attrs["reduce"] == "prod" else _extreme_gradients
    kind = c.out_types[0].dtype
    to_x, to_src = rule(g, x, index, src, out, dim, include, kind)
    if not include:
        to_x = scatter(to_x, index, 0.0, dim=dim)
    return to_x, None, to_src


def _extreme_gradients(g: Any, x: Any, index: Any, src: Any, out: Any, dim: int, include: bool, dtype: Any) -> Any:
    own = cast(eq(x, out), dtype=dtype)
    theirs = cast(eq(src, gather(out, index, dim=dim)), dtype=dtype)
    count = scatter_add(own, index, theirs, dim=dim)
    share = div(g, where(eq(count, 0.0), 1.0, count))
    untouched = where(eq(count, 0.0), g, mul(own, share))
    return untouched, mul(theirs, gather(share, index, dim=dim))


def _product_gradients(g: Any, x: Any, index: Any, src: Any, out: Any, dim: int, include: bool, dtype: Any) -> Any:
    base = x if include else scatter(x, index, 1.0, dim=dim)
    zero = cast(eq(src, 0.0), dtype=dtype)
    zeros = scatter_add(scatter(cast(eq(base, 0.0), dtype=dtype), index, 0.0, dim=dim), index, zero, dim=dim)
    base_zero = eq(base, 0.0)
    # the product of all factors but zeros
    nonzero = scatter_reduce(where(base_zero, 1.0, base), index, where(eq(src, 0.0), 1.0, src), dim=dim, reduce="prod")
    total = add(zeros, cast(base_zero, dtype=dtype))
    without_base = where(eq(zeros, 0.0), div(nonzero, where(base_zero, 1.0, base)), 0.0)
    here = gather(total, index, dim=dim)
    others = div(gather(nonzero, index, dim=dim), where(eq(src, 0.0), 1.0, src))
    without_src = where(eq(here, zero), others, 0.0)
    return mul(g, without_base), mul(gather(g, index, dim=dim), without_src)


scatter_reduce: Op = register(
    Op(
        "scatter_reduce",
        traits=(Trait.CHECKS,),
        infer=_scatter_reduce,
        numpy=_kernel,
        scratch=lambda x, index, src, *, dim, reduce, include_self: _index_scratch(index),
        vjp=_vjp,
    )
)
