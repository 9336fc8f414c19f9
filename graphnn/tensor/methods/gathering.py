"""Elements picked by index tensors, and written by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError
from graphnn.ir.registry import lookup
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


COMBINED = {"add": "sum", "multiply": "prod"}


class GatherMethods:
    def gather(self: Tensor, dim: int, index: Tensor) -> Any:
        """`out[i, j] = self[index[i, j], j]` for dim 0, and so on."""
        return lookup("gather")(self, index, dim=normalize_dim(dim, self.ndim, "gather"))

    def index_select(self: Tensor, dim: int, index: Tensor) -> Any:
        """The given indices of dimension `dim`, in their order."""
        return lookup("index_select")(self, index, dim=normalize_dim(dim, self.ndim, "index_select"))

    def take(self: Tensor, index: Tensor) -> Any:
        """Elements of the flattened tensor."""
        picked = lookup("index")(self.reshape(-1), index)
        return named(picked, "TakeBackward0")

    def scatter(
        self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: Any = None
    ) -> Any:
        """A copy with `out[index[i, j], j] = src[i, j]` for dim 0, and so on."""
        source = _source(self, index, src if src is not None else value)
        if reduce is not None:
            if reduce not in COMBINED:
                raise ArgumentError(f"scatter: reduce argument must be either add or multiply, got {reduce!r}")
            return self.scatter_reduce(dim, index, source, COMBINED[reduce])
        return lookup("scatter")(self, index, source, dim=normalize_dim(dim, self.ndim, "scatter"))

    def scatter_add(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Any:
        """A copy with `src[i, j]` added to `out[index[i, j], j]` for dim 0, and so on."""
        return lookup("scatter_add")(self, index, src, dim=normalize_dim(dim, self.ndim, "scatter_add"))

    def index_add(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Any:
        """A copy with slices of `source` added to the given indices of dimension `dim`."""
        from graphnn.tensor.methods.elementwise import scaled

        return lookup("index_add")(self, index, scaled(source, alpha), dim=normalize_dim(dim, self.ndim, "index_add"))

    def index_put(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Any:
        """A copy with `values` at the places that the index tensors name."""
        return lookup("index_put")(self, values, *indices, accumulate=bool(accumulate))

    def scatter_(
        self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: Any = None
    ) -> Any:
        return _written(self, self.scatter(dim, index, src, value=value, reduce=reduce))

    def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Any:
        return _written(self, self.scatter_add(dim, index, src))

    def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Any:
        return _written(self, self.index_add(dim, index, source, alpha=alpha))

    def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Any:
        return _written(self, self.index_put(indices, values, accumulate))


def _source(x: Tensor, index: Tensor, value: Any) -> Any:
    if hasattr(value, "_storage"):
        return value
    from graphnn.tensor.creation import full

    return full(tuple(index.shape), value, dtype=x.dtype)


def _written(target: Tensor, source: Tensor) -> Tensor:
    from graphnn.tensor.inplace import assign

    assign(target, source)
    return target
