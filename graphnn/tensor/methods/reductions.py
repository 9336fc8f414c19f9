"""Reductions: sums, means, extremes, variances, norms, truth; and the cumulative sum."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ops import compare, reduce, unary
from graphnn.ops.op import Op
from graphnn.ops.typing import normalize_dim, normalize_dims
from graphnn.tensor.methods.naming import named
from graphnn.tensor.return_types import Extremes

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

Dims = int | Sequence[int] | None
_ALIASES = {"axis": "dim", "keepdims": "keepdim"}


def _numpy_names(method: Callable[..., Any]) -> Callable[..., Any]:
    """Lets `axis` and `keepdims` stand for `dim` and `keepdim`."""

    @functools.wraps(method)
    def wrapped(self: Tensor, *args: Any, **given: Any) -> Any:
        if given:
            given = {_ALIASES.get(name, name): value for name, value in given.items()}
        return method(self, *args, **given)

    return wrapped


def canonical(dim: Dims, x: Tensor, op: str) -> tuple[int, ...] | None:
    """The dims as ops take them: None for all of them."""
    if dim is None or (not isinstance(dim, int) and len(dim) == 0):
        return None
    return normalize_dims(dim, x.ndim, op)


def _over(op: Op, x: Tensor, dim: Dims, keepdim: bool, **more: Any) -> Any:
    return op(x, dim=canonical(dim, x, op.name), keepdim=bool(keepdim), **more)


def _truth(op: Op, x: Tensor, dim: Dims, keepdim: bool) -> Any:
    """Of uint8, which served for bool once, uint8."""
    found = _over(op, x, dim, keepdim)
    return found.to(dtypes.uint8) if x.dtype is dtypes.uint8 else found


def _converted(x: Tensor, dtype: DType | None) -> Tensor:
    return x if dtype is None else x.to(dtype)


class SumMethods:
    @_numpy_names
    def sum(self: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Any:
        """The sum over `dim`, by default over everything; integers are summed as int64."""
        return _over(reduce.sum, _converted(self, dtype), dim, keepdim)

    @_numpy_names
    def mean(self: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Any:
        return _over(reduce.mean, _converted(self, dtype), dim, keepdim)

    @_numpy_names
    def prod(self: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Any:
        return _over(reduce.prod, _converted(self, dtype), dim, keepdim)

    @_numpy_names
    def var(self: Tensor, dim: Dims = None, unbiased: bool = True, keepdim: bool = False, **more: Any) -> Any:
        """The mean square deviation; the sum is divided by count - `correction` (1; 0 when not `unbiased`)."""
        dim, correction = _correction(dim, unbiased, **more)
        return _over(reduce.var, self, dim, keepdim, correction=correction)

    @_numpy_names
    def std(self: Tensor, dim: Dims = None, unbiased: bool = True, keepdim: bool = False, **more: Any) -> Any:
        """The square root of the variance."""
        dim, correction = _correction(dim, unbiased, **more)
        return named(_root(_over(reduce.var, self, dim, keepdim, correction=correction), 0.5), "StdBackward0")

    @_numpy_names
    def norm(self: Tensor, p: Any = "fro", dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Any:
        """The p-norm over `dim`: (sum |x|^p)^(1/p); "fro" is 2, inf the largest magnitude."""
        if p == "nuc":
            from graphnn.tensor.linalg import matrix_norm

            return matrix_norm(self, p, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
        x, p = _converted(self, dtype), 2.0 if p in ("fro", None) else float(p)
        return named(_p_norm(x, p, dim, keepdim), "LinalgVectorNormBackward0")

    @_numpy_names
    def logsumexp(self: Tensor, dim: Dims, keepdim: bool = False) -> Any:
        """log(sum(exp(x))), computed without overflow."""
        largest = _over(reduce.amax, self.detach(), dim, True)
        shift = compare.where(compare.isfinite(largest), largest, 0.0)
        total = unary.log((self - shift).exp().sum(dim, True)) + shift
        return named(total if keepdim else total.squeeze(dim), "LogsumexpBackward0")

    @_numpy_names
    def cumsum(self: Tensor, dim: int, *, dtype: DType | None = None) -> Any:
        return reduce.cumsum(_converted(self, dtype), dim=normalize_dim(dim, self.ndim, "cumsum"))

    @_numpy_names
    def all(self: Tensor, dim: Dims = None, keepdim: bool = False) -> Any:
        return _truth(reduce.all, self, dim, keepdim)

    @_numpy_names
    def any(self: Tensor, dim: Dims = None, keepdim: bool = False) -> Any:
        return _truth(reduce.any, self, dim, keepdim)

    @_numpy_names
    def count_nonzero(self: Tensor, dim: Dims = None) -> Any:
        return (self != 0).sum(dim)


def _correction(dim: Any, unbiased: bool, correction: Any = 1) -> tuple[Dims, Any]:
    """PyTorch's older form `var(unbiased)` besides `var(dim, unbiased)` and `var(dim, correction=1)`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return dim, correction if unbiased else 0


def _p_norm(x: Tensor, p: float, dim: Dims, keepdim: bool) -> Any:
    if x.dtype in dtypes.NARROW:  # their squares overflow
        return _p_norm(x.to(dtypes.float32), p, dim, keepdim).to(x.dtype)
    if p == 2.0:
        return _root((x * x).sum(dim, keepdim), 0.5)
    if p in (float("inf"), float("-inf")):
        return _over(reduce.amax if p > 0 else reduce.amin, x.abs(), dim, keepdim)
    if p == 0.0:
        return (x != 0).to(x.dtype).sum(dim, keepdim)
    return x.abs().sum(dim, keepdim) if p == 1.0 else _root((x.abs() ** p).sum(dim, keepdim), 1.0 / p)


def _root(total: Tensor, power: float) -> Any:
    """total ** power, with gradient 0 instead of NaN where it is 0."""
    if not total.requires_grad or power < 0:
        return unary.sqrt(total) if power == 0.5 else total**power
    is_zero = total == 0
    safe = compare.where(is_zero, 1.0, total)
    return compare.where(is_zero, 0.0, unary.sqrt(safe) if power == 0.5 else safe**power)


class ExtremeMethods:
    @_numpy_names
    def max(self: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
        """The largest element; with `dim` (values, indices); with another tensor the larger of each pair."""
        return _extreme(self, "max", dim if other is None else other, keepdim)

    @_numpy_names
    def min(self: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
        """The smallest element; with `dim` (values, indices); with another tensor the smaller of each pair."""
        return _extreme(self, "min", dim if other is None else other, keepdim)

    @_numpy_names
    def amax(self: Tensor, dim: Dims = (), keepdim: bool = False) -> Any:
        """The largest elements over `dim`; several equal ones share the gradient."""
        return _over(reduce.amax, self, dim, keepdim)

    @_numpy_names
    def amin(self: Tensor, dim: Dims = (), keepdim: bool = False) -> Any:
        return _over(reduce.amin, self, dim, keepdim)

    @_numpy_names
    def argmax(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
        """The index of the first largest element; with no `dim`, in the flattened tensor."""
        return _argument("argmax", self, dim, keepdim)

    @_numpy_names
    def argmin(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
        return _argument("argmin", self, dim, keepdim)


def _extreme(x: Tensor, name: str, dim: Any, keepdim: bool) -> Any:
    if dim is None:
        return named(_over(getattr(reduce, f"a{name}"), x, None, False), f"{name.capitalize()}Backward1")
    if not isinstance(dim, int):
        return x.maximum(dim) if name == "max" else x.minimum(dim)
    at = normalize_dim(dim, x.ndim, name)
    return Extremes(name, *_lookup(f"{name}_dim")(x, dim=at, keepdim=bool(keepdim)))


def _argument(name: str, x: Tensor, dim: int | None, keepdim: bool) -> Any:
    at = None if dim is None else normalize_dim(dim, x.ndim, name)
    return _lookup(name)(x, dim=at, keepdim=bool(keepdim))


def _lookup(name: str) -> Any:
    from graphnn.ir.registry import lookup

    return lookup(name)
