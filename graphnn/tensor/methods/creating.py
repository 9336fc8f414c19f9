"""New tensors of a tensor's dtype, and questions about where and how it lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.errors import ArgumentError, AutogradError, UnsupportedError

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class NewMethods:
    def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, **more: Any) -> Any:
        """A tensor of the data, in this one's dtype unless another is given."""
        from graphnn.tensor.creation import tensor

        return tensor(data, dtype=dtype or self.dtype, device=device, **more)

    def new_full(self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, **more: Any) -> Any:
        from graphnn.tensor.creation import full

        return full(size, fill_value, dtype=dtype or self.dtype, **_served(more))

    def new_zeros(self: Tensor, *size: Any, dtype: Any = None, **more: Any) -> Any:
        return _new("zeros", self, size, dtype, more)

    def new_ones(self: Tensor, *size: Any, dtype: Any = None, **more: Any) -> Any:
        return _new("ones", self, size, dtype, more)

    def new_empty(self: Tensor, *size: Any, dtype: Any = None, **more: Any) -> Any:
        return _new("empty", self, size, dtype, more)


def _new(name: str, like: Tensor, size: tuple[Any, ...], dtype: Any, more: dict[str, Any]) -> Any:
    from graphnn.tensor import creation

    given = size or (more.pop("size"),)
    return getattr(creation, name)(*given, dtype=dtype or like.dtype, **_served(more))


def _served(more: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in more.items() if name not in ("layout", "pin_memory", "memory_format")}


class PlaceMethods:
    def is_same_size(self: Tensor, other: Tensor) -> bool:
        return bool(self.shape == other.shape)

    def is_set_to(self: Tensor, tensor: Tensor) -> bool:
        """Whether both are the same view of the same memory."""
        same = self._storage is tensor._storage and self.shape == tensor.shape
        return bool(same and self.stride() == tensor.stride() and self.storage_offset() == tensor.storage_offset())

    def is_nonzero(self: Tensor) -> bool:
        """Whether the one element is not 0."""
        return bool(self)

    def get_device(self: Tensor) -> int:
        """-1: this build runs on the CPU."""
        return -1

    def share_memory_(self: Tensor) -> Any:
        raise UnsupportedError(
            "share_memory_(): tensors are not shared between processes; threads share them as they are"
        )

    def is_shared(self: Tensor) -> bool:
        return False

    def pin_memory(self: Tensor, device: Any = None) -> Any:
        """The tensor itself: no device copies from it."""
        return self

    def is_pinned(self: Tensor, device: Any = None) -> bool:
        return False

    def is_inference(self: Tensor) -> bool:
        return False

    def is_conj(self: Tensor) -> bool:
        return False

    def is_neg(self: Tensor) -> bool:
        return False

    def conj(self: Tensor) -> Any:
        """The tensor itself: no tensor here is complex."""
        return self

    resolve_conj = resolve_neg = conj_physical = conj

    @property
    def real(self: Tensor) -> Any:
        return self

    @property
    def is_sparse(self: Tensor) -> bool:
        return False

    @property
    def is_quantized(self: Tensor) -> bool:
        return False

    @property
    def is_meta(self: Tensor) -> bool:
        return False

    def dim_order(self: Tensor) -> tuple[int, ...]:
        """The dimensions, from the largest stride to the smallest."""
        strides = self.stride()
        return tuple(sorted(range(self.ndim), key=lambda d: -strides[d]))

    def sum_to_size(self: Tensor, *size: Any) -> Any:
        """Summed over the dimensions that broadcasting would have made of a tensor of that size."""
        from graphnn.ops.broadcasting import sum_to
        from graphnn.tensor.methods.movement import ints

        shape = ints(size)
        return self if shape == tuple(self.shape) else sum_to(self, shape=shape)


class CallMethods:
    def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Any:
        """Each element replaced by what the function makes of it."""
        _refuse_history(self, "apply_")
        array = self.values("changed by .apply_()")
        return self.copy_(_like(self, [callable(x) for x in array.ravel().tolist()]))

    def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Any:
        """Each element replaced by what the function makes of it and of the other tensor's."""
        _refuse_history(self, "map_")
        pairs = np.broadcast_arrays(self.values("changed by .map_()"), tensor.values("read by .map_()"))
        if pairs[0].shape != tuple(self.shape):
            raise ArgumentError(f"map_: {list(tensor.shape)} does not broadcast to {list(self.shape)}")
        return self.copy_(
            _like(self, [callable(a, b) for a, b in zip(*(p.ravel().tolist() for p in pairs), strict=True)])
        )


def _refuse_history(x: Tensor, name: str) -> None:
    if x.requires_grad:
        raise AutogradError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")


def _like(x: Tensor, numbers: list[Any]) -> Any:
    from graphnn.tensor.creation import of_numpy

    return of_numpy(np.array(numbers, x._array.dtype).reshape(x._array.shape))
