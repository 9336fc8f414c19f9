"""What values select: where a tensor is not zero, the elements under a mask, distinct ones, how often each occurs.

Shapes that depend on values have none while tracing: reading the values then says where, and the way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError, UnsupportedDTypeError
from graphnn.ir import dtypes
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

_SHAPELESS = "(its result would have a shape that depends on values; mask with graphnn.where, or call it outside)"


class SelectionMethods:
    def nonzero(self: Tensor, *, as_tuple: bool = False) -> Any:
        """The places of the elements that are not 0, a row each; with `as_tuple` an index tensor a dimension."""
        found = _values(self, "nonzero")
        if not as_tuple:
            return _tensor(np.argwhere(found))
        return tuple(_tensor(places) for places in np.nonzero(np.atleast_1d(found)))

    def argwhere(self: Tensor) -> Any:
        """The places of the elements that are not 0, a row each."""
        return _tensor(np.argwhere(_values(self, "argwhere")))

    def nonzero_static(self: Tensor, *, size: int, fill_value: int = -1) -> Any:
        """The first `size` rows of `nonzero`, rows of `fill_value` where there are fewer."""
        if size < 0:
            raise ArgumentError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
        found = np.argwhere(_values(self, "nonzero_static"))[:size]
        rows = np.full((size, found.shape[1]), fill_value, np.int64)
        rows[: len(found)] = found
        return _tensor(rows)

    def masked_select(self: Tensor, mask: Tensor) -> Any:
        """The elements under True, in order; the tensor and the mask broadcast together."""
        if mask.dtype is not dtypes.bool:
            raise DTypeError(f"masked_select: expected BoolTensor for mask, got {mask.tensor_type}")
        from graphnn.tensor.joining import broadcast_tensors

        x, mask = broadcast_tensors(self, mask)
        places = _tensor(np.flatnonzero(_values(mask, "masked_select")))
        return named(x.reshape(-1).index_select(0, places), "MaskedSelectBackward0")

    def unique(
        self: Tensor,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Any:
        """The distinct elements (or slices along `dim`) in order; also which of them each is, and how often."""
        x = _values(self, "unique")
        axis = None if dim is None else normalize_dim(dim, self.ndim, "unique")
        values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
        places = inverse.reshape(x.shape if dim is None else -1)
        return _with_more(values, places, counts, return_inverse, return_counts)

    def unique_consecutive(
        self: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """The elements (or slices along `dim`) that differ from the one before; also which of them each is, and how
        many stand together."""
        x = _values(self, "unique_consecutive")
        axis = 0 if dim is None else normalize_dim(dim, self.ndim, "unique_consecutive")
        rows = x.reshape(-1) if dim is None else np.moveaxis(x, axis, 0)
        begins = np.ones(len(rows), bool)
        begins[1:] = (rows[1:] != rows[:-1]).any(tuple(range(1, rows.ndim)))
        places = np.cumsum(begins) - 1
        values = rows[begins] if dim is None else np.moveaxis(rows[begins], 0, axis)
        counts = np.bincount(places, minlength=int(begins.sum()))
        places = places.reshape(x.shape) if dim is None else places
        return _with_more(values, places, counts, return_inverse, return_counts)

    def bincount(self: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Any:
        """How often each number from 0 on occurs, or the sum of its weights."""
        if self.dtype.is_floating_point or self.dtype is dtypes.bool:
            raise UnsupportedDTypeError(f'"bincount" not implemented for {self.tensor_type}: wants integers')
        if self.ndim != 1:
            raise ArgumentError(f"bincount only supports 1-d non-negative integral inputs, got {self.tensor_type}")
        if minlength < 0:
            raise ArgumentError(f"bincount: minlength should be >= 0, got {minlength}")
        x = _values(self, "bincount")
        if x.size and x.min() < 0:
            raise ArgumentError(f"bincount only supports 1-d non-negative integral inputs, got {int(x.min())}")
        if weights is None:
            return _tensor(np.bincount(x, minlength=minlength))
        if weights.shape != self.shape:
            raise ShapeError(f"bincount: weights should have the same length as input, got {weights.tensor_type}")
        found = np.bincount(x, _values(weights, "bincount"), minlength)
        return _tensor(found.astype(np.float32 if weights.dtype is dtypes.float32 else np.float64))


def _values(x: Tensor, name: str) -> Any:
    return x.values(f"read by {name} {_SHAPELESS}")


def _tensor(array: Any) -> Any:
    from graphnn.tensor.creation import of_numpy

    return of_numpy(np.ascontiguousarray(array))


def _with_more(values: Any, places: Any, counts: Any, inverse: bool, counted: bool) -> Any:
    more = [_tensor(places)] * bool(inverse) + [_tensor(counts)] * bool(counted)
    return (_tensor(values), *more) if more else _tensor(values)
