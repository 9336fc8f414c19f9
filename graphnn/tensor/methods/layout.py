"""What a tensor is: sizes, strides, where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.ops import unary
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.device import CPU, Device
from graphnn.tensor.size import Size

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class LayoutMethods:
    @property
    def device(self: Tensor) -> Device:
        return CPU

    @property
    def is_cuda(self: Tensor) -> bool:
        return False

    @property
    def itemsize(self: Tensor) -> int:
        return self._array.itemsize

    @property
    def nbytes(self: Tensor) -> int:
        return self._array.nbytes

    def size(self: Tensor, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return Size(self._array.shape)
        return self._array.shape[_existing(dim, self, "size")]

    def dim(self: Tensor) -> int:
        return self._array.ndim

    ndimension = dim

    def numel(self: Tensor) -> int:
        return self._array.size

    nelement = numel

    def element_size(self: Tensor) -> int:
        return self._array.itemsize

    def stride(self: Tensor, dim: int | None = None) -> Any:
        """Steps, in elements, to the next element of each dimension (or of one)."""
        found = tuple(s // self._array.itemsize for s in self._array.strides)
        return found if dim is None else found[_existing(dim, self, "stride")]

    def storage_offset(self: Tensor) -> int:
        """The place of the first element in its block of memory, in elements."""
        start = self._storage.array.__array_interface__["data"][0]
        return int(self._array.__array_interface__["data"][0] - start) // self._array.itemsize

    def data_ptr(self: Tensor) -> int:
        """The address of the first element."""
        return int(self.values("read by .data_ptr()").__array_interface__["data"][0])

    def is_contiguous(self: Tensor, *, memory_format: Any = None) -> bool:
        return self._array.flags.c_contiguous

    def contiguous(self: Tensor, *, memory_format: Any = None) -> Any:
        """The tensor itself if its elements lie in row-major order, else a copy in which they do."""
        return self if self._array.flags.c_contiguous else unary.copy(self)

    def is_floating_point(self: Tensor) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self: Tensor) -> bool:
        return False

    def is_signed(self: Tensor) -> bool:
        return self.dtype.is_signed


def _existing(dim: int, x: Tensor, op: str) -> int:
    if x.ndim == 0:
        from graphnn.errors import IndexOutOfRange

        raise IndexOutOfRange(f"{op}: Dimension specified as {dim} but tensor has no dimensions")
    return normalize_dim(dim, x.ndim, op)
