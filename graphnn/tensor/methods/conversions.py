"""Moves to another dtype (or device)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentTypeError, UnsupportedError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ops import unary
from graphnn.tensor.typename import dtype_of_name, tensor_typename

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class ConversionMethods:
    def to(self: Tensor, *args: Any, device: Any = None, dtype: DType | None = None, **options: Any) -> Any:
        """In another dtype; a device, or a tensor to take both from, may be named too. The tensor itself if it fits."""
        for arg in args:
            if isinstance(arg, DType):
                dtype = arg
            elif hasattr(arg, "_storage"):
                dtype = arg.dtype
            elif not isinstance(arg, bool):
                device = arg
        _check(device)
        if dtype is None or dtype is self.dtype:
            return self.clone() if options.get("copy") else self
        return unary.cast(self, dtype=dtype)

    def type(self: Tensor, dtype: Any = None, non_blocking: Any = False, **options: Any) -> Any:
        """`torch.FloatTensor`, the type's older name; given a dtype or such a name, the tensor converted to it."""
        if dtype is None:
            return tensor_typename(self)
        return self.to(dtype if isinstance(dtype, DType) else dtype_of_name(dtype))

    def type_as(self: Tensor, other: Tensor) -> Any:
        return self.to(other.dtype)

    def float(self: Tensor) -> Any:
        return self.to(dtypes.float32)

    def double(self: Tensor) -> Any:
        return self.to(dtypes.float64)

    def half(self: Tensor) -> Any:
        return self.to(dtypes.float16)

    def bfloat16(self: Tensor) -> Any:
        return self.to(dtypes.bfloat16)

    def char(self: Tensor) -> Any:
        return self.to(dtypes.int8)

    def byte(self: Tensor) -> Any:
        return self.to(dtypes.uint8)

    def long(self: Tensor) -> Any:
        return self.to(dtypes.int64)

    def int(self: Tensor) -> Any:
        return self.to(dtypes.int32)

    def short(self: Tensor) -> Any:
        return self.to(dtypes.int16)

    def bool(self: Tensor) -> Any:
        return self.to(dtypes.bool)

    def cpu(self: Tensor) -> Tensor:
        return self

    def cuda(self: Tensor, device: Any = None, non_blocking: Any = False) -> Tensor:
        raise UnsupportedError(
            "cuda() is not available: this build of graphnn runs on the CPU; leave the call out, or use .cpu()"
        )


def _check(device: Any) -> None:
    from graphnn.tensor.creation import check_device
    from graphnn.tensor.device import Device

    if device is not None and not isinstance(device, str | Device):
        raise ArgumentTypeError(f"to() wants a dtype, a device or a tensor, got {device!r}")
    check_device(device)
