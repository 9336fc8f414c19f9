"""Moments and norms: sums that leave NaN out, covariances, slices brought to a norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ops import compare
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class StatisticsMethods:
    def nansum(self: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The sum of what is no NaN."""
        x = self if dtype is None else self.to(dtype)
        kept = compare.where(compare.isnan(x), 0.0, x) if x.dtype.is_floating_point else x
        return named(kept.sum(dim, keepdim), "NansumBackward0")

    def nanmean(self: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The mean of what is no NaN."""
        x = self if dtype is None else self.to(dtype)
        count = compare.logical_not(compare.isnan(x)).sum(dim, keepdim)
        return x.nansum(dim, keepdim) / count

    def var_mean(self: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, **more: Any) -> Any:
        """The variance and the mean."""
        return self.var(dim, unbiased, keepdim, **more), self.mean(None if isinstance(dim, bool) else dim, keepdim)

    def std_mean(self: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, **more: Any) -> Any:
        """The standard deviation and the mean."""
        return self.std(dim, unbiased, keepdim, **more), self.mean(None if isinstance(dim, bool) else dim, keepdim)

    def cov(self: Tensor, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
        """The covariances of the rows, whose columns are observations (counted and weighted by the weights)."""
        if self.ndim > 2:
            raise ShapeError(f"cov(): expected input to have two or fewer dimensions but got an input with {self.ndim}")
        x = self.reshape(1, -1) if self.ndim < 2 else self
        weights = fweights if aweights is None else aweights if fweights is None else fweights * aweights
        if weights is None:
            centered, norm = x - x.mean(1, keepdim=True), float(x.shape[1] - correction)
            found = centered @ centered.mT / norm
        else:
            total = weights.sum()
            centered = x - ((x * weights).sum(1) / total).unsqueeze(1)
            lost = (weights * aweights).sum() / total if aweights is not None else 1
            found = (centered * weights) @ centered.mT / (total - lost * correction)
        return found.squeeze() if self.ndim < 2 else found

    def corrcoef(self: Tensor) -> Any:
        """The correlations of the rows."""
        found = self.cov()
        if found.ndim == 0:
            return found / found
        spread = found.diagonal().sqrt()
        return (found / spread.unsqueeze(1) / spread.unsqueeze(0)).clamp(-1, 1)

    def renorm(self: Tensor, p: float, dim: int, maxnorm: float) -> Any:
        """Each slice along `dim` whose p-norm is larger than `maxnorm` scaled down to it."""
        if p <= 0 or maxnorm < 0:
            raise ArgumentError(f"renorm: expected p > 0 and maxnorm >= 0, got {p} and {maxnorm}")
        at = normalize_dim(dim, self.ndim, "renorm")
        norms = self.norm(p, [i for i in range(self.ndim) if i != at], keepdim=True)
        scale = compare.where(compare.gt(norms, maxnorm), maxnorm / (norms + 1e-7), 1.0)
        return named(self * scale, "RenormBackward0")
