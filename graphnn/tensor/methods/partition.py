"""Tensors cut into parts, parts put back, windows along a dimension, turned and mirrored tensors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError, ShapeError
from graphnn.ir.registry import lookup
from graphnn.ops import diagonals, slicing
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

Cuts = Any  # a number of parts, or the indices to cut at


class CutMethods:
    def tensor_split(self: Tensor, indices_or_sections: Cuts = None, dim: int = 0, **named_cuts: Any) -> Any:
        """That many parts, the first ones longer by one where it does not divide; or cut at these indices."""
        cuts = named_cuts.pop("sections", named_cuts.pop("indices", indices_or_sections))
        cuts = cuts.tolist() if hasattr(cuts, "tolist") else cuts
        at = normalize_dim(dim, self.ndim, "tensor_split")
        size = self.shape[at]
        if isinstance(cuts, int):
            if cuts <= 0:
                raise ArgumentError(f"number of sections must be larger than 0, got {cuts}")
            edges = [i * (size // cuts) + min(i, size % cuts) for i in range(cuts + 1)]
        else:
            edges = [0, *(min(max(c + size if c < 0 else c, 0), size) for c in cuts), size]
        found = [self.narrow(at, a, max(b - a, 0)) for a, b in itertools.pairwise(edges)]
        return tuple(named(part, "SliceBackward0") for part in found)

    def hsplit(self: Tensor, indices_or_sections: Cuts = None, **named_cuts: Any) -> Any:
        """Cut along dimension 1 (a vector along its only one)."""
        return _split_by_name(self, "hsplit", 1, 0 if self.ndim == 1 else 1, indices_or_sections, named_cuts)

    def vsplit(self: Tensor, indices_or_sections: Cuts = None, **named_cuts: Any) -> Any:
        """Cut along dimension 0."""
        return _split_by_name(self, "vsplit", 2, 0, indices_or_sections, named_cuts)

    def dsplit(self: Tensor, indices_or_sections: Cuts = None, **named_cuts: Any) -> Any:
        """Cut along dimension 2."""
        return _split_by_name(self, "dsplit", 3, 2, indices_or_sections, named_cuts)

    def split_with_sizes(self: Tensor, split_sizes: Sequence[int], dim: int = 0) -> Any:
        return self.split(list(split_sizes), dim)

    def unsafe_split(self: Tensor, split_size: int, dim: int = 0) -> Any:
        return self.split(split_size, dim)

    def unsafe_chunk(self: Tensor, chunks: int, dim: int = 0) -> Any:
        return self.chunk(chunks, dim)

    def narrow_copy(self: Tensor, dim: int, start: int, length: int) -> Any:
        """`narrow`, copied."""
        return self.narrow(dim, start, length).clone()

    def unfold(self: Tensor, dimension: int, size: int, step: int) -> Any:
        """Windows of `size` elements, `step` apart, as a new last dimension: a copy."""
        at = normalize_dim(dimension, self.ndim, "unfold")
        length = self.shape[at] if self.ndim else 1
        if size < 0 or size > length or step <= 0:
            raise ArgumentError(
                f"maximum size for tensor at dimension {at} is {length} but size is {size} (step {step})"
            )
        starts = np.arange(0, length - size + 1, step)
        places = (starts[:, None] + np.arange(size)).reshape(-1)
        whole = self if self.ndim else self.reshape(1)
        picked = whole.index_select(at, _constant(places)).unflatten(at, (len(starts), size))
        found = picked.movedim(at + 1, -1)
        return named(found if self.ndim else found.squeeze(0), "UnfoldBackward0")


def _split_by_name(x: Tensor, name: str, least: int, dim: int, cuts: Cuts, named_cuts: dict[str, Any]) -> Any:
    if x.ndim < least:
        raise ShapeError(f"torch.{name} requires a tensor with at least {least} dimension, but got {list(x.shape)}")
    given = named_cuts.pop("sections", named_cuts.pop("indices", cuts))
    if isinstance(given, int) and (given <= 0 or x.shape[dim] % given):
        raise ArgumentError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {x.shape[dim]} is "
            f"not divisible by the split_size {given}!"
        )
    return x.tensor_split(given, dim)


def _constant(array: np.ndarray) -> Any:
    from graphnn.tensor.creation import of_numpy

    return of_numpy(array)


class PutBackMethods:
    def select_scatter(self: Tensor, src: Tensor, dim: int, index: int) -> Any:
        """A copy in which one index of dimension `dim` is `src`."""
        at = normalize_dim(dim, self.ndim, "select_scatter")
        return slicing.select_scatter(self, src.to(self.dtype), dim=at, index=index % self.shape[at])

    def slice_scatter(
        self: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
    ) -> Any:
        """A copy in which the slice `start:end:step` of dimension `dim` is `src`."""
        at = normalize_dim(dim, self.ndim, "slice_scatter")
        first, last, _ = slice(start, end, step).indices(self.shape[at])
        part = src.to(self.dtype)
        return slicing.slice_scatter(self, part, dim=at, start=first, stop=max(first, last), step=step)

    def diagonal_scatter(self: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
        """A copy with `src` as a diagonal."""
        first, second = (normalize_dim(d, self.ndim, "diagonal_scatter") for d in (dim1, dim2))
        return diagonals.diagonal_scatter(self, src.to(self.dtype), offset=offset, dim1=first, dim2=second)

    def diag_embed(self: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
        """The last dimension as the diagonal of two new ones, zeros elsewhere."""
        first, second = (normalize_dim(d, self.ndim + 1, "diag_embed") for d in (dim1, dim2))
        if first == second:
            raise ArgumentError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
        if first > second:
            first, second, offset = second, first, -offset
        size, shape = self.shape[-1] + abs(offset), list(self.shape[:-1])
        shape.insert(first, size)
        shape.insert(second, size)
        found = diagonals.diagonal_grad(self, shape=tuple(shape), offset=offset, dim1=first, dim2=second)
        return named(found, "DiagEmbedBackward0")

    def diagflat(self: Tensor, offset: int = 0) -> Any:
        """A matrix with all elements on a diagonal."""
        return self.flatten().diag(offset)

    def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Any:
        """Writes the number on the diagonal of all dimensions."""
        if self.ndim < 2:
            raise ShapeError(f"dimensions must larger than 1, got {self.ndim}")
        if self.ndim == 2 and wrap and self.shape[0] > self.shape[1]:
            raise ArgumentTypeError("fill_diagonal_: wrap is not served; fill the blocks of rows one by one")
        if self.ndim > 2 and len(set(self.shape)) > 1:
            raise ShapeError(f"all dimensions of input must be of equal length, got {list(self.shape)}")
        places = _constant(np.arange(min(self.shape)))
        mask = lookup("index_put")(
            self.new_zeros(tuple(self.shape)), self.new_ones((min(self.shape),)), *(places,) * self.ndim
        )
        return self.masked_fill_(mask.bool(), fill_value)


class TurnMethods:
    def fliplr(self: Tensor) -> Any:
        """Mirrored along dimension 1."""
        if self.ndim < 2:
            raise ShapeError("Input must be >= 2-d.")
        return self.flip(1)

    def flipud(self: Tensor) -> Any:
        """Mirrored along dimension 0."""
        if self.ndim < 1:
            raise ShapeError("Input must be >= 1-d.")
        return self.flip(0)

    def rot90(self: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
        """Turned k times by 90 degrees, from the first of `dims` towards the second."""
        first, second = (normalize_dim(d, self.ndim, "rot90") for d in dims)
        if first == second:
            raise ArgumentError(
                f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
            )
        turns = k % 4
        if turns == 0:
            return self.clone()
        if turns == 2:
            return self.flip(first, second)
        return self.flip(second if turns == 1 else first).transpose(first, second)

    def adjoint(self: Tensor) -> Any:
        """The last two dimensions swapped."""
        return self.transpose(-2, -1)

    @property
    def H(self: Tensor) -> Any:
        if self.ndim not in (0, 2):
            raise ShapeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor.")
        return self.transpose(0, 1) if self.ndim else self

    @property
    def mH(self: Tensor) -> Any:
        return self.mT
