"""Sorting, and what is read off a sorted tensor: the largest k, the k-th smallest, the median."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError, IndexOutOfRange
from graphnn.ops import compare, sorting
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named
from graphnn.tensor.named_results import named_results

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class SortMethods:
    def sort(self: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Any:
        """`(values, indices)`: the elements along `dim` in order, NaN as the largest; equal ones keep their order,
        whatever `stable` says."""
        values, indices = sorting.sort(self, dim=normalize_dim(dim, self.ndim, "sort"), descending=bool(descending))
        name = "SortBackward0" if stable is None else "SortBackward1"  # PyTorch has an overload of its own
        return named_results("sort", values=named(values, name), indices=indices)

    def argsort(self: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Any:
        """Where the elements lay that sorting puts in order."""
        return self.sort(dim, descending, stable).indices

    def msort(self: Tensor) -> Any:
        """Sorted along the first dimension."""
        return self.sort(0).values

    def topk(self: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
        """`(values, indices)` of the k largest (or smallest) elements along `dim`, in order."""
        at = normalize_dim(dim, self.ndim, "topk")
        size = self.shape[at] if self.ndim else 1
        if not 0 <= k <= size:
            raise ArgumentError(f"selected index k out of range: topk got k={k} for dimension {dim} of size {size}")
        values, indices = self.sort(at, largest)
        if self.ndim:
            values, indices = values.narrow(at, 0, k), indices.narrow(at, 0, k)
        return named_results("topk", values=named(values, "TopkBackward0"), indices=indices)

    def kthvalue(self: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
        """`(values, indices)`: the k-th smallest element along `dim`, counted from 1."""
        at = normalize_dim(dim, self.ndim, "kthvalue")
        size = self.shape[at] if self.ndim else 1
        if not 1 <= k <= size:
            raise ArgumentError(
                f"kthvalue(): selected number k out of range for dimension {dim}: k={k} for size {size}"
            )
        values, indices = _picked(self, k - 1, at, keepdim)
        return named_results("kthvalue", values=named(values, "KthvalueBackward0"), indices=indices)

    def median(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
        """The lower of the middle elements, NaN where there is one; with `dim` (values, indices)."""
        if dim is None and not self.numel() and self.dtype.is_floating_point:
            return self.new_full((), float("nan"))
        if dim is None:
            return named(_middle(self.reshape(-1), 0, False)[0], "MedianBackward0")
        values, indices = _middle(self, normalize_dim(dim, self.ndim, "median"), keepdim)
        return named_results("median", values=named(values, "MedianBackward1"), indices=indices)


def _picked(x: Tensor, place: int, at: int, keepdim: bool) -> Any:
    """The element at that place of the sorted tensor, and where it lay."""
    values, indices = x.sort(at)
    if not x.ndim:
        return values, indices
    if keepdim:
        return values.narrow(at, place, 1), indices.narrow(at, place, 1)
    return values.select(at, place), indices.select(at, place)


def _middle(x: Tensor, at: int, keepdim: bool) -> Any:
    size = x.shape[at] if x.ndim else 1
    if size == 0:
        raise IndexOutOfRange(f"median(): Expected reduction dim {at} to have non-zero size: {x.tensor_type}")
    values, indices = x.sort(at)
    if not x.ndim:
        return values, indices
    place = _first_nan_or(values, at, (size - 1) // 2)
    values, indices = values.gather(at, place), indices.gather(at, place)
    return (values, indices) if keepdim else (values.squeeze(at), indices.squeeze(at))


def _first_nan_or(ordered: Tensor, at: int, middle: int) -> Any:
    """Along `at`, where the first NaN of the sorted elements lies, the middle where there is none."""
    numbers = (ordered == ordered).sum(at, True)
    return compare.where(numbers == ordered.shape[at], middle, numbers)
