"""Elements and slices written, or combined, at the places that an index names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError, DTypeError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import lookup
from graphnn.ops import compare
from graphnn.ops.op import builders
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named
from graphnn.tensor.methods.rare_inplace import in_place

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")
ALIASES = {"max": "amax", "min": "amin"}


class IndexWriteMethods:
    def index_fill(self: Tensor, dim: int, index: Tensor, value: Any) -> Any:
        """A copy with the given indices of dimension `dim` filled with a number."""
        at = normalize_dim(dim, self.ndim, "index_fill")
        if hasattr(value, "_storage") and value.ndim:
            raise ShapeError(
                f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)"
            )
        size = self.shape[at] if self.ndim else 1
        mask = self.new_zeros(size, dtype=dtypes.bool).index_put(
            (_vector("index_fill", index),), self.new_ones((), dtype=dtypes.bool)
        )
        shaped = mask.reshape(-1, *(1,) * (self.ndim - at - 1)) if self.ndim else mask.reshape(())
        filled = compare.where(shaped, value, self)
        return named(filled.to(self.dtype), "IndexFillBackward0")

    def index_copy(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Any:
        """A copy with slices of `source` at the given indices of dimension `dim`."""
        at = normalize_dim(dim, self.ndim, "index_copy")
        _check_source("index_copy", self, at, index, source)
        return named(self.scatter(at, _spread(index, source, at), source), "IndexCopyBackward0")

    def index_reduce(
        self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
    ) -> Any:
        """A copy with slices of `source` combined into the given indices of dimension `dim`: "prod", "mean", "amax" or
        "amin"."""
        if reduce not in REDUCTIONS[1:]:
            raise ArgumentError(
                f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
            )
        at = normalize_dim(dim, self.ndim, "index_reduce")
        _check_source("index_reduce", self, at, index, source)
        found = self.scatter_reduce(at, _spread(index, source, at), source, reduce, include_self=include_self)
        return named(found, "IndexReduceBackward0")

    def scatter_reduce(
        self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
    ) -> Any:
        """A copy with `src[i, j]` combined into `out[index[i, j], j]` for dim 0, and so on: "sum", "prod", "mean", "amax" or
        "amin"; without `include_self` what stood there takes no part."""
        at = normalize_dim(dim, self.ndim, "scatter_reduce")
        reduce = ALIASES.get(reduce, reduce)
        if reduce not in REDUCTIONS:
            raise ArgumentError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
        if reduce in ("sum", "mean"):
            found = _summed(self, at, index, src, reduce == "mean", include_self)
        else:
            found = lookup("scatter_reduce")(self, index, src, dim=at, reduce=reduce, include_self=bool(include_self))
        return named(found, "ScatterReduceBackward0")

    def put(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Any:
        """A copy with elements of `source` at places of the flattened tensor."""
        if index.numel() != source.numel():
            raise IndexOutOfRange(
                f"put_(): Expected source and index to have the same number of elements, but got "
                f"source.numel() = {source.numel()}, index.numel() = {index.numel()}"
            )
        flat = self.reshape(-1).index_put((index.reshape(-1),), source.reshape(-1), accumulate)
        return named(flat.reshape(self.shape), "PutBackward0")

    def masked_scatter(self: Tensor, mask: Tensor, source: Tensor) -> Any:
        """A copy with the elements of `source`, in order, where the mask is True."""
        if mask.dtype is not dtypes.bool:
            raise DTypeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}")
        if source.dtype is not self.dtype:
            raise DTypeError(
                f"masked_scatter: expected self and source to have same dtypes but got {self.dtype} and {source.dtype}"
            )
        from graphnn.tensor.joining import broadcast_tensors

        x, mask = broadcast_tensors(self, mask)
        if not builders.stack and int(mask.sum()) > source.numel():
            raise ArgumentError(
                "masked_scatter: expected self and source to have same number of elements under the mask"
            )
        if source.numel() == 0:
            return x.clone()
        place = (mask.reshape(-1).to(dtypes.int64).cumsum(0) - 1).clamp(0, source.numel() - 1)
        taken = source.reshape(-1)[place].reshape(x.shape)
        return named(compare.where(mask, taken, x), "MaskedScatterBackward0")

    def take_along_dim(self: Tensor, indices: Tensor, dim: int | None = None) -> Any:
        """`gather`, with all other dimensions broadcast; without `dim` of the flattened tensor."""
        if indices.dtype is not dtypes.int64:
            raise DTypeError(f"torch.take_along_dim(): dtype of indices should be Long but got {indices.dtype}")
        if dim is None:
            return self.reshape(-1).gather(0, indices.reshape(-1))
        if self.ndim != indices.ndim:
            raise ShapeError(
                f"torch.take_along_dim(): input and indices should have the same number of dimensions, but got {self.ndim} "
                f"dimensions for input, and {indices.ndim} dimensions for indices"
            )
        at = normalize_dim(dim, self.ndim, "take_along_dim")
        from graphnn.tensor.combining import broadcast_shapes

        shape = list(broadcast_shapes(*((*s[:at], 1, *s[at + 1 :]) for s in (tuple(self.shape), tuple(indices.shape)))))
        wide, places = list(shape), list(shape)
        wide[at], places[at] = self.shape[at], indices.shape[at]
        return self.expand(wide).gather(at, indices.expand(places))

    def as_strided(self: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
        """The tensor's memory in another shape with other strides, as a view; the tensor must be contiguous."""
        return lookup("as_strided")(self, **_geometry("as_strided", self, size, stride, storage_offset))

    def as_strided_scatter(self: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
        """A copy with `src` where `as_strided` would show it."""
        attrs = _geometry("as_strided_scatter", self, size, stride, storage_offset)
        return lookup("as_strided_scatter")(self, src, **attrs)

    index_fill_ = in_place("index_fill")
    index_copy_ = in_place("index_copy")
    index_reduce_ = in_place("index_reduce")
    scatter_reduce_ = in_place("scatter_reduce")
    put_ = in_place("put")
    masked_scatter_ = in_place("masked_scatter")


def _vector(name: str, index: Tensor) -> Any:
    if index.ndim > 1:
        raise IndexOutOfRange(f"{name}(): Expected index to be a vector or a number, got {index.tensor_type}")
    return index.reshape(-1).to(dtypes.int64)


def _check_source(name: str, x: Tensor, at: int, index: Tensor, source: Tensor) -> None:
    if index.ndim > 1:
        raise IndexOutOfRange(f"{name}(): Index should have dimension 1 or 0 (got {index.ndim})")
    if x.dtype is not source.dtype:
        raise DTypeError(
            f"{name}(): self and source expected to have the same dtype, but got {x.dtype} and {source.dtype}"
        )
    wanted = (*x.shape[:at], index.numel(), *x.shape[at + 1 :]) if x.ndim else ()
    if tuple(source.shape) != wanted and not (source.numel() == 1 and index.numel() == 1 and x.ndim <= 1):
        raise IndexOutOfRange(
            f"{name}(): Source/destination tensor must have same slice shapes: expected {list(wanted)} for "
            f"{index.numel()} indices of dimension {at} of {x.tensor_type}, got {source.tensor_type}"
        )


def _spread(index: Tensor, source: Tensor, at: int) -> Any:
    """The index for every element of the source."""
    if not source.ndim:
        return index.reshape(()).to(dtypes.int64)
    shape = [1] * source.ndim
    shape[at] = index.numel()
    return index.to(dtypes.int64).reshape(*shape).expand(*source.shape)


def _summed(x: Tensor, at: int, index: Tensor, src: Tensor, mean: bool, include_self: bool) -> Any:
    base = x if include_self else x.scatter(at, index, 0)
    total = base.scatter_add(at, index, src)
    if not mean:
        return total
    ones = x.new_ones(x.shape)
    count = (ones if include_self else ones.scatter(at, index, 0)).scatter_add(at, index, src.new_ones(src.shape))
    count = count.clamp(min=1)
    return total / count if x.dtype.is_floating_point else total.div(count, rounding_mode="floor")


def _geometry(name: str, x: Tensor, size: Any, stride: Any, storage_offset: int | None) -> dict[str, Any]:
    if not x.is_contiguous():
        raise ArgumentError(
            f"{name}: wants a contiguous tensor, got strides {list(x.stride())}; call .contiguous() before"
        )
    offset = 0 if storage_offset is None else storage_offset - x.storage_offset()
    if offset < 0:
        raise ArgumentError(
            f"{name}: the storage offset {storage_offset} lies before the tensor's own, {x.storage_offset()}"
        )
    return {"size": tuple(map(int, size)), "stride": tuple(map(int, stride)), "offset": offset}
