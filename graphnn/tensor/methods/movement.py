"""The same elements in another shape or order: views wherever strides allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError, IndexOutOfRange, ShapeError
from graphnn.ir.attrs import Attrs
from graphnn.ops import joining, movement, slicing
from graphnn.ops.broadcasting import expand
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

Ints = int | Sequence[int]


def ints(given: tuple[Any, ...]) -> tuple[int, ...]:
    """`(2, 3)` from either f(2, 3) or f((2, 3))."""
    listed = given[0] if len(given) == 1 and not hasattr(given[0], "__index__") else given
    return tuple(int(i) for i in listed)


def full_shape(shape: tuple[int, ...], x: Tensor) -> tuple[int, ...]:
    """The shape with a -1 worked out."""
    if -1 not in shape:
        return shape
    at, known = shape.index(-1), math.prod(s for s in shape if s != -1)
    size = x._array.size
    if shape.count(-1) > 1:
        raise ArgumentError(f"only one dimension can be inferred, got {list(shape)}")
    if known == 0 or size % known:
        raise ShapeError(f"shape '{list(shape)}' is invalid for input of size {size}: {x.tensor_type}")
    return (*shape[:at], size // known, *shape[at + 1 :])


class ShapeMethods:
    def view(self: Tensor, *shape: Any) -> Any:
        """The same memory in another shape (one -1 is worked out); refused where strides forbid it."""
        wanted = full_shape(ints(shape), self)
        if movement.view_as(self._array, wanted) is None and math.prod(wanted) == self._array.size:
            raise ArgumentError(
                f"view size is not compatible with input tensor's size and stride: {list(wanted)} of {self.tensor_type} with "
                f"stride {self.stride()}. Use .reshape(...) instead."
            )
        return movement.reshape(self, shape=wanted)

    def reshape(self: Tensor, *shape: Any) -> Any:
        """In another shape (one -1 is worked out): a view where strides allow, else a copy."""
        return movement.reshape(self, shape=full_shape(ints(shape), self))

    def view_as(self: Tensor, other: Tensor) -> Any:
        return self.view(tuple(other.shape))

    def reshape_as(self: Tensor, other: Tensor) -> Any:
        return self.reshape(tuple(other.shape))

    def flatten(self: Tensor, start_dim: int = 0, end_dim: int = -1) -> Any:
        """The dimensions from `start_dim` up to and including `end_dim` made one."""
        start = normalize_dim(start_dim, self.ndim, "flatten")
        end = normalize_dim(end_dim, self.ndim, "flatten")
        if self.ndim == 0:
            return movement.reshape(self, shape=(1,))
        return self if start == end else movement.flatten(self, start_dim=start, end_dim=end)

    def ravel(self: Tensor) -> Any:
        return self.reshape(-1)

    def unflatten(self: Tensor, dim: int, sizes: Sequence[int]) -> Any:
        """One dimension made several."""
        at, shape = normalize_dim(dim, self.ndim, "unflatten"), tuple(self.shape)
        inner = tuple(sizes)
        if -1 in inner:
            known = math.prod(s for s in inner if s != -1)
            inner = tuple(shape[at] // known if s == -1 else s for s in inner)
        return self.view(*shape[:at], *inner, *shape[at + 1 :])

    def squeeze(self: Tensor, dim: Ints | None = None) -> Any:
        """Without the dimensions of size 1; of `dim` only, when given."""
        return movement.squeeze(self, dim=squeezed_dims(dim, self))

    def unsqueeze(self: Tensor, dim: int) -> Any:
        """With a new dimension of size 1 at `dim`."""
        return movement.unsqueeze(self, dim=new_dim(dim, self))

    def expand(self: Tensor, *sizes: Any) -> Any:
        """Dimensions of size 1 repeated without copying; -1 keeps a size."""
        return expand(self, shape=_expanded(ints(sizes), self))

    def expand_as(self: Tensor, other: Tensor) -> Any:
        return self.expand(tuple(other.shape))

    def broadcast_to(self: Tensor, size: Sequence[int]) -> Any:
        return self.expand(tuple(size))

    def repeat(self: Tensor, *repeats: Any) -> Any:
        """The tensor laid out `repeats` times along each dimension: a copy."""
        times = ints(repeats)
        if len(times) < self.ndim:
            raise ArgumentError(
                "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: "
                f"{list(times)} for {self.tensor_type}"
            )
        shape = (1,) * (len(times) - self.ndim) + tuple(self.shape)
        apart = self.reshape(*[s for size in shape for s in (1, size)])
        repeated = expand(apart, shape=tuple(s for pair in zip(times, shape, strict=True) for s in pair))
        found = repeated.clone().reshape(*[n * size for n, size in zip(times, shape, strict=True)])
        return named(found, "RepeatBackward0")

    def tile(self: Tensor, *dims: Any) -> Any:
        """`repeat`, missing repeats counting as 1."""
        times = ints(dims)
        return self.repeat((1,) * (self.ndim - len(times)) + times)


def squeezed_dims(dim: Ints | None, x: Tensor) -> tuple[int, ...] | None:
    if dim is None:
        return None
    listed = (dim,) if isinstance(dim, int) else tuple(dim)
    return tuple(normalize_dim(d, x.ndim, "squeeze") for d in listed)


def new_dim(dim: int, x: Tensor) -> int:
    return normalize_dim(dim, x.ndim + 1, "unsqueeze")


def _expanded(sizes: tuple[int, ...], x: Tensor) -> tuple[int, ...]:
    new = len(sizes) - x.ndim
    if new >= 0 and -1 in sizes[:new]:
        raise ArgumentError(f"expand: a new dimension needs a size, got {list(sizes)} for {x.tensor_type}")
    return tuple(x.shape[i - new] if s == -1 else s for i, s in enumerate(sizes))


class OrderMethods:
    def permute(self: Tensor, *dims: Any) -> Any:
        """The dimensions in another order."""
        return movement.permute(self, dims=tuple(normalize_dim(d, self.ndim, "permute") for d in ints(dims)))

    def transpose(self: Tensor, dim0: int, dim1: int) -> Any:
        """Two dimensions swapped."""
        first, second = normalize_dim(dim0, self.ndim, "transpose"), normalize_dim(dim1, self.ndim, "transpose")
        return movement.transpose(self, dim0=first, dim1=second)

    swapaxes = swapdims = transpose

    def t(self: Tensor) -> Any:
        """A matrix transposed; of fewer dimensions the tensor itself."""
        if self.ndim > 2:
            raise ShapeError(f"t() expects a tensor with <= 2 dimensions, but self is {self.ndim}D: {self.tensor_type}")
        return named(self.transpose(0, 1), "TBackward0") if self.ndim == 2 else self.view(tuple(self.shape))

    @property
    def T(self: Tensor) -> Any:
        """All dimensions in reversed order."""
        return movement.permute(self, dims=tuple(range(self.ndim))[::-1])

    @property
    def mT(self: Tensor) -> Any:
        """The last two dimensions swapped."""
        if self.ndim < 2:
            raise ShapeError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got {self.ndim}-D tensor."
            )
        return self.transpose(-2, -1)

    def movedim(self: Tensor, source: Ints, destination: Ints) -> Any:
        """Some dimensions moved elsewhere, the others in their order."""
        come = [normalize_dim(d, self.ndim, "movedim") for d in ints((source,))]
        go = [normalize_dim(d, self.ndim, "movedim") for d in ints((destination,))]
        rest = iter([d for d in range(self.ndim) if d not in come])
        places = dict(zip(go, come, strict=True))
        return movement.permute(self, dims=tuple(places[i] if i in places else next(rest) for i in range(self.ndim)))

    moveaxis = movedim

    def flip(self: Tensor, *dims: Any) -> Any:
        """Reversed along `dims`: a copy."""
        return movement.flip(self, dims=tuple(normalize_dim(d, self.ndim, "flip") for d in ints(dims)))

    def roll(self: Tensor, shifts: Ints, dims: Ints | None = None) -> Any:
        """Shifted along `dims`, what leaves at the end coming in at the start."""
        if dims is None:
            return self.flatten().roll(shifts, 0).view(tuple(self.shape))
        found = self
        for shift, dim in zip(ints((shifts,)), ints((dims,)), strict=True):
            at = normalize_dim(dim, self.ndim, "roll")
            cut = -shift % max(self.shape[at], 1)
            parts = found.narrow(at, cut, self.shape[at] - cut), found.narrow(at, 0, cut)
            found = joining.cat(*parts, dim=at)
        return found


class PartMethods:
    def narrow(self: Tensor, dim: int, start: int, length: int) -> Any:
        """`length` elements of dimension `dim`, from `start` on."""
        at = normalize_dim(dim, self.ndim, "narrow")
        size = self.shape[at]
        first = int(start) + size if start < 0 else int(start)
        if length < 0 or not 0 <= first <= size - length:
            raise ArgumentError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
        return self.part(slicing.slice, Attrs(dim=at, start=first, stop=first + length, step=1))

    def select(self: Tensor, dim: int, index: int) -> Any:
        """One index of dimension `dim`, which is left out."""
        shape = self._array.shape
        at, given = normalize_dim(dim, len(shape), "select"), int(index)
        if not shape:
            raise IndexOutOfRange("select() cannot be applied to a 0-dim tensor.")
        size = shape[at]
        if not -size <= given < size:
            raise IndexOutOfRange(
                f"select(): index {given} out of range for tensor of size {list(self.shape)} at dimension {at}"
            )
        return self.part(slicing.select, Attrs(dim=at, index=given % size))

    def split(self: Tensor, split_size: Ints, dim: int = 0) -> tuple[Any, ...]:
        """Parts of `split_size` elements (the last may be smaller), or of the sizes in a list."""
        at = normalize_dim(dim, self.ndim, "split")
        size = self.shape[at]
        if isinstance(split_size, int):
            sizes = [min(split_size, size - i) for i in range(0, max(size, 1), split_size)]
            return tuple(_parts(self, at, sizes, "SplitBackward0"))
        if sum(split_size) != size:
            raise ArgumentError(
                f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension "
                f"{at}), but got split_sizes={list(split_size)}"
            )
        return tuple(_parts(self, at, list(split_size), "SplitWithSizesBackward0"))

    def chunk(self: Tensor, chunks: int, dim: int = 0) -> tuple[Any, ...]:
        """At most `chunks` parts of equal size, the last one smaller."""
        if chunks < 1:
            raise ArgumentError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
        size = self.shape[normalize_dim(dim, self.ndim, "chunk")]
        return self.split(max(1, -(-size // chunks)), dim)

    def unbind(self: Tensor, dim: int = 0) -> tuple[Any, ...]:
        """The parts of dimension `dim`, one an index."""
        at = normalize_dim(dim, self.ndim, "unbind")
        parts = [self.part(slicing.select, Attrs(dim=at, index=i)) for i in range(self.shape[at])]
        return tuple(named(part, "UnbindBackward0") for part in parts)


def _parts(x: Tensor, dim: int, sizes: Sequence[int], name: str) -> list[Any]:
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    found = [x.narrow(dim, start, size) for start, size in zip(starts, sizes, strict=True)]
    return [named(part, name) for part in found]
