"""Aliases and copies, reading values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError, AutogradError
from graphnn.ir import dtypes, epoch
from graphnn.ops import unary

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class CoreMethods:
    def detach(self: Tensor) -> Tensor:
        """The same memory, without history."""
        return self.alias()

    @property
    def data(self: Tensor) -> Tensor:
        """The same memory, without history; writes through it are not seen by autograd's version check."""
        found = self.alias()
        found._unseen = True
        return found

    @data.setter
    def data(self: Tensor, source: Tensor) -> None:
        """Lets this tensor share the memory of `source` from now on."""
        found = source.alias()
        self.__dict__.update(_array=found._array, _storage=found._storage, _path=found._path, _type=None)
        epoch.bump()

    def clone(self: Tensor, *, memory_format: Any = None) -> Tensor:
        """A copy that gradients flow through."""
        return unary.copy(self)  # type: ignore[no-any-return]

    def item(self: Tensor) -> Any:
        """The number that a one-element tensor holds."""
        array = self.values("read by .item()")
        if array.size != 1:
            raise ArgumentError(
                f"a Tensor with {array.size} elements cannot be converted to Scalar: {self.tensor_type}"
            )
        return array.item()

    def tolist(self: Tensor) -> Any:
        """The values as nested lists of Python numbers."""
        return self.values("read by .tolist()").tolist()

    def numpy(self: Tensor, *, force: bool = False) -> np.ndarray:
        """The values as an array sharing this memory; with `force` history is left behind."""
        if self.requires_grad and not force:
            raise AutogradError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if self.dtype is dtypes.bfloat16:
            raise ArgumentTypeError("Got unsupported ScalarType BFloat16: NumPy lacks it. Use tensor.float().numpy()")
        return self._storage.export(self.values("read by .numpy()"))

    def __array__(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        found = self.numpy()
        if dtype is not None and found.dtype != dtype:
            return found.astype(dtype)
        return found.copy() if copy else found
