"""Quantiles, the middle of what is no NaN, the element that occurs most often, counts in bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, IndexOutOfRange, ShapeError, UnsupportedDTypeError
from graphnn.ir import dtypes
from graphnn.ir.registry import lookup
from graphnn.ops.compare import where
from graphnn.ops.op import builders
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named
from graphnn.tensor.named_results import named_results

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


class QuantileMethods:
    def quantile(
        self: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Any:
        """What the share q (a number, or a vector: then a first dimension of the result) of elements along `dim` is below;
        NaN where there is one."""
        return _quantile("quantile", self, q, dim, keepdim, interpolation, skip_nan=False)

    def nanquantile(
        self: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Any:
        """The quantile of the elements that are not NaN; NaN where there are none."""
        return _quantile("nanquantile", self, q, dim, keepdim, interpolation, skip_nan=True)

    def nanmedian(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
        """The lower of the middle elements that are not NaN; with `dim` (values, indices)."""
        if dim is None and not self.numel():
            return self.new_full((), float("nan"))
        if dim is None:
            return named(_nan_middle(self.reshape(-1), 0, False)[0], "NanmedianBackward0")
        values, indices = _nan_middle(self, normalize_dim(dim, self.ndim, "nanmedian"), keepdim)
        return named_results("nanmedian", values=named(values, "NanmedianBackward1"), indices=indices)

    def mode(self: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
        """`(values, indices)`: the element along `dim` that occurs most often, the smallest of several such."""
        at = normalize_dim(dim, self.ndim, "mode")
        values, indices = lookup("mode")(self, dim=at)
        if keepdim and self.ndim:
            values, indices = values.unsqueeze(at), indices.unsqueeze(at)
        return named_results("mode", values=values, indices=indices)

    def histc(self: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Any:
        """How many elements lie in each of `bins` equal bins from `min` to `max` (both 0: of the elements); what lies outside
        does not count."""
        _check_bins("histc", self, bins, min, max)
        low, high = _limits(self, min, max)
        x = self.reshape(-1).detach()
        place = ((x - low) * bins / (high - low)).floor().clamp(0, bins - 1).nan_to_num(0.0).to(dtypes.int64)
        inside = ((x >= low) & (x <= high)).to(self.dtype)
        return self.new_zeros(bins).index_add(0, place, inside)

    def histogram(
        self: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False
    ) -> Any:
        """`(hist, bin_edges)`: how many elements (or what weight) lie in each bin, the last one with its upper edge. `bins` is
        their number, over `range` or all elements, or a vector of edges; a `density` integrates to 1."""
        if weight is not None and weight.shape != self.shape:
            raise ShapeError(
                f"histogram: if weight tensor is provided it should have the same shape as the input tensor, got "
                f"{weight.tensor_type} for {self.tensor_type}"
            )
        edges = _edges(self, bins, range)
        x = self.reshape(-1).detach()
        count = edges.shape[0] - 1
        place = (lookup("searchsorted")(edges, x, right=True) - 1).clamp(0, count - 1)
        inside = (x >= edges[0]) & (x <= edges[count])
        each = inside.to(self.dtype) if weight is None else weight.reshape(-1) * inside.to(self.dtype)
        hist = self.new_zeros(count).index_add(0, place, each)
        if density:
            hist = hist / (hist.sum() * (edges[1:] - edges[:-1]))
        return named_results("histogram", hist=hist, bin_edges=edges)


def _nan_middle(x: Tensor, at: int, keepdim: bool) -> Any:
    size = x.shape[at] if x.ndim else 1
    if size == 0:
        raise IndexOutOfRange(f"nanmedian(): Expected reduction dim {at} to have non-zero size: {x.tensor_type}")
    values, indices = x.sort(at)
    if not x.ndim:
        return values, indices
    numbers = (values == values).sum(at, True)
    place = ((numbers - 1).clamp(min=0)).floor_divide(2)
    values, indices = values.gather(at, place), indices.gather(at, place)
    return (values, indices) if keepdim else (values.squeeze(at), indices.squeeze(at))


# ---- quantiles


def _quantile(
    name: str, x: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str, *, skip_nan: bool
) -> Any:
    from graphnn.tensor.creation import tensor

    _check_quantile(name, x, q, interpolation)
    if not hasattr(q, "_storage"):
        q = tensor(float(q), dtype=x.dtype)
    flat = x.reshape(-1) if dim is None else x
    at = 0 if dim is None else normalize_dim(dim, x.ndim, name)
    if flat.shape[at] == 0:
        raise ShapeError(f"{name}() input tensor must be non-empty: {x.tensor_type}")
    ordered = flat.movedim(at, -1).sort(-1).values
    rank = _ranks(ordered, q.reshape(-1), skip_nan)
    found = _between(ordered, rank, interpolation)
    if keepdim:
        found = found.unsqueeze(at) if dim is not None else found.reshape(*(1,) * x.ndim, -1)
        found = found.movedim(-1, 0)
    else:
        found = found.movedim(-1, 0)
    return found.squeeze(0) if q.ndim == 0 else found


def _ranks(ordered: Tensor, q: Tensor, skip_nan: bool) -> Any:
    """Where between the sorted elements each quantile lies: [..., quantiles]."""
    numbers = (ordered == ordered).sum(-1, True).to(ordered.dtype)
    last = ordered.shape[-1] - 1
    if skip_nan:
        return q * (numbers - 1).clamp(min=0)
    has_nan = numbers <= last
    return where(has_nan, ordered.new_full((), float(last)), q * float(last))


def _between(ordered: Tensor, rank: Tensor, interpolation: str) -> Any:
    if interpolation in ("lower", "higher", "nearest"):
        rounded = {"lower": rank.floor, "higher": rank.ceil, "nearest": rank.round}[interpolation]()
        return ordered.gather(-1, rounded.to(dtypes.int64))
    below = rank.floor()
    low = ordered.gather(-1, below.to(dtypes.int64))
    high = ordered.gather(-1, rank.ceil().to(dtypes.int64))
    share = rank.new_full((), 0.5) if interpolation == "midpoint" else rank - below
    step = high - low  # from the nearer end, as PyTorch's lerp: infinities make the same NaN
    return where(share < 0.5, low + step * share, high - step * (1 - share))


def _check_quantile(name: str, x: Tensor, q: Any, interpolation: str) -> None:
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise DTypeError(f"{name}() input tensor must be either float or double dtype, got {x.tensor_type}")
    if hasattr(q, "_storage"):
        if q.ndim > 1:
            raise ShapeError(f"{name}() q must be a scalar or 1D tensor, got {q.tensor_type}")
        if not builders.stack and q.numel() and not 0 <= float(q.min()) <= float(q.max()) <= 1:
            raise ArgumentError(f"{name}() q values must be in the range [0, 1], got {q.tolist()}")
        if q.dtype is not x.dtype:
            raise DTypeError(f"{name}() q tensor must be same dtype as the input tensor, got {q.tensor_type}")
    elif not 0 <= q <= 1:
        raise ArgumentError(f"{name}() q must be in the range [0, 1] but got {q}")
    if interpolation not in INTERPOLATIONS:
        allowed = ", ".join(INTERPOLATIONS)
        raise ArgumentError(f"{name}() interpolation must be one of {allowed}, but got {interpolation}")


# ---- bins


def _check_bins(name: str, x: Tensor, bins: int, low: float, high: float) -> None:
    if not x.dtype.is_floating_point:
        raise UnsupportedDTypeError(f'"{name}" not implemented for {x.tensor_type}: wants floating-point numbers')
    if bins <= 0:
        raise ArgumentError(f"{name}: bins must be > 0, got {bins}")
    if high < low:
        raise ArgumentError(f"{name}: max must be larger than min, got min={low} and max={high}")


def _limits(x: Tensor, low: float, high: float) -> tuple[Any, Any]:
    """Of the bins; where elements are all the same, one more to either side."""
    if low != high:
        return x.new_full((), float(low)), x.new_full((), float(high))
    if low != 0:
        return x.new_full((), low - 1.0), x.new_full((), high + 1.0)
    first, last = (x.detach().min(), x.detach().max()) if x.numel() else (x.new_zeros(()), x.new_zeros(()))
    _check_finite(first, last)
    same = first == last
    return where(same, first - 1, first), where(same, last + 1, last)


def _check_finite(low: Any, high: Any) -> None:
    """Of the elements' own range; a trace has no values to check."""
    if not builders.stack and not (low.isfinite() & high.isfinite()).item():
        raise ArgumentError(
            f"histogram: range of [{low.item()}, {high.item()}] is not finite; give one, or leave out NaN"
        )


def _edges(x: Tensor, bins: Any, range: Any) -> Any:
    if hasattr(bins, "_storage"):
        if bins.dtype is not x.dtype:
            raise DTypeError(
                f"histogram: input tensor and bins tensors should have the same dtype, got {bins.tensor_type}"
            )
        return bins
    low, high = range if range is not None else (0.0, 0.0)
    _check_bins("histogram", x, bins, low, high)
    low, high = _limits(x, low, high)
    steps = x.new_tensor(np.arange(bins + 1) / bins)
    return low + (high - low) * steps
