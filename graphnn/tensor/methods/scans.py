"""What runs along a dimension: cumulative products and extremes, differences of neighbours, repeated elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ops import compare, scans
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.named_results import named_results
from graphnn.tensor.return_types import Extremes

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class ScanMethods:
    def cumprod(self: Tensor, dim: int, *, dtype: Any = None) -> Any:
        """The product of the elements up to each along `dim`; integers are multiplied as int64."""
        x = self if dtype is None else self.to(dtype)
        return scans.cumprod(x, dim=normalize_dim(dim, x.ndim, "cumprod"))

    def cummax(self: Tensor, dim: int) -> Any:
        """`(values, indices)`: the largest element so far along `dim`, and where the last such lies."""
        return Extremes("cummax", *scans.cummax(self, dim=normalize_dim(dim, self.ndim, "cummax")))

    def cummin(self: Tensor, dim: int) -> Any:
        """`(values, indices)`: the smallest element so far along `dim`, and where the last such lies."""
        return Extremes("cummin", *scans.cummin(self, dim=normalize_dim(dim, self.ndim, "cummin")))

    def logcumsumexp(self: Tensor, dim: int) -> Any:
        """log(cumsum(exp(x))) along `dim`, computed without overflow."""
        return scans.logcumsumexp(self, dim=normalize_dim(dim, self.ndim, "logcumsumexp"))

    def aminmax(self: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
        """`(min, max)` over `dim`, by default over everything."""
        over = () if dim is None else (dim,)
        return named_results("aminmax", min=self.amin(over, keepdim), max=self.amax(over, keepdim))

    def diff(
        self: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
    ) -> Any:
        """The differences of neighbours along `dim`, taken n times; `prepend` and `append` are joined to it before."""
        if self.ndim == 0:
            raise ShapeError("diff expects input to be at least one-dimensional, got a 0-d tensor")
        if n < 0:
            raise ArgumentError(f"diff: order must be non-negative but got {n}")
        at = normalize_dim(dim, self.ndim, "diff")
        x = _joined(self, prepend, append, at)
        for _ in range(min(n, x.shape[at])):
            x = _differences(x, at)
        return x.clone() if n == 0 else x

    def repeat_interleave(self: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Any:
        """Each element (or slice along `dim`) as often as `repeats`, a number or a vector of numbers, says."""
        x, dim = (self.flatten(), 0) if dim is None else (self.reshape(1) if self.ndim == 0 else self, dim)
        at = normalize_dim(dim, x.ndim, "repeat_interleave")
        if isinstance(repeats, int):
            found = _each_repeated(x, repeats, at)
        else:
            counts = repeats.expand(x.shape[at]) if repeats.numel() == 1 else repeats
            if counts.ndim != 1 or counts.shape[0] != x.shape[at]:
                raise ShapeError(
                    f"repeats must have the same size as input along dim, got {list(counts.shape)} for {x.shape[at]}"
                )
            found = x.index_select(at, repeated_places(counts))
        if output_size is not None and found.shape[at] != output_size:
            raise ArgumentError(f"allocated size does not match required size: {output_size} for {found.shape[at]}")
        return found


def _joined(x: Tensor, prepend: Tensor | None, append: Tensor | None, at: int) -> Tensor:
    if prepend is None and append is None:
        return x
    from graphnn.tensor.joining import cat

    for extra in (prepend, append):
        if extra is not None and extra.ndim != x.ndim:
            raise ShapeError("diff expects prepend or append to be the same dimension as input")
    return cat([part for part in (prepend, x, append) if part is not None], dim=at)  # type: ignore[no-any-return]


def _differences(x: Tensor, at: int) -> Any:
    size = max(x.shape[at] - 1, 0)
    after, before = x.narrow(at, min(1, x.shape[at]), size), x.narrow(at, 0, size)
    return compare.logical_xor(after, before) if x.dtype.category == 0 else after - before


def _each_repeated(x: Tensor, times: int, at: int) -> Any:
    if times < 0:
        raise ArgumentError(f"Repeats must be non-negative, got {times}")
    shape = tuple(x.shape)
    apart = x.unsqueeze(at + 1).expand(*shape[: at + 1], times, *shape[at + 1 :])
    return apart.clone().reshape(*shape[:at], shape[at] * times, *shape[at + 1 :])


def repeated_places(counts: Tensor) -> Any:
    """0 as often as the first count says, 1 as often as the second, and so on."""
    import numpy as np

    from graphnn.tensor.creation import from_numpy

    if counts.ndim != 1 or counts.dtype.name not in ("int32", "int64"):
        raise ArgumentError(
            f"repeat_interleave only accepts a 1D int32 or int64 vector as repeats: {counts.tensor_type}"
        )
    times = counts.values("as the numbers of repetitions")
    if times.size and times.min() < 0:
        raise ArgumentError(f"repeats can not be negative, got {int(times.min())}")
    return from_numpy(np.repeat(np.arange(times.size, dtype=times.dtype), times))
