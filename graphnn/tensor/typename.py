"""PyTorch's old names of tensor types, which its messages and `Tensor.type()` still use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError, ArgumentTypeError, UnsupportedError
from graphnn.ir.dtypes import BY_NAME, DType

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

_LEGACY = {
    "float16": "Half",
    "bfloat16": "BFloat16",
    "float32": "Float",
    "float64": "Double",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "bool": "Bool",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
}
_BY_LEGACY = {f"torch.{old}Tensor": BY_NAME[name] for name, old in _LEGACY.items()}


def tensor_typename(tensor: Tensor) -> str:
    """`torch.FloatTensor`."""
    return f"torch.{_LEGACY[tensor.dtype.name]}Tensor"


def dtype_of_name(name: Any) -> DType:
    """The dtype of `torch.FloatTensor`."""
    if not isinstance(name, str):
        raise ArgumentTypeError(f"dtype must be a type, str, or dtype object, got {name!r}")
    if name.startswith("torch.cuda."):
        raise UnsupportedError(f"type {name!r} is not available: this build of graphnn runs on the CPU")
    if name not in _BY_LEGACY:
        raise ArgumentError(f"invalid type: {name!r}; known are {', '.join(_BY_LEGACY)}")
    return _BY_LEGACY[name]


def typename(value: object) -> str:
    """The name of any value's type, as messages spell it."""
    from graphnn.tensor.tensor import Tensor

    return tensor_typename(value) if type(value) is Tensor else type(value).__name__
