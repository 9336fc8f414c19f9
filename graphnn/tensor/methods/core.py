"""Reading values, copies and aliases, moves of dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.ir.registry import lookup

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class CoreMethods:
    def detach(self: Tensor) -> Tensor:
        """The same memory, without history."""
        return self.alias()

    @property
    def data(self: Tensor) -> Tensor:
        """The same memory, without history; writes through it are not seen by autograd's version check."""
        return self.alias()

    def clone(self: Tensor) -> Tensor:
        """A copy that gradients flow through."""
        return lookup("copy")(self)  # type: ignore[no-any-return]

    def item(self: Tensor) -> Any:
        """The number that a one-element tensor holds."""
        return self.values("read by .item()").item()

    def tolist(self: Tensor) -> Any:
        return self.values("read by .tolist()").tolist()

    def numpy(self: Tensor) -> np.ndarray:
        return self._storage.export(self.values("read by .numpy()"))
