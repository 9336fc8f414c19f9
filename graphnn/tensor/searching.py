"""Functions about order and membership: places in sorted sequences, elements of a set, differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import lookup
from graphnn.ops.typing import normalize_dim, promote_dtypes
from graphnn.tensor.creation import tensor
from graphnn.tensor.joining import cat
from graphnn.tensor.tensor import Tensor


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Any:
    """How many elements of `sorted_sequence` (sorted along its last dimension, or brought in order by `sorter`) are less
    than each of `input`; with `right`, or side="right", no more than it."""
    if side is not None and side not in ("left", "right"):
        raise ArgumentError(f"searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise ArgumentError(
            "searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if sorter is not None:
        if sorter.dtype is not dtypes.int64:
            raise DTypeError(
                f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype}"
            )
        if sorter.shape != sorted_sequence.shape:
            raise ShapeError(
                "searchsorted(): boundary and sorter must have the same size, "
                f"but got boundary tensor {list(sorted_sequence.shape)} and got sorter tensor {list(sorter.shape)}"
            )
        sorted_sequence = sorted_sequence.gather(-1, sorter)
    if isinstance(input, Tensor) and input.dtype is not sorted_sequence.dtype:
        kind = promote_dtypes(sorted_sequence.dtype, input.dtype)
        sorted_sequence, input = sorted_sequence.to(kind), input.to(kind)
    dtype = dtypes.int32 if out_int32 else dtypes.int64
    return lookup("searchsorted")(sorted_sequence, input, right=bool(right or side == "right"), dtype=dtype)


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Any:
    """Which bucket between the sorted `boundaries` each element falls into; with `right` buckets end before their upper
    boundary."""
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize: boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Any:
    """Which of the elements are among `test_elements`."""
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise ArgumentTypeError(
            f"isin(): elements or test_elements must be a tensor, got {elements!r} and {test_elements!r}"
        )
    elements, tests = (t if isinstance(t, Tensor) else tensor(t) for t in (elements, test_elements))
    if tests.numel() == 0:
        found = elements.new_zeros(elements.shape, dtype=dtypes.bool)
    else:
        kind = promote_dtypes(elements.dtype, tests.dtype)
        x, ordered = elements.detach().to(kind), tests.detach().to(kind).reshape(-1).sort().values
        place = searchsorted(ordered, x).clamp(max=ordered.shape[0] - 1)
        found = ordered[place] == x
    return ~found if invert else found


def gradient(
    input: Tensor, *, spacing: Any = 1, dim: int | Sequence[int] | None = None, edge_order: int = 1
) -> tuple[Any, ...]:
    """The derivative along each dimension, by central differences of second order, one-sided at the edges.

    `spacing` is the distance of neighbours (a number for all dimensions, or one each), or coordinates (a vector each).
    Unequal distances: Fornberg, Generation of Finite Difference Formulas on Arbitrarily Spaced Grids (1988).
    """
    if edge_order not in (1, 2):
        raise ArgumentError(f"torch.gradient only supports edge_order=1 and edge_order=2, got {edge_order}")
    dims = range(input.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    axes = [normalize_dim(d, input.ndim, "gradient") for d in dims]
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"gradient: dim appears multiple times in the list of dims: {list(dims)}")
    for axis in axes:
        if input.shape[axis] < edge_order + 1:
            raise ShapeError(
                f"torch.gradient expected each dimension size to be at least edge_order+1, got {list(input.shape)}"
            )
    return tuple(
        _along(input, axis, step, edge_order) for axis, step in zip(axes, _spacings(spacing, axes), strict=True)
    )


def _spacings(spacing: Any, axes: Sequence[int]) -> list[Any]:
    if isinstance(spacing, int | float):
        return [spacing] * len(axes)
    if isinstance(spacing, Tensor):
        spacing = [spacing]
    if len(spacing) != len(axes):
        raise ArgumentError(
            f"torch.gradient expected spacing to be unspecified, a scalar or a list of length {len(axes)}, "
            f"got {len(spacing)}"
        )
    return list(spacing)


def _along(x: Tensor, axis: int, step: Any, edge_order: int) -> Any:
    n = x.shape[axis]
    if isinstance(step, Tensor):
        if step.ndim != 1 or step.shape[0] != n:
            raise ShapeError(f"torch.gradient expected coordinates of length {n}, got {step.tensor_type}")
        wide = step.reshape(-1, *(1,) * (x.ndim - axis - 1))
        gaps = wide.narrow(0, 1, n - 1) - wide.narrow(0, 0, n - 1)
    else:
        gaps = x.new_full((n - 1, *(1,) * (x.ndim - axis - 1)), float(step))
    slopes = (x.narrow(axis, 1, n - 1) - x.narrow(axis, 0, n - 1)) / gaps
    first, last = slopes.narrow(axis, 0, 1), slopes.narrow(axis, n - 2, 1)
    if n == 2:
        return cat((first, last), axis)
    before, after = gaps.narrow(0, 0, n - 2), gaps.narrow(0, 1, n - 2)
    low, high = slopes.narrow(axis, 0, n - 2), slopes.narrow(axis, 1, n - 2)
    inner = (low * after + high * before) / (before + after)
    if edge_order == 2:
        first = _edge(first, slopes.narrow(axis, 1, 1), gaps[0], gaps[1])
        last = _edge(last, slopes.narrow(axis, n - 3, 1), gaps[n - 2], gaps[n - 3])
    return cat((first, inner, last), axis)


def _edge(near: Any, far: Any, gap: Any, next_gap: Any) -> Any:
    """By the parabola through the three outermost points."""
    return near + (near - far) * gap / (gap + next_gap)


__all__ = ["bucketize", "gradient", "isin", "searchsorted"]
